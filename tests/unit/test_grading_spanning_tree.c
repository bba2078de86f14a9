/* Checks of kind spanning-tree: what BPDUs and the copies of a broadcast say about a loop.  No machine is needed. */
#include "grading/grading_parts.h"
#include "labd/base/mem.h"
#include "tests/unit/exercise_texts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BRIDGE(n) \
    "<host name='s" n "'><interface name='eth0'/><interface name='eth1'/><interface name='eth2'/></host>"

static const char topology[] = "<topology name='t'>" BRIDGE("1") BRIDGE("2") BRIDGE(
    "3") "<network name='lan1'/><network name='lan3'/>"
         "<host name='h3'><interface name='eth0' network='lan3'><address>10.0.0.13/24</address></interface></host>"
         "<link name='u1' a='s1:eth0' b='lan1'/><link name='u3' a='s3:eth0' b='lan3'/>"
         "<link name='l12' a='s1:eth1' b='s2:eth1'/><link name='l23' a='s2:eth2' b='s3:eth1'/>"
         "<link name='l13' a='s1:eth2' b='s3:eth2'/></topology>";

#define CHECK(id, more) \
    "<check id='" id \
    "' kind='spanning-tree' title='t' points='1' from='a' to='10.0.0.13' seen-at='h3:eth0' " more "/>"
static const char xml[] =
    "<exercise id='x' title='X'><summary>s</summary><topology file='t.xml'/><grading>"
    "<reference name='a' at='lan1' address='10.0.0.250/24'/>" CHECK("tree", "links='l12 l23 l13'")
        CHECK("root", "links='l12 l23 l13' root='s2' priority='4096' hello='1s'")
            CHECK("cut", "links='l12 l23 l13' root='s2' cut='l12' settle='5s'") "</grading></exercise>";
enum { TREE, ROOT, CUT };

static void see(struct probe_sample *s, const char *port, bool in, enum probe_what what, unsigned copies)
{
    struct probe_sighting *g = &s->sightings[s->nsightings];

    if (copies == 0)
        return;
    s->nsightings++;
    snprintf(g->port, sizeof g->port, "%s", port);
    g->in = in;
    g->what = what;
    g->ttl = 64;
    g->copies = copies;
    probe_addr_parse(what == PROBE_REPLY ? "10.0.0.13" : "10.0.0.250", &g->src);
    probe_addr_parse(what == PROBE_REPLY ? "10.0.0.250" : "10.0.0.13", &g->dst);
}

/* Samples of which nothing was seen yet. */
static struct probe_outcome outcome(const char *id, size_t nsamples)
{
    struct probe_outcome o = {.nsamples = nsamples, .samples = xcalloc(nsamples, sizeof *o.samples)};

    snprintf(o.id, sizeof o.id, "%s", id);
    for (size_t i = 0; i < nsamples; i++) {
        o.samples[i].sent_us = (int64_t)i * 250000;
        o.samples[i].reply_us = -1;
        o.samples[i].sightings = xcalloc(8, sizeof(struct probe_sighting));
    }
    return o;
}

/* It goes by way of 'way'; 'copies' of it arrive, or nothing at all is seen. */
static void packet(struct probe_sample *s, unsigned copies, uint8_t ttl, const char *way)
{
    if (copies == 0)
        return;
    s->reply_us = s->sent_us + 900;
    see(s, way, false, PROBE_REQUEST, 1);
    see(s, "h3:eth0", true, PROBE_REQUEST, copies);
    s->sightings[1].ttl = ttl;
    see(s, "h3:eth0", false, PROBE_REPLY, 1);
}

static struct probe_bridge bridge(char n)
{
    return (struct probe_bridge){.priority = n == '2' ? 4096 : 32768, .mac = {2, 0, 0, 0, 0, (uint8_t)n}};
}

/* "12i22": on l12 what comes to s1 is said by bridge 2, that 2 is the root. */
static void bpdus(struct probe_result *r, const char *story)
{
    r->bpdus = xcalloc(16, sizeof *r->bpdus);
    for (; *story != '\0'; story += 5 + (story[5] == ' ')) {
        struct probe_bpdu *b = &r->bpdus[r->nbpdus++];

        snprintf(b->port, sizeof b->port, "l%.2s:a", story);
        b->in = story[2] == 'i';
        b->bridge = bridge(story[3]);
        b->root = bridge(story[4]);
    }
}

