/* What is hidden of a lab, for a student: every route is tried with a hidden part's name and in a lab whose labhost
 * tells that name with every sentence.  A route that has no row here fails the test. */
#include "tests/site/ws_client.h"

#define SECRET "xyzzy" /* in every hidden name */
#define QUIET_MS 300   /* a stream that says nothing for so long has told what it tells at first */

enum use {
    PLAIN,  /* no part is named */
    NAMED,  /* NAME in path or body: a hidden one is as unknown as an unknown one */
    STAFF,  /* not for students */
    SPOILS, /* as PLAIN; the lab or the session is gone after it */
};

/* In paths and bodies LAB, ATTEMPT and NAME are put in; "" as route means the one above. */
static const struct row {
    const char *route, *path, *body;
    enum use use;
    const char *hidden, *unknown, *visible;
} rows[] = {
    {"POST /api/v1/session", "/api/v1/session", "{\"login\":\"olga\",\"password\":\"correct horse\"}", PLAIN,
     NULL, NULL, NULL},
    {"GET /api/v1/session", "/api/v1/session", NULL, PLAIN, NULL, NULL, NULL},
    {"GET /api/v1/exercises", "/api/v1/exercises", NULL, PLAIN, NULL, NULL, NULL},
    {"GET /api/v1/exercises/{id}", "/api/v1/exercises/secret", NULL, PLAIN, NULL, NULL, NULL},
    {"GET /api/v1/labs", "/api/v1/labs", NULL, PLAIN, NULL, NULL, NULL},
    {"POST /api/v1/labs", "/api/v1/labs", "{\"exercise\":\"secret\"}", PLAIN, NULL, NULL, NULL},
    {"GET /api/v1/labs/{id}", "/api/v1/labs/LAB", NULL, PLAIN, NULL, NULL, NULL},
    {"GET /api/v1/labs/{id}/events", "/api/v1/labs/LAB/events", NULL, PLAIN, NULL, NULL, NULL},
    {"GET /api/v1/labs/{id}/attempts", "/api/v1/labs/LAB/attempts", NULL, PLAIN, NULL, NULL, NULL},
    {"GET /api/v1/attempts/{id}", "/api/v1/attempts/ATTEMPT", NULL, PLAIN, NULL, NULL, NULL},
    {"GET /api/v1/attempts/{id}/checks/{check}/evidence", "/api/v1/attempts/ATTEMPT/checks/seen/evidence",
     NULL, STAFF, NULL, NULL, NULL},
    {"GET /api/v1/attempts/{id}/checks/{check}/packets", "/api/v1/attempts/ATTEMPT/checks/seen/packets", NULL,
     STAFF, NULL, NULL, NULL},
    {"PATCH /api/v1/labs/{id}/links/{link}", "/api/v1/labs/LAB/links/wire-" SECRET, "{\"state\":\"down\"}",
     STAFF, NULL, NULL, NULL},
    {"PUT /api/v1/exercises/{id}/deadline", "/api/v1/exercises/secret/deadline",
     "{\"due_ms\":1764547200000,\"late_percent\":10}", STAFF, NULL, NULL, NULL},
    {"DELETE /api/v1/exercises/{id}/deadline", "/api/v1/exercises/secret/deadline", NULL, STAFF, NULL, NULL,
     NULL},
    {"POST /api/v1/exercises/{id}/regrade", "/api/v1/exercises/secret/regrade", "{}", STAFF, NULL, NULL,
     NULL},
    {"GET /api/v1/exercises/{id}/regrade", "/api/v1/exercises/secret/regrade", NULL, STAFF, NULL, NULL, NULL},
    {"GET /api/v1/exercises/{id}/students/{login}", "/api/v1/exercises/secret/students/olga", NULL, PLAIN,
     NULL, NULL, NULL},
    {"PUT /api/v1/exercises/{id}/students/{login}/score", "/api/v1/exercises/secret/students/olga/score",
     "{\"score\":1,\"reason\":\"the host was down\"}", STAFF, NULL, NULL, NULL},
    {"GET /api/v1/overview", "/api/v1/overview", NULL, STAFF, NULL, NULL, NULL},
    {"GET /api/v1/scores", "/api/v1/scores", NULL, STAFF, NULL, NULL, NULL},
    {"GET /api/v1/host", "/api/v1/host", NULL, STAFF, NULL, NULL, NULL},
    {"GET /healthz", "/healthz", NULL, PLAIN, NULL, NULL, NULL},
    {"GET /metrics", "/metrics", NULL, PLAIN, NULL, NULL, NULL},
    {"WS /api/v1/labs/{id}/nodes/{node}/console", "/api/v1/labs/LAB/nodes/NAME/console", NULL, NAMED,
     "spy-" SECRET, "nobody", "h1"},
    {"WS /api/v1/labs/{id}/nodes/{node}/exec", "/api/v1/labs/LAB/nodes/NAME/exec", "{\"argv\":[\"true\"]}",
     NAMED, "spy-" SECRET, "nobody", "h1"},
    {"WS /api/v1/labs/{id}/capture", "/api/v1/labs/LAB/capture?port=NAME", NULL, NAMED, "spy-" SECRET ":eth0",
     "nobody:eth0", "h1:eth1"},
    {"", "/api/v1/labs/LAB/capture?port=NAME", NULL, NAMED, "wire-" SECRET ":a", "nothing:a", "l1:b"},
    {"", "/api/v1/labs/LAB/capture?port=NAME", NULL, NAMED, "wire-" SECRET ":a", "h1:eth7", "l1:a"},
    {"", "/api/v1/labs/LAB/capture?port=NAME", NULL, NAMED, "dark-" SECRET ":a", "l1:c", "h2:eth1"},
    {"POST /api/v1/labs/{id}/nodes/{node}/start", "/api/v1/labs/LAB/nodes/NAME/start", "{}", NAMED,
     "spy-" SECRET, "nobody", "h1"},
    {"PUT /api/v1/labs/{id}/answers/{check}", "/api/v1/labs/LAB/answers/where", "{\"answer\":\"h1\"}", PLAIN,
     NULL, NULL, NULL},
    {"POST /api/v1/labs/{id}/start", "/api/v1/labs/LAB/start", "{}", PLAIN, NULL, NULL, NULL},
    {"POST /api/v1/labs/{id}/reset", "/api/v1/labs/LAB/reset", "{\"node\":\"NAME\"}", NAMED, "spy-" SECRET,
     "nobody", "h1"},
    {"", "/api/v1/labs/LAB/reset", "{}", PLAIN, NULL, NULL, NULL},
    {"POST /api/v1/labs/{id}/attempts", "/api/v1/labs/LAB/attempts", "{}", PLAIN, NULL, NULL, NULL},
    {"POST /api/v1/labs/{id}/suspend", "/api/v1/labs/LAB/suspend", "{}", PLAIN, NULL, NULL, NULL},
    {"POST /api/v1/labs/{id}/resume", "/api/v1/labs/LAB/resume", "{}", PLAIN, NULL, NULL, NULL},
    {"DELETE /api/v1/labs/{id}", "/api/v1/labs/LAB", NULL, SPOILS, NULL, NULL, NULL},
    {"DELETE /api/v1/session", "/api/v1/session", NULL, SPOILS, NULL, NULL, NULL},
};

