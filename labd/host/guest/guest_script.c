#include "labd/host/guest/guest_script.h"

#include "labd/base/file.h"
#include "labd/base/mem.h"
#include "labd/host/guest/container.h"
#include "labd/host/guest/container_int.h"
#include "labd/host/guest/oci_config.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#define IMAGE "base"
#define UIDS 64000u /* of the lab's own, from this one on: no guest's system user */
#define DEATH_MS 10000u
#define NICE "10" /* it must not take the machine from the guests that it looks at */

struct running {
    char name[16]; /* in place of a node's; no node has a name with a dot */
    struct argv argv;
};

/* The unpacked image or, where guests need none, the packed one, mounted in a mount namespace of this process's own: it
 * goes with it. */
static int image_find(const struct guest_lab *lab, char *rootfs, struct err *e)
{
    const struct node_ref ref = {lab->host, lab->plan->lab, ".script-image"};
    char packed[PATH_MAX];

    if (path_make(rootfs, e, "%s/" IMAGE "/root", lab->host->image_dir) < 0 ||
        path_make(packed, e, "%s/" IMAGE "/root.squashfs", lab->host->image_dir) < 0)
        return -1;
    if (file_exists(rootfs))
        return 0;
    if (!file_exists(packed))
        return err_set(e, ERR_UNSUPPORTED,
                       "checks of the kind script need the guest image %s; build it with 'make image'",
                       packed);
    if (path_run(&ref, "", rootfs, e) < 0 || file_mkdirs(rootfs, 0700, e) < 0)
        return -1;
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
        return err_sys(e, "make a mount namespace");
    return proc_checkv(lab->host->runner, NULL, e, "mount", "-t", "squashfs", "-o", "loop,ro,nosuid,nodev",
                       packed, rootfs, NULL);
}

static int image_release(const struct guest_lab *lab, struct err *e)
{
    const struct node_ref ref = {lab->host, lab->plan->lab, ".script-image"};
    char point[PATH_MAX];

    if (path_run(&ref, "", point, e) < 0)
        return -1;
    if (umount2(point, UMOUNT_NOFOLLOW) < 0 && errno != EINVAL && errno != ENOENT)
        return err_sys(e, "unmount %s", point);
    return rmdir(point) < 0 && errno != ENOENT ? err_sys(e, "remove mount point %s", point) : 0;
}

static int usable(const struct guest_host *h, struct err *e)
{
    AUTO(buf_clear) struct buf notes = BUF_INIT;

    if (proc_checkv(h->runner, NULL, e, "crun", "--version", NULL) < 0) {
        if (e != NULL)
            e->code = ERR_UNSUPPORTED;
        return err_wrap(e, "checks of the kind script need crun");
    }
    return container_host_enter(&notes, e);
}

/* Also what a caller that was killed has left. */
static int clear(const struct guest_lab *lab, const char *name, struct err *e)
{
    const struct node_ref ref = {lab->host, lab->plan->lab, name};
    char dir[PATH_MAX];

    if (cgroup_remove(&ref, DEATH_MS, e) < 0 || path_run(&ref, "", dir, e) < 0)
        return -1;
    return file_remove_tree(dir, e);
}

static int prepare(const struct guest_lab *lab, const struct guest_script *s, unsigned i, const char *rootfs,
                   struct running *r, struct err *e)
{
    const struct cgroup_limits have = cgroup_limits();
    const struct node_ref ref = {lab->host, lab->plan->lab, r->name};
    char dir[PATH_MAX], config[PATH_MAX], program[PATH_MAX], cgroup[PATH_MAX];

    if (clear(lab, r->name, e) < 0 || path_run(&ref, "", dir, e) < 0 ||
        path_run(&ref, "/config.json", config, e) < 0 || path_run(&ref, "/program", program, e) < 0 ||
        path_make(cgroup, e, CGROUP_OURS "/%s/%s", lab->plan->lab, r->name) < 0 ||
        file_mkdirs(dir, 0700, e) < 0)
        return -1;
    const struct oci_script o = {.rootfs = rootfs,
                                 .program = program,
                                 .timeout_ms = s->timeout_ms,
                                 .hostname = s->hostname,
                                 .cgroup = cgroup,
                                 .uid = lab->uid_base + UIDS + i,
                                 .limit_memory = have.memory,
                                 .limit_pids = have.pids};
    AUTO(mem_freep) char *text = oci_script_config(&o);
    if (file_write_atomic(config, text, strlen(text), 0600, e) < 0 ||
        file_write_atomic(program, s->program, strlen(s->program), 0555, e) < 0)
        return -1;
    /* crun is the first process of a PID namespace that ends with unshare, and that with us: so whatever kills us, or
     * unshare when its time is over, kills the container, too. */
    argv_add(&r->argv, "nice");
    argv_add(&r->argv, "-n");
    argv_add(&r->argv, NICE);
    argv_add(&r->argv, "nsenter");
    argv_addf(&r->argv, "--net=/proc/%d/ns/net", (int)s->netns);
    argv_add(&r->argv, "unshare");
    argv_add(&r->argv, "--pid");
    argv_add(&r->argv, "--kill-child");
    argv_add(&r->argv, "--mount-proc");
    argv_add(&r->argv, "crun");
    argv_addf(&r->argv, "--root=%s/crun", dir);
    argv_add(&r->argv, "run");
    argv_addf(&r->argv, "--bundle=%s", dir);
    argv_addf(&r->argv, "script-%u", i);
    return 0;
}

static int run_all(const struct guest_lab *lab, const struct guest_script *v, size_t n, struct running *r,
                   proc_done_fn *done, void *arg, struct err *e)
{
    AUTO(mem_freep) struct proc_spec *specs = xcalloc(n + 1, sizeof *specs);
    char rootfs[PATH_MAX];

    if (usable(lab->host, e) < 0 || image_find(lab, rootfs, e) < 0 || cgroup_lab_make(lab->plan->lab, e) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (prepare(lab, &v[i], (unsigned)i, rootfs, &r[i], e) < 0)
            return -1;
        specs[i] = (struct proc_spec){.argv = argv_get(&r[i].argv),
                                      .input = "",
                                      .timeout_ms = v[i].timeout_ms + v[i].start_ms,
                                      .output_max = v[i].printed_max};
    }
    return proc_pool(lab->host->runner, specs, n, (unsigned)n, done, arg, e);
}

int guest_scripts_run(const struct guest_lab *lab, const struct guest_script *v, size_t n, proc_done_fn *done,
                      void *arg, struct err *e)
{
    AUTO(mem_freep) struct running *r = xcalloc(n + 1, sizeof *r);
    struct err late;
    int rc;

    if (!lab_id_ok(lab->plan->lab) || lab->uid_base < OCI_ID_RANGE)
        return err_set(e, ERR_INVALID, "the lab has no valid id or no range of user ids");
    for (size_t i = 0; i < n; i++)
        snprintf(r[i].name, sizeof r[i].name, ".script-%u", (unsigned)i & 0xff);
    rc = run_all(lab, v, n, r, done, arg, e);
    for (size_t i = 0; i < n; i++) {
        if (clear(lab, r[i].name, &late) < 0 && rc == 0) {
            *e = late;
            rc = -1;
        }
        argv_clear(&r[i].argv);
    }
    if (image_release(lab, &late) < 0 && rc == 0) {
        *e = late;
        rc = -1;
    }
    cgroup_lab_remove(lab->plan->lab);
    return rc;
}
