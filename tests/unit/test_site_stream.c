/* Consoles, commands and captures through WebSockets, with clients good and bad. */
#include "tests/site/ws_client.h"

struct lab_fixture {
    struct fixture *f;
    char id[16];
};
static struct lab_fixture lf; /* one labd and one lab for all tests here */

static char *path_of(const char *rest)
{
    return xasprintf("/api/v1/labs/%s%s", lf.id, rest);
}

static struct ws open_path(const char *rest)
{
    AUTO(mem_freep) char *path = path_of(rest);
    struct ws ws = ws_begin(lf.f, lf.f->student, path);

    assert_int_equal(ws.status, 101);
    return ws;
}

static struct ws open_console(const char *query, uint64_t offset)
{
    AUTO(mem_freep) char *rest = xasprintf("/nodes/h1/console%s", query);
    AUTO(mem_freep) char *want = xasprintf("{\"offset\":%llu}", (unsigned long long)offset);
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct ws ws = open_path(rest);

    assert_int_equal(ws_read(&ws, &b), WS_TEXT);
    assert_string_equal(b.data, want);
    return ws;
}

/* ---- console ---- */

static void test_console_echo(void **state)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct ws ws = open_console("?rows=30&cols=100", 100);

    (void)state;
    ws_send(&ws, WS_BINARY, "ihello", 6);
    assert_int_equal(ws_read(&ws, &b), WS_BINARY);
    assert_int_equal(b.len, 1 + 8 + 5);
    assert_int_equal(b.data[0], 'o');
    assert_int_equal(be64(b.data + 1), 100);
    assert_memory_equal(b.data + 9, "hello", 5);
    ws_send(&ws, WS_BINARY, "r\0\x28\0\x78", 5);
    assert_int_equal(ws_read(&ws, &b), WS_BINARY);
    assert_int_equal(be64(b.data + 1), 105);
    assert_memory_equal(b.data + 9, "[40x120]", 8);
    ws_send(&ws, WS_CLOSE, "\x03\xe8", 2);
    assert_int_equal(ws_read_close(&ws, &b), 1000);
    ws_end(&ws);
}

static void test_console_offset(void **state)
{
    struct ws ws = open_console("?offset=4711", 4711);

    (void)state;
    ws_end(&ws);
}

static void test_console_of_a_stopped_node(void **state)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct ws ws = open_path("/nodes/h2/console");

    (void)state;
    assert_int_equal(ws_read_close(&ws, &b), 4409);
    assert_string_equal(b.data, "node h2 does not run");
    ws_end(&ws);
}

static void test_console_ended_by_host(void **state)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct ws ws = open_console("", 100);

    (void)state;
    ws_send(&ws, WS_BINARY, "iexit", 5);
    assert_int_equal(ws_read_close(&ws, &b), 1001);
    ws_end(&ws);
}

/* What the client sent together with its handshake is not lost. */
static void test_bytes_with_the_handshake(void **state)
{
    AUTO(buf_clear) struct buf more = BUF_INIT;
    AUTO(buf_clear) struct buf b = BUF_INIT;
    AUTO(mem_freep) char *path = path_of("/nodes/h1/console");
    AUTO(mem_freep) char *headers = xasprintf("Authorization: Bearer %s\r\n" WS_HEADERS, lf.f->student);

    (void)state;
    ws_frame(&more, true, WS_BINARY, true, "iearly", 6);
    struct ws ws = ws_begin_with(lf.f, path, headers, more.data, more.len);
    assert_int_equal(ws.status, 101);
    assert_int_equal(ws_read(&ws, &b), WS_TEXT);
    assert_int_equal(ws_read(&ws, &b), WS_BINARY);
    assert_memory_equal(b.data + 9, "early", 5);
    ws_end(&ws);
}

