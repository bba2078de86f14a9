/* STATUS: the drawing of a lab with what labhost says of its nodes and links. */
#include "labd/base/mem.h"
#include "labd/site/answers.h"
#include "labd/site/attempts.h"
#include "labd/site/hostlink.h"
#include "labd/site/labs.h"
#include "labd/site/labs_int.h"

#include <string.h>

const char *lab_state_name(const struct lab *lab)
{
    return store_lab_state_name(lab->row.state);
}

static json_t *member(json_t *live, const char *group, json_t *thing)
{
    return json_object_get(json_object_get(live, group), json_string_value(json_object_get(thing, "name")));
}

static json_t *text_of(json_t *j, const char *name)
{
    return json_text(json_string_value(json_object_get(j, name)));
}

/* Before labhost has said anything a node waits, or sleeps; when it lost the lab, nothing of it runs. */
static const char *node_state(const struct lab *lab, json_t *live)
{
    const char *st = json_string_value(json_object_get(live, "state"));

    if (st != NULL)
        return st;
    if (lab_sleeps(lab))
        return "suspended";
    return lab->row.state == LAB_FAILED ? "stopped" : "waiting";
}

/* A sentence of labhost's, or null. */
static json_t *said(const struct lab *lab, enum lab_view view, const char *sentence)
{
    AUTO(mem_freep) char *s = lab_said(lab, view, sentence != NULL ? sentence : "");

    return json_text(s);
}

static json_t *nodes(const struct lab *lab, enum lab_view view)
{
    json_t *out = json_array(), *n;
    size_t i;

    json_array_foreach(json_object_get(lab->drawing[view], "nodes"), i, n) {
        json_t *node = json_copy(n), *live = member(lab->live, "nodes", n);
        json_object_set_new(node, "state", json_string(node_state(lab, live)));
        json_object_set_new(node, "error",
                            said(lab, view, json_string_value(json_object_get(live, "error"))));
        json_object_set_new(node, "output", text_of(live, "output"));
        json_array_append_new(out, node);
    }
    return out;
}

static json_t *links(const struct lab *lab, enum lab_view view)
{
    json_t *out = json_array(), *l;
    size_t i;

    json_array_foreach(json_object_get(lab->drawing[view], "links"), i, l) {
        json_t *link = json_copy(l), *live = member(lab->live, "links", l);
        json_t *up = json_object_get(live, "up"), *impair = json_object_get(live, "impair");
        if (json_is_boolean(up))
            json_object_set_new(link, "state", json_string(json_is_true(up) ? "up" : "down"));
        if (json_is_object(impair))
            json_object_set(link, "impairment", impair);
        json_array_append_new(out, link);
    }
    return out;
}

json_t *lab_status(const struct lab *lab, enum lab_view view)
{
    const struct store_lab *r = &lab->row;

    return json_pack(
        "{s:s, s:s, s:{s:s, s:o}, s:o, s:o, s:s, s:s, s:b, s:o, s:I, s:o, s:o, s:O, s:o, s:o, s:o}", "id",
        r->id, "name", r->name, "owner", "login", r->owner_login, "name", json_text(r->owner_name),
        "exercise", json_text(r->exercise), "title", json_text(r->title), "state", lab_state_name(lab),
        "driver", r->driver, "can_suspend", hostlink_suspends(labs_site(lab->all)->host, r->driver), "error",
        said(lab, view, r->error), "started_ms", (json_int_t)r->created, "ready_ms", json_time(r->ready),
        "nodes", nodes(lab, view), "elements", json_object_get(lab->drawing[view], "elements"), "links",
        links(lab, view), "attempt", lab->attempt != NULL ? attempt_seen(lab->attempt, view) : json_null(),
        "questions", answers_json(lab->answers));
}

const char *lab_status_text(struct lab *lab, enum lab_view view)
{
    if (lab->status_text[view] == NULL) {
        json_t *j = lab_status(lab, view);
        lab->status_text[view] = json_dumps(j, JSON_COMPACT);
        json_decref(j);
        if (lab->status_text[view] == NULL)
            abort();
    }
    return lab->status_text[view];
}

void lab_status_changed(struct lab *lab)
{
    for (int i = 0; i < VIEWS; i++) {
        free(lab->status_text[i]);
        lab->status_text[i] = NULL;
    }
}

void lab_count_nodes(const struct lab *lab, size_t *ready, size_t *all)
{
    json_t *n;
    size_t i;

    *ready = 0;
    *all = json_array_size(json_object_get(lab->drawing[VIEW_ALL], "nodes"));
    json_array_foreach(json_object_get(lab->drawing[VIEW_ALL], "nodes"), i, n) {
        const char *st = json_string_value(json_object_get(member(lab->live, "nodes", n), "state"));
        if (st != NULL && strcmp(st, "running") == 0)
            ++*ready;
    }
}
