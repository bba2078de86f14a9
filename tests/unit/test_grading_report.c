/* The report: its shape, its sum, and sentences that help without giving the answer away. */
#include "grading/grading_parts.h"
#include "labd/base/mem.h"
#include "tests/unit/exercise_texts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char topology[] =
    "<topology name='t'><router name='r1'><interface name='eth0' network='lan1'/><interface name='eth1'/></router>"
    "<router name='r2'><interface name='eth0' network='lan2'/><interface name='eth1'/></router>"
    "<host name='h2'><interface name='eth0' network='lan2'/></host><network name='lan1'/><network name='lan2'/>"
    "<link name='l1' a='r1:eth1' b='r2:eth1'/></topology>";
static const char xml[] =
    "<exercise id='x' title='X'><summary>s</summary><topology file='t.xml'/><grading>"
    "<reference name='a' at='lan1' address='10.0.1.250/24' gateway='10.0.1.1'/><reference name='b' at='lan2' address='10.0.2.250/24' gateway='10.0.2.1'/>"
    "<check id='c0' kind='reachability' title='t' points='5' from='a' to='10.0.2.10' seen-at='h2:eth0' hops='2'><hint>Look.</hint><hint after='2'>Look at r2.</hint><hint after='4'>Look at eth1.</hint></check>"
    "<check id='c1' kind='reachability' title='t' points='10' from='a' to='b'/>"
    "<check id='c2' kind='unreachable' title='t' points='20' control='c0' from='a' to='10.0.2.11' seen-at='h2:eth0'/>"
    "<check id='c3' kind='tcp-open' title='t' points='40' from='a' to='10.0.2.10' port='80' seen-at='h2:eth0'/>"
    "<check id='c4' kind='tcp-closed' title='t' points='80' control='c3' from='a' to='10.0.2.10' port='22' expect='filtered' seen-at='h2:eth0'/>"
    "<check id='c5' kind='path' title='t' points='160' from='a' to='10.0.2.10' seen-at='h2:eth0' cut='l1' settle='9s'/>"
    "<check id='c6' kind='path' title='t' points='0' from='a' to='10.0.2.10' seen-at='h2:eth0' via='l1' both='no'/>"
    "<check id='c7' kind='dns' title='t' points='10' from='a' to='10.0.2.53' seen-at='h2:eth0' zone='lab.test'>"
    "<record name='www.lab.test' type='A'>10.0.2.80</record><record name='lab.test' type='MX'>10 www.lab.test</record>"
    "<record name='lab.test' type='TXT'>hello</record></check>"
    "</grading></exercise>";
#define CHECKS 8

static const struct row {
    const char *id, *expected;
} rows[] = {
    {"c0",
     "A packet from a test host on lan1 (10.0.1.250) to 10.0.2.10 arrives through 2 routers at h2:eth0, and the answer comes back."},
    {"c1",
     "A packet from a test host on lan1 (10.0.1.250) to 10.0.2.250 arrives, and one in the other direction, too."},
    {"c2", "A packet from a test host on lan1 (10.0.1.250) to 10.0.2.11 does not arrive at h2:eth0."},
    {"c3",
     "A connection from a test host on lan1 (10.0.1.250) to 10.0.2.10 port 80 is accepted by the host at h2:eth0."},
    {"c4",
     "A connection from a test host on lan1 (10.0.1.250) to 10.0.2.10 port 22 is stopped before it arrives at h2:eth0."},
    {"c5",
     "A packet from a test host on lan1 (10.0.1.250) to 10.0.2.10 arrives at h2:eth0, on another way within 9 seconds after link l1 is cut, and the answer comes back."},
    {"c6",
     "A packet from a test host on lan1 (10.0.1.250) to 10.0.2.10 arrives at h2:eth0 by way of link l1."},
    {"c7",
     "Questions from a test host on lan1 (10.0.1.250) are answered by 10.0.2.53 at h2:eth0, over UDP and TCP: "
     "www.lab.test A \"10.0.2.80\", lab.test MX \"10 www.lab.test\", lab.test TXT \"hello\"; other names below "
     "lab.test do not exist."},
};

static void test_expected(void **state)
{
    const struct row *r = *state;
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    char text[GRADING_TEXT];

    grading_expected(x, exercise_check_find(x, r->id), text);
    assert_string_equal(text, r->expected);
}

