/* Wiring a lab, taking it down, and looking at what is there. */
#include "labd/host/net/net_impl.h"

#include "labd/base/mem.h"

#include <stdio.h>
#include <string.h>

struct attach {
    const struct net_host *h;
    const struct plan *p;
    const pid_t *pids;
    struct net_seen seen; /* before anything is changed */
    bool *make;           /* by port: its device is missing */
};

static void attach_clear(struct attach *a)
{
    net_seen_clear(&a->seen);
    free(a->make);
}

static int see(const char *lab, struct net_seen *out, struct err *e)
{
    char prefix[IFNAME_SIZE];

    snprintf(prefix, sizeof prefix, "pl%s", lab);
    return net_seen_read(prefix, out, e);
}

int net_plan_check(const struct net_host *h, const struct plan *p, struct err *e)
{
    for (size_t i = 0; i < p->nlinks; i++)
        if (net_link_check(h, p, i, p->links[i].impair, e) < 0)
            return -1;
    return net_internet_check(h, p, e);
}

/* ---- devices ---- */

/* A device may still exist that belonged to a guest which was removed a moment ago: its namespace is
 * taken down in the background.  So the other end must be in the namespace of this pid. */
static int find_missing(struct attach *a, struct buf *stale, struct err *e)
{
    for (size_t i = 0; i < a->p->nports; i++) {
        const struct plan_port *q = &a->p->ports[i];
        const struct net_dev *d = net_seen_find(&a->seen, q->dev);
        if (q->peer >= 0) {
            a->make[i] = d == NULL && (size_t)q->peer > i;
            continue;
        }
        pid_t pid = q->node >= 0 ? a->pids[q->node] : 0;
        int nsid;
        if (pid == 0)
            continue;
        if (net_pid_check(pid, e) < 0)
            return err_wrap(e, "node %s", a->p->nodes[q->node].name);
        if (d == NULL) {
            a->make[i] = true;
            continue;
        }
        if (net_seen_nsid(pid, &nsid, e) < 0)
            return err_wrap(e, "node %s", a->p->nodes[q->node].name);
        if (nsid >= 0 && nsid == d->nsid)
            continue;
        a->make[i] = true;
        buf_printf(stale, "link del %s\n", q->dev);
    }
    return 0;
}

/* ovs-vswitchd in userspace keeps a socket of the device that it knew under this name: it must let go
 * before the new one is made. */
static int drop_ports(const struct attach *a, struct err *e)
{
    AUTO(argv_clear) struct argv v = {0};
    struct net_ovs_found found;
    size_t n = 0;

    if (net_ovs_find(a->h, "paralab-lab", a->p->lab, &found, e) < 0)
        return -1;
    net_ovs_begin(&v, a->h, "ovs-vsctl");
    for (size_t i = 0; i < a->p->nports; i++) {
        if (!a->make[i] || json_object_get(found.ports, net_ovs_port_name(a->p, &a->p->ports[i])) == NULL)
            continue;
        argv_add(&v, "--");
        argv_add(&v, "--if-exists");
        argv_add(&v, "del-port");
        argv_add(&v, net_ovs_port_name(a->p, &a->p->ports[i]));
        n++;
    }
    net_ovs_found_clear(&found);
    return n > 0 ? net_ovs_run(a->h, &v, NULL, e) : 0;
}

static int quiet_all(const struct attach *a, struct err *e)
{
    AUTO(mem_freep) struct net_far_end *far = xcalloc(a->p->nports + 1, sizeof *far);
    size_t n = 0;

    for (size_t i = 0; i < a->p->nports; i++) {
        const struct plan_port *q = &a->p->ports[i];
        if (!a->make[i])
            continue;
        if (net_dev_quiet(a->h, q->dev, e) < 0)
            return -1;
        if (q->peer >= 0 && net_dev_quiet(a->h, a->p->ports[q->peer].dev, e) < 0)
            return -1;
        if (q->node >= 0 && a->h->datapath == NET_NETDEV)
            far[n++] = (struct net_far_end){.pid = a->pids[q->node],
                                            .dev = a->p->nodes[q->node].ifaces[q->iface].name};
    }
    return net_far_quiet(a->h, far, n, e);
}

