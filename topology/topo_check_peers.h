/* The addresses on one wire, sorted, so that a thousand interfaces need not look at a thousand others each.
 * Used by topo_check_wire.c. */
#ifndef TOPOLOGY_TOPO_CHECK_PEERS_H
#define TOPOLOGY_TOPO_CHECK_PEERS_H

#include "topology/topo.h"
#include "topology/topo_value.h"

struct peer {
    struct value_addr a;
    size_t member; /* place of its interface on the wire */
};
struct peers {
    struct peer *items; /* by family, prefix length, address */
    size_t n;
};

/* All addresses of the interfaces 'v', 'n' of them, that have a prefix.  Clear with peers_clear(). */
void peers_init(struct peers *p, const struct topo_iface *const *v, size_t n);
void peers_clear(struct peers *p);

/* Has an interface other than 'self' an address whose network and that of 'a' have a part in common? */
bool peers_meet(const struct peers *p, const struct value_addr *a, size_t self);
/* Has an interface other than 'self' this very address? */
bool peers_have(const struct peers *p, const struct value_addr *a, size_t self);

#endif
