/* Suspend and resume of a whole lab.
 *
 * All guests of a lab stop at one moment, or those that are saved last would see their neighbours' silence grow
 * into dead timers.  A Xen PV guest is suspended by asking it (control/shutdown in xenstore), so it cannot just be
 * paused and saved.  Therefore: pause all; start all "xl save", each of which asks its guest; when all are asked,
 * let all go on at once: the first thing each does is to suspend itself.
 *
 * What counts is a folder's name, changed by rename(2).  STATE/labs/LAB/saving: not complete, worth nothing;
 * saved: every guest is suspended, whatever domains exist; woken: the guests go on, and what was saved must never
 * be used again, because their disks have changed since. */
#include "labd/host/guest/guest_result.h"
#include "labd/host/guest/xen_int.h"

#include "labd/base/file.h"
#include "labd/base/loop.h"
#include "labd/base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xenstore.h>

#define ASK_MS 30000 /* until every xl has asked its guest */
#define AT_ONCE 64u  /* programs; a lab with more guests is saved in groups, and is not of one moment */

static int folder(const struct guest_host *h, const char *lab, const char *which, char *out, struct err *e)
{
    return path_make(out, e, "%s/labs/%s/%s", h->state_dir, lab, which);
}

static int saved_file(const struct node_ref *n, const char *which, const char *suffix, char *out,
                      struct err *e)
{
    return path_make(out, e, "%s/labs/%s/%s/%s%s", n->host->state_dir, n->lab, which, n->node, suffix);
}

bool xen_saved(const struct node_ref *n)
{
    char path[PATH_MAX];

    return saved_file(n, "saved", "", path, NULL) == 0 && file_exists(path);
}

void xen_saved_forget(const struct guest_host *h, const char *lab)
{
    static const char *const all[] = {"saved", "saving", "woken"};
    char path[PATH_MAX];
    struct err ignored;

    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (folder(h, lab, all[i], path, NULL) == 0 && file_remove_tree(path, &ignored) < 0)
            continue; /* the lab's folder as a whole goes next, and says why it cannot */
}

/* A rename that is still true after a power cut. */
static int rename_synced(const struct guest_host *h, const char *lab, const char *from, const char *to,
                         struct err *e)
{
    char old[PATH_MAX], new[PATH_MAX], parent[PATH_MAX];

    if (folder(h, lab, from, old, e) < 0 || folder(h, lab, to, new, e) < 0 ||
        folder(h, lab, "", parent, e) < 0)
        return -1;
    if (rename(old, new) < 0)
        return err_sys(e, "rename %s", old);
    AUTO(mem_closep) int dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0 || fsync(dir) < 0)
        return err_sys(e, "sync %s", parent);
    return 0;
}

/* ---- suspend ---- */

struct saving {
    const struct guest_lab *lab;
    const struct xen_domains *d;
    struct err why;
    bool failed;
};

static bool asked(struct xs_handle *xs, uint32_t domid)
{
    AUTO(buf_clear) struct buf value = BUF_INIT;
    char key[64];

    snprintf(key, sizeof key, "/local/domain/%u/control/shutdown", domid);
    return xen_store_read(xs, key, 32, &value) && strcmp(buf_str(&value), "suspend") == 0;
}

/* In a process of its own: lets the guests go on once every one is asked, or when that takes too long (then some
 * xl has failed, and says so). */
static _Noreturn void release_when_asked(const struct xen_domains *d)
{
    int64_t due = loop_now_ms() + ASK_MS;
    struct err ignored;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    AUTO(xen_store_closep) struct xs_handle *xs = xen_store_open(&ignored);
    for (size_t i = 0; i < d->n && xs != NULL && loop_now_ms() < due;) {
        if (asked(xs, d->v[i].domid))
            i++;
        else
            usleep(2000);
    }
    _exit(xen_pause(d, false, &ignored) < 0);
}

