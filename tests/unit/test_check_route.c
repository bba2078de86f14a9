/* Where packets into a prefix leave: what is asked, and what the sightings are worth.  No machine is needed. */
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
    "<topology name='t'><router name='r1'><interface name='eth0' network='lan'/><interface name='eth1'/><interface name='eth2'/></router>"
    "<router name='r2'><interface name='eth0'><address>10.2.0.1/29</address></interface><interface name='eth1'/></router>"
    "<network name='lan'/><link name='l1' a='r2:eth0' b='r1:eth1'/><link name='l2' a='r1:eth2' b='r2:eth1'/></topology>";
#define EXERCISE(attrs) \
    "<exercise id='x' title='X'><summary>s</summary><topology file='t.xml'/><grading>" \
    "<reference name='a' at='lan' address='10.1.0.250/24' gateway='10.1.0.1' address6='fd01::fa/64' gateway6='fd01::1'/>" \
    "<reference name='four' at='lan' address='10.1.0.251/24'/>" \
    "<check id='c' kind='route' title='Routes' points='10' " attrs "/></grading></exercise>"
#define XML EXERCISE("from='a' out='r1:eth1' prefixes='10.2.0.0/16 fd02::/48' absent='10.0.0.0/8 fd00::/8'")

/* ---- what is asked ---- */
static bool in_net(const struct probe *p, const char *net)
{
    struct probe_addr a;
    unsigned len;

    assert_true(probe_addr_parse_net(net, &a, &len));
    return probe_addr_in_net(&p->to, &a, len);
}

static void test_spec(void **state)
{
    static const char *const nets[] = {"10.2.0.0/17", "10.2.128.0/17", "fd02::/49", "fd02:0:0:8000::/49",
                                       "10.0.0.0/9",  "10.128.0.0/9",  "fd00::/9",  "fd80::/9"};
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(XML, topology);
    struct err e = {0};
    AUTO(probe_spec_freep) struct probe_spec *s = grading_spec(x, GRADING_ALL_SHARED, GRADING_STEADY, &e);
    json_t *j;

    (void)state;
    assert_non_null(s);
    assert_int_equal(s->nrefs, 1);
    assert_int_equal(s->nports, 3); /* all of r1 */
    assert_int_equal(s->nprobes, ARRAY_LEN(nets));
    for (size_t i = 0; i < s->nprobes; i++) {
        assert_int_equal(s->probes[i].kind, PROBE_ICMP);
        assert_true(in_net(&s->probes[i], nets[i]));
    }
    j = probe_spec_to_json(s);
    AUTO(probe_spec_freep) struct probe_spec *again = probe_spec_from_json(j, false, &e);
    json_decref(j);
    if (again == NULL)
        fail_msg("%s", e.msg);
}

/* By a link, whichever end is the router's: its other ports, and not the one that is named. */
static void test_ports_by_link(void **state)
{
    AUTO(exercise_freep)
    struct exercise *x = exercise_of_texts(EXERCISE("from='a' out='l1:b' prefixes='10.2.0.0/16'"), topology);
    AUTO(probe_spec_freep) struct probe_spec *s = grading_spec(x, 0, GRADING_STEADY, NULL);

    (void)state;
    assert_int_equal(s->nports, 3);
    assert_string_equal(s->ports[0].name, "l1:b");
    assert_string_equal(s->ports[1].name, "r1:eth0");
    assert_string_equal(s->ports[2].name, "r1:eth2");
}

static void test_random(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(XML, topology);
    AUTO(probe_spec_freep) struct probe_spec *s = grading_spec(x, 0, GRADING_STEADY, NULL), *t = NULL;

    (void)state;
    t = grading_spec(x, 0, GRADING_STEADY, NULL);
    assert_false(probe_addr_equal(&s->probes[2].to, &t->probes[2].to));
    assert_false(probe_addr_equal(&s->probes[3].to, &t->probes[3].to));
}

