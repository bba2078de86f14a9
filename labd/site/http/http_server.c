/* The dispatcher: every check that a handler could forget, and the life of a request. */
#include "labd/base/log.h"
#include "labd/base/mem.h"
#include "labd/site/http/http_int.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 1000u
#define CONNECTION_MEMORY (24u << 10) /* request line and headers; more gets 431 */
#define IDLE_SECONDS 60u
#define DRAIN_MAX (1u << 20) /* of a refused body, so that the client can read why */

/* ---- making and freeing ---- */

static int peer_fd(const struct http_req *r)
{
    const union MHD_ConnectionInfo *ci = MHD_get_connection_info(r->conn, MHD_CONNECTION_INFO_CONNECTION_FD);

    return ci == NULL ? -1 : ci->connect_fd;
}

static void find_peer(struct http_req *r)
{
    const union MHD_ConnectionInfo *ci = MHD_get_connection_info(r->conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *sa = ci == NULL ? NULL : ci->client_addr;
    struct ucred cred;
    socklen_t n = sizeof cred;

    r->peer_uid = -1;
    snprintf(r->peer, sizeof r->peer, "local");
    if (sa != NULL && sa->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)sa;
        inet_ntop(AF_INET, &in->sin_addr, r->peer, sizeof r->peer);
    } else if (sa != NULL && sa->sa_family == AF_INET6) {
        struct in6_addr a = ((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED(&a)) {
            inet_ntop(AF_INET, &a.s6_addr[12], r->peer, sizeof r->peer);
        } else {
            memset(&a.s6_addr[8], 0, 8); /* one customer has a /64 of addresses */
            inet_ntop(AF_INET6, &a, r->peer, sizeof r->peer);
        }
    } else if (getsockopt(peer_fd(r), SOL_SOCKET, SO_PEERCRED, &cred, &n) == 0 && n == sizeof cred) {
        r->peer_uid = cred.uid;
    }
}

static struct http_req *req_new(struct http_listener *li, struct MHD_Connection *conn, const char *method,
                                const char *path)
{
    struct http_req *r = xcalloc(1, sizeof *r);

    r->server = li->server;
    r->listener = li;
    r->conn = conn;
    r->method = xstrdup(method);
    r->path = xstrdup(path);
    find_peer(r);
    return r;
}

static void req_free(struct http_req *r)
{
    struct http_extra_header *h;

    while ((h = r->headers) != NULL) {
        r->headers = h->next;
        free(h->name);
        free(h->value);
        free(h);
    }
    for (size_t i = 0; i < r->ndecoded; i++)
        free(r->decoded[i]);
    free(r->decoded);
    if (r->response != NULL)
        MHD_destroy_response(r->response);
    json_decref(r->json);
    if (r->identity.who != NULL)
        free(r->identity.who);
    buf_clear(&r->body);
    free(r->method);
    free(r->path);
    free(r);
}

static void suspend(struct http_req *r)
{
    struct http_server *s = r->server;

    r->state = REQ_SUSPENDED;
    r->next = s->pending;
    r->prev = &s->pending;
    if (r->next != NULL)
        r->next->prev = &r->next;
    s->pending = r;
    MHD_suspend_connection(r->conn);
}

static void resume(struct http_req *r)
{
    *r->prev = r->next;
    if (r->next != NULL)
        r->next->prev = r->prev;
    MHD_resume_connection(r->conn);
    http_listener_kick(r->listener);
}

void http_answer(struct http_req *r, int status, struct MHD_Response *response)
{
    if (r->state != REQ_READING && r->state != REQ_HANDLING && r->state != REQ_SUSPENDED)
        abort(); /* a handler answered twice */
    r->response = response;
    r->status = status;
    r->server->counts[status / 100 < 6 ? status / 100 : 5]++;
    bool suspended = r->state == REQ_SUSPENDED;
    r->state = REQ_ANSWERED;
    if (suspended)
        resume(r);
}

/* ---- the checks, in the order of the header's comment ---- */

static bool changes(const struct http_req *r)
{
    return strcmp(r->method, "GET") != 0 && strcmp(r->method, "HEAD") != 0;
}

static bool is_ws(const struct http_req *r)
{
    return strcmp(r->route->method, "WS") == 0;
}

/* An Origin, where there is one, must name the host that was asked: the page is ours. */
static bool origin_ok(const struct http_req *r)
{
    const char *origin = http_header(r, "Origin"), *host = http_header(r, "Host");
    const char *site = http_header(r, "Sec-Fetch-Site");

    if (site != NULL && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0)
        return false;
    if (origin == NULL)
        return true;
    const char *sep = strstr(origin, "://");
    return host != NULL && sep != NULL && strcasecmp(sep + 3, host) == 0;
}

static bool csrf_ok(const struct http_req *r)
{
    const char *given = http_header(r, "X-CSRF-Token");
    size_t n = strlen(r->identity.csrf);

    return given != NULL && n > 0 && strlen(given) == n && sodium_memcmp(given, r->identity.csrf, n) == 0;
}

static bool find_route(struct http_req *r)
{
    struct http_server *s = r->server;
    char allow[64];

    r->route = http_route_find(s->config.routes, r->method, r->path, r->params, allow, sizeof allow);
    if (r->route != NULL)
        return true;
    if (allow[0] != '\0') {
        http_reply_header(r, "Allow", allow);
        http_problem_status(r, MHD_HTTP_METHOD_NOT_ALLOWED, "this address does not know that method");
    } else if (s->config.files == NULL || !http_path_ok(r->path) || !http_static_serve(s->config.files, r)) {
        http_problem_status(r, MHD_HTTP_NOT_FOUND, "there is nothing at this address");
    } else {
        return false; /* a file */
    }
    return false;
}

static bool allowed(struct http_req *r)
{
    struct http_server *s = r->server;
    struct err e;

    if ((changes(r) || is_ws(r)) && !origin_ok(r)) {
        http_problem_status(r, MHD_HTTP_FORBIDDEN, "the request comes from a page of another site");
        return false;
    }
    if (s->config.auth(r, &r->identity, s->config.arg, &e) < 0) {
        http_problem(r, &e);
        return false;
    }
    if (r->route->level == HTTP_LEVEL_PUBLIC)
        return true;
    if (r->identity.level == HTTP_LEVEL_PUBLIC) {
        http_reply_header(r, "WWW-Authenticate", "Bearer");
        http_problem_status(r, MHD_HTTP_UNAUTHORIZED, "please sign in");
        return false;
    }
    if (r->identity.level < r->route->level) {
        http_problem_status(r, MHD_HTTP_FORBIDDEN, "your role does not allow this");
        return false;
    }
    if (is_ws(r) && r->identity.by_cookie && http_header(r, "Origin") == NULL) {
        http_problem_status(r, MHD_HTTP_FORBIDDEN, "a WebSocket of a browser needs an Origin header");
        return false;
    }
    if (changes(r) && r->identity.by_cookie && !csrf_ok(r)) {
        http_problem_status(r, MHD_HTTP_FORBIDDEN, "the header X-CSRF-Token is missing or wrong");
        return false;
    }
    return true;
}

/* The length of the body as announced; false if it is too large or no number. */
static bool body_fits(struct http_req *r, uint64_t *announced)
{
    const char *text = http_header(r, "Content-Length");
    char *end = NULL;

    *announced = text == NULL ? 0 : strtoull(text, &end, 10);
    if (*announced <= r->route->body_max)
        return true;
    char detail[96];
    snprintf(detail, sizeof detail, "the body is longer than %zu bytes", r->route->body_max);
    http_problem_status(r, MHD_HTTP_CONTENT_TOO_LARGE, detail);
    return false;
}

static enum MHD_Result queue(struct http_req *r)
{
    r->state = REQ_QUEUED;
    enum MHD_Result ok = MHD_queue_response(r->conn, (unsigned)r->status, r->response);
    MHD_destroy_response(r->response);
    r->response = NULL;
    return ok;
}

static enum MHD_Result begin(struct http_req *r)
{
    uint64_t announced = 0;

    if (r->server->stopping)
        return MHD_NO;
    /* A file needs no session, and its body, if any, is dropped. */
    if (find_route(r) && allowed(r))
        (void)body_fits(r, &announced);
    if (r->state != REQ_ANSWERED)
        return MHD_YES;
    r->refused = true;
    /* Answered at once only if there is more to come than we want to drain. */
    return announced > DRAIN_MAX ? queue(r) : MHD_YES;
}

static enum MHD_Result body(struct http_req *r, const char *data, size_t n)
{
    if (!r->refused && r->body.len + n <= r->route->body_max) {
        buf_add(&r->body, data, n);
        return MHD_YES;
    }
    if (!r->refused) { /* chunked, so the length was not announced */
        buf_clear(&r->body);
        r->refused = true;
        http_problem_status(r, MHD_HTTP_CONTENT_TOO_LARGE, "the body is too long");
    }
    r->dropped += n;
    return r->dropped > DRAIN_MAX ? MHD_NO : MHD_YES;
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *conn, const char *url, const char *method,
                              const char *version, const char *data, size_t *n, void **req)
{
    struct http_listener *li = cls;
    struct http_req *r = *req;

    (void)version;
    if (r == NULL) {
        *req = r = req_new(li, conn, method, url);
        return begin(r);
    }
    if (*n > 0) {
        size_t len = *n;
        *n = 0;
        return r->state == REQ_QUEUED ? MHD_YES : body(r, data, len);
    }
    if (r->state == REQ_READING) {
        r->state = REQ_HANDLING;
        r->route->handler(r, li->server->config.arg);
        if (r->state == REQ_HANDLING) {
            suspend(r);
            return MHD_YES;
        }
    }
    return r->state == REQ_ANSWERED ? queue(r) : MHD_YES;
}

static void completed(void *cls, struct MHD_Connection *conn, void **req, enum MHD_RequestTerminationCode why)
{
    struct http_req *r = *req;

    (void)cls;
    (void)conn;
    (void)why;
    if (r == NULL)
        return;
    if (r->ev != NULL)
        http_events_ended(r->ev);
    if (r->ws != NULL)
        http_ws_abandon(r->ws);
    req_free(r);
    *req = NULL;
}

/* Paths and queries stay as they came: names of ours need no escapes, and what is never decoded cannot
 * be decoded twice.  http_query() decodes values itself. */
static size_t no_unescape(void *cls, struct MHD_Connection *conn, char *s)
{
    (void)cls;
    (void)conn;
    return strlen(s);
}

static void connected(void *cls, struct MHD_Connection *conn, void **socket_context,
                      enum MHD_ConnectionNotificationCode code)
{
    const union MHD_ConnectionInfo *ci = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD);
    int one = 1;

    (void)cls;
    (void)socket_context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED && ci != NULL)
        (void)setsockopt(ci->connect_fd, IPPROTO_TCP, TCP_NODELAY, &one,
                         sizeof one); /* no TCP on unix sockets */
}

