#include "labd/site/http/http_events.h"

#include "labd/base/mem.h"
#include "labd/site/http/http_int.h"

#include <string.h>
#include <sys/socket.h>

#define BLOCK (16u << 10)

struct http_events {
    struct http_server *server;
    struct http_listener *listener;
    struct http_events *next, **prev;
    struct MHD_Connection *conn;
    http_events_fill_fn *fill;
    http_events_end_fn *end;
    void *arg;
    struct loop_timer *ping;
    struct buf out; /* what the client has not taken yet, from 'sent' on */
    size_t sent;
    bool idle; /* everything taken; the connection is suspended */
    bool woken, ping_due, stopped;
    unsigned stuck; /* ping intervals in which the client took nothing */
};

static void go_on(struct http_events *ev)
{
    if (ev->idle) {
        ev->idle = false;
        MHD_resume_connection(ev->conn);
        http_listener_kick(ev->listener);
    }
}

static ssize_t read_more(void *cls, uint64_t pos, char *out, size_t max)
{
    struct http_events *ev = cls;

    (void)pos;
    ev->stuck = 0;
    if (ev->sent == ev->out.len) {
        buf_truncate(&ev->out, 0);
        ev->sent = 0;
        if (ev->stopped)
            return MHD_CONTENT_READER_END_OF_STREAM;
        if (ev->woken) {
            ev->woken = false;
            ev->fill(&ev->out, ev->arg);
        }
        if (ev->out.len == 0 && ev->ping_due)
            buf_puts(&ev->out, ": ping\n\n");
        ev->ping_due = false;
    }
    if (ev->out.len == 0) {
        ev->idle = true;
        if (ev->out.cap > BLOCK)
            buf_clear(&ev->out);
        MHD_suspend_connection(ev->conn);
        return 0;
    }
    size_t n = ev->out.len - ev->sent;
    if (n > max)
        n = max;
    memcpy(out, ev->out.data + ev->sent, n);
    ev->sent += n;
    return (ssize_t)n;
}

static void ping(void *arg)
{
    struct http_events *ev = arg;

    ev->ping = loop_timer_add(ev->server->loop, ev->server->config.ping_ms, ping, ev);
    if (!ev->idle && ++ev->stuck >= 2) {
        /* MHD waits for the socket to take bytes; only the socket can end that. */
        const union MHD_ConnectionInfo *ci =
            MHD_get_connection_info(ev->conn, MHD_CONNECTION_INFO_CONNECTION_FD);
        if (ci != NULL)
            shutdown(ci->connect_fd, SHUT_RDWR);
        return;
    }
    ev->ping_due = true;
    go_on(ev);
}

struct http_events *http_reply_events(struct http_req *r, http_events_fill_fn *fill, http_events_end_fn *end,
                                      void *arg)
{
    struct http_events *ev = xcalloc(1, sizeof *ev);
    struct http_server *s = r->server;
    struct MHD_Response *m = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, read_more, ev, NULL);

    if (m == NULL)
        abort();
    *ev = (struct http_events){.server = s,
                               .listener = r->listener,
                               .conn = r->conn,
                               .fill = fill,
                               .end = end,
                               .arg = arg,
                               .woken = true};
    ev->ping = loop_timer_add(s->loop, s->config.ping_ms, ping, ev);
    ev->next = s->events;
    ev->prev = &s->events;
    if (ev->next != NULL)
        ev->next->prev = &ev->next;
    s->events = ev;
    r->ev = ev;
    /* No time limit: pings find out who is gone. */
    MHD_set_connection_option(r->conn, MHD_CONNECTION_OPTION_TIMEOUT, 0u);
    MHD_add_response_header(m, "Content-Type", "text/event-stream");
    MHD_add_response_header(m, "X-Accel-Buffering", "no");
    http_finish(r, MHD_HTTP_OK, m);
    return ev;
}

void http_events_wake(struct http_events *ev)
{
    ev->woken = true;
    go_on(ev);
}

void http_events_stop(struct http_events *ev)
{
    ev->stopped = true;
    go_on(ev);
}

void http_events_ended(struct http_events *ev)
{
    *ev->prev = ev->next;
    if (ev->next != NULL)
        ev->next->prev = ev->prev;
    loop_timer_del(ev->ping);
    ev->end(ev->arg);
    buf_clear(&ev->out);
    free(ev);
}

void http_events_stop_all(struct http_server *s)
{
    for (struct http_events *ev = s->events; ev != NULL; ev = ev->next)
        http_events_stop(ev);
}

void http_event_add(struct buf *out, const char *event, const char *data)
{
    buf_printf(out, "event: %s\ndata: %s\n\n", event, data);
}
