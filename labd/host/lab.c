/* The records of the labs on this machine: in memory, on disk (STATE/labs/ID/plan.json and wanted.json,
 * which is called unwanted.json once the lab is to go) and as the lab object of the protocol.  What runs is
 * never read from here but from the driver. */
#include "labd/host/host.h"

#include "labd/base/file.h"
#include "labd/base/log.h"
#include "labd/base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define UID_FIRST 0x10000000u /* far above what accounts and subuid ranges of a machine use */
#define UIDS_PER_LAB 65536u
#define SLOTS 60000u
#define NOTIFY_MS 10u
#define PLAN_MAX (64u << 20)
#define WANTED "wanted.json"
#define UNWANTED "unwanted.json"

static const char *const node_states[] = {"waiting", "creating", "booting",  "running",
                                          "failed",  "stopped",  "suspended"};
static const char *const lab_states[] = {"starting", "running",    "failed",
                                         "stopping", "suspending", "suspended"};

struct subscriber {
    struct host *host;
    struct subscriber *next, **prev;
    struct frame_conn *conn;
};

struct lab *lab_find(const struct host *h, const char *id)
{
    struct lab *lab = h->labs;

    while (lab != NULL && (id == NULL || strcmp(lab->id, id) != 0))
        lab = lab->next;
    return lab;
}

struct lab *lab_add(struct host *h, const char *id, const struct guest_ops *ops, struct plan *plan,
                    uint32_t slot)
{
    struct lab *lab = xcalloc(1, sizeof *lab);

    *lab = (struct lab){.host = h, .ops = ops, .plan = plan, .slot = slot, .wanted = LAB_PRESENT};
    snprintf(lab->id, sizeof lab->id, "%s", id);
    lab->created_ms = loop_wall_ms();
    lab->nodes = xcalloc(plan->nnodes, sizeof *lab->nodes);
    for (size_t i = 0; i < plan->nnodes; i++)
        lab->nodes[i] = (struct lab_node){.pidfd = -1, .lab = lab};
    lab->next = h->labs;
    h->labs = lab;
    return lab;
}

static void unwatch(struct lab_node *n)
{
    loop_fd_del(n->watch);
    n->watch = NULL;
    if (n->pidfd >= 0)
        close(n->pidfd);
    n->pidfd = -1;
}

void lab_remove(struct lab *lab)
{
    struct lab **p = &lab->host->labs;

    while (*p != NULL && *p != lab)
        p = &(*p)->next;
    if (*p == lab)
        *p = lab->next;
    jobs_free(lab);
    loop_timer_del(lab->notify);
    for (size_t i = 0; i < lab->plan->nnodes; i++) {
        unwatch(&lab->nodes[i]);
        free(lab->nodes[i].error);
        free(lab->nodes[i].output);
    }
    free(lab->nodes);
    free(lab->error);
    plan_free(lab->plan);
    free(lab);
}

struct guest_lab lab_guest(const struct lab *lab)
{
    return (struct guest_lab){
        .host = &lab->host->guest, .plan = lab->plan, .uid_base = UID_FIRST + lab->slot * UIDS_PER_LAB};
}

uint32_t lab_free_slot(const struct host *h)
{
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        const struct lab *lab = h->labs;
        while (lab != NULL && lab->slot != slot)
            lab = lab->next;
        if (lab == NULL)
            return slot;
    }
    return SLOTS;
}

/* ---- disk ---- */

int lab_dir(const struct host *h, const char *id, char *out, size_t size, struct err *e)
{
    if (snprintf(out, size, "%s/labs/%s", h->guest.state_dir, id) >= (int)size)
        return err_set(e, ERR_INVALID, "state folder %s has too long a name", h->guest.state_dir);
    return 0;
}

static int save_json(const char *dir, const char *name, json_t *j, struct err *e)
{
    char path[PATH_MAX + 32];
    AUTO(mem_freep) char *text = json_dumps(j, JSON_INDENT(1));

    json_decref(j);
    if (text == NULL)
        return err_set(e, ERR_INTERNAL, "%s cannot be written as JSON", name);
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return file_write_atomic(path, text, strlen(text), 0600, e);
}

