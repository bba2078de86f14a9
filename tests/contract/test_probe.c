/* labprobe on a real network of namespaces: two LANs, a router, and the ways in which a router can
 * look right without forwarding.  Needs root.
 *
 *   refa, h1 - [br1] - r1 - [br2] - h2, refb      (br1, br2 and the host-side devices in namespace w) */
#include "grading/grading_parts.h"
#include "labd/base/mem.h"
#include "labd/base/proc.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { W, REFA, REFB, H1, H2, R1, SPACES };
static const char *const space_names[SPACES] = {"w", "refa", "refb", "h1", "h2", "r1"};
static pid_t holders[SPACES], servers[8];
static size_t nservers;
static char labprobe[256];

static const char *space(int i)
{
    static char names[SPACES][32];

    snprintf(names[i], sizeof names[i], "pgt%d-%s", (int)getpid(), space_names[i]);
    return names[i];
}

/* Runs shell text with $W, $R1 .. naming the namespaces and the function n NAMESPACE CMD... */
static int shell(const char *text)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    AUTO(proc_result_clear) struct proc_result r = {0};
    struct err e;

    if (text == NULL)
        return 0;
    for (int i = 0; i < SPACES; i++)
        buf_printf(&b, "%s=%s\n", space_names[i], space(i));
    buf_puts(&b, "n() { ip netns exec \"$@\"; }\nset -e\n");
    buf_puts(&b, text);
    const char *argv[] = {"sh", "-c", buf_str(&b), NULL};
    struct proc_spec s = {.argv = argv, .timeout_ms = 60000};
    if (proc_run(NULL, &s, &r, &e) < 0 || r.status != 0) {
        print_error("%s\n%s\n%s\n", text, buf_str(&r.out), buf_str(&r.err));
        return -1;
    }
    return 0;
}

/* A child in a namespace; it dies with us. */
static pid_t child_in(int where, void (*fn)(uint16_t), uint16_t port)
{
    char path[64];
    int ready[2], fd;
    pid_t pid, me = getpid();

    snprintf(path, sizeof path, "/run/netns/%s", space(where));
    if (pipe(ready) < 0 || (pid = fork()) < 0)
        return -1;
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != me || (fd = open(path, O_RDONLY)) < 0 || setns(fd, CLONE_NEWNET) < 0)
            _exit(1);
        close(ready[0]);
        dup2(ready[1], 9);
        fn(port);
        _exit(0);
    }
    close(ready[1]);
    struct pollfd p = {ready[0], POLLIN, 0};
    poll(&p, 1, 5000);
    close(ready[0]);
    return pid;
}

static void hold(uint16_t unused)
{
    (void)unused;
    (void)!write(9, "1", 1);
    pause();
}

/* TCP: answers the first bytes with the same bytes, or as a web server without that page. */
static void serve(uint16_t port)
{
    struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    int fd = socket(AF_INET6, SOCK_STREAM, 0), on = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&any, sizeof any) < 0 || listen(fd, 8) < 0)
        _exit(1);
    (void)!write(9, "1", 1);
    for (;;) {
        static const char none[] = "HTTP/1.0 404 Not Found\r\n\r\n";
        char b[512];
        int c = accept(fd, NULL, NULL);
        ssize_t n = read(c, b, sizeof b);

        if (n > 0)
            (void)!write(c, port == 80 ? none : b, port == 80 ? sizeof none - 1 : (size_t)n);
        close(c);
    }
}

static void serve_udp(uint16_t port)
{
    struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    int fd = socket(AF_INET6, SOCK_DGRAM, 0);

    if (bind(fd, (struct sockaddr *)&any, sizeof any) < 0)
        _exit(1);
    (void)!write(9, "1", 1);
    for (;;) {
        struct sockaddr_in6 from;
        socklen_t nfrom = sizeof from;
        char b[512];
        ssize_t n = recvfrom(fd, b, sizeof b, 0, (struct sockaddr *)&from, &nfrom);

        if (n > 0)
            sendto(fd, b, (size_t)n, 0, (struct sockaddr *)&from, nfrom);
    }
}

