/* console.open: finds or starts the lab's labconsole, opens a stream there and passes frames both ways.
 * A side that does not read makes the other side wait; see labd/doc/protocol.md. */
#include "labd/host/host.h"

#include "labd/base/mem.h"
#include "labd/host/console/console_client.h"

#include <limits.h>
#include <stdio.h>

#define QUEUE_MAX (256u << 10) /* bytes that wait for one side before the other is paused */
#define OPEN_TIMEOUT_MS 5000u

struct proxy {
    struct host *host;
    char lab[LAB_ID_SIZE];
    struct frame_conn *viewer, *console;
};

struct opening {
    struct host *host;
    char lab[LAB_ID_SIZE];
    struct rpc_call *call;
};

static void proxy_free(struct proxy *p)
{
    frame_conn_free(p->viewer);
    frame_conn_free(p->console);
    free(p);
}

static void gone(struct frame_conn *c, const struct err *e, void *arg)
{
    (void)c, (void)e;
    proxy_free(arg);
}

static void pass(struct frame_conn *from, struct frame_conn *to, uint8_t type, const uint8_t *p, size_t n)
{
    frame_send(to, type, p, n);
    if (frame_queued(to) > QUEUE_MAX)
        frame_pause(from, true);
}

static void from_viewer(struct frame_conn *c, uint8_t type, const uint8_t *payload, size_t n, void *arg)
{
    struct proxy *p = arg;
    struct lab *lab = lab_find(p->host, p->lab);

    if (lab != NULL && type == FRAME_INPUT)
        lab->typed++;
    pass(c, p->console, type, payload, n);
}

static void from_console(struct frame_conn *c, uint8_t type, const uint8_t *payload, size_t n, void *arg)
{
    struct proxy *p = arg;

    pass(c, p->viewer, type, payload, n);
}

static void viewer_drained(struct frame_conn *c, void *arg)
{
    struct proxy *p = arg;

    (void)c;
    frame_pause(p->console, false);
}

static void console_drained(struct frame_conn *c, void *arg)
{
    struct proxy *p = arg;

    (void)c;
    frame_pause(p->viewer, false);
}

static void opened(json_t *reply, struct frame_conn *conn, const struct err *e, void *arg)
{
    struct opening *o = arg;

    if (e != NULL) {
        rpc_fail(o->call, e);
        free(o);
        return;
    }
    struct frame_conn *viewer =
        rpc_stream(o->call, json_pack("{s:O?}", "offset", json_object_get(reply, "offset")));
    if (viewer == NULL) {
        frame_conn_free(conn);
    } else {
        struct proxy *p = xcalloc(1, sizeof *p);
        *p = (struct proxy){.host = o->host, .viewer = viewer, .console = conn};
        snprintf(p->lab, sizeof p->lab, "%s", o->lab);
        frame_conn_set(viewer, from_viewer, gone, p);
        frame_conn_set(conn, from_console, gone, p);
        frame_conn_on_drain(viewer, viewer_drained);
        frame_conn_on_drain(conn, console_drained);
    }
    free(o);
}

void stream_console(struct rpc_call *call, struct lab *lab, json_t *req)
{
    const struct guest_lab g = lab_guest(lab);
    char path[PATH_MAX];
    struct err e;

    /* Some milliseconds the first time, nothing later. */
    if (console_start(&g, lab->ops, lab->host->self_dir, &e) < 0 ||
        console_socket_path(lab->host->guest.run_dir, lab->id, path, sizeof path, &e) < 0) {
        rpc_fail(call, &e);
        return;
    }
    json_t *open = json_pack("{s:s, s:O, s:O?, s:O?, s:O?}", "do", "console.open", "node",
                             json_object_get(req, "node"), "offset", json_object_get(req, "offset"), "rows",
                             json_object_get(req, "rows"), "cols", json_object_get(req, "cols"));
    struct opening *o = xcalloc(1, sizeof *o);
    *o = (struct opening){.host = lab->host, .call = call};
    snprintf(o->lab, sizeof o->lab, "%s", lab->id);
    rpc_start(lab->host->loop, path, open, true, OPEN_TIMEOUT_MS, opened, o);
}
