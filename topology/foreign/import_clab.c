/* A containerlab topology (*.clab.yml), after containerlab.dev/manual: nodes, kinds, groups and defaults, links in
 * the brief and the extended form.
 *
 * Nodes of kind linux and frr become hosts and routers with their commands and files; bridges become switches;
 * what needs an image of a manufacturer becomes a plain router. */
#include "labd/base/mem.h"
#include "topology/foreign/clab.h"
#include "topology/topo_grow.h"
#include "topology/topo_value.h"
#include "topology/topo_xml.h"

#include <string.h>

static void clab_clear(struct clab *c)
{
    for (size_t i = 0; i < c->ntexts; i++)
        free(c->texts[i]);
    free(c->texts);
    free(c->nodes);
    import_map_free(c->by_name);
    ytree_free(c->y);
    free(c->file);
    free(c->lab);
    import_lab_close(&c->im);
}

static bool in_variable(char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || ch == '_';
}

/* 's' is behind the dollar: what the variable stands for; returns where it ends. */
static const char *variable(struct clab *c, const char *s, int line, struct buf *out)
{
    bool brace = *s == '{';
    const char *name = s + brace, *end = name, *value, *close;
    char shown[VALUE_SHOW_SIZE];

    while (in_variable(*end))
        end++;
    if (end == name) { /* a dollar that begins no variable */
        buf_putc(out, '$');
        return s;
    }
    value = end;
    close = brace ? strchr(end, '}') : NULL;
    if (brace && close == NULL) {
        buf_putc(out, '$');
        return s;
    }
    if (brace && (*value == ':' || *value == '-' || *value == '=')) {
        value += *value == ':';
        value += *value == '-' || *value == '=';
        buf_add(out, value, (size_t)(close - value));
        return close + 1;
    }
    AUTO(mem_freep) char *copy = xstrndup(name, (size_t)(end - name));
    import_warn(&c->im, c->file, line,
                "the environment variable \"%s\" is not known here and stands for nothing",
                value_show(copy, shown));
    return brace ? close + 1 : end;
}

const char *clab_text(struct clab *c, const struct ytree_item *i)
{
    const char *s = ytree_text(i);
    struct buf b = BUF_INIT;

    if (s == NULL || strchr(s, '$') == NULL || !ytree_pay(c->y, strlen(s)))
        return s;
    while (*s != '\0') {
        if (*s != '$') {
            buf_putc(&b, *s++);
        } else if (s[1] == '$') {
            buf_putc(&b, '$');
            s += 2;
        } else {
            s = variable(c, s + 1, i->line, &b);
        }
    }
    *TOPO_PUSH(c->texts, c->ntexts) = buf_take(&b);
    return c->texts[c->ntexts - 1];
}

/* Keys of a map that are none of 'known', which ends with NULL. */
static void warn_of_others(struct clab *c, const struct ytree_item *map, const char *const *known)
{
    char shown[VALUE_SHOW_SIZE];

    for (size_t i = 0; i < map->n && ytree_pay(c->y, 1); i++) {
        const char *key = ytree_text(map->items[2 * i]);
        bool found = key != NULL && (strcmp(key, "<<") == 0 || strncmp(key, "x-", 2) == 0);
        for (size_t k = 0; known[k] != NULL && key != NULL; k++)
            found = found || strcmp(known[k], key) == 0;
        if (!found)
            import_warn(&c->im, c->file, map->items[2 * i]->line, "\"%s\" is not carried over",
                        value_show(key != NULL ? key : "", shown));
    }
}

static void warn_of_definitions(struct clab *c, const struct ytree_item *map)
{
    for (size_t i = 0; map != NULL && map->kind == YTREE_MAP && i < map->n && ytree_pay(c->y, 1); i++)
        clab_warn_of_fields(c, map->items[2 * i + 1]);
}

static int read_nodes(struct clab *c, struct err *e)
{
    const struct ytree_item *nodes = ytree_get(c->y, c->topology, "nodes");

    if (nodes == NULL || nodes->kind != YTREE_MAP || nodes->n == 0)
        return import_fail(&c->im, e, c->file, c->topology->line, "the topology has no nodes");
    if (nodes->n > IMPORT_NODES_MAX)
        return import_fail(&c->im, e, c->file, nodes->line, "there are %zu nodes; the most is %d", nodes->n,
                           IMPORT_NODES_MAX);
    for (size_t i = 0; i < nodes->n; i++) {
        const char *name = ytree_text(nodes->items[2 * i]);
        int line = nodes->items[2 * i]->line;
        if (name == NULL || !ytree_pay(c->y, 1))
            import_warn(&c->im, c->file, line, "a node without a name is left out");
        else
            clab_node_add(c, name, nodes->items[2 * i + 1], line);
    }
    warn_of_definitions(c, nodes);
    return 0;
}

