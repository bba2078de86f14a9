/* A growing byte buffer, always NUL-terminated.  Used by every layer. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

struct buf {
    char *data; /* NULL while empty, else data[len] == 0 */
    size_t len, cap;
};
#define BUF_INIT \
    { \
        NULL, 0, 0 \
    }

void buf_add(struct buf *b, const void *data, size_t n);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
void buf_consume(struct buf *b, size_t n); /* drops the first 'n' bytes; n <= len */
void buf_truncate(struct buf *b, size_t n);
void buf_reserve(struct buf *b, size_t n); /* room for n more bytes and the NUL */
char *buf_take(struct buf *b);             /* caller frees; never NULL; 'b' is empty afterwards */
const char *buf_str(const struct buf *b);  /* "" while empty; borrowed */
void buf_clear(struct buf *b);             /* frees; AUTO(buf_clear) */

#endif
