/* What is legal on a wire but surely not meant: warnings only.
 *
 * A wire is a broadcast domain: interfaces that hear each other's broadcasts.  Links that are down are
 * followed, too, for they may be plugged in.  VLANs divide: a switch is one place per VLAN (0: what
 * untagged frames of plain ports are in), a hub or network one place per tag, and links join places.
 *
 * An exercise leaves things for the student to configure, so silence is the rule where something is
 * missing: only what was declared is held against something else that was declared. */
#include "topology/topo_check.h"

#include "labd/base/mem.h"

#include <arpa/inet.h>
#include <string.h>

#define PLACES_MAX (1u << 20)      /* elements times VLANs; beyond, nothing is said */
#define JOINS_MAX (1u << 22)       /* links times VLANs; the same */
#define COMPARISONS_MAX (1u << 21) /* of addresses, in all */
#define TEXT_MAX (16u << 20)       /* bytes of scripts to look into, in all */
#define MTU_DEFAULT 1500
#define NOWHERE SIZE_MAX

struct member {  /* an interface on a wire */
    size_t wire; /* the root of its places; from nplaces on: a link between two interfaces */
    const struct topo_node *node;
    const struct topo_iface *iface;
};
struct wires {
    struct check *c;
    uint32_t *vlans; /* sorted; vlans[0] is 0 */
    size_t nvlans, nplaces;
    size_t *parent;         /* by place: of element i in VLAN vlans[v], i * nvlans + v */
    bool *tagged;           /* by root: a node gets this VLAN tagged, and may use it */
    struct member *members; /* by wire, then in the order of the file */
    size_t nmembers;
    size_t comparisons, text;
};

/* ---- places ---- */
static size_t root(struct wires *w, size_t i)
{
    while (w->parent[i] != i)
        i = w->parent[i] = w->parent[w->parent[i]];
    return i;
}

static void join(struct wires *w, size_t a, size_t b)
{
    w->parent[root(w, a)] = root(w, b);
}

