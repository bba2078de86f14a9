/* The rounds of grading against a labhost that is played by a child process: it speaks the real protocol and
 * checks the real specs, and each scenario says how the network behind it behaves. */
#include "grading/grading_parts.h"
#include "labd/base/mem.h"
#include "labd/rpc/rpc.h"
#include "topology/plan.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const char topology[] =
    "<topology name='t'><router name='r1'><interface name='eth0' network='lan1'/><interface name='eth1'/><interface name='eth2'/></router>"
    "<router name='r2'><interface name='eth0' network='lan2'/><interface name='eth1'/><interface name='eth2'/></router>"
    "<host name='h2'><interface name='eth0' network='lan2'/></host><network name='lan1'/><network name='lan2'/>"
    "<link name='l1' a='r1:eth1' b='r2:eth1'/><link name='l2' a='r1:eth2' b='r2:eth2'/></topology>";
static const char xml[] =
    "<exercise id='x' title='X'><summary>s</summary><topology file='t.xml'/><grading deadline='1s' hold='2' interval='100ms'>"
    "<reference name='a' at='lan1' address='10.0.1.250/24' gateway='10.0.1.1'/>"
    "<check id='reach' kind='reachability' title='Reach' points='10' from='a' to='10.0.2.10' seen-at='h2:eth0'/>"
    "<check id='quiet' kind='unreachable' title='Quiet' points='20' control='reach' from='a' to='10.0.2.11' seen-at='h2:eth0'/>"
    "<check id='cut' kind='path' title='Cut' points='40' requires='reach' from='a' to='10.0.2.10' seen-at='h2:eth0' cut='l1' settle='2s'/>"
    "</grading></exercise>";
static const char xml_reboot[] =
    "<exercise id='x' title='X'><summary>s</summary><topology file='t.xml'/><grading deadline='1s' hold='2' interval='100ms'>"
    "<reference name='a' at='lan1' address='10.0.1.250/24' gateway='10.0.1.1'/>"
    "<check id='reach' kind='reachability' title='Reach' points='10' from='a' to='10.0.2.10' seen-at='h2:eth0'/>"
    "<check id='kept' kind='persistence' title='Kept' points='20' of='reach' nodes='r1 h2'/>"
    "</grading></exercise>";

#define ROUNDS_MAX 12 /* of 100 ms within the deadline, and one that ends a streak after it */
#define EACH_SECOND (-2)

