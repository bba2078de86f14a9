/* All labs: found in the database at the start, held against what labhost has after every connect. */
#include "labd/site/labs.h"

#include "labd/base/log.h"
#include "labd/base/mem.h"
#include "labd/site/attempts.h"
#include "labd/site/hostlink.h"
#include "labd/site/labs_int.h"
#include "labd/site/seed.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

struct labs {
    struct site *site;
    struct lab *list; /* newest first */
    int64_t inst;     /* while loading */
};

struct site *labs_site(const struct labs *ls)
{
    return ls->site;
}

void labs_link(struct labs *ls, struct lab *lab)
{
    lab->all = ls;
    lab->next = ls->list;
    ls->list = lab;
}

void labs_unlink(struct lab *lab)
{
    struct lab **p = &lab->all->list;

    while (*p != lab)
        p = &(*p)->next;
    *p = lab->next;
}

struct lab *labs_find_any(struct labs *ls, const char *id)
{
    for (struct lab *l = ls->list; l != NULL; l = l->next)
        if (strcmp(l->row.id, id) == 0)
            return l;
    return NULL;
}

struct lab *labs_find(struct labs *ls, int64_t inst, const char *id)
{
    struct lab *l = labs_find_any(ls, id);

    return l != NULL && l->inst == inst ? l : NULL;
}

struct lab *labs_visible(struct site *s, struct http_req *r, const char *id)
{
    const struct who *w = who_of(r);
    struct lab *l = labs_find(s->labs, w->inst, id);

    if (l != NULL && (l->row.owner == w->user || who_teaches(w)))
        return l;
    http_problem_status(r, 404, "there is no such lab");
    return NULL;
}

void labs_each(struct labs *ls, labs_fn *fn, void *arg)
{
    for (struct lab *l = ls->list; l != NULL; l = l->next)
        fn(l, arg);
}

const char *labs_of_exercise(const struct labs *ls, int64_t inst, int64_t user, const char *exercise)
{
    for (const struct lab *l = ls->list; l != NULL; l = l->next)
        if (l->inst == inst && l->row.owner == user && strcmp(l->row.exercise, exercise) == 0)
            return l->row.id;
    return NULL;
}

/* ---- making ---- */

static void random_id(char id[LAB_ID_SIZE])
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789";

    for (int i = 0; i < LAB_ID_LEN; i++)
        id[i] = alphabet[randombytes_uniform(i == 0 ? 26 : 36)];
    id[LAB_ID_LEN] = '\0';
}

static int copy_field(char *out, size_t size, const char *s, const char *what, struct err *e)
{
    if (strlen(s) >= size)
        return err_set(e, ERR_INVALID, "the %s is longer than %zu bytes", what, size - 1);
    memcpy(out, s, strlen(s) + 1);
    return 0;
}

static int fill_row(struct labs *ls, const struct lab_wish *wish, struct store_lab *row, struct err *e)
{
    if (copy_field(row->exercise, sizeof row->exercise, wish->exercise, "exercise", e) < 0 ||
        copy_field(row->name, sizeof row->name, wish->name != NULL ? wish->name : "", "name", e) < 0 ||
        copy_field(row->driver, sizeof row->driver, wish->driver, "driver", e) < 0 ||
        copy_field(row->owner_login, sizeof row->owner_login, wish->owner_login, "login", e) < 0 ||
        copy_field(row->owner_name, sizeof row->owner_name, wish->owner_name, "name of the owner", e) < 0 ||
        store_host_find(ls->site->store, wish->inst, "local", &row->host, e) < 0)
        return -1;
    do
        random_id(row->id);
    while (labs_find_any(ls, row->id) != NULL);
    row->owner = wish->owner;
    row->state = LAB_STARTING;
    row->created = loop_wall_ms();
    if (wish->seed != NULL)
        row->seed = *wish->seed;
    else
        seed_of_user(ls->site, wish->inst, wish->owner, wish->exercise, SEED_ATTEMPT, &row->seed);
    return 0;
}

static int may_have_internet(struct labs *ls, const struct lab *lab, struct err *e)
{
    char name[NAME_SIZE];
    bool may = false;

    if (lab->internet_line == 0)
        return 0;
    if (store_institution_internet(ls->site->store, lab->inst, &may, e) < 0 ||
        store_institution_name(ls->site->store, lab->inst, name, e) < 0)
        return -1;
    if (may)
        return 0;
    return err_set(
        e, ERR_DENIED,
        "topology:%d: labs of institution %s may not connect to the internet: ask the administrator of "
        "the site to allow it",
        lab->internet_line, name);
}

struct lab *lab_make(struct labs *ls, const struct lab_wish *wish, struct err *e)
{
    AUTO(store_lab_clear) struct store_lab row = {.state = LAB_STARTING};

    if (fill_row(ls, wish, &row, e) < 0)
        return NULL;
    row.topology = xstrdup(wish->topology);
    row.exercise_xml = wish->exercise_xml != NULL ? xstrdup(wish->exercise_xml) : NULL;
    struct lab *lab = lab_from_row(ls, wish->inst, &row, e);
    if (lab == NULL)
        return NULL;
    if (may_have_internet(ls, lab, e) < 0 || store_lab_add(ls->site->store, wish->inst, &lab->row, e) < 0) {
        labs_unlink(lab);
        lab_free(lab);
        return NULL;
    }
    return lab;
}

/* ---- what labhost says ---- */

static void host_lab(json_t *live, void *arg)
{
    struct labs *ls = arg;
    struct lab *lab = labs_find_any(ls, json_string_value(json_object_get(live, "lab")));

    if (lab != NULL)
        lab_update(lab, live);
}

