#include "labd/host/peer_impl.h"

#include "labd/base/buf.h"
#include "labd/base/file.h"
#include "labd/base/loop.h"
#include "labd/base/mem.h"
#include "labd/base/proc.h"
#include "labd/rpc/frame.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Of Debian's package.  In the peer's mount namespace a file system in memory covers DIR, so that the machine's own
 * configuration of FRR is neither read nor changed. */
#define DIR "/etc/frr"
#define DAEMONS "/usr/lib/frr"
#define USER "frr"
#define START_MS 10000
#define LEAVE_MS 3000 /* for the daemons to say good-bye */
#define STOP_MS 5000
#define POLL_MS 100
#define ANSWER_MAX (1u << 20)
#define COMMANDS_MAX 8

static const char zserv[] = DIR "/zserv.api"; /* where the daemons of the protocols find zebra */

static void pause_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&t, NULL);
}

/* ---- inside: the first process of the PID namespace ---- */
static volatile sig_atomic_t leave;

static void on_term(int sig)
{
    (void)sig;
    leave = 1;
}

/* What the daemons need: raw sockets, routes of their namespace, zebra's look at other namespaces, and to
 * become their own user.  Limits what exec gives, not this process. */
static int bound(struct err *e)
{
    static const int needed[] = {CAP_NET_ADMIN, CAP_NET_RAW, CAP_NET_BIND_SERVICE, CAP_SYS_ADMIN,
                                 CAP_SETUID,    CAP_SETGID,  CAP_SETPCAP};

    for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
        bool keep = false;

        for (size_t i = 0; i < ARRAY_LEN(needed); i++)
            keep = keep || needed[i] == cap;
        if (!keep && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
            return err_sys(e, "give up a capability");
    }
    return 0;
}

static int daemon_start(const char *name, struct err *e)
{
    AUTO(mem_freep)
    char *program = xasprintf(DAEMONS "/%s", name), *conf = xasprintf(DIR "/%s.conf", name),
         *pid = xasprintf(DIR "/%s.pid", name);
    const char *argv[] = {program, "-f", conf, "-i", pid,  "-z", zserv, "--vty_socket",
                          DIR,     "-P", "0",  "-u", USER, "-g", USER,  NULL};
    const int fds[3] = {-1, -1, -1};

    return proc_spawn(argv, fds, NULL, 0, NULL, e) < 0 ? -1 : 0;
}

/* A daemon that does not find zebra tries again only after 10 seconds.  Until then bgpd knows no interface and no
 * address, and announces its network whether or not that is there. */
static int zebra_wait(struct err *e)
{
    int64_t until = loop_now_ms() + START_MS;
    int fd;

    while ((fd = frame_connect(zserv, e)) < 0) {
        if (loop_now_ms() >= until)
            return err_set(e, ERR_TIMEOUT, "zebra did not start within %d seconds", START_MS / 1000);
        pause_ms(POLL_MS / 10);
    }
    close(fd);
    return 0;
}

static int place(const struct peer *k, const struct passwd *user, const char *zebra, const char *config,
                 struct err *e)
{
    static const char name[] = "peer"; /* BGP tells it to the neighbour */
    AUTO(mem_freep) char *path = xasprintf(DIR "/%s.conf", k->protocol->daemon);
    char options[64];

    snprintf(options, sizeof options, "mode=0700,size=1m,uid=%u,gid=%u", (unsigned)user->pw_uid,
             (unsigned)user->pw_gid);
    if (sethostname(name, sizeof name - 1) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("none", DIR, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options) < 0)
        return err_sys(e, "give the peer router a folder of its own");
    if (file_write_atomic(DIR "/vtysh.conf", "", 0, 0644, e) < 0 ||
        file_write_atomic(DIR "/zebra.conf", zebra, strlen(zebra), 0644, e) < 0)
        return -1;
    return file_write_atomic(path, config, strlen(config), 0644, e);
}

