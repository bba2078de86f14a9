/* Names out of labels that people wrote: lower-case ASCII, readable, unique.  Used by the importers. */
#ifndef FOREIGN_SLUG_H
#define FOREIGN_SLUG_H

#include "labd/base/name.h"

#include <stddef.h>

/* 'label' (UTF-8) in letters, digits and single dashes, at most 'max' bytes (< NAME_SIZE), cut between
 * words where that keeps half of it; "" if nothing is left.  Latin, Greek and Cyrillic letters are
 * spelled in ASCII. */
void slug_make(const char *label, size_t max, char out[NAME_SIZE]);

/* The names given out so far. */
struct slug_set;
struct slug_set *slug_set_new(void);
void slug_set_free(struct slug_set *s);
void slug_set_freep(struct slug_set **s);
/* Turns 'name' into an allowed name that was not given out yet: "x", then "x-2", "x-3", ...  'name' is
 * the result of slug_make() or fits it; "" becomes 'fallback'. */
void slug_unique(struct slug_set *s, char name[NAME_SIZE], const char *fallback);

#endif
