/* The steps of loading an exercise.  Used inside grading/ and by the tests of each step. */
#ifndef GRADING_EXERCISE_PARTS_H
#define GRADING_EXERCISE_PARTS_H

#include "grading/exercise.h"

struct buf;

/* Reads the form; <grading> with the parameters of 't' (NULL: as it is written).  What is wrong goes to 'm', and what could be read is returned all the same.  NULL
 * (and 'e') if there is nothing to return: not well-formed, a DTD, the wrong root. */
struct exercise *exercise_read(const char *xml, size_t n, const struct topo *t, struct topo_msgs *m,
                               struct err *e);
/* Adds to 'm' what is wrong with the meaning, given the valid topology 't'. */
void exercise_check(const struct exercise *x, const struct topo *t, struct topo_msgs *m);
/* Reads the programs of checks in the folder x->dir, with the values of parameters; what is wrong goes to 'm'. */
void exercise_programs_load(struct exercise *x, struct topo_msgs *m);
/* Appends the program 'run' ("checks/mail.sh") of the exercise in 'dir' as it is written.  ERR_NOT_FOUND; ERR_DENIED for
 * a way out of 'dir'; as of probe_script_check(). */
int exercise_program_read(const char *dir, const char *run, struct buf *out, struct err *e) MUST_CHECK;
/* Adds to 'm' what is wrong with the scripts in the folder x->dir. */
void exercise_files_check(const struct exercise *x, struct topo_msgs *m);

#endif
