/* Switches, links and what they join. */
#include "topology/topo_check.h"

#include "labd/base/buf.h"
#include "labd/base/mem.h"
#include "labd/base/name.h"
#include "topology/limits.h"
#include "topology/topo_value.h"

#include <string.h>

#define SLOTS_SHOWN 8 /* names of ports and interfaces in a message */
#define KINDS_LINKED \
    (1u << TOPO_HOST | 1u << TOPO_ROUTER | 1u << TOPO_SWITCH | 1u << TOPO_HUB | 1u << TOPO_NETWORK | \
     1u << TOPO_INTERNET)

static void check_vlan(struct check *c, const struct topo_port *p, uint32_t vlan)
{
    char shown[VALUE_SHOW_SIZE];

    if (vlan < 1 || vlan > LIMIT_VLAN_MAX)
        check_error(c, p->line, "VLAN %u of port '%s' is out of range: use 1 to %d", vlan,
                    value_show(p->name != NULL ? p->name : "", shown), LIMIT_VLAN_MAX);
}

static void check_trunk(struct check *c, const struct topo_port *p)
{
    char shown[VALUE_SHOW_SIZE];

    value_show(p->name != NULL ? p->name : "", shown);
    if (p->ntrunks > PLAN_VLANS_MAX) {
        check_error(c, p->line, "port '%s' has %zu VLANs; the most is %d, or trunk=\"all\"", shown,
                    p->ntrunks, PLAN_VLANS_MAX);
        return;
    }
    for (size_t i = 0; i < p->ntrunks; i++) {
        check_vlan(c, p, p->trunks[i]);
        for (size_t k = 0; k < i; k++)
            if (p->trunks[k] == p->trunks[i]) {
                check_error(c, p->line, "port '%s' names VLAN %u twice", shown, p->trunks[i]);
                break;
            }
    }
    if (p->native != 0)
        check_vlan(c, p, p->native);
}

static void check_port(struct check *c, const struct topo_element *x, const struct topo_port *p)
{
    char shown[VALUE_SHOW_SIZE], name[VALUE_SHOW_SIZE];
    const struct topo_slot *slot;

    value_show(p->name != NULL ? p->name : "", shown);
    value_show(x->name != NULL ? x->name : "", name);
    if (p->name == NULL)
        check_error(c, p->line, "<port> lacks the attribute 'name'");
    else if (!ifname_ok(p->name))
        check_error(c, p->line,
                    "port name '%s' is not allowed: use 1 to 15 characters from a-z, 0-9, '.', '_' and '-', "
                    "beginning with a letter, and not \"lo\"",
                    shown);
    if (p->mode == PLAN_VLAN_ACCESS)
        check_vlan(c, p, p->access);
    else if (p->mode == PLAN_VLAN_TRUNK)
        check_trunk(c, p);
    slot = topo_index_slot(&c->ix, c->t->nnodes + (size_t)(x - c->t->elements), p->name);
    if (slot == NULL)
        return;
    if (&x->ports[slot->i] != p)
        check_error(c, p->line, "'%s' has two ports named '%s'", name, shown);
    else if (slot->link < 0 && !p->bond && slot->bond < 0)
        check_warn(c, p->line, "port '%s' of '%s' is not connected to anything", shown, name);
}

void check_switch(struct check *c, const struct topo_element *x)
{
    if (x->kind != TOPO_SWITCH)
        return;
    if (x->rstp_priority > LIMIT_RSTP_PRIORITY_MAX || x->rstp_priority % LIMIT_RSTP_PRIORITY_STEP != 0)
        check_error(c, x->line, "rstp-priority=\"%u\" is not a multiple of %u up to %u", x->rstp_priority,
                    LIMIT_RSTP_PRIORITY_STEP, LIMIT_RSTP_PRIORITY_MAX);
    for (size_t i = 0; i < x->nports; i++)
        check_port(c, x, &x->ports[i]);
    if (x->mac_ageing != 0 && (x->mac_ageing < LIMIT_AGEING_MIN || x->mac_ageing > LIMIT_AGEING_MAX))
        check_error(c, x->line, "mac-ageing=\"%u\" is out of range: use %d to %d (seconds)", x->mac_ageing,
                    LIMIT_AGEING_MIN, LIMIT_AGEING_MAX);
    check_bonds_and_mirrors(c, x);
}

