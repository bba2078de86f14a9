/* lab-init: process 1 of every guest.  Static and small, for there is one per node.
 *
 *   lab-init [--machine] [--keep PROGRAM]... IFACE...
 *
 * Waits until every IFACE exists, sets it up (and lo), runs /run/lab/startup with /bin/sh, tells the
 * outcome on descriptor 3 if that is open, and from then on reaps children until SIGTERM or SIGINT
 * ends the guest.  The report is "ok\n" or "failed STATUS\n" and then what the script printed, cut in
 * the middle so that the whole stays within 8 KiB.  images/README.md has the full contract.
 *
 * Each PROGRAM runs from the beginning on and again whenever it ends.  With --machine the end of the guest
 * is the end of a machine with a kernel of its own: SIGTERM switches it off, SIGINT boots it again.
 *
 * One loop around one poll(); nothing in here blocks but that, and nothing is allocated. */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STARTUP "/run/lab/startup"
#define STARTUP_LOG "/var/log/startup.log"
#define LOG_MAX 65536
#define REPORT_FD 3
#define HEAD_MAX 4096
#define TAIL_MAX 4032       /* with the line that marks the gap, head and tail stay within 8 KiB */
#define DRAIN_MAX (1 << 20) /* the largest pipe an unprivileged process can make */
#define GRACE_MS 500
#define KEPT_MAX 4
#define KEPT_PAUSE_MS 1000 /* between two starts of a program that ends at once */

/* What the startup script printed: the first bytes, and the last ones as a ring. */
struct output {
    char head[HEAD_MAX], tail[TAIL_MAX];
    size_t nhead;
    unsigned long long ntail; /* bytes that ever went into the ring; the next goes to ntail % TAIL_MAX */
};

/* A program that is to run as long as the guest does. */
struct kept {
    const char *program;
    pid_t pid;     /* 0: not running */
    long long due; /* it does not start before */
};

struct init {
    bool machine;
    struct kept kept[KEPT_MAX];
    int nkept;
    char **ifaces; /* those that we wait for */
    int nifaces;
    int report; /* -1 once the outcome is told */
    int signals, links, ctl;
    int script_out; /* our end of the script's stdout and stderr, -1: closed */
    int log;
    size_t nlog;
    pid_t script; /* 0: not running */
    struct output out;
};

static struct init self = {.report = -1, .script_out = -1, .log = -1};

