/* GraphML: the eight networks of the Zoo, and what is awkward in the others. */
#include "tests/unit/topo_rows.h"
#include "topology/foreign/geo.h"
#include "topology/foreign/import.h"
#include "topology/foreign/slug.h"

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
    AUTO(mem_freep) char *svg = topo_render_svg(t, TOPO_LABEL_ADDRESSES);
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

/* ---- speeds, delays, hosts, OSPF ---- */
#define KEYS \
    "<key attr.name='LinkSpeedRaw' for='edge' id='r'/><key attr.name='LinkSpeed' for='edge' id='s'/>" \
    "<key attr.name='LinkSpeedUnits' for='edge' id='u'/><key attr.name='LinkLabel' for='edge' id='ll'/>" \
    "<key attr.name='Country' for='node' id='c'/>"
#define GK(s) \
    "<graphml><key attr.name='label' for='node' id='l'/><key attr.name='hyperedge' for='node' id='h'/>" \
    "<key attr.name='Longitude' for='node' id='x'/><key attr.name='Latitude' for='node' id='y'/>" KEYS \
    "<graph edgedefault='undirected'>" s "</graph></graphml>"
#define ED(a, b, data) "<edge source='" a "' target='" b "'>" data "</edge>"

static struct topo *import_with(const char *xml, struct topo_import_options o, struct topo_msgs *m)
{
    struct err e = {0};
    struct topo *t = topo_import_graphml_mem(xml, strlen(xml), &o, m, &e);

    if (t == NULL)
        fail_msg("%s", e.msg);
    return t;
}

static const struct rate {
    const char *name, *data;
    uint64_t rate;
} rates[] = {
    {"rate: raw", "<data key='r'>2500000000.0</data>", 2500000000u},
    {"rate: raw with an exponent", "<data key='r'>1e+10</data>", 10000000000u},
    {"rate: raw beats speed", "<data key='r'>64000</data><data key='s'>1</data><data key='u'>G</data>",
     64000},
    {"rate: speed and units", "<data key='s'>2.5</data><data key='u'>G</data>", 2500000000u},
    {"rate: megabits", "<data key='s'>622</data><data key='u'>Mbps</data>", 622000000},
    {"rate: no number", "<data key='s'>&lt; 10 Gbps</data><data key='u'>G</data>", 0},
    {"rate: no units", "<data key='s'>10</data>", 0},
    {"rate: too much", "<data key='r'>1e13</data>", 100000000000u},
    {"rate: too little", "<data key='r'>12</data>", 0},
    {"rate: zero", "<data key='r'>0.0</data>", 0},
    {"rate: negative", "<data key='r'>-1e6</data>", 0},
    {"rate: not finite", "<data key='r'>1e999</data>", 0},
    {"rate: text", "<data key='r'>fast</data>", 0},
};

static void test_rate(void **state)
{
    const struct rate *r = *state;
    AUTO(mem_freep)
    char *xml = xasprintf(GK(N("1", "A") N("2", "B") ED("1", "2", "%s")), r->data);
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(topo_freep) struct topo *t = import_with(xml, (struct topo_import_options){0}, &m);
    AUTO(topo_freep) struct topo *none = import_with(xml, (struct topo_import_options){.no_rates = true}, &m);

    for (int k = 0; k < 2; k++) {
        assert_int_equal(t->links[0].impair[k].rate_bps, r->rate);
        assert_int_equal(none->links[0].impair[k].rate_bps, 0);
    }
}

static void test_losses_are_named(void **state)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(topo_freep)
    struct topo *t = import_with(GK(N("1", "A") N("1", "B") "<node id='h'><data key='h'>1</data></node>" ED(
                                     "1", "1", "<data key='r'>1e15</data><data key='ll'>fibre</data>")
                                        ED("1", "h", "<data key='r'>1e6</data>")),
                                 (struct topo_import_options){0}, &m);

    (void)state;
    assert_int_equal(t->nnodes, 2);
    assert_msg(&m, 0, TOPO_WARNING, "1 nodes have the id of another one");
    assert_msg(&m, 0, TOPO_WARNING, "labels of 1 edges");
    assert_msg(&m, 0, TOPO_WARNING, "speeds of 1 edges are not between");
    assert_msg(&m, 0, TOPO_WARNING, "of 1 edges to hyperedge nodes");
    assert_msg(&m, 0, TOPO_WARNING, "what the file calls Country is not");
}

static void test_direction_and_second_graph(void **state)
{
    static const char xml[] =
        "<graphml>\n<graph edgedefault='directed'><node id='a'/></graph>\n<graph/></graphml>";
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(topo_freep) struct topo *t = import_with(xml, (struct topo_import_options){0}, &m);

    (void)state;
    assert_int_equal(t->nnodes, 1);
    assert_msg(&m, 2, TOPO_WARNING, "have a direction");
    assert_msg(&m, 3, TOPO_WARNING, "only the first graph");
}

/* Paris and New York are 5837 km apart: 29.2 ms of fibre. */
static void test_delay(void **state)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(topo_freep)
    struct topo *t = import_with(GK(AT("paris", "2.3522", "48.8566") AT("york", "-74.0060", "40.7128")
                                        N("x", "X") E("paris", "york") E("york", "x") E("paris", "paris")),
                                 (struct topo_import_options){.delay = true}, &m);

    (void)state;
    for (int k = 0; k < 2; k++) {
        assert_in_range(t->links[0].impair[k].delay_us, 29150, 29250);
        assert_int_equal(t->links[1].impair[k].delay_us, 0);
        assert_int_equal(t->links[2].impair[k].delay_us, 0);
    }
    assert_msg(&m, 0, TOPO_WARNING, "1 links get no delay");
}

