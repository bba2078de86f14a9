/* containerlab files: nodes and what they inherit, links in all forms, files, and YAML that is hostile. */
#include "tests/unit/import_rows.h"
#include "topology/foreign/ytree.h"

#define NODES(s) "name: t\ntopology:\n  nodes:\n" s
#define AB NODES("    a: {kind: linux}\n    b: {kind: linux}\n  links:\n")
#define ONE(s) NODES("    a:\n      kind: linux\n") s

static const struct import_row rows[] = {
    /* nodes */
    {"a node", NODES("    a: {kind: linux}\n"), "<host name=\"a\"/>", "", NULL},
    {"a node that is null", "topology: {defaults: {kind: linux}, nodes: {a: , b: ~}}", "<host name=\"b\"/>",
     "", NULL},
    {"kind from defaults", "topology: {defaults: {kind: bridge}, nodes: {a: {kind: linux}, s: {}}}",
     "<switch name=\"s\"/>", "", NULL},
    {"kind from a group", "topology: {groups: {g: {kind: bridge}}, nodes: {a: {kind: linux}, s: {group: g}}}",
     "<switch name=\"s\"/>", "", NULL},
    {"a licensed kind", NODES("    a: {kind: cisco_xrd, image: x}\n"), "<router name=\"a\"/>",
     "kind \"cisco_xrd\" is not to be had here: \"a\" is a plain router", NULL},
    {"the machine itself",
     NODES("    a: {kind: linux}\n    h: {kind: host}\n  links:\n  - endpoints: ['a:eth1', 'h:x']\n"),
     "<interface name=\"eth1\"/>", "the link to \"h\" leads out of the lab", "name=\"h\""},
    {"an Open vSwitch bridge", NODES("    a: {kind: linux}\n    br_1: {kind: ovs-bridge}\n"),
     "<switch name=\"br-1\"/>", "lab.clab.yml:5: warning: \"br_1\" is called \"br-1\" here", NULL},
    {"memory and processors", ONE("      memory: 1Gb\n      cpu: 2\n"), "memory=\"954\" vcpus=\"2\"", "",
     NULL},
    {"image", ONE("      image: alpine:3\n"), NULL,
     "lab.clab.yml:6: warning: image \"alpine:3\" becomes our own", NULL},
    {"an image with FRR", ONE("      image: frrouting/frr\n"), "<frr/>", NULL, NULL},
    {"position", ONE("      labels: {graph-posX: 10, graph-posY: '-5'}\n"), "x=\"10\" y=\"-5\"", "", NULL},
    {"labels", ONE("      labels: {owner: ann}\n"), NULL, "labels are not carried over", NULL},
    {"no management network", ONE("      network-mode: none\n"), NULL, "", NULL},
    {"an option of Docker", ONE("      ports: [80:80]\n"), NULL,
     "lab.clab.yml:6: warning: \"ports\" is not carried over", NULL},
    {"startup delay", ONE("      startup-delay: 5\n"), NULL, "\"startup-delay\" is not carried over", NULL},
    {"a configuration for others", NODES("    a: {kind: nokia_srlinux, startup-config: x.cfg}\n"), NULL,
     "the startup configuration of \"a\" is not for our software", NULL},
    {"the same node twice", NODES("    a: {kind: linux}\n    a: {kind: linux}\n"), "name=\"a\"",
     "there is a node \"a\" already", NULL},
    {"management", "name: x\nmgmt: {network: m}\ntopology: {nodes: {a: {kind: linux}}}", NULL,
     "lab.clab.yml:2: warning: \"mgmt\" is not", NULL},
    /* inheritance */
    {"the node wins",
     "topology:\n  defaults: {memory: 64mib, kind: linux}\n  kinds: {linux: {memory: 65mib}}\n  groups: {g: {memory: 66mib}}\n  nodes: {a: {group: g, memory: 67mib}}",
     "memory=\"67\"", "", NULL},
    {"the group wins",
     "topology:\n  defaults: {memory: 64mib, kind: linux}\n  kinds: {linux: {memory: 65mib}}\n  groups: {g: {memory: 66mib}}\n  nodes: {a: {group: g}}",
     "memory=\"66\"", "", NULL},
    {"the kind wins",
     "topology:\n  defaults: {memory: 64mib, kind: linux}\n  kinds: {linux: {memory: 65mib}}\n  nodes: {a: }",
     "memory=\"65\"", "", NULL},
    {"commands of all levels",
     "topology:\n  defaults: {kind: linux, exec: [echo 1]}\n  kinds: {linux: {exec: [echo 2]}}\n  nodes: {a: {exec: [echo 3]}}",
     "echo 1\n      echo 2\n      echo 3\n", "", NULL},
    {"variables of all levels",
     "topology:\n  defaults: {kind: linux, env: {A: 1, B: 1}}\n  nodes: {a: {env: {A: 2}}}",
     "export A=2\n      export B=1\n", NULL, "A=1"},
    {"sysctls", ONE("      sysctls: {net.ipv4.ip_forward: 0}\n"), "sysctl -q -w net.ipv4.ip_forward=0", "",
     NULL},
    {"anchors and merges",
     "x-base: &b {kind: linux, memory: 99mib}\ntopology: {nodes: {a: {<<: *b}, c: {<<: [*b], memory: 98mib}}}",
     "<host name=\"a\" memory=\"99\"/>\n  <host name=\"c\" memory=\"98\"/>", "", NULL},
    /* commands */
    {"a command", ONE("      exec: ['ip link set eth1 up']\n"), "      ip link set eth1 up\n", "", NULL},
    {"no shell there", ONE("      exec: ['echo a > b; c']\n"), "echo a '&gt;' 'b;' c\n", "", NULL},
    {"quotes", ONE("      exec: [\"sh -c 'echo \\\"x y\\\"' \\\\; z\"]\n"), "sh -c 'echo \"x y\"' ';' z\n",
     "", NULL},
    {"an open quote", ONE("      exec: [\"echo 'a\"]\n"), NULL, "the command has an open quote", "echo"},
    {"busybox's shell", ONE("      exec: ['ash -c true']\n"), "      sh -c true\n", "", NULL},
    {"a translated command", ONE("      exec: ['ifconfig eth1 10.0.0.1/24']\n"), "ip address add 10.0.0.1/24",
     "", NULL},
    {"an escaped dollar", ONE("      exec: [\"sh -c 'echo $$HOME'\"]\n"), "'echo $HOME'", "", NULL},
    {"a variable with a default", ONE("      exec: ['echo ${X:-dflt} ${Y:=other} ${Z-last}']\n"),
     "echo dflt other last\n", "", NULL},
    {"a variable", ONE("      exec: ['echo ${X} $Y.']\n"), "echo .\n",
     "the environment variable \"X\" is not known here", NULL},
    {"commands of others", NODES("    a: {kind: ceos, exec: [show version]}\n"), NULL,
     "commands for \"a\" are for its own software", "show version"},
    /* links */
    {"a link", AB "  - endpoints: ['a:eth1', 'b:eth2']\n", "<link name=\"a-b\" a=\"a:eth1\" b=\"b:eth2\"/>",
     "", NULL},
    {"a link in the long form",
     AB "  - type: veth\n    endpoints: [{node: a, interface: eth1}, {node: b, interface: eth1}]\n",
     "<link name=\"a-b\" a=\"a:eth1\" b=\"b:eth1\"/>", "", NULL},
    {"parallel links", AB "  - endpoints: ['a:eth1', 'b:eth1']\n  - endpoints: ['a:eth2', 'b:eth2']\n",
     "<link name=\"a-b-2\"", "", NULL},
    {"MTU", AB "  - endpoints: ['a:eth1', 'b:eth1']\n    mtu: 1400\n",
     "<interface name=\"eth1\" mtu=\"1400\"/>", "", NULL},
    {"a large MTU", AB "  - endpoints: ['a:eth1', 'b:eth1']\n    mtu: 9500\n", "mtu=\"9216\"",
     "MTU 9500 becomes 9216", NULL},
    {"addresses in brief",
     AB
     "  - endpoints: ['a:eth1', 'b:eth1']\n    ipv4: [10.0.0.1/30, 10.0.0.2/30]\n    ipv6: ['2001:db8::1/64']\n",
     "<address>10.0.0.1/30</address>\n      <address>2001:db8::1/64</address>", "", NULL},
    {"no address", AB "  - endpoints: ['a:eth1', 'b:eth1']\n    ipv4: [ten]\n", NULL, "\"ten\" is no address",
     "<address"},
    {"a MAC address",
     AB "  - endpoints: [{node: a, interface: eth1, mac: '02:00:00:00:00:01'}, {node: b, interface: eth1}]\n",
     "ip link set dev eth1 address 02:00:00:00:00:01", "", NULL},
    {"a name of an interface", AB "  - endpoints: ['a:Ethernet1/2', 'b:1/1/c1']\n", "b=\"b:e1-1-c1\"",
     "interface \"Ethernet1/2\" of \"a\" is called \"ethernet1-2\" here", NULL},
    {"the same interface twice",
     AB "  - endpoints: ['a:eth1', 'b:eth1']\n  - endpoints: ['a:eth1', 'b:eth2']\n", NULL,
     "interface \"eth1\" of \"a\" is called", NULL},
    {"to nobody", AB "  - endpoints: ['a:eth1', 'z:eth1']\n", NULL, "there is no node \"z\"", "<link"},
    {"to the host", AB "  - endpoints: ['a:eth1', 'host:x']\n", "<interface name=\"eth1\"/>",
     "the link to \"host\" leads out of the lab", "<link"},
    {"to the management network", AB "  - type: mgmt-net\n    endpoint: {node: a, interface: eth5}\n",
     "<interface name=\"eth5\"/>", "a link of type \"mgmt-net\" leads out of the lab", NULL},
    {"variables of a link", AB "  - endpoints: ['a:eth1', 'b:eth1']\n    vars: {x: 1}\n", NULL,
     "lab.clab.yml:8: warning: \"vars\" of a link", NULL},
    {"half a link", AB "  - endpoints: ['a:eth1']\n", NULL, "a link without two endpoints", "<link"},
    {"a bridge to itself",
     NODES("    a: {kind: linux}\n    s: {kind: bridge}\n  links:\n  - endpoints: ['s:x', 's:y']\n"), NULL,
     "from a bridge to itself", "<link"},
    /* files */
    {"a file", ONE("      binds: ['x/y.conf:/etc/y.conf:ro']\n") "--- x/y.conf\nkey\n",
     "<file path=\"/etc/y.conf\" mode=\"0644\">key", "", NULL},
    {"a folder", ONE("      binds: ['x/:/srv/']\n") "--- x/y/z\nkey\n", "<file path=\"/srv/y/z\"", "", NULL},
    {"a file of the node's folder", ONE("      binds: ['__clabNodeDir__/z:/z']\n") "--- clab-t/a/z\nkey\n",
     "<file path=\"/z\"", "", NULL},
    {"a file that lacks", ONE("      binds: ['x:/x']\n"), NULL,
     "lab.clab.yml:6: warning: x is not there, and is left out", "<file"},
    {"a way out", ONE("      binds: ['../outside:/x']\n"), NULL, "../outside is outside the folder", "<file"},
    {"an absolute path", ONE("      binds: ['/etc/passwd:/x', '~/x:/y']\n"), NULL,
     "\"/etc/passwd\" is not in the topology's folder", "<file"},
    {"a volume", ONE("      binds: [/var/x]\n"), NULL, "the bind \"/var/x\" is no file:path", "<file"},
    {"FRR's files",
     ONE("      image: frr\n      binds: ['d:/etc/frr/daemons', 'c:/etc/frr/frr.conf']\n") "--- d\nospfd=yes\n--- c\nrouter ospf\n",
     "<frr daemons=\"ospfd\">\n      router ospf\n    </frr>", NULL, "<file"},
    {"the kind frr",
     NODES("    a:\n      kind: frr\n      startup-config: c\n") "--- c\nrouter bgp 1\nrouter ospf6\n",
     "<frr daemons=\"ospf6d bgpd\">", "of FRR's daemons \"a\" runs those that its configuration speaks of",
     NULL},
    {"the kind frr with daemons",
     NODES("    a: {kind: frr, extras: {frr: {daemons: [ripd, mgmtd, noted]}}}\n"), "<frr daemons=\"ripd\"/>",
     "our FRR has no daemon \"noted\"", NULL},
    {"the kind frr from afar", NODES("    a: {kind: frr, startup-config: 'https://example.com/x'}\n"),
     "<frr/>", "nothing is fetched from the network", NULL},
    /* YAML */
    {"no YAML", "a: [\n", NULL, "lab.clab.yml:2: error: this is no YAML", NULL},
    {"a template", "{{ range . }}\nx: [\n", NULL, "templates ({{ ... }}) are not carried out", NULL},
    {"a template in a value", ONE("      image: '{{ .Image }}'\n"), NULL,
     "templates ({{ ... }}) are not carried out", NULL},
    {"something else", "- a\n- b\n", NULL, "error: this is no containerlab file", NULL},
    {"nothing", "", NULL, "error: the file is empty", NULL},
    {"no nodes", "topology: {nodes: {}}", NULL, "error: the topology has no nodes", NULL},
    {"an alias of nothing", "topology: *x", NULL, "the alias \"*x\" has no anchor before it", NULL},
    {"an alias in itself", "topology: &x {nodes: {a: *x}}", NULL, "the alias \"*x\" has no anchor before it",
     NULL},
    {"too deep", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", NULL,
     "error: items are nested more than 24 deep", NULL},
    {"not UTF-8", "name: \xff\n", NULL, "error: the file is not UTF-8 text", NULL},
};

