/* Addresses from pools and gateways by themselves: who gets which, what cannot be had, and what is too much. */
#include "tests/unit/topo_rows.h"

#define T(s) "<topology name='t'>\n" s "\n</topology>"
#define P4 "<pool name='p' prefix='10.1.0.0/16' each='24'/>"
#define A "<address pool='p'/>"
#define HOST(n, net) "<host name='" n "'><interface name='e' network='" net "'>" A "</interface></host>"
#define ROUTER(n, net) "<router name='" n "'><interface name='e' network='" net "'>" A "</interface></router>"
#define ON_LINK(kind, n) "<" kind " name='" n "'><interface name='e'>" A "</interface></" kind ">"
#define MANUAL(n, net, a) \
    "<host name='" n "'><interface name='e' network='" net "'><address>" a "</address></interface></host>"
#define NET(n) "<network name='" n "'/>"
#define LINK(n, a, b) "<link name='" n "' a='" a "' b='" b "'/>"

/* ---- who gets what: "NODE ADDRESS,... >GATEWAY" in the order of the file ---- */
static const struct good {
    const char *name, *in, *want;
} goods[] = {
    {"routers first, then hosts, in the order of the file",
     T(P4 HOST("a", "n") ROUTER("r", "n") HOST("b", "n") ROUTER("s", "n") NET("n")),
     "a 10.1.0.3/24; r 10.1.0.1/24; b 10.1.0.4/24; s 10.1.0.2/24"},
    {"subnets in the order of first use",
     T(NET("m") NET("n") HOST("a", "n") HOST("b", "m") HOST("c", "n") P4),
     "a 10.1.0.1/24; b 10.1.1.1/24; c 10.1.0.2/24"},
    {"first use counts, not the router",
     T(P4 HOST("a", "m") HOST("b", "n") ROUTER("r", "n") NET("m") NET("n")),
     "a 10.1.0.1/24; b 10.1.1.2/24; r 10.1.1.1/24"},
    {"the ends of a link", T(P4 ON_LINK("host", "a") ON_LINK("router", "r") LINK("l", "a:e", "r:e")),
     "a 10.1.0.2/24; r 10.1.0.1/24"},
    {"hubs and switches that are joined are one wire",
     T(P4 ON_LINK("host", "a") ON_LINK("host", "b") "<hub name='h'/><switch name='s'/>" LINK("l", "a:e", "h")
           LINK("m", "h", "s") LINK("n", "s", "b:e")),
     "a 10.1.0.1/24; b 10.1.0.2/24"},
    {"two hubs that are not joined are two",
     T(P4 ON_LINK("host", "a") ON_LINK("host", "b") "<hub name='h'/><hub name='i'/>" LINK("l", "a:e", "h")
           LINK("m", "i", "b:e")),
     "a 10.1.0.1/24; b 10.1.1.1/24"},
    {"each VLAN is a wire",
     T(P4 ON_LINK("host", "a") ON_LINK("host", "b") ON_LINK("host", "c") ON_LINK(
         "host",
         "d") "<switch name='s'><port name='a' access='5'/><port name='b' access='6'/><port name='c' access='5'/>"
              "<port name='d' trunk='5' native='6'/></switch>" LINK("k", "a:e", "s:a") LINK("l", "b:e", "s:b")
                  LINK("m", "c:e", "s:c") LINK("n", "d:e", "s:d")),
     "a 10.1.0.1/24; b 10.1.1.1/24; c 10.1.0.2/24; d 10.1.1.2/24"},
    {"VLANs go on over trunks",
     T(P4 ON_LINK("host", "a") ON_LINK("host", "b") ON_LINK(
         "host",
         "c") "<switch name='s'><port name='a' access='5'/><port name='u' trunk='5'/></switch>"
              "<switch name='t'><port name='b' access='5'/><port name='c' access='6'/><port name='u' trunk='5 6'/></switch>" LINK(
                  "k", "a:e", "s:a") LINK("l", "b:e", "t:b") LINK("m", "c:e", "t:c") LINK("n", "s:u", "t:u")),
     "a 10.1.0.1/24; b 10.1.0.2/24; c 10.1.1.1/24"},
    {"ports of a bond have its VLAN",
     T(P4 "<host name='a'><interface name='e'>" A
          "</interface><interface name='f'/></host>" ON_LINK("host", "b") ON_LINK(
              "host",
              "c") "<switch name='s'><port name='x'/><port name='y'/><bond name='z' ports='x y' access='5'/>"
                   "<port name='b' access='5'/></switch>" LINK("k", "a:e", "s:x") LINK("l", "a:f", "s:y")
                       LINK("m", "b:e", "s:b") LINK("n", "c:e", "s")),
     "a 10.1.0.1/24; b 10.1.0.2/24; c 10.1.1.1/24"},
    {"subnets that hold addresses given by hand are left out",
     T(P4 MANUAL("m", "x", "10.1.0.9/25") MANUAL("k", "x", "10.1.2.9/16") HOST("a", "n") HOST("b", "o")
           NET("n") NET("o") NET("x")),
     "m 10.1.0.9/25; k 10.1.2.9/16; a 10.1.1.1/24; b 10.1.3.1/24"},
    {"an address given by hand on the wire decides its subnet, and is left out",
     T(P4 HOST("a", "n") HOST("b", "n") HOST("c", "o") MANUAL("m", "n", "10.1.7.2/24") NET("n") NET("o")),
     "a 10.1.7.1/24; b 10.1.7.3/24; c 10.1.0.1/24; m 10.1.7.2/24"},
    {"but not a subnet in which another wire is",
     T(P4 HOST("a", "n") MANUAL("m", "n", "10.1.7.2/24") MANUAL("k", "o", "10.1.7.3/24") NET("n") NET("o")),
     "a 10.1.0.1/24; m 10.1.7.2/24; k 10.1.7.3/24"},
    {"addresses given by hand one after the other",
     T(P4 HOST("a", "n") HOST("b", "n") MANUAL("m", "n", "10.1.0.2/24") MANUAL("o", "n", "10.1.0.1/24")
           MANUAL("q", "n", "10.1.0.4/24") NET("n")),
     "a 10.1.0.3/24; b 10.1.0.5/24; m 10.1.0.2/24; o 10.1.0.1/24; q 10.1.0.4/24"},
    {"IPv6",
     T("<pool name='p' prefix='2001:db8:0:fffe::/63' each='64'/>" HOST("a", "m") HOST("b", "n") HOST("c", "n")
           NET("m") NET("n")),
     "a 2001:db8:0:fffe::1/64; b 2001:db8:0:ffff::1/64; c 2001:db8:0:ffff::2/64"},
    {"the whole pool is one subnet, the last before the next",
     T("<pool name='p' prefix='10.1.255.0/24' each='24'/>" HOST("a", "m") NET("m")), "a 10.1.255.1/24"},
    {"dual stack in the order of the elements",
     T(P4 "<pool name='q' prefix='2001:db8::/48' each='64'/>"
          "<host name='a'><interface name='e' network='n'><address pool='q'/><address>10.9.0.1/24</address>" A
          "</interface></host>" NET("n")),
     "a 2001:db8::1/64,10.9.0.1/24,10.1.0.1/24"},
    {"31: both addresses",
     T("<pool name='p' prefix='10.1.0.0/24' each='31'/>" ON_LINK("router", "a") ON_LINK("router", "b")
           LINK("l", "a:e", "b:e")),
     "a 10.1.0.0/31; b 10.1.0.1/31"},
    {"127: both addresses",
     T("<pool name='p' prefix='2001:db8::/64' each='127'/>" ON_LINK("router", "a") ON_LINK("router", "b")
           LINK("l", "a:e", "b:e")),
     "a 2001:db8::/127; b 2001:db8::1/127"},
    {"30: neither network nor broadcast",
     T("<pool name='p' prefix='10.1.0.4/30' each='30'/>" ON_LINK("router", "a") ON_LINK("router", "b")
           LINK("l", "a:e", "b:e")),
     "a 10.1.0.5/30; b 10.1.0.6/30"},
    {"pools in groups and templates",
     T("<template name='site'><argument name='n'/><pool name='{name}' prefix='10.{n}.0.0/16' each='24'/>"
       "<network name='{name}-lan'/><host name='{name}-h'><interface name='e' network='{name}-lan'>"
       "<address pool='{name}'/></interface></host></template>"
       "<group count='2'><use template='site' name='s{n}' n='{n}'/></group>"),
     "s1-h 10.1.0.1/24; s2-h 10.2.0.1/24"},
    {"gateway",
     T(P4 "<host name='a'><interface name='e' network='n'>" A
          "</interface><route to='default' via='auto'/></host>" ROUTER("r", "n") ROUTER("s", "n") NET("n")),
     "a 10.1.0.3/24 >10.1.0.1; r 10.1.0.1/24; s 10.1.0.2/24"},
    {"gateway of each family",
     T(P4
       "<pool name='q' prefix='2001:db8::/48' each='64'/>"
       "<host name='a'><interface name='e' network='n'>" A "<address pool='q'/></interface>"
       "<route to='default' via='auto'/><route to='::/0' via='auto'/><route to='2001:db8:9::/48' via='auto'/></host>"
       "<router name='r'><interface name='e' network='n'><address pool='q'/>" A
       "</interface></router>" NET("n")),
     "a 10.1.0.2/24,2001:db8::2/64 >10.1.0.1 >2001:db8::1 >2001:db8::1; r 2001:db8::1/64,10.1.0.1/24"},
    {"gateway of addresses given by hand, in one's own network",
     T("<host name='a'><interface name='e' network='n'><address>10.2.0.9/24</address></interface>"
       "<route to='default' via='auto'/></host>"
       "<router name='r'><interface name='e' network='n'><address>10.1.0.1/24</address></interface></router>"
       "<router name='s'><interface name='e' network='n'><address>10.2.0.254/24</address></interface></router>" NET(
           "n")),
     "a 10.2.0.9/24 >10.2.0.254; r 10.1.0.1/24; s 10.2.0.254/24"},
    {"gateway of a router is another one",
     T(P4 "<router name='r'><interface name='e' network='n'>" A
          "</interface><route to='default' via='auto'/></router>" ROUTER("s", "n") NET("n")),
     "r 10.1.0.1/24 >10.1.0.2; s 10.1.0.2/24"},
    {"gateway on the wire of dev",
     T(P4 "<host name='a'><interface name='e' network='n'>" A "</interface><interface name='f' network='m'>" A
          "</interface><route to='10.9.0.0/16' via='auto' dev='f'/></host>" ROUTER("r", "n") ROUTER("s", "m")
              NET("n") NET("m")),
     "a 10.1.0.2/24 10.1.1.2/24 >10.1.1.1; r 10.1.0.1/24; s 10.1.1.1/24"},
    {"a link-local address is no gateway",
     T(P4
       "<pool name='q' prefix='2001:db8::/48' each='64'/>"
       "<host name='a'><interface name='e' network='n'><address>fe80::9/64</address><address pool='q'/></interface>"
       "<route to='::/0' via='auto'/></host>"
       "<router name='r'><interface name='e' network='n'><address>fe80::1/64</address><address pool='q'/>"
       "</interface></router>" NET("n")),
     "a fe80::9/64,2001:db8::2/64 >2001:db8::1; r fe80::1/64,2001:db8::1/64"},
};

