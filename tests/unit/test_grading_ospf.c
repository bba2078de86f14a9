/* Checks of kind ospf: what is asked of the machine, and what the answers are worth.  No machine is needed. */
#include "tests/unit/peering_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ALL, BARE };
static const char xml[] =
    "<exercise id='x' title='X'><summary>s</summary><topology file='t.xml'/><grading hold='2'>"
    "<reference name='a' at='lan1' address='10.0.1.250/24' gateway='10.0.1.1'/><reference name='b' at='lan2' address='10.0.2.250/24' gateway='10.0.2.1'/>"
    "<check id='all' kind='ospf' title='All' points='40' peer='a' area='0.0.0.5' hello='2s' from='b' heard-by='b' hears='10.0.2.0/24 10.0.3.0/24 10.0.4.0/24'/>"
    "<check id='bare' kind='ospf' title='Bare' points='1' peer='a'/>"
    "</grading></exercise>";

#define PEER(ref, foreign, neighbours, prefixes) \
    "{\"reference\":\"" ref "\",\"announced\":\"198.18.4.7\",\"foreign\":" foreign \
    ",\"neighbours\":[" neighbours "],\"prefixes\":[" prefixes "]}"
#define NEIGHBOUR(state) "{\"address\":\"10.0.1.1\",\"state\":\"" state "\"}"
#define FULL NEIGHBOUR("Full")
#define THREE "\"10.0.2.0/24\",\"10.0.3.0/24\",\"10.0.4.0/24\""
#define A PEER("a", "false", FULL, THREE)
#define B PEER("b", "false", FULL, "\"198.18.4.7/32\"")

static const struct peering_row rows[] = {
    {"honest", ALL, A "," B, NOT "," GOT "," GOT, GOT "," NOT "," NOT "," NOT, GRADING_PASS, 100,
     "full in area 5, and packets follow"},
    {"an adjacency and no more", BARE, PEER("a", "false", FULL, ""), "", "", GRADING_PASS, 100,
     "full in area 0."},
    {"one of several neighbours is full", BARE, PEER("a", "false", NEIGHBOUR("2-Way") "," FULL, ""), "", "",
     GRADING_PASS, 100, "full in area 0."},
    {"silence", ALL, PEER("a", "false", "", "") "," B, "", "", GRADING_FAIL, 0,
     "at a heard no neighbour in area 5 within 28 seconds"},
    {"silence at the other", ALL, A "," PEER("b", "false", "", ""), "", "", GRADING_FAIL, 0,
     "at b heard no neighbour"},
    {"never full", ALL, PEER("a", "false", NEIGHBOUR("ExStart"), "") "," B, "", "", GRADING_FAIL, 0,
     "neighbour 10.0.1.1 of the test router at a was in state ExStart"},
    {"answers in any area", ALL, PEER("a", "true", FULL, THREE) "," B, GOT, NOT, GRADING_FAIL, 0,
     "answered in area 6"},
    {"speaks, but does not forward", ALL, A "," B, NOT "," NOT, NOT "," NOT "," NOT, GRADING_FAIL, 0,
     "did not arrive"},
    {"arrives elsewhere only", ALL, A "," B, SAMPLE(SEEN("@b")), NOT, GRADING_FAIL, 0, "did not arrive"},
    {"a static route stays", ALL, A "," B, GOT, NOT "," GOT "," GOT "," GOT, GRADING_FAIL, 0,
     "10 seconds after it had withdrawn it"},
    {"the last packet still arrives", ALL, A "," B, GOT, NOT "," NOT "," NOT "," GOT, GRADING_FAIL, 0,
     "10 seconds after"},
    {"the news does not travel", ALL, A "," PEER("b", "false", FULL, ""), GOT, NOT, GRADING_FAIL, 0,
     "not heard by the one at b"},
    {"another length is another prefix", ALL, A "," PEER("b", "false", FULL, "\"198.18.4.7/31\""), GOT, NOT,
     GRADING_FAIL, 0, "not heard by the one at b"},
    {"two of three prefixes", ALL, PEER("a", "false", FULL, "\"10.0.4.0/24\",\"10.0.2.0/24\"") "," B, GOT,
     NOT, GRADING_FAIL, 66, "Of 3 prefixes 2 were told as expected; not: 10.0.3.0/24 (not heard)."},
    {"none of three prefixes", ALL, PEER("a", "false", FULL, "") "," B, GOT, NOT, GRADING_FAIL, 0,
     "Of 3 prefixes 0 were told as expected; not: 10.0.2.0/24 (not heard), 10.0.3.0/24 (not heard), 10.0.4.0/24 (not heard)."},
    {"no peer in the result", ALL, B, GOT, NOT, GRADING_ERROR, 0, "gave no result"},
    {"no probe in the result", ALL, A "," B, "", NOT, GRADING_ERROR, 0, "gave no result"},
};

