/* Taking containers away.  There is one way, and it does not ask crun: it works as well on what is half
 * made or damaged.  All of a node's processes are in its control group and die by one write; then its
 * mounts, crun's record and the bundle go, the bundle last, so that an interrupted removal is found
 * again. */
#include "labd/host/guest/container_int.h"

#include "labd/base/file.h"
#include "labd/base/mem.h"
#include "labd/host/guest/guest_result.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DEATH_MS 10000u

static int kill_node(const struct node_ref *n, struct err *e)
{
    pid_t pid = crun_pid(n);
    char run[PATH_MAX];

    /* First: if we are killed now, nobody takes the dying guest for one that runs. */
    if (path_run(n, "", run, e) < 0 || guest_result_remove(run, e) < 0)
        return -1;
    cgroup_kill(n);
    /* Its init may not have reached the group yet; it takes all processes of its pid namespace along. */
    int fd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
    if (fd >= 0) {
        if (crun_pid(n) == pid)
            syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
        close(fd);
    }
    return 0;
}

static int remove_dead(const struct node_ref *n, struct err *e)
{
    char root[PATH_MAX], path[PATH_MAX], id[80];

    crun_id(n, id);
    if (cgroup_remove(n, DEATH_MS, e) < 0 || rootfs_umount(n, e) < 0 || crun_root(n->host, root, e) < 0 ||
        path_make(path, e, "%s/%s", root, id) < 0 || file_remove_tree(path, e) < 0 ||
        path_run(n, "", path, e) < 0)
        return -1;
    return file_remove_tree(path, e);
}

/* All die first, so that the kernel takes them down side by side. */
int remove_locked(const struct node_ref *refs, size_t n, struct err *e)
{
    struct err why;
    int rc = 0;

    for (size_t i = 0; i < n; i++) {
        boot_close(&refs[i]);
        if (kill_node(&refs[i], e) < 0)
            return err_wrap(e, "node %s", refs[i].node);
    }
    for (size_t i = 0; i < n; i++) {
        if (remove_dead(&refs[i], &why) == 0)
            continue;
        if (rc == 0 && e != NULL)
            *e = why;
        rc = err_wrap(rc == 0 ? e : NULL, "node %s", refs[i].node);
    }
    return rc;
}

int container_remove(const struct guest_lab *lab, const size_t *nodes, size_t n, struct err *e)
{
    AUTO(mem_freep) struct node_ref *refs = xcalloc(n + 1, sizeof *refs);

    for (size_t i = 0; i < n; i++)
        refs[i] = node_ref(lab, nodes[i]);
    AUTO(mem_closep) int lock = lab_lock(lab->host, lab->plan->lab, e);
    if (lock < 0)
        return -1;
    int rc = remove_locked(refs, n, e);
    cgroup_lab_remove(lab->plan->lab);
    return rc;
}

int container_wipe(const struct guest_lab *lab, size_t node, struct err *e)
{
    const struct node_ref n = node_ref(lab, node);
    char path[PATH_MAX], seeded[PATH_MAX];

    if (crun_pid(&n) > 0)
        return err_set(e, ERR_CONFLICT, "node %s runs; remove it before its work is discarded", n.node);
    if (path_state(&n, "/seeded", seeded, e) < 0 || path_state(&n, "", path, e) < 0)
        return -1;
    /* Without this mark the layer counts as unfinished, so an interrupted wipe is completed by create(). */
    if (unlink(seeded) < 0 && errno != ENOENT && errno != ENOTDIR)
        return err_sys(e, "remove %s", seeded);
    return file_remove_tree(path, e);
}

/* ---- labs without a plan ---- */

static void add_crun_node(const char *id, void *arg)
{
    struct names *s = arg;

    if (strncmp(id, s->lab, LAB_ID_LEN) == 0 && id[LAB_ID_LEN] == '-')
        add_node(id + LAB_ID_LEN + 1, s);
}

static void add_lab(const char *name, void *arg)
{
    if (lab_id_ok(name))
        names_add(arg, name);
}

static void add_crun_lab(const char *id, void *arg)
{
    char lab[LAB_ID_SIZE];

    snprintf(lab, sizeof lab, "%.*s", LAB_ID_LEN, id);
    if (strlen(id) > LAB_ID_LEN && id[LAB_ID_LEN] == '-')
        add_lab(lab, arg);
}

static void nodes_of(const struct guest_host *h, const char *lab, struct names *out)
{
    char dir[PATH_MAX];

    if (path_make(dir, NULL, "%s/labs/%s", h->run_dir, lab) == 0)
        each_entry(dir, add_node, out);
    if (path_make(dir, NULL, CGROUP_ROOT CGROUP_OURS "/%s", lab) == 0)
        each_entry(dir, add_node, out);
    if (crun_root(h, dir, NULL) == 0)
        each_entry(dir, add_crun_node, out);
}

int container_purge(const struct guest_host *h, const char *lab, struct err *e)
{
    AUTO(names_clear) struct names nodes = {.lab = lab};

    if (!lab_id_ok(lab))
        return err_set(e, ERR_INVALID, "'%.16s' is no lab id", lab);
    AUTO(mem_closep) int lock = lab_lock(h, lab, e);
    if (lock < 0)
        return -1;
    nodes_of(h, lab, &nodes);
    AUTO(mem_freep) struct node_ref *refs = xcalloc(nodes.n + 1, sizeof *refs);
    for (size_t i = 0; i < nodes.n; i++)
        refs[i] = (struct node_ref){h, lab, nodes.v[i]};
    if (remove_locked(refs, nodes.n, e) < 0)
        return -1;
    rootfs_image_umount(h, lab);
    cgroup_lab_remove(lab);
    return lab_remove_folders(h, lab, e);
}

/* Control groups are not asked: they are one for the machine, and another labhost's labs are in them. */
int container_leftovers(const struct guest_host *h, void (*each)(const char *lab, void *arg), void *arg,
                        struct err *e)
{
    AUTO(names_clear) struct names labs = {0};
    char dir[PATH_MAX];

    if (crun_root(h, dir, e) < 0)
        return -1;
    each_entry(dir, add_crun_lab, &labs);
    if (labs_with_nodes(h, &labs, e) < 0)
        return -1;
    for (size_t i = 0; i < labs.n; i++)
        each(labs.v[i], arg);
    return 0;
}
