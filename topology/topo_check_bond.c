/* Bonds and mirrors of a switch: which ports they name, and where the cables of a bond end. */
#include "topology/topo_check.h"

#include "labd/base/mem.h"
#include "topology/limits.h"
#include "topology/topo_value.h"

#include <string.h>

struct sw {
    struct check *c;
    const struct topo_element *x;
    size_t owner;
    char name[VALUE_SHOW_SIZE];
};

static const char *show(const char *s, char out[VALUE_SHOW_SIZE])
{
    return value_show(s != NULL ? s : "", out);
}

/* The port that 'name' means, or NULL after an error. */
static const struct topo_slot *find(struct sw *s, const struct topo_port *p, const char *name)
{
    const struct topo_slot *slot = topo_index_slot(&s->c->ix, s->owner, name);
    char shown[VALUE_SHOW_SIZE], hint[VALUE_HINT_SIZE];
    struct value_guess g;

    if (slot != NULL)
        return slot;
    value_guess_init(&g, name);
    if (check_may_guess(s->c, s->x->nports))
        for (size_t i = 0; i < s->x->nports; i++)
            if (s->x->ports[i].name != NULL)
                value_guess_offer(&g, s->x->ports[i].name);
    check_error(s->c, p->line, "switch '%s' has no port '%s'%s; give it a <port>", s->name, show(name, shown),
                value_guess_hint(&g, hint));
    return NULL;
}

static bool named_before(const struct topo_words *w, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(w->items[i], w->items[n]) == 0)
            return true;
    return false;
}

/* ---- bonds ---- */

/* Where the cable of a port ends: a node, or a bond of another switch. */
struct far_end {
    const struct topo_ref *ref;
    int32_t bond; /* -1: none */
};

static struct far_end far_end(struct sw *s, const struct topo_slot *slot)
{
    const struct topo_link *l = &s->c->t->links[slot->link];
    bool first = l->end[0].node != NULL && l->end[0].iface != NULL &&
                 strcmp(l->end[0].node, s->x->name) == 0 && strcmp(l->end[0].iface, slot->name) == 0;
    const struct topo_end *end = &l->end[first];
    struct far_end f = {topo_index_find(&s->c->ix, end->node), -1};

    if (f.ref != NULL && f.ref->kind == TOPO_SWITCH) {
        const struct topo_slot *far =
            topo_index_slot(&s->c->ix, topo_index_owner(&s->c->ix, f.ref), end->iface);
        f.bond = far != NULL ? far->bond : -1;
    }
    return f;
}

static bool can_end_a_bond(const struct far_end *f)
{
    return topo_kind_is_node(f->ref->kind) || f->bond >= 0;
}

static void check_far_end(struct sw *s, const struct topo_port *bond, const struct topo_slot *slot,
                          struct far_end *all)
{
    char shown[VALUE_SHOW_SIZE];
    struct far_end f = far_end(s, slot);

    if (f.ref == NULL || f.ref->kind == TOPO_LINK)
        return; /* the link has an error already */
    if (!can_end_a_bond(&f))
        check_error(
            s->c, bond->line,
            "bond '%s': the link of its port '%s' has to end at a host, a router or a bond of another "
            "switch",
            bond->name, show(slot->name, shown));
    else if (all->ref != NULL && (all->ref != f.ref || all->bond != f.bond))
        check_error(
            s->c, bond->line,
            "bond '%s': its links end at different places; all have to end at one host, router or bond",
            bond->name);
    else if (f.bond >= 0 && bond->passive && s->c->t->elements[f.ref->i].ports[f.bond].passive &&
             all->ref == NULL)
        check_warn(s->c, bond->line, "bond '%s' and the one at its other end are passive: neither begins",
                   bond->name);
    *all = f;
}

