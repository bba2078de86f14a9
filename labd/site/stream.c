#include "labd/site/stream.h"

#include "labd/base/buf.h"
#include "labd/base/log.h"
#include "labd/base/mem.h"
#include "labd/site/hostlink.h"
#include "labd/site/http/http_ws.h"
#include "labd/site/labs.h"

#include <stdio.h>
#include <string.h>

#define MESSAGE_MAX (64u << 10) /* what a client sends at a time */
#define HOST_HIGH (256u << 10)  /* unsent bytes towards labhost above which the client is paused */
#define EARLY_MAX (1u << 20)    /* input that came before labhost's answer */
#define ARGV_MAX 256
#define PORT_MAX 64
#define FILTER_MAX 512

struct kind {
    const char *method;   /* of labhost */
    const char *in, *out; /* frame types from the client, from labhost */
    bool asks_first;      /* the client's first message says what is to be done */
};
static const struct kind console_kind = {"console.open", "ira", "o", false};
static const struct kind exec_kind = {"exec.open", "ir", "oex", true};
static const struct kind capture_kind = {"capture.open", "", "o", false};

struct stream {
    struct site *site;
    struct stream *next, **prev;
    const struct kind *kind;
    struct http_ws *ws;          /* NULL before it is open */
    struct rpc_pending *pending; /* the request to labhost waits */
    struct frame_conn *conn;
    json_t *args; /* of the request, until it is sent */
    /* Frames of a client that did not wait for labhost's answer: each its length, then its bytes.  The
     * pause keeps this short, but what libwslay has read already still comes. */
    struct buf early;
    int64_t session;
    char lab[LAB_ID_SIZE];
    int64_t inst;
    enum lab_view view;
    bool exited; /* exec: the exit status was passed on */
};

/* ---- ends ---- */

static void cut_host(struct stream *st)
{
    rpc_cancel(st->pending);
    st->pending = NULL;
    frame_conn_free(st->conn);
    st->conn = NULL;
}

static void end(struct stream *st, unsigned code, const char *reason)
{
    cut_host(st);
    if (st->ws != NULL)
        http_ws_close(st->ws, code, reason);
}

static void end_err(struct stream *st, const struct err *e)
{
    end(st, WS_PROBLEM + (unsigned)err_http_status(e->code), e->msg);
}

static void ws_closed(void *arg)
{
    struct stream *st = arg;

    cut_host(st);
    json_decref(st->args);
    buf_clear(&st->early);
    *st->prev = st->next;
    if (st->next != NULL)
        st->next->prev = st->prev;
    free(st);
}

/* ---- from labhost ---- */

static void host_frame(struct frame_conn *c, uint8_t type, const uint8_t *payload, size_t n, void *arg)
{
    struct stream *st = arg;

    if (type == '\0' || strchr(st->kind->out, type) == NULL)
        return;
    http_ws_send(st->ws, false, &type, 1, payload, n);
    if (type == FRAME_EXIT) {
        st->exited = true;
        end(st, WS_NORMAL, "");
        return;
    }
    if (http_ws_queued(st->ws) > HTTP_WS_HIGH)
        frame_pause(c, true);
}

static void ws_drained(struct http_ws *ws, void *arg)
{
    struct stream *st = arg;

    (void)ws;
    if (st->conn != NULL)
        frame_pause(st->conn, false);
}

static void host_drained(struct frame_conn *c, void *arg)
{
    struct stream *st = arg;

    (void)c;
    http_ws_pause(st->ws, false);
}

static void host_closed(struct frame_conn *c, const struct err *e, void *arg)
{
    struct stream *st = arg;

    (void)c;
    (void)e;
    end(st, WS_GOING_AWAY, "the lab host closed the stream");
}

/* labhost said why. */
static void refused(struct stream *st, const struct err *why)
{
    const struct lab *lab = labs_find(st->site->labs, st->inst, st->lab);
    struct err e;

    if (lab != NULL) {
        AUTO(mem_freep) char *text = lab_said(lab, st->view, why->msg);
        err_set(&e, why->code, "%s", text);
        end_err(st, &e);
    } else {
        end(st, WS_GOING_AWAY, "the lab was stopped");
    }
}

