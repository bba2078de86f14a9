#include "labd/site/deadlines.h"

#include "labd/base/log.h"
#include "labd/site/exercises.h"

#define DUE_MAX 253402300799999LL /* the end of the year 9999, ms */

json_t *deadline_json(struct site *s, int64_t inst, const char *exercise, struct err *e)
{
    struct store_deadline d;

    if (store_deadline_find(s->store, inst, exercise, &d, e) < 0)
        return e->code == ERR_NOT_FOUND ? json_null() : NULL;
    return json_pack("{s:I, s:I}", "due_ms", (json_int_t)d.due, "late_percent", (json_int_t)d.percent);
}

static int read_whole(const json_t *j, const char *name, json_int_t max, int64_t *out, struct err *e)
{
    const json_t *v = json_object_get(j, name);

    if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > max)
        return err_set(e, ERR_INVALID, "\"%s\" must be a whole number from 0 to %lld", name, (long long)max);
    *out = json_integer_value(v);
    return 0;
}

/* The exercise of the request; NULL: it has its 404. */
static const char *find_exercise(struct http_req *r, const struct site *s)
{
    const struct site_exercise *se = exercises_find(s->exercises, http_param(r, "id"));

    if (se == NULL)
        http_problem_status(r, 404, "there is no such exercise");
    return se != NULL ? se->x->id : NULL;
}

void deadline_put(struct http_req *r, void *arg)
{
    struct site *s = arg;
    const struct who *w = who_of(r);
    const char *exercise = find_exercise(r, s);
    struct store_deadline d = {0};
    struct err e;

    if (exercise == NULL)
        return;
    json_t *j = http_body(r, &e);
    if (j == NULL || read_whole(j, "due_ms", DUE_MAX, &d.due, &e) < 0 ||
        read_whole(j, "late_percent", 100, &d.percent, &e) < 0 ||
        store_deadline_put(s->store, w->inst, exercise, &d, &e) < 0) {
        http_problem(r, &e);
        return;
    }
    log_info("deadline.set", "exercise", exercise, "by", w->login);
    http_reply_json(
        r, 200, json_pack("{s:I, s:I}", "due_ms", (json_int_t)d.due, "late_percent", (json_int_t)d.percent));
}

void deadline_delete(struct http_req *r, void *arg)
{
    struct site *s = arg;
    const struct who *w = who_of(r);
    const char *exercise = find_exercise(r, s);
    struct err e;

    if (exercise == NULL)
        return;
    if (store_deadline_del(s->store, w->inst, exercise, &e) < 0) {
        http_problem(r, &e);
        return;
    }
    log_info("deadline.removed", "exercise", exercise, "by", w->login);
    http_reply_json(r, 200, json_object());
}
