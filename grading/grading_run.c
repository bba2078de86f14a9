/* Rounds of probes against a running lab.  The only part of grading that talks to labhost. */
#include "grading/grading.h"

#include "grading/check/check.h"
#include "labd/base/loop.h"
#include "labd/base/mem.h"
#include "labd/rpc/rpc.h"
#include "topology/plan.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define RPC_MS 20000       /* what a request may take beyond its probes */
#define ROUND_ERRORS_MAX 5 /* rounds in a row that failed for reasons of ours */
#define RESTART_MS 2000
#define RUNS_MAX 3 /* one, and two more if the lab was typed into meanwhile */

struct run {
    const struct exercise *x;
    const struct plan *plan;
    const char *socket, *lab;
    grading_progress_fn *progress;
    void *arg;
    struct grading_outcome *o; /* one per check */
    int64_t t0;                /* CLOCK_MONOTONIC */
};

static void decrefp(json_t **j)
{
    json_decref(*j);
}

static void pause_ms(unsigned ms)
{
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};

    while (nanosleep(&t, &t) < 0)
        ;
}

/* The lab's count of console input; fails unless the lab runs. */
static int lab_typed(const struct run *r, json_int_t *typed, struct err *e)
{
    AUTO(decrefp) json_t *req = json_pack("{s:s, s:s}", "do", "lab.get", "lab", r->lab), *lab = NULL;
    const char *state;

    if (rpc_call_path(r->socket, req, RPC_MS, &lab, e) < 0)
        return -1;
    state = json_string_value(json_object_get(lab, "state"));
    if (state == NULL)
        return err_set(e, ERR_PROTOCOL, "labhost did not say the state of lab %s", r->lab);
    if (strcmp(state, "running") != 0)
        return err_set(e, ERR_CONFLICT, "lab %s is not running, but %s; only a running lab can be graded",
                       r->lab, state);
    *typed = json_integer_value(json_object_get(lab, "typed"));
    return 0;
}

/* One probe.run.  Checks the spec against the plan first: a mismatch is a bug, not the student's. */
static struct probe_result *probe_round(const struct run *r, size_t which, enum grading_phase phase,
                                        struct err *e)
{
    AUTO(probe_spec_freep) struct probe_spec *s = grading_spec(r->x, which, phase, e), *copy = NULL;
    AUTO(decrefp) json_t *req = NULL, *reply = NULL;

    if (s == NULL)
        return NULL;
    copy = probe_spec_new();
    *copy = *s;
    if (probe_spec_resolve(copy, r->plan, e) < 0) {
        e->code = ERR_INVALID;
        return NULL;
    }
    req = json_pack("{s:s, s:s, s:o}", "do", "probe.run", "lab", r->lab, "spec", probe_spec_to_json(s));
    if (rpc_call_path(r->socket, req, (int)(probe_spec_duration_ms(s) + RPC_MS), &reply, e) < 0)
        return NULL;
    return probe_result_from_json(json_object_get(reply, "result"), e);
}

/* Errors that no repetition cures.  A worker of labhost that died (ERR_INTERNAL) is not among them. */
static bool hopeless(const struct err *e)
{
    return e->code == ERR_NOT_FOUND || e->code == ERR_UNSUPPORTED || e->code == ERR_DENIED ||
           e->code == ERR_INVALID || e->code == ERR_CONFLICT;
}

/* Between rounds; a labhost that is being restarted gets its time. */
static void rest(const struct run *r, const struct err *failure)
{
    pause_ms(failure != NULL && failure->code == ERR_UNREACHABLE ? RESTART_MS : r->x->interval_ms);
}

static void tell(const struct run *r)
{
    size_t done = 0;

    for (size_t i = 0; i < r->x->nchecks; i++)
        done += r->o[i].streak >= r->x->hold || r->o[i].v.after_ms >= 0;
    if (r->progress != NULL)
        r->progress(done, r->x->nchecks, r->arg);
}

/* Enters the verdicts of one round that began at 'began'. */
static void account(struct run *r, const struct grading_verdict *v, const bool *skip, int64_t began)
{
    for (size_t i = 0; i < r->x->nchecks; i++) {
        struct grading_outcome *o = &r->o[i];

        if (skip[i])
            continue;
        o->v = v[i];
        o->good[o->samples++ % EXERCISE_HOLD_MAX] = v[i].good;
        if (v[i].status != GRADING_PASS) {
            o->streak = 0;
            o->pass_ms = -1;
        } else if (o->streak++ == 0) {
            o->pass_ms = began - r->t0;
        }
    }
    tell(r);
}

