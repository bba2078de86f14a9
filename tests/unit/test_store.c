/* The database: what is stored comes back, nothing crosses institutions, migrations. */
#include "labd/base/buf.h"
#include "labd/base/file.h"
#include "labd/base/mem.h"
#include "labd/site/store/store_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define A STORE_INSTITUTION_DEFAULT
#define NOW 1000000

struct both { /* the same things in two institutions */
    struct store *s;
    char dir[64], path[96];
    int64_t b;       /* the second institution */
    int64_t user[2]; /* of A, of B; both are called "sam" */
    int64_t session[2];
    int64_t attempt[2];
    const void *row; /* of the test, if it has one */
};

static const uint8_t hashes[2][STORE_TOKEN_HASH_LEN] = {"token of sam in institution A..",
                                                        "token of sam in institution B.."};
static const char *const lab_ids[2] = {"aaaaaa", "bbbbbb"};

static void ok(int rc, const struct err *e)
{
    if (rc < 0)
        fail_msg("%s", e->msg);
}

static void fill(struct both *t, int i)
{
    int64_t inst = i == 0 ? A : t->b, host, count, since;
    struct store_user u = {.login = "sam", .role = i == 0 ? ROLE_STUDENT : ROLE_ADMIN};
    struct store_lab l = {.exercise = "tiny",
                          .name = "tiny",
                          .title = "Tiny",
                          .topology = (char[]){"<t/>"},
                          .driver = "fake",
                          .created = NOW};
    struct store_attempt a = {.exercise = "tiny", .started = NOW, .max_score = 10};
    struct err e;

    snprintf(u.name, sizeof u.name, "Sam of %s", i == 0 ? "A" : "B");
    ok(store_user_put(t->s, inst, &u, NOW, &t->user[i], &e), &e);
    ok(store_session_add(t->s, inst, t->user[i], hashes[i], NOW, &t->session[i], &e), &e);
    ok(store_host_find(t->s, inst, "local", &host, &e), &e);
    memcpy(l.id, lab_ids[i], sizeof l.id);
    l.host = host;
    l.owner = t->user[i];
    memset(l.seed.key, 'A' + i, sizeof l.seed.key);
    ok(store_lab_add(t->s, inst, &l, &e), &e);
    memcpy(a.lab, lab_ids[i], sizeof a.lab);
    a.user = t->user[i];
    ok(store_attempt_add(t->s, inst, &a, &e), &e);
    t->attempt[i] = a.id;
    a.state = ATTEMPT_DONE;
    a.score = i == 0 ? 3 : 9;
    a.finished = NOW + 5;
    a.report = (char[]){"{}"};
    ok(store_attempt_finish(t->s, inst, &a, &e), &e);
    ok(store_signin_fail(t->s, inst, SIGNIN_ACCOUNT, "sam", NOW, 1000, &count, &since, &e), &e);
}

static int setup(void **state)
{
    struct both *t = xcalloc(1, sizeof *t);
    struct err e;

    t->row = *state;

    snprintf(t->dir, sizeof t->dir, "/tmp/store-test-XXXXXX");
    assert_non_null(mkdtemp(t->dir));
    snprintf(t->path, sizeof t->path, "%s/labd.db", t->dir);
    t->s = store_open(t->path, &e);
    ok(t->s == NULL ? -1 : 0, &e);
    ok(store_institution_add(t->s, "partner", "A partner", &t->b, &e), &e);
    fill(t, 0);
    fill(t, 1);
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    struct both *t = *state;
    struct err e;

    store_close(t->s);
    int rc = file_remove_tree(t->dir, &e);
    free(t);
    return rc;
}

/* ---- nothing crosses institutions ---- */

/* Every statement names the institution for every table that it reads or changes, so a new one that
 * forgets it fails here before anybody writes a test for it. */
