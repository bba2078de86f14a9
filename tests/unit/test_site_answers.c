/* Answers to questions: who may give them, what is refused, how tries are counted, and that nobody is told what is
 * expected. */
#include "tests/site/fixture.h"

static void begin(struct fixture *f, char id[16])
{
    lab_begin_of(f, f->student, "tiny-asks", id);
    lab_wait(f, f->student, id, "running");
}

static void end(struct fixture *f, const char *id)
{
    AUTO(mem_freep) char *path = xasprintf("/api/v1/labs/%s", id);

    assert_int_equal(status_of(f, f->student, "DELETE", path, ""), 202);
    for (int i = 0; status_of(f, f->student, "GET", path, NULL) != 404; i++) {
        assert_true(i < 2000);
        usleep(10000);
    }
}

/* Says 'body' to a question; the status of the reply. */
static int say(struct fixture *f, const char *token, const char *id, const char *check, const char *body)
{
    AUTO(mem_freep) char *path = xasprintf("/api/v1/labs/%s/answers/%s", id, check);

    return status_of(f, token, "PUT", path, body);
}

/* A question as the lab shows it; a new reference. */
static json_t *question(struct fixture *f, const char *id, size_t i)
{
    AUTO(mem_freep) char *path = xasprintf("/api/v1/labs/%s", id);
    struct reply r;

    request(f, f->student, "GET", path, NULL, &r);
    assert_int_equal(r.status, 200);
    json_t *q = json_incref(json_array_get(json_object_get(r.json, "questions"), i));
    reply_clear(&r);
    assert_non_null(q);
    return q;
}

static void assert_said(struct fixture *f, const char *id, size_t i, const char *answer, int left)
{
    json_t *q = question(f, id, i);

    if (answer == NULL)
        assert_true(json_is_null(json_object_get(q, "answer")));
    else
        assert_string_equal(text_at(q, "answer"), answer);
    assert_int_equal(json_integer_value(json_object_get(q, "left")), left);
    json_decref(q);
}

/* The report of one more attempt; a new reference. */
static json_t *grade(struct fixture *f, const char *id)
{
    json_t *j;
    AUTO(mem_freep) char *path = hand_in(f, id, 202, &j);

    json_decref(j);
    j = attempt_wait(f, f->student, path);
    if (strcmp(text_at(j, "state"), "done") != 0)
        fail_msg("%s", text_at(j, "error"));
    json_t *report = json_incref(json_object_get(j, "report"));
    json_decref(j);
    return report;
}

static void assert_check(const json_t *report, size_t i, const char *status, const char *observed)
{
    const json_t *c = json_array_get(json_object_get(report, "checks"), i);

    assert_string_equal(text_at(c, "status"), status);
    if (strstr(text_at(c, "observed"), observed) == NULL)
        fail_msg("%s", text_at(c, "observed"));
}

static void test_give_and_take_back(void **state)
{
    struct fixture *f = *state;
    char id[16];

    begin(f, id);
    json_t *q = question(f, id, 1);
    assert_string_equal(text_at(q, "check"), "net");
    assert_string_equal(text_at(q, "title"), "Which network is it?");
    assert_string_equal(text_at(q, "form"), "address");
    assert_true(json_is_null(json_object_get(q, "tries")));
    assert_true(json_is_null(json_object_get(q, "left")));
    json_decref(q);
    assert_said(f, id, 0, NULL, 2);
    assert_int_equal(say(f, f->student, id, "whale", "{\"answer\": \"  Blue\\n whale \"}"), 200);
    assert_said(f, id, 0, "Blue whale", 2);
    fixture_site_stop(f); /* it is on disk */
    fixture_site_start(f);
    host_wait(f);
    assert_said(f, id, 0, "Blue whale", 2);
    assert_int_equal(say(f, f->student, id, "whale", "{\"answer\": \"\"}"), 200);
    assert_said(f, id, 0, NULL, 2);
    assert_int_equal(say(f, f->student, id, "whale", "{\"answer\": \"Grey\"}"), 200);
    assert_int_equal(say(f, f->student, id, "whale", "{\"answer\": null}"), 200);
    assert_said(f, id, 0, NULL, 2);
    assert_int_equal(say(f, f->student, id, "whale", "{\"answer\": \"Orca\"}"), 200);
    end(f, id);
    begin(f, id);
    assert_said(f, id, 0, NULL, 2); /* answers go with their lab */
}