static int make_devices(struct attach *a, struct err *e)
{
    AUTO(buf_clear) struct buf stale = BUF_INIT, add = BUF_INIT;

    if (find_missing(a, &stale, e) < 0)
        return -1;
    for (size_t i = 0; i < a->p->nports; i++)
        if (a->make[i])
            net_dev_add_line(&add, a->p, i, a->p->ports[i].node >= 0 ? a->pids[a->p->ports[i].node] : 0);
    if (add.len == 0)
        return 0;
    if (drop_ports(a, e) < 0 || net_ip_batch(a->h, &stale, true, e) < 0)
        return -1;
    if (net_ip_batch(a->h, &add, false, e) < 0)
        return err_wrap(e, "make the interfaces of lab %s", a->p->lab);
    return quiet_all(a, e);
}

/* ---- state ---- */

/* Last of all, so that nobody sees a carrier on a wire that does not work yet. */
int net_settle(const struct net_host *h, const struct plan *p, struct err *e)
{
    AUTO(net_link_text_clear) struct net_link_text t = {BUF_INIT, BUF_INIT, BUF_INIT};
    AUTO(net_seen_clear) struct net_seen now = {0};
    AUTO(buf_clear) struct buf mtu = BUF_INIT;

    if (see(p->lab, &now, e) < 0)
        return -1;
    for (size_t i = 0; i < p->nlinks; i++)
        net_link_lines(h, p, i, p->links[i].up, p->links[i].impair, &now, &t);
    for (size_t i = 0; i < p->nports; i++) {
        const struct plan_port *q = &p->ports[i];
        const struct net_dev *d = net_seen_find(&now, q->dev);
        if (q->link < 0 && d != NULL && !d->up)
            buf_printf(&t.state, "link set %s alias paralab-%s up\n", q->dev, h->owner);
        /* netback takes more than 1500 only when its guest has connected: until then this fails. */
        if (d != NULL && d->mtu < NET_MTU)
            buf_printf(&mtu, "link set %s mtu %u\n", q->dev, NET_MTU);
    }
    if (net_ip_batch(h, &mtu, true, e) < 0)
        return -1;
    return net_link_run(h, &t, e) < 0 ? err_wrap(e, "links of lab %s", p->lab) : 0;
}

int net_attach(const struct net_host *h, const struct plan *p, const pid_t *pids, struct err *e)
{
    AUTO(attach_clear) struct attach a = {.h = h, .p = p, .pids = pids};

    if (net_host_check(h, e) < 0 || net_plan_check(h, p, e) < 0 || see(p->lab, &a.seen, e) < 0)
        return -1;
    a.make = xcalloc(p->nports + 1, sizeof *a.make);
    if (p->nbridges == 0) /* nodes without a cable: nothing to wire */
        return 0;
    if (make_devices(&a, e) < 0)
        return -1;
    if (net_ovs_apply(h, p, e) < 0)
        return err_wrap(e, "bridges and ports of lab %s", p->lab);
    if (net_flow_apply(h, p, NULL, 0, e) < 0)
        return -1;
    return net_settle(h, p, e);
}

/* ---- taking down ---- */

/* Does not wait for ovs-vswitchd: in userspace it closes one packet socket per port, and each close waits
 * for the kernel (synchronize_net, about 12 ms).  So this also works when ovs-vswitchd is dead. */
static int remove_bridges(const struct net_host *h, const char *lab, json_t **gone, struct err *e)
{
    AUTO(argv_clear) struct argv v = {0};
    struct net_ovs_found found;
    const char *name;
    json_t *ids;
    int rc = 0;

    if (net_ovs_find(h, "paralab-lab", lab, &found, e) < 0)
        return -1;
    net_ovs_begin(&v, h, "ovs-vsctl");
    argv_add(&v, "--no-wait");
    json_object_foreach(found.bridges, name, ids) {
        argv_add(&v, "--");
        argv_add(&v, "--if-exists");
        argv_add(&v, "del-br");
        argv_add(&v, name);
    }
    if (json_object_size(found.bridges) > 0)
        rc = net_ovs_run(h, &v, NULL, e);
    *gone = json_incref(found.bridges);
    net_ovs_found_clear(&found);
    return rc;
}

/* What ovs-vswitchd does not remove itself: our veth ends, and the devices of bridges that an earlier,
 * killed ovs-vswitchd left. */
