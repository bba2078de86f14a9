/* The reader: XML to model.  Elements and attributes are tables; what they hold is in topo.h.
 *
 * It reports what has the wrong form and goes on; ranges and references are for topo_check().  The
 * published schema topology.rnc says the same; tests/unit/test_topo_rng.c and the fuzzer hold the two
 * against each other, so that libxml2's validator, whose texts help no author, need not run here. */
#include "labd/base/buf.h"
#include "labd/base/file.h"
#include "labd/base/mem.h"
#include "topology/topo.h"
#include "topology/topo_attr.h"
#include "topology/topo_expand.h"
#include "topology/topo_grow.h"
#include "topology/topo_parameter.h"
#include "topology/topo_pool.h"
#include "topology/topo_value.h"
#include "topology/topo_xml.h"

#include <libxml/tree.h>
#include <stddef.h>
#include <string.h>

struct reader {
    struct topo *t;
    struct topo_msgs *m;
    struct topo_pools pools;
};

/* ---- elements ---- */
enum element {
    E_HOST,
    E_ROUTER,
    E_SWITCH,
    E_HUB,
    E_NETWORK,
    E_LINK,
    E_DRAWN_NOTE,
    E_POOL,
    E_INTERFACE,
    E_ADDRESS,
    E_ROUTE,
    E_STARTUP,
    E_FILE,
    E_FRR,
    E_NOTE,
    E_PORT,
    E_BOND,
    E_IMPAIR,
    E_COUNT
};
#define BIT(e) (1u << (e))

typedef void read_fn(struct reader *r, const xmlNode *x, void *parent);
struct spec {
    const char *name;
    bool single; /* at most one per parent */
    read_fn *read;
};
static const struct spec specs[E_COUNT];

static bool all_space(const char *s)
{
    return s[strspn(s, " \t\r\n")] == '\0';
}

static void unknown_element(struct reader *r, const xmlNode *x, const xmlNode *child, unsigned allowed)
{
    const char *name = (const char *)child->name;
    struct value_guess g;
    char shown[VALUE_SHOW_SIZE], hint[VALUE_HINT_SIZE];

    value_guess_init(&g, name);
    for (int i = 0; i < E_COUNT; i++)
        if (allowed & BIT(i))
            value_guess_offer(&g, specs[i].name);
    topo_msgs_add(r->m, topo_xml_line(child), TOPO_ERROR, "<%s> is not allowed in <%s>%s",
                  value_show(name, shown), (const char *)x->name, value_guess_hint(&g, hint));
}

static const struct spec *find_spec(const xmlNode *x, unsigned allowed)
{
    for (int i = 0; i < E_COUNT; i++)
        if ((allowed & BIT(i)) && x->ns == NULL && strcmp(specs[i].name, (const char *)x->name) == 0)
            return &specs[i];
    return NULL;
}

/* Reads the child elements of 'x', of which those in 'allowed' may be there. */
static void children(struct reader *r, const xmlNode *x, unsigned allowed, void *obj)
{
    unsigned seen = 0;

    for (const xmlNode *c = x->children; c != NULL; c = c->next) {
        if (c->type == XML_TEXT_NODE || c->type == XML_CDATA_SECTION_NODE) {
            if (c->content != NULL && !all_space((const char *)c->content)) {
                char shown[VALUE_SHOW_SIZE];
                const char *s = (const char *)c->content;
                topo_msgs_add(r->m, topo_xml_line(x), TOPO_ERROR, "<%s> may not hold the text '%s'",
                              (const char *)x->name, value_show(s + strspn(s, " \t\r\n"), shown));
            }
            continue;
        }
        if (c->type != XML_ELEMENT_NODE)
            continue;
        const struct spec *s = find_spec(c, allowed);
        if (s == NULL) {
            unknown_element(r, x, c, allowed);
            continue;
        }
        if (s->single && (seen & BIT(s - specs))) {
            topo_msgs_add(r->m, topo_xml_line(c), TOPO_ERROR, "<%s> may hold only one <%s>",
                          (const char *)x->name, s->name);
            continue;
        }
        seen |= BIT(s - specs);
        s->read(r, c, obj);
    }
}

/* The text of an element that holds nothing else; the caller frees. */
static char *text_of(struct reader *r, const xmlNode *x)
{
    for (const xmlNode *c = x->children; c != NULL; c = c->next)
        if (c->type == XML_ELEMENT_NODE)
            unknown_element(r, x, c, 0);
    return topo_xml_text(x);
}

static char *text_or_null(char *s)
{
    if (all_space(s)) {
        free(s);
        return NULL;
    }
    return s;
}

