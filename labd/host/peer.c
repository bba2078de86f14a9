#include "labd/host/peer.h"

#include "labd/base/buf.h"
#include "labd/base/file.h"
#include "labd/base/loop.h"
#include "labd/base/mem.h"
#include "labd/base/proc.h"

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
    const char *argv[] = {program, "-f", conf, "-i", pid,  "-z", DIR "/zserv.api", "--vty_socket", DIR, "-P",
                          "0",     "-u", USER, "-g", USER, NULL};
    const int fds[3] = {-1, -1, -1};

    return proc_spawn(argv, fds, NULL, 0, NULL, e) < 0 ? -1 : 0;
}

static int place(uid_t uid, gid_t gid, const char *zebra, const char *ospfd, struct err *e)
{
    char options[64];

    snprintf(options, sizeof options, "mode=0700,size=1m,uid=%u,gid=%u", (unsigned)uid, (unsigned)gid);
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("none", DIR, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options) < 0)
        return err_sys(e, "give the peer router a folder of its own");
    if (file_write_atomic(DIR "/zebra.conf", zebra, strlen(zebra), 0644, e) < 0 ||
        file_write_atomic(DIR "/ospfd.conf", ospfd, strlen(ospfd), 0644, e) < 0)
        return -1;
    return 0;
}

/* Ends with its children, all of them: it is their init. */
static _Noreturn void inside(const struct passwd *user, const char *zebra, const char *ospfd, int ready)
{
    const struct sigaction term = {.sa_handler = on_term};
    struct err e = {0};
    int64_t until;
    bool ok;

    sigaction(SIGTERM, &term, NULL);
    ok = place(user->pw_uid, user->pw_gid, zebra, ospfd, &e) == 0 && bound(&e) == 0 &&
         daemon_start("zebra", &e) == 0 && daemon_start("ospfd", &e) == 0;
    if (write(ready, ok ? "" : e.msg, ok ? 1 : strlen(e.msg)) < 0 || !ok)
        _exit(1);
    close(ready);
    while (!leave)
        if (waitpid(-1, NULL, WNOHANG) <= 0)
            pause_ms(POLL_MS);
    kill(-1, SIGTERM); /* ospfd flushes what it originated before it goes */
    for (until = loop_now_ms() + LEAVE_MS; loop_now_ms() < until;)
        if (waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD)
            break;
        else
            pause_ms(POLL_MS / 10);
    _exit(0);
}

/* Our child.  It is there so that the namespaces end with us: its own end kills the other. */
static _Noreturn void keep(pid_t holder, const struct passwd *user, const char *zebra, const char *ospfd,
                           int ready, int pid_out)
{
    char path[64];
    int fd, status;
    pid_t self = getpid(), pid;

    snprintf(path, sizeof path, "/proc/%d/ns/net", (int)holder);
    if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0 || setns(fd, CLONE_NEWNET) < 0 ||
        unshare(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS) < 0 || (pid = fork()) < 0)
        _exit(1);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)self;
        inside(user, zebra, ospfd, ready);
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
/* Runs 'n' commands of 'daemon'; what it says goes to 'out' (or NULL). */
static int tell(const struct peer *k, const char *daemon, char *const *commands, size_t n, struct buf *out,
                struct err *e)
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

static json_t *ask(const struct peer *k, const char *question, struct err *e)
{
    AUTO(buf_clear) struct buf out = BUF_INIT;
    AUTO(mem_freep) char *command = xstrdup(question);
    json_t *j;

    if (tell(k, "ospfd", &command, 1, &out, e) < 0)
        return NULL;
    if ((j = json_loadb(buf_str(&out), out.len, 0, NULL)) == NULL)
        err_set(e, ERR_PROTOCOL, "FRR's answer to '%s' is not JSON", question);
    return j;
}

static void decrefp(json_t **j)
{
    json_decref(*j);
}

/* The lines that put 'r' and the prefix into 'area'; with 'no' "no ", out of it. */
static char *network_line(const struct probe_addr *a, unsigned prefix, uint32_t area, const char *no)
{
    char text[PROBE_ADDR_TEXT];

    return xasprintf("%snetwork %s/%u area %u", no, probe_addr_text(a, text), prefix, area);
}

static const struct probe_addr *own(const struct probe_ref *r, unsigned *prefix)
{
    size_t i = 0;

    while (i + 1 < r->nnets && r->net[i].addr.family != AF_INET)
        i++;
    *prefix = r->net[i].prefix;
    return &r->net[i].addr;
}