static int find_labprobe(void)
{
    const char *given = getenv("LABPROBE");
    ssize_t n;

    if (given != NULL) {
        snprintf(labprobe, sizeof labprobe, "%s", given);
    } else if ((n = readlink("/proc/self/exe", labprobe, sizeof labprobe - 16)) > 0) {
        labprobe[n] = '\0'; /* BUILD/tests/contract/test_probe -> BUILD/labprobe */
        for (int i = 0; i < 3 && strrchr(labprobe, '/') != NULL; i++)
            *strrchr(labprobe, '/') = '\0';
        strncat(labprobe, "/labprobe", 12);
    }
    if (access(labprobe, X_OK) == 0)
        return 0;
    print_error("%s: no such program\n", labprobe);
    return -1;
}

static int group_setup(void **state)
{
    (void)state;
    if (getuid() != 0) {
        print_error("this test needs root\n");
        return -1;
    }
    if (find_labprobe() < 0 ||
        shell(
            "for x in $w $refa $refb $h1 $h2 $r1; do ip netns add $x; n $x sysctl -qw net.ipv6.conf.default.dad_transmits=0; ip -n $x link set lo up; done\n"
            "n $w sysctl -qw net.ipv6.conf.default.disable_ipv6=1\n"
            "for b in br1 br2; do ip -n $w link add $b type bridge; ip -n $w link set $b up; done\n"
            "wire() { ip -n $w link add $2 type veth peer name $3 netns $1; ip -n $w link set $2 master $4 up; }\n"
            "wire $refa refap eth0 br1; wire $h1 h1p eth0 br1; wire $r1 r1a eth0 br1\n"
            "wire $refb refbp eth0 br2; wire $h2 h2p eth0 br2; wire $r1 r1b eth1 br2\n"
            "addr() { ip -n $1 link set $2 up; ip -n $1 addr add $3 dev $2; ip -n $1 addr add $4 dev $2 nodad; }\n"
            "addr $h1 eth0 10.0.1.10/24 fd00:1::10/64; addr $h2 eth0 10.0.2.10/24 fd00:2::10/64\n"
            "addr $r1 eth0 10.0.1.1/24 fd00:1::1/64; addr $r1 eth1 10.0.2.1/24 fd00:2::1/64\n"
            "ip -n $h1 route add default via 10.0.1.1; ip -n $h2 route add default via 10.0.2.1\n"
            "ip -n $h2 -6 route add default via fd00:2::1\n"
            "n $r1 sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1\n") < 0)
        return -1;
    for (int i = 0; i < SPACES; i++)
        if ((holders[i] = child_in(i, hold, 0)) <= 0)
            return -1;
    servers[nservers++] = child_in(H2, serve, 80);
    servers[nservers++] = child_in(H2, serve, 7);
    servers[nservers++] = child_in(H2, serve_udp, 7);
    servers[nservers++] = child_in(R1, serve, 80);
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    for (int i = 0; i < SPACES; i++)
        if (holders[i] > 0 && kill(holders[i], SIGKILL) == 0)
            waitpid(holders[i], NULL, 0);
    for (size_t i = 0; i < nservers; i++)
        if (servers[i] > 0 && kill(servers[i], SIGKILL) == 0)
            waitpid(servers[i], NULL, 0);
    return shell("for x in $w $refa $refb $h1 $h2 $r1; do ip netns del $x; done");
}

