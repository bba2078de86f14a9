/* Signing in and out, cookies, CSRF, the rate limit, the local administrator. */
#include "tests/site/fixture.h"

#define SIGN_IN(login, password) "{\"login\":\"" login "\",\"password\":\"" password "\"}"

#define A64 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static char *cookie_of(const struct fixture *f)
{
    return xasprintf("Cookie: session=%s\r\n", f->student);
}

static void test_sign_in(void **state)
{
    struct fixture *f = *state;
    struct reply r;

    request(f, NULL, "POST", "/api/v1/session", SIGN_IN("sam", "correct horse"), &r);
    assert_int_equal(r.status, 200);
    json_t *user = json_object_get(r.json, "user");
    assert_string_equal(text_at(user, "login"), "sam");
    assert_string_equal(text_at(user, "name"), "The sam");
    assert_string_equal(text_at(user, "role"), "student");
    assert_string_equal(text_at(user, "institution"), "default");
    assert_int_equal(strlen(text_at(r.json, "token")), 43);
    assert_int_equal(strlen(text_at(r.json, "csrf")), 64);
    assert_non_null(strstr(r.head, "; Path=/; Max-Age=604800; HttpOnly; SameSite=Strict\r\n"));
    AUTO(mem_freep) char *cookie = xasprintf("Set-Cookie: session=%s;", text_at(r.json, "token"));
    assert_non_null(strstr(r.head, cookie));
    reply_clear(&r);
}

static void test_token_is_not_in_the_database(void **state)
{
    struct fixture *f = *state;
    static const char *const files[] = {"", "-wal"};

    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        AUTO(mem_freep) char *path = xasprintf("%s%s", f->db, files[i]);
        AUTO(buf_clear) struct buf b = BUF_INIT;
        struct err e;
        fixture_check(file_read(path, 64u << 20, &b, &e), &e);
        assert_true(b.len > 0);
        assert_null(memmem(b.data, b.len, f->student, strlen(f->student)));
        assert_null(memmem(b.data, b.len, "correct horse", 13));
    }
}

static void test_session_get(void **state)
{
    struct fixture *f = *state;
    AUTO(mem_freep) char *cookie = cookie_of(f);
    struct reply r;

    request_on(client_tcp(f), "GET", "/api/v1/session", cookie, NULL, &r);
    assert_int_equal(r.status, 200);
    assert_string_equal(text_at(r.json, "csrf"), f->student_csrf);
    assert_true(json_is_null(json_object_get(r.json, "token")));
    reply_clear(&r);
}

static void test_sign_out(void **state)
{
    struct fixture *f = *state;
    AUTO(mem_freep)
    char *headers = xasprintf("Cookie: session=%s\r\nX-CSRF-Token: %s\r\n", f->student, f->student_csrf);
    struct reply r;

    request_on(client_tcp(f), "DELETE", "/api/v1/session", headers, NULL, &r);
    assert_int_equal(r.status, 204);
    assert_non_null(strstr(r.head, "Set-Cookie: session=; Path=/; Max-Age=0;"));
    reply_clear(&r);
    assert_int_equal(status_of(f, f->student, "GET", "/api/v1/session", NULL), 401);
    assert_int_equal(status_of(f, f->other, "GET", "/api/v1/session", NULL), 200);
}

static void test_session_survives_restart(void **state)
{
    struct fixture *f = *state;

    fixture_kill(&f->site, SIGKILL);
    fixture_site_start(f);
    assert_int_equal(status_of(f, f->student, "GET", "/api/v1/session", NULL), 200);
}

static void test_secure_cookies(void **state)
{
    struct fixture *f = *state;
    struct reply r;

    fixture_site_stop(f);
    f->secure_cookies = true;
    fixture_site_start(f);
    request(f, NULL, "POST", "/api/v1/session", SIGN_IN("sam", "correct horse"), &r);
    assert_non_null(strstr(r.head, "SameSite=Strict; Secure\r\n"));
    reply_clear(&r);
}

/* ---- what a cookie may change ---- */

