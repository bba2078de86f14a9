/* The reader: switches with their ports and bonds, hubs, networks. */
#include "topology/topo_read.h"

#include "topology/topo_attr.h"
#include "topology/topo_grow.h"
#include "topology/topo_xml.h"

#include <stddef.h>

#define VLAN_ATTRS \
    [ACCESS] = {"access", A_UINT, offsetof(struct topo_port, access)}, [TRUNK] = {"trunk", A_TRUNK, 0}, \
    [NATIVE] = {"native", A_UINT, offsetof(struct topo_port, native)}
enum { NAME, ACCESS, TRUNK, NATIVE, MIRROR, DIRECTION };

static void check_vlan_attrs(struct reader *r, struct topo_port *p, unsigned given)
{
    if ((given & BIT(ACCESS)) && (given & BIT(TRUNK)))
        topo_msgs_add(r->m, p->line, TOPO_ERROR,
                      "a port is either access=\"VLAN\" or trunk=\"VLANs\", not both");
    if ((given & BIT(NATIVE)) && !(given & BIT(TRUNK)))
        topo_msgs_add(r->m, p->line, TOPO_ERROR, "native=\"%u\" needs trunk=\"...\" beside it", p->native);
    else if ((given & BIT(NATIVE)) && p->native == 0)
        topo_msgs_add(r->m, p->line, TOPO_ERROR, "native VLAN 0 is out of range: use 1 to 4094");
    p->mode = given & BIT(TRUNK) ? PLAN_VLAN_TRUNK : given & BIT(ACCESS) ? PLAN_VLAN_ACCESS : PLAN_VLAN_NONE;
}

void read_port(struct reader *r, const xmlNode *x, void *parent)
{
    static const struct attr attrs[] = {
        [NAME] = {"name", A_STRING, offsetof(struct topo_port, name)},
        VLAN_ATTRS,
        [MIRROR] = {"mirror", A_MIRROR, 0},
        [DIRECTION] = {"direction", A_DIRECTION, offsetof(struct topo_port, mirror)},
        ATTRS_END,
    };
    struct topo_element *sw = parent;
    struct topo_port *p = TOPO_PUSH(sw->ports, sw->nports);
    unsigned given;

    p->line = topo_xml_line(x);
    given = topo_attrs(r->m, x, attrs, p);
    read_children(r, x, 0, p);
    check_vlan_attrs(r, p, given);
    if ((given & BIT(DIRECTION)) && !(given & BIT(MIRROR))) {
        topo_msgs_add(r->m, p->line, TOPO_ERROR, "direction=\"...\" needs mirror=\"...\" beside it");
        p->mirror = PLAN_MIRROR_NONE;
    }
}

void read_bond(struct reader *r, const xmlNode *x, void *parent)
{
    static const struct attr attrs[] = {
        [NAME] = {"name", A_STRING, offsetof(struct topo_port, name)},
        VLAN_ATTRS,
        {"ports", A_NAMES, offsetof(struct topo_port, members)},
        {"lacp", A_LACP, offsetof(struct topo_port, passive)},
        ATTRS_END,
    };
    struct topo_element *sw = parent;
    struct topo_port *p = TOPO_PUSH(sw->ports, sw->nports);

    p->line = topo_xml_line(x);
    p->bond = true;
    check_vlan_attrs(r, p, topo_attrs(r->m, x, attrs, p));
    read_children(r, x, 0, p);
}

#define ELEMENT_ATTRS \
    {"name", A_STRING, offsetof(struct topo_element, name)}, \
        {"hidden", A_BOOL, offsetof(struct topo_element, hidden)}, \
        {"x", A_X, offsetof(struct topo_element, pos)}, \
    { \
        "y", A_Y, offsetof(struct topo_element, pos) \
    }

static struct topo_element *push_element(struct reader *r, const xmlNode *x, enum topo_kind kind)
{
    struct topo_element *el = TOPO_PUSH(r->t->elements, r->t->nelements);

    el->kind = kind;
    el->line = topo_xml_line(x);
    return el;
}

void read_switch(struct reader *r, const xmlNode *x, void *parent)
{
    static const struct attr attrs[] = {
        ELEMENT_ATTRS,
        {"rstp", A_BOOL, offsetof(struct topo_element, rstp)},
        {"rstp-priority", A_UINT, offsetof(struct topo_element, rstp_priority)},
        {"mac-ageing", A_POSITIVE, offsetof(struct topo_element, mac_ageing)},
        ATTRS_END,
    };
    struct topo_element *el = push_element(r, x, TOPO_SWITCH);

    (void)parent;
    el->rstp_priority = TOPO_RSTP_PRIORITY;
    topo_attrs(r->m, x, attrs, el);
    read_children(r, x, BIT(E_PORT) | BIT(E_BOND), el);
}

static void read_segment(struct reader *r, const xmlNode *x, enum topo_kind kind)
{
    static const struct attr attrs[] = {ELEMENT_ATTRS, ATTRS_END};
    struct topo_element *el = push_element(r, x, kind);

    topo_attrs(r->m, x, attrs, el);
    read_children(r, x, 0, el);
}

void read_hub(struct reader *r, const xmlNode *x, void *parent)
{
    (void)parent;
    read_segment(r, x, TOPO_HUB);
}

void read_network(struct reader *r, const xmlNode *x, void *parent)
{
    (void)parent;
    read_segment(r, x, TOPO_NETWORK);
}

/* An <address> of an <internet>. */
void read_gateway(struct reader *r, const xmlNode *x, void *parent)
{
    struct topo_element *el = parent;
    size_t n = el->naddrs;

    topo_attrs(r->m, x, NULL, NULL);
    el->addrs = read_push_text(r, x, el->addrs, &el->naddrs);
    if (el->naddrs > n)
        read_trim(el->addrs[n].text);
}

void read_internet(struct reader *r, const xmlNode *x, void *parent)
{
    static const struct attr attrs[] = {ELEMENT_ATTRS, ATTRS_END};
    struct topo_element *el = push_element(r, x, TOPO_INTERNET);

    (void)parent;
    topo_attrs(r->m, x, attrs, el);
    read_children(r, x, BIT(E_GATEWAY), el);
    if (el->naddrs == 0)
        *TOPO_PUSH(el->addrs, el->naddrs) = (struct topo_text){xstrdup(TOPO_INTERNET_GATEWAY), el->line};
}
