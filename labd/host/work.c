/* What the worker process of a JOB_RECONCILE does: observes, asks reconcile() for the steps, carries them
 * out in bulk and tells labhost's loop about each node.  Runs as root in a process of its own. */
#include "labd/host/host.h"

#include "labd/base/file.h"
#include "labd/base/log.h"
#include "labd/base/mem.h"
#include "labd/host/console/console_client.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define BOOT_TIMEOUT_MS 240000u /* a busy machine is slow; a startup script that hangs is told after that */
#define BOOTS_PER_CORE 4u       /* at a time, for which that is enough */

struct work {
    const struct lab *lab;
    int fd;
    pid_t *pids; /* per node: lives as long as the guest */
    bool failed; /* a guest could not be created: ours, unlike a startup script that fails */
    struct err why;
};

/* What a guest printed, made harmless: valid UTF-8, no control bytes but newline and tab. */
static char *clean(const char *s, size_t n)
{
    char *out = xstrndup(s, n);

    n = strlen(out);
    json_t *valid = json_stringn(out, n);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)out[i];
        if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f || (c >= 0x80 && valid == NULL))
            out[i] = '?';
    }
    json_decref(valid);
    return out;
}

static void tell_node(int fd, size_t node, enum node_state state, const struct err *why, const char *output,
                      size_t n, pid_t pid)
{
    json_t *j = json_pack("{s:i, s:i, s:i}", "node", (int)node, "state", (int)state, "pid", (int)pid);

    if (why != NULL)
        json_object_set_new(j, "error", json_string(why->msg));
    if (n > 0) {
        AUTO(mem_freep) char *text = clean(output, n);
        json_object_set_new(j, "output", json_string(text));
    }
    AUTO(mem_freep) char *s = json_dumps(j, JSON_COMPACT);
    json_decref(j);
    /* If labhost has gone, PR_SET_PDEATHSIG ends this process: nothing to do here. */
    if (s != NULL && frame_write_fd(fd, FRAME_JSON, s, strlen(s), NULL) < 0)
        return;
}

static void created(size_t node, const struct err *e, const char *output, size_t n, void *arg)
{
    struct work *w = arg;

    if (e == NULL || e->code == ERR_NONE) {
        tell_node(w->fd, node, NODE_BOOTING, NULL, NULL, 0, 0);
        return;
    }
    if (!w->failed) {
        w->why = *e;
        err_wrap(&w->why, "node %s", w->lab->plan->nodes[node].name);
    }
    w->failed = true;
    tell_node(w->fd, node, NODE_FAILED, e, output, n, 0);
}

static void booted(size_t node, const struct err *e, const char *output, size_t n, void *arg)
{
    struct work *w = arg;
    bool ok = e == NULL || e->code == ERR_NONE;

    tell_node(w->fd, node, ok ? NODE_RUNNING : NODE_FAILED, ok ? NULL : e, output, n, w->pids[node]);
}

static size_t *all_nodes(const struct plan *p)
{
    size_t *v = xcalloc(p->nnodes, sizeof *v);

    for (size_t i = 0; i < p->nnodes; i++)
        v[i] = i;
    return v;
}

int work_link(const struct lab *lab, size_t link, bool up, const struct plan_impair impair[2], struct err *e)
{
    const struct guest_lab g = lab_guest(lab);

    if (net_link_set(&lab->host->net, lab->plan, link, up, impair, e) < 0)
        return -1;
    for (int end = 0; end < 2 && lab->ops->carrier != NULL; end++) {
        int32_t port = lab->plan->links[link].port[end];
        const struct plan_port *p = port >= 0 ? &lab->plan->ports[port] : NULL;
        if (p != NULL && p->node >= 0 && lab->ops->carrier(&g, (size_t)p->node, (size_t)p->iface, up, e) < 0)
            return -1;
    }
    return 0;
}

/* Guests that have just started take every interface for connected until told otherwise. */
static int tell_cut_links(const struct lab *lab, struct err *e)
{
    for (size_t i = 0; i < lab->plan->nlinks && lab->ops->carrier != NULL; i++) {
        const struct plan_link *l = &lab->plan->links[i];
        if (!l->up && work_link(lab, i, false, l->impair, e) < 0)
            return -1;
    }
    return 0;
}

static int dismantle(const struct work *w, struct err *e)
{
    const struct lab *lab = w->lab;
    const struct guest_lab g = lab_guest(lab);
    AUTO(mem_freep) size_t *all = all_nodes(lab->plan);

    if (lab->ops->remove(&g, all, lab->plan->nnodes, e) < 0)
        return err_wrap(e, "remove the guests of lab %s", lab->id);
    if (lab->ops->wired && net_detach(&lab->host->net, lab->id, e) < 0)
        return err_wrap(e, "remove the wiring of lab %s", lab->id);
    return 0;
}

