/* Command sequences of VNX: <filetree> and <exec> with the same "seq", the files first.  What runs on_boot becomes
 * startup and files; every other sequence becomes a program that does the same. */
#include "labd/base/mem.h"
#include "topology/foreign/import_text.h"
#include "topology/foreign/vnx.h"
#include "topology/foreign/xml_tools.h"
#include "topology/topo_grow.h"
#include "topology/topo_value.h"
#include "topology/topo_xml.h"

#include <string.h>

#define STORE "/usr/local/share/vnx/"
#define SEQS_MAX 200
#define MEMBERS_MAX 64

struct seq {
    char *name;
    struct buf files, commands; /* of its program */
    size_t ntrees;
    int line;
};

struct sequences {
    struct vnx *v;
    struct import_node *x;
    struct seq *seqs;
    size_t n;
};

static void sequences_clear(struct sequences *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free(s->seqs[i].name);
        buf_clear(&s->seqs[i].files);
        buf_clear(&s->seqs[i].commands);
    }
    free(s->seqs);
}

static bool name_fits(const char *s)
{
    return s[0] != '\0' && strlen(s) <= 64 &&
           s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")] == '\0';
}

static struct seq *seq_of(struct sequences *s, const char *name, const xmlNode *at)
{
    struct seq *q;
    char shown[VALUE_SHOW_SIZE];

    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->seqs[i].name, name) == 0)
            return &s->seqs[i];
    if (!name_fits(name) || s->n >= SEQS_MAX) {
        import_warn(&s->v->im, s->v->file, topo_xml_line(at), "the sequence \"%s\" is left out: %s",
                    value_show(name, shown),
                    name_fits(name) ? "there are too many" : "no program can be called so");
        return NULL;
    }
    q = TOPO_PUSH(s->seqs, s->n);
    q->name = xstrdup(name);
    q->line = topo_xml_line(at);
    return q;
}

/* ---- files ---- */
struct tree {
    char *rel, *root; /* in the folder; in the node, without a slash at the end */
    bool into;        /* 'root' is a folder that the file comes into */
    uint32_t mode;
};

static void tree_clear(struct tree *t)
{
    free(t->rel);
    free(t->root);
}

static void cut_slashes(char *s)
{
    for (size_t n = strlen(s); n > 1 && s[n - 1] == '/'; n--)
        s[n - 1] = '\0';
}

static bool read_tree(struct vnx *v, const xmlNode *x, struct tree *t)
{
    AUTO(mem_freep)
    char *perms = xml_get(x, "perms"), *user = xml_get(x, "user"), *group = xml_get(x, "group");
    char shown[VALUE_SHOW_SIZE];
    size_t n;

    t->rel = vnx_text(x);
    t->root = xml_get(x, "root");
    if (t->root == NULL || t->root[0] != '/' || t->rel[0] == '\0' || t->rel[0] == '/') {
        import_warn(
            &v->im, v->file, topo_xml_line(x),
            "the filetree \"%s\" is not in the scenario's folder, or has no absolute root, and is left out",
            value_show(t->rel, shown));
        return false;
    }
    n = strlen(t->rel);
    if (n > 2 && strcmp(t->rel + n - 2, "/*") == 0)
        t->rel[n - 1] = '\0';
    t->into = t->root[strlen(t->root) - 1] == '/';
    cut_slashes(t->root);
    cut_slashes(t->rel);
    if (perms != NULL && !value_mode(perms, &t->mode))
        import_warn(&v->im, v->file, topo_xml_line(x), "\"%s\" are no permissions", value_show(perms, shown));
    if (user != NULL || group != NULL)
        import_warn(&v->im, v->file, topo_xml_line(x), "the files belong to root, not to %s",
                    value_show(user != NULL ? user : group, shown));
    return true;
}

/* Where 'rel' comes to lie: a file in a folder keeps its name. */
static char *destination(struct vnx *v, const struct tree *t)
{
    const char *slash = strrchr(t->rel, '/'), *name = slash != NULL ? slash + 1 : t->rel;

    if (t->into && folder_kind(&v->im.folder, t->rel) != FOLDER_DIR)
        return xasprintf("%s/%s", strcmp(t->root, "/") == 0 ? "" : t->root, name);
    return xstrdup(t->root);
}

