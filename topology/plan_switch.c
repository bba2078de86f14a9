/* What ports of a switch are told: VLANs, bonds, mirrors.  Part of the planner. */
#include "labd/base/mem.h"
#include "topology/plan_make.h"
#include "topology/topo_grow.h"
#include "topology/topo_index.h"

#include <stdio.h>
#include <string.h>

void plan_dev_bond(char *dev, const char *lab, size_t bond)
{
    snprintf(dev, IFNAME_SIZE, "pl%.6sb%u", lab, (unsigned)(bond % (PLAN_PORTS_MAX + 1)));
}

void plan_switch_ports_init(struct plan_switch_ports *s, const struct topo *t, const struct topo_index *ix)
{
    *s = (struct plan_switch_ports){.t = t, .ix = ix};
    s->port = xcalloc(ix->nslots + 1, sizeof *s->port);
    s->bond = xcalloc(ix->nslots + 1, sizeof *s->bond);
    memset(s->port, 0xff, ix->nslots * sizeof *s->port);
    memset(s->bond, 0xff, ix->nslots * sizeof *s->bond);
}

void plan_switch_ports_clear(struct plan_switch_ports *s)
{
    free(s->port);
    free(s->bond);
}

static const struct topo_element *owner_of(const struct plan_switch_ports *s, const struct topo_slot *slot)
{
    return &s->t->elements[slot->owner - s->t->nnodes];
}

static int32_t bond_of(struct plan_switch_ports *s, struct plan *p, const struct topo_slot *slot)
{
    const struct topo_port *bond = &owner_of(s, slot)->ports[slot->bond];
    const struct topo_slot *own = topo_index_slot(s->ix, slot->owner, bond->name);
    int32_t *known = &s->bond[own - s->ix->slots];

    if (*known < 0) {
        struct plan_bond *b = TOPO_PUSH(p->bonds, p->nbonds);
        *known = (int32_t)p->nbonds - 1;
        plan_dev_bond(b->dev, p->lab, p->nbonds - 1);
        b->bridge = p->ports[p->nports - 1].bridge;
        b->passive = bond->passive;
    }
    return *known;
}

void plan_switch_port(struct plan_switch_ports *s, struct plan *p, size_t slot)
{
    const struct topo_slot *sl = &s->ix->slots[slot];
    const struct topo_element *x = owner_of(s, sl);
    const struct topo_port *from = &x->ports[sl->bond >= 0 ? (size_t)sl->bond : sl->i];
    struct plan_port *port = &p->ports[p->nports - 1];

    s->port[slot] = (int32_t)p->nports - 1;
    if (sl->bond >= 0)
        port->bond = bond_of(s, p, sl);
    port->vlan_mode = from->mode;
    port->vlan_tag = (uint16_t)(from->mode == PLAN_VLAN_ACCESS ? from->access : from->native);
    for (size_t i = 0; i < from->ntrunks; i++)
        port->vlan_trunks[port->nvlan_trunks++] = (uint16_t)from->trunks[i];
}

static void add_source(struct plan_mirror_port *m, int32_t port)
{
    if (port >= 0) /* it has a cable */
        *TOPO_PUSH(m->from, m->nfrom) = (uint32_t)port;
}

static void add_named(const struct plan_switch_ports *s, struct plan_mirror_port *m, size_t owner,
                      const char *name)
{
    const struct topo_slot *slot = topo_index_slot(s->ix, owner, name);
    const struct topo_port *port = &owner_of(s, slot)->ports[slot->i];

    if (!port->bond)
        add_source(m, s->port[slot - s->ix->slots]);
    for (size_t i = 0; i < port->members.n; i++)
        add_named(s, m, owner, port->members.items[i]);
}

static const struct topo_port *port_at(const struct plan_switch_ports *s, size_t slot)
{
    return &owner_of(s, &s->ix->slots[slot])->ports[s->ix->slots[slot].i];
}

/* The ports of each bridge, in the order of the plan. */
struct by_bridge {
    size_t *first; /* by bridge, and once more: its place in 'ports' */
    int32_t *ports;
};

static void by_bridge_init(struct by_bridge *b, const struct plan *p)
{
    AUTO(mem_freep) size_t *next = xcalloc(p->nbridges + 1, sizeof *next);

    b->first = xcalloc(p->nbridges + 2, sizeof *b->first);
    b->ports = xcalloc(p->nports + 1, sizeof *b->ports);
    for (size_t i = 0; i < p->nports; i++)
        b->first[p->ports[i].bridge + 1]++;
    for (size_t i = 0; i < p->nbridges; i++) {
        next[i] = b->first[i];
        b->first[i + 1] += next[i];
    }
    for (size_t i = 0; i < p->nports; i++)
        b->ports[next[p->ports[i].bridge]++] = (int32_t)i;
}

static void by_bridge_clear(struct by_bridge *b)
{
    free(b->first);
    free(b->ports);
}

/* 'taps': by port of the plan, those that mirror. */
static void add_mirror(const struct plan_switch_ports *s, struct plan *p, size_t slot, const bool *taps,
                       const struct by_bridge *all)
{
    uint32_t bridge = p->ports[s->port[slot]].bridge;
    const struct topo_port *port = port_at(s, slot);
    struct plan_mirror_port m = {.to = (uint32_t)s->port[slot], .direction = port->mirror};

    for (size_t i = 0; i < port->mirrored.n; i++)
        add_named(s, &m, s->ix->slots[slot].owner, port->mirrored.items[i]);
    for (size_t i = all->first[bridge]; i < all->first[bridge + 1] && port->mirrored.n == 0; i++)
        if (!taps[all->ports[i]])
            add_source(&m, all->ports[i]);
    if (m.nfrom > 0)
        *TOPO_PUSH(p->mirrors, p->nmirrors) = m;
}

void plan_add_mirrors(const struct plan_switch_ports *s, struct plan *p)
{
    AUTO(mem_freep) bool *taps = xcalloc(p->nports + 1, sizeof *taps);
    AUTO(by_bridge_clear) struct by_bridge all = {NULL, NULL};

    by_bridge_init(&all, p);
    for (size_t i = 0; i < s->ix->nslots; i++)
        if (s->port[i] >= 0)
            taps[s->port[i]] = port_at(s, i)->mirror != PLAN_MIRROR_NONE;
    for (size_t i = 0; i < s->ix->nslots; i++)
        if (s->port[i] >= 0 && taps[s->port[i]])
            add_mirror(s, p, i, taps, &all);
}
