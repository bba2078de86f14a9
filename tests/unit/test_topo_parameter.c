/* Parameters: what references give, what is wrong with them, and what holds for every seed. */
#include "labd/base/name.h"
#include "tests/unit/topo_rows.h"
#include "topology/topo_parameter.h"
#include "topology/topo_value.h"

#include <sys/socket.h>

#define DECLARED \
    "<parameter name='five' type='integer' min='5' max='5'/><parameter name='word' type='choice' values='a$b'/>" \
    "<parameter name='lan1' type='prefix' pool='10.1.2.0/24' length='24'/>" \
    "<parameter name='lan2' type='prefix' pool='2001:db8:2::/64' length='64'/>"
#define TITLE(s) "<topology name='t' title='" s "'>" DECLARED "<host name='zz'/></topology>"
#define NOTE(s) "<topology name='t'>" DECLARED "<note>" s "</note><host name='zz'/></topology>"

/* ---- references ---- */
static const struct good {
    const char *name, *in, *want; /* the title, or else the first note */
} goods[] = {
    {"number", TITLE("x${five}y"), "x5y"},
    {"sum", TITLE("${five+65531} ${five-5}"), "65536 0"},
    {"choice", TITLE("${word}"), "a$b"},
    {"prefix", TITLE("${lan1}"), "10.1.2.0/24"},
    {"address", TITLE("${lan1.0} ${lan1.10} ${lan1.255}"), "10.1.2.0 10.1.2.10 10.1.2.255"},
    {"address with length", TITLE("${lan1.10/}"), "10.1.2.10/24"},
    {"IPv6", TITLE("${lan2} ${lan2.4660} ${lan2.1/}"), "2001:db8:2::/64 2001:db8:2::1234 2001:db8:2::1/64"},
    {"escaped", TITLE("$${five} $$${five} $${what ever"), "${five} $${five} ${what ever"},
    {"dollars", TITLE("$ $5 $$ 5$"), "$ $5 $$ 5$"},
    {"text", NOTE("${five}/${lan1.1}"), "5/10.1.2.1"},
    {"the shell's own", NOTE("${HOME} ${n} ${six:-6} ${five:-6} $${six} ${ five} ${five ${} ${"),
     "${HOME} ${n} ${six:-6} ${five:-6} $${six} ${ five} ${five ${} ${"},
    {"escaped in a text", NOTE("$${five} $${lan1.9/}"), "${five} ${lan1.9/}"},
    {"beside the shell's", NOTE("${x${five}}"), "${x5}"},
    {"group",
     "<topology name='t'>" DECLARED
     "<group count='2'><note>${lan{n}} ${five+{n}} ${n} {n}</note></group><host name='zz'/></topology>",
     "10.1.2.0/24 6 ${n} 1"},
    {"group in an attribute",
     "<topology name='t'>" DECLARED
     "<group count='${five}'><hub name='h${five}-{n}'/></group><note>n</note><host name='zz'/></topology>",
     "n"},
    {"template, once only",
     "<topology name='t'>" DECLARED "<template name='x'><argument name='k'/><note>{k}</note></template>"
     "<use template='x' name='a' k='$${five}${five}'/><host name='zz'/></topology>",
     "${five}5"},
    {"defaults",
     "<topology name='t'>" DECLARED "<defaults><host><note>${five}</note></host></defaults>"
     "<host name='h'/><note>n</note><host name='zz'/></topology>",
     "n"},
    {"declared behind its use",
     "<topology name='t'><note>${x}</note><parameter name='x' type='choice' values='v'/><host name='zz'/></topology>",
     "v"},
};

static void test_good(void **state)
{
    const struct good *g = *state;
    AUTO(topo_freep) struct topo *t = NULL, *again = NULL;
    AUTO(mem_freep) char *xml = NULL;

    t = load_valid(g->in);
    assert_string_equal(t->title != NULL ? t->title : t->notes[0].text, g->want);
    xml = topo_write(t); /* what is written is read back, references that are none included */
    again = load_valid(xml);
    assert_true(topo_equal(t, again));
}

