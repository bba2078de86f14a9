/* Structured logs: one line on stderr per event, "time level event key=value ...".  Used by the
 * daemons.  Values are quoted and escaped, so that nothing a guest prints can forge a line. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "labd/base/err.h"

enum log_level { LOG_DEBUG_, LOG_INFO_, LOG_WARN_, LOG_ERROR_ };

void log_init(const char *program, enum log_level min);
/* 'event' is a short constant such as "lab.start"; then pairs of const char *key, *value; end with NULL. */
void log_event(enum log_level level, const char *event, ...) __attribute__((sentinel));
void log_err(const char *event, const struct err *e, ...) __attribute__((sentinel)); /* pairs too */

#define log_info(...) log_event(LOG_INFO_, __VA_ARGS__, NULL)
#define log_warn(...) log_event(LOG_WARN_, __VA_ARGS__, NULL)

#endif
