/* Groups and templates.
 *
 * Expansion works on the tree in place: a <group> or <use> is replaced by what it makes; whatever is not
 * part of one stays untouched, so that plain files cost nothing. */
#include "topology/topo_expand.h"

#include "labd/base/mem.h"
#include "labd/base/name.h"
#include "topology/topo_attr.h"
#include "topology/topo_parameter.h"
#include "topology/topo_scope.h"
#include "topology/topo_value.h"
#include "topology/topo_xml.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct template
{
    xmlNode *x; /* taken out of the tree */
    char *name;
    bool used;
};

struct expander {
    struct topo_budget b;
    const struct topo *t; /* has the parameters */
    struct template *templates;
    size_t n, cap;
};

/* Where new nodes go: before 'before', or at the end of 'parent'. */
struct place {
    xmlNode *parent, *before;
};

int topo_budget_spend(struct topo_budget *b, size_t bytes, int line)
{
    b->bytes += bytes;
    if (++b->steps > b->max->elements)
        return topo_fatal(b->m, b->e, line,
                          "groups, templates and parameters make more than %zu elements of this file",
                          b->max->elements);
    if (b->bytes > b->max->bytes)
        return topo_fatal(b->m, b->e, line,
                          "groups, templates and parameters make more than %zu MiB of this file",
                          b->max->bytes >> 20);
    topo_size_grew(b->max, b->steps - 1, b->steps, topo_size_lab.elements, b->m);
    topo_size_grew(b->max, b->bytes - bytes, b->bytes, topo_size_lab.bytes, b->m);
    return 0;
}

static bool is(const xmlNode *x, const char *name)
{
    return x->type == XML_ELEMENT_NODE && x->ns == NULL && strcmp((const char *)x->name, name) == 0;
}

static bool is_text(const xmlNode *x)
{
    return (x->type == XML_TEXT_NODE || x->type == XML_CDATA_SECTION_NODE) && x->content != NULL;
}

static bool blank(const char *s)
{
    return s[strspn(s, " \t\r\n")] == '\0';
}

static bool holds_elements(const xmlNode *x)
{
    for (const xmlNode *c = x->children; c != NULL; c = c->next)
        if (c->type == XML_ELEMENT_NODE)
            return true;
    return false;
}

static void put(const struct place *at, xmlNode *x)
{
    if (at->before != NULL)
        xmlAddPrevSibling(at->before, x);
    else
        xmlAddChild(at->parent, x);
}

static void node_freep(xmlNode **x)
{
    if (*x != NULL)
        xmlFreeNode(*x);
}

/* 'x' without its children; attributes have the values of 'sc'.  NULL (and b->e) if it is too much. */
static xmlNode *copy_tag(struct expander *ex, const xmlNode *x, const struct topo_scope *sc)
{
    AUTO(node_freep) xmlNode *copy = xmlNewDocNode(x->doc, NULL, x->name, NULL);
    int line = topo_xml_line(x);
    char shown[VALUE_SHOW_SIZE];
    size_t bytes = 0;

    if (copy == NULL)
        abort();
    copy->_private = x->_private;
    if (x->ns != NULL)
        topo_msgs_add(ex->b.m, line, TOPO_ERROR, "<%s> has a namespace, which no element may have",
                      value_show((const char *)x->name, shown));
    for (const xmlAttr *a = x->properties; a != NULL; a = a->next) {
        xmlChar *v = xmlNodeListGetString(a->doc, a->children, 1);
        AUTO(mem_freep)
        char *filled = topo_scope_fill(sc, ex->t, v != NULL ? (const char *)v : "", true, line, ex->b.m);

        xmlFree(v);
        bytes += strlen(filled);
        if (a->ns != NULL)
            topo_msgs_add(ex->b.m, line, TOPO_ERROR, "<%s> has no attribute '%s'", (const char *)x->name,
                          value_show((const char *)a->name, shown));
        else if (xmlNewProp(copy, a->name, (const xmlChar *)filled) == NULL)
            abort();
    }
    return topo_budget_spend(&ex->b, bytes, line) < 0 ? NULL : TAKE(copy);
}

static int make_all(struct expander *ex, const xmlNode *from, const struct topo_scope *sc, int depth,
                    const struct place *at);

/* ---- <group count="3" from="1" index="n"> ---- */
struct group {
    uint32_t count, from;
    char *index;
};

static void group_clear(struct group *g)
{
    free(g->index);
}

