/* What 'labctl up' and 'labctl exercise test' start a lab from.  Used by cmd_*.c. */
#ifndef CTL_CTL_SOURCE_H
#define CTL_CTL_SOURCE_H

#include "labd/base/err.h"

#include <jansson.h>
#include <stdio.h>

/* The folder if 'path' is an exercise: a folder with an exercise.xml, or that file itself, or another
 * file whose root element is <exercise>.  NULL: it is not.  The caller frees. */
char *source_exercise_dir(const char *path);

/* The body of POST /api/v1/labs for 'arg': "-" (standard input), an exercise folder or file, a topology
 * file, or else the id of an exercise of the site.  A new reference; NULL with 'e', and what is wrong with a
 * topology or an exercise is on 'problems', line by line as "labctl validate" has it. */
json_t *source_lab(const char *arg, FILE *problems, struct err *e);
/* The same for an exercise folder: topology and exercise_xml. */
json_t *source_exercise(const char *dir, const char *topology_file, struct err *e);

#endif
