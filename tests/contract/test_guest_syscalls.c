/* What system calls a container's guest has: a program in it makes each, and says what came of it.  Needs root, the
 * guest image and a C compiler; runs beside any other instance and leaves nothing. */
#include "tests/contract/guest_fixture.c" /* NOLINT(bugprone-suspicious-include) */

#include <signal.h>

/* Calls what its arguments say and prints the errno, or 0. */
static const char caller_source[] =
    "#define _GNU_SOURCE\n"
    "#include <errno.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <unistd.h>\n"
    "int main(int c, char **v) { long a[7] = {0};\n"
    " if (c == 1) { __asm__ volatile(\"int $0x80\" : : \"a\"(20)); puts(\"i386 works\"); return 0; }\n"
    " for (int i = 1; i < c && i < 8; i++) a[i - 1] = strtol(v[i], 0, 0);\n"
    " long r = syscall(a[0], a[1], a[2], a[3], a[4], a[5], a[6]);\n"
    " if (r == 0 && a[0] == 56) _exit(0);\n"
    " printf(\"%d\\n\", r < 0 ? errno : 0); return 0; }\n";

static void install_caller(struct fixture *f)
{
    char path[128], host_binary[] = "caller";
    AUTO(buf_clear) struct buf program = BUF_INIT;
    AUTO(argv_clear) struct argv argv = {0};
    struct err e;

    snprintf(path, sizeof path, "%s/%s", f->dir, host_binary);
    const char *cc[] = {"gcc", "-static", "-Os", "-x", "c", "-o", path, "-", NULL};
    const struct proc_spec compile = {
        .argv = cc, .input = caller_source, .input_len = sizeof caller_source - 1};
    assert_ok(proc_check(NULL, &compile, NULL, &e), &e);
    assert_ok(file_read(path, 8u << 20, &program, &e), &e);
    assert_ok(f->ops->exec_argv(&f->lab, 0,
                                (const char *[]){"sh", "-c", "cat > caller && chmod +x caller", NULL}, &argv,
                                &e),
              &e);
    const struct proc_spec copy = {.argv = argv_get(&argv), .input = program.data, .input_len = program.len};
    assert_ok(proc_check(NULL, &copy, NULL, &e), &e);
}

static const struct call {
    const char *name, *args; /* number and arguments: x86_64 */
    int want;
} calls[] = {
    {"getpid is allowed", "39", 0},
    {"unshare a user namespace", "272 0x10000000", EPERM},
    {"unshare a mount namespace", "272 0x00020000", EPERM},
    {"clone a user namespace", "56 0x10000011", EPERM},
    {"clone a network namespace", "56 0x40000011", EPERM},
    {"clone3 is not there", "435 0 0", ENOSYS},
    {"setns", "308 0 0", EPERM},
    {"mount", "165 0 0 0 0 0", EPERM},
    {"umount2", "166 0 2", EPERM},
    {"pivot_root", "155 0 0", EPERM},
    {"open_tree", "428 -100 0 1", EPERM},
    {"fsopen", "430 0 0", EPERM},
    {"bpf", "321 0 0 0", EPERM},
    {"perf_event_open", "298 0 0 -1 -1 0", EPERM},
    {"keyctl", "250 0 -3 0", EPERM},
    {"add_key", "248 0 0 0 0 0", EPERM},
    {"request_key", "249 0 0 0 0", EPERM},
    {"userfaultfd", "323 1", EPERM},
    {"io_uring_setup", "425 1 0", EPERM},
    {"open_by_handle_at", "304 -100 0 0", EPERM},
    {"name_to_handle_at", "303 -100 0 0 0 0", EPERM},
    {"ptrace", "101 0 0 0 0", EPERM},
    {"process_vm_readv", "310 1 0 0 0 0 0", EPERM},
    {"pidfd_getfd", "438 0 0 0", EPERM},
    {"init_module", "175 0 0 0", EPERM},
    {"kexec_load", "246 0 0 0 0", EPERM},
    {"reboot", "169 0xfee1dead 672274793 0", EPERM},
    {"swapon", "167 0 0", EPERM},
    {"settimeofday", "164 0 0", EPERM},
    {"clock_settime", "227 0 0", EPERM},
    {"adjtimex", "159 0", EPERM},
    {"iopl", "172 0", EPERM},
    {"ioperm", "173 0 0 0", EPERM},
    {"quotactl", "179 0 0 0 0", EPERM},
    {"acct", "163 0", EPERM},
    {"syslog", "103 3 0 0", EPERM},
    {"fanotify_init", "300 0 0", EPERM},
};

static struct fixture *calling; /* one guest for all rows */

static int calls_setup(void **state)
{
    void *fresh = (void *)(uintptr_t)&guest_container;

    (void)state;
    assert_int_equal(fixture_setup(&fresh), 0);
    calling = fresh;
    fixture_boot(calling);
    install_caller(calling);
    return 0;
}

static int calls_teardown(void **state)
{
    void *done = calling;

    (void)state;
    return fixture_teardown(&done);
}

static void system_call_gives(void **state)
{
    const struct call *c = *state;
    AUTO(mem_freep) char *script = xasprintf("./caller %s", c->args);
    AUTO(mem_freep) char *want = xasprintf("%d\n", c->want);

    fixture_expect(calling, 0, script, want);
}

static void a_call_by_the_32_bit_table_kills(void **state)
{
    AUTO(buf_clear) struct buf out = BUF_INIT;

    (void)state;
    assert_int_equal(fixture_sh(calling, 0, "./caller; exit $?", NULL, &out), 128 + SIGSYS);
    assert_null(strstr(buf_str(&out), "works"));
}

int main(void)
{
    struct CMUnitTest rows[ARRAY_LEN(calls) + 1];

    for (size_t i = 0; i < ARRAY_LEN(calls); i++)
        rows[i] =
            (struct CMUnitTest){calls[i].name, system_call_gives, NULL, NULL, (void *)(uintptr_t)&calls[i]};
    rows[ARRAY_LEN(calls)] = (struct CMUnitTest)cmocka_unit_test(a_call_by_the_32_bit_table_kills);
    return cmocka_run_group_tests_name("system calls", rows, calls_setup, calls_teardown);
}
