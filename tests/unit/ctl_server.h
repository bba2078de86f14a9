/* A tiny HTTP server on a unix socket, for the tests of labctl: a child process that gives canned answers,
 * and on one path acts as the exec stream of a node.  It knows nothing of labd; tests/e2e drives the real one. */
#ifndef TESTS_CTL_SERVER_H
#define TESTS_CTL_SERVER_H

#include "labd/base/buf.h"
#include "labd/base/mem.h"
#include "labd/ctl/ctl_ws.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wslay/wslay.h>

/* The rows of one (method, path) are its answers in turn; the last one repeats. */
struct answer {
    const char *request; /* "GET /api/v1/labs" */
    int status;
    const char *body;
};

struct server {
    char dir[64], socket[96], log[96]; /* each request's line and body, one per line */
    pid_t pid;
};

static void server_send(int fd, const char *data, size_t n)
{
    while (n > 0) {
        ssize_t done = send(fd, data, n, MSG_NOSIGNAL);
        if (done <= 0)
            return;
        data += done;
        n -= (size_t)done;
    }
}

/* ---- a node's exec stream: what comes on 'i' goes back on 'o'; the end of input ends it with status 7 ---- */
struct server_exec {
    int fd;
    bool done;
};

static ssize_t server_ws_recv(wslay_event_context_ptr ctx, uint8_t *data, size_t n, int flags, void *arg)
{
    struct server_exec *x = arg;
    ssize_t got = recv(x->fd, data, n, 0);

    (void)flags;
    if (got <= 0)
        wslay_event_set_error(ctx, WSLAY_ERR_CALLBACK_FAILURE);
    return got > 0 ? got : -1;
}

static ssize_t server_ws_send(wslay_event_context_ptr ctx, const uint8_t *data, size_t n, int flags,
                              void *arg)
{
    struct server_exec *x = arg;

    (void)ctx, (void)flags;
    server_send(x->fd, (const char *)data, n);
    return (ssize_t)n;
}

static void server_frame(wslay_event_context_ptr ctx, char type, const void *data, size_t n)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;

    buf_putc(&b, type);
    buf_add(&b, data, n);
    const struct wslay_event_msg m = {WSLAY_BINARY_FRAME, (const uint8_t *)b.data, b.len};
    wslay_event_queue_msg(ctx, &m);
    wslay_event_send(ctx);
}

static void server_ws_message(wslay_event_context_ptr ctx, const struct wslay_event_on_msg_recv_arg *m,
                              void *arg)
{
    struct server_exec *x = arg;

    if (m->opcode == WSLAY_TEXT_FRAME) {
        server_frame(ctx, 'e', m->msg, m->msg_length); /* what was asked for, for the test to see */
    } else if (m->opcode == WSLAY_BINARY_FRAME && m->msg[0] == 'i' && m->msg_length > 1) {
        server_frame(ctx, 'o', m->msg + 1, m->msg_length - 1);
    } else if (m->opcode == WSLAY_BINARY_FRAME && m->msg[0] == 'i') {
        server_frame(ctx, 'x', "\x07", 1);
        x->done = true;
    }
}

static void server_exec(int fd, const char *head)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = server_ws_recv,
        .send_callback = server_ws_send,
        .on_msg_recv_callback = server_ws_message,
    };
    struct server_exec x = {.fd = fd};
    wslay_event_context_ptr ctx;
    const char *at = strstr(head, "Sec-WebSocket-Key: ");
    char key[64] = "", accept[WS_ACCEPT_SIZE];
    AUTO(mem_freep) char *reply = NULL;

    if (at != NULL)
        sscanf(at, "Sec-WebSocket-Key: %63s", key);
    ws_accept(key, accept);
    reply = xasprintf("HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nConnection: Upgrade\r\n"
                      "Sec-WebSocket-Accept: %s\r\n\r\n",
                      accept);
    server_send(fd, reply, strlen(reply));
    wslay_event_context_server_init(&ctx, &callbacks, &x);
    while (!x.done && wslay_event_recv(ctx) == 0)
        ;
    wslay_event_context_free(ctx);
}

/* ---- requests ---- */
static size_t server_body(const char *head)
{
    const char *at = strstr(head, "Content-Length: ");

    return at != NULL ? (size_t)strtoul(at + 16, NULL, 10) : 0;
}

