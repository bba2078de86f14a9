/* Nothing is read from outside a folder, whatever is in it. */
#include "labd/base/file.h"
#include "labd/base/folder.h"
#include "labd/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char top[] = "/tmp/test_folder.XXXXXX";

static void put(const char *rel, const char *text)
{
    AUTO(mem_freep) char *path = xasprintf("%s/%s", top, rel);
    struct err e;

    assert_int_equal(file_write_atomic(path, text, strlen(text), 0640, &e), 0);
}

static void set_link(const char *to, const char *rel)
{
    AUTO(mem_freep) char *path = xasprintf("%s/%s", top, rel);

    assert_int_equal(symlink(to, path), 0);
}

static int setup(void **state)
{
    AUTO(mem_freep) char *sub = NULL, *pipe = NULL;

    (void)state;
    if (mkdtemp(top) == NULL)
        return -1;
    sub = xasprintf("%s/in/sub", top);
    pipe = xasprintf("%s/in/pipe", top);
    if (file_mkdirs(sub, 0755, NULL) < 0 || mkfifo(pipe, 0600) < 0)
        return -1;
    put("secret", "secret");
    put("in/file", "text");
    put("in/sub/deep", "deeper");
    set_link("../secret", "in/out");
    set_link("file", "in/inner");
    set_link("sub", "in/dirlink");
    set_link("/etc/passwd", "in/passwd");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return file_remove_tree(top, NULL);
}

static const struct row {
    const char *name, *rel;
    enum err_code want;
    const char *text;
    enum folder_kind kind;
} rows[] = {
    {"a file", "file", ERR_NONE, "text", FOLDER_FILE},
    {"a file in a folder", "sub/deep", ERR_NONE, "deeper", FOLDER_FILE},
    {"by a detour", "sub/../file", ERR_NONE, "text", FOLDER_FILE},
    {"missing", "nothing", ERR_NOT_FOUND, NULL, FOLDER_NOTHING},
    {"below a file", "file/x", ERR_NOT_FOUND, NULL, FOLDER_NOTHING},
    {"out by dots", "../secret", ERR_DENIED, NULL, FOLDER_NOTHING},
    {"out by more dots", "sub/../../secret", ERR_DENIED, NULL, FOLDER_NOTHING},
    {"out by an absolute path", "/etc/passwd", ERR_DENIED, NULL, FOLDER_NOTHING},
    {"out by a link", "out", ERR_DENIED, NULL, FOLDER_LINK},
    {"out by an absolute link", "passwd", ERR_DENIED, NULL, FOLDER_LINK},
    {"a link that stays inside", "inner", ERR_DENIED, NULL, FOLDER_LINK},
    {"through a link", "dirlink/deep", ERR_DENIED, NULL, FOLDER_NOTHING},
    {"a folder", "sub", ERR_INVALID, NULL, FOLDER_DIR},
    {"a pipe", "pipe", ERR_INVALID, NULL, FOLDER_OTHER},
};

static void open_in(struct folder *f)
{
    AUTO(mem_freep) char *path = xasprintf("%s/in", top);
    struct err e;

    assert_int_equal(folder_open(f, path, &e), 0);
}

static void test_read(void **state)
{
    const struct row *r = *state;
    AUTO(folder_close) struct folder f = FOLDER_INIT;
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct err e = {0};
    mode_t mode = 1;
    int rc;

    open_in(&f);
    assert_int_equal(folder_kind(&f, r->rel), r->kind);
    rc = folder_read(&f, r->rel, 100, &b, &mode, &e);
    assert_int_equal(rc, r->want == ERR_NONE ? 0 : -1);
    assert_int_equal(e.code, r->want);
    if (r->text != NULL) {
        assert_string_equal(buf_str(&b), r->text);
        assert_int_equal(mode, 0640);
    } else {
        assert_int_equal(b.len, 0);
        assert_int_equal(mode, 1);
    }
}

static void test_budget(void **state)
{
    AUTO(folder_close) struct folder f = FOLDER_INIT;
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct folder_entry *v;
    struct err e = {0};
    size_t n;

    (void)state;
    open_in(&f);
    assert_int_equal(folder_read(&f, "file", 3, &b, NULL, &e), -1);
    assert_int_equal(e.code, ERR_CAPACITY);
    f.bytes_left = 5;
    assert_int_equal(folder_read(&f, "file", 4, &b, NULL, &e), 0);
    assert_int_equal(folder_read(&f, "file", 4, &b, NULL, &e), -1);
    assert_int_equal(e.code, ERR_CAPACITY);
    f.entries_left = 3;
    assert_int_equal(folder_list(&f, ".", &v, &n, &e), -1);
    assert_int_equal(e.code, ERR_CAPACITY);
}

static void test_list(void **state)
{
    static const struct {
        const char *name;
        enum folder_kind kind;
    } want[] = {{"dirlink", FOLDER_LINK}, {"file", FOLDER_FILE},   {"inner", FOLDER_LINK},
                {"out", FOLDER_LINK},     {"passwd", FOLDER_LINK}, {"pipe", FOLDER_OTHER},
                {"sub", FOLDER_DIR}};
    AUTO(folder_close) struct folder f = FOLDER_INIT;
    struct folder_entry *v = NULL;
    struct err e = {0};
    size_t n = 0;

    (void)state;
    open_in(&f);
    assert_int_equal(folder_list(&f, ".", &v, &n, &e), 0);
    assert_int_equal(n, ARRAY_LEN(want));
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(v[i].name, want[i].name);
        assert_int_equal(v[i].kind, want[i].kind);
    }
    folder_entries_free(v, n);
    assert_int_equal(folder_list(&f, "dirlink", &v, &n, &e), -1);
    assert_int_equal(e.code, ERR_DENIED);
    assert_int_equal(folder_list(&f, "..", &v, &n, &e), -1);
    assert_int_equal(e.code, ERR_DENIED);
}

static void test_no_folder(void **state)
{
    AUTO(mem_freep) char *path = xasprintf("%s/nothing", top);
    struct folder f = FOLDER_INIT;
    struct err e = {0};

    (void)state;
    assert_int_equal(folder_open(&f, path, &e), -1);
    assert_int_equal(e.code, ERR_NOT_FOUND);
    assert_int_equal(f.fd, -1);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 3];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        tests[n++] = (struct CMUnitTest){rows[i].name, test_read, NULL, NULL, (void *)(uintptr_t)&rows[i]};
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_budget);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_list);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_no_folder);
    return _cmocka_run_group_tests("folder", tests, n, setup, teardown);
}
