/* Whole commands of labctl against a small server: what they ask for, print, and exit with. */
#include "labd/base/file.h"
#include "labd/base/mem.h"
#include "labd/ctl/ctl.h"
#include "labd/ctl/ctl_http.h"
#include "labd/ctl/ctl_stream.h"
#include "tests/unit/ctl_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define NODES(r1, error) \
    "\"nodes\":[{\"name\":\"h1\",\"kind\":\"host\",\"state\":\"running\",\"error\":null,\"output\":null,\"interfaces\":" \
    "[{\"name\":\"eth0\",\"mac\":\"02:00:00:00:00:01\",\"link\":\"l1\",\"network\":null,\"addresses\":[\"10.0.0.1/24\"]}]}," \
    "{\"name\":\"r1\",\"kind\":\"router\",\"state\":\"" r1 "\",\"error\":" error ",\"output\":" error \
    ",\"interfaces\":[]}]"
#define LAB(state, r1, error) \
    "{\"id\":\"abc123\",\"name\":\"two-lans\",\"owner\":{\"login\":\"root\",\"name\":\"Root\"},\"exercise\":null,\"title\":\"T\"," \
    "\"state\":\"" state \
    "\",\"driver\":\"fake\",\"error\":null,\"started_ms\":1000,\"ready_ms\":2500," NODES( \
        r1, \
        error) "," \
               "\"links\":[{\"name\":\"l1\",\"a\":{\"node\":\"h1\",\"interface\":\"eth0\"},\"b\":{\"node\":\"hub1\",\"interface\":null}," \
               "\"state\":\"up\",\"impairment\":{\"a\":{\"delay_us\":20000},\"b\":{}}}]}"
#define RUNNING LAB("running", "running", "null")
#define STARTING LAB("starting", "creating", "null")
#define FAILED LAB("failed", "failed", "\"the startup \\u001b[2Jfailed\"")
#define SUSPENDING LAB("suspending", "running", "null")
#define SUSPENDED LAB("suspended", "suspended", "null")
#define LAB_EVENT(lab) "event: lab\ndata: " lab "\n\n"
#define WITH_ERROR(state, text) \
    "{\"id\":\"abc123\",\"name\":\"two-lans\",\"state\":\"" state "\",\"error\":\"" text "\",\"nodes\":[]}"
#define STOPPING LAB("stopping", "stopped", "null")
#define PROBLEM(code, status, detail) \
    "{\"type\":\"" code "\",\"title\":\"T\",\"status\":" #status ",\"detail\":\"" detail "\"}"
#define REPORT(score) \
    "{\"schema\":1,\"lab\":\"abc123\",\"exercise\":\"e\",\"score\":" #score \
    ",\"max_score\":10,\"checks\":[{\"id\":\"c1\",\"kind\":" \
    "\"reachability\",\"title\":\"h2 is reached\",\"status\":\"fail\",\"score\":0,\"max_score\":10,\"evidence\":\"wire\"," \
    "\"observed\":\"nothing \\u001b[31marrived\",\"expected\":\"a probe\",\"hint\":null}]}"

/* A lab is started, its nodes' scripts end with status 7, and it gets the score. */
#define TRIAL(score) \
    {"POST /api/v1/labs", 202, STARTING}, {"GET /api/v1/labs/abc123/events", 200, LAB_EVENT(RUNNING)}, \
        {"POST /api/v1/labs/abc123/attempts", 202, \
         "{\"id\":7,\"state\":\"done\",\"report\":" REPORT(score) "}"}, \
        {"DELETE /api/v1/labs/abc123", 202, STOPPING}, \
    { \
        "GET /api/v1/labs/abc123", 404, PROBLEM("not-found", 404, "gone") \
    }

