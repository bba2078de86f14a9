/* Parameters: what differs from student to student.  Used by the reader, and by whoever has a text with
 * ${references} in it that belongs to the topology: exercise.xml, instructions, solutions.
 *
 *   topo_parameter.c <parameter> to values,  topo_reference.c ${references} to text */
#ifndef TOPOLOGY_TOPO_PARAMETER_H
#define TOPOLOGY_TOPO_PARAMETER_H

#include "topology/topo.h"
#include "topology/topo_scope.h"
#include "topology/topo_seed.h"

#include <libxml/tree.h>

#define TOPO_PARAMETERS_MAX 64
#define TOPO_CHOICES_MAX 256
#define TOPO_CHOICE_MAX 255 /* bytes */

struct buf;
struct topo_budget;

/* Takes each <parameter> directly below 'root' out of the tree and gives it a value, in t->parameters.  -1
 * (and 'e'; each problem is in 'm') if one is wrong: what refers to it could not be read. */
int topo_parameters_read(xmlNode *root, const struct topo_seed *seed, struct topo *t, struct topo_msgs *m,
                         struct err *e) MUST_CHECK;

/* ---- references; 't' has the parameters ---- */
/* 's' with the values of "${x}" in it; the caller frees.  In an attribute ('strict') whatever follows "${"
 * must be a reference; in a text only those to declared parameters count, for the shell has its own.  What
 * is wrong is an error of 'line' in 'm', and stays as it is.  "$${x}" gives "${x}".  The result is cut soon
 * after TOPO_FILE_MAX bytes. */
char *topo_reference_fill(const struct topo *t, const char *s, bool strict, int line, struct topo_msgs *m);

/* The same for what begins at 's', a '$': appends what it gives, which may be itself, and returns how many
 * bytes of 's' that was.  't' NULL: there are no references.  'sc' (or NULL): of {n} inside "${lan{n}}". */
size_t topo_reference_take(const struct topo *t, const struct topo_scope *sc, const char *s, bool strict,
                           int line, struct topo_msgs *m, struct buf *out);

/* Appends to 'out' the text that topo_reference_fill() turns into 's'. */
void topo_reference_escape(const struct topo *t, const char *s, bool strict, struct buf *out);

/* Fills the attributes of 'x' and its own texts, in place. */
int topo_reference_fill_element(const struct topo *t, xmlNode *x, struct topo_budget *b) MUST_CHECK;
/* Is the text of 'x' a value, to be filled as strictly as an attribute? */
bool topo_reference_strict(const xmlNode *x);

#endif
