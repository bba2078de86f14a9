/* labhost and labd read what labprobe says, and trust it no more than a guest. */
#include "grading/probe.h"
#include "labd/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SIGHTING(more) \
    "{\"port\":\"h2:eth0\",\"dir\":\"in\",\"what\":\"request\",\"t_us\":1200,\"src\":\"10.0.1.250\",\"dst\":\"10.0.2.10\"" more \
    "}"
#define ADVERT(more) \
    "{\"port\":\"h2:eth0\",\"dir\":\"out\",\"what\":\"advert\",\"t_us\":1200,\"src\":\"10.0.1.1\",\"dst\":\"10.0.1.250\",\"ttl\":0" more \
    "}"
#define BPDU \
    "{\"port\":\"l1:a\",\"dir\":\"out\",\"root\":{\"priority\":4096,\"mac\":\"02:00:00:00:00:01\"}," \
    "\"bridge\":{\"priority\":32768,\"mac\":\"02:00:00:00:00:02\"}}"
#define SAMPLE(more, sightings) \
    "{\"sent_us\":1000,\"reply_us\":1500,\"reply_ttl\":63" more ",\"sightings\":[" sightings "]}"
#define RESULT(samples) \
    "{\"lost\":0,\"probes\":[{\"id\":\"c0\",\"port\":80,\"error\":null,\"samples\":[" samples "]}]}"

#define X64 "0000000000000000000000000000000000000000000000000000000000000000"

static const struct row {
    const char *name, *json, *error;
} rows[] = {
    {"complete", RESULT(SAMPLE(",\"tcp\":null", SIGHTING(",\"ttl\":63"))), NULL},
    {"no probes", "{}", NULL},
    {"a text", "\"x\"", "not an object"},
    {"lost is negative", "{\"lost\":-1}", "'lost'"},
    {"id is no name", "{\"probes\":[{\"id\":7}]}", "not a text"},
    {"port too large", "{\"probes\":[{\"id\":\"a\",\"port\":65536}]}", "'port'"},
    {"error with control bytes", "{\"probes\":[{\"id\":\"a\",\"error\":\"\\u001b[2J\"}]}", "not printable"},
    {"unknown TCP outcome", RESULT(SAMPLE(",\"tcp\":\"maybe\"", "")), "known values"},
    {"unknown sighting", RESULT(SAMPLE("", "{\"port\":\"h2:eth0\",\"dir\":\"in\",\"what\":\"wish\"}")),
     "known values"},
    {"unknown direction", RESULT(SAMPLE("", "{\"port\":\"h2:eth0\",\"dir\":\"up\",\"what\":\"request\"}")),
     "known values"},
    {"sighting without source",
     RESULT(SAMPLE("", "{\"port\":\"h2:eth0\",\"dir\":\"in\",\"what\":\"request\"}")), "'src' is missing"},
    {"answer of an unknown kind", RESULT(SAMPLE(",\"answer\":{\"code\":-3}", "")), "'code'"},
    {"answer with a number", RESULT(SAMPLE(",\"answer\":{\"code\":0,\"values\":[7]}", "")), "not a text"},
    {"answer with control bytes", RESULT(SAMPLE(",\"answer\":{\"code\":0,\"values\":[\"\\u001b[2J\"]}", "")),
     "not printable"},
    {"too many answers",
     RESULT(SAMPLE(",\"answer\":{\"code\":0,\"values\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]}", "")),
     "'values'"},
    {"TTL too large", RESULT(SAMPLE("", SIGHTING(",\"ttl\":256"))), "'ttl'"},
    {"advertisement", RESULT(SAMPLE("", ADVERT(",\"mac\":\"02:00:00:00:00:07\""))), NULL},
    {"advertisement without a MAC", RESULT(SAMPLE("", ADVERT(""))), "without a MAC"},
    {"advertisement with half a MAC", RESULT(SAMPLE("", ADVERT(",\"mac\":\"02:00:00\""))), "without a MAC"},
    {"frame", RESULT(SAMPLE("", SIGHTING(",\"frame\":\"00ff\",\"length\":60"))), NULL},
    {"frame of half a byte", RESULT(SAMPLE("", SIGHTING(",\"frame\":\"00f\",\"length\":60"))), "no frame"},
    {"frame of something else", RESULT(SAMPLE("", SIGHTING(",\"frame\":\"zz\",\"length\":60"))), "no frame"},
    {"frame that is longer than it was", RESULT(SAMPLE("", SIGHTING(",\"frame\":\"00ff\",\"length\":1"))),
     "no frame"},
    {"frame without end",
     RESULT(SAMPLE("", SIGHTING(",\"frame\":\"" X64 X64 X64 X64 X64 X64 "00\",\"length\":400"))), "'frame'"},
    {"as often as none", RESULT(SAMPLE("", SIGHTING(",\"ttl\":1,\"copies\":0"))), "'copies'"},
    {"too often", RESULT(SAMPLE("", SIGHTING(",\"ttl\":1,\"copies\":65536"))), "'copies'"},
    {"BPDU", "{\"bpdus\":[" BPDU "]}", NULL},
    {"BPDU without a root", "{\"bpdus\":[{\"port\":\"l:a\",\"dir\":\"in\"}]}", "'mac' is missing"},
    {"BPDU with half a MAC", "{\"bpdus\":[{\"port\":\"l:a\",\"dir\":\"in\",\"root\":{\"mac\":\"02:00\"}}]}",
     "not a MAC"},
    {"BPDU of too large a priority",
     "{\"bpdus\":[{\"port\":\"l:a\",\"dir\":\"in\",\"root\":{\"priority\":65536}}]}", "'priority'"},
    {"BPDU that goes nowhere", "{\"bpdus\":[{\"port\":\"l:a\",\"dir\":\"up\"}]}", "known values"},
    {"time out of this world", RESULT("{\"sent_us\":9000000000000000}"), "'sent_us'"},
};

