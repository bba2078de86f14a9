/* The requests about labs.  Each stores what is wanted before it asks labhost. */
#include "labd/base/log.h"
#include "labd/base/mem.h"
#include "labd/site/exercises.h"
#include "labd/site/hostlink.h"
#include "labd/site/labs.h"
#include "labd/site/labs_int.h"
#include "topology/plan.h"
#include "topology/topo_hidden.h"

#include <stdio.h>
#include <string.h>

/* A request that waits for labhost. */
struct waiting {
    struct site *site;
    struct http_req *req;
    char id[LAB_ID_SIZE];
};

static struct waiting *wait_for(struct site *s, struct http_req *r, const struct lab *lab)
{
    struct waiting *w = xcalloc(1, sizeof *w);

    w->site = s;
    w->req = r;
    memcpy(w->id, lab->row.id, sizeof w->id);
    return w;
}

void lab_reply(struct http_req *r, int status, const struct lab *lab)
{
    AUTO(mem_freep) char *location = xasprintf("/api/v1/labs/%s", lab->row.id);

    if (status == 202)
        http_reply_header(r, "Location", location);
    http_reply_json(r, status, lab_status(lab, lab_view(lab, who_of(r))));
}

static int may_change(const struct lab *lab, struct err *e)
{
    if (lab->row.state == LAB_STOPPING)
        return err_set(e, ERR_CONFLICT, "the lab is stopping");
    return lab_awake(lab, e);
}

/* ---- reading ---- */

struct listing {
    const struct who *who;
    bool all;
    json_t *out;
};

static void list_one(struct lab *lab, void *arg)
{
    struct listing *l = arg;

    if (lab->inst == l->who->inst && (l->all || lab->row.owner == l->who->user))
        json_array_append_new(l->out, lab_status(lab, lab_view(lab, l->who)));
}

void lab_list(struct http_req *r, void *arg)
{
    struct site *s = arg;
    const char *all = http_query(r, "all");
    struct listing l = {.who = who_of(r), .all = all != NULL && strcmp(all, "1") == 0};

    if (l.all && !who_teaches(l.who)) {
        http_problem_status(r, 403, "only instructors see all labs");
        return;
    }
    l.out = json_array();
    labs_each(s->labs, list_one, &l);
    http_reply_json(r, 200, json_pack("{s:o}", "labs", l.out));
}

void lab_get(struct http_req *r, void *arg)
{
    const struct lab *lab = labs_visible(arg, r, http_param(r, "id"));

    if (lab != NULL)
        lab_reply(r, 200, lab);
}

/* ---- starting ---- */

/* '*out' is 'seed' if the body has one.  A student who chose it could choose what somebody else has solved. */
static int read_seed(const json_t *j, const struct who *who, struct topo_seed *seed,
                     const struct topo_seed **out, struct err *e)
{
    const json_t *v = json_object_get(j, "seed");

    if (v == NULL || json_is_null(v))
        return 0;
    if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > UINT32_MAX)
        return err_set(e, ERR_INVALID, "\"seed\" must be a whole number from 0 to 4294967295");
    if (!who_teaches(who))
        return err_set(e, ERR_DENIED, "only instructors may choose the seed of a lab");
    topo_seed_number(seed, (uint32_t)json_integer_value(v));
    *out = seed;
    return 0;
}

/* What the body asks for, as far as the user may; w->seed is NULL or 'seed'. */
static int read_wish(struct site *s, struct http_req *r, struct lab_wish *w, struct topo_seed *seed,
                     struct err *e)
{
    const struct who *who = who_of(r);
    const char *exercise, *topology, *xml;
    json_t *j = http_body(r, e);

