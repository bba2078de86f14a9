#include "labd/site/answers.h"

#include "grading/answer.h"
#include "grading/exercise_attr.h"
#include "labd/base/log.h"
#include "labd/base/mem.h"
#include "labd/site/labs_int.h"

#include <stdint.h>
#include <string.h>

struct question {
    char check[NAME_SIZE];
    char *title;
    enum exercise_form form;
    unsigned tries, left; /* tries 0: as many as one likes */
    char *text;           /* what was said, or NULL */
};

struct answers {
    size_t n;
    struct question v[];
};

struct answers *answers_new(const struct exercise *x)
{
    struct answers *as;
    size_t n = 0;

    for (size_t i = 0; i < x->nchecks; i++)
        n += answer_asked(&x->checks[i]);
    if (n == 0)
        return NULL;
    as = xcalloc(1, sizeof *as + n * sizeof *as->v);
    for (size_t i = 0; i < x->nchecks; i++) {
        const struct exercise_check *c = &x->checks[i];
        struct question *q = &as->v[as->n];

        if (!answer_asked(c))
            continue;
        memcpy(q->check, c->id, sizeof q->check);
        q->title = xstrdup(c->title);
        q->form = c->form;
        q->tries = q->left = c->tries;
        as->n++;
    }
    return as;
}

void answers_free(struct answers *as)
{
    for (size_t i = 0; as != NULL && i < as->n; i++) {
        free(as->v[i].title);
        free(as->v[i].text);
    }
    free(as);
}

static struct question *find(struct answers *as, const char *check)
{
    for (size_t i = 0; as != NULL && i < as->n; i++)
        if (strcmp(as->v[i].check, check) == 0)
            return &as->v[i];
    return NULL;
}

static void add_given(const char *question, const char *text, void *arg)
{
    json_object_set_new(arg, question, json_text(text));
}

static void add_wrong(const char *question, const char *text, void *arg)
{
    json_t *list = json_object_get(arg, question);

    if (list == NULL)
        json_object_set_new(arg, question, list = json_array());
    json_array_append_new(list, json_text(text));
}

int answers_of_attempt(struct site *s, int64_t inst, const struct store_attempt *row, json_t **given,
                       json_t **wrong, struct err *e)
{
    json_t *said = given != NULL ? json_object() : NULL, *bad = NULL;

    if (row->exercise[0] != '\0')
        bad = json_object();
    if ((said != NULL && store_answer_each(s->store, inst, row->lab, add_given, said, e) < 0) ||
        (bad != NULL &&
         store_wrong_each(s->store, inst, row->user, row->exercise, row->id, add_wrong, bad, e) < 0)) {
        json_decref(said);
        json_decref(bad);
        return -1;
    }
    if (given != NULL)
        *given = said;
    *wrong = bad;
    return 0;
}

void answers_refresh(struct site *s, struct lab *lab)
{
    struct store_attempt next = {.id = INT64_MAX, .user = lab->row.owner};
    json_t *given, *wrong;
    struct err e;

    if (lab->answers == NULL)
        return;
    memcpy(next.lab, lab->row.id, sizeof next.lab);
    memcpy(next.exercise, lab->row.exercise, sizeof next.exercise);
    if (answers_of_attempt(s, lab->inst, &next, &given, &wrong, &e) < 0) {
        log_err("answers.read", &e, "lab", lab->row.id, NULL);
        return;
    }
    for (size_t i = 0; i < lab->answers->n; i++) {
        struct question *q = &lab->answers->v[i];
        const char *text = json_string_value(json_object_get(given, q->check));
        unsigned bad = answer_wrong(q->form, json_object_get(wrong, q->check), NULL);

        free(q->text);
        q->text = text != NULL ? xstrdup(text) : NULL;
        q->left = bad < q->tries ? q->tries - bad : 0;
    }
    json_decref(given);
    json_decref(wrong);
}

json_t *answers_json(const struct answers *as)
{
    json_t *out = json_array();

    for (size_t i = 0; as != NULL && i < as->n; i++) {
        const struct question *q = &as->v[i];

        json_array_append_new(out, json_pack("{s:s, s:o, s:s, s:o, s:o, s:o}", "check", q->check, "title",
                                             json_text(q->title), "form", answer_form_name(q->form), "answer",
                                             json_text(q->text), "tries",
                                             q->tries > 0 ? json_integer(q->tries) : json_null(), "left",
                                             q->tries > 0 ? json_integer(q->left) : json_null()));
    }
    return out;
}

/* ---- the request ---- */

/* What the body says, without blanks around: "" takes an answer back; the caller frees.  NULL with 'e'. */
static char *read_answer(struct http_req *r, struct err *e)
{
    const char *said = NULL;
    json_t *j = http_body(r, e);

    if (j == NULL || json_member_text(j, "answer", ANSWER_MAX, &said, e) < 0)
        return NULL;
    if (json_object_get(j, "answer") == NULL) {
        err_set(e, ERR_INVALID, "\"answer\" is needed: a string, or null to take the answer back");
        return NULL;
    }
    char *text = xstrdup(said != NULL ? said : "");
    exercise_fold(text);
    return text;
}

static int keep(struct site *s, const struct lab *lab, const struct question *q, const char *text,
                struct err *e)
{
    char plain[ANSWER_SIZE];

    if (lab->row.state == LAB_STOPPING)
        return err_set(e, ERR_CONFLICT, "the lab is stopping");
    if (q->tries > 0 && q->left == 0)
        return err_set(e, ERR_CONFLICT, "no tries are left: %u different answers to this question were wrong",
                       q->tries);
    if (*text == '\0')
        return store_answer_del(s->store, lab->inst, lab->row.id, q->check, e);
    if (answer_canonical(q->form, text, plain, e) < 0)
        return -1;
    return store_answer_put(s->store, lab->inst, lab->row.id, q->check, text, e);
}

void answer_put(struct http_req *r, void *arg)
{
    struct site *s = arg;
    struct lab *lab = labs_visible(s, r, http_param(r, "id"));
    AUTO(mem_freep) char *text = NULL;
    struct err e;

    if (lab == NULL)
        return;
    if (lab->row.owner != who_of(r)->user) {
        http_problem_status(r, 403, "only whoever started the lab answers its questions");
        return;
    }
    answers_refresh(s, lab);
    const struct question *q = find(lab->answers, http_param(r, "check"));
    if (q == NULL) {
        http_problem_status(r, 404, "there is no such question in this lab");
        return;
    }
    if ((text = read_answer(r, &e)) == NULL || keep(s, lab, q, text, &e) < 0) {
        http_problem(r, &e);
        return;
    }
    log_info("lab.answer", "lab", lab->row.id, "check", q->check);
    answers_refresh(s, lab);
    lab_tell(lab);
    lab_reply(r, 200, lab);
}