static void test_read(void **state)
{
    const struct row *r = *state;
    json_t *j = json_loads(r->json, JSON_DECODE_ANY, NULL);
    AUTO(probe_result_freep) struct probe_result *x = NULL;
    struct err e = {0};

    assert_non_null(j);
    x = probe_result_from_json(j, &e);
    json_decref(j);
    assert_int_equal(x != NULL, r->error == NULL);
    if (r->error != NULL && strstr(e.msg, r->error) == NULL)
        fail_msg("%s", e.msg);
}

static void test_round_trip(void **state)
{
    json_t *j = json_loads(
               RESULT(SAMPLE(
                   ",\"tcp\":\"open\",\"data\":true,\"echo\":false,\"answer\":{\"code\":3,\"cut\":false,"
                   "\"found\":true,\"values\":[\"a\"]}",
                   SIGHTING(",\"ttl\":63,\"copies\":7") "," ADVERT(",\"mac\":\"02:00:00:00:00:07\""))),
               0, NULL),
           *again;
    AUTO(probe_result_freep) struct probe_result *x = probe_result_from_json(j, NULL);

    (void)state;
    assert_non_null(x);
    assert_int_equal(x->probes[0].samples[0].tcp, PROBE_TCP_OPEN);
    assert_int_equal(x->probes[0].samples[0].sightings[0].ttl, 63);
    assert_int_equal(x->probes[0].samples[0].sightings[0].copies, 7);
    assert_int_equal(x->probes[0].samples[0].sightings[1].copies, 1);
    again = probe_result_to_json(x);
    assert_true(json_equal(j, again));
    json_decref(j);
    json_decref(again);
}

static void test_bpdus_round_trip(void **state)
{
    json_t *j = json_loads("{\"lost\":0,\"probes\":[],\"bpdus\":[" BPDU "],\"more_bpdus\":true}", 0, NULL),
           *again;
    AUTO(probe_result_freep) struct probe_result *x = probe_result_from_json(j, NULL);

    (void)state;
    assert_non_null(x);
    assert_int_equal(x->bpdus[0].bridge.priority, 32768);
    assert_false(probe_bridge_equal(&x->bpdus[0].root, &x->bpdus[0].bridge));
    again = probe_result_to_json(x);
    assert_true(json_equal(j, again));
    json_decref(j);
    json_decref(again);
}

static void test_find(void **state)
{
    json_t *j = json_loads(RESULT(""), 0, NULL);
    AUTO(probe_result_freep) struct probe_result *x = probe_result_from_json(j, NULL);

    (void)state;
    json_decref(j);
    assert_non_null(probe_outcome_find(x, "c0"));
    assert_null(probe_outcome_find(x, "c1"));
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 3];
    size_t n = 0;

    for (; n < ARRAY_LEN(rows); n++)
        tests[n] = (struct CMUnitTest){rows[n].name, test_read, NULL, NULL, (void *)(uintptr_t)&rows[n]};
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_round_trip);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_bpdus_round_trip);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_find);
    return cmocka_run_group_tests_name("probe_result", tests, NULL, NULL);
}