/* The longer prefix decides; the host's own, where there is no other; no first, no last, none that is taken. */
static const struct draw_row {
    const char *name, *attrs, *prefix;
    size_t nprobes;
} draws[] = {
    {"without what must not leave", "prefixes='10.2.0.0/24' absent='10.2.0.0/25 10.2.0.128/26'",
     "10.2.0.192/26", 1 + 2 + 2},
    {"without what has to leave", "prefixes='10.3.0.0/25 10.3.0.128/26' absent='10.3.0.0/24'", NULL, 5},
    {"a host", "prefixes='10.2.0.1/32'", "10.2.0.1/32", 1},
    {"what is free in a small one", "prefixes='10.2.0.0/29'", "10.2.0.0/29", 2},
    {"two inner addresses", "prefixes='10.4.0.0/30'", "10.4.0.0/30", 2},
    {"everything", "prefixes='0.0.0.0/0' absent='10.0.0.0/8'", "0.0.0.0/0", 4},
};

static void test_draw(void **state)
{
    const struct draw_row *row = *state;
    AUTO(mem_freep) char *xml = xasprintf(EXERCISE("from='a' out='r1:eth1' %s"), row->attrs);
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);

    for (int round = 0; round < 50; round++) {
        AUTO(probe_spec_freep) struct probe_spec *s = grading_spec(x, 0, GRADING_STEADY, NULL);

        assert_int_equal(s->nprobes, row->nprobes);
        assert_true(row->prefix == NULL || in_net(&s->probes[0], row->prefix));
        assert_false(in_net(&s->probes[0], "10.2.0.1/32") && strcmp(row->name, "a host") != 0);
        assert_false(in_net(&s->probes[0], "127.0.0.0/8") || in_net(&s->probes[0], "10.4.0.0/32"));
        assert_false(in_net(&s->probes[1], "224.0.0.0/3") || in_net(&s->probes[1], "10.4.0.3/32"));
        if (row->prefix == NULL) /* the last ones are those of the /24 */
            assert_true(in_net(&s->probes[4], "10.3.0.192/26"));
    }
}

/* ---- what makes no sense ---- */
static const struct review_row {
    const char *name, *attrs;
    enum topo_severity severity;
    const char *message;
} reviews[] = {
    {"fine", "from='a' out='r1:eth1' prefixes='10.2.0.0/16' absent='10.9.0.0/16'", TOPO_ERROR, NULL},
    {"a default route is meant", "from='a' out='r1:eth1' prefixes='0.0.0.0/0'", TOPO_ERROR, NULL},
    {"no absent", "from='a' out='r1:eth1' prefixes='10.2.0.0/16'", TOPO_WARNING,
     "check 'c' has no absent prefix of IPv4: a default route will pass"},
    {"no absent of the family",
     "from='a' out='r1:eth1' prefixes='10.2.0.0/16 fd02::/48' absent='10.9.0.0/16'", TOPO_WARNING,
     "no absent prefix of IPv6"},
    {"no reference", "from='z' out='r1:eth1' prefixes='10.2.0.0/16' absent='10.9.0.0/16'", TOPO_ERROR,
     "there is no reference 'z'"},
    {"no port", "from='a' out='r1:eth9' prefixes='10.2.0.0/16' absent='10.9.0.0/16'", TOPO_ERROR,
     "the topology has no port 'r1:eth9' to watch"},
    {"no way for the family", "from='four' out='r1:eth1' prefixes='fd02::/48' absent='fd00::/8'", TOPO_ERROR,
     "reference 'four' has no address of the family of fd02::"},
    {"no gateway", "from='four' out='r1:eth1' prefixes='10.2.0.0/16' absent='10.9.0.0/16'", TOPO_ERROR,
     "reference 'four' has no gateway towards 10.2.0.0"},
    {"twice", "from='a' out='r1:eth1' prefixes='10.2.0.0/16 10.2.0.0/16' absent='10.9.0.0/16'", TOPO_ERROR,
     "check 'c' names 10.2.0.0/16 twice"},
    {"both", "from='a' out='r1:eth1' prefixes='10.2.0.0/16' absent='10.2.0.0/16'", TOPO_ERROR,
     "check 'c' can never pass: packets into 10.2.0.0/16 have to leave and must not"},
    {"nothing left", "from='a' out='r1:eth1' prefixes='10.2.0.0/24' absent='10.2.0.0/25 10.2.0.128/25'",
     TOPO_ERROR, "there is no address in 10.2.0.0/24 that a packet could be sent to"},
    {"multicast", "from='a' out='r1:eth1' prefixes='239.0.0.0/8' absent='10.9.0.0/16'", TOPO_ERROR,
     "there is no address in 239.0.0.0/8"},
    {"bits of a host", "from='a' out='r1:eth1' prefixes='fd02::1/48'", TOPO_ERROR,
     "a prefix in it has bits of a host"},
    {"hops zero", "from='a' out='r1:eth1' hops='0' prefixes='10.2.0.0/16'", TOPO_ERROR,
     "it must be a whole number from 1 to 60"},
};

