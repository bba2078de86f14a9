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
#define ADDRESS(attrs) "<check id='c' kind='address' title='t' points='1'><interface " attrs "/></check>"
#define FIREWALL(flows) "<check id='c' kind='firewall' title='t' points='1'>" flows "</check>"
#define PASS "<flow from='a' to='b' proto='tcp' port='80' expect='pass' state='established'/>"
#define VPN(attrs) "<check id='c' kind='vpn' title='t' points='1' from='a' " attrs "/>"
#define ASK(attrs) "<check id='q' kind='answer' title='t' points='1' " attrs "/>"
#define H "<hint>h</hint>"
#define ONE(text) FILE_(ID, META, "", REFS, text)
#define DNS_(zone, records) \
    "<check id='c' kind='dns' title='t' points='1' from='a' to='10.0.2.10' seen-at='h2:eth0' zone='" zone \
    "'>" records "</check>"
#define DNS(records) DNS_("lab.test", records)
#define RR(name, type, value) "<record name='" name "' type='" type "'>" value "</record>"
#define WWW RR("www.lab.test", "A", "10.0.2.80")
#define WWW2 RR("WWW.lab.test.", "A", "10.0.2.81")
#define PAGE(attrs) \
    "<check id='c' kind='http' title='t' points='1' from='a' to='10.0.2.10' seen-at='h2:eth0' " attrs "/>"