int lab_save(const struct lab *lab, struct err *e)
{
    char dir[PATH_MAX];

    if (lab_dir(lab->host, lab->id, dir, sizeof dir, e) < 0 || file_mkdirs(dir, 0711, e) < 0 ||
        save_json(dir, "plan.json", plan_to_json(lab->plan), e) < 0)
        return -1;
    if (lab->wanted == LAB_ABSENT)
        return 0;
    /* Last, because a folder without it is a lab that was never accepted. */
    return save_json(dir, WANTED,
                     json_pack("{s:s, s:i, s:I, s:b}", "driver", lab->ops->name, "slot", (int)lab->slot,
                               "created_ms", (json_int_t)lab->created_ms, "suspended",
                               lab->wanted == LAB_ASLEEP),
                     e);
}

int lab_save_unwanted(const struct lab *lab, struct err *e)
{
    char dir[PATH_MAX], from[PATH_MAX + 32], to[PATH_MAX + 32];

    if (lab_dir(lab->host, lab->id, dir, sizeof dir, e) < 0)
        return -1;
    snprintf(from, sizeof from, "%s/" WANTED, dir);
    snprintf(to, sizeof to, "%s/" UNWANTED, dir);
    if (rename(from, to) < 0 && (errno != ENOENT || !file_exists(to)))
        return err_sys(e, "rename %s", from);
    return 0;
}

static json_t *load_json(const char *dir, const char *name, struct err *e)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    char path[PATH_MAX + 32];
    json_error_t je;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (file_read(path, PLAN_MAX, &text, e) < 0)
        return NULL;
    json_t *j = json_loadb(buf_str(&text), text.len, 0, &je);
    if (j == NULL)
        err_set(e, ERR_INVALID, "%s:%d: %s", path, je.line, je.text);
    return j;
}

static int load(struct host *h, const char *id, struct err *e)
{
    char dir[PATH_MAX];
    struct plan *plan = NULL;

    if (lab_dir(h, id, dir, sizeof dir, e) < 0)
        return -1;
    json_t *w = load_json(dir, WANTED, e);
    enum lab_wanted wanted = w != NULL ? LAB_PRESENT : LAB_ABSENT;
    if (w == NULL && e->code == ERR_NOT_FOUND)
        w = load_json(dir, UNWANTED, e);
    else if (json_is_true(json_object_get(w, "suspended")))
        wanted = LAB_ASLEEP;
    json_t *p = w != NULL ? load_json(dir, "plan.json", e) : NULL;
    const struct guest_ops *ops = guest_find(json_string_value(json_object_get(w, "driver")));
    json_int_t slot = json_integer_value(json_object_get(w, "slot"));
    if (p != NULL && (ops == NULL || slot < 0 || slot >= (json_int_t)SLOTS))
        err_set(e, ERR_INVALID, "%s/" WANTED " names no driver or uid range of ours", dir);
    else if (p != NULL && (plan = plan_from_json(p, e)) != NULL && strcmp(plan->lab, id) != 0) {
        err_set(e, ERR_INVALID, "%s/plan.json is the plan of another lab", dir);
        plan_free(TAKE(plan));
    }
    if (plan != NULL) {
        struct lab *lab = lab_add(h, id, ops, plan, (uint32_t)slot);
        lab->wanted = wanted;
        lab->created_ms = json_integer_value(json_object_get(w, "created_ms"));
    }
    json_decref(w);
    json_decref(p);
    return plan != NULL ? 0 : -1;
}

int lab_load_all(struct host *h, struct err *e)
{
    char dir[PATH_MAX];
    struct err why;

    if (lab_dir(h, "", dir, sizeof dir, e) < 0 || file_mkdirs(dir, 0711, e) < 0)
        return -1;
    DIR *d = opendir(dir);
    if (d == NULL)
        return err_sys(e, "read folder %s", dir);
    const struct dirent *entry;
    while ((entry = readdir(d)) != NULL) {
        if (!lab_id_ok(entry->d_name) || load(h, entry->d_name, &why) == 0)
            continue;
        log_err("lab.unreadable", &why, "lab", entry->d_name, NULL);
        if (work_purge(h, entry->d_name, &why) < 0)
            log_err("lab.purge", &why, "lab", entry->d_name, NULL);
    }
    closedir(d);
    return 0;
}

/* ---- state ---- */

static bool reconciles(const struct lab *lab)
{
    if (lab->running != NULL && lab->running->kind == JOB_RECONCILE)
        return true;
    for (const struct job *j = lab->queue; j != NULL; j = j->next)
        if (j->kind == JOB_RECONCILE)
            return true;
    return false;
}

