/* A plan from a stranger: each row changes one thing of a good plan, which must then be refused. */
#include "tests/unit/topo_random.h"
#include "tests/unit/topo_rows.h"

static json_t *good_plan(void)
{
    AUTO(buf_clear) struct buf in = BUF_INIT;
    AUTO(topo_freep) struct topo *t = NULL;
    AUTO(plan_freep) struct plan *p = NULL;
    struct err e = {0};

    load_text(GOLDEN "everything.xml", &in);
    t = load_valid(buf_str(&in));
    p = plan_make(t, "abc123", &e);
    assert_non_null(p);
    return plan_to_json(p);
}

/* 'path' is "nodes.0.ifaces.1.mac"; 'value' is JSON, or NULL to delete. */
static void set_path(json_t *j, const char *path, const char *value)
{
    char key[32];
    size_t n = strcspn(path, ".");
    json_t *v, *next;

    memcpy(key, path, n);
    key[n] = '\0';
    next = json_is_array(j) ? json_array_get(j, strtoul(key, NULL, 10)) : json_object_get(j, key);
    if (path[n] == '.') {
        assert_non_null(next);
        set_path(next, path + n + 1, value);
        return;
    }
    v = value != NULL ? json_loads(value, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL) : NULL;
    assert_true(value == NULL || v != NULL);
    if (json_is_array(j) && strtoul(key, NULL, 10) == json_array_size(j))
        json_array_append_new(j, v);
    else if (json_is_array(j) && v == NULL)
        json_array_remove(j, strtoul(key, NULL, 10));
    else if (json_is_array(j))
        json_array_set_new(j, strtoul(key, NULL, 10), v);
    else if (v == NULL)
        json_object_del(j, key);
    else
        json_object_set_new(j, key, v);
}

