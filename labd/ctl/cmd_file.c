/* labctl validate, import, export and render: what works on files and needs no daemon. */
#include "grading/exercise.h"
#include "labd/base/buf.h"
#include "labd/base/file.h"
#include "labd/base/mem.h"
#include "labd/ctl/ctl.h"
#include "labd/ctl/ctl_source.h"
#include "labd/ctl/ctl_text.h"
#include "topology/foreign/export.h"
#include "topology/foreign/import.h"
#include "topology/topo.h"
#include "topology/topo_hidden.h"
#include "topology/topo_seed.h"

#include <string.h>

static void print_msgs(const struct topo_msgs *m, const char *file, FILE *f)
{
    AUTO(buf_clear) struct buf out = BUF_INIT;

    topo_msgs_print(m, file, &out);
    text_lines(f, "", buf_str(&out));
}

static void print_ok(struct ctl *c, const char *file, const struct topo *t)
{
    AUTO(mem_freep) char *safe = text_safe(file, strlen(file));

    fprintf(c->out, "%s: ok: %zu nodes, %zu links\n", safe, t->nnodes, t->nlinks);
}

/* An error that has no line of its own. */
static void print_err(struct ctl *c, const char *file, const struct err *e)
{
    AUTO(mem_freep) char *text = xasprintf("%s:1: error: %s", file, e->msg);

    text_lines(c->out, "", text);
}

static bool validate_exercise(struct ctl *c, const char *path, const char *dir, const struct topo_seed *seed)
{
    AUTO(topo_msgs_clear) struct topo_msgs xm = TOPO_MSGS_INIT, tm = TOPO_MSGS_INIT;
    AUTO(exercise_freep) struct exercise *x = NULL;
    AUTO(mem_freep) char *xml = xasprintf("%s/exercise.xml", dir);
    struct err e = {0};

    x = exercise_load_dir_seeded(dir, seed, &xm, &tm, &e);
    print_msgs(&xm, xml, c->out);
    if (tm.n > 0) {
        /* Which file that is, only a loaded exercise knows; by custom it is topology.xml. */
        AUTO(mem_freep) char *file = xasprintf("%s/%s", dir, x != NULL ? x->topo_file : "topology.xml");
        print_msgs(&tm, file, c->out);
    }
    if (x == NULL && xm.nerrors + tm.nerrors == 0)
        print_err(c, xml, &e);
    if (x == NULL || xm.nerrors + tm.nerrors > 0)
        return false;
    print_ok(c, path, x->topo);
    return true;
}

static bool validate_topology(struct ctl *c, const char *path, const struct topo_seed *seed)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(topo_freep) struct topo *t = NULL;
    struct err e = {0};

    t = topo_load_large_file(path, seed, NULL, &m, &e);
    print_msgs(&m, path, c->out);
    if (t == NULL && m.nerrors == 0)
        print_err(c, path, &e);
    if (t == NULL)
        return false;
    print_ok(c, path, t);
    return true;
}

/* To -o FILE, which appears whole or not at all, or to standard output. */
static int put(struct ctl *c, const char *text, struct err *e)
{
    const char *path = c->flag[FLAG_OUTPUT];

    if (path != NULL && strcmp(path, "-") != 0)
        return file_write_atomic(path, text, strlen(text), 0644, e);
    fputs(text, c->out);
    return 0;
}

/* The topology as plain elements on standard output; what is wrong with it on the other. */
static int expand(struct ctl *c, const struct topo_seed *seed, struct err *e)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(topo_freep) struct topo *t = NULL;
    AUTO(buf_clear) struct buf text = BUF_INIT;

    if (c->nargs > 1) {
        ctl_say(c, "--expand takes one file");
        return CTL_USAGE;
    }
    t = topo_load_large_file(c->args[0], seed, &text, &m, e);
    print_msgs(&m, c->args[0], c->err);
    if (t == NULL)
        return m.nerrors > 0 ? 1 : -1;
    AUTO(mem_freep) char *xml = topo_write_like(t, buf_str(&text), text.len);
    return put(c, xml, e);
}

int cmd_validate(struct ctl *c, struct err *e)
{
    uint32_t number = TOPO_SEED_NUMBER;
    int status = ctl_seed(c, &number);
    struct topo_seed seed;

    if (status != 0)
        return status;
    topo_seed_number(&seed, number);
    if (c->flag[FLAG_EXPAND] != NULL)
        return expand(c, &seed, e);
    if (c->flag[FLAG_OUTPUT] != NULL) {
        ctl_say(c, "--output is for --expand");
        return CTL_USAGE;
    }
    for (int i = 0; i < c->nargs; i++) {
        AUTO(mem_freep) char *dir = source_exercise_dir(c->args[i]);
        bool ok = dir != NULL ? validate_exercise(c, c->args[i], dir, &seed)
                              : validate_topology(c, c->args[i], &seed);

        if (!ok)
            status = 1;
    }
    return status;
}

