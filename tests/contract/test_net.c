/* The net layer on real parts: a private Open vSwitch in a run folder of this test, and network namespaces
 * for guests.  Needs root; runs beside any other instance and leaves nothing. */
#include "labd/base/file.h"
#include "labd/base/loop.h"
#include "labd/base/mem.h"
#include "labd/host/net/net_impl.h"
#include "topology/topo.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define LAB "nettst"
#define NODES_MAX 8

static char run_dir[64];
static struct net_host host;
static struct plan *plan;
static pid_t pids[NODES_MAX];

#define OK(call) \
    do { \
        struct err x_ = {0}; \
        if ((call) < 0) \
            fail_msg("%s: %s", #call, x_.msg); \
    } while (0)

static void pause_ms(long ms)
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
static pid_t guest_new(void)
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

static void guest_end(pid_t *pid)
{
    if (*pid <= 0)
        return;
    kill(*pid, SIGKILL);
    waitpid(*pid, NULL, 0);
    *pid = 0;
}

static int shell(pid_t pid, const char *text)
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
static void guest_up(size_t i)
{
    AUTO(mem_freep) char *text = xasprintf("ip addr add 10.0.0.%zu/24 dev eth0; ip link set eth0 up", i + 1);

    assert_int_equal(shell(pids[i], text), 0);
}

/* Tries for five seconds: a device drops what it is given in the moment in which its carrier comes. */
static bool ping(size_t from, size_t to, const char *options)
{
    AUTO(mem_freep) char *text = xasprintf("ping -n -q -c 1 -i 0.2 -w 5 %s 10.0.0.%zu", options, to + 1);

    return shell(pids[from], text) == 0;
}

/* A socket stays in the namespace that it was made in. */
static int socket_in(pid_t pid, int domain, int type, int protocol)
{
    AUTO(mem_closep) int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

    assert_true(home >= 0);
    assert_int_equal(enter(pid), 0);
    int fd = socket(domain, type | SOCK_CLOEXEC, protocol);
    assert_int_equal(setns(home, CLONE_NEWNET), 0);
    assert_true(fd >= 0);
    return fd;
}

static int wire_of(pid_t pid, const char *dev)
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
static bool carrier(size_t node, bool want)
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

struct frame {
    unsigned char b[9100];
    size_t n;
};

/* An Ethernet frame with 'mark' in it, which makes it known again; 'vlan' 0: no tag. */
static struct frame frame_new(const char *to, unsigned char from, unsigned vlan, uint16_t type,
                              const char *mark, size_t size)
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

#define PLAIN 0x88b5 /* for local experiments, IEEE 802 */

static void frame_send(int fd, const struct frame *f)
{
    assert_int_equal(send(fd, f->b, f->n, 0), f->n);
}

/* How many frames with 'mark' come in within 'ms' (returns early at 'enough'); '*tag' is the last one's. */
static int frames_seen(int fd, const char *mark, int enough, int ms, unsigned *tag, size_t *size)
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

static void lab_plan(const char *xml)
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

static void lab_start(const char *xml)
{
    struct err e = {0};

    lab_plan(xml);
    for (size_t i = 0; i < plan->nnodes; i++)
        pids[i] = guest_new();
    if (net_attach(&host, plan, pids, &e) < 0)
        fail_msg("attach: %s", e.msg);
}

static char *capture(const char *const *argv)
{
    struct buf out = BUF_INIT;
    const struct proc_spec s = {.argv = argv};
    struct err e;

    if (proc_check(NULL, &s, &out, &e) < 0)
        fail_msg("%s", e.msg);
    return buf_take(&out);
}

/* Flows, groups and ports of the wires bridge, and the kernel's devices. */
static char *everything(void)
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

static int lab_end(void **state)
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

#define HOST(name, where) "<host name='" name "'><interface name='eth0'" where "/></host>"
#define CABLE(l, a, b) "<link name='" l "' a='" a "' b='" b "'/>"

static const char two_hosts[] = "<topology name='t' version='1'>" HOST("h1", "") HOST("h2", "")
    CABLE("l1", "h1:eth0", "h2:eth0") "</topology>";
static const char jumbo_hosts[] = "<topology name='t' version='1'>" HOST("h1", " mtu='9000'")
    HOST("h2", " mtu='9000'") CABLE("l1", "h1:eth0", "h2:eth0") "</topology>";
static const char one_network[] = "<topology name='t' version='1'>" HOST("h1", " network='lan'")
    HOST("h2", " network='lan'") HOST("h3", " network='lan'") "<network name='lan'/></topology>";
static const char plain_switch[] = "<topology name='t' version='1'>" HOST("h1", "") HOST("h2", "")
    HOST("h3", "") "<switch name='sw'><port name='p1'/><port name='p2'/><port name='p3'/></switch>" CABLE(
        "l1", "h1:eth0", "sw:p1") CABLE("l2", "h2:eth0", "sw:p2")
        CABLE("l3", "h3:eth0", "sw:p3") "</topology>";
static const char vlan_switch[] =
    "<topology name='t' version='1'>" HOST("h1", "") HOST("h2", "") HOST("h3", "")
        HOST("h4", "") "<switch name='sw'><port name='p1' access='10'/><port name='p2' access='10'/>"
                       "<port name='p3' access='20'/><port name='p4' trunk='10 20'/></switch>" CABLE(
                           "l1", "h1:eth0", "sw:p1") CABLE("l2", "h2:eth0", "sw:p2")
                           CABLE("l3", "h3:eth0", "sw:p3") CABLE("l4", "h4:eth0", "sw:p4") "</topology>";
static const char loop[] = "<topology name='t' version='1'>" HOST("h1", "") HOST(
    "h2",
    "") "<switch name='s1' rstp='yes'><port name='p1'/><port name='p2'/><port name='p3'/></switch>"
        "<switch name='s2' rstp='yes'><port name='p1'/><port name='p2'/><port name='p3'/></switch>" CABLE(
            "l1", "h1:eth0", "s1:p1") CABLE("l2", "h2:eth0", "s2:p1") CABLE("l3", "s1:p2", "s2:p2")
            CABLE("l4", "s1:p3", "s2:p3") "</topology>";
static const char hub_and_switch[] = "<topology name='t' version='1'>" HOST("h1", "")
    HOST("h2", "") "<hub name='hub'/><switch name='sw'><port name='p1'/><port name='p2'/></switch>" CABLE(
        "l1", "h1:eth0", "hub") CABLE("l2", "hub", "sw:p1") CABLE("l3", "h2:eth0", "sw:p2") "</topology>";

/* ---- tests ---- */

static void test_link_carries_ip(void **state)
{
    (void)state;
    lab_start(two_hosts);
    guest_up(0);
    guest_up(1);
    assert_true(ping(0, 1, ""));
    assert_true(ping(1, 0, "-s 1472 -M do"));
}

static const struct passed {
    const char *name, *to;
    unsigned vlan;
    uint16_t type;
    size_t size;
} passed[] = {
    {"link passes a BPDU", "01:80:c2:00:00:00", 0, 0x0026, 60},
    {"link passes LLDP", "01:80:c2:00:00:0e", 0, 0x88cc, 80},
    {"link passes LACP", "01:80:c2:00:00:02", 0, 0x8809, 124},
    {"link passes EAPOL", "01:80:c2:00:00:03", 0, 0x888e, 60},
    {"link passes a VLAN tag", "ff:ff:ff:ff:ff:ff", 77, PLAIN, 100},
    {"link passes unknown unicast", "02:00:00:00:00:99", 0, PLAIN, 60},
    {"link passes a full frame", "ff:ff:ff:ff:ff:ff", 0, PLAIN, 1514},
};

static void test_link_passes(void **state)
{
    const struct passed *c = *state;
    unsigned tag = 0;
    size_t size = 0;

    lab_start(two_hosts);
    guest_up(0);
    guest_up(1);
    AUTO(mem_closep) int a = wire_of(pids[0], "eth0");
    AUTO(mem_closep) int b = wire_of(pids[1], "eth0");
    for (int back = 0; back < 2; back++) {
        const struct frame f = frame_new(c->to, 1, c->vlan, c->type, back ? "yonder" : "hither", c->size);
        frame_send(back ? b : a, &f);
        assert_int_equal(frames_seen(back ? a : b, back ? "yonder" : "hither", 1, 2000, &tag, &size), 1);
        assert_int_equal(tag, c->vlan);
        assert_int_equal(size, c->size - (c->vlan != 0 ? 4 : 0));
    }
    assert_int_equal(frames_seen(b, "hither", 1, 200, NULL, NULL), 0); /* once, not twice */
}

static void test_link_passes_jumbo(void **state)
{
    (void)state;
    lab_start(jumbo_hosts);
    guest_up(0);
    guest_up(1);
    assert_true(ping(0, 1, "-s 8972 -M do"));
}

static void test_link_carries_tcp(void **state)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(7000)};
    static char block[65536];
    size_t sent = 0, got = 0;
    const size_t total = 4 << 20;
    int64_t due = loop_now_ms() + 10000;

    (void)state;
    lab_start(two_hosts);
    guest_up(0);
    guest_up(1);
    AUTO(mem_closep) int listener = socket_in(pids[1], AF_INET, SOCK_STREAM, 0);
    AUTO(mem_closep) int out = socket_in(pids[0], AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(listener, 1), 0);
    inet_pton(AF_INET, "10.0.0.2", &a.sin_addr);
    const struct timeval patience = {.tv_sec = 5};
    setsockopt(out, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    assert_int_equal(connect(out, (struct sockaddr *)&a, sizeof a), 0);
    AUTO(mem_closep) int in = accept(listener, NULL, NULL);
    assert_true(in >= 0);
    while (got < total && loop_now_ms() < due) {
        struct pollfd p[2] = {{.fd = in, .events = POLLIN},
                              {.fd = sent < total ? out : -1, .events = POLLOUT}};
        poll(p, 2, 100);
        if (p[1].revents & POLLOUT) {
            ssize_t n = send(out, block, sizeof block, MSG_DONTWAIT);
            sent += n > 0 ? (size_t)n : 0;
        }
        if (p[0].revents & POLLIN) {
            ssize_t n = recv(in, block, sizeof block, MSG_DONTWAIT);
            got += n > 0 ? (size_t)n : 0;
        }
    }
    assert_true(got >= total);
}

