/* The HTTP server: routes, requests, replies, on libmicrohttpd inside our own loop.  Used by labd
 * (labd/site).  Knows nothing of labs and accounts: who is asking comes from a callback.
 *
 * The dispatcher checks, before a handler runs: the path and method against the table (404, 405), the
 * Origin of a request that changes something (403), who is asking (401), the level that the route wants
 * (403), the CSRF token (403), the size of the body (413).  No handler can forget one of them.
 *
 * A handler answers by exactly one http_reply_...() or http_problem...(), now or later from the loop;
 * the request is valid until then. */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "labd/base/err.h"
#include "labd/base/loop.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define HTTP_PARAMS_MAX 4
#define HTTP_LEVEL_PUBLIC 0 /* higher levels are the application's; 1 is the lowest that is signed in */
#define HTTP_CSRF_SIZE 65
#define HTTP_PING_MS 15000

struct http_server;
struct http_req;
struct http_static;

typedef void http_handler_fn(struct http_req *r, void *arg);

struct http_route {
    const char *method; /* "GET" serves HEAD too; "WS" is a GET that asks for a WebSocket */
    const char *path;   /* "/labs/{id}": a segment in braces matches one segment of [A-Za-z0-9._~-] */
    int level;
    size_t body_max; /* bytes; 0: no body is read */
    http_handler_fn *handler;
};

/* What the authenticator found out. */
struct http_identity {
    int level;      /* HTTP_LEVEL_PUBLIC: nobody */
    bool by_cookie; /* then a changing request needs the header X-CSRF-Token: 'csrf' */
    char csrf[HTTP_CSRF_SIZE];
    void *who; /* malloc'ed or NULL; freed with the request */
};
/* 'id' comes zeroed.  -1 if it cannot be said now (the database is gone): the request gets the error. */
typedef int http_auth_fn(struct http_req *r, struct http_identity *id, void *arg, struct err *e);

struct http_config {
    const struct http_route *routes; /* ends with a NULL method; borrowed */
    http_auth_fn *auth;
    void *arg;                       /* for 'auth' and the handlers */
    const struct http_static *files; /* served for GET where no route matches; or NULL; borrowed */
    unsigned ping_ms;                /* between signs of life on streams; 0: HTTP_PING_MS */
    size_t connections_max;          /* per listener; 0: 1000 */
};

struct http_server *http_server_new(struct loop *l, const struct http_config *c);
/* Takes the listening socket 'fd' (TCP or unix). */
int http_server_listen(struct http_server *s, int fd, struct err *e) MUST_CHECK;
/* Answers what is pending with 503, closes every stream and every connection.  NULL is fine. */
void http_server_free(struct http_server *s);
/* Number of answers so far by class: [1] 1xx .. [5] 5xx. */
const uint64_t *http_server_counts(const struct http_server *s);

/* Listening sockets.  'where' is "HOST:PORT", "[V6]:PORT"; port 0 lets the kernel choose.  'shown'
 * gets the address with the real port. */
int http_listen_tcp(const char *where, char *shown, size_t size, struct err *e);
int http_listen_unix(const char *path, mode_t mode, struct err *e); /* replaces a stale socket */

/* ---- the request; everything is borrowed until the reply ---- */
const char *http_param(const struct http_req *r, const char *name); /* {name}; never NULL */
/* The decoded value of ?name=, or NULL.  Values with bad escapes, NUL or invalid UTF-8 give NULL. */
const char *http_query(struct http_req *r, const char *name);
const char *http_header(const struct http_req *r, const char *name); /* or NULL */
/* The value of a cookie, or NULL. */
const char *http_cookie(const struct http_req *r, const char *name);
/* The body, which must be one JSON object; borrowed.  NULL and ERR_INVALID otherwise. */
json_t *http_body(struct http_req *r, struct err *e);
const struct http_identity *http_identity(const struct http_req *r);
/* On a unix socket: the uid of the peer, else -1. */
int64_t http_peer_uid(const struct http_req *r);
/* "192.0.2.1", the /64 of an IPv6 address, or "local". */
const char *http_peer_address(const struct http_req *r);

/* ---- the reply ---- */
/* Adds a header to the coming reply; call it before. */
void http_reply_header(struct http_req *r, const char *name, const char *value);
void http_reply_json(struct http_req *r, int status, json_t *j); /* steals 'j' */
void http_reply_text(struct http_req *r, int status, const char *type, const char *text,
                     size_t n); /* copies */
void http_reply_empty(struct http_req *r, int status);
void http_problem(struct http_req *r, const struct err *e);                     /* application/problem+json */
void http_problem_with(struct http_req *r, const struct err *e, json_t *extra); /* more members; steals */
void http_problem_status(struct http_req *r, int status, const char *detail);

/* ---- routes, for tests ---- */
/* The route for 'method' and 'path', its parameters in 'values' (slices of 'path').  NULL: 404, or 405
 * if 'allow' (of 'size' bytes) is not empty: the methods that the path knows. */
struct http_slice {
    const char *at;
    size_t n;
};
const struct http_route *http_route_find(const struct http_route *routes, const char *method,
                                         const char *path, struct http_slice values[HTTP_PARAMS_MAX],
                                         char *allow, size_t size);
bool http_path_ok(const char *path); /* begins with /, only [A-Za-z0-9._~/-], no empty, "." or ".." segment */

#endif
