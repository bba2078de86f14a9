/* labprobe on a real network of namespaces: two LANs, a router, and the ways in which a router can
 * look right without forwarding.  Needs root. */
#include "tests/contract/probe_fixture.c" /* NOLINT(bugprone-suspicious-include) */

#include <netinet/in.h>
#include <sys/socket.h>

static pid_t servers[8];
static size_t nservers;

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

static int group_setup(void **state)
{
    if (space_setup(state) < 0)
        return -1;
    servers[nservers++] = child_in(H2, serve, 80);
    servers[nservers++] = child_in(H2, serve, 7);
    servers[nservers++] = child_in(H2, serve_udp, 7);
    servers[nservers++] = child_in(R1, serve, 80);
    return 0;
}

static int group_teardown(void **state)
{
    for (size_t i = 0; i < nservers; i++)
        if (servers[i] > 0 && kill(servers[i], SIGKILL) == 0)
            waitpid(servers[i], NULL, 0);
    return space_teardown(state);
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

/* ---- translation ---- */
#define NAT_TABLE(hook, priority, rule) \
    "n $r1 nft 'add table t; add chain t c { type nat hook " hook " priority " priority \
    "; }; add rule t c " rule "'"
#define NAT_GONE "n $r1 nft delete table t"
#define SNAT "kind='nat' to='10.0.2.10' seen-at='h2:eth0' as='10.0.2.1'/>"
#define DNAT "kind='nat' proto='tcp' port='8080' to='10.0.1.1' seen-at='h2:eth0' becomes='10.0.2.10'/>"

static const struct check_row check_rows[] = {
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
