/* labctl status: a lab, or the machine. */
#include "labd/base/buf.h"
#include "labd/base/mem.h"
#include "labd/ctl/ctl.h"
#include "labd/ctl/ctl_http.h"
#include "labd/ctl/ctl_lab.h"
#include "labd/ctl/ctl_text.h"

#include <string.h>

static void line(FILE *f, const char *text)
{
    text_lines(f, "", text);
}

static void print_head(FILE *f, const json_t *lab)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    int64_t started = text_int(lab, "started_ms"), ready = text_int(lab, "ready_ms");

    buf_printf(&b, "lab %s, %s: %s", text_str(lab, "id"), text_str(lab, "name"), text_str(lab, "state"));
    if (ready > started && started > 0)
        buf_printf(&b, ", started in %.2f s", (double)(ready - started) / 1e3);
    line(f, buf_str(&b));
    buf_truncate(&b, 0);
    if (text_str(lab, "exercise")[0] != '\0')
        buf_printf(&b, "exercise %s, ", text_str(lab, "exercise"));
    buf_printf(&b, "owner %s, driver %s", text_str(json_object_get(lab, "owner"), "login"),
               text_str(lab, "driver"));
    line(f, buf_str(&b));
    if (text_str(lab, "error")[0] != '\0') {
        AUTO(mem_freep) char *text = xasprintf("error: %s", text_str(lab, "error"));
        line(f, text);
    }
}

/* "eth0 10.0.1.1/24, eth1" */
static void interfaces(const json_t *node, struct buf *out)
{
    const json_t *list = json_object_get(node, "interfaces"), *iface, *address;
    size_t i, k;

    json_array_foreach(list, i, iface) {
        buf_printf(out, "%s%s", i > 0 ? ", " : "", text_str(iface, "name"));
        json_array_foreach(json_object_get(iface, "addresses"), k, address) {
            buf_printf(out, " %s", json_is_string(address) ? json_string_value(address) : "?");
        }
    }
}

/* ", hidden": students do not see it, and whoever reads this does. */
static const char *hidden(const json_t *part)
{
    return json_is_true(json_object_get(part, "hidden")) ? ", hidden" : "";
}

static void print_nodes(FILE *f, const json_t *lab)
{
    AUTO(text_table_clear) struct text_table t = {.columns = 4};
    const json_t *nodes = json_object_get(lab, "nodes"), *node;
    size_t i;

    text_cell(&t, "NODE");
    text_cell(&t, "KIND");
    text_cell(&t, "STATE");
    text_cell(&t, "INTERFACES");
    json_array_foreach(nodes, i, node) {
        AUTO(buf_clear) struct buf b = BUF_INIT;

        interfaces(node, &b);
        text_cell(&t, "%s", text_str(node, "name"));
        text_cell(&t, "%s%s", text_str(node, "kind"), hidden(node));
        text_cell(&t, "%s", text_str(node, "state"));
        text_cell(&t, "%s", buf_str(&b));
    }
    text_table_print(&t, f);
    json_array_foreach(nodes, i, node) {
        if (text_str(node, "error")[0] == '\0') /* what went well is not news */
            continue;
        AUTO(mem_freep) char *text = xasprintf("\n%s: %s", text_str(node, "name"), text_str(node, "error"));
        line(f, text);
        text_lines(f, "    ", text_str(node, "output"));
    }
}

static void end_cell(struct text_table *t, const json_t *end)
{
    const char *iface = text_str(end, "interface");

    text_cell(t, "%s%s%s", text_str(end, "node"), iface[0] != '\0' ? ":" : "", iface);
}

/* "delay 20ms", or "a: none, b: delay 20ms" when the directions differ. */
static void link_impair(const json_t *link, struct buf *out)
{
    AUTO(buf_clear) struct buf a = BUF_INIT, b = BUF_INIT;
    const json_t *impair = json_object_get(link, "impairment");

    text_impair(json_object_get(impair, "a"), &a);
    text_impair(json_object_get(impair, "b"), &b);
    if (strcmp(buf_str(&a), buf_str(&b)) == 0)
        buf_puts(out, buf_str(&a));
    else
        buf_printf(out, "from a: %s; from b: %s", buf_str(&a), buf_str(&b));
}

