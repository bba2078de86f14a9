/* What an exercise allows its students: attempts, the time between them, the score that counts. */
#include "labd/site/attempts.h"
#include "tests/site/fixture.h"

static json_int_t number_at(const json_t *j, const char *name)
{
    return json_integer_value(json_object_get(j, name));
}

/* The exercise as its student sees it; a new reference. */
static json_t *exercise_of(struct fixture *f, const char *id)
{
    AUTO(mem_freep) char *path = xasprintf("/api/v1/exercises/%s", id);
    struct reply r;

    request(f, f->student, "GET", path, NULL, &r);
    assert_int_equal(r.status, 200);
    json_t *j = json_incref(r.json);
    reply_clear(&r);
    return j;
}

static void grade_once(struct fixture *f, const char *lab)
{
    json_t *j;
    AUTO(mem_freep) char *path = hand_in(f, lab, 202, &j);

    json_decref(j);
    j = attempt_wait(f, f->student, path);
    assert_string_equal(text_at(j, "state"), "done");
    json_decref(j);
}

/* An attempt in the database, as one that was graded: the fake labhost has no points to give. */
static void seed(struct fixture *f, const char *lab, const char *exercise, int64_t score)
{
    struct store_attempt a = {.exercise = "", .started = 1700000000000, .max_score = 10};
    struct store_user u;
    struct err e;

    AUTO(store_closep) struct store *st = store_open(f->db, &e);
    fixture_check(st == NULL ? -1 : 0, &e);
    fixture_check(store_user_find(st, STORE_INSTITUTION_DEFAULT, "sam", &u, &e), &e);
    a.user = u.id;
    snprintf(a.lab, sizeof a.lab, "%s", lab);
    snprintf(a.exercise, sizeof a.exercise, "%s", exercise);
    fixture_check(store_attempt_add(st, STORE_INSTITUTION_DEFAULT, &a, &e), &e);
    a.state = ATTEMPT_DONE;
    a.score = score;
    a.finished = a.started + 1;
    fixture_check(store_attempt_finish(st, STORE_INSTITUTION_DEFAULT, &a, &e), &e);
}

static void test_no_rules(void **state)
{
    struct fixture *f = *state;
    json_t *x = exercise_of(f, "tiny"), *rules = json_object_get(x, "rules");

    assert_string_equal(text_at(rules, "policy"), "best");
    assert_true(json_is_null(json_object_get(rules, "max")));
    assert_true(json_is_null(json_object_get(rules, "left")));
    assert_int_equal(number_at(rules, "wait_ms"), 0);
    assert_true(json_is_null(json_object_get(x, "score")));
    json_decref(x);
}

static void test_cooldown(void **state)
{
    struct fixture *f = *state;
    char id[16];
    struct reply r;
    json_t *j;

    lab_begin_of(f, f->student, "tiny-slow", id);
    lab_wait(f, f->student, id, "running");
    grade_once(f, id);
    AUTO(mem_freep) char *path = xasprintf("/api/v1/labs/%s/attempts", id);
    request(f, f->student, "POST", path, "", &r);
    assert_int_equal(r.status, 429);
    assert_non_null(strstr(r.head, "\r\nRetry-After: "));
    assert_non_null(strstr(text_at(r.json, "detail"), "try again in "));
    assert_non_null(strstr(text_at(r.json, "detail"), "asks for 10 min between"));
    assert_true(number_at(r.json, "wait_ms") > 0 && number_at(r.json, "wait_ms") <= 600000);
    reply_clear(&r);

    json_t *x = exercise_of(f, "tiny-slow");
    assert_int_equal(number_at(x, "attempts"), 1); /* being refused is no attempt */
    assert_int_equal(number_at(json_object_get(x, "rules"), "cooldown_ms"), 600000);
    assert_true(number_at(json_object_get(x, "rules"), "wait_ms") > 0);
    json_decref(x);

    AUTO(mem_freep) char *given = hand_in_as(f, f->instructor, id, 202, &j);
    json_decref(j);
    json_decref(attempt_wait(f, f->student, given));
}

