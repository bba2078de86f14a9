#include "labd/base/proc.h"

#include "labd/base/loop.h"
#include "labd/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_TIMEOUT_MS 30000u
#define DEFAULT_OUTPUT_MAX (1u << 20)
#define DRAIN_CHUNKS 64 /* 1 MiB: more than a pipe holds that nobody made larger */
#define PATH_VALUE "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

void proc_result_clear(struct proc_result *r)
{
    buf_clear(&r->out);
    buf_clear(&r->err);
    r->status = 0;
    r->timed_out = false;
}

/* ---- the child's side ---- */

static _Noreturn void child_fail(int report, int sys)
{
    if (write(report, &sys, sizeof sys) < 0)
        _exit(126);
    _exit(127);
}

/* Runs in the forked child.  'fds' become 0, 1, 2 and 'keep' 3, 4, ...; 'report' tells the parent the
 * errno of a failed exec.  All are moved above the target range first, so that no dup2 hits another. */
static _Noreturn void child_exec(const char *const *argv, const int fds[3], const int *keep, int nkeep,
                                 const char *const *env, const char *cwd, int report, pid_t parent)
{
    static const char *const base_env[] = {("PATH=" PATH_VALUE), "LC_ALL=C.UTF-8", "HOME=/", "TERM=linux"};
    const char *envp[32];
    size_t nenv = 0;
    int moved[3 + PROC_KEEP_MAX];
    int total = 3 + nkeep;

    setpgid(0, 0);
    /* A program never outlives the process that waits for it; daemons leave by a fork of their own. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* If it died before that, no signal will come.  0: it is outside our pid namespace, and unknown. */
    if (getppid() != parent && getppid() != 0)
        _exit(126);
    if ((report = fcntl(report, F_DUPFD_CLOEXEC, 64)) < 0)
        _exit(126);
    for (int i = 0; i < total; i++) {
        int fd = i < 3 ? fds[i] : keep[i - 3];
        int null = -1;
        if (fd < 0)
            fd = null = open("/dev/null", O_RDWR | O_CLOEXEC);
        moved[i] = fcntl(fd, F_DUPFD_CLOEXEC, 64);
        if (moved[i] < 0)
            child_fail(report, errno);
        if (null >= 0)
            close(null);
    }
    for (int i = 0; i < total; i++)
        if (dup2(moved[i], i) < 0)
            child_fail(report, errno);
    /* Everything else goes at exec: we open all descriptors close-on-exec, a library may not. */
    if (syscall(SYS_close_range, (unsigned)total, ~0u, 4u /* CLOSE_RANGE_CLOEXEC */) < 0 && errno != ENOSYS)
        child_fail(report, errno);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int s = 1; s < NSIG; s++)
        signal(s, SIG_DFL);
    if (cwd != NULL && chdir(cwd) < 0)
        child_fail(report, errno);
    for (size_t i = 0; i < ARRAY_LEN(base_env); i++)
        envp[nenv++] = base_env[i];
    for (; env != NULL && *env != NULL && nenv < ARRAY_LEN(envp) - 1; env++)
        envp[nenv++] = *env;
    envp[nenv] = NULL;

    /* execve() takes char *const * for history's sake and changes nothing. */
    union {
        const char *const *in;
        char *const *out;
    } args = {.in = argv}, environment = {.in = envp};
    if (argv[0][0] == '/')
        execve(argv[0], args.out, environment.out);
    else
        execvpe(argv[0], args.out, environment.out);
    child_fail(report, errno);
}

static pid_t start(const char *const *argv, const int fds[3], const int *keep, int nkeep,
                   const char *const *env, const char *cwd, struct err *e)
{
    int report[2], sys = 0;

    if (argv == NULL || argv[0] == NULL || nkeep > PROC_KEEP_MAX)
        return err_set(e, ERR_INTERNAL, "no program to run, or too many descriptors");
    if (pipe2(report, O_CLOEXEC) < 0)
        return err_sys(e, "pipe");
    setenv("PATH", PATH_VALUE, 1); /* execvpe() searches the parent's PATH */
    pid_t parent = getpid(), pid = fork();
    if (pid < 0) {
        err_sys(e, "fork for %s", argv[0]);
        close(report[0]);
        close(report[1]);
        return -1;
    }
    if (pid == 0)
        child_exec(argv, fds, keep, nkeep, env, cwd, report[1], parent);
    close(report[1]);
    ssize_t n;
    while ((n = read(report[0], &sys, sizeof sys)) < 0 && errno == EINTR) {
    }
    close(report[0]);
    if (n == (ssize_t)sizeof sys) {
        waitpid(pid, NULL, 0);
        errno = sys;
        err_sys(e, "start %s", argv[0]);
        if (sys == ENOENT && e != NULL)
            err_set(e, ERR_TOOL, "program %s is not installed on this machine", argv[0]);
        return -1;
    }
    return pid;
}

pid_t proc_spawn(const char *const *argv, const int fds[3], const int *keep, int nkeep,
                 const char *const *env, struct err *e)
{
    return start(argv, fds, keep, nkeep, env, NULL, e);
}

