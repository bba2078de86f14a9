/* dns: the name server behind the far port says what it should, to a client of ours, on UDP and on TCP.  Each
 * question is seen arriving there and its answer leaving, so that a file of host names at the client, another
 * server in between or one that the questions are led to count for nothing.
 *
 * The control is in it: a random name below the zone has to be NXDOMAIN, which a server that has one answer for
 * all names does not say.  Each record that is right gives its share of the points. */
#include "grading/check/flow.h"

#include "grading/probe_dns.h"

#include <arpa/nameser.h>
#include <stdio.h>
#include <string.h>

#define PORT 53
#define TOLD_MAX 4 /* records that the expectation names */

static const struct xattr attrs[] = {
    {"from", XA_NAME, offsetof(struct exercise_check, from), true, 0, 0},
    {"to", XA_ADDR, offsetof(struct exercise_check, to), true, 0, 0},
    {"seen-at", XA_SEEN, offsetof(struct exercise_check, seen_at), true, 0, 0},
    {"zone", XA_DOMAIN, offsetof(struct exercise_check, zone), true, 0, 0},
    {"port", XA_PORT, offsetof(struct exercise_check, port), false, 1, 65535},
    XATTRS_END,
};

/* ---- meaning ---- */
/* The first record of the set that 'i' is in: one question is asked for all of them. */
static size_t set_of(const struct exercise_check *c, size_t i)
{
    size_t k = 0;

    while (c->records[k].type != c->records[i].type || strcmp(c->records[k].name, c->records[i].name) != 0)
        k++;
    return k;
}

static void review(struct check_review *k, const struct exercise_check *c)
{
    flow_review(k, c);
    if (c->nrecords == 0)
        CHECK_COMPLAIN(k, c, "check '%s' needs a <record>", c->id);
    if (strlen(c->zone) > PROBE_FRESH_MAX)
        CHECK_COMPLAIN(k, c, "check '%s': its zone leaves no room for a name of %d letters in front", c->id,
                       PROBE_DOMAIN_SIZE - PROBE_FRESH_MAX - 2);
    for (size_t i = 0; i < c->nrecords; i++) {
        const struct exercise_record *r = &c->records[i];

        if (c->zone[0] != '\0' && !probe_domain_in(r->name, c->zone))
            topo_msgs_add(k->m, r->line, TOPO_ERROR, "check '%s': '%s' is not in the zone '%s'", c->id,
                          r->name, c->zone);
        for (size_t o = 0; o < i; o++)
            if (set_of(c, o) == set_of(c, i) && strcmp(c->records[o].value, r->value) == 0)
                topo_msgs_add(k->m, r->line, TOPO_ERROR, "check '%s' has this record already", c->id);
    }
}

/* ---- probes ---- */
/* Question 'q' is set_of() a record, or c->nrecords for the random name. */
static void probe_id(size_t check, size_t q, bool tcp, char out[NAME_SIZE])
{
    snprintf(out, NAME_SIZE, "c%zu-%zu-%s", check, q, tcp ? "tcp" : "udp");
}

static int spec_question(struct probe_spec *s, const struct exercise *x, size_t i, size_t q, bool tcp,
                         struct err *e)
{
    const struct exercise_check *c = &x->checks[i];
    bool fresh = q == c->nrecords;
    char id[NAME_SIZE];
    struct probe *p;

    probe_id(i, q, tcp, id);
    if ((p = flow_spec_probe(s, x, i, false, e)) == NULL)
        return -1;
    memcpy(p->id, id, sizeof id);
    p->kind = tcp ? PROBE_TCP : PROBE_UDP;
    if (tcp)
        p->timeout_ms = FLOW_TCP_TIMEOUT_MS;
    p->ask.speak = PROBE_SAY_DNS;
    p->ask.fresh = fresh;
    p->ask.type = fresh ? ns_t_a : c->records[q].type;
    memcpy(p->ask.domain, fresh ? c->zone : c->records[q].name, sizeof p->ask.domain);
    return 0;
}

static int spec(struct probe_spec *s, const struct exercise *x, size_t i, enum grading_phase phase,
                struct err *e)
{
    const struct exercise_check *c = &x->checks[i];

