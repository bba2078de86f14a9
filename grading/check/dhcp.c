/* dhcp: clients that nobody has seen before get a lease from the server behind the far port: their question is seen
 * arriving there, and the answer that they take is seen leaving.  The lease has an address of the range, the mask of
 * the segment, and what else is asked for; each of these is a part.
 *
 * There are two clients at a time.  Something that has one answer for everybody gives them the same address. */
#include "grading/check/flow.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define PORT 67
#define CLIENTS 2
#define INTERVAL_MS 20
/* Servers ping an address before they offer it, for up to three seconds and one client after the other. */
#define TIMEOUT_MS 7500

static const struct xattr attrs[] = {
    {"from", XA_NAME, offsetof(struct exercise_check, from), true, 0, 0},
    {"seen-at", XA_SEEN, offsetof(struct exercise_check, seen_at), true, 0, 0},
    {"first", XA_ADDR, offsetof(struct exercise_check, first), true, 0, 0},
    {"last", XA_ADDR, offsetof(struct exercise_check, last), true, 0, 0},
    {"router", XA_ADDR, offsetof(struct exercise_check, router), false, 0, 0},
    {"dns", XA_ADDR, offsetof(struct exercise_check, dns), false, 0, 0},
    {"domain", XA_DOMAIN, offsetof(struct exercise_check, domain), false, 0, 0},
    XATTRS_END,
};

/* ---- meaning ---- */
static bool in_range(const struct exercise_check *c, const struct probe_addr *a)
{
    return a->family == AF_INET && memcmp(a->b, c->first.b, 4) >= 0 && memcmp(a->b, c->last.b, 4) <= 0;
}

/* The reference's IPv4 address; its length in '*prefix'.  NULL if it has none. */
static const struct probe_addr *home(const struct exercise *x, const struct exercise_check *c,
                                     unsigned *prefix)
{
    const struct probe_ref *r = check_ref_find(x, c->from);

    for (size_t i = 0; r != NULL && i < r->nnets; i++)
        if (r->net[i].addr.family == AF_INET) {
            *prefix = r->net[i].prefix;
            return &r->net[i].addr;
        }
    return NULL;
}

static void review_address(struct check_review *k, const struct exercise_check *c, const char *what,
                           const struct probe_addr *a)
{
    unsigned prefix = 0;
    const struct probe_addr *own = home(k->x, c, &prefix);
    char text[PROBE_ADDR_TEXT];

    if (a->family == 0)
        return;
    if (a->family != AF_INET)
        CHECK_COMPLAIN(k, c, "check '%s': %s must be an IPv4 address", c->id, what);
    else if (a != &c->dns && own != NULL && !probe_addr_in_net(a, own, prefix))
        CHECK_COMPLAIN(k, c, "check '%s': %s, %s, is not in the network of reference '%s'", c->id, what,
                       probe_addr_text(a, text), c->from);
}

static void review(struct check_review *k, const struct exercise_check *c)
{
    unsigned prefix = 0;
    const struct probe_addr *own = home(k->x, c, &prefix);

    flow_review(k, c);
    if (own == NULL && check_ref_find(k->x, c->from) != NULL)
        CHECK_COMPLAIN(k, c, "check '%s': reference '%s' has no IPv4 address, so the mask is not known",
                       c->id, c->from);
    review_address(k, c, "first", &c->first);
    review_address(k, c, "last", &c->last);
    review_address(k, c, "router", &c->router);
    review_address(k, c, "dns", &c->dns);
    if (c->first.family != AF_INET || c->last.family != AF_INET)
        return;
    if (memcmp(c->first.b, c->last.b, 4) >= 0)
        CHECK_COMPLAIN(k, c, "check '%s': last must be above first; there are %d clients at a time", c->id,
                       CLIENTS);
    else if (own != NULL && in_range(c, own))
        CHECK_COMPLAIN(k, c, "check '%s': the address of reference '%s' is in the range", c->id, c->from);
}