static void test_hub_floods(void **state)
{
    (void)state;
    lab_start(one_network);
    int fd[3];
    for (size_t i = 0; i < 3; i++) {
        guest_up(i);
        fd[i] = wire_of(pids[i], "eth0");
    }
    assert_true(ping(0, 2, ""));
    const struct frame f = frame_new(plan->nodes[1].ifaces[0].mac, 9, 0, PLAIN, "to-all", 60);
    frame_send(fd[0], &f);
    assert_int_equal(frames_seen(fd[1], "to-all", 1, 2000, NULL, NULL), 1);
    assert_int_equal(frames_seen(fd[2], "to-all", 1, 2000, NULL, NULL), 1);
    assert_int_equal(frames_seen(fd[0], "to-all", 1, 200, NULL, NULL), 0); /* not back */
    for (size_t i = 0; i < 3; i++)
        close(fd[i]);
}

static void test_switch_learns(void **state)
{
    (void)state;
    lab_start(plain_switch);
    int fd[3];
    for (size_t i = 0; i < 3; i++) {
        guest_up(i);
        fd[i] = wire_of(pids[i], "eth0");
    }
    const struct frame hello = frame_new("ff:ff:ff:ff:ff:ff", 7, 0, PLAIN, "hello", 60);
    const struct frame reply = frame_new("02:00:00:00:00:07", 8, 0, PLAIN, "reply", 60);
    frame_send(fd[1], &hello);
    assert_int_equal(frames_seen(fd[0], "hello", 1, 2000, NULL, NULL), 1);
    assert_int_equal(frames_seen(fd[2], "hello", 1, 2000, NULL, NULL), 1);
    frame_send(fd[0], &reply);
    assert_int_equal(frames_seen(fd[1], "reply", 1, 2000, NULL, NULL), 1);
    assert_int_equal(frames_seen(fd[2], "reply", 1, 300, NULL, NULL), 0);
    for (size_t i = 0; i < 3; i++)
        close(fd[i]);
}

