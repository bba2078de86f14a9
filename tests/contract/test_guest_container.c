/* What driver container promises beyond the contract of all drivers: the walls around a guest, and that it
 * recovers from being killed anywhere.  Needs root and the guest image; runs beside any other instance and leaves
 * nothing. */
#include "tests/contract/guest_fixture.c" /* NOLINT(bugprone-suspicious-include) */

#include "labd/host/guest/oci_config.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>

/* ---- users ---- */

static void root_inside_is_nobody_outside(void **state)
{
    struct fixture *f = *state;
    char path[64];
    struct stat st;

    fixture_boot(f);
    snprintf(path, sizeof path, "/proc/%d", (int)fixture_pid(f, 0));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_uid, f->lab.uid_base);
    fixture_expect(f, 0, "id -u", "0\n");
    AUTO(mem_freep) char *map = xasprintf("0 %u 65536\n", f->lab.uid_base);
    fixture_expect(f, 0, "tr -s ' ' < /proc/self/uid_map | sed 's/^ //'", map);
    fixture_expect(f, 0, "tr -s ' ' < /proc/self/gid_map | sed 's/^ //'", map);
}

static void files_of_a_guest_belong_to_its_range(void **state)
{
    struct fixture *f = *state;
    char path[256];
    struct stat st;

    fixture_boot(f);
    fixture_expect(f, 0, "touch a && install -o 100 -g 101 -m 600 /dev/null b", "");
    snprintf(path, sizeof path, "%s/labs/%s/nodes/h1/upper/root/a", f->state_dir, f->plan.lab);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_uid, f->lab.uid_base);
    path[strlen(path) - 1] = 'b';
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_uid, f->lab.uid_base + 100);
    assert_int_equal(st.st_gid, f->lab.uid_base + 101);
}

static void the_image_belongs_to_root_inside(void **state)
{
    struct fixture *f = *state;

    fixture_boot(f);
    fixture_expect(f, 0, "stat -c %u:%g /usr/bin/ip /etc/passwd", "0:0\n0:0\n");
}

static void two_labs_share_no_user(void **state)
{
    struct fixture *f = *state;
    void *second = (void *)(uintptr_t)&guest_container;

    assert_int_equal(fixture_setup(&second), 0);
    struct fixture *g = second;
    fixture_boot(f);
    fixture_boot(g);
    uint32_t a = f->lab.uid_base, b = g->lab.uid_base;
    assert_true(a > b ? a - b >= OCI_ID_RANGE : b - a >= OCI_ID_RANGE);
    fixture_expect(g, 0, "echo g > mark", "");
    fixture_expect(f, 0, "ls mark 2>/dev/null || echo none", "none\n");
    assert_int_equal(fixture_teardown(&second), 0);
    fixture_expect(f, 0, "echo still here", "still here\n");
}

/* ---- privileges ---- */

/* CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE NET_ADMIN NET_RAW SYS_CHROOT */
#define CAPS "00000000000435fb"

static void capabilities_are_the_few_of_a_network_node(void **state)
{
    struct fixture *f = *state;

    fixture_boot(f);
    fixture_expect(
        f, 0,
        "grep -E 'Cap(Prm|Eff|Bnd)|NoNewPrivs|Seccomp:' /proc/1/status /proc/self/status | cut -d: -f2- | sort | uniq -c | tr -s ' \\t' ' '",
        " 2 CapBnd: " CAPS "\n 2 CapEff: " CAPS "\n 2 CapPrm: " CAPS "\n 2 NoNewPrivs: 1\n 2 Seccomp: 2\n");
}

static void forwarding_can_be_set(void **state)
{
    struct fixture *f = *state;

    fixture_boot(f);
    fixture_expect(
        f, 0,
        "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 && cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding",
        "1\n1\n");
    fixture_expect(f, 1, "cat /proc/sys/net/ipv4/ip_forward", "0\n");
}

