#include "labd/base/mem.h"
#include "labd/host/peer_impl.h"

#include <string.h>

static void decrefp(json_t **j)
{
    json_decref(*j);
}

/* It tries often, and tells news at once: what is waited for is the student's router.  Policy is that router's
 * matter; without the "no", FRR takes and gives nothing (RFC 8212). */
static char *config(const struct probe_ref *r, const struct probe_peer *p)
{
    char id[PROBE_ADDR_TEXT], router[PROBE_ADDR_TEXT], announced[PROBE_ADDR_TEXT];
    unsigned prefix;

    probe_addr_text(peer_own(r, &prefix), id);
    probe_addr_text(&p->router, router);
    return xasprintf("router bgp %u\n bgp router-id %s\n no bgp ebgp-requires-policy\n"
                     " bgp network import-check\n neighbor %s remote-as %u\n neighbor %s timers connect 2\n"
                     " neighbor %s advertisement-interval 0\n address-family ipv4 unicast\n  network %s/32\n",
                     p->own_as, id, router, p->router_as, router, router,
                     probe_addr_text(&p->announce, announced));
}

static int neighbours(const struct peer *k, struct probe_peer_outcome *o, struct err *e)
{
    AUTO(decrefp) json_t *j = peer_ask(k, "show bgp ipv4 unicast summary json", e);
    const char *address;
    json_t *v;

    if (j == NULL)
        return -1;
    o->nneighbours = 0;
    json_object_foreach(json_object_get(j, "peers"), address, v) {
        struct probe_neighbour *n = &o->neighbours[o->nneighbours];

        if (o->nneighbours == PROBE_NEIGHBOURS_MAX || !probe_addr_parse(address, &n->addr))
            continue;
        peer_state(n->state, json_string_value(json_object_get(v, "state")));
        o->nneighbours++;
    }
    return 0;
}

/* The path of the best way to a prefix, or NULL if that is our own. */
static const char *best_path(const json_t *ways)
{
    const char *path;
    json_t *way;
    size_t i;

    json_array_foreach(ways, i, way) {
        path = json_string_value(json_object_get(way, "path"));
        if (json_is_true(json_object_get(way, "bestpath")) && path != NULL && path[0] != '\0')
            return path;
    }
    return NULL;
}

static int prefixes(const struct peer *k, struct probe_peer_outcome *o, struct err *e)
{
    AUTO(decrefp) json_t *j = peer_ask(k, "show bgp ipv4 unicast json", e);
    const char *prefix, *path;
    json_t *ways;

    if (j == NULL)
        return -1;
    o->nprefixes = 0;
    json_object_foreach(json_object_get(j, "routes"), prefix, ways) {
        struct probe_prefix *q = &o->prefixes[o->nprefixes];

        if (o->nprefixes == PROBE_PREFIXES_MAX || (path = best_path(ways)) == NULL ||
            !probe_as_path_ok(path) || !probe_addr_parse_net(prefix, &q->addr, &q->len))
            continue;
        memcpy(q->as_path, path, strlen(path) + 1);
        o->nprefixes++;
    }
    return 0;
}

const struct peer_protocol peer_bgp = {
    .daemon = "bgpd",
    .alive = "show bgp ipv4 unicast summary json",
    .config = config,
    .neighbours = neighbours,
    .prefixes = prefixes,
};