static const struct row {
    const char *name, *path, *value, *want;
} rows[] = {
    {"lab missing", "lab", NULL, "plan: lab is not a text"},
    {"lab with a slash", "lab", "\"../../\"", "plan: lab is not an allowed name"},
    {"lab of another plan", "lab", "\"zzz999\"", "plan: bridges[0]: dev is not plzzz999w"},
    {"lab is a number", "lab", "123456", "plan: lab is not a text"},
    {"nodes missing", "nodes", NULL, "nodes is not a list"},
    {"nodes is an object", "nodes", "{}", "nodes is not a list"},
    {"a node is null", "nodes.0", "null", "nodes[0]: name is not a text"},
    {"node name with a command", "nodes.0.name", "\"a;reboot\"", "nodes[0]: name is not an allowed name"},
    {"node name with NUL", "nodes.0.name", "\"h1\\u0000x\"", "nodes[0]: name is not a text"},
    {"node name too long", "nodes.0.name", "\"abcdefghijklmnopqrstuvwxyzabcdefghijkl\"",
     "nodes[0]: name is not a text of at most 31"},
    {"node name twice", "nodes.1.name", "\"h1\"", "two names are \"h1\""},
    {"node named as a link", "nodes.1.name", "\"l1\"", "two names are \"l1\""},
    {"node named as a switch", "nodes.1.name", "\"sw1\"", "two names are \"sw1\""},
    {"node kind", "nodes.0.kind", "\"toaster\"", "kind is none of the known words"},
    {"image with a path", "nodes.0.image", "\"../etc\"", "image is not an allowed name"},
    {"no memory", "nodes.0.memory_mb", "0", "memory_mb is not from 16"},
    {"memory negative", "nodes.0.memory_mb", "-1", "memory_mb is not from 16"},
    {"memory huge", "nodes.0.memory_mb", "9223372036854775807", "memory_mb is not from 16"},
    {"memory as text", "nodes.0.memory_mb", "\"64\"", "memory_mb is not a whole number"},
    {"memory as a fraction", "nodes.0.memory_mb", "64.5", "memory_mb is not a whole number"},
    {"no vcpus", "nodes.0.vcpus", "0", "vcpus is not from 1"},
    {"startup is a list", "nodes.0.startup", "[]", "startup is not a text"},
    {"startup with NUL", "nodes.0.startup", "\"a\\u0000b\"", "startup is not a text"},
    {"ifaces missing", "nodes.0.ifaces", NULL, "ifaces is not a list"},
    {"iface named lo", "nodes.0.ifaces.0.name", "\"lo\"", "name is not an allowed name"},
    {"iface name as an option", "nodes.0.ifaces.0.name", "\"-x\"", "name is not an allowed name"},
    {"iface name twice", "nodes.0.ifaces.1.name", "\"eth0\"", "two interface names are \"eth0\""},
    {"mac malformed", "nodes.0.ifaces.0.mac", "\"02:00:00:00:00:0g\"", "mac is not an allowed name"},
    {"mac of a vendor", "nodes.0.ifaces.0.mac", "\"00:16:3e:00:00:01\"", "mac is not an allowed name"},
    {"mac of a group", "nodes.0.ifaces.0.mac", "\"03:00:00:00:00:01\"", "mac is not an allowed name"},
    {"mtu zero", "nodes.0.ifaces.0.mtu", "0", "mtu is not from 68"},
    {"port of another", "nodes.0.ifaces.0.port", "2", "nodes[0].ifaces[0].port is not its port"},
    {"port out of range", "nodes.0.ifaces.0.port", "4000", "nodes[0].ifaces[0].port is not its port"},
    {"file outside", "nodes.0.files.0.path", "\"/etc/../../x\"", "files[0]: path has a part"},
    {"file in /proc", "nodes.0.files.0.path", "\"/proc/sysrq-trigger\"",
     "files[0]: path is in a folder of the system"},
    {"file mode", "nodes.0.files.0.mode", "65535", "mode is not from 0"},
    {"file twice", "nodes.0.files.1.path", "\"/etc/motd\"", "two files are \"/etc/motd\""},
    {"file content missing", "nodes.0.files.0.content", NULL, "content is not a text"},
    {"bridge device of the host", "bridges.0.dev", "\"eth0\"", "bridges[0]: dev is not plabc123w"},
    {"bridge of no switch", "bridges.1.element", "\"\"", "bridges[1]: element does not go with kind"},
    {"second bridge of wires", "bridges.1.kind", "\"wires\"", "bridges[1]: dev is not plabc123w"},
    {"rstp priority", "bridges.1.rstp_priority", "100", "not a multiple of 4096"},
    {"rstp as a number", "bridges.1.rstp", "1", "rstp is not true or false"},
    {"segment on no bridge", "segments.0.bridge", "99", "segments[0]: bridge is not from 0"},
    {"segment without bridge", "segments.0.bridge", NULL, "segments[0]: bridge is missing"},
    {"segment of a switch on wires", "segments.1.bridge", "0", "is on another bridge"},
    {"segment without name", "segments.0.element", "\"\"", "segments[0] has no element"},
    {"hub as a link", "segments.0.kind", "\"link\"", "segment belongs to another link"},
    {"port device of the host", "ports.0.dev", "\"eth0\"", "ports[0]: dev is not plabc123.0"},
    {"port device of another port", "ports.0.dev", "\"plabc123.1\"", "ports[0]: dev is not plabc123.0"},
    {"ofport zero", "ports.0.ofport", "0", "ofport is not from 1"},
    {"ofport of the grader", "ports.0.ofport", "60000", "ofport is not from 1 to 59999"},
    {"ofport twice", "ports.0.ofport", "2", "two ports of bridges[0] have ofport 2"},
    {"port of no node", "ports.0.node", "77", "node is not from 0"},
    {"port without interface", "ports.0.iface", NULL, "nodes[0].ifaces[0].port is not its port"},
    {"port with interface and peer", "ports.0.peer", "1", "not an interface's, one of a pair"},
    {"port of no segment", "ports.0.segment", "1000", "segment is not from 0"},
    {"port of another link", "ports.0.link", "0", "its link has other ports"},
    {"VLANs on a wire", "ports.0.vlan_mode", "\"access\"", "vlan_tag is not a whole number"},
    {"port index negative", "ports.0.bridge", "-1", "bridge is not from 0"},
    {"link name", "links.0.name", "\"$(x)\"", "links[0]: name is not an allowed name"},
    {"link name twice", "links.1.name", "\"l1\"", "two names are \"l1\""},
    {"link port out of range", "links.0.ports.0", "1000", "links[0]: ports[0] is not -1 or the index"},
    {"link port negative", "links.0.ports.0", "-2", "links[0]: ports[0] is not -1 or the index"},
    {"link without ports", "links.0.ports", "[]", "ports[0] is not -1 or the index"},
    {"link with a third port", "links.0.ports", "[0,1,2]", "ports is not a list of at most 2"},
    {"link with a port of another", "links.0.ports.0", "0", "its link has other ports"},
    {"link up as text", "links.0.up", "\"yes\"", "up is not true or false"},
    {"impairment as text", "links.0.impair.0", "\"x\"", "the impairment is not an object"},
    {"impairment beyond 100%", "links.0.impair.0", "{\"loss_ppm\":1000001}", "a percentage is above 100%"},
    {"impairment negative", "links.0.impair.0", "{\"delay_us\":-1}", "delay_us is not from 0"},
    {"ageing", "bridges.3.mac_ageing", "14", "mac_ageing is not from 15"},
    {"bond device of the host", "bonds.0.dev", "\"bond0\"", "bonds[0]: dev is not plabc123b0"},
    {"bond on a switch with RSTP", "bonds.0.bridge", "1", "its bond is on another bridge"},
    {"bond without ports", "bonds.2", "{\"dev\":\"plabc123b2\",\"bridge\":3,\"passive\":false}",
     "bonds[2] has 0 ports"},
    {"bond on the wires", "bonds.2", "{\"dev\":\"plabc123b2\",\"bridge\":0,\"passive\":false}",
     "bonds[2] is not on a switch"},
    {"bonds is an object", "bonds", "{}", "bonds is not a list"},
    {"bonds gone", "bonds", NULL, "bond is an index into nothing"},
    {"mirror from another switch", "mirrors.0.from", "[0]", "mirrors[0]: from[0] is on another switch"},
    {"mirror from nothing", "mirrors.0.from", "[]", "mirrors[0]: it shows no port"},
    {"mirror of no direction", "mirrors.0.direction", "\"none\"", "it shows nothing"},
    {"mirror to a wire", "mirrors.0.to", "0", "not to a plain port of a switch"},
    {"mirror from a port that is none", "mirrors.0.from", "[-1]", "from[0] is not the index of a port"},
    {"internet is a list", "internet", "[]", "internet: addresses is not a list"},
    {"internet gone", "internet", NULL, "it is not an interface's, one of a pair, or the gateway's"},
    {"gateway without a port", "internet.port", NULL, "internet: port or addresses are missing"},
    {"gateway on a node's port", "internet.port", "0", "it is not an interface's, one of a pair, or"},
    {"gateway on a port that is none", "internet.port", "1000", "internet: port is not from 0"},
    {"gateway without an address", "internet.addresses", "[]", "port or addresses are missing"},
    {"gateway with a command", "internet.addresses.0", "\"10.0.0.1/24\\nlink del eth0\"",
     "addresses[0] is no address"},
    {"gateway without prefix", "internet.addresses.0", "\"10.0.0.1\"", "leaves no room for a neighbour"},
    {"gateway as metadata service", "internet.addresses.0", "\"169.254.169.254/24\"",
     "addresses[0] is link-local"},
    {"gateway of the platform", "internet.addresses.0", "\"198.18.0.1/24\"", "that the platform numbers"},
    {"gateways of one family", "internet.addresses.1", "\"10.0.0.1/24\"",
     "addresses[1] is a second one of its family"},
    {"three gateways", "internet.addresses", "[\"10.0.0.1/24\",\"2001:db8::1/64\",\"10.0.1.1/24\"]",
     "addresses is not a list of at most 2"},
    {"impairment jitter alone", "links.0.impair.0", "{\"jitter_us\":5}", "jitter is larger than delay"},
};

