/* Where to draw what: the author's positions, or a layout of our own.  Deterministic.
 *
 * Each connected component is laid out so that distances on paper follow distances in the graph (stress
 * majorization, Gansner, Koren, North, Graph Drawing 2004); the best of several starts wins, the fewest
 * crossings first.  Components too large for that become rings around their middle.  The components are
 * then put on shelves, scaled to the page, and moved apart where their labels would touch. */
#include "topology/layout.h"
#include "labd/base/mem.h"
#include "topology/boxes.h"
#include "topology/graph.h"
#include "topology/topo.h"

#include <math.h>
#include <string.h>

#define MARGIN_X 60.0
#define MARGIN_Y 50.0

static double clamp(double v, double lo, double hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

static struct box bounds(const struct topo_point *p, size_t n)
{
    struct box b = {p[0].x, p[0].y, p[0].x, p[0].y};

    for (size_t i = 1; i < n; i++) {
        b.x0 = fmin(b.x0, p[i].x);
        b.y0 = fmin(b.y0, p[i].y);
        b.x1 = fmax(b.x1, p[i].x);
        b.y1 = fmax(b.y1, p[i].y);
    }
    return b;
}

static struct topo_point moved(const struct layout_transform *tr, struct topo_point p)
{
    return (struct topo_point){TOPO_DRAW_WIDTH / 2.0 + (p.x - tr->cx) * tr->sx,
                               TOPO_DRAW_HEIGHT / 2.0 + (p.y - tr->cy) * tr->sy};
}

/* Scales to the page inside the margins; the two scales differ by at most 'stretch'. */
static struct layout_transform fit(struct topo_point *p, size_t n, double stretch)
{
    struct box b = bounds(p, n);
    double w = TOPO_DRAW_WIDTH - 2 * MARGIN_X, h = TOPO_DRAW_HEIGHT - 2 * MARGIN_Y;
    double sx = b.x1 > b.x0 ? w / (b.x1 - b.x0) : HUGE_VAL, sy = b.y1 > b.y0 ? h / (b.y1 - b.y0) : HUGE_VAL;
    double s = fmin(sx, sy) < HUGE_VAL ? fmin(sx, sy) : 1;
    struct layout_transform tr = {(b.x0 + b.x1) / 2, (b.y0 + b.y1) / 2, fmin(sx, s * stretch),
                                  fmin(sy, s * stretch)};

    for (size_t i = 0; i < n; i++)
        p[i] = moved(&tr, p[i]);
    return tr;
}

static bool authors_positions(const struct topo *t, size_t n, struct topo_point *p)
{
    for (size_t i = 0; i < n; i++) {
        const struct topo_pos *pos = graph_pos(t, i);
        if (!pos->set)
            return false;
        p[i] = (struct topo_point){pos->x, pos->y};
    }
    return true;
}

/* ---- components ---- */
struct part {
    size_t *member; /* in breadth-first order; borrowed from one array of all */
    size_t n;
    double w, h; /* size of its box, in lengths of an edge, with room around it */
};

/* Fills 'order' and returns the parts, '*nparts' of them; the caller frees. */
static struct part *find_parts(const struct graph *g, size_t *order, size_t *nparts)
{
    AUTO(mem_freep) bool *seen = xcalloc(g->n + 1, sizeof *seen);
    struct part *parts = xcalloc(g->n + 1, sizeof *parts);
    size_t tail = 0;

    *nparts = 0;
    for (size_t i = 0; i < g->n; i++) {
        struct part *part = &parts[*nparts];
        size_t head = tail;
        if (seen[i])
            continue;
        ++*nparts;
        part->member = order + tail;
        seen[i] = true;
        order[tail++] = i;
        for (; head < tail; head++)
            for (size_t k = g->first[order[head]]; k < g->first[order[head] + 1]; k++)
                if (!seen[g->to[k]]) {
                    seen[g->to[k]] = true;
                    order[tail++] = g->to[k];
                }
        part->n = (size_t)(order + tail - part->member);
    }
    return parts;
}

/* Turns the part so that it is wider than high. */
static void lay_flat(const struct part *part, struct topo_point *p)
{
    double mx = 0, my = 0, xx = 0, yy = 0, xy = 0, angle, c, s;

    for (size_t i = 0; i < part->n; i++) {
        mx += p[part->member[i]].x / (double)part->n;
        my += p[part->member[i]].y / (double)part->n;
    }
    for (size_t i = 0; i < part->n; i++) {
        double dx = p[part->member[i]].x - mx, dy = p[part->member[i]].y - my;
        xx += dx * dx;
        yy += dy * dy;
        xy += dx * dy;
    }
    angle = 0.5 * atan2(2 * xy, xx - yy); /* of the principal axis */
    c = cos(angle);
    s = sin(angle);
    for (size_t i = 0; i < part->n; i++) {
        struct topo_point *q = &p[part->member[i]];
        double dx = q->x - mx, dy = q->y - my;
        q->x = dx * c + dy * s;
        q->y = dy * c - dx * s;
    }
}

static void measure(struct part *part, struct topo_point *p)
{
    struct box b = {HUGE_VAL, HUGE_VAL, -HUGE_VAL, -HUGE_VAL};

    for (size_t i = 0; i < part->n; i++) {
        const struct topo_point *q = &p[part->member[i]];
        b = (struct box){fmin(b.x0, q->x), fmin(b.y0, q->y), fmax(b.x1, q->x), fmax(b.y1, q->y)};
    }
    for (size_t i = 0; i < part->n; i++) {
        p[part->member[i]].x -= b.x0 - 0.5;
        p[part->member[i]].y -= b.y0 - 0.5;
    }
    part->w = b.x1 - b.x0 + 1;
    part->h = b.y1 - b.y0 + 1;
}

static int order_parts(const void *a, const void *b)
{
    const struct part *x = a, *y = b;

    if (x->h > y->h || x->h < y->h)
        return x->h > y->h ? -1 : 1;
    return (x->member[0] > y->member[0]) - (x->member[0] < y->member[0]);
}

/* The highest first, side by side on shelves of about the page's shape. */
static void put_on_shelves(struct part *parts, size_t n, struct topo_point *p)
{
    double area = 0, width = 0, x = 0, y = 0, shelf = 0;

    for (size_t i = 0; i < n; i++) {
        area += parts[i].w * parts[i].h;
        width = fmax(width, parts[i].w);
    }
    width = fmax(width, sqrt(area * TOPO_DRAW_WIDTH / TOPO_DRAW_HEIGHT) * 1.05);
    qsort(parts, n, sizeof *parts, order_parts);
    for (size_t i = 0; i < n; i++) {
        if (x > 0 && x + parts[i].w > width) {
            y += shelf;
            x = shelf = 0;
        }
        for (size_t k = 0; k < parts[i].n; k++) {
            p[parts[i].member[k]].x += x;
            p[parts[i].member[k]].y += y;
        }
        x += parts[i].w;
        shelf = fmax(shelf, parts[i].h);
    }
}

/* ---- room for labels ---- */
#define SEPARATE_MAX 400 /* vertices; beyond that there is no room anyhow */

static void push(struct topo_point *a, struct topo_point *b, double w, double h)
{
    double dx = b->x - a->x, dy = b->y - a->y;
    double ox = w - fabs(dx), oy = h - fabs(dy);

    if (ox <= 0 || oy <= 0)
        return;
    if (ox * h < oy * w) {
        double d = dx < 0 ? -ox / 2 : ox / 2;
        a->x -= d;
        b->x += d;
    } else {
        double d = dy < 0 ? -oy / 2 : oy / 2;
        a->y -= d;
        b->y += d;
    }
}

static void separate(const struct topo *t, struct topo_point *p, size_t n)
{
    AUTO(mem_freep) double *w = xcalloc(n + 1, sizeof *w);

    for (size_t i = 0; i < n; i++)
        w[i] = fmax(LAYOUT_NODE_WIDTH, LAYOUT_LETTER * (double)strlen(graph_name(t, i))) + 12;
    for (int round = 0; round < 200; round++) {
        for (size_t i = 0; i < n; i++)
            for (size_t k = i + 1; k < n; k++)
                push(&p[i], &p[k], (w[i] + w[k]) / 2, LAYOUT_NODE_HEIGHT + 8);
        for (size_t i = 0; i < n; i++) {
            p[i].x = clamp(p[i].x, w[i] / 2, TOPO_DRAW_WIDTH - w[i] / 2);
            p[i].y = clamp(p[i].y, LAYOUT_NODE_HEIGHT / 2, TOPO_DRAW_HEIGHT - LAYOUT_NODE_HEIGHT / 2);
        }
    }
}

static void own_layout(const struct topo *t, struct topo_point *p)
{
    AUTO(graph_clear) struct graph g;
    AUTO(mem_freep) size_t *order = NULL;
    AUTO(mem_freep) struct part *parts = NULL;
    size_t nparts;

    graph_init(&g, t);
    order = xcalloc(g.n, sizeof *order);
    parts = find_parts(&g, order, &nparts);
    for (size_t i = 0; i < nparts; i++) {
        layout_part(&g, parts[i].member, parts[i].n, p);
        lay_flat(&parts[i], p);
        measure(&parts[i], p);
    }
    put_on_shelves(parts, nparts, p);
    fit(p, g.n, 1.7);
    if (g.n <= SEPARATE_MAX)
        separate(t, p, g.n);
}

struct topo_point *layout_with_notes(const struct topo *t, struct topo_point *notes)
{
    size_t n = t->nnodes + t->nelements;
    struct layout_transform tr;
    struct topo_point *p;

    if (n == 0)
        return NULL;
    p = xcalloc(n, sizeof *p);
    if (authors_positions(t, n, p)) {
        tr = fit(p, n, 1);
        for (size_t i = 0; notes != NULL && i < t->nnotes; i++)
            notes[i] = moved(&tr, (struct topo_point){t->notes[i].pos.x, t->notes[i].pos.y});
    } else {
        own_layout(t, p);
        for (size_t i = 0; notes != NULL && i < t->nnotes; i++)
            notes[i] = (struct topo_point){-1, -1};
    }
    return p;
}

struct topo_point *topo_layout(const struct topo *t)
{
    return layout_with_notes(t, NULL);
}
