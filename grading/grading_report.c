/* The report of an attempt.  Pure. */
#include "grading/answer.h"
#include "grading/check/check.h"
#include "labd/base/buf.h"
#include "labd/base/mem.h"
#include "topology/topo_hidden.h"

#include <string.h>

#define REPORT_SCHEMA 1

unsigned grading_held(const struct grading_outcome *o, unsigned hold)
{
    unsigned least = o->v.good;

    for (unsigned n = 1; n <= hold && n <= o->samples; n++) {
        unsigned good = o->good[(o->samples - n) % EXERCISE_HOLD_MAX];

        least = good < least ? good : least;
    }
    return least;
}

void grading_expected(const struct exercise *x, const struct exercise_check *c, char out[GRADING_TEXT])
{
    out[0] = '\0';
    c->kind->expected(x, c, out);
}

/* Sets "hint" and "hint_after".  What is not due yet is not in the report at all: its reader may be the student. */
static void add_hints(json_t *j, const struct exercise_check *c, enum grading_status status,
                      const json_t *failures)
{
    AUTO(buf_clear) struct buf due = BUF_INIT;
    json_int_t failed = json_integer_value(json_object_get(failures, c->id)) + (status == GRADING_FAIL),
               next = 0;

    for (size_t i = 0; i < c->nhints && status != GRADING_PASS; i++) {
        const struct exercise_hint *h = &c->hints[i];

        if (failed >= (json_int_t)h->after)
            buf_printf(&due, "%s%s", due.len > 0 ? "\n" : "", h->text);
        else if (next == 0 || h->after - failed < next)
            next = h->after - failed;
    }
    json_object_set_new(j, "hint", due.len > 0 ? json_string(buf_str(&due)) : json_null());
    json_object_set_new(j, "hint_after", next > 0 ? json_integer(next) : json_null());
}

/* A student reads the report: the words with names of hidden parts are in "full", for those who may see them. */
static void add_words(json_t *check, const struct topo_secrets *secrets, const char *observed,
                      const char *expected)
{
    AUTO(mem_freep) char *o = topo_redact(secrets, observed);
    AUTO(mem_freep) char *x = topo_redact(secrets, expected);

    json_object_set_new(check, "observed", json_string(o));
    json_object_set_new(check, "expected", json_string(x));
    if (strcmp(o, observed) != 0 || strcmp(x, expected) != 0)
        json_object_set_new(check, "full",
                            json_pack("{s:s, s:s}", "observed", observed, "expected", expected));
}

/* A check that fails gives the points of the parts that are as expected. */
static unsigned points(const struct exercise_check *c, const struct grading_verdict *v)
{
    if (v->status == GRADING_PASS)
        return c->points;
    return v->status == GRADING_FAIL && v->parts > 0 ? c->points * v->good / v->parts : 0;
}

static bool on_wire(const struct exercise *x, const struct exercise_check *c)
{
    bool wire = c->seen_at[0] != '\0' || c->via.n + c->avoids.n + c->cut.n + c->across.n > 0;

    for (size_t i = 0; i < c->nparts; i++)
        wire = wire || c->parts[i].seen_at[0] != '\0';
    for (size_t i = 0; i < x->nchecks; i++)
        wire = wire || (check_names_hold(&c->of, x->checks[i].id) && on_wire(x, &x->checks[i]));
    return wire;
}

static json_t *check_json(const struct exercise *x, const struct exercise_check *c,
                          const struct topo_secrets *secrets, const struct grading_outcome *o,
                          const json_t *failures)
{
    bool pass = o->v.status == GRADING_PASS;
    int64_t t = o->v.after_ms >= 0 ? o->v.after_ms : o->pass_ms;
    char expected[GRADING_TEXT];

    grading_expected(x, c, expected);
    json_t *j = json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:s, s:o, s:i}", "id", c->id, "kind", c->kind->name,
                          "title", c->title, "status", grading_status_name(o->v.status), "score",
                          (int)points(c, &o->v), "max_score", (int)c->points, "evidence",
                          answer_asked(c) ? "answer"
                          : on_wire(x, c) ? "wire"
                                          : "reference",
                          "time_to_pass_ms", pass && t >= 0 ? json_integer(t) : json_null(), "samples",
                          (int)o->samples);
    if (answer_asked(c))
        json_object_set_new(j, "answer", c->given != NULL ? json_string(c->given) : json_null());
    add_words(j, secrets, o->v.observed, expected);
    add_hints(j, c, o->v.status, failures);
    return j;
}

json_t *grading_report(const struct exercise *x, const char *lab, const struct grading_outcome *o,
                       const json_t *failures, bool typed, int64_t started_ms, int64_t finished_ms)
{
    AUTO(topo_secrets_freep) struct topo_secrets *secrets = topo_secrets_new(x->topo);
    json_t *checks = json_array();
    unsigned score = 0;

    for (size_t i = 0; i < x->nchecks; i++) {
        score += points(&x->checks[i], &o[i].v);
        json_array_append_new(checks, check_json(x, &x->checks[i], secrets, &o[i], failures));
    }
    return json_pack("{s:i, s:s, s:s, s:n, s:I, s:I, s:i, s:i, s:b, s:o}", "schema", REPORT_SCHEMA, "lab",
                     lab, "exercise", x->id, "attempt", "started", (json_int_t)started_ms, "finished",
                     (json_int_t)finished_ms, "score", (int)score, "max_score", (int)exercise_max_score(x),
                     "typed_during", (int)typed, "checks", checks);
}
