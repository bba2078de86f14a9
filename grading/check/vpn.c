/* vpn: packets between two sites arrive; on the links in between their content is never readable, and while each of
 * them was on its way the outer protocol that is asked for crossed every one of these links.
 *
 * A tunnel that is up proves nothing: the traffic may go beside it, or through one that does not encrypt. */
#include "grading/check/flow.h"

#include <stdio.h>
#include <string.h>

#define SAMPLES \
    3 /* each has to coincide with the outer protocol: a keep-alive does not do that three times */
#define INTERVAL_MS 300

static const struct xattr attrs[] = {
    FLOW_ENDS,
    FLOW_PROTO,
    FLOW_BOTH,
    {"across", XA_NAMES, offsetof(struct exercise_check, across), true, 0, 0},
    {"outer", XA_OUTER, offsetof(struct exercise_check, outer), true, 0, 0},
    {"outer-port", XA_PORT, offsetof(struct exercise_check, outer_port), false, 1, 65535},
    XATTRS_END,
};

static void review(struct check_review *k, const struct exercise_check *c)
{
    flow_review(k, c);
    check_review_links(k, c, "across", &c->across);
    if (!flow_watched(c))
        CHECK_COMPLAIN(k, c, "check '%s' needs seen-at: what went through a tunnel is seen where it arrives",
                       c->id);
    if ((c->outer == PROBE_OUTER_UDP) != (c->outer_port != 0))
        CHECK_COMPLAIN(k, c, "check '%s': outer-port belongs to outer=\"udp\"", c->id);
}

static int spec(struct probe_spec *s, const struct exercise *x, size_t i, enum grading_phase phase,
                struct err *e)
{
    const struct exercise_check *c = &x->checks[i];
    struct probe *p;

    if (flow_spec(s, x, i, phase, e) < 0)
        return -1;
    p = &s->probes[s->nprobes - 1];
    p->count = SAMPLES;
    p->stop = 0;
    p->interval_ms = INTERVAL_MS;
    p->outer = c->outer;
    p->outer_port = c->outer_port;
    if (check_spec_links(s, &c->across, e) < 0)
        return -1;
    for (size_t n = 0; n < s->nports; n++)
        for (size_t k = 0; k < c->across.n; k++)
            s->ports[n].whole = s->ports[n].whole || check_link_end(s->ports[n].name, c->across.v[k]);
    return 0;
}

/* ---- verdicts ---- */
static const char *outer_text(const struct exercise_check *c, char out[32])
{
    snprintf(out, 32, c->outer == PROBE_OUTER_ESP ? "ESP" : "UDP port %u", c->outer_port);
    return out;
}

/* At an end of 'link', not after 'until_us'; or NULL. */
static const struct probe_sighting *on_link(const struct probe_sample *s, const char *link,
                                            enum probe_what what, int64_t until_us)
{
    for (size_t i = 0; i < s->nsightings; i++) {
        const struct probe_sighting *g = &s->sightings[i];

        if (g->what == what && g->t_us <= until_us && check_link_end(g->port, link))
            return g;
    }
    return NULL;
}

static struct grading_verdict judge_sample(const struct flow *f, const struct probe_sample *s)
{
    const struct exercise_check *c = f->c;
    struct grading_verdict v;
    char outer[32], src[PROBE_ADDR_TEXT], dst[PROBE_ADDR_TEXT];

    for (size_t i = 0; i < c->across.n; i++) {
        const struct probe_sighting *g = on_link(s, c->across.v[i], PROBE_CLEAR, INT64_MAX);

        if (g != NULL)
            return check_verdict(
                GRADING_FAIL, "What was sent could be read on link %s, in a packet from %s to %s.",
                c->across.v[i], probe_addr_text(&g->src, src), probe_addr_text(&g->dst, dst));
    }
    v = flow_reach(f, s);
    if (v.status != GRADING_PASS)
        return v;
    for (size_t i = 0; i < c->across.n; i++)
        if (on_link(s, c->across.v[i], PROBE_OUTER, flow_seen(s, f->far, true, PROBE_REQUEST)->t_us) == NULL)
            return check_verdict(
                GRADING_FAIL,
                "The packet arrived at %s, but meanwhile no packet of %s that could hold it crossed "
                "link %s.",
                f->place, outer_text(c, outer), c->across.v[i]);
    return v;
}

static struct grading_verdict judge(const struct exercise *x, size_t i, const struct probe_result *r)
{
    const struct exercise_check *c = &x->checks[i];
    const struct probe_outcome *o;
    struct grading_verdict v;
    char outer[32];
    struct flow f;

    if ((o = flow_outcome(x, i, r, &f, &v)) == NULL)
        return v;
    for (size_t n = 0; n < o->nsamples; n++) {
        v = judge_sample(&f, &o->samples[n]);
        if (v.status != GRADING_PASS)
            return v;
    }
    return check_verdict(GRADING_PASS,
                         "%zu packets arrived at %s; on the way %s crossed, and nothing could be read.",
                         o->nsamples, f.place, outer_text(c, outer));
}

static void expected(const struct exercise *x, const struct exercise_check *c, char out[GRADING_TEXT])
{
    char outer[32];

    flow_text(out, x, c);
    flow_text_arrival(out, c);
    check_text(out, " and crosses link%s ", c->across.n > 1 ? "s" : "");
    check_text_links(out, &c->across);
    check_text(out, " unreadable, inside %s", outer_text(c, outer));
    check_text(out, c->both ? ", and the answer comes back." : ".");
}

const struct check_kind check_vpn = {
    .name = "vpn",
    .attrs = attrs,
    .proto = PROBE_ICMP,
    .review = review,
    .spec = spec,
    .judge = judge,
    .expected = expected,
};