    (void)phase;
    check_spec_ref(s, x, c->from);
    if (check_spec_port(s, c->seen_at, e) < 0)
        return -1;
    for (size_t q = 0; q < c->nrecords; q++)
        if (set_of(c, q) == q &&
            (spec_question(s, x, i, q, false, e) < 0 || spec_question(s, x, i, q, true, e) < 0))
            return -1;
    return spec_question(s, x, i, c->nrecords, false, e);
}

/* ---- verdicts ---- */
/* The answer to a question, or NULL with '*v' why there is none that counts. */
static const struct probe_answer *answered(const struct exercise *x, size_t i, size_t q, bool tcp,
                                           const struct probe_result *r, struct grading_verdict *v)
{
    const struct exercise_check *c = &x->checks[i];
    const char *over = tcp ? "TCP" : "UDP";
    const char *name = q < c->nrecords ? c->records[q].name : "a random name";
    const struct probe_outcome *o;
    const struct probe_sample *s;
    char id[NAME_SIZE];
    struct flow f;

    probe_id(i, q, tcp, id);
    if ((o = check_outcome(r, id, v)) == NULL)
        return NULL;
    s = &o->samples[o->nsamples - 1];
    flow_init(&f, x, c, false);
    f.proto = tcp ? PROBE_TCP : PROBE_UDP;
    if (s->tcp == PROBE_TCP_REFUSED) {
        *v = check_verdict(GRADING_FAIL, "%s port %u refused a question over %s.", f.to_text, c->port, over);
        return NULL;
    }
    if (!flow_arrived(&f, s, s->answer.code != PROBE_ANSWER_NONE, v))
        return NULL;
    if (s->answer.code == PROBE_ANSWER_NONE)
        *v =
            check_verdict(GRADING_FAIL, "The question for %s over %s arrived at %s, but no answer came back.",
                          name, over, f.place);
    else if (s->answer.code == PROBE_ANSWER_BAD)
        *v =
            check_verdict(GRADING_FAIL, "The answer for %s over %s is not a proper DNS message.", name, over);
    else if (tcp ? flow_seen(s, f.far, true, PROBE_DATA) == NULL ||
                       flow_seen(s, f.far, false, PROBE_DATABACK) == NULL
                 : flow_seen(s, f.far, false, PROBE_REPLY) == NULL)
        *v = check_verdict(GRADING_FAIL, "The answer for %s over %s did not leave from %s.", name, over,
                           f.place);
    else
        return &s->answer;
    return NULL;
}

static bool holds(const struct probe_answer *a, const char *value)
{
    for (size_t i = 0; i < a->nvalues; i++)
        if (strcmp(a->values[i], value) == 0)
            return true;
    return false;
}

static bool expects(const struct exercise_check *c, size_t q, const char *value)
{
    for (size_t i = 0; i < c->nrecords; i++)
        if (set_of(c, i) == q && strcmp(c->records[i].value, value) == 0)
            return true;
    return false;
}

/* Judges the set of 'q' by an answer: what is wrong in it loses its mark in 'good', and '*v' says the first. */
static void judge_set(const struct exercise_check *c, size_t q, const struct probe_answer *a,
                      const char *over, bool good[EXERCISE_RECORDS_MAX], struct grading_verdict *v)
{
    const char *name = c->records[q].name, *type = probe_dns_type_name(c->records[q].type);
    const char *stranger = NULL;
    char code[24];

    for (size_t i = 0; i < a->nvalues && stranger == NULL; i++)
        if (!expects(c, q, a->values[i]))
            stranger = a->values[i];
    for (size_t i = 0; i < c->nrecords; i++) {
        const char *value = c->records[i].value;

        if (set_of(c, i) != q || (a->code == ns_r_noerror && stranger == NULL && holds(a, value)))
            continue;
        good[i] = false;
        if (v->status == GRADING_FAIL)
            continue;
        if (a->code != ns_r_noerror)
            *v = check_verdict(GRADING_FAIL, "The answer for %s (%s) over %s is %s.", name, type, over,
                               probe_dns_code_name(a->code, code));
        else if (holds(a, value))
            *v = check_verdict(GRADING_FAIL, "The answer for %s (%s) over %s also holds \"%.80s\".", name,
                               type, over, stranger);
        else if (stranger != NULL)
            *v = check_verdict(GRADING_FAIL,
                               "The answer for %s (%s) over %s is \"%.80s\" instead of \"%.80s\".", name,
                               type, over, stranger, value);
        else
            *v = check_verdict(GRADING_FAIL, "The answer for %s (%s) over %s does not hold \"%.80s\"%s.",
                               name, type, over, value, a->cut ? ": it was cut short" : "");
    }
}

