/* Errors, names, buffers, files, processes and the loop: what everything else stands on. */
#include "labd/base/buf.h"
#include "labd/base/err.h"
#include "labd/base/file.h"
#include "labd/base/loop.h"
#include "labd/base/mem.h"
#include "labd/base/name.h"
#include "labd/base/pack.h"
#include "labd/base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const struct name_row {
    const char *name, *in;
    bool node, iface;
} names[] = {
    {"name: plain", "r1", true, true},
    {"name: dash", "web-server", true, true},
    {"name: longest node", "a234567890123456789012345678901", true, false},
    {"name: one too long", "a2345678901234567890123456789012", false, false},
    {"name: empty", "", false, false},
    {"name: capital", "R1", false, false},
    {"name: digit first", "1r", false, false},
    {"name: dash first", "-r", false, false},
    {"name: shell metacharacter", "r;reboot", false, false},
    {"name: path", "a/../b", false, false},
    {"name: newline", "r1\n", false, false},
    {"name: high byte", "r\xc3\xa9", false, false},
    {"name: loopback", "lo", true, false},
    {"name: vlan subinterface", "eth0.10", false, true},
    {"name: interface too long", "abcdefghijklmnop", true, false},
};

static void test_name(void **state)
{
    const struct name_row *r = *state;
    struct err e;

    assert_int_equal(name_ok(r->in), r->node);
    assert_int_equal(ifname_ok(r->in), r->iface);
    assert_int_equal(name_check(r->in, "node", &e), r->node ? 0 : -1);
    if (!r->node)
        assert_int_equal(e.code, ERR_INVALID);
}

static void test_lab_id(void **state)
{
    (void)state;
    assert_true(lab_id_ok("abc123"));
    assert_false(lab_id_ok("1bc123"));
    assert_false(lab_id_ok("abc12"));
    assert_false(lab_id_ok("abc1234"));
    assert_false(lab_id_ok("ab/.23"));
    assert_false(lab_id_ok(NULL));
}

static void test_err(void **state)
{
    struct err e;

    (void)state;
    assert_int_equal(err_set(&e, ERR_TOOL, "line one\nline two"), -1);
    assert_string_equal(e.msg, "line one line two");
    err_wrap(&e, "create guest %s", "r1");
    assert_string_equal(e.msg, "create guest r1: line one line two");
    assert_int_equal(e.code, ERR_TOOL);
    errno = ENOSPC;
    err_sys(&e, "write x");
    assert_int_equal(e.code, ERR_CAPACITY);
    assert_int_equal(e.sys, ENOSPC);
    for (unsigned c = 0; c < ERR_CODE_COUNT; c++)
        assert_int_equal(err_code_from_name(err_code_name((enum err_code)c)), c ? c : ERR_INTERNAL);
}

static void test_pack(void **state)
{
    AUTO(buf_clear) struct buf text = BUF_INIT, packed = BUF_INIT, out = BUF_INIT;
    struct err e;

    (void)state;
    for (int i = 0; i < 50000; i++)
        buf_printf(&text, "%d,", i % 100);
    pack(text.data, text.len, &packed);
    assert_true(packed.len < text.len / 10);
    buf_puts(&out, ">");
    assert_int_equal(unpack(packed.data, packed.len, text.len - 1, &out, &e), -1);
    assert_int_equal(e.code, ERR_CAPACITY);
    assert_int_equal(unpack(packed.data, packed.len - 1, text.len, &out, &e), -1);
    assert_int_equal(e.code, ERR_INVALID);
    assert_int_equal(unpack("nonsense", 8, text.len, &out, &e), -1);
    assert_int_equal(e.code, ERR_INVALID);
    assert_int_equal(unpack("", 0, text.len, &out, &e), -1);
    assert_string_equal(out.data, ">");
    assert_int_equal(unpack(packed.data, packed.len, text.len, &out, &e), 0);
    assert_int_equal(out.len, 1 + text.len);
    assert_memory_equal(out.data + 1, text.data, text.len);
    buf_clear(&packed);
    pack("", 0, &packed);
    assert_int_equal(unpack(packed.data, packed.len, 0, &out, &e), 0);
    assert_int_equal(out.len, 1 + text.len);
}

static void test_buf(void **state)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;

    (void)state;
    assert_string_equal(buf_str(&b), "");
    for (int i = 0; i < 1000; i++)
        buf_printf(&b, "%d,", i);
    assert_int_equal(b.len, 10 * 2 + 90 * 3 + 900 * 4);
    buf_consume(&b, 2);
    assert_memory_equal(b.data, "1,2,", 4);
    buf_truncate(&b, 3);
    assert_string_equal(b.data, "1,2");
}

