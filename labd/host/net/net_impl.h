/* The parts of the net layer.  Used inside labd/host/net and by its tests only. */
#ifndef HOST_NET_NET_IMPL_H
#define HOST_NET_NET_IMPL_H

#include "labd/host/net/net.h"

#include <jansson.h>

/* The largest that a topology may declare.  Host-side ends always let it through, as a cable does, whatever
 * MTU a student sets inside a guest. */
#define NET_MTU 9216u

/* ---- net_seen.c: what the kernel has, read by one rtnetlink dump ---- */
struct net_dev {
    char name[IFNAME_SIZE];
    char alias[32];
    char qdisc[16]; /* the root one's kind */
    bool up;
    uint32_t mtu;
    int nsid; /* of the namespace that holds the other end of a veth; -1: this one, or unknown */
};
struct net_seen {
    struct net_dev *v; /* sorted by name */
    size_t n, cap;
};
/* Devices of this namespace whose names begin with 'prefix'. */
int net_seen_read(const char *prefix, struct net_seen *out, struct err *e) MUST_CHECK;
const struct net_dev *net_seen_find(const struct net_seen *s, const char *name); /* or NULL */
void net_seen_clear(struct net_seen *s);
/* The id under which this namespace knows that of 'pid'; -1: it has none (no device joins the two). */
int net_seen_nsid(pid_t pid, int *out, struct err *e) MUST_CHECK;
/* "plaaaaaa.3" -> "aaaaaa"; false if 'dev' is not of this form. */
bool net_dev_lab(const char *dev, char lab[LAB_ID_SIZE]);

/* ---- net_dev.c: devices ---- */
/* All devices of a lab are in one group, so that one request removes them together.  The number is the
 * lab's id read in base 36: two labs never share one. */
uint32_t net_dev_group(const char *lab);
void net_dev_add_line(struct buf *batch, const struct plan *p, size_t port, pid_t pid); /* pid: of its node */
int net_ip_batch(const struct net_host *h, const struct buf *batch, bool force, struct err *e) MUST_CHECK;
int net_dev_quiet(const struct net_host *h, const char *dev, struct err *e) MUST_CHECK;

/* Refuses a process of our own namespace, so that a wrong pid never changes an interface of the machine. */
int net_pid_check(pid_t pid, struct err *e) MUST_CHECK;

/* The other ends, in the namespaces of guests: checksum offload off, IPv6 off if asked for. */
struct net_far_end {
    pid_t pid;
    const char *netns; /* or NULL; path, among these mounts, of a namespace that has no process */
    int mounts;
    const char *dev;
    bool no_ipv6;
    bool forwards; /* packets between its interfaces */
};
int net_far_quiet(const struct net_host *h, const struct net_far_end *v, size_t n, struct err *e) MUST_CHECK;

/* ---- net_ovs.c: the database of Open vSwitch ---- */
#define NET_OVS_PORTS_AT_ONCE 400 /* keeps an argument vector far below ARG_MAX */
void net_ovs_bridges_args(struct argv *a, const struct net_host *h, const struct plan *p);
void net_ovs_ports_args(struct argv *a, const struct plan *p, size_t first, size_t n);
void net_ovs_mirrors_args(struct argv *a, const struct plan *p);
/* The row of table Port that 'q' belongs to: its own, or its bond's. */
const char *net_ovs_port_name(const struct plan *p, const struct plan_port *q);
int net_ovs_apply(const struct net_host *h, const struct plan *p, struct err *e) MUST_CHECK;
void net_ovs_begin(struct argv *a, const struct net_host *h, const char *program);
int net_ovs_run(const struct net_host *h, const struct argv *a, struct buf *out, struct err *e) MUST_CHECK;
/* Bridges and ports with external_ids:'key'='value': two arrays of {name, external_ids}. */
struct net_ovs_found {
    json_t *bridges, *ports; /* objects: name -> object of external_ids */
};
int net_ovs_find(const struct net_host *h, const char *key, const char *value, struct net_ovs_found *out,
                 struct err *e) MUST_CHECK;
void net_ovs_found_clear(struct net_ovs_found *f);

/* ---- net_flow.c: the flows of the wires bridge ---- */
struct net_flow_ref {
    uint32_t segment, ofport;
};
/* One OpenFlow bundle that makes the bridge as planned, with 'refs' attached. */
int net_flow_bundle(const struct plan *p, const struct net_flow_ref *refs, size_t nrefs, struct buf *out,
                    struct err *e) MUST_CHECK;
int net_flow_apply(const struct net_host *h, const struct plan *p, const struct net_flow_ref *refs,
                   size_t nrefs, struct err *e) MUST_CHECK;

/* ---- net_link.c ---- */
struct net_link_text {
    struct buf make, tc, state; /* for "ip -batch", "tc -batch" and again "ip -batch", in this order */
};
void net_link_text_clear(struct net_link_text *t);
/* What to change on link 'link', given what is seen; nothing if it is so already. */
void net_link_lines(const struct net_host *h, const struct plan *p, size_t link, bool up,
                    const struct plan_impair impair[2], const struct net_seen *seen, struct net_link_text *t);
void net_netem_args(struct buf *out, const struct plan_impair *i); /* "delay 20000us 2000us loss 1.0000%" */
int net_link_check(const struct net_host *h, const struct plan *p, size_t link,
                   const struct plan_impair impair[2], struct err *e) MUST_CHECK;
int net_link_run(const struct net_host *h, const struct net_link_text *t, struct err *e) MUST_CHECK;

/* ---- net_internet.c: the way to the outside ---- */
#define NET_GATEWAY_SIZE 32 /* "paralab-OWNER-LAB", its name in /run/netns */
/* Called where labhost was started.  What is missing goes into 'notes' and 'h->no_internet'; removes what an earlier
 * labhost has left if labs may not have it now. */
void net_internet_start(struct net_host *h, const struct net_options *o, struct buf *notes);
void net_internet_stop(const struct net_host *h); /* all of it; logs what cannot be removed */
void net_internet_end(const struct net_host *h);  /* only of what it needs itself */
int net_internet_check(const struct net_host *h, const struct plan *p, struct err *e) MUST_CHECK;
int net_internet_close(const struct net_host *h, const char *lab, struct err *e) MUST_CHECK;
void net_internet_each(const struct net_host *h, void (*each)(const char *lab, void *arg), void *arg);
/* ---- net_internet_rules.c ---- */
/* Which all devices are in that lead from the machine to gateways. */
uint32_t net_internet_group(const struct net_host *h);
/* For "nft -f -": on the machine, and in a gateway. */
void net_internet_home_rules(const struct net_host *h, struct buf *b);
void net_internet_gateway_rules(const struct net_host *h, struct buf *b);

/* ---- net_private.c: an instance of our own ---- */
int net_private_open(struct net_host *h, struct err *e) MUST_CHECK;
int net_private_close(const struct net_host *h, struct err *e) MUST_CHECK;
/* The process that holds the lock of 'h->run'/'program'.pid, or 0.  Sees through zombies and stale files. */
pid_t net_daemon_pid(const struct net_host *h, const char *program);

#endif
