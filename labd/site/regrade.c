#include "labd/site/regrade.h"

#include "grading/answer.h"
#include "grading/grading.h"
#include "labd/base/log.h"
#include "labd/base/mem.h"
#include "labd/site/answers.h"
#include "labd/site/attempts.h"
#include "labd/site/exercises.h"
#include "labd/site/site_evidence.h"
#include "labd/site/watermark.h"
#include "labd/site/worker.h"

#include <stdio.h>
#include <string.h>

#define LIMIT_MS 60000u
#define LISTED_MAX 1000 /* attempts in the answer */

struct regrade {
    struct regrade *next;
    struct site *site;
    int64_t inst, author;
    char exercise[NAME_SIZE], by[STORE_LOGIN_SIZE];
    char *xml; /* the exercise as it is now */
    bool over;
    char error[STORE_ERROR_SIZE]; /* why it ended early, or "" */
    int64_t began, ended;
    int64_t total, done, changed, kept, refused;
    json_t *listed; /* the attempts of which there is something to say */
    bool cut;       /* .. but not all of them */
    /* of the attempt that is being judged */
    struct store_attempt row;
    char login[STORE_LOGIN_SIZE];
    struct topo_seed seed;
    struct buf packed;
    json_t *failures, *wrong, *report;
    struct err failed;
    struct worker *worker;
};

static void clear_current(struct regrade *g)
{
    store_attempt_clear(&g->row);
    buf_clear(&g->packed);
    json_decref(g->failures);
    json_decref(g->wrong);
    json_decref(g->report);
    g->failures = g->wrong = g->report = NULL;
    g->failed = (struct err){0};
}

static void regrade_free(struct regrade *g)
{
    worker_kill(g->worker);
    clear_current(g);
    json_decref(g->listed);
    free(g->xml);
    free(g);
}

void regrades_free(struct site *s)
{
    while (s->regrades != NULL) {
        struct regrade *g = s->regrades;

        s->regrades = g->next;
        regrade_free(g);
    }
}

static struct regrade **find(struct site *s, int64_t inst, const char *exercise)
{
    struct regrade **p = &s->regrades;

    while (*p != NULL && ((*p)->inst != inst || strcmp((*p)->exercise, exercise) != 0))
        p = &(*p)->next;
    return p;
}

/* REGRADE; new reference. */
static json_t *regrade_json(const struct regrade *g)
{
    return json_pack("{s:s, s:s, s:o, s:s, s:I, s:o, s:I, s:I, s:I, s:I, s:I, s:O, s:b}", "exercise",
                     g->exercise, "state",
                     !g->over              ? "running"
                     : g->error[0] != '\0' ? "error"
                                           : "done",
                     "error", json_text(g->error), "by", g->by, "started_ms", (json_int_t)g->began,
                     "finished_ms", json_time(g->ended), "total", (json_int_t)g->total, "done",
                     (json_int_t)g->done, "changed", (json_int_t)g->changed, "kept", (json_int_t)g->kept,
                     "refused", (json_int_t)g->refused, "attempts", g->listed, "cut", (int)g->cut);
}

/* ---- in the child ---- */

static struct exercise *load(const struct regrade *g, const char *xml, const char *topology, struct err *e)
{
    return exercise_load_seeded(xml, strlen(xml), topology, strlen(topology), &g->seed, NULL, NULL, e);
}

static void decrefp(json_t **j)
{
    json_decref(*j);
}

static int judge(const struct regrade *g, json_t **report, struct err *e)
{
    AUTO(decrefp) json_t *evidence = evidence_open(g->packed.data, g->packed.len, e);
    AUTO(decrefp) json_t *old = g->row.report != NULL ? json_loads(g->row.report, 0, NULL) : NULL;
    const char *xml = json_string_value(json_object_get(evidence, "exercise")),
               *topology = json_string_value(json_object_get(evidence, "topology"));

    if (evidence == NULL)
        return -1;
    if (xml == NULL || topology == NULL)
        return err_set(e, ERR_INVALID, "the evidence does not say what the attempt was graded by");
    AUTO(exercise_freep) struct exercise *then = load(g, xml, topology, e);
    if (then == NULL)
        return err_wrap(e, "the exercise as it was cannot be read any more");
    AUTO(exercise_freep) struct exercise *now = load(g, g->xml, topology, e);
    if (now == NULL)
        return err_wrap(e, "the exercise does not fit the network of this attempt any more");
    answers_give(now, json_object_get(evidence, "answers"), g->wrong);
    if (grading_again(now, then, evidence, old, g->failures, report, e) < 0)
        return -1;
    watermarks_keep(old, *report);
    return 0;
}

