/* <defaults>: attributes and elements for those that lack them. */
#include "labd/base/mem.h"
#include "topology/topo_expand.h"
#include "topology/topo_value.h"
#include "topology/topo_xml.h"

#include <stdint.h>
#include <string.h>

static const char *const kinds[] = {"host", "router", "interface", "switch", "link"};

struct defaults {
    const xmlNode *of[ARRAY_LEN(kinds)]; /* or NULL */
    struct topo_budget *b;
};

static int kind_of(const xmlNode *x)
{
    for (size_t i = 0; x->ns == NULL && i < ARRAY_LEN(kinds); i++)
        if (strcmp(kinds[i], (const char *)x->name) == 0)
            return (int)i;
    return -1;
}

static bool one_of(const xmlChar *name, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp((const char *)name, names[i]) == 0)
            return true;
    return false;
}

/* What an element has for itself alone cannot have a default. */
static void check_default(struct topo_msgs *m, const xmlNode *x)
{
    static const char *const own_attrs[] = {"name", "x", "y", "a", "b"};
    static const char *const own_elements[] = {"interface", "port"};
    char shown[VALUE_SHOW_SIZE];

    for (const xmlAttr *a = x->properties; a != NULL; a = a->next)
        if (a->ns != NULL || one_of(a->name, own_attrs, ARRAY_LEN(own_attrs)))
            topo_msgs_add(m, topo_xml_line(x), TOPO_ERROR,
                          "<%s> in <defaults> may not have the attribute '%s'", (const char *)x->name,
                          value_show((const char *)a->name, shown));
    for (const xmlNode *c = x->children; c != NULL; c = c->next)
        if (c->type == XML_ELEMENT_NODE && one_of(c->name, own_elements, ARRAY_LEN(own_elements)))
            topo_msgs_add(m, topo_xml_line(c), TOPO_ERROR, "<%s> in <defaults> may not hold <%s>",
                          (const char *)x->name, (const char *)c->name);
}

static void read_defaults(struct defaults *d, const xmlNode *x)
{
    struct topo_msgs *m = d->b->m;
    char shown[VALUE_SHOW_SIZE];

    if (x->properties != NULL)
        topo_msgs_add(m, topo_xml_line(x), TOPO_ERROR, "<defaults> has no attributes");
    for (const xmlNode *c = x->children; c != NULL; c = c->next) {
        int k;
        if (c->type == XML_TEXT_NODE && !xmlIsBlankNode(c))
            topo_msgs_add(
                m, topo_xml_line(x), TOPO_ERROR, "<defaults> may not hold the text '%s'",
                value_show((const char *)c->content + strspn((const char *)c->content, " \t\r\n"), shown));
        if (c->type != XML_ELEMENT_NODE)
            continue;
        if ((k = kind_of(c)) < 0)
            topo_msgs_add(m, topo_xml_line(c), TOPO_ERROR,
                          "<%s> has no defaults; host, router, interface, switch and link have",
                          value_show((const char *)c->name, shown));
        else if (d->of[k] != NULL)
            topo_msgs_add(m, topo_xml_line(c), TOPO_ERROR, "<defaults> may hold only one <%s>", kinds[k]);
        else {
            check_default(m, c);
            d->of[k] = c;
        }
    }
}

static size_t text_bytes(const xmlNode *x)
{
    size_t n = 0;

    for (const xmlNode *c = x->children; c != NULL; c = c->next)
        n += c->content != NULL && c->type != XML_ELEMENT_NODE ? strlen((const char *)c->content) : 0;
    for (const xmlAttr *a = x->properties; a != NULL; a = a->next)
        for (const xmlNode *v = a->children; v != NULL; v = v->next)
            n += v->content != NULL ? strlen((const char *)v->content) : 0;
    return n;
}

/* xmlDocCopyNode() does not copy lines. */
static int account_copy(struct defaults *d, const xmlNode *from, xmlNode *to)
{
    to->_private = from->_private;
    if (topo_budget_spend(d->b, text_bytes(from), topo_xml_line(from)) < 0)
        return -1;
    for (const xmlNode *a = from->children, *b = to->children; a != NULL && b != NULL;
         a = a->next, b = b->next)
        if (a->type == XML_ELEMENT_NODE && account_copy(d, a, (xmlNode *)(uintptr_t)b) < 0)
            return -1;
    return 0;
}

static bool holds(const xmlNode *x, const xmlNode *before, const xmlChar *name)
{
    for (const xmlNode *c = x->children; c != NULL && c != before; c = c->next)
        if (c->type == XML_ELEMENT_NODE && xmlStrEqual(c->name, name))
            return true;
    return false;
}

static int apply(struct defaults *d, xmlNode *x, const xmlNode *from)
{
    const xmlNode *own_last = x->last;
    size_t bytes = 0;

    for (const xmlAttr *a = from->properties; a != NULL; a = a->next) {
        xmlChar *v;
        xmlAttr *copy;
        if (xmlHasProp(x, a->name) != NULL)
            continue;
        v = xmlNodeListGetString(a->doc, a->children, 1);
        copy = xmlNewProp(x, a->name, v);
        bytes += (size_t)xmlStrlen(v);
        xmlFree(v);
        if (copy == NULL)
            abort();
        copy->_private = from->_private; /* messages about it name this line */
    }
    if (topo_budget_spend(d->b, bytes, topo_xml_line(from)) < 0)
        return -1;
    for (const xmlNode *c = from->children; c != NULL; c = c->next) {
        xmlNode *copy;
        if (c->type != XML_ELEMENT_NODE || holds(x, own_last != NULL ? own_last->next : x->children, c->name))
            continue;
        copy = xmlDocCopyNode((xmlNode *)(uintptr_t)c, x->doc, 1);
        if (copy == NULL)
            abort();
        xmlAddChild(x, copy);
        if (account_copy(d, c, copy) < 0)
            return -1;
    }
    return 0;
}

static int walk(struct defaults *d, xmlNode *x)
{
    for (xmlNode *c = x->children; c != NULL; c = c->next) {
        int k;
        if (c->type != XML_ELEMENT_NODE)
            continue;
        if (walk(d, c) < 0)
            return -1;
        k = kind_of(c);
        if (k >= 0 && d->of[k] != NULL && apply(d, c, d->of[k]) < 0)
            return -1;
    }
    return 0;
}

int topo_defaults_apply(xmlNode *root, struct topo_budget *b)
{
    struct defaults d = {.b = b};
    xmlNode *found = NULL;
    int rc;

    for (xmlNode *c = root->children, *next; c != NULL; c = next) {
        next = c->next;
        if (c->type != XML_ELEMENT_NODE || c->ns != NULL || strcmp((const char *)c->name, "defaults") != 0)
            continue;
        if (found != NULL) {
            topo_msgs_add(b->m, topo_xml_line(c), TOPO_ERROR, "there is a <defaults> already, in line %d",
                          topo_xml_line(found));
            continue;
        }
        found = c;
        read_defaults(&d, c);
    }
    if (found == NULL)
        return 0;
    xmlUnlinkNode(found);
    rc = walk(&d, root);
    xmlFreeNode(found);
    return rc;
}
