/* The planner: what becomes of each element, and what stays the same. */
#include "tests/unit/topo_random.h"
#include "tests/unit/topo_rows.h"
#include "topology/plan_make.h"

#include <time.h>

static struct plan *plan_of(const char *xml, const char *lab)
{
    AUTO(topo_freep) struct topo *t = load_valid(xml);
    struct err e = {0};
    struct plan *p = plan_make(t, lab, &e);

    if (p == NULL)
        fail_msg("%s", e.msg);
    return p;
}

static char *json_text(const struct plan *p)
{
    json_t *j = plan_to_json(p);
    char *s = json_dumps(j, JSON_INDENT(1) | JSON_PRESERVE_ORDER);

    json_decref(j);
    assert_non_null(s);
    return s;
}

static void test_golden(void **state)
{
    AUTO(buf_clear) struct buf in = BUF_INIT;
    AUTO(plan_freep) struct plan *p = NULL;

    (void)state;
    load_text(GOLDEN "everything.xml", &in);
    p = plan_of(buf_str(&in), "abc123");
    AUTO(mem_freep) char *s = json_text(p);
    AUTO(mem_freep) char *line = xasprintf("%s\n", s);
    assert_golden(GOLDEN "everything.plan.json", line);
}

#define TWO \
    "<topology name='t'><host name='h1'><interface name='eth0'/></host><host name='h2'><interface name='eth0'/></host>"

static void test_link_of_two_hosts(void **state)
{
    AUTO(plan_freep)
    struct plan *p = plan_of(TWO "<link name='l1' a='h2:eth0' b='h1:eth0'/></topology>", "abc123");

    (void)state;
    assert_int_equal(p->nbridges, 1);
    assert_int_equal(p->bridges[0].kind, PLAN_WIRES);
    assert_string_equal(p->bridges[0].dev, "plabc123w");
    assert_int_equal(p->nsegments, 1);
    assert_int_equal(p->segments[0].kind, PLAN_LINK);
    assert_string_equal(p->segments[0].element, "l1");
    assert_int_equal(p->nports, 2);
    assert_string_equal(p->ports[1].dev, "plabc123.1");
    assert_int_equal(p->ports[0].ofport, 1);
    assert_int_equal(p->ports[1].ofport, 2);
    assert_int_equal(p->links[0].port[0], 1); /* end a is h2 */
    assert_int_equal(p->links[0].port[1], 0);
    assert_int_equal(p->nodes[1].ifaces[0].port, 1);
    assert_int_equal(p->ports[1].node, 1);
    assert_string_equal(p->nodes[0].startup, PLAN_RC_LOCAL);
}

static void test_link_to_a_hub(void **state)
{
    AUTO(plan_freep)
    struct plan *p = plan_of(
        TWO
        "<hub name='hub1'/><link name='l1' a='h1:eth0' b='hub1'/><link name='l2' a='hub1' b='h2:eth0'/></topology>",
        "abc123");

    (void)state;
    assert_int_equal(p->nsegments, 1);
    assert_int_equal(p->segments[0].kind, PLAN_HUB);
    assert_int_equal(p->links[0].port[0], 0);
    assert_int_equal(p->links[0].port[1], -1);
    assert_int_equal(p->links[1].port[0], -1);
    assert_int_equal(p->links[1].port[1], 1);
    assert_int_equal(p->ports[1].link, 1);
}

static void test_network(void **state)
{
    AUTO(plan_freep)
    struct plan *p = plan_of(
        "<topology name='t'><network name='lan1'/><host name='h1'><interface name='eth0' network='lan1'/></host></topology>",
        "abc123");

    (void)state;
    assert_int_equal(plan_segment_find(p, "lan1"), 0);
    assert_int_equal(p->ports[0].segment, 0);
    assert_int_equal(p->ports[0].link, -1);
    assert_int_equal(p->nlinks, 0);
}

