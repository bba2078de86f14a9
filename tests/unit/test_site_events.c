/* The event stream of a lab, attempts through a real worker process, and the two together. */
#include "tests/site/fixture.h"

struct sse {
    int fd;
    struct buf in;
};

static struct sse sse_open(struct fixture *f, const char *token, const char *id)
{
    AUTO(mem_freep)
    char *text =
        xasprintf("GET /api/v1/labs/%s/events HTTP/1.1\r\nHost: lab.test\r\nAuthorization: Bearer %s\r\n\r\n",
                  id, token);
    struct sse s = {.fd = client_tcp(f)};
    char *end = NULL;

    client_send(s.fd, text, strlen(text));
    while (end == NULL && client_recv(s.fd, &s.in, 5000))
        end = strstr(s.in.data, "\r\n\r\n");
    assert_non_null(end);
    assert_non_null(strstr(s.in.data, "HTTP/1.1 200 "));
    assert_non_null(strstr(s.in.data, "Content-Type: text/event-stream\r\n"));
    buf_consume(&s.in, (size_t)(end + 4 - s.in.data));
    return s;
}

static void sse_close(struct sse *s)
{
    close(s->fd);
    buf_clear(&s->in);
}

/* The next event: its name, and its data as JSON.  False when the stream has ended.  Chunked coding is
 * undone first. */
static bool sse_next(struct sse *s, struct buf *text, char name[16], json_t **data, int ms)
{
    for (;;) {
        char *blank = text->data == NULL ? NULL : strstr(text->data, "\n\n");
        if (blank != NULL) {
            size_t n = (size_t)(blank - text->data);
            AUTO(mem_freep) char *event = xstrndup(text->data, n);
            buf_consume(text, n + 2);
            if (event[0] == ':')
                continue; /* a ping */
            char *d = strstr(event, "\ndata: ");
            assert_int_equal(strncmp(event, "event: ", 7), 0);
            assert_non_null(d);
            *d = '\0';
            snprintf(name, 16, "%s", event + 7);
            *data = json_loads(d + 7, 0, NULL);
            assert_non_null(*data);
            return true;
        }
        char *line = s->in.data == NULL ? NULL : strstr(s->in.data, "\r\n");
        size_t size = line == NULL ? 0 : strtoul(s->in.data, NULL, 16),
               head = line == NULL ? 0 : (size_t)(line + 2 - s->in.data);
        if (line != NULL && size == 0)
            return false;
        if (line != NULL && s->in.len >= head + size + 2) {
            buf_add(text, s->in.data + head, size);
            buf_consume(&s->in, head + size + 2);
            continue;
        }
        if (!client_recv(s->fd, &s->in, ms))
            return false;
    }
}

static void test_life_of_a_lab(void **state)
{
    struct fixture *f = *state;
    AUTO(buf_clear) struct buf text = BUF_INIT;
    char id[16], name[16];
    json_t *j;
    bool running = false;

    lab_begin(f, f->student, id);
    struct sse s = sse_open(f, f->student, id);
    while (!running && sse_next(&s, &text, name, &j, 5000)) { /* the first one comes at once */
        assert_string_equal(name, "lab");
        assert_string_equal(text_at(j, "id"), id);
        running = strcmp(text_at(j, "state"), "running") == 0;
        json_decref(j);
    }
    assert_true(running);
    AUTO(mem_freep) char *path = xasprintf("/api/v1/labs/%s", id);
    assert_int_equal(status_of(f, f->student, "DELETE", path, NULL), 202);
    bool gone = false;
    while (sse_next(&s, &text, name, &j, 5000)) {
        gone = strcmp(name, "gone") == 0;
        if (gone)
            assert_string_equal(text_at(j, "id"), id);
        json_decref(j);
    }
    assert_true(gone); /* as the last event */
    sse_close(&s);
}

