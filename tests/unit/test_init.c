/* lab-init for real: as process 1 of fresh user, pid, mount and network namespaces, which needs no
 * privilege.  Each row is one guest: a startup script, what it has to report, and how it ends.
 *
 * Three processes: the test; "outside", which stands for the driver: it is in the guest's network
 * but not among its processes; and process 1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

int init_main(int argc, char **argv);
#define main init_main
#include "images/init/init.c" // NOLINT(bugprone-suspicious-include): its functions are static
#undef main

#include "labd/base/file.h"
#include "labd/base/proc.h"

#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/syscall.h>

struct guest {
    pid_t outside, one; /* pids as this process sees them; 'one' is process 1 */
    int report;         /* read end */
    int command;        /* one byte to "outside" runs its next command */
};

/* ---- making a guest ---------------------------------------------------------------------------- */

static void or_exit(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "test_init: %s: %s (unprivileged user namespaces are needed)\n", what, strerror(errno));
    _exit(99);
}

static void write_file(const char *path, const char *text)
{
    struct err e;
    or_exit(file_write_once(path, text, &e) == 0, path);
}

static void new_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    or_exit(fd >= 0, path);
    write_all(fd, text, strlen(text));
    close(fd);
}

static void enter_namespaces(void)
{
    char map[64];
    uid_t uid = getuid();
    gid_t gid = getgid();

    or_exit(unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET) == 0, "unshare");
    write_file("/proc/self/setgroups", "deny");
    snprintf(map, sizeof(map), "0 %u 1", (unsigned)uid);
    write_file("/proc/self/uid_map", map);
    snprintf(map, sizeof(map), "0 %u 1", (unsigned)gid);
    write_file("/proc/self/gid_map", map);
}

/* Kept programs must exist before process 1 starts, and scripts are written by it. */
static void kept_programs(void)
{
    static const struct {
        const char *path, *text;
    } programs[] = {
        {"/run/keep", "#!/bin/sh\necho $$ >>/run/started\ncp /proc/$$/stat /run/stat\nexec sleep 60\n"},
        {"/run/brief", "#!/bin/sh\necho x >>/run/brief.log\n"},
    };

    for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
        new_file(programs[i].path, programs[i].text);
        or_exit(chmod(programs[i].path, 0755) == 0, programs[i].path);
    }
}

static void process_one(const char *script, char **argv, int argc, int report)
{
    or_exit(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "private mounts");
    or_exit(mount("proc", "/proc", "proc", 0, NULL) == 0, "mount /proc");
    or_exit(mount("run", "/run", "tmpfs", 0, NULL) == 0, "mount /run");
    or_exit(mount("log", "/var/log", "tmpfs", 0, NULL) == 0, "mount /var/log");
    or_exit(mkdir("/run/lab", 0755) == 0, "mkdir");
    if (script != NULL)
        new_file(STARTUP, script);
    kept_programs();
    if (report == REPORT_FD)
        fcntl(report, F_SETFD, 0);
    else if (report >= 0)
        dup2(report, REPORT_FD);
    else
        close(REPORT_FD);
    /* As an OCI runtime leaves it: 0, 1, 2 and the report. */
    syscall(SYS_close_range, REPORT_FD + 1, ~0U, 0);
    _exit(init_main(argc, argv));
}

