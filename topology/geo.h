/* Longitude and latitude to positions of a drawing.  Used by the importers. */
#ifndef TOPOLOGY_GEO_H
#define TOPOLOGY_GEO_H

#include "topology/topo.h"

struct geo_point {
    bool has_x, has_y;
    double x, y; /* degrees east, degrees north */
};

/* A number in decimal notation, independent of the locale.  false: it is none, or beyond 'max'. */
bool geo_number(const char *s, double max, double *out);

/* Fills out[0 .. n-1] from the points.  One without coordinates goes to the middle of its neighbours,
 * which are given as edges (pairs of indices); points that would hide each other are moved apart.
 * Returns false, and all positions unset, if fewer than half of the points have coordinates. */
bool geo_positions(const struct geo_point *p, size_t n, const size_t (*edges)[2], size_t nedges,
                   struct topo_pos *out);

#endif