static int settle(struct peer *k, struct err *e)
{
    int64_t until = loop_now_ms() + START_MS;
    json_t *j;

    while ((j = ask(k, "show ip ospf json", e)) == NULL) {
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
    char id[PROBE_ADDR_TEXT], announced[PROBE_ADDR_TEXT];
    unsigned prefix;
    const struct probe_addr *self = own(r, &prefix);

    *k = (struct peer){0, 0};
    if (user == NULL || access(DAEMONS "/ospfd", X_OK) < 0)
        return err_set(
            e, ERR_UNSUPPORTED,
            "this machine has no FRR, which checks of routing protocols need: install the package frr");
    probe_addr_text(self, id);
    probe_addr_text(&p->announce, announced);
    AUTO(mem_freep) char *mine = network_line(self, prefix, probe_peer_other_area(p), "");
    AUTO(mem_freep) char *fresh = network_line(&p->announce, 32, probe_peer_other_area(p), "");
    AUTO(mem_freep)
    char *zebra = xasprintf("no ip forwarding\ninterface lo\n no shutdown\n ip address %s/32\n", announced);
    AUTO(mem_freep)
    char *ospfd = xasprintf("interface eth0\n ip ospf hello-interval %u\n ip ospf dead-interval %u\n"
                            " ip ospf priority 0\nrouter ospf\n ospf router-id %s\n %s\n %s\n",
                            p->hello_s, p->dead_s, id, mine, fresh);
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
            keep(r->pid, user, zebra, ospfd, ready[1], pid_out[1]);
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
    *k = (struct peer){0, 0};
}

static void commands_free(char **c, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(c[i]);
}

int peer_move(const struct peer *k, const struct probe_ref *r, const struct probe_peer *p, struct err *e)
{
    unsigned prefix;
    const struct probe_addr *self = own(r, &prefix);
    char *commands[] = {xstrdup("configure terminal"),
                        xstrdup("router ospf"),
                        network_line(self, prefix, probe_peer_other_area(p), "no "),
                        network_line(&p->announce, 32, probe_peer_other_area(p), "no "),
                        network_line(self, prefix, p->area, ""),
                        network_line(&p->announce, 32, p->area, "")};
    int rc = tell(k, "ospfd", commands, ARRAY_LEN(commands), NULL, e);

    commands_free(commands, ARRAY_LEN(commands));
    return rc;
}

int peer_withdraw(const struct peer *k, const struct probe_peer *p, struct err *e)
{
    char text[PROBE_ADDR_TEXT];
    char *commands[] = {xstrdup("configure terminal"), xstrdup("interface lo"),
                        xasprintf("no ip address %s/32", probe_addr_text(&p->announce, text))};
    int rc = tell(k, "zebra", commands, ARRAY_LEN(commands), NULL, e);

    commands_free(commands, ARRAY_LEN(commands));
    return rc;
}

/* "Full/DR" -> "Full".  The state comes from FRR's own list of names; whatever else is there is none. */
static void state_copy(char out[PROBE_STATE_SIZE], const char *s)
{
    size_t n = s != NULL ? strcspn(s, "/") : 0;

    out[0] = '\0';
    for (size_t i = 0; i < n; i++)
        if (n >= PROBE_STATE_SIZE ||
            strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-", s[i]) == NULL)
            return;
    memcpy(out, s, n);
    out[n] = '\0';
}

int peer_neighbours(const struct peer *k, struct probe_peer_outcome *o, struct err *e)
{
    AUTO(decrefp) json_t *j = ask(k, "show ip ospf neighbor json", e);
    const char *id;
    json_t *list, *v;
    size_t i;

    if (j == NULL)
        return -1;
    o->nneighbours = 0;
    json_object_foreach(json_object_get(j, "neighbors"), id, list) {
        json_array_foreach(list, i, v) {
            struct probe_neighbour *n = &o->neighbours[o->nneighbours];

            if (o->nneighbours == PROBE_NEIGHBOURS_MAX ||
                !probe_addr_parse(json_string_value(json_object_get(v, "address")), &n->addr))
                continue;
            state_copy(n->state, json_string_value(json_object_get(v, "nbrState")));
            o->nneighbours++;
        }
    }
    return 0;
}

/* A route that came from somebody else has a next hop with an address. */
static bool learned(const json_t *route)
{
    struct probe_addr a;
    json_t *hop;
    size_t i;

    json_array_foreach(json_object_get(route, "nexthops"), i, hop) {
        if (probe_addr_parse(json_string_value(json_object_get(hop, "ip")), &a))
            return true;
    }
    return false;
}

int peer_prefixes(const struct peer *k, struct probe_peer_outcome *o, struct err *e)
{
    AUTO(decrefp) json_t *j = ask(k, "show ip ospf route json", e);
    const char *prefix;
    json_t *route;

    if (j == NULL)
        return -1;
    o->nprefixes = 0;
    json_object_foreach(j, prefix, route) {
        struct probe_prefix *q = &o->prefixes[o->nprefixes];

        if (o->nprefixes < PROBE_PREFIXES_MAX && learned(route) &&
            probe_addr_parse_net(prefix, &q->addr, &q->len))
            o->nprefixes++;
    }
    return 0;
}
