/* The wiring of labs: carries out the bridges, ports, segments and links of a plan with Open vSwitch and
 * veth pairs.  Used by labd/host (jobs, link.set, capture.open, probe.run).
 *
 * Calls block (milliseconds to a second) and run in worker processes, except net_host_open() and
 * net_host_close(), which labhost calls itself.  All are idempotent, keep nothing in memory and find
 * what exists by reading the kernel and the database of Open vSwitch. */
#ifndef HOST_NET_NET_H
#define HOST_NET_NET_H

#include "labd/base/err.h"
#include "labd/base/proc.h"
#include "topology/plan.h"

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

enum net_datapath { NET_SYSTEM, NET_NETDEV }; /* in the kernel, or in the ovs-vswitchd process */

struct net_options {
    const char *run_dir; /* absolute; a private instance lives in its folder "ovs" */
    bool private_ovs;    /* never use the machine's own instance (tests, benchmarks) */
    bool internet;       /* labs may have a way to the outside */
    const char *const
        *internet_allow;        /* ... and to these prefixes, which they may not otherwise; they live as */
    size_t ninternet_allow;     /* long as the process */
    struct proc_runner *runner; /* NULL: the real one */
};

/* Which Open vSwitch is used and what this machine can do.  Plain data: copied by fork. */
struct net_host {
    struct proc_runner *runner;
    bool private_ovs;
    enum net_datapath datapath;
    bool netem;              /* link impairments work at all */
    bool ifb;                /* ... also for what a guest sends into a hub, network or switch */
    char run[PATH_MAX - 64]; /* the instance's run folder: its sockets and pidfiles */
    char owner[9];           /* marks what this labhost made on a shared instance */
    /* the way to the outside */
    bool internet;         /* labs may have one */
    char no_internet[512]; /* ... asked for, but this is why not */
    bool outside_ipv6;     /* the machine forwards IPv6 */
    const char *const *allow;
    size_t nallow;
    int home, mounts; /* network and mount namespace in which labhost was started; open if 'internet' */
};

/* Uses the machine's Open vSwitch if it answers, else finds or starts a private one.  A private
 * instance has a network namespace of its own (not on a Xen dom0, where interfaces of guests are born
 * in the first one), and THE CALLING PROCESS MOVES INTO IT, so that workers, captures and probes find
 * the devices there, several instances can live side by side, and no network manager of the machine
 * touches a lab; therefore call it early in main().  The instance survives a kill of labhost and is
 * found again.  Appends to 'notes' one line per ability that is missing.  ERR_TOOL, ERR_NOT_FOUND
 * (Open vSwitch is not installed). */
int net_host_open(const struct net_options *o, struct net_host *out, struct buf *notes,
                  struct err *e) MUST_CHECK;
/* Stops a private instance (only when no lab is left); nothing to do for the machine's own. */
int net_host_close(const struct net_host *h, struct err *e) MUST_CHECK;
/* Is it still alive?  ERR_UNREACHABLE with what to do.  The calls below begin with it. */
int net_host_check(const struct net_host *h, struct err *e) MUST_CHECK;
const char *net_datapath_name(enum net_datapath d); /* "kernel" or "userspace" */

/* ERR_UNSUPPORTED if a link of the plan asks for an impairment that this machine cannot do, ERR_DENIED if it has a way
 * to the outside that the operator does not allow. */
int net_plan_check(const struct net_host *h, const struct plan *p, struct err *e) MUST_CHECK;

/* Makes what is missing: devices, bridges, ports, flows; then sets each link as plan->links says ('up',
 * 'impair'; so labhost keeps a changed state there) and switches the host-side ends on, so that guests
 * see a carrier only on a wire that works.  pids[i] (plan->nnodes of them) is a process in node i's
 * network namespace, or 0: that node's interfaces are left out now (its driver brings them itself, or
 * it does not run).  The ends in the guests are named, have MAC and MTU, and are down.  After a
 * failure part of the wiring may exist; net_detach() or another net_attach() is the way on. */
