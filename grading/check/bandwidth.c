/* bandwidth: how much of a flow gets through.  Datagrams are sent faster than the network should let them pass, and
 * counted where they arrive, outside any guest.
 *
 * The first third is left out: a token bucket (tc-tbf(8), tc-htb(8)) lets its burst pass at once.  Frames count as
 * tc counts them, with their Ethernet headers.  What the grader itself could not send in time is its own failure. */
#include "grading/check/flow.h"

#include <sys/socket.h>

#define PAYLOAD 1400u
#define FRAME_BITS ((PAYLOAD + 8 + 14) * 8) /* and the IP header, which differs */
#define IP4_BITS (20 * 8)
#define IP6_BITS (40 * 8)
#define INTERVAL_MIN_MS 10u
#define SEND_MS 5000u
#define SKIP 3 /* a third of them */
#define AFTER_MS 500u
#define MORE_PERCENT 130 /* of at-least is sent, and twice at-most */

static const struct xattr attrs[] = {
    FLOW_ENDS,
    FLOW_TCP, /* its port, of UDP here */
    FLOW_ARRIVAL,
    {"at-least", XA_RATE, offsetof(struct exercise_check, at_least_bps), false, 16000, 750000},
    {"at-most", XA_RATE, offsetof(struct exercise_check, at_most_bps), false, 32000, 500000},
    XATTRS_END,
};

static unsigned frame_bits(const struct flow *f)
{
    return FRAME_BITS + (f->to.family == AF_INET ? IP4_BITS : IP6_BITS);
}

/* What is sent, so that a limit shows and a floor can be reached. */
static unsigned interval_ms(const struct exercise_check *c, unsigned bits)
{
    unsigned floor = (unsigned)((uint64_t)c->at_least_bps * MORE_PERCENT / 100);
    unsigned bps = 2 * c->at_most_bps > floor ? 2 * c->at_most_bps : floor;
    unsigned ms = bps > 0 ? (unsigned)((uint64_t)bits * 1000 / bps) : 0;

    return ms > INTERVAL_MIN_MS ? ms : INTERVAL_MIN_MS;
}

static void review(struct check_review *k, const struct exercise_check *c)
{
    flow_review(k, c);
    if (!flow_watched(c))
        CHECK_COMPLAIN(k, c, "check '%s' needs seen-at, or a reference in 'to': the rate is measured there",
                       c->id);
    if (c->at_least_bps == 0 && c->at_most_bps == 0)
        CHECK_COMPLAIN(k, c, "check '%s' needs at-least, at-most, or both", c->id);
    if (c->at_most_bps != 0 && c->at_least_bps >= c->at_most_bps)
        CHECK_COMPLAIN(k, c, "check '%s' can never pass: at-least has to be below at-most", c->id);
    if (c->at_least_bps == 0)
        topo_msgs_add(k->m, c->line, TOPO_WARNING,
                      "check '%s' has no at-least: a network that lets nothing pass will pass", c->id);
}

static int spec(struct probe_spec *s, const struct exercise *x, size_t i, enum grading_phase phase,
                struct err *e)
{
    const struct exercise_check *c = &x->checks[i];
    struct probe *p;
    struct flow f;

    if (flow_spec(s, x, i, phase, e) < 0)
        return -1;
    flow_init(&f, x, c, false);
    p = &s->probes[s->nprobes - 1];
    p->payload = PAYLOAD;
    p->interval_ms = interval_ms(c, frame_bits(&f));
    p->count = SEND_MS / p->interval_ms;
    p->stop = 0;
    p->timeout_ms = AFTER_MS;
    return 0;
}

static struct grading_verdict judge(const struct exercise *x, size_t i, const struct probe_result *r)
{
    const struct exercise_check *c = &x->checks[i];
    const struct probe_outcome *o;
    struct grading_verdict v, why = {0};
    size_t sent = 0, arrived = 0;
    struct flow f;

    if ((o = flow_outcome(x, i, r, &f, &v)) == NULL)
        return v;
    const int64_t begin = o->samples[o->nsamples / SKIP].sent_us, end = o->samples[o->nsamples - 1].sent_us;
    if (end <= begin)
        return check_verdict(GRADING_ERROR, "The grader sent too little to measure.");
    for (size_t n = 0; n < o->nsamples; n++) {
        const struct probe_sample *s = &o->samples[n];
        const struct probe_sighting *g = flow_seen(s, f.far, true, PROBE_REQUEST);

        sent += s->sent_us >= begin && s->sent_us < end;
        if (g != NULL && g->t_us >= begin && g->t_us < end && flow_arrived(&f, s, false, &why))
            arrived++;
    }
    const uint64_t us = (uint64_t)(end - begin);
    const uint64_t sent_bps = sent * frame_bits(&f) * UINT64_C(1000000) / us;
    const uint64_t bps = arrived * frame_bits(&f) * UINT64_C(1000000) / us;
    if (sent_bps < c->at_least_bps || sent_bps * 10 < (uint64_t)c->at_most_bps * 15)
        return check_verdict(GRADING_ERROR, "The grader sent only %llu kbit/s, too little to measure.",
                             (unsigned long long)sent_bps / 1000);
    if (arrived == 0 && why.observed[0] != '\0')
        return why;
    bool good = bps >= c->at_least_bps && (c->at_most_bps == 0 || bps <= c->at_most_bps);
    return check_verdict(good ? GRADING_PASS : GRADING_FAIL, "%llu of %llu kbit/s arrived at %s.",
                         (unsigned long long)bps / 1000, (unsigned long long)sent_bps / 1000, f.place);
}

static void expected(const struct exercise *x, const struct exercise_check *c, char out[GRADING_TEXT])
{
    flow_text(out, x, c);
    flow_text_arrival(out, c);
    check_text(out, ", and of many like it ");
    if (c->at_least_bps > 0)
        check_text(out, "%u%s", c->at_least_bps / 1000, c->at_most_bps > 0 ? " to " : " kbit/s or more.");
    if (c->at_most_bps > 0)
        check_text(out, "%s%u kbit/s.", c->at_least_bps > 0 ? "" : "no more than ", c->at_most_bps / 1000);
}

const struct check_kind check_bandwidth = {
    .name = "bandwidth",
    .attrs = attrs,
    .proto = PROBE_UDP,
    .alone = true,
    .review = review,
    .spec = spec,
    .judge = judge,
    .expected = expected,
};
