/* Shared by the files of the container driver and nobody else.  Their files, beside what guest_node.h has:
 *   RUN/labs/LAB/NODE/      bundle: config.json, startup, rootfs (overlay, mounted only while crun starts)
 *   RUN/crun/LAB-NODE/      crun's own state
 *   STATE/labs/LAB/nodes/NODE/{upper,work,image,seeded}   the private layer
 *   /sys/fs/cgroup/paralab/LAB/NODE/ */
#ifndef HOST_GUEST_CONTAINER_INT_H
#define HOST_GUEST_CONTAINER_INT_H

#include "labd/host/guest/guest.h"
#include "labd/host/guest/guest_node.h"

#include <stdbool.h>
#include <sys/types.h>

#define CGROUP_ROOT "/sys/fs/cgroup"
#define CGROUP_OURS "/paralab"

/* ---- container_host.c, container_cgroup.c ---- */
struct cgroup_limits {
    bool memory, pids;
};
int cgroup_enter(struct buf *notes, struct err *e) MUST_CHECK; /* mounts and prepares the hierarchy */
struct cgroup_limits cgroup_limits(void);                      /* which controllers guests get */
int cgroup_lab_make(const char *lab, struct err *e) MUST_CHECK;
void cgroup_kill(const struct node_ref *n); /* asynchronous */
bool cgroup_exists(const struct node_ref *n);
/* Waits up to 'timeout_ms' until it is empty and removes it.  Missing: ok. */
int cgroup_remove(const struct node_ref *n, unsigned timeout_ms, struct err *e) MUST_CHECK;
void cgroup_lab_remove(const char *lab); /* if it is empty */

/* ---- container_rootfs.c ---- */
int rootfs_probe(const struct guest_host *h, struct err *e) MUST_CHECK;
/* Mounts image 'name' (a folder of image_dir) with the lab's ids; idempotent. */
int rootfs_image_mount(const struct guest_lab *lab, const char *name, struct err *e) MUST_CHECK;
void rootfs_image_umount(const struct guest_host *h, const char *lab); /* all of a lab */
/* Mounts the node's overlay on its bundle's rootfs and fills a new private layer. */
int rootfs_mount(const struct guest_lab *lab, size_t node, const char *image, struct err *e) MUST_CHECK;
int rootfs_umount(const struct node_ref *n, struct err *e) MUST_CHECK; /* and removes the mount point */

/* ---- container_files.c ---- */
/* Writes hostname, hosts and the plan's files into the tree 'rootfs', following links inside it only. */
int files_seed(const struct guest_lab *lab, size_t node, const char *rootfs, struct err *e) MUST_CHECK;

/* ---- container_state.c: what crun and the kernel say ---- */
void crun_id(const struct node_ref *n, char out[80]);
int crun_root(const struct guest_host *h, char *out, struct err *e) MUST_CHECK;
pid_t crun_pid(const struct node_ref *n);    /* the living init of the guest, or 0 */
bool crun_remains(const struct node_ref *n); /* is there anything of the guest, alive or not? */
int container_observe(const struct guest_lab *lab, struct guest_observed *out, struct err *e) MUST_CHECK;

/* ---- container_remove.c ---- */
int remove_locked(const struct node_ref *refs, size_t n, struct err *e) MUST_CHECK;
int container_remove(const struct guest_lab *lab, const size_t *nodes, size_t n, struct err *e) MUST_CHECK;
int container_wipe(const struct guest_lab *lab, size_t node, struct err *e) MUST_CHECK;
int container_leftovers(const struct guest_host *h, void (*each)(const char *lab, void *arg), void *arg,
                        struct err *e) MUST_CHECK;
int container_purge(const struct guest_host *h, const char *lab, struct err *e) MUST_CHECK;

/* ---- container_create.c, container_boot.c ---- */
int container_create(const struct guest_lab *lab, const size_t *nodes, size_t n, guest_report_fn *report,
                     void *arg, struct err *e) MUST_CHECK;
/* The pipes on which inits answer, from create() to wait(); they live in the process that called create(). */
int boot_open(const struct node_ref *n, int *write_end, struct err *e) MUST_CHECK;
void boot_close(const struct node_ref *n); /* none: fine */
int container_wait(const struct guest_lab *lab, const size_t *nodes, size_t n, unsigned timeout_ms,
                   guest_report_fn *report, void *arg, struct err *e) MUST_CHECK;

/* ---- container_exec.c ---- */
int container_exec_argv(const struct guest_lab *lab, size_t node, const char *const *cmd, struct argv *out,
                        struct err *e) MUST_CHECK;
int container_console(const struct guest_lab *lab, size_t node, int *fd, struct err *e) MUST_CHECK;

#endif
