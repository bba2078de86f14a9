/* Shared by the files of the xen driver and nobody else.  Their files, beside what guest_node.h has:
 *   RUN/labs/LAB/NODE/domain.cfg   what xl was given; for people to read
 *   RUN/labs/LAB/NODE/ramdisk      only while xl starts
 *   STATE/labs/LAB/nodes/NODE/{layer.ext4,image}   the private disk, and the image below it
 *   STATE/labs/LAB/saving/, saved/, woken/         a lab that is being suspended, is suspended, is being resumed
 *
 * A domain of ours is known by its UUID, which holds the owner, the lab and the node, so that one hypercall
 * tells what is there; names in xenstore are for people. */
#ifndef HOST_GUEST_XEN_INT_H
#define HOST_GUEST_XEN_INT_H

#include "labd/host/guest/guest.h"
#include "labd/host/guest/guest_node.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct xs_handle;

#define XEN_UUID_SIZE 16
#define XEN_XL_MS 180000u /* for one xl; libxl's own limits are shorter */

/* ---- xen_uuid.c: pure ---- */
void xen_uuid(const char *run_dir, const char *lab, size_t node, uint8_t out[XEN_UUID_SIZE]);
/* False if it is not one of this labhost's domains. */
bool xen_uuid_parse(const uint8_t uuid[XEN_UUID_SIZE], const char *run_dir, char lab[LAB_ID_SIZE],
                    size_t *node);

/* ---- xen_domains.c: what the hypervisor says ---- */
struct xen_domain {
    uint32_t domid;
    char lab[LAB_ID_SIZE];
    size_t node; /* index in the plan; of a stranger's plan perhaps: check it */
    bool paused, ended, dying;
    enum guest_end end;
};
struct xen_domains {
    struct xen_domain *v;
    size_t n, cap;
};
bool xen_is_dom0(void);
/* Domains of ours, of one lab or (NULL) of all, those that are dying included. */
int xen_domains_read(const struct guest_host *h, const char *lab, struct xen_domains *out,
                     struct err *e) MUST_CHECK;
void xen_domains_clear(struct xen_domains *d);
/* The living domain of a node (it may have ended and not be removed yet), or NULL. */
const struct xen_domain *xen_domains_find(const struct xen_domains *d, size_t node);
int xen_pause(const struct xen_domains *d, bool paused,
              struct err *e) MUST_CHECK; /* all that are not dying */
int xen_host_memory(uint64_t *free_mb, uint64_t *total_mb, struct err *e) MUST_CHECK;
int xen_command_line(char *out, size_t size, struct err *e) MUST_CHECK; /* the hypervisor's */
int xen_observe(const struct guest_lab *lab, struct guest_observed *out, struct err *e) MUST_CHECK;
/* The domain of a node that runs; ERR_CONFLICT in words for a user if none does. */
int xen_running(const struct guest_lab *lab, size_t node, uint32_t *domid, struct err *e) MUST_CHECK;

/* ---- xen_config.c: pure ---- */
struct xen_config {
    const struct guest_lab *lab;
    size_t node;
    const char *kernel, *ramdisk, *image_dev, *layer_dev, *hotplug; /* paths */
    uint32_t memory_min_mb;
};
void xen_config(const struct xen_config *c, struct buf *out);
uint32_t xen_node_memory(const struct plan_node *n, uint32_t memory_min_mb); /* MiB that a node gets */

/* ---- xen_payload.c: pure but for random numbers ---- */
/* The archive that the kernel unpacks behind the initramfs: what makes this guest this node. */
int xen_payload(const struct plan_node *n, struct buf *out, struct err *e) MUST_CHECK;

/* ---- xen_xl.c ---- */

/* Sets e to why "xl VERB" failed, from what it said. */
void xen_xl_error(const char *verb, const struct proc_result *r, struct err *e);

/* ---- xen_kernel.c: the files of image_dir ---- */
struct xen_kernel {
    char kernel[PATH_MAX], initrd[PATH_MAX], layer[PATH_MAX];
    uint32_t memory_min_mb;
};
int xen_kernel(const struct guest_host *h, struct xen_kernel *out, struct err *e) MUST_CHECK;

