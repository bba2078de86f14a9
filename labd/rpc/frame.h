/* The connection between labd, labhost and labconsole: frames over a stream socket.  Used by both
 * daemons, labconsole and the tests.
 *
 * A frame is a 32-bit big-endian length L (1 .. FRAME_MAX), then L bytes: one type byte and L-1 bytes
 * of payload.  A connection starts with FRAME_JSON requests and replies; a request that opens a stream
 * (console, exec, capture, events) is answered by one FRAME_JSON reply, and from then on the same
 * connection carries only that stream's frames.  docs: labd/doc/protocol.md */
#ifndef RPC_FRAME_H
#define RPC_FRAME_H

#include "labd/base/err.h"
#include "labd/base/loop.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_MAX (8u << 20)

enum frame_type {
    FRAME_JSON = 'j',   /* a request, a reply, an event: one JSON object */
    FRAME_OUTPUT = 'o', /* console: u64 BE offset of the first byte, then bytes; exec: stdout bytes */
    FRAME_ERROR = 'e',  /* exec: stderr bytes */
    FRAME_INPUT = 'i',  /* console, exec: bytes typed; exec: empty means end of file */
    FRAME_RESIZE = 'r', /* console, exec: u16 BE rows, u16 BE columns */
    FRAME_ACK = 'a',    /* console: u64 BE offset up to which the viewer has consumed the output */
    FRAME_EXIT = 'x',   /* exec: u8 exit status; the last frame */
};

struct frame_conn;

/* 'payload' is borrowed for the call.  The callback may call frame_conn_free(). */
typedef void frame_fn(struct frame_conn *c, uint8_t type, const uint8_t *payload, size_t n, void *arg);
/* Called once when the peer closed or broke the rules; 'e' is NULL for an orderly end.  The callback
 * must free the connection (or arrange for it). */
typedef void frame_close_fn(struct frame_conn *c, const struct err *e, void *arg);
/* Called when the queue of unsent bytes has drained below half of the limit given at
 * frame_conn_on_drain(). */
typedef void frame_drain_fn(struct frame_conn *c, void *arg);

/* Takes ownership of the non-blocking 'fd'. */
struct frame_conn *frame_conn_new(struct loop *l, int fd, frame_fn *on_frame, frame_close_fn *on_close,
                                  void *arg);
void frame_conn_free(struct frame_conn *c); /* closes the fd; NULL is fine; safe inside callbacks */
/* Hands the connection to another owner (a stream after its request). */
void frame_conn_set(struct frame_conn *c, frame_fn *on_frame, frame_close_fn *on_close, void *arg);
void frame_conn_on_drain(struct frame_conn *c, frame_drain_fn *fn);
/* Queues and sends as much as the socket takes; never blocks. */
void frame_send(struct frame_conn *c, uint8_t type, const void *payload, size_t n);
void frame_send2(struct frame_conn *c, uint8_t type, const void *head, size_t nhead, const void *tail,
                 size_t ntail);
void frame_send_json(struct frame_conn *c, json_t *j); /* steals the reference */
size_t frame_queued(const struct frame_conn *c);       /* unsent bytes */
void frame_pause(struct frame_conn *c, bool paused);   /* stops reading: back-pressure to the peer */
/* Closes after everything queued was sent; no callback comes any more. */
void frame_close_after_send(struct frame_conn *c);

/* Blocking forms for workers, tools and tests. */
int frame_connect(const char *path, struct err *e); /* a blocking unix stream socket; ERR_UNREACHABLE */
int frame_write_fd(int fd, uint8_t type, const void *payload, size_t n, struct err *e) MUST_CHECK;
/* Reads one frame; 'timeout_ms' < 0 waits for ever.  *payload is malloc'ed and NUL-terminated.
 * ERR_TIMEOUT, ERR_UNREACHABLE at end of file. */
int frame_read_fd(int fd, int timeout_ms, uint8_t *type, char **payload, size_t *n, struct err *e) MUST_CHECK;

#endif
