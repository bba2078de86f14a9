/* The database of Open vSwitch, by ovs-vsctl: the argument vectors that make a plan's bridges and ports,
 * and the query that finds them again.
 *
 * The wires bridge is fail-mode=secure: it does nothing but what net_flow.c says.  A switch element is
 * fail-mode=standalone without a controller: ovs-vswitchd itself installs the NORMAL flow, at once and
 * again after its own restart, which saves a program run per switch. */
#include "labd/host/net/net_impl.h"

#include "labd/base/mem.h"

#include <stdio.h>
#include <string.h>

/* ovs-vsctl waits this long for ovs-vswitchd; a thousand ports take about a second. */
#define WAIT_S 30

void net_ovs_begin(struct argv *a, const struct net_host *h, const char *program)
{
    argv_add(a, program);
    if (strcmp(program, "ovs-vsctl") == 0) {
        argv_addf(a, "--db=unix:%s/db.sock", h->run);
        argv_add(a, "--no-syslog");
    }
    argv_addf(a, "--timeout=%d", WAIT_S);
}

/* Runs it; "Error detected while setting up" on stderr is left to the caller's eyes in 'out'. */
static int run(const struct net_host *h, const struct argv *a, struct proc_result *r, struct err *e)
{
    AUTO(mem_freep) char *dir = xasprintf("OVS_RUNDIR=%s", h->run);
    const char *env[] = {dir, NULL};
    const struct proc_spec s = {
        .argv = argv_get(a), .env = env, .timeout_ms = (WAIT_S + 5) * 1000u, .output_max = 64u << 20};

    if (proc_run(h->runner, &s, r, e) < 0)
        return -1;
    if (r->status == 0)
        return 0;
    struct err why;
    if (net_host_check(h, &why) < 0) { /* it died meanwhile: that is the better sentence */
        *e = why;
        return -1;
    }
    const char *text = buf_str(&r->err);
    return err_set(e, ERR_TOOL, "%s failed: %.*s", a->v[0], (int)strcspn(text, "\n"), text);
}

int net_ovs_run(const struct net_host *h, const struct argv *a, struct buf *out, struct err *e)
{
    AUTO(proc_result_clear) struct proc_result r = {0};

    if (run(h, a, &r, e) < 0)
        return -1;
    if (out != NULL)
        buf_add(out, buf_str(&r.out), r.out.len);
    return 0;
}

/* ---- making ---- */

/* The bridge's own address is its identifier in RSTP, where the lowest one wins a tie: it must not change
 * from one start of the lab to the next.  0x06: locally administered, apart from the guests' 0x02. */
static void bridge_address(char out[18], const struct plan *p, size_t bridge)
{
    uint32_t g = net_dev_group(p->lab);

    snprintf(out, 18, "06:%02x:%02x:%02x:%02x:%02x", (unsigned)(g >> 24), (unsigned)(g >> 16 & 0xff),
             (unsigned)(g >> 8 & 0xff), (unsigned)((g ^ bridge >> 8) & 0xff), (unsigned)(bridge & 0xff));
}

static void add_bridge(struct argv *a, const struct net_host *h, const struct plan *p, size_t i)
{
    const struct plan_bridge *b = &p->bridges[i];
    char address[18];

    bridge_address(address, p, i);
    argv_add(a, "--");
    argv_add(a, "--may-exist");
    argv_add(a, "add-br");
    argv_add(a, b->dev);
    argv_add(a, "--");
    argv_add(a, "set");
    argv_add(a, "Bridge");
    argv_add(a, b->dev);
    argv_addf(a, "datapath_type=%s", h->datapath == NET_NETDEV ? "netdev" : "system");
    argv_addf(a, "fail_mode=%s", b->kind == PLAN_WIRES ? "secure" : "standalone");
    argv_addf(a, "external_ids:paralab-lab=%s", p->lab);
    argv_addf(a, "external_ids:paralab-owner=%s", h->owner);
    argv_add(a, "other_config:disable-in-band=true");
    argv_addf(a, "other_config:hwaddr=\"%s\"", address);
    if (b->kind != PLAN_SWITCH)
        return;
    argv_addf(a, "rstp_enable=%s", b->rstp ? "true" : "false");
    if (b->mac_ageing != 0)
        argv_addf(a, "other_config:mac-aging-time=%u", b->mac_ageing);
    if (b->rstp) {
        argv_addf(a, "other_config:rstp-priority=%u", b->rstp_priority);
        argv_addf(a, "other_config:rstp-address=\"%s\"", address);
    } else {
        /* A switch without spanning tree passes BPDUs on; NORMAL would eat them. */
        argv_add(a, "other_config:forward-bpdu=true");
    }
}

