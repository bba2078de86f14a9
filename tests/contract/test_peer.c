/* A router of the grader's on its own: real FRR, with a zebra that takes its time, as on a busy machine.  Needs root
 * and FRR. */
#include "labd/base/file.h"
#include "labd/base/mem.h"
#include "labd/base/proc.h"
#include "labd/host/peer.h"

#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ZEBRA "/usr/lib/frr/zebra"

static char dir[] = "/tmp/paralab-peer-XXXXXX";
static pid_t holder;

static int shell(pid_t pid, const char *options, const char *text)
{
    AUTO(mem_freep) char *target = xasprintf("%d", (int)pid);
    struct err e = {0};

    if (proc_checkv(NULL, NULL, &e, "nsenter", "-t", target, options, "sh", "-ec", text, NULL) == 0)
        return 0;
    print_error("%s: %s\n", text, e.msg);
    return -1;
}

/* Holds the network namespace of the reference host; ends with this process. */
static pid_t holder_new(void)
{
    int ready[2];
    char c;

    if (pipe(ready) < 0)
        return -1;
    pid_t me = getpid(), pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != me || unshare(CLONE_NEWNET) < 0 || write(ready[1], "r", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ready[1]);
    bool ok = pid > 0 && read(ready[0], &c, 1) == 1;
    close(ready[0]);
    return ok ? pid : -1;
}

/* In a mount namespace of ours zebra sleeps before it starts. */
static int slow_zebra(void **state)
{
    AUTO(mem_freep) char *real = NULL, *slow = NULL, *script = NULL;
    struct err e = {0};

    (void)state;
    if (mkdtemp(dir) == NULL || unshare(CLONE_NEWNS) < 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return -1;
    real = xasprintf("%s/real", dir);
    slow = xasprintf("%s/slow", dir);
    script = xasprintf("#!/bin/sh\nsleep 4\nexec %s \"$@\"\n", real);
    if (proc_checkv(NULL, NULL, &e, "cp", ZEBRA, real, NULL) < 0 ||
        file_write_atomic(slow, script, strlen(script), 0755, &e) < 0 ||
        mount(slow, ZEBRA, NULL, MS_BIND, NULL) < 0 || (holder = holder_new()) < 0)
        return -1;
    return shell(holder, "-n",
                 "ip link add eth0 type veth peer name far; ip addr add 10.1.0.250/24 dev eth0;"
                 "ip link set lo up; ip link set eth0 up; ip link set far up");
}

static int end(void **state)
{
    struct err e = {0};

    (void)state;
    if (holder > 0) {
        kill(holder, SIGKILL);
        waitpid(holder, NULL, 0);
    }
    umount2(ZEBRA, MNT_DETACH);
    return proc_checkv(NULL, NULL, &e, "rm", "-rf", dir, NULL);
}

/* Long before a daemon that did not find zebra tries again, after 10 seconds.  Until then it would announce what was
 * withdrawn, and know no interface. */
static void found(enum probe_protocol protocol, const char *name)
{
    struct probe_peer p = {
        .protocol = protocol, .own_as = 64999, .router_as = 65001, .hello_s = 1, .dead_s = 4};
    struct probe_ref r = {.name = "west", .nnets = 1, .pid = holder};
    AUTO(mem_freep)
    char *known = xasprintf("for i in 1 2 3 4 5; do vtysh --vty_socket /etc/frr -d zebra -c"
                            " 'show zebra client summary' | grep -qw %s && exit 0; sleep 1; done; exit 1",
                            name);
    struct peer k;
    struct err e = {0};

    assert_true(probe_addr_parse_net("10.1.0.250/24", &r.net[0].addr, &r.net[0].prefix));
    assert_true(probe_addr_parse("10.1.0.1", &p.router) && probe_addr_parse("198.18.4.7", &p.announce));
    if (peer_start(&k, &r, &p, &e) < 0)
        fail_msg("%s", e.msg);
    int rc = shell(k.init, "-m", known);
    peer_stop(&k);
    assert_int_equal(rc, 0);
}

static void test_bgp(void **state)
{
    (void)state;
    found(PROBE_BGP, "bgp");
}

static void test_ospf(void **state)
{
    (void)state;
    found(PROBE_OSPF, "ospf");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bgp), cmocka_unit_test(test_ospf)};

    return cmocka_run_group_tests_name("peer", tests, slow_zebra, end);
}
