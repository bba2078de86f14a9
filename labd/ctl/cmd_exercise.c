/* labctl exercise test: an exercise is tested like code.  One lab per solution, or per run, some of them at a time,
 * each in a process of its own (ctl_trial.h, ctl_jobs.h). */
#include "grading/exercise.h"
#include "labd/base/buf.h"
#include "labd/base/mem.h"
#include "labd/ctl/ctl.h"
#include "labd/ctl/ctl_http.h"
#include "labd/ctl/ctl_jobs.h"
#include "labd/ctl/ctl_mutant.h"
#include "labd/ctl/ctl_report.h"
#include "labd/ctl/ctl_source.h"
#include "labd/ctl/ctl_text.h"
#include "labd/ctl/ctl_trial.h"
#include "topology/topo_value.h"

#include <sodium.h>
#include <string.h>

#define RUNS_MAX 1000u
#define MUTANTS_MAX 100000u

/* One invocation. */
struct testing {
    struct ctl *c;
    const struct exercise *x;
    unsigned runs, jobs, mutants; /* as asked for; 'mutants' 0: none */
    uint32_t seed;                /* of the first run */
    struct mutants m;             /* those that are tried */
    size_t all_mutants;
    struct trial *trials;
    size_t n, per_lab; /* per_lab divides n */
};

/* Trials that were graded, but not as promised. */
static size_t differing(const struct trial *trials, size_t n)
{
    size_t differ = 0;

    for (size_t i = 0; i < n; i++)
        differ += trials[i].graded && !trial_as_promised(&trials[i]);
    return differ;
}

static size_t graded(const struct trial *trials, size_t n)
{
    size_t all = 0;

    for (size_t i = 0; i < n; i++)
        all += trials[i].graded;
    return all;
}

/* Appends what a mutant's one fault is, as lines of a diff. */
static void fault(const struct testing *t, const struct trial *trial, struct buf *out)
{
    const struct mutant *m = mutants_find(&t->m, trial->name);

    if (m != NULL)
        mutant_diff(m, out);
}

static json_t *trial_json(const struct testing *t, const struct trial *trial)
{
    AUTO(buf_clear) struct buf diff = BUF_INIT;
    json_t *j = json_pack(
        "{s:s, s:i, s:I, s:o, s:o, s:b, s:f, s:o}", "name", trial->name, "run", (int)trial->run, "seed",
        (json_int_t)trial->seed, "promised", trial->mutant ? json_null() : json_integer(trial->promised),
        "score", trial->graded ? json_integer(trial->score) : json_null(), "ok", trial_as_promised(trial),
        "seconds", trial->seconds, "error", trial->graded ? json_null() : json_string(trial->e.msg));

    fault(t, trial, &diff);
    if (trial->mutant)
        json_object_set_new(j, "mutant", json_string(buf_str(&diff)));
    if (trial->report != NULL)
        json_object_set(j, "report", trial->report);
    return j;
}

static void print_json(const struct testing *t, size_t n, bool ok)
{
    json_t *runs = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(runs, trial_json(t, &t->trials[i]));
    json_t *j = json_pack("{s:s, s:i, s:b, s:I, s:I, s:o}", "exercise", t->x->id, "max_score",
                          (int)exercise_max_score(t->x), "ok", ok, "graded", (json_int_t)graded(t->trials, n),
                          "differ", (json_int_t)differing(t->trials, n), "runs", runs);
    if (t->mutants > 0)
        json_object_set_new(j, "mutants",
                            json_pack("{s:I, s:I, s:I}", "tried", (json_int_t)t->m.n, "all",
                                      (json_int_t)t->all_mutants, "excused", (json_int_t)t->m.excused));
    text_json(t->c->out, j);
    json_decref(j);
}

static const char *result(const struct trial *t)
{
    if (!t->graded)
        return t->e.msg;
    return trial_as_promised(t) ? "ok" : t->mutant ? "SURVIVES" : "DIFFERS";
}

static void print_table(const struct testing *t, size_t n)
{
    AUTO(text_table_clear) struct text_table table = {.columns = 5};
    static const char *const head[] = {"SOLUTION", "PROMISED", "SCORE", "SECONDS", "RESULT"};

    for (size_t i = 0; i < ARRAY_LEN(head); i++)
        text_cell(&table, "%s", head[i]);
    for (size_t i = 0; i < n; i++) {
        const struct trial *trial = &t->trials[i];

        text_cell(&table, "%s", trial->name);
        text_cell(&table, "%s%u", trial->mutant ? "<" : "", trial->promised);
        if (trial->graded)
            text_cell(&table, "%lld", trial->score);
        else
            text_cell(&table, "-");
        text_cell(&table, "%.1f", trial->seconds);
        text_cell(&table, "%s", result(trial));
    }
    text_table_print(&table, t->c->out);
}

