/* Programs of authors: how they come from the folder to the machine, and what their words mean.  Whether they can do harm
 * is tested on a real machine, in tests/e2e/script.test.mjs. */
#include "grading/grading_parts.h"
#include "labd/base/buf.h"
#include "labd/base/file.h"
#include "labd/base/mem.h"
#include "tests/unit/exercise_texts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char topology[] =
    "<topology name='t'><parameter name='word' type='name'/><host name='h1'><interface name='eth0' network='lan'/></host>"
    "<network name='lan'/></topology>";
#define EXERCISE(checks) \
    "<exercise id='x' title='X'><summary>s</summary><topology file='topology.xml'/><instructions file='i.md'/>\n<grading>" \
    "<reference name='a' at='lan' address='10.0.1.250/24'/>\n" checks "</grading></exercise>"
#define CHECK(more) "<check id='c' kind='script' title='T' points='10' " more
#define RUN CHECK("from='a' run='checks/it.sh' timeout='2s'/>")
#define TEXT "#!/bin/sh\n[ a '<' b ] && x=${word} y=${HOME} # ]]>\n"

/* ---- the folder ---- */
static char dir[64];

static int put(const char *name, const char *text, size_t n)
{
    AUTO(mem_freep) char *path = xasprintf("%s/%s", dir, name);
    return file_write_atomic(path, text, n, 0644, NULL);
}

static int setup(void **state)
{
    AUTO(mem_freep) char *checks = NULL;

    (void)state;
    snprintf(dir, sizeof dir, "/tmp/test_check_script.XXXXXX");
    if (mkdtemp(dir) == NULL)
        return -1;
    memcpy(dir + strlen(dir), "/x", 3);
    checks = xasprintf("%s/checks", dir);
    return file_mkdirs(checks, 0755, NULL) < 0 || put("topology.xml", topology, sizeof topology - 1) < 0 ||
                   put("exercise.xml", EXERCISE(RUN), sizeof EXERCISE(RUN) - 1) < 0 ||
                   put("i.md", "i\n", 2) < 0 || put("checks/it.sh", TEXT, sizeof TEXT - 1) < 0
               ? -1
               : 0;
}

static int teardown(void **state)
{
    (void)state;
    *strrchr(dir, '/') = '\0';
    return file_remove_tree(dir, NULL);
}

static struct exercise *load(void)
{
    struct err e;
    struct exercise *x = exercise_load_dir(dir, NULL, NULL, &e);

    if (x == NULL)
        fail_msg("%s", e.msg);
    return x;
}

static void fails(const char *want)
{
    struct err e = {0};

    assert_null(exercise_load_dir(dir, NULL, NULL, &e));
    if (strstr(e.msg, want) == NULL)
        fail_msg("%s", e.msg);
}

static void test_filled(void **state)
{
    AUTO(exercise_freep) struct exercise *x = load();
    const char *program = x->checks[0].program;

    (void)state;
    assert_non_null(program);
    assert_null(strstr(program, "${word}"));
    assert_non_null(strstr(program, "y=${HOME} # ]]>\n"));
    assert_int_equal(x->checks[0].timeout_ms, 2000);
}

/* What is kept of an exercise without its folder runs the same program. */
static void test_embedded(void **state)
{
    AUTO(exercise_freep) struct exercise *x = load(), *kept = NULL;
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct err e = {0};

    (void)state;
    assert_int_equal(exercise_text(dir, &text, &e), 0);
    kept = exercise_of_texts(buf_str(&text), topology);
    assert_null(kept->checks[0].run);
    assert_string_equal(kept->checks[0].program, x->checks[0].program);
}

static void test_nothing_to_embed(void **state)
{
    static const char xml[] =
        EXERCISE("<check id='c' kind='reachability' title='t' points='1' from='a' to='10.0.1.9'/>");
    AUTO(buf_clear) struct buf text = BUF_INIT;

    (void)state;
    assert_int_equal(put("exercise.xml", xml, sizeof xml - 1), 0);
    assert_int_equal(exercise_text(dir, &text, NULL), 0);
    assert_string_equal(buf_str(&text), xml);
}

