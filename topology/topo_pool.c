/* Addresses from pools.
 *
 * A pool gives each wire on which it is asked for one subnet, in the order of the file.  If an interface of
 * the wire was given an address of the pool by hand, that is the subnet; else it is the next in which
 * nobody was.  In a subnet routers come first, then hosts.  Sorted arrays keep all of it in n log n. */
#include "topology/topo_pool.h"

#include "labd/base/mem.h"
#include "labd/base/name.h"
#include "topology/topo_grow.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define GUESSES_MAX 200000

struct pool {
    const struct topo_pool *p;
    bool ok, full, told; /* told: that it is exhausted */
    int family;
    unsigned bits; /* of an address of the family */
    value_number first, last, next;
    size_t node, iface; /* the last that asked */
};
struct manual { /* an address given by hand, or that of an internet */
    size_t wire, seq;
    int family;
    unsigned prefix;
    value_number a;
};
struct want { /* an ask that can be met */
    const struct topo_ask *ask;
    size_t pool, wire;
    bool host;
};
struct group { /* the wants of one pool on one wire */
    struct want *wants;
    size_t n;
    const struct topo_ask *first; /* in the file */
};
struct resolver {
    const struct topo_pools *in;
    struct topo *t;
    struct topo_msgs *m;
    struct topo_wires wires;
    struct pool *pools;
    struct manual *by_addr, *by_wire;
    size_t nmanual, guesses;
};

void topo_pools_clear(struct topo_pools *p)
{
    for (size_t i = 0; i < p->npools; i++) {
        free(p->pools[i].name);
        free(p->pools[i].prefix);
    }
    for (size_t i = 0; i < p->nasks; i++)
        free(p->asks[i].pool);
    free(p->pools);
    free(p->asks);
    *p = (struct topo_pools){0};
}

/* Of a subnet: the bits that are the host's. */
static value_number host_mask(const struct pool *p)
{
    return ((value_number)1 << (p->bits - p->p->each)) - 1;
}

/* ---- pools ---- */
static bool check_pool(struct resolver *r, const struct topo_pool *p, struct pool *out)
{
    struct value_addr a;
    char shown[VALUE_SHOW_SIZE], ip[VALUE_ADDR_SIZE];
    struct err e;

    if (p->name == NULL || p->prefix == NULL || p->each == 0) {
        topo_msgs_add(r->m, p->line, TOPO_ERROR,
                      "<pool> needs name=\"NAME\", prefix=\"PREFIX\" and each=\"LENGTH\"");
        return false;
    }
    if (name_check(p->name, "pool", &e) < 0) {
        topo_msgs_add(r->m, p->line, TOPO_ERROR, "%s", e.msg);
        return false;
    }
    if (!value_addr(p->prefix, &a) || !a.has_prefix || a.prefix == 0) {
        topo_msgs_add(r->m, p->line, TOPO_ERROR,
                      "prefix=\"%s\" of pool '%s' is not a prefix such as 10.1.0.0/16 or 2001:db8::/48",
                      value_show(p->prefix, shown), p->name);
        return false;
    }
    *out =
        (struct pool){.p = p, .family = a.family, .bits = (unsigned)value_addr_len(&a) * 8, .node = SIZE_MAX};
    if (a.prefix == out->bits || p->each < a.prefix || p->each >= out->bits) {
        topo_msgs_add(r->m, p->line, TOPO_ERROR,
                      "each=\"%u\" of pool '%s' is no subnet of %s: its length is to be %u to %u", p->each,
                      p->name, p->prefix, a.prefix, out->bits - 1);
        return false;
    }
    out->first = out->next = value_addr_number(&a);
    if (value_addr_host_bits(&a)) {
        value_number mask = ((value_number)1 << (out->bits - a.prefix)) - 1;
        a = value_addr_of(out->first & ~mask, a.family, a.prefix);
        topo_msgs_add(r->m, p->line, TOPO_ERROR,
                      "prefix=\"%s\" of pool '%s' has bits set right of its length; write %s", p->prefix,
                      p->name, value_addr_format(&a, ip));
        return false;
    }
    out->last = out->first | (((value_number)1 << (out->bits - a.prefix)) - 1);
    return true;
}

/* Against those before it. */
static bool check_others(struct resolver *r, size_t i)
{
    const struct pool *p = &r->pools[i];

    for (size_t k = 0; k < i; k++) {
        const struct pool *q = &r->pools[k];
        if (q->p == NULL)
            continue;
        if (strcmp(q->p->name, p->p->name) == 0) {
            topo_msgs_add(r->m, p->p->line, TOPO_ERROR, "there is a pool '%s' already, in line %d",
                          p->p->name, q->p->line);
            return false;
        }
        if (q->family == p->family && q->first <= p->last && p->first <= q->last) {
            topo_msgs_add(
                r->m, p->p->line, TOPO_ERROR,
                "pool '%s' (%s) overlaps pool '%s' (%s) of line %d: one address would be given twice",
                p->p->name, p->p->prefix, q->p->name, q->p->prefix, q->p->line);
            return false;
        }
    }
    return true;
}

