/* The mutants of a solution: which faults are made of which line, and what is not touched. */
#include "labd/base/buf.h"
#include "labd/base/mem.h"
#include "labd/ctl/ctl_mutant.h"
#include "labd/ctl/ctl_script.h"
#include "topology/topo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static char r1[] = "r1", names[][16] = {"eth0", "eth1", "eth2", "eth0.10"};
static struct topo_iface ifaces[4] = {
    {.name = names[0]}, {.name = names[1]}, {.name = names[2]}, {.name = names[3]}};
static const struct topo_node node = {.name = r1, .ifaces = ifaces, .nifaces = 3};
static const struct topo_node host = {.name = r1, .ifaces = ifaces, .nifaces = 1};

/* A row is a script and, for each mutant, its name and what takes the place of its statement. */
static const struct row {
    const char *name;
    const struct topo_node *node;
    const char *script, *want;
    size_t excused;
} rows[] = {
    {"nothing", &host, "", "", 0},
    {"comments and the shell's own words", &host, "#!/bin/sh\n\n# eth0\nset -e\nsleep 1\necho done\nexit 0\n",
     "", 0},
    {"an address", &host, "ip address add 10.0.1.10/24 dev eth0\n",
     "r1.sh:1 drop = :\n"
     "r1.sh:1 address = ip address add 10.0.1.11/24 dev eth0\n"
     "r1.sh:1 prefix = ip address add 10.0.1.10/25 dev eth0\n",
     0},
    {"the last digit is a 9", &host, "f 10.0.1.19/29\n",
     "r1.sh:1 drop = :\nr1.sh:1 address = f 10.0.1.18/29\nr1.sh:1 prefix = f 10.0.1.19/28\n", 0},
    {"the last host of a LAN", &host, "f 10.0.1.254\n", "r1.sh:1 drop = :\nr1.sh:1 address = f 10.0.1.253\n",
     0},
    {"a host's own prefix", &host, "f 10.0.0.1/32\n",
     "r1.sh:1 drop = :\nr1.sh:1 address = f 10.0.0.0/32\nr1.sh:1 prefix = f 10.0.0.1/31\n", 0},
    {"a network stays one", &host, "f 10.0.2.0/24\nf 192.168.10.128/25\n",
     "r1.sh:1 drop = :\nr1.sh:1 address = f 10.0.3.0/24\nr1.sh:1 prefix = f 10.0.2.0/25\n"
     "r1.sh:2 drop = :\nr1.sh:2 address = f 192.168.10.0/25\nr1.sh:2 prefix = f 192.168.10.128/26\n",
     0},
    {"all of the Internet", &host, "f 0.0.0.0/0 ::/0\n", "r1.sh:1 drop = :\n", 0},
    {"IPv6", &host, "f 2001:db8:1::1f/64 2001:db8:2::/48 2001:DB8::a\n",
     "r1.sh:1 drop = :\n"
     "r1.sh:1 address = f 2001:db8:1::1e/64 2001:db8:2::/48 2001:DB8::a\n"
     "r1.sh:1 prefix = f 2001:db8:1::1f/65 2001:db8:2::/48 2001:DB8::a\n"
     "r1.sh:1 address 2 = f 2001:db8:1::1f/64 2001:db8:3::/48 2001:DB8::a\n"
     "r1.sh:1 prefix 2 = f 2001:db8:1::1f/64 2001:db8:2::/49 2001:DB8::a\n"
     "r1.sh:1 address 3 = f 2001:db8:1::1f/64 2001:db8:2::/48 2001:db8::b\n",
     0},
    {"an address with a port, one at the end of a sentence", &host, "f 10.0.0.1:80 10.0.0.2.\n",
     "r1.sh:1 drop = :\nr1.sh:1 address = f 10.0.0.2:80 10.0.0.2.\n"
     "r1.sh:1 address 2 = f 10.0.0.1:80 10.0.0.3.\n",
     0},
    {"what only looks like one", &host,
     "f 02:00:00:00:00:01 1.2.3 10.0.0.1x v10.0.0.1 12:30 300.1.1.1 dead\n", "r1.sh:1 drop = :\n", 0},
    {"a next hop", &host, "ip route add 10.9.0.0/16 via 10.0.1.1\n",
     "r1.sh:1 drop = :\nr1.sh:1 address = ip route add 10.8.0.0/16 via 10.0.1.1\n"
     "r1.sh:1 prefix = ip route add 10.9.0.0/17 via 10.0.1.1\n"
     "r1.sh:1 next-hop = ip route add 10.9.0.0/16 via 10.0.1.2\n",
     0},
    {"interfaces in turn", &node, "f eth0 eth2 beth0 eth0a eth10 'eth1'\n",
     "r1.sh:1 drop = :\nr1.sh:1 interface = f eth1 eth2 beth0 eth0a eth10 'eth1'\n"
     "r1.sh:1 interface 2 = f eth0 eth0 beth0 eth0a eth10 'eth1'\n"
     "r1.sh:1 interface 3 = f eth0 eth2 beth0 eth0a eth10 'eth2'\n",
     0},
    {"the longest name", &(const struct topo_node){.name = r1, .ifaces = ifaces, .nifaces = 4}, "f eth0.10\n",
     "r1.sh:1 drop = :\nr1.sh:1 interface = f eth0\n", 0},
    {"a kernel parameter", &node, "sysctl -w net.ipv4.conf.eth1.forwarding=1\n",
     "r1.sh:1 drop = :\nr1.sh:1 interface = sysctl -w net.ipv4.conf.eth2.forwarding=1\n"
     "r1.sh:1 switch = sysctl -w net.ipv4.conf.eth1.forwarding=0\n",
     0},
    {"a kernel parameter, written", &host, "echo 0 >/proc/sys/net/ipv4/ip_forward\n",
     "r1.sh:1 drop = :\nr1.sh:1 switch = echo 1 >/proc/sys/net/ipv4/ip_forward\n", 0},
    {"no switch", &host, "x=1\nsysctl -w net.ipv4.tcp_syn_retries=11\n", "r1.sh:2 drop = :\n", 0},
    {"a loop", &node, "for leg in eth0 eth1; do\n    ip link set \"$leg\" up\ndone\n",
     "r1.sh:1 interface = for leg in eth1 eth1; do\n"
     "r1.sh:1 interface 2 = for leg in eth0 eth2; do\n"
     "r1.sh:2 drop = :\n",
     0},
    {"a condition", &host, "if f; then\n  g\nelse\n  h\nfi\ncase $x in\na) g ;;\nesac\n",
     "r1.sh:2 drop = :\nr1.sh:4 drop = :\n", 0},
    {"statements of several lines", &host, "f \\\n  10.0.0.1\nf 'a\nb'\nf |\n  g\nf '\\' && \\\n g\n",
     "r1.sh:1 drop = :\nr1.sh:1 address = f \\\n  10.0.0.2\nr1.sh:3 drop = :\nr1.sh:5 drop = :\nr1.sh:7 drop = :\n",
     0},
    {"a comment behind a statement", &host, "f 10.0.0.1 # not 10.0.0.2\nf 'a # 10.0.0.1'\n",
     "r1.sh:1 drop = :\nr1.sh:1 address = f 10.0.0.2\nr1.sh:2 drop = :\n"
     "r1.sh:2 address = f 'a # 10.0.0.2'\n",
     0},
    {"iptables", &host, "iptables -P FORWARD DROP\nip6tables -A FORWARD -j ACCEPT\n",
     "r1.sh:1 drop = :\nr1.sh:1 switch = iptables -P FORWARD ACCEPT\n"
     "r1.sh:2 drop = :\nr1.sh:2 switch = ip6tables -A FORWARD -j DROP\n",
     0},
    {"FRR", &node,
     "vtysh <<'END'\nconfigure terminal\n!\nrouter rip\n network eth0\n no auto-summary\nexit\n"
     "ip route 10.0.2.0/24 10.0.0.2\nend\nEND\nf\n",
     "r1.sh:5 drop = \nr1.sh:5 interface = network eth1\nr1.sh:5 switch = no network eth0\n"
     "r1.sh:6 drop = \nr1.sh:6 switch = auto-summary\n"
     "r1.sh:8 drop = \nr1.sh:8 address = ip route 10.0.3.0/24 10.0.0.2\n"
     "r1.sh:8 prefix = ip route 10.0.2.0/25 10.0.0.2\nr1.sh:8 next-hop = ip route 10.0.2.0/24 10.0.0.3\n"
     "r1.sh:8 switch = no ip route 10.0.2.0/24 10.0.0.2\n"
     "r1.sh:11 drop = :\n",
     0},
    {"FRR's file", &host, "cat >/etc/frr/frr.conf <<-END\n\tip prefix-list a\n\tEND\n",
     "r1.sh:2 drop = \nr1.sh:2 switch = no ip prefix-list a\n", 0},
    {"nft", &node,
     "nft -f - <<END\ntable inet t {\n  chain c {\n    type filter hook forward priority 0; policy drop;\n"
     "    iifname \"eth2\" tcp dport { 80, 443 } accept # web\n  }\n}\nEND\n",
     "r1.sh:4 drop = \nr1.sh:4 switch = type filter hook forward priority 0; policy accept;\n"
     "r1.sh:5 drop = \nr1.sh:5 interface = iifname \"eth0\" tcp dport { 80, 443 } accept\n"
     "r1.sh:5 switch = iifname \"eth2\" tcp dport { 80, 443 } drop\n",
     0},
    {"another program's file", &host, "cat >/etc/x.conf <<\\EOF\nE\nEOF\n", "r1.sh:2 drop = \n", 0},
    {"a file with sections", &host,
     "cat >wg0.conf <<END\n[Peer]\nEndpoint = 10.0.0.1:51820\nPublicKey = a#b\nEND\n",
     "r1.sh:3 drop = \nr1.sh:3 address = Endpoint = 10.0.0.2:51820\nr1.sh:4 drop = \n", 0},
    {"a here-string is none", &host, "f <<<x\ng\n", "r1.sh:1 drop = :\nr1.sh:2 drop = :\n", 0},
    {"a here-document without end", &host, "vtysh <<END\nf", "r1.sh:2 drop = \nr1.sh:2 switch = no f\n", 0},
    {"excused before", &host, "# mutant: same\n\n# why not\nf 10.0.0.1\ng\n", "r1.sh:5 drop = :\n", 2},
    {"excused behind", &host, "f 10.0.0.1 # mutant: same\ng\n", "r1.sh:2 drop = :\n", 2},
    {"excused in part, with a reason", &host, "f 10.0.0.1/24 # mutant: same prefix drop: it is not seen\n",
     "r1.sh:1 address = f 10.0.0.2/24\n", 2},
    {"excused in FRR", &host, "vtysh <<E\n! mutant: same switch\nf\nE\n", "r1.sh:3 drop = \n", 1},
    {"excused in nft", &host, "nft -f - <<E\ndrop # mutant: same drop\nE\n", "r1.sh:2 switch = accept\n", 1},
    {"excused in a file", &host, "cat >f <<E\na b # mutant: same\nE\n", "", 1},
};

