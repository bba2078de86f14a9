/* Programs of exercises' authors, who are strangers: each runs once, in a container of its own.  Used by probe_run.c.
 *
 * Such a program has the network namespace that it is given and nothing else of the machine: its own mount, PID, IPC,
 * UTS and cgroup namespaces; the guest image, read-only; a user without any rights, whom nothing belongs to; the guests'
 * system call filter; limits for memory, processes, files and time (oci_script.c).  Works whatever the driver, if
 * there are a guest image, packed or not, and crun. */
#ifndef HOST_GUEST_SCRIPT_H
#define HOST_GUEST_SCRIPT_H

#include "labd/host/guest/guest.h"

struct guest_script {
    const char *program;  /* its text */
    const char *hostname; /* a name */
    pid_t netns;          /* a process in its network namespace */
    unsigned timeout_ms;
    unsigned start_ms;  /* beside that, for the container */
    size_t printed_max; /* bytes that are kept of each of its streams; more is dropped */
};

/* Runs the scripts v[0 .. n-1] of the lab at the same time; 'done' is called for each as proc_pool() says.  Nothing of
 * them is left when it returns, nor of earlier calls that were killed: their programs die with the caller.  One call at a
 * time for a lab.  For worker processes: it may move the caller into a mount namespace of its own.  ERR_UNSUPPORTED if this machine can not. */
int guest_scripts_run(const struct guest_lab *lab, const struct guest_script *v, size_t n, proc_done_fn *done,
                      void *arg, struct err *e) MUST_CHECK;

#endif