static int order_vlans(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static void collect_vlans(struct wires *w)
{
    const struct topo *t = w->c->t;
    size_t n = 1, k = 0;

    for (size_t i = 0; i < t->nelements; i++)
        for (size_t p = 0; p < t->elements[i].nports; p++)
            n += 2 + t->elements[i].ports[p].ntrunks;
    w->vlans = xcalloc(n, sizeof *w->vlans);
    n = 1;
    for (size_t i = 0; i < t->nelements; i++)
        for (size_t p = 0; p < t->elements[i].nports; p++) {
            const struct topo_port *port = &t->elements[i].ports[p];
            w->vlans[n++] = port->access;
            w->vlans[n++] = port->native;
            for (size_t v = 0; v < port->ntrunks; v++)
                w->vlans[n++] = port->trunks[v];
        }
    qsort(w->vlans, n, sizeof *w->vlans, order_vlans);
    for (size_t i = 1; i < n; i++)
        if (w->vlans[i] != w->vlans[k])
            w->vlans[++k] = w->vlans[i];
    w->nvlans = k + 1;
}

static size_t vlan_index(const struct wires *w, uint32_t vlan)
{
    const uint32_t *hit = bsearch(&vlan, w->vlans, w->nvlans, sizeof *w->vlans, order_vlans);

    return hit != NULL ? (size_t)(hit - w->vlans) : 0;
}

/* The port of a switch that 'end' names, or the bond that it is in; NULL: a plain one, or no switch. */
static const struct topo_port *port_of(const struct wires *w, const struct topo_end *end,
                                       const struct topo_ref *ref)
{
    const struct topo_slot *s = topo_index_slot(&w->c->ix, topo_index_owner(&w->c->ix, ref), end->iface);

    if (s == NULL || ref->kind != TOPO_SWITCH)
        return NULL;
    return &w->c->t->elements[ref->i].ports[s->bond >= 0 ? (size_t)s->bond : s->i];
}

/* Where a frame with 'tag' (index of a VLAN; 0: untagged) is once it came in at this end. */
static size_t place(const struct wires *w, const struct topo_end *end, const struct topo_ref *ref, size_t tag)
{
    const struct topo_port *p = port_of(w, end, ref);
    size_t base = ref->i * w->nvlans;

    if (p != NULL && p->mirror != PLAN_MIRROR_NONE)
        return NOWHERE; /* it shows, and takes nothing */
    if (p == NULL || p->mode == PLAN_VLAN_NONE)
        return base + tag;
    if (p->mode == PLAN_VLAN_ACCESS)
        return tag == 0 ? base + vlan_index(w, p->access) : NOWHERE;
    if (tag == 0)
        return p->native != 0 ? base + vlan_index(w, p->native) : p->ntrunks == 0 ? base : NOWHERE;
    for (size_t i = 0; i < p->ntrunks; i++)
        if (p->trunks[i] == w->vlans[tag])
            return base + tag;
    return p->ntrunks == 0 ? base + tag : NOWHERE;
}

static const struct topo_ref *end_ref(const struct wires *w, const struct topo_end *end)
{
    const struct topo_ref *ref = topo_index_find(&w->c->ix, end->node);

    return ref != NULL && ref->kind != TOPO_LINK ? ref : NULL;
}

static void join_link(struct wires *w, const struct topo_link *l)
{
    const struct topo_ref *a = end_ref(w, &l->end[0]), *b = end_ref(w, &l->end[1]);

    if (a == NULL || b == NULL || topo_kind_is_node(a->kind) || topo_kind_is_node(b->kind))
        return;
    for (size_t tag = 0; tag < w->nvlans; tag++) {
        size_t x = place(w, &l->end[0], a, tag), y = place(w, &l->end[1], b, tag);
        if (x != NOWHERE && y != NOWHERE)
            join(w, x, y);
    }
}

/* ---- members ---- */
static size_t wire_of(struct wires *w, size_t node, const struct topo_iface *f)
{
    const struct topo_slot *s = topo_index_slot(&w->c->ix, node, f->name);
    const struct topo_ref *ref;
    const struct topo_link *l;
    int near;

    if (f->network != NULL) {
        ref = topo_index_find(&w->c->ix, f->network);
        return ref != NULL && ref->kind == TOPO_NETWORK ? root(w, ref->i * w->nvlans) : NOWHERE;
    }
    if (s == NULL || s->link < 0)
        return NOWHERE;
    l = &w->c->t->links[s->link];
    near = l->end[0].iface == NULL || strcmp(l->end[0].node, w->c->t->nodes[node].name) != 0 ||
           strcmp(l->end[0].iface, f->name) != 0;
    ref = end_ref(w, &l->end[!near]);
    if (ref == NULL)
        return NOWHERE;
    if (topo_kind_is_node(ref->kind))
        return w->nplaces + (size_t)s->link;
    for (size_t tag = 1; tag < w->nvlans; tag++) {
        size_t in = place(w, &l->end[!near], ref, tag);
        if (in != NOWHERE)
            w->tagged[root(w, in)] = true;
    }
    size_t at = place(w, &l->end[!near], ref, 0);
    return at != NOWHERE ? root(w, at) : NOWHERE;
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
            size_t wire = wire_of(w, i, f);
            if (wire != NOWHERE)
                w->members[w->nmembers++] = (struct member){wire, &t->nodes[i], f};
        }
    qsort(w->members, w->nmembers, sizeof *w->members, order_members);
}

/* ---- what the members of one wire, 'v' of 'n', hold against each other ---- */
static bool v4(const struct topo_text *x, struct value_addr *a)
{
    return value_addr(x->text, a) && a->family == AF_INET && a->has_prefix;
}

static bool overlap(const struct value_addr *a, const struct value_addr *b)
{
    return value_addr_within(a, b) || value_addr_within(b, a);
}

/* Is 'a' alone with its network on the wire, though others have IPv4 addresses, too?  '*other' is one. */
static bool alone(struct wires *w, const struct member *v, size_t n, const struct member *self,
                  const struct value_addr *a, const struct member **other)
{
    struct value_addr b;

    *other = NULL;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; &v[i] != self && k < v[i].iface->naddrs; k++) {
            if (w->comparisons-- == 0)
                return w->comparisons = 0, false;
            if (!v4(&v[i].iface->addrs[k], &b))
                continue;
            if (overlap(a, &b))
                return false;
            *other = &v[i];
        }
    }
    return *other != NULL;
}

