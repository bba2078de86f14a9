#include "topology/topo_wire.h"

#include "labd/base/mem.h"

#include <string.h>

#define PLACES_MAX (1u << 20) /* elements times VLANs */
#define JOINS_MAX (1u << 22)  /* links times VLANs */
#define SCANS_MAX (1u << 28)  /* entries of lists of trunks to look at */

static size_t root(struct topo_wires *w, size_t i)
{
    while (w->parent[i] != i)
        i = w->parent[i] = w->parent[w->parent[i]];
    return i;
}

static void join(struct topo_wires *w, size_t a, size_t b)
{
    w->parent[root(w, a)] = root(w, b);
}

static int order_vlans(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static void collect_vlans(struct topo_wires *w)
{
    const struct topo *t = w->t;
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

static size_t vlan_index(const struct topo_wires *w, uint32_t vlan)
{
    const uint32_t *hit = bsearch(&vlan, w->vlans, w->nvlans, sizeof *w->vlans, order_vlans);

    return hit != NULL ? (size_t)(hit - w->vlans) : 0;
}

const struct topo_port *topo_wires_port(const struct topo_wires *w, const struct topo_end *end,
                                        const struct topo_ref *ref)
{
    const struct topo_slot *s = topo_index_slot(w->ix, topo_index_owner(w->ix, ref), end->iface);

    if (s == NULL || ref->kind != TOPO_SWITCH)
        return NULL;
    return &w->t->elements[ref->i].ports[s->bond >= 0 ? (size_t)s->bond : s->i];
}

/* Where a frame with 'tag' (index of a VLAN; 0: untagged) is once it came in at this end. */
static size_t place(const struct topo_wires *w, const struct topo_end *end, const struct topo_ref *ref,
                    size_t tag)
{
    const struct topo_port *p = topo_wires_port(w, end, ref);
    size_t base = ref->i * w->nvlans;

    if (p != NULL && p->mirror != PLAN_MIRROR_NONE)
        return TOPO_NO_WIRE; /* it shows, and takes nothing */
    if (p == NULL || p->mode == PLAN_VLAN_NONE)
        return base + tag;
    if (p->mode == PLAN_VLAN_ACCESS)
        return tag == 0 ? base + vlan_index(w, p->access) : TOPO_NO_WIRE;
    if (tag == 0)
        return p->native != 0 ? base + vlan_index(w, p->native) : p->ntrunks == 0 ? base : TOPO_NO_WIRE;
    for (size_t i = 0; i < p->ntrunks; i++)
        if (p->trunks[i] == w->vlans[tag])
            return base + tag;
    return p->ntrunks == 0 ? base + tag : TOPO_NO_WIRE;
}

const struct topo_ref *topo_wires_ref(const struct topo_wires *w, const struct topo_end *end)
{
    const struct topo_ref *ref = topo_index_find(w->ix, end->node);

    return ref != NULL && ref->kind != TOPO_LINK ? ref : NULL;
}

static void join_link(struct topo_wires *w, const struct topo_link *l)
{
    const struct topo_ref *a = topo_wires_ref(w, &l->end[0]), *b = topo_wires_ref(w, &l->end[1]);

    if (a == NULL || b == NULL || topo_kind_is_node(a->kind) || topo_kind_is_node(b->kind))
        return;
    for (size_t tag = 0; tag < w->nvlans; tag++) {
        size_t x = place(w, &l->end[0], a, tag), y = place(w, &l->end[1], b, tag);
        if (x != TOPO_NO_WIRE && y != TOPO_NO_WIRE)
            join(w, x, y);
    }
}

size_t topo_wires_element(struct topo_wires *w, size_t i)
{
    return root(w, i * w->nvlans);
}

size_t topo_wires_at(struct topo_wires *w, const struct topo_end *end, const struct topo_ref *ref, size_t tag)
{
    size_t at = place(w, end, ref, tag);

    return at != TOPO_NO_WIRE ? root(w, at) : TOPO_NO_WIRE;
}

size_t topo_wires_of(struct topo_wires *w, size_t node, const struct topo_iface *f)
{
    const struct topo_slot *s = topo_index_slot(w->ix, node, f->name);
    const struct topo_ref *ref;
    const struct topo_link *l;
    int near;

    if (f->network != NULL) {
        ref = topo_index_find(w->ix, f->network);
        return ref != NULL && ref->kind == TOPO_NETWORK ? topo_wires_element(w, ref->i) : TOPO_NO_WIRE;
    }
    if (s == NULL || s->link < 0)
        return TOPO_NO_WIRE;
    l = &w->t->links[s->link];
    near = l->end[0].iface == NULL || strcmp(l->end[0].node, w->t->nodes[node].name) != 0 ||
           strcmp(l->end[0].iface, f->name) != 0;
    ref = topo_wires_ref(w, &l->end[!near]);
    if (ref == NULL)
        return TOPO_NO_WIRE;
    if (topo_kind_is_node(ref->kind))
        return w->nplaces + (size_t)s->link;
    return topo_wires_at(w, &l->end[!near], ref, 0);
}

/* What joining all links would cost, or more than SCANS_MAX. */
static size_t scans(const struct topo_wires *w)
{
    size_t n = 0;

    for (size_t i = 0; i < w->t->nlinks && n <= SCANS_MAX; i++)
        for (int k = 0; k < 2; k++) {
            const struct topo_end *end = &w->t->links[i].end[k];
            const struct topo_ref *ref = topo_wires_ref(w, end);
            const struct topo_port *p = ref != NULL ? topo_wires_port(w, end, ref) : NULL;
            n += p != NULL ? p->ntrunks * w->nvlans : 0;
        }
    return n;
}

bool topo_wires_init(struct topo_wires *w, const struct topo *t, const struct topo_index *ix)
{
    *w = (struct topo_wires){.t = t, .ix = ix};
    collect_vlans(w);
    if (t->nelements > PLACES_MAX / w->nvlans || t->nlinks > JOINS_MAX / w->nvlans || scans(w) > SCANS_MAX)
        return false;
    w->nplaces = t->nelements * w->nvlans;
    w->parent = xcalloc(w->nplaces + 1, sizeof *w->parent);
    for (size_t i = 0; i < w->nplaces; i++)
        w->parent[i] = i;
    for (size_t i = 0; i < t->nlinks; i++)
        join_link(w, &t->links[i]);
    return true;
}

void topo_wires_clear(struct topo_wires *w)
{
    free(w->vlans);
    free(w->parent);
    *w = (struct topo_wires){0};
}
