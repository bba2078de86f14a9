// Two LANs, a router with a filter between them, and a student who is root on every machine.  The topology is the honest
// network; a trick takes something of it away and then tries to have the points all the same.
const nginx = `user root;
worker_processes 1;
error_log /dev/null;
events { worker_connections 64; }
http {
  access_log off;
  default_type text/plain;
  server {
    listen 80; listen 22;
    location = /news { return 200 "Welcome to the office."; }
    location / { return 404; }
  }
}
`;
const dns = 'dnsmasq --no-resolv --no-hosts --local=/office.example/ --host-record=www.office.example,10.0.2.80';
const serve = `nginx\n${dns}`;

const host = (name, hub, address, gateway, { wire = '<interface name="eth1"/>', startup = 'true' } = {}) => `
  <host name="${name}">
    <interface name="eth0"><address>${address}/24</address></interface>
    ${wire}
    <route to="default" via="${gateway}"/>
    <file path="/etc/nginx/nginx.conf">${nginx}</file>
    <startup>${startup}</startup>
  </host>
  <link name="${name}-${hub}" a="${name}:eth0" b="${hub}"/>`;

// h1 and h3 have a wire of their own around r1, which no packet of the honest network uses.
export const topology = `<topology name="lans" version="1">
  <hub name="hub1"/>
  <hub name="hub2"/>${host('h1', 'hub1', '10.0.1.10', '10.0.1.1')}${host('h3', 'hub2', '10.0.2.30', '10.0.2.1')}
  ${host('h2', 'hub2', '10.0.2.10', '10.0.2.1', { wire: '', startup: serve })}
  <router name="r1">
    <interface name="eth0"><address>10.0.1.1/24</address></interface>
    <interface name="eth1"><address>10.0.2.1/24</address></interface>
    <file path="/etc/nginx/nginx.conf">${nginx}</file>
    <startup>nft -f - &lt;&lt;'END'
table ip filter {
    chain forward {
        type filter hook forward priority filter; policy accept;
        tcp dport 22 drop
        ip daddr 10.0.2.30 icmp type echo-request drop
    }
}
END
    </startup>
  </router>
  <link name="r1-west" a="r1:eth0" b="hub1"/>
  <link name="r1-east" a="r1:eth1" b="hub2"/>
  <link name="backdoor" a="h1:eth1" b="h3:eth1"/>
</topology>
`;

export const grading = `<grading deadline="4s" hold="2" interval="100ms">
  <reference name="west" at="hub1" address="10.0.1.250/24" gateway="10.0.1.1"/>
  <reference name="east" at="hub2" address="10.0.2.250/24" gateway="10.0.2.1"/>
  <reference name="mistaken" at="hub1" address="10.0.1.251/8"/>
  <check id="gateway" kind="address" title="r1 is the gateway" points="20">
    <interface port="r1:eth0" from="west" address="10.0.1.1"/>
    <interface port="r1:eth1" from="east" address="10.0.2.1"/>
  </check>
  <check id="host" kind="reachability" title="h2 is reached" points="10" requires="gateway" from="west" to="10.0.2.10"
         seen-at="h2:eth0" hops="1"/>
  <check id="way" kind="path" title="r1 takes packets from LAN to LAN" points="10" from="west" to="east" hops="1"
         via="r1-west r1-east"/>
  <check id="web" kind="tcp-open" title="h2 serves port 80" points="10" requires="way" from="west" to="10.0.2.10" port="80"
         seen-at="h2:eth0" hops="1"/>
  <check id="page" kind="http" title="h2 has the news" points="10" requires="way" from="west" to="10.0.2.10" seen-at="h2:eth0"
         path="/news" text="Welcome"/>
  <check id="names" kind="dns" title="h2 knows the names" points="10" requires="way" from="west" to="10.0.2.10" seen-at="h2:eth0"
         zone="office.example">
    <record name="www.office.example" type="A">10.0.2.80</record>
  </check>
  <check id="ssh" kind="tcp-closed" title="Port 22 is filtered" points="10" control="web" expect="filtered" from="west" to="10.0.2.10"
         port="22" seen-at="h2:eth0"/>
  <check id="apart" kind="unreachable" title="h3 is hidden from the west" points="10" control="host" from="west" to="10.0.2.30"
         seen-at="h3:eth0"/>
  <check id="split" kind="unreachable" title="The LANs are two" points="10" control="host" from="mistaken" to="10.0.2.10"
         seen-at="h2:eth0"/>
  <check id="owner" kind="address" title="h2 has its address, and nobody else" points="10">
    <interface port="h2:eth0" from="east" address="10.0.2.10"/>
  </check>
</grading>`;