static struct fixture *fx;
static json_t *doc;
/* sam's lab is well, olga's betrays */
static struct subject {
    const char *token;
    char lab[16], attempt[24];
} well, betrays;

/* ---- one request, whatever its kind ---- */

struct answer {
    int status;
    struct buf text; /* all that came: head and body, or what the WebSocket said */
};

static void answer_clear(struct answer *a)
{
    buf_clear(&a->text);
}

static char *filled(const char *text, const struct subject *s, const char *name)
{
    const char *const from[] = {"LAB", "ATTEMPT", "NAME"}, *const to[] = {s->lab, s->attempt, name};
    struct buf b = BUF_INIT;

    while (*text != '\0') {
        size_t i = 0;
        while (i < ARRAY_LEN(from) && strncmp(text, from[i], strlen(from[i])) != 0)
            i++;
        if (i == ARRAY_LEN(from)) {
            buf_putc(&b, *text++);
            continue;
        }
        buf_puts(&b, to[i] != NULL ? to[i] : "");
        text += strlen(from[i]);
    }
    buf_puts(&b, "");
    return buf_take(&b);
}

static void ask_ws(const char *token, const char *path, const char *first, struct answer *a)
{
    AUTO(buf_clear) struct buf said = BUF_INIT;
    struct ws ws = ws_begin(fx, token, path);
    int op = 0;

    a->status = ws.status;
    if (ws.status == 101 && first != NULL)
        ws_send(&ws, WS_TEXT, first, strlen(first));
    while (op >= 0 && op != WS_CLOSE && (ws.in.len > 0 || client_recv(ws.fd, &ws.in, QUIET_MS))) {
        if (ws.status != 101) { /* the body of the refusal */
            buf_add(&a->text, ws.in.data, ws.in.len);
            buf_consume(&ws.in, ws.in.len);
            continue;
        }
        op = ws_read(&ws, &said);
        buf_add(&a->text, said.data, said.len);
    }
    ws_end(&ws);
}

