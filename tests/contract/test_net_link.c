/* Links between guests on real parts: what they carry, up and down, impairments. */
#include "tests/contract/net_fixture.c" /* NOLINT(bugprone-suspicious-include) */

static const char jumbo_hosts[] = "<topology name='t' version='1'>" HOST("h1", " mtu='9000'")
    HOST("h2", " mtu='9000'") CABLE("l1", "h1:eth0", "h2:eth0") "</topology>";

static void test_link_carries_ip(void **state)
{
    (void)state;
    lab_start(TWO_HOSTS);
    guest_up(0);
    guest_up(1);
    assert_true(ping(0, 1, ""));
    assert_true(ping(1, 0, "-s 1472 -M do"));
}

static const struct passed {
    const char *name, *to;
    unsigned vlan;
    uint16_t type;
    size_t size;
} passed[] = {
    {"link passes a BPDU", "01:80:c2:00:00:00", 0, 0x0026, 60},
    {"link passes LLDP", "01:80:c2:00:00:0e", 0, 0x88cc, 80},
    {"link passes LACP", "01:80:c2:00:00:02", 0, 0x8809, 124},
    {"link passes EAPOL", "01:80:c2:00:00:03", 0, 0x888e, 60},
    {"link passes a VLAN tag", "ff:ff:ff:ff:ff:ff", 77, PLAIN, 100},
    {"link passes unknown unicast", "02:00:00:00:00:99", 0, PLAIN, 60},
    {"link passes a full frame", "ff:ff:ff:ff:ff:ff", 0, PLAIN, 1514},
};

static void test_link_passes(void **state)
{
    const struct passed *c = *state;
    unsigned tag = 0;
    size_t size = 0;

    lab_start(TWO_HOSTS);
    guest_up(0);
    guest_up(1);
    AUTO(mem_closep) int a = wire_of(pids[0], "eth0");
    AUTO(mem_closep) int b = wire_of(pids[1], "eth0");
    for (int back = 0; back < 2; back++) {
        const struct frame f = frame_new(c->to, 1, c->vlan, c->type, back ? "yonder" : "hither", c->size);
        frame_send(back ? b : a, &f);
        assert_int_equal(frames_seen(back ? a : b, back ? "yonder" : "hither", 1, 2000, &tag, &size), 1);
        assert_int_equal(tag, c->vlan);
        assert_int_equal(size, c->size - (c->vlan != 0 ? 4 : 0));
    }
    assert_int_equal(frames_seen(b, "hither", 1, 200, NULL, NULL), 0); /* once, not twice */
}

static void test_link_passes_jumbo(void **state)
{
    (void)state;
    lab_start(jumbo_hosts);
    guest_up(0);
    guest_up(1);
    assert_true(ping(0, 1, "-s 8972 -M do"));
}

static void test_link_carries_tcp(void **state)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(7000)};
    static char block[65536];
    size_t sent = 0, got = 0;
    const size_t total = 4 << 20;
    int64_t due = loop_now_ms() + 10000;

    (void)state;
    lab_start(TWO_HOSTS);
    guest_up(0);
    guest_up(1);
    AUTO(mem_closep) int listener = socket_in(pids[1], AF_INET, SOCK_STREAM, 0);
    AUTO(mem_closep) int out = socket_in(pids[0], AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(listener, 1), 0);
    inet_pton(AF_INET, "10.0.0.2", &a.sin_addr);
    const struct timeval patience = {.tv_sec = 5};
    setsockopt(out, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    assert_int_equal(connect(out, (struct sockaddr *)&a, sizeof a), 0);
    AUTO(mem_closep) int in = accept(listener, NULL, NULL);
    assert_true(in >= 0);
    while (got < total && loop_now_ms() < due) {
        struct pollfd p[2] = {{.fd = in, .events = POLLIN},
                              {.fd = sent < total ? out : -1, .events = POLLOUT}};
        poll(p, 2, 100);
        if (p[1].revents & POLLOUT) {
            ssize_t n = send(out, block, sizeof block, MSG_DONTWAIT);
            sent += n > 0 ? (size_t)n : 0;
        }
        if (p[0].revents & POLLIN) {
            ssize_t n = recv(in, block, sizeof block, MSG_DONTWAIT);
            got += n > 0 ? (size_t)n : 0;
        }
    }
    assert_true(got >= total);
}