static void test_fragments_and_ping(void **state)
{
    AUTO(buf_clear) struct buf out = BUF_INIT;
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct ws ws = open_console("", 100);

    (void)state;
    ws_frame(&out, false, WS_BINARY, true, "iab", 3);
    ws_frame(&out, true, WS_PING, true, "?", 1);
    ws_frame(&out, true, 0, true, "cd", 2);
    client_send(ws.fd, out.data, out.len);
    assert_int_equal(ws_read(&ws, &b), WS_PONG);
    assert_string_equal(b.data, "?");
    assert_int_equal(ws_read(&ws, &b), WS_BINARY);
    assert_memory_equal(b.data + 9, "abcd", 4);
    ws_end(&ws);
}

/* 8 MiB of output in order, to a client that reads late: labd holds little of it. */
static void test_flood(void **state)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct ws ws = open_console("", 100);
    uint64_t at = 100;

    (void)state;
    ws_send(&ws, WS_BINARY, "iflood", 6);
    usleep(300000);
    AUTO(mem_freep) char *status = xasprintf("/proc/%d/status", (int)lf.f->site);
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct err e;
    fixture_check(file_read(status, 65536, &text, &e), &e);
    long kib = strtol(strstr(buf_str(&text), "RssAnon:") + 8, NULL, 10);
#ifndef __SANITIZE_ADDRESS__
    assert_in_range(kib, 1, 8 * 1024);
#else
    assert_true(kib > 0);
#endif
    while (at < 100 + FAKE_FLOOD) {
        assert_int_equal(ws_read(&ws, &b), WS_BINARY);
        assert_int_equal(be64(b.data + 1), at);
        for (size_t i = 9; i < b.len; i += 4096)
            assert_int_equal(b.data[i], 'a' + (int)(at / (32u << 10) % 26));
        at += b.len - 9;
    }
    ws_send(&ws, WS_BINARY, "ix", 2); /* and it still listens */
    assert_int_equal(ws_read(&ws, &b), WS_BINARY);
    assert_int_equal(b.data[9], 'x');
    ws_end(&ws);
}

/* ---- exec, capture ---- */

static void test_exec(void **state)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct ws ws = open_path("/nodes/h1/exec");

    (void)state;
    ws_send(&ws, WS_TEXT, "{\"argv\":[\"echo\",\"hi there\"]}", 28);
    assert_int_equal(ws_read(&ws, &b), WS_BINARY);
    assert_string_equal(b.data, "oecho");
    assert_int_equal(ws_read(&ws, &b), WS_BINARY);
    assert_string_equal(b.data, "ohi there");
    ws_send(&ws, WS_BINARY, "isome input", 11);
    assert_int_equal(ws_read(&ws, &b), WS_BINARY);
    assert_string_equal(b.data, "esome input");
    ws_send(&ws, WS_BINARY, "i", 1);
    assert_int_equal(ws_read(&ws, &b), WS_BINARY);
    assert_memory_equal(b.data, "x\7", 2);
    assert_int_equal(ws_read_close(&ws, &b), 1000);
    ws_end(&ws);
}

/* A client that does not wait: the command, its input and the end of it in one packet. */
static void test_exec_in_one_packet(void **state)
{
    AUTO(buf_clear) struct buf out = BUF_INIT;
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct ws ws = open_path("/nodes/h1/exec");

    (void)state;
    ws_frame(&out, true, WS_TEXT, true, "{\"argv\":[\"sh\"]}", 15);
    ws_frame(&out, true, WS_BINARY, true, "ione", 4);
    ws_frame(&out, true, WS_BINARY, true, "itwo", 4);
    ws_frame(&out, true, WS_BINARY, true, "i", 1);
    client_send(ws.fd, out.data, out.len);
    assert_int_equal(ws_read(&ws, &b), WS_BINARY);
    assert_string_equal(b.data, "osh");
    assert_int_equal(ws_read(&ws, &b), WS_BINARY);
    assert_string_equal(b.data, "eone");
    assert_int_equal(ws_read(&ws, &b), WS_BINARY);
    assert_string_equal(b.data, "etwo");
    assert_int_equal(ws_read(&ws, &b), WS_BINARY);
    assert_memory_equal(b.data, "x\7", 2);
    assert_int_equal(ws_read_close(&ws, &b), 1000);
    ws_end(&ws);
}

