#include "labd/host/console/console_node.h"

#include "labd/base/mem.h"
#include "labd/host/console/console_opener.h"
#include "labd/host/console/console_ring.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHUNK (32u << 10)
#define QUEUE_MAX (256u << 10)       /* bytes on their way to one viewer */
#define INPUT_MAX ((size_t)64 << 10) /* bytes on their way to the guest, before the viewers wait */

struct viewer {
    struct console_node *node;
    struct viewer *next;
    struct frame_conn *conn;
    uint64_t sent, acked;
    bool lossy; /* fell behind for too long: does not hold the others back until it caught up */
    unsigned rows, cols;
};

enum session { SESSION_NONE, SESSION_OPENING, SESSION_OPEN, SESSION_ENDED };

struct console_node {
    struct loop *loop;
    const struct guest_lab *lab;
    const struct guest_ops *ops;
    size_t index;
    enum session session;
    struct opener *opener;
    int fd; /* the terminal's master side, or -1 */
    struct loop_fd *watch;
    struct buf input;
    struct ring ring;
    struct viewer *viewers;
    struct loop_timer *stalled;
    bool waiting; /* the guest's output is not read: a viewer has to catch up first */
    unsigned rows, cols;
    pid_t resizer; /* the program that tells the guest its size, or 0 */
    unsigned told_rows, told_cols;
};

static void check_flow(struct console_node *c);
static void open_session(struct console_node *c);

struct console_node *console_node_new(struct loop *l, const struct guest_lab *lab,
                                      const struct guest_ops *ops, size_t node)
{
    struct console_node *c = xcalloc(1, sizeof *c);

    *c = (struct console_node){
        .loop = l, .lab = lab, .ops = ops, .index = node, .fd = -1, .rows = 24, .cols = 80};
    return c;
}

static void close_terminal(struct console_node *c)
{
    loop_fd_del(c->watch);
    c->watch = NULL;
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    buf_clear(&c->input);
}

void console_node_free(struct console_node *c)
{
    if (c == NULL)
        return;
    opener_cancel(c->opener);
    close_terminal(c);
    loop_timer_del(c->stalled);
    if (c->resizer > 0)
        kill(-c->resizer, SIGKILL);
    struct viewer *v;
    while ((v = c->viewers) != NULL) {
        c->viewers = v->next;
        frame_conn_free(v->conn);
        free(v);
    }
    ring_clear(&c->ring);
    free(c);
}

/* ---- towards the viewers ---- */

static void send_more(struct viewer *v)
{
    const struct ring *r = &v->node->ring;

    if (v->sent < r->start)
        v->sent = r->start; /* lost; the viewer sees it by the offset */
    while (v->sent < r->end && frame_queued(v->conn) < QUEUE_MAX) {
        size_t n;
        const char *p = ring_at(r, v->sent, &n);
        if (n > CHUNK)
            n = CHUNK;
        uint64_t offset = htobe64(v->sent);
        frame_send2(v->conn, FRAME_OUTPUT, &offset, sizeof offset, p, n);
        v->sent += n;
    }
}

static void output(struct console_node *c, const char *data, size_t n)
{
    ring_add(&c->ring, data, n);
    for (struct viewer *v = c->viewers; v != NULL; v = v->next)
        send_more(v);
    check_flow(c);
}