static void test_places(void **state)
{
    AUTO(topo_freep)
    struct topo *t = load_valid(
        "<topology name='t'>" DECLARED "<host name='h${five}' memory='6${five}'><interface name='e'>"
        "<address>${lan1.7/}</address><address>\n${lan2.7/}\n</address></interface>"
        "<route to='default' via='${lan1.1}'/><file path='/etc/${five}'>${lan1.2}</file><startup>echo ${five}</startup>"
        "</host><router name='r'><frr daemons='bgpd'>router bgp ${five}</frr></router><host name='zz'/></topology>");
    const struct topo_node *h = &t->nodes[0];

    (void)state;
    assert_string_equal(h->name, "h5");
    assert_int_equal(h->memory_mb, 65);
    assert_string_equal(h->ifaces[0].addrs[1].text, "2001:db8:2::7/64");
    assert_string_equal(h->routes[0].via, "10.1.2.1");
    assert_string_equal(h->files[0].path, "/etc/5");
    assert_string_equal(h->files[0].text, "10.1.2.2");
    assert_string_equal(h->startup.text, "echo 5");
    assert_string_equal(t->nodes[1].frr_conf, "router bgp 5");
}

/* ---- what is wrong, and in which line ---- */
#define T(s) "<topology name='t'>\n" s "\n<host name='zz'/></topology>"
static const struct row {
    const char *name, *in;
    int line;
    const char *want;
} rows[] = {
    {"no name", T("<parameter type='name'/>"), 2, "<parameter> needs a name"},
    {"bad name", T("<parameter name='X' type='name'/>"), 2, "not X"},
    {"no type", T("<parameter name='x'/>"), 2, "parameter 'x' needs type="},
    {"unknown type", T("<parameter name='x' type='integr'/>"), 2, "(did you mean 'integer'?)"},
    {"unknown attribute", T("<parameter name='x' type='integer' mim='1' max='2'/>"), 2,
     "did you mean 'min'?"},
    {"malformed number", T("<parameter name='x' type='integer' min='a' max='2'/>"), 2,
     "min=\"a\" of <parameter> is not a whole number"},
    {"integer without max", T("<parameter name='x' type='integer' min='1'/>"), 2,
     "parameter 'x' has min=\"NUMBER\" and max=\"NUMBER\""},
    {"integer with a pool", T("<parameter name='x' type='integer' min='1' max='2' pool='10.0.0.0/8'/>"), 2,
     "parameter 'x' has min="},
    {"integer of nothing", T("<parameter name='x' type='integer' min='3' max='2'/>"), 2, "above its max"},
    {"choice of nothing", T("<parameter name='x' type='choice' values=' '/>"), 2, "has 0 values"},
    {"choice of one twice", T("<parameter name='x' type='choice' values='a b a'/>"), 2,
     "has the value 'a' twice"},
    {"pool that is none", T("<parameter name='x' type='prefix' pool='home' length='24'/>"), 2,
     "pool=\"home\" of parameter 'x' is not a prefix"},
    {"pool with host bits", T("<parameter name='x' type='prefix' pool='10.0.0.1/8' length='24'/>"), 2,
     "write 10.0.0.0/8"},
    {"length outside", T("<parameter name='x' type='prefix' pool='10.0.0.0/8' length='7'/>"), 2,
     "is not 8 to 32"},
    {"pools that overlap",
     T("<parameter name='x' type='prefix' pool='10.0.0.0/8' length='24'/>\n"
       "<parameter name='y' type='prefix' pool='10.1.0.0/16' length='24'/>"),
     3, "overlaps, but is not, the pool of 'x' in line 2"},
    {"same name", T("<parameter name='x' type='name'/>\n<parameter name='x' type='name'/>"), 3,
     "there is a parameter 'x' already, in line 2"},
    {"text inside", T("<parameter name='x' type='name'>a</parameter>"), 2, "<parameter> is empty"},
    {"in a group", T("<group count='1'>\n<parameter name='x' type='name'/></group>"), 3,
     "stands directly in <topology>"},
    {"in a host", T("<host name='a'>\n<parameter name='x' type='name'/></host>"), 3,
     "<parameter> is not allowed in <host>"},
    {"undeclared", T("<parameter name='lan1' type='name'/><host\nname='${lna1}'/>"), 2,
     "there is no <parameter name=\"lna1\"> (did you mean 'lan1'?)"},
    {"undeclared without any", T("\n<hub name='${x}'/>"), 3, "there is no <parameter name=\"x\">"},
    {"undeclared in an address",
     T("<host name='a'><interface name='e'>\n<address>${x.1/}</address></interface></host>"), 3,
     "there is no <parameter name=\"x\">"},
    {"undeclared in a group", T("<group count='2'>\n<hub name='${x}{n}'/></group>"), 3,
     "there is no <parameter name=\"x\">"},
    {"no reference", T("\n<hub name='${x y}'/>"), 3, "is no reference to a parameter"},
    {"not closed", T("\n<hub name='a${x'/>"), 3, "\"${x\" is no reference"},
    {"sum of a name", T("<parameter name='x' type='choice' values='a'/>\n<hub name='h${x+1}'/>"), 3,
     "parameter 'x' is no number"},
    {"below zero", T("<parameter name='x' type='integer' min='1' max='1'/>\n<hub name='h${x-2}'/>"), 3,
     "${x-2} is below 0 where ${x} is 1"},
    {"address of a number", T("<parameter name='x' type='integer' min='1' max='1'/>\n<hub name='h${x.2}'/>"),
     3, "parameter 'x' is no prefix"},
    {"address outside",
     T("<parameter name='x' type='prefix' pool='10.0.0.0/8' length='30'/>\n<note>${x.4}</note>"), 3,
     "${x.4} is outside 'x', whose length is 30"},
};

