/* Answers in words: which texts say the same, and what they are worth.  No machine is needed. */
#include "grading/answer.h"
#include "grading/grading_rounds.h"
#include "labd/base/mem.h"
#include "tests/unit/exercise_texts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char topology[] =
    "<topology name='t'><parameter name='net' type='prefix' pool='10.64.0.0/10' length='24'/>"
    "<router name='r1'><interface name='eth0' network='lan1'/></router><network name='lan1'/></topology>";
static const char xml[] =
    "<exercise id='x' title='X'><summary>s</summary><topology file='t.xml'/><grading deadline='1s'>"
    "<reference name='a' at='lan1' address='10.0.1.250/24'/>"
    "<check id='net' kind='answer' title='Net' points='10' expect='${net}' form='address' tries='3'/>"
    "<check id='who' kind='answer' title='Who' points='5' expect='Der Router' also='the  router|routeur Ä'/>"
    "</grading></exercise>";

/* ---- which texts say the same ---- */

static const struct form_row {
    const char *name;
    enum exercise_form form;
    const char *text, *want; /* NULL: refused */
} form_rows[] = {
    {"text", EXERCISE_FORM_TEXT, " The\tRouter\n", "the router"},
    {"letters beyond ASCII", EXERCISE_FORM_TEXT, "ZÜRICH Ω", "zürich ω"},
    {"nothing", EXERCISE_FORM_TEXT, " \t", NULL},
    {"no UTF-8", EXERCISE_FORM_TEXT, "a\xff", NULL},
    {"half a character", EXERCISE_FORM_TEXT, "a\xc3", NULL},
    {"a control character", EXERCISE_FORM_TEXT, "a\x1b[2J", NULL},
    {"a control character of two bytes", EXERCISE_FORM_TEXT, "a\xc2\x9b", NULL},
    {"number", EXERCISE_FORM_NUMBER, " 0042 ", "42"},
    {"signs", EXERCISE_FORM_NUMBER, "+7", "7"},
    {"less than nothing", EXERCISE_FORM_NUMBER, "-07", "-7"},
    {"no less than nothing", EXERCISE_FORM_NUMBER, "-0", "0"},
    {"a number that is none", EXERCISE_FORM_NUMBER, "7 ms", NULL},
    {"only a sign", EXERCISE_FORM_NUMBER, "-", NULL},
    {"address", EXERCISE_FORM_ADDRESS, "10.0.1.1", "10.0.1.1"},
    {"prefix", EXERCISE_FORM_ADDRESS, " 10.0.1.0/24", "10.0.1.0/24"},
    {"IPv6", EXERCISE_FORM_ADDRESS, "2001:DB8:0:0::1/64", "2001:db8::1/64"},
    {"prefix too long", EXERCISE_FORM_ADDRESS, "10.0.1.0/33", NULL},
    {"a name for an address", EXERCISE_FORM_ADDRESS, "r1", NULL},
    {"MAC", EXERCISE_FORM_MAC, "02:00:00:AB:cd:01", "020000abcd01"},
    {"MAC with dashes", EXERCISE_FORM_MAC, "02-00-00-ab-cd-01", "020000abcd01"},
    {"MAC in three", EXERCISE_FORM_MAC, "0200.00ab.cd01", "020000abcd01"},
    {"MAC too short", EXERCISE_FORM_MAC, "02:00:00:ab:cd", NULL},
    {"MAC too long", EXERCISE_FORM_MAC, "02:00:00:ab:cd:01:02", NULL},
};

static void test_form(void **state)
{
    const struct form_row *r = *state;
    char out[ANSWER_SIZE] = "untouched";
    struct err e = {0};
    int rc = answer_canonical(r->form, r->text, out, &e);

    if (r->want == NULL) {
        assert_int_equal(rc, -1);
        assert_int_equal(e.code, ERR_INVALID);
    } else {
        if (rc < 0)
            fail_msg("%s", e.msg);
        assert_string_equal(out, r->want);
    }
}

