#include "labd/site/worker.h"

#include "labd/base/mem.h"
#include "labd/rpc/frame.h"

#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_FD 3

struct worker {
    struct loop *loop;
    pid_t pid;
    int pidfd;               /* our own, not loop_child_add(): worker_kill() has to end everything at once */
    struct loop_fd *watch;   /* NULL: reaped */
    struct frame_conn *conn; /* NULL: the child closed its end */
    struct loop_timer *timer;
    const struct worker_ops *ops;
    void *arg;
    bool timed_out;
    unsigned limit_ms;
    int status;
};

int worker_send(int fd, json_t *j)
{
    AUTO(mem_freep) char *text = json_dumps(j, JSON_COMPACT);
    struct err e;

    json_decref(j);
    if (text == NULL)
        return -1;
    return frame_write_fd(fd, FRAME_JSON, text, strlen(text), &e);
}

static void __attribute__((noreturn)) child(int fd, worker_fn *fn, void *arg, pid_t parent)
{
    sigset_t none;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1); /* it died before prctl() */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    if (fd != CHILD_FD && dup2(fd, CHILD_FD) < 0)
        _exit(1);
    /* A client's socket must not stay open in here after labd has closed it. */
    if (close_range(CHILD_FD + 1, ~0u, 0) < 0)
        _exit(1);
    _exit(fn(CHILD_FD, arg));
}

static void worker_free(struct worker *w)
{
    frame_conn_free(w->conn);
    loop_fd_del(w->watch);
    loop_timer_del(w->timer);
    close(w->pidfd);
    free(w);
}

/* Both ends are needed: the last frame and the exit status come in any order. */
static void finish(struct worker *w)
{
    struct err e;
    const struct err *why = NULL;

    if (w->watch != NULL || w->conn != NULL)
        return;
    if (w->timed_out)
        err_set(&e, ERR_TIMEOUT, "it took longer than %u seconds", w->limit_ms / 1000);
    else if (WIFSIGNALED(w->status))
        err_set(&e, ERR_INTERNAL, "the worker died from signal %d", WTERMSIG(w->status));
    else if (WEXITSTATUS(w->status) != 0)
        err_set(&e, ERR_INTERNAL, "the worker ended with status %d", WEXITSTATUS(w->status));
    if (w->timed_out || w->status != 0)
        why = &e;
    const struct worker_ops *ops = w->ops;
    void *arg = w->arg;
    worker_free(w);
    ops->ended(why, arg);
}

static void on_frame(struct frame_conn *c, uint8_t type, const uint8_t *payload, size_t n, void *arg)
{
    struct worker *w = arg;

    (void)c;
    if (type != FRAME_JSON)
        return;
    json_t *j = json_loadb((const char *)payload, n, 0, NULL);
    if (json_is_object(j))
        w->ops->message(j, w->arg);
    json_decref(j);
}

static void on_close(struct frame_conn *c, const struct err *e, void *arg)
{
    struct worker *w = arg;

    (void)e;
    frame_conn_free(c);
    w->conn = NULL;
    finish(w);
}

static void on_exited(int fd, unsigned events, void *arg)
{
    struct worker *w = arg;

    (void)fd;
    (void)events;
    if (waitpid(w->pid, &w->status, WNOHANG) == 0)
        return;
    loop_fd_del(w->watch);
    w->watch = NULL;
    finish(w);
}

static void on_limit(void *arg)
{
    struct worker *w = arg;

    w->timer = NULL;
    w->timed_out = true;
    if (w->watch != NULL) /* else the pid may be somebody else's by now */
        kill(w->pid, SIGKILL);
}

struct worker *worker_start(struct loop *l, worker_fn *fn, void *fn_arg, unsigned limit_ms,
                            const struct worker_ops *ops, void *arg, struct err *e)
{
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) {
        err_sys(e, "socketpair");
        return NULL;
    }
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0)
        child(fds[1], fn, fn_arg, parent);
    if (pid < 0)
        err_sys(e, "fork");
    close(fds[1]);
    int pidfd = pid < 0 ? -1 : (int)syscall(SYS_pidfd_open, pid, 0);
    if (pidfd < 0) {
        if (pid > 0) {
            err_sys(e, "pidfd_open");
            kill(pid, SIGKILL);
            waitpid(pid, NULL, 0);
        }
        close(fds[0]);
        return NULL;
    }
    struct worker *w = xcalloc(1, sizeof *w);
    *w = (struct worker){.loop = l, .pid = pid, .pidfd = pidfd, .ops = ops, .arg = arg, .limit_ms = limit_ms};
    w->watch = loop_fd_add(l, pidfd, LOOP_IN, on_exited, w);
    w->conn = frame_conn_new(l, fds[0], on_frame, on_close, w);
    w->timer = loop_timer_add(l, limit_ms, on_limit, w);
    return w;
}

void worker_kill(struct worker *w)
{
    if (w == NULL)
        return;
    if (w->watch != NULL) {
        kill(w->pid, SIGKILL);
        waitpid(w->pid, NULL, 0); /* short: nothing survives SIGKILL */
    }
    worker_free(w);
}