static void test_statements_are_scoped(void **state)
{
    static const char *const tables[] = {"hosts",    "users",    "sessions",  "signin_failures",
                                         "labs",     "attempts", "overrides", "deadlines",
                                         "evidence", "regrades", "answers"};

    (void)state;
    for (int i = SQL_FIRST_SCOPED; i < SQL_COUNT; i++) {
        const char *sql = store_sql[i];
        size_t uses = 0, scopes = 0;
        for (size_t k = 0; k < ARRAY_LEN(tables); k++) {
            static const char *const verbs[] = {"FROM ", "JOIN ", "UPDATE ", "INTO "};
            for (size_t v = 0; v < ARRAY_LEN(verbs); v++) {
                AUTO(mem_freep) char *use = xasprintf("%s%s", verbs[v], tables[k]);
                for (const char *p = sql; (p = strstr(p, use)) != NULL; p++)
                    uses++;
            }
        }
        for (const char *p = sql; (p = strstr(p, "institution")) != NULL; p++)
            if (strncmp(p, "institution = ?1", 16) == 0 ||
                strncmp(p, "institution = s.institution", 27) == 0 ||
                strncmp(p, "institution = l.institution", 27) == 0 ||
                strncmp(p, "institution = o.institution", 27) == 0 || strncmp(p, "institution, ", 13) == 0)
                scopes++;
        if (strstr(sql, "FROM institutions WHERE id = ?1") != NULL)
            uses = scopes = 1;
        if (uses == 0 || scopes < uses)
            fail_msg("statement %d uses %zu tables and scopes %zu: %s", i, uses, scopes, sql);
    }
}

static void count_lab(const struct store_lab *l, void *arg)
{
    (void)l;
    ++*(int *)arg;
}

static void count_attempt(const struct store_attempt *a, void *arg)
{
    (void)a;
    ++*(int *)arg;
}

static void check_overview(const struct store_overview *o, void *arg)
{
    assert_string_equal(o->name, "Sam of B");
    assert_string_equal(o->lab, lab_ids[1]);
    assert_int_equal(o->score.best, 9);
    ++*(int *)arg;
}

static void test_reading_stays_inside(void **state)
{
    struct both *t = *state;
    struct store_user u;
    struct store_session ss;
    struct store_attempt a;
    struct store_score sc;
    struct err e;
    int n = 0;

    ok(store_user_find(t->s, t->b, "sam", &u, &e), &e);
    assert_int_equal(u.id, t->user[1]);
    assert_int_equal(store_session_find(t->s, t->b, hashes[0], 0, 0, &ss, &e), -1);
    assert_int_equal(e.code, ERR_NOT_FOUND);
    ok(store_session_find(t->s, t->b, hashes[1], 0, 0, &ss, &e), &e);
    ok(store_lab_each(t->s, t->b, count_lab, &n, &e), &e);
    assert_int_equal(n, 1);
    assert_int_equal(store_attempt_find(t->s, t->b, t->attempt[0], &a, &e), -1);
    assert_int_equal(e.code, ERR_NOT_FOUND);
    assert_int_equal(store_attempt_latest(t->s, t->b, lab_ids[0], &a, &e), -1);
    n = 0;
    ok(store_attempt_each(t->s, t->b, lab_ids[0], count_attempt, &n, &e), &e);
    assert_int_equal(n, 0);
    ok(store_score_find(t->s, t->b, t->user[0], "tiny", &sc, &e), &e);
    assert_int_equal(sc.attempts, 0);
    assert_false(sc.scored);
    n = 0;
    ok(store_overview_each(t->s, t->b, check_overview, &n, &e), &e);
    assert_int_equal(n, 1);
}

static void test_changing_stays_inside(void **state)
{
    struct both *t = *state;
    struct store_attempt a = {.id = t->attempt[0], .state = ATTEMPT_ERROR, .error = "no"};
    struct store_session ss;
    int64_t count, since, n;
    struct err e;
    int labs = 0;

    ok(store_session_del(t->s, t->b, t->session[0], &e), &e);
    ok(store_session_touch(t->s, t->b, t->session[0], 1, &e), &e);
    ok(store_session_expire(t->s, t->b, 9LL * NOW, 9LL * NOW, &e), &e);
    ok(store_session_find(t->s, A, hashes[0], 0, NOW, &ss, &e), &e);
    ok(store_lab_set_state(t->s, t->b, lab_ids[0], LAB_FAILED, "no", 0, &e), &e);
    ok(store_lab_end(t->s, t->b, lab_ids[0], &e), &e);
    ok(store_lab_each(t->s, A, count_lab, &labs, &e), &e);
    assert_int_equal(labs, 1);
    ok(store_attempt_finish(t->s, t->b, &a, &e), &e);
    ok(store_attempt_running(t->s, t->b, t->attempt[0], &e), &e);
    ok(store_attempt_interrupt(t->s, t->b, NOW, &e), &e);
    ok(store_attempt_count(t->s, A, ATTEMPT_DONE, &n, &e), &e);
    assert_int_equal(n, 1);
    ok(store_signin_forget(t->s, t->b, SIGNIN_ACCOUNT, "sam", &e), &e);
    ok(store_signin_forgive(t->s, t->b, SIGNIN_ACCOUNT, "sam", &e), &e);
    ok(store_signin_fail(t->s, A, SIGNIN_ACCOUNT, "sam", NOW + 1, 1000, &count, &since, &e), &e);
    assert_int_equal(count, 2);
}

