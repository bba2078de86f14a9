/* An exercise without its folder: exercise.xml with the programs of its checks inside. */
#include "grading/exercise_parts.h"
#include "labd/base/buf.h"
#include "labd/base/file.h"
#include "labd/base/mem.h"
#include "topology/topo_xml.h"

#include <libxml/tree.h>
#include <stdio.h>
#include <string.h>

static void free_xml(xmlChar **s)
{
    xmlFree(*s);
}

/* Puts the program that 'check' names into it. */
static int embed_one(const char *dir, xmlNode *check, struct err *e)
{
    AUTO(free_xml) xmlChar *run = xmlGetNoNsProp(check, (const xmlChar *)"run");
    AUTO(buf_clear) struct buf text = BUF_INIT;

    if (exercise_program_read(dir, (const char *)run, &text, e) < 0)
        return -1;
    xmlNode *program = xmlNewChild(check, NULL, (const xmlChar *)"program", NULL);
    xmlNode *content = xmlNewDocText(check->doc, (const xmlChar *)buf_str(&text));
    if (program == NULL || content == NULL || xmlAddChild(program, content) == NULL ||
        xmlUnsetNsProp(check, NULL, (const xmlChar *)"run") < 0)
        abort(); /* no memory */
    return 0;
}

static int embed(const char *dir, xmlNode *root, bool *any, struct err *e)
{
    for (xmlNode *g = root->children; g != NULL; g = g->next)
        for (xmlNode *c = g->type == XML_ELEMENT_NODE ? g->children : NULL; c != NULL; c = c->next) {
            if (c->type != XML_ELEMENT_NODE || strcmp((const char *)c->name, "check") != 0 ||
                xmlHasNsProp(c, (const xmlChar *)"run", NULL) == NULL)
                continue;
            *any = true;
            if (embed_one(dir, c, e) < 0)
                return -1;
        }
    return 0;
}

int exercise_text(const char *dir, struct buf *out, struct err *e)
{
    AUTO(mem_freep) char *path = xasprintf("%s/exercise.xml", dir);
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(buf_clear) struct buf xml = BUF_INIT;
    AUTO(topo_xml_freep) xmlDoc *doc = NULL;
    AUTO(free_xml) xmlChar *whole = NULL;
    bool any = false;
    int n = 0;

    if (file_read(path, EXERCISE_FILE_MAX, &xml, e) < 0)
        return -1;
    if ((doc = topo_xml_parse(buf_str(&xml), xml.len, &topo_size_lab, &m, e)) == NULL ||
        embed(dir, xmlDocGetRootElement(doc), &any, e) < 0)
        return err_wrap(e, "%s", path);
    if (!any) { /* as it was written */
        buf_add(out, buf_str(&xml), xml.len);
        return 0;
    }
    xmlDocDumpMemoryEnc(doc, &whole, &n, "UTF-8");
    if (whole == NULL)
        abort();
    if (n > (int)EXERCISE_FILE_MAX)
        return err_set(e, ERR_CAPACITY, "%s is longer than %u KiB with its programs", path,
                       EXERCISE_FILE_MAX / 1024);
    buf_add(out, whole, (size_t)n);
    return 0;
}