static void test_row(void **state)
{
    peering_judge(xml, *state);
}

static const struct bad_row {
    const char *name, *peers;
} bad_rows[] = {
    {"no reference", "{\"announced\":\"198.18.4.7\"}"},
    {"nothing announced", "{\"reference\":\"a\"}"},
    {"a prefix without length", PEER("a", "false", "", "\"10.0.0.0\"")},
    {"a prefix that is a number", PEER("a", "false", "", "7")},
    {"a neighbour without address", PEER("a", "false", "{\"state\":\"Full\"}", "")},
    {"a state that is too long", PEER("a", "false", NEIGHBOUR("FullFullFullFullFull"), "")},
    {"too many neighbours",
     PEER("a", "false", FULL "," FULL "," FULL "," FULL "," FULL "," FULL "," FULL "," FULL "," FULL, "")},
    {"too many peers", A "," B "," A},
};

static void test_bad_result(void **state)
{
    const struct bad_row *row = *state;
    AUTO(mem_freep) char *text = xasprintf("{\"lost\":0,\"probes\":[],\"peers\":[%s]}", row->peers);
    json_t *j = json_loads(text, 0, NULL);
    struct err e = {0};

    assert_non_null(j);
    assert_null(probe_result_from_json(j, &e));
    json_decref(j);
}

/* What is asked survives the way to the machine; a fresh prefix each time; nothing of it in the shared rounds. */
static void test_spec(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, peering_topology);
    AUTO(probe_spec_freep)
    struct probe_spec *s = grading_spec(x, ALL, GRADING_STEADY, NULL), *t = NULL,
                      *other = grading_spec(x, ALL, GRADING_STEADY, NULL),
                      *shared = grading_spec(x, GRADING_ALL_SHARED, GRADING_STEADY, NULL);
    json_t *j = probe_spec_to_json(s);
    struct probe_addr net;
    struct err e = {0};

    (void)state;
    t = probe_spec_from_json(j, false, &e);
    json_decref(j);
    if (t == NULL)
        fail_msg("%s", e.msg);
    assert_memory_equal(s, t, sizeof *s);
    assert_int_equal(s->npeers, 2);
    assert_int_equal(s->nprobes, 2);
    assert_int_equal(s->nrefs, 2);
    assert_int_equal(s->peers[0].area, 5);
    assert_int_equal(s->peers[0].hello_s, 2);
    assert_int_equal(s->peers[0].dead_s, 8);
    assert_int_equal(s->peers[0].form_ms, 28000);
    assert_false(s->probes[0].after);
    assert_true(s->probes[1].after);
    probe_addr_parse("198.18.0.0", &net);
    assert_true(probe_addr_in_net(&s->peers[0].announce, &net, 15));
    assert_true(probe_addr_equal(&s->probes[0].to, &s->peers[0].announce));
    assert_false(probe_addr_equal(&s->peers[0].announce, &other->peers[0].announce) &&
                 probe_addr_equal(&s->peers[1].announce, &other->peers[1].announce));
    assert_true(probe_spec_duration_ms(s) >= 5000 + 28000 + 20000 + 10000);
    assert_int_equal(shared->npeers + shared->nprobes, 0);
}

static void test_expected(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, peering_topology);
    char text[GRADING_TEXT];

    (void)state;
    grading_expected(x, &x->checks[ALL], text);
    assert_string_equal(
        text, "A test router on lan1 (10.0.1.250) becomes a full neighbour in area 5, and in no other; a "
              "packet from a test host on lan2 (10.0.2.250) to a prefix that it announces arrives there "
              "until that is withdrawn; another test router at b hears of it; it is told of 10.0.2.0/24, "
              "10.0.3.0/24, 10.0.4.0/24.");
    grading_expected(x, &x->checks[BARE], text);
    assert_string_equal(
        text, "A test router on lan1 (10.0.1.250) becomes a full neighbour in area 0, and in no other.");
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
