/* What only the xen driver does, on real domains: runs on a Xen dom0, by "make check-xen".  The contract that all
 * drivers share is in test_guest.c. */
#include "tests/contract/guest_fixture.c" /* NOLINT(bugprone-suspicious-include) */

#include "labd/host/guest/xen_int.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/wait.h>

#define END_MS 30000

static struct plan_iface ifaces[] = {{"wan", "02:50:00:00:00:01", 1500, 0},
                                     {"eth0", "02:50:00:00:00:02", 1500, 1}};
static struct plan_port ports[] = {{.node = 0, .iface = 0}, {.node = 0, .iface = 1}};

/* One node is enough for these tests; it keeps running from one to the next. */
static void boot_one(struct fixture *f)
{
    struct err e;

    fixture_forget(f);
    assert_ok(f->ops->create(&f->lab, f->all, 1, fixture_report, f, &e), &e);
    assert_ok(f->seen[0].why.code == ERR_NONE ? 0 : -1, &f->seen[0].why);
    fixture_forget(f);
    assert_ok(f->ops->wait(&f->lab, f->all, 1, 90000, fixture_report, f, &e), &e);
    assert_ok(f->seen[0].why.code == ERR_NONE ? 0 : -1, &f->seen[0].why);
}

static struct guest_observed wait_stopped(struct fixture *f, size_t node)
{
    int64_t due = loop_now_ms() + END_MS;
    struct guest_observed seen;

    while ((seen = observe(f, node)).state != GUEST_STOPPED && loop_now_ms() < due)
        usleep(20000);
    assert_int_equal(seen.state, GUEST_STOPPED);
    return seen;
}

/* ---- how it ends ---- */

static const struct end_row {
    const char *name, *command;
    enum guest_end want;
} ends[] = {
    {"poweroff is told as switched off", "(sleep 0.2; poweroff) >/dev/null 2>&1 &", GUEST_END_OFF},
    {"reboot is told as a reboot", "(sleep 0.2; reboot) >/dev/null 2>&1 &", GUEST_END_REBOOT},
    {"a panic is told as a crash", "(sleep 0.2; echo c >/proc/sysrq-trigger) >/dev/null 2>&1 &",
     GUEST_END_CRASH},
};

static void an_end_is_told_and_work_is_kept(struct fixture *f, const struct end_row *row)
{
    struct err e;
    char some[16];

    AUTO(mem_closep) int watch = f->ops->watch(&f->host, &e);
    assert_true(watch >= 0);
    boot_one(f);
    fixture_expect(f, 0, "echo mine > work.txt; sync", "");
    assert_int_equal(fixture_sh(f, 0, row->command, NULL, NULL), 0);
    assert_int_equal(wait_stopped(f, 0).end, row->want);
    struct pollfd p = {.fd = watch, .events = POLLIN};
    assert_int_equal(poll(&p, 1, END_MS), 1);
    assert_true(read(watch, some, sizeof some) > 0);
    boot_one(f);
    fixture_expect(f, 0, "cat work.txt", "mine\n");
}

static void poweroff_is_told(void **state)
{
    an_end_is_told_and_work_is_kept(*state, &ends[0]);
}

static void reboot_is_told(void **state)
{
    an_end_is_told_and_work_is_kept(*state, &ends[1]);
}

static void panic_is_told(void **state)
{
    an_end_is_told_and_work_is_kept(*state, &ends[2]);
}

static uint32_t domid_of(struct fixture *f, size_t node)
{
    uint32_t domid = 0;
    struct err e;

    assert_ok(xen_running(&f->lab, node, &domid, &e), &e);
    return domid;
}

