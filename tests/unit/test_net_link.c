/* net_link.c: which qdisc goes where, and what a machine refuses. */
#include "tests/unit/net_rows.h"

static const struct netem_row {
    const char *name, *want;
    struct plan_impair i;
} netem_rows[] = {
    {"delay", "limit 10000 delay 20000us", {.delay_us = 20000}},
    {"delay and jitter", "limit 10000 delay 20000us 2000us", {.delay_us = 20000, .jitter_us = 2000}},
    {"jitter alone", "limit 10000 delay 0us 500us", {.jitter_us = 500}},
    {"loss of one in a million", "limit 10000 loss 0.0001%", {.loss_ppm = 1}},
    {"loss of all", "limit 10000 loss 100.0000%", {.loss_ppm = 1000000}},
    {"rate beyond 32 bits", "limit 10000 rate 10000000000bit", {.rate_bps = 10000000000}},
    {"all",
     "limit 10000 delay 1us 1us loss 1.0000% duplicate 2.0000% corrupt 3.0000% reorder 25.5000% rate 64000bit",
     {1, 1, 10000, 20000, 30000, 255000, 64000}},
};

static void test_netem(void **state)
{
    const struct netem_row *c = *state;
    AUTO(buf_clear) struct buf b = BUF_INIT;

    net_netem_args(&b, &c->i);
    assert_string_equal(buf_str(&b), c->want);
}

/* Devices of net_sample: h1:eth0 .0, h1:eth1 .1, h2:eth0 .2, h4:eth0 .5, r1:eth0 .6, pairs from .8 on. */
static const struct net_dev devs[] = {
    {"plaaaaaa.0", "", "noqueue", true, NET_MTU, 0},   {"plaaaaaa.1", "", "noqueue", true, NET_MTU, 1},
    {"plaaaaaa.10", "", "noqueue", true, NET_MTU, -1}, {"plaaaaaa.11", "", "noqueue", true, NET_MTU, -1},
    {"plaaaaaa.2", "", "netem", false, NET_MTU, 2},    {"plaaaaaa.5", "", "noqueue", true, NET_MTU, 3},
    {"plaaaaaa.6", "", "noqueue", true, NET_MTU, 4},   {"plaaaaaa.8", "", "noqueue", true, NET_MTU, -1},
    {"plaaaaaa.9", "", "noqueue", true, NET_MTU, -1},  {"plaaaaaai6", "", "netem", true, NET_MTU, -1},
};

#define SLOW \
    { \
        .delay_us = 5 \
    }
#define NONE \
    { \
        0 \
    }
static const struct lines_row {
    const char *name, *link;
    bool up;
    struct plan_impair impair[2];
    const char *make, *tc, *state;
} lines_rows[] = {
    {"as it is", "tohub", true, {NONE, NONE}, "", "", ""},
    {"down", "tohub", false, {NONE, NONE}, "", "", "link set plaaaaaa.1 alias paralab-0badcafe down\n"},
    {"two guests: what leaves a is delayed towards b",
     "cable",
     true,
     {SLOW, NONE},
     "",
     "qdisc replace dev plaaaaaa.2 root netem limit 10000 delay 5us\n",
     "link set plaaaaaa.2 alias paralab-0badcafe up\n"},
    {"two guests: what leaves b is delayed towards a, and the old one goes",
     "cable",
     false,
     {NONE, SLOW},
     "",
     "qdisc del dev plaaaaaa.2 root\nqdisc replace dev plaaaaaa.0 root netem limit 10000 delay 5us\n",
     "link set plaaaaaa.0 alias paralab-0badcafe down\n"},
    {"a pair: what leaves a leaves by a's port",
     "uplink",
     true,
     {SLOW, NONE},
     "",
     "qdisc replace dev plaaaaaa.8 root netem limit 10000 delay 5us\n",
     ""},
    {"a pair: what leaves b leaves by b's port",
     "uplink",
     false,
     {NONE, SLOW},
     "",
     "qdisc replace dev plaaaaaa.9 root netem limit 10000 delay 5us\n",
     "link set plaaaaaa.8 alias paralab-0badcafe down\nlink set plaaaaaa.9 alias paralab-0badcafe down\n"},
    {"guest a on a hub: towards the guest",
     "tohub",
     true,
     {NONE, SLOW},
     "",
     "qdisc replace dev plaaaaaa.1 root netem limit 10000 delay 5us\n",
     ""},
    {"guest a on a hub: from the guest",
     "tohub",
     true,
     {SLOW, NONE},
     "link add plaaaaaai1 group 1 mtu 9216 type ifb\nlink set plaaaaaai1 up\n",
     "qdisc replace dev plaaaaaa.1 clsact\nfilter replace dev plaaaaaa.1 ingress pref 1 handle 1 protocol all "
     "matchall action mirred egress redirect dev plaaaaaai1\n"
     "qdisc replace dev plaaaaaai1 root netem limit 10000 delay 5us\n",
     ""},
    {"guest b on a switch: towards the guest is what leaves a",
     "access",
     true,
     {SLOW, NONE},
     "",
     "qdisc replace dev plaaaaaa.5 root netem limit 10000 delay 5us\n",
     ""},
    {"the redirection goes again",
     "edge",
     true,
     {NONE, NONE},
     "",
     "qdisc del dev plaaaaaa.6 clsact\n",
     "link del plaaaaaai6\n"},
    {"the redirection stays, its delay changes",
     "edge",
     true,
     {SLOW, NONE},
     "",
     "qdisc replace dev plaaaaaai6 root netem limit 10000 delay 5us\n",
     ""},
};

