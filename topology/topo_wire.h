/* Wires: which interfaces hear each other's broadcasts.  Used inside topology/ only.
 *
 * Links that are down are followed, too, for they may be plugged in.  VLANs divide: a switch is one place
 * per VLAN (0: what untagged frames of plain ports are in), a hub or network one place per tag, and links
 * join places.  Works on models that were not checked. */
#ifndef TOPOLOGY_TOPO_WIRE_H
#define TOPOLOGY_TOPO_WIRE_H

#include "topology/topo_index.h"

#define TOPO_NO_WIRE SIZE_MAX

struct topo_wires {
    const struct topo *t;
    const struct topo_index *ix;
    uint32_t *vlans; /* sorted; vlans[0] is 0 */
    size_t nvlans, nplaces;
    size_t *parent; /* by place: of element i in VLAN vlans[v], i * nvlans + v */
};

/* 't' and 'ix' are borrowed until topo_wires_clear().  False: there are too many places to join. */
bool topo_wires_init(struct topo_wires *w, const struct topo *t, const struct topo_index *ix) MUST_CHECK;
void topo_wires_clear(struct topo_wires *w);

/* The wire of untagged frames of 'f', an interface of node 'node': a place below nplaces, or, from nplaces
 * on, a link between two nodes; TOPO_NO_WIRE if it is connected to nothing, or such frames are dropped. */
size_t topo_wires_of(struct topo_wires *w, size_t node, const struct topo_iface *f);
/* The wire of untagged frames of element 'i', a hub, network or internet. */
size_t topo_wires_element(struct topo_wires *w, size_t i);
/* The wire that a frame with the tag vlans[tag] gets into at 'end' of a link, an end at an element. */
size_t topo_wires_at(struct topo_wires *w, const struct topo_end *end, const struct topo_ref *ref,
                     size_t tag);

/* The node or element at the end of a link, or NULL. */
const struct topo_ref *topo_wires_ref(const struct topo_wires *w, const struct topo_end *end);
/* The port of a switch that 'end' names, or the bond that it is in; NULL: a plain one, or no switch. */
const struct topo_port *topo_wires_port(const struct topo_wires *w, const struct topo_end *end,
                                        const struct topo_ref *ref);

#endif