void net_ovs_bridges_args(struct argv *a, const struct net_host *h, const struct plan *p)
{
    for (size_t i = 0; i < p->nbridges; i++)
        add_bridge(a, h, p, i);
}

static void add_trunks(struct argv *a, const struct plan_port *q)
{
    AUTO(buf_clear) struct buf list = BUF_INIT;

    for (size_t i = 0; i < q->nvlan_trunks; i++)
        buf_printf(&list, "%s%u", i > 0 ? "," : "", q->vlan_trunks[i]);
    if (q->nvlan_trunks > 0)
        argv_addf(a, "trunks=%s", buf_str(&list));
}

static bool knows_vlans(const struct plan *p, uint32_t bridge)
{
    for (size_t i = 0; i < p->nports; i++)
        if (p->ports[i].bridge == bridge && p->ports[i].vlan_mode != PLAN_VLAN_NONE)
            return true;
    return false;
}

static bool mirrors(const struct plan *p, const struct plan_port *q)
{
    for (size_t i = 0; i < p->nmirrors; i++)
        if (&p->ports[p->mirrors[i].to] == q)
            return true;
    return false;
}

static void set_vlans(struct argv *a, const struct plan *p, const struct plan_port *q, bool vlans)
{
    switch (q->vlan_mode) {
    case PLAN_VLAN_ACCESS:
        argv_add(a, "vlan_mode=access");
        argv_addf(a, "tag=%u", q->vlan_tag);
        break;
    case PLAN_VLAN_TRUNK:
        if (q->vlan_tag != 0) {
            argv_add(a, "vlan_mode=native-untagged");
            argv_addf(a, "tag=%u", q->vlan_tag);
        } else {
            argv_add(a, "vlan_mode=trunk");
        }
        add_trunks(a, q);
        break;
    case PLAN_VLAN_NONE:
        /* Between configured ports, one without configuration is in the default VLAN, as on any switch
         * that one can buy; Open vSwitch would make it a trunk of all VLANs.  A mirror is one, so that it
         * shows the tags. */
        if (vlans && !mirrors(p, q) && p->bridges[q->bridge].kind == PLAN_SWITCH) {
            argv_add(a, "vlan_mode=access");
            argv_add(a, "tag=0");
        }
        break;
    }
}

const char *net_ovs_port_name(const struct plan *p, const struct plan_port *q)
{
    return q->bond >= 0 ? p->bonds[q->bond].dev : q->dev;
}

static void set_port(struct argv *a, const struct plan *p, const struct plan_port *q, bool vlans)
{
    argv_add(a, "--");
    argv_add(a, "set");
    argv_add(a, "Port");
    argv_add(a, net_ovs_port_name(p, q));
    argv_addf(a, "external_ids:paralab-lab=%s", p->lab);
    set_vlans(a, p, q, vlans);
}

static void set_ofport(struct argv *a, const struct plan_port *q)
{
    argv_add(a, "--");
    argv_add(a, "set");
    argv_add(a, "Interface");
    argv_add(a, q->dev);
    argv_addf(a, "ofport_request=%u", q->ofport);
}