static void test_missing(void **state)
{
    AUTO(mem_freep) char *path = xasprintf("%s/checks/it.sh", dir);
    AUTO(buf_clear) struct buf text = BUF_INIT;

    (void)state;
    unlink(path);
    fails("check 'c': 'checks/it.sh'");
    assert_int_equal(exercise_text(dir, &text, NULL), -1);
}

static void test_link_out_of_the_folder(void **state)
{
    AUTO(mem_freep) char *path = xasprintf("%s/checks/it.sh", dir);

    (void)state;
    unlink(path);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    fails("check 'c': 'checks/it.sh'");
}

static void test_too_large(void **state)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;

    (void)state;
    buf_puts(&text, "#!/bin/sh\n");
    while (text.len < PROBE_SCRIPT_SIZE)
        buf_add(&text, "#", 1);
    assert_int_equal(put("checks/it.sh", buf_str(&text), PROBE_SCRIPT_SIZE - 1), 0);
    exercise_free(load());
    assert_int_equal(put("checks/it.sh", buf_str(&text), PROBE_SCRIPT_SIZE), 0);
    fails("check 'c': 'checks/it.sh'");
}

static void test_no_interpreter(void **state)
{
    (void)state;
    assert_int_equal(put("checks/it.sh", "echo\n", 5), 0);
    fails("does not begin with \"#!\"");
}

static void test_not_a_text(void **state)
{
    (void)state;
    assert_int_equal(put("checks/it.sh", "#!/bin/sh\n\0x", 12), 0);
    fails("not a UTF-8 text");
}

/* ---- the form ---- */
static const struct bad {
    const char *name, *xml, *error;
} bads[] = {
    {"no program", EXERCISE(CHECK("from='a'/>")), "check 'c' needs run"},
    {"two programs", EXERCISE(CHECK("from='a' run='x'><program>#!/bin/sh\n</program></check>")),
     "one is enough"},
    {"no such reference", EXERCISE(CHECK("from='b' run='x'/>")), "no reference 'b'"},
    {"out of the folder", EXERCISE(CHECK("from='a' run='../x'/>")), "inside the exercise's folder"},
    {"absolute", EXERCISE(CHECK("from='a' run='/bin/sh'/>")), "inside the exercise's folder"},
    {"too deep", EXERCISE(CHECK("from='a' run='a/b/c'/>")), "inside the exercise's folder"},
    {"too slow", EXERCISE(CHECK("from='a' run='x' timeout='61s'/>")), "a time from 1000ms to 60s"},
    {"too fast", EXERCISE(CHECK("from='a' run='x' timeout='999ms'/>")), "a time from 1000ms to 60s"},
    {"in place and no script", EXERCISE(CHECK("from='a'><program>true</program></check>")),
     "does not begin with"},
    {"an element in the program", EXERCISE(CHECK("from='a'><program>#!/bin/sh\n<b/></program></check>")),
     "<b> is not allowed"},
};

static void test_bad(void **state)
{
    const struct bad *b = *state;
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;

    assert_null(exercise_load_mem(b->xml, strlen(b->xml), topology, sizeof topology - 1, &m, NULL, NULL));
    for (size_t i = 0; i < m.n; i++)
        if (strstr(m.items[i].text, b->error) != NULL)
            return;
    fail_msg("%s", m.n > 0 ? m.items[0].text : "no message");
}

#define C(n) \
    "<check id='c" n "' kind='script' title='T' points='1' from='a'><program>#!/bin/sh\n</program></check>"
#define C8 C("1") C("2") C("3") C("4") C("5") C("6") C("7") C("8")

static void test_as_many_as_fit(void **state)
{
    static const char fits[] = EXERCISE(C8), more[] = EXERCISE(C8 C("9"));
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(fits, topology);
    struct err e = {0};

    (void)state;
    assert_non_null(x);
    assert_null(exercise_load_mem(more, sizeof more - 1, topology, sizeof topology - 1, NULL, NULL, &e));
    assert_non_null(strstr(e.msg, "more than 8 checks of the kind script"));
}