static void derive_state(struct lab *lab)
{
    bool failed = lab->error != NULL && !lab->refused, pending = false;

    for (size_t i = 0; i < lab->plan->nnodes; i++) {
        enum node_state s = lab->nodes[i].state;
        failed |= s == NODE_FAILED;
        pending |= s == NODE_WAITING || s == NODE_CREATING || s == NODE_BOOTING;
    }
    if (lab->wanted == LAB_ABSENT)
        lab->state = failed && lab->running == NULL ? LAB_FAILED : LAB_STOPPING;
    else if (reconciles(lab))
        lab->state = lab->wanted == LAB_ASLEEP ? LAB_SUSPENDING : LAB_STARTING;
    else if (lab->wanted == LAB_ASLEEP)
        lab->state = LAB_SUSPENDED; /* also with an error: its state is kept, and it can be resumed */
    else if (failed || pending)
        lab->state = failed ? LAB_FAILED : LAB_STARTING;
    else
        lab->state = LAB_RUNNING;
    if (lab->state == LAB_RUNNING && lab->ready_ms == 0)
        lab->ready_ms = loop_wall_ms();
}

static void set_text(char **slot, const char *text)
{
    free(*slot);
    *slot = text != NULL && *text != '\0' ? xstrdup(text) : NULL;
}

void lab_node_set(struct lab *lab, size_t node, enum node_state state, const char *error, const char *output)
{
    struct lab_node *n = &lab->nodes[node];

    n->state = state;
    set_text(&n->error, error);
    set_text(&n->output, output);
    if (state != NODE_RUNNING && state != NODE_FAILED && state != NODE_BOOTING)
        unwatch(n);
    lab_changed(lab);
}

static const char *end_text(enum guest_end end)
{
    switch (end) {
    case GUEST_END_OFF:
        return "the node was switched off; start it again, or reset it";
    case GUEST_END_CRASH:
        return "the node crashed: its kernel panicked; start it again, or reset it";
    case GUEST_END_REBOOT:
    case GUEST_END_UNKNOWN:
        break;
    }
    return "the node has stopped; start it again, or reset it";
}

static bool alive(enum node_state s)
{
    return s == NODE_RUNNING || s == NODE_FAILED || s == NODE_BOOTING;
}

/* The job clears away what has ended, and starts again what rebooted. */
void lab_look(struct lab *lab)
{
    const struct guest_lab g = lab_guest(lab);
    AUTO(mem_freep) struct guest_observed *seen = xcalloc(lab->plan->nnodes, sizeof *seen);
    AUTO(mem_freep) bool *start = xcalloc(lab->plan->nnodes, sizeof *start);
    bool any = false;
    struct err e;

    /* While such a job works on the lab it reports the states itself, and some guests end by its doing. */
    lab->guests_ended = lab->running != NULL && lab->running->kind == JOB_RECONCILE;
    if (lab->guests_ended || lab->wanted != LAB_PRESENT)
        return;
    if (lab->ops->observe(&g, seen, &e) < 0) {
        log_err("lab.observe", &e, "lab", lab->id, NULL);
        return;
    }
    for (size_t i = 0; i < lab->plan->nnodes; i++) {
        if (!alive(lab->nodes[i].state) || seen[i].state == GUEST_RUNNING || seen[i].state == GUEST_CREATED)
            continue;
        log_warn("node.stopped", "lab", lab->id, "node", lab->plan->nodes[i].name);
        start[i] = seen[i].end == GUEST_END_REBOOT;
        any = true;
        if (start[i])
            lab_node_set(lab, i, NODE_WAITING, NULL, NULL);
        else
            lab_node_set(lab, i, NODE_STOPPED, end_text(seen[i].end), NULL);
    }
    if (!any)
        return;
    struct job *j = job_reconcile();
    j->start = TAKE(start);
    job_add(lab, j);
}

static void guest_died(int fd, unsigned events, void *arg)
{
    struct lab_node *n = arg;
    struct lab *lab = n->lab;
    size_t i = (size_t)(n - lab->nodes);

    (void)fd, (void)events;
    unwatch(n);
    /* While a job works on the lab it reports the states itself. */
    if (lab->running != NULL && lab->running->kind == JOB_RECONCILE)
        return;
    log_warn("node.stopped", "lab", lab->id, "node", lab->plan->nodes[i].name);
    lab_node_set(lab, i, NODE_STOPPED, end_text(GUEST_END_UNKNOWN), NULL);
}

