/* Making domains: disks, ramdisk and configuration of each node, then one xl per node, as many at a time as there
 * are cores (libxl takes no global lock with autoballoon off; more at a time gain nothing). */
#include "labd/host/guest/guest_image.h"
#include "labd/host/guest/guest_result.h"
#include "labd/host/guest/xen_int.h"

#include "labd/base/file.h"
#include "labd/base/mem.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define INITRD_MAX (256u << 20)
#define CPIO_ALIGN 4u

struct making {
    size_t node;
    struct xen_disks disks;
    struct argv argv;
};

struct batch {
    const struct guest_lab *lab;
    struct xen_kernel kernel;
    struct making *m;
    struct proc_spec *specs;
    size_t n;
    int lock;
    guest_report_fn *report;
    void *arg;
};

static int write_file(const char *path, const struct buf *a, const struct buf *b, struct err *e)
{
    FILE *f = fopen(path, "we");

    if (f == NULL)
        return err_sys(e, "create %s", path);
    bool ok = fwrite(buf_str(a), 1, a->len, f) == a->len &&
              (b == NULL || fwrite(buf_str(b), 1, b->len, f) == b->len);
    if (fclose(f) != 0 || !ok)
        return err_sys(e, "write %s", path);
    return 0;
}

/* The shared initramfs and behind it the node's own archive. */
static int write_ramdisk(const struct guest_lab *lab, size_t node, const char *initrd, const char *path,
                         struct err *e)
{
    AUTO(buf_clear) struct buf shared = BUF_INIT, own = BUF_INIT;

    if (file_read(initrd, INITRD_MAX, &shared, e) < 0 || xen_payload(&lab->plan->nodes[node], &own, e) < 0)
        return -1;
    while (shared.len % CPIO_ALIGN != 0)
        buf_add(&shared, "", 1);
    return write_file(path, &shared, &own, e);
}

static void disks_close(struct xen_disks *d)
{
    mem_closep(&d->image_fd);
    mem_closep(&d->layer_fd);
    *d = (struct xen_disks){-1, -1};
}

int xen_prepare(const struct guest_lab *lab, size_t node, const struct xen_kernel *k, struct xen_disks *out,
                struct err *e)
{
    const struct node_ref n = node_ref(lab, node);
    char dir[PATH_MAX], config[PATH_MAX], ramdisk[PATH_MAX], layer[PATH_MAX], squashfs[PATH_MAX];
    char image[NAME_MAX + 1], image_dev[XEN_DEV_SIZE], layer_dev[XEN_DEV_SIZE], hotplug[PATH_MAX];
    AUTO(disks_close) struct xen_disks d = {-1, -1};
    AUTO(buf_clear) struct buf text = BUF_INIT;

    if (path_run(&n, "", dir, e) < 0 || path_run(&n, "/domain.cfg", config, e) < 0 ||
        path_run(&n, "/ramdisk", ramdisk, e) < 0 || path_state(&n, "/layer.ext4", layer, e) < 0 ||
        path_make(hotplug, e, "%s/labhotplug", lab->host->program_dir) < 0 ||
        guest_image_name(lab, node, "root.squashfs", image, e) < 0 ||
        path_make(squashfs, e, "%s/%s/root.squashfs", lab->host->image_dir, image) < 0)
        return -1;
    if (file_mkdirs(dir, 0711, e) < 0 || xen_layer(&n, k->layer, image, e) < 0 ||
        xen_loop(squashfs, true, image_dev, &d.image_fd, e) < 0 ||
        xen_loop(layer, false, layer_dev, &d.layer_fd, e) < 0)
        return -1;
    const struct xen_config c = {.lab = lab,
                                 .node = node,
                                 .kernel = k->kernel,
                                 .ramdisk = ramdisk,
                                 .image_dev = image_dev,
                                 .layer_dev = layer_dev,
                                 .hotplug = hotplug,
                                 .memory_min_mb = k->memory_min_mb};
    xen_config(&c, &text);
    if (write_file(config, &text, NULL, e) < 0)
        return -1;
    out->image_fd = TAKE_FD(d.image_fd);
    out->layer_fd = TAKE_FD(d.layer_fd);
    return 0;
}

