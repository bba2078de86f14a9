/* What the tests of labprobe share: a real network of namespaces, LANs and routers.  Needs root; runs beside
 * any other instance and leaves nothing.  Not a program: included by the tests.
 *
 *   refa, h1 - [br1] - r1 - [br2] - h2, refb      (bridges and the host-side devices are in namespace w)
 *                      r1 - [br3] - r2 - [br4] - refc      br3 is the link wan; nothing is routed over it */
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

enum { W, REFA, REFB, REFC, H1, H2, R1, R2, SPACES };
static const char *const space_names[SPACES] = {"w", "refa", "refb", "refc", "h1", "h2", "r1", "r2"};
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
    struct proc_spec s = {.argv = argv, .timeout_ms = 180000};
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

/* A run that was killed could not take its namespaces away. */
static int sweep(void)
{
    return shell("for x in $(ip netns list | grep -o '^pgt[0-9]*-[a-z0-9]*'); do p=${x#pgt}\n"
                 "test -d /proc/${p%-*} || ip netns del $x; done");
}

static int make_network(void)
{
    if (find_labprobe() < 0 || sweep() < 0 ||
        shell(
            "for x in $w $refa $refb $refc $h1 $h2 $r1 $r2; do ip netns add $x; n $x sysctl -qw net.ipv6.conf.default.dad_transmits=0; ip -n $x link set lo up; done\n"
            "n $w sysctl -qw net.ipv6.conf.default.disable_ipv6=1\n"
            "for b in br1 br2 br3 br4; do ip -n $w link add $b type bridge; ip -n $w link set $b up; done\n"
            "wire() { ip -n $w link add $2 type veth peer name $3 netns $1; ip -n $1 link set $3 address $5; ip -n $w link set $2 master $4 up; }\n"
            "wire $refa refap eth0 br1 02:00:00:00:00:01; wire $h1 h1p eth0 br1 02:00:00:00:01:01; wire $r1 r1a eth0 br1 02:00:00:00:02:01\n"
            "wire $refb refbp eth0 br2 02:00:00:00:00:02; wire $h2 h2p eth0 br2 02:00:00:00:01:02; wire $r1 r1b eth1 br2 02:00:00:00:02:02\n"
            "wire $r1 r1c eth2 br3 02:00:00:00:02:03; wire $r2 r2a eth0 br3 02:00:00:00:03:01\n"
            "wire $refc refcp eth0 br4 02:00:00:00:00:03; wire $r2 r2b eth1 br4 02:00:00:00:03:02\n"
            "addr() { ip -n $1 link set $2 up; ip -n $1 addr add $3 dev $2; ip -n $1 addr add $4 dev $2 nodad; }\n"
            "addr $h1 eth0 10.0.1.10/24 fd00:1::10/64; addr $h2 eth0 10.0.2.10/24 fd00:2::10/64\n"
            "addr $r1 eth0 10.0.1.1/24 fd00:1::1/64; addr $r1 eth1 10.0.2.1/24 fd00:2::1/64\n"
            "addr $r1 eth2 192.0.2.1/30 fd00:9::1/64; addr $r2 eth0 192.0.2.2/30 fd00:9::2/64; addr $r2 eth1 10.0.3.1/24 fd00:3::1/64\n"
            "ip -n $h1 route add default via 10.0.1.1; ip -n $h2 route add default via 10.0.2.1\n"
            "ip -n $h2 -6 route add default via fd00:2::1\n"
            "for x in $r1 $r2; do n $x sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1; done\n") <
            0)
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
    return shell(
        "for x in $w $refa $refb $refc $h1 $h2 $r1 $r2; do test ! -e /run/netns/$x || ip netns del $x; done");
}

static int group_setup(void **state)
{
    if (getuid() != 0) {
        print_error("this test needs root\n");
        return -1;
    }
    if (make_network() == 0)
        return 0;
    group_teardown(state); /* cmocka runs none after a setup that failed */
    return -1;
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
        const char *port, *dev, *mac;
    } ports[] = {{"h1:eth0", "h1p", "02:00:00:00:01:01"}, {"h2:eth0", "h2p", "02:00:00:00:01:02"},
                 {"r1:eth0", "r1a", "02:00:00:00:02:01"}, {"r1:eth1", "r1b", "02:00:00:00:02:02"},
                 {"wan:a", "r1c", "02:00:00:00:02:03"},   {"wan:b", "r2a", "02:00:00:00:03:01"}};
    struct probe_spec *s = probe_spec_new();

    add_ref(s, "refa", REFA, "10.0.1.250/24", "10.0.1.1", "fd00:1::fa/64", "fd00:1::1");
    add_ref(s, "refc", REFC, "10.0.3.250/24", "10.0.3.1", "fd00:3::fa/64", "fd00:3::1");
    add_ref(s, "refb", REFB, "10.0.2.250/24", "10.0.2.1", "fd00:2::fa/64", "fd00:2::1");
    for (size_t i = 0; i < ARRAY_LEN(ports); i++) {
        snprintf(s->ports[i].name, sizeof s->ports[i].name, "%s", ports[i].port);
        snprintf(s->ports[i].dev, sizeof s->ports[i].dev, "%s", ports[i].dev);
        snprintf(s->ports[i].mac, sizeof s->ports[i].mac, "%s", ports[i].mac);
    }
    s->nports = ARRAY_LEN(ports);
    return s;
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
