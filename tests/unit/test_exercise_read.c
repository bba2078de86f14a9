/* What authors get wrong: each row is one file with one problem, its line and a part of its message. */
#include "grading/exercise.h"
#include "labd/base/buf.h"
#include "labd/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char topology[] =
    "<topology name='t'><host name='h1'><interface name='eth0' network='lan1'><address>10.0.1.10/24</address></interface></host>"
    "<router name='r1'><interface name='eth0' network='lan1'/><interface name='eth1' network='lan2'/><interface name='eth2'/></router>"
    "<host name='h2'><interface name='eth0' network='lan2'/></host><network name='lan1'/><network name='lan2'/>"
    "<host name='h3'><interface name='eth0'/></host><link name='l1' a='r1:eth2' b='h3:eth0'/><switch name='sw1'/></topology>";

/* Line 1: <exercise>; 2: metadata; 3: <grading>; 4: references; 5 and on: checks. */
#define FILE_(attrs, meta, gattrs, refs, checks) \
    "<exercise " attrs ">\n" meta "\n<grading " gattrs ">\n" refs "\n" checks "\n</grading></exercise>"
#define ID "id='x' title='X'"
#define META "<summary>s</summary><topology file='topology.xml'/>"
#define REFS \
    "<reference name='a' at='lan1' address='10.0.1.250/24' gateway='10.0.1.1'/>" \
    "<reference name='b' at='lan2' address='10.0.2.250/24' gateway='10.0.2.1' address6='fd00::fa/64'/>"
#define OK \
    "<check id='c1' kind='reachability' title='t' points='10' from='a' to='10.0.2.10' seen-at='h2:eth0'/>"
#define CHECKS(more) FILE_(ID, META, "", REFS, OK "\n" more)
#define N(id) \
    "<check id='n" id \
    "' kind='nat' title='t' points='1' from='a' to='10.0.2.9' seen-at='h2:eth0' as='10.0.9.1' " \
    "becomes='10.0.8.1'/>"
#define N4(id) N(id "1") N(id "2") N(id "3") N(id "4")
#define H "<hint>h</hint>"
#define ONE(text) FILE_(ID, META, "", REFS, text)

