#include "labd/rpc/frame.h"

#include "labd/base/buf.h"
#include "labd/base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define HEAD 4u
#define DRAIN_LOW (64u << 10) /* the drain callback comes when fewer bytes than this are queued */
#define READ_CHUNK ((size_t)64 << 10)

struct frame_conn {
    struct loop *loop;
    struct loop_fd *watch;
    int fd;
    struct buf in, out;
    size_t in_used, out_sent; /* consumed at the front of 'in', sent at the front of 'out' */
    bool paused, closing, broken, was_full;
    unsigned busy; /* depth of our own calls on this connection; freeing waits for zero */
    bool freed;
    frame_fn *on_frame;
    frame_close_fn *on_close;
    frame_drain_fn *on_drain;
    void *arg;
};

static void flush(struct frame_conn *c);
static void deliver(struct frame_conn *c);

static void really_free(struct frame_conn *c)
{
    loop_fd_del(c->watch);
    close(c->fd);
    buf_clear(&c->in);
    buf_clear(&c->out);
    free(c);
}

static void leave(struct frame_conn *c)
{
    if (--c->busy == 0 && c->freed)
        really_free(c);
}

static void update(struct frame_conn *c)
{
    unsigned events = 0;

    if (c->freed || c->broken)
        return;
    if (!c->paused && !c->closing)
        events |= LOOP_IN;
    if (c->out.len > c->out_sent)
        events |= LOOP_OUT;
    loop_fd_events(c->watch, events);
}

/* Tells the owner once; a connection nobody owns any more frees itself. */
static void broken(struct frame_conn *c, const struct err *e)
{
    if (c->broken || c->freed)
        return;
    c->broken = true;
    loop_fd_del(c->watch);
    c->watch = NULL;
    if (c->closing || c->on_close == NULL)
        c->freed = true;
    else
        c->on_close(c, e, c->arg);
}

static uint32_t read_u32(const char *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof v);
    return ntohl(v);
}

static void deliver(struct frame_conn *c)
{
    struct err e;

    while (!c->freed && !c->broken && !c->paused && !c->closing && c->in.len - c->in_used >= HEAD) {
        const char *p = c->in.data + c->in_used;
        uint32_t n = read_u32(p);
        if (n == 0 || n > FRAME_MAX) {
            err_set(&e, ERR_PROTOCOL, "the other side sent a frame of %u bytes", n);
            broken(c, &e);
            return;
        }
        if (c->in.len - c->in_used - HEAD < n)
            break;
        c->in_used += HEAD + n;
        c->on_frame(c, (uint8_t)p[HEAD], (const uint8_t *)p + HEAD + 1, n - 1, c->arg);
    }
    if (c->freed || c->broken)
        return;
    buf_consume(&c->in, c->in_used);
    c->in_used = 0;
    if (c->in.len == 0 && c->in.cap > READ_CHUNK)
        buf_clear(&c->in);
}

