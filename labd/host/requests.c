/* The requests that labhost answers: labd/doc/protocol.md.  labd is not trusted: every name is looked up,
 * every number checked, and nothing that it sends becomes a path. */
#include "labd/host/host.h"

#include "labd/base/log.h"
#include "labd/base/mem.h"

#include <string.h>

static void host_status(struct rpc_call *call, json_t *req, void *arg)
{
    const struct host *h = arg;
    const struct guest_ops *ops = h->default_driver != NULL ? h->default_driver : &guest_fake;
    json_t *drivers = json_array();
    struct guest_memory m = {0};
    struct err e;
    int labs = 0;

    (void)req;
    if (ops->memory(&h->guest, NULL, NULL, &m, &e) < 0)
        log_err("host.memory", &e, NULL);
    for (size_t i = 0; i < h->ndrivers; i++)
        json_array_append_new(drivers,
                              json_pack("{s:s, s:b, s:s*, s:s, s:b}", "name", h->drivers[i].ops->name, "ok",
                                        h->drivers[i].ok, "why", h->drivers[i].why, "notes",
                                        h->drivers[i].notes, "suspend", h->drivers[i].ops->suspend != NULL));
    for (const struct lab *lab = h->labs; lab != NULL; lab = lab->next)
        labs++;
    rpc_reply(call,
              json_pack("{s:s, s:s*, s:o, s:s, s:b, s:s, s:I, s:I, s:i}", "version", PARALAB_VERSION,
                        "driver", h->default_driver != NULL ? h->default_driver->name : NULL, "drivers",
                        drivers, "datapath", h->net_ok ? net_datapath_name(h->net.datapath) : h->net_why,
                        "netem", h->net_ok && h->net.netem, "notes", h->notes, "memory_free_mb",
                        (json_int_t)m.free_mb, "memory_total_mb", (json_int_t)m.total_mb, "labs", labs));
}

static struct lab *find(const struct host *h, const json_t *req, struct err *e)
{
    const char *id = json_string_value(json_object_get(req, "lab"));

    if (!lab_id_ok(id)) {
        err_set(e, ERR_INVALID, "the request names no lab");
        return NULL;
    }
    struct lab *lab = lab_find(h, id);
    if (lab == NULL)
        err_set(e, ERR_NOT_FOUND, "no lab %s runs here", id);
    return lab;
}

static int node_named(const struct lab *lab, const json_t *j, size_t *node, struct err *e)
{
    const char *name = json_string_value(j);
    const struct plan_node *n = name_ok(name) ? plan_node_find(lab->plan, name) : NULL;

    if (n == NULL)
        return err_set(e, ERR_NOT_FOUND, "lab %s has no such node", lab->id);
    *node = (size_t)(n - lab->plan->nodes);
    return 0;
}

static int find_node(const struct lab *lab, const json_t *req, size_t *node, struct err *e)
{
    return node_named(lab, json_object_get(req, "node"), node, e);
}

/* ---- life of a lab ---- */

/* What labs that are just being started will take and have not taken yet. */
static int memory_promised(const struct host *h, const struct guest_ops *ops, uint64_t *mb, struct err *e)
{
    for (const struct lab *lab = h->labs; lab != NULL; lab = lab->next) {
        AUTO(mem_freep) bool *waits = xcalloc(lab->plan->nnodes, sizeof *waits);
        struct guest_memory m;
        for (size_t i = 0; i < lab->plan->nnodes; i++)
            waits[i] = lab->nodes[i].state == NODE_WAITING || lab->nodes[i].state == NODE_CREATING;
        if (lab->ops != ops || lab->wanted != LAB_PRESENT)
            continue;
        if (ops->memory(&h->guest, lab->plan, waits, &m, e) < 0)
            return -1;
        *mb += m.need_mb;
    }
    return 0;
}

/* Refused up front rather than by the kernel half way through.  'nodes' as for guest_ops.memory(). */
static int check_memory(const struct host *h, const struct guest_ops *ops, const struct plan *p,
                        const bool *nodes, struct err *e)
{
    struct guest_memory m;
    uint64_t promised = 0;

    if (ops->memory(&h->guest, p, nodes, &m, e) < 0 || memory_promised(h, ops, &promised, e) < 0)
        return -1;
    uint64_t free_mb = m.free_mb > promised ? m.free_mb - promised : 0;
    if (m.need_mb > free_mb)
        return err_set(e, ERR_CAPACITY,
                       "the lab needs about %llu MB of memory, and %llu MB are free on this machine",
                       (unsigned long long)m.need_mb, (unsigned long long)free_mb);
    return 0;
}