static void destroyed_from_outside_is_noticed(void **state)
{
    struct fixture *f = *state;
    char domid[16];
    struct err e;

    boot_one(f);
    snprintf(domid, sizeof domid, "%u", domid_of(f, 0));
    assert_ok(proc_checkv(NULL, NULL, &e, "xl", "destroy", domid, NULL), &e);
    assert_int_equal(wait_stopped(f, 0).end, GUEST_END_UNKNOWN);
    assert_ok(f->ops->remove(&f->lab, f->all, 1, &e), &e);
    assert_int_equal(fixture_state(f, 0), GUEST_ABSENT);
}

static void too_much_memory_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct guest_memory m;
    struct err e;

    f->nodes[0].memory_mb = 65536;
    assert_ok(f->ops->memory(&f->host, &f->plan, NULL, &m, &e), &e);
    assert_true(m.need_mb > m.free_mb);
    assert_ok(f->ops->create(&f->lab, f->all, 1, fixture_report, f, &e), &e);
    assert_int_equal(f->seen[0].why.code, ERR_TOOL);
    assert_non_null(strstr(f->seen[0].why.msg, "xl"));
    assert_int_equal(fixture_state(f, 0), GUEST_ABSENT);
}

/* ---- what it is made of ---- */

static void has_the_planned_interfaces_and_no_other(void **state)
{
    struct fixture *f = *state;

    boot_one(f);
    fixture_expect(f, 0, "cd /sys/class/net; ls -d */ | tr -d / | tr '\\n' ' '", "eth0 lo wan ");
    fixture_expect(f, 0, "cat /sys/class/net/wan/address /sys/class/net/eth0/address",
                   "02:50:00:00:00:01\n02:50:00:00:00:02\n");
    for (size_t i = 0; i < 2; i++) {
        char path[512];
        snprintf(path, sizeof path, "/sys/class/net/%s", ports[i].dev);
        assert_true(file_exists(path));
        snprintf(path, sizeof path, "/proc/sys/net/ipv6/conf/%s/disable_ipv6", ports[i].dev);
        AUTO(buf_clear) struct buf text = BUF_INIT;
        struct err e;
        assert_ok(file_read(path, 16, &text, &e), &e);
        assert_string_equal(buf_str(&text), "1\n");
    }
}

static void a_carrier_comes_and_goes(void **state)
{
    struct fixture *f = *state;
    struct err e;

    boot_one(f);
    fixture_expect(f, 0, "cat /sys/class/net/wan/carrier", "1\n");
    assert_ok(f->ops->carrier(&f->lab, 0, 0, false, &e), &e);
    fixture_expect(
        f, 0,
        "for i in 1 2 3 4 5 6 7 8 9; do grep -q 0 /sys/class/net/wan/carrier && break; sleep 0.2; done;"
        " cat /sys/class/net/wan/carrier /sys/class/net/eth0/carrier",
        "0\n1\n");
    assert_ok(f->ops->carrier(&f->lab, 0, 0, true, &e), &e);
    fixture_expect(
        f, 0,
        "for i in 1 2 3 4 5 6 7 8 9; do grep -q 1 /sys/class/net/wan/carrier && break; sleep 0.2; done;"
        " cat /sys/class/net/wan/carrier",
        "1\n");
}

static bool device_model_runs(void)
{
    DIR *d = opendir("/proc");
    const struct dirent *entry;
    bool found = false;

    while (d != NULL && !found && (entry = readdir(d)) != NULL) {
        AUTO(buf_clear) struct buf name = BUF_INIT;
        char path[300];
        snprintf(path, sizeof path, "/proc/%s/comm", entry->d_name);
        found = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && file_read(path, 64, &name, NULL) == 0 &&
                (strncmp(buf_str(&name), "qemu", 4) == 0 || strcmp(buf_str(&name), "xl\n") == 0);
    }
    if (d != NULL)
        closedir(d);
    return found;
}

static void no_process_of_dom0_belongs_to_a_guest(void **state)
{
    struct fixture *f = *state;

    boot_one(f);
    assert_false(device_model_runs());
}

