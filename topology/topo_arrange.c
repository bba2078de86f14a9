/* The writer's text once more, in the order of the document that the author wrote, with its comments.
 *
 * Both are trees of the same elements: what was read is expanded again, and the k-th <host> there is the k-th <host>
 * that the writer wrote, for the model keeps the order of each kind.  So the model stays what it was, whatever the
 * document looks like. */
#include "labd/base/buf.h"
#include "labd/base/mem.h"
#include "topology/topo_expand.h"
#include "topology/topo_parameter.h"
#include "topology/topo_xml.h"

#include <libxml/xmlsave.h>
#include <string.h>

#define KINDS_MAX 32 /* of elements inside one; the language has fewer */

struct children { /* of one element, taken out of it */
    xmlNode **items;
    size_t n;
    struct kind {
        const xmlChar *name;
        size_t next; /* where to look for the next of this name */
    } kinds[KINDS_MAX];
    size_t nkinds;
};

static void children_clear(struct children *c)
{
    free(c->items);
}

/* False, and 'x' stays as it is, when it holds text. */
static bool take_children(xmlNode *x, struct children *c)
{
    for (const xmlNode *n = x->children; n != NULL; n = n->next) {
        if (n->type == XML_CDATA_SECTION_NODE || (n->type == XML_TEXT_NODE && !xmlIsBlankNode(n)))
            return false;
        c->n += n->type == XML_ELEMENT_NODE;
    }
    c->items = xcalloc(c->n + 1, sizeof *c->items);
    c->n = 0;
    for (xmlNode *n = x->children, *next; n != NULL; n = next) {
        next = n->next;
        xmlUnlinkNode(n);
        if (n->type == XML_ELEMENT_NODE)
            c->items[c->n++] = n;
        else
            xmlFreeNode(n);
    }
    return true;
}

/* The next one called 'name' that was not put back yet, or NULL. */
static xmlNode *next_called(struct children *c, const xmlChar *name)
{
    struct kind *k = c->kinds;

    while (k < c->kinds + c->nkinds && !xmlStrEqual(k->name, name))
        k++;
    if (k == c->kinds + KINDS_MAX)
        return NULL;
    if (k == c->kinds + c->nkinds)
        *k = c->kinds[c->nkinds++] = (struct kind){name, 0};
    for (; k->next < c->n; k->next++) {
        xmlNode *x = c->items[k->next];
        if (x != NULL && xmlStrEqual(x->name, name)) {
            c->items[k->next++] = NULL;
            return x;
        }
    }
    return NULL;
}

/* Puts what is in 'x' into the order in which it is in 'source', comments between.  As deep as 'source', which
 * topo_xml_parse() bounds. */
static void arrange(xmlNode *x, const xmlNode *source)
{
    AUTO(children_clear) struct children c = {0};

    if (!take_children(x, &c))
        return;
    for (const xmlNode *s = source->children; s != NULL; s = s->next) {
        if (s->type == XML_COMMENT_NODE) {
            xmlAddChild(x, xmlNewDocComment(x->doc, s->content));
            continue;
        }
        xmlNode *own = s->type == XML_ELEMENT_NODE ? next_called(&c, s->name) : NULL;
        if (own != NULL) {
            xmlAddChild(x, own);
            arrange(own, s);
        }
    }
    for (size_t i = 0; i < c.n; i++) /* what the author need not have written */
        if (c.items[i] != NULL)
            xmlAddChild(x, c.items[i]);
}

/* Comments around the root element. */
static void copy_frame(xmlDoc *doc, const xmlDoc *source)
{
    xmlNode *root = xmlDocGetRootElement(doc);
    bool before = true;

    for (const xmlNode *s = source->children; s != NULL; s = s->next) {
        before = before && s->type != XML_ELEMENT_NODE;
        if (s->type != XML_COMMENT_NODE)
            continue;
        if (before)
            xmlAddPrevSibling(root, xmlNewDocComment(doc, s->content));
        else
            xmlAddSibling(root, xmlNewDocComment(doc, s->content));
    }
}

static char *print(xmlDoc *doc)
{
    xmlBuffer *out = xmlBufferCreate();
    xmlSaveCtxt *save = xmlSaveToBuffer(out, "UTF-8", XML_SAVE_FORMAT);

    xmlSaveDoc(save, doc);
    xmlSaveClose(save);
    char *text = xstrdup((const char *)xmlBufferContent(out));
    xmlBufferFree(out);
    return text;
}

/* The tree of 'data', expanded with the values that 't' has. */
static xmlDoc *parse(const struct topo *t, const char *data, size_t n)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(topo_xml_freep) xmlDoc *doc = topo_xml_parse(data, n, &topo_size_tool, &m, NULL);

    if (doc == NULL || topo_expand(xmlDocGetRootElement(doc), t, &topo_size_tool, &m, NULL) < 0)
        return NULL;
    return TAKE(doc);
}

char *topo_write_like(const struct topo *t, const char *data, size_t n)
{
    AUTO(mem_freep) char *plain = topo_write(t);
    AUTO(topo_xml_freep) xmlDoc *source = parse(t, data, n), *doc = NULL;
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;

    if (source != NULL)
        doc = topo_xml_parse(plain, strlen(plain), &topo_size_tool, &m, NULL);
    if (doc == NULL)
        return TAKE(plain);
    arrange(xmlDocGetRootElement(doc), xmlDocGetRootElement(source));
    copy_frame(doc, source);
    return print(doc);
}