static void settings_of_the_host_cannot_be_written(void **state)
{
    struct fixture *f = *state;
    AUTO(buf_clear) struct buf out = BUF_INIT;

    fixture_boot(f);
    assert_int_not_equal(fixture_sh(f, 0, "echo 1 > /proc/sys/kernel/panic", NULL, &out), 0);
    assert_int_not_equal(fixture_sh(f, 0, "echo 1 > /proc/sys/vm/drop_caches", NULL, &out), 0);
    assert_int_not_equal(fixture_sh(f, 0, "echo b > /proc/sysrq-trigger", NULL, &out), 0);
}

static void interfaces_can_be_made(void **state)
{
    struct fixture *f = *state;

    fixture_boot(f);
    fixture_expect(
        f, 0,
        "ip link add br0 type bridge && ip addr add 10.9.9.1/24 dev br0 && ip link set br0 up && ping -c1 -W1 10.9.9.1 | grep -c '1 received'",
        "1\n");
}

static void processes_are_limited(void **state)
{
    struct fixture *f = *state;

    fixture_boot(f);
    fixture_expect(f, 0, "bash -c 'ulimit -u; ulimit -n; ulimit -c'", "512\n4096\n0\n");
    fixture_expect(f, 0, "awk '/processes|open files/ {print $(NF-1)}' /proc/1/limits", "512\n4096\n");
}

static void a_fork_bomb_ends_at_its_guest(void **state)
{
    struct fixture *f = *state;
    AUTO(buf_clear) struct buf out = BUF_INIT;

    fixture_boot(f);
    assert_int_not_equal(
        fixture_sh(f, 0, "i=0; while test $i -lt 600; do sleep 20 & i=$((i+1)); done", NULL, &out), 0);
    assert_non_null(strstr(buf_str(&out), "fork"));
    fixture_expect(f, 1, "true & wait; echo ok", "ok\n");
}

/* ---- what a guest sees ---- */

static void no_mount_of_the_host_is_seen(void **state)
{
    struct fixture *f = *state;

    fixture_boot(f);
    fixture_expect(f, 0, "cut -d' ' -f5 /proc/self/mountinfo | grep -vE '^/(proc|sys|dev)/' | sort",
                   "/\n/dev\n/proc\n/run\n/run/lab/startup\n/sys\n/tmp\n");
    fixture_expect(f, 0, "grep -c ' /sys .* ro,\\| /sys ro' /proc/self/mountinfo", "1\n");
}

static void devices_are_the_usual_few(void **state)
{
    struct fixture *f = *state;
    AUTO(buf_clear) struct buf out = BUF_INIT;

    fixture_boot(f);
    assert_int_equal(
        fixture_sh(
            f, 0,
            "for d in /dev/* /dev/*/*; do case $d in /dev/std*|/dev/fd/*|/dev/ptmx|/dev/pts/[0-9]*) ;; *) if test -b $d || test -c $d; then printf '%s ' $d; fi ;; esac; done",
            NULL, &out),
        0);
    if (file_exists("/dev/net/tun"))
        assert_string_equal(
            buf_str(&out),
            "/dev/full /dev/null /dev/random /dev/tty /dev/urandom /dev/zero /dev/net/tun /dev/pts/ptmx ");
    else
        assert_string_equal(buf_str(&out),
                            "/dev/full /dev/null /dev/random /dev/tty /dev/urandom /dev/zero /dev/pts/ptmx ");
    assert_int_not_equal(fixture_sh(f, 0, "mknod disk b 254 0", NULL, &out), 0);
}

static int tun_of_the_host; /* opened before there is a mount namespace of our own */
static mode_t tun_before;   /* 0: the machine has none */

static mode_t tun_mode(void)
{
    struct stat st;

    return fstat(tun_of_the_host, &st) == 0 ? st.st_mode : 0;
}

static void guests_make_tun_devices(void **state)
{
    struct fixture *f = *state;

    if (tun_before == 0)
        skip();
    fixture_boot(f);
    fixture_expect(f, 0,
                   "ip tuntap add dev t0 mode tun && ip addr add 10.9.8.1/24 dev t0 && ip link set t0 up && "
                   "ip tuntap list",
                   "t0: tun persist\n");
    fixture_expect(f, 1, "ls /sys/class/net | grep -c t0 || true", "0\n");
    assert_int_equal(tun_mode(), tun_before);
}