static void fill(struct frame_conn *c)
{
    struct err e;

    for (;;) {
        /* A frame may be handed out only whole, so 'in' grows up to one frame and a chunk. */
        buf_reserve(&c->in, READ_CHUNK / 4);
        ssize_t n = recv(c->fd, c->in.data + c->in.len, c->in.cap - c->in.len - 1, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (n < 0) {
            err_sys(&e, "receive");
            broken(c, &e);
            return;
        }
        if (n == 0) {
            broken(c, NULL);
            return;
        }
        c->in.len += (size_t)n;
        c->in.data[c->in.len] = '\0';
        deliver(c);
        if (c->freed || c->broken || c->paused || c->closing)
            return;
        return; /* level-triggered: what is left comes with the next round, after the others' turn */
    }
}

static void ready(int fd, unsigned events, void *arg)
{
    struct frame_conn *c = arg;

    (void)fd;
    c->busy++;
    if (events & LOOP_OUT)
        flush(c);
    if ((events & LOOP_IN) && !c->freed && !c->broken) {
        if (!c->paused && !c->closing) {
            fill(c);
        } else if (events & LOOP_OUT) {
            /* Hang-up while we do not read: say so instead of spinning on it. */
            char probe;
            ssize_t n = recv(c->fd, &probe, 1, MSG_PEEK | MSG_DONTWAIT);
            if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
                broken(c, NULL);
        }
    }
    update(c);
    leave(c);
}

struct frame_conn *frame_conn_new(struct loop *l, int fd, frame_fn *on_frame, frame_close_fn *on_close,
                                  void *arg)
{
    struct frame_conn *c = xcalloc(1, sizeof *c);

    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    *c = (struct frame_conn){.loop = l, .fd = fd, .on_frame = on_frame, .on_close = on_close, .arg = arg};
    c->watch = loop_fd_add(l, fd, LOOP_IN, ready, c);
    return c;
}

void frame_conn_free(struct frame_conn *c)
{
    if (c == NULL || c->freed)
        return;
    c->freed = true;
    loop_fd_del(c->watch);
    c->watch = NULL;
    if (c->busy == 0)
        really_free(c);
}

void frame_conn_set(struct frame_conn *c, frame_fn *on_frame, frame_close_fn *on_close, void *arg)
{
    c->on_frame = on_frame;
    c->on_close = on_close;
    c->on_drain = NULL;
    c->arg = arg;
}

void frame_conn_on_drain(struct frame_conn *c, frame_drain_fn *fn)
{
    c->on_drain = fn;
}

static void flush(struct frame_conn *c)
{
    while (!c->broken && c->out.len > c->out_sent) {
        ssize_t n = send(c->fd, c->out.data + c->out_sent, c->out.len - c->out_sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            break;
        if (n < 0) {
            /* The owner hears of it from the loop, as of any hang-up, never from inside frame_send(). */
            buf_clear(&c->out);
            c->out_sent = 0;
            shutdown(c->fd, SHUT_RDWR);
            break;
        }
        c->out_sent += (size_t)n;
    }
    if (c->out_sent == c->out.len) {
        c->out_sent = 0;
        if (c->out.cap > READ_CHUNK * 4)
            buf_clear(&c->out);
        else
            buf_truncate(&c->out, 0);
        if (c->closing)
            c->freed = true;
    } else if (c->out_sent > READ_CHUNK) {
        buf_consume(&c->out, c->out_sent);
        c->out_sent = 0;
    }
    if (!c->freed && c->was_full && frame_queued(c) < DRAIN_LOW) {
        c->was_full = false;
        if (c->on_drain != NULL)
            c->on_drain(c, c->arg);
    }
}

void frame_send2(struct frame_conn *c, uint8_t type, const void *head, size_t nhead, const void *tail,
                 size_t ntail)
{
    uint32_t n = htonl((uint32_t)(1 + nhead + ntail));

    if (c->freed || c->broken || c->closing)
        return;
    if (nhead > FRAME_MAX || ntail > FRAME_MAX || 1 + nhead + ntail > FRAME_MAX)
        abort(); /* a bug of ours: whoever takes strangers' sizes checks them */
    buf_add(&c->out, &n, sizeof n);
    buf_add(&c->out, &type, 1);
    buf_add(&c->out, head, nhead);
    buf_add(&c->out, tail, ntail);
    c->busy++;
    flush(c);
    if (frame_queued(c) >= DRAIN_LOW)
        c->was_full = true;
    update(c);
    leave(c);
}

void frame_send(struct frame_conn *c, uint8_t type, const void *payload, size_t n)
{
    frame_send2(c, type, payload, n, NULL, 0);
}

void frame_send_json(struct frame_conn *c, json_t *j)
{
    char *s = json_dumps(j, JSON_COMPACT);

    json_decref(j);
    if (s == NULL)
        abort();
    frame_send(c, FRAME_JSON, s, strlen(s));
    free(s);
}

size_t frame_queued(const struct frame_conn *c)
{
    return c->out.len - c->out_sent;
}

/* Frames that are here already are handed out from the loop, not from inside this call. */
static void resume(void *arg)
{
    struct frame_conn *c = arg;

    /* 'busy' was raised when the timer was set, so 'c' is still here. */
    deliver(c);
    update(c);
    leave(c);
}

void frame_pause(struct frame_conn *c, bool paused)
{
    if (c->paused == paused || c->freed || c->broken)
        return;
    c->paused = paused;
    if (!paused && c->in.len - c->in_used >= HEAD) {
        c->busy++;
        loop_timer_add(c->loop, 0, resume, c);
    }
    update(c);
}

void frame_close_after_send(struct frame_conn *c)
{
    if (c->freed)
        return;
    if (c->broken || c->out.len == c->out_sent) {
        frame_conn_free(c);
        return;
    }
    c->closing = true;
    update(c);
}

/* ---- blocking forms ---- */

int frame_connect(const char *path, struct err *e)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof sa.sun_path)
        return err_set(e, ERR_INVALID, "socket path %s is longer than %zu bytes", path,
                       sizeof sa.sun_path - 1);
    memcpy(sa.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_sys(e, "socket");
    if (connect(fd, (struct sockaddr *)&sa, sizeof sa) < 0) {
        err_sys(e, "connect to %s", path);
        if (e != NULL)
            e->code = ERR_UNREACHABLE;
        close(fd);
        return -1;
    }
    return fd;
}

static int write_full(int fd, const void *data, size_t n, struct err *e)
{
    const char *p = data;

    while (n > 0) {
        ssize_t w = send(fd, p, n, MSG_NOSIGNAL);
        if (w < 0 && errno == ENOTSOCK)
            w = write(fd, p, n);
        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0) {
            err_sys(e, "send");
            if (e != NULL)
                e->code = ERR_UNREACHABLE;
            return -1;
        }
        p += w;
        n -= (size_t)w;
    }
    return 0;
}

