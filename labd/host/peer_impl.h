/* What the protocols that a peer can speak have to provide.  Used by labd/host/peer*.c only. */
#ifndef HOST_PEER_IMPL_H
#define HOST_PEER_IMPL_H

#include "labd/base/buf.h"
#include "labd/host/peer.h"

#include <jansson.h>

struct peer_protocol {
    const char *daemon; /* of FRR, beside zebra */
    const char *alive;  /* what it answers in JSON as soon as it is there */
    /* The daemon's configuration; the caller frees it. */
    char *(*config)(const struct probe_ref *r, const struct probe_peer *p);
    /* See peer_move(); NULL where there is no control. */
    int (*move)(const struct peer *k, const struct probe_ref *r, const struct probe_peer *p, struct err *e);
    int (*neighbours)(const struct peer *k, struct probe_peer_outcome *o, struct err *e);
    int (*prefixes)(const struct peer *k, struct probe_peer_outcome *o, struct err *e);
};
extern const struct peer_protocol peer_ospf, peer_bgp;

/* ---- peer.c: for all of them ---- */
/* Runs up to 8 commands of 'daemon'; what it says goes to 'out' (or NULL). */
int peer_tell(const struct peer *k, const char *daemon, const char *const *commands, size_t n,
              struct buf *out, struct err *e) MUST_CHECK;
/* What the daemon answers: a new reference, or NULL. */
json_t *peer_ask(const struct peer *k, const char *question, struct err *e);
/* "Full/DR" -> "Full"; "" for what is no name of a state. */
void peer_state(char out[PROBE_STATE_SIZE], const char *s);
/* The IPv4 address of 'r', borrowed. */
const struct probe_addr *peer_own(const struct probe_ref *r, unsigned *prefix);

#endif
