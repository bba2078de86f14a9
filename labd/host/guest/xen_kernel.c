/* The kernel folder of the image folder: kernel, initramfs, template of private disks, least memory. */
#include "labd/host/guest/xen_int.h"

#include "labd/base/file.h"
#include "labd/base/mem.h"

#include <stdio.h>
#include <string.h>

#define MEMORY_MAX 4096ul

int xen_kernel(const struct guest_host *h, struct xen_kernel *out, struct err *e)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct xen_kernel k = {.memory_min_mb = 0};
    char path[PATH_MAX];

    if (path_make(k.kernel, e, "%s/kernel/vmlinuz", h->image_dir) < 0 ||
        path_make(k.initrd, e, "%s/kernel/initrd", h->image_dir) < 0 ||
        path_make(k.layer, e, "%s/kernel/layer.ext4", h->image_dir) < 0 ||
        path_make(path, e, "%s/kernel/memory_min", h->image_dir) < 0)
        return -1;
    if (!file_exists(k.kernel) || !file_exists(k.initrd) || !file_exists(k.layer))
        return err_set(e, ERR_NOT_FOUND,
                       "there is no guest kernel in %s/kernel; build it with 'make -C images kernel'",
                       h->image_dir);
    if (file_read(path, 64, &text, e) < 0)
        return -1;
    unsigned long mb = strtoul(buf_str(&text), NULL, 10);
    if (mb == 0 || mb > MEMORY_MAX)
        return err_set(e, ERR_INVALID, "%s holds no number of MiB", path);
    k.memory_min_mb = (uint32_t)mb;
    *out = k;
    return 0;
}
