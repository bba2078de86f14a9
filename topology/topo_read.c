/* The reader: XML to model.  Elements and attributes are tables; what they hold is in topo.h.
 *
 * It reports what has the wrong form and goes on; ranges and references are for topo_check().  The
 * published schema topology.rnc says the same; tests/unit/test_topo_rng.c and the fuzzer hold the two
 * against each other, so that libxml2's validator, whose texts help no author, need not run here. */
#include "topology/topo_read.h"

#include "labd/base/mem.h"
#include "topology/topo_attr.h"
#include "topology/topo_expand.h"
#include "topology/topo_grow.h"
#include "topology/topo_parameter.h"
#include "topology/topo_value.h"
#include "topology/topo_xml.h"

#include <libxml/tree.h>
#include <stddef.h>
#include <string.h>

/* ---- elements ---- */
struct spec {
    const char *name;
    bool single; /* at most one per parent */
    read_fn *read;
};
static const struct spec specs[E_COUNT];

bool read_all_space(const char *s)
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

void read_children(struct reader *r, const xmlNode *x, unsigned allowed, void *obj)
{
    unsigned seen = 0;

    for (const xmlNode *c = x->children; c != NULL; c = c->next) {
        if (c->type == XML_TEXT_NODE || c->type == XML_CDATA_SECTION_NODE) {
            if (c->content != NULL && !read_all_space((const char *)c->content)) {
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

char *read_text(struct reader *r, const xmlNode *x)
{
    for (const xmlNode *c = x->children; c != NULL; c = c->next)
        if (c->type == XML_ELEMENT_NODE)
            unknown_element(r, x, c, 0);
    return topo_xml_text(x);
}

void read_trim(char *s)
{
    size_t skip = strspn(s, " \t\r\n"), n = strlen(s);

    while (n > skip && strchr(" \t\r\n", s[n - 1]) != NULL)
        n--;
    memmove(s, s + skip, n - skip);
    s[n - skip] = '\0';
}

char *read_text_or_null(char *s)
{
    if (read_all_space(s)) {
        free(s);
        return NULL;
    }
    return s;
}

struct topo_text *read_push_text(struct reader *r, const xmlNode *x, struct topo_text *list, size_t *n)
{
    char *s = read_text(r, x);

    if (read_all_space(s)) {
        topo_msgs_add(r->m, topo_xml_line(x), TOPO_ERROR, "<%s> is empty", (const char *)x->name);
        free(s);
        return list;
    }
    list = topo_grow(list, n, sizeof *list);
    list[*n - 1] = (struct topo_text){s, topo_xml_line(x)};
    return list;
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
    read_children(r, x, 0, &i);
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
        {"hidden", A_BOOL, offsetof(struct topo_link, hidden)},
        ATTRS_END,
    };
    struct link_reader l = {TOPO_PUSH(r->t->links, r->t->nlinks), {false, false}};

    (void)parent;
    l.link->line = topo_xml_line(x);
    l.link->up = true;
    topo_attrs(r->m, x, attrs, l.link);
    read_children(r, x, BIT(E_IMPAIR), &l);
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
    n->text = read_text(r, x);
    if (read_all_space(n->text))
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
    read_children(r, x, 0, p);
}

static const struct spec specs[E_COUNT] = {
    [E_HOST] = {"host", false, read_host},          [E_ROUTER] = {"router", false, read_router},
    [E_SWITCH] = {"switch", false, read_switch},    [E_HUB] = {"hub", false, read_hub},
    [E_NETWORK] = {"network", false, read_network}, [E_INTERNET] = {"internet", false, read_internet},
    [E_LINK] = {"link", false, read_link},          [E_DRAWN_NOTE] = {"note", false, read_drawn_note},
    [E_POOL] = {"pool", false, read_pool},          [E_INTERFACE] = {"interface", false, read_interface},
    [E_ADDRESS] = {"address", false, read_address}, [E_GATEWAY] = {"address", false, read_gateway},
    [E_ROUTE] = {"route", false, read_route},       [E_STARTUP] = {"startup", true, read_startup},
    [E_FILE] = {"file", false, read_file},          [E_FRR] = {"frr", true, read_frr},
    [E_NOTE] = {"note", false, read_note},          [E_PORT] = {"port", false, read_port},
    [E_BOND] = {"bond", false, read_bond},          [E_IMPAIR] = {"impair", false, read_impair},
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
        r->t->title = read_text_or_null(r->t->title);
    read_children(r, x,
                  BIT(E_HOST) | BIT(E_ROUTER) | BIT(E_SWITCH) | BIT(E_HUB) | BIT(E_NETWORK) |
                      BIT(E_INTERNET) | BIT(E_LINK) | BIT(E_DRAWN_NOTE) | BIT(E_POOL),
                  NULL);
}

struct topo *topo_read_within(const char *data, size_t n, const struct topo_size *max,
                              const struct topo_seed *seed, struct topo_msgs *m, struct err *e)
{
    AUTO(topo_xml_freep) xmlDoc *doc = topo_xml_parse(data, n, max, m, e);
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
    if (topo_parameters_read(x, seed, t, m, e) < 0 || topo_expand(x, t, max, m, e) < 0)
        return NULL;
    struct reader r = {.t = t, .m = m};
    read_root(&r, x);
    topo_pools_resolve(&r.pools, t, m);
    topo_pools_clear(&r.pools);
    return TAKE(t);
}

struct topo *topo_read_mem(const char *data, size_t n, struct topo_msgs *m, struct err *e)
{
    return topo_read_within(data, n, &topo_size_lab, NULL, m, e);
}

struct topo *topo_read_seeded(const char *data, size_t n, const struct topo_seed *seed, struct topo_msgs *m,
                              struct err *e)
{
    return topo_read_within(data, n, &topo_size_lab, seed, m, e);
}