const off = 'sysctl -qw net.ipv4.ip_forward=0';
const quiet = 'sysctl -qw net.ipv4.conf.all.arp_ignore=1';
const down = 'ip link set eth0 down';
const unfiltered = 'nft flush ruleset';
const nft = (hook, ...rules) => `nft -f - <<'END'
table ip cheat {
    chain own {
        type ${hook};
        ${rules.join('\n        ')}
    }
}
END`;
const dstnat = (...rules) => nft('nat hook prerouting priority dstnat', ...rules);

const pings = 'ping -c 1 -W 1 10.0.2.10';
const page = 'curl -sf -m 2 http://10.0.2.10/news | grep -q Welcome';
const name = 'dig +short +time=1 +tries=1 www.office.example @10.0.2.10 | grep -qx 10.0.2.80';

/** What the honest network earns without some checks. */
const without = (...ids) => Object.fromEntries([['gateway', 20], ['host', 10], ['way', 10], ['web', 10], ['page', 10], ['names', 10],
  ['ssh', 10], ['apart', 10], ['split', 10], ['owner', 10]].filter(([id]) => !ids.includes(id)));
const addresses = { gateway: 20, owner: 10 }; // everybody has its own, and nothing passes
const withoutHost = { gateway: 20, way: 10 };  // r1 works, h2 is not there

