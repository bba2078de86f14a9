#include "labd/ctl/ctl_trial.h"

#include "grading/answer.h"
#include "grading/exercise.h"
#include "labd/base/buf.h"
#include "labd/base/loop.h"
#include "labd/base/mem.h"
#include "labd/ctl/ctl.h"
#include "labd/ctl/ctl_http.h"
#include "labd/ctl/ctl_lab.h"
#include "labd/ctl/ctl_script.h"
#include "labd/ctl/ctl_source.h"
#include "labd/ctl/ctl_stream.h"
#include "labd/ctl/ctl_text.h"
#include "topology/topo_seed.h"

#include <string.h>

#define SCRIPT_OUTPUT_MAX 4096u
#define MUTANT_MAX_S "60" /* a loop may wait for ever for what a fault prevents */
#define RESETS_MAX 2u     /* nodes; of more, the whole lab */

/* The scripts that a trial runs. */
struct scripts {
    const struct exercise *x;
    const char *which;           /* "solution" */
    const struct mutant *mutant; /* or NULL */
    char **text;                 /* x->topo->nnodes: of each node, or NULL */
};

/* A lab, and what ran in it. */
struct used {
    const struct exercise *x;
    char id[LAB_ID_SIZE];
    char **ran;   /* x->topo->nnodes: since the node was started afresh, or NULL */
    bool *spoilt; /* the script may have run in part */
};

static void keep_some(bool error, const uint8_t *data, size_t n, void *arg)
{
    struct buf *b = arg;

    (void)error;
    if (b->len < SCRIPT_OUTPUT_MAX)
        buf_add(b, data, n < SCRIPT_OUTPUT_MAX - b->len ? n : SCRIPT_OUTPUT_MAX - b->len);
}

static int run_script(struct ctl *c, const char *lab, const char *node, const char *script,
                      const struct scripts *s, struct err *e)
{
    AUTO(buf_clear) struct buf printed = BUF_INIT;
    struct ctl_exec x = {
        .lab = lab,
        .node = node,
        .argv = s->mutant != NULL ? json_pack("[ssss]", "timeout", MUTANT_MAX_S, "sh", "-s")
                                  : json_pack("[ss]", "sh", "-s"),
        .in = -1,
        .input = script,
        .input_len = strlen(script),
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

static void scripts_clear(struct scripts *s)
{
    for (size_t i = 0; i < s->x->topo->nnodes; i++)
        free(s->text[i]);
    free(s->text);
}

static int scripts_read(struct scripts *s, struct err *e)
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
        s->text[i] = xstrdup(buf_str(here ? &faulty : &script));
    }
    return 0;
}

static void started_afresh(struct used *u, size_t node)
{
    free(TAKE(u->ran[node]));
    u->spoilt[node] = false;
}

static int reset(struct ctl *c, struct used *u, const char *node, struct err *e)
{
    AUTO(mem_freep) char *path = xasprintf("/api/v1/labs/%s/reset", u->id);

    return ctl_http(c->http, "POST", path, node != NULL ? json_pack("{s:s}", "node", node) : json_object(),
                    NULL, e);
}

/* Did something else run on the node than what 's' has for it? */
static bool differs(const struct used *u, const struct scripts *s, size_t node)
{
    const char *ran = u->ran[node], *wanted = s->text[node];

    return ran != NULL && (wanted == NULL || u->spoilt[node] || !script_same(ran, wanted));
}

/* Starts those nodes afresh that differ.  Named one by one they start one after another; many are sooner there with
 * all the others. */
static int make_room(struct ctl *c, struct used *u, const struct scripts *s, struct err *e)
{
    size_t n = 0;

    for (size_t i = 0; i < u->x->topo->nnodes; i++)
        n += differs(u, s, i);
    bool all = n > RESETS_MAX;
    if (all && reset(c, u, NULL, e) < 0)
        return -1;
    for (size_t i = 0; i < u->x->topo->nnodes; i++) {
        if (!all && !differs(u, s, i))
            continue;
        if (!all && reset(c, u, u->x->topo->nodes[i].name, e) < 0)
            return -1;
        started_afresh(u, i);
    }
    return ctl_lab_wait(c, u->id, "running", NULL, e);
}

static int run_scripts(struct ctl *c, struct used *u, const struct scripts *s, struct err *e)
{
    for (size_t i = 0; i < u->x->topo->nnodes; i++) {
        if (s->text[i] == NULL || u->ran[i] != NULL)
            continue;
        u->ran[i] = xstrdup(s->text[i]);
        u->spoilt[i] = true;
        if (run_script(c, u->id, u->x->topo->nodes[i].name, s->text[i], s, e) < 0)
            return -1;
        u->spoilt[i] = false;
    }
    return 0;
}

static void add_answer(const char *check, const char *text, void *arg)
{
    json_object_set_new(arg, check, json_string(text));
}