static const struct row {
    const char *name;
    const char *argv[8]; /* after "labctl" */
    struct answer answers[8];
    int status;
    const char *out[4]; /* each is part of standard output */
    const char *err;    /* part of standard error; "" : it is empty */
    const char *asked;  /* a line of the server's log that has to be there, or NULL */
} rows[] = {
    {"validate --expand",
     {"validate", "--expand", "tests/golden/topology/reuse.xml"},
     {{NULL, 0, NULL}},
     0,
     {"<host name=\"f1-r2-h011\"", "</topology>\n"},
     "",
     NULL},
    {"validate --expand: parameters have the values of seed 1",
     {"validate", "--expand", "tests/golden/topology/parameters.xml"},
     {{NULL, 0, NULL}},
     0,
     {"<parameter name=\"asn\" type=\"integer\" min=\"64603\" max=\"64603\"/>", "router bgp 64603\n"},
     "",
     NULL},
    {"validate --expand: of another seed",
     {"validate", "--expand", "--seed", "2", "tests/golden/topology/parameters.xml"},
     {{NULL, 0, NULL}},
     0,
     {"<parameter name=\"asn\" type=\"integer\" min=\"65440\" max=\"65440\"/>", "router bgp 65440\n"},
     "",
     NULL},
    {"validate --seed: an exercise",
     {"validate", "--seed", "4294967295", "tests/site/exercises/variants"},
     {{NULL, 0, NULL}},
     0,
     {"ok: 3 nodes"},
     "",
     NULL},
    {"validate --seed: no number",
     {"validate", "--seed", "4294967296", "a.xml"},
     {{NULL, 0, NULL}},
     2,
     {""},
     "--seed takes a number from 0 to 4294967295",
     NULL},
    {"render --labels",
     {"render", "--labels", "names", "exercises/vlan-office/topology.xml"},
     {{NULL, 0, NULL}},
     0,
     {"<svg ", "</svg>"},
     "",
     NULL},
    {"render --labels: no such",
     {"render", "--labels", "all", "exercises/vlan-office/topology.xml"},
     {{NULL, 0, NULL}},
     2,
     {""},
     "there are no labels 'all': use names, interfaces or addresses",
     NULL},
    {"render: hidden parts are marked",
     {"render", "tests/golden/topology/everything.xml"},
     {{NULL, 0, NULL}},
     0,
     {"<title>host h2 (hidden)</title>", "<title>l9 (hidden)</title>", ">h2 (hidden)</text>"},
     "warning: the hidden file /etc/motd is on the disk of 'h1', which is not hidden",
     NULL},
    {"render --student",
     {"render", "--student", "tests/golden/topology/everything.xml"},
     {{NULL, 0, NULL}},
     0,
     {"<title>host h1</title>", "<title>l4</title>"},
     "root can read it there\n",
     NULL},
    {"validate --expand: two files",
     {"validate", "--expand", "a.xml", "b.xml"},
     {{NULL, 0, NULL}},
     2,
     {""},
     "--expand takes one file",
     NULL},
    {"validate --output without --expand",
     {"validate", "-o", "a.xml", "b.xml"},
     {{NULL, 0, NULL}},
     2,
     {""},
     "--output is for --expand",
     NULL},
    {"list",
     {"list"},
     {{"GET /api/v1/labs?all=1", 200, "{\"labs\":[" RUNNING "]}"}},
     0,
     {"LAB     NAME      EXERCISE  OWNER  STATE    NODES  DRIVER\n",
      "abc123  two-lans  -         root   running  2/2    fake\n"},
     "",
     NULL},
    {"list: none", {"list"}, {{"GET /api/v1/labs?all=1", 200, "{\"labs\":[]}"}}, 0, {""}, "", NULL},
    {"list: a student's own",
     {"list"},
     {{"GET /api/v1/labs?all=1", 403, PROBLEM("denied", 403, "only instructors")},
      {"GET /api/v1/labs", 200, "{\"labs\":[" RUNNING "]}"}},
     0,
     {"abc123"},
     "",
     NULL},
    {"list as JSON",
     {"list", "--json"},
     {{"GET /api/v1/labs?all=1", 200, "{\"labs\":[" RUNNING "]}"}},
     0,
     {"{\n  \"labs\": [\n", "\"id\": \"abc123\""},
     "",
     NULL},
    {"not signed in",
     {"list"},
     {{"GET /api/v1/labs?all=1", 401, PROBLEM("auth", 401, "sign in")}},
     4,
     {""},
     "labctl: sign in\n",
     NULL},
    {"labhost is away",
     {"status", "--host"},
     {{"GET /api/v1/host", 503, PROBLEM("unreachable", 503, "no labhost")}},
     3,
     {""},
     "labctl: no labhost\n",
     NULL},
    {"no JSON",
     {"list"},
     {{"GET /api/v1/labs?all=1", 200, "<html>"}},
     1,
     {""},
     "does not answer like labd",
     NULL},
    {"an error without words",
     {"list"},
     {{"GET /api/v1/labs?all=1", 500, "oops"}},
     1,
     {""},
     "labd answered with status 500",
     NULL},
    {"a problem is escaped",
     {"list"},
     {{"GET /api/v1/labs?all=1", 400, PROBLEM("invalid", 400, "x\\u009b2J")}},
     1,
     {""},
     "labctl: x\\u{9b}2J\n",
     NULL},
    {"status",
     {"status", "abc123"},
     {{"GET /api/v1/labs/abc123", 200, RUNNING}},
     0,
     {"lab abc123, two-lans: running, started in 1.50 s\n", "h1    host    running  eth0 10.0.0.1/24\n",
      "l1    h1:eth0  hub1  up     from a: delay 20ms; from b: none\n"},
     "",
     NULL},
    {"status: hidden parts are marked",
     {"status", "abc123"},
     {{"GET /api/v1/labs/abc123", 200,
       "{\"id\":\"abc123\",\"nodes\":[{\"name\":\"spy\",\"kind\":\"host\",\"state\":\"running\",\"hidden\":true}],"
       "\"links\":[{\"name\":\"wire\",\"a\":{\"node\":\"spy\"},\"b\":{\"node\":\"h1\"},\"state\":\"down\",\"hidden\":true}]}"}},
     0,
     {"spy   host, hidden  running", "down, hidden  none\n"},
     "",
     NULL},
    {"status by name",
     {"status", "two-lans"},
     {{"GET /api/v1/labs?all=1", 200, "{\"labs\":[" RUNNING "]}"}, {"GET /api/v1/labs/abc123", 200, RUNNING}},
     0,
     {"lab abc123"},
     "",
     NULL},
    {"status: two of that name",
     {"status", "two-lans"},
     {{"GET /api/v1/labs?all=1", 200, "{\"labs\":[" RUNNING "," RUNNING "]}"}},
     1,
     {""},
     "2 labs are called two-lans",
     NULL},
    {"status: no such lab",
     {"status", "nothere"},
     {{"GET /api/v1/labs?all=1", 200, "{\"labs\":[]}"}},
     1,
     {""},
     "there is no lab nothere",
     NULL},
    {"status: hostile name",
     {"status", "../session"},
     {{NULL, 0, NULL}},
     1,
     {""},
     "lab name '../session' is not allowed",
     NULL},
    {"status: of nothing", {"status"}, {{NULL, 0, NULL}}, 2, {""}, "name a lab, or give --host", NULL},
    {"status of a failed lab",
     {"status", "abc123"},
     {{"GET /api/v1/labs/abc123", 200, FAILED}},
     0,
     {"r1: the startup \\x1b[2Jfailed\n"},
     "",
     NULL},
    {"status of the host",
     {"status", "--host"},
     {{"GET /api/v1/host", 200,
       "{\"version\":\"0.1\",\"driver\":\"container\",\"drivers\":[{\"name\":\"container\",\"ok\":true,\"why\":null,\"notes\":[\"no memory limit\"],\"suspend\":false},"
       "{\"name\":\"xen\",\"ok\":true,\"why\":null,\"notes\":[],\"suspend\":true},"
       "{\"name\":\"fake\",\"ok\":false,\"why\":\"switched off\",\"notes\":[]}],\"datapath\":\"netdev\",\"netem\":true,\"notes\":[],\"memory_free_mb\":1,\"memory_total_mb\":2,\"labs\":3}"}},
     0,
     {"datapath netdev, netem yes\n", "driver container: works (default)\n  no memory limit\n",
      "driver xen: works, suspends labs\n", "driver fake: does not work: switched off\n"},
     "",
     NULL},
    {"up an exercise",
     {"up", "static-routing"},
     {{"POST /api/v1/labs", 202, STARTING}},
     0,
     {"abc123\n"},
     "",
     "POST /api/v1/labs {\"exercise\":\"static-routing\"}"},
    {"up: driver and name",
     {"up", "static-routing", "--driver", "fake", "--name", "x"},
     {{"POST /api/v1/labs", 202, STARTING}},
     0,
     {"abc123\n"},
     "",
     "POST /api/v1/labs {\"exercise\":\"static-routing\",\"driver\":\"fake\",\"name\":\"x\"}"},
    {"up: with a seed",
     {"up", "variants", "--seed", "7"},
     {{"POST /api/v1/labs", 202, STARTING}},
     0,
     {"abc123\n"},
     "",
     "POST /api/v1/labs {\"exercise\":\"variants\",\"seed\":7}"},
    {"up: a seed that is none",
     {"up", "variants", "--seed", "-7"},
     {{NULL, 0, NULL}},
     2,
     {""},
     "--seed takes a number from 0 to 4294967295",
     NULL},
    {"up: runs already",
     {"up", "static-routing"},
     {{"POST /api/v1/labs", 409,
       "{\"type\":\"conflict\",\"detail\":\"it runs already\",\"lab\":\"abc123\"}"}},
     1,
     {""},
     "it runs already (lab abc123)",
     NULL},
    {"up: no room",
     {"up", "static-routing"},
     {{"POST /api/v1/labs", 507, PROBLEM("capacity", 507, "no memory left")}},
     5,
     {""},
     "no memory left",
     NULL},
    {"up: no such file", {"up", "./nothere.xml"}, {{NULL, 0, NULL}}, 1, {""}, "nothere.xml", NULL},
    {"up: hostile exercise",
     {"up", "Abc"},
     {{NULL, 0, NULL}},
     1,
     {""},
     "exercise name 'Abc' is not allowed",
     NULL},
    {"up --wait",
     {"up", "--wait", "e"},
     {{"POST /api/v1/labs", 202, STARTING},
      {"GET /api/v1/labs/abc123/events", 200,
       "event: lab\ndata: " STARTING "\n\n: ping\n\nevent: lab\ndata: " RUNNING "\n\n"}},
     0,
     {"abc123\n"},
     "",
     NULL},
    {"up --wait: the stream breaks",
     {"up", "--wait", "e"},
     {{"POST /api/v1/labs", 202, STARTING},
      {"GET /api/v1/labs/abc123/events", 200, "event: lab\ndata: " STARTING "\n\n"},
      {"GET /api/v1/labs/abc123/events", 200, "event: lab\ndata: " RUNNING "\n\n"}},
     0,
     {"abc123\n"},
     "",
     NULL},
    {"up --wait: a node fails",
     {"up", "--wait", "e"},
     {{"POST /api/v1/labs", 202, STARTING},
      {"GET /api/v1/labs/abc123/events", 200, "event: lab\ndata: " FAILED "\n\n"}},
     1,
     {"abc123\n"},
     "node r1 of lab abc123 failed: the startup",
     NULL},
    {"up --wait: the lab vanishes",
     {"up", "--wait", "e"},
     {{"POST /api/v1/labs", 202, STARTING},
      {"GET /api/v1/labs/abc123/events", 404, PROBLEM("not-found", 404, "there is no such lab")}},
     1,
     {"abc123\n"},
     "there is no such lab",
     NULL},
    {"up: an id that is none",
     {"up", "e"},
     {{"POST /api/v1/labs", 202, "{\"id\":\"../x\"}"}},
     1,
     {""},
     "labd gave the lab no id",
     NULL},
    {"down",
     {"down", "abc123"},
     {{"GET /api/v1/labs/abc123", 200, RUNNING},
      {"DELETE /api/v1/labs/abc123", 202, STOPPING},
      {"GET /api/v1/labs/abc123", 200, STOPPING},
      {"GET /api/v1/labs/abc123", 404, PROBLEM("not-found", 404, "gone")}},
     0,
     {""},
     "",
     "DELETE /api/v1/labs/abc123 "},
    {"down --all",
     {"down", "--all"},
     {{"GET /api/v1/labs?all=1", 200, "{\"labs\":[" RUNNING "]}"},
      {"DELETE /api/v1/labs/abc123", 202, STOPPING}},
     0,
     {""},
     "",
     "DELETE /api/v1/labs/abc123 "},
    {"down: nothing named",
     {"down"},
     {{NULL, 0, NULL}},
     2,
     {""},
     "name the labs to remove, or give --all",
     NULL},
    {"down: both", {"down", "--all", "abc123"}, {{NULL, 0, NULL}}, 2, {""}, "name the labs to remove", NULL},
    {"reset a node",
     {"reset", "abc123", "r1"},
     {{"GET /api/v1/labs/abc123", 200, RUNNING}, {"POST /api/v1/labs/abc123/reset", 202, STARTING}},
     0,
     {""},
     "",
     "POST /api/v1/labs/abc123/reset {\"node\":\"r1\"}"},
    {"reset all",
     {"reset", "abc123"},
     {{"GET /api/v1/labs/abc123", 200, RUNNING}, {"POST /api/v1/labs/abc123/reset", 202, STARTING}},
     0,
     {""},
     "",
     "POST /api/v1/labs/abc123/reset {}"},
    {"start all",
     {"start", "abc123"},
     {{"GET /api/v1/labs/abc123", 200, RUNNING}, {"POST /api/v1/labs/abc123/start", 202, STARTING}},
     0,
     {""},
     "",
     "POST /api/v1/labs/abc123/start {}"},
    {"start --wait a node",
     {"start", "--wait", "abc123", "r1"},
     {{"GET /api/v1/labs/abc123", 200, RUNNING},
      {"POST /api/v1/labs/abc123/nodes/r1/start", 202, STARTING},
      {"GET /api/v1/labs/abc123/events", 200, LAB_EVENT(STARTING) LAB_EVENT(RUNNING)}},
     0,
     {""},
     "",
     "POST /api/v1/labs/abc123/nodes/r1/start {}"},
    {"start: hostile node",
     {"start", "abc123", "../r1"},
     {{NULL, 0, NULL}},
     1,
     {""},
     "node name '../r1' is not allowed",
     NULL},
    {"start: suspended",
     {"start", "abc123"},
     {{"GET /api/v1/labs/abc123", 200, SUSPENDED},
      {"POST /api/v1/labs/abc123/start", 409,
       PROBLEM("conflict", 409, "lab abc123 is suspended; resume it first")}},
     1,
     {""},
     "labctl: lab abc123 is suspended; resume it first\n",
     NULL},
    {"suspend",
     {"suspend", "two-lans"},
     {{"GET /api/v1/labs?all=1", 200, "{\"labs\":[" RUNNING "]}"},
      {"POST /api/v1/labs/abc123/suspend", 202, SUSPENDING}},
     0,
     {""},
     "",
     "POST /api/v1/labs/abc123/suspend {}"},
    {"suspend --wait",
     {"suspend", "--wait", "abc123"},
     {{"GET /api/v1/labs/abc123", 200, RUNNING},
      {"POST /api/v1/labs/abc123/suspend", 202, SUSPENDING},
      {"GET /api/v1/labs/abc123/events", 200, LAB_EVENT(SUSPENDING) LAB_EVENT(SUSPENDED)}},
     0,
     {""},
     "",
     NULL},
    {"suspend --wait: it goes on running",
     {"suspend", "--wait", "abc123"},
     {{"GET /api/v1/labs/abc123", 200, RUNNING},
      {"POST /api/v1/labs/abc123/suspend", 202, SUSPENDING},
      {"GET /api/v1/labs/abc123/events", 200,
       LAB_EVENT(SUSPENDING)
           LAB_EVENT(WITH_ERROR("running", "it could not be suspended: the disk is full"))}},
     1,
     {""},
     "lab abc123 is running: it could not be suspended: the disk is full",
     NULL},
    {"suspend: the driver cannot",
     {"suspend", "abc123"},
     {{"GET /api/v1/labs/abc123", 200, RUNNING},
      {"POST /api/v1/labs/abc123/suspend", 501, PROBLEM("unsupported", 501, "driver container cannot")}},
     1,
     {""},
     "labctl: driver container cannot\n",
     NULL},
    {"resume --wait",
     {"resume", "--wait", "abc123"},
     {{"GET /api/v1/labs/abc123", 200, SUSPENDED},
      {"POST /api/v1/labs/abc123/resume", 202, STARTING},
      {"GET /api/v1/labs/abc123/events", 200, LAB_EVENT(STARTING) LAB_EVENT(RUNNING)}},
     0,
     {""},
     "",
     "POST /api/v1/labs/abc123/resume {}"},
    {"resume: no memory",
     {"resume", "abc123"},
     {{"GET /api/v1/labs/abc123", 200, SUSPENDED},
      {"POST /api/v1/labs/abc123/resume", 507, PROBLEM("capacity", 507, "no memory left")}},
     5,
     {""},
     "no memory left",
     NULL},
    {"resume --wait: it stays suspended",
     {"resume", "--wait", "abc123"},
     {{"GET /api/v1/labs/abc123", 200, SUSPENDED},
      {"POST /api/v1/labs/abc123/resume", 202, STARTING},
      {"GET /api/v1/labs/abc123/events", 200,
       LAB_EVENT(STARTING) LAB_EVENT(WITH_ERROR("suspended", "h1 could not be restored"))}},
     1,
     {""},
     "lab abc123 is suspended: h1 could not be restored",
     NULL},
    {"up --wait: somebody suspends it",
     {"up", "--wait", "e"},
     {{"POST /api/v1/labs", 202, STARTING},
      {"GET /api/v1/labs/abc123/events", 200,
       LAB_EVENT(STARTING) LAB_EVENT(SUSPENDING) LAB_EVENT(SUSPENDED)}},
     1,
     {"abc123\n"},
     "lab abc123 is suspended",
     NULL},
    {"status of a suspended lab",
     {"status", "abc123"},
     {{"GET /api/v1/labs/abc123", 200, SUSPENDED}},
     0,
     {"lab abc123, two-lans: suspended, started in 1.50 s\n", "r1    router  suspended  \n"},
     "",
     NULL},
    {"list of suspended labs",
     {"list"},
     {{"GET /api/v1/labs?all=1", 200, "{\"labs\":[" SUSPENDED "]}"}},
     0,
     {"abc123  two-lans  -         root   suspended  1/2    fake\n"},
     "",
     NULL},
    {"link",
     {"link", "abc123", "l1"},
     {{"GET /api/v1/labs/abc123", 200, RUNNING}},
     0,
     {"l1, from a, h1:eth0: up, delay 20ms\n", "l1, from b, hub1: up, none\n"},
     "",
     NULL},
    {"link down",
     {"link", "abc123", "l1", "down"},
     {{"GET /api/v1/labs/abc123", 200, RUNNING}, {"PATCH /api/v1/labs/abc123/links/l1", 200, RUNNING}},
     0,
     {""},
     "",
     "PATCH /api/v1/labs/abc123/links/l1 {\"state\":\"down\"}"},
    {"link: no such",
     {"link", "abc123", "l9"},
     {{"GET /api/v1/labs/abc123", 200, RUNNING}},
     1,
     {""},
     "lab abc123 has no link l9",
     NULL},
    {"link: no such word",
     {"link", "abc123", "l1", "left"},
     {{"GET /api/v1/labs/abc123", 200, RUNNING}},
     2,
     {""},
     "'left' is no word of labctl link",
     NULL},
    {"grade: all points",
     {"grade", "abc123"},
     {{"GET /api/v1/labs/abc123", 200, RUNNING},
      {"POST /api/v1/labs/abc123/attempts", 202, "{\"id\":7,\"state\":\"queued\"}"},
      {"GET /api/v1/attempts/7", 200, "{\"id\":7,\"state\":\"running\"}"},
      {"GET /api/v1/attempts/7", 200, "{\"id\":7,\"state\":\"done\",\"report\":" REPORT(10) "}"}},
     0,
     {"score: 10 of 10\n"},
     "",
     NULL},
    {"grade: points are missing",
     {"grade", "abc123"},
     {{"GET /api/v1/labs/abc123", 200, RUNNING},
      {"POST /api/v1/labs/abc123/attempts", 202,
       "{\"id\":\"a1\",\"state\":\"done\",\"report\":" REPORT(4) "}"}},
     1,
     {"fail  0/10  c1  h2 is reached\n", "    observed: nothing \\x1b[31marrived\n", "score: 4 of 10\n"},
     "",
     NULL},
    {"grade as JSON",
     {"grade", "abc123", "--json"},
     {{"GET /api/v1/labs/abc123", 200, RUNNING},
      {"POST /api/v1/labs/abc123/attempts", 202, "{\"id\":7,\"state\":\"done\",\"report\":" REPORT(10) "}"}},
     0,
     {"\"max_score\": 10", "\"checks\": [", "\"evidence\": \"wire\""},
     "",
     NULL},
    {"grade for continuous integration",
     {"grade", "abc123", "--format", "junit"},
     {{"GET /api/v1/labs/abc123", 200, RUNNING},
      {"POST /api/v1/labs/abc123/attempts", 202, "{\"id\":7,\"state\":\"done\",\"report\":" REPORT(4) "}"}},
     1,
     {"<testsuite name=\"e\" tests=\"1\" failures=\"1\"", "<failure message=\"nothing ?[31marrived\""},
     "",
     NULL},
    {"grade for Gradescope",
     {"grade", "abc123", "--format=gradescope"},
     {{"GET /api/v1/labs/abc123", 200, RUNNING},
      {"POST /api/v1/labs/abc123/attempts", 202, "{\"id\":7,\"state\":\"done\",\"report\":" REPORT(10) "}"}},
     0,
     {"\"paralab_report\": {", "\"status\": \"failed\""},
     "",
     NULL},
    {"grade: no such format",
     {"grade", "abc123", "--format", "xml"},
     {{NULL, 0, NULL}},
     2,
     {""},
     "there is no format 'xml': use json, junit or gradescope",
     NULL},
    {"evidence: sightings",
     {"evidence", "7", "reach"},
     {{"GET /api/v1/attempts/7/checks/reach/evidence", 200,
       "{\"rounds\":[{\"phase\":\"steady\",\"began_ms\":20,\"probes\":[{\"id\":\"c0\",\"samples\":[{\"sightings\":[{"
       "\"port\":\"h2:\\u001beth0\",\"dir\":\"in\",\"what\":\"request\",\"t_us\":1500,\"src\":\"10.0.1.250\","
       "\"dst\":\"10.0.2.10\",\"ttl\":63}]}]}]},{\"phase\":\"broken\",\"probes\":[{\"id\":\"c0\",\"samples\":[{}]}]}]}"}},
     0,
     {"round 1\nprobe c0, 1 sent\n", "21.500  h2:\\x1beth0  in   request  10.0.1.250  10.0.2.10  63\n",
      "round 2, with links cut\nprobe c0, 1 sent\nnever seen\n"},
     "",
     NULL},
    {"evidence: packets",
     {"evidence", "7", "reach", "-w", "-"},
     {{"GET /api/v1/attempts/7/checks/reach/packets", 200, "\n\r\r\nrest"}},
     0,
     {"\n\r\r\nrest"},
     "",
     NULL},
    {"evidence: no number",
     {"evidence", "../7", "reach"},
     {{NULL, 0, NULL}},
     2,
     {""},
     "an attempt is a number",
     NULL},
    {"evidence: hostile name",
     {"evidence", "7", "x/y"},
     {{NULL, 0, NULL}},
     1,
     {""},
     "check name 'x/y' is not allowed",
     NULL},
    {"regrade: all could be judged",
     {"regrade", "tiny"},
     {{"POST /api/v1/exercises/tiny/regrade", 202, "{\"state\":\"running\"}"},
      {"GET /api/v1/exercises/tiny/regrade", 200, "{\"state\":\"running\",\"done\":1,\"total\":2}"},
      {"GET /api/v1/exercises/tiny/regrade", 200,
       "{\"state\":\"done\",\"done\":2,\"changed\":1,\"kept\":0,\"refused\":0,\"attempts\":[{\"login\":\"sam\","
       "\"number\":3,\"before\":{\"score\":4,\"max_score\":10},\"after\":{\"score\":9,\"max_score\":12},"
       "\"kept\":[],\"refused\":null}]}"}},
     0,
     {"STUDENT  ATTEMPT  BEFORE  AFTER\nsam      3        4/10    9/12\n", "2 attempts: 1 changed, 0 with"},
     "",
     NULL},
    {"regrade: something could not",
     {"regrade", "tiny"},
     {{"POST /api/v1/exercises/tiny/regrade", 202,
       "{\"state\":\"done\",\"done\":2,\"kept\":1,\"refused\":1,\"attempts\":[{\"login\":\"sam\",\"number\":1,"
       "\"kept\":[{\"check\":\"c1\",\"why\":\"other probes\"}]},"
       "{\"login\":\"o\\u001blga\",\"number\":2,\"refused\":\"no evidence\"}]}"}},
     1,
     {"sam, attempt 1: c1 keeps its verdict: other probes\n",
      "o\\x1blga, attempt 2: not judged again: no evidence\n"},
     "",
     NULL},
    {"regrade: it ended early",
     {"regrade", "tiny"},
     {{"POST /api/v1/exercises/tiny/regrade", 202, "{\"state\":\"error\",\"error\":\"no disk\"}"}},
     1,
     {""},
     "not all attempts were judged again: no disk",
     NULL},
    {"regrade: as a student",
     {"regrade", "tiny"},
     {{"POST /api/v1/exercises/tiny/regrade", 403, PROBLEM("denied", 403, "only instructors")}},
     4,
     {""},
     "labctl: only instructors",
     NULL},
    {"regrade: hostile name",
     {"regrade", "x/../y"},
     {{NULL, 0, NULL}},
     1,
     {""},
     "exercise name 'x/../y' is not allowed",
     NULL},
    {"scores", {"scores"}, {{"GET /api/v1/scores", 200, "\"login\"\r\n"}}, 0, {"\"login\"\r\n"}, "", NULL},
    {"scores of an exercise, as a student",
     {"scores", "tiny"},
     {{"GET /api/v1/scores?exercise=tiny", 403, PROBLEM("denied", 403, "only instructors")}},
     4,
     {""},
     "labctl: only instructors",
     NULL},
    {"scores: hostile name",
     {"scores", "x&y"},
     {{NULL, 0, NULL}},
     1,
     {""},
     "exercise name 'x&y' is not allowed",
     NULL},
    {"exercise test: no number of runs",
     {"exercise", "test", "exercises/static-routing", "--runs", "0"},
     {{NULL, 0, NULL}},
     2,
     {""},
     "--runs takes a number from 1 to 1000",
     NULL},
    {"exercise test: too many runs",
     {"exercise", "test", "exercises/static-routing", "--runs", "1001"},
     {{NULL, 0, NULL}},
     2,
     {""},
     "--runs takes a number from 1 to 1000",
     NULL},
    {"exercise test: no number of mutants",
     {"exercise", "test", "exercises/static-routing", "--mutants=x"},
     {{NULL, 0, NULL}},
     2,
     {""},
     "--mutants takes a number from 1 to 100000",
     NULL},
    {"exercise test: too many at a time",
     {"exercise", "test", "exercises/static-routing", "-j", "17"},
     {{NULL, 0, NULL}},
     2,
     {""},
     "--jobs takes a number from 1 to 16",
     NULL},
    {"exercise test: no such mutant",
     {"exercise", "test", "exercises/static-routing", "h1.sh:99 drop"},
     {{NULL, 0, NULL}},
     1,
     {""},
     "has no solution called 'h1.sh:99 drop'; it has solution, wrong/no-forwarding,",
     NULL},
    {"exercise test: a script fails, of one of several at a time",
     {"exercise", "test", "exercises/static-routing", "solution", "-j2"},
     {TRIAL(100)},
     1,
     {"solution  100       -      ", "  solution/h1.sh ended with status 7\n"},
     "labctl: solution ...\nlabctl: solution/h1.sh printed:\n    {\"argv\":[\"sh\",\"-s\"]}",
     "DELETE /api/v1/labs/abc123 "},
    {"exercise test: a mutant is noticed, although its scripts fail",
     {"exercise", "test", "exercises/static-routing", "h1.sh:6 next-hop"},
     {TRIAL(85)},
     0,
     {"h1.sh:6 next-hop  <100      85     ", "  ok\n"},
     "labctl: h1.sh:6 next-hop ...\n",
     "DELETE /api/v1/labs/abc123 "},
    {"exercise test: a mutant survives",
     {"exercise", "test", "exercises/static-routing", "h1.sh:6 next-hop", "-j2", "--seed", "1"},
     {TRIAL(100)},
     1,
     {"h1.sh:6 next-hop  <100      100    ", "  SURVIVES\n",
      "\nh1.sh:6 next-hop:\n  -ip route add default via 10.20.211.1\n  +ip route add default via 10.20.211.2\n"},
     "labctl: h1.sh:6 next-hop ...\n",
     "DELETE /api/v1/labs/abc123 "},
    {"exercise test: mutants as JSON",
     {"exercise", "test", "exercises/static-routing", "--json", "--mutants=2", "wrong/no-gateway"},
     {TRIAL(100)},
     1,
     {"\"mutant\": \"-", "\"promised\": null", "\"tried\": 2", "\"ok\": false"},
     "",
     "DELETE /api/v1/labs/abc123 "},
    {"exercise test: nobody there for the second",
     {"exercise", "test", "exercises/static-routing", "--mutants=2", "solution"},
     {{"POST /api/v1/labs", 403, PROBLEM("denied", 403, "not you")}},
     4,
     {"solution  100       -      ", "  not you\n"},
     "labctl: solution ...\n",
     NULL},
    {"grade: our fault",
     {"grade", "abc123"},
     {{"GET /api/v1/labs/abc123", 200, RUNNING},
      {"POST /api/v1/labs/abc123/attempts", 202, "{\"id\":7,\"state\":\"error\",\"error\":\"no probe\"}"}},
     1,
     {""},
     "lab abc123 could not be graded: no probe",
     NULL},
    {"grade: an id that leads elsewhere",
     {"grade", "abc123"},
     {{"GET /api/v1/labs/abc123", 200, RUNNING},
      {"POST /api/v1/labs/abc123/attempts", 202, "{\"id\":\"../session\",\"state\":\"queued\"}"}},
     1,
     {""},
     "labd gave the attempt no id",
     NULL},
    {"exec: no such node",
     {"exec", "-n", "abc123", "R1", "--", "true"},
     {{"GET /api/v1/labs/abc123", 200, RUNNING}},
     1,
     {""},
     "node name 'R1' is not allowed",
     NULL},
    {"exec: exit status, output",
     {"exec", "-n", "abc123", "r1", "--", "cat", "-"},
     {{"GET /api/v1/labs/abc123", 200, RUNNING}},
     7,
     {""},
     "{\"argv\":[\"cat\",\"-\"]}",
     "GET /api/v1/labs/abc123/nodes/r1/exec"},
    {"capture refused",
     {"capture", "abc123", "l1"},
     {{"GET /api/v1/labs/abc123", 200, RUNNING},
      {"GET /api/v1/labs/abc123/capture?port=l1%3Aa", 400, PROBLEM("invalid", 400, "no such filter")}},
     1,
     {""},
     "labctl: no such filter\n",
     NULL},
    {"capture: filter and end",
     {"capture", "abc123", "l1:b", "tcp", "port", "80"},
     {{"GET /api/v1/labs/abc123", 200, RUNNING},
      {"GET /api/v1/labs/abc123/capture?port=l1%3Ab&filter=tcp%20port%2080", 501,
       PROBLEM("unsupported", 501, "not here")}},
     1,
     {""},
     "not here",
     NULL},
    {"capture: hostile interface",
     {"capture", "abc123", "h1:../x"},
     {{NULL, 0, NULL}},
     1,
     {""},
     "'../x' is no interface name",
     NULL},
    {"console without a terminal",
     {"console", "abc123", "h1"},
     {{"GET /api/v1/labs/abc123", 200, RUNNING}},
     1,
     {""},
     "a console needs a terminal",
     NULL},
};

