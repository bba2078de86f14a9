#include "labd/site/hostlink.h"

#include "labd/base/log.h"
#include "labd/base/mem.h"

#include <string.h>

#define CALL_MS 15000
#define STREAM_MS 10000
#define RETRY_MIN_MS 100
#define RETRY_MAX_MS 3000

struct call {
    struct call *next, **prev;
    struct hostlink *link;
    struct rpc_pending *pending;
    hostlink_done_fn *done;
    void *arg;
};

struct hostlink {
    struct site *site;
    const struct hostlink_ops *ops;
    void *arg;
    struct call *calls;
    struct rpc_pending *connecting;
    struct frame_conn *events;
    bool listed; /* ... and what runs is known */
    struct loop_timer *retry;
    unsigned retry_ms;
    bool stopping;
    int64_t seq, list_seq;
    char driver[STORE_DRIVER_SIZE];
    json_t *drivers; /* of host.status, or NULL */
    bool told;       /* that labhost is away: once, not at every try */
};

static const struct err stopping = {.code = ERR_UNREACHABLE, .msg = "the server is stopping"};

static void try_connect(void *arg);

bool hostlink_up(const struct hostlink *h)
{
    return h->events != NULL && h->listed;
}

const char *hostlink_driver(const struct hostlink *h)
{
    return h->driver;
}

bool hostlink_suspends(const struct hostlink *h, const char *driver)
{
    const json_t *one;
    size_t i;

    json_array_foreach(h->drivers, i, one) {
        const char *name = json_string_value(json_object_get(one, "name"));
        if (name != NULL && strcmp(name, driver) == 0)
            return json_is_true(json_object_get(one, "suspend"));
    }
    return false;
}

int64_t hostlink_seq(const struct hostlink *h)
{
    return h->seq;
}

/* ---- requests ---- */

/* Whatever made it unreachable, the reader of the sentence cannot act on a socket's error number. */
static void plain_words(struct err *e)
{
    if (e->code == ERR_UNREACHABLE)
        err_set(e, ERR_UNREACHABLE,
                "the lab host does not answer; running labs go on, please try again in a moment");
}

static void call_free(struct call *c)
{
    *c->prev = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    free(c);
}

static void call_done(json_t *reply, struct frame_conn *conn, const struct err *e, void *arg)
{
    struct call *c = arg;
    hostlink_done_fn *done = c->done;
    void *done_arg = c->arg;
    struct err why;

    (void)conn;
    call_free(c);
    if (e != NULL) {
        why = *e;
        plain_words(&why);
        done(NULL, &why, done_arg);
    } else {
        done(reply, NULL, done_arg);
    }
}

static json_t *request(struct hostlink *h, const char *name, json_t *args)
{
    json_t *j = args != NULL ? args : json_object();

    json_object_set_new(j, "do", json_string(name));
    json_object_set_new(j, "id", json_integer(++h->seq));
    return j;
}

void hostlink_call(struct hostlink *h, const char *name, json_t *args, hostlink_done_fn *done, void *arg)
{
    if (h->stopping) {
        json_decref(args);
        done(NULL, &stopping, arg);
        return;
    }
    struct call *c = xcalloc(1, sizeof *c);

    *c = (struct call){.link = h, .done = done, .arg = arg, .next = h->calls, .prev = &h->calls};
    if (c->next != NULL)
        c->next->prev = &c->next;
    h->calls = c;
    c->pending =
        rpc_start(h->site->loop, h->site->host_socket, request(h, name, args), false, CALL_MS, call_done, c);
}

struct rpc_pending *hostlink_stream(struct hostlink *h, const char *name, json_t *args, rpc_done_fn *done,
                                    void *arg)
{
    return rpc_start(h->site->loop, h->site->host_socket, request(h, name, args), true, STREAM_MS, done, arg);
}

/* ---- events ---- */

static void retry_later(struct hostlink *h)
{
    h->retry = loop_timer_add(h->site->loop, h->retry_ms, try_connect, h);
    h->retry_ms = h->retry_ms * 2 > RETRY_MAX_MS ? RETRY_MAX_MS : h->retry_ms * 2;
}

