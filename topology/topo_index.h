/* Finding things of a topology by name, in n log n for all of them.  Used inside topology/ and by the
 * grader.
 *
 * Sorted arrays and binary search: names come from strangers, and sorting has no bad case that they
 * could choose, as a hash table has. */
#ifndef TOPOLOGY_TOPO_INDEX_H
#define TOPOLOGY_TOPO_INDEX_H

#include "topology/topo.h"

/* A node, element or link. */
struct topo_ref {
    const char *name; /* borrowed from the topology */
    uint64_t head;    /* its first eight bytes: names are all over the memory, and few need a look at more */
    enum topo_kind kind;
    size_t i; /* in topo.nodes, topo.elements or topo.links, by 'kind' */
    int line;
};

/* An interface of a node, or a port of a switch. */
struct topo_slot {
    size_t owner; /* index of the node; nnodes + index of the element */
    size_t i;     /* in ifaces or ports */
    const char *name;
    int line;
    int32_t link; /* the first link that names it, or -1 */
    int32_t bond; /* a port of a switch: the first bond that names it, in ports; or -1 */
};

struct topo_index {
    struct topo_ref *refs; /* by name, then in the order of the file */
    size_t nrefs;
    struct topo_slot *slots; /* by owner, name, then in the order of the file */
    size_t nslots;
    size_t *first; /* by owner, and once more: where its slots begin */
    size_t nnodes, nowners;
};

/* Things without a name are left out.  't' is borrowed until topo_index_clear(). */
void topo_index_init(struct topo_index *ix, const struct topo *t);
void topo_index_clear(struct topo_index *ix);

/* The first of that name, or NULL; NULL for a NULL name. */
const struct topo_ref *topo_index_find(const struct topo_index *ix, const char *name);
/* A node or an element: its place in the numbering of topo_slot.owner. */
size_t topo_index_owner(const struct topo_index *ix, const struct topo_ref *ref);
struct topo_slot *topo_index_slot(const struct topo_index *ix, size_t owner, const char *name);

bool topo_kind_is_node(enum topo_kind k);

#endif
