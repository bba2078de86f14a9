/* Nodes by name: their folders, the lock of their lab, and which labs have any.  Shared by the drivers and by
 * nobody else.
 *
 * A node is named here by strings, not by a plan, because purge() works without one.  All paths come from
 * the host's folders and these two checked names:
 *   RUN/labs/LAB/NODE/            what a running guest needs
 *   STATE/labs/LAB/nodes/NODE/    the private layer */
#ifndef HOST_GUEST_NODE_H
#define HOST_GUEST_NODE_H

#include "labd/host/guest/guest.h"

#include <limits.h>

struct node_ref {
    const struct guest_host *host;
    const char *lab, *node;
};
struct node_ref node_ref(const struct guest_lab *lab, size_t node);

/* snprintf() into PATH_MAX bytes; ERR_INVALID if it does not fit. */
int path_make(char *out, struct err *e, const char *fmt, ...) MUST_CHECK
    __attribute__((format(printf, 3, 4)));
int path_run(const struct node_ref *n, const char *file, char *out,
             struct err *e) MUST_CHECK; /* "" or "/x" */
int path_state(const struct node_ref *n, const char *file, char *out,
               struct err *e) MUST_CHECK; /* "" or "/x" */

/* Who makes or removes nodes of a lab holds its lock, and hands the descriptor to each program it starts.  So
 * after a worker was killed, the next one waits until the last program of the old one is gone as well;
 * otherwise a dying program would work on the folders of its successor.  -1 with ERR_TIMEOUT after 10 s. */
int lab_lock(const struct guest_host *h, const char *lab, struct err *e) MUST_CHECK;

/* A line of /proc/meminfo in MiB: "MemAvailable", "MemTotal"; 0 if there is none. */
uint64_t meminfo_mb(const char *field);

/* A set of names; starts as {0}. */
struct names {
    const char *lab; /* for a collector that wants the nodes of one lab */
    char **v;
    size_t n, cap;
};
void names_add(struct names *s, const char *name); /* once */
void names_clear(struct names *s);
typedef void name_fn(const char *name, void *arg);
void each_entry(const char *dir, name_fn *fn, void *arg); /* a missing folder has none */
void add_node(const char *name, void *names);             /* for each_entry(): if it is a node's name */

/* Labs of which the run or the state folder has a node. */
int labs_with_nodes(const struct guest_host *h, struct names *labs, struct err *e) MUST_CHECK;
/* Removes the lab's run folder and its private layers.  Its guests must be gone. */
int lab_remove_folders(const struct guest_host *h, const char *lab, struct err *e) MUST_CHECK;

#endif