int frame_write_fd(int fd, uint8_t type, const void *payload, size_t n, struct err *e)
{
    uint8_t head[HEAD + 1];

    if (n >= FRAME_MAX)
        return err_set(e, ERR_CAPACITY, "a frame of %zu bytes is longer than %u", n, FRAME_MAX);
    uint32_t len = htonl((uint32_t)(n + 1));
    memcpy(head, &len, sizeof len);
    head[HEAD] = type;
    if (write_full(fd, head, sizeof head, e) < 0)
        return -1;
    return write_full(fd, payload, n, e);
}

static int read_full(int fd, void *data, size_t n, int64_t due, struct err *e)
{
    char *p = data;

    while (n > 0) {
        int64_t left = due < 0 ? -1 : due - loop_now_ms();
        struct pollfd pf = {.fd = fd, .events = POLLIN};
        if (due >= 0 && left < 0)
            left = 0;
        int ready_n = poll(&pf, 1, (int)left);
        if (ready_n < 0 && errno == EINTR)
            continue;
        if (ready_n < 0)
            return err_sys(e, "poll");
        if (ready_n == 0)
            return err_set(e, ERR_TIMEOUT, "no answer in time");
        ssize_t r = read(fd, p, n);
        if (r < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (r < 0) {
            err_sys(e, "receive");
            if (e != NULL)
                e->code = ERR_UNREACHABLE;
            return -1;
        }
        if (r == 0)
            return err_set(e, ERR_UNREACHABLE, "the other side closed the connection");
        p += r;
        n -= (size_t)r;
    }
    return 0;
}

int frame_read_fd(int fd, int timeout_ms, uint8_t *type, char **payload, size_t *n, struct err *e)
{
    int64_t due = timeout_ms < 0 ? -1 : loop_now_ms() + timeout_ms;
    uint8_t head[HEAD + 1] = {0};
    uint32_t len;

    if (read_full(fd, head, sizeof head, due, e) < 0)
        return -1;
    memcpy(&len, head, sizeof len);
    len = ntohl(len);
    if (len == 0 || len > FRAME_MAX)
        return err_set(e, ERR_PROTOCOL, "the other side sent a frame of %u bytes", len);
    AUTO(mem_freep) char *p = xcalloc(len, 1);
    if (read_full(fd, p, len - 1, due, e) < 0)
        return -1;
    *type = head[HEAD];
    *n = len - 1;
    *payload = TAKE(p);
    return 0;
}
