/* What the tests of checks with a router of ours share: a result with peers, and what it is worth. */
#ifndef TESTS_UNIT_PEERING_ROWS_H
#define TESTS_UNIT_PEERING_ROWS_H

#include "grading/grading_parts.h"
#include "labd/base/mem.h"
#include "tests/unit/exercise_texts.h"

static const char peering_topology[] =
    "<topology name='t'><router name='r1'><interface name='eth0' network='lan1'/><interface name='eth1' network='lan2'/></router>"
    "<network name='lan1'/><network name='lan2'/></topology>";

/* A sample of the flow to what is announced: what was seen of it, as JSON. */
#define SEEN(port) \
    "{\"port\":\"" port \
    "\",\"dir\":\"in\",\"what\":\"request\",\"t_us\":5,\"src\":\"10.0.2.250\",\"dst\":\"198.18.4.7\",\"ttl\":62}"
#define SAMPLE(seen) "{\"sent_us\":0,\"reply_us\":null,\"tcp\":null,\"sightings\":[" seen "]}"
#define GOT SAMPLE(SEEN("@a"))
#define NOT SAMPLE("")

struct peering_row {
    const char *name;
    size_t check;
    const char *peers, *before,
        *after; /* JSON: outcomes, samples while it is announced and when it is withdrawn */
    enum grading_status status;
    unsigned percent;
    const char *observed; /* a part of it */
};

static inline void peering_judge(const char *xml, const struct peering_row *row)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, peering_topology);
    AUTO(probe_result_freep) struct probe_result *r = NULL, *again = NULL;
    char before[GRADING_PROBE_ID], after[GRADING_PROBE_ID];
    struct grading_verdict v;
    struct err e = {0};
    json_t *j;

    grading_probe_id(row->check, false, before);
    grading_probe_id(row->check, true, after);
    AUTO(mem_freep)
    char *text = xasprintf("{\"lost\":0,\"probes\":[{\"id\":\"%s\",\"samples\":[%s]},{\"id\":\"%s\","
                           "\"samples\":[%s]}],\"peers\":[%s]}",
                           before, row->before, after, row->after, row->peers);
    j = json_loads(text, 0, NULL);
    r = probe_result_from_json(j, &e);
    json_decref(j);
    if (r == NULL)
        fail_msg("%s: %s", e.msg, text);
    v = grading_judge(x, row->check, r, false);
    if (strstr(v.observed, row->observed) == NULL)
        fail_msg("%s", v.observed);
    assert_int_equal(v.status, row->status);
    assert_int_equal(v.status == GRADING_PASS ? 100 : v.parts > 0 ? 100 * v.good / v.parts : 0, row->percent);
    j = probe_result_to_json(r);
    again = probe_result_from_json(j, &e);
    json_decref(j);
    assert_non_null(again);
    assert_int_equal(again->npeers, r->npeers);
    assert_memory_equal(again->peers, r->peers, sizeof r->peers);
}

#endif