static int work(int fd, void *arg)
{
    json_t *report = NULL;
    struct err e;

    if (judge(arg, &report, &e) < 0)
        return worker_send(fd, json_pack("{s:o}", "error", rpc_err_json(&e))) < 0;
    return worker_send(fd, json_pack("{s:o}", "report", report)) < 0;
}

/* ---- in labd ---- */

/* [{check, why}] of what the evidence could not tell; new reference. */
static json_t *kept_of(const json_t *report)
{
    json_t *out = json_array(), *checks = json_object_get(report, "checks"), *c;
    size_t i;

    json_array_foreach(checks, i, c) {
        json_t *why = json_object_get(c, "kept");

        if (json_is_string(why))
            json_array_append_new(out,
                                  json_pack("{s:O, s:O}", "check", json_object_get(c, "id"), "why", why));
    }
    return out;
}

/* Adds the attempt to the list; 'kept' is stolen, 'why' NULL unless it was refused. */
static void list(struct regrade *g, const struct store_attempt *after, json_t *kept, const struct err *why)
{
    json_t *j = json_pack(
        "{s:I, s:s, s:I, s:{s:I, s:I}, s:{s:I, s:I}, s:o, s:o}", "attempt", (json_int_t)g->row.id, "login",
        g->login, "number", (json_int_t)g->row.number, "before", "score", (json_int_t)g->row.score,
        "max_score", (json_int_t)g->row.max_score, "after", "score", (json_int_t)after->score, "max_score",
        (json_int_t)after->max_score, "kept", kept, "refused", json_text(why != NULL ? why->msg : ""));

    g->cut = json_array_size(g->listed) >= LISTED_MAX;
    if (g->cut)
        json_decref(j);
    else
        json_array_append_new(g->listed, j);
}

static void refuse(struct regrade *g, const struct err *why)
{
    g->done++;
    g->refused++;
    list(g, &g->row, json_array(), why);
}

/* Takes what the worker sent. */
static int accept_report(struct regrade *g, struct err *e)
{
    AUTO(decrefp) json_t *old = g->row.report != NULL ? json_loads(g->row.report, 0, NULL) : NULL;
    struct store_attempt fresh = {.id = g->row.id};

    if (attempt_accept(&fresh, g->report, e) < 0)
        return -1;
    bool changed = !json_equal(old, g->report);
    if (changed && store_regrade_add(g->site->store, g->inst, &fresh, g->author, loop_wall_ms(), e) < 0) {
        store_attempt_clear(&fresh);
        return -1;
    }
    json_t *kept = kept_of(g->report);
    g->done++;
    g->changed += changed;
    g->kept += json_array_size(kept) > 0;
    if (changed || json_array_size(kept) > 0)
        list(g, &fresh, kept, NULL);
    else
        json_decref(kept);
    if (changed)
        attempt_regraded(g->site, g->inst, &g->row);
    store_attempt_clear(&fresh);
    return 0;
}

static void on_message(json_t *j, void *arg)
{
    struct regrade *g = arg;
    json_t *report = json_object_get(j, "report"), *error = json_object_get(j, "error");

    if (json_is_object(report) && g->report == NULL)
        g->report = json_incref(report);
    else if (json_is_object(error))
        rpc_err_from_json(error, &g->failed);
}

static void finish(struct regrade *g, const struct err *why)
{
    g->over = true;
    g->ended = loop_wall_ms();
    if (why != NULL)
        snprintf(g->error, sizeof g->error, "%s", why->msg);
    if (why != NULL)
        log_err("regrade.error", why, "exercise", g->exercise, NULL);
    else
        log_info("regrade.done", "exercise", g->exercise, "by", g->by);
}

static void go_on(struct regrade *g);

static void on_ended(const struct err *why, void *arg)
{
    struct regrade *g = arg;
    struct err e;

    g->worker = NULL;
    if (g->failed.code != ERR_NONE)
        why = &g->failed;
    else if (why == NULL && g->report == NULL) {
        err_set(&e, ERR_INTERNAL, "the grader gave no report");
        why = &e;
    }
    if (why == NULL && accept_report(g, &e) < 0)
        why = &e;
    if (why != NULL)
        refuse(g, why);
    go_on(g);
}

