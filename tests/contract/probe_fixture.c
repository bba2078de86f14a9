#include "tests/contract/probe_fixture.h"

#include "labd/base/mem.h"
#include "labd/base/proc.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const space_names[SPACES] = {"w", "refa", "refb", "h1", "h2", "r1"};
static pid_t holders[SPACES];
static char labprobe[256];

const char *space(int i)
{
    static char names[SPACES][32];

    snprintf(names[i], sizeof names[i], "pgt%d-%s", (int)getpid(), space_names[i]);
    return names[i];
}

/* Runs shell text with $W, $R1 .. naming the namespaces and the function n NAMESPACE CMD... */
int shell(const char *text)
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
pid_t child_in(int where, void (*fn)(uint16_t), uint16_t port)
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

int space_setup(void **state)
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
    return 0;
}

int space_teardown(void **state)
{
    (void)state;
    for (int i = 0; i < SPACES; i++)
        if (holders[i] > 0 && kill(holders[i], SIGKILL) == 0)
            waitpid(holders[i], NULL, 0);
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

struct probe_spec *spec_new(void)
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

/* As labhost does it; labprobe runs where the host-side devices are. */
struct probe_result *probe_run(const struct probe_spec *s)
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

/* ---- whole checks ---- */
static const char check_topology[] =
    "<topology name='t'><host name='h1'><interface name='eth0' network='lan'/></host><host name='h2'><interface name='eth0' network='lan2'/></host>"
    "<router name='r1'><interface name='eth0' network='lan'/><interface name='eth1' network='lan2'/></router>"
    "<network name='lan'/><network name='lan2'/></topology>";
static const char check_head[] =
    "<exercise id='x' title='X'><summary>s</summary><topology file='t.xml'/><grading>"
    "<reference name='refa' at='lan' address='10.0.1.250/24' gateway='10.0.1.1'/>"
    "<reference name='refb' at='lan2' address='10.0.2.250/24' gateway='10.0.2.1'/><check id='c' title='t' points='1' from='refa' ";

int check_unset(void **state)
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

void test_check(void **state)
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
    s = grading_spec(x, GRADING_ALL_UNCUT, GRADING_STEADY, &e);
    assert_non_null(s);
    resolve(s);
    r = probe_run(s);
    v = grading_judge(x, 0, r, false);
    if (v.status != row->status || strstr(v.observed, row->observed) == NULL)
        fail_msg("%s: %s", grading_status_name(v.status), v.observed);
}
