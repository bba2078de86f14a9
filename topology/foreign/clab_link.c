/* Links of containerlab: "endpoints: [a:eth1, b:eth1]" and the extended form with a type. */
#include "labd/base/mem.h"
#include "topology/foreign/clab.h"
#include "topology/limits.h"
#include "topology/topo_grow.h"
#include "topology/topo_value.h"

#include <string.h>

#define LINKS_MAX 16384

struct end {
    const char *node, *iface; /* texts of clab_text() or of ours */
    const char *mac, *v4, *v6;
    struct clab_node *to; /* NULL: it is outside of the lab, or nowhere */
    bool outside;
};

/* What stands for the world outside where a node's name is expected. */
static bool outside(const char *node)
{
    static const char *const words[] = {"host", "mgmt-net", "macvlan", "vxlan", "vxlan-stitch", "dummy"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(node, words[i]) == 0)
            return true;
    return false;
}

/* "node:interface"; interfaces may hold colons, names of nodes may not. */
static bool read_brief(struct clab *c, const char *s, struct end *out)
{
    const char *colon = strchr(s, ':');

    if (colon == NULL || colon == s || colon[1] == '\0')
        return false;
    *TOPO_PUSH(c->texts, c->ntexts) = xstrndup(s, (size_t)(colon - s));
    out->node = c->texts[c->ntexts - 1];
    out->iface = colon + 1;
    return true;
}

static bool read_end(struct clab *c, const struct ytree_item *i, struct end *out)
{
    const char *s = clab_text(c, i);
    size_t at;

    *out = (struct end){0};
    if (s != NULL) {
        if (!read_brief(c, s, out))
            return false;
    } else {
        out->node = clab_text(c, ytree_get(c->y, i, "node"));
        out->iface = clab_text(c, ytree_get(c->y, i, "interface"));
        out->mac = clab_text(c, ytree_get(c->y, i, "mac"));
        out->v4 = clab_text(c, ytree_get(c->y, i, "ipv4"));
        out->v6 = clab_text(c, ytree_get(c->y, i, "ipv6"));
    }
    if (out->node == NULL || out->iface == NULL)
        return false;
    out->outside = outside(out->node);
    if (import_map_get(c->by_name, out->node, &at)) {
        if (at < c->nnodes)
            out->to = &c->nodes[at];
        else
            out->outside = true; /* a node of kind host */
    }
    return true;
}

static void add_address(struct clab *c, struct topo_iface *f, const char *text, int line)
{
    struct value_addr a;
    char shown[VALUE_SHOW_SIZE];

    if (text == NULL || text[0] == '\0')
        return;
    if (!value_addr(text, &a) || !a.has_prefix) {
        import_warn(&c->im, c->file, line, "\"%s\" is no address with a prefix length and is left out",
                    value_show(text, shown));
        return;
    }
    TOPO_PUSH(f->addrs, f->naddrs)->text = xstrdup(text);
}

static uint32_t mtu_of(struct clab *c, const struct ytree_item *link)
{
    const struct ytree_item *i = ytree_get(c->y, link, "mtu");
    const char *s = clab_text(c, i);
    uint32_t mtu, fit;

    if (s == NULL)
        return 0;
    if (!value_uint(s, &mtu)) {
        import_warn(&c->im, c->file, i->line, "the MTU is no number and is left out");
        return 0;
    }
    fit = mtu < LIMIT_MTU_MIN ? LIMIT_MTU_MIN : mtu > LIMIT_MTU_MAX ? LIMIT_MTU_MAX : mtu;
    if (fit != mtu)
        import_warn(&c->im, c->file, i->line, "MTU %u becomes %u, the nearest that an interface may have",
                    mtu, fit);
    return fit;
}

/* The interface of an end that is a node; a bridge has none. */
static struct topo_iface *make_iface(struct clab *c, const struct end *x, uint32_t mtu, int line)
{
    struct topo_iface *f;

    if (x->to == NULL || x->to->x == NULL)
        return NULL;
    f = import_iface_add(&c->im, x->to->x, x->iface, c->file, line);
    f->mtu = mtu;
    add_address(c, f, x->v4, line);
    add_address(c, f, x->v6, line);
    for (size_t i = 0; i < f->naddrs; i++) /* IPv6 needs 1280 */
        if (strchr(f->addrs[i].text, ':') != NULL && f->mtu > 0 && f->mtu < 1280) {
            import_warn(&c->im, c->file, line, "the MTU is too small for IPv6 and is left out");
            f->mtu = 0;
        }
    if (x->mac != NULL)
        import_script_mac(&c->im, x->to->x, f->name, x->mac, (struct import_at){c->file, line});
    return f;
}

