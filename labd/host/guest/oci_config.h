/* Writes the config.json of a node for the OCI runtime.  Pure; used by container.c and its tests.
 * Format: OCI runtime specification 1.0, as crun reads it. */
#ifndef HOST_GUEST_OCI_CONFIG_H
#define HOST_GUEST_OCI_CONFIG_H

#include "topology/plan.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define OCI_ID_RANGE 65536u
#define OCI_PIDS_MAX 512 /* a router with all FRR daemons has about 15 */
#define OCI_FILES_MAX 4096

/* The root file system is "rootfs" in the bundle: relative, so that the guest's root need not be able to
 * walk the host's folders above it. */
struct oci_spec {
    const struct plan_node *node;
    const char *startup;           /* host file that the guest sees as /run/lab/startup */
    const char *cgroup;            /* below the root of the cgroup hierarchy: "/paralab/LAB/NODE" */
    uint32_t uid_base;             /* the guest's ids 0 .. 65535 are these on the host */
    bool limit_memory, limit_pids; /* false where the host lacks the controller */
    bool tun;                      /* give it /dev/net/tun */
};

char *oci_config(const struct oci_spec *s); /* caller frees */

json_t *oci_seccomp(void); /* new reference */

#endif