static void test_review(void **state)
{
    const struct review_row *row = *state;
    AUTO(mem_freep) char *xml = xasprintf(EXERCISE("%s"), row->attrs);
    struct topo_msgs m = {0};
    struct err e;
    AUTO(exercise_freep)
    struct exercise *x = exercise_load_mem(xml, strlen(xml), topology, strlen(topology), &m, NULL, &e);
    bool found = row->message == NULL && m.n == 0;

    for (size_t i = 0; i < m.n; i++)
        found = found || (row->message != NULL && m.items[i].severity == row->severity &&
                          strstr(m.items[i].text, row->message) != NULL);
    if (!found)
        fail_msg("%zu messages, the first: %s", m.n, m.n > 0 ? m.items[0].text : "-");
    assert_true((x != NULL) == (row->message == NULL || row->severity == TOPO_WARNING));
    topo_msgs_clear(&m);
}

/* ---- what it means ---- */
#define SEEN(port, dir, what, from, to, ttl) \
    "{\"port\":\"" port "\",\"dir\":\"" dir "\",\"what\":\"" what "\",\"t_us\":5,\"src\":\"" from \
    "\",\"dst\":\"" to "\",\"ttl\":" ttl "}"
#define ANSWERED(id, reply, sightings) \
    "{\"id\":\"" id "\",\"samples\":[{\"sent_us\":0,\"reply_us\":" reply ",\"sightings\":[" sightings "]}]}"
#define PROBE(id, sightings) ANSWERED(id, "null", sightings)
#define SENT(to) SEEN("@a", "out", "request", "10.1.0.250", to, "64")
#define LEFT(port, to, ttl) SEEN(port, "out", "request", "10.1.0.250", to, ttl)
#define GOOD(to) SENT(to) "," LEFT("r1:eth1", to, "63")
#define SENT6(to) SEEN("@a", "out", "request", "fd01::fa", to, "64")
#define GOOD6(to) SENT6(to) "," SEEN("r1:eth1", "out", "request", "fd01::fa", to, "63")

#define UPPER PROBE("c0-0-1", GOOD("10.2.200.7"))
#define REST PROBE("c0-1-0", GOOD6("fd02::7")) "," PROBE("c0-1-1", GOOD6("fd02:0:0:8000::7"))
#define ABSENT4 PROBE("c0-2-0", SENT("10.9.0.7")) "," PROBE("c0-2-1", SENT("10.200.0.7"))
#define ABSENT6 PROBE("c0-3-0", SENT6("fd09::7")) "," PROBE("c0-3-1", SENT6("fd90::7"))
#define LOWER(sightings) \
    PROBE("c0-0-0", SENT("10.2.5.7") "," sightings) "," UPPER "," REST "," ABSENT4 "," ABSENT6

