#include "labd/ctl/ctl_ws.h"

#include "labd/base/buf.h"
#include "labd/base/loop.h"
#include "labd/base/mem.h"
#include "labd/ctl/ctl_http.h"

#include <ctype.h>
#include <errno.h>
#include <openssl/evp.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <wslay/wslay.h>

#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define HEAD_MAX 16384u
#define MESSAGE_MAX (9u << 20) /* FRAME_MAX of the daemons and a bit */
#define UPGRADE_TIMEOUT_MS 30000

struct ctl_ws {
    CURL *easy;
    int fd;
    wslay_event_context_ptr ctx;
    struct buf early; /* came with the answer's head */
    bool eof, broken;
    struct buf reason; /* of labd's close frame */
    uint16_t code;
    ctl_ws_fn *fn; /* during ctl_ws_io() */
    void *arg;
};

void ws_accept(const char *key, char out[WS_ACCEPT_SIZE])
{
    AUTO(mem_freep) char *text = xasprintf("%s" GUID, key);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    out[0] = '\0';
    if (EVP_Digest(text, strlen(text), digest, &n, EVP_sha1(), NULL) == 1 && n == 20)
        EVP_EncodeBlock((unsigned char *)out, digest, (int)n);
}

/* The value of header 'name' (lower case) in 'head', trimmed; "" if it is not there.  Caller frees. */
static char *header(const char *head, const char *name)
{
    size_t n = strlen(name);

    for (const char *p = strstr(head, "\r\n"); p != NULL; p = strstr(p, "\r\n")) {
        p += 2;
        if (strncasecmp(p, name, n) != 0 || p[n] != ':')
            continue;
        p += n + 1;
        p += strspn(p, " \t");
        size_t len = strcspn(p, "\r\n");
        while (len > 0 && (p[len - 1] == ' ' || p[len - 1] == '\t'))
            len--;
        return xstrndup(p, len);
    }
    return xstrdup("");
}

int ws_check_head(const char *head, size_t n, const char *key, long *length, struct err *e)
{
    AUTO(mem_freep) char *text = xstrndup(head, n);
    char want[WS_ACCEPT_SIZE], *end;

    if (strncmp(text, "HTTP/1.1 ", 9) != 0 || !isdigit((unsigned char)text[9]))
        return err_set(e, ERR_PROTOCOL, "what answers does not speak HTTP/1.1");
    long status = strtol(text + 9, &end, 10);
    if (status < 100 || status > 599 || *end != ' ')
        return err_set(e, ERR_PROTOCOL, "what answers does not speak HTTP/1.1");
    if (status != 101) {
        AUTO(mem_freep) char *len = header(text, "content-length");
        long value = strtol(len, &end, 10);

        *length = len[0] != '\0' && *end == '\0' && value >= 0 ? value : -1;
        return (int)status;
    }
    AUTO(mem_freep) char *accept = header(text, "sec-websocket-accept");
    AUTO(mem_freep) char *upgrade = header(text, "upgrade");
    ws_accept(key, want);
    if (strcasecmp(upgrade, "websocket") != 0 || want[0] == '\0' || strcmp(accept, want) != 0)
        return err_set(e, ERR_PROTOCOL,
                       "what answers is no WebSocket server: its upgrade does not fit the request");
    return 0;
}

/* ---- the upgrade: blocking ---- */

static int wait_for(const struct ctl_ws *w, short events, int64_t until, struct err *e)
{
    for (;;) {
        struct pollfd p = {.fd = w->fd, .events = events};
        int64_t left = until - loop_now_ms();
        int n = left > 0 ? poll(&p, 1, (int)left) : 0;

        if (ctl_signals_caught())
            return err_set(e, ERR_TIMEOUT, "interrupted");
        if (n > 0)
            return 0;
        if (n == 0)
            return err_set(e, ERR_UNREACHABLE, "labd does not answer the request for a stream");
        if (errno != EINTR)
            return err_sys(e, "poll");
    }
}

static int send_all(const struct ctl_ws *w, const char *data, size_t n, int64_t until, struct err *e)
{
    for (size_t done = 0; done < n;) {
        size_t sent = 0;
        CURLcode code = curl_easy_send(w->easy, data + done, n - done, &sent);

        if (code == CURLE_AGAIN) {
            if (wait_for(w, POLLOUT, until, e) < 0)
                return -1;
        } else if (code != CURLE_OK) {
            return err_set(e, ERR_UNREACHABLE, "connection to labd lost: %s", curl_easy_strerror(code));
        }
        done += sent;
    }
    return 0;
}

