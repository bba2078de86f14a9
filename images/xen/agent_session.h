/* One client of the agent: a command with its standard streams, or a new size for the console.  Knows frames
 * and processes, but not what carries the frames, so that tests drive it over a socket. */
#ifndef IMAGES_XEN_AGENT_SESSION_H
#define IMAGES_XEN_AGENT_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* What carries the frames.  Nothing in here may block. */
struct agent_channel {
    void *arg;
    int fd;          /* readable when something has changed */
    bool event_only; /* its fd tells of room for writing, too, and is silent once woken() was called */
    /* Both move what is possible now and return 0 if that is nothing, -1 if the other side is gone. */
    ssize_t (*read)(void *arg, void *to, size_t n);
    ssize_t (*write)(void *arg, const void *from, size_t n);
    void (*woken)(void *arg);     /* the fd was readable */
    bool (*connected)(void *arg); /* the other side is still there */
};

/* Serves a client until it is done or gone; what it started is killed when it goes away.  'terminal' is the
 * console whose size clients may set, e.g. "/dev/hvc0".  Blocks for as long as the client stays: one thread
 * for each. */
void agent_session(const struct agent_channel *c, const char *terminal);

/* Kills the commands of all sessions: the machine they were started for has become another one. */
void agent_session_kill_all(void);

#endif
