/* Addresses of interfaces and gateways of routes. */
#include "topology/topo_check.h"

#include "labd/base/mem.h"
#include "labd/base/name.h"
#include "topology/limits.h"
#include "topology/topo_value.h"

#include <arpa/inet.h>
#include <string.h>

struct used {
    struct value_addr a;
    const char *node, *iface;
    int line;
};

static int order_used(const void *x, const void *y)
{
    const struct used *a = x, *b = y;
    int c = (a->a.family > b->a.family) - (a->a.family < b->a.family);

    if (c == 0)
        c = memcmp(a->a.ip, b->a.ip, 16);
    return c != 0 ? c : (a->line > b->line) - (a->line < b->line);
}

bool check_one_address(struct check *c, const struct topo_text *x, const char *what, struct value_addr *a)
{
    char shown[VALUE_SHOW_SIZE];
    const char *why;

    value_show(x->text, shown);
    if (!value_addr(x->text, a)) {
        check_error(c, x->line, "'%s' is not an address; write for instance 10.0.1.10/24 or 2001:db8::10/64",
                    shown);
        return false;
    }
    if (!a->has_prefix) {
        check_error(c, x->line, "address %s has no prefix length; write %s/%d", shown, shown,
                    a->family == AF_INET ? 24 : 64);
        return false;
    }
    why = value_addr_fault(a);
    if (why != NULL) {
        check_error(c, x->line, "%s %s; %s cannot have it", shown, why, what);
        return false;
    }
    if (a->prefix == 0) {
        check_error(c, x->line, "the prefix length of %s is 0: every address would be on this wire", shown);
        return false;
    }
    return true;
}

static bool check_address(struct check *c, const struct topo_node *n, const struct topo_iface *f,
                          const struct topo_text *x, struct value_addr *a)
{
    char shown[VALUE_SHOW_SIZE], where[VALUE_SHOW_SIZE];

    if (!check_one_address(c, x, "an interface", a))
        return false;
    if (value_addr_edge(a))
        check_warn(c, x->line, "%s of %s:%s is the network or broadcast address of its prefix",
                   value_show(x->text, shown), value_show(n->name != NULL ? n->name : "", where),
                   f->name != NULL ? f->name : "");
    return !value_addr_link_local(a); /* those need to be unique on their wire only */
}

void check_addresses(struct check *c)
{
    AUTO(mem_freep) struct used *v = NULL;
    size_t n = 0, k = 0;

    for (size_t i = 0; i < c->t->nnodes; i++)
        for (size_t j = 0; j < c->t->nodes[i].nifaces; j++)
            n += c->t->nodes[i].ifaces[j].naddrs;
    v = xcalloc(n + 1, sizeof *v);
    for (size_t i = 0; i < c->t->nnodes; i++) {
        const struct topo_node *node = &c->t->nodes[i];
        for (size_t j = 0; j < node->nifaces; j++) {
            const struct topo_iface *f = &node->ifaces[j];
            if (f->naddrs > LIMIT_ADDRS_MAX)
                check_error(c, f->line, "an interface has %zu addresses; the most is %d", f->naddrs,
                            LIMIT_ADDRS_MAX);
            for (size_t m = 0; m < f->naddrs; m++)
                if (check_address(c, node, f, &f->addrs[m], &v[k].a)) {
                    v[k].node = node->name != NULL ? node->name : "";
                    v[k].iface = f->name != NULL ? f->name : "";
                    v[k++].line = f->addrs[m].line;
                }
        }
    }
    qsort(v, k, sizeof *v, order_used);
    for (size_t i = 1; i < k; i++) {
        char ip[VALUE_ADDR_SIZE], a[VALUE_SHOW_SIZE], b[VALUE_SHOW_SIZE];
        struct value_addr x = v[i].a;
        if (v[i].a.family != v[i - 1].a.family || memcmp(v[i].a.ip, v[i - 1].a.ip, 16) != 0)
            continue;
        x.has_prefix = false;
        check_warn(c, v[i].line, "%s:%s has the address %s that %s:%s has already (line %d)",
                   value_show(v[i].node, a), v[i].iface, value_addr_format(&x, ip),
                   value_show(v[i - 1].node, b), v[i - 1].iface, v[i - 1].line);
    }
}