static const struct argv_row {
    const char *name, *first;
    int opcode;
} argv_rows[] = {
    {"no argv", "{}", WS_TEXT},
    {"empty argv", "{\"argv\":[]}", WS_TEXT},
    {"argv of numbers", "{\"argv\":[1]}", WS_TEXT},
    {"argv with a NUL", "{\"argv\":[\"a\\u0000b\"]}", WS_TEXT},
    {"argv is a string", "{\"argv\":\"reboot\"}", WS_TEXT},
    {"no JSON", "reboot", WS_TEXT},
    {"binary", "{\"argv\":[\"true\"]}", WS_BINARY},
};

static void test_argv(void **state)
{
    const struct argv_row *row = *state;
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct ws ws = open_path("/nodes/h1/exec");

    ws_send(&ws, row->opcode, row->first, strlen(row->first));
    assert_int_equal(ws_read_close(&ws, &b), 4400);
    ws_end(&ws);
}

static void test_capture(void **state)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct ws ws = open_path("/capture?port=h1%3Aeth0&filter=icmp");

    (void)state;
    assert_int_equal(ws_read(&ws, &b), WS_BINARY);
    assert_string_equal(b.data, "oh1:eth0");
    ws_end(&ws);
}

/* ---- clients that break rules ---- */

static const struct bad_row {
    const char *name;
    int fin_opcode; /* 0x100: without FIN */
    bool mask;
    const char *data;
    size_t n;
    int want; /* close code; -1: libwslay drops the connection at once */
} bad_rows[] = {
    {"not masked", WS_BINARY, false, "ihello", 6, 1002},
    {"reserved opcode", 3, true, "x", 1, 1002},
    {"continuation of nothing", 0, true, "x", 1, 1002},
    {"fragmented ping", 0x100 | WS_PING, true, "x", 1, -1},
    {"ping of 200 bytes", WS_PING, true, NULL, 200, -1},
    {"close code 999", WS_CLOSE, true, "\x03\xe7", 2, 1002},
    {"close of one byte", WS_CLOSE, true, "x", 1, 1005},
    {"text that is no UTF-8", WS_TEXT, true, "\xff\xfe", 2, 1007},
    {"text after the beginning", WS_TEXT, true, "{}", 2, 1002},
    {"empty message", WS_BINARY, true, "", 0, 1002},
    {"unknown type", WS_BINARY, true, "zzz", 3, 1002},
    {"type of the other direction", WS_BINARY, true, "ozzz", 4, 1002},
    {"type NUL", WS_BINARY, true, "\0zz", 3, 1002},
    {"short resize", WS_BINARY, true, "r\0", 2, 1002},
    {"long acknowledgement", WS_BINARY, true, "a123456789", 10, 1002},
    {"message of 65537 bytes", WS_BINARY, true, NULL, 65537, 1009},
    {"message of 16 MiB", WS_BINARY, true, NULL, 16u << 20, 1009},
};

static void test_bad(void **state)
{
    const struct bad_row *row = *state;
    AUTO(buf_clear) struct buf out = BUF_INIT;
    AUTO(buf_clear) struct buf b = BUF_INIT;
    AUTO(mem_freep) char *zeros = xcalloc(row->n + 1, 1);
    struct ws ws = open_console("", 100);

    if (row->data != NULL)
        memcpy(zeros, row->data, row->n);
    else
        zeros[0] = 'i';
    ws_frame(&out, (row->fin_opcode & 0x100) == 0, row->fin_opcode & 15, row->mask, zeros, row->n);
    client_send(ws.fd, out.data, out.len);
    assert_int_equal(ws_read_close(&ws, &b), row->want);
    ws_end(&ws);
    assert_int_equal(status_of(lf.f, NULL, "GET", "/healthz", NULL), 200); /* labd lives */
}

