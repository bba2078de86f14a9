/* A labhost for the tests of labd: it speaks labd/doc/protocol.md, keeps labs in memory and runs nothing.
 * It forgets everything when it ends, which is one of the things labd has to live with, unless it is given a
 * file to keep them in.
 *
 * Its drivers differ in what goes wrong: "fake" nothing; "full" has no room for a lab; "rigid" cannot suspend;
 * "stubborn" fails to, after it has begun; "tight" has no memory to resume; "deaf" does
 * not answer to every other suspend and resume; "frail" fails to resume at every other time, with its nodes still
 * asleep.  The command "poweroff" switches its node off; after the command "betray" each word about the lab names that
 * node. */
#ifndef TESTS_SITE_FAKE_HOST_H
#define TESTS_SITE_FAKE_HOST_H

#include "labd/base/loop.h"
#include "labd/base/mem.h"
#include "labd/rpc/rpc.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FAKE_READY_MS 20
#define FAKE_WATCHERS 8
#define FAKE_OFF "the node was switched off; reset or restart it to start it again"
#define FAKE_FRAIL "the lab could not be resumed: the machine went down meanwhile"
#define FAKE_FLOOD (8u << 20) /* bytes that the console prints for the input "flood" */

struct fake_host {
    struct loop *loop;
    json_t *labs;     /* id -> lab object */
    const char *file; /* or NULL */
    unsigned asked;   /* of the drivers "deaf" and "frail" */
    struct frame_conn *watchers[FAKE_WATCHERS];
};

static inline void fake_keep(const struct fake_host *h)
{
    if (h->file != NULL && json_dump_file(h->labs, h->file, 0) < 0)
        abort();
}

static inline void fake_tell(struct fake_host *h, json_t *event)
{
    fake_keep(h);
    for (int i = 0; i < FAKE_WATCHERS; i++)
        if (h->watchers[i] != NULL)
            frame_send_json(h->watchers[i], json_incref(event));
    json_decref(event);
}

static inline void fake_tell_lab(struct fake_host *h, json_t *lab)
{
    json_t *event = json_copy(lab);

    json_object_set_new(event, "event", json_string("lab"));
    fake_tell(h, event);
}

static inline json_t *fake_find(struct fake_host *h, struct rpc_call *call, json_t *req)
{
    json_t *lab = json_object_get(h->labs, json_string_value(json_object_get(req, "lab")));
    struct err e;

    if (lab == NULL && call != NULL) {
        err_set(&e, ERR_NOT_FOUND, "no such lab");
        rpc_fail(call, &e);
    }
    const char *betrayed = json_string_value(json_object_get(lab, "betrayed"));
    if (betrayed != NULL && call != NULL) {
        err_set(&e, ERR_CONFLICT, "node %s does not run", betrayed);
        rpc_fail(call, &e);
        return NULL;
    }
    return lab;
}

/* The nodes in state 'from', or all if it is NULL. */
static inline void fake_set_nodes(json_t *lab, const char *from, const char *to)
{
    const char *name;
    json_t *node;

    json_object_foreach(json_object_get(lab, "nodes"), name, node) {
        if (from != NULL && strcmp(json_string_value(json_object_get(node, "state")), from) != 0)
            continue;
        json_object_set_new(node, "state", json_string(to));
        json_object_set_new(node, "error", json_null());
    }
}

static inline void fake_set_state(json_t *lab, const char *state, const char *error)
{
    json_object_set_new(lab, "state", json_string(state));
    json_object_set_new(lab, "error", error != NULL ? json_string(error) : json_null());
}

static inline bool fake_is(const json_t *lab, const char *field, const char *value)
{
    return strcmp(json_string_value(json_object_get(lab, field)), value) == 0;
}

static inline void fake_refuse(struct rpc_call *call, enum err_code code, const char *text)
{
    struct err e;

    err_set(&e, code, "%s", text);
    rpc_fail(call, &e);
}

static inline void fake_status(struct rpc_call *call, json_t *req, void *arg)
{
    (void)req, (void)arg;
    rpc_reply(call, json_pack("{s:s, s:s, s:s, s:[{s:s, s:b, s:b}, {s:s, s:b, s:b}]}", "version", "0",
                              "driver", "fake", "datapath", "none", "drivers", "name", "fake", "ok", 1,
                              "suspend", 1, "name", "rigid", "ok", 1, "suspend", 0));
}

struct fake_job {
    struct fake_host *host;
    char id[16];
};

