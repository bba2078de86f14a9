/* What two clients' leases say of a DHCP server.  No machine is needed. */
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
    "<topology name='t'><host name='s'><interface name='eth0' network='lan'/></host>"
    "<network name='lan'/></topology>";
#define CHECK(attrs) \
    "<exercise id='x' title='X'><summary>s</summary><topology file='t.xml'/><grading>" \
    "<reference name='a' at='lan' address='10.0.1.250/25' address6='fd00::1/64'/>" \
    "<reference name='six' at='lan' address6='fd00::2/64'/>" \
    "<check id='c' kind='dhcp' title='Leases' points='40' seen-at='s:eth0' " attrs "/></grading></exercise>"
#define RANGE "from='a' first='10.0.1.130' last='10.0.1.139' "
static const char xml[] = CHECK(RANGE "router='10.0.1.129' dns='192.0.2.53' domain='Office.example'");

static void test_spec(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    struct err e = {0};
    AUTO(probe_spec_freep)
    struct probe_spec *s = grading_spec(x, GRADING_ALL_SHARED, GRADING_STEADY, &e), *again = NULL;
    json_t *j;

    (void)state;
    assert_non_null(s);
    assert_int_equal(s->nprobes, 1);
    assert_int_equal(s->probes[0].count, 2);
    assert_int_equal(s->probes[0].ask.speak, PROBE_SAY_DHCP);
    assert_string_equal(s->probes[0].far, "s:eth0");
    j = probe_spec_to_json(s);
    again = probe_spec_from_json(j, false, &e);
    json_decref(j);
    if (again == NULL)
        fail_msg("%s", e.msg);
    assert_memory_equal(s, again, sizeof *s);
}

/* ---- what it means ---- */
#define SEEN(port, dir, what, src) \
    "{\"port\":\"" port "\",\"dir\":\"" dir "\",\"what\":\"" what "\",\"t_us\":9,\"src\":\"" src \
    "\",\"dst\":\"255.255.255.255\",\"ttl\":64}"
#define ASKED SEEN("s:eth0", "in", "request", "0.0.0.0")
#define TOLD SEEN("s:eth0", "out", "reply", "10.0.1.129")
#define SAMPLE(code, values, sightings) \
    "{\"sent_us\":0,\"answer\":{\"code\":" code ",\"values\":[" values "]},\"sightings\":[" sightings "]}"
#define SILENCE(sightings) "{\"sent_us\":0,\"answer\":null,\"sightings\":[" sightings "]}"
#define ADDRESS(a) "\"address " a "\",\"server 10.0.1.129\""
#define MASK ",\"mask 255.255.255.128\""
#define MORE MASK ",\"router 10.0.1.129\",\"dns 192.0.2.53\",\"domain office.example\""
#define LEASE(values) SAMPLE("5", values, ASKED "," TOLD)
#define GOOD LEASE(ADDRESS("10.0.1.130") MORE)