/* ---- routes ---- */
static bool on_link(const struct topo_node *n, const struct value_addr *via)
{
    struct value_addr a;

    for (size_t i = 0; i < n->nifaces; i++)
        for (size_t k = 0; k < n->ifaces[i].naddrs; k++)
            if (value_addr(n->ifaces[i].addrs[k].text, &a) && a.has_prefix && value_addr_within(&a, via))
                return true;
    return false;
}

static const char *suggest_iface(struct check *c, const struct topo_node *n, const char *wrong,
                                 char out[VALUE_HINT_SIZE])
{
    struct value_guess g;

    value_guess_init(&g, wrong);
    if (check_may_guess(c, n->nifaces))
        for (size_t i = 0; i < n->nifaces; i++)
            if (n->ifaces[i].name != NULL && ifname_ok(n->ifaces[i].name))
                value_guess_offer(&g, n->ifaces[i].name);
    return value_guess_hint(&g, out);
}

static void check_route(struct check *c, const struct topo_node *n, const struct topo_route *r)
{
    char to_text[VALUE_SHOW_SIZE], via_text[VALUE_SHOW_SIZE], dev[VALUE_SHOW_SIZE], hint[VALUE_HINT_SIZE];
    struct value_addr to, via;
    bool all;

    if (r->to == NULL || r->via == NULL) {
        check_error(c, r->line, "<route> needs to=\"PREFIX\" or to=\"default\", and via=\"ADDRESS\"");
        return;
    }
    value_show(r->to, to_text);
    value_show(r->via, via_text);
    all = strcmp(r->to, "default") == 0;
    if (!all && !value_addr(r->to, &to)) {
        struct value_guess g;
        value_guess_init(&g, r->to);
        value_guess_offer(&g, "default");
        check_error(c, r->line, "to=\"%s\" is not \"default\", a prefix such as 10.0.2.0/24 or an address%s",
                    to_text, value_guess_hint(&g, hint));
        return;
    }
    if (!value_addr(r->via, &via) || via.has_prefix) {
        check_error(c, r->line, "via=\"%s\" is not the address of a gateway such as 10.0.1.1", via_text);
        return;
    }
    if (!all && to.family != via.family)
        check_error(c, r->line, "the route to %s via %s mixes IPv4 and IPv6", to_text, via_text);
    else if (!all && value_addr_host_bits(&to))
        check_error(c, r->line, "%s has bits set right of its prefix length; no route can have it", to_text);
    if (r->dev != NULL && topo_index_slot(&c->ix, (size_t)(n - c->t->nodes), r->dev) == NULL)
        check_error(c, r->line, "dev=\"%s\": '%s' has no such interface%s", value_show(r->dev, dev),
                    n->name != NULL ? value_show(n->name, to_text) : "", suggest_iface(c, n, r->dev, hint));
    else if (r->dev == NULL && value_addr_link_local(&via))
        check_error(c, r->line, "the gateway %s is link-local; say on which interface with dev=\"...\"",
                    via_text);
    else if (r->dev == NULL && !on_link(n, &via))
        check_error(c, r->line, "the gateway %s is in no network of '%s': give an interface an address there",
                    via_text, n->name != NULL ? value_show(n->name, dev) : "");
}

void check_routes(struct check *c, const struct topo_node *n)
{
    if (n->nroutes > LIMIT_ROUTES_MAX) {
        check_error(c, n->line, "a node has %zu routes; the most is %d", n->nroutes, LIMIT_ROUTES_MAX);
        return;
    }
    for (size_t i = 0; i < n->nroutes; i++)
        check_route(c, n, &n->routes[i]);
}
