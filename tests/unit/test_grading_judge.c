/* Probe results, honest and not, and what they are worth.  No machine is needed. */
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
    "<topology name='t'><router name='r1'><interface name='eth0' network='lan1'/><interface name='eth1'/><interface name='eth2'/></router>"
    "<router name='r2'><interface name='eth0' network='lan2'/><interface name='eth1'/><interface name='eth2'/></router>"
    "<host name='h2'><interface name='eth0' network='lan2'/></host><network name='lan1'/><network name='lan2'/>"
    "<link name='l1' a='r1:eth1' b='r2:eth1'/><link name='l2' a='r1:eth2' b='r2:eth2'/></topology>";

enum {
    REACH,
    ONEWAY,
    PAIR,
    UNREACH,
    OPEN,
    CLOSED,
    FILTERED,
    REFUSED,
    PATH,
    AVOID,
    CUT,
    SNAT,
    DNAT,
    NEEDS,
    NAMES,
    SITE,
    CHECKS,
};
static const char xml[] =
    "<exercise id='x' title='X'><summary>s</summary><topology file='t.xml'/><grading hold='3'>"
    "<reference name='a' at='lan1' address='10.0.1.250/24' gateway='10.0.1.1'/><reference name='b' at='lan2' address='10.0.2.250/24' gateway='10.0.2.1'/>"
    "<check id='reach' kind='reachability' title='Reach' points='1' from='a' to='10.0.2.10' seen-at='h2:eth0' hops='2'/>"
    "<check id='oneway' kind='reachability' title='One way' points='1' from='a' to='10.0.2.10' seen-at='h2:eth0' both='no'/>"
    "<check id='pair' kind='reachability' title='Pair' points='1' from='a' to='b' hops='2'/>"
    "<check id='unreach' kind='unreachable' title='Unreachable' points='1' control='reach' from='a' to='10.0.2.10' seen-at='h2:eth0'/>"
    "<check id='open' kind='tcp-open' title='Open' points='1' from='a' to='10.0.2.10' port='80' seen-at='h2:eth0' hops='2'/>"
    "<check id='closed' kind='tcp-closed' title='Closed' points='1' control='open' from='a' to='10.0.2.10' port='22' seen-at='h2:eth0'/>"
    "<check id='filtered' kind='tcp-closed' title='Filtered' points='1' control='open' expect='filtered' from='a' to='10.0.2.10' port='22' seen-at='h2:eth0'/>"
    "<check id='refused' kind='tcp-closed' title='Refused' points='1' control='open' expect='refused' from='a' to='10.0.2.10' port='22' seen-at='h2:eth0'/>"
    "<check id='path' kind='path' title='Path' points='1' from='a' to='10.0.2.10' seen-at='h2:eth0' via='l1 l2'/>"
    "<check id='avoid' kind='path' title='Avoid' points='1' from='a' to='10.0.2.10' seen-at='h2:eth0' avoids='l2'/>"
    "<check id='cut' kind='path' title='Cut' points='1' from='a' to='10.0.2.10' seen-at='h2:eth0' cut='l1'/>"
    "<check id='snat' kind='nat' title='Source' points='1' from='a' to='10.0.2.10' seen-at='h2:eth0' as='10.0.2.1'/>"
    "<check id='dnat' kind='nat' title='Destination' points='1' proto='tcp' port='8080' from='a' to='10.0.1.1' seen-at='h2:eth0' becomes='10.0.2.10'/>"
    "<check id='needs' kind='path' title='Needs' points='1' requires='reach open' from='a' to='b' avoids='l2'/>"
    "<check id='names' kind='dns' title='Names' points='30' from='a' to='10.0.2.10' seen-at='h2:eth0' zone='lab.test'>"
    "<record name='www.lab.test' type='A'>10.0.2.80</record><record name='www.lab.test' type='A'>10.0.2.81</record>"
    "<record name='lab.test' type='MX'>10 mail.lab.test</record></check>"
    "<check id='site' kind='http' title='Site' points='1' from='a' to='10.0.2.10' seen-at='h2:eth0' path='/x' text='Welcome'/>"
    "</grading></exercise>";

#define SEEN(port, dir, what, t, src, dst, ttl) \
    "{\"port\":\"" port "\",\"dir\":\"" dir "\",\"what\":\"" what "\",\"t_us\":" #t ",\"src\":\"" src \
    "\",\"dst\":\"" dst "\",\"ttl\":" #ttl "}"
