/* Reading and checking in one. */
#include "labd/base/buf.h"
#include "labd/base/file.h"
#include "labd/base/mem.h"
#include "topology/topo_size.h"

static void first_error(const struct topo_msgs *m, size_t errors, struct err *e)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->items[i].severity == TOPO_ERROR) {
            if (errors > 1)
                err_set(e, ERR_INVALID, "line %d: %s (and %zu more)", m->items[i].line, m->items[i].text,
                        errors - 1);
            else
                err_set(e, ERR_INVALID, "line %d: %s", m->items[i].line, m->items[i].text);
            return;
        }
}

static struct topo *load(const char *data, size_t n, const struct topo_size *max,
                         const struct topo_seed *seed, struct topo_msgs *m, struct err *e)
{
    AUTO(topo_freep) struct topo *t = topo_read_within(data, n, max, seed, m, e);
    size_t errors;

    if (t == NULL)
        return NULL;
    errors = topo_check_within(t, max, m);
    if (errors == 0)
        return TAKE(t);
    first_error(m, errors, e);
    return NULL;
}

static struct topo *load_file(const char *path, const struct topo_size *max, const struct topo_seed *seed,
                              struct buf *text, struct topo_msgs *m, struct err *e)
{
    AUTO(topo_msgs_clear) struct topo_msgs own = TOPO_MSGS_INIT;
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct err why = {0};

    m = m != NULL ? m : &own;
    text = text != NULL ? text : &b;
    if (file_read(path, max->bytes, text, &why) == 0)
        return load(buf_str(text), text->len, max, seed, m, e);
    topo_msgs_add(m, 0, TOPO_ERROR, "%s", why.msg);
    if (e != NULL)
        *e = why;
    return NULL;
}

struct topo *topo_load_seeded(const char *data, size_t n, const struct topo_seed *seed, struct topo_msgs *m,
                              struct err *e)
{
    AUTO(topo_msgs_clear) struct topo_msgs own = TOPO_MSGS_INIT;

    return load(data, n, &topo_size_lab, seed, m != NULL ? m : &own, e);
}

struct topo *topo_load_mem(const char *data, size_t n, struct topo_msgs *m, struct err *e)
{
    return topo_load_seeded(data, n, NULL, m, e);
}

struct topo *topo_load_file_seeded(const char *path, const struct topo_seed *seed, struct topo_msgs *m,
                                   struct err *e)
{
    return load_file(path, &topo_size_lab, seed, NULL, m, e);
}

struct topo *topo_load_file(const char *path, struct topo_msgs *m, struct err *e)
{
    return topo_load_file_seeded(path, NULL, m, e);
}

struct topo *topo_load_large_file(const char *path, const struct topo_seed *seed, struct buf *text,
                                  struct topo_msgs *m, struct err *e)
{
    struct topo_size max = topo_size_tool;

    max.warns = true;
    return load_file(path, &max, seed, text, m, e);
}