static const struct row {
    const char *name, *probes;
    enum grading_status status;
    unsigned good;
    const char *observed;
} rows[] = {
    {"honest", LOWER(LEFT("r1:eth1", "10.2.5.7", "63")), GRADING_PASS, 2, "All 2"},
    {"no route", PROBE("c0-0-0", SENT("10.2.5.7")) "," UPPER "," REST "," ABSENT4 "," ABSENT6, GRADING_FAIL,
     1, "1 of 2 as expected. Packets for 10.2.0.0/16 did not leave at r1:eth1."},
    {"nothing was sent, for nobody is the gateway",
     PROBE("c0-0-0", "") "," PROBE("c0-0-1", "") "," REST "," ABSENT4 "," ABSENT6, GRADING_FAIL, 1,
     "did not leave at r1:eth1"},
    {"a route to one half",
     PROBE("c0-0-0", GOOD("10.2.5.7")) "," PROBE("c0-0-1", SENT("10.2.200.7")) "," REST "," ABSENT4
                                                                               "," ABSENT6,
     GRADING_FAIL, 1, "did not leave at r1:eth1"},
    {"another way", LOWER(LEFT("r1:eth2", "10.2.5.7", "63")), GRADING_FAIL, 1,
     "Packets for 10.2.0.0/16 left at r1:eth2, not at r1:eth1."},
    {"it came in there", LOWER(SEEN("r1:eth1", "in", "request", "10.1.0.250", "10.2.5.7", "63")),
     GRADING_FAIL, 1, "did not leave at r1:eth1"},
    {"only an answer left", LOWER(SEEN("r1:eth1", "out", "reply", "10.2.5.7", "10.1.0.250", "63")),
     GRADING_FAIL, 1, "did not leave at r1:eth1"},
    {"somebody nearer has the address",
     ANSWERED("c0-0-0", "900", SENT("10.2.5.7")) "," UPPER "," REST "," ABSENT4 "," ABSENT6, GRADING_FAIL, 1,
     "were answered, but did not leave at r1:eth1: something nearer has taken their addresses"},
    {"answered from behind",
     ANSWERED("c0-0-0", "900", GOOD("10.2.5.7")) "," UPPER "," REST "," ABSENT4 "," ABSENT6, GRADING_PASS, 2,
     "All 2"},
    {"bridged", LOWER(LEFT("r1:eth1", "10.2.5.7", "64")), GRADING_FAIL, 1,
     "left at r1:eth1, but no router had taken them, by their TTL of 64"},
    {"TTL set anew", LOWER(LEFT("r1:eth1", "10.2.5.7", "255")), GRADING_FAIL, 1, "by their TTL of 255"},
    {"after two routers", LOWER(LEFT("r1:eth1", "10.2.5.7", "62")), GRADING_PASS, 2, "All 2"},
    {"copied to every port", LOWER(LEFT("r1:eth1", "10.2.5.7", "63") "," LEFT("r1:eth2", "10.2.5.7", "63")),
     GRADING_FAIL, 1, "left at r1:eth1, and copies of them at r1:eth2"},
    {"by way of a machine at another port",
     LOWER(LEFT("r1:eth2", "10.2.5.7", "63") "," LEFT("r1:eth1", "10.2.5.7", "61")), GRADING_PASS, 2,
     "All 2"},
    {"the destination changed", LOWER(LEFT("r1:eth1", "10.2.5.8", "63")), GRADING_FAIL, 1,
     "with the destination changed to 10.2.5.8"},
    {"the source changed", LOWER(SEEN("r1:eth1", "out", "request", "10.2.0.2", "10.2.5.7", "63")),
     GRADING_FAIL, 1, "with the source address changed to 10.2.0.2"},
    {"a default route",
     PROBE("c0-0-0", GOOD("10.2.5.7")) "," UPPER "," REST "," PROBE("c0-2-0", GOOD("10.9.0.7")) "," PROBE(
         "c0-2-1", GOOD("10.200.0.7")) "," ABSENT6,
     GRADING_FAIL, 1, "1 of 2 as expected. Packets for other IPv4 destinations left at r1:eth1, too"},
    {"a default route with an exception",
     PROBE("c0-0-0", GOOD("10.2.5.7")) "," UPPER "," REST "," PROBE("c0-2-0", SENT("10.9.0.7")) "," PROBE(
         "c0-2-1", GOOD("10.200.0.7")) "," ABSENT6,
     GRADING_FAIL, 1, "other IPv4 destinations left"},
    {"a default route in both families",
     PROBE("c0-0-0", GOOD("10.2.5.7")) "," UPPER "," REST "," PROBE("c0-2-0", GOOD("10.9.0.7")) "," PROBE(
         "c0-2-1", SENT("10.200.0.7")) "," PROBE("c0-3-0", GOOD6("fd09::7")) "," PROBE("c0-3-1", ""),
     GRADING_FAIL, 0, "0 of 2 as expected. Packets for other IPv4 destinations"},
    {"other packets leave elsewhere",
     PROBE("c0-0-0", GOOD("10.2.5.7")) "," UPPER "," REST "," PROBE(
         "c0-2-0", SENT("10.9.0.7") "," LEFT("r1:eth2", "10.9.0.7", "63")) "," PROBE("c0-2-1",
                                                                                     "") "," ABSENT6,
     GRADING_PASS, 2, "All 2"},
    {"a probe that was not made", REST "," ABSENT4 "," ABSENT6, GRADING_ERROR, 0, "gave no result"},
    {"a control that was not made", PROBE("c0-0-0", GOOD("10.2.5.7")) "," UPPER "," REST "," ABSENT4,
     GRADING_ERROR, 0, "gave no result"},
};