static inline void fake_ready(void *arg)
{
    struct fake_job *j = arg;
    json_t *lab = json_object_get(j->host->labs, j->id);

    bool wakes =
        lab != NULL && fake_is(json_object_get(json_object_get(lab, "nodes"), "h1"), "state", "suspended");
    if (wakes && fake_is(lab, "state", "starting") && fake_is(lab, "driver", "frail") &&
        j->host->asked++ % 2 == 0) {
        fake_set_state(lab, "failed", FAKE_FRAIL);
        fake_tell_lab(j->host, lab);
    } else if (lab != NULL && fake_is(lab, "state", "starting")) {
        fake_set_nodes(lab, "creating", "running");
        fake_set_nodes(lab, "suspended", "running");
        fake_set_state(lab, "running", NULL);
        json_object_set_new(lab, "ready_ms", json_integer(loop_wall_ms()));
        fake_tell_lab(j->host, lab);
    } else if (lab != NULL && fake_is(lab, "state", "suspending") && fake_is(lab, "driver", "stubborn")) {
        fake_set_state(lab, "running", "the lab could not be suspended: the disk is full");
        fake_tell_lab(j->host, lab);
    } else if (lab != NULL && fake_is(lab, "state", "suspending")) {
        fake_set_nodes(lab, "running", "suspended");
        fake_set_state(lab, "suspended", NULL);
        fake_tell_lab(j->host, lab);
    }
    free(j);
}

static inline void fake_later(struct fake_host *h, const char *id)
{
    struct fake_job *j = xcalloc(1, sizeof *j);

    j->host = h;
    snprintf(j->id, sizeof j->id, "%s", id);
    loop_timer_add(h->loop, FAKE_READY_MS, fake_ready, j);
}

static inline json_t *fake_table(const json_t *list, const char *field)
{
    json_t *out = json_object(), *one;
    size_t i;

    json_array_foreach(list, i, one) {
        const char *name = json_string_value(json_object_get(one, "name"));
        json_object_set_new(out, name,
                            strcmp(field, "state") == 0
                                ? json_pack("{s:s, s:n, s:n}", "state", "creating", "error", "output")
                                : json_pack("{s:b, s:{}}", "up", 1, "impair"));
    }
    return out;
}

static inline void fake_create(struct rpc_call *call, json_t *req, void *arg)
{
    struct fake_host *h = arg;
    const char *id = json_string_value(json_object_get(req, "lab"));
    const char *driver = json_string_value(json_object_get(req, "driver"));
    json_t *plan = json_object_get(req, "plan");

    if (strcmp(driver, "full") == 0) {
        fake_refuse(call, ERR_CAPACITY, "this host has no memory left");
        return;
    }
    json_t *lab =
        json_pack("{s:s, s:s, s:s, s:n, s:o, s:o, s:I, s:n, s:i}", "lab", id, "driver", driver, "state",
                  "starting", "error", "nodes", fake_table(json_object_get(plan, "nodes"), "state"), "links",
                  fake_table(json_object_get(plan, "links"), "up"), "created_ms", (json_int_t)loop_wall_ms(),
                  "ready_ms", "typed", 0);
    json_object_set_new(h->labs, id, lab);
    rpc_reply(call, NULL);
    fake_tell_lab(h, lab);
    fake_later(h, id);
}

static inline void fake_delete(struct rpc_call *call, json_t *req, void *arg)
{
    struct fake_host *h = arg;
    json_t *lab = fake_find(h, NULL, req);

    rpc_reply(call, NULL);
    if (lab == NULL)
        return;
    json_t *event = json_pack("{s:s, s:O}", "event", "gone", "lab", json_object_get(lab, "lab"));
    json_object_del(h->labs, json_string_value(json_object_get(event, "lab")));
    fake_tell(h, event);
}

static inline void fake_reset(struct rpc_call *call, json_t *req, void *arg)
{
    struct fake_host *h = arg;
    json_t *lab = fake_find(h, call, req);

    if (lab == NULL)
        return;
    fake_set_nodes(lab, NULL, "creating");
    fake_set_state(lab, "starting", NULL);
    rpc_reply(call, NULL);
    fake_later(h, json_string_value(json_object_get(lab, "lab")));
}

static inline void fake_start(struct rpc_call *call, json_t *req, void *arg)
{
    struct fake_host *h = arg;
    json_t *lab = fake_find(h, call, req);

    if (lab == NULL)
        return;
    json_t *node =
        json_object_get(req, "node") == NULL
            ? NULL
            : json_object_get(json_object_get(lab, "nodes"), json_string_value(json_object_get(req, "node")));
    if (node != NULL && fake_is(node, "state", "stopped")) {
        json_object_set_new(node, "state", json_string("creating"));
        json_object_set_new(node, "error", json_null());
    } else if (node == NULL) {
        fake_set_nodes(lab, "stopped", "creating");
    }
    fake_set_state(lab, "starting", NULL);
    rpc_reply(call, NULL);
    fake_later(h, json_string_value(json_object_get(lab, "lab")));
}