static void say(struct console_node *c, const char *text)
{
    char line[700];
    int n = snprintf(line, sizeof line, "\r\n\033[2m[%s]\033[0m\r\n", text);

    output(c, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

/* ---- flow control: the slowest viewer sets the pace, for a while ---- */

static bool holds_back(const struct viewer *v)
{
    return !v->lossy && v->node->ring.end - v->acked > CONSOLE_UNACKED_MAX;
}

static void update_watch(struct console_node *c)
{
    if (c->watch != NULL)
        loop_fd_events(c->watch, (c->waiting ? 0 : LOOP_IN) | (c->input.len > 0 ? LOOP_OUT : 0));
}

static void stalled(void *arg)
{
    struct console_node *c = arg;

    c->stalled = NULL;
    for (struct viewer *v = c->viewers; v != NULL; v = v->next)
        if (holds_back(v))
            v->lossy = true;
    check_flow(c);
}

static void check_flow(struct console_node *c)
{
    bool waiting = false;

    for (struct viewer *v = c->viewers; v != NULL; v = v->next)
        waiting |= holds_back(v);
    if (waiting && c->stalled == NULL) {
        c->stalled = loop_timer_add(c->loop, CONSOLE_WAIT_MS, stalled, c);
    } else if (!waiting) {
        loop_timer_del(c->stalled);
        c->stalled = NULL;
    }
    c->waiting = waiting;
    update_watch(c);
}

/* ---- towards the guest ---- */

static void pause_viewers(struct console_node *c, bool paused)
{
    for (struct viewer *v = c->viewers; v != NULL; v = v->next)
        frame_pause(v->conn, paused);
}

static void write_input(struct console_node *c)
{
    while (c->input.len > 0) {
        ssize_t n = write(c->fd, c->input.data, c->input.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break; /* full, or ended: the read side says which */
        buf_consume(&c->input, (size_t)n);
    }
    pause_viewers(c, c->input.len > INPUT_MAX);
    update_watch(c);
}

static void set_size(struct console_node *c);

/* The guest has been told; perhaps the size has changed again meanwhile. */
static void resized(pid_t pid, int status, void *arg)
{
    struct console_node *c = arg;

    (void)pid, (void)status; /* a guest that does not answer keeps its size */
    c->resizer = 0;
    if (c->told_rows != c->rows || c->told_cols != c->cols)
        set_size(c);
}

/* By a program that talks to the guest, one at a time. */
static void tell_guest(struct console_node *c)
{
    AUTO(argv_clear) struct argv argv = {0};
    const int fds[3] = {-1, -1, -1};
    struct err ignored;

    if (c->resizer > 0 || c->rows == 0 || c->cols == 0)
        return;
    c->told_rows = c->rows;
    c->told_cols = c->cols;
    if (c->ops->resize_argv(c->lab, c->index, c->rows, c->cols, &argv, &ignored) < 0)
        return;
    pid_t pid = proc_spawn(argv_get(&argv), fds, NULL, 0, NULL, &ignored);
    if (pid < 0)
        return;
    if (loop_child_add(c->loop, pid, resized, c, &ignored) == 0) {
        c->resizer = pid;
        return;
    }
    kill(-pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void set_size(struct console_node *c)
{
    const struct winsize ws = {.ws_row = (unsigned short)c->rows, .ws_col = (unsigned short)c->cols};

    if (c->fd < 0)
        return;
    if (c->ops->resize_argv != NULL)
        tell_guest(c);
    else if (ioctl(c->fd, TIOCSWINSZ, &ws) < 0)
        return; /* the terminal has just ended */
}

static void apply_size(struct console_node *c, const struct viewer *v)
{
    if (v->rows == 0 || v->cols == 0 || (v->rows == c->rows && v->cols == c->cols))
        return;
    c->rows = v->rows;
    c->cols = v->cols;
    set_size(c);
}

static void session_ended(struct console_node *c)
{
    close_terminal(c);
    pause_viewers(c, false);
    c->session = SESSION_ENDED;
    say(c, "session ended - press Enter for a new one");
}

static void on_terminal(int fd, unsigned events, void *arg)
{
    struct console_node *c = arg;
    char chunk[CHUNK];

    if (events & LOOP_OUT)
        write_input(c);
    if (!(events & LOOP_IN) || c->fd < 0)
        return;
    if (c->waiting && events != (LOOP_IN | LOOP_OUT))
        return;
    ssize_t n = read(fd, chunk, sizeof chunk);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0)
        session_ended(c);
    else
        output(c, chunk, (size_t)n);
}

static void opened(int fd, const struct err *e, void *arg)
{
    struct console_node *c = arg;
    char text[600];

    c->opener = NULL;
    if (fd < 0) {
        c->session = SESSION_ENDED;
        snprintf(text, sizeof text, "no console: %.480s - press Enter to try again", e->msg);
        say(c, text);
        return;
    }
    c->session = SESSION_OPEN;
    c->fd = fd;
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    set_size(c);
    c->watch = loop_fd_add(c->loop, fd, LOOP_IN, on_terminal, c);
    check_flow(c);
    if (c->input.len > 0)
        write_input(c);
}

static void open_session(struct console_node *c)
{
    c->session = SESSION_OPENING;
    c->opener = opener_start(c->loop, c->lab, c->ops, c->index, opened, c);
}

static void typed(struct console_node *c, const uint8_t *p, size_t n)
{
    switch (c->session) {
    case SESSION_OPEN:
    case SESSION_OPENING: /* typed ahead; kept until the terminal is there */
        if (c->input.len + n <= INPUT_MAX * 4)
            buf_add(&c->input, p, n);
        if (c->fd >= 0)
            write_input(c);
        break;
    case SESSION_NONE:
    case SESSION_ENDED:
        if (memchr(p, '\r', n) != NULL || memchr(p, '\n', n) != NULL)
            open_session(c);
        break;
    }
}

/* ---- viewers ---- */

static void on_frame(struct frame_conn *conn, uint8_t type, const uint8_t *p, size_t n, void *arg)
{
    struct viewer *v = arg;
    struct console_node *c = v->node;
    uint64_t offset;
    uint16_t size[2];

    (void)conn;
    if (type == FRAME_INPUT && n > 0) {
        apply_size(c, v);
        typed(c, p, n);
    } else if (type == FRAME_RESIZE && n == sizeof size) {
        memcpy(size, p, sizeof size);
        v->rows = ntohs(size[0]) <= 500 ? ntohs(size[0]) : 500;
        v->cols = ntohs(size[1]) <= 1000 ? ntohs(size[1]) : 1000;
        apply_size(c, v);
    } else if (type == FRAME_ACK && n == sizeof offset) {
        memcpy(&offset, p, sizeof offset);
        offset = be64toh(offset);
        if (offset > v->acked && offset <= v->sent)
            v->acked = offset;
        if (v->lossy && c->ring.end - v->acked <= CONSOLE_UNACKED_MAX / 2)
            v->lossy = false;
        check_flow(c);
    }
}

static void on_drain(struct frame_conn *conn, void *arg)
{
    (void)conn;
    send_more(arg);
}

static void on_gone(struct frame_conn *conn, const struct err *e, void *arg)
{
    struct viewer *v = arg;
    struct console_node *c = v->node;
    struct viewer **p = &c->viewers;

    (void)e;
    while (*p != v)
        p = &(*p)->next;
    *p = v->next;
    frame_conn_free(conn);
    free(v);
    check_flow(c);
}

uint64_t console_node_offset(const struct console_node *c, int64_t offset)
{
    if (offset < 0 || (uint64_t)offset < c->ring.start || (uint64_t)offset > c->ring.end)
        return c->ring.start;
    return (uint64_t)offset;
}

void console_node_attach(struct console_node *c, struct frame_conn *conn, uint64_t offset, unsigned rows,
                         unsigned cols)
{
    struct viewer *v = xcalloc(1, sizeof *v);

    *v = (struct viewer){.node = c,
                         .next = c->viewers,
                         .conn = conn,
                         .sent = offset,
                         .acked = offset,
                         .rows = rows,
                         .cols = cols};
    c->viewers = v;
    frame_conn_set(conn, on_frame, on_gone, v);
    frame_conn_on_drain(conn, on_drain);
    apply_size(c, v);
    send_more(v);
    check_flow(c);
    if (c->session == SESSION_NONE)
        open_session(c);
}