static void test_good(void **state)
{
    const struct good *g = *state;
    AUTO(topo_freep) struct topo *t = load_valid(g->in), *again = load_valid(g->in);
    AUTO(buf_clear) struct buf out = BUF_INIT;

    for (size_t i = 0; i < t->nnodes; i++) {
        const struct topo_node *n = &t->nodes[i];
        buf_printf(&out, "%s%s", i > 0 ? "; " : "", n->name);
        for (size_t k = 0; k < n->nifaces; k++)
            for (size_t j = 0; j < n->ifaces[k].naddrs; j++)
                buf_printf(&out, "%s%s", j > 0 ? "," : " ", n->ifaces[k].addrs[j].text);
        for (size_t k = 0; k < n->nroutes; k++)
            buf_printf(&out, " >%s", n->routes[k].via);
    }
    assert_string_equal(buf_str(&out), g->want);
    assert_true(topo_equal(t, again));
}

/* ---- what is wrong, and in which line ---- */
static const struct row {
    const char *name, *in;
    int line;
    const char *want;
} rows[] = {
    {"unknown pool",
     T("<pool name='lans' prefix='10.1.0.0/16' each='24'/>\n"
       "<host name='a'><interface name='e' network='n'><address pool='lams'/></interface></host>" NET("n")),
     3, "there is no <pool name=\"lams\"> (did you mean 'lans'?)"},
    {"no pool at all", T(HOST("a", "n") NET("n")), 2, "there is no <pool name=\"p\">"},
    {"pool without a name", T("<pool prefix='10.1.0.0/16' each='24'/><host name='a'/>"), 2,
     "<pool> needs name="},
    {"pool without a prefix", T("<pool name='p' each='24'/><host name='a'/>"), 2, "<pool> needs name="},
    {"pool without each", T("<pool name='p' prefix='10.1.0.0/16'/><host name='a'/>"), 2,
     "<pool> needs name="},
    {"pool with a bad name", T("<pool name='P' prefix='10.1.0.0/16' each='24'/><host name='a'/>"), 2, "P"},
    {"pool with an unknown attribute", T("<pool nam='p'/><host name='a'/>"), 2,
     "<pool> has no attribute 'nam' (did you mean 'name'?)"},
    {"pool that holds something",
     T("<pool name='p' prefix='10.1.0.0/16' each='24'><hub name='h'/></pool><host name='a'/>"), 2,
     "<hub> is not allowed in <pool>"},
    {"pool in a host", T("<host name='a'><pool name='p'/></host>"), 2, "<pool> is not allowed in <host>"},
    {"prefix that is none", T("<pool name='p' prefix='10.1' each='24'/><host name='a'/>"), 2,
     "prefix=\"10.1\" of pool 'p' is not a prefix such as"},
    {"prefix without a length", T("<pool name='p' prefix='10.1.0.0' each='24'/><host name='a'/>"), 2,
     "is not a prefix"},
    {"prefix of all", T("<pool name='p' prefix='0.0.0.0/0' each='24'/><host name='a'/>"), 2,
     "is not a prefix"},
    {"prefix with bits behind its length",
     T("<pool name='p' prefix='10.1.2.0/16' each='24'/><host name='a'/>"), 2,
     "has bits set right of its length; write 10.1.0.0/16"},
    {"each shorter than the prefix", T("<pool name='p' prefix='10.1.0.0/16' each='8'/><host name='a'/>"), 2,
     "each=\"8\" of pool 'p' is no subnet of 10.1.0.0/16: its length is to be 16 to 31"},
    {"each for one", T("<pool name='p' prefix='10.1.0.0/16' each='32'/><host name='a'/>"), 2,
     "is to be 16 to 31"},
    {"each for one of IPv6", T("<pool name='p' prefix='2001:db8::/64' each='128'/><host name='a'/>"), 2,
     "is to be 64 to 127"},
    {"each that is no number", T("<pool name='p' prefix='10.1.0.0/16' each='x'/><host name='a'/>"), 2,
     "each=\"x\" of <pool> is not a whole number"},
    {"pool twice", T(P4 "\n<pool name='p' prefix='10.2.0.0/16' each='24'/><host name='a'/>"), 3,
     "there is a pool 'p' already, in line 2"},
    {"pools that overlap", T(P4 "\n<pool name='q' prefix='10.1.4.0/24' each='30'/><host name='a'/>"), 3,
     "pool 'q' (10.1.4.0/24) overlaps pool 'p' (10.1.0.0/16) of line 2"},
    {"pools that overlap the other way",
     T("<pool name='q' prefix='10.1.4.0/24' each='30'/>\n" P4 "<host name='a'/>"), 3,
     "pool 'p' (10.1.0.0/16) overlaps pool 'q' (10.1.4.0/24) of line 2"},
    {"exhausted",
     T("<pool name='p' prefix='10.1.0.0/24' each='25'/>" HOST("a", "k") HOST("b", "m") "\n" HOST("c", "n")
           NET("k") NET("m") NET("n")),
     3, "pool 'p' is exhausted: 10.1.0.0/24 has no more /25 for the wire of 'c:e'"},
    {"exhausted by addresses given by hand",
     T("<pool name='p' prefix='10.1.0.0/24' each='24'/>" HOST("a", "k") MANUAL("b", "m", "10.1.0.77/24")
           NET("k") NET("m")),
     2, "pool 'p' is exhausted"},
    {"too small for the wire",
     T("<pool name='p' prefix='10.1.0.0/24' each='30'/>" HOST("a", "n") HOST("b", "n") "\n" HOST("c", "n")
           HOST("d", "n") NET("n")),
     3, "10.1.0.0/30 of pool 'p' is too small for its wire: 'c:e' and 1 more get no address"},
    {"too small because of an address given by hand",
     T("<pool name='p' prefix='10.1.0.0/24' each='30'/>" HOST("a", "n") "\n" HOST("b", "n")
           MANUAL("m", "n", "10.1.0.2/30") NET("n")),
     3, "'b:e' and 0 more get no address"},
    {"two for 31",
     T("<pool name='p' prefix='10.1.0.0/24' each='31'/>" HOST("a", "n") HOST("b", "n") "\n" HOST("c", "n")
           NET("n")),
     3, "is too small for its wire"},
    {"pool that machines cannot have",
     T("<pool name='p' prefix='224.0.0.0/8' each='24'/>" HOST("a", "n") NET("n")), 2,
     "224.0.0.1/24 is a multicast or reserved address"},
    {"one address of a pool twice",
     T(P4 "<host name='a'><interface name='e' network='n'>" A "\n" A "</interface></host>" NET("n")), 3,
     "'a:e' has an address of pool 'p' already"},
    {"pool and address",
     T(P4 "<host name='a'><interface name='e' network='n'><address pool='p'>10.0.0.1/8</address>"
          "</interface></host>" NET("n")),
     2, "<address> has pool=\"...\" or an address inside, not both"},
    {"connected to nothing", T(P4 ON_LINK("host", "a")), 2,
     "pool 'p' has no address for 'a:e': it is connected to nothing"},
    {"behind a trunk",
     T(P4 ON_LINK("host", "a") "<switch name='s'><port name='p' trunk='5 6'/></switch>" LINK("l", "a:e",
                                                                                             "s:p")),
     2, "connected to nothing that takes untagged frames"},
    {"behind a mirror",
     T(P4 ON_LINK("host", "a") "<switch name='s'><port name='p' mirror='all'/></switch>" LINK("l", "a:e",
                                                                                              "s:p")),
     2, "connected to nothing that takes untagged frames"},
    {"unknown network", T(P4 HOST("a", "lna") NET("lan")), 2, "did you mean 'lan'?"},
    {"gateway that is not there",
     T(P4 "<host name='a'><interface name='e' network='n'>" A
          "</interface>\n<route to='default' via='auto'/></host>" HOST("b", "n") NET("n")),
     3,
     "via=\"auto\": no router or internet has an IPv4 address on a wire and in a network of 'a'; for a default route of IPv6"},
    {"gateway of the other family",
     T(P4 "<host name='a'><interface name='e' network='n'>" A
          "</interface>\n<route to='::/0' via='auto'/></host>" ROUTER("r", "n") NET("n")),
     3, "no router or internet has an IPv6 address"},
    {"gateway on another wire",
     T(P4 "<host name='a'><interface name='e' network='n'>" A
          "</interface>\n<route to='default' via='auto'/></host>" ROUTER("r", "m") NET("n") NET("m")),
     3, "no router or internet has an IPv4 address"},
    {"gateway for an unknown dev",
     T(P4 "<host name='a'><interface name='e' network='n'>" A
          "</interface>\n<route to='default' via='auto' dev='x'/></host>" ROUTER("r", "n") NET("n")),
     3, "no router or internet has an IPv4 address"},
    {"route to what is no prefix", T(P4 "<host name='a'>\n<route to='defualt' via='auto'/></host>"), 3,
     "is not \"default\""},
};

