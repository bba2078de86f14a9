/* Running links: up and down, and impairments by netem.
 *
 * Where the netem qdisc of a direction goes: on the egress of the host-side device behind which the
 * receiver is.
 *
 *   guest a ==(devA)== bridge ==(devB)== guest b     two guests: a->b on devB, b->a on devA
 *   hub a ==(devA)===(devB)== switch b               a pair:     a->b leaves by devA, b->a by devB
 *   guest a ==(devA)== hub or switch b               one device: b->a on devA; a->b enters by devA
 *
 * The last one has no egress of its own, and netem in the guest would be the student's to remove.  There,
 * frames that enter by devA are redirected to an ifb device with the netem qdisc and come back from it.
 * This needs the kernel datapath: ovs-vswitchd in userspace reads frames before they are redirected. */
#include "labd/host/net/net_impl.h"

#include "labd/base/mem.h"

#include <stdio.h>
#include <string.h>

#define QUEUE 10000 /* packets: 100 ms at 1 Gbit/s */

static bool impaired(const struct plan_impair *i)
{
    return i->delay_us != 0 || i->jitter_us != 0 || i->loss_ppm != 0 || i->duplicate_ppm != 0 ||
           i->corrupt_ppm != 0 || i->reorder_ppm != 0 || i->rate_bps != 0;
}

static void add_share(struct buf *out, const char *word, uint32_t ppm)
{
    if (ppm != 0)
        buf_printf(out, " %s %u.%04u%%", word, ppm / 10000, ppm % 10000);
}

void net_netem_args(struct buf *out, const struct plan_impair *i)
{
    buf_printf(out, "limit %d", QUEUE);
    if (i->delay_us != 0 || i->jitter_us != 0)
        buf_printf(out, " delay %uus", i->delay_us);
    if (i->jitter_us != 0)
        buf_printf(out, " %uus", i->jitter_us);
    add_share(out, "loss", i->loss_ppm);
    add_share(out, "duplicate", i->duplicate_ppm);
    add_share(out, "corrupt", i->corrupt_ppm);
    add_share(out, "reorder", i->reorder_ppm);
    if (i->rate_bps != 0)
        buf_printf(out, " rate %llubit", (unsigned long long)i->rate_bps);
}

/* The device whose egress (or, '*ingress', whose ingress) carries direction 'd' of a link. */
static const struct plan_port *carrier(const struct plan *p, const struct plan_link *l, int d, bool *ingress)
{
    int32_t from = l->port[d], to = l->port[!d];

    *ingress = to < 0;
    if (to < 0)
        return &p->ports[from];
    return &p->ports[from >= 0 && p->ports[from].peer >= 0 ? from : to];
}

int net_link_check(const struct net_host *h, const struct plan *p, size_t link,
                   const struct plan_impair impair[2], struct err *e)
{
    const struct plan_link *l = &p->links[link];

    if (l->port[0] < 0 && l->port[1] < 0)
        return err_set(e, ERR_INVALID, "link %s has no port in the plan", l->name);
    for (int d = 0; d < 2; d++) {
        bool ingress;
        if (!impaired(&impair[d]))
            continue;
        if (!h->netem)
            return err_set(e, ERR_UNSUPPORTED,
                           "link %s asks for an impairment, but this machine's kernel has no netem: load the "
                           "module sch_netem, or remove the impairment",
                           l->name);
        if (impair[d].reorder_ppm != 0 && impair[d].delay_us == 0)
            return err_set(e, ERR_INVALID, "link %s: reorder needs a delay", l->name);
        carrier(p, l, d, &ingress);
        if (ingress && !h->ifb)
            return err_set(
                e, ERR_UNSUPPORTED,
                "link %s asks for an impairment of what a node sends into a hub, network or switch; "
                "this needs the openvswitch and ifb modules of the kernel: load them, or impair the "
                "other direction",
                l->name);
    }
    return 0;
}

/* "plaaaaaa.3" -> "plaaaaaai3" */
static void ifb_name(char out[IFNAME_SIZE], const char *dev)
{
    snprintf(out, IFNAME_SIZE, "%s", dev);
    out[2 + LAB_ID_LEN] = 'i';
}

