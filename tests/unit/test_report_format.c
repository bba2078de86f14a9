/* Reports in other programs' formats: those take them, and nothing is lost on the way. */
#include "grading/report_format.h"
#include "labd/base/csv.h"
#include "labd/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <libxml/parser.h>
#include <libxml/relaxng.h>

/* One check of each outcome; the failed one quotes a guest that tries to break out. */
static const char source[] =
    "{\"schema\":1,\"lab\":\"abc123\",\"exercise\":\"tiny\",\"attempt\":7,\"started\":1700000000000,"
    "\"finished\":1700000003250,\"score\":5,\"max_score\":20,\"typed_during\":false,\"checks\":["
    "{\"id\":\"c1\",\"kind\":\"reachability\",\"title\":\"h2 & h1\",\"status\":\"pass\",\"score\":5,\"max_score\":5,"
    "\"evidence\":\"wire\",\"observed\":\"It arrived.\",\"expected\":\"A packet arrives.\",\"hint\":null,"
    "\"time_to_pass_ms\":1250,\"samples\":2},"
    "{\"id\":\"c2\",\"kind\":\"path\",\"title\":\"t\",\"status\":\"fail\",\"score\":0,\"max_score\":5,\"evidence\":"
    "\"wire\",\"observed\":\"]]></failure>\\u001b[31m\\uffff\\\"'&\\n\",\"expected\":\"<x>\",\"hint\":\"Why?\","
    "\"time_to_pass_ms\":null,\"samples\":3},"
    "{\"id\":\"c3\",\"kind\":\"tcp-open\",\"title\":\"t\",\"status\":\"blocked\",\"score\":0,\"max_score\":5,"
    "\"evidence\":\"wire\",\"observed\":\"Not judged.\",\"expected\":\"e\",\"hint\":null,\"time_to_pass_ms\":null,"
    "\"samples\":3},"
    "{\"id\":\"c4\",\"kind\":\"tcp-open\",\"title\":\"t\",\"status\":\"error\",\"score\":0,\"max_score\":5,"
    "\"evidence\":\"reference\",\"observed\":\"The capture lost packets.\",\"expected\":\"e\",\"hint\":null,"
    "\"time_to_pass_ms\":null,\"samples\":3}]}";

static const struct row {
    const char *name, *report;
} rows[] = {
    {"all outcomes", source},
    {"no checks", "{\"exercise\":\"x\",\"score\":0,\"max_score\":0,\"checks\":[]}"},
};

static json_t *load(const char *text)
{
    json_t *j = json_loads(text, JSON_DECODE_ANY, NULL);

    assert_non_null(j);
    return j;
}

static void write_as(const char *format, const json_t *report, struct buf *out)
{
    const struct report_format *f = report_format_find(format);

    if (f == NULL)
        abort();
    f->write(report, out);
}

/* The first one of that name, or NULL. */
static const xmlNode *find_child(const xmlNode *n, const char *name)
{
    for (n = n->children; n != NULL; n = n->next)
        if (n->type == XML_ELEMENT_NODE && strcmp((const char *)n->name, name) == 0)
            return n;
    return NULL;
}

static const xmlNode *child(const xmlNode *n, const char *name)
{
    const xmlNode *found = n != NULL ? find_child(n, name) : NULL;

    if (found == NULL)
        abort();
    return found;
}

static void validate(xmlDoc *doc)
{
    xmlRelaxNGParserCtxt *p = xmlRelaxNGNewParserCtxt("tests/golden/report/junit.rng");
    xmlRelaxNG *schema = xmlRelaxNGParse(p);
    xmlRelaxNGValidCtxt *v = xmlRelaxNGNewValidCtxt(schema);

    assert_non_null(schema);
    assert_int_equal(xmlRelaxNGValidateDoc(v, doc), 0);
    xmlRelaxNGFreeValidCtxt(v);
    xmlRelaxNGFree(schema);
    xmlRelaxNGFreeParserCtxt(p);
}

/* The report again, from properties and <system-out>. */
static json_t *back(const xmlNode *suite)
{
    json_t *report = json_object(), *checks = json_array();

    for (const xmlNode *n = suite->children; n != NULL; n = n->next) {
        const xmlNode *out = n->type == XML_ELEMENT_NODE ? find_child(n, "system-out") : NULL;
        xmlChar *text = out != NULL ? xmlNodeGetContent(out) : NULL;

        if (text != NULL)
            json_array_append_new(checks, load((const char *)text));
        xmlFree(text);
    }
    for (const xmlNode *n = child(suite, "properties")->children; n != NULL; n = n->next) {
        xmlChar *name, *value;

        if (n->type != XML_ELEMENT_NODE)
            continue;
        name = xmlGetProp(n, (const xmlChar *)"name");
        value = xmlGetProp(n, (const xmlChar *)"value");
        json_object_set_new(report, (const char *)name, load((const char *)value));
        xmlFree(name);
        xmlFree(value);
    }
    json_object_set_new(report, "checks", checks);
    return report;
}