static void test_row(void **state)
{
    const struct row *r = *state;
    AUTO(mutants_clear) struct mutants m = {0};
    AUTO(buf_clear) struct buf got = BUF_INIT;
    struct err e = {0};

    if (mutants_add(&m, r->node, r->script, &e) < 0)
        fail_msg("%s", e.msg);
    for (size_t i = 0; i < m.n; i++)
        buf_printf(&got, "%s = %s\n", m.v[i].name, m.v[i].now);
    assert_string_equal(buf_str(&got), r->want);
    assert_int_equal(m.excused, r->excused);
}

static const struct bad {
    const char *name, *script, *want;
} bads[] = {
    {"a note that does not say what", "f # mutant: equal\n", "r1.sh:1: after 'mutant:' comes 'same'"},
    {"a note that says nothing", "# mutant:\n\nf\n", "r1.sh:3: after 'mutant:' comes 'same'"},
    {"no such fault", "g\nf # mutant: same mask\n", "r1.sh:2: 'mask' is no fault of a mutant"},
};

static void test_bad(void **state)
{
    const struct bad *r = *state;
    AUTO(mutants_clear) struct mutants m = {0};
    struct err e = {0};

    assert_int_equal(mutants_add(&m, &host, r->script, &e), -1);
    assert_int_equal(e.code, ERR_INVALID);
    if (strstr(e.msg, r->want) == NULL)
        fail_msg("%s", e.msg);
}

