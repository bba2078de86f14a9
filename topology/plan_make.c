/* The planner: topology and lab id to nodes, bridges, segments, ports, links.  Pure.
 *
 * Order: one segment per element, then per interface its port and, where a link joins two interfaces or
 * nothing is connected, a segment; then the pairs that join two elements, and the gateway to the outside. */
#include "topology/plan_make.h"

#include "labd/base/mem.h"
#include "topology/topo_grow.h"
#include "topology/topo_index.h"
#include "topology/topo_value.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define MEMORY_HOST 48 /* MiB, unless declared */
#define MEMORY_ROUTER 128
#define MTU_DEFAULT 1500

struct make {
    const struct topo *t;
    struct topo_index ix;
    struct plan *p;
    uint32_t *used; /* by bridge: OpenFlow ports given out */
    size_t nused;
    int32_t *element_segment; /* by element */
    struct plan_switch_ports sw;
    int32_t *link_segment; /* by link between two interfaces, -1 before the first port */
    struct err *e;
};

void plan_dev_port(char *dev, const char *lab, size_t port)
{
    snprintf(dev, IFNAME_SIZE, "pl%.6s.%u", lab, (unsigned)(port % (PLAN_PORTS_MAX + 1)));
}

void plan_dev_bridge(char *dev, const char *lab, enum plan_bridge_kind kind, size_t bridge)
{
    if (kind == PLAN_WIRES)
        snprintf(dev, IFNAME_SIZE, "pl%.6sw", lab);
    else
        snprintf(dev, IFNAME_SIZE, "pl%.6ss%u", lab, (unsigned)(bridge % (PLAN_BRIDGES_MAX + 1)));
}

static void copy_name(char *out, size_t size, const char *name)
{
    snprintf(out, size, "%s", name);
}

/* ---- bridges and segments ---- */
static uint32_t add_bridge(struct make *m, enum plan_bridge_kind kind)
{
    struct plan_bridge *b = TOPO_PUSH(m->p->bridges, m->p->nbridges);

    (void)TOPO_PUSH(m->used, m->nused);
    b->kind = kind;
    plan_dev_bridge(b->dev, m->p->lab, kind, m->p->nbridges - 1);
    return (uint32_t)m->p->nbridges - 1;
}

static uint32_t wires(struct make *m)
{
    for (size_t i = 0; i < m->p->nbridges; i++)
        if (m->p->bridges[i].kind == PLAN_WIRES)
            return (uint32_t)i; /* it is the first one */
    return add_bridge(m, PLAN_WIRES);
}

static int32_t add_segment(struct make *m, enum plan_segment_kind kind, uint32_t bridge, const char *element)
{
    struct plan_segment *s = TOPO_PUSH(m->p->segments, m->p->nsegments);

    s->kind = kind;
    s->bridge = bridge;
    copy_name(s->element, sizeof s->element, element);
    return (int32_t)m->p->nsegments - 1;
}

static bool has_wires(const struct topo *t, const struct topo_index *ix)
{
    for (size_t i = 0; i < t->nelements; i++)
        if (t->elements[i].kind != TOPO_SWITCH)
            return true;
    for (size_t i = 0; i < ix->nslots && ix->slots[i].owner < t->nnodes; i++) {
        const struct topo_slot *s = &ix->slots[i];
        if (s->link < 0)
            return true;
        const struct topo_link *l = &t->links[s->link];
        const struct topo_ref *a = topo_index_find(ix, l->end[0].node),
                              *b = topo_index_find(ix, l->end[1].node);
        if (topo_kind_is_node(a->kind) && topo_kind_is_node(b->kind))
            return true;
    }
    return false;
}

static void add_elements(struct make *m)
{
    if (has_wires(m->t, &m->ix))
        wires(m);
    for (size_t i = 0; i < m->t->nelements; i++) {
        const struct topo_element *x = &m->t->elements[i];
        uint32_t bridge;
        if (x->kind != TOPO_SWITCH) {
            m->element_segment[i] = add_segment(m, PLAN_HUB, wires(m), x->name);
            continue;
        }
        bridge = add_bridge(m, PLAN_SWITCH);
        copy_name(m->p->bridges[bridge].element, NAME_SIZE, x->name);
        m->p->bridges[bridge].rstp = x->rstp;
        m->p->bridges[bridge].rstp_priority = x->rstp_priority;
        m->p->bridges[bridge].mac_ageing = x->mac_ageing;
        m->element_segment[i] = add_segment(m, PLAN_LEARN, bridge, x->name);
    }
}

/* ---- ports ---- */
static struct plan_port *add_port(struct make *m, int32_t segment)
{
    struct plan_port *port = TOPO_PUSH(m->p->ports, m->p->nports);

    port->segment = (uint32_t)segment;
    port->bridge = m->p->segments[segment].bridge;
    port->ofport = ++m->used[port->bridge];
    port->node = port->iface = port->peer = port->link = port->bond = -1;
    plan_dev_port(port->dev, m->p->lab, m->p->nports - 1);
    return port;
}

