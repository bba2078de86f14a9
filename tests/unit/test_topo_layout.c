/* Where things are drawn: on the page, not on top of each other, the same each time; the JSON and the SVG
 * made of it. */
#include "tests/unit/topo_random.h"
#include "tests/unit/topo_rows.h"

#include <libxml/parser.h>
#include <math.h>
#include <time.h>

/* ---- topologies to draw ---- */
static void star(struct buf *b, int n)
{
    buf_puts(b, "<topology name='star' title='A star'><switch name='core'/>");
    for (int i = 0; i < n; i++)
        buf_printf(
            b,
            "<host name='host-%d'><interface name='eth0'/></host><link name='l%d' a='host-%d:eth0' b='core'/>",
            i, i, i);
    buf_puts(b, "</topology>");
}

static void make_star_10(struct buf *b)
{
    star(b, 10);
}
static void make_star_100(struct buf *b)
{
    star(b, 100);
}
static void make_star_5000(struct buf *b)
{
    star(b, 5000);
}

static void make_one(struct buf *b)
{
    buf_puts(b, "<topology name='one'><host name='h'/></topology>");
}

static void make_singles(struct buf *b)
{
    buf_puts(b, "<topology name='singles'>");
    for (int i = 0; i < 40; i++)
        buf_printf(b, "<host name='alone-%d'/>", i);
    buf_puts(b, "</topology>");
}

static void make_ring(struct buf *b)
{
    buf_puts(b, "<topology name='ring'>");
    for (int i = 0; i < 12; i++)
        buf_printf(
            b,
            "<router name='r%d'><interface name='a'/><interface name='b'/></router><link name='l%d' a='r%d:b' b='r%d:a'/>",
            i, i, i, (i + 1) % 12);
    buf_puts(b, "</topology>");
}

static void make_tree(struct buf *b)
{
    buf_puts(b, "<topology name='tree'>");
    for (int i = 0; i < 31; i++)
        buf_printf(b, "<switch name='node-number-%d'/>", i);
    for (int i = 1; i < 31; i++)
        buf_printf(b, "<link name='l%d' a='node-number-%d' b='node-number-%d'/>", i, i, (i - 1) / 2);
    buf_puts(b, "<host name='h'/></topology>");
}

static void make_wires(struct buf *b) /* parallel links, a loop, a link that is down, a network */
{
    buf_puts(
        b,
        "<topology name='wires'><note x='1' y='1'>A note &lt;here&gt;</note><network name='lan'/><host name='a'>");
    for (int i = 0; i < 5; i++)
        buf_printf(b, "<interface name='e%d'/>", i);
    buf_puts(
        b,
        "<interface name='lan0' network='lan'><address>10.0.0.1/8</address></interface></host><host name='b'>"
        "<interface name='e0'/><interface name='e1'/><interface name='e2'/></host>"
        "<link name='l0' a='a:e0' b='b:e0'/><link name='l1' a='b:e1' b='a:e1'/><link name='l2' a='a:e2' b='b:e2' up='no'/>"
        "<link name='l3' a='a:e3' b='a:e4'/></topology>");
}

static void make_everything(struct buf *b)
{
    load_text(GOLDEN "everything.xml", b);
}

static void make_nasty(struct buf *b)
{
    buf_puts(
        b,
        "<topology name='n' title='&lt;script>alert(1)&lt;/script> &amp; \"quotes\"'><note>]]&gt; &lt;/svg> &#x202e;</note>"
        "<host name='h'/></topology>");
}

/* Positions in one spot, in a line, and huge. */
static void make_spot(struct buf *b)
{
    buf_puts(b, "<topology name='spot'><host name='a' x='5' y='5'/><host name='b' x='5' y='5'/></topology>");
}

static void make_huge(struct buf *b)
{
    buf_puts(
        b,
        "<topology name='huge'><host name='a' x='-1000000' y='0'/><host name='b' x='1000000' y='3'/></topology>");
}

static const struct row {
    const char *name;
    void (*make)(struct buf *b);
    bool apart; /* symbols must not touch */
} rows[] = {
    {"one node", make_one, true},
    {"star of 10", make_star_10, true},
    {"star of 100", make_star_100, false},
    {"star of 5000", make_star_5000, false},
    {"forty without links", make_singles, true},
    {"ring", make_ring, true},
    {"tree of 31", make_tree, true},
    {"all kinds of wires", make_wires, true},
    {"every element", make_everything, true},
    {"hostile texts", make_nasty, true},
    {"all positions in one spot", make_spot, false},
    {"positions far away", make_huge, true},
};