/* Also where a caller mixes ids up: the foreign keys carry the institution. */
static void test_references_stay_inside(void **state)
{
    struct both *t = *state;
    struct store_lab l = {.id = "cccccc",
                          .host = STORE_HOST_LOCAL,
                          .owner = t->user[0],
                          .name = "x",
                          .title = "x",
                          .topology = (char[]){""},
                          .driver = "fake"};
    struct store_attempt a = {.lab = "aaaaaa", .user = t->user[1]};
    struct err e;
    int64_t id;

    assert_int_equal(store_lab_add(t->s, t->b, &l, &e), -1);
    assert_int_equal(e.code, ERR_CONFLICT);
    assert_int_equal(store_attempt_add(t->s, t->b, &a, &e), -1);
    assert_int_equal(e.code, ERR_CONFLICT);
    assert_int_equal(store_session_add(t->s, t->b, t->user[0], hashes[0], NOW, &id, &e), -1);
    assert_int_equal(e.code, ERR_CONFLICT);
}

/* ---- what is stored comes back ---- */

static void test_user_replaced_loses_sessions(void **state)
{
    struct both *t = *state;
    struct store_user u = {.login = "sam", .name = "New", .role = ROLE_INSTRUCTOR, .pwhash = "h"}, got;
    struct store_session ss;
    struct err e;
    int64_t id;

    ok(store_user_put(t->s, A, &u, NOW, &id, &e), &e);
    assert_int_equal(id, t->user[0]);
    ok(store_user_find(t->s, A, "sam", &got, &e), &e);
    assert_string_equal(got.name, "New");
    assert_string_equal(got.pwhash, "h");
    assert_int_equal(got.role, ROLE_INSTRUCTOR);
    assert_int_equal(store_session_find(t->s, A, hashes[0], 0, 0, &ss, &e), -1);
}

static void test_session_expires(void **state)
{
    struct both *t = *state;
    struct store_session ss;
    struct err e;

    ok(store_session_find(t->s, A, hashes[0], NOW, NOW, &ss, &e), &e);
    assert_int_equal(ss.user.id, t->user[0]);
    assert_int_equal(ss.user.role, ROLE_STUDENT);
    assert_int_equal(store_session_find(t->s, A, hashes[0], NOW + 1, 0, &ss, &e), -1);
    assert_int_equal(store_session_find(t->s, A, hashes[0], 0, NOW + 1, &ss, &e), -1);
    ok(store_session_touch(t->s, A, t->session[0], NOW + 5, &e), &e);
    ok(store_session_find(t->s, A, hashes[0], 0, NOW + 1, &ss, &e), &e);
}

static void test_signin_window(void **state)
{
    struct both *t = *state;
    int64_t count, since;
    struct err e;

    ok(store_signin_fail(t->s, A, SIGNIN_ADDRESS, "192.0.2.1", NOW, 100, &count, &since, &e), &e);
    assert_int_equal(count, 1);
    ok(store_signin_fail(t->s, A, SIGNIN_ADDRESS, "192.0.2.1", NOW + 99, 100, &count, &since, &e), &e);
    assert_int_equal(count, 2);
    assert_int_equal(since, NOW);
    ok(store_signin_forgive(t->s, A, SIGNIN_ADDRESS, "192.0.2.1", &e), &e);
    ok(store_signin_fail(t->s, A, SIGNIN_ADDRESS, "192.0.2.1", NOW + 99, 100, &count, &since, &e), &e);
    assert_int_equal(count, 2);
    ok(store_signin_fail(t->s, A, SIGNIN_ADDRESS, "192.0.2.1", NOW + 100, 100, &count, &since, &e), &e);
    assert_int_equal(count, 1); /* a new window */
}

static void keep_lab(const struct store_lab *l, void *arg)
{
    struct store_lab *out = arg;

    *out = *l;
    out->topology = l->topology != NULL ? xstrdup(l->topology) : NULL;
    out->exercise_xml = NULL;
}