static void test_row(void **state)
{
    const struct row *r = *state;
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    struct err e = {0};

    assert_null(topo_load_mem(r->in, strlen(r->in), &m, &e));
    assert_msg(&m, r->line, TOPO_ERROR, r->want);
}

static void test_too_many(void **state)
{
    AUTO(buf_clear) struct buf xml = BUF_INIT;
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    struct err e = {0};

    (void)state;
    buf_puts(&xml, "<topology name='t'>\n");
    for (int i = 0; i <= TOPO_PARAMETERS_MAX; i++)
        buf_printf(&xml, "<parameter name='x%d' type='name'/>\n", i);
    buf_puts(&xml, "<host name='zz'/></topology>");
    assert_null(topo_load_mem(buf_str(&xml), xml.len, &m, &e));
    assert_msg(&m, TOPO_PARAMETERS_MAX + 2, TOPO_ERROR, "more than 64 parameters");
}

/* A few bytes may not ask for more than a file may hold. */
static void test_too_large(void **state)
{
    AUTO(buf_clear) struct buf xml = BUF_INIT;
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    struct err e = {0};

    (void)state;
    buf_puts(&xml, "<topology name='t'><parameter name='x' type='choice' values='");
    for (int i = 0; i < TOPO_CHOICE_MAX; i++)
        buf_putc(&xml, 'v');
    buf_puts(&xml, "'/>");
    for (int k = 0; k < 20; k++) {
        buf_puts(&xml, "<note>");
        for (int i = 0; i < 1000; i++)
            buf_puts(&xml, "${x}");
        buf_puts(&xml, "</note>");
    }
    buf_puts(&xml, "<host name='zz'/></topology>");
    assert_null(topo_load_mem(buf_str(&xml), xml.len, &m, &e));
    assert_msg(&m, 1, TOPO_ERROR, "parameters make more than 4 MiB");
}

/* ---- what holds for every seed ---- */
#define SEEDS 400u

static struct topo *load_numbered(const char *xml, uint32_t n)
{
    struct topo_seed seed;
    struct err e = {0};
    struct topo *t;

    topo_seed_number(&seed, n);
    if ((t = topo_load_seeded(xml, strlen(xml), &seed, NULL, &e)) == NULL)
        fail_msg("seed %u: %s", n, e.msg);
    return t;
}

static const char *value_of(const struct topo *t, const char *name)
{
    for (size_t i = 0; i < t->nparameters; i++)
        if (strcmp(t->parameters[i].name, name) == 0)
            return t->parameters[i].value;
    fail_msg("no parameter %s", name);
    return NULL;
}