static void a_full_disk_is_the_guests_own_trouble(void **state)
{
    struct fixture *f = *state;

    boot_one(f);
    fixture_expect(f, 0, "dd if=/dev/zero of=fill bs=1M 2>/dev/null; echo $?", "1\n");
    fixture_expect(f, 0, "rm fill; echo there is room > x; cat x", "there is room\n");
}

/* ---- commands and the console ---- */

static void four_megabytes_go_both_ways(void **state)
{
    struct fixture *f = *state;
    AUTO(buf_clear) struct buf in = BUF_INIT, out = BUF_INIT;

    boot_one(f);
    for (unsigned i = 0; in.len < 4u << 20; i++)
        buf_printf(&in, "%u ", i * 2654435761u);
    assert_int_equal(fixture_sh(f, 0, "cat", buf_str(&in), &out), 0);
    assert_int_equal(out.len, 1u << 20); /* proc_run() keeps that much */
    assert_memory_equal(out.data, in.data, out.len);
    buf_truncate(&out, 0);
    assert_int_equal(fixture_sh(f, 0, "wc -c", buf_str(&in), &out), 0);
    assert_int_equal(strtoul(buf_str(&out), NULL, 10), in.len);
}

static void many_commands_at_once(void **state)
{
    struct fixture *f = *state;
    pid_t pids[6];

    boot_one(f);
    for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
        AUTO(argv_clear) struct argv argv = {0};
        AUTO(mem_freep) char *script = xasprintf("sleep 1; exit %zu", 10 + i);
        const char *cmd[] = {"sh", "-c", script, NULL};
        const int fds[3] = {-1, -1, -1};
        struct err e;
        assert_ok(f->ops->exec_argv(&f->lab, 0, cmd, &argv, &e), &e);
        pids[i] = proc_spawn(argv_get(&argv), fds, NULL, 0, NULL, &e);
        assert_true(pids[i] > 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
        int status = 0;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(WEXITSTATUS(status), 10 + i);
    }
}

static void a_command_ends_with_who_asked_for_it(void **state)
{
    struct fixture *f = *state;
    AUTO(argv_clear) struct argv argv = {0};
    const char *cmd[] = {"sleep", "4711", NULL};
    const int fds[3] = {-1, -1, -1};
    struct err e;

    boot_one(f);
    assert_ok(f->ops->exec_argv(&f->lab, 0, cmd, &argv, &e), &e);
    pid_t pid = proc_spawn(argv_get(&argv), fds, NULL, 0, NULL, &e);
    assert_true(pid > 0);
    fixture_expect(f, 0,
                   "for i in $(seq 50); do pgrep -f 'sleep 471[1]' >/dev/null && break; sleep 0.2; done;"
                   " pgrep -cf 'sleep 471[1]'",
                   "1\n");
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    fixture_expect(f, 0,
                   "for i in $(seq 50); do pgrep -f 'sleep 471[1]' >/dev/null || break; sleep 0.2; done;"
                   " pgrep -cf 'sleep 471[1]' || true",
                   "0\n");
}

static void killing_everything_brings_shell_and_agent_back(void **state)
{
    struct fixture *f = *state;
    AUTO(buf_clear) struct buf got = BUF_INIT;
    struct err e;
    int fd = -1;

    boot_one(f);
    assert_ok(f->ops->console(&f->lab, 0, &fd, &e), &e);
    assert_int_equal(write(fd, "kill -9 -1\n", 11), 11);
    usleep(1500000);
    assert_int_equal(write(fd, "\necho still$((40 + 2))here\n", 27), 27);
    assert_true(fixture_read_until(fd, "still42here", &got));
    close(fd);
    fixture_expect(f, 0, "echo back", "back\n");
}