static void check_pools(struct resolver *r)
{
    for (size_t i = 0; i < r->in->npools && i < TOPO_POOLS_MAX; i++)
        r->pools[i].ok = check_pool(r, &r->in->pools[i], &r->pools[i]) && check_others(r, i);
    if (r->in->npools > TOPO_POOLS_MAX)
        topo_msgs_add(r->m, r->in->pools[TOPO_POOLS_MAX].line, TOPO_ERROR,
                      "the topology has %zu pools; the most is %d", r->in->npools, TOPO_POOLS_MAX);
}

/* The place of the pool of that name; npools if there is none. */
static size_t find_pool(const struct resolver *r, const char *name)
{
    size_t i = 0;

    while (i < r->in->npools && (r->in->pools[i].name == NULL || strcmp(r->in->pools[i].name, name) != 0))
        i++;
    return i;
}

/* ---- addresses given by hand ---- */
static int order_by_addr(const void *a, const void *b)
{
    const struct manual *x = a, *y = b;

    if (x->family != y->family)
        return x->family < y->family ? -1 : 1;
    if (x->a != y->a)
        return x->a < y->a ? -1 : 1;
    return (x->seq > y->seq) - (x->seq < y->seq);
}

static int order_by_wire(const void *a, const void *b)
{
    const struct manual *x = a, *y = b;

    if (x->wire != y->wire)
        return x->wire < y->wire ? -1 : 1;
    return (x->seq > y->seq) - (x->seq < y->seq);
}

static void collect_manual(struct resolver *r)
{
    struct manual *v = NULL;
    struct value_addr a;
    size_t n = 0;

    for (size_t i = 0; i < r->t->nelements; i++)
        for (size_t j = 0; j < r->t->elements[i].naddrs; j++)
            if (value_addr(r->t->elements[i].addrs[j].text, &a)) {
                struct manual *m = TOPO_PUSH(v, n);
                *m = (struct manual){topo_wires_element(&r->wires, i), n, a.family, a.prefix,
                                     value_addr_number(&a)};
            }

    for (size_t i = 0; i < r->t->nnodes; i++)
        for (size_t k = 0; k < r->t->nodes[i].nifaces; k++) {
            const struct topo_iface *f = &r->t->nodes[i].ifaces[k];
            size_t wire = f->naddrs > 0 ? topo_wires_of(&r->wires, i, f) : TOPO_NO_WIRE;
            for (size_t j = 0; j < f->naddrs; j++)
                if (f->addrs[j].text != NULL && value_addr(f->addrs[j].text, &a)) {
                    struct manual *m = TOPO_PUSH(v, n);
                    *m = (struct manual){wire, n, a.family, a.prefix, value_addr_number(&a)};
                }
        }
    r->nmanual = n;
    r->by_addr = v;
    if (n == 0)
        return;
    r->by_wire = xcalloc(n, sizeof *v);
    memcpy(r->by_wire, v, n * sizeof *v);
    qsort(r->by_addr, n, sizeof *v, order_by_addr);
    qsort(r->by_wire, n, sizeof *v, order_by_wire);
}

/* The first of 'v', sorted by 'order', that is not before 'key'. */
static size_t lower(const struct manual *v, size_t n, const struct manual *key,
                    int (*order)(const void *, const void *))
{
    size_t lo = 0;

    while (lo < n) {
        size_t mid = lo + (n - lo) / 2;
        if (order(&v[mid], key) < 0)
            lo = mid + 1;
        else
            n = mid;
    }
    return lo;
}

/* The first at 'from' or behind it, up to 'to'; nmanual if there is none. */
static size_t manual_between(const struct resolver *r, int family, value_number from, value_number to)
{
    size_t i = lower(r->by_addr, r->nmanual, &(struct manual){.family = family, .a = from}, order_by_addr);

    return i < r->nmanual && r->by_addr[i].family == family && r->by_addr[i].a <= to ? i : r->nmanual;
}

