/* reachability: a packet with fresh random content arrives where it is watched, and its answer comes back;
 * between two references each direction is a probe of its own.
 * An answer alone proves little: a router that has taken the address answers as well. */
#include "grading/check/flow.h"

static const struct xattr attrs[] = {FLOW_ENDS, FLOW_PROTO, FLOW_ARRIVAL, FLOW_BOTH, XATTRS_END};

static void review(struct check_review *k, const struct exercise_check *c)
{
    flow_review(k, c);
    if (!flow_watched(c))
        CHECK_COMPLAIN(
            k, c, "check '%s' needs seen-at: an answer alone may come from a router that took the address",
            c->id);
}

/* Two references test each direction by itself; a student's host is only ever asked for its answer. */
static bool has_back(const struct exercise_check *c)
{
    return c->both && c->to_ref[0] != '\0';
}

static int spec(struct probe_spec *s, const struct exercise *x, size_t i, enum grading_phase phase,
                struct err *e)
{
    if (flow_spec(s, x, i, phase, e) < 0)
        return -1;
    return !has_back(&x->checks[i]) || flow_spec_probe(s, x, i, true, e) != NULL ? 0 : -1;
}

static struct grading_verdict judge(const struct exercise *x, size_t i, const struct probe_result *r)
{
    const struct probe_sample *s;
    struct grading_verdict v, back;
    struct flow f;

    if ((s = flow_sample(r, i, false, &v)) == NULL)
        return v;
    flow_init(&f, x, &x->checks[i], false);
    v = flow_reach(&f, s);
    if (v.status != GRADING_PASS || !has_back(&x->checks[i]))
        return v;
    if ((s = flow_sample(r, i, true, &back)) == NULL)
        return back;
    flow_init(&f, x, &x->checks[i], true);
    back = flow_reach(&f, s);
    return back.status == GRADING_PASS ? v : back;
}

static void expected(const struct exercise *x, const struct exercise_check *c, char out[GRADING_TEXT])
{
    flow_text(out, x, c);
    flow_text_arrival(out, c);
    if (c->both)
        check_text(out,
                   has_back(c) ? ", and one in the other direction, too" : ", and the answer comes back");
    check_text(out, ".");
}

const struct check_kind check_reachability = {
    .name = "reachability",
    .attrs = attrs,
    .proto = PROBE_ICMP,
    .review = review,
    .spec = spec,
    .judge = judge,
    .expected = expected,
};
