/* What a bare graph lacks to be a lab: hosts, addresses, routing.  Used by import_graphml.c. */
#ifndef FOREIGN_GRAPHML_EXTRA_H
#define FOREIGN_GRAPHML_EXTRA_H

#include "topology/topo.h"

struct slug_set;

/* Bits per second from the Zoo's LinkSpeedRaw, or from LinkSpeed and LinkSpeedUnits; each may be NULL.  0: they
 * do not tell.  A raw speed that no link may have is brought into the range or left out, and counted. */
double graphml_rate(const char *raw, const char *speed, const char *units, size_t *odd);

/* A host for each router, on a link of its own; both get their names from 'names'. */
void graphml_add_hosts(struct topo *t, struct slug_set *names);

/* Gives every interface an address and every router OSPF in area 0, every host a default route:
 *
 *   10.0.0.0/9     one /30 per link between routers, in the order of the links
 *   10.128.0.0/10  one /24 per link to a host: .1 the router, .10 the host
 *   10.255.0.0/16  one /32 per router, on lo: also its router id
 *   172.16.0.0/12  one /24 per network, members in the order of the nodes
 *
 * What that does not reach, or makes no sense (a link from a router to itself), is a warning in 'm'. */
void graphml_add_ospf(struct topo *t, struct topo_msgs *m);

#endif
