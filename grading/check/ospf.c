/* ospf: a router of ours becomes a neighbour of the student's router, in the right area and not in another; a
 * packet for a prefix that it announces is forwarded to it, and no longer when the prefix is withdrawn; and it
 * hears the prefixes that it should.
 *
 * The prefix is drawn anew for each run, so no static route leads to it; a default route that happens to
 * end at our router still does after the withdrawal. */
#include "grading/check/peering.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static const struct xattr attrs[] = {
    {"peer", XA_NAME, offsetof(struct exercise_check, peer), true, 0, 0},
    {"area", XA_AREA, offsetof(struct exercise_check, area), false, 0, 0},
    {"hello", XA_DURATION, offsetof(struct exercise_check, hello_ms), false, 1000, 20000},
    {"dead", XA_DURATION, offsetof(struct exercise_check, dead_ms), false, 1000, 80000},
    {"settle", XA_DURATION, offsetof(struct exercise_check, settle_ms), false, 1000, 60000},
    {"from", XA_NAME, offsetof(struct exercise_check, from), false, 0, 0},
    {"heard-by", XA_NAME, offsetof(struct exercise_check, heard_by), false, 0, 0},
    {"hears", XA_NETS, offsetof(struct exercise_check, hears), false, 0, 0},
    XATTRS_END,
};

static unsigned hello_ms(const struct exercise_check *c)
{
    return c->hello_ms > 0 ? c->hello_ms : 10000; /* RFC 2328, appendix C.3 */
}

static unsigned dead_ms(const struct exercise_check *c)
{
    return c->dead_ms > 0 ? c->dead_ms : 4 * hello_ms(c);
}

static void review(struct check_review *k, const struct exercise_check *c)
{
    peering_review(k, c);
    peering_review_ref(k, c, "heard-by", c->heard_by);
    if (hello_ms(c) % 1000 != 0 || dead_ms(c) % 1000 != 0 || dead_ms(c) <= hello_ms(c))
        CHECK_COMPLAIN(k, c, "check '%s': hello and dead are whole seconds, dead the longer", c->id);
}

static void peer_add(struct probe_spec *s, const struct exercise *x, const struct exercise_check *c,
                     const char *ref)
{
    struct probe_peer *p = peering_add(s, x, ref);

    p->area = c->area;
    p->hello_s = hello_ms(c) / 1000;
    p->dead_s = dead_ms(c) / 1000;
    p->form_ms = dead_ms(c) + c->settle_ms;
}

static int spec(struct probe_spec *s, const struct exercise *x, size_t i, enum grading_phase phase,
                struct err *e)
{
    const struct exercise_check *c = &x->checks[i];

    (void)phase;
    peer_add(s, x, c, c->peer);
    if (c->heard_by[0] != '\0')
        peer_add(s, x, c, c->heard_by);
    return peering_spec(s, x, i, e);
}

/* ---- verdicts ---- */
static const char *seconds(unsigned ms, char out[24])
{
    snprintf(out, 24, ms == 1000 ? "%u second" : "%u seconds", ms / 1000);
    return out;
}

/* An adjacency in the area that was asked for and in no other, or '*v' says what there was instead. */
static bool adjacent(const struct exercise_check *c, const struct probe_peer_outcome *o,
                     struct grading_verdict *v)
{
    char text[PROBE_ADDR_TEXT], time[24];
    bool full = o != NULL && probe_peer_up(o);

    seconds(dead_ms(c) + c->settle_ms, time);
    if (o == NULL) {
        *v = check_verdict(GRADING_ERROR, "The test router gave no result.");
        return false;
    }
    if (o->foreign)
        *v =
            check_verdict(GRADING_FAIL, "The test router at %s was answered in area %u, where nobody should.",
                          o->ref, c->area + 1);
    else if (o->nneighbours == 0)
        *v = check_verdict(GRADING_FAIL, "The test router at %s heard no neighbour in area %u within %s.",
                           o->ref, c->area, time);
    else if (!full)
        *v = check_verdict(GRADING_FAIL,
                           "After %s the neighbour %s of the test router at %s was in state %s, not Full.",
                           time, probe_addr_text(&o->neighbours[0].addr, text), o->ref,
                           o->neighbours[0].state[0] != '\0' ? o->neighbours[0].state : "unknown");
    return full && !o->foreign;
}

static struct grading_verdict judge(const struct exercise *x, size_t i, const struct probe_result *r)
{
    const struct exercise_check *c = &x->checks[i];
    const struct probe_peer_outcome *o = probe_peer_find(r, c->peer),
                                    *other = probe_peer_find(r, c->heard_by);
    struct grading_verdict v;

    if (!adjacent(c, o, &v) || (c->heard_by[0] != '\0' && !adjacent(c, other, &v)) ||
        !peering_forwarded(c, i, r, &v))
        return v;
    if (c->heard_by[0] != '\0' &&
        peering_heard(other, &(struct probe_prefix){.addr = o->announced, .len = 32}) == NULL)
        return check_verdict(GRADING_FAIL,
                             "What the test router at %s announced was not heard by the one at %s.", c->peer,
                             c->heard_by);
    if (!peering_told(c, o, &v))
        return v;
    return check_verdict(GRADING_PASS, "The adjacency is full in area %u%s%s.", c->area,
                         c->from[0] != '\0' ? ", and packets follow what is announced and withdrawn" : "",
                         c->hears.n > 0 ? ", and all prefixes were heard" : "");
}

static void expected(const struct exercise *x, const struct exercise_check *c, char out[GRADING_TEXT])
{
    const struct probe_ref *peer = check_ref_find(x, c->peer);
    struct probe_addr at = grading_ref_addr(x, c->peer, AF_INET);
    char text[PROBE_ADDR_TEXT];

    check_text(out, "A test router on %s (%s) becomes a full neighbour in area %u, and in no other",
               peer != NULL ? peer->segment : "", probe_addr_text(&at, text), c->area);
    peering_text(out, x, c);
    if (c->heard_by[0] != '\0')
        check_text(out, "; another test router at %s hears of it", c->heard_by);
    if (c->hears.n > 0) {
        check_text(out, "; it is told of ");
        check_text_nets(out, &c->hears);
    }
    check_text(out, ".");
}

const struct check_kind check_ospf = {
    .name = "ospf",
    .attrs = attrs,
    .proto = PROBE_ICMP,
    .alone = true,
    .review = review,
    .spec = spec,
    .judge = judge,
    .expected = expected,
};
