/* Attempts that are judged again after a check was mended: new scores, what they were before, and what stays. */
#include "labd/base/pack.h"
#include "tests/site/fixture.h"

#include <sys/stat.h>

#define PATH "/api/v1/exercises/mend/regrade"
#define REF "<reference name='refa' at='lan' address='10.9.0.250/24'/>"
#define CHECK(id, points, more) \
    "<check id='" id "' kind='reachability' title='" id "' points='" points "' from='refa'" more "/>"
#define TO_H2 " to='10.9.0.2' seen-at='h2:eth0'"
#define TO_H1 " to='10.9.0.1' seen-at='h1:eth0'"
#define EXERCISE(checks) \
    "<exercise id='mend' title='Mend'><summary>s</summary><topology file='topology.xml'/>" \
    "<instructions file='instructions.md'/><grading deadline='1s' hold='2' interval='100ms'>" REF checks \
    "</grading></exercise>"
#define TOPOLOGY(net) \
    "<topology name='mend'><host name='h1'><interface name='eth0' network='" net "'/></host>" \
    "<host name='h2'><interface name='eth0' network='" net \
    "'><address>10.9.0.2/24</address></interface></host>" \
    "<network name='" net "'/></topology>"

/* h2 answers and h1 does not.  No router is between, but the author thought so: 10 of 30. */
static const char wrong[] =
    EXERCISE(CHECK("hops", "10", TO_H2 " hops='1'") CHECK("there", "10", TO_H2) CHECK("gone", "10", TO_H1));
static const char mended[] =
    EXERCISE(CHECK("hops", "10", TO_H2 " hops='0'") CHECK("there", "20", TO_H2) CHECK("gone", "10", TO_H1));

static void write_file(const struct fixture *f, const char *name, const char *text)
{
    AUTO(mem_freep) char *path = xasprintf("%s/mend/%s", f->exercises, name);
    struct err e;

    fixture_check(file_write_atomic(path, text, strlen(text), 0600, &e), &e);
}

/* Has the lab of 'token' checked; the attempt's path, to be freed. */
static char *check(struct fixture *f, const char *token, const char *lab, int score, int max)
{
    json_t *j;
    char *path = hand_in_as(f, token, lab, 202, &j);

    json_decref(j);
    j = attempt_wait(f, token, path);
    assert_int_equal(json_integer_value(json_object_get(j, "score")), score);
    assert_int_equal(json_integer_value(json_object_get(j, "max_score")), max);
    assert_int_equal(json_array_size(json_object_get(j, "former")), 0);
    assert_true(json_is_true(json_object_get(j, "evidence")));
    json_decref(j);
    return path;
}

static char *begin(struct fixture *f, const char *token, char lab[16])
{
    lab_begin_of(f, token, "mend", lab);
    lab_wait(f, token, lab, "running");
    return check(f, token, lab, 10, 30);
}

/* Judges again and waits; a new reference. */
static json_t *regrade(struct fixture *f)
{
    struct reply r;

    request(f, f->instructor, "POST", PATH, "", &r);
    if (r.status != 202)
        fail_msg("%d %s", r.status, r.body);
    assert_non_null(strstr(r.head, "Location: " PATH "\r\n"));
    reply_clear(&r);
    for (int i = 0; i < 2000; i++) {
        request(f, f->instructor, "GET", PATH, NULL, &r);
        assert_int_equal(r.status, 200);
        json_t *j = strcmp(text_at(r.json, "state"), "running") != 0 ? json_incref(r.json) : NULL;
        reply_clear(&r);
        if (j != NULL) {
            assert_string_equal(text_at(j, "state"), "done");
            return j;
        }
        usleep(10000);
    }
    fail_msg("it does not end");
    return NULL;
}

static void counts(const json_t *j, int done, int changed, int kept, int refused)
{
    assert_int_equal(json_integer_value(json_object_get(j, "done")), done);
    assert_int_equal(json_integer_value(json_object_get(j, "changed")), changed);
    assert_int_equal(json_integer_value(json_object_get(j, "kept")), kept);
    assert_int_equal(json_integer_value(json_object_get(j, "refused")), refused);
}

static json_t *get(struct fixture *f, const char *token, const char *path)
{
    struct reply r;

    request(f, token, "GET", path, NULL, &r);
    assert_int_equal(r.status, 200);
    json_t *j = json_incref(r.json);
    reply_clear(&r);
    return j;
}

