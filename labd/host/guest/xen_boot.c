/* Waiting for guests to boot: the agent in each writes to xenstore how its startup script ended (xen_agent.h);
 * what was read is kept in the node's run folder (guest_result.h), where later processes find it. */
#include "labd/host/guest/guest_result.h"
#include "labd/host/guest/xen_agent.h"
#include "labd/host/guest/xen_int.h"

#include "labd/base/loop.h"
#include "labd/base/mem.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xenstore.h>

#define KEY_SIZE 96
#define BOOT_LINE_MAX 16u
#define LOOK_MS 2000 /* between looks at the list of domains: a guest that dies says nothing */

struct waiting {
    size_t node;
    uint32_t domid;
    bool done;
};

struct wait {
    const struct guest_lab *lab;
    struct xs_handle *xs;
    struct waiting *v;
    size_t n, open;
    guest_report_fn *report;
    void *arg;
};

static void finish(struct wait *w, struct waiting *one, const struct err *why, const char *output, size_t n)
{
    const struct node_ref ref = node_ref(w->lab, one->node);

    one->done = true;
    w->open--;
    xen_born_del(&ref);
    w->report(one->node, why, output, n, w->arg);
}

static void finish_text(struct wait *w, struct waiting *one, const struct buf *text)
{
    struct guest_result r = {0};
    struct err why = {0};
    bool ok = guest_result_parse(buf_str(text), text->len, &r, &why) == 0 && guest_result_err(&r, &why) == 0;

    finish(w, one, ok ? NULL : &why, r.output != NULL ? r.output : "", r.n);
}

static void key(char out[KEY_SIZE], uint32_t domid, const char *below)
{
    snprintf(out, KEY_SIZE, "/local/domain/%u/%s", domid, below);
}

/* The result in the form that lab-init gives it: "ok\n" or "failed N\n", then the output. */
static bool read_result(struct wait *w, const struct waiting *one, struct buf *text)
{
    char path[KEY_SIZE], part[32];

    key(path, one->domid, XEN_AGENT_BOOT);
    if (!xen_store_read(w->xs, path, BOOT_LINE_MAX, text) || text->len == 0)
        return false;
    buf_putc(text, '\n');
    for (unsigned i = 0; i < XEN_AGENT_OUTPUT_PARTS; i++) {
        snprintf(part, sizeof part, XEN_AGENT_OUTPUT_KEY "/%u", i);
        key(path, one->domid, part);
        if (!xen_store_read(w->xs, path, XEN_AGENT_OUTPUT_PART_MAX, text))
            break;
    }
    return true;
}

static void look(struct wait *w, struct waiting *one)
{
    const struct node_ref ref = node_ref(w->lab, one->node);
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct guest_result r;
    struct err why = {0};
    char run[PATH_MAX];

    if (one->done || !read_result(w, one, &text))
        return;
    if (guest_result_parse(buf_str(&text), text.len, &r, &why) < 0 || path_run(&ref, "", run, &why) < 0 ||
        guest_result_save(run, buf_str(&text), text.len, &why) < 0)
        finish(w, one, &why, NULL, 0);
    else
        finish_text(w, one, &text);
}

/* A guest that ended before it was ready. */
static void look_for_dead(struct wait *w)
{
    AUTO(xen_domains_clear) struct xen_domains d = {0};
    struct err why;

    if (xen_domains_read(w->lab->host, w->lab->plan->lab, &d, &why) < 0)
        return;
    for (size_t i = 0; i < w->n; i++) {
        struct waiting *one = &w->v[i];
        const struct xen_domain *now = xen_domains_find(&d, one->node);
        if (one->done || (now != NULL && !now->ended && now->domid == one->domid))
            continue;
        err_set(&why, ERR_TOOL, "node %s %s before it was ready; its console tells more",
                w->lab->plan->nodes[one->node].name,
                now != NULL && now->end == GUEST_END_CRASH ? "crashed" : "ended");
        finish(w, one, &why, NULL, 0);
    }
}

/* Starts waiting for a node, or reports it at once if it has booted already. */
static void begin(struct wait *w, struct waiting *one, const struct xen_domains *d)
{
    const struct node_ref ref = node_ref(w->lab, one->node);
    const struct xen_domain *now = xen_domains_find(d, one->node);
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct err why;
    char run[PATH_MAX], path[KEY_SIZE], token[16];

    one->domid = now != NULL ? now->domid : 0;
    if (path_run(&ref, "", run, &why) == 0 && guest_result_load(run, &text, &why) == 0) {
        finish_text(w, one, &text);
        return;
    }
    if (now == NULL || !xen_born_has(&ref)) {
        err_set(&why, ERR_CONFLICT, "node %s was started by a process that has ended; start it again",
                ref.node);
        finish(w, one, &why, NULL, 0);
        return;
    }
    key(path, one->domid, XEN_AGENT_BOOT);
    snprintf(token, sizeof token, "%zu", (size_t)(one - w->v));
    if (!xs_watch(w->xs, path, token)) {
        err_sys(&why, "watch node %s in xenstore", ref.node);
        finish(w, one, &why, NULL, 0);
    }
}

static void give_up(struct wait *w, unsigned timeout_ms)
{
    for (size_t i = 0; i < w->n; i++) {
        struct err why;
        if (w->v[i].done)
            continue;
        err_set(&why, ERR_TIMEOUT, "the startup of node %s did not finish within %u s",
                w->lab->plan->nodes[w->v[i].node].name, timeout_ms / 1000);
        finish(w, &w->v[i], &why, NULL, 0);
    }
}

static void read_events(struct wait *w)
{
    char **event;

    while ((event = xs_check_watch(w->xs)) != NULL) {
        unsigned long i = strtoul(event[XS_WATCH_TOKEN], NULL, 10);
        free(event);
        if (i < w->n)
            look(w, &w->v[i]);
    }
}

static void wait_all(struct wait *w, unsigned timeout_ms)
{
    int64_t due = loop_now_ms() + timeout_ms;
    struct pollfd p = {.fd = xs_fileno(w->xs), .events = POLLIN};

    while (w->open > 0) {
        int64_t left = due - loop_now_ms();
        if (left <= 0) {
            give_up(w, timeout_ms);
            return;
        }
        if (poll(&p, 1, left < LOOK_MS ? (int)left : LOOK_MS) <= 0)
            look_for_dead(w);
        read_events(w);
    }
}

int xen_wait(const struct guest_lab *lab, const size_t *nodes, size_t n, unsigned timeout_ms,
             guest_report_fn *report, void *arg, struct err *e)
{
    AUTO(mem_freep) struct waiting *v = xcalloc(n + 1, sizeof *v);
    AUTO(xen_domains_clear) struct xen_domains d = {0};

    /* What an interrupted wake() has left standing still. */
    if (xen_domains_read(lab->host, lab->plan->lab, &d, e) < 0 || xen_pause(&d, false, e) < 0)
        return -1;
    AUTO(xen_store_closep) struct xs_handle *xs = xen_store_open(e);
    if (xs == NULL)
        return -1;
    struct wait w = {.lab = lab, .xs = xs, .v = v, .n = n, .open = n, .report = report, .arg = arg};
    for (size_t i = 0; i < n; i++)
        v[i].node = nodes[i];
    for (size_t i = 0; i < n; i++)
        begin(&w, &v[i], &d);
    wait_all(&w, timeout_ms);
    return 0;
}
