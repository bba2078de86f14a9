/* The plan: what labd asks labhost to build for one lab, and nothing else.  Made by plan_make() from a
 * topology, sent as JSON, read and checked again by labhost, carried out by labd/host.
 *
 * Every name that reaches the machine is fixed here: host-side interface names, bridge names, OpenFlow
 * port numbers and MAC addresses.  Nothing is looked up afterwards. */
#ifndef TOPOLOGY_PLAN_H
#define TOPOLOGY_PLAN_H

#include "labd/base/err.h"
#include "labd/base/name.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct topo;

#define PLAN_NODES_MAX 16384 /* of a lab */
#define PLAN_VLANS_MAX 64

enum plan_node_kind { PLAN_HOST, PLAN_ROUTER };

/* One direction of a link, from the end that it leaves.  Zero means: no such impairment. */
struct plan_impair {
    uint32_t delay_us, jitter_us;
    uint32_t loss_ppm, duplicate_ppm, corrupt_ppm, reorder_ppm; /* parts per million */
    uint64_t rate_bps;
};

struct plan_iface {
    char name[IFNAME_SIZE]; /* inside the guest: "eth0" */
    char mac[18];           /* "02:xx:xx:xx:xx:xx", stable for (lab, node, interface) */
    uint32_t mtu;           /* 1500 unless declared */
    uint32_t port;          /* index into plan.ports */
};

struct plan_file {
    char *path; /* absolute inside the guest, no "..", not below /proc /sys /dev /run/lab */
    uint32_t mode;
    char *content; /* text without NUL */
};

struct plan_node {
    char name[NAME_SIZE];
    enum plan_node_kind kind;
    char image[NAME_SIZE]; /* "base" */
    uint32_t memory_mb, vcpus;
    struct plan_iface *ifaces;
    size_t nifaces;
    /* Everything that the guest's init does before the node is ready, as one /bin/sh script: preset
     * addresses and routes, forwarding, FRR start, the author's startup commands, the student's
     * /etc/rc.local, in this order.  NULL if there is nothing to do.  Made by the planner, run by images/init. */
    char *startup;
    struct plan_file *files; /* /etc/frr/daemons and /etc/frr/frr.conf are among them */
    size_t nfiles;
};

enum plan_bridge_kind {
    PLAN_WIRES,  /* explicit flows only: links, hubs and networks of the lab; at most one per lab */
    PLAN_SWITCH, /* NORMAL: one per switch element */
};
struct plan_bridge {
    char dev[IFNAME_SIZE]; /* "pl" + lab + "w" or "s" + index */
    enum plan_bridge_kind kind;
    char element[NAME_SIZE]; /* the switch, or "" */
    bool rstp;
    uint32_t rstp_priority; /* 0 .. 61440, multiple of 4096 */
    uint32_t mac_ageing;    /* seconds; 0: as Open vSwitch has it, 300 */
};

/* Ports of a switch that are one by LACP.  They have the same VLANs. */
struct plan_bond {
    char dev[IFNAME_SIZE]; /* "pl" + lab + "b" + index */
    uint32_t bridge;
    bool passive; /* waits for the other end to begin */
};

enum plan_vlan_mode { PLAN_VLAN_NONE, PLAN_VLAN_ACCESS, PLAN_VLAN_TRUNK };
/* A port of a bridge: the host-side end of a guest's interface, one end of a pair that joins two elements of ours
 * ('peer' is then the other port), or that of plan.internet. */
struct plan_port {
    char dev[IFNAME_SIZE]; /* "pl" + lab + "." + index */
    uint32_t bridge;       /* index into plan.bridges */
    uint32_t ofport;       /* 1 .. ; unique on the bridge */
    int32_t node, iface;   /* indices, or -1, -1 */
    int32_t peer;          /* index of the other port of a pair, or -1 */
    int32_t link;          /* the link this port is an end of, or -1 (attached to a network directly) */
    uint32_t segment;      /* index into plan.segments */
    enum plan_vlan_mode vlan_mode; /* only on switches */
    uint16_t vlan_tag;             /* access VLAN, or the trunk's native VLAN (0: none) */
    uint16_t vlan_trunks[PLAN_VLANS_MAX];
    size_t nvlan_trunks; /* 0 on a trunk: all */
    int32_t bond;        /* index into plan.bonds, or -1 */
};