static void test_lab_life(void **state)
{
    struct both *t = *state;
    struct store_lab l = {.id = "dddddd",
                          .host = STORE_HOST_LOCAL,
                          .owner = t->user[0],
                          .exercise = "tiny",
                          .name = "x",
                          .title = "x",
                          .topology = (char[]){"<t/>"},
                          .driver = "fake"};
    struct store_lab got = {.topology = NULL};
    struct err e;

    assert_int_equal(store_lab_add(t->s, A, &l, &e), -1); /* a second one of the exercise */
    assert_int_equal(e.code, ERR_CONFLICT);
    ok(store_lab_set_state(t->s, A, lab_ids[0], LAB_FAILED, "broken", 77, &e), &e);
    ok(store_lab_each(t->s, A, keep_lab, &got, &e), &e);
    assert_int_equal(got.state, LAB_FAILED);
    assert_string_equal(got.error, "broken");
    assert_string_equal(got.topology, "<t/>");
    assert_string_equal(got.owner_login, "sam");
    assert_int_equal(got.ready, 77);
    assert_int_equal(got.seed.key[0], 'A');
    assert_int_equal(got.seed.key[TOPO_SEED_SIZE - 1], 'A');
    store_lab_clear(&got);
    ok(store_lab_end(t->s, A, lab_ids[0], &e), &e);
    ok(store_lab_add(t->s, A, &l, &e), &e);
    memcpy(l.id, lab_ids[0], sizeof l.id);
    assert_int_equal(store_lab_add(t->s, A, &l, &e), -1); /* an id is never used again */
}

static void test_raw_labs_are_not_limited(void **state)
{
    struct both *t = *state;
    struct store_lab l = {.id = "eeeeee",
                          .host = STORE_HOST_LOCAL,
                          .owner = t->user[0],
                          .name = "x",
                          .title = "x",
                          .topology = (char[]){"<t/>"},
                          .driver = "fake"};
    struct err e;

    ok(store_lab_add(t->s, A, &l, &e), &e);
    l.id[0] = 'f';
    ok(store_lab_add(t->s, A, &l, &e), &e);
}

static void test_attempts_and_scores(void **state)
{
    struct both *t = *state;
    struct store_attempt a = {
        .lab = "aaaaaa", .user = t->user[0], .exercise = "tiny", .started = NOW + 9, .max_score = 10};
    struct store_attempt got;
    struct store_score sc;
    struct err e;

    ok(store_attempt_add(t->s, A, &a, &e), &e);
    assert_int_equal(a.number, 2);
    ok(store_attempt_running(t->s, A, a.id, &e), &e);
    ok(store_attempt_interrupt(t->s, A, NOW + 10, &e), &e);
    ok(store_attempt_latest(t->s, A, "aaaaaa", &got, &e), &e);
    assert_int_equal(got.id, a.id);
    assert_int_equal(got.state, ATTEMPT_ERROR);
    assert_non_null(strstr(got.error, "interrupted"));
    store_attempt_clear(&got);
    ok(store_score_find(t->s, A, t->user[0], "tiny", &sc, &e), &e);
    assert_int_equal(sc.attempts, 1); /* the interrupted one costs nothing */
    assert_int_equal(sc.best, 3);
    ok(store_attempt_add(t->s, A, &a, &e), &e);
    assert_int_equal(a.number, 2); /* and its number is used again */
    a.state = ATTEMPT_DONE;
    a.score = 2;
    ok(store_attempt_finish(t->s, A, &a, &e), &e);
    ok(store_score_find(t->s, A, t->user[0], "tiny", &sc, &e), &e);
    assert_int_equal(sc.attempts, 2);
    assert_int_equal(sc.best, 3);
    assert_int_equal(sc.last, 2);
    assert_int_equal(sc.began, NOW + 9);
    /* One that its student broke off has no points, but is spent. */
    ok(store_attempt_add(t->s, A, &a, &e), &e);
    assert_int_equal(a.number, 3);
    a.state = ATTEMPT_ERROR;
    a.finished = NOW + 70;
    a.spent = true;
    ok(store_attempt_finish(t->s, A, &a, &e), &e);
    ok(store_score_find(t->s, A, t->user[0], "tiny", &sc, &e), &e);
    assert_int_equal(sc.attempts, 3);
    assert_int_equal(sc.last, 2);
    assert_int_equal(sc.ended, NOW + 70);
    ok(store_attempt_find(t->s, A, a.id, &got, &e), &e);
    assert_true(got.spent);
    store_attempt_clear(&got);
}

static void sum_failures(const char *check, int64_t n, void *arg)
{
    int64_t *sums = arg;

    sums[strcmp(check, "c1") == 0] += n;
}

