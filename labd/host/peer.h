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

struct peer_protocol;

struct peer {
    const struct peer_protocol *protocol; /* peer_ospf.c, peer_bgp.c */
    pid_t keeper, init; /* our child; the first process of its PID namespace, as seen from here */
};

/* Starts zebra and the daemon of the protocol in the network namespace of 'r->pid', where the addresses of 'r' are
 * set, and waits until they answer.  With OSPF they speak in probe_peer_other_area(p).  ERR_UNSUPPORTED without FRR,
 * ERR_TIMEOUT.  Blocks up to 20 seconds: each of the two has 10. */
int peer_start(struct peer *k, const struct probe_ref *r, const struct probe_peer *p,
               struct err *e) MUST_CHECK;
/* Ends all daemons.  BGP closes its sessions; OSPF knows no good-bye, so the neighbours drop it after their dead interval,
 * and its router LSA, which leads nowhere by then, ages in their databases (RFC 2328, MaxAge).  Idempotent; at most 5
 * seconds. */
void peer_stop(struct peer *k);

/* From the other area to the one of 'p'; nothing to do with BGP. */
int peer_move(const struct peer *k, const struct probe_ref *r, const struct probe_peer *p,
              struct err *e) MUST_CHECK;
/* Takes the announced prefix back. */
int peer_withdraw(const struct peer *k, const struct probe_peer *p, struct err *e) MUST_CHECK;
/* Fills o->neighbours, or o->prefixes. */
int peer_neighbours(const struct peer *k, struct probe_peer_outcome *o, struct err *e) MUST_CHECK;
int peer_prefixes(const struct peer *k, struct probe_peer_outcome *o, struct err *e) MUST_CHECK;

#endif
