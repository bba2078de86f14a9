/* Hubs, networks and switches on real parts. */
#include "tests/contract/net_fixture.c" /* NOLINT(bugprone-suspicious-include) */

static const char plain_switch[] = "<topology name='t' version='1'>" HOST("h1", "") HOST("h2", "")
    HOST("h3", "") "<switch name='sw'><port name='p1'/><port name='p2'/><port name='p3'/></switch>" CABLE(
        "l1", "h1:eth0", "sw:p1") CABLE("l2", "h2:eth0", "sw:p2")
        CABLE("l3", "h3:eth0", "sw:p3") "</topology>";

static void test_hub_floods(void **state)
{
    (void)state;
    lab_start(ONE_NETWORK);
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

    lab_start(VLAN_SWITCH);
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
    lab_start(SWITCH_LOOP);
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
    lab_start(HUB_AND_SWITCH);
    guest_up(0);
    guest_up(1);
    assert_true(ping(0, 1, ""));
}

/* ---- mirrors, bonds, ageing ---- */
#define TAPPED(how) \
    "<topology name='t' version='1'>" HOST("h1", "") HOST("h2", "") HOST("h3", "") \
        HOST("h4", "") "<switch name='sw'><port name='p1' access='10'/><port name='p2' access='10'/>" \
                       "<port name='p3' access='10'/><port name='tap' " how \
                       "/></switch>" CABLE("l1", "h1:eth0", "sw:p1") CABLE("l2", "h2:eth0", "sw:p2") \
                           CABLE("l3", "h3:eth0", "sw:p3") CABLE("l4", "h4:eth0", "sw:tap") "</topology>"

static const struct tap_case {
    const char *name, *xml;
    size_t from, to;
    int seen; /* by the tap: unicast frames from 'from' to 'to' */
} tap_cases[] = {
    {"mirror shows what comes in by its port", TAPPED("mirror='p1' direction='in'"), 0, 1, 1},
    {"mirror shows nothing that goes out", TAPPED("mirror='p1' direction='in'"), 1, 0, 0},
    {"mirror shows what goes out of its port", TAPPED("mirror='p1' direction='out'"), 1, 0, 1},
    {"mirror shows nothing that comes in", TAPPED("mirror='p1' direction='out'"), 0, 1, 0},
    {"mirror shows both", TAPPED("mirror='p1'"), 1, 0, 1},
    {"mirror of two ports shows a frame once", TAPPED("mirror='p1 p2'"), 0, 1, 1},
    {"mirror shows no other ports", TAPPED("mirror='p1'"), 1, 2, 0},
    {"mirror of all shows all", TAPPED("mirror='all'"), 1, 2, 1},
};

static void test_mirror(void **state)
{
    const struct tap_case *c = *state;
    unsigned tag = 0;
    int fd[4];

    lab_start(c->xml);
    OK(net_attach(&host, plan, pids, &x_)); /* once more, as after a crash of labhost */
    for (size_t i = 0; i < 4; i++) {
        guest_up(i);
        fd[i] = wire_of(pids[i], "eth0");
    }
    /* The switch learns both; the tap may see it. */
    for (size_t i = 0; i < 3; i++) {
        const struct frame hello =
            frame_new("ff:ff:ff:ff:ff:ff", (unsigned char)(i + 1), 0, PLAIN, "hello", 60);
        frame_send(fd[i], &hello);
        assert_int_equal(frames_seen(fd[(i + 1) % 3], "hello", 1, 2000, NULL, NULL), 1);
    }
    AUTO(mem_freep) char *mac = xasprintf("02:00:00:00:00:%02zx", c->to + 1);
    const struct frame f = frame_new(mac, (unsigned char)(c->from + 1), 0, PLAIN, "watched", 60);
    frame_send(fd[c->from], &f);
    assert_int_equal(frames_seen(fd[c->to], "watched", 1, 2000, NULL, NULL), 1);
    assert_int_equal(frames_seen(fd[3], "watched", 2, c->seen ? 1000 : 300, &tag, NULL), c->seen);
    if (c->seen)
        assert_int_equal(tag, 10); /* a mirror shows the VLAN */
    /* What the tap sends goes nowhere. */
    const struct frame out = frame_new("ff:ff:ff:ff:ff:ff", 9, 0, PLAIN, "intruder", 60);
    frame_send(fd[3], &out);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(frames_seen(fd[i], "intruder", 1, 100, NULL, NULL), 0);
    for (size_t i = 0; i < 4; i++)
        close(fd[i]);
}

static const char bonded[] = "<topology name='t' version='1'>" HOST("h1", "") HOST(
    "h2",
    "") "<switch name='s1'><port name='p1'/><port name='p2'/><bond name='lag' ports='p1 p2'/></switch>"
        "<switch name='s2'><port name='p1'/><port name='p2'/><bond name='lag' ports='p1 p2' lacp='passive'/>"
        "</switch>" CABLE("l1", "h1:eth0", "s1") CABLE("l2", "h2:eth0", "s2") CABLE("l3", "s1:p1", "s2:p1")
            CABLE("l4", "s1:p2", "s2:p2") "</topology>";

static bool ping_within(int64_t ms)
{
    int64_t due = loop_now_ms() + ms;

    while (!ping(0, 1, "-w 1"))
        if (loop_now_ms() > due)
            return false;
    return true;
}

