/* Whose lab has which parameters.  Used by labd/site. */
#ifndef SITE_SEED_H
#define SITE_SEED_H

#include "labd/site/site_int.h"
#include "topology/topo_seed.h"

#define SEED_ATTEMPT 1u

/* Reads the site's key, or makes it. */
int seeds_open(struct site *s, struct err *e) MUST_CHECK;
/* The seed of the user's labs of 'exercise' ("" for those without): a keyed hash, so that only this site can
 * compute it.  Who starts a lab anew has the values of before; a site that is to give others counts
 * 'attempt' up. */
void seed_of_user(const struct site *s, int64_t inst, int64_t user, const char *exercise, unsigned attempt,
                  struct topo_seed *out);

#endif
