/* Groups, templates and defaults: what they make, what is wrong with them, and what is too much. */
#include "tests/unit/topo_rows.h"

#define T(s) "<topology name=\"t\">\n" s "\n<host name=\"zz\"/></topology>"

/* ---- what is made: the names of hosts, in order ---- */
static const struct good {
    const char *name, *in, *hosts;
} goods[] = {
    {"group", T("<group count='3'><host name='h{n}'/></group>"), "h1 h2 h3 zz"},
    {"group from", T("<group count='2' from='9'><host name='h{n}'/></group>"), "h9 h10 zz"},
    {"zeros", T("<group count='2' from='9'><host name='h{n:3}'/></group>"), "h009 h010 zz"},
    {"sum with zeros", T("<group count='1'><host name='h{n+41:3}'/></group>"), "h042 zz"},
    {"difference", T("<group count='2'><host name='h{n-1}'/></group>"), "h0 h1 zz"},
    {"groups inside each other",
     T("<group count='2' index='i'><group count='2'><host name='h{i}-{n}'/></group></group>"),
     "h1-1 h1-2 h2-1 h2-2 zz"},
    {"inner count from the outer number",
     T("<group count='2' index='i'><group count='{i}'><host name='h{i}-{n}'/></group></group>"),
     "h1-1 h2-1 h2-2 zz"},
    {"order of the file",
     "<topology name='t'><host name='a'/><group count='1'><host name='b'/></group>"
     "<host name='c'/></topology>",
     "a b c"},
    {"template before its use",
     T("<template name='x'><host name='{name}-h'/></template><use template='x' name='a'/>"), "a-h zz"},
    {"template behind its use",
     T("<use template='x' name='a'/><template name='x'><host name='{name}-h'/></template>"), "a-h zz"},
    {"argument by default",
     T("<use template='x' name='a'/><template name='x'><argument name='k' default='7'/><host name='h{k+1}'/></template>"),
     "h8 zz"},
    {"use in a group",
     T("<group count='2'><use template='x' name='a{n}'/></group><template name='x'><host name='{name}'/></template>"),
     "a1 a2 zz"},
    {"template in a template",
     T("<use template='x' name='a'/><template name='x'><use template='y' name='{name}b'/></template>"
       "<template name='y'><host name='{name}c'/></template>"),
     "abc zz"},
};

static void test_good(void **state)
{
    const struct good *g = *state;
    AUTO(topo_freep) struct topo *t = load_valid(g->in);
    AUTO(buf_clear) struct buf names = BUF_INIT;

    for (size_t i = 0; i < t->nnodes; i++)
        buf_printf(&names, "%s%s", i > 0 ? " " : "", t->nodes[i].name);
    assert_string_equal(buf_str(&names), g->hosts);
}

/* ---- what is wrong, and in which line ---- */
static const struct row {
    const char *name, *in;
    int line;
    const char *want;
} rows[] = {
    {"group without count", T("<group><host name='a'/></group>"), 2, "<group> needs count="},
    {"group of none", T("<group count='0'><host name='a'/></group>"), 2, "is not a whole number above 0"},
    {"group with an unknown attribute", T("<group count='1' form='2'><host name='a'/></group>"), 2,
     "<group> has no attribute 'form' (did you mean 'from'?)"},
    {"index that is no word", T("<group count='1' index='N'><host name='a'/></group>"), 2, "is not a word"},
    {"index that is taken", T("<group count='1'>\n<group count='1'><host name='a'/></group></group>"), 3,
     "{n} has a meaning here already"},
    {"unknown word", T("<group count='1' index='i'>\n<host name='h{n}'/></group>"), 3,
     "there is no {n} here; there is {i}"},
    {"below zero", T("<group count='1'>\n<host name='h{n-2}'/></group>"), 3,
     "{n-2} is below 0 where {n} is 1"},
    {"same name again", T("<group count='2'>\n<host name='a'/></group>"), 3, "the name 'a' is taken already"},
    {"malformed in a group", T("<group count='2'>\n<host name='h{n}' memory='x'/></group>"), 3,
     "memory=\"x\" of <host>"},
    {"unknown element in a group", T("<group count='2'>\n<hots name='h{n}'/></group>"), 3,
     "did you mean 'host'?"},
    {"text in a group", T("<group count='2'>hello<host name='h{n}'/></group>"), 1, "may not hold the text"},
    {"namespace in a group", T("<group count='1'>\n<x:host xmlns:x='urn:x' name='h'/></group>"), 3,
     "has a namespace"},
    {"use without a template", T("<use name='a'/>"), 2, "<use> needs template="},
    {"use of an unknown template",
     T("<template name='lan'><host name='{name}'/></template>\n<use template='lam' name='a'/>"), 3,
     "there is no <template name=\"lam\"> (did you mean 'lan'?)"},
    {"use without a name", T("<template name='x'><host name='h'/></template>\n<use template='x'/>"), 3,
     "<use> needs name="},
    {"use lacks an argument",
     T("<template name='x'><argument name='k'/><host name='h{k}'/></template>\n<use template='x' name='a'/>"),
     3, "template 'x' needs k=\"...\""},
    {"use with an argument that is not declared",
     T("<template name='x'><host name='h'/></template>\n<use template='x' name='a' k='1'/>"), 3,
     "template 'x' declares no <argument name=\"k\">"},
    {"use that holds elements",
     T("<template name='x'><host name='h'/></template>\n<use template='x' name='a'><hub name='b'/></use>"), 3,
     "<use> holds no elements"},
    {"argument that is no number",
     T("<template name='x'><argument name='k'/>\n<host name='h{k+1}'/></template><use template='x' name='a' k='b'/>"),
     3, "{k} is 'b', which is no number"},
    {"argument called name", T("<template name='x'><argument name='name'/><host name='h'/></template>"), 2,
     "<argument> needs a name"},
    {"template sees nothing of outside",
     T("<group count='1'><use template='x' name='a'/></group><template name='x'>\n<host name='h{n}'/></template>"),
     3, "there is no {n} here; there is {name}"},
    {"template twice", T("<template name='x'/>\n<template name='x'/>"), 3,
     "there is a <template name=\"x\"> already"},
    {"template without a name", T("<template/>"), 2, "<template> needs name="},
    {"template that is not at the top", T("<group count='1'>\n<template name='x'/></group>"), 3,
     "<template> is not allowed in <topology>"},
    {"defaults twice", T("<defaults/>\n<defaults/>"), 3, "there is a <defaults> already, in line 2"},
    {"defaults of a hub", T("<defaults>\n<hub/></defaults>"), 3, "<hub> has no defaults"},
    {"defaults with a name", T("<defaults>\n<host name='a'/></defaults>"), 3,
     "may not have the attribute 'name'"},
    {"defaults with an interface", T("<defaults><host>\n<interface name='e'/></host></defaults>"), 3,
     "may not hold <interface>"},
    {"defaults twice of one kind", T("<defaults><host/>\n<host/></defaults>"), 3, "may hold only one <host>"},
    {"defaults with text", T("<defaults>hello</defaults>"), 2, "<defaults> may not hold the text 'hello'"},
    {"malformed default", T("<defaults>\n<host memory='x'/></defaults>"), 3, "memory=\"x\" of <host>"},
    {"unknown default", T("<defaults>\n<host memroy='1'/></defaults>"), 3, "did you mean 'memory'?"},
};