static int read_topology(struct clab *c, struct err *e)
{
    static const char *const known[] = {"nodes", "links", "kinds", "groups", "defaults", NULL};
    const struct ytree_item *links;

    c->defaults = ytree_get(c->y, c->topology, "defaults");
    c->kinds = ytree_get(c->y, c->topology, "kinds");
    c->groups = ytree_get(c->y, c->topology, "groups");
    warn_of_others(c, c->topology, known);
    if (c->defaults != NULL)
        clab_warn_of_fields(c, c->defaults);
    warn_of_definitions(c, c->kinds);
    warn_of_definitions(c, c->groups);
    if (read_nodes(c, e) < 0)
        return -1;
    links = ytree_get(c->y, c->topology, "links");
    for (size_t i = 0; links != NULL && links->kind == YTREE_LIST && i < links->n && ytree_pay(c->y, 1); i++)
        clab_link_add(c, links->items[i]);
    for (size_t i = 0; i < c->nnodes; i++)
        clab_node_finish(c, &c->nodes[i]);
    if (!ytree_pay(c->y, 1))
        return import_fail(&c->im, e, c->file, 0, "the aliases of the file make it too large");
    return 0;
}

static int read_file(struct clab *c, const struct buf *text, const char *path, struct err *e)
{
    static const char *const known[] = {"name", "topology", NULL};
    const struct ytree_item *root;

    c->y = ytree_parse(buf_str(text), text->len, import_log_at(c->im.log, path), e);
    if (strstr(buf_str(text), "{{") != NULL)
        import_warn(
            &c->im, c->file, 0,
            "templates ({{ ... }}) are not carried out; better import what containerlab makes of them");
    if (c->y == NULL)
        return -1;
    root = ytree_root(c->y);
    c->topology = ytree_get(c->y, root, "topology");
    if (c->topology == NULL || c->topology->kind != YTREE_MAP)
        return import_fail(&c->im, e, c->file, root->line,
                           "this is no containerlab file: there is no \"topology\"");
    warn_of_others(c, root, known);
    const char *name = clab_text(c, ytree_get(c->y, root, "name"));
    c->lab = xstrdup(name != NULL ? name : "");
    return read_topology(c, e);
}

/* The only *.clab.yml of a folder; NULL: 'path' is no folder, or has none or several. */
static char *find_in_folder(const char *path)
{
    AUTO(folder_close) struct folder f = FOLDER_INIT;
    struct folder_entry *v = NULL;
    char *found = NULL;
    size_t n = 0, hits = 0;

    if (folder_open(&f, path, NULL) < 0 || folder_list(&f, ".", &v, &n, NULL) < 0)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        const char *dot = strstr(v[i].name, ".clab.");
        if (dot == NULL || (strcmp(dot, ".clab.yml") != 0 && strcmp(dot, ".clab.yaml") != 0) || hits++ > 0)
            continue;
        found = xasprintf("%s/%s", path, v[i].name);
    }
    folder_entries_free(v, n);
    if (hits > 1) {
        free(found);
        return NULL;
    }
    return found;
}

struct topo *import_containerlab(const char *path, const struct topo_import_options *o, struct import_log *l,
                                 struct err *e)
{
    AUTO(clab_clear) struct clab c = {.im.folder = FOLDER_INIT, .by_name = import_map_new()};
    AUTO(mem_freep) char *found = find_in_folder(path);
    AUTO(buf_clear) struct buf text = BUF_INIT;
    const char *file = found != NULL ? found : path;

    if (import_lab_open_file(&c.im, file, l, &text, &c.file, e) < 0 || read_file(&c, &text, file, e) < 0)
        return NULL;
    import_lab_name(&c.im, o->name, c.lab);
    if (c.lab[0] != '\0') {
        char shown[VALUE_SHOW_SIZE];
        c.im.t->title = xstrdup(value_show(c.lab, shown));
    }
    return import_lab_finish(&c.im, e);
}