static void add_ref(struct probe_spec *s, const char *name, int where, const char *v4, const char *gw4,
                    const char *v6, const char *gw6)
{
    struct probe_ref *r = &s->refs[s->nrefs++];

    snprintf(r->name, sizeof r->name, "%s", name);
    snprintf(r->segment, sizeof r->segment, "lan");
    snprintf(r->mac, sizeof r->mac, "02:00:00:00:00:%02x", (unsigned)where);
    r->pid = holders[where];
    assert_true(probe_addr_parse_net(v4, &r->net[0].addr, &r->net[0].prefix));
    assert_true(probe_addr_parse(gw4, &r->net[0].gateway));
    assert_true(probe_addr_parse_net(v6, &r->net[1].addr, &r->net[1].prefix));
    assert_true(probe_addr_parse(gw6, &r->net[1].gateway));
    r->nnets = 2;
}

static struct probe_spec *spec_new(void)
{
    static const struct {
        const char *port, *dev;
    } ports[] = {{"h1:eth0", "h1p"}, {"h2:eth0", "h2p"}, {"r1:eth0", "r1a"}, {"r1:eth1", "r1b"}};
    struct probe_spec *s = probe_spec_new();

    add_ref(s, "refa", REFA, "10.0.1.250/24", "10.0.1.1", "fd00:1::fa/64", "fd00:1::1");
    add_ref(s, "refb", REFB, "10.0.2.250/24", "10.0.2.1", "fd00:2::fa/64", "fd00:2::1");
    for (size_t i = 0; i < ARRAY_LEN(ports); i++) {
        snprintf(s->ports[i].name, sizeof s->ports[i].name, "%s", ports[i].port);
        snprintf(s->ports[i].dev, sizeof s->ports[i].dev, "%s", ports[i].dev);
    }
    s->nports = ARRAY_LEN(ports);
    return s;
}

static struct probe *probe_add(struct probe_spec *s, enum probe_kind kind, const char *to, uint16_t port,
                               const char *far)
{
    struct probe *p = &s->probes[s->nprobes++];

    snprintf(p->id, sizeof p->id, "p%zu", s->nprobes);
    p->kind = kind;
    snprintf(p->from, sizeof p->from, "refa");
    assert_true(probe_addr_parse(to, &p->to));
    p->port = port;
    p->ttl = 64;
    snprintf(p->far, sizeof p->far, "%s", far);
    p->count = 1;
    p->interval_ms = 200;
    p->timeout_ms = 1200;
    p->stop = 1;
    return p;
}

/* As labhost does it; labprobe runs where the host-side devices are. */
static struct probe_result *probe_run(const struct probe_spec *s)
{
    json_t *j = probe_spec_to_json(s);
    AUTO(mem_freep) char *in = json_dumps(j, JSON_COMPACT);
    AUTO(proc_result_clear) struct proc_result r = {0};
    const char *argv[] = {"ip", "netns", "exec", space(W), labprobe, NULL};
    struct proc_spec ps = {.argv = argv,
                           .input = in,
                           .input_len = strlen(in),
                           .timeout_ms = 30000,
                           .output_max = PROBE_RESULT_BYTES_MAX};
    struct probe_result *result;
    json_error_t je;
    struct err e = {0};

    json_decref(j);
    if (proc_run(NULL, &ps, &r, &e) < 0 || r.status != 0)
        fail_msg("labprobe: status %d: %s %s", r.status, e.msg, buf_str(&r.err));
    if ((j = json_loads(buf_str(&r.out), 0, &je)) == NULL)
        fail_msg("labprobe printed %s", buf_str(&r.out));
    result = probe_result_from_json(j, &e);
    json_decref(j);
    if (result == NULL)
        fail_msg("labprobe's result: %s", e.msg);
    return result;
}

static const struct probe_sighting *sighting(const struct probe_sample *s, const char *port, bool in,
                                             enum probe_what what)
{
    for (size_t i = 0; i < s->nsightings; i++)
        if (s->sightings[i].in == in && s->sightings[i].what == what &&
            strcmp(s->sightings[i].port, port) == 0)
            return &s->sightings[i];
    return NULL;
}

