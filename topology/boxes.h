/* Which places of a drawing are taken.  Used by the SVG renderer to put labels. */
#ifndef TOPOLOGY_BOXES_H
#define TOPOLOGY_BOXES_H

#include <stdbool.h>

struct box {
    double x0, y0, x1, y1;
};

struct boxes;
struct boxes *boxes_new(double width, double height);
void boxes_free(struct boxes *b);
void boxes_freep(struct boxes **b);
void boxes_add(struct boxes *b, struct box x);
/* Inside the drawing, and touching none that was added? */
bool boxes_room(const struct boxes *b, struct box x);

#endif
