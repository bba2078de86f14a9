/* Checks of kind bandwidth: what arrived of what was sent.  No machine is needed. */
#include "grading/check/check.h"
#include "labd/base/mem.h"
#include "tests/unit/exercise_texts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char topology[] =
    "<topology name='t'><router name='r1'><interface name='eth0' network='lan1'/><interface name='eth1' network='lan2'/></router>"
    "<host name='h2'><interface name='eth0' network='lan2'/></host><network name='lan1'/><network name='lan2'/></topology>";

#define CHECK_FROM(rest) \
    "<exercise id='x' title='X'><summary>s</summary><topology file='t.xml'/><grading>" \
    "<reference name='a' at='lan1' address='10.0.1.250/24' gateway='10.0.1.1'/>" \
    "<check id='slow' kind='bandwidth' title='Slow' points='10' from='a' to='10.0.2.10' port='5000' " rest \
    "/></grading></exercise>"

static const char both[] = CHECK_FROM("seen-at='h2:eth0' hops='1' at-least='200kbit' at-most='300kbit'");

/* 600 samples, 10 ms apart: about 1154 kbit/s.  Of 'of' of them 'pass' arrive, 'late' ms after they were sent. */
static const struct row {
    const char *name;
    unsigned pass, of, late;
    enum grading_status status;
    const char *observed;
    const char *src; /* "": as sent */
    uint8_t ttl;     /* 0: one router between */
    unsigned gap_ms; /* between two samples; 0: 10 */
} rows[] = {
    {"shaped", 22, 100, 40, GRADING_PASS, "2", "", 0, 0},
    {"not shaped", 100, 100, 1, GRADING_FAIL, "1153 of 1153 kbit/s arrived at h2:eth0", "", 0, 0},
    {"shaped too much", 10, 100, 40, GRADING_FAIL, "115 of 1153", "", 0, 0},
    {"a little too fast", 27, 100, 40, GRADING_FAIL, "312 of", "", 0, 0},
    {"nothing passes", 0, 100, 1, GRADING_FAIL, "0 of 1153 kbit/s", "", 0, 0},
    {"what arrives after the end does not count", 22, 100, 7000, GRADING_FAIL, "0 of", "", 0, 0},
    {"a tunnel around the router", 22, 100, 1, GRADING_FAIL, "instead of 1 router", "", 64, 0},
    {"another's address", 22, 100, 1, GRADING_FAIL, "source address changed", "10.0.2.1", 0, 0},
    {"a machine too busy to send", 100, 100, 1, GRADING_ERROR, "too little to measure", "", 0, 40},
};

static struct probe_result *result(const struct row *row, size_t count)
{
    struct probe_result *r = probe_result_new();
    struct probe_outcome *o = r->probes = xcalloc(1, sizeof *o);

    r->nprobes = 1;
    grading_probe_id(0, false, o->id);
    o->nsamples = count;
    o->samples = xcalloc(count, sizeof *o->samples);
    for (size_t i = 0; i < count; i++) {
        struct probe_sample *s = &o->samples[i];

        s->sent_us = (int64_t)i * (row->gap_ms != 0 ? row->gap_ms : 10) * 1000;
        s->reply_us = -1;
        if (i * row->pass / row->of == (i + 1) * row->pass / row->of)
            continue;
        s->sightings = xcalloc(1, sizeof *s->sightings);
        s->nsightings = 1;
        s->sightings[0] = (struct probe_sighting){
            .port = "h2:eth0", .in = true, .what = PROBE_REQUEST, .ttl = row->ttl != 0 ? row->ttl : 63};
        s->sightings[0].t_us = s->sent_us + (int64_t)row->late * 1000;
        probe_addr_parse(row->src[0] != '\0' ? row->src : "10.0.1.250", &s->sightings[0].src);
        probe_addr_parse("10.0.2.10", &s->sightings[0].dst);
    }
    return r;
}

static void test_row(void **state)
{
    const struct row *row = *state;
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(both, topology);
    AUTO(probe_result_freep) struct probe_result *r = result(row, 600);
    struct grading_verdict v = x->checks[0].kind->judge(x, 0, r);

    if (strstr(v.observed, row->observed) == NULL)
        fail_msg("%s", v.observed);
    assert_int_equal(v.status, row->status);
}

/* The machine takes what is asked of it, and it is enough to see the limit. */
static void test_spec(void **state)
{
    static const char *const xmls[] = {both, CHECK_FROM("seen-at='h2:eth0' at-least='750kbit'"),
                                       CHECK_FROM("seen-at='h2:eth0' at-most='32kbit' at-least='16kbit'"),
                                       CHECK_FROM("seen-at='h2:eth0' at-most='500kbit' at-least='400kbit'")};

    (void)state;
    for (size_t i = 0; i < sizeof xmls / sizeof *xmls; i++) {
        AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xmls[i], topology);
        struct err e = {0};
        AUTO(probe_spec_freep) struct probe_spec *s = grading_spec(x, 0, GRADING_STEADY, &e), *t = NULL;
        json_t *j = probe_spec_to_json(s);
        const struct exercise_check *c = &x->checks[0];

        t = probe_spec_from_json(j, false, &e);
        json_decref(j);
        if (t == NULL)
            fail_msg("%s", e.msg);
        unsigned bps = 1442 * 8 * 1000 / t->probes[0].interval_ms;
        assert_int_equal(t->probes[0].payload, 1400);
        assert_in_range(bps, c->at_least_bps * 5 / 4, 2000000);
        assert_in_range(bps, c->at_most_bps * 15 / 10, 2000000);
        assert_in_range(t->probes[0].count, 20, 600);
    }
}

static void test_words(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(both, topology);
    char text[GRADING_TEXT] = "";

    (void)state;
    x->checks[0].kind->expected(x, &x->checks[0], text);
    assert_string_equal(
        text,
        "A packet from a test host on lan1 (10.0.1.250) to 10.0.2.10 port 5000 arrives through 1 router "
        "at h2:eth0, and of many like it 200 to 300 kbit/s.");
}

int main(void)
{
    struct CMUnitTest tests[sizeof rows / sizeof *rows + 2];
    size_t n = 0;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        tests[n++] = (struct CMUnitTest){rows[i].name, test_row, NULL, NULL, (void *)(uintptr_t)&rows[i]};
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_spec);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_words);
    return _cmocka_run_group_tests("grading_bandwidth", tests, n, NULL, NULL);
}