static void contains(const char *what, const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("%s: '%s' is not in:\n%s", what, part, text);
}

/* Runs labctl in this process against the server's socket. */
static int run(const struct server *s, const char *const *words, char **out, char **err)
{
    char *argv[16] = {xstrdup("labctl")};
    int argc = 1;
    size_t n;
    FILE *fo = open_memstream(out, &n), *fe = open_memstream(err, &n);

    while (words[argc - 1] != NULL) {
        argv[argc] = xstrdup(words[argc - 1]);
        argc++;
    }
    setenv("LABCTL_SOCKET", s->socket, 1);
    unsetenv("LABCTL_SERVER");
    unsetenv("LABCTL_TOKEN");
    int status = ctl_main(argc, argv, fo, fe);
    fclose(fo);
    fclose(fe);
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    return status;
}

static void test_row(void **state)
{
    const struct row *r = *state;
    AUTO(mem_freep) char *out = NULL, *err = NULL;
    AUTO(buf_clear) struct buf log = BUF_INIT;
    struct server s = {0};
    struct err e;

    server_start(&s, r->answers);
    int status = run(&s, r->argv, &out, &err);
    int rc = file_exists(s.log) ? file_read(s.log, 1u << 20, &log, &e) : 0;
    server_stop(&s);
    if (status != r->status)
        fail_msg("status %d, not %d; %s", status, r->status, err);
    if (r->out[0] != NULL && r->out[0][0] == '\0')
        assert_string_equal(out, "");
    for (size_t i = 0; i < ARRAY_LEN(r->out) && r->out[i] != NULL; i++)
        contains("standard output", out, r->out[i]);
    if (r->err[0] == '\0')
        assert_string_equal(err, "");
    contains("standard error", err, r->err);
    assert_null(strchr(out, '\033'));
    assert_null(strchr(err, '\033'));
    assert_int_equal(rc, 0);
    if (r->asked != NULL)
        contains("the server's log", buf_str(&log), r->asked);
}

