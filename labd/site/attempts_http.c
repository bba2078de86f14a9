/* The requests about attempts. */
#include "labd/base/mem.h"
#include "labd/site/attempts.h"
#include "labd/site/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int may_grade(const struct lab *lab, struct err *e)
{
    if (lab->row.exercise_xml == NULL)
        return err_set(e, ERR_CONFLICT, "this lab has no exercise, so there is nothing to check");
    if (lab_awake(lab, e) < 0)
        return -1;
    if (lab->row.state != LAB_RUNNING && lab->row.state != LAB_FAILED)
        return err_set(e, ERR_CONFLICT, "the lab is %s: it can be checked when it runs", lab_state_name(lab));
    return 0;
}

/* Answers why there is no attempt; 'wait_ms' > 0: until when. */
static void refuse(struct http_req *r, const struct err *e, int64_t wait_ms)
{
    char text[24];

    if (wait_ms > 0) {
        snprintf(text, sizeof text, "%lld", (long long)(wait_ms + 999) / 1000);
        http_reply_header(r, "Retry-After", text);
    }
    http_problem_with(r, e, wait_ms > 0 ? json_pack("{s:I}", "wait_ms", (json_int_t)wait_ms) : json_object());
}

void attempt_post(struct http_req *r, void *arg)
{
    struct site *s = arg;
    int64_t now = loop_wall_ms(), wait_ms = 0;
    struct lab *lab = labs_visible(s, r, http_param(r, "id"));
    struct err e;

    if (lab == NULL)
        return;
    int64_t id = attempts_open(s, lab);
    if (id != 0) {
        err_set(&e, ERR_CONFLICT, "this lab is being checked already");
        http_problem_with(r, &e, json_pack("{s:I}", "attempt", (json_int_t)id));
        return;
    }
    if (may_grade(lab, &e) < 0 || rules_allow(s, lab, who_of(r), now, &wait_ms, &e) < 0 ||
        attempts_begin(s, lab, now, &id, &e) < 0) {
        refuse(r, &e, wait_ms);
        return;
    }
    AUTO(mem_freep) char *location = xasprintf("/api/v1/attempts/%lld", (long long)id);
    http_reply_header(r, "Location", location);
    http_reply_json(r, 202, attempt_seen(lab->attempt, lab_view(lab, who_of(r))));
}

struct listing {
    struct site *site;
    enum lab_view view;
    json_t *out;
};

static void list_one(const struct store_attempt *row, void *arg)
{
    struct listing *l = arg;

    json_array_append_new(l->out, attempts_json(l->site, row, l->view));
}

void attempt_list(struct http_req *r, void *arg)
{
    struct site *s = arg;
    const struct lab *lab = labs_visible(s, r, http_param(r, "id"));
    struct listing l = {.site = s};
    struct err e;

    if (lab == NULL)
        return;
    l.view = lab_view(lab, who_of(r));
    l.out = json_array();
    if (store_attempt_each(s->store, lab->inst, lab->row.id, list_one, &l, &e) < 0) {
        json_decref(l.out);
        http_problem(r, &e);
        return;
    }
    http_reply_json(r, 200, json_pack("{s:o}", "attempts", l.out));
}

void attempt_get(struct http_req *r, void *arg)
{
    struct site *s = arg;
    const struct who *w = who_of(r);
    struct store_attempt row;
    struct err e;

    char *end;
    long long id = strtoll(http_param(r, "id"), &end, 10);
    if (*end != '\0' || id <= 0 || store_attempt_find(s->store, w->inst, id, &row, &e) < 0) {
        if (*end == '\0' && id > 0 && e.code != ERR_NOT_FOUND)
            http_problem(r, &e);
        else
            http_problem_status(r, 404, "there is no such attempt");
        return;
    }
    if (row.user == w->user || who_teaches(w))
        http_reply_json(r, 200, attempts_json(s, &row, exercise_view(row.exercise, w)));
    else
        http_problem_status(r, 404, "there is no such attempt");
    store_attempt_clear(&row);
}