static int prepare(struct batch *b, struct making *m, struct err *e)
{
    const struct node_ref n = node_ref(b->lab, m->node);
    char config[PATH_MAX], ramdisk[PATH_MAX], run[PATH_MAX];

    if (!name_ok(n.node))
        return err_set(e, ERR_INVALID, "a node of the plan has no valid name");
    /* What has ended, or what somebody killed in the middle of his work has left. */
    if (xen_remove_node(b->lab, m->node, b->lock, e) < 0 || path_run(&n, "", run, e) < 0 ||
        path_run(&n, "/domain.cfg", config, e) < 0 || path_run(&n, "/ramdisk", ramdisk, e) < 0)
        return -1;
    if (xen_prepare(b->lab, m->node, &b->kernel, &m->disks, e) < 0 ||
        write_ramdisk(b->lab, m->node, b->kernel.initrd, ramdisk, e) < 0)
        return -1;
    for (size_t i = 0; i < 4; i++)
        argv_add(&m->argv, (const char *const[]){"xl", "create", "-e", config}[i]);
    return 0;
}

/* A node that could not be made leaves nothing behind. */
static void failed(const struct batch *b, struct making *m, const struct err *why)
{
    struct err told = *why, more;

    disks_close(&m->disks);
    if (xen_remove_node(b->lab, m->node, b->lock, &more) < 0)
        err_set(&told, why->code, "%.300s (and then: %.180s)", why->msg, more.msg);
    b->report(m->node, &told, NULL, 0, b->arg);
}

static void xl_ended(size_t i, bool ran, struct proc_result *r, const struct err *e, void *arg)
{
    struct batch *b = arg;
    struct making *m = &b->m[i];
    const struct node_ref n = node_ref(b->lab, m->node);
    struct err why = *e;
    char ramdisk[PATH_MAX];

    if (path_run(&n, "/ramdisk", ramdisk, NULL) == 0)
        unlink(ramdisk); /* the guest has its copy */
    if (ran && r->status == 0) {
        xen_born_add(&n, m->disks.image_fd, m->disks.layer_fd);
        m->disks = (struct xen_disks){-1, -1};
        b->report(m->node, NULL, NULL, 0, b->arg);
        return;
    }
    if (ran)
        xen_xl_error("create", r, &why);
    failed(b, m, &why);
}

static int run_batch(struct batch *b, struct err *e)
{
    const struct guest_host *h = b->lab->host;
    size_t ready = 0;

    for (size_t i = 0; i < b->n; i++) {
        struct making m = b->m[i];
        struct err why = {0};
        if (prepare(b, &m, &why) < 0) {
            failed(b, &m, &why);
            argv_clear(&m.argv);
            continue;
        }
        b->m[ready] = m;
        b->specs[ready] = (struct proc_spec){.argv = argv_get(&b->m[ready].argv),
                                             .timeout_ms = XEN_XL_MS,
                                             .output_max = 16384,
                                             .keep_fds = {b->lock},
                                             .nkeep = 1};
        ready++;
    }
    int rc = proc_pool(h->runner, b->specs, ready, h->parallel, xl_ended, b, e);
    for (size_t i = 0; i < ready; i++) {
        disks_close(&b->m[i].disks);
        argv_clear(&b->m[i].argv);
    }
    return rc;
}

int xen_create(const struct guest_lab *lab, const size_t *nodes, size_t n, guest_report_fn *report, void *arg,
               struct err *e)
{
    AUTO(mem_freep) struct making *m = xcalloc(n + 1, sizeof *m);
    AUTO(mem_freep) struct proc_spec *specs = xcalloc(n + 1, sizeof *specs);
    AUTO(xen_domains_clear) struct xen_domains d = {0};
    struct batch b = {.lab = lab, .m = m, .specs = specs, .report = report, .arg = arg};

    if (!lab_id_ok(lab->plan->lab))
        return err_set(e, ERR_INVALID, "the lab has no valid id");
    AUTO(mem_closep) int lock = lab_lock(lab->host, lab->plan->lab, e);
    if (lock < 0)
        return -1;
    b.lock = lock;
    if (xen_kernel(lab->host, &b.kernel, e) < 0 || xen_domains_read(lab->host, lab->plan->lab, &d, e) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        const struct xen_domain *one = xen_domains_find(&d, nodes[i]);
        if (one != NULL && !one->ended)
            report(nodes[i], NULL, NULL, 0, arg);
        else
            m[b.n++] = (struct making){.node = nodes[i], .disks = {-1, -1}};
    }
    return run_batch(&b, e);
}