static void test_judge(void **state)
{
    const struct row *row = *state;
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(XML, topology);
    struct grading_verdict v = exercise_judged(x, row->probes);

    if (v.status != row->status || strstr(v.observed, row->observed) == NULL)
        fail_msg("%s: %s", grading_status_name(v.status), v.observed);
    assert_int_equal(v.good, row->good);
}

static void test_hops(void **state)
{
    AUTO(exercise_freep)
    struct exercise *x = exercise_of_texts(
        EXERCISE("from='a' out='r1:eth1' hops='2' prefixes='10.2.0.1/32' absent='10.9.0.0/16'"), topology);
    struct grading_verdict v =
        exercise_judged(x, PROBE("c0-0-0", GOOD("10.2.0.1")) "," PROBE("c0-1-0", "") "," PROBE("c0-1-1", ""));

    (void)state;
    assert_int_equal(v.status, GRADING_FAIL);
    assert_non_null(strstr(v.observed, "after 1 router instead of 2 routers, by their TTL of 63"));
}

/* Points by the share of the prefixes, and the words; what must not leave is not told. */
static void test_report(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(XML, topology);
    struct grading_outcome o = {.v = exercise_judged(x, LOWER(LEFT("r1:eth2", "10.2.5.7", "63")))};
    json_t *report = grading_report(x, "lab", &o, NULL, false, 0, 1), *check;

    (void)state;
    check = json_array_get(json_object_get(report, "checks"), 0);
    assert_int_equal(json_integer_value(json_object_get(report, "score")), 5);
    assert_string_equal(json_string_value(json_object_get(check, "evidence")), "wire");
    assert_string_equal(
        json_string_value(json_object_get(check, "expected")),
        "Packets from a test host on lan (10.1.0.250) into 10.2.0.0/16, fd02::/48 leave at r1:eth1, "
        "and those for other destinations do not.");
    json_decref(report);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + ARRAY_LEN(draws) + ARRAY_LEN(reviews) + 5];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        tests[n++] = (struct CMUnitTest){rows[i].name, test_judge, NULL, NULL, (void *)(uintptr_t)&rows[i]};
    for (size_t i = 0; i < ARRAY_LEN(draws); i++)
        tests[n++] = (struct CMUnitTest){draws[i].name, test_draw, NULL, NULL, (void *)(uintptr_t)&draws[i]};
    for (size_t i = 0; i < ARRAY_LEN(reviews); i++)
        tests[n++] =
            (struct CMUnitTest){reviews[i].name, test_review, NULL, NULL, (void *)(uintptr_t)&reviews[i]};
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_spec);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_ports_by_link);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_random);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_hops);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_report);
    return cmocka_run_group_tests_name("check_route", tests, NULL, NULL);
}
