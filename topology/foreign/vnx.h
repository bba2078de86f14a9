/* A VNX scenario while it is read.  Used by import_vnx.c and vnx_seq.c. */
#ifndef FOREIGN_VNX_H
#define FOREIGN_VNX_H

#include "topology/foreign/import_lab.h"

#include <libxml/tree.h>

/* Commands and files that VNX runs on demand ("vnx --execute NAME") become a program of this name. */
#define VNX_PROGRAM "/usr/local/bin/vnx-"

struct vnx {
    struct import im;
    char *file;
    const xmlNode *global, *defaults; /* <global>, its <vm_defaults>; may be NULL */
    struct import_map *nets;          /* name -> index of the element */
};

#define vnx_at(v, x) ((struct import_at){(v)->file, topo_xml_line(x)})

/* Text of an element without the white space around it; the caller frees. */
char *vnx_text(const xmlNode *x);
/* <filetree> and <exec> of a virtual machine: those of on_boot to its startup, others to programs.  'commands' no:
 * they are for software that we do not have. */
void vnx_sequences(struct vnx *v, struct import_node *x, const xmlNode *vm, bool commands);

#endif
