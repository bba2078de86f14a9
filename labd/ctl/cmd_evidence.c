/* labctl evidence: what the probes of a check saw. */
#include "labd/base/file.h"
#include "labd/base/mem.h"
#include "labd/base/name.h"
#include "labd/ctl/ctl.h"
#include "labd/ctl/ctl_http.h"
#include "labd/ctl/ctl_text.h"

#include <string.h>

static int save(struct ctl *c, const char *from, const char *path, struct err *e)
{
    AUTO(buf_clear) struct buf packets = BUF_INIT;

    if (ctl_http_text(c->http, from, &packets, e) < 0)
        return -1;
    if (strcmp(path, "-") != 0)
        return file_write_atomic(path, buf_str(&packets), packets.len, 0600, e);
    fwrite(packets.data, 1, packets.len, c->out);
    return 0;
}

static void sighting(struct text_table *t, int64_t began_ms, const json_t *g)
{
    int64_t us = began_ms * 1000 + text_int(g, "t_us");

    text_cell(t, "%lld.%03d", (long long)(us / 1000), (int)(us < 0 ? -us % 1000 : us % 1000));
    text_cell(t, "%s", text_str(g, "port"));
    text_cell(t, "%s", text_str(g, "dir"));
    text_cell(t, "%s", text_str(g, "what"));
    text_cell(t, "%s", text_str(g, "src"));
    text_cell(t, "%s", text_str(g, "dst"));
    text_cell(t, "%lld", (long long)text_int(g, "ttl"));
}

static void print_probe(struct ctl *c, int64_t began_ms, const json_t *probe)
{
    static const char *const head[] = {"MS", "PORT", "DIR", "WHAT", "FROM", "TO", "TTL"};
    const json_t *samples = json_object_get(probe, "samples"), *s, *g;
    AUTO(text_table_clear) struct text_table t = {.columns = ARRAY_LEN(head)};
    size_t i, k;

    for (i = 0; i < ARRAY_LEN(head); i++)
        text_cell(&t, "%s", head[i]);
    json_array_foreach(samples, i, s) {
        json_array_foreach(json_object_get(s, "sightings"), k, g) {
            sighting(&t, began_ms, g);
        }
    }
    AUTO(mem_freep)
    char *line = xasprintf("probe %s, %zu sent%s%s", text_str(probe, "id"), json_array_size(samples),
                           text_str(probe, "error")[0] != '\0' ? ": " : "", text_str(probe, "error"));
    text_lines(c->out, "", line);
    if (t.n > ARRAY_LEN(head))
        text_table_print(&t, c->out);
    else
        fputs("never seen\n", c->out);
}

static void print_script(struct ctl *c, const json_t *script)
{
    const char *error = text_str(script, "error");
    AUTO(mem_freep)
    char *line =
        xasprintf("program %s: %lld %%: %s", text_str(script, "id"), (long long)text_int(script, "percent"),
                  error[0] != '\0' ? error : text_str(script, "observed"));

    text_lines(c->out, "", line);
    text_lines(c->out, "  ", text_str(script, "output"));
}

int cmd_evidence(struct ctl *c, struct err *e)
{
    const char *id = c->args[0], *check = c->args[1], *path = c->flag[FLAG_WRITE];
    json_t *j = NULL, *round, *probe, *script;
    size_t i, k;

    if (id[0] == '\0' || id[strspn(id, "0123456789")] != '\0') {
        ctl_say(c, "an attempt is a number");
        return CTL_USAGE;
    }
    if (name_check(check, "check", e) < 0)
        return -1;
    AUTO(mem_freep)
    char *from =
        xasprintf("/api/v1/attempts/%s/checks/%s/%s", id, check, path != NULL ? "packets" : "evidence");
    if (path != NULL)
        return save(c, from, path, e);
    if (ctl_http(c->http, "GET", from, NULL, &j, e) < 0)
        return -1;
    if (c->flag[FLAG_JSON] != NULL)
        text_json(c->out, j);
    else
        json_array_foreach(json_object_get(j, "rounds"), i, round) {
            fprintf(c->out, "%sround %zu%s\n", i > 0 ? "\n" : "", i + 1,
                    strcmp(text_str(round, "phase"), "broken") == 0     ? ", with links cut"
                    : strcmp(text_str(round, "phase"), "rebooted") == 0 ? ", after the reboot"
                                                                        : "");
            json_array_foreach(json_object_get(round, "probes"), k, probe) {
                print_probe(c, text_int(round, "began_ms"), probe);
            }
            json_array_foreach(json_object_get(round, "scripts"), k, script) {
                print_script(c, script);
            }
        }
    json_decref(j);
    return 0;
}
