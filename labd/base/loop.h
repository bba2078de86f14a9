/* The event loop: one epoll for descriptors, timers, children and signals.  Used by both daemons, the
 * console process and labctl.  Single-threaded; callbacks may add and delete anything, themselves
 * included. */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include "labd/base/err.h"

#include <stdint.h>
#include <sys/types.h>

struct loop;
struct loop_fd;
struct loop_timer;

#define LOOP_IN 1u
#define LOOP_OUT 2u

typedef void loop_fd_fn(int fd, unsigned events,
                        void *arg); /* hang-up and error arrive as LOOP_IN|LOOP_OUT */
typedef void loop_timer_fn(void *arg);
typedef void loop_child_fn(pid_t pid, int wait_status, void *arg);
typedef void loop_signal_fn(int signo, void *arg);

struct loop *loop_new(struct err *e);
void loop_free(struct loop *l); /* NULL is fine; deletes what is still registered, closes none of the fds */
int loop_run(struct loop *l, struct err *e) MUST_CHECK; /* until loop_stop() */
void loop_stop(struct loop *l);

/* 'fd' stays the caller's and must be deleted from the loop before it is closed. */
struct loop_fd *loop_fd_add(struct loop *l, int fd, unsigned events, loop_fd_fn *fn, void *arg);
void loop_fd_events(struct loop_fd *f, unsigned events);
void loop_fd_del(struct loop_fd *f); /* NULL is fine */

/* One shot after 'ms' milliseconds; deleted by itself after it fired (before the callback runs). */
struct loop_timer *loop_timer_add(struct loop *l, unsigned ms, loop_timer_fn *fn, void *arg);
void loop_timer_del(struct loop_timer *t); /* NULL is fine */

/* Calls 'fn' once when 'pid', a child of this process, has ended, and reaps it. */
int loop_child_add(struct loop *l, pid_t pid, loop_child_fn *fn, void *arg, struct err *e) MUST_CHECK;
/* Blocks the signal in this process and calls 'fn' from the loop instead. */
int loop_signal_add(struct loop *l, int signo, loop_signal_fn *fn, void *arg, struct err *e) MUST_CHECK;

int64_t loop_now_ms(void);  /* CLOCK_MONOTONIC */
int64_t loop_wall_ms(void); /* CLOCK_REALTIME */

#endif
