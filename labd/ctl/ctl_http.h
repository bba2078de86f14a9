/* Requests to labd's REST API, over its local socket or a URL.  Used by the commands of labctl and by
 * ctl_ws.c.  Everything blocks; Ctrl-C ends a request early once ctl_signals_catch() was called. */
#ifndef CTL_CTL_HTTP_H
#define CTL_CTL_HTTP_H

#include "labd/base/buf.h"
#include "labd/base/err.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdbool.h>

struct ctl_http;

struct ctl_http_config { /* all may be NULL; borrowed for the call */
    const char *socket;  /* labd's socket; the default unless 'server' is given */
    const char *server;  /* "https://labs.example.org" */
    const char *token;
};

/* ERR_INVALID if the server's URL or the token cannot be one.  Connects only with the first request. */
struct ctl_http *ctl_http_new(const struct ctl_http_config *config, struct err *e);
void ctl_http_free(struct ctl_http *h); /* NULL is fine */

/* 'path' begins with "/".  'body' (stolen) or NULL.  '*reply' (or NULL) is a new reference, JSON null if
 * the answer had no body.  An answer of 400 or more becomes 'e': its problem's detail and code.
 * ERR_UNREACHABLE if nobody answers, ERR_DENIED if the socket may not be opened. */
int ctl_http(struct ctl_http *h, const char *method, const char *path, json_t *body, json_t **reply,
             struct err *e) MUST_CHECK;

/* GETs a text, such as CSV, into 'out'. */
int ctl_http_text(struct ctl_http *h, const char *path, struct buf *out, struct err *e) MUST_CHECK;

/* Follows a server-sent event stream.  'fn' gets each event and returns false to stop.  0 when 'fn'
 * stopped it; -1 otherwise, ERR_UNREACHABLE when the stream ended. */
typedef bool ctl_http_event_fn(const char *event, const char *data, void *arg);
int ctl_http_events(struct ctl_http *h, const char *path, ctl_http_event_fn *fn, void *arg,
                    struct err *e) MUST_CHECK;

/* For ctl_ws.c: a new handle that is connected and ready for curl_easy_send(); the caller cleans it up.
 * NULL on failure. */
CURL *ctl_http_connect(struct ctl_http *h, struct err *e);
const char *ctl_http_host(const struct ctl_http *h);   /* "localhost", "labs.example.org:8443" */
const char *ctl_http_prefix(const struct ctl_http *h); /* path of the server's URL: "" or "/lab" */
const char *ctl_http_token(const struct ctl_http *h);  /* or NULL */
/* The error that an HTTP status means, as err_http_status() backwards. */
enum err_code ctl_http_code(long status);
/* The error that an answer of 'status' with 'body' means; returns -1. */
int ctl_http_problem(long status, const char *body, size_t n, struct err *e);

/* From now on SIGINT and SIGTERM do not end the process but every request, with ERR_TIMEOUT; clear
 * before cleaning up. */
void ctl_signals_catch(void);
bool ctl_signals_caught(void);
void ctl_signals_clear(void);

#endif