static int make_group(struct expander *ex, const xmlNode *x, const struct topo_scope *sc, int depth,
                      const struct place *at)
{
    enum { COUNT };
    static const struct attr attrs[] = {
        [COUNT] = {"count", A_POSITIVE, offsetof(struct group, count)},
        {"from", A_UINT, offsetof(struct group, from)},
        {"index", A_STRING, offsetof(struct group, index)},
        ATTRS_END,
    };
    AUTO(node_freep) xmlNode *tag = copy_tag(ex, x, sc);
    AUTO(group_clear) struct group g = {0, 1, NULL};
    char number[12], shown[VALUE_SHOW_SIZE];
    struct topo_scope inner = {sc, "n", number};
    int line = topo_xml_line(x);
    size_t nerrors = ex->b.m->nerrors;

    if (tag == NULL)
        return -1;
    topo_attrs(ex->b.m, tag, attrs, &g);
    if (g.index != NULL)
        inner.name = g.index;
    if (!topo_word_ok(inner.name))
        topo_msgs_add(ex->b.m, line, TOPO_ERROR,
                      "index=\"%s\" of <group> is not a word of a-z, 0-9 and _, beginning with a letter",
                      value_show(inner.name, shown));
    else if (topo_scope_find(sc, inner.name) != NULL)
        topo_msgs_add(ex->b.m, line, TOPO_ERROR,
                      "{%s} has a meaning here already; give this <group> another index=\"...\"", inner.name);
    if (ex->b.m->nerrors == nerrors && g.count == 0)
        topo_msgs_add(ex->b.m, line, TOPO_ERROR, "<group> needs count=\"NUMBER\"");
    if (g.from > UINT32_MAX - g.count)
        g.from = 0;
    for (uint32_t i = 0; ex->b.m->nerrors == nerrors && i < g.count; i++) {
        snprintf(number, sizeof number, "%u", g.from + i);
        if (topo_budget_spend(&ex->b, 0, line) < 0 || make_all(ex, x, &inner, depth, at) < 0)
            return -1;
    }
    return 0;
}

/* ---- <template name="lan"> <argument name="hosts" default="2"/> and <use template="lan" name="a" hosts="9"/> ---- */
static struct template *find_template(struct expander *ex, const char *name)
{
    for (size_t i = 0; i < ex->n; i++)
        if (strcmp(ex->templates[i].name, name) == 0)
            return &ex->templates[i];
    return NULL;
}

static struct template *used_template(struct expander *ex, const char *name, int line)
{
    struct template *t = name != NULL ? find_template(ex, name) : NULL;
    char shown[VALUE_SHOW_SIZE], hint[VALUE_HINT_SIZE];
    struct value_guess g;

    if (t != NULL)
        return t;
    if (name == NULL) {
        topo_msgs_add(ex->b.m, line, TOPO_ERROR, "<use> needs template=\"NAME\"");
        return NULL;
    }
    value_guess_init(&g, name);
    for (size_t i = 0; i < ex->n && ex->b.m->n < TOPO_MSGS_MAX; i++)
        value_guess_offer(&g, ex->templates[i].name);
    topo_msgs_add(ex->b.m, line, TOPO_ERROR, "there is no <template name=\"%s\">%s", value_show(name, shown),
                  value_guess_hint(&g, hint));
    return NULL;
}

/* The names that hold inside a template; nothing of outside is seen there. */
struct arguments {
    struct topo_scope v[TOPO_XML_ATTRS_MAX + 1]; /* linked in the order of the array */
    char *own[2 * TOPO_XML_ATTRS_MAX + 2];       /* names and values are these */
    size_t n, nown;
};

static void arguments_clear(struct arguments *a)
{
    for (size_t i = 0; i < a->nown; i++)
        free(a->own[i]);
}

static char *own_attr(const xmlNode *x, const char *name)
{
    xmlChar *v = xmlGetNoNsProp(x, (const xmlChar *)name);
    char *s = v != NULL ? xstrdup((const char *)v) : NULL;

    xmlFree(v);
    return s;
}

/* Takes 'name' and 'value'. */
static void add_argument(struct expander *ex, struct arguments *a, char *name, char *value, int line)
{
    if (strlen(value) > TOPO_EXPAND_ARGUMENT_MAX) {
        topo_msgs_add(ex->b.m, line, TOPO_ERROR, "the argument %s of <use> is longer than %d bytes", name,
                      TOPO_EXPAND_ARGUMENT_MAX);
        value[0] = '\0';
    }
    a->own[a->nown++] = name;
    a->own[a->nown++] = value;
    a->v[a->n] = (struct topo_scope){a->n > 0 ? &a->v[a->n - 1] : NULL, name, value};
    a->n++;
}