/* Those who watch hear of it; steps that follow each other fast come as one. */
static void test_suspended_lab(void **state)
{
    static const char *const rests[] = {"suspend", "resume"}, *const ends[] = {"suspended", "running"};
    struct fixture *f = *state;
    AUTO(buf_clear) struct buf text = BUF_INIT;
    char id[16], name[16];
    json_t *j;

    lab_begin(f, f->student, id);
    lab_wait(f, f->student, id, "running");
    struct sse s = sse_open(f, f->student, id);
    for (size_t i = 0; i < ARRAY_LEN(rests); i++) {
        AUTO(mem_freep) char *path = xasprintf("/api/v1/labs/%s/%s", id, rests[i]);
        bool done = false;
        assert_int_equal(status_of(f, f->student, "POST", path, "{}"), 202);
        while (!done && sse_next(&s, &text, name, &j, 5000)) {
            done = strcmp(text_at(j, "state"), ends[i]) == 0;
            json_t *node = json_array_get(json_object_get(j, "nodes"), 0);
            if (done && i == 0)
                assert_string_equal(text_at(node, "state"), "suspended");
            json_decref(j);
        }
        assert_true(done);
    }
    sse_close(&s);
}

/* A labd that has never seen labhost cannot know whether a lab can be suspended. */
static void test_can_suspend_is_learnt(void **state)
{
    struct fixture *f = *state;
    AUTO(buf_clear) struct buf text = BUF_INIT;
    char id[16], name[16];
    bool can = true, first = true;
    json_t *j;

    fixture_site_stop(f);
    fixture_kill(&f->host, SIGKILL);
    snprintf(f->host_file, sizeof f->host_file, "%s/labs", f->dir);
    fixture_host_start(f);
    fixture_site_start(f);
    host_wait(f);
    lab_begin(f, f->student, id);
    lab_wait(f, f->student, id, "running");
    fixture_site_stop(f);
    fixture_kill(&f->host, SIGKILL);
    fixture_site_start(f);
    struct sse s = sse_open(f, f->student, id);
    for (; (first || !can) && sse_next(&s, &text, name, &j, 5000); first = false) {
        can = json_is_true(json_object_get(j, "can_suspend"));
        json_decref(j);
        if (first) {
            assert_false(can);
            fixture_host_start(f);
        }
    }
    assert_true(can);
    sse_close(&s);
}

static void test_sign_out_ends_the_stream(void **state)
{
    struct fixture *f = *state;
    AUTO(buf_clear) struct buf text = BUF_INIT;
    char id[16], name[16], token[64];
    json_t *j;

    sign_in(f, "sam", token, NULL);
    lab_begin(f, f->student, id);
    struct sse s = sse_open(f, token, id);
    assert_int_equal(status_of(f, token, "DELETE", "/api/v1/session", NULL), 204);
    while (sse_next(&s, &text, name, &j, 5000))
        json_decref(j);
    assert_non_null(s.in.data); /* the end of the chunks, not silence */
    assert_int_equal(strncmp(s.in.data, "0\r\n", 3), 0);
    sse_close(&s);
}

/* A client that never reads: others see every change, labd's memory stays, and the new state is there when
 * it reads again. */
static void test_slow_client(void **state)
{
    struct fixture *f = *state;
    AUTO(buf_clear) struct buf text = BUF_INIT;
    char id[16], name[16];
    json_t *j = NULL;

    lab_begin(f, f->student, id);
    lab_wait(f, f->student, id, "running");
    struct sse slow = sse_open(f, f->student, id);
    AUTO(mem_freep) char *path = xasprintf("/api/v1/labs/%s/links/l1", id);
    for (int i = 0; i < 60; i++) {
        AUTO(mem_freep) char *body = xasprintf("{\"impair\":{\"a\":{\"delay_us\":%d}}}", 1000 + i);
        assert_int_equal(status_of(f, f->instructor, "PATCH", path, body), 200);
    }
    int64_t seen = 0;
    while (seen != 1059 && sse_next(&slow, &text, name, &j, 3000)) {
        json_t *link = json_array_get(json_object_get(j, "links"), 0);
        seen = json_integer_value(
            json_object_get(json_object_get(json_object_get(link, "impairment"), "a"), "delay_us"));
        json_decref(j);
    }
    assert_int_equal(seen, 1059);
    sse_close(&slow);
}