#define TO_H2(what) SEEN("h2:eth0", "in", what, 500, "10.0.1.250", "10.0.2.10", 62)
#define FROM_H2(what) SEEN("h2:eth0", "out", what, 600, "10.0.2.10", "10.0.1.250", 64)
#define AT(link, t) SEEN(link ":a", "out", "request", t, "10.0.1.250", "10.0.2.10", 63)
#define AT_R2(link, dir, t) SEEN(link ":b", dir, "request", t, "10.0.1.250", "10.0.2.10", 63)
#define IN_ORDER \
    AT("l1", 100) \
    "," AT_R2("l1", "in", 101) "," AT_R2("l2", "out", 200) "," TO_H2("request") "," FROM_H2("reply")
#define SAMPLE(reply, tcp, sightings) \
    "{\"sent_us\":0,\"reply_us\":" reply ",\"tcp\":" tcp ",\"sightings\":[" sightings "]}"
#define NO "null"

static const struct row {
    const char *name;
    size_t check;
    const char *sample, *back; /* 'back': of the probe in the other direction */
    enum grading_status status;
    const char *observed;
} rows[] = {
    {"honest", REACH, SAMPLE("900", NO, TO_H2("request") "," FROM_H2("reply")), NULL, GRADING_PASS,
     "arrived at h2:eth0 and the answer came back"},
    {"nothing happens", REACH, SAMPLE(NO, NO, ""), NULL, GRADING_FAIL, "did not arrive at h2:eth0"},
    {"router answers for the address", REACH, SAMPLE("900", NO, ""), NULL, GRADING_FAIL,
     "something else answered"},
    {"arrives, no answer", REACH, SAMPLE(NO, NO, TO_H2("request")), NULL, GRADING_FAIL,
     "no answer came back"},
    {"arrives, somebody else answers", REACH, SAMPLE("900", NO, TO_H2("request")), NULL, GRADING_FAIL,
     "did not leave from there"},
    {"arrives by another number of routers", REACH,
     SAMPLE("900", NO,
            SEEN("h2:eth0", "in", "request", 500, "10.0.1.250", "10.0.2.10", 63) "," FROM_H2("reply")),
     NULL, GRADING_FAIL, "after 1 router instead of 2 routers"},
    {"source translated", REACH,
     SAMPLE("900", NO,
            SEEN("h2:eth0", "in", "request", 500, "10.0.2.1", "10.0.2.10", 62) "," FROM_H2("reply")),
     NULL, GRADING_FAIL, "source address changed to 10.0.2.1"},
    {"destination translated", REACH,
     SAMPLE("900", NO,
            SEEN("h2:eth0", "in", "request", 500, "10.0.1.250", "10.0.2.11", 62) "," FROM_H2("reply")),
     NULL, GRADING_FAIL, "destination changed to 10.0.2.11"},
    {"seen leaving the far port is no arrival", REACH,
     SAMPLE("900", NO, SEEN("h2:eth0", "out", "request", 500, "10.0.1.250", "10.0.2.10", 62)), NULL,
     GRADING_FAIL, "something else answered"},
    {"one way without answer", ONEWAY, SAMPLE(NO, NO, TO_H2("request")), NULL, GRADING_PASS,
     "arrived at h2:eth0."},
    {"one way, not arrived", ONEWAY, SAMPLE(NO, NO, ""), NULL, GRADING_FAIL, "did not arrive"},
    {"pair in both directions", PAIR,
     SAMPLE("900", NO,
            SEEN("@b", "in", "request", 5, "10.0.1.250", "10.0.2.250",
                 62) "," SEEN("@b", "out", "reply", 6, "10.0.2.250", "10.0.1.250", 64)),
     SAMPLE("900", NO,
            SEEN("@a", "in", "request", 5, "10.0.2.250", "10.0.1.250",
                 62) "," SEEN("@a", "out", "reply", 6, "10.0.1.250", "10.0.2.250", 64)),
     GRADING_PASS, "test host 10.0.2.250"},
    {"pair, way back missing", PAIR,
     SAMPLE("900", NO,
            SEEN("@b", "in", "request", 5, "10.0.1.250", "10.0.2.250",
                 62) "," SEEN("@b", "out", "reply", 6, "10.0.2.250", "10.0.1.250", 64)),
     SAMPLE(NO, NO, ""), GRADING_FAIL, "did not arrive at the test host 10.0.1.250"},
    {"unreachable and silent", UNREACH, SAMPLE(NO, NO, ""), NULL, GRADING_PASS, "did not arrive"},
    {"unreachable, but it arrives", UNREACH, SAMPLE(NO, NO, TO_H2("request")), NULL, GRADING_FAIL,
     "arrived at h2:eth0"},
    {"unreachable, but somebody answers", UNREACH, SAMPLE("900", NO, ""), NULL, GRADING_FAIL,
     "An answer came"},
    {"unreachable, arrives with another source", UNREACH,
     SAMPLE(NO, NO, SEEN("h2:eth0", "in", "request", 5, "10.0.2.1", "10.0.2.10", 62)), NULL, GRADING_FAIL,
     "arrived"},
    {"open", OPEN, SAMPLE("900", "\"open\"", TO_H2("syn") "," FROM_H2("synack")), NULL, GRADING_PASS,
     "h2:eth0 accepted"},
    {"open, but redirected", OPEN, SAMPLE("900", "\"open\"", ""), NULL, GRADING_FAIL,
     "something else answered"},
    {"open, but not by the host", OPEN, SAMPLE("900", "\"open\"", TO_H2("syn")), NULL, GRADING_FAIL,
     "not by the host behind"},
    {"refused instead of open", OPEN, SAMPLE("900", "\"refused\"", TO_H2("syn") "," FROM_H2("rst")), NULL,
     GRADING_FAIL, "was refused"},
    {"no answer instead of open", OPEN, SAMPLE(NO, "\"timeout\"", ""), NULL, GRADING_FAIL,
     "was not answered"},
    {"unreachable instead of open", OPEN, SAMPLE(NO, "\"unreachable\"", ""), NULL, GRADING_FAIL,
     "reported unreachable"},
    {"closed by silence", CLOSED, SAMPLE(NO, "\"timeout\"", ""), NULL, GRADING_PASS, "No connection"},
    {"closed by refusal", CLOSED, SAMPLE("900", "\"refused\"", TO_H2("syn") "," FROM_H2("rst")), NULL,
     GRADING_PASS, "refused the connection"},
    {"not closed", CLOSED, SAMPLE("900", "\"open\"", TO_H2("syn") "," FROM_H2("synack")), NULL, GRADING_FAIL,
     "was accepted"},
    {"filtered on the way", FILTERED, SAMPLE(NO, "\"timeout\"", ""), NULL, GRADING_PASS, "No connection"},
    {"filtered, but only at the host", FILTERED, SAMPLE(NO, "\"timeout\"", TO_H2("syn")), NULL, GRADING_FAIL,
     "arrived at h2:eth0"},
    {"filtered, but nobody listens there", FILTERED,
     SAMPLE("900", "\"refused\"", TO_H2("syn") "," FROM_H2("rst")), NULL, GRADING_FAIL, "arrived at h2:eth0"},
    {"refused by the host", REFUSED, SAMPLE("900", "\"refused\"", TO_H2("syn") "," FROM_H2("rst")), NULL,
     GRADING_PASS, "refused the connection"},
    {"refused by the router in its name", REFUSED, SAMPLE("900", "\"refused\"", ""), NULL, GRADING_FAIL,
     "did not arrive"},
    {"arrived, but not refused", REFUSED, SAMPLE(NO, "\"timeout\"", TO_H2("syn")), NULL, GRADING_FAIL,
     "did not refuse"},
    {"path in order", PATH, SAMPLE("900", NO, IN_ORDER), NULL, GRADING_PASS, "by way of l1, l2"},
    {"path that does not go on from link to link", PATH,
     SAMPLE("900", NO, AT("l1", 100) "," AT("l2", 200) "," TO_H2("request") "," FROM_H2("reply")), NULL,
     GRADING_FAIL, "r2 did not take it from the one to the other"},
    {"path whose second link only came by", PATH,
     SAMPLE("900", NO,
            AT("l1", 100) "," AT_R2("l1", "in", 101) "," AT_R2("l2", "in", 200) "," TO_H2(
                "request") "," FROM_H2("reply")),
     NULL, GRADING_FAIL, "r2 did not take it from the one to the other"},
    {"path in another order", PATH,
     SAMPLE("900", NO, AT("l2", 100) "," AT("l1", 200) "," TO_H2("request") "," FROM_H2("reply")), NULL,
     GRADING_FAIL, "another order: l2, l1"},
    {"path without one of the links", PATH,
     SAMPLE("900", NO, AT("l2", 100) "," TO_H2("request") "," FROM_H2("reply")), NULL, GRADING_FAIL,
     "did not use link l1. Watched links that it used: l2"},
    {"path, but nothing arrives", PATH, SAMPLE(NO, NO, AT("l1", 100) "," AT("l2", 200)), NULL, GRADING_FAIL,
     "did not arrive"},
    {"link avoided", AVOID, SAMPLE("900", NO, TO_H2("request") "," FROM_H2("reply")), NULL, GRADING_PASS,
     "arrived"},
    {"link not avoided", AVOID, SAMPLE("900", NO, AT("l2", 100) "," TO_H2("request") "," FROM_H2("reply")),
     NULL, GRADING_FAIL, "used link l2"},
    {"link not avoided, in another packet", AVOID,
     SAMPLE("900", NO,
            SEEN("l2:a", "out", "clear", 100, "10.9.2.1", "10.9.2.2",
                 64) "," TO_H2("request") "," FROM_H2("reply")),
     NULL, GRADING_FAIL, "used link l2, wrapped into another one"},
    {"wrapped on a link that need not be avoided", AVOID,
     SAMPLE("900", NO,
            SEEN("l1:a", "out", "clear", 100, "10.9.1.1", "10.9.1.2",
                 64) "," TO_H2("request") "," FROM_H2("reply")),
     NULL, GRADING_PASS, "arrived"},
    {"source translated as asked", SNAT,
     SAMPLE("900", NO,
            SEEN("h2:eth0", "in", "request", 500, "10.0.2.1", "10.0.2.10", 62) "," FROM_H2("reply")),
     NULL, GRADING_PASS, "answer came back"},
    {"source not translated", SNAT, SAMPLE("900", NO, TO_H2("request") "," FROM_H2("reply")), NULL,
     GRADING_FAIL, "10.0.1.250 instead of 10.0.2.1"},
    {"source translated, and the private one leaks", SNAT,
     SAMPLE("900", NO,
            SEEN("h2:eth0", "in", "request", 500, "10.0.2.1", "10.0.2.10",
                 62) "," TO_H2("request") "," FROM_H2("reply")),
     NULL, GRADING_FAIL, "10.0.1.250 instead of 10.0.2.1"},
    {"source translated, no answer", SNAT,
     SAMPLE(NO, NO, SEEN("h2:eth0", "in", "request", 500, "10.0.2.1", "10.0.2.10", 62)), NULL, GRADING_FAIL,
     "no answer came back"},
    {"translator answers itself", SNAT, SAMPLE("900", NO, ""), NULL, GRADING_FAIL, "something else answered"},
    {"answered from elsewhere after the translation", SNAT,
     SAMPLE("900", NO, SEEN("h2:eth0", "in", "request", 500, "10.0.2.1", "10.0.2.10", 62)), NULL,
     GRADING_FAIL, "did not leave from h2:eth0"},
    {"destination translated as asked", DNAT, SAMPLE("900", "\"open\"", TO_H2("syn") "," FROM_H2("synack")),
     NULL, GRADING_PASS, "arrived"},
    {"a server on the translator", DNAT, SAMPLE("900", "\"open\"", ""), NULL, GRADING_FAIL,
     "something else answered"},
    {"destination translated, source hidden", DNAT,
     SAMPLE("900", "\"open\"",
            SEEN("h2:eth0", "in", "syn", 500, "10.0.2.1", "10.0.2.10", 62) "," FROM_H2("synack")),
     NULL, GRADING_FAIL, "10.0.2.1 instead of 10.0.1.250"},
    {"destination translated to another host", DNAT,
     SAMPLE("900", "\"open\"",
            SEEN("h2:eth0", "in", "syn", 500, "10.0.1.250", "10.0.2.11", 62) "," FROM_H2("synack")),
     NULL, GRADING_FAIL, "10.0.2.11 instead of 10.0.2.10"},
    {"nothing is translated, nothing arrives", DNAT, SAMPLE("900", "\"refused\"", ""), NULL, GRADING_FAIL,
     "did not arrive"},
};

