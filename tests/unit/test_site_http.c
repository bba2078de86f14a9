/* The web server itself: files, headers, and requests that nobody should send. */
#include "tests/site/fixture.h"

static struct fixture *fx; /* one labd for all */

static void alive(void)
{
    assert_int_equal(status_of(fx, fx->student, "GET", "/api/v1/session", NULL), 200);
}

/* ---- files ---- */

static const struct file_row {
    const char *name, *method, *path;
    int want;
    const char *type; /* or NULL */
} file_rows[] = {
    {"front page", "GET", "/", 200, "text/html; charset=utf-8"},
    {"page of a lab", "GET", "/labs/abc123", 200, "text/html; charset=utf-8"},
    {"page of an exercise", "GET", "/exercises/tiny", 200, "text/html; charset=utf-8"},
    {"sign-in page", "GET", "/signin", 200, "text/html; charset=utf-8"},
    {"overview page", "GET", "/overview", 200, "text/html; charset=utf-8"},
    {"script", "GET", "/assets/app.js", 200, "text/javascript; charset=utf-8"},
    {"HEAD of a script", "HEAD", "/assets/app.js", 200, "text/javascript; charset=utf-8"},
    {"index.html by its name has no nonce", "GET", "/index.html", 404, NULL},
    {"no page below sign-in", "GET", "/signin/x", 404, NULL},
    {"no such file", "GET", "/assets/none.js", 404, NULL},
    {"folder", "GET", "/assets", 404, NULL},
    {"folder with slash", "GET", "/assets/", 404, NULL},
    {"dots", "GET", "/assets/../../fixture.h", 404, NULL},
    {"encoded dots", "GET", "/assets/%2e%2e/index.html", 404, NULL},
    {"encoded slash", "GET", "/assets%2fapp.js", 404, NULL},
    {"encoded letter", "GET", "/assets/%61pp.js", 404, NULL},
    {"two slashes", "GET", "//assets//app.js", 404, NULL},
    {"absolute path", "GET", "//etc/passwd", 404, NULL},
    {"encoded NUL", "GET", "/assets/app.js%00.html", 404, NULL},
    {"backslash", "GET", "/assets\\app.js", 404, NULL},
    {"POST to a file", "POST", "/assets/app.js", 405, NULL},
    {"POST to a page", "POST", "/", 405, NULL},
    {"unknown API", "GET", "/api/v1/nothing", 404, "application/problem+json"},
    {"API without version", "GET", "/api", 404, "application/problem+json"},
    {"invented method", "BREW", "/api/v1/labs", 405, "application/problem+json"},
    {"TRACE", "TRACE", "/", 405, "application/problem+json"},
    {"OPTIONS", "OPTIONS", "/api/v1/labs", 405, "application/problem+json"},
};

static const char *const every_answer[] = {
    "X-Content-Type-Options: nosniff\r\n",
    "X-Frame-Options: DENY\r\n",
    "Referrer-Policy: no-referrer\r\n",
    "Cross-Origin-Opener-Policy: same-origin\r\n",
    "Cross-Origin-Resource-Policy: same-origin\r\n",
    "Content-Security-Policy: default-src 'none'; ",
    "frame-ancestors 'none'\r\n",
    "Cache-Control: ",
};

static void test_file(void **state)
{
    const struct file_row *row = *state;
    struct reply r;

    request(fx, NULL, row->method, row->path, NULL, &r);
    assert_int_equal(r.status, row->want);
    for (size_t i = 0; i < ARRAY_LEN(every_answer); i++)
        if (strstr(r.head, every_answer[i]) == NULL)
            fail_msg("no %s in %s", every_answer[i], r.head);
    if (row->type != NULL) {
        AUTO(mem_freep) char *type = xasprintf("Content-Type: %s\r\n", row->type);
        assert_non_null(strstr(r.head, type));
    }
    assert_null(strstr(r.head, "unsafe"));
    reply_clear(&r);
}

static char *nonce_of_page(void)
{
    struct reply r;

    request(fx, NULL, "GET", "/", NULL, &r);
    char *at = strstr(r.body, "nonce=\"");
    assert_non_null(at);
    char *nonce = xstrndup(at + 7, strcspn(at + 7, "\""));
    assert_null(strstr(r.body, "__CSP_NONCE__"));
    AUTO(mem_freep) char *csp = xasprintf("script-src 'self' 'nonce-%s'", nonce);
    assert_non_null(strstr(r.head, csp));
    assert_non_null(strstr(r.head, "Cache-Control: no-store\r\n"));
    reply_clear(&r);
    return nonce;
}

static void test_nonce_is_fresh(void **state)
{
    AUTO(mem_freep) char *one = nonce_of_page();
    AUTO(mem_freep) char *two = nonce_of_page();

    (void)state;
    assert_int_equal(strlen(one), 32);
    assert_string_not_equal(one, two);
}