static void on_event(struct frame_conn *c, uint8_t type, const uint8_t *payload, size_t n, void *arg)
{
    struct hostlink *h = arg;

    (void)c;
    json_t *j = type == FRAME_JSON ? json_loadb((const char *)payload, n, 0, NULL) : NULL;
    const char *event = json_string_value(json_object_get(j, "event"));
    const char *id = json_string_value(json_object_get(j, "lab"));
    if (event == NULL || id == NULL || !lab_id_ok(id))
        log_warn("host.event", "error", "labhost sent an event that is not understood");
    else if (strcmp(event, "lab") == 0)
        h->ops->lab(j, h->arg);
    else if (strcmp(event, "gone") == 0)
        h->ops->gone(id, h->arg);
    json_decref(j);
}

static void on_lost(struct frame_conn *c, const struct err *e, void *arg)
{
    struct hostlink *h = arg;

    log_warn("host.lost", "why", e != NULL ? e->msg : "labhost closed the connection");
    frame_conn_free(c);
    h->events = NULL;
    h->listed = false;
    h->told = true;
    h->retry_ms = RETRY_MIN_MS;
    retry_later(h);
    h->ops->down(h->arg);
}

static void on_status(json_t *reply, const struct err *e, void *arg)
{
    struct hostlink *h = arg;
    const char *driver = json_string_value(json_object_get(reply, "driver"));

    if (e != NULL) {
        log_err("host.status", e, NULL);
        return;
    }
    if (driver != NULL && name_ok(driver) && strlen(driver) < sizeof h->driver)
        memcpy(h->driver, driver, strlen(driver) + 1);
    json_decref(h->drivers);
    h->drivers = json_incref(json_object_get(reply, "drivers"));
    log_info("host.up", "driver", h->driver, "datapath",
             json_string_value(json_object_get(reply, "datapath")));
    h->ops->status(h->arg);
}

static void on_list(json_t *reply, const struct err *e, void *arg)
{
    struct hostlink *h = arg;
    json_t *labs = json_object_get(reply, "labs");

    if (h->stopping)
        return;
    if (e != NULL || !json_is_array(labs)) {
        if (e != NULL)
            log_err("host.list", e, NULL);
        if (h->events != NULL)
            frame_close_after_send(TAKE(h->events)); /* begin again: without the list nothing is sure */
        if (h->retry == NULL)
            retry_later(h);
        return;
    }
    h->listed = true;
    h->ops->listed(labs, h->list_seq, h->arg);
}

static void on_connected(json_t *reply, struct frame_conn *conn, const struct err *e, void *arg)
{
    struct hostlink *h = arg;

    (void)reply;
    h->connecting = NULL;
    if (e != NULL) {
        if (!h->told)
            log_err("host.unreachable", e, "socket", h->site->host_socket, NULL);
        h->told = true;
        retry_later(h);
        return;
    }
    h->told = false;
    h->retry_ms = RETRY_MIN_MS;
    h->events = conn;
    h->listed = false;
    frame_conn_set(conn, on_event, on_lost, h);
    hostlink_call(h, "host.status", NULL, on_status, h);
    hostlink_call(h, "lab.list", NULL, on_list, h);
    h->list_seq = h->seq;
}

static void try_connect(void *arg)
{
    struct hostlink *h = arg;

    h->retry = NULL;
    h->connecting = hostlink_stream(h, "events", NULL, on_connected, h);
}

struct hostlink *hostlink_new(struct site *s, const struct hostlink_ops *ops, void *arg)
{
    struct hostlink *h = xcalloc(1, sizeof *h);

    *h = (struct hostlink){.site = s, .ops = ops, .arg = arg, .retry_ms = RETRY_MIN_MS};
    try_connect(h);
    return h;
}

void hostlink_free(struct hostlink *h)
{
    if (h == NULL)
        return;
    h->stopping = true;
    for (struct call *c = h->calls, *next; c != NULL; c = next) {
        next = c->next;
        rpc_cancel(c->pending);
        call_done(NULL, NULL, &stopping, c);
    }
    rpc_cancel(h->connecting);
    frame_conn_free(h->events);
    loop_timer_del(h->retry);
    json_decref(h->drivers);
    free(h);
}
