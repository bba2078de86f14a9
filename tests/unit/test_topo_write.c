/* Writing: golden files, and reading back what was written gives the same model. */
#include "tests/unit/topo_random.h"
#include "tests/unit/topo_rows.h"

static void test_golden(void **state)
{
    AUTO(mem_freep) char *author = xasprintf(GOLDEN "%s.xml", (const char *)*state);
    AUTO(mem_freep) char *written = xasprintf(GOLDEN "%s.written.xml", (const char *)*state);
    AUTO(buf_clear) struct buf in = BUF_INIT;
    AUTO(topo_freep) struct topo *t = NULL, *again = NULL;

    load_text(author, &in);
    t = load_valid(buf_str(&in));
    AUTO(mem_freep) char *out = topo_write(t);
    assert_golden(written, out);
    again = load_valid(out);
    assert_true(topo_equal(t, again));
    AUTO(mem_freep) char *twice = topo_write(again);
    assert_string_equal(out, twice);
}

static void test_read_back(void **state)
{
    uint64_t seed = rnd_seed();

    (void)state;
    for (uint64_t i = 0; i < 500; i++) {
        struct rnd r = {seed + i};
        AUTO(topo_freep) struct topo *t = rnd_topo(&r), *again = NULL;
        AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
        AUTO(mem_freep) char *xml = topo_write(t);
        struct err e = {0};

        again = topo_load_mem(xml, strlen(xml), &m, &e);
        if (again == NULL)
            fail_msg("TEST_SEED=%llu: %s in\n%s", (unsigned long long)(seed + i), e.msg, xml);
        if (!topo_equal(t, again))
            fail_msg("TEST_SEED=%llu: not equal after\n%s", (unsigned long long)(seed + i), xml);
    }
}

static const char *const files[] = {
    GOLDEN "everything.xml",
    GOLDEN "everything.written.xml",
    GOLDEN "abilene.imported.xml",
    "tests/golden/import/graphml.ospf.xml",
    "tests/golden/import/kathara.xml",
    "tests/golden/import/containerlab.xml",
    "tests/golden/import/vnx.xml",
    "exercises/abilene/topology.xml",
    "exercises/static-routing/topology.xml",
    "exercises/vlan-office/topology.xml",
};

static void test_file_read_back(void **state)
{
    AUTO(buf_clear) struct buf in = BUF_INIT;

    load_text(*state, &in);
    AUTO(topo_freep) struct topo *t = load_valid(buf_str(&in));
    AUTO(mem_freep) char *out = topo_write(t);
    AUTO(topo_freep) struct topo *again = load_valid(out);
    assert_true(topo_equal(t, again));
}

/* A document in our layout comes out as it was, in its own order and with its comments. */
static void test_like_itself(void **state)
{
    AUTO(buf_clear) struct buf in = BUF_INIT;

    (void)state;
    load_text(GOLDEN "arranged.xml", &in);
    AUTO(topo_freep) struct topo *t = load_valid(buf_str(&in));
    AUTO(mem_freep) char *out = topo_write_like(t, buf_str(&in), in.len);
    assert_string_equal(out, buf_str(&in));
}

/* Any other document: the same model; and what is no document of it changes nothing. */
static void test_like_author(void **state)
{
    AUTO(buf_clear) struct buf in = BUF_INIT;

    load_text(*state, &in);
    AUTO(topo_freep) struct topo *t = load_valid(buf_str(&in));
    AUTO(mem_freep) char *out = topo_write_like(t, buf_str(&in), in.len);
    AUTO(topo_freep) struct topo *again = load_valid(out);
    assert_true(topo_equal(t, again));
    AUTO(mem_freep) char *plain = topo_write(t), *other = topo_write_like(t, "<x", 2);
    assert_string_equal(plain, other);
}

