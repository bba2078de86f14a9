/* via="auto": the internet or else the first router that shares a wire and a network with the node. */
#include "topology/topo_pool.h"

#include "labd/base/mem.h"
#include "topology/topo_grow.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define COMPARISONS_MAX (1u << 22) /* of addresses, in all */

struct gate { /* an address of a router or internet */
    size_t wire, node, seq;
    struct value_addr a;
};
struct gates {
    struct topo *t;
    struct topo_wires *w;
    struct topo_msgs *m;
    struct gate *items; /* by wire, then in the order of the file */
    size_t n, comparisons;
};

static bool is_auto(const struct topo_route *r)
{
    return r->via != NULL && strcmp(r->via, TOPO_VIA_AUTO) == 0;
}

bool topo_gateways_asked(const struct topo *t)
{
    for (size_t i = 0; i < t->nnodes; i++)
        for (size_t k = 0; k < t->nodes[i].nroutes; k++)
            if (is_auto(&t->nodes[i].routes[k]))
                return true;
    return false;
}

static int order_gates(const void *a, const void *b)
{
    const struct gate *x = a, *y = b;

    if (x->wire != y->wire)
        return x->wire < y->wire ? -1 : 1;
    return (x->seq > y->seq) - (x->seq < y->seq);
}

static void collect(struct gates *g)
{
    for (size_t i = 0; i < g->t->nelements; i++) {
        const struct topo_element *x = &g->t->elements[i];
        struct value_addr a;
        for (size_t j = 0; j < x->naddrs; j++)
            if (value_addr(x->addrs[j].text, &a) && a.has_prefix) {
                struct gate *gate = TOPO_PUSH(g->items, g->n);
                *gate = (struct gate){topo_wires_element(g->w, i), g->t->nnodes + i, g->n, a};
            }
    }
    for (size_t i = 0; i < g->t->nnodes; i++) {
        const struct topo_node *n = &g->t->nodes[i];
        for (size_t k = 0; n->kind == TOPO_ROUTER && k < n->nifaces; k++) {
            size_t wire = topo_wires_of(g->w, i, &n->ifaces[k]);
            struct value_addr a;
            if (wire == TOPO_NO_WIRE)
                continue;
            for (size_t j = 0; j < n->ifaces[k].naddrs; j++)
                if (value_addr(n->ifaces[k].addrs[j].text, &a) && a.has_prefix &&
                    !value_addr_link_local(&a)) {
                    struct gate *gate = TOPO_PUSH(g->items, g->n);
                    *gate = (struct gate){wire, i, g->n, a};
                }
        }
    }
    if (g->n > 0)
        qsort(g->items, g->n, sizeof *g->items, order_gates);
}

/* The first of the wire. */
static size_t first_gate(const struct gates *g, size_t wire)
{
    size_t lo = 0, hi = g->n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (g->items[mid].wire < wire)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* Is there an address of 'f' whose network has 'via'? */
static bool near(struct gates *g, const struct topo_iface *f, const struct value_addr *via)
{
    struct value_addr a;

    for (size_t i = 0; i < f->naddrs && g->comparisons > 0; i++, g->comparisons--)
        if (value_addr(f->addrs[i].text, &a) && a.has_prefix && value_addr_within(&a, via))
            return true;
    return false;
}

static const struct value_addr *gateway(struct gates *g, size_t node, const struct topo_route *r, int family)
{
    const struct topo_node *n = &g->t->nodes[node];

    for (size_t k = 0; k < n->nifaces; k++) {
        const struct topo_iface *f = &n->ifaces[k];
        size_t wire;
        if (r->dev != NULL && (f->name == NULL || strcmp(f->name, r->dev) != 0))
            continue;
        if (g->comparisons == 0)
            return NULL;
        g->comparisons--;
        wire = topo_wires_of(g->w, node, f);
        if (wire == TOPO_NO_WIRE)
            continue;
        for (size_t i = first_gate(g, wire); i < g->n && g->items[i].wire == wire; i++) {
            if (g->comparisons == 0)
                return NULL;
            g->comparisons--;
            if (g->items[i].node != node && g->items[i].a.family == family && near(g, f, &g->items[i].a))
                return &g->items[i].a;
        }
    }
    return NULL;
}

static void report(struct gates *g, const struct topo_node *n, const struct topo_route *r, int family)
{
    char shown[VALUE_SHOW_SIZE];

    if (g->comparisons == 0)
        topo_msgs_add(g->m, r->line, TOPO_ERROR,
                      "via=\"auto\": looking for gateways takes too long in this topology; write their "
                      "addresses");
    else
        topo_msgs_add(
            g->m, r->line, TOPO_ERROR,
            "via=\"auto\": no router or internet has an %s address on a wire and in a network of '%s'%s",
            family == AF_INET ? "IPv4" : "IPv6", value_show(n->name != NULL ? n->name : "", shown),
            family == AF_INET ? "; for a default route of IPv6 write to=\"::/0\"" : "");
}

/* False: there is no answer. */
static bool resolve(struct gates *g, size_t node, struct topo_route *r, bool quiet)
{
    struct value_addr to = {.family = AF_INET}, via;
    const struct value_addr *hit;
    char text[VALUE_ADDR_SIZE];

    /* What else is wrong with it is for topo_check(). */
    if (r->to != NULL && strcmp(r->to, "default") != 0 && !value_addr(r->to, &to))
        return true;
    hit = gateway(g, node, r, to.family);
    if (hit == NULL) {
        if (!quiet)
            report(g, &g->t->nodes[node], r, to.family);
        return false;
    }
    via = *hit;
    via.has_prefix = false;
    free(r->via);
    r->via = xstrdup(value_addr_format(&via, text));
    return true;
}

void topo_gateways_resolve(struct topo *t, struct topo_wires *w, bool quiet, struct topo_msgs *m)
{
    struct gates g = {.t = t, .w = w, .m = m, .comparisons = COMPARISONS_MAX};

    collect(&g);
    for (size_t i = 0; i < t->nnodes; i++) {
        struct topo_node *n = &t->nodes[i];
        size_t kept = 0;
        for (size_t k = 0; k < n->nroutes; k++) {
            struct topo_route *r = &n->routes[k];
            if (!is_auto(r) || resolve(&g, i, r, quiet)) {
                n->routes[kept++] = *r;
                continue;
            }
            free(r->to);
            free(r->via);
            free(r->dev);
        }
        n->nroutes = kept;
    }
    free(g.items);
}