static int begin(struct regrade *g, struct err *e)
{
    static const struct worker_ops ops = {on_message, on_ended};

    if (store_evidence_find(g->site->store, g->inst, g->row.id, &g->packed, e) < 0)
        return e->code == ERR_NOT_FOUND
                   ? err_set(e, ERR_NOT_FOUND, "no evidence was kept of this attempt, so its score stays")
                   : -1;
    if ((g->failures = attempt_failures(g->site, g->inst, &g->row, e)) == NULL ||
        answers_of_attempt(g->site, g->inst, &g->row, NULL, &g->wrong, e) < 0)
        return -1;
    g->worker = worker_start(g->site->loop, work, g, LIMIT_MS, &ops, g, e);
    return g->worker != NULL ? 0 : -1;
}

/* With the attempts after the last one, until a worker has one of them or all are done.  By their ids, so that those
 * that end meanwhile are among them. */
static void go_on(struct regrade *g)
{
    struct err e;

    for (;;) {
        int64_t last = g->row.id;

        clear_current(g);
        if (store_regrade_next(g->site->store, g->inst, g->exercise, last, &g->row, g->login, &g->seed, &e) <
            0) {
            finish(g, e.code == ERR_NOT_FOUND ? NULL : &e);
            return;
        }
        if (begin(g, &e) == 0)
            return;
        refuse(g, &e);
    }
}

struct mending {
    struct site *site;
    const struct site_exercise *se;
};

/* A lab on the very network that the exercise has now is graded by it from now on: who hands in once more would
 * meet the wrong check again.  Others go on as they began. */
static void mend_lab(struct lab *lab, void *arg)
{
    const struct mending *m = arg;
    const struct site_exercise *se = m->se;
    struct err e;

    if (strcmp(lab->row.exercise, se->x->id) != 0 || strcmp(lab->row.topology, se->topology) != 0 ||
        strcmp(lab->row.exercise_xml, se->xml) == 0)
        return;
    AUTO(exercise_freep)
    struct exercise *x = exercise_load_seeded(se->xml, strlen(se->xml), se->topology, strlen(se->topology),
                                              &lab->row.seed, NULL, NULL, &e);
    if (x == NULL || store_lab_mend(m->site->store, lab->inst, lab->row.id, se->xml, &e) < 0) {
        log_err("regrade.lab", &e, "lab", lab->row.id, NULL);
        return;
    }
    free(lab->row.exercise_xml);
    lab->row.exercise_xml = xstrdup(se->xml);
    lab->max_score = exercise_max_score(x);
    answers_free(lab->answers);
    lab->answers = answers_new(x);
    answers_refresh(m->site, lab);
    lab_status_changed(lab);
}

void regrade_post(struct http_req *r, void *arg)
{
    struct site *s = arg;
    const struct who *w = who_of(r);
    const char *id = http_param(r, "id");
    struct regrade **p = find(s, w->inst, id), *g;
    struct err e;

    if (*p != NULL && !(*p)->over) {
        err_set(&e, ERR_CONFLICT, "the attempts at this exercise are being judged again already");
        http_problem(r, &e);
        return;
    }
    g = xcalloc(1, sizeof *g);
    *g = (struct regrade){
        .site = s, .inst = w->inst, .author = w->user, .began = loop_wall_ms(), .listed = json_array()};
    snprintf(g->by, sizeof g->by, "%s", w->login);
    if (exercises_reload(s->exercises, id, &e) < 0 ||
        store_regrade_count(s->store, w->inst, id, &g->total, &e) < 0) {
        regrade_free(g);
        http_problem(r, &e);
        return;
    }
    const struct site_exercise *se = exercises_find(s->exercises, id);
    snprintf(g->exercise, sizeof g->exercise, "%s", se->x->id);
    g->xml = xstrdup(se->xml);
    labs_each(s->labs, mend_lab, &(struct mending){s, se});
    if (*p != NULL) {
        struct regrade *former = *p;

        *p = former->next;
        regrade_free(former);
    }
    g->next = s->regrades;
    s->regrades = g;
    log_info("regrade.begin", "exercise", g->exercise, "by", g->by);
    go_on(g);
    AUTO(mem_freep) char *location = xasprintf("/api/v1/exercises/%s/regrade", g->exercise);
    http_reply_header(r, "Location", location);
    http_reply_json(r, 202, regrade_json(g));
}

void regrade_get(struct http_req *r, void *arg)
{
    const struct regrade *g = *find(arg, who_of(r)->inst, http_param(r, "id"));

    if (g == NULL)
        http_problem_status(r, 404, "nothing was judged again since labd was started");
    else
        http_reply_json(r, 200, regrade_json(g));
}