static void devices_of_the_host_stay_its_own(void **state)
{
    struct fixture *f = *state;
    struct stat st;

    fixture_boot(f);
    assert_int_equal(stat("/dev/null", &st), 0);
    /* crun gives its standard streams to the guest's root */
    assert_not_in_range(st.st_uid, f->lab.uid_base, f->lab.uid_base + OCI_ID_RANGE - 1);
    assert_int_not_equal(fixture_sh(f, 0, "chmod 600 /dev/null", NULL, NULL), 0);
}

static void environment_is_fixed(void **state)
{
    struct fixture *f = *state;

    fixture_boot(f);
    fixture_expect(f, 0, "tr '\\0' '\\n' < /proc/1/environ | sort | cut -d= -f1 | tr '\\n' ' '",
                   "HOME LANG PATH TERM ");
}

static void init_holds_no_descriptor_of_the_host(void **state)
{
    struct fixture *f = *state;
    AUTO(buf_clear) struct buf out = BUF_INIT;

    fixture_boot(f);
    assert_int_equal(fixture_sh(f, 0, "ls -l /proc/1/fd | sed -n 's/.*-> //p'", NULL, &out), 0);
    assert_null(strstr(buf_str(&out), "/tmp/"));
    assert_null(strstr(buf_str(&out), f->dir));
    assert_null(strstr(buf_str(&out), "/dev/pts"));
}

static void only_its_own_processes_are_seen(void **state)
{
    struct fixture *f = *state;

    fixture_boot(f);
    fixture_expect(f, 0, "cat /proc/1/comm; hostname", "lab-init\nh1\n");
    fixture_expect(f, 0, "test $(ls -d /proc/[0-9]* | wc -l) -lt 8 && echo few", "few\n");
}

static void each_node_has_a_network_of_its_own(void **state)
{
    struct fixture *f = *state;

    fixture_boot(f);
    fixture_expect(f, 0, "ls /sys/class/net; cat /proc/net/dev | tail -n +3 | cut -d: -f1 | tr -d ' '",
                   "lo\nlo\n");
}

/* ---- files ---- */

static void the_image_is_never_written(void **state)
{
    struct fixture *f = *state;
    AUTO(buf_clear) struct buf before = BUF_INIT, after = BUF_INIT;
    char path[300];
    struct err e;

    snprintf(path, sizeof path, "%s/base/root/etc/passwd", f->image_dir);
    assert_ok(file_read(path, 1u << 20, &before, &e), &e);
    fixture_boot(f);
    fixture_expect(f, 0, "echo student::0:0::/:/bin/sh >> /etc/passwd; rm /usr/bin/ip; chown 5 /etc/group",
                   "");
    assert_ok(file_read(path, 1u << 20, &after, &e), &e);
    assert_string_equal(buf_str(&before), buf_str(&after));
    snprintf(path, sizeof path, "%s/base/root/usr/bin/ip", f->image_dir);
    assert_true(file_exists(path));
    fixture_expect(f, 1, "ls /usr/bin/ip; grep -c student /etc/passwd || true", "/usr/bin/ip\n0\n");
    assert_ok(f->ops->remove(&f->lab, f->all, FIXTURE_NODES, &e), &e);
    assert_ok(f->ops->wipe(&f->lab, 0, &e), &e);
    fixture_boot(f);
    fixture_expect(f, 0, "ls /usr/bin/ip; grep -c student /etc/passwd || true; stat -c %u /etc/group",
                   "/usr/bin/ip\n0\n0\n");
}

static char etc_motd[] = "/etc/motd", deep[] = "/etc/frr/lab/deep.conf", linked[] = "/bin/lab-tool";
static char welcome[] = "welcome\n", secret[] = "secret\n", tool[] = "#!/bin/sh\necho tool\n";
static struct plan_file plan_files[] = {
    {etc_motd, 0644, welcome}, {deep, 0600, secret}, {linked, 0755, tool}};

