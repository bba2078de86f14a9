/* http: the web server behind the far port has the page that it should, for a client of ours.  The request, with a
 * nonce in its query, is seen arriving there and its answer leaving.
 *
 * The control is in it: a page of a random name must not be found, which a server that has one answer for
 * everything does not say. */
#include "grading/check/flow.h"

#include <stdio.h>
#include <string.h>

#define PORT 80
#define NOT_FOUND 404

static const struct xattr attrs[] = {
    {"from", XA_NAME, offsetof(struct exercise_check, from), true, 0, 0},
    {"to", XA_ADDR, offsetof(struct exercise_check, to), true, 0, 0},
    {"seen-at", XA_SEEN, offsetof(struct exercise_check, seen_at), true, 0, 0},
    {"port", XA_PORT, offsetof(struct exercise_check, port), false, 1, 65535},
    {"path", XA_PATH, offsetof(struct exercise_check, path), false, 0, 0},
    {"host", XA_DOMAIN, offsetof(struct exercise_check, domain), false, 0, 0},
    {"status", XA_UINT, offsetof(struct exercise_check, status), false, 100, 599},
    {"text", XA_TEXT, offsetof(struct exercise_check, text), false, 0, 0},
    XATTRS_END,
};

static void review(struct check_review *k, const struct exercise_check *c)
{
    flow_review(k, c);
    for (const char *p = c->text; p != NULL && *p != '\0'; p++)
        if (*p < 0x20 || *p > 0x7e) {
            CHECK_COMPLAIN(k, c, "check '%s': the text to look for must be ASCII", c->id);
            break;
        }
    if (c->text != NULL && strlen(c->text) >= PROBE_TEXT_SIZE)
        CHECK_COMPLAIN(k, c, "check '%s': the text to look for is longer than %d letters", c->id,
                       PROBE_TEXT_SIZE - 1);
}

/* ---- probes ---- */
static int spec_page(struct probe_spec *s, const struct exercise *x, size_t i, bool fresh, struct err *e)
{
    const struct exercise_check *c = &x->checks[i];
    char id[GRADING_PROBE_ID];
    struct probe *p;

    grading_part_id(i, 0, fresh, id);
    if ((p = flow_spec_to(s, c, id, &c->to, e)) == NULL)
        return -1;
    p->ask.speak = PROBE_SAY_HTTP;
    p->ask.fresh = fresh;
    memcpy(p->ask.domain, c->domain, sizeof p->ask.domain);
    memcpy(p->ask.path, c->path, sizeof p->ask.path);
    if (!fresh && c->text != NULL)
        snprintf(p->ask.text, sizeof p->ask.text, "%s", c->text);
    return 0;
}

static int spec(struct probe_spec *s, const struct exercise *x, size_t i, enum grading_phase phase,
                struct err *e)
{
    (void)phase;
    if (flow_spec_ends(s, x, &x->checks[i], e) < 0)
        return -1;
    return spec_page(s, x, i, false, e) < 0 || spec_page(s, x, i, true, e) < 0 ? -1 : 0;
}

/* ---- verdicts ---- */
/* The answer, or NULL with '*v' why there is none that counts. */
static const struct probe_answer *answered(const struct exercise *x, size_t i, bool fresh,
                                           const struct probe_result *r, struct grading_verdict *v)
{
    const struct exercise_check *c = &x->checks[i];
    const char *page = fresh ? "a page of a random name" : c->path;
    const struct probe_outcome *o;
    const struct probe_sample *s;
    char id[GRADING_PROBE_ID];
    struct flow f;

    grading_part_id(i, 0, fresh, id);
    if ((o = check_outcome(r, id, v)) == NULL)
        return NULL;
    s = &o->samples[o->nsamples - 1];
    flow_init(&f, x, c, false);
    if (s->tcp == PROBE_TCP_REFUSED) {
        *v = check_verdict(GRADING_FAIL, "The connection to %s port %u was refused.", f.to_text, c->port);
        return NULL;
    }
    if (!flow_arrived(&f, s, s->tcp == PROBE_TCP_OPEN, v))
        return NULL;
    if (s->tcp != PROBE_TCP_OPEN)
        *v =
            check_verdict(GRADING_FAIL, "The connection to %s port %u was not answered.", f.to_text, c->port);
    else if (s->answer.code == PROBE_ANSWER_NONE)
        *v = check_verdict(GRADING_FAIL, "No answer came to the request for %s.", page);
    else if (s->answer.code == PROBE_ANSWER_BAD)
        *v = check_verdict(GRADING_FAIL, "The answer to the request for %s is not HTTP.", page);
    else if (flow_seen(s, f.far, true, PROBE_DATA) == NULL)
        *v = check_verdict(GRADING_FAIL, "The request for %s was answered, but it was not seen at %s.", page,
                           f.place);
    else if (flow_seen(s, f.far, false, PROBE_DATABACK) == NULL)
        *v = check_verdict(GRADING_FAIL, "The answer to the request for %s did not leave from %s.", page,
                           f.place);
    else
        return &s->answer;
    return NULL;
}

static struct grading_verdict judge(const struct exercise *x, size_t i, const struct probe_result *r)
{
    const struct exercise_check *c = &x->checks[i];
    const struct probe_answer *a;
    struct grading_verdict v;

    if ((a = answered(x, i, false, r, &v)) == NULL)
        return v;
    if (a->code != (int)c->status)
        return check_verdict(GRADING_FAIL, "The request for %s was answered with status %d instead of %u.",
                             c->path, a->code, c->status);
    if (!a->found)
        return check_verdict(GRADING_FAIL, "The page %s does not hold \"%.100s\". It begins with \"%.60s\".",
                             c->path, c->text, a->nvalues > 0 ? a->values[0] : "");
    if ((a = answered(x, i, true, r, &v)) == NULL)
        return v;
    if (a->code != NOT_FOUND)
        return check_verdict(
            GRADING_FAIL,
            "A page of a random name, which can not exist, was answered with status %d instead "
            "of %d.",
            a->code, NOT_FOUND);
    return check_verdict(GRADING_PASS, "The server behind %s answered for %s as it should.", c->seen_at,
                         c->path);
}

static void expected(const struct exercise *x, const struct exercise_check *c, char out[GRADING_TEXT])
{
    char text[PROBE_ADDR_TEXT];

    check_text(out, "A request");
    check_text_ref(out, x, c->from, c->to.family);
    check_text(out, " for %.100s", c->path);
    if (c->domain[0] != '\0')
        check_text(out, " of %.60s", c->domain);
    check_text(out, " is answered by %s port %u at %s with status %u", probe_addr_text(&c->to, text), c->port,
               c->seen_at, c->status);
    if (c->text != NULL)
        check_text(out, " and \"%.80s\" in the page", c->text);
    check_text(out, "; one for a page that does not exist, with %d.", NOT_FOUND);
}

const struct check_kind check_http = {
    .name = "http",
    .attrs = attrs,
    .proto = PROBE_TCP,
    .port = PORT,
    .review = review,
    .spec = spec,
    .judge = judge,
    .expected = expected,
};
