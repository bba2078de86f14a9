/* Wiring a lab and taking it down, on real parts. */
#include "tests/contract/net_fixture.c" /* NOLINT(bugprone-suspicious-include) */

static void test_attach_obeys_the_plan(void **state)
{
    struct err e = {0};

    (void)state;
    lab_plan(TWO_HOSTS);
    plan->links[0].up = false;
    for (size_t i = 0; i < 2; i++)
        pids[i] = guest_new();
    assert_int_equal(net_attach(&host, plan, pids, &e), 0);
    guest_up(0);
    assert_true(carrier(0, false));
    plan->links[0].up = true;
    assert_int_equal(net_attach(&host, plan, pids, &e), 0);
    guest_up(1);
    assert_true(carrier(0, true));
    assert_true(ping(0, 1, ""));
}

/* From before the first device exists until 3 s after: IPv6 would have spoken by then. */
static void test_nothing_of_the_host_leaks(void **state)
{
    struct err e = {0};
    int fd[4];

    (void)state;
    lab_plan(VLAN_SWITCH);
    for (size_t i = 0; i < 4; i++) {
        pids[i] = guest_new();
        fd[i] = socket_in(pids[i], AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
    }
    assert_int_equal(net_attach(&host, plan, pids, &e), 0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(shell(pids[i], "ip link set eth0 up"), 0);
    pause_ms(3200);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(frames_seen(fd[i], NULL, 1, 1, NULL, NULL), 0);
        close(fd[i]);
    }
}

static void test_attach_twice(void **state)
{
    struct err e = {0};
    struct net_observed o;

    (void)state;
    lab_start(HUB_AND_SWITCH);
    AUTO(mem_freep) char *before = everything();
    assert_int_equal(net_attach(&host, plan, pids, &e), 0);
    AUTO(mem_freep) char *after = everything();
    assert_string_equal(before, after);
    assert_null(strstr(after, "No such device"));
    OK(net_observe(&host, plan, &o, &x_));
    assert_int_equal(o.bridges, 2);
    assert_int_equal(o.ports, 4);
    assert_int_equal(o.devices, 4);
    assert_int_equal(o.missing, 0);
}

static void test_a_guest_comes_again(void **state)
{
    struct err e = {0};

    (void)state;
    lab_start(TWO_HOSTS);
    guest_up(0);
    guest_up(1);
    assert_true(ping(0, 1, ""));
    for (int round = 0; round < 3; round++) {
        guest_end(&pids[1]); /* its namespace is taken down in the background */
        pids[1] = guest_new();
        assert_int_equal(net_attach(&host, plan, pids, &e), 0);
        guest_up(1);
        assert_true(ping(0, 1, ""));
    }
}

static void test_an_absent_guest_is_left_out(void **state)
{
    struct err e = {0};
    pid_t late;

    (void)state;
    lab_plan(TWO_HOSTS);
    late = guest_new();
    pids[0] = guest_new();
    assert_int_equal(net_attach(&host, plan, pids, &e), 0);
    pids[1] = late;
    assert_int_equal(net_attach(&host, plan, pids, &e), 0);
    guest_up(0);
    guest_up(1);
    assert_true(ping(0, 1, ""));
}

static void test_a_wrong_pid_is_refused(void **state)
{
    struct err e = {0};

    (void)state;
    lab_plan(TWO_HOSTS);
    pids[0] = guest_new();
    const pid_t wrong[] = {pids[0], getpid()};
    assert_int_equal(net_attach(&host, plan, wrong, &e), -1);
    assert_non_null(strstr(e.msg, "no network namespace of its own"));
}

static void count_lab(const char *lab, void *arg)
{
    if (strcmp(lab, LAB) == 0)
        ++*(int *)arg;
}

static void test_leftovers(void **state)
{
    int n = 0;

    (void)state;
    OK(net_leftovers(&host, count_lab, &n, &x_));
    assert_int_equal(n, 0);
    lab_start(HUB_AND_SWITCH);
    OK(net_leftovers(&host, count_lab, &n, &x_));
    assert_int_equal(n, 1);
    OK(net_detach(&host, LAB, &x_));
    OK(net_detach(&host, LAB, &x_)); /* again: fine */
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        T(test_attach_obeys_the_plan),
        T(test_nothing_of_the_host_leaks),
        T(test_attach_twice),
        T(test_a_guest_comes_again),
        T(test_an_absent_guest_is_left_out),
        T(test_a_wrong_pid_is_refused),
        T(test_leftovers),
    };

    return cmocka_run_group_tests_name("net attach", tests, open_host, close_host);
}