static void warn_disjoint(struct wires *w, const struct member *v, size_t n)
{
    struct value_addr a;
    const struct member *other;

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < v[i].iface->naddrs; k++)
            if (v4(&v[i].iface->addrs[k], &a) && a.prefix < 32 && alone(w, v, n, &v[i], &a, &other))
                check_warn(w->c, v[i].iface->addrs[k].line,
                           "%s of %s:%s is in no network of the others on its wire, such as %s:%s (line %d)",
                           v[i].iface->addrs[k].text, v[i].node->name, v[i].iface->name, other->node->name,
                           other->iface->name, other->iface->line);
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

    if (n != 1 || v[0].wire >= w->nplaces || w->tagged[v[0].wire])
        return;
    s = topo_index_slot(&w->c->ix, (size_t)(v[0].node - w->c->t->nodes), v[0].iface->name);
    if (s == NULL || s->link < 0)
        return;
    l = &w->c->t->links[s->link];
    for (int k = 0; k < 2; k++) {
        const struct topo_ref *ref = end_ref(w, &l->end[k]);
        const struct topo_port *p = ref != NULL ? port_of(w, &l->end[k], ref) : NULL;
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

/* Is 'via' the address of one of the others on the wire, or may it become one? */
static bool may_answer(struct wires *w, const struct member *v, size_t n, const struct member *self,
                       const struct value_addr *via, const char *ip)
{
    for (size_t i = 0; i < n; i++) {
        struct value_addr a;
        bool any = false;
        if (&v[i] == self)
            continue;
        for (size_t k = 0; k < v[i].iface->naddrs; k++) {
            if (w->comparisons-- == 0)
                return w->comparisons = 0, true;
            if (!value_addr(v[i].iface->addrs[k].text, &a) || a.family != via->family)
                continue;
            any = true;
            if (memcmp(a.ip, via->ip, sizeof a.ip) == 0)
                return true;
        }
        if (!any || sets_up(w, v[i].node, ip)) /* without an address: the student gives it one */
            return true;
    }
    return n < 2;
}

static void warn_gateways(struct wires *w, const struct member *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t r = 0; r < v[i].node->nroutes; r++) {
            const struct topo_route *route = &v[i].node->routes[r];
            struct value_addr via, a;
            bool here = false;
            if (route->via == NULL || !value_addr(route->via, &via) || via.ip[0] == 0xfe)
                continue; /* link-local ones are made up by the machines */
            for (size_t k = 0; k < v[i].iface->naddrs; k++)
                here = here || (value_addr(v[i].iface->addrs[k].text, &a) && value_addr_within(&a, &via));
            if (here && !may_answer(w, v, n, &v[i], &via, route->via))
                check_warn(w->c, route->line, "nobody on the wire of %s:%s has the address of the gateway %s",
                           v[i].node->name, v[i].iface->name, route->via);
        }
}

static void wires_clear(struct wires *w)
{
    free(w->vlans);
    free(w->parent);
    free(w->tagged);
    free(w->members);
}

void check_wires(struct check *c)
{
    AUTO(wires_clear) struct wires w = {.c = c, .comparisons = COMPARISONS_MAX, .text = TEXT_MAX};
    const struct topo *t = c->t;

    collect_vlans(&w);
    if (t->nelements > PLACES_MAX / w.nvlans || t->nlinks > JOINS_MAX / w.nvlans)
        return;
    w.nplaces = t->nelements * w.nvlans;
    w.parent = xcalloc(w.nplaces + 1, sizeof *w.parent);
    w.tagged = xcalloc(w.nplaces + 1, sizeof *w.tagged);
    for (size_t i = 0; i < w.nplaces; i++)
        w.parent[i] = i;
    for (size_t i = 0; i < t->nlinks; i++)
        join_link(&w, &t->links[i]);
    add_members(&w);
    for (size_t i = 0, n; i < w.nmembers; i += n) {
        const struct member *v = &w.members[i];
        for (n = 1; i + n < w.nmembers && v[n].wire == v->wire;)
            n++;
        warn_disjoint(&w, v, n);
        warn_crowded(&w, v, n);
        warn_mtu(&w, v, n);
        warn_lonely(&w, v, n);
        warn_gateways(&w, v, n);
    }
}
