/* A containerlab file while it is read.  Used by import_clab.c, clab_node.c and clab_link.c. */
#ifndef FOREIGN_CLAB_H
#define FOREIGN_CLAB_H

#include "topology/foreign/import_lab.h"
#include "topology/foreign/ytree.h"

#define CLAB_LEVELS \
    4 /* the node, its group, its kind, the defaults: the first one that says something holds */

struct clab_node {
    const char *was;
    const struct ytree_item *levels[CLAB_LEVELS]; /* NULL: nothing there */
    const char *kind;                             /* never NULL */
    struct import_node *x;                        /* NULL for a bridge */
    size_t element;                               /* of a bridge */
    int line;
};

struct clab {
    struct import im;
    struct ytree *y;
    char *file, *lab;
    const struct ytree_item *topology, *defaults, *kinds, *groups;
    struct clab_node *nodes;
    size_t nnodes;
    struct import_map *by_name; /* nodes and bridges */
    char **texts;               /* what clab_text() made; freed at the end */
    size_t ntexts;
};

/* The text of a scalar with the environment's variables put in, as containerlab does before it reads the file:
 * "$$" is a dollar, "${A:-b}" is b, others are not known here and warned about.  NULL: it is no text. */
const char *clab_text(struct clab *c, const struct ytree_item *i);
#define clab_at(c, i) ((struct import_at){(c)->file, (i)->line})

/* ---- clab_node.c ---- */
/* Sets up a node or bridge of the model. */
void clab_node_add(struct clab *c, const char *was, const struct ytree_item *def, int line);
/* Files and commands, when all interfaces are there. */
void clab_node_finish(struct clab *c, struct clab_node *n);
/* Warns of what a definition of a node, kind, group or the defaults says that has no counterpart. */
void clab_warn_of_fields(struct clab *c, const struct ytree_item *def);

/* ---- clab_link.c ---- */
void clab_link_add(struct clab *c, const struct ytree_item *link);

#endif