static void test_report(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    struct grading_outcome o[CHECKS] = {0};
    const char *status = NULL, *hint = NULL, *evidence = NULL;
    json_t *j, *checks;
    int schema, score, max, points;
    json_int_t t;

    (void)state;
    for (size_t i = 0; i < CHECKS; i++)
        o[i] = (struct grading_outcome){
            .v = {.status = GRADING_PASS, .after_ms = -1}, .samples = 2, .pass_ms = 1500};
    o[0].v.status = GRADING_FAIL;
    o[2].v.status = GRADING_BLOCKED;
    o[5].v.after_ms = 4250;
    o[7].v = (struct grading_verdict){.status = GRADING_FAIL, .good = 2, .parts = 3, .after_ms = -1};
    j = grading_report(x, "abcdef", o, NULL, false, 1000, 2000);
    assert_non_null(j);
    assert_int_equal(json_unpack(j, "{s:i, s:i, s:i, s:o}", "schema", &schema, "score", &score, "max_score",
                                 &max, "checks", &checks),
                     0);
    assert_int_equal(schema, 1);
    assert_int_equal(score, 10 + 40 + 80 + 160 + 6);
    assert_int_equal(max, 5 + 10 + 20 + 40 + 80 + 160 + 10);
    assert_true(json_is_null(json_object_get(j, "attempt")));
    assert_int_equal(json_array_size(checks), CHECKS);
    assert_int_equal(json_unpack(json_array_get(checks, 0), "{s:s, s:s, s:s, s:i}", "status", &status, "hint",
                                 &hint, "evidence", &evidence, "score", &points),
                     0);
    assert_string_equal(status, "fail");
    assert_string_equal(hint, "Look.");
    assert_string_equal(evidence, "wire");
    assert_int_equal(points, 0);
    assert_true(json_is_null(json_object_get(json_array_get(checks, 0), "time_to_pass_ms")));
    assert_int_equal(
        json_unpack(json_array_get(checks, 1), "{s:s, s:I}", "evidence", &evidence, "time_to_pass_ms", &t),
        0);
    assert_string_equal(evidence, "reference");
    assert_int_equal(t, 1500);
    assert_int_equal(json_unpack(json_array_get(checks, 5), "{s:I}", "time_to_pass_ms", &t), 0);
    assert_int_equal(t, 4250);
    json_decref(j);
}

/* Points for parts are for what held, not for the best moment. */
static void test_held(void **state)
{
    struct grading_outcome o = {.v = {.good = 3}, .samples = 12};

    (void)state;
    o.good[9] = 1; /* samples 9 to 11 of 0 to 11 */
    o.good[0] = 2;
    o.good[1] = 3;
    assert_int_equal(grading_held(&o, 1), 3);
    assert_int_equal(grading_held(&o, 2), 2);
    assert_int_equal(grading_held(&o, 3), 1);
    assert_int_equal(grading_held(&o, 4), 0);
    o.samples = 0;
    assert_int_equal(grading_held(&o, 4), 3);
}

/* 'c0' has hints after 1, 2 and 4 failed attempts. */
static const struct tier {
    const char *name;
    enum grading_status status;
    int before; /* failed attempts; -1: nothing is known */
    const char *hint;
    int next;
} tiers[] = {
    {"hints at the first failure", GRADING_FAIL, -1, "Look.", 1},
    {"hints at the second failure", GRADING_FAIL, 1, "Look.\nLook at r2.", 2},
    {"hints at the third failure", GRADING_FAIL, 2, "Look.\nLook at r2.", 1},
    {"hints at the last tier", GRADING_FAIL, 3, "Look.\nLook at r2.\nLook at eth1.", 0},
    {"no hints when it passes", GRADING_PASS, 3, NULL, 0},
    {"no hint before a failure", GRADING_BLOCKED, -1, NULL, 1},
    {"blocked is no failure", GRADING_BLOCKED, 1, "Look.", 1},
    {"our error is no failure", GRADING_ERROR, 3, "Look.\nLook at r2.", 1},
};

static void test_hints(void **state)
{
    const struct tier *t = *state;
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    struct grading_outcome o[CHECKS] = {0};
    json_t *failures = t->before < 0 ? NULL : json_pack("{s:i, s:i}", "c0", t->before, "c1", 9);

    o[0].v.status = t->status;
    json_t *j = grading_report(x, "abcdef", o, failures, false, 1000, 2000);
    const json_t *c0 = json_array_get(json_object_get(j, "checks"), 0);
    const char *hint = json_string_value(json_object_get(c0, "hint"));
    if (t->hint == NULL)
        assert_null(hint);
    else
        assert_string_equal(hint, t->hint);
    assert_int_equal(json_integer_value(json_object_get(c0, "hint_after")), t->next);
    json_decref(failures);
    json_decref(j);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + ARRAY_LEN(tiers) + 2];
    size_t n = 0;

    for (; n < ARRAY_LEN(rows); n++)
        tests[n] = (struct CMUnitTest){rows[n].id, test_expected, NULL, NULL, (void *)(uintptr_t)&rows[n]};
    for (size_t i = 0; i < ARRAY_LEN(tiers); i++)
        tests[n++] = (struct CMUnitTest){tiers[i].name, test_hints, NULL, NULL, (void *)(uintptr_t)&tiers[i]};
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_report);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_held);
    return cmocka_run_group_tests_name("grading_report", tests, NULL, NULL);
}
