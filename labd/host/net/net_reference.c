/* Reference hosts of the grader: extra ports beside the plan, for as long as a probe takes.
 *
 * All that is known of them is in the database (external_ids of the port), so that a crashed probe leaves
 * nothing that net_reference_clear() would not find. */
#include "labd/host/net/net_impl.h"

#include "labd/base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct refs {
    struct net_flow_ref v[NET_REFERENCES_MAX];
    char dev[NET_REFERENCES_MAX][IFNAME_SIZE];
    char mac[NET_REFERENCES_MAX][18];
    size_t n;
};

static void ref_dev(char out[IFNAME_SIZE], const char *lab, uint32_t index)
{
    snprintf(out, IFNAME_SIZE, "pl%.6sr%u", lab, index % 1000);
}

/* The kernel would pick at random; one that can be computed again leaves nothing to chance in a report. */
static void ref_mac(char out[18], const struct plan *p, const struct net_reference *r)
{
    uint32_t g = net_dev_group(p->lab);

    if (r->mac != NULL)
        snprintf(out, 18, "%s", r->mac);
    else
        snprintf(out, 18, "0a:%02x:%02x:%02x:%02x:%02x", (unsigned)(g >> 24), (unsigned)(g >> 16 & 0xff),
                 (unsigned)(g >> 8 & 0xff), (unsigned)(g & 0xff), (unsigned)(r->index & 0xff));
}

static bool mac_ok(const char *s)
{
    if (strlen(s) != 17)
        return false;
    for (size_t i = 0; i < 17; i++)
        if (i % 3 == 2 ? s[i] != ':' : strchr("0123456789abcdefABCDEF", s[i]) == NULL)
            return false;
    return true;
}

static int find_refs(const struct net_host *h, const struct plan *p, struct refs *out, struct err *e)
{
    struct net_ovs_found found;
    const char *name;
    json_t *ids;

    *out = (struct refs){.n = 0};
    if (net_ovs_find(h, "paralab-lab", p->lab, &found, e) < 0)
        return -1;
    json_object_foreach(found.ports, name, ids) {
        const char *segment = json_string_value(json_object_get(ids, "paralab-reference"));
        const char *mac = json_string_value(json_object_get(ids, "paralab-mac"));
        size_t skip = 3 + LAB_ID_LEN; /* "pl" LAB "r" */
        if (segment == NULL || strlen(name) <= skip || out->n == NET_REFERENCES_MAX)
            continue;
        out->v[out->n].segment = (uint32_t)strtoul(segment, NULL, 10);
        out->v[out->n].ofport = PLAN_OFPORT_REFERENCE + (uint32_t)strtoul(name + skip, NULL, 10);
        snprintf(out->dev[out->n], IFNAME_SIZE, "%s", name);
        snprintf(out->mac[out->n++], 18, "%s", mac != NULL && mac_ok(mac) ? mac : "");
    }
    net_ovs_found_clear(&found);
    return 0;
}

static int check(const struct plan *p, const struct net_reference *r, struct err *e)
{
    if (r->index >= NET_REFERENCES_MAX)
        return err_set(e, ERR_INVALID, "reference host %u: the most in a lab is %d", r->index,
                       NET_REFERENCES_MAX);
    if (r->segment >= p->nsegments)
        return err_set(e, ERR_INVALID, "reference host %u: the plan has no segment %zu", r->index,
                       r->segment);
    const struct plan_segment *s = &p->segments[r->segment];
    if (s->kind == PLAN_LINK || s->element[0] == '\0')
        return err_set(
            e, ERR_UNSUPPORTED,
            "a reference host cannot be attached to %s: a link has two ends; put a network or hub there",
            s->element[0] != '\0' ? s->element : "an interface without a cable");
    if (r->vlan > 4094 || (r->vlan != 0 && s->kind != PLAN_LEARN))
        return err_set(e, ERR_INVALID, "reference host %u: VLAN %u at %s", r->index, r->vlan, s->element);
    if (r->mac != NULL && !mac_ok(r->mac))
        return err_set(e, ERR_INVALID, "reference host %u: its MAC address is malformed", r->index);
    if (r->pid <= 0)
        return err_set(e, ERR_INVALID, "reference host %u: no process in its network namespace", r->index);
    return net_pid_check(r->pid, e);
}

