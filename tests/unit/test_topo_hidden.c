/* What is hidden from students: what is left of a topology, its pictures, and texts. */
#include "tests/unit/topo_rows.h"
#include "topology/topo_hidden.h"

/* Everything hidden has "x9" in its name, or is a link to something that has. */
#define TOPOLOGY \
    "<topology name='t' version='1'>" \
    "<defaults><link hidden='no'/><interface mtu='1400'/></defaults>" \
    "<template name='peer'><argument name='secret' default='no'/>" \
    " <host name='{name}' hidden='{secret}'><interface name='eth0'/>" \
    "  <file path='/etc/key' hidden='{secret}'>k</file></host></template>" \
    "<host name='h1'><interface name='eth0'/><interface name='eth1' network='lan-x9'/>" \
    " <interface name='eth2'/><interface name='eth3' network='lan'/></host>" \
    "<router name='r1'><interface name='eth0'/><interface name='eth1'/></router>" \
    "<use template='peer' name='peer-x9' secret='yes'/>" \
    "<use template='peer' name='peer'/>" \
    "<group count='2'><host name='far{n}-x9' hidden='yes'><interface name='eth0' network='lan-x9'/></host></group>" \
    "<network name='lan'/><network name='lan-x9' hidden='yes'/>" \
    "<switch name='sw'/>" \
    "<link name='l1' a='h1:eth0' b='r1:eth0'/>" \
    "<link name='l2-x9' a='h1:eth2' b='sw' hidden='yes'/>" \
    "<link name='uplink' a='r1:eth1' b='peer-x9:eth0'/>" \
    "<link name='l3' a='peer:eth0' b='sw'/>" \
    "</topology>"

static struct topo *all, *seen;

static int setup(void **state)
{
    (void)state;
    all = load_valid(TOPOLOGY);
    seen = topo_seen(all);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    topo_seen_free(seen);
    topo_free(all);
    return 0;
}

static void assert_nothing_hidden(const char *text)
{
    static const char *const names[] = {"x9", "uplink", "idden"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strstr(text, names[i]) != NULL)
            fail_msg("'%s' is in: %s", names[i], text);
}

static void test_seen(void **state)
{
    (void)state;
    assert_int_equal(seen->nnodes, 3);
    assert_int_equal(seen->nelements, 2);
    assert_int_equal(seen->nlinks, 2);
    assert_string_equal(seen->nodes[0].name, "h1");
    assert_int_equal(seen->nodes[0].nifaces, 4); /* all of them, also those on wires that are not seen */
    assert_null(seen->nodes[0].ifaces[1].network);
    assert_string_equal(seen->nodes[0].ifaces[3].network, "lan");
    assert_string_equal(all->nodes[0].ifaces[1].network, "lan-x9"); /* what it was made from stays */
    assert_string_equal(seen->nodes[2].name, "peer");
    assert_int_equal(seen->nodes[2].nfiles, 1);
}

/* It is a topology like any other. */
static void test_seen_is_valid(void **state)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;

    (void)state;
    assert_int_equal(topo_check(seen, &m), 0);
    AUTO(mem_freep) char *xml = topo_write(seen);
    assert_nothing_hidden(xml);
}

static void test_seen_files(void **state)
{
    AUTO(topo_freep)
    struct topo *t = load_valid("<topology name='t' version='1'><host name='h'><file path='/a'>1</file>"
                                "<file path='/b' hidden='yes'>2</file></host></topology>");
    AUTO(topo_seen_freep) struct topo *s = topo_seen(t);

    (void)state;
    assert_int_equal(s->nodes[0].nfiles, 1);
    assert_string_equal(s->nodes[0].files[0].path, "/a");
    assert_int_equal(t->nodes[0].nfiles, 2);
}

static void test_seen_svg(void **state)
{
    AUTO(mem_freep) char *with = topo_render_svg(all, TOPO_LABEL_ADDRESSES);
    AUTO(mem_freep) char *without = topo_render_svg(seen, TOPO_LABEL_ADDRESSES);

    (void)state;
    assert_non_null(strstr(with, "<title>host peer-x9 (hidden)</title>"));
    assert_non_null(strstr(with, "<title>uplink (hidden)</title>"));
    assert_non_null(strstr(with, "<title>lan-x9 (hidden)</title>"));
    assert_non_null(strstr(with, "<title>l1</title>"));
    assert_nothing_hidden(without);
}

static const json_t *named(const json_t *list, const char *name)
{
    const json_t *one;
    size_t i;

    json_array_foreach(list, i, one) {
        if (strcmp(json_string_value(json_object_get(one, "name")), name) == 0)
            return one;
    }
    fail_msg("no %s", name);
    return NULL;
}

static void test_seen_drawing(void **state)
{
    json_t *with = topo_drawing_json(all), *without = topo_drawing_json(seen);
    AUTO(mem_freep) char *text = json_dumps(without, 0);

    (void)state;
    assert_true(json_is_true(json_object_get(named(json_object_get(with, "nodes"), "far2-x9"), "hidden")));
    assert_true(json_is_true(json_object_get(named(json_object_get(with, "elements"), "lan-x9"), "hidden")));
    assert_true(json_is_true(json_object_get(named(json_object_get(with, "links"), "uplink"), "hidden")));
    assert_null(json_object_get(named(json_object_get(with, "links"), "l1"), "hidden"));
    assert_nothing_hidden(text);
    const json_t *h1 = named(json_object_get(without, "nodes"), "h1");
    const json_t *eth2 = named(json_object_get(h1, "interfaces"), "eth2");
    assert_true(json_is_null(json_object_get(eth2, "link")));
    json_decref(with);
    json_decref(without);
}

