/* Life and death of a plan, and finding things in it. */
#include "topology/plan.h"

#include "labd/base/mem.h"

#include <string.h>

static void node_clear(struct plan_node *n)
{
    for (size_t i = 0; i < n->nfiles; i++) {
        free(n->files[i].path);
        free(n->files[i].content);
    }
    free(n->files);
    free(n->ifaces);
    free(n->startup);
}

void plan_free(struct plan *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < p->nnodes; i++)
        node_clear(&p->nodes[i]);
    free(p->nodes);
    free(p->bridges);
    free(p->segments);
    free(p->ports);
    free(p->links);
    free(p->bonds);
    for (size_t i = 0; i < p->nmirrors; i++)
        free(p->mirrors[i].from);
    free(p->mirrors);
    free(p->internet);
    free(p);
}

void plan_freep(struct plan **p)
{
    plan_free(*p);
    *p = NULL;
}

const struct plan_node *plan_node_find(const struct plan *p, const char *name)
{
    for (size_t i = 0; i < p->nnodes; i++)
        if (strcmp(p->nodes[i].name, name) == 0)
            return &p->nodes[i];
    return NULL;
}

const struct plan_link *plan_link_find(const struct plan *p, const char *name)
{
    for (size_t i = 0; i < p->nlinks; i++)
        if (strcmp(p->links[i].name, name) == 0)
            return &p->links[i];
    return NULL;
}

int plan_segment_find(const struct plan *p, const char *element)
{
    if (element[0] == '\0') /* the segments of unconnected interfaces have no name */
        return -1;
    for (size_t i = 0; i < p->nsegments; i++)
        if (strcmp(p->segments[i].element, element) == 0)
            return (int)i;
    return -1;
}
