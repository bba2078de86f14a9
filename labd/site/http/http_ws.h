/* WebSockets (RFC 6455) on connections that libmicrohttpd upgraded; frames by libwslay.  Used by labd. */
#ifndef HTTP_WS_H
#define HTTP_WS_H

#include "labd/site/http/http.h"

struct http_ws;

enum { /* close codes; 4000 + HTTP status carries an error of ours, its sentence as the reason */
       WS_NORMAL = 1000,
       WS_GOING_AWAY = 1001,
       WS_PROTOCOL = 1002,
       WS_UNSUPPORTED = 1003,
       WS_POLICY = 1008,
       WS_TOO_BIG = 1009,
       WS_INTERNAL = 1011,
       WS_PROBLEM = 4000,
};

struct http_ws_ops {
    void (*open)(struct http_ws *ws, void *arg); /* the handshake is done */
    /* A whole message; 'data' is borrowed.  Does not come any more after http_ws_close(). */
    void (*message)(struct http_ws *ws, bool text, const uint8_t *data, size_t n, void *arg);
    void (*drained)(struct http_ws *ws, void *arg); /* http_ws_queued() fell to half of HTTP_WS_HIGH */
    void (*closed)(void *arg); /* exactly once, the last call; 'ws' is gone; also if 'open' never came */
};

#define HTTP_WS_HIGH (256u << 10) /* above this many unsent bytes the sender should pause */

/* Answers 'r' with 101, or with a problem if it is no proper handshake ('closed' comes then, too).
 * Messages longer than 'max' bytes close the connection with 1009. */
void http_reply_ws(struct http_req *r, const struct http_ws_ops *ops, size_t max, void *arg);
/* Sends one message made of two parts. */
void http_ws_send(struct http_ws *ws, bool text, const void *head, size_t nhead, const void *tail,
                  size_t ntail);
size_t http_ws_queued(const struct http_ws *ws);
void http_ws_pause(struct http_ws *ws, bool paused); /* stops reading: back-pressure to the peer */
/* Sends what is queued and then a close frame; 'closed' comes later, from the loop. */
void http_ws_close(struct http_ws *ws, unsigned code, const char *reason);

/* Sec-WebSocket-Accept for a Sec-WebSocket-Key. */
#define HTTP_WS_ACCEPT_SIZE 29
void http_ws_accept(const char *key, char out[HTTP_WS_ACCEPT_SIZE]);

#endif
