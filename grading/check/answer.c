/* answer: a question that the student answers in words.  Nothing is sent: what was said is compared with what the
 * parameters of this student make of "expect".  No text of a verdict quotes either of them. */
#include "grading/answer.h"
#include "grading/check/check.h"

#define TRIES_MAX 100

static const struct xattr attrs[] = {
    {"expect", XA_TEXT, offsetof(struct exercise_check, answer), true, 0, 0},
    {"also", XA_TEXT, offsetof(struct exercise_check, also), false, 0, 0},
    {"form", XA_FORM, offsetof(struct exercise_check, form), false, 0, 0},
    {"tries", XA_UINT, offsetof(struct exercise_check, tries), false, 1, TRIES_MAX},
    XATTRS_END,
};

struct looking {
    struct check_review *k;
    const struct exercise_check *c;
};

static bool review_one(const char *text, void *arg)
{
    const struct looking *l = arg;
    char plain[ANSWER_SIZE];
    struct err e;

    if (answer_canonical(l->c->form, text, plain, &e) == 0)
        return true;
    CHECK_COMPLAIN(l->k, l->c, "check '%s': nobody can say what it expects: %s", l->c->id, e.msg);
    return false;
}

static void review(struct check_review *k, const struct exercise_check *c)
{
    answer_each(c, review_one, &(struct looking){k, c});
}

static int spec(struct probe_spec *s, const struct exercise *x, size_t i, enum grading_phase phase,
                struct err *e)
{
    (void)s;
    (void)x;
    (void)i;
    (void)phase;
    (void)e;
    return 0;
}

static struct grading_verdict judge(const struct exercise *x, size_t i, const struct probe_result *r)
{
    const struct exercise_check *c = &x->checks[i];

    (void)r;
    if (c->given == NULL)
        return check_verdict(GRADING_BLOCKED, "Not judged: no answer was given.");
    if (c->tries > 0 && c->wrong >= c->tries)
        return check_verdict(GRADING_FAIL, "No tries are left: %u other answers were wrong.", c->wrong);
    if (answer_right(c, c->given))
        return check_verdict(GRADING_PASS, "This is the answer.");
    if (c->tries == 0)
        return check_verdict(GRADING_FAIL, "This is not the answer.");
    return check_verdict(GRADING_FAIL, "This is not the answer. Of %u tries %u are left.", c->tries,
                         c->tries - c->wrong - 1);
}

static void expected(const struct exercise *x, const struct exercise_check *c, char out[GRADING_TEXT])
{
    (void)x;
    (void)c;
    check_text(out, "The right answer to this question.");
}

const struct check_kind check_answer = {
    .name = "answer",
    .attrs = attrs,
    .question = true,
    .review = review,
    .spec = spec,
    .judge = judge,
    .expected = expected,
};