static const struct row {
    const char *name, *xml;
    int line; /* 0: accepted */
    const char *error;
} rows[] = {
    {"smallest", ONE(OK), 0, NULL},
    {"after an xml-model", "<?xml-model href='e.rng' type='application/xml'?>\n" ONE(OK), 0, NULL},
    {"between references", ONE("<check id='c' kind='reachability' title='t' points='1' from='a' to='b'/>"), 0,
     NULL},
    {"all kinds",
     CHECKS(
         "<check id='c2' kind='unreachable' title='t' points='1' control='c1' from='a' to='10.0.2.11' seen-at='h2:eth0'/>"
         "<check id='c3' kind='tcp-open' title='t' points='1' from='a' to='10.0.2.10' port='80' seen-at='h2:eth0'/>"
         "<check id='c4' kind='tcp-closed' title='t' points='1' control='c3' from='a' to='10.0.2.10' port='22' seen-at='h2:eth0' expect='refused'/>"
         "<check id='c5' kind='path' title='t' points='1' requires='c1 c3' from='a' to='10.0.2.10' seen-at='h2:eth0' avoids='l1'/>"
         "<check id='c6' kind='path' title='t' points='1' requires='c5' from='a' to='10.0.2.10' seen-at='h2:eth0' cut='l1' settle='5s'/>"
         "<check id='c7' kind='nat' title='t' points='1' proto='tcp' port='80' from='a' to='10.0.1.1' seen-at='h2:eth0' becomes='10.0.2.10'/>"),
     0, NULL},
    {"not XML", "<exercise", 1, ""},
    {"a DTD", "<!DOCTYPE exercise [<!ENTITY a 'b'>]>\n<exercise/>", 1, "DOCTYPE"},
    {"another root", "<topology name='t'/>", 1, "root element is not <exercise>"},
    {"a namespace", "<exercise xmlns='urn:x' id='x'/>", 1, ""},
    {"no id", FILE_("title='X'", META, "", REFS, OK), 1, "needs the attribute 'id'"},
    {"id with capitals", FILE_("id='X' title='X'", META, "", REFS, OK), 1, "a name is"},
    {"no title", FILE_("id='x'", META, "", REFS, OK), 1, "needs the attribute 'title'"},
    {"blank title", FILE_("id='x' title=' '", META, "", REFS, OK), 1, "it is empty"},
    {"misspelt attribute", FILE_(ID " minuts='5'", META, "", REFS, OK), 1, "did you mean 'minutes'?"},
    {"minutes in words", FILE_(ID " minutes='ten'", META, "", REFS, OK), 1, "whole number"},
    {"no summary", FILE_(ID, "<topology file='topology.xml'/>", "", REFS, OK), 1, "needs a <summary>"},
    {"two summaries", FILE_(ID, META "\n<summary>t</summary>", "", REFS, OK), 3, "only one <summary>"},
    {"empty summary", FILE_(ID, "<summary/><topology file='t.xml'/>", "", REFS, OK), 2, "<summary> is empty"},
    {"misspelt element", FILE_(ID, META "<hints>x</hints>", "", REFS, OK), 2, "<hints> is not allowed"},
    {"loose text", FILE_(ID, META "hello", "", REFS, OK), 1, "may not hold the text"},
    {"topology elsewhere", FILE_(ID, "<summary>s</summary><topology file='../topology.xml'/>", "", REFS, OK),
     2, "plain name"},
    {"hidden topology", FILE_(ID, "<summary>s</summary><topology file='.x'/>", "", REFS, OK), 2,
     "plain name"},
    {"solution elsewhere", FILE_(ID, META "<solution dir='/etc'/>", "", REFS, OK), 2, "plain name"},
    {"wrong solution elsewhere",
     FILE_(ID, META "<solution dir='s'/><wrong dir='wrong/../..' score='1'>w</wrong>", "", REFS, OK), 2,
     "plain name"},
    {"wrong solution without reason",
     FILE_(ID, META "<solution dir='s'/><wrong dir='w' score='1'/>", "", REFS, OK), 2, "<wrong> is empty"},
    {"wrong solution with full score",
     FILE_(ID, META "<solution dir='s'/><wrong dir='w' score='10'>w</wrong>", "", REFS, OK), 2,
     "then it is not wrong"},
    {"wrong solution twice",
     FILE_(ID,
           META "<solution dir='s'/><wrong dir='w' score='1'>w</wrong>\n<wrong dir='w' score='2'>w</wrong>",
           "", REFS, OK),
     3, "already"},
    {"wrong without solution", FILE_(ID, META "<wrong dir='w' score='1'>w</wrong>", "", REFS, OK), 1,
     "no <solution>"},
    {"attempts", FILE_(ID, META "<attempts policy='last' max='1000' cooldown='1440m'/>", "", REFS, OK), 0,
     NULL},
    {"attempts without rules", FILE_(ID, META "<attempts/>", "", REFS, OK), 0, NULL},
    {"attempts twice", FILE_(ID, META "<attempts/><attempts/>", "", REFS, OK), 2, "only one <attempts>"},
    {"unknown policy", FILE_(ID, META "<attempts policy='lost'/>", "", REFS, OK), 2, "did you mean 'last'?"},
    {"no attempts at all", FILE_(ID, META "<attempts max='0'/>", "", REFS, OK), 2, "from 1 to 1000"},
    {"cooldown without unit", FILE_(ID, META "<attempts cooldown='60'/>", "", REFS, OK), 2, "such as"},
    {"cooldown of days", FILE_(ID, META "<attempts cooldown='1441m'/>", "", REFS, OK), 2, "such as"},
    {"text in attempts", FILE_(ID, META "<attempts>three</attempts>", "", REFS, OK), 2, "may not hold"},
    {"deadline without unit", FILE_(ID, META, "deadline='60'", REFS, OK), 3, "such as"},
    {"deadline too long", FILE_(ID, META, "deadline='11m'", REFS, OK), 3, "such as"},
    {"hold zero", FILE_(ID, META, "hold='0'", REFS, OK), 3, "from 1 to 10"},
    {"no references", FILE_(ID, META, "", "", OK), 3, "needs a <reference>"},
    {"no checks", FILE_(ID, META, "", REFS, ""), 3, "needs a <check>"},
    {"reference twice",
     FILE_(ID, META, "", REFS "<reference name='a' at='lan1' address='10.0.1.251/24'/>", OK), 4, "already"},
    {"reference nowhere",
     FILE_(ID, META, "", REFS "<reference name='c' at='lan3' address='10.0.1.251/24'/>", OK), 4, "no 'lan3'"},
    {"reference on a node",
     FILE_(ID, META, "", REFS "<reference name='c' at='h1' address='10.0.1.251/24'/>", OK), 4, "is a host"},
    {"reference on a link",
     FILE_(ID, META, "", REFS "<reference name='c' at='l1' address='10.0.1.251/24'/>", OK), 4, "is a link"},
    {"VLAN on a network",
     FILE_(ID, META, "", REFS "<reference name='c' at='lan1' vlan='10' address='10.0.1.251/24'/>", OK), 4,
     "no VLANs"},
    {"VLAN out of range",
     FILE_(ID, META, "", REFS "<reference name='c' at='sw1' vlan='4095' address='10.0.1.251/24'/>", OK), 4,
     "from 1 to 4094"},
    {"reference without address", FILE_(ID, META, "", REFS "<reference name='c' at='lan1'/>", OK), 4,
     "needs an address"},
    {"address without prefix",
     FILE_(ID, META, "", REFS "<reference name='c' at='lan1' address='10.0.1.251'/>", OK), 4,
     "ADDRESS/PREFIX"},
    {"IPv6 as IPv4", FILE_(ID, META, "", REFS "<reference name='c' at='lan1' address='fd00::1/64'/>", OK), 4,
     "must be an IPv4"},
    {"gateway outside",
     FILE_(ID, META, "", REFS "<reference name='c' at='lan1' address='10.0.1.251/24' gateway='10.0.2.1'/>",
           OK),
     4, "outside its prefix"},
    {"gateway without address",
     FILE_(ID, META, "", REFS "<reference name='c' at='lan1' address='10.0.1.251/24' gateway6='fd00::1'/>",
           OK),
     4, "no address of its family"},
    {"address of a node",
     FILE_(ID, META, "", REFS "<reference name='c' at='lan1' address='10.0.1.10/24'/>", OK), 4,
     "belongs to h1:eth0"},
    {"reference on a misspelt network",
     FILE_(ID, META, "", REFS "<reference name='c' at='lan3' address='10.0.1.251/24'/>", OK), 4,
     "the topology has no 'lan3' (did you mean 'lan"},
    {"requires a misspelt check",
     CHECKS(OK
            "<check id='pong-2' kind='reachability' title='t' points='1' from='a' to='b' requires='pign'/>"),
     6, "which does not exist"},
    {"from a misspelt reference",
     ONE("<check id='c' kind='reachability' title='t' points='1' from='ab' to='b'/>"), 5,
     "there is no reference 'ab'"},
    {"check twice", CHECKS(OK), 6, "already"},
    {"unknown kind", ONE("<check id='c' kind='reachabilty' title='t' points='1' from='a' to='b'/>"), 5,
     "did you mean 'reachability'?"},
    {"points negative", ONE("<check id='c' kind='reachability' title='t' points='-1' from='a' to='b'/>"), 5,
     "whole number"},
    {"no points at all", ONE("<check id='c' kind='reachability' title='t' points='0' from='a' to='b'/>"), 1,
     "no check gives any points"},
    {"from nowhere", ONE("<check id='c' kind='reachability' title='t' points='1' from='z' to='b'/>"), 5,
     "no reference 'z'"},
    {"to nowhere", ONE("<check id='c' kind='reachability' title='t' points='1' from='a' to='z'/>"), 5,
     "neither an address nor a reference"},
    {"to itself", ONE("<check id='c' kind='reachability' title='t' points='1' from='a' to='a'/>"), 5,
     "to itself"},
    {"to another family",
     ONE("<check id='c' kind='reachability' title='t' points='1' from='a' to='fd00::1' seen-at='h2:eth0'/>"),
     5, "no address of the family"},
    {"no gateway towards the target",
     ONE("<check id='c' kind='reachability' title='t' points='1' from='b' to='fd01::1' seen-at='h2:eth0'/>"),
     5, "no gateway"},
    {"no seen-at", ONE("<check id='c' kind='reachability' title='t' points='1' from='a' to='10.0.2.10'/>"), 5,
     "needs seen-at"},
    {"seen-at an unknown interface",
     ONE("<check id='c' kind='reachability' title='t' points='1' from='a' to='10.0.2.10' seen-at='h2:eth1'/>"),
     5, "no port 'h2:eth1'"},
    {"seen-at a network",
     ONE("<check id='c' kind='reachability' title='t' points='1' from='a' to='10.0.2.10' seen-at='lan2:a'/>"),
     5, "no port"},
    {"seen-at without interface",
     ONE("<check id='c' kind='reachability' title='t' points='1' from='a' to='10.0.2.10' seen-at='h2'/>"), 5,
     "NODE:INTERFACE"},
    {"seen-at with a reference",
     ONE("<check id='c' kind='reachability' title='t' points='1' from='a' to='b' seen-at='h2:eth0'/>"), 5,
     "itself"},
    {"TCP without port",
     ONE("<check id='c' kind='tcp-open' title='t' points='1' from='a' to='10.0.2.10' seen-at='h2:eth0'/>"), 5,
     "needs the attribute 'port'"},
    {"port for an echo",
     ONE("<check id='c' kind='reachability' title='t' points='1' port='80' from='a' to='b'/>"), 5,
     "proto that has ports"},
    {"port zero", ONE("<check id='c' kind='tcp-open' title='t' points='1' port='0' from='a' to='b'/>"), 5,
     "from 1 to 65535"},
    {"negative without control",
     CHECKS(
         "<check id='c' kind='unreachable' title='t' points='1' from='a' to='10.0.2.9' seen-at='h2:eth0'/>"),
     6, "needs a control"},
    {"control that does not exist",
     CHECKS(
         "<check id='c' kind='unreachable' title='t' points='1' control='z' from='a' to='10.0.2.9' seen-at='h2:eth0'/>"),
     6, "no check 'z'"},
    {"control that is negative",
     CHECKS(
         "<check id='c' kind='unreachable' title='t' points='1' control='c1' from='a' to='10.0.2.9' seen-at='h2:eth0'/>\n"
         "<check id='d' kind='unreachable' title='t' points='1' control='c' from='a' to='10.0.2.9' seen-at='h2:eth0'/>"),
     7, "something passes"},
    {"control of a positive check",
     CHECKS("<check id='c' kind='reachability' title='t' points='1' control='c1' from='a' to='b'/>"), 6,
     "<check kind=\"reachability\"> has no attribute 'control'"},
    {"requires nothing known",
     CHECKS("<check id='c' kind='reachability' title='t' points='1' requires='c1 z' from='a' to='b'/>"), 6,
     "requires 'z'"},
    {"requires itself",
     ONE("<check id='c' kind='reachability' title='t' points='1' requires='c' from='a' to='b'/>"), 5,
     "depends on itself"},
    {"requires in a circle",
     ONE("<check id='c' kind='reachability' title='t' points='1' requires='d' from='a' to='b'/>\n"
         "<check id='d' kind='reachability' title='t' points='1' requires='c' from='a' to='b'/>"),
     5, "depends on itself"},
    {"circle through a control",
     ONE("<check id='c' kind='reachability' title='t' points='1' requires='d' from='a' to='b'/>\n"
         "<check id='d' kind='unreachable' title='t' points='1' control='c' from='a' to='10.0.2.9' seen-at='h2:eth0'/>"),
     5, "depends on itself"},
    {"requires what runs later",
     CHECKS("<check id='c' kind='path' title='t' points='1' from='a' to='b' cut='l1'/>\n"
            "<check id='d' kind='reachability' title='t' points='1' requires='c' from='a' to='b'/>"),
     7, "runs later"},
    {"path without a path", CHECKS("<check id='c' kind='path' title='t' points='1' from='a' to='b'/>"), 6,
     "needs via, avoids or cut"},
    {"path over an unknown link",
     CHECKS("<check id='c' kind='path' title='t' points='1' from='a' to='b' via='l2'/>"), 6,
     "not in the topology"},
    {"path over a node", CHECKS("<check id='c' kind='path' title='t' points='1' from='a' to='b' via='r1'/>"),
     6, "not a link"},
    {"path over the link that is cut",
     CHECKS("<check id='c' kind='path' title='t' points='1' from='a' to='b' via='l1' cut='l1'/>"), 6,
     "can never pass"},
    {"path over the link to avoid",
     CHECKS("<check id='c' kind='path' title='t' points='1' from='a' to='b' via='l1' avoids='l1'/>"), 6,
     "can never pass"},
    {"via for reachability",
     CHECKS("<check id='c' kind='reachability' title='t' points='1' from='a' to='b' via='l1'/>"), 6,
     "has no attribute 'via'"},
    {"no time to settle",
     FILE_(ID, META, "hold='5'", REFS,
           "<check id='c' kind='path' title='t' points='1' from='a' to='b' cut='l1' settle='2s'/>"),
     5, "too short"},
    {"expect on an open port",
     CHECKS(
         "<check id='c' kind='tcp-open' title='t' points='1' port='80' expect='filtered' from='a' to='b'/>"),
     6, "has no attribute 'expect'"},
    {"filtered, but nobody looks",
     CHECKS(
         "<check id='o' kind='tcp-open' title='t' points='1' port='80' from='a' to='10.0.2.10' seen-at='h2:eth0'/>\n"
         "<check id='c' kind='tcp-closed' title='t' points='1' port='22' control='o' expect='filtered' from='a' to='10.0.2.10'/>"),
     7, "filtered port from a refused"},
    {"hops of what must not arrive",
     CHECKS(
         "<check id='c' kind='unreachable' title='t' points='1' control='c1' hops='1' from='a' to='10.0.2.9' seen-at='h2:eth0'/>"),
     6, "has no attribute 'hops'"},
    {"translation of what",
     CHECKS("<check id='c' kind='nat' title='t' points='1' from='a' to='10.0.2.9' seen-at='h2:eth0'/>"), 6,
     "nat needs 'as'"},
    {"translation nobody watches",
     CHECKS("<check id='c' kind='nat' title='t' points='1' from='a' to='10.0.2.9' as='10.0.2.1'/>"), 6,
     "needs seen-at"},
    {"translation to another family",
     CHECKS(
         "<check id='c' kind='nat' title='t' points='1' from='a' to='10.0.2.9' seen-at='h2:eth0' as='fd00::1'/>"),
     6, "of the family"},
    {"translation to no address",
     CHECKS(
         "<check id='c' kind='nat' title='t' points='1' from='a' to='10.0.2.9' seen-at='h2:eth0' as='r1'/>"),
     6, "IPv4 or IPv6 address"},
    {"translation to a test host",
     CHECKS("<check id='c' kind='nat' title='t' points='1' from='a' to='b' becomes='10.0.2.9'/>"), 6,
     "before the translation"},
    {"translated connection without port",
     CHECKS(
         "<check id='c' kind='nat' proto='tcp' title='t' points='1' from='a' to='10.0.2.9' seen-at='h2:eth0' as='10.0.2.1'/>"),
     6, "needs a port"},
    {"more translations than a capture filter holds", CHECKS(N4("a") N4("b") N4("c") N4("d") N4("e")), 1,
     "more than 32 addresses"},
    {"TCP where it has a kind of its own",
     CHECKS(
         "<check id='c' kind='reachability' proto='tcp' title='t' points='1' from='a' to='10.0.2.9' seen-at='h2:eth0'/>"),
     6, "not known here"},
    {"UDP without port",
     CHECKS(
         "<check id='c' kind='reachability' proto='udp' title='t' points='1' from='a' to='10.0.2.9' seen-at='h2:eth0'/>"),
     6, "needs a port"},
    {"hops of what nobody watches",
     CHECKS("<check id='c' kind='tcp-open' title='t' points='1' port='80' hops='1' from='a' to='10.0.2.9'/>"),
     6, "hops needs"},
    {"unknown kind says nothing of its attributes",
     CHECKS("<check id='c' kind='pathh' title='t' points='1' from='a' to='b' via='l1'/>"), 6,
     "did you mean 'path'?"},
    {"hint after nothing",
     ONE("<check id='c' kind='reachability' title='t' points='1' from='a' to='b'><hint after='0'>h</hint></check>"),
     5, "from 1 to 1000"},
    {"too many hints",
     ONE("<check id='c' kind='reachability' title='t' points='1' from='a' to='b'>" H H H H H H H H "\n" H
         "</check>"),
     6, "at most 8 hints"},
    {"element in a hint",
     ONE("<check id='c' kind='reachability' title='t' points='1' from='a' to='b'><hint>a <b>b</b></hint></check>"),
     5, "<b> is not allowed"},
};