int work_purge(const struct host *h, const char *id, struct err *e)
{
    char dir[PATH_MAX];

    for (size_t i = 0; i < h->ndrivers; i++)
        if (h->drivers[i].ops->purge(&h->guest, id, e) < 0)
            return err_wrap(e, "remove what is left of lab %s", id);
    if (h->net_ok && net_detach(&h->net, id, e) < 0)
        return err_wrap(e, "remove the wiring of lab %s", id);
    if (lab_dir(h, id, dir, sizeof dir, e) < 0)
        return -1;
    return file_remove_tree(dir, e);
}

static int work_absent(const struct work *w, struct err *e)
{
    const struct lab *lab = w->lab;

    console_stop(lab->host->guest.run_dir, lab->id);
    if (lab->ops->purge(&lab->host->guest, lab->id, e) < 0)
        return err_wrap(e, "remove the guests of lab %s", lab->id);
    if (lab->ops->wired && net_detach(&lab->host->net, lab->id, e) < 0)
        return err_wrap(e, "remove the wiring of lab %s", lab->id);
    /* The folder with the wanted state goes last: until then a crash repeats all this. */
    char dir[PATH_MAX];
    if (lab_dir(lab->host, lab->id, dir, sizeof dir, e) < 0)
        return -1;
    return file_remove_tree(dir, e);
}

static int observe_pids(struct work *w, struct guest_observed *seen, struct err *e)
{
    const struct guest_lab g = lab_guest(w->lab);

    if (w->lab->ops->observe(&g, seen, e) < 0)
        return err_wrap(e, "observe the guests");
    for (size_t i = 0; i < w->lab->plan->nnodes; i++)
        w->pids[i] = seen[i].state == GUEST_RUNNING || seen[i].state == GUEST_CREATED ? seen[i].netns_pid : 0;
    return 0;
}

static int wire(const struct work *w, const struct steps *s, struct err *e)
{
    const struct lab *lab = w->lab;
    const struct net_host *net = &lab->host->net;

    if (!lab->ops->wired || !s->attach)
        return 0;
    if (net_reference_clear(net, lab->plan, e) < 0)
        return err_wrap(e, "remove reference hosts");
    if (net_internet_open(net, lab->plan, lab->slot, e) < 0 || net_attach(net, lab->plan, w->pids, e) < 0 ||
        tell_cut_links(lab, e) < 0)
        return err_wrap(e, "wire the lab");
    return 0;
}

static void restored(size_t node, const struct err *e, const char *output, size_t n, void *arg)
{
    const struct work *w = arg;

    (void)output, (void)n;
    if (e == NULL || e->code == ERR_NONE)
        tell_node(w->fd, node, NODE_BOOTING, NULL, NULL, 0, 0);
}

/* Saved, removed, and its wiring, too: a suspended lab takes nothing but disk. */
static int put_to_sleep(struct work *w, const struct steps *s, struct guest_observed *seen, struct err *e)
{
    const struct lab *lab = w->lab;
    const struct guest_lab g = lab_guest(lab);

    if (lab->ops->suspend == NULL)
        return err_set(e, ERR_UNSUPPORTED, "driver %s cannot suspend a lab", lab->ops->name);
    if (s->nremove > 0 && lab->ops->remove(&g, s->remove, s->nremove, e) < 0)
        return err_wrap(e, "remove guests");
    if (s->suspend && lab->ops->suspend(&g, e) < 0)
        return err_wrap(e, "suspend the lab");
    if (lab->ops->wired && net_detach(&lab->host->net, lab->id, e) < 0)
        return err_wrap(e, "remove the wiring of lab %s", lab->id);
    if (observe_pids(w, seen, e) < 0)
        return -1;
    for (size_t i = 0; i < lab->plan->nnodes; i++) {
        struct err why;
        err_set(&why, ERR_CONFLICT,
                "the node did not run when the lab was suspended; start it again, or reset it");
        if (seen[i].state == GUEST_SUSPENDED)
            tell_node(w->fd, i, NODE_SUSPENDED, NULL, NULL, 0, 0);
        else
            tell_node(w->fd, i, NODE_STOPPED, &why, NULL, 0, 0);
    }
    return 0;
}

/* A lab of many nodes on few cores boots slowly and is not broken. */
static unsigned boot_timeout_ms(const struct lab *lab, size_t nodes)
{
    unsigned at_once = lab->host->guest.parallel * BOOTS_PER_CORE;

    return BOOT_TIMEOUT_MS * (1 + (unsigned)nodes / at_once);
}

