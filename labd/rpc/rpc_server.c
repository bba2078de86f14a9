/* The server's end of the request protocol; see rpc.h. */
#include "labd/rpc/rpc.h"

#include "labd/base/log.h"
#include "labd/base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CLIENTS_MAX 1024

struct rpc_server {
    struct loop *loop;
    struct loop_fd *watch;
    int fd;
    char path[sizeof((struct sockaddr_un *)0)->sun_path];
    uid_t allow_uid;
    const struct rpc_method *methods;
    void *arg;
    struct client *clients;
    unsigned nclients;
};

/* One connection; 'call' is the request in work: the next one is read after its reply. */
struct client {
    struct rpc_server *server; /* NULL once the server is gone */
    struct client *next;
    struct frame_conn *conn; /* NULL once the peer has gone while a call was in work */
    struct rpc_call *call;
};

struct rpc_call {
    struct client *client;
    json_t *id;
};

json_t *rpc_err_json(const struct err *e)
{
    json_t *msg = json_string(e->msg);

    if (msg == NULL) /* not UTF-8: some file name or tool output */
        msg = json_string("(the message is not valid UTF-8)");
    return json_pack("{s:s, s:o}", "code", err_code_name(e->code), "message", msg);
}

void rpc_err_from_json(const json_t *j, struct err *e)
{
    const char *code = json_string_value(json_object_get(j, "code"));
    const char *msg = json_string_value(json_object_get(j, "message"));

    err_set(e, err_code_from_name(code), "%s", msg != NULL ? msg : "error without a message");
}

static void client_free(struct client *c)
{
    frame_conn_free(c->conn);
    if (c->server != NULL) {
        struct client **p = &c->server->clients;
        while (*p != c)
            p = &(*p)->next;
        *p = c->next;
        c->server->nclients--;
    }
    free(c);
}

static void send_error(struct frame_conn *conn, json_t *id, const struct err *e)
{
    frame_send_json(conn, json_pack("{s:O?, s:b, s:o}", "id", id, "ok", 0, "error", rpc_err_json(e)));
}

static void on_request(struct frame_conn *conn, uint8_t type, const uint8_t *payload, size_t n, void *arg)
{
    struct client *c = arg;
    struct err e;

    json_t *req =
        type == FRAME_JSON ? json_loadb((const char *)payload, n, JSON_REJECT_DUPLICATES, NULL) : NULL;
    const char *name = json_string_value(json_object_get(req, "do"));
    json_t *id = json_object_get(req, "id");
    if (name == NULL || (id != NULL && !json_is_integer(id))) {
        err_set(&e, ERR_PROTOCOL, "not a request");
        send_error(conn, NULL, &e);
        json_decref(req);
        return;
    }
    for (const struct rpc_method *m = c->server->methods; m->name != NULL; m++) {
        if (strcmp(m->name, name) != 0)
            continue;
        struct rpc_call *call = xcalloc(1, sizeof *call);
        *call = (struct rpc_call){.client = c, .id = json_incref(id)};
        c->call = call;
        frame_pause(conn, true);
        m->handler(call, req, c->server->arg);
        json_decref(req);
        return;
    }
    err_set(&e, ERR_NOT_FOUND, "no request is called '%.40s'", name);
    send_error(conn, id, &e);
    json_decref(req);
}

static void on_gone(struct frame_conn *conn, const struct err *e, void *arg)
{
    struct client *c = arg;

    (void)e;
    if (c->call != NULL) { /* its handler still has to answer; the answer goes nowhere */
        frame_conn_free(conn);
        c->conn = NULL;
        return;
    }
    client_free(c);
}

static bool peer_allowed(const struct rpc_server *s, int fd)
{
    struct ucred cred;
    socklen_t len = sizeof cred;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 &&
           (cred.uid == 0 || cred.uid == s->allow_uid || cred.uid == geteuid());
}

static void on_connect(int fd, unsigned events, void *arg)
{
    struct rpc_server *s = arg;

    (void)events;
    int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (peer < 0)
        return;
    if (s->nclients >= CLIENTS_MAX || !peer_allowed(s, peer)) {
        log_warn("rpc.refused", "socket", s->path);
        close(peer);
        return;
    }
    struct client *c = xcalloc(1, sizeof *c);
    c->server = s;
    c->next = s->clients;
    s->clients = c;
    s->nclients++;
    c->conn = frame_conn_new(s->loop, peer, on_request, on_gone, c);
}