/* The script with the fault is the script, but for that one statement. */
static void test_apply(void **state)
{
    static const char script[] = "a\n  ip link set eth0 up # it was down\nnft -f - <<E\n\tx accept\nE\n";
    AUTO(mutants_clear) struct mutants m = {0};
    AUTO(buf_clear) struct buf dropped = BUF_INIT, swapped = BUF_INIT, diff = BUF_INIT, turned = BUF_INIT;
    struct err e;

    (void)state;
    assert_int_equal(mutants_add(&m, &node, script, &e), 0);
    assert_null(mutants_find(&m, "r1.sh:9 drop"));
    mutant_apply(mutants_find(&m, "r1.sh:2 drop"), script, &dropped);
    assert_string_equal(buf_str(&dropped), "a\n  : # it was down\nnft -f - <<E\n\tx accept\nE\n");
    mutant_apply(mutants_find(&m, "r1.sh:2 interface"), script, &swapped);
    assert_string_equal(buf_str(&swapped),
                        "a\n  ip link set eth1 up # it was down\nnft -f - <<E\n\tx accept\nE\n");
    mutant_diff(mutants_find(&m, "r1.sh:2 interface"), &diff);
    assert_string_equal(buf_str(&diff), "-ip link set eth0 up\n+ip link set eth1 up\n");
    mutant_apply(mutants_find(&m, "r1.sh:4 switch"), script, &turned);
    assert_string_equal(buf_str(&turned),
                        "a\n  ip link set eth0 up # it was down\nnft -f - <<E\n\tx drop\nE\n");
}

