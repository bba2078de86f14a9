/* unreachable: the packet neither arrives nor is answered.  With its control: a pulled cable is no
 * firewall. */
#include "grading/check/flow.h"

static const struct xattr attrs[] = {FLOW_ENDS, FLOW_PROTO, FLOW_CONTROL, XATTRS_END};

static void review(struct check_review *k, const struct exercise_check *c)
{
    flow_review(k, c);
    if (!flow_watched(c))
        CHECK_COMPLAIN(
            k, c, "check '%s' needs seen-at: an answer alone may come from a router that took the address",
            c->id);
}

static struct grading_verdict judge(const struct exercise *x, size_t i, const struct probe_result *r)
{
    const struct probe_sample *s;
    struct grading_verdict v;
    struct flow f;

    if ((s = flow_sample(r, i, false, &v)) == NULL)
        return v;
    flow_init(&f, x, &x->checks[i], false);
    if (flow_seen(s, f.far, true, PROBE_REQUEST) != NULL)
        return check_verdict(GRADING_FAIL, "The packet arrived at %s.", f.place);
    if (s->reply_us >= 0)
        return check_verdict(GRADING_FAIL, "An answer came in the name of %s.", f.to_text);
    return check_verdict(GRADING_PASS, "The packet did not arrive at %s.", f.place);
}

static void expected(const struct exercise *x, const struct exercise_check *c, char out[GRADING_TEXT])
{
    flow_text(out, x, c);
    check_text(out, " does not arrive");
    if (c->seen_at[0] != '\0')
        check_text(out, " at %s", c->seen_at);
    check_text(out, ".");
}

const struct check_kind check_unreachable = {
    .name = "unreachable",
    .attrs = attrs,
    .proto = PROBE_ICMP,
    .negative = true,
    .review = review,
    .spec = flow_spec,
    .judge = judge,
    .expected = expected,
};