#define LABEL "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffff."

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
         "<check id='c7' kind='nat' title='t' points='1' proto='tcp' port='80' from='a' to='10.0.1.1' seen-at='h2:eth0' becomes='10.0.2.10'/>"
         "<check id='c8' kind='address' title='t' points='1'><interface port='h2:eth0' from='b' address='10.0.2.10'/><hint>h</hint>"
         "<interface port='h2:eth0' from='b' address='fd00::10'/></check>"
         "<check id='c9' kind='convergence' title='t' points='1' from='a' to='10.0.2.10' seen-at='h2:eth0' cut='l1' bands='1s:100 5s:50'/>"
         "<check id='c10' kind='ospf' title='t' points='1' peer='a' area='0.0.0.1' hello='1s' dead='4s' settle='9s' from='b' heard-by='b' hears='10.0.1.0/24 10.0.2.0/24'/>"
         "<check id='c11' kind='bgp' title='t' points='1' peer='a' as='64999' router='10.0.1.1' router-as='65001' settle='9s' from='b' hears='10.0.2.0/24' path='65001 65002' not-hears='10.0.3.0/24'/>"
         "<check id='c12' kind='bandwidth' title='t' points='1' from='a' to='10.0.2.10' port='5000' hops='1' seen-at='h2:eth0' at-least='200kbit' at-most='0.3mbit'/>"
         "<check id='c13' kind='spanning-tree' title='t' points='1' from='a' to='10.0.1.10' seen-at='h1:eth0' links='l1' root='r1' priority='4096' hello='1s' cut='l1' settle='9s'/>"
         "<check id='c14' kind='route' title='t' points='1' from='a' out='r1:eth1' prefixes='10.0.2.0/24 10.0.3.0/24' absent='10.9.0.0/16' hops='1'/>"
         "<check id='c15' kind='persistence' title='t' points='1' of='c1 c4 c3' nodes='r1 h2'/>"
         "<check id='c16' kind='persistence' title='t' points='1' requires='c15' of='c1'/>"
         "<check id='c17' kind='answer' title='t' points='1' requires='c1' expect='r1' also='r 1|R-1' form='text' tries='3'/>"
         "<check id='c18' kind='answer' title='t' points='1' requires='c17' expect='10.0.1.0/24' form='address'><hint>h</hint></check>"),
     0, NULL},
    {"persistence of nothing", CHECKS("<check id='k' kind='persistence' title='t' points='1'/>"), 6,
     "needs the attribute 'of'"},
    {"persistence of what is not there",
     CHECKS("<check id='k' kind='persistence' title='t' points='1' of='c2'/>"), 6, "did you mean 'c1'?"},
    {"persistence of itself", CHECKS("<check id='kept' kind='persistence' title='t' points='1' of='kept'/>"),
     6, "which runs alone"},
    {"persistence of a check with a cut",
     CHECKS(
         "<check id='p' kind='path' title='t' points='1' from='a' to='10.0.2.10' seen-at='h2:eth0' cut='l1' settle='5s'/>"
         "\n<check id='k' kind='persistence' title='t' points='1' of='p'/>"),
     7, "which runs alone"},
    {"persistence without the control",
     CHECKS(
         "<check id='n' kind='unreachable' title='t' points='1' control='c1' from='a' to='10.0.2.11' seen-at='h2:eth0'/>"
         "\n<check id='k' kind='persistence' title='t' points='1' of='n'/>"),
     7, "has to name its control 'c1', too"},
    {"persistence of an answer",
     CHECKS(ASK("expect='r1'") "\n<check id='k' kind='persistence' title='t' points='1' of='q'/>"), 7,
     "'q', which is a question"},
    {"persistence of no node",
     CHECKS("<check id='k' kind='persistence' title='t' points='1' of='c1' nodes='r1 lan1'/>"), 6,
     "'lan1', which is not a host or router"},
    {"persistence of an unknown node",
     CHECKS("<check id='k' kind='persistence' title='t' points='1' of='c1' nodes='r11'/>"), 6,
     "did you mean 'r1'?"},
    {"what requires a reboot runs after it",
     CHECKS(
         "<check id='k' kind='persistence' title='t' points='1' of='c1'/>"
         "\n<check id='p' kind='path' title='t' points='1' requires='k' from='a' to='10.0.2.10' seen-at='h2:eth0' cut='l1' settle='5s'/>"),
     7, "reboots nodes and therefore runs later"},
    {"question without an answer", CHECKS("<check id='q' kind='answer' title='t' points='1'/>"), 6,
     "needs the attribute 'expect'"},
    {"answer of another form", CHECKS(ASK("expect='r1' form='mac'")), 6,
     "nobody can say what it expects: the answer must be a MAC"},
    {"one of the answers is none", CHECKS(ASK("expect='r1' also='a||b'")), 6, "one line of plain text"},
    {"unknown form", CHECKS(ASK("expect='r1' form='adress'")), 6, "did you mean 'address'?"},
    {"no tries at all", CHECKS(ASK("expect='r1' tries='0'")), 6, "from 1 to 100"},
    {"question with probes", CHECKS(ASK("expect='r1' from='a'")), 6, "has no attribute 'from'"},
    {"what needs an answer",
     CHECKS(ASK(
         "expect='r1'") "\n<check id='d' kind='reachability' title='t' points='1' requires='q' from='a' to='b'/>"),
     7, "'q', which is a question"},
    {"question as a control",
     CHECKS(ASK(
         "expect='r1'") "\n<check id='d' kind='unreachable' title='t' points='1' control='q' from='a' to='10.0.2.11' seen-at='h2:eth0'/>"),
     7, "must be a check that something passes"},
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
#define BANDS(v) \
    CHECKS("<check id='c' kind='convergence' title='t' points='1' from='a' to='b' cut='l1' bands='" v "'/>")
    {"bands: one", BANDS("1s:100"), 0, NULL},
    {"bands: blanks around", BANDS(" 500ms:100  2s:1 "), 0, NULL},
    {"bands: nothing", BANDS(" "), 6, "percentage each"},
    {"bands: no percentage", BANDS("1s"), 6, "percentage each"},
    {"bands: no percentage behind the last", BANDS("1s:100 5s:"), 6, "percentage each"},
    {"bands: percentage of none", BANDS("1s:100 5s:0"), 6, "percentage each"},
    {"bands: more than all", BANDS("1s:101"), 6, "percentage each"},
    {"bands: no unit", BANDS("1:100"), 6, "percentage each"},
    {"bands: too long", BANDS("61s:100"), 6, "percentage each"},
    {"bands: run together", BANDS("1s:1002s:50"), 6, "percentage each"},
    {"bands: too many", BANDS("1s:100 2s:90 3s:80 4s:70 5s:60 6s:50 7s:40 8s:30 9s:20"), 6,
     "percentage each"},
    {"bands: none gives all", BANDS("1s:90"), 6, "must give 100"},
    {"bands: not in order", BANDS("5s:100 1s:50"), 6, "longer than the one before"},
    {"bands: more for longer", BANDS("1s:100 5s:100"), 6, "for less"},
    {"convergence without a cut",
     CHECKS("<check id='c' kind='convergence' title='t' points='1' from='a' to='b' bands='1s:100'/>"), 6,
     "needs the attribute 'cut'"},