static void check_member(struct sw *s, const struct topo_port *bond, size_t i, struct far_end *far)
{
    const char *name = bond->members.items[i];
    const struct topo_slot *slot = find(s, bond, name);
    char shown[VALUE_SHOW_SIZE];
    const struct topo_port *p;

    show(name, shown);
    if (slot == NULL)
        return;
    p = &s->x->ports[slot->i];
    if (p->bond)
        check_error(s->c, bond->line, "bond '%s': '%s' is a bond itself", bond->name, shown);
    else if (named_before(&bond->members, i))
        check_error(s->c, bond->line, "bond '%s' names port '%s' twice", bond->name, shown);
    else if (&s->x->ports[slot->bond] != bond)
        check_error(s->c, bond->line, "port '%s' is in bond '%s' already", shown,
                    s->x->ports[slot->bond].name != NULL ? s->x->ports[slot->bond].name : "");
    else if (p->mode != PLAN_VLAN_NONE)
        check_error(s->c, p->line, "port '%s' is in bond '%s': write its VLANs there", shown, bond->name);
    else if (p->mirror != PLAN_MIRROR_NONE)
        check_error(s->c, p->line, "port '%s' mirrors, so it cannot be in bond '%s'", shown, bond->name);
    else if (slot->link < 0)
        check_error(s->c, bond->line, "bond '%s': its port '%s' is not connected to anything", bond->name,
                    shown);
    else
        check_far_end(s, bond, slot, far);
}

static void check_bond(struct sw *s, const struct topo_port *bond)
{
    struct far_end far = {NULL, -1};

    if (bond->name == NULL || !ifname_ok(bond->name))
        return; /* said already */
    if (bond->members.n < 2 || bond->members.n > LIMIT_BOND_MAX) {
        check_error(s->c, bond->line, "bond '%s' has %zu ports; name 2 to %d in ports='...'", bond->name,
                    bond->members.n, LIMIT_BOND_MAX);
        return;
    }
    if (s->x->rstp)
        check_error(s->c, bond->line,
                    "bond '%s': a switch with rstp='yes' cannot have bonds, which its RSTP does not see",
                    bond->name);
    for (size_t i = 0; i < bond->members.n; i++)
        check_member(s, bond, i, &far);
}

/* ---- mirrors ---- */
static void check_mirror(struct sw *s, const struct topo_port *to)
{
    char name[VALUE_SHOW_SIZE], shown[VALUE_SHOW_SIZE];

    show(to->name, name);
    if (to->mode != PLAN_VLAN_NONE)
        check_error(s->c, to->line, "port '%s' mirrors, so it has no VLANs of its own", name);
    if (to->mirrored.n > s->x->nports) {
        check_error(s->c, to->line, "port '%s' mirrors more ports than '%s' has", name, s->name);
        return;
    }
    for (size_t i = 0; i < to->mirrored.n; i++) {
        const struct topo_slot *slot = find(s, to, to->mirrored.items[i]);
        if (slot == NULL)
            continue;
        show(slot->name, shown);
        if (&s->x->ports[slot->i] == to)
            check_error(s->c, to->line, "port '%s' mirrors itself", name);
        else if (s->x->ports[slot->i].mirror != PLAN_MIRROR_NONE)
            check_error(s->c, to->line, "port '%s' mirrors '%s', which mirrors, too", name, shown);
        else if (slot->bond >= 0)
            check_error(s->c, to->line, "port '%s' mirrors '%s', which is in a bond: name the bond", name,
                        shown);
    }
}

void check_bonds_and_mirrors(struct check *c, const struct topo_element *x)
{
    struct sw s = {c, x, c->t->nnodes + (size_t)(x - c->t->elements), ""};
    size_t mirrors = 0;

    show(x->name, s.name);
    for (size_t i = 0; i < x->nports && x->name != NULL; i++) {
        if (x->ports[i].bond)
            check_bond(&s, &x->ports[i]);
        if (x->ports[i].mirror != PLAN_MIRROR_NONE) {
            check_mirror(&s, &x->ports[i]);
            mirrors++;
        }
    }
    if (mirrors > LIMIT_MIRRORS_MAX)
        check_error(c, x->line, "switch '%s' has %zu mirror ports; the most is %d", s.name, mirrors,
                    LIMIT_MIRRORS_MAX);
}
