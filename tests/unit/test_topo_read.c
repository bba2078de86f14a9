/* Reading: every malformed file gets a message with the line; hostile ones are refused quickly. */
#include "tests/unit/topo_rows.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define T(s) "<topology name=\"t\">\n" s "\n<host name=\"zz\"/></topology>"

/* ---- form: 'in' has an error (and perhaps more) with 'want' in 'line' ---- */
static const struct row {
    const char *name, *in;
    int line;
    const char *want;
} rows[] = {
    {"unknown element", T("<hots name='a'/>"), 2,
     "<hots> is not allowed in <topology> (did you mean 'host'?)"},
    {"unknown element without a guess", T("<banana/>"), 2, "<banana> is not allowed in <topology>"},
    {"unknown attribute", T("<host nmae='a'/>"), 2, "<host> has no attribute 'nmae' (did you mean 'name'?)"},
    {"attribute of another element", T("<host name='a' forwarding='yes'/>"), 2, "no attribute 'forwarding'"},
    {"attribute with a namespace", T("<host name='a' xml:lang='en'/>"), 2, "no attribute 'lang'"},
    {"element with a namespace", T("<host xmlns='urn:x' name='a'/>"), 2, "<host> is not allowed"},
    {"text where none belongs", T("<host name='a'>hello</host>"), 2, "<host> may not hold the text 'hello'"},
    {"CDATA where none belongs", T("<hub name='a'><![CDATA[x]]></hub>"), 2,
     "<hub> may not hold the text 'x'"},
    {"element inside text", T("<host name='a'><startup><b/></startup></host>"), 2,
     "<b> is not allowed in <startup>"},
    {"frr in a host", T("<host name='a'><frr/></host>"), 2, "<frr> is not allowed in <host>"},
    {"two startups", T("<host name='a'><startup>a</startup>\n<startup>b</startup></host>"), 3,
     "<host> may hold only one <startup>"},
    {"memory is no number", T("<host name='a' memory='64M'/>"), 2,
     "memory=\"64M\" of <host> is not a whole number"},
    {"memory of zero", T("<host name='a' memory='0'/>"), 2,
     "memory=\"0\" of <host> is not a whole number above 0"},
    {"memory with eleven digits", T("<host name='a' memory='00000000064'/>"), 2, "is not a whole number"},
    {"x without y", T("<host name='a' x='1'/>"), 2, "only one of x and y"},
    {"x is no number", T("<host name='a' x='left' y='2'/>"), 2, "x=\"left\" of <host> is not a whole number"},
    {"forwarding is no yes or no", T("<router name='a' forwarding='true'/>"), 2, "is not \"yes\" or \"no\""},
    {"mode is not octal", T("<host name='a'><file path='/a' mode='rw'/></host>"), 2, "is not an octal mode"},
    {"address is empty", T("<host name='a'><interface name='eth0'><address> </address></interface></host>"),
     2, "<address> is empty"},
    {"note is empty", T("<note> </note>"), 2, "<note> is empty"},
    {"delay malformed", T("<link name='l' a='zz:e' b='zz:f'><impair from='a' delay='3 parsec'/></link>"), 2,
     "delay=\"3 parsec\" of <impair> is not a time"},
    {"loss malformed", T("<link name='l' a='zz:e' b='zz:f'><impair from='a' loss='1'/></link>"), 2,
     "is not a percentage"},
    {"rate malformed", T("<link name='l' a='zz:e' b='zz:f'><impair from='a' rate='1M'/></link>"), 2,
     "is not a rate"},
    {"impair without from", T("<link name='l' a='zz:e' b='zz:f'><impair/></link>"), 2,
     "<impair> needs from="},
    {"two impairs from one end",
     T("<link name='l' a='zz:e' b='zz:f'><impair from='both'/>\n<impair from='b'/></link>"), 3,
     "two <impair> from end b"},
    {"access and trunk", T("<switch name='s'><port name='p' access='1' trunk='all'/></switch>"), 2,
     "not both"},
    {"native without trunk", T("<switch name='s'><port name='p' native='1'/></switch>"), 2, "needs trunk="},
    {"native VLAN 0", T("<switch name='s'><port name='p' trunk='1' native='0'/></switch>"), 2,
     "VLAN 0 is out of range"},
    {"trunk malformed", T("<switch name='s'><port name='p' trunk='10,20'/></switch>"), 2,
     "is not \"all\" or a list"},
    {"trunk empty", T("<switch name='s'><port name='p' trunk=''/></switch>"), 2, "is not \"all\" or a list"},
    {"version of the future", "<topology name='t' version='2'><host name='a'/></topology>", 1,
     "is not \"1\""},
    {"line of a start tag over several lines", T("<host\n  name='a'\n  memory='x'\n/>"), 2, "memory=\"x\""},
    {"line after comments, CDATA and long attributes",
     T("<!-- <a>\n\n -->\n<note><![CDATA[<b>\n]]></note><?p\n <c> ?>\n<host name='a\n' memory='>'/>\n<bad/>"),
     10, "<bad>"},
    {"bytes of the message are clean", T("<h\xc3\xb6st name='a'/>"), 2, "<h\xc3\xb6st> is not allowed"},
};

