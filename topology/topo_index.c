#include "topology/topo_index.h"

#include "labd/base/mem.h"

#include <string.h>

bool topo_kind_is_node(enum topo_kind k)
{
    return k == TOPO_HOST || k == TOPO_ROUTER;
}

static int order_size(size_t a, size_t b)
{
    return (a > b) - (a < b);
}

/* Nodes before elements before links where names are equal, each in the order of the file. */
static int order_refs(const void *a, const void *b)
{
    const struct topo_ref *x = a, *y = b;
    int c = strcmp(x->name, y->name);

    if (c == 0)
        c = order_size((size_t)x->line, (size_t)y->line);
    if (c == 0)
        c = (int)x->kind - (int)y->kind;
    return c != 0 ? c : order_size(x->i, y->i);
}

static int order_slots(const void *a, const void *b)
{
    const struct topo_slot *x = a, *y = b;
    int c = order_size(x->owner, y->owner);

    if (c == 0)
        c = strcmp(x->name, y->name);
    return c != 0 ? c : order_size(x->i, y->i);
}

static void add_ref(struct topo_index *ix, const char *name, enum topo_kind kind, size_t i, int line)
{
    if (name != NULL)
        ix->refs[ix->nrefs++] = (struct topo_ref){name, kind, i, line};
}

static void add_slot(struct topo_index *ix, size_t owner, size_t i, const char *name, int line)
{
    if (name != NULL)
        ix->slots[ix->nslots++] = (struct topo_slot){owner, i, name, line, -1, -1};
}

static void add_links(struct topo_index *ix, const struct topo *t)
{
    for (size_t i = 0; i < t->nlinks; i++)
        for (int k = 0; k < 2; k++) {
            const struct topo_end *end = &t->links[i].end[k];
            const struct topo_ref *ref = topo_index_find(ix, end->node);
            struct topo_slot *s = NULL;
            if (ref != NULL && ref->kind != TOPO_LINK)
                s = topo_index_slot(ix, topo_index_owner(ix, ref), end->iface);
            if (s != NULL && s->link < 0)
                s->link = (int32_t)i;
        }
}

static void add_bonds(struct topo_index *ix, const struct topo *t)
{
    for (size_t i = 0; i < t->nelements; i++)
        for (size_t k = 0; k < t->elements[i].nports; k++) {
            const struct topo_port *p = &t->elements[i].ports[k];
            for (size_t n = 0; n < p->members.n; n++) {
                struct topo_slot *s = topo_index_slot(ix, t->nnodes + i, p->members.items[n]);
                if (s != NULL && s->bond < 0)
                    s->bond = (int32_t)k;
            }
        }
}

void topo_index_init(struct topo_index *ix, const struct topo *t)
{
    size_t nslots = 0;

    *ix = (struct topo_index){.nnodes = t->nnodes};
    for (size_t i = 0; i < t->nnodes; i++)
        nslots += t->nodes[i].nifaces;
    for (size_t i = 0; i < t->nelements; i++)
        nslots += t->elements[i].nports;
    ix->refs = xcalloc(t->nnodes + t->nelements + t->nlinks + 1, sizeof *ix->refs);
    ix->slots = xcalloc(nslots + 1, sizeof *ix->slots);
    for (size_t i = 0; i < t->nnodes; i++) {
        const struct topo_node *n = &t->nodes[i];
        add_ref(ix, n->name, n->kind, i, n->line);
        for (size_t k = 0; k < n->nifaces; k++)
            add_slot(ix, i, k, n->ifaces[k].name, n->ifaces[k].line);
    }
    for (size_t i = 0; i < t->nelements; i++) {
        const struct topo_element *x = &t->elements[i];
        add_ref(ix, x->name, x->kind, i, x->line);
        for (size_t k = 0; k < x->nports; k++)
            add_slot(ix, t->nnodes + i, k, x->ports[k].name, x->ports[k].line);
    }
    for (size_t i = 0; i < t->nlinks; i++)
        add_ref(ix, t->links[i].name, TOPO_LINK, i, t->links[i].line);
    qsort(ix->refs, ix->nrefs, sizeof *ix->refs, order_refs);
    qsort(ix->slots, ix->nslots, sizeof *ix->slots, order_slots);
    add_links(ix, t);
    add_bonds(ix, t);
}

void topo_index_clear(struct topo_index *ix)
{
    free(ix->refs);
    free(ix->slots);
    *ix = (struct topo_index){0};
}

const struct topo_ref *topo_index_find(const struct topo_index *ix, const char *name)
{
    size_t lo = 0, hi = ix->nrefs;

    if (name == NULL)
        return NULL;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (strcmp(ix->refs[mid].name, name) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < ix->nrefs && strcmp(ix->refs[lo].name, name) == 0 ? &ix->refs[lo] : NULL;
}

size_t topo_index_owner(const struct topo_index *ix, const struct topo_ref *ref)
{
    return topo_kind_is_node(ref->kind) ? ref->i : ix->nnodes + ref->i;
}

struct topo_slot *topo_index_slot(const struct topo_index *ix, size_t owner, const char *name)
{
    size_t lo = 0, hi = ix->nslots;
    struct topo_slot key = {.owner = owner, .i = 0, .name = name};

    if (name == NULL)
        return NULL;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (order_slots(&ix->slots[mid], &key) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == ix->nslots || ix->slots[lo].owner != owner || strcmp(ix->slots[lo].name, name) != 0)
        return NULL;
    return &ix->slots[lo];
}