/* Ends with its children, all of them: it is their init. */
static _Noreturn void inside(const struct peer *k, const struct passwd *user, const char *zebra,
                             const char *config, int ready)
{
    const struct sigaction term = {.sa_handler = on_term};
    struct err e = {0};
    int64_t until;
    bool ok;

    sigaction(SIGTERM, &term, NULL);
    ok = place(k, user, zebra, config, &e) == 0 && bound(&e) == 0 && daemon_start("zebra", &e) == 0 &&
         zebra_wait(&e) == 0 && daemon_start(k->protocol->daemon, &e) == 0;
    if (write(ready, ok ? "" : e.msg, ok ? 1 : strlen(e.msg)) < 0 || !ok)
        _exit(1);
    close(ready);
    while (!leave)
        if (waitpid(-1, NULL, WNOHANG) <= 0)
            pause_ms(POLL_MS);
    kill(-1, SIGTERM); /* bgpd closes its sessions */
    for (until = loop_now_ms() + LEAVE_MS; loop_now_ms() < until;)
        if (waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD)
            break;
        else
            pause_ms(POLL_MS / 10);
    _exit(0);
}

/* Our child.  It is there so that the namespaces end with us: its own end kills the other. */
static _Noreturn void keep(const struct peer *k, pid_t holder, const struct passwd *user, const char *zebra,
                           const char *config, int ready, int pid_out)
{
    char path[64];
    int fd, status;
    pid_t pid;

    snprintf(path, sizeof path, "/proc/%d/ns/net", (int)holder);
    if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0 || setns(fd, CLONE_NEWNET) < 0 ||
        unshare(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS) < 0 || (pid = fork()) < 0)
        _exit(1);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        inside(k, user, zebra, config, ready);
    }
    if (write(pid_out, &pid, sizeof pid) != (ssize_t)sizeof pid)
        _exit(1);
    close(pid_out);
    close(ready);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    _exit(0);
}

/* ---- outside: the worker ---- */
int peer_tell(const struct peer *k, const char *daemon, const char *const *commands, size_t n,
              struct buf *out, struct err *e)
{
    AUTO(mem_freep) char *target = xasprintf("%d", (int)k->init);
    const char *argv[10 + 2 * COMMANDS_MAX + 1] = {"nsenter", "-t",           target, "-m", "--",
                                                   "vtysh",   "--vty_socket", DIR,    "-d", daemon};
    const struct proc_spec s = {.argv = argv, .timeout_ms = START_MS, .output_max = ANSWER_MAX};

    for (size_t i = 0; i < n; i++) {
        argv[10 + 2 * i] = "-c";
        argv[11 + 2 * i] = commands[i];
    }
    return proc_check(NULL, &s, out, e);
}

json_t *peer_ask(const struct peer *k, const char *question, struct err *e)
{
    AUTO(buf_clear) struct buf out = BUF_INIT;
    json_t *j;

    if (peer_tell(k, k->protocol->daemon, &question, 1, &out, e) < 0)
        return NULL;
    if ((j = json_loadb(buf_str(&out), out.len, 0, NULL)) == NULL)
        err_set(e, ERR_PROTOCOL, "FRR's answer to '%s' is not JSON", question);
    return j;
}

static int settle(struct peer *k, struct err *e)
{
    int64_t until = loop_now_ms() + START_MS;
    json_t *j;

    while ((j = peer_ask(k, k->protocol->alive, e)) == NULL) {
        if (loop_now_ms() >= until)
            return err_set(e, ERR_TIMEOUT, "the peer router did not start within %d seconds",
                           START_MS / 1000);
        pause_ms(POLL_MS);
    }
    json_decref(j);
    return 0;
}

/* One line from the first process inside: empty if all is well. */
static int heard(int fd, struct err *e)
{
    char line[200];
    ssize_t n = read(fd, line, sizeof line - 1);

    if (n <= 0)
        return err_set(e, ERR_TOOL, "the peer router could not be given its namespaces");
    line[n] = '\0';
    return line[0] == '\0' ? 0 : err_set(e, ERR_TOOL, "start the peer router: %s", line);
}

