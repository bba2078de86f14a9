/* Server-sent events (HTML Living Standard, 9.2).  Used by labd.
 *
 * Nothing is queued: when the client can take more, 'fill' is asked for what is new, so a slow client
 * costs one event of memory and sees the newest state when it catches up.  One that takes nothing for
 * two ping intervals is dropped. */
#ifndef HTTP_EVENTS_H
#define HTTP_EVENTS_H

#include "labd/base/buf.h"
#include "labd/site/http/http.h"

struct http_events;

/* Appends events with http_event_add(); adds nothing if nothing is new. */
typedef void http_events_fill_fn(struct buf *out, void *arg);
/* Once, when the stream has ended for whatever reason; the last call. */
typedef void http_events_end_fn(void *arg);

struct http_events *http_reply_events(struct http_req *r, http_events_fill_fn *fill, http_events_end_fn *end,
                                      void *arg);
void http_events_wake(struct http_events *ev); /* something is new */
void http_events_stop(struct http_events *ev); /* ends the stream; 'end' comes from the loop */
void http_event_add(struct buf *out, const char *event, const char *data); /* data: one line */

#endif
