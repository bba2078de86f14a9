/* Which Open vSwitch is used: a private one that lives, died or does not start, and the machine's own. */
#include "tests/contract/net_fixture.c" /* NOLINT(bugprone-suspicious-include) */

#include <sys/mount.h>

static void test_dead_vswitchd(void **state)
{
    struct err e = {0};
    AUTO(buf_clear) struct buf notes = BUF_INIT;
    const struct net_options o = {.run_dir = run_dir, .private_ovs = true};

    (void)state;
    lab_start(TWO_HOSTS);
    guest_up(0);
    guest_up(1);
    pid_t pid = net_daemon_pid(&host, "ovs-vswitchd");
    assert_true(pid > 0);
    assert_int_equal(kill(pid, SIGKILL), 0);
    while (net_daemon_pid(&host, "ovs-vswitchd") > 0)
        pause_ms(5);
    assert_int_equal(net_attach(&host, plan, pids, &e), -1);
    assert_int_equal(e.code, ERR_UNREACHABLE);
    assert_non_null(strstr(e.msg, "ovs-vswitchd does not run"));
    /* labhost starts again: the same namespace, the same devices, a new daemon */
    OK(net_host_open(&o, &host, &notes, &x_));
    assert_int_equal(net_attach(&host, plan, pids, &e), 0);
    assert_true(ping(0, 1, ""));
}

static void test_host_is_found_again(void **state)
{
    AUTO(buf_clear) struct buf notes = BUF_INIT;
    const struct net_options o = {.run_dir = run_dir, .private_ovs = true};
    struct net_host again;

    (void)state;
    OK(net_host_open(&o, &again, &notes, &x_));
    assert_int_equal(net_daemon_pid(&again, "ovs-vswitchd"), net_daemon_pid(&host, "ovs-vswitchd"));
    assert_int_equal(net_daemon_pid(&again, "ovsdb-server"), net_daemon_pid(&host, "ovsdb-server"));
    assert_string_equal(again.owner, host.owner);
    assert_int_equal(again.datapath, host.datapath);
}

/* Runs the real thing, but ovs-vswitchd does not start. */
static int broken_run(struct proc_runner *self, const struct proc_spec *s, struct proc_result *r,
                      struct err *e)
{
    (void)self;
    if (strcmp(s->argv[0], "prlimit") != 0)
        return proc_run(NULL, s, r, e);
    buf_puts(&r->err, "ovs-vswitchd: no space left\n");
    r->status = 1;
    return 0;
}

static void test_failed_start_leaves_nothing(void **state)
{
    struct proc_runner broken = {broken_run};
    AUTO(buf_clear) struct buf notes = BUF_INIT;
    AUTO(mem_freep) char *dir = xasprintf("%s/second", run_dir), *ovs = xasprintf("%s/ovs", dir);
    const struct net_options o = {.run_dir = dir, .private_ovs = true, .runner = &broken};
    struct net_host h;
    struct err e = {0};

    (void)state;
    AUTO(mem_closep) int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    int rc = net_host_open(&o, &h, &notes, &e);
    assert_int_equal(setns(home, CLONE_NEWNET), 0);
    assert_int_equal(rc, -1);
    assert_non_null(strstr(e.msg, "no space left"));
    assert_false(file_exists(ovs));
    snprintf(h.run, sizeof h.run, "%s", ovs);
    assert_int_equal(net_daemon_pid(&h, "ovsdb-server"), 0);
}

/* ---- the machine's own instance ---- */

static int sh(const char *text)
{
    const char *argv[] = {"sh", "-ec", text, NULL};
    const struct proc_spec s = {.argv = argv};
    struct err e;

    return proc_check(NULL, &s, NULL, &e);
}