/* ---- subnets ---- */
/* One in which an interface of the wire was given an address, and nobody elsewhere. */
static bool given_subnet(const struct resolver *r, const struct pool *p, size_t wire, value_number *subnet)
{
    size_t i = lower(r->by_wire, r->nmanual, &(struct manual){.wire = wire}, order_by_wire);
    value_number last;

    for (; i < r->nmanual && r->by_wire[i].wire == wire; i++)
        if (r->by_wire[i].family == p->family && r->by_wire[i].prefix == p->p->each &&
            r->by_wire[i].a >= p->first && r->by_wire[i].a <= p->last)
            break;
    if (i == r->nmanual || r->by_wire[i].wire != wire)
        return false;
    *subnet = r->by_wire[i].a & ~host_mask(p);
    last = *subnet | host_mask(p);
    for (i = manual_between(r, p->family, *subnet, last);
         i < r->nmanual && r->by_addr[i].family == p->family && r->by_addr[i].a <= last; i++)
        if (r->by_addr[i].wire != wire)
            return false;
    return true;
}

static bool next_subnet(const struct resolver *r, struct pool *p, value_number *subnet)
{
    while (!p->full) {
        *subnet = p->next;
        p->full = (p->next | host_mask(p)) == p->last;
        p->next += host_mask(p) + 1;
        if (manual_between(r, p->family, *subnet, *subnet | host_mask(p)) == r->nmanual)
            return true;
    }
    return false;
}

/* ---- numbering ---- */
static const char *where(const struct resolver *r, const struct topo_ask *ask, char out[VALUE_SHOW_SIZE])
{
    const struct topo_node *n = &r->t->nodes[ask->node];
    const char *f = n->ifaces[ask->iface].name;
    AUTO(mem_freep) char *s = xasprintf("%s:%s", n->name != NULL ? n->name : "", f != NULL ? f : "");

    return value_show(s, out);
}

static void number_group(struct resolver *r, const struct group *g, const struct pool *p, value_number subnet)
{
    value_number mask = host_mask(p), at = subnet + (mask > 1), last = subnet + mask;
    size_t next = manual_between(r, p->family, at, last);
    char ip[VALUE_ADDR_SIZE], shown[VALUE_SHOW_SIZE];

    last -= mask > 1 && p->family == AF_INET; /* broadcast */
    for (size_t i = 0; i < g->n; i++, at++) {
        const struct topo_ask *ask = g->wants[i].ask;
        while (next < r->nmanual && r->by_addr[next].family == p->family && r->by_addr[next].a <= at)
            at += r->by_addr[next++].a == at;
        struct value_addr a = value_addr_of(at, p->family, p->p->each);
        /* 'at' may have gone round behind the last address that there is */
        if (at > last || at < subnet) {
            a = value_addr_of(subnet, p->family, p->p->each);
            topo_msgs_add(r->m, ask->line, TOPO_ERROR,
                          "%s of pool '%s' is too small for its wire: '%s' and %zu more get no address; make "
                          "each=\"%u\" smaller",
                          value_addr_format(&a, ip), p->p->name, where(r, ask, shown), g->n - i - 1,
                          p->p->each);
            return;
        }
        r->t->nodes[ask->node].ifaces[ask->iface].addrs[ask->at].text = xstrdup(value_addr_format(&a, ip));
    }
}

static void serve(struct resolver *r, const struct group *g)
{
    struct pool *p = &r->pools[g->wants->pool];
    value_number subnet;
    char shown[VALUE_SHOW_SIZE];

    if (given_subnet(r, p, g->wants->wire, &subnet) || next_subnet(r, p, &subnet)) {
        number_group(r, g, p, subnet);
        return;
    }
    if (!p->told)
        topo_msgs_add(r->m, g->first->line, TOPO_ERROR,
                      "pool '%s' is exhausted: %s has no more /%u for the wire of '%s'", p->p->name,
                      p->p->prefix, p->p->each, where(r, g->first, shown));
    p->told = true;
}

static int order_wants(const void *a, const void *b)
{
    const struct want *x = a, *y = b;

    if (x->pool != y->pool)
        return x->pool < y->pool ? -1 : 1;
    if (x->wire != y->wire)
        return x->wire < y->wire ? -1 : 1;
    if (x->host != y->host)
        return x->host ? 1 : -1;
    return (x->ask > y->ask) - (x->ask < y->ask);
}

static int order_groups(const void *a, const void *b)
{
    const struct group *x = a, *y = b;

    return (x->first > y->first) - (x->first < y->first);
}

/* ---- asks ---- */
static void unknown_pool(struct resolver *r, const struct topo_ask *ask)
{
    struct value_guess g;
    char shown[VALUE_SHOW_SIZE], hint[VALUE_HINT_SIZE];

    value_guess_init(&g, ask->pool);
    for (size_t i = 0; i < r->in->npools && r->guesses > 0; i++, r->guesses--)
        if (name_ok(r->in->pools[i].name))
            value_guess_offer(&g, r->in->pools[i].name);
    topo_msgs_add(r->m, ask->line, TOPO_ERROR, "there is no <pool name=\"%s\">%s",
                  value_show(ask->pool, shown), value_guess_hint(&g, hint));
}

