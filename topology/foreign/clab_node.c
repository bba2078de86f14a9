/* Nodes of containerlab: what their kind makes of them, what they inherit, their files and commands. */
#include "labd/base/mem.h"
#include "topology/foreign/clab.h"
#include "topology/foreign/import_text.h"
#include "topology/limits.h"
#include "topology/topo_grow.h"
#include "topology/topo_value.h"

#include <stdio.h>
#include <string.h>

#define WORDS_MAX 256

enum family { PLAIN, FRR, BRIDGE, OUTSIDE, FOREIGN };

static enum family family(const char *kind)
{
    static const struct {
        const char *kind;
        enum family family;
    } known[] = {{"linux", PLAIN},   {"frr", FRR},           {"frrouting", FRR},
                 {"bridge", BRIDGE}, {"ovs-bridge", BRIDGE}, {"host", OUTSIDE}};

    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (strcmp(kind, known[i].kind) == 0)
            return known[i].family;
    return FOREIGN;
}

/* The most specific value of a field, or NULL. */
static const struct ytree_item *field(struct clab *c, const struct clab_node *n, const char *name)
{
    for (size_t i = 0; i < CLAB_LEVELS; i++) {
        const struct ytree_item *x = ytree_get(c->y, n->levels[i], name);
        if (x != NULL)
            return x;
    }
    return NULL;
}

/* ---- what has no counterpart ---- */
void clab_warn_of_fields(struct clab *c, const struct ytree_item *def)
{
    static const char *const carried[] = {"kind",   "group",   "image", "binds",  "env",
                                          "exec",   "memory",  "cpu",   "labels", "startup-config",
                                          "extras", "sysctls", "<<"};
    char shown[VALUE_SHOW_SIZE];

    for (size_t i = 0; def->kind == YTREE_MAP && i < def->n && ytree_pay(c->y, 1); i++) {
        const struct ytree_item *k = def->items[2 * i], *v = def->items[2 * i + 1];
        const char *key = ytree_text(k);
        bool known = false;
        for (size_t j = 0; j < ARRAY_LEN(carried) && key != NULL; j++)
            known = known || strcmp(key, carried[j]) == 0;
        /* Without a management network a node is what it should be here. */
        known = known || (key != NULL && strcmp(key, "network-mode") == 0 && ytree_text(v) != NULL &&
                          strcmp(ytree_text(v), "none") == 0);
        if (!known)
            import_warn(&c->im, c->file, k->line, "\"%s\" is not carried over",
                        value_show(key != NULL ? key : "", shown));
    }
}

/* ---- setting up ---- */
static void find_levels(struct clab *c, struct clab_node *n, const struct ytree_item *def)
{
    const char *group, *kind;

    n->levels[0] = def;
    n->levels[3] = c->defaults;
    group = clab_text(c, ytree_get(c->y, def, "group"));
    kind = clab_text(c, ytree_get(c->y, def, "kind"));
    if (group == NULL)
        group = clab_text(c, ytree_get(c->y, c->defaults, "group"));
    n->levels[1] = group != NULL ? ytree_get(c->y, c->groups, group) : NULL;
    if (kind == NULL)
        kind = clab_text(c, ytree_get(c->y, n->levels[1], "kind"));
    if (kind == NULL)
        kind = clab_text(c, ytree_get(c->y, c->defaults, "kind"));
    n->kind = kind != NULL ? kind : "";
    n->levels[2] = kind != NULL ? ytree_get(c->y, c->kinds, kind) : NULL;
}

/* Where graphical editors keep where a node is drawn. */
static struct topo_pos position(struct clab *c, const struct clab_node *n)
{
    const struct ytree_item *labels = field(c, n, "labels");
    const char *x = clab_text(c, ytree_get(c->y, labels, "graph-posX"));
    const char *y = clab_text(c, ytree_get(c->y, labels, "graph-posY"));
    struct topo_pos p = {false, 0, 0};

    for (size_t i = 0; labels != NULL && labels->kind == YTREE_MAP && i < labels->n && ytree_pay(c->y, 1);
         i++) {
        const char *key = ytree_text(labels->items[2 * i]);
        if (key == NULL || strncmp(key, "graph-", 6) != 0) {
            import_warn(&c->im, c->file, labels->line, "labels are not carried over");
            break;
        }
    }
    p.set = x != NULL && y != NULL && value_int(x, &p.x) && value_int(y, &p.y);
    return p;
}

