/* The drawing as JSON, for the web page. */
#include "labd/base/mem.h"
#include "topology/topo.h"
#include "topology/topo_hidden.h"
#include "topology/topo_index.h"

#include <math.h>

static json_t *string_or_null(const char *s)
{
    return s != NULL ? json_string(s) : json_null();
}

static void set_xy(json_t *o, struct topo_point p)
{
    json_object_set_new(o, "x", json_integer(lround(p.x)));
    json_object_set_new(o, "y", json_integer(lround(p.y)));
}

static json_t *iface_json(const struct topo *t, const struct topo_iface *f, const struct topo_slot *slot)
{
    json_t *o = json_object(), *addrs = json_array();
    bool linked = slot != NULL && slot->link >= 0;

    for (size_t i = 0; i < f->naddrs; i++)
        json_array_append_new(addrs, json_string(f->addrs[i].text));
    json_object_set_new(o, "name", json_string(f->name));
    json_object_set_new(o, "mac", json_null());
    json_object_set_new(o, "link", string_or_null(linked ? t->links[slot->link].name : NULL));
    json_object_set_new(o, "network", string_or_null(f->network));
    json_object_set_new(o, "addresses", addrs);
    return o;
}

static void set_hidden(json_t *o, bool hidden)
{
    if (hidden)
        json_object_set_new(o, "hidden", json_true());
}

static json_t *drawn(enum topo_kind kind, const char *name, struct topo_point p, bool hidden)
{
    json_t *o = json_object();

    json_object_set_new(o, "name", json_string(name));
    json_object_set_new(o, "kind", json_string(topo_kind_name(kind)));
    set_xy(o, p);
    set_hidden(o, hidden);
    return o;
}

static json_t *end_json(const struct topo_end *end)
{
    json_t *o = json_object();

    json_object_set_new(o, "node", json_string(end->node));
    json_object_set_new(o, "interface", string_or_null(end->iface));
    return o;
}

static json_t *link_json(const struct topo_link *l, bool hidden)
{
    json_t *o = json_object(), *impair = json_object();

    json_object_set_new(impair, "a", plan_impair_to_json(&l->impair[0]));
    json_object_set_new(impair, "b", plan_impair_to_json(&l->impair[1]));
    json_object_set_new(o, "name", json_string(l->name));
    json_object_set_new(o, "a", end_json(&l->end[0]));
    json_object_set_new(o, "b", end_json(&l->end[1]));
    json_object_set_new(o, "state", json_string(l->up ? "up" : "down"));
    json_object_set_new(o, "impairment", impair);
    set_hidden(o, hidden);
    return o;
}

json_t *topo_drawing_json(const struct topo *t)
{
    AUTO(mem_freep) struct topo_point *p = topo_layout(t);
    AUTO(topo_index_clear) struct topo_index ix = {0};
    json_t *o = json_object(), *nodes = json_array(), *elements = json_array(), *links = json_array();

    topo_index_init(&ix, t);
    for (size_t i = 0; i < t->nnodes; i++) {
        const struct topo_node *n = &t->nodes[i];
        json_t *x = drawn(n->kind, n->name, p[i], n->hidden), *ifaces = json_array();
        for (size_t k = 0; k < n->nifaces; k++)
            json_array_append_new(ifaces,
                                  iface_json(t, &n->ifaces[k], topo_index_slot(&ix, i, n->ifaces[k].name)));
        json_object_set_new(x, "interfaces", ifaces);
        json_array_append_new(nodes, x);
    }
    for (size_t i = 0; i < t->nelements; i++)
        json_array_append_new(elements, drawn(t->elements[i].kind, t->elements[i].name, p[t->nnodes + i],
                                              t->elements[i].hidden));
    for (size_t i = 0; i < t->nlinks; i++)
        json_array_append_new(links, link_json(&t->links[i], topo_link_hidden(t, &ix, &t->links[i])));
    json_object_set_new(o, "nodes", nodes);
    json_object_set_new(o, "elements", elements);
    json_object_set_new(o, "links", links);
    return o;
}
