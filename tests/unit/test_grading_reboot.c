/* Checks of kind persistence: what becomes of a lab in the rounds after a reboot, and the same judged again by its
 * evidence.  The lab is a script here; no machine is needed. */
#include "grading/evidence.h"
#include "grading/grading_rounds.h"
#include "labd/base/mem.h"

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
#define FLOW(to) " points='10' from='a' to='" to "' seen-at='h2:eth0'"
#define EXERCISE(hold, kept) \
    "<exercise id='x' title='X'><summary>s</summary><topology file='t.xml'/><grading deadline='1s' hold='" hold \
    "' interval='100ms'><reference name='a' at='lan1' address='10.0.1.250/24' gateway='10.0.1.1'/>" \
    "<check id='kept' kind='persistence' title='Kept' points='20' " kept "/>" \
    "<check id='near' kind='reachability' title='Near'" FLOW( \
        "10.0.2.1") "/>" \
                    "<check id='far' kind='reachability' title='Far'" FLOW( \
                        "10.0.2.10") "/>" \
                                     "<check id='cut' kind='path' title='Cut'" FLOW( \
                                         "10.0.2.10") " cut='l1' settle='9s'/>" \
                                                      "</grading></exercise>"
enum { KEPT, NEAR, FAR, CUT, CHECKS };

static const char xml[] = EXERCISE("2", "of='near far'");

#define ALWAYS 99
static const struct row {
    const char *name;
    bool far_never;          /* what 'far' is about never works */
    int near_from, far_from; /* after the reboot they work from this round on */
    bool flaps;              /* .. in each second round */
    int fails_from;          /* .. and the probes fail, 0: never; from this round on */
    bool down;               /* a node does not run then (fails_from 0: from the reboot on) */
    int reboot_fails;        /* so many times */
    int typed;               /* into the lab, after so many reboots */
    int reboots;             /* what happens: how many there were */
    const char *status;      /* of 'kept'; NULL: no report, but an error */
    int score;
    const char *observed; /* its beginning */
} rows[] = {
    {.name = "all was saved",
     .reboots = 1,
     .status = "pass",
     .score = 20,
     .observed = "All as before the reboot."},
    {.name = "nothing was saved",
     .near_from = ALWAYS,
     .far_from = ALWAYS,
     .reboots = 1,
     .status = "fail",
     .observed = "0 of 2 as before the reboot. \"Near\": "},
    {.name = "half was saved",
     .far_from = ALWAYS,
     .reboots = 1,
     .status = "fail",
     .score = 10,
     .observed = "1 of 2 as before the reboot. \"Far\": "},
    {.name = "it takes some rounds",
     .near_from = 1,
     .far_from = 3,
     .reboots = 1,
     .status = "pass",
     .score = 20},
    {.name = "it comes and goes",
     .flaps = true,
     .reboots = 1,
     .status = "fail",
     .observed = "0 of 2 as before the reboot."},
    {.name = "a node does not come back",
     .down = true,
     .reboots = 1,
     .status = "fail",
     .observed = "Node r1 did not come back"},
    {.name = "a node goes down while it is judged",
     .far_from = ALWAYS,
     .fails_from = 1,
     .down = true,
     .reboots = 1,
     .status = "fail",
     .observed = "Node r1 did not come back"},
    {.name = "probes always fail, and the nodes are there",
     .fails_from = 1,
     .reboots = 1,
     .far_from = ALWAYS},
    {.name = "labhost has to be asked twice", .reboot_fails = 2, .reboots = 3, .status = "pass", .score = 20},
    {.name = "labhost can not do it", .reboot_fails = ALWAYS, .reboots = 5},
    {.name = "typed into once", .typed = 1, .reboots = 2, .status = "pass", .score = 20},
    {.name = "typed into each time",
     .typed = ALWAYS,
     .reboots = 3,
     .status = "fail",
     .observed = "After each of 3 reboots somebody typed"},
    {.name = "one of them did not pass before",
     .far_never = true,
     .status = "blocked",
     .observed = "Not judged: \"Far\" comes first."},
};

/* ---- the part of the lab ---- */
struct stage {
    const struct row *s;
    const struct exercise *x;
    int64_t clock;
    int reboots, round; /* since the last reboot */
    json_t *evidence;
    struct probe_result *last;
};

static bool works(const struct stage *g, size_t check, enum grading_phase phase)
{
    if (check != NEAR && g->s->far_never)
        return false;
    if (phase != GRADING_REBOOTED)
        return true;
    if (g->s->flaps && g->round % 2 == 1)
        return false;
    return g->round >= (check == NEAR ? g->s->near_from : g->s->far_from);
}

static void see(struct probe_sample *m, const struct probe *p, const char *port, bool in,
                enum probe_what what)
{
    struct probe_sighting *g = &m->sightings[m->nsightings++];