/* The last counts, and a new lab gives no new attempts. */
static void test_max_and_last(void **state)
{
    struct fixture *f = *state;
    char id[16];
    json_t *j;

    lab_begin_of(f, f->student, "tiny-two", id);
    lab_wait(f, f->student, id, "running");
    seed(f, id, "tiny-two", 7);
    json_t *x = exercise_of(f, "tiny-two");
    assert_int_equal(number_at(x, "score"), 7);
    assert_int_equal(number_at(json_object_get(x, "rules"), "left"), 1);
    json_decref(x);
    grade_once(f, id);
    x = exercise_of(f, "tiny-two");
    assert_int_equal(number_at(x, "score"), 0);
    assert_int_equal(number_at(x, "best_score"), 7);
    assert_int_equal(number_at(x, "last_score"), 0);
    assert_int_equal(number_at(json_object_get(x, "rules"), "max"), 2);
    assert_int_equal(number_at(json_object_get(x, "rules"), "left"), 0);
    json_decref(x);
    free(hand_in(f, id, 409, &j));
    assert_non_null(strstr(text_at(j, "detail"), "allows 2, and all are used"));
    json_decref(j);

    struct reply r;
    static const char *const grade = "/api/v1/exercises/tiny-two/students/sam";
    request(f, f->student, "GET", grade, NULL, &r);
    assert_int_equal(r.status, 200);
    assert_int_equal(number_at(r.json, "score"), 0);
    assert_int_equal(number_at(r.json, "attempts"), 2);
    json_t *history = json_object_get(r.json, "history");
    assert_int_equal(json_array_size(history), 2);
    assert_int_equal(number_at(json_array_get(history, 0), "number"), 2); /* the newest first */
    assert_int_equal(number_at(json_array_get(history, 1), "score"), 7);
    assert_true(json_is_null(json_object_get(json_array_get(history, 0), "report")));
    reply_clear(&r);
    assert_int_equal(status_of(f, f->instructor, "GET", grade, NULL), 200);
    assert_int_equal(status_of(f, f->other, "GET", grade, NULL), 404);
    assert_int_equal(status_of(f, f->instructor, "GET", "/api/v1/exercises/tiny-two/students/nobody", NULL),
                     404);
    assert_int_equal(status_of(f, f->instructor, "GET", "/api/v1/exercises/none/students/sam", NULL), 404);
    request(f, f->instructor, "GET", "/api/v1/overview", NULL, &r);
    json_t *row = json_array_get(json_object_get(r.json, "rows"), 0);
    assert_int_equal(number_at(row, "score"), 0);
    assert_int_equal(number_at(row, "best_score"), 7);
    assert_int_equal(number_at(row, "attempts"), 2);
    reply_clear(&r);
    request(f, f->instructor, "GET", "/api/v1/scores?exercise=tiny-two", NULL, &r);
    assert_non_null(strstr(r.body, "\"tiny-two\",\"tiny-two\",0,10,2,"));
    reply_clear(&r);

    AUTO(mem_freep) char *lab = xasprintf("/api/v1/labs/%s", id);
    assert_int_equal(status_of(f, f->student, "DELETE", lab, NULL), 202);
    lab_wait(f, f->student, id, "");
    lab_begin_of(f, f->student, "tiny-two", id);
    lab_wait(f, f->student, id, "running");
    free(hand_in(f, id, 409, &j));
    json_decref(j);
}

/* Else one could look at the progress and stop the lab before the attempt counts. */
static void test_broken_off_is_spent(void **state)
{
    struct fixture *f = *state;
    char id[16];
    json_t *j;

    lab_begin_of(f, f->student, "tiny-two", id);
    lab_wait(f, f->student, id, "running");
    AUTO(mem_freep) char *path = hand_in(f, id, 202, &j);
    assert_string_equal(text_at(j, "state"), "running");
    json_decref(j);
    AUTO(mem_freep) char *lab = xasprintf("/api/v1/labs/%s", id);
    assert_int_equal(status_of(f, f->student, "DELETE", lab, NULL), 202);
    j = attempt_wait(f, f->student, path);
    assert_string_equal(text_at(j, "state"), "error");
    json_decref(j);
    json_t *x = exercise_of(f, "tiny-two");
    assert_int_equal(number_at(x, "attempts"), 1);
    assert_int_equal(number_at(json_object_get(x, "rules"), "left"), 1);
    assert_true(json_is_null(json_object_get(x, "score")));
    json_decref(x);
}