static void test_switch_without_stp_passes_bpdus(void **state)
{
    (void)state;
    lab_start(plain_switch);
    guest_up(0);
    guest_up(1);
    AUTO(mem_closep) int a = wire_of(pids[0], "eth0");
    AUTO(mem_closep) int b = wire_of(pids[1], "eth0");
    const struct frame f = frame_new("01:80:c2:00:00:00", 1, 0, 0x0026, "bpdu", 60);
    frame_send(a, &f);
    assert_int_equal(frames_seen(b, "bpdu", 1, 2000, NULL, NULL), 1);
}

static const struct vlan_case {
    const char *name;
    size_t from;
    unsigned tag;
    int arrives[4]; /* -1: not, else with this tag */
} vlan_cases[] = {
    {"access to access and tagged to trunk", 0, 0, {-1, 0, -1, 10}},
    {"the other VLAN goes to the trunk only", 2, 0, {-1, -1, -1, 20}},
    {"trunk VLAN 10 to both access ports", 3, 10, {0, 0, -1, -1}},
    {"trunk VLAN 20 to its access port", 3, 20, {-1, -1, 0, -1}},
    {"trunk drops a VLAN that it does not carry", 3, 30, {-1, -1, -1, -1}},
    {"trunk without native VLAN drops untagged", 3, 0, {-1, -1, -1, -1}},
    {"access drops a foreign tag", 0, 20, {-1, -1, -1, -1}},
};