static void print_details(const struct testing *t, size_t n)
{
    FILE *out = t->c->out;

    if (t->mutants > 0)
        fprintf(out, "%zu of %zu mutants, and %zu that are excused\n", t->m.n, t->all_mutants, t->m.excused);
    if (t->c->flag[FLAG_RUNS] != NULL && graded(t->trials, n) > 0)
        fprintf(out, "%zu of %zu grades differ from the promise: %.2f %%\n", differing(t->trials, n),
                graded(t->trials, n), 100.0 * (double)differing(t->trials, n) / (double)graded(t->trials, n));
    for (size_t i = 0; i < n; i++) {
        const struct trial *trial = &t->trials[i];
        AUTO(buf_clear) struct buf diff = BUF_INIT;

        if (!trial->graded || trial_as_promised(trial))
            continue;
        fprintf(out, "\n%s:\n", trial->name);
        fault(t, trial, &diff);
        text_lines(out, "  ", buf_str(&diff));
        if (!trial->mutant)
            report_print(out, "  ", trial->report, false);
    }
}

/* ---- the trials, each in a process ---- */

static void say_begin(const struct testing *t, const struct trial *trial)
{
    if (t->c->flag[FLAG_JSON] == NULL)
        ctl_say(t->c, t->c->flag[FLAG_RUNS] != NULL ? "%s, run %u ..." : "%s ...", trial->name, trial->run);
}

static void begin(size_t lab, void *arg)
{
    const struct testing *t = arg;
    const struct trial *trial = &t->trials[lab * t->per_lab];

    if (t->c->flag[FLAG_JSON] == NULL && t->x->topo->nparameters > 0 &&
        (lab == 0 || trial->seed != trial[-1].seed))
        ctl_say(t->c, "with --seed %u", trial->seed);
    say_begin(t, trial);
}

static void begin_in_lab(size_t i, void *arg)
{
    const struct testing *t = arg;

    say_begin(t, &t->trials[i]);
}

/* Of several at a time nobody could read what they say in turn, so it is handed over in one piece. */
static json_t *work(size_t lab, void *arg)
{
    struct testing *t = arg;
    AUTO(mem_freep) char *said = NULL;
    size_t n = 0;

    t->trials += lab * t->per_lab; /* in this process */
    if (t->jobs > 1)
        t->c->err = open_memstream(&said, &n);
    trial_run(t->c, t->x->dir,
              &(struct trial_list){.v = t->trials, .n = t->per_lab, .begin = begin_in_lab, .arg = t});
    json_t *trials = json_array();
    for (size_t i = 0; i < t->per_lab; i++)
        json_array_append_new(trials, trial_pack(&t->trials[i]));
    json_t *j = json_pack("{s:o}", "trials", trials);
    if (t->jobs > 1) {
        fclose(t->c->err);
        json_object_set_new(j, "said", json_string(said));
    }
    return j;
}

static bool end(size_t lab, const json_t *j, const struct err *e, void *arg)
{
    const struct testing *t = arg;
    bool more = true;

    for (size_t i = 0; i < t->per_lab; i++) {
        struct trial *trial = &t->trials[lab * t->per_lab + i];

        if (j != NULL)
            trial_unpack(trial, json_array_get(json_object_get(j, "trials"), i));
        else
            trial->e = *e;
        more = more && (trial->graded || (trial->e.code != ERR_UNREACHABLE && trial->e.code != ERR_DENIED &&
                                          trial->e.code != ERR_AUTH)); /* the others would end the same way */
    }
    fputs(text_str(j, "said"), t->c->err);
    return more;
}

/* ---- which ---- */

static const char *solution_name(const struct exercise *x, size_t i)
{
    return i == 0 ? x->solution_dir : x->wrongs[i - 1].dir;
}

static bool named(const struct ctl *c, const char *name)
{
    for (int k = 1; k < c->nargs; k++)
        if (strcmp(c->args[k], name) == 0)
            return true;
    return false;
}

static int check_names(const struct testing *t, const struct mutants *m, struct err *e)
{
    AUTO(buf_clear) struct buf names = BUF_INIT;
    const struct ctl *c = t->c;

    for (size_t i = 0; i <= t->x->nwrongs; i++)
        buf_printf(&names, "%s%s", i == 0 ? "" : ", ", solution_name(t->x, i));
    for (int k = 1; k < c->nargs; k++) {
        size_t i = 0;
        while (i <= t->x->nwrongs && strcmp(c->args[k], solution_name(t->x, i)) != 0)
            i++;
        if (i > t->x->nwrongs && mutants_find(m, c->args[k]) == NULL)
            return err_set(e, ERR_NOT_FOUND, "%s has no solution called '%.100s'; it has %s", c->args[0],
                           c->args[k], buf_str(&names));
    }
    return 0;
}

