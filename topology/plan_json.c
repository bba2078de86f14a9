/* A plan as JSON, for the request from labd to labhost and for plan.json on disk. */
#include "labd/base/mem.h"
#include "topology/plan.h"
#include "topology/plan_words.h"

const char *const plan_node_kinds[] = {"host", "router", NULL};
const char *const plan_bridge_kinds[] = {"wires", "switch", NULL};
const char *const plan_segment_kinds[] = {"link", "hub", "learn", NULL};
const char *const plan_vlan_modes[] = {"none", "access", "trunk", NULL};
const char *const plan_mirrors[] = {"none", "in", "out", "both", NULL};

static json_t *number(uint64_t v)
{
    return json_integer((json_int_t)v);
}

json_t *plan_impair_to_json(const struct plan_impair *i)
{
    json_t *o = json_object();

    if (i->delay_us != 0)
        json_object_set_new(o, "delay_us", number(i->delay_us));
    if (i->jitter_us != 0)
        json_object_set_new(o, "jitter_us", number(i->jitter_us));
    if (i->loss_ppm != 0)
        json_object_set_new(o, "loss_ppm", number(i->loss_ppm));
    if (i->duplicate_ppm != 0)
        json_object_set_new(o, "duplicate_ppm", number(i->duplicate_ppm));
    if (i->corrupt_ppm != 0)
        json_object_set_new(o, "corrupt_ppm", number(i->corrupt_ppm));
    if (i->reorder_ppm != 0)
        json_object_set_new(o, "reorder_ppm", number(i->reorder_ppm));
    if (i->rate_bps != 0)
        json_object_set_new(o, "rate_bps", number(i->rate_bps));
    return o;
}

static json_t *iface_json(const struct plan_iface *f)
{
    json_t *o = json_object();

    json_object_set_new(o, "name", json_string(f->name));
    json_object_set_new(o, "mac", json_string(f->mac));
    json_object_set_new(o, "mtu", number(f->mtu));
    json_object_set_new(o, "port", number(f->port));
    return o;
}

static json_t *file_json(const struct plan_file *f)
{
    json_t *o = json_object();

    json_object_set_new(o, "path", json_string(f->path));
    json_object_set_new(o, "mode", number(f->mode));
    json_object_set_new(o, "content", json_string(f->content));
    return o;
}

static json_t *node_json(const struct plan_node *n)
{
    json_t *o = json_object(), *ifaces = json_array(), *files = json_array();

    json_object_set_new(o, "name", json_string(n->name));
    json_object_set_new(o, "kind", json_string(plan_node_kinds[n->kind]));
    json_object_set_new(o, "image", json_string(n->image));
    json_object_set_new(o, "memory_mb", number(n->memory_mb));
    json_object_set_new(o, "vcpus", number(n->vcpus));
    for (size_t i = 0; i < n->nifaces; i++)
        json_array_append_new(ifaces, iface_json(&n->ifaces[i]));
    json_object_set_new(o, "ifaces", ifaces);
    if (n->startup != NULL)
        json_object_set_new(o, "startup", json_string(n->startup));
    for (size_t i = 0; i < n->nfiles; i++)
        json_array_append_new(files, file_json(&n->files[i]));
    json_object_set_new(o, "files", files);
    return o;
}

static json_t *bridge_json(const struct plan_bridge *b)
{
    json_t *o = json_object();

    json_object_set_new(o, "dev", json_string(b->dev));
    json_object_set_new(o, "kind", json_string(plan_bridge_kinds[b->kind]));
    json_object_set_new(o, "element", json_string(b->element));
    json_object_set_new(o, "rstp", json_boolean(b->rstp));
    json_object_set_new(o, "rstp_priority", number(b->rstp_priority));
    if (b->mac_ageing != 0)
        json_object_set_new(o, "mac_ageing", number(b->mac_ageing));
    return o;
}

static json_t *segment_json(const struct plan_segment *s)
{
    json_t *o = json_object();

    json_object_set_new(o, "element", json_string(s->element));
    json_object_set_new(o, "kind", json_string(plan_segment_kinds[s->kind]));
    json_object_set_new(o, "bridge", number(s->bridge));
    return o;
}