/* The second failure shows the second hint, also in another lab. */
static void test_hint_tiers(void **state)
{
    static const char *const want[] = {"Which addresses has h1?", "Which addresses has h1?\nLook at eth0."};
    struct fixture *f = *state;
    char id[16];
    json_t *j;

    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        lab_begin_of(f, f->student, "tiny-two", id);
        lab_wait(f, f->student, id, "running");
        AUTO(mem_freep) char *path = hand_in(f, id, 202, &j);
        json_decref(j);
        j = attempt_wait(f, f->student, path);
        const json_t *check = json_array_get(json_object_get(json_object_get(j, "report"), "checks"), 0);
        assert_string_equal(text_at(check, "hint"), want[i]);
        assert_int_equal(number_at(check, "hint_after"), i == 0 ? 1 : 0);
        json_decref(j);
        AUTO(mem_freep) char *lab = xasprintf("/api/v1/labs/%s", id);
        assert_int_equal(status_of(f, f->student, "DELETE", lab, NULL), 202);
        lab_wait(f, f->student, id, "");
    }
}

/* What an instructor sets counts from then on, whatever is checked later, until it is taken back. */
static void test_override(void **state)
{
    static const char *const path = "/api/v1/exercises/tiny/students/sam/score";
    static const char *const bad[] = {
        "{\"score\":11,\"reason\":\"too much\"}",  "{\"score\":-1,\"reason\":\"too little\"}",
        "{\"score\":\"7\",\"reason\":\"a word\"}", "{\"score\":7}",
        "{\"score\":7,\"reason\":\"    \"}",       "{\"reason\":\"no score\"}"};
    struct fixture *f = *state;
    char id[16];
    struct reply r;

    lab_begin(f, f->student, id);
    lab_wait(f, f->student, id, "running");
    seed(f, id, "tiny", 3);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(status_of(f, f->instructor, "PUT", path, bad[i]), 400);
    assert_int_equal(status_of(f, f->student, "PUT", path, "{\"score\":10,\"reason\":\"I am good\"}"), 403);
    request(f, f->instructor, "PUT", path, "{\"score\":9,\"reason\":\"The host was <down>.\"}", &r);
    assert_int_equal(r.status, 200);
    assert_int_equal(number_at(r.json, "score"), 9);
    assert_int_equal(number_at(r.json, "best_score"), 3);
    reply_clear(&r);
    seed(f, id, "tiny", 5);
    json_t *x = exercise_of(f, "tiny");
    assert_int_equal(number_at(x, "score"), 9);
    assert_true(json_is_true(json_object_get(x, "overridden")));
    json_decref(x);
    request(f, f->instructor, "GET", "/api/v1/scores?exercise=tiny", NULL, &r);
    assert_non_null(strstr(r.body, ",\"Tiny & small\",9,10,2,"));
    reply_clear(&r);

    request(f, f->instructor, "PUT", path, "{\"score\":null,\"reason\":\"It was not.\"}", &r);
    assert_int_equal(r.status, 200);
    reply_clear(&r);
    request(f, f->student, "GET", "/api/v1/exercises/tiny/students/sam", NULL, &r);
    assert_int_equal(number_at(r.json, "score"), 5);
    const json_t *all = json_object_get(r.json, "overrides"), *first = json_array_get(all, 1);
    assert_int_equal(json_array_size(all), 2);
    assert_int_equal(number_at(first, "score"), 9);
    assert_string_equal(text_at(first, "reason"), "The host was <down>.");
    assert_true(text_at(first, "by")[0] != '\0' && number_at(first, "made_ms") > 0);
    reply_clear(&r);
}

