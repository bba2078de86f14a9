#include "grading/check/peering.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#define INTERVAL_MS 500
#define WITHDRAWN_MS \
    10000                /* RFC 2328, MinLSInterval: 5 s until the news may be sent, and as much to compute */
#define WITHDRAWN_LAST 3 /* so many of the last packets must not arrive */

const struct probe_ref *peering_review_ref(struct check_review *k, const struct exercise_check *c,
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

void peering_review(struct check_review *k, const struct exercise_check *c)
{
    const struct probe_ref *from;

    peering_review_ref(k, c, "peer", c->peer);
    from = peering_review_ref(k, c, "from", c->from);
    if (from != NULL && from->net[0].gateway.family == 0)
        CHECK_COMPLAIN(k, c, "check '%s': reference '%s' needs a gateway to send through", c->id, c->from);
    if (c->from[0] == '\0')
        topo_msgs_add(
            k->m, c->line, TOPO_WARNING,
            "check '%s' has no from: that a router speaks the protocol does not show that it routes by it",
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

struct probe_peer *peering_add(struct probe_spec *s, const struct exercise *x, const char *ref)
{
    struct probe_peer *p = &s->peers[s->npeers++];

    check_spec_ref(s, x, ref);
    snprintf(p->ref, sizeof p->ref, "%s", ref);
    p->announce = draw();
    return p;
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

int peering_spec(struct probe_spec *s, const struct exercise *x, size_t i, struct err *e)
{
    const struct exercise_check *c = &x->checks[i];
    struct probe *before, *after;

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

static bool arrived(const struct probe_sample *s, const char *peer)
{
    char port[PROBE_PORT_SIZE];

    snprintf(port, sizeof port, "@%s", peer);
    return flow_seen(s, port, true, PROBE_REQUEST) != NULL;
}

bool peering_forwarded(const struct exercise_check *c, size_t i, const struct probe_result *r,
                       struct grading_verdict *v)
{
    char before[GRADING_PROBE_ID], after[GRADING_PROBE_ID];
    const struct probe_outcome *b, *a;

    if (c->from[0] == '\0')
        return true;
    grading_probe_id(i, false, before);
    grading_probe_id(i, true, after);
    if ((b = check_outcome(r, before, v)) == NULL || (a = check_outcome(r, after, v)) == NULL)
        return false;
    if (!arrived(&b->samples[b->nsamples - 1], c->peer)) {
        *v = check_verdict(GRADING_FAIL,
                           "A packet from %s to a prefix that the test router announced "
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

const struct probe_prefix *peering_heard(const struct probe_peer_outcome *o, const struct probe_prefix *want)
{
    for (size_t i = 0; i < o->nprefixes; i++)
        if (o->prefixes[i].len == want->len && probe_addr_equal(&o->prefixes[i].addr, &want->addr))
            return &o->prefixes[i];
    return NULL;
}

/* Adds one prefix that is not as it should be to a list. */
static void blame(char *list, size_t size, const struct probe_prefix *want, const struct probe_prefix *got)
{
    size_t len = strlen(list);
    char text[PROBE_ADDR_TEXT];

    snprintf(list + len, size - len, "%s%s/%u (%s%s)", len > 0 ? ", " : "",
             probe_addr_text(&want->addr, text), want->len, got != NULL ? "AS path " : "not heard",
             got == NULL               ? ""
             : got->as_path[0] != '\0' ? got->as_path
                                       : "empty");
}

bool peering_told(const struct exercise_check *c, const struct probe_peer_outcome *o,
                  struct grading_verdict *v)
{
    char wrong[GRADING_TEXT / 2] = "";
    unsigned n = 0;

    for (size_t k = 0; k < c->hears.n; k++) {
        const struct probe_prefix *got = peering_heard(o, &c->hears.v[k]);

        if (got != NULL && (c->as_path[0] == '\0' || strcmp(got->as_path, c->as_path) == 0))
            n++;
        else
            blame(wrong, sizeof wrong, &c->hears.v[k], got);
    }
    if (n == c->hears.n)
        return true;
    *v = check_verdict(GRADING_FAIL, "Of %zu prefixes %u were told as expected; not: %s.", c->hears.n, n,
                       wrong);
    v->good = n;
    v->parts = (unsigned)c->hears.n;
    return false;
}

void peering_text(char out[GRADING_TEXT], const struct exercise *x, const struct exercise_check *c)
{
    if (c->from[0] == '\0')
        return;
    check_text(out, "; a packet");
    check_text_ref(out, x, c->from, AF_INET);
    check_text(out, " to a prefix that it announces arrives there until that is withdrawn");
}