/* ---- one running program ---- */

struct running {
    const struct proc_spec *spec;
    struct proc_result result;
    pid_t pid;
    int in, out, err; /* our ends; -1 when closed */
    int pidfd;
    size_t fed;
    int64_t due;
    bool ended;
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static int begin(struct running *r, const struct proc_spec *s, struct err *e)
{
    int in[2] = {-1, -1}, out[2] = {-1, -1}, er[2] = {-1, -1};

    *r = (struct running){.spec = s, .in = -1, .out = -1, .err = -1, .pidfd = -1, .pid = -1};
    if ((s->input != NULL && pipe2(in, O_CLOEXEC) < 0) || pipe2(out, O_CLOEXEC) < 0 ||
        pipe2(er, O_CLOEXEC) < 0) {
        err_sys(e, "pipe for %s", s->argv[0]);
    } else {
        const int fds[3] = {in[0], out[1], er[1]};
        r->pid = start(s->argv, fds, s->keep_fds, s->nkeep, s->env, s->cwd, e);
    }
    close_fd(&in[0]);
    close_fd(&out[1]);
    close_fd(&er[1]);
    r->in = in[1];
    r->out = out[0];
    r->err = er[0];
    if (r->pid < 0) {
        close_fd(&r->in);
        close_fd(&r->out);
        close_fd(&r->err);
        return -1;
    }
    for (int i = 0; i < 3; i++) {
        int fd = i == 0 ? r->in : i == 1 ? r->out : r->err;
        if (fd >= 0)
            fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    }
    r->pidfd = (int)syscall(SYS_pidfd_open, r->pid, 0);
    r->due = loop_now_ms() + (s->timeout_ms ? s->timeout_ms : DEFAULT_TIMEOUT_MS);
    return 0;
}

static void feed(struct running *r)
{
    while (r->fed < r->spec->input_len) {
        ssize_t n = write(r->in, r->spec->input + r->fed, r->spec->input_len - r->fed);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0)
            break; /* it does not want to read: not our failure */
        r->fed += (size_t)n;
    }
    close_fd(&r->in);
}

static void drain(const struct running *r, int *fd, struct buf *to)
{
    size_t max = r->spec->output_max ? r->spec->output_max : DEFAULT_OUTPUT_MAX;
    char chunk[16384];

    /* Not to the end: who writes faster than we read would keep us from everything else, his deadline included. */
    for (int i = 0; i < DRAIN_CHUNKS; i++) {
        ssize_t n = read(*fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            close_fd(fd);
            return;
        }
        size_t room = to->len < max ? max - to->len : 0;
        buf_add(to, chunk, (size_t)n < room ? (size_t)n : room);
    }
}

/* The program has ended: takes what is left in its pipes (a daemon it left behind may hold them open,
 * so end of file is not waited for) and its status. */