/* How the network behaves; rounds are counted from 0. */
static const struct scenario { // NOLINT(clang-analyzer-optin.performance.Padding): in the order of reading
    const char *name;
    int good_from;      /* reachable from this round on; -1: never */
    int flap_at;        /* not reachable in this round; -1: none; EACH_SECOND */
    bool leaks;         /* what should be quiet arrives, too */
    bool no_detour;     /* nothing gets through while l1 is cut */
    bool other_path;    /* the traffic never used l1 */
    int lost_until;     /* the capture loses packets before this round */
    int fail_until;     /* probe.run fails before this round */
    enum err_code fail; /* .. with this */
    const char *lab_state;
    int typed_until; /* the lab is typed into during the runs before this lab.get */
    int score;       /* -1: no report, but an error */
    const char *status[3];
    const char *error; /* part of its message */
    bool typed_during;
} scenarios[] = {
    {"all is well",
     0,
     -1,
     false,
     false,
     false,
     0,
     0,
     ERR_NONE,
     "running",
     0,
     70,
     {"pass", "pass", "pass"},
     NULL,
     false},
    {"nothing is configured",
     -1,
     -1,
     false,
     false,
     false,
     0,
     0,
     ERR_NONE,
     "running",
     0,
     0,
     {"fail", "blocked", "blocked"},
     NULL,
     false},
    {"works after some rounds",
     3,
     -1,
     false,
     false,
     false,
     0,
     0,
     ERR_NONE,
     "running",
     0,
     70,
     {"pass", "pass", "pass"},
     NULL,
     false},
    {"one good round is not enough",
     0,
     1,
     false,
     false,
     false,
     0,
     0,
     ERR_NONE,
     "running",
     0,
     70,
     {"pass", "pass", "pass"},
     NULL,
     false},
    {"a leak",
     0,
     -1,
     true,
     false,
     false,
     0,
     0,
     ERR_NONE,
     "running",
     0,
     50,
     {"pass", "fail", "pass"},
     NULL,
     false},
    {"no other way",
     0,
     -1,
     false,
     true,
     false,
     0,
     0,
     ERR_NONE,
     "running",
     0,
     30,
     {"pass", "pass", "fail"},
     NULL,
     false},
    {"the link was not used",
     0,
     -1,
     false,
     false,
     true,
     0,
     0,
     ERR_NONE,
     "running",
     0,
     30,
     {"pass", "pass", "fail"},
     NULL,
     false},
    {"packets lost for a while",
     0,
     -1,
     false,
     false,
     false,
     2,
     0,
     ERR_NONE,
     "running",
     0,
     70,
     {"pass", "pass", "pass"},
     NULL,
     false},
    {"packets always lost",
     0,
     -1,
     false,
     false,
     false,
     99,
     0,
     ERR_NONE,
     "running",
     0,
     -1,
     {NULL},
     "reliably",
     false},
    {"probes fail once",
     0,
     -1,
     false,
     false,
     false,
     0,
     1,
     ERR_TOOL,
     "running",
     0,
     70,
     {"pass", "pass", "pass"},
     NULL,
     false},
    {"probes always fail",
     0,
     -1,
     false,
     false,
     false,
     0,
     99,
     ERR_TOOL,
     "running",
     0,
     -1,
     {NULL},
     "scripted",
     false},
    {"probes are not possible",
     0,
     -1,
     false,
     false,
     false,
     0,
     1,
     ERR_UNSUPPORTED,
     "running",
     0,
     -1,
     {NULL},
     "scripted",
     false},
    {"it comes and goes",
     0,
     EACH_SECOND,
     false,
     false,
     false,
     0,
     0,
     ERR_NONE,
     "running",
     0,
     0,
     {"fail", "blocked", "blocked"},
     NULL,
     false},
    {"the lab does not run",
     0,
     -1,
     false,
     false,
     false,
     0,
     0,
     ERR_NONE,
     "starting",
     0,
     -1,
     {NULL},
     "is not running, but starting",
     false},
    {"typed into once",
     0,
     -1,
     false,
     false,
     false,
     0,
     0,
     ERR_NONE,
     "running",
     2,
     70,
     {"pass", "pass", "pass"},
     NULL,
     false},
    {"typed into all the time",
     0,
     -1,
     false,
     false,
     false,
     0,
     0,
     ERR_NONE,
     "running",
     99,
     70,
     {"pass", "pass", "pass"},
     NULL,
     true},
};

/* ---- the part of labhost ---- */
static bool halts; /* r1 does not come up after a reboot */

struct stage {
    const struct scenario *s;
    int round, gets, reboots;
};

/* Not while somebody types: what is to be judged before must have been. */
static void do_reboot(struct rpc_call *call, json_t *req, void *arg)
{
    json_t *want = json_pack("[ss]", "r1", "h2");
    struct stage *g = arg;
    struct err e;

    if (g->gets <= g->s->typed_until || !json_equal(json_object_get(req, "nodes"), want)) {
        err_set(&e, ERR_INVALID, "not now, or not these nodes");
        rpc_fail(call, &e);
    } else {
        g->reboots++;
        rpc_reply(call, NULL);
    }
    json_decref(want);
}

static void do_get(struct rpc_call *call, json_t *req, void *arg)
{
    struct stage *g = arg;
    int typed = g->gets < g->s->typed_until ? g->gets : g->s->typed_until;

    (void)req;
    g->gets++;
    /* r2 is none of those that are rebooted. */
    rpc_reply(call, json_pack("{s:s, s:i, s:{s:{s:s, s:s}, s:{s:s}}}", "state", g->s->lab_state, "typed",
                              typed, "nodes", "r1", "state", halts && g->reboots > 0 ? "stopped" : "running",
                              "error", "it was switched off", "r2", "state", "stopped"));
}

static void see(struct probe_sample *m, const struct probe_spec *s, const struct probe *p, const char *port,
                bool in, enum probe_what what, int64_t t)
{
    struct probe_sighting *g = &m->sightings[m->nsightings++];

    snprintf(g->port, sizeof g->port, "%s", port);
    g->in = in;
    g->what = what;
    g->t_us = t;
    g->ttl = 62;
    g->src = what == PROBE_REPLY ? p->to : s->refs[0].net[0].addr;
    g->dst = what == PROBE_REPLY ? s->refs[0].net[0].addr : p->to;
}

static bool arrives(const struct stage *g, const struct probe_spec *s, const struct probe *p)
{
    struct probe_addr quiet;

    probe_addr_parse("10.0.2.11", &quiet);
    if (s->ncut > 0 && g->s->no_detour)
        return false;
    if (probe_addr_equal(&p->to, &quiet))
        return g->s->leaks;
    if (g->s->flap_at == EACH_SECOND && g->round % 2 == 1)
        return false;
    return g->s->good_from >= 0 && g->round >= g->s->good_from && g->round != g->s->flap_at;
}

