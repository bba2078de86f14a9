/* The published schema and our reader say the same.  Rows hold each against what the author of the row
 * says; random valid topologies pass both. */
#include "tests/unit/topo_random.h"
#include "tests/unit/topo_rows.h"

#include <libxml/parser.h>
#include <libxml/relaxng.h>

static xmlRelaxNG *schema;

static void ignore(void *ctx, xmlErrorPtr e)
{
    (void)ctx, (void)e;
}

static int setup(void **state)
{
    xmlRelaxNGParserCtxt *p = xmlRelaxNGNewMemParserCtxt(topo_rng, (int)strlen(topo_rng));

    (void)state;
    schema = xmlRelaxNGParse(p);
    xmlRelaxNGFreeParserCtxt(p);
    return schema != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    xmlRelaxNGFree(schema);
    return 0;
}

static bool schema_accepts(const char *xml)
{
    xmlDoc *doc = xmlReadMemory(xml, (int)strlen(xml), NULL, NULL, XML_PARSE_NONET);
    xmlRelaxNGValidCtxt *v = xmlRelaxNGNewValidCtxt(schema);
    bool ok;

    assert_non_null(doc);
    xmlRelaxNGSetValidStructuredErrors(v, ignore, NULL);
    ok = xmlRelaxNGValidateDoc(v, doc) == 0;
    xmlRelaxNGFreeValidCtxt(v);
    xmlFreeDoc(doc);
    return ok;
}

static bool reader_accepts(const char *xml)
{
    AUTO(topo_freep) struct topo *t = topo_load_mem(xml, strlen(xml), NULL, NULL);

    return t != NULL;
}

