#include "labd/base/mem.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void *must(void *p)
{
    static const char text[] = "out of memory, ending\n";

    if (p == NULL) {
        if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
            abort();
        abort();
    }
    return p;
}

void *xcalloc(size_t n, size_t size)
{
    return must(calloc(n ? n : 1, size ? size : 1));
}

void *xrealloc(void *p, size_t n, size_t size)
{
    return must(reallocarray(p, n ? n : 1, size ? size : 1));
}

char *xstrdup(const char *s)
{
    return must(strdup(s));
}

char *xstrndup(const char *s, size_t n)
{
    return must(strndup(s, n));
}

char *xvasprintf(const char *fmt, va_list ap)
{
    char *s = NULL;

    if (vasprintf(&s, fmt, ap) < 0)
        s = NULL;
    return must(s);
}

char *xasprintf(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    char *s = xvasprintf(fmt, ap);
    va_end(ap);
    return s;
}

void mem_freep(void *pp)
{
    void *p;

    memcpy(&p, pp, sizeof p);
    free(p);
}

void mem_closep(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

void mem_wipe(void *p, size_t n)
{
    explicit_bzero(p, n);
}