static void test_switch_separates_vlans(void **state)
{
    const struct vlan_case *c = *state;
    int fd[4];

    lab_start(vlan_switch);
    for (size_t i = 0; i < 4; i++) {
        guest_up(i);
        fd[i] = wire_of(pids[i], "eth0");
    }
    const struct frame f = frame_new("ff:ff:ff:ff:ff:ff", 1, c->tag, PLAIN, "in-vlan", 100);
    frame_send(fd[c->from], &f);
    for (size_t i = 0; i < 4; i++) {
        unsigned tag = 0;
        int n = frames_seen(fd[i], "in-vlan", 1, c->arrives[i] < 0 ? 200 : 2000, &tag, NULL);
        assert_int_equal(n, c->arrives[i] >= 0);
        if (n > 0)
            assert_int_equal(tag, c->arrives[i]);
        close(fd[i]);
    }
}

static void test_rstp_breaks_a_loop(void **state)
{
    int64_t due = loop_now_ms() + 30000;

    (void)state;
    lab_start(loop);
    guest_up(0);
    guest_up(1);
    while (!ping(0, 1, "-w 1") && loop_now_ms() < due)
        pause_ms(100);
    assert_true(ping(0, 1, ""));
    AUTO(mem_closep) int a = wire_of(pids[0], "eth0");
    AUTO(mem_closep) int b = wire_of(pids[1], "eth0");
    const struct frame f = frame_new("ff:ff:ff:ff:ff:ff", 1, 0, PLAIN, "storm", 60);
    frame_send(a, &f);
    assert_int_equal(frames_seen(b, "storm", 100, 1000, NULL, NULL), 1);
    assert_int_equal(frames_seen(a, "storm", 100, 200, NULL, NULL), 0);
}

static void test_elements_in_a_row(void **state)
{
    (void)state;
    lab_start(hub_and_switch);
    guest_up(0);
    guest_up(1);
    assert_true(ping(0, 1, ""));
}

static void test_down_takes_the_carrier(void **state)
{
    const struct plan_impair none[2] = {{0}, {0}};

    (void)state;
    lab_start(two_hosts);
    guest_up(0);
    guest_up(1);
    assert_true(ping(0, 1, ""));
    OK(net_link_set(&host, plan, 0, false, none, &x_));
    assert_true(carrier(0, false));
    assert_true(carrier(1, false));
    OK(net_link_set(&host, plan, 0, true, none, &x_));
    assert_true(carrier(0, true));
    assert_true(carrier(1, true));
    assert_true(ping(0, 1, ""));
}

static void test_attach_obeys_the_plan(void **state)
{
    struct err e = {0};

    (void)state;
    lab_plan(two_hosts);
    plan->links[0].up = false;
    for (size_t i = 0; i < 2; i++)
        pids[i] = guest_new();
    assert_int_equal(net_attach(&host, plan, pids, &e), 0);
    guest_up(0);
    assert_true(carrier(0, false));
    plan->links[0].up = true;
    assert_int_equal(net_attach(&host, plan, pids, &e), 0);
    guest_up(1);
    assert_true(carrier(0, true));
    assert_true(ping(0, 1, ""));
}

#define SLOW_MS 300
static const struct slow_row {
    const char *name, *xml;
    size_t link;
    size_t from;       /* frames of this node are late, those of the other are not */
    int direction;     /* of the link */
    bool from_a_guest; /* into a hub or switch: needs ifb */
} slow_rows[] = {
    {"delay from a to b", two_hosts, 0, 0, 0, false},
    {"delay from b to a", two_hosts, 0, 1, 1, false},
    {"delay from a guest into a hub", hub_and_switch, 0, 0, 0, true},
    {"delay from a hub to a guest", hub_and_switch, 0, 1, 1, false},
    {"delay from a hub to a switch", hub_and_switch, 1, 0, 0, false},
    {"delay from a switch to a hub", hub_and_switch, 1, 1, 1, false},
    {"delay from a guest into a switch", hub_and_switch, 2, 1, 0, true},
    {"delay from a switch to a guest", hub_and_switch, 2, 0, 1, false},
};

static int64_t travel_ms(int from, int to, const char *mark)
{
    const struct frame f = frame_new("ff:ff:ff:ff:ff:ff", 5, 0, PLAIN, mark, 60);
    int64_t start = loop_now_ms();

    frame_send(from, &f);
    assert_int_equal(frames_seen(to, mark, 1, 3000, NULL, NULL), 1);
    return loop_now_ms() - start;
}

static void check_refused(const struct plan_impair impair[2], size_t link)
{
    struct err e = {0};

    assert_int_equal(net_link_set(&host, plan, link, true, impair, &e), -1);
    assert_int_equal(e.code, ERR_UNSUPPORTED);
    assert_non_null(strstr(e.msg, host.netem ? "ifb" : "netem"));
    memcpy(plan->links[link].impair, impair, 2 * sizeof *impair);
    assert_int_equal(net_attach(&host, plan, pids, &e), -1);
    assert_int_equal(e.code, ERR_UNSUPPORTED);
}