/* Is 'name' an argument that template 't' declares? */
static bool declares(const xmlNode *t, const char *name)
{
    for (const xmlNode *c = t->children; c != NULL; c = c->next)
        if (is(c, "argument")) {
            AUTO(mem_freep) char *declared = own_attr(c, "name");
            if (declared != NULL && strcmp(declared, name) == 0)
                return true;
        }
    return false;
}

static void unknown_arguments(struct expander *ex, const struct template *t, const xmlNode *tag)
{
    char shown[VALUE_SHOW_SIZE];

    for (const xmlAttr *a = tag->properties; a != NULL; a = a->next) {
        const char *name = (const char *)a->name;
        if (a->ns == NULL && (strcmp(name, "template") == 0 || strcmp(name, "name") == 0))
            continue;
        if (a->ns != NULL || !declares(t->x, name))
            topo_msgs_add(ex->b.m, topo_xml_line(tag), TOPO_ERROR,
                          "template '%s' declares no <argument name=\"%s\">", t->name,
                          value_show(name, shown));
    }
}

/* What <use> 'tag' says, else what the template's <argument> says. */
static void read_arguments(struct expander *ex, const struct template *t, const xmlNode *tag,
                           struct arguments *a)
{
    int line = topo_xml_line(tag);
    char *name = own_attr(tag, "name");

    if (name == NULL || !name_ok(name)) {
        char shown[VALUE_SHOW_SIZE];
        topo_msgs_add(ex->b.m, line, TOPO_ERROR, "<use> needs name=\"NAME\" of a-z, 0-9 and '-'%s%s",
                      name != NULL ? ", not " : "", name != NULL ? value_show(name, shown) : "");
    }
    add_argument(ex, a, xstrdup("name"), name != NULL ? name : xstrdup(""), line);
    for (const xmlNode *c = t->x->children; c != NULL && a->n <= TOPO_XML_ATTRS_MAX; c = c->next) {
        AUTO(mem_freep) char *value = NULL;
        char *declared;

        if (!is(c, "argument") || (declared = own_attr(c, "name")) == NULL)
            continue;
        value = own_attr(tag, declared);
        if (value == NULL)
            value = own_attr(c, "default");
        if (value == NULL)
            topo_msgs_add(ex->b.m, line, TOPO_ERROR, "template '%s' needs %s=\"...\" in <use>", t->name,
                          declared);
        add_argument(ex, a, declared, value != NULL ? TAKE(value) : xstrdup(""), line);
    }
    unknown_arguments(ex, t, tag);
}

static int make_use(struct expander *ex, const xmlNode *x, const struct topo_scope *sc, int depth,
                    const struct place *at)
{
    AUTO(node_freep) xmlNode *tag = copy_tag(ex, x, sc);
    AUTO(arguments_clear) struct arguments a = {.n = 0};
    int line = topo_xml_line(x);
    size_t nerrors = ex->b.m->nerrors;
    struct template *t;

    if (tag == NULL)
        return -1;
    if (holds_elements(x))
        topo_msgs_add(ex->b.m, line, TOPO_ERROR, "<use> holds no elements; the template does");
    AUTO(mem_freep) char *name = own_attr(tag, "template");
    if ((t = used_template(ex, name, line)) == NULL)
        return 0;
    t->used = true;
    if (depth >= TOPO_EXPAND_DEPTH_MAX)
        return topo_fatal(ex->b.m, ex->b.e, line,
                          "template '%s' is used by templates more than %d deep; does it use itself?",
                          t->name, TOPO_EXPAND_DEPTH_MAX);
    read_arguments(ex, t, tag, &a);
    if (ex->b.m->nerrors > nerrors)
        return 0;
    return make_all(ex, t->x, &a.v[a.n - 1], depth + 1, at);
}

/* ---- all of it ---- */
static int make(struct expander *ex, const xmlNode *x, const struct topo_scope *sc, int depth,
                const struct place *at)
{
    xmlNode *copy;

    if (is(x, "group"))
        return make_group(ex, x, sc, depth, at);
    if (is(x, "use"))
        return make_use(ex, x, sc, depth, at);
    if (is(x, "parameter")) {
        topo_msgs_add(ex->b.m, topo_xml_line(x), TOPO_ERROR,
                      "<parameter> stands directly in <topology>, not in a group or template");
        return 0;
    }
    if ((copy = copy_tag(ex, x, sc)) == NULL)
        return -1;
    put(at, copy);
    return make_all(ex, x, sc, depth, &(struct place){copy, NULL});
}

