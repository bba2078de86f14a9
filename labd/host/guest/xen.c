/* The driver that runs nodes as paravirtual Xen domains by xl: each with a kernel of its own.  xen_int.h has the map
 * of the driver's files. */
#include "labd/host/guest/xen_int.h"

#include "labd/base/file.h"
#include "labd/base/mem.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define XL_CONF "/etc/xen/xl.conf"
#define COMMAND_LINE_SIZE 1024u
#define CLOUD_MEMORY_MB 96u /* a kernel that needs so much is not ours */
#define OVERHEAD_MB 1u      /* of a domain beside its own memory, in Xen's heap; and as much per vcpu */

/* The value of KEY="value" or KEY=value in the text of xl.conf(5), "" if it is not set. */
static void conf_value(const char *text, const char *key, char *out, size_t size)
{
    size_t n = strlen(key);

    out[0] = '\0';
    for (const char *line = text; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
        line += strspn(line, " \t\n");
        if (strncmp(line, key, n) != 0)
            continue;
        const char *p = line + n + strspn(line + n, " \t");
        if (*p != '=')
            continue;
        p += 1 + strspn(p + 1, " \t\"'");
        snprintf(out, size, "%.*s", (int)strcspn(p, " \t\"'\n#"), p);
    }
}

/* With it on, xl shrinks dom0 for each guest and holds its global lock for the whole of a create. */
static int check_autoballoon(struct err *e)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    char value[16], line[COMMAND_LINE_SIZE];
    struct err ignored;

    if (file_read(XL_CONF, 1u << 16, &text, &ignored) < 0)
        buf_clear(&text);
    conf_value(buf_str(&text), "autoballoon", value, sizeof value);
    if (strcmp(value, "off") == 0 || strcmp(value, "0") == 0)
        return 0;
    if (xen_command_line(line, sizeof line, e) < 0)
        return -1;
    /* "auto", the default, is off when dom0's memory is fixed at boot. */
    if ((value[0] == '\0' || strcmp(value, "auto") == 0) && strstr(line, "dom0_mem=") != NULL)
        return 0;
    return err_set(e, ERR_UNSUPPORTED,
                   "xl would take memory from dom0 for each guest: set autoballoon=\"off\" in " XL_CONF
                   " and fix dom0's memory with dom0_mem=1024M,max:1024M on Xen's command line");
}

static int check_programs(const struct guest_host *h, struct err *e)
{
    static const char *const ours[] = {"labhotplug", "labvchan"};
    char path[PATH_MAX];

    if (!file_exists("/usr/sbin/xl") && !file_exists("/usr/bin/xl"))
        return err_set(e, ERR_UNSUPPORTED, "xl is not installed: apt-get install xen-utils-4.17");
    for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
        if (path_make(path, e, "%s/%s", h->program_dir, ours[i]) < 0)
            return -1;
        if (!file_exists(path))
            return err_set(e, ERR_UNSUPPORTED, "%s is missing: install Paralab completely", path);
    }
    return 0;
}

static int xen_probe(const struct guest_host *h, struct buf *notes, struct err *e)
{
    struct xen_kernel k;
    char path[PATH_MAX];
    uint64_t free_mb, total_mb;

    if (!xen_is_dom0())
        return err_set(e, ERR_UNSUPPORTED, "this machine does not run Xen");
    if (geteuid() != 0)
        return err_set(e, ERR_UNSUPPORTED, "driver xen needs root");
    if (check_programs(h, e) < 0 || check_autoballoon(e) < 0 || xen_host_memory(&free_mb, &total_mb, e) < 0 ||
        path_make(path, e, "%s/base/root.squashfs", h->image_dir) < 0)
        return -1;
    if (!file_exists(path))
        return err_set(e, ERR_NOT_FOUND, "there is no guest image at %s; build it with 'make image'", path);
    if (xen_kernel(h, &k, e) < 0)
        return -1;
    AUTO(xen_store_closep) struct xs_handle *xs = xen_store_open(e);
    if (xs == NULL)
        return -1;
    if (k.memory_min_mb >= CLOUD_MEMORY_MB)
        buf_printf(notes,
                   "the guest kernel is a distribution's: guests need %u MiB and see no carrier go;"
                   " 'make -C images kernel' builds a smaller one\n",
                   k.memory_min_mb);
    return 0;
}

static int xen_memory(const struct guest_host *h, const struct plan *plan, const bool *nodes,
                      struct guest_memory *out, struct err *e)
{
    struct guest_memory m = {0};
    struct xen_kernel k;

    if (xen_host_memory(&m.free_mb, &m.total_mb, e) < 0 || (plan != NULL && xen_kernel(h, &k, e) < 0))
        return -1;
    for (size_t i = 0; plan != NULL && i < plan->nnodes; i++)
        if (nodes == NULL || nodes[i])
            m.need_mb +=
                xen_node_memory(&plan->nodes[i], k.memory_min_mb) + OVERHEAD_MB + plan->nodes[i].vcpus;
    *out = m;
    return 0;
}

const struct guest_ops guest_xen = {
    .name = "xen",
    .wired = true,
    .brings_devices = true,
    .probe = xen_probe,
    .memory = xen_memory,
    .create = xen_create,
    .wait = xen_wait,
    .remove = xen_remove,
    .wipe = xen_wipe,
    .observe = xen_observe,
    .leftovers = xen_leftovers,
    .purge = xen_purge,
    .exec_argv = xen_exec_argv,
    .console = xen_console,
    .resize_argv = xen_resize_argv,
    .watch = xen_watch,
    .carrier = xen_carrier,
    .suspend = xen_suspend,
    .restore = xen_restore,
    .wake = xen_wake,
};
