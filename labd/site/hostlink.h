/* The connection to labhost: requests and the stream of its events.  Used by labd/site.
 *
 * labhost may be away at any time; then requests fail with ERR_UNREACHABLE and one sentence, and the link
 * tries again, at first after 100 ms. */
#ifndef SITE_HOSTLINK_H
#define SITE_HOSTLINK_H

#include "labd/site/site_int.h"

/* What the events mean is up to labs.c. */
struct hostlink_ops {
    void (*lab)(json_t *lab, void *arg);                  /* a lab object of labhost; borrowed */
    void (*gone)(const char *id, void *arg);              /* removed completely */
    void (*listed)(json_t *labs, int64_t seq, void *arg); /* after each connect: all labs; 'seq' below */
    void (*down)(void *arg);
    void (*status)(void *arg); /* what follows from host.status is known anew */
};

struct hostlink *hostlink_new(struct site *s, const struct hostlink_ops *ops, void *arg);
/* What waits fails with ERR_UNREACHABLE; no event comes any more. */
void hostlink_free(struct hostlink *h);
/* labhost is connected and has said what runs: until then the states of labs are those from before. */
bool hostlink_up(const struct hostlink *h);
const char *hostlink_driver(const struct hostlink *h); /* its default driver, "" while unknown */
/* Whether labs of the driver can be suspended; false while unknown. */
bool hostlink_suspends(const struct hostlink *h, const char *driver);
/* A number that grows with every request: what was asked after 'seq' is newer than that list. */
int64_t hostlink_seq(const struct hostlink *h);

/* Sends {"do": name, ...'args'} ('args' is stolen, may be NULL).  'done' comes exactly once, from the
 * loop or from hostlink_free(). */
typedef void hostlink_done_fn(json_t *reply, const struct err *e, void *arg);
void hostlink_call(struct hostlink *h, const char *name, json_t *args, hostlink_done_fn *done, void *arg);

/* The same for a stream, which the caller cancels by himself. */
struct rpc_pending *hostlink_stream(struct hostlink *h, const char *name, json_t *args, rpc_done_fn *done,
                                    void *arg);

#endif
