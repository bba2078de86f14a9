/* Longitude and latitude to positions of a drawing.  Used by the importers. */
#ifndef FOREIGN_GEO_H
#define FOREIGN_GEO_H

#include "topology/topo.h"

struct geo_point {
    bool has_x, has_y;
    double x, y; /* degrees east, degrees north */
};

/* A number in decimal notation, perhaps with an exponent, independent of the locale.  false: it is none,
 * or beyond 'max'. */
bool geo_number(const char *s, double max, double *out);

/* How many microseconds light in a straight fibre needs between two points that are known. */
double geo_delay_us(const struct geo_point *a, const struct geo_point *b);

/* Fills out[0 .. n-1] from the points.  One without coordinates goes to the middle of its neighbours,
 * which are given as edges (pairs of indices); points that would hide each other are moved apart.
 * Returns false, and all positions unset, if fewer than half of the points have coordinates. */
bool geo_positions(const struct geo_point *p, size_t n, const size_t (*edges)[2], size_t nedges,
                   struct topo_pos *out);

#endif
