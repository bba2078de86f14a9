/* The spec crosses two trust boundaries, so each row is something that must not get through. */
#include "grading/probe.h"
#include "labd/base/mem.h"
#include "topology/plan.h"
#include "topology/topo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define REF \
    "{\"name\":\"a\",\"segment\":\"lan1\",\"addresses\":[{\"address\":\"10.0.1.250/24\",\"gateway\":\"10.0.1.1\"}]}"
#define PROBE(more) "{\"id\":\"p\",\"kind\":\"icmp\",\"from\":\"a\",\"to\":\"10.0.2.10\"" more "}"
#define NEIGHBOUR(more) "{\"id\":\"p\",\"kind\":\"neighbour\",\"from\":\"a\",\"to\":\"10.0.1.1\"" more "}"
#define LABEL "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffff."
#define DNS(name, type) "{\"dns\":\"" name "\",\"type\":" type "}"
#define ASK_TO(to, kind, ask) \
    SPEC(REF, H2, \
         "{\"id\":\"p\",\"kind\":\"" kind "\",\"from\":\"a\",\"to\":\"" to "\",\"port\":53,\"ask\":" ask \
         "}", \
         "")
#define ASK(kind, ask) ASK_TO("10.0.2.10", kind, ask)
#define SPEC(refs, ports, probes, cut) \
    "{\"references\":[" refs "],\"observe\":[" ports "],\"probes\":[" probes "],\"cut\":[" cut "]}"
#define H2 "{\"port\":\"h2:eth0\"}"