static void host_gone(const char *id, void *arg)
{
    struct labs *ls = arg;
    struct lab *lab = labs_find_any(ls, id);

    if (lab != NULL)
        lab_gone(lab);
}

struct again {
    struct labs *all;
    char id[LAB_ID_SIZE];
};

static void created_again(json_t *reply, const struct err *e, void *arg)
{
    struct again *a = arg;
    struct lab *lab = labs_find_any(a->all, a->id);
    struct err why;

    (void)reply;
    if (e != NULL && e->code != ERR_UNREACHABLE && e->code != ERR_TIMEOUT && e->code != ERR_CONFLICT) {
        log_err("lab.create", e, "lab", a->id, NULL);
        if (lab != NULL && lab_set_state(lab, LAB_FAILED, e->msg, &why) < 0)
            log_err("lab.store", &why, "lab", a->id, NULL);
    }
    free(a);
}

/* A lab that labhost was never asked for, because labd died in between.  One that had been there is not
 * made again: the work in it is lost, and its owner should know instead of finding fresh nodes. */
static void host_lacks(struct lab *lab)
{
    struct labs *ls = lab->all;
    struct err e;

    if (lab->row.state == LAB_STOPPING) {
        lab_gone(lab);
        return;
    }
    bool asked = lab->row.state != LAB_STARTING || lab->row.ready != 0;
    json_t *args = asked ? NULL : lab_create_args(lab, &e);
    if (args != NULL) {
        struct again *a = xcalloc(1, sizeof *a);
        a->all = ls;
        memcpy(a->id, lab->row.id, sizeof a->id);
        log_info("lab.recreate", "lab", lab->row.id);
        hostlink_call(ls->site->host, "lab.create", args, created_again, a);
        lab->seq = hostlink_seq(ls->site->host);
        return;
    }
    log_warn("lab.lost", "lab", lab->row.id, "owner", lab->row.owner_login);
    json_decref(lab->live);
    lab->live = NULL;
    lab->pending = false;
    if (lab_set_state(lab, LAB_FAILED, "the lab host has lost this lab: stop it and start it again", &e) < 0)
        log_err("lab.store", &e, "lab", lab->row.id, NULL);
}

static json_t *listed(json_t *list, const char *id)
{
    json_t *one;
    size_t i;

    json_array_foreach(list, i, one) {
        const char *lab = json_string_value(json_object_get(one, "lab"));
        if (lab != NULL && strcmp(lab, id) == 0)
            return one;
    }
    return NULL;
}

static void host_listed(json_t *list, int64_t seq, void *arg)
{
    struct labs *ls = arg;
    json_t *one;
    size_t i;

    for (struct lab *l = ls->list, *next; l != NULL; l = next) {
        next = l->next;
        if (l->seq > seq)
            continue; /* asked for after the list was */
        one = listed(list, l->row.id);
        if (one == NULL)
            host_lacks(l);
        else if (l->row.state == LAB_STOPPING)
            lab_ask_delete(l);
        else
            lab_settle(l, one);
    }
    /* Somebody else's, or from a database that was lost: removing it could destroy work, so a person
     * decides. */
    json_array_foreach(list, i, one) {
        const char *id = json_string_value(json_object_get(one, "lab"));
        if (id != NULL && labs_find_any(ls, id) == NULL)
            log_warn("lab.unknown", "lab", id, "text", "labhost runs a lab that is not in the database");
    }
}

static void host_down(void *arg)
{
    (void)arg; /* the last known state stays; requests say that the host does not answer */
}

static void tell_one(struct lab *lab, void *arg)
{
    (void)arg;
    lab_tell(lab);
}

/* Whether a lab can be suspended is part of its status. */
static void host_status(void *arg)
{
    labs_each(arg, tell_one, NULL);
}

/* ---- loading ---- */

static void load_lab(const struct store_lab *row, void *arg)
{
    struct labs *ls = arg;
    struct store_lab own = *row;
    struct err e;

    own.topology = xstrdup(row->topology);
    own.exercise_xml = row->exercise_xml != NULL ? xstrdup(row->exercise_xml) : NULL;
    struct lab *lab = lab_from_row(ls, ls->inst, &own, &e);
    if (lab == NULL) {
        log_err("lab.load", &e, "lab", row->id, NULL);
        lab = lab_broken(ls, ls->inst, &own, &e);
    }
    lab->attempt = attempts_latest(ls->site, lab);
    lab->pending = lab->row.state == LAB_SUSPENDING || lab->row.state == LAB_STARTING;
}

static void load_institution(int64_t inst, const char *name, void *arg)
{
    struct labs *ls = arg;
    struct err e;

    ls->inst = inst;
    if (store_lab_each(ls->site->store, inst, load_lab, ls, &e) < 0)
        log_err("lab.load", &e, "institution", name, NULL);
}

struct labs *labs_new(struct site *s, struct err *e)
{
    static const struct hostlink_ops ops = {host_lab, host_gone, host_listed, host_down, host_status};
    struct labs *ls = xcalloc(1, sizeof *ls);

    ls->site = s;
    if (store_institution_each(s->store, load_institution, ls, e) < 0) {
        labs_free(ls);
        return NULL;
    }
    s->host = hostlink_new(s, &ops, ls);
    return ls;
}

void labs_free(struct labs *ls)
{
    if (ls == NULL)
        return;
    while (ls->list != NULL) {
        struct lab *l = ls->list;
        ls->list = l->next;
        lab_free(l);
    }
    free(ls);
}
