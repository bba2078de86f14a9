/* Consoles, commands and captures: WebSockets joined to streams of labhost.  Used by labd/site.
 *
 * A binary message is a frame of labd/doc/protocol.md: the type byte and the payload.  Each side is
 * paused while the other is behind, so labd holds little; the end of one is the end of the other.  An
 * error closes the WebSocket with 4000 + HTTP status and the sentence as the reason. */
#ifndef SITE_STREAM_H
#define SITE_STREAM_H

#include "labd/site/site_int.h"

http_handler_fn stream_console, stream_exec, stream_capture;

void streams_end_session(struct site *s, int64_t session);
void streams_end_lab(struct site *s, const char *lab, const struct err *e); /* 'e' NULL: it is gone */
void streams_end_all(struct site *s); /* before the link to labhost goes */

#endif