static void assert_apart(const struct topo *t, uint32_t seed)
{
    for (size_t i = 0; i < t->nparameters; i++)
        for (size_t k = 0; k < i; k++) {
            const struct topo_parameter *p = &t->parameters[i], *q = &t->parameters[k];
            struct value_addr a, b;

            if (p->type == TOPO_NAME && q->type == TOPO_NAME)
                assert_string_not_equal(p->value, q->value);
            if (p->type != TOPO_PREFIX || q->type != TOPO_PREFIX)
                continue;
            assert_true(value_addr(p->value, &a) && value_addr(q->value, &b));
            if (value_addr_within(&a, &b) || value_addr_within(&b, &a))
                fail_msg("seed %u: %s and %s overlap", seed, p->value, q->value);
        }
}

static void test_ranges(void **state)
{
    static const char xml[] =
        "<topology name='t'><parameter name='asn' type='integer' min='64512' max='65534'/>"
        "<parameter name='all' type='integer' min='0' max='4294967295'/>"
        "<parameter name='c' type='choice' values='ospf isis rip'/>"
        "<parameter name='n1' type='name'/><parameter name='n2' type='name'/><parameter name='n3' type='name'/>"
        "<parameter name='p1' type='prefix' pool='10.64.0.0/10' length='24'/>"
        "<parameter name='p2' type='prefix' pool='10.64.0.0/10' length='12'/>"
        "<parameter name='p3' type='prefix' pool='10.64.0.0/10' length='30'/>"
        "<parameter name='p4' type='prefix' pool='2001:db8::/32' length='64'/>"
        "<parameter name='p5' type='prefix' pool='8000::/1' length='128'/>"
        "<parameter name='p6' type='prefix' pool='192.0.2.0/24' length='32'/><host name='zz'/></topology>";
    struct value_addr pool, p;

    (void)state;
    for (uint32_t seed = 0; seed < SEEDS; seed++) {
        AUTO(topo_freep) struct topo *t = load_numbered(xml, seed);
        uint32_t v;

        assert_true(value_uint(value_of(t, "asn"), &v) && v >= 64512 && v <= 65534);
        assert_true(value_uint(value_of(t, "all"), &v));
        assert_non_null(strstr("ospf isis rip", value_of(t, "c")));
        assert_true(strlen(value_of(t, "n1")) < 16 && name_ok(value_of(t, "n1")));
        assert_apart(t, seed);
        for (size_t i = 0; i < t->nparameters; i++)
            if (t->parameters[i].type == TOPO_PREFIX) {
                assert_true(value_addr(t->parameters[i].value, &p) && !value_addr_host_bits(&p));
                assert_true(value_addr(p.family == AF_INET6 && p.ip[0] == 0x20 ? "2001:db8::/32"
                                       : p.family == AF_INET6                  ? "8000::/1"
                                       : p.ip[0] == 10                         ? "10.64.0.0/10"
                                                                               : "192.0.2.0/24",
                                       &pool));
                assert_true(value_addr_within(&pool, &p));
            }
    }
}

/* A pool that is just large enough is so for every seed, in whatever order the author wrote. */
static void test_full_pool(void **state)
{
#define P(name, length) "<parameter name='" name "' type='prefix' pool='10.0.0.0/24' length='" length "'/>"
    static const char full[] = "<topology name='t'>" P("a", "27") P("b", "26") P("c", "25")
        P("d", "27") "<host name='zz'/></topology>";
    static const char over[] = "<topology name='t'>" P("a", "27") P("b", "26") P("c", "25") P("d", "27")
        P("e", "32") "<host name='zz'/></topology>";
    size_t first = 0;

    (void)state;
    for (uint32_t n = 0; n < SEEDS; n++) {
        AUTO(topo_freep) struct topo *t = load_numbered(full, n);
        AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
        struct topo_seed seed;
        struct err e;

        assert_apart(t, n);
        first += strcmp(value_of(t, "a"), "10.0.0.0/27") == 0;
        topo_seed_number(&seed, n);
        assert_null(topo_load_seeded(over, strlen(over), &seed, &m, &e));
        assert_msg(&m, 1, TOPO_ERROR, "nothing is left for parameter 'e'");
    }
    assert_in_range(first, SEEDS / 16, SEEDS / 5); /* one of eight places, as likely as the others */
}