/* False: it is reported, or whoever it depends on is. */
static bool can_serve(struct resolver *r, const struct topo_ask *ask, struct want *out)
{
    const struct topo_node *n = &r->t->nodes[ask->node];
    size_t i = find_pool(r, ask->pool), wire;
    struct pool *p;
    char shown[VALUE_SHOW_SIZE];

    if (i == r->in->npools)
        return unknown_pool(r, ask), false;
    p = &r->pools[i];
    if (i >= TOPO_POOLS_MAX || !p->ok)
        return false;
    if (p->node == ask->node && p->iface == ask->iface) {
        topo_msgs_add(r->m, ask->line, TOPO_ERROR, "'%s' has an address of pool '%s' already",
                      where(r, ask, shown), ask->pool);
        return false;
    }
    p->node = ask->node;
    p->iface = ask->iface;
    wire = topo_wires_of(&r->wires, ask->node, &n->ifaces[ask->iface]);
    if (wire == TOPO_NO_WIRE) {
        if (n->ifaces[ask->iface].network == NULL)
            topo_msgs_add(r->m, ask->line, TOPO_ERROR,
                          "pool '%s' has no address for '%s': it is connected to nothing that takes untagged "
                          "frames; connect it, or write its address",
                          ask->pool, where(r, ask, shown));
        return false;
    }
    *out = (struct want){ask, i, wire, n->kind == TOPO_HOST};
    return true;
}

static void serve_all(struct resolver *r)
{
    AUTO(mem_freep) struct want *wants = xcalloc(r->in->nasks + 1, sizeof *wants);
    AUTO(mem_freep) struct group *groups = xcalloc(r->in->nasks + 1, sizeof *groups);
    size_t n = 0, ngroups = 0;

    for (size_t i = 0; i < r->in->nasks; i++)
        n += can_serve(r, &r->in->asks[i], &wants[n]);
    qsort(wants, n, sizeof *wants, order_wants);
    for (size_t i = 0; i < n; i++) {
        struct group *g = ngroups > 0 ? &groups[ngroups - 1] : NULL;
        if (g == NULL || g->wants->pool != wants[i].pool || g->wants->wire != wants[i].wire) {
            g = &groups[ngroups++];
            *g = (struct group){&wants[i], 0, wants[i].ask};
        }
        g->n++;
        if (wants[i].ask < g->first)
            g->first = wants[i].ask;
    }
    qsort(groups, ngroups, sizeof *groups, order_groups);
    for (size_t i = 0; i < ngroups; i++)
        serve(r, &groups[i]);
}

/* Takes away the places of addresses that nobody gave. */
static void drop_unserved(const struct topo_pools *in, struct topo *t)
{
    for (size_t i = 0; i < in->nasks; i++) {
        struct topo_iface *f = &t->nodes[in->asks[i].node].ifaces[in->asks[i].iface];
        size_t kept = 0;
        if (i > 0 && in->asks[i - 1].node == in->asks[i].node && in->asks[i - 1].iface == in->asks[i].iface)
            continue; /* done already */
        for (size_t k = 0; k < f->naddrs; k++)
            if (f->addrs[k].text != NULL)
                f->addrs[kept++] = f->addrs[k];
        f->naddrs = kept;
    }
}

void topo_pools_resolve(const struct topo_pools *p, struct topo *t, struct topo_msgs *m)
{
    struct resolver r = {.in = p, .t = t, .m = m, .guesses = GUESSES_MAX};
    bool gateways = topo_gateways_asked(t);
    size_t errors = m->nerrors;
    struct topo_index ix;

    r.pools = xcalloc(TOPO_POOLS_MAX, sizeof *r.pools);
    check_pools(&r);
    if (p->nasks > 0 || gateways) {
        bool ok;
        topo_index_init(&ix, t);
        ok = topo_wires_init(&r.wires, t, &ix);
        if (!ok)
            topo_msgs_add(m, t->line, TOPO_ERROR,
                          "there are too many switches, links and VLANs for automatic addresses; write them");
        if (ok && p->nasks > 0) {
            collect_manual(&r);
            serve_all(&r);
        }
        drop_unserved(p, t);
        if (ok && gateways)
            topo_gateways_resolve(t, &r.wires, m->nerrors > errors, m);
        topo_wires_clear(&r.wires);
        topo_index_clear(&ix);
    }
    free(r.by_addr);
    free(r.by_wire);
    free(r.pools);
}