static void add_bridge(struct clab *c, struct clab_node *n)
{
    struct topo_element *e;
    char shown[VALUE_SHOW_SIZE];

    n->element = c->im.t->nelements;
    e = import_element_add(&c->im, TOPO_SWITCH, n->was);
    e->pos = position(c, n);
    if (strcmp(n->was, e->name) != 0)
        import_warn(&c->im, c->file, n->line, "\"%s\" is called \"%s\" here", value_show(n->was, shown),
                    e->name);
}

static bool contains(const char *s, const char *part)
{
    return s != NULL && strcasestr(s, part) != NULL;
}

static void add_machine(struct clab *c, struct clab_node *n)
{
    const struct ytree_item *image = field(c, n, "image"), *memory = field(c, n, "memory"),
                            *cpu = field(c, n, "cpu");
    const char *name = clab_text(c, image);
    enum family f = family(n->kind);
    char shown[VALUE_SHOW_SIZE];
    struct import_node *x = import_node_add(&c->im, n->was, c->file, n->line, NULL);

    n->x = x;
    x->may_forward = true;
    x->n.pos = position(c, n);
    x->starts_frr = f == FRR || (f == PLAIN && (contains(name, "frr") || contains(name, "quagga")));
    if (f == FOREIGN) {
        x->n.kind = TOPO_ROUTER;
        import_warn(&c->im, c->file, n->line, "kind \"%s\" is not to be had here: \"%s\" is a plain router",
                    value_show(n->kind, shown), x->n.name);
    } else if (name != NULL) {
        import_warn_of_image(&c->im, name, clab_at(c, image));
    }
    if (clab_text(c, memory) != NULL)
        import_set_memory(&c->im, x, clab_text(c, memory), clab_at(c, memory));
    if (clab_text(c, cpu) != NULL)
        import_set_cpus(&c->im, x, clab_text(c, cpu), clab_at(c, cpu));
}

void clab_node_add(struct clab *c, const char *was, const struct ytree_item *def, int line)
{
    struct clab_node n = {.was = was, .line = line};
    char shown[VALUE_SHOW_SIZE];
    bool fresh;

    find_levels(c, &n, def);
    import_map_put(c->by_name, was, c->nnodes, &fresh);
    if (!fresh) {
        import_warn(&c->im, c->file, line, "there is a node \"%s\" already; this one is left out",
                    value_show(was, shown));
        return;
    }
    if (family(n.kind) == BRIDGE)
        add_bridge(c, &n);
    else if (family(n.kind) == OUTSIDE)
        import_warn(&c->im, c->file, line, "\"%s\" is the machine itself, which is not part of a lab",
                    value_show(was, shown));
    else
        add_machine(c, &n);
    if (family(n.kind) == OUTSIDE)
        import_map_set(c->by_name, was, SIZE_MAX);
    else
        *TOPO_PUSH(c->nodes, c->nnodes) = n;
}

/* ---- commands ---- */
/* Splits as containerlab does: quotes and backslashes as in a shell, and nothing else of one.  The number of
 * words, or -1: a quote is open, or there are too many. */
static int split(const char *s, char *words[WORDS_MAX])
{
    int n = 0;

    for (s += strspn(s, " \t\r\n"); *s != '\0' && *s != '#'; s += strspn(s, " \t\r\n")) {
        AUTO(buf_clear) struct buf b = BUF_INIT;
        char quote = '\0';
        for (; *s != '\0' && (quote != '\0' || strchr(" \t\r\n", *s) == NULL); s++) {
            if (quote == '\0' && (*s == '\'' || *s == '"'))
                quote = *s;
            else if (*s == quote)
                quote = '\0';
            else if (*s == '\\' && quote != '\'' && s[1] != '\0')
                buf_putc(&b, *++s);
            else
                buf_putc(&b, *s);
        }
        if (quote != '\0' || n >= WORDS_MAX) {
            while (n > 0)
                free(words[--n]);
            return -1;
        }
        words[n++] = buf_take(&b);
    }
    return n;
}

static void add_command(struct clab *c, struct import_node *x, const struct ytree_item *i)
{
    const char *text = clab_text(c, i);
    char *words[WORDS_MAX];
    bool plain = true;
    int n;

    if (text == NULL)
        return;
    n = split(text, words);
    if (n < 0) {
        import_warn(&c->im, c->file, i->line,
                    "the command has an open quote or too many words and is left out");
        return;
    }
    for (int k = 0; k < n; k++) {
        AUTO(mem_freep) char *q = import_quote(words[k]);
        plain = plain && strcmp(q, words[k]) == 0;
    }
    if (n > 0 && strcmp(words[0], "ash") == 0) /* busybox calls its shell so */
        memmove(words[0], "sh", 3);
    if (plain && n > 0) {
        AUTO(buf_clear) struct buf line = BUF_INIT;
        for (int k = 0; k < n; k++)
            buf_printf(&line, "%s%s", k > 0 ? " " : "", words[k]);
        import_script_add(&c->im, x, buf_str(&line), c->file, i->line);
    } else if (n > 0) {
        import_script_words(x, (const char *const *)words, (size_t)n);
    }
    while (n > 0)
        free(words[--n]);
}