/* The solutions and mutants that the command line names, or all solutions; and the mutants of --mutants. */
static void choose(struct testing *t, unsigned run)
{
    const struct exercise *x = t->x;
    struct trial common = {.run = run, .seed = t->seed + run - 1};

    for (size_t i = 0; i <= x->nwrongs; i++) {
        if (t->c->nargs > 1 && !named(t->c, solution_name(x, i)))
            continue;
        common.name = solution_name(x, i);
        common.promised = i == 0 ? exercise_max_score(x) : x->wrongs[i - 1].score;
        t->trials[t->n++] = common;
    }
    common.mutant = true;
    common.promised = exercise_max_score(x);
    for (size_t i = 0; i < t->m.n; i++) {
        common.name = t->m.v[i].name;
        if (t->mutants > 0 || named(t->c, common.name))
            t->trials[t->n++] = common;
    }
}

/* Fills 'trials'. */
static int plan(struct testing *t, struct err *e)
{
    bool one = false;

    for (int k = 1; k < t->c->nargs; k++)
        one = one || strstr(t->c->args[k], ".sh:") != NULL; /* a mutant by its name */
    if ((t->mutants > 0 || one) && trial_mutants(t->x, &t->m, e) < 0)
        return -1;
    if (check_names(t, &t->m, e) < 0)
        return -1;
    t->all_mutants = t->m.n;
    if (t->mutants > 0)
        mutants_thin(&t->m, t->mutants);
    t->trials = xcalloc(t->runs * (1 + t->x->nwrongs + t->m.n), sizeof *t->trials);
    choose(t, 1);
    t->per_lab = t->c->flag[FLAG_ONE_LAB] != NULL && t->n > 0 ? t->n : 1;
    for (unsigned run = 2; run <= t->runs; run++)
        choose(t, run);
    return 0;
}

/* The number of a flag, 1 .. 'max', or 'without' it; 0 after a sentence if it is none. */
static unsigned number(const struct ctl *c, enum ctl_flag flag, unsigned max, unsigned without)
{
    const char *s = c->flag[flag];
    uint32_t n = 0;

    if (s == NULL)
        return without;
    if (value_uint(s, &n) && n >= 1 && n <= max)
        return n;
    ctl_say(c, "--%s takes a number from 1 to %u", ctl_flags[flag].name, max);
    return 0;
}

static int status(const struct testing *t, size_t ran, bool ok)
{
    for (size_t i = 0; i < ran; i++)
        if (!t->trials[i].graded && err_exit_status(t->trials[i].e.code) > 1)
            return err_exit_status(t->trials[i].e.code);
    return ok ? 0 : 1;
}

static int test(struct testing *t, struct err *e)
{
    if (t->x->solution_dir == NULL)
        return err_set(e, ERR_INVALID, "%s: the exercise has no <solution>", t->c->args[0]);
    if (plan(t, e) < 0)
        return -1;
    const struct ctl_jobs jobs = {
        .n = t->n / t->per_lab, .at_a_time = t->jobs, .begin = begin, .work = work, .end = end, .arg = t};
    ctl_signals_catch();
    size_t ran = ctl_jobs_run(&jobs) * t->per_lab;
    bool ok = ran == t->n;
    for (size_t i = 0; i < ran; i++)
        ok = ok && trial_as_promised(&t->trials[i]);
    if (t->c->flag[FLAG_JSON] != NULL) {
        print_json(t, ran, ok);
    } else {
        print_table(t, ran);
        print_details(t, ran);
    }
    return status(t, ran, ok);
}

int cmd_exercise_test(struct ctl *c, struct err *e)
{
    const char *all = c->flag[FLAG_MUTANTS];
    struct testing t = {.c = c,
                        .runs = number(c, FLAG_RUNS, RUNS_MAX, 1),
                        .jobs = number(c, FLAG_JOBS, CTL_JOBS_MAX, 1),
                        .seed = randombytes_random()};

    t.mutants = all != NULL && all[0] == '\0' ? MUTANTS_MAX : number(c, FLAG_MUTANTS, MUTANTS_MAX, 0);
    if (t.runs == 0 || t.jobs == 0 || (all != NULL && t.mutants == 0) || ctl_seed(c, &t.seed) != 0)
        return CTL_USAGE;
    AUTO(mem_freep) char *dir = source_exercise_dir(c->args[0]);
    AUTO(exercise_freep)
    struct exercise *x = exercise_load_dir(dir != NULL ? dir : c->args[0], NULL, NULL, e);

    if (x == NULL)
        return err_wrap(e, "%s", c->args[0]);
    t.x = x;
    int rc = test(&t, e);
    for (size_t i = 0; i < t.n; i++)
        json_decref(t.trials[i].report);
    free(t.trials);
    mutants_clear(&t.m);
    return rc;
}
