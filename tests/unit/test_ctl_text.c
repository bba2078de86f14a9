/* Text for terminals: what a guest or a server sent cannot move the cursor or hide anything. */
#include "labd/base/mem.h"
#include "labd/ctl/ctl_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct safe_row {
    const char *name, *in, *want;
} safe_rows[] = {
    {"plain", "r1: up", "r1: up"},
    {"UTF-8 stays", "Z\xc3\xbcrich \xe2\x86\x92 \xf0\x9f\x98\x80",
     "Z\xc3\xbcrich \xe2\x86\x92 \xf0\x9f\x98\x80"},
    {"escape sequence", "\033[2J", "\\x1b[2J"},
    {"carriage return", "ok\rno", "ok\\x0dno"},
    {"newline", "a\nb", "a\\x0ab"},
    {"delete", "a\x7f", "a\\x7f"},
    {"C1 control in UTF-8",
     "\xc2\x9b"
     "2J",
     "\\u{9b}2J"},
    {"right-to-left override",
     "\xe2\x80\xae"
     "txt",
     "\\u{202e}txt"},
    {"isolate", "\xe2\x81\xa6", "\\u{2066}"},
    {"stray continuation byte", "\x9b", "\\x9b"},
    {"cut sequence", "\xe2\x80", "\\xe2\\x80"},
    {"overlong form", "\xc0\xaf", "\\xc0\\xaf"},
    {"surrogate", "\xed\xa0\x80", "\\xed\\xa0\\x80"},
    {"beyond Unicode", "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
};

static void test_safe(void **state)
{
    const struct safe_row *r = *state;
    AUTO(mem_freep) char *got = text_safe(r->in, strlen(r->in));

    assert_string_equal(got, r->want);
}

static const struct impair_row {
    const char *name, *json, *want;
} impair_rows[] = {
    {"impair: nothing", "{}", "none"},
    {"impair: null", "null", "none"},
    {"impair: zeros", "{\"delay_us\":0,\"loss_ppm\":0}", "none"},
    {"impair: delay", "{\"delay_us\":20500}", "delay 20.5ms"},
    {"impair: all", "{\"delay_us\":20000,\"jitter_us\":2000,\"loss_ppm\":10000,\"rate_bps\":10000000}",
     "delay 20ms, jitter 2ms, loss 1%, rate 10mbit"},
    {"impair: slow", "{\"rate_bps\":64000}", "rate 64kbit"},
    {"impair: fast", "{\"rate_bps\":1500000000}", "rate 1.5gbit"},
    {"impair: hostile types", "{\"delay_us\":\"x\",\"loss_ppm\":[1]}", "none"},
};

static void test_impair(void **state)
{
    const struct impair_row *r = *state;
    AUTO(buf_clear) struct buf out = BUF_INIT;
    json_t *j = json_loads(r->json, JSON_DECODE_ANY, NULL);

    assert_non_null(j);
    text_impair(j, &out);
    json_decref(j);
    assert_string_equal(buf_str(&out), r->want);
}

static void test_table(void **state)
{
    AUTO(text_table_clear) struct text_table t = {.columns = 3};
    AUTO(mem_freep) char *got = NULL;
    size_t n;
    FILE *f = open_memstream(&got, &n);

    (void)state;
    for (int i = 0; i < 2; i++) {
        text_cell(&t, "%s", i ? "Z\xc3\xbcrich" : "A");
        text_cell(&t, "%s", i ? "x" : "longer");
        text_cell(&t, "%s", i ? "\x07" : "last");
    }
    text_table_print(&t, f);
    fclose(f);
    assert_string_equal(got, "A       longer  last\nZ\xc3\xbcrich  x       \\x07\n");
}

static void test_lines(void **state)
{
    AUTO(mem_freep) char *got = NULL;
    size_t n;
    FILE *f = open_memstream(&got, &n);

    (void)state;
    text_lines(f, "> ", "one\ntwo\033c\n\nlast");
    fclose(f);
    assert_string_equal(got, "> one\n> two\\x1bc\n> \n> last\n");
}

static void test_json(void **state)
{
    AUTO(mem_freep) char *got = NULL;
    size_t n;
    FILE *f = open_memstream(&got, &n);
    json_t *j = json_pack("{s:s}", "k", "\033\x7f\xc2\x9b");

    (void)state;
    text_json(f, j);
    json_decref(j);
    fclose(f);
    assert_string_equal(got, "{\n  \"k\": \"\\u001B\\u007f\\u009B\"\n}\n");
}

static void test_members(void **state)
{
    json_t *j = json_pack("{s:s, s:i, s:f, s:n}", "s", "x", "i", 7, "f", 2.9, "n");

    (void)state;
    assert_string_equal(text_str(j, "s"), "x");
    assert_string_equal(text_str(j, "i"), "");
    assert_string_equal(text_str(j, "absent"), "");
    assert_string_equal(text_str(NULL, "s"), "");
    assert_int_equal(text_int(j, "i"), 7);
    assert_int_equal(text_int(j, "f"), 2);
    assert_int_equal(text_int(j, "n"), 0);
    json_decref(j);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(safe_rows) + ARRAY_LEN(impair_rows) + 4];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(safe_rows); i++) {
        union {
            const struct safe_row *in;
            void *out;
        } row = {&safe_rows[i]};

        tests[n++] = (struct CMUnitTest){safe_rows[i].name, test_safe, NULL, NULL, row.out};
    }
    for (size_t i = 0; i < ARRAY_LEN(impair_rows); i++) {
        union {
            const struct impair_row *in;
            void *out;
        } row = {&impair_rows[i]};

        tests[n++] = (struct CMUnitTest){impair_rows[i].name, test_impair, NULL, NULL, row.out};
    }
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_table);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_lines);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_json);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_members);
    return _cmocka_run_group_tests("ctl_text", tests, n, NULL, NULL);
}
