/* Judging again: what of a mended exercise the evidence of an attempt answers, and what is kept where it does not. */
#include "grading/answer.h"
#include "grading/evidence.h"
#include "labd/base/buf.h"
#include "labd/base/mem.h"
#include "tests/unit/peering_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TOPOLOGY \
    "<topology name='t'><router name='r1'><interface name='eth0' network='lan1'/><interface name='eth1'/><interface name='eth2'/></router>" \
    "<router name='r2'><interface name='eth0' network='lan2'/><interface name='eth1'/><interface name='eth2'/></router>" \
    "<host name='h2'><interface name='eth0' network='lan2'/></host><network name='lan1'/><network name='lan2'/>" \
    "<link name='l1' a='r1:eth1' b='r2:eth1'/><link name='l2' a='r1:eth2' b='r2:eth2'/></topology>"
#define GRADING "<grading deadline='1s' hold='2' interval='100ms'>"
#define REF "<reference name='a' at='lan1' address='10.0.1.250/24' gateway='10.0.1.1'/>"
#define FLOW " from='a' to='10.0.2.10' seen-at='h2:eth0'"
#define REACH "<check id='reach' kind='reachability' title='Reach' points='10'" FLOW "/>"
#define HOPS(n) "<check id='hops' kind='reachability' title='Hops' points='20' hops='" n "'" FLOW "/>"
#define CUT \
    "<check id='cut' kind='path' title='Cut' points='40' requires='reach'" FLOW " cut='l1' settle='2s'/>"
#define PING "<flow from='a' to='10.0.2.10' expect='pass' seen-at='h2:eth0'/>"
#define WALL(expect) \
    "<check id='wall' kind='firewall' title='Wall' points='9'>" PING \
    "<flow from='a' to='10.0.2.10' proto='tcp' port='80' expect='" expect "' seen-at='h2:eth0'/>" \
    "<flow from='a' to='10.0.2.10' proto='tcp' port='other' expect='drop' seen-at='h2:eth0'/></check>"
#define SAYS(points, program) \
    "<check id='says' kind='script' title='Says' points='" points "' from='a'><program>#!/bin/sh\n" program \
    "</program></check>"
#define EXERCISE(grading, checks) \
    "<exercise id='x' title='X'><summary>s</summary><topology file='t.xml'/>" grading REF checks \
    "</grading></exercise>"

/* Graded by this: all but "hops" holds, for two packets out of three are through the wrong number of routers. */
static const char then_xml[] = EXERCISE(GRADING, REACH HOPS("3") CUT WALL("drop"));

/* Graded by this: the program says that half of it is as it should be. */
static const char script_xml[] = EXERCISE(GRADING, SAYS("10", "a") REACH);