/* Of an earlier trial in this lab nothing is left. */
static int give_answers(struct ctl *c, const struct used *u, const char *which, struct err *e)
{
    json_t *answers = json_object();
    int rc = exercise_answers(u->x, which, add_answer, answers, e);

    for (size_t i = 0; i < u->x->nchecks && rc == 0; i++) {
        const struct exercise_check *q = &u->x->checks[i];

        if (answer_asked(q))
            rc = ctl_lab_answer(c, u->id, q->id, json_string_value(json_object_get(answers, q->id)), e);
    }
    json_decref(answers);
    return rc;
}

static int solve_and_grade(struct ctl *c, struct used *u, const struct scripts *s, struct trial *t,
                           struct err *e)
{
    json_t *attempt = NULL;

    if (make_room(c, u, s, e) < 0 || run_scripts(c, u, s, e) < 0 || give_answers(c, u, s->which, e) < 0 ||
        ctl_lab_grade(c, u->id, &attempt, e) < 0)
        return -1;
    t->report = json_incref(json_object_get(attempt, "report"));
    t->score = (long long)text_int(t->report, "score");
    t->graded = true;
    json_decref(attempt);
    /* What its scripts left in memory is gone. */
    for (size_t i = 0; exercise_reboots(u->x) && i < u->x->topo->nnodes; i++)
        u->spoilt[i] = u->spoilt[i] || u->ran[i] != NULL;
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

static void try_one(struct ctl *c, struct used *u, const struct mutants *m, struct trial *t)
{
    struct scripts s = {.x = u->x,
                        .which = t->mutant ? u->x->solution_dir : t->name,
                        .mutant = t->mutant ? mutants_find(m, t->name) : NULL,
                        .text = xcalloc(u->x->topo->nnodes, sizeof *s.text)};
    int64_t since = loop_now_ms();

    if (t->mutant && s.mutant == NULL) /* parameters have other values now */
        err_set(&t->e, ERR_NOT_FOUND, "with --seed %u there is no such mutant", t->seed);
    else if (scripts_read(&s, &t->e) == 0)
        (void)solve_and_grade(c, u, &s, t, &t->e);
    t->seconds = (double)(loop_now_ms() - since) / 1e3;
    scripts_clear(&s);
}

static void fail_the_rest(struct trial *t, size_t n, const struct err *e)
{
    for (size_t i = 0; i < n; i++)
        if (!t[i].graded)
            t[i].e = *e;
}

static void remove_lab(struct ctl *c, const char *id, struct trial *t, size_t n)
{
    bool interrupted = ctl_signals_caught();
    struct err e;

    ctl_signals_clear(); /* the lab goes away also now; a second signal ends the wait for that */
    if (ctl_lab_remove(c, id, &e) < 0) {
        ctl_say(c, "lab %s could not be removed: %s", id, e.msg);
        for (size_t i = 0; i < n; i++) {
            if (t[i].graded)
                t[i].e = e;
            t[i].graded = false;
        }
    }
    if (interrupted) {
        err_set(&e, ERR_TIMEOUT, "interrupted");
        fail_the_rest(t, n, &e);
    }
}

static void in_a_lab(struct ctl *c, const struct exercise *x, const struct mutants *m,
                     const struct trial_list *l)
{
    struct used u = {.x = x};
    int64_t since = loop_now_ms();

    if (start(c, x, l->v[0].seed, u.id, &l->v[0].e) < 0) {
        fail_the_rest(l->v, l->n, &l->v[0].e);
        return;
    }
    u.ran = xcalloc(x->topo->nnodes, sizeof *u.ran);
    u.spoilt = xcalloc(x->topo->nnodes, sizeof *u.spoilt);
    for (size_t i = 0; i < l->n && !ctl_signals_caught(); i++) {
        if (i > 0)
            l->begin(i, l->arg);
        try_one(c, &u, m, &l->v[i]);
    }
    remove_lab(c, u.id, l->v, l->n);
    if (l->n == 1)
        l->v[0].seconds = (double)(loop_now_ms() - since) / 1e3;
    for (size_t i = 0; i < x->topo->nnodes; i++)
        free(u.ran[i]);
    free(u.ran);
    free(u.spoilt);
}

void trial_run(struct ctl *c, const char *dir, const struct trial_list *l)
{
    AUTO(mutants_clear) struct mutants m = {0};
    struct topo_seed seed;
    struct err e;
    bool mutant = false;

    topo_seed_number(&seed, l->v[0].seed);
    AUTO(exercise_freep) struct exercise *x = exercise_load_dir_seeded(dir, &seed, NULL, NULL, &e);
    for (size_t i = 0; i < l->n; i++)
        mutant = mutant || l->v[i].mutant;
    if (x == NULL || (mutant && trial_mutants(x, &m, &e) < 0))
        fail_the_rest(l->v, l->n, &e);
    else
        in_a_lab(c, x, &m, l);
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
