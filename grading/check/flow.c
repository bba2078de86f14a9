#include "grading/check/flow.h"

#include <stdio.h>
#include <string.h>

#define AGAIN_INTERVAL_MS 250
#define AGAIN_STREAK_MIN 3

void flow_init_to(struct flow *f, const struct exercise *x, const struct exercise_check *c,
                  const struct probe_addr *to)
{
    memset(f, 0, sizeof *f);
    f->x = x;
    f->c = c;
    f->proto = c->proto;
    f->to = *to;
    f->self = grading_ref_addr(x, c->from, to->family);
    probe_addr_text(&f->to, f->to_text);
    if (c->to_ref[0] != '\0') {
        snprintf(f->far, sizeof f->far, "@%s", c->to_ref);
        snprintf(f->place, sizeof f->place, "the test host %s", f->to_text);
    } else {
        snprintf(f->far, sizeof f->far, "%s", c->seen_at);
        snprintf(f->place, sizeof f->place, "%s", c->seen_at[0] != '\0' ? c->seen_at : f->to_text);
    }
}

void flow_init(struct flow *f, const struct exercise *x, const struct exercise_check *c, bool back)
{
    struct probe_addr to = grading_target(x, c);

    flow_init_to(f, x, c, &to);
    if (!back)
        return;
    f->to = f->self;
    f->self = to;
    probe_addr_text(&f->to, f->to_text);
    snprintf(f->far, sizeof f->far, "@%s", c->from);
    snprintf(f->place, sizeof f->place, "the test host %s", f->to_text);
}

bool flow_watched(const struct exercise_check *c)
{
    return c->seen_at[0] != '\0' || c->to_ref[0] != '\0';
}

/* ---- meaning ---- */
static void review_to_ref(struct check_review *k, const struct exercise_check *c,
                          const struct probe_ref *from)
{
    const struct probe_ref *to = check_ref_find(k->x, c->to_ref);
    char hint[VALUE_HINT_SIZE];

    if (to == NULL)
        CHECK_COMPLAIN(k, c, "check '%s': '%s' is neither an address nor a reference%s", c->id, c->to_ref,
                       check_like_ref(k, c->to_ref, hint));
    else if (to == from)
        CHECK_COMPLAIN(k, c, "check '%s' goes from '%s' to itself", c->id, c->to_ref);
    else if (from != NULL && from->nnets > 0 && to->nnets > 0 && grading_target(k->x, c).family == 0)
        CHECK_COMPLAIN(k, c, "check '%s': '%s' and '%s' have no addresses of the same family", c->id, c->from,
                       c->to_ref);
    if (c->seen_at[0] != '\0')
        CHECK_COMPLAIN(k, c, "check '%s': seen-at is '%s' itself when 'to' names a reference", c->id,
                       c->to_ref);
}

void flow_review_addr(struct check_review *k, const struct exercise_check *c, const struct probe_addr *to)
{
    const struct probe_ref *from = check_ref_find(k->x, c->from);
    char text[PROBE_ADDR_TEXT];

    if (from == NULL)
        return;
    if (!probe_ref_has(from, to->family))
        CHECK_COMPLAIN(k, c, "check '%s': reference '%s' has no address of the family of %s", c->id, c->from,
                       probe_addr_text(to, text));
    for (size_t i = 0; i < from->nnets; i++)
        if (from->net[i].addr.family == to->family && from->net[i].gateway.family == 0 &&
            !probe_addr_in_net(to, &from->net[i].addr, from->net[i].prefix))
            CHECK_COMPLAIN(k, c, "check '%s': reference '%s' has no gateway towards %s", c->id, c->from,
                           probe_addr_text(to, text));
}

const struct probe_ref *flow_review_from(struct check_review *k, const struct exercise_check *c)
{
    const struct probe_ref *from = check_ref_find(k->x, c->from);
    char hint[VALUE_HINT_SIZE];

    if (c->from[0] != '\0' && from == NULL)
        CHECK_COMPLAIN(k, c, "check '%s': there is no reference '%s'%s", c->id, c->from,
                       check_like_ref(k, c->from, hint));
    return from;
}