static int create(struct host *h, json_t *req, struct err *e)
{
    const char *id = json_string_value(json_object_get(req, "lab"));
    const char *driver = json_string_value(json_object_get(req, "driver"));

    if (!lab_id_ok(id))
        return err_set(e, ERR_INVALID, "a lab id is a letter and five letters or digits");
    if (lab_find(h, id) != NULL)
        return err_set(e, ERR_CONFLICT, "lab %s exists already", id);
    const struct guest_ops *ops = host_driver(h, driver, e);
    if (ops == NULL)
        return -1;
    AUTO(plan_freep) struct plan *plan = plan_from_json(json_object_get(req, "plan"), e);
    if (plan == NULL)
        return -1;
    if (strcmp(plan->lab, id) != 0)
        return err_set(e, ERR_INVALID, "the plan is of another lab, %s", plan->lab);
    if (ops->wired && (net_host_check(&h->net, e) < 0 || net_plan_check(&h->net, plan, e) < 0))
        return -1;
    if (check_memory(h, ops, plan, NULL, e) < 0)
        return -1;
    uint32_t slot = lab_free_slot(h);
    struct lab *lab = lab_add(h, id, ops, TAKE(plan), slot);
    if (lab_save(lab, e) < 0) {
        struct err ignored;
        lab_remove(lab);
        if (work_purge(h, id, &ignored) < 0)
            log_err("lab.purge", &ignored, "lab", id, NULL);
        return -1;
    }
    log_info("lab.create", "lab", id, "driver", ops->name);
    job_add(lab, job_reconcile());
    return 0;
}

static void answer(struct rpc_call *call, int rc, const struct err *e)
{
    if (rc < 0)
        rpc_fail(call, e);
    else
        rpc_reply(call, NULL);
}

static void lab_create(struct rpc_call *call, json_t *req, void *arg)
{
    struct err e;
    int rc = create(arg, req, &e);

    answer(call, rc, &e);
}

static void lab_delete(struct rpc_call *call, json_t *req, void *arg)
{
    struct host *h = arg;
    struct err e;

    struct lab *lab = find(h, req, &e);
    if (lab == NULL) {
        answer(call, e.code == ERR_NOT_FOUND ? 0 : -1, &e);
        return;
    }
    enum lab_wanted before = lab->wanted;
    if (lab_save_unwanted(lab, &e) < 0) {
        rpc_fail(call, &e);
        return;
    }
    lab->wanted = LAB_ABSENT;
    log_info("lab.delete", "lab", lab->id);
    /* What runs now is of no use any more; what it leaves half made, the next job removes. */
    if (before != LAB_ABSENT)
        job_kill_running(lab);
    if (before != LAB_ABSENT || lab->running == NULL)
        job_add(lab, job_reconcile());
    lab_tell_now(lab);
    rpc_reply(call, NULL);
}

static int check_awake(const struct lab *lab, struct err *e)
{
    switch (lab->wanted) {
    case LAB_ABSENT:
        return err_set(e, ERR_CONFLICT, "lab %s is being stopped", lab->id);
    case LAB_ASLEEP:
        return err_set(e, ERR_CONFLICT, "lab %s is suspended; resume it first", lab->id);
    case LAB_PRESENT:
        break;
    }
    return 0;
}

static int reset(struct host *h, json_t *req, struct err *e)
{
    struct lab *lab = find(h, req, e);
    size_t node = 0;

    if (lab == NULL)
        return -1;
    bool one = json_is_string(json_object_get(req, "node"));
    if (one && find_node(lab, req, &node, e) < 0)
        return -1;
    if (check_awake(lab, e) < 0)
        return -1;
    struct job *j = job_reconcile();
    j->reset = xcalloc(lab->plan->nnodes, sizeof *j->reset);
    for (size_t i = 0; i < lab->plan->nnodes; i++)
        j->reset[i] = !one || i == node;
    job_add(lab, j);
    return 0;
}

static void lab_reset(struct rpc_call *call, json_t *req, void *arg)
{
    struct err e;
    int rc = reset(arg, req, &e);

    answer(call, rc, &e);
}

/* Boots what does not run, with its work kept. */
static int start(struct host *h, json_t *req, struct err *e)
{
    struct lab *lab = find(h, req, e);
    size_t node = 0;

    if (lab == NULL || check_awake(lab, e) < 0)
        return -1;
    bool one = json_is_string(json_object_get(req, "node"));
    if (one && find_node(lab, req, &node, e) < 0)
        return -1;
    AUTO(mem_freep) bool *which = xcalloc(lab->plan->nnodes, sizeof *which);
    for (size_t i = 0; i < lab->plan->nnodes; i++)
        which[i] = (!one || i == node) && lab->nodes[i].state == NODE_STOPPED;
    if (check_memory(h, lab->ops, lab->plan, which, e) < 0)
        return -1;
    struct job *j = job_reconcile();
    j->start = TAKE(which);
    job_add(lab, j);
    return 0;
}