static const struct row {
    const char *name;
    size_t check;
    unsigned there, back, l12, l23, l13; /* copies of the broadcast */
    const char *bpdus;
    unsigned copies; /* of the packet */
    uint8_t ttl;
    enum grading_status status;
    const char *observed;
} rows[] = {
#define HONEST "12i22 23o22 13o12"
#define ONCE 1, 0, 1, 1, 1
    {"honest: one tree", TREE, ONCE, HONEST, 1, 64, GRADING_PASS, "same root bridge, s2 (4096, 02:"},
    {"honest: the right root", ROOT, ONCE, HONEST, 1, 64, GRADING_PASS, "same root bridge, s2"},
    {"honest: the other end of the spare link speaks", ROOT, ONCE, "12i22 23o22 13i32", 1, 64, GRADING_PASS,
     "s2"},
    {"a loop without the protocol", TREE, 800, 750, 900, 900, 900, "", 1, 64, GRADING_FAIL, "800 copies"},
    {"a loop that BPDUs deny", TREE, 2, 1, 1, 1, 1, HONEST, 1, 64, GRADING_FAIL, "went round in a loop"},
    {"what comes back only", TREE, 1, 1, 1, 1, 1, HONEST, 1, 64, GRADING_FAIL, "1 came back"},
    {"nothing arrives", TREE, 0, 0, 1, 0, 0, HONEST, 0, 64, GRADING_FAIL, "did not arrive at h3:eth0"},
    {"a link twice", TREE, 1, 0, 1, 1, 2, HONEST, 1, 64, GRADING_FAIL, "crossed link l13 2 times"},
    {"cheat: a cable out, BPDUs forged", TREE, 1, 0, 1, 1, 0, HONEST, 1, 64, GRADING_FAIL,
     "did not reach link l13"},
    {"cheat: a line of bridges without the protocol", TREE, ONCE, "", 1, 64, GRADING_FAIL,
     "No BPDU was seen on link l12"},
    {"cheat: routers in place of bridges", TREE, ONCE, HONEST, 1, 62, GRADING_FAIL, "through a router"},
    {"packets doubled", TREE, ONCE, HONEST, 2, 64, GRADING_FAIL, "2 times"},
    {"broadcasts only", TREE, ONCE, HONEST, 0, 64, GRADING_FAIL, "did not arrive"},
    {"one link is silent", TREE, ONCE, "12i22 23o22", 1, 64, GRADING_FAIL, "No BPDU was seen on link l13"},
    {"two roots", TREE, ONCE, "12i22 23o22 13o11", 1, 64, GRADING_FAIL, "Not all name the same root bridge"},
    {"one bridge only passes on", TREE, ONCE, "12i22 23o22 13i22", 1, 64, GRADING_FAIL,
     "BPDUs of one bridge"},
    {"both ends speak", TREE, ONCE, "12i22 23o22 13o12 13i32", 1, 64, GRADING_FAIL, "does not listen"},
    {"another root", ROOT, ONCE, "12o11 23o21 13o11", 1, 64, GRADING_FAIL, "root bridge is s1 "},
    {"a root that is not there", ROOT, ONCE, "12i29 23o29 13o19", 1, 64, GRADING_FAIL, "none of those"},
    {"another root where any will do", TREE, ONCE, "12o11 23o21 13o11", 1, 64, GRADING_PASS, "s1"},
};

static struct probe_result *result(const struct row *row)
{
    struct probe_result *r = probe_result_new();
    char id[GRADING_PROBE_ID];
    struct probe_sample *flood;

    r->probes = xcalloc(2, sizeof *r->probes);
    r->nprobes = 2;
    grading_probe_id(row->check, false, id);
    r->probes[0] = outcome(id, 1);
    packet(&r->probes[0].samples[0], row->copies, row->ttl, "l12:a");
    grading_part_id(row->check, 0, 0, id);
    r->probes[1] = outcome(id, 1);
    flood = &r->probes[1].samples[0];
    see(flood, "h3:eth0", true, PROBE_REQUEST, row->there);
    see(flood, "@a", true, PROBE_REQUEST, row->back);
    see(flood, "@a", false, PROBE_REQUEST, 1);
    see(flood, "l12:a", false, PROBE_REQUEST, row->l12);
    see(flood, "l23:a", false, PROBE_REQUEST, row->l23);
    see(flood, "l13:a", true, PROBE_REQUEST, row->l13);
    bpdus(r, row->bpdus);
    return r;
}