struct tally {
    bool settled; /* every check holds */
    bool hopeful; /* each either holds or is on its way */
    bool error;
};

static struct tally count(const struct run *r, const bool *skip)
{
    struct tally t = {true, false, false};

    for (size_t i = 0; i < r->x->nchecks; i++) {
        const struct grading_outcome *o = &r->o[i];

        if (skip[i])
            continue;
        t.settled = t.settled && o->streak >= r->x->hold;
        t.hopeful = t.hopeful || (o->streak > 0 && o->streak < r->x->hold);
        t.error = t.error || o->v.status == GRADING_ERROR;
    }
    return t;
}

/* Rounds that the checks share.  A streak that has begun by the deadline gets the rounds that it still needs, however
 * long they take: that this machine is slow is not the student's failure. */
static int steady(struct run *r, const bool *skip, struct err *e)
{
    int64_t deadline = r->t0 + r->x->deadline_ms;
    unsigned errors = 0, late = 0;

    for (;;) {
        struct grading_verdict v[EXERCISE_CHECKS_MAX] = {0};
        AUTO(probe_result_freep) struct probe_result *result = NULL;
        int64_t began = loop_now_ms();
        struct tally t;

        result = probe_round(r, GRADING_ALL_SHARED, GRADING_STEADY, e);
        if (result == NULL) {
            if (hopeless(e) || ++errors >= ROUND_ERRORS_MAX)
                return -1;
            rest(r, e);
            continue;
        }
        for (size_t i = 0; i < r->x->nchecks; i++)
            if (!skip[i])
                v[i] = grading_judge(r->x, i, result, false);
        grading_block(r->x, v, skip);
        account(r, v, skip, began);
        t = count(r, skip);
        errors = t.error ? errors + 1 : 0;
        if (t.error && errors >= ROUND_ERRORS_MAX && loop_now_ms() >= deadline)
            return err_set(e, ERR_TOOL, "the probes could not be made reliably");
        if (t.settled)
            return 0;
        if (loop_now_ms() >= deadline && !t.error && (!t.hopeful || ++late >= r->x->hold))
            return 0;
        pause_ms(r->x->interval_ms);
    }
}

/* The state before a cut: waits until the traffic takes the link, also for what an earlier cut disturbed. */
static int before_cut(struct run *r, size_t i, struct grading_verdict *v, struct err *e)
{
    int64_t deadline = loop_now_ms() + r->x->deadline_ms;
    unsigned errors = 0;

    for (;;) {
        AUTO(probe_result_freep) struct probe_result *result = probe_round(r, i, GRADING_STEADY, e);

        if (result != NULL) {
            *v = grading_judge(r->x, i, result, true);
            r->o[i].samples++;
            if (v->status == GRADING_PASS || (v->status == GRADING_FAIL && loop_now_ms() >= deadline))
                return 0;
        }
        if (result == NULL || v->status == GRADING_ERROR) {
            if (result != NULL)
                err_set(e, ERR_TOOL, "%s", v->observed);
            if (hopeless(e) || ++errors >= ROUND_ERRORS_MAX)
                return -1;
        }
        rest(r, result == NULL ? e : NULL);
    }
}

static int cut(struct run *r, size_t i, struct grading_verdict *v, struct err *e)
{
    for (unsigned errors = 0; errors < ROUND_ERRORS_MAX; errors++) {
        AUTO(probe_result_freep) struct probe_result *result = NULL;

        if (before_cut(r, i, v, e) < 0)
            return -1;
        if (v->status != GRADING_PASS)
            return 0;
        if ((result = probe_round(r, i, GRADING_BROKEN, e)) == NULL) {
            if (hopeless(e))
                return -1;
            rest(r, e);
            continue;
        }
        *v = grading_judge_cut(r->x, i, result);
        if (v->status != GRADING_ERROR)
            return 0;
        err_set(e, ERR_TOOL, "%s", v->observed);
    }
    return -1;
}