static void test_layout(void **state)
{
    const struct row *r = *state;
    AUTO(buf_clear) struct buf b = BUF_INIT;
    AUTO(topo_freep) struct topo *t = NULL;
    size_t n;
    clock_t start = clock();

    r->make(&b);
    t = load_valid(buf_str(&b));
    n = t->nnodes + t->nelements;
    AUTO(mem_freep) struct topo_point *p = topo_layout(t);
    AUTO(mem_freep) struct topo_point *again = topo_layout(t);
    assert_memory_equal(p, again, n * sizeof *p);
    for (size_t i = 0; i < n; i++) {
        assert_true(p[i].x >= 0 && p[i].x <= TOPO_DRAW_WIDTH);
        assert_true(p[i].y >= 0 && p[i].y <= TOPO_DRAW_HEIGHT);
        for (size_t k = 0; k < i && r->apart; k++)
            if (fabs(p[i].x - p[k].x) < 40 && fabs(p[i].y - p[k].y) < 40)
                fail_msg("%zu at %.0f,%.0f and %zu at %.0f,%.0f touch", k, p[k].x, p[k].y, i, p[i].x, p[i].y);
    }
    if ((double)(clock() - start) / CLOCKS_PER_SEC > 20)
        fail_msg("took too long");
}

static void test_no_nodes(void **state)
{
    AUTO(topo_freep) struct topo *t = topo_new("t");

    (void)state;
    assert_null(topo_layout(t));
}

static void test_authors_positions(void **state)
{
    AUTO(topo_freep)
    struct topo *t = load_valid("<topology name='t'><host name='a' x='0' y='0'/><host name='b' x='10' y='0'/>"
                                "<hub name='c' x='10' y='4'/></topology>");
    AUTO(mem_freep) struct topo_point *p = topo_layout(t);

    (void)state;
    assert_true(p[0].x < p[1].x && fabs(p[0].y - p[1].y) < 1e-6 && p[2].y > p[1].y &&
                fabs(p[2].x - p[1].x) < 1e-6);
    assert_true(fabs((p[1].x - p[0].x) / (p[2].y - p[1].y) - 2.5) < 1e-6); /* the shape stays */
}

/* ---- JSON ---- */
static const char *str(json_t *o, const char *key)
{
    return json_string_value(json_object_get(o, key));
}

static void test_drawing(void **state)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    AUTO(topo_freep) struct topo *t = NULL;
    json_t *d, *h1, *eth0, *l4, *x;
    size_t i;

    (void)state;
    make_everything(&b);
    t = load_valid(buf_str(&b));
    d = topo_drawing_json(t);
    h1 = json_array_get(json_object_get(d, "nodes"), 0);
    eth0 = json_array_get(json_object_get(h1, "interfaces"), 0);
    assert_string_equal(str(h1, "name"), "h1");
    assert_string_equal(str(h1, "kind"), "host");
    assert_true(json_is_null(json_object_get(eth0, "mac")));
    assert_true(json_is_null(json_object_get(eth0, "link")));
    assert_string_equal(str(eth0, "network"), "lan1");
    assert_string_equal(json_string_value(json_array_get(json_object_get(eth0, "addresses"), 0)),
                        "10.0.1.10/24");
    assert_string_equal(str(json_array_get(json_object_get(h1, "interfaces"), 1), "link"), "l4");
    assert_int_equal(json_array_size(json_object_get(d, "elements")), t->nelements);
    l4 = json_array_get(json_object_get(d, "links"), 3);
    assert_string_equal(str(json_object_get(l4, "a"), "interface"), "eth1");
    assert_true(json_is_null(json_object_get(json_object_get(l4, "b"), "interface")));
    assert_string_equal(str(json_array_get(json_object_get(d, "links"), 2), "state"), "down");
    assert_int_equal(
        json_integer_value(json_object_get(
            json_object_get(json_object_get(json_array_get(json_object_get(d, "links"), 0), "impairment"),
                            "a"),
            "delay_us")),
        20000);
    json_array_foreach(json_object_get(d, "nodes"), i, x) {
        assert_true(json_is_integer(json_object_get(x, "x")));
        assert_in_range(json_integer_value(json_object_get(x, "y")), 0, TOPO_DRAW_HEIGHT);
    }
    json_decref(d);
}

/* ---- SVG ---- */
struct box {
    double x0, y0, x1, y1;
};

struct found {
    struct box *labels, *symbols;
    size_t nlabels, nsymbols;
};

static double number(xmlNode *x, const char *name)
{
    xmlChar *s = xmlGetProp(x, (const xmlChar *)name);
    double v = s != NULL ? strtod((const char *)s, NULL) : 0;

    xmlFree(s);
    return v;
}

static void collect(xmlNode *x, struct found *f)
{
    for (; x != NULL; x = x->next) {
        if (x->type != XML_ELEMENT_NODE)
            continue;
        if (strcmp((const char *)x->name, "text") == 0) {
            xmlChar *s = xmlNodeGetContent(x);
            double size = number(x, "font-size"), w = (double)xmlUTF8Strlen(s) * size * 0.56 / 2;
            double cx = number(x, "x") + (xmlHasProp(x, (const xmlChar *)"text-anchor") != NULL ? 0 : w);
            double cy = number(x, "y") - size * 0.35;
            *TOPO_PUSH(f->labels, f->nlabels) =
                (struct box){cx - w, cy - size * 0.5, cx + w, cy + size * 0.5};
            xmlFree(s);
        } else if (strcmp((const char *)x->name, "g") == 0) {
            xmlChar *s = xmlGetProp(x, (const xmlChar *)"transform");
            char *end;
            double cx, cy;
            assert_memory_equal(s, "translate(", 10);
            cx = strtod((const char *)s + 10, &end);
            cy = strtod(end, &end);
            assert_string_equal(end, ")");
            *TOPO_PUSH(f->symbols, f->nsymbols) = (struct box){cx - 15, cy - 12, cx + 15, cy + 12};
            xmlFree(s);
        }
        collect(x->children, f);
    }
}