static void test_assets_are_cached(void **state)
{
    struct reply r;

    (void)state;
    request(fx, NULL, "GET", "/assets/app.js", NULL, &r);
    assert_non_null(strstr(r.head, "Cache-Control: public, max-age=31536000, immutable\r\n"));
    assert_string_equal(r.body, "console.log(\"test\");\n");
    reply_clear(&r);
}

static void test_405_names_the_methods(void **state)
{
    struct reply r;

    (void)state;
    request(fx, NULL, "PUT", "/api/v1/session", NULL, &r);
    assert_int_equal(r.status, 405);
    assert_non_null(strstr(r.head, "Allow: POST, GET, DELETE\r\n"));
    reply_clear(&r);
}

/* ---- bytes that are no request ---- */

static const struct raw_row {
    const char *name, *bytes;
    int want; /* status; 0: closed without one */
} raw_rows[] = {
    {"garbage", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 0},
    {"no version", "GET /\r\n\r\n", 0},
    {"version 9", "GET / HTTP/9.9\r\nHost: x\r\n\r\n", 505},
    {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
    {"negative length",
     "POST /api/v1/session HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: -5\r\n\r\n", 400},
    {"length of words",
     "POST /api/v1/session HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ten\r\n\r\n", 400},
    {"length beyond 64 bits",
     "POST /api/v1/session HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 99999999999999999999999\r\n\r\n",
     413},
    {"header without colon", "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nnonsense\r\n\r\n",
     400},
};

static void test_raw(void **state)
{
    const struct raw_row *row = *state;
    struct reply r;
    int fd = client_tcp(fx);

    client_send(fd, row->bytes, strlen(row->bytes));
    shutdown(fd, SHUT_WR);
    client_raw(fd, "", 0, &r);
    if (row->want == 0)
        assert_in_range(r.status == 0 ? 400 : r.status, 400, 505); /* closed, or refused */
    else
        assert_int_equal(r.status, row->want);
    reply_clear(&r);
    alive();
}

/* ---- too much of something ---- */

static char *repeated(const char *head, const char *what, size_t times, const char *tail)
{
    struct buf b = BUF_INIT;

    buf_puts(&b, head);
    for (size_t i = 0; i < times; i++)
        buf_puts(&b, what);
    buf_puts(&b, tail);
    return buf_take(&b);
}

static const struct big_row {
    const char *name, *head, *what;
    size_t times;
    const char *tail;
    int min, max; /* status */
} big_rows[] = {
    {"header of 64 KiB", "GET / HTTP/1.1\r\nHost: x\r\nX: ", "aaaaaaaa", 8192, "\r\n\r\n", 431, 431},
    {"10000 headers", "GET / HTTP/1.1\r\nHost: x\r\n", "a: b\r\n", 10000, "\r\n", 431, 431},
    {"path of 64 KiB", "GET /", "aaaaaaaa", 8192, " HTTP/1.1\r\nHost: x\r\n\r\n", 400, 431},
    {"query of 64 KiB", "GET /?", "a=b&", 16384, " HTTP/1.1\r\nHost: x\r\n\r\n", 400, 431},
    {"path of 1000 segments", "GET ", "/a", 1000, " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404,
     404},
    {"1000 cookies", "GET /api/v1/session HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: ", "a=b; ",
     1000, "c=d\r\n\r\n", 0, 431}, /* no room to parse them: closed */
    {"body of 5000 bytes where 4096 are allowed",
     "POST /api/v1/session HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5000\r\n\r\n",
     "aaaaaaaaaa", 500, "", 413, 413},
    {"chunks without end",
     "POST /api/v1/session HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n",
     "a\r\naaaaaaaaaa\r\n", 1000, "0\r\n\r\n", 413, 413},
    {"body where none is wanted",
     "GET /api/v1/session HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\n", "a", 5, "",
     401, 401},
};

static void test_big(void **state)
{
    const struct big_row *row = *state;
    AUTO(mem_freep) char *text = repeated(row->head, row->what, row->times, row->tail);
    struct reply r;

    client_raw(client_tcp(fx), text, strlen(text), &r);
    assert_in_range(r.status, row->min, row->max);
    reply_clear(&r);
    alive();
}

static const struct json_row {
    const char *name, *head, *what;
    size_t times;
    const char *tail;
} json_rows[] = {
    {"1000 arrays deep", "{\"exercise\":", "[", 1000, ""},
    {"100000 arrays deep and closed", "{\"exercise\":", "[", 100000, "]"},
    {"1000 objects deep", "", "{\"a\":", 1000, "1"},
    {"half an object", "{\"exercise\":\"ti", "", 0, ""},
    {"after the end", "{\"exercise\":\"tiny\"}", "{", 1, ""},
    {"bad UTF-8", "{\"exercise\":\"", "\xc3\x28", 1, "\"}"},
    {"lone surrogate", "{\"exercise\":\"", "\\ud800", 1, "\"}"},
    {"huge number", "{\"exercise\":1", "0", 4000, "}"},
};

static void test_json(void **state)
{
    const struct json_row *row = *state;
    AUTO(mem_freep) char *body = repeated(row->head, row->what, row->times, row->tail);
    struct reply r;

    request(fx, fx->student, "POST", "/api/v1/labs", body, &r);
    assert_int_equal(r.status, 400);
    assert_string_equal(text_at(r.json, "type"), "urn:paralab:invalid");
    reply_clear(&r);
    alive();
}

/* Announces 100 MB: refused at once, without reading them. */
static void test_huge_body_is_not_read(void **state)
{
    AUTO(mem_freep)
    char *head = xasprintf(
        "POST /api/v1/labs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 100000000\r\n\r\n",
        fx->student);
    struct reply r;

    (void)state;
    client_raw(client_tcp(fx), head, strlen(head), &r);
    assert_int_equal(r.status, 413);
    reply_clear(&r);
}

/* libmicrohttpd takes a NUL for the end of the path; what matters is that everybody does. */
static void test_nul_ends_the_path(void **state)
{
    static const char text[] =
        "GET /api/v1/session\0/../assets/app.js HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    struct reply r;

    (void)state;
    client_raw(client_tcp(fx), text, sizeof text - 1, &r);
    assert_int_equal(r.status, 401);
    reply_clear(&r);
}

/* ---- connections ---- */

static void test_pipelined_requests(void **state)
{
    static const char two[] =
        "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /api/v1/session HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    struct reply r;

    (void)state;
    client_raw(client_tcp(fx), two, strlen(two), &r);
    assert_int_equal(r.status, 200);
    assert_non_null(strstr(r.body, "HTTP/1.1 401 "));
    reply_clear(&r);
}

static void test_request_byte_by_byte(void **state)
{
    static const char text[] = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    struct reply r;
    int fd = client_tcp(fx);

    (void)state;
    for (size_t i = 0; i < sizeof text - 1; i++) {
        client_send(fd, &text[i], 1);
        usleep(1000);
    }
    client_raw(fd, "", 0, &r);
    assert_int_equal(r.status, 200);
    reply_clear(&r);
}

static void test_many_idle_connections(void **state)
{
    int fds[300];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        fds[i] = client_tcp(fx);
        client_send(fds[i], "GET / HT", 8);
    }
    alive();
    for (size_t i = 0; i < ARRAY_LEN(fds); i++)
        close(fds[i]);
    alive();
}