/* ---- handshakes ---- */

static const struct shake_row {
    const char *name, *headers; /* %s: the session token */
    int want;
} shake_rows[] = {
    {"bearer", "Authorization: Bearer %s\r\n" WS_HEADERS, 101},
    {"cookie and own origin", "Cookie: session=%s\r\nOrigin: http://lab.test\r\n" WS_HEADERS, 101},
    {"cookie and foreign origin", "Cookie: session=%s\r\nOrigin: http://evil.test\r\n" WS_HEADERS, 403},
    {"cookie without an origin", "Cookie: session=%s\r\n" WS_HEADERS, 403},
    {"bearer and foreign origin", "Authorization: Bearer %s\r\nOrigin: http://evil.test\r\n" WS_HEADERS, 403},
    {"nobody", "X: %s\r\nOrigin: http://lab.test\r\n" WS_HEADERS, 401},
    {"plain GET", "Authorization: Bearer %s\r\nConnection: close\r\n", 426},
    {"old version",
     "Authorization: Bearer %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 8\r\n" WS_KEY,
     426},
    {"no key",
     "Authorization: Bearer %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n",
     400},
    {"short key",
     "Authorization: Bearer %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: abc\r\n",
     400},
    {"list in Connection",
     "Authorization: Bearer %s\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n" WS_KEY,
     101},
};

static void test_shake(void **state)
{
    const struct shake_row *row = *state;
    const char *mark = strstr(row->headers, "%s");
    AUTO(mem_freep) char *path = path_of("/nodes/h1/console");
    AUTO(buf_clear) struct buf h = BUF_INIT;

    buf_add(&h, row->headers, (size_t)(mark - row->headers));
    buf_puts(&h, lf.f->student);
    buf_puts(&h, mark + 2);
    struct ws ws = ws_begin_with(lf.f, path, buf_str(&h), "", 0);
    assert_int_equal(ws.status, row->want);
    ws_end(&ws);
}

static const struct query_row {
    const char *name, *rest;
    int want;
} query_rows[] = {
    {"unknown node", "/nodes/h9/console", 404},
    {"node with a path", "/nodes/..%2fh1/console", 404},
    {"no rows", "/nodes/h1/console?rows=0", 400},
    {"many columns", "/nodes/h1/console?cols=100000", 400},
    {"rows are words", "/nodes/h1/console?rows=many", 400},
    {"offset -2", "/nodes/h1/console?offset=-2", 400},
    {"offset empty", "/nodes/h1/console?offset=", 400},
    {"capture without a port", "/capture", 400},
    {"capture port without colon", "/capture?port=h1", 400},
    {"capture port with a dash first", "/capture?port=-i:eth0", 400},
    {"capture port with a NUL", "/capture?port=h1:eth0%00x", 400},
    {"capture port with a bad escape", "/capture?port=h1:eth0%zz", 400},
};

static void test_query(void **state)
{
    const struct query_row *row = *state;
    AUTO(mem_freep) char *path = path_of(row->rest);
    struct ws ws = ws_begin(lf.f, lf.f->student, path);

    assert_int_equal(ws.status, row->want);
    ws_end(&ws);
}

/* ---- ends from outside ---- */

static void test_sign_out_ends_streams(void **state)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    AUTO(mem_freep) char *path = path_of("/nodes/h1/console");
    char token[64];

    (void)state;
    sign_in(lf.f, "sam", token, NULL);
    struct ws ws = ws_begin(lf.f, token, path);
    assert_int_equal(ws.status, 101);
    struct ws other = open_console("", 100);
    assert_int_equal(status_of(lf.f, token, "DELETE", "/api/v1/session", NULL), 204);
    assert_int_equal(ws_read_close(&ws, &b), 1008);
    ws_end(&ws);
    ws_send(&other, WS_BINARY, "istill", 6); /* of another session of the same user */
    assert_int_equal(ws_read(&other, &b), WS_BINARY);
    ws_end(&other);
}

