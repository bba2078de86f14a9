/* script: the author's own program, run at a reference host, says what it found.  What it says counts as it is; what
 * it does not say, because it failed, was too slow or printed something else, is nobody's failure but its own.
 *
 * Its text is in the exercise's folder (exercise_files.c), or in <program>, where those put it who keep an exercise
 * without its folder (exercise_embed.c). */
#include "grading/check/check.h"

#include <stdio.h>
#include <string.h>

#define WHOLE 100 /* percent */

static const struct xattr attrs[] = {
    {"from", XA_NAME, offsetof(struct exercise_check, from), true, 0, 0},
    {"run", XA_DIR, offsetof(struct exercise_check, run), false, 0, 0},
    {"timeout", XA_DURATION, offsetof(struct exercise_check, timeout_ms), false, PROBE_SCRIPT_MIN_MS,
     PROBE_SCRIPT_MAX_MS},
    XATTRS_END,
};

static void review(struct check_review *k, const struct exercise_check *c)
{
    char hint[VALUE_HINT_SIZE];
    struct err e;

    if (c->from[0] != '\0' && check_ref_find(k->x, c->from) == NULL)
        CHECK_COMPLAIN(k, c, "check '%s': there is no reference '%s'%s", c->id, c->from,
                       check_like_ref(k, c->from, hint));
    if (c->run == NULL && c->program == NULL)
        CHECK_COMPLAIN(k, c, "check '%s' needs run, the file of its program", c->id);
    else if (c->program != NULL && probe_script_check(c->program, strlen(c->program), &e) < 0)
        CHECK_COMPLAIN(k, c, "check '%s': %s", c->id, e.msg);
}

/* Without its folder an exercise may be looked at, but then there is nothing to run. */
static int spec(struct probe_spec *s, const struct exercise *x, size_t i, enum grading_phase phase,
                struct err *e)
{
    const struct exercise_check *c = &x->checks[i];
    struct probe_script *p = &s->scripts[s->nscripts];

    (void)phase;
    if (c->program == NULL || strlen(c->program) >= sizeof p->program)
        return 0;
    if (s->nscripts >= PROBE_SCRIPTS_MAX)
        return err_set(e, ERR_CAPACITY, "more than %d checks of the kind script", PROBE_SCRIPTS_MAX);
    check_spec_ref(s, x, c->from);
    grading_probe_id(i, false, p->id);
    snprintf(p->from, sizeof p->from, "%s", c->from);
    snprintf(p->program, sizeof p->program, "%s", c->program);
    p->timeout_ms = c->timeout_ms;
    s->nscripts++;
    return 0;
}

static struct grading_verdict judge(const struct exercise *x, size_t i, const struct probe_result *r)
{
    const struct probe_script_outcome *o;
    struct grading_verdict v;
    char id[GRADING_PROBE_ID];

    (void)x;
    grading_probe_id(i, false, id);
    if ((o = probe_script_find(r, id)) == NULL)
        return check_verdict(GRADING_ERROR, "The author's program was not run.");
    if (o->error[0] != '\0')
        return check_verdict(GRADING_ERROR, "%s", o->error);
    v = check_verdict(o->percent == WHOLE ? GRADING_PASS : GRADING_FAIL, "%s", o->observed);
    if (o->observed[0] == '\0')
        snprintf(v.observed, sizeof v.observed, "The exercise's own program found %u %% as it should be.",
                 o->percent);
    v.good = o->percent;
    v.parts = WHOLE;
    return v;
}

static void expected(const struct exercise *x, const struct exercise_check *c, char out[GRADING_TEXT])
{
    const struct probe_ref *r = check_ref_find(x, c->from);

    check_text(out, "A program of the exercise's author");
    if (r != NULL && r->nnets > 0)
        check_text_ref(out, x, c->from, r->net[0].addr.family);
    check_text(out, " finds everything as it should be.");
}

const struct check_kind check_script = {
    .name = "script",
    .attrs = attrs,
    .program = true,
    .review = review,
    .spec = spec,
    .judge = judge,
    .expected = expected,
};
