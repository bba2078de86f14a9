/* The list of problems of a file. */
#include "labd/base/buf.h"
#include "labd/base/mem.h"
#include "topology/topo.h"

#include <stdlib.h>
#include <string.h>

void topo_msgs_add(struct topo_msgs *m, int line, enum topo_severity severity, const char *fmt, ...)
{
    AUTO(mem_freep) char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    text = xvasprintf(fmt, ap);
    va_end(ap);
    for (char *p = text; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = ' ';
    for (size_t i = 0; i < m->n; i++) /* what a <group> repeats is one problem */
        if (m->items[i].line == line && m->items[i].severity == severity &&
            strcmp(m->items[i].text, text) == 0)
            return;
    if (severity == TOPO_ERROR)
        m->nerrors++;
    else
        m->nwarnings++;
    if (m->n >= TOPO_MSGS_MAX) {
        /* An error must not be hidden behind fifty warnings: it takes the place of the last one. */
        size_t i = m->n;
        while (i > 0 && (severity != TOPO_ERROR || m->items[i - 1].severity == TOPO_ERROR))
            i--;
        if (i == 0)
            return;
        free(m->items[i - 1].text);
        for (; i < m->n; i++)
            m->items[i - 1] = m->items[i];
        m->n--;
    }
    XGROW(m->items, m->n, m->cap);
    m->items[m->n++] = (struct topo_msg){line, severity, TAKE(text)};
}

static bool before(const struct topo_msg *a, const struct topo_msg *b)
{
    if (a->line != b->line)
        return a->line < b->line;
    return a->severity > b->severity;
}

void topo_msgs_sort(struct topo_msgs *m)
{
    for (size_t i = 1; i < m->n; i++) { /* stable; there are at most TOPO_MSGS_MAX */
        struct topo_msg x = m->items[i];
        size_t j = i;
        for (; j > 0 && before(&x, &m->items[j - 1]); j--)
            m->items[j] = m->items[j - 1];
        m->items[j] = x;
    }
}

void topo_msgs_print(const struct topo_msgs *m, const char *file, struct buf *out)
{
    size_t more = m->nerrors + m->nwarnings - m->n;

    for (size_t i = 0; i < m->n; i++) {
        const struct topo_msg *x = &m->items[i];
        buf_printf(out, "%s:%d: %s: %s\n", file, x->line > 0 ? x->line : 1,
                   x->severity == TOPO_ERROR ? "error" : "warning", x->text);
    }
    if (more > 0)
        buf_printf(out, "%s:%d: %s: %zu more problems are not shown\n", file, 1,
                   m->nerrors > 0 ? "error" : "warning", more);
}

void topo_msgs_clear(struct topo_msgs *m)
{
    for (size_t i = 0; i < m->n; i++)
        free(m->items[i].text);
    free(m->items);
    *m = (struct topo_msgs)TOPO_MSGS_INIT;
}
