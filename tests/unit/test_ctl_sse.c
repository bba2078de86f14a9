/* The parser of server-sent events, fed whole and byte by byte. */
#include "labd/base/mem.h"
#include "labd/ctl/ctl_sse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct row {
    const char *name, *in;
    const char *want; /* "event=data;" for each */
} rows[] = {
    {"one event", "event: lab\ndata: {}\n\n", "lab={};"},
    {"no blank after the colon", "event:lab\ndata:{}\n\n", "lab={};"},
    {"only one blank is taken", "data:  x\n\n", "message= x;"},
    {"no name", "data: x\n\n", "message=x;"},
    {"two", "event: a\ndata: 1\n\nevent: b\ndata: 2\n\n", "a=1;b=2;"},
    {"the name does not stay", "event: a\ndata: 1\n\ndata: 2\n\n", "a=1;message=2;"},
    {"several data lines", "data: 1\ndata: 2\n\n", "message=1\n2;"},
    {"empty data", "data:\n\n", "message=;"},
    {"a field without a colon", "data\n\n", "message=;"},
    {"no data, no event", "event: a\n\n", ""},
    {"comment", ": ping\n\ndata: 1\n\n", "message=1;"},
    {"other fields", "id: 7\nretry: 10\ndata: 1\n\n", "message=1;"},
    {"CRLF", "event: a\r\ndata: 1\r\n\r\n", "a=1;"},
    {"CR alone", "event: a\rdata: 1\r\r", "a=1;"},
    {"not finished", "data: 1\n", ""},
    {"a colon in the data", "data: a:b\n\n", "message=a:b;"},
};

static bool note(const char *event, const char *data, void *arg)
{
    buf_printf(arg, "%s=%s;", event, data);
    return true;
}

static void test_row(void **state)
{
    const struct row *r = *state;
    struct err e = {0};

    for (size_t step = 1; step <= strlen(r->in); step += strlen(r->in) - 1) {
        AUTO(sse_clear) struct sse s = SSE_INIT;
        AUTO(buf_clear) struct buf got = BUF_INIT;

        for (size_t i = 0; i < strlen(r->in); i += step)
            assert_int_equal(
                sse_feed(&s, r->in + i, step < strlen(r->in) - i ? step : strlen(r->in) - i, note, &got, &e),
                0);
        assert_string_equal(buf_str(&got), r->want);
    }
}

static bool stop(const char *event, const char *data, void *arg)
{
    note(event, data, arg);
    return false;
}

static void test_stop(void **state)
{
    static const char in[] = "data: 1\n\ndata: 2\n\n";
    AUTO(sse_clear) struct sse s = SSE_INIT;
    AUTO(buf_clear) struct buf got = BUF_INIT;
    struct err e = {0};

    (void)state;
    assert_int_equal(sse_feed(&s, in, strlen(in), stop, &got, &e), 1);
    assert_string_equal(buf_str(&got), "message=1;");
}

static void test_too_long(void **state)
{
    AUTO(sse_clear) struct sse s = SSE_INIT;
    AUTO(buf_clear) struct buf got = BUF_INIT;
    AUTO(mem_freep) char *chunk = xcalloc(1, 1u << 20);
    struct err e = {0};
    int rc = 0;

    (void)state;
    memset(chunk, 'x', 1u << 20);
    for (int i = 0; i < 17 && rc == 0; i++)
        rc = sse_feed(&s, chunk, 1u << 20, note, &got, &e);
    assert_int_equal(rc, -1);
    assert_int_equal(e.code, ERR_PROTOCOL);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 2];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        union {
            const struct row *in;
            void *out;
        } row = {&rows[i]};

        tests[n++] = (struct CMUnitTest){rows[i].name, test_row, NULL, NULL, row.out};
    }
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_stop);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_too_long);
    return _cmocka_run_group_tests("ctl_sse", tests, n, NULL, NULL);
}
