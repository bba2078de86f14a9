/* The pipes on which the guests' inits say how their startup went.  create() opens one per node, wait()
 * reads them, both in the same worker process; what was read is kept in the node's run folder
 * (guest_result.h), where later processes find it. */
#include "labd/host/guest/container_int.h"

#include "labd/base/loop.h"
#include "labd/base/mem.h"
#include "labd/host/guest/guest_result.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct boot_pipe {
    struct boot_pipe *next;
    char lab[LAB_ID_SIZE], node[NAME_SIZE];
    int fd;
};
static struct boot_pipe *pipes; /* of this process */

static struct boot_pipe **find(const struct node_ref *n)
{
    struct boot_pipe **p = &pipes;

    while (*p != NULL && (strcmp((*p)->node, n->node) != 0 || strcmp((*p)->lab, n->lab) != 0))
        p = &(*p)->next;
    return p;
}

void boot_close(const struct node_ref *n)
{
    struct boot_pipe **p = find(n), *gone = *p;

    if (gone == NULL)
        return;
    *p = gone->next;
    close(gone->fd);
    free(gone);
}

int boot_open(const struct node_ref *n, int *write_end, struct err *e)
{
    int fd[2];

    boot_close(n);
    if (pipe2(fd, O_CLOEXEC) < 0)
        return err_sys(e, "pipe");
    fcntl(fd[0], F_SETFL, O_NONBLOCK);
    struct boot_pipe *p = xcalloc(1, sizeof *p);
    *p = (struct boot_pipe){.next = pipes, .fd = fd[0]};
    snprintf(p->lab, sizeof p->lab, "%s", n->lab);
    snprintf(p->node, sizeof p->node, "%s", n->node);
    pipes = p;
    *write_end = fd[1];
    return 0;
}

struct waiting {
    const struct guest_lab *lab;
    size_t node;
    int fd; /* -1: done */
    struct buf text;
};

/* Reads what is there; true at end of file.  A guest may write more than it should: the rest is dropped. */
static bool drain(struct waiting *w)
{
    char chunk[4096];

    for (;;) {
        ssize_t n = read(w->fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return false;
        if (n <= 0)
            return true;
        size_t room = GUEST_RESULT_MAX - w->text.len;
        buf_add(&w->text, chunk, (size_t)n < room ? (size_t)n : room);
    }
}

static void report_text(const struct waiting *w, guest_report_fn *report, void *arg)
{
    struct guest_result r = {0};
    struct err why = {0};
    bool ok =
        guest_result_parse(buf_str(&w->text), w->text.len, &r, &why) == 0 && guest_result_err(&r, &why) == 0;

    report(w->node, ok ? NULL : &why, r.output != NULL ? r.output : "", r.n, arg);
}

/* The pipe has ended: keeps and reports the result. */
static void finish(struct waiting *w, guest_report_fn *report, void *arg)
{
    const struct node_ref n = node_ref(w->lab, w->node);
    struct guest_result r;
    struct err why = {0};
    char run[PATH_MAX];

    boot_close(&n);
    w->fd = -1;
    if (guest_result_parse(buf_str(&w->text), w->text.len, &r, &why) < 0) {
        report(w->node, &why, NULL, 0, arg);
        return;
    }
    if (path_run(&n, "", run, &why) < 0 || guest_result_save(run, buf_str(&w->text), w->text.len, &why) < 0)
        report(w->node, &why, r.output, r.n, arg);
    else
        report_text(w, report, arg);
}

/* Starts waiting for a node, or reports it at once if an earlier process has seen it boot. */
static void begin(struct waiting *w, guest_report_fn *report, void *arg)
{
    const struct node_ref n = node_ref(w->lab, w->node);
    struct boot_pipe *p = *find(&n);
    char run[PATH_MAX];
    struct err why = {0};

    w->fd = p != NULL ? p->fd : -1;
    if (p != NULL)
        return;
    if (path_run(&n, "", run, &why) == 0 && guest_result_load(run, &w->text, &why) == 0) {
        report_text(w, report, arg);
        return;
    }
    err_set(&why, ERR_CONFLICT, "node %s was started by a process that has ended; start it again", n.node);
    report(w->node, &why, NULL, 0, arg);
}

static void give_up(struct waiting *w, unsigned timeout_ms, guest_report_fn *report, void *arg)
{
    const struct node_ref n = node_ref(w->lab, w->node);
    struct err why;

    boot_close(&n);
    w->fd = -1;
    err_set(&why, ERR_TIMEOUT, "the startup of node %s did not finish within %u s", n.node,
            timeout_ms / 1000);
    report(w->node, &why, NULL, 0, arg);
}

static size_t collect(struct waiting *w, size_t n, struct pollfd *p, size_t *index)
{
    size_t open = 0;

    for (size_t i = 0; i < n; i++) {
        if (w[i].fd < 0)
            continue;
        index[open] = i;
        p[open++] = (struct pollfd){.fd = w[i].fd, .events = POLLIN};
    }
    return open;
}

int container_wait(const struct guest_lab *lab, const size_t *nodes, size_t n, unsigned timeout_ms,
                   guest_report_fn *report, void *arg, struct err *e)
{
    AUTO(mem_freep) struct waiting *w = xcalloc(n + 1, sizeof *w);
    AUTO(mem_freep) struct pollfd *p = xcalloc(n + 1, sizeof *p);
    AUTO(mem_freep) size_t *index = xcalloc(n + 1, sizeof *index);
    int64_t due = loop_now_ms() + timeout_ms;
    size_t open;

    for (size_t i = 0; i < n; i++) {
        w[i] = (struct waiting){.lab = lab, .node = nodes[i], .fd = -1};
        begin(&w[i], report, arg);
    }
    while ((open = collect(w, n, p, index)) > 0) {
        int64_t left = due - loop_now_ms();
        int ready = left > 0 ? poll(p, open, (int)left) : 0;
        if (ready < 0 && errno != EINTR) {
            err_sys(e, "wait for the guests");
            break;
        }
        for (size_t i = 0; i < open; i++) {
            struct waiting *one = &w[index[i]];
            if (ready > 0 && p[i].revents != 0 && drain(one))
                finish(one, report, arg);
            else if (left <= 0)
                give_up(one, timeout_ms, report, arg);
        }
    }
    for (size_t i = 0; i < n; i++)
        buf_clear(&w[i].text);
    return open == 0 ? 0 : -1;
}
