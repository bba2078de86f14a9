/* One WebSocket: an upgraded socket in our loop, wslay for the frames.  Nothing here waits for a timer on
 * the path of a byte: what is sent is written at once, if the socket takes it. */
#include "labd/site/http/http_ws.h"

#include "labd/base/mem.h"
#include "labd/site/http/http_int.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <wslay/wslay.h>

#define CLOSE_WAIT_MS 3000 /* for the peer's close frame */
#define LINGER_MS 1000     /* for the peer's end of file */
#define SILENT_MAX 6       /* ping intervals without a byte from the peer, then it is dropped */
#define REASON_MAX 123     /* RFC 6455, 5.5: a control frame has at most 125 bytes */

struct http_ws {
    struct http_server *server;
    struct http_listener *listener;
    struct http_ws *next, **prev; /* in server->sockets once it is open */
    const struct http_ws_ops *ops;
    void *arg;
    size_t max;
    wslay_event_context_ptr ctx;
    struct MHD_UpgradeResponseHandle *urh;
    int fd;
    struct loop_fd *watch;
    struct loop_timer *ping, *deadline, *kick;
    struct buf extra; /* bytes that came with the request */
    size_t extra_used;
    unsigned silent; /* ping intervals without a byte from the peer */
    unsigned busy;   /* inside pump(); the end waits until it returns */
    bool paused, closing, dead, full, lingering;
};

/* ---- wslay's side ---- */