/* ---- the spec ---- */
static void test_spec(void **state)
{
    AUTO(exercise_freep) struct exercise *x = load();
    struct err e = {0};
    AUTO(probe_spec_freep)
    struct probe_spec *s = grading_spec(x, GRADING_ALL_SHARED, GRADING_STEADY, &e), *again = NULL;
    json_t *j;

    (void)state;
    assert_non_null(s);
    assert_int_equal(s->nscripts, 1);
    assert_int_equal(s->nrefs, 1);
    assert_string_equal(s->scripts[0].program, x->checks[0].program);
    assert_true(probe_spec_duration_ms(s) > 2000);
    j = probe_spec_to_json(s);
    again = probe_spec_from_json(j, false, &e);
    json_decref(j);
    if (again == NULL)
        fail_msg("%s", e.msg);
    assert_memory_equal(s, again, sizeof *s);
}

#define REF "{\"name\":\"a\",\"segment\":\"lan\",\"addresses\":[{\"address\":\"10.0.1.250/24\"}]}"
#define SCRIPT(more) "{\"id\":\"s\",\"timeout_ms\":1000" more "}"
#define SPEC(scripts) "{\"references\":[" REF "],\"scripts\":[" scripts "]}"
#define GOOD SCRIPT(",\"from\":\"a\",\"program\":\"#!/bin/sh\\n\"")

static const struct hostile {
    const char *name, *json, *error; /* NULL: accepted */
} specs[] = {
    {"smallest", SPEC(GOOD), NULL},
    {"twice", SPEC(GOOD "," GOOD), "two scripts"},
    {"too many", SPEC(GOOD "," GOOD "," GOOD "," GOOD "," GOOD "," GOOD "," GOOD "," GOOD "," GOOD),
     "more than 8"},
    {"from nowhere", SPEC(SCRIPT(",\"from\":\"b\",\"program\":\"#!/bin/sh\\n\"")), "no reference 'b'"},
    {"no program", SPEC(SCRIPT(",\"from\":\"a\"")), "has no program"},
    {"a program that is a list", SPEC(SCRIPT(",\"from\":\"a\",\"program\":[]")), "has no program"},
    {"no script", SPEC(SCRIPT(",\"from\":\"a\",\"program\":\"/bin/sh\"")), "does not begin with"},
    {"an escape sequence", SPEC(SCRIPT(",\"from\":\"a\",\"program\":\"#!/bin/sh\\n\\u001b\"")),
     "control characters"},
    {"for ever", SPEC("{\"id\":\"s\",\"from\":\"a\",\"program\":\"#!/bin/sh\\n\",\"timeout_ms\":60001}"),
     "'timeout_ms'"},
    {"a path as id",
     SPEC("{\"id\":\"../s\",\"from\":\"a\",\"program\":\"#!/bin/sh\\n\",\"timeout_ms\":1000}"), "script"},
    {"beside a router of ours",
     "{\"references\":[" REF
     "],\"peers\":[{\"reference\":\"a\",\"protocol\":\"ospf\",\"announce\":\"198.18.0.1\"}],\"scripts\":[" GOOD
     "]}",
     "runs no scripts"},
};

static void test_hostile_spec(void **state)
{
    const struct hostile *h = *state;
    json_t *j = json_loads(h->json, 0, NULL);
    struct err e = {0};
    AUTO(probe_spec_freep) struct probe_spec *s = NULL;

    assert_non_null(j);
    s = probe_spec_from_json(j, false, &e);
    json_decref(j);
    if (h->error == NULL ? s == NULL : s != NULL || strstr(e.msg, h->error) == NULL)
        fail_msg("%s", e.msg);
}

/* ---- what it says ---- */
#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X300 X50 X50 X50 X50 X50 X50