static void add_tree(struct sequences *s, const char *seq, const struct tree *t, const xmlNode *x)
{
    struct vnx *v = s->v;
    AUTO(mem_freep) char *to = destination(v, t);
    AUTO(mem_freep) char *ours = import_frr_path(to);
    struct seq *q;

    if (strcmp(seq, "on_boot") == 0) {
        import_file_tree(&v->im, s->x, t->rel, to, t->mode, vnx_at(v, x));
        return;
    }
    q = seq_of(s, seq, x);
    if (q == NULL)
        return;
    AUTO(mem_freep) char *store = xasprintf(STORE "%s/%zu", seq, q->ntrees++);
    AUTO(mem_freep) char *from = import_quote(store), *quoted = import_quote(ours);
    import_file_tree(&v->im, s->x, t->rel, store, t->mode, vnx_at(v, x));
    if (folder_kind(&v->im.folder, t->rel) == FOLDER_DIR)
        buf_printf(&q->files, "mkdir -p %s\ncp -r %s/. %s\n", quoted, from, quoted);
    else
        buf_printf(&q->files, "mkdir -p \"$(dirname %s)\"\ncp -p %s %s\n", quoted, from, quoted);
}

/* ---- commands ---- */
/* The text of a command: its own, or that of the file it names; NULL: it cannot be had. */
static char *command_text(struct vnx *v, const xmlNode *x)
{
    AUTO(mem_freep) char *type = xml_get(x, "type"), *text = vnx_text(x);
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct err e = {0};

    if (type == NULL || strcmp(type, "file") != 0)
        return TAKE(text);
    if (folder_read(&v->im.folder, text, IMPORT_SCRIPT_MAX, &b, NULL, &e) < 0) {
        import_warn(&v->im, v->file, topo_xml_line(x), "%s, and is left out", e.msg);
        return NULL;
    }
    if (!import_text_ok(buf_str(&b), b.len)) {
        import_warn(&v->im, v->file, topo_xml_line(x), "the commands are not UTF-8 text and are left out");
        return NULL;
    }
    return buf_take(&b);
}

/* "exec" and "xexec" do not wait for the end of a command. */
static char *in_background(char *text)
{
    size_t n = strlen(text);
    char *all;

    while (n > 0 && strchr(" \t\r\n;", text[n - 1]) != NULL)
        text[--n] = '\0';
    if (n == 0 || text[n - 1] == '&' || strchr(text, '\n') != NULL)
        return text;
    all = xasprintf("%s &", text);
    free(text);
    return all;
}

static void add_command(struct sequences *s, const char *seq, const char *text, const xmlNode *x)
{
    struct import_node *n = s->x;
    struct seq *q;

    if (strcmp(seq, "on_boot") == 0) {
        import_script_add(&s->v->im, n, text, s->v->file, topo_xml_line(x));
        return;
    }
    q = seq_of(s, seq, x);
    if (q == NULL)
        return;
    /* Into the program, not into the startup; and what it starts does not run from the beginning. */
    struct buf keep = n->script;
    bool starts = n->starts_frr;
    n->script = q->commands;
    import_script_add(&s->v->im, n, text, s->v->file, topo_xml_line(x));
    q->commands = n->script;
    n->script = keep;
    n->starts_frr = starts;
}

static void warn_of_command(struct vnx *v, const xmlNode *x, const char *ostype)
{
    AUTO(mem_freep) char *user = xml_get(x, "user");
    char shown[VALUE_SHOW_SIZE];

    if (user != NULL && strcmp(user, "root") != 0)
        import_warn(&v->im, v->file, topo_xml_line(x), "the command runs as root, not as \"%s\"",
                    value_show(user, shown));
    if (ostype != NULL && ostype[0] == 'x')
        import_warn(&v->im, v->file, topo_xml_line(x), "there is no screen for graphical commands");
}

/* Adds files or a command to each sequence that "seq" lists. */
static void each_seq(struct sequences *s, const xmlNode *x, const struct tree *tree, const char *text)
{
    AUTO(mem_freep) char *list = xml_get(x, "seq");
    char *save = NULL;
    int n = 0;

    if (list == NULL || list[strspn(list, " ,")] == '\0') {
        import_warn(&s->v->im, s->v->file, topo_xml_line(x),
                    "what has no \"seq\" never runs and is left out");
        return;
    }
    for (char *w = strtok_r(list, " ,\t\n", &save); w != NULL && n < MEMBERS_MAX;
         w = strtok_r(NULL, " ,\t\n", &save), n++) {
        if (strcmp(w, "on_shutdown") == 0)
            import_warn(&s->v->im, s->v->file, topo_xml_line(x),
                        "nothing runs when a node stops; " VNX_PROGRAM "on_shutdown has to be called");
        if (tree != NULL)
            add_tree(s, w, tree, x);
        else
            add_command(s, w, text, x);
    }
}

