/* net_ovs.c: the transaction that makes bridges and ports, and the query. */
#include "tests/unit/net_rows.h"

static void test_transaction(void **state)
{
    struct recorder r = RECORDER;
    struct net_host h = net_host_recorded(&r);
    AUTO(plan_freep) struct plan *p = net_plan(net_sample, "aaaaaa");
    AUTO(argv_clear) struct argv a = {0};
    AUTO(buf_clear) struct buf text = BUF_INIT;

    (void)state;
    net_ovs_begin(&a, &h, "ovs-vsctl");
    net_ovs_bridges_args(&a, &h, p);
    net_ovs_ports_args(&a, p, 0, p->nports);
    for (size_t i = 0; i < a.n; i++)
        buf_printf(&text, "%s%s", strcmp(a.v[i], "--") == 0 ? "\n" : i > 0 ? " " : "", a.v[i]);
    buf_putc(&text, '\n');
    net_golden("transaction.txt", buf_str(&text));
}

static const char bonded[] =
    "<topology name='t' version='1'>"
    "<host name='h1'><interface name='eth0'/><interface name='eth1'/></host>"
    "<switch name='s1' mac-ageing='30'><port name='p1'/><port name='p2'/>"
    "<bond name='lag' ports='p1 p2' lacp='passive' trunk='10 20'/><port name='tap' mirror='lag'/></switch>"
    "<switch name='s2'><port name='p1'/><port name='p2'/><bond name='lag' ports='p1 p2' trunk='10 20'/>"
    "<port name='p3' access='10'/><port name='t1' mirror='p3' direction='in'/>"
    "<port name='t2' mirror='all' direction='out'/></switch><hub name='x'/>"
    "<link name='l1' a='s1:p1' b='s2:p1'/><link name='l2' a='s2:p2' b='s1:p2'/>"
    "<link name='l3' a='h1:eth0' b='s2:p3'/><link name='l4' a='h1:eth1' b='s1:tap'/>"
    "<link name='l5' a='s2:t1' b='x'/><link name='l6' a='s2:t2' b='x'/></topology>";

static void test_bonds_and_mirrors(void **state)
{
    struct recorder r = RECORDER;
    struct net_host h = net_host_recorded(&r);
    AUTO(plan_freep) struct plan *p = net_plan(bonded, "aaaaaa");
    struct err e = {0};

    (void)state;
    assert_int_equal(net_ovs_apply(&h, p, &e), 0);
    AUTO(buf_clear) struct buf text = BUF_INIT;
    for (const char *c = buf_str(&r.log); *c != '\0'; c++)
        buf_puts(&text, strncmp(c, " -- ", 4) == 0 ? "\n" : (char[]){*c, '\0'});
    net_golden("transaction-bond.txt", buf_str(&text));
    buf_clear(&r.log);
}

static void test_kernel_datapath(void **state)
{
    struct recorder r = RECORDER;
    struct net_host h = net_host_recorded(&r);
    AUTO(plan_freep) struct plan *p = net_plan(net_sample, "aaaaaa");
    AUTO(argv_clear) struct argv a = {0};
    size_t n = 0;

    (void)state;
    h.datapath = NET_SYSTEM;
    net_ovs_bridges_args(&a, &h, p);
    for (size_t i = 0; i < a.n; i++)
        n += strcmp(a.v[i], "datapath_type=system") == 0;
    assert_int_equal(n, 3);
}

/* More ports than one argument vector should hold: several runs, the bridges in the first. */
static void test_many_ports(void **state)
{
    struct recorder r = RECORDER;
    struct net_host h = net_host_recorded(&r);
    AUTO(buf_clear) struct buf xml = BUF_INIT;
    struct err e = {0};
    size_t runs = 0, bridges = 0, ports = 0;

    (void)state;
    buf_puts(&xml, "<topology name='t' version='1'><network name='lan'/>");
    for (int i = 0; i < 2 * NET_OVS_PORTS_AT_ONCE + 1; i++)
        buf_printf(&xml, "<host name='h%d'><interface name='eth0' network='lan'/></host>", i);
    buf_puts(&xml, "</topology>");
    AUTO(plan_freep) struct plan *p = net_plan(buf_str(&xml), "aaaaaa");
    assert_int_equal(net_ovs_apply(&h, p, &e), 0);
    for (const char *c = buf_str(&r.log); (c = strstr(c, "ovs-vsctl ")) != NULL; c++)
        runs++;
    for (const char *c = buf_str(&r.log); (c = strstr(c, "add-br ")) != NULL; c++)
        bridges++;
    for (const char *c = buf_str(&r.log); (c = strstr(c, "add-port ")) != NULL; c++)
        ports++;
    assert_int_equal(runs, 3);
    assert_int_equal(bridges, 1);
    assert_int_equal(ports, 2 * NET_OVS_PORTS_AT_ONCE + 1);
    buf_clear(&r.log);
}

