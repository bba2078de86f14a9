/* Checks of kind bgp: what is asked of the machine, and what the answers are worth.  No machine is needed. */
#include "tests/unit/peering_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { ALL, ANY_PATH };
static const char xml[] =
    "<exercise id='x' title='X'><summary>s</summary><topology file='t.xml'/><grading hold='2'>"
    "<reference name='a' at='lan1' address='10.0.1.250/24' gateway='10.0.1.1'/><reference name='b' at='lan2' address='10.0.2.250/24' gateway='10.0.2.1'/>"
    "<check id='all' kind='bgp' title='All' points='40' peer='a' as='4200000001' router='10.0.1.1' router-as='65001' settle='9s' from='b'"
    " hears='10.0.2.0/24 10.0.3.0/24' path='65001  65002' not-hears='10.0.9.0/24'/>"
    "<check id='any' kind='bgp' title='Any' points='1' peer='a' as='64999' router='10.0.1.1' router-as='65001' hears='10.0.2.0/24'/>"
    "</grading></exercise>";

#define PEER(state, prefixes) \
    "{\"reference\":\"a\",\"announced\":\"198.18.4.7\",\"foreign\":false,\"neighbours\":[{\"address\":" \
    "\"10.0.1.1\",\"state\":\"" state "\"}],\"prefixes\":[" prefixes "]}"
#define TWO "\"10.0.2.0/24 65001 65002\",\"10.0.3.0/24 65001 65002\""

static const struct peering_row rows[] = {
    {"honest", ALL, PEER("Established", TWO), GOT, NOT, GRADING_PASS, 100, "told as expected"},
    {"any path will do", ANY_PATH, PEER("Established", "\"10.0.2.0/24 65001 65007\""), "", "", GRADING_PASS,
     100, "told as expected"},
    {"no session", ALL, PEER("Active", ""), "", "", GRADING_FAIL, 0,
     "After 9 seconds the session of the test router (AS 4200000001) with 10.0.1.1 (AS 65001) was Active."},
    {"a state that is none", ALL, PEER("", TWO), "", "", GRADING_FAIL, 0, "was not there"},
    {"told, but not forwarded", ALL, PEER("Established", TWO), NOT, NOT, GRADING_FAIL, 0, "did not arrive"},
    {"a static route stays", ALL, PEER("Established", TWO), GOT, GOT, GRADING_FAIL, 0, "had withdrawn it"},
    {"leaks", ALL, PEER("Established", TWO ",\"10.0.9.0/24 65001 65002\""), GOT, NOT, GRADING_FAIL, 0,
     "was told of 10.0.9.0/24"},
    {"made up: the path is too short", ALL,
     PEER("Established", "\"10.0.2.0/24 65001\",\"10.0.3.0/24 65001\""), GOT, NOT, GRADING_FAIL, 0,
     "10.0.2.0/24 (AS path 65001), 10.0.3.0/24 (AS path 65001)"},
    {"one of two is missing", ALL, PEER("Established", "\"10.0.3.0/24 65001 65002\""), GOT, NOT, GRADING_FAIL,
     50, "Of 2 prefixes 1 were told as expected; not: 10.0.2.0/24 (not heard)."},
    {"silence hides nothing", ALL, PEER("Established", ""), GOT, NOT, GRADING_FAIL, 0, "Of 2 prefixes 0"},
    {"no peer in the result", ALL, "", GOT, NOT, GRADING_ERROR, 0, "gave no result"},
};

static void test_row(void **state)
{
    peering_judge(xml, *state);
}

static const struct bad_row {
    const char *name, *prefix;
} bad_rows[] = {
    {"an AS path with a command in it", "10.0.2.0/24 65001;reboot"},
    {"an AS path without a prefix", " 65001"},
    {"an AS path that is too long",
     "10.0.2.0/24 4200000001 4200000001 4200000001 4200000001 4200000001 4200000001 4200000001 4200000001 "
     "4200000001 4200000001 4200000001 4200000001"},
};

static void test_bad_result(void **state)
{
    const struct bad_row *row = *state;
    json_t *j = json_pack("{s:i, s:[], s:[{s:s, s:s, s:[s]}]}", "lost", 0, "probes", "peers", "reference",
                          "a", "announced", "198.18.4.7", "prefixes", row->prefix);
    struct err e = {0};

    assert_non_null(j);
    assert_null(probe_result_from_json(j, &e));
    json_decref(j);
}

static void test_spec(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, peering_topology);
    AUTO(probe_spec_freep) struct probe_spec *s = grading_spec(x, ALL, GRADING_STEADY, NULL), *t = NULL;
    json_t *j = probe_spec_to_json(s);
    struct err e = {0};

    (void)state;
    t = probe_spec_from_json(j, false, &e);
    json_decref(j);
    if (t == NULL)
        fail_msg("%s", e.msg);
    assert_memory_equal(s, t, sizeof *s);
    assert_int_equal(s->npeers, 1);
    assert_int_equal(s->peers[0].protocol, PROBE_BGP);
    assert_true(s->peers[0].own_as == 4200000001);
    assert_int_equal(s->peers[0].router_as, 65001);
    assert_int_equal(s->peers[0].form_ms, 9000);
    assert_int_equal(probe_peer_control_ms(&s->peers[0]), 0);
}

static void test_expected(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, peering_topology);
    char text[GRADING_TEXT];

    (void)state;
    grading_expected(x, &x->checks[ALL], text);
    assert_string_equal(
        text, "A test router (10.0.1.250, AS 4200000001) has a session with 10.0.1.1 (AS 65001); a packet "
              "from a test host on lan2 (10.0.2.250) to a prefix that it announces arrives there until "
              "that is withdrawn; it is told of 10.0.2.0/24, 10.0.3.0/24 with the AS path 65001 65002, "
              "but not of 10.0.9.0/24.");
}

int main(void)
{
    const struct CMUnitTest more[] = {
        cmocka_unit_test(test_spec),
        cmocka_unit_test(test_expected),
    };
    struct CMUnitTest tests[ARRAY_LEN(rows) + ARRAY_LEN(bad_rows) + ARRAY_LEN(more)];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        tests[n++] = (struct CMUnitTest){rows[i].name, test_row, NULL, NULL, (void *)(uintptr_t)&rows[i]};
    for (size_t i = 0; i < ARRAY_LEN(bad_rows); i++)
        tests[n++] = (struct CMUnitTest){bad_rows[i].name, test_bad_result, NULL, NULL,
                                         (void *)(uintptr_t)&bad_rows[i]};
    for (size_t i = 0; i < ARRAY_LEN(more); i++)
        tests[n++] = more[i];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
