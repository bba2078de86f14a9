/* Taking domains away, and what is left of labs.  xl destroys (libxl knows all that belongs to a domain in
 * xenstore); all stand still first, so that the doomed take no processor time from that work.  The folders go
 * last, so that an interrupted removal is found again. */
#include "labd/host/guest/guest_result.h"
#include "labd/host/guest/xen_int.h"

#include "labd/base/file.h"
#include "labd/base/log.h"
#include "labd/base/loop.h"
#include "labd/base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEATH_MS 60000
#define SYNC_MS 5000
#define SYNCS_AT_ONCE 16u

struct destroying {
    struct err why;
    bool failed;
};

static void xl_ended(size_t i, bool ran, struct proc_result *r, const struct err *e, void *arg)
{
    struct destroying *d = arg;

    (void)i;
    /* A domain that somebody else destroyed meanwhile makes xl fail: whether it is gone is looked at below. */
    if (ran && r->status == 0)
        return;
    d->failed = true;
    if (ran)
        xen_xl_error("destroy", r, &d->why);
    else
        d->why = *e;
}

static bool listed(const struct xen_domains *now, uint32_t domid)
{
    for (size_t i = 0; i < now->n; i++)
        if (now->v[i].domid == domid)
            return true;
    return false;
}

/* A destroyed domain stays listed until the backends have let go of its pages. */
static int wait_gone(const struct guest_host *h, const struct xen_domains *d, const struct destroying *x,
                     struct err *e)
{
    int64_t due = loop_now_ms() + (x->failed ? 1000 : DEATH_MS);

    for (;;) {
        AUTO(xen_domains_clear) struct xen_domains now = {0};
        const struct xen_domain *left = NULL;
        if (xen_domains_read(h, NULL, &now, e) < 0)
            return -1;
        for (size_t i = 0; i < d->n && left == NULL; i++)
            left = listed(&now, d->v[i].domid) ? &d->v[i] : NULL;
        if (left == NULL)
            return 0;
        if (loop_now_ms() > due) {
            if (x->failed) {
                *e = x->why;
                return -1;
            }
            return err_set(e, ERR_TIMEOUT, "domain %u does not go away", left->domid);
        }
        usleep(10000);
    }
}

int xen_destroy(const struct guest_host *h, const struct xen_domains *d, int lock, struct err *e)
{
    AUTO(mem_freep) struct proc_spec *specs = xcalloc(d->n + 1, sizeof *specs);
    AUTO(mem_freep) struct argv *argv = xcalloc(d->n + 1, sizeof *argv);
    struct destroying x = {.failed = false};
    size_t n = 0;

    if (d->n == 0)
        return 0;
    if (xen_pause(d, true, e) < 0)
        return -1;
    for (size_t i = 0; i < d->n; i++) {
        if (d->v[i].dying)
            continue;
        argv_add(&argv[n], "xl");
        argv_add(&argv[n], "destroy");
        argv_addf(&argv[n], "%u", d->v[i].domid);
        specs[n] = (struct proc_spec){.argv = argv_get(&argv[n]),
                                      .timeout_ms = XEN_XL_MS,
                                      .output_max = 4096,
                                      .keep_fds = {lock},
                                      .nkeep = lock >= 0};
        n++;
    }
    int rc = proc_pool(h->runner, specs, n, h->parallel, xl_ended, &x, e);
    for (size_t i = 0; i < n; i++)
        argv_clear(&argv[i]);
    return rc < 0 ? -1 : wait_gone(h, d, &x, e);
}

static int read_some(const struct guest_lab *lab, const size_t *nodes, size_t n, struct xen_domains *out,
                     struct err *e)
{
    struct xen_domains all = {0};
    size_t kept = 0;

    if (xen_domains_read(lab->host, lab->plan->lab, &all, e) < 0)
        return -1;
    for (size_t i = 0; i < all.n; i++)
        for (size_t k = 0; k < n; k++)
            if (all.v[i].node == nodes[k]) {
                all.v[kept++] = all.v[i];
                break;
            }
    all.n = kept;
    *out = all;
    return 0;
}

static void sync_ended(size_t i, bool ran, struct proc_result *r, const struct err *e, void *arg)
{
    (void)i, (void)ran, (void)r, (void)e, (void)arg;
}