/* Options that only GraphML has a use for. */
static int check_import_options(struct ctl *c)
{
    static const enum ctl_flag only[] = {FLAG_HOSTS, FLAG_DELAY, FLAG_OSPF, FLAG_NO_RATES};

    for (size_t i = 0; i < ARRAY_LEN(only); i++)
        if (c->flag[only[i]] != NULL && strcmp(c->args[0], "graphml") != 0) {
            ctl_say(c, "--%s is for graphml only", ctl_flags[only[i]].name);
            return CTL_USAGE;
        }
    return 0;
}

static int unknown_format(const char *given, struct err *e)
{
    AUTO(buf_clear) struct buf known = BUF_INIT;

    for (const struct import_format *f = import_formats; f->name != NULL; f++)
        buf_printf(&known, "%s%s", known.len > 0 ? ", " : "", f->name);
    return err_set(e, ERR_INVALID, "format '%s' cannot be imported; known: %s", given, buf_str(&known));
}

int cmd_import(struct ctl *c, struct err *e)
{
    AUTO(import_log_clear) struct import_log log = IMPORT_LOG_INIT;
    AUTO(topo_freep) struct topo *t = NULL;
    AUTO(buf_clear) struct buf said = BUF_INIT;
    const struct import_format *format = import_format_find(c->args[0]);
    const struct topo_import_options options = {
        .name = c->flag[FLAG_NAME],
        .hosts = c->flag[FLAG_HOSTS] != NULL,
        .delay = c->flag[FLAG_DELAY] != NULL,
        .ospf = c->flag[FLAG_OSPF] != NULL,
        .no_rates = c->flag[FLAG_NO_RATES] != NULL,
    };
    int status;

    if (format == NULL)
        return unknown_format(c->args[0], e);
    status = check_import_options(c);
    if (status != 0)
        return status;
    if (options.name != NULL && name_check(options.name, "topology", e) < 0)
        return -1;
    t = format->run(c->args[1], &options, &log, e);
    import_log_print(&log, &said);
    text_lines(c->err, "", buf_str(&said));
    if (t == NULL)
        return import_log_errors(&log) > 0 ? 1 : -1;
    AUTO(mem_freep) char *xml = topo_write(t);
    return put(c, xml, e);
}

int cmd_export(struct ctl *c, struct err *e)
{
    const struct export_format *format = export_format_find(c->args[0]);
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT, lost = TOPO_MSGS_INIT;
    AUTO(topo_freep) struct topo *t = NULL;

    if (format == NULL)
        return err_set(e, ERR_INVALID, "format '%s' cannot be exported; known: containerlab, dot, graphml",
                       c->args[0]);
    t = topo_load_large_file(c->args[1], NULL, NULL, &m, e);
    print_msgs(&m, c->args[1], c->err);
    if (t == NULL)
        return m.nerrors > 0 ? 1 : -1;
    AUTO(mem_freep) char *text = format->run(t, &lost);
    topo_msgs_sort(&lost);
    print_msgs(&lost, c->args[1], c->err);
    return put(c, text, e);
}

/* What --labels names; false if it is none of them. */
static bool labels(const char *name, enum topo_labels *out)
{
    static const char *const words[] = {[TOPO_LABEL_ADDRESSES] = "addresses",
                                        [TOPO_LABEL_INTERFACES] = "interfaces",
                                        [TOPO_LABEL_NAMES] = "names"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(name, words[i]) == 0) {
            *out = (enum topo_labels)i;
            return true;
        }
    return false;
}

int cmd_render(struct ctl *c, struct err *e)
{
    enum topo_labels which = TOPO_LABEL_ADDRESSES;

    if (c->flag[FLAG_LABELS] != NULL && !labels(c->flag[FLAG_LABELS], &which)) {
        ctl_say(c, "there are no labels '%s': use names, interfaces or addresses", c->flag[FLAG_LABELS]);
        return CTL_USAGE;
    }
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(topo_freep) struct topo *t = topo_load_large_file(c->args[0], NULL, NULL, &m, e);

    print_msgs(&m, c->args[0], c->err);
    if (t == NULL)
        return m.nerrors > 0 ? 1 : -1;
    AUTO(topo_seen_freep) struct topo *seen = c->flag[FLAG_STUDENT] != NULL ? topo_seen(t) : NULL;
    AUTO(mem_freep) char *svg = topo_render_svg(seen != NULL ? seen : t, which);
    return put(c, svg, e);
}
