/* Errors: one struct filled where the fault happens, wrapped on the way up.  Used by every layer.
 *
 * A function that can fail takes a 'struct err *e' last and returns 0 or -1 (or NULL).  On failure
 * '*e' holds one sentence without a newline and its out-parameters are untouched. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

/* The table in err.c maps each to a stable name, an HTTP status and an exit status of labctl. */
enum err_code {
    ERR_NONE = 0,
    ERR_INVALID,     /* what was given is malformed or does not make sense */
    ERR_NOT_FOUND,   /* no such thing, or none that the caller may see */
    ERR_CONFLICT,    /* exists already, or is in a state that does not allow this */
    ERR_AUTH,        /* nobody is signed in, or the credentials are wrong */
    ERR_DENIED,      /* signed in, but not allowed */
    ERR_RATE,        /* too many tries; later */
    ERR_CAPACITY,    /* no room: memory, disk, quota, a size limit */
    ERR_UNSUPPORTED, /* this host or driver cannot do that */
    ERR_TOOL,        /* a program that we ran failed */
    ERR_SYS,         /* a system call failed; 'sys' holds errno */
    ERR_TIMEOUT,     /* not done in the time allowed */
    ERR_PROTOCOL,    /* the other side does not speak as agreed */
    ERR_UNREACHABLE, /* the other side does not answer at all */
    ERR_INTERNAL,    /* a bug of ours */
    ERR_CODE_COUNT
};

#define ERR_MSG_SIZE 512

struct err {
    enum err_code code;
    int sys; /* errno of the failed system call, or 0 */
    char msg[ERR_MSG_SIZE];
};

/* Fills '*e' ('e' may be NULL: then the error is only signalled).  Always returns -1, so that a
 * function can 'return err_set(...)'. */
int err_set(struct err *e, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Like err_set() with ERR_SYS (ERR_CAPACITY for ENOSPC, ENOMEM, EDQUOT, EMFILE), appending
 * ": strerror(errno)".  Saves errno first.  Returns -1. */
int err_sys(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Puts "text: " before the message that '*e' holds; the code stays.  Returns -1. */
int err_wrap(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Static names such as "not-found"; err_code_from_name() gives ERR_INTERNAL for an unknown name. */
const char *err_code_name(enum err_code code);
enum err_code err_code_from_name(const char *name);
int err_http_status(enum err_code code); /* 400, 404, 409, 401, 403, 429, 507, 501, 500, 504, 502, 503 */
int err_exit_status(enum err_code code); /* labctl: 1, 3 unreachable, 4 not allowed, 5 capacity */

#endif
