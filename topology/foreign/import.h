/* Importers: others' topologies to our model.  Used by labctl.
 *
 *   import_run() -> one of import_graphml.c, import_kathara.c, import_clab.c, import_vnx.c
 *
 * The result is a model that topo_check() accepts.  What cannot be carried over is a warning, with the
 * file and the line where it stands; nothing is dropped silently. */
#ifndef FOREIGN_IMPORT_H
#define FOREIGN_IMPORT_H

#include "topology/topo.h"

struct topo_import_options {
    const char *name; /* of the topology; NULL: from the file's own name or label */
    /* GraphML only: */
    bool hosts;    /* a host beside each router */
    bool delay;    /* the time that light in a fibre needs, from the coordinates */
    bool ospf;     /* addresses, and OSPF on all routers */
    bool no_rates; /* no rate from LinkSpeedRaw, for machines that cannot shape */
};

/* Messages, by the file that they are about: a lab may consist of many. */
struct import_log {
    struct import_log_file {
        char *name; /* as people know it: with the path that was given */
        struct topo_msgs msgs;
    } * files;
    size_t n;
};
#define IMPORT_LOG_INIT \
    { \
        NULL, 0 \
    }
/* The messages of a file; valid until the next call. */
struct topo_msgs *import_log_at(struct import_log *l, const char *file);
size_t import_log_errors(const struct import_log *l);
/* "FILE:LINE: warning: text" per line, file by file in the order in which they were met. */
void import_log_print(const struct import_log *l, struct buf *out);
void import_log_clear(struct import_log *l); /* AUTO(import_log_clear) */

/* NULL, 'e' and an error in 'l' if there is nothing to be had.  'o' is not NULL. */
typedef struct topo *import_run_fn(const char *path, const struct topo_import_options *o,
                                   struct import_log *l, struct err *e);

struct import_format {
    const char *name;      /* "kathara" */
    const char *main_file; /* what it is usually called, or in a folder the file that is read first */
    bool is_folder;        /* the path names a folder */
    import_run_fn *run;
};
extern const struct import_format import_formats[]; /* ends with a NULL name */
const struct import_format *import_format_find(const char *name);

import_run_fn import_graphml, import_kathara, import_containerlab, import_vnx;

struct topo *topo_import_graphml_file(const char *path, const struct topo_import_options *o,
                                      struct topo_msgs *m, struct err *e);
struct topo *topo_import_graphml_mem(const char *data, size_t n, const struct topo_import_options *o,
                                     struct topo_msgs *m, struct err *e);

#endif