static void save_ended(size_t i, bool ran, struct proc_result *r, const struct err *e, void *arg)
{
    struct saving *s = arg;
    const char *name = s->lab->plan->nodes[s->d->v[i].node].name;

    if (ran && r->status == 0)
        return;
    if (!s->failed && ran)
        xen_xl_error("save", r, &s->why);
    else if (!s->failed)
        s->why = *e;
    if (!s->failed)
        err_wrap(&s->why, "node %s", name);
    s->failed = true;
}

static int save_all(struct saving *s, int lock, struct err *e)
{
    size_t n = s->d->n;
    AUTO(mem_freep) struct proc_spec *specs = xcalloc(n + 1, sizeof *specs);
    AUTO(mem_freep) struct argv *argv = xcalloc(n + 1, sizeof *argv);

    for (size_t i = 0; i < n; i++) {
        const struct node_ref ref = node_ref(s->lab, s->d->v[i].node);
        char path[PATH_MAX];
        if (saved_file(&ref, "saving", "", path, e) < 0)
            return -1;
        argv_add(&argv[i], "xl");
        argv_add(&argv[i], "save");
        argv_add(&argv[i], "-p"); /* it stays, paused, until the state counts */
        argv_addf(&argv[i], "%u", s->d->v[i].domid);
        argv_add(&argv[i], path);
        specs[i] = (struct proc_spec){.argv = argv_get(&argv[i]),
                                      .timeout_ms = XEN_XL_MS,
                                      .output_max = 8192,
                                      .keep_fds = {lock},
                                      .nkeep = 1};
    }
    if (xen_pause(s->d, true, e) < 0)
        return -1;
    pid_t releaser = fork();
    if (releaser == 0)
        release_when_asked(s->d);
    int rc = releaser < 0 ? err_sys(e, "fork")
                          : proc_pool(s->lab->host->runner, specs, n, AT_ONCE, save_ended, s, e);
    if (releaser > 0) {
        kill(releaser, SIGKILL);
        waitpid(releaser, NULL, 0);
    }
    for (size_t i = 0; i < n; i++)
        argv_clear(&argv[i]);
    if (rc == 0 && s->failed) {
        *e = s->why;
        rc = -1;
    }
    return rc;
}

/* How the startup went belongs to the guest's state; the run folder does not survive the machine's restart. */
static int keep_results(const struct saving *s, struct err *e)
{
    for (size_t i = 0; i < s->d->n; i++) {
        const struct node_ref ref = node_ref(s->lab, s->d->v[i].node);
        char run[PATH_MAX], path[PATH_MAX];
        AUTO(buf_clear) struct buf text = BUF_INIT;
        if (path_run(&ref, "", run, e) < 0 || saved_file(&ref, "saving", ".booted", path, e) < 0 ||
            guest_result_load(run, &text, e) < 0 ||
            file_write_atomic(path, buf_str(&text), text.len, 0600, e) < 0)
            return -1;
    }
    return 0;
}

static int sync_saved(const struct saving *s, struct err *e)
{
    for (size_t i = 0; i < s->d->n; i++) {
        const struct node_ref ref = node_ref(s->lab, s->d->v[i].node);
        char path[PATH_MAX];
        if (saved_file(&ref, "saving", "", path, e) < 0)
            return -1;
        AUTO(mem_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fsync(fd) < 0)
            return err_sys(e, "sync %s", path);
    }
    return 0;
}

/* Those that run and have booted; what is dead or half made has no state worth keeping. */
static int running_of(const struct guest_lab *lab, struct xen_domains *out, struct err *e)
{
    AUTO(mem_freep) struct guest_observed *seen = xcalloc(lab->plan->nnodes + 1, sizeof *seen);
    struct xen_domains all = {0};
    size_t kept = 0;

    if (xen_observe(lab, seen, e) < 0 || xen_domains_read(lab->host, lab->plan->lab, &all, e) < 0)
        return -1;
    for (size_t i = 0; i < all.n; i++)
        if (!all.v[i].dying && all.v[i].node < lab->plan->nnodes &&
            seen[all.v[i].node].state == GUEST_RUNNING)
            all.v[kept++] = all.v[i];
    all.n = kept;
    *out = all;
    return 0;
}

