/* Between lab.c, labs.c and lab_*.c only. */
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
void lab_tell(struct lab *lab); /* the status has changed: watchers hear of it, soon */
/* The state of a lab object of labhost; 'otherwise' if it has none that labd knows. */
enum store_lab_state lab_live_state(json_t *live, enum store_lab_state otherwise);
bool lab_state_sleeps(enum store_lab_state st);
void lab_reply(struct http_req *r, int status, const struct lab *lab); /* its STATUS */

#endif