/* A line of many addresses would make many copies of itself. */
static void test_long(void **state)
{
    AUTO(mutants_clear) struct mutants m = {0};
    AUTO(buf_clear) struct buf script = BUF_INIT;
    struct err e;

    (void)state;
    buf_puts(&script, "f");
    for (int i = 0; i < 100; i++)
        buf_puts(&script, " 10.0.0.1");
    size_t fits = script.len;
    assert_int_equal(mutants_add(&m, &host, buf_str(&script), &e), 0);
    assert_true(fits < 1024 && m.n == 101);
    for (int i = 0; i < 100; i++)
        buf_puts(&script, " 10.0.0.1");
    buf_puts(&script, "\ng\n");
    assert_int_equal(mutants_add(&m, &host, buf_str(&script), &e), 0);
    assert_int_equal(m.n, 102);
    assert_string_equal(m.v[101].name, "r1.sh:2 drop");
}

static void test_diff_of_lines(void **state)
{
    AUTO(mutants_clear) struct mutants m = {0};
    AUTO(buf_clear) struct buf one = BUF_INIT, two = BUF_INIT;
    struct err e;

    (void)state;
    assert_int_equal(mutants_add(&m, &host, "f \\\n  10.0.0.1\nvtysh <<E\ng\nE\n", &e), 0);
    mutant_diff(mutants_find(&m, "r1.sh:1 address"), &one);
    assert_string_equal(buf_str(&one), "-f \\\n-  10.0.0.1\n+f \\\n+  10.0.0.2\n");
    mutant_diff(mutants_find(&m, "r1.sh:4 drop"), &two);
    assert_string_equal(buf_str(&two), "-g\n");
}

/* 12 lines of three mutants: four of them are from each third, not all of one kind, and the same each time. */
/* Comments make no other script; statements, their order and their number do. */
static void test_same(void **state)
{
    const char *script =
        "set -e\nip link set eth0 up # mutant: same: labs begin so\nvtysh <<EOF\nrouter ospf\nEOF\n";

    (void)state;
    assert_true(script_same(script, script));
    assert_true(script_same(script, "# why\nset -e\n\nip link set eth0 up\nvtysh <<EOF\nrouter ospf\nEOF\n"));
    assert_false(script_same(script, "set -e\nip link set eth0 up\nvtysh <<EOF\nrouter rip\nEOF\n"));
    assert_false(script_same(script, "set -e\nip link set eth0 up\n"));
    assert_false(script_same("set -e\nip link set eth0 up\n", script));
    assert_true(script_same("", "# nothing\n"));
}

static void test_thin(void **state)
{
    AUTO(buf_clear) struct buf script = BUF_INIT;
    bool drop = false, other = false;
    char first[4][64];
    struct err e;

    (void)state;
    for (int i = 0; i < 12; i++)
        buf_puts(&script, "f 10.0.0.1/24\n");
    for (int round = 0; round < 2; round++) {
        AUTO(mutants_clear) struct mutants m = {0};

        assert_int_equal(mutants_add(&m, &host, buf_str(&script), &e), 0);
        assert_int_equal(m.n, 36);
        mutants_thin(&m, 36);
        assert_int_equal(m.n, 36);
        mutants_thin(&m, 4);
        assert_int_equal(m.n, 4);
        for (size_t i = 0; i < 4; i++) {
            unsigned long line = strtoul(m.v[i].name + strlen("r1.sh:"), NULL, 10);

            assert_in_range(line, 3 * i + 1, 3 * i + 3);
            drop = drop || strstr(m.v[i].name, "drop") != NULL;
            other = other || strstr(m.v[i].name, "drop") == NULL;
            if (round == 0)
                snprintf(first[i], sizeof first[i], "%s", m.v[i].name);
            assert_string_equal(m.v[i].name, first[i]);
        }
    }
    assert_true(drop && other);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + ARRAY_LEN(bads) + 5];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        union {
            const struct row *in;
            void *out;
        } row = {&rows[i]};

        tests[n++] = (struct CMUnitTest){rows[i].name, test_row, NULL, NULL, row.out};
    }
    for (size_t i = 0; i < ARRAY_LEN(bads); i++) {
        union {
            const struct bad *in;
            void *out;
        } row = {&bads[i]};

        tests[n++] = (struct CMUnitTest){bads[i].name, test_bad, NULL, NULL, row.out};
    }
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_apply);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_same);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_diff_of_lines);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_long);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_thin);
    return _cmocka_run_group_tests("ctl_mutant", tests, n, NULL, NULL);
}
