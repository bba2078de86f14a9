/* Suspending a lab and resuming it.  Which of the two is wanted is the state in the database.  It is stored
 * before labhost is asked, and labhost is asked again, also by the next labd, until it has taken it; from
 * then on it is labhost that says how the lab is. */
#include "labd/base/log.h"
#include "labd/base/mem.h"
#include "labd/site/attempts.h"
#include "labd/site/hostlink.h"
#include "labd/site/labs.h"
#include "labd/site/labs_int.h"

#include <string.h>

#define AGAIN_MS 1000 /* to a labhost that is connected and yet did not answer */

bool lab_state_sleeps(enum store_lab_state st)
{
    return st == LAB_SUSPENDING || st == LAB_SUSPENDED;
}

bool lab_sleeps(const struct lab *lab)
{
    return lab_state_sleeps(lab->row.state);
}

int lab_awake(const struct lab *lab, struct err *e)
{
    if (!lab_sleeps(lab))
        return 0;
    return err_set(e, ERR_CONFLICT, "lab %s is %ssuspended; resume it first", lab->row.id,
                   lab->row.state == LAB_SUSPENDING ? "being " : "");
}

/* ---- asking labhost ---- */

struct change {
    struct labs *all;
    struct http_req *req; /* or NULL: it is asked for again */
    unsigned number;
    char id[LAB_ID_SIZE];
    /* what the lab was before, for a labhost that refuses */
    enum store_lab_state before;
    char error[STORE_ERROR_SIZE];
};

/* The lab, unless it was asked for something newer meanwhile. */
static struct lab *still_wanted(const struct change *c)
{
    struct lab *lab = labs_find_any(c->all, c->id);

    bool wanted = lab != NULL && lab->pending && lab->changes == c->number && lab->row.state != LAB_STOPPING;

    return wanted ? lab : NULL;
}

static void change_end(struct change *c, const struct err *e)
{
    struct lab *lab = labs_find_any(c->all, c->id);

    if (c->req != NULL && lab == NULL)
        http_problem_status(c->req, 404, "the lab was stopped meanwhile");
    else if (c->req != NULL && e != NULL)
        lab_problem(c->req, lab, e);
    else if (c->req != NULL)
        lab_reply(c->req, 202, lab);
    free(c);
}

static void take_back(struct lab *lab, const struct change *c, const struct err *why)
{
    struct err e;

    lab->pending = false;
    /* Whoever waits for the answer reads there why; else it stands in the lab's status. */
    if (lab_set_state(lab, lab_live_state(lab->live, c->before), c->req != NULL ? c->error : why->msg, &e) <
        0)
        log_err("lab.store", &e, "lab", lab->row.id, NULL); /* the next word of labhost puts it right */
}

static void ask(struct lab *lab, struct change *c);

static void repeat(struct lab *lab)
{
    struct change *c = xcalloc(1, sizeof *c);

    c->before = lab_live_state(lab->live, lab_sleeps(lab) ? LAB_RUNNING : LAB_SUSPENDED);
    ask(lab, c);
}

static void ask_again(void *arg)
{
    struct lab *lab = arg;

    lab->again = NULL;
    if (lab->pending && lab->row.state != LAB_STOPPING && hostlink_up(labs_site(lab->all)->host))
        repeat(lab);
}

/* It is on disk: without labhost it happens as soon as labhost is back. */
static void not_answered(struct lab *lab)
{
    if (lab->again == NULL)
        lab->again = loop_timer_add(labs_site(lab->all)->loop, AGAIN_MS, ask_again, lab);
}

static bool no_answer(const struct err *e)
{
    return e->code == ERR_UNREACHABLE || e->code == ERR_TIMEOUT;
}

static void change_seen(json_t *reply, const struct err *e, void *arg)
{
    struct change *c = arg;
    struct lab *lab = still_wanted(c);

    if (lab != NULL && e == NULL) {
        lab->pending = false;
        lab_update(lab, reply);
    } else if (lab != NULL && no_answer(e)) {
        not_answered(lab);
    }
    change_end(c, e != NULL && !no_answer(e) ? e : NULL);
}

