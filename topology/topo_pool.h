/* Automatic addresses: what <address pool="..."> and <route via="auto"> ask for, and answering it.  Used
 * by the reader; the model that it gives away holds plain addresses only. */
#ifndef TOPOLOGY_TOPO_POOL_H
#define TOPOLOGY_TOPO_POOL_H

#include "topology/topo_value.h"
#include "topology/topo_wire.h"

#define TOPO_POOLS_MAX 256
#define TOPO_VIA_AUTO "auto"

struct topo_pool {
    char *name, *prefix; /* as written; NULL: not given */
    uint32_t each;
    int line;
};
struct topo_ask {           /* one <address pool="..."> */
    size_t node, iface, at; /* its place is kept in addrs[at], where the text is NULL */
    char *pool;
    int line;
};
struct topo_pools {
    struct topo_pool *pools;
    size_t npools;
    struct topo_ask *asks; /* in the order of the file */
    size_t nasks;
};
void topo_pools_clear(struct topo_pools *p); /* AUTO(topo_pools_clear) */

/* Puts addresses and gateways into 't'.  What cannot be answered is reported in 'm' and left out of 't'. */
void topo_pools_resolve(const struct topo_pools *p, struct topo *t, struct topo_msgs *m);

/* ---- topo_gateway.c ---- */
/* Replaces via="auto" of all routes; with 'quiet' it reports none that has no answer. */
void topo_gateways_resolve(struct topo *t, struct topo_wires *w, bool quiet, struct topo_msgs *m);
bool topo_gateways_asked(const struct topo *t);

#endif
