/* The route table against openapi.json, and every route without a session. */
#include "labd/site/site_int.h"
#include "tests/site/fixture.h"

static struct fixture *fx;
static json_t *doc;

static const char *const role_of_level[] = {"public", "student", "instructor", "admin"};

/* "/api/v1/labs/{id}" with a value in each brace. */
static char *sample_path(const char *pattern)
{
    struct buf b = BUF_INIT;

    for (const char *p = pattern; *p != '\0'; p++) {
        if (*p != '{') {
            buf_putc(&b, *p);
            continue;
        }
        buf_puts(&b, "abc123");
        p = strchr(p, '}');
    }
    return buf_take(&b);
}

static json_t *operation(const struct http_route *r)
{
    char method[8] = "get";

    if (strcmp(r->method, "WS") != 0)
        for (size_t i = 0; i <= strlen(r->method); i++)
            method[i] = (char)(r->method[i] | (r->method[i] != '\0' ? 0x20 : 0));
    return json_object_get(json_object_get(json_object_get(doc, "paths"), r->path), method);
}

static void test_described(void **state)
{
    const struct http_route *r = *state;
    json_t *op = operation(r), *param;
    size_t i, in_path = 0, braces = 0;

    if (op == NULL)
        fail_msg("openapi.json does not describe %s %s", r->method, r->path);
    assert_string_equal(text_at(op, "x-role"), role_of_level[r->level]);
    assert_int_equal(json_is_true(json_object_get(op, "x-websocket")), strcmp(r->method, "WS") == 0);
    assert_true(strlen(text_at(op, "summary")) > 5);
    /* A body is described where one is needed; a few take one and ignore it. */
    if (r->body_max == 0)
        assert_null(json_object_get(op, "requestBody"));
    json_array_foreach(json_object_get(op, "parameters"), i, param) {
        if (strcmp(text_at(param, "in"), "path") != 0)
            continue;
        AUTO(mem_freep) char *brace = xasprintf("{%s}", text_at(param, "name"));
        assert_non_null(strstr(r->path, brace));
        in_path++;
    }
    for (const char *p = r->path; (p = strchr(p, '{')) != NULL; p++)
        braces++;
    assert_int_equal(in_path, braces);
    json_t *responses = json_object_get(op, "responses");
    assert_int_equal(json_object_get(responses, "401") != NULL,
                     r->level > 0 || strcmp(r->path, "/api/v1/session") == 0);
}

/* Nobody: 401 on everything that is not public. */
static void test_without_session(void **state)
{
    const struct http_route *r = *state;
    AUTO(mem_freep) char *path = sample_path(r->path);
    int status = status_of(fx, NULL, strcmp(r->method, "WS") == 0 ? "GET" : r->method, path, NULL);

    if (r->level == HTTP_LEVEL_PUBLIC)
        assert_int_not_equal(status, 404);
    else
        assert_int_equal(status, 401);
}

/* A student: 403 on what instructors do. */
static void test_as_student(void **state)
{
    const struct http_route *r = *state;
    AUTO(mem_freep) char *path = sample_path(r->path);
    int status = status_of(fx, fx->student, strcmp(r->method, "WS") == 0 ? "GET" : r->method, path, NULL);

    if (strcmp(r->method, "DELETE") == 0 && strcmp(r->path, "/api/v1/session") == 0)
        sign_in(fx, "sam", fx->student, NULL); /* that was the sign-out */
    if (r->level > ROLE_STUDENT)
        assert_int_equal(status, 403);
    else
        assert_int_not_equal(status, 401);
}

static void test_nothing_more_is_described(void **state)
{
    json_t *ops, *op;
    const char *path, *method;
    size_t described = 0, routes = 0;

    (void)state;
    json_object_foreach(json_object_get(doc, "paths"), path, ops) {
        json_object_foreach(ops, method, op) {
            described++;
        }
    }
    while (site_routes[routes].method != NULL)
        routes++;
    assert_int_equal(described, routes);
}

static void check_refs(json_t *j)
{
    const char *key, *ref = json_string_value(json_object_get(j, "$ref"));
    json_t *v;
    size_t i;

    if (ref != NULL) {
        assert_int_equal(strncmp(ref, "#/components/schemas/", 21), 0);
        if (json_object_get(json_object_get(json_object_get(doc, "components"), "schemas"), ref + 21) == NULL)
            fail_msg("%s names nothing", ref);
    }
    json_object_foreach(j, key, v) {
        check_refs(v);
    }
    json_array_foreach(j, i, v) {
        check_refs(v);
    }
}

static void test_references(void **state)
{
    (void)state;
    check_refs(doc);
}

static int setup(void **state)
{
    json_error_t e;
    int rc = fixture_setup(state);

    fx = *state;
    *state = NULL; /* else it would take the place of every test's row */
    doc = json_load_file("labd/site/openapi.json", JSON_REJECT_DUPLICATES, &e);
    if (doc == NULL)
        fprintf(stderr, "openapi.json:%d: %s\n", e.line, e.text);
    return doc == NULL ? -1 : rc;
}

static int teardown(void **state)
{
    void *f = fx;

    (void)state;
    json_decref(doc);
    return fixture_teardown(&f);
}

#define PER_ROUTE 3
#define ROUTES_MAX 64

int main(void)
{
    static const struct {
        const char *what;
        CMUnitTestFunction fn;
    } kinds[PER_ROUTE] = {{"described", test_described},
                          {"without session", test_without_session},
                          {"as student", test_as_student}};
    static struct CMUnitTest tests[(size_t)PER_ROUTE * ROUTES_MAX + 2];
    size_t n = 0;

    for (const struct http_route *r = site_routes; r->method != NULL && n < (size_t)PER_ROUTE * ROUTES_MAX;
         r++) {
        union {
            const struct http_route *in;
            void *out;
        } row = {r};
        for (size_t k = 0; k < PER_ROUTE; k++)
            tests[n++] = (struct CMUnitTest){xasprintf("%s %s %s", kinds[k].what, r->method, r->path),
                                             kinds[k].fn, NULL, NULL, row.out};
    }
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_nothing_more_is_described);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_references);
    int rc = _cmocka_run_group_tests("site_routes", tests, n, setup, teardown);
    for (size_t i = 0; i + 2 < n; i++) {
        union {
            const char *in;
            void *out;
        } name = {tests[i].name};
        free(name.out);
    }
    return rc;
}
