/* The writer: model to XML, in the order and layout that people write. */
#include "labd/base/buf.h"
#include "labd/base/mem.h"
#include "topology/topo.h"
#include "topology/topo_parameter.h"
#include "topology/topo_value.h"

#include <string.h>

static void add_escaped(struct buf *b, const char *s, bool attribute)
{
    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '&')
            buf_puts(b, "&amp;");
        else if (c == '<')
            buf_puts(b, "&lt;");
        else if (c == '>')
            buf_puts(b, "&gt;");
        else if (attribute && c == '"')
            buf_puts(b, "&quot;");
        else if (c == '\r' || (attribute && (c == '\n' || c == '\t')))
            buf_printf(b, "&#%d;", c); /* a reader would turn these into other white space */
        else
            buf_putc(b, (char)c);
    }
}

static void add_value(struct buf *b, const char *s)
{
    AUTO(buf_clear) struct buf v = BUF_INIT;

    topo_reference_escape(NULL, s, true, &v);
    add_escaped(b, buf_str(&v), true);
}

/* Scripts and configurations read better in CDATA than full of &amp;. */
static void add_text(struct buf *b, const struct topo *t, const char *text)
{
    AUTO(buf_clear) struct buf v = BUF_INIT;
    const char *s;

    topo_reference_escape(t, text, false, &v);
    s = buf_str(&v);
    if (strpbrk(s, "&<") == NULL || strstr(s, "]]>") != NULL || strchr(s, '\r') != NULL)
        add_escaped(b, s, false);
    else
        buf_printf(b, "<![CDATA[%s]]>", s);
}

static void attr(struct buf *b, const char *name, const char *value)
{
    if (value == NULL)
        return;
    buf_printf(b, " %s=\"", name);
    add_value(b, value);
    buf_putc(b, '"');
}

static void attr_uint(struct buf *b, const char *name, uint32_t value)
{
    if (value != 0)
        buf_printf(b, " %s=\"%u\"", name, value);
}

static void attr_hidden(struct buf *b, bool hidden)
{
    if (hidden)
        attr(b, "hidden", "yes");
}

static void attr_pos(struct buf *b, const struct topo_pos *p)
{
    if (p->set)
        buf_printf(b, " x=\"%d\" y=\"%d\"", p->x, p->y);
}

static void text_element(struct buf *b, const struct topo *t, const char *indent, const char *name,
                         const char *text)
{
    buf_printf(b, "%s<%s>", indent, name);
    add_text(b, t, text);
    buf_printf(b, "</%s>\n", name);
}

static void write_iface(struct buf *b, const struct topo *t, const struct topo_iface *f)
{
    buf_puts(b, "    <interface");
    attr(b, "name", f->name);
    attr(b, "network", f->network);
    attr_uint(b, "mtu", f->mtu);
    if (f->naddrs == 0) {
        buf_puts(b, "/>\n");
        return;
    }
    buf_puts(b, ">\n");
    for (size_t i = 0; i < f->naddrs; i++)
        text_element(b, t, "      ", "address", f->addrs[i].text);
    buf_puts(b, "    </interface>\n");
}

static void write_frr(struct buf *b, const struct topo *t, const struct topo_node *n)
{
    buf_puts(b, "    <frr");
    if (n->nfrr_daemons > 0) {
        buf_puts(b, " daemons=\"");
        for (size_t i = 0; i < n->nfrr_daemons; i++) {
            buf_puts(b, i > 0 ? " " : "");
            add_value(b, n->frr_daemons[i]);
        }
        buf_putc(b, '"');
    }
    if (n->frr_conf == NULL) {
        buf_puts(b, "/>\n");
        return;
    }
    buf_putc(b, '>');
    add_text(b, t, n->frr_conf);
    buf_puts(b, "</frr>\n");
}

