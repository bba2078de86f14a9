/* Meaning: one row per thing that can be wrong. */
#include "tests/unit/topo_rows.h"

#define E TOPO_ERROR
#define W TOPO_WARNING

/* The file: a root, 'in' from line 2 on, and two good hosts zz and zy on LAN lan0 (10.9.9.0/24). */
#define HEAD "<topology name=\"t\">\n"
#define TAIL \
    "\n<network name='lan0'/><host name='zz'><interface name='eth0' network='lan0'><address>10.9.9.1/24" \
    "</address></interface><interface name='eth1'/><interface name='eth2'/></host>" \
    "<host name='zy'><interface name='eth0' network='lan0'/></host></topology>"

static const struct row {
    const char *name, *in;
    int line;
    enum topo_severity severity;
    const char *want;
} rows[] = {
    /* names */
    {"name with a capital", "<host name='H1'/>", 2, E, "host name 'H1' is not allowed"},
    {"name with a shell metacharacter", "<host name='r;reboot'/>", 2, E,
     "host name 'r;reboot' is not allowed"},
    {"name with a line break", "<host name='a&#10;b'/>", 2, E, "host name 'a\\x0ab' is not allowed"},
    {"name of 32 letters", "<hub name='abcdefghijklmnopqrstuvwxyzabcdef'/>", 2, E, "hub name"},
    {"name beginning with a dash", "<switch name='-a'/>", 2, E, "switch name '-a'"},
    {"name missing", "<host/>", 2, E, "<host> lacks the attribute 'name'"},
    {"name of a link missing", "<link a='zz:eth1' b='zz:eth2'/>", 2, E, "<link> lacks the attribute 'name'"},
    {"name twice", "<host name='a'/>\n<hub name='a'/>", 3, E,
     "the name 'a' is taken already: the host in line 2"},
    {"name of a link and a host", "<host name='a'/>\n<link name='a' a='zz:eth1' b='zz:eth2'/>", 3, E,
     "taken already"},
    /* nodes */
    {"memory too small", "<host name='a' memory='4'/>", 2, E,
     "memory=\"4\" of 'a' is out of range: use 16 to 65536"},
    {"memory too large", "<host name='a' memory='999999'/>", 2, E, "out of range"},
    {"too many vcpus", "<host name='a' vcpus='17'/>", 2, E,
     "vcpus=\"17\" of 'a' is out of range: use 1 to 16"},
    {"image that leaves its folder", "<host name='a' image='../x'/>", 2, E,
     "image name '../x' is not allowed"},
    {"daemon misspelt", "<router name='a'><frr daemons='opsfd'/></router>", 2, E,
     "FRR has no daemon 'opsfd' (did you mean 'ospfd'?)"},
    {"daemon that is an option", "<router name='a'><frr daemons='--help'/></router>", 2, E,
     "FRR has no daemon"},
    /* interfaces */
    {"interface without name", "<host name='a'><interface/></host>", 2, E,
     "<interface> lacks the attribute 'name'"},
    {"interface named lo", "<host name='a'><interface name='lo'/></host>", 2, E,
     "interface name 'lo' is not allowed"},
    {"interface name of 16 letters", "<host name='a'><interface name='abcdefghijklmnop'/></host>", 2, E,
     "is not allowed"},
    {"interface name with a slash", "<host name='a'><interface name='a/b'/></host>", 2, E,
     "'a/b' is not allowed"},
    {"interface twice", "<host name='a'><interface name='e'/>\n<interface name='e'/></host>", 3, E,
     "'a' has two interfaces named 'e'"},
    {"interface not connected", "<host name='a'><interface name='e'/></host>", 2, W,
     "interface 'e' of 'a' is not connected to anything"},
    {"MTU too large", "<host name='a'><interface name='e' mtu='9217'/></host>", 2, E,
     "MTU 9217 of a:e is out of range"},
    {"MTU too small for IPv6",
     "<host name='a'><interface name='e' mtu='1000'><address>2001:db8::1/64</address></interface></host>", 2,
     E, "IPv6 needs 1280"},
    {"network misspelt", "<host name='a'><interface name='e' network='lan9'/></host>", 2, E,
     "there is no network 'lan9' (did you mean 'lan0'?)"},
    {"network is a host", "<host name='a'><interface name='e' network='zz'/></host>", 2, E,
     "'zz' is a host, not a network"},
    {"network is a switch", "<switch name='s'/><host name='a'><interface name='e' network='s'/></host>", 2, E,
     "connect the interface to it with a <link>"},
    {"network and link",
     "<host name='a'><interface name='e' network='lan0'/></host>\n<link name='l' a='a:e' b='zz:eth1'/>", 2, E,
     "is attached to network 'lan0' and to the link in line 3"},
    /* the way out */
    {"two ways out", "<internet name='i'/>\n<internet name='j'/>", 3, E,
     "a topology has at most one <internet>; the first is in line 2"},
    {"gateway malformed", "<internet name='i'><address>10.0.0.1</address></internet>", 2, E,
     "address 10.0.0.1 has no prefix length"},
    {"gateway is an edge", "<internet name='i'><address>10.0.0.255/24</address></internet>", 2, E,
     "the gateway 10.0.0.255/24 is the network or broadcast address"},
    {"gateway alone", "<internet name='i'><address>10.0.0.1/31</address></internet>", 2, E,
     "leaves no room for a neighbour"},
    {"gateway link-local", "<internet name='i'><address>fe80::1/64</address></internet>", 2, E,
     "the gateway fe80::1/64 is link-local"},
    {"gateway as metadata service", "<internet name='i'><address>169.254.169.254/16</address></internet>", 2,
     E, "is link-local"},
    {"gateway of the platform", "<internet name='i'><address>198.19.1.1/24</address></internet>", 2, E,
     "is of a range that the platform numbers its side"},
    {"gateway of the platform, IPv6", "<internet name='i'><address>fdb1:7a3c:90e2::1/96</address></internet>",
     2, E, "is of a range that the platform numbers its side"},
    {"gateway in loopback", "<internet name='i'><address>127.0.0.1/8</address></internet>", 2, E,
     "127.0.0.1/8 is a loopback address; a gateway cannot have it"},
    {"gateways of one family",
     "<internet name='i'><address>10.0.0.1/24</address><address>10.0.1.1/24</address></internet>", 2, E,
     "an <internet> has one IPv4 address, not two"},
    {"three gateways",
     "<internet name='i'><address>10.0.0.1/24</address><address>2001:db8::1/64</address>"
     "<address>10.0.1.1/24</address></internet>",
     2, E, "at most one IPv4 and one IPv6 address"},
    {"way out with a port", "<internet name='i'/><link name='l' a='zz:eth1' b='i:eth0'/>", 2, E,
     "<internet> has no ports with names; write 'i'"},
    /* addresses */
    {"address malformed",
     "<host name='a'><interface name='e'><address>10.0.1/24</address></interface></host>", 2, E,
     "'10.0.1/24' is not an address"},
    {"address without prefix",
     "<host name='a'><interface name='e'><address>10.0.1.1</address></interface></host>", 2, E,
     "10.0.1.1 has no prefix length; write 10.0.1.1/24"},
    {"address with a command",
     "<host name='a'><interface name='e'><address>$(reboot)/24</address></interface></host>", 2, E,
     "is not an address"},
    {"multicast address",
     "<host name='a'><interface name='e'><address>224.0.0.5/24</address></interface></host>", 2, E,
     "is a multicast"},
    {"loopback address", "<host name='a'><interface name='e'><address>::1/128</address></interface></host>",
     2, E, "is a loopback address"},
    {"unspecified address",
     "<host name='a'><interface name='e'><address>0.0.0.0/8</address></interface></host>", 2, E,
     "is the unspecified address"},
    {"prefix length 0", "<host name='a'><interface name='e'><address>10.0.0.1/0</address></interface></host>",
     2, E, "prefix length of 10.0.0.1/0 is 0"},
    {"network address",
     "<host name='a'><interface name='e'><address>10.0.1.0/24</address></interface></host>", 2, W,
     "network or broadcast address"},
    {"broadcast address",
     "<host name='a'><interface name='e'><address>10.0.1.255/24</address></interface></host>", 2, W,
     "network or broadcast address"},
    {"address twice", "<host name='a'><interface name='e'><address>10.9.9.1/24</address></interface></host>",
     3, W, "zz:eth0 has the address 10.9.9.1 that a:e has already (line 2)"},
    {"IPv6 address twice, written differently",
     "<host name='a'><interface name='e'><address>2001:db8::1/64</address>\n<address>2001:DB8:0::1/48</address></interface></host>",
     3, W, "2001:db8::1 that a:e has already"},
    /* routes */
    {"route without gateway", "<host name='a'><route to='default'/></host>", 2, E, "<route> needs"},
    {"route to nonsense", "<host name='a'><route to='everywhere' via='10.0.0.1'/></host>", 2, E,
     "to=\"everywhere\" is not"},
    {"route via nonsense", "<host name='a'><route to='default' via='r1'/></host>", 2, E,
     "via=\"r1\" is not the address"},
    {"route via a prefix", "<host name='a'><route to='default' via='10.0.0.1/24'/></host>", 2, E,
     "is not the address"},
    {"route of two families",
     "<host name='a'><route to='10.0.0.0/8' via='fe80::1' dev='e'/><interface name='e'/></host>", 2, E,
     "mixes IPv4 and IPv6"},
    {"route with host bits", "<host name='a'><route to='10.0.0.1/8' via='10.0.0.1'/></host>", 2, E,
     "bits set right of its prefix length"},
    {"gateway not on a wire", "<host name='a'><route to='default' via='10.7.7.7'/></host>", 2, E,
     "the gateway 10.7.7.7 is in no network of 'a'"},
    {"route over a missing interface", "<host name='a'><route to='default' via='10.0.0.1' dev='e9'/></host>",
     2, E, "'a' has no such interface"},
    {"link-local gateway without interface", "<host name='a'><route to='default' via='fe80::1'/></host>", 2,
     E, "is link-local; say on which interface"},
    /* files */
    {"file without path", "<host name='a'><file>x</file></host>", 2, E, "<file> lacks the attribute 'path'"},
    {"relative path", "<host name='a'><file path='etc/motd'/></host>", 2, E,
     "file path 'etc/motd' is not absolute"},
    {"path with ..", "<host name='a'><file path='/etc/../x'/></host>", 2, E, "has a part \".\" or \"..\""},
    {"path ending in ..", "<host name='a'><file path='/etc/..'/></host>", 2, E, "has a part \".\" or \"..\""},
    {"path that is a folder", "<host name='a'><file path='/etc/'/></host>", 2, E,
     "has an empty part or ends in '/'"},
    {"path of root", "<host name='a'><file path='/'/></host>", 2, E, "has an empty part"},
    {"path in /proc", "<host name='a'><file path='/proc/sys/x'/></host>", 2, E,
     "is in a folder of the system"},
    {"path in /run/lab", "<host name='a'><file path='/run/lab/x'/></host>", 2, E,
     "is in a folder of the system"},
    {"path with a line break", "<host name='a'><file path='/a&#10;b'/></host>", 2, E,
     "holds a control character"},
    {"file twice", "<host name='a'><file path='/a'/>\n<file path='/a'/></host>", 3, E,
     "has the file /a already, in line 2"},
    {"file that <frr> makes", "<router name='a'><frr/><file path='/etc/frr/frr.conf'/></router>", 2, E,
     "is made from <frr>"},
    /* switches */
    {"port without name", "<switch name='s'><port/></switch>", 2, E, "<port> lacks the attribute 'name'"},
    {"port twice", "<switch name='s'><port name='p'/>\n<port name='p'/></switch>", 3, E,
     "has two ports named 'p'"},
    {"port not connected", "<switch name='s'><port name='p'/></switch>", 2, W,
     "port 'p' of 's' is not connected"},
    {"VLAN 4095", "<switch name='s'><port name='p' access='4095'/></switch>", 2, E,
     "VLAN 4095 of port 'p' is out of range"},
    {"VLAN 0", "<switch name='s'><port name='p' access='0'/></switch>", 2, E, "VLAN 0 of port"},
    {"trunk VLAN out of range", "<switch name='s'><port name='p' trunk='10 5000'/></switch>", 2, E,
     "VLAN 5000 of port"},
    {"trunk VLAN twice", "<switch name='s'><port name='p' trunk='10 20 10'/></switch>", 2, E,
     "names VLAN 10 twice"},
    {"native VLAN out of range", "<switch name='s'><port name='p' trunk='all' native='9999'/></switch>", 2, E,
     "VLAN 9999"},
    {"priority no multiple of 4096", "<switch name='s' rstp-priority='100'/>", 2, E,
     "not a multiple of 4096"},
    {"ageing too fast", "<switch name='s' mac-ageing='14'/>", 2, E,
     "mac-ageing=\"14\" is out of range: use 15 to 3600"},
    {"ageing too slow", "<switch name='s' mac-ageing='3601'/>", 2, E, "out of range"},
    {"bond of one port", "<switch name='s'><port name='p'/><bond name='b' ports='p'/></switch>", 2, E,
     "bond 'b' has 1 ports; name 2 to 8"},
    {"bond with RSTP", "<switch name='s' rstp='yes'><bond name='b' ports='p q'/></switch>", 2, E,
     "which its RSTP does not see"},
    {"direction without mirror", "<switch name='s'><port name='t' direction='in'/></switch>", 2, E,
     "needs mirror="},
    {"bond of a misspelt port",
     "<switch name='s'><bond name='b' ports='p qq'/><port name='p'/><port name='q'/></switch><link name='l' a='zz:eth1' b='s:p'/><link name='m' a='zz:eth2' b='s:q'/>",
     2, E, "switch 's' has no port 'qq'"},
    {"bond of a port twice",
     "<switch name='s'><bond name='b' ports='p p'/><port name='p'/><port name='q'/></switch><link name='l' a='zz:eth1' b='s:p'/><link name='m' a='zz:eth2' b='s:q'/>",
     2, E, "names port 'p' twice"},
    {"port in two bonds",
     "<switch name='s'><bond name='b' ports='p q'/>\n<bond name='c' ports='p q'/><port name='p'/><port name='q'/></switch><link name='l' a='zz:eth1' b='s:p'/><link name='m' a='zz:eth2' b='s:q'/>",
     3, E, "port 'p' is in bond 'b' already"},
    {"bond of a bond",
     "<switch name='s'><bond name='b' ports='p q'/>\n<bond name='c' ports='b q'/><port name='p'/><port name='q'/></switch><link name='l' a='zz:eth1' b='s:p'/><link name='m' a='zz:eth2' b='s:q'/>",
     3, E, "'b' is a bond itself"},
    {"VLANs at the port of a bond",
     "<switch name='s'><bond name='b' ports='p r'/>\n<port name='r' access='5'/><port name='p'/><port name='q'/></switch><link name='l' a='zz:eth1' b='s:p'/><link name='m' a='zz:eth2' b='s:q'/>",
     3, E, "port 'r' is in bond 'b': write its VLANs there"},
    {"bond of a port that mirrors",
     "<switch name='s'><bond name='b' ports='p r'/>\n<port name='r' mirror='q'/><port name='p'/><port name='q'/></switch><link name='l' a='zz:eth1' b='s:p'/><link name='m' a='zz:eth2' b='s:q'/>",
     3, E, "mirrors, so it cannot be in bond"},
    {"bond of a port without a cable",
     "<switch name='s'><bond name='b' ports='p r'/><port name='r'/><port name='p'/><port name='q'/></switch><link name='l' a='zz:eth1' b='s:p'/><link name='m' a='zz:eth2' b='s:q'/>",
     2, E, "its port 'r' is not connected"},
    {"mirror of itself",
     "<switch name='s'><port name='t' mirror='p t'/><port name='p'/><port name='q'/></switch><link name='l' a='zz:eth1' b='s:p'/><link name='m' a='zz:eth2' b='s:q'/>",
     2, E, "port 't' mirrors itself"},
    {"mirror of a mirror",
     "<switch name='s'><port name='t' mirror='p'/><port name='u' mirror='t'/><port name='p'/><port name='q'/></switch><link name='l' a='zz:eth1' b='s:p'/><link name='m' a='zz:eth2' b='s:q'/>",
     2, E, "mirrors 't', which mirrors, too"},
    {"mirror of a port in a bond",
     "<switch name='s'><bond name='b' ports='p q'/><port name='t' mirror='p'/><port name='p'/><port name='q'/></switch><link name='l' a='zz:eth1' b='s:p'/><link name='m' a='zz:eth2' b='s:q'/>",
     2, E, "name the bond"},
    {"mirror with VLANs",
     "<switch name='s'><port name='t' mirror='p' access='3'/><port name='p'/><port name='q'/></switch><link name='l' a='zz:eth1' b='s:p'/><link name='m' a='zz:eth2' b='s:q'/>",
     2, E, "mirrors, so it has no VLANs of its own"},
    {"mirror of a misspelt port",
     "<switch name='s'><port name='t' mirror='pp'/><port name='p'/><port name='q'/></switch><link name='l' a='zz:eth1' b='s:p'/><link name='m' a='zz:eth2' b='s:q'/>",
     2, E, "has no port 'pp'"},
    {"link to a bond",
     "<switch name='s'><bond name='b' ports='p q'/></switch>\n<link name='l' a='zz:eth1' b='s:b'/>", 3, E,
     "'b' of 's' is a bond; links end at its ports"},
    {"bond to two hosts",
     "<switch name='s'><bond name='b' ports='p q'/><port name='p'/><port name='q'/></switch><host name='a'><interface name='e'/></host><link name='l' a='zz:eth1' b='s:p'/><link name='m' a='a:e' b='s:q'/>",
     2, E, "its links end at different places"},
    {"bond to a hub",
     "<switch name='s'><bond name='b' ports='p q'/><port name='p'/><port name='q'/></switch><hub name='h'/><link name='l' a='h' b='s:p'/><link name='m' a='h' b='s:q'/>",
     2, E, "has to end at a host, a router or a bond"},
    {"bond at one end only",
     "<switch name='s'><bond name='b' ports='p q'/><port name='p'/><port name='q'/></switch><switch name='u'/><link name='l' a='u' b='s:p'/><link name='m' a='u' b='s:q'/>",
     2, E, "has to end at a host, a router or a bond"},
    {"two passive bonds",
     "<switch name='s'><bond name='b' lacp='passive' ports='p q'/><port name='p'/><port name='q'/></switch><switch name='u'><bond name='b' lacp='passive' ports='p q'/><port name='p'/><port name='q'/></switch><link name='l' a='u:p' b='s:p'/><link name='m' a='u:q' b='s:q'/>",
     2, W, "are passive: neither begins"},
    /* links */
    {"end missing", "<link name='l' a='zz:eth1'/>", 2, E, "<link> lacks the attribute 'b'"},
    {"end misspelt", "<link name='l' a='zx:eth1' b='zy:eth0'/>", 2, E,
     "end a of the link: there is no host, router, switch, hub, network or internet 'zx' (did you mean '"},
    {"interface misspelt", "<link name='l' a='zz:eht1' b='zz:eth2'/>", 2, E,
     "link 'l' ends at interface 'eht1' of 'zz', which has eth0, eth1, eth2 (did you mean 'eth1'?)"},
    {"port misspelt",
     "<switch name='s'><port name='port1'/></switch><link name='l' a='zz:eth1' b='s:port2'/>", 2, E,
     "link 'l' ends at port 'port2' of 's', which has port1 (did you mean 'port1'?)"},
    {"end without interface", "<link name='l' a='zz' b='zz:eth2'/>", 2, E,
     "names no interface of 'zz'; write 'zz:eth0'"},
    {"hub with a port", "<hub name='h'/><link name='l' a='zz:eth1' b='h:p1'/>", 2, E,
     "<hub> has no ports with names"},
    {"end is a link", "<link name='l' a='zz:eth1' b='m'/><link name='m' a='zz:eth2' b='l'/>", 2, E,
     "there is no host"},
    {"interface used twice", "<link name='l' a='zz:eth1' b='lan0'/>\n<link name='m' a='zz:eth1' b='lan0'/>",
     3, E, "interface 'eth1' of 'zz' is used twice: by the link in line 2 already"},
    {"port used twice",
     "<switch name='s'><port name='p'/></switch><link name='l' a='zz:eth1' b='s:p'/>\n<link name='m' a='zz:eth2' b='s:p'/>",
     3, E, "port 'p' of 's' is used twice"},
    {"both ends the same", "<link name='l' a='zz:eth1' b='zz:eth1'/>", 2, E,
     "both ends of the link are the same"},
    {"both ends the same hub", "<hub name='h'/><link name='l' a='h' b='h'/>", 2, E,
     "both ends of the link are the same"},
    {"jitter without delay", "<link name='l' a='zz:eth1' b='zz:eth2'><impair from='b' jitter='1ms'/></link>",
     2, E, "impairment from end b: jitter is larger than delay"},
    {"reorder without delay", "<link name='l' a='zz:eth1' b='zz:eth2'><impair from='a' reorder='1%'/></link>",
     2, E, "reorder needs a delay"},
    {"loss above 100%", "<link name='l' a='zz:eth1' b='zz:eth2'><impair from='a' loss='101%'/></link>", 2, E,
     "above 100%"},
    {"delay of hours", "<link name='l' a='zz:eth1' b='zz:eth2'><impair from='a' delay='3600s'/></link>", 2, E,
     "longer than 100s"},
    {"rate of nothing", "<link name='l' a='zz:eth1' b='zz:eth2'><impair from='a' rate='1bit'/></link>", 2, E,
     "rate is not between"},
    {"networks that do not meet",
     "<network name='w'/><host name='a'><interface name='e' network='w'><address>10.1.0.1/24</address></interface></host>\n<host name='b'><interface name='e' network='w'><address>10.1.1.1/24</address></interface></host>",
     3, W, "10.1.1.1/24 of b:e is in no network of the others on its wire, such as a:e (line 2)"},
    {"three in a /31",
     "<network name='w'/><host name='a'><interface name='e' network='w'><address>10.1.0.0/31</address></interface></host><host name='b'><interface name='e' network='w'><address>10.1.0.1/31</address></interface></host>\n<host name='c'><interface name='e' network='w'><address>10.1.0.1/31</address></interface></host>",
     3, W, "c:e is the third in 10.1.0.1/31"},
    {"MTUs that differ",
     "<network name='w'/><host name='a'><interface name='e' network='w'><address>10.1.0.1/24</address></interface></host>\n<host name='b'><interface name='e' network='w' mtu='9000'><address>10.1.0.2/24</address></interface></host>",
     3, W, "b:e has MTU 9000, but a:e on the same wire has 1500 (line 2)"},
    {"MTUs that differ on a link",
     "<link name='l' a='zz:eth1' b='a:e'/>\n<host name='a'><interface name='e' mtu='1400'/></host>", 4, W,
     "zz:eth1 has MTU 1500, but a:e on the same wire has 1400 (line 3)"},
    {"gateway that nobody has",
     "<network name='w'/><host name='a'><interface name='e' network='w'><address>10.1.0.1/24</address></interface>\n<route to='default' via='10.1.0.254'/></host><host name='b'><interface name='e' network='w'><address>10.1.0.2/24</address></interface></host>",
     3, W, "nobody on the wire of a:e has the address of the gateway 10.1.0.254"},
    {"alone in a VLAN",
     "<switch name='s'><port name='p' access='10'/>\n<port name='q' access='20'/></switch><link name='l' a='zz:eth1' b='s:p'/><link name='m' a='zz:eth2' b='s:q'/>",
     3, W, "port 'q' of 's': only zz:eth2 is in VLAN 20"},
    {"router that knows nothing",
     "<router name='r'><interface name='e' network='w'><address>10.1.0.1/24</address></interface><interface name='f' network='lan0'><address>10.9.9.2/24</address></interface></router>\n<router name='q'><interface name='e' network='w'/></router><network name='w'/>", 2,
     W, "router 'r' has no route, no <frr> and no script"},
    {"loop of two hubs",
     "<hub name='h'/><hub name='i'/><link name='l' a='h' b='i'/>\n<link name='m' a='h' b='i'/>", 3, W,
     "this link closes a loop"},
    {"loop of switches without RSTP",
     "<switch name='s' rstp='yes'/><switch name='u'/><link name='l' a='s' b='u'/>\n<link name='m' a='s' b='u'/>",
     3, W, "this link closes a loop"},
};