/* Hints are given for failures, in whatever lab they happened. */
static void test_failures(void **state)
{
    static const char *const reports[] = {
        "{\"checks\":[{\"id\":\"c1\",\"status\":\"fail\"},{\"id\":\"c2\",\"status\":\"pass\"}]}",
        "{\"checks\":[{\"id\":\"c1\",\"status\":\"fail\"},{\"id\":\"c2\",\"status\":\"blocked\"}]}",
        "{\"checks\":[{\"id\":\"c1\",\"status\":\"pass\"},{\"id\":\"c2\",\"status\":\"fail\"}]}"};
    struct both *t = *state;
    struct store_attempt a = {.lab = "aaaaaa", .user = t->user[0], .exercise = "tiny", .max_score = 10};
    int64_t sums[2] = {0};
    struct err e;

    for (size_t i = 0; i < ARRAY_LEN(reports); i++) {
        a.state = ATTEMPT_QUEUED;
        ok(store_attempt_add(t->s, A, &a, &e), &e);
        a.state = ATTEMPT_DONE;
        a.report = xstrdup(reports[i]);
        ok(store_attempt_finish(t->s, A, &a, &e), &e);
        store_attempt_clear(&a);
    }
    ok(store_failures_each(t->s, A, t->user[0], "tiny", "aaaaaa", INT64_MAX, sum_failures, sums, &e), &e);
    assert_int_equal(sums[1], 2);
    assert_int_equal(sums[0], 1);
    ok(store_failures_each(t->s, A, t->user[0], "", "aaaaaa", INT64_MAX, sum_failures, sums, &e), &e);
    ok(store_failures_each(t->s, t->b, t->user[0], "tiny", "aaaaaa", INT64_MAX, sum_failures, sums, &e), &e);
    assert_int_equal(sums[0] + sums[1], 3); /* a raw lab and another institution have none */
}

static void keep_override(const struct store_override *o, void *arg)
{
    struct store_override **next = arg;

    *(*next)++ = *o;
}

/* The newest counts, those before it stay to be read, and no row is ever changed. */
static void test_overrides(void **state)
{
    struct both *t = *state;
    struct store_override o = {
        .set = true, .score = 8, .reason = "cable fault", .author = t->user[0], .made = NOW};
    struct store_override got[3], *next = got;
    struct store_score sc;
    struct err e;

    ok(store_override_add(t->s, A, t->user[0], "tiny", &o, &e), &e);
    ok(store_score_find(t->s, A, t->user[0], "tiny", &sc, &e), &e);
    assert_true(sc.overridden);
    assert_int_equal(sc.override, 8);
    assert_int_equal(sc.best, 3);
    o.set = false;
    snprintf(o.reason, sizeof o.reason, "it was not");
    ok(store_override_add(t->s, A, t->user[0], "tiny", &o, &e), &e);
    ok(store_score_find(t->s, A, t->user[0], "tiny", &sc, &e), &e);
    assert_false(sc.overridden);
    ok(store_override_each(t->s, A, t->user[0], "tiny", 3, keep_override, &next, &e), &e);
    assert_int_equal(next - got, 2);
    assert_false(got[0].set);
    assert_int_equal(got[1].score, 8);
    assert_string_equal(got[1].reason, "cable fault");
    assert_string_equal(got[1].author_login, "sam");
    assert_int_equal(got[1].made, NOW);

    next = got;
    ok(store_override_each(t->s, t->b, t->user[0], "tiny", 3, keep_override, &next, &e), &e);
    assert_int_equal(next - got, 0);
    o.author = t->user[1]; /* of another institution */
    assert_int_equal(store_override_add(t->s, A, t->user[0], "tiny", &o, &e), -1);
    assert_int_equal(sqlite3_exec(t->s->db, "UPDATE overrides SET score = 10", NULL, NULL, NULL),
                     SQLITE_CONSTRAINT);
    assert_int_equal(sqlite3_exec(t->s->db, "DELETE FROM overrides", NULL, NULL, NULL), SQLITE_CONSTRAINT);
}

