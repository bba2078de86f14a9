/* What the answers of neighbours are worth, and what is asked.  No machine is needed. */
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
    "<topology name='t'><router name='r1'><interface name='eth0' network='lan1'/><interface name='eth1' network='lan2'/></router>"
    "<host name='h1'><interface name='eth0' network='lan1'><address>10.0.1.2/29</address></interface></host>"
    "<network name='lan1'/><network name='lan2'/></topology>";
static const char xml[] =
    "<exercise id='x' title='X'><summary>s</summary><topology file='t.xml'/><grading>"
    "<reference name='a' at='lan1' address='10.0.1.6/29' gateway='10.0.1.5'/>"
    "<reference name='b' at='lan2' address6='fd00:2::fa/64'/><reference name='c' at='lan2' address='10.0.9.1/31'/>"
    "<check id='c' kind='address' title='Addresses' points='10'><hint>Look.</hint>"
    "<interface port='r1:eth0' from='a' address='10.0.1.1'/><interface port='r1:eth1' from='b' address='fd00:2::1'/>"
    "<interface port='r1:eth1' from='c' address='10.0.9.0'/></check></grading></exercise>";

/* ---- what is asked ---- */
static void test_spec(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    struct err e = {0};
    AUTO(probe_spec_freep) struct probe_spec *s = grading_spec(x, GRADING_ALL_SHARED, GRADING_STEADY, &e);
    json_t *j;

    (void)state;
    assert_non_null(s);
    assert_int_equal(s->nrefs, 3);
    assert_int_equal(s->nports, 2);
    /* Each address; 10.0.1.3 and .4 are all that is left of the /29, which takes up to three questions; three of the
     * /64, and nothing of the /31. */
    assert_int_equal(s->nprobes, 3 + 3 + 3);
    for (size_t i = 0; i < s->nprobes; i++)
        assert_int_equal(s->probes[i].kind, PROBE_NEIGHBOUR);
    for (size_t i = 1; i <= 3; i++)
        assert_in_range(s->probes[i].to.b[3], 3, 4);
    j = probe_spec_to_json(s);
    AUTO(probe_spec_freep) struct probe_spec *again = probe_spec_from_json(j, false, &e);
    json_decref(j);
    if (again == NULL)
        fail_msg("%s", e.msg);
}

/* A student who knew them could answer for all others. */
static void test_others_are_random(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    AUTO(probe_spec_freep) struct probe_spec *s = grading_spec(x, 0, GRADING_STEADY, NULL), *t = NULL;

    (void)state;
    t = grading_spec(x, 0, GRADING_STEADY, NULL);
    for (size_t i = 5; i <= 7; i++) {
        assert_int_equal(s->probes[i].to.family, AF_INET6);
        assert_true(probe_addr_in_net(&s->probes[i].to, &x->refs[1].net[0].addr, 64));
        assert_false(probe_addr_equal(&s->probes[i].to, &t->probes[i].to));
    }
}

/* ---- what it means ---- */
#define SEEN(port, dir, what, who, mac) \
    "{\"port\":\"" port "\",\"dir\":\"" dir "\",\"what\":\"" what "\",\"t_us\":5,\"src\":\"" who \
    "\",\"dst\":\"10.0.1.6\",\"mac\":\"02:00:00:00:00:" mac "\"}"
#define PROBE(id, sightings) \
    "{\"id\":\"" id "\",\"samples\":[{\"sent_us\":0,\"reply_us\":null,\"sightings\":[" sightings "]}]}"
#define ANSWER(port, ref, who) \
    SEEN(port, "out", "advert", who, "01") "," SEEN("@" ref, "in", "advert", who, "01")
#define FIRST(sightings) PROBE("c0-0-0", sightings)
#define OTHER PROBE("c0-0-1", "") "," PROBE("c0-1-1", "")
#define REST \
    PROBE("c0-1-0", ANSWER("r1:eth1", "b", "fd00:2::1")) \
    "," PROBE("c0-2-0", ANSWER("r1:eth1", "c", "10.0.9.0"))
#define GOOD ANSWER("r1:eth0", "a", "10.0.1.1")

