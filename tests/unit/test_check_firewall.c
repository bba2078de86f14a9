/* What becomes of flows, and what it is worth.  No machine is needed. */
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
    "<topology name='t'><router name='r1'><interface name='eth0' network='in'/><interface name='eth1' network='out'/></router>"
    "<host name='h1'><interface name='eth0' network='in'/></host><network name='in'/><network name='out'/></topology>";
/* Probes: WEB c0-0-0; SSH c0-1-0; OTHER c0-2-0 .. c0-2-2; PING c0-3-0 and, over IPv6, c0-3-3; TOLD c0-4-0 */
static const char xml[] =
    "<exercise id='x' title='X'><summary>s</summary><topology file='t.xml'/><grading>"
    "<reference name='a' at='out' address='10.0.2.250/24' gateway='10.0.2.1' address6='fd00:2::fa/64' gateway6='fd00:2::1'/>"
    "<reference name='b' at='in' address='10.0.1.250/24' gateway='10.0.1.1' address6='fd00:1::fa/64' gateway6='fd00:1::1'/>"
    "<check id='c' kind='firewall' title='Firewall' points='50'>"
    "<flow from='a' to='10.0.1.10' seen-at='h1:eth0' proto='tcp' port='80' expect='pass' state='established'/>"
    "<flow from='a' to='10.0.1.10' seen-at='h1:eth0' proto='tcp' port='22' expect='drop'/>"
    "<flow from='a' to='10.0.1.10' seen-at='h1:eth0' proto='udp' port='other' expect='drop'/>"
    "<flow from='b' to='a' expect='pass'/>"
    "<flow from='a' to='10.0.1.10' seen-at='h1:eth0' proto='tcp' port='113' expect='reject'/></check></grading></exercise>";

/* ---- what is sent ---- */
static void test_spec(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    struct err e = {0};
    AUTO(probe_spec_freep)
    struct probe_spec *s = grading_spec(x, GRADING_ALL_SHARED, GRADING_STEADY, &e), *again = NULL;
    json_t *j;

    (void)state;
    assert_non_null(s);
    assert_int_equal(s->nprobes, 1 + 1 + 3 + 2 + 1);
    assert_string_equal(s->probes[0].far, "h1:eth0");
    assert_string_equal(s->probes[5].far, "@a");
    assert_int_equal(s->probes[5].to.family, AF_INET);
    assert_int_equal(s->probes[6].to.family, AF_INET6);
    assert_string_equal(s->probes[6].id, "c0-3-3");
    j = probe_spec_to_json(s);
    again = probe_spec_from_json(j, false, &e);
    json_decref(j);
    if (again == NULL)
        fail_msg("%s", e.msg);
}

/* The first is one that services have; all are none that a flow names. */
static void test_other_ports(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    unsigned differ = 0;

    (void)state;
    x->checks[0].parts[1].proto = PROBE_UDP;
    for (int i = 0; i < 200; i++) {
        AUTO(probe_spec_freep) struct probe_spec *s = grading_spec(x, 0, GRADING_STEADY, NULL);

        assert_int_equal(s->probes[2].kind, PROBE_UDP);
        assert_in_range(s->probes[2].port, 1, 1023);
        assert_int_not_equal(s->probes[2].port, 22);
        assert_in_range(s->probes[3].port, 1024, 65535);
        differ += s->probes[3].port != s->probes[4].port;
    }
    assert_true(differ > 100);
}

/* ---- what it means ---- */
#define SEEN(port, dir, what) \
    "{\"port\":\"" port "\",\"dir\":\"" dir "\",\"what\":\"" what \
    "\",\"t_us\":5,\"src\":\"10.0.2.250\",\"dst\":\"10.0.1.10\",\"ttl\":63}"
#define PROBE(id, tcp, reply, sightings) PROBE_AT(id, "0", tcp, reply, sightings)
#define PROBE_AT(id, port, tcp, reply, sightings) \
    "{\"id\":\"" id "\",\"port\":" port ",\"samples\":[{\"sent_us\":0,\"tcp\":" tcp ",\"reply_us\":" reply \
    ",\"sightings\":[" sightings "]}]}"
#define GONE(id) PROBE(id, "\"timeout\"", "null", "")
#define OPENED SEEN("h1:eth0", "in", "syn") "," SEEN("h1:eth0", "out", "synack")
#define WEB PROBE("c0-0-0", "\"open\"", "9", OPENED "," SEEN("h1:eth0", "in", "data"))
#define SSH GONE("c0-1-0")
#define OTHER PROBE("c0-2-0", "null", "null", "") "," PROBE("c0-2-1", "null", "null", "") "," OTHER3
#define OTHER3 PROBE("c0-2-2", "null", "null", "")
#define PING4 \
    PROBE( \
        "c0-3-0", "null", "9", \
        "{\"port\":\"@a\",\"dir\":\"in\",\"what\":\"request\",\"t_us\":5,\"src\":\"10.0.1.250\",\"dst\":\"10.0.2.250\",\"ttl\":63}")
#define PING6 \
    PROBE( \
        "c0-3-3", "null", "null", \
        "{\"port\":\"@a\",\"dir\":\"in\",\"what\":\"request\",\"t_us\":5,\"src\":\"fd00:1::fa\",\"dst\":\"fd00:2::fa\",\"ttl\":63}")
#define TOLD PROBE("c0-4-0", "\"refused\"", "9", "")
#define ALL(web, ssh, other, ping4, ping6, told) web "," ssh "," other "," ping4 "," ping6 "," told