#define CHECKS_MAX 6
static const struct row {
    const char *name, *now;
    const char *checks[CHECKS_MAX]; /* "id status score/max", and "kept" after it where it is; in order */
    int score, max;
} rows[] = {
    {"the same", then_xml, {"reach pass 10/10", "hops fail 0/20", "cut pass 40/40", "wall fail 6/9"}, 56, 79},
    {"a limit is mended",
     EXERCISE(GRADING, REACH HOPS("2") CUT WALL("drop")),
     {"reach pass 10/10", "hops pass 20/20", "cut pass 40/40", "wall fail 6/9"},
     76,
     79},
    {"points",
     EXERCISE(GRADING,
              "<check id='reach' kind='reachability' title='Reach' points='1'" FLOW "/>" HOPS("3") CUT),
     {"reach pass 1/1", "hops fail 0/20", "cut pass 40/40"},
     41,
     61},
    {"what a firewall has to do",
     EXERCISE(GRADING, REACH HOPS("3") CUT WALL("pass")),
     {"reach pass 10/10", "hops fail 0/20", "cut pass 40/40", "wall pass 9/9"},
     59,
     79},
    {"another order",
     EXERCISE(GRADING, HOPS("2") WALL("drop") REACH CUT),
     {"hops pass 20/20", "wall fail 6/9", "reach pass 10/10", "cut pass 40/40"},
     76,
     79},
    {"one that did not exist costs nothing",
     EXERCISE(GRADING, "<check id='new' kind='reachability' title='New' points='9'" FLOW "/>" REACH CUT),
     {"new error 0/0 kept", "reach pass 10/10", "cut pass 40/40"},
     50,
     50},
    {"what depends on one that did not exist keeps its verdict",
     EXERCISE(GRADING,
              "<check id='new' kind='reachability' title='New' points='9'" FLOW "/>"
              "<check id='hops' kind='reachability' title='Hops' points='20' hops='2' requires='new'" FLOW
              "/>"),
     {"new error 0/0 kept", "hops fail 0/20 kept"},
     0,
     20},
    {"other probes keep the verdict and the share of the points",
     EXERCISE(
         GRADING, REACH
         "<check id='wall' kind='firewall' title='Wall' points='90'>" PING
         "<flow from='a' to='10.0.2.10' proto='tcp' port='443' expect='drop' seen-at='h2:eth0'/>"
         "<flow from='a' to='10.0.2.10' proto='tcp' port='other' expect='drop' seen-at='h2:eth0'/></check>"),
     {"reach pass 10/10", "wall fail 60/90 kept"},
     70,
     100},
    {"what is blocked by a check that is kept",
     EXERCISE(
         GRADING,
         "<check id='hops' kind='reachability' title='Hops' points='20' from='a' to='10.0.2.11' seen-at='h2:eth0'/>"
         "<check id='reach' kind='reachability' title='Reach' points='10' requires='hops'" FLOW "/>"),
     {"hops fail 0/20 kept", "reach blocked 0/10"},
     0,
     30},
    {"another reference is another probe",
     "<exercise id='x' title='X'><summary>s</summary><topology file='t.xml'/>" GRADING
     "<reference name='a' at='lan1' address='10.0.1.251/24' gateway='10.0.1.1'/>" REACH HOPS(
         "2") "</grading></exercise>",
     {"reach pass 10/10 kept", "hops fail 0/20 kept"},
     10,
     30},
    {"a cut that has to settle sooner is another probe",
     EXERCISE(GRADING, REACH "<check id='cut' kind='path' title='Cut' points='30' requires='reach'" FLOW
                             " cut='l1' settle='3s'/>"),
     {"reach pass 10/10", "cut pass 30/30 kept"},
     40,
     40},
    {"watched too shortly for the new rules",
     EXERCISE("<grading deadline='1s' hold='4' interval='100ms'>", REACH HOPS("3")),
     {"reach pass 10/10 kept", "hops fail 0/20"},
     10,
     30},
    {"a shorter hold",
     EXERCISE("<grading deadline='1s' hold='1' interval='100ms'>", REACH HOPS("2")),
     {"reach pass 10/10", "hops pass 20/20"},
     30,
     30},
};

static const struct row script_rows[] = {
    {"what a program said",
     EXERCISE(GRADING, REACH SAYS("40", "a")),
     {"reach pass 10/10", "says fail 20/40"},
     30,
     50},
    {"what another program would say",
     EXERCISE(GRADING, REACH SAYS("40", "b")),
     {"reach pass 10/10", "says fail 20/40 kept"},
     30,
     50},
};

static struct exercise *load(const char *xml)
{
    struct err e;
    struct exercise *x = exercise_load_mem(xml, strlen(xml), TOPOLOGY, sizeof TOPOLOGY - 1, NULL, NULL, &e);

    if (x == NULL)
        fail_msg("%s", e.msg);
    return x;
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
    g->frame = xcalloc(3, 1);
    memcpy(g->frame, "\xab\xcd\xef", 3);
    g->nframe = 3;
    g->length = 60;
}