static void test_row(void **state)
{
    const struct row *r = *state;
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    struct err e = {0};

    assert_null(topo_load_mem(r->in, strlen(r->in), &m, &e));
    assert_msg(&m, r->line, TOPO_ERROR, r->want);
}

/* ---- refused as a whole, before much is made ---- */
static const struct row too_much[] = {
    {"many rounds", T("<group count='4000000000'><host name='h{n}'/></group>"), 2,
     "more than 200000 elements"},
    {"many rounds of nothing", T("<group count='4000000000'/>"), 2, "more than 200000 elements"},
    {"groups that multiply",
     T("<group count='1000' index='a'><group count='1000' index='b'><group count='1000'><hub name='x'/></group></group></group>"),
     2, "more than 200000 elements"},
    {"template that uses itself",
     T("<template name='x'>\n<use template='x' name='b'/></template><use template='x' name='a'/>"), 3,
     "does it use itself?"},
    {"templates that use each other",
     T("<template name='x'><use template='y' name='b'/></template>\n<template name='y'><use template='x' name='b'/></template>"
       "<use template='x' name='a'/>"),
     3, "does it use itself?"},
    {"laughs",
     T("<template name='a'><use template='b' name='x'/><use template='b' name='y'/></template>"
       "<template name='b'><group count='500'><use template='c' name='x'/></group></template>"
       "<template name='c'><group count='500'><hub name='h'/></group></template><use template='a' name='z'/>"),
     2, "more than 200000 elements"},
    {"long texts",
     T("<template name='a'><argument name='k'/><group count='30000'><host name='h{n}'><startup>{k}{k}{k}</startup></host>"
       "</group></template><use template='a' name='b' k='0123456789012345678901234567890123456789012345678901234567890123456789'/>"),
     2, "more than 4 MiB"},
};

static void test_too_much(void **state)
{
    const struct row *r = *state;
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    struct err e = {0};

    assert_null(topo_read_mem(r->in, strlen(r->in), &m, &e));
    assert_int_equal(e.code, ERR_INVALID);
    assert_msg(&m, r->line, TOPO_ERROR, r->want);
    assert_int_equal(m.nerrors, 1);
}

/* Thirty copies of one mistake are one mistake. */
static void test_said_once(void **state)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    static const char in[] = T("<group count='30'><host name='h{n}' memory='x'/></group>");

    (void)state;
    assert_null(topo_load_mem(in, strlen(in), &m, NULL));
    assert_int_equal(m.n, 1);
    assert_int_equal(m.nerrors, 1);
}

static void test_long_argument(void **state)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(mem_freep)
    char *in = xasprintf(
        T("<template name='a'><argument name='k'/><host name='h'/></template><use template='a' name='b' k='%0300d'/>"),
        1);

    (void)state;
    assert_null(topo_load_mem(in, strlen(in), &m, NULL));
    assert_msg(&m, 2, TOPO_ERROR, "is longer than 255 bytes");
}

static void test_unused_template(void **state)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    static const char in[] = T("<template name='a'/>");
    AUTO(topo_freep) struct topo *t = topo_load_mem(in, strlen(in), &m, NULL);

    (void)state;
    assert_non_null(t);
    assert_msg(&m, 2, TOPO_WARNING, "<template name=\"a\"> is not used");
}

int main(void)
{
    struct CMUnitTest tests[100];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(goods); i++)
        tests[n++] = row_test(goods[i].name, test_good, &goods[i]);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        tests[n++] = row_test(rows[i].name, test_row, &rows[i]);
    for (size_t i = 0; i < ARRAY_LEN(too_much); i++)
        tests[n++] = row_test(too_much[i].name, test_too_much, &too_much[i]);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_said_once);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_long_argument);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_unused_template);
    return _cmocka_run_group_tests("topo_expand", tests, n, NULL, NULL);
}
