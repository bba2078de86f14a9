/* What "{n}" stands for in a <group> or <template>, and putting it into texts.  Used by topo_expand.c.
 *
 *   {n}  {n+1}  {n-1}  {n:3}  {n+9:3}     the value; plus or minus a number; with zeros to 3 digits
 *
 * "${...}" is never one of these: it belongs to the shell and to parameters (topo_parameter.h). */
#ifndef TOPOLOGY_TOPO_SCOPE_H
#define TOPOLOGY_TOPO_SCOPE_H

#include "topology/topo.h"

#include <stdbool.h>

/* One name; inner ones come first. */
struct topo_scope {
    const struct topo_scope *up;
    const char *name, *value; /* borrowed */
};

const struct topo_scope *topo_scope_find(const struct topo_scope *sc, const char *name);

/* 's' with the values of 'sc' and of the parameters of 't' (or NULL) in it; the caller frees.  In an attribute ('strict') an unknown name is an
 * error of 'line'; in a text it stays as it is, because braces are common in scripts.  The result is cut
 * soon after TOPO_FILE_MAX bytes, which the caller's bounds refuse. */
char *topo_scope_fill(const struct topo_scope *sc, const struct topo *t, const char *s, bool strict, int line,
                      struct topo_msgs *m);

/* [a-z][a-z0-9_]{0,30}: of indexes, arguments and parameters.  Returns its length at 's', 0 if there is none. */
size_t topo_word_len(const char *s);
bool topo_word_ok(const char *s);

#endif
