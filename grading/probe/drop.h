/* Gives up privilege for good.  Used by labprobe before it sends or reads the first packet. */
#ifndef GRADING_PROBE_DROP_H
#define GRADING_PROBE_DROP_H

#include "labd/base/err.h"

/* From here on: user and group nobody, no supplementary groups, no capabilities, no new privileges, no core dump,
 * and only the system calls that sending, receiving and printing need; any other kills the process.
 * Descriptors that are open stay usable. */
int drop_privileges(struct err *e) MUST_CHECK;

#endif
