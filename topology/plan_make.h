/* The parts of plan_make().  Used inside topology/ only. */
#ifndef TOPOLOGY_PLAN_MAKE_H
#define TOPOLOGY_PLAN_MAKE_H

#include "topology/plan.h"
#include "topology/topo.h"

/* Fills 'out->startup' and 'out->files' from 'n'. */
void plan_node_software(const struct topo_node *n, struct plan_node *out);

/* Host-side device names; 'dev' has IFNAME_SIZE bytes.  They depend on the lab and the index only, so
 * that labhost can hold a plan that it is given against them. */
void plan_dev_port(char *dev, const char *lab, size_t port);
void plan_dev_bridge(char *dev, const char *lab, enum plan_bridge_kind kind, size_t bridge);

#define PLAN_PORTS_MAX 999999 /* six digits in a device name */
#define PLAN_BRIDGES_MAX 999999

#endif
