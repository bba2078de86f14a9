/* From checks to probes: what is asked for, and nothing else. */
#include "grading/grading_parts.h"
#include "labd/base/mem.h"
#include "tests/unit/exercise_texts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

static const char topology[] =
    "<topology name='t'><router name='r1'><interface name='eth0' network='lan1'/><interface name='eth1'/></router>"
    "<router name='r2'><interface name='eth0' network='lan2'/><interface name='eth1'/></router>"
    "<host name='h2'><interface name='eth0' network='lan2'/></host><network name='lan1'/><network name='lan2'/>"
    "<link name='l1' a='r1:eth1' b='r2:eth1'/></topology>";

enum { REACH, PAIR, OPEN, UDP, PATH, CUT, PAIR6 };
static const char xml[] =
    "<exercise id='x' title='X'><summary>s</summary><topology file='t.xml'/><grading hold='4'>"
    "<reference name='a' at='lan1' address='10.0.1.250/24' gateway='10.0.1.1' address6='fd00:1::fa/64'/>"
    "<reference name='b' at='lan2' address='10.0.2.250/24' gateway='10.0.2.1'/>"
    "<reference name='c' at='lan2' address6='fd00:1::fb/64'/>"
    "<check id='reach' kind='reachability' title='t' points='1' from='a' to='10.0.2.10' seen-at='h2:eth0'/>"
    "<check id='pair' kind='reachability' title='t' points='1' from='a' to='b'/>"
    "<check id='open' kind='tcp-open' title='t' points='1' from='a' to='10.0.2.10' port='80' seen-at='h2:eth0'/>"
    "<check id='udp' kind='reachability' proto='udp' title='t' points='1' from='b' to='10.0.2.10' port='53' seen-at='h2:eth0'/>"
    "<check id='path' kind='path' title='t' points='1' from='a' to='10.0.2.10' seen-at='h2:eth0' via='l1'/>"
    "<check id='cut' kind='path' title='t' points='1' from='a' to='10.0.2.10' seen-at='h2:eth0' cut='l1' settle='10s'/>"
    "<check id='pair6' kind='reachability' both='no' title='t' points='1' from='a' to='c'/>"
    "</grading></exercise>";

/* Whatever we ask for, labhost must accept. */
static void accepted(const struct probe_spec *s)
{
    json_t *j = probe_spec_to_json(s);
    struct err e = {0};
    struct probe_spec *again = probe_spec_from_json(j, false, &e);

    json_decref(j);
    if (again == NULL)
        fail_msg("%s", e.msg);
    probe_spec_free(again);
}

static const struct probe *find(const struct probe_spec *s, size_t check, bool back)
{
    char id[GRADING_PROBE_ID];

    grading_probe_id(check, back, id);
    for (size_t i = 0; i < s->nprobes; i++)
        if (strcmp(s->probes[i].id, id) == 0)
            return &s->probes[i];
    return NULL;
}

static const struct probe *must(const struct probe_spec *s, size_t check, bool back)
{
    static const struct probe none;
    const struct probe *p = find(s, check, back);

    assert_non_null(p);
    return p != NULL ? p : &none;
}

static void test_steady_round(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    AUTO(probe_spec_freep) struct probe_spec *s = grading_spec(x, GRADING_ALL_SHARED, GRADING_STEADY, NULL);
    char text[PROBE_ADDR_TEXT];

    (void)state;
    assert_non_null(s);
    accepted(s);
    assert_int_equal(s->nprobes, 7); /* six checks without a cut, one of them in both directions */
    assert_int_equal(s->nrefs, 3);
    assert_int_equal(s->nports, 3); /* h2:eth0, l1:a, l1:b */
    assert_int_equal(s->ncut, 0);
    assert_null(find(s, CUT, false));
    assert_int_equal(must(s, OPEN, false)->kind, PROBE_TCP);
    assert_int_equal(must(s, OPEN, false)->port, 80);
    assert_string_equal(must(s, REACH, false)->far, "h2:eth0");
    assert_string_equal(must(s, PAIR, false)->far, "@b");
    assert_string_equal(must(s, PAIR, true)->far, "@a");
    assert_string_equal(must(s, PAIR, true)->from, "b");
    assert_string_equal(probe_addr_text(&must(s, PAIR, true)->to, text), "10.0.1.250");
    assert_null(find(s, PAIR6, true));
    assert_string_equal(probe_addr_text(&must(s, PAIR6, false)->to, text), "fd00:1::fb");
}

static void test_before_the_cut(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    AUTO(probe_spec_freep) struct probe_spec *s = grading_spec(x, CUT, GRADING_STEADY, NULL);

    (void)state;
    accepted(s);
    assert_int_equal(s->nprobes, 1);
    assert_int_equal(s->nrefs, 1);
    assert_int_equal(s->ncut, 0);
    assert_int_equal(s->probes[0].count, 1);
}

static void test_during_the_cut(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    AUTO(probe_spec_freep) struct probe_spec *s = grading_spec(x, CUT, GRADING_BROKEN, NULL);
    const struct probe *p = must(s, CUT, false);

    (void)state;
    accepted(s);
    assert_int_equal(s->ncut, 1);
    assert_string_equal(s->cut[0], "l1");
    assert_in_range(p->count * p->interval_ms, 9000, 10000);
    assert_int_equal(p->stop, 4);
}

static void test_longest_settle_is_accepted(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    AUTO(probe_spec_freep) struct probe_spec *s = NULL;

    (void)state;
    x->checks[CUT].settle_ms = 90000;
    s = grading_spec(x, CUT, GRADING_BROKEN, NULL);
    accepted(s);
    assert_in_range(s->probes[0].count * s->probes[0].interval_ms, 88000, 90000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steady_round),
        cmocka_unit_test(test_before_the_cut),
        cmocka_unit_test(test_during_the_cut),
        cmocka_unit_test(test_longest_settle_is_accepted),
    };

    return cmocka_run_group_tests_name("grading_spec", tests, NULL, NULL);
}
