/* GraphML: the eight networks of the Zoo, and what is awkward in the others. */
#include "tests/unit/topo_rows.h"
#include "topology/slug.h"

static struct topo *import_text(const char *xml, struct topo_msgs *m)
{
    struct err e = {0};
    struct topo *t = topo_import_graphml_mem(xml, strlen(xml), NULL, m, &e);

    if (t == NULL)
        fail_msg("%s", e.msg);
    return t;
}

/* ---- the Zoo: nodes and edges of the table in the Zoo's own paper ---- */
static const struct zoo {
    const char *name;
    size_t nodes, edges, hyper;
    const char *a_node, *a_link; /* names that must stay what they are */
} zoos[] = {
    {"Abilene", 11, 14, 0, "kansas-city", "new-york-chicago"},
    {"Nsfnet", 13, 15, 0, "northwestnet-seattle", NULL},
    {"Aarnet", 19, 24, 0, "darwin", NULL},
    {"BtEurope", 24, 37, 0, "london-2", NULL},
    {"Geant2012", 40, 61, 0, "lv", NULL},
    {"Garr201201", 61, 89, 0, "geant-2", NULL},
    {"DialtelecomCz", 193, 151, 10, "mnichovo-hradiste", NULL},
    {"Kdl", 754, 899, 28, "southfield-detroit", NULL},
};

static bool has_node(const struct topo *t, const char *name)
{
    for (size_t i = 0; i < t->nnodes; i++)
        if (strcmp(t->nodes[i].name, name) == 0)
            return true;
    return false;
}

static bool has_link(const struct topo *t, const char *name)
{
    for (size_t i = 0; i < t->nlinks; i++)
        if (strcmp(t->links[i].name, name) == 0)
            return true;
    return false;
}

static void test_zoo(void **state)
{
    const struct zoo *z = *state;
    AUTO(mem_freep) char *path = xasprintf(GOLDEN "zoo/%s.graphml", z->name);
    AUTO(topo_msgs_clear)
    struct topo_msgs m = TOPO_MSGS_INIT, again_m = TOPO_MSGS_INIT, clean = TOPO_MSGS_INIT;
    AUTO(topo_freep) struct topo *t = NULL, *again = NULL;
    AUTO(plan_freep) struct plan *p = NULL;
    size_t attached = 0;
    struct err e = {0};

    t = topo_import_graphml_file(path, NULL, &m, &e);
    if (t == NULL) {
        fail_msg("%s", e.msg);
        return; /* never; for those who do not know fail_msg() */
    }
    assert_int_equal(m.nerrors, 0);
    assert_int_equal(t->nnodes, z->nodes - z->hyper);
    assert_int_equal(t->nelements, z->hyper);
    for (size_t i = 0; i < t->nnodes; i++) {
        assert_true(t->nodes[i].pos.set);
        for (size_t k = 0; k < t->nodes[i].nifaces; k++)
            attached += t->nodes[i].ifaces[k].network != NULL;
    }
    assert_int_equal(t->nlinks + attached, z->edges); /* no edge is lost */
    assert_true(has_node(t, z->a_node));
    if (z->a_link != NULL)
        assert_true(has_link(t, z->a_link));
    assert_non_null(strstr(t->notes[0].text, "Internet Topology Zoo"));
    /* What it writes is a valid topology without warnings, and equal. */
    AUTO(mem_freep) char *xml = topo_write(t);
    again = topo_load_mem(xml, strlen(xml), &again_m, &e);
    if (again == NULL)
        fail_msg("%s", e.msg);
    assert_true(topo_equal(t, again));
    assert_int_equal(topo_check(t, &clean), 0);
    assert_int_equal(clean.nwarnings, 0);
    p = plan_make(t, "zoo123", &e);
    assert_non_null(p);
    AUTO(mem_freep) char *svg = topo_render_svg(t);
    assert_non_null(strstr(svg, z->a_node));
}

static void test_golden(void **state)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(topo_freep) struct topo *t = topo_import_graphml_file(GOLDEN "zoo/Abilene.graphml", NULL, &m, NULL);

    (void)state;
    assert_non_null(t);
    AUTO(mem_freep) char *xml = topo_write(t);
    assert_golden(GOLDEN "abilene.imported.xml", xml);
}

/* ---- what is awkward ---- */
#define G(s) \
    "<graphml xmlns='http://graphml.graphdrawing.org/xmlns'><key attr.name='label' for='node' id='l'/>" \
    "<key attr.name='hyperedge' for='node' id='h'/><key attr.name='Longitude' for='node' id='x'/>" \
    "<key attr.name='Latitude' for='node' id='y'/><graph edgedefault='undirected'>" s "</graph></graphml>"
#define N(id, label) "<node id='" id "'><data key='l'>" label "</data></node>"
#define E(a, b) "<edge source='" a "' target='" b "'/>"

