/* Parts of the layout and sizes that the layout and the SVG agree on.  Used inside topology/ only. */
#ifndef TOPOLOGY_LAYOUT_H
#define TOPOLOGY_LAYOUT_H

#include "topology/graph.h"

#define LAYOUT_NODE_WIDTH 48.0
#define LAYOUT_NODE_HEIGHT 56.0 /* symbol and label */
#define LAYOUT_LETTER 7.5       /* width of a letter of a label */

/* Places the connected vertices member[0 .. n-1], which are in breadth-first order, into p[member[i]];
 * an edge is about 1 long.  (layout_stress.c) */
void layout_part(const struct graph *g, const size_t *member, size_t n, struct topo_point *p);

/* From the author's coordinates to the page: around (cx, cy), which comes to its middle. */
struct layout_transform {
    double cx, cy, sx, sy;
};

/* topo_layout() that also says where the notes of the topology go; a note gets (-1, -1) when there is
 * no telling, because the author's positions were not used.  'notes' has room for t->nnotes, or NULL. */
struct topo_point *layout_with_notes(const struct topo *t, struct topo_point *notes);

#endif
