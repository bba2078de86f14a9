#include "topology/foreign/xml_tools.h"

#include "labd/base/mem.h"

#include <string.h>

bool xml_is(const xmlNode *x, const char *name)
{
    return x->type == XML_ELEMENT_NODE && strcmp((const char *)x->name, name) == 0;
}

char *xml_get(const xmlNode *x, const char *name)
{
    for (const xmlAttr *a = x->properties; a != NULL; a = a->next)
        if (strcmp((const char *)a->name, name) == 0) {
            xmlChar *v = xmlNodeListGetString(x->doc, a->children, 1);
            char *s = xstrdup(v != NULL ? (const char *)v : "");
            xmlFree(v);
            return s;
        }
    return NULL;
}

const xmlNode *xml_child(const xmlNode *x, const char *name)
{
    const xmlNode *c = x->children;

    while (c != NULL && !xml_is(c, name))
        c = c->next;
    return c;
}