    if (j == NULL || json_member_text(j, "exercise", NAME_MAX_LEN, &exercise, e) < 0 ||
        json_member_text(j, "topology", TOPO_FILE_MAX, &topology, e) < 0 ||
        json_member_text(j, "exercise_xml", EXERCISE_FILE_MAX, &xml, e) < 0 ||
        json_member_text(j, "name", NAME_MAX_LEN, &w->name, e) < 0 ||
        json_member_text(j, "driver", STORE_DRIVER_SIZE - 1, &w->driver, e) < 0)
        return -1;
    if ((exercise == NULL) == (topology == NULL))
        return err_set(e, ERR_INVALID, "either \"exercise\" or \"topology\" is needed");
    if ((topology != NULL || w->driver != NULL) && !who_teaches(who))
        return err_set(e, ERR_DENIED, "only instructors may choose the topology or the driver of a lab");
    if ((w->name != NULL && name_check(w->name, "lab", e) < 0) ||
        (w->driver != NULL && name_check(w->driver, "driver", e) < 0))
        return -1;
    if (read_seed(j, who, seed, &w->seed, e) < 0)
        return -1;
    w->inst = who->inst;
    w->owner = who->user;
    w->owner_login = who->login;
    w->owner_name = who->name;
    if (exercise == NULL) {
        w->exercise = "";
        w->topology = topology;
        w->exercise_xml = xml;
        return 0;
    }
    const struct site_exercise *se = exercises_find(s->exercises, exercise);
    if (se == NULL)
        return err_set(e, ERR_NOT_FOUND, "there is no exercise of this name");
    w->exercise = se->x->id;
    w->name = se->x->id;
    w->topology = se->topology;
    w->exercise_xml = se->xml;
    w->secrets = se->secrets;
    w->varies = se->x->topo->nparameters > 0;
    return 0;
}

struct counting {
    const struct who *who;
    unsigned n;
};

static void count_one(struct lab *lab, void *arg)
{
    struct counting *c = arg;

    if (lab->inst == c->who->inst && lab->row.owner == c->who->user && lab->row.state != LAB_STOPPING)
        c->n++;
}

static int within_quota(struct site *s, const struct who *who, struct err *e)
{
    struct counting c = {.who = who};

    if (who->role >= ROLE_ADMIN)
        return 0;
    labs_each(s->labs, count_one, &c);
    if (c.n < s->quota)
        return 0;
    return err_set(e, ERR_CAPACITY, "you have %u labs running, which is the limit: stop one first", c.n);
}

static int host_ready(struct site *s, struct lab_wish *w, struct err *e)
{
    if (w->driver == NULL)
        w->driver = hostlink_driver(s->host);
    if (!hostlink_up(s->host) || w->driver[0] == '\0')
        return err_set(e, ERR_UNREACHABLE, "the lab host does not answer, so no lab can be started now");
    return 0;
}

/* labhost refused: there is no lab.  It did not answer: perhaps there is one; then it is to go. */
static void not_created(struct site *s, struct lab *lab, const struct err *why)
{
    struct err e;

    log_err("lab.create", why, "lab", lab->row.id, NULL);
    if (why->code != ERR_UNREACHABLE && why->code != ERR_TIMEOUT) {
        lab_gone(lab);
    } else if (lab_set_state(lab, LAB_STOPPING, why->msg, &e) < 0) {
        log_err("lab.store", &e, "lab", lab->row.id, NULL);
    } else if (hostlink_up(s->host)) {
        lab_ask_delete(lab);
    }
}

static void created(json_t *reply, const struct err *e, void *arg)
{
    struct waiting *w = arg;
    struct lab *lab = labs_find_any(w->site->labs, w->id);

    (void)reply;
    if (lab == NULL) {
        http_problem_status(w->req, 409, "the lab was stopped while it started");
    } else if (e != NULL) {
        lab_problem(w->req, lab, e);
        not_created(w->site, lab, e);
    } else {
        log_info("lab.start", "lab", w->id, "owner", lab->row.owner_login, "exercise", lab->row.exercise,
                 "driver", lab->row.driver);
        lab_reply(w->req, 202, lab);
    }
    free(w);
}