/* Waits for one byte, then runs one of 'commands' with ip, and so on; then waits for process 1. */
static void outside(pid_t one, int command, const char *const *commands)
{
    char byte;
    int status;

    for (size_t i = 0; commands != NULL && read(command, &byte, 1) == 1; i++) {
        struct err e;
        const char *argv[16] = {"ip"};
        char copy[128], *save = NULL;
        size_t n = 1;
        snprintf(copy, sizeof(copy), "%s", commands[i]);
        for (char *w = strtok_r(copy, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save))
            argv[n++] = w;
        struct proc_spec s = {.argv = argv};
        if (proc_check(NULL, &s, NULL, &e) < 0) {
            fprintf(stderr, "test_init: %s\n", e.msg);
            _exit(98);
        }
    }
    if (waitpid(one, &status, 0) != one)
        _exit(97);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

/* 'words': the arguments; 'with_report' false: descriptor 3 is closed. */
static void guest_start(struct guest *g, const char *script, const char *args, bool with_report,
                        const char *const *commands)
{
    int report[2], command[2], told[2];
    char words[256], *argv[16] = {(char *)(uintptr_t) "lab-init"}, *save = NULL;
    int argc = 1;

    snprintf(words, sizeof(words), "%s", args);
    for (char *w = strtok_r(words, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save))
        argv[argc++] = w;
    assert_int_equal(pipe2(report, O_CLOEXEC), 0);
    assert_int_equal(pipe2(command, O_CLOEXEC), 0);
    assert_int_equal(pipe2(told, O_CLOEXEC), 0);
    g->outside = fork();
    assert_true(g->outside >= 0);
    if (g->outside == 0) {
        close(command[1]);
        close(report[0]);
        enter_namespaces();
        pid_t one = fork();
        if (one == 0)
            process_one(script, argv, argc, with_report ? report[1] : -1);
        close(report[1]);
        write_all(told[1], (const char *)&one, sizeof(one));
        outside(one, command[0], commands);
    }
    close(report[1]);
    close(command[0]);
    close(told[1]);
    assert_int_equal(read(told[0], &g->one, sizeof(g->one)), sizeof(g->one));
    close(told[0]);
    g->report = report[0];
    g->command = command[1];
}

/* Reads the report until its end; -1 if that does not come within 'ms'. */
static ssize_t report_read(const struct guest *g, char *out, size_t max, int ms)
{
    long long until = now_ms() + ms;
    size_t n = 0;

    for (;;) {
        struct pollfd p = {.fd = g->report, .events = POLLIN};
        long long left = until - now_ms();
        if (left <= 0 || poll(&p, 1, (int)left) <= 0)
            return -1;
        ssize_t k = read(g->report, out + n, max - 1 - n);
        if (k <= 0)
            break;
        n += (size_t)k;
    }
    out[n] = '\0';
    return (ssize_t)n;
}

/* Ends the guest; its exit status, and how long that took. */
static int guest_end(struct guest *g, long long *ms)
{
    long long began = now_ms();
    int status;

    close(g->command);
    kill(g->one, SIGTERM);
    assert_int_equal(waitpid(g->outside, &status, 0), g->outside);
    close(g->report);
    if (ms != NULL)
        *ms = now_ms() - began;
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* Reads a file as process 1 sees it, waiting up to 'ms' for it to come. */
static void guest_file(const struct guest *g, const char *path, int ms, struct buf *out)
{
    char at[128];
    struct err e = {0};

    snprintf(at, sizeof(at), "/proc/%d/root%s", (int)g->one, path);
    for (long long until = now_ms() + ms; !file_exists(at) && now_ms() < until;)
        poll(NULL, 0, 20);
    if (file_read(at, 1 << 20, out, &e) < 0)
        fail_msg("%s", e.msg);
}

/* ---- scripts and their reports ------------------------------------------------------------------- */

static const struct row {
    const char *name, *script, *report;
} rows[] = {
    {"no script", NULL, "ok\n"},
    {"empty script", "", "ok\n"},
    {"output", "echo one; echo two >&2", "ok\none\ntwo\n"},
    {"exit status", "echo wrong; exit 3", "failed 3\nwrong\n"},
    {"status of the last command", "false", "failed 1\n"},
    {"killed by a signal", "kill -9 $$", "failed 137\n"},
    {"standard input is empty", "cat; echo end", "ok\nend\n"},
    {"the report is not passed on", "ls /proc/self/fd | wc -l", "ok\n4\n"},
    /* Signals 32 and 33 are the C library's own: its posix_spawn() leaves them ignored, and signal() cannot
     * change that. */
    {"no signal ignored or blocked", "grep -cE '^Sig(Blk|Ign):.0*(180000000)?$' /proc/self/status",
     "ok\n2\n"},
    {"a session of its own", "read -r _ _ _ _ _ s _ </proc/self/stat; test $s = $$ && echo yes", "ok\nyes\n"},
    {"environment", "test -n \"$PATH\" -a -n \"$HOME\" && echo yes", "ok\nyes\n"},
    {"lo is up", "ip -o link show up | cut -d: -f2", "ok\n lo\n"},
    {"a daemon that keeps the pipe", "sleep 60 & echo done", "ok\ndone\n"},
    {"a daemon that floods the pipe", "(sleep 0.2; exec yes) >/dev/null & echo done", "ok\ndone\n"},
    {"orphans are reaped",
     "for i in 1 2 3 4 5 6 7 8 9; do sh -c 'sleep 0.05 &'; done; sleep 0.4; grep -hc '^State:.Z' /proc/[1-9]*/status "
     "| sort -n | uniq | head -n 3",
     "ok\n0\n"},
};

static void test_script(void **state)
{
    const struct row *r = *state;
    struct guest g;
    char got[16384] = "";

    guest_start(&g, r->script, "", true, NULL);
    ssize_t n = report_read(&g, got, sizeof(got), 5000);
    assert_int_equal(guest_end(&g, NULL), 0);
    assert_true(n >= 0);
    assert_string_equal(got, r->report);
}

/* ---- programs that are kept ----------------------------------------------------------------------- */

/* Each row: a startup script that looks after the kept programs, what it has to report. */
static const struct kept_row {
    const char *name, *args, *script, *report;
} kept_rows[] = {
    {"kept: runs once the guest does", "--keep /run/keep",
     "until test -s /run/started; do sleep 0.02; done; test -d /proc/$(cat /run/started) && echo yes",
     "ok\nyes\n"},
    {"kept: comes back when killed", "--keep /run/keep",
     "until test -s /run/started; do sleep 0.02; done; sleep 1.1; kill -9 $(cat /run/started); "
     "until test $(wc -l </run/started) -ge 2; do sleep 0.05; done; sleep 0.2; wc -l </run/started",
     "ok\n2\n"},
    {"kept: comes back when everything is killed", "--keep /run/keep --keep /run/brief",
     "until test -s /run/started; do sleep 0.02; done; setsid sh -c 'kill -9 -1; "
     "until test $(wc -l </run/started) -ge 2; do sleep 0.05; done; sleep 0.2; wc -l </run/started >/run/some; "
     "mv /run/some /run/after' & "
     "sleep 60",
     "failed 137\n"},
    {"kept: one that ends at once is not started in a loop", "--keep /run/brief",
     "sleep 1.5; wc -l </run/brief.log", "ok\n2\n"},
    {"kept: several, and one that does not exist", "--keep /run/none --keep /run/keep --keep /run/brief",
     "sleep 0.3; wc -l </run/started; wc -l </run/brief.log", "ok\n1\n1\n"},
    {"kept: a session of its own", "--keep /run/keep",
     "until test -s /run/stat; do sleep 0.02; done; read -r p _ _ _ _ s _ </run/stat; test $p = $s && echo yes",
     "ok\nyes\n"},
    {"kept: not more than four", "--keep /a --keep /b --keep /c --keep /d --keep /e", "echo never",
     "failed 126\nlab-init: options are --machine and up to four times --keep PROGRAM: Invalid argument\n"},
    {"kept: a program is named", "--keep", "echo never",
     "failed 126\nlab-init: options are --machine and up to four times --keep PROGRAM: Invalid argument\n"},
    {"unknown option", "--kept /run/keep", "echo never",
     "failed 126\nlab-init: options are --machine and up to four times --keep PROGRAM: Invalid argument\n"},
};

static void test_kept(void **state)
{
    const struct kept_row *r = *state;
    struct guest g;
    char got[1024] = "";
    bool refused = strncmp(r->report, "failed 126", 10) == 0;

    guest_start(&g, r->script, r->args, true, NULL);
    ssize_t n = report_read(&g, got, sizeof(got), 5000);
    if (strstr(r->script, "/run/after") != NULL) {
        struct buf after = BUF_INIT;
        guest_file(&g, "/run/after", 5000, &after);
        assert_string_equal(buf_str(&after), "2\n");
        buf_clear(&after);
    }
    assert_int_equal(guest_end(&g, NULL), refused ? 1 : 0);
    assert_true(n >= 0);
    assert_string_equal(got, r->report);
}

/* In a namespace of its own reboot() ends process 1 with SIGINT for "off" and SIGHUP for "again". */
static void machine_end(int signal, int want)
{
    struct guest g;
    char got[64];
    int status;

    guest_start(&g, "sleep 60 & echo up", "--machine --keep /run/keep", true, NULL);
    assert_true(report_read(&g, got, sizeof(got), 5000) > 0);
    assert_string_equal(got, "ok\nup\n");
    close(g.command);
    kill(g.one, signal);
    assert_int_equal(waitpid(g.outside, &status, 0), g.outside);
    close(g.report);
    assert_int_equal(WEXITSTATUS(status), 128 + want);
}

static void test_machine_off(void **state)
{
    (void)state;
    machine_end(SIGTERM, SIGINT);
}

static void test_machine_again(void **state)
{
    (void)state;
    machine_end(SIGINT, SIGHUP);
}

/* ---- the rest, one test each --------------------------------------------------------------------- */

static void test_flood(void **state)
{
    struct guest g;
    char got[16384] = "";
    struct buf log = BUF_INIT;
    (void)state;

    guest_start(&g, "echo FIRST; head -c 300000 /dev/zero | tr '\\0' x; echo LAST; exit 7", "", true, NULL);
    ssize_t n = report_read(&g, got, sizeof(got), 5000);
    guest_file(&g, STARTUP_LOG, 0, &log);
    assert_int_equal(guest_end(&g, NULL), 0);
    assert_in_range(n, 8000, 8192 + sizeof("failed 7\n"));
    assert_memory_equal(got, "failed 7\nFIRST\nxxx", 18);
    assert_non_null(strstr(got, " bytes left out]\nxxx"));
    assert_string_equal(got + n - 6, "xLAST\n");
    assert_int_equal(log.len, LOG_MAX);
    assert_memory_equal(log.data, "FIRST\nxxx", 9);
    buf_clear(&log);
}

/* What a daemon prints after the script has ended neither kills nor blocks it. */
static void test_late_output(void **state)
{
    struct guest g;
    char got[256] = "";
    struct buf log = BUF_INIT, alive = BUF_INIT;
    (void)state;

    guest_start(
        &g,
        "(sleep 0.2; head -c 200000 /dev/zero; echo yes >/run/new; mv /run/new /run/alive; sleep 60) & echo now",
        "", true, NULL);
    assert_true(report_read(&g, got, sizeof(got), 5000) > 0);
    assert_string_equal(got, "ok\nnow\n");
    guest_file(&g, "/run/alive", 5000, &alive);
    guest_file(&g, STARTUP_LOG, 0, &log);
    assert_int_equal(guest_end(&g, NULL), 0);
    assert_string_equal(buf_str(&alive), "yes\n");
    assert_int_equal(log.len, LOG_MAX);
    buf_clear(&log);
    buf_clear(&alive);
}

static void test_interfaces_come_later(void **state)
{
    static const char *const commands[] = {
        "link add x0 type veth peer name eth1", /* one of the two, the other under another name */
        "link set x0 name eth0",
    };
    struct guest g;
    char got[256] = "";
    struct pollfd p = {.events = POLLIN};
    (void)state;

    guest_start(&g, "ip -o link show up | cut -d: -f2 | cut -d@ -f1 | sort", "eth0 eth1", true, commands);
    p.fd = g.report;
    assert_int_equal(poll(&p, 1, 200), 0);
    write_all(g.command, "1", 1);
    assert_int_equal(poll(&p, 1, 300), 0);
    write_all(g.command, "2", 1);
    ssize_t n = report_read(&g, got, sizeof(got), 5000);
    assert_int_equal(guest_end(&g, NULL), 0);
    assert_true(n > 0);
    assert_string_equal(got, "ok\n eth0\n eth1\n lo\n");
}

static void test_end_while_waiting(void **state)
{
    struct guest g;
    long long ms;
    (void)state;

    guest_start(&g, "echo never", "eth0", true, NULL);
    poll(NULL, 0, 100);
    assert_int_equal(guest_end(&g, &ms), 0);
    assert_true(ms < 400);
}

static void test_end_is_quick(void **state)
{
    struct guest g;
    char got[64];
    long long ms;
    (void)state;

    guest_start(&g, "sleep 60 & sleep 61 &", "", true, NULL);
    assert_int_equal(report_read(&g, got, sizeof(got), 5000), 3);
    assert_int_equal(guest_end(&g, &ms), 0);
    assert_true(ms < 400);
}

static void test_end_of_the_stubborn(void **state)
{
    struct guest g;
    char got[64];
    long long ms;
    (void)state;

    guest_start(&g, "(trap '' TERM HUP; while :; do sleep 1; done) & sleep 0.1", "", true, NULL);
    assert_int_equal(report_read(&g, got, sizeof(got), 5000), 3);
    assert_int_equal(guest_end(&g, &ms), 0);
    assert_in_range(ms, GRACE_MS - 20, GRACE_MS + 1500);
}

static void test_hangup_is_ignored(void **state)
{
    struct guest g;
    char got[64];
    (void)state;

    guest_start(&g, NULL, "", true, NULL);
    assert_int_equal(report_read(&g, got, sizeof(got), 5000), 3);
    kill(g.one, SIGHUP);
    poll(NULL, 0, 100);
    assert_int_equal(waitpid(g.outside, NULL, WNOHANG), 0);
    assert_int_equal(guest_end(&g, NULL), 0);
}

static void test_nobody_listens(void **state)
{
    struct guest g;
    (void)state;

    guest_start(&g, "sleep 0.1; head -c 100000 /dev/zero", "", true, NULL);
    assert_int_equal(dup2(STDERR_FILENO, g.report), g.report); /* closes our end */
    poll(NULL, 0, 400);
    assert_int_equal(waitpid(g.outside, NULL, WNOHANG), 0);
    g.report = -1;
    assert_int_equal(guest_end(&g, NULL), 0);
}

static void test_no_report_wanted(void **state)
{
    struct guest g;
    struct buf log = BUF_INIT;
    (void)state;

    guest_start(&g, "ls /proc/self/fd | wc -l", "", false, NULL);
    poll(NULL, 0, 400);
    guest_file(&g, STARTUP_LOG, 0, &log);
    assert_int_equal(guest_end(&g, NULL), 0);
    assert_string_equal(buf_str(&log), "4\n");
    buf_clear(&log);
}

static void test_long_interface_name(void **state)
{
    struct guest g;
    char got[256] = "";
    int status;
    (void)state;

    guest_start(&g, NULL, "eth0 sixteen-bytes-xx", true, NULL);
    assert_true(report_read(&g, got, sizeof(got), 5000) > 0);
    close(g.command);
    assert_int_equal(waitpid(g.outside, &status, 0), g.outside);
    close(g.report);
    assert_int_equal(WEXITSTATUS(status), 1);
    assert_memory_equal(got, "failed 126\nlab-init: interface names", 36);
}

static void test_not_process_one(void **state)
{
    char name[] = "lab-init", *argv[] = {name, NULL};
    (void)state;

    assert_int_equal(init_main(1, argv), 2);
}

#define SCRIPTS (sizeof(rows) / sizeof(*rows))
#define KEPT (sizeof(kept_rows) / sizeof(*kept_rows))

int main(void)
{
    static const struct CMUnitTest rest[] = {
        cmocka_unit_test(test_machine_off),
        cmocka_unit_test(test_machine_again),
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_late_output),
        cmocka_unit_test(test_interfaces_come_later),
        cmocka_unit_test(test_end_while_waiting),
        cmocka_unit_test(test_end_is_quick),
        cmocka_unit_test(test_end_of_the_stubborn),
        cmocka_unit_test(test_hangup_is_ignored),
        cmocka_unit_test(test_nobody_listens),
        cmocka_unit_test(test_no_report_wanted),
        cmocka_unit_test(test_long_interface_name),
        cmocka_unit_test(test_not_process_one),
    };
    struct CMUnitTest tests[SCRIPTS + KEPT + sizeof(rest) / sizeof(*rest)];

    for (size_t i = 0; i < SCRIPTS; i++)
        tests[i] = (struct CMUnitTest){rows[i].name, test_script, NULL, NULL, (void *)(uintptr_t)&rows[i]};
    for (size_t i = 0; i < KEPT; i++)
        tests[SCRIPTS + i] =
            (struct CMUnitTest){kept_rows[i].name, test_kept, NULL, NULL, (void *)(uintptr_t)&kept_rows[i]};
    memcpy(tests + SCRIPTS + KEPT, rest, sizeof(rest));
    return cmocka_run_group_tests_name("init", tests, NULL, NULL);
}
