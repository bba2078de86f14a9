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

int main(void)
{
    static const struct CMUnitTest plain[] = {
        T(test_hub_floods),         T(test_switch_learns),     T(test_switch_without_stp_passes_bpdus),
        T(test_rstp_breaks_a_loop), T(test_elements_in_a_row),
    };
    struct CMUnitTest tests[ARRAY_LEN(plain) + ARRAY_LEN(vlan_cases)];
    size_t n = ARRAY_LEN(plain);

    memcpy(tests, plain, sizeof plain);
    ROWS(vlan_cases, test_switch_separates_vlans)
    return cmocka_run_group_tests_name("net switch", tests, open_host, close_host);
}