/* The topology cannot be planned, say. */
static void not_made(struct http_req *r, const struct lab_wish *wish, struct err *e)
{
    bool all = exercise_view(wish->exercise, who_of(r)) == VIEW_ALL;
    if (!all && wish->secrets != NULL && wish->varies) {
        exercises_misfit(r, wish->exercise, e);
        return;
    }
    AUTO(mem_freep) char *text = topo_redact(all ? NULL : wish->secrets, e->msg);
    struct err seen;

    err_set(&seen, e->code, "%s", text);
    http_problem(r, &seen);
}

static void start(struct site *s, struct http_req *r, const struct lab_wish *wish)
{
    struct err e;
    struct lab *lab = lab_make(s->labs, wish, &e);

    if (lab == NULL) {
        not_made(r, wish, &e);
        return;
    }
    json_t *args = lab_create_args(lab, &e);
    if (args == NULL) {
        lab_gone(lab);
        not_made(r, wish, &e);
        return;
    }
    hostlink_call(s->host, "lab.create", args, created, wait_for(s, r, lab));
    lab->seq = hostlink_seq(s->host);
}

void lab_post(struct http_req *r, void *arg)
{
    struct site *s = arg;
    struct lab_wish wish = {.inst = 0};
    struct topo_seed seed;
    struct err e;

    if (read_wish(s, r, &wish, &seed, &e) < 0) {
        http_problem(r, &e);
        return;
    }
    const char *other =
        wish.exercise[0] != '\0' ? labs_of_exercise(s->labs, wish.inst, wish.owner, wish.exercise) : NULL;
    if (other != NULL) {
        err_set(&e, ERR_CONFLICT, "you have a lab of this exercise already");
        http_problem_with(r, &e, json_pack("{s:s}", "lab", other));
    } else if (within_quota(s, who_of(r), &e) < 0 || host_ready(s, &wish, &e) < 0) {
        http_problem(r, &e);
    } else {
        start(s, r, &wish);
    }
}

/* ---- stopping ---- */

void lab_delete(struct http_req *r, void *arg)
{
    struct lab *lab = labs_visible(arg, r, http_param(r, "id"));
    struct err e;

    if (lab == NULL)
        return;
    if (lab->row.state != LAB_STOPPING) {
        if (lab_set_state(lab, LAB_STOPPING, NULL, &e) < 0) {
            http_problem(r, &e);
            return;
        }
        log_info("lab.stop", "lab", lab->row.id, "by", who_of(r)->login);
    }
    /* It is on disk now: without labhost it happens as soon as labhost is back. */
    lab_ask_delete(lab);
    lab_reply(r, 202, lab);
}

/* ---- changing ---- */

static void got_back(json_t *reply, const struct err *e, void *arg, int status)
{
    struct waiting *w = arg;
    struct lab *lab = labs_find_any(w->site->labs, w->id);

    if (lab == NULL) {
        http_problem_status(w->req, 404, "the lab was stopped meanwhile");
    } else if (e != NULL) {
        lab_problem(w->req, lab, e);
    } else {
        if (reply != NULL && json_is_string(json_object_get(reply, "lab")))
            lab_update(lab, reply);
        lab_reply(w->req, status, lab);
    }
    free(w);
}

static void job_seen(json_t *reply, const struct err *e, void *arg)
{
    got_back(reply, e, arg, 202);
}

static void job_asked(json_t *reply, const struct err *e, void *arg)
{
    struct waiting *w = arg;

    if (e != NULL)
        got_back(reply, e, arg, 202);
    else
        hostlink_call(w->site->host, "lab.get", json_pack("{s:s}", "lab", w->id), job_seen, w);
}

/* Lets labhost begin a job on one node, or on all if it is NULL.  'event' is for the log. */
static void ask_job(struct site *s, struct http_req *r, const struct lab *lab, const char *job,
                    const char *event, const char *node)
{
    if (node != NULL && !lab_has_node(lab, lab_view(lab, who_of(r)), node)) {
        http_problem_status(r, 404, "there is no such node in this lab");
        return;
    }
    log_info(event, "lab", lab->row.id, "node", node, "by", who_of(r)->login);
    json_t *args = json_pack("{s:s}", "lab", lab->row.id);
    if (node != NULL)
        json_object_set_new(args, "node", json_string(node));
    hostlink_call(s->host, job, args, job_asked, wait_for(s, r, lab));
}