static void test_row(void **state)
{
    const struct row *r = *state;
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    struct err e = {0};
    AUTO(topo_freep) struct topo *t = topo_read_mem(r->in, strlen(r->in), &m, &e);

    assert_non_null(t); /* there is a model, so that all problems come in one run */
    assert_msg(&m, r->line, TOPO_ERROR, r->want);
    assert_true(topo_check(t, &m) > 0);
}

/* ---- refused as a whole ---- */
static const struct refused {
    const char *name, *in;
    size_t n; /* 0: strlen */
    const char *want;
} refuseds[] = {
    {"empty file", "", 0, "not well-formed XML"},
    {"no XML", "hello", 0, "not well-formed XML"},
    {"tag not closed", "<topology name='a'>\n<host>", 0, "line 2: not well-formed XML"},
    {"wrong root", "<domain/>", 0, "the root element is <domain>, not <topology>"},
    {"root with a namespace", "<topology xmlns='urn:x'/>", 0, "the root element is"},
    {"doctype", "<!DOCTYPE topology>\n<topology name='a'/>", 0, "document type declaration"},
    {"external entity",
     "<!DOCTYPE t [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><topology name='a' title='&x;'/>", 0,
     "document type declaration"},
    {"billion laughs",
     "<?xml version='1.0'?>\n<!DOCTYPE lolz [<!ENTITY a 'lol'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>"
     "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'>]><topology name='a'>&c;</topology>",
     0, "line 2: a document type declaration"},
    {"parameter entity", "<!DOCTYPE t [<!ENTITY % x SYSTEM 'http://127.0.0.1/x'> %x;]><topology/>", 0,
     "document type declaration"},
    {"undeclared entity", "<topology name='&x;'/>", 0, "not well-formed XML"},
    {"doctype in the middle", "<topology name='a'>\n<!DOCTYPE x></topology>", 0, "line 2: a document type"},
    {"NUL byte", "<topology name='a'>\n<host name='b\0'/></topology>", 43,
     "line 2: the file holds a NUL byte"},
    {"UTF-16", "\xff\xfe<\0t\0/\0>\0", 10, "NUL byte"},
    {"bad UTF-8", "<topology name='a' title='\xff\xfe'/>", 0, "not well-formed XML"},
    {"Latin-1 that says so", "<?xml version='1.0' encoding='ISO-8859-1'?><topology name='a' title='\xe9'/>",
     0, "not well-formed XML"},
    {"character that XML forbids", "<topology name='a' title='&#1;'/>", 0, "not well-formed XML"},
    {"attribute twice", "<topology name='a' name='b'/>", 0, "not well-formed XML"},
};

