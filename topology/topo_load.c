/* Reading and checking in one. */
#include "labd/base/mem.h"
#include "topology/topo.h"

static struct topo *checked(struct topo *read, struct topo_msgs *m, struct err *e)
{
    AUTO(topo_freep) struct topo *t = read;
    size_t errors;

    if (t == NULL)
        return NULL;
    errors = topo_check(t, m);
    if (errors == 0)
        return TAKE(t);
    for (size_t i = 0; i < m->n; i++)
        if (m->items[i].severity == TOPO_ERROR) {
            if (errors > 1)
                err_set(e, ERR_INVALID, "line %d: %s (and %zu more)", m->items[i].line, m->items[i].text,
                        errors - 1);
            else
                err_set(e, ERR_INVALID, "line %d: %s", m->items[i].line, m->items[i].text);
            break;
        }
    return NULL;
}

struct topo *topo_load_seeded(const char *data, size_t n, const struct topo_seed *seed, struct topo_msgs *m,
                              struct err *e)
{
    AUTO(topo_msgs_clear) struct topo_msgs own = TOPO_MSGS_INIT;

    m = m != NULL ? m : &own;
    return checked(topo_read_seeded(data, n, seed, m, e), m, e);
}

struct topo *topo_load_mem(const char *data, size_t n, struct topo_msgs *m, struct err *e)
{
    return topo_load_seeded(data, n, NULL, m, e);
}

struct topo *topo_load_file_seeded(const char *path, const struct topo_seed *seed, struct topo_msgs *m,
                                   struct err *e)
{
    AUTO(topo_msgs_clear) struct topo_msgs own = TOPO_MSGS_INIT;

    m = m != NULL ? m : &own;
    return checked(topo_read_file(path, seed, m, e), m, e);
}

struct topo *topo_load_file(const char *path, struct topo_msgs *m, struct err *e)
{
    return topo_load_file_seeded(path, NULL, m, e);
}