/* What the switch port that 'end' names is told; nothing for any other element. */
static void set_switch(struct make *m, const struct topo_end *end)
{
    const struct topo_ref *ref = topo_index_find(&m->ix, end->node);

    if (ref->kind == TOPO_SWITCH && end->iface != NULL)
        plan_switch_port(
            &m->sw, m->p,
            (size_t)(topo_index_slot(&m->ix, topo_index_owner(&m->ix, ref), end->iface) - m->ix.slots));
}

/* The port of an interface that link 'l' names. */
static void add_linked_port(struct make *m, size_t node, size_t iface, int32_t l)
{
    const struct topo_link *link = &m->t->links[l];
    const char *name = m->t->nodes[node].ifaces[iface].name;
    bool first = strcmp(link->end[0].node, m->t->nodes[node].name) == 0 && link->end[0].iface != NULL &&
                 strcmp(link->end[0].iface, name) == 0;
    const struct topo_end *far = &link->end[first];
    const struct topo_ref *ref = topo_index_find(&m->ix, far->node);
    struct plan_port *port;

    if (topo_kind_is_node(ref->kind)) {
        if (m->link_segment[l] < 0)
            m->link_segment[l] = add_segment(m, PLAN_LINK, wires(m), link->name);
        port = add_port(m, m->link_segment[l]);
    } else {
        port = add_port(m, m->element_segment[ref->i]);
        set_switch(m, far);
    }
    port->link = l;
    m->p->links[l].port[!first] = (int32_t)m->p->nports - 1;
}

static void add_internet(struct make *m, size_t i)
{
    const struct topo_element *x = &m->t->elements[i];
    struct plan_internet *out;

    if (x->kind != TOPO_INTERNET)
        return;
    out = m->p->internet = xcalloc(1, sizeof *out);
    out->port = (uint32_t)m->p->nports;
    add_port(m, m->element_segment[i]);
    for (size_t k = 0; k < x->naddrs; k++) {
        struct value_addr a = {0};
        if (value_addr(x->addrs[k].text, &a))
            value_addr_format(&a, out->addrs[out->naddrs++]);
    }
}

static void add_iface(struct make *m, size_t node, size_t i, struct plan_iface *out)
{
    const struct topo_iface *f = &m->t->nodes[node].ifaces[i];
    int32_t link = topo_index_slot(&m->ix, node, f->name)->link;

    copy_name(out->name, sizeof out->name, f->name);
    out->mtu = f->mtu != 0 ? f->mtu : MTU_DEFAULT;
    out->port = (uint32_t)m->p->nports;
    if (link >= 0)
        add_linked_port(m, node, i, link);
    else if (f->network != NULL)
        add_port(m, m->element_segment[topo_index_find(&m->ix, f->network)->i]);
    else
        add_port(m, add_segment(m, PLAN_HUB, wires(m), ""));
    m->p->ports[out->port].node = (int32_t)node;
    m->p->ports[out->port].iface = (int32_t)i;
}

static void add_node(struct make *m, size_t i)
{
    const struct topo_node *n = &m->t->nodes[i];
    struct plan_node *out = &m->p->nodes[i];

    out->kind = n->kind == TOPO_ROUTER ? PLAN_ROUTER : PLAN_HOST;
    copy_name(out->name, sizeof out->name, n->name);
    copy_name(out->image, sizeof out->image, n->image != NULL ? n->image : "base");
    out->memory_mb = n->memory_mb != 0 ? n->memory_mb : n->kind == TOPO_ROUTER ? MEMORY_ROUTER : MEMORY_HOST;
    out->vcpus = n->vcpus != 0 ? n->vcpus : 1;
    out->ifaces = xcalloc(n->nifaces + 1, sizeof *out->ifaces);
    out->nifaces = n->nifaces;
    for (size_t k = 0; k < n->nifaces; k++)
        add_iface(m, i, k, &out->ifaces[k]);
    plan_node_software(n, out);
}

/* ---- links ---- */
static void add_link(struct make *m, size_t i)
{
    const struct topo_link *l = &m->t->links[i];
    struct plan_link *out = &m->p->links[i];

    copy_name(out->name, sizeof out->name, l->name);
    out->up = l->up;
    out->port[0] = out->port[1] = -1;
    for (int k = 0; k < 2; k++)
        out->impair[k] = l->impair[k];
}

static void add_pair(struct make *m, size_t i)
{
    const struct topo_link *l = &m->t->links[i];
    struct plan_link *out = &m->p->links[i];
    int32_t first = (int32_t)m->p->nports;

    if (out->port[0] >= 0 || out->port[1] >= 0)
        return; /* an end is an interface, which has its port already */
    for (int k = 0; k < 2; k++) {
        const struct topo_ref *ref = topo_index_find(&m->ix, l->end[k].node);
        struct plan_port *port = add_port(m, m->element_segment[ref->i]);
        port->peer = first + !k;
        port->link = (int32_t)i;
        out->port[k] = first + k;
        set_switch(m, &l->end[k]);
    }
}

/* ---- MAC addresses ---- */
struct mac {
    uint64_t value; /* 40 bits */
    size_t node, iface;
    unsigned tries;
};

