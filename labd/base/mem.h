/* Memory helpers and scope cleanup.  Used by every layer.
 *
 * The x functions never return NULL: when memory is exhausted they print one line and abort, which
 * for our crash-only daemons is the same as any other crash.  Sizes that a stranger controls must be
 * bounded before they get here. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *p, size_t n, size_t size) __attribute__((returns_nonnull)); /* n * size checked */
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));
char *xasprintf(const char *fmt, ...) __attribute__((malloc, returns_nonnull, format(printf, 1, 2)));
char *xvasprintf(const char *fmt, va_list ap) __attribute__((malloc, returns_nonnull, format(printf, 1, 0)));

/* Grows the array behind 'ptr' so that it has room for one more element; doubles. */
#define XGROW(ptr, len, cap) \
    do { \
        if ((len) == (cap)) { \
            (cap) = (cap) ? (cap)*2 : 8; \
            (ptr) = xrealloc((ptr), (cap), sizeof *(ptr)); \
        } \
    } while (0)

/* AUTO(fn) runs fn(&variable) at the end of the scope; TAKE() moves ownership out of it. */
#define AUTO(fn) __attribute__((cleanup(fn)))
#define TAKE(p) \
    __extension__({ \
        __typeof__(p) take_ = (p); \
        (p) = 0; \
        take_; \
    })
#define TAKE_FD(fd) \
    __extension__({ \
        int take_ = (fd); \
        (fd) = -1; \
        take_; \
    })

void mem_freep(void *pp);         /* AUTO(mem_freep) char *s = NULL; */
void mem_closep(const int *fd);   /* AUTO(mem_closep) int fd = -1; */
void mem_wipe(void *p, size_t n); /* not optimised away */

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