static void finish(struct running *r)
{
    int status = 0;

    while (waitpid(r->pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (r->out >= 0)
        drain(r, &r->out, &r->result.out);
    if (r->err >= 0)
        drain(r, &r->err, &r->result.err);
    close_fd(&r->in);
    close_fd(&r->out);
    close_fd(&r->err);
    close_fd(&r->pidfd);
    r->result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    r->ended = true;
}

static void kill_late(struct running *r)
{
    r->result.timed_out = true;
    kill(-r->pid, SIGKILL);
    kill(r->pid, SIGKILL);
    finish(r);
}

static void add_poll(struct pollfd *p, nfds_t *n, int fd, short events)
{
    if (fd >= 0)
        p[(*n)++] = (struct pollfd){.fd = fd, .events = events};
}

/* Moves the programs on: waits until something happens to one of 'n' of them, or the first is due. */
static void step(struct running *r, size_t n)
{
    struct pollfd p[4 * 64];
    nfds_t np = 0;
    int64_t now = loop_now_ms(), due = now + 3600000;

    for (size_t i = 0; i < n; i++) {
        if (r[i].ended)
            continue;
        add_poll(p, &np, r[i].pidfd, POLLIN);
        add_poll(p, &np, r[i].in, POLLOUT);
        add_poll(p, &np, r[i].out, POLLIN);
        add_poll(p, &np, r[i].err, POLLIN);
        if (r[i].due < due)
            due = r[i].due;
    }
    if (np == 0)
        return;
    poll(p, np, due > now ? (int)(due - now) : 0);
    now = loop_now_ms();
    for (size_t i = 0; i < n; i++) {
        if (r[i].ended)
            continue;
        if (r[i].in >= 0)
            feed(&r[i]);
        if (r[i].out >= 0)
            drain(&r[i], &r[i].out, &r[i].result.out);
        if (r[i].err >= 0)
            drain(&r[i], &r[i].err, &r[i].result.err);
        struct pollfd dead = {.fd = r[i].pidfd, .events = POLLIN};
        if (poll(&dead, 1, 0) > 0)
            finish(&r[i]);
        else if (now >= r[i].due)
            kill_late(&r[i]);
    }
}

static int late(const struct proc_spec *s, struct err *e)
{
    return err_set(e, ERR_TIMEOUT, "%s did not finish within %u ms", s->argv[0],
                   s->timeout_ms ? s->timeout_ms : DEFAULT_TIMEOUT_MS);
}

/* A write to a program that does not read must not kill us. */
static void ignore_sigpipe(void)
{
    signal(SIGPIPE, SIG_IGN);
}

int proc_run(struct proc_runner *runner, const struct proc_spec *s, struct proc_result *r, struct err *e)
{
    struct running one;

    if (runner != NULL)
        return runner->run(runner, s, r, e);
    ignore_sigpipe();
    if (begin(&one, s, e) < 0)
        return -1;
    while (!one.ended)
        step(&one, 1);
    *r = one.result;
    return r->timed_out ? late(s, e) : 0;
}

static int tool_error(const struct proc_spec *s, const struct proc_result *r, struct err *e)
{
    const char *text = buf_str(r->err.len > 0 ? &r->err : &r->out);
    const char *name = strrchr(s->argv[0], '/');
    int n = (int)strcspn(text, "\n");

    name = name != NULL ? name + 1 : s->argv[0];
    if (n == 0)
        return err_set(e, ERR_TOOL, "%s ended with status %d", name, r->status);
    return err_set(e, ERR_TOOL, "%s ended with status %d: %.*s", name, r->status, n, text);
}

int proc_check(struct proc_runner *runner, const struct proc_spec *s, struct buf *out, struct err *e)
{
    AUTO(proc_result_clear) struct proc_result r = {0};

    if (proc_run(runner, s, &r, e) < 0)
        return -1;
    if (r.status != 0)
        return tool_error(s, &r, e);
    if (out != NULL)
        buf_add(out, buf_str(&r.out), r.out.len);
    return 0;
}

int proc_checkv(struct proc_runner *runner, struct buf *out, struct err *e, const char *arg0, ...)
{
    const char *argv[64] = {arg0};
    size_t n = 1;
    va_list ap;

    va_start(ap, arg0);
    while (n < ARRAY_LEN(argv) - 1 && (argv[n] = va_arg(ap, const char *)) != NULL)
        n++;
    va_end(ap);
    argv[n] = NULL;
    return proc_check(runner, &(struct proc_spec){.argv = argv}, out, e);
}

/* ---- many at a time ---- */

static void report(proc_done_fn *done, void *arg, size_t i, struct running *r)
{
    struct err why = {0};

    if (r->result.timed_out)
        late(r->spec, &why);
    done(i, !r->result.timed_out, &r->result, &why, arg);
    proc_result_clear(&r->result);
}

static void pool_recorded(struct proc_runner *runner, const struct proc_spec *specs, size_t n,
                          proc_done_fn *done, void *arg)
{
    for (size_t i = 0; i < n; i++) {
        AUTO(proc_result_clear) struct proc_result r = {0};
        struct err why = {0};
        bool ran = runner->run(runner, &specs[i], &r, &why) == 0;
        done(i, ran, &r, &why, arg);
    }
}

int proc_pool(struct proc_runner *runner, const struct proc_spec *specs, size_t n, unsigned parallel,
              proc_done_fn *done, void *arg, struct err *e)
{
    struct running slot[64];
    size_t index[ARRAY_LEN(slot)];
    size_t next = 0, used = 0;

    if (parallel == 0)
        return err_set(e, ERR_INTERNAL, "proc_pool needs at least one at a time");
    if (runner != NULL) {
        pool_recorded(runner, specs, n, done, arg);
        return 0;
    }
    ignore_sigpipe();
    if (parallel > ARRAY_LEN(slot))
        parallel = ARRAY_LEN(slot);
    while (next < n || used > 0) {
        while (next < n && used < parallel) {
            struct err why = {0};
            if (begin(&slot[used], &specs[next], &why) < 0) {
                struct proc_result none = {0};
                done(next, false, &none, &why, arg);
            } else {
                index[used++] = next;
            }
            next++;
        }
        if (used == 0)
            continue;
        step(slot, used);
        for (size_t i = 0; i < used;) {
            if (!slot[i].ended) {
                i++;
                continue;
            }
            report(done, arg, index[i], &slot[i]);
            used--;
            slot[i] = slot[used];
            index[i] = index[used];
        }
    }
    return 0;
}

/* ---- argument vectors ---- */

void argv_add(struct argv *a, const char *s)
{
    if (a->n + 1 >= a->cap) {
        a->cap = a->cap ? a->cap * 2 : 16;
        a->v = xrealloc(a->v, a->cap, sizeof *a->v);
    }
    a->v[a->n++] = xstrdup(s);
    a->v[a->n] = NULL;
}

void argv_addf(struct argv *a, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    char *s = xvasprintf(fmt, ap);
    va_end(ap);
    argv_add(a, s);
    free(s);
}

const char *const *argv_get(const struct argv *a)
{
    union {
        char **in;
        const char *const *out;
    } v = {.in = a->v};

    return v.out;
}

void argv_clear(struct argv *a)
{
    for (size_t i = 0; i < a->n; i++)
        free(a->v[i]);
    free(a->v);
    *a = (struct argv){0};
}