static void print_links(FILE *f, const json_t *lab)
{
    AUTO(text_table_clear) struct text_table t = {.columns = 5};
    const json_t *links = json_object_get(lab, "links"), *link;
    size_t i;

    if (json_array_size(links) == 0)
        return;
    text_cell(&t, "LINK");
    text_cell(&t, "A");
    text_cell(&t, "B");
    text_cell(&t, "STATE");
    text_cell(&t, "IMPAIRMENT");
    json_array_foreach(links, i, link) {
        AUTO(buf_clear) struct buf b = BUF_INIT;

        link_impair(link, &b);
        text_cell(&t, "%s", text_str(link, "name"));
        end_cell(&t, json_object_get(link, "a"));
        end_cell(&t, json_object_get(link, "b"));
        text_cell(&t, "%s%s", text_str(link, "state"), hidden(link));
        text_cell(&t, "%s", buf_str(&b));
    }
    putc('\n', f);
    text_table_print(&t, f);
}

static void print_questions(FILE *f, const json_t *lab)
{
    AUTO(text_table_clear) struct text_table t = {.columns = 4};
    const json_t *questions = json_object_get(lab, "questions"), *q;
    size_t i;

    if (json_array_size(questions) == 0)
        return;
    text_cell(&t, "QUESTION");
    text_cell(&t, "TEXT");
    text_cell(&t, "TRIES LEFT");
    text_cell(&t, "ANSWER");
    json_array_foreach(questions, i, q) {
        const json_t *left = json_object_get(q, "left");

        text_cell(&t, "%s", text_str(q, "check"));
        text_cell(&t, "%s", text_str(q, "title"));
        if (json_is_integer(left))
            text_cell(&t, "%lld", (long long)json_integer_value(left));
        else
            text_cell(&t, "any");
        text_cell(&t, "%s", text_str(q, "answer"));
    }
    putc('\n', f);
    text_table_print(&t, f);
}

/* One text of several lines, or a list of lines. */
static void print_notes(FILE *f, const json_t *notes)
{
    const json_t *note;
    size_t i;

    if (json_is_string(notes))
        text_lines(f, "  ", json_string_value(notes));
    json_array_foreach(notes, i, note) {
        if (json_is_string(note))
            text_lines(f, "  ", json_string_value(note));
    }
}

static void print_host(FILE *f, const json_t *h)
{
    const json_t *driver, *netem = json_object_get(h, "netem");
    size_t i;
    AUTO(mem_freep)
    char *text = xasprintf("labhost %s, datapath %s, netem %s\nmemory %lld of %lld MB free, %lld labs",
                           text_str(h, "version"), text_str(h, "datapath"),
                           json_is_true(netem) ? "yes" : "no", (long long)text_int(h, "memory_free_mb"),
                           (long long)text_int(h, "memory_total_mb"), (long long)text_int(h, "labs"));

    line(f, text);
    print_notes(f, json_object_get(h, "notes"));
    json_array_foreach(json_object_get(h, "drivers"), i, driver) {
        bool ok = json_is_true(json_object_get(driver, "ok"));
        const char *name = text_str(driver, "name"), *chosen = text_str(h, "driver");
        AUTO(mem_freep)
        char *l = xasprintf("driver %s: %s%s%s%s", name,
                            ok ? "works" : "does not work: ", ok ? "" : text_str(driver, "why"),
                            ok && json_is_true(json_object_get(driver, "suspend")) ? ", suspends labs" : "",
                            strcmp(name, chosen) == 0 ? " (default)" : "");
        line(f, l);
        print_notes(f, json_object_get(driver, "notes"));
    }
}

int cmd_status(struct ctl *c, struct err *e)
{
    bool host = c->flag[FLAG_HOST] != NULL;
    char id[LAB_ID_SIZE];
    json_t *j = NULL;

    if (host == (c->nargs == 1)) {
        ctl_say(c, "name a lab, or give --host");
        return CTL_USAGE;
    }
    if (host ? ctl_http(c->http, "GET", "/api/v1/host", NULL, &j, e) < 0
             : ctl_lab_find(c, c->args[0], id, e) < 0 || ctl_lab_status(c, id, &j, e) < 0)
        return -1;
    if (c->flag[FLAG_JSON] != NULL) {
        text_json(c->out, j);
    } else if (host) {
        print_host(c->out, j);
    } else {
        print_head(c->out, j);
        putc('\n', c->out);
        print_nodes(c->out, j);
        print_links(c->out, j);
        print_questions(c->out, j);
    }
    json_decref(j);
    return 0;
}
