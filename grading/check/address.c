/* address: an interface has its address: asked by ARP or neighbour discovery on its own segment, it answers, from
 * its own port and with its own MAC, nobody else answers, and it does not answer for other addresses as well.
 *
 * An answer from anywhere would not do: a router with proxy ARP, or with the address on its loopback, answers, too,
 * and two machines with one address work until they do not. */
#include "grading/check/flow.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define OTHERS 3       /* addresses at random that must not be answered for */
#define TRIES 2        /* a question may get lost while a guest is busy */
#define TIMEOUT_MS 900 /* for the last answer; a second owner may be slow */
#define INTERVAL_MS 300

static const struct xattr attrs[] = {XATTRS_END};
static const struct xattr part_attrs[] = {
    {"port", XA_SEEN, offsetof(struct exercise_check, seen_at), true, 0, 0},
    {"from", XA_NAME, offsetof(struct exercise_check, from), true, 0, 0},
    {"address", XA_ADDR, offsetof(struct exercise_check, to), true, 0, 0},
    XATTRS_END,
};

/* The reference's network that 'to' is in, or NULL. */
static bool net_find(const struct exercise *x, const struct exercise_check *part, struct probe_addr *net,
                     unsigned *prefix)
{
    const struct probe_ref *r = check_ref_find(x, part->from);

    for (size_t i = 0; r != NULL && i < r->nnets; i++)
        if (probe_addr_in_net(&part->to, &r->net[i].addr, r->net[i].prefix)) {
            *net = r->net[i].addr;
            *prefix = r->net[i].prefix;
            return true;
        }
    return false;
}

static void review(struct check_review *k, const struct exercise_check *c)
{
    char hint[VALUE_HINT_SIZE], text[PROBE_ADDR_TEXT];

    for (size_t i = 0; i < c->nparts; i++) {
        const struct exercise_check *part = &c->parts[i];
        struct probe_addr net;
        unsigned prefix;

        check_review_port(k, part, part->seen_at);
        if (check_ref_find(k->x, part->from) == NULL)
            CHECK_COMPLAIN(k, part, "check '%s': there is no reference '%s'%s", c->id, part->from,
                           check_like_ref(k, part->from, hint));
        else if (part->to.family != 0 && !net_find(k->x, part, &net, &prefix))
            CHECK_COMPLAIN(k, part, "check '%s': reference '%s' has no address in the subnet of %s", c->id,
                           part->from, probe_addr_text(&part->to, text));
        for (size_t o = 0; o < i; o++)
            if (part->to.family != 0 && probe_addr_equal(&part->to, &c->parts[o].to))
                CHECK_COMPLAIN(k, part, "check '%s' names %s twice", c->id, probe_addr_text(&part->to, text));
    }
}

/* ---- probes ---- */
/* What the others are drawn from. */
struct subnet {
    const struct exercise *x;
    unsigned prefix;
};

static bool is_free(const void *subnet, const struct probe_addr *a)
{
    const struct subnet *n = subnet;

    return check_addr_inner(a, n->prefix) && !check_addr_known(n->x, a);
}

static int ask(struct probe_spec *s, const struct exercise *x, size_t i, size_t part, size_t n,
               const struct probe_addr *to, struct err *e)
{
    char id[GRADING_PROBE_ID];
    struct probe *p;

    grading_part_id(i, part, n, id);
    if ((p = check_spec_probe(s, id, e)) == NULL)
        return -1;
    p->kind = PROBE_NEIGHBOUR;
    snprintf(p->from, sizeof p->from, "%s", x->checks[i].parts[part].from);
    p->to = *to;
    p->drawn = n > 0;
    p->count = TRIES;
    p->stop = 0;
    p->interval_ms = INTERVAL_MS;
    p->timeout_ms = TIMEOUT_MS;
    return 0;
}

static int spec(struct probe_spec *s, const struct exercise *x, size_t i, enum grading_phase phase,
                struct err *e)
{
    const struct exercise_check *c = &x->checks[i];

    (void)phase;
    for (size_t k = 0; k < c->nparts; k++) {
        const struct exercise_check *part = &c->parts[k];
        struct subnet n = {.x = x};
        struct probe_addr net, other;

        if (!net_find(x, part, &net, &n.prefix))
            continue; /* complained about */
        check_spec_ref(s, x, part->from);
        if (check_spec_port(s, part->seen_at, e) < 0 || ask(s, x, i, k, 0, &part->to, e) < 0)
            return -1;
        for (size_t o = 1; o <= OTHERS && check_draw(&net, n.prefix, is_free, &n, &other); o++)
            if (ask(s, x, i, k, o, &other, e) < 0)
                return -1;
    }
    return 0;
}

/* ---- verdicts ---- */
/* Any advertisement of any sample that left the port or came in there. */
static const struct probe_sighting *told(const struct probe_outcome *o, const char *port, bool in,
                                         enum probe_what what)
{
    const struct probe_sighting *g = NULL;

