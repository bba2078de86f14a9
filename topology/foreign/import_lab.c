#include "topology/foreign/import_lab.h"

#include "labd/base/file.h"
#include "labd/base/mem.h"
#include "topology/foreign/import_text.h"
#include "topology/limits.h"
#include "topology/topo_grow.h"
#include "topology/topo_value.h"
#include "topology/topo_xml.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What the XML is longer than the texts in it, roughly: escapes, elements. */
#define TEXT_MAX (3u << 20)
#define LINK_NAME_LEN 15 /* of each half of a link's name */

/* ---- messages ---- */
static struct topo_msgs *msgs_of(struct import *im, const char *rel)
{
    AUTO(mem_freep)
    char *file = im->dir[0] == '\0' ? xstrdup(rel) : xasprintf("%s/%s", im->dir, rel);

    return import_log_at(im->log, file);
}

void import_warn(struct import *im, const char *rel, int line, const char *fmt, ...)
{
    AUTO(mem_freep) char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    text = xvasprintf(fmt, ap);
    va_end(ap);
    topo_msgs_add(msgs_of(im, rel), line, TOPO_WARNING, "%s", text);
}

int import_fail(struct import *im, struct err *e, const char *rel, int line, const char *fmt, ...)
{
    AUTO(mem_freep) char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    text = xvasprintf(fmt, ap);
    va_end(ap);
    return topo_fatal(msgs_of(im, rel), e, line, "%s", text);
}

/* ---- the lab ---- */
int import_lab_open(struct import *im, const char *dir, struct import_log *log, struct err *e)
{
    struct err why = {0};

    *im = (struct import){.log = log, .folder = FOLDER_INIT, .text_left = TEXT_MAX};
    im->dir = xstrdup(strcmp(dir, ".") == 0 ? "" : dir);
    im->t = topo_new("imported");
    im->names = slug_set_new();
    im->by_name = import_map_new();
    im->images = import_map_new();
    if (folder_open(&im->folder, dir, &why) == 0)
        return 0;
    topo_msgs_add(import_log_at(log, dir), 0, TOPO_ERROR, "%s", why.msg);
    return err_set(e, why.code, "%s", why.msg);
}

int import_lab_open_file(struct import *im, const char *path, struct import_log *log, struct buf *text,
                         char **rel, struct err *e)
{
    const char *slash = strrchr(path, '/');
    AUTO(mem_freep)
    char *dir = slash == NULL ? xstrdup(".") : xstrndup(path, slash == path ? 1 : (size_t)(slash - path));
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct err why = {0};

    if (import_lab_open(im, dir, log, e) < 0)
        return -1;
    if (file_read(path, TOPO_FILE_MAX, &b, &why) < 0) {
        topo_msgs_add(import_log_at(log, path), 0, TOPO_ERROR, "%s", why.msg);
        return err_set(e, why.code, "%s", why.msg);
    }
    if (!import_text_ok(buf_str(&b), b.len))
        return topo_fatal(import_log_at(log, path), e, 0, "the file is not UTF-8 text");
    buf_add(text, buf_str(&b), b.len);
    *rel = xstrdup(slash != NULL ? slash + 1 : path);
    return 0;
}

void import_lab_close(struct import *im)
{
    struct topo *rest = topo_new("");

    /* What did not get into the topology is freed as one. */
    for (size_t i = 0; i < im->nnodes; i++) {
        *TOPO_PUSH(rest->nodes, rest->nnodes) = im->nodes[i]->n;
        free(im->nodes[i]->was);
        buf_clear(&im->nodes[i]->script);
        free(im->nodes[i]);
    }
    topo_free(rest);
    free(im->nodes);
    topo_free(im->t);
    slug_set_free(im->names);
    import_map_free(im->by_name);
    import_map_free(im->images);
    folder_close(&im->folder);
    free(im->dir);
}

void import_lab_name(struct import *im, const char *wanted, const char *label)
{
    AUTO(slug_set_freep) struct slug_set *one = slug_set_new();
    char name[NAME_SIZE] = "";

    if (wanted != NULL) {
        snprintf(name, sizeof name, "%s", wanted);
    } else {
        slug_make(label != NULL ? label : "", NAME_MAX_LEN, name);
        slug_unique(one, name, "imported");
    }
    free(im->t->name);
    im->t->name = xstrdup(name);
}

void import_lab_note(struct import *im, const char *text)
{
    struct topo_note *n;

    if (text[strspn(text, " \t\r\n")] == '\0')
        return;
    n = TOPO_PUSH(im->t->notes, im->t->nnotes);
    n->text = xstrdup(text);
}