static const struct row {
    const char *name, *json, *error; /* NULL: accepted */
} rows[] = {
    {"smallest", SPEC(REF, H2, PROBE(), ""), NULL},
    {"nothing at all", "{}", NULL},
    {"listening for BPDUs", "{\"listen_ms\":30000}", NULL},
    {"listening for too long", "{\"listen_ms\":30001}", "'listen_ms'"},
    {"listening beside a router of ours",
     "{\"references\":[" REF
     "],\"listen_ms\":1,\"peers\":[{\"reference\":\"a\",\"protocol\":\"ospf\",\"announce\":\"198.18.0.1\"}]}",
     "does not listen for BPDUs"},
    {"question", ASK("udp", DNS("lab.test", "28")), NULL},
    {"question by an echo request", SPEC(REF, H2, PROBE(",\"ask\":" DNS("lab.test", "1")), ""),
     "only what goes to a port can ask"},
    {"question by neighbour discovery", SPEC(REF, H2, NEIGHBOUR(",\"ask\":" DNS("lab.test", "1")), ""),
     "only what goes to a port can ask"},
    {"question for what is no name", ASK("udp", DNS("a b", "1")), "not a domain name"},
    {"question of a type that is too large", ASK("tcp", DNS("lab.test", "256")), "'type'"},
    {"question without a name", ASK("tcp", "{\"type\":1}"), "'dns' is missing"},
    {"random name without room",
     ASK("udp", "{\"fresh\":true,\"type\":1,\"dns\":\"" LABEL LABEL LABEL LABEL "\"}"), "leaves no room"},
    {"page", ASK("tcp", "{\"http\":\"/a\",\"host\":\"lab.test\",\"text\":\"b\"}"), NULL},
    {"page over UDP", ASK("udp", "{\"http\":\"/a\"}"), "over TCP"},
    {"page with a second request", ASK("tcp", "{\"http\":\"/a HTTP/1.0\"}"), "not the path of a page"},
    {"page of a host that is none", ASK("tcp", "{\"http\":\"/a\",\"host\":\"a:b\"}"), "not a domain name"},
    {"lease", ASK_TO("255.255.255.255", "udp", "{\"dhcp\":true}"), NULL},
    {"lease of one server", ASK("udp", "{\"dhcp\":true}"), "by UDP to 255.255.255.255"},
    {"lease over TCP", ASK_TO("255.255.255.255", "tcp", "{\"dhcp\":true}"), "by UDP to 255.255.255.255"},
    {"a list", "[]", "not an object"},
    {"references not a list", "{\"references\":{}}", "not a list"},
    {"reference with a path as name", SPEC("{\"name\":\"../x\",\"segment\":\"lan1\"}", "", "", ""),
     "reference"},
    {"reference with a pid", SPEC("{\"name\":\"a\",\"segment\":\"lan1\",\"pid\":1}", "", "", ""),
     "'pid' must be"},
    {"reference with a MAC",
     SPEC(
         "{\"name\":\"a\",\"segment\":\"lan1\",\"mac\":\"02:00:00:00:00:01\",\"addresses\":[{\"address\":\"10.0.0.1/8\"}]}",
         "", "", ""),
     "'mac'"},
    {"reference without address", SPEC("{\"name\":\"a\",\"segment\":\"lan1\"}", "", "", ""), "no address"},
    {"reference with half an address",
     SPEC("{\"name\":\"a\",\"segment\":\"lan1\",\"addresses\":[{\"address\":\"10.0.1.1\"}]}", "", "", ""),
     "ADDRESS/PREFIX"},
    {"gateway elsewhere",
     SPEC(
         "{\"name\":\"a\",\"segment\":\"lan1\",\"addresses\":[{\"address\":\"10.0.1.250/24\",\"gateway\":\"10.0.2.1\"}]}",
         "", "", ""),
     "outside its prefix"},
    {"two addresses of one family",
     SPEC(
         "{\"name\":\"a\",\"segment\":\"lan1\",\"addresses\":[{\"address\":\"10.0.1.1/24\"},{\"address\":\"10.0.1.2/24\"}]}",
         "", "", ""),
     "one family"},
    {"three addresses", SPEC("{\"name\":\"a\",\"segment\":\"lan1\",\"addresses\":[{},{},{}]}", "", "", ""),
     "more than 2"},
    {"same reference twice", SPEC(REF "," REF, "", "", ""), "two references"},
    {"VLAN too large", SPEC("{\"name\":\"a\",\"segment\":\"sw1\",\"vlan\":4095}", "", "", ""), "'vlan'"},
    {"VLAN as text", SPEC("{\"name\":\"a\",\"segment\":\"sw1\",\"vlan\":\"10\"}", "", "", ""),
     "whole number"},
    {"port with a device", SPEC("", "{\"port\":\"h2:eth0\",\"dev\":\"eth0\"}", "", ""), "not yours"},
    {"port with a MAC", SPEC("", "{\"port\":\"h2:eth0\",\"mac\":\"02:00:00:00:00:01\"}", "", ""),
     "not yours"},
    {"port without interface", SPEC("", "{\"port\":\"h2\"}", "", ""), "NODE:INTERFACE"},
    {"port with a path", SPEC("", "{\"port\":\"h2:../eth0\"}", "", ""), "NODE:INTERFACE"},
    {"port with a line break", SPEC("", "{\"port\":\"h2:eth0\\n\"}", "", ""), "not printable"},
    {"port with a NUL", SPEC("", "{\"port\":\"h2:eth0\\u0000x\"}", "", ""), "longer than"},
    {"unknown kind",
     SPEC(REF, H2, "{\"id\":\"p\",\"kind\":\"exec\",\"from\":\"a\",\"to\":\"10.0.2.10\"}", ""),
     "known values"},
    {"from nowhere", SPEC("", "", PROBE(), ""), "no reference"},
    {"to a name", SPEC(REF, "", "{\"id\":\"p\",\"kind\":\"icmp\",\"from\":\"a\",\"to\":\"h2\"}", ""),
     "not an IPv4"},
    {"to another family", SPEC(REF, "", "{\"id\":\"p\",\"kind\":\"icmp\",\"from\":\"a\",\"to\":\"::1\"}", ""),
     "family"},
    {"ICMP with a port", SPEC(REF, "", PROBE(",\"port\":1"), ""), "'port'"},
    {"TCP without port",
     SPEC(REF, "", "{\"id\":\"p\",\"kind\":\"tcp\",\"from\":\"a\",\"to\":\"10.0.2.10\"}", ""), "'port'"},
    {"neighbour", SPEC(REF, "", NEIGHBOUR(""), ""), NULL},
    {"neighbour with a port", SPEC(REF, "", NEIGHBOUR(",\"port\":1"), ""), "'port'"},
    {"TTL zero", SPEC(REF, "", PROBE(",\"ttl\":0"), ""), "'ttl'"},
    {"far port that is not observed", SPEC(REF, H2, PROBE(",\"far\":\"h1:eth0\""), ""), "not observed"},
    {"far reference that is not there", SPEC(REF, H2, PROBE(",\"far\":\"@b\""), ""), "not observed"},
    {"flood", SPEC(REF, "", PROBE(",\"interval_ms\":0"), ""), "'interval_ms'"},
    {"too many samples", SPEC(REF, "", PROBE(",\"count\":1201"), ""), "'count'"},
    {"too long", SPEC(REF, "", PROBE(",\"count\":200,\"interval_ms\":10000"), ""), "longer than"},
    {"also a name", SPEC(REF, "", PROBE(",\"also\":[\"h2\"]"), ""), "not an address"},
    {"also a number", SPEC(REF, "", PROBE(",\"also\":[1]"), ""), "not an address"},
    {"also too much", SPEC(REF, "", PROBE(",\"also\":[\"10.0.9.1\",\"10.0.9.2\",\"10.0.9.3\"]"), ""),
     "more than 2"},
    {"hidden in ESP", SPEC(REF, "{\"port\":\"h2:eth0\",\"whole\":true}", PROBE(",\"outer\":\"esp\""), ""),
     NULL},
    {"hidden in anything", SPEC(REF, H2, PROBE(",\"outer\":\"any\""), ""), NULL},
    {"hidden in something", SPEC(REF, H2, PROBE(",\"outer\":\"gre\""), ""), "known values"},
    {"hidden in UDP without a port", SPEC(REF, H2, PROBE(",\"outer\":\"udp\""), ""), "'outer_port'"},
    {"hidden in ESP with a port", SPEC(REF, H2, PROBE(",\"outer\":\"esp\",\"outer_port\":1"), ""),
     "'outer_port'"},
    {"same probe twice", SPEC(REF, "", PROBE() "," PROBE(), ""), "two probes"},
    {"cut something odd", SPEC("", "", "", "\"l1; reboot\""), "not a link"},
    {"cut a number", SPEC("", "", "", "1"), "not a link"},
    {"cut too much", SPEC("", "", "", "\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\""),
     "more than 8"},
};