static void ask_http(const char *token, const char *method, const char *path, const char *body,
                     struct answer *a)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    int fd = client_tcp(fx);

    buf_printf(&b, "%s %s HTTP/1.1\r\nHost: lab.test\r\nConnection: close\r\nAuthorization: Bearer %s\r\n",
               method, path, token);
    if (body != NULL)
        buf_printf(&b, "Content-Type: application/json\r\nContent-Length: %zu\r\n", strlen(body));
    buf_printf(&b, "\r\n%s", body != NULL ? body : "");
    client_send(fd, b.data, b.len);
    while (client_recv(fd, &a->text, a->text.len == 0 ? 5000 : QUIET_MS))
        ;
    close(fd);
    if (a->text.len > 0)
        a->status = (int)strtol(strchr(a->text.data, ' ') + 1, NULL, 10);
}

static void ask(const struct row *row, const struct subject *s, const char *name, struct answer *a)
{
    const struct row *named = row;

    while (named->route[0] == '\0')
        named--;
    AUTO(mem_freep) char *method = xstrndup(named->route, strcspn(named->route, " "));
    AUTO(mem_freep) char *path = filled(row->path, s, name);
    AUTO(mem_freep) char *body = row->body != NULL ? filled(row->body, s, name) : NULL;

    if (strcmp(method, "WS") == 0)
        ask_ws(s->token, path, body, a);
    else
        ask_http(s->token, method, path, body, a);
    if (a->status == 0)
        fail_msg("%s %s: no answer", method, path);
}

static void assert_no_secret(const struct answer *a)
{
    for (size_t i = 0; i + strlen(SECRET) <= a->text.len; i++)
        if (memcmp(a->text.data + i, SECRET, strlen(SECRET)) == 0)
            fail_msg("a student reads: %s", a->text.data);
    for (size_t i = 0; i + 8 <= a->text.len; i++)
        if (memcmp(a->text.data + i, "\"hidden\"", 8) == 0)
            fail_msg("a student reads that something is hidden: %s", a->text.data);
}

/* The answer without what differs by the clock. */
static const char *body_of(const struct answer *a)
{
    const char *end = a->text.data != NULL ? strstr(a->text.data, "\r\n\r\n") : NULL;

    return end != NULL ? end + 4 : buf_str(&a->text);
}

/* ---- the subjects ---- */

static void begin_secret(struct subject *s)
{
    struct reply r;

    request(fx, s->token, "POST", "/api/v1/labs", "{\"exercise\":\"secret\"}", &r);
    if (r.status != 202)
        fail_msg("start of a lab: %d %s", r.status, r.body);
    snprintf(s->lab, sizeof s->lab, "%s", text_at(r.json, "id"));
    reply_clear(&r);
    lab_wait(fx, s->token, s->lab, "running");
}

/* Until its latest attempt has ended; 'attempt' is that one's number. */
static void await_attempt(struct subject *s)
{
    AUTO(mem_freep) char *path = xasprintf("/api/v1/labs/%s", s->lab);

    for (int i = 0; i < 1000; i++) {
        struct reply r;
        request(fx, s->token, "GET", path, NULL, &r);
        const json_t *a = json_object_get(r.json, "attempt");
        bool over = strcmp(text_at(a, "state"), "done") == 0 || strcmp(text_at(a, "state"), "error") == 0;
        snprintf(s->attempt, sizeof s->attempt, "%lld",
                 (long long)json_integer_value(json_object_get(a, "id")));
        reply_clear(&r);
        if (over)
            return;
        usleep(10000);
    }
    fail_msg("the attempt does not end");
}

static void check_work(struct subject *s)
{
    AUTO(mem_freep) char *path = xasprintf("/api/v1/labs/%s/attempts", s->lab);

    assert_int_equal(status_of(fx, s->token, "POST", path, "{}"), 202);
    await_attempt(s);
}