static void test_client_leaves_while_labd_waits(void **state)
{
    static const char body[] = "{\"login\":\"sam\",\"password\":\"correct horse\"}";
    AUTO(mem_freep)
    char *text = xasprintf("POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s",
                           sizeof body - 1, body);

    (void)state;
    for (int i = 0; i < 20; i++) {
        int fd = client_tcp(fx);
        client_send(fd, text, strlen(text));
        close(fd); /* the hash is still being computed */
    }
    alive();
}

static int group_setup(void **state)
{
    int rc = fixture_setup(state);

    fx = *state;
    *state = NULL; /* else it would take the place of every test's row */
    if (rc == 0)
        host_wait(fx);
    return rc;
}

static int group_teardown(void **state)
{
    void *f = fx;

    (void)state;
    return fixture_teardown(&f);
}

#define ROWS(array, fn) \
    for (size_t i = 0; i < ARRAY_LEN(array); i++) { \
        union { \
            const void *in; \
            void *out; \
        } row = {&(array)[i]}; \
        all[n++] = (struct CMUnitTest){(array)[i].name, fn, NULL, NULL, row.out}; \
    }

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nonce_is_fresh),
        cmocka_unit_test(test_assets_are_cached),
        cmocka_unit_test(test_405_names_the_methods),
        cmocka_unit_test(test_huge_body_is_not_read),
        cmocka_unit_test(test_nul_ends_the_path),
        cmocka_unit_test(test_pipelined_requests),
        cmocka_unit_test(test_request_byte_by_byte),
        cmocka_unit_test(test_many_idle_connections),
        cmocka_unit_test(test_client_leaves_while_labd_waits),
    };
    struct CMUnitTest all[ARRAY_LEN(file_rows) + ARRAY_LEN(raw_rows) + ARRAY_LEN(big_rows) +
                          ARRAY_LEN(json_rows) + ARRAY_LEN(tests)];
    size_t n = 0;

    ROWS(file_rows, test_file)
    ROWS(raw_rows, test_raw)
    ROWS(big_rows, test_big)
    ROWS(json_rows, test_json)
    memcpy(&all[n], tests, sizeof tests);
    n += ARRAY_LEN(tests);
    return _cmocka_run_group_tests("site_http", all, n, group_setup, group_teardown);
}