static size_t link_index(const struct plan *p, const char *name)
{
    const struct plan_link *l = plan_link_find(p, name);

    if (l == NULL) {
        fail_msg("no link %s", name);
        return 0;
    }
    return (size_t)(l - p->links);
}

static void test_lines(void **state)
{
    const struct lines_row *c = *state;
    struct recorder r = RECORDER;
    struct net_host h = net_host_recorded(&r);
    AUTO(plan_freep) struct plan *p = net_plan(net_sample, "aaaaaa");
    AUTO(net_link_text_clear) struct net_link_text t = {BUF_INIT, BUF_INIT, BUF_INIT};
    struct net_dev copy[ARRAY_LEN(devs)];
    struct net_seen seen = {copy, ARRAY_LEN(devs), ARRAY_LEN(devs)};

    memcpy(copy, devs, sizeof devs);
    net_link_lines(&h, p, link_index(p, c->link), c->up, c->impair, &seen, &t);
    assert_string_equal(buf_str(&t.make), c->make);
    assert_string_equal(buf_str(&t.tc), c->tc);
    assert_string_equal(buf_str(&t.state), c->state);
}

static const struct refuse_row {
    const char *name, *link;
    struct plan_impair impair[2];
    enum err_code want;
    bool netem, ifb;
} refuse_rows[] = {
    {"no netem, nothing asked", "cable", {NONE, NONE}, ERR_NONE, false, false},
    {"no netem", "cable", {NONE, SLOW}, ERR_UNSUPPORTED, false, false},
    {"netem", "cable", {SLOW, SLOW}, ERR_NONE, true, false},
    {"netem on a pair", "uplink", {SLOW, SLOW}, ERR_NONE, true, false},
    {"towards a guest without ifb", "tohub", {NONE, SLOW}, ERR_NONE, true, false},
    {"from a guest without ifb", "tohub", {SLOW, NONE}, ERR_UNSUPPORTED, true, false},
    {"from a guest with ifb", "tohub", {SLOW, NONE}, ERR_NONE, true, true},
    {"from a guest at end b without ifb", "access", {NONE, SLOW}, ERR_UNSUPPORTED, true, false},
    {"reorder without delay", "cable", {{.reorder_ppm = 1}, NONE}, ERR_INVALID, true, true},
};

static void test_refuse(void **state)
{
    const struct refuse_row *c = *state;
    struct recorder r = RECORDER;
    struct net_host h = net_host_recorded(&r);
    AUTO(plan_freep) struct plan *p = net_plan(net_sample, "aaaaaa");
    struct err e = {0};
    size_t i = link_index(p, c->link);

    h.netem = c->netem;
    h.ifb = c->ifb;
    assert_int_equal(net_link_check(&h, p, i, c->impair, &e), c->want == ERR_NONE ? 0 : -1);
    assert_int_equal(e.code, c->want);
    if (c->want != ERR_NONE)
        assert_non_null(strstr(e.msg, c->link));
    /* The same for a whole plan, and for a running link, which is then left alone. */
    memcpy(p->links[i].impair, c->impair, sizeof c->impair);
    assert_int_equal(net_plan_check(&h, p, NULL), c->want == ERR_NONE ? 0 : -1);
    if (c->want != ERR_NONE)
        assert_int_equal(net_link_set(&h, p, i, true, c->impair, NULL), -1);
    assert_string_equal(buf_str(&r.log), "");
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(netem_rows) + ARRAY_LEN(lines_rows) + ARRAY_LEN(refuse_rows)];
    size_t n = 0;

#define ROWS(rows, f) \
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) { \
        union { \
            const void *in; \
            void *out; \
        } row = {.in = &(rows)[i]}; \
        tests[n++] = (struct CMUnitTest){(rows)[i].name, (f), NULL, NULL, row.out}; \
    }
    ROWS(netem_rows, test_netem)
    ROWS(lines_rows, test_lines)
    ROWS(refuse_rows, test_refuse)
    return cmocka_run_group_tests_name("net_link", tests, NULL, NULL);
}