static const struct row {
    const char *name, *in; /* beside host zz with eth0, eth1 */
    bool ok;
} rows[] = {
    {"nothing", "", true},
    {"host", "<host name='a'/>", true},
    {"host with all attributes", "<host name='a' image='b' memory='64' vcpus='2' x='-1' y='2'/>", true},
    {"host without name", "<host/>", false},
    {"host with a bad name", "<host name='A'/>", false},
    {"host with a name of 31", "<host name='abcdefghijklmnopqrstuvwxyz-1234'/>", true},
    {"host with a name of 32", "<host name='abcdefghijklmnopqrstuvwxyz-12345'/>", false},
    {"host with forwarding", "<host name='a' forwarding='no'/>", false},
    {"host with frr", "<host name='a'><frr/></host>", false},
    {"host with text", "<host name='a'>x</host>", false},
    {"host with one coordinate", "<host name='a' x='1'/>", false},
    {"host with a coordinate that is none", "<host name='a' x='1' y='b'/>", false},
    {"host too far away", "<host name='a' x='1' y='1000001'/>", false},
    {"memory too small", "<host name='a' memory='15'/>", false},
    {"memory too large", "<host name='a' memory='65537'/>", false},
    {"vcpus zero", "<host name='a' vcpus='0'/>", false},
    {"children in any order",
     "<host name='a'><note>n</note><startup/><file path='/a'/><interface name='e'/><note>m</note><interface name='f'/></host>",
     true},
    {"two startups", "<host name='a'><startup/><startup/></host>", false},
    {"empty note of a node", "<host name='a'><note> </note></host>", false},
    {"note with an attribute", "<host name='a'><note x='1' y='1'>a</note></host>", false},
    {"drawn note", "<note x='1' y='1'>a</note>", true},
    {"drawn note in CDATA", "<note><![CDATA[a]]></note>", true},
    {"drawn note, empty", "<note/>", false},
    {"router", "<router name='a' forwarding='no'><frr daemons='ospfd bgpd'>x</frr></router>", true},
    {"router with empty daemons", "<router name='a'><frr daemons=' '/></router>", true},
    {"router with an unknown daemon", "<router name='a'><frr daemons='ospfd2'/></router>", false},
    {"router with two frr", "<router name='a'><frr/><frr/></router>", false},
    {"router with forwarding of another kind", "<router name='a' forwarding='1'/>", false},
    {"interface without name", "<host name='a'><interface/></host>", false},
    {"interface named lo", "<host name='a'><interface name='lo'/></host>", false},
    {"interface with all characters", "<host name='a'><interface name='e.-_9'/></host>", true},
    {"interface name of 16", "<host name='a'><interface name='abcdefghijklmnop'/></host>", false},
    {"mtu", "<host name='a'><interface name='e' mtu='9216'/></host>", true},
    {"mtu too large", "<host name='a'><interface name='e' mtu='9217'/></host>", false},
    {"address in white space",
     "<host name='a'><interface name='e'><address>\n 10.0.0.1/8\t</address></interface></host>", true},
    {"address empty", "<host name='a'><interface name='e'><address/></interface></host>", false},
    {"address of letters", "<host name='a'><interface name='e'><address>home/8</address></interface></host>",
     false},
    {"address without prefix",
     "<host name='a'><interface name='e'><address>10.0.0.1</address></interface></host>", false},
    {"route", "<host name='a'><interface name='e'/><route to='default' via='fe80::1' dev='e'/></host>", true},
    {"route without via", "<host name='a'><route to='default'/></host>", false},
    {"route with a metric",
     "<host name='a'><interface name='e'/><route to='default' via='fe80::1' dev='e' metric='1'/></host>",
     false},
    {"address of a pool",
     "<pool name='p' prefix='10.0.0.0/8' each='24'/><network name='n'/><host name='a'><interface name='e' network='n'>"
     "<address pool='p'/><address>11.0.0.1/8</address></interface></host>",
     true},
    {"address and pool",
     "<pool name='p' prefix='10.0.0.0/8' each='24'/><network name='n'/><host name='a'><interface name='e' network='n'>"
     "<address pool='p'>10.0.0.1/8</address></interface></host>",
     false},
    {"route to a gateway that is found",
     "<network name='n'/><host name='a'><interface name='e' network='n'><address>10.0.0.2/8</address></interface>"
     "<route to='default' via='auto'/></host>"
     "<router name='r'><interface name='e' network='n'><address>10.0.0.1/8</address></interface></router>",
     true},
    {"pool without a prefix", "<pool name='p' each='24'/>", false},
    {"pool with a prefix that is none", "<pool name='p' prefix='home' each='24'/>", false},
    {"pool with a bad name", "<pool name='P' prefix='10.0.0.0/8' each='24'/>", false},
    {"pool of subnets of 128", "<pool name='p' prefix='2001:db8::/64' each='128'/>", false},
    {"pool with text", "<pool name='p' prefix='10.0.0.0/8' each='24'>x</pool>", false},
    {"file without path", "<host name='a'><file/></host>", false},
    {"file with a relative path", "<host name='a'><file path='a'/></host>", false},
    {"file with mode", "<host name='a'><file path='/a b' mode='4755'>&lt;</file></host>", true},
    {"file with a decimal mode", "<host name='a'><file path='/a' mode='0999'/></host>", false},
    {"switch",
     "<switch name='s' rstp='yes' rstp-priority='4096' x='1' y='2'><port name='p' trunk='10 20' native='1'/></switch>",
     true},
    {"switch with trunk all", "<switch name='s'><port name='p' trunk='all'/></switch>", true},
    {"switch with trunk none", "<switch name='s'><port name='p' trunk=''/></switch>", false},
    {"switch with access and trunk", "<switch name='s'><port name='p' trunk='1' access='1'/></switch>",
     false},
    {"switch with native alone", "<switch name='s'><port name='p' native='1'/></switch>", false},
    {"switch with VLAN 4095", "<switch name='s'><port name='p' access='4095'/></switch>", false},
    {"switch with VLAN 0", "<switch name='s'><port name='p' access='0'/></switch>", false},
    {"switch with a large priority", "<switch name='s' rstp-priority='65536'/>", false},
    {"switch with ageing", "<switch name='s' mac-ageing='15'/>", true},
    {"switch with fast ageing", "<switch name='s' mac-ageing='14'/>", false},
    {"switch with a bond and a mirror",
     "<switch name='s'><bond name='b' ports='p q' lacp='passive' access='5'/><port name='p'/><port name='q'/>"
     "<port name='t' mirror='b r' direction='out'/><port name='r'/></switch>"
     "<link name='x' a='s:p' b='zz:eth0'/><link name='y' a='s:q' b='zz:eth1'/>",
     true},
    {"bond of one port", "<switch name='s'><bond name='b' ports='p'/></switch>", false},
    {"bond that does not say of what", "<switch name='s'><bond name='b'/></switch>", false},
    {"bond with another lacp", "<switch name='s'><bond name='b' ports='p q' lacp='slow'/></switch>", false},
    {"mirror of nothing", "<switch name='s'><port name='t' mirror=''/></switch>", false},
    {"mirror with VLANs", "<switch name='s'><port name='t' mirror='all' access='5'/></switch>", false},
    {"mirror of another direction", "<switch name='s'><port name='t' mirror='all' direction='a'/></switch>",
     false},
    {"direction without mirror", "<switch name='s'><port name='t' direction='in'/></switch>", false},
    {"hub", "<hub name='h' x='1' y='2'/>", true},
    {"internet", "<internet name='i' x='1' y='2'/>", true},
    {"internet with addresses",
     "<internet name='i'><address>10.0.0.1/24</address><address>2001:db8::1/64</address></internet>", true},
    {"internet with an address of a pool", "<internet name='i'><address pool='p'/></internet>", false},
    {"internet with a port", "<internet name='i'><port name='p'/></internet>", false},
    {"hub with rstp", "<hub name='h' rstp='yes'/>", false},
    {"hub with a port", "<hub name='h'><port name='p'/></hub>", false},
    {"link", "<link name='l' a='zz:eth0' b='zz:eth1' up='no'/>", true},
    {"link without b", "<link name='l' a='zz:eth0'/>", false},
    {"link with a bad end", "<link name='l' a='zz:eth0' b='zz:eth1:2'/>", false},
    {"impairments",
     "<link name='l' a='zz:eth0' b='zz:eth1'><impair from='a' delay='1.5ms' loss='0.1%'/><impair from='b' rate='1mbit'/></link>",
     true},
    {"impairments that are empty",
     "<link name='l' a='zz:eth0' b='zz:eth1'><impair from='both' delay='' loss='' rate=''/></link>", true},
    {"impair without from", "<link name='l' a='zz:eth0' b='zz:eth1'><impair/></link>", false},
    {"impair from c", "<link name='l' a='zz:eth0' b='zz:eth1'><impair from='c'/></link>", false},
    {"impair with a delay without unit",
     "<link name='l' a='zz:eth0' b='zz:eth1'><impair from='a' delay='5'/></link>", false},
    {"impair with a rate in bytes",
     "<link name='l' a='zz:eth0' b='zz:eth1'><impair from='a' rate='5mbps'/></link>", false},
    {"parameters",
     "<parameter name='a_1' type='integer' min='0' max='4294967295'/><parameter name='b' type='choice' values='x y'/>"
     "<parameter name='c' type='prefix' pool='2001:db8::/32' length='128'/><parameter name='d' type='name'/>",
     true},
    {"parameters used",
     "<parameter name='v' type='integer' min='24' max='27'/><parameter name='p' type='prefix' pool='10.0.0.0/8' length='24'/>"
     "<parameter name='q1' type='prefix' pool='10.0.0.0/8' length='25'/>"
     "<host name='h${v+1}' memory='${v}'><interface name='e${v}' mtu='15${v}'><address>${p.1/}</address></interface>"
     "<route to='${p}' via='${p.2}'/><file path='/${v}' mode='06${v}'/></host>"
     "<switch name='s' mac-ageing='${v}'><port name='p' access='${v}'/></switch>"
     "<pool name='p' prefix='${p}' each='${v}'/>"
     "<link name='l' a='zz:eth0' b='zz:eth1'><impair from='a' delay='${v}ms'/></link>"
     "<group count='1'><host name='x${v+{n}}'><interface name='e'><address>${q{n}.1/}</address></interface></host></group>",
     true},
    {"parameter without a type", "<parameter name='a'/>", false},
    {"parameter with a bad name", "<parameter name='a-b' type='name'/>", false},
    {"integer without max", "<parameter name='a' type='integer' min='1'/>", false},
    {"integer too large", "<parameter name='a' type='integer' min='1' max='4294967296'/>", false},
    {"choice of nothing", "<parameter name='a' type='choice' values=' '/>", false},
    {"prefix without a length", "<parameter name='a' type='prefix' pool='10.0.0.0/8'/>", false},
    {"name with a pool", "<parameter name='a' type='name' pool='10.0.0.0/8'/>", false},
    {"parameter with text", "<parameter name='a' type='name'>x</parameter>", false},
    {"parameter in a group", "<group count='1'><parameter name='a' type='name'/></group>", false},
    {"unknown element", "<banana/>", false},
    {"foreign attribute", "<hub name='h' xml:lang='en'/>", false},
    {"foreign element", "<x:hub xmlns:x='urn:x' name='h'/>", false},
    {"comments and instructions", "<!-- x --><?y z?><hub name='h'><!-- a --></hub>", true},
    {"text at the top", "x", false},
};