void flow_review(struct check_review *k, const struct exercise_check *c)
{
    const struct probe_ref *from = flow_review_from(k, c);

    if (c->to_ref[0] != '\0')
        review_to_ref(k, c, from);
    else if (c->to.family != 0)
        flow_review_addr(k, c, &c->to);
    check_review_port(k, c, c->seen_at);
    if (c->proto != PROBE_ICMP && c->port == 0 && !c->other && c->kind->proto == PROBE_ICMP)
        CHECK_COMPLAIN(k, c, "check '%s' needs a port", c->id);
    if (c->proto == PROBE_ICMP && (c->port != 0 || c->other))
        CHECK_COMPLAIN(k, c, "check '%s': a port makes sense with a proto that has ports", c->id);
    if (c->hops != EXERCISE_HOPS_ANY && !flow_watched(c))
        CHECK_COMPLAIN(k, c, "check '%s': hops needs something that arrives where it is watched", c->id);
}

/* ---- probes ---- */
struct probe *flow_spec_to(struct probe_spec *s, const struct exercise_check *c, const char *id,
                           const struct probe_addr *to, struct err *e)
{
    struct probe *p = check_spec_probe(s, id, e);

    if (p == NULL)
        return NULL;
    p->kind = c->proto;
    snprintf(p->from, sizeof p->from, "%s", c->from);
    p->to = *to;
    p->port = c->port;
    if (c->to_ref[0] != '\0')
        snprintf(p->far, sizeof p->far, "@%s", c->to_ref);
    else
        snprintf(p->far, sizeof p->far, "%s", c->seen_at);
    if (c->proto == PROBE_TCP)
        p->timeout_ms = FLOW_TCP_TIMEOUT_MS;
    return p;
}

struct probe *flow_spec_probe(struct probe_spec *s, const struct exercise *x, size_t i, bool back,
                              struct err *e)
{
    const struct exercise_check *c = &x->checks[i];
    struct probe_addr to = grading_target(x, c);
    char id[GRADING_PROBE_ID];
    struct probe *p;

    grading_probe_id(i, back, id);
    if ((p = flow_spec_to(s, c, id, &to, e)) == NULL || !back)
        return p;
    snprintf(p->from, sizeof p->from, "%s", c->to_ref);
    p->to = grading_ref_addr(x, c->from, to.family);
    snprintf(p->far, sizeof p->far, "@%s", c->from);
    return p;
}

int flow_spec_ends(struct probe_spec *s, const struct exercise *x, const struct exercise_check *c,
                   struct err *e)
{
    check_spec_ref(s, x, c->from);
    if (c->to_ref[0] == '\0')
        return c->seen_at[0] != '\0' ? check_spec_port(s, c->seen_at, e) : 0;
    check_spec_ref(s, x, c->to_ref);
    return 0;
}

int flow_spec(struct probe_spec *s, const struct exercise *x, size_t i, enum grading_phase phase,
              struct err *e)
{
    (void)phase;
    if (flow_spec_ends(s, x, &x->checks[i], e) < 0)
        return -1;
    return flow_spec_probe(s, x, i, false, e) != NULL ? 0 : -1;
}

/* ---- verdicts ---- */
const struct probe_outcome *flow_outcome(const struct exercise *x, size_t i, const struct probe_result *r,
                                         struct flow *f, struct grading_verdict *v)
{
    char id[GRADING_PROBE_ID];

    grading_probe_id(i, false, id);
    flow_init(f, x, &x->checks[i], false);
    return check_outcome(r, id, v);
}

const struct probe_sample *flow_sample(const struct probe_result *r, size_t i, bool back,
                                       struct grading_verdict *v)
{
    const struct probe_outcome *o;
    char id[GRADING_PROBE_ID];

    grading_probe_id(i, back, id);
    o = check_outcome(r, id, v);
    return o != NULL ? &o->samples[o->nsamples - 1] : NULL;
}

