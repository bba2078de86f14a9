/* labctl regrade: all attempts at an exercise, judged again. */
#include "labd/base/loop.h"
#include "labd/base/mem.h"
#include "labd/base/name.h"
#include "labd/ctl/ctl.h"
#include "labd/ctl/ctl_http.h"
#include "labd/ctl/ctl_lab.h"
#include "labd/ctl/ctl_text.h"

#include <string.h>
#include <unistd.h>

static void decrefp(json_t **j)
{
    json_decref(*j);
}

/* Waits until it is over; '*g' is replaced. */
static int await(struct ctl *c, const char *path, json_t **g, struct err *e)
{
    bool visible = isatty(fileno(c->err)) == 1;
    int64_t since = loop_now_ms();

    while (strcmp(text_str(*g, "state"), "running") == 0) {
        if (visible)
            fprintf(c->err, "\r\033[K%lld of %lld attempts", (long long)text_int(*g, "done"),
                    (long long)text_int(*g, "total"));
        json_decref(TAKE(*g));
        ctl_pause(since);
        if (ctl_signals_caught())
            return err_set(e, ERR_TIMEOUT, "interrupted; labd goes on");
        if (ctl_http(c->http, "GET", path, NULL, g, e) < 0)
            return -1;
    }
    if (visible)
        fputs("\r\033[K", c->err);
    if (strcmp(text_str(*g, "state"), "done") != 0)
        return err_set(e, ERR_INTERNAL, "not all attempts were judged again: %s", text_str(*g, "error"));
    return 0;
}

static void score_cell(struct text_table *t, const json_t *attempt, const char *key)
{
    const json_t *s = json_object_get(attempt, key);

    text_cell(t, "%lld/%lld", (long long)text_int(s, "score"), (long long)text_int(s, "max_score"));
}

static void print(struct ctl *c, const json_t *g)
{
    AUTO(text_table_clear) struct text_table t = {.columns = 4};
    const json_t *attempts = json_object_get(g, "attempts"), *a, *k;
    size_t i, n;

    if (json_array_size(attempts) > 0) {
        text_cell(&t, "STUDENT");
        text_cell(&t, "ATTEMPT");
        text_cell(&t, "BEFORE");
        text_cell(&t, "AFTER");
    }
    json_array_foreach(attempts, i, a) {
        text_cell(&t, "%s", text_str(a, "login"));
        text_cell(&t, "%lld", (long long)text_int(a, "number"));
        score_cell(&t, a, "before");
        score_cell(&t, a, "after");
    }
    text_table_print(&t, c->out);
    json_array_foreach(attempts, i, a) {
        AUTO(mem_freep)
        char *who = xasprintf("%s, attempt %lld", text_str(a, "login"), (long long)text_int(a, "number"));

        json_array_foreach(json_object_get(a, "kept"), n, k) {
            AUTO(mem_freep)
            char *line =
                xasprintf("%s: %s keeps its verdict: %s", who, text_str(k, "check"), text_str(k, "why"));
            text_lines(c->out, "", line);
        }
        if (text_str(a, "refused")[0] != '\0') {
            AUTO(mem_freep) char *line = xasprintf("%s: not judged again: %s", who, text_str(a, "refused"));
            text_lines(c->out, "", line);
        }
    }
    if (json_is_true(json_object_get(g, "cut")))
        fputs("More attempts are not listed.\n", c->out);
    fprintf(c->out,
            "%lld attempts: %lld changed, %lld with checks that kept their verdict, %lld not judged again\n",
            (long long)text_int(g, "done"), (long long)text_int(g, "changed"), (long long)text_int(g, "kept"),
            (long long)text_int(g, "refused"));
}

int cmd_regrade(struct ctl *c, struct err *e)
{
    AUTO(decrefp) json_t *g = NULL;

    if (name_check(c->args[0], "exercise", e) < 0)
        return -1;
    AUTO(mem_freep) char *path = xasprintf("/api/v1/exercises/%s/regrade", c->args[0]);
    if (ctl_http(c->http, "POST", path, NULL, &g, e) < 0 || await(c, path, &g, e) < 0)
        return -1;
    if (c->flag[FLAG_JSON] != NULL)
        text_json(c->out, g);
    else
        print(c, g);
    return text_int(g, "kept") == 0 && text_int(g, "refused") == 0 ? 0 : 1;
}
