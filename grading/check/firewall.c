/* firewall: a matrix of flows, each with what should become of it: it arrives behind the firewall, it is dropped in
 * silence, or its sender is told.  Arrival is what is seen at the far port, never an answer: a server on the firewall
 * itself answers, too.
 *
 * The flows that should pass are the control of those that should not: a pulled cable is no firewall. */
#include "grading/check/flow.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#define OTHERS 3 /* ports drawn for port="other" */
#define DRAWS 64
#define FAMILIES 2
#define PORT_WELL_KNOWN 1024

static const struct xattr attrs[] = {XATTRS_END};
static const struct xattr part_attrs[] = {
    FLOW_ENDS,
    {"proto", XA_PROTO, offsetof(struct exercise_check, proto), false, 0, PROBE_TCP},
    {"port", XA_PORT_OR_OTHER, 0, false, 1, 65535},
    {"expect", XA_ACTION, offsetof(struct exercise_check, action), true, 0, 0},
    {"state", XA_STATE, offsetof(struct exercise_check, established), false, 0, 0},
    XATTRS_END,
};

/* A flow in one family. */
struct lane {
    const struct exercise_check *part;
    struct flow f;
    size_t family; /* index */
    uint16_t port; /* the one that was drawn, when a result is looked at */
};

static int family_of(size_t i)
{
    return i == 0 ? AF_INET : AF_INET6;
}

/* False if the flow's ends do not both have addresses of that family. */
static bool lane_init(struct lane *l, const struct exercise *x, const struct exercise_check *part,
                      size_t family)
{
    struct probe_addr to =
        part->to_ref[0] != '\0' ? grading_ref_addr(x, part->to_ref, family_of(family)) : part->to;

    if (to.family != family_of(family) || grading_ref_addr(x, part->from, to.family).family == 0)
        return false;
    l->part = part;
    l->family = family;
    l->port = part->port;
    flow_init_to(&l->f, x, part, &to);
    return true;
}

/* ---- meaning ---- */
static bool has_lane(const struct exercise *x, const struct exercise_check *c, size_t family, bool pass)
{
    struct lane l;

    for (size_t i = 0; i < c->nparts; i++)
        if ((c->parts[i].action == EXERCISE_PASS) == pass && lane_init(&l, x, &c->parts[i], family))
            return true;
    return false;
}

static void review(struct check_review *k, const struct exercise_check *c)
{
    for (size_t i = 0; i < c->nparts; i++) {
        const struct exercise_check *part = &c->parts[i];

        flow_review(k, part);
        if (!flow_watched(part))
            CHECK_COMPLAIN(k, part,
                           "check '%s' needs seen-at: what a firewall lets through is seen behind it", c->id);
        if (part->established && part->action != EXERCISE_PASS)
            CHECK_COMPLAIN(k, part, "check '%s': only what passes can become established", c->id);
    }
    for (size_t f = 0; f < FAMILIES; f++)
        if (has_lane(k->x, c, f, false) && !has_lane(k->x, c, f, true))
            CHECK_COMPLAIN(
                k, c, "check '%s' needs a flow that passes over %s: what is blocked proves nothing alone",
                c->id, f == 0 ? "IPv4" : "IPv6");
}

/* ---- probes ---- */
/* Does another flow of the check between the same ends name this port? */
static bool named(const struct exercise_check *c, const struct exercise_check *part, uint16_t port)
{
    for (size_t i = 0; i < c->nparts; i++)
        if (c->parts[i].proto == part->proto && c->parts[i].port == port &&
            strcmp(c->parts[i].from, part->from) == 0 && strcmp(c->parts[i].to_ref, part->to_ref) == 0 &&
            probe_addr_equal(&c->parts[i].to, &part->to))
            return true;
    return false;
}

/* The 'n'th port that no flow names, the first of them a well-known one. */
static uint16_t draw(const struct exercise_check *c, const struct exercise_check *part, size_t n)
{
    uint16_t port = 1;

    for (int i = 0; i < DRAWS; i++) {
        uint16_t random;

        if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
            break;
        port = n == 0 ? (uint16_t)(1 + random % (PORT_WELL_KNOWN - 1))
                      : (uint16_t)(PORT_WELL_KNOWN + random % (65536 - PORT_WELL_KNOWN));
        if (!named(c, part, port))
            break;
    }
    return port;
}

static size_t samples(const struct exercise_check *part)
{
    return part->other ? OTHERS : 1;
}

static int spec(struct probe_spec *s, const struct exercise *x, size_t i, enum grading_phase phase,
                struct err *e)
{
    const struct exercise_check *c = &x->checks[i];