/* Port 'to' of a switch shows what passes by the ports 'from' and carries nothing else. */
enum plan_mirror { PLAN_MIRROR_NONE, PLAN_MIRROR_IN, PLAN_MIRROR_OUT, PLAN_MIRROR_BOTH };
struct plan_mirror_port {
    uint32_t to;                /* index into plan.ports */
    enum plan_mirror direction; /* as the switch sees it: in by 'from', out of it, or both */
    uint32_t *from;
    size_t nfrom; /* 1 .. */
};

enum plan_segment_kind {
    PLAN_LINK,  /* exactly two ports, everything that enters one leaves by the other */
    PLAN_HUB,   /* everything that enters one port leaves by all others (hub, network and internet elements);
                 * also, with element "" and one port, an interface that is connected to nothing */
    PLAN_LEARN, /* the bridge of a switch */
};
struct plan_segment {
    char element[NAME_SIZE]; /* the name of the link or element; "": not connected */
    enum plan_segment_kind kind;
    uint32_t bridge;
};

/* A link as the author wrote it.  A link between two guests has two ports in one PLAN_LINK segment; a
 * link from a guest to a hub or switch has one port, at the guest's end (the other is -1); a link between
 * two elements has the two ports of a pair. */
struct plan_link {
    char name[NAME_SIZE];
    int32_t port[2];              /* indices into plan.ports; [0] belongs to end a, [1] to end b */
    struct plan_impair impair[2]; /* [0]: what leaves end a towards b; [1]: what leaves b towards a */
    bool up;
};

/* The way to the outside: a gateway that does NAT, in a network namespace of its own. */
#define PLAN_GATEWAY_SIZE 64
struct plan_internet {
    uint32_t port;                    /* index into plan.ports: the gateway's, on a PLAN_HUB segment */
    char addrs[2][PLAN_GATEWAY_SIZE]; /* "100.64.0.1/24"; at most one of IPv4 and one of IPv6 */
    size_t naddrs;                    /* 1 .. 2 */
};
/* What labhost numbers the other side of the gateways with, two addresses per lab: for benchmarks (RFC 2544), so
 * no site uses it; and a unique local prefix (RFC 4193). */
#define PLAN_TRANSIT "198.18.0.0/15"
#define PLAN_TRANSIT6 "fdb1:7a3c:90e2::/64"

struct plan {
    char lab[LAB_ID_SIZE];
    struct plan_node *nodes;
    size_t nnodes;
    struct plan_bridge *bridges;
    size_t nbridges;
    struct plan_segment *segments;
    size_t nsegments;
    struct plan_port *ports;
    size_t nports;
    struct plan_link *links;
    size_t nlinks;
    struct plan_bond *bonds;
    size_t nbonds;
    struct plan_mirror_port *mirrors;
    size_t nmirrors;
    struct plan_internet *internet; /* or NULL */
};

/* Pure: same arguments, same plan.  'lab' matches lab_id_ok(); 't' is valid (topo_check() found no
 * error) and borrowed.  ERR_CAPACITY if it needs more ports than can be numbered; PLAN_NODES_MAX is left to
 * who takes a plan or a topology from somebody else.  Caller frees. */
struct plan *plan_make(const struct topo *t, const char *lab, struct err *e);
void plan_free(struct plan *p); /* NULL is fine */
void plan_freep(struct plan **p);

json_t *plan_to_json(const struct plan *p); /* new reference */
/* Does not trust its input: every name, index, count and size is checked.  ERR_INVALID with the place. */
struct plan *plan_from_json(const json_t *j, struct err *e);

const struct plan_node *plan_node_find(const struct plan *p, const char *name); /* borrowed or NULL */
const struct plan_link *plan_link_find(const struct plan *p, const char *name);
int plan_segment_find(const struct plan *p, const char *element); /* index or -1 */

json_t *plan_impair_to_json(const struct plan_impair *i);
int plan_impair_from_json(const json_t *j, struct plan_impair *out, struct err *e) MUST_CHECK;

/* Reserved for what labhost attaches beside the plan (reference hosts of the grader). */
#define PLAN_OFPORT_REFERENCE 60000u

#endif