static void add_commands(struct clab *c, struct clab_node *n)
{
    for (size_t l = CLAB_LEVELS; l-- > 0;) {
        const struct ytree_item *list = ytree_get(c->y, n->levels[l], "exec");
        if (list == NULL || list->kind != YTREE_LIST)
            continue;
        if (family(n->kind) == FOREIGN) {
            import_warn(&c->im, c->file, list->line,
                        "commands for \"%s\" are for its own software and left out", n->x->n.name);
            continue;
        }
        for (size_t i = 0; i < list->n && ytree_pay(c->y, 1); i++)
            add_command(c, n->x, list->items[i]);
    }
}

/* A map of all levels, env or sysctls: the most specific value of each key. */
static void add_pairs(struct clab *c, struct clab_node *n, const char *name)
{
    struct import_map *seen = import_map_new();

    for (size_t l = 0; l < CLAB_LEVELS; l++) {
        const struct ytree_item *map = ytree_get(c->y, n->levels[l], name);
        for (size_t i = 0; map != NULL && map->kind == YTREE_MAP && i < map->n && ytree_pay(c->y, 1); i++) {
            const char *key = ytree_text(map->items[2 * i]), *value = clab_text(c, map->items[2 * i + 1]);
            const struct import_at at = clab_at(c, map->items[2 * i]);
            bool fresh = false;
            if (key != NULL)
                import_map_put(seen, key, 0, &fresh);
            if (!fresh)
                continue;
            if (name[0] == 'e')
                import_script_env(&c->im, n->x, key, value != NULL ? value : "", at);
            else
                import_script_sysctl(&c->im, n->x, key, value != NULL ? value : "", at);
        }
    }
    import_map_free(seen);
}

/* ---- files ---- */
/* "__clabNodeDir__/x" and the like, below the topology's folder. */
static char *with_folders(const struct clab *c, const struct clab_node *n, const char *path)
{
    static const char node_dir[] = "__clabNodeDir__", lab_dir[] = "__clabDir__";

    if (strncmp(path, node_dir, strlen(node_dir)) == 0)
        return xasprintf("clab-%s/%s%s", c->lab, n->was, path + strlen(node_dir));
    if (strncmp(path, lab_dir, strlen(lab_dir)) == 0)
        return xasprintf("clab-%s%s", c->lab, path + strlen(lab_dir));
    return xstrdup(path);
}

static void add_bind(struct clab *c, struct clab_node *n, const struct ytree_item *i)
{
    const char *text = clab_text(c, i), *colon = text != NULL ? strchr(text, ':') : NULL;
    char shown[VALUE_SHOW_SIZE];

    if (colon == NULL || colon == text || colon[1] != '/') {
        import_warn(&c->im, c->file, i->line, "the bind \"%s\" is no file:path of the lab and is left out",
                    value_show(text != NULL ? text : "", shown));
        return;
    }
    AUTO(mem_freep) char *from = xstrndup(text, (size_t)(colon - text));
    AUTO(mem_freep) char *to = xstrndup(colon + 1, strcspn(colon + 1, ":"));
    AUTO(mem_freep) char *rel = with_folders(c, n, from);
    if (rel[0] == '/' || rel[0] == '~') {
        import_warn(&c->im, c->file, i->line, "\"%s\" is not in the topology's folder and is left out",
                    value_show(rel, shown));
        return;
    }
    for (size_t k = strlen(rel); k > 1 && rel[k - 1] == '/'; k--)
        rel[k - 1] = '\0';
    for (size_t k = strlen(to); k > 1 && to[k - 1] == '/'; k--)
        to[k - 1] = '\0';
    import_file_tree(&c->im, n->x, rel, to, 0, clab_at(c, i));
}

static void add_binds(struct clab *c, struct clab_node *n)
{
    for (size_t l = CLAB_LEVELS; l-- > 0;) {
        const struct ytree_item *list = ytree_get(c->y, n->levels[l], "binds");
        for (size_t i = 0; list != NULL && list->kind == YTREE_LIST && i < list->n && ytree_pay(c->y, 1); i++)
            add_bind(c, n, list->items[i]);
    }
}

