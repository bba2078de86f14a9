/* A Kathará lab: lab.conf, NAME.startup, folders of devices, after the manual pages kathara-lab.conf(5),
 * kathara-lab.dep(5), kathara-lab.ext(5) and kathara-lab-dirs(7).
 *
 * A device becomes a host, or a router if it has more than one interface or runs FRR; a collision domain
 * becomes a network.  Startup scripts are kept as such: shared.startup, then the device's own, then its
 * exec commands, as Kathará runs them. */
#include "labd/base/file.h"
#include "labd/base/mem.h"
#include "topology/foreign/import_lab.h"
#include "topology/foreign/import_text.h"
#include "topology/limits.h"
#include "topology/topo_grow.h"
#include "topology/topo_value.h"

#include <stdio.h>
#include <string.h>

#define CONF "lab.conf"

struct device {
    struct import_node *x;
    struct buf before, after; /* of its scripts: what options give */
    struct wish {
        uint32_t number; /* of the interface */
        char *domain, *mac;
        int line;
    } * wishes;
    size_t nwishes;
};

struct kathara {
    struct import im;
    struct device *devices; /* as im.nodes */
    size_t ndevices;
    struct import_map *domains; /* label -> index of the element */
    struct buf note;
    char *name;
};

static void kathara_clear(struct kathara *k)
{
    for (size_t i = 0; i < k->ndevices; i++) {
        for (size_t j = 0; j < k->devices[i].nwishes; j++) {
            free(k->devices[i].wishes[j].domain);
            free(k->devices[i].wishes[j].mac);
        }
        free(k->devices[i].wishes);
        buf_clear(&k->devices[i].before);
        buf_clear(&k->devices[i].after);
    }
    free(k->devices);
    import_map_free(k->domains);
    buf_clear(&k->note);
    free(k->name);
    import_lab_close(&k->im);
}

/* ---- lab.conf ---- */
/* Copies the value at 's' without its quotes; false: what follows it is neither blank nor a comment. */
static bool read_value(const char *s, struct buf *out)
{
    char quote = *s == '"' || *s == '\'' ? *s++ : '\0';

    for (; *s != '\0' && (quote != '\0' ? *s != quote : *s != ' ' && *s != '\t'); s++)
        buf_putc(out, *s);
    if (quote != '\0') {
        if (*s != quote)
            return false;
        s++;
    }
    s += strspn(s, " \t");
    return *s == '\0' || *s == '#';
}

static struct device *device(struct kathara *k, const char *was, int line)
{
    bool fresh;
    struct import_node *x;
    size_t i;

    if (k->im.nnodes >= IMPORT_NODES_MAX && import_node_find(&k->im, was) == NULL)
        return NULL;
    x = import_node_add(&k->im, was, CONF, line, &fresh);
    if (fresh) {
        x->may_forward = true;
        TOPO_PUSH(k->devices, k->ndevices)->x = x;
    }
    i = import_map_put(k->im.by_name, was, 0, NULL);
    return &k->devices[i];
}

static void add_wish(struct kathara *k, struct device *d, uint32_t number, const char *value, int line)
{
    const char *slash = strchr(value, '/');
    struct wish *w;

    for (size_t i = 0; i < d->nwishes; i++)
        if (d->wishes[i].number == number) {
            import_warn(&k->im, CONF, line, "interface %u of \"%s\" is there already; this line is left out",
                        number, d->x->n.name);
            return;
        }
    if (d->nwishes >= LIMIT_IFACES_MAX)
        return;
    w = TOPO_PUSH(d->wishes, d->nwishes);
    w->number = number;
    w->domain = slash != NULL ? xstrndup(value, (size_t)(slash - value)) : xstrdup(value);
    w->mac = slash != NULL ? xstrdup(slash + 1) : NULL;
    w->line = line;
}

static bool yes(const char *v)
{
    return strcasecmp(v, "true") == 0 || strcmp(v, "1") == 0 || strcasecmp(v, "yes") == 0 ||
           strcasecmp(v, "y") == 0;
}

/* Runs 'add' with the node's script set aside, so that what it adds comes into 'part'. */
#define INTO(part, d, add) \
    do { \
        struct buf keep_ = (d)->x->script; \
        (d)->x->script = (d)->part; \
        add; \
        (d)->part = (d)->x->script; \
        (d)->x->script = keep_; \
    } while (0)

