/* Devices: veth pairs made by one "ip -batch", and what makes their ends fit for a lab.
 *
 * A host-side end gets IPv6 switched off before it goes up, so that no router solicitation, MLD report or
 * neighbour of the host appears on a lab's wire.  On the userspace datapath both ends of a pair get
 * checksum offload off: ovs-vswitchd reads frames from a packet socket and would pass on unfinished
 * checksums (ping works, TCP stalls); segmentation offload goes with it. */
#include "labd/host/net/net_impl.h"

#include "labd/base/file.h"
#include "labd/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

uint32_t net_dev_group(const char *lab)
{
    uint32_t n = 0;

    for (const char *c = lab; *c != '\0'; c++)
        n = n * 36 + (uint32_t)(*c >= 'a' ? *c - 'a' : *c - '0' + 26);
    return n + 1; /* 0 is everybody's; the largest is below 2^31, as "ip" wants */
}

void net_dev_add_line(struct buf *batch, const struct plan *p, size_t port, pid_t pid)
{
    const struct plan_port *q = &p->ports[port];

    buf_printf(batch, "link add %s group %u mtu %u type veth peer name ", q->dev, net_dev_group(p->lab),
               NET_MTU);
    if (q->peer >= 0) {
        buf_printf(batch, "%s mtu %u\n", p->ports[q->peer].dev, NET_MTU);
        return;
    }
    const struct plan_iface *f = &p->nodes[q->node].ifaces[q->iface];
    buf_printf(batch, "%s address %s mtu %u netns %d\n", f->name, f->mac, f->mtu, (int)pid);
}

int net_ip_batch(const struct net_host *h, const struct buf *batch, bool force, struct err *e)
{
    const char *argv[] = {"ip", force ? "-force" : "-batch", force ? "-batch" : "-", force ? "-" : NULL,
                          NULL};
    const struct proc_spec s = {.argv = argv, .input = batch->data, .input_len = batch->len};
    struct proc_result r = {0};

    if (batch->len == 0)
        return 0;
    if (!force)
        return proc_check(h->runner, &s, NULL, e);
    int rc = proc_run(h->runner, &s, &r, e); /* whatever its status: some of it is gone already */
    proc_result_clear(&r);
    return rc;
}

static int checksum_off(int fd, const char *dev)
{
    struct ethtool_value v = {.cmd = ETHTOOL_STXCSUM, .data = 0};
    struct ifreq r = {.ifr_data = (void *)&v};

    snprintf(r.ifr_name, sizeof r.ifr_name, "%s", dev);
    return ioctl(fd, SIOCETHTOOL, &r);
}

/* A device without an entry there has no IPv6 to switch off. */
static int ipv6_off(const char *dev, struct err *e)
{
    char path[96];

    snprintf(path, sizeof path, "/proc/sys/net/ipv6/conf/%s/disable_ipv6", dev);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : err_sys(e, "open %s", path);
    bool ok = write(fd, "1", 1) == 1;
    if (!ok)
        err_sys(e, "switch IPv6 off on %s", dev);
    close(fd);
    return ok ? 0 : -1;
}

int net_dev_quiet(const struct net_host *h, const char *dev, struct err *e)
{
    if (ipv6_off(dev, e) < 0)
        return -1;
    if (h->datapath != NET_NETDEV)
        return 0;
    AUTO(mem_closep) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_sys(e, "socket");
    if (checksum_off(fd, dev) < 0 && errno != ENODEV)
        return err_sys(e, "switch checksum offload off on %s", dev);
    return 0;
}

int net_pid_check(pid_t pid, struct err *e)
{
    char path[48];
    struct stat home, st;

    snprintf(path, sizeof path, "/proc/%d/ns/net", (int)pid);
    if (stat("/proc/self/ns/net", &home) < 0 || stat(path, &st) < 0)
        return err_sys(e, "look at the network namespace of process %d", (int)pid);
    if (st.st_ino == home.st_ino && st.st_dev == home.st_dev)
        return err_set(e, ERR_INVALID, "process %d has no network namespace of its own", (int)pid);
    return 0;
}

/* Of IPv6 if there is any. */
static int forward(struct err *e)
{
    static const char *const ipv4 = "/proc/sys/net/ipv4/ip_forward",
                             *const ipv6 = "/proc/sys/net/ipv6/conf/all/forwarding";

    return file_write_once(ipv4, "1", e) < 0 || (file_exists(ipv6) && file_write_once(ipv6, "1", e) < 0) ? -1
                                                                                                         : 0;
}

/* In the visitor. */
static int visit(const struct net_host *h, const struct net_far_end *x, struct err *e)
{
    char of_pid[48];
    const char *path = x->netns != NULL ? x->netns : of_pid;

    snprintf(of_pid, sizeof of_pid, "/proc/%d/ns/net", (int)x->pid);
    if (x->netns != NULL && setns(x->mounts, CLONE_NEWNS) < 0)
        return err_sys(e, "enter the mount namespace of %s", path);
    AUTO(mem_closep) int ns = open(path, O_RDONLY | O_CLOEXEC);
    if (ns < 0)
        return err_sys(e, "open the network namespace %s", path);
    if (setns(ns, CLONE_NEWNET) < 0)
        return err_sys(e, "enter the network namespace %s", path);
    if ((x->no_ipv6 && ipv6_off(x->dev, e) < 0) || (x->forwards && forward(e) < 0))
        return -1;
    if (h->datapath != NET_NETDEV)
        return 0;
    AUTO(mem_closep) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_sys(e, "socket");
    if (checksum_off(fd, x->dev) < 0)
        return err_sys(e, "switch checksum offload off on %s in %s", x->dev, path);
    return 0;
}

/* One child goes through all namespaces, since leaving the own one cannot be undone safely. */
int net_far_quiet(const struct net_host *h, const struct net_far_end *v, size_t n, struct err *e)
{
    int report[2];
    struct err why = {0};

    if (n == 0)
        return 0;
    for (size_t i = 0; i < n; i++)
        if (v[i].netns == NULL && net_pid_check(v[i].pid, e) < 0)
            return -1;
    if (pipe2(report, O_CLOEXEC) < 0)
        return err_sys(e, "pipe");
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int rc = getppid() == parent ? 0 : -1;
        for (size_t i = 0; i < n && rc == 0; i++)
            rc = visit(h, &v[i], &why);
        _exit(rc < 0 && write(report[1], &why, sizeof why) < 0 ? 2 : rc < 0);
    }
    close(report[1]);
    if (pid < 0) {
        err_sys(e, "fork");
        close(report[0]);
        return -1;
    }
    int status = 0;
    ssize_t got = read(report[0], &why, sizeof why);
    close(report[0]);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (got == (ssize_t)sizeof why) {
        *e = why;
        return -1;
    }
    if (status != 0)
        return err_set(e, ERR_SYS, "the process that prepares the guests' interfaces died");
    return 0;
}
