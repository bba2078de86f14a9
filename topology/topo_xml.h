/* Hostile XML into a small libxml2 document.  Used by the reader and the importers in topology/.
 *
 * A scan of our own bounds the document before libxml2 sees it: UTF-8 without NUL, no DOCTYPE, depth,
 * number of elements and of attributes per element (libxml2 2.9 compares each with each).  It also
 * finds the line on which each start tag begins; libxml2 keeps the line of its end only. */
#ifndef TOPOLOGY_TOPO_XML_H
#define TOPOLOGY_TOPO_XML_H

#include "labd/base/err.h"
#include "topology/topo_size.h"

#include <libxml/tree.h>

#define TOPO_XML_DEPTH_MAX 16
#define TOPO_XML_ATTRS_MAX 32

/* NULL, 'e' and a message in 'm' if it is not acceptable, or larger than 'max'.  The caller frees with
 * xmlFreeDoc(). */
xmlDoc *topo_xml_parse(const char *data, size_t n, const struct topo_size *max, struct topo_msgs *m,
                       struct err *e);
void topo_xml_freep(xmlDoc **doc);

int topo_xml_line(const xmlNode *element); /* of its start tag */
/* All text directly inside 'element' (not inside its children); the caller frees. */
char *topo_xml_text(const xmlNode *element);

/* One message that is the whole outcome: into 'm' and 'e'.  Returns -1. */
int topo_fatal(struct topo_msgs *m, struct err *e, int line, const char *fmt, ...) PRINTF_LIKE(4, 5);

#endif
