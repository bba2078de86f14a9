/* Running other programs: the only place in the project that calls exec.  Used by host and ctl.
 *
 * argv[0] is an absolute path or a plain name, which is looked up in a fixed PATH; the environment
 * is fixed (PATH, LC_ALL=C.UTF-8, HOME=/, TERM); no shell; every descriptor but those named
 * is closed in the child; the child leads its own process group, which is killed at the timeout. */
#ifndef BASE_PROC_H
#define BASE_PROC_H

#include "labd/base/buf.h"
#include "labd/base/err.h"

#include <stdbool.h>
#include <sys/types.h>

#define PROC_KEEP_MAX 8

struct proc_spec {
    const char *const *argv; /* NULL-terminated; borrowed */
    const char *input;       /* written to stdin, or NULL for /dev/null; borrowed */
    size_t input_len;
    unsigned timeout_ms;         /* 0: 30 seconds */
    size_t output_max;           /* stdout and stderr each; more is dropped; 0: 1 MiB */
    int keep_fds[PROC_KEEP_MAX]; /* passed on as descriptors 3, 4, ... */
    int nkeep;
    const char *const *env; /* additional "K=V" or NULL */
    const char *cwd;        /* or NULL */
};

struct proc_result {
    int status; /* exit status, or 128 + signal */
    bool timed_out;
    struct buf out, err; /* what it printed */
};
void proc_result_clear(struct proc_result *r);

/* Tests put a recorder here; NULL runs the real thing. */
struct proc_runner {
    int (*run)(struct proc_runner *self, const struct proc_spec *s, struct proc_result *r, struct err *e);
};

/* Runs and waits.  Returns 0 whenever the program ran to its end, whatever its status; the caller
 * reads r->status.  -1: could not be started, or timed out (ERR_TIMEOUT; r filled).  Blocks. */
int proc_run(struct proc_runner *runner, const struct proc_spec *s, struct proc_result *r,
             struct err *e) MUST_CHECK;

/* proc_run() that takes a status other than 0 for ERR_TOOL, with the first line of stderr in the
 * message.  'out' (or NULL) gets stdout. */
int proc_check(struct proc_runner *runner, const struct proc_spec *s, struct buf *out,
               struct err *e) MUST_CHECK;
/* The same for a plain argument vector: proc_checkv(runner, out, e, "ip", "link", "show", NULL). */
int proc_checkv(struct proc_runner *runner, struct buf *out, struct err *e, const char *arg0, ...) MUST_CHECK
    __attribute__((sentinel));

/* Runs 'n' programs, at most 'parallel' at a time.  'done' is called in this process after each, in
 * the order of their ends, with the index; it may look at the result, which is cleared afterwards.
 * 'ran' is false if it could not be started or timed out ('e' says why).  Returns 0 when all were
 * handled.  Blocks. */
typedef void proc_done_fn(size_t i, bool ran, struct proc_result *r, const struct err *e, void *arg);
int proc_pool(struct proc_runner *runner, const struct proc_spec *specs, size_t n, unsigned parallel,
              proc_done_fn *done, void *arg, struct err *e) MUST_CHECK;

/* Starts without waiting.  'fds' become 0, 1, 2 (-1: /dev/null).  The caller waits for the pid. */
pid_t proc_spawn(const char *const *argv, const int fds[3], const int *keep, int nkeep,
                 const char *const *env, struct err *e);

/* An argument vector under construction; strings are copied. */
struct argv {
    char **v;
    size_t n, cap;
};
void argv_add(struct argv *a, const char *s);
void argv_addf(struct argv *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const char *const *argv_get(const struct argv *a);
void argv_clear(struct argv *a);

#endif