/* The same whether the author hid it or never wrote it: positions and sizes tell nothing. */
static void test_seen_layout(void **state)
{
    AUTO(mem_freep) char *xml = topo_write(seen);
    AUTO(topo_freep) struct topo *plain = load_valid(xml);
    AUTO(mem_freep) char *a = topo_render_svg(seen, TOPO_LABEL_ADDRESSES);
    AUTO(mem_freep) char *b = topo_render_svg(plain, TOPO_LABEL_ADDRESSES);

    (void)state;
    assert_string_equal(a, b);
}

static void test_no_secrets(void **state)
{
    AUTO(topo_freep)
    struct topo *t = load_valid("<topology name='t' version='1'><host name='h'/></topology>");

    (void)state;
    assert_null(topo_secrets_new(t));
    AUTO(mem_freep) char *text = topo_redact(NULL, "node h failed");
    assert_string_equal(text, "node h failed");
}

static const struct redact_row {
    const char *name, *in, *out;
} redact_rows[] = {
    {"nothing", "", ""},
    {"a visible name", "node h1 failed", "node h1 failed"},
    {"a hidden name", "node peer-x9 failed", "node [not shown] failed"},
    {"alone", "peer-x9", "[not shown]"},
    {"with its interface", "arrived at peer-x9:eth0.", "arrived at [not shown]."},
    {"an end of a link", "port uplink:a is gone", "port [not shown] is gone"},
    {"a colon of the sentence", "node peer-x9: no memory", "node [not shown]: no memory"},
    {"a link to something hidden", "link uplink", "link [not shown]"},
    {"in quotes", "'far1-x9'", "'[not shown]'"},
    {"in a path", "/run/labs/abc123/peer-x9/root", "/run/labs/abc123/[not shown]/root"},
    {"in a domain's name", "domain plabc123-peer-x9 died", "domain [not shown] died"},
    {"before more", "far1-x9-eth0", "[not shown]"},
    {"a visible name that it begins with", "peer and peer-x9", "peer and [not shown]"},
    {"part of a word", "far1-x99 lan-x9a", "far1-x99 lan-x9a"},
    {"several", "lan-x9, lan, l2-x9, l1", "[not shown], lan, [not shown], l1"},
    {"an upper-case letter before", "Xpeer-x9", "X[not shown]"},
    {"other bytes", "caf\xc3\xa9 peer-x9 \xe2\x86\x92", "caf\xc3\xa9 [not shown] \xe2\x86\x92"},
    {"a dash at the end", "peer-x9- peer-x9--", "[not shown] [not shown]"},
};

static void test_redact(void **state)
{
    const struct redact_row *r = *state;
    AUTO(topo_secrets_freep) struct topo_secrets *s = topo_secrets_new(all);

    AUTO(mem_freep) char *out = topo_redact(s, r->in);
    assert_string_equal(out, r->out);
}

static const struct warn_row {
    const char *name, *xml, *warning; /* NULL: none */
} warn_rows[] = {
    {"hidden file on a visible node",
     "<topology name='t' version='1'>\n<host name='h'>\n<file path='/etc/key' hidden='yes'>k</file></host></topology>",
     "t.xml:3: warning: the hidden file /etc/key is on the disk of 'h', which is not hidden: root can read it there\n"},
    {"hidden file on a hidden node",
     "<topology name='t' version='1'><host name='a'/>"
     "<host name='h' hidden='yes'><file path='/etc/key' hidden='yes'>k</file></host></topology>",
     NULL},
    {"everything hidden",
     "<topology name='t' version='1'>\n<defaults><host hidden='yes'/></defaults><host name='h'/></topology>",
     "t.xml:1: warning: every host and router is hidden: a student has none to work on\n"},
    {"unless one says otherwise",
     "<topology name='t' version='1'><defaults><host hidden='yes'/></defaults>"
     "<host name='h' hidden='no'/><host name='i'/></topology>",
     NULL},
    {"neither yes nor no", "<topology name='t' version='1'>\n<host name='h' hidden='true'/></topology>",
     "t.xml:2: error: hidden=\"true\" of <host> is not \"yes\" or \"no\"\n"},
    {"an interface cannot be",
     "<topology name='t' version='1'><host name='h'>\n<interface name='eth0' hidden='yes'/></host></topology>",
     "t.xml:2: error: <interface> has no attribute 'hidden'\n"
     "t.xml:2: warning: interface 'eth0' of 'h' is not connected to anything\n"},
};

static void test_warn(void **state)
{
    const struct warn_row *r = *state;
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(buf_clear) struct buf out = BUF_INIT;
    struct err e;

    topo_free(topo_load_mem(r->xml, strlen(r->xml), &m, &e));
    topo_msgs_print(&m, "t.xml", &out);
    assert_string_equal(buf_str(&out), r->warning != NULL ? r->warning : "");
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(redact_rows) + ARRAY_LEN(warn_rows) + 7] = {
        cmocka_unit_test(test_seen),         cmocka_unit_test(test_seen_is_valid),
        cmocka_unit_test(test_seen_files),   cmocka_unit_test(test_seen_svg),
        cmocka_unit_test(test_seen_drawing), cmocka_unit_test(test_seen_layout),
        cmocka_unit_test(test_no_secrets),
    };
    size_t n = 7;

    for (size_t i = 0; i < ARRAY_LEN(redact_rows); i++)
        tests[n++] = row_test(redact_rows[i].name, test_redact, &redact_rows[i]);
    for (size_t i = 0; i < ARRAY_LEN(warn_rows); i++)
        tests[n++] = row_test(warn_rows[i].name, test_warn, &warn_rows[i]);
    return _cmocka_run_group_tests("topo_hidden", tests, n, setup, teardown);
}
