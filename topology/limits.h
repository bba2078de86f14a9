/* Ranges that a topology and a plan must keep.  Used by topo_check() and, because labhost does not
 * trust what labd sends, again by plan_from_json().  Functions return what is wrong as the end of a
 * sentence, or NULL. */
#ifndef TOPOLOGY_LIMITS_H
#define TOPOLOGY_LIMITS_H

#include "topology/plan.h"

#define LIMIT_MEMORY_MIN 16 /* MiB */
#define LIMIT_MEMORY_MAX 65536
#define LIMIT_VCPUS_MAX 16
#define LIMIT_MTU_MIN 68
#define LIMIT_MTU_MAX 9216
#define LIMIT_VLAN_MAX 4094
#define LIMIT_IFACES_MAX 1024 /* per node */
#define LIMIT_ADDRS_MAX 64    /* per interface */
#define LIMIT_ROUTES_MAX 256  /* per node */
#define LIMIT_FILES_MAX 254   /* per node; two more are FRR's */
#define LIMIT_RSTP_PRIORITY_MAX 61440u
#define LIMIT_RSTP_PRIORITY_STEP 4096u
/* Of Open vSwitch: it cuts what is outside. */
#define LIMIT_AGEING_MIN 15 /* seconds */
#define LIMIT_AGEING_MAX 3600
#define LIMIT_MIRRORS_MAX 32 /* per switch */
#define LIMIT_BOND_MAX 8     /* ports */

#define LIMIT_GATEWAYS_MAX 2 /* addresses of an internet: one of a family */

struct value_addr;
const char *limit_gateway_fault(const struct value_addr *a); /* of an internet's own address */
const char *limit_path_fault(const char *path);              /* of a file inside a guest */
const char *limit_impair_fault(const struct plan_impair *i);

/* Daemons of FRR that <frr daemons="..."> may name; ends with NULL.  zebra and staticd always run. */
extern const char *const limit_frr_daemons[];
bool limit_frr_daemon_ok(const char *name);

#endif