static void egress_lines(const char *dev, const struct plan_impair *i, const struct net_seen *seen,
                         struct net_link_text *t)
{
    const struct net_dev *now = net_seen_find(seen, dev);

    if (impaired(i)) {
        buf_printf(&t->tc, "qdisc replace dev %s root netem ", dev);
        net_netem_args(&t->tc, i);
        buf_putc(&t->tc, '\n');
    } else if (now != NULL && strcmp(now->qdisc, "netem") == 0) {
        buf_printf(&t->tc, "qdisc del dev %s root\n", dev);
    }
}

static void ingress_lines(const struct plan *p, const char *dev, const struct plan_impair *i,
                          const struct net_seen *seen, struct net_link_text *t)
{
    char ifb[IFNAME_SIZE];

    ifb_name(ifb, dev);
    bool exists = net_seen_find(seen, ifb) != NULL;
    if (impaired(i) && !exists) {
        buf_printf(&t->make, "link add %s group %u mtu %u type ifb\nlink set %s up\n", ifb,
                   net_dev_group(p->lab), NET_MTU, ifb);
        buf_printf(&t->tc, "qdisc replace dev %s clsact\n", dev);
        buf_printf(&t->tc,
                   "filter replace dev %s ingress pref 1 handle 1 protocol all matchall action mirred egress "
                   "redirect dev %s\n",
                   dev, ifb);
    }
    if (impaired(i)) {
        egress_lines(ifb, i, seen, t);
    } else if (exists) {
        buf_printf(&t->tc, "qdisc del dev %s clsact\n", dev);
        buf_printf(&t->state, "link del %s\n", ifb);
    }
}

void net_link_lines(const struct net_host *h, const struct plan *p, size_t link, bool up,
                    const struct plan_impair impair[2], const struct net_seen *seen, struct net_link_text *t)
{
    const struct plan_link *l = &p->links[link];

    for (int d = 0; d < 2; d++) {
        bool ingress;
        const char *dev = carrier(p, l, d, &ingress)->dev;
        if (net_seen_find(seen, dev) == NULL)
            continue; /* its node does not run; net_attach() comes again when it does */
        if (ingress)
            ingress_lines(p, dev, &impair[d], seen, t);
        else
            egress_lines(dev, &impair[d], seen, t);
    }
    for (int d = 0; d < 2; d++) {
        if (l->port[d] < 0)
            continue;
        const struct plan_port *q = &p->ports[l->port[d]];
        const struct net_dev *now = net_seen_find(seen, q->dev);
        if (now != NULL && now->up != up)
            buf_printf(&t->state, "link set %s alias paralab-%s %s\n", q->dev, h->owner, up ? "up" : "down");
    }
}

void net_link_text_clear(struct net_link_text *t)
{
    buf_clear(&t->make);
    buf_clear(&t->tc);
    buf_clear(&t->state);
}

int net_link_run(const struct net_host *h, const struct net_link_text *t, struct err *e)
{
    const char *argv[] = {"tc", "-batch", "-", NULL};
    const struct proc_spec s = {.argv = argv, .input = t->tc.data, .input_len = t->tc.len};

    if (net_ip_batch(h, &t->make, false, e) < 0)
        return -1;
    if (t->tc.len > 0 && proc_check(h->runner, &s, NULL, e) < 0)
        return -1;
    return net_ip_batch(h, &t->state, false, e);
}

int net_link_set(const struct net_host *h, const struct plan *p, size_t link, bool up,
                 const struct plan_impair impair[2], struct err *e)
{
    AUTO(net_link_text_clear) struct net_link_text t = {BUF_INIT, BUF_INIT, BUF_INIT};
    AUTO(net_seen_clear) struct net_seen seen = {0};
    char prefix[IFNAME_SIZE];

    if (link >= p->nlinks)
        return err_set(e, ERR_NOT_FOUND, "the plan has no link number %zu", link);
    if (net_link_check(h, p, link, impair, e) < 0)
        return -1;
    snprintf(prefix, sizeof prefix, "pl%s", p->lab);
    if (net_seen_read(prefix, &seen, e) < 0)
        return -1;
    net_link_lines(h, p, link, up, impair, &seen, &t);
    if (net_link_run(h, &t, e) < 0)
        return err_wrap(e, "set link %s", p->links[link].name);
    return 0;
}
