/* exercise.xml as an instructor may upload it, beside a valid topology.  What is accepted must be gradable -
 * its probes are accepted by labhost, its report can be written - and the published schema must accept it. */
#include "grading/grading_parts.h"
#include "labd/base/mem.h"

#include <libxml/parser.h>
#include <libxml/relaxng.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char topology[] =
    "<topology name='t'><host name='h1'><interface name='eth0' network='lan1'><address>10.0.1.10/24</address></interface></host>"
    "<router name='r1'><interface name='eth0' network='lan1'/><interface name='eth1' network='lan2'/><interface name='eth2'/></router>"
    "<host name='h2'><interface name='eth0' network='lan2'/></host><network name='lan1'/><network name='lan2'/>"
    "<host name='h3'><interface name='eth0'/></host><link name='l1' a='r1:eth2' b='h3:eth0'/>"
    "<switch name='sw1'><port name='p1'/></switch></topology>";

static void require(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "fuzz_exercise: %s\n", what);
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
        xmlRelaxNGParserCtxt *p = xmlRelaxNGNewMemParserCtxt(exercise_rng, (int)strlen(exercise_rng));

        schema = xmlRelaxNGParse(p);
        xmlRelaxNGFreeParserCtxt(p);
        require(schema != NULL, "the schema is no schema");
    }
    xmlSetStructuredErrorFunc(NULL, ignore);
    doc = xmlReadMemory(xml, (int)n, NULL, "UTF-8",
                        XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_IGNORE_ENC);
    require(doc != NULL, "libxml2 alone does not read it");
    v = xmlRelaxNGNewValidCtxt(schema);
    ok = xmlRelaxNGValidateDoc(v, doc) == 0;
    xmlRelaxNGFreeValidCtxt(v);
    xmlFreeDoc(doc);
    return ok;
}

static void gradable(const struct exercise *x)
{
    struct grading_outcome *o = xcalloc(x->nchecks, sizeof *o);
    json_t *report;

    for (size_t i = 0; i <= x->nchecks; i++) {
        size_t which = i == x->nchecks ? GRADING_ALL_SHARED : i;
        bool cut = i < x->nchecks && x->checks[i].cut.n > 0;
        AUTO(probe_spec_freep)
        struct probe_spec *s = grading_spec(x, which, cut ? GRADING_BROKEN : GRADING_STEADY, NULL), *t = NULL;
        struct err e = {0};
        json_t *j;

        require(s != NULL, "no probe spec for it");
        j = probe_spec_to_json(s);
        t = probe_spec_from_json(j, false, &e);
        json_decref(j);
        if (t == NULL)
            fprintf(stderr, "%s\n", e.msg);
        require(t != NULL, "labhost would refuse its probe spec");
    }
    report = grading_report(x, "abcdef", o, NULL, false, 0, 0);
    require(report != NULL, "no report for it");
    json_decref(report);
    free(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct topo_msgs m = TOPO_MSGS_INIT;
    struct err e = {0};
    struct exercise *x =
        exercise_load_mem((const char *)data, size, topology, sizeof topology - 1, &m, NULL, &e);

    require((x == NULL) == (m.nerrors > 0), "messages and result disagree");
    require(x != NULL || e.msg[0] != '\0', "refused without a reason");
    for (size_t i = 0; i < m.n; i++)
        require(m.items[i].text[0] != '\0' && m.items[i].line >= 0, "an empty message");
    if (x != NULL) {
        gradable(x);
        require(schema_accepts((const char *)data, size), "the schema refuses it");
    }
    exercise_free(x);
    topo_msgs_clear(&m);
    return 0;
}
