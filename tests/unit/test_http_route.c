/* The route table: paths, parameters, methods; and the handshake of a WebSocket. */
#include "labd/base/mem.h"
#include "labd/site/http/http.h"
#include "labd/site/http/http_ws.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void none(struct http_req *r, void *arg)
{
    (void)r, (void)arg;
}

static const struct http_route routes[] = {
    {"GET", "/labs", 1, 0, none},
    {"POST", "/labs", 1, 10, none},
    {"DELETE", "/labs/{id}", 1, 0, none},
    {"WS", "/labs/{id}/nodes/{node}/console", 1, 0, none},
    {NULL, NULL, 0, 0, NULL},
};

static const struct row {
    const char *name, *method, *path;
    int route;          /* index, or -1 */
    const char *first;  /* parameter, or NULL */
    const char *second; /* parameter, or NULL */
    const char *allow;
} rows[] = {
    {"plain", "GET", "/labs", 0, NULL, NULL, ""},
    {"HEAD is GET", "HEAD", "/labs", 0, NULL, NULL, ""},
    {"second method", "POST", "/labs", 1, NULL, NULL, ""},
    {"parameter", "DELETE", "/labs/abc", 2, "abc", NULL, ""},
    {"two parameters", "GET", "/labs/abc/nodes/h1/console", 3, "abc", "h1", ""},
    {"unknown path", "GET", "/nothing", -1, NULL, NULL, ""},
    {"wrong method", "PUT", "/labs", -1, NULL, NULL, "GET, POST"},
    {"wrong method, parameter", "GET", "/labs/abc", -1, NULL, NULL, "DELETE"},
    {"wrong method, WebSocket", "POST", "/labs/abc/nodes/h1/console", -1, NULL, NULL, "GET"},
    {"longer path", "GET", "/labs/abc/more", -1, NULL, NULL, ""},
    {"prefix of a word", "GET", "/lab", -1, NULL, NULL, ""},
    {"slash at the end", "GET", "/labs/", -1, NULL, NULL, ""},
    {"two slashes", "GET", "//labs", -1, NULL, NULL, ""},
    {"empty parameter", "DELETE", "/labs//", -1, NULL, NULL, ""},
    {"dots", "DELETE", "/labs/..", -1, NULL, NULL, ""},
    {"dot", "DELETE", "/labs/.", -1, NULL, NULL, ""},
    {"dots inside a name", "DELETE", "/labs/a..b", 2, "a..b", NULL, ""},
    {"encoded dots", "DELETE", "/labs/%2e%2e", -1, NULL, NULL, ""},
    {"encoded slash", "DELETE", "/labs/a%2fb", -1, NULL, NULL, ""},
    {"encoded NUL", "DELETE", "/labs/a%00", -1, NULL, NULL, ""},
    {"backslash", "DELETE", "/labs/a\\b", -1, NULL, NULL, ""},
    {"high byte", "DELETE", "/labs/\xff", -1, NULL, NULL, ""},
    {"space", "DELETE", "/labs/a b", -1, NULL, NULL, ""},
    {"braces themselves", "DELETE", "/labs/{id}", -1, NULL, NULL, ""},
    {"no slash at all", "GET", "labs", -1, NULL, NULL, ""},
    {"empty", "GET", "", -1, NULL, NULL, ""},
    {"asterisk", "OPTIONS", "*", -1, NULL, NULL, ""},
};

static void check_slice(struct http_slice s, const char *want)
{
    if (want == NULL)
        return;
    assert_int_equal(s.n, strlen(want));
    assert_memory_equal(s.at, want, s.n);
}

static void test_row(void **state)
{
    const struct row *row = *state;
    struct http_slice values[HTTP_PARAMS_MAX];
    char allow[64];

    const struct http_route *r = http_route_find(routes, row->method, row->path, values, allow, sizeof allow);
    assert_ptr_equal(r, row->route < 0 ? NULL : &routes[row->route]);
    if (r == NULL)
        assert_string_equal(allow, row->allow);
    check_slice(values[0], row->first);
    check_slice(values[1], row->second);
}

/* The example of RFC 6455, section 1.3. */
static void test_accept(void **state)
{
    char accept[HTTP_WS_ACCEPT_SIZE];

    (void)state;
    http_ws_accept("dGhlIHNhbXBsZSBub25jZQ==", accept);
    assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 1];
    size_t n = 0;

    for (; n < ARRAY_LEN(rows); n++) {
        union {
            const struct row *in;
            void *out;
        } row = {&rows[n]};
        tests[n] = (struct CMUnitTest){rows[n].name, test_row, NULL, NULL, row.out};
    }
    tests[n++] = (struct CMUnitTest){"websocket accept", test_accept, NULL, NULL, NULL};
    return _cmocka_run_group_tests("http_route", tests, n, NULL, NULL);
}