/* ---- FRR's own kind ---- */
/* Which daemon runs what a line of the configuration is about. */
static const struct {
    const char *line, *daemon;
} speaks[] = {
    {"router ospf6", "ospf6d"}, {"router ospf", "ospfd"},   {"router bgp", "bgpd"},
    {"router ripng", "ripngd"}, {"router rip", "ripd"},     {"router isis", "isisd"},
    {"router eigrp", "eigrpd"}, {"router babel", "babeld"}, {"bfd", "bfdd"},
    {"ip pim", "pimd"},         {"mpls ldp", "ldpd"},
};

static void add_daemons(struct clab *c, struct clab_node *n, const char *conf)
{
    const struct ytree_item *extras = field(c, n, "extras"), *frr = ytree_get(c->y, extras, "frr");
    const struct ytree_item *list = ytree_get(c->y, frr, "daemons");
    AUTO(buf_clear) struct buf b = BUF_INIT;

    for (size_t i = 0; list != NULL && list->kind == YTREE_LIST && i < list->n && ytree_pay(c->y, 1); i++) {
        const char *d = clab_text(c, list->items[i]);
        char shown[VALUE_SHOW_SIZE];
        if (d != NULL && limit_frr_daemon_ok(d))
            buf_printf(&b, "%s=yes\n", d);
        else if (d == NULL || (strcmp(d, "mgmtd") != 0 && strcmp(d, "watchfrr") != 0))
            import_warn(&c->im, c->file, list->items[i]->line, "our FRR has no daemon \"%s\"",
                        value_show(d != NULL ? d : "", shown));
    }
    for (size_t i = 0; list == NULL && i < ARRAY_LEN(speaks); i++) {
        AUTO(mem_freep) char *in_line = xasprintf("\n%s", speaks[i].line);
        const char *hit = conf != NULL ? strstr(conf, in_line) : NULL;
        size_t k = strlen(in_line);
        for (; hit != NULL && hit[k] != '\0' && strchr(" \r\n", hit[k]) == NULL;
             hit = strstr(hit + 1, in_line))
            ;
        if (hit != NULL)
            buf_printf(&b, "%s=yes\n", speaks[i].daemon);
    }
    if (list == NULL)
        import_warn(&c->im, c->file, n->line,
                    "of FRR's daemons \"%s\" runs those that its configuration speaks of", n->x->n.name);
    import_file_text(&c->im, n->x, "/etc/frr/daemons", buf_str(&b), b.len, 0640,
                     (struct import_at){c->file, n->line});
}

static bool is_url(const char *s)
{
    return strncmp(s, "http://", 7) == 0 || strncmp(s, "https://", 8) == 0 || strncmp(s, "s3://", 5) == 0;
}

static void configure_frr(struct clab *c, struct clab_node *n)
{
    const struct ytree_item *i = field(c, n, "startup-config");
    const char *text = clab_text(c, i);
    AUTO(buf_clear) struct buf conf = BUF_INIT;
    struct err e = {0};

    if (text != NULL && is_url(text)) {
        import_warn(&c->im, c->file, i->line,
                    "nothing is fetched from the network; the configuration is left out");
    } else if (text != NULL && strchr(text, '\n') != NULL) {
        buf_printf(&conf, "\n%s", text);
    } else if (text != NULL) {
        AUTO(mem_freep) char *rel = with_folders(c, n, text);
        buf_putc(&conf, '\n');
        if (folder_read(&c->im.folder, rel, IMPORT_SCRIPT_MAX, &conf, NULL, &e) < 0)
            import_warn(&c->im, c->file, i->line, "%s, and is left out", e.msg);
    }
    add_daemons(c, n, conf.data);
    if (conf.len > 1)
        import_file_text(&c->im, n->x, "/etc/frr/frr.conf", conf.data + 1, conf.len - 1, 0640,
                         (struct import_at){c->file, i->line});
}

void clab_node_finish(struct clab *c, struct clab_node *n)
{
    const struct ytree_item *config = field(c, n, "startup-config");
    struct buf macs;

    if (n->x == NULL)
        return;
    /* Links have set MAC addresses already; variables and sysctls come first. */
    macs = n->x->script;
    n->x->script = (struct buf)BUF_INIT;
    add_pairs(c, n, "env");
    add_pairs(c, n, "sysctls");
    buf_puts(&n->x->script, buf_str(&macs));
    buf_clear(&macs);
    if (family(n->kind) == FRR)
        configure_frr(c, n);
    else if (config != NULL)
        import_warn(&c->im, c->file, config->line,
                    "the startup configuration of \"%s\" is not for our software", n->x->n.name);
    add_binds(c, n);
    add_commands(c, n);
}
