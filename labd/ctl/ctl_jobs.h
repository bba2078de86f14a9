/* Jobs in child processes, some at a time: each has its own connection to labd and its own signals, and what
 * befalls one does not befall the others.  Used by labctl exercise test. */
#ifndef CTL_CTL_JOBS_H
#define CTL_CTL_JOBS_H

#include "labd/base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define CTL_JOBS_MAX 16u /* at a time */

struct ctl_jobs {
    size_t n;                             /* 0 .. n - 1, begun in this order */
    unsigned at_a_time;                   /* 1 .. CTL_JOBS_MAX */
    void (*begin)(size_t i, void *arg);   /* here, before the process is made */
    json_t *(*work)(size_t i, void *arg); /* in the process; a new reference */
    /* Here, when it ended: what work() returned, borrowed; or NULL, and 'e' says why there is none.  False: no
     * more are begun. */
    bool (*end)(size_t i, const json_t *result, const struct err *e, void *arg);
    void *arg;
};

/* Runs them and waits for all that it began; returns how many.  After ctl_signals_catch() a signal is passed
 * on to those that run, and no more are begun.  They are in process groups of their own, so that Ctrl-C
 * reaches them only through us.  Nothing of 'begin' may be left in the buffer of a stdio stream. */
size_t ctl_jobs_run(const struct ctl_jobs *jobs);

#endif
