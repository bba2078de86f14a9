/* The spec of probe.run against the plan: which devices its ports are.  Pure; used by labhost. */
#include "grading/probe.h"

#include "topology/plan.h"

#include <stdio.h>
#include <string.h>

static const struct plan_port *plan_port_find(const struct plan *p, const char *name)
{
    char head[NAME_SIZE] = "";
    const char *colon = strchr(name, ':');
    const struct plan_node *n;
    const struct plan_link *l;

    if (colon == NULL || (size_t)(colon - name) >= sizeof head)
        return NULL;
    memcpy(head, name, (size_t)(colon - name));
    if ((n = plan_node_find(p, head)) != NULL)
        for (size_t i = 0; i < n->nifaces; i++)
            if (strcmp(n->ifaces[i].name, colon + 1) == 0)
                return &p->ports[n->ifaces[i].port];
    if ((l = plan_link_find(p, head)) != NULL && (strcmp(colon, ":a") == 0 || strcmp(colon, ":b") == 0)) {
        int end = colon[1] == 'b';

        /* A link from a guest to a switch or hub is one wire with one device: at the guest's end, a or b. */
        if (l->port[end] < 0)
            end = !end;
        return l->port[end] >= 0 ? &p->ports[l->port[end]] : NULL;
    }
    return NULL;
}

/* Looks like the MAC of any node; the same in every round, or the students' neighbour tables would
 * point to a reference that is gone.  FNV-1a; distinctness within the lab is by the index. */
static void ref_mac(const char *lab, size_t index, const char *name, char out[18])
{
    uint32_t h = 2166136261u;

    for (const char *p = lab; *p != '\0'; p++)
        h = (h ^ (uint8_t)*p) * 16777619u;
    for (const char *p = name; *p != '\0'; p++)
        h = (h ^ (uint8_t)*p) * 16777619u;
    snprintf(out, 18, "02:%02x:%02x:%02x:%02x:%02x", h >> 24 & 0xff, h >> 16 & 0xff, h >> 8 & 0xff, h & 0xff,
             0x80u | (unsigned)(index & 0x3f));
}

int probe_spec_resolve(struct probe_spec *s, const struct plan *p, struct err *e)
{
    for (size_t i = 0; i < s->nrefs; i++) {
        struct probe_ref *r = &s->refs[i];
        int seg = plan_segment_find(p, r->segment);

        if (seg < 0 || p->segments[seg].kind == PLAN_LINK)
            return err_set(e, ERR_INVALID, "reference '%s': the lab has no network, hub or switch '%s'",
                           r->name, r->segment);
        if (r->vlan != 0 && p->segments[seg].kind != PLAN_LEARN)
            return err_set(e, ERR_INVALID, "reference '%s': '%s' is not a switch, so it has no VLANs",
                           r->name, r->segment);
        ref_mac(p->lab, i, r->name, r->mac);
    }
    for (size_t i = 0; i < s->nports; i++) {
        const struct plan_port *port = plan_port_find(p, s->ports[i].name);

        if (port == NULL)
            return err_set(e, ERR_INVALID, "observe: the lab has no port '%s'", s->ports[i].name);
        memcpy(s->ports[i].dev, port->dev, sizeof s->ports[i].dev);
        s->ports[i].element = port->node < 0;
        if (port->node >= 0)
            memcpy(s->ports[i].mac, p->nodes[port->node].ifaces[port->iface].mac, sizeof s->ports[i].mac);
    }
    for (size_t i = 0; i < s->ncut; i++)
        if (plan_link_find(p, s->cut[i]) == NULL)
            return err_set(e, ERR_INVALID, "cut: the lab has no link '%s'", s->cut[i]);
    return 0;
}