/* ---- probes ---- */
static int spec(struct probe_spec *s, const struct exercise *x, size_t i, enum grading_phase phase,
                struct err *e)
{
    const struct probe_addr everybody = {AF_INET, {255, 255, 255, 255}};
    const struct exercise_check *c = &x->checks[i];
    char id[GRADING_PROBE_ID];
    struct probe *p;

    (void)phase;
    grading_probe_id(i, false, id);
    if (flow_spec_ends(s, x, c, e) < 0 || (p = flow_spec_to(s, c, id, &everybody, e)) == NULL)
        return -1;
    p->ask.speak = PROBE_SAY_DHCP;
    p->count = CLIENTS;
    p->stop = 0;
    p->interval_ms = INTERVAL_MS;
    p->timeout_ms = TIMEOUT_MS;
    return 0;
}

/* ---- verdicts ---- */
/* Value 'n' of those that are 'what', or NULL. */
static const char *value(const struct probe_answer *a, const char *what, size_t n)
{
    size_t len = strlen(what);

    for (size_t i = 0; i < a->nvalues; i++)
        if (strncmp(a->values[i], what, len) == 0 && a->values[i][len] == ' ' && n-- == 0)
            return a->values[i] + len + 1;
    return NULL;
}

/* The lease that a client got, or NULL with '*v' why it has none that counts. */
static const struct probe_answer *lease(const struct exercise_check *c, const struct probe_sample *s,
                                        struct grading_verdict *v)
{
    const struct probe_answer *a = &s->answer;
    const char *offered = value(a, "address", 0);

    if (flow_seen(s, c->seen_at, true, PROBE_REQUEST) == NULL)
        *v = check_verdict(GRADING_FAIL,
                           a->code == PROBE_ANSWER_NONE
                               ? "The client's question did not arrive at %s."
                               : "The client was answered, but its question did not arrive at %s: "
                                 "something else is a server.",
                           c->seen_at);
    else if (a->code == PROBE_ANSWER_NONE)
        *v = check_verdict(GRADING_FAIL, "The client's question arrived at %s, but no offer came back.",
                           c->seen_at);
    else if (a->code == PROBE_ANSWER_BAD || offered == NULL)
        *v = check_verdict(GRADING_FAIL, "What the client was answered is not a proper DHCP message.");
    else if (flow_seen(s, c->seen_at, false, PROBE_REPLY) == NULL)
        *v = check_verdict(GRADING_FAIL,
                           "The client was offered %.40s, but not from %s: something else is a "
                           "server, too.",
                           offered, c->seen_at);
    else if (a->code == PROBE_DHCP_OFFER)
        *v = check_verdict(GRADING_FAIL,
                           "The client was offered %.40s, and when it asked for it, nobody "
                           "answered.",
                           offered);
    else if (a->code != PROBE_DHCP_ACK)
        *v = check_verdict(GRADING_FAIL,
                           "The client was offered %.40s, and when it asked for it, that was "
                           "refused.",
                           offered);
    else
        return a;
    return NULL;
}

static const char *gap(const struct grading_verdict *v)
{
    return v->observed[0] != '\0' ? " " : "";
}

/* One part: 'a' has 'what', once, and it is 'want'; else enters what it has. */
static unsigned has(const struct probe_answer *a, const char *what, const char *name, const char *want,
                    struct grading_verdict *v)
{
    const char *got = value(a, what, 0);

    if (got != NULL && strcmp(got, want) == 0 && value(a, what, 1) == NULL)
        return 1;
    v->status = GRADING_FAIL;
    if (got == NULL)
        check_text(v->observed, "%sThe lease has no %s.", gap(v), name);
    else if (strcmp(got, want) == 0)
        check_text(v->observed, "%sThe lease has a second %s, %.80s.", gap(v), name, value(a, what, 1));
    else
        check_text(v->observed, "%sThe lease has the %s %.80s instead of %.80s.", gap(v), name, got, want);
    return 0;
}

static void mask_text(unsigned prefix, char out[PROBE_ADDR_TEXT])
{
    struct probe_addr mask = {.family = AF_INET};

    for (unsigned b = 0; b < prefix; b++)
        mask.b[b / 8] |= (uint8_t)(0x80 >> b % 8);
    probe_addr_text(&mask, out);
}

