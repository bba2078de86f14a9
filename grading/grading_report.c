/* The report of an attempt.  Pure. */
#include "grading/grading_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define REPORT_SCHEMA 1

static void add(char *out, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void add(char *out, const char *fmt, ...)
{
    size_t n = strlen(out);
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(out + n, GRADING_TEXT - n, fmt, ap);
    va_end(ap);
}

static void add_links(char *out, const struct exercise_names *links)
{
    for (size_t i = 0; i < links->n; i++)
        add(out, "%s%s", i > 0 ? ", " : "", links->v[i]);
}

/* "from a test host on lan1 (10.0.1.250)" */
static void add_sender(char *out, const struct exercise *x, const struct exercise_check *c, int family)
{
    struct probe_addr a = grading_ref_addr(x, c->from, family);
    char text[PROBE_ADDR_TEXT];

    for (size_t i = 0; i < x->nrefs; i++)
        if (strcmp(x->refs[i].name, c->from) == 0) {
            add(out, " from a test host on %s", x->refs[i].segment);
            if (x->refs[i].vlan != 0)
                add(out, " VLAN %u", x->refs[i].vlan);
            add(out, " (%s)", probe_addr_text(&a, text));
        }
}

static void add_path(char *out, const struct exercise_check *c)
{
    if (c->via.n > 0) {
        add(out, " by way of link%s ", c->via.n > 1 ? "s" : "");
        add_links(out, &c->via);
    }
    if (c->avoids.n > 0) {
        add(out, " without using link%s ", c->avoids.n > 1 ? "s" : "");
        add_links(out, &c->avoids);
    }
    if (c->cut.n > 0) {
        add(out, ", on another way within %u seconds after link%s ", c->settle_ms / 1000,
            c->cut.n > 1 ? "s" : "");
        add_links(out, &c->cut);
        add(out, "%s cut", c->cut.n > 1 ? " are" : " is");
    }
}

void grading_expected(const struct exercise *x, const struct exercise_check *c, char out[GRADING_TEXT])
{
    struct probe_addr to = grading_target(x, c);
    char text[PROBE_ADDR_TEXT];
    bool tcp = c->kind == EXERCISE_TCP_OPEN || c->kind == EXERCISE_TCP_CLOSED;

    out[0] = '\0';
    add(out, tcp ? "A connection" : "A packet");
    add_sender(out, x, c, to.family);
    add(out, " to %s", probe_addr_text(&to, text));
    if (c->port != 0)
        add(out, " port %u", c->port);
    if (c->kind == EXERCISE_TCP_CLOSED) {
        add(out, c->expect == EXERCISE_FILTERED  ? " is stopped before it arrives"
                 : c->expect == EXERCISE_REFUSED ? " arrives and is refused"
                                                 : " does not come about");
    } else if (c->kind == EXERCISE_UNREACHABLE) {
        add(out, " does not arrive");
    } else {
        add(out, tcp ? " is accepted" : " arrives");
        if (c->hops != EXERCISE_HOPS_ANY)
            add(out, c->hops == 1 ? " through %d router" : " through %d routers", c->hops);
    }
    if (c->seen_at[0] != '\0')
        add(out, c->kind == EXERCISE_TCP_OPEN ? " by the host at %s" : " at %s", c->seen_at);
    add_path(out, c);
    if (c->both && !tcp && c->kind != EXERCISE_UNREACHABLE)
        add(out, c->to_ref[0] != '\0' && c->kind == EXERCISE_REACHABILITY
                     ? ", and one in the other direction, too"
                     : ", and the answer comes back");
    add(out, ".");
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
                     exercise_kind_name(c->kind), "title", c->title, "status",
                     grading_status_name(o->v.status), "score", pass ? (int)c->points : 0, "max_score",
                     (int)c->points, "evidence", wire ? "wire" : "reference", "observed", o->v.observed,
                     "expected", expected, "hint",
                     c->hint != NULL && !pass ? json_string(c->hint) : json_null(), "time_to_pass_ms",
                     pass && t >= 0 ? json_integer(t) : json_null(), "samples", (int)o->samples);
}

json_t *grading_report(const struct exercise *x, const char *lab, const struct grading_outcome *o, bool typed,
                       int64_t started_ms, int64_t finished_ms)
{
    json_t *checks = json_array();
    unsigned score = 0;

    for (size_t i = 0; i < x->nchecks; i++) {
        score += o[i].v.status == GRADING_PASS ? x->checks[i].points : 0;
        json_array_append_new(checks, check_json(x, &x->checks[i], &o[i]));
    }
    return json_pack("{s:i, s:s, s:s, s:n, s:I, s:I, s:i, s:i, s:b, s:o}", "schema", REPORT_SCHEMA, "lab",
                     lab, "exercise", x->id, "attempt", "started", (json_int_t)started_ms, "finished",
                     (json_int_t)finished_ms, "score", (int)score, "max_score", (int)exercise_max_score(x),
                     "typed_during", (int)typed, "checks", checks);
}
