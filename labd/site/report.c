#include "labd/site/report.h"

#include "labd/base/csv.h"
#include "labd/base/log.h"
#include "labd/base/mem.h"
#include "labd/site/exercises.h"
#include "labd/site/hostlink.h"
#include "labd/site/labs.h"
#include "labd/site/rules.h"
#include "labd/site/session.h"

#include <string.h>
#include <time.h>

/* ---- overview ---- */

struct overview {
    struct site *site;
    int64_t inst;
    json_t *rows;
};

static void overview_row(const struct store_overview *o, void *arg)
{
    struct overview *v = arg;
    const struct site_exercise *se = exercises_find(v->site->exercises, o->exercise);
    const struct lab *lab = o->lab[0] != '\0' ? labs_find(v->site->labs, v->inst, o->lab) : NULL;
    json_int_t max = se != NULL ? (json_int_t)exercise_max_score(se->x) : (json_int_t)o->score.max;
    size_t ready = 0, all = se != NULL ? se->x->topo->nnodes : 0;

    if (lab != NULL)
        lab_count_nodes(lab, &ready, &all);
    json_t *row = json_pack(
        "{s:s, s:o, s:s, s:o, s:s?, s:s?, s:I, s:I, s:I, s:o}", "login", o->login, "name", json_text(o->name),
        "exercise", o->exercise, "title", json_text(se != NULL ? se->x->title : o->exercise), "lab",
        lab != NULL ? lab->row.id : NULL, "state", lab != NULL ? lab_state_name(lab) : NULL, "nodes_ready",
        (json_int_t)ready, "nodes", (json_int_t)all, "max_score", max, "last_ms", json_time(o->score.began));
    rules_score(row, rules_of(v->site, o->exercise), &o->score);
    json_array_append_new(v->rows, row);
}

void report_overview(struct http_req *r, void *arg)
{
    struct site *s = arg;
    struct overview v = {.site = s, .inst = who_of(r)->inst, .rows = json_array()};
    struct err e;

    if (store_overview_each(s->store, v.inst, overview_row, &v, &e) < 0) {
        json_decref(v.rows);
        http_problem(r, &e);
        return;
    }
    http_reply_json(r, 200, json_pack("{s:o}", "rows", v.rows));
}

/* ---- scores of a class, as CSV ---- */

struct scores {
    struct site *site;
    const char *exercise; /* or NULL: of all */
    struct buf out;
};

/* "2026-11-27 05:29:29", UTC; empty for 0. */
static void csv_time(struct buf *out, int64_t ms)
{
    time_t t = (time_t)(ms / 1000);
    char text[32] = "";
    struct tm tm;

    if (ms != 0 && gmtime_r(&t, &tm) != NULL)
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm);
    csv_text(out, text);
}

static void scores_clear(struct scores *v)
{
    buf_clear(&v->out);
}

static void scores_row(const struct store_overview *o, void *arg)
{
    struct scores *v = arg;
    int64_t score;
    const struct site_exercise *se = exercises_find(v->site->exercises, o->exercise);

    if (v->exercise != NULL && strcmp(v->exercise, o->exercise) != 0)
        return;
    csv_text(&v->out, o->login);
    csv_text(&v->out, o->name);
    csv_text(&v->out, o->exercise);
    csv_text(&v->out, se != NULL ? se->x->title : "");
    if (rules_counts(rules_of(v->site, o->exercise), &o->score, &score))
        csv_number(&v->out, score);
    else
        csv_text(&v->out, "");
    csv_number(&v->out, se != NULL ? (int64_t)exercise_max_score(se->x) : o->score.max);
    csv_number(&v->out, o->score.attempts);
    csv_time(&v->out, o->score.began);
    csv_end(&v->out);
}

void report_scores(struct http_req *r, void *arg)
{
    static const char *const head[] = {"login", "name",      "exercise", "title",
                                       "score", "max_score", "attempts", "last_utc"};
    AUTO(scores_clear) struct scores v = {.site = arg, .exercise = http_query(r, "exercise")};
    struct err e;

    for (size_t i = 0; i < ARRAY_LEN(head); i++)
        csv_text(&v.out, head[i]);
    csv_end(&v.out);
    if (store_overview_each(v.site->store, who_of(r)->inst, scores_row, &v, &e) < 0) {
        http_problem(r, &e);
        return;
    }
    http_reply_header(r, "Content-Disposition", "attachment; filename=\"scores.csv\"");
    http_reply_text(r, 200, "text/csv; charset=utf-8; header=present", buf_str(&v.out), v.out.len);
}