static struct probe_result *result(size_t check, const char *samples, const char *back)
{
    AUTO(mem_freep) char *text = NULL;
    char id[GRADING_PROBE_ID], id_back[GRADING_PROBE_ID];
    struct probe_result *r;
    struct err e = {0};
    json_t *j;

    grading_probe_id(check, false, id);
    grading_probe_id(check, true, id_back);
    text = xasprintf(
        "{\"lost\":0,\"probes\":[{\"id\":\"%s\",\"samples\":[%s]},{\"id\":\"%s\",\"samples\":[%s]}]}", id,
        samples, id_back, back != NULL ? back : "");
    j = json_loads(text, 0, NULL);
    r = probe_result_from_json(j, &e);
    json_decref(j);
    if (r == NULL)
        fail_msg("%s: %s", e.msg, text);
    return r;
}

static void test_row(void **state)
{
    const struct row *row = *state;
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    AUTO(probe_result_freep) struct probe_result *r = result(row->check, row->sample, row->back);
    struct grading_verdict v = grading_judge(x, row->check, r, false);

    if (v.status != row->status || strstr(v.observed, row->observed) == NULL)
        fail_msg("%s: %s", grading_status_name(v.status), v.observed);
}

/* ---- names: questions for www, for the mail exchange, and for a random name ---- */
#define ASKED(answer, sightings) \
    "{\"sent_us\":0,\"reply_us\":900,\"tcp\":\"open\",\"answer\":" answer ",\"sightings\":[" sightings "]}"
