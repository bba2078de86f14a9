/* The drawing as SVG, for print and for `labctl render`.
 *
 * A page grows with the number of things on it.  Symbols are put first; then each label goes to the
 * nearest place around its symbol that is free, with a thin line to it when that is further off.  A label
 * for which there is no place is left to the symbol's <title>. */
#include "labd/base/buf.h"
#include "labd/base/mem.h"
#include "topology/boxes.h"
#include "topology/layout.h"
#include "topology/topo.h"
#include "topology/topo_hidden.h"
#include "topology/topo_index.h"
#include "topology/topo_value.h"

#include <math.h>
#include <string.h>

#define HEADER 48.0 /* above the drawing: the title */
#define SYMBOL 15.0 /* half the width of a symbol */
#define FONT 12.0
#define FONT_SMALL 9.0
#define LETTER 0.62     /* width of a letter, in sizes of the font; generous */
#define SMALL_LABELS 60 /* so many nodes still get interface names and addresses */

struct svg {
    const struct topo *t;
    enum topo_labels labels;
    struct topo_index ix;
    struct graph graph;
    struct buf b;
    struct boxes *taken;
    struct topo_point *at; /* by vertex, in units of the page */
    double width, height;  /* without the footer */
    double foot;           /* base line of the lowest note that has no position */
};

static void add_text(struct buf *b, const char *s)
{
    for (; *s != '\0'; s++)
        switch (*s) {
        case '&':
            buf_puts(b, "&amp;");
            break;
        case '<':
            buf_puts(b, "&lt;");
            break;
        case '>':
            buf_puts(b, "&gt;");
            break;
        case '"':
            buf_puts(b, "&quot;");
            break;
        default:
            buf_putc(b, (unsigned char)*s < 0x20 || *s == 0x7f ? ' ' : *s);
        }
}

/* A text around (x, y), the middle of its box. */
static void text_at(struct svg *s, double x, double y, double size, const char *color, const char *text)
{
    buf_printf(
        &s->b,
        "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%.1f\" fill=\"%s\" text-anchor=\"middle\" stroke=\"#fff\" "
        "stroke-width=\"3\" stroke-linejoin=\"round\" paint-order=\"stroke\">",
        x, y + size * 0.35, size, color);
    add_text(&s->b, text);
    buf_puts(&s->b, "</text>\n");
}

