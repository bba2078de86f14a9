/* The manual page paralab-topology(5): each example is valid and can be planned, and everything in the
 * schema has an entry and is in an example.  The schema decides what there is, so that a new element
 * without documentation fails here. */
#include "tests/unit/topo_rows.h"

#include <libxml/parser.h>
#include <libxml/tree.h>

#define PAGE "labd/man/paralab-topology.5.scd"

struct page {
    struct buf text;
    xmlDoc *examples[64];
    char *sources[64];
    size_t n;
};
static struct page page;
static xmlDoc *schema;

static int setup(void **state)
{
    (void)state;
    load_text(PAGE, &page.text);
    for (const char *p = buf_str(&page.text); (p = strstr(p, "\n```\n")) != NULL;) {
        const char *end = strstr(p + 5, "\n```\n");
        assert_non_null(end);
        assert_true(page.n < ARRAY_LEN(page.examples));
        page.sources[page.n] = xstrndup(p + 5, (size_t)(end - p - 4));
        page.examples[page.n] = xmlReadMemory(page.sources[page.n], (int)strlen(page.sources[page.n]), NULL,
                                              NULL, XML_PARSE_NONET);
        assert_non_null(page.examples[page.n++]);
        p = end + 4;
    }
    schema = xmlReadMemory(topo_rng, (int)strlen(topo_rng), NULL, NULL, XML_PARSE_NONET);
    return schema != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < page.n; i++) {
        xmlFreeDoc(page.examples[i]);
        free(page.sources[i]);
    }
    buf_clear(&page.text);
    xmlFreeDoc(schema);
    return 0;
}

/* ---- walking ---- */
typedef void each_fn(const xmlNode *x, void *arg);

static void each_element(const xmlNode *x, each_fn *fn, void *arg)
{
    for (; x != NULL; x = x->next)
        if (x->type == XML_ELEMENT_NODE) {
            fn(x, arg);
            each_element(x->children, fn, arg);
        }
}

static bool is(const xmlNode *x, const char *name)
{
    return strcmp((const char *)x->name, name) == 0;
}

struct wanted {
    const char *element, *attribute; /* NULL: the element itself */
    bool found;
};

static void look(const xmlNode *x, void *arg)
{
    struct wanted *w = arg;

    if (is(x, w->element) && (w->attribute == NULL || xmlHasProp(x, (const xmlChar *)w->attribute) != NULL))
        w->found = true;
}

static void want(const char *element, const char *attribute)
{
    struct wanted w = {element, attribute, false};

    for (size_t i = 0; i < page.n; i++)
        each_element(xmlDocGetRootElement(page.examples[i]), look, &w);
    if (!w.found)
        fail_msg("no example of " PAGE " has <%s%s%s>", element, attribute ? " " : "",
                 attribute ? attribute : "");
}

/* ---- the schema ---- */
/* What the definition holds; NULL if there is none of that name. */
static const xmlNode *definition(const char *name)
{
    for (const xmlNode *x = xmlDocGetRootElement(schema)->children; x != NULL; x = x->next)
        if (x->type == XML_ELEMENT_NODE && is(x, "define")) {
            AUTO(mem_freep) char *s = (char *)xmlGetProp(x, (const xmlChar *)"name");
            if (s != NULL && name != NULL && strcmp(s, name) == 0)
                return x->children;
        }
    return NULL;
}

/* The attributes of 'element' in 'x' and what follows it: through references, but not into other elements. */
static void attributes(const xmlNode *x, const char *element, size_t *n)
{
    for (; x != NULL; x = x->next) {
        if (x->type != XML_ELEMENT_NODE || is(x, "element"))
            continue;
        AUTO(mem_freep) char *name = (char *)xmlGetProp(x, (const xmlChar *)"name");
        if (name == NULL && is(x, "attribute"))
            continue; /* of any name: the author's own */
        if (is(x, "attribute")) {
            want(element, name);
            ++*n;
        } else if (is(x, "ref")) {
            attributes(definition(name), element, n);
        } else {
            attributes(x->children, element, n);
        }
    }
}

static void element_with_attributes(const xmlNode *x, void *arg)
{
    if (!is(x, "element"))
        return;
    AUTO(mem_freep) char *name = (char *)xmlGetProp(x, (const xmlChar *)"name");
    if (name == NULL)
        return; /* of any name: a default for another element */
    AUTO(mem_freep) char *entry = xasprintf("\n## %s\n", name);

    if (strstr(buf_str(&page.text), entry) == NULL)
        fail_msg(PAGE " has no entry for <%s>", name);
    want(name, NULL);
    attributes(x->children, name, arg);
}

static void test_schema_is_covered(void **state)
{
    size_t n = 0;

    (void)state;
    each_element(xmlDocGetRootElement(schema), element_with_attributes, &n);
    assert_true(n > 40); /* the schema was read */
}

static void test_examples(void **state)
{
    (void)state;
    assert_true(page.n > 8);
    for (size_t i = 0; i < page.n; i++) {
        AUTO(topo_freep) struct topo *t = load_valid(page.sources[i]);
        struct err e = {0};
        AUTO(plan_freep) struct plan *p = plan_make(t, "manual", &e);

        if (p == NULL)
            fail_msg("%s: %s", t->name, e.msg);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_schema_is_covered),
    };

    return cmocka_run_group_tests_name("topo_manual", tests, setup, teardown);
}