/* topo_equal() judges the writer, so it must see every difference. */
static const struct change {
    const char *name, *from, *to;
} changes[] = {
    {"title", "title=\"Two LANs", "title=\"Three LANs"},
    {"image", "image=\"base\"", "image=\"other\""},
    {"memory", "memory=\"96\"", "memory=\"97\""},
    {"vcpus", "vcpus=\"2\"", "vcpus=\"3\""},
    {"position", "x=\"100\"", "x=\"101\""},
    {"address", "10.0.1.10/24", "10.0.1.11/24"},
    {"mtu", "mtu=\"9000\"", "mtu=\"9001\""},
    {"route", "via=\"fe80::1\"", "via=\"fe80::2\""},
    {"route dev", " dev=\"eth0\"", " dev=\"eth1\""},
    {"file mode", "mode=\"0755\"", "mode=\"0754\""},
    {"file text", "Welcome", "welcome"},
    {"file path", "/etc/motd", "/etc/motc"},
    {"startup", "true", "false"},
    {"node note", "The client", "A client"},
    {"daemons", "ospfd bfdd", "ospfd ripd"},
    {"frr text", "area 0", "area 1"},
    {"frr", "<frr/>", ""},
    {"forwarding", "forwarding=\"no\"", "forwarding=\"yes\""},
    {"rstp", "rstp=\"yes\"", "rstp=\"no\""},
    {"rstp priority", "\"4096\"", "\"8192\""},
    {"access VLAN", "access=\"10\"", "access=\"11\""},
    {"trunk VLAN", "trunk=\"10  20\"", "trunk=\"10 21\""},
    {"native VLAN", "native=\"1\"", "native=\"2\""},
    {"trunk or plain", "<port name=\"p3\" trunk=\"all\"", "<port name=\"p3\""},
    {"MAC ageing", "mac-ageing=\"60\"", "mac-ageing=\"61\""},
    {"no MAC ageing", " mac-ageing=\"60\"", ""},
    {"ports of a bond", "ports=\"p2 p1\"", "ports=\"p1 p2\""},
    {"LACP", "lacp=\"passive\"", "lacp=\"active\""},
    {"mirrored ports", "mirror=\"lag\"", "mirror=\"all\""},
    {"mirrored direction", "direction=\"in\"", "direction=\"out\""},
    {"mirror or plain", " mirror=\"all\"/>", "/>"},
    {"link state", "up=\"no\"", "up=\"yes\""},
    {"delay", "delay=\"20ms\"", "delay=\"21ms\""},
    {"jitter", "jitter=\"2ms\"", "jitter=\"3ms\""},
    {"loss", "loss=\"1%\"", "loss=\"2%\""},
    {"duplicate", "duplicate=\"\"", "duplicate=\"1%\""},
    {"corrupt", "corrupt=\"0.01%\"", "corrupt=\"0.02%\""},
    {"reorder", "reorder=\"5%\"", "reorder=\"6%\""},
    {"rate", "rate=\"10mbit\"", "rate=\"11mbit\""},
    {"direction", "<impair from=\"b\"", "<impair from=\"a\" /><impair from=\"b\""},
    {"end", "b=\"hub1\"/>", "b=\"lan1\"/>"},
    {"port of an end", "a=\"sw1:p4\"", "a=\"sw1\""},
    {"note", "Somewhere", "Elsewhere"},
    {"note position", "y=\"560\"", "y=\"561\""},
    {"element kind", "<hub name=\"hub1\" x=\"300\" y=\"500\"/>",
     "<network name=\"hub1\" x=\"300\" y=\"500\"/>"},
    {"hidden node", "<host name=\"h2\" hidden=\"yes\"", "<host name=\"h2\""},
    {"hidden file", "<file path=\"/etc/motd\" hidden=\"yes\"", "<file path=\"/etc/motd\""},
    {"hidden element", "name=\"lan1\" hidden=\"no\"", "name=\"lan1\" hidden=\"yes\""},
    {"hidden link", "b=\"sw2:p1\" hidden=\"yes\"", "b=\"sw2:p1\" hidden=\"no\""},
    {"element position", "<hub name=\"hub1\" x=\"300\"", "<hub name=\"hub1\" x=\"301\""},
};

static void test_equal_sees(void **state)
{
    const struct change *c = *state;
    AUTO(buf_clear) struct buf in = BUF_INIT;
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(topo_freep) struct topo *a = NULL, *b = NULL;
    const char *hit;

    load_text(GOLDEN "everything.xml", &in);
    hit = strstr(buf_str(&in), c->from);
    assert_non_null(hit);
    AUTO(mem_freep)
    char *changed =
        xasprintf("%.*s%s%s", (int)(hit - buf_str(&in)), buf_str(&in), c->to, hit + strlen(c->from));
    a = load_valid(buf_str(&in));
    b = topo_read_mem(changed, strlen(changed), &m, NULL);
    assert_non_null(b);
    assert_true(topo_equal(a, a));
    if (strcmp(c->name, "direction") == 0) /* a second, empty <impair from="a"> replaces the first */
        assert_int_equal(m.nerrors, 1);
    assert_false(topo_equal(a, b));
}

int main(void)
{
    static char *paths[ARRAY_LEN(golden_topologies)];
    struct CMUnitTest tests[2 + 2 * ARRAY_LEN(golden_topologies) + 2 * ARRAY_LEN(files) + ARRAY_LEN(changes)];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(golden_topologies); i++)
        tests[n++] = row_test(golden_topologies[i], test_golden, golden_topologies[i]);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_read_back);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_like_itself);
    for (size_t i = 0; i < ARRAY_LEN(golden_topologies); i++) {
        paths[i] = xasprintf(GOLDEN "%s.xml", golden_topologies[i]);
        tests[n++] = row_test(paths[i], test_like_author, paths[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        tests[n++] = row_test(files[i], test_like_author, files[i]);
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        tests[n++] = row_test(files[i], test_file_read_back, files[i]);
    for (size_t i = 0; i < ARRAY_LEN(changes); i++)
        tests[n++] = row_test(changes[i].name, test_equal_sees, &changes[i]);
    int failed = _cmocka_run_group_tests("topo_write", tests, n, NULL, NULL);
    for (size_t i = 0; i < ARRAY_LEN(paths); i++)
        free(paths[i]);
    return failed;
}
