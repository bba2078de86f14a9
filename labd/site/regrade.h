/* Judging all attempts at an exercise again, by the evidence that was kept of each, after its author mended a check.
 * Used by labd/site.  Attempts are judged one after another, each in a worker of its own, so that labd serves others
 * meanwhile and a broken record costs no more than its attempt. */
#ifndef SITE_REGRADE_H
#define SITE_REGRADE_H

#include "labd/site/site_int.h"

http_handler_fn regrade_post, regrade_get;
void regrades_free(struct site *s); /* ends what runs: attempts that were not judged yet keep their scores */

#endif