static void test_impairment(void **state)
{
    const struct slow_row *c = *state;
    struct plan_impair slow[2] = {{0}, {0}}, none[2] = {{0}, {0}};

    lab_start(c->xml);
    guest_up(0);
    guest_up(1);
    AUTO(mem_closep) int from = wire_of(pids[c->from], "eth0");
    AUTO(mem_closep) int to = wire_of(pids[!c->from], "eth0");
    assert_true(travel_ms(from, to, "before") < SLOW_MS / 2);
    slow[c->direction].delay_us = SLOW_MS * 1000;
    if (c->from_a_guest ? !host.ifb : !host.netem) { /* what this machine must say then */
        check_refused(slow, c->link);
        assert_true(travel_ms(from, to, "still") < SLOW_MS / 2);
        return;
    }
    OK(net_link_set(&host, plan, c->link, true, slow, &x_));
    assert_in_range(travel_ms(from, to, "late"), SLOW_MS - 10, 2 * SLOW_MS);
    assert_true(travel_ms(to, from, "back") < SLOW_MS / 2);
    OK(net_link_set(&host, plan, c->link, true, none, &x_));
    assert_true(travel_ms(from, to, "after") < SLOW_MS / 2);
    /* the same by the plan, on a lab that runs */
    memcpy(plan->links[c->link].impair, slow, sizeof slow);
    OK(net_attach(&host, plan, pids, &x_));
    assert_in_range(travel_ms(from, to, "again"), SLOW_MS - 10, 2 * SLOW_MS);
}

