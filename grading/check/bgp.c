/* bgp: a router of ours and the student's have a session; ours is told the prefixes that it should, with their AS
 * paths, and not told those that must stay inside; a packet for what ours announces is forwarded to it, and no
 * longer when that is withdrawn.
 *
 * That a prefix is not told proves nothing while none is: "not-hears" therefore needs "hears" beside it. */
#include "grading/check/peering.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static const struct xattr attrs[] = {
    {"peer", XA_NAME, offsetof(struct exercise_check, peer), true, 0, 0},
    {"as", XA_AS, offsetof(struct exercise_check, own_as), true, 0, 0},
    {"router", XA_ADDR, offsetof(struct exercise_check, router), true, 0, 0},
    {"router-as", XA_AS, offsetof(struct exercise_check, router_as), true, 0, 0},
    {"settle", XA_DURATION, offsetof(struct exercise_check, settle_ms), false, 1000, 60000},
    {"from", XA_NAME, offsetof(struct exercise_check, from), false, 0, 0},
    {"hears", XA_NETS, offsetof(struct exercise_check, hears), false, 0, 0},
    {"path", XA_AS_PATH, offsetof(struct exercise_check, as_path), false, 0, 0},
    {"not-hears", XA_NETS, offsetof(struct exercise_check, not_hears), false, 0, 0},
    XATTRS_END,
};

static void review(struct check_review *k, const struct exercise_check *c)
{
    const struct probe_ref *peer = check_ref_find(k->x, c->peer);
    char text[PROBE_ADDR_TEXT];

    peering_review(k, c);
    if (c->router.family != 0 && peer != NULL && probe_ref_has(peer, AF_INET) &&
        !probe_addr_in_net(&c->router, &peer->net[0].addr, peer->net[0].prefix))
        CHECK_COMPLAIN(k, c, "check '%s': router %s is not in the network of '%s'", c->id,
                       probe_addr_text(&c->router, text), c->peer);
    if (c->hears.n == 0 && c->not_hears.n > 0)
        CHECK_COMPLAIN(
            k, c, "check '%s' needs hears beside not-hears: that nothing is told proves nothing by itself",
            c->id);
    if (c->hears.n == 0 && c->as_path[0] != '\0')
        CHECK_COMPLAIN(k, c, "check '%s' has a path, but no prefixes in hears that should have it", c->id);
}

static int spec(struct probe_spec *s, const struct exercise *x, size_t i, enum grading_phase phase,
                struct err *e)
{
    const struct exercise_check *c = &x->checks[i];
    struct probe_peer *p = peering_add(s, x, c->peer);

    (void)phase;
    p->protocol = PROBE_BGP;
    p->own_as = c->own_as;
    p->router = c->router;
    p->router_as = c->router_as;
    p->form_ms = c->settle_ms;
    return peering_spec(s, x, i, e);
}

/* ---- verdicts ---- */
static bool established(const struct exercise_check *c, const struct probe_peer_outcome *o,
                        struct grading_verdict *v)
{
    char text[PROBE_ADDR_TEXT];

    if (o == NULL)
        *v = check_verdict(GRADING_ERROR, "The test router gave no result.");
    else if (probe_peer_up(o))
        return true;
    else
        *v = check_verdict(
            GRADING_FAIL, "After %u seconds the session of the test router (AS %u) with %s (AS %u) was %s.",
            c->settle_ms / 1000, c->own_as, probe_addr_text(&c->router, text), c->router_as,
            o->nneighbours > 0 && o->neighbours[0].state[0] != '\0' ? o->neighbours[0].state : "not there");
    return false;
}

static struct grading_verdict judge(const struct exercise *x, size_t i, const struct probe_result *r)
{
    const struct exercise_check *c = &x->checks[i];
    const struct probe_peer_outcome *o = probe_peer_find(r, c->peer);
    char text[PROBE_ADDR_TEXT];
    struct grading_verdict v;

    if (!established(c, o, &v) || !peering_forwarded(c, i, r, &v))
        return v;
    for (size_t k = 0; k < c->not_hears.n; k++)
        if (peering_heard(o, &c->not_hears.v[k]) != NULL)
            return check_verdict(GRADING_FAIL, "The test router was told of %s/%u, which it must not be.",
                                 probe_addr_text(&c->not_hears.v[k].addr, text), c->not_hears.v[k].len);
    if (!peering_told(c, o, &v))
        return v;
    return check_verdict(GRADING_PASS, "The session is established%s%s.",
                         c->from[0] != '\0' ? ", packets follow what is announced and withdrawn" : "",
                         c->hears.n > 0 ? ", and the prefixes were told as expected" : "");
}

static void expected(const struct exercise *x, const struct exercise_check *c, char out[GRADING_TEXT])
{
    struct probe_addr at = grading_ref_addr(x, c->peer, AF_INET);
    char text[PROBE_ADDR_TEXT], router[PROBE_ADDR_TEXT];

    check_text(out, "A test router (%s, AS %u) has a session with %s (AS %u)", probe_addr_text(&at, text),
               c->own_as, probe_addr_text(&c->router, router), c->router_as);
    peering_text(out, x, c);
    if (c->hears.n > 0) {
        check_text(out, "; it is told of ");
        check_text_nets(out, &c->hears);
    }
    if (c->as_path[0] != '\0')
        check_text(out, " with the AS path %s", c->as_path);
    if (c->not_hears.n > 0) {
        check_text(out, ", but not of ");
        check_text_nets(out, &c->not_hears);
    }
    check_text(out, ".");
}

const struct check_kind check_bgp = {
    .name = "bgp",
    .attrs = attrs,
    .proto = PROBE_ICMP,
    .alone = true,
    .review = review,
    .spec = spec,
    .judge = judge,
    .expected = expected,
};