static void read_pair(struct kathara *k, struct device *d, const char *value, int line, bool env)
{
    const char *eq = strchr(value, '=');
    const struct import_at at = {CONF, line};
    char shown[VALUE_SHOW_SIZE];

    if (eq == NULL) {
        import_warn(&k->im, CONF, line, "\"%s\" is no NAME=VALUE and is left out", value_show(value, shown));
        return;
    }
    AUTO(mem_freep) char *key = xstrndup(value, (size_t)(eq - value));
    if (env)
        INTO(before, d, import_script_env(&k->im, d->x, key, eq + 1, at));
    else
        INTO(before, d, import_script_sysctl(&k->im, d->x, key, eq + 1, at));
}

static void no_ipv6(struct kathara *k, struct device *d, int line)
{
    const struct import_at at = {CONF, line};

    INTO(before, d, {
        import_script_sysctl(&k->im, d->x, "net.ipv6.conf.all.disable_ipv6", "1", at);
        import_script_sysctl(&k->im, d->x, "net.ipv6.conf.default.disable_ipv6", "1", at);
    });
}

static void read_option(struct kathara *k, struct device *d, const char *option, const char *value, int line)
{
    /* Options without a counterpart, and what to say of them. */
    static const struct {
        const char *name, *why;
    } lost[] = {
        {"port", "ports are not published; use \"labctl exec\" or a console"},
        {"privileged", "a node's root never is the machine's"},
        {"num_terms", "every node has one console, which many can watch"},
        {"shell", "consoles run bash, startup commands sh or bash"},
        {"volume", "nodes do not see the machine's folders"},
        {"ulimit", "nodes have no limits of their own"},
        {"entrypoint", "nodes run our own init"},
        {"args", "nodes run our own init"},
    };
    const struct import_at at = {CONF, line};
    const char *name = d->x->n.name;
    char shown[VALUE_SHOW_SIZE];

    if (strcmp(option, "image") == 0) {
        import_warn_of_image(&k->im, value, at);
    } else if (strcmp(option, "mem") == 0) {
        import_set_memory(&k->im, d->x, value, at);
    } else if (strcmp(option, "cpus") == 0) {
        import_set_cpus(&k->im, d->x, value, at);
    } else if (strcmp(option, "exec") == 0) {
        INTO(after, d, import_script_add(&k->im, d->x, value, CONF, line));
    } else if (strcmp(option, "sysctl") == 0 || strcmp(option, "env") == 0) {
        read_pair(k, d, value, line, option[0] == 'e');
    } else if (strcmp(option, "ipv6") == 0) {
        if (!yes(value))
            no_ipv6(k, d, line);
    } else if (strcmp(option, "bridged") == 0) {
        if (yes(value))
            import_warn(&k->im, CONF, line, "\"%s\" is not connected to the outside world (bridged)", name);
    } else {
        for (size_t i = 0; i < ARRAY_LEN(lost); i++)
            if (strcmp(option, lost[i].name) == 0) {
                import_warn(&k->im, CONF, line, "option %s of \"%s\" is not carried over: %s", option, name,
                            lost[i].why);
                return;
            }
        import_warn(&k->im, CONF, line, "option \"%s\" of \"%s\" is not known and not carried over",
                    value_show(option, shown), name);
    }
}

static void read_meta(struct kathara *k, const char *key, const char *value, int line)
{
    static const struct {
        const char *key, *what;
    } metas[] = {{"LAB_DESCRIPTION", ""},
                 {"LAB_VERSION", "Version "},
                 {"LAB_AUTHOR", "Author: "},
                 {"LAB_EMAIL", ""},
                 {"LAB_WEB", ""}};
    char shown[VALUE_SHOW_SIZE];

    if (strcmp(key, "LAB_NAME") == 0) {
        free(k->name);
        k->name = xstrdup(value);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(metas); i++)
        if (strcmp(key, metas[i].key) == 0) {
            buf_printf(&k->note, "%s%s%s", k->note.len > 0 ? "\n" : "", metas[i].what, value);
            return;
        }
    import_warn(&k->im, CONF, line, "\"%s\" is not known and not carried over", value_show(key, shown));
}

static bool is_number(const char *s, uint32_t *out)
{
    return value_uint(s, out) && *out < 100000;
}

