#include "labd/ctl/ctl_trial.h"

#include "grading/exercise.h"
#include "labd/base/buf.h"
#include "labd/base/loop.h"
#include "labd/base/mem.h"
#include "labd/ctl/ctl.h"
#include "labd/ctl/ctl_http.h"
#include "labd/ctl/ctl_lab.h"
#include "labd/ctl/ctl_source.h"
#include "labd/ctl/ctl_stream.h"
#include "labd/ctl/ctl_text.h"
#include "topology/topo_seed.h"

#include <string.h>

#define SCRIPT_OUTPUT_MAX 4096u
#define MUTANT_MAX_S "60" /* a loop may wait for ever for what a fault prevents */

/* The scripts that a trial runs. */
struct scripts {
    const struct exercise *x;
    const char *which;           /* "solution" */
    const struct mutant *mutant; /* or NULL */
};

static void keep_some(bool error, const uint8_t *data, size_t n, void *arg)
{
    struct buf *b = arg;

    (void)error;
    if (b->len < SCRIPT_OUTPUT_MAX)
        buf_add(b, data, n < SCRIPT_OUTPUT_MAX - b->len ? n : SCRIPT_OUTPUT_MAX - b->len);
}

static int run_script(struct ctl *c, const char *lab, const char *node, const struct buf *script,
                      const struct scripts *s, struct err *e)
{
    AUTO(buf_clear) struct buf printed = BUF_INIT;
    struct ctl_exec x = {
        .lab = lab,
        .node = node,
        .argv = s->mutant != NULL ? json_pack("[ssss]", "timeout", MUTANT_MAX_S, "sh", "-s")
                                  : json_pack("[ss]", "sh", "-s"),
        .in = -1,
        .input = buf_str(script),
        .input_len = script->len,
        .output = keep_some,
        .arg = &printed,
    };
    int status = 0;
    int rc = ctl_exec(c->http, &x, &status, e);

    json_decref(x.argv);
    if (rc < 0)
        return err_wrap(e, "%s/%s.sh", s->which, node);
    if (status == 0 || s->mutant != NULL)
        return 0;
    ctl_say(c, "%s/%s.sh printed:", s->which, node);
    text_lines(c->err, "    ", buf_str(&printed));
    return err_set(e, ERR_TOOL, "%s/%s.sh ended with status %d", s->which, node, status);
}

static int run_scripts(struct ctl *c, const char *lab, const struct scripts *s, struct err *e)
{
    for (size_t i = 0; i < s->x->topo->nnodes; i++) {
        const char *node = s->x->topo->nodes[i].name;
        AUTO(buf_clear) struct buf script = BUF_INIT, faulty = BUF_INIT;
        bool here = s->mutant != NULL && strcmp(s->mutant->node, node) == 0;

        if (exercise_script(s->x, s->which, node, &script, e) < 0) {
            if (e->code != ERR_NOT_FOUND)
                return -1;
            continue;
        }
        if (here)
            mutant_apply(s->mutant, buf_str(&script), &faulty);
        if (run_script(c, lab, node, here ? &faulty : &script, s, e) < 0)
            return -1;
    }
    return 0;
}

/* In a lab that runs. */
static int solve_and_grade(struct ctl *c, const char *lab, const struct scripts *s, struct trial *t,
                           struct err *e)
{
    json_t *attempt = NULL;

    if (ctl_lab_wait(c, lab, "running", NULL, e) < 0 || run_scripts(c, lab, s, e) < 0 ||
        ctl_lab_grade(c, lab, &attempt, e) < 0)
        return -1;
    t->report = json_incref(json_object_get(attempt, "report"));
    t->score = (long long)text_int(t->report, "score");
    t->graded = true;
    json_decref(attempt);
    return 0;
}