static void test_read(void **state)
{
    const struct row *r = *state;
    json_t *j = json_loads(r->json, JSON_ALLOW_NUL, NULL);
    AUTO(probe_spec_freep) struct probe_spec *s = NULL;
    struct err e = {0};

    assert_non_null(j);
    s = probe_spec_from_json(j, false, &e);
    json_decref(j);
    if (r->error == NULL) {
        assert_non_null(s);
        return;
    }
    assert_null(s);
    if (strstr(e.msg, r->error) == NULL)
        fail_msg("%s", e.msg);
}

static void test_round_trip(void **state)
{
    json_t *
        j = json_loads(
           SPEC(
               REF, H2,
               PROBE(
                   ",\"far\":\"h2:eth0\",\"count\":7,\"interval_ms\":20,\"timeout_ms\":30,\"stop\":3,\"also\":[\"10.0.9.1\"]"),
               "\"l1\""),
           0, NULL),
       *again;
    AUTO(probe_spec_freep) struct probe_spec *s = probe_spec_from_json(j, false, NULL), *t = NULL;

    (void)state;
    assert_non_null(s);
    again = probe_spec_to_json(s);
    t = probe_spec_from_json(again, false, NULL);
    assert_non_null(t);
    assert_memory_equal(s, t, sizeof *s);
    assert_int_equal(s->probes[0].count, 7);
    assert_int_equal(s->probes[0].nalso, 1);
    assert_int_equal(probe_spec_duration_ms(s), PROBE_START_SPREAD_MS + 6 * 20 + 30);
    json_decref(j);
    json_decref(again);
}

static void test_round_trip_of_what_is_asked(void **state)
{
    static const char *const texts[] = {
        ASK("udp", "{\"dns\":\"lab.test\",\"type\":15,\"fresh\":true}"),
        ASK("tcp", "{\"http\":\"/a\",\"host\":\"lab.test\",\"text\":\"b\",\"fresh\":true}"),
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        json_t *j = json_loads(texts[i], 0, NULL), *again;
        AUTO(probe_spec_freep) struct probe_spec *s = probe_spec_from_json(j, false, NULL), *t = NULL;

        assert_non_null(s);
        again = probe_spec_to_json(s);
        t = probe_spec_from_json(again, false, NULL);
        assert_non_null(t);
        assert_true(t->probes[0].ask.fresh);
        assert_memory_equal(s, t, sizeof *s);
        json_decref(j);
        json_decref(again);
    }
}

