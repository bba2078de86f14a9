/* The report of an attempt.  Pure. */
#include "grading/check/check.h"
#include "labd/base/buf.h"
#include "labd/base/mem.h"

#define REPORT_SCHEMA 1

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

static json_t *check_json(const struct exercise *x, const struct exercise_check *c,
                          const struct grading_outcome *o, const json_t *failures)
{
    bool wire = c->seen_at[0] != '\0' || c->via.n + c->avoids.n + c->cut.n > 0;
    bool pass = o->v.status == GRADING_PASS;
    int64_t t = o->v.after_ms >= 0 ? o->v.after_ms : o->pass_ms;
    char expected[GRADING_TEXT];

    grading_expected(x, c, expected);
    json_t *j = json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:s, s:s, s:s, s:o, s:i}", "id", c->id, "kind",
                          c->kind->name, "title", c->title, "status", grading_status_name(o->v.status),
                          "score", pass ? (int)c->points : 0, "max_score", (int)c->points, "evidence",
                          wire ? "wire" : "reference", "observed", o->v.observed, "expected", expected,
                          "time_to_pass_ms", pass && t >= 0 ? json_integer(t) : json_null(), "samples",
                          (int)o->samples);
    add_hints(j, c, o->v.status, failures);
    return j;
}

json_t *grading_report(const struct exercise *x, const char *lab, const struct grading_outcome *o,
                       const json_t *failures, bool typed, int64_t started_ms, int64_t finished_ms)
{
    json_t *checks = json_array();
    unsigned score = 0;

    for (size_t i = 0; i < x->nchecks; i++) {
        score += o[i].v.status == GRADING_PASS ? x->checks[i].points : 0;
        json_array_append_new(checks, check_json(x, &x->checks[i], &o[i], failures));
    }
    return json_pack("{s:i, s:s, s:s, s:n, s:I, s:I, s:i, s:i, s:b, s:o}", "schema", REPORT_SCHEMA, "lab",
                     lab, "exercise", x->id, "attempt", "started", (json_int_t)started_ms, "finished",
                     (json_int_t)finished_ms, "score", (int)score, "max_score", (int)exercise_max_score(x),
                     "typed_during", (int)typed, "checks", checks);
}
