/* One lab: made from its row, changed by what labhost says, gone. */
#include "grading/exercise.h"
#include "labd/base/log.h"
#include "labd/base/mem.h"
#include "labd/site/answers.h"
#include "labd/site/attempts.h"
#include "labd/site/hostlink.h"
#include "labd/site/labs.h"
#include "labd/site/labs_int.h"
#include "labd/site/stream.h"
#include "labd/site/watch.h"
#include "topology/topo.h"
#include "topology/topo_hidden.h"

#include <stdio.h>
#include <string.h>

#define CALM_MS 50 /* between two whole statuses to one watcher */

/* ---- making ---- */

/* Reads the texts of a lab.  '*x' is NULL if it has no exercise; '*t' is the exercise's topology then. */
static int parse(const struct store_lab *row, struct exercise **x, struct topo **t, struct err *e)
{
    *x = NULL;
    if (row->exercise_xml == NULL) {
        *t = topo_load_seeded(row->topology, strlen(row->topology), &row->seed, NULL, e);
        return *t == NULL ? -1 : 0;
    }
    *x = exercise_load_seeded(row->exercise_xml, strlen(row->exercise_xml), row->topology,
                              strlen(row->topology), &row->seed, NULL, NULL, e);
    if (*x == NULL)
        return -1;
    *t = (*x)->topo;
    return 0;
}

static void parse_end(struct exercise *x, struct topo *t)
{
    if (x != NULL)
        exercise_free(x);
    else
        topo_free(t);
}

static const char *mac_of(const struct plan *p, const char *node, const char *iface)
{
    const struct plan_node *n = plan_node_find(p, node);

    for (size_t i = 0; n != NULL && i < n->nifaces; i++)
        if (strcmp(n->ifaces[i].name, iface) == 0)
            return n->ifaces[i].mac;
    return NULL;
}

/* A drawing with the MACs of this lab. */
static json_t *draw(const struct topo *t, const struct plan *p)
{
    json_t *d = topo_drawing_json(t), *node, *iface;
    size_t i, k;

    json_array_foreach(json_object_get(d, "nodes"), i, node) {
        const char *name = json_string_value(json_object_get(node, "name"));
        json_array_foreach(json_object_get(node, "interfaces"), k, iface) {
            const char *mac = mac_of(p, name, json_string_value(json_object_get(iface, "name")));
            if (mac != NULL)
                json_object_set_new(iface, "mac", json_string(mac));
        }
    }
    return d;
}

static void set_title(struct store_lab *row, const struct exercise *x, const struct topo *t)
{
    const char *title = x != NULL && x->title != NULL ? x->title : t->title != NULL ? t->title : t->name;
    size_t n = strlen(title);

    if (row->title[0] != '\0')
        return;
    if (n >= sizeof row->title)
        for (n = sizeof row->title - 1; n > 0 && ((unsigned char)title[n] & 0xc0) == 0x80; n--)
            ; /* not in the middle of a character */
    memcpy(row->title, title, n);
    row->title[n] = '\0';
}

struct lab *lab_from_row(struct labs *ls, int64_t inst, struct store_lab *row, struct err *e)
{
    struct exercise *x;
    struct topo *t;

    if (parse(row, &x, &t, e) < 0)
        return NULL;
    struct plan *p = plan_make(t, row->id, e);
    if (p == NULL) {
        parse_end(x, t);
        return NULL;
    }
    if (row->name[0] == '\0')
        snprintf(row->name, sizeof row->name, "%s", t->name);
    set_title(row, x, t);
    struct lab *lab = xcalloc(1, sizeof *lab);
    lab->inst = inst;
    lab->row = *row;
    row->topology = row->exercise_xml = NULL;
    lab->secrets = topo_secrets_new(t);
    lab->drawing[VIEW_ALL] = draw(t, p);
    if (lab->secrets != NULL) {
        AUTO(topo_seen_freep) struct topo *seen = topo_seen(t);
        lab->drawing[VIEW_STUDENT] = draw(seen, p);
    } else {
        lab->drawing[VIEW_STUDENT] = json_incref(lab->drawing[VIEW_ALL]);
    }
    lab->max_score = x != NULL ? exercise_max_score(x) : 0;
    lab->answers = x != NULL ? answers_new(x) : NULL;
    answers_refresh(labs_site(ls), lab);
    for (size_t i = 0; i < t->nelements; i++)
        if (t->elements[i].kind == TOPO_INTERNET)
            lab->internet_line = t->elements[i].line;
    plan_free(p);
    parse_end(x, t);
    labs_link(ls, lab);
    return lab;
}