static void test_row(void **state)
{
    const struct row *r = *state;
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    struct err e = {0};

    assert_null(topo_load_mem(r->in, strlen(r->in), &m, &e));
    assert_msg(&m, r->line, TOPO_ERROR, r->want);
}

/* A mistake in a pool is not said again by those who use it. */
static void test_said_once(void **state)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    static const char in[] = T("<pool name='p' prefix='10.1.0.0/16' each='8'/>" HOST("a", "n")
                                   NET("n") "<host name='b'><interface name='e' network='n'>" A
                                            "</interface><route to='default' via='auto'/></host>");

    (void)state;
    assert_null(topo_load_mem(in, strlen(in), &m, NULL));
    assert_int_equal(m.nerrors, 1);
}

/* As many as the reader takes: quadratic work would not end. */
static const struct large {
    const char *name, *head, *node, *tail;
    const char *want; /* an error */
} larges[] = {
    {"one wire", "<pool name='p' prefix='10.0.0.0/8' each='9'/>" ROUTER("r", "n") NET("n"),
     "<group count='45000'><host name='h{n}'><interface name='e' network='n'>" A
     "</interface></host></group>",
     "", "the most is 16384"},
    {"a wire for each", "<pool name='p' prefix='10.0.0.0/8' each='30'/>",
     "<group count='35000'><host name='h{n}'><interface name='e' network='n{n}'>" A
     "</interface></host><network name='n{n}'/></group>",
     "", "the most is 16384"},
    {"many gateways", "<pool name='p' prefix='10.0.0.0/8' each='9'/>" NET("n"),
     "<group count='35000'><router name='h'><interface name='e' network='n'>" A
     "</interface><route to='::/0' via='auto'/></router></group>",
     "", "takes too long"},
    {"many pools", "",
     "<group count='257'><pool name='p{n}' prefix='2001:db8:0:{n}::/64' each='64'/></group>",
     "<host name='a'/>", "the topology has 257 pools; the most is 256"},
    {"many unknown pools",
     "<group count='256'><pool name='p{n}' prefix='2001:db8:0:{n}::/64' each='64'/></group>" NET("n"),
     "<group count='40000'><host name='h{n}'><interface name='e' network='n'><address pool='x'/></interface></host></group>",
     "", "there is no <pool name=\"x\">"},
};

