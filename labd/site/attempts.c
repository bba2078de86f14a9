#include "labd/site/attempts.h"

#include "grading/answer.h"
#include "grading/exercise.h"
#include "grading/grading.h"
#include "labd/base/log.h"
#include "labd/base/mem.h"
#include "labd/site/answers.h"
#include "labd/site/site_evidence.h"
#include "labd/site/watch.h"
#include "labd/site/watermark.h"
#include "labd/site/worker.h"
#include "topology/plan.h"

#include <stdio.h>
#include <string.h>

#define REPORT_MAX (1u << 20) /* bytes of JSON; a report quotes what guests say, within limits */

struct progress {
    size_t done, total; /* checks */
    size_t ahead;       /* attempts that are checked first */
};

struct attempt {
    struct attempt *next;
    struct attempts *all;
    int64_t inst;
    struct store_attempt row;
    struct worker *worker; /* NULL: queued */
    struct progress at;
    json_t *report; /* as the worker sent it, or NULL; the same for: */
    json_t *evidence;
    struct err failed;
    /* for the child; borrowed from the lab, which cannot go away while the attempt is open */
    const char *exercise_xml, *topology, *host_socket;
    const struct topo_seed *seed;
    json_t *failures;          /* {check: earlier attempts in which it failed}, or NULL */
    json_t *given, *wrong;     /* of answers_of_attempt(), or NULL */
    struct watermarks *others; /* NULL in a raw lab */
};

struct attempts {
    struct site *site;
    struct attempt *open; /* oldest first */
    size_t running;
};

/* ---- ATTEMPT ---- */

static json_t *attempt_json(const struct store_attempt *a, struct progress p)
{
    json_t *report = a->report != NULL ? json_loads(a->report, 0, NULL) : NULL;
    json_t *former = a->former != NULL ? json_loads(a->former, 0, NULL) : NULL;

    return json_pack(
        "{s:I, s:s, s:o, s:s, s:I, s:I, s:o, s:o, s:o, s:I, s:o, s:o, s:b, s:{s:I, s:I, s:I}, s:o}", "id",
        (json_int_t)a->id, "lab", a->lab, "exercise", json_text(a->exercise), "state",
        store_attempt_state_name(a->state), "number", (json_int_t)a->number, "started_ms",
        (json_int_t)a->started, "finished_ms", json_time(a->finished), "score",
        a->state == ATTEMPT_DONE ? json_integer(a->score) : json_null(), "counts",
        a->state == ATTEMPT_DONE ? json_integer(a->counts) : json_null(), "max_score",
        (json_int_t)a->max_score, "error", json_text(a->error), "former",
        former != NULL ? former : json_array(), "evidence", (int)a->evidence, "progress", "done",
        (json_int_t)p.done, "total", (json_int_t)p.total, "ahead", (json_int_t)p.ahead, "report",
        report != NULL ? report : json_null());
}

json_t *attempt_seen(json_t *attempt, enum lab_view view)
{
    json_t *copy, *check;
    size_t i;

    if (view == VIEW_ALL)
        return json_incref(attempt);
    copy = json_deep_copy(attempt);
    json_array_foreach(json_object_get(json_object_get(copy, "report"), "checks"), i, check) {
        json_object_del(check, "full");
        json_object_del(check, "others");
    }
    return copy;
}

json_t *attempts_latest(struct site *s, const struct lab *lab)
{
    struct store_attempt a;
    struct err e;

    if (store_attempt_latest(s->store, lab->inst, lab->row.id, &a, &e) < 0) {
        if (e.code != ERR_NOT_FOUND)
            log_err("attempt.latest", &e, "lab", lab->row.id, NULL);
        return NULL;
    }
    json_t *j = attempt_json(&a, (struct progress){0});
    store_attempt_clear(&a);
    return j;
}

void attempt_regraded(struct site *s, int64_t inst, const struct store_attempt *row)
{
    struct lab *lab = labs_find(s->labs, inst, row->lab);

    if (lab == NULL || attempts_busy(s, lab))
        return; /* it shows the open attempt */
    json_decref(lab->attempt);
    lab->attempt = attempts_latest(s, lab);
    answers_refresh(s, lab);
    lab_status_changed(lab);
    watchers_attempt_changed(s, lab->row.id);
}

