/* The state machine of grading.  Apart from the source it is pure, so that a record of rounds gives the outcomes that
 * the rounds themselves gave. */
#include "grading/grading_rounds.h"

#include "grading/answer.h"
#include "grading/check/check.h"
#include "labd/base/mem.h"

#include <stdio.h>

#define ROUND_ERRORS_MAX 5 /* rounds in a row that failed for reasons of ours */
#define RESTART_MS 2000
#define REBOOTS_MAX 3 /* one, and two more if the lab was typed into meanwhile */

struct run {
    const struct exercise *x;
    const struct grading_source *from;
    struct grading_known *known; /* or NULL */
    grading_progress_fn *progress;
    void *arg;
    struct grading_outcome *o; /* one per check */
    bool fixed[EXERCISE_CHECKS_MAX], alone[EXERCISE_CHECKS_MAX];
    int64_t t0;
    /* Whose rounds the checks share: GRADING_ALL_SHARED, or the check that rebooted nodes. */
    size_t which;
    enum grading_phase phase;
};

static int64_t now_ms(const struct run *r)
{
    return r->from->now_ms(r->from->arg);
}

static const struct probe_result *next_round(const struct run *r, size_t which, enum grading_phase phase,
                                             struct err *e)
{
    return r->from->round(r->from->arg, which, phase, e);
}

/* Is it judged by the rounds that the checks share? */
static bool shares(const struct run *r, size_t i)
{
    return !r->alone[i] && !r->fixed[i];
}

/* Is 'e' the end of a record?  It stands where the deadline would have come. */
static bool over(const struct run *r, const struct err *e)
{
    return r->from->held_then > 0 && e->code == ERR_NOT_FOUND;
}

/* Did a node that was rebooted go down, so that its ports can not be watched?  That is no error of ours. */
static bool down(const struct run *r)
{
    char why[GRADING_TEXT];
    struct err ignored;

    return r->phase == GRADING_REBOOTED && r->from->down(r->from->arg, r->which, why, &ignored) == 0 &&
           why[0] != '\0';
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
    r->from->pause(r->from->arg,
                   failure != NULL && failure->code == ERR_UNREACHABLE ? RESTART_MS : r->x->interval_ms);
}

static void tell(const struct run *r)
{
    size_t done = 0, total = 0;

    for (size_t i = 0; i < r->x->nchecks; i++) {
        if (answer_asked(&r->x->checks[i]))
            continue;
        total++;
        done += r->o[i].streak >= r->x->hold || r->o[i].v.after_ms >= 0;
    }
    if (r->progress != NULL)
        r->progress(done, total, r->arg);
}

