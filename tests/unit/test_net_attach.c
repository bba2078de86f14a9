/* net_attach.c, net_dev.c, net_seen.c: names, batches, and taking down with a recorder. */
#include "tests/unit/net_rows.h"

#include <unistd.h>

static const struct dev_row {
    const char *name, *dev, *lab;
} dev_rows[] = {
    {"port", "plaaaaaa.12", "aaaaaa"},
    {"wires bridge", "plaaaaaaw", "aaaaaa"},
    {"switch bridge", "plb0c1d2s3", "b0c1d2"},
    {"reference", "plaaaaaar0", "aaaaaa"},
    {"redirection", "plaaaaaai6", "aaaaaa"},
    {"too short", "plaaaaaa", NULL},
    {"no lab id", "pl0aaaaa.1", NULL},
    {"capital", "plaaaAaa.1", NULL},
    {"another kind", "plaaaaaax", NULL},
    {"somebody else's", "eth0", NULL},
    {"like ours", "plip0", NULL},
    {"empty", "", NULL},
};

static void test_dev_lab(void **state)
{
    const struct dev_row *c = *state;
    char lab[LAB_ID_SIZE] = "before";

    assert_int_equal(net_dev_lab(c->dev, lab), c->lab != NULL);
    assert_string_equal(lab, c->lab != NULL ? c->lab : "before");
}

static const struct group_row {
    const char *name, *lab;
    uint32_t want;
} group_rows[] = {
    {"first", "aaaaaa", 1},
    {"second", "aaaaab", 2},
    {"digits come after letters", "aaaaa0", 27},
    {"carry", "aaaaba", 37},
    {"last is below 2^31", "z99999", 1572120576},
};

static void test_group(void **state)
{
    const struct group_row *c = *state;

    assert_int_equal(net_dev_group(c->lab), c->want);
}

static void test_add_lines(void **state)
{
    AUTO(plan_freep) struct plan *p = net_plan(net_sample, "aaaaaa");
    AUTO(buf_clear) struct buf text = BUF_INIT;

    (void)state;
    for (size_t i = 0; i < p->nports; i++)
        if (p->ports[i].node >= 0 || p->ports[i].peer > (int32_t)i)
            net_dev_add_line(&text, p, i, 1000 + p->ports[i].node);
    net_golden("devices.txt", buf_str(&text));
}

/* Its own interfaces belong to the machine: a wrong pid must never change them. */
static void test_far_end_at_home(void **state)
{
    struct recorder r = RECORDER;
    struct net_host h = net_host_recorded(&r);
    const struct net_far_end far = {.pid = getpid(), .dev = "lo"};
    struct err e = {0};

    (void)state;
    assert_int_equal(net_far_quiet(&h, &far, 1, &e), -1);
    assert_int_equal(e.code, ERR_INVALID);
}

static void test_seen_finds_lo(void **state)
{
    AUTO(net_seen_clear) struct net_seen seen = {0};
    struct err e = {0};

    (void)state;
    assert_int_equal(net_seen_read("lo", &seen, &e), 0);
    assert_non_null(net_seen_find(&seen, "lo"));
    assert_null(net_seen_find(&seen, "lo0"));
}

static void test_detach(void **state)
{
    static const char *const answers[] = {
        "{\"data\":[[\"plzzzzzzw\",[\"map\",[]]],[\"plzzzzzzs1\",[\"map\",[]]]],\"headings\":[]}\n"
        "{\"data\":[],\"headings\":[]}\n",
        NULL};
    struct recorder r = RECORDER;
    struct net_host h = net_host_recorded(&r);
    struct err e = {0};

    (void)state;
    r.answers = answers;
    assert_int_equal(net_detach(&h, "zzzzzz", &e), 0);
    const char *second = strchr(buf_str(&r.log), '\n');
    assert_non_null(second);
    assert_string_equal(
        second + 1,
        "ovs-vsctl --db=unix:/nonexistent/ovs/db.sock --no-syslog --timeout=30 --no-wait -- --if-exists "
        "del-br plzzzzzzw -- --if-exists del-br plzzzzzzs1\n");
    buf_clear(&r.log);
}

static void test_detach_checks_its_argument(void **state)
{
    struct recorder r = RECORDER;
    struct net_host h = net_host_recorded(&r);
    struct err e = {0};

    (void)state;
    assert_int_equal(net_detach(&h, "a;b", &e), -1);
    assert_int_equal(e.code, ERR_INVALID);
    assert_string_equal(buf_str(&r.log), "");
}

static void note(const char *lab, void *arg)
{
    buf_printf(arg, "%s ", lab);
}

/* Only what carries our mark, each lab once, nothing that is no lab id. */
static void test_leftovers_of_a_shared_instance(void **state)
{
    static const char *const answers[] = {
        "{\"data\":[[\"plzzzzzzw\",[\"map\",[[\"paralab-lab\",\"zzzzzz\"]]]],"
        "[\"plzzzzzzs1\",[\"map\",[[\"paralab-lab\",\"zzzzzz\"]]]],"
        "[\"plbad\",[\"map\",[[\"paralab-lab\",\"../../x\"]]]],[\"plnone\",[\"map\",[]]]],\"headings\":[]}\n"
        "{\"data\":[],\"headings\":[]}\n",
        NULL};
    struct recorder r = RECORDER;
    struct net_host h = net_host_recorded(&r);
    AUTO(buf_clear) struct buf labs = BUF_INIT;
    struct err e = {0};

    (void)state;
    r.answers = answers;
    assert_int_equal(net_leftovers(&h, note, &labs, &e), 0);
    assert_string_equal(buf_str(&labs), "zzzzzz ");
    assert_non_null(strstr(buf_str(&r.log), "external_ids:paralab-owner=0badcafe"));
    buf_clear(&r.log);
}

static void test_attach_without_open_vswitch(void **state)
{
    struct recorder r = RECORDER;
    struct net_host h = net_host_recorded(&r);
    AUTO(plan_freep) struct plan *p = net_plan(net_sample, "aaaaaa");
    const pid_t pids[8] = {0};
    struct err e = {0};

    (void)state;
    assert_int_equal(net_attach(&h, p, pids, &e), -1);
    assert_int_equal(e.code, ERR_UNREACHABLE);
    assert_string_equal(buf_str(&r.log), "");
}

int main(void)
{
    static const struct CMUnitTest plain[] = {
        cmocka_unit_test(test_add_lines),
        cmocka_unit_test(test_far_end_at_home),
        cmocka_unit_test(test_seen_finds_lo),
        cmocka_unit_test(test_detach),
        cmocka_unit_test(test_detach_checks_its_argument),
        cmocka_unit_test(test_leftovers_of_a_shared_instance),
        cmocka_unit_test(test_attach_without_open_vswitch),
    };
    struct CMUnitTest tests[ARRAY_LEN(plain) + ARRAY_LEN(dev_rows) + ARRAY_LEN(group_rows)];
    size_t n = ARRAY_LEN(plain);

    memcpy(tests, plain, sizeof plain);
#define ROWS(rows, f) \
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) { \
        union { \
            const void *in; \
            void *out; \
        } row = {.in = &(rows)[i]}; \
        tests[n++] = (struct CMUnitTest){(rows)[i].name, (f), NULL, NULL, row.out}; \
    }
    ROWS(dev_rows, test_dev_lab)
    ROWS(group_rows, test_group)
    return cmocka_run_group_tests_name("net_attach", tests, NULL, NULL);
}
