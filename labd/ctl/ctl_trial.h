/* Trials of an exercise: in a lab the scripts of a solution are run, and it is graded; then perhaps another
 * solution in the same lab.  Used by labctl exercise test. */
#ifndef CTL_CTL_TRIAL_H
#define CTL_CTL_TRIAL_H

#include "labd/base/err.h"
#include "labd/ctl/ctl_mutant.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct ctl;
struct exercise;

struct trial {
    const char *name;  /* "solution", "wrong/no-forwarding", "r1.sh:3 drop" */
    bool mutant;       /* the reference solution with the fault 'name' */
    unsigned run;      /* 1 .. of --runs */
    uint32_t seed;     /* of the run */
    unsigned promised; /* the score; of a mutant that of the reference solution, which it must not reach */
    bool graded;
    long long score;
    double seconds;
    json_t *report; /* or NULL */
    struct err e;   /* why it was not graded */
};

/* Trials in one lab, one after another, all of one seed. */
struct trial_list {
    struct trial *v;
    size_t n;                           /* at least 1 */
    void (*begin)(size_t i, void *arg); /* before v[1] and each later one */
    void *arg;
};

/* Starts a lab of the exercise in the folder 'dir', runs the scripts of v[0] in the order of the nodes,
 * gives its answers, grades it.
 * For each later trial those nodes are started afresh on which something else ran than it wants, and only their
 * scripts run.  Removes the lab, whatever happens.  A mutant's scripts may fail; that is graded, too.  Blocks; a
 * signal of ctl_signals_catch() ends it early, with ERR_TIMEOUT for what is not graded, and a second one the wait for the
 * removal.  'seconds' is of the trial; of one that is alone with the lab's beginning and end. */
void trial_run(struct ctl *c, const char *dir, const struct trial_list *l);
bool trial_as_promised(const struct trial *t);

/* What trial_run() found, for another process; and back.  'j' is ours. */
json_t *trial_pack(const struct trial *t);
void trial_unpack(struct trial *t, const json_t *j);

/* The mutants of the exercise's reference solution, added to 'm'. */
int trial_mutants(const struct exercise *x, struct mutants *m, struct err *e) MUST_CHECK;

#endif