static char *temp_dir(void)
{
    static char path[64];

    snprintf(path, sizeof path, "/tmp/plbase.XXXXXX");
    assert_non_null(mkdtemp(path));
    return path;
}

static void test_file(void **state)
{
    char *dir = temp_dir(), path[128];
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct err e;

    (void)state;
    snprintf(path, sizeof path, "%s/a/b/c", dir);
    assert_int_equal(file_mkdirs(path, 0755, &e), 0);
    assert_int_equal(file_mkdirs(path, 0755, &e), 0);
    snprintf(path, sizeof path, "%s/a/f", dir);
    assert_int_equal(file_write_atomic(path, "hello", 5, 0640, &e), 0);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_int_equal(file_read(path, 4, &b, &e), -1);
    assert_int_equal(e.code, ERR_CAPACITY);
    assert_int_equal(file_read(path, 5, &b, &e), 0);
    assert_string_equal(b.data, "hello");
    assert_int_equal(file_read("/nonexistent/x", 5, &b, &e), -1);
    assert_int_equal(e.code, ERR_NOT_FOUND);
    assert_int_equal(file_remove_tree(dir, &e), 0);
    assert_false(file_exists(dir));
    assert_int_equal(file_remove_tree(dir, &e), 0);
}

/* A student's folder: deeper than we have descriptors for, and a link that points out of it. */
static void test_remove_hostile_tree(void **state)
{
    char *dir = temp_dir(), keep[128];
    struct err e;
    int at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    (void)state;
    snprintf(keep, sizeof keep, "%s.keep", dir);
    assert_int_equal(mkdir(keep, 0755), 0);
    assert_int_equal(symlinkat(keep, at, "out"), 0);
    for (int i = 0; i < 3000; i++) {
        assert_int_equal(mkdirat(at, "d", 0755), 0);
        int next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(next >= 0);
        close(at);
        at = next;
    }
    close(at);
    assert_int_equal(file_remove_tree(dir, &e), 0);
    assert_false(file_exists(dir));
    assert_true(file_exists(keep));
    assert_int_equal(rmdir(keep), 0);
}

static void test_proc_output(void **state)
{
    AUTO(proc_result_clear) struct proc_result r = {0};
    const char *argv[] = {"sh", "-c", "cat; echo bad >&2; exit 3", NULL};
    struct err e;

    (void)state;
    assert_int_equal(proc_run(NULL, &(struct proc_spec){.argv = argv, .input = "in", .input_len = 2}, &r, &e),
                     0);
    assert_int_equal(r.status, 3);
    assert_string_equal(buf_str(&r.out), "in");
    assert_string_equal(buf_str(&r.err), "bad\n");
    assert_int_equal(proc_check(NULL, &(struct proc_spec){.argv = argv}, NULL, &e), -1);
    assert_string_equal(e.msg, "sh ended with status 3: bad");
}

static void test_proc_missing(void **state)
{
    struct err e;

    (void)state;
    assert_int_equal(proc_checkv(NULL, NULL, &e, "no-such-program-here", NULL), -1);
    assert_int_equal(e.code, ERR_TOOL);
    assert_non_null(strstr(e.msg, "not installed"));
}

static void test_proc_timeout_kills_group(void **state)
{
    AUTO(proc_result_clear) struct proc_result r = {0};
    const char *argv[] = {"sh", "-c", "sleep 1000 & echo $!; wait", NULL};
    struct err e;

    (void)state;
    assert_int_equal(proc_run(NULL, &(struct proc_spec){.argv = argv, .timeout_ms = 300}, &r, &e), -1);
    assert_int_equal(e.code, ERR_TIMEOUT);
    pid_t child = (pid_t)strtol(buf_str(&r.out), NULL, 10);
    assert_true(child > 0);
    for (int i = 0; i < 100 && kill(child, 0) == 0; i++)
        usleep(20000);
    assert_int_equal(kill(child, 0), -1);
}

/* Who writes as fast as we read must not keep us from his deadline. */
static void test_proc_endless_output(void **state)
{
    static const char *const argv[] = {"cat", "/dev/zero", NULL};
    struct proc_result r = {0};
    struct err e;

    (void)state;
    assert_int_equal(
        proc_run(NULL, &(struct proc_spec){.argv = argv, .timeout_ms = 300, .output_max = 1000}, &r, &e), -1);
    assert_int_equal(e.code, ERR_TIMEOUT);
    assert_int_equal(r.out.len, 1000);
    proc_result_clear(&r);
}