/* Destroys what exists beside a state that counts. */
static int drop_domains(const struct guest_lab *lab, int lock, struct err *e)
{
    AUTO(xen_domains_clear) struct xen_domains all = {0};

    return xen_domains_read(lab->host, lab->plan->lab, &all, e) < 0 ? -1
                                                                    : xen_destroy(lab->host, &all, lock, e);
}

int xen_suspend(const struct guest_lab *lab, struct err *e)
{
    const struct guest_host *h = lab->host;
    const char *id = lab->plan->lab;
    AUTO(xen_domains_clear) struct xen_domains d = {0};
    char saving[PATH_MAX], saved[PATH_MAX];
    struct err more;

    AUTO(mem_closep) int lock = lab_lock(h, id, e);
    if (lock < 0 || folder(h, id, "saving", saving, e) < 0 || folder(h, id, "saved", saved, e) < 0)
        return -1;
    if (file_exists(saved))
        return drop_domains(lab, lock, e);
    if (running_of(lab, &d, e) < 0 || file_remove_tree(saving, e) < 0 || file_mkdirs(saving, 0700, e) < 0)
        return -1;
    xen_sync(lab, &d); /* should the state be removed or of no use one day, the disks are good without it */
    struct saving s = {.lab = lab, .d = &d};
    if (save_all(&s, lock, e) < 0 || keep_results(&s, e) < 0 || sync_saved(&s, e) < 0 ||
        rename_synced(h, id, "saving", "saved", e) < 0) {
        /* They go on as if nothing had been; xl has let go of those that it could not save. */
        if (xen_pause(&d, false, &more) < 0 || file_remove_tree(saving, &more) < 0)
            return err_wrap(e, "%s, and before that", more.msg);
        return -1;
    }
    return drop_domains(lab, lock, e);
}

/* ---- resume ---- */

struct restoring {
    const struct guest_lab *lab;
    size_t *nodes;
    struct xen_disks *disks;
    struct argv *argv;
    struct proc_spec *specs;
    size_t n;
    guest_report_fn *report;
    void *arg;
    struct err why;
    bool failed;
};

static void note_failure(struct restoring *r, size_t node, const struct err *why)
{
    if (!r->failed) {
        r->why = *why;
        err_wrap(&r->why, "node %s", r->lab->plan->nodes[node].name);
    }
    r->failed = true;
}

static void restore_ended(size_t i, bool ran, struct proc_result *p, const struct err *e, void *arg)
{
    struct restoring *r = arg;
    const struct node_ref n = node_ref(r->lab, r->nodes[i]);
    struct err why = *e;

    if (ran && p->status == 0) {
        xen_born_add(&n, r->disks[i].image_fd, r->disks[i].layer_fd);
        r->disks[i] = (struct xen_disks){-1, -1};
        r->report(r->nodes[i], NULL, NULL, 0, r->arg);
        return;
    }
    if (ran)
        xen_xl_error("restore", p, &why);
    note_failure(r, r->nodes[i], &why);
}

static int prepare_one(struct restoring *r, size_t node, const struct xen_kernel *k, int lock, struct err *e)
{
    const struct node_ref n = node_ref(r->lab, node);
    struct argv *v = &r->argv[r->n];
    char path[PATH_MAX], config[PATH_MAX], run[PATH_MAX];
    AUTO(buf_clear) struct buf booted = BUF_INIT;

    if (saved_file(&n, "saved", ".booted", path, e) < 0 ||
        file_read(path, GUEST_RESULT_MAX, &booted, e) < 0 ||
        xen_prepare(r->lab, node, k, &r->disks[r->n], e) < 0)
        return -1;
    r->nodes[r->n] = node;
    if (path_run(&n, "", run, e) < 0 || guest_result_save(run, buf_str(&booted), booted.len, e) < 0 ||
        path_run(&n, "/domain.cfg", config, e) < 0 || saved_file(&n, "saved", "", path, e) < 0)
        return -1;
    for (size_t i = 0; i < 6; i++)
        argv_add(v, (const char *const[]){"xl", "restore", "-p", "-e", config, path}[i]);
    r->specs[r->n] = (struct proc_spec){
        .argv = argv_get(v), .timeout_ms = XEN_XL_MS, .output_max = 16384, .keep_fds = {lock}, .nkeep = 1};
    return 0;
}