    snprintf(g->port, sizeof g->port, "%s", port);
    g->in = in;
    g->what = what;
    g->t_us = m->sent_us + (int64_t)m->nsightings * 100;
    g->ttl = 62;
    probe_addr_parse("10.0.1.250", what == PROBE_REPLY ? &g->dst : &g->src);
    *(what == PROBE_REPLY ? &g->src : &g->dst) = p->to;
}

static void answer(const struct stage *g, const struct probe_spec *s, const struct probe *p,
                   enum grading_phase phase, struct probe_outcome *o)
{
    memcpy(o->id, p->id, sizeof o->id);
    o->nsamples = p->count;
    o->samples = xcalloc(p->count, sizeof *o->samples);
    for (size_t k = 0; k < o->nsamples; k++) {
        struct probe_sample *m = &o->samples[k];

        m->sent_us = (int64_t)k * p->interval_ms * 1000;
        m->reply_us = -1;
        m->sightings = xcalloc(3, sizeof *m->sightings);
        if (!works(g, (size_t)(p->id[1] - '0'), phase))
            continue;
        see(m, p, s->ncut > 0 ? "l2:a" : "l1:a", false, PROBE_REQUEST);
        see(m, p, "h2:eth0", true, PROBE_REQUEST);
        see(m, p, "h2:eth0", false, PROBE_REPLY);
        m->reply_us = m->sent_us + 400;
    }
}

static const struct probe_result *play_round(void *arg, size_t which, enum grading_phase phase, struct err *e)
{
    struct stage *g = arg;
    AUTO(probe_spec_freep) struct probe_spec *s = grading_spec(g->x, which, phase, e);
    int64_t began = g->clock;
    json_t *j;

    assert_non_null(s);
    if (phase != GRADING_REBOOTED)
        assert_int_equal(g->reboots, 0); /* all else comes first */
    g->clock += 50;
    if (phase == GRADING_REBOOTED && g->s->fails_from > 0 && g->round >= g->s->fails_from) {
        err_set(e, ERR_TOOL, "port r1:eth0 is gone");
        return NULL;
    }
    probe_result_free(g->last);
    g->last = probe_result_new();
    g->last->nprobes = s->nprobes;
    g->last->probes = xcalloc(s->nprobes + 1, sizeof *g->last->probes);
    for (size_t i = 0; i < s->nprobes; i++)
        answer(g, s, &s->probes[i], phase, &g->last->probes[i]);
    g->round++;
    j = probe_result_to_json(g->last);
    evidence_add(g->evidence, g->x, which, phase, began, g->clock, j);
    json_decref(j);
    return g->last;
}

static int play_reboot(void *arg, size_t which, int64_t *ended_ms, struct err *e)
{
    struct stage *g = arg;

    assert_int_equal(which, KEPT);
    g->clock += 700;
    if (g->reboots++ < g->s->reboot_fails)
        return err_set(e, ERR_TOOL, "no room");
    g->round = 0;
    *ended_ms = g->clock;
    evidence_reboot(g->evidence, g->x, which, g->clock);
    return 0;
}

static int play_down(void *arg, size_t which, char why[GRADING_TEXT], struct err *e)
{
    const struct stage *g = arg;

    (void)e;
    snprintf(why, GRADING_TEXT, "%s",
             g->s->down && g->round >= g->s->fails_from ? "Node r1 did not come back after the reboot." : "");
    evidence_reboot_down(g->evidence, g->x, which, why);
    return 0;
}

static int play_typed(void *arg, size_t which, bool *typed, struct err *e)
{
    const struct stage *g = arg;

    (void)e;
    *typed = g->reboots <= g->s->typed;
    evidence_reboot_typed(g->evidence, g->x, which, *typed);
    return 0;
}

static int64_t play_now(void *arg)
{
    const struct stage *g = arg;

    return g->clock;
}

static void play_pause(void *arg, unsigned ms)
{
    struct stage *g = arg;

    g->clock += ms;
}

/* ---- the tests ---- */
static struct exercise *load(const char *text)
{
    struct err e = {0};
    struct exercise *x = exercise_load_mem(text, strlen(text), topology, sizeof topology - 1, NULL, NULL, &e);

    if (x == NULL)
        fail_msg("%s", e.msg);
    return x;
}

static void stage_clear(struct stage *g)
{
    json_decref(g->evidence);
    probe_result_free(g->last);
}

/* The report, or NULL with 'e'. */
static json_t *grade(struct stage *g, struct err *e)
{
    const struct grading_source from = {.round = play_round,
                                        .reboot = play_reboot,
                                        .down = play_down,
                                        .typed = play_typed,
                                        .now_ms = play_now,
                                        .pause = play_pause,
                                        .arg = g};
    struct grading_outcome o[CHECKS];

    if (grading_rounds(g->x, &from, NULL, NULL, NULL, o, e) < 0)
        return NULL;
    return grading_report(g->x, "abcdef", o, NULL, false, 1, 2);
}

