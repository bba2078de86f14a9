/* Both clients of the request protocol; see rpc.h. */
#include "labd/rpc/rpc.h"

#include "labd/base/mem.h"

#include <string.h>
#include <unistd.h>

/* ---- blocking ---- */

static int check_reply(json_t *reply, struct err *e)
{
    if (!json_is_object(reply))
        return err_set(e, ERR_PROTOCOL, "labhost's answer is not JSON");
    if (json_is_true(json_object_get(reply, "ok")))
        return 0;
    rpc_err_from_json(json_object_get(reply, "error"), e);
    if (e->code == ERR_UNREACHABLE) /* something behind labhost is, which itself has just answered */
        e->code = ERR_TOOL;
    return -1;
}

int rpc_call_fd(int fd, json_t *req, int timeout_ms, json_t **reply, struct err *e)
{
    AUTO(mem_freep) char *text = json_dumps(req, JSON_COMPACT);
    AUTO(mem_freep) char *payload = NULL;
    uint8_t type = 0;
    size_t n = 0;

    if (text == NULL)
        return err_set(e, ERR_INTERNAL, "the request cannot be written as JSON");
    if (frame_write_fd(fd, FRAME_JSON, text, strlen(text), e) < 0 ||
        frame_read_fd(fd, timeout_ms, &type, &payload, &n, e) < 0)
        return -1;
    json_t *j = type == FRAME_JSON ? json_loadb(payload, n, 0, NULL) : NULL;
    if (check_reply(j, e) < 0) {
        json_decref(j);
        return -1;
    }
    if (reply != NULL)
        *reply = j;
    else
        json_decref(j);
    return 0;
}

int rpc_call_path(const char *path, json_t *req, int timeout_ms, json_t **reply, struct err *e)
{
    AUTO(mem_closep) int fd = frame_connect(path, e);

    if (fd < 0)
        return -1;
    return rpc_call_fd(fd, req, timeout_ms, reply, e);
}

/* ---- async ---- */

struct rpc_pending {
    struct loop *loop;
    struct frame_conn *conn;
    struct loop_timer *timer;
    bool stream;
    rpc_done_fn *done;
    void *arg;
    struct err failed; /* could not even connect: told from the loop */
};

static void pending_free(struct rpc_pending *p)
{
    frame_conn_free(p->conn);
    loop_timer_del(p->timer);
    free(p);
}

static void fail(struct rpc_pending *p, const struct err *e)
{
    rpc_done_fn *done = p->done;
    void *arg = p->arg;
    struct err copy = *e;

    pending_free(p);
    done(NULL, NULL, &copy, arg);
}

static void on_reply(struct frame_conn *conn, uint8_t type, const uint8_t *payload, size_t n, void *arg)
{
    struct rpc_pending *p = arg;
    struct err e;

    (void)conn;
    json_t *j = type == FRAME_JSON ? json_loadb((const char *)payload, n, 0, NULL) : NULL;
    if (check_reply(j, &e) < 0) {
        json_decref(j);
        fail(p, &e);
        return;
    }
    rpc_done_fn *done = p->done;
    void *done_arg = p->arg;
    struct frame_conn *stream = p->stream ? TAKE(p->conn) : NULL;
    pending_free(p);
    done(j, stream, NULL, done_arg);
    json_decref(j);
}

static void on_gone(struct frame_conn *conn, const struct err *e, void *arg)
{
    struct err why;

    (void)conn;
    err_set(&why, ERR_UNREACHABLE, "labhost closed the connection%s%s", e != NULL ? ": " : "",
            e != NULL ? e->msg : "");
    fail(arg, &why);
}

static void on_timeout(void *arg)
{
    struct rpc_pending *p = arg;
    struct err e;

    p->timer = NULL;
    err_set(&e, ERR_TIMEOUT, "labhost did not answer in time");
    fail(p, &e);
}

static void on_unreachable(void *arg)
{
    struct rpc_pending *p = arg;

    p->timer = NULL;
    fail(p, &p->failed);
}

struct rpc_pending *rpc_start(struct loop *l, const char *path, json_t *req, bool stream, unsigned timeout_ms,
                              rpc_done_fn *done, void *arg)
{
    struct rpc_pending *p = xcalloc(1, sizeof *p);

    *p = (struct rpc_pending){.loop = l, .stream = stream, .done = done, .arg = arg};
    int fd = frame_connect(path, &p->failed);
    if (fd < 0) {
        json_decref(req);
        p->timer = loop_timer_add(l, 0, on_unreachable, p);
        return p;
    }
    p->conn = frame_conn_new(l, fd, on_reply, on_gone, p);
    if (timeout_ms > 0)
        p->timer = loop_timer_add(l, timeout_ms, on_timeout, p);
    frame_send_json(p->conn, req);
    return p;
}

void rpc_cancel(struct rpc_pending *p)
{
    if (p != NULL)
        pending_free(p);
}