/* ---- links ---- */
struct joined {     /* elements of ours that links join, as sets (for loops) */
    size_t *parent; /* by element */
    bool *blocked;  /* by root: every member is a switch with RSTP */
};

static size_t find_root(struct joined *j, size_t i)
{
    while (j->parent[i] != i)
        i = j->parent[i] = j->parent[j->parent[i]];
    return i;
}

/* The ports of a switch or the interfaces of a node, one after another: name 'i', or NULL behind the last. */
static const char *slot_name(const struct topo *t, const struct topo_ref *ref, size_t i)
{
    const char *name;

    if (ref->kind == TOPO_SWITCH) {
        if (i >= t->elements[ref->i].nports)
            return NULL;
        name = t->elements[ref->i].ports[i].name;
    } else {
        if (i >= t->nodes[ref->i].nifaces)
            return NULL;
        name = t->nodes[ref->i].ifaces[i].name;
    }
    return name != NULL && ifname_ok(name) ? name : "";
}

/* The link ends at a port or interface that is not there. */
static void no_such_slot(struct check *c, const struct topo_link *l, const struct topo_end *end,
                         const struct topo_ref *ref, const char *what)
{
    AUTO(buf_clear) struct buf has = BUF_INIT;
    char link[VALUE_SHOW_SIZE], node[VALUE_SHOW_SIZE], slot[VALUE_SHOW_SIZE], hint[VALUE_HINT_SIZE];
    size_t n = 0,
           count = ref->kind == TOPO_SWITCH ? c->t->elements[ref->i].nports : c->t->nodes[ref->i].nifaces;
    bool guess = check_may_guess(c, count);
    struct value_guess g;

    value_guess_init(&g, end->iface);
    for (const char *s; guess && (s = slot_name(c->t, ref, n)) != NULL; n++) {
        value_guess_offer(&g, s);
        if (n < SLOTS_SHOWN)
            buf_printf(&has, "%s%s", n > 0 ? ", " : "", s);
    }
    if (n > SLOTS_SHOWN)
        buf_printf(&has, " and %zu more", n - SLOTS_SHOWN);
    check_error(c, l->line, "link '%s' ends at %s '%s' of '%s', which has %s%s%s",
                value_show(l->name != NULL ? l->name : "", link), what, value_show(end->iface, slot),
                value_show(end->node, node), n > 0 ? buf_str(&has) : "no ", n > 0 ? "" : "such ",
                n > 0 ? value_guess_hint(&g, hint) : what);
}

static void check_slot(struct check *c, const struct topo_link *l, const struct topo_end *end,
                       const struct topo_ref *ref)
{
    struct topo_slot *slot = topo_index_slot(&c->ix, topo_index_owner(&c->ix, ref), end->iface);
    const char *what = ref->kind == TOPO_SWITCH ? "port" : "interface";
    char node[VALUE_SHOW_SIZE], iface[VALUE_SHOW_SIZE];

    if (slot == NULL)
        no_such_slot(c, l, end, ref, what);
    else if (ref->kind == TOPO_SWITCH && c->t->elements[ref->i].ports[slot->i].bond)
        check_error(c, l->line, "'%s' of '%s' is a bond; links end at its ports",
                    value_show(end->iface, iface), value_show(end->node, node));
    else if (slot->link != (int32_t)(l - c->t->links))
        check_error(c, l->line, "%s '%s' of '%s' is used twice: by the link in line %d already", what,
                    value_show(end->iface, iface), value_show(end->node, node), c->t->links[slot->link].line);
}