static const struct csrf_row {
    const char *name, *headers; /* %s: the CSRF token */
    int want;
} csrf_rows[] = {
    {"right token", "X-CSRF-Token: %s\r\n", 404},
    {"no token", "", 403},
    {"wrong token", "X-CSRF-Token: 0%s\r\n", 403},
    {"empty token", "X-CSRF-Token: \r\n", 403},
    {"own origin", "X-CSRF-Token: %s\r\nOrigin: http://lab.test\r\n", 404},
    {"foreign origin", "X-CSRF-Token: %s\r\nOrigin: http://evil.test\r\n", 403},
    {"origin of another port", "X-CSRF-Token: %s\r\nOrigin: http://lab.test:81\r\n", 403},
    {"origin that begins alike", "X-CSRF-Token: %s\r\nOrigin: http://lab.test.evil.test\r\n", 403},
    {"null origin", "X-CSRF-Token: %s\r\nOrigin: null\r\n", 403},
    {"cross-site by fetch metadata", "X-CSRF-Token: %s\r\nSec-Fetch-Site: cross-site\r\n", 403},
    {"same-site is not same-origin", "X-CSRF-Token: %s\r\nSec-Fetch-Site: same-site\r\n", 403},
};

static struct fixture *fx; /* of the group of rows */

static void test_csrf(void **state)
{
    const struct csrf_row *row = *state;
    AUTO(mem_freep) char *cookie = cookie_of(fx);
    AUTO(buf_clear) struct buf headers = BUF_INIT;
    const char *mark = strstr(row->headers, "%s");
    struct reply r;

    buf_puts(&headers, cookie);
    if (mark != NULL) {
        buf_add(&headers, row->headers, (size_t)(mark - row->headers));
        buf_puts(&headers, fx->student_csrf);
        buf_puts(&headers, mark + 2);
    } else {
        buf_puts(&headers, row->headers);
    }
    request_on(client_tcp(fx), "DELETE", "/api/v1/labs/abc123", buf_str(&headers), NULL, &r);
    assert_int_equal(r.status, row->want);
    assert_non_null(strstr(r.head, "Content-Type: application/problem+json"));
    reply_clear(&r);
}

static void test_bearer_needs_no_csrf(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(status_of(f, f->student, "DELETE", "/api/v1/labs/abc123", NULL), 404);
}

static void test_sign_in_from_another_site(void **state)
{
    struct fixture *f = *state;
    struct reply r;

    request_on(client_tcp(f), "POST", "/api/v1/session", "Origin: http://evil.test\r\n",
               SIGN_IN("sam", "correct horse"), &r);
    assert_int_equal(r.status, 403);
    reply_clear(&r);
}

/* ---- wrong credentials ---- */

static const struct bad_row {
    const char *name, *body;
    int want;
} bad_rows[] = {
    {"wrong password", SIGN_IN("olga", "wrong horse"), 401},
    {"unknown account", SIGN_IN("nobody", "correct horse"), 401},
    {"account without a password", SIGN_IN("root", "correct horse"), 401},
    {"empty password", SIGN_IN("olga", ""), 401},
    {"SQL in the login", SIGN_IN("olga' OR 1=1 --", "correct horse"), 401},
    {"password of 512 bytes", "{\"login\":\"olga\",\"password\":\"" A64 A64 A64 A64 A64 A64 A64 A64 "\"}",
     400},
    {"no password", "{\"login\":\"olga\"}", 400},
    {"number for a password", "{\"login\":\"olga\",\"password\":1}", 400},
    {"NUL in the login", "{\"login\":\"ol\\u0000ga\",\"password\":\"x\"}", 400},
    {"an array", "[]", 400},
    {"not JSON", "login=olga", 400},
    {"nothing", NULL, 400},
};

static void test_bad(void **state)
{
    const struct bad_row *row = *state;
    struct reply r;

    request(fx, NULL, "POST", "/api/v1/session", row->body, &r);
    assert_int_equal(r.status, row->want);
    assert_null(strstr(r.head, "Set-Cookie"));
    reply_clear(&r);
}

static void test_rate_limit_of_account(void **state)
{
    struct fixture *f = *state;
    struct reply r;

    for (int i = 0; i < 10; i++)
        assert_int_equal(status_of(f, NULL, "POST", "/api/v1/session", SIGN_IN("sam", "guess")), 401);
    request(f, NULL, "POST", "/api/v1/session", SIGN_IN("sam", "correct horse"), &r);
    assert_int_equal(r.status, 429);
    const char *retry = strstr(r.head, "Retry-After: ");
    assert_non_null(retry);
    assert_in_range(strtol(retry + 13, NULL, 10), 600, 901);
    reply_clear(&r);
    /* Others sign in, and an account that does not exist is limited like one that does. */
    assert_int_equal(status_of(f, NULL, "POST", "/api/v1/session", SIGN_IN("olga", "correct horse")), 200);
    for (int i = 0; i < 10; i++)
        assert_int_equal(status_of(f, NULL, "POST", "/api/v1/session", SIGN_IN("ghost", "guess")), 401);
    assert_int_equal(status_of(f, NULL, "POST", "/api/v1/session", SIGN_IN("ghost", "guess")), 429);
}