/* ---- host ---- */

static void host_answered(json_t *reply, const struct err *e, void *arg)
{
    struct http_req *r = arg;

    if (e != NULL) {
        http_problem(r, e);
        return;
    }
    json_t *j = json_copy(reply);
    json_object_del(j, "id");
    json_object_del(j, "ok");
    http_reply_json(r, 200, j);
}

void report_host(struct http_req *r, void *arg)
{
    struct site *s = arg;
    struct err e;

    if (hostlink_up(s->host)) {
        hostlink_call(s->host, "host.status", NULL, host_answered, r);
        return;
    }
    err_set(&e, ERR_UNREACHABLE, "the lab host does not answer, or has not yet said which labs run");
    http_problem(r, &e);
}

/* ---- health ---- */

void report_health(struct http_req *r, void *arg)
{
    struct site *s = arg;
    struct err e;
    bool host = hostlink_up(s->host), db = store_writable(s->store, &e);

    if (!db)
        log_err("health.database", &e, NULL);
    http_reply_json(r, host && db ? 200 : 503,
                    json_pack("{s:s, s:b, s:b, s:I}", "status", host && db ? "ok" : "degraded", "labhost",
                              host, "database", db, "exercises", (json_int_t)exercises_count(s->exercises)));
}

/* ---- metrics (OpenMetrics 1.0) ---- */

struct metrics {
    struct site *site;
    size_t labs[LAB_GONE];
    int64_t attempts[ATTEMPT_ERROR + 1];
    int64_t sessions;
};

static void count_lab(struct lab *lab, void *arg)
{
    struct metrics *m = arg;

    m->labs[lab->row.state]++;
}

static void count_institution(int64_t inst, const char *name, void *arg)
{
    struct metrics *m = arg;
    struct store *st = m->site->store;
    int64_t n, now = loop_wall_ms();
    struct err e;

    for (int i = 0; i <= ATTEMPT_ERROR; i++) {
        if (store_attempt_count(st, inst, (enum store_attempt_state)i, &n, &e) < 0) {
            log_err("metrics", &e, "institution", name, NULL);
            return;
        }
        m->attempts[i] += n;
    }
    if (store_session_count(st, inst, now - SESSION_LIFE_MS, now - SESSION_IDLE_MS, &n, &e) < 0)
        log_err("metrics", &e, "institution", name, NULL);
    else
        m->sessions += n;
}

void report_metrics(struct http_req *r, void *arg)
{
    struct site *s = arg;
    struct metrics m = {.site = s};
    AUTO(buf_clear) struct buf b = BUF_INIT;
    const uint64_t *http = http_server_counts(s->http);
    struct err e;

    labs_each(s->labs, count_lab, &m);
    if (store_institution_each(s->store, count_institution, &m, &e) < 0) {
        http_problem(r, &e);
        return;
    }
    buf_puts(&b, "# TYPE paralab_labs gauge\n# HELP paralab_labs Labs by state.\n");
    for (int i = 0; i < LAB_GONE; i++)
        buf_printf(&b, "paralab_labs{state=\"%s\"} %zu\n", store_lab_state_name((enum store_lab_state)i),
                   m.labs[i]);
    buf_puts(&b, "# TYPE paralab_attempts gauge\n# HELP paralab_attempts Attempts by state.\n");
    for (int i = 0; i <= ATTEMPT_ERROR; i++)
        buf_printf(&b, "paralab_attempts{state=\"%s\"} %lld\n",
                   store_attempt_state_name((enum store_attempt_state)i), (long long)m.attempts[i]);
    buf_puts(&b, "# TYPE paralab_sessions gauge\n# HELP paralab_sessions Sessions that have not expired.\n");
    buf_printf(&b, "paralab_sessions %lld\n", (long long)m.sessions);
    buf_puts(
        &b,
        "# TYPE paralab_http_requests counter\n# HELP paralab_http_requests Answers by class of status.\n");
    for (int i = 1; i < 6; i++)
        buf_printf(&b, "paralab_http_requests_total{class=\"%dxx\"} %llu\n", i, (unsigned long long)http[i]);
    buf_puts(&b,
             "# TYPE paralab_labhost_up gauge\n# HELP paralab_labhost_up Whether labhost is connected.\n");
    buf_printf(&b, "paralab_labhost_up %d\n# EOF\n", hostlink_up(s->host) ? 1 : 0);
    http_reply_text(r, 200, "application/openmetrics-text; version=1.0.0; charset=utf-8", buf_str(&b), b.len);
}