static void finish_node(struct import *im, struct import_node *x)
{
    struct topo_node *n = &x->n;

    import_frr_finish(im, x);
    if (n->frr || (x->may_forward && n->nifaces > 1))
        n->kind = TOPO_ROUTER;
    if (n->kind == TOPO_ROUTER)
        n->forwarding = x->may_forward || n->frr;
    if (x->script.len > 0) {
        /* There, a command that fails does not keep a machine from being up. */
        AUTO(mem_freep) char *text = xasprintf("set +e\n%s:\n", buf_str(&x->script));
        n->startup.text = import_indent(text);
    }
}

/* The importer made names and forms; numbers and contents are the file's, and may be too much. */
static int check_result(struct import *im, struct err *e)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    struct topo_msgs *log = import_log_at(im->log, im->dir[0] != '\0' ? im->dir : ".");

    if (topo_check(im->t, &m) > 0) {
        for (size_t i = 0; i < m.n; i++)
            if (m.items[i].severity == TOPO_ERROR)
                return topo_fatal(log, e, 0, "%s", m.items[i].text);
        return topo_fatal(log, e, 0, "the lab makes no valid topology");
    }
    AUTO(mem_freep) char *xml = topo_write(im->t);
    if (strlen(xml) > TOPO_FILE_MAX)
        return topo_fatal(log, e, 0, "the topology would be larger than %u MiB", TOPO_FILE_MAX >> 20);
    return 0;
}

struct topo *import_lab_finish(struct import *im, struct err *e)
{
    for (size_t i = 0; i < im->nnodes; i++) {
        finish_node(im, im->nodes[i]);
        *TOPO_PUSH(im->t->nodes, im->t->nnodes) = im->nodes[i]->n;
        im->nodes[i]->n = (struct topo_node){0};
    }
    for (size_t i = 0; i < im->log->n; i++)
        topo_msgs_sort(&im->log->files[i].msgs);
    if (check_result(im, e) < 0)
        return NULL;
    return TAKE(im->t);
}

int import_read(struct import *im, const char *rel, struct buf *out, struct err *e)
{
    struct err why = {0};
    AUTO(buf_clear) struct buf b = BUF_INIT;

    if (folder_read(&im->folder, rel, IMPORT_SCRIPT_MAX, &b, NULL, &why) < 0)
        return import_fail(im, e, rel, 0, "%s", why.msg);
    if (!import_text_ok(buf_str(&b), b.len))
        return import_fail(im, e, rel, 0, "the file is not UTF-8 text");
    buf_add(out, buf_str(&b), b.len);
    return 0;
}

/* ---- nodes, interfaces, elements ---- */
struct import_node *import_node_find(const struct import *im, const char *was)
{
    size_t i;

    return was != NULL && import_map_get(im->by_name, was, &i) ? im->nodes[i] : NULL;
}

struct import_node *import_node_add(struct import *im, const char *was, const char *rel, int line,
                                    bool *fresh)
{
    char name[NAME_SIZE], shown[VALUE_SHOW_SIZE];
    struct import_node *x;
    bool added;
    size_t i;

    i = import_map_put(im->by_name, was, im->nnodes, &added);
    if (fresh != NULL)
        *fresh = added;
    if (!added)
        return im->nodes[i];
    x = xcalloc(1, sizeof *x);
    *TOPO_PUSH(im->nodes, im->nnodes) = x;
    slug_make(was, NAME_MAX_LEN, name);
    slug_unique(im->names, name, "node");
    x->was = xstrdup(was);
    x->n.name = xstrdup(name);
    x->n.kind = TOPO_HOST;
    x->where = (struct import_at){rel, line};
    if (strcmp(was, name) != 0)
        import_warn(im, rel, line, "\"%s\" is called \"%s\" here", value_show(was, shown), name);
    return x;
}

void import_warn_of_image(struct import *im, const char *image, struct import_at at)
{
    char shown[VALUE_SHOW_SIZE];
    bool fresh;

    import_map_put(im->images, image, 0, &fresh);
    if (fresh)
        import_warn(im, at.rel, at.line,
                    "image \"%s\" becomes our own, which has FRR and the usual network tools, and no more",
                    value_show(image, shown));
}

struct topo_link *import_link_add(struct import *im, const char *a, const char *aif, const char *b,
                                  const char *bif)
{
    struct topo_link *l = TOPO_PUSH(im->t->links, im->t->nlinks);
    const char *const node[] = {a, b}, *const iface[] = {aif, bif};
    char half[2][NAME_SIZE], name[NAME_SIZE];

    for (int k = 0; k < 2; k++) {
        slug_make(node[k], LINK_NAME_LEN, half[k]);
        l->end[k].node = xstrdup(node[k]);
        l->end[k].iface = iface[k] != NULL ? xstrdup(iface[k]) : NULL;
    }
    snprintf(name, sizeof name, "%.15s-%.15s", half[0], half[1]);
    slug_unique(im->names, name, "link");
    l->name = xstrdup(name);
    l->up = true;
    return l;
}

struct topo_element *import_element_add(struct import *im, enum topo_kind kind, const char *label)
{
    struct topo_element *e = TOPO_PUSH(im->t->elements, im->t->nelements);
    char name[NAME_SIZE];