/* 'list' of 'n' texts gets the text of 'x'. */
static struct topo_text *push_text(struct reader *r, const xmlNode *x, struct topo_text *list, size_t *n)
{
    char *s = text_of(r, x);

    if (all_space(s)) {
        topo_msgs_add(r->m, topo_xml_line(x), TOPO_ERROR, "<%s> is empty", (const char *)x->name);
        free(s);
        return list;
    }
    list = topo_grow(list, n, sizeof *list);
    list[*n - 1] = (struct topo_text){s, topo_xml_line(x)};
    return list;
}

static void trim(char *s)
{
    size_t skip = strspn(s, " \t\r\n"), n = strlen(s);

    while (n > skip && strchr(" \t\r\n", s[n - 1]) != NULL)
        n--;
    memmove(s, s + skip, n - skip);
    s[n - skip] = '\0';
}

/* It is asked for now, and given by topo_pools_resolve(). */
static void ask_pool(struct reader *r, const xmlNode *x, struct topo_iface *f, char *pool)
{
    AUTO(mem_freep) char *text = text_of(r, x);
    struct topo_ask *ask = TOPO_PUSH(r->pools.asks, r->pools.nasks);
    const struct topo_node *n = &r->t->nodes[r->t->nnodes - 1];

    if (!all_space(text))
        topo_msgs_add(r->m, topo_xml_line(x), TOPO_ERROR,
                      "<address> has pool=\"...\" or an address inside, not both");
    *ask = (struct topo_ask){r->t->nnodes - 1, n->nifaces - 1, f->naddrs, NULL, topo_xml_line(x)};
    ask->pool = pool;
    TOPO_PUSH(f->addrs, f->naddrs)->line = topo_xml_line(x);
}

static void read_address(struct reader *r, const xmlNode *x, void *parent)
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
    f->addrs = push_text(r, x, f->addrs, &f->naddrs);
    if (f->naddrs > n)
        trim(f->addrs[n].text);
}

static void read_interface(struct reader *r, const xmlNode *x, void *parent)
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
    children(r, x, BIT(E_ADDRESS), f);
}

static void read_route(struct reader *r, const xmlNode *x, void *parent)
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
    children(r, x, 0, route);
}

static void read_startup(struct reader *r, const xmlNode *x, void *parent)
{
    struct topo_node *n = parent;

    topo_attrs(r->m, x, NULL, NULL);
    n->startup.text = text_or_null(text_of(r, x));
    n->startup.line = topo_xml_line(x);
}

static void read_file(struct reader *r, const xmlNode *x, void *parent)
{
    static const struct attr attrs[] = {
        {"path", A_STRING, offsetof(struct topo_file, path)},
        {"mode", A_MODE, offsetof(struct topo_file, mode)},
        ATTRS_END,
    };
    struct topo_node *n = parent;
    struct topo_file *f = TOPO_PUSH(n->files, n->nfiles);

    f->line = topo_xml_line(x);
    f->mode = 0644;
    topo_attrs(r->m, x, attrs, f);
    f->text = text_of(r, x);
}

static void read_frr(struct reader *r, const xmlNode *x, void *parent)
{
    static const struct attr attrs[] = {
        {"daemons", A_WORDS, 0},
        ATTRS_END,
    };
    struct topo_node *n = parent;

    n->frr = true;
    n->frr_line = topo_xml_line(x);
    topo_attrs(r->m, x, attrs, n);
    n->frr_conf = text_or_null(text_of(r, x));
}

static void read_note(struct reader *r, const xmlNode *x, void *parent)
{
    struct topo_node *n = parent;

    topo_attrs(r->m, x, NULL, NULL);
    n->notes = push_text(r, x, n->notes, &n->nnotes);
}

#define NODE_ATTRS \
    {"name", A_STRING, offsetof(struct topo_node, name)}, \
        {"image", A_STRING, offsetof(struct topo_node, image)}, \
        {"memory", A_POSITIVE, offsetof(struct topo_node, memory_mb)}, \
        {"vcpus", A_POSITIVE, offsetof(struct topo_node, vcpus)}, \
        {"x", A_X, offsetof(struct topo_node, pos)}, \
    { \
        "y", A_Y, offsetof(struct topo_node, pos) \
    }
#define NODE_CHILDREN (BIT(E_INTERFACE) | BIT(E_ROUTE) | BIT(E_STARTUP) | BIT(E_FILE) | BIT(E_NOTE))

static void read_host(struct reader *r, const xmlNode *x, void *parent)
{
    static const struct attr attrs[] = {NODE_ATTRS, ATTRS_END};
    struct topo_node *n = TOPO_PUSH(r->t->nodes, r->t->nnodes);

    (void)parent;
    n->kind = TOPO_HOST;
    n->line = topo_xml_line(x);
    topo_attrs(r->m, x, attrs, n);
    children(r, x, NODE_CHILDREN, n);
}