#define UDP_SEEN TO_H2("request") "," FROM_H2("reply")
#define TCP_SEEN TO_H2("syn") "," FROM_H2("synack") "," TO_H2("data") "," FROM_H2("databack")
#define CODE(code, values) "{\"code\":" #code ",\"cut\":false,\"values\":[" values "]}"
#define WWW CODE(0, "\"10.0.2.81\",\"10.0.2.80\"")
#define MX CODE(0, "\"10 mail.lab.test\"")
#define NXDOMAIN CODE(3, "")
#define NAMES_OK ASKED(WWW, UDP_SEEN), ASKED(WWW, TCP_SEEN), ASKED(MX, UDP_SEEN), ASKED(MX, TCP_SEEN)

static const struct names_row {
    const char *name;
    const char *www, *www_tcp, *mx, *mx_tcp, *random; /* samples */
    enum grading_status status;
    unsigned good;
    const char *observed;
} names_rows[] = {
    {"names: as they should be", NAMES_OK, ASKED(NXDOMAIN, UDP_SEEN), GRADING_PASS, 3, "all records"},
    {"names: one of two addresses is missing", ASKED(CODE(0, "\"10.0.2.80\""), UDP_SEEN),
     ASKED(WWW, TCP_SEEN), ASKED(MX, UDP_SEEN), ASKED(MX, TCP_SEEN), ASKED(NXDOMAIN, UDP_SEEN), GRADING_FAIL,
     2, "(A) over UDP does not hold \"10.0.2.81\"."},
    {"names: a third address", ASKED(WWW, UDP_SEEN),
     ASKED(CODE(0, "\"10.0.2.80\",\"10.0.2.81\",\"10.0.2.82\""), TCP_SEEN), ASKED(MX, UDP_SEEN),
     ASKED(MX, TCP_SEEN), ASKED(NXDOMAIN, UDP_SEEN), GRADING_FAIL, 1, "over TCP also holds \"10.0.2.82\""},
    {"names: another preference", ASKED(WWW, UDP_SEEN), ASKED(WWW, TCP_SEEN),
     ASKED(CODE(0, "\"20 mail.lab.test\""), UDP_SEEN), ASKED(MX, TCP_SEEN), ASKED(NXDOMAIN, UDP_SEEN),
     GRADING_FAIL, 2, "is \"20 mail.lab.test\" instead of \"10 mail.lab.test\""},
    {"names: refused by policy", ASKED(CODE(5, ""), UDP_SEEN), ASKED(WWW, TCP_SEEN), ASKED(MX, UDP_SEEN),
     ASKED(MX, TCP_SEEN), ASKED(NXDOMAIN, UDP_SEEN), GRADING_FAIL, 1, "over UDP is REFUSED"},
    {"names: no answer over TCP", ASKED(WWW, UDP_SEEN), ASKED(WWW, TCP_SEEN), ASKED(MX, UDP_SEEN),
     ASKED(NO, TCP_SEEN), ASKED(NXDOMAIN, UDP_SEEN), GRADING_FAIL, 2, "over TCP arrived at h2:eth0, but no"},
    {"names: rubbish", ASKED(CODE(-2, ""), UDP_SEEN), ASKED(WWW, TCP_SEEN), ASKED(MX, UDP_SEEN),
     ASKED(MX, TCP_SEEN), ASKED(NXDOMAIN, UDP_SEEN), GRADING_FAIL, 1, "not a proper DNS message"},
    {"names: something else answers", ASKED(WWW, ""), ASKED(WWW, TCP_SEEN), ASKED(MX, UDP_SEEN),
     ASKED(MX, TCP_SEEN), ASKED(NXDOMAIN, UDP_SEEN), GRADING_FAIL, 1, "something else answered"},
    {"names: the answer is not the server's", ASKED(WWW, TO_H2("request")), ASKED(WWW, TCP_SEEN),
     ASKED(MX, UDP_SEEN), ASKED(MX, TCP_SEEN), ASKED(NXDOMAIN, UDP_SEEN), GRADING_FAIL, 1,
     "did not leave from h2:eth0"},
    {"names: a connection there, the data elsewhere", ASKED(WWW, UDP_SEEN),
     ASKED(WWW, TO_H2("syn") "," FROM_H2("synack")), ASKED(MX, UDP_SEEN), ASKED(MX, TCP_SEEN),
     ASKED(NXDOMAIN, UDP_SEEN), GRADING_FAIL, 1, "over TCP did not leave from h2:eth0"},
    {"names: any name has an address", NAMES_OK, ASKED(CODE(0, "\"10.0.2.80\""), UDP_SEEN), GRADING_FAIL, 0,
     "A random name below lab.test has the address 10.0.2.80"},
    {"names: any name exists", NAMES_OK, ASKED(CODE(0, ""), UDP_SEEN), GRADING_FAIL, 0,
     "is NOERROR instead of NXDOMAIN"},
};