    slug_make(label, NAME_MAX_LEN, name);
    slug_unique(im->names, name, kind == TOPO_SWITCH ? "sw" : "net");
    e->kind = kind;
    e->name = xstrdup(name);
    e->rstp_priority = kind == TOPO_SWITCH ? TOPO_RSTP_PRIORITY : 0;
    return e;
}

static bool has_iface(const struct topo_node *n, const char *name)
{
    for (size_t i = 0; i < n->nifaces; i++)
        if (strcmp(n->ifaces[i].name, name) == 0)
            return true;
    return false;
}

/* Lower case, and '-' for what is not allowed: "Ethernet1/2" is "ethernet1-2". */
static void near_ifname(const char *name, char out[IFNAME_SIZE])
{
    size_t n = 0;

    for (; *name != '\0' && n < IFNAME_SIZE - 4; name++) {
        char c = *name >= 'A' && *name <= 'Z' ? (char)(*name + 'a' - 'A') : *name;
        bool ok = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
        if (n == 0 && !(c >= 'a' && c <= 'z'))
            out[n++] = 'e';
        out[n++] = ok ? c : '-';
    }
    out[n] = '\0';
}

struct topo_iface *import_iface_add(struct import *im, struct import_node *x, const char *name,
                                    const char *rel, int line)
{
    struct topo_iface *f;
    char given[IFNAME_SIZE], shown[VALUE_SHOW_SIZE];

    near_ifname(name, given);
    if (ifname_ok(name))
        snprintf(given, sizeof given, "%s", name);
    if (!ifname_ok(given) || has_iface(&x->n, given))
        for (size_t i = x->n.nifaces;; i++) {
            snprintf(given, sizeof given, "eth%zu", i);
            if (!has_iface(&x->n, given))
                break;
        }
    if (strcmp(name, given) != 0)
        import_warn(im, rel, line, "interface \"%s\" of \"%s\" is called \"%s\" here",
                    value_show(name, shown), x->n.name, given);
    f = TOPO_PUSH(x->n.ifaces, x->n.nifaces);
    f->name = xstrdup(given);
    return f;
}

/* ---- sizes ---- */
bool import_memory(const char *s, uint32_t *mb)
{
    static const struct {
        const char *unit;
        double bytes;
    } units[] = {{"", 1},           {"b", 1},           {"k", 1024},        {"kb", 1000},
                 {"kib", 1024},     {"m", 1048576},     {"mb", 1000000},    {"mib", 1048576},
                 {"g", 1073741824}, {"gb", 1000000000}, {"gib", 1073741824}};
    double v = 0, scale = 1;
    const char *p = s;

    for (; *p >= '0' && *p <= '9'; p++)
        v = v * 10 + (*p - '0');
    if (p == s)
        return false;
    if (*p == '.')
        for (p++; *p >= '0' && *p <= '9'; p++) {
            scale /= 10;
            v += (*p - '0') * scale;
        }
    p += *p == ' ';
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (strcasecmp(p, units[i].unit) == 0) {
            *mb = (uint32_t)fmin(ceil(v * units[i].bytes / 1048576), 1e9);
            return true;
        }
    return false;
}

void import_set_memory(struct import *im, struct import_node *x, const char *text, struct import_at at)
{
    char shown[VALUE_SHOW_SIZE];
    uint32_t mb, fit;

    value_show(text, shown);
    if (!import_memory(text, &mb)) {
        import_warn(im, at.rel, at.line, "memory \"%s\" of \"%s\" is no size and is left out", shown,
                    x->n.name);
        return;
    }
    fit = mb < LIMIT_MEMORY_MIN ? LIMIT_MEMORY_MIN : mb > LIMIT_MEMORY_MAX ? LIMIT_MEMORY_MAX : mb;
    if (fit != mb)
        import_warn(im, at.rel, at.line,
                    "memory \"%s\" of \"%s\" becomes %u MiB, the nearest that a node may have", shown,
                    x->n.name, fit);
    x->n.memory_mb = fit;
}

void import_set_cpus(struct import *im, struct import_node *x, const char *text, struct import_at at)
{
    char shown[VALUE_SHOW_SIZE];
    double v = 0;
    uint32_t fit;
    char *end;

    value_show(text, shown);
    v = strtod(text, &end);
    if (end == text || *end != '\0' || !(v > 0) || !isfinite(v)) {
        import_warn(im, at.rel, at.line, "\"%s\" of \"%s\" is no number of processors and is left out", shown,
                    x->n.name);
        return;
    }
    fit = (uint32_t)fmin(ceil(v), LIMIT_VCPUS_MAX);
    if ((double)fit != v)
        import_warn(im, at.rel, at.line,
                    "%s processors of \"%s\" become %u: a node has whole ones, at most %d", shown, x->n.name,
                    fit, LIMIT_VCPUS_MAX);
    x->n.vcpus = fit;
}
