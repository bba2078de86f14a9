/* Which Open vSwitch there is, and what this machine can do for wiring. */
#include "labd/host/net/net_impl.h"

#include "labd/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SYSTEM_RUN "/var/run/openvswitch" /* of Debian's openvswitch-switch */

const char *net_datapath_name(enum net_datapath d)
{
    return d == NET_SYSTEM ? "kernel" : "userspace";
}

/* A daemon of Open vSwitch holds a lock on its pidfile for as long as it lives.  A pid alone would lie:
 * it may be a zombie's, or somebody else's by now. */
pid_t net_daemon_pid(const struct net_host *h, const char *program)
{
    char path[PATH_MAX];
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    snprintf(path, sizeof path, "%s/%s.pid", h->run, program);
    AUTO(mem_closep) int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0 || fcntl(fd, F_GETLK, &lock) < 0 || lock.l_type == F_UNLCK)
        return 0;
    return lock.l_pid;
}

int net_host_check(const struct net_host *h, struct err *e)
{
    static const char *const daemons[] = {"ovsdb-server", "ovs-vswitchd"};

    for (size_t i = 0; i < ARRAY_LEN(daemons); i++)
        if (net_daemon_pid(h, daemons[i]) == 0)
            return err_set(e, ERR_UNREACHABLE, "Open vSwitch's %s does not run any more: %s", daemons[i],
                           h->private_ovs ? "restart labhost, which starts it again"
                                          : "start it with \"systemctl restart openvswitch-switch\"");
    return 0;
}

static bool system_answers(struct net_host *h)
{
    AUTO(argv_clear) struct argv a = {0};

    snprintf(h->run, sizeof h->run, "%s", SYSTEM_RUN);
    h->private_ovs = false;
    if (net_host_check(h, NULL) < 0)
        return false;
    net_ovs_begin(&a, h, "ovs-vsctl");
    argv_add(&a, "get");
    argv_add(&a, "Open_vSwitch");
    argv_add(&a, ".");
    argv_add(&a, "_uuid");
    return net_ovs_run(h, &a, NULL, NULL) == 0;
}

/* ---- abilities ---- */

/* Makes a kernel datapath and removes it again, past ovs-vswitchd: asking that one would need a bridge. */
static enum net_datapath find_datapath(const struct net_host *h)
{
    char name[IFNAME_SIZE];
    struct err ignored;

    snprintf(name, sizeof name, "plprobe%d", (int)getpid());
    if (proc_checkv(h->runner, NULL, &ignored, "modprobe", "-q", "openvswitch", NULL) < 0) {
        /* built in, loaded already, or not there: the next step tells */
    }
    if (proc_checkv(h->runner, NULL, &ignored, "ovs-dpctl", "add-dp", name, NULL) < 0)
        return NET_NETDEV;
    if (proc_checkv(h->runner, NULL, &ignored, "ovs-dpctl", "del-dp", name, NULL) < 0)
        return NET_NETDEV;
    return NET_SYSTEM;
}

static void find_abilities(struct net_host *h, struct buf *notes)
{
    struct err ignored;

    h->datapath = find_datapath(h);
    /* Tried in a network namespace that ends with the program; every one has an "lo". */
    h->netem = proc_checkv(h->runner, NULL, &ignored, "unshare", "-n", "tc", "qdisc", "add", "dev", "lo",
                           "root", "netem", "delay", "1ms", NULL) == 0;
    h->ifb = h->netem && h->datapath == NET_SYSTEM &&
             proc_checkv(h->runner, NULL, &ignored, "unshare", "-n", "ip", "link", "add", "plprobe", "type",
                         "ifb", NULL) == 0;
    if (h->datapath == NET_NETDEV)
        buf_puts(notes, "no openvswitch kernel module: the userspace datapath forwards, more slowly\n");
    if (!h->netem)
        buf_puts(notes, "no netem in this kernel: links with impairments are refused\n");
    else if (!h->ifb)
        buf_puts(
            notes,
            "no ifb redirection here: what a node sends into a hub, network or switch cannot be impaired\n");
}

/* Open vSwitch 3.1 counts the processors at most every 10 s by a clock that starts with the machine
 * (count_cpu_cores()); a kernel datapath made earlier than 10 s after boot gets no thread for its upcalls and
 * loses every packet. */
static void wait_for_clock(void)
{
    const struct timespec ready = {.tv_sec = 10, .tv_nsec = 100000000};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ready, NULL) == EINTR) {
    }
}

/* A private instance that runs already has our labs: it comes first, even if the machine has got one of its
 * own meanwhile. */
static bool private_lives(const struct net_host *h)
{
    return net_daemon_pid(h, "ovs-vswitchd") > 0 || net_daemon_pid(h, "ovsdb-server") > 0;
}

int net_host_open(const struct net_options *o, struct net_host *out, struct buf *notes, struct err *e)
{
    struct net_host h = {.runner = o->runner, .private_ovs = true};
    struct net_host shared;

    if (strlen(o->run_dir) + sizeof "/ovs" > sizeof h.run)
        return err_set(e, ERR_INVALID, "the path of the run folder is too long");
    snprintf(h.run, sizeof h.run, "%.*s/ovs", (int)sizeof h.run - 8, o->run_dir);
    snprintf(h.owner, sizeof h.owner, "%08x", name_hash(o->run_dir));
    net_internet_start(&h, o, notes);
    shared = h;
    if (!o->private_ovs && !private_lives(&h) && system_answers(&shared))
        h = shared;
    else if (net_private_open(&h, e) < 0) {
        net_internet_end(&h);
        return err_wrap(e, "start Open vSwitch");
    }
    find_abilities(&h, notes);
    if (h.datapath == NET_SYSTEM)
        wait_for_clock();
    *out = h;
    return 0;
}

int net_host_close(const struct net_host *h, struct err *e)
{
    if (h->internet)
        net_internet_stop(h);
    net_internet_end(h);
    if (!h->private_ovs)
        return 0;
    return net_private_close(h, e);
}
