/* The reader: hosts, routers and what is in them. */
#include "topology/topo_read.h"

#include "labd/base/mem.h"
#include "topology/topo_attr.h"
#include "topology/topo_grow.h"
#include "topology/topo_xml.h"

#include <stddef.h>
#include <string.h>

/* It is asked for now, and given by topo_pools_resolve(). */
static void ask_pool(struct reader *r, const xmlNode *x, struct topo_iface *f, char *pool)
{
    AUTO(mem_freep) char *text = read_text(r, x);
    struct topo_ask *ask = TOPO_PUSH(r->pools.asks, r->pools.nasks);
    const struct topo_node *n = &r->t->nodes[r->t->nnodes - 1];

    if (!read_all_space(text))
        topo_msgs_add(r->m, topo_xml_line(x), TOPO_ERROR,
                      "<address> has pool=\"...\" or an address inside, not both");
    *ask = (struct topo_ask){r->t->nnodes - 1, n->nifaces - 1, f->naddrs, NULL, topo_xml_line(x)};
    ask->pool = pool;
    TOPO_PUSH(f->addrs, f->naddrs)->line = topo_xml_line(x);
}

void read_address(struct reader *r, const xmlNode *x, void *parent)
{
    static const struct attr attrs[] = {
        {"pool", A_STRING, 0},
        ATTRS_END,
    };
    struct topo_iface *f = parent;
    char *pool = NULL;
    size_t n = f->naddrs;

    topo_attrs(r->m, x, attrs, &pool);
    if (pool != NULL) {
        ask_pool(r, x, f, pool);
        return;
    }
    f->addrs = read_push_text(r, x, f->addrs, &f->naddrs);
    if (f->naddrs > n)
        read_trim(f->addrs[n].text);
}

void read_interface(struct reader *r, const xmlNode *x, void *parent)
{
    static const struct attr attrs[] = {
        {"name", A_STRING, offsetof(struct topo_iface, name)},
        {"network", A_STRING, offsetof(struct topo_iface, network)},
        {"mtu", A_POSITIVE, offsetof(struct topo_iface, mtu)},
        ATTRS_END,
    };
    struct topo_node *n = parent;
    struct topo_iface *f = TOPO_PUSH(n->ifaces, n->nifaces);

    f->line = topo_xml_line(x);
    topo_attrs(r->m, x, attrs, f);
    read_children(r, x, BIT(E_ADDRESS), f);
}

void read_route(struct reader *r, const xmlNode *x, void *parent)
{
    static const struct attr attrs[] = {
        {"to", A_STRING, offsetof(struct topo_route, to)},
        {"via", A_STRING, offsetof(struct topo_route, via)},
        {"dev", A_STRING, offsetof(struct topo_route, dev)},
        ATTRS_END,
    };
    struct topo_node *n = parent;
    struct topo_route *route = TOPO_PUSH(n->routes, n->nroutes);

    route->line = topo_xml_line(x);
    topo_attrs(r->m, x, attrs, route);
    read_children(r, x, 0, route);
}

void read_startup(struct reader *r, const xmlNode *x, void *parent)
{
    struct topo_node *n = parent;

    topo_attrs(r->m, x, NULL, NULL);
    n->startup.text = read_text_or_null(read_text(r, x));
    n->startup.line = topo_xml_line(x);
}

void read_file(struct reader *r, const xmlNode *x, void *parent)
{
    static const struct attr attrs[] = {
        {"path", A_STRING, offsetof(struct topo_file, path)},
        {"mode", A_MODE, offsetof(struct topo_file, mode)},
        {"hidden", A_BOOL, offsetof(struct topo_file, hidden)},
        ATTRS_END,
    };
    struct topo_node *n = parent;
    struct topo_file *f = TOPO_PUSH(n->files, n->nfiles);

    f->line = topo_xml_line(x);
    f->mode = 0644;
    topo_attrs(r->m, x, attrs, f);
    f->text = read_text(r, x);
}

void read_frr(struct reader *r, const xmlNode *x, void *parent)
{
    static const struct attr attrs[] = {
        {"daemons", A_WORDS, 0},
        ATTRS_END,
    };
    struct topo_node *n = parent;

    n->frr = true;
    n->frr_line = topo_xml_line(x);
    topo_attrs(r->m, x, attrs, n);
    n->frr_conf = read_text_or_null(read_text(r, x));
}

void read_note(struct reader *r, const xmlNode *x, void *parent)
{
    struct topo_node *n = parent;

    topo_attrs(r->m, x, NULL, NULL);
    n->notes = read_push_text(r, x, n->notes, &n->nnotes);
}

#define NODE_ATTRS \
    {"name", A_STRING, offsetof(struct topo_node, name)}, \
        {"image", A_STRING, offsetof(struct topo_node, image)}, \
        {"memory", A_POSITIVE, offsetof(struct topo_node, memory_mb)}, \
        {"vcpus", A_POSITIVE, offsetof(struct topo_node, vcpus)}, \
        {"hidden", A_BOOL, offsetof(struct topo_node, hidden)}, {"x", A_X, offsetof(struct topo_node, pos)}, \
    { \
        "y", A_Y, offsetof(struct topo_node, pos) \
    }
#define NODE_CHILDREN (BIT(E_INTERFACE) | BIT(E_ROUTE) | BIT(E_STARTUP) | BIT(E_FILE) | BIT(E_NOTE))

void read_host(struct reader *r, const xmlNode *x, void *parent)
{
    static const struct attr attrs[] = {NODE_ATTRS, ATTRS_END};
    struct topo_node *n = TOPO_PUSH(r->t->nodes, r->t->nnodes);

    (void)parent;
    n->kind = TOPO_HOST;
    n->line = topo_xml_line(x);
    topo_attrs(r->m, x, attrs, n);
    read_children(r, x, NODE_CHILDREN, n);
}

void read_router(struct reader *r, const xmlNode *x, void *parent)
{
    static const struct attr attrs[] = {
        NODE_ATTRS,
        {"forwarding", A_BOOL, offsetof(struct topo_node, forwarding)},
        ATTRS_END,
    };
    struct topo_node *n = TOPO_PUSH(r->t->nodes, r->t->nnodes);

    (void)parent;
    n->kind = TOPO_ROUTER;
    n->line = topo_xml_line(x);
    n->forwarding = true;
    topo_attrs(r->m, x, attrs, n);
    read_children(r, x, NODE_CHILDREN | BIT(E_FRR), n);
}
