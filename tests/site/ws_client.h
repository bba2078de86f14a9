/* A WebSocket client that can break every rule.  For the tests of labd. */
#ifndef TESTS_SITE_WS_CLIENT_H
#define TESTS_SITE_WS_CLIENT_H

#include "tests/site/fixture.h"

#define WS_KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define WS_HEADERS "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" WS_KEY

enum { WS_TEXT = 1, WS_BINARY = 2, WS_CLOSE = 8, WS_PING = 9, WS_PONG = 10 };

struct ws {
    int fd;
    int status;    /* of the handshake */
    struct buf in; /* not yet looked at */
};

static inline void ws_end(struct ws *ws)
{
    if (ws->fd >= 0)
        close(ws->fd);
    ws->fd = -1;
    buf_clear(&ws->in);
}

/* 'headers' are whole lines, those of the handshake included; 'more' is sent in the same packet. */
static inline struct ws ws_begin_with(struct fixture *f, const char *path, const char *headers,
                                      const void *more, size_t n)
{
    struct ws ws = {.fd = client_tcp(f)};
    AUTO(buf_clear) struct buf b = BUF_INIT;
    char *end = NULL;

    buf_printf(&b, "GET %s HTTP/1.1\r\nHost: lab.test\r\n%s\r\n", path, headers);
    buf_add(&b, more, n);
    client_send(ws.fd, b.data, b.len);
    while (end == NULL && client_recv(ws.fd, &ws.in, 5000))
        end = strstr(ws.in.data, "\r\n\r\n");
    if (end == NULL)
        return ws;
    ws.status = (int)strtol(strchr(ws.in.data, ' ') + 1, NULL, 10);
    buf_consume(&ws.in, (size_t)(end + 4 - ws.in.data));
    return ws;
}

static inline struct ws ws_begin(struct fixture *f, const char *token, const char *path)
{
    AUTO(mem_freep) char *headers = xasprintf("Authorization: Bearer %s\r\n" WS_HEADERS, token);

    return ws_begin_with(f, path, headers, "", 0);
}

/* A frame as bytes.  'mask' false breaks the rule that a client masks. */
static inline void ws_frame(struct buf *b, bool fin, int opcode, bool mask, const void *data, size_t n)
{
    static const uint8_t key[4] = {1, 2, 3, 4};
    const uint8_t *p = data;

    buf_putc(b, (char)((fin ? 0x80 : 0) | opcode));
    if (n < 126) {
        buf_putc(b, (char)((mask ? 0x80 : 0) | (int)n));
    } else {
        buf_putc(b, (char)((mask ? 0x80 : 0) | 127));
        for (int i = 0; i < 8; i++)
            buf_putc(b, (char)((uint64_t)n >> (56 - 8 * i)));
    }
    if (mask)
        buf_add(b, key, sizeof key);
    for (size_t i = 0; i < n; i++)
        buf_putc(b, (char)(mask ? p[i] ^ key[i % 4] : p[i]));
}

static inline void ws_send(struct ws *ws, int opcode, const void *data, size_t n)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;

    ws_frame(&b, true, opcode, true, data, n);
    client_send(ws->fd, b.data, b.len);
}

static inline bool ws_need(struct ws *ws, size_t n)
{
    while (ws->in.len < n)
        if (!client_recv(ws->fd, &ws->in, 5000))
            return false;
    return true;
}

/* The next frame (the server does not fragment); its opcode, or -1 at the end.  'out' gets the payload. */
static inline int ws_read(struct ws *ws, struct buf *out)
{
    size_t head = 2;

    buf_truncate(out, 0);
    if (!ws_need(ws, 2))
        return -1;
    const uint8_t *p = (const uint8_t *)ws->in.data;
    int opcode = p[0] & 15;
    uint64_t n = p[1] & 127;
    assert_int_equal(p[1] & 128, 0); /* a server does not mask */
    if (n >= 126) {
        size_t bytes = n == 126 ? 2 : 8;
        if (!ws_need(ws, 2 + bytes))
            return -1;
        p = (const uint8_t *)ws->in.data;
        n = 0;
        for (size_t i = 0; i < bytes; i++)
            n = n << 8 | p[2 + i];
        head += bytes;
    }
    if (!ws_need(ws, head + n))
        return -1;
    buf_add(out, ws->in.data + head, n);
    buf_consume(&ws->in, head + n);
    return opcode;
}

/* Reads until the close frame and gives its code; -1 if the connection ended without one. */
static inline int ws_read_close(struct ws *ws, struct buf *reason)
{
    int op;

    while ((op = ws_read(ws, reason)) >= 0) {
        if (op != WS_CLOSE)
            continue;
        if (reason->len < 2)
            return 1005;
        int code = (uint8_t)reason->data[0] << 8 | (uint8_t)reason->data[1];
        buf_consume(reason, 2);
        return code;
    }
    return -1;
}

static inline uint64_t be64(const char *p)
{
    uint64_t v = 0;

    for (int i = 0; i < 8; i++)
        v = v << 8 | (uint8_t)p[i];
    return v;
}

#endif