static void host_opened(json_t *reply, struct frame_conn *conn, const struct err *e, void *arg)
{
    struct stream *st = arg;

    st->pending = NULL;
    if (e != NULL) {
        refused(st, e);
        return;
    }
    st->conn = conn;
    frame_conn_set(conn, host_frame, host_closed, st);
    frame_conn_on_drain(conn, host_drained);
    if (st->kind == &console_kind) {
        char text[64];
        int n = snprintf(text, sizeof text, "{\"offset\":%lld}",
                         (long long)json_integer_value(json_object_get(reply, "offset")));
        http_ws_send(st->ws, true, text, (size_t)n, NULL, 0);
    }
    for (size_t at = 0, len; at < st->early.len; at += sizeof len + len) {
        memcpy(&len, st->early.data + at, sizeof len);
        const char *frame = st->early.data + at + sizeof len;
        frame_send(conn, (uint8_t)frame[0], frame + 1, len - 1);
    }
    buf_clear(&st->early);
    http_ws_pause(st->ws, false);
}

/* What the client sends meanwhile waits in its socket, or in 'early'. */
static void open_host(struct stream *st)
{
    http_ws_pause(st->ws, true);
    st->pending = hostlink_stream(st->site->host, st->kind->method, TAKE(st->args), host_opened, st);
}

/* ---- from the client ---- */

static int read_argv(const uint8_t *data, size_t n, json_t *args, struct err *e)
{
    json_t *j = json_loadb((const char *)data, n, JSON_REJECT_DUPLICATES, NULL);
    json_t *argv = json_object_get(j, "argv"), *word;
    size_t i;
    int rc = 0;

    if (!json_is_array(argv) || json_array_size(argv) == 0 || json_array_size(argv) > ARGV_MAX)
        rc = err_set(e, ERR_INVALID, "the first message must be {\"argv\":[...]} with 1 to %d words",
                     ARGV_MAX);
    json_array_foreach(argv, i, word) {
        /* jansson refuses \u0000 in strings, so a word has no NUL. */
        if (rc == 0 && !json_is_string(word))
            rc = err_set(e, ERR_INVALID, "word %zu of \"argv\" is not a string", i);
    }
    if (rc == 0)
        json_object_set(args, "argv", argv);
    json_decref(j);
    return rc;
}

static bool size_ok(uint8_t type, size_t n)
{
    if (type == FRAME_RESIZE)
        return n == 4;
    if (type == FRAME_ACK)
        return n == 8;
    return true;
}

static void ws_message(struct http_ws *ws, bool text, const uint8_t *data, size_t n, void *arg)
{
    struct stream *st = arg;
    struct err e;

    if (st->args != NULL) { /* exec: what is to be run */
        if (!text)
            err_set(&e, ERR_INVALID, "the first message must be the text {\"argv\":[...]}");
        if (!text || read_argv(data, n, st->args, &e) < 0)
            end_err(st, &e);
        else
            open_host(st);
        return;
    }
    if (text || n == 0 || data[0] == '\0' || strchr(st->kind->in, data[0]) == NULL ||
        !size_ok(data[0], n - 1)) {
        end(st, WS_PROTOCOL, "a message is one frame: a known type byte and its payload");
        return;
    }
    if (st->pending != NULL) {
        if (st->early.len + n > EARLY_MAX) {
            end(st, WS_POLICY, "too much input before the stream was open");
            return;
        }
        buf_add(&st->early, &n, sizeof n);
        buf_add(&st->early, data, n);
        return;
    }
    if (st->conn == NULL)
        return; /* labhost has closed it; the close frame is on its way */
    frame_send(st->conn, data[0], data + 1, n - 1);
    if (frame_queued(st->conn) > HOST_HIGH)
        http_ws_pause(ws, true);
}

static void ws_open(struct http_ws *ws, void *arg)
{
    struct stream *st = arg;

    st->ws = ws;
    if (!st->kind->asks_first)
        open_host(st);
}

static void begin(struct site *s, struct http_req *r, const struct lab *lab, const struct kind *kind,
                  json_t *args)
{
    static const struct http_ws_ops ops = {ws_open, ws_message, ws_drained, ws_closed};
    struct err e;

    if (lab_awake(lab, &e) < 0) {
        json_decref(args);
        http_problem(r, &e);
        return;
    }
    struct stream *st = xcalloc(1, sizeof *st);
    *st = (struct stream){.site = s,
                          .next = s->streams,
                          .prev = &s->streams,
                          .kind = kind,
                          .args = args,
                          .inst = lab->inst,
                          .view = lab_view(lab, who_of(r)),
                          .session = who_of(r)->session};
    memcpy(st->lab, lab->row.id, sizeof st->lab);
    if (st->next != NULL)
        st->next->prev = &st->next;
    s->streams = st;
    http_reply_ws(r, &ops, MESSAGE_MAX, st);
}