static void test_interface_without_cable(void **state)
{
    AUTO(plan_freep) struct plan *p = plan_of(TWO "</topology>", "abc123");

    (void)state;
    assert_int_equal(p->nports, 2);
    assert_int_equal(p->nsegments, 2);
    assert_int_equal(p->segments[1].kind, PLAN_HUB);
    assert_string_equal(p->segments[1].element, "");
    assert_int_equal(plan_segment_find(p, ""), -1);
}

static void test_switch(void **state)
{
    AUTO(plan_freep)
    struct plan *p = plan_of(
        TWO
        "<switch name='sw1' rstp='yes' rstp-priority='4096'><port name='p1' access='10'/><port name='p2' trunk='10 20' native='30'/>"
        "</switch><link name='l1' a='h1:eth0' b='sw1:p1'/><link name='l2' a='sw1:p2' b='h2:eth0'/></topology>",
        "abc123");

    (void)state;
    assert_int_equal(p->nbridges, 1); /* nothing needs the bridge of the wires */
    assert_int_equal(p->bridges[0].kind, PLAN_SWITCH);
    assert_string_equal(p->bridges[0].dev, "plabc123s0");
    assert_string_equal(p->bridges[0].element, "sw1");
    assert_true(p->bridges[0].rstp);
    assert_int_equal(p->bridges[0].rstp_priority, 4096);
    assert_int_equal(p->segments[0].kind, PLAN_LEARN);
    assert_int_equal(p->ports[0].vlan_mode, PLAN_VLAN_ACCESS);
    assert_int_equal(p->ports[0].vlan_tag, 10);
    assert_int_equal(p->ports[1].vlan_mode, PLAN_VLAN_TRUNK);
    assert_int_equal(p->ports[1].vlan_tag, 30);
    assert_int_equal(p->ports[1].nvlan_trunks, 2);
    assert_int_equal(p->ports[1].vlan_trunks[1], 20);
}

#define TAPPED \
    "<topology name='t'><host name='h1'><interface name='eth0'/><interface name='eth1'/></host><host name='h2'>" \
    "<interface name='eth0'/><interface name='eth1'/></host><switch name='sw'><bond name='lag' ports='p1 p2' " \
    "access='7'/><port name='p1'/><port name='p2'/><port name='p3'/><port name='p4'/>"
#define TAPPED_LINKS \
    "</switch><link name='l1' a='h1:eth0' b='sw:p1'/><link name='l2' a='h1:eth1' b='sw:p2'/>" \
    "<link name='l3' a='h2:eth0' b='sw:p3'/><link name='l4' a='h2:eth1' b='sw:tap'/></topology>"

static void test_bond(void **state)
{
    AUTO(plan_freep)
    struct plan *p = plan_of(TAPPED "<port name='tap' mirror='lag'/>" TAPPED_LINKS, "abc123");

    (void)state;
    assert_int_equal(p->nbonds, 1);
    assert_string_equal(p->bonds[0].dev, "plabc123b0");
    assert_false(p->bonds[0].passive);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(p->ports[i].bond, i < 2 ? 0 : -1);
        assert_int_equal(p->ports[i].vlan_tag, i < 2 ? 7 : 0);
    }
    assert_int_equal(p->nmirrors, 1);
    assert_int_equal(p->mirrors[0].to, 3);
    assert_int_equal(p->mirrors[0].direction, PLAN_MIRROR_BOTH);
    assert_int_equal(p->mirrors[0].nfrom, 2); /* the ports of the bond */
}

static void test_mirror_of_all(void **state)
{
    AUTO(plan_freep)
    struct plan *p = plan_of(TAPPED "<port name='tap' mirror='all' direction='out'/>" TAPPED_LINKS, "abc123");

    (void)state;
    assert_int_equal(p->nmirrors, 1);
    assert_int_equal(p->mirrors[0].direction, PLAN_MIRROR_OUT);
    assert_int_equal(p->mirrors[0].nfrom, 3); /* all but itself and the one without a cable */
}

/* To mirror nothing must not become to mirror all. */
static void test_mirror_of_a_port_without_a_cable(void **state)
{
    AUTO(plan_freep) struct plan *p = plan_of(TAPPED "<port name='tap' mirror='p4'/>" TAPPED_LINKS, "abc123");

    (void)state;
    assert_int_equal(p->nmirrors, 0);
}