static inline bool fake_deaf(struct fake_host *h, struct rpc_call *call, const json_t *lab)
{
    if (!fake_is(lab, "driver", "deaf") || h->asked++ % 2 != 0)
        return false;
    fake_refuse(call, ERR_TIMEOUT, "no answer in time");
    return true;
}

static inline void fake_suspend(struct rpc_call *call, json_t *req, void *arg)
{
    struct fake_host *h = arg;
    json_t *lab = fake_find(h, call, req);

    if (lab == NULL)
        return;
    if (fake_deaf(h, call, lab))
        return;
    if (fake_is(lab, "driver", "rigid")) {
        fake_refuse(call, ERR_UNSUPPORTED, "driver rigid cannot suspend labs");
    } else if (fake_is(lab, "state", "running")) {
        fake_set_state(lab, "suspending", NULL);
        rpc_reply(call, NULL);
        fake_tell_lab(h, lab);
        fake_later(h, json_string_value(json_object_get(lab, "lab")));
    } else if (fake_is(lab, "state", "suspending") || fake_is(lab, "state", "suspended")) {
        rpc_reply(call, NULL);
    } else {
        fake_refuse(call, ERR_CONFLICT, "the lab does not run");
    }
}

static inline void fake_resume(struct rpc_call *call, json_t *req, void *arg)
{
    struct fake_host *h = arg;
    json_t *lab = fake_find(h, call, req);

    if (lab == NULL)
        return;
    if (fake_deaf(h, call, lab))
        return;
    if (!fake_is(lab, "state", "suspending") && !fake_is(lab, "state", "suspended") &&
        !fake_is(lab, "driver", "frail")) {
        rpc_reply(call, NULL);
    } else if (fake_is(lab, "driver", "tight")) {
        fake_refuse(call, ERR_CAPACITY, "this host has 100 MB of memory left, the lab needs 512 MB");
    } else {
        fake_set_state(lab, "starting", NULL);
        rpc_reply(call, NULL);
        fake_tell_lab(h, lab);
        fake_later(h, json_string_value(json_object_get(lab, "lab")));
    }
}

static inline void fake_get(struct rpc_call *call, json_t *req, void *arg)
{
    json_t *lab = fake_find(arg, call, req);

    if (lab != NULL)
        rpc_reply(call, json_deep_copy(lab));
}

static inline void fake_list(struct rpc_call *call, json_t *req, void *arg)
{
    struct fake_host *h = arg;
    json_t *list = json_array(), *lab;
    const char *id;

    (void)req;
    json_object_foreach(h->labs, id, lab) {
        json_array_append(list, lab);
    }
    rpc_reply(call, json_pack("{s:o}", "labs", list));
}

static inline void fake_link(struct rpc_call *call, json_t *req, void *arg)
{
    struct fake_host *h = arg;
    json_t *lab = fake_find(h, call, req);

    if (lab == NULL)
        return;
    json_t *link =
        json_object_get(json_object_get(lab, "links"), json_string_value(json_object_get(req, "link")));
    json_object_set(link, "up", json_object_get(req, "up"));
    if (json_object_get(req, "impair") != NULL)
        json_object_set(link, "impair", json_object_get(req, "impair"));
    rpc_reply(call, NULL);
}

static inline void fake_watcher_gone(struct frame_conn *c, const struct err *e, void *arg)
{
    struct fake_host *h = arg;

    (void)e;
    for (int i = 0; i < FAKE_WATCHERS; i++)
        if (h->watchers[i] == c)
            h->watchers[i] = NULL;
    frame_conn_free(c);
}

static inline void fake_ignore(struct frame_conn *c, uint8_t type, const uint8_t *p, size_t n, void *arg)
{
    (void)c, (void)type, (void)p, (void)n, (void)arg;
}

static inline void fake_events(struct rpc_call *call, json_t *req, void *arg)
{
    struct fake_host *h = arg;
    struct frame_conn *c = rpc_stream(call, NULL);
    const char *id;
    json_t *lab;
    int i = 0;

    (void)req;
    while (i < FAKE_WATCHERS && h->watchers[i] != NULL)
        i++;
    if (c == NULL || i == FAKE_WATCHERS)
        abort();
    h->watchers[i] = c;
    frame_conn_set(c, fake_ignore, fake_watcher_gone, h);
    json_object_foreach(h->labs, id, lab) {
        json_t *event = json_copy(lab);
        json_object_set_new(event, "event", json_string("lab"));
        frame_send_json(c, event);
    }
}