/* A deadline holds for what was checked before it was set, too, and both scores are shown. */
static void test_deadline(void **state)
{
    static const char *const path = "/api/v1/exercises/tiny/deadline";
    static const char *const bad[] = {"{\"due_ms\":5}", "{\"due_ms\":-5,\"late_percent\":10}",
                                      "{\"due_ms\":5,\"late_percent\":101}",
                                      "{\"due_ms\":\"now\",\"late_percent\":1}"};
    struct fixture *f = *state;
    char id[16];
    struct reply r;

    lab_begin(f, f->student, id);
    lab_wait(f, f->student, id, "running");
    seed(f, id, "tiny", 10); /* at 1700000000000 */
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(status_of(f, f->instructor, "PUT", path, bad[i]), 400);
    assert_int_equal(status_of(f, f->student, "PUT", path, "{\"due_ms\":9,\"late_percent\":0}"), 403);
    assert_int_equal(status_of(f, f->instructor, "PUT", "/api/v1/exercises/none/deadline", "{}"), 404);
    assert_int_equal(
        status_of(f, f->instructor, "PUT", path, "{\"due_ms\":1699900000000,\"late_percent\":20}"), 200);
    json_t *x = exercise_of(f, "tiny");
    assert_int_equal(number_at(json_object_get(x, "deadline"), "due_ms"), 1699900000000);
    assert_int_equal(number_at(json_object_get(x, "deadline"), "late_percent"), 20);
    assert_int_equal(number_at(x, "best_score"), 10);
    assert_int_equal(number_at(x, "score"), 6); /* two days have begun */
    json_decref(x);
    request(f, f->student, "GET", "/api/v1/exercises/tiny/students/sam", NULL, &r);
    const json_t *one = json_array_get(json_object_get(r.json, "history"), 0);
    assert_int_equal(number_at(one, "score"), 10);
    assert_int_equal(number_at(one, "counts"), 6);
    reply_clear(&r);
    grade_once(f, id); /* late, and without points */
    assert_int_equal(status_of(f, f->instructor, "DELETE", path, NULL), 200);
    x = exercise_of(f, "tiny");
    assert_true(json_is_null(json_object_get(x, "deadline")));
    assert_int_equal(number_at(x, "score"), 10);
    json_decref(x);
}

/* So many are checked at a time; the others hear how many come before them, and move up. */
static void test_queue(void **state)
{
    struct fixture *f = *state;
    const struct {
        const char *token, *exercise;
    } all[] = {{f->student, "tiny-long"},
               {f->other, "tiny-long"},
               {f->instructor, "tiny-long"},
               {f->student, "tiny"},
               {f->other, "tiny"}};
    char id[ARRAY_LEN(all)][16], *paths[ARRAY_LEN(all)];
    json_t *j;

    assert_int_equal(FIXTURE_GRADERS, ARRAY_LEN(all) - 2);
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        lab_begin_of(f, all[i].token, all[i].exercise, id[i]);
        lab_wait(f, all[i].token, id[i], "running");
    }
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        bool runs = i < FIXTURE_GRADERS;
        paths[i] = hand_in_as(f, all[i].token, id[i], 202, &j);
        assert_string_equal(text_at(j, "state"), runs ? "running" : "queued");
        assert_int_equal(number_at(json_object_get(j, "progress"), "ahead"),
                         runs ? 0 : i - FIXTURE_GRADERS + 1);
        json_decref(j);
    }
    AUTO(mem_freep) char *lab = xasprintf("/api/v1/labs/%s", id[0]);
    assert_int_equal(status_of(f, all[0].token, "DELETE", lab, NULL), 202);
    for (size_t i = FIXTURE_GRADERS; i < ARRAY_LEN(all); i++) {
        j = attempt_wait(f, all[i].token, paths[i]);
        assert_string_equal(text_at(j, "state"), "done");
        assert_int_equal(number_at(json_object_get(j, "progress"), "ahead"), 0);
        json_decref(j);
    }
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        free(paths[i]);
}

static int setup(void **state)
{
    int rc = fixture_setup(state);

    if (rc == 0)
        host_wait(*state);
    return rc;
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(test_no_rules),   T(test_cooldown), T(test_max_and_last), T(test_broken_off_is_spent),
        T(test_hint_tiers), T(test_queue),    T(test_override),     T(test_deadline),
    };
    return cmocka_run_group_tests_name("site_attempts", tests, NULL, NULL);
}
