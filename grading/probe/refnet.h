/* The network of a reference host: enters its namespace and gives "eth0" its addresses and routes.
 * Used by labprobe while it still has privilege. */
#ifndef GRADING_PROBE_REFNET_H
#define GRADING_PROBE_REFNET_H

#include "grading/probe.h"

#define REFNET_DEV "eth0"

/* Moves the calling process into the network namespace of 'pid'. */
int refnet_enter(pid_t pid, struct err *e) MUST_CHECK;
/* Sets up "eth0" of the current namespace as 'r' says and brings it up.  Idempotent. */
int refnet_setup(const struct probe_ref *r, struct err *e) MUST_CHECK;

#endif