/* The lab shows its latest attempt; watchers hear of every change. */
static void publish(const struct attempt *a)
{
    struct site *s = a->all->site;
    struct lab *lab = labs_find(s->labs, a->inst, a->row.lab);

    if (lab == NULL)
        return;
    json_decref(lab->attempt);
    lab->attempt = attempt_json(&a->row, a->at);
    lab_status_changed(lab);
    watchers_attempt_changed(s, lab->row.id);
}

/* The tries that are left are known when an attempt has ended. */
static void refresh_lab(const struct attempt *a)
{
    struct lab *lab = labs_find(a->all->site->labs, a->inst, a->row.lab);

    if (lab != NULL)
        answers_refresh(a->all->site, lab);
}

/* ---- in the child ---- */

struct child {
    int fd;
    size_t done, total;
};

static void child_progress(size_t done, size_t total, void *arg)
{
    struct child *c = arg;

    if (done == c->done && total == c->total)
        return;
    c->done = done;
    c->total = total;
    worker_send(c->fd, json_pack("{s:I, s:I}", "done", (json_int_t)done, "total", (json_int_t)total));
}

static int grade(const struct attempt *a, struct child *c, json_t **report, json_t **evidence, struct err *e)
{
    struct err why;
    AUTO(exercise_freep)
    struct exercise *x = exercise_load_seeded(a->exercise_xml, strlen(a->exercise_xml), a->topology,
                                              strlen(a->topology), a->seed, NULL, NULL, e);
    if (x == NULL)
        return -1;
    AUTO(plan_freep) struct plan *p = plan_make(x->topo, a->row.lab, e);
    json_t *seen = NULL;
    answers_give(x, a->given, a->wrong);
    if (p == NULL ||
        grading_run(x, p, a->host_socket, a->row.lab, a->failures, child_progress, c, report, &seen, e) < 0)
        return -1;
    if (x->topo->nparameters > 0) {
        char id[TOPO_SEED_ID_SIZE];

        topo_seed_id(a->seed, id);
        json_object_set_new(*report, "seed_id", json_string(id));
        if (a->others != NULL)
            watermarks_flag(a->others, x, a->exercise_xml, a->topology, *report);
    }
    *evidence = evidence_wrap(seen, a->exercise_xml, a->topology, x->hold, &why);
    if (*evidence == NULL)
        log_err("attempt.evidence", &why, "lab", a->row.lab, NULL);
    json_decref(seen);
    return 0;
}

static int work(int fd, void *arg)
{
    struct child c = {.fd = fd, .done = SIZE_MAX};
    json_t *report, *evidence;
    struct err e;

    if (grade(arg, &c, &report, &evidence, &e) < 0)
        return worker_send(fd, json_pack("{s:o}", "error", rpc_err_json(&e))) < 0;
    return worker_send(fd, json_pack("{s:o, s:o*}", "report", report, "evidence", evidence)) < 0;
}

/* ---- in labd ---- */

static size_t small_count(const json_t *j, const char *name)
{
    json_int_t v = json_integer_value(json_object_get(j, name));

    return v < 0 ? 0 : v > 1000 ? 1000 : (size_t)v;
}

static void on_message(json_t *j, void *arg)
{
    struct attempt *a = arg;
    json_t *report = json_object_get(j, "report"), *error = json_object_get(j, "error");

    if (json_is_object(report)) {
        json_decref(a->report);
        json_decref(a->evidence);
        a->report = json_incref(report);
        a->evidence = json_incref(json_object_get(j, "evidence"));
    } else if (json_is_object(error)) {
        rpc_err_from_json(error, &a->failed);
    } else {
        a->at.done = small_count(j, "done");
        a->at.total = small_count(j, "total");
        publish(a);
    }
}

/* The worker has read what guests print, so its numbers are checked like a stranger's. */
int attempt_accept(struct store_attempt *row, json_t *report, struct err *e)
{
    json_t *score = json_object_get(report, "score"), *max = json_object_get(report, "max_score");

    if (!json_is_integer(score) || !json_is_integer(max) || json_integer_value(max) < 0 ||
        json_integer_value(score) < 0 || json_integer_value(score) > json_integer_value(max))
        return err_set(e, ERR_INTERNAL, "the report of the grader has no valid score");
    json_object_set_new(report, "attempt", json_integer(row->id));
    AUTO(mem_freep) char *text = json_dumps(report, JSON_COMPACT);
    if (text == NULL || strlen(text) > REPORT_MAX)
        return err_set(e, ERR_INTERNAL, "the report of the grader is longer than %u bytes", REPORT_MAX);
    free(row->report);
    row->score = json_integer_value(score);
    row->max_score = json_integer_value(max);
    row->report = TAKE(text);
    row->state = ATTEMPT_DONE;
    return 0;
}

