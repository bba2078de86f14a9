/* An Open vSwitch of our own: ovsdb-server and ovs-vswitchd in RUN/ovs, in a network namespace of their
 * own that the calling process joins.
 *
 * Two userspace datapaths cannot live in one namespace (each wants the device "ovs-netdev"), and what is
 * in a namespace of ours is out of reach of the machine's network manager, firewall and IPv6.  The
 * namespace lives as long as one of the two daemons, labhost or a console does; it is found again through
 * the daemons' pidfiles.  Both detach, so that a killed labhost disturbs nobody.
 *
 * The database is made new at each start: it describes devices of a namespace that has just been born, and
 * labhost wires its labs again. */
#include "labd/host/net/net_impl.h"

#include "labd/base/file.h"
#include "labd/base/loop.h"
#include "labd/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SCHEMA "/usr/share/openvswitch/vswitch.ovsschema"
#define LOG_MAX (4 << 20)
#define STOP_MS 5000
#define FILES_MAX 65536ul

static const char *const daemons[] = {"ovs-vswitchd", "ovsdb-server"}; /* in the order of stopping */

/* On a Xen dom0 netback makes the guests' interfaces in the first namespace, so we stay there. */
static bool own_namespace(void)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct err ignored;

    return file_read("/proc/xen/capabilities", 4096, &text, &ignored) < 0 ||
           strstr(buf_str(&text), "control_d") == NULL;
}