struct row { // NOLINT(clang-analyzer-optin.performance.Padding): in the order of reading
    const char *name, *set, *unset; /* shell */
    enum probe_kind kind;
    const char *to;
    uint16_t port;
    const char *far;
    bool replied;
    enum probe_tcp tcp;
    int far_ttl; /* 0: must not arrive there */
    bool data, echo;
};
static const struct row rows[] = {
    {"honest router", NULL, NULL, PROBE_ICMP, "10.0.2.10", 0, "h2:eth0", true, PROBE_TCP_NONE, 63, false,
     false},
    {"same segment", NULL, NULL, PROBE_ICMP, "10.0.1.10", 0, "h1:eth0", true, PROBE_TCP_NONE, 64, false,
     false},
    {"to another reference", NULL, NULL, PROBE_ICMP, "10.0.2.250", 0, "@refb", true, PROBE_TCP_NONE, 63,
     false, false},
    {"honest router, IPv6", NULL, NULL, PROBE_ICMP, "fd00:2::10", 0, "h2:eth0", true, PROBE_TCP_NONE, 63,
     false, false},
    {"forwarding off", "n $r1 sysctl -qw net.ipv4.ip_forward=0", "n $r1 sysctl -qw net.ipv4.ip_forward=1",
     PROBE_ICMP, "10.0.2.10", 0, "h2:eth0", false, PROBE_TCP_NONE, 0, false, false},
    {"forwarding off and the foreign address on the router's loopback",
     "n $r1 sysctl -qw net.ipv4.ip_forward=0; ip -n $r1 addr add 10.0.2.10/32 dev lo",
     "n $r1 sysctl -qw net.ipv4.ip_forward=1; ip -n $r1 addr del 10.0.2.10/32 dev lo", PROBE_ICMP,
     "10.0.2.10", 0, "h2:eth0", true, PROBE_TCP_NONE, 0, false, false},
    {"proxy ARP for a host without address",
     "ip -n $refa neigh flush all; ip -n $h1 addr del 10.0.1.10/24 dev eth0; ip -n $r1 addr add 10.0.1.10/32 dev lo; n $r1 sysctl -qw "
     "net.ipv4.conf.eth0.proxy_arp=1",
     "ip -n $r1 addr del 10.0.1.10/32 dev lo; n $r1 sysctl -qw net.ipv4.conf.eth0.proxy_arp=0; ip -n $h1 addr add "
     "10.0.1.10/24 dev eth0; ip -n $h1 route add default via 10.0.1.1; ip -n $refa neigh flush all",
     PROBE_ICMP, "10.0.1.10", 0, "h1:eth0", true, PROBE_TCP_NONE, 0, false, false},
    {"host without a way back", "ip -n $h2 route del default", "ip -n $h2 route add default via 10.0.2.1",
     PROBE_ICMP, "10.0.2.10", 0, "h2:eth0", false, PROBE_TCP_NONE, 63, false, false},
    {"web server", NULL, NULL, PROBE_TCP, "10.0.2.10", 80, "h2:eth0", true, PROBE_TCP_OPEN, 63, true, false},
    {"web server, IPv6", NULL, NULL, PROBE_TCP, "fd00:2::10", 80, "h2:eth0", true, PROBE_TCP_OPEN, 63, true,
     false},
    {"echo server", NULL, NULL, PROBE_TCP, "10.0.2.10", 7, "h2:eth0", true, PROBE_TCP_OPEN, 63, true, true},
    {"closed port", NULL, NULL, PROBE_TCP, "10.0.2.10", 22, "h2:eth0", true, PROBE_TCP_REFUSED, 63, false,
     false},
    {"port dropped in the router",
     "n $r1 nft 'add table t; add chain t f { type filter hook forward priority 0; }; add "
     "rule t f tcp dport 80 drop'",
     "n $r1 nft delete table t", PROBE_TCP, "10.0.2.10", 80, "h2:eth0", false, PROBE_TCP_TIMEOUT, 0, false,
     false},
    {"port rejected in the router",
     "n $r1 nft 'add table t; add chain t f { type filter hook forward priority 0; }; add "
     "rule t f tcp dport 80 reject with tcp reset'",
     "n $r1 nft delete table t", PROBE_TCP, "10.0.2.10", 80, "h2:eth0", true, PROBE_TCP_REFUSED, 0, false,
     false},
    {"port redirected to the router's own server",
     "n $r1 nft 'add table t; add chain t p { type nat hook prerouting "
     "priority -100; }; add rule t p tcp dport 80 redirect'",
     "n $r1 nft delete table t", PROBE_TCP, "10.0.2.10", 80, "h2:eth0", true, PROBE_TCP_OPEN, 0, true, false},
    {"UDP echo", NULL, NULL, PROBE_UDP, "10.0.2.10", 7, "h2:eth0", true, PROBE_TCP_NONE, 63, true, true},
    {"UDP to a closed port", NULL, NULL, PROBE_UDP, "10.0.2.10", 9, "h2:eth0", false, PROBE_TCP_NONE, 63,
     false, false},
    {"router's interface down", "ip -n $r1 link set eth0 down",
     "ip -n $r1 link set eth0 up; ip -n $r1 addr add "
     "fd00:1::1/64 dev eth0 nodad || true",
     PROBE_TCP, "10.0.2.10", 80, "h2:eth0", false, PROBE_TCP_TIMEOUT, 0, false, false},
};