static size_t letters(const char *s)
{
    size_t n = 0;

    for (; *s != '\0'; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

static struct box text_box(double x, double y, double size, const char *text)
{
    double w = (double)letters(text) * size * LETTER / 2 + 2, h = size * 0.6;

    return (struct box){x - w, y - h, x + w, y + h};
}

static bool put_text(struct svg *s, double x, double y, double size, const char *color, const char *text)
{
    struct box box = text_box(x, y, size, text);

    if (!boxes_room(s->taken, box))
        return false;
    boxes_add(s->taken, box);
    text_at(s, x, y, size, color, text);
    return true;
}

/* ---- wires ---- */
static size_t end_vertex(const struct svg *s, const struct topo_end *end)
{
    return topo_index_owner(&s->ix, topo_index_find(&s->ix, end->node));
}

/* What students do not see is marked: a pale symbol, a dotted wire, and the word. */
#define HIDDEN " (hidden)"

static void wire(struct svg *s, struct topo_point a, struct topo_point b, double bend, bool up, bool hidden,
                 const char *name)
{
    double dx = b.x - a.x, dy = b.y - a.y, len = fmax(hypot(dx, dy), 1e-6);

    buf_puts(&s->b, "<path d=\"");
    buf_printf(&s->b, "M%.1f %.1f ", a.x, a.y);
    if (bend < 0 || bend > 0)
        buf_printf(&s->b, "Q%.1f %.1f %.1f %.1f", (a.x + b.x) / 2 - dy / len * bend,
                   (a.y + b.y) / 2 + dx / len * bend, b.x, b.y);
    else
        buf_printf(&s->b, "L%.1f %.1f", b.x, b.y);
    buf_printf(&s->b, "\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\"%s>", up ? "#56606b" : "#b3403a",
               hidden ? " stroke-dasharray=\"1.5 3\""
               : up   ? ""
                      : " stroke-dasharray=\"5 4\"");
    buf_puts(&s->b, "<title>");
    add_text(&s->b, name);
    buf_printf(&s->b, "%s%s</title></path>\n", hidden ? HIDDEN : "", up ? "" : " (down)");
}

static void loop_wire(struct svg *s, struct topo_point p, bool hidden, const char *name)
{
    buf_printf(
        &s->b,
        "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" fill=\"none\" stroke=\"#56606b\" stroke-width=\"1.5\"%s><title>",
        p.x + SYMBOL, p.y - SYMBOL, SYMBOL, hidden ? " stroke-dasharray=\"1.5 3\"" : "");
    add_text(&s->b, name);
    buf_printf(&s->b, "%s</title></circle>\n", hidden ? HIDDEN : "");
}

/* Links between the same two, next to each other when sorted. */
struct pair {
    size_t a, b, link;
};

static int order_pairs(const void *x, const void *y)
{
    const struct pair *p = x, *q = y;

    if (p->a != q->a)
        return p->a < q->a ? -1 : 1;
    if (p->b != q->b)
        return p->b < q->b ? -1 : 1;
    return (p->link > q->link) - (p->link < q->link);
}

static void draw_wires(struct svg *s)
{
    const struct topo *t = s->t;
    AUTO(mem_freep) struct pair *v = xcalloc(t->nlinks + 1, sizeof *v);

    for (size_t i = 0; i < t->nlinks; i++) {
        size_t a = end_vertex(s, &t->links[i].end[0]), b = end_vertex(s, &t->links[i].end[1]);
        v[i] = (struct pair){a < b ? a : b, a < b ? b : a, i};
    }
    qsort(v, t->nlinks, sizeof *v, order_pairs);
    for (size_t i = 0, n; i < t->nlinks; i += n) {
        for (n = 1; i + n < t->nlinks && v[i + n].a == v[i].a && v[i + n].b == v[i].b; n++)
            ;
        for (size_t k = 0; k < n; k++) {
            const struct topo_link *l = &t->links[v[i + k].link];
            bool hidden = topo_link_hidden(t, &s->ix, l);
            if (v[i].a == v[i].b)
                loop_wire(s, s->at[v[i].a], hidden, l->name);
            else
                wire(s, s->at[v[i].a], s->at[v[i].b], ((double)k - (double)(n - 1) / 2) * 24, l->up, hidden,
                     l->name);
        }
    }
    for (size_t i = 0; i < t->nnodes; i++)
        for (size_t k = 0; k < t->nodes[i].nifaces; k++) {
            const struct topo_ref *ref = topo_index_find(&s->ix, t->nodes[i].ifaces[k].network);
            if (ref != NULL)
                wire(s, s->at[i], s->at[topo_index_owner(&s->ix, ref)], 0, true,
                     t->nodes[i].hidden || t->elements[ref->i].hidden, ref->name);
        }
}

/* ---- symbols ---- */
static const char *const symbols[] = {
    [TOPO_HOST] =
        "<rect x=\"-14\" y=\"-12\" width=\"28\" height=\"19\" rx=\"2\" fill=\"#eef4fb\" stroke=\"#1f4e79\" "
        "stroke-width=\"1.6\"/><path d=\"M-8 12H8M0 7V12\" stroke=\"#1f4e79\" stroke-width=\"1.6\"/>",
    [TOPO_ROUTER] =
        "<circle r=\"15\" fill=\"#e8f3ea\" stroke=\"#23652f\" stroke-width=\"1.6\"/><path d=\"M-9 0H9M0 -9V9M5 "
        "-3L9 0L5 3M-5 -3L-9 0L-5 3M-3 -5L0 -9L3 -5M-3 5L0 9L3 5\" fill=\"none\" stroke=\"#23652f\" "
        "stroke-width=\"1.4\"/>",
    [TOPO_SWITCH] =
        "<rect x=\"-15\" y=\"-11\" width=\"30\" height=\"22\" rx=\"2\" fill=\"#fff4e0\" stroke=\"#8a5a00\" "
        "stroke-width=\"1.6\"/><path d=\"M-10 -4H8L4 -7M10 4H-8L-4 7\" fill=\"none\" stroke=\"#8a5a00\" "
        "stroke-width=\"1.4\"/>",
    [TOPO_HUB] =
        "<rect x=\"-15\" y=\"-11\" width=\"30\" height=\"22\" rx=\"2\" fill=\"#f3f0f7\" stroke=\"#5b3f86\" "
        "stroke-width=\"1.6\"/><path d=\"M-9 0H9M-9 -5V5M-3 -5V5M3 -5V5M9 -5V5\" stroke=\"#5b3f86\" "
        "stroke-width=\"1.4\"/>",
    [TOPO_INTERNET] = "<path d=\"M-9 9A6 6 0 0 1 -10 -2A7 7 0 0 1 2 -7A6 6 0 0 1 11 -1A5 5 0 0 1 10 9Z\" "
                      "fill=\"#eaf4fa\" stroke=\"#35607a\" stroke-width=\"1.6\"/>",
    [TOPO_NETWORK] = "<ellipse rx=\"15\" ry=\"10\" fill=\"#f4f4f4\" stroke=\"#444\" stroke-width=\"1.6\" "
                     "stroke-dasharray=\"3 2\"/>",
};

static enum topo_kind vertex_kind(const struct topo *t, size_t v)
{
    return v < t->nnodes ? t->nodes[v].kind : t->elements[v - t->nnodes].kind;
}

static bool vertex_hidden(const struct topo *t, size_t v)
{
    return v < t->nnodes ? t->nodes[v].hidden : t->elements[v - t->nnodes].hidden;
}

static void draw_symbol(struct svg *s, size_t v)
{
    enum topo_kind kind = vertex_kind(s->t, v);
    struct topo_point p = s->at[v];
    bool hidden = vertex_hidden(s->t, v);

    buf_printf(&s->b, "<g class=\"%s\"%s transform=\"translate(%.1f %.1f)\"><title>%s ", topo_kind_name(kind),
               hidden ? " opacity=\"0.5\"" : "", p.x, p.y, topo_kind_name(kind));
    add_text(&s->b, graph_name(s->t, v));
    buf_printf(&s->b, "%s</title>%s</g>\n", hidden ? HIDDEN : "", symbols[kind]);
}

/* ---- labels ---- */
static const double way[8][2] = {{0, 1},     {0, -1},     {1, 0},      {-1, 0},
                                 {0.8, 0.8}, {-0.8, 0.8}, {0.8, -0.8}, {-0.8, -0.8}};

static struct topo_point label_place(const struct svg *s, size_t v, double half, int i, int ring)
{
    return (struct topo_point){s->at[v].x + way[i][0] * (SYMBOL + 5 + half + ring * 26),
                               s->at[v].y + way[i][1] * (SYMBOL + 9 + ring * 26)};
}

/* How many wires leave 'v' through where the label would be. */
static size_t in_the_way(const struct svg *s, size_t v, int i)
{
    size_t n = 0;

    for (size_t k = s->graph.first[v]; k < s->graph.first[v + 1]; k++) {
        double dx = s->at[s->graph.to[k]].x - s->at[v].x, dy = s->at[s->graph.to[k]].y - s->at[v].y;
        n +=
            (dx * way[i][0] + dy * way[i][1]) / fmax(hypot(dx, dy) * hypot(way[i][0], way[i][1]), 1e-6) > 0.6;
    }
    return n;
}

static void draw_label(struct svg *s, size_t v)
{
    AUTO(mem_freep)
    char *name = xasprintf("%s%s", graph_name(s->t, v), vertex_hidden(s->t, v) ? HIDDEN : "");
    double half = (double)strlen(name) * FONT * LETTER / 2;

    for (int ring = 0; ring < 4; ring++) {
        size_t least = SIZE_MAX;
        struct topo_point best = {0, 0};
        for (int i = 0; i < 8; i++) {
            struct topo_point p = label_place(s, v, half, i, ring);
            size_t wires = in_the_way(s, v, i);
            if (wires < least && boxes_room(s->taken, text_box(p.x, p.y, FONT, name))) {
                least = wires;
                best = p;
            }
        }
        if (least == SIZE_MAX)
            continue;
        if (ring > 0)
            buf_printf(&s->b, "<path d=\"M%.1f %.1fL%.1f %.1f\" stroke=\"#999\" stroke-width=\"0.6\"/>\n",
                       s->at[v].x, s->at[v].y, best.x, best.y);
        put_text(s, best.x, best.y, FONT, "#111", name);
        return;
    }
}

/* A small text near the end of a wire that leaves 'from' towards 'to'. */
static void draw_end_label(struct svg *s, struct topo_point from, struct topo_point to, const char *text)
{
    double dx = to.x - from.x, dy = to.y - from.y, len = hypot(dx, dy);
    double half = (double)strlen(text) * FONT_SMALL * LETTER / 2;

    if (len < 3 * SYMBOL)
        return;
    for (int step = 0; SYMBOL + 10 + step * 6 < len / 2; step++)
        for (int side = -1; side <= 1; side += 2) {
            double d = SYMBOL + 10 + step * 6;
            double off = (fabs(dy) / len * half + fabs(dx) / len * FONT_SMALL * 0.6 + 3) * side;
            if (put_text(s, from.x + dx / len * d - dy / len * off, from.y + dy / len * d + dx / len * off,
                         FONT_SMALL, "#445", text))
                return;
        }
}

static void draw_iface_labels(struct svg *s)
{
    const struct topo *t = s->t;

    for (size_t i = 0; i < t->nnodes; i++)
        for (size_t k = 0; k < t->nodes[i].nifaces; k++) {
            const struct topo_iface *f = &t->nodes[i].ifaces[k];
            const struct topo_slot *slot = topo_index_slot(&s->ix, i, f->name);
            size_t far = i;
            if (f->network != NULL)
                far = topo_index_owner(&s->ix, topo_index_find(&s->ix, f->network));
            else if (slot->link >= 0)
                for (int e = 0; e < 2; e++)
                    if (end_vertex(s, &t->links[slot->link].end[e]) != i)
                        far = end_vertex(s, &t->links[slot->link].end[e]);
            if (far == i)
                continue;
            AUTO(mem_freep)
            char *text = f->naddrs > 0 && s->labels == TOPO_LABEL_ADDRESSES
                             ? xasprintf("%s %s", f->name, f->addrs[0].text)
                             : xstrdup(f->name);
            draw_end_label(s, s->at[i], s->at[far], text);
        }
}

static void draw_notes(struct svg *s, const struct topo_point *at)
{
    double y = s->foot;

    for (size_t i = s->t->nnotes; i-- > 0;) {
        AUTO(mem_freep) char *text = value_dedent(s->t->notes[i].text);
        text[strcspn(text, "\n")] = '\0';
        if (s->t->notes[i].pos.set && at[i].x >= 0) {
            put_text(s, at[i].x * s->width / TOPO_DRAW_WIDTH,
                     at[i].y * (s->height - HEADER) / TOPO_DRAW_HEIGHT + HEADER, FONT, "#555", text);
            continue;
        }
        buf_printf(&s->b, "<text x=\"8\" y=\"%.1f\" font-size=\"%.0f\" fill=\"#555\">", y, FONT_SMALL + 1);
        add_text(&s->b, text);
        buf_puts(&s->b, "</text>\n");
        y -= FONT_SMALL + 4;
    }
}

static void svg_clear(struct svg *s)
{
    buf_clear(&s->b);
    boxes_free(s->taken);
    topo_index_clear(&s->ix);
    graph_clear(&s->graph);
    free(s->at);
}

static void draw_all(struct svg *s, const struct topo_point *notes)
{
    size_t n = s->t->nnodes + s->t->nelements;

    for (size_t i = 0; i < n; i++)
        boxes_add(s->taken, (struct box){s->at[i].x - SYMBOL - 1, s->at[i].y - SYMBOL - 1,
                                         s->at[i].x + SYMBOL + 1, s->at[i].y + SYMBOL + 1});
    draw_wires(s);
    for (size_t i = 0; i < n; i++)
        draw_symbol(s, i);
    for (size_t i = 0; i < n; i++)
        draw_label(s, i);
    if (n <= SMALL_LABELS && s->labels != TOPO_LABEL_NAMES)
        draw_iface_labels(s);
    draw_notes(s, notes);
}

char *topo_render_svg(const struct topo *t, enum topo_labels labels)
{
    AUTO(svg_clear) struct svg s = {.t = t, .labels = labels};
    AUTO(mem_freep) struct topo_point *notes = xcalloc(t->nnotes + 1, sizeof *notes);
    size_t n = t->nnodes + t->nelements, unplaced = 0;
    const char *title = t->title != NULL ? t->title : t->name;
    double grow = fmin(fmax(sqrt((double)n / 30), 1), 16), foot;

    for (size_t i = 0; i < t->nnotes; i++)
        unplaced += !t->notes[i].pos.set;
    foot = (double)unplaced * (FONT_SMALL + 4) + 8;
    s.width = TOPO_DRAW_WIDTH * grow;
    s.height = TOPO_DRAW_HEIGHT * grow + HEADER;
    s.foot = s.height + foot - 8;
    s.at = layout_with_notes(t, notes);
    topo_index_init(&s.ix, t);
    graph_init(&s.graph, t);
    s.taken = boxes_new(s.width, s.height);
    for (size_t i = 0; i < n; i++) {
        s.at[i].x *= grow;
        s.at[i].y = s.at[i].y * grow + HEADER;
    }
    buf_printf(
        &s.b,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" "
        "role=\"img\" font-family=\"system-ui, sans-serif\">\n<title>",
        s.width, s.height + foot, s.width, s.height + foot);
    add_text(&s.b, title);
    buf_printf(&s.b, "</title>\n<rect width=\"%.0f\" height=\"%.0f\" fill=\"#fff\"/>\n", s.width,
               s.height + foot);
    text_at(&s, s.width / 2, HEADER / 2, fmin(20, s.width / ((double)letters(title) + 1) / LETTER), "#111",
            title);
    boxes_add(s.taken, (struct box){0, 0, s.width, HEADER - 4});
    draw_all(&s, notes);
    buf_puts(&s.b, "</svg>\n");
    return buf_take(&s.b);
}
