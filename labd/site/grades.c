#include "labd/site/grades.h"

#include "labd/base/log.h"
#include "labd/site/attempts.h"
#include "labd/site/exercises.h"
#include "labd/site/rules.h"

#include <stdio.h>
#include <string.h>

#define HISTORY_MAX 200  /* attempts in one answer */
#define OVERRIDES_MAX 50 /* the same */
#define REASON_MIN 3     /* bytes: a word */

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
    if (!who_teaches(w) && strcmp(login, w->login) != 0)
        err_set(&e, ERR_NOT_FOUND, "there is none");
    else if (store_user_find(s->store, w->inst, login, &out->user, &e) == 0)
        return true;
    if (e.code == ERR_NOT_FOUND)
        http_problem_status(r, 404, "there is no such student");
    else
        http_problem(r, &e);
    return false;
}

struct history {
    const struct site *site;
    enum lab_view view;
    json_t *out;
};

static void add_attempt(const struct store_attempt *row, void *arg)
{
    struct history *h = arg;

    json_array_append_new(h->out, attempts_json(h->site, row, h->view));
}

static void add_override(const struct store_override *o, void *arg)
{
    json_array_append_new(arg, json_pack("{s:o, s:o, s:s, s:o, s:I}", "score",
                                         o->set ? json_integer(o->score) : json_null(), "reason",
                                         json_text(o->reason), "by", o->author_login, "by_name",
                                         json_text(o->author_name), "made_ms", (json_int_t)o->made));
}

/* The grade; NULL with 'e'. */
static json_t *grade_json(const struct subject *b, enum lab_view view, struct err *e)
{
    const struct exercise *x = b->se->x;
    struct history h = {b->site, view, json_array()};
    json_t *overrides = json_array();
    struct store_score sc;

    if (store_override_each(b->site->store, b->inst, b->user.id, x->id, OVERRIDES_MAX, add_override,
                            overrides, e) < 0 ||
        store_score_find(b->site->store, b->inst, b->user.id, x->id, &sc, e) < 0 ||
        store_attempt_history(b->site->store, b->inst, b->user.id, x->id, HISTORY_MAX, add_attempt, &h, e) <
            0) {
        json_decref(overrides);
        json_decref(h.out);
        return NULL;
    }
    json_t *j = json_pack(
        "{s:s, s:o, s:s, s:o, s:i, s:o, s:o, s:o}", "login", b->user.login, "name", json_text(b->user.name),
        "exercise", x->id, "title", json_text(x->title), "max_score", (int)exercise_max_score(x), "rules",
        rules_json(&x->rules, &sc, loop_wall_ms()), "history", h.out, "overrides", overrides);
    rules_score(j, &x->rules, &sc);
    return j;
}

static void reply(struct http_req *r, const struct subject *b)
{
    struct err e;
    json_t *j = grade_json(b, exercise_view(b->se->x->id, who_of(r)), &e);

    if (j == NULL)
        http_problem(r, &e);
    else
        http_reply_json(r, 200, j);
}

void grade_get(struct http_req *r, void *arg)
{
    struct subject b;

    if (find_subject(r, arg, &b))
        reply(r, &b);
}

static int read_override(struct http_req *r, const struct subject *b, struct store_override *o, struct err *e)
{
    json_int_t max = (json_int_t)exercise_max_score(b->se->x);
    json_t *j = http_body(r, e);
    const json_t *score = json_object_get(j, "score");
    const char *reason;

    if (j == NULL || json_member_text(j, "reason", sizeof o->reason - 1, &reason, e) < 0)
        return -1;
    if (reason == NULL || strlen(reason) < REASON_MIN || reason[strspn(reason, " \t\r\n")] == '\0')
        return err_set(e, ERR_INVALID, "\"reason\" must say why: others will read it");
    if (score == NULL || (!json_is_null(score) && (!json_is_integer(score) || json_integer_value(score) < 0 ||
                                                   json_integer_value(score) > max)))
        return err_set(e, ERR_INVALID,
                       "\"score\" must be a whole number from 0 to %lld, or null for that of the attempts",
                       (long long)max);
    o->set = json_is_integer(score);
    o->score = json_integer_value(score);
    snprintf(o->reason, sizeof o->reason, "%s", reason);
    return 0;
}

void grade_override(struct http_req *r, void *arg)
{
    struct site *s = arg;
    const struct who *w = who_of(r);
    struct store_override o = {.author = w->user, .made = loop_wall_ms()};
    struct subject b;
    struct err e;

    if (!find_subject(r, s, &b))
        return;
    if (read_override(r, &b, &o, &e) < 0 ||
        store_override_add(s->store, b.inst, b.user.id, b.se->x->id, &o, &e) < 0) {
        http_problem(r, &e);
        return;
    }
    log_info("grade.override", "exercise", b.se->x->id, "student", b.user.login, "by", w->login);
    reply(r, &b);
}