static const struct row {
    const char *name, *probes;
    enum grading_status status;
    unsigned good;
    const char *observed;
} rows[] = {
    {"honest", ALL(WEB, SSH, OTHER, PING4, PING6, TOLD), GRADING_PASS, 5, "All 5"},
    {"everything is blocked",
     ALL(GONE("c0-0-0"), SSH, OTHER, PROBE("c0-3-0", "null", "null", ""), PROBE("c0-3-3", "null", "null", ""),
         TOLD),
     GRADING_FAIL, 0, "proves nothing: nothing that should pass does"},
    {"one flow that should pass is enough of a control", ALL(GONE("c0-0-0"), SSH, OTHER, PING4, PING6, TOLD),
     GRADING_FAIL, 4, "TCP to 10.0.1.10 port 80 did not arrive at h1:eth0"},
    {"what passes over IPv6 is no control of IPv4",
     ALL(GONE("c0-0-0"), SSH, OTHER, PROBE("c0-3-0", "null", "null", ""), PING6, TOLD), GRADING_FAIL, 0,
     "over IPv4 proves nothing"},
    {"the IPv6 twin is blocked", ALL(WEB, SSH, OTHER, PING4, PROBE("c0-3-3", "null", "null", ""), TOLD),
     GRADING_FAIL, 4, "ICMP echo to fd00:2::fa did not arrive"},
    {"the firewall accepts the connection itself",
     ALL(PROBE("c0-0-0", "\"open\"", "9", ""), SSH, OTHER, PING4, PING6, TOLD), GRADING_FAIL, 4,
     "never seen at h1:eth0"},
    {"the firewall accepts in the host's name",
     ALL(PROBE("c0-0-0", "\"open\"", "9", SEEN("h1:eth0", "in", "syn")), SSH, OTHER, PING4, PING6, TOLD),
     GRADING_FAIL, 4, "answered, but not from h1:eth0"},
    {"the answer is blocked",
     ALL(PROBE("c0-0-0", "\"timeout\"", "null", OPENED), SSH, OTHER, PING4, PING6, TOLD), GRADING_FAIL, 4,
     "its answer did not come back"},
    {"only the handshake passes",
     ALL(PROBE("c0-0-0", "\"open\"", "9", OPENED), SSH, OTHER, PING4, PING6, TOLD), GRADING_FAIL, 4,
     "its data did not arrive"},
    {"nobody listens, which is not the firewall's business",
     ALL(PROBE("c0-0-0", "\"refused\"", "9", SEEN("h1:eth0", "in", "syn") "," SEEN("h1:eth0", "out", "rst")),
         SSH, OTHER, PING4, PING6, TOLD),
     GRADING_PASS, 5, "All 5"},
    {"rejected instead of passed",
     ALL(PROBE("c0-0-0", "\"refused\"", "9", ""), SSH, OTHER, PING4, PING6, TOLD), GRADING_FAIL, 4,
     "port 80 was rejected before it arrived"},
    {"a leak", ALL(WEB, PROBE("c0-1-0", "\"refused\"", "9", OPENED), OTHER, PING4, PING6, TOLD), GRADING_FAIL,
     4, "TCP to 10.0.1.10 port 22 arrived at h1:eth0"},
    {"one of the other ports leaks",
     ALL(WEB, SSH,
         PROBE("c0-2-0", "null", "null", "") "," PROBE_AT("c0-2-1", "4711", "null", "null",
                                                          SEEN("h1:eth0", "in", "request")) "," OTHER3,
         PING4, PING6, TOLD),
     GRADING_FAIL, 4, "UDP to 10.0.1.10 port 4711 arrived"},
    {"rejected instead of dropped",
     ALL(WEB, SSH,
         PROBE("c0-2-0", "null", "null", SEEN("@a", "in", "error")) "," PROBE("c0-2-1", "null", "null",
                                                                              "") "," OTHER3,
         PING4, PING6, TOLD),
     GRADING_FAIL, 4, "its sender was told"},
    {"dropped instead of rejected", ALL(WEB, SSH, OTHER, PING4, PING6, GONE("c0-4-0")), GRADING_FAIL, 4,
     "port 113 disappeared, and its sender was not told"},
    {"rejected by an ICMP error",
     ALL(WEB, SSH, OTHER, PING4, PING6,
         PROBE("c0-4-0", "\"unreachable\"", "null", SEEN("@a", "in", "error"))),
     GRADING_PASS, 5, "All 5"},
    {"rejected, but by the host",
     ALL(WEB, SSH, OTHER, PING4, PING6,
         PROBE("c0-4-0", "\"refused\"", "9", SEEN("h1:eth0", "in", "syn") "," SEEN("h1:eth0", "out", "rst"))),
     GRADING_FAIL, 4, "port 113 arrived at h1:eth0"},
    {"a probe that was not made", WEB "," SSH "," OTHER "," PING4 "," TOLD, GRADING_ERROR, 0,
     "gave no result"},
};

static void test_judge(void **state)
{
    const struct row *row = *state;
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    AUTO(mem_freep) char *text = xasprintf("{\"lost\":0,\"probes\":[%s]}", row->probes);
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
    assert_int_equal(v.good, row->good);
}

static void test_expected(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    char text[GRADING_TEXT];

    (void)state;
    grading_expected(x, &x->checks[0], text);
    assert_string_equal(
        text, "TCP port 80 from a to 10.0.1.10 passes with its answers; TCP port 22 from a to 10.0.1.10 is "
              "dropped; other UDP from a to 10.0.1.10 is dropped; ICMP echo from b to a passes; TCP port 113 "
              "from a to 10.0.1.10 is rejected.");
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 3];
    size_t n = 0;

    for (; n < ARRAY_LEN(rows); n++)
        tests[n] = (struct CMUnitTest){rows[n].name, test_judge, NULL, NULL, (void *)(uintptr_t)&rows[n]};
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_spec);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_other_ports);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_expected);
    return cmocka_run_group_tests_name("check_firewall", tests, NULL, NULL);
}
