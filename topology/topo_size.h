/* How large a topology may be.  Used inside topology/ only, and by the reader of exercises.
 *
 * What becomes a lab came from somebody else as often as not, and costs a machine that others share: so
 * topo_load_mem(), topo_load_file() and topo_check() keep to topo_size_lab.  A tool on the author's own
 * machine may take as much as that machine has room for. */
#ifndef TOPOLOGY_TOPO_SIZE_H
#define TOPOLOGY_TOPO_SIZE_H

#include "topology/topo.h"

struct topo_size {
    size_t bytes;    /* of XML; as many again of what groups, templates, defaults and parameters make of it */
    size_t elements; /* likewise */
    size_t nodes;    /* hosts and routers */
    bool warns;      /* once, of what is too much for a lab */
};
extern const struct topo_size topo_size_lab, topo_size_tool;

/* A count went from 'was' to 'is': adds the warning to 'm' if that passed 'lab', a member of topo_size_lab,
 * and 'max' has it warn. */
void topo_size_grew(const struct topo_size *max, size_t was, size_t is, size_t lab, struct topo_msgs *m);

/* topo_read_seeded() and topo_check() within 'max' instead of topo_size_lab. */
struct topo *topo_read_within(const char *data, size_t n, const struct topo_size *max,
                              const struct topo_seed *seed, struct topo_msgs *m, struct err *e);
size_t topo_check_within(const struct topo *t, const struct topo_size *max, struct topo_msgs *m);

#endif