int net_attach(const struct net_host *h, const struct plan *p, const pid_t *pids, struct err *e) MUST_CHECK;

/* Before net_attach(): the plan's way to the outside, if it has one and it is not there: a network namespace that
 * translates addresses, and its wires to the lab and to the namespace in which labhost was started.  'slot', below
 * 65536, is no other lab's.  ERR_DENIED as net_plan_check(), ERR_TOOL; nothing of it is left then.  net_detach()
 * removes it. */
int net_internet_open(const struct net_host *h, const struct plan *p, uint32_t slot,
                      struct err *e) MUST_CHECK;

/* The last part of net_attach() alone: links and switched-on ends as the plan says, for the devices that are
 * there.  For settings that a driver's devices take only when their guest has booted. */
int net_settle(const struct net_host *h, const struct plan *p, struct err *e) MUST_CHECK;

/* Removes everything of a lab by its id, also when its plan is lost.  Cheapest after the guests are
 * gone. */
int net_detach(const struct net_host *h, const char *lab, struct err *e) MUST_CHECK;

struct net_observed {
    size_t bridges, ports; /* of the lab in the database of Open vSwitch, references included */
    size_t devices;        /* veth ends in the kernel */
    size_t missing;        /* bridges, ports and devices of the plan that are not there */
};
int net_observe(const struct net_host *h, const struct plan *p, struct net_observed *out,
                struct err *e) MUST_CHECK;

/* Calls 'each' once per lab (of this labhost) of which a bridge, a device or a gateway is left on this machine. */
int net_leftovers(const struct net_host *h, void (*each)(const char *lab, void *arg), void *arg,
                  struct err *e) MUST_CHECK;

/* Sets a running link.  Down is a pulled cable: the guests at its ends see no carrier.  impair[0] acts
 * on what leaves end a, impair[1] on what leaves end b (see net_link.c for where).  ERR_UNSUPPORTED if
 * this machine cannot do an impairment that is asked for; the link is then unchanged.  An end whose node
 * does not run is left out: net_attach() sets it from the plan when it does. */
int net_link_set(const struct net_host *h, const struct plan *p, size_t link, bool up,
                 const struct plan_impair impair[2], struct err *e) MUST_CHECK;

/* A reference host of the grader: a process in a fresh network namespace, attached to a segment for a
 * while.  It gets an interface "eth0" there: down, without address, IPv6 switched off (unless 'ipv6'),
 * which the probe sets up itself. */
#define NET_REFERENCES_MAX 64
struct net_reference {
    uint32_t index;  /* 0 .. NET_REFERENCES_MAX - 1, unique in the lab; port 60000 + index */
    size_t segment;  /* a hub, network or switch; for a link: ERR_UNSUPPORTED */
    uint16_t vlan;   /* switches: access VLAN; 0: untagged in the default VLAN */
    pid_t pid;       /* a process in its network namespace */
    const char *mac; /* or NULL: the kernel picks one */
    bool ipv6;
};
/* Attaches 'n' of them.  When it fails some may be there: net_reference_clear() then. */
int net_references_add(const struct net_host *h, const struct plan *p, const struct net_reference *r,
                       size_t n, struct err *e) MUST_CHECK;
/* Removes all reference hosts of the lab, those of a crashed probe too: ports, devices, flows, learned
 * addresses are as before. */
int net_reference_clear(const struct net_host *h, const struct plan *p, struct err *e) MUST_CHECK;

/* The host-side device of "NODE:IF", "LINK:a" or "LINK:b", to capture on; borrowed from 'p'.  A link
 * from a guest to a hub or switch has one device for both ends.  ERR_INVALID, ERR_NOT_FOUND. */
const char *net_port_dev(const struct plan *p, const char *port, struct err *e);

#endif