static void test_nobody_there(void **state)
{
    AUTO(mem_freep) char *out = NULL, *err = NULL;
    static const char *const words[] = {"list", NULL};
    const struct server s = {.socket = "/nonexistent/labd.sock"};

    (void)state;
    assert_int_equal(run(&s, words, &out, &err), 3);
    contains("standard error", err, "no labd answers at /nonexistent/labd.sock");
}

static void test_bad_server(void **state)
{
    AUTO(mem_freep) char *out = NULL, *err = NULL;
    static const char *const words[] = {"list", "--server", "ftp://x", NULL};
    const struct server s = {.socket = "/nonexistent"};

    (void)state;
    assert_int_equal(run(&s, words, &out, &err), 1);
    contains("standard error", err, "server 'ftp://x' is not a URL");
}

static void test_bad_token(void **state)
{
    AUTO(mem_freep) char *out = NULL, *err = NULL;
    static const char *const words[] = {"list", "--token", "a\r\nX-Evil: 1", NULL};
    const struct server s = {.socket = "/nonexistent"};

    (void)state;
    assert_int_equal(run(&s, words, &out, &err), 1);
    contains("standard error", err, "the token holds a blank");
}

/* What it makes is a valid exercise of the folder's name; what is there already is left alone. */
static void test_exercise_new(void **state)
{
    char top[] = "/tmp/labctl-test-XXXXXX";
    const struct server none = {.socket = "/nonexistent"};
    struct err e = {0};

    (void)state;
    assert_non_null(mkdtemp(top));
    AUTO(mem_freep) char *dir = xasprintf("%s/my-first", top), *bad = xasprintf("%s/My First", top);
    const char *const words[] = {"exercise", "new", dir, NULL}, *const check[] = {"validate", dir, NULL},
                      *const wrong[] = {"exercise", "new", bad, NULL};
    AUTO(mem_freep)
    char *out = NULL, *err = NULL, *out2 = NULL, *err2 = NULL, *out3 = NULL, *err3 = NULL, *out4 = NULL,
         *err4 = NULL;
    int made = run(&none, words, &out, &err), valid = run(&none, check, &out2, &err2),
        again = run(&none, words, &out3, &err3), named = run(&none, wrong, &out4, &err4);
    bool left = file_exists(bad);
    int removed = file_remove_tree(top, &e);
    assert_int_equal(made, 0);
    contains("standard output", out, "labctl exercise test");
    assert_int_equal(valid, 0);
    contains("standard output", out2, "ok: 2 nodes");
    assert_int_equal(again, 1);
    contains("standard error", err3, "exists already");
    assert_int_equal(named, 1);
    contains("standard error", err4, "exercise name 'My First' is not allowed");
    assert_false(left);
    assert_int_equal(removed, 0);
}