static void test_row(void **state)
{
    const struct row *r = *state;
    AUTO(mem_freep)
    char *xml =
        xasprintf("<topology name='t'><host name='zz'><interface name='eth0'/><interface name='eth1'/>"
                  "</host>%s</topology>",
                  r->in);

    assert_int_equal(reader_accepts(xml), r->ok);
    assert_int_equal(schema_accepts(xml), r->ok);
}

static const struct row roots[] = {
    {"root with all attributes", "<topology name='t' title='T' version='1'><host name='a'/></topology>",
     true},
    {"root after an xml-model", "<?xml-model href='t.rng'?><topology name='t'><host name='a'/></topology>",
     true},
    {"root without name", "<topology><host name='a'/></topology>", false},
    {"root of version 2", "<topology name='t' version='2'><host name='a'/></topology>", false},
    {"root of another name", "<network name='t'/>", false},
};

static void test_root(void **state)
{
    const struct row *r = *state;

    assert_int_equal(reader_accepts(r->in), r->ok);
    assert_int_equal(schema_accepts(r->in), r->ok);
}

static void test_random_topologies(void **state)
{
    uint64_t seed = rnd_seed();

    (void)state;
    for (uint64_t i = 0; i < 300; i++) {
        struct rnd r = {seed + i};
        AUTO(topo_freep) struct topo *t = rnd_topo(&r);
        AUTO(mem_freep) char *xml = topo_write(t);

        if (!schema_accepts(xml))
            fail_msg("TEST_SEED=%llu: the schema refuses\n%s", (unsigned long long)(seed + i), xml);
    }
}

static void test_golden_file(void **state)
{
    AUTO(buf_clear) struct buf in = BUF_INIT;

    AUTO(mem_freep) char *path = xasprintf(GOLDEN "%s.xml", (const char *)*state);
    load_text(path, &in);
    assert_true(schema_accepts(buf_str(&in)));
}

int main(void)
{
    struct CMUnitTest tests[160];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        tests[n++] = row_test(rows[i].name, test_row, &rows[i]);
    for (size_t i = 0; i < ARRAY_LEN(roots); i++)
        tests[n++] = row_test(roots[i].name, test_root, &roots[i]);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_random_topologies);
    for (size_t i = 0; i < ARRAY_LEN(golden_topologies); i++)
        tests[n++] = row_test(golden_topologies[i], test_golden_file, golden_topologies[i]);
    return _cmocka_run_group_tests("topo_rng", tests, n, setup, teardown);
}