static void read_exec(struct sequences *s, const xmlNode *x)
{
    AUTO(mem_freep) char *ostype = xml_get(x, "ostype"), *text = command_text(s->v, x);
    const char *const ours[] = {"system", "exec", "xsystem", "xexec"};
    bool known = ostype == NULL;
    char shown[VALUE_SHOW_SIZE];

    for (size_t i = 0; i < ARRAY_LEN(ours) && ostype != NULL; i++)
        known = known || strcmp(ostype, ours[i]) == 0;
    if (!known) {
        import_warn(&s->v->im, s->v->file, topo_xml_line(x),
                    "commands of type \"%s\" are not for our software", value_show(ostype, shown));
        return;
    }
    if (text == NULL)
        return;
    warn_of_command(s->v, x, ostype);
    if (ostype != NULL && strstr(ostype, "exec") != NULL)
        text = in_background(text);
    each_seq(s, x, NULL, text);
}

/* ---- programs ---- */
static void write_programs(struct sequences *s)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct seq *q = &s->seqs[i];
        AUTO(mem_freep) char *path = xasprintf(VNX_PROGRAM "%s", q->name);
        AUTO(mem_freep) char *text = xasprintf("#!/bin/sh\n%s%s", buf_str(&q->files), buf_str(&q->commands));
        import_file_text(&s->v->im, s->x, path, text, strlen(text), 0755,
                         (struct import_at){s->v->file, q->line});
    }
}

static bool has_program(const struct import_node *x, const char *name)
{
    AUTO(mem_freep) char *path = xasprintf(VNX_PROGRAM "%s", name);

    for (size_t i = 0; i < x->n.nfiles; i++)
        if (strcmp(x->n.files[i].path, path) == 0)
            return true;
    return false;
}

/* <cmd-seq seq="all">one,two</cmd-seq>: a program that calls those of the others that this node has. */
static void add_composed(struct sequences *s, const xmlNode *x)
{
    AUTO(mem_freep) char *name = xml_get(x, "seq"), *list = vnx_text(x);
    AUTO(buf_clear) struct buf b = BUF_INIT;
    char *save = NULL;
    int n = 0;

    for (char *w = strtok_r(list, " ,\t\n", &save); w != NULL && n < MEMBERS_MAX;
         w = strtok_r(NULL, " ,\t\n", &save), n++)
        if (name_fits(w) && has_program(s->x, w))
            buf_printf(&b, VNX_PROGRAM "%s\n", w);
    if (b.len == 0 || name == NULL || !name_fits(name) || has_program(s->x, name))
        return;
    AUTO(mem_freep) char *path = xasprintf(VNX_PROGRAM "%s", name);
    AUTO(mem_freep) char *text = xasprintf("#!/bin/sh\n%s", buf_str(&b));
    import_file_text(&s->v->im, s->x, path, text, strlen(text), 0755, vnx_at(s->v, x));
}

void vnx_sequences(struct vnx *v, struct import_node *x, const xmlNode *vm, bool commands)
{
    AUTO(sequences_clear) struct sequences s = {.v = v, .x = x};

    for (const xmlNode *c = vm->children; c != NULL; c = c->next) {
        AUTO(tree_clear) struct tree t = {0};
        if (xml_is(c, "filetree") && read_tree(v, c, &t))
            each_seq(&s, c, &t, NULL);
        else if (xml_is(c, "exec") && commands)
            read_exec(&s, c);
        else if (xml_is(c, "exec"))
            import_warn(&v->im, v->file, topo_xml_line(c),
                        "commands for \"%s\" are for its own software and left out", x->n.name);
    }
    write_programs(&s);
    for (const xmlNode *c = v->global != NULL ? v->global->children : NULL; c != NULL; c = c->next)
        if (xml_is(c, "cmd-seq"))
            add_composed(&s, c);
}