/* ---- streams ---- */

struct fake_console {
    uint64_t offset;
    size_t flood; /* bytes still to print */
};

static inline void fake_print(struct frame_conn *c, struct fake_console *t, const void *data, size_t n)
{
    uint8_t head[8];

    for (int i = 0; i < 8; i++)
        head[i] = (uint8_t)(t->offset >> (56 - 8 * i));
    t->offset += n;
    frame_send2(c, FRAME_OUTPUT, head, sizeof head, data, n);
}

static inline void fake_flood(struct frame_conn *c, void *arg)
{
    static uint8_t chunk[32u << 10];
    struct fake_console *t = arg;

    while (t->flood > 0 && frame_queued(c) < 8 * sizeof chunk) {
        memset(chunk, 'a' + (int)(t->offset / sizeof chunk % 26), sizeof chunk);
        t->flood -= sizeof chunk; /* first: the drain callback may come from inside the print */
        fake_print(c, t, chunk, sizeof chunk);
    }
}

static inline void fake_typed(struct frame_conn *c, uint8_t type, const uint8_t *p, size_t n, void *arg)
{
    struct fake_console *t = arg;
    char text[64];

    if (type == FRAME_INPUT && n == 5 && memcmp(p, "flood", 5) == 0) {
        t->flood = FAKE_FLOOD;
        fake_flood(c, t);
    } else if (type == FRAME_INPUT && n == 4 && memcmp(p, "exit", 4) == 0) {
        free(t);
        frame_conn_free(c);
    } else if (type == FRAME_INPUT) {
        fake_print(c, t, p, n);
    } else if (type == FRAME_RESIZE && n == 4) {
        int len = snprintf(text, sizeof text, "[%dx%d]", p[0] << 8 | p[1], p[2] << 8 | p[3]);
        fake_print(c, t, text, (size_t)len);
    }
}

static inline void fake_console_gone(struct frame_conn *c, const struct err *e, void *arg)
{
    (void)e;
    free(arg);
    frame_conn_free(c);
}

static inline void fake_console_open(struct rpc_call *call, json_t *req, void *arg)
{
    struct err e;

    if (fake_find(arg, call, req) == NULL)
        return;
    if (strcmp(json_string_value(json_object_get(req, "node")), "h2") == 0) {
        err_set(&e, ERR_CONFLICT, "node h2 does not run");
        rpc_fail(call, &e);
        return;
    }
    struct fake_console *t = xcalloc(1, sizeof *t);
    json_int_t offset = json_integer_value(json_object_get(req, "offset"));
    t->offset = offset < 0 ? 100 : (uint64_t)offset;
    struct frame_conn *c = rpc_stream(call, json_pack("{s:I}", "offset", (json_int_t)t->offset));
    frame_conn_set(c, fake_typed, fake_console_gone, t);
    frame_conn_on_drain(c, fake_flood);
}

static inline void fake_betray(struct fake_host *h, json_t *lab, const char *name)
{
    AUTO(mem_freep) char *error = xasprintf("node %s: no memory", name);
    AUTO(mem_freep) char *beside = xasprintf("%s:eth0 is in the way", name);
    const char *other;
    json_t *node;

    json_object_set_new(lab, "betrayed", json_string(name));
    json_object_foreach(json_object_get(lab, "nodes"), other, node) {
        json_object_set_new(node, "error", json_string(beside));
    }
    fake_set_state(lab, "failed", error);
    fake_tell_lab(h, lab);
}

/* Prints its arguments, then its input until the end of file, and ends with 7. */
static inline void fake_exec_input(struct frame_conn *c, uint8_t type, const uint8_t *p, size_t n, void *arg)
{
    const uint8_t status = 7;

    (void)arg;
    if (type != FRAME_INPUT)
        return;
    if (n > 0) {
        frame_send(c, FRAME_ERROR, p, n);
        return;
    }
    frame_send(c, FRAME_EXIT, &status, 1);
    frame_close_after_send(c);
}

static inline void fake_stream_gone(struct frame_conn *c, const struct err *e, void *arg)
{
    (void)e, (void)arg;
    frame_conn_free(c);
}

