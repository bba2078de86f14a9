#include "topology/foreign/graphml_extra.h"

#include "labd/base/buf.h"
#include "labd/base/mem.h"
#include "topology/foreign/geo.h"
#include "topology/foreign/import_text.h"
#include "topology/foreign/slug.h"
#include "topology/topo_grow.h"
#include "topology/topo_index.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- rates ---- */
#define RATE_MIN 1e3 /* bit/s, as topo_check() has it */
#define RATE_MAX 1e11

double graphml_rate(const char *raw, const char *speed, const char *units, size_t *odd)
{
    static const char known[] = "KMGT";
    const char *unit = units != NULL && *units != '\0' ? strchr(known, *units) : NULL;
    double v = 0;

    if (raw != NULL && geo_number(raw, HUGE_VAL, &v)) {
        if (v >= RATE_MIN && v <= RATE_MAX)
            return v;
        *odd += v != 0;
        return v > RATE_MAX ? RATE_MAX : 0;
    }
    if (speed == NULL || unit == NULL || !geo_number(speed, 1e6, &v))
        return 0;
    v *= pow(1000, (double)(unit - known + 1));
    return v >= RATE_MIN && v <= RATE_MAX ? v : 0;
}

/* ---- hosts ---- */
#define HOST_SHIFT 24 /* of the drawing, right and down of the router */

static char *unique(struct slug_set *names, const char *router, const char *what)
{
    char name[NAME_SIZE];

    snprintf(name, sizeof name, "%.*s-%s", NAME_MAX_LEN - 6, router, what);
    slug_unique(names, name, what);
    return xstrdup(name);
}

static struct topo_iface *add_iface(struct topo_node *n)
{
    struct topo_iface *f = TOPO_PUSH(n->ifaces, n->nifaces);

    f->name = xasprintf("eth%zu", n->nifaces - 1);
    return f;
}

void graphml_add_hosts(struct topo *t, struct slug_set *names)
{
    size_t n = t->nnodes;

    for (size_t i = 0; i < n; i++) {
        struct topo_node *h = TOPO_PUSH(t->nodes, t->nnodes), *r = &t->nodes[i];
        struct topo_link *l = TOPO_PUSH(t->links, t->nlinks);

        h->kind = TOPO_HOST;
        h->name = unique(names, r->name, "host");
        if (r->pos.set)
            h->pos = (struct topo_pos){true, r->pos.x + HOST_SHIFT, r->pos.y + HOST_SHIFT};
        l->name = unique(names, r->name, "lan");
        l->up = true;
        l->end[0] = (struct topo_end){xstrdup(r->name), xstrdup(add_iface(r)->name)};
        l->end[1] = (struct topo_end){xstrdup(h->name), xstrdup(add_iface(h)->name)};
    }
}

/* ---- OSPF ---- */
#define LINKS_MAX (1u << 21)
#define LANS_MAX (1u << 14)
#define ROUTERS_MAX 65534u
#define NETWORKS_MAX 4096u
#define MEMBERS_MAX 254u

struct ospf {
    struct topo *t;
    struct topo_msgs *m;
    struct topo_index ix;
    struct buf *conf; /* of each node: its interfaces */
    size_t nlinks, nlans;
    size_t left_out; /* interfaces for which the ranges are too small */
};

static void add_address(struct topo_iface *f, uint32_t ip, int prefix)
{
    struct topo_text *a = TOPO_PUSH(f->addrs, f->naddrs);

    a->text = xasprintf("%u.%u.%u.%u/%d", ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255, prefix);
}

/* Addresses for the ends of a link between two nodes; other links join networks and need none. */
static void address_link(struct ospf *o, const struct topo_link *l)
{
    const struct topo_ref *ref[2];
    struct topo_node *n[2];
    struct topo_iface *f[2];
    size_t at[2];

    for (int k = 0; k < 2; k++) {
        ref[k] = topo_index_find(&o->ix, l->end[k].node);
        if (ref[k] == NULL || !topo_kind_is_node(ref[k]->kind) || l->end[k].iface == NULL)
            return;
        at[k] = topo_index_owner(&o->ix, ref[k]);
        n[k] = &o->t->nodes[at[k]];
        f[k] = &n[k]->ifaces[topo_index_slot(&o->ix, at[k], l->end[k].iface)->i];
    }
    if (at[0] == at[1]) {
        topo_msgs_add(o->m, 0, TOPO_WARNING, "link \"%s\" leads from \"%s\" to itself and gets no addresses",
                      l->name, n[0]->name);
        return;
    }
    if (n[1]->kind == TOPO_HOST) {
        uint32_t net = 0x0a800000u + ((uint32_t)o->nlans << 8);
        struct topo_route *r;
        if (o->nlans++ >= LANS_MAX) {
            o->left_out += 2;
            return;
        }
        add_address(f[0], net + 1, 24);
        add_address(f[1], net + 10, 24);
        r = TOPO_PUSH(n[1]->routes, n[1]->nroutes);
        r->to = xstrdup("default");
        r->via = xstrndup(f[0]->addrs[0].text, strcspn(f[0]->addrs[0].text, "/"));
        buf_printf(&o->conf[at[0]], "interface %s\n ip ospf area 0\n ip ospf passive\n!\n", f[0]->name);
        return;
    }
    if (o->nlinks >= LINKS_MAX) {
        o->left_out += 2;
        return;
    }
    for (uint32_t k = 0; k < 2; k++) {
        add_address(f[k], 0x0a000000u + (uint32_t)o->nlinks * 4 + 1 + k, 30);
        buf_printf(&o->conf[at[k]], "interface %s\n ip ospf area 0\n ip ospf network point-to-point\n!\n",
                   f[k]->name);
    }
    o->nlinks++;
}

