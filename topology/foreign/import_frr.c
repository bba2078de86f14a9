/* Quagga's and FRR's files to <frr>.
 *
 * Quagga kept one file per daemon, of which FRR reads none when there is an frr.conf, as in our image.
 * Their texts in a row are an frr.conf, since each daemon takes only what it knows. */
#include "labd/base/mem.h"
#include "topology/foreign/import_lab.h"
#include "topology/foreign/import_text.h"
#include "topology/limits.h"
#include "topology/topo_grow.h"
#include "topology/topo_value.h"

#include <string.h>

#define FRR "/etc/frr/"

static const struct {
    const char *from, *to;
} paths[] = {
    {"/etc/quagga/Quagga.conf", "/etc/frr/frr.conf"},
    {"/etc/quagga", "/etc/frr"},
    {"/etc/zebra", "/etc/frr"},
    {"/var/log/quagga", "/var/log/frr"},
    {"/var/log/zebra", "/var/log/frr"},
};

char *import_frr_path(const char *path)
{
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        size_t n = strlen(paths[i].from);
        if (strncmp(path, paths[i].from, n) == 0 && (path[n] == '/' || path[n] == '\0'))
            return xasprintf("%s%s", paths[i].to, path + n);
    }
    return xstrdup(path);
}

/* The text of a file below /etc/frr, or NULL. */
static char *take(struct topo_node *n, const char *name)
{
    for (size_t i = 0; i < n->nfiles; i++)
        if (strncmp(n->files[i].path, FRR, strlen(FRR)) == 0 &&
            strcmp(n->files[i].path + strlen(FRR), name) == 0) {
            char *text = n->files[i].text;
            free(n->files[i].path);
            n->nfiles--;
            memmove(&n->files[i], &n->files[i + 1], (n->nfiles - i) * sizeof *n->files);
            return text;
        }
    return NULL;
}

/* Options that FRR's packages come with, and that ours has by itself. */
static bool usual_options(const char *value, size_t n)
{
    static const char *const usual[] = {"-A", "127.0.0.1", "::1", "--daemon", "-d", "-s", "90000000"};
    AUTO(mem_freep) char *copy = xstrndup(value, n);
    char *save = NULL;

    for (char *w = strtok_r(copy, " \t\"'()", &save); w != NULL; w = strtok_r(NULL, " \t\"'()", &save)) {
        bool known = false;
        for (size_t i = 0; i < ARRAY_LEN(usual); i++)
            known = known || strcmp(w, usual[i]) == 0;
        if (!known)
            return false;
    }
    return true;
}

static bool listed(const struct topo_node *n, const char *daemon)
{
    for (size_t i = 0; i < n->nfrr_daemons; i++)
        if (strcmp(n->frr_daemons[i], daemon) == 0)
            return true;
    return false;
}

static void add_daemon(struct topo_node *n, const char *daemon)
{
    if (strcmp(daemon, "zebra") != 0 && strcmp(daemon, "staticd") != 0 && !listed(n, daemon))
        *TOPO_PUSH(n->frr_daemons, n->nfrr_daemons) = xstrdup(daemon);
}

/* "ospfd=yes" per line. */
static void read_daemons(struct import *im, struct import_node *x, const char *text)
{
    static const char *const ours[] = {"vtysh_enable", "watchfrr_enable",    "watchfrr_options",
                                       "frr_profile",  "watchquagga_enable", "watchquagga_options",
                                       "MAX_FDS"};

    for (const char *p = text; *p != '\0'; p += strcspn(p, "\n"), p += *p == '\n') {
        const char *line = p + strspn(p, " \t\r");
        size_t n = strcspn(line, "\r\n"), eq = strcspn(line, "=\r\n");
        AUTO(mem_freep) char *key = xstrndup(line, eq), *value = NULL;
        bool known = false;
        if (line[0] == '#' || eq >= n)
            continue;
        value = xstrndup(line + eq + 1, n - eq - 1);
        value[strcspn(value, " \t#")] = '\0';
        if (limit_frr_daemon_ok(key)) {
            if (strcmp(value, "yes") == 0 || (value[0] >= '1' && value[0] <= '9'))
                add_daemon(&x->n, key);
            continue;
        }
        for (size_t i = 0; i < ARRAY_LEN(ours); i++)
            known = known || strcmp(key, ours[i]) == 0;
        if (known || usual_options(line + eq + 1, n - eq - 1) || strcmp(value, "no") == 0)
            continue;
        char shown[VALUE_SHOW_SIZE];
        import_warn(im, x->where.rel, x->where.line, "\"%s\" of %sdaemons is not carried over",
                    value_show(line, shown), FRR);
    }
}

/* frr.conf if there is one, else the files of the daemons in a row; NULL: neither. */
static char *take_conf(struct import *im, struct import_node *x)
{
    char *whole = take(&x->n, "frr.conf");
    struct buf b = BUF_INIT;

    for (size_t i = 0; limit_frr_daemons[i] != NULL; i++) {
        AUTO(mem_freep) char *name = xasprintf("%s.conf", limit_frr_daemons[i]);
        AUTO(mem_freep) char *text = take(&x->n, name);
        if (text == NULL)
            continue;
        if (whole != NULL) {
            import_warn(im, x->where.rel, x->where.line,
                        "%s%s is left out: FRR reads nothing but frr.conf where that is", FRR, name);
            continue;
        }
        buf_printf(&b, "! %s\n%s%s!\n", name, text,
                   text[0] != '\0' && text[strlen(text) - 1] == '\n' ? "" : "\n");
        add_daemon(&x->n, limit_frr_daemons[i]);
    }
    if (whole != NULL || b.len == 0)
        return whole;
    return buf_take(&b);
}

static char *with_our_paths(const char *text)
{
    struct buf b = BUF_INIT;

    while (*text != '\0') {
        size_t i = 0, n = 0;
        for (; i < ARRAY_LEN(paths); i++) {
            n = strlen(paths[i].from);
            if (strncmp(text, paths[i].from, n) == 0)
                break;
        }
        if (i < ARRAY_LEN(paths)) {
            buf_puts(&b, paths[i].to);
            text += n;
        } else {
            buf_putc(&b, *text++);
        }
    }
    return buf_take(&b);
}

static void put_file(struct topo_node *n, const char *name, char *text)
{
    struct topo_file *f = TOPO_PUSH(n->files, n->nfiles);

    f->path = xasprintf("%s%s", FRR, name);
    f->text = text;
    f->mode = 0640;
}

static void clear_daemons(struct topo_node *n)
{
    for (size_t i = 0; i < n->nfrr_daemons; i++)
        free(n->frr_daemons[i]);
    free(n->frr_daemons);
    n->frr_daemons = NULL;
    n->nfrr_daemons = 0;
}

void import_frr_finish(struct import *im, struct import_node *x)
{
    struct topo_node *n = &x->n;
    AUTO(mem_freep) char *daemons = take(n, "daemons");
    AUTO(mem_freep) char *conf = take_conf(im, x);

    if (daemons != NULL) {
        clear_daemons(n); /* it decides, whatever files there are */
        read_daemons(im, x, daemons);
    }
    if (x->starts_frr) {
        n->frr = true;
        if (conf != NULL && conf[strspn(conf, " \t\r\n")] != '\0') {
            AUTO(mem_freep) char *ours = with_our_paths(conf);
            n->frr_conf = import_indent(ours);
        }
        return;
    }
    clear_daemons(n);
    if (daemons != NULL)
        put_file(n, "daemons", TAKE(daemons));
    if (conf != NULL)
        put_file(n, "frr.conf", with_our_paths(conf));
}