static void connect_ends(struct clab *c, const struct end end[2], const struct ytree_item *link)
{
    const char *name[2], *iface[2] = {NULL, NULL};
    uint32_t mtu = mtu_of(c, link);
    char shown[VALUE_SHOW_SIZE];

    for (int k = 0; k < 2; k++)
        if (end[k].to == NULL)
            import_warn(&c->im, c->file, link->line,
                        end[k].outside ? "the link to \"%s\" leads out of the lab and is left out; the "
                                         "interface stays"
                                       : "there is no node \"%s\"; the link is left out",
                        value_show(end[k].node, shown));
    for (int k = 0; k < 2; k++) {
        struct topo_iface *f = make_iface(c, &end[k], mtu, link->line);
        iface[k] = f != NULL ? f->name : NULL;
    }
    if (end[0].to == NULL || end[1].to == NULL)
        return;
    if (end[0].to == end[1].to && end[0].to->x == NULL) {
        import_warn(&c->im, c->file, link->line, "a link from a bridge to itself is left out");
        return;
    }
    for (int k = 0; k < 2; k++)
        name[k] = end[k].to->x != NULL ? end[k].to->x->n.name : c->im.t->elements[end[k].to->element].name;
    import_link_add(&c->im, name[0], iface[0], name[1], iface[1]);
}

/* "ipv4: [A, B]" of the brief form. */
static const char *nth_text(struct clab *c, const struct ytree_item *list, size_t k)
{
    return list != NULL && list->kind == YTREE_LIST && k < list->n ? clab_text(c, list->items[k]) : NULL;
}

static void warn_of_rest(struct clab *c, const struct ytree_item *link)
{
    static const char *const lost[] = {"vars", "labels"};

    for (size_t i = 0; i < ARRAY_LEN(lost); i++) {
        const struct ytree_item *x = ytree_get(c->y, link, lost[i]);
        if (x != NULL)
            import_warn(&c->im, c->file, x->line, "\"%s\" of a link are not carried over", lost[i]);
    }
}

/* mgmt-net, macvlan, host, vxlan, dummy: one end. */
static void add_single(struct clab *c, const struct ytree_item *link, const char *type)
{
    const struct ytree_item *one = ytree_get(c->y, link, "endpoint");
    char shown[VALUE_SHOW_SIZE];
    struct end end;

    if (one == NULL || !read_end(c, one, &end) || end.to == NULL) {
        import_warn(&c->im, c->file, link->line,
                    "a link of type \"%s\" without a node of the lab is left out", value_show(type, shown));
        return;
    }
    import_warn(&c->im, c->file, link->line,
                "a link of type \"%s\" leads out of the lab: the interface stays, connected to nothing",
                value_show(type, shown));
    make_iface(c, &end, mtu_of(c, link), link->line);
}

void clab_link_add(struct clab *c, const struct ytree_item *link)
{
    const char *type = clab_text(c, ytree_get(c->y, link, "type"));
    const struct ytree_item *ends = ytree_get(c->y, link, "endpoints");
    const struct ytree_item *v4 = ytree_get(c->y, link, "ipv4"), *v6 = ytree_get(c->y, link, "ipv6");
    struct end end[2];

    if (c->im.t->nlinks >= LINKS_MAX) {
        import_warn(&c->im, c->file, link->line, "there are too many links; this one is left out");
        return;
    }
    warn_of_rest(c, link);
    if (type != NULL && strcmp(type, "veth") != 0) {
        add_single(c, link, type);
        return;
    }
    if (ends == NULL || ends->kind != YTREE_LIST || ends->n != 2 || !read_end(c, ends->items[0], &end[0]) ||
        !read_end(c, ends->items[1], &end[1])) {
        import_warn(&c->im, c->file, link->line,
                    "a link without two endpoints \"node:interface\" is left out");
        return;
    }
    for (size_t k = 0; k < 2; k++) {
        end[k].v4 = end[k].v4 != NULL ? end[k].v4 : nth_text(c, v4, k);
        end[k].v6 = end[k].v6 != NULL ? end[k].v6 : nth_text(c, v6, k);
    }
    connect_ends(c, end, link);
}