static void test_down_takes_the_carrier(void **state)
{
    const struct plan_impair none[2] = {{0}, {0}};

    (void)state;
    lab_start(TWO_HOSTS);
    guest_up(0);
    guest_up(1);
    assert_true(ping(0, 1, ""));
    OK(net_link_set(&host, plan, 0, false, none, &x_));
    assert_true(carrier(0, false));
    assert_true(carrier(1, false));
    OK(net_link_set(&host, plan, 0, true, none, &x_));
    assert_true(carrier(0, true));
    assert_true(carrier(1, true));
    assert_true(ping(0, 1, ""));
}

#define SLOW_MS 300
static const struct slow_row {
    const char *name, *xml;
    size_t link;
    size_t from;       /* frames of this node are late, those of the other are not */
    int direction;     /* of the link */
    bool from_a_guest; /* into a hub or switch: needs ifb */
} slow_rows[] = {
    {"delay from a to b", TWO_HOSTS, 0, 0, 0, false},
    {"delay from b to a", TWO_HOSTS, 0, 1, 1, false},
    {"delay from a guest into a hub", HUB_AND_SWITCH, 0, 0, 0, true},
    {"delay from a hub to a guest", HUB_AND_SWITCH, 0, 1, 1, false},
    {"delay from a hub to a switch", HUB_AND_SWITCH, 1, 0, 0, false},
    {"delay from a switch to a hub", HUB_AND_SWITCH, 1, 1, 1, false},
    {"delay from a guest into a switch", HUB_AND_SWITCH, 2, 1, 0, true},
    {"delay from a switch to a guest", HUB_AND_SWITCH, 2, 0, 1, false},
};

static int64_t travel_ms(int from, int to, const char *mark)
{
    const struct frame f = frame_new("ff:ff:ff:ff:ff:ff", 5, 0, PLAIN, mark, 60);
    int64_t start = loop_now_ms();

    frame_send(from, &f);
    assert_int_equal(frames_seen(to, mark, 1, 3000, NULL, NULL), 1);
    return loop_now_ms() - start;
}

static void check_refused(const struct plan_impair impair[2], size_t link)
{
    struct err e = {0};

    assert_int_equal(net_link_set(&host, plan, link, true, impair, &e), -1);
    assert_int_equal(e.code, ERR_UNSUPPORTED);
    assert_non_null(strstr(e.msg, host.netem ? "ifb" : "netem"));
    memcpy(plan->links[link].impair, impair, 2 * sizeof *impair);
    assert_int_equal(net_attach(&host, plan, pids, &e), -1);
    assert_int_equal(e.code, ERR_UNSUPPORTED);
}

static void test_impairment(void **state)
{
    const struct slow_row *c = *state;
    struct plan_impair slow[2] = {{0}, {0}}, none[2] = {{0}, {0}};

    lab_start(c->xml);
    guest_up(0);
    guest_up(1);
    AUTO(mem_closep) int from = wire_of(pids[c->from], "eth0");
    AUTO(mem_closep) int to = wire_of(pids[!c->from], "eth0");
    assert_true(travel_ms(from, to, "before") < SLOW_MS / 2);
    slow[c->direction].delay_us = SLOW_MS * 1000;
    if (c->from_a_guest ? !host.ifb : !host.netem) { /* what this machine must say then */
        check_refused(slow, c->link);
        assert_true(travel_ms(from, to, "still") < SLOW_MS / 2);
        return;
    }
    OK(net_link_set(&host, plan, c->link, true, slow, &x_));
    assert_in_range(travel_ms(from, to, "late"), SLOW_MS - 10, 2 * SLOW_MS);
    assert_true(travel_ms(to, from, "back") < SLOW_MS / 2);
    OK(net_link_set(&host, plan, c->link, true, none, &x_));
    assert_true(travel_ms(from, to, "after") < SLOW_MS / 2);
    /* the same by the plan, on a lab that runs */
    memcpy(plan->links[c->link].impair, slow, sizeof slow);
    OK(net_attach(&host, plan, pids, &x_));
    assert_in_range(travel_ms(from, to, "again"), SLOW_MS - 10, 2 * SLOW_MS);
}

int main(void)
{
    static const struct CMUnitTest plain[] = {
        T(test_link_carries_ip),
        T(test_link_passes_jumbo),
        T(test_link_carries_tcp),
        T(test_down_takes_the_carrier),
    };
    struct CMUnitTest tests[ARRAY_LEN(plain) + ARRAY_LEN(passed) + ARRAY_LEN(slow_rows)];
    size_t n = ARRAY_LEN(plain);

    memcpy(tests, plain, sizeof plain);
    ROWS(passed, test_link_passes)
    ROWS(slow_rows, test_impairment)
    return cmocka_run_group_tests_name("net link", tests, open_host, close_host);
}