static int row_unset(void **state)
{
    const struct row *r = *state;

    return shell(r->unset);
}

static void test_row(void **state)
{
    const struct row *r = *state;
    AUTO(probe_spec_freep) struct probe_spec *s = spec_new();
    AUTO(probe_result_freep) struct probe_result *result = NULL;
    const struct probe_sighting *far;
    const struct probe_sample *m;

    assert_int_equal(shell(r->set), 0);
    probe_add(s, r->kind, r->to, r->port, r->far);
    result = probe_run(s);
    assert_int_equal(result->lost, 0);
    assert_string_equal(result->probes[0].error, "");
    assert_int_equal(result->probes[0].nsamples, 1);
    m = &result->probes[0].samples[0];
    assert_int_equal(m->reply_us >= 0, r->replied);
    assert_int_equal(m->tcp, r->tcp);
    assert_int_equal(m->data, r->data);
    assert_int_equal(m->echo, r->echo);
    far = sighting(m, r->far, true, r->kind == PROBE_TCP ? PROBE_SYN : PROBE_REQUEST);
    if (r->far_ttl == 0) {
        assert_null(far);
        return;
    }
    assert_non_null(far);
    assert_int_equal(far->ttl, r->far_ttl);
    assert_true(probe_addr_equal(&far->dst, &s->probes[0].to));
}

/* The path is the order of the sightings, there and back. */
static void test_path_in_order(void **state)
{
    static const struct {
        const char *port;
        bool in;
        enum probe_what what;
        int ttl;
    } want[] = {
        {"@refa", false, PROBE_REQUEST, 64},   {"r1:eth0", true, PROBE_REQUEST, 64},
        {"r1:eth1", false, PROBE_REQUEST, 63}, {"h2:eth0", true, PROBE_REQUEST, 63},
        {"h2:eth0", false, PROBE_REPLY, 64},   {"r1:eth1", true, PROBE_REPLY, 64},
        {"r1:eth0", false, PROBE_REPLY, 63},   {"@refa", true, PROBE_REPLY, 63},
    };
    AUTO(probe_spec_freep) struct probe_spec *s = spec_new();
    AUTO(probe_result_freep) struct probe_result *result = NULL;
    const struct probe_sample *m;
    size_t at = 0;

    (void)state;
    probe_add(s, PROBE_ICMP, "10.0.2.10", 0, "h2:eth0");
    result = probe_run(s);
    m = &result->probes[0].samples[0];
    for (size_t i = 0; i < m->nsightings && at < ARRAY_LEN(want); i++) {
        const struct probe_sighting *g = &m->sightings[i];

        if (strcmp(g->port, want[at].port) != 0 || g->in != want[at].in || g->what != want[at].what)
            continue;
        assert_int_equal(g->ttl, want[at].ttl);
        at++;
    }
    assert_int_equal(at, ARRAY_LEN(want)); /* a bridge that does not know the MAC yet floods: more is fine */
}