static void test_refused(void **state)
{
    const struct refused *r = *state;
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    struct err e = {0};

    assert_null(topo_read_mem(r->in, r->n != 0 ? r->n : strlen(r->in), &m, &e));
    assert_int_equal(e.code, ERR_INVALID);
    if (strstr(e.msg, r->want) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", r->want, e.msg);
    assert_int_equal(m.nerrors, 1);
}

/* ---- large: generated, refused in bounded time and memory ---- */
static void nesting(struct buf *b) /* 100 MB */
{
    buf_puts(b, "<topology name='a'>");
    while (b->len < 100u << 20)
        buf_puts(b, "<host><host><host><host>");
}

static void deep(struct buf *b) /* within the size limit */
{
    for (int i = 0; i < 500000; i++)
        buf_puts(b, "<a>");
}

static void wide(struct buf *b)
{
    buf_puts(b, "<topology name='a'>");
    for (int i = 0; i < 800000; i++)
        buf_puts(b, "<a/>");
    buf_puts(b, "</topology>");
}

static void many_attributes(struct buf *b)
{
    buf_puts(b, "<topology ");
    for (int i = 0; i < 300000; i++)
        buf_printf(b, "a%d='' ", i);
    buf_puts(b, "/>");
}

static void long_attribute(struct buf *b)
{
    buf_puts(b, "<topology name='");
    for (int i = 0; i < 4000000; i++)
        buf_putc(b, 'a');
    buf_puts(b, "'/>");
}

static void unclosed_quotes(struct buf *b)
{
    for (int i = 0; i < 1000000; i++)
        buf_puts(b, "<a '");
}

static void many_errors(struct buf *b)
{
    buf_puts(b, "<topology name='a'><host name='b'/>");
    for (int i = 0; i < 50000; i++)
        buf_printf(b, "<link name='l%d' a='bbbbbbbbbbbbbbbbbbbbbbbbbbb%d' b='c:d'/>", i, i);
    buf_puts(b, "</topology>");
}

static void many_guesses(struct buf *b)
{
    buf_puts(b, "<topology name='a'>");
    for (int i = 0; i < 15000; i++)
        buf_printf(b, "<host name='abcdefghijklmnopqrstuvwxyz%05d'/>", i);
    for (int i = 0; i < 60; i++)
        buf_printf(
            b,
            "<link name='l%d' a='bacdefghijklmnopqrstuvwxyz%05dx:e' b='abcdefghijklmnopqrstuvwxyz00001:e'/>",
            i, i);
    buf_puts(b, "</topology>");
}

static void many_routes(struct buf *b)
{
    buf_puts(b, "<topology name='a'><host name='b'>");
    for (int i = 0; i < 40000; i++)
        buf_puts(b, "<route to='default' via='10.1.1.1'/>");
    buf_puts(b, "<interface name='eth0'>");
    for (int i = 0; i < 40000; i++)
        buf_printf(b, "<address>10.0.%d.%d/24</address>", i / 250, i % 250 + 1);
    buf_puts(b, "</interface></host></topology>");
}

static void many_ports(struct buf *b)
{
    buf_puts(b, "<topology name='a'><host name='h'/><switch name='s'>");
    for (int i = 0; i < 40000; i++)
        buf_puts(b, "<port name='p' trunk='1 2 3'/>");
    buf_puts(b, "</switch>");
    for (int i = 0; i < 30000; i++)
        buf_printf(b, "<link name='l%d' a='s:q' b='s:p'/>", i);
    buf_puts(b, "</topology>");
}

static const struct large {
    const char *name;
    void (*make)(struct buf *b);
    const char *want;
} larges[] = {
    {"100 MB of nesting", nesting, "larger than 4 MiB"},
    {"nesting within the size limit", deep, "nested more than 16 deep"},
    {"800,000 elements", wide, "more than 200000 elements"},
    {"300,000 attributes", many_attributes, "more than 32 attributes"},
    {"an attribute of 4 MB", long_attribute, "topology name 'aaa"},
    {"a million open quotes", unclosed_quotes, "not well-formed XML"},
    {"50,000 dangling links", many_errors, "there is no host"},
    {"guesses among 15,000 long names", many_guesses, "did you mean"},
    {"40,000 routes and addresses", many_routes, "the most is"},
    {"40,000 equal ports", many_ports, "two ports named"},
};

static void test_large(void **state)
{
    const struct large *l = *state;
    AUTO(buf_clear) struct buf b = BUF_INIT, all = BUF_INIT;
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    struct err e = {0};
    struct rusage before, after;
    clock_t start;
    double seconds;

    l->make(&b);
    getrusage(RUSAGE_SELF, &before);
    start = clock();
    assert_null(topo_load_mem(buf_str(&b), b.len, &m, &e));
    seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    getrusage(RUSAGE_SELF, &after);
    topo_msgs_print(&m, "t", &all);
    if (strstr(buf_str(&all), l->want) == NULL)
        fail_msg("\"%s\" is not in:\n%s", l->want, buf_str(&all));
    assert_in_range(m.n, 1, TOPO_MSGS_MAX);
    /* Generous, because sanitizers run here too: what grows with the square takes minutes. */
    if (seconds > 20)
        fail_msg("took %.1f s", seconds);
    if (after.ru_maxrss - before.ru_maxrss > 400L * 1024)
        fail_msg("took %ld KiB", after.ru_maxrss - before.ru_maxrss);
}

/* ---- what is read is what was written ---- */
static void test_values_arrive(void **state)
{
    AUTO(topo_freep)
    struct topo *t = load_valid(
        "<topology name='t' title='A &amp; B' version='1'>\n"
        "<host name='h1' image='big' memory='96' vcpus='2' x='-5' y='7'>\n"
        "<interface name='eth0' network='lan1' mtu='9000'><address>\n 10.0.1.10/24 </address></interface>\n"
        "<route to='default' via='10.0.1.1'/><file path='/etc/motd' mode='0600'>a<!-- c -->b</file>\n"
        "<startup>true</startup><note>n</note></host>\n"
        "<router name='r1' forwarding='no'><interface name='eth0'/><frr daemons=' ospfd  bfdd '>x</frr></router>\n"
        "<switch name='s1' rstp='yes' rstp-priority='4096'><port name='p1' trunk='10 20' native='30'/>"
        "<port name='p2' access='7'/><port name='p3' trunk='all'/></switch><network name='lan1'/>\n"
        "<link name='l1' a='r1:eth0' b='s1' up='no'><impair from='both' delay='20ms' loss=''/></link></topology>");
    const struct topo_node *h = &t->nodes[0], *r = &t->nodes[1];

    (void)state;
    assert_string_equal(t->title, "A & B");
    assert_string_equal(h->image, "big");
    assert_int_equal(h->memory_mb, 96);
    assert_int_equal(h->vcpus, 2);
    assert_true(h->pos.set && h->pos.x == -5 && h->pos.y == 7);
    assert_int_equal(h->ifaces[0].mtu, 9000);
    assert_string_equal(h->ifaces[0].addrs[0].text, "10.0.1.10/24");
    assert_string_equal(h->routes[0].via, "10.0.1.1");
    assert_int_equal(h->files[0].mode, 0600);
    assert_string_equal(h->files[0].text, "ab");
    assert_int_equal(h->line, 2);
    assert_false(r->forwarding);
    assert_int_equal(r->nfrr_daemons, 2);
    assert_string_equal(r->frr_daemons[1], "bfdd");
    assert_string_equal(r->frr_conf, "x");
    assert_true(t->elements[0].rstp);
    assert_int_equal(t->elements[0].ports[0].native, 30);
    assert_int_equal(t->elements[0].ports[0].ntrunks, 2);
    assert_int_equal(t->elements[0].ports[1].access, 7);
    assert_int_equal(t->elements[0].ports[2].mode, PLAN_VLAN_TRUNK);
    assert_int_equal(t->elements[0].ports[2].ntrunks, 0);
    assert_null(t->links[0].end[1].iface);
    assert_false(t->links[0].up);
    assert_int_equal(t->links[0].impair[1].delay_us, 20000);
}

static void test_all_problems_in_one_run(void **state)
{
    static const char in[] =
        "<topology name='T'>\n<host name='a' memory='x'/>\n<hots/>\n<link name='l' a='b:c' b='a:d'/>\n</topology>";
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct err e = {0};

    (void)state;
    assert_null(topo_load_mem(in, strlen(in), &m, &e));
    topo_msgs_print(&m, "f.xml", &b);
    assert_string_equal(
        buf_str(&b),
        "f.xml:1: error: topology name 'T' is not allowed: use 1 to 31 characters from a-z, 0-9 and "
        "'-', beginning with a letter\n"
        "f.xml:2: error: memory=\"x\" of <host> is not a whole number above 0\n"
        "f.xml:3: error: <hots> is not allowed in <topology> (did you mean 'host'?)\n"
        "f.xml:4: error: end a of the link: there is no host, router, switch, hub, network or internet 'b'\n"
        "f.xml:4: error: link 'l' ends at interface 'd' of 'a', which has no such interface\n");
    assert_non_null(strstr(e.msg, "line 1: topology name 'T'"));
    assert_non_null(strstr(e.msg, "(and 4 more)"));
}

static void test_errors_are_not_hidden_by_warnings(void **state)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    size_t errors = 0;

    (void)state;
    for (int i = 0; i < 80; i++)
        topo_msgs_add(&m, i, TOPO_WARNING, "w%d", i);
    topo_msgs_add(&m, 3, TOPO_ERROR, "e\n%s", "x");
    topo_msgs_sort(&m);
    for (size_t i = 0; i < m.n; i++)
        errors += m.items[i].severity == TOPO_ERROR;
    assert_int_equal(m.n, TOPO_MSGS_MAX);
    assert_int_equal(errors, 1);
    assert_int_equal(m.nwarnings, 80);
    assert_string_equal(m.items[0].text, "e x");
}

