/* The domain configuration of a node, xl.cfg(5).  Every value is a checked name, a number or a path of ours, none
 * of which has a quote or a backslash. */
#include "labd/host/guest/xen_int.h"

#include "labd/base/buf.h"

/* credit2 shares processor time by weight.  A lab weighs as much as dom0 (256), however many nodes it has. */
#define LAB_WEIGHT 256u

uint32_t xen_node_memory(const struct plan_node *n, uint32_t memory_min_mb)
{
    return n->memory_mb > memory_min_mb ? n->memory_mb : memory_min_mb;
}

static unsigned weight(const struct plan *p)
{
    unsigned vcpus = 0;

    for (size_t i = 0; i < p->nnodes; i++)
        vcpus += p->nodes[i].vcpus;
    return vcpus >= LAB_WEIGHT ? 1 : LAB_WEIGHT / (vcpus > 0 ? vcpus : 1);
}

static void add_uuid(struct buf *b, const struct guest_lab *lab, size_t node)
{
    uint8_t u[XEN_UUID_SIZE];

    xen_uuid(lab->host->run_dir, lab->plan->lab, node, u);
    buf_puts(b, "uuid = \"");
    for (size_t i = 0; i < sizeof u; i++)
        buf_printf(b, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", u[i]);
    buf_puts(b, "\"\n");
}

static void add_vifs(struct buf *b, const struct plan *p, const struct plan_node *n, const char *hotplug)
{
    buf_puts(b, "vif = [");
    for (size_t i = 0; i < n->nifaces; i++)
        buf_printf(b, "%s\n    \"mac=%s, vifname=%s, script=%s\"", i > 0 ? "," : "", n->ifaces[i].mac,
                   p->ports[n->ifaces[i].port].dev, hotplug);
    buf_puts(b, n->nifaces > 0 ? "\n]\n" : "]\n");
}

void xen_config(const struct xen_config *c, struct buf *b)
{
    const struct plan *p = c->lab->plan;
    const struct plan_node *n = &p->nodes[c->node];

    buf_printf(b, "# Node %s of lab %s.  Written by labhost; changes are lost.\n", n->name, p->lab);
    buf_printf(b, "name = \"%s-%s\"\n", p->lab, n->name);
    add_uuid(b, c->lab, c->node);
    buf_printf(b, "type = \"pv\"\nkernel = \"%s\"\nramdisk = \"%s\"\n", c->kernel, c->ramdisk);
    /* panic: the kernel tells Xen that it crashed at once; nothing in the guest reboots it. */
    buf_puts(b, "extra = \"console=hvc0 quiet loglevel=3 panic=-1\"\n");
    uint32_t memory = xen_node_memory(n, c->memory_min_mb);
    buf_printf(b, "memory = %u\nmaxmem = %u\nvcpus = %u\ncpu_weight = %u\n", memory, memory, n->vcpus,
               weight(p));
    buf_printf(b,
               "disk = [\n    \"vdev=xvda, access=ro, format=raw, script=%s, target=%s\",\n"
               "    \"vdev=xvdb, access=rw, format=raw, script=%s, target=%s\"\n]\n",
               c->hotplug, c->image_dev, c->hotplug, c->layer_dev);
    add_vifs(b, p, n, c->hotplug);
    /* labhost sees how it ended and decides; no process of xl waits for that. */
    buf_puts(b, "on_poweroff = \"preserve\"\non_reboot = \"preserve\"\non_crash = \"preserve\"\n");
}