static void test_names(void **state)
{
    const struct names_row *row = *state;
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    AUTO(mem_freep)
    char *text = xasprintf(
        "{\"probes\":[{\"id\":\"c%d-0-0\",\"samples\":[%s]},{\"id\":\"c%d-0-1\",\"samples\":[%s]},"
        "{\"id\":\"c%d-2-0\",\"samples\":[%s]},{\"id\":\"c%d-2-1\",\"samples\":[%s]},"
        "{\"id\":\"c%d-3-0\",\"samples\":[%s]}]}",
        NAMES, row->www, NAMES, row->www_tcp, NAMES, row->mx, NAMES, row->mx_tcp, NAMES, row->random);
    json_t *j = json_loads(text, 0, NULL);
    AUTO(probe_result_freep) struct probe_result *r = probe_result_from_json(j, NULL);
    struct grading_verdict v;

    json_decref(j);
    assert_non_null(r);
    v = grading_judge(x, NAMES, r, false);
    if (v.status != row->status || strstr(v.observed, row->observed) == NULL)
        fail_msg("%s: %s", grading_status_name(v.status), v.observed);
    assert_int_equal(v.good, row->good);
}

/* ---- pages ---- */
#define PAGED(code, found) "{\"code\":" #code ",\"found\":" #found ",\"values\":[\"<p>Hi\"]}"
#define PAGE_OK ASKED(PAGED(200, true), TCP_SEEN)
#define PAGE_NONE ASKED(PAGED(404, true), TCP_SEEN)

