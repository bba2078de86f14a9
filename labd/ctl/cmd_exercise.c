/* labctl exercise test: an exercise is tested like code.  One lab per solution, one after another; each
 * runs the scripts, is graded and removed, whatever happens. */
#include "grading/exercise.h"
#include "labd/base/buf.h"
#include "labd/base/loop.h"
#include "labd/base/mem.h"
#include "labd/ctl/ctl.h"
#include "labd/ctl/ctl_http.h"
#include "labd/ctl/ctl_lab.h"
#include "labd/ctl/ctl_report.h"
#include "labd/ctl/ctl_source.h"
#include "labd/ctl/ctl_stream.h"
#include "labd/ctl/ctl_text.h"
#include "topology/topo_seed.h"

#include <sodium.h>
#include <string.h>

#define SCRIPT_OUTPUT_MAX 4096u
#define RUNS_MAX 1000u

struct trial {
    const char *which; /* "solution", "wrong/no-forwarding" */
    unsigned run;      /* 1 .. of --runs */
    uint32_t seed;     /* of the run */
    unsigned promised;
    bool graded;
    long long score;
    double seconds;
    json_t *report; /* or NULL */
    struct err e;   /* why it was not graded */
};

static void keep_some(bool error, const uint8_t *data, size_t n, void *arg)
{
    struct buf *b = arg;

    (void)error;
    if (b->len < SCRIPT_OUTPUT_MAX)
        buf_add(b, data, n < SCRIPT_OUTPUT_MAX - b->len ? n : SCRIPT_OUTPUT_MAX - b->len);
}

