/* dns: the name server behind the far port says what it should, to a client of ours, on UDP and on TCP.  Each
 * question is seen arriving there and its answer leaving, so that a file of host names at the client, another
 * server in between or one that the questions are led to count for nothing.
 *
 * The control is in it: a random name below the zone has to be NXDOMAIN, which a server that has one answer for
 * all names does not say.  Each record that is right gives its share of the points. */
#include "grading/check/flow.h"

#include "grading/probe_dns.h"
#include "labd/base/mem.h"

#include <arpa/nameser.h>
#include <stdio.h>
#include <string.h>

#define PORT 53
#define TOLD_MAX 4 /* records that the expectation names */

static const struct xattr attrs[] = {
    {"from", XA_NAME, offsetof(struct exercise_check, from), true, 0, 0},
    {"to", XA_ADDR, offsetof(struct exercise_check, to), true, 0, 0},
    {"seen-at", XA_SEEN, offsetof(struct exercise_check, seen_at), true, 0, 0},
    {"zone", XA_DOMAIN, offsetof(struct exercise_check, domain), true, 0, 0},
    {"port", XA_PORT, offsetof(struct exercise_check, port), false, 1, 65535},
    XATTRS_END,
};
static const struct xattr part_attrs[] = {
    {"name", XA_DOMAIN, offsetof(struct exercise_check, domain), true, 0, 0},
    {"type", XA_RRTYPE, offsetof(struct exercise_check, type), true, 0, 0},
    XATTRS_END,
};

static void part_text(struct topo_msgs *m, struct exercise_check *part, const char *text)
{
    char value[PROBE_VALUE_SIZE], shown[VALUE_SHOW_SIZE];

    if (text == NULL || part->type == 0)
        return; /* complained about */
    if (probe_record_parse(part->type, text, value))
        part->text = xstrdup(value);
    else
        topo_msgs_add(m, part->line, TOPO_ERROR, "'%s' can not be in a record of type %s",
                      value_show(text, shown), probe_dns_type_name(part->type));
}

/* ---- meaning ---- */
/* The first record of the set that 'i' is in: one question is asked for all of them. */
static size_t set_of(const struct exercise_check *c, size_t i)
{
    size_t k = 0;

    while (c->parts[k].type != c->parts[i].type || strcmp(c->parts[k].domain, c->parts[i].domain) != 0)
        k++;
    return k;
}

static void review(struct check_review *k, const struct exercise_check *c)
{
    flow_review(k, c);
    if (strlen(c->domain) > PROBE_FRESH_MAX)
        CHECK_COMPLAIN(k, c, "check '%s': its zone leaves no room for a name of %d letters in front", c->id,
                       PROBE_DOMAIN_SIZE - PROBE_FRESH_MAX - 2);
    for (size_t i = 0; i < c->nparts; i++) {
        const struct exercise_check *r = &c->parts[i];

        if (r->domain[0] == '\0' || r->type == 0 || r->text == NULL)
            continue; /* complained about */
        if (c->domain[0] != '\0' && !probe_domain_in(r->domain, c->domain))
            CHECK_COMPLAIN(k, r, "check '%s': '%s' is not in the zone '%s'", c->id, r->domain, c->domain);
        for (size_t o = 0; o < i; o++)
            if (c->parts[o].text != NULL && set_of(c, o) == set_of(c, i) &&
                strcmp(c->parts[o].text, r->text) == 0)
                CHECK_COMPLAIN(k, r, "check '%s' has this record already", c->id);
    }
}

/* ---- probes ---- */
/* Question 'q' is set_of() a record, or c->nparts for the random name. */
static int spec_question(struct probe_spec *s, const struct exercise *x, size_t i, size_t q, bool tcp,
                         struct err *e)
{
    const struct exercise_check *c = &x->checks[i];
    bool fresh = q == c->nparts;
    char id[GRADING_PROBE_ID];
    struct probe *p;

    grading_part_id(i, q, tcp, id);
    if ((p = flow_spec_to(s, c, id, &c->to, e)) == NULL)
        return -1;
    p->kind = tcp ? PROBE_TCP : PROBE_UDP;
    if (tcp)
        p->timeout_ms = FLOW_TCP_TIMEOUT_MS;
    p->ask.speak = PROBE_SAY_DNS;
    p->ask.fresh = fresh;
    p->ask.type = fresh ? ns_t_a : c->parts[q].type;
    memcpy(p->ask.domain, fresh ? c->domain : c->parts[q].domain, sizeof p->ask.domain);
    return 0;
}

static int spec(struct probe_spec *s, const struct exercise *x, size_t i, enum grading_phase phase,
                struct err *e)
{
    const struct exercise_check *c = &x->checks[i];

    (void)phase;
    if (flow_spec_ends(s, x, c, e) < 0)
        return -1;
    for (size_t q = 0; q < c->nparts; q++)
        if (set_of(c, q) == q &&
            (spec_question(s, x, i, q, false, e) < 0 || spec_question(s, x, i, q, true, e) < 0))
            return -1;
    return spec_question(s, x, i, c->nparts, false, e);
}