static void test_junit(void **state)
{
    const struct row *r = *state;
    AUTO(buf_clear) struct buf out = BUF_INIT;
    json_t *report = load(r->report), *again;

    write_as("junit", report, &out);
    xmlDoc *doc = xmlReadMemory(out.data, (int)out.len, "junit.xml", NULL, XML_PARSE_NONET);
    assert_non_null(doc);
    validate(doc);
    again = back(child(xmlDocGetRootElement(doc), "testsuite"));
    assert_true(json_equal(report, again));
    assert_null(strchr(out.data, '\033'));
    xmlFreeDoc(doc);
    json_decref(again);
    json_decref(report);
}

static void prop(const xmlNode *n, const char *name, const char *want)
{
    xmlChar *got = xmlGetProp(n, (const xmlChar *)name);

    assert_non_null(got);
    assert_string_equal((const char *)got, want);
    xmlFree(got);
}

static void test_junit_counts(void **state)
{
    AUTO(buf_clear) struct buf out = BUF_INIT;
    json_t *report = load(source);
    const xmlNode *suite, *one;

    (void)state;
    write_as("junit", report, &out);
    xmlDoc *doc = xmlReadMemory(out.data, (int)out.len, "junit.xml", NULL, XML_PARSE_NONET);
    suite = child(xmlDocGetRootElement(doc), "testsuite");
    prop(suite, "tests", "4");
    prop(suite, "failures", "1");
    prop(suite, "errors", "1");
    prop(suite, "skipped", "1");
    prop(suite, "time", "3.250");
    prop(suite, "timestamp", "2023-11-14T22:13:20");
    one = child(suite, "testcase");
    prop(one, "name", "c1: h2 & h1");
    prop(one, "time", "1.250");
    assert_null(find_child(one, "failure"));
    xmlFreeDoc(doc);
    json_decref(report);
}

/* Everything that Gradescope's specification knows; it refuses nothing, but ignores what it does not know. */
static const char *const top_known[] = {"score",         "execution_time",     "output",
                                        "output_format", "test_output_format", "test_name_format",
                                        "visibility",    "stdout_visibility",  "extra_data",
                                        "tests",         "leaderboard",        NULL};
static const char *const test_known[] = {"score",       "max_score",  "status",     "name",
                                         "name_format", "number",     "output",     "output_format",
                                         "tags",        "visibility", "extra_data", NULL};

static void all_known(const json_t *object, const char *const *known)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)object, key, value) {
        size_t i = 0;
        while (known[i] != NULL && strcmp(known[i], key) != 0)
            i++;
        if (known[i] == NULL)
            fail_msg("Gradescope knows no member '%s'", key);
    }
}

static void one_of(const json_t *object, const char *key, const char *const *words)
{
    const char *s = json_string_value(json_object_get(object, key));

    assert_non_null(s);
    while (*words != NULL && strcmp(*words, s) != 0)
        words++;
    assert_non_null(*words);
}

static void test_gradescope(void **state)
{
    static const char *const statuses[] = {"passed", "failed", NULL}, *const formats[] = {"text", NULL},
                             *const visibilities[] = {"hidden", "after_due_date", "after_published",
                                                      "visible", NULL};
    const struct row *r = *state;
    AUTO(buf_clear) struct buf out = BUF_INIT;
    json_t *report = load(r->report), *j, *t;
    size_t i;

    write_as("gradescope", report, &out);
    j = load(buf_str(&out));
    all_known(j, top_known);
    one_of(j, "visibility", visibilities);
    one_of(j, "stdout_visibility", visibilities);
    assert_true(json_is_number(json_object_get(j, "score")));
    assert_true(json_is_number(json_object_get(j, "execution_time")));
    assert_int_equal(json_array_size(json_object_get(j, "tests")),
                     json_array_size(json_object_get(report, "checks")));
    json_array_foreach(json_object_get(j, "tests"), i, t) {
        all_known(t, test_known);
        one_of(t, "status", statuses);
        one_of(t, "name_format", formats);
        one_of(t, "output_format", formats);
        one_of(t, "visibility", visibilities);
        assert_true(json_is_number(json_object_get(t, "score")));
        assert_true(json_is_number(json_object_get(t, "max_score")));
        assert_true(json_is_string(json_object_get(t, "number")));
    }
    assert_true(json_equal(json_object_get(json_object_get(j, "extra_data"), "paralab_report"), report));
    json_decref(j);
    json_decref(report);
}