static void files_of_the_plan_are_there(void **state)
{
    struct fixture *f = *state;

    f->nodes[0].files = plan_files;
    f->nodes[0].nfiles = 3;
    fixture_boot(f);
    fixture_expect(
        f, 0,
        "cat /etc/motd /etc/frr/lab/deep.conf; stat -c '%a %u' /etc/frr/lab/deep.conf /etc/motd; lab-tool",
        "welcome\nsecret\n600 0\n644 0\ntool\n");
    /* /bin is a link of the image and has to stay one; folders keep the image's owner */
    fixture_expect(f, 0, "readlink /bin; stat -c %U /etc/frr; cat /etc/hostname; getent hosts h1 | tr -s ' '",
                   "usr/bin\nfrr\nh1\n127.0.1.1 h1\n");
}

static void changed_files_stay_changed_over_a_restart(void **state)
{
    struct fixture *f = *state;
    struct err e;

    f->nodes[0].files = plan_files;
    f->nodes[0].nfiles = 3;
    fixture_boot(f);
    fixture_expect(f, 0, "echo changed > /etc/motd; rm /etc/frr/lab/deep.conf; ln -s / /etc/frr/lab/link",
                   "");
    assert_ok(f->ops->remove(&f->lab, f->all, 1, &e), &e);
    fixture_create(f);
    fixture_expect(f, 0, "cat /etc/motd; ls /etc/frr/lab", "changed\nlink\n");
}

static char link_file[] = "/etc/mtab";
static struct plan_file through_link[] = {{link_file, 0644, welcome}};

static void a_link_does_not_lead_out_of_the_tree(void **state)
{
    struct fixture *f = *state;

    /* /etc/mtab leads to /proc, which is the image's empty folder while the file is written */
    f->nodes[0].files = through_link;
    f->nodes[0].nfiles = 1;
    struct err e;
    assert_ok(f->ops->create(&f->lab, f->all, 1, fixture_report, f, &e), &e);
    AUTO(buf_clear) struct buf mounts = BUF_INIT;
    assert_ok(file_read("/proc/self/mountinfo", 4u << 20, &mounts, &e), &e);
    assert_null(strstr(buf_str(&mounts), "welcome"));
}

static void the_startup_script_is_private_and_read_only(void **state)
{
    struct fixture *f = *state;
    static char script[] = "echo started\n";

    f->nodes[0].startup = script;
    fixture_boot(f);
    fixture_expect(f, 0, "stat -c '%a %u' /run/lab/startup; cat /run/lab/startup", "700 0\necho started\n");
    assert_int_not_equal(fixture_sh(f, 0, "echo more >> /run/lab/startup", NULL, NULL), 0);
}

static void a_layer_that_was_not_completed_is_made_anew(void **state)
{
    struct fixture *f = *state;
    char path[256];
    struct err e;

    f->nodes[0].files = plan_files;
    f->nodes[0].nfiles = 3;
    fixture_boot(f);
    fixture_expect(f, 0, "echo half > /etc/motd", "");
    assert_ok(f->ops->remove(&f->lab, f->all, FIXTURE_NODES, &e), &e);
    snprintf(path, sizeof path, "%s/labs/%s/nodes/h1/seeded", f->state_dir, f->plan.lab);
    assert_int_equal(unlink(path), 0);
    fixture_boot(f);
    fixture_expect(f, 0, "cat /etc/motd", "welcome\n");
}

/* ---- life ---- */

static void an_idle_node_is_small(void **state)
{
    struct fixture *f = *state;
    AUTO(buf_clear) struct buf text = BUF_INIT;
    char path[64];
    unsigned long kib;
    struct err e;

    fixture_boot(f);
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)fixture_pid(f, 0));
    assert_ok(file_read(path, 1u << 16, &text, &e), &e);
    const char *pss = strstr(buf_str(&text), "Pss:");
    assert_non_null(pss);
    kib = strtoul(pss + 4, NULL, 10);
    assert_in_range(kib, 1, 3072);
    AUTO(buf_clear) struct buf procs = BUF_INIT;
    snprintf(path, sizeof path, "/sys/fs/cgroup/paralab/%s/h1/cgroup.procs", f->plan.lab);
    assert_ok(file_read(path, 4096, &procs, &e), &e);
    assert_string_equal(strchr(buf_str(&procs), '\n'), "\n"); /* one process */
}

