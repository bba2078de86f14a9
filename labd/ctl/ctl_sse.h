/* The format of server-sent events (WHATWG HTML, 9.2.6), as much of it as a client without
 * reconnection ids needs.  Used by ctl_http.c. */
#ifndef CTL_CTL_SSE_H
#define CTL_CTL_SSE_H

#include "labd/base/buf.h"
#include "labd/base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define SSE_MAX (16u << 20) /* bytes of one event */

struct sse {
    struct buf line, event, data;
    bool after_cr; /* the line ended in CR: a LF that follows belongs to it */
    bool has_data;
};
#define SSE_INIT \
    { \
        .line = BUF_INIT, .event = BUF_INIT, .data = BUF_INIT \
    }

/* 'event' is "message" when none was named. Returns false to stop. */
typedef bool sse_fn(const char *event, const char *data, void *arg);

/* Takes 'n' more bytes.  1: 'fn' stopped it; 0: more is needed; -1: an event longer than SSE_MAX. */
int sse_feed(struct sse *s, const char *bytes, size_t n, sse_fn *fn, void *arg, struct err *e) MUST_CHECK;
void sse_clear(struct sse *s); /* AUTO(sse_clear) */

#endif
