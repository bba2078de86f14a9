/* When the attempts at an exercise are due, and what being late costs.  Used inside labd/site. */
#ifndef SITE_DEADLINES_H
#define SITE_DEADLINES_H

#include "labd/site/site_int.h"

/* {due_ms, late_percent}, or null without a deadline; NULL with 'e'. */
json_t *deadline_json(struct site *s, int64_t inst, const char *exercise, struct err *e);

http_handler_fn deadline_put, deadline_delete;

#endif