#define RATES(attrs) \
    CHECKS( \
        "<check id='c' kind='bandwidth' title='t' points='1' from='a' to='10.0.2.10' port='9' seen-at='h2:eth0' " attrs \
        "/>")
    {"bandwidth: a floor", RATES("at-least='750kbit'"), 0, NULL},
    {"bandwidth: neither", RATES(""), 6, "needs at-least, at-most, or both"},
    {"bandwidth: no unit", RATES("at-least='100000'"), 6, "must be a rate such as"},
    {"bandwidth: more than can be sent", RATES("at-least='751kbit'"), 6, "from 16kbit to 750kbit"},
    {"bandwidth: too slow to see", RATES("at-most='31kbit'"), 6, "from 32kbit to 500kbit"},
    {"bandwidth: floor above ceiling", RATES("at-least='300kbit' at-most='300kbit'"), 6, "can never pass"},
    {"bandwidth: nowhere to measure",
     CHECKS(
         "<check id='c' kind='bandwidth' title='t' points='1' from='a' to='10.0.2.10' port='9' at-least='99kbit'/>"),
     6, "the rate is measured there"},
    {"bandwidth: no port",
     CHECKS("<check id='c' kind='bandwidth' title='t' points='1' from='a' to='b' at-least='99kbit'/>"), 6,
     "needs the attribute 'port'"},
#define OSPF(attrs) CHECKS("<check id='c' kind='ospf' title='t' points='1' " attrs "/>")
    {"ospf: area as a number", OSPF("peer='a' from='b' area='4294967295'"), 0, NULL},
    {"ospf: area too large", OSPF("peer='a' area='4294967296'"), 6, "must be an area"},
    {"ospf: area with a rest", OSPF("peer='a' area='1x'"), 6, "must be an area"},
    {"ospf: IPv6 for an area", OSPF("peer='a' area='::1'"), 6, "must be an area"},
    {"ospf: no peer", OSPF("from='b'"), 6, "needs the attribute 'peer'"},
    {"ospf: unknown peer", OSPF("peer='z'"), 6, "no reference 'z'"},
    {"ospf: from the peer itself", OSPF("peer='a' from='a'"), 6, "no router is in between"},
    {"ospf: heard by the peer itself", OSPF("peer='a' heard-by='a'"), 6, "no router is in between"},
    {"ospf: hello of half a second", OSPF("peer='a' hello='500ms'"), 6, "time from"},
    {"ospf: hello of one and a half", OSPF("peer='a' hello='1500ms'"), 6, "whole seconds"},
    {"ospf: dead before the next hello", OSPF("peer='a' hello='4s' dead='4s'"), 6, "dead the longer"},
    {"ospf: prefix with a host", OSPF("peer='a' hears='10.0.1.1/24'"), 6, "bits of a host"},
    {"ospf: prefix without length", OSPF("peer='a' hears='10.0.1.0'"), 6, "IPv4 prefixes"},
    {"ospf: IPv6 prefix", OSPF("peer='a' hears='fd00::/64'"), 6, "IPv4 prefixes"},
    {"ospf: no prefix", OSPF("peer='a' hears=' '"), 6, "names nothing"},
    {"ospf: required by what runs earlier",
     CHECKS("<check id='o' kind='ospf' title='t' points='1' peer='a' from='b'/>\n"
            "<check id='c' kind='reachability' title='t' points='1' requires='o' from='a' to='b'/>"),
     7, "runs later"},
#define BGP(attrs) \
    CHECKS("<check id='c' kind='bgp' title='t' points='1' peer='a' from='b' router-as='65001' " attrs "/>")
