/* Making containers: the bundle of each node, then one crun per node, as many at a time as there are
 * cores.  Works in batches, which bounds the open descriptors. */
#include "labd/host/guest/container_int.h"

#include "labd/base/file.h"
#include "labd/base/mem.h"
#include "labd/host/guest/guest_image.h"
#include "labd/host/guest/oci_config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define BATCH 64u
#define CRUN_MS 30000u

struct making {
    const struct guest_lab *lab;
    size_t node;
    bool prepared;
    struct err why;
    int boot; /* the write end of its boot pipe, or -1 */
    struct argv argv;
};

struct batch {
    struct making m[BATCH];
    struct proc_spec specs[BATCH];
    int lock;         /* of the lab; every crun holds it too */
    size_t of[BATCH]; /* specs[i] starts m[of[i]] */
    size_t n, nspecs;
    guest_report_fn *report;
    void *arg;
};

static void close_boot(struct making *m)
{
    if (m->boot >= 0)
        close(m->boot);
    m->boot = -1;
}

static bool world_writable(const char *device)
{
    struct stat st;

    return stat(device, &st) == 0 && S_ISCHR(st.st_mode) && (st.st_mode & 06) == 06;
}

/* Plain, without a sync: a bundle is worth nothing after a crash. */
static int write_plain(const char *path, const char *text, mode_t mode, uint32_t uid, struct err *e)
{
    size_t n = strlen(text);

    AUTO(mem_closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return err_sys(e, "create %s", path);
    for (size_t done = 0; done < n;) {
        ssize_t w = write(fd, text + done, n - done);
        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0)
            return err_sys(e, "write %s", path);
        done += (size_t)w;
    }
    if (fchmod(fd, mode) < 0 || fchown(fd, uid, uid) < 0)
        return err_sys(e, "set owner and mode of %s", path);
    return 0;
}

static int write_bundle(const struct guest_lab *lab, size_t node, struct err *e)
{
    const struct node_ref n = node_ref(lab, node);
    const struct plan_node *p = &lab->plan->nodes[node];
    const struct cgroup_limits have = cgroup_limits();
    char startup[PATH_MAX], config[PATH_MAX];

    if (path_run(&n, "/startup", startup, e) < 0 || path_run(&n, "/config.json", config, e) < 0)
        return -1;
    AUTO(mem_freep) char *cgroup = xasprintf(CGROUP_OURS "/%s/%s", n.lab, n.node);
    const struct oci_spec spec = {
        .node = p,
        .startup = startup,
        .cgroup = cgroup,
        .uid_base = lab->uid_base,
        .limit_memory = have.memory,
        .limit_pids = have.pids,
        .tun = world_writable("/dev/net/tun"),
    };
    AUTO(mem_freep) char *text = oci_config(&spec);
    if (write_plain(config, text, 0600, 0, e) < 0)
        return -1;
    return write_plain(startup, p->startup != NULL ? p->startup : "", 0700, lab->uid_base, e);
}

/* Everything before crun: image, private layer, bundle, boot pipe, argument vector. */
static int prepare(struct making *m, struct err *e)
{
    const struct guest_lab *lab = m->lab;
    const struct node_ref n = node_ref(lab, m->node);
    char dir[PATH_MAX], root[PATH_MAX], image[NAME_MAX + 1], point[PATH_MAX], id[80];

    if (!name_ok(n.node))
        return err_set(e, ERR_INVALID, "a node of the plan has no valid name");
    /* What somebody killed in the middle of his work has left. */
    if (crun_remains(&n) && remove_locked(&n, 1, e) < 0)
        return -1;
    if (path_run(&n, "", dir, e) < 0 || crun_root(lab->host, root, e) < 0 || file_mkdirs(dir, 0711, e) < 0 ||
        guest_image_name(lab, m->node, "root", image, e) < 0 ||
        path_make(point, e, "%s/labs/%s/.image-%s", lab->host->run_dir, n.lab, image) < 0)
        return -1;
    if (!file_exists(point) && rootfs_image_mount(lab, image, e) < 0)
        return -1;
    if (rootfs_mount(lab, m->node, image, e) < 0 || write_bundle(lab, m->node, e) < 0 ||
        boot_open(&n, &m->boot, e) < 0)
        return -1;
    crun_id(&n, id);
    for (size_t i = 0; i < 3; i++)
        argv_add(&m->argv, (const char *const[]){"crun", "--root", root}[i]);
    for (size_t i = 0; i < 5; i++)
        argv_add(&m->argv, (const char *const[]){"run", "--detach", "--preserve-fds=1", "--bundle", dir}[i]);
    argv_add(&m->argv, id);
    return 0;
}