static void the_console_takes_a_size(void **state)
{
    struct fixture *f = *state;
    AUTO(argv_clear) struct argv argv = {0};
    struct err e;

    boot_one(f);
    assert_ok(f->ops->resize_argv(&f->lab, 0, 50, 132, &argv, &e), &e);
    const struct proc_spec spec = {.argv = argv_get(&argv)};
    assert_ok(proc_check(NULL, &spec, NULL, &e), &e);
    fixture_expect(f, 0, "stty -F /dev/hvc0 size", "50 132\n");
}

/* ---- suspend and resume ---- */

static void a_saved_guest_keeps_what_is_in_memory(void **state)
{
    struct fixture *f = *state;
    AUTO(buf_clear) struct buf got = BUF_INIT;
    struct err e;
    int fd = -1;

    boot_one(f);
    fixture_expect(f, 0, "echo only in memory > /run/note; (sleep 4711 >/dev/null 2>&1 &); echo", "\n");
    assert_ok(f->ops->suspend(&f->lab, &e), &e);
    assert_int_equal(fixture_state(f, 0), GUEST_SUSPENDED);
    assert_ok(f->ops->restore(&f->lab, fixture_report, f, &e), &e);
    assert_ok(f->ops->wake(&f->lab, &e), &e);
    fixture_expect(f, 0, "cat /run/note; pgrep -cf 'sleep 471[1]'", "only in memory\n1\n");
    assert_ok(f->ops->console(&f->lab, 0, &fd, &e), &e);
    assert_int_equal(write(fd, "\necho shell$((40 + 2))\n", 23), 23);
    assert_true(fixture_read_until(fd, "shell42", &got));
    close(fd);
}

/* Who holds pages of a domain that is no more keeps it from going away. */
static void a_command_ends_with_its_guest(void **state)
{
    struct fixture *f = *state;
    AUTO(argv_clear) struct argv argv = {0};
    const char *cmd[] = {"sh", "-c", ": > /run/begun; sleep 4712", NULL};
    const int fds[3] = {-1, -1, -1};
    struct err e;
    int status = 0;

    boot_one(f);
    assert_ok(f->ops->exec_argv(&f->lab, 0, cmd, &argv, &e), &e);
    pid_t pid = proc_spawn(argv_get(&argv), fds, NULL, 0, NULL, &e);
    assert_true(pid > 0);
    fixture_expect(f, 0, "for i in $(seq 50); do test -e /run/begun && break; sleep 0.2; done; ls /run/begun",
                   "/run/begun\n");
    assert_ok(f->ops->suspend(&f->lab, &e), &e);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 126);
    assert_ok(f->ops->restore(&f->lab, fixture_report, f, &e), &e);
    assert_ok(f->ops->wake(&f->lab, &e), &e);
    fixture_expect(f, 0,
                   "for i in $(seq 50); do pgrep -f 'sleep 471[2]' >/dev/null || break; sleep 0.2; done;"
                   " pgrep -cf 'sleep 471[2]' || true",
                   "0\n");
}

static void an_interrupted_resume_begins_again(void **state)
{
    struct fixture *f = *state;
    struct err e;

    boot_one(f);
    fixture_expect(f, 0, "echo only in memory > /run/note", "");
    assert_ok(f->ops->suspend(&f->lab, &e), &e);
    assert_ok(f->ops->restore(&f->lab, fixture_report, f, &e), &e);
    assert_int_equal(fixture_state(f, 0), GUEST_SUSPENDED); /* it stands still: the saved state counts */
    assert_ok(f->ops->restore(&f->lab, fixture_report, f, &e), &e);
    assert_ok(f->ops->wake(&f->lab, &e), &e);
    fixture_expect(f, 0, "cat /run/note", "only in memory\n");
}