static void change_asked(json_t *reply, const struct err *e, void *arg)
{
    struct change *c = arg;
    struct lab *lab = still_wanted(c);

    (void)reply;
    if (e == NULL) {
        /* Events that labhost sent before it was asked may still come; what it answers now is newer. */
        hostlink_call(labs_site(c->all)->host, "lab.get", json_pack("{s:s}", "lab", c->id), change_seen, c);
        return;
    }
    if (no_answer(e)) {
        if (lab != NULL)
            not_answered(lab);
        change_end(c, NULL);
        return;
    }
    log_err("lab.change", e, "lab", c->id, NULL);
    if (lab != NULL)
        take_back(lab, c, e);
    change_end(c, e);
}

/* Takes 'c'. */
static void ask(struct lab *lab, struct change *c)
{
    struct hostlink *host = labs_site(lab->all)->host;

    c->all = lab->all;
    c->number = ++lab->changes;
    memcpy(c->id, lab->row.id, sizeof c->id);
    lab->pending = true;
    hostlink_call(host, lab_sleeps(lab) ? "lab.suspend" : "lab.resume", json_pack("{s:s}", "lab", c->id),
                  change_asked, c);
    lab->seq = hostlink_seq(host);
}

void lab_settle(struct lab *lab, json_t *live)
{
    if (!lab->pending)
        return;
    if (lab_state_sleeps(lab_live_state(live, lab->row.state)) == lab_sleeps(lab))
        lab->pending = false;
    else
        repeat(lab);
}

/* ---- the requests ---- */

/* Nodes that a lab which failed to wake up has left asleep. */
static bool nodes_sleep(const struct lab *lab)
{
    const char *name;
    json_t *node;

    json_object_foreach(json_object_get(lab->live, "nodes"), name, node) {
        const char *state = json_string_value(json_object_get(node, "state"));
        if (state != NULL && strcmp(state, "suspended") == 0)
            return true;
    }
    return false;
}

/* It is to wake up, and labhost has not heard of it. */
static bool still_asleep(const struct lab *lab)
{
    return lab->pending && lab_state_sleeps(lab_live_state(lab->live, LAB_STARTING));
}

static int may_suspend(struct site *s, const struct lab *lab, struct err *e)
{
    const char *id = lab->row.id;

    if (lab->row.state == LAB_STOPPING)
        return err_set(e, ERR_CONFLICT, "the lab is stopping");
    if (lab->row.state == LAB_STARTING && !still_asleep(lab))
        return err_set(e, ERR_CONFLICT, "lab %s is still starting; suspend it when it runs", id);
    if (attempts_busy(s, lab))
        return err_set(e, ERR_CONFLICT, "lab %s is being checked; suspend it when that is done", id);
    /* labhost, when it is there, says this better. */
    if (!hostlink_up(s->host) && !hostlink_suspends(s->host, lab->row.driver))
        return err_set(e, ERR_UNREACHABLE, "the lab host does not answer, so lab %s cannot be suspended now",
                       id);
    return 0;
}

/* Stores what is wanted, then asks for it. */
static void change_to(struct lab *lab, struct http_req *r, enum store_lab_state st)
{
    struct change *c = xcalloc(1, sizeof *c);
    struct err e;

    c->req = r;
    c->before = lab->row.state;
    memcpy(c->error, lab->row.error, sizeof c->error);
    if (lab_set_state(lab, st, NULL, &e) < 0) {
        free(c);
        http_problem(r, &e);
        return;
    }
    log_info(lab_sleeps(lab) ? "lab.suspend" : "lab.resume", "lab", lab->row.id, "by", who_of(r)->login);
    ask(lab, c);
}

void lab_suspend(struct http_req *r, void *arg)
{
    struct site *s = arg;
    struct lab *lab = labs_visible(s, r, http_param(r, "id"));
    struct err e;

    if (lab == NULL)
        return;
    if (lab_sleeps(lab)) /* or is going to */
        lab_reply(r, 202, lab);
    else if (may_suspend(s, lab, &e) < 0)
        http_problem(r, &e);
    else
        change_to(lab, r, LAB_SUSPENDING);
}

void lab_resume(struct http_req *r, void *arg)
{
    struct lab *lab = labs_visible(arg, r, http_param(r, "id"));

    if (lab == NULL)
        return;
    if (lab->row.state == LAB_STOPPING)
        http_problem_status(r, 409, "the lab is stopping");
    else if (!lab_sleeps(lab) && (lab->row.state != LAB_FAILED || !nodes_sleep(lab))) /* or is not going to */
        lab_reply(r, 202, lab);
    else
        change_to(lab, r, LAB_STARTING);
}