static void test_client_goes_away(void **state)
{
    struct fixture *f = *state;
    char id[16];

    lab_begin(f, f->student, id);
    for (int i = 0; i < 20; i++) {
        struct sse s = sse_open(f, f->student, id);
        sse_close(&s);
    }
    AUTO(mem_freep) char *path = xasprintf("/api/v1/labs/%s/reset", id);
    for (int i = 0; i < 3; i++)
        assert_int_equal(status_of(f, f->student, "POST", path, "{}"), 202);
    lab_wait(f, f->student, id, "running");
}

/* ---- attempts ---- */

/* Nobody answers the probes of the fake labhost, so the student has no points; but it is a grade. */
static void test_attempt(void **state)
{
    struct fixture *f = *state;
    AUTO(buf_clear) struct buf text = BUF_INIT;
    char id[16], name[16];
    json_t *j;
    struct reply r;

    lab_begin(f, f->student, id);
    lab_wait(f, f->student, id, "running");
    struct sse s = sse_open(f, f->student, id);
    AUTO(mem_freep) char *path = hand_in(f, id, 202, &j);
    assert_int_equal(json_integer_value(json_object_get(j, "number")), 1);
    assert_int_equal(json_integer_value(json_object_get(j, "max_score")), 10);
    json_decref(j);
    free(hand_in(f, id, 409, &j)); /* one at a time */
    json_decref(j);

    j = attempt_wait(f, f->student, path);
    if (strcmp(text_at(j, "state"), "done") != 0)
        fail_msg("%s", text_at(j, "error"));
    assert_int_equal(json_integer_value(json_object_get(j, "score")), 0);
    json_t *report = json_object_get(j, "report"),
           *check = json_array_get(json_object_get(report, "checks"), 0);
    assert_string_equal(text_at(check, "id"), "h1-answers");
    assert_string_equal(text_at(check, "status"), "fail");
    assert_int_equal(json_integer_value(json_object_get(report, "attempt")),
                     json_integer_value(json_object_get(j, "id")));
    json_decref(j);

    bool done = false; /* the watcher heard of it */
    while (!done && sse_next(&s, &text, name, &j, 3000)) {
        done = strcmp(name, "attempt") == 0 && strcmp(text_at(j, "state"), "done") == 0;
        json_decref(j);
    }
    assert_true(done);
    sse_close(&s);
    assert_int_equal(status_of(f, f->other, "GET", path, NULL), 404);
    assert_int_equal(status_of(f, f->instructor, "GET", path, NULL), 200);

    request(f, f->student, "GET", "/api/v1/exercises/tiny", NULL, &r);
    assert_int_equal(json_integer_value(json_object_get(r.json, "attempts")), 1);
    assert_true(json_is_integer(json_object_get(r.json, "best_score")));
    reply_clear(&r);
    AUTO(mem_freep) char *list = xasprintf("/api/v1/labs/%s/attempts", id);
    request(f, f->student, "GET", list, NULL, &r);
    assert_int_equal(json_array_size(json_object_get(r.json, "attempts")), 1);
    reply_clear(&r);
    /* It is still there when the lab is not. */
    AUTO(mem_freep) char *lab = xasprintf("/api/v1/labs/%s", id);
    assert_int_equal(status_of(f, f->student, "DELETE", lab, NULL), 202);
    lab_wait(f, f->student, id, "");
    assert_int_equal(status_of(f, f->student, "GET", path, NULL), 200);
}

