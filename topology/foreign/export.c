/* The exporters' table, and the two formats that are graphs: what is joined to what, and no more. */
#include "topology/foreign/export.h"

#include "labd/base/buf.h"
#include "labd/base/mem.h"

#include <libxml/xmlwriter.h>
#include <string.h>

const struct export_format export_formats[] = {
    {"containerlab", export_containerlab},
    {"dot", export_dot},
    {"graphml", export_graphml},
    {NULL, NULL},
};

const struct export_format *export_format_find(const char *name)
{
    for (const struct export_format *f = export_formats; f->name != NULL; f++)
        if (strcmp(f->name, name) == 0)
            return f;
    return NULL;
}

/* ---- what a format has no place for ---- */
void export_warn_of_hidden(const struct topo *t, struct topo_msgs *m)
{
    size_t hidden = 0;

    for (size_t i = 0; i < t->nnodes; i++) {
        hidden += t->nodes[i].hidden;
        for (size_t k = 0; k < t->nodes[i].nfiles; k++)
            hidden += t->nodes[i].files[k].hidden;
    }
    for (size_t i = 0; i < t->nelements; i++)
        hidden += t->elements[i].hidden;
    for (size_t i = 0; i < t->nlinks; i++)
        hidden += t->links[i].hidden;
    if (hidden > 0)
        topo_msgs_add(m, 0, TOPO_WARNING,
                      "%zu hidden parts are there to be seen: do not give this to students", hidden);
}

static bool impaired(const struct plan_impair *i, bool with_rate)
{
    return i->delay_us || i->jitter_us || i->loss_ppm || i->duplicate_ppm || i->corrupt_ppm ||
           i->reorder_ppm || (with_rate && i->rate_bps);
}

static void warn_of_losses(const struct topo *t, struct topo_msgs *m, bool rates)
{
    size_t contents = 0, addresses = 0, vlans = 0, links = 0;

    for (size_t i = 0; i < t->nnodes; i++) {
        const struct topo_node *n = &t->nodes[i];
        contents += n->nfiles > 0 || n->frr || n->startup.text != NULL || n->nroutes > 0;
        for (size_t k = 0; k < n->nifaces; k++)
            addresses += n->ifaces[k].naddrs;
    }
    for (size_t i = 0; i < t->nelements; i++)
        vlans += t->elements[i].nports > 0 || t->elements[i].rstp || t->elements[i].mac_ageing != 0;
    for (size_t i = 0; i < t->nlinks; i++)
        links += impaired(&t->links[i].impair[0], rates) || impaired(&t->links[i].impair[1], rates) ||
                 !t->links[i].up;
    if (contents > 0)
        topo_msgs_add(m, 0, TOPO_WARNING,
                      "what %zu nodes run is not part of a graph: files, FRR, startup, routes", contents);
    if (addresses > 0)
        topo_msgs_add(m, 0, TOPO_WARNING, "%zu addresses are not part of a graph", addresses);
    if (vlans > 0)
        topo_msgs_add(m, 0, TOPO_WARNING,
                      "VLANs, bonds, mirrors, RSTP and ageing of %zu switches are not part of a graph",
                      vlans);
    if (links > 0)
        topo_msgs_add(m, 0, TOPO_WARNING, "impairments and state of %zu links are not part of a graph",
                      links);
    export_warn_of_hidden(t, m);
    if (t->nnotes > 0)
        topo_msgs_add(m, 0, TOPO_WARNING, "%zu notes of the drawing are not part of a graph", t->nnotes);
}

/* ---- dot ---- */
static void dot_string(struct buf *b, const char *s)
{
    buf_putc(b, '"');
    for (; *s != '\0'; s++) {
        if (*s == '"' || *s == '\\')
            buf_putc(b, '\\');
        buf_putc(b, *s == '\n' ? ' ' : *s);
    }
    buf_putc(b, '"');
}