static void test_link_of_two_elements(void **state)
{
    AUTO(plan_freep)
    struct plan *p = plan_of(
        "<topology name='t'><host name='h'/><switch name='sw1'><port name='p1' access='10'/></switch><hub name='hub1'/>"
        "<link name='l1' a='hub1' b='sw1:p1' up='no'/></topology>",
        "abc123");

    (void)state;
    assert_int_equal(p->nports, 2);
    assert_int_equal(p->ports[0].peer, 1);
    assert_int_equal(p->ports[1].peer, 0);
    assert_int_equal(p->ports[0].node, -1);
    assert_int_not_equal(p->ports[0].bridge, p->ports[1].bridge);
    assert_int_equal(p->ports[1].vlan_tag, 10);
    assert_int_equal(p->links[0].port[0], 0);
    assert_int_equal(p->links[0].port[1], 1);
    assert_false(p->links[0].up);
}

static void test_link_of_one_host(void **state)
{
    AUTO(plan_freep)
    struct plan *p =
        plan_of("<topology name='t'><host name='h'><interface name='eth0'/><interface name='eth1'/></host>"
                "<link name='l1' a='h:eth1' b='h:eth0'/></topology>",
                "abc123");

    (void)state;
    assert_int_equal(p->links[0].port[0], 1);
    assert_int_equal(p->links[0].port[1], 0);
}

static void test_impairments(void **state)
{
    AUTO(plan_freep)
    struct plan *p = plan_of(
        TWO
        "<link name='l1' a='h1:eth0' b='h2:eth0'><impair from='b' delay='20ms' loss='1%'/></link></topology>",
        "abc123");

    (void)state;
    assert_int_equal(p->links[0].impair[0].delay_us, 0);
    assert_int_equal(p->links[0].impair[1].delay_us, 20000);
    assert_int_equal(p->links[0].impair[1].loss_ppm, 10000);
}

static void test_defaults(void **state)
{
    AUTO(plan_freep)
    struct plan *p = plan_of("<topology name='t'><host name='h'/><router name='r'/></topology>", "abc123");

    (void)state;
    assert_string_equal(p->nodes[0].image, "base");
    assert_int_equal(p->nodes[0].vcpus, 1);
    assert_true(p->nodes[0].memory_mb > 0 && p->nodes[1].memory_mb > p->nodes[0].memory_mb);
    assert_int_equal(p->nodes[1].kind, PLAN_ROUTER);
    assert_int_equal(p->nbridges, 0);
}

/* ---- MAC addresses ---- */
static void test_macs_are_stable(void **state)
{
    AUTO(plan_freep)
    struct plan *a = plan_of(TWO "<link name='l1' a='h1:eth0' b='h2:eth0'/></topology>", "abc123");
    AUTO(plan_freep)
    struct plan *b = plan_of(
        "<topology name='t'><host name='h0'/><host name='h2'><interface name='wan'/><interface name='eth0'/></host></topology>",
        "abc123");
    AUTO(plan_freep) struct plan *other = plan_of(TWO "</topology>", "abc124");

    (void)state;
    assert_string_equal(a->nodes[1].ifaces[0].mac, b->nodes[1].ifaces[1].mac);
    assert_string_not_equal(a->nodes[0].ifaces[0].mac, a->nodes[1].ifaces[0].mac);
    assert_string_not_equal(a->nodes[0].ifaces[0].mac, other->nodes[0].ifaces[0].mac);
    assert_memory_equal(a->nodes[0].ifaces[0].mac, "02:", 3);
    assert_int_equal(strlen(a->nodes[0].ifaces[0].mac), 17);
}

/* ---- refusals ---- */
static void test_bad_lab_id(void **state)
{
    AUTO(topo_freep) struct topo *t = load_valid(TWO "</topology>");
    struct err e = {0};

    (void)state;
    assert_null(plan_make(t, "../../x", &e));
    assert_null(plan_make(t, "abc12", &e));
    assert_int_equal(e.code, ERR_INTERNAL);
}

