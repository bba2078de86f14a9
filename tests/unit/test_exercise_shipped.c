/* The exercises that come with the project: each loads, has what the issue asks for, and keeps to the
 * published schema.  Run from the root of the sources. */
#include "grading/exercise.h"
#include "labd/base/buf.h"
#include "labd/base/file.h"
#include "labd/base/mem.h"

#include <glob.h>
#include <libxml/parser.h>
#include <libxml/relaxng.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void test_loads(void **state)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT, tm = TOPO_MSGS_INIT;
    AUTO(exercise_freep) struct exercise *x = NULL;
    AUTO(buf_clear) struct buf all = BUF_INIT;
    struct err e = {0};

    x = exercise_load_dir(*state, &m, &tm, &e);
    topo_msgs_print(&m, "exercise.xml", &all);
    topo_msgs_print(&tm, "topology.xml", &all);
    if (x == NULL) {
        fail_msg("%s\n%s", e.msg, buf_str(&all));
        return;
    }
    assert_string_equal(buf_str(&all), "");
    assert_int_equal(exercise_max_score(x), 100);
    assert_true(x->nwrongs >= 4);
    assert_non_null(strstr(x->instructions, "RFC "));
    for (size_t i = 0; i < x->nchecks; i++)
        assert_true(x->checks[i].nhints > 0);
}

static void test_schema(void **state)
{
    AUTO(mem_freep) char *path = xasprintf("%s/exercise.xml", (const char *)*state);
    xmlRelaxNGParserCtxt *pc = xmlRelaxNGNewMemParserCtxt(exercise_rng, (int)strlen(exercise_rng));
    xmlRelaxNG *schema = xmlRelaxNGParse(pc);
    xmlRelaxNGValidCtxt *vc = xmlRelaxNGNewValidCtxt(schema);
    xmlDoc *doc = xmlReadFile(path, NULL, XML_PARSE_NONET);

    assert_non_null(schema);
    assert_non_null(doc);
    assert_int_equal(xmlRelaxNGValidateDoc(vc, doc), 0);
    xmlFreeDoc(doc);
    xmlRelaxNGFreeValidCtxt(vc);
    xmlRelaxNGFree(schema);
    xmlRelaxNGFreeParserCtxt(pc);
}