void lab_node_watch(struct lab *lab, size_t node, pid_t pid)
{
    struct lab_node *n = &lab->nodes[node];

    unwatch(n);
    n->pidfd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
    if (n->pidfd >= 0)
        n->watch = loop_fd_add(lab->host->loop, n->pidfd, LOOP_IN, guest_died, n);
    else if (pid > 0)
        lab_node_set(lab, node, NODE_STOPPED, end_text(GUEST_END_UNKNOWN), NULL);
}

void lab_fail(struct lab *lab, const struct err *e)
{
    set_text(&lab->error, e != NULL ? e->msg : NULL);
    lab_changed(lab);
}

static json_t *text_json(const char *s)
{
    json_t *j = s != NULL ? json_string(s) : NULL;

    return j != NULL ? j : json_null();
}

json_t *lab_json(const struct lab *lab)
{
    json_t *nodes = json_object(), *links = json_object();

    for (size_t i = 0; i < lab->plan->nnodes; i++)
        json_object_set_new(nodes, lab->plan->nodes[i].name,
                            json_pack("{s:s, s:o, s:o}", "state", node_states[lab->nodes[i].state], "error",
                                      text_json(lab->nodes[i].error), "output",
                                      text_json(lab->nodes[i].output)));
    for (size_t i = 0; i < lab->plan->nlinks; i++) {
        const struct plan_link *l = &lab->plan->links[i];
        json_object_set_new(links, l->name,
                            json_pack("{s:b, s:{s:o, s:o}}", "up", l->up, "impair", "a",
                                      plan_impair_to_json(&l->impair[0]), "b",
                                      plan_impair_to_json(&l->impair[1])));
    }
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:I, s:I, s:I}", "lab", lab->id, "driver",
                     lab->ops->name, "state", lab_states[lab->state], "error", text_json(lab->error), "nodes",
                     nodes, "links", links, "created_ms", (json_int_t)lab->created_ms, "ready_ms",
                     (json_int_t)lab->ready_ms, "typed", (json_int_t)lab->typed);
}

/* ---- those who want to know ---- */

void lab_tell_now(struct lab *lab)
{
    loop_timer_del(lab->notify);
    lab->notify = NULL;
    derive_state(lab);
    json_t *j = lab_json(lab);
    json_object_set_new(j, "event", json_string("lab"));
    host_tell(lab->host, j);
}

static void notify(void *arg)
{
    struct lab *lab = arg;

    lab->notify = NULL;
    lab_tell_now(lab);
}

void lab_changed(struct lab *lab)
{
    derive_state(lab);
    if (lab->notify == NULL)
        lab->notify = loop_timer_add(lab->host->loop, NOTIFY_MS, notify, lab);
}

static void subscriber_frame(struct frame_conn *conn, uint8_t type, const uint8_t *p, size_t n, void *arg)
{
    (void)conn, (void)type, (void)p, (void)n, (void)arg; /* nothing is expected from it */
}

static void subscriber_gone(struct frame_conn *conn, const struct err *e, void *arg)
{
    struct subscriber *s = arg;

    (void)e;
    frame_conn_free(conn);
    *s->prev = s->next;
    if (s->next != NULL)
        s->next->prev = s->prev;
    free(s);
}

void host_subscribe(struct host *h, struct frame_conn *conn)
{
    struct subscriber *s = xcalloc(1, sizeof *s);

    *s = (struct subscriber){.host = h, .next = h->subscribers, .prev = &h->subscribers, .conn = conn};
    if (s->next != NULL)
        s->next->prev = &s->next;
    h->subscribers = s;
    frame_conn_set(conn, subscriber_frame, subscriber_gone, s);
    for (const struct lab *lab = h->labs; lab != NULL; lab = lab->next) {
        json_t *j = lab_json(lab);
        json_object_set_new(j, "event", json_string("lab"));
        frame_send_json(conn, j);
    }
}

#define SUBSCRIBER_QUEUE_MAX (32u << 20)

void host_tell(struct host *h, json_t *event)
{
    struct subscriber *s, *next;

    for (s = h->subscribers; s != NULL; s = next) {
        next = s->next;
        if (frame_queued(s->conn) > SUBSCRIBER_QUEUE_MAX) { /* it sleeps; it will come again and read all */
            log_warn("events.slow", "action", "disconnected");
            subscriber_gone(s->conn, NULL, s);
            continue;
        }
        frame_send_json(s->conn, json_incref(event));
    }
    json_decref(event);
}
