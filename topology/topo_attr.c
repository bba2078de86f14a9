#include "topology/topo_attr.h"

#include "labd/base/mem.h"
#include "topology/topo_grow.h"
#include "topology/topo_value.h"
#include "topology/topo_xml.h"

#include <string.h>

static const char *const wanted[] = {
    [A_UINT] = "a whole number",
    [A_POSITIVE] = "a whole number above 0",
    [A_X] = "a whole number",
    [A_Y] = "a whole number",
    [A_BOOL] = "\"yes\" or \"no\"",
    [A_MODE] = "an octal mode such as \"0644\"",
    [A_DELAY] = "a time such as \"20ms\", \"1.5s\" or \"300us\"",
    [A_PERCENT] = "a percentage such as \"0.1%\"",
    [A_RATE] = "a rate such as \"10mbit\", \"64kbit\" or \"1gbit\"",
    [A_TRUNK] = "\"all\" or a list of VLAN numbers such as \"10 20\"",
    [A_MIRROR] = "\"all\" or a list of ports such as \"p1 p2\"",
    [A_DIRECTION] = "\"in\", \"out\" or \"both\"",
    [A_LACP] = "\"active\" or \"passive\"",
    [A_VERSION] = "\"1\", the version of the language that this program reads",
};

static bool set_trunk(struct topo_port *p, const char *v)
{
    uint32_t vlan;

    if (strcmp(v, "all") == 0)
        return true;
    while (*v != '\0') {
        size_t n = strspn(v, " \t\n");
        char word[12];
        v += n;
        n = strcspn(v, " \t\n");
        if (n == 0)
            break;
        if (n >= sizeof word)
            return false;
        memcpy(word, v, n);
        word[n] = '\0';
        if (!value_uint(word, &vlan))
            return false;
        *TOPO_PUSH(p->trunks, p->ntrunks) = vlan;
        v += n;
    }
    return p->ntrunks > 0;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): TOPO_PUSH() counts up */
static bool set_words(char ***words, size_t *nwords, const char *v)
{
    for (size_t n; *v != '\0'; v += n) {
        v += strspn(v, " \t\n");
        n = strcspn(v, " \t\n");
        if (n > 0)
            *TOPO_PUSH(*words, *nwords) = xstrndup(v, n);
    }
    return true;
}

static bool set_mirror(struct topo_port *p, const char *v)
{
    if (p->mirror == PLAN_MIRROR_NONE) /* no direction="..." before it */
        p->mirror = PLAN_MIRROR_BOTH;
    return strcmp(v, "all") == 0 || (set_words(&p->mirrored.items, &p->mirrored.n, v) && p->mirrored.n > 0);
}

static bool set_direction(enum plan_mirror *d, const char *v)
{
    static const char *const words[] = {NULL, "in", "out", "both"};

    for (size_t i = 1; i < ARRAY_LEN(words); i++)
        if (strcmp(v, words[i]) == 0) {
            *d = (enum plan_mirror)i;
            return true;
        }
    return false;
}

static bool set_end(struct topo_end *end, const char *v)
{
    const char *colon = strchr(v, ':');

    end->node = colon != NULL ? xstrndup(v, (size_t)(colon - v)) : xstrdup(v);
    end->iface = colon != NULL ? xstrdup(colon + 1) : NULL;
    return true;
}

static bool set_value(enum attr_type type, const char *v, void *p)
{
    switch (type) {
    case A_STRING:
        *(char **)p = xstrdup(v);
        return true;
    case A_UINT:
        return value_uint(v, p);
    case A_POSITIVE:
        return value_uint(v, p) && *(uint32_t *)p > 0;
    case A_X:
        return value_int(v, &((struct topo_pos *)p)->x);
    case A_Y:
        return value_int(v, &((struct topo_pos *)p)->y);
    case A_BOOL:
        return value_bool(v, p);
    case A_MODE:
        return value_mode(v, p);
    case A_DELAY: /* empty: none */
        return *v == '\0' || value_delay(v, p);
    case A_PERCENT:
        return *v == '\0' || value_percent(v, p);
    case A_RATE:
        return *v == '\0' || value_rate(v, p);
    case A_END:
        return set_end(p, v);
    case A_TRUNK:
        return set_trunk(p, v);
    case A_WORDS:
        return set_words(&((struct topo_node *)p)->frr_daemons, &((struct topo_node *)p)->nfrr_daemons, v);
    case A_NAMES:
        return set_words(&((struct topo_words *)p)->items, &((struct topo_words *)p)->n, v);
    case A_MIRROR:
        return set_mirror(p, v);
    case A_DIRECTION:
        return set_direction(p, v);
    case A_LACP:
        *(bool *)p = strcmp(v, "passive") == 0;
        return *(bool *)p || strcmp(v, "active") == 0;
    case A_VERSION:
        return strcmp(v, "1") == 0;
    }
    return false;
}

static void unknown_attr(struct topo_msgs *m, const xmlNode *x, int line, const char *name,
                         const struct attr *attrs)
{
    struct value_guess g;
    char shown[VALUE_SHOW_SIZE], hint[VALUE_HINT_SIZE];

    value_guess_init(&g, name);
    for (const struct attr *a = attrs; a != NULL && a->name != NULL; a++)
        value_guess_offer(&g, a->name);
    topo_msgs_add(m, line, TOPO_ERROR, "<%s> has no attribute '%s'%s", (const char *)x->name,
                  value_show(name, shown), value_guess_hint(&g, hint));
}

/* One that came from <defaults> has a line of its own. */
static int attr_line(const xmlNode *x, const xmlAttr *a)
{
    return a->_private != NULL ? (int)(intptr_t)a->_private : topo_xml_line(x);
}

static char *attr_value(const xmlAttr *a)
{
    xmlChar *v = xmlNodeListGetString(a->doc, a->children, 1);
    char *s = xstrdup(v != NULL ? (const char *)v : "");

    xmlFree(v);
    return s;
}

unsigned topo_attrs(struct topo_msgs *m, const xmlNode *x, const struct attr *attrs, void *obj)
{
    unsigned given = 0;
    struct topo_pos *pos = NULL;
    int nxy = 0;

    for (const xmlAttr *xa = x->properties; xa != NULL; xa = xa->next) {
        const char *name = (const char *)xa->name;
        const struct attr *a = attrs;
        while (a != NULL && a->name != NULL && (xa->ns != NULL || strcmp(a->name, name) != 0))
            a++;
        if (a == NULL || a->name == NULL) {
            unknown_attr(m, x, attr_line(x, xa), name, attrs);
            continue;
        }
        AUTO(mem_freep) char *v = attr_value(xa);
        char shown[VALUE_SHOW_SIZE];
        if (a->type == A_X || a->type == A_Y) {
            pos = (struct topo_pos *)(void *)((char *)obj + a->offset);
            nxy++;
        }
        if (set_value(a->type, v, (char *)obj + a->offset))
            given |= 1u << (a - attrs);
        else
            topo_msgs_add(m, attr_line(x, xa), TOPO_ERROR, "%s=\"%s\" of <%s> is not %s", name,
                          value_show(v, shown), (const char *)x->name, wanted[a->type]);
    }
    if (nxy == 1)
        topo_msgs_add(m, topo_xml_line(x), TOPO_ERROR, "<%s> has only one of x and y; give both or none",
                      (const char *)x->name);
    if (nxy == 2)
        pos->set = true;
    return given;
}
