/* References to parameters in attributes and texts.
 *
 *   ${x}              the value
 *   ${x+1}  ${x-1}    of a number: plus, minus
 *   ${lan.10}         of a prefix: its address number 10, counted from the network's own, 0
 *   ${lan.10/}        the same with the prefix's length
 *   $${x}             no reference: ${x} */
#include "labd/base/buf.h"
#include "labd/base/mem.h"
#include "topology/topo_expand.h"
#include "topology/topo_parameter.h"
#include "topology/topo_value.h"
#include "topology/topo_xml.h"

#include <string.h>

#define INNER_MAX 128 /* bytes between the braces */

struct reference {
    const struct topo_parameter *p; /* NULL: not declared */
    char name[NAME_SIZE];
    char op; /* '+', '-', '.' or 0 */
    uint32_t n;
    bool length;
};

/* Where the brace at 's' is closed, or 0. */
static size_t closing(const char *s)
{
    size_t depth = 0;

    for (size_t i = 0; i <= INNER_MAX && s[i] != '\0'; i++) {
        if (s[i] == '}' && --depth == 0)
            return i;
        depth += s[i] == '{';
    }
    return 0;
}

/* What is between the braces of 's', "{...}" of 'len' bytes before the last; the caller frees. */
static char *inner_of(const struct topo_scope *sc, const char *s, size_t len, int line, struct topo_msgs *m)
{
    char *inner = xstrndup(s + 1, len - 1);

    if (sc != NULL && strchr(inner, '{') != NULL && strchr(inner, '$') == NULL) {
        char *filled = topo_scope_fill(sc, NULL, inner, false, line, m);
        free(inner);
        return filled;
    }
    return inner;
}

static const struct topo_parameter *find(const struct topo *t, const char *name)
{
    for (size_t i = 0; i < t->nparameters; i++)
        if (strcmp(t->parameters[i].name, name) == 0)
            return &t->parameters[i];
    return NULL;
}

/* False if 'inner' has not the form of a reference. */
static bool parse(const struct topo *t, const char *inner, struct reference *r)
{
    size_t n = topo_word_len(inner), digits;
    char number[12] = "";

    *r = (struct reference){.op = '\0'};
    if (n == 0)
        return false;
    memcpy(r->name, inner, n);
    r->p = find(t, r->name);
    inner += n;
    if (*inner == '\0')
        return true;
    if (strchr("+-.", *inner) == NULL)
        return false;
    r->op = *inner++;
    digits = strspn(inner, "0123456789");
    if (digits >= sizeof number)
        return false;
    memcpy(number, inner, digits);
    inner += digits;
    r->length = r->op == '.' && *inner == '/';
    return value_uint(number, &r->n) && inner[r->length] == '\0';
}

static bool add_sum(const struct reference *r, int line, struct topo_msgs *m, struct buf *out)
{
    uint32_t v;

    if (!value_uint(r->p->value, &v))
        topo_msgs_add(m, line, TOPO_ERROR, "${%s%c%u}: parameter '%s' is no number to compute with", r->name,
                      r->op, r->n, r->name);
    else if (r->op == '-' && r->n > v)
        topo_msgs_add(m, line, TOPO_ERROR, "${%s-%u} is below 0 where ${%s} is %u", r->name, r->n, r->name,
                      v);
    else {
        buf_printf(out, "%llu", r->op == '-' ? (unsigned long long)v - r->n : (unsigned long long)v + r->n);
        return true;
    }
    return false;
}

static bool add_address(const struct reference *r, int line, struct topo_msgs *m, struct buf *out)
{
    char text[VALUE_ADDR_SIZE];
    struct value_addr a;

    if (r->p->type != TOPO_PREFIX || !value_addr(r->p->value, &a)) {
        topo_msgs_add(m, line, TOPO_ERROR, "${%s.%u}: parameter '%s' is no prefix that has addresses",
                      r->name, r->n, r->name);
        return false;
    }
    /* The length is above 0, so the shift is below 128. */
    if (r->n >= (value_number)1 << (value_addr_len(&a) * 8 - a.prefix)) {
        topo_msgs_add(m, line, TOPO_ERROR, "${%s.%u} is outside '%s', whose length is %u", r->name, r->n,
                      r->name, a.prefix);
        return false;
    }
    a = value_addr_of(value_addr_number(&a) + r->n, a.family, a.prefix);
    a.has_prefix = r->length;
    buf_puts(out, value_addr_format(&a, text));
    return true;
}

static bool add_value(const struct reference *r, int line, struct topo_msgs *m, struct buf *out)
{
    if (r->op != '\0')
        return r->op == '.' ? add_address(r, line, m, out) : add_sum(r, line, m, out);
    buf_puts(out, r->p->value);
    return true;
}

static void undeclared(const struct topo *t, const char *name, int line, struct topo_msgs *m)
{
    char hint[VALUE_HINT_SIZE];
    struct value_guess g;

    value_guess_init(&g, name);
    for (size_t i = 0; i < t->nparameters; i++)
        value_guess_offer(&g, t->parameters[i].name);
    topo_msgs_add(m, line, TOPO_ERROR,
                  "there is no <parameter name=\"%s\">%s; a plain \"${\" is written \"$${\"", name,
                  value_guess_hint(&g, hint));
}