int peer_start(struct peer *k, const struct probe_ref *r, const struct probe_peer *p, struct err *e)
{
    const struct passwd *user = getpwnam(USER);
    int ready[2] = {-1, -1}, pid_out[2] = {-1, -1};
    const struct peer_protocol *protocol = p->protocol == PROBE_OSPF ? &peer_ospf : &peer_bgp;
    char announced[PROBE_ADDR_TEXT];

    *k = (struct peer){.protocol = protocol};
    if (user == NULL || access(DAEMONS, X_OK) < 0)
        return err_set(
            e, ERR_UNSUPPORTED,
            "this machine has no FRR, which checks of routing protocols need: install the package frr");
    probe_addr_text(&p->announce, announced);
    AUTO(mem_freep)
    char *zebra = xasprintf("no ip forwarding\ninterface lo\n no shutdown\n ip address %s/32\n", announced),
         *config = protocol->config(r, p);
    if (pipe2(ready, O_CLOEXEC) < 0 || pipe2(pid_out, O_CLOEXEC) < 0) {
        mem_closep(&ready[0]);
        mem_closep(&ready[1]);
        return err_sys(e, "pipe");
    }
    pid_t parent = getpid();
    k->keeper = fork();
    if (k->keeper == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ready[0]);
        close(pid_out[0]);
        if (getppid() == parent)
            keep(k, r->pid, user, zebra, config, ready[1], pid_out[1]);
        _exit(1);
    }
    close(ready[1]);
    close(pid_out[1]);
    int rc = k->keeper < 0 ? err_sys(e, "fork")
             : read(pid_out[0], &k->init, sizeof k->init) != (ssize_t)sizeof k->init
                 ? err_set(e, ERR_TOOL, "the peer router could not be given its namespaces")
                 : heard(ready[0], e);
    close(ready[0]);
    close(pid_out[0]);
    if (rc == 0)
        rc = settle(k, e);
    if (rc < 0)
        peer_stop(k);
    return rc;
}

void peer_stop(struct peer *k)
{
    int64_t until = loop_now_ms() + STOP_MS;
    bool over = false;

    if (k->keeper <= 0)
        return;
    if (k->init > 0)
        kill(k->init, SIGTERM);
    while (!over && loop_now_ms() < until)
        if (!(over = waitpid(k->keeper, NULL, WNOHANG) == k->keeper))
            pause_ms(POLL_MS / 10);
    if (!over) {
        kill(k->keeper, SIGKILL);
        waitpid(k->keeper, NULL, 0);
    }
    k->keeper = k->init = 0;
}

int peer_move(const struct peer *k, const struct probe_ref *r, const struct probe_peer *p, struct err *e)
{
    return k->protocol->move != NULL ? k->protocol->move(k, r, p, e) : 0;
}

int peer_withdraw(const struct peer *k, const struct probe_peer *p, struct err *e)
{
    char text[PROBE_ADDR_TEXT];
    AUTO(mem_freep) char *address = xasprintf("no ip address %s/32", probe_addr_text(&p->announce, text));
    const char *const commands[] = {"configure terminal", "interface lo", address};

    return peer_tell(k, "zebra", commands, ARRAY_LEN(commands), NULL, e);
}

int peer_neighbours(const struct peer *k, struct probe_peer_outcome *o, struct err *e)
{
    return k->protocol->neighbours(k, o, e);
}

int peer_prefixes(const struct peer *k, struct probe_peer_outcome *o, struct err *e)
{
    return k->protocol->prefixes(k, o, e);
}

/* The state comes from FRR's own list of names; whatever else is there is none. */
void peer_state(char out[PROBE_STATE_SIZE], const char *s)
{
    static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";
    size_t n = s != NULL ? strcspn(s, "/") : 0;

    out[0] = '\0';
    if (n == 0 || n >= PROBE_STATE_SIZE || strspn(s, good) < n)
        return;
    memcpy(out, s, n);
    out[n] = '\0';
}

const struct probe_addr *peer_own(const struct probe_ref *r, unsigned *prefix)
{
    size_t i = 0;

    while (i + 1 < r->nnets && r->net[i].addr.family != AF_INET)
        i++;
    *prefix = r->net[i].prefix;
    return &r->net[i].addr;
}
