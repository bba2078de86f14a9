/* What is legal on a wire but surely not meant: warnings only.
 *
 * An exercise leaves things for the student to configure, so silence is the rule where something is
 * missing: only what was declared is held against something else that was declared. */
#include "topology/topo_check.h"

#include "labd/base/mem.h"
#include "topology/topo_check_peers.h"
#include "topology/topo_wire.h"

#include <arpa/inet.h>
#include <string.h>

#define TEXT_MAX (16u << 20) /* bytes of scripts to look into, in all */
#define MTU_DEFAULT 1500

struct member {  /* an interface on a wire */
    size_t wire; /* topo_wires_of() */
    const struct topo_node *node;
    const struct topo_iface *iface;
};
struct wires {
    struct check *c;
    struct topo_wires w;
    bool *tagged;           /* by wire: a node gets this VLAN tagged, and may use it */
    struct member *members; /* by wire, then in the order of the file */
    size_t nmembers;
    size_t text;
};

/* ---- members ---- */
static void mark_tagged(struct wires *w)
{
    const struct topo *t = w->c->t;

    for (size_t i = 0; i < t->nlinks; i++)
        for (int k = 0; k < 2; k++) {
            const struct topo_ref *far = topo_wires_ref(&w->w, &t->links[i].end[k]);
            const struct topo_ref *near = topo_wires_ref(&w->w, &t->links[i].end[!k]);
            if (near == NULL || far == NULL || !topo_kind_is_node(near->kind) || topo_kind_is_node(far->kind))
                continue;
            for (size_t tag = 1; tag < w->w.nvlans; tag++) {
                size_t in = topo_wires_at(&w->w, &t->links[i].end[k], far, tag);
                if (in != TOPO_NO_WIRE)
                    w->tagged[in] = true;
            }
        }
}

static int order_members(const void *a, const void *b)
{
    const struct member *x = a, *y = b;

    if (x->wire != y->wire)
        return x->wire < y->wire ? -1 : 1;
    if (x->node != y->node)
        return x->node < y->node ? -1 : 1;
    return (x->iface > y->iface) - (x->iface < y->iface);
}

static void add_members(struct wires *w)
{
    const struct topo *t = w->c->t;
    size_t n = 0;

    for (size_t i = 0; i < t->nnodes; i++)
        n += t->nodes[i].nifaces;
    w->members = xcalloc(n + 1, sizeof *w->members);
    for (size_t i = 0; i < t->nnodes; i++)
        for (size_t k = 0; k < t->nodes[i].nifaces; k++) {
            const struct topo_iface *f = &t->nodes[i].ifaces[k];
            size_t wire = topo_wires_of(&w->w, i, f);
            if (wire != TOPO_NO_WIRE)
                w->members[w->nmembers++] = (struct member){wire, &t->nodes[i], f};
        }
    qsort(w->members, w->nmembers, sizeof *w->members, order_members);
}

/* ---- what the members of one wire, 'v' of 'n', hold against each other ---- */
static bool v4(const struct topo_text *x, struct value_addr *a)
{
    return value_addr(x->text, a) && a->family == AF_INET && a->has_prefix;
}

static bool has_family(const struct topo_iface *f, int family)
{
    struct value_addr a;

    for (size_t i = 0; i < f->naddrs; i++)
        if (value_addr(f->addrs[i].text, &a) && a.family == family)
            return true;
    return false;
}

/* Who is alone with its IPv4 network, though others have such addresses, too. */
static void warn_disjoint(struct wires *w, const struct member *v, size_t n, const struct peers *p)
{
    const struct member *last[2] = {NULL, NULL}; /* with IPv4: the last one first */

    for (size_t i = n; i-- > 0 && last[1] == NULL;)
        if (has_family(v[i].iface, AF_INET))
            last[last[0] != NULL] = &v[i];
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < v[i].iface->naddrs; k++) {
            const struct topo_text *x = &v[i].iface->addrs[k];
            const struct member *other = last[last[0] == &v[i]];
            struct value_addr a;
            if (other == NULL || !v4(x, &a) || a.prefix == 32 || peers_meet(p, &a, i))
                continue;
            check_warn(w->c, x->line,
                       "%s of %s:%s is in no network of the others on its wire, such as %s:%s (line %d)",
                       x->text, v[i].node->name, v[i].iface->name, other->node->name, other->iface->name,
                       other->iface->line);
        }
}

/* The third member of a network for two (RFC 3021, RFC 6164). */
static void warn_crowded(struct wires *w, const struct member *v, size_t n)
{
    struct value_addr a, first = {0};
    size_t in = 0;

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < v[i].iface->naddrs; k++) {
            const struct topo_text *x = &v[i].iface->addrs[k];
            if (!value_addr(x->text, &a) || !a.has_prefix || a.prefix != value_addr_len(&a) * 8 - 1)
                continue;
            if (in > 0 && !value_addr_within(&first, &a))
                continue;
            first = a;
            if (++in == 3)
                check_warn(w->c, x->line, "%s:%s is the third in %s, a network that has room for two",
                           v[i].node->name, v[i].iface->name, x->text);
        }
}

static void warn_mtu(struct wires *w, const struct member *v, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        uint32_t a = v[0].iface->mtu != 0 ? v[0].iface->mtu : MTU_DEFAULT,
                 b = v[i].iface->mtu != 0 ? v[i].iface->mtu : MTU_DEFAULT;
        if (a == b)
            continue;
        check_warn(
            w->c, v[i].iface->line,
            "%s:%s has MTU %u, but %s:%s on the same wire has %u (line %d): one drops what the other sends",
            v[i].node->name, v[i].iface->name, b, v[0].node->name, v[0].iface->name, a, v[0].iface->line);
        return; /* once for a wire */
    }
}