/* A node that could not be made leaves nothing behind. */
static void failed(struct batch *b, struct making *m, const struct err *why)
{
    const struct node_ref n = node_ref(m->lab, m->node);
    struct err more;

    close_boot(m);
    boot_close(&n);
    m->why = *why;
    if (remove_locked(&n, 1, &more) < 0)
        err_set(&m->why, why->code, "%.300s (and then: %.180s)", why->msg, more.msg);
    b->report(m->node, &m->why, NULL, 0, b->arg);
}

static void crun_ended(size_t i, bool ran, struct proc_result *r, const struct err *e, void *arg)
{
    struct batch *b = arg;
    struct making *m = &b->m[b->of[i]];
    const struct node_ref n = node_ref(m->lab, m->node);
    struct err why = *e;

    close_boot(m); /* the container's init has the only other one */
    if (ran && r->status == 0 && rootfs_umount(&n, &why) == 0) {
        b->report(m->node, NULL, NULL, 0, b->arg);
        return;
    }
    if (ran && r->status != 0)
        err_set(&why, ERR_TOOL, "crun: %.*s", (int)strcspn(buf_str(&r->err), "\n"), buf_str(&r->err));
    failed(b, m, &why);
}

static int run_batch(struct batch *b, struct err *e)
{
    const struct guest_host *h = b->m[0].lab->host;

    b->nspecs = 0;
    for (size_t i = 0; i < b->n; i++) {
        struct making *m = &b->m[i];
        struct err why = {0};
        if (prepare(m, &why) < 0) {
            failed(b, m, &why);
            continue;
        }
        /* An empty standard input, not /dev/null: crun gives its standard streams to the guest's root. */
        b->specs[b->nspecs] = (struct proc_spec){.argv = argv_get(&m->argv),
                                                 .input = "",
                                                 .timeout_ms = CRUN_MS,
                                                 .output_max = 4096,
                                                 .keep_fds = {m->boot, b->lock},
                                                 .nkeep = 2};
        b->of[b->nspecs++] = i;
    }
    /* A crun waits for the kernel about half of its time. */
    int rc = proc_pool(h->runner, b->specs, b->nspecs, 2 * h->parallel, crun_ended, b, e);
    for (size_t i = 0; i < b->n; i++) {
        close_boot(&b->m[i]);
        argv_clear(&b->m[i].argv);
    }
    return rc;
}

/* One descriptor per node stays open until wait(). */
static void raise_descriptor_limit(void)
{
    struct rlimit r;

    if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
        r.rlim_cur = r.rlim_max;
        setrlimit(RLIMIT_NOFILE, &r);
    }
}

int container_create(const struct guest_lab *lab, const size_t *nodes, size_t n, guest_report_fn *report,
                     void *arg, struct err *e)
{
    char root[PATH_MAX];
    AUTO(mem_freep) struct batch *b = xcalloc(1, sizeof *b);
    int rc = 0;

    if (!lab_id_ok(lab->plan->lab) || lab->uid_base < OCI_ID_RANGE)
        return err_set(e, ERR_INVALID, "the lab has no valid id or no range of user ids");
    if (crun_root(lab->host, root, e) < 0 || file_mkdirs(root, 0711, e) < 0 ||
        cgroup_lab_make(lab->plan->lab, e) < 0)
        return -1;
    raise_descriptor_limit();
    AUTO(mem_closep) int lock = lab_lock(lab->host, lab->plan->lab, e);
    if (lock < 0)
        return -1;
    b->lock = lock;
    rootfs_image_umount(lab->host, lab->plan->lab); /* what a killed worker left */
    b->report = report;
    b->arg = arg;
    for (size_t i = 0; i < n && rc == 0; i++) {
        const struct node_ref ref = node_ref(lab, nodes[i]);
        if (crun_pid(&ref) > 0) {
            report(nodes[i], NULL, NULL, 0, arg);
        } else {
            b->m[b->n++] = (struct making){.lab = lab, .node = nodes[i], .boot = -1};
        }
        if (b->n == BATCH || (i + 1 == n && b->n > 0)) {
            rc = run_batch(b, e);
            b->n = 0;
        }
    }
    rootfs_image_umount(lab->host, lab->plan->lab);
    return rc;
}
