#include "labd/ctl/ctl_jobs.h"

#include "labd/base/buf.h"
#include "labd/base/mem.h"
#include "labd/ctl/ctl_http.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define RESULT_MAX (16u << 20)

struct job {
    size_t i;
    pid_t pid;
    int fd; /* its result comes here */
    struct buf text;
};

struct running {
    const struct ctl_jobs *jobs;
    struct job v[CTL_JOBS_MAX];
    size_t n, begun;
    bool stop;     /* begin no more */
    sigset_t open; /* the signals as they were */
};

static void child(const struct running *r, size_t i, int fd)
{
    ctl_signals_clear();
    setpgid(0, 0);
    signal(SIGTTOU, SIG_IGN); /* messages may go to the terminal also from the background */
    sigprocmask(SIG_SETMASK, &r->open, NULL);
    json_t *result = r->jobs->work(i, r->jobs->arg);
    _exit(json_dumpfd(result, fd, JSON_COMPACT) == 0 ? 0 : 1);
}

static int begin(struct running *r, size_t i, struct err *e)
{
    int p[2];

    r->jobs->begin(i, r->jobs->arg);
    if (pipe2(p, O_CLOEXEC) < 0)
        return err_sys(e, "make a pipe");
    pid_t pid = fork();
    if (pid == 0)
        child(r, i, p[1]);
    int rc = pid < 0 ? err_sys(e, "make a process") : 0;
    close(p[1]);
    if (rc < 0) {
        close(p[0]);
        return -1;
    }
    r->v[r->n++] = (struct job){.i = i, .pid = pid, .fd = p[0], .text = BUF_INIT};
    return 0;
}

/* The process of r->v[k] has closed its end. */
static void reap(struct running *r, size_t k)
{
    struct job *j = &r->v[k];
    struct err e = {0};
    int status = 0;

    close(j->fd);
    waitpid(j->pid, &status, 0);
    json_t *result = json_loadb(buf_str(&j->text), j->text.len, 0, NULL);
    if (result == NULL && WIFSIGNALED(status))
        err_set(&e, ERR_INTERNAL, "its process was ended by signal %d", WTERMSIG(status));
    else if (result == NULL)
        err_set(&e, ERR_INTERNAL, "its process ended without a result");
    if (!r->jobs->end(j->i, result, &e, r->jobs->arg))
        r->stop = true;
    json_decref(result);
    buf_clear(&j->text);
    r->v[k] = r->v[--r->n];
}

static void take(struct running *r, size_t k)
{
    struct job *j = &r->v[k];
    char chunk[16384];
    ssize_t n = read(j->fd, chunk, sizeof chunk);

    if (n > 0 && j->text.len < RESULT_MAX)
        buf_add(&j->text, chunk, (size_t)n);
    else if (n == 0 || (n < 0 && errno != EINTR))
        reap(r, k);
}

static void wait_for_some(struct running *r)
{
    struct pollfd p[CTL_JOBS_MAX];

    for (size_t k = 0; k < r->n; k++)
        p[k] = (struct pollfd){.fd = r->v[k].fd, .events = POLLIN};
    bool ready = ppoll(p, r->n, NULL, &r->open) > 0;
    if (ctl_signals_caught()) {
        ctl_signals_clear();
        r->stop = true;
        for (size_t k = 0; k < r->n; k++)
            kill(r->v[k].pid, SIGTERM);
    }
    for (size_t k = r->n; ready && k-- > 0;) /* from behind, because reap() fills a gap with the last */
        if (p[k].revents != 0)
            take(r, k);
}

size_t ctl_jobs_run(const struct ctl_jobs *jobs)
{
    struct running r = {.jobs = jobs};
    struct err e = {0};
    sigset_t block;

    /* Signals come only inside ppoll(): none is missed between a look at its flag and the wait. */
    sigemptyset(&block);
    sigaddset(&block, SIGINT);
    sigaddset(&block, SIGTERM);
    sigprocmask(SIG_BLOCK, &block, &r.open);
    for (;;) {
        while (!r.stop && r.n < jobs->at_a_time && r.begun < jobs->n) {
            size_t i = r.begun++;
            if (begin(&r, i, &e) < 0) {
                (void)jobs->end(i, NULL, &e, jobs->arg);
                r.stop = true;
            }
        }
        if (r.n == 0)
            break;
        wait_for_some(&r);
    }
    sigprocmask(SIG_SETMASK, &r.open, NULL);
    return r.begun;
}