static void write_all(int fd, const char *s, size_t n)
{
    while (n > 0) {
        ssize_t k = write(fd, s, n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return; /* whoever listened is gone; nobody else to tell */
        s += k;
        n -= (size_t)k;
    }
}

static void write_str(int fd, const char *s)
{
    write_all(fd, s, strlen(s));
}

static void write_number(int fd, unsigned long long v)
{
    char digits[24];
    size_t at = sizeof(digits);
    do
        digits[--at] = (char)('0' + v % 10);
    while ((v /= 10) > 0);
    write_all(fd, digits + at, sizeof(digits) - at);
}

static void output_add(struct output *o, const char *s, size_t n)
{
    size_t first = sizeof(o->head) - o->nhead < n ? sizeof(o->head) - o->nhead : n;
    memcpy(o->head + o->nhead, s, first);
    o->nhead += first;
    for (size_t i = first; i < n; i++)
        o->tail[o->ntail++ % TAIL_MAX] = s[i];
}

static void output_write(const struct output *o, int fd)
{
    write_all(fd, o->head, o->nhead);
    if (o->ntail <= TAIL_MAX) {
        write_all(fd, o->tail, (size_t)o->ntail);
        return;
    }
    size_t at = (size_t)(o->ntail % TAIL_MAX);
    write_str(fd, "\n[");
    write_number(fd, o->ntail - TAIL_MAX);
    write_str(fd, " bytes left out]\n");
    write_all(fd, o->tail + at, TAIL_MAX - at);
    write_all(fd, o->tail, at);
}

/* Tells the outcome, once.  'status' is the script's exit status, or 128 + its signal. */
static void report(int status)
{
    if (self.report < 0)
        return;
    if (status == 0) {
        write_str(self.report, "ok\n");
    } else {
        write_str(self.report, "failed ");
        write_number(self.report, (unsigned long long)status);
        write_str(self.report, "\n");
    }
    output_write(&self.out, self.report);
    close(self.report);
    self.report = -1;
}

/* A trouble of our own goes the way of the script's output. */
static void complain(const char *what, const char *name)
{
    const char *parts[] = {"lab-init: ", what, name, ": ", strerror(errno), "\n"};
    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
        output_add(&self.out, parts[i], strlen(parts[i]));
}

static void script_log(const char *s, size_t n)
{
    size_t room = LOG_MAX - self.nlog;
    if (n > room)
        n = room;
    if (self.log >= 0 && n > 0)
        write_all(self.log, s, n);
    self.nlog += n;
}

/* Reads at most 'max' bytes of what the script printed.  Goes on after the script has ended, because
 * a daemon that it left behind would die of a closed pipe and hang on a full one. */
static void script_read(size_t max)
{
    char buf[4096];
    while (self.script_out >= 0 && max > 0) {
        ssize_t k = read(self.script_out, buf, max < sizeof(buf) ? max : sizeof(buf));
        if (k < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (k <= 0) {
            close(self.script_out);
            self.script_out = -1;
            return;
        }
        if (self.report >= 0)
            output_add(&self.out, buf, (size_t)k);
        script_log(buf, (size_t)k);
        max -= (size_t)k;
    }
}

/* In a child: a session of its own, no signal ignored or blocked, standard input empty. */
static void child_prepare(void)
{
    sigset_t none;
    int in = open("/dev/null", O_RDONLY);

    setsid();
    /* All of them: besides what we ignore, whoever started us may have ignored SIGINT and others. */
    for (int s = 1; s < NSIG; s++)
        signal(s, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (in > STDIN_FILENO) {
        dup2(in, STDIN_FILENO);
        close(in);
    } else if (in < 0) {
        close(STDIN_FILENO);
    }
}

static void child_exec(const char *program, const char *arg0, const char *arg1)
{
    execl(program, arg0, arg1, (char *)NULL);
    const char *parts[] = {"lab-init: cannot run ", program, ": ", strerror(errno), "\n"};
    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
        write_str(STDERR_FILENO, parts[i]);
    _exit(127);
}

static void script_exec(int out)
{
    child_prepare();
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    child_exec("/bin/sh", "sh", STARTUP);
}

/* Runs the startup script, or reports at once that there is none. */
static void script_start(void)
{
    int p[2];

    if (access(STARTUP, F_OK) < 0) {
        report(0);
        return;
    }
    self.log = open(STARTUP_LOG, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (pipe2(p, O_CLOEXEC) < 0) {
        complain("cannot make a ", "pipe");
        report(126);
        return;
    }
    self.script = fork();
    if (self.script == 0)
        script_exec(p[1]);
    close(p[1]);
    self.script_out = p[0];
    fcntl(p[0], F_SETFL, O_NONBLOCK); /* the script's end stays blocking */
    if (self.script < 0) {
        self.script = 0;
        complain("cannot ", "fork");
        report(126);
    }
}

static bool iface_up(const char *name)
{
    struct ifreq r = {0};

    memcpy(r.ifr_name, name, strlen(name));
    if (ioctl(self.ctl, SIOCGIFFLAGS, &r) < 0)
        return false;
    r.ifr_flags |= IFF_UP;
    return ioctl(self.ctl, SIOCSIFFLAGS, &r) == 0;
}

static bool ifaces_exist(void)
{
    for (int i = 0; i < self.nifaces; i++) {
        struct ifreq r = {0};
        memcpy(r.ifr_name, self.ifaces[i], strlen(self.ifaces[i]));
        if (ioctl(self.ctl, SIOCGIFINDEX, &r) < 0)
            return false;
    }
    return true;
}

/* Sets everything up and goes on to the startup script, once all interfaces are there. */
static void ifaces_check(void)
{
    bool ok = true;

    if (self.links < 0 || !ifaces_exist())
        return;
    close(self.links);
    self.links = -1; /* poll() skips it */
    if (!iface_up("lo")) {
        complain("cannot set up ", "lo");
        ok = false;
    }
    for (int i = 0; i < self.nifaces; i++) {
        if (!iface_up(self.ifaces[i])) {
            complain("cannot set up ", self.ifaces[i]);
            ok = false;
        }
    }
    close(self.ctl);
    if (ok)
        script_start();
    else
        report(126);
}

static void links_read(void)
{
    char buf[8192];

    /* What changed does not matter: ifaces_check() looks.  ENOBUFS means the same. */
    while (recv(self.links, buf, sizeof(buf), MSG_DONTWAIT) > 0 || errno == ENOBUFS)
        errno = 0;
    ifaces_check();
}

static long long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* Starts what is to be kept and does not run.  Returns the milliseconds until this has to be called again,
 * -1: not before a child ends. */
static int kept_start(void)
{
    long long now = now_ms(), next = -1;

    for (struct kept *k = self.kept; k < self.kept + self.nkept; k++) {
        if (k->pid != 0)
            continue;
        if (now >= k->due) {
            k->due = now + KEPT_PAUSE_MS;
            k->pid = fork();
            if (k->pid == 0) {
                child_prepare();
                child_exec(k->program, k->program, NULL);
            }
            if (k->pid > 0)
                continue;
            k->pid = 0; /* no room for a process: again after the pause */
        }
        if (next < 0 || k->due - now < next)
            next = k->due - now;
    }
    return (int)next;
}

static void reap(void)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (int i = 0; i < self.nkept; i++)
            if (self.kept[i].pid == pid)
                self.kept[i].pid = 0;
        if (pid != self.script)
            continue;
        self.script = 0;
        script_read(DRAIN_MAX);
        report(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
    }
}

/* The last act.  A machine's process 1 must not exit, for then its kernel panics. */
static void leave(int how)
{
    if (self.machine) {
        sync();
        reboot(how);
    }
    _exit(0);
}

/* Reaps, and tells whether we are alone.  In a container there are processes that were put in from outside:
 * kill(-1, 0) sees them, wait() not.  On a machine kill() sees the kernel's threads, and all others are our
 * children in the end. */
static bool alone(void)
{
    pid_t pid;

    do
        pid = waitpid(-1, NULL, WNOHANG);
    while (pid > 0);
    if (self.machine)
        return pid < 0 && errno == ECHILD;
    return kill(-1, 0) < 0 && errno == ESRCH;
}

/* Ends everything else in this guest.  Shells at a terminal ignore SIGTERM, so SIGHUP goes along. */
static void shutdown_guest(int how)
{
    long long until = now_ms() + GRACE_MS;

    kill(-1, SIGTERM);
    kill(-1, SIGHUP);
    kill(-1, SIGCONT);
    while (now_ms() < until) {
        struct pollfd p = {.fd = self.signals, .events = POLLIN};
        struct signalfd_siginfo s;
        if (alone())
            leave(how);
        if (poll(&p, 1, 10) > 0 && read(self.signals, &s, sizeof(s)) < 0)
            break;
    }
    kill(-1, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        ;
    leave(how);
}

static void signals_read(void)
{
    struct signalfd_siginfo s;

    while (read(self.signals, &s, sizeof(s)) == (ssize_t)sizeof(s)) {
        if (s.ssi_signo == SIGTERM || s.ssi_signo == SIGINT)
            shutdown_guest(s.ssi_signo == SIGTERM ? RB_POWER_OFF : RB_AUTOBOOT);
    }
    reap();
}

static void die(const char *what)
{
    complain(what, "");
    if (self.report < 0)
        output_write(&self.out, STDERR_FILENO);
    report(126);
    if (self.machine)
        leave(RB_POWER_OFF);
    _exit(1);
}

/* Takes the options; what is left are the interfaces. */
static void options(int argc, char **argv)
{
    int i = 1;

    for (; i < argc && argv[i][0] == '-'; i++) {
        errno = EINVAL;
        if (strcmp(argv[i], "--machine") == 0)
            self.machine = true;
        else if (strcmp(argv[i], "--keep") != 0 || i + 1 == argc || self.nkept == KEPT_MAX)
            die("options are --machine and up to four times --keep PROGRAM");
        else
            self.kept[self.nkept++].program = argv[++i];
    }
    self.ifaces = argv + i;
    self.nifaces = argc > i ? argc - i : 0;
    for (i = 0; i < self.nifaces; i++) {
        errno = EINVAL;
        if (self.ifaces[i][0] == '\0' || strlen(self.ifaces[i]) >= IFNAMSIZ)
            die("interface names have 1 to 15 bytes");
    }
}

static void setup(int argc, char **argv)
{
    struct sockaddr_nl links = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
    sigset_t mask;

    if (fcntl(REPORT_FD, F_SETFD, FD_CLOEXEC) == 0)
        self.report = REPORT_FD;
    options(argc, argv);
    sigemptyset(&mask);
    sigaddset(&mask, SIGCHLD);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGINT);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    self.signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    self.ctl = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    self.links = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (self.signals < 0 || self.ctl < 0 || self.links < 0 ||
        bind(self.links, (struct sockaddr *)&links, sizeof(links)) < 0)
        die("cannot set up");
    if (getenv("PATH") == NULL)
        setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
    if (getenv("HOME") == NULL)
        setenv("HOME", "/root", 1);
}

int main(int argc, char **argv)
{
    /* kill(-1, ...) below would end the whole machine otherwise. */
    if (getpid() != 1) {
        write_str(STDERR_FILENO, "lab-init: runs only as process 1 of a guest\n");
        return 2;
    }
    setup(argc, argv);
    ifaces_check();
    for (;;) {
        struct pollfd p[] = {
            {.fd = self.signals, .events = POLLIN},
            {.fd = self.links, .events = POLLIN},
            {.fd = self.script_out, .events = POLLIN},
        };
        if (poll(p, 3, kept_start()) < 0)
            continue;
        /* Output first: what the script printed before it ended is then already here. */
        if (p[2].revents != 0)
            script_read(sizeof(self.out.head));
        if (p[1].revents != 0)
            links_read();
        if (p[0].revents != 0)
            signals_read();
    }
}
