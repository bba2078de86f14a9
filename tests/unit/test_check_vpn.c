/* What sightings say of a tunnel.  No machine is needed. */
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
    "<topology name='t'><router name='w'><interface name='eth0' network='sw'/><interface name='eth1'/></router>"
    "<router name='m'><interface name='eth0'/><interface name='eth1'/></router>"
    "<router name='e'><interface name='eth0' network='se'/><interface name='eth1'/></router><network name='sw'/><network name='se'/>"
    "<link name='wan' a='w:eth1' b='m:eth0'/><link name='wan2' a='m:eth1' b='e:eth1'/></topology>";
static const char xml[] =
    "<exercise id='x' title='X'><summary>s</summary><topology file='t.xml'/><grading>"
    "<reference name='a' at='sw' address='10.1.0.250/24' gateway='10.1.0.1'/>"
    "<reference name='b' at='se' address='10.2.0.250/24' gateway='10.2.0.1'/>"
    "<check id='c' kind='vpn' title='Secret' points='50' from='a' to='b' across='wan wan2' outer='esp'/>"
    "<check id='d' kind='vpn' title='Secret' points='50' from='a' to='b' both='no' across='wan' outer='udp' outer-port='51820'/>"
    "</grading></exercise>";

static void test_spec(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    struct err e = {0};
    AUTO(probe_spec_freep)
    struct probe_spec *s = grading_spec(x, GRADING_ALL_SHARED, GRADING_STEADY, &e), *again = NULL;
    json_t *j;

    (void)state;
    assert_non_null(s);
    assert_int_equal(s->nports, 4);
    for (size_t i = 0; i < 4; i++)
        assert_true(s->ports[i].whole);
    assert_int_equal(s->probes[0].outer, PROBE_OUTER_ESP);
    assert_int_equal(s->probes[1].outer, PROBE_OUTER_UDP);
    assert_int_equal(s->probes[1].outer_port, 51820);
    assert_in_range(s->probes[0].count, 2, PROBE_COUNT_MAX);
    j = probe_spec_to_json(s);
    again = probe_spec_from_json(j, false, &e);
    json_decref(j);
    if (again == NULL)
        fail_msg("%s", e.msg);
    assert_memory_equal(s, again, sizeof *s);
}

/* ---- what it means ---- */
#define SEEN(port, dir, what, t, src, dst) \
    "{\"port\":\"" port "\",\"dir\":\"" dir "\",\"what\":\"" what "\",\"t_us\":" t ",\"src\":\"" src \
    "\",\"dst\":\"" dst "\",\"ttl\":62}"
#define OUTER(port, t) SEEN(port, "out", "outer", t, "192.0.2.1", "192.0.2.6")
#define ARRIVAL \
    SEEN("@b", "in", "request", "500", "10.1.0.250", "10.2.0.250") \
    "," SEEN("@b", "out", "reply", "600", "10.2.0.250", "10.1.0.250")
#define SAMPLE(reply, sightings) "{\"sent_us\":0,\"reply_us\":" reply ",\"sightings\":[" sightings "]}"
#define GOOD SAMPLE("900", OUTER("wan:a", "100") "," OUTER("wan2:b", "300") "," ARRIVAL)

static const struct row {
    const char *name, *samples;
    enum grading_status status;
    const char *observed;
} rows[] = {
    {"honest", GOOD "," GOOD "," GOOD, GRADING_PASS, "3 packets arrived"},
    {"nothing arrives", SAMPLE("null", OUTER("wan:a", "100")), GRADING_FAIL,
     "did not arrive at the test host 10.2.0.250"},
    {"something else answers", SAMPLE("900", OUTER("wan:a", "100")), GRADING_FAIL, "something else answered"},
    {"no answer comes back", SAMPLE("null", OUTER("wan:a", "100") "," ARRIVAL), GRADING_FAIL,
     "no answer came back"},
    {"readable",
     SAMPLE("900", OUTER("wan:a", "100") "," OUTER("wan2:b", "300") "," ARRIVAL "," SEEN(
                       "wan2:a", "in", "clear", "200", "10.1.0.250", "10.2.0.250")),
     GRADING_FAIL, "could be read on link wan2, in a packet from 10.1.0.250 to 10.2.0.250"},
    {"readable, and nothing arrives",
     SAMPLE("null", SEEN("wan:b", "in", "clear", "200", "192.0.2.1", "192.0.2.6")), GRADING_FAIL,
     "could be read on link wan"},
    {"readable only once",
     GOOD "," GOOD "," SAMPLE("900", OUTER("wan:a", "100") "," OUTER("wan2:b", "300") "," ARRIVAL "," SEEN(
                                         "wan:a", "out", "clear", "950", "10.1.0.250", "10.2.0.250")),
     GRADING_FAIL, "could be read on link wan"},
    {"readable at a link that is not named",
     SAMPLE("900", OUTER("wan:a", "100") "," OUTER("wan2:b", "300") "," ARRIVAL "," SEEN(
                       "wan3:a", "in", "clear", "200", "10.1.0.250", "10.2.0.250")),
     GRADING_PASS, "1 packets"},
    {"nothing crosses one of the links", SAMPLE("900", OUTER("wan:a", "100") "," ARRIVAL), GRADING_FAIL,
     "no packet of ESP that could hold it crossed link wan2"},
    {"what crosses comes too late",
     SAMPLE("900", OUTER("wan:a", "100") "," OUTER("wan2:b", "501") "," ARRIVAL), GRADING_FAIL,
     "crossed link wan2"},
    {"one packet takes another way", GOOD "," GOOD "," SAMPLE("900", ARRIVAL), GRADING_FAIL,
     "crossed link wan."},
};

static void test_judge(void **state)
{
    const struct row *row = *state;
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    AUTO(mem_freep)
    char *text = xasprintf("{\"lost\":0,\"probes\":[{\"id\":\"c0\",\"samples\":[%s]}]}", row->samples);
    json_t *j = json_loads(text, 0, NULL);
    struct err e = {0};
    AUTO(probe_result_freep) struct probe_result *r = probe_result_from_json(j, &e);
    struct grading_verdict v;

    json_decref(j);
    if (r == NULL)
        fail_msg("%s: %s", e.msg, text);
    v = grading_judge(x, 0, r, false);
    if (v.status != row->status || strstr(v.observed, row->observed) == NULL)
        fail_msg("%s: %s", grading_status_name(v.status), v.observed);
}

static void test_expected(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    char text[GRADING_TEXT];

    (void)state;
    grading_expected(x, &x->checks[0], text);
    assert_string_equal(
        text,
        "A packet from a test host on sw (10.1.0.250) to 10.2.0.250 arrives and crosses links wan, wan2 "
        "unreadable, inside ESP, and the answer comes back.");
    grading_expected(x, &x->checks[1], text);
    assert_string_equal(
        text, "A packet from a test host on sw (10.1.0.250) to 10.2.0.250 arrives and crosses link wan "
              "unreadable, inside UDP port 51820.");
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 2];
    size_t n = 0;

    for (; n < ARRAY_LEN(rows); n++)
        tests[n] = (struct CMUnitTest){rows[n].name, test_judge, NULL, NULL, (void *)(uintptr_t)&rows[n]};
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_spec);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_expected);
    return cmocka_run_group_tests_name("check_vpn", tests, NULL, NULL);
}