static void init_waits_for_its_interfaces(void **state)
{
    struct fixture *f = *state;
    static struct plan_iface eth0 = {.name = "eth0", .mac = "02:00:00:00:00:01", .mtu = 1500};
    static char script[] =
        "cat /sys/class/net/eth0/operstate >/dev/null && ip -o link show eth0 | grep -c UP\n";
    struct err e;

    f->nodes[0].ifaces = &eth0;
    f->nodes[0].nifaces = 1;
    f->nodes[0].startup = script;
    fixture_create(f);
    assert_ok(f->ops->wait(&f->lab, f->all, 1, 300, fixture_report, f, &e), &e);
    assert_int_equal(f->seen[0].why.code, ERR_TIMEOUT);
    assert_int_equal(fixture_state(f, 0), GUEST_CREATED);

    assert_ok(f->ops->remove(&f->lab, f->all, 1, &e), &e);
    assert_ok(f->ops->create(&f->lab, f->all, 1, fixture_report, f, &e), &e);
    AUTO(mem_freep) char *pid = xasprintf("%d", (int)fixture_pid(f, 0));
    AUTO(mem_freep) char *dev = xasprintf("plt%s", f->plan.lab);
    assert_ok(proc_checkv(NULL, NULL, &e, "ip", "link", "add", dev, "type", "veth", "peer", "name", "eth0",
                          "netns", pid, NULL),
              &e);
    assert_ok(f->ops->wait(&f->lab, f->all, 1, 5000, fixture_report, f, &e), &e);
    assert_ok(f->seen[0].why.code == ERR_NONE ? 0 : -1, &f->seen[0].why);
    assert_string_equal(buf_str(&f->seen[0].output), "1\n");
}

static void a_guest_whose_init_died_is_stopped(void **state)
{
    struct fixture *f = *state;
    struct err e;

    fixture_boot(f);
    assert_int_equal(kill(fixture_pid(f, 1), SIGKILL), 0);
    for (int i = 0; i < 200 && fixture_state(f, 1) != GUEST_STOPPED; i++)
        usleep(5000);
    assert_int_equal(fixture_state(f, 1), GUEST_STOPPED);
    assert_int_equal(fixture_state(f, 0), GUEST_RUNNING);
    assert_ok(f->ops->remove(&f->lab, &f->all[1], 1, &e), &e);
    fixture_create(f);
    assert_ok(f->ops->wait(&f->lab, f->all, FIXTURE_NODES, 5000, fixture_report, f, &e), &e);
    assert_int_equal(fixture_state(f, 1), GUEST_RUNNING);
}

static void a_guest_that_dies_while_starting_is_told(void **state)
{
    struct fixture *f = *state;
    static char script[] = "sleep 60\n";
    struct err e;

    f->nodes[0].startup = script;
    fixture_create(f);
    assert_int_equal(kill(fixture_pid(f, 0), SIGKILL), 0);
    assert_ok(f->ops->wait(&f->lab, f->all, 1, 10000, fixture_report, f, &e), &e);
    assert_int_equal(f->seen[0].why.code, ERR_PROTOCOL);
}