static void test_labhost_dies(void **state)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct ws ws = open_console("", 100);

    (void)state;
    fixture_kill(&lf.f->host, SIGKILL);
    assert_int_equal(ws_read_close(&ws, &b), 1001);
    ws_end(&ws);
    ws = open_path("/nodes/h1/console");
    assert_int_equal(ws_read_close(&ws, &b), 4503);
    ws_end(&ws);
}

static void test_labd_stops(void **state)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct ws ws = open_path("/nodes/h1/exec");

    (void)state;
    kill(lf.f->site, SIGTERM);
    assert_int_equal(ws_read_close(&ws, &b), 1001);
    ws_end(&ws);
}

/* A command, a console, a capture: none can go on, and each is told why. */
static void test_lab_is_suspended(void **state)
{
    AUTO(mem_freep) char *suspend = path_of("/suspend");
    AUTO(mem_freep) char *resume = path_of("/resume");
    AUTO(mem_freep) char *want = xasprintf("lab %s is being suspended; resume it first", lf.id);
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct ws open[] = {open_console("", 100), open_path("/nodes/h1/exec"), open_path("/capture?port=l1:a")};

    (void)state;
    ws_send(&open[1], WS_TEXT, "{\"argv\":[\"cat\"]}", 16);
    assert_int_equal(ws_read(&open[1], &b), WS_BINARY);
    assert_int_equal(status_of(lf.f, lf.f->student, "POST", suspend, "{}"), 202);
    for (size_t i = 0; i < ARRAY_LEN(open); i++) {
        assert_int_equal(ws_read_close(&open[i], &b), 4409);
        assert_string_equal(b.data, want);
        ws_end(&open[i]);
    }
    lab_wait(lf.f, lf.f->student, lf.id, "suspended");
    assert_int_equal(status_of(lf.f, lf.f->student, "POST", resume, "{}"), 202);
    lab_wait(lf.f, lf.f->student, lf.id, "running");
    open[0] = open_console("?offset=105", 105);
    ws_end(&open[0]);
}

static int group_setup(void **state)
{
    if (fixture_setup(state) < 0)
        return -1;
    lf.f = *state;
    *state = NULL; /* else it would take the place of every test's row */
    host_wait(lf.f);
    lab_begin(lf.f, lf.f->student, lf.id);
    lab_wait(lf.f, lf.f->student, lf.id, "running");
    return 0;
}

static int group_teardown(void **state)
{
    void *f = lf.f;

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
    static const struct CMUnitTest first[] = {
        cmocka_unit_test(test_console_echo),
        cmocka_unit_test(test_console_offset),
        cmocka_unit_test(test_console_of_a_stopped_node),
        cmocka_unit_test(test_console_ended_by_host),
        cmocka_unit_test(test_bytes_with_the_handshake),
        cmocka_unit_test(test_fragments_and_ping),
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_exec),
        cmocka_unit_test(test_exec_in_one_packet),
        cmocka_unit_test(test_capture),
        cmocka_unit_test(test_sign_out_ends_streams),
        cmocka_unit_test(test_lab_is_suspended),
    };
    static const struct CMUnitTest last[] = {
        cmocka_unit_test(test_labhost_dies),
        cmocka_unit_test(test_labd_stops),
    };
    struct CMUnitTest all[ARRAY_LEN(first) + ARRAY_LEN(argv_rows) + ARRAY_LEN(bad_rows) +
                          ARRAY_LEN(shake_rows) + ARRAY_LEN(query_rows) + ARRAY_LEN(last)];
    size_t n = ARRAY_LEN(first);

    memcpy(all, first, sizeof first);
    ROWS(argv_rows, test_argv)
    ROWS(bad_rows, test_bad)
    ROWS(shake_rows, test_shake)
    ROWS(query_rows, test_query)
    memcpy(&all[n], last, sizeof last);
    n += ARRAY_LEN(last);
    return _cmocka_run_group_tests("site_stream", all, n, group_setup, group_teardown);
}
