/* Random valid topologies for property tests.  The seed decides everything. */
#ifndef TESTS_UNIT_TOPO_RANDOM_H
#define TESTS_UNIT_TOPO_RANDOM_H

#include "labd/base/buf.h"
#include "labd/base/mem.h"
#include "topology/topo.h"
#include "topology/topo_grow.h"

#include <time.h>

struct rnd {
    uint64_t state;
};

static inline uint32_t rnd_u32(struct rnd *r)
{
    r->state = r->state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(r->state >> 33);
}

static inline uint32_t rnd_below(struct rnd *r, uint32_t n)
{
    return rnd_u32(r) % n;
}

static inline bool rnd_one_in(struct rnd *r, uint32_t n)
{
    return rnd_below(r, n) == 0;
}

/* TEST_SEED, or a new one each run; printed, so that a failure can be repeated. */
static inline uint64_t rnd_seed(void)
{
    const char *s = getenv("TEST_SEED");
    uint64_t seed = s != NULL ? strtoull(s, NULL, 10) : (uint64_t)time(NULL) * 1000003u;

    printf("TEST_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

/* Text that is awkward in XML and in shells. */
static inline char *rnd_text(struct rnd *r)
{
    static const char *const bits[] = {"a",  "<b>", "&amp;", "\n", "  ", "\t", "]]>",          "'\"", "\r",
                                       "$x", "é",   "<!--",  "&",  "]]", "\\", "\xe2\x82\xac", "-->", "END"};
    struct buf b = BUF_INIT;

    buf_puts(&b, "x");
    for (uint32_t n = rnd_below(r, 12); n > 0; n--)
        buf_puts(&b, bits[rnd_below(r, ARRAY_LEN(bits))]);
    return buf_take(&b);
}

static inline void rnd_pos(struct rnd *r, struct topo_pos *p)
{
    if (rnd_one_in(r, 2))
        *p = (struct topo_pos){true, (int)rnd_below(r, 2000) - 1000, (int)rnd_below(r, 2000) - 1000};
}

static inline void rnd_impair(struct rnd *r, struct plan_impair *i)
{
    if (rnd_one_in(r, 2))
        return;
    i->delay_us = rnd_below(r, 100000000);
    i->jitter_us = rnd_below(r, i->delay_us + 1);
    i->loss_ppm = rnd_below(r, 1000001);
    i->duplicate_ppm = rnd_one_in(r, 2) ? rnd_below(r, 1000001) : 0;
    i->corrupt_ppm = rnd_one_in(r, 2) ? 10000 * rnd_below(r, 101) : 0;
    i->reorder_ppm = i->delay_us > 0 ? rnd_below(r, 1000001) : 0;
    i->rate_bps = rnd_one_in(r, 3) ? 0 : 1000 + (uint64_t)rnd_u32(r) * (rnd_one_in(r, 2) ? 1 : 20);
}

static inline struct topo_iface *rnd_iface(struct rnd *r, struct topo_node *n)
{
    struct topo_iface *f = TOPO_PUSH(n->ifaces, n->nifaces);

    f->name = xasprintf("%s%zu", rnd_one_in(r, 4) ? "wan.x_" : "eth", n->nifaces - 1);
    f->mtu = rnd_one_in(r, 3) ? 1280 + rnd_below(r, 7000) : 0;
    for (uint32_t k = rnd_below(r, 3); k > 0; k--) {
        struct topo_text *a = TOPO_PUSH(f->addrs, f->naddrs);
        a->text =
            rnd_one_in(r, 2)
                ? xasprintf("10.%u.%u.%u/24", rnd_below(r, 256), rnd_below(r, 256), 1 + rnd_below(r, 254))
                : xasprintf("2001:db8:%x::%x/64", rnd_below(r, 65536), 1 + rnd_below(r, 65535));
    }
    return f;
}

static inline void rnd_node(struct rnd *r, struct topo *t)
{
    struct topo_node *n = TOPO_PUSH(t->nodes, t->nnodes);

    n->kind = rnd_one_in(r, 2) ? TOPO_ROUTER : TOPO_HOST;
    n->name = xasprintf("node-%zu", t->nnodes - 1);
    n->image = rnd_one_in(r, 3) ? xstrdup("other") : NULL;
    n->memory_mb = rnd_one_in(r, 2) ? 16 + rnd_below(r, 1000) : 0;
    n->vcpus = rnd_below(r, 17);
    n->forwarding = n->kind == TOPO_ROUTER && !rnd_one_in(r, 4);
    n->hidden = rnd_one_in(r, 4);
    rnd_pos(r, &n->pos);
    if (rnd_one_in(r, 3)) {
        struct topo_iface *f = rnd_iface(r, n);
        *TOPO_PUSH(f->addrs, f->naddrs) = (struct topo_text){xstrdup("192.168.7.2/24"), 0};
        *TOPO_PUSH(n->routes, n->nroutes) =
            (struct topo_route){xstrdup("default"), xstrdup("192.168.7.1"), NULL, 0};
        *TOPO_PUSH(n->routes, n->nroutes) =
            (struct topo_route){xstrdup("2001:db8:7::/48"), xstrdup("fe80::1"), xstrdup(f->name), 0};
    }
    for (uint32_t k = rnd_below(r, 3); k > 0; k--)
        *TOPO_PUSH(n->files, n->nfiles) = (struct topo_file){xasprintf("/etc/f %u", k), rnd_below(r, 010000),
                                                             rnd_text(r), rnd_one_in(r, 4), 0};
    if (n->kind == TOPO_ROUTER && rnd_one_in(r, 2)) {
        n->frr = true;
        n->frr_conf = rnd_one_in(r, 2) ? rnd_text(r) : NULL;
        if (rnd_one_in(r, 2))
            *TOPO_PUSH(n->frr_daemons, n->nfrr_daemons) = xstrdup("ospfd");
        if (rnd_one_in(r, 2))
            *TOPO_PUSH(n->frr_daemons, n->nfrr_daemons) = xstrdup("bfdd");
    }
    n->startup.text = rnd_one_in(r, 2) ? rnd_text(r) : NULL;
    if (rnd_one_in(r, 3))
        *TOPO_PUSH(n->notes, n->nnotes) = (struct topo_text){rnd_text(r), 0};
}

static inline void rnd_port(struct rnd *r, struct topo_element *x)
{
    struct topo_port *p = TOPO_PUSH(x->ports, x->nports);

    p->name = xasprintf("p%zu", x->nports - 1);
    p->mode = rnd_below(r, 3);
    if (p->mode == PLAN_VLAN_ACCESS)
        p->access = 1 + rnd_below(r, 4094);
    if (p->mode == PLAN_VLAN_TRUNK) {
        p->native = rnd_one_in(r, 2) ? 1 + rnd_below(r, 4094) : 0;
        for (uint32_t k = 1 + rnd_below(r, 6); k > 1; k--)
            *TOPO_PUSH(p->trunks, p->ntrunks) = k * 580 + rnd_below(r, 580);
    }
}

static inline void rnd_element(struct rnd *r, struct topo *t)
{
    struct topo_element *x = TOPO_PUSH(t->elements, t->nelements);

    x->kind = TOPO_SWITCH + rnd_below(r, 3);
    x->name = xasprintf("e%zu", t->nelements - 1);
    x->hidden = rnd_one_in(r, 4);
    rnd_pos(r, &x->pos);
    if (x->kind == TOPO_SWITCH) {
        x->rstp = rnd_one_in(r, 2);
        x->rstp_priority = rnd_one_in(r, 2) ? TOPO_RSTP_PRIORITY : 4096 * rnd_below(r, 16);
        x->mac_ageing = rnd_one_in(r, 2) ? 15 + rnd_below(r, 3586) : 0;
    }
}

/* Fills the end with a new interface, a new port, or the element itself. */
static inline void rnd_end(struct rnd *r, struct topo *t, size_t v, struct topo_end *end)
{
    if (v < t->nnodes) {
        end->node = xstrdup(t->nodes[v].name);
        end->iface = xstrdup(rnd_iface(r, &t->nodes[v])->name);
        return;
    }
    struct topo_element *x = &t->elements[v - t->nnodes];
    end->node = xstrdup(x->name);
    if (x->kind == TOPO_SWITCH && !rnd_one_in(r, 4)) {
        rnd_port(r, x);
        end->iface = xstrdup(x->ports[x->nports - 1].name);
    }
}

/* A port that shows all others, or those that are named. */
static inline void rnd_mirror(struct rnd *r, struct topo_element *x)
{
    struct topo_port m = {.mirror = PLAN_MIRROR_IN + rnd_below(r, 3)};

    for (size_t i = 0; i < x->nports; i++)
        if (rnd_one_in(r, 3))
            *TOPO_PUSH(m.mirrored.items, m.mirrored.n) = xstrdup(x->ports[i].name);
    m.name = xstrdup("tap");
    *TOPO_PUSH(x->ports, x->nports) = m;
}

/* A switch with a bond to the newest node. */
static inline void rnd_bond(struct rnd *r, struct topo *t)
{
    struct topo_element *x = TOPO_PUSH(t->elements, t->nelements);
    struct topo_port bond = {.bond = true, .passive = rnd_one_in(r, 2), .mode = PLAN_VLAN_ACCESS};
    struct topo_node *n = &t->nodes[t->nnodes - 1];

    x->kind = TOPO_SWITCH;
    x->name = xstrdup("bonded");
    x->rstp_priority = TOPO_RSTP_PRIORITY;
    for (uint32_t i = 2 + rnd_below(r, 3); i > 0; i--) {
        struct topo_link *l = TOPO_PUSH(t->links, t->nlinks);
        TOPO_PUSH(x->ports, x->nports)->name = xasprintf("m%u", i);
        *TOPO_PUSH(bond.members.items, bond.members.n) = xasprintf("m%u", i);
        l->name = xasprintf("bl%u", i);
        l->up = true;
        l->end[0] = (struct topo_end){xstrdup(x->name), xasprintf("m%u", i)};
        l->end[1] = (struct topo_end){xstrdup(n->name), xstrdup(rnd_iface(r, n)->name)};
    }
    bond.name = xstrdup("lag");
    bond.access = 1 + rnd_below(r, 4094);
    *TOPO_PUSH(x->ports, x->nports) = bond;
}

static inline void rnd_link(struct rnd *r, struct topo *t)
{
    uint32_t n = (uint32_t)(t->nnodes + t->nelements), a = rnd_below(r, n), b = rnd_below(r, n);
    struct topo_link *l;

    if (a == b && a >= t->nnodes) /* both ends the same element */
        return;
    l = TOPO_PUSH(t->links, t->nlinks);
    l->name = xasprintf("l%zu", t->nlinks - 1);
    l->up = !rnd_one_in(r, 5);
    l->hidden = rnd_one_in(r, 4);
    rnd_end(r, t, a, &l->end[0]);
    rnd_end(r, t, b, &l->end[1]);
    for (int k = 0; k < 2; k++)
        rnd_impair(r, &l->impair[k]);
}

static inline struct topo *rnd_topo(struct rnd *r)
{
    struct topo *t = topo_new("random");

    t->title = rnd_one_in(r, 2) ? rnd_text(r) : NULL;
    for (uint32_t n = 1 + rnd_below(r, 8); n > 0; n--)
        rnd_node(r, t);
    for (uint32_t n = rnd_below(r, 5); n > 0; n--)
        rnd_element(r, t);
    for (uint32_t n = rnd_below(r, 12); n > 0; n--)
        rnd_link(r, t);
    for (size_t i = 0; i < t->nelements; i++)
        if (t->elements[i].kind == TOPO_SWITCH && rnd_one_in(r, 2))
            rnd_mirror(r, &t->elements[i]);
    if (rnd_one_in(r, 3))
        rnd_bond(r, t);
    for (size_t i = 0; i < t->nelements; i++)
        if (t->elements[i].kind == TOPO_NETWORK && rnd_one_in(r, 2))
            rnd_iface(r, &t->nodes[rnd_below(r, (uint32_t)t->nnodes)])->network =
                xstrdup(t->elements[i].name);
    for (uint32_t n = rnd_below(r, 3); n > 0; n--) {
        struct topo_note *x = TOPO_PUSH(t->notes, t->nnotes);
        x->text = rnd_text(r);
        rnd_pos(r, &x->pos);
    }
    return t;
}

#endif
