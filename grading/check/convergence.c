/* convergence: for how long a flow is interrupted when a link is cut.  Numbered probes, one every 10 ms; the
 * cut comes while they flow, and each that is lost counts for the time between two.
 *
 * Losses are counted wherever they fall, so that a network which finds a way, loses it and finds it again
 * pays for all of it.  The probes themselves are the clock: nothing has to know the moment of the cut. */
#include "grading/check/flow.h"

#include <stdio.h>
#include <string.h>

#define INTERVAL_MS 10u
#define LEAD_MS 2000u  /* before the cut: also the time in which labprobe has to have begun */
#define AFTER_MS 1000u /* beyond the longest band */
#define TAIL 10        /* samples at the end that have to get through: it is over */

static const struct xattr attrs[] = {
    FLOW_ENDS,
    FLOW_PROTO,
    FLOW_BOTH,
    {"cut", XA_NAMES, offsetof(struct exercise_check, cut), true, 0, 0},
    {"bands", XA_BANDS, offsetof(struct exercise_check, bands), true, 10, 60000},
    XATTRS_END,
};

static unsigned longest_ms(const struct exercise_check *c)
{
    return c->bands.n > 0 ? c->bands.v[c->bands.n - 1].ms : 0;
}

/* Between two samples: a long band is watched less finely, so that the samples stay within what one run holds. */
static unsigned interval_ms(const struct exercise_check *c)
{
    unsigned all = LEAD_MS + longest_ms(c) + AFTER_MS;
    unsigned ms = (all + PROBE_COUNT_MAX - 1) / PROBE_COUNT_MAX;

    return ms > INTERVAL_MS ? ms : INTERVAL_MS;
}

static void review(struct check_review *k, const struct exercise_check *c)
{
    flow_review(k, c);
    check_review_links(k, c, "cut", &c->cut);
    if (c->cut.n > PROBE_CUT_MAX)
        CHECK_COMPLAIN(k, c, "check '%s': more than %d links are cut", c->id, PROBE_CUT_MAX);
    if (c->bands.n > 0 && c->bands.v[0].percent != 100)
        CHECK_COMPLAIN(k, c, "check '%s' can never pass: the first of its bands must give 100", c->id);
    for (size_t i = 1; i < c->bands.n; i++)
        if (c->bands.v[i].ms <= c->bands.v[i - 1].ms || c->bands.v[i].percent >= c->bands.v[i - 1].percent)
            CHECK_COMPLAIN(k, c, "check '%s': each of its bands must be longer than the one before, for less",
                           c->id);
    if (!flow_watched(c))
        topo_msgs_add(k->m, c->line, TOPO_WARNING,
                      "check '%s' has no seen-at: a router that answers for the address will pass", c->id);
}

static int spec(struct probe_spec *s, const struct exercise *x, size_t i, enum grading_phase phase,
                struct err *e)
{
    const struct exercise_check *c = &x->checks[i];
    struct probe *p;

    if (flow_spec(s, x, i, phase, e) < 0 || check_spec_links(s, &c->cut, e) < 0)
        return -1;
    if (phase != GRADING_BROKEN)
        return 0;
    p = &s->probes[s->nprobes - 1];
    p->interval_ms = interval_ms(c);
    p->count = (LEAD_MS + longest_ms(c) + AFTER_MS) / p->interval_ms;
    p->stop = 0; /* to the end, however well it flows */
    check_spec_cut(s, c);
    s->cut_after_ms = LEAD_MS;
    return 0;
}

static bool good(const struct flow *f, const struct probe_sample *s)
{
    return flow_reach(f, s).status == GRADING_PASS;
}

static bool crossed_any(const struct probe_sample *s, const struct exercise_names *links)
{
    for (size_t i = 0; i < links->n; i++)
        if (flow_crossed(s, links->v[i]) != NULL)
            return true;
    return false;
}

static struct grading_verdict band(const struct exercise_check *c, unsigned gap_ms)
{
    struct grading_verdict v;

    for (size_t i = 0; i < c->bands.n; i++)
        if (gap_ms <= c->bands.v[i].ms) {
            v = check_verdict(c->bands.v[i].percent == 100 ? GRADING_PASS : GRADING_FAIL,
                              "The flow was interrupted for %u.%02u seconds.", gap_ms / 1000,
                              gap_ms % 1000 / 10);
            v.good = c->bands.v[i].percent;
            v.parts = 100;
            v.after_ms = gap_ms;
            return v;
        }
    return check_verdict(GRADING_FAIL, "The flow was interrupted for %u.%02u seconds.", gap_ms / 1000,
                         gap_ms % 1000 / 10);
}

static struct grading_verdict judge_broken(const struct exercise *x, size_t i, const struct probe_result *r)
{
    const struct exercise_check *c = &x->checks[i];
    const struct probe_outcome *o;
    size_t lost = 0, streak = 0, last = 0;
    bool begun = false, before = false;
    struct grading_verdict v;
    struct flow f;

    if ((o = flow_outcome(x, i, r, &f, &v)) == NULL)
        return v;
    for (size_t n = 0; n < o->nsamples; n++) {
        const struct probe_sample *s = &o->samples[n];

        if (!good(&f, s)) {
            lost += begun;
            streak = 0;
            continue;
        }
        begun = true;
        before = before || crossed_any(s, &c->cut);
        last = n;
        streak++;
    }
    if (!before)
        return check_verdict(GRADING_ERROR, "The link was cut before the first packet was sent.");
    if (crossed_any(&o->samples[last], &c->cut) && streak >= TAIL)
        return check_verdict(GRADING_ERROR, "The link carried packets although it was cut.");
    if (streak < TAIL)
        return check_verdict(GRADING_FAIL,
                             "With link %s cut, the flow did not come back within %u seconds: %zu of %zu "
                             "packets were lost.",
                             c->cut.v[0], (longest_ms(c) + AFTER_MS) / 1000, lost, o->nsamples);
    return band(c, (unsigned)lost * interval_ms(c));
}

static void expected(const struct exercise *x, const struct exercise_check *c, char out[GRADING_TEXT])
{
    flow_text(out, x, c);
    check_text(out, " arrives");
    if (c->seen_at[0] != '\0')
        check_text(out, " at %s", c->seen_at);
    check_text(out, " again after link%s ", c->cut.n > 1 ? "s" : "");
    check_text_links(out, &c->cut);
    check_text(out, "%s cut:", c->cut.n > 1 ? " are" : " is");
    for (size_t i = 0; i < c->bands.n; i++)
        check_text(out, "%s within %u.%02u seconds (%u %%)", i > 0 ? "," : "", c->bands.v[i].ms / 1000,
                   c->bands.v[i].ms % 1000 / 10, c->bands.v[i].percent);
    check_text(out, ".");
}

const struct check_kind check_convergence = {
    .name = "convergence",
    .attrs = attrs,
    .proto = PROBE_ICMP,
    .review = review,
    .spec = spec,
    .judge_before = flow_judge_before,
    .judge_broken = judge_broken,
    .expected = expected,
};