static void betray(struct subject *s)
{
    AUTO(mem_freep) char *path = xasprintf("/api/v1/labs/%s/nodes/spy-" SECRET "/exec", s->lab);
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct ws ws = ws_begin(fx, fx->instructor, path);

    assert_int_equal(ws.status, 101);
    ws_send(&ws, WS_TEXT, "{\"argv\":[\"betray\"]}", 19);
    assert_int_equal(ws_read(&ws, &b), WS_BINARY);
    ws_end(&ws);
    lab_wait(fx, s->token, s->lab, "failed");
}

/* As it was before the row. */
static void repair(struct subject *s, const struct row *row)
{
    AUTO(mem_freep) char *resume = xasprintf("/api/v1/labs/%s/resume", s->lab);
    bool well_kept = s == &well;

    if (row->use == SPOILS && strcmp(row->route, "DELETE /api/v1/session") == 0) {
        sign_in(fx, well_kept ? "sam" : "olga", well_kept ? fx->student : fx->other, NULL);
    } else if (row->use == SPOILS) {
        lab_wait(fx, s->token, s->lab, "");
        begin_secret(s);
        if (!well_kept)
            betray(s);
    } else if (strcmp(row->route, "POST /api/v1/labs/{id}/attempts") == 0) {
        await_attempt(s);
    } else if (well_kept) {
        if (strcmp(row->route, "POST /api/v1/labs/{id}/suspend") == 0) {
            lab_wait(fx, s->token, s->lab, "suspended");
            assert_int_equal(status_of(fx, s->token, "POST", resume, "{}"), 202);
        }
        lab_wait(fx, s->token, s->lab, "running");
    }
}

static int setup(void **state)
{
    json_error_t e;

    if (fixture_setup(state) < 0)
        return -1;
    fx = *state;
    *state = NULL; /* else it would take the place of every test's row */
    doc = json_load_file("labd/site/openapi.json", JSON_REJECT_DUPLICATES, &e);
    host_wait(fx);
    well.token = fx->student;
    betrays.token = fx->other;
    begin_secret(&well);
    begin_secret(&betrays);
    check_work(&well);
    betray(&betrays);
    check_work(&betrays);
    return doc != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    void *f = fx;

    (void)state;
    json_decref(doc);
    return fixture_teardown(&f);
}

/* ---- students ---- */

static void try_row(const struct row *row, struct subject *s)
{
    AUTO(answer_clear) struct answer hidden = {.status = 0};
    AUTO(answer_clear) struct answer unknown = {.status = 0};
    AUTO(answer_clear) struct answer visible = {.status = 0};

    ask(row, s, row->hidden, &hidden);
    assert_no_secret(&hidden);
    if (row->use == STAFF)
        assert_int_equal(hidden.status, 403);
    if (row->use != NAMED) {
        repair(s, row);
        return;
    }
    ask(row, s, row->unknown, &unknown);
    assert_int_equal(hidden.status, 404);
    assert_int_equal(unknown.status, 404);
    assert_string_equal(body_of(&hidden), body_of(&unknown));
    ask(row, s, row->visible, &visible); /* a row that cannot tell one name from another proves nothing */
    assert_int_not_equal(visible.status, 404);
    assert_no_secret(&visible);
    repair(s, row);
}

static void test_well(void **state)
{
    try_row(*state, &well);
}

static void test_betrayed(void **state)
{
    try_row(*state, &betrays);
}

/* The sentences that it has for all of it are told without the name, not swallowed. */
static void test_redacted(void **state)
{
    AUTO(mem_freep) char *path = xasprintf("/api/v1/labs/%s", betrays.lab);
    AUTO(mem_freep) char *reset = xasprintf("/api/v1/labs/%s/reset", betrays.lab);
    struct reply r;

    (void)state;
    request(fx, fx->other, "GET", path, NULL, &r);
    assert_string_equal(text_at(r.json, "error"), "node [not shown]: no memory");
    const json_t *h1 = json_array_get(json_object_get(r.json, "nodes"), 0);
    assert_string_equal(text_at(h1, "error"), "[not shown] is in the way");
    reply_clear(&r);
    request(fx, fx->other, "POST", reset, "{}", &r);
    assert_int_equal(r.status, 409);
    assert_string_equal(text_at(r.json, "detail"), "node [not shown] does not run");
    reply_clear(&r);
    request(fx, fx->instructor, "POST", reset, "{}", &r);
    assert_string_equal(text_at(r.json, "detail"), "node spy-" SECRET " does not run");
    reply_clear(&r);
}

