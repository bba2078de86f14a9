/* Requests to labhost.  Used by labd (async client), workers and tests (blocking client) and labhost
 * (server).  A request is {"do": NAME, "id": N, ...}; its reply is {"id": N, "ok": true, ...} or
 * {"id": N, "ok": false, "error": {"code": NAME, "message": TEXT}}. */
#ifndef RPC_RPC_H
#define RPC_RPC_H

#include "labd/base/err.h"
#include "labd/base/loop.h"
#include "labd/rpc/frame.h"

#include <jansson.h>

/* ---- server ---- */
struct rpc_server;
struct rpc_call; /* one request that waits for its reply */

/* 'req' is borrowed.  The handler answers, now or later, by exactly one of rpc_reply(), rpc_fail(),
 * rpc_stream(). */
typedef void rpc_handler_fn(struct rpc_call *call, json_t *req, void *arg);
struct rpc_method {
    const char *name;
    rpc_handler_fn *handler;
};

/* Listens on unix socket 'path' (mode 0660, replaced if stale) and accepts peers of uid 0 and
 * 'allow_uid' only.  'methods' ends with a NULL name and is borrowed. */
struct rpc_server *rpc_server_new(struct loop *l, const char *path, uid_t allow_uid,
                                  const struct rpc_method *methods, void *arg, struct err *e);
void rpc_server_free(struct rpc_server *s);
void rpc_reply(struct rpc_call *call, json_t *result); /* steals; NULL for {} */
void rpc_fail(struct rpc_call *call, const struct err *e);
/* Replies with 'result' (stolen) and gives the connection to the caller, who sets its callbacks. */
struct frame_conn *rpc_stream(struct rpc_call *call, json_t *result);

/* ---- blocking client ---- */
/* Sends 'req' (borrowed) on 'fd' and reads its reply.  '*reply' (or NULL) is a new reference.  An
 * error reply becomes 'e' with the code that labhost gave. */
int rpc_call_fd(int fd, json_t *req, int timeout_ms, json_t **reply, struct err *e) MUST_CHECK;
int rpc_call_path(const char *path, json_t *req, int timeout_ms, json_t **reply, struct err *e) MUST_CHECK;

/* ---- async client ---- */
/* Each call opens its own connection.  'done' comes exactly once, from the loop: with 'reply' (borrowed)
 * and 'e' NULL, or with 'reply' NULL and 'e' set.  If 'stream' was asked for and the call succeeded,
 * 'conn' is the connection, now the callee's; else NULL. */
typedef void rpc_done_fn(json_t *reply, struct frame_conn *conn, const struct err *e, void *arg);
struct rpc_pending;
struct rpc_pending *rpc_start(struct loop *l, const char *path, json_t *req, bool stream, unsigned timeout_ms,
                              rpc_done_fn *done, void *arg); /* steals 'req' */
void rpc_cancel(struct rpc_pending *p);                      /* 'done' is not called */

/* Error <-> JSON {"code":..., "message":...}. */
json_t *rpc_err_json(const struct err *e);
void rpc_err_from_json(const json_t *j, struct err *e);

#endif
