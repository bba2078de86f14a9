#include "topology/foreign/geo.h"

#include "labd/base/mem.h"
#include "topology/boxes.h"

#include <math.h>
#include <string.h>

#define MARGIN 50.0

/* "e+10" or nothing: the power of ten. */
static bool exponent(const char *s, double *out)
{
    bool minus;
    int v = 0;

    *out = 1;
    if (*s == '\0')
        return true;
    if (*s != 'e' && *s != 'E')
        return false;
    minus = *++s == '-';
    s += minus || *s == '+';
    if (*s == '\0')
        return false;
    for (; *s >= '0' && *s <= '9' && v < 1000; s++)
        v = v * 10 + (*s - '0');
    *out = pow(10, minus ? -v : v);
    return *s == '\0';
}

bool geo_number(const char *s, double max, double *out)
{
    double v = 0, scale = 1, power;
    bool minus = *s == '-', any = false;

    s += minus || *s == '+';
    for (; *s >= '0' && *s <= '9'; s++, any = true)
        v = v * 10 + (*s - '0');
    if (*s == '.')
        for (s++; *s >= '0' && *s <= '9'; s++, any = true) {
            scale /= 10;
            v += (*s - '0') * scale;
        }
    if (!any || !exponent(s, &power))
        return false;
    v *= power;
    if (!(v <= max) || !isfinite(v))
        return false;
    *out = minus ? -v : v;
    return true;
}

/* By the haversine formula (R. W. Sinnott, Sky and Telescope 68(2), 1984) on a sphere of the earth's mean
 * radius, at two thirds of the speed of light, as in glass. */
double geo_delay_us(const struct geo_point *a, const struct geo_point *b)
{
    const double radius = 6371008.8, speed = 299792458.0 * 2 / 3, rad = M_PI / 180;
    double dy = sin((b->y - a->y) / 2 * rad), dx = sin((b->x - a->x) / 2 * rad);
    double h = dy * dy + cos(a->y * rad) * cos(b->y * rad) * dx * dx;

    return 2 * radius * asin(fmin(sqrt(h), 1)) / speed * 1e6;
}