static json_int_t at(const json_t *j, const char *a, const char *b)
{
    return json_integer_value(json_object_get(b != NULL ? json_object_get(j, a) : j, b != NULL ? b : a));
}

static void test_mended(void **state)
{
    struct fixture *f = *state;
    char sam[16], olga[16];
    AUTO(mem_freep) char *one = begin(f, f->student, sam), *two = begin(f, f->other, olga);
    AUTO(mem_freep) char *lab = xasprintf("/api/v1/labs/%s", sam);

    assert_int_equal(status_of(f, f->student, "POST", PATH, ""), 403);
    assert_int_equal(status_of(f, f->student, "GET", PATH, NULL), 403);
    assert_int_equal(status_of(f, f->instructor, "GET", PATH, NULL), 404);
    assert_int_equal(status_of(f, f->instructor, "POST", "/api/v1/exercises/nobody/regrade", ""), 404);
    assert_int_equal(status_of(f, f->instructor, "PUT", "/api/v1/exercises/mend/students/olga/score",
                               "{\"score\":7,\"reason\":\"by hand\"}"),
                     200);
    write_file(f, "exercise.xml", mended);
    json_t *j = regrade(f);
    counts(j, 2, 2, 0, 0);
    const json_t *first = json_array_get(json_object_get(j, "attempts"), 0);
    assert_string_equal(text_at(first, "login"), "sam");
    assert_int_equal(at(first, "before", "score"), 10);
    assert_int_equal(at(first, "after", "score"), 30);
    assert_int_equal(at(first, "after", "max_score"), 40);
    json_decref(j);

    j = get(f, f->student, one);
    assert_int_equal(at(j, "score", NULL), 30);
    assert_int_equal(at(j, "max_score", NULL), 40);
    const json_t *former = json_array_get(json_object_get(j, "former"), 0);
    assert_int_equal(at(former, "score", NULL), 10);
    assert_int_equal(at(former, "max_score", NULL), 30);
    assert_string_equal(text_at(former, "by"), "iris");
    assert_true(at(former, "until_ms", NULL) > 0);
    const json_t *c = json_array_get(json_object_get(json_object_get(j, "report"), "checks"), 0);
    assert_string_equal(text_at(c, "status"), "pass");
    json_decref(j);

    /* The lab shows it, and the student's history does; what was set by hand stays. */
    j = get(f, f->student, lab);
    assert_int_equal(at(j, "attempt", "score"), 30);
    json_decref(j);
    j = get(f, f->student, "/api/v1/exercises/mend/students/sam");
    assert_int_equal(at(j, "score", NULL), 30);
    assert_int_equal(at(j, "max_score", NULL), 40);
    c = json_array_get(json_object_get(j, "history"), 0);
    assert_int_equal(json_array_size(json_object_get(c, "former")), 1);
    json_decref(j);
    j = get(f, f->other, "/api/v1/exercises/mend/students/olga");
    assert_int_equal(at(j, "score", NULL), 7);
    assert_int_equal(at(j, "best_score", NULL), 30);
    json_decref(j);

    /* Once more there is nothing new; and who hands in once more is graded by the mended check. */
    j = regrade(f);
    counts(j, 2, 0, 0, 0);
    assert_int_equal(json_array_size(json_object_get(j, "attempts")), 0);
    json_decref(j);
    free(check(f, f->student, sam, 30, 40));
    /* And back: the former scores are all there. */
    write_file(f, "exercise.xml", wrong);
    j = regrade(f);
    counts(j, 3, 3, 0, 0);
    json_decref(j);
    j = get(f, f->other, two);
    assert_int_equal(at(j, "score", NULL), 10);
    assert_int_equal(json_array_size(json_object_get(j, "former")), 2);
    assert_int_equal(at(json_array_get(json_object_get(j, "former"), 1), "score", NULL), 30);
    json_decref(j);
}

/* Also of a lab that is gone, and of a labd that was started anew. */
static void test_gone(void **state)
{
    struct fixture *f = *state;
    char lab[16];
    AUTO(mem_freep) char *one = begin(f, f->student, lab), *path = xasprintf("/api/v1/labs/%s", lab);

    assert_int_equal(status_of(f, f->student, "DELETE", path, NULL), 202);
    lab_wait(f, f->student, lab, "");
    fixture_site_stop(f);
    write_file(f, "exercise.xml", mended);
    fixture_site_start(f);
    json_t *j = regrade(f);
    counts(j, 1, 1, 0, 0);
    json_decref(j);
    j = get(f, f->student, one);
    assert_int_equal(at(j, "score", NULL), 30);
    json_decref(j);
}