static int start(struct ctl *c, const struct exercise *x, uint32_t seed, char id[LAB_ID_SIZE], struct err *e)
{
    json_t *body = source_exercise(x->dir, x->topo_file, e);

    if (body == NULL)
        return -1;
    json_object_set_new(body, "name", json_string(x->id));
    if (c->flag[FLAG_DRIVER] != NULL)
        json_object_set_new(body, "driver", json_string(c->flag[FLAG_DRIVER]));
    if (x->topo->nparameters > 0)
        json_object_set_new(body, "seed", json_integer(seed));
    return ctl_lab_start(c, body, id, e);
}

static void in_a_lab(struct ctl *c, const struct scripts *s, struct trial *t)
{
    char id[LAB_ID_SIZE];
    struct err e;

    if (start(c, s->x, t->seed, id, &t->e) < 0)
        return;
    bool ok = solve_and_grade(c, id, s, t, &t->e) == 0;
    bool interrupted = ctl_signals_caught();
    ctl_signals_clear(); /* the lab goes away also now; a second signal ends the wait for that */
    if (ctl_lab_remove(c, id, &e) < 0) {
        ctl_say(c, "lab %s could not be removed: %s", id, e.msg);
        if (ok)
            err_set(&t->e, e.code, "%s", e.msg);
        t->graded = false;
    }
    if (interrupted) {
        t->graded = false;
        err_set(&t->e, ERR_TIMEOUT, "interrupted");
    }
}

void trial_run(struct ctl *c, const char *dir, struct trial *t)
{
    AUTO(mutants_clear) struct mutants m = {0};
    int64_t since = loop_now_ms();
    struct topo_seed seed;

    topo_seed_number(&seed, t->seed);
    AUTO(exercise_freep) struct exercise *x = exercise_load_dir_seeded(dir, &seed, NULL, NULL, &t->e);
    if (x == NULL)
        return;
    struct scripts s = {.x = x, .which = t->mutant ? x->solution_dir : t->name};
    if (t->mutant) { /* parameters have other values now */
        if (trial_mutants(x, &m, &t->e) < 0)
            return;
        s.mutant = mutants_find(&m, t->name);
        if (s.mutant == NULL) {
            err_set(&t->e, ERR_NOT_FOUND, "with --seed %u there is no such mutant", t->seed);
            return;
        }
    }
    in_a_lab(c, &s, t);
    t->seconds = (double)(loop_now_ms() - since) / 1e3;
}

bool trial_as_promised(const struct trial *t)
{
    return t->graded && (t->mutant ? t->score < t->promised : t->score == t->promised);
}

json_t *trial_pack(const struct trial *t)
{
    AUTO(mem_freep)
    char *why = text_safe(t->e.msg, strlen(t->e.msg)); /* may have been cut inside a character */

    return json_pack("{s:b, s:I, s:f, s:i, s:s, s:O*}", "graded", t->graded, "score", (json_int_t)t->score,
                     "seconds", t->seconds, "code", (int)t->e.code, "error", why, "report", t->report);
}

void trial_unpack(struct trial *t, const json_t *j)
{
    t->graded = json_is_true(json_object_get(j, "graded"));
    t->score = (long long)text_int(j, "score");
    t->seconds = json_number_value(json_object_get(j, "seconds"));
    t->report = json_incref(json_object_get(j, "report"));
    if (!t->graded)
        err_set(&t->e, (enum err_code)text_int(j, "code"), "%s", text_str(j, "error"));
}

int trial_mutants(const struct exercise *x, struct mutants *m, struct err *e)
{
    for (size_t i = 0; i < x->topo->nnodes; i++) {
        AUTO(buf_clear) struct buf script = BUF_INIT;
        const struct topo_node *node = &x->topo->nodes[i];

        if (exercise_script(x, x->solution_dir, node->name, &script, e) < 0) {
            if (e->code != ERR_NOT_FOUND)
                return -1;
        } else if (mutants_add(m, node, buf_str(&script), e) < 0) {
            return -1;
        }
    }
    return 0;
}