static void test_row(void **state)
{
    const struct row *r = *state;
    AUTO(mem_freep) char *xml = xasprintf("%s%s%s", HEAD, r->in, TAIL);
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    struct err e = {0};
    AUTO(topo_freep) struct topo *t = topo_load_mem(xml, strlen(xml), &m, &e);

    assert_msg(&m, r->line, r->severity, r->want);
    if (r->severity == TOPO_ERROR)
        assert_null(t);
    else
        assert_non_null(t);
}

/* ---- what is allowed ---- */
static const struct good {
    const char *name, *in;
} goods
    [] =
        {
            {"nothing more", ""},
            {"loop of switches with RSTP",
             "<switch name='s' rstp='yes'/><switch name='u' rstp='yes'/><link name='l' a='s' b='u'/><link name='m' a='s' b='u'/>"},
            {"bond of two switches, which is no loop",
             "<switch name='s'><bond name='b' ports='p q'/><port name='p'/><port name='q'/></switch>"
             "<switch name='u'><bond name='b' ports='p q' lacp='passive'/><port name='p'/><port name='q'/></switch>"
             "<link name='l' a='u:p' b='s:p'/><link name='m' a='s:q' b='u:q'/>"},
            {"mirror into another switch, which is no loop",
             "<switch name='s'><port name='t' mirror='p'/><port name='p'/></switch><switch name='u'/>"
             "<link name='l' a='u' b='s:p'/><link name='m' a='s:t' b='u'/>"},
            {"loop that is down",
             "<hub name='h'/><hub name='i'/><link name='l' a='h' b='i'/><link name='m' a='h' b='i' up='no'/>"},
            {"link between two interfaces of one host", "<link name='l' a='zz:eth1' b='zz:eth2'/>"},
            {"plain port of a switch",
             "<switch name='s'/><link name='l' a='zz:eth1' b='s'/><link name='m' a='s' b='zz:eth2'/>"},
            {"native VLAN beside its trunk",
             "<switch name='s'><port name='p' trunk='10 20' native='1'/></switch>"
             "<link name='l' a='zz:eth1' b='s:p'/><link name='m' a='zz:eth2' b='s'/>"},
            {"link to a network",
             "<link name='l' a='zz:eth1' b='lan0'/><link name='m' a='lan0' b='zz:eth2'/>"},
            {"same link-local address twice",
             "<host name='a'><interface name='e' network='lan0'><address>fe80::1/64</address></interface></host>"
             "<host name='b'><interface name='e' network='lan0'><address>fe80::1/64</address></interface></host>"
             "<link name='l' a='zz:eth1' b='zz:eth2'/>"},
            {"addresses of a /31",
             "<host name='a'><interface name='e' network='w'><address>10.1.0.0/31</address></interface></host><network name='w'/>"
             "<link name='l' a='zz:eth1' b='zz:eth2'/>"},
            {"link-local gateway",
             "<host name='a'><interface name='e' network='lan0'/><route to='default' via='fe80::1' dev='e'/></host>"
             "<link name='l' a='zz:eth1' b='zz:eth2'/>"},
            {"three in a /29",
             "<network name='w'/><host name='a'><interface name='e' network='w'><address>10.1.0.1/29</address></interface></host><host name='b'><interface name='e' network='w'><address>10.1.0.2/29</address></interface></host><host name='c'><interface name='e' network='w'><address>10.1.0.3/29</address></interface></host>"},
            {"two networks on one wire",
             "<network name='w'/><host name='a'><interface name='e' network='w'><address>10.1.0.1/24</address></interface></host><host name='b'><interface name='e' network='w'><address>10.1.0.2/24</address></interface></host><host name='c'><interface name='e' network='w'><address>10.2.0.1/24</address></interface></host><host name='d'><interface name='e' network='w'><address>10.2.0.2/24</address></interface></host>"},
            {"prefixes of two lengths",
             "<network name='w'/><host name='a'><interface name='e' network='w'><address>10.1.0.1/16</address></interface></host><host name='b'><interface name='e' network='w'><address>10.1.0.2/24</address></interface></host>"},
            {"gateway for the student to configure",
             "<network name='w'/><host name='a'><interface name='e' network='w'><address>10.1.0.1/24</address></interface><route to='default' via='10.1.0.254'/></host><router name='r'><interface name='e' network='w'/></router>"},
            {"gateway that a script sets up",
             "<network name='w'/><host name='a'><interface name='e' network='w'><address>10.1.0.1/24</address></interface><route to='default' via='10.1.0.254'/></host><host name='b'><interface name='e' network='w'><address>10.1.0.2/24</address></interface><startup>ip address add 10.1.0.254/24 dev e</startup></host>"},
            {"router on a stick",
             "<switch name='s'><port name='p' access='10'/><port name='t' trunk='10'/></switch><link name='l' a='zz:eth1' b='s:p'/><link name='m' a='zz:eth2' b='s:t'/>"},
            {"VLANs that keep networks apart",
             "<switch name='s'><port name='a' access='10'/><port name='b' access='20'/><port name='c' access='10'/><port name='d' access='20'/></switch><host name='ha'><interface name='e' mtu='1401'><address>10.1.0.1/24</address></interface></host><link name='la' a='ha:e' b='s:a'/><host name='hb'><interface name='e' mtu='1402'><address>10.2.0.1/24</address></interface></host><link name='lb' a='hb:e' b='s:b'/><host name='hc'><interface name='e' mtu='1401'><address>10.1.0.2/24</address></interface></host><link name='lc' a='hc:e' b='s:c'/><host name='hd'><interface name='e' mtu='1402'><address>10.2.0.2/24</address></interface></host><link name='ld' a='hd:e' b='s:d'/>"},
            {"tap that takes nothing",
             "<switch name='s'><port name='p'/><port name='tap' mirror='p'/></switch><host name='a'><interface name='e' mtu='1400'/></host>"
             "<link name='x' a='a:e' b='s:tap'/><link name='l' a='zz:eth1' b='s:p'/><link name='m' a='zz:eth2' b='s'/>"},
            {"bond of another VLAN",
             "<switch name='s'><bond name='b' ports='t u' access='10'/><port name='t'/><port name='u'/></switch>"
             "<switch name='v'><bond name='b' ports='t u' access='10'/><port name='t'/><port name='u'/></switch>"
             "<host name='a'><interface name='e' mtu='1400'/></host><host name='b'><interface name='e' mtu='1400'/></host><link name='x' a='a:e' b='s'/><link name='y' a='b:e' b='s'/>"
             "<link name='t' a='s:t' b='v:t'/><link name='u' a='s:u' b='v:u'/><link name='l' a='zz:eth1' b='v'/><link name='m' a='zz:eth2' b='v'/>"},
            {"VLAN across two switches",
             "<switch name='s'><port name='p' access='10'/><port name='t' trunk='10 20' native='1'/></switch><switch name='u'><port name='p' access='10'/><port name='t' trunk='all'/></switch><link name='t' a='s:t' b='u:t'/><link name='l' a='zz:eth1' b='s:p'/><link name='m' a='zz:eth2' b='u:p'/>"},
            {"one router alone",
             "<router name='r'><interface name='e' network='w'><address>10.1.0.1/24</address></interface><interface name='f' network='lan0'><address>10.9.9.2/24</address></interface></router><network name='w'/>"},
            {"impairments without value",
             "<link name='l' a='zz:eth1' b='zz:eth2'><impair from='a' delay='' loss='' rate=''/></link>"},
};

