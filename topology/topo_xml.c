#include "topology/topo_xml.h"

#include "labd/base/buf.h"
#include "labd/base/mem.h"
#include "topology/topo_value.h"

#include <libxml/parser.h>
#include <stdint.h>
#include <string.h>

int topo_fatal(struct topo_msgs *m, struct err *e, int line, const char *fmt, ...)
{
    va_list ap;
    AUTO(mem_freep) char *text = NULL;

    va_start(ap, fmt);
    text = xvasprintf(fmt, ap);
    va_end(ap);
    topo_msgs_add(m, line, TOPO_ERROR, "%s", text);
    return line > 0 ? err_set(e, ERR_INVALID, "line %d: %s", line, text)
                    : err_set(e, ERR_INVALID, "%s", text);
}

/* ---- the scan ---- */
struct scan {
    const char *p, *end;
    int line;
    int depth;
    int *lines; /* of each start tag, in document order */
    size_t nlines, cap;
    const struct topo_size *max;
    struct topo_msgs *m;
    struct err *e;
};

static void scan_clear(struct scan *s)
{
    free(s->lines);
}

static void advance(struct scan *s, const char *to)
{
    for (; s->p < to; s->p++)
        s->line += *s->p == '\n';
}

/* To the byte after the next 'what', or to the end. */
static void skip(struct scan *s, const char *what)
{
    const char *hit = memmem(s->p, (size_t)(s->end - s->p), what, strlen(what));

    advance(s, hit != NULL ? hit + strlen(what) : s->end);
}

static bool at(const struct scan *s, const char *what)
{
    size_t n = strlen(what);

    return (size_t)(s->end - s->p) >= n && memcmp(s->p, what, n) == 0;
}

/* s->p is behind the '<'. */
static int scan_start_tag(struct scan *s)
{
    int attrs = 0, line = s->line;
    char quote = 0, last = 0;

    if (s->nlines >= s->max->elements)
        return topo_fatal(s->m, s->e, line, "the file has more than %zu elements", s->max->elements);
    XGROW(s->lines, s->nlines, s->cap);
    s->lines[s->nlines++] = line;
    topo_size_grew(s->max, s->nlines - 1, s->nlines, topo_size_lab.elements, s->m);
    for (; s->p < s->end; s->p++) {
        char c = *s->p;
        s->line += c == '\n';
        if (quote != 0) {
            if (c == quote)
                quote = 0;
            continue;
        }
        if (c == '>')
            break;
        if (c == '"' || c == '\'')
            quote = c;
        else if (c == '=' && ++attrs > TOPO_XML_ATTRS_MAX)
            return topo_fatal(s->m, s->e, line, "an element has more than %d attributes", TOPO_XML_ATTRS_MAX);
        last = c;
    }
    if (last != '/' && ++s->depth > TOPO_XML_DEPTH_MAX)
        return topo_fatal(s->m, s->e, line, "elements are nested more than %d deep", TOPO_XML_DEPTH_MAX);
    return 0;
}

/* Malformed text is left to libxml2; what matters is that it sees no more than what was counted. */
static int scan(struct scan *s)
{
    while (s->p < s->end) {
        const char *lt = memchr(s->p, '<', (size_t)(s->end - s->p));
        advance(s, lt != NULL ? lt : s->end);
        if (lt == NULL)
            break;
        if (at(s, "<!--")) {
            advance(s, s->p + 4);
            skip(s, "-->");
        } else if (at(s, "<![CDATA[")) {
            skip(s, "]]>");
        } else if (at(s, "<?")) {
            skip(s, "?>");
        } else if (at(s, "<!")) {
            return topo_fatal(s->m, s->e, s->line,
                              "a document type declaration (<!DOCTYPE ...>) is not allowed; remove it");
        } else if (at(s, "</")) {
            s->depth--;
            skip(s, ">");
        } else {
            s->p++;
            if (scan_start_tag(s) < 0)
                return -1;
        }
    }
    return 0;
}

