/* What kinds have in common for which a router of ours speaks with the student's: ospf, bgp.  Used inside
 * grading/check. */
#ifndef GRADING_CHECK_PEERING_H
#define GRADING_CHECK_PEERING_H

#include "grading/check/flow.h"

/* The reference 'name' of attribute 'what', or NULL: it exists, has an IPv4 address, and is not our router. */
const struct probe_ref *peering_review_ref(struct check_review *k, const struct exercise_check *c,
                                           const char *what, const char *name);
/* The peer, and 'from' with its gateway. */
void peering_review(struct check_review *k, const struct exercise_check *c);

/* A router of ours at reference 'ref', with a fresh prefix to announce.  Never NULL: a check has room for two. */
struct probe_peer *peering_add(struct probe_spec *s, const struct exercise *x, const char *ref);
/* The probes from c->from, if there is one, to what the first peer of 's' announces and then withdraws. */
int peering_spec(struct probe_spec *s, const struct exercise *x, size_t i, struct err *e) MUST_CHECK;

/* Packets arrived at our router while the prefix was announced and not when it was withdrawn; or '*v' says what
 * happened instead.  True if there is no 'from'. */
bool peering_forwarded(const struct exercise_check *c, size_t i, const struct probe_result *r,
                       struct grading_verdict *v);
/* 'want' among what our router was told, by address and length; or NULL. */
const struct probe_prefix *peering_heard(const struct probe_peer_outcome *o, const struct probe_prefix *want);

/* Our router was told of all prefixes in c->hears, with the AS path c->as_path if there is one; or '*v' names the
 * others, with a part of the points for each that is as it should be. */
bool peering_told(const struct exercise_check *c, const struct probe_peer_outcome *o,
                  struct grading_verdict *v);

/* "; a packet from .. to a prefix that it announces arrives there until that is withdrawn", or nothing. */
void peering_text(char out[GRADING_TEXT], const struct exercise *x, const struct exercise_check *c);

#endif
