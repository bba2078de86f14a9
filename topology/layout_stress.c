/* One connected component: stress majorization, or rings where it is large. */
#include "topology/layout.h"

#include "labd/base/mem.h"

#include <math.h>
#include <string.h>

#define STRESS_MAX 300  /* vertices: time and memory grow with the square */
#define LARGE 1000      /* of a whole topology this large ... */
#define STRESS_LARGE 40 /* ... only parts of up to this many */
#define STARTS_SMALL 8  /* for parts of up to SMALL vertices */
#define SMALL 60
#define SWEEPS 150

struct stress {
    size_t n;
    double *d; /* n * n: distance in the graph */
    const struct graph *g;
    size_t *local; /* by vertex: its number in the part */
};

static void distances(struct stress *s, const size_t *member)
{
    AUTO(mem_freep) size_t *queue = xcalloc(s->n, sizeof *queue);

    for (size_t i = 0; i < s->n; i++)
        s->local[member[i]] = i;
    for (size_t i = 0; i < s->n; i++) {
        double *row = s->d + i * s->n;
        size_t head = 0, tail = 0;
        for (size_t k = 0; k < s->n; k++)
            row[k] = -1;
        row[i] = 0;
        queue[tail++] = i;
        for (; head < tail; head++) {
            size_t v = member[queue[head]];
            for (size_t k = s->g->first[v]; k < s->g->first[v + 1]; k++) {
                size_t w = s->local[s->g->to[k]];
                if (row[w] < 0) {
                    row[w] = row[queue[head]] + 1;
                    queue[tail++] = w;
                }
            }
        }
    }
}

/* Moves each vertex to where its distances to all others want it, weighted by 1 / distance^2. */
static void sweep(const struct stress *s, struct topo_point *q)
{
    for (size_t i = 0; i < s->n; i++) {
        double x = 0, y = 0, sum = 0;
        for (size_t k = 0; k < s->n; k++) {
            double d = s->d[i * s->n + k], w, dx, dy, len;
            if (k == i)
                continue;
            w = 1 / (d * d);
            dx = q[i].x - q[k].x;
            dy = q[i].y - q[k].y;
            len = fmax(sqrt(dx * dx + dy * dy), 1e-6);
            x += w * (q[k].x + d * dx / len);
            y += w * (q[k].y + d * dy / len);
            sum += w;
        }
        q[i].x = x / sum;
        q[i].y = y / sum;
    }
}

static double stress_of(const struct stress *s, const struct topo_point *q)
{
    double sum = 0;

    for (size_t i = 0; i < s->n; i++)
        for (size_t k = 0; k < i; k++) {
            double d = s->d[i * s->n + k], len = hypot(q[i].x - q[k].x, q[i].y - q[k].y);
            sum += (len - d) * (len - d) / (d * d);
        }
    return sum;
}

static double side(struct topo_point a, struct topo_point b, struct topo_point c)
{
    return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}

static bool edge_of(const struct stress *s, const size_t *member, size_t e, size_t v[2])
{
    for (int k = 0; k < 2; k++) {
        v[k] = s->local[s->g->edge[k][e]];
        if (v[k] >= s->n || member[v[k]] != s->g->edge[k][e])
            return false; /* of another part */
    }
    return true;
}

static size_t crossings(const struct stress *s, const size_t *member, const struct topo_point *q)
{
    size_t n = 0, a[2], b[2];

    for (size_t i = 0; i < s->g->nedges; i++) {
        if (!edge_of(s, member, i, a))
            continue;
        for (size_t k = 0; k < i; k++) {
            if (!edge_of(s, member, k, b) || a[0] == b[0] || a[0] == b[1] || a[1] == b[0] || a[1] == b[1])
                continue;
            n += side(q[a[0]], q[a[1]], q[b[0]]) * side(q[a[0]], q[a[1]], q[b[1]]) < 0 &&
                 side(q[b[0]], q[b[1]], q[a[0]]) * side(q[b[0]], q[b[1]], q[a[1]]) < 0;
        }
    }
    return n;
}

/* A fixed sequence, so that a topology always looks the same. */
static double next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 40) / (1 << 24);
}

static struct topo_point on_circle(double r, double angle)
{
    double x = r * cos(angle), y = r * sin(angle);

    return (struct topo_point){x, y};
}

static void start(struct topo_point *q, size_t n, int attempt, uint64_t *state)
{
    for (size_t i = 0; i < n; i++) {
        double angle = 2 * M_PI * (double)i / (double)n, r = sqrt((double)n);
        if (attempt == 0) /* breadth-first order around a circle */
            q[i] = on_circle(r, angle);
        else
            q[i] = (struct topo_point){r * next_random(state), r * next_random(state)};
    }
}

static void place_by_stress(const struct graph *g, const size_t *member, size_t n, struct topo_point *p)
{
    AUTO(mem_freep) double *d = xcalloc(n * n, sizeof *d);
    AUTO(mem_freep) size_t *local = xcalloc(g->n, sizeof *local);
    AUTO(mem_freep) struct topo_point *q = xcalloc(n, sizeof *q);
    struct stress s = {n, d, g, local};
    bool small = n <= SMALL && g->nedges <= (size_t)3 * SMALL;
    double best_stress = HUGE_VAL;
    size_t best_crossings = SIZE_MAX;
    uint64_t state = 1;

    distances(&s, member);
    for (int attempt = 0; attempt < (small ? STARTS_SMALL : 1); attempt++) {
        start(q, n, attempt, &state);
        for (int i = 0; i < SWEEPS; i++)
            sweep(&s, q);
        double stress = stress_of(&s, q);
        size_t crossed = small ? crossings(&s, member, q) : 0;
        if (crossed > best_crossings || (crossed == best_crossings && stress >= best_stress))
            continue;
        best_crossings = crossed;
        best_stress = stress;
        for (size_t i = 0; i < n; i++)
            p[member[i]] = q[i];
    }
}

/* Breadth-first order around rings, each with room for its members. */
static void place_on_rings(const size_t *member, size_t n, struct topo_point *p)
{
    size_t i = 1;

    p[member[0]] = (struct topo_point){0, 0};
    for (int ring = 1; i < n; ring++) {
        double r = ring;
        size_t room = (size_t)(2 * M_PI * r), k;
        if (room > n - i)
            room = n - i;
        for (k = 0; k < room; k++, i++) {
            double angle = 2 * M_PI * (double)k / (double)room;
            p[member[i]] = on_circle(r, angle);
        }
    }
}

void layout_part(const struct graph *g, const size_t *member, size_t n, struct topo_point *p)
{
    if (n == 1)
        p[member[0]] = (struct topo_point){0, 0};
    else if (n <= (g->n > LARGE ? STRESS_LARGE : STRESS_MAX))
        place_by_stress(g, member, n, p);
    else
        place_on_rings(member, n, p);
}