/* A visible node's interface on a wire that is not seen is there, and says nothing. */
static void test_interface(void **state)
{
    AUTO(mem_freep) char *path = xasprintf("/api/v1/labs/%s", well.lab);
    struct reply r;

    (void)state;
    request(fx, fx->student, "GET", path, NULL, &r);
    assert_int_equal(json_array_size(json_object_get(r.json, "nodes")), 2);
    assert_int_equal(json_array_size(json_object_get(r.json, "elements")), 1);
    assert_int_equal(json_array_size(json_object_get(r.json, "links")), 2);
    for (size_t i = 0; i < 2; i++) {
        const json_t *node = json_array_get(json_object_get(r.json, "nodes"), i);
        const json_t *eth1 = json_array_get(json_object_get(node, "interfaces"), 1);
        assert_string_equal(text_at(eth1, "name"), "eth1");
        assert_int_equal(strlen(text_at(eth1, "mac")), 17);
        assert_true(json_is_null(json_object_get(eth1, "link")));
        assert_true(json_is_null(json_object_get(eth1, "network")));
    }
    reply_clear(&r);
}

static json_int_t nodes_of_secret(const char *token)
{
    struct reply r;

    request(fx, token, "GET", "/api/v1/exercises/secret", NULL, &r);
    json_int_t n = json_integer_value(json_object_get(r.json, "nodes"));
    assert_int_equal(n, json_array_size(json_object_get(json_object_get(r.json, "topology"), "nodes")));
    reply_clear(&r);
    return n;
}

static void test_exercise(void **state)
{
    (void)state;
    assert_int_equal(nodes_of_secret(fx->student), 2);
    assert_int_equal(nodes_of_secret(fx->instructor), 3);
}

/* ---- instructors ---- */

static const json_t *part(const json_t *lab, const char *group, const char *name)
{
    const json_t *one;
    size_t i;

    json_array_foreach(json_object_get(lab, group), i, one) {
        if (strcmp(text_at(one, "name"), name) == 0)
            return one;
    }
    fail_msg("no %s in %s", name, group);
    return NULL;
}

static void test_instructor_sees(void **state)
{
    AUTO(mem_freep) char *path = xasprintf("/api/v1/labs/%s", well.lab);
    struct reply r;

    (void)state;
    request(fx, fx->instructor, "GET", path, NULL, &r);
    assert_true(json_is_true(json_object_get(part(r.json, "nodes", "spy-" SECRET), "hidden")));
    assert_true(json_is_true(json_object_get(part(r.json, "elements", "dark-" SECRET), "hidden")));
    assert_true(json_is_true(json_object_get(part(r.json, "links", "wire-" SECRET), "hidden")));
    assert_null(json_object_get(part(r.json, "nodes", "h1"), "hidden"));
    assert_string_equal(text_at(part(r.json, "nodes", "spy-" SECRET), "state"), "running");
    reply_clear(&r);
}

static void test_instructor_reaches(void **state)
{
    static const char *const streams[] = {"nodes/spy-" SECRET "/console", "nodes/spy-" SECRET "/exec",
                                          "capture?port=spy-" SECRET ":eth0",
                                          "capture?port=wire-" SECRET ":b"};
    AUTO(mem_freep) char *link = xasprintf("/api/v1/labs/%s/links/wire-" SECRET, well.lab);
    AUTO(mem_freep) char *start = xasprintf("/api/v1/labs/%s/nodes/spy-" SECRET "/start", well.lab);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
        AUTO(mem_freep) char *path = xasprintf("/api/v1/labs/%s/%s", well.lab, streams[i]);
        struct ws ws = ws_begin(fx, fx->instructor, path);
        assert_int_equal(ws.status, 101);
        ws_end(&ws);
    }
    assert_int_equal(status_of(fx, fx->instructor, "PATCH", link, "{\"state\":\"down\"}"), 200);
    assert_int_equal(status_of(fx, fx->instructor, "PATCH", link, "{\"state\":\"up\"}"), 200);
    assert_int_equal(status_of(fx, fx->instructor, "POST", start, "{}"), 202);
    lab_wait(fx, fx->instructor, well.lab, "running");
}