    for (size_t i = 0; i < o->nsamples && g == NULL; i++)
        g = flow_seen(&o->samples[i], port, in, what);
    return g;
}

/* Another one than 'first' who told the reference that the address is his; or NULL. */
static const struct probe_sighting *second(const struct probe_outcome *o, const char *home,
                                           const struct probe_sighting *first)
{
    for (size_t i = 0; i < o->nsamples; i++)
        for (size_t k = 0; k < o->samples[i].nsightings; k++) {
            const struct probe_sighting *g = &o->samples[i].sightings[k];

            if (g->what == PROBE_ADVERT && g->in && strcmp(g->port, home) == 0 &&
                memcmp(g->mac, first->mac, sizeof g->mac) != 0)
                return g;
        }
    return NULL;
}

static struct grading_verdict judge_owner(const struct exercise_check *part, const struct probe_outcome *o)
{
    const struct probe_sighting *own = told(o, part->seen_at, false, PROBE_ADVERT),
                                *alien = told(o, part->seen_at, false, PROBE_ADVERT_ALIEN), *home, *rival;
    char addr[PROBE_ADDR_TEXT], mac[18], port[PROBE_PORT_SIZE + 1];

    probe_addr_text(&part->to, addr);
    snprintf(port, sizeof port, "@%s", part->from);
    home = told(o, port, true, PROBE_ADVERT);
    if (alien != NULL)
        return check_verdict(GRADING_FAIL,
                             "%s answered for %s with the hardware address %s, which is not its own.",
                             part->seen_at, addr, probe_mac_text(alien->mac, mac));
    if (own == NULL && home == NULL)
        return check_verdict(GRADING_FAIL, "Nobody answered for %s at %s.", addr, part->seen_at);
    if (own == NULL)
        return check_verdict(GRADING_FAIL, "The answer for %s did not come from %s, but from %s.", addr,
                             part->seen_at, probe_mac_text(home->mac, mac));
    if (home == NULL)
        return check_verdict(GRADING_FAIL, "%s answered for %s, but its answer did not get through.",
                             part->seen_at, addr);
    if ((rival = second(o, port, own)) != NULL)
        return check_verdict(GRADING_FAIL, "Two machines answered for %s: %s, and another one (%s).", addr,
                             part->seen_at, probe_mac_text(rival->mac, mac));
    return check_verdict(GRADING_PASS, "%s answered for %s.", part->seen_at, addr);
}

static struct grading_verdict judge_part(const struct exercise *x, size_t i, size_t n,
                                         const struct probe_result *r)
{
    const struct exercise_check *part = &x->checks[i].parts[n];
    char id[GRADING_PROBE_ID], addr[PROBE_ADDR_TEXT];
    struct grading_verdict v, error;
    const struct probe_outcome *o;

    grading_part_id(i, n, 0, id);
    if ((o = check_outcome(r, id, &v)) == NULL)
        return v;
    v = judge_owner(part, o);
    for (size_t k = 1; k <= OTHERS && v.status == GRADING_PASS; k++) {
        const struct probe_sighting *g;

        grading_part_id(i, n, k, id);
        if (probe_outcome_find(r, id) == NULL) /* a small subnet */
            break;
        if ((o = check_outcome(r, id, &error)) == NULL)
            return error;
        if ((g = told(o, part->seen_at, false, PROBE_ADVERT)) != NULL ||
            (g = told(o, part->seen_at, false, PROBE_ADVERT_ALIEN)) != NULL)
            return check_verdict(GRADING_FAIL, "%s answered for %s, too, which is not one of its addresses.",
                                 part->seen_at, probe_addr_text(&g->src, addr));
    }
    return v;
}

static struct grading_verdict judge(const struct exercise *x, size_t i, const struct probe_result *r)
{
    struct grading_verdict v[EXERCISE_PARTS_MAX];

    for (size_t n = 0; n < x->checks[i].nparts; n++)
        v[n] = judge_part(x, i, n, r);
    return check_join(x->checks[i].nparts, v);
}

static void expected(const struct exercise *x, const struct exercise_check *c, char out[GRADING_TEXT])
{
    char text[PROBE_ADDR_TEXT];

    (void)x;
    check_text(out,
               "On its segment each interface, and nothing else, answers for its address and for no other: ");
    for (size_t i = 0; i < c->nparts; i++)
        check_text(out, "%s%s for %s", i > 0 ? ", " : "", c->parts[i].seen_at,
                   probe_addr_text(&c->parts[i].to, text));
    check_text(out, ".");
}

const struct check_kind check_address = {
    .name = "address",
    .attrs = attrs,
    .part = "interface",
    .part_attrs = part_attrs,
    .proto = PROBE_NEIGHBOUR,
    .review = review,
    .spec = spec,
    .judge = judge,
    .expected = expected,
};