static const struct row {
    const char *name, *probes;
    enum grading_status status;
    unsigned good;
    const char *observed;
} rows[] = {
    {"honest", FIRST(GOOD) "," REST "," OTHER, GRADING_PASS, 3, "All 3"},
    {"nobody", FIRST("") "," REST "," OTHER, GRADING_FAIL, 2,
     "2 of 3 as expected. Nobody answered for 10.0.1.1 at r1:eth0."},
    {"somebody else", FIRST(SEEN("@a", "in", "advert", "10.0.1.1", "09")) "," REST "," OTHER, GRADING_FAIL, 2,
     "did not come from r1:eth0, but from 02:00:00:00:00:09"},
    {"another port of the same router", FIRST(ANSWER("r1:eth1", "a", "10.0.1.1")) "," REST "," OTHER,
     GRADING_FAIL, 2, "did not come from r1:eth0"},
    {"two answers", FIRST(GOOD "," SEEN("@a", "in", "advert", "10.0.1.1", "09")) "," REST "," OTHER,
     GRADING_FAIL, 2, "Two machines answered for 10.0.1.1: r1:eth0, and another one (02:00:00:00:00:09)"},
    {"the same answer twice", FIRST(GOOD "," SEEN("@a", "in", "advert", "10.0.1.1", "01")) "," REST "," OTHER,
     GRADING_PASS, 3, "All 3"},
    {"the MAC of another", FIRST(SEEN("r1:eth0", "out", "advert-alien", "10.0.1.1", "09")) "," REST "," OTHER,
     GRADING_FAIL, 2, "02:00:00:00:00:09, which is not its own"},
    {"its own and the MAC of another",
     FIRST(GOOD "," SEEN("r1:eth0", "out", "advert-alien", "10.0.1.1", "09")) "," REST "," OTHER,
     GRADING_FAIL, 2, "not its own"},
    {"an answer that gets lost", FIRST(SEEN("r1:eth0", "out", "advert", "10.0.1.1", "01")) "," REST "," OTHER,
     GRADING_FAIL, 2, "did not get through"},
    {"answers for others, too",
     FIRST(GOOD) "," REST "," PROBE("c0-0-1", ANSWER("r1:eth0", "a", "10.0.1.4")) "," PROBE("c0-1-1", ""),
     GRADING_FAIL, 2, "r1:eth0 answered for 10.0.1.4, too"},
    {"another machine has one of the others",
     FIRST(GOOD) "," REST
                 "," PROBE("c0-0-1", SEEN("@a", "in", "advert", "10.0.1.4", "09")) "," PROBE("c0-1-1", ""),
     GRADING_PASS, 3, "All 3"},
    {"nothing at all", FIRST("") "," PROBE("c0-1-0", "") "," PROBE("c0-2-0", "") "," OTHER, GRADING_FAIL, 0,
     "0 of 3 as expected. Nobody answered for 10.0.1.1 at r1:eth0. Nobody answered for fd00:2::1"},
    {"a probe that was not made", FIRST(GOOD) "," OTHER, GRADING_ERROR, 0, "gave no result"},
};

static void test_judge(void **state)
{
    const struct row *row = *state;
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    struct grading_verdict v = exercise_judged(x, row->probes);

    if (v.status != row->status || strstr(v.observed, row->observed) == NULL)
        fail_msg("%s: %s", grading_status_name(v.status), v.observed);
    assert_int_equal(v.good, row->good);
}

/* Points by the share of the parts, rounded down. */
static void test_partial_credit(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    struct grading_outcome o = {.v = exercise_judged(x, FIRST("") "," REST "," OTHER)};
    json_t *report = grading_report(x, "lab", &o, NULL, false, 0, 1), *check;

    (void)state;
    check = json_array_get(json_object_get(report, "checks"), 0);
    assert_int_equal(json_integer_value(json_object_get(report, "score")), 6);
    assert_int_equal(json_integer_value(json_object_get(check, "score")), 6);
    assert_string_equal(json_string_value(json_object_get(check, "status")), "fail");
    assert_string_equal(json_string_value(json_object_get(check, "evidence")), "wire");
    assert_non_null(strstr(json_string_value(json_object_get(check, "expected")), "r1:eth1 for fd00:2::1"));
    json_decref(report);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 3];
    size_t n = 0;

    for (; n < ARRAY_LEN(rows); n++)
        tests[n] = (struct CMUnitTest){rows[n].name, test_judge, NULL, NULL, (void *)(uintptr_t)&rows[n]};
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_spec);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_others_are_random);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_partial_credit);
    return cmocka_run_group_tests_name("check_address", tests, NULL, NULL);
}
