#include "topology/graph.h"

#include "labd/base/mem.h"
#include "topology/topo_index.h"

const char *graph_name(const struct topo *t, size_t vertex)
{
    return vertex < t->nnodes ? t->nodes[vertex].name : t->elements[vertex - t->nnodes].name;
}

const struct topo_pos *graph_pos(const struct topo *t, size_t vertex)
{
    return vertex < t->nnodes ? &t->nodes[vertex].pos : &t->elements[vertex - t->nnodes].pos;
}

static void add_edge(struct graph *g, const struct topo_index *ix, size_t a, const struct topo_ref *to)
{
    size_t b;

    if (to == NULL || to->kind == TOPO_LINK)
        return;
    b = topo_index_owner(ix, to);
    if (a == b)
        return;
    g->edge[0][g->nedges] = a;
    g->edge[1][g->nedges++] = b;
}

static void find_edges(struct graph *g, const struct topo *t, const struct topo_index *ix)
{
    for (size_t i = 0; i < t->nlinks; i++) {
        const struct topo_ref *a = topo_index_find(ix, t->links[i].end[0].node);
        if (a != NULL && a->kind != TOPO_LINK)
            add_edge(g, ix, topo_index_owner(ix, a), topo_index_find(ix, t->links[i].end[1].node));
    }
    for (size_t i = 0; i < t->nnodes; i++)
        for (size_t k = 0; k < t->nodes[i].nifaces; k++)
            add_edge(g, ix, i, topo_index_find(ix, t->nodes[i].ifaces[k].network));
}

void graph_init(struct graph *g, const struct topo *t)
{
    struct topo_index ix;
    size_t max = t->nlinks;

    *g = (struct graph){.n = t->nnodes + t->nelements};
    for (size_t i = 0; i < t->nnodes; i++)
        max += t->nodes[i].nifaces;
    for (int k = 0; k < 2; k++)
        g->edge[k] = xcalloc(max + 1, sizeof *g->edge[k]);
    topo_index_init(&ix, t);
    find_edges(g, t, &ix);
    topo_index_clear(&ix);
    g->first = xcalloc(g->n + 2, sizeof *g->first);
    g->to = xcalloc(2 * g->nedges + 1, sizeof *g->to);
    for (size_t i = 0; i < g->nedges; i++)
        for (int k = 0; k < 2; k++)
            g->first[g->edge[k][i] + 2]++; /* shifted by one more: the fill below moves it back */
    for (size_t i = 2; i < g->n + 2; i++)
        g->first[i] += g->first[i - 1];
    for (size_t i = 0; i < g->nedges; i++)
        for (int k = 0; k < 2; k++)
            g->to[g->first[g->edge[k][i] + 1]++] = g->edge[!k][i];
}

void graph_clear(struct graph *g)
{
    free(g->edge[0]);
    free(g->edge[1]);
    free(g->first);
    free(g->to);
    *g = (struct graph){0};
}
