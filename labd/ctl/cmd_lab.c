/* labctl up, list, reset, start, suspend, resume and down: a lab as a whole. */
#include "labd/base/buf.h"
#include "labd/base/mem.h"
#include "labd/base/name.h"
#include "labd/ctl/ctl.h"
#include "labd/ctl/ctl_http.h"
#include "labd/ctl/ctl_lab.h"
#include "labd/ctl/ctl_source.h"
#include "labd/ctl/ctl_text.h"

#include <string.h>

int cmd_up(struct ctl *c, struct err *e)
{
    const char *driver = c->flag[FLAG_DRIVER], *name = c->flag[FLAG_NAME];
    char id[LAB_ID_SIZE];
    uint32_t seed = 0;

    if (ctl_seed(c, &seed) != 0)
        return CTL_USAGE;
    if ((name != NULL && name_check(name, "lab", e) < 0) ||
        (driver != NULL && name_check(driver, "driver", e) < 0))
        return -1;
    json_t *body = source_lab(c->args[0], c->err, e);
    if (body == NULL)
        return -1;
    if (driver != NULL)
        json_object_set_new(body, "driver", json_string(driver));
    if (name != NULL)
        json_object_set_new(body, "name", json_string(name));
    if (c->flag[FLAG_SEED] != NULL)
        json_object_set_new(body, "seed", json_integer(seed));
    if (ctl_lab_start(c, body, id, e) < 0)
        return -1;
    /* At once, so that whoever reads it can remove the lab even when the wait below fails. */
    fprintf(c->out, "%s\n", id);
    fflush(c->out);
    return c->flag[FLAG_WAIT] != NULL ? ctl_lab_wait(c, id, "running", NULL, e) : 0;
}

/* "7/12": nodes that are up. */
static void nodes_up(const json_t *lab, char *out, size_t size)
{
    const json_t *nodes = json_object_get(lab, "nodes"), *node;
    size_t i, up = 0;

    json_array_foreach(nodes, i, node)
        up += strcmp(text_str(node, "state"), "running") == 0;
    snprintf(out, size, "%zu/%zu", up, json_array_size(nodes));
}

int cmd_list(struct ctl *c, struct err *e)
{
    AUTO(text_table_clear) struct text_table t = {.columns = 7};
    static const char *const head[] = {"LAB", "NAME", "EXERCISE", "OWNER", "STATE", "NODES", "DRIVER"};
    json_t *labs = NULL, *lab;
    size_t i;

    if (ctl_lab_list(c, &labs, e) < 0)
        return -1;
    if (c->flag[FLAG_JSON] != NULL) {
        json_t *all = json_pack("{s:o}", "labs", labs);
        text_json(c->out, all);
        json_decref(all);
        return 0;
    }
    for (i = 0; i < ARRAY_LEN(head); i++)
        text_cell(&t, "%s", head[i]);
    json_array_foreach(labs, i, lab) {
        const char *exercise = text_str(lab, "exercise");
        char up[64];

        nodes_up(lab, up, sizeof up);
        text_cell(&t, "%s", text_str(lab, "id"));
        text_cell(&t, "%s", text_str(lab, "name"));
        text_cell(&t, "%s", exercise[0] != '\0' ? exercise : "-");
        text_cell(&t, "%s", text_str(json_object_get(lab, "owner"), "login"));
        text_cell(&t, "%s", text_str(lab, "state"));
        text_cell(&t, "%s", up);
        text_cell(&t, "%s", text_str(lab, "driver"));
    }
    if (json_array_size(labs) > 0)
        text_table_print(&t, c->out);
    json_decref(labs);
    return 0;
}

/* Asks for 'what' of the lab, a path below it, and with --wait returns when it is 'want'. */
static int change(struct ctl *c, const char *id, const char *what, const char *want, struct err *e)
{
    AUTO(mem_freep) char *path = xasprintf("/api/v1/labs/%s/%s", id, what);

    if (ctl_http(c->http, "POST", path, json_object(), NULL, e) < 0)
        return -1;
    return c->flag[FLAG_WAIT] != NULL ? ctl_lab_wait(c, id, want, NULL, e) : 0;
}

int cmd_suspend(struct ctl *c, struct err *e)
{
    char id[LAB_ID_SIZE];

    return ctl_lab_find(c, c->args[0], id, e) < 0 ? -1 : change(c, id, "suspend", "suspended", e);
}

int cmd_resume(struct ctl *c, struct err *e)
{
    char id[LAB_ID_SIZE];

    return ctl_lab_find(c, c->args[0], id, e) < 0 ? -1 : change(c, id, "resume", "running", e);
}

int cmd_start(struct ctl *c, struct err *e)
{
    char id[LAB_ID_SIZE];

    if ((c->nargs == 2 && name_check(c->args[1], "node", e) < 0) || ctl_lab_find(c, c->args[0], id, e) < 0)
        return -1;
    AUTO(mem_freep) char *what = c->nargs == 2 ? xasprintf("nodes/%s/start", c->args[1]) : xstrdup("start");
    return change(c, id, what, "running", e);
}

int cmd_reset(struct ctl *c, struct err *e)
{
    char id[LAB_ID_SIZE];
    json_t *body = json_object();

    if ((c->nargs == 2 && name_check(c->args[1], "node", e) < 0) || ctl_lab_find(c, c->args[0], id, e) < 0) {
        json_decref(body);
        return -1;
    }
    if (c->nargs == 2)
        json_object_set_new(body, "node", json_string(c->args[1]));
    AUTO(mem_freep) char *path = xasprintf("/api/v1/labs/%s/reset", id);
    if (ctl_http(c->http, "POST", path, body, NULL, e) < 0)
        return -1;
    return c->flag[FLAG_WAIT] != NULL ? ctl_lab_wait(c, id, "running", NULL, e) : 0;
}

/* Asks for all removals first, then waits: they run at the same time. */
static int remove_all(struct ctl *c, struct err *e)
{
    json_t *labs = NULL, *lab;
    struct err one;
    size_t i;
    int rc = 0;

    if (ctl_lab_list(c, &labs, e) < 0)
        return -1;
    for (int waiting = 0; waiting < 2; waiting++) {
        json_array_foreach(labs, i, lab) {
            const char *id = text_str(lab, "id");
            AUTO(mem_freep) char *path = xasprintf("/api/v1/labs/%s", id);

            if (!lab_id_ok(id))
                continue;
            int done = waiting ? ctl_lab_await_gone(c, id, &one)
                               : ctl_http(c->http, "DELETE", path, NULL, NULL, &one);
            if (done < 0 && one.code != ERR_NOT_FOUND)
                rc = err_set(e, one.code, "lab %s: %s", id, one.msg);
        }
    }
    json_decref(labs);
    return rc;
}

int cmd_down(struct ctl *c, struct err *e)
{
    char id[LAB_ID_SIZE];

    if ((c->nargs == 0) == (c->flag[FLAG_ALL] == NULL)) {
        ctl_say(c, "name the labs to remove, or give --all");
        return CTL_USAGE;
    }
    if (c->flag[FLAG_ALL] != NULL)
        return remove_all(c, e);
    for (int i = 0; i < c->nargs; i++)
        if (ctl_lab_find(c, c->args[i], id, e) < 0 || ctl_lab_remove(c, id, e) < 0)
            return -1;
    return 0;
}