static const struct said {
    const char *name, *printed;
    enum grading_status status;
    unsigned percent;
    const char *observed; /* a part of it */
} saids[] = {
    {"true", "{\"passed\": true, \"observed\": \"It is \\u00e4 mail.\"}\n", GRADING_PASS, 100,
     "It is ä mail."},
    {"false", "{\"passed\": false, \"observed\": \"It is not.\"}", GRADING_FAIL, 0, "It is not."},
    {"without words", "{\"passed\": true}", GRADING_PASS, 100, "100 % as it should be"},
    {"a part", "{\"passed\": 0.29, \"observed\": \"x\"}", GRADING_FAIL, 29, "x"},
    {"nearly all", "{\"passed\": 0.9999, \"observed\": \"x\"}", GRADING_FAIL, 99, "x"},
    {"one", "{\"passed\": 1, \"observed\": \"x\"}", GRADING_PASS, 100, "x"},
    {"as much as fits", "{\"passed\": 0, \"observed\": \"" X300 "\"}", GRADING_FAIL, 0, X300},
    {"more words than fit", "{\"passed\": 0, \"observed\": \"" X300 "x\"}", GRADING_ERROR, 0,
     "longer than 300"},
    {"more than one", "{\"passed\": 1.01}", GRADING_ERROR, 0, "a number from 0 to 1"},
    {"less than nothing", "{\"passed\": -0.5}", GRADING_ERROR, 0, "a number from 0 to 1"},
    {"a word", "{\"passed\": \"yes\"}", GRADING_ERROR, 0, "a number from 0 to 1"},
    {"nothing that passed", "{\"observed\": \"x\"}", GRADING_ERROR, 0, "a number from 0 to 1"},
    {"twice", "{\"passed\": true, \"passed\": false}", GRADING_ERROR, 0, "one JSON object"},
    {"two objects", "{\"passed\": true}{\"passed\": true}", GRADING_ERROR, 0, "one JSON object"},
    {"a list", "[true]", GRADING_ERROR, 0, "one JSON object"},
    {"nothing", "", GRADING_ERROR, 0, "one JSON object"},
    {"not UTF-8", "{\"passed\": true, \"observed\": \"\xff\"}", GRADING_ERROR, 0, "one JSON object"},
    {"an escape sequence", "{\"passed\": true, \"observed\": \"\\u001b[2J\"}", GRADING_ERROR, 0, "control"},
    {"one of eight bits", "{\"passed\": true, \"observed\": \"\\u009b2J\"}", GRADING_ERROR, 0, "control"},
    {"two lines", "{\"passed\": true, \"observed\": \"a\\nb\"}", GRADING_ERROR, 0, "control"},
    {"words that are none", "{\"passed\": true, \"observed\": 7}", GRADING_ERROR, 0, "not a text"},
};

/* By the way that it takes: from the program to labhost, to labd, to the verdict. */
static void test_said(void **state)
{
    static const char xml[] = EXERCISE(C("1"));
    const struct said *s = *state;
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    AUTO(probe_result_freep) struct probe_result *r = NULL;
    struct probe_script_outcome o = {.id = "c0"};
    struct grading_verdict v;
    struct err e = {0};
    json_t *j;

    probe_script_answer(&o, s->printed, strlen(s->printed));
    j = json_pack("{s:[o]}", "scripts", probe_script_outcome_to_json(&o, s->printed, strlen(s->printed)));
    r = probe_result_from_json(j, &e);
    json_decref(j);
    if (r == NULL)
        fail_msg("%s", e.msg);
    v = grading_judge(x, 0, r, false);
    assert_int_equal(v.status, s->status);
    assert_int_equal(v.good, s->percent);
    if (strstr(v.observed, s->observed) == NULL)
        fail_msg("%s", v.observed);
}

static void test_not_run(void **state)
{
    static const char xml[] = EXERCISE(C("1"));
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    AUTO(probe_result_freep) struct probe_result *r = probe_result_new();

    (void)state;
    assert_int_equal(grading_judge(x, 0, r, false).status, GRADING_ERROR);
}