static bool touch(const struct box *a, const struct box *b)
{
    return a->x0 < b->x1 && a->x1 > b->x0 && a->y0 < b->y1 && a->y1 > b->y0;
}

static void test_svg(void **state)
{
    const struct row *r = *state;
    AUTO(buf_clear) struct buf b = BUF_INIT;
    AUTO(topo_freep) struct topo *t = NULL;
    struct found f = {NULL, NULL, 0, 0};
    xmlDoc *doc;
    xmlNode *root;

    r->make(&b);
    t = load_valid(buf_str(&b));
    AUTO(mem_freep) char *svg = topo_render_svg(t, TOPO_LABEL_ADDRESSES);
    doc = xmlReadMemory(svg, (int)strlen(svg), NULL, NULL, XML_PARSE_NONET);
    if (doc == NULL)
        fail_msg("not well-formed:\n%s", svg);
    root = xmlDocGetRootElement(doc);
    assert_string_equal((const char *)root->name, "svg");
    assert_null(strstr(svg, "<script"));
    for (size_t i = 0; i < t->nnodes; i++) {
        AUTO(mem_freep)
        char *title = xasprintf("<title>%s %s%s</title>", topo_kind_name(t->nodes[i].kind), t->nodes[i].name,
                                t->nodes[i].hidden ? " (hidden)" : "");
        if (i < 100)
            assert_non_null(strstr(svg, title));
    }
    collect(root, &f);
    assert_int_equal(f.nsymbols, t->nnodes + t->nelements);
    for (size_t i = 0; i < f.nlabels && i < 300; i++) {
        for (size_t k = 0; k < f.nsymbols; k++)
            if (touch(&f.labels[i], &f.symbols[k]))
                fail_msg("label %zu is on symbol %zu:\n%s", i, k, svg);
        for (size_t k = 0; k < i; k++)
            if (touch(&f.labels[i], &f.labels[k]))
                fail_msg("labels %zu and %zu overlap:\n%s", k, i, svg);
    }
    if (r->apart) /* then there is room for every name */
        assert_true(f.nlabels > t->nnodes + t->nelements);
    free(f.labels);
    free(f.symbols);
    xmlFreeDoc(doc);
}

static void test_labels(void **state)
{
    static const struct {
        enum topo_labels labels;
        bool iface, address;
    } wants[] = {{TOPO_LABEL_NAMES, false, false},
                 {TOPO_LABEL_INTERFACES, true, false},
                 {TOPO_LABEL_ADDRESSES, true, true}};
    AUTO(topo_freep)
    struct topo *t = load_valid(
        "<topology name='t'><host name='left'><interface name='uplink'><address>10.0.0.1/24</address></interface>"
        "</host><host name='right'><interface name='e'/></host><link name='l' a='left:uplink' b='right:e'/></topology>");

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wants); i++) {
        AUTO(mem_freep) char *svg = topo_render_svg(t, wants[i].labels);
        assert_non_null(strstr(svg, ">left<"));
        assert_int_equal(strstr(svg, ">uplink") != NULL, wants[i].iface);
        assert_int_equal(strstr(svg, "10.0.0.1/24") != NULL, wants[i].address);
    }
}

static void test_random_drawings(void **state)
{
    uint64_t seed = rnd_seed();

    (void)state;
    for (uint64_t i = 0; i < 100; i++) {
        struct rnd r = {seed + i};
        AUTO(topo_freep) struct topo *t = rnd_topo(&r);
        AUTO(mem_freep) char *svg = topo_render_svg(t, TOPO_LABEL_ADDRESSES);
        xmlDoc *doc = xmlReadMemory(svg, (int)strlen(svg), NULL, NULL, XML_PARSE_NONET);
        json_t *d = topo_drawing_json(t);

        if (doc == NULL)
            fail_msg("TEST_SEED=%llu: not well-formed:\n%s", (unsigned long long)(seed + i), svg);
        assert_int_equal(json_array_size(json_object_get(d, "nodes")), t->nnodes);
        xmlFreeDoc(doc);
        json_decref(d);
    }
}

int main(void)
{
    struct CMUnitTest tests[60];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        tests[n++] = row_test(rows[i].name, test_layout, &rows[i]);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        tests[n++] = row_test(rows[i].name, test_svg, &rows[i]);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_no_nodes);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_authors_positions);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_drawing);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_random_drawings);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_labels);
    return _cmocka_run_group_tests("topo_layout", tests, n, NULL, NULL);
}