void lab_reset(struct http_req *r, void *arg)
{
    struct site *s = arg;
    struct lab *lab = labs_visible(s, r, http_param(r, "id"));
    const char *node = NULL;
    struct err e;

    if (lab == NULL)
        return;
    json_t *j = http_body(r, &e);
    if (j == NULL || json_member_text(j, "node", NAME_MAX_LEN, &node, &e) < 0 || may_change(lab, &e) < 0) {
        http_problem(r, &e);
        return;
    }
    ask_job(s, r, lab, "lab.reset", "lab.reset", node);
}

static void start_again(struct site *s, struct http_req *r, const char *node)
{
    const struct lab *lab = labs_visible(s, r, http_param(r, "id"));
    struct err e;

    if (lab == NULL)
        return;
    if (may_change(lab, &e) < 0)
        http_problem(r, &e);
    else
        ask_job(s, r, lab, "lab.start", "node.start", node);
}

void lab_start(struct http_req *r, void *arg)
{
    start_again(arg, r, NULL);
}

void lab_start_node(struct http_req *r, void *arg)
{
    start_again(arg, r, http_param(r, "node"));
}

/* Through the struct and back: what reaches labhost are known members with sane numbers. */
static int read_impair(const json_t *body, json_t *args, struct err *e)
{
    const json_t *impair = json_object_get(body, "impair");
    static const char *const ends[] = {"a", "b"};

    if (impair == NULL || json_is_null(impair))
        return 0;
    if (!json_is_object(impair))
        return err_set(e, ERR_INVALID, "\"impair\" must be an object with \"a\" and \"b\"");
    json_t *out = json_object();
    json_object_set_new(args, "impair", out);
    for (size_t i = 0; i < 2; i++) {
        const json_t *one = json_object_get(impair, ends[i]);
        struct plan_impair p;
        if (one == NULL)
            continue;
        if (plan_impair_from_json(one, &p, e) < 0)
            return err_wrap(e, "impair, end %s", ends[i]);
        json_object_set_new(out, ends[i], plan_impair_to_json(&p));
    }
    return 0;
}

static int read_link(struct http_req *r, json_t *args, struct err *e)
{
    const char *state;
    json_t *j = http_body(r, e);

    if (j == NULL || json_member_text(j, "state", 8, &state, e) < 0)
        return -1;
    if (state != NULL) {
        if (strcmp(state, "up") != 0 && strcmp(state, "down") != 0)
            return err_set(e, ERR_INVALID, "\"state\" must be \"up\" or \"down\"");
        json_object_set_new(args, "up", json_boolean(strcmp(state, "up") == 0));
    }
    return read_impair(j, args, e);
}

static void link_seen(json_t *reply, const struct err *e, void *arg)
{
    got_back(reply, e, arg, 200);
}

static void link_set(json_t *reply, const struct err *e, void *arg)
{
    struct waiting *w = arg;

    if (e != NULL)
        got_back(reply, e, arg, 200);
    else
        hostlink_call(w->site->host, "lab.get", json_pack("{s:s}", "lab", w->id), link_seen, w);
}

void lab_patch_link(struct http_req *r, void *arg)
{
    struct site *s = arg;
    struct lab *lab = labs_visible(s, r, http_param(r, "id"));
    const char *link = http_param(r, "link");
    struct err e;

    if (lab == NULL)
        return;
    if (!lab_has_link(lab, lab_view(lab, who_of(r)), link)) {
        http_problem_status(r, 404, "there is no such link in this lab");
        return;
    }
    json_t *args = json_pack("{s:s, s:s}", "lab", lab->row.id, "link", link);
    if (may_change(lab, &e) < 0 || read_link(r, args, &e) < 0) {
        json_decref(args);
        http_problem(r, &e);
        return;
    }
    hostlink_call(s->host, "link.set", args, link_set, wait_for(s, r, lab));
}