static const struct site_row {
    const char *name, *page, *none; /* samples */
    enum grading_status status;
    const char *observed;
} site_rows[] = {
    {"site: as it should be", PAGE_OK, PAGE_NONE, GRADING_PASS, "answered for /x"},
    {"site: another status", ASKED(PAGED(403, true), TCP_SEEN), PAGE_NONE, GRADING_FAIL,
     "status 403 instead of 200"},
    {"site: another page", ASKED(PAGED(200, false), TCP_SEEN), PAGE_NONE, GRADING_FAIL,
     "does not hold \"Welcome\". It begins with \"<p>Hi\""},
    {"site: anything is found", PAGE_OK, PAGE_OK, GRADING_FAIL, "random name"},
    {"site: rubbish", ASKED(CODE(-2, ""), TCP_SEEN), PAGE_NONE, GRADING_FAIL, "is not HTTP"},
    {"site: nothing is said", ASKED(NO, TCP_SEEN), PAGE_NONE, GRADING_FAIL, "No answer came"},
    {"site: refused", SAMPLE("900", "\"refused\"", ""), PAGE_NONE, GRADING_FAIL, "was refused"},
    {"site: something else answers", ASKED(PAGED(200, true), ""), PAGE_NONE, GRADING_FAIL,
     "something else answered"},
    {"site: a connection there, the request elsewhere",
     ASKED(PAGED(200, true), TO_H2("syn") "," FROM_H2("synack")), PAGE_NONE, GRADING_FAIL,
     "was not seen at h2:eth0"},
    {"site: the request there, the answer from elsewhere",
     ASKED(PAGED(200, true), TO_H2("syn") "," FROM_H2("synack") "," TO_H2("data")), PAGE_NONE, GRADING_FAIL,
     "did not leave from h2:eth0"},
    {"site: the random page is answered by something else", PAGE_OK, ASKED(PAGED(404, true), ""),
     GRADING_FAIL, "something else answered"},
};

