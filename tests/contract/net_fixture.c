/* See net_fixture.h.  Not a program: included by the tests of the net layer. */
#include "tests/contract/net_fixture.h"

#include "labd/base/file.h"
#include "labd/base/loop.h"
#include "labd/base/mem.h"
#include "topology/topo.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

char run_dir[64];
struct net_host host;
struct plan *plan;
pid_t pids[NODES_MAX];

void pause_ms(long ms)
{
    const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    nanosleep(&t, NULL);
}

/* ---- guests ---- */

static int enter(pid_t pid)
{
    char path[48];

    snprintf(path, sizeof path, "/proc/%d/ns/net", (int)pid);
    AUTO(mem_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -1 : setns(fd, CLONE_NEWNET);
}

/* A process in a fresh network namespace without IPv6, so that it says nothing by itself. */
pid_t guest_new(void)
{
    int ready[2];
    char c;
    pid_t pid, me = getpid();

    assert_int_equal(pipe(ready), 0);
    assert_true((pid = fork()) >= 0);
    if (pid == 0) {
        struct err e;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != me || unshare(CLONE_NEWNET) < 0 ||
            file_write_once("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1", &e) < 0 ||
            write(ready[1], "r", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &c, 1), 1);
    close(ready[0]);
    return pid;
}

void guest_end(pid_t *pid)
{
    if (*pid <= 0)
        return;
    kill(*pid, SIGKILL);
    waitpid(*pid, NULL, 0);
    *pid = 0;
}

int shell(pid_t pid, const char *text)
{
    AUTO(mem_freep) char *target = xasprintf("%d", (int)pid);
    AUTO(proc_result_clear) struct proc_result r = {0};
    const char *argv[] = {"nsenter", "-n", "-t", target, "sh", "-ec", text, NULL};
    const struct proc_spec s = {.argv = argv, .timeout_ms = 30000};
    struct err e;

    if (proc_run(NULL, &s, &r, &e) < 0)
        fail_msg("%s: %s", text, e.msg);
    return r.status;
}

/* Brings eth0 of node 'i' up with 10.0.0.(i+1)/24. */
void guest_up(size_t i)
{
    AUTO(mem_freep) char *text = xasprintf("ip addr add 10.0.0.%zu/24 dev eth0; ip link set eth0 up", i + 1);

    assert_int_equal(shell(pids[i], text), 0);
}

/* Tries for five seconds: a device drops what it is given in the moment in which its carrier comes. */
bool ping(size_t from, size_t to, const char *options)
{
    AUTO(mem_freep) char *text = xasprintf("ping -n -q -c 1 -i 0.2 -w 5 %s 10.0.0.%zu", options, to + 1);

    return shell(pids[from], text) == 0;
}

/* A socket stays in the namespace that it was made in. */
int socket_in(pid_t pid, int domain, int type, int protocol)
{
    AUTO(mem_closep) int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

    assert_true(home >= 0);
    assert_int_equal(enter(pid), 0);
    int fd = socket(domain, type | SOCK_CLOEXEC, protocol);
    assert_int_equal(setns(home, CLONE_NEWNET), 0);
    assert_true(fd >= 0);
    return fd;
}

int wire_of(pid_t pid, const char *dev)
{
    int fd = socket_in(pid, AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
    struct ifreq r = {0};

    snprintf(r.ifr_name, sizeof r.ifr_name, "%s", dev);
    assert_int_equal(ioctl(fd, SIOCGIFINDEX, &r), 0);
    const struct sockaddr_ll a = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = r.ifr_ifindex};
    assert_int_equal(bind(fd, (const struct sockaddr *)&a, sizeof a), 0);
    /* all multicast, as a bridge in the guest would see it */
    const struct packet_mreq m = {.mr_ifindex = r.ifr_ifindex, .mr_type = PACKET_MR_PROMISC};
    assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &m, sizeof m), 0);
    const int one = 1;
    assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &one, sizeof one), 0);
    return fd;
}

/* Waits for it: the kernel tells of a carrier up to a second late. */
bool carrier(size_t node, bool want)
{
    int64_t due = loop_now_ms() + 3000;
    AUTO(mem_closep) int fd = socket_in(pids[node], AF_INET, SOCK_DGRAM, 0);
    struct ifreq r = {.ifr_name = "eth0"};

    do {
        pause_ms(10);
        assert_int_equal(ioctl(fd, SIOCGIFFLAGS, &r), 0);
    } while (!(r.ifr_flags & IFF_RUNNING) == want && loop_now_ms() < due);
    return !(r.ifr_flags & IFF_RUNNING) != want;
}

/* An Ethernet frame with 'mark' in it, which makes it known again; 'vlan' 0: no tag. */
struct frame frame_new(const char *to, unsigned char from, unsigned vlan, uint16_t type, const char *mark,
                       size_t size)
{
    struct frame f = {.n = 12};

    for (size_t i = 0; i < 6; i++)
        f.b[i] = (unsigned char)strtoul(to + 3 * i, NULL, 16);
    memcpy(f.b + 6, (const unsigned char[]){0x02, 0, 0, 0, 0, from}, 6);
    if (vlan != 0) {
        memcpy(f.b + f.n, (const unsigned char[]){0x81, 0, (unsigned char)(vlan >> 8), (unsigned char)vlan},
               4);
        f.n += 4;
    }
    f.b[f.n++] = (unsigned char)(type >> 8);
    f.b[f.n++] = (unsigned char)type;
    snprintf((char *)f.b + f.n, 32, "%s", mark);
    f.n = size;
    return f;
}

void frame_send(int fd, const struct frame *f)
{
    assert_int_equal(send(fd, f->b, f->n, 0), f->n);
}

