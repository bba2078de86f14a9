/* GET /labs/{id}/events: who watches a lab.  Used by labd/site. */
#ifndef SITE_WATCH_H
#define SITE_WATCH_H

#include "labd/site/site_int.h"

http_handler_fn watch_lab;

void watchers_lab_changed(struct site *s, const char *lab);
void watchers_attempt_changed(struct site *s, const char *lab);
void watchers_lab_gone(struct site *s, const char *lab); /* a last event "gone", then the stream ends */
void watchers_end_session(struct site *s, int64_t session);

#endif