/* A machine with its instance where Debian has it: namespaces of our own with an empty /run. */
static const char *become_a_machine(void)
{
    if (unshare(CLONE_NEWNS | CLONE_NEWNET) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("tmpfs", "/run", "tmpfs", 0, NULL) < 0)
        return "namespaces";
    if (sh("mkdir /run/openvswitch; cd /run/openvswitch; "
           "ovsdb-tool create conf.db /usr/share/openvswitch/vswitch.ovsschema; "
           "ovsdb-server --remote=punix:/run/openvswitch/db.sock --pidfile --detach --no-chdir -vconsole:off "
           "-vsyslog:off $PWD/conf.db; ovs-vsctl --no-wait init; "
           "ovs-vswitchd --pidfile --detach --no-chdir -vconsole:off -vsyslog:off") < 0)
        return "start of the machine's instance";
    return NULL;
}

static void remember(const char *lab, void *arg)
{
    snprintf(arg, LAB_ID_SIZE, "%s", lab);
}

/* Two labhosts on one instance: each sees its own labs only. */
static const char *use_a_shared_instance(struct err *e)
{
    AUTO(buf_clear) struct buf notes = BUF_INIT;
    const struct net_options mine = {.run_dir = "/run/one"}, other = {.run_dir = "/run/two"};
    char left[LAB_ID_SIZE] = "", foreign[LAB_ID_SIZE] = "";
    struct net_host a, b;
    pid_t two[2] = {pids[0], pids[1]};

    if (net_host_open(&mine, &a, &notes, e) < 0 || net_host_open(&other, &b, &notes, e) < 0)
        return "open";
    if (a.private_ovs || b.private_ovs)
        return "the running instance was not used";
    if (net_attach(&a, plan, two, e) < 0)
        return "attach";
    guest_up(0);
    guest_up(1);
    if (!ping(0, 1, ""))
        return "ping";
    if (net_leftovers(&a, remember, left, e) < 0 || net_leftovers(&b, remember, foreign, e) < 0)
        return "leftovers";
    if (strcmp(left, LAB) != 0 || foreign[0] != '\0')
        return "leftovers are confused";
    left[0] = '\0';
    if (sh("ovs-vsctl del-br pl" LAB "w") < 0 || net_leftovers(&a, remember, left, e) < 0 ||
        net_leftovers(&b, remember, foreign, e) < 0)
        return "leftovers without a bridge";
    if (strcmp(left, LAB) != 0 || foreign[0] != '\0')
        return "devices alone are not found, or not told apart";
    if (net_detach(&a, LAB, e) < 0 || net_host_close(&a, e) < 0)
        return "detach or close";
    if (sh("! ip -o link | grep -q pl" LAB) < 0)
        return "devices are left";
    if (net_host_check(&b, e) < 0)
        return "the machine's instance was stopped";
    const struct net_options running = {.run_dir = run_dir};
    if (net_host_open(&running, &a, &notes, e) < 0 || !a.private_ovs)
        return "a private instance with labs was forgotten";
    return NULL;
}

static void test_shared_instance(void **state)
{
    int report[2];
    char text[700] = "died";

    (void)state;
    lab_plan(TWO_HOSTS);
    pids[0] = guest_new();
    pids[1] = guest_new();
    assert_int_equal(pipe(report), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct err e = {0};
        const char *why = become_a_machine();
        bool started = why == NULL;
        if (started)
            why = use_a_shared_instance(&e);
        snprintf(text, sizeof text, "%s%s%s", why != NULL ? why : "", e.msg[0] != '\0' ? ": " : "", e.msg);
        if (started && sh("kill $(cat /run/openvswitch/*.pid)") < 0)
            snprintf(text, sizeof text, "cannot stop what was started");
        _exit(write(report[1], text, strlen(text) + 1) < 0);
    }
    close(report[1]);
    assert_true(read(report[0], text, sizeof text) > 0);
    close(report[0]);
    waitpid(pid, NULL, 0);
    assert_string_equal(text, "");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        T(test_dead_vswitchd),
        T(test_host_is_found_again),
        T(test_failed_start_leaves_nothing),
        T(test_shared_instance),
    };

    return cmocka_run_group_tests_name("net host", tests, open_host, close_host);
}