static void test_missing_file(void **state)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    struct err e = {0};

    (void)state;
    assert_null(topo_load_file("tests/golden/topology/no-such-file.xml", &m, &e));
    assert_int_equal(e.code, ERR_NOT_FOUND);
    assert_int_equal(m.nerrors, 1);
}

/* ---- what is too large for a lab, but not for labctl ---- */
static char *beyond_lab(const char *what)
{
    if (strcmp(what, "nodes") == 0) /* one too many */
        return xasprintf(
            "<topology name='t' version='1'><group count='%d'><host name='h{n}'/></group></topology>",
            PLAN_NODES_MAX + 1);
    if (strcmp(what, "elements") == 0)
        return xstrdup(
            "<topology name='t' version='1'><host name='a'/><group count='100000'><hub name='h{n}'/>"
            "</group></topology>");
    return xasprintf("<topology name='t' version='1'><host name='a'/><!--%*s--></topology>",
                     (int)TOPO_FILE_MAX, "");
}

static void test_beyond_lab(void **state)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT, lab = TOPO_MSGS_INIT, large = TOPO_MSGS_INIT;
    AUTO(mem_freep) char *xml = beyond_lab(*state);
    char path[] = "/tmp/test_topo_read.XXXXXX";
    int fd = mkstemp(path);
    struct err e = {0};

    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(file_write_atomic(path, xml, strlen(xml), 0600, &e), 0);
    AUTO(topo_freep) struct topo *mem = topo_load_mem(xml, strlen(xml), &m, NULL);
    AUTO(topo_freep) struct topo *file = topo_load_file(path, &lab, NULL);
    AUTO(topo_freep) struct topo *t = topo_load_large_file(path, NULL, NULL, &large, &e);
    unlink(path);
    assert_null(mem);
    assert_null(file);
    assert_true(m.nerrors == 1 && lab.nerrors == 1 && lab.nwarnings == 0);
    assert_non_null(t);
    assert_int_equal(large.nwarnings, 1);
    assert_non_null(strstr(large.items[0].text, "larger than a lab may be"));
}

int main(void)
{
    struct CMUnitTest tests[100];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        tests[n++] = row_test(rows[i].name, test_row, &rows[i]);
    for (size_t i = 0; i < ARRAY_LEN(refuseds); i++)
        tests[n++] = row_test(refuseds[i].name, test_refused, &refuseds[i]);
    for (size_t i = 0; i < ARRAY_LEN(larges); i++)
        tests[n++] = row_test(larges[i].name, test_large, &larges[i]);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_values_arrive);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_all_problems_in_one_run);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_errors_are_not_hidden_by_warnings);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_missing_file);
    tests[n++] = row_test("more nodes than a lab may have", test_beyond_lab, "nodes");
    tests[n++] = row_test("more elements than a lab may have", test_beyond_lab, "elements");
    tests[n++] = row_test("more text than a lab may have", test_beyond_lab, "text");
    return _cmocka_run_group_tests("topo_read", tests, n, NULL, NULL);
}