const struct probe_sighting *flow_seen(const struct probe_sample *s, const char *port, bool in,
                                       enum probe_what what)
{
    for (size_t i = 0; i < s->nsightings; i++)
        if (s->sightings[i].in == in && s->sightings[i].what == what &&
            strcmp(s->sightings[i].port, port) == 0)
            return &s->sightings[i];
    return NULL;
}

const char *flow_routers(int n, char out[32])
{
    snprintf(out, 32, n == 1 ? "%d router" : "%d routers", n);
    return out;
}

bool flow_arrived(const struct flow *f, const struct probe_sample *s, bool answered,
                  struct grading_verdict *v)
{
    const struct probe_sighting *g =
        flow_seen(s, f->far, true, f->proto == PROBE_TCP ? PROBE_SYN : PROBE_REQUEST);
    char text[PROBE_ADDR_TEXT], want[32], got[32];
    int hops;

    if (g == NULL) {
        if (answered)
            *v = check_verdict(GRADING_FAIL,
                               "An answer came in the name of %s, but the packet was never seen at %s: "
                               "something else answered for that address.",
                               f->to_text, f->place);
        else
            *v = check_verdict(GRADING_FAIL, "The packet did not arrive at %s.", f->place);
        return false;
    }
    if (!probe_addr_equal(&g->dst, &f->to)) {
        *v = check_verdict(GRADING_FAIL,
                           "A packet for %s arrived at %s, but with the destination changed to %s.",
                           f->to_text, f->place, probe_addr_text(&g->dst, text));
        return false;
    }
    if (!probe_addr_equal(&g->src, &f->self)) {
        *v = check_verdict(GRADING_FAIL,
                           "The packet arrived at %s, but with the source address changed to %s.", f->place,
                           probe_addr_text(&g->src, text));
        return false;
    }
    hops = CHECK_TTL - g->ttl;
    if (f->c->hops != EXERCISE_HOPS_ANY && hops != f->c->hops) {
        *v = check_verdict(GRADING_FAIL, "The packet arrived at %s after %s instead of %s, by its TTL of %d.",
                           f->place, flow_routers(hops, got), flow_routers(f->c->hops, want), g->ttl);
        return false;
    }
    return true;
}

struct grading_verdict flow_reach(const struct flow *f, const struct probe_sample *s)
{
    struct grading_verdict v;

    if (f->far[0] != '\0' && !flow_arrived(f, s, s->reply_us >= 0, &v))
        return v;
    if (f->c->both && s->reply_us < 0)
        return f->far[0] == '\0'
                   ? check_verdict(GRADING_FAIL, "No answer came from %s.", f->to_text)
                   : check_verdict(GRADING_FAIL, "The packet arrived at %s, but no answer came back.",
                                   f->place);
    if (f->c->both && f->far[0] != '\0' && flow_seen(s, f->far, false, PROBE_REPLY) == NULL)
        return check_verdict(
            GRADING_FAIL, "The packet arrived at %s, but the answer that came back did not leave from there.",
            f->place);
    if (f->far[0] == '\0')
        return check_verdict(GRADING_PASS, "An answer came from %s.", f->to_text);
    return f->c->both
               ? check_verdict(GRADING_PASS, "The packet arrived at %s and the answer came back.", f->place)
               : check_verdict(GRADING_PASS, "The packet arrived at %s.", f->place);
}

const struct probe_sighting *flow_crossed(const struct probe_sample *s, const char *link)
{
    for (size_t i = 0; i < s->nsightings; i++) {
        const struct probe_sighting *g = &s->sightings[i];

        if ((g->what == PROBE_REQUEST || g->what == PROBE_SYN) && check_link_end(g->port, link))
            return g;
    }
    return NULL;
}

struct grading_verdict flow_judge_before(const struct exercise *x, size_t i, const struct probe_result *r)
{
    const struct exercise_check *c = &x->checks[i];
    const struct probe_sample *s;
    struct grading_verdict v;
    struct flow f;