static void test_success_forgives(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 9; k++)
            assert_int_equal(status_of(f, NULL, "POST", "/api/v1/session", SIGN_IN("sam", "guess")), 401);
        assert_int_equal(status_of(f, NULL, "POST", "/api/v1/session", SIGN_IN("sam", "correct horse")), 200);
    }
}

static void test_parallel_sign_ins(void **state)
{
    struct fixture *f = *state;
    static const char body[] = SIGN_IN("sam", "correct horse");
    AUTO(mem_freep)
    char *text = xasprintf(
        "POST /api/v1/session HTTP/1.1\r\nHost: lab.test\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
        sizeof body - 1, body);
    int fds[8], done = 0;

    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        fds[i] = client_tcp(f);
        client_send(fds[i], text, strlen(text));
    }
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        struct reply r;
        client_talk(fds[i], "", 0, 60000, &r);
        done += r.status == 200;
        reply_clear(&r);
    }
    assert_int_equal(done, (int)ARRAY_LEN(fds));
}

/* ---- the local socket ---- */

static void test_local_administrator(void **state)
{
    struct fixture *f = *state;
    struct reply r;

    request_on(client_unix(f), "GET", "/api/v1/session", NULL, NULL, &r);
    assert_int_equal(r.status, 200);
    assert_string_equal(text_at(json_object_get(r.json, "user"), "login"), "root");
    assert_string_equal(text_at(json_object_get(r.json, "user"), "role"), "admin");
    reply_clear(&r);
    request_on(client_unix(f), "DELETE", "/api/v1/labs/abc123", NULL, NULL, &r);
    assert_int_equal(r.status, 404);
    reply_clear(&r);
}

/* Who shows a token is who the token says, also on the local socket. */
static void test_local_with_token(void **state)
{
    struct fixture *f = *state;
    AUTO(mem_freep) char *auth = xasprintf("Authorization: Bearer %s\r\n", f->student);
    struct reply r;

    request_on(client_unix(f), "GET", "/api/v1/overview", auth, NULL, &r);
    assert_int_equal(r.status, 403);
    reply_clear(&r);
    request_on(client_unix(f), "GET", "/api/v1/overview", "Authorization: Bearer wrong\r\n", NULL, &r);
    assert_int_equal(r.status, 401);
    reply_clear(&r);
}

static int group_setup(void **state)
{
    int rc = fixture_setup(state);

    fx = *state;
    *state = NULL; /* else it would take the place of every test's row */
    return rc;
}

static int group_teardown(void **state)
{
    void *f = fx;

    (void)state;
    return fixture_teardown(&f);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(test_sign_in),
        T(test_token_is_not_in_the_database),
        T(test_session_get),
        T(test_sign_out),
        T(test_session_survives_restart),
        T(test_secure_cookies),
        T(test_bearer_needs_no_csrf),
        T(test_sign_in_from_another_site),
        T(test_rate_limit_of_account),
        T(test_success_forgives),
        T(test_parallel_sign_ins),
        T(test_local_administrator),
        T(test_local_with_token),
    };
    struct CMUnitTest all[ARRAY_LEN(csrf_rows) + ARRAY_LEN(bad_rows) + ARRAY_LEN(tests)];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(csrf_rows); i++) {
        union {
            const void *in;
            void *out;
        } row = {&csrf_rows[i]};
        all[n++] = (struct CMUnitTest){csrf_rows[i].name, test_csrf, NULL, NULL, row.out};
    }
    for (size_t i = 0; i < ARRAY_LEN(bad_rows); i++) {
        union {
            const void *in;
            void *out;
        } row = {&bad_rows[i]};
        all[n++] = (struct CMUnitTest){bad_rows[i].name, test_bad, NULL, NULL, row.out};
    }
    memcpy(&all[n], tests, sizeof tests);
    n += ARRAY_LEN(tests);
    return _cmocka_run_group_tests("site_session", all, n, group_setup, group_teardown);
}
