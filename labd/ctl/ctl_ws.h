/* A WebSocket to labd (RFC 6455): the HTTP upgrade done here over a connection that libcurl opened
 * (unix socket, TCP or TLS), the frames by libwslay.  Used by ctl_stream.c. */
#ifndef CTL_CTL_WS_H
#define CTL_CTL_WS_H

#include "labd/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ctl_http;
struct ctl_ws;

/* One whole message.  'data' is borrowed for the call. */
typedef void ctl_ws_fn(bool text, const uint8_t *data, size_t n, void *arg);

/* Blocks until labd agreed.  A refusal becomes 'e' like any other answer of the API. */
struct ctl_ws *ctl_ws_open(struct ctl_http *h, const char *path, struct err *e);
void ctl_ws_free(struct ctl_ws *w); /* NULL is fine */

/* Queue one message; the second makes a binary one of a type byte and a payload (labd/rpc/frame.h). */
void ctl_ws_send_text(struct ctl_ws *w, const char *text);
void ctl_ws_send(struct ctl_ws *w, char type, const void *payload, size_t n);
size_t ctl_ws_queued(const struct ctl_ws *w); /* bytes not sent yet */

/* For poll(): the descriptor and what to wait for. */
int ctl_ws_fd(const struct ctl_ws *w);
short ctl_ws_events(const struct ctl_ws *w);
/* Sends and receives what is possible now, without waiting.  1: labd closed in good order; 0: go on;
 * -1: the connection broke (ERR_UNREACHABLE), labd broke the rules (ERR_PROTOCOL), or it closed and
 * said why ('e' has its words). */
int ctl_ws_io(struct ctl_ws *w, ctl_ws_fn *fn, void *arg, struct err *e) MUST_CHECK;
/* Says good-bye and sends what is queued, for at most a second. */
void ctl_ws_finish(struct ctl_ws *w);

/* base64(SHA-1(key || GUID)); 'out' gets 28 characters and a NUL (RFC 6455, 4.2.2). */
#define WS_ACCEPT_SIZE 29
void ws_accept(const char *key, char out[WS_ACCEPT_SIZE]);
/* Checks the head of the answer (up to and with the empty line) to an upgrade with 'key'.  0, -1 with
 * ERR_PROTOCOL, or the status of an answer that refuses; then '*length' is its Content-Length or -1. */
int ws_check_head(const char *head, size_t n, const char *key, long *length, struct err *e) MUST_CHECK;

#endif