/* How many frames with 'mark' come in within 'ms' (returns early at 'enough'); '*tag' is the last one's. */
int frames_seen(int fd, const char *mark, int enough, int ms, unsigned *tag, size_t *size)
{
    int64_t due = loop_now_ms() + ms;
    int n = 0;

    while (n < enough && loop_now_ms() < due) {
        static unsigned char b[16384];
        char control[128];
        struct sockaddr_ll from;
        struct iovec v = {b, sizeof b};
        struct msghdr m = {.msg_name = &from,
                           .msg_namelen = sizeof from,
                           .msg_iov = &v,
                           .msg_iovlen = 1,
                           .msg_control = control,
                           .msg_controllen = sizeof control};
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, (int)(due - loop_now_ms())) <= 0)
            break;
        ssize_t got = recvmsg(fd, &m, MSG_DONTWAIT);
        if (got <= 0 || from.sll_pkttype == PACKET_OUTGOING)
            continue;
        if (mark != NULL && memmem(b, (size_t)got, mark, strlen(mark)) == NULL)
            continue;
        if (tag != NULL)
            *tag = 0;
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c != NULL && tag != NULL; c = CMSG_NXTHDR(&m, c)) {
            struct tpacket_auxdata aux;
            memcpy(&aux, CMSG_DATA(c), sizeof aux);
            if (c->cmsg_type == PACKET_AUXDATA && (aux.tp_status & TP_STATUS_VLAN_VALID))
                *tag = aux.tp_vlan_tci & 0xfff;
        }
        if (size != NULL)
            *size = (size_t)got;
        n++;
    }
    return n;
}

/* ---- the lab ---- */

void lab_plan(const char *xml)
{
    struct err e = {0};

    AUTO(topo_freep) struct topo *t = topo_load_mem(xml, strlen(xml), NULL, &e);
    if (t == NULL)
        fail_msg("topology: %s", e.msg);
    plan = plan_make(t, LAB, &e);
    if (plan == NULL) {
        fail_msg("plan: %s", e.msg);
        return;
    }
    assert_true(plan->nnodes <= NODES_MAX);
}

void lab_start(const char *xml)
{
    struct err e = {0};

    lab_plan(xml);
    for (size_t i = 0; i < plan->nnodes; i++)
        pids[i] = guest_new();
    if (net_attach(&host, plan, pids, &e) < 0)
        fail_msg("attach: %s", e.msg);
}

char *capture(const char *const *argv)
{
    struct buf out = BUF_INIT;
    const struct proc_spec s = {.argv = argv};
    struct err e;

    if (proc_check(NULL, &s, &out, &e) < 0)
        fail_msg("%s", e.msg);
    return buf_take(&out);
}

/* Flows, groups and ports of the wires bridge, and the kernel's devices. */
char *everything(void)
{
    AUTO(mem_freep)
    char *text = xasprintf(
        "export OVS_RUNDIR=%s; for b in $(ovs-vsctl list-br | sort); do echo $b; "
        "ovs-ofctl -OOpenFlow15 --no-stats dump-flows unix:%s/$b.mgmt | sed 's/ duration=[^,]*,//'; "
        "ovs-ofctl -OOpenFlow15 dump-groups unix:%s/$b.mgmt | grep -v REPLY; "
        "ovs-vsctl --columns=name,ofport,error find Interface; ovs-vsctl --columns=name,tag,trunks,vlan_mode find Port; "
        "done; ip -o link | cut -d' ' -f1-3,5 | grep -v ovs-netdev",
        host.run, host.run, host.run);
    const char *argv[] = {"sh", "-c", text, NULL};

    return capture(argv);
}

static bool nothing_left(void)
{
    AUTO(mem_freep)
    char *text =
        xasprintf("OVS_RUNDIR=%s ovs-vsctl list-br; ip -o link | grep -o 'pl[a-z0-9.]*'; true", host.run);
    const char *argv[] = {"sh", "-c", text, NULL};
    AUTO(mem_freep) char *out = capture(argv);

    return out[0] == '\0';
}

int lab_end(void **state)
{
    struct err e = {0};
    int rc = 0;

    (void)state;
    for (size_t i = 0; i < NODES_MAX; i++)
        guest_end(&pids[i]);
    if (net_detach(&host, LAB, &e) < 0) {
        print_error("detach: %s\n", e.msg);
        rc = -1;
    }
    int64_t due = loop_now_ms() + 10000;
    while (!nothing_left() && loop_now_ms() < due)
        pause_ms(20);
    if (!nothing_left()) {
        AUTO(mem_freep) char *left = everything();
        print_error("left behind:\n%s\n", left);
        rc = -1;
    }
    plan_free(TAKE(plan));
    return rc;
}

/* ---- Open vSwitch ---- */

int open_host(void **state)
{
    AUTO(buf_clear) struct buf notes = BUF_INIT;
    struct err e = {0};

    (void)state;
    snprintf(run_dir, sizeof run_dir, "/tmp/paralab-net-XXXXXX");
    if (geteuid() != 0) {
        print_error("this test needs root\n");
        return -1;
    }
    if (mkdtemp(run_dir) == NULL)
        return -1;
    const struct net_options o = {.run_dir = run_dir, .private_ovs = true};
    if (net_host_open(&o, &host, &notes, &e) < 0) {
        print_error("%s\n", e.msg);
        return -1;
    }
    print_message("datapath %s, netem %d\n%s", net_datapath_name(host.datapath), host.netem, buf_str(&notes));
    return 0;
}

int close_host(void **state)
{
    struct err e = {0};

    (void)state;
    if (net_host_close(&host, &e) < 0 || file_remove_tree(run_dir, &e) < 0) {
        print_error("%s\n", e.msg);
        return -1;
    }
    return net_daemon_pid(&host, "ovs-vswitchd") == 0 ? 0 : -1;
}
