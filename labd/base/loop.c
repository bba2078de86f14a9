#include "labd/base/loop.h"

#include "labd/base/mem.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct loop_fd {
    struct loop *loop;
    struct loop_fd *next, **prev;
    int fd;
    unsigned events;
    loop_fd_fn *fn; /* NULL: deleted, freed at the end of the round */
    void *arg;
};

struct loop_timer {
    struct loop *loop;
    size_t at; /* index in the heap */
    int64_t due;
    uint64_t seq; /* timers due in the same millisecond fire in the order of their making */
    loop_timer_fn *fn;
    void *arg;
};

struct loop {
    int epfd;
    bool stop;
    struct loop_fd *fds;
    struct loop_fd *dead; /* deleted during this round; epoll may still name them */
    struct loop_timer **heap;
    size_t ntimers, captimers;
    uint64_t seq;
    struct child *children;
    struct signal_watch *signals;
};

struct child {
    struct loop *loop;
    struct child *next;
    pid_t pid;
    int pidfd;
    struct loop_fd *watch;
    loop_child_fn *fn;
    void *arg;
};

struct signal_watch {
    struct signal_watch *next;
    int fd;
    struct loop_fd *watch;
    loop_signal_fn *fn;
    void *arg;
};

static int64_t clock_ms(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t loop_now_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

int64_t loop_wall_ms(void)
{
    return clock_ms(CLOCK_REALTIME);
}

struct loop *loop_new(struct err *e)
{
    int epfd = epoll_create1(EPOLL_CLOEXEC);

    if (epfd < 0) {
        err_sys(e, "epoll_create1");
        return NULL;
    }
    struct loop *l = xcalloc(1, sizeof *l);
    l->epfd = epfd;
    return l;
}

static void free_dead(struct loop *l)
{
    struct loop_fd *f;

    while ((f = l->dead) != NULL) {
        l->dead = f->next;
        free(f);
    }
}

static void child_free(struct child *c)
{
    loop_fd_del(c->watch);
    close(c->pidfd);
    free(c);
}

static void child_unlink(struct child *c)
{
    struct child **p = &c->loop->children;

    while (*p != c)
        p = &(*p)->next;
    *p = c->next;
}

void loop_free(struct loop *l)
{
    if (l == NULL)
        return;
    struct child *c;
    while ((c = l->children) != NULL) {
        l->children = c->next;
        child_free(c);
    }
    struct signal_watch *s;
    while ((s = l->signals) != NULL) {
        l->signals = s->next;
        loop_fd_del(s->watch);
        close(s->fd);
        free(s);
    }
    while (l->fds != NULL)
        loop_fd_del(l->fds);
    free_dead(l);
    for (size_t i = 0; i < l->ntimers; i++)
        free(l->heap[i]);
    free(l->heap);
    close(l->epfd);
    free(l);
}

void loop_stop(struct loop *l)
{
    l->stop = true;
}

/* ---- descriptors ---- */

static uint32_t to_epoll(unsigned events)
{
    return ((events & LOOP_IN) ? (uint32_t)EPOLLIN : 0u) | ((events & LOOP_OUT) ? (uint32_t)EPOLLOUT : 0u);
}

struct loop_fd *loop_fd_add(struct loop *l, int fd, unsigned events, loop_fd_fn *fn, void *arg)
{
    struct loop_fd *f = xcalloc(1, sizeof *f);

    *f = (struct loop_fd){.loop = l, .fd = fd, .events = events, .fn = fn, .arg = arg};
    f->next = l->fds;
    f->prev = &l->fds;
    if (f->next != NULL)
        f->next->prev = &f->next;
    l->fds = f;
    struct epoll_event ev = {.events = to_epoll(events), .data.ptr = f};
    /* Fails only for a descriptor that epoll cannot watch: a bug of the caller. */
    if (epoll_ctl(l->epfd, EPOLL_CTL_ADD, fd, &ev) < 0)
        abort();
    return f;
}

void loop_fd_events(struct loop_fd *f, unsigned events)
{
    if (f->events == events)
        return;
    f->events = events;
    struct epoll_event ev = {.events = to_epoll(events), .data.ptr = f};
    if (epoll_ctl(f->loop->epfd, EPOLL_CTL_MOD, f->fd, &ev) < 0)
        abort();
}

void loop_fd_del(struct loop_fd *f)
{
    if (f == NULL || f->fn == NULL)
        return;
    epoll_ctl(f->loop->epfd, EPOLL_CTL_DEL, f->fd, NULL);
    f->fn = NULL;
    *f->prev = f->next;
    if (f->next != NULL)
        f->next->prev = f->prev;
    f->next = f->loop->dead;
    f->loop->dead = f;
}

/* ---- timers: a binary heap by due time ---- */

static bool earlier(const struct loop_timer *a, const struct loop_timer *b)
{
    return a->due != b->due ? a->due < b->due : a->seq < b->seq;
}

static void heap_put(struct loop *l, size_t i, struct loop_timer *t)
{
    l->heap[i] = t;
    t->at = i;
}

static void heap_up(struct loop *l, size_t i)
{
    struct loop_timer *t = l->heap[i];

    for (; i > 0 && earlier(t, l->heap[(i - 1) / 2]); i = (i - 1) / 2)
        heap_put(l, i, l->heap[(i - 1) / 2]);
    heap_put(l, i, t);
}

static void heap_down(struct loop *l, size_t i)
{
    struct loop_timer *t = l->heap[i];

    for (;;) {
        size_t c = 2 * i + 1;
        if (c >= l->ntimers)
            break;
        if (c + 1 < l->ntimers && earlier(l->heap[c + 1], l->heap[c]))
            c++;
        if (!earlier(l->heap[c], t))
            break;
        heap_put(l, i, l->heap[c]);
        i = c;
    }
    heap_put(l, i, t);
}

struct loop_timer *loop_timer_add(struct loop *l, unsigned ms, loop_timer_fn *fn, void *arg)
{
    struct loop_timer *t = xcalloc(1, sizeof *t);

    *t = (struct loop_timer){.loop = l, .due = loop_now_ms() + ms, .seq = l->seq++, .fn = fn, .arg = arg};
    XGROW(l->heap, l->ntimers, l->captimers);
    l->heap[l->ntimers] = t;
    heap_up(l, l->ntimers++);
    return t;
}

void loop_timer_del(struct loop_timer *t)
{
    if (t == NULL)
        return;
    struct loop *l = t->loop;
    size_t i = t->at;
    struct loop_timer *last = l->heap[--l->ntimers];
    if (last != t) {
        heap_put(l, i, last);
        heap_up(l, i);
        heap_down(l, last->at);
    }
    free(t);
}

static void run_timers(struct loop *l)
{
    int64_t now = loop_now_ms();

    /* The analyser does not see that the heap moves up when its first timer is freed. */
    while (!l->stop && l->ntimers > 0 && l->heap[0]->due <= now) { // NOLINT(clang-analyzer-unix.Malloc)
        struct loop_timer *t = l->heap[0];
        loop_timer_fn *fn = t->fn;
        void *arg = t->arg;
        loop_timer_del(t);
        fn(arg);
    }
}

/* ---- children and signals ---- */

static void child_ended(int fd, unsigned events, void *arg)
{
    struct child *c = arg;
    int status = 0;

    (void)fd;
    (void)events;
    if (waitpid(c->pid, &status, WNOHANG) == 0)
        return;
    loop_child_fn *fn = c->fn;
    void *fn_arg = c->arg;
    pid_t pid = c->pid;
    child_unlink(c);
    child_free(c);
    fn(pid, status, fn_arg);
}

int loop_child_add(struct loop *l, pid_t pid, loop_child_fn *fn, void *arg, struct err *e)
{
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

    if (pidfd < 0)
        return err_sys(e, "pidfd_open %d", (int)pid);
    struct child *c = xcalloc(1, sizeof *c);
    *c = (struct child){.loop = l, .pid = pid, .pidfd = pidfd, .fn = fn, .arg = arg};
    c->next = l->children;
    l->children = c;
    c->watch = loop_fd_add(l, pidfd, LOOP_IN, child_ended, c);
    return 0;
}

static void signal_came(int fd, unsigned events, void *arg)
{
    struct signal_watch *s = arg;
    struct signalfd_siginfo info;

    (void)events;
    if (read(fd, &info, sizeof info) == (ssize_t)sizeof info)
        s->fn((int)info.ssi_signo, s->arg);
}

int loop_signal_add(struct loop *l, int signo, loop_signal_fn *fn, void *arg, struct err *e)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, signo);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return err_sys(e, "sigprocmask");
    int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0)
        return err_sys(e, "signalfd");
    struct signal_watch *s = xcalloc(1, sizeof *s);
    *s = (struct signal_watch){.next = l->signals, .fd = fd, .fn = fn, .arg = arg};
    l->signals = s;
    s->watch = loop_fd_add(l, fd, LOOP_IN, signal_came, s);
    return 0;
}

/* ---- running ---- */

static int wait_ms(const struct loop *l)
{
    if (l->ntimers == 0)
        return -1;
    int64_t left = l->heap[0]->due - loop_now_ms();
    return left <= 0 ? 0 : left > 3600000 ? 3600000 : (int)left;
}

int loop_run(struct loop *l, struct err *e)
{
    struct epoll_event ev[64];

    l->stop = false;
    while (!l->stop) {
        int n = epoll_wait(l->epfd, ev, (int)ARRAY_LEN(ev), wait_ms(l));
        if (n < 0 && errno != EINTR)
            return err_sys(e, "epoll_wait");
        for (int i = 0; i < n && !l->stop; i++) {
            struct loop_fd *f = ev[i].data.ptr;
            unsigned events = 0;
            if (f->fn == NULL)
                continue;
            if (ev[i].events & (EPOLLERR | EPOLLHUP))
                events = LOOP_IN | LOOP_OUT;
            if (ev[i].events & EPOLLIN)
                events |= LOOP_IN;
            if (ev[i].events & EPOLLOUT)
                events |= LOOP_OUT;
            f->fn(f->fd, events, f->arg);
        }
        free_dead(l);
        run_timers(l);
        free_dead(l);
    }
    return 0;
}
