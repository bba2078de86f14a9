#include "labd/host/console/console_opener.h"

#include "labd/base/mem.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIMEOUT_MS 10000u

struct opener {
    struct loop *loop;
    struct loop_fd *watch;
    struct loop_timer *timer;
    int sock;
    pid_t pid;
    opener_fn *done;
    void *arg;
    struct err failed;
};

union control {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
};

/* In the child: the answer is one message, an error with its text or, with the descriptor, an empty one. */
static _Noreturn void child(const struct guest_lab *lab, const struct guest_ops *ops, size_t node, int sock)
{
    struct err e = {0};
    union control control = {.bytes = {0}};
    int fd = -1;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int rc = ops->console(lab, node, &fd, &e);
    struct iovec iov = {.iov_base = &e, .iov_len = sizeof e};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    if (rc == 0) {
        e.code = ERR_NONE;
        msg.msg_control = control.bytes;
        msg.msg_controllen = sizeof control.bytes;
        struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(c), &fd, sizeof fd);
    }
    _exit(sendmsg(sock, &msg, 0) < 0);
}

static void opener_free(struct opener *o)
{
    loop_fd_del(o->watch);
    loop_timer_del(o->timer);
    if (o->sock >= 0)
        close(o->sock);
    if (o->pid > 0) {
        kill(o->pid, SIGKILL);
        while (waitpid(o->pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    free(o);
}

static void finish(struct opener *o, int fd, const struct err *e)
{
    opener_fn *done = o->done;
    void *arg = o->arg;
    struct err copy = *e;

    opener_free(o);
    done(fd, &copy, arg);
}

static void on_answer(int sock, unsigned events, void *arg)
{
    struct opener *o = arg;
    struct err e = {0};
    union control control = {.bytes = {0}};
    struct iovec iov = {.iov_base = &e, .iov_len = sizeof e};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = sizeof control.bytes};
    int fd = -1;

    (void)events;
    ssize_t n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
    struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
    if (c != NULL && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof fd))
        memcpy(&fd, CMSG_DATA(c), sizeof fd);
    else if (n != (ssize_t)sizeof e || e.code == ERR_NONE)
        err_set(&e, ERR_INTERNAL, "the terminal could not be opened");
    e.msg[sizeof e.msg - 1] = '\0';
    finish(o, fd, &e);
}

static void on_timeout(void *arg)
{
    struct opener *o = arg;
    struct err e;

    o->timer = NULL;
    if (o->failed.code != ERR_NONE)
        e = o->failed;
    else
        err_set(&e, ERR_TIMEOUT, "the node did not open a terminal within %u s", TIMEOUT_MS / 1000);
    finish(o, -1, &e);
}

struct opener *opener_start(struct loop *l, const struct guest_lab *lab, const struct guest_ops *ops,
                            size_t node, opener_fn *done, void *arg)
{
    struct opener *o = xcalloc(1, sizeof *o);
    int sv[2] = {-1, -1};

    *o = (struct opener){.loop = l, .sock = -1, .done = done, .arg = arg};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0) {
        err_sys(&o->failed, "socketpair");
    } else if ((o->pid = fork()) < 0) {
        err_sys(&o->failed, "fork");
        close(sv[0]);
        close(sv[1]);
    } else if (o->pid == 0) {
        close(sv[0]);
        child(lab, ops, node, sv[1]);
    } else {
        close(sv[1]);
        o->sock = sv[0];
        o->watch = loop_fd_add(l, o->sock, LOOP_IN, on_answer, o);
    }
    o->timer = loop_timer_add(l, o->failed.code != ERR_NONE ? 0 : TIMEOUT_MS, on_timeout, o);
    return o;
}

void opener_cancel(struct opener *o)
{
    if (o != NULL)
        opener_free(o);
}