static void test_bond(void **state)
{
    const struct plan_impair none[2] = {{0}, {0}};
    struct net_observed o;

    (void)state;
    lab_start(bonded);
    guest_up(0);
    guest_up(1);
    assert_true(ping_within(30000));
    AUTO(mem_closep) int a = wire_of(pids[0], "eth0");
    AUTO(mem_closep) int b = wire_of(pids[1], "eth0");
    const struct frame f = frame_new("ff:ff:ff:ff:ff:ff", 1, 0, PLAIN, "storm", 60);
    frame_send(a, &f);
    assert_int_equal(frames_seen(b, "storm", 100, 1000, NULL, NULL), 1); /* once: no loop */
    assert_int_equal(frames_seen(a, "storm", 100, 200, NULL, NULL), 0);
    for (int cut = 2; cut < 4; cut++) { /* either of the two is enough */
        OK(net_link_set(&host, plan, (size_t)cut, false, none, &x_));
        assert_true(ping_within(30000));
        OK(net_link_set(&host, plan, (size_t)cut, true, none, &x_));
        assert_true(ping_within(30000));
    }
    OK(net_link_set(&host, plan, 2, false, none, &x_));
    OK(net_link_set(&host, plan, 3, false, none, &x_));
    assert_false(ping(0, 1, "-w 1"));
    OK(net_observe(&host, plan, &o, &x_));
    assert_int_equal(o.missing, 0);
    assert_int_equal(o.ports, 4);           /* two of guests, two bonds */
    OK(net_attach(&host, plan, pids, &x_)); /* a bond that is there is left alone, and its links go up */
    assert_true(ping_within(30000));
}

/* The devices of a bond are made again: the whole bond has to let go of them. */
static void test_bond_of_a_guest(void **state)
{
    static const char xml[] =
        "<topology name='t' version='1'><host name='h1'><interface name='eth0'/><interface name='eth1'/></host>"
        "<switch name='s'><port name='p1'/><port name='p2'/><bond name='lag' ports='p1 p2'/></switch>" CABLE(
            "l1", "h1:eth0", "s:p1") CABLE("l2", "h1:eth1", "s:p2") "</topology>";
    struct net_observed o;

    (void)state;
    lab_start(xml);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(shell(pids[0], "ip link set eth0 up; ip link set eth1 up"), 0);
        AUTO(mem_closep) int fd = wire_of(pids[0], "eth1");
        /* LACP of the switch, to 01:80:c2:00:00:02 */
        assert_int_equal(frames_seen(fd, "\x01\x80\xc2", 1, 5000, NULL, NULL), 1);
        OK(net_observe(&host, plan, &o, &x_));
        assert_int_equal(o.missing, 0);
        guest_end(&pids[0]);
        pids[0] = guest_new();
        OK(net_attach(&host, plan, pids, &x_));
    }
}

static bool knows(const char *mac)
{
    AUTO(mem_freep)
    char *text = xasprintf("OVS_RUNDIR=%s ovs-appctl fdb/show %s", host.run, plan->bridges[0].dev);
    const char *argv[] = {"sh", "-c", text, NULL};
    AUTO(mem_freep) char *fdb = capture(argv);

    return strstr(fdb, mac) != NULL;
}

static void test_addresses_age(void **state)
{
    static const char xml[] = "<topology name='t' version='1'>" HOST("h1", "")
        HOST("h2", "") "<switch name='s' mac-ageing='15'/>" CABLE("l1", "h1:eth0", "s")
            CABLE("l2", "h2:eth0", "s") "</topology>";
    int64_t due = loop_now_ms() + 120000; /* without the setting it is 300 s */

    (void)state;
    lab_start(xml);
    guest_up(0);
    guest_up(1);
    AUTO(mem_closep) int a = wire_of(pids[0], "eth0");
    AUTO(mem_closep) int b = wire_of(pids[1], "eth0");
    const struct frame f = frame_new("ff:ff:ff:ff:ff:ff", 5, 0, PLAIN, "hello", 60);
    frame_send(a, &f);
    assert_int_equal(frames_seen(b, "hello", 1, 2000, NULL, NULL), 1);
    assert_true(knows("02:00:00:00:00:05"));
    while (knows("02:00:00:00:00:05") && loop_now_ms() < due)
        pause_ms(500);
    assert_false(knows("02:00:00:00:00:05"));
}

int main(void)
{
    static const struct CMUnitTest plain[] = {
        T(test_hub_floods),         T(test_switch_learns),     T(test_switch_without_stp_passes_bpdus),
        T(test_rstp_breaks_a_loop), T(test_elements_in_a_row), T(test_bond),
        T(test_bond_of_a_guest),    T(test_addresses_age),
    };
    struct CMUnitTest tests[ARRAY_LEN(plain) + ARRAY_LEN(vlan_cases) + ARRAY_LEN(tap_cases)];
    size_t n = ARRAY_LEN(plain);

    memcpy(tests, plain, sizeof plain);
    ROWS(vlan_cases, test_switch_separates_vlans)
    ROWS(tap_cases, test_mirror)
    return cmocka_run_group_tests_name("net switch", tests, open_host, close_host);
}