static int run_script(struct ctl *c, const char *lab, const char *node, const struct buf *script,
                      const char *which, struct err *e)
{
    AUTO(buf_clear) struct buf printed = BUF_INIT;
    struct ctl_exec x = {
        .lab = lab,
        .node = node,
        .argv = json_pack("[ss]", "sh", "-s"),
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
        return err_wrap(e, "%s/%s.sh", which, node);
    if (status == 0)
        return 0;
    ctl_say(c, "%s/%s.sh printed:", which, node);
    text_lines(c->err, "    ", buf_str(&printed));
    return err_set(e, ERR_TOOL, "%s/%s.sh ended with status %d", which, node, status);
}

static int run_scripts(struct ctl *c, const struct exercise *x, const char *lab, const char *which,
                       struct err *e)
{
    for (size_t i = 0; i < x->topo->nnodes; i++) {
        const char *node = x->topo->nodes[i].name;
        AUTO(buf_clear) struct buf script = BUF_INIT;

        if (exercise_script(x, which, node, &script, e) < 0) {
            if (e->code != ERR_NOT_FOUND)
                return -1;
        } else if (run_script(c, lab, node, &script, which, e) < 0) {
            return -1;
        }
    }
    return 0;
}

/* In a lab that runs. */
static int solve_and_grade(struct ctl *c, const struct exercise *x, const char *lab, struct trial *t,
                           struct err *e)
{
    json_t *attempt = NULL;

    if (ctl_lab_wait(c, lab, "running", NULL, e) < 0 || run_scripts(c, x, lab, t->which, e) < 0 ||
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
    json_t *lab = NULL, *body = source_exercise(x->dir, x->topo_file, e);

    if (body == NULL)
        return -1;
    json_object_set_new(body, "name", json_string(x->id));
    if (c->flag[FLAG_DRIVER] != NULL)
        json_object_set_new(body, "driver", json_string(c->flag[FLAG_DRIVER]));
    if (x->topo->nparameters > 0)
        json_object_set_new(body, "seed", json_integer(seed));
    if (ctl_http(c->http, "POST", "/api/v1/labs", body, &lab, e) < 0)
        return -1;
    bool ok = lab_id_ok(text_str(lab, "id"));
    if (ok)
        memcpy(id, text_str(lab, "id"), LAB_ID_SIZE);
    json_decref(lab);
    return ok ? 0 : err_set(e, ERR_PROTOCOL, "labd gave the lab no id");
}

static void run_trial(struct ctl *c, const char *dir, struct trial *t)
{
    struct topo_seed seed;

    topo_seed_number(&seed, t->seed);
    AUTO(exercise_freep) struct exercise *x = exercise_load_dir_seeded(dir, &seed, NULL, NULL, &t->e);
    char id[LAB_ID_SIZE];
    int64_t since = loop_now_ms();
    struct err e;

    if (x == NULL || start(c, x, t->seed, id, &t->e) < 0)
        return;
    bool ok = solve_and_grade(c, x, id, t, &t->e) == 0;
    bool interrupted = ctl_signals_caught();
    ctl_signals_clear(); /* the lab goes away also now; a second Ctrl-C ends the wait for that */
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
    t->seconds = (double)(loop_now_ms() - since) / 1e3;
}

static bool as_promised(const struct trial *t)
{
    return t->graded && t->score == t->promised;
}

/* Trials that were graded, but not as promised. */
static size_t differing(const struct trial *trials, size_t n)
{
    size_t differ = 0;

    for (size_t i = 0; i < n; i++)
        differ += trials[i].graded && !as_promised(&trials[i]);
    return differ;
}

static size_t graded(const struct trial *trials, size_t n)
{
    size_t all = 0;

    for (size_t i = 0; i < n; i++)
        all += trials[i].graded;
    return all;
}

static json_t *trial_json(const struct trial *t)
{
    json_t *j = json_pack("{s:s, s:i, s:I, s:i, s:o, s:b, s:f, s:o}", "name", t->which, "run", (int)t->run,
                          "seed", (json_int_t)t->seed, "promised", (int)t->promised, "score",
                          t->graded ? json_integer(t->score) : json_null(), "ok", as_promised(t), "seconds",
                          t->seconds, "error", t->graded ? json_null() : json_string(t->e.msg));
    if (t->report != NULL)
        json_object_set(j, "report", t->report);
    return j;
}

static void print_json(struct ctl *c, const struct exercise *x, const struct trial *trials, size_t n, bool ok)
{
    json_t *runs = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(runs, trial_json(&trials[i]));
    json_t *j = json_pack("{s:s, s:i, s:b, s:I, s:I, s:o}", "exercise", x->id, "max_score",
                          (int)exercise_max_score(x), "ok", ok, "graded", (json_int_t)graded(trials, n),
                          "differ", (json_int_t)differing(trials, n), "runs", runs);
    text_json(c->out, j);
    json_decref(j);
}

static void print_table(struct ctl *c, const struct trial *trials, size_t n)
{
    AUTO(text_table_clear) struct text_table t = {.columns = 5};
    static const char *const head[] = {"SOLUTION", "PROMISED", "SCORE", "SECONDS", "RESULT"};

    for (size_t i = 0; i < ARRAY_LEN(head); i++)
        text_cell(&t, "%s", head[i]);
    for (size_t i = 0; i < n; i++) {
        text_cell(&t, "%s", trials[i].which);
        text_cell(&t, "%u", trials[i].promised);
        if (trials[i].graded)
            text_cell(&t, "%lld", trials[i].score);
        else
            text_cell(&t, "-");
        text_cell(&t, "%.1f", trials[i].seconds);
        text_cell(&t, "%s", as_promised(&trials[i]) ? "ok" : trials[i].graded ? "DIFFERS" : trials[i].e.msg);
    }
    text_table_print(&t, c->out);
    if (c->flag[FLAG_RUNS] != NULL && graded(trials, n) > 0)
        fprintf(c->out, "%zu of %zu grades differ from the promise: %.2f %%\n", differing(trials, n),
                graded(trials, n), 100.0 * (double)differing(trials, n) / (double)graded(trials, n));
    for (size_t i = 0; i < n; i++) {
        if (!trials[i].graded || as_promised(&trials[i]))
            continue;
        fprintf(c->out, "\n%s:\n", trials[i].which);
        report_print(c->out, "  ", trials[i].report, false);
    }
}

/* Runs them all, unless the user interrupts; returns how many were begun. */
static size_t run_all(struct ctl *c, const struct exercise *x, struct trial *trials, size_t n)
{
    bool visible = c->flag[FLAG_JSON] == NULL;

    for (size_t i = 0; i < n; i++) {
        if (visible && x->topo->nparameters > 0 && (i == 0 || trials[i].seed != trials[i - 1].seed))
            ctl_say(c, "with --seed %u", trials[i].seed);
        if (visible)
            ctl_say(c, c->flag[FLAG_RUNS] != NULL ? "%s, run %u ..." : "%s ...", trials[i].which,
                    trials[i].run);
        run_trial(c, x->dir, &trials[i]);
        if (!trials[i].graded && trials[i].e.code == ERR_TIMEOUT &&
            strcmp(trials[i].e.msg, "interrupted") == 0)
            return i + 1;
        if (trials[i].e.code == ERR_UNREACHABLE || trials[i].e.code == ERR_DENIED ||
            trials[i].e.code == ERR_AUTH)
            return i + 1; /* the others would end the same way */
    }
    return n;
}

static const char *solution_name(const struct exercise *x, size_t i)
{
    return i == 0 ? x->solution_dir : x->wrongs[i - 1].dir;
}

static int check_names(const struct ctl *c, const struct exercise *x, struct err *e)
{
    AUTO(buf_clear) struct buf names = BUF_INIT;

    for (size_t i = 0; i <= x->nwrongs; i++)
        buf_printf(&names, "%s%s", i == 0 ? "" : ", ", solution_name(x, i));
    for (int k = 1; k < c->nargs; k++) {
        size_t i = 0;
        while (i <= x->nwrongs && strcmp(c->args[k], solution_name(x, i)) != 0)
            i++;
        if (i > x->nwrongs)
            return err_set(e, ERR_NOT_FOUND, "%s has no solution called '%.100s'; it has %s", c->args[0],
                           c->args[k], buf_str(&names));
    }
    return 0;
}

/* The solutions that the command line names, or all. */
static size_t choose(const struct ctl *c, const struct exercise *x, unsigned run, uint32_t seed,
                     struct trial *trials)
{
    size_t n = 0;

    for (size_t i = 0; i <= x->nwrongs; i++) {
        bool wanted = c->nargs == 1;
        for (int k = 1; k < c->nargs; k++)
            wanted = wanted || strcmp(c->args[k], solution_name(x, i)) == 0;
        if (wanted)
            trials[n++] = (struct trial){.which = solution_name(x, i),
                                         .run = run,
                                         .seed = seed,
                                         .promised = i == 0 ? exercise_max_score(x) : x->wrongs[i - 1].score};
    }
    return n;
}

/* 1 without --runs; 0 if it is no number that can be. */
static unsigned runs(const struct ctl *c)
{
    const char *s = c->flag[FLAG_RUNS] != NULL ? c->flag[FLAG_RUNS] : "1";
    size_t len = strlen(s);
    unsigned long n = len > 0 && len <= 4 && strspn(s, "0123456789") == len ? strtoul(s, NULL, 10) : 0;

    return n <= RUNS_MAX ? (unsigned)n : 0;
}

int cmd_exercise_test(struct ctl *c, struct err *e)
{
    unsigned nruns = runs(c);
    uint32_t seed = randombytes_random();

    if (nruns == 0) {
        ctl_say(c, "--runs takes a number from 1 to %u", RUNS_MAX);
        return CTL_USAGE;
    }
    if (ctl_seed(c, &seed) != 0)
        return CTL_USAGE;
    AUTO(mem_freep) char *dir = source_exercise_dir(c->args[0]);
    AUTO(exercise_freep)
    struct exercise *x = exercise_load_dir(dir != NULL ? dir : c->args[0], NULL, NULL, e);

    if (x == NULL)
        return err_wrap(e, "%s", c->args[0]);
    if (x->solution_dir == NULL)
        return err_set(e, ERR_INVALID, "%s: the exercise has no <solution>", c->args[0]);
    if (check_names(c, x, e) < 0)
        return -1;
    AUTO(mem_freep) struct trial *trials = xcalloc(nruns * (1 + x->nwrongs), sizeof *trials);
    size_t n = 0;

    for (unsigned run = 1; run <= nruns; run++)
        n += choose(c, x, run, seed + run - 1, trials + n);

    ctl_signals_catch();
    size_t ran = run_all(c, x, trials, n);
    bool ok = ran == n;
    for (size_t i = 0; i < ran; i++)
        ok = ok && as_promised(&trials[i]);
    if (c->flag[FLAG_JSON] != NULL)
        print_json(c, x, trials, ran, ok);
    else
        print_table(c, trials, ran);
    const struct trial *last = &trials[ran - 1];
    int status = ok ? 0 : last->graded ? 1 : err_exit_status(last->e.code);
    for (size_t i = 0; i < n; i++)
        json_decref(trials[i].report);
    return status;
}