static int enter(pid_t pid, struct err *e)
{
    char path[48];

    snprintf(path, sizeof path, "/proc/%d/ns/net", (int)pid);
    AUTO(mem_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
        return err_sys(e, "enter the network namespace of process %d", (int)pid);
    return 0;
}

static int make_namespace(struct err *e)
{
    static const char *const path = "/proc/sys/net/ipv6/conf/default/disable_ipv6";

    if (unshare(CLONE_NEWNET) < 0)
        return err_sys(e, "make a network namespace");
    return file_exists(path) ? file_write_once(path, "1", e) : 0;
}

static int run(const struct net_host *h, struct argv *a, struct err *e)
{
    AUTO(argv_clear) struct argv env = {0};
    static const char *const names[] = {"RUNDIR", "DBDIR", "LOGDIR", "SYSCONFDIR"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        argv_addf(&env, "OVS_%s=%s", names[i], h->run);
    const struct proc_spec s = {.argv = argv_get(a), .env = argv_get(&env)};
    return proc_check(h->runner, &s, NULL, e);
}

static void add_daemon_options(struct argv *a, const struct net_host *h, const char *program)
{
    argv_add(a, "--detach");
    argv_add(a, "--no-chdir");
    argv_addf(a, "--pidfile=%s/%s.pid", h->run, program);
    argv_addf(a, "--log-file=%s/%s.log", h->run, program);
    argv_add(a, "-vconsole:off");
    argv_add(a, "-vsyslog:off");
    argv_add(a, "-vfile:warn");
}

static int start(const struct net_host *h, struct err *e)
{
    AUTO(argv_clear) struct argv create = {0}, server = {0}, init = {0}, vswitch = {0};
    struct rlimit limit;

    /* A packet socket per port, and what root may have without asking (a container may not raise it). */
    unsigned long files = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max < FILES_MAX
                              ? (unsigned long)limit.rlim_max
                              : FILES_MAX;

    argv_add(&create, "ovsdb-tool");
    argv_add(&create, "create");
    argv_addf(&create, "%s/conf.db", h->run);
    argv_add(&create, SCHEMA);

    argv_add(&server, "ovsdb-server");
    argv_addf(&server, "--remote=punix:%s/db.sock", h->run);
    add_daemon_options(&server, h, "ovsdb-server");
    argv_addf(&server, "%s/conf.db", h->run);

    net_ovs_begin(&init, h, "ovs-vsctl");
    argv_add(&init, "--no-wait");
    argv_add(&init, "--");
    argv_add(&init, "init");
    argv_add(&init, "--");
    argv_add(&init, "set");
    argv_add(&init, "Open_vSwitch");
    argv_add(&init, ".");
    /* Nobody reads port counters from the database; hundreds of idle ports would be written every 5 s. */
    argv_add(&init, "other_config:stats-update-interval=3600000");

    argv_add(&vswitch, "prlimit");
    argv_addf(&vswitch, "--nofile=%lu:%lu", files, files);
    argv_add(&vswitch, "--");
    argv_add(&vswitch, "ovs-vswitchd");
    add_daemon_options(&vswitch, h, "ovs-vswitchd");
    argv_addf(&vswitch, "unix:%s/db.sock", h->run);

    if (file_mkdirs(h->run, 0700, e) < 0 || run(h, &create, e) < 0 || run(h, &server, e) < 0 ||
        run(h, &init, e) < 0 || run(h, &vswitch, e) < 0)
        return -1;
    return net_host_check(h, e);
}

static int stop(const struct net_host *h, const char *program, struct err *e)
{
    const struct timespec tick = {.tv_nsec = 10000000};
    int64_t due = loop_now_ms() + STOP_MS;
    pid_t pid;
    int sig = SIGTERM;

    while ((pid = net_daemon_pid(h, program)) > 0) {
        int64_t now = loop_now_ms();
        if (now > due + STOP_MS)
            return err_set(e, ERR_TIMEOUT, "%s (process %d) does not end", program, (int)pid);
        if (now > due)
            sig = SIGKILL;
        if (sig != 0 && kill(pid, sig) < 0 && errno != ESRCH)
            return err_sys(e, "stop %s (process %d)", program, (int)pid);
        sig = 0;
        nanosleep(&tick, NULL);
    }
    return 0;
}

static int stop_all(const struct net_host *h, struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(daemons); i++)
        if (stop(h, daemons[i], e) < 0)
            return -1;
    return 0;
}

static void trim_logs(const struct net_host *h)
{
    char path[PATH_MAX];
    struct stat st;

    /* They are open for appending, so that cutting them is safe while the daemons run. */
    for (size_t i = 0; i < ARRAY_LEN(daemons); i++) {
        snprintf(path, sizeof path, "%s/%s.log", h->run, daemons[i]);
        if (stat(path, &st) == 0 && st.st_size > LOG_MAX && truncate(path, 0) < 0)
            return;
    }
}

int net_private_open(struct net_host *h, struct err *e)
{
    bool own = own_namespace();
    size_t alive = 0;

    if (!file_exists(SCHEMA))
        return err_set(e, ERR_NOT_FOUND, "it is not installed: apt-get install openvswitch-switch");
    for (size_t i = 0; i < ARRAY_LEN(daemons); i++) {
        pid_t pid = net_daemon_pid(h, daemons[i]);
        if (pid > 0 && alive++ == 0 && own && enter(pid, e) < 0)
            return -1;
    }
    if (alive == ARRAY_LEN(daemons)) {
        trim_logs(h);
        return 0;
    }
    if (alive == 0 && own && make_namespace(e) < 0)
        return -1;
    if (stop_all(h, e) < 0)
        return -1;
    if (file_remove_tree(h->run, e) < 0)
        return -1;
    if (start(h, e) == 0)
        return 0;
    struct err ignored;
    if (stop_all(h, &ignored) < 0 || file_remove_tree(h->run, &ignored) < 0)
        return err_wrap(e, "%s, and what was started cannot be removed", ignored.msg);
    return -1; /* the first error says more */
}

int net_private_close(const struct net_host *h, struct err *e)
{
    AUTO(argv_clear) struct argv a = {0};
    struct err ignored;

    /* "--cleanup" takes the datapath and its devices along, which matters where we share the namespace. */
    net_ovs_begin(&a, h, "ovs-appctl");
    argv_add(&a, "exit");
    argv_add(&a, "--cleanup");
    if (net_daemon_pid(h, "ovs-vswitchd") > 0 && net_ovs_run(h, &a, NULL, &ignored) < 0) {
        /* stop() is less polite */
    }
    if (stop_all(h, e) < 0)
        return err_wrap(e, "stop Open vSwitch");
    return file_remove_tree(h->run, e);
}