static void test_parallel_edges_and_loops(void **state)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(topo_freep)
    struct topo *t =
        import_text(G(N("1", "A") N("2", "B") E("1", "2") E("2", "1") E("1", "2") E("1", "1")), &m);

    (void)state;
    assert_int_equal(t->nlinks, 4);
    assert_int_equal(t->nodes[0].nifaces, 5);
    assert_string_equal(t->links[0].name, "a-b");
    assert_string_equal(t->links[1].name, "b-a");
    assert_string_equal(t->links[2].name, "a-b-2");
    assert_string_equal(t->links[3].end[0].iface, "eth3");
    assert_string_equal(t->links[3].end[1].iface, "eth4");
}

static void test_labels_repeat_or_lack(void **state)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(topo_freep)
    struct topo *t = import_text(
        G(N("a", "Paris") N("b", "Paris") N("c", "paris-2") N("d", "None") "<node id='e'/>" N("f", "?!")),
        &m);

    (void)state;
    assert_string_equal(t->nodes[0].name, "paris");
    assert_string_equal(t->nodes[1].name, "paris-2");
    assert_string_equal(t->nodes[2].name, "paris-2-2");
    assert_string_equal(t->nodes[3].name, "node-3");
    assert_string_equal(t->nodes[4].name, "node-4");
    assert_string_equal(t->nodes[5].name, "node-5");
    assert_msg(&m, 0, TOPO_WARNING, "3 nodes have no label");
}

static void test_hyperedge_node(void **state)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(topo_freep)
    struct topo *t = import_text(
        G(N("1", "A") N(
            "2",
            "B") "<node id='3'><data key='h'>1</data></node><node id='4'><data key='h'>1</data></node>" E("1",
                                                                                                          "3")
              E("3", "2") E("3", "4") E("3", "3")),
        &m);

    (void)state;
    assert_int_equal(t->nelements, 2);
    assert_int_equal(t->elements[0].kind, TOPO_NETWORK);
    assert_string_equal(t->elements[0].name, "net-2");
    assert_string_equal(t->nodes[0].ifaces[0].network, "net-2");
    assert_string_equal(t->nodes[1].ifaces[0].network, "net-2");
    assert_int_equal(t->nlinks, 1); /* between the two networks */
    assert_msg(&m, 1, TOPO_WARNING, "from network \"net-2\" to itself is left out");
}

static void test_hyperedge_of_graphml(void **state)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(topo_freep)
    struct topo *t = import_text(
        G(N("1", "A") N(
            "2", "B") "<hyperedge><endpoint node='1'/><endpoint node='2'/><endpoint node='9'/></hyperedge>"),
        &m);

    (void)state;
    assert_int_equal(t->nelements, 1);
    assert_string_equal(t->nodes[1].ifaces[0].network, t->elements[0].name);
    assert_msg(&m, 0, TOPO_WARNING, "1 ends of edges name no node");
}

static void test_edge_to_nowhere(void **state)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(topo_freep) struct topo *t = import_text(G(N("1", "A") E("1", "2") "<edge source='1'/>"), &m);

    (void)state;
    assert_int_equal(t->nlinks, 0);
    assert_msg(&m, 0, TOPO_WARNING, "2 ends of edges name no node");
}

#define AT(id, x, y) \
    "<node id='" id "'><data key='l'>" id "</data><data key='x'>" x "</data><data key='y'>" y "</data></node>"

static void test_positions(void **state)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(topo_freep)
    struct topo *t = import_text(G(AT("west", "-120", "40") AT("east", "-70", "40") AT("south", "-95", "20")
                                       N("mid", "mid") E("mid", "west") E("mid", "east")),
                                 &m);

    (void)state;
    assert_true(t->nodes[0].pos.x < t->nodes[1].pos.x);
    assert_true(t->nodes[2].pos.y > t->nodes[0].pos.y); /* the page has its origin at the top */
    assert_in_range(t->nodes[3].pos.x, t->nodes[0].pos.x + 100, t->nodes[1].pos.x - 100);
    assert_msg(&m, 0, TOPO_WARNING, "1 of 4 nodes have no coordinates and are put near");
}

static void test_pacific(void **state)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(topo_freep)
    struct topo *t = import_text(G(AT("sydney", "151", "-33") AT("fiji", "178", "-18")
                                       AT("samoa", "-172", "-14") AT("hawaii", "-157", "21")),
                                 &m);

    (void)state;
    for (int i = 1; i < 4; i++) /* eastwards across the date line */
        assert_true(t->nodes[i - 1].pos.x < t->nodes[i].pos.x);
}

static void test_same_place(void **state)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(topo_freep)
    struct topo *t =
        import_text(G(AT("a", "1", "2") AT("b", "1", "2") AT("c", "1", "2") AT("d", "9", "9")), &m);

    (void)state;
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < i; k++) {
            int dx = abs(t->nodes[i].pos.x - t->nodes[k].pos.x),
                dy = abs(t->nodes[i].pos.y - t->nodes[k].pos.y);
            assert_true(dx >= 30 || dy >= 30);
        }
}

