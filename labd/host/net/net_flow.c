/* The flows of the wires bridge: one OpenFlow bundle, all or nothing, that replaces whatever was there.
 *
 * A link is two flows, in_port=a output:b and back.  A hub is one group of type "all" with a bucket per
 * port, and one flow per port into it: Open vSwitch never sends a packet out of the port it came in by, so
 * that one group serves all ports and n ports cost 2n entries instead of n * (n - 1) actions.  Everything
 * else is dropped by the table miss.  Explicit outputs pass BPDUs, LLDP, tags and jumbo frames as a cable
 * does. */
#include "labd/host/net/net_impl.h"

#include "labd/base/mem.h"

#include <stdio.h>
#include <string.h>

/* A group description must fit into one OpenFlow message of 64 KiB; a bucket takes 32 bytes. */
#define HUB_PORTS_MAX 1900

struct ends {
    uint32_t port[2]; /* of a link */
    size_t n;         /* planned ports of any segment */
};

static void add_hub(const struct plan *p, uint32_t segment, const struct net_flow_ref *refs, size_t nrefs,
                    struct buf *out)
{
    buf_printf(out, "group add_or_mod group_id=%u,type=all", segment + 1);
    for (size_t i = 0; i < p->nports; i++)
        if (p->ports[i].segment == segment)
            buf_printf(out, ",bucket=bucket_id:%u,actions=output:%u", p->ports[i].ofport, p->ports[i].ofport);
    for (size_t i = 0; i < nrefs; i++)
        if (refs[i].segment == segment)
            buf_printf(out, ",bucket=bucket_id:%u,actions=output:%u", refs[i].ofport, refs[i].ofport);
    buf_putc(out, '\n');
    for (size_t i = 0; i < nrefs; i++)
        if (refs[i].segment == segment)
            buf_printf(out, "flow add in_port=%u,actions=group:%u\n", refs[i].ofport, segment + 1);
}

static bool wanted(const struct plan *p, size_t segment)
{
    const struct plan_segment *s = &p->segments[segment];

    /* A hub without a name is an interface that is connected to nothing. */
    return p->bridges[s->bridge].kind == PLAN_WIRES && (s->kind == PLAN_LINK || s->element[0] != '\0');
}

int net_flow_bundle(const struct plan *p, const struct net_flow_ref *refs, size_t nrefs, struct buf *out,
                    struct err *e)
{
    AUTO(mem_freep) struct ends *ends = xcalloc(p->nsegments + 1, sizeof *ends);

    for (size_t i = 0; i < p->nports; i++) {
        struct ends *x = &ends[p->ports[i].segment];
        if (x->n < 2)
            x->port[x->n] = p->ports[i].ofport;
        x->n++;
    }
    buf_puts(out, "flow delete\n");
    for (size_t i = 0; i < p->nsegments; i++) {
        if (!wanted(p, i))
            continue;
        if (p->segments[i].kind == PLAN_LINK) {
            if (ends[i].n != 2)
                return err_set(e, ERR_INVALID, "link %s has %zu ports in the plan instead of two",
                               p->segments[i].element, ends[i].n);
            buf_printf(out, "flow add in_port=%u,actions=output:%u\n", ends[i].port[0], ends[i].port[1]);
            buf_printf(out, "flow add in_port=%u,actions=output:%u\n", ends[i].port[1], ends[i].port[0]);
            continue;
        }
        if (ends[i].n + nrefs > HUB_PORTS_MAX)
            return err_set(e, ERR_CAPACITY, "%s has %zu ports; the most that a hub or network can have is %d",
                           p->segments[i].element, ends[i].n, HUB_PORTS_MAX);
        add_hub(p, (uint32_t)i, refs, nrefs, out);
    }
    for (size_t i = 0; i < p->nports; i++) {
        const struct plan_port *q = &p->ports[i];
        if (wanted(p, q->segment) && p->segments[q->segment].kind == PLAN_HUB)
            buf_printf(out, "flow add in_port=%u,actions=group:%u\n", q->ofport, q->segment + 1);
    }
    return 0;
}

int net_flow_apply(const struct net_host *h, const struct plan *p, const struct net_flow_ref *refs,
                   size_t nrefs, struct err *e)
{
    AUTO(argv_clear) struct argv a = {0};
    AUTO(buf_clear) struct buf text = BUF_INIT;
    size_t b = 0;

    while (b < p->nbridges && p->bridges[b].kind != PLAN_WIRES)
        b++;
    if (b == p->nbridges)
        return 0;
    if (net_flow_bundle(p, refs, nrefs, &text, e) < 0)
        return -1;
    argv_add(&a, "ovs-ofctl");
    argv_add(&a, "--timeout=30");
    argv_add(&a, "-OOpenFlow15"); /* bucket ids */
    argv_add(&a, "bundle");
    argv_addf(&a, "unix:%s/%s.mgmt", h->run, p->bridges[b].dev);
    argv_add(&a, "-");
    const struct proc_spec s = {
        .argv = argv_get(&a), .input = buf_str(&text), .input_len = text.len, .timeout_ms = 35000};
    if (proc_check(h->runner, &s, NULL, e) < 0)
        return err_wrap(e, "flows of lab %s", p->lab);
    return 0;
}
