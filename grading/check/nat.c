/* nat: the packet is seen beyond the translator with the source and the destination that it should have
 * there, by everything that arrives, and the answer finds its way back through the same translation.
 *
 * "The page opens" would not do: routing to the private network, or a server on the router itself, opens it,
 * too. */
#include "grading/check/flow.h"

#include <string.h>

static const struct xattr attrs[] = {
    FLOW_ENDS,
    {"proto", XA_PROTO, offsetof(struct exercise_check, proto), false, 0, PROBE_TCP},
    {"port", XA_PORT, offsetof(struct exercise_check, port), false, 1, 65535},
    FLOW_BOTH,
    {"as", XA_ADDR, offsetof(struct exercise_check, as), false, 0, 0},
    {"becomes", XA_ADDR, offsetof(struct exercise_check, becomes), false, 0, 0},
    XATTRS_END,
};

static void review(struct check_review *k, const struct exercise_check *c)
{
    int family = grading_target(k->x, c).family;

    flow_review(k, c);
    if (!flow_watched(c))
        CHECK_COMPLAIN(k, c, "check '%s' needs seen-at: a translation is seen where the packet arrives",
                       c->id);
    if (c->as.family == 0 && c->becomes.family == 0)
        CHECK_COMPLAIN(k, c, "check '%s': nat needs 'as' (the source) or 'becomes' (the destination)", c->id);
    if (family != 0 && ((c->as.family != 0 && c->as.family != family) ||
                        (c->becomes.family != 0 && c->becomes.family != family)))
        CHECK_COMPLAIN(k, c, "check '%s': 'as' and 'becomes' must be of the family of 'to'", c->id);
    if (c->becomes.family != 0 && c->to_ref[0] != '\0')
        CHECK_COMPLAIN(k, c, "check '%s': with 'becomes', 'to' is the address before the translation", c->id);
}

/* A packet that was translated at both ends bears none of the addresses that it was sent with. */
static int spec(struct probe_spec *s, const struct exercise *x, size_t i, enum grading_phase phase,
                struct err *e)
{
    const struct exercise_check *c = &x->checks[i];
    struct probe *p;

    if (flow_spec(s, x, i, phase, e) < 0)
        return -1;
    p = &s->probes[s->nprobes - 1];
    if (c->as.family != 0)
        p->also[p->nalso++] = c->as;
    if (c->becomes.family != 0)
        p->also[p->nalso++] = c->becomes;
    if (probe_spec_also(s) > PROBE_ALSO_ALL_MAX)
        return err_set(e, ERR_CAPACITY, "the checks of kind nat name more than %d addresses",
                       PROBE_ALSO_ALL_MAX);
    return 0;
}

/* Each packet of the sample that arrives must be as it should; one that is not is told in '*v'. */
static bool translated(const struct flow *f, const struct probe_sample *s, struct grading_verdict *v)
{
    enum probe_what what = f->c->proto == PROBE_TCP ? PROBE_SYN : PROBE_REQUEST;
    const struct probe_addr *as = f->c->as.family != 0 ? &f->c->as : &f->self;
    const struct probe_addr *to = f->c->becomes.family != 0 ? &f->c->becomes : &f->to;
    char got[PROBE_ADDR_TEXT], want[PROBE_ADDR_TEXT];

    for (size_t i = 0; i < s->nsightings; i++) {
        const struct probe_sighting *g = &s->sightings[i];

        if (!g->in || g->what != what || strcmp(g->port, f->far) != 0)
            continue;
        if (!probe_addr_equal(&g->src, as)) {
            *v = check_verdict(GRADING_FAIL,
                               "A packet arrived at %s with the source address %s instead of %s.", f->place,
                               probe_addr_text(&g->src, got), probe_addr_text(as, want));
            return false;
        }
        if (!probe_addr_equal(&g->dst, to)) {
            *v = check_verdict(GRADING_FAIL, "A packet arrived at %s with the destination %s instead of %s.",
                               f->place, probe_addr_text(&g->dst, got), probe_addr_text(to, want));
            return false;
        }
    }
    return true;
}

static struct grading_verdict judge(const struct exercise *x, size_t i, const struct probe_result *r)
{
    const struct exercise_check *c = &x->checks[i];
    bool tcp = c->proto == PROBE_TCP, answered;
    const struct probe_sample *s;
    struct grading_verdict v;
    struct flow f;

    if ((s = flow_sample(r, i, false, &v)) == NULL)
        return v;
    flow_init(&f, x, c, false);
    answered = tcp ? s->tcp == PROBE_TCP_OPEN : s->reply_us >= 0;
    if (flow_seen(s, f.far, true, tcp ? PROBE_SYN : PROBE_REQUEST) == NULL)
        return answered ? check_verdict(GRADING_FAIL,
                                        "An answer came in the name of %s, but nothing was seen at %s: "
                                        "something else answered.",
                                        f.to_text, f.place)
                        : check_verdict(GRADING_FAIL, "The packet did not arrive at %s.", f.place);
    if (!translated(&f, s, &v))
        return v;
    if (!answered && (tcp || c->both))
        return check_verdict(GRADING_FAIL, "The packet arrived at %s as it should, but no answer came back.",
                             f.place);
    if (answered && flow_seen(s, f.far, false, tcp ? PROBE_SYNACK : PROBE_REPLY) == NULL)
        return check_verdict(GRADING_FAIL, "An answer came back, but it did not leave from %s.", f.place);
    return check_verdict(GRADING_PASS,
                         "The packet arrived at %s with the addresses that it should have there%s.", f.place,
                         answered ? ", and the answer came back" : "");
}

static void expected(const struct exercise *x, const struct exercise_check *c, char out[GRADING_TEXT])
{
    char text[PROBE_ADDR_TEXT];

    flow_text(out, x, c);
    check_text(out, " arrives");
    if (c->seen_at[0] != '\0')
        check_text(out, " at %s", c->seen_at);
    if (c->as.family != 0)
        check_text(out, " with the source address %s", probe_addr_text(&c->as, text));
    if (c->becomes.family != 0)
        check_text(out, "%s the destination %s", c->as.family != 0 ? " and" : " with",
                   probe_addr_text(&c->becomes, text));
    check_text(out, c->both || c->proto == PROBE_TCP ? ", and the answer comes back." : ".");
}

const struct check_kind check_nat = {
    .name = "nat",
    .attrs = attrs,
    .proto = PROBE_ICMP,
    .review = review,
    .spec = spec,
    .judge = judge,
    .expected = expected,
};