static void test_large(void **state)
{
    const struct large *l = *state;
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(mem_freep) char *in = xasprintf("<topology name='t'>%s%s%s</topology>", l->head, l->node, l->tail);
    AUTO(topo_freep) struct topo *t = topo_load_mem(in, strlen(in), &m, NULL);

    assert_null(t);
    assert_msg(&m, 1, TOPO_ERROR, l->want);
}

/* The largest that is valid: everybody gets an address of one's own. */
static void test_full(void **state)
{
    static const char in[] =
        T("<pool name='p' prefix='10.0.0.0/8' each='16'/>" ROUTER("r", "n")
              NET("n") "<group count='16383'><host name='h{n}'><interface name='e' network='n'>" A
                       "</interface><route to='default' via='auto'/></host></group>");
    AUTO(topo_freep) struct topo *t = load_valid(in);

    (void)state;
    assert_string_equal(t->nodes[16383].ifaces[0].addrs[0].text, "10.0.64.0/16");
    assert_string_equal(t->nodes[16383].routes[0].via, "10.0.0.1");
}

int main(void)
{
    struct CMUnitTest tests[120];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(goods); i++)
        tests[n++] = row_test(goods[i].name, test_good, &goods[i]);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        tests[n++] = row_test(rows[i].name, test_row, &rows[i]);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_said_once);
    for (size_t i = 0; i < ARRAY_LEN(larges); i++)
        tests[n++] = row_test(larges[i].name, test_large, &larges[i]);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_full);
    return _cmocka_run_group_tests("topo_pool", tests, n, NULL, NULL);
}
