/* What kinds have in common whose probe goes from a reference to one address: reachability, unreachable,
 * tcp-open, tcp-closed, path.  Used inside grading/check. */
#ifndef GRADING_CHECK_FLOW_H
#define GRADING_CHECK_FLOW_H

#include "grading/check/check.h"

#define FLOW_TCP_TIMEOUT_MS 2200 /* a lost SYN is sent again after one second */

/* Entries of attribute tables. */
#define FLOW_ENDS \
    {"from", XA_NAME, offsetof(struct exercise_check, from), true, 0, 0}, {"to", XA_TO, 0, true, 0, 0}, \
    { \
        "seen-at", XA_SEEN, offsetof(struct exercise_check, seen_at), false, 0, 0 \
    }
#define FLOW_PROTO \
    {"proto", XA_PROTO, offsetof(struct exercise_check, proto), false, 0, 0}, \
    { \
        "port", XA_PORT, offsetof(struct exercise_check, port), false, 1, 65535 \
    }
#define FLOW_TCP \
    { \
        "port", XA_PORT, offsetof(struct exercise_check, port), true, 1, 65535 \
    }
#define FLOW_ARRIVAL \
    { \
        "hops", XA_INT, offsetof(struct exercise_check, hops), false, 0, 60 \
    }
#define FLOW_BOTH \
    { \
        "both", XA_BOOL, offsetof(struct exercise_check, both), false, 0, 0 \
    }
#define FLOW_CONTROL \
    { \
        "control", XA_NAME, offsetof(struct exercise_check, control), false, 0, 0 \
    }

/* One flow under judgement. */
struct flow {
    const struct exercise *x;
    const struct exercise_check *c;
    enum probe_kind proto;
    char far[PROBE_PORT_SIZE];
    char place[PROBE_PORT_SIZE + 32]; /* 'far' in words */
    struct probe_addr self, to;
    char to_text[PROBE_ADDR_TEXT];
};
/* 'back': from the target, a reference, to the sender. */
void flow_init(struct flow *f, const struct exercise *x, const struct exercise_check *c, bool back);
/* To 'to', one of the addresses that 'c' may mean. */
void flow_init_to(struct flow *f, const struct exercise *x, const struct exercise_check *c,
                  const struct probe_addr *to);
bool flow_watched(const struct exercise_check *c); /* arrival is seen outside any guest */

/* The ends make sense, and the port with the protocol. */
void flow_review(struct check_review *k, const struct exercise_check *c);
/* Its two steps: 'from' is a reference, which is returned, or NULL; it can send to 'to'. */
const struct probe_ref *flow_review_from(struct check_review *k, const struct exercise_check *c);
void flow_review_addr(struct check_review *k, const struct exercise_check *c, const struct probe_addr *to);
/* The references, the far port, one probe. */
int flow_spec(struct probe_spec *s, const struct exercise *x, size_t i, enum grading_phase phase,
              struct err *e) MUST_CHECK;
/* Its two steps: the references and the far port; a probe 'id' to 'to'.  'c' may be a part of a check. */
int flow_spec_ends(struct probe_spec *s, const struct exercise *x, const struct exercise_check *c,
                   struct err *e) MUST_CHECK;
struct probe *flow_spec_to(struct probe_spec *s, const struct exercise_check *c, const char *id,
                           const struct probe_addr *to, struct err *e);
struct probe *flow_spec_probe(struct probe_spec *s, const struct exercise *x, size_t i, bool back,
                              struct err *e);
/* What became of the flow's probe, and the flow itself in 'f'; or NULL with '*v' an error. */
const struct probe_outcome *flow_outcome(const struct exercise *x, size_t i, const struct probe_result *r,
                                         struct flow *f, struct grading_verdict *v);
/* The last sample of the flow's probe, or NULL with '*v' an error. */
const struct probe_sample *flow_sample(const struct probe_result *r, size_t i, bool back,
                                       struct grading_verdict *v);

const struct probe_sighting *flow_seen(const struct probe_sample *s, const char *port, bool in,
                                       enum probe_what what); /* or NULL */
/* Did it arrive at the far port as it was sent?  True, or '*v' says what happened instead. */
bool flow_arrived(const struct flow *f, const struct probe_sample *s, bool answered,
                  struct grading_verdict *v);
/* Echo requests and datagrams, one direction and its answer. */
struct grading_verdict flow_reach(const struct flow *f, const struct probe_sample *s);

/* When the sample first crossed 'link', whose ends were watched; or NULL. */
const struct probe_sighting *flow_crossed(const struct probe_sample *s, const char *link);
/* The judge_before of kinds that cut links: the packet arrives, and over a link that will be cut, for a cut of
 * a link that is not used would prove nothing. */
struct grading_verdict flow_judge_before(const struct exercise *x, size_t i, const struct probe_result *r);

/* The same for kinds whose flow has to come back within 'settle' while the links are cut. */
void flow_review_cut(struct check_review *k, const struct exercise_check *c);
/* Cuts the links, and has the last probe of 's' sent again and again. */
void flow_spec_again(struct probe_spec *s, const struct exercise *x, const struct exercise_check *c);
/* Their judge_broken: the last samples pass, as 'sample' judges each of them. */
struct grading_verdict flow_judge_again(const struct exercise *x, size_t i, const struct probe_result *r,
                                        struct grading_verdict (*sample)(const struct flow *f,
                                                                         const struct probe_sample *s));

const char *flow_routers(int n, char out[32]); /* "1 router", "2 routers" */
/* "A packet from a test host on lan1 (10.0.1.250) to 10.0.2.10 port 53" */
void flow_text(char out[GRADING_TEXT], const struct exercise *x, const struct exercise_check *c);
void flow_text_arrival(char out[GRADING_TEXT],
                       const struct exercise_check *c); /* " arrives through 1 router at .." */

#endif
