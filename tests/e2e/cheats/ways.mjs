// Two LANs, two routers and two links between them, with OSPF: the traffic takes the short link, and the long one when
// that is cut.  The tricks route by hand and hide it.
const router = (name, n, lan) => `
  <router name="${name}">
    <interface name="eth0" network="lan-${name}"><address>${lan}.1/24</address></interface>
    <interface name="eth1"><address>10.9.1.${n}/30</address></interface>
    <interface name="eth2"><address>10.9.2.${n}/30</address></interface>
    <frr daemons="ospfd">
interface eth0
 ip ospf hello-interval 1
 ip ospf dead-interval 4
exit
interface eth1
 ip ospf hello-interval 1
 ip ospf dead-interval 4
 ip ospf network point-to-point
exit
interface eth2
 ip ospf hello-interval 1
 ip ospf dead-interval 4
 ip ospf network point-to-point
 ip ospf cost 100
exit
router ospf
 ospf router-id ${n}.${n}.${n}.${n}
 network 10.0.0.0/8 area 0
exit
    </frr>
  </router>
  <network name="lan-${name}"/>`;

export const topology = `<topology name="ways" version="1">${router('w', 1, '10.1.0')}${router('e', 2, '10.2.0')}
  <link name="short" a="w:eth1" b="e:eth1"/>
  <link name="long" a="w:eth2" b="e:eth2"/>
</topology>
`;

export const grading = `<grading deadline="12s" hold="2" interval="300ms">
  <reference name="west" at="lan-w" address="10.1.0.250/24" gateway="10.1.0.1"/>
  <reference name="east" at="lan-e" address="10.2.0.250/24" gateway="10.2.0.1"/>
  <check id="reach" kind="reachability" title="West and east reach each other" points="10" from="west" to="east" hops="2"/>
  <check id="direct" kind="path" title="The short way is used" points="20" requires="reach" from="west" to="east" via="short" avoids="long"/>
  <check id="detour" kind="path" title="The long way takes over" points="20" requires="direct" from="west" to="east" cut="short"
         via="long" settle="10s"/>
  <check id="quick" kind="convergence" title="It does so quickly" points="20" requires="detour" from="west" to="east" cut="short"
         bands="4s:100"/>
</grading>`;

const byHand = {
  w: 'killall -q ospfd watchfrr || true\nsleep 0.5\nip route replace 10.2.0.0/24 via 10.9.1.2',
  e: 'killall -q ospfd watchfrr || true\nsleep 0.5\nip route replace 10.1.0.0/24 via 10.9.1.1',
};
// VXLAN is the tunnel that every kernel here has.
const tunnel = (own, other, n) => `
ip link add vx type vxlan id 7 local ${own} remote ${other} dstport 4789
ip address add 10.8.0.${n}/24 dev vx
ip link set vx mtu 1450 up
`;
const hook = (chain, ...rules) => `nft -f - <<'END'
table ip cheat {
    chain own {
        type filter hook ${chain};
        ${rules.join('\n        ')}
    }
}
END`;
const pings = 'ping -c 1 -W 1 -I 10.1.0.1 10.2.0.1';

export const tricks = {
  'static-routes': {
    nodes: byHand,
    earns: { reach: 10, direct: 20 },
    fools: ['w', pings],
  },
  'both-ways-at-once': {
    nodes: {
      w: `${byHand.w}\n${hook('prerouting priority raw', 'iifname eth0 ip daddr 10.2.0.0/24 dup to 10.9.2.2 device eth2')}`,
      e: `${byHand.e}\n${hook('prerouting priority raw', 'iifname eth0 ip daddr 10.1.0.0/24 dup to 10.9.2.1 device eth2')}`,
    },
    earns: { reach: 10 },
    fools: ['w', pings],
  },
  'spare-copies-in-a-tunnel': {
    nodes: {
      w: `${byHand.w}${tunnel('10.9.2.1', '10.9.2.2', 1)}${hook('prerouting priority raw', 'iifname eth0 ip daddr 10.2.0.0/24 dup to 10.8.0.2 device vx')}`,
      e: `${byHand.e}${tunnel('10.9.2.2', '10.9.2.1', 2)}${hook('prerouting priority raw', 'iifname eth0 ip daddr 10.1.0.0/24 dup to 10.8.0.1 device vx')}`,
    },
    earns: { reach: 10 },
    fools: ['w', 'ping -c 1 -W 1 10.8.0.2'],
  },
  'tunnel-over-the-other-link': {
    nodes: {
      w: `${byHand.w}${tunnel('10.9.2.1', '10.9.2.2', 1)}ip route replace 10.2.0.0/24 via 10.8.0.2`,
      e: `${byHand.e}${tunnel('10.9.2.2', '10.9.2.1', 2)}ip route replace 10.1.0.0/24 via 10.8.0.1`,
    },
    earns: { reach: 10 },
    fools: ['w', pings],
  },
  'decoy-on-the-right-link': {
    nodes: {
      w: `${byHand.w}${tunnel('10.9.2.1', '10.9.2.2', 1)}ip route replace 10.2.0.0/24 via 10.8.0.2
${hook('prerouting priority raw', 'iifname eth0 ip daddr 10.2.0.0/24 dup to 10.9.1.2 device eth1')}`,
      e: `${byHand.e}${tunnel('10.9.2.2', '10.9.2.1', 2)}ip route replace 10.1.0.0/24 via 10.8.0.1
${hook('prerouting priority raw', 'iifname eth1 ip saddr 10.1.0.0/24 drop')}`,
    },
    earns: { reach: 10 },
    fools: ['w', pings],
  },
};