static void test_length(void **state)
{
    char text[ANSWER_MAX + 2], out[ANSWER_SIZE];
    struct err e;

    (void)state;
    memset(text, 'a', sizeof text);
    text[ANSWER_MAX + 1] = '\0';
    assert_int_equal(answer_canonical(EXERCISE_FORM_TEXT, text, out, &e), -1);
    assert_non_null(strstr(e.msg, "longer than 200"));
    text[ANSWER_MAX] = '\0';
    assert_int_equal(answer_canonical(EXERCISE_FORM_TEXT, text, out, &e), 0);
    assert_string_equal(out, text);
    for (size_t i = 0; i < ANSWER_MAX; i += 2) /* its small letter takes three bytes */
        memcpy(text + i, "\xc8\xba", 2);
    assert_int_equal(answer_canonical(EXERCISE_FORM_TEXT, text, out, &e), 0);
    assert_int_equal(strlen(out), ANSWER_MAX / 2 * 3);
}

/* ---- what they are worth ---- */

static const struct judge_row {
    const char *name, *check, *given, *wrong; /* given NULL: nothing; wrong: {check: [text]} */
    enum grading_status status;
    const char *observed; /* a part */
} judge_rows[] = {
    {"the answer", "net", "@net", NULL, GRADING_PASS, "This is the answer."},
    {"another", "net", "10.0.0.0/24", NULL, GRADING_FAIL, "This is not the answer. Of 3 tries 2 are left."},
    {"the address of the network", "net", "10.0.0.0", NULL, GRADING_FAIL, "not the answer"},
    {"not of the form", "net", "r1", NULL, GRADING_FAIL, "not the answer"},
    {"none", "net", NULL, NULL, GRADING_BLOCKED, "no answer was given"},
    {"the answer at the last try", "net", "@net", "{\"net\":[\"1.1.1.1\",\"2.2.2.2\"]}", GRADING_PASS, ""},
    {"the answer too late", "net", "@net", "{\"net\":[\"1.1.1.1\",\"2.2.2.2\",\"3.3.3.3\"]}", GRADING_FAIL,
     "No tries are left: 3"},
    {"the same again is no other try", "net", "1.1.1.1", "{\"net\":[\"1.1.1.1\",\" 1.1.1.1\",\"2.2.2.2\"]}",
     GRADING_FAIL, "Of 3 tries 1 are left."},
    {"tries of another question", "net", "@net", "{\"who\":[\"a\",\"b\",\"c\"]}", GRADING_PASS, ""},
    {"without tries", "who", "a", "{\"who\":[\"b\",\"c\",\"d\",\"e\"]}", GRADING_FAIL,
     "This is not the answer."},
    {"in other letters", "who", "der  ROUTER", NULL, GRADING_PASS, ""},
    {"the second", "who", "The Router", NULL, GRADING_PASS, ""},
    {"the third", "who", "Routeur ä", NULL, GRADING_PASS, ""},
    {"not two of them", "who", "the router|routeur ä", NULL, GRADING_FAIL, ""},
};

static void test_judge(void **state)
{
    const struct judge_row *r = *state;
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    const struct exercise_check *c = exercise_check_find(x, r->check);
    const char *given = r->given != NULL && strcmp(r->given, "@net") == 0 ? c->answer : r->given;
    json_t *said = json_pack("{s:s?}", r->check, given), *wrong = NULL;
    struct probe_result none = {0};

    if (r->wrong != NULL)
        assert_non_null(wrong = json_loads(r->wrong, 0, NULL));
    answers_give(x, said, wrong);
    struct grading_verdict v = grading_judge(x, (size_t)(c - x->checks), &none, false);
    assert_int_equal(v.status, r->status);
    if (strstr(v.observed, r->observed) == NULL)
        fail_msg("%s", v.observed);
    assert_null(strstr(v.observed, c->answer)); /* a report is the student's to read */
    json_decref(said);
    json_decref(wrong);
}