static void test_row(void **state)
{
    check_row(*state, "containerlab");
}

static void test_golden(void **state)
{
    (void)state;
    check_golden("containerlab", "tests/golden/import/containerlab/lab.clab.yml");
}

/* The folder may be named instead, if there is one such file in it and no more. */
static void test_folder(void **state)
{
    AUTO(imported_clear) struct imported r = {{0}, NULL, NULL, NULL, {0}}, two = {{0}, NULL, NULL, NULL, {0}};

    (void)state;
    run_import(&r, "containerlab", "tests/golden/import/containerlab");
    assert_non_null(r.xml);
    run_import(&two, "containerlab", "tests/golden/topology");
    assert_null(two.xml);
}

/* Nine levels of nine aliases each: as a tree it would have 387 million items. */
static void test_alias_bomb(void **state)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    AUTO(imported_clear) struct imported r = {{0}, NULL, NULL, NULL, {0}};

    (void)state;
    buf_puts(&b, "a0: &a0 {kind: linux}\n");
    for (int i = 1; i < 10; i++) {
        buf_printf(&b, "a%d: &a%d {", i, i);
        for (int k = 0; k < 9; k++)
            buf_printf(&b, "%sk%d: *a%d", k > 0 ? ", " : "", k, i - 1);
        buf_puts(&b, "}\n");
    }
    buf_puts(&b, "topology: {defaults: *a9, kinds: *a9, groups: *a9, nodes: *a9}\n");
    import_text(&r, "containerlab", buf_str(&b));
    assert_non_null(r.xml);
}

/* Each of many nodes takes the same long list: a walk that is much longer than the file. */
static void test_long_walk(void **state)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    AUTO(imported_clear) struct imported r = {{0}, NULL, NULL, NULL, {0}};

    (void)state;
    buf_puts(&b, "x: &x [");
    for (int i = 0; i < 5000; i++)
        buf_puts(&b, "a, ");
    buf_puts(&b, "a]\ntopology:\n  nodes:\n");
    for (int i = 0; i < 4000; i++)
        buf_printf(&b, "    n%d: {kind: linux, exec: *x}\n", i);
    import_text(&r, "containerlab", buf_str(&b));
    assert_null(r.xml);
    assert_non_null(strstr(r.said, "error: "));
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 4];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        tests[n++] = row_test(rows[i].name, test_row, &rows[i]);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_golden);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_folder);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_alias_bomb);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_long_walk);
    return _cmocka_run_group_tests("import_containerlab", tests, n, NULL, NULL);
}