/* What an attempt was before it was judged again stays to be read, and no other institution can do it. */
static void test_regrades(void **state)
{
    struct both *t = *state;
    AUTO(buf_clear) struct buf out = BUF_INIT;
    struct store_attempt a = {.id = 0}, fresh = {.id = t->attempt[0], .score = 8, .max_score = 12};
    char login[STORE_LOGIN_SIZE];
    struct topo_seed seed;
    struct err e;
    int64_t n;

    ok(store_evidence_add(t->s, A, t->attempt[0], "p\0cked", 6, &e), &e);
    assert_int_equal(store_evidence_add(t->s, A, t->attempt[0], "again", 5, &e), -1);
    assert_int_equal(store_evidence_add(t->s, A, t->attempt[1], "other", 5, &e), -1);
    assert_int_equal(e.code, ERR_CONFLICT);
    ok(store_evidence_find(t->s, A, t->attempt[0], &out, &e), &e);
    assert_int_equal(out.len, 6);
    assert_memory_equal(out.data, "p\0cked", 6);
    assert_int_equal(store_evidence_find(t->s, t->b, t->attempt[0], &out, &e), -1);
    assert_int_equal(e.code, ERR_NOT_FOUND);

    ok(store_regrade_count(t->s, A, "tiny", &n, &e), &e);
    assert_int_equal(n, 1);
    ok(store_regrade_next(t->s, A, "tiny", 0, &a, login, &seed, &e), &e);
    assert_int_equal(a.id, t->attempt[0]);
    assert_string_equal(login, "sam");
    assert_string_equal(a.former, "[]");
    assert_int_equal(seed.key[0], 'A');
    store_attempt_clear(&a);
    assert_int_equal(store_regrade_next(t->s, A, "tiny", t->attempt[0], &a, login, &seed, &e), -1);
    assert_int_equal(e.code, ERR_NOT_FOUND);
    assert_int_equal(store_regrade_next(t->s, A, "other", 0, &a, login, &seed, &e), -1);

    fresh.report = (char[]){"{\"new\":1}"};
    assert_int_equal(store_regrade_add(t->s, t->b, &fresh, t->user[1], NOW + 9, &e), -1);
    assert_int_equal(e.code, ERR_NOT_FOUND);
    assert_int_equal(store_regrade_add(t->s, A, &fresh, t->user[1], NOW + 9, &e), -1);
    assert_int_equal(e.code, ERR_CONFLICT); /* an author of another institution */
    ok(store_regrade_add(t->s, A, &fresh, t->user[0], NOW + 9, &e), &e);
    ok(store_attempt_find(t->s, A, t->attempt[0], &a, &e), &e);
    assert_int_equal(a.score, 8);
    assert_int_equal(a.max_score, 12);
    assert_string_equal(a.report, "{\"new\":1}");
    assert_string_equal(a.former, "[{\"score\":3,\"max_score\":10,\"by\":\"sam\",\"by_name\":\"Sam of A\","
                                  "\"until_ms\":1000009}]");
    store_attempt_clear(&a);
    assert_int_equal(sqlite3_exec(t->s->db, "UPDATE regrades SET score = 9", NULL, NULL, NULL),
                     SQLITE_CONSTRAINT);
    assert_int_equal(sqlite3_exec(t->s->db, "DELETE FROM regrades", NULL, NULL, NULL), SQLITE_CONSTRAINT);
}

/* Each day begun costs so many percent of what was reached; the best is chosen after that. */
static const struct late {
    const char *name;
    int64_t late_ms;         /* after the deadline */
    int64_t percent, counts; /* of 90 points */
} lates[] = {
    {"not yet late", 0, 10, 90},
    {"a millisecond late", 1, 10, 81},
    {"a day late", 86400000, 10, 81},
    {"in the second day", 86400001, 10, 72},
    {"points are whole", 1, 33, 60},
    {"hard", 1, 100, 0},
    {"later than there are percents", 20 * 86400000LL, 10, 0},
    {"free of charge", 1, 0, 90},
};

static void test_late(void **state)
{
    struct both *t = *state;
    const struct late *l = t->row;
    struct store_deadline d = {NOW + 5000, l->percent}, got;
    struct store_attempt a = {.lab = "aaaaaa",
                              .user = t->user[0],
                              .exercise = "tiny",
                              .started = d.due + l->late_ms,
                              .max_score = 100};
    struct store_score sc;
    struct err e;

    ok(store_deadline_put(t->s, A, "tiny", &(struct store_deadline){1, 1}, &e), &e);
    ok(store_deadline_put(t->s, A, "tiny", &d, &e), &e); /* it may be moved */
    ok(store_deadline_find(t->s, A, "tiny", &got, &e), &e);
    assert_int_equal(got.due, d.due);
    assert_int_equal(store_deadline_find(t->s, t->b, "tiny", &got, &e), -1);
    ok(store_attempt_add(t->s, A, &a, &e), &e);
    a.state = ATTEMPT_DONE;
    a.score = 90;
    ok(store_attempt_finish(t->s, A, &a, &e), &e);
    ok(store_attempt_find(t->s, A, a.id, &a, &e), &e);
    assert_int_equal(a.score, 90);
    assert_int_equal(a.counts, l->counts);
    store_attempt_clear(&a);
    ok(store_score_find(t->s, A, t->user[0], "tiny", &sc, &e), &e);
    assert_int_equal(sc.best, 90);
    assert_int_equal(sc.best_counts, l->counts > 3 ? l->counts : 3); /* the earlier one was in time */
    assert_int_equal(sc.last_counts, l->counts);
    ok(store_deadline_del(t->s, t->b, "tiny", &e), &e);
    ok(store_deadline_find(t->s, A, "tiny", &got, &e), &e);
    ok(store_deadline_del(t->s, A, "tiny", &e), &e);
    ok(store_score_find(t->s, A, t->user[0], "tiny", &sc, &e), &e);
    assert_int_equal(sc.last_counts, 90);
}