static void dot_vertex(struct buf *b, const char *name, enum topo_kind kind, const struct topo_pos *p)
{
    static const char *const shapes[] = {
        [TOPO_HOST] = "box",    [TOPO_ROUTER] = "ellipse",    [TOPO_SWITCH] = "box3d",
        [TOPO_HUB] = "hexagon", [TOPO_NETWORK] = "underline", [TOPO_INTERNET] = "egg",
        [TOPO_LINK] = "point",
    };

    buf_puts(b, "  ");
    dot_string(b, name);
    buf_printf(b, " [shape=%s", shapes[kind]);
    if (p->set) /* points, upwards; "!" for neato -n */
        buf_printf(b, " pos=\"%d,%d!\"", p->x, -p->y);
    buf_puts(b, "];\n");
}

static void dot_edge(struct buf *b, const struct topo_end *a, const struct topo_end *z, const char *name)
{
    buf_puts(b, "  ");
    dot_string(b, a->node);
    buf_puts(b, " -- ");
    dot_string(b, z->node);
    buf_puts(b, " [");
    if (a->iface != NULL) {
        buf_puts(b, "taillabel=");
        dot_string(b, a->iface);
    }
    if (z->iface != NULL) {
        buf_puts(b, a->iface != NULL ? " headlabel=" : "headlabel=");
        dot_string(b, z->iface);
    }
    if (name != NULL) {
        buf_puts(b, a->iface != NULL || z->iface != NULL ? " tooltip=" : "tooltip=");
        dot_string(b, name);
    }
    buf_puts(b, "];\n");
}

char *export_dot(const struct topo *t, struct topo_msgs *m)
{
    struct buf b = BUF_INIT;

    warn_of_losses(t, m, true);
    buf_puts(&b, "graph ");
    dot_string(&b, t->name);
    buf_puts(&b, " {\n");
    if (t->title != NULL) {
        buf_puts(&b, "  label=");
        dot_string(&b, t->title);
        buf_puts(&b, ";\n");
    }
    for (size_t i = 0; i < t->nnodes; i++)
        dot_vertex(&b, t->nodes[i].name, t->nodes[i].kind, &t->nodes[i].pos);
    for (size_t i = 0; i < t->nelements; i++)
        dot_vertex(&b, t->elements[i].name, t->elements[i].kind, &t->elements[i].pos);
    for (size_t i = 0; i < t->nnodes; i++)
        for (size_t k = 0; k < t->nodes[i].nifaces; k++) {
            const struct topo_iface *f = &t->nodes[i].ifaces[k];
            if (f->network != NULL)
                dot_edge(&b, &(struct topo_end){t->nodes[i].name, f->name},
                         &(struct topo_end){f->network, NULL}, NULL);
        }
    for (size_t i = 0; i < t->nlinks; i++)
        dot_edge(&b, &t->links[i].end[0], &t->links[i].end[1], t->links[i].name);
    buf_puts(&b, "}\n");
    return buf_take(&b);
}

/* ---- GraphML ---- */
#define X(s) ((const xmlChar *)(s))

static void writer_freep(xmlTextWriter **w)
{
    xmlFreeTextWriter(*w);
}

static void key(xmlTextWriter *w, const char *id, const char *domain, const char *name, const char *type)
{
    xmlTextWriterStartElement(w, X("key"));
    xmlTextWriterWriteAttribute(w, X("id"), X(id));
    xmlTextWriterWriteAttribute(w, X("for"), X(domain));
    xmlTextWriterWriteAttribute(w, X("attr.name"), X(name));
    xmlTextWriterWriteAttribute(w, X("attr.type"), X(type));
    xmlTextWriterEndElement(w);
}

static void data(xmlTextWriter *w, const char *id, const char *text)
{
    xmlTextWriterStartElement(w, X("data"));
    xmlTextWriterWriteAttribute(w, X("key"), X(id));
    xmlTextWriterWriteString(w, X(text));
    xmlTextWriterEndElement(w);
}