static const struct row {
    const char *name, *samples;
    enum grading_status status;
    unsigned good; /* of 4 */
    const char *observed;
} rows[] = {
    {"honest", GOOD "," LEASE(ADDRESS("10.0.1.139") MORE), GRADING_PASS, 4,
     "two clients the addresses 10.0.1.130 and 10.0.1.139."},
    {"nobody", SILENCE(ASKED) "," SILENCE(ASKED), GRADING_FAIL, 0, "arrived at s:eth0, but no offer"},
    {"the question does not arrive", SILENCE("") "," SILENCE(""), GRADING_FAIL, 0,
     "question did not arrive at s:eth0."},
    {"something else answers", SAMPLE("5", ADDRESS("10.0.1.130") MORE, "") "," GOOD, GRADING_FAIL, 0,
     "something else is a server"},
    {"something else answers first", SAMPLE("5", ADDRESS("10.0.1.130") MORE, ASKED) "," GOOD, GRADING_FAIL, 0,
     "but not from s:eth0"},
    {"only offers", SAMPLE("2", ADDRESS("10.0.1.130") MORE, ASKED "," TOLD) "," GOOD, GRADING_FAIL, 0,
     "10.0.1.130, and when it asked for it, nobody answered"},
    {"refuses", GOOD "," SAMPLE("6", ADDRESS("10.0.1.131") MORE, ASKED "," TOLD), GRADING_FAIL, 0,
     "10.0.1.131, and when it asked for it, that was refused"},
    {"nonsense", GOOD "," SAMPLE("-2", "", ASKED "," TOLD), GRADING_FAIL, 0, "not a proper DHCP message"},
    {"no address in it", GOOD "," SAMPLE("5", "\"mask 255.0.0.0\"", ASKED "," TOLD), GRADING_FAIL, 0,
     "not a proper DHCP message"},
    {"one address for all", GOOD "," GOOD, GRADING_FAIL, 0, "Two clients got the same address, 10.0.1.130."},
    {"above the range", GOOD "," LEASE(ADDRESS("10.0.1.140") MORE), GRADING_FAIL, 3,
     "The address 10.0.1.140 is not of the range."},
    {"below the range", GOOD "," LEASE(ADDRESS("10.0.1.9") MORE), GRADING_FAIL, 3, "not of the range"},
    {"another mask", LEASE(ADDRESS("10.0.1.131") ",\"mask 255.255.255.0\"") "," GOOD, GRADING_FAIL, 0,
     "the mask 255.255.255.0 instead of 255.255.255.128. The lease has no router. The lease has no name server. "
     "The lease has no domain name."},
    {"address and mask alone", LEASE(ADDRESS("10.0.1.131") MASK) "," GOOD, GRADING_FAIL, 1,
     "The lease has no router."},
    {"a second router", GOOD "," LEASE(ADDRESS("10.0.1.131") MORE ",\"router 10.0.1.1\""), GRADING_FAIL, 3,
     "a second router, 10.0.1.1."},
    {"another name server",
     GOOD "," LEASE(ADDRESS("10.0.1.131") MASK
                    ",\"router 10.0.1.129\",\"dns 10.0.1.129\",\"domain office.example\""),
     GRADING_FAIL, 3, "the name server 10.0.1.129 instead of 192.0.2.53."},
    {"one client alone", GOOD, GRADING_ERROR, 0, "no result of one of its clients"},
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
    assert_int_equal(v.good, row->good);
    assert_true(v.parts == 0 || v.parts == 4);
}

/* ---- what can not be meant ---- */
static const struct review_row {
    const char *name, *xml, *error; /* NULL: accepted */
} review_rows[] = {
    {"the range alone", CHECK(RANGE), NULL},
    {"no range", CHECK("from='a'"), "needs the attribute 'first'"},
    {"one address", CHECK("from='a' first='10.0.1.130' last='10.0.1.130'"), "last must be above first"},
    {"a range of another network", CHECK("from='a' first='10.0.1.100' last='10.0.1.130'"),
     "first, 10.0.1.100, is not in the network of reference 'a'"},
    {"IPv6", CHECK("from='a' first='fd00::5' last='fd00::9'"), "first must be an IPv4 address"},
    {"the reference's own address", CHECK("from='a' first='10.0.1.130' last='10.0.1.250'"),
     "the address of reference 'a' is in the range"},
    {"a reference without IPv4", CHECK("from='six' first='10.0.1.130' last='10.0.1.139'"),
     "has no IPv4 address"},
    {"no such reference", CHECK("from='b' first='10.0.1.130' last='10.0.1.139'"), "no reference 'b'"},
    {"a router elsewhere", CHECK(RANGE "router='10.0.1.1'"), "router, 10.0.1.1, is not in the network"},
    {"a name server of IPv6", CHECK(RANGE "dns='fd00::5'"), "dns must be an IPv4 address"},
};

static void test_review(void **state)
{
    const struct review_row *row = *state;
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    struct err e = {0};
    AUTO(exercise_freep)
    struct exercise *x =
        exercise_load_mem(row->xml, strlen(row->xml), topology, sizeof topology - 1, &m, NULL, &e);

    if (x != NULL ? row->error != NULL : row->error == NULL || strstr(e.msg, row->error) == NULL)
        fail_msg("%s", x != NULL ? "accepted" : e.msg);
}

static void test_expected(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    char text[GRADING_TEXT];

    (void)state;
    grading_expected(x, &x->checks[0], text);
    assert_string_equal(
        text, "Two clients on lan that nobody has seen before get leases from the server at s:eth0, with "
              "the mask 255.255.255.128, an address of its own for each from 10.0.1.130 to 10.0.1.139, "
              "the router 10.0.1.129, the name server 192.0.2.53, the domain name office.example.");
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + ARRAY_LEN(review_rows) + 2];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        tests[n++] = (struct CMUnitTest){rows[i].name, test_judge, NULL, NULL, (void *)(uintptr_t)&rows[i]};
    for (size_t i = 0; i < ARRAY_LEN(review_rows); i++)
        tests[n++] = (struct CMUnitTest){review_rows[i].name, test_review, NULL, NULL,
                                         (void *)(uintptr_t)&review_rows[i]};
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_spec);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_expected);
    return cmocka_run_group_tests_name("check_dhcp", tests, NULL, NULL);
}
