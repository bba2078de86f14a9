/* The report of an attempt.  Pure. */
#include "grading/check/check.h"

#define REPORT_SCHEMA 1

void grading_expected(const struct exercise *x, const struct exercise_check *c, char out[GRADING_TEXT])
{
    out[0] = '\0';
    c->kind->expected(x, c, out);
}

/* Partial credit is the kind's to give; what was not judged gets none. */
static unsigned points(const struct exercise_check *c, const struct grading_outcome *o)
{
    if (o->v.status == GRADING_PASS)
        return c->points;
    return o->v.status == GRADING_FAIL ? c->points * o->v.percent / 100 : 0;
}

static json_t *check_json(const struct exercise *x, const struct exercise_check *c,
                          const struct grading_outcome *o)
{
    bool wire = c->seen_at[0] != '\0' || c->via.n + c->avoids.n + c->cut.n > 0;
    bool pass = o->v.status == GRADING_PASS;
    int64_t t = o->v.after_ms >= 0 ? o->v.after_ms : o->pass_ms;
    char expected[GRADING_TEXT];

    grading_expected(x, c, expected);
    return json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:s, s:s, s:s, s:o, s:o, s:i}", "id", c->id, "kind",
                     c->kind->name, "title", c->title, "status", grading_status_name(o->v.status), "score",
                     (int)points(c, o), "max_score", (int)c->points, "evidence", wire ? "wire" : "reference",
                     "observed", o->v.observed, "expected", expected, "hint",
                     c->hint != NULL && !pass ? json_string(c->hint) : json_null(), "time_to_pass_ms",
                     pass && t >= 0 ? json_integer(t) : json_null(), "samples", (int)o->samples);
}

json_t *grading_report(const struct exercise *x, const char *lab, const struct grading_outcome *o, bool typed,
                       int64_t started_ms, int64_t finished_ms)
{
    json_t *checks = json_array();
    unsigned score = 0;

    for (size_t i = 0; i < x->nchecks; i++) {
        score += points(&x->checks[i], &o[i]);
        json_array_append_new(checks, check_json(x, &x->checks[i], &o[i]));
    }
    return json_pack("{s:i, s:s, s:s, s:n, s:I, s:I, s:i, s:i, s:b, s:o}", "schema", REPORT_SCHEMA, "lab",
                     lab, "exercise", x->id, "attempt", "started", (json_int_t)started_ms, "finished",
                     (json_int_t)finished_ms, "score", (int)score, "max_score", (int)exercise_max_score(x),
                     "typed_during", (int)typed, "checks", checks);
}