static ssize_t ws_recv(wslay_event_context_ptr ctx, uint8_t *out, size_t len, int flags, void *arg)
{
    struct http_ws *ws = arg;
    ssize_t n;

    (void)flags;
    if (ws->paused && !ws->closing) {
        wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    if (ws->extra_used < ws->extra.len) {
        size_t left = ws->extra.len - ws->extra_used;
        n = (ssize_t)(len < left ? len : left);
        memcpy(out, ws->extra.data + ws->extra_used, (size_t)n);
        ws->extra_used += (size_t)n;
        return n;
    }
    do
        n = recv(ws->fd, out, len, 0);
    while (n < 0 && errno == EINTR);
    if (n > 0) {
        ws->silent = 0;
        return n;
    }
    wslay_event_set_error(ctx, n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)
                                   ? WSLAY_ERR_WOULDBLOCK
                                   : WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

static ssize_t ws_write(wslay_event_context_ptr ctx, const uint8_t *data, size_t len, int flags, void *arg)
{
    struct http_ws *ws = arg;
    ssize_t n;

    do
        n = send(ws->fd, data, len, MSG_NOSIGNAL | ((flags & WSLAY_MSG_MORE) ? MSG_MORE : 0));
    while (n < 0 && errno == EINTR);
    if (n < 0)
        wslay_event_set_error(ctx, errno == EAGAIN || errno == EWOULDBLOCK ? WSLAY_ERR_WOULDBLOCK
                                                                           : WSLAY_ERR_CALLBACK_FAILURE);
    return n;
}

static void ws_message(wslay_event_context_ptr ctx, const struct wslay_event_on_msg_recv_arg *m, void *arg)
{
    struct http_ws *ws = arg;

    (void)ctx;
    if (ws->closing || (m->opcode != WSLAY_TEXT_FRAME && m->opcode != WSLAY_BINARY_FRAME))
        return;
    ws->ops->message(ws, m->opcode == WSLAY_TEXT_FRAME, m->msg, m->msg_length, ws->arg);
}

/* ---- life ---- */

static void unlink_ws(struct http_ws *ws)
{
    if (ws->prev == NULL)
        return;
    *ws->prev = ws->next;
    if (ws->next != NULL)
        ws->next->prev = ws->prev;
    ws->prev = NULL;
}

static void finish(struct http_ws *ws)
{
    unlink_ws(ws);
    loop_fd_del(ws->watch);
    loop_timer_del(ws->ping);
    loop_timer_del(ws->deadline);
    loop_timer_del(ws->kick);
    if (ws->ctx != NULL)
        wslay_event_context_free(ws->ctx);
    if (ws->urh != NULL) {
        MHD_upgrade_action(ws->urh, MHD_UPGRADE_ACTION_CLOSE);
        http_listener_kick(ws->listener);
    }
    buf_clear(&ws->extra);
    ws->ops->closed(ws->arg);
    free(ws);
}

static void update(struct http_ws *ws)
{
    unsigned events = 0;

    if (!ws->paused || ws->closing)
        events |= LOOP_IN;
    if (wslay_event_want_write(ws->ctx))
        events |= LOOP_OUT;
    loop_fd_events(ws->watch, events);
}

static void too_late(void *arg)
{
    struct http_ws *ws = arg;

    ws->deadline = NULL;
    finish(ws);
}

/* The close frames are exchanged.  Waits for the peer's end of file: closing a socket with unread bytes
 * would reset the connection, and the peer might lose our close code. */
static void linger(struct http_ws *ws)
{
    ws->lingering = true;
    shutdown(ws->fd, SHUT_WR);
    loop_timer_del(ws->deadline);
    ws->deadline = loop_timer_add(ws->server->loop, LINGER_MS, too_late, ws);
    loop_fd_events(ws->watch, LOOP_IN);
}

static void drain(struct http_ws *ws)
{
    uint8_t bin[4096];
    ssize_t n = recv(ws->fd, bin, sizeof bin, 0);

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
        finish(ws);
}

/* Reads and writes what can be, and ends the connection when it is over. */
static void pump(struct http_ws *ws, bool in)
{
    ws->busy++;
    if (in && wslay_event_want_read(ws->ctx) && wslay_event_recv(ws->ctx) != 0)
        ws->dead = true;
    if (!ws->dead && wslay_event_want_write(ws->ctx) && wslay_event_send(ws->ctx) != 0)
        ws->dead = true;
    if (!ws->dead && ws->full && http_ws_queued(ws) <= HTTP_WS_HIGH / 2) {
        ws->full = false;
        if (!ws->closing && ws->ops->drained != NULL)
            ws->ops->drained(ws, ws->arg);
    }
    if (--ws->busy > 0)
        return;
    if (ws->dead)
        finish(ws);
    else if (!wslay_event_want_read(ws->ctx) && !wslay_event_want_write(ws->ctx))
        linger(ws);
    else
        update(ws);
}

static void ready(int fd, unsigned events, void *arg)
{
    struct http_ws *ws = arg;
    char probe;

    (void)fd;
    if (ws->lingering) {
        drain(ws);
        return;
    }
    /* A hang-up while we do not read would come again and again: look whether it is one. */
    if (ws->paused && !ws->closing && (events & (LOOP_IN | LOOP_OUT)) == (LOOP_IN | LOOP_OUT)) {
        ssize_t n = recv(ws->fd, &probe, 1, MSG_PEEK | MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            finish(ws);
            return;
        }
    }
    pump(ws, (events & LOOP_IN) != 0);
}

static void ping(void *arg)
{
    struct http_ws *ws = arg;
    struct wslay_event_msg m = {.opcode = WSLAY_PING};

    ws->ping = loop_timer_add(ws->server->loop, ws->server->config.ping_ms, ping, ws);
    if (!ws->paused && ++ws->silent > SILENT_MAX) {
        finish(ws);
        return;
    }
    if (ws->closing || ws->lingering)
        return;
    if (http_ws_queued(ws) == 0)
        wslay_event_queue_msg(ws->ctx, &m);
    pump(ws, false);
}

static void opened(struct http_ws *ws, int fd, struct MHD_UpgradeResponseHandle *urh, const char *extra,
                   size_t n)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = ws_recv, .send_callback = ws_write, .on_msg_recv_callback = ws_message};
    int one = 1;

    ws->fd = fd;
    ws->urh = urh;
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* no TCP on unix sockets */
    buf_add(&ws->extra, extra, n);
    if (wslay_event_context_server_init(&ws->ctx, &callbacks, ws) != 0)
        abort();
    wslay_event_config_set_max_recv_msg_length(ws->ctx, ws->max);
    ws->next = ws->server->sockets;
    ws->prev = &ws->server->sockets;
    if (ws->next != NULL)
        ws->next->prev = &ws->next;
    ws->server->sockets = ws;
    ws->watch = loop_fd_add(ws->server->loop, fd, LOOP_IN, ready, ws);
    ws->ping = loop_timer_add(ws->server->loop, ws->server->config.ping_ms, ping, ws);
    ws->busy++;
    ws->ops->open(ws, ws->arg);
    ws->busy--;
    pump(ws, true);
}

static void upgraded(void *cls, struct MHD_Connection *conn, void *req, const char *extra, size_t n,
                     MHD_socket fd, struct MHD_UpgradeResponseHandle *urh)
{
    struct http_req *r = req;

    (void)conn;
    r->ws = NULL; /* the request may end before the connection does */
    opened(cls, fd, urh, extra, n);
}

void http_ws_abandon(struct http_ws *ws)
{
    finish(ws);
}

void http_ws_stop_all(struct http_server *s)
{
    for (struct http_ws *ws = s->sockets, *next; ws != NULL; ws = next) {
        next = ws->next;
        wslay_event_queue_close(ws->ctx, WS_GOING_AWAY, NULL, 0);
        (void)wslay_event_send(ws->ctx); /* as much as the socket takes */
        finish(ws);
    }
}

/* ---- the handshake ---- */