static void test_find(void **state)
{
    static const char *const answers[] = {
        "{\"data\":[[\"plaaaaaaw\",[\"map\",[[\"paralab-lab\",\"aaaaaa\"],[\"paralab-owner\",\"0badcafe\"]]]]],"
        "\"headings\":[\"name\",\"external_ids\"]}\n"
        "{\"data\":[[\"plaaaaaa.0\",[\"map\",[]]],[\"plaaaaaar1\",[\"map\",[[\"paralab-reference\",\"4\"]]]]],"
        "\"headings\":[\"name\",\"external_ids\"]}\n",
        NULL};
    struct recorder r = RECORDER;
    struct net_host h = net_host_recorded(&r);
    struct net_ovs_found found;
    struct err e = {0};

    (void)state;
    r.answers = answers;
    assert_int_equal(net_ovs_find(&h, "paralab-lab", "aaaaaa", &found, &e), 0);
    assert_string_equal(buf_str(&r.log),
                        "ovs-vsctl --db=unix:/nonexistent/ovs/db.sock --no-syslog --timeout=30 --format=json "
                        "-- --columns=name,external_ids find Bridge external_ids:paralab-lab=aaaaaa "
                        "-- --columns=name,external_ids find Port external_ids:paralab-lab=aaaaaa\n");
    assert_int_equal(json_object_size(found.bridges), 1);
    assert_int_equal(json_object_size(found.ports), 2);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(found.bridges, "plaaaaaaw"), "paralab-owner")),
        "0badcafe");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(found.ports, "plaaaaaar1"), "paralab-reference")),
        "4");
    net_ovs_found_clear(&found);
    buf_clear(&r.log);
}

static const struct bad_row {
    const char *name, *out;
} bad_rows[] = {
    {"no output", ""},
    {"one table only", "{\"data\":[],\"headings\":[]}\n"},
    {"not JSON", "name : x\n"},
};

static void test_find_bad(void **state)
{
    const struct bad_row *c = *state;
    const char *answers[] = {c->out, NULL};
    struct recorder r = RECORDER;
    struct net_host h = net_host_recorded(&r);
    struct net_ovs_found found;
    struct err e = {0};

    r.answers = answers;
    assert_int_equal(net_ovs_find(&h, "paralab-lab", "aaaaaa", &found, &e), -1);
    assert_int_equal(e.code, ERR_PROTOCOL);
    buf_clear(&r.log);
}

/* The sentence names the cause, not the symptom. */
static void test_failure_of_a_dead_server(void **state)
{
    struct recorder r = RECORDER;
    struct net_host h = net_host_recorded(&r);
    AUTO(argv_clear) struct argv a = {0};
    struct err e = {0};

    (void)state;
    r.status = 1;
    r.complaint = "ovs-vsctl: database connection failed\n";
    net_ovs_begin(&a, &h, "ovs-vsctl");
    assert_int_equal(net_ovs_run(&h, &a, NULL, &e), -1);
    assert_int_equal(e.code, ERR_UNREACHABLE);
    assert_non_null(strstr(e.msg, "ovsdb-server does not run"));
    buf_clear(&r.log);
}

int main(void)
{
    struct CMUnitTest tests[6 + ARRAY_LEN(bad_rows)] = {
        cmocka_unit_test(test_transaction),
        cmocka_unit_test(test_bonds_and_mirrors),
        cmocka_unit_test(test_kernel_datapath),
        cmocka_unit_test(test_many_ports),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_failure_of_a_dead_server),
    };

    for (size_t i = 0; i < ARRAY_LEN(bad_rows); i++) {
        union {
            const void *in;
            void *out;
        } row = {.in = &bad_rows[i]};
        tests[6 + i] = (struct CMUnitTest){bad_rows[i].name, test_find_bad, NULL, NULL, row.out};
    }
    return cmocka_run_group_tests_name("net_ovs", tests, NULL, NULL);
}