/* From before the first device exists until 3 s after: IPv6 would have spoken by then. */
static void test_nothing_of_the_host_leaks(void **state)
{
    struct err e = {0};
    int fd[4];

    (void)state;
    lab_plan(vlan_switch);
    for (size_t i = 0; i < 4; i++) {
        pids[i] = guest_new();
        fd[i] = socket_in(pids[i], AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
    }
    assert_int_equal(net_attach(&host, plan, pids, &e), 0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(shell(pids[i], "ip link set eth0 up"), 0);
    pause_ms(3200);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(frames_seen(fd[i], NULL, 1, 1, NULL, NULL), 0);
        close(fd[i]);
    }
}

static void test_attach_twice(void **state)
{
    struct err e = {0};
    struct net_observed o;

    (void)state;
    lab_start(hub_and_switch);
    AUTO(mem_freep) char *before = everything();
    assert_int_equal(net_attach(&host, plan, pids, &e), 0);
    AUTO(mem_freep) char *after = everything();
    assert_string_equal(before, after);
    assert_null(strstr(after, "No such device"));
    OK(net_observe(&host, plan, &o, &x_));
    assert_int_equal(o.bridges, 2);
    assert_int_equal(o.ports, 4);
    assert_int_equal(o.devices, 4);
    assert_int_equal(o.missing, 0);
}

static void test_a_guest_comes_again(void **state)
{
    struct err e = {0};

    (void)state;
    lab_start(two_hosts);
    guest_up(0);
    guest_up(1);
    assert_true(ping(0, 1, ""));
    for (int round = 0; round < 3; round++) {
        guest_end(&pids[1]); /* its namespace is taken down in the background */
        pids[1] = guest_new();
        assert_int_equal(net_attach(&host, plan, pids, &e), 0);
        guest_up(1);
        assert_true(ping(0, 1, ""));
    }
}

static void test_an_absent_guest_is_left_out(void **state)
{
    struct err e = {0};
    pid_t late;

    (void)state;
    lab_plan(two_hosts);
    late = guest_new();
    pids[0] = guest_new();
    assert_int_equal(net_attach(&host, plan, pids, &e), 0);
    pids[1] = late;
    assert_int_equal(net_attach(&host, plan, pids, &e), 0);
    guest_up(0);
    guest_up(1);
    assert_true(ping(0, 1, ""));
}

static void test_a_wrong_pid_is_refused(void **state)
{
    struct err e = {0};

    (void)state;
    lab_plan(two_hosts);
    pids[0] = guest_new();
    const pid_t wrong[] = {pids[0], getpid()};
    assert_int_equal(net_attach(&host, plan, wrong, &e), -1);
    assert_non_null(strstr(e.msg, "no network namespace of its own"));
}

static void count_lab(const char *lab, void *arg)
{
    if (strcmp(lab, LAB) == 0)
        ++*(int *)arg;
}

static void test_leftovers(void **state)
{
    int n = 0;

    (void)state;
    OK(net_leftovers(&host, count_lab, &n, &x_));
    assert_int_equal(n, 0);
    lab_start(hub_and_switch);
    OK(net_leftovers(&host, count_lab, &n, &x_));
    assert_int_equal(n, 1);
    OK(net_detach(&host, LAB, &x_));
    OK(net_detach(&host, LAB, &x_)); /* again: fine */
}

static void test_dead_vswitchd(void **state)
{
    struct err e = {0};
    AUTO(buf_clear) struct buf notes = BUF_INIT;
    const struct net_options o = {.run_dir = run_dir, .private_ovs = true};

    (void)state;
    lab_start(two_hosts);
    guest_up(0);
    guest_up(1);
    pid_t pid = net_daemon_pid(&host, "ovs-vswitchd");
    assert_true(pid > 0);
    assert_int_equal(kill(pid, SIGKILL), 0);
    while (net_daemon_pid(&host, "ovs-vswitchd") > 0)
        pause_ms(5);
    assert_int_equal(net_attach(&host, plan, pids, &e), -1);
    assert_int_equal(e.code, ERR_UNREACHABLE);
    assert_non_null(strstr(e.msg, "ovs-vswitchd does not run"));
    /* labhost starts again: the same namespace, the same devices, a new daemon */
    OK(net_host_open(&o, &host, &notes, &x_));
    assert_int_equal(net_attach(&host, plan, pids, &e), 0);
    assert_true(ping(0, 1, ""));
}

static void test_host_is_found_again(void **state)
{
    AUTO(buf_clear) struct buf notes = BUF_INIT;
    const struct net_options o = {.run_dir = run_dir, .private_ovs = true};
    struct net_host again;

    (void)state;
    OK(net_host_open(&o, &again, &notes, &x_));
    assert_int_equal(net_daemon_pid(&again, "ovs-vswitchd"), net_daemon_pid(&host, "ovs-vswitchd"));
    assert_int_equal(net_daemon_pid(&again, "ovsdb-server"), net_daemon_pid(&host, "ovsdb-server"));
    assert_string_equal(again.owner, host.owner);
    assert_int_equal(again.datapath, host.datapath);
}

static const struct ref_case {
    const char *name, *xml, *element;
    size_t reaches; /* this node, not 'misses' */
    int misses;
    uint16_t vlan;
} ref_cases[] = {
    {"reference on a network", one_network, "lan", 2, -1, 0},
    {"reference on a VLAN", vlan_switch, "sw", 2, 0, 20},
    {"reference behind a hub", hub_and_switch, "hub", 1, -1, 0},
    {"reference on a switch", hub_and_switch, "sw", 0, -1, 0},
    {"reference with spanning tree", loop, "s1", 0, -1, 0},
};

static void test_reference(void **state)
{
    const struct ref_case *c = *state;
    struct err e = {0};

    lab_start(c->xml);
    for (size_t i = 0; i < plan->nnodes; i++)
        guest_up(i);
    if (c->xml == loop)
        pause_ms(6000); /* until the spanning tree is settled, so that nothing else changes meanwhile */
    AUTO(mem_freep) char *before = everything();
    pid_t ref = guest_new();
    const struct net_reference r = {.index = 3,
                                    .segment = (size_t)plan_segment_find(plan, c->element),
                                    .vlan = c->vlan,
                                    .pid = ref,
                                    .mac = "0a:11:22:33:44:55"};
    int rc = net_reference_add(&host, plan, &r, &e);
    if (rc == 0 && shell(ref, "ip addr add 10.0.0.99/24 dev eth0; ip link set eth0 up") != 0)
        rc = -1;
    AUTO(mem_freep) char *to = xasprintf("ping -n -q -c 3 -i 0.2 -W 1 10.0.0.%zu", c->reaches + 1);
    int reached = shell(ref, to);
    AUTO(mem_freep) char *not_to = xasprintf("ping -n -q -c 1 -W 1 10.0.0.%d", c->misses + 1);
    int missed = c->misses < 0 ? 1 : shell(ref, not_to);
    struct net_reference twice = r;
    struct err again = {0};
    int second = net_reference_add(&host, plan, &twice, &again);
    int cleared = net_reference_clear(&host, plan, &e);
    guest_end(&ref);
    if (rc < 0 || cleared < 0)
        fail_msg("%s", e.msg);
    assert_int_equal(second, -1);
    assert_int_equal(again.code, ERR_CONFLICT);
    assert_int_equal(reached, 0);
    assert_int_not_equal(missed, 0);
    AUTO(mem_freep) char *after = everything();
    assert_string_equal(before, after);
    for (size_t i = 0; i < plan->nbridges; i++) {
        AUTO(mem_freep)
        char *text = xasprintf("OVS_RUNDIR=%s ovs-appctl fdb/show %s", host.run, plan->bridges[i].dev);
        const char *argv[] = {"sh", "-c", text, NULL};
        AUTO(mem_freep) char *fdb = capture(argv);
        assert_null(strstr(fdb, "0a:11:22:33:44:55"));
    }
}

static void test_reference_on_a_link(void **state)
{
    struct err e = {0};

    (void)state;
    lab_start(two_hosts);
    const struct net_reference r = {.segment = (size_t)plan_segment_find(plan, "l1"), .pid = pids[0]};
    assert_int_equal(net_reference_add(&host, plan, &r, &e), -1);
    assert_int_equal(e.code, ERR_UNSUPPORTED);
}

/* A probe was killed before it had cleared up. */
static void test_reference_of_a_dead_probe(void **state)
{
    (void)state;
    lab_start(one_network);
    AUTO(mem_freep) char *before = everything();
    pid_t ref = guest_new();
    const struct net_reference r = {.segment = (size_t)plan_segment_find(plan, "lan"), .pid = ref};
    OK(net_reference_add(&host, plan, &r, &x_));
    guest_end(&ref);
    pause_ms(100);
    OK(net_reference_clear(&host, plan, &x_));
    AUTO(mem_freep) char *after = everything();
    assert_string_equal(before, after);
}

/* Runs the real thing, but ovs-vswitchd does not start. */
static int broken_run(struct proc_runner *self, const struct proc_spec *s, struct proc_result *r,
                      struct err *e)
{
    (void)self;
    if (strcmp(s->argv[0], "prlimit") != 0)
        return proc_run(NULL, s, r, e);
    buf_puts(&r->err, "ovs-vswitchd: no space left\n");
    r->status = 1;
    return 0;
}

static void test_failed_start_leaves_nothing(void **state)
{
    struct proc_runner broken = {broken_run};
    AUTO(buf_clear) struct buf notes = BUF_INIT;
    AUTO(mem_freep) char *dir = xasprintf("%s/second", run_dir), *ovs = xasprintf("%s/ovs", dir);
    const struct net_options o = {.run_dir = dir, .private_ovs = true, .runner = &broken};
    struct net_host h;
    struct err e = {0};

    (void)state;
    AUTO(mem_closep) int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    int rc = net_host_open(&o, &h, &notes, &e);
    assert_int_equal(setns(home, CLONE_NEWNET), 0);
    assert_int_equal(rc, -1);
    assert_non_null(strstr(e.msg, "no space left"));
    assert_false(file_exists(ovs));
    snprintf(h.run, sizeof h.run, "%s", ovs);
    assert_int_equal(net_daemon_pid(&h, "ovsdb-server"), 0);
}

/* ---- the machine's own instance ---- */

static int sh(const char *text)
{
    const char *argv[] = {"sh", "-ec", text, NULL};
    const struct proc_spec s = {.argv = argv};
    struct err e;

    return proc_check(NULL, &s, NULL, &e);
}

/* A machine with its instance where Debian has it: namespaces of our own with an empty /run. */
static const char *become_a_machine(void)
{
    if (unshare(CLONE_NEWNS | CLONE_NEWNET) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("tmpfs", "/run", "tmpfs", 0, NULL) < 0)
        return "namespaces";
    if (sh("mkdir /run/openvswitch; cd /run/openvswitch; "
           "ovsdb-tool create conf.db /usr/share/openvswitch/vswitch.ovsschema; "
           "ovsdb-server --remote=punix:/run/openvswitch/db.sock --pidfile --detach --no-chdir -vconsole:off "
           "-vsyslog:off $PWD/conf.db; ovs-vsctl --no-wait init; "
           "ovs-vswitchd --pidfile --detach --no-chdir -vconsole:off -vsyslog:off") < 0)
        return "start of the machine's instance";
    return NULL;
}

static void remember(const char *lab, void *arg)
{
    snprintf(arg, LAB_ID_SIZE, "%s", lab);
}

/* Two labhosts on one instance: each sees its own labs only. */
static const char *use_a_shared_instance(struct err *e)
{
    AUTO(buf_clear) struct buf notes = BUF_INIT;
    const struct net_options mine = {.run_dir = "/run/one"}, other = {.run_dir = "/run/two"};
    char left[LAB_ID_SIZE] = "", foreign[LAB_ID_SIZE] = "";
    struct net_host a, b;
    pid_t two[2] = {pids[0], pids[1]};

    if (net_host_open(&mine, &a, &notes, e) < 0 || net_host_open(&other, &b, &notes, e) < 0)
        return "open";
    if (a.private_ovs || b.private_ovs)
        return "the running instance was not used";
    if (net_attach(&a, plan, two, e) < 0)
        return "attach";
    guest_up(0);
    guest_up(1);
    if (!ping(0, 1, ""))
        return "ping";
    if (net_leftovers(&a, remember, left, e) < 0 || net_leftovers(&b, remember, foreign, e) < 0)
        return "leftovers";
    if (strcmp(left, LAB) != 0 || foreign[0] != '\0')
        return "leftovers are confused";
    left[0] = '\0';
    if (sh("ovs-vsctl del-br pl" LAB "w") < 0 || net_leftovers(&a, remember, left, e) < 0 ||
        net_leftovers(&b, remember, foreign, e) < 0)
        return "leftovers without a bridge";
    if (strcmp(left, LAB) != 0 || foreign[0] != '\0')
        return "devices alone are not found, or not told apart";
    if (net_detach(&a, LAB, e) < 0 || net_host_close(&a, e) < 0)
        return "detach or close";
    if (sh("! ip -o link | grep -q pl" LAB) < 0)
        return "devices are left";
    if (net_host_check(&b, e) < 0)
        return "the machine's instance was stopped";
    const struct net_options running = {.run_dir = run_dir};
    if (net_host_open(&running, &a, &notes, e) < 0 || !a.private_ovs)
        return "a private instance with labs was forgotten";
    return NULL;
}

static void test_shared_instance(void **state)
{
    int report[2];
    char text[700] = "died";

    (void)state;
    lab_plan(two_hosts);
    pids[0] = guest_new();
    pids[1] = guest_new();
    assert_int_equal(pipe(report), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct err e = {0};
        const char *why = become_a_machine();
        bool started = why == NULL;
        if (started)
            why = use_a_shared_instance(&e);
        snprintf(text, sizeof text, "%s%s%s", why != NULL ? why : "", e.msg[0] != '\0' ? ": " : "", e.msg);
        if (started && sh("kill $(cat /run/openvswitch/*.pid)") < 0)
            snprintf(text, sizeof text, "cannot stop what was started");
        _exit(write(report[1], text, strlen(text) + 1) < 0);
    }
    close(report[1]);
    assert_true(read(report[0], text, sizeof text) > 0);
    close(report[0]);
    waitpid(pid, NULL, 0);
    assert_string_equal(text, "");
}

/* ---- */

static int open_host(void **state)
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

static int close_host(void **state)
{
    struct err e = {0};

    (void)state;
    if (net_host_close(&host, &e) < 0 || file_remove_tree(run_dir, &e) < 0) {
        print_error("%s\n", e.msg);
        return -1;
    }
    return net_daemon_pid(&host, "ovs-vswitchd") == 0 ? 0 : -1;
}

#define T(f) \
    { \
#f, f, NULL, lab_end, NULL \
    }

int main(void)
{
    static const struct CMUnitTest plain[] = {
        T(test_link_carries_ip),
        T(test_link_passes_jumbo),
        T(test_link_carries_tcp),
        T(test_hub_floods),
        T(test_switch_learns),
        T(test_switch_without_stp_passes_bpdus),
        T(test_rstp_breaks_a_loop),
        T(test_elements_in_a_row),
        T(test_down_takes_the_carrier),
        T(test_attach_obeys_the_plan),
        T(test_nothing_of_the_host_leaks),
        T(test_attach_twice),
        T(test_a_guest_comes_again),
        T(test_an_absent_guest_is_left_out),
        T(test_a_wrong_pid_is_refused),
        T(test_leftovers),
        T(test_dead_vswitchd),
        T(test_host_is_found_again),
        T(test_failed_start_leaves_nothing),
        T(test_shared_instance),
        T(test_reference_on_a_link),
        T(test_reference_of_a_dead_probe),
    };
    struct CMUnitTest tests[ARRAY_LEN(plain) + ARRAY_LEN(passed) + ARRAY_LEN(slow_rows) +
                            ARRAY_LEN(vlan_cases) + ARRAY_LEN(ref_cases)];
    size_t n = ARRAY_LEN(plain);

    memcpy(tests, plain, sizeof plain);
#define ROWS(rows, f) \
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) { \
        union { \
            const void *in; \
            void *out; \
        } row = {.in = &(rows)[i]}; \
        tests[n++] = (struct CMUnitTest){(rows)[i].name, (f), NULL, lab_end, row.out}; \
    }
    ROWS(passed, test_link_passes)
    ROWS(slow_rows, test_impairment)
    ROWS(vlan_cases, test_switch_separates_vlans)
    ROWS(ref_cases, test_reference)
    return cmocka_run_group_tests_name("net", tests, open_host, close_host);
}
