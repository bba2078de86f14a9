/* Work that blocks, in a forked process: hashing passwords, grading.  Used by labd/site. */
#ifndef SITE_WORKER_H
#define SITE_WORKER_H

#include "labd/base/err.h"
#include "labd/base/loop.h"

#include <jansson.h>
#include <stdbool.h>

struct worker;

/* Runs in the child, which has 'fd' and the standard descriptors and nothing else of ours; sends frames
 * of JSON with worker_send().  Its result is the exit status. */
typedef int worker_fn(int fd, void *arg);
int worker_send(int fd, json_t *j); /* in the child; steals; -1 if the parent is gone */

struct worker_ops {
    void (*message)(json_t *j, void *arg); /* 'j' is borrowed, an object */
    /* Once, after the last message, unless worker_kill() was called.  'e' is NULL if the child ended
     * with status 0. */
    void (*ended)(const struct err *e, void *arg);
};

/* Forks.  The child is killed after 'limit_ms' (then 'ended' comes with ERR_TIMEOUT), and when labd dies. */
struct worker *worker_start(struct loop *l, worker_fn *fn, void *fn_arg, unsigned limit_ms,
                            const struct worker_ops *ops, void *arg, struct err *e);
void worker_kill(struct worker *w); /* NULL is fine; no callback comes any more */

#endif
