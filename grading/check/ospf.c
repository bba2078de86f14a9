/* ospf: a router of ours becomes a neighbour of the student's router, in the right area and not in another; a
 * packet for a prefix that it announces is forwarded to it, and no longer when the prefix is withdrawn; and it
 * hears the prefixes that it should.
 *
 * The prefix is drawn anew for each run, so no static route leads to it; a default route that happens to
 * end at our router still does after the withdrawal. */
#include "grading/check/flow.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#define INTERVAL_MS 500
#define WITHDRAWN_MS \
    10000                /* RFC 2328, MinLSInterval: 5 s until the news may be sent, and as much to compute */
#define WITHDRAWN_LAST 3 /* so many of the last packets must not arrive */

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

/* The reference 'name' of attribute 'what', or NULL: it exists, has an IPv4 address, and is not our router. */
static const struct probe_ref *review_ref(struct check_review *k, const struct exercise_check *c,
                                          const char *what, const char *name)
{
    const struct probe_ref *r = check_ref_find(k->x, name);
    char hint[VALUE_HINT_SIZE];

    if (name[0] == '\0')
        return NULL;
    if (r == NULL)
        CHECK_COMPLAIN(k, c, "check '%s': %s: there is no reference '%s'%s", c->id, what, name,
                       check_like_ref(k, name, hint));
    else if (!probe_ref_has(r, AF_INET))
        CHECK_COMPLAIN(k, c, "check '%s': %s: reference '%s' has no IPv4 address", c->id, what, name);
    if (name != c->peer && strcmp(name, c->peer) == 0)
        CHECK_COMPLAIN(k, c, "check '%s': %s is its peer '%s' itself: no router is in between", c->id, what,
                       name);
    return r;
}

static void review(struct check_review *k, const struct exercise_check *c)
{
    const struct probe_ref *from;

    review_ref(k, c, "peer", c->peer);
    review_ref(k, c, "heard-by", c->heard_by);
    from = review_ref(k, c, "from", c->from);
    if (from != NULL && from->net[0].gateway.family == 0)
        CHECK_COMPLAIN(k, c, "check '%s': reference '%s' needs a gateway to send through", c->id, c->from);
    if (hello_ms(c) % 1000 != 0 || dead_ms(c) % 1000 != 0 || dead_ms(c) <= hello_ms(c))
        CHECK_COMPLAIN(k, c, "check '%s': hello and dead are whole seconds, dead the longer", c->id);
    if (c->from[0] == '\0')
        topo_msgs_add(k->m, c->line, TOPO_WARNING,
                      "check '%s' has no from: that a router speaks OSPF does not show that it routes by it",
                      c->id);
}

/* A host address out of 198.18.0.0/15, which RFC 2544 sets aside for tests of network devices. */
static struct probe_addr draw(void)
{
    struct probe_addr a = {AF_INET, {198, 18}};
    uint8_t r[3] = {0};

    while (getrandom(r, sizeof r, 0) != (ssize_t)sizeof r)
        ;
    a.b[1] = (uint8_t)(18 + (r[0] & 1));
    a.b[2] = r[1];
    a.b[3] = (uint8_t)(1 + r[2] % 254);
    return a;
}

static struct probe *probe_add(struct probe_spec *s, const struct exercise_check *c, size_t i, bool after,
                               unsigned ms, struct err *e)
{
    char id[GRADING_PROBE_ID];
    struct probe *p;

    grading_probe_id(i, after, id);
    if ((p = check_spec_probe(s, id, e)) == NULL)
        return NULL;
    p->kind = PROBE_ICMP;
    snprintf(p->from, sizeof p->from, "%s", c->from);
    snprintf(p->far, sizeof p->far, "@%s", c->peer);
    p->to = s->peers[0].announce;
    p->interval_ms = INTERVAL_MS;
    p->count = ms / INTERVAL_MS;
    p->after = after;
    return p;
}

static void peer_add(struct probe_spec *s, const struct exercise *x, const struct exercise_check *c,
                     const char *ref)
{
    struct probe_peer *p = &s->peers[s->npeers++];

    check_spec_ref(s, x, ref);
    snprintf(p->ref, sizeof p->ref, "%s", ref);
    p->area = c->area;
    p->hello_s = hello_ms(c) / 1000;
    p->dead_s = dead_ms(c) / 1000;
    p->form_ms = dead_ms(c) + c->settle_ms;
    p->announce = draw();
}

static int spec(struct probe_spec *s, const struct exercise *x, size_t i, enum grading_phase phase,
                struct err *e)
{
    const struct exercise_check *c = &x->checks[i];
    struct probe *before, *after;