/* ---- the file ---- */

static void test_reopened(void **state)
{
    struct both *t = *state;
    struct store_user u;
    struct err e;

    store_close(t->s);
    t->s = store_open(t->path, &e);
    ok(t->s == NULL ? -1 : 0, &e);
    ok(store_user_find(t->s, A, "sam", &u, &e), &e);
    assert_true(store_writable(t->s, &e));
}

static void test_internet(void **state)
{
    struct both *t = *state;
    bool may = true;
    struct err e;

    ok(store_institution_internet(t->s, t->b, &may, &e), &e);
    assert_false(may); /* unless somebody says so */
    ok(store_institution_set_internet(t->s, "partner", true, &e), &e);
    ok(store_institution_internet(t->s, t->b, &may, &e), &e);
    assert_true(may);
    ok(store_institution_internet(t->s, A, &may, &e), &e);
    assert_false(may); /* the other one's business */
    ok(store_institution_set_internet(t->s, "partner", false, &e), &e);
    ok(store_institution_internet(t->s, t->b, &may, &e), &e);
    assert_false(may);
    assert_int_equal(store_institution_set_internet(t->s, "nobody", true, &e), -1);
    assert_int_equal(e.code, ERR_NOT_FOUND);
    ok(store_institution_set_internet(t->s, "default", true, &e), &e); /* a refusal leaves nothing open */
}

/* What was there first stays, also for another program that comes at the same time. */
static void test_secret(void **state)
{
    struct both *t = *state;
    uint8_t fresh[STORE_SECRET_LEN] = "first", other[STORE_SECRET_LEN] = "second", out[STORE_SECRET_LEN];
    struct err e;

    ok(store_secret(t->s, "a", fresh, out, &e), &e);
    assert_memory_equal(out, fresh, sizeof out);
    store_close(t->s);
    t->s = store_open(t->path, &e);
    ok(t->s == NULL ? -1 : 0, &e);
    ok(store_secret(t->s, "a", other, out, &e), &e);
    assert_memory_equal(out, fresh, sizeof out);
    ok(store_secret(t->s, "b", other, out, &e), &e);
    assert_memory_equal(out, other, sizeof out);
}