/* Each value has its own answer, and the report has what was said, but never what was expected. */
static void test_report(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    struct grading_outcome o[2] = {{.samples = 1, .pass_ms = -1}, {.samples = 1, .pass_ms = -1}};
    struct probe_result none = {0};
    json_t *said = json_pack("{s:s}", "net", "10.0.0.0/24");

    (void)state;
    assert_null(strstr(x->checks[0].answer, "${"));
    answers_give(x, said, NULL);
    json_decref(said);
    for (size_t i = 0; i < 2; i++)
        o[i].v = grading_judge(x, i, &none, false);
    json_t *report = grading_report(x, "aaaaaa", o, NULL, false, 1, 2);
    AUTO(mem_freep) char *text = json_dumps(report, 0);
    const json_t *checks = json_object_get(report, "checks"), *net = json_array_get(checks, 0);
    assert_string_equal(json_string_value(json_object_get(net, "answer")), "10.0.0.0/24");
    assert_string_equal(json_string_value(json_object_get(net, "evidence")), "answer");
    assert_string_equal(json_string_value(json_object_get(net, "status")), "fail");
    assert_true(json_is_null(json_object_get(json_array_get(checks, 1), "answer")));
    assert_null(strstr(text, x->checks[0].answer));
    assert_null(strcasestr(text, "der router"));
    json_decref(report);
    said = answers_given(x);
    assert_int_equal(json_object_size(said), 1);
    json_decref(said);
}

static void test_nothing_is_sent(void **state)
{
    AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
    struct err e;
    AUTO(probe_spec_freep) struct probe_spec *s = grading_spec(x, GRADING_ALL_SHARED, GRADING_STEADY, &e);

    (void)state;
    assert_non_null(s);
    assert_int_equal(s->nprobes + s->nrefs + s->nports, 0);
}

/* ---- rounds ---- */

struct played {
    struct probe_result empty;
    int64_t now_ms;
    unsigned rounds;
    size_t most, total; /* of what was told while it was graded */
};

static const struct probe_result *next_round(void *arg, size_t which, enum grading_phase phase, struct err *e)
{
    struct played *p = arg;

    (void)which;
    (void)phase;
    (void)e;
    p->rounds++;
    p->now_ms += 50;
    return &p->empty;
}

static int64_t now_ms(void *arg)
{
    const struct played *p = arg;

    return p->now_ms;
}

static void pause_ms(void *arg, unsigned ms)
{
    struct played *p = arg;

    p->now_ms += ms;
}

static void progress(size_t done, size_t total, void *arg)
{
    struct played *p = arg;

    p->most = done > p->most ? done : p->most;
    p->total = total;
}

/* What was said stays what it is: nobody waits for the deadline, and nobody is told before the report. */
static void test_rounds(void **state)
{
    static const char *const said[] = {"der router", "somebody else"};
    static const enum grading_status want[] = {GRADING_PASS, GRADING_FAIL};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(said); i++) {
        AUTO(exercise_freep) struct exercise *x = exercise_of_texts(xml, topology);
        struct played p = {.now_ms = 0};
        const struct grading_source from = {
            .round = next_round, .now_ms = now_ms, .pause = pause_ms, .arg = &p};
        struct grading_outcome o[2];
        json_t *given = json_pack("{s:s}", "who", said[i]);
        struct err e;

        answers_give(x, given, NULL);
        json_decref(given);
        assert_int_equal(grading_rounds(x, &from, NULL, progress, &p, o, &e), 0);
        assert_int_equal(o[0].v.status, GRADING_BLOCKED);
        assert_int_equal(o[1].v.status, want[i]);
        assert_int_equal(p.rounds, x->hold);
        assert_int_equal(p.most + p.total, 0);
    }
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(form_rows) + ARRAY_LEN(judge_rows) + 4];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(form_rows); i++)
        tests[n++] =
            (struct CMUnitTest){form_rows[i].name, test_form, NULL, NULL, (void *)(uintptr_t)&form_rows[i]};
    for (size_t i = 0; i < ARRAY_LEN(judge_rows); i++)
        tests[n++] = (struct CMUnitTest){judge_rows[i].name, test_judge, NULL, NULL,
                                         (void *)(uintptr_t)&judge_rows[i]};
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_length);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_rounds);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_report);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_nothing_is_sent);
    return cmocka_run_group_tests_name("check_answer", tests, NULL, NULL);
}
