#include "labd/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The one table that says what an error means to a caller over HTTP and to the shell. */
static const struct {
    const char *name;
    int http, exit;
} codes[ERR_CODE_COUNT] = {
    [ERR_NONE] = {"none", 200, 0},
    [ERR_INVALID] = {"invalid", 400, 1},
    [ERR_NOT_FOUND] = {"not-found", 404, 1},
    [ERR_CONFLICT] = {"conflict", 409, 1},
    [ERR_AUTH] = {"auth", 401, 4},
    [ERR_DENIED] = {"denied", 403, 4},
    [ERR_RATE] = {"rate", 429, 5},
    [ERR_CAPACITY] = {"capacity", 507, 5},
    [ERR_UNSUPPORTED] = {"unsupported", 501, 1},
    [ERR_TOOL] = {"tool", 500, 1},
    [ERR_SYS] = {"system", 500, 1},
    [ERR_TIMEOUT] = {"timeout", 504, 1},
    [ERR_PROTOCOL] = {"protocol", 502, 1},
    [ERR_UNREACHABLE] = {"unreachable", 503, 3},
    [ERR_INTERNAL] = {"internal", 500, 1},
};

static void flatten(char *s)
{
    for (; *s != '\0'; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            *s = ' ';
}

int err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
    va_list ap;

    if (e == NULL)
        return -1;
    e->code = code;
    e->sys = 0;
    va_start(ap, fmt);
    vsnprintf(e->msg, sizeof e->msg, fmt, ap);
    va_end(ap);
    flatten(e->msg);
    return -1;
}

int err_sys(struct err *e, const char *fmt, ...)
{
    int sys = errno;
    va_list ap;
    char reason[128];

    if (e == NULL)
        return -1;
    va_start(ap, fmt);
    vsnprintf(e->msg, sizeof e->msg, fmt, ap);
    va_end(ap);
    size_t n = strlen(e->msg);
    snprintf(e->msg + n, sizeof e->msg - n, ": %s", strerror_r(sys, reason, sizeof reason));
    flatten(e->msg);
    e->sys = sys;
    e->code = sys == ENOSPC || sys == ENOMEM || sys == EDQUOT || sys == EMFILE || sys == ENFILE ? ERR_CAPACITY
                                                                                                : ERR_SYS;
    return -1;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
    char old[ERR_MSG_SIZE];
    va_list ap;

    if (e == NULL)
        return -1;
    memcpy(old, e->msg, sizeof old);
    va_start(ap, fmt);
    vsnprintf(e->msg, sizeof e->msg, fmt, ap);
    va_end(ap);
    size_t n = strlen(e->msg);
    snprintf(e->msg + n, sizeof e->msg - n, ": %s", old);
    flatten(e->msg);
    return -1;
}

const char *err_code_name(enum err_code code)
{
    return (unsigned)code < ERR_CODE_COUNT ? codes[code].name : codes[ERR_INTERNAL].name;
}

enum err_code err_code_from_name(const char *name)
{
    for (unsigned i = 1; name != NULL && i < ERR_CODE_COUNT; i++)
        if (strcmp(codes[i].name, name) == 0)
            return (enum err_code)i;
    return ERR_INTERNAL;
}

int err_http_status(enum err_code code)
{
    return (unsigned)code < ERR_CODE_COUNT ? codes[code].http : 500;
}

int err_exit_status(enum err_code code)
{
    return (unsigned)code < ERR_CODE_COUNT ? codes[code].exit : 1;
}
