#include "labd/ctl/ctl_lab.h"

#include "labd/base/loop.h"
#include "labd/base/mem.h"
#include "labd/ctl/ctl.h"
#include "labd/ctl/ctl_http.h"
#include "labd/ctl/ctl_text.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#define UNREACHABLE_MAX_MS 30000
#define REMOVE_MAX_MS 180000
#define GRADE_MAX_MS 1800000

void ctl_pause(int64_t since)
{
    int64_t ms = (loop_now_ms() - since) / 20;
    ms = ms < 10 ? 10 : ms > 1000 ? 1000 : ms;
    const struct timespec t = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&t, NULL); /* a signal may cut it short */
}

int ctl_lab_status(struct ctl *c, const char *id, json_t **status, struct err *e)
{
    AUTO(mem_freep) char *path = xasprintf("/api/v1/labs/%s", id);

    return ctl_http(c->http, "GET", path, NULL, status, e);
}

int ctl_lab_start(struct ctl *c, json_t *body, char id[LAB_ID_SIZE], struct err *e)
{
    json_t *lab = NULL;

    if (ctl_http(c->http, "POST", "/api/v1/labs", body, &lab, e) < 0)
        return -1;
    bool ok = lab_id_ok(text_str(lab, "id"));
    if (ok)
        memcpy(id, text_str(lab, "id"), LAB_ID_SIZE);
    json_decref(lab);
    return ok ? 0 : err_set(e, ERR_PROTOCOL, "labd gave the lab no id");
}

int ctl_lab_list(struct ctl *c, json_t **labs, struct err *e)
{
    json_t *j = NULL;

    if (ctl_http(c->http, "GET", "/api/v1/labs?all=1", NULL, &j, e) < 0 &&
        (e->code != ERR_DENIED || ctl_http(c->http, "GET", "/api/v1/labs", NULL, &j, e) < 0))
        return -1;
    json_t *list = json_object_get(j, "labs");
    if (!json_is_array(list)) {
        json_decref(j);
        return err_set(e, ERR_PROTOCOL, "labd sent no list of labs");
    }
    *labs = json_incref(list);
    json_decref(j);
    return 0;
}

int ctl_lab_find(struct ctl *c, const char *arg, char id[LAB_ID_SIZE], struct err *e)
{
    json_t *labs = NULL, *lab;
    char found[LAB_ID_SIZE] = "";
    size_t i, n = 0;

    if (name_check(arg, "lab", e) < 0)
        return -1;
    if (lab_id_ok(arg)) {
        int rc = ctl_lab_status(c, arg, NULL, e);
        if (rc == 0)
            memcpy(id, arg, LAB_ID_SIZE);
        if (rc == 0 || e->code != ERR_NOT_FOUND)
            return rc;
    }
    if (ctl_lab_list(c, &labs, e) < 0)
        return -1;
    json_array_foreach(labs, i, lab) {
        const char *s = text_str(lab, "id");

        if (strcmp(text_str(lab, "name"), arg) == 0 && lab_id_ok(s) && n++ == 0)
            memcpy(found, s, LAB_ID_SIZE);
    }
    json_decref(labs);
    if (n == 0)
        return err_set(e, ERR_NOT_FOUND, "there is no lab %s: labctl list shows those there are", arg);
    if (n > 1)
        return err_set(e, ERR_CONFLICT, "%zu labs are called %s: use the id, which labctl list shows", n,
                       arg);
    memcpy(id, found, LAB_ID_SIZE);
    return 0;
}

/* ---- waiting for a start, for sleep ---- */

struct waiting {
    struct ctl *c;
    bool show;
    size_t shown; /* nodes up when last shown */
    json_t *last; /* or NULL */
    int64_t lost; /* when the stream was lost, 0: it was not */
};

static void show(struct waiting *w, const json_t *lab)
{
    const json_t *nodes = json_object_get(lab, "nodes"), *node;
    size_t i, up = 0;
    const char *name = "";

    json_array_foreach(nodes, i, node) {
        if (strcmp(text_str(node, "state"), "running") != 0)
            continue;
        up++;
        name = text_str(node, "name");
    }
    if (up == w->shown)
        return;
    w->shown = up;
    AUTO(mem_freep) char *safe = text_safe(name, strlen(name));
    fprintf(w->c->err, "\r\033[K%zu of %zu nodes are up, %s", up, json_array_size(nodes), safe);
    fflush(w->c->err);
}

static bool settled(struct waiting *w, json_t *lab)
{
    json_decref(w->last);
    w->last = json_incref(lab);
    if (w->show)
        show(w, lab);
    return strcmp(text_str(lab, "state"), "starting") != 0 &&
           strcmp(text_str(lab, "state"), "suspending") != 0;
}

static bool on_event(const char *event, const char *data, void *arg)
{
    struct waiting *w = arg;

    if (strcmp(event, "lab") != 0)
        return true;
    w->lost = 0;
    json_t *lab = json_loads(data, 0, NULL);
    bool done = json_is_object(lab) && settled(w, lab);
    json_decref(lab);
    return !done;
}

/* The sentence for a lab that is not as it was to be. */
static int judge(const json_t *lab, const char *want, struct err *e)
{
    const json_t *nodes = json_object_get(lab, "nodes"), *node;
    const char *state = text_str(lab, "state"), *error = text_str(lab, "error"), *id = text_str(lab, "id");
    size_t i;

    if (strcmp(state, want) == 0)
        return 0;
    json_array_foreach(nodes, i, node) {
        if (strcmp(state, "failed") == 0 && strcmp(text_str(node, "state"), "failed") == 0)
            return err_set(e, ERR_TOOL, "node %s of lab %s failed: %s", text_str(node, "name"), id,
                           text_str(node, "error"));
    }
    if (error[0] != '\0')
        return err_set(e, ERR_TOOL, "lab %s is %s: %s", id, state, error);
    return err_set(e, ERR_CONFLICT, "lab %s is %s", id, state);
}

