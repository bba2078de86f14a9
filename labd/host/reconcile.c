#include "labd/host/reconcile.h"

#include "labd/base/mem.h"

static void push(size_t **list, size_t *n, size_t node, size_t max)
{
    if (*list == NULL)
        *list = xcalloc(max, sizeof **list);
    (*list)[(*n)++] = node;
}

void reconcile(const struct plan *plan, enum lab_wanted wanted, const struct guest_observed *observed,
               const bool *reset, struct steps *out)
{
    size_t max = plan->nnodes;

    *out = (struct steps){0};
    for (size_t i = 0; i < max; i++) {
        bool fresh = reset != NULL && reset[i];
        bool keep = wanted == LAB_PRESENT && observed[i].state == GUEST_RUNNING && !fresh;

        if (observed[i].state != GUEST_ABSENT && !keep)
            push(&out->remove, &out->nremove, i, max);
        if (wanted == LAB_ABSENT)
            continue;
        if (fresh)
            push(&out->wipe, &out->nwipe, i, max);
        if (!keep)
            push(&out->create, &out->ncreate, i, max);
        push(&out->await, &out->nawait, i, max);
    }
    out->attach = wanted == LAB_PRESENT;
    out->detach = out->forget = wanted == LAB_ABSENT;
}

void steps_clear(struct steps *s)
{
    free(s->remove);
    free(s->wipe);
    free(s->create);
    free(s->await);
    *s = (struct steps){0};
}