/* ---- resolution ---- */
static const char topology[] =
    "<topology name='t'><host name='h1'><interface name='eth0' network='lan1'/></host>"
    "<router name='r1'><interface name='eth0' network='lan1'/><interface name='eth1'/><interface name='eth2'/></router>"
    "<host name='h2'><interface name='eth0'/><interface name='eth1'/></host><network name='lan1'/><switch name='sw1'><port name='p1'/><port name='p2'/></switch>"
    "<hub name='hub1'/><link name='l1' a='r1:eth1' b='h2:eth0'/><link name='l2' a='r1:eth2' b='sw1:p1'/>"
    "<link name='l3' a='sw1:p2' b='hub1'/><link name='l4' a='hub1' b='h2:eth1'/></topology>";

static struct plan *plan(void)
{
    struct err e = {0};
    struct topo *t = topo_load_mem(topology, strlen(topology), NULL, &e);
    struct plan *p = t != NULL ? plan_make(t, "abcdef", &e) : NULL;

    topo_free(t);
    if (p == NULL)
        fail_msg("%s", e.msg);
    return p;
}

static const struct place {
    const char *name, *json, *error;
} places[] = {
    {"a node's interface", SPEC("", "{\"port\":\"h1:eth0\"}", "", ""), NULL},
    {"both ends of a link", SPEC("", "{\"port\":\"l1:a\"},{\"port\":\"l1:b\"}", "", ""), NULL},
    {"the switch's end of a link", SPEC("", "{\"port\":\"l2:b\"}", "", ""), NULL},
    {"unknown interface", SPEC("", "{\"port\":\"h1:eth9\"}", "", ""), "no port 'h1:eth9'"},
    {"unknown link", SPEC("", "{\"port\":\"l9:a\"}", "", ""), "no port"},
    {"third end of a link", SPEC("", "{\"port\":\"l1:c\"}", "", ""), "no port"},
    {"reference on a network", SPEC(REF, "", "", ""), NULL},
    {"reference on a link",
     SPEC("{\"name\":\"a\",\"segment\":\"l1\",\"addresses\":[{\"address\":\"10.0.0.1/8\"}]}", "", "", ""),
     "no network"},
    {"reference on nothing",
     SPEC("{\"name\":\"a\",\"segment\":\"x\",\"addresses\":[{\"address\":\"10.0.0.1/8\"}]}", "", "", ""),
     "no network"},
    {"reference in a VLAN of a switch",
     SPEC("{\"name\":\"a\",\"segment\":\"sw1\",\"vlan\":10,\"addresses\":[{\"address\":\"10.0.0.1/8\"}]}", "",
          "", ""),
     NULL},
    {"reference in a VLAN of a network",
     SPEC("{\"name\":\"a\",\"segment\":\"lan1\",\"vlan\":10,\"addresses\":[{\"address\":\"10.0.0.1/8\"}]}",
          "", "", ""),
     "no VLANs"},
    {"cut a link", SPEC("", "", "", "\"l1\""), NULL},
    {"cut a node", SPEC("", "", "", "\"h1\""), "no link"},
};

static void test_resolve(void **state)
{
    const struct place *r = *state;
    json_t *j = json_loads(r->json, 0, NULL);
    AUTO(probe_spec_freep) struct probe_spec *s = NULL;
    AUTO(plan_freep) struct plan *p = plan();
    struct err e = {0};

    s = probe_spec_from_json(j, false, &e);
    json_decref(j);
    assert_non_null(s);
    assert_int_equal(probe_spec_resolve(s, p, &e), r->error == NULL ? 0 : -1);
    if (r->error != NULL && strstr(e.msg, r->error) == NULL)
        fail_msg("%s", e.msg);
    for (size_t i = 0; r->error == NULL && i < s->nports; i++)
        assert_string_not_equal(s->ports[i].dev, "");
    for (size_t i = 0; r->error == NULL && i < s->nrefs; i++)
        assert_int_equal(strlen(s->refs[i].mac), 17);
}