static const json_t *check_of(const json_t *report, size_t i)
{
    return json_array_get(json_object_get(report, "checks"), i);
}

static void test_row(void **state)
{
    const struct row *s = *state;
    AUTO(exercise_freep) struct exercise *x = load(xml);
    AUTO(stage_clear) struct stage g = {.s = s, .x = x, .evidence = evidence_new()};
    struct err e = {0};
    json_t *report = grade(&g, &e), *again = NULL;
    const json_t *kept = check_of(report, KEPT);

    assert_int_equal(g.reboots, s->reboots);
    if (s->status == NULL) {
        assert_null(report);
        assert_true(e.msg[0] != '\0');
        return;
    }
    assert_non_null(report);
    assert_string_equal(json_string_value(json_object_get(kept, "status")), s->status);
    assert_int_equal(json_integer_value(json_object_get(kept, "score")), s->score);
    if (s->observed != NULL &&
        strncmp(json_string_value(json_object_get(kept, "observed")), s->observed, strlen(s->observed)) != 0)
        fail_msg("%s", json_string_value(json_object_get(kept, "observed")));
    assert_string_equal(json_string_value(json_object_get(kept, "evidence")), "wire");
    for (size_t i = NEAR; i < CHECKS; i++) /* whatever the reboot did */
        assert_string_equal(json_string_value(json_object_get(check_of(report, i), "status")),
                            i != NEAR && s->far_never ? "fail" : "pass");
    if (grading_again(x, x, g.evidence, report, NULL, &again, &e) < 0)
        fail_msg("%s", e.msg);
    if (!json_equal(report, again))
        fail_msg("%s\n%s", json_dumps(report, 0), json_dumps(again, 0));
    json_decref(report);
    json_decref(again);
}

/* Judged again by a mended exercise, half of the work was saved. */
static const struct mended {
    const char *name, *xml;
    int score;
    bool kept; /* the evidence does not tell */
} mended[] = {
    {"again: named in another order", EXERCISE("2", "of='far near'"), 10, false},
    {"again: only one is named", EXERCISE("2", "of='near'"), 10, true},
    {"again: other nodes", EXERCISE("2", "of='near far' nodes='r1'"), 10, true},
    {"again: held for longer", EXERCISE("3", "of='near far'"), 10, true},
    {"again: held for less long", EXERCISE("1", "of='near far'"), 10, false},
};

static void test_mended(void **state)
{
    static const struct row half = {.far_from = ALWAYS};
    const struct mended *m = *state;
    AUTO(exercise_freep) struct exercise *x = load(xml), *now = load(m->xml);
    AUTO(stage_clear) struct stage g = {.s = &half, .x = x, .evidence = evidence_new()};
    struct err e = {0};
    json_t *report = grade(&g, &e), *again = NULL;

    if (grading_again(now, x, g.evidence, report, NULL, &again, &e) < 0)
        fail_msg("%s", e.msg);
    assert_int_equal(json_integer_value(json_object_get(check_of(again, KEPT), "score")), m->score);
    assert_int_equal(json_object_get(check_of(again, KEPT), "kept") != NULL, m->kept);
    json_decref(report);
    json_decref(again);
}

/* What is shown of the check is what was sent after the reboot; and of a check that it names, what was sent before. */
static void test_shown(void **state)
{
    static const struct row none = {.far_from = ALWAYS, .near_from = ALWAYS};
    AUTO(exercise_freep) struct exercise *x = load(xml);
    AUTO(stage_clear) struct stage g = {.s = &none, .x = x, .evidence = evidence_new()};
    struct err e = {0};
    json_t *report = grade(&g, &e), *kept = evidence_of_check(g.evidence, x, "kept", &e),
           *near = evidence_of_check(g.evidence, x, "near", &e), *r;
    size_t i;

    (void)state;
    assert_int_equal(json_array_size(json_object_get(kept, "rounds")), 2); /* as many as have to hold */
    json_array_foreach(json_object_get(kept, "rounds"), i, r) {
        assert_string_equal(json_string_value(json_object_get(r, "phase")), "rebooted");
        assert_int_equal(json_array_size(json_object_get(r, "probes")), 2);
    }
    json_array_foreach(json_object_get(near, "rounds"), i, r) {
        assert_string_equal(json_string_value(json_object_get(r, "phase")), "steady");
    }
    json_decref(report);
    json_decref(kept);
    json_decref(near);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + ARRAY_LEN(mended) + 1];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        tests[n++] = (struct CMUnitTest){rows[i].name, test_row, NULL, NULL, (void *)(uintptr_t)&rows[i]};
    for (size_t i = 0; i < ARRAY_LEN(mended); i++)
        tests[n++] =
            (struct CMUnitTest){mended[i].name, test_mended, NULL, NULL, (void *)(uintptr_t)&mended[i]};
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_shown);
    return cmocka_run_group_tests_name("grading_reboot", tests, NULL, NULL);
}