static void test_site(void **state)
{
    const struct site_row *row = *state;
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    AUTO(mem_freep)
    char *text = xasprintf(
        "{\"probes\":[{\"id\":\"c%d-0-0\",\"samples\":[%s]},{\"id\":\"c%d-0-1\",\"samples\":[%s]}]}", SITE,
        row->page, SITE, row->none);
    json_t *j = json_loads(text, 0, NULL);
    AUTO(probe_result_freep) struct probe_result *r = probe_result_from_json(j, NULL);
    struct grading_verdict v;

    json_decref(j);
    assert_non_null(r);
    v = grading_judge(x, SITE, r, false);
    if (v.status != row->status || strstr(v.observed, row->observed) == NULL)
        fail_msg("%s: %s", grading_status_name(v.status), v.observed);
}

/* ---- what is ours is an error, never a failure ---- */
static void test_lost_packets_are_an_error(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    AUTO(probe_result_freep) struct probe_result *r = result(UNREACH, SAMPLE(NO, NO, ""), NULL);

    (void)state;
    r->lost = 1;
    assert_int_equal(grading_judge(x, UNREACH, r, false).status, GRADING_ERROR);
}

static void test_missing_probe_is_an_error(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    AUTO(probe_result_freep) struct probe_result *r = result(REACH, SAMPLE(NO, NO, ""), NULL);

    (void)state;
    assert_int_equal(grading_judge(x, UNREACH, r, false).status, GRADING_ERROR);
}

static void test_probe_without_samples_is_an_error(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    AUTO(probe_result_freep) struct probe_result *r = result(UNREACH, "", NULL);

    (void)state;
    assert_int_equal(grading_judge(x, UNREACH, r, false).status, GRADING_ERROR);
}

static void test_failed_probe_is_an_error(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    AUTO(probe_result_freep) struct probe_result *r = result(UNREACH, SAMPLE(NO, NO, ""), NULL);
    struct grading_verdict v;

    (void)state;
    snprintf(r->probes[0].error, sizeof r->probes[0].error, "No buffer space available");
    v = grading_judge(x, UNREACH, r, false);
    assert_int_equal(v.status, GRADING_ERROR);
    assert_non_null(strstr(v.observed, "No buffer space"));
}

/* ---- cuts ---- */
#define GOOD(us) \
    "{\"sent_us\":" #us \
    ",\"reply_us\":1,\"tcp\":null,\"sightings\":[" TO_H2("request") "," FROM_H2("reply") "]}"
#define BAD(us) "{\"sent_us\":" #us ",\"reply_us\":null,\"tcp\":null,\"sightings\":[]}"

static const struct cut_row {
    const char *name, *samples;
    enum grading_status status;
    int64_t after_ms;
} cut_rows[] = {
    {"never again", BAD(0) "," BAD(250000) "," BAD(500000) "," BAD(750000), GRADING_FAIL, -1},
    {"not interrupted", GOOD(0) "," GOOD(250000) "," GOOD(500000), GRADING_PASS, 0},
    {"back after a while", BAD(0) "," BAD(250000) "," GOOD(500000) "," GOOD(750000) "," GOOD(1000000),
     GRADING_PASS, 500},
    {"back, gone, back",
     GOOD(0) "," GOOD(250000) "," GOOD(500000) "," BAD(750000) "," GOOD(1000000) "," GOOD(1250000),
     GRADING_FAIL, -1},
    {"back too late to hold", BAD(0) "," BAD(250000) "," GOOD(500000) "," GOOD(750000), GRADING_FAIL, -1},
};

static void test_cut(void **state)
{
    const struct cut_row *row = *state;
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    AUTO(probe_result_freep) struct probe_result *r = result(CUT, row->samples, NULL);
    struct grading_verdict v = grading_judge_cut(x, CUT, r);

    assert_int_equal(v.status, row->status);
    assert_int_equal(v.after_ms, row->after_ms);
}