/* A refusal by the host itself is seen leaving it; one by the router is not. */
static void test_refusal_comes_from_the_host(void **state)
{
    AUTO(probe_spec_freep) struct probe_spec *s = spec_new();
    AUTO(probe_result_freep) struct probe_result *result = NULL;

    (void)state;
    probe_add(s, PROBE_TCP, "10.0.2.10", 22, "h2:eth0");
    result = probe_run(s);
    assert_non_null(sighting(&result->probes[0].samples[0], "h2:eth0", false, PROBE_RST));
}

static void test_translated_source_is_reported(void **state)
{
    AUTO(probe_spec_freep) struct probe_spec *s = spec_new();
    AUTO(probe_result_freep) struct probe_result *result = NULL;
    const struct probe_sighting *far;
    char text[PROBE_ADDR_TEXT];

    (void)state;
    assert_int_equal(
        shell("n $r1 nft 'add table t; add chain t p { type nat hook postrouting priority 100; }; add rule "
              "t p masquerade'"),
        0);
    probe_add(s, PROBE_TCP, "10.0.2.10", 80, "h2:eth0");
    result = probe_run(s);
    assert_int_equal(shell("n $r1 nft delete table t"), 0);
    far = sighting(&result->probes[0].samples[0], "h2:eth0", true, PROBE_SYN);
    assert_non_null(far);
    assert_string_equal(probe_addr_text(&far->src, text), "10.0.2.1");
}

/* Samples go on until enough of them were good in a row, and not longer. */
static void test_stops_after_a_streak(void **state)
{
    AUTO(probe_spec_freep) struct probe_spec *s = spec_new();
    AUTO(probe_result_freep) struct probe_result *result = NULL;
    struct probe *p = probe_add(s, PROBE_ICMP, "10.0.2.10", 0, "h2:eth0");

    (void)state;
    p->count = 50;
    p->interval_ms = 100;
    p->stop = 3;
    result = probe_run(s);
    assert_in_range(result->probes[0].nsamples, 3, 6);
}

/* All at once, with room in the filter for each address. */
static void test_many_probes(void **state)
{
    AUTO(probe_spec_freep) struct probe_spec *s = spec_new();
    AUTO(probe_result_freep) struct probe_result *result = NULL;

    (void)state;
    for (int i = 0; i < PROBE_PROBES_MAX; i++)
        probe_add(s, i % 2 ? PROBE_ICMP : PROBE_TCP, i % 4 < 2 ? "10.0.2.10" : "fd00:2::10", i % 2 ? 0 : 80,
                  "h2:eth0");
    result = probe_run(s);
    assert_int_equal(result->lost, 0);
    assert_int_equal(result->nprobes, PROBE_PROBES_MAX);
    for (int i = 0; i < PROBE_PROBES_MAX; i++)
        assert_true(result->probes[i].samples[0].reply_us >= 0);
}