static void an_interrupted_wake_is_completed(void **state)
{
    struct fixture *f = *state;
    char saved[200], woken[200];
    struct err e;

    boot_one(f);
    fixture_expect(f, 0, "echo only in memory > /run/note", "");
    assert_ok(f->ops->suspend(&f->lab, &e), &e);
    assert_ok(f->ops->restore(&f->lab, fixture_report, f, &e), &e);
    snprintf(saved, sizeof saved, "%s/labs/%s/saved", f->state_dir, f->plan.lab);
    snprintf(woken, sizeof woken, "%s/labs/%s/woken", f->state_dir, f->plan.lab);
    assert_int_equal(rename(saved, woken), 0);
    assert_int_equal(fixture_state(f, 0), GUEST_RUNNING);
    assert_ok(f->ops->wait(&f->lab, f->all, 1, 20000, fixture_report, f, &e), &e);
    fixture_expect(f, 0, "cat /run/note", "only in memory\n");
}

/* The state folder on a small file system: no room for a guest's memory. */
static void a_lab_that_cannot_be_saved_runs_on(void **state)
{
    struct fixture *f = *state;
    struct err e;

    assert_ok(file_mkdirs(f->state_dir, 0711, &e), &e);
    assert_int_equal(mount("tmpfs", f->state_dir, "tmpfs", 0, "size=24m"), 0);
    boot_one(f);
    fixture_expect(f, 0, "echo only in memory > /run/note", "");
    assert_int_equal(f->ops->suspend(&f->lab, &e), -1);
    print_message("it said: %s\n", e.msg);
    assert_int_equal(fixture_state(f, 0), GUEST_RUNNING);
    fixture_expect(f, 0, "cat /run/note", "only in memory\n");
    assert_ok(f->ops->purge(&f->host, f->plan.lab, &e), &e);
    assert_int_equal(umount2(f->state_dir, MNT_DETACH), 0);
}

/* Tests that share a node; one that has ended it lets the next boot it. */
#define SHARED(test) \
    { \
#test, test, NULL, NULL, NULL \
    }
/* Those that need a host of their own. */
#define ALONE(test) \
    { \
#test, test, fixture_setup, fixture_teardown, (void *)(uintptr_t)&guest_xen \
    }

static int set_up_wired(void **state)
{
    *state = (void *)(uintptr_t)&guest_xen;
    if (fixture_setup(state) != 0)
        return -1;
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(ports); i++)
        snprintf(ports[i].dev, sizeof ports[i].dev, "pl%s.%zu", f->plan.lab, i);
    f->nodes[0].ifaces = ifaces;
    f->nodes[0].nifaces = ARRAY_LEN(ifaces);
    f->plan.ports = ports;
    f->plan.nports = ARRAY_LEN(ports);
    return 0;
}

int main(void)
{
    const struct CMUnitTest shared[] = {
        SHARED(has_the_planned_interfaces_and_no_other),
        SHARED(a_carrier_comes_and_goes),
        SHARED(no_process_of_dom0_belongs_to_a_guest),
        SHARED(a_full_disk_is_the_guests_own_trouble),
        SHARED(four_megabytes_go_both_ways),
        SHARED(many_commands_at_once),
        SHARED(a_command_ends_with_who_asked_for_it),
        SHARED(killing_everything_brings_shell_and_agent_back),
        SHARED(the_console_takes_a_size),
        SHARED(a_saved_guest_keeps_what_is_in_memory),
        SHARED(a_command_ends_with_its_guest),
        SHARED(an_interrupted_resume_begins_again),
        SHARED(an_interrupted_wake_is_completed),
        SHARED(poweroff_is_told),
        SHARED(reboot_is_told),
        SHARED(panic_is_told),
        SHARED(destroyed_from_outside_is_noticed),
    };
    const struct CMUnitTest alone[] = {
        ALONE(too_much_memory_leaves_nothing),
        ALONE(a_lab_that_cannot_be_saved_runs_on),
    };

    cmocka_set_test_filter(getenv("TEST_FILTER"));
    return cmocka_run_group_tests_name("one node", shared, set_up_wired, fixture_teardown) +
           cmocka_run_group_tests_name("alone", alone, NULL, NULL);
}
