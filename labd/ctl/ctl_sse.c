#include "labd/ctl/ctl_sse.h"

#include "labd/base/mem.h"

#include <string.h>

static void field(struct sse *s, const char *name, size_t n, const char *value)
{
    if (n == 4 && memcmp(name, "data", 4) == 0) {
        if (s->has_data)
            buf_putc(&s->data, '\n');
        buf_puts(&s->data, value);
        s->has_data = true;
    } else if (n == 5 && memcmp(name, "event", 5) == 0) {
        buf_truncate(&s->event, 0);
        buf_puts(&s->event, value);
    }
}

/* One whole line, without its end.  An empty one sends what was collected. */
static bool line_done(struct sse *s, sse_fn *fn, void *arg)
{
    const char *line = buf_str(&s->line);
    bool go_on = true;

    if (s->line.len == 0) {
        if (s->has_data)
            go_on = fn(s->event.len > 0 ? buf_str(&s->event) : "message", buf_str(&s->data), arg);
        buf_truncate(&s->event, 0);
        buf_truncate(&s->data, 0);
        s->has_data = false;
    } else if (line[0] != ':') {
        size_t n = strcspn(line, ":");
        const char *value = line[n] == ':' ? line + n + 1 : line + n;

        field(s, line, n, value[0] == ' ' ? value + 1 : value);
    }
    buf_truncate(&s->line, 0);
    return go_on;
}

int sse_feed(struct sse *s, const char *bytes, size_t n, sse_fn *fn, void *arg, struct err *e)
{
    for (size_t i = 0; i < n;) {
        if (s->after_cr && bytes[i] == '\n') {
            s->after_cr = false;
            i++;
            continue;
        }
        s->after_cr = false;
        size_t len = 0;
        while (i + len < n && bytes[i + len] != '\n' && bytes[i + len] != '\r')
            len++;
        if (s->line.len + s->data.len + len > SSE_MAX)
            return err_set(e, ERR_PROTOCOL, "labd sent an event longer than %u bytes", SSE_MAX);
        buf_add(&s->line, bytes + i, len);
        i += len;
        if (i == n)
            break;
        s->after_cr = bytes[i] == '\r';
        i++;
        if (!line_done(s, fn, arg))
            return 1;
    }
    return 0;
}

void sse_clear(struct sse *s)
{
    buf_clear(&s->line);
    buf_clear(&s->event);
    buf_clear(&s->data);
}