static void do_probe(struct rpc_call *call, json_t *req, void *arg)
{
    struct stage *g = arg;
    struct probe_result *r;
    struct probe_spec *s;
    struct err e;

    if (g->round < g->s->fail_until) {
        g->round++;
        err_set(&e, g->s->fail, "scripted failure");
        rpc_fail(call, &e);
        return;
    }
    if ((s = probe_spec_from_json(json_object_get(req, "spec"), false, &e)) == NULL) {
        rpc_fail(call, &e);
        return;
    }
    r = probe_result_new();
    r->lost = g->round < g->s->lost_until;
    r->nprobes = s->nprobes;
    r->probes = xcalloc(s->nprobes + 1, sizeof *r->probes);
    for (size_t i = 0; i < s->nprobes; i++) {
        const struct probe *p = &s->probes[i];
        struct probe_outcome *o = &r->probes[i];

        memcpy(o->id, p->id, sizeof o->id);
        o->nsamples = p->count;
        o->samples = xcalloc(p->count, sizeof *o->samples);
        for (size_t k = 0; k < o->nsamples; k++) {
            struct probe_sample *m = &o->samples[k];

            m->sent_us = (int64_t)k * p->interval_ms * 1000;
            m->reply_us = -1;
            m->sightings = xcalloc(4, sizeof *m->sightings);
            if (!arrives(g, s, p))
                continue;
            see(m, s, p, s->ncut > 0 || g->s->other_path ? "l2:a" : "l1:a", false, PROBE_REQUEST,
                m->sent_us + 100);
            see(m, s, p, "h2:eth0", true, PROBE_REQUEST, m->sent_us + 200);
            see(m, s, p, "h2:eth0", false, PROBE_REPLY, m->sent_us + 300);
            m->reply_us = m->sent_us + 400;
        }
    }
    g->round++;
    rpc_reply(call, json_pack("{s:o}", "result", probe_result_to_json(r)));
    probe_result_free(r);
    probe_spec_free(s);
}

static _Noreturn void play(const struct scenario *sc, const char *path, int ready)
{
    static const struct rpc_method methods[] = {
        {"lab.get", do_get}, {"probe.run", do_probe}, {"lab.reboot", do_reboot}, {NULL, NULL}};
    struct stage g = {.s = sc};
    struct loop *l = loop_new(NULL);
    struct rpc_server *s = l != NULL ? rpc_server_new(l, path, getuid(), methods, &g, NULL) : NULL;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (s == NULL || write(ready, "1", 1) != 1 || loop_run(l, NULL) < 0)
        _exit(1);
    _exit(0);
}

/* ---- the tests ---- */
static size_t last_done, last_total;

static void progress(size_t done, size_t total, void *arg)
{
    (void)arg;
    last_done = done;
    last_total = total;
}

static int grade(const struct scenario *sc, const char *text, json_t **report, json_t **again, struct err *e)
{
    AUTO(exercise_freep)
    struct exercise *x = exercise_load_mem(text, strlen(text), topology, sizeof topology - 1, NULL, NULL, e);
    AUTO(plan_freep) struct plan *p = x != NULL ? plan_make(x->topo, "abcdef", e) : NULL;
    char path[64], c;
    int ready[2], rc;
    pid_t pid;

    if (p == NULL)
        fail_msg("%s", e->msg);
    snprintf(path, sizeof path, "/tmp/paralab-grading-%d.sock", (int)getpid());
    assert_int_equal(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        close(ready[0]);
        play(sc, path, ready[1]);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &c, 1), 1);
    close(ready[0]);
    json_t *evidence = NULL;
    rc = grading_run(x, p, path, "abcdef", NULL, progress, NULL, report, &evidence, e);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    unlink(path);
    if (rc == 0)
        assert_int_equal(grading_again(x, x, evidence, *report, NULL, again, e), 0);
    json_decref(evidence);
    return rc;
}