/* Who is alone in a VLAN reaches nobody. */
static void warn_lonely(struct wires *w, const struct member *v, size_t n)
{
    const struct topo_slot *s;
    const struct topo_link *l;

    if (n != 1 || v[0].wire >= w->w.nplaces || w->tagged[v[0].wire])
        return;
    s = topo_index_slot(&w->c->ix, (size_t)(v[0].node - w->c->t->nodes), v[0].iface->name);
    if (s == NULL || s->link < 0)
        return;
    l = &w->c->t->links[s->link];
    for (int k = 0; k < 2; k++) {
        const struct topo_ref *ref = topo_wires_ref(&w->w, &l->end[k]);
        const struct topo_port *p = ref != NULL ? topo_wires_port(&w->w, &l->end[k], ref) : NULL;
        if (p != NULL && p->mode == PLAN_VLAN_ACCESS)
            check_warn(w->c, p->line, "port '%s' of '%s': only %s:%s is in VLAN %u, where it reaches nobody",
                       p->name, l->end[k].node, v[0].node->name, v[0].iface->name, p->access);
    }
}

/* ---- gateways ---- */
static bool mentions(struct wires *w, const char *text, const char *what)
{
    size_t n = text != NULL ? strlen(text) : 0;

    if (n > w->text) /* looked into enough: assume that it does */
        return true;
    w->text -= n;
    return n > 0 && strstr(text, what) != NULL;
}

/* May a script, file or configuration of 'n' set up the address? */
static bool sets_up(struct wires *w, const struct topo_node *n, const char *ip)
{
    if (mentions(w, n->startup.text, ip) || mentions(w, n->frr_conf, ip))
        return true;
    for (size_t i = 0; i < n->nfiles; i++)
        if (mentions(w, n->files[i].text, ip))
            return true;
    return false;
}

static bool has_text(const struct topo_node *n)
{
    return n->startup.text != NULL || n->frr_conf != NULL || n->nfiles > 0;
}

/* What the members of a wire may still become. */
struct open {
    size_t bare[2];              /* without an address of IPv4, of IPv6 */
    const struct member **texts; /* with scripts or files */
    size_t ntexts;
};

static void open_init(struct open *o, const struct member *v, size_t n)
{
    *o = (struct open){.texts = xcalloc(n, sizeof *o->texts)};
    for (size_t i = 0; i < n; i++) {
        o->bare[0] += !has_family(v[i].iface, AF_INET);
        o->bare[1] += !has_family(v[i].iface, AF_INET6);
        if (has_text(v[i].node))
            o->texts[o->ntexts++] = &v[i];
    }
}

static void open_clear(struct open *o)
{
    free(o->texts);
}

/* May one of the others get the address: a student gives it to one without any, or a script does? */
static bool may_get(struct wires *w, const struct open *o, const struct member *self,
                    const struct value_addr *via, const char *ip)
{
    if (o->bare[via->family == AF_INET6] > !has_family(self->iface, via->family))
        return true;
    for (size_t i = 0; i < o->ntexts; i++)
        if (o->texts[i] != self && sets_up(w, o->texts[i]->node, ip))
            return true;
    return false;
}

static void warn_gateways(struct wires *w, const struct member *v, size_t n, const struct peers *p)
{
    AUTO(open_clear) struct open o = {.texts = NULL};

    if (n < 2)
        return;
    open_init(&o, v, n);
    for (size_t i = 0; i < n; i++)
        for (size_t r = 0; r < v[i].node->nroutes; r++) {
            const struct topo_route *route = &v[i].node->routes[r];
            struct value_addr via, a;
            bool here = false;
            if (route->via == NULL || !value_addr(route->via, &via) || via.ip[0] == 0xfe)
                continue; /* link-local ones are made up by the machines */
            for (size_t k = 0; k < v[i].iface->naddrs; k++)
                here = here || (value_addr(v[i].iface->addrs[k].text, &a) && value_addr_within(&a, &via));
            if (here && !peers_have(p, &via, i) && !may_get(w, &o, &v[i], &via, route->via))
                check_warn(w->c, route->line, "nobody on the wire of %s:%s has the address of the gateway %s",
                           v[i].node->name, v[i].iface->name, route->via);
        }
}

/* What the members of one wire hold against each other. */
static void check_wire(struct wires *w, const struct member *v, size_t n)
{
    AUTO(mem_freep) const struct topo_iface **ifaces = xcalloc(n, sizeof *ifaces);
    AUTO(peers_clear) struct peers p = {0};

    for (size_t i = 0; i < n; i++)
        ifaces[i] = v[i].iface;
    peers_init(&p, ifaces, n);
    warn_disjoint(w, v, n, &p);
    warn_crowded(w, v, n);
    warn_mtu(w, v, n);
    warn_lonely(w, v, n);
    warn_gateways(w, v, n, &p);
}

static void wires_clear(struct wires *w)
{
    topo_wires_clear(&w->w);
    free(w->tagged);
    free(w->members);
}

void check_wires(struct check *c)
{
    AUTO(wires_clear) struct wires w = {.c = c, .text = TEXT_MAX};

    if (!topo_wires_init(&w.w, c->t, &c->ix))
        return; /* nothing is said */
    w.tagged = xcalloc(w.w.nplaces + 1, sizeof *w.tagged);
    mark_tagged(&w);
    add_members(&w);
    for (size_t i = 0, n; i < w.nmembers; i += n) {
        const struct member *v = &w.members[i];
        for (n = 1; i + n < w.nmembers && v[n].wire == v->wire;)
            n++;
        check_wire(&w, v, n);
    }
}