/* ---- the requests ---- */

static int query_number(struct http_req *r, const char *name, long long min, long long max,
                        long long otherwise, json_t *args, struct err *e)
{
    const char *s = http_query(r, name);
    char *end = NULL;
    long long v = s == NULL ? otherwise : strtoll(s, &end, 10);

    if (s != NULL && (*s == '\0' || *end != '\0' || v < min || v > max))
        return err_set(e, ERR_INVALID, "\"%s\" must be a number from %lld to %lld", name, min, max);
    json_object_set_new(args, name, json_integer(v));
    return 0;
}

static struct lab *lab_and_node(struct site *s, struct http_req *r, const char **node)
{
    struct lab *lab = labs_visible(s, r, http_param(r, "id"));

    if (lab == NULL)
        return NULL;
    *node = http_param(r, "node");
    if (lab_has_node(lab, lab_view(lab, who_of(r)), *node))
        return lab;
    http_problem_status(r, 404, "there is no such node in this lab");
    return NULL;
}

void stream_console(struct http_req *r, void *arg)
{
    struct site *s = arg;
    const char *node;
    const struct lab *lab = lab_and_node(s, r, &node);
    struct err e;

    if (lab == NULL)
        return;
    json_t *args = json_pack("{s:s, s:s}", "lab", lab->row.id, "node", node);
    if (query_number(r, "offset", -1, INT64_MAX, -1, args, &e) < 0 ||
        query_number(r, "rows", 1, 500, 24, args, &e) < 0 ||
        query_number(r, "cols", 1, 1000, 80, args, &e) < 0) {
        json_decref(args);
        http_problem(r, &e);
        return;
    }
    begin(s, r, lab, &console_kind, args);
}

void stream_exec(struct http_req *r, void *arg)
{
    struct site *s = arg;
    const char *node;
    const struct lab *lab = lab_and_node(s, r, &node);

    if (lab != NULL)
        begin(s, r, lab, &exec_kind, json_pack("{s:s, s:s}", "lab", lab->row.id, "node", node));
}

/* Has it the form NODE:IF, LINK:a or LINK:b? */
static bool port_ok(const char *port)
{
    const char *colon = strchr(port, ':');
    char first[NAME_SIZE];

    if (strlen(port) >= PORT_MAX || colon == NULL || (size_t)(colon - port) >= sizeof first)
        return false;
    memcpy(first, port, (size_t)(colon - port));
    first[colon - port] = '\0';
    return name_ok(first) && ifname_ok(colon + 1);
}

void stream_capture(struct http_req *r, void *arg)
{
    struct site *s = arg;
    const struct lab *lab = labs_visible(s, r, http_param(r, "id"));
    const char *port = http_query(r, "port"), *filter = http_query(r, "filter");

    if (lab == NULL)
        return;
    if (port == NULL || !port_ok(port) || (filter != NULL && strlen(filter) > FILTER_MAX)) {
        http_problem_status(
            r, 400, "\"port\" must be NODE:INTERFACE, LINK:a or LINK:b, \"filter\" at most 512 bytes");
        return;
    }
    if (!lab_has_port(lab, lab_view(lab, who_of(r)), port)) {
        http_problem_status(r, 404, "there is no such interface and no such link in this lab");
        return;
    }
    json_t *args = json_pack("{s:s, s:s}", "lab", lab->row.id, "port", port);
    if (filter != NULL && *filter != '\0')
        json_object_set_new(args, "filter", json_string(filter));
    begin(s, r, lab, &capture_kind, args);
}

/* ---- from outside; http_ws_close() frees nothing at once, so the list stays as it is ---- */

void streams_end_session(struct site *s, int64_t session)
{
    for (struct stream *st = s->streams; st != NULL; st = st->next)
        if (st->session == session)
            end(st, WS_POLICY, "signed out");
}

void streams_end_lab(struct site *s, const char *lab, const struct err *e)
{
    for (struct stream *st = s->streams; st != NULL; st = st->next) {
        if (strcmp(st->lab, lab) != 0)
            continue;
        if (e != NULL)
            end_err(st, e);
        else
            end(st, WS_GOING_AWAY, "the lab was stopped");
    }
}

void streams_end_all(struct site *s)
{
    for (struct stream *st = s->streams; st != NULL; st = st->next)
        end(st, WS_GOING_AWAY, "the server is stopping");
}
