/* Watches ports with packet sockets.  Used by labprobe: opened with privilege, read without. */
#ifndef GRADING_PROBE_WATCH_H
#define GRADING_PROBE_WATCH_H

#include "grading/probe.h"

#include <linux/filter.h>

#define WATCH_SNAP 512 /* bytes of a frame that are looked at */

struct watch {
    int fd;
    char port[PROBE_PORT_SIZE];
    bool all;            /* it sees everything */
    bool outgoing_is_in; /* what the device sends goes to the port's owner: the host side of a guest */
};

#define WATCH_ADDRS_MAX (PROBE_REFS_MAX * PROBE_ADDRS_MAX + PROBE_PROBES_MAX + PROBE_ALSO_ALL_MAX)

/* What is looked at: packets from or to one of the addresses, and VLAN-tagged frames. */
struct watch_want {
    struct probe_addr addrs[WATCH_ADDRS_MAX];
    size_t naddrs;
    bool arp;  /* all of it, too */
    bool bpdu; /* ... and of this (and what else is for bridges alone) */
    bool all;  /* everything, whatever it is */
};

/* Opens a socket on 'dev' of the calling thread's network namespace that sees only what is wanted.  ERR_SYS,
 * ERR_NOT_FOUND. */
int watch_open(const char *dev, const char *port, bool outgoing_is_in, const struct watch_want *want,
               struct watch *out, struct err *e) MUST_CHECK;
void watch_close(struct watch *w);

/* Reads one frame into 'buf' (WATCH_SNAP bytes).  Its length, or 0 when there is none at the moment.
 * '*t_ns': CLOCK_REALTIME at which the kernel saw it; '*in': towards the port's owner. */
size_t watch_read(struct watch *w, void *buf, int64_t *t_ns, bool *in);
/* Packets that this socket had to drop since it was opened or asked last. */
uint64_t watch_lost(struct watch *w);

/* The filter, for tests: fills 'out' (room for WATCH_FILTER_MAX) and returns the number of
 * instructions. */
#define WATCH_FILTER_MAX (24 + 4 * WATCH_ADDRS_MAX)
size_t watch_filter(const struct watch_want *want, struct sock_filter *out);

#endif