static int order_double(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static bool known(const struct geo_point *p)
{
    return p->has_x && p->has_y;
}

/* The meridian at which to cut the earth: the middle of the widest stretch without points, so that a
 * network across the Pacific is not torn apart. */
static double cut_meridian(const struct geo_point *p, size_t n)
{
    AUTO(mem_freep) double *v = xcalloc(n + 1, sizeof *v);
    size_t k = 0;
    double cut = -180, widest;

    for (size_t i = 0; i < n; i++)
        if (known(&p[i]))
            v[k++] = p[i].x;
    qsort(v, k, sizeof *v, order_double);
    widest = v[0] + 360 - v[k - 1];
    for (size_t i = 1; i < k; i++)
        if (v[i] - v[i - 1] > widest) {
            widest = v[i] - v[i - 1];
            cut = (v[i] + v[i - 1]) / 2;
        }
    return cut;
}

/* To the plane: equirectangular, true at the middle latitude. */
static void project(const struct geo_point *p, size_t n, struct topo_point *q)
{
    double cut = cut_meridian(p, n), lo = HUGE_VAL, hi = -HUGE_VAL, shrink;

    for (size_t i = 0; i < n; i++)
        if (known(&p[i])) {
            lo = fmin(lo, p[i].y);
            hi = fmax(hi, p[i].y);
        }
    shrink = fmax(cos((lo + hi) / 2 * M_PI / 180), 0.1);
    for (size_t i = 0; i < n; i++)
        if (known(&p[i])) {
            q[i].x = (p[i].x < cut ? p[i].x + 360 : p[i].x) * shrink;
            q[i].y = -p[i].y;
        }
}

/* The unknown ones get the mean of what is known around them, in as many rounds as that spreads; parts
 * of which nothing is known get the middle of everything. */
static void guess(size_t n, const size_t (*edges)[2], size_t nedges, struct topo_point *q, bool *placed)
{
    AUTO(mem_freep) struct topo_point *sum = xcalloc(n + 1, sizeof *sum);
    AUTO(mem_freep) size_t *count = xcalloc(n + 1, sizeof *count);
    struct topo_point middle = {0, 0};
    size_t nplaced = 0;

    for (int round = 0; round < 8; round++) {
        memset(sum, 0, n * sizeof *sum);
        memset(count, 0, n * sizeof *count);
        for (size_t i = 0; i < nedges; i++)
            for (int k = 0; k < 2; k++) {
                size_t from = edges[i][k], to = edges[i][!k];
                if (placed[from] && !placed[to]) {
                    sum[to].x += q[from].x;
                    sum[to].y += q[from].y;
                    count[to]++;
                }
            }
        for (size_t i = 0; i < n; i++)
            if (count[i] > 0) {
                q[i] = (struct topo_point){sum[i].x / (double)count[i], sum[i].y / (double)count[i]};
                placed[i] = true;
            }
    }
    for (size_t i = 0; i < n; i++)
        if (placed[i]) {
            middle.x += q[i].x;
            middle.y += q[i].y;
            nplaced++;
        }
    for (size_t i = 0; i < n; i++)
        if (!placed[i])
            q[i] = (struct topo_point){middle.x / (double)nplaced, middle.y / (double)nplaced};
}

static void scale(struct topo_point *q, size_t n)
{
    double x0 = q[0].x, x1 = x0, y0 = q[0].y, y1 = y0, s;

    for (size_t i = 1; i < n; i++) {
        x0 = fmin(x0, q[i].x);
        x1 = fmax(x1, q[i].x);
        y0 = fmin(y0, q[i].y);
        y1 = fmax(y1, q[i].y);
    }
    s = fmin((TOPO_DRAW_WIDTH - 2 * MARGIN) / fmax(x1 - x0, 1e-6),
             (TOPO_DRAW_HEIGHT - 2 * MARGIN) / fmax(y1 - y0, 1e-6));
    for (size_t i = 0; i < n; i++) {
        q[i].x = TOPO_DRAW_WIDTH / 2.0 + (q[i].x - (x0 + x1) / 2) * s;
        q[i].y = TOPO_DRAW_HEIGHT / 2.0 + (q[i].y - (y0 + y1) / 2) * s;
    }
}

/* ---- apart ---- */
#define APART_MIN 14.0 /* units of the drawing between two points */
#define APART_MAX 40.0
#define APART_POINTS 5000 /* with more of them there is no room anyhow */

static struct box square(double x, double y, double size)
{
    return (struct box){x - size / 2, y - size / 2, x + size / 2, y + size / 2};
}

/* Each point stays where it belongs, or goes to the nearest free place on circles around that. */
static void move_apart(struct topo_point *q, size_t n)
{
    AUTO(boxes_freep) struct boxes *taken = boxes_new(TOPO_DRAW_WIDTH, TOPO_DRAW_HEIGHT);
    double apart = sqrt((double)TOPO_DRAW_WIDTH * TOPO_DRAW_HEIGHT / (4 * (double)n));

    apart = fmin(fmax(apart, APART_MIN), APART_MAX);
    for (size_t i = 0; i < n && n <= APART_POINTS; i++) {
        struct topo_point p = q[i];
        bool found = boxes_room(taken, square(p.x, p.y, apart));
        for (int ring = 1; ring <= 30 && !found; ring++)
            for (int k = 0; k < 8 * ring && !found; k++) {
                double angle = 2 * M_PI * k / (8 * ring), r = ring * apart / 2;
                p = (struct topo_point){q[i].x + r * cos(angle), q[i].y + r * sin(angle)};
                found = boxes_room(taken, square(p.x, p.y, apart));
            }
        if (found)
            q[i] = p;
        boxes_add(taken, square(q[i].x, q[i].y, apart));
    }
}

bool geo_positions(const struct geo_point *p, size_t n, const size_t (*edges)[2], size_t nedges,
                   struct topo_pos *out)
{
    AUTO(mem_freep) struct topo_point *q = xcalloc(n + 1, sizeof *q);
    AUTO(mem_freep) bool *placed = xcalloc(n + 1, sizeof *placed);
    size_t have = 0;

    for (size_t i = 0; i < n; i++) {
        placed[i] = known(&p[i]);
        have += placed[i];
        out[i] = (struct topo_pos){false, 0, 0};
    }
    if (have == 0 || have * 2 < n)
        return false;
    project(p, n, q);
    guess(n, edges, nedges, q, placed);
    scale(q, n);
    move_apart(q, n);
    for (size_t i = 0; i < n; i++)
        out[i] = (struct topo_pos){true, (int)lround(q[i].x), (int)lround(q[i].y)};
    return true;
}