/* Other probes, and a check that is new: named, with why. */
static void test_kept(void **state)
{
    struct fixture *f = *state;
    char lab[16];
    AUTO(mem_freep) char *one = begin(f, f->student, lab);

    write_file(f, "exercise.xml",
               EXERCISE(CHECK("hops", "10", TO_H2 " hops='0'") CHECK("there", "40", TO_H1)
                            CHECK("new", "10", TO_H2)));
    json_t *j = regrade(f),
           *kept = json_object_get(json_array_get(json_object_get(j, "attempts"), 0), "kept");
    counts(j, 1, 1, 1, 0);
    assert_int_equal(json_array_size(kept), 2);
    assert_string_equal(text_at(json_array_get(kept, 0), "check"), "there");
    assert_non_null(strstr(text_at(json_array_get(kept, 0), "why"), "other probes"));
    assert_string_equal(text_at(json_array_get(kept, 1), "check"), "new");
    assert_non_null(strstr(text_at(json_array_get(kept, 1), "why"), "did not exist"));
    json_decref(j);
    j = get(f, f->student, one);
    assert_int_equal(at(j, "score", NULL), 50);
    assert_int_equal(at(j, "max_score", NULL), 50);
    json_decref(j);
}

/* What cannot be judged again is as it was, and says so: no evidence, damaged evidence, another network. */
static void test_refused(void **state)
{
    struct fixture *f = *state;
    char lab[16];
    AUTO(mem_freep) char *one = begin(f, f->student, lab);
    struct store_attempt a = {.exercise = "mend", .started = 1700000000000, .max_score = 30};
    static const char *const packed[] = {NULL, "this is not packed", "{\"exercise\":\"<exercise/>\"}"};
    static const char *const why[] = {"does not fit the network", "no evidence was kept", "damaged",
                                      "does not say"};
    struct store_user u;
    struct err e;

    struct store *st = store_open(f->db, &e);
    fixture_check(st == NULL ? -1 : 0, &e);
    fixture_check(store_user_find(st, STORE_INSTITUTION_DEFAULT, "sam", &u, &e), &e);
    a.user = u.id;
    memcpy(a.lab, lab, LAB_ID_LEN);
    for (size_t i = 0; i < ARRAY_LEN(packed); i++) {
        AUTO(buf_clear) struct buf b = BUF_INIT;

        fixture_check(store_attempt_add(st, STORE_INSTITUTION_DEFAULT, &a, &e), &e);
        a.state = ATTEMPT_DONE;
        a.score = 3;
        a.report = (char[]){"{}"};
        fixture_check(store_attempt_finish(st, STORE_INSTITUTION_DEFAULT, &a, &e), &e);
        if (i == 1)
            buf_puts(&b, packed[i]);
        else if (packed[i] != NULL)
            pack(packed[i], strlen(packed[i]), &b);
        if (b.len > 0)
            fixture_check(store_evidence_add(st, STORE_INSTITUTION_DEFAULT, a.id, b.data, b.len, &e), &e);
    }
    store_close(st);
    write_file(f, "topology.xml", TOPOLOGY("wan"));
    write_file(f, "exercise.xml",
               "<exercise id='mend' title='Mend'><summary>s</summary><topology file='topology.xml'/>"
               "<instructions file='instructions.md'/><grading>"
               "<reference name='refa' at='wan' address='10.9.0.250/24'/>" CHECK(
                   "hops", "10", TO_H2) "</grading></exercise>");
    json_t *j = regrade(f);
    counts(j, 4, 0, 0, 4);
    for (size_t i = 0; i < ARRAY_LEN(why); i++) {
        const json_t *row = json_array_get(json_object_get(j, "attempts"), i);

        if (strstr(text_at(row, "refused"), why[i]) == NULL)
            fail_msg("%s", text_at(row, "refused"));
        assert_true(json_equal(json_object_get(row, "before"), json_object_get(row, "after")));
    }
    json_decref(j);
    j = get(f, f->student, one);
    assert_int_equal(at(j, "score", NULL), 10);
    assert_int_equal(json_array_size(json_object_get(j, "former")), 0);
    json_decref(j);
}

