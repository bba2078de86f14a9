/* Between lab.c and labs.c only. */
#ifndef SITE_LABS_INT_H
#define SITE_LABS_INT_H

#include "labd/site/labs.h"

struct site *labs_site(const struct labs *ls);
void labs_link(struct labs *ls, struct lab *lab);
void labs_unlink(struct lab *lab);
struct lab *labs_find_any(struct labs *ls,
                          const char *id); /* whatever its institution: for what labhost says */
/* A lab whose texts this labd cannot read: it can be looked at and stopped. */
struct lab *lab_broken(struct labs *ls, int64_t inst, struct store_lab *row, const struct err *why);
void lab_free(struct lab *lab);

#endif