/* No error; and no warning but of eth1 and eth2 of zz, where the row leaves them alone. */
static void test_good(void **state)
{
    const struct good *g = *state;
    AUTO(mem_freep) char *xml = xasprintf("%s%s%s", HEAD, g->in, TAIL);
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(buf_clear) struct buf all = BUF_INIT;
    struct err e = {0};
    AUTO(topo_freep) struct topo *t = topo_load_mem(xml, strlen(xml), &m, &e);

    topo_msgs_print(&m, "t", &all);
    if (t == NULL)
        fail_msg("%s", buf_str(&all));
    for (size_t i = 0; i < m.n; i++)
        if (strstr(m.items[i].text, "of 'zz' is not connected") == NULL)
            fail_msg("%s", buf_str(&all));
}

static void test_no_nodes(void **state)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    static const char xml[] = "<topology name='t'><hub name='h'/></topology>";
    struct err e = {0};

    (void)state;
    assert_null(topo_load_mem(xml, strlen(xml), &m, &e));
    assert_msg(&m, 1, TOPO_ERROR, "has no <host> and no <router>");
}

static void test_title_too_long(void **state)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(topo_freep) struct topo *t = load_valid("<topology name='t'><host name='h'/></topology>");

    (void)state;
    t->title = xcalloc(202, 1);
    memset(t->title, 'x', 201);
    assert_int_equal(topo_check(t, &m), 1);
    assert_msg(&m, 1, TOPO_ERROR, "the title is longer than 200 bytes");
}