    if ((s = flow_sample(r, i, false, &v)) == NULL)
        return v;
    flow_init(&f, x, c, false);
    v = flow_reach(&f, s);
    if (v.status != GRADING_PASS)
        return check_verdict(GRADING_FAIL, "Already before the cut: %.300s", v.observed);
    for (size_t k = 0; k < c->cut.n; k++)
        if (flow_crossed(s, c->cut.v[k]) != NULL)
            return v;
    return check_verdict(GRADING_FAIL,
                         "Before the cut the packet did not use link %s, so cutting it shows nothing.",
                         c->cut.v[0]);
}

/* ---- with links cut ---- */
void flow_review_cut(struct check_review *k, const struct exercise_check *c)
{
    check_review_links(k, c, "cut", &c->cut);
    if (c->cut.n > PROBE_CUT_MAX)
        CHECK_COMPLAIN(k, c, "check '%s': more than %d links are cut", c->id, PROBE_CUT_MAX);
    if (c->cut.n > 0 && c->settle_ms < 1000 * k->x->hold)
        CHECK_COMPLAIN(k, c, "check '%s': settle is too short to see the traffic hold", c->id);
}

void flow_spec_again(struct probe_spec *s, const struct exercise *x, const struct exercise_check *c)
{
    struct probe *p = &s->probes[s->nprobes - 1];

    p->interval_ms = AGAIN_INTERVAL_MS;
    p->count = c->settle_ms / AGAIN_INTERVAL_MS;
    p->stop = x->hold > AGAIN_STREAK_MIN ? x->hold : AGAIN_STREAK_MIN;
    check_spec_cut(s, c);
}

struct grading_verdict flow_judge_again(const struct exercise *x, size_t i, const struct probe_result *r,
                                        struct grading_verdict (*sample)(const struct flow *f,
                                                                         const struct probe_sample *s))
{
    const struct exercise_check *c = &x->checks[i];
    const struct probe_outcome *o;
    struct grading_verdict v, last;
    size_t good = 0, streak = 0;
    struct flow f;

    if ((o = flow_outcome(x, i, r, &f, &v)) == NULL)
        return v;
    for (size_t n = 0; n < o->nsamples; n++) {
        last = sample(&f, &o->samples[n]);
        streak = last.status == GRADING_PASS ? streak + 1 : 0;
        good += last.status == GRADING_PASS;
    }
    if (streak >= x->hold) {
        last.after_ms = o->samples[o->nsamples - streak].sent_us / 1000;
        return last;
    }
    return check_verdict(
        GRADING_FAIL,
        "With link %s cut, %zu of %zu packets in %d seconds got through as expected. The last: %.200s",
        c->cut.v[0], good, o->nsamples, (int)(o->samples[o->nsamples - 1].sent_us / 1000000) + 1,
        last.observed);
}

/* ---- words ---- */
void flow_text(char out[GRADING_TEXT], const struct exercise *x, const struct exercise_check *c)
{
    struct probe_addr to = grading_target(x, c);
    char text[PROBE_ADDR_TEXT];

    check_text(out, c->proto == PROBE_TCP ? "A connection" : "A packet");
    check_text_ref(out, x, c->from, to.family);
    check_text(out, " to %s", probe_addr_text(&to, text));
    if (c->port != 0)
        check_text(out, " port %u", c->port);
}

void flow_text_arrival(char out[GRADING_TEXT], const struct exercise_check *c)
{
    bool tcp = c->proto == PROBE_TCP;

    check_text(out, tcp ? " is accepted" : " arrives");
    if (c->hops == 0)
        check_text(out, " directly");
    else if (c->hops != EXERCISE_HOPS_ANY)
        check_text(out, c->hops == 1 ? " through %d router" : " through %d routers", c->hops);
    if (c->seen_at[0] != '\0')
        check_text(out, tcp ? " by the host at %s" : " at %s", c->seen_at);
}
