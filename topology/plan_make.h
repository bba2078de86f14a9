/* The parts of plan_make().  Used inside topology/ only. */
#ifndef TOPOLOGY_PLAN_MAKE_H
#define TOPOLOGY_PLAN_MAKE_H

#include "topology/plan.h"
#include "topology/topo.h"

/* The end of each startup script: what a student left in a file to be done at every boot, for a minute at most.  Whether
 * it fails is his affair: the node runs. */
#define PLAN_RC_LOCAL \
    "test ! -x /etc/rc.local || timeout 60 /etc/rc.local || echo \"/etc/rc.local ended with status $?\"\n"
/* Fills 'out->startup' and 'out->files' from 'n'. */
void plan_node_software(const struct topo_node *n, struct plan_node *out);

/* Host-side device names; 'dev' has IFNAME_SIZE bytes.  They depend on the lab and the index only, so
 * that labhost can hold a plan that it is given against them. */
void plan_dev_port(char *dev, const char *lab, size_t port);
void plan_dev_bridge(char *dev, const char *lab, enum plan_bridge_kind kind, size_t bridge);
void plan_dev_bond(char *dev, const char *lab, size_t bond);

#define PLAN_PORTS_MAX 999999 /* six digits in a device name */
#define PLAN_BRIDGES_MAX 999999

struct topo_index;
/* Which port of a plan each port of a switch became. */
struct plan_switch_ports {
    const struct topo *t;
    const struct topo_index *ix;
    int32_t *port; /* by slot of 'ix': the port of the plan, or -1 */
    int32_t *bond; /* by slot of a bond: the bond of the plan, or -1 */
};
void plan_switch_ports_init(struct plan_switch_ports *s, const struct topo *t, const struct topo_index *ix);
void plan_switch_ports_clear(struct plan_switch_ports *s);
/* VLANs, bond and mirrored traffic of 'port', the newest of 'p', which the switch port at 'slot' became. */
void plan_switch_port(struct plan_switch_ports *s, struct plan *p, size_t slot);
/* When all ports are there. */
void plan_add_mirrors(const struct plan_switch_ports *s, struct plan *p);

#endif