/* What the end names, or NULL after an error. */
static const struct topo_ref *check_end(struct check *c, const struct topo_link *l, int k)
{
    const struct topo_end *end = &l->end[k];
    const struct topo_ref *ref = topo_index_find(&c->ix, end->node);
    char shown[VALUE_SHOW_SIZE], hint[VALUE_HINT_SIZE];

    if (end->node == NULL) {
        check_error(c, l->line, "<link> lacks the attribute '%c'", "ab"[k]);
        return NULL;
    }
    value_show(end->node, shown);
    if (ref == NULL || ref->kind == TOPO_LINK) {
        check_error(c, l->line,
                    "end %c of the link: there is no host, router, switch, hub, network or internet '%s'%s",
                    "ab"[k], shown, check_suggest(c, end->node, KINDS_LINKED, hint));
        return NULL;
    }
    if (topo_kind_is_node(ref->kind) && end->iface == NULL)
        check_error(c, l->line,
                    "end %c of the link names no interface of '%s'; write '%s:eth0', for instance", "ab"[k],
                    shown, shown);
    else if (ref->kind != TOPO_SWITCH && !topo_kind_is_node(ref->kind) && end->iface != NULL)
        check_error(c, l->line, "end %c of the link: <%s> has no ports with names; write '%s'", "ab"[k],
                    topo_kind_name(ref->kind), shown);
    else if (end->iface != NULL)
        check_slot(c, l, end, ref);
    return ref;
}

/* A port that passes nothing on by which a loop could close: it shows others, or its bond's first port has
 * been counted. */
static bool closes_nothing(struct check *c, const struct topo_end *end, const struct topo_ref *ref)
{
    const struct topo_slot *slot = topo_index_slot(&c->ix, topo_index_owner(&c->ix, ref), end->iface);
    const struct topo_port *ports = c->t->elements[ref->i].ports;

    return slot != NULL && (ports[slot->i].mirror != PLAN_MIRROR_NONE ||
                            (slot->bond >= 0 && strcmp(ports[slot->bond].members.items[0], end->iface) != 0));
}

static void check_loop(struct check *c, const struct topo_link *l, const struct topo_ref *const ref[2],
                       struct joined *j)
{
    size_t a, b;

    if (topo_kind_is_node(ref[0]->kind) || topo_kind_is_node(ref[1]->kind) || !l->up ||
        closes_nothing(c, &l->end[0], ref[0]) || closes_nothing(c, &l->end[1], ref[1]))
        return;
    a = find_root(j, ref[0]->i);
    b = find_root(j, ref[1]->i);
    if (a == b) {
        if (!j->blocked[a])
            check_warn(
                c, l->line,
                "this link closes a loop in which not every element is a switch with rstp=\"yes\": frames will "
                "circle for ever");
        return;
    }
    j->parent[b] = a;
    j->blocked[a] = j->blocked[a] && j->blocked[b];
}

static void check_link(struct check *c, const struct topo_link *l, struct joined *j)
{
    const struct topo_ref *ref[2] = {check_end(c, l, 0), check_end(c, l, 1)};

    for (int k = 0; k < 2; k++) {
        const char *fault = limit_impair_fault(&l->impair[k]);
        if (fault != NULL)
            check_error(c, l->line, "impairment from end %c: %s", "ab"[k], fault);
    }
    if (ref[0] == NULL || ref[1] == NULL)
        return;
    if (ref[0] == ref[1]) {
        const char *a = l->end[0].iface, *b = l->end[1].iface;
        if (a == NULL || b == NULL || strcmp(a, b) == 0) {
            check_error(c, l->line, "both ends of the link are the same");
            return;
        }
    }
    check_loop(c, l, ref, j);
}

void check_links(struct check *c)
{
    AUTO(mem_freep) size_t *parent = xcalloc(c->t->nelements + 1, sizeof *parent);
    AUTO(mem_freep) bool *blocked = xcalloc(c->t->nelements + 1, sizeof *blocked);
    struct joined j = {parent, blocked};

    for (size_t i = 0; i < c->t->nelements; i++) {
        parent[i] = i;
        blocked[i] = c->t->elements[i].kind == TOPO_SWITCH && c->t->elements[i].rstp;
    }
    for (size_t i = 0; i < c->t->nlinks; i++)
        check_link(c, &c->t->links[i], &j);
}