static void a_process_that_did_not_create_cannot_wait(void **state)
{
    struct fixture *f = *state;
    struct err e;

    pid_t pid = fork();
    if (pid == 0)
        _exit(f->ops->create(&f->lab, f->all, 1, fixture_report, f, &e) < 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(fixture_state(f, 0), GUEST_CREATED);
    assert_ok(f->ops->wait(&f->lab, f->all, 1, 5000, fixture_report, f, &e), &e);
    assert_int_equal(f->seen[0].why.code, ERR_CONFLICT);
}

static void damage(struct fixture *f, const char *file, const char *text)
{
    char path[256];
    struct err e;

    snprintf(path, sizeof path, "%s/crun/%s-h1/%s", f->run_dir, f->plan.lab, file);
    assert_ok(file_write_atomic(path, text, strlen(text), 0600, &e), &e);
}

static void removes_what_crun_does_not_know_any_more(void **state)
{
    struct fixture *f = *state;
    struct err e;

    fixture_boot(f);
    damage(f, "status", "{\"pid\": ");
    assert_int_equal(fixture_state(f, 0), GUEST_STOPPED);
    assert_ok(f->ops->remove(&f->lab, f->all, 1, &e), &e);
    assert_int_equal(fixture_state(f, 0), GUEST_ABSENT);
}

static void does_not_kill_who_has_the_pid_now(void **state)
{
    struct fixture *f = *state;
    struct err e;

    pid_t bystander = fork();
    if (bystander == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pause();
        _exit(0);
    }
    fixture_boot(f);
    AUTO(mem_freep) char *status = xasprintf("{\"pid\": %d, \"process-start-time\": 7}", (int)bystander);
    damage(f, "status", status);
    assert_ok(f->ops->remove(&f->lab, f->all, 1, &e), &e);
    assert_int_equal(kill(bystander, 0), 0);
    assert_int_equal(waitpid(bystander, NULL, WNOHANG), 0);
    kill(bystander, SIGKILL);
    waitpid(bystander, NULL, 0);
}

static void a_missing_image_is_told_and_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct err e;

    snprintf(f->nodes[0].image, sizeof f->nodes[0].image, "no-such");
    assert_ok(f->ops->create(&f->lab, f->all, 2, fixture_report, f, &e), &e);
    assert_int_equal(f->seen[0].why.code, ERR_NOT_FOUND);
    assert_non_null(strstr(f->seen[0].why.msg, "no-such"));
    assert_int_equal(fixture_state(f, 0), GUEST_ABSENT);
    assert_int_equal(fixture_state(f, 1), GUEST_CREATED);
}

static void a_guest_that_cannot_start_is_told_and_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    static char init[] = "/sbin/lab-init", text[] = "not a program";
    static struct plan_file broken_init[] = {{init, 0644, text}};
    struct err e;

    f->nodes[0].files = broken_init;
    f->nodes[0].nfiles = 1;
    assert_ok(f->ops->create(&f->lab, f->all, 2, fixture_report, f, &e), &e);
    assert_int_equal(f->seen[0].why.code, ERR_TOOL);
    assert_int_equal(fixture_state(f, 0), GUEST_ABSENT);
    assert_int_equal(fixture_state(f, 1), GUEST_CREATED);
}

static void a_command_ends_with_the_program_that_ran_it(void **state)
{
    struct fixture *f = *state;
    const char *cmd[] = {"sleep", "1234", NULL};
    AUTO(argv_clear) struct argv argv = {0};
    struct err e;

    fixture_boot(f);
    assert_ok(f->ops->exec_argv(&f->lab, 0, cmd, &argv, &e), &e);
    pid_t pid = proc_spawn(argv_get(&argv), (const int[]){-1, -1, -1}, NULL, 0, NULL, &e);
    assert_true(pid > 0);
    for (int i = 0; i < 400 && fixture_sh(f, 0, "grep -qs '^sleep' /proc/[0-9]*/comm", NULL, NULL) != 0; i++)
        usleep(5000);
    assert_int_equal(fixture_sh(f, 0, "grep -qs '^sleep' /proc/[0-9]*/comm", NULL, NULL), 0);
    kill(-pid, SIGKILL);
    waitpid(pid, NULL, 0);
    for (int i = 0; i < 400 && fixture_sh(f, 0, "grep -qs '^sleep' /proc/[0-9]*/comm", NULL, NULL) == 0; i++)
        usleep(5000);
    assert_int_not_equal(fixture_sh(f, 0, "grep -qs '^sleep' /proc/[0-9]*/comm", NULL, NULL), 0);
}

/* The worker of a job is killed at some moment; a later one finds out and makes the lab complete. */
static unsigned kill_after_ms;

static int killed_setup(void **state)
{
    kill_after_ms = (unsigned)(uintptr_t)*state;
    *state = (void *)(uintptr_t)&guest_container;
    return fixture_setup(state);
}