    (void)phase;
    peer_add(s, x, c, c->peer);
    if (c->heard_by[0] != '\0')
        peer_add(s, x, c, c->heard_by);
    if (c->from[0] == '\0')
        return 0;
    check_spec_ref(s, x, c->from);
    if ((before = probe_add(s, c, i, false, c->settle_ms, e)) == NULL ||
        (after = probe_add(s, c, i, true, WITHDRAWN_MS, e)) == NULL)
        return -1;
    before->stop = x->hold;
    after->stop = 0;
    return 0;
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
    bool full = o != NULL && probe_peer_full(o);

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

static bool arrived(const struct probe_sample *s, const char *peer)
{
    char port[PROBE_PORT_SIZE];

    snprintf(port, sizeof port, "@%s", peer);
    return flow_seen(s, port, true, PROBE_REQUEST) != NULL;
}

static bool forwarded(const struct exercise_check *c, size_t i, const struct probe_result *r,
                      struct grading_verdict *v)
{
    char before[GRADING_PROBE_ID], after[GRADING_PROBE_ID];
    const struct probe_outcome *b, *a;

    grading_probe_id(i, false, before);
    grading_probe_id(i, true, after);
    if ((b = check_outcome(r, before, v)) == NULL || (a = check_outcome(r, after, v)) == NULL)
        return false;
    if (!arrived(&b->samples[b->nsamples - 1], c->peer)) {
        *v = check_verdict(
            GRADING_FAIL,
            "The neighbour was full, but a packet from %s to a prefix that the test router announced "
            "did not arrive there.",
            c->from);
        return false;
    }
    for (size_t n = a->nsamples > WITHDRAWN_LAST ? a->nsamples - WITHDRAWN_LAST : 0; n < a->nsamples; n++)
        if (arrived(&a->samples[n], c->peer)) {
            *v = check_verdict(GRADING_FAIL,
                               "Packets for a prefix still arrived at the test router %d seconds after it "
                               "had withdrawn it.",
                               WITHDRAWN_MS / 1000);
            return false;
        }
    return true;
}

static bool heard(const struct probe_peer_outcome *o, const struct probe_prefix *want)
{
    for (size_t i = 0; i < o->nprefixes; i++)
        if (o->prefixes[i].len == want->len && probe_addr_equal(&o->prefixes[i].addr, &want->addr))
            return true;
    return false;
}

static struct grading_verdict judge(const struct exercise *x, size_t i, const struct probe_result *r)
{
    const struct exercise_check *c = &x->checks[i];
    const struct probe_peer_outcome *o = probe_peer_find(r, c->peer),
                                    *other = probe_peer_find(r, c->heard_by);
    char missing[GRADING_TEXT / 2] = "";
    struct grading_verdict v;
    size_t n = 0, len = 0;

    if (!adjacent(c, o, &v) || (c->heard_by[0] != '\0' && !adjacent(c, other, &v)) ||
        (c->from[0] != '\0' && !forwarded(c, i, r, &v)))
        return v;
    if (c->heard_by[0] != '\0' && !heard(other, &(struct probe_prefix){o->announced, 32}))
        return check_verdict(GRADING_FAIL,
                             "What the test router at %s announced was not heard by the one at %s.", c->peer,
                             c->heard_by);
    for (size_t k = 0; k < c->hears.n; k++) {
        char text[PROBE_ADDR_TEXT];

        if (heard(o, &c->hears.v[k]))
            n++;
        else if (len < sizeof missing)
            len += (size_t)snprintf(missing + len, sizeof missing - len, "%s%s/%u", len > 0 ? ", " : "",
                                    probe_addr_text(&c->hears.v[k].addr, text), c->hears.v[k].len);
    }
    if (n == c->hears.n)
        return check_verdict(GRADING_PASS, "The adjacency is full in area %u%s%s.", c->area,
                             c->from[0] != '\0' ? ", and packets follow what is announced and withdrawn" : "",
                             n > 0 ? ", and all prefixes were heard" : "");
    v = check_verdict(GRADING_FAIL, "Of %zu prefixes %zu were heard; these were not: %s.", c->hears.n, n,
                      missing);
    v.percent = (unsigned)(100 * n / c->hears.n);
    return v;
}

static void expected(const struct exercise *x, const struct exercise_check *c, char out[GRADING_TEXT])
{
    const struct probe_ref *peer = check_ref_find(x, c->peer);
    struct probe_addr at = grading_ref_addr(x, c->peer, AF_INET);
    char text[PROBE_ADDR_TEXT];

    check_text(out, "A test router on %s (%s) becomes a full neighbour in area %u, and in no other",
               peer != NULL ? peer->segment : "", probe_addr_text(&at, text), c->area);
    if (c->from[0] != '\0') {
        check_text(out, "; a packet");
        check_text_ref(out, x, c->from, AF_INET);
        check_text(out, " to a prefix that it announces arrives there until that is withdrawn");
    }
    if (c->heard_by[0] != '\0')
        check_text(out, "; another test router at %s hears of it", c->heard_by);
    for (size_t i = 0; i < c->hears.n; i++)
        check_text(out, "%s%s/%u", i > 0 ? ", " : "; it is told of ",
                   probe_addr_text(&c->hears.v[i].addr, text), c->hears.v[i].len);
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