static void test_hosts(void **state)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(topo_freep)
    struct topo *t =
        import_with(GK(N("1", "A") N("2", "A host of very long labels, this") N("3", "a-host") E("1", "2")),
                    (struct topo_import_options){.hosts = true}, &m);

    (void)state;
    assert_int_equal(t->nnodes, 6);
    assert_int_equal(t->nlinks, 4);
    assert_string_equal(t->nodes[3].name, "a-host-2");
    assert_int_equal(t->nodes[3].kind, TOPO_HOST);
    assert_string_equal(t->links[1].name, "a-lan");
    assert_string_equal(t->links[1].end[0].iface, "eth1");
    assert_int_equal(t->nodes[3].ifaces[0].naddrs, 0);
}

static void test_ospf(void **state)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(topo_freep)
    struct topo *t = import_with(
        GK(N("1", "A") N(
            "2",
            "B") "<node id='h'><data key='h'>1</data></node><node id='g'><data key='h'>1</data></node>" E("1",
                                                                                                          "2")
               E("1", "1") E("1", "h") E("g", "2") E("h", "g")),
        (struct topo_import_options){.hosts = true, .ospf = true, .name = "ospf"}, &m);

    (void)state;
    assert_msg(&m, 0, TOPO_WARNING, "from \"a\" to itself and gets no addresses");
    AUTO(mem_freep) char *xml = topo_write(t);
    assert_golden("tests/golden/import/graphml.ospf.xml", xml);
}

/* ---- a Zoo that we do not have: 276 graphs with every oddity of the corpus ---- */
#define GRAPHS 276

static uint32_t rnd(uint32_t *seed, uint32_t below) /* xorshift (G. Marsaglia, J. Stat. Softw. 8(14), 2003) */
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed % below;
}

static void add_node_text(struct buf *b, uint32_t *seed, uint32_t i, uint32_t nodes)
{
    static const char *const names[] = {
        "Berlin",
        "S\xc3\xa3o Paulo",
        "\xe6\x9d\xb1\xe4\xba\xac",
        "\xce\x91\xce\xb8\xce\xae\xce\xbd\xce\xb1",
        "None",
        "St. John's, N.B.",
        "?",
        "1600 Amphitheatre Parkway, Mountain View, California",
        "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch",
        "new-york-2",
    };

    buf_printf(b, "<node id='%u'>", i);
    if (rnd(seed, 20) != 0) {
        buf_printf(b, "<data key='l'>%s", names[rnd(seed, ARRAY_LEN(names))]);
        if (rnd(seed, 3) == 0)
            buf_printf(b, " %u", rnd(seed, nodes));
        buf_puts(b, "</data>");
    }
    if (rnd(seed, 4) != 0)
        buf_printf(b, "<data key='x'>%d.%u</data><data key='y'>%d</data>", (int)rnd(seed, 360) - 180,
                   rnd(seed, 10), (int)rnd(seed, 181) - 90);
    if (rnd(seed, 12) == 0)
        buf_puts(b, "<data key='h'>1</data>");
    buf_puts(b, "</node>");
}

static void test_generated(void **state)
{
    const char *seed_text = getenv("SEED");
    uint32_t first = seed_text != NULL ? (uint32_t)strtoul(seed_text, NULL, 10) : 20111029;

    (void)state;
    for (uint32_t g = 0; g < GRAPHS; g++) {
        uint32_t seed = first + g * 7919 + 1, nodes = 2 + rnd(&seed, g % 10 == 0 ? 400 : 60);
        uint32_t edges = rnd(&seed, nodes * 2); /* often not connected, often with parallel edges */
        AUTO(buf_clear) struct buf b = BUF_INIT;
        AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT, again_m = TOPO_MSGS_INIT;
        AUTO(topo_freep) struct topo *t = NULL, *again = NULL;
        struct err e = {0};

        for (uint32_t i = 0; i < nodes; i++)
            add_node_text(&b, &seed, i, nodes);
        buf_printf(&b, "<node id='one'/>"); /* a graph of networks alone is no lab */
        for (uint32_t i = 0; i < edges; i++)
            buf_printf(&b, "<edge source='%u' target='%u'><data key='r'>%u.0</data></edge>",
                       rnd(&seed, nodes), rnd(&seed, nodes), rnd(&seed, 2000000000));
        AUTO(mem_freep) char *xml = xasprintf(GK("%s"), buf_str(&b));
        const struct topo_import_options o = {
            .hosts = g % 2 == 0, .delay = g % 3 == 0, .ospf = g % 4 == 0, .no_rates = g % 5 == 0};
        t = topo_import_graphml_mem(xml, strlen(xml), &o, &m, &e);
        if (t == NULL) {
            fail_msg("graph %u of seed %u (SEED=%u repeats it): %s", g, first, first, e.msg);
            return; /* never; for those who do not know fail_msg() */
        }
        AUTO(mem_freep) char *written = topo_write(t);
        again = topo_load_mem(written, strlen(written), &again_m, &e);
        if (again == NULL || !topo_equal(t, again)) {
            fail_msg("graph %u of seed %u (SEED=%u repeats it) reads differently: %s", g, first, first,
                     e.msg);
            return;
        }
        for (size_t i = 0; i < t->nnodes; i++)
            assert_true(name_ok(t->nodes[i].name));
    }
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
    struct CMUnitTest tests[80];
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
    for (size_t i = 0; i < ARRAY_LEN(rates); i++)
        tests[n++] = row_test(rates[i].name, test_rate, &rates[i]);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_losses_are_named);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_direction_and_second_graph);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_delay);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_hosts);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_ospf);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_generated);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_unique_names);
    return _cmocka_run_group_tests("import_graphml", tests, n, NULL, NULL);
}