static void restoring_clear(struct restoring *r)
{
    for (size_t i = 0; i < r->lab->plan->nnodes; i++) {
        mem_closep(&r->disks[i].image_fd);
        mem_closep(&r->disks[i].layer_fd);
        argv_clear(&r->argv[i]);
    }
    free(r->nodes);
    free(r->disks);
    free(r->argv);
    free(r->specs);
}

static int restore_all(struct restoring *r, int lock, struct err *e)
{
    struct xen_kernel k;

    if (xen_kernel(r->lab->host, &k, e) < 0)
        return -1;
    for (size_t i = 0; i < r->lab->plan->nnodes; i++) {
        const struct node_ref n = node_ref(r->lab, i);
        if (!xen_saved(&n))
            continue;
        if (prepare_one(r, i, &k, lock, e) < 0)
            return err_wrap(e, "node %s", n.node);
        r->n++;
    }
    const struct guest_host *h = r->lab->host;
    if (proc_pool(h->runner, r->specs, r->n, h->parallel, restore_ended, r, e) < 0)
        return -1;
    if (r->failed)
        *e = r->why;
    return r->failed ? -1 : 0;
}

int xen_restore(const struct guest_lab *lab, guest_report_fn *report, void *arg, struct err *e)
{
    size_t max = lab->plan->nnodes + 1;
    AUTO(restoring_clear)
    struct restoring r = {.lab = lab,
                          .nodes = xcalloc(max, sizeof *r.nodes),
                          .disks = xcalloc(max, sizeof *r.disks),
                          .argv = xcalloc(max, sizeof *r.argv),
                          .specs = xcalloc(max, sizeof *r.specs),
                          .report = report,
                          .arg = arg};
    struct err more;

    for (size_t i = 0; i < max; i++)
        r.disks[i] = (struct xen_disks){-1, -1};
    AUTO(mem_closep) int lock = lab_lock(lab->host, lab->plan->lab, e);
    /* Domains beside a state that counts are of an interrupted resume: the state is used again. */
    if (lock < 0 || drop_domains(lab, lock, e) < 0)
        return -1;
    if (restore_all(&r, lock, e) == 0)
        return 0;
    for (size_t i = 0; i < r.n; i++) {
        const struct node_ref n = node_ref(lab, r.nodes[i]);
        xen_born_del(&n);
    }
    if (drop_domains(lab, lock, &more) < 0)
        return err_wrap(e, "%s, and before that", more.msg);
    return -1;
}

int xen_wake(const struct guest_lab *lab, struct err *e)
{
    const struct guest_host *h = lab->host;
    const char *id = lab->plan->lab;
    AUTO(xen_domains_clear) struct xen_domains d = {0};
    char saved[PATH_MAX], woken[PATH_MAX];

    AUTO(mem_closep) int lock = lab_lock(h, id, e);
    if (lock < 0 || folder(h, id, "saved", saved, e) < 0 || folder(h, id, "woken", woken, e) < 0 ||
        file_remove_tree(woken, e) < 0)
        return -1;
    if (file_exists(saved) && rename_synced(h, id, "saved", "woken", e) < 0)
        return -1;
    if (xen_domains_read(h, id, &d, e) < 0 || xen_pause(&d, false, e) < 0)
        return -1;
    return file_remove_tree(woken, e);
}