/* 'last' is the bond's port with the highest index. */
static void add_bond(struct argv *a, const struct plan *p, size_t last, bool vlans)
{
    const struct plan_port *q = &p->ports[last];
    const struct plan_bond *b = &p->bonds[q->bond];

    argv_add(a, "--");
    argv_add(a, "--may-exist");
    argv_add(a, "add-bond");
    argv_add(a, p->bridges[b->bridge].dev);
    argv_add(a, b->dev);
    for (size_t i = 0; i <= last; i++)
        if (p->ports[i].bond == q->bond)
            argv_add(a, p->ports[i].dev);
    set_port(a, p, q, vlans);
    argv_add(a, "bond_mode=balance-tcp");
    argv_addf(a, "lacp=%s", b->passive ? "passive" : "active");
    argv_add(a, "other_config:lacp-time=fast"); /* a partner that is silent is gone after 3 s, not 90 */
    for (size_t i = 0; i <= last; i++)
        if (p->ports[i].bond == q->bond)
            set_ofport(a, &p->ports[i]);
}

/* "@m" + 'i' for the transaction: the rows of the ports have to be got before they can be named. */
static void add_mirror(struct argv *a, const struct plan *p, size_t i)
{
    const struct plan_mirror_port *m = &p->mirrors[i];
    AUTO(mem_freep) bool *bond = xcalloc(p->nbonds + 1, sizeof *bond);
    AUTO(buf_clear) struct buf list = BUF_INIT;

    for (size_t k = 0; k < m->nfrom; k++) {
        const struct plan_port *q = &p->ports[m->from[k]];
        if (q->bond >= 0 && bond[q->bond])
            continue;
        if (q->bond >= 0)
            bond[q->bond] = true;
        argv_add(a, "--");
        argv_addf(a, "--id=@m%zup%zu", i, k);
        argv_add(a, "get");
        argv_add(a, "Port");
        argv_add(a, net_ovs_port_name(p, q));
        buf_printf(&list, "%s@m%zup%zu", k > 0 ? "," : "", i, k);
    }
    argv_add(a, "--");
    argv_addf(a, "--id=@m%zuto", i);
    argv_add(a, "get");
    argv_add(a, "Port");
    argv_add(a, p->ports[m->to].dev);
    argv_add(a, "--");
    argv_addf(a, "--id=@m%zu", i);
    argv_add(a, "create");
    argv_add(a, "Mirror");
    argv_addf(a, "name=%s", p->ports[m->to].dev);
    argv_addf(a, "output_port=@m%zuto", i);
    if (m->direction != PLAN_MIRROR_OUT)
        argv_addf(a, "select_src_port=%s", buf_str(&list));
    if (m->direction != PLAN_MIRROR_IN)
        argv_addf(a, "select_dst_port=%s", buf_str(&list));
}

void net_ovs_ports_args(struct argv *a, const struct plan *p, size_t first, size_t n)
{
    AUTO(mem_freep) bool *vlans = xcalloc(p->nbridges + 1, sizeof *vlans);
    AUTO(mem_freep) size_t *last = xcalloc(p->nbonds + 1, sizeof *last);

    for (size_t i = 0; i < p->nports; i++)
        if (p->ports[i].bond >= 0)
            last[p->ports[i].bond] = i;
    for (size_t i = 0; i < p->nbridges; i++)
        vlans[i] = p->bridges[i].kind == PLAN_SWITCH && knows_vlans(p, (uint32_t)i);
    for (size_t i = first; i < first + n; i++) {
        const struct plan_port *q = &p->ports[i];
        if (q->bond >= 0) {
            if (last[q->bond] == i)
                add_bond(a, p, i, vlans[q->bridge]);
            continue;
        }
        argv_add(a, "--");
        argv_add(a, "--may-exist");
        argv_add(a, "add-port");
        argv_add(a, p->bridges[q->bridge].dev);
        argv_add(a, q->dev);
        set_port(a, p, q, vlans[q->bridge]);
        /* A guest's port forwards at once ("portfast"), until a BPDU comes in from it. */
        if (p->bridges[q->bridge].rstp && q->node >= 0)
            argv_add(a, "other_config:rstp-port-admin-edge=true");
        set_ofport(a, q);
    }
}