/* The address and its mask are one part, each of the others is one. */
static struct grading_verdict judge_lease(const struct exercise *x, const struct exercise_check *c,
                                          const struct probe_answer *a)
{
    struct grading_verdict v = {.status = GRADING_PASS, .after_ms = -1};
    struct probe_addr address = {0};
    char want[PROBE_ADDR_TEXT];
    unsigned prefix = 0;

    v.parts = 1 + (c->router.family != 0) + (c->dns.family != 0) + (c->domain[0] != '\0');
    (void)home(x, c, &prefix);
    mask_text(prefix, want);
    v.good = has(a, "mask", "mask", want, &v);
    if (!probe_addr_parse(value(a, "address", 0), &address) || !in_range(c, &address)) {
        v.status = GRADING_FAIL;
        v.good = 0;
        check_text(v.observed, "%sThe address %.40s is not of the range.", gap(&v), value(a, "address", 0));
    }
    if (c->router.family != 0)
        v.good += has(a, "router", "router", probe_addr_text(&c->router, want), &v);
    if (c->dns.family != 0)
        v.good += has(a, "dns", "name server", probe_addr_text(&c->dns, want), &v);
    if (c->domain[0] != '\0')
        v.good += has(a, "domain", "domain name", c->domain, &v);
    return v;
}

static struct grading_verdict judge(const struct exercise *x, size_t i, const struct probe_result *r)
{
    const struct exercise_check *c = &x->checks[i];
    const struct probe_answer *got[CLIENTS];
    const struct probe_outcome *o;
    struct grading_verdict v, all = {.status = GRADING_ERROR};
    char id[GRADING_PROBE_ID];

    grading_probe_id(i, false, id);
    if ((o = check_outcome(r, id, &v)) == NULL)
        return v;
    if (o->nsamples != CLIENTS)
        return check_verdict(GRADING_ERROR, "The probe gave no result of one of its clients.");
    for (size_t k = 0; k < CLIENTS; k++) {
        if ((got[k] = lease(c, &o->samples[k], &v)) == NULL)
            return v;
        v = judge_lease(x, c, got[k]);
        if (k == 0 || v.good < all.good)
            all = v;
    }
    if (strcmp(value(got[0], "address", 0), value(got[1], "address", 0)) == 0)
        return check_verdict(GRADING_FAIL, "Two clients got the same address, %.40s.",
                             value(got[0], "address", 0));
    if (all.status == GRADING_PASS)
        snprintf(all.observed, sizeof all.observed,
                 "The server behind %s gave two clients the addresses %.40s and %.40s.", c->seen_at,
                 value(got[0], "address", 0), value(got[1], "address", 0));
    return all;
}

static void expected(const struct exercise *x, const struct exercise_check *c, char out[GRADING_TEXT])
{
    char a[PROBE_ADDR_TEXT], b[PROBE_ADDR_TEXT];
    unsigned prefix = 0;
    const struct probe_ref *r = check_ref_find(x, c->from);

    (void)home(x, c, &prefix);
    mask_text(prefix, b);
    check_text(out, "Two clients on %s that nobody has seen before", r != NULL ? r->segment : "-");
    check_text(out, " get leases from the server at %s, with the mask %s", c->seen_at, b);
    check_text(out, ", an address of its own for each from %s to %s", probe_addr_text(&c->first, a),
               probe_addr_text(&c->last, b));
    if (c->router.family != 0)
        check_text(out, ", the router %s", probe_addr_text(&c->router, a));
    if (c->dns.family != 0)
        check_text(out, ", the name server %s", probe_addr_text(&c->dns, a));
    if (c->domain[0] != '\0')
        check_text(out, ", the domain name %.80s", c->domain);
    check_text(out, ".");
}

const struct check_kind check_dhcp = {
    .name = "dhcp",
    .attrs = attrs,
    .proto = PROBE_UDP,
    .port = PORT,
    .review = review,
    .spec = spec,
    .judge = judge,
    .expected = expected,
};