static int guard(struct scan *s, const char *data, size_t n)
{
    const char *nul = memchr(data, '\0', n);

    s->p = data;
    s->end = data + n;
    s->line = 1;
    if (n > s->max->bytes)
        return topo_fatal(s->m, s->e, 0, "the file is larger than %zu MiB", s->max->bytes >> 20);
    topo_size_grew(s->max, 0, n, topo_size_lab.bytes, s->m);
    if (nul != NULL) {
        advance(s, nul);
        return topo_fatal(s->m, s->e, s->line, "the file holds a NUL byte; it must be XML in UTF-8");
    }
    return scan(s);
}

/* ---- the parse ---- */
struct first_error {
    char *text;
    int line;
};

static void first_error_clear(struct first_error *f)
{
    free(f->text);
}

static void on_error(void *ctx, xmlErrorPtr x)
{
    struct first_error *f = ((xmlParserCtxt *)ctx)->_private;

    if (f->text != NULL || x->level < XML_ERR_ERROR || x->message == NULL)
        return;
    f->text = xstrndup(x->message, 200);
    f->text[strcspn(f->text, "\n")] = '\0';
    f->line = x->line;
}

/* Puts the line of the start tag into each element, in document order. */
static void number_elements(xmlDoc *doc, const struct scan *s)
{
    xmlNode *x = xmlDocGetRootElement(doc);
    size_t i = 0;

    while (x != NULL) {
        if (x->type == XML_ELEMENT_NODE) {
            /* Both count the same start tags; if ever not, libxml2's line is right enough. */
            long line = i < s->nlines ? s->lines[i] : xmlGetLineNo(x);
            x->_private = (void *)(intptr_t)line;
            i++;
            if (x->children != NULL) {
                x = x->children;
                continue;
            }
        }
        while (x != NULL && x->next == NULL)
            x = x->parent == (xmlNode *)doc ? NULL : x->parent;
        if (x != NULL)
            x = x->parent == (xmlNode *)doc ? NULL : x->next;
    }
}

void topo_xml_freep(xmlDoc **doc)
{
    if (*doc != NULL)
        xmlFreeDoc(*doc);
    *doc = NULL;
}

static void ctxt_freep(xmlParserCtxt **c)
{
    if (*c != NULL)
        xmlFreeParserCtxt(*c);
}

xmlDoc *topo_xml_parse(const char *data, size_t n, const struct topo_size *max, struct topo_msgs *m,
                       struct err *e)
{
    AUTO(first_error_clear) struct first_error first = {NULL, 0};
    AUTO(scan_clear) struct scan s = {.max = max, .m = m, .e = e};
    AUTO(ctxt_freep) xmlParserCtxt *c = NULL;
    AUTO(topo_xml_freep) xmlDoc *doc = NULL;

    if (guard(&s, data, n) < 0)
        return NULL;
    c = xmlNewParserCtxt();
    if (c == NULL) {
        err_set(e, ERR_CAPACITY, "no memory for the XML parser");
        return NULL;
    }
    c->_private = &first;
    c->sax->serror = on_error;
    doc = xmlCtxtReadMemory(c, data, (int)n, NULL, "UTF-8",
                            XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_COMPACT |
                                XML_PARSE_BIG_LINES | XML_PARSE_IGNORE_ENC);
    if (doc == NULL || !c->wellFormed) {
        topo_fatal(m, e, first.line, "not well-formed XML: %s",
                   first.text != NULL ? first.text : "no element found");
        return NULL;
    }
    if (doc->intSubset != NULL || doc->extSubset != NULL || xmlDocGetRootElement(doc) == NULL) {
        topo_fatal(m, e, 0, "a document type declaration is not allowed; remove it");
        return NULL;
    }
    number_elements(doc, &s);
    return TAKE(doc);
}

int topo_xml_line(const xmlNode *element)
{
    return (int)(intptr_t)element->_private;
}

char *topo_xml_text(const xmlNode *element)
{
    struct buf b = BUF_INIT;

    for (const xmlNode *c = element->children; c != NULL; c = c->next)
        if ((c->type == XML_TEXT_NODE || c->type == XML_CDATA_SECTION_NODE) && c->content != NULL)
            buf_puts(&b, (const char *)c->content);
    return buf_take(&b);
}