static void silent(void *arg, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void silent(void *arg, const char *fmt, ...)
{
    (void)arg, (void)fmt;
}

static void test_schema_refuses(void **state)
{
    static const char xml[] = "<exercise id='x' title='X'><summary>s</summary></exercise>";
    xmlRelaxNGParserCtxt *pc = xmlRelaxNGNewMemParserCtxt(exercise_rng, (int)strlen(exercise_rng));
    xmlRelaxNG *schema = xmlRelaxNGParse(pc);
    xmlRelaxNGValidCtxt *vc = xmlRelaxNGNewValidCtxt(schema);
    xmlDoc *doc = xmlReadMemory(xml, sizeof xml - 1, NULL, NULL, XML_PARSE_NONET);

    (void)state;
    xmlRelaxNGSetValidErrors(vc, silent, silent, NULL);
    assert_true(xmlRelaxNGValidateDoc(vc, doc) > 0);
    xmlFreeDoc(doc);
    xmlRelaxNGFreeValidCtxt(vc);
    xmlRelaxNGFree(schema);
    xmlRelaxNGFreeParserCtxt(pc);
}

static void test_script(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_load_dir("exercises/static-routing", NULL, NULL, NULL);
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct err e;

    (void)state;
    assert_non_null(x);
    assert_int_equal(exercise_script(x, "solution", "r1", &b, &e), 0);
    assert_non_null(strstr(buf_str(&b), "ip_forward"));
    assert_int_equal(exercise_script(x, "solution", "r9", &b, &e), -1);
    assert_int_equal(e.code, ERR_NOT_FOUND);
    assert_int_equal(exercise_script(x, "wrong/other", "r1", &b, &e), -1);
    assert_int_equal(e.code, ERR_INVALID);
    assert_int_equal(exercise_script(x, "solution", "../h1", &b, &e), -1);
    assert_int_equal(e.code, ERR_INVALID);
}

/* ---- folders with something missing ---- */
static char dir[64];

static int put(const char *name, const char *text)
{
    AUTO(mem_freep) char *path = xasprintf("%s/%s", dir, name);

    return file_write_atomic(path, text, strlen(text), 0644, NULL);
}

static int dir_setup(void **state)
{
    char parent[] = "/tmp/paralab-exercise-XXXXXX";
    AUTO(mem_freep) char *sub = NULL;

    (void)state;
    if (mkdtemp(parent) == NULL)
        return -1;
    snprintf(dir, sizeof dir, "%s/demo", parent);
    sub = xasprintf("%s/solution", dir);
    if (mkdir(dir, 0755) < 0 || mkdir(sub, 0755) < 0)
        return -1;
    return put("topology.xml",
               "<topology name='t'><host name='h1'><interface name='eth0' network='lan1'/></host><network name='lan1'/></topology>") <
                       0 ||
                   put("exercise.xml",
                       "<exercise id='demo' title='D'><summary>s</summary>\n<topology file='topology.xml'/><instructions file='i.md'/>"
                       "<solution dir='solution'/><grading><reference name='a' at='lan1' address='10.0.0.9/24'/>"
                       "<check id='c' kind='reachability' title='t' points='1' from='a' to='10.0.0.1' seen-at='h1:eth0'/></grading></exercise>") <
                       0 ||
                   put("i.md", "# Demo\n") < 0 || put("solution/h1.sh", "true\n") < 0
               ? -1
               : 0;
}

static int dir_teardown(void **state)
{
    (void)state;
    *strrchr(dir, '/') = '\0';
    return file_remove_tree(dir, NULL);
}

static void dir_fails(const char *want)
{
    struct err e = {0};

    assert_null(exercise_load_dir(dir, NULL, NULL, &e));
    if (strstr(e.msg, want) == NULL)
        fail_msg("%s", e.msg);
}

static void test_dir_complete(void **state)
{
    struct exercise *x = exercise_load_dir(dir, NULL, NULL, NULL);

    (void)state;
    assert_non_null(x);
    assert_string_equal(x->instructions, "# Demo\n");
    exercise_free(x);
}

static void test_dir_script_of_unknown_node(void **state)
{
    (void)state;
    assert_int_equal(put("solution/h2.sh", "true\n"), 0);
    dir_fails("'h2.sh' is not NODE.sh");
}

static void test_dir_without_scripts(void **state)
{
    AUTO(mem_freep) char *path = xasprintf("%s/solution/h1.sh", dir);

    (void)state;
    unlink(path);
    dir_fails("holds neither a script nor answers");
}

/* The exercise asks in which network h1 is; 'text' is what the solution says. */
static void say(const char *text)
{
    assert_int_equal(
        put("exercise.xml",
            "<exercise id='demo' title='D'><summary>s</summary><topology file='topology.xml'/><instructions file='i.md'/>"
            "<solution dir='solution'/><grading><reference name='a' at='lan1' address='10.0.0.9/24'/>"
            "<check id='q' kind='answer' title='t' points='1' expect='${net}' form='address'/></grading></exercise>"),
        0);
    assert_int_equal(
        put("topology.xml",
            "<topology name='t'><parameter name='net' type='prefix' pool='10.64.0.0/10' length='24'/>"
            "<host name='h1'><interface name='eth0' network='lan1'/></host><network name='lan1'/></topology>"),
        0);
    assert_int_equal(put("solution/answers", text), 0);
}

static void add_answer(const char *check, const char *text, void *arg)
{
    struct buf *b = arg;

    buf_printf(b, "%s=%s;", check, text);
}

static void test_dir_answers(void **state)
{
    AUTO(mem_freep) char *path = xasprintf("%s/solution/h1.sh", dir), *want = NULL;
    AUTO(buf_clear) struct buf said = BUF_INIT;
    struct err e = {0};

    (void)state;
    unlink(path); /* a solution may be words alone */
    say("# looked up\n\n  q:  ${net}\n");
    AUTO(exercise_freep) struct exercise *x = exercise_load_dir(dir, NULL, NULL, &e);
    if (x == NULL || exercise_answers(x, "solution", add_answer, &said, &e) < 0) {
        fail_msg("%s", e.msg);
        return;
    }
    want = xasprintf("q=%s;", x->checks[0].answer);
    assert_string_equal(buf_str(&said), want);
    assert_int_equal(exercise_answers(x, "wrong/none", add_answer, &said, &e), -1);
    assert_int_equal(e.code, ERR_INVALID);
}

static void test_dir_answer_to_nothing(void **state)
{
    (void)state;
    say("# one\nnet: 10.0.0.0/24\n");
    dir_fails("solution/answers:2: the exercise asks no question 'net'");
}

static void test_dir_answer_of_another_form(void **state)
{
    (void)state;
    say("q: h1\n");
    dir_fails("solution/answers:1: the answer must be an address");
}

static void test_dir_answer_without_question(void **state)
{
    (void)state;
    say("10.0.0.0/24\n");
    dir_fails("solution/answers:1: this is not \"CHECK: TEXT\"");
}

static void test_dir_without_instructions(void **state)
{
    AUTO(mem_freep) char *path = xasprintf("%s/i.md", dir);

    (void)state;
    unlink(path);
    dir_fails("i.md");
}

static void test_dir_without_topology(void **state)
{
    AUTO(mem_freep) char *path = xasprintf("%s/topology.xml", dir);

    (void)state;
    unlink(path);
    dir_fails("topology.xml");
}

static void test_dir_with_another_name(void **state)
{
    AUTO(mem_freep) char *was = xstrdup(dir);

    (void)state;
    snprintf(strrchr(dir, '/'), 8, "/other");
    assert_int_equal(rename(was, dir), 0);
    dir_fails("the folder is 'other'");
}

#define D(name) cmocka_unit_test_setup_teardown(name, dir_setup, dir_teardown)
int main(void)
{
    glob_t shipped;
    assert_int_equal(glob("exercises/*/exercise.xml", 0, NULL, &shipped), 0);
    assert_true(shipped.gl_pathc >= 14); /* the course */
    const struct CMUnitTest more[] = {
        cmocka_unit_test(test_schema_refuses),
        cmocka_unit_test(test_script),
        D(test_dir_complete),
        D(test_dir_script_of_unknown_node),
        D(test_dir_without_scripts),
        D(test_dir_answers),
        D(test_dir_answer_to_nothing),
        D(test_dir_answer_of_another_form),
        D(test_dir_answer_without_question),
        D(test_dir_without_instructions),
        D(test_dir_without_topology),
        D(test_dir_with_another_name),
    };
    struct CMUnitTest *tests = xcalloc(2 * shipped.gl_pathc + 1 + ARRAY_LEN(more), sizeof *tests);
    size_t n = 0;

    for (size_t i = 0; i < shipped.gl_pathc; i++) {
        char *folder = shipped.gl_pathv[i];

        *strrchr(folder, '/') = '\0';
        tests[n++] = (struct CMUnitTest){folder, test_loads, NULL, NULL, folder};
        tests[n++] = (struct CMUnitTest){folder, test_schema, NULL, NULL, folder};
    }
    tests[n++] = (struct CMUnitTest){"with parameters", test_schema, NULL, NULL,
                                     (void *)(uintptr_t) "tests/site/exercises/variants"};
    memcpy(tests + n, more, sizeof more);
    int failed = _cmocka_run_group_tests("exercise_shipped", tests, n + ARRAY_LEN(more), NULL, NULL);
    free(tests);
    globfree(&shipped);
    return failed;
}
