/* Protocols that a probe may speak: what it sends instead of a bare nonce, and what the answer says.  Used by
 * the engine of labprobe; what comes back is hostile. */
#ifndef GRADING_PROBE_SPEECH_H
#define GRADING_PROBE_SPEECH_H

#include "grading/probe/engine.h"

struct speech {
    size_t answer_max; /* bytes of an answer that are looked at */
    /* Writes the request of 's' into s->tx, and where in it is what tells it from others, from s->nonce. */
    int (*request)(const struct probe *p, struct shot *s, struct err *e);
    /* TCP: what an answer begins with, unless it repeats what tells the request from others. */
    const char *opening;
    /* UDP: whether a datagram belongs to 's', and in '*reply' if it is an answer. */
    bool (*belongs)(const struct shot *s, const uint8_t *data, size_t n, bool *reply);
    /* Looks at what was received, s->rx; 'closed': there will be no more.  True if s->s.answer is complete. */
    bool (*answer)(const struct probe *p, struct shot *s, bool closed);
};
/* NULL: the bare nonce. */
const struct speech *speech_of(const struct probe *p);

/* In the file of its name. */
extern const struct speech speech_dns, speech_http, speech_dhcp;

#endif