static void recovers_from_a_killed_worker(void **state)
{
    struct fixture *f = *state;
    struct err e;

    pid_t worker = fork();
    if (worker == 0) {
        if (f->ops->create(&f->lab, f->all, FIXTURE_NODES, fixture_report, f, &e) == 0 &&
            f->ops->wait(&f->lab, f->all, FIXTURE_NODES, 5000, fixture_report, f, &e) == 0 &&
            f->ops->remove(&f->lab, f->all, 1, &e) == 0)
            pause();
        _exit(1);
    }
    usleep(kill_after_ms * 1000);
    assert_int_equal(kill(worker, SIGKILL), 0);
    assert_int_equal(waitpid(worker, NULL, 0), worker);
    for (size_t i = 0; i < FIXTURE_NODES; i++) {
        enum guest_state s = fixture_state(f, i);
        if (s != GUEST_ABSENT && s != GUEST_RUNNING)
            assert_ok(f->ops->remove(&f->lab, &i, 1, &e), &e);
    }
    fixture_create(f);
    fixture_forget(f);
    assert_ok(f->ops->wait(&f->lab, f->all, FIXTURE_NODES, 10000, fixture_report, f, &e), &e);
    for (size_t i = 0; i < FIXTURE_NODES; i++) {
        assert_ok(f->seen[i].why.code == ERR_NONE ? 0 : -1, &f->seen[i].why);
        assert_int_equal(fixture_state(f, i), GUEST_RUNNING);
    }
    fixture_expect(f, 2, "hostname", "far-router\n");
}

/* ---- table ---- */

#define ROW(test) \
    { \
#test, test, fixture_setup, fixture_teardown, (void *)(uintptr_t)&guest_container \
    }
#define KILLED(ms) \
    { \
        "a worker killed after " #ms " ms", recovers_from_a_killed_worker, killed_setup, fixture_teardown, \
            (void *)(uintptr_t)(ms) \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(root_inside_is_nobody_outside),
        ROW(files_of_a_guest_belong_to_its_range),
        ROW(the_image_belongs_to_root_inside),
        ROW(two_labs_share_no_user),
        ROW(capabilities_are_the_few_of_a_network_node),
        ROW(forwarding_can_be_set),
        ROW(settings_of_the_host_cannot_be_written),
        ROW(interfaces_can_be_made),
        ROW(processes_are_limited),
        ROW(a_fork_bomb_ends_at_its_guest),
        ROW(no_mount_of_the_host_is_seen),
        ROW(devices_are_the_usual_few),
        ROW(guests_make_tun_devices),
        ROW(devices_of_the_host_stay_its_own),
        ROW(environment_is_fixed),
        ROW(init_holds_no_descriptor_of_the_host),
        ROW(only_its_own_processes_are_seen),
        ROW(each_node_has_a_network_of_its_own),
        ROW(the_image_is_never_written),
        ROW(files_of_the_plan_are_there),
        ROW(changed_files_stay_changed_over_a_restart),
        ROW(a_link_does_not_lead_out_of_the_tree),
        ROW(the_startup_script_is_private_and_read_only),
        ROW(a_layer_that_was_not_completed_is_made_anew),
        ROW(an_idle_node_is_small),
        ROW(init_waits_for_its_interfaces),
        ROW(a_guest_whose_init_died_is_stopped),
        ROW(a_guest_that_dies_while_starting_is_told),
        ROW(a_process_that_did_not_create_cannot_wait),
        ROW(removes_what_crun_does_not_know_any_more),
        ROW(does_not_kill_who_has_the_pid_now),
        ROW(a_missing_image_is_told_and_leaves_nothing),
        ROW(a_guest_that_cannot_start_is_told_and_leaves_nothing),
        ROW(a_command_ends_with_the_program_that_ran_it),
        KILLED(1),
        KILLED(4),
        KILLED(7),
        KILLED(10),
        KILLED(13),
        KILLED(16),
        KILLED(19),
        KILLED(22),
        KILLED(26),
        KILLED(30),
        KILLED(35),
        KILLED(40),
        KILLED(50),
        KILLED(70),
    };

    tun_of_the_host = open("/dev/net/tun", O_PATH | O_CLOEXEC);
    tun_before = tun_mode();
    return cmocka_run_group_tests_name("container", tests, NULL, NULL);
}