static void test_hostile(void **state)
{
    struct fixture *f = *state;
    AUTO(mem_freep) char *text = xcalloc(300, 1), *body = NULL;
    char id[16];

    begin(f, id);
    memset(text, 'a', 201);
    body = xasprintf("{\"answer\": \"%s\"}", text);
    assert_int_equal(say(f, f->student, id, "whale", body), 400);
    text[200] = '\0';
    free(body);
    body = xasprintf("{\"answer\": \"%s\"}", text);
    assert_int_equal(say(f, f->student, id, "whale", body), 200);
    assert_said(f, id, 0, text, 2);
    static const char *const bad[] = {"",
                                      "{}",
                                      "[]",
                                      "\"a\"",
                                      "{\"answer\": 7}",
                                      "{\"answer\": [\"a\"]}",
                                      "{\"answer\": \"a\\u0000b\"}",
                                      "{\"answer\": \"\\u001b[2J\"}",
                                      "{\"answer\": \"\\u009b\"}",
                                      "{\"answer\": \"a\xff\"}",
                                      "{\"answer\": \"a\""};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (say(f, f->student, id, "whale", bad[i]) != 400)
            fail_msg("accepted: %s", bad[i]);
    assert_int_equal(say(f, f->student, id, "net", "{\"answer\": \"r1\"}"),
                     400); /* of another form: no try is lost */
    assert_int_equal(say(f, f->student, id, "whales", "{\"answer\": \"a\"}"), 404);
    assert_int_equal(say(f, f->student, id, "..%2f..%2fx", "{\"answer\": \"a\"}"), 404);
    assert_said(f, id, 0, text, 2);
}

static void test_whose(void **state)
{
    struct fixture *f = *state;
    char id[16], plain[16];

    begin(f, id);
    assert_int_equal(say(f, NULL, id, "whale", "{\"answer\": \"a\"}"), 401);
    assert_int_equal(say(f, f->other, id, "whale", "{\"answer\": \"a\"}"), 404);
    assert_int_equal(say(f, f->instructor, id, "whale", "{\"answer\": \"a\"}"), 403);
    assert_said(f, id, 0, NULL, 2);
    lab_begin(f, f->student, plain);
    assert_int_equal(say(f, f->student, plain, "whale", "{\"answer\": \"a\"}"), 404);
}

static void test_grade(void **state)
{
    struct fixture *f = *state;
    json_t *report;
    char id[16];

    begin(f, id);
    report = grade(f, id);
    assert_check(report, 0, "blocked", "no answer was given");
    json_decref(report);
    assert_said(f, id, 0, NULL, 2); /* silence is no try */
    assert_int_equal(say(f, f->student, id, "whale", "{\"answer\": \"CANARY cachalot\"}"), 200);
    assert_int_equal(say(f, f->student, id, "net", "{\"answer\": \"10.99.77.0/24\"}"), 200);
    report = grade(f, id);
    assert_int_equal(json_integer_value(json_object_get(report, "score")), 10);
    assert_check(report, 0, "pass", "This is the answer.");
    assert_check(report, 1, "pass", "This is the answer.");
    json_decref(report);
}

static void test_tries(void **state)
{
    struct fixture *f = *state;
    json_t *report;
    char id[16];

    begin(f, id);
    assert_int_equal(say(f, f->student, id, "whale", "{\"answer\": \"Orca\"}"), 200);
    assert_said(f, id, 0, "Orca", 2); /* said, but not graded */
    report = grade(f, id);
    assert_check(report, 0, "fail", "Of 2 tries 1 are left.");
    json_decref(report);
    assert_said(f, id, 0, "Orca", 1);
    report = grade(f, id); /* for the sake of another check */
    assert_check(report, 0, "fail", "Of 2 tries 1 are left.");
    json_decref(report);
    end(f, id);
    begin(f, id); /* a new lab gives no new tries */
    assert_said(f, id, 0, NULL, 1);
    assert_int_equal(say(f, f->student, id, "whale", "{\"answer\": \"Beluga\"}"), 200);
    report = grade(f, id);
    assert_check(report, 0, "fail", "Of 2 tries 0 are left.");
    json_decref(report);
    assert_said(f, id, 0, "Beluga", 0);
    assert_int_equal(say(f, f->student, id, "whale", "{\"answer\": \"canary whale\"}"), 409);
    assert_int_equal(say(f, f->student, id, "net", "{\"answer\": \"10.99.77.0/24\"}"), 200); /* has its own */
    report = grade(f, id);
    assert_check(report, 0, "fail", "");
    assert_check(report, 1, "pass", "");
    json_decref(report);
}

/* The values of a student, as the title of the question has them. */
static void value_of(struct fixture *f, const char *token, const char *id, char out[16])
{
    AUTO(mem_freep) char *path = xasprintf("/api/v1/labs/%s", id);
    struct reply r;

    request(f, token, "GET", path, NULL, &r);
    const json_t *q = json_array_get(json_object_get(r.json, "questions"), 0);
    snprintf(out, 16, "%s", text_at(q, "title"));
    reply_clear(&r);
}

