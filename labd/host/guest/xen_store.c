/* xenstore.  What a guest writes there is hostile: read with a bound, checked where it is used. */
#include "labd/host/guest/xen_int.h"

#include "labd/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xenstore.h>

#define WATCH_FD 3

struct xs_handle *xen_store_open(struct err *e)
{
    struct xs_handle *xs = xs_open(0);

    if (xs == NULL)
        err_sys(e, "connect to xenstore");
    return xs;
}

void xen_store_closep(struct xs_handle **xs)
{
    if (*xs != NULL)
        xs_close(*xs);
}

bool xen_store_read(struct xs_handle *xs, const char *path, size_t max, struct buf *out)
{
    unsigned len = 0;
    char *value = xs_read(xs, XBT_NULL, path, &len);
    bool ok = value != NULL && len <= max;

    if (ok)
        buf_add(out, value, len);
    free(value);
    return ok;
}

/* Watches in a process of its own, because libxenstore reads its watches in a thread, and labhost, which forks, has
 * none.  Ends when labhost has closed its side of 'out', or when xenstored does. */
static _Noreturn void watcher(int out)
{
    prctl(PR_SET_NAME, "labhost-watch");
    signal(SIGPIPE, SIG_DFL);
    /* Nothing else of labhost's may live on in here: locks, connections. */
    if (dup2(out, WATCH_FD) < 0 || close_range(WATCH_FD + 1, ~0u, 0) < 0)
        _exit(1);
    struct xs_handle *xs = xs_open(0);
    if (xs == NULL || !xs_watch(xs, "@releaseDomain", "end"))
        _exit(1);
    struct pollfd p[2] = {{.fd = xs_fileno(xs), .events = POLLIN}, {.fd = WATCH_FD}};
    for (;;) {
        char **event;
        if (poll(p, 2, -1) < 0 && errno != EINTR)
            _exit(1);
        if (p[1].revents != 0 || (p[0].revents & (POLLERR | POLLHUP)) != 0)
            _exit(0);
        while ((event = xs_check_watch(xs)) != NULL) {
            free(event);
            if (write(WATCH_FD, "x", 1) != 1)
                _exit(1);
        }
        if (errno != EAGAIN)
            _exit(1);
    }
}

int xen_watch(const struct guest_host *h, struct err *e)
{
    int p[2];

    (void)h;
    if (pipe2(p, O_CLOEXEC) < 0)
        return err_sys(e, "pipe");
    pid_t pid = fork();
    if (pid == 0) {
        /* A grandchild, so that nobody has to wait for it. */
        if (fork() == 0)
            watcher(p[1]);
        _exit(0);
    }
    close(p[1]);
    if (pid < 0) {
        err_sys(e, "fork the watcher of domains");
        close(p[0]);
        return -1;
    }
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
    return p[0];
}