static bool has_token(const char *list, const char *token)
{
    size_t n = strlen(token);

    while (list != NULL && *list != '\0') {
        list += strspn(list, " ,\t");
        size_t m = strcspn(list, " ,\t");
        if (m == n && strncasecmp(list, token, n) == 0)
            return true;
        list += m;
    }
    return false;
}

static bool key_ok(const char *key)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    return key != NULL && strlen(key) == 24 && strspn(key, alphabet) == 22 && strcmp(key + 22, "==") == 0;
}

void http_reply_ws(struct http_req *r, const struct http_ws_ops *ops, size_t max, void *arg)
{
    const char *version = http_header(r, "Sec-WebSocket-Version"), *key = http_header(r, "Sec-WebSocket-Key");
    char accept[HTTP_WS_ACCEPT_SIZE];

    if (!has_token(http_header(r, "Upgrade"), "websocket") ||
        !has_token(http_header(r, "Connection"), "upgrade") || version == NULL ||
        strcmp(version, "13") != 0) {
        http_reply_header(r, "Upgrade", "websocket");
        http_reply_header(r, "Sec-WebSocket-Version", "13");
        http_problem_status(r, MHD_HTTP_UPGRADE_REQUIRED, "this address speaks WebSocket (version 13) only");
        ops->closed(arg);
        return;
    }
    if (!key_ok(key)) {
        http_problem_status(r, MHD_HTTP_BAD_REQUEST, "Sec-WebSocket-Key is missing or malformed");
        ops->closed(arg);
        return;
    }
    struct http_ws *ws = xcalloc(1, sizeof *ws);
    *ws = (struct http_ws){
        .server = r->server, .listener = r->listener, .ops = ops, .arg = arg, .max = max, .fd = -1};
    struct MHD_Response *m = MHD_create_response_for_upgrade(upgraded, ws);
    if (m == NULL)
        abort();
    http_ws_accept(key, accept);
    MHD_add_response_header(m, "Upgrade", "websocket");
    MHD_add_response_header(m, "Sec-WebSocket-Accept", accept);
    r->ws = ws;
    http_finish(r, MHD_HTTP_SWITCHING_PROTOCOLS, m);
}

/* ---- sending ---- */

void http_ws_send(struct http_ws *ws, bool text, const void *head, size_t nhead, const void *tail,
                  size_t ntail)
{
    AUTO(mem_freep) uint8_t *joined = NULL;
    struct wslay_event_msg m = {
        .opcode = text ? WSLAY_TEXT_FRAME : WSLAY_BINARY_FRAME, .msg = head, .msg_length = nhead};

    if (ws->closing || ws->dead || ws->lingering)
        return;
    if (ntail > 0) {
        joined = xcalloc(nhead + ntail, 1);
        memcpy(joined, head, nhead);
        memcpy(joined + nhead, tail, ntail);
        m.msg = joined;
        m.msg_length = nhead + ntail;
    }
    if (wslay_event_queue_msg(ws->ctx, &m) != 0)
        return; /* the connection is closing; its end comes from the loop */
    /* Sent now, not at the next round; the end, if it is one, comes from the loop. */
    if (wslay_event_send(ws->ctx) != 0)
        shutdown(ws->fd, SHUT_RDWR);
    if (http_ws_queued(ws) > HTTP_WS_HIGH)
        ws->full = true;
    if (ws->busy == 0)
        update(ws);
}

size_t http_ws_queued(const struct http_ws *ws)
{
    return wslay_event_get_queued_msg_length(ws->ctx);
}

static void resume(void *arg)
{
    struct http_ws *ws = arg;

    ws->kick = NULL;
    if (!ws->lingering)
        pump(ws, true);
}

void http_ws_pause(struct http_ws *ws, bool paused)
{
    if (ws->paused == paused || ws->lingering)
        return;
    ws->paused = paused;
    /* Bytes may be waiting in our own buffers, where epoll does not see them. */
    if (!paused && ws->kick == NULL)
        ws->kick = loop_timer_add(ws->server->loop, 0, resume, ws);
    if (ws->busy == 0)
        update(ws);
}

void http_ws_close(struct http_ws *ws, unsigned code, const char *reason)
{
    size_t n = strlen(reason);

    if (ws->closing || ws->lingering)
        return;
    ws->closing = true;
    while (n > REASON_MAX || (n > 0 && n < strlen(reason) && ((unsigned char)reason[n] & 0xc0) == 0x80))
        n--; /* not in the middle of a UTF-8 sequence */
    wslay_event_queue_close(ws->ctx, (uint16_t)code, (const uint8_t *)reason, n);
    ws->deadline = loop_timer_add(ws->server->loop, CLOSE_WAIT_MS, too_late, ws);
    /* The writing itself happens from the loop, so that the caller's 'ws' stays valid. */
    if (ws->busy == 0)
        loop_fd_events(ws->watch, LOOP_IN | LOOP_OUT);
}