/* Reads some bytes behind 'b'.  0 at the end of the file. */
static int read_some(const struct ctl_ws *w, struct buf *b, int64_t until, struct err *e)
{
    char chunk[4096];
    size_t n = 0;
    CURLcode code;

    while ((code = curl_easy_recv(w->easy, chunk, sizeof chunk, &n)) == CURLE_AGAIN)
        if (wait_for(w, POLLIN, until, e) < 0)
            return -1;
    if (code != CURLE_OK)
        return err_set(e, ERR_UNREACHABLE, "connection to labd lost: %s", curl_easy_strerror(code));
    buf_add(b, chunk, n);
    return n > 0;
}

static int refused(const struct ctl_ws *w, long status, struct buf *b, long length, int64_t until,
                   struct err *e)
{
    while ((length < 0 || b->len < (size_t)length) && b->len < HEAD_MAX) {
        struct err ignored;
        if (read_some(w, b, until, &ignored) <= 0)
            break;
    }
    return ctl_http_problem(status, buf_str(b), b->len, e);
}

static int upgrade(struct ctl_ws *w, const struct ctl_http *h, const char *path, struct err *e)
{
    unsigned char nonce[16];
    char key[25];
    AUTO(buf_clear) struct buf request = BUF_INIT, answer = BUF_INIT;
    const char *token = ctl_http_token(h), *end = NULL;
    int64_t until = loop_now_ms() + UPGRADE_TIMEOUT_MS;
    long length = -1;

    if (getrandom(nonce, sizeof nonce, 0) != sizeof nonce)
        return err_sys(e, "getrandom");
    EVP_EncodeBlock((unsigned char *)key, nonce, sizeof nonce);
    buf_printf(&request,
               "GET %s%s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
               "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n",
               ctl_http_prefix(h), path, ctl_http_host(h), key);
    if (token != NULL)
        buf_printf(&request, "Authorization: Bearer %s\r\n", token);
    buf_puts(&request, "\r\n");
    if (send_all(w, request.data, request.len, until, e) < 0)
        return -1;

    while ((end = strstr(buf_str(&answer), "\r\n\r\n")) == NULL) {
        int n = answer.len < HEAD_MAX ? read_some(w, &answer, until, e) : 0;
        if (n < 0)
            return -1;
        if (n == 0)
            return err_set(e, ERR_PROTOCOL, "labd ended the connection instead of opening a stream");
    }
    size_t head = (size_t)(end + 4 - answer.data);
    int status = ws_check_head(answer.data, head, key, &length, e);
    if (status < 0)
        return -1;
    buf_consume(&answer, head);
    if (status > 0)
        return refused(w, status, &answer, length, until, e);
    w->early = answer;
    answer = (struct buf)BUF_INIT;
    return 0;
}

/* ---- frames ---- */