static void read_conf_line(struct kathara *k, const char *text, int line)
{
    AUTO(buf_clear) struct buf value = BUF_INIT;
    AUTO(mem_freep) char *name = NULL, *arg = NULL;
    const char *s = text + strspn(text, " \t"), *open = strchr(s, '['), *eq = strchr(s, '='), *close;
    struct device *d;
    uint32_t number;

    if (*s == '\0' || *s == '#')
        return;
    close = open != NULL ? strchr(open, ']') : NULL;
    if (eq != NULL && (open == NULL || open > eq) && read_value(eq + 1 + strspn(eq + 1, " \t"), &value)) {
        name = xstrndup(s, strcspn(s, " \t="));
        read_meta(k, name, buf_str(&value), line);
        return;
    }
    if (eq == NULL || open == NULL || close == NULL || close > eq || open == s ||
        !read_value(eq + 1 + strspn(eq + 1, " \t"), &value)) {
        import_warn(&k->im, CONF, line, "this is no device[option]=value and is left out");
        return;
    }
    name = xstrndup(s, (size_t)(open - s));
    arg = xstrndup(open + 1, (size_t)(close - open - 1));
    for (char *p = arg; *p == '"' || *p == '\''; memmove(p, p + 1, strlen(p)))
        ;
    arg[strcspn(arg, "\"'")] = '\0';
    d = device(k, name, line);
    if (d == NULL)
        import_warn(&k->im, CONF, line, "there are more than %d devices; the rest is left out",
                    IMPORT_NODES_MAX);
    else if (is_number(arg, &number))
        add_wish(k, d, number, buf_str(&value), line);
    else
        read_option(k, d, arg, buf_str(&value), line);
}

static int read_conf(struct kathara *k, struct err *e)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    int line = 1;

    if (import_read(&k->im, CONF, &text, e) < 0)
        return -1;
    for (const char *p = buf_str(&text); *p != '\0'; line++) {
        size_t n = strcspn(p, "\n"), len = n;
        while (len > 0 && (p[len - 1] == '\r' || p[len - 1] == ' ' || p[len - 1] == '\t'))
            len--;
        AUTO(mem_freep) char *one = xstrndup(p, len);
        read_conf_line(k, one, line);
        p += n + (p[n] == '\n');
    }
    return 0;
}

/* ---- interfaces and networks ---- */
static int by_number(const void *a, const void *b)
{
    const struct wish *x = a, *y = b;

    return (x->number > y->number) - (x->number < y->number);
}

static const char *network_of(struct kathara *k, const char *domain)
{
    size_t i = 0;

    if (!import_map_get(k->domains, domain, &i)) {
        i = import_map_put(k->domains, domain, k->im.t->nelements, NULL);
        import_element_add(&k->im, TOPO_NETWORK, domain);
    }
    return k->im.t->elements[i].name;
}

static void connect_device(struct kathara *k, struct device *d)
{
    if (d->nwishes > 0)
        qsort(d->wishes, d->nwishes, sizeof *d->wishes, by_number);
    for (size_t i = 0; i < d->nwishes; i++) {
        const struct wish *w = &d->wishes[i];
        AUTO(mem_freep) char *name = xasprintf("eth%u", w->number);
        struct topo_iface *f = import_iface_add(&k->im, d->x, name, CONF, w->line);
        f->network = xstrdup(network_of(k, w->domain));
        if (w->mac != NULL)
            import_script_mac(&k->im, d->x, f->name, w->mac, (struct import_at){CONF, w->line});
    }
}

/* ---- scripts and folders ---- */
/* A script of the lab, if it is there: to 'x'. */
static void add_script(struct kathara *k, struct import_node *x, const char *rel)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    enum folder_kind kind = folder_kind(&k->im.folder, rel);
    struct err e = {0};

    if (kind == FOLDER_NOTHING)
        return;
    if (folder_read(&k->im.folder, rel, IMPORT_SCRIPT_MAX, &text, NULL, &e) < 0)
        import_warn(&k->im, rel, 0, "%s, and is left out", e.msg);
    else if (!import_text_ok(buf_str(&text), text.len))
        import_warn(&k->im, rel, 0, "the script is not UTF-8 text and is left out");
    else
        import_script_add(&k->im, x, buf_str(&text), rel, 1);
}

