/* tcp-closed: no connection comes about; whether the attempt was filtered on the way or refused by the host is
 * told at the far port.  With its control, an open port on the same way. */
#include "grading/check/flow.h"

static const struct xattr attrs[] = {
    FLOW_ENDS,    FLOW_TCP,
    FLOW_CONTROL, {"expect", XA_EXPECT, offsetof(struct exercise_check, expect), false, 0, 0},
    XATTRS_END,
};

static void review(struct check_review *k, const struct exercise_check *c)
{
    flow_review(k, c);
    if (!flow_watched(c) && c->expect != EXERCISE_ANY)
        CHECK_COMPLAIN(k, c, "check '%s' needs seen-at to tell a filtered port from a refused one", c->id);
}

static struct grading_verdict judge(const struct exercise *x, size_t i, const struct probe_result *r)
{
    const struct exercise_check *c = &x->checks[i];
    const struct probe_sample *s;
    struct grading_verdict v;
    struct flow f;
    bool there;

    if ((s = flow_sample(r, i, false, &v)) == NULL)
        return v;
    flow_init(&f, x, c, false);
    there = f.far[0] != '\0' && flow_seen(s, f.far, true, PROBE_SYN) != NULL;
    if (s->tcp == PROBE_TCP_OPEN)
        return check_verdict(GRADING_FAIL, "A connection to %s port %u was accepted.", f.to_text, c->port);
    if (c->expect == EXERCISE_FILTERED && there)
        return check_verdict(GRADING_FAIL, "The attempt to connect to port %u arrived at %s.", c->port,
                             f.place);
    if (c->expect == EXERCISE_REFUSED && (!there || flow_seen(s, f.far, false, PROBE_RST) == NULL))
        return check_verdict(GRADING_FAIL,
                             there
                                 ? "The attempt to connect to port %u arrived at %s, which did not refuse it."
                                 : "The attempt to connect to port %u did not arrive at %s.",
                             c->port, f.place);
    return check_verdict(GRADING_PASS,
                         there ? "%s port %u refused the connection."
                               : "No connection to %s port %u came about.",
                         f.to_text, c->port);
}

static void expected(const struct exercise *x, const struct exercise_check *c, char out[GRADING_TEXT])
{
    flow_text(out, x, c);
    check_text(out, c->expect == EXERCISE_FILTERED  ? " is stopped before it arrives"
                    : c->expect == EXERCISE_REFUSED ? " arrives and is refused"
                                                    : " does not come about");
    if (c->seen_at[0] != '\0')
        check_text(out, " at %s", c->seen_at);
    check_text(out, ".");
}

const struct check_kind check_tcp_closed = {
    .name = "tcp-closed",
    .attrs = attrs,
    .proto = PROBE_TCP,
    .negative = true,
    .review = review,
    .spec = flow_spec,
    .judge = judge,
    .expected = expected,
};