/* One round of a check that brings what it needs and cuts nothing. */
static int solo(struct run *r, size_t i, struct grading_verdict *v, struct err *e)
{
    for (unsigned errors = 0; errors < ROUND_ERRORS_MAX; errors++) {
        AUTO(probe_result_freep) struct probe_result *result = probe_round(r, i, GRADING_STEADY, e);

        if (result == NULL) {
            if (hopeless(e))
                return -1;
            rest(r, e);
            continue;
        }
        *v = grading_judge(r->x, i, result, false);
        if (v->status != GRADING_ERROR)
            return 0;
        err_set(e, ERR_TOOL, "%s", v->observed);
    }
    return -1;
}

/* The checks with rounds of their own, one after another. */
static int each_alone(struct run *r, const bool *alone, struct err *e)
{
    struct grading_verdict v[EXERCISE_CHECKS_MAX];

    for (size_t i = 0; i < r->x->nchecks; i++) {
        v[i] = r->o[i].v;
        if (alone[i])
            v[i] = (struct grading_verdict){.status = GRADING_PASS, .after_ms = -1};
    }
    for (size_t i = 0; i < r->x->nchecks; i++) {
        if (!alone[i])
            continue;
        grading_block(r->x, v, NULL);
        if (v[i].status == GRADING_PASS &&
            (r->x->checks[i].cut.n > 0 ? cut(r, i, &v[i], e) : solo(r, i, &v[i], e)) < 0)
            return -1;
        r->o[i].v = v[i];
        r->o[i].samples += v[i].status != GRADING_BLOCKED;
        tell(r);
    }
    grading_block(r->x, v, NULL);
    for (size_t i = 0; i < r->x->nchecks; i++)
        r->o[i].v = v[i];
    return 0;
}

/* What did not hold has not passed, and neither has what depends on it. */
static void conclude(struct run *r, const bool *alone)
{
    struct grading_verdict v[EXERCISE_CHECKS_MAX];

    for (size_t i = 0; i < r->x->nchecks; i++) {
        struct grading_outcome *o = &r->o[i];

        if (!alone[i] && o->v.status == GRADING_PASS && o->streak < r->x->hold) {
            o->v.status = GRADING_FAIL;
            snprintf(o->v.observed, sizeof o->v.observed, "It came and went while it was watched.");
        }
        if (!alone[i])
            o->v.good = grading_held(o, r->x->hold);
        v[i] = o->v;
    }
    grading_block(r->x, v, NULL);
    for (size_t i = 0; i < r->x->nchecks; i++)
        r->o[i].v = v[i];
}

static int run_once(struct run *r, struct err *e)
{
    bool alone[EXERCISE_CHECKS_MAX] = {false};
    bool any_alone = false, any_steady = false;

    r->t0 = loop_now_ms();
    for (size_t i = 0; i < r->x->nchecks; i++) {
        r->o[i] = (struct grading_outcome){.v = {.status = GRADING_FAIL, .after_ms = -1}, .pass_ms = -1};
        alone[i] = check_alone(&r->x->checks[i]);
        any_alone = any_alone || alone[i];
        any_steady = any_steady || !alone[i];
    }
    if (any_steady && steady(r, alone, e) < 0)
        return -1;
    conclude(r, alone);
    if (any_alone && each_alone(r, alone, e) < 0)
        return -1;
    return 0;
}

int grading_run(const struct exercise *x, const struct plan *p, const char *host_socket, const char *lab,
                const json_t *failures, grading_progress_fn *progress, void *arg, json_t **report,
                struct err *e)
{
    AUTO(mem_freep) struct grading_outcome *o = xcalloc(x->nchecks + 1, sizeof *o);
    struct run r = {x, p, host_socket, lab, progress, arg, o, 0};
    int64_t started = loop_wall_ms();
    json_int_t before = 0, after = 0;
    struct err own = {0};

    e = e != NULL ? e : &own;
    for (int n = 0; n < RUNS_MAX; n++) {
        if (lab_typed(&r, &before, e) < 0 || run_once(&r, e) < 0 || lab_typed(&r, &after, e) < 0)
            return err_wrap(e, "grade lab %s", lab);
        if (after == before)
            break;
    }
    *report = grading_report(x, lab, o, failures, after != before, started, loop_wall_ms());
    return 0;
}