/* ---- verdicts ---- */
/* The answer to a question, or NULL with '*v' why there is none that counts. */
static const struct probe_answer *answered(const struct exercise *x, size_t i, size_t q, bool tcp,
                                           const struct probe_result *r, struct grading_verdict *v)
{
    const struct exercise_check *c = &x->checks[i];
    const char *over = tcp ? "TCP" : "UDP";
    const char *name = q < c->nparts ? c->parts[q].domain : "a random name";
    const struct probe_outcome *o;
    const struct probe_sample *s;
    char id[GRADING_PROBE_ID];
    struct flow f;

    grading_part_id(i, q, tcp, id);
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
    for (size_t i = 0; i < c->nparts; i++)
        if (set_of(c, i) == q && strcmp(c->parts[i].text, value) == 0)
            return true;
    return false;
}

/* Enters what is wrong with record 'i' of the set that the answer 'a' is to. */
static void judge_record(const struct exercise_check *c, size_t i, const struct probe_answer *a,
                         const char *over, struct grading_verdict *v)
{
    size_t q = set_of(c, i);
    const char *name = c->parts[i].domain, *type = probe_dns_type_name(c->parts[i].type);
    const char *value = c->parts[i].text;
    size_t odd = 0; /* the first value that nobody asked for */
    char code[24];

    while (odd < a->nvalues && expects(c, q, a->values[odd]))
        odd++;
    if (a->code != ns_r_noerror)
        *v = check_verdict(GRADING_FAIL, "The answer for %s (%s) over %s is %s.", name, type, over,
                           probe_dns_code_name(a->code, code));
    else if (holds(a, value) && odd < a->nvalues)
        *v = check_verdict(GRADING_FAIL, "The answer for %s (%s) over %s also holds \"%.80s\".", name, type,
                           over, a->values[odd]);
    else if (odd < a->nvalues)
        *v = check_verdict(GRADING_FAIL, "The answer for %s (%s) over %s is \"%.80s\" instead of \"%.80s\".",
                           name, type, over, a->values[odd], value);
    else if (!holds(a, value))
        *v = check_verdict(GRADING_FAIL, "The answer for %s (%s) over %s does not hold \"%.80s\"%s.", name,
                           type, over, value, a->cut ? ": it was cut short" : "");
}

/* False with '*v' unless a random name does not exist. */
static bool judge_control(const struct exercise *x, size_t i, const struct probe_result *r,
                          struct grading_verdict *v)
{
    const struct exercise_check *c = &x->checks[i];
    const struct probe_answer *a = answered(x, i, c->nparts, false, r, v);
    char code[24];

    if (a == NULL)
        return false;
    if (a->code == ns_r_nxdomain && a->nvalues == 0)
        return true;
    if (a->nvalues > 0)
        *v = check_verdict(GRADING_FAIL,
                           "A random name below %s has the address %.80s, although there is no "
                           "such name.",
                           c->domain, a->values[0]);
    else
        *v = check_verdict(GRADING_FAIL, "The answer for a random name below %s is %s instead of NXDOMAIN.",
                           c->domain, probe_dns_code_name(a->code, code));
    return false;
}

static struct grading_verdict judge_part(const struct exercise *x, size_t i, size_t k,
                                         const struct probe_result *r)
{
    const struct exercise_check *c = &x->checks[i];
    struct grading_verdict v = {.status = GRADING_PASS};

    for (int tcp = 0; tcp <= 1 && v.status == GRADING_PASS; tcp++) {
        const struct probe_answer *a = answered(x, i, set_of(c, k), tcp, r, &v);

        if (a != NULL)
            judge_record(c, k, a, tcp ? "TCP" : "UDP", &v);
    }
    return v;
}

static struct grading_verdict judge(const struct exercise *x, size_t i, const struct probe_result *r)
{
    const struct exercise_check *c = &x->checks[i];
    struct grading_verdict v[EXERCISE_PARTS_MAX], all;

    if (!judge_control(x, i, r, &all))
        return all;
    for (size_t k = 0; k < c->nparts; k++)
        v[k] = judge_part(x, i, k, r);
    all = check_join(c->nparts, v);
    if (all.status == GRADING_PASS)
        snprintf(all.observed, sizeof all.observed,
                 "The server behind %s answered for all records, over UDP and TCP.", c->seen_at);
    return all;
}

static void expected(const struct exercise *x, const struct exercise_check *c, char out[GRADING_TEXT])
{
    char text[PROBE_ADDR_TEXT];

    check_text(out, "Questions");
    check_text_ref(out, x, c->from, c->to.family);
    check_text(out, " are answered by %s at %s, over UDP and TCP: ", probe_addr_text(&c->to, text),
               c->seen_at);
    for (size_t i = 0; i < c->nparts && i < TOLD_MAX; i++)
        check_text(out, "%s%.60s %s \"%.40s\"", i > 0 ? ", " : "", c->parts[i].domain,
                   probe_dns_type_name(c->parts[i].type), c->parts[i].text);
    if (c->nparts > TOLD_MAX)
        check_text(out, " and %zu more", c->nparts - TOLD_MAX);
    check_text(out, "; other names below %.60s do not exist.", c->domain);
}

const struct check_kind check_dns = {
    .name = "dns",
    .attrs = attrs,
    .part = "record",
    .part_attrs = part_attrs,
    .part_text = part_text,
    .proto = PROBE_UDP,
    .port = PORT,
    .review = review,
    .spec = spec,
    .judge = judge,
    .expected = expected,
};
