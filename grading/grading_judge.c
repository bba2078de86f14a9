/* From probe results to verdicts.  Pure.  What a result means is its kind's to say (check/); here is how checks
 * depend on each other.  What is observed is told in the words of the lab's drawing:
 * ports, addresses, links; never the command that would help. */
#include "grading/check/check.h"

#include <stdio.h>

const char *grading_status_name(enum grading_status s)
{
    static const char *const names[] = {[GRADING_FAIL] = "fail",
                                        [GRADING_PASS] = "pass",
                                        [GRADING_BLOCKED] = "blocked",
                                        [GRADING_ERROR] = "error"};

    return names[s];
}

struct grading_verdict grading_judge(const struct exercise *x, size_t i, const struct probe_result *r,
                                     bool before_cut)
{
    const struct check_kind *k = x->checks[i].kind;

    return before_cut ? k->judge_before(x, i, r) : k->judge(x, i, r);
}

struct grading_verdict grading_judge_cut(const struct exercise *x, size_t i, const struct probe_result *r)
{
    return x->checks[i].kind->judge_broken(x, i, r);
}

struct grading_verdict grading_judge_rebooted(const struct exercise *x, size_t i,
                                              const struct grading_outcome *o)
{
    struct grading_verdict v = check_verdict(GRADING_PASS, "All as before the reboot.");

    for (size_t k = 0; k < x->nchecks; k++)
        if (check_names_hold(&x->checks[i].of, x->checks[k].id)) {
            v.parts++;
            v.good += o[k].v.status == GRADING_PASS;
        }
    if (v.good == v.parts)
        return v;
    v.status = GRADING_FAIL;
    snprintf(v.observed, sizeof v.observed, "%u of %u as before the reboot.", v.good, v.parts);
    for (size_t k = 0; k < x->nchecks; k++)
        if (check_names_hold(&x->checks[i].of, x->checks[k].id) && o[k].v.status != GRADING_PASS)
            check_text(v.observed, " \"%.60s\": %.120s", x->checks[k].title, o[k].v.observed);
    return v;
}

/* ---- dependencies ---- */
static bool block_one(const struct exercise *x, struct grading_verdict *v, size_t i, const char *id,
                      bool control)
{
    const struct exercise_check *o = exercise_check_find(x, id);
    enum grading_status s;

    if (o == NULL || (s = v[o - x->checks].status) == GRADING_PASS)
        return false;
    if (s == GRADING_ERROR)
        v[i] =
            check_verdict(GRADING_ERROR, "It depends on \"%.200s\", which could not be measured.", o->title);
    else if (control)
        v[i] = check_verdict(GRADING_BLOCKED,
                             "Not judged: that nothing passes proves nothing while \"%.200s\" does not pass.",
                             o->title);
    else
        v[i] = check_verdict(GRADING_BLOCKED, "Not judged: \"%.200s\" comes first.", o->title);
    return true;
}

void grading_block(const struct exercise *x, struct grading_verdict *v, const bool *skip)
{
    bool changed = true;

    while (changed) {
        changed = false;
        for (size_t i = 0; i < x->nchecks; i++) {
            const struct exercise_check *c = &x->checks[i];

            if ((skip != NULL && skip[i]) || v[i].status == GRADING_BLOCKED || v[i].status == GRADING_ERROR)
                continue;
            for (size_t k = 0;
                 k < c->requires.n && v[i].status != GRADING_BLOCKED && v[i].status != GRADING_ERROR; k++)
                changed = block_one(x, v, i, c->requires.v[k], false) || changed;
            for (size_t k = 0; k < c->of.n && v[i].status != GRADING_BLOCKED && v[i].status != GRADING_ERROR;
                 k++)
                changed = block_one(x, v, i, c->of.v[k], false) || changed;
            if (v[i].status != GRADING_BLOCKED && v[i].status != GRADING_ERROR)
                changed = block_one(x, v, i, c->control, true) || changed;
        }
    }
}