static void test_attempt_when_labhost_is_away(void **state)
{
    struct fixture *f = *state;
    char id[16];
    json_t *j;
    struct reply r;

    lab_begin(f, f->student, id);
    lab_wait(f, f->student, id, "running");
    fixture_kill(&f->host, SIGKILL);
    AUTO(mem_freep) char *path = hand_in(f, id, 202, &j);
    json_decref(j);
    j = attempt_wait(f, f->student, path);
    assert_string_equal(text_at(j, "state"), "error");
    assert_true(json_is_null(json_object_get(j, "score")));
    assert_true(strlen(text_at(j, "error")) > 5);
    json_decref(j);
    request(f, f->student, "GET", "/api/v1/exercises/tiny", NULL, &r);
    assert_int_equal(json_integer_value(json_object_get(r.json, "attempts")), 0); /* costs nothing */
    reply_clear(&r);
}

static void test_labd_killed_while_grading(void **state)
{
    struct fixture *f = *state;
    char id[16];
    json_t *j;

    lab_begin(f, f->student, id);
    lab_wait(f, f->student, id, "running");
    AUTO(mem_freep) char *path = hand_in(f, id, 202, &j);
    json_decref(j);
    fixture_kill(&f->site, SIGKILL);
    fixture_site_start(f);
    j = attempt_wait(f, f->student, path);
    assert_string_equal(text_at(j, "state"), "error");
    assert_non_null(strstr(text_at(j, "error"), "interrupted"));
    json_decref(j);
    lab_wait(f, f->student, id, "running");
    AUTO(mem_freep) char *again = hand_in(f, id, 202, &j);
    assert_int_equal(json_integer_value(json_object_get(j, "number")), 1);
    json_decref(j);
    j = attempt_wait(f, f->student, again);
    assert_string_equal(text_at(j, "state"), "done");
    json_decref(j);
}

static void test_lab_stopped_while_grading(void **state)
{
    struct fixture *f = *state;
    char id[16];
    json_t *j;

    lab_begin(f, f->student, id);
    lab_wait(f, f->student, id, "running");
    AUTO(mem_freep) char *path = hand_in(f, id, 202, &j);
    json_decref(j);
    AUTO(mem_freep) char *lab = xasprintf("/api/v1/labs/%s", id);
    assert_int_equal(status_of(f, f->student, "DELETE", lab, NULL), 202);
    j = attempt_wait(f, f->student, path);
    assert_string_equal(text_at(j, "state"), "error");
    json_decref(j);
    lab_wait(f, f->student, id, "");
}

static void test_nothing_to_check(void **state)
{
    struct fixture *f = *state;
    struct reply r;

    request(f, f->instructor, "POST", "/api/v1/labs",
            "{\"topology\":\"<topology name='raw' version='1'><host name='h1'/></topology>\"}", &r);
    assert_int_equal(r.status, 202);
    AUTO(mem_freep) char *path = xasprintf("/api/v1/labs/%s/attempts", text_at(r.json, "id"));
    reply_clear(&r);
    assert_int_equal(status_of(f, f->instructor, "POST", path, ""), 409);
    assert_int_equal(status_of(f, f->student, "GET", "/api/v1/attempts/1", NULL), 404);
    assert_int_equal(status_of(f, f->student, "GET", "/api/v1/attempts/0x1", NULL), 404);
    assert_int_equal(status_of(f, f->student, "GET", "/api/v1/attempts/99999999999999999999", NULL), 404);
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
        T(test_life_of_a_lab),
        T(test_suspended_lab),
        T(test_can_suspend_is_learnt),
        T(test_sign_out_ends_the_stream),
        T(test_slow_client),
        T(test_client_goes_away),
        T(test_attempt),
        T(test_attempt_when_labhost_is_away),
        T(test_labd_killed_while_grading),
        T(test_lab_stopped_while_grading),
        T(test_nothing_to_check),
    };
    return cmocka_run_group_tests_name("site_events", tests, NULL, NULL);
}
