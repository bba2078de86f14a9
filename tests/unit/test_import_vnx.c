/* VNX scenarios: nets, machines, sequences, and what is hostile. */
#include "tests/unit/import_rows.h"

#define VNX(s) "<vnx><global><version>2.0</version><scenario_name>t</scenario_name></global>\n" s "</vnx>\n"
#define NET "<net name='N' mode='virtual_bridge'/>\n"
#define VM(s) VNX(NET "<vm name='a' type='lxc'>\n" s "</vm>")
#define IF1(s) VM("<if id='1' net='N'>" s "</if>")
#define OVS(s) \
    VNX("<net name='S' mode='openvswitch'/>\n<vm name='a' type='lxc'><if id='1' net='S'>" s "</if></vm>")

static const struct import_row rows[] = {
    /* nets */
    {"a bridge", VM(""), "<network name=\"n\"/>", "", NULL},
    {"a switch", OVS(""), "<link name=\"a-s\" a=\"a:eth1\" b=\"s\"/>", "", NULL},
    {"a switch of User Mode Linux",
     VNX("<net name='U' mode='uml_switch' hub='yes'/><vm name='a' type='uml'/>"), "<network name=\"u\"/>", "",
     NULL},
    {"an access VLAN", OVS("<vlan><tag id='10'/></vlan>"), "<port name=\"p1\" access=\"10\"/>", "", NULL},
    {"a trunk", OVS("<vlan trunk='yes'><tag id='10'/><tag id='20'/></vlan>"),
     "<port name=\"p1\" trunk=\"10 20\"/>", "", NULL},
    {"no VLAN", OVS("<vlan><tag id='0'/><tag id='4095'/><tag id='x'/></vlan>"), "b=\"s:p1\"",
     "this VLAN is left out", "access"},
    {"a VLAN of a bridge", IF1("<vlan><tag id='10'/></vlan>"), NULL,
     "only a net of mode openvswitch has VLANs", NULL},
    {"a controller",
     VNX("<net name='S' mode='openvswitch' controller='tcp:1.2.3.4:6633'/><vm name='a' type='lxc'/>"), NULL,
     "controller=\"...\" of <net> is not carried over", NULL},
    {"an external interface",
     VNX("<net name='S' mode='virtual_bridge' external='eth0'/><vm name='a' type='lxc'/>"), NULL,
     "external=\"...\" of <net>", NULL},
    {"bandwidth", VNX("<net name='S' mode='virtual_bridge'><bw>1000</bw></net><vm name='a' type='lxc'/>"),
     NULL, "<bw> is not carried over", NULL},
    {"a connection",
     VNX("<net name='S' mode='openvswitch'><connection name='x' net='T'/></net><net name='T' mode='openvswitch'/><vm name='a' type='lxc'/>"),
     "<link name=\"s-t\" a=\"s\" b=\"t\"/>", "", NULL},
    {"a connection to nothing",
     VNX("<net name='S' mode='openvswitch'><connection name='x' net='T'/></net><vm name='a' type='lxc'/>"),
     NULL, "a connection without another net", "<link"},
    /* machines */
    {"forwarding", VM("<forwarding type='ip'/>"), "<router name=\"a\"/>", "", NULL},
    {"two interfaces do not forward", VM("<if id='1' net='N'/><if id='2' net='N'/>"), "<host name=\"a\">", "",
     NULL},
    {"forwarding of IPv4", VM("<forwarding type='ipv4'/>"), "net.ipv6.conf.all.forwarding=0", "", NULL},
    {"forwarding of IPv6", VM("<forwarding type='ipv6'/>"), "net.ipv4.ip_forward=0", "", NULL},
    {"forwarding by default",
     "<vnx><global><vm_defaults><forwarding/></vm_defaults></global><vm name='a' type='lxc'/></vnx>",
     "<router name=\"a\"/>", "", NULL},
    {"memory", VM("<mem>512M</mem>"), "memory=\"512\"", "", NULL},
    {"memory by default",
     "<vnx><global><vm_defaults><mem>96M</mem></vm_defaults></global><vm name='a' type='lxc'/></vnx>",
     "memory=\"96\"", "", NULL},
    {"processors", VNX("<vm name='a' type='lxc' vcpu='2'/>"), "vcpus=\"2\"", "", NULL},
    {"an order", VNX("<vm name='a' type='lxc' order='2'/>"), NULL,
     "order=\"...\" of <vm> is not carried over", NULL},
    {"an image", VM("<filesystem type='cow'>/fs/root</filesystem>"), NULL,
     "image \"/fs/root\" becomes our own", NULL},
    {"a kernel", VM("<kernel>/k</kernel>"), NULL, "<kernel> is not carried over", NULL},
    {"a user", VM("<user username='x'/>"), NULL, "<user> is not carried over", NULL},
    {"Windows",
     VNX("<vm name='a' type='libvirt' subtype='kvm' os='winxp'><exec seq='on_boot' type='verbatim'>dir</exec></vm>"),
     "<host name=\"a\"/>", "is of type \"winxp\", which is not to be had here", "dir"},
    {"a router of Cisco", VNX("<vm name='a' type='dynamips' subtype='3600'/>"), "<router name=\"a\"/>",
     "\"dynamips\"", NULL},
    {"a machine twice", VNX("<vm name='a' type='lxc'/><vm name='a' type='lxc'/>"), "name=\"a\"",
     "there is a machine of that name", NULL},
    /* interfaces */
    {"an address", IF1("<ipv4>10.0.0.1/30</ipv4>"), "<address>10.0.0.1/30</address>", "", NULL},
    {"a mask", IF1("<ipv4 mask='255.255.0.0'>10.0.0.1</ipv4>"), "<address>10.0.0.1/16</address>", "", NULL},
    {"a mask with a slash", IF1("<ipv4 mask='/20'>10.0.0.1</ipv4>"), "<address>10.0.0.1/20</address>", "",
     NULL},
    {"no mask", IF1("<ipv4>10.0.0.1</ipv4><ipv6>2001:db8::1</ipv6>"),
     "<address>10.0.0.1/24</address>\n      <address>2001:db8::1/64</address>", "", NULL},
    {"DHCP", IF1("<ipv4>dhcp</ipv4>"), "dhclient -nw -q eth1", "", NULL},
    {"no address", IF1("<ipv4>10.0.0</ipv4><ipv4>2001:db8::1</ipv4>"), NULL, "\"10.0.0\" is no address",
     "<address"},
    {"loopback", VM("<if id='1' net='lo'><ipv4>10.9.9.9/32</ipv4></if>"), "ip address add 10.9.9.9/32 dev lo",
     "", "<interface"},
    {"a MAC address", IF1("<mac>02:fd:00:00:00:01</mac>"), "ip link set dev eth1 address 02:fd:00:00:00:01",
     "", NULL},
    {"a name", VM("<if id='1' net='N' name='s1/0'/>"), "<interface name=\"s1-0\"",
     "interface \"s1/0\" of \"a\" is called", NULL},
    {"unconnected", VM("<if id='1' net='unconnected'/>"), "<interface name=\"eth1\"/>", "", NULL},
    {"a net that lacks", VM("<if id='1' net='X'/>"), "<interface name=\"eth1\"/>", "there is no net \"X\"",
     NULL},
    /* routes */
    {"a route",
     VM("<if id='1' net='N'><ipv4>10.0.0.2/24</ipv4></if><route type='ipv4' gw='10.0.0.1'>default</route>"),
     "<route to=\"default\" via=\"10.0.0.1\"/>", "", NULL},
    {"a route by a gateway of later",
     VM("<if id='1' net='N'/><route type='ipv4' gw='10.0.0.1'>10.1.0.0/16</route>"),
     "ip -4 route add 10.1.0.0/16 via 10.0.0.1", "", "<route"},
    {"no route",
     VM("<route type='ipv4' gw='me'>default</route><route type='ipv4' gw='10.0.0.1'>10.1.0.1/16</route>"),
     NULL, "this is no route", "route"},
    /* sequences */
    {"a command at boot", VM("<exec seq='on_boot' type='verbatim'>\n  echo 1;\n  echo 2\n</exec>"),
     "set +e\n      echo 1;\n        echo 2\n", "", NULL},
    {"Quagga at boot", VM("<exec seq='on_boot' type='verbatim'>service quagga start</exec>"), "<frr/>", "",
     "quagga"},
    {"a command of a sequence", VM("<exec seq='go' type='verbatim'>echo 1</exec>"),
     "<file path=\"/usr/local/bin/vnx-go\" mode=\"0755\">#!/bin/sh\necho 1\n</file>", "", "startup"},
    {"a sequence starts Quagga", VM("<exec seq='go' type='verbatim'>service quagga start</exec>"),
     "service frr start", "", "<frr"},
    {"several sequences", VM("<exec seq='on_boot, go' type='verbatim'>echo 1</exec>"), "vnx-go", "", NULL},
    {"in the background", VM("<exec seq='on_boot' type='verbatim' ostype='exec'>sleep 9;</exec>"),
     "sleep 9 &", "", NULL},
    {"on a screen", VM("<exec seq='on_boot' type='verbatim' ostype='xexec'>firefox</exec>"), NULL,
     "there is no screen", NULL},
    {"for others", VM("<exec seq='on_boot' type='verbatim' ostype='show'>version</exec>"), NULL,
     "commands of type \"show\" are not for our", "version\n"},
    {"as a user", VM("<exec seq='on_boot' type='verbatim' user='ann'>id</exec>"), NULL,
     "the command runs as root, not as \"ann\"", NULL},
    {"commands of a file", VM("<exec seq='on_boot' type='file'>x.sh</exec>") "--- x.sh\necho 7\n", "echo 7",
     "", NULL},
    {"commands of a file outside", VM("<exec seq='on_boot' type='file'>../outside</exec>"), NULL,
     "../outside is outside the folder", "<startup"},
    {"at the end", VM("<exec seq='on_shutdown' type='verbatim'>echo 1</exec>"), "vnx-on_shutdown",
     "nothing runs when a node stops", NULL},
    {"a name that is none", VM("<exec seq='../x' type='verbatim'>echo 1</exec>"), NULL,
     "no program can be called so", "<file"},
    {"no name", VM("<exec type='verbatim'>echo 1</exec>"), NULL, "what has no \"seq\" never runs", "echo"},
    {"a composed sequence",
     "<vnx><global><cmd-seq seq='all'>one,two,three</cmd-seq></global><vm name='a' type='lxc'>"
     "<exec seq='one' type='verbatim'>echo 1</exec><exec seq='three' type='verbatim'>echo 3</exec></vm></vnx>",
     "vnx-all\" mode=\"0755\">#!/bin/sh\n/usr/local/bin/vnx-one\n/usr/local/bin/vnx-three\n", "", NULL},
    {"files at boot", VM("<filetree seq='on_boot' root='/etc/x/'>c</filetree>") "--- c/y\n1\n",
     "<file path=\"/etc/x/y\"", "", NULL},
    {"a file into a folder",
     VM("<filetree seq='on_boot' root='/etc/x/' perms='600'>c/y</filetree>") "--- c/y\n1\n",
     "<file path=\"/etc/x/y\" mode=\"0600\"", "", NULL},
    {"a file by its name", VM("<filetree seq='on_boot' root='/etc/z'>c/y</filetree>") "--- c/y\n1\n",
     "<file path=\"/etc/z\"", "", NULL},
    {"files with a star", VM("<filetree seq='on_boot' root='/x'>c/*</filetree>") "--- c/y\n1\n",
     "<file path=\"/x/y\"", "", NULL},
    {"files of a sequence", VM("<filetree seq='go' root='/srv/'>c</filetree>") "--- c/y\n1\n",
     "<file path=\"/usr/local/share/vnx/go/0/y\" mode=\"0644\">1\n</file>\n    <file path=\"/usr/local/bin/vnx-go\" mode=\"0755\">#!/bin/sh\nmkdir -p /srv\ncp -r /usr/local/share/vnx/go/0/. /srv\n",
     "", NULL},
    {"files of nowhere", VM("<filetree seq='on_boot' root='/x/'>/etc</filetree>"), NULL,
     "is not in the scenario's folder", "<file"},
    {"files by a way out", VM("<filetree seq='on_boot' root='/x/'>../outside</filetree>"), NULL,
     "../outside is outside the folder", "<file"},
    {"files of somebody", VM("<filetree seq='on_boot' root='/x/' user='ann'>c</filetree>") "--- c/y\n1\n",
     "/x/y", "the files belong to root, not to ann", NULL},
    /* the rest */
    {"help",
     "<vnx><global><help><seq_help seq='go'>Goes</seq_help></help></global><vm name='a' type='lxc'/></vnx>",
     "<note>vnx-go: Goes</note>", "", NULL},
    {"management", "<vnx><global><vm_mgmt type='private'/></global><vm name='a' type='lxc'/></vnx>", NULL,
     "<vm_mgmt> is not carried over", NULL},
    {"the machine itself",
     VNX("<vm name='a' type='lxc'/><host><hostif net='N'/><exec seq='x' type='verbatim'>reboot</exec></host>"),
     NULL, "<hostif> is about the machine itself", "reboot"},
    {"another language", "<vnuml/>", NULL, "error: this is no VNX scenario", NULL},
    {"a DTD", "<!DOCTYPE vnx [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><vnx>&x;</vnx>", NULL,
     "error: a document type declaration", NULL},
    {"nobody", "<vnx><global/></vnx>", NULL, "error: the topology has no <host>", NULL},
};

static void test_row(void **state)
{
    check_row(*state, "vnx");
}

static void test_golden(void **state)
{
    (void)state;
    check_golden("vnx", "tests/golden/import/vnx/scenario.xml");
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 1];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        tests[n++] = row_test(rows[i].name, test_row, &rows[i]);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_golden);
    return _cmocka_run_group_tests("import_vnx", tests, n, NULL, NULL);
}