static int remove_devices(const struct net_host *h, const char *lab, const json_t *gone, struct err *e)
{
    AUTO(net_seen_clear) struct net_seen seen = {0};
    AUTO(buf_clear) struct buf batch = BUF_INIT;
    bool group = false;

    if (see(lab, &seen, e) < 0)
        return -1;
    for (size_t i = 0; i < seen.n; i++) {
        char role = seen.v[i].name[2 + LAB_ID_LEN];
        if (role == '.' || role == 'r' || role == 'i')
            group = true;
        else if (json_object_get(gone, seen.v[i].name) == NULL)
            buf_printf(&batch, "link del %s\n", seen.v[i].name);
    }
    if (group)
        buf_printf(&batch, "link del group %u\n", net_dev_group(lab));
    return net_ip_batch(h, &batch, true, e);
}

int net_detach(const struct net_host *h, const char *lab, struct err *e)
{
    json_t *gone = NULL;
    struct err why;

    if (!lab_id_ok(lab))
        return err_set(e, ERR_INVALID, "a lab id must match [a-z][a-z0-9]{5}");
    int rc = remove_bridges(h, lab, &gone, e);
    int devices = remove_devices(h, lab, gone, rc < 0 ? &why : e);
    json_decref(gone);
    int internet = net_internet_close(h, lab, rc < 0 || devices < 0 ? &why : e);
    if (rc < 0 || devices < 0 || internet < 0)
        return err_wrap(e, "remove the wiring of lab %s", lab);
    return 0;
}

/* ---- looking ---- */

int net_observe(const struct net_host *h, const struct plan *p, struct net_observed *out, struct err *e)
{
    AUTO(net_seen_clear) struct net_seen seen = {0};
    struct net_ovs_found found;
    struct net_observed o = {0};

    if (see(p->lab, &seen, e) < 0 || net_ovs_find(h, "paralab-lab", p->lab, &found, e) < 0)
        return -1;
    o.bridges = json_object_size(found.bridges);
    o.ports = json_object_size(found.ports);
    for (size_t i = 0; i < seen.n; i++)
        o.devices += strchr(".r", seen.v[i].name[2 + LAB_ID_LEN]) != NULL;
    for (size_t i = 0; i < p->nbridges; i++)
        o.missing += json_object_get(found.bridges, p->bridges[i].dev) == NULL;
    for (size_t i = 0; i < p->nports; i++) {
        o.missing += json_object_get(found.ports, net_ovs_port_name(p, &p->ports[i])) == NULL;
        o.missing += net_seen_find(&seen, p->ports[i].dev) == NULL;
    }
    net_ovs_found_clear(&found);
    *out = o;
    return 0;
}

/* On a shared instance a device says by its alias whose it is; in a namespace of ours all are. */
static void note_devices(const struct net_host *h, const struct net_seen *seen, json_t *labs)
{
    char mine[32], lab[LAB_ID_SIZE];

    snprintf(mine, sizeof mine, "paralab-%s", h->owner);
    for (size_t i = 0; i < seen->n; i++)
        if ((h->private_ovs || strcmp(seen->v[i].alias, mine) == 0) && net_dev_lab(seen->v[i].name, lab))
            json_object_set_new(labs, lab, json_true());
}

static void note_lab(const char *lab, void *labs)
{
    json_object_set_new(labs, lab, json_true());
}

int net_leftovers(const struct net_host *h, void (*each)(const char *lab, void *arg), void *arg,
                  struct err *e)
{
    AUTO(net_seen_clear) struct net_seen seen = {0};
    struct net_ovs_found found;
    const char *name;
    json_t *ids;

    if (net_seen_read("pl", &seen, e) < 0 || net_ovs_find(h, "paralab-owner", h->owner, &found, e) < 0)
        return -1;
    json_t *labs = json_object();
    json_object_foreach(found.bridges, name, ids) {
        const char *lab = json_string_value(json_object_get(ids, "paralab-lab"));
        if (lab != NULL && lab_id_ok(lab))
            json_object_set_new(labs, lab, json_true());
    }
    note_devices(h, &seen, labs);
    net_internet_each(h, note_lab, labs);
    net_ovs_found_clear(&found);
    for (void *i = json_object_iter(labs); i != NULL; i = json_object_iter_next(labs, i))
        each(json_object_iter_key(i), arg);
    json_decref(labs);
    return 0;
}
