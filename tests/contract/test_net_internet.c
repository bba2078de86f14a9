/* The way of a lab to the outside.  A network namespace of the test stands for the machine, another one, behind a
 * veth pair, for the world; no packet leaves them. */
#include "tests/contract/net_fixture.c" /* NOLINT(bugprone-suspicious-include) */

#include <netinet/in.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define OTHER "nettsu"
#define GATEWAY \
    "<internet name='out'><address>100.64.0.1/24</address><address>2001:db8:100::1/64</address></internet>"
#define WAY_OUT \
    "<topology name='t' version='1'>" HOST("h1", "") HOST("h2", "") GATEWAY CABLE("l1", "h1:eth0", "out") \
        CABLE("l2", "h2:eth0", "out") "</topology>"

static pid_t machine, world;

static void need(pid_t pid, const char *text)
{
    if (shell(pid, text) != 0)
        fail_msg("failed: %s", text);
}

/* ---- the machine and the world ---- */

static pid_t machine_new(void)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            pause();
    }
    return pid;
}

static int open_world(void **state)
{
    AUTO(buf_clear) struct buf notes = BUF_INIT;
    static const char *const allow[] = {"192.168.78.0/24"};
    AUTO(mem_freep) char *wire = NULL;
    struct err e = {0};

    (void)state;
    snprintf(run_dir, sizeof run_dir, "/tmp/paralab-net-XXXXXX");
    if (geteuid() != 0 || mkdtemp(run_dir) == NULL || unshare(CLONE_NEWNET) < 0)
        return -1;
    machine = machine_new();
    world = guest_new();
    wire = xasprintf("ip link add up0 type veth peer name eth0 netns %d", (int)world);
    need(machine, wire);
    need(machine,
         "ip link set lo up; ip addr add 203.0.113.1/24 dev up0; ip addr add 2001:db8:aa::1/64 dev up0 nodad;"
         "ip link set up0 up; for n in 169.254.169.254/32 10.0.0.0/8 192.168.0.0/16; do"
         " ip route add $n via 203.0.113.2; done; ip route add fd00:77::/64 via 2001:db8:aa::2;"
         "echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding");
    need(
        world,
        "echo 0 >/proc/sys/net/ipv6/conf/all/disable_ipv6; echo 0 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6;"
        "ip link set lo up; ip link set eth0 up; ip addr add 203.0.113.2/24 dev eth0;"
        "ip addr add 2001:db8:aa::2/64 dev eth0 nodad; for a in 169.254.169.254 10.99.0.2 192.168.77.7"
        " 192.168.78.8; do ip addr add $a/32 dev lo; done; ip addr add fd00:77::7/128 dev lo nodad");
    const struct net_options o = {.run_dir = run_dir,
                                  .private_ovs = true,
                                  .internet = true,
                                  .internet_allow = allow,
                                  .ninternet_allow = ARRAY_LEN(allow)};
    if (net_host_open(&o, &host, &notes, &e) < 0 || !host.internet) {
        print_error("%s%s\n", e.msg, host.no_internet);
        return -1;
    }
    /* as driver container does: names of namespaces must not be kept here */
    return unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 ? -1 : 0;
}

static int close_world(void **state)
{
    int rc = close_host(state);

    /* nothing of labhost is left on the machine */
    if (shell(machine, "test -z \"$(nft list tables)\"") != 0)
        rc = -1;
    guest_end(&world);
    guest_end(&machine);
    return rc;
}

/* ---- packets ---- */

static struct sockaddr_storage address(const char *ip, uint16_t port, socklen_t *len)
{
    struct sockaddr_storage s = {0};
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&s;
    struct sockaddr_in *v4 = (struct sockaddr_in *)&s;

    if (inet_pton(AF_INET6, ip, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        *len = sizeof *v6;
        return s;
    }
    assert_int_equal(inet_pton(AF_INET, ip, &v4->sin_addr), 1);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    *len = sizeof *v4;
    return s;
}

static int bound(pid_t pid, int type, const char *ip, uint16_t port)
{
    socklen_t n;
    struct sockaddr_storage a = address(ip, port, &n);
    const int one = 1;
    int fd = socket_in(pid, a.ss_family, type, 0);

    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one), 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&a, n), 0);
    return fd;
}

static void send_to(int fd, const char *text, const char *ip, uint16_t port)
{
    socklen_t n;
    struct sockaddr_storage a = address(ip, port, &n);

    /* a refusal is as good as silence here */
    if (sendto(fd, text, strlen(text), 0, (const struct sockaddr *)&a, n) < 0)
        return;
}

