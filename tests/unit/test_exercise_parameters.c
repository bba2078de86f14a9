/* Parameters in an exercise: what grades, what the student reads, what solves it. */
#include "grading/exercise.h"
#include "labd/base/buf.h"
#include "labd/base/mem.h"
#include "topology/topo_parameter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define VARIANTS "tests/site/exercises/variants"

static struct exercise *load(uint32_t number)
{
    AUTO(topo_msgs_clear) struct topo_msgs xm = TOPO_MSGS_INIT, tm = TOPO_MSGS_INIT;
    struct topo_seed seed;
    struct err e;
    struct exercise *x;

    topo_seed_number(&seed, number);
    if ((x = exercise_load_dir_seeded(VARIANTS, &seed, &xm, &tm, &e)) == NULL)
        fail_msg("%s", e.msg);
    assert_int_equal(xm.n + tm.n, 0);
    return x;
}

/* What "${lan1.1}" and the like are. */
static char *value(const struct exercise *x, const char *reference)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    char *s = topo_reference_fill(x->topo, reference, true, 1, &m);

    assert_int_equal(m.n, 0);
    return s;
}

static void assert_filled(const struct exercise *x, const char *want, const char *got)
{
    AUTO(mem_freep) char *s = value(x, want);

    assert_string_equal(s, got);
}

static void test_filled(void **state)
{
    AUTO(exercise_freep) struct exercise *x = load(5);
    AUTO(buf_clear) struct buf script = BUF_INIT;
    char text[PROBE_ADDR_TEXT];
    struct err e;

    (void)state;
    assert_filled(x, "${lan1.250}", probe_addr_text(&x->refs[0].net[0].addr, text));
    assert_filled(x, "${lan2.1}", probe_addr_text(&x->refs[1].net[0].gateway, text));
    assert_filled(x, "${lan2.10}", probe_addr_text(&x->checks[1].to, text));
    assert_filled(x, "r1 answers at ${lan1.1}", x->checks[0].title);
    assert_filled(x, "Does r1 forward to ${lan2}, and has it an address there?", x->checks[1].hints[0].text);
    snprintf(text, sizeof text, "%u", x->checks[2].port);
    assert_filled(x, "${port}", text);
    assert_int_equal(exercise_script(x, "solution", "r1", &script, &e), 0);
    assert_filled(
        x,
        "set -e\ndev=eth0\nip addr add ${lan1.1/} dev \"$${dev}\"\nip addr add ${lan2.1/} dev eth1\n"
        "sysctl -q net.ipv4.ip_forward=1\n",
        buf_str(&script));
    assert_non_null(strstr(x->instructions, "`${lan1.1/}`")); /* as written: each student has another */
}

static void test_other_seed(void **state)
{
    AUTO(exercise_freep) struct exercise *x = load(5), *y = load(6), *again = load(5);

    (void)state;
    assert_true(topo_equal(x->topo, again->topo));
    assert_false(probe_addr_equal(&x->checks[1].to, &y->checks[1].to));
    assert_string_not_equal(x->checks[0].title, y->checks[0].title);
}

/* ---- what is wrong ---- */
static const char topology[] =
    "<topology name='t'><parameter name='lan1' type='prefix' pool='10.1.1.0/24' length='24'/>"
    "<host name='h1'><interface name='eth0' network='net'/></host><network name='net'/></topology>";
#define FILE_(attrs, more, check) \
    "<exercise id='x' " attrs ">\n<summary>s</summary>" more "<grading>\n" \
    "<reference name='a' at='net' address='${lan1.250/}'/>\n" check \
    "\n</grading><topology file='topology.xml'/>" \
    "</exercise>"
#define CHECK(id, points, to) \
    "<check id='" id "' kind='reachability' title='t' points='" points "' from='a' to='" to \
    "' seen-at='h1:eth0'/>"

static const struct row {
    const char *name, *xml;
    int line; /* 0: accepted */
    const char *want;
} rows[] = {
    {"grading before the topology", FILE_("title='X'", "", CHECK("c", "1", "${lan1.1}")), 0, NULL},
    {"undeclared", FILE_("title='X'", "", CHECK("c", "1", "${lna1.1}")), 4,
     "there is no <parameter name=\"lna1\"> (did you mean 'lan1'?)"},
    {"points", FILE_("title='X'", "", CHECK("c", "${lan1}", "${lan1.1}")), 4,
     "points=\"...\" of <check> may not depend on parameters"},
    {"id", FILE_("title='X'", "", CHECK("c${lan1}", "1", "${lan1.1}")), 4, "id=\"...\" of <check>"},
    {"title of the exercise stays as it is", FILE_("title='${lan1}'", "", CHECK("c", "1", "10.1.1.1")), 0,
     NULL},
    {"minutes", FILE_("title='X' minutes='${lan1}'", "", CHECK("c", "1", "10.1.1.1")), 1,
     "must be a whole number"},
};

static void test_row(void **state)
{
    const struct row *r = *state;
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(exercise_freep) struct exercise *x = NULL;
    AUTO(buf_clear) struct buf all = BUF_INIT;
    struct err e = {0};

    x = exercise_load_mem(r->xml, strlen(r->xml), topology, sizeof topology - 1, &m, NULL, &e);
    if (r->line == 0 && x == NULL)
        fail_msg("%s", e.msg);
    if (r->line == 0)
        return;
    assert_null(x);
    for (size_t i = 0; i < m.n; i++)
        if (m.items[i].line == r->line && strstr(m.items[i].text, r->want) != NULL)
            return;
    topo_msgs_print(&m, "x", &all);
    fail_msg("not found; %s", buf_str(&all));
}

/* Without the topology nobody knows what its parameters are: one problem is not to be told as two. */
static void test_broken_topology(void **state)
{
    static const char xml[] = FILE_("title='X'", "", CHECK("c", "1", "${lan1.1}")), bad[] = "<topology/>";
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT, tm = TOPO_MSGS_INIT;
    struct err e = {0};

    (void)state;
    assert_null(exercise_load_mem(xml, sizeof xml - 1, bad, sizeof bad - 1, &m, &tm, &e));
    assert_int_equal(m.nerrors, 0);
    assert_true(tm.nerrors > 0);
    assert_non_null(strstr(e.msg, "topology"));
}

int main(void)
{
    static const struct CMUnitTest single[] = {
        cmocka_unit_test(test_filled),
        cmocka_unit_test(test_other_seed),
        cmocka_unit_test(test_broken_topology),
    };
    struct CMUnitTest tests[ARRAY_LEN(rows) + ARRAY_LEN(single)];
    size_t n = 0;

    for (; n < ARRAY_LEN(rows); n++)
        tests[n] = (struct CMUnitTest){rows[n].name, test_row, NULL, NULL, (void *)(uintptr_t)&rows[n]};
    for (size_t i = 0; i < ARRAY_LEN(single); i++)
        tests[n++] = single[i];
    return _cmocka_run_group_tests("exercise_parameters", tests, n, NULL, NULL);
}
