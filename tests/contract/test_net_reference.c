/* Reference hosts of the grader on real parts. */
#include "tests/contract/net_fixture.c" /* NOLINT(bugprone-suspicious-include) */

static const struct ref_case {
    const char *name, *xml, *element;
    size_t reaches; /* this node, not 'misses' */
    int misses;
    uint16_t vlan;
} ref_cases[] = {
    {"reference on a network", ONE_NETWORK, "lan", 2, -1, 0},
    {"reference on a VLAN", VLAN_SWITCH, "sw", 2, 0, 20},
    {"reference behind a hub", HUB_AND_SWITCH, "hub", 1, -1, 0},
    {"reference on a switch", HUB_AND_SWITCH, "sw", 0, -1, 0},
    {"reference with spanning tree", SWITCH_LOOP, "s1", 0, -1, 0},
};

static void test_reference(void **state)
{
    const struct ref_case *c = *state;
    struct err e = {0};

    lab_start(c->xml);
    for (size_t i = 0; i < plan->nnodes; i++)
        guest_up(i);
    if (strcmp(c->element, "s1") == 0)
        pause_ms(6000); /* until the spanning tree is settled, so that nothing else changes meanwhile */
    AUTO(mem_freep) char *before = everything();
    pid_t ref = guest_new();
    const struct net_reference r = {.index = 3,
                                    .segment = (size_t)plan_segment_find(plan, c->element),
                                    .vlan = c->vlan,
                                    .pid = ref,
                                    .mac = "0a:11:22:33:44:55"};
    int rc = net_references_add(&host, plan, &r, 1, &e);
    if (rc == 0 && shell(ref, "ip addr add 10.0.0.99/24 dev eth0; ip link set eth0 up") != 0)
        rc = -1;
    AUTO(mem_freep) char *to = xasprintf("ping -n -q -c 3 -i 0.2 -W 1 10.0.0.%zu", c->reaches + 1);
    int reached = shell(ref, to);
    AUTO(mem_freep) char *not_to = xasprintf("ping -n -q -c 1 -W 1 10.0.0.%d", c->misses + 1);
    int missed = c->misses < 0 ? 1 : shell(ref, not_to);
    struct net_reference twice = r;
    struct err again = {0};
    int second = net_references_add(&host, plan, &twice, 1, &again);
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
    lab_start(TWO_HOSTS);
    const struct net_reference r = {.segment = (size_t)plan_segment_find(plan, "l1"), .pid = pids[0]};
    assert_int_equal(net_references_add(&host, plan, &r, 1, &e), -1);
    assert_int_equal(e.code, ERR_UNSUPPORTED);
}

/* A probe was killed before it had cleared up. */
static void test_reference_of_a_dead_probe(void **state)
{
    (void)state;
    lab_start(ONE_NETWORK);
    AUTO(mem_freep) char *before = everything();
    pid_t ref = guest_new();
    const struct net_reference r = {.segment = (size_t)plan_segment_find(plan, "lan"), .pid = ref};
    OK(net_references_add(&host, plan, &r, 1, &x_));
    guest_end(&ref);
    pause_ms(100);
    OK(net_reference_clear(&host, plan, &x_));
    AUTO(mem_freep) char *after = everything();
    assert_string_equal(before, after);
}

int main(void)
{
    static const struct CMUnitTest plain[] = {
        T(test_reference_on_a_link),
        T(test_reference_of_a_dead_probe),
    };
    struct CMUnitTest tests[ARRAY_LEN(plain) + ARRAY_LEN(ref_cases)];
    size_t n = ARRAY_LEN(plain);

    memcpy(tests, plain, sizeof plain);
    ROWS(ref_cases, test_reference)
    return cmocka_run_group_tests_name("net reference", tests, open_host, close_host);
}