/* What a failed node's startup printed. */
static void show_output(const struct ctl *c, const json_t *lab)
{
    const json_t *nodes = json_object_get(lab, "nodes"), *node;
    size_t i;

    json_array_foreach(nodes, i, node) {
        if (strcmp(text_str(node, "state"), "failed") != 0 || text_str(node, "output")[0] == '\0')
            continue;
        ctl_say(c, "node %s printed:", text_str(node, "name"));
        text_lines(c->err, "    ", text_str(node, "output"));
    }
}

int ctl_lab_wait(struct ctl *c, const char *id, const char *want, json_t **status, struct err *e)
{
    AUTO(mem_freep) char *path = xasprintf("/api/v1/labs/%s/events", id);
    bool starts = strcmp(want, "running") == 0;
    struct waiting w = {.c = c, .show = starts && isatty(fileno(c->err)) == 1, .shown = SIZE_MAX};
    int rc;

    while ((rc = ctl_http_events(c->http, path, on_event, &w, e)) < 0 && e->code == ERR_UNREACHABLE &&
           !ctl_signals_caught()) {
        if (w.last == NULL)
            break; /* was never there: nothing to wait out */
        if (w.lost == 0)
            w.lost = loop_now_ms();
        if (loop_now_ms() - w.lost > UNREACHABLE_MAX_MS)
            break;
        ctl_pause(w.lost);
    }
    if (w.show && w.shown != SIZE_MAX)
        fputs("\r\033[K", c->err);
    if (rc == 0) {
        rc = judge(w.last, want, e);
        if (rc < 0)
            show_output(c, w.last);
    }
    if (status != NULL)
        *status = TAKE(w.last);
    json_decref(w.last);
    return rc;
}

int ctl_lab_await_gone(struct ctl *c, const char *id, struct err *e)
{
    int64_t since = loop_now_ms();
    json_t *lab = NULL;

    for (;;) {
        ctl_pause(since);
        if (ctl_lab_status(c, id, &lab, e) < 0)
            return e->code == ERR_NOT_FOUND ? 0 : -1;
        AUTO(mem_freep) char *why = xstrdup(text_str(lab, "error"));
        json_decref(lab);
        if (loop_now_ms() - since > REMOVE_MAX_MS)
            return err_set(e, ERR_TIMEOUT, "lab %s is still not gone after %d seconds%s%s", id,
                           REMOVE_MAX_MS / 1000, why[0] != '\0' ? ": " : "", why);
        if (ctl_signals_caught())
            return err_set(e, ERR_TIMEOUT, "interrupted; lab %s is being removed", id);
    }
}

int ctl_lab_remove(struct ctl *c, const char *id, struct err *e)
{
    AUTO(mem_freep) char *path = xasprintf("/api/v1/labs/%s", id);

    return ctl_http(c->http, "DELETE", path, NULL, NULL, e) < 0 ? -1 : ctl_lab_await_gone(c, id, e);
}

/* The path of an attempt, whose id may be a number or a word; NULL if it is neither. */
static char *attempt_path(const json_t *a)
{
    const char *word = text_str(a, "id");

    if (json_is_integer(json_object_get(a, "id")))
        return xasprintf("/api/v1/attempts/%lld", (long long)text_int(a, "id"));
    if (word[0] == '\0' ||
        word[strspn(word, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_")] != '\0')
        return NULL;
    return xasprintf("/api/v1/attempts/%s", word);
}

int ctl_lab_grade(struct ctl *c, const char *id, json_t **attempt, struct err *e)
{
    AUTO(mem_freep) char *path = xasprintf("/api/v1/labs/%s/attempts", id), *one = NULL;
    bool visible = isatty(fileno(c->err)) == 1;
    int64_t since = loop_now_ms();
    json_t *a = NULL;

    if (ctl_http(c->http, "POST", path, NULL, &a, e) < 0)
        return -1;
    one = attempt_path(a);
    if (one == NULL) {
        json_decref(a);
        return err_set(e, ERR_PROTOCOL, "labd gave the attempt no id");
    }
    while (strcmp(text_str(a, "state"), "queued") == 0 || strcmp(text_str(a, "state"), "running") == 0) {
        const json_t *progress = json_object_get(a, "progress");

        if (visible && json_is_object(progress))
            fprintf(c->err, "\r\033[K%lld of %lld checks hold", (long long)text_int(progress, "done"),
                    (long long)text_int(progress, "total"));
        json_decref(a);
        a = NULL;
        ctl_pause(since);
        if (ctl_signals_caught())
            return err_set(e, ERR_TIMEOUT, "interrupted");
        if (ctl_http(c->http, "GET", one, NULL, &a, e) < 0)
            return -1;
        if (loop_now_ms() - since > GRADE_MAX_MS) {
            json_decref(a);
            return err_set(e, ERR_TIMEOUT, "lab %s is still being graded after %d minutes", id,
                           GRADE_MAX_MS / 60000);
        }
    }
    if (visible)
        fputs("\r\033[K", c->err);
    if (strcmp(text_str(a, "state"), "done") != 0 || !json_is_object(json_object_get(a, "report"))) {
        err_set(e, ERR_INTERNAL, "lab %s could not be graded: %s", id,
                text_str(a, "error")[0] != '\0' ? text_str(a, "error") : "labd does not say why");
        json_decref(a);
        return -1;
    }
    *attempt = a;
    return 0;
}
