/* The check 'spanning-tree' on a real network of namespaces: r1 and r2 become bridges with two cables between them, of
 * which one, wan, is watched.  Needs root. */
#include "tests/contract/check_fixture.c" /* NOLINT(bugprone-suspicious-include) */

static const char topology[] =
    "<topology name='t'><router name='r1'><interface name='eth0' network='lan'/><interface name='eth2'/></router>"
    "<router name='r2'><interface name='eth0'/><interface name='eth1' network='lan3'/></router>"
    "<network name='lan'/><network name='lan3'/><link name='wan' a='r1:eth2' b='r2:eth0'/></topology>";
static const char head[] =
    "<exercise id='x' title='X'><summary>s</summary><topology file='t.xml'/><grading>"
    "<reference name='refa' at='lan' address='10.0.1.250/24'/><reference name='refc' at='lan3' address='10.0.1.251/24'/>"
    "<check id='c' title='t' points='1' kind='spanning-tree' from='refa' to='refc' links='wan' hello='1s' ";

/* What goes round is held back, as in an exercise. */
#define CABLE \
    "ip -n $r1 link add x1 type veth peer name x2 netns $r2\n" \
    "n $r1 nft 'table netdev storm { chain c { type filter hook ingress devices = { eth2, x1 } priority 0; " \
    "ether daddr 01:80:c2:00:00:00 accept; limit rate over 200/second drop; }; }'\n" \
    "ip -n $r1 link set x1 master br0 up; ip -n $r2 link set x2 master br0 up\n"
#define BRIDGE(router, port1, port2, options) \
    "ip -n " router " link add br0 type bridge forward_delay 200 hello_time 100 max_age 600 " options "\n" \
    "for p in " port1 " " port2 " br0; do ip -n " router " link set $p up; done\n" \
    "ip -n " router " link set " port1 " master br0; ip -n " router " link set " port2 " master br0\n"
#define BRIDGES(options1, options2) \
    BRIDGE("$r1", "eth0", "eth2", options1) BRIDGE("$r2", "eth0", "eth1", options2)
#define SETTLE \
    "for i in $(seq 300); do { n $r1 bridge link; n $r2 bridge link; } | grep -q 'listening\\|learning' || break; sleep 0.1; " \
    "done\n"
#define STP "stp_state 1"

static const struct row {
    const char *name, *set, *attrs;
    enum grading_status status;
    const char *observed;
} rows[] = {
    {"two cables, a tree", BRIDGES(STP " priority 4096", STP) CABLE SETTLE, "root='r1' priority='4096'",
     GRADING_PASS, "same root bridge, r1 (4096, "},
    {"the root is the other one", BRIDGES(STP, STP " priority 8192") CABLE SETTLE, "root='r1'", GRADING_FAIL,
     "The root bridge is r2 (8192, "},
    {"another priority", BRIDGES(STP " priority 8192", STP) CABLE SETTLE, "priority='4096'", GRADING_FAIL,
     "has priority 8192, not 4096"},
    {"a loop", BRIDGES("", "") CABLE, "", GRADING_FAIL, "went round in a loop"},
    {"one cable, without the protocol", BRIDGES("", ""), "", GRADING_FAIL, "No BPDU was seen on link wan"},
    {"routers, not bridges", NULL, "", GRADING_FAIL, "A broadcast did not arrive"},
};

static int row_unset(void **state)
{
    (void)state;
    return shell(
        "ip -n $r1 link del x1 2>/dev/null || true; n $r1 nft flush ruleset\n"
        "for x in $r1 $r2; do for b in br0 br1; do ip -n $x link del $b 2>/dev/null || true; done; done");
}

static void test_row(void **state)
{
    const struct row *row = *state;
    AUTO(mem_freep) char *xml = xasprintf("%s%s/></grading></exercise>", head, row->attrs);

    assert_int_equal(shell(row->set), 0);
    check_judged(xml, topology, row->status, row->observed);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows)];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        tests[i] = (struct CMUnitTest){rows[i].name, test_row, NULL, row_unset, (void *)(uintptr_t)&rows[i]};
    return cmocka_run_group_tests_name("probe_bridge", tests, group_setup, group_teardown);
}