/* "others" of the first check of an attempt as 'token' sees it, or NULL; a new reference. */
static json_t *others(struct fixture *f, const char *token, const char *path)
{
    json_t *j = attempt_wait(f, token, path);
    const json_t *c = json_array_get(json_object_get(json_object_get(j, "report"), "checks"), 0);
    json_t *others = json_incref(json_object_get(c, "others"));

    json_decref(j);
    return others;
}

/* Another student's answer is wrong, and instructors alone are told whose it is. */
static void test_watermark(void **state)
{
    struct fixture *f = *state;
    char id[16], foreign[16], own[16], hers[16];
    json_t *j;

    lab_begin_of(f, f->student, "tiny-marks", id);
    lab_begin_of(f, f->other, "tiny-marks", foreign);
    lab_wait(f, f->student, id, "running");
    value_of(f, f->student, id, own);
    value_of(f, f->other, foreign, hers);
    assert_string_not_equal(own, hers);
    AUTO(mem_freep) char *copied = xasprintf("{\"answer\": \"%s\"}", hers);
    assert_int_equal(say(f, f->student, id, "number", copied), 200);
    AUTO(mem_freep) char *first = hand_in(f, id, 202, &j);
    json_decref(j);
    assert_null(others(f, f->student, first));
    j = others(f, f->instructor, first);
    assert_int_equal(json_array_size(j), 1);
    assert_string_equal(json_string_value(json_array_get(j, 0)), "olga");
    json_decref(j);
    AUTO(mem_freep) char *lab = xasprintf("/api/v1/labs/%s", id);
    struct reply r;
    request(f, f->student, "GET", lab, NULL, &r);
    assert_null(strstr(r.body, "olga"));
    reply_clear(&r);

    assert_int_equal(say(f, f->student, id, "number", "{\"answer\": \"0\"}"), 200);
    AUTO(mem_freep) char *second = hand_in(f, id, 202, &j);
    json_decref(j);
    assert_null(others(f, f->instructor, second));
    AUTO(mem_freep) char *found = xasprintf("{\"answer\": \"%s\"}", own);
    assert_int_equal(say(f, f->student, id, "number", found), 200);
    AUTO(mem_freep) char *third = hand_in(f, id, 202, &j);
    json_decref(j);
    assert_null(others(f, f->instructor, third));

    /* Judging again forgets nothing, and knows what was said. */
    assert_int_equal(status_of(f, f->instructor, "POST", "/api/v1/exercises/tiny-marks/regrade", "{}"), 202);
    bool over = false;
    for (int i = 0; i < 2000 && !over; i++) {
        request(f, f->instructor, "GET", "/api/v1/exercises/tiny-marks/regrade", NULL, &r);
        over = strcmp(text_at(r.json, "state"), "running") != 0;
        if (over) {
            assert_string_equal(text_at(r.json, "state"), "done");
            assert_int_equal(json_integer_value(json_object_get(r.json, "total")), 3);
            assert_int_equal(json_integer_value(json_object_get(r.json, "changed")), 0);
            assert_int_equal(json_integer_value(json_object_get(r.json, "kept")), 0);
            assert_int_equal(json_integer_value(json_object_get(r.json, "refused")), 0);
        }
        reply_clear(&r);
        usleep(10000);
    }
    assert_true(over);
    j = others(f, f->instructor, first);
    assert_int_equal(json_array_size(j), 1);
    json_decref(j);
}

/* Neither the list, the exercise, the lab nor a report with every outcome tells what is expected. */
static void test_nothing_leaks(void **state)
{
    struct fixture *f = *state;
    char id[16];

    begin(f, id);
    json_decref(grade(f, id));
    assert_int_equal(say(f, f->student, id, "whale", "{\"answer\": \"Orca\"}"), 200);
    assert_int_equal(say(f, f->student, id, "net", "{\"answer\": \"10.0.0.0/8\"}"), 200);
    json_decref(grade(f, id));
    AUTO(mem_freep) char *lab = xasprintf("/api/v1/labs/%s", id);
    AUTO(mem_freep) char *attempts = xasprintf("%s/attempts", lab);
    const char *const paths[] = {"/api/v1/exercises", "/api/v1/exercises/tiny-asks", "/api/v1/labs", lab,
                                 attempts};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        struct reply r;

        request(f, f->student, "GET", paths[i], NULL, &r);
        assert_int_equal(r.status, 200);
        if (strcasestr(r.body, "canary") != NULL || strcasestr(r.body, "cachalot") != NULL ||
            strstr(r.body, "10.99.77") != NULL)
            fail_msg("%s tells: %s", paths[i], r.body);
        reply_clear(&r);
    }
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_give_and_take_back),
        TEST(test_hostile),
        TEST(test_whose),
        TEST(test_grade),
        TEST(test_tries),
        TEST(test_nothing_leaks),
        TEST(test_watermark),
    };

    return cmocka_run_group_tests_name("site_answers", tests, NULL, NULL);
}