static ssize_t on_recv(wslay_event_context_ptr ctx, uint8_t *data, size_t len, int flags, void *arg)
{
    struct ctl_ws *w = arg;
    size_t n = 0;

    (void)flags;
    if (w->early.len > 0) {
        n = w->early.len < len ? w->early.len : len;
        memcpy(data, w->early.data, n);
        buf_consume(&w->early, n);
        return (ssize_t)n;
    }
    CURLcode code = curl_easy_recv(w->easy, data, len, &n);
    if (code == CURLE_OK && n > 0)
        return (ssize_t)n;
    w->eof = code == CURLE_OK;
    w->broken = code != CURLE_AGAIN && !w->eof;
    wslay_event_set_error(ctx, code == CURLE_AGAIN ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

static ssize_t on_send(wslay_event_context_ptr ctx, const uint8_t *data, size_t len, int flags, void *arg)
{
    struct ctl_ws *w = arg;
    size_t n = 0;

    (void)flags;
    CURLcode code = curl_easy_send(w->easy, data, len, &n);
    if (code == CURLE_OK && n > 0)
        return (ssize_t)n;
    w->broken = code != CURLE_AGAIN;
    wslay_event_set_error(ctx, code == CURLE_AGAIN ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

static int on_mask(wslay_event_context_ptr ctx, uint8_t *data, size_t len, void *arg)
{
    (void)ctx, (void)arg;
    return getrandom(data, len, 0) == (ssize_t)len ? 0 : -1;
}

static void on_message(wslay_event_context_ptr ctx, const struct wslay_event_on_msg_recv_arg *m, void *arg)
{
    struct ctl_ws *w = arg;

    (void)ctx;
    if (m->opcode == WSLAY_CONNECTION_CLOSE) {
        w->code = m->status_code;
        if (m->msg_length > 2)
            buf_add(&w->reason, m->msg + 2, m->msg_length - 2);
    } else if (!wslay_is_ctrl_frame(m->opcode) && w->fn != NULL) {
        w->fn(m->opcode == WSLAY_TEXT_FRAME, m->msg, m->msg_length, w->arg);
    }
}

struct ctl_ws *ctl_ws_open(struct ctl_http *h, const char *path, struct err *e)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = on_recv,
        .send_callback = on_send,
        .genmask_callback = on_mask,
        .on_msg_recv_callback = on_message,
    };
    struct ctl_ws *w = xcalloc(1, sizeof *w);
    curl_socket_t fd = CURL_SOCKET_BAD;

    w->easy = ctl_http_connect(h, e);
    if (w->easy != NULL)
        curl_easy_getinfo(w->easy, CURLINFO_ACTIVESOCKET, &fd);
    w->fd = fd;
    if (w->easy == NULL || upgrade(w, h, path, e) < 0) {
        ctl_ws_free(w);
        return NULL;
    }
    if (wslay_event_context_client_init(&w->ctx, &callbacks, w) != 0) {
        err_set(e, ERR_CAPACITY, "no memory for a WebSocket");
        ctl_ws_free(w);
        return NULL;
    }
    wslay_event_config_set_max_recv_msg_length(w->ctx, MESSAGE_MAX);
    return w;
}

void ctl_ws_free(struct ctl_ws *w)
{
    if (w == NULL)
        return;
    if (w->ctx != NULL)
        wslay_event_context_free(w->ctx);
    curl_easy_cleanup(w->easy);
    buf_clear(&w->early);
    buf_clear(&w->reason);
    free(w);
}

void ctl_ws_send_text(struct ctl_ws *w, const char *text)
{
    const struct wslay_event_msg m = {WSLAY_TEXT_FRAME, (const uint8_t *)text, strlen(text)};

    wslay_event_queue_msg(w->ctx, &m); /* fails only when closed: ctl_ws_io() says so */
}

void ctl_ws_send(struct ctl_ws *w, char type, const void *payload, size_t n)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;

    buf_putc(&b, type);
    buf_add(&b, payload, n);
    const struct wslay_event_msg m = {WSLAY_BINARY_FRAME, (const uint8_t *)b.data, b.len};
    wslay_event_queue_msg(w->ctx, &m);
}

size_t ctl_ws_queued(const struct ctl_ws *w)
{
    return wslay_event_get_queued_msg_length(w->ctx);
}

int ctl_ws_fd(const struct ctl_ws *w)
{
    return w->fd;
}

short ctl_ws_events(const struct ctl_ws *w)
{
    return (short)(POLLIN | (wslay_event_want_write(w->ctx) ? POLLOUT : 0));
}

/* 1000 (or no code: 1005) is an orderly end, 1001 a labd that stops; 4000 + an HTTP status is an error of
 * the API with its sentence as the reason. */
static int closed(const struct ctl_ws *w, struct err *e)
{
    if (w->code == 1000 || w->code == 0 || w->code == 1005)
        return 1;
    if (w->code == 1001)
        return err_set(e, ERR_UNREACHABLE, "%s",
                       w->reason.len > 0 ? buf_str(&w->reason) : "labd is stopping");
    if (w->reason.len > 0)
        return err_set(e, w->code > 4000 ? ctl_http_code(w->code - 4000) : ERR_PROTOCOL, "%s",
                       buf_str(&w->reason));
    return err_set(e, ERR_PROTOCOL, "labd closed the stream with code %u", w->code);
}

int ctl_ws_io(struct ctl_ws *w, ctl_ws_fn *fn, void *arg, struct err *e)
{
    w->fn = fn;
    w->arg = arg;
    /* Also when sending failed: what labd said before it closed is still there to be read. */
    int sent = wslay_event_send(w->ctx);
    int rc = wslay_event_recv(w->ctx);
    if (rc == 0)
        rc = sent;
    if (rc == 0 && wslay_event_want_write(w->ctx)) /* pongs, and what 'fn' queued */
        rc = wslay_event_send(w->ctx);
    w->fn = NULL;
    if (wslay_event_get_close_received(w->ctx))
        return closed(w, e);
    if (w->eof || w->broken)
        return err_set(e, ERR_UNREACHABLE, "the connection to labd is lost");
    if (rc != 0 || (!wslay_event_want_read(w->ctx) && !wslay_event_want_write(w->ctx)))
        return err_set(e, ERR_PROTOCOL, "labd does not follow the WebSocket protocol");
    return 0;
}

void ctl_ws_finish(struct ctl_ws *w)
{
    int64_t until = loop_now_ms() + 1000;
    struct err ignored;

    wslay_event_queue_close(w->ctx, WSLAY_CODE_NORMAL_CLOSURE, NULL, 0);
    while (wslay_event_want_write(w->ctx) && !w->broken) {
        if (wslay_event_send(w->ctx) != 0)
            break;
        if (wslay_event_want_write(w->ctx) && wait_for(w, POLLOUT, until, &ignored) < 0)
            break;
    }
}