size_t topo_reference_take(const struct topo *t, const struct topo_scope *sc, const char *s, bool strict,
                           int line, struct topo_msgs *m, struct buf *out)
{
    size_t dollars = strspn(s, "$"), len = s[dollars] == '{' ? closing(s + dollars) : 0;
    char shown[VALUE_SHOW_SIZE];
    struct reference r;
    bool form;

    if (t == NULL || s[dollars] != '{' || (len == 0 && !strict)) {
        buf_add(out, s, dollars + (s[dollars] == '{'));
        return dollars + (s[dollars] == '{');
    }
    AUTO(mem_freep) char *inner = len > 0 ? inner_of(sc, s + dollars, len, line, m) : xstrdup("");
    form = parse(t, inner, &r);
    if (dollars > 1 && (strict || (form && r.p != NULL))) {
        buf_add(out, s + 1, dollars); /* one less, and the brace */
        return dollars + 1;
    }
    if (form && r.p != NULL && add_value(&r, line, m, out))
        return dollars + len + 1;
    if (strict && !form)
        topo_msgs_add(m, line, TOPO_ERROR,
                      "\"%s\" is no reference to a parameter, as ${x} is; a plain \"${\" is written \"$${\"",
                      value_show(s, shown));
    else if (strict && r.p == NULL)
        undeclared(t, r.name, line, m);
    buf_add(out, s, dollars + 1);
    return dollars + 1;
}

char *topo_reference_fill(const struct topo *t, const char *s, bool strict, int line, struct topo_msgs *m)
{
    struct buf b = BUF_INIT;

    while (*s != '\0' && b.len <= TOPO_FILE_MAX) {
        size_t plain = strcspn(s, "$");

        buf_add(&b, s, plain);
        s += plain;
        if (*s == '$')
            s += topo_reference_take(t, NULL, s, strict, line, m, &b);
    }
    return buf_take(&b);
}

/* Is what begins at 'brace' the end of a reference to a declared parameter? */
static bool declared(const struct topo *t, const char *brace)
{
    size_t len = closing(brace);
    AUTO(mem_freep) char *inner = len > 0 ? xstrndup(brace + 1, len - 1) : NULL;
    struct reference r;

    return inner != NULL && parse(t, inner, &r) && r.p != NULL;
}

void topo_reference_escape(const struct topo *t, const char *s, bool strict, struct buf *out)
{
    while (*s != '\0') {
        size_t plain = strcspn(s, "$"), dollars = strspn(s + plain, "$");
        const char *next = s + plain + dollars;

        buf_add(out, s, plain + dollars);
        if (dollars > 0 && *next == '{' && (strict || declared(t, next)))
            buf_putc(out, '$');
        s = next;
    }
}

/* ---- in the tree ---- */
bool topo_reference_strict(const xmlNode *x)
{
    return x->ns == NULL && strcmp((const char *)x->name, "address") == 0;
}

static int spend(struct topo_budget *b, const char *old, const char *new, int line)
{
    size_t before = strlen(old), after = strlen(new);

    if (after > TOPO_FILE_MAX) /* it was cut */
        return topo_fatal(b->m, b->e, line, "with its parameters this text is larger than %u MiB",
                          TOPO_FILE_MAX >> 20);
    return topo_budget_spend(b, after > before ? after - before : 0, line);
}

static int fill_attr(const struct topo *t, xmlNode *x, const xmlAttr *a, struct topo_budget *b)
{
    xmlChar *v = xmlNodeListGetString(a->doc, a->children, 1);
    AUTO(mem_freep) char *old = xstrdup(v != NULL ? (const char *)v : ""), *new = NULL;
    int line = topo_xml_line(x);

    xmlFree(v);
    if (a->ns != NULL || strstr(old, "${") == NULL)
        return 0;
    new = topo_reference_fill(t, old, true, line, b->m);
    if (xmlSetProp(x, a->name, (const xmlChar *)new) == NULL)
        abort();
    return spend(b, old, new, line);
}

static int fill_text(const struct topo *t, const xmlNode *x, xmlNode *text, struct topo_budget *b)
{
    AUTO(mem_freep)
    char *old = xstrdup(text->content != NULL ? (const char *)text->content : ""), *new = NULL;
    int line = topo_xml_line(x);

    if (strstr(old, "${") == NULL)
        return 0;
    new = topo_reference_fill(t, old, topo_reference_strict(x), line, b->m);
    xmlNodeSetContent(text, (const xmlChar *)new);
    return spend(b, old, new, line);
}

int topo_reference_fill_element(const struct topo *t, xmlNode *x, struct topo_budget *b)
{
    for (const xmlAttr *a = x->properties; a != NULL; a = a->next)
        if (fill_attr(t, x, a, b) < 0)
            return -1;
    for (xmlNode *c = x->children; c != NULL; c = c->next)
        if ((c->type == XML_TEXT_NODE || c->type == XML_CDATA_SECTION_NODE) && fill_text(t, x, c, b) < 0)
            return -1;
    return 0;
}