/* While packets are read there is nothing to gain from taking the process over. */
static void test_runs_without_privilege(void **state)
{
    AUTO(probe_spec_freep) struct probe_spec *s = spec_new();
    struct probe *p = probe_add(s, PROBE_ICMP, "10.0.2.10", 0, "h2:eth0");
    int in[2], out[2];
    char path[64], status[4096] = "";
    const char *argv[] = {"nsenter", NULL, labprobe, NULL};
    char net[64];
    pid_t pid;

    (void)state;
    p->count = 40;
    p->interval_ms = 100;
    p->stop = 0;
    json_t *j = probe_spec_to_json(s);
    AUTO(mem_freep) char *text = json_dumps(j, JSON_COMPACT);
    json_decref(j);
    assert_int_equal(pipe(in), 0);
    assert_int_equal(pipe(out), 0);
    snprintf(net, sizeof net, "--net=/run/netns/%s", space(W));
    argv[1] = net;
    pid = proc_spawn(argv, (int[3]){in[0], out[1], -1}, NULL, 0, NULL, NULL);
    assert_true(pid > 0);
    assert_int_equal(write(in[1], text, strlen(text)), strlen(text));
    close(in[0]);
    close(in[1]);
    close(out[1]);
    usleep(1500 * 1000);
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    assert_true(read(fd, status, sizeof status - 1) > 0);
    close(fd);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    close(out[0]);
    assert_non_null(strstr(status, "labprobe"));
    assert_non_null(strstr(status, "Uid:\t65534\t65534\t65534\t65534"));
    assert_non_null(strstr(status, "Gid:\t65534\t65534\t65534\t65534"));
    assert_non_null(strstr(status, "CapEff:\t0000000000000000"));
    assert_non_null(strstr(status, "CapPrm:\t0000000000000000"));
    assert_non_null(strstr(status, "NoNewPrivs:\t1"));
    assert_non_null(strstr(status, "Seccomp:\t2"));
}

/* ---- whole checks: from the exercise's text to the verdict ---- */
static const char check_topology[] =
    "<topology name='t'><host name='h1'><interface name='eth0' network='lan'/></host><host name='h2'><interface name='eth0' network='lan2'/></host>"
    "<router name='r1'><interface name='eth0' network='lan'/><interface name='eth1' network='lan2'/></router>"
    "<network name='lan'/><network name='lan2'/></topology>";
static const char check_head[] =
    "<exercise id='x' title='X'><summary>s</summary><topology file='t.xml'/><grading>"
    "<reference name='refa' at='lan' address='10.0.1.250/24' gateway='10.0.1.1'/>"
    "<reference name='refb' at='lan2' address='10.0.2.250/24' gateway='10.0.2.1'/><check id='c' title='t' points='1' from='refa' ";

#define NAT_TABLE(hook, priority, rule) \
    "n $r1 nft 'add table t; add chain t c { type nat hook " hook " priority " priority \
    "; }; add rule t c " rule "'"
#define NAT_GONE "n $r1 nft delete table t"
#define SNAT "kind='nat' to='10.0.2.10' seen-at='h2:eth0' as='10.0.2.1'/>"
#define DNAT "kind='nat' proto='tcp' port='8080' to='10.0.1.1' seen-at='h2:eth0' becomes='10.0.2.10'/>"