/* Makes what 'from' holds. */
static int make_all(struct expander *ex, const xmlNode *from, const struct topo_scope *sc, int depth,
                    const struct place *at)
{
    bool elements = holds_elements(from);

    for (const xmlNode *c = from->children; c != NULL; c = c->next) {
        if (is_text(c) && !(elements && blank((const char *)c->content))) {
            int line = topo_xml_line(from);
            AUTO(mem_freep)
            char *filled = topo_scope_fill(sc, ex->t, (const char *)c->content, topo_reference_strict(from),
                                           line, ex->b.m);
            if (topo_budget_spend(&ex->b, strlen(filled), line) < 0)
                return -1;
            put(at, xmlNewDocText(from->doc, (const xmlChar *)filled));
        }
        if (c->type == XML_ELEMENT_NODE && !is(c, "argument") && make(ex, c, sc, depth, at) < 0)
            return -1;
    }
    return 0;
}

/* Replaces what has to be replaced below 'x'. */
static int walk(struct expander *ex, xmlNode *x)
{
    for (xmlNode *c = x->children, *next; c != NULL; c = next) {
        next = c->next;
        if (c->type != XML_ELEMENT_NODE)
            continue;
        if (is(c, "group") || is(c, "use")) {
            if (make(ex, c, NULL, 0, &(struct place){x, c}) < 0)
                return -1;
            xmlUnlinkNode(c);
            xmlFreeNode(c);
        } else if (topo_reference_fill_element(ex->t, c, &ex->b) < 0 || walk(ex, c) < 0) {
            return -1;
        }
    }
    return 0;
}

static void check_arguments(struct expander *ex, const struct template *t)
{
    static const struct attr attrs[] = {
        {"name", A_STRING, 0}, {"default", A_STRING, sizeof(char *)}, ATTRS_END};
    size_t n = 0;

    for (const xmlNode *c = t->x->children; c != NULL; c = c->next) {
        char *v[2] = {NULL, NULL};
        if (!is(c, "argument"))
            continue;
        topo_attrs(ex->b.m, c, attrs, v);
        if (v[0] == NULL || !topo_word_ok(v[0]) || strcmp(v[0], "name") == 0 || strcmp(v[0], "template") == 0)
            topo_msgs_add(ex->b.m, topo_xml_line(c), TOPO_ERROR,
                          "<argument> needs a name of a-z, 0-9 and _, other than \"name\" and \"template\"");
        free(v[0]);
        free(v[1]);
        if (++n == TOPO_XML_ATTRS_MAX - 1)
            topo_msgs_add(ex->b.m, topo_xml_line(c), TOPO_ERROR, "a template has more than %d arguments",
                          TOPO_XML_ATTRS_MAX - 2);
    }
}

/* Takes the templates out of the tree. */
static void collect(struct expander *ex, xmlNode *root)
{
    for (xmlNode *c = root->children, *next; c != NULL; c = next) {
        struct template t = {.x = c};
        char shown[VALUE_SHOW_SIZE];

        next = c->next;
        if (!is(c, "template"))
            continue;
        xmlUnlinkNode(c);
        topo_attrs(ex->b.m, c, (const struct attr[]){{"name", A_STRING, 0}, ATTRS_END}, &t.name);
        if (t.name == NULL || !name_ok(t.name))
            topo_msgs_add(ex->b.m, topo_xml_line(c), TOPO_ERROR,
                          "<template> needs name=\"NAME\" of a-z, 0-9 and '-'");
        else if (find_template(ex, t.name) != NULL)
            topo_msgs_add(ex->b.m, topo_xml_line(c), TOPO_ERROR, "there is a <template name=\"%s\"> already",
                          value_show(t.name, shown));
        if (t.name == NULL)
            t.name = xstrdup("");
        check_arguments(ex, &t);
        XGROW(ex->templates, ex->n, ex->cap);
        ex->templates[ex->n++] = t;
    }
}

static void expander_clear(struct expander *ex)
{
    for (size_t i = 0; i < ex->n; i++) {
        xmlFreeNode(ex->templates[i].x);
        free(ex->templates[i].name);
    }
    free(ex->templates);
}

int topo_expand(xmlNode *root, const struct topo *t, const struct topo_size *max, struct topo_msgs *m,
                struct err *e)
{
    AUTO(expander_clear) struct expander ex = {.b = {.max = max, .m = m, .e = e}, .t = t};

    collect(&ex, root);
    if (topo_reference_fill_element(t, root, &ex.b) < 0 || walk(&ex, root) < 0)
        return -1;
    for (size_t i = 0; i < ex.n; i++)
        if (!ex.templates[i].used)
            topo_msgs_add(m, topo_xml_line(ex.templates[i].x), TOPO_WARNING,
                          "<template name=\"%s\"> is not used", ex.templates[i].name);
    return topo_defaults_apply(root, &ex.b);
}