static void lab_start(struct rpc_call *call, json_t *req, void *arg)
{
    struct err e;
    int rc = start(arg, req, &e);

    answer(call, rc, &e);
}

/* Fills 'which' with the nodes that "nodes" names, or with all if there is no such list. */
static int find_nodes(const struct lab *lab, const json_t *req, bool *which, struct err *e)
{
    const json_t *names = json_object_get(req, "nodes");
    json_t *name;
    size_t i, node = 0;

    for (i = 0; i < lab->plan->nnodes; i++)
        which[i] = names == NULL;
    if (names != NULL && !json_is_array(names))
        return err_set(e, ERR_INVALID, "\"nodes\" must be a list of names");
    json_array_foreach(names, i, name) {
        if (node_named(lab, name, &node, e) < 0)
            return -1;
        which[node] = true;
    }
    return 0;
}

/* Like pulling the plug and putting it in again: what is on the disks stays.  What does not run otherwise stays so. */
static int reboot(struct host *h, json_t *req, struct rpc_call *call, struct err *e)
{
    struct lab *lab = find(h, req, e);

    if (lab == NULL || check_awake(lab, e) < 0)
        return -1;
    AUTO(mem_freep) bool *which = xcalloc(lab->plan->nnodes, sizeof *which);
    AUTO(mem_freep) bool *down = xcalloc(lab->plan->nnodes, sizeof *down);
    if (find_nodes(lab, req, which, e) < 0)
        return -1;
    for (size_t i = 0; i < lab->plan->nnodes; i++)
        down[i] = which[i] && lab->nodes[i].state == NODE_STOPPED;
    if (check_memory(h, lab->ops, lab->plan, down, e) < 0)
        return -1;
    log_info("lab.reboot", "lab", lab->id);
    struct job *j = job_reconcile();
    j->reboot = TAKE(which);
    j->start = xcalloc(lab->plan->nnodes, sizeof *j->start);
    j->call = call;
    job_add(lab, j);
    return 0;
}

/* Answered when its job has ended: then each node runs, or its state says why not. */
static void lab_reboot(struct rpc_call *call, json_t *req, void *arg)
{
    struct err e;

    if (reboot(arg, req, call, &e) < 0)
        rpc_fail(call, &e);
}

/* ---- suspend and resume ---- */

/* Wanted on disk before the first step; if that step fails, the lab is wanted as before. */
static int want(struct lab *lab, enum lab_wanted wanted, enum lab_wanted otherwise, struct err *e)
{
    enum lab_wanted before = lab->wanted;

    lab->wanted = wanted;
    if (lab_save(lab, e) < 0) {
        lab->wanted = before;
        return -1;
    }
    struct job *j = job_reconcile();
    j->retreat = true;
    j->previous = otherwise;
    job_add(lab, j);
    lab_tell_now(lab);
    return 0;
}

static int suspend(struct host *h, json_t *req, struct err *e)
{
    struct lab *lab = find(h, req, e);

    if (lab == NULL)
        return -1;
    if (lab->wanted == LAB_ASLEEP)
        return 0;
    if (lab->ops->suspend == NULL)
        return err_set(e, ERR_UNSUPPORTED, "driver %s cannot suspend a lab; its nodes go on or are stopped",
                       lab->ops->name);
    if (check_awake(lab, e) < 0)
        return -1;
    if (lab->state != LAB_RUNNING && lab->state != LAB_FAILED)
        return err_set(e, ERR_CONFLICT, "lab %s is still starting; suspend it when it runs", lab->id);
    log_info("lab.suspend", "lab", lab->id);
    return want(lab, LAB_ASLEEP, LAB_PRESENT, e);
}

/* Also one that was to be resumed when labhost or the machine went down, and could not be. */
static bool sleeps(const struct lab *lab)
{
    for (size_t i = 0; i < lab->plan->nnodes; i++)
        if (lab->nodes[i].state == NODE_SUSPENDED)
            return true;
    return lab->wanted == LAB_ASLEEP;
}

static int resume(struct host *h, json_t *req, struct err *e)
{
    struct lab *lab = find(h, req, e);

    if (lab == NULL)
        return -1;
    if (lab->wanted == LAB_ABSENT)
        return check_awake(lab, e);
    if (!sleeps(lab))
        return 0;
    if (check_memory(h, lab->ops, lab->plan, NULL, e) < 0 ||
        (lab->ops->wired && net_host_check(&h->net, e) < 0))
        return -1;
    log_info("lab.resume", "lab", lab->id);
    return want(lab, LAB_PRESENT, LAB_ASLEEP, e);
}

static void lab_suspend(struct rpc_call *call, json_t *req, void *arg)
{
    struct err e;
    int rc = suspend(arg, req, &e);

    answer(call, rc, &e);
}

static void lab_resume(struct rpc_call *call, json_t *req, void *arg)
{
    struct err e;
    int rc = resume(arg, req, &e);

    answer(call, rc, &e);
}