/* The next datagram within 'ms', and where it came from. */
static bool got(int fd, int ms, char text[32], struct sockaddr_storage *from)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    socklen_t n = sizeof *from;

    if (poll(&p, 1, ms) <= 0)
        return false;
    ssize_t len = recvfrom(fd, text, 31, 0, (struct sockaddr *)from, &n);
    if (len < 0)
        return false;
    text[len] = '\0';
    return true;
}

static const char *from_ip(const struct sockaddr_storage *s, char out[INET6_ADDRSTRLEN])
{
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)s;
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)s;

    return inet_ntop(s->ss_family, s->ss_family == AF_INET6 ? (const void *)&v6->sin6_addr : &v4->sin_addr,
                     out, INET6_ADDRSTRLEN);
}

/* ---- the lab ---- */

static void node_up(size_t i)
{
    AUTO(mem_freep)
    char *text =
        xasprintf("echo 0 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6; ip addr add 100.64.0.%zu/24 dev eth0;"
                  "ip addr add 2001:db8:100::%zu/64 dev eth0 nodad; ip link set lo up; ip link set eth0 up;"
                  "ip route add default via 100.64.0.1; ip -6 route add default via 2001:db8:100::1",
                  i + 2, i + 2);

    need(pids[i], text);
    /* the gateway answers once the wire is up on both sides */
    need(pids[i], "ping -n -q -c 1 -i 0.2 -w 10 100.64.0.1 && ping -n -q -c 1 -i 0.2 -w 10 2001:db8:100::1");
}

static void way_out_up(void)
{
    lab_plan(WAY_OUT);
    for (size_t i = 0; i < plan->nnodes; i++)
        pids[i] = guest_new();
    OK(net_internet_open(&host, plan, 0, &x_));
    OK(net_attach(&host, plan, pids, &x_));
    for (size_t i = 0; i < plan->nnodes; i++)
        node_up(i);
}

static bool outside_answers(const char *here, const char *there, char source[INET6_ADDRSTRLEN])
{
    AUTO(mem_closep) int server = bound(world, SOCK_DGRAM, there, 7000);
    AUTO(mem_closep) int client = bound(pids[0], SOCK_DGRAM, here, 0);
    struct sockaddr_storage from = {0};
    char text[32];

    send_to(client, "question", there, 7000);
    if (!got(server, 5000, text, &from) || strcmp(text, "question") != 0)
        return false;
    from_ip(&from, source);
    socklen_t n = from.ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    assert_true(sendto(server, "answer", 6, 0, (const struct sockaddr *)&from, n) == 6);
    return got(client, 5000, text, &from) && strcmp(text, "answer") == 0;
}

/* ---- what works ---- */

static void test_answers_come_back(void **state)
{
    char source[INET6_ADDRSTRLEN];

    (void)state;
    way_out_up();
    assert_true(outside_answers("100.64.0.2", "203.0.113.2", source));
    assert_string_equal(source, "203.0.113.1");
    assert_true(outside_answers("2001:db8:100::2", "2001:db8:aa::2", source));
    assert_string_equal(source, "2001:db8:aa::1");
    /* of the site, but listed by the operator */
    assert_true(outside_answers("100.64.0.2", "192.168.78.8", source));
}

static void test_tcp(void **state)
{
    static char out[200000], in[sizeof out];
    size_t n = 0;
    socklen_t len;
    struct sockaddr_storage a = address("203.0.113.2", 7001, &len);
    const struct timeval limit = {.tv_sec = 10};

    (void)state;
    way_out_up();
    AUTO(mem_closep) int server = bound(world, SOCK_STREAM, "203.0.113.2", 7001);
    assert_int_equal(listen(server, 1), 0);
    AUTO(mem_closep) int client = socket_in(pids[0], AF_INET, SOCK_STREAM, 0);
    assert_int_equal(setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit), 0);
    assert_int_equal(connect(client, (const struct sockaddr *)&a, len), 0);
    AUTO(mem_closep) int peer = accept4(server, NULL, NULL, SOCK_CLOEXEC);
    assert_true(peer >= 0);
    assert_int_equal(setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    memset(out, 'x', sizeof out);
    pid_t writer = fork();
    if (writer == 0)
        _exit(send(client, out, sizeof out, 0) == (ssize_t)sizeof out ? 0 : 1);
    while (n < sizeof in) {
        ssize_t part = recv(peer, in + n, sizeof in - n, 0);
        if (part <= 0)
            break;
        n += (size_t)part;
    }
    waitpid(writer, NULL, 0);
    assert_int_equal(n, sizeof in);
    assert_memory_equal(in, out, sizeof in);
}

