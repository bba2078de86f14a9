/* Checks of kind convergence: what the interruptions of a flow are worth.  No machine is needed. */
#include "grading/grading_parts.h"
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
    "<topology name='t'><router name='r1'><interface name='eth0' network='lan1'/><interface name='eth1'/><interface name='eth2'/></router>"
    "<router name='r2'><interface name='eth0' network='lan2'/><interface name='eth1'/><interface name='eth2'/></router>"
    "<host name='h2'><interface name='eth0' network='lan2'/></host><network name='lan1'/><network name='lan2'/>"
    "<link name='l1' a='r1:eth1' b='r2:eth1'/><link name='l2' a='r1:eth2' b='r2:eth2'/></topology>";

static const char xml[] =
    "<exercise id='x' title='X'><summary>s</summary><topology file='t.xml'/><grading>"
    "<reference name='a' at='lan1' address='10.0.1.250/24' gateway='10.0.1.1'/>"
    "<check id='quick' kind='convergence' title='Quick' points='40' from='a' to='10.0.2.10' seen-at='h2:eth0' cut='l1' bands='500ms:100 2s:50 5s:10'/>"
    "<check id='long' kind='convergence' title='Long' points='1' from='a' to='10.0.2.10' seen-at='h2:eth0' cut='l1' bands='60s:100'/>"
    "</grading></exercise>";

static void see(struct probe_sample *s, const char *port, bool in, bool reply)
{
    struct probe_sighting *g = &s->sightings[s->nsightings++];

    snprintf(g->port, sizeof g->port, "%s", port);
    g->in = in;
    g->what = reply ? PROBE_REPLY : PROBE_REQUEST;
    g->ttl = 62;
    probe_addr_parse(reply ? "10.0.2.10" : "10.0.1.250", &g->src);
    probe_addr_parse(reply ? "10.0.1.250" : "10.0.2.10", &g->dst);
}

/* "200x30.400o": so many samples over l1, lost, over l2. */
static struct probe_result *result(const char *story)
{
    struct probe_result *r = probe_result_new();
    struct probe_outcome *o = r->probes = xcalloc(1, sizeof *o);

    r->nprobes = 1;
    grading_probe_id(0, false, o->id);
    o->samples = xcalloc(PROBE_COUNT_MAX, sizeof *o->samples);
    while (*story != '\0') {
        char *what;
        long n = strtol(story, &what, 10);

        for (; n > 0; n--) {
            struct probe_sample *s = &o->samples[o->nsamples];

            assert_true(o->nsamples < PROBE_COUNT_MAX);
            s->sent_us = (int64_t)o->nsamples++ * 10000;
            s->reply_us = *what != '.' ? s->sent_us + 900 : -1;
            s->sightings = xcalloc(4, sizeof *s->sightings);
            if (*what == '.')
                continue;
            see(s, *what == 'x' ? "l1:a" : "l2:a", false, false);
            see(s, "h2:eth0", true, false);
            see(s, "h2:eth0", false, true);
        }
        story = what + 1;
    }
    return r;
}

static const struct row {
    const char *name, *story;
    enum grading_status status;
    unsigned good;
    int64_t after_ms;
    const char *observed;
} rows[] = {
    {"not one lost", "200x400o", GRADING_PASS, 100, 0, "for 0.00 seconds"},
    {"within the first band", "200x50.400o", GRADING_PASS, 100, 500, "for 0.50 seconds"},
    {"a packet too many", "200x51.400o", GRADING_FAIL, 50, 510, "for 0.51 seconds"},
    {"the last band", "200x400.200o", GRADING_FAIL, 10, 4000, "for 4.00 seconds"},
    {"beyond all bands", "200x501.99o", GRADING_FAIL, 0, -1, "for 5.01 seconds"},
    {"found, lost, found: all of it counts", "200x40.10o40.400o", GRADING_FAIL, 50, 800, "for 0.80 seconds"},
    {"lost before the first got through is no interruption", "5.200x10.400o", GRADING_PASS, 100, 100,
     "for 0.10 seconds"},
    {"never back", "200x600.", GRADING_FAIL, 0, -1, "did not come back within 6 seconds"},
    {"back for too short a time", "200x591.9o", GRADING_FAIL, 0, -1, "did not come back"},
    {"cut before the first packet", "100.400o", GRADING_ERROR, 0, -1, "before the first packet"},
    {"nothing at all", "800.", GRADING_ERROR, 0, -1, "before the first packet"},
    {"the cut had no effect", "800x", GRADING_ERROR, 0, -1, "although it was cut"},
};

static void test_row(void **state)
{
    const struct row *row = *state;
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    AUTO(probe_result_freep) struct probe_result *r = result(row->story);
    struct grading_verdict v = grading_judge_cut(x, 0, r);

    if (strstr(v.observed, row->observed) == NULL)
        fail_msg("%s", v.observed);
    assert_int_equal(v.status, row->status);
    assert_int_equal(v.good, row->good);
    assert_int_equal(v.after_ms, row->after_ms);
}

static void test_partial_credit_in_the_report(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    AUTO(probe_result_freep) struct probe_result *r = result("200x60.400o");
    struct grading_outcome o[2] = {{.v = grading_judge_cut(x, 0, r)}, {.v = {.status = GRADING_ERROR}}};
    json_t *j = grading_report(x, "abcdef", o, NULL, false, 0, 1), *check;

    (void)state;
    check = json_array_get(json_object_get(j, "checks"), 0);
    assert_string_equal(json_string_value(json_object_get(check, "status")), "fail");
    assert_int_equal(json_integer_value(json_object_get(check, "score")), 20);
    assert_int_equal(json_integer_value(json_object_get(j, "score")), 20);
    assert_string_equal(
        json_string_value(json_object_get(check, "expected")),
        "A packet from a test host on lan1 (10.0.1.250) to 10.0.2.10 arrives at h2:eth0 again after link l1 is cut: "
        "within 0.50 seconds (100 %), within 2.00 seconds (50 %), within 5.00 seconds (10 %).");
    json_decref(j);
}

/* The cut comes while the probes flow, and the machine takes what is asked of it. */
static void test_spec(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    struct err e = {0};

    (void)state;
    for (size_t i = 0; i < x->nchecks; i++) {
        AUTO(probe_spec_freep) struct probe_spec *s = grading_spec(x, i, GRADING_BROKEN, &e), *t = NULL;
        json_t *j = probe_spec_to_json(s);
        unsigned ms = s->probes[0].count * s->probes[0].interval_ms;

        t = probe_spec_from_json(j, false, &e);
        json_decref(j);
        if (t == NULL)
            fail_msg("%s", e.msg);
        assert_memory_equal(s, t, sizeof *s);
        assert_int_equal(s->ncut, 1);
        assert_in_range(s->cut_after_ms, 1, 5000);
        assert_in_range(ms, s->cut_after_ms + (i == 0 ? 5000 : 60000), i == 0 ? 8000 : 63000);
        assert_int_equal(s->probes[0].stop, 0);
    }
}

int main(void)
{
    const struct CMUnitTest more[] = {
        cmocka_unit_test(test_partial_credit_in_the_report),
        cmocka_unit_test(test_spec),
    };
    struct CMUnitTest tests[ARRAY_LEN(rows) + ARRAY_LEN(more)];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        tests[n++] = (struct CMUnitTest){rows[i].name, test_row, NULL, NULL, (void *)(uintptr_t)&rows[i]};
    for (size_t i = 0; i < ARRAY_LEN(more); i++)
        tests[n++] = more[i];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