static void test_proc_output_cap(void **state)
{
    AUTO(proc_result_clear) struct proc_result r = {0};
    const char *argv[] = {"head", "-c", "300000", "/dev/zero", NULL};
    struct err e;

    (void)state;
    assert_int_equal(proc_run(NULL, &(struct proc_spec){.argv = argv, .output_max = 1000}, &r, &e), 0);
    assert_int_equal(r.out.len, 1000);
}

static void test_proc_descriptors(void **state)
{
    AUTO(buf_clear) struct buf out = BUF_INIT;
    const char *argv[] = {"sh", "-c", "ls /proc/self/fd; cat <&3", NULL};
    int p[2];
    struct err e;

    (void)state;
    assert_int_equal(pipe(p), 0); /* on purpose not close-on-exec */
    assert_int_equal(write(p[1], "kept", 4), 4);
    fcntl(p[1], F_SETFD, FD_CLOEXEC);
    struct proc_spec s = {.argv = argv, .keep_fds = {p[0]}, .nkeep = 1};
    int w = p[1];
    close(w);
    assert_int_equal(proc_check(NULL, &s, &out, &e), 0);
    close(p[0]);
    assert_string_equal(buf_str(&out), "0\n1\n2\n3\n4\nkept"); /* 4: ls itself reading the folder */
}

static void count_done(size_t i, bool ran, struct proc_result *r, const struct err *e, void *arg)
{
    int *seen = arg;

    (void)e;
    assert_true(ran);
    assert_int_equal(r->status, (int)(i % 3));
    seen[i]++;
}

static void test_proc_pool(void **state)
{
    struct proc_spec specs[20] = {0};
    const char *argv[3][4] = {
        {"sh", "-c", "exit 0", NULL}, {"sh", "-c", "exit 1", NULL}, {"sh", "-c", "exit 2", NULL}};
    int seen[20] = {0};
    struct err e;

    (void)state;
    for (size_t i = 0; i < 20; i++)
        specs[i].argv = argv[i % 3];
    assert_int_equal(proc_pool(NULL, specs, 20, 3, count_done, seen, &e), 0);
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(seen[i], 1);
}

struct order {
    struct loop *loop;
    char text[16];
    size_t n;
    struct loop_timer *never;
};

static void tick_b(void *arg)
{
    struct order *o = arg;

    o->text[o->n++] = 'b';
    loop_stop(o->loop);
}

static void tick_a(void *arg)
{
    struct order *o = arg;

    o->text[o->n++] = 'a';
    loop_timer_del(o->never);
    loop_timer_add(o->loop, 1, tick_b, o);
}

static void tick_never(void *arg)
{
    struct order *o = arg;

    o->text[o->n++] = 'x';
}

static void child_done(pid_t pid, int status, void *arg)
{
    struct order *o = arg;

    (void)pid;
    assert_int_equal(WEXITSTATUS(status), 7);
    o->text[o->n++] = 'c';
}

static void test_loop(void **state)
{
    struct err e;
    struct order o = {.loop = loop_new(&e)};

    (void)state;
    pid_t pid = fork();
    if (pid == 0)
        _exit(7);
    assert_int_equal(loop_child_add(o.loop, pid, child_done, &o, &e), 0);
    o.never = loop_timer_add(o.loop, 200, tick_never, &o);
    loop_timer_add(o.loop, 100, tick_a, &o);
    assert_int_equal(loop_run(o.loop, &e), 0);
    assert_string_equal(o.text, "cab");
    loop_free(o.loop);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(names) + 32];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        union {
            const struct name_row *in;
            void *out;
        } row = {.in = &names[i]};
        tests[n++] = (struct CMUnitTest){names[i].name, test_name, NULL, NULL, row.out};
    }
    const struct CMUnitTest rest[] = {
        cmocka_unit_test(test_lab_id),
        cmocka_unit_test(test_err),
        cmocka_unit_test(test_buf),
        cmocka_unit_test(test_pack),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_remove_hostile_tree),
        cmocka_unit_test(test_proc_output),
        cmocka_unit_test(test_proc_missing),
        cmocka_unit_test(test_proc_timeout_kills_group),
        cmocka_unit_test(test_proc_endless_output),
        cmocka_unit_test(test_proc_output_cap),
        cmocka_unit_test(test_proc_descriptors),
        cmocka_unit_test(test_proc_pool),
        cmocka_unit_test(test_loop),
    };
    memcpy(tests + n, rest, sizeof rest);
    return _cmocka_run_group_tests("base", tests, n + ARRAY_LEN(rest), NULL, NULL);
}