/* A model that no reader made is checked as well. */
/* However many there are, each finds the one who answers, or is told that there is none. */
static void test_large_wire(void **state)
{
    static const char hosts[] =
        "<topology name='t' version='1'><network name='n'/><pool name='p' prefix='10.0.0.0/16' each='16'/>"
        "<group count='2000'><host name='h{n}'><interface name='e' network='n'><address pool='p'/></interface>"
        "<route to='default' via='10.0.200.1'/></host></group>%s</topology>";
    static const char router[] =
        "<router name='r'><interface name='e' network='n'><address>%s/16</address></interface></router>";
    AUTO(mem_freep) char *here = xasprintf(router, "10.0.200.1"), *elsewhere = xasprintf(router, "10.9.0.1");
    AUTO(mem_freep) char *nobody = xasprintf(hosts, "");
    AUTO(mem_freep) char *last = xasprintf(hosts, here), *apart = xasprintf(hosts, elsewhere);
    const struct {
        const char *xml;
        size_t warnings;
    } cases[] = {{nobody, 2000}, {last, 0}, {apart, 2001}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
        AUTO(topo_freep) struct topo *t = topo_load_mem(cases[i].xml, strlen(cases[i].xml), &m, NULL);
        assert_non_null(t);
        assert_int_equal(m.nwarnings, cases[i].warnings);
    }
}

static void test_model_without_a_file(void **state)
{
    AUTO(topo_msgs_clear) struct topo_msgs m = TOPO_MSGS_INIT;
    AUTO(topo_freep) struct topo *t = topo_new("t");

    (void)state;
    t->nodes = xcalloc(1, sizeof *t->nodes);
    t->nnodes = 1;
    t->nodes[0].kind = TOPO_HOST;
    t->nodes[0].frr = true;
    assert_int_equal(topo_check(t, &m), 2);
    assert_msg(&m, 0, TOPO_ERROR, "<host> lacks the attribute 'name'");
    assert_msg(&m, 0, TOPO_ERROR, "only a <router> runs FRR");
}

int main(void)
{
    struct CMUnitTest tests[200];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        tests[n++] = row_test(rows[i].name, test_row, &rows[i]);
    for (size_t i = 0; i < ARRAY_LEN(goods); i++)
        tests[n++] = row_test(goods[i].name, test_good, &goods[i]);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_no_nodes);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_title_too_long);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_model_without_a_file);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_large_wire);
    return _cmocka_run_group_tests("topo_check", tests, n, NULL, NULL);
}