#define BGP_OK "as='64999' router='10.0.1.1' "
    {"bgp: a session", BGP(BGP_OK), 0, NULL},
    {"bgp: no AS", BGP("router='10.0.1.1'"), 6, "needs the attribute 'as'"},
    {"bgp: AS 0", BGP("as='0' router='10.0.1.1'"), 6, "AS number"},
    {"bgp: AS too large", BGP("as='4294967296' router='10.0.1.1'"), 6, "AS number"},
    {"bgp: router elsewhere", BGP("as='64999' router='10.0.7.1'"), 6, "not in the network"},
    {"bgp: router with IPv6", BGP("as='64999' router='fd00::1'"), 6, "not in the network"},
    {"bgp: path with a word", BGP(BGP_OK "hears='10.0.2.0/24' path='65001 x'"), 6, "AS numbers"},
    {"bgp: empty path", BGP(BGP_OK "hears='10.0.2.0/24' path=' '"), 6, "names nothing"},
    {"bgp: path of nothing", BGP(BGP_OK "path='65001'"), 6, "no prefixes in hears"},
    {"bgp: silence as a proof", BGP(BGP_OK "not-hears='10.0.3.0/24'"), 6, "needs hears beside not-hears"},
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
    {"names", ONE(DNS(WWW WWW2 "<hint>h</hint>")), 0, NULL},
    {"names without records", ONE(DNS("")), 5, "needs a <record>"},
    {"names that nobody watches",
     ONE("<check id='c' kind='dns' title='t' points='1' from='a' to='10.0.2.10' zone='lab.test'>" WWW
         "</check>"),
     5, "needs the attribute 'seen-at'"},
    {"names of a reference",
     ONE("<check id='c' kind='dns' title='t' points='1' from='a' to='b' "
         "seen-at='h2:eth0' zone='lab.test'>" WWW "</check>"),
     5, "IPv4 or IPv6 address"},
    {"name outside the zone", ONE(DNS("\n" RR("www.lab.tes", "A", "10.0.2.80"))), 6, "is not in the zone"},
    {"name that only ends like the zone", ONE(DNS("\n" RR("mylab.test", "A", "10.0.2.80"))), 6,
     "is not in the zone"},
    {"name with a blank", ONE(DNS(RR("www lab.test", "A", "10.0.2.80"))), 5, "must be a domain name"},
    {"empty label", ONE(DNS(RR("www..lab.test", "A", "10.0.2.80"))), 5, "must be a domain name"},
    {"zone without room", ONE(DNS_(LABEL LABEL LABEL LABEL "lab.test", "")), 5, "leaves no room"},
    {"record twice", ONE(DNS(WWW "\n" WWW)), 6, "this record already"},
    {"unknown type of record", ONE(DNS(RR("www.lab.test", "AAA", "10.0.2.80"))), 5, "did you mean 'A"},
    {"IPv6 in an A record", ONE(DNS(RR("www.lab.test", "A", "fd00::1"))), 5, "can not be in a record"},
    {"mail exchange without preference", ONE(DNS(RR("lab.test", "MX", "mail.lab.test"))), 5,
     "can not be in a record"},
    {"preference too large", ONE(DNS(RR("lab.test", "MX", "65536 mail.lab.test"))), 5,
     "can not be in a record"},
    {"text that is not ASCII",
     ONE(DNS(RR("lab.test", "TXT",
                "Gr\xc3\xbc\xc3\x9f"
                "e"))),
     5, "can not be in a record"},
    {"empty record", ONE(DNS(RR("lab.test", "TXT", " "))), 5, "<record> is empty"},
    {"page", ONE(PAGE("path='/a/b.html' host='WWW.lab.test' status='301' text='a  b'")), 0, NULL},
    {"page with a query", ONE(PAGE("path='/a?b=c'")), 5, "without a query"},
    {"page that would end the request", ONE(PAGE("path='/a HTTP/1.0&#13;&#10;'")), 5, "path of a page"},
    {"page without a slash", ONE(PAGE("path='a.html'")), 5, "path of a page"},
    {"status of no kind", ONE(PAGE("status='99'")), 5, "from 100 to 599"},
    {"page of an address", ONE(PAGE("host='http://x'")), 5, "must be a domain name"},
    {"text that is not ASCII in a page",
     ONE(PAGE("text='Gr\xc3\xbc\xc3\x9f"
              "e'")),
     5, "must be ASCII"},
    {"text that is too long", ONE(PAGE("text='" LABEL LABEL LABEL LABEL LABEL "'")), 5, "longer than 255"},
    {"records of a page",
     ONE("<check id='c' kind='http' title='t' points='1' from='a' to='10.0.2.10' seen-at='h2:eth0'>" WWW
         "</check>"),
     5, "<record> is not allowed"},
    {"record of another kind",
     ONE("<check id='c' kind='reachability' title='t' points='1' from='a' to='b'>" WWW "</check>"), 5,
     "<record> is not allowed"},
    {"hops of what nobody watches",
     CHECKS("<check id='c' kind='tcp-open' title='t' points='1' port='80' hops='1' from='a' to='10.0.2.9'/>"),
     6, "hops needs"},
    {"unknown kind says nothing of its attributes",
     CHECKS("<check id='c' kind='pathh' title='t' points='1' from='a' to='b' via='l1'/>"), 6,
     "did you mean 'path'?"},
    {"unknown kind says nothing of its parts",
     CHECKS("<check id='c' kind='adress' title='t' points='1'><interface/></check>"), 6,
     "did you mean 'address'?"},
    {"address of nothing", CHECKS("<check id='c' kind='address' title='t' points='1'/>"), 6,
     "<check> needs a <interface>"},
    {"address of a link", CHECKS(ADDRESS("port='l1' from='b' address='10.0.2.10'")), 6, "NODE:INTERFACE"},
    {"address of an interface that is not there",
     CHECKS(ADDRESS("port='h2:eth7' from='b' address='10.0.2.10'")), 6, "no port 'h2:eth7'"},
    {"address asked from nowhere", CHECKS(ADDRESS("port='h2:eth0' from='z' address='10.0.2.10'")), 6,
     "no reference 'z'"},
    {"address asked from another subnet", CHECKS(ADDRESS("port='h2:eth0' from='a' address='10.0.2.10'")), 6,
     "no address in the subnet of 10.0.2.10"},
    {"address with a prefix length", CHECKS(ADDRESS("port='h2:eth0' from='b' address='10.0.2.10/24'")), 6,
     "must be an IPv4 or IPv6 address"},
    {"address twice",
     CHECKS("<check id='c' kind='address' title='t' points='1'>\n"
            "<interface port='h2:eth0' from='b' address='10.0.2.10'/>\n"
            "<interface port='h2:eth0' from='b' address='10.0.2.10'/></check>"),
     8, "names 10.0.2.10 twice"},
    {"firewall with all there is",
     CHECKS(FIREWALL(PASS "<flow from='a' to='b' proto='udp' port='other' expect='reject'/>")), 0, NULL},
    {"firewall without flows", CHECKS(FIREWALL("")), 6, "<check> needs a <flow>"},
    {"firewall with nothing that passes", CHECKS(FIREWALL("<flow from='a' to='b' expect='drop'/>")), 6,
     "needs a flow that passes over IPv4"},
    {"firewall with nothing that passes in one family",
     CHECKS(FIREWALL(PASS "<flow from='b' to='fd00::9' seen-at='h2:eth0' expect='drop'/>")), 6,
     "needs a flow that passes over IPv6"},
    {"flow to an address nobody watches",
     CHECKS(FIREWALL(PASS "\n<flow from='a' to='10.0.2.10' expect='drop'/>")), 7, "needs seen-at"},
    {"flow without a port", CHECKS(FIREWALL("<flow from='a' to='b' proto='tcp' expect='pass'/>")), 6,
     "needs a port"},
    {"flow to a port that is none",
     CHECKS(FIREWALL("<flow from='a' to='b' proto='tcp' port='others' expect='pass'/>")), 6,
     "a port from 1 to 65535, or \"other\""},
    {"flow of ICMP to other ports", CHECKS(FIREWALL("<flow from='a' to='b' port='other' expect='pass'/>")), 6,
     "a port makes sense"},
    {"flow without an end", CHECKS(FIREWALL("<flow from='a' to='b'/>")), 6, "needs the attribute 'expect'"},
    {"flow that may be anything", CHECKS(FIREWALL("<flow from='a' to='b' expect='deny'/>")), 6,
     "not known here"},
    {"established by being dropped",
     CHECKS(FIREWALL(PASS "<flow from='b' to='a' expect='drop' state='established'/>")), 6,
     "only what passes"},
    {"vpn over IPsec", CHECKS(VPN("to='b' across='l1' outer='esp'")), 0, NULL},
    {"vpn over UDP",
     CHECKS(VPN("to='10.0.2.10' seen-at='h2:eth0' both='no' across='l1' outer='udp' outer-port='51820'")), 0,
     NULL},
    {"vpn across nothing", CHECKS(VPN("to='b' outer='esp'")), 6, "needs the attribute 'across'"},
    {"vpn across a node", CHECKS(VPN("to='b' across='r1' outer='esp'")), 6, "not a link"},
    {"vpn in what", CHECKS(VPN("to='b' across='l1' outer='gre'")), 6, "not known here"},
    {"vpn in UDP without a port", CHECKS(VPN("to='b' across='l1' outer='udp'")), 6, "outer-port belongs"},
    {"vpn in IPsec with a port", CHECKS(VPN("to='b' across='l1' outer='esp' outer-port='500'")), 6,
     "outer-port belongs"},
    {"vpn that nobody watches", CHECKS(VPN("to='10.0.2.10' across='l1' outer='esp'")), 6, "needs seen-at"},
    {"an interface in another kind",
     ONE("<check id='c' kind='reachability' title='t' points='1' from='a' to='b'><interface/></check>"), 5,
     "<interface> is not allowed"},
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
