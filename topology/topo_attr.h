/* Attributes of the topology language as tables.  Used by the reader. */
#ifndef TOPOLOGY_TOPO_ATTR_H
#define TOPOLOGY_TOPO_ATTR_H

#include "topology/topo.h"

#include <libxml/tree.h>
#include <stddef.h>

enum attr_type {
    A_STRING,   /* char * */
    A_UINT,     /* uint32_t */
    A_POSITIVE, /* uint32_t, 1 .. */
    A_X,        /* struct topo_pos */
    A_Y,
    A_BOOL,      /* bool */
    A_MODE,      /* uint32_t, octal */
    A_DELAY,     /* uint32_t, microseconds */
    A_PERCENT,   /* uint32_t, parts per million */
    A_RATE,      /* uint64_t, bits per second */
    A_END,       /* struct topo_end, "node:interface" */
    A_TRUNK,     /* struct topo_port, list of VLANs */
    A_WORDS,     /* struct topo_node, FRR daemons */
    A_NAMES,     /* struct topo_words */
    A_MIRROR,    /* struct topo_port, ports that are mirrored */
    A_DIRECTION, /* enum plan_mirror */
    A_LACP,      /* bool: passive */
    A_VERSION,   /* nothing: "1" is all there is */
};

struct attr {
    const char *name;
    enum attr_type type;
    size_t offset; /* in the struct that the element fills */
};

#define ATTRS_END \
    { \
        NULL, A_STRING, 0 \
    }

/* Stores the attributes of 'x' in 'obj', the struct that 'attrs' is about; reports those that are
 * unknown or malformed.  Returns a bit for each entry of 'attrs' that was given
 * and understood. */
unsigned topo_attrs(struct topo_msgs *m, const xmlNode *x, const struct attr *attrs, void *obj);

#endif
