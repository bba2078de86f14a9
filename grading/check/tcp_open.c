/* tcp-open: a connection is accepted by the host behind the far port: its SYN is seen arriving there, and the
 * SYN-ACK leaving, so that a router that redirects the port to itself does not count. */
#include "grading/check/flow.h"

static const struct xattr attrs[] = {FLOW_ENDS, FLOW_TCP, FLOW_ARRIVAL, XATTRS_END};

static void review(struct check_review *k, const struct exercise_check *c)
{
    flow_review(k, c);
    if (!flow_watched(c))
        topo_msgs_add(k->m, c->line, TOPO_WARNING,
                      "check '%s' has no seen-at: a router that answers for the address will pass", c->id);
}

static struct grading_verdict judge(const struct exercise *x, size_t i, const struct probe_result *r)
{
    unsigned port = x->checks[i].port;
    const struct probe_sample *s;
    struct grading_verdict v;
    struct flow f;

    if ((s = flow_sample(r, i, false, &v)) == NULL)
        return v;
    flow_init(&f, x, &x->checks[i], false);
    if (s->tcp == PROBE_TCP_REFUSED)
        return check_verdict(GRADING_FAIL, "The connection to %s port %u was refused.", f.to_text, port);
    if (s->tcp == PROBE_TCP_UNREACHABLE)
        return check_verdict(GRADING_FAIL, "%s was reported unreachable.", f.to_text);
    if (s->tcp != PROBE_TCP_OPEN)
        return check_verdict(GRADING_FAIL, "The connection to %s port %u was not answered.", f.to_text, port);
    if (f.far[0] == '\0')
        return check_verdict(GRADING_PASS, "%s accepted a connection to port %u.", f.to_text, port);
    if (!flow_arrived(&f, s, true, &v))
        return v;
    if (flow_seen(s, f.far, false, PROBE_SYNACK) == NULL)
        return check_verdict(GRADING_FAIL,
                             "A connection to %s port %u was accepted, but not by the host behind %s.",
                             f.to_text, port, f.place);
    return check_verdict(GRADING_PASS, "%s accepted a connection to port %u.", f.place, port);
}

static void expected(const struct exercise *x, const struct exercise_check *c, char out[GRADING_TEXT])
{
    flow_text(out, x, c);
    flow_text_arrival(out, c);
    check_text(out, ".");
}

const struct check_kind check_tcp_open = {
    .name = "tcp-open",
    .attrs = attrs,
    .proto = PROBE_TCP,
    .review = review,
    .spec = flow_spec,
    .judge = judge,
    .expected = expected,
};
