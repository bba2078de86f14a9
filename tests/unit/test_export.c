/* Exporters: golden files, and the way back by the importers. */
#include "tests/unit/import_rows.h"
#include "topology/foreign/export.h"
#include "topology/topo_value.h"

static const struct format {
    const char *name, *golden;
} formats[] = {{"containerlab", "tests/golden/import/export.clab.yml"},
               {"dot", "tests/golden/import/export.dot"},
               {"graphml", "tests/golden/import/export.graphml"}};

static struct topo *everything(void)
{
    struct err e = {0};
    struct topo *t = topo_load_file("tests/golden/topology/everything.xml", NULL, &e);

    if (t == NULL)
        fail_msg("%s", e.msg);
    return t;
}

static void test_golden(void **state)
{
    const struct format *f = *state;
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(topo_freep) struct topo *t = everything();
    const struct export_format *format = export_format_find(f->name);

    assert_non_null(format);
    AUTO(mem_freep) char *text = format->run(t, &m);
    assert_golden(f->golden, text);
    assert_int_equal(m.nerrors, 0);
    assert_true(m.nwarnings > 3);
}

static const struct topo_node *node_of(const struct topo *t, const char *name)
{
    for (size_t i = 0; i < t->nnodes; i++)
        if (strcmp(t->nodes[i].name, name) == 0)
            return &t->nodes[i];
    fail_msg("there is no node %s", name);
    return NULL;
}

static void test_containerlab_and_back(void **state)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(topo_freep) struct topo *t = everything();
    AUTO(imported_clear) struct imported r = {{0}, NULL, NULL, NULL, {0}};
    size_t attached = 0;

    (void)state;
    AUTO(mem_freep) char *text = export_containerlab(t, &m);
    import_text(&r, "containerlab", text);
    assert_non_null(r.t);
    assert_int_equal(r.t->nnodes, t->nnodes);
    assert_int_equal(r.t->nelements, t->nelements);
    for (size_t i = 0; i < t->nnodes; i++)
        for (size_t k = 0; k < t->nodes[i].nifaces; k++)
            attached += t->nodes[i].ifaces[k].network != NULL;
    assert_int_equal(r.t->nlinks, t->nlinks + attached);
    /* FRR's configuration comes through as it was. */
    AUTO(mem_freep) char *before = value_dedent(node_of(t, "r1")->frr_conf);
    AUTO(mem_freep) char *after = value_dedent(node_of(r.t, "r1")->frr_conf);
    assert_string_equal(before, after);
    assert_non_null(strstr(node_of(r.t, "h1")->startup.text, "ip address add 10.0.1.10/24 dev eth0"));
}

static void test_graphml_and_back(void **state)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT, back = TOPO_MSGS_INIT;
    AUTO(topo_freep) struct topo *t = everything(), *again = NULL;
    struct err e = {0};

    (void)state;
    AUTO(mem_freep) char *text = export_graphml(t, &m);
    again = topo_import_graphml_mem(text, strlen(text), NULL, &back, &e);
    if (again == NULL) {
        fail_msg("%s", e.msg);
        return; /* never; for those who do not know fail_msg() */
    }
    assert_int_equal(again->nnodes, t->nnodes);
    assert_int_equal(again->nelements, t->nelements);
    for (size_t i = 0; i < t->nnodes; i++)
        assert_int_equal(node_of(again, t->nodes[i].name)->nifaces, t->nodes[i].nifaces);
}

/* Texts that are something else in the language they come into. */
static void test_escapes(void **state)
{
    static const char xml[] =
        "<topology name='t' title='a \"b\" \\ &lt;c&gt; {{d}}' version='1'><host name='yes'><interface name='eth0' network='no'/>"
        "<startup>echo \"$HOME\" 'x'\necho {{y}}</startup></host><network name='no'/></topology>";
    AUTO(topo_freep) struct topo *t = load_valid(xml);
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(imported_clear) struct imported r = {{0}, NULL, NULL, NULL, {0}};

    (void)state;
    AUTO(mem_freep) char *yaml = export_containerlab(t, &m);
    assert_non_null(strstr(yaml, "$$HOME"));
    assert_non_null(strstr(yaml, "\"yes\":"));
    import_text(&r, "containerlab", yaml);
    assert_non_null(strstr(r.t->nodes[0].startup.text, "echo \"$HOME\" '\\''x'\\''\n"));
    AUTO(mem_freep) char *dot = export_dot(t, &m);
    assert_non_null(strstr(dot, "label=\"a \\\"b\\\" \\\\ <c> {{d}}\";"));
    AUTO(mem_freep) char *graph = export_graphml(t, &m);
    assert_non_null(strstr(graph, "&lt;c&gt;"));
}

/* What no format can hide is said, with the number of parts. */
static void test_hidden(void **state)
{
    const struct format *f = *state;
    static const char xml[] =
        "<topology name='t' version='1'><host name='a' hidden='yes'><file path='/etc/x' hidden='yes'>x</file>"
        "</host><host name='b'><interface name='eth0'/></host><hub name='h' hidden='yes'/>"
        "<link name='l' hidden='yes' a='b:eth0' b='h'/></topology>";
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(topo_freep) struct topo *t = load_valid(xml);
    bool told = false;

    free(export_format_find(f->name)->run(t, &m));
    for (size_t i = 0; i < m.n; i++)
        told |=
            strcmp(m.items[i].text, "4 hidden parts are there to be seen: do not give this to students") == 0;
    assert_true(told);
}

int main(void)
{
    struct CMUnitTest tests[2 * ARRAY_LEN(formats) + 3];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(formats); i++)
        tests[n++] = row_test(formats[i].name, test_golden, &formats[i]);
    for (size_t i = 0; i < ARRAY_LEN(formats); i++)
        tests[n++] = row_test(formats[i].name, test_hidden, &formats[i]);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_containerlab_and_back);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_graphml_and_back);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_escapes);
    return _cmocka_run_group_tests("export", tests, n, NULL, NULL);
}
