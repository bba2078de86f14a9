/* The driver that runs nodes as containers of crun: one per node, with its own user, pid, mount, uts, ipc,
 * network and cgroup namespaces; root inside is an unprivileged user outside.  container_int.h has the
 * map of the driver's files. */
#include "labd/host/guest/container.h"

#include "labd/base/file.h"
#include "labd/base/mem.h"
#include "labd/host/guest/container_int.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define TUN_DIR "/dev/net"
#define TUN TUN_DIR "/tun"

int container_host_enter(struct buf *notes, struct err *e)
{
    static bool entered; /* of this process: a second namespace would only cost */

    if (!entered) {
        if (geteuid() != 0)
            return err_set(e, ERR_UNSUPPORTED, "driver container needs root");
        if (unshare(CLONE_NEWNS) < 0)
            return err_sys(e, "make a mount namespace");
        if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
            return err_sys(e, "make the mounts private");
        entered = true;
    }
    return cgroup_enter(notes, e);
}

/* Guests may make tun devices: whoever opens TUN needs CAP_NET_ADMIN over the network namespace in which his device
 * is to be (the kernel's drivers/net/tun.c), so udev opens it to everybody.  On a machine without udev it is root's;
 * then labhost's own mount namespace gets one that is open, and the machine's stays as it is. */
static void tun_open_up(struct buf *notes)
{
    struct stat st;

    if (stat(TUN, &st) < 0 || !S_ISCHR(st.st_mode)) {
        buf_puts(notes, "there is no " TUN " on this machine: guests have no tun devices\n");
        return;
    }
    if ((st.st_mode & 06) == 06)
        return;
    if (mount("tun", TUN_DIR, "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755,size=4k") < 0) {
        buf_printf(notes, "mount on " TUN_DIR ": %s; guests have no tun devices\n", strerror(errno));
        return;
    }
    if (mknod(TUN, S_IFCHR, st.st_rdev) < 0 || chmod(TUN, 0666) < 0) {
        buf_printf(notes, "make " TUN ": %s; guests have no tun devices\n", strerror(errno));
        umount2(TUN_DIR, MNT_DETACH);
    }
}

static int container_probe(const struct guest_host *h, struct buf *notes, struct err *e)
{
    if (container_host_enter(notes, e) < 0 || rootfs_probe(h, e) < 0 ||
        proc_checkv(h->runner, NULL, e, "crun", "--version", NULL) < 0) {
        if (e != NULL && e->code == ERR_SYS)
            e->code = ERR_UNSUPPORTED;
        return -1;
    }
    tun_open_up(notes);
    return 0;
}

/* An idle container takes a few megabytes whatever its limit says; a quarter of the limits is what a lab of
 * working nodes was seen to use. */
static int container_memory(const struct guest_host *h, const struct plan *plan, const bool *nodes,
                            struct guest_memory *out, struct err *e)
{
    struct guest_memory m = {.free_mb = meminfo_mb("MemAvailable"), .total_mb = meminfo_mb("MemTotal")};

    (void)h, (void)e;
    for (size_t i = 0; plan != NULL && i < plan->nnodes; i++)
        if (nodes == NULL || nodes[i])
            m.need_mb += plan->nodes[i].memory_mb;
    m.need_mb /= 4;
    *out = m;
    return 0;
}

const struct guest_ops guest_container = {
    .name = "container",
    .wired = true,
    .probe = container_probe,
    .memory = container_memory,
    .create = container_create,
    .wait = container_wait,
    .remove = container_remove,
    .wipe = container_wipe,
    .observe = container_observe,
    .leftovers = container_leftovers,
    .purge = container_purge,
    .exec_argv = container_exec_argv,
    .console = container_console,
};
