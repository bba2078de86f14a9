/* Looking into XML of others.  Used by the importers of GraphML and VNX. */
#ifndef FOREIGN_XML_TOOLS_H
#define FOREIGN_XML_TOOLS_H

#include <libxml/tree.h>
#include <stdbool.h>

bool xml_is(const xmlNode *x, const char *name);
/* An attribute, which the caller frees; NULL: there is none of that name. */
char *xml_get(const xmlNode *x, const char *name);
const xmlNode *xml_child(const xmlNode *x, const char *name); /* the first one, or NULL */

#endif