struct rpc_server *rpc_server_new(struct loop *l, const char *path, uid_t allow_uid,
                                  const struct rpc_method *methods, void *arg, struct err *e)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    AUTO(mem_closep) int fd = -1;

    if (strlen(path) >= sizeof sa.sun_path) {
        err_set(e, ERR_INVALID, "socket path %s is longer than %zu bytes", path, sizeof sa.sun_path - 1);
        return NULL;
    }
    memcpy(sa.sun_path, path, strlen(path) + 1);
    fd = frame_connect(path, NULL);
    if (fd >= 0) {
        err_set(e, ERR_CONFLICT, "another daemon answers on %s already", path);
        return NULL;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        err_sys(e, "socket");
        return NULL;
    }
    if (unlink(path) < 0 && errno != ENOENT) {
        err_sys(e, "remove stale socket %s", path);
        return NULL;
    }
    if (bind(fd, (struct sockaddr *)&sa, sizeof sa) < 0 || chmod(path, 0660) < 0 || listen(fd, 64) < 0) {
        err_sys(e, "listen on %s", path);
        return NULL;
    }
    if (geteuid() == 0 && chown(path, allow_uid, (gid_t)-1) < 0) {
        err_sys(e, "give %s to uid %u", path, allow_uid);
        return NULL;
    }
    struct rpc_server *s = xcalloc(1, sizeof *s);
    *s = (struct rpc_server){
        .loop = l, .fd = TAKE_FD(fd), .allow_uid = allow_uid, .methods = methods, .arg = arg};
    memcpy(s->path, path, strlen(path) + 1);
    s->watch = loop_fd_add(l, s->fd, LOOP_IN, on_connect, s);
    return s;
}

void rpc_server_free(struct rpc_server *s)
{
    if (s == NULL)
        return;
    loop_fd_del(s->watch);
    close(s->fd);
    unlink(s->path);
    struct client *c;
    while ((c = s->clients) != NULL) {
        s->clients = c->next;
        frame_conn_free(c->conn);
        c->conn = NULL;
        c->server = NULL;
        if (c->call == NULL)
            free(c); /* else its answer frees it */
    }
    free(s);
}

/* Ends the call; returns the client if its peer is still there. */
static struct client *end(struct rpc_call *call)
{
    struct client *c = call->client;

    c->call = NULL;
    json_decref(call->id);
    free(call);
    if (c->conn != NULL)
        return c;
    if (c->server != NULL)
        client_free(c);
    else
        free(c);
    return NULL;
}

static void answer(struct rpc_call *call, json_t *reply)
{
    if (call->id != NULL)
        json_object_set(reply, "id", call->id);
    struct client *c = end(call);
    if (c == NULL) {
        json_decref(reply);
        return;
    }
    frame_send_json(c->conn, reply);
    frame_pause(c->conn, false);
}

void rpc_reply(struct rpc_call *call, json_t *result)
{
    if (result == NULL)
        result = json_object();
    json_object_set_new(result, "ok", json_true());
    answer(call, result);
}

void rpc_fail(struct rpc_call *call, const struct err *e)
{
    answer(call, json_pack("{s:b, s:o}", "ok", 0, "error", rpc_err_json(e)));
}

static void stream_unowned(struct frame_conn *conn, uint8_t type, const uint8_t *payload, size_t n, void *arg)
{
    (void)conn, (void)type, (void)payload, (void)n, (void)arg;
}

static void stream_gone(struct frame_conn *conn, const struct err *e, void *arg)
{
    (void)e, (void)arg;
    frame_conn_free(conn);
}

struct frame_conn *rpc_stream(struct rpc_call *call, json_t *result)
{
    if (result == NULL)
        result = json_object();
    json_object_set_new(result, "ok", json_true());
    if (call->id != NULL)
        json_object_set(result, "id", call->id);
    struct client *c = end(call);
    if (c == NULL) {
        json_decref(result);
        return NULL;
    }
    struct frame_conn *conn = TAKE(c->conn);
    client_free(c);
    frame_conn_set(conn, stream_unowned, stream_gone, NULL);
    frame_send_json(conn, result);
    frame_pause(conn, false);
    return conn;
}