    (void)phase;
    for (size_t k = 0; k < c->nparts; k++) {
        const struct exercise_check *part = &c->parts[k];
        struct lane l;

        if (flow_spec_ends(s, x, part, e) < 0)
            return -1;
        for (size_t f = 0; f < FAMILIES; f++)
            for (size_t n = 0; n < samples(part) && lane_init(&l, x, part, f); n++) {
                char id[GRADING_PROBE_ID];
                struct probe *p;

                grading_part_id(i, k, f * OTHERS + n, id);
                if ((p = flow_spec_to(s, part, id, &l.f.to, e)) == NULL)
                    return -1;
                p->drawn = part->other;
                if (part->other)
                    p->port = draw(c, part, n);
            }
    }
    return 0;
}

/* ---- verdicts ---- */
/* "TCP to 10.0.2.10 port 80" */
static const char *name(const struct lane *l, char out[96])
{
    static const char *const protos[] = {
        [PROBE_ICMP] = "ICMP echo", [PROBE_UDP] = "UDP", [PROBE_TCP] = "TCP"};
    int n = snprintf(out, 96, "%s to %s", protos[l->part->proto], l->f.to_text);

    if (l->port != 0)
        snprintf(out + n, 96 - (size_t)n, " port %u", l->port);
    return out;
}

static bool tcp(const struct lane *l)
{
    return l->part->proto == PROBE_TCP;
}

static bool arrived(const struct lane *l, const struct probe_sample *s)
{
    return flow_seen(s, l->f.far, true, tcp(l) ? PROBE_SYN : PROBE_REQUEST) != NULL;
}

static bool answered(const struct lane *l, const struct probe_sample *s)
{
    return tcp(l) ? s->tcp == PROBE_TCP_OPEN : s->reply_us >= 0;
}

/* Was the sender told that it will not do? */
static bool refused(const struct lane *l, const struct probe_sample *s)
{
    char home[PROBE_PORT_SIZE + 1];

    if (tcp(l) && (s->tcp == PROBE_TCP_REFUSED || s->tcp == PROBE_TCP_UNREACHABLE))
        return true;
    snprintf(home, sizeof home, "@%s", l->part->from);
    return flow_seen(s, home, true, PROBE_ERROR) != NULL;
}

static struct grading_verdict judge_established(const struct lane *l, const struct probe_sample *s)
{
    const char *place = l->f.place;
    char flow[96];

    if (!answered(l, s) && !refused(l, s))
        return check_verdict(GRADING_FAIL, "%s arrived at %s, but its answer did not come back.",
                             name(l, flow), place);
    if (tcp(l) && flow_seen(s, l->f.far, false, answered(l, s) ? PROBE_SYNACK : PROBE_RST) == NULL)
        return check_verdict(GRADING_FAIL, "%s was answered, but not from %s.", name(l, flow), place);
    if (tcp(l) && answered(l, s) && flow_seen(s, l->f.far, true, PROBE_DATA) == NULL)
        return check_verdict(GRADING_FAIL, "%s was accepted, but then its data did not arrive at %s.",
                             name(l, flow), place);
    if (!tcp(l) && answered(l, s) && flow_seen(s, l->f.far, false, PROBE_REPLY) == NULL)
        return check_verdict(GRADING_FAIL, "%s was answered, but not from %s.", name(l, flow), place);
    return check_verdict(GRADING_PASS, "%s arrived at %s, and its answer came back.", name(l, flow), place);
}

static struct grading_verdict judge_sample(const struct lane *l, const struct probe_sample *s)
{
    enum exercise_action want = l->part->action;
    struct grading_verdict v;
    char flow[96];

    name(l, flow);
    if (want == EXERCISE_PASS) {
        if (!arrived(l, s) && refused(l, s))
            return check_verdict(GRADING_FAIL, "%s was rejected before it arrived at %s.", flow, l->f.place);
        if (!arrived(l, s) && answered(l, s))
            return check_verdict(GRADING_FAIL, "%s was answered by something else: it was never seen at %s.",
                                 flow, l->f.place);
        if (!arrived(l, s))
            return check_verdict(GRADING_FAIL, "%s did not arrive at %s.", flow, l->f.place);
        if (!flow_arrived(&l->f, s, answered(l, s), &v))
            return v;
        return l->part->established ? judge_established(l, s)
                                    : check_verdict(GRADING_PASS, "%s arrived at %s.", flow, l->f.place);
    }
    if (arrived(l, s))
        return check_verdict(GRADING_FAIL, "%s arrived at %s.", flow, l->f.place);
    if (answered(l, s))
        return check_verdict(GRADING_FAIL, "%s was answered by something before %s.", flow, l->f.place);
    if (want == EXERCISE_DROP && refused(l, s))
        return check_verdict(GRADING_FAIL, "%s did not arrive, but its sender was told so.", flow);
    return check_verdict(GRADING_PASS, "%s did not arrive at %s.", flow, l->f.place);
}