static void attempt_free(struct attempt *a)
{
    struct attempt **p = &a->all->open;

    while (*p != a)
        p = &(*p)->next;
    *p = a->next;
    json_decref(a->report);
    json_decref(a->evidence);
    json_decref(a->failures);
    json_decref(a->given);
    json_decref(a->wrong);
    watermarks_free(a->others);
    store_attempt_clear(&a->row);
    free(a);
}

/* What the stored attempt counts: only the database knows whether it was late. */
static void read_counts(struct attempt *a)
{
    struct store_attempt row;
    struct err e;

    if (store_attempt_find(a->all->site->store, a->inst, a->row.id, &row, &e) < 0) {
        log_err("attempt.store", &e, "lab", a->row.lab, NULL);
        a->row.counts = a->row.score;
        return;
    }
    a->row.counts = row.counts;
    store_attempt_clear(&row);
}

static void finish(struct attempt *a, const struct err *why)
{
    struct site *s = a->all->site;
    struct err e;
    char id[24];

    a->row.finished = loop_wall_ms();
    if (why != NULL) {
        /* For all, as the grader's other words are; whole in the log. */
        const struct lab *lab = labs_find(s->labs, a->inst, a->row.lab);
        AUTO(mem_freep) char *text = lab != NULL ? lab_said(lab, VIEW_STUDENT, why->msg) : xstrdup(why->msg);
        a->row.state = ATTEMPT_ERROR;
        snprintf(a->row.error, sizeof a->row.error, "%s", text);
    }
    snprintf(id, sizeof id, "%lld", (long long)a->row.id);
    if (why != NULL)
        log_err("attempt.error", why, "attempt", id, "lab", a->row.lab, NULL);
    else
        log_info("attempt.done", "attempt", id, "lab", a->row.lab);
    if (store_attempt_finish(s->store, a->inst, &a->row, &e) < 0) {
        log_err("attempt.store", &e, "attempt", id, NULL);
        a->row.state = ATTEMPT_ERROR;
        snprintf(a->row.error, sizeof a->row.error, "%s", e.msg);
    } else {
        read_counts(a);
        /* Without it the attempt can not be judged again, and is none the worse. */
        a->row.evidence = a->row.state == ATTEMPT_DONE && a->evidence != NULL &&
                          evidence_keep(s->store, a->inst, a->row.id, a->evidence, &e) == 0;
        if (a->row.state == ATTEMPT_DONE && a->evidence != NULL && !a->row.evidence)
            log_err("attempt.evidence", &e, "attempt", id, NULL);
    }
    refresh_lab(a);
    publish(a);
    attempt_free(a);
}

static void start_next(struct attempts *as);

static void on_ended(const struct err *why, void *arg)
{
    struct attempt *a = arg;
    struct attempts *as = a->all;
    struct err e;

    as->running--;
    a->worker = NULL;
    if (a->failed.code != ERR_NONE)
        why = &a->failed;
    else if (why == NULL && a->report == NULL) {
        err_set(&e, ERR_INTERNAL, "the grader gave no report");
        why = &e;
    }
    if (why == NULL && attempt_accept(&a->row, a->report, &e) < 0)
        why = &e;
    finish(a, why);
    start_next(as);
}

static void add_failure(const char *check, int64_t n, void *arg)
{
    json_object_set_new(arg, check, json_integer(n));
}

json_t *attempt_failures(struct site *s, int64_t inst, const struct store_attempt *row, struct err *e)
{
    json_t *failures = json_object();

    if (store_failures_each(s->store, inst, row->user, row->exercise, row->lab, row->id, add_failure,
                            failures, e) == 0)
        return failures;
    json_decref(failures);
    return NULL;
}