/* Which network of the topology an element is part of: those that links join are one. */
static size_t segment_of(size_t *parent, size_t i)
{
    while (parent[i] != i)
        i = parent[i] = parent[parent[i]];
    return i;
}

static void join_networks(struct ospf *o, size_t *parent)
{
    const size_t first = o->t->nnodes;

    for (size_t i = 0; i < o->t->nelements; i++)
        parent[i] = i;
    for (size_t i = 0; i < o->t->nlinks; i++) {
        const struct topo_ref *a = topo_index_find(&o->ix, o->t->links[i].end[0].node);
        const struct topo_ref *b = topo_index_find(&o->ix, o->t->links[i].end[1].node);
        if (a != NULL && b != NULL && a->kind == TOPO_NETWORK && b->kind == TOPO_NETWORK)
            parent[segment_of(parent, topo_index_owner(&o->ix, a) - first)] =
                segment_of(parent, topo_index_owner(&o->ix, b) - first);
    }
}

static void address_networks(struct ospf *o)
{
    AUTO(mem_freep) size_t *parent = xcalloc(o->t->nelements + 1, sizeof *parent);
    AUTO(mem_freep) uint32_t *members = xcalloc(o->t->nelements + 1, sizeof *members);

    join_networks(o, parent);
    for (size_t i = 0; i < o->t->nnodes; i++)
        for (size_t k = 0; k < o->t->nodes[i].nifaces; k++) {
            struct topo_iface *f = &o->t->nodes[i].ifaces[k];
            const struct topo_ref *ref = f->network != NULL ? topo_index_find(&o->ix, f->network) : NULL;
            size_t s;
            if (ref == NULL)
                continue;
            s = segment_of(parent, topo_index_owner(&o->ix, ref) - o->t->nnodes);
            if (s >= NETWORKS_MAX || members[s] >= MEMBERS_MAX) {
                o->left_out++;
                continue;
            }
            add_address(f, 0xac100000u + ((uint32_t)s << 8) + ++members[s], 24);
            buf_printf(&o->conf[i], "interface %s\n ip ospf area 0\n!\n", f->name);
        }
}

static void configure(struct ospf *o, size_t i, uint32_t number)
{
    struct topo_node *n = &o->t->nodes[i];
    AUTO(mem_freep) char *id = xasprintf("10.255.%u.%u", number >> 8, number & 255);

    n->frr = true;
    *TOPO_PUSH(n->frr_daemons, n->nfrr_daemons) = xstrdup("ospfd");
    AUTO(mem_freep)
    char *conf = xasprintf("interface lo\n ip address %s/32\n ip ospf area 0\n!\n%srouter ospf\n"
                           " ospf router-id %s\n!\n",
                           id, buf_str(&o->conf[i]), id);
    n->frr_conf = import_indent(conf);
}

void graphml_add_ospf(struct topo *t, struct topo_msgs *m)
{
    struct ospf o = {.t = t, .m = m, .conf = xcalloc(t->nnodes + 1, sizeof(struct buf))};
    uint32_t routers = 0;

    topo_index_init(&o.ix, t);
    for (size_t i = 0; i < t->nlinks; i++)
        address_link(&o, &t->links[i]);
    address_networks(&o);
    for (size_t i = 0; i < t->nnodes; i++)
        if (t->nodes[i].kind == TOPO_ROUTER && routers < ROUTERS_MAX)
            configure(&o, i, ++routers);
    if (o.left_out > 0)
        topo_msgs_add(m, 0, TOPO_WARNING, "%zu interfaces get no address: there are too many of their kind",
                      o.left_out);
    topo_index_clear(&o.ix);
    for (size_t i = 0; i < t->nnodes; i++)
        buf_clear(&o.conf[i]);
    free(o.conf);
}
