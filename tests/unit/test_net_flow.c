/* net_flow.c: the bundle of a lab's wires bridge. */
#include "tests/unit/net_rows.h"

static void test_bundle(void **state)
{
    AUTO(plan_freep) struct plan *p = net_plan(net_sample, "aaaaaa");
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct err e = {0};

    (void)state;
    assert_int_equal(net_flow_bundle(p, NULL, 0, &text, &e), 0);
    net_golden("bundle.txt", buf_str(&text));
}

static void test_bundle_with_references(void **state)
{
    AUTO(plan_freep) struct plan *p = net_plan(net_sample, "aaaaaa");
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct err e = {0};
    const struct net_flow_ref refs[] = {{(uint32_t)plan_segment_find(p, "lan"), 60000},
                                        {(uint32_t)plan_segment_find(p, "hub1"), 60001},
                                        {(uint32_t)plan_segment_find(p, "lan"), 60002}};

    (void)state;
    assert_int_equal(net_flow_bundle(p, refs, ARRAY_LEN(refs), &text, &e), 0);
    net_golden("bundle-references.txt", buf_str(&text));
}

static void test_apply(void **state)
{
    struct recorder r = RECORDER;
    struct net_host h = net_host_recorded(&r);
    AUTO(plan_freep) struct plan *p = net_plan(net_sample, "aaaaaa");
    static const char want[] =
        "ovs-ofctl --timeout=30 -OOpenFlow15 bundle unix:/nonexistent/ovs/plaaaaaaw.mgmt -\nflow delete\n";
    struct err e = {0};

    (void)state;
    assert_int_equal(net_flow_apply(&h, p, NULL, 0, &e), 0);
    assert_memory_equal(buf_str(&r.log), want, sizeof want - 1);
    buf_clear(&r.log);
}

static void test_no_wires_no_program(void **state)
{
    struct recorder r = RECORDER;
    struct net_host h = net_host_recorded(&r);
    AUTO(plan_freep)
    struct plan *p =
        net_plan("<topology name='t' version='1'><host name='h'><interface name='eth0'/></host>"
                 "<switch name='s'><port name='p'/></switch><link name='l' a='h:eth0' b='s:p'/></topology>",
                 "aaaaaa");
    struct err e = {0};

    (void)state;
    assert_int_equal(net_flow_apply(&h, p, NULL, 0, &e), 0);
    assert_string_equal(buf_str(&r.log), "");
}

static void test_link_with_one_port(void **state)
{
    AUTO(plan_freep) struct plan *p = net_plan(net_sample, "aaaaaa");
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct err e = {0};
    uint32_t cable = (uint32_t)plan_segment_find(p, "cable");

    (void)state;
    for (size_t i = 0; i < p->nports; i++)
        if (p->ports[i].segment == cable) {
            p->ports[i].segment = (uint32_t)plan_segment_find(p, "lan");
            break;
        }
    assert_int_equal(net_flow_bundle(p, NULL, 0, &text, &e), -1);
    assert_int_equal(e.code, ERR_INVALID);
    assert_non_null(strstr(e.msg, "cable"));
}

static void test_hub_too_large(void **state)
{
    AUTO(buf_clear) struct buf xml = BUF_INIT, text = BUF_INIT;
    struct err e = {0};

    (void)state;
    buf_puts(&xml, "<topology name='t' version='1'><network name='lan'/>");
    for (int i = 0; i < 2000; i++)
        buf_printf(&xml, "<host name='h%d'><interface name='eth0' network='lan'/></host>", i);
    buf_puts(&xml, "</topology>");
    AUTO(plan_freep) struct plan *p = net_plan(buf_str(&xml), "aaaaaa");
    assert_int_equal(net_flow_bundle(p, NULL, 0, &text, &e), -1);
    assert_int_equal(e.code, ERR_CAPACITY);
    assert_non_null(strstr(e.msg, "lan has 2000 ports"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bundle),
        cmocka_unit_test(test_bundle_with_references),
        cmocka_unit_test(test_apply),
        cmocka_unit_test(test_no_wires_no_program),
        cmocka_unit_test(test_link_with_one_port),
        cmocka_unit_test(test_hub_too_large),
    };

    return cmocka_run_group_tests_name("net_flow", tests, NULL, NULL);
}