struct lab *lab_broken(struct labs *ls, int64_t inst, struct store_lab *row, const struct err *why)
{
    struct lab *lab = xcalloc(1, sizeof *lab);

    lab->inst = inst;
    lab->row = *row;
    row->topology = row->exercise_xml = NULL;
    lab->broken = true;
    for (int i = 0; i < VIEWS; i++)
        lab->drawing[i] = json_pack("{s:[], s:[], s:[]}", "nodes", "elements", "links");
    if (lab->row.state != LAB_STOPPING)
        lab->row.state = LAB_FAILED;
    snprintf(lab->row.error, sizeof lab->row.error, "%s", why->msg);
    labs_link(ls, lab);
    return lab;
}

json_t *lab_create_args(const struct lab *lab, struct err *e)
{
    struct exercise *x;
    struct topo *t;

    if (parse(&lab->row, &x, &t, e) < 0)
        return NULL;
    AUTO(plan_freep) struct plan *p = plan_make(t, lab->row.id, e);
    parse_end(x, t);
    if (p == NULL)
        return NULL;
    return json_pack("{s:s, s:s, s:o}", "lab", lab->row.id, "driver", lab->row.driver, "plan",
                     plan_to_json(p));
}

/* ---- changing ---- */

static void calm_over(void *arg)
{
    struct lab *lab = arg;

    lab->calm = NULL;
    if (lab->changed)
        lab_tell(lab);
}

/* At once, or when CALM_MS have passed since the last time. */
void lab_tell(struct lab *lab)
{
    lab_status_changed(lab);
    lab->changed = lab->calm != NULL;
    if (lab->changed)
        return;
    lab->calm = loop_timer_add(labs_site(lab->all)->loop, CALM_MS, calm_over, lab);
    watchers_lab_changed(labs_site(lab->all), lab->row.id);
}

int lab_set_state(struct lab *lab, enum store_lab_state st, const char *error, struct err *e)
{
    struct site *s = labs_site(lab->all);

    if (store_lab_set_state(s->store, lab->inst, lab->row.id, st, error, lab->row.ready, e) < 0)
        return -1;
    lab->row.state = st;
    snprintf(lab->row.error, sizeof lab->row.error, "%s", error != NULL ? error : "");
    lab_tell(lab);
    return 0;
}

enum store_lab_state lab_live_state(json_t *live, enum store_lab_state otherwise)
{
    static const enum store_lab_state states[] = {LAB_STARTING, LAB_RUNNING, LAB_FAILED, LAB_SUSPENDING,
                                                  LAB_SUSPENDED};
    const char *name = json_string_value(json_object_get(live, "state"));

    for (size_t i = 0; name != NULL && i < ARRAY_LEN(states); i++)
        if (strcmp(store_lab_state_name(states[i]), name) == 0)
            return states[i];
    return otherwise;
}

/* Commands, consoles and captures cannot go on. */
static void fell_asleep(struct lab *lab)
{
    struct err e;

    if (lab_awake(lab, &e) < 0)
        streams_end_lab(labs_site(lab->all), lab->row.id, &e);
}