static void test_newer_schema(void **state)
{
    struct both *t = *state;
    struct err e;

    assert_int_equal(sqlite3_exec(t->s->db, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
    assert_null(store_open(t->path, &e));
    assert_int_equal(e.code, ERR_UNSUPPORTED);
}

/* A database of the first schema, as version 0.1.0 left it: a lab with an attempt. */
static void make_old(const char *path, const char *more)
{
    AUTO(mem_freep)
    char *rows = xasprintf(
        "INSERT INTO users(id, institution, login, name, role, created) VALUES(7, 1, 'sam', 'Sam', 'student', 1);"
        "INSERT INTO labs(id, institution, host, owner, exercise, name, title, topology, driver, state, created)"
        " VALUES('aaaaaa', 1, 1, 7, 'tiny', 'tiny', 'Tiny', '<t/>', 'fake', 'running', 5);"
        "INSERT INTO attempts(institution, lab, user, exercise, number, state, started, max_score)"
        " VALUES(1, 'aaaaaa', 7, 'tiny', 1, 'done', 5, 10);%s PRAGMA user_version = 1;",
        more);
    sqlite3 *db;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, store_migrations[0], NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, rows, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void test_old_schema(void **state)
{
    struct both *t = *state;
    AUTO(mem_freep) char *path = xasprintf("%s/old.db", t->dir);
    struct store_lab got = {.topology = NULL};
    struct store_attempt a = {.lab = "zzzzzz", .user = 7, .exercise = "tiny"}, latest;
    struct err e;

    make_old(path, "");
    AUTO(store_closep) struct store *s = store_open(path, &e);
    ok(s == NULL ? -1 : 0, &e);
    ok(store_lab_set_state(s, A, "aaaaaa", LAB_SUSPENDED, "", 6, &e), &e);
    ok(store_lab_each(s, A, keep_lab, &got, &e), &e);
    assert_int_equal(got.state, LAB_SUSPENDED);
    assert_string_equal(got.owner_login, "sam");
    assert_string_equal(got.exercise, "tiny");
    assert_string_equal(got.topology, "<t/>");
    assert_int_equal(got.created, 5);
    assert_int_equal(got.seed.key[0], 0); /* it has no parameters */
    ok(store_attempt_latest(s, A, "aaaaaa", &latest, &e), &e);
    assert_int_equal(latest.max_score, 10);
    store_attempt_clear(&latest);
    /* What the schema forbids is still forbidden. */
    assert_int_equal(store_attempt_add(s, A, &a, &e), -1);
    assert_int_equal(e.code, ERR_CONFLICT);
    memcpy(got.id, "bbbbbb", sizeof got.id);
    assert_int_equal(store_lab_add(s, A, &got, &e), -1); /* a second one of the exercise */
    assert_int_equal(e.code, ERR_CONFLICT);
    store_lab_clear(&got);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "UPDATE labs SET state = 'asleep'", NULL, NULL, NULL),
                     SQLITE_CONSTRAINT);
    sqlite3_close(db);
}

/* Foreign keys are off while tables are rewritten, so what refers to nothing would go unseen. */
static void test_old_schema_with_a_cut_reference(void **state)
{
    struct both *t = *state;
    AUTO(mem_freep) char *path = xasprintf("%s/cut.db", t->dir);
    struct err e;
    sqlite3 *db;

    make_old(path, "PRAGMA foreign_keys = OFF; UPDATE attempts SET lab = 'zzzzzz';");
    assert_null(store_open(path, &e));
    assert_non_null(strstr(e.msg, "a row of attempts refers to nothing"));
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK); /* and it is as it was */
    assert_int_equal(sqlite3_exec(db, "SELECT 1 FROM labs_2", NULL, NULL, NULL), SQLITE_ERROR);
    sqlite3_close(db);
}

static void test_not_a_database(void **state)
{
    struct both *t = *state;
    AUTO(mem_freep) char *path = xasprintf("%s/other", t->dir);
    struct err e;

    ok(file_write_atomic(path, "this is no database, but long enough to be read as one.....................",
                         70, 0600, &e),
       &e);
    assert_null(store_open(path, &e));
    assert_non_null(strstr(e.msg, path));
}

static void test_strict_and_defensive(void **state)
{
    struct both *t = *state;

    assert_int_not_equal(sqlite3_exec(t->s->db, "UPDATE labs SET created = 'soon'", NULL, NULL, NULL),
                         SQLITE_OK);
    assert_int_not_equal(sqlite3_exec(t->s->db, "UPDATE users SET role = 'god'", NULL, NULL, NULL),
                         SQLITE_OK);
    assert_int_not_equal(sqlite3_exec(t->s->db, "DELETE FROM sqlite_schema", NULL, NULL, NULL), SQLITE_OK);
}

static void test_two_programs(void **state)
{
    struct both *t = *state;
    struct store_user u = {.login = "late", .name = "Late", .role = ROLE_STUDENT}, got;
    struct err e;
    int64_t id;

    AUTO(store_closep) struct store *second = store_open(t->path, &e);
    ok(second == NULL ? -1 : 0, &e);
    ok(store_user_put(second, A, &u, NOW, &id, &e), &e); /* labd --add-user beside a running labd */
    ok(store_user_find(t->s, A, "late", &got, &e), &e);
}

int main(void)
{
#define FIXED 19 /* tests without a row */
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    struct CMUnitTest tests[FIXED + ARRAY_LEN(lates)] = {
        cmocka_unit_test(test_statements_are_scoped),
        T(test_reading_stays_inside),
        T(test_changing_stays_inside),
        T(test_references_stay_inside),
        T(test_user_replaced_loses_sessions),
        T(test_session_expires),
        T(test_signin_window),
        T(test_lab_life),
        T(test_raw_labs_are_not_limited),
        T(test_attempts_and_scores),
        T(test_failures),
        T(test_overrides),
        T(test_regrades),
        T(test_reopened),
        T(test_internet),
        T(test_secret),
        T(test_newer_schema),
        T(test_old_schema),
        T(test_old_schema_with_a_cut_reference),
        T(test_not_a_database),
        T(test_strict_and_defensive),
        T(test_two_programs),
    };
    size_t n = FIXED;

    for (size_t i = 0; i < ARRAY_LEN(lates); i++)
        tests[n++] =
            (struct CMUnitTest){lates[i].name, test_late, setup, teardown, (void *)(uintptr_t)&lates[i]};
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