/* Everything arrives but TCP at the ports that no flow names. */
static json_t *play(const struct exercise *x, size_t which, enum grading_phase phase)
{
    struct err e;
    AUTO(probe_spec_freep) struct probe_spec *s = grading_spec(x, which, phase, &e);
    AUTO(probe_result_freep) struct probe_result *r = probe_result_new();

    r->nprobes = s->nprobes;
    r->probes = xcalloc(s->nprobes, sizeof *r->probes);
    for (size_t i = 0; i < s->nprobes; i++) {
        const struct probe *p = &s->probes[i];
        struct probe_outcome *o = &r->probes[i];

        memcpy(o->id, p->id, sizeof o->id);
        o->port = p->port;
        o->nsamples = p->count;
        o->samples = xcalloc(p->count, sizeof *o->samples);
        for (size_t k = 0; k < o->nsamples; k++) {
            struct probe_sample *m = &o->samples[k];

            m->sent_us = (int64_t)k * p->interval_ms * 1000;
            m->reply_us = -1;
            m->answer.code = PROBE_ANSWER_NONE;
            m->sightings = xcalloc(4, sizeof *m->sightings);
            if (p->kind == PROBE_TCP)
                m->tcp = PROBE_TCP_TIMEOUT;
            if (p->drawn)
                continue;
            see(m, s, p, s->ncut > 0 ? "l2:a" : "l1:a", false,
                p->kind == PROBE_TCP ? PROBE_SYN : PROBE_REQUEST, m->sent_us + 100);
            see(m, s, p, "h2:eth0", true, p->kind == PROBE_TCP ? PROBE_SYN : PROBE_REQUEST, m->sent_us + 200);
            see(m, s, p, "h2:eth0", false, p->kind == PROBE_TCP ? PROBE_SYNACK : PROBE_REPLY,
                m->sent_us + 300);
            m->reply_us = m->sent_us + 400;
            if (p->kind == PROBE_TCP) {
                m->tcp = PROBE_TCP_OPEN;
                m->data = m->echo = true;
            }
        }
    }
    r->nscripts = s->nscripts;
    r->scripts = xcalloc(s->nscripts + 1, sizeof *r->scripts);
    for (size_t i = 0; i < s->nscripts; i++) {
        memcpy(r->scripts[i].id, s->scripts[i].id, sizeof r->scripts[i].id);
        r->scripts[i].percent = 50;
    }
    return probe_result_to_json(r);
}

static void add(json_t *ev, const struct exercise *x, size_t which, enum grading_phase phase, int64_t began)
{
    json_t *result = play(x, which, phase);

    evidence_add(ev, x, which, phase, began, began + 50, result);
    json_decref(result);
}

/* The evidence of an attempt at 'x' with 'shared' rounds; "hops" kept it from settling. */
static json_t *evidence_of(const struct exercise *x, int shared)
{
    json_t *ev = evidence_new();
    int64_t t = 0;

    for (int i = 0; i < shared; i++, t += 100)
        add(ev, x, GRADING_ALL_SHARED, GRADING_STEADY, t);
    for (size_t i = 0; i < x->nchecks; i++)
        if (x->checks[i].cut.n > 0) {
            add(ev, x, i, GRADING_STEADY, t);
            add(ev, x, i, GRADING_BROKEN, t + 100);
        }
    return ev;
}

/* The report that the attempt got, which is judged from nothing: no verdict can be kept of it. */
static json_t *first_report(const struct exercise *x, const json_t *ev)
{
    json_t *nothing = json_pack("{s:s, s:i, s:i, s:b, s:n, s:[]}", "lab", "abcdef", "started", 1000,
                                "finished", 3000, "typed_during", 0, "attempt", "checks");
    json_t *report;
    struct err e;

    if (grading_again(x, x, ev, nothing, NULL, &report, &e) < 0)
        fail_msg("%s", e.msg);
    json_decref(nothing);
    return report;
}