void lab_update(struct lab *lab, json_t *live)
{
    struct site *s = labs_site(lab->all);
    int64_t ready = json_integer_value(json_object_get(live, "ready_ms"));
    const char *error = json_string_value(json_object_get(live, "error"));
    enum store_lab_state st = lab_live_state(live, lab->row.state);
    bool sleeps = lab_state_sleeps(st), slept = lab_state_sleeps(lab_live_state(lab->live, LAB_STARTING));
    struct err e;

    json_incref(live);
    json_decref(lab->live);
    lab->live = live;
    if (lab->row.ready != 0) /* when it first was: a labhost that was restarted knows only its own time */
        ready = lab->row.ready;
    if (lab->row.state == LAB_STOPPING)
        st = LAB_STOPPING; /* what is wanted stays */
    if (lab->pending && st != LAB_STOPPING && sleeps != lab_sleeps(lab)) {
        st = lab->row.state; /* the same, as long as labhost may not have heard of it */
        error = lab->row.error;
    }
    if (error == NULL)
        error = "";
    if (st != lab->row.state || ready != lab->row.ready || strcmp(error, lab->row.error) != 0) {
        lab->row.ready = ready;
        lab->row.state = st;
        if (error != lab->row.error)
            snprintf(lab->row.error, sizeof lab->row.error, "%s", error);
        if (store_lab_set_state(s->store, lab->inst, lab->row.id, st, lab->row.error, ready, &e) < 0)
            log_err("lab.store", &e, "lab", lab->row.id, NULL); /* labhost will say it again */
    }
    if (sleeps && !slept)
        fell_asleep(lab);
    lab_tell(lab);
}

void lab_free(struct lab *lab)
{
    loop_timer_del(lab->calm);
    loop_timer_del(lab->again);
    store_lab_clear(&lab->row);
    for (int i = 0; i < VIEWS; i++)
        json_decref(lab->drawing[i]);
    topo_secrets_free(lab->secrets);
    answers_free(lab->answers);
    json_decref(lab->live);
    json_decref(lab->attempt);
    lab_status_changed(lab);
    free(lab);
}

void lab_gone(struct lab *lab)
{
    struct site *s = labs_site(lab->all);
    struct err e;

    /* If this fails the row says "stopping", and the next start finishes the work. */
    if (store_lab_end(s->store, lab->inst, lab->row.id, &e) < 0)
        log_err("lab.end", &e, "lab", lab->row.id, NULL);
    log_info("lab.gone", "lab", lab->row.id, "owner", lab->row.owner_login);
    attempts_lab_gone(s, lab);
    streams_end_lab(s, lab->row.id, NULL);
    watchers_lab_gone(s, lab->row.id);
    labs_unlink(lab);
    lab_free(lab);
}

/* ---- deleting: asked for again after every reconnect until labhost says that it is gone ---- */

struct ask {
    struct labs *all;
    char id[LAB_ID_SIZE];
};

static void is_it_gone(json_t *reply, const struct err *e, void *arg)
{
    struct ask *a = arg;
    struct lab *lab = labs_find_any(a->all, a->id);

    (void)reply;
    if (lab != NULL && e != NULL && e->code == ERR_NOT_FOUND)
        lab_gone(lab);
    free(a);
}

static void delete_asked(json_t *reply, const struct err *e, void *arg)
{
    struct ask *a = arg;

    (void)reply;
    if (e != NULL) {
        if (e->code != ERR_UNREACHABLE && e->code != ERR_TIMEOUT)
            log_err("lab.delete", e, "lab", a->id, NULL);
        free(a);
        return;
    }
    /* labhost tells when a lab is gone, but not of one that it never knew. */
    hostlink_call(labs_site(a->all)->host, "lab.get", json_pack("{s:s}", "lab", a->id), is_it_gone, a);
}

void lab_ask_delete(struct lab *lab)
{
    struct ask *a = xcalloc(1, sizeof *a);

    a->all = lab->all;
    memcpy(a->id, lab->row.id, sizeof a->id);
    hostlink_call(labs_site(lab->all)->host, "lab.delete", json_pack("{s:s}", "lab", a->id), delete_asked, a);
}