static void test_few_coordinates(void **state)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(topo_freep)
    struct topo *t = import_text(G(AT("a", "1", "2") N("b", "b") N("c", "c") AT("d", "east", "200")), &m);

    (void)state;
    assert_false(t->nodes[0].pos.set);
    assert_msg(&m, 0, TOPO_WARNING, "3 of 4 nodes have no coordinates: no positions are set");
}

static void test_name_option(void **state)
{
    static const char xml[] = G(N("1", "A"));
    const struct topo_import_options o = {.name = "mine"}, bad = {.name = "Not Mine"};
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(topo_freep) struct topo *t = topo_import_graphml_mem(xml, strlen(xml), &o, &m, NULL);
    struct err e = {0};

    (void)state;
    assert_string_equal(t->name, "mine");
    assert_null(topo_import_graphml_mem(xml, strlen(xml), &bad, &m, &e));
    assert_non_null(strstr(e.msg, "Not Mine"));
}

static const struct refused {
    const char *name, *in, *want;
} refuseds[] = {
    {"not XML", "graph G { a -- b }", "not well-formed XML"},
    {"another language", "<topology name='a'/>", "this is not GraphML"},
    {"no graph", "<graphml/>", "this is not GraphML"},
    {"no nodes", "<graphml><graph/></graphml>", "no <host> and no <router>"},
    {"entities", "<!DOCTYPE g [<!ENTITY a 'b'>]><graphml><graph><node id='&a;'/></graph></graphml>",
     "document type"},
};

static void test_refused(void **state)
{
    const struct refused *r = *state;
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    struct err e = {0};

    assert_null(topo_import_graphml_mem(r->in, strlen(r->in), NULL, &m, &e));
    if (strstr(e.msg, r->want) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", r->want, e.msg);
}

/* ---- names ---- */
static const struct label {
    const char *name, *label, *slug;
    size_t max;
} labels[] = {
    {"label: blanks", "New York", "new-york", 24},
    {"label: punctuation", "  St. John's / (N.B.) ", "st-johns-n-b", 24},
    {"label: accents", "Zürich Málaga Łódź Århus", "zurich-malaga-lodz-arhus", 24},
    {"label: ligatures", "Straße Œuvre", "strasse-oeuvre", 24},
    {"label: combining accent", "Mu\xcc\x88nchen", "munchen", 24},
    {"label: Greek", "Αθήνα", "athina", 24},
    {"label: Cyrillic", "Київ Москва", "kiyiv-moskva", 24},
    {"label: other alphabets", "東京", "", 24},
    {"label: other alphabets and digits", "東京 2", "2", 24},
    {"label: cut between words", "Merit Univ of Michigan, Ann Arbor", "merit-univ-of-michigan", 24},
    {"label: cut in a word", "Llanfairpwllgwyngyllgogerychwyrndrobwll", "llanfairpwllgwyngyllgoge", 24},
    {"label: malformed bytes", "a\xff\xc3", "a", 24},
    {"label: nothing", "", "", 24},
};

static void test_label(void **state)
{
    const struct label *l = *state;
    char out[NAME_SIZE];

    slug_make(l->label, l->max, out);
    assert_string_equal(out, l->slug);
}

static void test_unique_names(void **state)
{
    AUTO(slug_set_freep) struct slug_set *s = slug_set_new();
    AUTO(slug_set_freep) struct slug_set *seen = slug_set_new();
    char name[NAME_SIZE];

    (void)state;
    snprintf(name, sizeof name, "2012");
    slug_unique(s, name, "x");
    assert_string_equal(name, "n2012");
    for (int i = 0; i < 20000; i++) { /* with the longest of names, so that the suffix has to fit */
        snprintf(name, sizeof name, "abcdefghijklmnopqrstuvwxyzabcd%s", i % 2 ? "-" : "e");
        slug_unique(s, name, "x");
        assert_true(name_ok(name));
        char copy[NAME_SIZE];
        memcpy(copy, name, sizeof copy);
        slug_unique(seen, copy, "x");
        assert_string_equal(copy, name); /* not seen before */
    }
}

int main(void)
{
    struct CMUnitTest tests[60];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(zoos); i++)
        tests[n++] = row_test(zoos[i].name, test_zoo, &zoos[i]);
    for (size_t i = 0; i < ARRAY_LEN(refuseds); i++)
        tests[n++] = row_test(refuseds[i].name, test_refused, &refuseds[i]);
    for (size_t i = 0; i < ARRAY_LEN(labels); i++)
        tests[n++] = row_test(labels[i].name, test_label, &labels[i]);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_golden);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_parallel_edges_and_loops);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_labels_repeat_or_lack);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_hyperedge_node);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_hyperedge_of_graphml);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_edge_to_nowhere);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_positions);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_pacific);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_same_place);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_few_coordinates);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_name_option);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_unique_names);
    return _cmocka_run_group_tests("topo_import", tests, n, NULL, NULL);
}