static void judge_again(const struct row *row, const char *then_text)
{
    AUTO(exercise_freep) struct exercise *then = load(then_text);
    AUTO(exercise_freep) struct exercise *now = load(row->now);
    json_t *ev = evidence_of(then, 2), *old = first_report(then, ev), *report, *c;
    struct err e;
    size_t i;

    if (grading_again(now, then, ev, old, NULL, &report, &e) < 0)
        fail_msg("%s", e.msg);
    json_array_foreach(json_object_get(report, "checks"), i, c) {
        AUTO(mem_freep)
        char *is = xasprintf("%s %s %d/%d%s", json_string_value(json_object_get(c, "id")),
                             json_string_value(json_object_get(c, "status")),
                             (int)json_integer_value(json_object_get(c, "score")),
                             (int)json_integer_value(json_object_get(c, "max_score")),
                             json_is_string(json_object_get(c, "kept")) ? " kept" : "");
        assert_string_equal(is, row->checks[i]);
    }
    assert_true(i == CHECKS_MAX || row->checks[i] == NULL);
    assert_int_equal(json_integer_value(json_object_get(report, "score")), row->score);
    assert_int_equal(json_integer_value(json_object_get(report, "max_score")), row->max);
    assert_int_equal(json_integer_value(json_object_get(report, "finished")), 3000);
    /* Once more by the same exercise, there is nothing new. */
    json_t *twice;
    assert_int_equal(grading_again(now, then, ev, report, NULL, &twice, &e), 0);
    assert_true(json_equal(report, twice));
    json_decref(ev);
    json_decref(old);
    json_decref(report);
    json_decref(twice);
}

static void test_row(void **state)
{
    judge_again(*state, then_xml);
}

static void test_script_row(void **state)
{
    judge_again(*state, script_xml);
}

/* A check that failed to the deadline leaves many rounds; the verdicts are made of those that are kept. */
static void test_dropped(void **state)
{
    AUTO(exercise_freep) struct exercise *x = load(then_xml);
    json_t *ev = evidence_of(x, EXERCISE_HOLD_MAX + 5), *old = first_report(x, ev), *report;
    json_t *reach = json_array_get(json_object_get(old, "checks"), 0);
    struct err e;

    (void)state;
    assert_int_equal(json_array_size(json_object_get(ev, "rounds")), EXERCISE_HOLD_MAX + 2);
    assert_int_equal(json_integer_value(json_object_get(ev, "dropped")), 5);
    json_object_set_new(reach, "samples", json_integer(EXERCISE_HOLD_MAX + 5));
    json_object_set_new(reach, "time_to_pass_ms", json_integer(7));
    assert_int_equal(grading_again(x, x, ev, old, NULL, &report, &e), 0);
    assert_true(json_equal(report, old));
    json_decref(report);
    while (evidence_drop(ev, 2))
        ;
    assert_int_equal(json_array_size(json_object_get(ev, "rounds")), 2 + 2);
    assert_int_equal(grading_again(x, x, ev, old, NULL, &report, &e), 0);
    assert_true(json_equal(report, old));
    json_decref(report);
    json_decref(ev);
    json_decref(old);
}

#define BGP(hears) \
    "<exercise id='x' title='X'><summary>s</summary><topology file='t.xml'/><grading hold='2'>" \
    "<reference name='a' at='lan1' address='10.0.1.250/24' gateway='10.0.1.1'/>" \
    "<reference name='b' at='lan2' address='10.0.2.250/24' gateway='10.0.2.1'/>" \
    "<check id='bgp' kind='bgp' title='BGP' points='5' peer='a' as='64999' router='10.0.1.1' router-as='65001'" \
    " settle='9s' from='b' hears='" hears "'/></grading></exercise>"