static void lab_get(struct rpc_call *call, json_t *req, void *arg)
{
    struct err e;
    struct lab *lab = find(arg, req, &e);

    if (lab == NULL)
        rpc_fail(call, &e);
    else
        rpc_reply(call, lab_json(lab));
}

static void lab_list(struct rpc_call *call, json_t *req, void *arg)
{
    const struct host *h = arg;
    json_t *labs = json_array();

    (void)req;
    for (const struct lab *lab = h->labs; lab != NULL; lab = lab->next)
        json_array_append_new(labs, lab_json(lab));
    rpc_reply(call, json_pack("{s:o}", "labs", labs));
}

/* ---- links and probes: answered when their job has ended ---- */

static struct lab *find_present(const struct host *h, const json_t *req, struct err *e)
{
    struct lab *lab = find(h, req, e);

    return lab != NULL && check_awake(lab, e) == 0 ? lab : NULL;
}

static int link_job(struct host *h, json_t *req, struct job *j, struct lab **out, struct err *e)
{
    struct lab *lab = find_present(h, req, e);
    const char *name = json_string_value(json_object_get(req, "link"));
    const json_t *impair = json_object_get(req, "impair"), *up = json_object_get(req, "up");

    if (lab == NULL)
        return -1;
    const struct plan_link *l = name_ok(name) ? plan_link_find(lab->plan, name) : NULL;
    if (l == NULL)
        return err_set(e, ERR_NOT_FOUND, "lab %s has no such link", lab->id);
    if (!lab->ops->wired)
        return err_set(e, ERR_UNSUPPORTED, "driver %s has no wires", lab->ops->name);
    j->kind = JOB_LINK;
    j->link = (size_t)(l - lab->plan->links);
    j->up = json_is_boolean(up) ? json_is_true(up) : l->up;
    for (int end = 0; end < 2; end++) {
        const json_t *i = json_object_get(impair, end == 0 ? "a" : "b");
        j->impair[end] = l->impair[end];
        if (i != NULL && plan_impair_from_json(i, &j->impair[end], e) < 0)
            return -1;
    }
    *out = lab;
    return 0;
}

static void link_set(struct rpc_call *call, json_t *req, void *arg)
{
    struct job *j = xcalloc(1, sizeof *j);
    struct lab *lab = NULL;
    struct err e;

    if (link_job(arg, req, j, &lab, &e) < 0) {
        free(j);
        rpc_fail(call, &e);
        return;
    }
    j->call = call;
    job_add(lab, j);
}

static void probe_run(struct rpc_call *call, json_t *req, void *arg)
{
    struct err e;
    struct lab *lab = find_present(arg, req, &e);

    if (lab == NULL) {
        rpc_fail(call, &e);
        return;
    }
    struct job *j = xcalloc(1, sizeof *j);
    j->kind = JOB_PROBE;
    j->spec = json_incref(json_object_get(req, "spec"));
    j->call = call;
    job_add(lab, j);
}

/* ---- streams ---- */

static void console_open(struct rpc_call *call, json_t *req, void *arg)
{
    struct err e;
    size_t node = 0;
    struct lab *lab = find_present(arg, req, &e);

    if (lab == NULL || find_node(lab, req, &node, &e) < 0)
        rpc_fail(call, &e);
    else
        stream_console(call, lab, req);
}

static void exec_open(struct rpc_call *call, json_t *req, void *arg)
{
    struct err e;
    size_t node = 0;
    struct lab *lab = find_present(arg, req, &e);

    if (lab == NULL || find_node(lab, req, &node, &e) < 0)
        rpc_fail(call, &e);
    else
        stream_exec(call, lab, node, req);
}

static void capture_open(struct rpc_call *call, json_t *req, void *arg)
{
    struct err e;
    struct lab *lab = find_present(arg, req, &e);

    if (lab == NULL)
        rpc_fail(call, &e);
    else
        stream_capture(call, lab, req);
}

static void events(struct rpc_call *call, json_t *req, void *arg)
{
    (void)req;
    struct frame_conn *conn = rpc_stream(call, NULL);
    if (conn != NULL)
        host_subscribe(arg, conn);
}

const struct rpc_method host_methods[] = {
    {"host.status", host_status},
    {"lab.create", lab_create},
    {"lab.delete", lab_delete},
    {"lab.reset", lab_reset},
    {"lab.start", lab_start},
    {"lab.reboot", lab_reboot},
    {"lab.suspend", lab_suspend},
    {"lab.resume", lab_resume},
    {"lab.get", lab_get},
    {"lab.list", lab_list},
    {"link.set", link_set},
    {"probe.run", probe_run},
    {"console.open", console_open},
    {"exec.open", exec_open},
    {"capture.open", capture_open},
    {"events", events},
    {NULL, NULL},
};