static void write_node(struct buf *b, const struct topo *t, const struct topo_node *n)
{
    buf_printf(b, "  <%s", topo_kind_name(n->kind));
    attr(b, "name", n->name);
    attr(b, "image", n->image);
    attr_uint(b, "memory", n->memory_mb);
    attr_uint(b, "vcpus", n->vcpus);
    attr_hidden(b, n->hidden);
    attr_pos(b, &n->pos);
    if (n->kind == TOPO_ROUTER && !n->forwarding)
        attr(b, "forwarding", "no");
    if (n->nifaces + n->nroutes + n->nfiles + n->nnotes == 0 && !n->frr && n->startup.text == NULL) {
        buf_puts(b, "/>\n");
        return;
    }
    buf_puts(b, ">\n");
    for (size_t i = 0; i < n->nifaces; i++)
        write_iface(b, t, &n->ifaces[i]);
    for (size_t i = 0; i < n->nroutes; i++) {
        buf_puts(b, "    <route");
        attr(b, "to", n->routes[i].to);
        attr(b, "via", n->routes[i].via);
        attr(b, "dev", n->routes[i].dev);
        buf_puts(b, "/>\n");
    }
    if (n->frr)
        write_frr(b, t, n);
    for (size_t i = 0; i < n->nfiles; i++) {
        buf_puts(b, "    <file");
        attr(b, "path", n->files[i].path);
        buf_printf(b, " mode=\"%04o\"", n->files[i].mode);
        attr_hidden(b, n->files[i].hidden);
        buf_putc(b, '>');
        add_text(b, t, n->files[i].text);
        buf_puts(b, "</file>\n");
    }
    if (n->startup.text != NULL)
        text_element(b, t, "    ", "startup", n->startup.text);
    for (size_t i = 0; i < n->nnotes; i++)
        text_element(b, t, "    ", "note", n->notes[i].text);
    buf_printf(b, "  </%s>\n", topo_kind_name(n->kind));
}

static void attr_words(struct buf *b, const char *name, const struct topo_words *w)
{
    buf_printf(b, " %s=\"", name);
    for (size_t i = 0; i < w->n; i++) {
        buf_puts(b, i > 0 ? " " : "");
        add_value(b, w->items[i]);
    }
    buf_putc(b, '"');
}

static void write_port(struct buf *b, const struct topo_port *p)
{
    static const char *const directions[] = {NULL, "in", "out", NULL};

    buf_puts(b, p->bond ? "    <bond" : "    <port");
    attr(b, "name", p->name);
    if (p->bond)
        attr_words(b, "ports", &p->members);
    if (p->passive)
        attr(b, "lacp", "passive");
    if (p->mirror != PLAN_MIRROR_NONE && p->mirrored.n == 0)
        attr(b, "mirror", "all");
    else if (p->mirror != PLAN_MIRROR_NONE)
        attr_words(b, "mirror", &p->mirrored);
    attr(b, "direction", directions[p->mirror]);
    if (p->mode == PLAN_VLAN_ACCESS)
        buf_printf(b, " access=\"%u\"", p->access);
    if (p->mode == PLAN_VLAN_TRUNK) {
        buf_printf(b, " trunk=\"%s", p->ntrunks == 0 ? "all" : "");
        for (size_t i = 0; i < p->ntrunks; i++)
            buf_printf(b, "%s%u", i > 0 ? " " : "", p->trunks[i]);
        buf_putc(b, '"');
        attr_uint(b, "native", p->native);
    }
    buf_puts(b, "/>\n");
}

static void write_element(struct buf *b, const struct topo *t, const struct topo_element *x)
{
    buf_printf(b, "  <%s", topo_kind_name(x->kind));
    attr(b, "name", x->name);
    if (x->rstp)
        attr(b, "rstp", "yes");
    if (x->kind == TOPO_SWITCH && x->rstp_priority != TOPO_RSTP_PRIORITY)
        buf_printf(b, " rstp-priority=\"%u\"", x->rstp_priority);
    attr_uint(b, "mac-ageing", x->mac_ageing);
    attr_hidden(b, x->hidden);
    attr_pos(b, &x->pos);
    if (x->nports + x->naddrs == 0) {
        buf_puts(b, "/>\n");
        return;
    }
    buf_puts(b, ">\n");
    for (size_t i = 0; i < x->nports; i++)
        write_port(b, &x->ports[i]);
    for (size_t i = 0; i < x->naddrs; i++)
        text_element(b, t, "    ", "address", x->addrs[i].text);
    buf_printf(b, "  </%s>\n", topo_kind_name(x->kind));
}