static inline void fake_exec_open(struct rpc_call *call, json_t *req, void *arg)
{
    json_t *word, *lab = fake_find(arg, call, req);
    size_t i;

    if (lab == NULL)
        return;
    if (strcmp(json_string_value(json_array_get(json_object_get(req, "argv"), 0)), "poweroff") == 0) {
        json_t *node =
            json_object_get(json_object_get(lab, "nodes"), json_string_value(json_object_get(req, "node")));
        json_object_set_new(node, "state", json_string("stopped"));
        json_object_set_new(node, "error", json_string(FAKE_OFF));
        fake_tell_lab(arg, lab);
    }
    if (strcmp(json_string_value(json_array_get(json_object_get(req, "argv"), 0)), "betray") == 0)
        fake_betray(arg, lab, json_string_value(json_object_get(req, "node")));
    struct frame_conn *c = rpc_stream(call, NULL);
    frame_conn_set(c, fake_exec_input, fake_stream_gone, NULL);
    json_array_foreach(json_object_get(req, "argv"), i, word) {
        frame_send(c, FRAME_OUTPUT, json_string_value(word), json_string_length(word));
    }
}

static inline void fake_capture_open(struct rpc_call *call, json_t *req, void *arg)
{
    const char *port = json_string_value(json_object_get(req, "port"));

    if (fake_find(arg, call, req) == NULL)
        return;
    struct frame_conn *c = rpc_stream(call, NULL);
    frame_conn_set(c, fake_ignore, fake_stream_gone, NULL);
    frame_send(c, FRAME_OUTPUT, port, strlen(port));
}

/* A packet at the far port of 'probe', or its answer there; no router forwarded it. */
static inline json_t *fake_sighting(const json_t *probe, bool reply)
{
    json_t *self = json_string("10.9.0.250"), *to = json_incref(json_object_get(probe, "to"));

    return json_pack("{s:O, s:s, s:s, s:i, s:o, s:o, s:i, s:s, s:i}", "port", json_object_get(probe, "far"),
                     "dir", reply ? "out" : "in", "what", reply ? "reply" : "request", "t_us",
                     1100 + reply * 10, "src", reply ? to : self, "dst", reply ? self : to, "ttl", 64,
                     "frame", "01020304", "length", 60);
}

/* Every probe was sent once; those to 10.9.0.2 arrived and were answered, the others were not. */
static inline void fake_probe(struct rpc_call *call, json_t *req, void *arg)
{
    json_t *out = json_array(), *one;
    size_t i;

    if (fake_find(arg, call, req) == NULL)
        return;
    json_array_foreach(json_object_get(json_object_get(req, "spec"), "probes"), i, one) {
        bool up = strcmp(json_string_value(json_object_get(one, "to")), "10.9.0.2") == 0;

        json_array_append_new(out, json_pack("{s:O, s:n, s:[{s:i, s:o, s:i, s:n, s:b, s:b, s:[o*, o*]}]}",
                                             "id", json_object_get(one, "id"), "error", "samples", "sent_us",
                                             1000, "reply_us", up ? json_integer(1200) : json_null(),
                                             "reply_ttl", up ? 64 : 0, "tcp", "data", 0, "echo", 0,
                                             "sightings", up ? fake_sighting(one, false) : NULL,
                                             up ? fake_sighting(one, true) : NULL));
    }
    rpc_reply(call, json_pack("{s:{s:i, s:o}}", "result", "lost", 0, "probes", out));
}

/* Serves until it is killed.  'file': where the labs are kept, or NULL. */
static inline void __attribute__((noreturn)) fake_host_run(const char *socket, const char *file)
{
    static const struct rpc_method methods[] = {
        {"host.status", fake_status},  {"lab.create", fake_create},
        {"lab.delete", fake_delete},   {"lab.reset", fake_reset},
        {"lab.start", fake_start},     {"lab.suspend", fake_suspend},
        {"lab.resume", fake_resume},   {"lab.get", fake_get},
        {"lab.list", fake_list},       {"link.set", fake_link},
        {"events", fake_events},       {"console.open", fake_console_open},
        {"exec.open", fake_exec_open}, {"capture.open", fake_capture_open},
        {"probe.run", fake_probe},     {NULL, NULL},
    };
    json_t *kept = file != NULL ? json_load_file(file, 0, NULL) : NULL;
    struct fake_host h = {.labs = kept != NULL ? kept : json_object(), .file = file};
    const char *id;
    json_t *lab;
    struct err e;

    h.loop = loop_new(&e);
    json_object_foreach(h.labs, id, lab) {
        if (h.loop != NULL)
            fake_later(&h, id); /* what was begun is finished */
    }
    if (h.loop == NULL || rpc_server_new(h.loop, socket, getuid(), methods, &h, &e) == NULL ||
        loop_run(h.loop, &e) < 0)
        fprintf(stderr, "fake labhost: %s\n", e.msg);
    _exit(1);
}

#endif
