#include "topology/boxes.h"

#include "labd/base/mem.h"
#include "topology/topo_grow.h"

/* A grid of cells, each with the boxes that reach into it, so that a question looks at few. */
#define CELL 64.0

struct cell {
    struct box *v;
    size_t n;
};

struct boxes {
    double width, height;
    size_t nx, ny;
    struct cell *cells;
};

struct boxes *boxes_new(double width, double height)
{
    struct boxes *b = xcalloc(1, sizeof *b);

    b->width = width;
    b->height = height;
    b->nx = (size_t)(width / CELL) + 1;
    b->ny = (size_t)(height / CELL) + 1;
    b->cells = xcalloc(b->nx * b->ny, sizeof *b->cells);
    return b;
}

void boxes_free(struct boxes *b)
{
    if (b == NULL)
        return;
    for (size_t i = 0; i < b->nx * b->ny; i++)
        free(b->cells[i].v);
    free(b->cells);
    free(b);
}

void boxes_freep(struct boxes **b)
{
    boxes_free(*b);
    *b = NULL;
}

static size_t cell_at(double v, size_t n)
{
    return v <= 0 ? 0 : v / CELL >= (double)n ? n - 1 : (size_t)(v / CELL);
}

void boxes_add(struct boxes *b, struct box x)
{
    for (size_t cy = cell_at(x.y0, b->ny); cy <= cell_at(x.y1, b->ny); cy++)
        for (size_t cx = cell_at(x.x0, b->nx); cx <= cell_at(x.x1, b->nx); cx++) {
            struct cell *c = &b->cells[cy * b->nx + cx];
            *TOPO_PUSH(c->v, c->n) = x;
        }
}

bool boxes_room(const struct boxes *b, struct box x)
{
    if (x.x0 < 0 || x.y0 < 0 || x.x1 > b->width || x.y1 > b->height)
        return false;
    for (size_t cy = cell_at(x.y0, b->ny); cy <= cell_at(x.y1, b->ny); cy++)
        for (size_t cx = cell_at(x.x0, b->nx); cx <= cell_at(x.x1, b->nx); cx++) {
            const struct cell *c = &b->cells[cy * b->nx + cx];
            for (size_t i = 0; i < c->n; i++)
                if (x.x0 < c->v[i].x1 && x.x1 > c->v[i].x0 && x.y0 < c->v[i].y1 && x.y1 > c->v[i].y0)
                    return false;
        }
    return true;
}