static void test_gradescope_words(void **state)
{
    AUTO(buf_clear) struct buf out = BUF_INIT;
    json_t *report = load(source), *j, *tests;

    (void)state;
    write_as("gradescope", report, &out);
    j = load(buf_str(&out));
    tests = json_object_get(j, "tests");
    assert_string_equal(report_text(json_array_get(tests, 0), "output"), "Observed: It arrived.\n");
    assert_string_equal(report_text(json_array_get(tests, 1), "output"),
                        "Observed: ]]></failure>\033[31m\xef\xbf\xbf\"'&\n\nExpected: <x>\nHint: Why?\n");
    assert_non_null(strstr(report_text(json_array_get(tests, 3), "output"), "not your mistake"));
    json_decref(j);
    json_decref(report);
}

static void test_json(void **state)
{
    const struct row *r = *state;
    AUTO(buf_clear) struct buf out = BUF_INIT;
    json_t *report = load(r->report), *again;

    write_as("json", report, &out);
    again = load(buf_str(&out));
    assert_true(json_equal(report, again));
    assert_null(strchr(out.data, '\033'));
    json_decref(again);
    json_decref(report);
}

static void test_unknown(void **state)
{
    (void)state;
    assert_null(report_format_find("xml"));
}

static const struct cell {
    const char *name, *text, *want;
} cells[] = {
    {"plain", "Sam Smith", "\"Sam Smith\""},
    {"none", NULL, "\"\""},
    {"quotes and commas", "a \"b\", c", "\"a \"\"b\"\", c\""},
    {"formula =", "=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""},
    {"formula +", "+1", "\"'+1\""},
    {"formula -", "-1+1", "\"'-1+1\""},
    {"formula @", "@SUM(A1)", "\"'@SUM(A1)\""},
    {"formula after blanks", "  =1", "\"'  =1\""},
    {"formula after a tab", "\t=1", "\"' =1\""},
    {"formula after a line break", "\r\n=1", "\"'  =1\""},
    {"formula in fullwidth",
     "\xef\xbc\x9d"
     "1",
     "\"'\xef\xbc\x9d"
     "1\""},
    {"a row within a cell", "a\r\nb,=1", "\"a  b,=1\""},
    {"a minus inside", "well-known", "\"well-known\""},
};

static void test_cell(void **state)
{
    const struct cell *c = *state;
    AUTO(buf_clear) struct buf out = BUF_INIT;

    csv_text(&out, c->text);
    assert_string_equal(buf_str(&out), c->want);
}

static void test_rows(void **state)
{
    AUTO(buf_clear) struct buf out = BUF_INIT;

    (void)state;
    csv_text(&out, "");
    csv_number(&out, -3);
    csv_end(&out);
    csv_number(&out, 4);
    csv_text(&out, "x");
    csv_end(&out);
    assert_string_equal(buf_str(&out), "\"\",-3\r\n4,\"x\"\r\n");
}

static void *row_of(const void *p)
{
    union {
        const void *in;
        void *out;
    } u = {p};
    return u.out;
}

int main(void)
{
    static const struct {
        const char *name;
        CMUnitTestFunction run;
    } each[] = {{"json", test_json}, {"junit", test_junit}, {"gradescope", test_gradescope}};
    struct CMUnitTest tests[ARRAY_LEN(each) * ARRAY_LEN(rows) + ARRAY_LEN(cells) + 4];
    static char names[ARRAY_LEN(each) * ARRAY_LEN(rows)][64];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(each); i++)
        for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
            snprintf(names[n], sizeof names[n], "%s: %s", each[i].name, rows[k].name);
            tests[n] = (struct CMUnitTest){names[n], each[i].run, NULL, NULL, row_of(&rows[k])};
            n++;
        }
    for (size_t i = 0; i < ARRAY_LEN(cells); i++)
        tests[n++] = (struct CMUnitTest){cells[i].name, test_cell, NULL, NULL, row_of(&cells[i])};
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_junit_counts);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_gradescope_words);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_unknown);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_rows);
    return _cmocka_run_group_tests("report_format", tests, n, NULL, NULL);
}
