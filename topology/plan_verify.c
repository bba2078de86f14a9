#include "topology/plan_verify.h"

#include "labd/base/mem.h"
#include "topology/limits.h"

#include <string.h>

/* ---- no two alike: sort pointers to the strings, or keys ---- */
static int order_strings(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;

    return strcmp(*x, *y);
}

static int unique_strings(const char **v, size_t n, const char *what, struct err *e)
{
    qsort(v, n, sizeof *v, order_strings);
    for (size_t i = 1; i < n; i++)
        if (strcmp(v[i - 1], v[i]) == 0)
            return err_set(e, ERR_INVALID, "two %s are \"%s\"", what, v[i]);
    return 0;
}

static int order_u64(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static int unique_ofports(const struct plan *p, struct err *e)
{
    AUTO(mem_freep) uint64_t *v = xcalloc(p->nports + 1, sizeof *v);

    for (size_t i = 0; i < p->nports; i++)
        v[i] = (uint64_t)p->ports[i].bridge << 32 | p->ports[i].ofport;
    qsort(v, p->nports, sizeof *v, order_u64);
    for (size_t i = 1; i < p->nports; i++)
        if (v[i - 1] == v[i])
            return err_set(e, ERR_INVALID, "two ports of bridges[%u] have ofport %u", (unsigned)(v[i] >> 32),
                           (unsigned)(v[i] & 0xffffffff));
    return 0;
}

static int unique_names(const struct plan *p, struct err *e)
{
    size_t n = p->nnodes + p->nlinks + p->nsegments + 1, k = 0;
    AUTO(mem_freep) const char **names = xcalloc(n, sizeof *names);

    for (size_t i = 0; i < p->nnodes; i++)
        names[k++] = p->nodes[i].name;
    for (size_t i = 0; i < p->nlinks; i++)
        names[k++] = p->links[i].name;
    for (size_t i = 0; i < p->nsegments; i++) /* a segment between two guests has its link's name */
        if (p->segments[i].kind != PLAN_LINK && p->segments[i].element[0] != '\0')
            names[k++] = p->segments[i].element;
    return unique_strings(names, k, "names", e);
}

static int unique_in_nodes(const struct plan *p, struct err *e)
{
    AUTO(mem_freep) const char **v = NULL;
    size_t n = 0, k = 0;

    for (size_t i = 0; i < p->nnodes; i++)
        n += p->nodes[i].nifaces + p->nodes[i].nfiles;
    v = xcalloc(n + 1, sizeof *v);
    for (size_t i = 0; i < p->nnodes; i++) {
        const struct plan_node *node = &p->nodes[i];
        for (k = 0; k < node->nifaces; k++)
            v[k] = node->ifaces[k].name;
        if (unique_strings(v, k, "interface names", e) < 0)
            return err_wrap(e, "nodes[%zu]", i);
        for (k = 0; k < node->nfiles; k++)
            v[k] = node->files[k].path;
        if (unique_strings(v, k, "files", e) < 0)
            return err_wrap(e, "nodes[%zu]", i);
    }
    k = 0;
    for (size_t i = 0; i < p->nnodes; i++)
        for (size_t f = 0; f < p->nodes[i].nifaces; f++)
            v[k++] = p->nodes[i].ifaces[f].mac;
    return unique_strings(v, k, "MAC addresses", e);
}

/* ---- what points to what ---- */
static int verify_bridges(const struct plan *p, struct err *e)
{
    size_t wires = 0;

    for (size_t i = 0; i < p->nbridges; i++) {
        const struct plan_bridge *b = &p->bridges[i];
        wires += b->kind == PLAN_WIRES;
        if (wires > 1)
            return err_set(e, ERR_INVALID, "bridges[%zu] is a second one for wires", i);
        if ((b->kind == PLAN_SWITCH) != (b->element[0] != '\0'))
            return err_set(e, ERR_INVALID, "bridges[%zu]: element does not go with kind", i);
    }
    return 0;
}

static int verify_segments(const struct plan *p, struct err *e)
{
    AUTO(mem_freep) size_t *nports = xcalloc(p->nsegments + 1, sizeof *nports);
    AUTO(mem_freep) size_t *nlearn = xcalloc(p->nbridges + 1, sizeof *nlearn);

    for (size_t i = 0; i < p->nports; i++)
        nports[p->ports[i].segment]++;
    for (size_t i = 0; i < p->nsegments; i++) {
        const struct plan_segment *s = &p->segments[i];
        const struct plan_bridge *b = &p->bridges[s->bridge];
        if ((s->kind == PLAN_LEARN) != (b->kind == PLAN_SWITCH))
            return err_set(e, ERR_INVALID, "segments[%zu]: kind does not go with its bridge", i);
        if (s->kind == PLAN_LEARN && (++nlearn[s->bridge] > 1 || strcmp(s->element, b->element) != 0))
            return err_set(e, ERR_INVALID, "segments[%zu] is not the one of its switch", i);
        if (s->kind == PLAN_LINK && nports[i] != 2)
            return err_set(e, ERR_INVALID, "segments[%zu] is a link, but has %zu ports", i, nports[i]);
        if (s->element[0] == '\0' && (s->kind != PLAN_HUB || nports[i] != 1))
            return err_set(e, ERR_INVALID, "segments[%zu] has no element", i);
    }
    for (size_t i = 0; i < p->nbridges; i++)
        if (p->bridges[i].kind == PLAN_SWITCH && nlearn[i] == 0)
            return err_set(e, ERR_INVALID, "bridges[%zu] has no segment", i);
    return 0;
}

static bool link_names_port(const struct plan *p, const struct plan_port *port)
{
    int32_t i = (int32_t)(port - p->ports);
    const struct plan_link *l = &p->links[port->link];

    return l->port[0] == i || l->port[1] == i;
}

static int verify_port(const struct plan *p, const struct plan_port *port, struct err *e)
{
    int32_t i = (int32_t)(port - p->ports);
    const struct plan_segment *s = &p->segments[port->segment];
    bool gateway = p->internet != NULL && p->internet->port == (uint32_t)i;

    if (s->bridge != port->bridge)
        return err_set(e, ERR_INVALID, "its segment is on another bridge");
    if ((port->node < 0) != (port->iface < 0) || (port->node >= 0) + (port->peer >= 0) + gateway != 1)
        return err_set(e, ERR_INVALID, "it is not an interface's, one of a pair, or the gateway's");
    if (gateway && (s->kind != PLAN_HUB || s->element[0] == '\0' || port->link >= 0))
        return err_set(e, ERR_INVALID, "the gateway's port is not on a segment of its own");
    if (port->node >= 0 && p->nodes[port->node].ifaces[port->iface].port != (uint32_t)i)
        return err_set(e, ERR_INVALID, "its interface has another port");
    if (port->peer >= 0 && (port->peer == i || p->ports[port->peer].peer != i || port->link < 0 ||
                            p->ports[port->peer].link != port->link))
        return err_set(e, ERR_INVALID, "its peer is not its peer");
    if (port->peer >= 0 && s->kind == PLAN_LINK)
        return err_set(e, ERR_INVALID, "one of a pair in a link of two interfaces");
    if (port->link >= 0 && !link_names_port(p, port))
        return err_set(e, ERR_INVALID, "its link has other ports");
    if (s->kind == PLAN_LINK && (port->link < 0 || strcmp(p->links[port->link].name, s->element) != 0))
        return err_set(e, ERR_INVALID, "its segment belongs to another link");
    if (port->vlan_mode != PLAN_VLAN_NONE && s->kind != PLAN_LEARN)
        return err_set(e, ERR_INVALID, "it has VLANs, but is not on a switch");
    return 0;
}

static int verify_links(const struct plan *p, struct err *e)
{
    for (size_t i = 0; i < p->nlinks; i++) {
        const struct plan_link *l = &p->links[i];
        if ((l->port[0] < 0 && l->port[1] < 0) || l->port[0] == l->port[1])
            return err_set(e, ERR_INVALID, "links[%zu] has no ports, or one twice", i);
        for (int k = 0; k < 2; k++)
            if (l->port[k] >= 0 && p->ports[l->port[k]].link != (int32_t)i)
                return err_set(e, ERR_INVALID, "links[%zu] has a port that is not its own", i);
    }
    return 0;
}

static int verify_ifaces(const struct plan *p, struct err *e)
{
    for (size_t i = 0; i < p->nnodes; i++)
        for (size_t k = 0; k < p->nodes[i].nifaces; k++) {
            uint32_t port = p->nodes[i].ifaces[k].port;
            if (port >= p->nports || p->ports[port].node != (int32_t)i || p->ports[port].iface != (int32_t)k)
                return err_set(e, ERR_INVALID, "nodes[%zu].ifaces[%zu].port is not its port", i, k);
        }
    return 0;
}

/* ---- bonds and mirrors ---- */
static bool same_vlans(const struct plan_port *a, const struct plan_port *b)
{
    return a->vlan_mode == b->vlan_mode && a->vlan_tag == b->vlan_tag && a->nvlan_trunks == b->nvlan_trunks &&
           memcmp(a->vlan_trunks, b->vlan_trunks, a->nvlan_trunks * sizeof *a->vlan_trunks) == 0;
}

static int verify_bonds(const struct plan *p, struct err *e)
{
    AUTO(mem_freep) const struct plan_port **first = xcalloc(p->nbonds + 1, sizeof *first);
    AUTO(mem_freep) size_t *n = xcalloc(p->nbonds + 1, sizeof *n);

    for (size_t i = 0; i < p->nports; i++) {
        const struct plan_port *q = &p->ports[i];
        if (q->bond < 0)
            continue;
        if (q->bridge != p->bonds[q->bond].bridge)
            return err_set(e, ERR_INVALID, "ports[%zu]: its bond is on another bridge", i);
        if (n[q->bond]++ == 0)
            first[q->bond] = q;
        else if (!same_vlans(q, first[q->bond]))
            return err_set(e, ERR_INVALID, "ports[%zu] has other VLANs than its bond", i);
    }
    for (size_t i = 0; i < p->nbonds; i++) {
        const struct plan_bridge *b = &p->bridges[p->bonds[i].bridge];
        if (b->kind != PLAN_SWITCH || b->rstp)
            return err_set(e, ERR_INVALID, "bonds[%zu] is not on a switch without RSTP", i);
        if (n[i] < 2 || n[i] > LIMIT_BOND_MAX)
            return err_set(e, ERR_INVALID, "bonds[%zu] has %zu ports", i, n[i]);
    }
    return 0;
}

static int verify_mirror(const struct plan *p, const struct plan_mirror_port *m, bool *is_mirror, bool *seen,
                         struct err *e)
{
    const struct plan_port *to = &p->ports[m->to];

    if (p->bridges[to->bridge].kind != PLAN_SWITCH || to->bond >= 0 || to->vlan_mode != PLAN_VLAN_NONE)
        return err_set(e, ERR_INVALID, "it is not to a plain port of a switch");
    if (is_mirror[m->to])
        return err_set(e, ERR_INVALID, "its port has another mirror");
    is_mirror[m->to] = true;
    if (m->nfrom == 0)
        return err_set(e, ERR_INVALID, "it shows no port");
    for (size_t i = 0; i < m->nfrom; i++) {
        if (p->ports[m->from[i]].bridge != to->bridge || m->from[i] == m->to || seen[m->from[i]])
            return err_set(e, ERR_INVALID, "from[%zu] is on another switch, its own, or there twice", i);
        seen[m->from[i]] = true;
    }
    for (size_t i = 0; i < m->nfrom; i++)
        seen[m->from[i]] = false;
    return 0;
}

static int verify_mirrors(const struct plan *p, struct err *e)
{
    AUTO(mem_freep) bool *is_mirror = xcalloc(p->nports + 1, sizeof *is_mirror);
    AUTO(mem_freep) bool *seen = xcalloc(p->nports + 1, sizeof *seen);
    AUTO(mem_freep) size_t *n = xcalloc(p->nbridges + 1, sizeof *n);

    for (size_t i = 0; i < p->nmirrors; i++) {
        if (verify_mirror(p, &p->mirrors[i], is_mirror, seen, e) < 0)
            return err_wrap(e, "mirrors[%zu]", i);
        if (++n[p->ports[p->mirrors[i].to].bridge] > LIMIT_MIRRORS_MAX)
            return err_set(e, ERR_INVALID, "mirrors[%zu] is one too many on its switch", i);
    }
    return 0;
}

int plan_verify(const struct plan *p, struct err *e)
{
    if (verify_ifaces(p, e) < 0 || verify_bridges(p, e) < 0)
        return -1;
    for (size_t i = 0; i < p->nports; i++)
        if (verify_port(p, &p->ports[i], e) < 0)
            return err_wrap(e, "ports[%zu]", i);
    if (verify_links(p, e) < 0 || verify_segments(p, e) < 0 || unique_names(p, e) < 0 ||
        unique_in_nodes(p, e) < 0 || unique_ofports(p, e) < 0 || verify_bonds(p, e) < 0 ||
        verify_mirrors(p, e) < 0)
        return -1;
    return 0;
}