/* Every number is as likely as any other: 2000 draws of ten, each 200 times give or take seven sigma. */
static void test_uniform(void **state)
{
    size_t count[10] = {0};

    (void)state;
    for (uint32_t n = 0; n < 2000; n++) {
        struct topo_seed seed;

        topo_seed_number(&seed, n);
        count[(size_t)topo_seed_draw(&seed, "x", 10)]++;
    }
    for (size_t i = 0; i < ARRAY_LEN(count); i++)
        assert_in_range(count[i], 200 - 94, 200 + 94);
}

/* It names the seed, and is none of the values. */
static void test_id(void **state)
{
    char one[TOPO_SEED_ID_SIZE], again[TOPO_SEED_ID_SIZE], two[TOPO_SEED_ID_SIZE];
    struct topo_seed a, b;

    (void)state;
    topo_seed_number(&a, 1);
    topo_seed_number(&b, 2);
    topo_seed_id(&a, one);
    topo_seed_id(&a, again);
    topo_seed_id(&b, two);
    assert_int_equal(strlen(one), 16);
    assert_int_equal(strspn(one, "0123456789abcdef"), 16);
    assert_string_equal(one, again);
    assert_string_not_equal(one, two);
}

/* Rejection works where every second number is refused. */
static void test_rejection(void **state)
{
    const unsigned __int128 n = ((unsigned __int128)1 << 127) + 1;
    size_t high = 0;

    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        struct topo_seed seed;
        unsigned __int128 v;

        topo_seed_number(&seed, i);
        v = topo_seed_draw(&seed, "x", n);
        assert_true(v < n);
        assert_true(topo_seed_draw(&seed, "x", 1) == 0);
        high += v >= n / 2;
    }
    assert_in_range(high, 400, 600);
}

/* What a seed gave stays what it gives: labs are regraded with it, years later. */
static void test_for_ever(void **state)
{
    AUTO(topo_freep)
    struct topo *t = load_valid(
        "<topology name='t'><parameter name='asn' type='integer' min='64512' max='65534'/>"
        "<parameter name='c' type='choice' values='ospf isis rip'/><parameter name='n' type='name'/>"
        "<parameter name='p' type='prefix' pool='10.64.0.0/10' length='24'/><host name='zz'/></topology>");

    (void)state;
    assert_string_equal(value_of(t, "asn"), "64603");
    assert_string_equal(value_of(t, "c"), "ospf");
    assert_string_equal(value_of(t, "n"), "golden-laurel");
    assert_string_equal(value_of(t, "p"), "10.107.148.0/24");
}

static void test_others_stay(void **state)
{
    AUTO(topo_freep)
    struct topo *a = load_numbered(
        "<topology name='t'><parameter name='x' type='integer' min='0' max='9999'/><host name='zz'/></topology>",
        7);
    AUTO(topo_freep)
    struct topo *b =
        load_numbered("<topology name='t'><parameter name='w' type='integer' min='0' max='9999'/>"
                      "<parameter name='x' type='integer' min='0' max='9999'/><host name='zz'/></topology>",
                      7);
    AUTO(topo_freep)
    struct topo *c = load_numbered(
        "<topology name='t'><parameter name='x' type='integer' min='0' max='9999'/><host name='zz'/></topology>",
        8);

    (void)state;
    assert_string_equal(value_of(a, "x"), value_of(b, "x"));
    assert_string_not_equal(value_of(b, "x"), value_of(b, "w"));
    assert_string_not_equal(value_of(a, "x"), value_of(c, "x"));
}

int main(void)
{
    static const struct CMUnitTest single[] = {
        cmocka_unit_test(test_places),      cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_too_large),   cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_full_pool),   cmocka_unit_test(test_uniform),
        cmocka_unit_test(test_rejection),   cmocka_unit_test(test_for_ever),
        cmocka_unit_test(test_others_stay), cmocka_unit_test(test_id),
    };
    struct CMUnitTest tests[ARRAY_LEN(goods) + ARRAY_LEN(rows) + ARRAY_LEN(single)];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(goods); i++)
        tests[n++] = row_test(goods[i].name, test_good, &goods[i]);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        tests[n++] = row_test(rows[i].name, test_row, &rows[i]);
    for (size_t i = 0; i < ARRAY_LEN(single); i++)
        tests[n++] = single[i];
    return _cmocka_run_group_tests("topo_parameter", tests, n, NULL, NULL);
}
