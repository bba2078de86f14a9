/* What labhost calls of the container driver beside the table in guest.h. */
#ifndef HOST_GUEST_CONTAINER_H
#define HOST_GUEST_CONTAINER_H

#include "labd/base/buf.h"
#include "labd/base/err.h"

/* Moves this process into a mount namespace of its own, where the image mounts that containers are made
 * from stay unseen by the machine, and where /sys/fs/cgroup is the unified hierarchy (crun refuses a
 * hybrid one).  'notes' gets one line per controller that is missing.  Done once per process; further
 * calls only write the notes.  guest_container.probe() calls it, so labhost has to do so before it forks
 * anything.  Needs root. */
int container_host_enter(struct buf *notes, struct err *e) MUST_CHECK;

#endif