static void mhd_log(void *cls, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
static void mhd_log(void *cls, const char *fmt, va_list ap)
{
    char line[256];

    (void)cls;
    vsnprintf(line, sizeof line, fmt, ap);
    line[strcspn(line, "\r\n")] = '\0';
    log_event(LOG_DEBUG_, "http.library", "text", line, NULL);
}

/* ---- the server ---- */

static void ready(int fd, unsigned events, void *arg)
{
    (void)fd;
    (void)events;
    http_listener_run(arg);
}

struct http_server *http_server_new(struct loop *l, const struct http_config *c)
{
    struct http_server *s = xcalloc(1, sizeof *s);

    s->loop = l;
    s->config = *c;
    if (s->config.ping_ms == 0)
        s->config.ping_ms = HTTP_PING_MS;
    return s;
}

int http_server_listen(struct http_server *s, int fd, struct err *e)
{
    struct http_listener *li = xcalloc(1, sizeof *li);
    unsigned max = s->config.connections_max > 0 ? (unsigned)s->config.connections_max : CONNECTIONS_MAX;

    li->server = s;
    li->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_UPGRADE | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL,
        handle, li, MHD_OPTION_EXTERNAL_LOGGER, mhd_log, (void *)NULL, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_LIMIT, max, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
        MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS, MHD_OPTION_NOTIFY_COMPLETED, completed, (void *)NULL,
        MHD_OPTION_NOTIFY_CONNECTION, connected, (void *)NULL, MHD_OPTION_UNESCAPE_CALLBACK, no_unescape,
        (void *)NULL, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
    if (li->daemon == NULL) {
        free(li);
        close(fd);
        return err_set(e, ERR_SYS, "cannot start the HTTP server");
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(li->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    li->next = s->listeners;
    s->listeners = li;
    li->watch = loop_fd_add(s->loop, info->epoll_fd, LOOP_IN, ready, li);
    return 0;
}

/* Lets MHD write what the last answers were, without waiting for slow clients. */
static void run_all(struct http_server *s)
{
    for (struct http_listener *li = s->listeners; li != NULL; li = li->next)
        for (int i = 0; i < 4; i++)
            MHD_run(li->daemon);
}

void http_server_free(struct http_server *s)
{
    struct http_listener *li;

    if (s == NULL)
        return;
    s->stopping = true;
    while (s->pending != NULL)
        http_problem_status(s->pending, MHD_HTTP_SERVICE_UNAVAILABLE, "the server is stopping");
    http_events_stop_all(s);
    http_ws_stop_all(s);
    run_all(s);
    while ((li = s->listeners) != NULL) {
        s->listeners = li->next;
        loop_fd_del(li->watch);
        loop_timer_del(li->timer);
        MHD_stop_daemon(li->daemon);
        free(li);
    }
    free(s);
}

const uint64_t *http_server_counts(const struct http_server *s)
{
    return s->counts;
}