static const struct check_row {
    const char *name, *set, *unset; /* shell */
    const char *check;              /* the rest of the element */
    enum grading_status status;
    const char *observed;
} check_rows[] = {
    {"nat: source translated", NAT_TABLE("postrouting", "100", "oifname eth1 snat to 10.0.2.1"), NAT_GONE,
     SNAT, GRADING_PASS, "answer came back"},
    {"nat: cheat, routed without translation", NULL, NULL, SNAT, GRADING_FAIL,
     "10.0.1.250 instead of 10.0.2.1"},
    {"nat: cheat, the router takes the far address", "ip -n $r1 addr add 10.0.2.10/32 dev lo",
     "ip -n $r1 addr del 10.0.2.10/32 dev lo", SNAT, GRADING_FAIL, "something else answered"},
    {"nat: cheat, a copy is sent with the private source",
     NAT_TABLE(
         "postrouting", "100",
         "oifname eth1 snat to 10.0.2.1'; n $r1 nft 'add chain t d { type filter hook prerouting priority "
         "-300; }; add rule t d iifname eth0 ip daddr 10.0.2.10 dup to 10.0.2.10 device eth1"),
     NAT_GONE, SNAT, GRADING_FAIL, "10.0.1.250 instead of 10.0.2.1"},
    {"nat: destination and port translated",
     NAT_TABLE("prerouting", "-100", "tcp dport 8080 dnat ip to 10.0.2.10:80"), NAT_GONE, DNAT, GRADING_PASS,
     "answer came back"},
    {"nat: cheat, redirected to a server on the router",
     NAT_TABLE("prerouting", "-100", "tcp dport 8080 redirect to :80"), NAT_GONE, DNAT, GRADING_FAIL,
     "something else answered"},
    {"nat: cheat, the source is hidden as well",
     NAT_TABLE(
         "prerouting", "-100",
         "tcp dport 8080 dnat ip to 10.0.2.10:80'; n $r1 nft 'add chain t o { type nat hook postrouting "
         "priority 100; }; add rule t o masquerade"),
     NAT_GONE, DNAT, GRADING_FAIL, "10.0.2.1 instead of 10.0.1.250"},
};

static int check_unset(void **state)
{
    const struct check_row *r = *state;

    return shell(r->unset);
}

/* What labhost resolves from its plan. */
static void resolve(struct probe_spec *s)
{
    AUTO(probe_spec_freep) struct probe_spec *all = spec_new();

    for (size_t i = 0; i < s->nrefs; i++) {
        const struct probe_ref *r = probe_ref_find(all, s->refs[i].name);

        assert_non_null(r);
        memcpy(s->refs[i].mac, r->mac, sizeof r->mac);
        s->refs[i].pid = r->pid;
    }
    for (size_t i = 0; i < s->nports; i++)
        for (size_t k = 0; k < all->nports; k++)
            if (strcmp(s->ports[i].name, all->ports[k].name) == 0)
                memcpy(s->ports[i].dev, all->ports[k].dev, IFNAME_SIZE);
}

static void test_check(void **state)
{
    const struct check_row *row = *state;
    AUTO(mem_freep) char *xml = xasprintf("%s%s</grading></exercise>", check_head, row->check);
    AUTO(exercise_freep) struct exercise *x = NULL;
    AUTO(probe_spec_freep) struct probe_spec *s = NULL;
    AUTO(probe_result_freep) struct probe_result *r = NULL;
    struct grading_verdict v;
    struct err e = {0};

    x = exercise_load_mem(xml, strlen(xml), check_topology, sizeof check_topology - 1, NULL, NULL, &e);
    if (x == NULL)
        fail_msg("%s", e.msg);
    assert_int_equal(shell(row->set), 0);
    s = grading_spec(x, GRADING_ALL_SHARED, GRADING_STEADY, &e);
    assert_non_null(s);
    resolve(s);
    r = probe_run(s);
    v = grading_judge(x, 0, r, false);
    if (v.status != row->status || strstr(v.observed, row->observed) == NULL)
        fail_msg("%s: %s", grading_status_name(v.status), v.observed);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + ARRAY_LEN(check_rows) + 6];
    size_t n = 0;

    for (; n < ARRAY_LEN(rows); n++)
        tests[n] = (struct CMUnitTest){rows[n].name, test_row, NULL, row_unset, (void *)(uintptr_t)&rows[n]};
    for (size_t i = 0; i < ARRAY_LEN(check_rows); i++)
        tests[n++] = (struct CMUnitTest){check_rows[i].name, test_check, NULL, check_unset,
                                         (void *)(uintptr_t)&check_rows[i]};
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_path_in_order);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_refusal_comes_from_the_host);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_translated_source_is_reported);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_stops_after_a_streak);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_many_probes);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_runs_without_privilege);
    return cmocka_run_group_tests_name("probe", tests, group_setup, group_teardown);
}