static void read_router(struct reader *r, const xmlNode *x, void *parent)
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
    children(r, x, NODE_CHILDREN | BIT(E_FRR), n);
}

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

static void read_port(struct reader *r, const xmlNode *x, void *parent)
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
    children(r, x, 0, p);
    check_vlan_attrs(r, p, given);
    if ((given & BIT(DIRECTION)) && !(given & BIT(MIRROR))) {
        topo_msgs_add(r->m, p->line, TOPO_ERROR, "direction=\"...\" needs mirror=\"...\" beside it");
        p->mirror = PLAN_MIRROR_NONE;
    }
}

static void read_bond(struct reader *r, const xmlNode *x, void *parent)
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
    children(r, x, 0, p);
}

#define ELEMENT_ATTRS \
    {"name", A_STRING, offsetof(struct topo_element, name)}, {"x", A_X, offsetof(struct topo_element, pos)}, \
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

static void read_switch(struct reader *r, const xmlNode *x, void *parent)
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
    children(r, x, BIT(E_PORT) | BIT(E_BOND), el);
}

static void read_segment(struct reader *r, const xmlNode *x, enum topo_kind kind)
{
    static const struct attr attrs[] = {ELEMENT_ATTRS, ATTRS_END};
    struct topo_element *el = push_element(r, x, kind);

    topo_attrs(r->m, x, attrs, el);
    children(r, x, 0, el);
}

static void read_hub(struct reader *r, const xmlNode *x, void *parent)
{
    (void)parent;
    read_segment(r, x, TOPO_HUB);
}

static void read_network(struct reader *r, const xmlNode *x, void *parent)
{
    (void)parent;
    read_segment(r, x, TOPO_NETWORK);
}

struct link_reader {
    struct topo_link *link;
    bool given[2]; /* an <impair> from this end was there */
};

struct impair {
    char *from;
    struct plan_impair v;
};
#define IMPAIR(name, type, field) \
    { \
        name, type, offsetof(struct impair, v) + offsetof(struct plan_impair, field) \
    }

static void read_impair(struct reader *r, const xmlNode *x, void *parent)
{
    static const struct attr attrs[] = {
        {"from", A_STRING, offsetof(struct impair, from)},
        IMPAIR("delay", A_DELAY, delay_us),
        IMPAIR("jitter", A_DELAY, jitter_us),
        IMPAIR("loss", A_PERCENT, loss_ppm),
        IMPAIR("duplicate", A_PERCENT, duplicate_ppm),
        IMPAIR("corrupt", A_PERCENT, corrupt_ppm),
        IMPAIR("reorder", A_PERCENT, reorder_ppm),
        IMPAIR("rate", A_RATE, rate_bps),
        ATTRS_END,
    };
    struct link_reader *l = parent;
    struct impair i = {NULL, {0}};
    int line = topo_xml_line(x);
    bool both;

    topo_attrs(r->m, x, attrs, &i);
    children(r, x, 0, &i);
    both = i.from != NULL && strcmp(i.from, "both") == 0;
    if (!both && (i.from == NULL || (strcmp(i.from, "a") != 0 && strcmp(i.from, "b") != 0)))
        topo_msgs_add(r->m, line, TOPO_ERROR, "<impair> needs from=\"a\", from=\"b\" or from=\"both\"");
    else
        for (int end = 0; end < 2; end++) {
            if (!both && *i.from != "ab"[end])
                continue;
            if (l->given[end])
                topo_msgs_add(r->m, line, TOPO_ERROR, "the link has two <impair> from end %c", "ab"[end]);
            l->given[end] = true;
            l->link->impair[end] = i.v;
        }
    free(i.from);
}

static void read_link(struct reader *r, const xmlNode *x, void *parent)
{
    static const struct attr attrs[] = {
        {"name", A_STRING, offsetof(struct topo_link, name)},
        {"a", A_END, offsetof(struct topo_link, end[0])},
        {"b", A_END, offsetof(struct topo_link, end[1])},
        {"up", A_BOOL, offsetof(struct topo_link, up)},
        ATTRS_END,
    };
    struct link_reader l = {TOPO_PUSH(r->t->links, r->t->nlinks), {false, false}};

    (void)parent;
    l.link->line = topo_xml_line(x);
    l.link->up = true;
    topo_attrs(r->m, x, attrs, l.link);
    children(r, x, BIT(E_IMPAIR), &l);
}