static void test_scenario(void **state)
{
    const struct scenario *sc = *state;
    json_t *report = NULL, *again = NULL;
    struct err e = {0};
    int rc = grade(sc, xml, &report, &again, &e);

    if (sc->score < 0) {
        assert_int_equal(rc, -1);
        assert_null(report);
        if (strstr(e.msg, sc->error) == NULL)
            fail_msg("%s", e.msg);
        return;
    }
    if (rc < 0)
        fail_msg("%s", e.msg);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(json_string_value(json_object_get(
                                json_array_get(json_object_get(report, "checks"), i), "status")),
                            sc->status[i]);
    assert_in_range(
        json_integer_value(json_object_get(json_array_get(json_object_get(report, "checks"), 0), "samples")),
        1, ROUNDS_MAX);
    assert_int_equal(json_integer_value(json_object_get(report, "score")), sc->score);
    assert_int_equal(json_is_true(json_object_get(report, "typed_during")), sc->typed_during);
    assert_int_equal(last_total, 3);
    if (sc->score == 70)
        assert_int_equal(last_done, 3);
    /* Judged again by the same exercise it is the same report, whatever came in between. */
    if (!json_equal(report, again))
        fail_msg("%s\n%s", json_dumps(report, 0), json_dumps(again, 0));
    json_decref(report);
    json_decref(again);
}

static void graded_after_reboot(const struct scenario *sc, const char *status, const char *observed)
{
    json_t *report = NULL, *again = NULL;
    struct err e = {0};

    if (grade(sc, xml_reboot, &report, &again, &e) < 0)
        fail_msg("%s", e.msg);
    const json_t *checks = json_object_get(report, "checks"), *kept = json_array_get(checks, 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(checks, 0), "status")), "pass");
    assert_string_equal(json_string_value(json_object_get(kept, "status")), status);
    assert_string_equal(json_string_value(json_object_get(kept, "observed")), observed);
    assert_false(json_is_true(json_object_get(report, "typed_during")));
    if (!json_equal(report, again))
        fail_msg("%s\n%s", json_dumps(report, 0), json_dumps(again, 0));
    json_decref(report);
    json_decref(again);
}

/* Typed into in the first run: that is graded once more before anything is rebooted. */
static void test_reboot_typed(void **state)
{
    const struct scenario sc = {.flap_at = -1, .lab_state = "running", .typed_until = 2};

    (void)state;
    graded_after_reboot(&sc, "pass", "All as before the reboot.");
}

static void test_reboot_halts(void **state)
{
    const struct scenario sc = {.flap_at = -1, .lab_state = "running"};

    (void)state;
    halts = true;
    graded_after_reboot(&sc, "fail", "Node r1 did not come back after the reboot: it was switched off.");
    halts = false;
}

static void test_no_labhost(void **state)
{
    struct err e = {0};
    AUTO(exercise_freep)
    struct exercise *x =
        exercise_load_mem(xml, sizeof xml - 1, topology, sizeof topology - 1, NULL, NULL, &e);
    AUTO(plan_freep) struct plan *p = plan_make(x->topo, "abcdef", &e);
    json_t *report = NULL, *evidence = NULL;

    (void)state;
    assert_int_equal(
        grading_run(x, p, "/nonexistent/host.sock", "abcdef", NULL, NULL, NULL, &report, &evidence, &e), -1);
    assert_null(evidence);
    assert_int_equal(e.code, ERR_UNREACHABLE);
}

/* An exercise that does not belong to the lab is our mistake, found before a packet is sent. */
static void test_other_plan(void **state)
{
    static const char other[] =
        "<topology name='t'><host name='h1'><interface name='eth0' network='lan1'/></host><network name='lan1'/></topology>";
    struct err e = {0};
    AUTO(exercise_freep)
    struct exercise *x =
        exercise_load_mem(xml, sizeof xml - 1, topology, sizeof topology - 1, NULL, NULL, &e);
    struct topo *t = topo_load_mem(other, sizeof other - 1, NULL, &e);
    struct plan *right = x->topo != NULL ? plan_make(x->topo, "abcdef", &e) : NULL,
                *wrong = plan_make(t, "abcdef", &e);
    AUTO(probe_spec_freep) struct probe_spec *s = grading_spec(x, GRADING_ALL_SHARED, GRADING_STEADY, &e);

    (void)state;
    assert_int_equal(probe_spec_resolve(s, right, &e), 0);
    assert_int_equal(probe_spec_resolve(s, wrong, &e), -1);
    plan_free(right);
    plan_free(wrong);
    topo_free(t);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(scenarios) + 4];
    size_t n = 0;

    for (; n < ARRAY_LEN(scenarios); n++)
        tests[n] = (struct CMUnitTest){scenarios[n].name, test_scenario, NULL, NULL,
                                       (void *)(uintptr_t)&scenarios[n]};
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_reboot_typed);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_reboot_halts);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_no_labhost);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_other_plan);
    return cmocka_run_group_tests_name("grading_run", tests, NULL, NULL);
}
