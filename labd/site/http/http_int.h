/* Inside http/ only. */
#ifndef HTTP_HTTP_INT_H
#define HTTP_HTTP_INT_H

#include "labd/base/buf.h"
#include "labd/site/http/http.h"

#include <microhttpd.h>

struct http_listener {
    struct http_server *server;
    struct http_listener *next;
    struct MHD_Daemon *daemon;
    struct loop_fd *watch;
    struct loop_timer *timer;
    bool running, again;
};

struct http_server {
    struct loop *loop;
    struct http_config config;
    struct http_listener *listeners;
    struct http_req *pending;   /* suspended: their handler answers later */
    struct http_events *events; /* open streams */
    struct http_ws *sockets;    /* upgraded connections */
    uint64_t counts[6];
    bool stopping;
};

struct http_extra_header {
    struct http_extra_header *next;
    char *name, *value;
};

enum http_req_state {
    REQ_READING,   /* the body comes in */
    REQ_HANDLING,  /* the handler runs */
    REQ_SUSPENDED, /* the handler will answer later */
    REQ_ANSWERED,  /* response is set, not yet queued */
    REQ_QUEUED,
};

struct http_req {
    struct http_server *server;
    struct http_listener *listener;
    struct MHD_Connection *conn;
    struct http_req *next, **prev; /* in server->pending while suspended */
    enum http_req_state state;
    char *method, *path;
    const struct http_route *route; /* NULL: a static file, or an early refusal */
    struct http_slice params[HTTP_PARAMS_MAX];
    char param_buf[HTTP_PARAMS_MAX][64];
    struct http_identity identity;
    char peer[64];
    int64_t peer_uid;
    struct buf body;
    size_t dropped; /* bytes of a body that is read only to be thrown away */
    json_t *json;
    char **decoded; /* query values handed out */
    size_t ndecoded, capdecoded;
    struct http_extra_header *headers;
    struct MHD_Response *response;
    int status;
    bool refused;           /* an early error is in 'response'; the body is only drained */
    char nonce[33];         /* of the CSP, "" if the answer has no scripts */
    struct http_ws *ws;     /* waits for its upgrade */
    struct http_events *ev; /* the stream that is the answer */
};

/* Gives the reply to MHD (or to the suspended connection).  Takes 'response'. */
/* Adds the headers that every answer has, and answers. */
void http_finish(struct http_req *r, int status, struct MHD_Response *response);
void http_answer(struct http_req *r, int status, struct MHD_Response *response);
/* Answers with a file if there is one for the path; false if not. */
bool http_static_serve(const struct http_static *s, struct http_req *r);
void http_ws_abandon(struct http_ws *ws);       /* the upgrade will not come any more */
void http_events_ended(struct http_events *ev); /* MHD is done with the connection */
void http_events_stop_all(struct http_server *s);
void http_ws_stop_all(struct http_server *s);
void http_listener_run(struct http_listener *li);
/* After MHD_resume_connection(): MHD in a foreign loop does not wake that loop by itself. */
void http_listener_kick(struct http_listener *li);

#endif