static void test_row(void **state)
{
    const struct row *r = *state;
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(buf_clear) struct buf all = BUF_INIT;
    AUTO(exercise_freep) struct exercise *x = NULL;
    struct err e = {0};

    x = exercise_load_mem(r->xml, strlen(r->xml), topology, sizeof topology - 1, &m, NULL, &e);
    topo_msgs_print(&m, "x", &all);
    if (r->line == 0) {
        if (x == NULL)
            fail_msg("%s: %s", e.msg, buf_str(&all));
        assert_int_equal(m.n, 0);
        return;
    }
    assert_null(x);
    assert_string_not_equal(e.msg, "");
    for (size_t i = 0; i < m.n; i++)
        if (m.items[i].line == r->line && m.items[i].severity == TOPO_ERROR &&
            strstr(m.items[i].text, r->error) != NULL)
            return;
    fail_msg("not found; %s", buf_str(&all));
}

static void test_all_problems_at_once(void **state)
{
    static const char xml[] =
        FILE_(ID " x='1'", META "<oops/>", "hold='99'",
              REFS "<reference name='c' at='nowhere' address='10.9.9.9/8'/>",
              "<check id='c' kind='reachability' title='t' points='1' from='q' to='b'/>");
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;

    (void)state;
    assert_null(exercise_load_mem(xml, sizeof xml - 1, topology, sizeof topology - 1, &m, NULL, NULL));
    assert_int_equal(m.nerrors, 5);
    for (int i = 0; i < 5; i++)
        assert_int_equal(m.items[i].line, i + 1);
}