/* Reads one request into 'b'; false at the end of the connection. */
static bool server_read(int fd, struct buf *b, size_t *head)
{
    char chunk[4096];
    const char *end;

    while ((end = strstr(buf_str(b), "\r\n\r\n")) == NULL || b->data == NULL ||
           b->len < (size_t)(end + 4 - b->data) + server_body(b->data)) {
        ssize_t n = recv(fd, chunk, sizeof chunk, 0);
        if (n <= 0)
            return false;
        buf_add(b, chunk, (size_t)n);
    }
    *head = (size_t)(end + 4 - b->data);
    return true;
}

static void server_answer(int fd, const struct answer *table, unsigned *turn, const char *request, FILE *log,
                          const char *body)
{
    const struct answer *found = NULL;
    unsigned nth = 0;
    size_t i;

    fprintf(log, "%s %s\n", request, body);
    fflush(log);
    for (i = 0; table[i].request != NULL; i++) {
        if (strcmp(table[i].request, request) != 0)
            continue;
        if (found == NULL || nth <= turn[found - table]) {
            if (found != NULL)
                turn[i] = turn[found - table];
            found = &table[i];
            nth++;
        }
    }
    static const struct answer none = {
        "", 404,
        "{\"type\":\"not-found\",\"title\":\"Not Found\",\"status\":404,\"detail\":\"no such thing\"}"};
    if (found != NULL)
        for (i = 0; table[i].request != NULL; i++)
            if (strcmp(table[i].request, request) == 0)
                turn[i]++;
    const struct answer *a = found != NULL ? found : &none;
    bool stream = strncmp(a->body, "event:", 6) == 0;
    AUTO(mem_freep)
    char *reply =
        stream ? xasprintf("HTTP/1.1 %d X\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n%s",
                           a->status, a->body)
               : xasprintf("HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                           a->status, strlen(a->body), a->body);
    server_send(fd, reply, strlen(reply));
    if (stream)
        shutdown(fd, SHUT_RDWR);
}

static void server_connection(int fd, const struct answer *table, unsigned *turn, FILE *log)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    size_t head = 0;

    while (server_read(fd, &b, &head)) {
        char request[256] = "", path[200] = "", method[16] = "";
        size_t body = server_body(b.data);
        AUTO(mem_freep) char *text = xstrndup(b.data + head, body);

        sscanf(b.data, "%15s %199s", method, path);
        snprintf(request, sizeof request, "%s %s", method, path);
        if (strstr(path, "/exec") != NULL) {
            fprintf(log, "%s\n", request);
            fflush(log);
            server_exec(fd, b.data);
            return;
        }
        server_answer(fd, table, turn, request, log, text);
        buf_consume(&b, head + body);
    }
}

/* A process per connection: labctl keeps one open while it opens the next.  'turn' is theirs together. */
static void server_serve(int listener, const struct answer *table, const char *log_path)
{
    unsigned *turn = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    FILE *log = fopen(log_path, "a");
    int fd;

    signal(SIGCHLD, SIG_IGN);
    while (turn != MAP_FAILED && log != NULL && (fd = accept(listener, NULL, NULL)) >= 0) {
        if (fork() == 0) {
            server_connection(fd, table, turn, log);
            _exit(0);
        }
        close(fd);
    }
}

static void server_start(struct server *s, const struct answer *table)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(s->dir, sizeof s->dir, "/tmp/labctl-test-XXXXXX");
    if (fd < 0 || mkdtemp(s->dir) == NULL)
        abort();
    snprintf(s->socket, sizeof s->socket, "%s/labd.sock", s->dir);
    snprintf(s->log, sizeof s->log, "%s/log", s->dir);
    memcpy(a.sun_path, s->socket, strlen(s->socket) + 1);
    if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, 8) < 0)
        abort();
    s->pid = fork();
    if (s->pid == 0) {
        setpgid(0, 0);
        server_serve(fd, table, s->log);
        _exit(0);
    }
    setpgid(s->pid, s->pid); /* whoever is first */
    close(fd);
}

static void server_stop(struct server *s)
{
    kill(-s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
    unlink(s->socket);
    unlink(s->log);
    rmdir(s->dir);
}

#endif
