/* Listening sockets, and libmicrohttpd in our own loop: its epoll descriptor is watched by ours, and its
 * timeout becomes one of our timers. */
#include "labd/base/mem.h"
#include "labd/site/http/http_int.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 256

static void timer_fired(void *arg)
{
    struct http_listener *li = arg;

    li->timer = NULL;
    http_listener_run(li);
}

void http_listener_run(struct http_listener *li)
{
    MHD_UNSIGNED_LONG_LONG ms = 0;
    bool more = false;

    /* Edge-triggered inside: goes on while MHD has something ready, but gives the others their turn. */
    li->running = true;
    for (int i = 0; i < 8; i++) {
        li->again = false;
        MHD_run(li->daemon);
        more = MHD_get_timeout(li->daemon, &ms) == MHD_YES;
        if (!li->again && (!more || ms > 0))
            break;
    }
    li->running = false;
    if (li->again) {
        more = true;
        ms = 0;
    }
    loop_timer_del(li->timer);
    li->timer =
        more ? loop_timer_add(li->server->loop, ms > 60000 ? 60000 : (unsigned)ms, timer_fired, li) : NULL;
}

void http_listener_kick(struct http_listener *li)
{
    li->again = true;
    if (li->running)
        return;
    loop_timer_del(li->timer);
    li->timer = loop_timer_add(li->server->loop, 0, timer_fired, li);
}

static int split(const char *where, char host[256], char port[16], struct err *e)
{
    const char *colon = strrchr(where, ':');

    if (colon == NULL || colon[1] == '\0' || strlen(colon + 1) > 5 || (size_t)(colon - where) > 250)
        return err_set(e, ERR_INVALID, "listen address '%s' is not HOST:PORT", where);
    size_t n = (size_t)(colon - where);
    const char *h = where;
    if (n >= 2 && h[0] == '[' && h[n - 1] == ']') {
        h++;
        n -= 2;
    }
    memcpy(host, h, n);
    host[n] = '\0';
    snprintf(port, 16, "%s", colon + 1);
    return 0;
}

static int bind_one(const struct addrinfo *ai)
{
    int one = 1;
    int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static void show(int fd, char *shown, size_t size)
{
    struct sockaddr_storage ss = {.ss_family = AF_UNSPEC};
    socklen_t n = sizeof ss;
    char host[128], port[16];

    if (getsockname(fd, (struct sockaddr *)&ss, &n) < 0 ||
        getnameinfo((struct sockaddr *)&ss, n, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        snprintf(shown, size, "?");
    else
        snprintf(shown, size, ss.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

int http_listen_tcp(const char *where, char *shown, size_t size, struct err *e)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    char host[256] = "", port[16] = "";

    if (split(where, host, port, e) < 0)
        return -1;
    int rc = getaddrinfo(host[0] != '\0' ? host : NULL, port, &hints, &list);
    if (rc != 0)
        return err_set(e, ERR_INVALID, "listen address '%s': %s", where, gai_strerror(rc));
    int fd = -1;
    for (struct addrinfo *ai = list; ai != NULL && fd < 0; ai = ai->ai_next)
        fd = bind_one(ai);
    if (fd < 0)
        err_sys(e, "listen on %s", where);
    freeaddrinfo(list);
    if (fd >= 0)
        show(fd, shown, size);
    return fd;
}

int http_listen_unix(const char *path, mode_t mode, struct err *e)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    struct stat st;

    if (strlen(path) >= sizeof sa.sun_path)
        return err_set(e, ERR_INVALID, "socket path %s is longer than %zu bytes", path,
                       sizeof sa.sun_path - 1);
    memcpy(sa.sun_path, path, strlen(path) + 1);
    if (lstat(path, &st) == 0) {
        if (!S_ISSOCK(st.st_mode))
            return err_set(e, ERR_CONFLICT, "%s is in the way and is no socket: remove it", path);
        unlink(path);
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_sys(e, "socket");
    mode_t old = umask((mode_t)(~mode & 0777));
    int rc = bind(fd, (struct sockaddr *)&sa, sizeof sa);
    umask(old);
    if (rc < 0 || listen(fd, BACKLOG) < 0) {
        err_sys(e, "listen on %s", path);
        close(fd);
        return -1;
    }
    return fd;
}