static void test_second_call_changes_nothing(void **state)
{
    AUTO(mem_freep) char *path = xasprintf("/run/netns/paralab-%s-" LAB, host.owner);
    char source[INET6_ADDRSTRLEN];
    struct stat before, after;

    (void)state;
    way_out_up();
    AUTO(mem_freep) char *kept = xasprintf("grep -q ' %s ' /proc/%d/mountinfo", path, (int)machine);
    need(machine, kept); /* for the next labhost */
    assert_int_equal(stat(path, &before), 0);
    OK(net_internet_open(&host, plan, 0, &x_));
    OK(net_attach(&host, plan, pids, &x_));
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_true(outside_answers("100.64.0.2", "203.0.113.2", source));
}

/* ---- what does not ---- */

static const struct row {
    const char *name, *from, *to;
    bool at_machine;
} rows[] = {
    {"the machine", "100.64.0.2", "203.0.113.1", true},
    {"the machine by its address on the transit", "100.64.0.2", "198.18.0.0", true},
    {"the machine, IPv6", "2001:db8:100::2", "2001:db8:aa::1", true},
    {"metadata service", "100.64.0.2", "169.254.169.254", false},
    {"private address", "100.64.0.2", "10.99.0.2", false},
    {"private address beside one that is listed", "100.64.0.2", "192.168.77.7", false},
    {"unique local address", "2001:db8:100::2", "fd00:77::7", false},
};

