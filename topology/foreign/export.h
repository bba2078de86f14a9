/* Exporters: our topologies for others.  Used by labctl. */
#ifndef FOREIGN_EXPORT_H
#define FOREIGN_EXPORT_H

#include "topology/topo.h"

/* The text, which the caller frees.  't' is valid.  What has no place in the format is a warning in 'm'. */
typedef char *export_run_fn(const struct topo *t, struct topo_msgs *m);

struct export_format {
    const char *name;
    export_run_fn *run;
};
extern const struct export_format export_formats[]; /* ends with a NULL name */
const struct export_format *export_format_find(const char *name);

export_run_fn export_containerlab, export_dot, export_graphml;

/* For exporters: no format of others hides anything from students. */
void export_warn_of_hidden(const struct topo *t, struct topo_msgs *m);

#endif
