#include "labd/base/log.h"

#include "labd/base/buf.h"
#include "labd/base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define VALUE_MAX 1024 /* bytes of one value that reach the log */

static const char *program = "paralab";
static enum log_level threshold = LOG_INFO_;

void log_init(const char *name, enum log_level min)
{
    program = name;
    threshold = min;
}

static void add_value(struct buf *b, const char *v)
{
    if (v == NULL)
        v = "";
    buf_putc(b, '"');
    for (size_t i = 0; i < VALUE_MAX && v[i] != '\0'; i++) {
        unsigned char c = (unsigned char)v[i];
        if (c == '"' || c == '\\')
            buf_printf(b, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            buf_printf(b, "\\x%02x", c);
        else
            buf_putc(b, (char)c);
    }
    buf_putc(b, '"');
}

static void add_pairs(struct buf *b, va_list ap)
{
    const char *key;

    while ((key = va_arg(ap, const char *)) != NULL) {
        buf_printf(b, " %s=", key);
        add_value(b, va_arg(ap, const char *));
    }
}

static void begin(struct buf *b, enum log_level level, const char *event)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    struct timespec ts;
    struct tm tm;
    char stamp[32];

    clock_gettime(CLOCK_REALTIME, &ts);
    gmtime_r(&ts.tv_sec, &tm);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &tm);
    buf_printf(b, "%s.%03ldZ %s %s %s", stamp, ts.tv_nsec / 1000000, program, names[level], event);
}

static void finish(struct buf *b)
{
    buf_putc(b, '\n');
    /* One write per line, so that lines of several processes do not mix; a log that cannot be written
     * must not stop the daemon. */
    if (write(STDERR_FILENO, b->data, b->len) < 0)
        return;
}

void log_event(enum log_level level, const char *event, ...)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    va_list ap;

    if (level < threshold)
        return;
    begin(&b, level, event);
    va_start(ap, event);
    add_pairs(&b, ap);
    va_end(ap);
    finish(&b);
}

void log_err(const char *event, const struct err *e, ...)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    va_list ap;

    begin(&b, LOG_ERROR_, event);
    va_start(ap, e);
    add_pairs(&b, ap);
    va_end(ap);
    buf_printf(&b, " code=%s error=", err_code_name(e->code));
    add_value(&b, e->msg);
    finish(&b);
}