/* A link has one device at whichever end the guest is, and both of its ends are names for it. */
static void test_link_that_begins_at_a_hub(void **state)
{
    json_t *j = json_loads(SPEC("", "{\"port\":\"l4:a\"},{\"port\":\"l4:b\"},{\"port\":\"h2:eth1\"}", "", ""),
                           0, NULL);
    AUTO(probe_spec_freep) struct probe_spec *s = probe_spec_from_json(j, false, NULL);
    AUTO(plan_freep) struct plan *p = plan();
    struct err e = {0};

    (void)state;
    json_decref(j);
    if (probe_spec_resolve(s, p, &e) < 0)
        fail_msg("%s", e.msg);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(s->ports[i].dev, p->ports[plan_node_find(p, "h2")->ifaces[1].port].dev);
        assert_string_equal(s->ports[i].mac, plan_node_find(p, "h2")->ifaces[1].mac);
        assert_false(s->ports[i].element);
    }
}

/* What direction "in" is depends on whose device it is. */
static void test_owner_of_port(void **state)
{
    json_t *j =
        json_loads(SPEC("", "{\"port\":\"l2:a\"},{\"port\":\"l2:b\"},{\"port\":\"l3:a\"}", "", ""), 0, NULL);
    AUTO(probe_spec_freep) struct probe_spec *s = probe_spec_from_json(j, false, NULL);
    AUTO(plan_freep) struct plan *p = plan();

    (void)state;
    json_decref(j);
    assert_int_equal(probe_spec_resolve(s, p, NULL), 0);
    assert_false(s->ports[0].element);
    assert_string_equal(s->ports[0].dev, s->ports[1].dev);
    assert_true(s->ports[2].element);
    assert_string_equal(s->ports[0].mac, plan_node_find(p, "r1")->ifaces[2].mac);
    assert_string_equal(s->ports[2].mac, "");
}

/* A resolved spec is accepted as such, and only as such. */
static void test_resolved_round_trip(void **state)
{
    json_t *j = json_loads(SPEC(REF, "{\"port\":\"h1:eth0\"}", "", ""), 0, NULL), *again;
    AUTO(probe_spec_freep) struct probe_spec *s = probe_spec_from_json(j, false, NULL), *t = NULL;
    AUTO(plan_freep) struct plan *p = plan();

    (void)state;
    json_decref(j);
    assert_int_equal(probe_spec_resolve(s, p, NULL), 0);
    s->refs[0].pid = 4711;
    again = probe_spec_to_json(s);
    assert_null(probe_spec_from_json(again, false, NULL));
    t = probe_spec_from_json(again, true, NULL);
    assert_non_null(t);
    assert_memory_equal(s, t, sizeof *s);
    json_decref(again);
}

/* The students' neighbour tables must not go stale from one round to the next. */
static void test_macs_are_stable_and_distinct(void **state)
{
    json_t *j = json_loads(
        SPEC(REF ",{\"name\":\"b\",\"segment\":\"lan1\",\"addresses\":[{\"address\":\"10.0.1.251/24\"}]}", "",
             "", ""),
        0, NULL);
    AUTO(probe_spec_freep) struct probe_spec *s = probe_spec_from_json(j, false, NULL);
    AUTO(plan_freep) struct plan *p = plan();
    char mac[18];

    (void)state;
    json_decref(j);
    assert_int_equal(probe_spec_resolve(s, p, NULL), 0);
    memcpy(mac, s->refs[0].mac, sizeof mac);
    assert_string_not_equal(s->refs[0].mac, s->refs[1].mac);
    assert_int_equal(probe_spec_resolve(s, p, NULL), 0);
    assert_string_equal(s->refs[0].mac, mac);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + ARRAY_LEN(places) + 6];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        tests[n++] = (struct CMUnitTest){rows[i].name, test_read, NULL, NULL, (void *)(uintptr_t)&rows[i]};
    for (size_t i = 0; i < ARRAY_LEN(places); i++)
        tests[n++] =
            (struct CMUnitTest){places[i].name, test_resolve, NULL, NULL, (void *)(uintptr_t)&places[i]};
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_round_trip);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_round_trip_of_what_is_asked);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_owner_of_port);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_link_that_begins_at_a_hub);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_resolved_round_trip);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_macs_are_stable_and_distinct);
    return cmocka_run_group_tests_name("probe_spec", tests, NULL, NULL);
}
