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

static uint64_t head_of(const char *name)
{
    uint64_t head = 0;

    for (int i = 0; i < 8; i++)
        head = head << 8 | (*name != '\0' ? (unsigned char)*name++ : 0);
    return head;
}

/* As strcmp(). */
static int order_names(uint64_t a_head, const char *a, uint64_t b_head, const char *b)
{
    return a_head != b_head ? (a_head < b_head ? -1 : 1) : strcmp(a, b);
}

/* Nodes before elements before links where names are equal, each in the order of the file. */
static int order_refs(const void *a, const void *b)
{
    const struct topo_ref *x = a, *y = b;
    int c = order_names(x->head, x->name, y->head, y->name);

    if (c == 0)
        c = order_size((size_t)x->line, (size_t)y->line);
    if (c == 0)
        c = (int)x->kind - (int)y->kind;
    return c != 0 ? c : order_size(x->i, y->i);
}

/* Of one owner. */
static int order_slots(const void *a, const void *b)
{
    const struct topo_slot *x = a, *y = b;
    int c = strcmp(x->name, y->name);

    return c != 0 ? c : order_size(x->i, y->i);
}

static void add_ref(struct topo_index *ix, const char *name, enum topo_kind kind, size_t i, int line)
{
    if (name != NULL)
        ix->refs[ix->nrefs++] = (struct topo_ref){name, head_of(name), kind, i, line};
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

/* When all slots of 'owner' are there. */
static void end_owner(struct topo_index *ix, size_t owner)
{
    size_t from = ix->first[owner];

    qsort(ix->slots + from, ix->nslots - from, sizeof *ix->slots, order_slots);
    ix->first[owner + 1] = ix->nslots;
}

void topo_index_init(struct topo_index *ix, const struct topo *t)
{
    size_t nslots = 0;

    *ix = (struct topo_index){.nnodes = t->nnodes, .nowners = t->nnodes + t->nelements};
    for (size_t i = 0; i < t->nnodes; i++)
        nslots += t->nodes[i].nifaces;
    for (size_t i = 0; i < t->nelements; i++)
        nslots += t->elements[i].nports;
    ix->refs = xcalloc(ix->nowners + t->nlinks + 1, sizeof *ix->refs);
    ix->slots = xcalloc(nslots + 1, sizeof *ix->slots);
    ix->first = xcalloc(ix->nowners + 1, sizeof *ix->first);
    for (size_t i = 0; i < t->nnodes; i++) {
        const struct topo_node *n = &t->nodes[i];
        add_ref(ix, n->name, n->kind, i, n->line);
        for (size_t k = 0; k < n->nifaces; k++)
            add_slot(ix, i, k, n->ifaces[k].name, n->ifaces[k].line);
        end_owner(ix, i);
    }
    for (size_t i = 0; i < t->nelements; i++) {
        const struct topo_element *x = &t->elements[i];
        add_ref(ix, x->name, x->kind, i, x->line);
        for (size_t k = 0; k < x->nports; k++)
            add_slot(ix, t->nnodes + i, k, x->ports[k].name, x->ports[k].line);
        end_owner(ix, t->nnodes + i);
    }
    for (size_t i = 0; i < t->nlinks; i++)
        add_ref(ix, t->links[i].name, TOPO_LINK, i, t->links[i].line);
    qsort(ix->refs, ix->nrefs, sizeof *ix->refs, order_refs);
    add_links(ix, t);
    add_bonds(ix, t);
}

void topo_index_clear(struct topo_index *ix)
{
    free(ix->refs);
    free(ix->slots);
    free(ix->first);
    *ix = (struct topo_index){0};
}

const struct topo_ref *topo_index_find(const struct topo_index *ix, const char *name)
{
    size_t lo = 0, hi = ix->nrefs;
    uint64_t head;

    if (name == NULL)
        return NULL;
    head = head_of(name);
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (order_names(ix->refs[mid].head, ix->refs[mid].name, head, name) < 0)
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
    size_t lo, hi, end;

    if (name == NULL || owner >= ix->nowners)
        return NULL;
    lo = ix->first[owner];
    hi = end = ix->first[owner + 1];
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (strcmp(ix->slots[mid].name, name) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < end && strcmp(ix->slots[lo].name, name) == 0 ? &ix->slots[lo] : NULL;
}