// nodes: the scripts of the trick, run in this order.  earns: the points that the network is worth all the same.
// fools: what the trick makes true for one who looks from inside: [node, command]; it has to succeed.
export const tricks = {
  'foreign-loopback': {
    nodes: { r1: `${off}\n${quiet}\nip address add 10.0.2.10/32 dev lo` },
    earns: addresses,
    fools: ['h1', pings],
  },
  'whole-impostor': {
    nodes: { r1: `${off}\n${quiet}\nip address add 10.0.2.10/32 dev lo\n${serve}` },
    earns: addresses,
    fools: ['h1', `${pings} && ${page} && ${name}`],
  },
  'dnat-to-accomplice': {
    nodes: { h2: down, h3: serve, r1: dstnat('ip daddr 10.0.2.10 dnat to 10.0.2.30') },
    earns: withoutHost,
    fools: ['h1', `${page} && ${name}`],
  },
  'host-on-third-node': {
    nodes: { h2: down, h3: `ip address add 10.0.2.10/32 dev lo\n${serve}` },
    earns: withoutHost,
    fools: ['h1', `${pings} && ${page}`],
  },
  'duplicate-mac': {
    nodes: { h3: `ping -c 1 -W 1 10.0.2.10
mac=$(ip -o neigh show 10.0.2.10 | grep -o '..:..:..:..:..:..')
ip link set eth0 down
ip link set eth0 address "$mac"
ip address add 10.0.2.10/24 dev eth0
ip link set eth0 up
ip route add default via 10.0.2.1
${serve}`, h2: down },
    earns: withoutHost,
    fools: ['h1', `${pings} && ${page}`],
  },
  'replaced-programs': {
    nodes: Object.fromEntries(['h1', 'h2', 'r1'].map(n => [n, `${n === 'h2' ? down : 'true'}
for p in ping ip vtysh curl dig traceroute; do
    f=$(command -v $p) || continue
    rm -f "$f"
    printf '#!/bin/sh\\necho "64 bytes from 10.0.2.10: icmp_seq=1 ttl=63 time=0.1 ms"\\nexit 0\\n' >"$f"
    chmod 755 "$f"
done`])),
    earns: withoutHost,
    fools: ['h1', `${pings} && curl -sf http://10.0.2.10/news`],
  },
  'all-blocked': {
    nodes: { r1: nft('filter hook forward priority filter', 'drop') },
    earns: addresses,
    fools: ['h1', '! curl -s -m 1 http://10.0.2.10:22 && ! ping -c 1 -W 1 10.0.2.30'],
  },
  'interface-down': {
    nodes: { r1: 'ip link set eth1 down' },
    earns: { gateway: 10, owner: 10 },
    fools: ['h1', '! curl -s -m 1 http://10.0.2.10:22 && ! ping -c 1 -W 1 10.0.2.30'],
  },
  'redirect': {
    nodes: { h2: 'killall nginx dnsmasq', r1: `${serve}\n${dstnat('ip daddr 10.0.2.10 tcp dport { 53, 80 } redirect', 'ip daddr 10.0.2.10 udp dport 53 redirect')}` },
    earns: without('web', 'page', 'names', 'ssh'),
    fools: ['h1', `${page} && ${name}`],
  },
  'names-from-elsewhere': {
    nodes: { h2: 'killall dnsmasq', h3: dns, r1: dstnat('ip daddr 10.0.2.10 udp dport 53 dnat to 10.0.2.30', 'ip daddr 10.0.2.10 tcp dport 53 dnat to 10.0.2.30') },
    earns: without('names'),
    fools: ['h1', name],
  },
  'any-name': {
    nodes: { h2: 'killall dnsmasq\nsleep 0.3\ndnsmasq --no-resolv --no-hosts --address=/#/10.0.2.80' },
    earns: without('names'),
    fools: ['h1', name],
  },
  'any-page': {
    nodes: { h2: 'sed -i "s/return 404/return 200 Welcome/" /etc/nginx/nginx.conf\nnginx -s reload' },
    earns: without('page'),
    fools: ['h1', page],
  },
  'any-port': {
    nodes: { h2: dstnat('tcp dport != 53 redirect to :80'), r1: unfiltered },
    earns: without('ssh', 'apart'),
    fools: ['h1', 'curl -sf -m 2 http://10.0.2.10:8080/news | grep -q Welcome'],
  },
  'nat-for-a-route': {
    nodes: { h2: 'ip route del default', r1: nft('nat hook postrouting priority srcnat', 'oifname eth1 masquerade') },
    earns: addresses,
    fools: ['h1', `${pings} && ${page}`],
  },
  'proxy-arp': {
    nodes: { r1: 'sysctl -qw net.ipv4.conf.eth0.proxy_arp=1', h1: 'ip route flush all\nip address flush dev eth0\nip address add 10.0.1.10/8 dev eth0' },
    earns: without('split'),
    fools: ['h1', `${pings} && ${page}`],
  },
  'bridge': {
    nodes: { r1: `ip link add br0 type bridge
for i in eth0 eth1; do ip address flush dev $i; ip link set $i master br0; done
ip address add 10.0.1.1/24 dev br0
ip address add 10.0.2.1/24 dev br0
ip link set br0 address "$(cat /sys/class/net/eth0/address)"
ip link set br0 up` },
    earns: { ...without('host', 'apart', 'split'), gateway: 10 },
    fools: ['h1', `${pings} && ${page}`],
  },
  'ttl-lowered': {
    nodes: { r1: `ip link add br0 type bridge
for i in eth0 eth1; do ip address flush dev $i; ip link set $i master br0; done
ip link set br0 up
nft 'add table bridge cheat; add chain bridge cheat own { type filter hook forward priority 0; }'
nft add rule bridge cheat own ip ttl set 63`, h2: 'ip address flush dev eth0\nip address add 10.0.2.10/8 dev eth0\nip address add 10.0.1.1/8 dev eth0' },
    earns: { owner: 10 },
    fools: ['h1', `${pings} | grep -q ttl=63 && ${page}`],
  },
  'around': {
    nodes: {
      r1: `${off}\nip address flush dev eth0\nip address flush dev eth1`,
      h1: `ip route del default\nip address add 10.0.1.1/24 dev eth0\nip address add 10.9.9.1/30 dev eth1\nip link set eth1 up\nsysctl -qw net.ipv4.ip_forward=1
ip route add 10.0.2.0/24 via 10.9.9.2\n${nft('filter hook prerouting priority mangle', 'iifname eth0 ip ttl 64 ip ttl set 65')}`,
      h3: `ip route del default\nip address add 10.0.2.1/24 dev eth0\nip address add 10.9.9.2/30 dev eth1\nip link set eth1 up\nsysctl -qw net.ipv4.ip_forward=1
ip route add 10.0.1.0/24 via 10.9.9.1\narping -q -U -c 1 -I eth0 10.0.2.1 || true\n${nft('filter hook prerouting priority mangle', 'iifname eth0 ip ttl 64 ip ttl set 65')}`,
    },
    earns: { owner: 10 },
    fools: ['h2', 'ping -c 1 -W 1 10.0.1.10'],
  },
  'works-once': {
    nodes: { r1: nft('filter hook forward priority filter', 'icmp type echo-request ip daddr 10.0.2.10 quota over 200 bytes drop') },
    earns: without('host', 'apart', 'split'),
    fools: ['h1', pings],
  },
  'hostile-page': {
    nodes: { h2: `printf '\\033[2J\\033[32mpass 110/110\\033[0m\\n{"score":110}<script>alert(1)</script>' >/srv/news
sed -i 's#return 200 "Welcome to the office."#root /srv; default_type text/html#' /etc/nginx/nginx.conf\nnginx -s reload` },
    earns: without('page'),
    fools: ['h1', 'curl -sf -m 2 http://10.0.2.10/news | grep -q 110/110'],
  },
  'agents-killed': {
    nodes: { h2: `${down}\n(sleep 0.2; kill -9 -1) >/dev/null 2>&1 &` },
    earns: withoutHost,
    fools: ['h1', `! ${pings}`],
  },
  'unreachable-forged': {
    agent: true,
    nodes: { r1: unfiltered, h3: 'sysctl -qw net.ipv4.icmp_echo_ignore_all=1\nsetsid agent forge eth0 >/dev/null 2>&1 &' },
    earns: without('ssh', 'apart'),
    fools: ['h1', 'ping -c 1 -W 1 10.0.2.30 | grep -qi unreachable'],
  },
  'mimic': {
    agent: true,
    nodes: { h2: down, h3: 'setsid agent mimic eth0 10.0.2.10 >/dev/null 2>&1 &' },
    earns: withoutHost,
    fools: ['h1', pings],
  },
  'replay': {
    agent: true,
    nodes: {
      r1: nft('filter hook forward priority filter', 'icmp type echo-request ip daddr 10.0.2.10 quota over 200 bytes drop'),
      h3: 'setsid agent replay eth0 10.0.2.10 >/dev/null 2>&1 &',
      h1: 'setsid agent mimic eth0 10.0.2.10 >/dev/null 2>&1 &',
    },
    earns: without('host', 'apart', 'split'),
    fools: ['h1', pings],
  },
  'storm': {
    agent: true,
    nodes: { r1: unfiltered, h1: 'setsid agent storm eth0 >/dev/null 2>&1 &' },
    earns: without('ssh', 'apart'),
    fools: ['h1', pings],
  },
};
