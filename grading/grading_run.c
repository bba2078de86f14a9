/* Rounds of probes against a running lab.  The only part of grading that talks to labhost. */
#include "grading/grading.h"

#include "grading/answer.h"
#include "grading/check/check.h"
#include "grading/evidence.h"
#include "grading/grading_rounds.h"
#include "labd/base/loop.h"
#include "labd/base/mem.h"
#include "labd/rpc/rpc.h"
#include "topology/plan.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define RPC_MS 20000
/* What probes may take beyond their own time: references are attached, watches opened, all of it by programs that a busy
 * machine, or an emulated one, takes seconds to start. */
#define PROBES_EXTRA_MS 90000
#define RUNS_MAX 3       /* one, and two more if the lab was typed into meanwhile */
#define REBOOT_MS 300000 /* for what takes longer the student's files are to blame, if labhost answers */
#define LOOK_MS 250

struct run {
    const struct exercise *x;
    const struct plan *plan;
    const char *socket, *lab;
    int64_t t0;                /* CLOCK_MONOTONIC */
    bool final;                /* of RUNS_MAX */
    bool rebooted;             /* in this run: what was not saved is gone, so there is no other */
    bool typed_during;         /* into the lab, before that */
    json_int_t typed;          /* the lab's count of console input when the run, or the reboot, began */
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

static int lab_get(const struct run *r, json_t **lab, struct err *e)
{
    AUTO(decrefp) json_t *req = json_pack("{s:s, s:s}", "do", "lab.get", "lab", r->lab);

    return rpc_call_path(r->socket, req, RPC_MS, lab, e);
}

/* The lab's count of console input; fails unless the lab runs. */
static int lab_typed(const struct run *r, json_int_t *typed, struct err *e)
{
    AUTO(decrefp) json_t *lab = NULL;
    const char *state;

    if (lab_get(r, &lab, e) < 0)
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

/* ---- reboots ---- */

static bool concerns(const struct run *r, size_t which, const char *node)
{
    const struct exercise_names *nodes = &r->x->checks[which].nodes;

    return nodes->n == 0 || check_names_hold(nodes, node);
}

/* On the way up.  Until a node boots it is labhost's work, then its own. */
static const char *const on_its_way[] = {"waiting", "creating", "booting"};
#define STATES_UNMADE 2
#define STATES_ALL ARRAY_LEN(on_its_way)
#define STATES_NOT_RUNNING 0 /* any but "running" */

static bool is_in(const char *state, size_t nstates)
{
    if (nstates == STATES_NOT_RUNNING)
        return strcmp(state, "running") != 0;
    for (size_t i = 0; i < nstates; i++)
        if (strcmp(state, on_its_way[i]) == 0)
            return true;
    return false;
}

/* The name of a node of check 'which' that is in the first 'nstates' of these states, and its error or NULL; both
 * borrowed from 'lab'.  NULL if there is none. */
static const char *find_node(const struct run *r, size_t which, json_t *lab, size_t nstates,
                             const char **error)
{
    const char *name;
    json_t *node;

    json_object_foreach(json_object_get(lab, "nodes"), name, node) {
        const char *state = json_string_value(json_object_get(node, "state"));

        if (!concerns(r, which, name) || state == NULL || !is_in(state, nstates))
            continue;
        *error = json_string_value(json_object_get(node, "error"));
        return name;
    }
    return NULL;
}

/* What the student's files make of a boot (another reboot, say) may take until the checks' deadline. */
static int wait_settled(const struct run *r, size_t which, struct err *e)
{
    int64_t due = loop_now_ms() + r->x->deadline_ms;

    for (;;) {
        AUTO(decrefp) json_t *lab = NULL;
        const char *error;

        if (lab_get(r, &lab, e) < 0)
            return -1;
        if (find_node(r, which, lab, STATES_ALL, &error) == NULL || loop_now_ms() >= due)
            return 0;
        pause_ms(NULL, LOOK_MS);
    }
}

static json_t *reboot_request(const struct run *r, size_t which)
{
    const struct exercise_names *nodes = &r->x->checks[which].nodes;
    json_t *req = json_pack("{s:s, s:s}", "do", "lab.reboot", "lab", r->lab), *list = json_array();

    for (size_t i = 0; i < nodes->n; i++)
        json_array_append_new(list, json_string(nodes->v[i]));
    if (nodes->n > 0)
        json_object_set(req, "nodes", list);
    json_decref(list);
    return req;
}

/* Asks for the reboot.  When that takes too long, but labhost has done its part, it is the node that does not boot. */
static int ask_reboot(const struct run *r, size_t which, struct err *e)
{
    AUTO(decrefp) json_t *req = reboot_request(r, which), *lab = NULL;
    const char *error;
    struct err late;

    if (rpc_call_path(r->socket, req, REBOOT_MS, NULL, &late) < 0 &&
        (late.code != ERR_TIMEOUT || lab_get(r, &lab, e) < 0 ||
         find_node(r, which, lab, STATES_UNMADE, &error) != NULL)) {
        *e = late;
        return -1;
    }
    return 0;
}

/* Not before it is known that all else was judged undisturbed. */
static int reboot(void *arg, size_t which, int64_t *ended_ms, struct err *e)
{
    struct run *r = arg;
    AUTO(decrefp) json_t *lab = NULL;
    json_int_t typed = 0;

    if (!r->rebooted) {
        if (lab_typed(r, &typed, e) < 0)
            return -1;
        r->typed_during = typed != r->typed;
        if (r->typed_during && !r->final)
            return err_set(e, ERR_CONFLICT, "lab %s was typed into", r->lab);
    }
    if (lab_get(r, &lab, e) < 0)
        return -1;
    r->typed = json_integer_value(json_object_get(lab, "typed"));
    r->rebooted = true;
    if (ask_reboot(r, which, e) < 0 || wait_settled(r, which, e) < 0)
        return -1;
    *ended_ms = loop_now_ms();
    evidence_reboot(r->evidence, r->x, which, *ended_ms - r->t0);
    return 0;
}

static int nodes_down(void *arg, size_t which, char why[GRADING_TEXT], struct err *e)
{
    const struct run *r = arg;
    AUTO(decrefp) json_t *lab = NULL;
    const char *node, *error = NULL;

    if (lab_get(r, &lab, e) < 0)
        return -1;
    why[0] = '\0';
    if ((node = find_node(r, which, lab, STATES_NOT_RUNNING, &error)) != NULL)
        snprintf(why, GRADING_TEXT, "Node %s did not come back after the reboot%s%.200s.", node,
                 error != NULL ? ": " : "", error != NULL ? error : "");
    evidence_reboot_down(r->evidence, r->x, which, why);
    return 0;
}

static int typed_since(void *arg, size_t which, bool *typed, struct err *e)
{
    const struct run *r = arg;
    AUTO(decrefp) json_t *lab = NULL;

    if (lab_get(r, &lab, e) < 0)
        return -1;
    *typed = json_integer_value(json_object_get(lab, "typed")) != r->typed;
    evidence_reboot_typed(r->evidence, r->x, which, *typed);
    return 0;
}

/* One run.  True in '*again' if the lab was typed into, and may be graded once more. */
static int run_once(struct run *r, const struct grading_source *live, grading_progress_fn *progress,
                    void *arg, struct grading_outcome *o, bool *again, struct err *e)
{
    json_int_t after = 0;

    r->rebooted = r->typed_during = false;
    if (lab_typed(r, &r->typed, e) < 0)
        return -1;
    if (grading_rounds(r->x, live, NULL, progress, arg, o, e) < 0) {
        *again = r->typed_during && !r->rebooted && !r->final;
        return *again ? 0 : -1;
    }
    if (!r->rebooted) {
        if (lab_typed(r, &after, e) < 0)
            return -1;
        r->typed_during = after != r->typed;
    }
    *again = r->typed_during && !r->rebooted && !r->final;
    return 0;
}

int grading_run(const struct exercise *x, const struct plan *p, const char *host_socket, const char *lab,
                const json_t *failures, grading_progress_fn *progress, void *arg, json_t **report,
                json_t **evidence, struct err *e)
{
    AUTO(mem_freep) struct grading_outcome *o = xcalloc(x->nchecks + 1, sizeof *o);
    AUTO(run_clear) struct run r = {.x = x, .plan = p, .socket = host_socket, .lab = lab};
    struct grading_source live = {.round = probe_round,
                                  .reboot = reboot,
                                  .down = nodes_down,
                                  .typed = typed_since,
                                  .now_ms = now_ms,
                                  .pause = pause_ms,
                                  .arg = &r};
    int64_t started = loop_wall_ms();
    struct err own = {0};
    bool again = true;

    e = e != NULL ? e : &own;
    for (int n = 1; again; n++) {
        json_decref(r.evidence);
        r.evidence = evidence_new();
        r.final = n == RUNS_MAX;
        live.t0_ms = r.t0 = loop_now_ms();
        if (run_once(&r, &live, progress, arg, o, &again, e) < 0)
            return err_wrap(e, "grade lab %s", lab);
    }
    *report = grading_report(x, lab, o, failures, r.typed_during, started, loop_wall_ms());
    json_object_set_new(r.evidence, "answers", answers_given(x));
    *evidence = TAKE(r.evidence);
    return 0;
}
