/* Requests of labprobe for pages, and what servers make of them.  No socket is open here. */
#include "grading/probe/speech.h"
#include "labd/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void ask(struct probe *p, struct shot *s, const char *to, const char *text)
{
    memset(p, 0, sizeof *p);
    memset(s, 0, sizeof *s);
    p->kind = PROBE_TCP;
    p->ask.speak = PROBE_SAY_HTTP;
    snprintf(p->ask.path, sizeof p->ask.path, "/news/");
    snprintf(p->ask.text, sizeof p->ask.text, "%s", text);
    assert_true(probe_addr_parse(to, &p->to));
    snprintf(s->hex, sizeof s->hex, "0123456789abcdef0123456789abcdef");
    s->s.answer.code = PROBE_ANSWER_NONE;
}

static void shot_clear(struct shot *s)
{
    buf_clear(&s->tx);
    buf_clear(&s->rx);
    free(s->s.answer.values);
}

static void test_request(void **state)
{
    AUTO(shot_clear) struct shot s;
    struct probe p;

    (void)state;
    ask(&p, &s, "10.0.2.10", "");
    assert_int_equal(speech_http.request(&p, &s, NULL), 0);
    assert_non_null(strstr(buf_str(&s.tx), "GET /news/?0123456789abcdef0123456789abcdef HTTP/1.0\r\n"));
    assert_non_null(strstr(buf_str(&s.tx), "\r\nHost: 10.0.2.10\r\n"));
    assert_string_equal(s.tx.data + s.tx.len - 4, "\r\n\r\n");
}

static void test_request_for_what_can_not_exist(void **state)
{
    AUTO(shot_clear) struct shot s;
    struct probe p;

    (void)state;
    ask(&p, &s, "fd00::1", "");
    p.ask.fresh = true;
    assert_int_equal(speech_http.request(&p, &s, NULL), 0);
    assert_non_null(strstr(buf_str(&s.tx), "GET /0123456789abcdef0123456789abcdef HTTP/1.0\r\n"));
    assert_non_null(strstr(buf_str(&s.tx), "\r\nHost: [fd00::1]\r\n"));
}

static void test_request_for_a_host(void **state)
{
    AUTO(shot_clear) struct shot s;
    struct probe p;

    (void)state;
    ask(&p, &s, "10.0.2.10", "");
    snprintf(p.ask.domain, sizeof p.ask.domain, "www.lab.test");
    assert_int_equal(speech_http.request(&p, &s, NULL), 0);
    assert_non_null(strstr(buf_str(&s.tx), "\r\nHost: www.lab.test\r\n"));
}

static const struct row {
    const char *name, *text, *bytes;
    bool closed;
    int code; /* PROBE_ANSWER_NONE: there may be more */
    bool found;
    const char *shown;
} rows[] = {
    {"a page", "come", "HTTP/1.1 200 OK\r\nServer: x\r\n\r\n<p>Welcome\n", true, 200, true, "<p>Welcome "},
    {"a page without the text", "bye", "HTTP/1.0 200 OK\r\n\r\nWelcome", true, 200, false, "Welcome"},
    {"the text is in the headers only", "x-welcome", "HTTP/1.0 200 OK\r\nA: x-welcome\r\n\r\nHi", true, 200,
     false, "Hi"},
    {"not found", "", "HTTP/1.1 404 Not Found\r\n\r\n", true, 404, true, ""},
    {"still open", "", "HTTP/1.1 200 OK\r\n\r\nWel", false, PROBE_ANSWER_NONE, false, NULL},
    {"still open, but complete", "", "HTTP/1.1 200 OK\r\ncontent-length:  3\r\n\r\nWel", false, 200, true,
     "Wel"},
    {"still open, a byte is missing", "", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nWel", false,
     PROBE_ANSWER_NONE, false, NULL},
    {"a length that overflows", "", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nWel",
     true, 200, true, "Wel"},
    {"headers only half", "", "HTTP/1.1 200 OK\r\nServer: x", true, PROBE_ANSWER_BAD, false, NULL},
    {"closed at once", "", "", true, PROBE_ANSWER_NONE, false, NULL},
    {"another protocol", "", "SSH-2.0-x\r\n\r\n", true, PROBE_ANSWER_BAD, false, NULL},
    {"a status in words", "", "HTTP/1.1 yes OK\r\n\r\n", true, PROBE_ANSWER_BAD, false, NULL},
    {"a status that is cut", "", "HTTP/1.1 20\r\n\r\n", true, PROBE_ANSWER_BAD, false, NULL},
    {"control bytes are not shown", "", "HTTP/1.1 200 OK\r\n\r\n\x1b[2J\xff\xfe<b>", true, 200, true,
     "[2J <b>"},
};

static void test_answer(void **state)
{
    const struct row *r = *state;
    AUTO(shot_clear) struct shot s;
    struct probe p;

    ask(&p, &s, "10.0.2.10", r->text);
    buf_puts(&s.rx, r->bytes);
    assert_int_equal(speech_http.answer(&p, &s, r->closed), r->closed || r->code != PROBE_ANSWER_NONE);
    assert_int_equal(s.s.answer.code, r->code);
    assert_int_equal(s.s.answer.found, r->found);
    assert_int_equal(s.s.answer.nvalues, r->shown != NULL);
    if (r->shown != NULL)
        assert_string_equal(s.s.answer.values[0], r->shown);
}

/* What is longer than is looked at counts as it is then. */
static void test_endless_page(void **state)
{
    AUTO(shot_clear) struct shot s;
    struct probe p;

    (void)state;
    ask(&p, &s, "10.0.2.10", "Welcome");
    buf_puts(&s.rx, "HTTP/1.1 200 OK\r\n\r\nWelcome");
    while (s.rx.len < speech_http.answer_max)
        buf_putc(&s.rx, 'a');
    assert_true(speech_http.answer(&p, &s, false));
    assert_int_equal(s.s.answer.code, 200);
    assert_true(s.s.answer.found);
    assert_in_range(strlen(s.s.answer.values[0]), 1, 100);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 4];
    size_t n = 0;

    for (; n < ARRAY_LEN(rows); n++)
        tests[n] = (struct CMUnitTest){rows[n].name, test_answer, NULL, NULL, (void *)(uintptr_t)&rows[n]};
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_request);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_request_for_what_can_not_exist);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_request_for_a_host);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_endless_page);
    return cmocka_run_group_tests_name("probe_http", tests, NULL, NULL);
}
