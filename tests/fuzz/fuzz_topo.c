/* Everything of topology/ that reads what strangers wrote: topologies, plans in JSON.  The first
 * byte that is no blank decides.  What is accepted has to survive the way through the other parts, and the
 * published schema has to accept it, too. */
#include "labd/base/mem.h"
#include "tests/fuzz/bound.h"
#include "topology/topo.h"

#include <libxml/parser.h>
#include <libxml/relaxng.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "fuzz_topo: %s\n", what);
    abort();
}

static void ignore(void *ctx, xmlErrorPtr e)
{
    (void)ctx, (void)e;
}

static bool schema_accepts(const char *xml, size_t n)
{
    static xmlRelaxNG *schema;
    xmlRelaxNGValidCtxt *v;
    xmlDoc *doc;
    bool ok;

    if (schema == NULL) {
        xmlRelaxNGParserCtxt *p = xmlRelaxNGNewMemParserCtxt(topo_rng, (int)strlen(topo_rng));
        schema = xmlRelaxNGParse(p);
        xmlRelaxNGFreeParserCtxt(p);
        require(schema != NULL, "the schema is no schema");
    }
    doc = xmlReadMemory(xml, (int)n, NULL, "UTF-8",
                        XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_IGNORE_ENC);
    require(doc != NULL, "accepted, but not well-formed");
    v = xmlRelaxNGNewValidCtxt(schema);
    xmlRelaxNGSetValidStructuredErrors(v, ignore, NULL);
    ok = xmlRelaxNGValidateDoc(v, doc) == 0;
    xmlRelaxNGFreeValidCtxt(v);
    xmlFreeDoc(doc);
    return ok;
}

static void use_plan(struct plan *p)
{
    struct err e = {0};
    json_t *j = plan_to_json(p);
    AUTO(plan_freep) struct plan *again = plan_from_json(j, &e);

    if (again == NULL)
        fprintf(stderr, "%s\n", e.msg);
    require(again != NULL, "a plan does not survive JSON");
    json_decref(j);
}

/* 't' is valid. */
static void use_topo(const struct topo *t)
{
    struct err e = {0};
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(mem_freep) char *xml = topo_write(t);
    AUTO(topo_freep) struct topo *again = topo_load_mem(xml, strlen(xml), &m, &e);
    AUTO(plan_freep) struct plan *p = plan_make(t, "fuzz00", &e);
    AUTO(mem_freep) char *svg = topo_render_svg(t, TOPO_LABEL_ADDRESSES);
    json_t *d = topo_drawing_json(t);
    xmlDoc *doc = xmlReadMemory(svg, (int)strlen(svg), NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR);

    require(again != NULL, "what was written cannot be read");
    require(topo_equal(t, again), "what was written reads differently");
    require(schema_accepts(xml, strlen(xml)), "the schema refuses what was written");
    require(doc != NULL, "the SVG is not well-formed");
    if (p != NULL)
        use_plan(p);
    xmlFreeDoc(doc);
    json_decref(d);
}

static void try_topology(const char *s, size_t n)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    struct err e = {0};
    AUTO(topo_freep) struct topo *t = topo_load_mem(s, n, &m, &e);

    require((t == NULL) == (m.nerrors > 0), "messages and result do not agree");
    for (size_t i = 0; i < m.n; i++)
        require(m.items[i].line >= 0 && strpbrk(m.items[i].text, "\r\n") == NULL, "a message is malformed");
    if (t == NULL)
        return;
    /* The reader sees of templates and defaults what is used of them; the schema sees them all. */
    if (memmem(s, n, "<template", 9) == NULL && memmem(s, n, "<defaults", 9) == NULL)
        require(schema_accepts(s, n), "the schema refuses what the reader accepts");
    use_topo(t);
}

static void try_plan(const char *s, size_t n)
{
    json_t *j = json_loadb(s, n, JSON_ALLOW_NUL, NULL);
    AUTO(plan_freep) struct plan *p = j != NULL ? plan_from_json(j, NULL) : NULL;

    if (p != NULL)
        use_plan(p);
    json_decref(j);
}

/* A group of a hundred bytes may ask for 200,000 elements and 4 MiB of text. */
size_t fuzz_bound(const uint8_t *data, size_t size)
{
    bool multiplies = memmem(data, size, "<group", 6) != NULL || memmem(data, size, "<use", 4) != NULL ||
                      memmem(data, size, "<defaults", 9) != NULL;

    return (multiplies ? 768 << 20 : 16 << 20) + size * 512;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *s = (const char *)data;

    if (size > 0 && s[0] == '{')
        try_plan(s, size);
    else
        try_topology(s, size);
    return 0;
}
