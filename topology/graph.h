/* What is joined to what, as a graph for the layout.  Used inside topology/ only.
 *
 * Vertices: the nodes, then the elements, in the order of the model. */
#ifndef TOPOLOGY_GRAPH_H
#define TOPOLOGY_GRAPH_H

#include "topology/topo.h"

struct graph {
    size_t n;        /* vertices */
    size_t nedges;   /* without self-loops */
    size_t *edge[2]; /* ends of each edge */
    size_t *first;   /* n + 1: where the neighbours of a vertex begin in 'to' */
    size_t *to;
};

void graph_init(struct graph *g, const struct topo *t);
void graph_clear(struct graph *g);

const char *graph_name(const struct topo *t, size_t vertex);
const struct topo_pos *graph_pos(const struct topo *t, size_t vertex);

#endif