static void expect(struct grading_verdict v, enum grading_status status, const char *observed)
{
    if (v.status != status || strstr(v.observed, observed) == NULL)
        fail_msg("%s: %s", grading_status_name(v.status), v.observed);
}

static void test_row(void **state)
{
    const struct row *row = *state;
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    AUTO(probe_result_freep) struct probe_result *r = result(row);

    expect(grading_judge(x, row->check, r, false), row->status, row->observed);
}

static void test_priority(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    AUTO(probe_result_freep) struct probe_result *r = result(&rows[1]);

    (void)state;
    for (size_t i = 0; i < r->nbpdus; i++)
        r->bpdus[i].root.priority = r->bpdus[i].bridge.priority = 4097;
    expect(grading_judge(x, ROOT, r, false), GRADING_FAIL, "priority 4097, not 4096");
}

static void test_ever_new_bpdus(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    AUTO(probe_result_freep) struct probe_result *r = result(&rows[0]);

    (void)state;
    r->more_bpdus = true;
    expect(grading_judge(x, TREE, r, false), GRADING_FAIL, "More than 512 different BPDUs");
}

static void test_lost_packets_are_an_error(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    AUTO(probe_result_freep) struct probe_result *r = result(&rows[0]);

    (void)state;
    r->lost = 1;
    expect(grading_judge(x, TREE, r, false), GRADING_ERROR, "lost packets");
}

static void test_before_the_cut(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    struct row row = rows[0];

    (void)state;
    row.check = CUT;
    AUTO(probe_result_freep) struct probe_result *good = result(&row);
    expect(grading_judge(x, CUT, good, true), GRADING_PASS, "arrived");
    row.there = 7;
    AUTO(probe_result_freep) struct probe_result *loop = result(&row);
    expect(grading_judge(x, CUT, loop, true), GRADING_FAIL, "Already before the cut: A broadcast went round");
    snprintf(good->probes[0].samples[0].sightings[0].port, PROBE_PORT_SIZE, "l13:a");
    expect(grading_judge(x, CUT, good, true), GRADING_FAIL, "did not use link l12");
}

/* Twenty packets after the cut, of which the last get through, or none: the cheat whose spare link is dead. */
static void test_cut(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);

    (void)state;
    for (int dead = 0; dead < 2; dead++) {
        AUTO(probe_result_freep) struct probe_result *r = probe_result_new();
        struct grading_verdict v;
        char id[GRADING_PROBE_ID];

        grading_probe_id(CUT, false, id);
        r->probes = xcalloc(1, sizeof *r->probes);
        r->probes[r->nprobes++] = outcome(id, 20);
        for (size_t i = 16; i < 20 && !dead; i++)
            packet(&r->probes[0].samples[i], 1, 64, "l13:a");
        v = grading_judge_cut(x, CUT, r);
        if (dead)
            expect(v, GRADING_FAIL, "With link l12 cut, 0 of 20 packets");
        else
            expect(v, GRADING_PASS, "arrived at h3:eth0");
        assert_int_equal(v.after_ms, dead ? -1 : 4000);
    }
}

static void test_spec(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    AUTO(probe_spec_freep) struct probe_spec *s = NULL, *t = NULL, *cut = NULL;
    struct probe_addr all;
    struct err e = {0};
    json_t *j;

    (void)state;
    s = grading_spec(x, GRADING_ALL_SHARED, GRADING_STEADY, &e);
    assert_non_null(s);
    assert_int_equal(s->listen_ms, 3000); /* the longest */
    assert_int_equal(s->nprobes, 4);      /* a packet and a broadcast for each */
    assert_int_equal(s->nports, 4);       /* h3, and an end of each link */
    probe_addr_parse("10.0.0.255", &all);
    assert_true(probe_addr_equal(&s->probes[1].to, &all));
    assert_true(probe_spec_duration_ms(s) >= 3000);
    j = probe_spec_to_json(s);
    t = probe_spec_from_json(j, false, &e);
    json_decref(j);
    if (t == NULL)
        fail_msg("%s", e.msg);
    assert_memory_equal(s, t, sizeof *s);
    cut = grading_spec(x, CUT, GRADING_BROKEN, &e);
    assert_non_null(cut);
    assert_int_equal(cut->listen_ms, 0);
    assert_int_equal(cut->ncut, 1);
    assert_int_equal(cut->nprobes, 1);
    assert_int_equal(cut->probes[0].count, 20);
}