/* What 'r' has that comes to be 'refs'; ERR_CONFLICT if it is there. */
static int add_to(struct refs *refs, const struct plan *p, const struct net_reference *r, struct err *e)
{
    char dev[IFNAME_SIZE];

    ref_dev(dev, p->lab, r->index);
    for (size_t i = 0; i < refs->n; i++)
        if (strcmp(refs->dev[i], dev) == 0)
            return err_set(e, ERR_CONFLICT, "reference host %u of lab %s is attached already", r->index,
                           p->lab);
    if (refs->n == NET_REFERENCES_MAX)
        return err_set(e, ERR_CAPACITY, "lab %s has %d reference hosts already", p->lab, NET_REFERENCES_MAX);
    memcpy(refs->dev[refs->n], dev, sizeof dev);
    ref_mac(refs->mac[refs->n], p, r);
    refs->v[refs->n++] =
        (struct net_flow_ref){.segment = (uint32_t)r->segment, .ofport = PLAN_OFPORT_REFERENCE + r->index};
    return 0;
}

/* 'dev' and 'mac' are of 'r', 'n' each. */
static int add_devices(const struct net_host *h, const struct plan *p, const struct net_reference *r,
                       size_t n, char (*dev)[IFNAME_SIZE], char (*mac)[18], struct err *e)
{
    AUTO(buf_clear) struct buf batch = BUF_INIT;
    struct net_far_end far[NET_REFERENCES_MAX];

    for (size_t i = 0; i < n; i++) {
        far[i] = (struct net_far_end){.pid = r[i].pid, .dev = "eth0", .no_ipv6 = !r[i].ipv6};
        buf_printf(&batch,
                   "link add %s group %u mtu %u type veth peer name eth0 address %s mtu 1500 netns %d\n",
                   dev[i], net_dev_group(p->lab), NET_MTU, mac[i], (int)r[i].pid);
    }
    if (net_ip_batch(h, &batch, false, e) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (net_dev_quiet(h, dev[i], e) < 0)
            return -1;
    return net_far_quiet(h, far, n, e);
}

static void add_port(struct argv *a, const struct plan *p, const struct net_reference *r, const char *dev,
                     const char *mac)
{
    const struct plan_segment *s = &p->segments[r->segment];

    argv_add(a, "--");
    argv_add(a, "add-port");
    argv_add(a, p->bridges[s->bridge].dev);
    argv_add(a, dev);
    if (s->kind == PLAN_LEARN) {
        argv_add(a, "vlan_mode=access");
        argv_addf(a, "tag=%u", r->vlan);
        /* No BPDU of the switch reaches the probe, none of the probe's the switch, and it forwards at once. */
        argv_add(a, "other_config:rstp-enable=false");
    }
    argv_addf(a, "external_ids:paralab-lab=%s", p->lab);
    argv_addf(a, "external_ids:paralab-reference=%zu", r->segment);
    argv_addf(a, "external_ids:paralab-mac=\"%s\"", mac);
    argv_add(a, "--");
    argv_add(a, "set");
    argv_add(a, "Interface");
    argv_add(a, dev);
    argv_addf(a, "ofport_request=%u", PLAN_OFPORT_REFERENCE + r->index);
}

int net_references_add(const struct net_host *h, const struct plan *p, const struct net_reference *r,
                       size_t n, struct err *e)
{
    AUTO(argv_clear) struct argv a = {0};
    AUTO(buf_clear) struct buf up = BUF_INIT;
    struct refs refs;
    bool hub = false;

    if (n == 0)
        return 0;
    if (net_host_check(h, e) < 0 || find_refs(h, p, &refs, e) < 0)
        return -1;
    size_t old = refs.n;
    net_ovs_begin(&a, h, "ovs-vsctl");
    for (size_t i = 0; i < n; i++) {
        if (check(p, &r[i], e) < 0 || add_to(&refs, p, &r[i], e) < 0)
            return -1;
        add_port(&a, p, &r[i], refs.dev[old + i], refs.mac[old + i]);
        buf_printf(&up, "link set %s alias paralab-%s up\n", refs.dev[old + i], h->owner);
        hub = hub || p->segments[r[i].segment].kind == PLAN_HUB;
    }
    if (add_devices(h, p, r, n, &refs.dev[old], &refs.mac[old], e) < 0 || net_ovs_run(h, &a, NULL, e) < 0 ||
        (hub && net_flow_apply(h, p, refs.v, refs.n, e) < 0) || net_ip_batch(h, &up, false, e) < 0)
        return err_wrap(e, "attach reference hosts");
    return 0;
}

/* ---- removal ---- */

static int appctl(const struct net_host *h, struct buf *out, struct err *e, const char *command,
                  const char *bridge, const char *port, const char *vlan, const char *mac)
{
    AUTO(argv_clear) struct argv a = {0};
    const char *rest[] = {command, bridge, port, vlan, mac};

    net_ovs_begin(&a, h, "ovs-appctl");
    for (size_t i = 0; i < ARRAY_LEN(rest); i++)
        if (rest[i] != NULL)
            argv_add(&a, rest[i]);
    return net_ovs_run(h, &a, out, e);
}

/* Deletes what switch 'bridge' learned of the references; the switch that had the port forgot them with it,
 * but others of the lab may have seen their frames pass.  A learned entry can be deleted alone only after it
 * was made a static one.
 * " port  VLAN  MAC                Age" then "    3    10  0a:00:00:00:00:01    2" */
static int forget(const struct net_host *h, const struct plan *p, size_t b, const struct refs *refs,
                  struct err *e)
{
    const char *bridge = p->bridges[b].dev;
    AUTO(buf_clear) struct buf text = BUF_INIT;

    if (appctl(h, &text, e, "fdb/show", bridge, NULL, NULL, NULL) < 0)
        return -1;
    for (const char *line = buf_str(&text); *line != '\0';
         line += strcspn(line, "\n"), line += *line == '\n') {
        char number[8], vlan[8], mac[18];
        size_t port = 0;
        if (sscanf(line, "%7s %7s %17s", number, vlan, mac) != 3)
            continue;
        unsigned long ofport = strtoul(number, NULL, 10); /* 0, no port of ours, for "LOCAL" */
        while (port < p->nports && (p->ports[port].bridge != b || p->ports[port].ofport != ofport))
            port++;
        if (port == p->nports)
            continue;
        for (size_t i = 0; i < refs->n; i++)
            if (strcasecmp(mac, refs->mac[i]) == 0 &&
                (appctl(h, NULL, e, "fdb/add", bridge, p->ports[port].dev, vlan, mac) < 0 ||
                 appctl(h, NULL, e, "fdb/del", bridge, NULL, vlan, mac) < 0))
                return -1;
    }
    return 0;
}

/* A device without a port in the database, left by a crash between the two. */
static int remove_devices(const struct net_host *h, const struct plan *p, struct err *e)
{
    AUTO(net_seen_clear) struct net_seen seen = {0};
    AUTO(buf_clear) struct buf batch = BUF_INIT;
    char prefix[IFNAME_SIZE];

    snprintf(prefix, sizeof prefix, "pl%.6sr", p->lab);
    if (net_seen_read(prefix, &seen, e) < 0)
        return -1;
    for (size_t i = 0; i < seen.n; i++)
        buf_printf(&batch, "link del %s\n", seen.v[i].name);
    return net_ip_batch(h, &batch, true, e);
}

int net_reference_clear(const struct net_host *h, const struct plan *p, struct err *e)
{
    AUTO(argv_clear) struct argv a = {0};
    struct refs refs;
    bool hub = false;

    if (find_refs(h, p, &refs, e) < 0)
        return -1;
    net_ovs_begin(&a, h, "ovs-vsctl");
    for (size_t i = 0; i < refs.n; i++) {
        argv_add(&a, "--");
        argv_add(&a, "--if-exists");
        argv_add(&a, "del-port");
        argv_add(&a, refs.dev[i]);
        hub = hub || refs.v[i].segment >= p->nsegments || p->segments[refs.v[i].segment].kind == PLAN_HUB;
    }
    if (hub && net_flow_apply(h, p, NULL, 0, e) < 0)
        return err_wrap(e, "detach reference hosts");
    if (refs.n > 0 && net_ovs_run(h, &a, NULL, e) < 0)
        return err_wrap(e, "detach reference hosts");
    for (size_t i = 0; refs.n > 0 && i < p->nbridges; i++)
        if (p->bridges[i].kind == PLAN_SWITCH && forget(h, p, i, &refs, e) < 0)
            return err_wrap(e, "forget reference hosts");
    return remove_devices(h, p, e);
}