/* False with '*v' unless a random name does not exist. */
static bool judge_control(const struct exercise *x, size_t i, const struct probe_result *r,
                          struct grading_verdict *v)
{
    const struct exercise_check *c = &x->checks[i];
    const struct probe_answer *a = answered(x, i, c->nrecords, false, r, v);
    char code[24];

    if (a == NULL)
        return false;
    if (a->code == ns_r_nxdomain && a->nvalues == 0)
        return true;
    if (a->nvalues > 0)
        *v = check_verdict(GRADING_FAIL,
                           "A random name below %s has the address %.80s, although there is no "
                           "such name.",
                           c->zone, a->values[0]);
    else
        *v = check_verdict(GRADING_FAIL, "The answer for a random name below %s is %s instead of NXDOMAIN.",
                           c->zone, probe_dns_code_name(a->code, code));
    return false;
}

static struct grading_verdict judge(const struct exercise *x, size_t i, const struct probe_result *r)
{
    const struct exercise_check *c = &x->checks[i];
    struct grading_verdict v = {.status = GRADING_PASS}, w;
    bool good[EXERCISE_RECORDS_MAX];
    unsigned n = 0;

    if (!judge_control(x, i, r, &w))
        return w;
    memset(good, true, sizeof good);
    for (size_t q = 0; q < c->nrecords; q++)
        for (int tcp = 0; tcp <= 1 && set_of(c, q) == q; tcp++) {
            const struct probe_answer *a = answered(x, i, q, tcp, r, &w);

            if (a == NULL && w.status == GRADING_ERROR)
                return w;
            if (a != NULL)
                judge_set(c, q, a, tcp ? "TCP" : "UDP", good, &v);
            for (size_t k = q; a == NULL && k < c->nrecords; k++)
                good[k] = good[k] && set_of(c, k) != q;
            if (a == NULL && v.status == GRADING_PASS)
                v = w;
        }
    for (size_t k = 0; k < c->nrecords; k++)
        n += good[k];
    if (n == c->nrecords)
        v = check_verdict(GRADING_PASS, "The server behind %s answered for all records, over UDP and TCP.",
                          c->seen_at);
    else if (n > 0)
        check_text(v.observed, " %u of %zu records are right.", n, c->nrecords);
    v.good = n;
    v.of = (unsigned)c->nrecords;
    return v;
}

static void expected(const struct exercise *x, const struct exercise_check *c, char out[GRADING_TEXT])
{
    char text[PROBE_ADDR_TEXT];

    check_text(out, "Questions");
    check_text_ref(out, x, c->from, c->to.family);
    check_text(out, " are answered by %s at %s, over UDP and TCP: ", probe_addr_text(&c->to, text),
               c->seen_at);
    for (size_t i = 0; i < c->nrecords && i < TOLD_MAX; i++)
        check_text(out, "%s%.60s %s \"%.40s\"", i > 0 ? ", " : "", c->records[i].name,
                   probe_dns_type_name(c->records[i].type), c->records[i].value);
    if (c->nrecords > TOLD_MAX)
        check_text(out, " and %zu more", c->nrecords - TOLD_MAX);
    check_text(out, "; other names below %.60s do not exist.", c->zone);
}

const struct check_kind check_dns = {
    .name = "dns",
    .attrs = attrs,
    .proto = PROBE_UDP,
    .port = PORT,
    .records = true,
    .review = review,
    .spec = spec,
    .judge = judge,
    .expected = expected,
};
