#include "labd/base/mem.h"
#include "labd/host/peer_impl.h"

static void decrefp(json_t **j)
{
    json_decref(*j);
}

/* The line that puts an address into an area; with 'no' "no ", out of it. */
static char *network(const char *no, const struct probe_addr *a, unsigned prefix, uint32_t area)
{
    char text[PROBE_ADDR_TEXT];

    return xasprintf("%snetwork %s/%u area %u", no, probe_addr_text(a, text), prefix, area);
}

/* Priority 0: the segment's designated router stays the one that it was.  It computes routes at once: what is waited for is
 * the student's network. */
static char *config(const struct probe_ref *r, const struct probe_peer *p)
{
    unsigned prefix;
    const struct probe_addr *self = peer_own(r, &prefix);
    AUTO(mem_freep)
    char *mine = network("", self, prefix, probe_peer_other_area(p)),
         *fresh = network("", &p->announce, 32, probe_peer_other_area(p));
    char id[PROBE_ADDR_TEXT];

    return xasprintf(
        "interface eth0\n ip ospf hello-interval %u\n ip ospf dead-interval %u\n ip ospf priority 0\n"
        "router ospf\n ospf router-id %s\n timers throttle spf 0 50 200\n %s\n %s\n",
        p->hello_s, p->dead_s, probe_addr_text(self, id), mine, fresh);
}

static int move(const struct peer *k, const struct probe_ref *r, const struct probe_peer *p, struct err *e)
{
    unsigned prefix;
    const struct probe_addr *self = peer_own(r, &prefix);
    AUTO(mem_freep)
    char *mine_out = network("no ", self, prefix, probe_peer_other_area(p)),
         *fresh_out = network("no ", &p->announce, 32, probe_peer_other_area(p)),
         *mine = network("", self, prefix, p->area), *fresh = network("", &p->announce, 32, p->area);
    const char *const commands[] = {"configure terminal", "router ospf", mine_out, fresh_out, mine, fresh};

    return peer_tell(k, peer_ospf.daemon, commands, ARRAY_LEN(commands), NULL, e);
}

static int neighbours(const struct peer *k, struct probe_peer_outcome *o, struct err *e)
{
    AUTO(decrefp) json_t *j = peer_ask(k, "show ip ospf neighbor json", e);
    const char *id;
    json_t *list, *v;
    size_t i;

    if (j == NULL)
        return -1;
    o->nneighbours = 0;
    json_object_foreach(json_object_get(j, "neighbors"), id, list) {
        json_array_foreach(list, i, v) {
            struct probe_neighbour *n = &o->neighbours[o->nneighbours];

            if (o->nneighbours == PROBE_NEIGHBOURS_MAX ||
                !probe_addr_parse(json_string_value(json_object_get(v, "address")), &n->addr))
                continue;
            peer_state(n->state, json_string_value(json_object_get(v, "nbrState")));
            o->nneighbours++;
        }
    }
    return 0;
}

/* A route that came from somebody else has a next hop with an address. */
static bool learned(const json_t *route)
{
    struct probe_addr a;
    json_t *hop;
    size_t i;

    json_array_foreach(json_object_get(route, "nexthops"), i, hop) {
        if (probe_addr_parse(json_string_value(json_object_get(hop, "ip")), &a))
            return true;
    }
    return false;
}

static int prefixes(const struct peer *k, struct probe_peer_outcome *o, struct err *e)
{
    AUTO(decrefp) json_t *j = peer_ask(k, "show ip ospf route json", e);
    const char *prefix;
    json_t *route;

    if (j == NULL)
        return -1;
    o->nprefixes = 0;
    json_object_foreach(j, prefix, route) {
        struct probe_prefix *q = &o->prefixes[o->nprefixes];

        if (o->nprefixes < PROBE_PREFIXES_MAX && learned(route) &&
            probe_addr_parse_net(prefix, &q->addr, &q->len))
            o->nprefixes++;
    }
    return 0;
}

const struct peer_protocol peer_ospf = {
    .daemon = "ospfd",
    .alive = "show ip ospf json",
    .config = config,
    .move = move,
    .neighbours = neighbours,
    .prefixes = prefixes,
};
