/* Rounds of probes against a running lab.  The only part of grading that talks to labhost. */
#include "grading/grading.h"

#include "grading/answer.h"
#include "grading/evidence.h"
#include "grading/grading_rounds.h"
#include "labd/base/loop.h"
#include "labd/base/mem.h"
#include "labd/rpc/rpc.h"
#include "topology/plan.h"

#include <string.h>
#include <time.h>

#define RPC_MS 20000
/* What probes may take beyond their own time: references are attached, watches opened, all of it by programs that a busy
 * machine, or an emulated one, takes seconds to start. */
#define PROBES_EXTRA_MS 90000
#define RUNS_MAX 3 /* one, and two more if the lab was typed into meanwhile */

struct run {
    const struct exercise *x;
    const struct plan *plan;
    const char *socket, *lab;
    int64_t t0;                /* CLOCK_MONOTONIC */
    struct probe_result *last; /* of the latest round */
    json_t *evidence;
};

static void run_clear(struct run *r)
{
    probe_result_free(r->last);
    json_decref(r->evidence);
}

static void decrefp(json_t **j)
{
    json_decref(*j);
}

static int64_t now_ms(void *arg)
{
    (void)arg;
    return loop_now_ms();
}

static void pause_ms(void *arg, unsigned ms)
{
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};

    (void)arg;
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
static const struct probe_result *probe_round(void *arg, size_t which, enum grading_phase phase,
                                              struct err *e)
{
    struct run *r = arg;
    int64_t began = loop_now_ms();
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
    if (rpc_call_path(r->socket, req, (int)(probe_spec_duration_ms(s) + PROBES_EXTRA_MS), &reply, e) < 0)
        return NULL;
    struct probe_result *result = probe_result_from_json(json_object_get(reply, "result"), e);
    if (result == NULL)
        return NULL;
    evidence_add(r->evidence, r->x, which, phase, began - r->t0, loop_now_ms() - r->t0,
                 json_object_get(reply, "result"));
    probe_result_free(r->last);
    r->last = result;
    return result;
}

int grading_run(const struct exercise *x, const struct plan *p, const char *host_socket, const char *lab,
                const json_t *failures, grading_progress_fn *progress, void *arg, json_t **report,
                json_t **evidence, struct err *e)
{
    AUTO(mem_freep) struct grading_outcome *o = xcalloc(x->nchecks + 1, sizeof *o);
    AUTO(run_clear) struct run r = {.x = x, .plan = p, .socket = host_socket, .lab = lab};
    struct grading_source live = {probe_round, now_ms, pause_ms, &r, 0, 0};
    int64_t started = loop_wall_ms();
    json_int_t before = 0, after = 0;
    struct err own = {0};

    e = e != NULL ? e : &own;
    for (int n = 0; n < RUNS_MAX; n++) {
        json_decref(r.evidence);
        r.evidence = evidence_new();
        live.t0_ms = r.t0 = loop_now_ms();
        if (lab_typed(&r, &before, e) < 0 || grading_rounds(x, &live, NULL, progress, arg, o, e) < 0 ||
            lab_typed(&r, &after, e) < 0)
            return err_wrap(e, "grade lab %s", lab);
        if (after == before)
            break;
    }
    *report = grading_report(x, lab, o, failures, after != before, started, loop_wall_ms());
    json_object_set_new(r.evidence, "answers", answers_given(x));
    *evidence = TAKE(r.evidence);
    return 0;
}