/* An exercise with errors changes nothing, and is used as it was. */
static void test_broken(void **state)
{
    struct fixture *f = *state;
    char lab[16];
    AUTO(mem_freep) char *one = begin(f, f->student, lab);
    struct reply r;

    write_file(f, "exercise.xml", "<exercise id='mend'>");
    request(f, f->instructor, "POST", PATH, "", &r);
    assert_int_equal(r.status, 400);
    assert_true(text_at(r.json, "detail")[0] != '\0');
    reply_clear(&r);
    json_t *j = get(f, f->student, one);
    assert_int_equal(at(j, "score", NULL), 10);
    json_decref(j);
    free(check(f, f->student, lab, 10, 30));
}

/* What a check saw, and its packets; nothing of other checks, and nothing for students. */
static void test_evidence(void **state)
{
    struct fixture *f = *state;
    char lab[16];
    AUTO(mem_freep)
    char *one = begin(f, f->student, lab), *two = xasprintf("%s/checks/there/evidence", one),
         *none = xasprintf("%s/checks/nobody/evidence", one),
         *packets = xasprintf("%s/checks/there/packets", one),
         *quiet = xasprintf("%s/checks/gone/packets", one);
    struct reply r;

    assert_int_equal(status_of(f, f->student, "GET", two, NULL), 403);
    assert_int_equal(status_of(f, f->student, "GET", packets, NULL), 403);
    assert_int_equal(status_of(f, f->instructor, "GET", none, NULL), 404);
    assert_int_equal(status_of(f, f->instructor, "GET", quiet, NULL), 404);
    assert_int_equal(status_of(f, f->instructor, "GET", "/api/v1/attempts/999/checks/there/evidence", NULL),
                     404);
    assert_int_equal(status_of(f, f->instructor, "GET", "/api/v1/attempts/x/checks/there/packets", NULL),
                     404);
    json_t *j = get(f, f->instructor, two), *rounds = json_object_get(j, "rounds");
    assert_true(json_array_size(rounds) >= 2);
    for (size_t i = 0; i < json_array_size(rounds); i++) {
        const json_t *probes = json_object_get(json_array_get(rounds, i), "probes");

        assert_int_equal(json_array_size(probes), 1);
        assert_string_equal(text_at(json_array_get(probes, 0), "id"), "c1");
        AUTO(mem_freep) char *text = json_dumps(probes, 0);
        assert_non_null(strstr(text, "h2:eth0"));
        assert_null(strstr(text, "frame"));
    }
    json_decref(j);
    request(f, f->instructor, "GET", packets, NULL, &r);
    assert_int_equal(r.status, 200);
    assert_non_null(strstr(r.head, "Content-Type: application/x-pcapng\r\n"));
    assert_non_null(strstr(r.head, "-there.pcapng\""));
    assert_memory_equal(r.body, "\n\r\r\n", 4);
    assert_true(r.body_len > 100);
    size_t frames = 0;
    for (const char *p = r.body;
         (p = memmem(p, r.body_len - (size_t)(p - r.body), "\x01\x02\x03\x04", 4)) != NULL; p++)
        frames++;
    assert_int_equal(frames, 2); /* of one round: there and back */
    assert_non_null(memmem(r.body, r.body_len, "probe c1, sample 1: reply", 25));
    reply_clear(&r);
}

static int setup(void **state)
{
    int rc = fixture_setup(state);
    struct fixture *f = *state;
    AUTO(mem_freep) char *dir = NULL;

    if (rc != 0)
        return rc;
    fixture_site_stop(f);
    snprintf(f->exercises, sizeof f->exercises, "%s/exercises", f->dir);
    dir = xasprintf("%s/mend", f->exercises);
    if (mkdir(f->exercises, 0700) < 0 || mkdir(dir, 0700) < 0)
        return -1;
    write_file(f, "exercise.xml", wrong);
    write_file(f, "topology.xml", TOPOLOGY("lan"));
    write_file(f, "instructions.md", "Do it.\n");
    fixture_site_start(f);
    host_wait(f);
    return 0;
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(test_mended), T(test_gone), T(test_kept), T(test_refused), T(test_broken), T(test_evidence),
    };
    return cmocka_run_group_tests_name("site_regrade", tests, NULL, NULL);
}
