#include "labd/site/watch.h"

#include "labd/base/mem.h"
#include "labd/site/attempts.h"
#include "labd/site/http/http_events.h"
#include "labd/site/labs.h"

#include <string.h>

struct watcher {
    struct site *site;
    struct watcher *next, **prev;
    struct http_events *ev;
    int64_t inst, session;
    char lab[LAB_ID_SIZE];
    enum lab_view view;
    bool lab_new, attempt_new, gone;
};

static void fill(struct buf *out, void *arg)
{
    struct watcher *w = arg;
    struct lab *lab = labs_find(w->site->labs, w->inst, w->lab);

    if (w->gone) {
        AUTO(mem_freep) char *data = xasprintf("{\"id\":\"%s\"}", w->lab);
        http_event_add(out, "gone", data);
        w->gone = false;
        http_events_stop(w->ev);
        return;
    }
    if (lab == NULL)
        return;
    if (w->lab_new)
        http_event_add(out, "lab", lab_status_text(lab, w->view));
    if (w->attempt_new && lab->attempt != NULL) {
        json_t *attempt = attempt_seen(lab->attempt, w->view);
        AUTO(mem_freep) char *data = json_dumps(attempt, JSON_COMPACT);
        json_decref(attempt);
        http_event_add(out, "attempt", data);
    }
    w->lab_new = w->attempt_new = false;
}

static void end(void *arg)
{
    struct watcher *w = arg;

    *w->prev = w->next;
    if (w->next != NULL)
        w->next->prev = w->prev;
    free(w);
}

void watch_lab(struct http_req *r, void *arg)
{
    struct site *s = arg;
    const struct lab *lab = labs_visible(s, r, http_param(r, "id"));

    if (lab == NULL)
        return;
    struct watcher *w = xcalloc(1, sizeof *w);
    *w = (struct watcher){.site = s,
                          .next = s->watchers,
                          .prev = &s->watchers,
                          .inst = lab->inst,
                          .session = who_of(r)->session,
                          .view = lab_view(lab, who_of(r)),
                          .lab_new = true};
    memcpy(w->lab, lab->row.id, sizeof w->lab);
    if (w->next != NULL)
        w->next->prev = &w->next;
    s->watchers = w;
    w->ev = http_reply_events(r, fill, end, w);
}

void watchers_lab_changed(struct site *s, const char *lab)
{
    for (struct watcher *w = s->watchers; w != NULL; w = w->next) {
        if (strcmp(w->lab, lab) != 0)
            continue;
        w->lab_new = true;
        http_events_wake(w->ev);
    }
}

void watchers_attempt_changed(struct site *s, const char *lab)
{
    for (struct watcher *w = s->watchers; w != NULL; w = w->next) {
        if (strcmp(w->lab, lab) != 0)
            continue;
        w->attempt_new = true;
        http_events_wake(w->ev);
    }
}

void watchers_lab_gone(struct site *s, const char *lab)
{
    for (struct watcher *w = s->watchers; w != NULL; w = w->next) {
        if (strcmp(w->lab, lab) != 0)
            continue;
        w->gone = true;
        http_events_wake(w->ev);
    }
}

void watchers_end_session(struct site *s, int64_t session)
{
    for (struct watcher *w = s->watchers; w != NULL; w = w->next)
        if (w->session == session)
            http_events_stop(w->ev);
}
