#include "labd/site/grades.h"

#include "labd/site/attempts.h"
#include "labd/site/exercises.h"
#include "labd/site/rules.h"

#include <string.h>

#define HISTORY_MAX 200 /* attempts in one answer */

/* Whose grade the request is about. */
struct subject {
    struct site *site;
    const struct site_exercise *se;
    int64_t inst;
    struct store_user user;
};

/* False: the request has its answer.  A student is told the same of others as of those who do not exist. */
static bool find_subject(struct http_req *r, struct site *s, struct subject *out)
{
    const struct who *w = who_of(r);
    const char *login = http_param(r, "login");
    struct err e;

    *out =
        (struct subject){.site = s, .se = exercises_find(s->exercises, http_param(r, "id")), .inst = w->inst};
    if (out->se == NULL) {
        http_problem_status(r, 404, "there is no such exercise");
        return false;
    }
    if ((who_teaches(w) || strcmp(login, w->login) == 0) &&
        store_user_find(s->store, w->inst, login, &out->user, &e) == 0)
        return true;
    http_problem_status(r, 404, "there is no such student");
    return false;
}

struct history {
    const struct site *site;
    json_t *out;
};

static void add_attempt(const struct store_attempt *row, void *arg)
{
    struct history *h = arg;

    json_array_append_new(h->out, attempts_json(h->site, row));
}

/* The grade; NULL with 'e'. */
static json_t *grade_json(const struct subject *b, struct err *e)
{
    const struct exercise *x = b->se->x;
    struct history h = {b->site, json_array()};
    struct store_score sc;

    if (store_score_find(b->site->store, b->inst, b->user.id, x->id, &sc, e) < 0 ||
        store_attempt_history(b->site->store, b->inst, b->user.id, x->id, HISTORY_MAX, add_attempt, &h, e) <
            0) {
        json_decref(h.out);
        return NULL;
    }
    json_t *j = json_pack("{s:s, s:o, s:s, s:o, s:i, s:o, s:o}", "login", b->user.login, "name",
                          json_text(b->user.name), "exercise", x->id, "title", json_text(x->title),
                          "max_score", (int)exercise_max_score(x), "rules",
                          rules_json(&x->rules, &sc, loop_wall_ms()), "history", h.out);
    rules_score(j, &x->rules, &sc);
    return j;
}

void grade_get(struct http_req *r, void *arg)
{
    struct subject b;
    struct err e;

    if (!find_subject(r, arg, &b))
        return;
    json_t *j = grade_json(&b, &e);
    if (j == NULL)
        http_problem(r, &e);
    else
        http_reply_json(r, 200, j);
}