static void test_too_many_ports(void **state)
{
    AUTO(topo_freep) struct topo *t = topo_new("t");
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    struct err e = {0};

    (void)state;
    for (size_t i = 0; i < 60; i++) {
        struct topo_node *n = TOPO_PUSH(t->nodes, t->nnodes);
        n->name = xasprintf("h%zu", i);
        for (size_t k = 0; k < 1000; k++)
            TOPO_PUSH(n->ifaces, n->nifaces)->name = xasprintf("e%zu", k);
    }
    assert_int_equal(topo_check(t, &m), 0);
    assert_null(plan_make(t, "abc123", &e));
    assert_int_equal(e.code, ERR_CAPACITY);
}

/* ---- properties ---- */
static void test_random_plans_survive_json(void **state)
{
    uint64_t seed = rnd_seed();

    (void)state;
    for (uint64_t i = 0; i < 300; i++) {
        struct rnd r = {seed + i};
        AUTO(topo_freep) struct topo *t = rnd_topo(&r);
        struct err e = {0};
        AUTO(plan_freep)
        struct plan *p = plan_make(t, "abc123", &e), *again = NULL, *twin = plan_make(t, "abc123", &e);
        json_t *j;

        assert_non_null(p);
        j = plan_to_json(p);
        again = plan_from_json(j, &e);
        json_decref(j);
        if (again == NULL)
            fail_msg("TEST_SEED=%llu: %s", (unsigned long long)(seed + i), e.msg);
        AUTO(mem_freep) char *x = json_text(p);
        AUTO(mem_freep) char *y = json_text(again);
        AUTO(mem_freep) char *z = json_text(twin);
        assert_string_equal(x, y);
        assert_string_equal(x, z);
    }
}

/* 10,000 nodes: reading, checking, planning.  The bound is for what grows with the square. */
static void test_large_topology(void **state)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    AUTO(plan_freep) struct plan *p = NULL, *again = NULL;
    struct err e = {0};
    clock_t start;
    double seconds;
    json_t *j;

    (void)state;
    buf_puts(&b, "<topology name='large'><switch name='core'/>");
    for (int i = 0; i < 10000; i++)
        buf_printf(
            &b,
            "<host name='h%d'><interface name='eth0'><address>10.%d.%d.%d/8</address></interface></host>"
            "<link name='l%d' a='h%d:eth0' b='core'/>",
            i, i / 40000 + 1, i / 200 % 200, i % 200 + 1, i, i);
    buf_puts(&b, "</topology>");
    start = clock();
    p = plan_of(buf_str(&b), "abc123");
    seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    printf("10,000 nodes read, checked and planned in %.2f s\n", seconds);
    if (seconds > 10)
        fail_msg("took %.1f s", seconds);
    start = clock();
    j = plan_to_json(p);
    again = plan_from_json(j, &e);
    json_decref(j);
    assert_non_null(again);
    seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    if (seconds > 10)
        fail_msg("JSON took %.1f s", seconds);
    assert_string_equal(plan_node_find(again, "h9999")->ifaces[0].mac, p->nodes[9999].ifaces[0].mac);
    assert_ptr_equal(plan_link_find(again, "l5000"), &again->links[5000]);
    assert_null(plan_node_find(again, "nobody"));
    assert_null(plan_link_find(again, "nothing"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_link_of_two_hosts),
        cmocka_unit_test(test_link_to_a_hub),
        cmocka_unit_test(test_network),
        cmocka_unit_test(test_interface_without_cable),
        cmocka_unit_test(test_switch),
        cmocka_unit_test(test_bond),
        cmocka_unit_test(test_mirror_of_all),
        cmocka_unit_test(test_mirror_of_a_port_without_a_cable),
        cmocka_unit_test(test_link_of_two_elements),
        cmocka_unit_test(test_link_of_one_host),
        cmocka_unit_test(test_impairments),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_macs_are_stable),
        cmocka_unit_test(test_bad_lab_id),
        cmocka_unit_test(test_too_many_ports),
        cmocka_unit_test(test_random_plans_survive_json),
        cmocka_unit_test(test_large_topology),
    };

    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