static void test_expected(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    char root[GRADING_TEXT] = "", cut[GRADING_TEXT] = "";

    (void)state;
    grading_expected(x, &x->checks[ROOT], root);
    assert_string_equal(root,
                        "A broadcast from a test host on lan1 (10.0.0.250) arrives once at h3:eth0 and "
                        "crosses each of the links l12, l23, l13 once; BPDUs there all name s2 as root, "
                        "with priority 4096.");
    grading_expected(x, &x->checks[CUT], cut);
    assert_non_null(strstr(cut, "get through again within 5 seconds after link l12 is cut."));
}

/* What can not be meant. */
static const struct wrong {
    const char *name, *from, *check, *error;
} wrongs[] = {
#define LINKS "links='l12 l23 l13'"
#define TO "to='10.0.0.13' seen-at='h3:eth0' "
    {"no links", "address='10.0.0.250/24'", TO, "needs the attribute 'links'"},
    {"unknown link", "address='10.0.0.250/24'", TO "links='l12 l32'", "'l32', which is not in the topology"},
    {"root elsewhere", "address='10.0.0.250/24'", TO LINKS " root='h3'", "root 'h3' is at no end"},
    {"priority too large", "address='10.0.0.250/24'", TO LINKS " priority='65536'", "priority"},
    {"nobody looks", "address='10.0.0.250/24'", "to='10.0.0.13' " LINKS, "needs seen-at"},
    {"to another network", "address='10.0.0.250/24' gateway='10.0.0.1'",
     "to='10.0.1.13' seen-at='h3:eth0' " LINKS, "not in the IPv4 network"},
    {"no room for a broadcast", "address='10.0.0.250/31' gateway='10.0.0.251'", TO LINKS,
     "no IPv4 network to broadcast in"},
    {"unknown link to cut", "address='10.0.0.250/24'", TO LINKS " cut='l9'", "cut names 'l9'"},
    {"too short", "address='10.0.0.250/24'", TO LINKS " cut='l12' settle='1s'", "too short"},
};

static void test_wrong(void **state)
{
    const struct wrong *w = *state;
    AUTO(mem_freep) char *text = NULL;
    struct err e = {0};
    struct exercise *x;

    text = xasprintf("<exercise id='x' title='X'><summary>s</summary><topology file='t.xml'/><grading>"
                     "<reference name='a' at='lan1' %s/><check id='c' kind='spanning-tree' title='t' "
                     "points='1' from='a' %s/></grading></exercise>",
                     w->from, w->check);
    x = exercise_load_mem(text, strlen(text), topology, strlen(topology), NULL, NULL, &e);
    assert_null(x);
    if (strstr(e.msg, w->error) == NULL)
        fail_msg("%s", e.msg);
}

int main(void)
{
    const struct CMUnitTest more[] = {
        cmocka_unit_test(test_priority),
        cmocka_unit_test(test_ever_new_bpdus),
        cmocka_unit_test(test_lost_packets_are_an_error),
        cmocka_unit_test(test_before_the_cut),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_spec),
        cmocka_unit_test(test_expected),
    };
    struct CMUnitTest tests[ARRAY_LEN(rows) + ARRAY_LEN(wrongs) + ARRAY_LEN(more)];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        tests[n++] = (struct CMUnitTest){rows[i].name, test_row, NULL, NULL, (void *)(uintptr_t)&rows[i]};
    for (size_t i = 0; i < ARRAY_LEN(wrongs); i++)
        tests[n++] =
            (struct CMUnitTest){wrongs[i].name, test_wrong, NULL, NULL, (void *)(uintptr_t)&wrongs[i]};
    for (size_t i = 0; i < ARRAY_LEN(more); i++)
        tests[n++] = more[i];
    return cmocka_run_group_tests_name("grading_spanning_tree", tests, NULL, NULL);
}
