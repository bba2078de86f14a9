/* labctl link: shows a link, plugs, unplugs and impairs it. */
#include "labd/base/buf.h"
#include "labd/base/mem.h"
#include "labd/ctl/ctl.h"
#include "labd/ctl/ctl_http.h"
#include "labd/ctl/ctl_lab.h"
#include "labd/ctl/ctl_link.h"
#include "labd/ctl/ctl_text.h"

#include <string.h>

/* The link called 'name' in a lab's status, borrowed; NULL if there is none. */
static const json_t *find(const json_t *lab, const char *name)
{
    const json_t *links = json_object_get(lab, "links"), *link;
    size_t i;

    json_array_foreach(links, i, link) {
        if (strcmp(text_str(link, "name"), name) == 0)
            return link;
    }
    return NULL;
}

static void print(struct ctl *c, const json_t *link)
{
    static const char *const ends[] = {"a", "b"};

    for (int i = 0; i < 2; i++) {
        const json_t *end = json_object_get(link, ends[i]);
        AUTO(buf_clear) struct buf b = BUF_INIT;

        buf_printf(&b, "%s, from %s, %s", text_str(link, "name"), ends[i], text_str(end, "node"));
        if (text_str(end, "interface")[0] != '\0')
            buf_printf(&b, ":%s", text_str(end, "interface"));
        buf_printf(&b, ": %s, ", text_str(link, "state"));
        text_impair(json_object_get(json_object_get(link, "impairment"), ends[i]), &b);
        text_lines(c->out, "", buf_str(&b));
    }
}

int cmd_link(struct ctl *c, struct err *e)
{
    char id[LAB_ID_SIZE];
    json_t *lab = NULL;
    struct link_change change = {0};

    if (name_check(c->args[1], "link", e) < 0 || ctl_lab_find(c, c->args[0], id, e) < 0 ||
        ctl_lab_status(c, id, &lab, e) < 0)
        return -1;
    const json_t *link = find(lab, c->args[1]);
    int rc = 0;
    if (link == NULL) {
        rc = err_set(e, ERR_NOT_FOUND, "lab %s has no link %s: labctl status %s lists them", id, c->args[1],
                     id);
    } else if (c->nargs == 2) {
        print(c, link);
    } else {
        /* What is not mentioned stays, so the words are applied to what holds now. */
        const json_t *now = json_object_get(link, "impairment");
        rc = link_change_init(&change, json_object_get(now, "a"), json_object_get(now, "b"), e);
        for (int i = 2; i < c->nargs && rc == 0; i++)
            rc = link_change_word(&change, c->args[i], e);
        if (rc < 0 && e->code == ERR_INVALID) {
            ctl_say(c, "%s", e->msg);
            rc = CTL_USAGE;
        }
        AUTO(mem_freep) char *path = xasprintf("/api/v1/labs/%s/links/%s", id, c->args[1]);
        if (rc == 0)
            rc = ctl_http(c->http, "PATCH", path, link_change_json(&change), NULL, e);
    }
    json_decref(lab);
    return rc;
}