void net_ovs_mirrors_args(struct argv *a, const struct plan *p)
{
    AUTO(mem_freep) struct buf *lists = xcalloc(p->nbridges + 1, sizeof *lists);

    for (size_t i = 0; i < p->nmirrors; i++) {
        struct buf *list = &lists[p->ports[p->mirrors[i].to].bridge];
        add_mirror(a, p, i);
        buf_printf(list, "%s@m%zu", list->len > 0 ? "," : "", i);
    }
    for (size_t i = 0; i < p->nbridges; i++) {
        if (lists[i].len > 0) { /* in place of those of an earlier run */
            argv_add(a, "--");
            argv_add(a, "set");
            argv_add(a, "Bridge");
            argv_add(a, p->bridges[i].dev);
            argv_addf(a, "mirrors=%s", buf_str(&lists[i]));
        }
        buf_clear(&lists[i]);
    }
}

int net_ovs_apply(const struct net_host *h, const struct plan *p, struct err *e)
{
    for (size_t first = 0; first == 0 || first < p->nports; first += NET_OVS_PORTS_AT_ONCE) {
        AUTO(argv_clear) struct argv a = {0};
        size_t n = p->nports - first < NET_OVS_PORTS_AT_ONCE ? p->nports - first : NET_OVS_PORTS_AT_ONCE;
        net_ovs_begin(&a, h, "ovs-vsctl");
        if (first == 0)
            net_ovs_bridges_args(&a, h, p);
        net_ovs_ports_args(&a, p, first, n);
        if (first + n == p->nports)
            net_ovs_mirrors_args(&a, p);
        if (net_ovs_run(h, &a, NULL, e) < 0)
            return -1;
    }
    return 0;
}

/* ---- finding ---- */

/* {"headings":["name","external_ids"],"data":[["plaaaaaaw",["map",[["paralab-lab","aaaaaa"]]]]]} */
static json_t *read_rows(const json_t *doc)
{
    json_t *out = json_object(), *row;
    size_t i;

    json_array_foreach(json_object_get(doc, "data"), i, row) {
        const char *name = json_string_value(json_array_get(row, 0));
        json_t *ids = json_object(), *pair;
        size_t k;
        json_array_foreach(json_array_get(json_array_get(row, 1), 1), k, pair) {
            const char *key = json_string_value(json_array_get(pair, 0));
            if (key != NULL)
                json_object_set(ids, key, json_array_get(pair, 1));
        }
        json_object_set_new(out, name != NULL ? name : "", ids);
    }
    return out;
}

void net_ovs_found_clear(struct net_ovs_found *f)
{
    json_decref(f->bridges);
    json_decref(f->ports);
    *f = (struct net_ovs_found){NULL, NULL};
}

int net_ovs_find(const struct net_host *h, const char *key, const char *value, struct net_ovs_found *out,
                 struct err *e)
{
    AUTO(argv_clear) struct argv a = {0};
    AUTO(buf_clear) struct buf text = BUF_INIT;
    json_t *doc[2] = {NULL, NULL};
    json_error_t why;

    net_ovs_begin(&a, h, "ovs-vsctl");
    argv_add(&a, "--format=json");
    for (int i = 0; i < 2; i++) {
        argv_add(&a, "--");
        argv_add(&a, "--columns=name,external_ids");
        argv_add(&a, "find");
        argv_add(&a, i == 0 ? "Bridge" : "Port");
        argv_addf(&a, "external_ids:%s=%s", key, value);
    }
    if (net_ovs_run(h, &a, &text, e) < 0)
        return err_wrap(e, "look for what exists in Open vSwitch");
    const char *rest = buf_str(&text);
    for (int i = 0; i < 2; i++) {
        doc[i] = json_loads(rest, JSON_DISABLE_EOF_CHECK, &why);
        if (doc[i] == NULL)
            break;
        rest += why.position;
    }
    if (doc[1] == NULL) {
        json_decref(doc[0]);
        return err_set(e, ERR_PROTOCOL, "ovs-vsctl printed something that is not JSON: %s", why.text);
    }
    *out = (struct net_ovs_found){read_rows(doc[0]), read_rows(doc[1])};
    json_decref(doc[0]);
    json_decref(doc[1]);
    return 0;
}