static void test_values(void **state)
{
    static const char xml[] = FILE_(
        "id='x' title='A\n  title' level='beginner' minutes='5' version='3'",
        META "<attempts policy='last' max='5' cooldown='90s'/>", "deadline='1m' hold='4' interval='250ms'",
        REFS,
        "<check id='c' kind='path' title='t' points='7' from='a' to='10.0.2.10' seen-at='h2:eth0' hops='2' both='no' "
        "avoids=' l1 ' ><hint> Look\n at it. </hint><hint after='3'>Closer.</hint></check>");
    AUTO(exercise_freep) struct exercise *x = NULL;
    const struct exercise_check *c;
    struct err e = {0};

    (void)state;
    x = exercise_load_mem(xml, sizeof xml - 1, topology, sizeof topology - 1, NULL, NULL, &e);
    if (x == NULL) {
        fail_msg("%s", e.msg);
        return;
    }
    c = &x->checks[0];
    assert_string_equal(x->title, "A title");
    assert_int_equal(x->deadline_ms, 60000);
    assert_int_equal(x->hold, 4);
    assert_int_equal(x->interval_ms, 250);
    assert_int_equal(x->version, 3);
    assert_int_equal(x->rules.policy, EXERCISE_LAST);
    assert_int_equal(x->rules.max, 5);
    assert_int_equal(x->rules.cooldown_ms, 90000);
    assert_int_equal(exercise_max_score(x), 7);
    assert_int_equal(c->hops, 2);
    assert_false(c->both);
    assert_string_equal(c->avoids.v[0], "l1");
    assert_int_equal(c->nhints, 2);
    assert_string_equal(c->hints[0].text, "Look at it.");
    assert_int_equal(c->hints[0].after, 1);
    assert_int_equal(c->hints[1].after, 3);
    assert_int_equal(x->refs[1].nnets, 2);
}

static void test_bad_topology(void **state)
{
    static const char xml[] = ONE(OK), bad[] = "<topology name='t'>\n<host/></topology>";
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT, tm = TOPO_MSGS_INIT;
    struct err e = {0};

    (void)state;
    assert_null(exercise_load_mem(xml, sizeof xml - 1, bad, sizeof bad - 1, &m, &tm, &e));
    assert_int_equal(m.nerrors, 0);
    assert_true(tm.nerrors > 0);
    assert_non_null(strstr(e.msg, "topology"));
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 3];
    size_t n = 0;

    for (; n < ARRAY_LEN(rows); n++)
        tests[n] = (struct CMUnitTest){rows[n].name, test_row, NULL, NULL, (void *)(uintptr_t)&rows[n]};
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_all_problems_at_once);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_values);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_bad_topology);
    return cmocka_run_group_tests_name("exercise_read", tests, NULL, NULL);
}