/* The report says it twice: for those who may know, and for the student. */
static void test_report(void **state)
{
    AUTO(mem_freep) char *path = xasprintf("/api/v1/attempts/%s", well.attempt);
    struct reply r;

    (void)state;
    for (int staff = 0; staff < 2; staff++) {
        request(fx, staff ? fx->instructor : fx->student, "GET", path, NULL, &r);
        assert_string_equal(text_at(r.json, "state"), "done");
        const json_t *check = json_array_get(json_object_get(json_object_get(r.json, "report"), "checks"), 0);
        assert_string_equal(text_at(check, "observed"), "The packet did not arrive at [not shown].");
        if (staff)
            assert_string_equal(text_at(json_object_get(check, "full"), "observed"),
                                "The packet did not arrive at spy-" SECRET ":eth0.");
        else
            assert_null(json_object_get(check, "full"));
        reply_clear(&r);
    }
}

/* Whoever wrote the topology knows it, also when he teaches no longer. */
static void test_own_topology(void **state)
{
    AUTO(mem_freep)
    char *body = xasprintf("{\"topology\":\"<topology name='raw' version='1'><host name='h1'/>"
                           "<host name='own-" SECRET "' hidden='yes'/></topology>\"}");
    AUTO(mem_freep) char *path = NULL;
    struct err e;
    struct reply r;

    (void)state;
    request(fx, fx->instructor, "POST", "/api/v1/labs", body, &r);
    assert_int_equal(r.status, 202);
    path = xasprintf("/api/v1/labs/%s", text_at(r.json, "id"));
    reply_clear(&r);
    struct store *st = store_open(fx->db, &e);
    assert_non_null(st);
    fixture_account(st, "iris", ROLE_STUDENT);
    char token[64];
    sign_in(fx, "iris", token, NULL);
    assert_int_equal(status_of(fx, token, "GET", "/api/v1/overview", NULL), 403);
    request(fx, token, "GET", path, NULL, &r);
    part(r.json, "nodes", "own-" SECRET);
    reply_clear(&r);
    fixture_account(st, "iris", ROLE_INSTRUCTOR);
    store_close(st);
    sign_in(fx, "iris", fx->instructor, NULL);
    assert_int_equal(status_of(fx, fx->instructor, "DELETE", path, NULL), 202);
}

/* ---- no route is forgotten ---- */

static void test_every_route_has_a_row(void **state)
{
    json_t *ops, *op;
    const char *path, *method;
    size_t described = 0, routes = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        routes += rows[i].route[0] != '\0';
    json_object_foreach(json_object_get(doc, "paths"), path, ops) {
        json_object_foreach(ops, method, op) {
            bool ws = json_is_true(json_object_get(op, "x-websocket")), found = false;
            AUTO(mem_freep) char *route = xasprintf("%s %s", ws ? "WS" : method, path);
            for (char *p = route; *p != ' '; p++)
                *p = (char)(*p & ~0x20);
            for (size_t i = 0; i < ARRAY_LEN(rows) && !found; i++)
                found = strcmp(rows[i].route, route) == 0;
            if (!found)
                fail_msg("say in 'rows' how %s treats the names of hidden parts", route);
            described++;
        }
    }
    assert_int_equal(described, routes);
}

#define MORE 8

int main(void)
{
    static const CMUnitTestFunction per_row[] = {test_well, test_betrayed};
    static const char *const what[] = {"lab that runs", "lab that betrays"};
    struct CMUnitTest tests[2 * ARRAY_LEN(rows) + MORE] = {
        cmocka_unit_test(test_every_route_has_a_row),
        cmocka_unit_test(test_redacted),
        cmocka_unit_test(test_interface),
        cmocka_unit_test(test_exercise),
        cmocka_unit_test(test_instructor_sees),
        cmocka_unit_test(test_instructor_reaches),
        cmocka_unit_test(test_report),
        cmocka_unit_test(test_own_topology),
    };
    char *names[2 * ARRAY_LEN(rows)];
    size_t n = MORE;

    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < ARRAY_LEN(rows); i++, n++) {
            union {
                const struct row *in;
                void *out;
            } row = {&rows[i]};
            names[n - MORE] = xasprintf("%s: %s%s", what[k], rows[i].route, rows[i].path);
            tests[n] = (struct CMUnitTest){names[n - MORE], per_row[k], NULL, NULL, row.out};
        }
    int rc = _cmocka_run_group_tests("site_hidden", tests, n, setup, teardown);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        free(names[i]);
    return rc;
}