static void test_closed(void **state)
{
    const struct row *r = *state;
    struct sockaddr_storage from = {0};
    char text[32], source[INET6_ADDRSTRLEN];

    way_out_up();
    {
        AUTO(mem_closep) int server = bound(r->at_machine ? machine : world, SOCK_DGRAM, r->to, 7000);
        AUTO(mem_closep) int client = bound(pids[0], SOCK_DGRAM, r->from, 0);
        /* the machine itself gets there, so the server is there */
        AUTO(mem_closep)
        int control = socket_in(machine, strchr(r->to, ':') != NULL ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
        for (int i = 0; i < 3; i++)
            send_to(client, "lab", r->to, 7000);
        /* ... and those of the lab would have been there before */
        send_to(control, "control", r->to, 7000);
        assert_true(got(server, 5000, text, &from));
        assert_string_equal(text, "control");
        assert_false(got(server, 300, text, &from));
    }
    assert_true(
        outside_answers(r->from, strchr(r->to, ':') != NULL ? "2001:db8:aa::2" : "203.0.113.2", source));
}

static void test_spoofed_source(void **state)
{
    struct sockaddr_storage from = {0};
    char text[32], source[INET6_ADDRSTRLEN];

    (void)state;
    way_out_up();
    need(pids[0], "ip addr add 192.0.2.77/32 dev lo");
    {
        AUTO(mem_closep) int server = bound(world, SOCK_DGRAM, "203.0.113.2", 7000);
        AUTO(mem_closep) int honest = bound(pids[0], SOCK_DGRAM, "100.64.0.2", 0);
        AUTO(mem_closep) int liar = bound(pids[0], SOCK_DGRAM, "192.0.2.77", 0);
        for (int i = 0; i < 3; i++)
            send_to(liar, "liar", "203.0.113.2", 7000);
        send_to(honest, "honest", "203.0.113.2", 7000);
        assert_true(got(server, 5000, text, &from));
        assert_string_equal(text, "honest");
        assert_false(got(server, 300, text, &from));
    }
    assert_true(outside_answers("100.64.0.2", "203.0.113.2", source));
}

/* A socket in the gateway of 'lab'. */
static int socket_of(const char *lab, int domain, int type, int protocol)
{
    AUTO(mem_freep) char *path = xasprintf("/run/netns/paralab-%s-%s", host.owner, lab);
    AUTO(mem_closep) int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    AUTO(mem_closep) int there = open(path, O_RDONLY | O_CLOEXEC);

    assert_true(home >= 0 && there >= 0);
    assert_int_equal(setns(there, CLONE_NEWNET), 0);
    int fd = socket(domain, type | SOCK_CLOEXEC, protocol);
    assert_int_equal(setns(home, CLONE_NEWNET), 0);
    assert_true(fd >= 0);
    return fd;
}

/* Past the lab's own firewall: what the machine does. */
static void test_other_lab(void **state)
{
    AUTO(plan_freep) struct plan *other = NULL;
    struct err e;

    (void)state;
    way_out_up();
    AUTO(topo_freep) struct topo *t = topo_load_mem(WAY_OUT, strlen(WAY_OUT), NULL, &e);
    other = plan_make(t, OTHER, &e);
    assert_non_null(other);
    OK(net_internet_open(&host, other, 1, &x_));
    {
        AUTO(mem_closep) int wire = socket_of(OTHER, AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
        AUTO(mem_closep) int lab = socket_of(LAB, AF_INET, SOCK_DGRAM, 0);
        AUTO(mem_closep) int control = socket_in(machine, AF_INET, SOCK_DGRAM, 0);
        for (int i = 0; i < 3; i++)
            send_to(lab, "from the lab", "198.18.0.3", 7000);
        send_to(control, "from the machine", "198.18.0.3", 7000);
        assert_int_equal(frames_seen(wire, "from the machine", 1, 5000, NULL, NULL), 1);
        for (int i = 0; i < 3; i++)
            send_to(lab, "from the lab", "198.18.0.3", 7000);
        assert_int_equal(frames_seen(wire, "from the lab", 1, 500, NULL, NULL), 0);
    }
    OK(net_detach(&host, OTHER, &x_));
}

static void test_off_by_default(void **state)
{
    struct net_host off = host;
    struct err e = {0};

    (void)state;
    off.internet = false;
    lab_plan(WAY_OUT);
    assert_int_equal(net_plan_check(&off, plan, &e), -1);
    assert_int_equal(e.code, ERR_DENIED);
    assert_string_equal(e.msg,
                        "out connects to the internet, which labs on this machine may not: ask its operator, "
                        "who can start labhost with --internet");
    assert_int_equal(net_internet_open(&off, plan, 0, &e), -1);
    assert_int_equal(e.code, ERR_DENIED);
}

/* ---- crashes ---- */

struct dying {
    struct proc_runner r;
    int after; /* programs */
};

static int dying_run(struct proc_runner *self, const struct proc_spec *s, struct proc_result *r,
                     struct err *e)
{
    struct dying *d = (struct dying *)self;

    if (d->after-- == 0)
        _exit(0);
    return proc_run(NULL, s, r, e);
}

static void count(const char *lab, void *arg)
{
    int *n = arg;

    *n += strcmp(lab, LAB) == 0;
}

/* A worker that dies before the nth program that it runs; one more than it runs, and it ends. */
static void test_death(void **state)
{
    const int *after = *state;
    AUTO(mem_freep) char *left = xasprintf("test -z \"$(ip -o link show | grep pi" LAB ")\"");
    AUTO(mem_freep) char *path = xasprintf("/run/netns/paralab-%s-" LAB, host.owner);
    char source[INET6_ADDRSTRLEN];
    struct err e;
    int n = 0;

    lab_plan(WAY_OUT);
    pid_t pid = fork();
    if (pid == 0) {
        struct dying d = {{dying_run}, *after};
        struct net_host h = host;
        h.runner = &d.r;
        _exit(net_internet_open(&h, plan, 0, &e) == 0 ? 0 : 1);
    }
    int status;
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
    bool begun = file_exists(path);
    OK(net_leftovers(&host, count, &n, &x_));
    assert_int_equal(n, begun);
    /* labhost has lost the lab ... */
    if (*after % 2 == 0) {
        OK(net_detach(&host, LAB, &x_));
        assert_false(file_exists(path));
        assert_int_equal(shell(machine, left), 0);
        plan_free(TAKE(plan));
    } else { /* ... or goes on with it */
        plan_free(TAKE(plan));
        way_out_up();
        assert_true(outside_answers("100.64.0.2", "203.0.113.2", source));
    }
}

static void test_detach_leaves_nothing(void **state)
{
    AUTO(mem_freep) char *path = xasprintf("/run/netns/paralab-%s-" LAB, host.owner);

    (void)state;
    way_out_up();
    assert_true(file_exists(path));
    assert_int_equal(shell(machine, "ip -o link show | grep -q pi" LAB), 0);
    OK(net_detach(&host, LAB, &x_));
    assert_false(file_exists(path));
    assert_int_equal(shell(machine, "ip -o link show | grep -q pi" LAB), 1);
    OK(net_detach(&host, LAB, &x_));
}

int main(void)
{
    struct CMUnitTest tests[32] = {
        T(test_answers_come_back),    T(test_tcp),       T(test_second_call_changes_nothing),
        T(test_spoofed_source),       T(test_other_lab), T(test_off_by_default),
        T(test_detach_leaves_nothing)};
    static int deaths[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    size_t n = 7;

    ROWS(rows, test_closed)
    for (size_t i = 0; i < ARRAY_LEN(deaths); i++)
        tests[n++] = (struct CMUnitTest){"death of the worker", test_death, NULL, lab_end, &deaths[i]};
    return _cmocka_run_group_tests("test_net_internet", tests, n, open_world, close_world);
}