static void test_row(void **state)
{
    const struct row *r = *state;
    json_t *j = good_plan();
    struct err e = {0};
    struct plan *p = plan_from_json(j, &e);

    assert_non_null(p); /* before the change it is good */
    plan_free(p);
    set_path(j, r->path, r->value);
    p = plan_from_json(j, &e);
    json_decref(j);
    assert_null(p);
    assert_int_equal(e.code, ERR_INVALID);
    if (strstr(e.msg, r->want) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", r->want, e.msg);
}

/* ---- links between elements, switches: found by content, not by index ---- */
static size_t port_with(json_t *plan, const char *member)
{
    json_t *port;
    size_t i;

    json_array_foreach(json_object_get(plan, "ports"), i, port) {
        if (json_object_get(port, member) != NULL)
            return i;
    }
    fail_msg("no port has %s", member);
    return 0;
}

static const struct row port_rows[] = {
    {"peer of itself", "peer", "self", "its peer is not its peer"},
    {"peer of a guest's port", "peer", "0", "its peer is not its peer"},
    {"VLAN 4095", "vlan_tag", "4095", "vlan_tag is not from"},
    {"VLAN list of text", "vlan_trunks", "[\"1\"]", "vlan_trunks"},
    {"VLAN list with 0", "vlan_trunks", "[0]", "vlan_trunks"},
    {"bond alone", "bond", "1", "another bridge"},
    {"bond beyond all", "bond", "2", "bond is not from 0 to 1"},
};

static void test_port_row(void **state)
{
    const struct row *r = *state;
    json_t *j = good_plan(), *port;
    size_t i = port_with(j, r->path);
    struct err e = {0};

    port = json_array_get(json_object_get(j, "ports"), i);
    if (strcmp(r->value, "self") == 0)
        json_object_set_new(port, r->path, json_integer((json_int_t)i));
    else
        set_path(port, r->path, r->value);
    assert_null(plan_from_json(j, &e));
    json_decref(j);
    if (strstr(e.msg, r->want) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", r->want, e.msg);
}

static void test_no_object(void **state)
{
    struct err e = {0};
    json_t *j = json_string("x");

    (void)state;
    assert_null(plan_from_json(NULL, &e));
    assert_null(plan_from_json(j, &e));
    assert_int_equal(e.code, ERR_INVALID);
    json_decref(j);
}

/* ---- random changes: never a crash, and what is accepted is a plan ---- */
static json_t *random_value(struct rnd *r)
{
    switch (rnd_below(r, 9)) {
    case 0:
        return json_null();
    case 1:
        return json_integer(-1);
    case 2:
        return json_integer(rnd_below(r, 30));
    case 3:
        return json_integer(INT64_MAX);
    case 4:
        return json_string("");
    case 5:
        return json_string("h1");
    case 6:
        return json_array();
    case 7:
        return json_object();
    default:
        return json_true();
    }
}

static void change_something(struct rnd *r, json_t *j)
{
    while (true) {
        size_t n = json_is_array(j) ? json_array_size(j) : json_object_size(j),
               i = n > 0 ? rnd_below(r, (uint32_t)n) : 0;
        const char *key = NULL;
        json_t *v = NULL, *x;
        if (n == 0)
            return;
        if (json_is_array(j)) {
            v = json_array_get(j, i);
        } else {
            json_object_foreach(j, key, x) {
                v = x;
                if (i-- == 0)
                    break;
            }
        }
        if ((json_is_array(v) || json_is_object(v)) && !rnd_one_in(r, 12)) {
            j = v;
            continue;
        }
        if (json_is_array(j))
            json_array_set_new(j, i, random_value(r));
        else if (rnd_one_in(r, 4))
            json_object_del(j, key);
        else
            json_object_set_new(j, key, random_value(r));
        return;
    }
}

static void test_random_changes(void **state)
{
    uint64_t seed = rnd_seed();
    json_t *good = good_plan();
    size_t accepted = 0;

    (void)state;
    for (uint64_t i = 0; i < 3000; i++) {
        struct rnd r = {seed + i};
        json_t *j = json_deep_copy(good), *back;
        AUTO(plan_freep) struct plan *p = NULL, *again = NULL;
        struct err e = {0};

        for (uint32_t k = 1 + rnd_below(&r, 3); k > 0; k--)
            change_something(&r, j);
        p = plan_from_json(j, &e);
        json_decref(j);
        if (p == NULL) {
            assert_int_equal(e.code, ERR_INVALID);
            continue;
        }
        accepted++;
        back = plan_to_json(p);
        again = plan_from_json(back, &e);
        json_decref(back);
        if (again == NULL)
            fail_msg("TEST_SEED=%llu: accepted, but then: %s", (unsigned long long)(seed + i), e.msg);
    }
    json_decref(good);
    assert_true(accepted < 2500); /* most changes do harm */
}

int main(void)
{
    struct CMUnitTest tests[160];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        tests[n++] = row_test(rows[i].name, test_row, &rows[i]);
    for (size_t i = 0; i < ARRAY_LEN(port_rows); i++)
        tests[n++] = row_test(port_rows[i].name, test_port_row, &port_rows[i]);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_no_object);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_random_changes);
    return _cmocka_run_group_tests("plan_json", tests, n, NULL, NULL);
}