static void start_one(struct attempt *a)
{
    static const struct worker_ops ops = {on_message, on_ended};
    struct site *s = a->all->site;
    struct lab *lab = labs_find(s->labs, a->inst, a->row.lab);
    struct err e;

    if (lab == NULL)
        abort(); /* attempts_lab_gone() ended those of a lab that goes */
    a->exercise_xml = lab->row.exercise_xml;
    a->topology = lab->row.topology;
    a->seed = &lab->row.seed;
    a->host_socket = s->host_socket;
    a->failures = attempt_failures(s, a->inst, &a->row, &e);
    if (a->failures != NULL && answers_of_attempt(s, a->inst, &a->row, &a->given, &a->wrong, &e) == 0 &&
        (a->row.exercise[0] == '\0' || (a->others = watermarks_new(s, a->inst, &a->row, &e)) != NULL) &&
        store_attempt_running(s->store, a->inst, a->row.id, &e) == 0)
        a->worker = worker_start(s->loop, work, a, ATTEMPT_LIMIT_MS, &ops, a, &e);
    if (a->worker == NULL) {
        finish(a, &e);
        return;
    }
    a->row.state = ATTEMPT_RUNNING;
    a->all->running++;
    publish(a);
}

/* Starts what there is room for, and tells the others how many come before them. */
static void start_next(struct attempts *as)
{
    size_t ahead = 0;

    for (struct attempt *a = as->open, *next; a != NULL; a = next) {
        next = a->next;
        if (a->worker != NULL)
            continue;
        if (as->running < as->site->graders) {
            a->at.ahead = 0;
            start_one(a);
        } else if (a->at.ahead != ++ahead) {
            a->at.ahead = ahead;
            publish(a);
        }
    }
}

static struct attempt *open_of(const struct attempts *as, const char *lab)
{
    for (struct attempt *a = as->open; a != NULL; a = a->next)
        if (strcmp(a->row.lab, lab) == 0)
            return a;
    return NULL;
}

bool attempts_busy(const struct site *s, const struct lab *lab)
{
    return open_of(s->attempts, lab->row.id) != NULL;
}

void attempts_lab_gone(struct site *s, const struct lab *lab)
{
    struct attempt *a = open_of(s->attempts, lab->row.id);
    struct err e;

    if (a == NULL)
        return;
    if (a->worker != NULL)
        s->attempts->running--;
    worker_kill(a->worker);
    a->worker = NULL;
    a->row.spent = a->row.state == ATTEMPT_RUNNING; /* its progress told what holds */
    err_set(&e, ERR_CONFLICT, "the lab was stopped while it was graded");
    finish(a, &e);
    start_next(s->attempts);
}

static void interrupt(int64_t inst, const char *name, void *arg)
{
    struct attempts *as = arg;
    struct err e;

    if (store_attempt_interrupt(as->site->store, inst, loop_wall_ms(), &e) < 0)
        log_err("attempt.interrupt", &e, "institution", name, NULL);
}

struct attempts *attempts_new(struct site *s, struct err *e)
{
    struct attempts *as = xcalloc(1, sizeof *as);

    as->site = s;
    if (store_institution_each(s->store, interrupt, as, e) < 0) {
        free(as);
        return NULL;
    }
    return as;
}

void attempts_free(struct attempts *as)
{
    if (as == NULL)
        return;
    while (as->open != NULL) {
        worker_kill(as->open->worker);
        attempt_free(as->open);
    }
    free(as);
}

int64_t attempts_open(const struct site *s, const struct lab *lab)
{
    const struct attempt *a = open_of(s->attempts, lab->row.id);

    return a != NULL ? a->row.id : 0;
}

int attempts_begin(struct site *s, struct lab *lab, int64_t now, int64_t *id, struct err *e)
{
    struct attempt *a = xcalloc(1, sizeof *a), **tail = &s->attempts->open;

    a->all = s->attempts;
    a->inst = lab->inst;
    a->row = (struct store_attempt){
        .user = lab->row.owner, .state = ATTEMPT_QUEUED, .started = now, .max_score = lab->max_score};
    memcpy(a->row.lab, lab->row.id, sizeof a->row.lab);
    memcpy(a->row.exercise, lab->row.exercise, sizeof a->row.exercise);
    if (store_attempt_add(s->store, lab->inst, &a->row, e) < 0) {
        free(a);
        return -1;
    }
    *id = a->row.id;
    while (*tail != NULL)
        tail = &(*tail)->next;
    *tail = a;
    publish(a);
    start_next(s->attempts);
    return 0;
}

json_t *attempts_json(const struct site *s, const struct store_attempt *row, enum lab_view view)
{
    const struct attempt *a = open_of(s->attempts, row->lab);

    json_t *j = attempt_json(row, a != NULL && a->row.id == row->id ? a->at : (struct progress){0});
    json_t *seen = attempt_seen(j, view);

    json_decref(j);
    return seen;
}