/* ---- xen_disk.c: loop devices ---- */
/* Attaches 'path', or finds the loop device that has it (read-only ones are shared).  The device detaches itself when
 * '*fd' (the caller's) and every guest have let go of it.  'dev' gets its path. */
#define XEN_DEV_SIZE 32
int xen_loop(const char *path, bool read_only, char dev[XEN_DEV_SIZE], int *fd, struct err *e) MUST_CHECK;
/* Makes the node's private disk from the template unless it is there. */
int xen_layer(const struct node_ref *n, const char *template, const char *image, struct err *e) MUST_CHECK;

/* ---- xen_born.c: guests that this process has made ---- */
/* Their disks stay attached by us until a backend has opened them; wait() knows them by this list. */
void xen_born_add(const struct node_ref *n, int image_fd, int layer_fd); /* takes the descriptors */
bool xen_born_has(const struct node_ref *n);
void xen_born_del(const struct node_ref *n);
void xen_born_clear(const char *lab); /* all of a lab */

/* ---- xen_create.c, xen_boot.c, xen_remove.c ---- */
int xen_create(const struct guest_lab *lab, const size_t *nodes, size_t n, guest_report_fn *report, void *arg,
               struct err *e) MUST_CHECK;
/* Writes domain.cfg with its disks attached; 'image_fd' and 'layer_fd' hold them. */
struct xen_disks {
    int image_fd, layer_fd;
};
int xen_prepare(const struct guest_lab *lab, size_t node, const struct xen_kernel *k, struct xen_disks *out,
                struct err *e) MUST_CHECK;
int xen_wait(const struct guest_lab *lab, const size_t *nodes, size_t n, unsigned timeout_ms,
             guest_report_fn *report, void *arg, struct err *e) MUST_CHECK;
/* A domain is destroyed like a machine whose plug is pulled, but work that stays is to be all there: has those that
 * run write it to their disks.  One that does not listen loses what it has not written yet.  Blocks for seconds. */
void xen_sync(const struct guest_lab *lab, const struct xen_domains *d);

/* Destroys domains and waits until they are gone; their files stay. */
int xen_destroy(const struct guest_host *h, const struct xen_domains *d, int lock, struct err *e) MUST_CHECK;
int xen_remove_node(const struct guest_lab *lab, size_t node, int lock, struct err *e) MUST_CHECK;
int xen_remove(const struct guest_lab *lab, const size_t *nodes, size_t n, struct err *e) MUST_CHECK;
int xen_wipe(const struct guest_lab *lab, size_t node, struct err *e) MUST_CHECK;
int xen_leftovers(const struct guest_host *h, void (*each)(const char *lab, void *arg), void *arg,
                  struct err *e) MUST_CHECK;
int xen_purge(const struct guest_host *h, const char *lab, struct err *e) MUST_CHECK;

/* ---- xen_exec.c ---- */
int xen_exec_argv(const struct guest_lab *lab, size_t node, const char *const *cmd, struct argv *out,
                  struct err *e) MUST_CHECK;
int xen_resize_argv(const struct guest_lab *lab, size_t node, unsigned rows, unsigned cols, struct argv *out,
                    struct err *e) MUST_CHECK;
int xen_console(const struct guest_lab *lab, size_t node, int *fd, struct err *e) MUST_CHECK;
int xen_carrier(const struct guest_lab *lab, size_t node, size_t iface, bool on, struct err *e) MUST_CHECK;

/* ---- xen_store.c: xenstore ---- */
struct xs_handle *xen_store_open(struct err *e);
void xen_store_closep(struct xs_handle **xs);
/* At most 'max' bytes; false if there is no such key or it is longer. */
bool xen_store_read(struct xs_handle *xs, const char *path, size_t max, struct buf *out);
int xen_watch(const struct guest_host *h, struct err *e) MUST_CHECK;

/* ---- xen_suspend.c ---- */
bool xen_saved(const struct node_ref *n); /* is there a saved state that counts? */
int xen_suspend(const struct guest_lab *lab, struct err *e) MUST_CHECK;
int xen_restore(const struct guest_lab *lab, guest_report_fn *report, void *arg, struct err *e) MUST_CHECK;
int xen_wake(const struct guest_lab *lab, struct err *e) MUST_CHECK;
void xen_saved_forget(const struct guest_host *h, const char *lab); /* all of a lab's saved states */

#endif
