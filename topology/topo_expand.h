/* References to parameters, groups, templates and defaults written out in the XML tree, so that the reader, and all behind it, sees
 * plain elements only.  Used by the reader.  Each new element and attribute keeps the line of what the
 * author wrote. */
#ifndef TOPOLOGY_TOPO_EXPAND_H
#define TOPOLOGY_TOPO_EXPAND_H

#include "topology/topo_size.h"

#include <libxml/tree.h>

#define TOPO_EXPAND_DEPTH_MAX 8      /* templates that use templates */
#define TOPO_EXPAND_ARGUMENT_MAX 255 /* bytes of one value */

/* What expansion may make in all: a few lines can ask for more than any machine has. */
struct topo_budget {
    const struct topo_size *max;
    size_t steps; /* elements and rounds of groups; at most max->elements */
    size_t bytes; /* of attributes and texts; at most max->bytes */
    struct topo_msgs *m;
    struct err *e;
};
/* One element or round more, which begins in 'line' and holds 'bytes'.  -1, 'e' and a message when it is
 * too much. */
int topo_budget_spend(struct topo_budget *b, size_t bytes, int line) MUST_CHECK;

/* Replaces all ${references} to the parameters of 't', <group>, <use>, <template> and <defaults> in the tree of
 * 'root'.  What is wrong with them goes to 'm'; -1 (and 'e') if there is no use in reading on, because it would
 * be more than 'max'. */
int topo_expand(xmlNode *root, const struct topo *t, const struct topo_size *max, struct topo_msgs *m,
                struct err *e) MUST_CHECK;

/* ---- topo_defaults.c ---- */
/* Takes <defaults> out of 'root' and puts what it holds into the elements that lack it. */
int topo_defaults_apply(xmlNode *root, struct topo_budget *b) MUST_CHECK;

#endif