/* A pipe can be read once only. */
static void validate_pipe(const char *option, const char *expected)
{
    static const char xml[] = "<topology name='t'><!-- said --><host name='a'/></topology>";
    const struct server none = {.socket = "/nonexistent"};
    AUTO(mem_freep) char *out = NULL, *err = NULL;
    int p[2];

    assert_int_equal(pipe(p), 0);
    assert_int_equal(write(p[1], xml, strlen(xml)), strlen(xml));
    close(p[1]);
    AUTO(mem_freep) char *path = xasprintf("/dev/fd/%d", p[0]);
    assert_int_equal(run(&none, (const char *const[]){"validate", path, option, NULL}, &out, &err), 0);
    contains("stdout", out, expected);
    close(p[0]);
}

static void test_validate_pipe(void **state)
{
    (void)state;
    validate_pipe(NULL, "ok: 1 nodes, 0 links");
    validate_pipe("--expand", "<!-- said -->");
}

static void collect(bool error, const uint8_t *data, size_t n, void *arg)
{
    if (!error)
        buf_add(arg, data, n);
}

/* A megabyte goes to the node and back, in frames of both directions at once. */
static void test_exec_input(void **state)
{
    static const struct answer none[] = {{NULL, 0, NULL}};
    AUTO(buf_clear) struct buf in = BUF_INIT, out = BUF_INIT;
    struct server s = {0};
    struct err e = {0};
    int status = -1;

    (void)state;
    for (unsigned i = 0; i < 1u << 20; i++)
        buf_putc(&in, (char)(i * 2654435761u >> 24));
    server_start(&s, none);
    struct ctl_http *h = ctl_http_new(&(struct ctl_http_config){.socket = s.socket}, &e);
    const struct ctl_exec x = {.lab = "abc123",
                               .node = "r1",
                               .argv = json_pack("[s]", "cat"),
                               .in = -1,
                               .input = in.data,
                               .input_len = in.len,
                               .output = collect,
                               .arg = &out};
    assert_non_null(h);
    int rc = ctl_exec(h, &x, &status, &e);
    server_stop(&s);
    ctl_http_free(h);
    json_decref(x.argv);
    assert_int_equal(rc, 0);
    assert_int_equal(status, 7);
    assert_int_equal(out.len, in.len);
    assert_memory_equal(out.data, in.data, in.len);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 6];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        union {
            const struct row *in;
            void *out;
        } row = {&rows[i]};

        tests[n++] = (struct CMUnitTest){rows[i].name, test_row, NULL, NULL, row.out};
    }
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_nobody_there);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_bad_server);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_bad_token);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_validate_pipe);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_exercise_new);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_exec_input);
    return _cmocka_run_group_tests("ctl_cmd", tests, n, NULL, NULL);
}