static bool any_impair(const struct plan_impair *i)
{
    return i->delay_us || i->jitter_us || i->loss_ppm || i->duplicate_ppm || i->corrupt_ppm ||
           i->reorder_ppm || i->rate_bps;
}

static void write_impair(struct buf *b, const struct plan_impair *i, char from)
{
    const struct {
        const char *name;
        uint32_t value;
        void (*add)(struct buf *b, uint32_t v);
    } v[] = {
        {"delay", i->delay_us, value_add_delay},        {"jitter", i->jitter_us, value_add_delay},
        {"loss", i->loss_ppm, value_add_percent},       {"duplicate", i->duplicate_ppm, value_add_percent},
        {"corrupt", i->corrupt_ppm, value_add_percent}, {"reorder", i->reorder_ppm, value_add_percent},
    };

    buf_printf(b, "    <impair from=\"%c\"", from);
    for (size_t k = 0; k < ARRAY_LEN(v); k++)
        if (v[k].value != 0) {
            buf_printf(b, " %s=\"", v[k].name);
            v[k].add(b, v[k].value);
            buf_putc(b, '"');
        }
    if (i->rate_bps != 0) {
        buf_puts(b, " rate=\"");
        value_add_rate(b, i->rate_bps);
        buf_putc(b, '"');
    }
    buf_puts(b, "/>\n");
}

static void write_end(struct buf *b, const char *name, const struct topo_end *end)
{
    if (end->node == NULL)
        return;
    buf_printf(b, " %s=\"", name);
    add_value(b, end->node);
    if (end->iface != NULL) {
        buf_putc(b, ':');
        add_value(b, end->iface);
    }
    buf_putc(b, '"');
}

static void write_link(struct buf *b, const struct topo_link *l)
{
    buf_puts(b, "  <link");
    attr(b, "name", l->name);
    write_end(b, "a", &l->end[0]);
    write_end(b, "b", &l->end[1]);
    if (!l->up)
        attr(b, "up", "no");
    attr_hidden(b, l->hidden);
    if (!any_impair(&l->impair[0]) && !any_impair(&l->impair[1])) {
        buf_puts(b, "/>\n");
        return;
    }
    buf_puts(b, ">\n");
    for (int k = 0; k < 2; k++)
        if (any_impair(&l->impair[k]))
            write_impair(b, &l->impair[k], "ab"[k]);
    buf_puts(b, "  </link>\n");
}

/* As a declaration that has no other value. */
static void write_parameter(struct buf *b, const struct topo_parameter *p)
{
    buf_puts(b, "  <parameter");
    attr(b, "name", p->name);
    if (p->type == TOPO_INTEGER) {
        attr(b, "type", "integer");
        attr(b, "min", p->value);
        attr(b, "max", p->value);
    } else if (p->type == TOPO_PREFIX) {
        attr(b, "type", "prefix");
        attr(b, "pool", p->value);
        attr(b, "length", strchr(p->value, '/') + 1);
    } else {
        attr(b, "type", "choice");
        buf_puts(b, " values=\"");
        add_escaped(b, p->value, true); /* a declaration holds no references */
        buf_putc(b, '"');
    }
    buf_puts(b, "/>\n");
}

char *topo_write(const struct topo *t)
{
    struct buf b = BUF_INIT;

    buf_puts(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<topology");
    attr(&b, "name", t->name);
    attr(&b, "title", t->title);
    buf_puts(&b, " version=\"1\">\n");
    for (size_t i = 0; i < t->nparameters; i++)
        write_parameter(&b, &t->parameters[i]);
    for (size_t i = 0; i < t->nnotes; i++) {
        buf_puts(&b, "  <note");
        attr_pos(&b, &t->notes[i].pos);
        buf_putc(&b, '>');
        add_text(&b, t, t->notes[i].text);
        buf_puts(&b, "</note>\n");
    }
    for (size_t i = 0; i < t->nelements; i++)
        write_element(&b, t, &t->elements[i]);
    for (size_t i = 0; i < t->nnodes; i++)
        write_node(&b, t, &t->nodes[i]);
    for (size_t i = 0; i < t->nlinks; i++)
        write_link(&b, &t->links[i]);
    buf_puts(&b, "</topology>\n");
    return buf_take(&b);
}
