#include "labd/host/reconcile.h"

#include "labd/base/mem.h"

static void push(size_t **list, size_t *n, size_t node, size_t max)
{
    if (*list == NULL)
        *list = xcalloc(max, sizeof **list);
    (*list)[(*n)++] = node;
}

void reconcile(const struct plan *plan, enum lab_wanted wanted, const struct guest_observed *observed,
               const struct asked *asked, struct steps *out)
{
    size_t max = plan->nnodes;

    *out = (struct steps){0};
    for (size_t i = 0; i < max; i++) {
        enum guest_state seen = observed[i].state;
        bool fresh = asked->reset != NULL && asked->reset[i];
        bool again = fresh || (asked->reboot != NULL && asked->reboot[i]);
        bool keep = wanted != LAB_ABSENT && (seen == GUEST_RUNNING || seen == GUEST_SUSPENDED) && !again;

        if (seen != GUEST_ABSENT && !keep)
            push(&out->remove, &out->nremove, i, max);
        out->suspend |= wanted == LAB_ASLEEP && seen == GUEST_RUNNING;
        out->restore |= wanted == LAB_PRESENT && seen == GUEST_SUSPENDED && !again;
        if (wanted != LAB_PRESENT || (!keep && !again && asked->start != NULL && !asked->start[i]))
            continue;
        if (fresh)
            push(&out->wipe, &out->nwipe, i, max);
        if (!keep)
            push(&out->create, &out->ncreate, i, max);
        push(&out->await, &out->nawait, i, max);
    }
    out->attach = wanted == LAB_PRESENT;
    out->detach = wanted != LAB_PRESENT;
    out->forget = wanted == LAB_ABSENT;
}

void steps_clear(struct steps *s)
{
    free(s->remove);
    free(s->wipe);
    free(s->create);
    free(s->await);
    *s = (struct steps){0};
}