static json_t *port_json(const struct plan_port *p)
{
    json_t *o = json_object();

    json_object_set_new(o, "dev", json_string(p->dev));
    json_object_set_new(o, "bridge", number(p->bridge));
    json_object_set_new(o, "ofport", number(p->ofport));
    json_object_set_new(o, "segment", number(p->segment));
    if (p->node >= 0) {
        json_object_set_new(o, "node", json_integer(p->node));
        json_object_set_new(o, "iface", json_integer(p->iface));
    }
    if (p->peer >= 0)
        json_object_set_new(o, "peer", json_integer(p->peer));
    if (p->link >= 0)
        json_object_set_new(o, "link", json_integer(p->link));
    if (p->vlan_mode != PLAN_VLAN_NONE) {
        json_t *trunks = json_array();
        json_object_set_new(o, "vlan_mode", json_string(plan_vlan_modes[p->vlan_mode]));
        json_object_set_new(o, "vlan_tag", number(p->vlan_tag));
        for (size_t i = 0; i < p->nvlan_trunks; i++)
            json_array_append_new(trunks, number(p->vlan_trunks[i]));
        json_object_set_new(o, "vlan_trunks", trunks);
    }
    if (p->bond >= 0)
        json_object_set_new(o, "bond", json_integer(p->bond));
    return o;
}

static json_t *link_json(const struct plan_link *l)
{
    json_t *o = json_object(), *ports = json_array(), *impair = json_array();

    json_object_set_new(o, "name", json_string(l->name));
    for (int k = 0; k < 2; k++) {
        json_array_append_new(ports, json_integer(l->port[k]));
        json_array_append_new(impair, plan_impair_to_json(&l->impair[k]));
    }
    json_object_set_new(o, "ports", ports);
    json_object_set_new(o, "impair", impair);
    json_object_set_new(o, "up", json_boolean(l->up));
    return o;
}

static json_t *bond_json(const struct plan_bond *b)
{
    json_t *o = json_object();

    json_object_set_new(o, "dev", json_string(b->dev));
    json_object_set_new(o, "bridge", number(b->bridge));
    json_object_set_new(o, "passive", json_boolean(b->passive));
    return o;
}

static json_t *mirror_json(const struct plan_mirror_port *m)
{
    json_t *o = json_object(), *from = json_array();

    for (size_t i = 0; i < m->nfrom; i++)
        json_array_append_new(from, number(m->from[i]));
    json_object_set_new(o, "to", number(m->to));
    json_object_set_new(o, "direction", json_string(plan_mirrors[m->direction]));
    json_object_set_new(o, "from", from);
    return o;
}

static json_t *internet_json(const struct plan_internet *n)
{
    json_t *o = json_object(), *addrs = json_array();

    json_object_set_new(o, "port", number(n->port));
    for (size_t i = 0; i < n->naddrs; i++)
        json_array_append_new(addrs, json_string(n->addrs[i]));
    json_object_set_new(o, "addresses", addrs);
    return o;
}

json_t *plan_to_json(const struct plan *p)
{
    json_t *o = json_object(), *nodes = json_array(), *bridges = json_array(), *segments = json_array(),
           *ports = json_array(), *links = json_array(), *bonds = json_array(), *mirrors = json_array();

    for (size_t i = 0; i < p->nnodes; i++)
        json_array_append_new(nodes, node_json(&p->nodes[i]));
    for (size_t i = 0; i < p->nbridges; i++)
        json_array_append_new(bridges, bridge_json(&p->bridges[i]));
    for (size_t i = 0; i < p->nsegments; i++)
        json_array_append_new(segments, segment_json(&p->segments[i]));
    for (size_t i = 0; i < p->nports; i++)
        json_array_append_new(ports, port_json(&p->ports[i]));
    for (size_t i = 0; i < p->nlinks; i++)
        json_array_append_new(links, link_json(&p->links[i]));
    for (size_t i = 0; i < p->nbonds; i++)
        json_array_append_new(bonds, bond_json(&p->bonds[i]));
    for (size_t i = 0; i < p->nmirrors; i++)
        json_array_append_new(mirrors, mirror_json(&p->mirrors[i]));
    json_object_set_new(o, "lab", json_string(p->lab));
    json_object_set_new(o, "nodes", nodes);
    json_object_set_new(o, "bridges", bridges);
    json_object_set_new(o, "segments", segments);
    json_object_set_new(o, "ports", ports);
    json_object_set_new(o, "links", links);
    json_object_set_new(o, "bonds", bonds);
    json_object_set_new(o, "mirrors", mirrors);
    if (p->internet != NULL)
        json_object_set_new(o, "internet", internet_json(p->internet));
    return o;
}
