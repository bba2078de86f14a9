/* What has to be done so that a lab becomes what is wanted: a pure function from wanted and observed to
 * steps.  Used by the worker of a lab's job (work.c) and by its tests; touches nothing. */
#ifndef HOST_RECONCILE_H
#define HOST_RECONCILE_H

#include "labd/host/guest/guest.h"

#include <stdbool.h>
#include <stddef.h>

enum lab_wanted { LAB_ABSENT, LAB_PRESENT, LAB_ASLEEP };

/* Carried out in this order; the arrays hold node indices in ascending order. */
struct steps {
    size_t *remove, nremove; /* guests that run and must not, or are half made */
    size_t *wipe, nwipe;     /* private layers to discard */
    size_t *create, ncreate;
    bool suspend;          /* the guests that run */
    bool restore;          /* the guests that are suspended */
    bool attach;           /* complete the wiring */
    size_t *await, nawait; /* guests whose startup result is needed */
    bool detach;           /* remove the wiring */
    bool forget;           /* remove the lab's files */
};

/* What somebody asked for beside the wanted state; arrays of plan->nnodes flags, or NULL. */
struct asked {
    const bool *reset;  /* nodes whose private layer is to be discarded */
    const bool *reboot; /* nodes that are to be stopped and made again with the layer that they have */
    const bool *
        start; /* nodes that may be started; others that do not run are cleared away and stay so.  NULL: all */
};

/* 'observed' has plan->nnodes entries.  A guest that was created but whose startup was never seen to end (a crash
 * of ours in between) is made anew, so that a lab is complete or removed, never half. */
void reconcile(const struct plan *plan, enum lab_wanted wanted, const struct guest_observed *observed,
               const struct asked *asked, struct steps *out);
void steps_clear(struct steps *s);

#endif