static void read_drawn_note(struct reader *r, const xmlNode *x, void *parent)
{
    static const struct attr attrs[] = {
        {"x", A_X, offsetof(struct topo_note, pos)},
        {"y", A_Y, offsetof(struct topo_note, pos)},
        ATTRS_END,
    };
    struct topo_note *n = TOPO_PUSH(r->t->notes, r->t->nnotes);

    (void)parent;
    n->line = topo_xml_line(x);
    topo_attrs(r->m, x, attrs, n);
    n->text = text_of(r, x);
    if (all_space(n->text))
        topo_msgs_add(r->m, n->line, TOPO_ERROR, "<note> is empty");
}

static void read_pool(struct reader *r, const xmlNode *x, void *parent)
{
    static const struct attr attrs[] = {
        {"name", A_STRING, offsetof(struct topo_pool, name)},
        {"prefix", A_STRING, offsetof(struct topo_pool, prefix)},
        {"each", A_UINT, offsetof(struct topo_pool, each)},
        ATTRS_END,
    };
    struct topo_pool *p = TOPO_PUSH(r->pools.pools, r->pools.npools);

    (void)parent;
    p->line = topo_xml_line(x);
    topo_attrs(r->m, x, attrs, p);
    children(r, x, 0, p);
}

static const struct spec specs[E_COUNT] = {
    [E_HOST] = {"host", false, read_host},
    [E_ROUTER] = {"router", false, read_router},
    [E_SWITCH] = {"switch", false, read_switch},
    [E_HUB] = {"hub", false, read_hub},
    [E_NETWORK] = {"network", false, read_network},
    [E_LINK] = {"link", false, read_link},
    [E_DRAWN_NOTE] = {"note", false, read_drawn_note},
    [E_POOL] = {"pool", false, read_pool},
    [E_INTERFACE] = {"interface", false, read_interface},
    [E_ADDRESS] = {"address", false, read_address},
    [E_ROUTE] = {"route", false, read_route},
    [E_STARTUP] = {"startup", true, read_startup},
    [E_FILE] = {"file", false, read_file},
    [E_FRR] = {"frr", true, read_frr},
    [E_NOTE] = {"note", false, read_note},
    [E_PORT] = {"port", false, read_port},
    [E_BOND] = {"bond", false, read_bond},
    [E_IMPAIR] = {"impair", false, read_impair},
};

static void read_root(struct reader *r, const xmlNode *x)
{
    static const struct attr attrs[] = {
        {"name", A_STRING, offsetof(struct topo, name)},
        {"title", A_STRING, offsetof(struct topo, title)},
        {"version", A_VERSION, 0},
        ATTRS_END,
    };

    r->t->line = topo_xml_line(x);
    topo_attrs(r->m, x, attrs, r->t);
    if (r->t->title != NULL)
        r->t->title = text_or_null(r->t->title);
    children(r, x,
             BIT(E_HOST) | BIT(E_ROUTER) | BIT(E_SWITCH) | BIT(E_HUB) | BIT(E_NETWORK) | BIT(E_LINK) |
                 BIT(E_DRAWN_NOTE) | BIT(E_POOL),
             NULL);
}

struct topo *topo_read_seeded(const char *data, size_t n, const struct topo_seed *seed, struct topo_msgs *m,
                              struct err *e)
{
    AUTO(topo_xml_freep) xmlDoc *doc = topo_xml_parse(data, n, m, e);
    AUTO(topo_freep) struct topo *t = NULL;
    xmlNode *x;
    char shown[VALUE_SHOW_SIZE];

    if (doc == NULL)
        return NULL;
    x = xmlDocGetRootElement(doc);
    if (x->ns != NULL || strcmp((const char *)x->name, "topology") != 0) {
        topo_fatal(m, e, topo_xml_line(x),
                   "the root element is <%s>, not <topology>; is this another kind of file?",
                   value_show((const char *)x->name, shown));
        return NULL;
    }
    t = xcalloc(1, sizeof *t);
    if (topo_parameters_read(x, seed, t, m, e) < 0 || topo_expand(x, t, m, e) < 0)
        return NULL;
    struct reader r = {.t = t, .m = m};
    read_root(&r, x);
    topo_pools_resolve(&r.pools, t, m);
    topo_pools_clear(&r.pools);
    return TAKE(t);
}

struct topo *topo_read_mem(const char *data, size_t n, struct topo_msgs *m, struct err *e)
{
    return topo_read_seeded(data, n, NULL, m, e);
}

struct topo *topo_read_file(const char *path, const struct topo_seed *seed, struct topo_msgs *m,
                            struct err *e)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct err why = {0};

    if (file_read(path, TOPO_FILE_MAX, &b, &why) < 0) {
        topo_msgs_add(m, 0, TOPO_ERROR, "%s", why.msg);
        if (e != NULL)
            *e = why;
        return NULL;
    }
    return topo_read_seeded(buf_str(&b), b.len, seed, m, e);
}