/* A cut of a link that is not used would prove nothing. */
static void test_before_cut_must_use_the_link(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    AUTO(probe_result_freep)
    struct probe_result
        *unused =
            result(CUT, SAMPLE("900", NO, AT("l2", 100) "," TO_H2("request") "," FROM_H2("reply")), NULL),
        *used = result(CUT, SAMPLE("900", NO, AT("l1", 100) "," TO_H2("request") "," FROM_H2("reply")), NULL),
        *dead = result(CUT, SAMPLE(NO, NO, ""), NULL);
    struct grading_verdict v;

    (void)state;
    v = grading_judge(x, CUT, unused, true);
    assert_int_equal(v.status, GRADING_FAIL);
    assert_non_null(strstr(v.observed, "did not use link l1"));
    assert_int_equal(grading_judge(x, CUT, used, true).status, GRADING_PASS);
    v = grading_judge(x, CUT, dead, true);
    assert_int_equal(v.status, GRADING_FAIL);
    assert_non_null(strstr(v.observed, "Already before the cut"));
}

/* ---- dependencies ---- */
static void all(struct grading_verdict *v, enum grading_status s)
{
    for (size_t i = 0; i < CHECKS; i++)
        v[i] = (struct grading_verdict){.status = s, .after_ms = -1};
}

static void test_all_pass_stays(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    struct grading_verdict v[CHECKS];

    (void)state;
    all(v, GRADING_PASS);
    grading_block(x, v, NULL);
    for (size_t i = 0; i < CHECKS; i++)
        assert_int_equal(v[i].status, GRADING_PASS);
}

static void test_silence_without_control_is_blocked(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    struct grading_verdict v[CHECKS];

    (void)state;
    all(v, GRADING_PASS);
    v[OPEN].status = GRADING_FAIL;
    grading_block(x, v, NULL);
    assert_int_equal(v[CLOSED].status, GRADING_BLOCKED);
    assert_int_equal(v[FILTERED].status, GRADING_BLOCKED);
    assert_int_equal(v[UNREACH].status, GRADING_PASS);
    assert_int_equal(v[NEEDS].status, GRADING_BLOCKED);
    assert_non_null(strstr(v[CLOSED].observed, "\"Open\""));
    assert_int_equal(v[OPEN].status, GRADING_FAIL);
}

static void test_error_spreads_as_error(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    struct grading_verdict v[CHECKS];

    (void)state;
    all(v, GRADING_PASS);
    v[REACH].status = GRADING_ERROR;
    grading_block(x, v, NULL);
    assert_int_equal(v[UNREACH].status, GRADING_ERROR);
    assert_int_equal(v[NEEDS].status, GRADING_ERROR);
}

static void test_skipped_is_left_alone(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    struct grading_verdict v[CHECKS];
    bool skip[CHECKS] = {[NEEDS] = true};

    (void)state;
    all(v, GRADING_PASS);
    v[REACH].status = GRADING_FAIL;
    grading_block(x, v, skip);
    assert_int_equal(v[NEEDS].status, GRADING_PASS);
}

int main(void)
{
    const struct CMUnitTest more[] = {
        cmocka_unit_test(test_lost_packets_are_an_error),
        cmocka_unit_test(test_missing_probe_is_an_error),
        cmocka_unit_test(test_probe_without_samples_is_an_error),
        cmocka_unit_test(test_failed_probe_is_an_error),
        cmocka_unit_test(test_before_cut_must_use_the_link),
        cmocka_unit_test(test_all_pass_stays),
        cmocka_unit_test(test_silence_without_control_is_blocked),
        cmocka_unit_test(test_error_spreads_as_error),
        cmocka_unit_test(test_skipped_is_left_alone),
    };
    struct CMUnitTest tests[ARRAY_LEN(rows) + ARRAY_LEN(cut_rows) + ARRAY_LEN(names_rows) +
                            ARRAY_LEN(site_rows) + ARRAY_LEN(more)];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(site_rows); i++)
        tests[n++] =
            (struct CMUnitTest){site_rows[i].name, test_site, NULL, NULL, (void *)(uintptr_t)&site_rows[i]};
    for (size_t i = 0; i < ARRAY_LEN(names_rows); i++)
        tests[n++] = (struct CMUnitTest){names_rows[i].name, test_names, NULL, NULL,
                                         (void *)(uintptr_t)&names_rows[i]};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        tests[n++] = (struct CMUnitTest){rows[i].name, test_row, NULL, NULL, (void *)(uintptr_t)&rows[i]};
    for (size_t i = 0; i < ARRAY_LEN(cut_rows); i++)
        tests[n++] =
            (struct CMUnitTest){cut_rows[i].name, test_cut, NULL, NULL, (void *)(uintptr_t)&cut_rows[i]};
    memcpy(tests + n, more, sizeof more);
    return cmocka_run_group_tests_name("grading_judge", tests, NULL, NULL);
}