static void finish_device(struct kathara *k, struct device *d)
{
    AUTO(mem_freep) char *startup = xasprintf("%s.startup", d->x->was);

    connect_device(k, d);
    buf_puts(&d->x->script, buf_str(&d->before));
    if (folder_kind(&k->im.folder, "shared") == FOLDER_DIR)
        import_file_tree(&k->im, d->x, "shared", "/shared", 0, (struct import_at){"shared", 0});
    if (strchr(d->x->was, '/') == NULL && strcmp(d->x->was, "..") != 0 && strcmp(d->x->was, ".") != 0) {
        if (folder_kind(&k->im.folder, d->x->was) == FOLDER_DIR)
            import_file_tree(&k->im, d->x, d->x->was, "/", 0, (struct import_at){d->x->was, 0});
        add_script(k, d->x, "shared.startup");
        add_script(k, d->x, startup);
    }
    buf_puts(&d->x->script, buf_str(&d->after));
}

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), k = strlen(end);

    return n > k && strcmp(s + n - k, end) == 0;
}

/* What lies in the folder and was not asked for. */
static void look_around(struct kathara *k, const struct folder_entry *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *name = v[i].name;
        AUTO(mem_freep) char *stem = xstrndup(name, strcspn(name, "."));
        bool is_device = import_node_find(&k->im, stem) != NULL;
        if (name[0] == '.' || strcmp(name, CONF) == 0)
            continue;
        if (strcmp(name, "lab.dep") == 0)
            import_warn(&k->im, name, 0,
                        "the order of starting is not carried over: nodes start at the same time");
        else if (strcmp(name, "lab.ext") == 0)
            import_warn(&k->im, name, 0, "networks are not connected to the machine's interfaces");
        else if (strcmp(name, "shared") == 0 && v[i].kind == FOLDER_DIR)
            import_warn(&k->im, name, 0,
                        "/shared becomes a copy in every node: what one writes, no other sees");
        else if (ends_with(name, ".shutdown"))
            import_warn(&k->im, name, 0, "nothing runs when a node stops; the script is not carried over");
        else if (ends_with(name, ".startup") && strcmp(stem, "shared") != 0 && !is_device)
            import_warn(&k->im, name, 0, "%s has no device \"%s\"; the script is not carried over", CONF,
                        stem);
        else if (v[i].kind == FOLDER_DIR && import_node_find(&k->im, name) == NULL)
            import_warn(&k->im, name, 0, "%s has no device of that name; the folder is not carried over",
                        CONF);
        else if (v[i].kind != FOLDER_DIR && !ends_with(name, ".startup"))
            import_warn(&k->im, name, 0, "the file is not part of a Kathará lab and is not carried over");
    }
}

static int read_lab(struct kathara *k, struct err *e)
{
    struct folder_entry *v = NULL;
    struct err why = {0};
    size_t n = 0;
    int rc = 0;

    if (folder_list(&k->im.folder, ".", &v, &n, &why) < 0)
        return import_fail(&k->im, e, CONF, 0, "%s", why.msg);
    if (folder_kind(&k->im.folder, CONF) != FOLDER_NOTHING) {
        rc = read_conf(k, e);
    } else {
        import_warn(&k->im, CONF, 0, "there is no %s: every folder is taken for a device without interfaces",
                    CONF);
        for (size_t i = 0; i < n; i++)
            if (v[i].kind == FOLDER_DIR && v[i].name[0] != '.' && v[i].name[0] != '_' &&
                strcmp(v[i].name, "shared") != 0)
                device(k, v[i].name, 0);
    }
    if (rc == 0)
        look_around(k, v, n);
    folder_entries_free(v, n);
    return rc;
}

/* The folder's own name, for a lab that has none. */
static char *folder_name(const char *path)
{
    char *real = realpath(path, NULL);
    const char *slash = real != NULL ? strrchr(real, '/') : NULL;
    char *name = xstrdup(slash != NULL ? slash + 1 : "");

    free(real);
    return name;
}

struct topo *import_kathara(const char *path, const struct topo_import_options *o, struct import_log *l,
                            struct err *e)
{
    AUTO(kathara_clear) struct kathara k = {.domains = import_map_new()};
    AUTO(mem_freep) char *label = folder_name(path);

    if (import_lab_open(&k.im, path, l, e) < 0 || read_lab(&k, e) < 0)
        return NULL;
    import_lab_name(&k.im, o->name, k.name != NULL ? k.name : label);
    if (k.name != NULL) {
        char shown[VALUE_SHOW_SIZE];
        k.im.t->title = xstrdup(value_show(k.name, shown));
    }
    import_lab_note(&k.im, buf_str(&k.note));
    for (size_t i = 0; i < k.ndevices; i++)
        finish_device(&k, &k.devices[i]);
    return import_lab_finish(&k.im, e);
}
