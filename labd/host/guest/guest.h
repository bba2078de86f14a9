/* The guest driver table: what runs a node.  Used by labd/host (jobs, console, exec).
 *
 * Calls block and run in a worker process that labhost forks per job, or in labconsole, never in
 * labhost's loop.  All are idempotent: creating what runs already, or removing what is gone, succeeds.
 * A driver derives every path from the ids in 'struct guest_lab' and keeps nothing in memory: state is
 * what observe() finds.  Adding a driver is one file and one line in guest.c. */
#ifndef HOST_GUEST_GUEST_H
#define HOST_GUEST_GUEST_H

#include "labd/base/err.h"
#include "labd/base/proc.h"
#include "topology/plan.h"

#include <stdbool.h>
#include <sys/types.h>

/* What a driver needs to know of the machine; filled once at start by labhost. */
struct guest_host {
    const char *state_dir;      /* /var/lib/labd/host */
    const char *run_dir;        /* /run/labd */
    const char *image_dir;      /* holds base/root (a directory tree) and base/root.squashfs */
    const char *program_dir;    /* where our own helper programs are installed */
    unsigned parallel;          /* programs at a time: the number of cores, at least 2 */
    struct proc_runner *runner; /* NULL: the real one */
};

struct guest_lab {
    const struct guest_host *host;
    const struct plan *plan;
    uint32_t uid_base; /* first of 65536 host uids that belong to this lab */
};

enum guest_state { GUEST_ABSENT, GUEST_CREATED, GUEST_RUNNING, GUEST_STOPPED, GUEST_SUSPENDED };
enum guest_end { GUEST_END_UNKNOWN, GUEST_END_OFF, GUEST_END_REBOOT, GUEST_END_CRASH };

struct guest_observed {
    enum guest_state state;
    enum guest_end end; /* of a GUEST_STOPPED one: how it ended, if the driver can tell */
    pid_t netns_pid;    /* a process in its network namespace, so that the net layer can put interfaces
                      * there; 0 if the driver brings the host-side devices itself or needs none */
};

/* Reports one node of a batch.  'e' is NULL on success.  'output' (hostile bytes, at most 8 KiB, may be
 * empty) is what the node's startup script printed. */
typedef void guest_report_fn(size_t node, const struct err *e, const char *output, size_t n, void *arg);

/* Memory for guests, in MiB. */
struct guest_memory {
    uint64_t free_mb, total_mb; /* of this machine */
    uint64_t need_mb;           /* what the nodes of a plan would take of it */
};

struct guest_ops {
    const char *name;
    bool wired; /* has real interfaces; false only for fake: then the net layer is not called */
    /* create() makes the host-side ends of the interfaces, named as the plan says.  Some of their settings have to
     * be made once more when the guests have booted. */
    bool brings_devices;

    /* Can this driver work here?  ERR_UNSUPPORTED / ERR_NOT_FOUND (no image) with a sentence that says
     * what to do.  'notes' gets one line per limit that is missing (e.g. no memory controller). */
    int (*probe)(const struct guest_host *h, struct buf *notes, struct err *e);

    /* What is free, and what 'nodes' (plan->nnodes flags, NULL: all) of 'plan' need; 'plan' NULL: nothing. */
    int (*memory)(const struct guest_host *h, const struct plan *plan, const bool *nodes,
                  struct guest_memory *out, struct err *e);

    /* Creates the guests nodes[0..n-1] (indices into lab->plan->nodes) in parallel.  When it returns,
     * each is running, its init waiting for its interfaces, or was reported as failed and removed. */
    int (*create)(const struct guest_lab *lab, const size_t *nodes, size_t n, guest_report_fn *report,
                  void *arg, struct err *e);
    /* Waits until each guest's init has run its startup script, up to 'timeout_ms'; reports every node
     * once.  A nonzero startup status is ERR_TOOL, a guest that does not finish ERR_TIMEOUT.  Call it in
     * the process that called create(); elsewhere it knows only guests that have booted (GUEST_RUNNING)
     * and reports how that went, and ERR_CONFLICT for the others. */
    int (*wait)(const struct guest_lab *lab, const size_t *nodes, size_t n, unsigned timeout_ms,
                guest_report_fn *report, void *arg, struct err *e);
    /* Stops and removes the guests; their private layer stays. */
    int (*remove)(const struct guest_lab *lab, const size_t *nodes, size_t n, struct err *e);
    /* Discards the private layer of a removed guest. */
    int (*wipe)(const struct guest_lab *lab, size_t node, struct err *e);
    /* Fills out[0 .. plan->nnodes-1] with what is really there.  Quick: labhost's loop calls it, too. */
    int (*observe)(const struct guest_lab *lab, struct guest_observed *out, struct err *e);
    /* Ids of labs of which anything (guest, mount, file of the runtime) is left on this machine; each
     * is passed to 'each'.  Used to remove what has no wanted state any more. */
    int (*leftovers)(const struct guest_host *h, void (*each)(const char *lab, void *arg), void *arg,
                     struct err *e);
    /* Removes everything of a lab whose plan is lost. */
    int (*purge)(const struct guest_host *h, const char *lab, struct err *e);

    /* The host program that runs 'cmd' in the node with its own stdin, stdout and stderr (no terminal). */
    int (*exec_argv)(const struct guest_lab *lab, size_t node, const char *const *cmd, struct argv *out,
                     struct err *e);
    /* Opens a fresh console session: '*fd' is a terminal's master side, the caller's.  May be called
     * again after the session ended (end of file or EIO on '*fd'). */
    int (*console)(const struct guest_lab *lab, size_t node, int *fd, struct err *e);

    /* ---- what a driver may leave out (NULL) ---- */

    /* The host program that tells the guest the size of its console, where setting it on the descriptor of
     * console() does not reach the guest. */
    int (*resize_argv)(const struct guest_lab *lab, size_t node, unsigned rows, unsigned cols,
                       struct argv *out, struct err *e);
    /* A descriptor, the caller's, of which a byte can be read whenever guests may have ended; end of file: ask for
     * a new one.  For drivers whose guests are no processes (netns_pid 0). */
    int (*watch)(const struct guest_host *h, struct err *e);
    /* Shows a running guest whether interface 'iface' has a carrier, where the state of the host-side end
     * does not tell it. */
    int (*carrier)(const struct guest_lab *lab, size_t node, size_t iface, bool on, struct err *e);

    /* Saves all running guests as of one moment and removes them: then observe() says GUEST_SUSPENDED, also after
     * a restart of the machine.  All or none: after a failure they run as before. */
    int (*suspend)(const struct guest_lab *lab, struct err *e);
    /* Makes the GUEST_SUSPENDED guests again as they were, their devices included, but standing still; reports
     * each.  After a failure they are suspended as before.  wake() lets all go on and discards what was
     * saved; wait() wakes what an interrupted wake() left. */
    int (*restore)(const struct guest_lab *lab, guest_report_fn *report, void *arg, struct err *e);
    int (*wake)(const struct guest_lab *lab, struct err *e);
};

extern const struct guest_ops guest_xen, guest_container, guest_fake;

const struct guest_ops *guest_find(const char *name); /* NULL if there is none */
const struct guest_ops *guest_each(size_t i);         /* NULL past the last */

/* Paths, all below host->run_dir and host->state_dir; 'out' has PATH_MAX bytes. */
void guest_path_state(const struct guest_lab *lab, const char *node,
                      char *out);                                              /* STATE/labs/LAB/nodes/NODE */
void guest_path_run(const struct guest_lab *lab, const char *node, char *out); /* RUN/labs/LAB/NODE */

#endif