/* Enters the verdicts of one round that began at 'began'. */
static void account(struct run *r, const struct grading_verdict *v, int64_t began)
{
    for (size_t i = 0; i < r->x->nchecks; i++) {
        struct grading_outcome *o = &r->o[i];

        if (!shares(r, i))
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
    bool settled; /* every check holds, or is a question */
    bool hopeful; /* each either holds or is on its way */
    bool error;
    size_t which; /* the first with an error */
};

static struct tally count(const struct run *r)
{
    struct tally t = {true, false, false, 0};

    for (size_t i = 0; i < r->x->nchecks; i++) {
        const struct grading_outcome *o = &r->o[i];

        if (!shares(r, i))
            continue;
        t.settled = t.settled &&
                    (o->streak >= r->x->hold || (answer_asked(&r->x->checks[i]) && o->samples >= r->x->hold));
        t.hopeful = t.hopeful || (o->streak > 0 && o->streak < r->x->hold);
        if (!t.error && o->v.status == GRADING_ERROR)
            t.which = i;
        t.error = t.error || o->v.status == GRADING_ERROR;
    }
    return t;
}

/* The verdicts of a round that the checks share. */
static void judge_shared(struct run *r, const struct probe_result *result, struct grading_verdict *v)
{
    bool skip[EXERCISE_CHECKS_MAX];

    for (size_t i = 0; i < r->x->nchecks; i++) {
        skip[i] = !shares(r, i);
        v[i] = skip[i] ? r->o[i].v : grading_judge(r->x, i, result, false);
        if (r->known != NULL && !skip[i])
            r->known[i].open = v[i].status == GRADING_ERROR;
    }
    grading_block(r->x, v, skip);
}

/* Rounds that the checks share.  A streak that has begun by the deadline gets the rounds that it still needs, however
 * long they take: that this machine is slow is not the student's failure. */
static int steady(struct run *r, struct err *e)
{
    int64_t deadline = r->t0 + r->x->deadline_ms;
    unsigned errors = 0, late = 0;

    for (;;) {
        struct grading_verdict v[EXERCISE_CHECKS_MAX];
        int64_t began = now_ms(r);
        const struct probe_result *result = next_round(r, r->which, r->phase, e);
        struct tally t;

        if (result == NULL) {
            if (over(r, e) || down(r))
                return 0;
            if (hopeless(e) || ++errors >= ROUND_ERRORS_MAX)
                return -1;
            rest(r, e);
            continue;
        }
        judge_shared(r, result, v);
        account(r, v, began);
        t = count(r);
        errors = t.error ? errors + 1 : 0;
        if (t.error && errors >= ROUND_ERRORS_MAX && now_ms(r) >= deadline && r->from->held_then == 0)
            return err_set(e, ERR_TOOL, "the probes could not be made reliably: check '%s': %s",
                           r->x->checks[t.which].id, r->o[t.which].v.observed);
        if (t.settled)
            return 0;
        if (now_ms(r) >= deadline && !t.error && (!t.hopeful || ++late >= r->x->hold))
            return 0;
        rest(r, NULL);
    }
}

/* The state before a cut: waits until the traffic takes the link, also for what an earlier cut disturbed. */
static int before_cut(struct run *r, size_t i, struct grading_verdict *v, struct err *e)
{
    int64_t deadline = now_ms(r) + r->x->deadline_ms;
    unsigned errors = 0;
    bool failed = false;

    for (;;) {
        const struct probe_result *result = next_round(r, i, GRADING_STEADY, e);

        if (result == NULL && failed && over(r, e))
            return 0;
        if (result != NULL) {
            *v = grading_judge(r->x, i, result, true);
            r->o[i].samples++;
            if (v->status == GRADING_PASS || (v->status == GRADING_FAIL && now_ms(r) >= deadline))
                return 0;
            failed = v->status == GRADING_FAIL;
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

/* The round of a check that needs one of its own; if it cuts links, those of before come first, and may be the end. */
static int alone(struct run *r, size_t i, struct grading_verdict *v, struct err *e)
{
    const bool cuts = r->x->checks[i].cut.n > 0;

    for (unsigned errors = 0; errors < ROUND_ERRORS_MAX; errors++) {
        const struct probe_result *result;

        if (cuts && before_cut(r, i, v, e) < 0)
            return -1;
        if (cuts && v->status != GRADING_PASS)
            return 0;
        if ((result = next_round(r, i, cuts ? GRADING_BROKEN : GRADING_STEADY, e)) == NULL) {
            if (hopeless(e))
                return -1;
            rest(r, e);
            continue;
        }
        *v = cuts ? grading_judge_cut(r->x, i, result) : grading_judge(r->x, i, result, false);
        if (v->status != GRADING_ERROR)
            return 0;
        err_set(e, ERR_TOOL, "%s", v->observed);
    }
    return -1;
}

/* What did not hold has not passed, and neither has what depends on it. */
static void conclude(struct run *r)
{
    struct grading_verdict v[EXERCISE_CHECKS_MAX];

    for (size_t i = 0; i < r->x->nchecks; i++) {
        struct grading_outcome *o = &r->o[i];

        if (shares(r, i)) {
            if (o->v.status == GRADING_PASS && o->streak < r->x->hold) {
                o->v.status = GRADING_FAIL;
                snprintf(o->v.observed, sizeof o->v.observed, "It came and went while it was watched.");
            }
            o->v.good = grading_held(o, r->x->hold);
        }
        v[i] = o->v;
    }
    grading_block(r->x, v, r->fixed);
    for (size_t i = 0; i < r->x->nchecks; i++)
        r->o[i].v = v[i];
}

/* What a record cannot tell: what held for as long as it had to then, which is not long enough now. */
static void note_short(struct run *r)
{
    for (size_t i = 0; i < r->x->nchecks; i++) {
        const struct grading_outcome *o = &r->o[i];

        if (shares(r, i) && (o->samples == 0 || (o->v.status == GRADING_PASS && o->streak < r->x->hold &&
                                                 o->streak >= r->from->held_then)))
            r->known[i].open = true;
    }
}

/* ---- after a reboot ---- */

/* Rebooting what was rebooted in part does no harm, so whatever fails is tried again. */
static int reboot(const struct run *r, size_t i, int64_t *ended_ms, struct err *e)
{
    for (unsigned errors = 0; r->from->reboot(r->from->arg, i, ended_ms, e) < 0; rest(r, e))
        if (hopeless(e) || ++errors >= ROUND_ERRORS_MAX)
            return -1;
    return 0;
}

/* Judges the checks that 'i' names by rounds of their own, as all are judged, from 't0' on; 'o' gets their outcomes.
 * True in '*open' if the record does not tell enough. */
static int judge_named(const struct run *r, size_t i, int64_t t0, struct grading_outcome *o, bool *open,
                       struct err *e)
{
    struct grading_known known[EXERCISE_CHECKS_MAX] = {{false, GRADING_FAIL, false}};
    struct run a = {.x = r->x,
                    .from = r->from,
                    .known = r->known != NULL ? known : NULL,
                    .o = o,
                    .t0 = t0,
                    .which = i,
                    .phase = GRADING_REBOOTED};

    for (size_t k = 0; k < r->x->nchecks; k++) {
        a.fixed[k] = !check_names_hold(&r->x->checks[i].of, r->x->checks[k].id);
        o[k] = (struct grading_outcome){
            .v = {.status = a.fixed[k] ? GRADING_PASS : GRADING_FAIL, .after_ms = -1}, .pass_ms = -1};
    }
    if (steady(&a, e) < 0)
        return -1;
    if (a.known != NULL)
        note_short(&a);
    conclude(&a);
    *open = false;
    for (size_t k = 0; k < r->x->nchecks; k++)
        *open = *open || known[k].open;
    return 0;
}

/* What became of the checks that 'i' names, as the outcome of 'i'. */
static void sum_up(const struct run *r, size_t i, const struct grading_outcome *named)
{
    struct grading_outcome *o = &r->o[i];

    o->v = grading_judge_rebooted(r->x, i, named);
    for (size_t k = 0; k < r->x->nchecks; k++) {
        if (!check_names_hold(&r->x->checks[i].of, r->x->checks[k].id))
            continue;
        o->samples = named[k].samples > o->samples ? named[k].samples : o->samples;
        if (o->v.status == GRADING_PASS && named[k].pass_ms > o->pass_ms)
            o->pass_ms = named[k].pass_ms;
    }
    o->streak = o->v.status == GRADING_PASS ? r->x->hold : 0;
}

/* The round of a check that reboots nodes.  Whoever types into the lab after that could repair what was not saved, so
 * then it is done once more; and it has not passed if that does not end. */
static int rebooted(struct run *r, size_t i, struct err *e)
{
    AUTO(mem_freep) struct grading_outcome *named = xcalloc(r->x->nchecks, sizeof *named);
    char why[GRADING_TEXT];
    bool typed = true, open = false;
    int64_t t0 = 0;

    for (unsigned n = 0; typed && n < REBOOTS_MAX; n++) {
        if (reboot(r, i, &t0, e) < 0 || r->from->down(r->from->arg, i, why, e) < 0)
            return -1;
        if (why[0] == '\0' &&
            (judge_named(r, i, t0, named, &open, e) < 0 || r->from->down(r->from->arg, i, why, e) < 0))
            return -1;
        if (r->from->typed(r->from->arg, i, &typed, e) < 0)
            return -1;
        if (r->from->held_then > 0)
            break;
    }
    if (open)
        return err_set(e, ERR_NOT_FOUND, "the evidence does not tell what held after the reboot");
    if (typed)
        r->o[i].v = check_verdict(GRADING_FAIL,
                                  "After each of %d reboots somebody typed into the lab before "
                                  "this could be judged.",
                                  REBOOTS_MAX);
    else if (why[0] != '\0')
        r->o[i].v = check_verdict(GRADING_FAIL, "%s", why);
    else
        sum_up(r, i, named);
    return 0;
}

/* ---- the checks with rounds of their own ---- */

/* The verdict of check 'i'. */
static int one_alone(struct run *r, size_t i, struct grading_verdict *v, struct err *e)
{
    if (!check_reboots(&r->x->checks[i])) {
        r->o[i].samples++;
        return alone(r, i, v, e);
    }
    if (rebooted(r, i, e) < 0)
        return -1;
    *v = r->o[i].v;
    return 0;
}

/* One after another; those that reboot nodes when all others are done. */
static int each_alone(struct run *r, struct err *e)
{
    struct grading_verdict v[EXERCISE_CHECKS_MAX];

    for (size_t i = 0; i < r->x->nchecks; i++) {
        v[i] = r->o[i].v;
        if (r->alone[i] && !r->fixed[i])
            v[i] = (struct grading_verdict){.status = GRADING_PASS, .after_ms = -1};
    }
    for (size_t n = 0; n < 2 * r->x->nchecks; n++) {
        size_t i = n % r->x->nchecks;

        if (!r->alone[i] || r->fixed[i] || check_reboots(&r->x->checks[i]) != (n >= r->x->nchecks))
            continue;
        grading_block(r->x, v, r->fixed);
        if (v[i].status == GRADING_PASS && one_alone(r, i, &v[i], e) < 0) {
            if (r->known == NULL)
                return -1;
            r->known[i].open = true;
            v[i] = check_verdict(GRADING_ERROR, "The record does not tell.");
        }
        r->o[i].v = v[i];
        tell(r);
    }
    grading_block(r->x, v, r->fixed);
    for (size_t i = 0; i < r->x->nchecks; i++)
        r->o[i].v = v[i];
    return 0;
}

int grading_rounds(const struct exercise *x, const struct grading_source *from, struct grading_known *known,
                   grading_progress_fn *progress, void *arg, struct grading_outcome *o, struct err *e)
{
    struct run r = {.x = x,
                    .from = from,
                    .known = known,
                    .progress = progress,
                    .arg = arg,
                    .o = o,
                    .which = GRADING_ALL_SHARED};
    bool any_shared = false;

    r.t0 = from->t0_ms;
    for (size_t i = 0; i < x->nchecks; i++) {
        o[i] = (struct grading_outcome){.v = {.status = GRADING_FAIL, .after_ms = -1}, .pass_ms = -1};
        r.alone[i] = check_alone(&x->checks[i]);
        r.fixed[i] = known != NULL && known[i].fixed;
        if (r.fixed[i])
            o[i].v.status = known[i].status;
        any_shared = any_shared || shares(&r, i);
    }
    if (any_shared && steady(&r, e) < 0)
        return -1;
    if (known != NULL)
        note_short(&r);
    conclude(&r);
    return each_alone(&r, e);
}