static int carry_out(struct work *w, const struct steps *s, struct guest_observed *seen, struct err *e)
{
    const struct lab *lab = w->lab;
    const struct guest_lab g = lab_guest(lab);

    if (s->nremove > 0 && lab->ops->remove(&g, s->remove, s->nremove, e) < 0)
        return err_wrap(e, "remove guests");
    for (size_t i = 0; i < s->nwipe; i++)
        if (lab->ops->wipe(&g, s->wipe[i], e) < 0)
            return err_wrap(e, "discard the work of node %s", lab->plan->nodes[s->wipe[i]].name);
    if (s->restore && lab->ops->restore(&g, restored, w, e) < 0)
        return err_wrap(e, "resume the guests");
    if (s->ncreate > 0 && lab->ops->create(&g, s->create, s->ncreate, created, w, e) < 0)
        return err_wrap(e, "create the guests");
    if (w->failed) {
        *e = w->why;
        return -1;
    }
    if (observe_pids(w, seen, e) < 0)
        return -1;
    if (wire(w, s, e) < 0)
        return -1;
    if (s->restore && lab->ops->wake(&g, e) < 0)
        return err_wrap(e, "resume the guests");
    if (s->nawait > 0 &&
        lab->ops->wait(&g, s->await, s->nawait, boot_timeout_ms(lab, s->nawait), booted, w, e) < 0)
        return err_wrap(e, "wait for the guests");
    /* Some settings of a driver's devices are refused until the guest has connected them. */
    if (lab->ops->brings_devices && s->attach && net_settle(&lab->host->net, lab->plan, e) < 0)
        return err_wrap(e, "wire the lab");
    return 0;
}

/* Nothing of a lab that could not be started stays; its nodes are told as stopped. */
static void undo(const struct work *w)
{
    struct err ignored;

    /* What cannot be removed now is tried again by "down" and at labhost's start. */
    if (dismantle(w, &ignored) < 0)
        return;
    for (size_t i = 0; i < w->lab->plan->nnodes; i++)
        tell_node(w->fd, i, NODE_STOPPED, NULL, NULL, 0, 0);
}

/* A lab that could not be resumed is suspended as before. */
static void sleep_on(struct work *w, struct guest_observed *seen)
{
    struct err ignored;

    if ((w->lab->ops->wired && net_detach(&w->lab->host->net, w->lab->id, &ignored) < 0) ||
        observe_pids(w, seen, &ignored) < 0)
        return;
    for (size_t i = 0; i < w->lab->plan->nnodes; i++)
        if (seen[i].state == GUEST_SUSPENDED)
            tell_node(w->fd, i, NODE_SUSPENDED, NULL, NULL, 0, 0);
}

static bool any_suspended(const struct plan *p, const struct guest_observed *seen)
{
    for (size_t i = 0; i < p->nnodes; i++)
        if (seen[i].state == GUEST_SUSPENDED)
            return true;
    return false;
}

static bool any_running(const struct plan *p, const struct guest_observed *seen, const struct asked *but)
{
    for (size_t i = 0; i < p->nnodes; i++)
        if (seen[i].state == GUEST_RUNNING && (but->reset == NULL || !but->reset[i]) &&
            (but->reboot == NULL || !but->reboot[i]))
            return true;
    return false;
}

/* The wires of a private Open vSwitch live in its namespace, which goes with the last of its daemons.  New wires
 * have nothing of what was configured on the old ones, so the guests have to boot again; their disks stay. */
static int without_wires(const struct lab *lab, struct guest_observed *seen, struct err *e)
{
    struct net_observed net;

    if (lab->plan->nbridges == 0 || !any_running(lab->plan, seen, &(struct asked){NULL, NULL, NULL}))
        return 0;
    if (net_observe(&lab->host->net, lab->plan, &net, e) < 0)
        return err_wrap(e, "observe the wiring");
    if (net.devices > 0)
        return 0;
    log_warn("lab.unwired", "lab", lab->id, "action", "its nodes boot again");
    for (size_t i = 0; i < lab->plan->nnodes; i++)
        if (seen[i].state == GUEST_RUNNING)
            seen[i].state = GUEST_STOPPED;
    return 0;
}

int work_reconcile(const struct lab *lab, const struct asked *asked, int fd, struct err *e)
{
    struct work w = {.lab = lab, .fd = fd};
    const struct guest_lab g = lab_guest(lab);
    struct steps steps = {0};
    AUTO(mem_freep) struct guest_observed *seen = xcalloc(lab->plan->nnodes, sizeof *seen);
    AUTO(mem_freep) pid_t *pids = xcalloc(lab->plan->nnodes, sizeof *pids);

    w.pids = pids;
    if (lab->wanted == LAB_ABSENT)
        return work_absent(&w, e);
    if (lab->ops->wired && net_host_check(&lab->host->net, e) < 0)
        return -1;
    if (lab->ops->observe(&g, seen, e) < 0)
        return err_wrap(e, "observe the guests");
    if (lab->ops->wired && without_wires(lab, seen, e) < 0)
        return -1;
    bool others = any_running(lab->plan, seen, asked);
    reconcile(lab->plan, lab->wanted, seen, asked, &steps);
    for (size_t i = 0; i < steps.ncreate; i++)
        tell_node(fd, steps.create[i], NODE_CREATING, NULL, NULL, 0, 0);
    int rc = lab->wanted == LAB_ASLEEP ? put_to_sleep(&w, &steps, seen, e) : carry_out(&w, &steps, seen, e);
    steps_clear(&steps);
    if (rc == 0 || lab->wanted == LAB_ASLEEP)
        return rc;
    struct err ignored;
    if (observe_pids(&w, seen, &ignored) == 0 && any_suspended(lab->plan, seen))
        sleep_on(&w, seen);
    else if (!others)
        undo(&w);
    return rc;
}
