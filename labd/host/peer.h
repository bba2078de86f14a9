/* Routers of the grader's: FRR in the network namespace of a reference host, for as long as a probe takes.
 * Used by the worker of a JOB_PROBE (probe_run.c).
 *
 * Everything about a peer - its daemons, their sockets, their configuration - lives in a PID namespace and a
 * mount namespace of its own, which end with the worker, however that ends.  No service of the machine's is
 * started or touched.
 *
 * Why this is safe: what a student's router sends is parsed by FRR only, which runs as its own user without
 * most capabilities; what FRR says of it is read as JSON of limited size, and of that only addresses,
 * prefixes and states, each checked. */
#ifndef HOST_PEER_H
#define HOST_PEER_H

#include "grading/probe.h"

struct peer {
    pid_t keeper, init; /* our child; the first process of its PID namespace, as seen from here */
};

/* Starts zebra and ospfd in the network namespace of 'holder', where the addresses of 'r' are set, and waits until
 * they answer.  They speak in the area beside the one of 'p' (peer_other_area()).  ERR_UNSUPPORTED without FRR,
 * ERR_TIMEOUT.  Blocks up to 10 seconds. */
int peer_start(struct peer *k, const struct probe_ref *r, const struct probe_peer *p,
               struct err *e) MUST_CHECK;
/* Withdraws what it announced, takes leave of the neighbours, ends all daemons.  Idempotent; at most 5 seconds. */
void peer_stop(struct peer *k);

/* From the other area to the one of 'p'. */
int peer_move(const struct peer *k, const struct probe_ref *r, const struct probe_peer *p,
              struct err *e) MUST_CHECK;
/* Takes the announced prefix back. */
int peer_withdraw(const struct peer *k, const struct probe_peer *p, struct err *e) MUST_CHECK;
/* Fills o->neighbours, or o->prefixes. */
int peer_neighbours(const struct peer *k, struct probe_peer_outcome *o, struct err *e) MUST_CHECK;
int peer_prefixes(const struct peer *k, struct probe_peer_outcome *o, struct err *e) MUST_CHECK;

#endif
