#include "topology/foreign/import.h"

#include "labd/base/buf.h"
#include "labd/base/mem.h"

#include <string.h>

const struct import_format import_formats[] = {
    {"graphml", "graph.graphml", false, import_graphml},
    {"kathara", "lab.conf", true, import_kathara},
    {"containerlab", "lab.clab.yml", false, import_containerlab},
    {"vnx", "scenario.xml", false, import_vnx},
    {NULL, NULL, false, NULL},
};

const struct import_format *import_format_find(const char *name)
{
    for (const struct import_format *f = import_formats; f->name != NULL; f++)
        if (strcmp(f->name, name) == 0)
            return f;
    return NULL;
}

struct topo *import_graphml(const char *path, const struct topo_import_options *o, struct import_log *l,
                            struct err *e)
{
    return topo_import_graphml_file(path, o, import_log_at(l, path), e);
}

/* ---- the log ---- */
struct topo_msgs *import_log_at(struct import_log *l, const char *file)
{
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->files[i].name, file) == 0)
            return &l->files[i].msgs;
    l->files = xrealloc(l->files, l->n + 1, sizeof *l->files);
    l->files[l->n] = (struct import_log_file){xstrdup(file), TOPO_MSGS_INIT};
    return &l->files[l->n++].msgs;
}

size_t import_log_errors(const struct import_log *l)
{
    size_t n = 0;

    for (size_t i = 0; i < l->n; i++)
        n += l->files[i].msgs.nerrors;
    return n;
}

void import_log_print(const struct import_log *l, struct buf *out)
{
    for (size_t i = 0; i < l->n; i++)
        topo_msgs_print(&l->files[i].msgs, l->files[i].name, out);
}

void import_log_clear(struct import_log *l)
{
    for (size_t i = 0; i < l->n; i++) {
        free(l->files[i].name);
        topo_msgs_clear(&l->files[i].msgs);
    }
    free(l->files);
    *l = (struct import_log)IMPORT_LOG_INIT;
}
