/* Writes the config.json of a node, or of a script, for the OCI runtime.  Pure; used by the container driver,
 * guest_script.c and their tests.
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

/* A program of a stranger, without any rights, in the network namespace that crun itself is in; its root file system is
 * read-only. */
struct oci_script {
    const char *rootfs;   /* host folder */
    const char *program;  /* host file that is run, and is told to end after ... */
    unsigned timeout_ms;  /* ... with all that it started */
    const char *hostname; /* what it sees of itself */
    const char *cgroup;
    uint32_t uid; /* of the host, and nobody else's */
    bool limit_memory, limit_pids;
};
char *oci_script_config(const struct oci_script *s); /* caller frees */

/* New references: the system call filter; what of the host is hidden, and what may only be read; a mount, its options
 * separated by blanks; a limit, soft and hard. */
json_t *oci_seccomp(void);
json_t *oci_masked(void);
json_t *oci_read_only(void);
json_t *oci_mount(const char *destination, const char *type, const char *source, const char *options);
json_t *oci_rlimit(const char *type, json_int_t limit);

#endif
