/* labd/host/guest/guest_result.c: what a guest's init says, as hostile bytes. */
#include "labd/host/guest/guest_result.h"

#include "labd/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct row {
    const char *name, *text;
    enum err_code want; /* of the parsing */
    int status;
    const char *output;
} rows[] = {
    {"ok without output", "ok\n", ERR_NONE, 0, ""},
    {"ok with output", "ok\nhello\n", ERR_NONE, 0, "hello\n"},
    {"failed with output", "failed 3\nno such network\n", ERR_NONE, 3, "no such network\n"},
    {"failed 255", "failed 255\n", ERR_NONE, 255, ""},
    {"output that looks like a result", "failed 1\nok\n", ERR_NONE, 1, "ok\n"},
    {"nothing", "", ERR_PROTOCOL, 0, NULL},
    {"ok without newline", "ok", ERR_PROTOCOL, 0, NULL},
    {"failed 0 contradicts itself", "failed 0\n", ERR_PROTOCOL, 0, NULL},
    {"a status over 255", "failed 256\n", ERR_PROTOCOL, 0, NULL},
    {"a status that overflows", "failed 99999999999999999999\n", ERR_PROTOCOL, 0, NULL},
    {"no status", "failed \n", ERR_PROTOCOL, 0, NULL},
    {"a negative status", "failed -1\n", ERR_PROTOCOL, 0, NULL},
    {"a status cut off", "failed 3", ERR_PROTOCOL, 0, NULL},
    {"something else", "root@h1:~# ", ERR_PROTOCOL, 0, NULL},
};

static void parses(void **state)
{
    const struct row *r = *state;
    struct guest_result got = {.status = 77};
    struct err e = {0};

    int rc = guest_result_parse(r->text, strlen(r->text), &got, &e);
    assert_int_equal(rc == 0 ? ERR_NONE : e.code, r->want);
    if (rc < 0) {
        assert_int_equal(got.status, 77); /* untouched */
        return;
    }
    assert_int_equal(got.status, r->status);
    assert_int_equal(got.n, strlen(r->output));
    assert_memory_equal(got.output, r->output, got.n);
}

static void output_is_bounded(void **state)
{
    static char text[3 * GUEST_OUTPUT_MAX] = "ok\n";
    struct guest_result got;
    struct err e;

    (void)state;
    assert_int_equal(guest_result_parse(text, sizeof text, &got, &e), 0);
    assert_int_equal(got.n, GUEST_OUTPUT_MAX);
}

static void a_failed_script_is_an_error_of_a_tool(void **state)
{
    const struct guest_result r = {.status = 7};
    struct err e;

    (void)state;
    assert_int_equal(guest_result_err(&r, &e), -1);
    assert_int_equal(e.code, ERR_TOOL);
    assert_string_equal(e.msg, "the startup script ended with status 7");
}

static void is_kept_until_removed(void **state)
{
    char dir[] = "/tmp/plg-result-XXXXXX";
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct err e;

    (void)state;
    assert_non_null(mkdtemp(dir));
    assert_false(guest_result_exists(dir));
    assert_int_equal(guest_result_load(dir, &text, &e), -1);
    assert_int_equal(e.code, ERR_NOT_FOUND);
    assert_int_equal(guest_result_save(dir, "ok\nx\0y", 6, &e), 0);
    assert_true(guest_result_exists(dir));
    assert_int_equal(guest_result_load(dir, &text, &e), 0);
    assert_int_equal(text.len, 6);
    assert_memory_equal(text.data, "ok\nx\0y", 6);
    assert_int_equal(guest_result_remove(dir, &e), 0);
    assert_int_equal(guest_result_remove(dir, &e), 0);
    assert_false(guest_result_exists(dir));
    assert_int_equal(rmdir(dir), 0); /* nothing else was left in it */
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 3];
    size_t n = 0;

    for (; n < ARRAY_LEN(rows); n++)
        tests[n] = (struct CMUnitTest){rows[n].name, parses, NULL, NULL, (void *)(uintptr_t)&rows[n]};
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(output_is_bounded);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(a_failed_script_is_an_error_of_a_tool);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(is_kept_until_removed);
    return cmocka_run_group_tests_name("guest_result", tests, NULL, NULL);
}