/* What a router of ours announces is another prefix each time, and still the same probe. */
static void test_announced(void **state)
{
    static const char seen[] =
        "{\"lost\":0,\"probes\":[{\"id\":\"c0\",\"samples\":[" GOT "]},{\"id\":\"c0-back\",\"samples\":[" NOT
        "]}],\"peers\":[{\"reference\":\"a\",\"announced\":\"198.18.4.7\",\"foreign\":false,\"neighbours\":[{"
        "\"address\":\"10.0.1.1\",\"state\":\"Established\"}],\"prefixes\":[\"10.0.2.0/24 65001\"]}]}";
    AUTO(exercise_freep) struct exercise *then = exercise_of_texts(BGP("10.0.3.0/24"), peering_topology);
    AUTO(exercise_freep) struct exercise *now = exercise_of_texts(BGP("10.0.2.0/24"), peering_topology);
    json_t *ev = evidence_new(), *result = json_loads(seen, 0, NULL), *old, *report, *c;
    struct err e;

    (void)state;
    evidence_add(ev, then, 0, GRADING_STEADY, 0, 9000, result);
    json_decref(result);
    old = first_report(then, ev);
    assert_int_equal(json_integer_value(json_object_get(old, "score")), 0);
    assert_int_equal(grading_again(now, then, ev, old, NULL, &report, &e), 0);
    c = json_array_get(json_object_get(report, "checks"), 0);
    assert_null(json_object_get(c, "kept"));
    assert_string_equal(json_string_value(json_object_get(c, "status")), "pass");
    json_decref(ev);
    json_decref(old);
    json_decref(report);
}

#define QUESTION(expect) \
    EXERCISE(GRADING, "<check id='q' kind='answer' title='Q' points='5' expect='" expect "'/>")

/* The evidence knows what was said, so a question whose answer was wrong can be mended, too. */
static void test_answer(void **state)
{
    AUTO(exercise_freep) struct exercise *then = load(QUESTION("lan1"));
    AUTO(exercise_freep) struct exercise *now = load(QUESTION("lan2"));
    json_t *said = json_pack("{s:s}", "q", "LAN2"), *ev, *old, *report, *c;
    struct err e;

    (void)state;
    answers_give(then, said, NULL);
    answers_give(now, said, NULL);
    json_decref(said);
    ev = evidence_of(then, 2);
    old = first_report(then, ev);
    assert_int_equal(json_integer_value(json_object_get(old, "score")), 0);
    assert_int_equal(grading_again(now, then, ev, old, NULL, &report, &e), 0);
    c = json_array_get(json_object_get(report, "checks"), 0);
    assert_null(json_object_get(c, "kept"));
    assert_string_equal(json_string_value(json_object_get(c, "status")), "pass");
    assert_int_equal(json_integer_value(json_object_get(report, "score")), 5);
    json_decref(ev);
    json_decref(old);
    json_decref(report);
}

#define ROUTE(prefixes, points) \
    EXERCISE(GRADING, "<check id='route' kind='route' title='Route' points='" points \
                      "' from='a' out='r1:eth1' prefixes='" prefixes "' absent='10.0.0.0/8'/>")

static bool route_kept(const char *xml)
{
    AUTO(exercise_freep) struct exercise *then = load(ROUTE("10.0.4.0/24", "5"));
    AUTO(exercise_freep) struct exercise *now = load(xml);
    json_t *ev = evidence_of(then, 2), *old = first_report(then, ev), *report;
    struct err e;
    bool kept;

    assert_int_equal(grading_again(now, then, ev, old, NULL, &report, &e), 0);
    kept = json_object_get(json_array_get(json_object_get(report, "checks"), 0), "kept") != NULL;
    json_decref(ev);
    json_decref(old);
    json_decref(report);
    return kept;
}

/* Another address of the prefix is the same probe, one of another prefix is not. */
static void test_drawn(void **state)
{
    (void)state;
    assert_false(route_kept(ROUTE("10.0.4.0/24", "9")));
    assert_true(route_kept(ROUTE("10.0.5.0/24", "5")));
    assert_true(route_kept(ROUTE("10.0.4.0/25", "5")));
}

static size_t count(const char *data, size_t n, const char *what)
{
    size_t found = 0;

    for (const char *p = data; (p = memmem(p, n - (size_t)(p - data), what, strlen(what))) != NULL; p++)
        found++;
    return found;
}