void xen_sync(const struct guest_lab *lab, const struct xen_domains *d)
{
    static const char *const command[] = {"sync", NULL};
    AUTO(mem_freep) struct proc_spec *specs = xcalloc(d->n + 1, sizeof *specs);
    AUTO(mem_freep) struct argv *argv = xcalloc(d->n + 1, sizeof *argv);
    struct err ignored;
    size_t n = 0;

    for (size_t i = 0; i < d->n; i++) {
        const struct node_ref ref = node_ref(lab, d->v[i].node);
        char run[PATH_MAX];
        if (d->v[i].dying || path_run(&ref, "", run, NULL) < 0 || !guest_result_exists(run) ||
            xen_exec_argv(lab, d->v[i].node, command, &argv[n], &ignored) < 0)
            continue;
        specs[n] = (struct proc_spec){.argv = argv_get(&argv[n]), .timeout_ms = SYNC_MS, .output_max = 4096};
        n++;
    }
    if (proc_pool(lab->host->runner, specs, n, SYNCS_AT_ONCE, sync_ended, NULL, &ignored) < 0)
        log_err("xen.sync", &ignored, "lab", lab->plan->lab, NULL);
    for (size_t i = 0; i < d->n; i++)
        argv_clear(&argv[i]);
}

static int remove_locked(const struct guest_lab *lab, const size_t *nodes, size_t n, int lock, struct err *e)
{
    AUTO(xen_domains_clear) struct xen_domains d = {0};
    char run[PATH_MAX], saved[PATH_MAX];

    if (read_some(lab, nodes, n, &d, e) < 0)
        return -1;
    xen_sync(lab, &d);
    for (size_t i = 0; i < n; i++) {
        const struct node_ref ref = node_ref(lab, nodes[i]);
        /* First: if we are killed now, nobody takes the dying guest for one that runs. */
        if (path_run(&ref, "", run, e) < 0 || guest_result_remove(run, e) < 0)
            return -1;
        xen_born_del(&ref);
    }
    if (xen_destroy(lab->host, &d, lock, e) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        const struct node_ref ref = node_ref(lab, nodes[i]);
        if (path_run(&ref, "", run, e) < 0 || file_remove_tree(run, e) < 0 ||
            path_make(saved, e, "%s/labs/%s/saved/%s", lab->host->state_dir, ref.lab, ref.node) < 0)
            return -1;
        if (unlink(saved) < 0 && errno != ENOENT && errno != ENOTDIR)
            return err_sys(e, "remove %s", saved);
    }
    return 0;
}

int xen_remove_node(const struct guest_lab *lab, size_t node, int lock, struct err *e)
{
    return remove_locked(lab, &node, 1, lock, e);
}

int xen_remove(const struct guest_lab *lab, const size_t *nodes, size_t n, struct err *e)
{
    AUTO(mem_closep) int lock = lab_lock(lab->host, lab->plan->lab, e);

    return lock < 0 ? -1 : remove_locked(lab, nodes, n, lock, e);
}

int xen_wipe(const struct guest_lab *lab, size_t node, struct err *e)
{
    const struct node_ref n = node_ref(lab, node);
    uint32_t domid;
    char path[PATH_MAX];

    if (xen_running(lab, node, &domid, NULL) == 0)
        return err_set(e, ERR_CONFLICT, "node %s runs; remove it before its work is discarded", n.node);
    return path_state(&n, "", path, e) < 0 ? -1 : file_remove_tree(path, e);
}

int xen_purge(const struct guest_host *h, const char *lab, struct err *e)
{
    AUTO(xen_domains_clear) struct xen_domains d = {0};

    if (!lab_id_ok(lab))
        return err_set(e, ERR_INVALID, "'%.16s' is no lab id", lab);
    AUTO(mem_closep) int lock = lab_lock(h, lab, e);
    if (lock < 0)
        return -1;
    /* Every driver is asked, also where there is no Xen. */
    if (xen_is_dom0() && (xen_domains_read(h, lab, &d, e) < 0 || xen_destroy(h, &d, lock, e) < 0))
        return -1;
    xen_born_clear(lab);
    xen_saved_forget(h, lab);
    return lab_remove_folders(h, lab, e);
}

int xen_leftovers(const struct guest_host *h, void (*each)(const char *lab, void *arg), void *arg,
                  struct err *e)
{
    AUTO(names_clear) struct names labs = {0};
    AUTO(xen_domains_clear) struct xen_domains d = {0};

    if (xen_domains_read(h, NULL, &d, e) < 0)
        return -1;
    for (size_t i = 0; i < d.n; i++)
        names_add(&labs, d.v[i].lab);
    if (labs_with_nodes(h, &labs, e) < 0)
        return -1;
    for (size_t i = 0; i < labs.n; i++)
        each(labs.v[i], arg);
    return 0;
}