/* Stable for a lab, node and interface: the first 40 bits of BLAKE2b over the three. */
static void mac_hash(const struct plan *p, struct mac *m)
{
    crypto_generichash_state st;
    unsigned char h[crypto_generichash_BYTES_MIN];
    const char *parts[] = {p->lab, p->nodes[m->node].name, p->nodes[m->node].ifaces[m->iface].name};

    crypto_generichash_init(&st, NULL, 0, sizeof h);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) /* with the NUL, so that a+bc is not ab+c */
        crypto_generichash_update(&st, (const unsigned char *)parts[i], strlen(parts[i]) + 1);
    for (unsigned i = 0; i < m->tries; i++)
        crypto_generichash_update(&st, (const unsigned char *)"again", 5);
    crypto_generichash_final(&st, h, sizeof h);
    m->value = 0;
    for (int i = 0; i < 5; i++)
        m->value = m->value << 8 | h[i];
}

static int order_macs(const void *a, const void *b)
{
    const struct mac *x = a, *y = b;

    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    if (x->node != y->node)
        return x->node < y->node ? -1 : 1;
    return (x->iface > y->iface) - (x->iface < y->iface);
}

static void add_macs(struct plan *p)
{
    AUTO(mem_freep) struct mac *v = xcalloc(p->nports + 1, sizeof *v);
    size_t n = 0;
    bool clash;

    for (size_t i = 0; i < p->nnodes; i++)
        for (size_t k = 0; k < p->nodes[i].nifaces; k++) {
            v[n] = (struct mac){.node = i, .iface = k};
            mac_hash(p, &v[n++]);
        }
    do {
        clash = false;
        qsort(v, n, sizeof *v, order_macs);
        for (size_t i = n; i-- > 1;)
            if (v[i].value == v[i - 1].value) {
                v[i].tries++;
                mac_hash(p, &v[i]);
                clash = true;
            }
    } while (clash);
    for (size_t i = 0; i < n; i++) {
        uint64_t x = v[i].value;
        struct plan_iface *f = &p->nodes[v[i].node].ifaces[v[i].iface];
        snprintf(f->mac, sizeof f->mac, "02:%02x:%02x:%02x:%02x:%02x", (unsigned)(x >> 32 & 0xff),
                 (unsigned)(x >> 24 & 0xff), (unsigned)(x >> 16 & 0xff), (unsigned)(x >> 8 & 0xff),
                 (unsigned)(x & 0xff));
    }
}

static void make_clear(struct make *m)
{
    topo_index_clear(&m->ix);
    plan_switch_ports_clear(&m->sw);
    free(m->used);
    free(m->element_segment);
    free(m->link_segment);
}

static int check_room(const struct make *m, struct err *e)
{
    if (m->p->nports > PLAN_PORTS_MAX)
        return err_set(e, ERR_CAPACITY, "the topology needs %zu ports; the most is %d", m->p->nports,
                       PLAN_PORTS_MAX);
    for (size_t i = 0; i < m->p->nbridges; i++)
        if (m->used[i] >= PLAN_OFPORT_REFERENCE)
            return err_set(e, ERR_CAPACITY, "%s%s needs %u ports; the most is %u",
                           m->p->bridges[i].kind == PLAN_SWITCH ? "switch " : "the wires of the topology",
                           m->p->bridges[i].element, m->used[i], PLAN_OFPORT_REFERENCE - 1);
    return 0;
}

struct plan *plan_make(const struct topo *t, const char *lab, struct err *e)
{
    AUTO(plan_freep) struct plan *p = NULL;
    AUTO(make_clear) struct make m = {.t = t};

    if (!lab_id_ok(lab)) {
        err_set(e, ERR_INTERNAL, "a lab id must match [a-z][a-z0-9]{5}");
        return NULL;
    }
    m.p = p = xcalloc(1, sizeof *p);
    memcpy(p->lab, lab, LAB_ID_LEN);
    topo_index_init(&m.ix, t);
    plan_switch_ports_init(&m.sw, t, &m.ix);
    m.element_segment = xcalloc(t->nelements + 1, sizeof *m.element_segment);
    m.link_segment = xcalloc(t->nlinks + 1, sizeof *m.link_segment);
    memset(m.link_segment, 0xff, t->nlinks * sizeof *m.link_segment);
    p->nodes = xcalloc(t->nnodes + 1, sizeof *p->nodes);
    p->nnodes = t->nnodes;
    p->links = xcalloc(t->nlinks + 1, sizeof *p->links);
    p->nlinks = t->nlinks;
    add_elements(&m);
    for (size_t i = 0; i < t->nlinks; i++)
        add_link(&m, i);
    for (size_t i = 0; i < t->nnodes; i++)
        add_node(&m, i);
    for (size_t i = 0; i < t->nlinks; i++)
        add_pair(&m, i);
    for (size_t i = 0; i < t->nelements; i++)
        add_internet(&m, i);
    plan_add_mirrors(&m.sw, p);
    if (check_room(&m, e) < 0)
        return NULL;
    add_macs(p);
    return TAKE(p);
}