static void test_too_much(void **state)
{
    AUTO(mem_freep) char *printed = xcalloc(PROBE_SCRIPT_PRINTED_MAX + 2, 1);
    struct probe_script_outcome o = {.id = "c0"};
    size_t n = (size_t)snprintf(printed, 32, "{\"passed\": true}");

    (void)state;
    memset(printed + n, ' ', PROBE_SCRIPT_PRINTED_MAX - n);
    probe_script_answer(&o, printed, PROBE_SCRIPT_PRINTED_MAX);
    assert_string_equal(o.error, "");
    printed[PROBE_SCRIPT_PRINTED_MAX] = ' ';
    probe_script_answer(&o, printed, PROBE_SCRIPT_PRINTED_MAX + 1);
    assert_string_equal(o.error, "The author's program printed more than 64 KiB.");
    assert_int_equal(o.percent, 0);
}

static const struct hostile results[] = {
    {"percent", "{\"scripts\":[{\"id\":\"a\",\"percent\":101}]}", "'percent'"},
    {"observed", "{\"scripts\":[{\"id\":\"a\",\"observed\":\"\\u001b\"}]}", "control"},
    {"output", "{\"scripts\":[{\"id\":\"a\",\"output\":\"\\u001b\"}]}", "control"},
    {"output that is none", "{\"scripts\":[{\"id\":\"a\",\"output\":[]}]}", "'output'"},
    {"error", "{\"scripts\":[{\"id\":\"a\",\"error\":\"\\u001b\"}]}", "not printable"},
    {"no id", "{\"scripts\":[{}]}", "'id' is missing"},
    {"lines of output", "{\"scripts\":[{\"id\":\"a\",\"output\":\"a\\n\\tb\"}]}", NULL},
};

static void test_hostile_result(void **state)
{
    const struct hostile *h = *state;
    json_t *j = json_loads(h->json, 0, NULL);
    struct err e = {0};
    AUTO(probe_result_freep) struct probe_result *r = NULL;

    assert_non_null(j);
    r = probe_result_from_json(j, &e);
    json_decref(j);
    if (h->error == NULL ? r == NULL : r != NULL || strstr(e.msg, h->error) == NULL)
        fail_msg("%s", e.msg);
}

/* What it printed is made harmless for those who look at it. */
static void test_output_is_clean(void **state)
{
    static const char printed[] = "a\033[2J\0b\xc2\x9b\n\xff";
    const struct probe_script_outcome o = {.id = "c0", .error = "x"};
    json_t *j = probe_script_outcome_to_json(&o, printed, sizeof printed - 1);

    (void)state;
    assert_string_equal(json_string_value(json_object_get(j, "output")), "a?[2J?b??\n?");
    json_decref(j);
}

#define ADD(rows, fn) \
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) \
        tests[n++] = (struct CMUnitTest) \
        { \
            (rows)[i].name, fn, NULL, NULL, (void *)(uintptr_t) & (rows)[i] \
        }
#define IN_FOLDER(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest fixed[] = {
        IN_FOLDER(test_filled),
        IN_FOLDER(test_embedded),
        IN_FOLDER(test_nothing_to_embed),
        IN_FOLDER(test_missing),
        IN_FOLDER(test_link_out_of_the_folder),
        IN_FOLDER(test_too_large),
        IN_FOLDER(test_no_interpreter),
        IN_FOLDER(test_not_a_text),
        IN_FOLDER(test_spec),
        cmocka_unit_test(test_as_many_as_fit),
        cmocka_unit_test(test_not_run),
        cmocka_unit_test(test_too_much),
        cmocka_unit_test(test_output_is_clean),
    };
    struct CMUnitTest
        tests[ARRAY_LEN(fixed) + ARRAY_LEN(bads) + ARRAY_LEN(specs) + ARRAY_LEN(saids) + ARRAY_LEN(results)];
    size_t n = ARRAY_LEN(fixed);

    memcpy(tests, fixed, sizeof fixed);
    ADD(bads, test_bad);
    ADD(specs, test_hostile_spec);
    ADD(saids, test_said);
    ADD(results, test_hostile_result);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