static void vertex(xmlTextWriter *w, const char *name, enum topo_kind kind, const struct topo_pos *p)
{
    xmlTextWriterStartElement(w, X("node"));
    xmlTextWriterWriteAttribute(w, X("id"), X(name));
    data(w, "label", name);
    data(w, "kind", topo_kind_name(kind));
    if (kind != TOPO_HOST && kind != TOPO_ROUTER)
        data(w, "hyperedge", "1");
    if (p->set) {
        AUTO(mem_freep) char *x = xasprintf("%d", p->x), *y = xasprintf("%d", p->y);
        data(w, "x", x);
        data(w, "y", y);
    }
    xmlTextWriterEndElement(w);
}

static void edge(xmlTextWriter *w, const char *a, const char *b, const struct topo_link *l)
{
    xmlTextWriterStartElement(w, X("edge"));
    xmlTextWriterWriteAttribute(w, X("source"), X(a));
    xmlTextWriterWriteAttribute(w, X("target"), X(b));
    if (l != NULL)
        data(w, "link", l->name);
    if (l != NULL && l->impair[0].rate_bps > 0) {
        AUTO(mem_freep) char *rate = xasprintf("%llu.0", (unsigned long long)l->impair[0].rate_bps);
        data(w, "rate", rate);
    }
    xmlTextWriterEndElement(w);
}

static void graph(xmlTextWriter *w, const struct topo *t)
{
    xmlTextWriterStartElement(w, X("graph"));
    xmlTextWriterWriteAttribute(w, X("edgedefault"), X("undirected"));
    data(w, "Network", t->title != NULL ? t->title : t->name);
    for (size_t i = 0; i < t->nnodes; i++)
        vertex(w, t->nodes[i].name, t->nodes[i].kind, &t->nodes[i].pos);
    for (size_t i = 0; i < t->nelements; i++)
        vertex(w, t->elements[i].name, t->elements[i].kind, &t->elements[i].pos);
    for (size_t i = 0; i < t->nnodes; i++)
        for (size_t k = 0; k < t->nodes[i].nifaces; k++)
            if (t->nodes[i].ifaces[k].network != NULL)
                edge(w, t->nodes[i].name, t->nodes[i].ifaces[k].network, NULL);
    for (size_t i = 0; i < t->nlinks; i++)
        edge(w, t->links[i].end[0].node, t->links[i].end[1].node, &t->links[i]);
    xmlTextWriterEndElement(w);
}

char *export_graphml(const struct topo *t, struct topo_msgs *m)
{
    xmlBuffer *out = xmlBufferCreate();
    char *text;

    warn_of_losses(t, m, false);
    for (size_t i = 0; i < t->nlinks; i++)
        if (t->links[i].impair[0].rate_bps != t->links[i].impair[1].rate_bps) {
            topo_msgs_add(m, t->links[i].line, TOPO_WARNING,
                          "an edge has one speed: that of what leaves the end a");
            break;
        }
    {
        AUTO(writer_freep) xmlTextWriter *w = xmlNewTextWriterMemory(out, 0);
        xmlTextWriterSetIndent(w, 1);
        xmlTextWriterStartDocument(w, NULL, "UTF-8", NULL);
        xmlTextWriterStartElement(w, X("graphml"));
        xmlTextWriterWriteAttribute(w, X("xmlns"), X("http://graphml.graphdrawing.org/xmlns"));
        key(w, "Network", "graph", "Network", "string");
        key(w, "label", "node", "label", "string");
        key(w, "kind", "node", "kind", "string");
        key(w, "hyperedge", "node", "hyperedge", "int");
        key(w, "x", "node", "x", "int");
        key(w, "y", "node", "y", "int");
        key(w, "link", "edge", "id", "string");
        key(w, "rate", "edge", "LinkSpeedRaw", "double");
        graph(w, t);
        xmlTextWriterEndDocument(w);
    }
    text = xstrdup((const char *)xmlBufferContent(out));
    xmlBufferFree(out);
    return text;
}