/* What is shown of a check is its own; frames are there of its last round. */
static void test_shown(void **state)
{
    AUTO(exercise_freep) struct exercise *x = load(then_xml);
    AUTO(buf_clear) struct buf out = BUF_INIT;
    json_t *ev = evidence_of(x, 3), *of, *cut, *r;
    struct err e;
    size_t i;

    (void)state;
    of = evidence_of_check(ev, x, "hops", &e);
    assert_int_equal(json_array_size(json_object_get(of, "rounds")), 3);
    json_array_foreach(json_object_get(of, "rounds"), i, r) {
        AUTO(mem_freep) char *text = json_dumps(r, 0);

        assert_int_equal(json_array_size(json_object_get(r, "probes")), 1);
        assert_non_null(strstr(text, "\"c1\""));
        assert_int_equal(strstr(text, "abcdef") != NULL, i == 2);
    }
    assert_int_equal(evidence_pcapng(of, 1700000000000, &out, &e), 0);
    assert_int_equal(count(out.data, out.len, "\xab\xcd\xef"), 3);
    assert_int_equal(count(out.data, out.len, "probe c1, sample 1: request"), 2);
    assert_int_equal(count(out.data, out.len, "l1:a"), 1);
    evidence_strip(json_object_get(of, "rounds"));
    assert_int_equal(evidence_pcapng(of, 0, &out, &e), -1);
    assert_int_equal(e.code, ERR_NOT_FOUND);
    json_decref(of);

    cut = evidence_of_check(ev, x, "cut", &e);
    assert_int_equal(json_array_size(json_object_get(cut, "rounds")), 2);
    buf_clear(&out);
    assert_int_equal(evidence_pcapng(cut, 1700000000000, &out, &e), 0);
    assert_int_equal(count(out.data, out.len, "l2:a"), 1); /* the way round */
    json_decref(cut);

    assert_null(evidence_of_check(ev, x, "nobody", &e));
    assert_int_equal(e.code, ERR_NOT_FOUND);
    json_object_set_new(ev, "schema", json_integer(9));
    assert_null(evidence_of_check(ev, x, "cut", &e));
    json_decref(ev);
}

static void test_bad_evidence(void **state)
{
    static const char *const bad[] = {
        "{}",
        "{\"schema\":2,\"rounds\":[]}",
        "{\"schema\":1,\"rounds\":{}}",
        "{\"schema\":1,\"rounds\":[{\"phase\":\"later\",\"result\":{\"lost\":0,\"probes\":[]}}]}",
        "{\"schema\":1,\"rounds\":[{\"phase\":\"steady\"}]}",
        "{\"schema\":1,\"dropped\":-1,\"rounds\":[]}",
        "{\"schema\":1,\"rounds\":[],\"reboots\":7}",
        "{\"schema\":1,\"rounds\":[],\"reboots\":[{\"ended_ms\":1}]}",
        "{\"schema\":1,\"rounds\":[],\"reboots\":[{\"check\":\"kept\",\"ended_ms\":-1}]}",
        "[]",
    };
    AUTO(exercise_freep) struct exercise *x = load(then_xml);
    json_t *old = json_pack("{s:s, s:[]}", "lab", "abcdef", "checks"), *report = NULL;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        json_t *ev = json_loads(bad[i], 0, NULL);
        struct err e = {0};

        assert_int_equal(grading_again(x, x, ev, old, NULL, &report, &e), -1);
        assert_true(e.msg[0] != '\0');
        assert_null(report);
        json_decref(ev);
    }
    json_decref(old);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + ARRAY_LEN(script_rows) + 6];
    size_t n = 0;

    for (; n < ARRAY_LEN(rows); n++)
        tests[n] = (struct CMUnitTest){rows[n].name, test_row, NULL, NULL, (void *)(uintptr_t)&rows[n]};
    for (size_t i = 0; i < ARRAY_LEN(script_rows); i++)
        tests[n++] = (struct CMUnitTest){script_rows[i].name, test_script_row, NULL, NULL,
                                         (void *)(uintptr_t)&script_rows[i]};
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_dropped);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_announced);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_answer);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_drawn);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_shown);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_bad_evidence);
    return cmocka_run_group_tests_name("grading_again", tests, NULL, NULL);
}
