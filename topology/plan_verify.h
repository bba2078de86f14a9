/* Do the parts of a plan fit each other?  Used by plan_from_json(). */
#ifndef TOPOLOGY_PLAN_VERIFY_H
#define TOPOLOGY_PLAN_VERIFY_H

#include "topology/plan.h"

/* Indices in 'p' are in range and single values checked already.  ERR_INVALID with the place. */
int plan_verify(const struct plan *p, struct err *e) MUST_CHECK;

#endif
