/* net_host.c: is a daemon alive, and what is said when it is not. */
#include "tests/unit/net_rows.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[64];

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/paralab-host-XXXXXX");
    return mkdtemp(dir) != NULL ? 0 : -1;
}

static int remove_dir(void **state)
{
    struct err e;

    (void)state;
    return file_remove_tree(dir, &e);
}

static struct net_host host_in_dir(bool private_ovs)
{
    struct net_host h = {.private_ovs = private_ovs};

    snprintf(h.run, sizeof h.run, "%s", dir);
    return h;
}

/* A process that holds the lock of a pidfile, as daemons of Open vSwitch do. */
static pid_t daemon_new(const char *program)
{
    AUTO(mem_freep) char *path = xasprintf("%s/%s.pid", dir, program);
    int ready[2];
    char c;
    pid_t pid;

    assert_int_equal(pipe(ready), 0);
    assert_true((pid = fork()) >= 0);
    if (pid == 0) {
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0 || fcntl(fd, F_SETLK, &lock) < 0 || write(ready[1], "r", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    assert_int_equal(read(ready[0], &c, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void test_alive(void **state)
{
    struct net_host h = host_in_dir(true);
    struct err e = {0};
    pid_t db = daemon_new("ovsdb-server"), vs = daemon_new("ovs-vswitchd");
    pid_t found = net_daemon_pid(&h, "ovs-vswitchd");
    int rc = net_host_check(&h, &e);

    (void)state;
    kill(vs, SIGKILL);
    siginfo_t info;
    waitid(P_PID, (id_t)vs, &info, WEXITED | WNOWAIT); /* a zombie now: its pid still answers kill(2) */
    int zombie = net_host_check(&h, &e);
    waitpid(vs, NULL, 0);
    kill(db, SIGKILL);
    waitpid(db, NULL, 0);
    assert_int_equal(found, vs);
    assert_int_equal(rc, 0);
    assert_int_equal(zombie, -1);
    assert_non_null(strstr(e.msg, "ovs-vswitchd"));
}

static const struct dead_row {
    const char *name;
    bool private_ovs, stale;
    const char *want;
} dead_rows[] = {
    {"private, no pidfile", true, false, "restart labhost"},
    {"private, stale pidfile", true, true, "restart labhost"},
    {"shared", false, false, "systemctl restart openvswitch-switch"},
};

static void test_dead(void **state)
{
    const struct dead_row *c = *state;
    struct net_host h = host_in_dir(c->private_ovs);
    AUTO(mem_freep) char *path = xasprintf("%s/ovsdb-server.pid", dir);
    struct err e = {0};

    if (c->stale)
        assert_int_equal(file_write_atomic(path, "1\n", 2, 0600, &e), 0);
    assert_int_equal(net_host_check(&h, &e), -1);
    assert_int_equal(e.code, ERR_UNREACHABLE);
    assert_non_null(strstr(e.msg, c->want));
}

/* Stopping the machine's own instance is not ours to do. */
static void test_close_shared(void **state)
{
    struct recorder r = RECORDER;
    struct net_host h = net_host_recorded(&r);
    struct err e = {0};

    (void)state;
    assert_int_equal(net_host_close(&h, &e), 0);
    assert_string_equal(buf_str(&r.log), "");
}

int main(void)
{
    struct CMUnitTest tests[2 + ARRAY_LEN(dead_rows)] = {
        cmocka_unit_test_setup_teardown(test_alive, make_dir, remove_dir),
        cmocka_unit_test(test_close_shared),
    };

    for (size_t i = 0; i < ARRAY_LEN(dead_rows); i++) {
        union {
            const void *in;
            void *out;
        } row = {.in = &dead_rows[i]};
        tests[2 + i] = (struct CMUnitTest){dead_rows[i].name, test_dead, make_dir, remove_dir, row.out};
    }
    return cmocka_run_group_tests_name("net_host", tests, NULL, NULL);
}