/* One flow in one family; '*none' if it has none in it.  Of the ports drawn, one whose sender was told is enough for a
 * rejection: hosts limit how many they tell. */
static struct grading_verdict judge_lane(const struct exercise *x, size_t i, size_t k, size_t family,
                                         const struct probe_result *r, bool *none)
{
    struct grading_verdict v = {.status = GRADING_PASS, .after_ms = -1};
    bool told = false;
    char flow[96];
    struct lane l;

    *none = !lane_init(&l, x, &x->checks[i].parts[k], family);
    for (size_t n = 0; !*none && n < samples(l.part); n++) {
        const struct probe_outcome *o;
        char id[GRADING_PROBE_ID];

        grading_part_id(i, k, family * OTHERS + n, id);
        if ((o = check_outcome(r, id, &v)) == NULL)
            return v;
        if (l.part->other)
            l.port = o->port;
        v = judge_sample(&l, &o->samples[o->nsamples - 1]);
        if (v.status != GRADING_PASS)
            return v;
        told = told || refused(&l, &o->samples[o->nsamples - 1]);
    }
    if (!*none && l.part->action == EXERCISE_REJECT && !told)
        return check_verdict(GRADING_FAIL, "%s disappeared, and its sender was not told.", name(&l, flow));
    return v;
}

/* Enters in 'open' the families in which a flow that should pass does; those that should not count there alone. */
static struct grading_verdict judge_part(const struct exercise *x, size_t i, size_t k,
                                         const struct probe_result *r, bool open[FAMILIES])
{
    bool pass = x->checks[i].parts[k].action == EXERCISE_PASS, none;
    struct grading_verdict v, all = {.status = GRADING_PASS, .after_ms = -1};

    for (size_t f = 0; f < FAMILIES; f++) {
        v = judge_lane(x, i, k, f, r, &none);
        if (none)
            continue;
        if (v.status == GRADING_PASS && pass)
            open[f] = true;
        else if (v.status == GRADING_PASS && !open[f])
            v = check_verdict(GRADING_FAIL,
                              "What is blocked over %s proves nothing: nothing that should pass does.",
                              f == 0 ? "IPv4" : "IPv6");
        if (all.status == GRADING_PASS || v.status == GRADING_ERROR)
            all = v;
    }
    return all;
}

static struct grading_verdict judge(const struct exercise *x, size_t i, const struct probe_result *r)
{
    const struct exercise_check *c = &x->checks[i];
    struct grading_verdict v[EXERCISE_PARTS_MAX];
    bool open[FAMILIES] = {false};

    for (int pass = 1; pass >= 0; pass--)
        for (size_t k = 0; k < c->nparts; k++)
            if ((c->parts[k].action == EXERCISE_PASS) == pass)
                v[k] = judge_part(x, i, k, r, open);
    return check_join(c->nparts, v);
}

static void expected(const struct exercise *x, const struct exercise_check *c, char out[GRADING_TEXT])
{
    static const char *const actions[] = {
        [EXERCISE_PASS] = "passes", [EXERCISE_DROP] = "is dropped", [EXERCISE_REJECT] = "is rejected"};
    static const char *const protos[] = {
        [PROBE_ICMP] = "ICMP echo", [PROBE_UDP] = "UDP", [PROBE_TCP] = "TCP"};

    for (size_t i = 0; i < c->nparts; i++) {
        const struct exercise_check *p = &c->parts[i];
        struct probe_addr to = grading_target(x, p);
        char text[PROBE_ADDR_TEXT];

        check_text(out, "%s%s%s", i > 0 ? "; " : "", p->other ? "other " : "", protos[p->proto]);
        if (p->port != 0)
            check_text(out, " port %u", p->port);
        check_text(out, " from %s to %s %s", p->from,
                   p->to_ref[0] != '\0' ? p->to_ref : probe_addr_text(&to, text), actions[p->action]);
        if (p->established)
            check_text(out, " with its answers");
    }
    check_text(out, ".");
}

const struct check_kind check_firewall = {
    .name = "firewall",
    .attrs = attrs,
    .part = "flow",
    .part_attrs = part_attrs,
    .proto = PROBE_ICMP,
    .review = review,
    .spec = spec,
    .judge = judge,
    .expected = expected,
};
