// What the kernel of an ordinary test machine may lack and this dom0 has: netem, VLAN filtering, Open vSwitch's kernel
// datapath.  For both kinds of guests, because what is set on their devices differs.
import test from 'node:test';
import assert from 'node:assert/strict';
import { XenMachine, XenStack, until } from './machine.mjs';

// Two switches, two cables between them (RSTP has to block one), two VLANs.
const topology = `<topology name="office" version="1">
  <host name="h1"><interface name="eth0"><address>10.8.0.1/24</address></interface></host>
  <host name="h2"><interface name="eth0"><address>10.8.0.2/24</address></interface></host>
  <host name="h3"><interface name="eth0"><address>10.8.0.3/24</address></interface></host>
  <switch name="s1" rstp="yes" rstp-priority="4096">
    <port name="up" trunk="10 20"/><port name="up2" trunk="10 20"/><port name="p1" access="10"/>
  </switch>
  <switch name="s2" rstp="yes">
    <port name="up" trunk="10 20"/><port name="up2" trunk="10 20"/><port name="p2" access="10"/><port name="p3" access="20"/>
  </switch>
  <link name="l1" a="h1:eth0" b="s1:p1"/>
  <link name="l2" a="h2:eth0" b="s2:p2"/>
  <link name="l3" a="h3:eth0" b="s2:p3"/>
  <link name="trunk" a="s1:up" b="s2:up"/>
  <link name="spare" a="s1:up2" b="s2:up2"/>
</topology>`;

// What the small guest kernel is for: each of these works in a node, or it is not a kernel for a network lab.
const features = {
  'IPv6 forwarding': 'sysctl -qw net.ipv6.conf.all.forwarding=1',
  VLAN: 'ip link add link eth0 name eth0.7 type vlan id 7',
  'QinQ': 'ip link add link eth0 name eth0.8 type vlan proto 802.1ad id 8',
  bridge: 'ip link add br0 type bridge stp_state 1 vlan_filtering 1',
  bond: 'ip link add bond1 type bond mode 802.3ad',
  VRF: 'ip link add red type vrf table 10 && ip link set red up && ip vrf exec red true',
  VXLAN: 'ip link add vx1 type vxlan id 5 dstport 4789 local 10.8.0.3',
  GRE: 'ip link add g1 type gre local 10.8.0.3 remote 10.8.0.9',
  'GRE over IPv6': 'ip link add g2 type ip6gre local fd00::3 remote fd00::9',
  gretap: 'ip link add g3 type gretap local 10.8.0.3 remote 10.8.0.9',
  IPIP: 'ip link add t1 type ipip local 10.8.0.3 remote 10.8.0.8',
  '6in4': 'ip link add t2 type sit local 10.8.0.3 remote 10.8.0.7',
  macvlan: 'ip link add m1 link eth0 type macvlan',
  dummy: 'ip link add d1 type dummy',
  veth: 'ip link add ve1 type veth peer name ve2',
  'network namespaces': 'ip netns add x && ip netns exec x true',
  tun: 'ip tuntap add tap1 mode tap',
  MPLS: 'sysctl -qw net.mpls.platform_labels=1000 && ip -f mpls route add 100 via inet 10.8.0.1',
  'MPLS encapsulation': 'ip route add 10.99.0.0/16 encap mpls 200 via 10.8.0.1',
  'segment routing': 'ip -6 route add fd99::/64 encap seg6 mode encap segs fd00::9 dev eth0',
  WireGuard: 'ip link add wg1 type wireguard && wg show wg1',
  XFRM: "ip xfrm state add src 10.8.0.3 dst 10.8.0.1 proto esp spi 7 mode tunnel aead 'rfc4106(gcm(aes))' 0x0102030405060708090a0b0c0d0e0f1011121314 128",
  'XFRM interface': 'ip link add ipsec1 type xfrm dev eth0 if_id 1',
  netem: 'tc qdisc add dev eth0 root netem delay 1ms && tc qdisc del dev eth0 root',
  'HTB and fq_codel': 'tc qdisc add dev eth0 root handle 1: htb default 1 && tc class add dev eth0 parent 1: classid 1:1 htb rate 1mbit && tc qdisc add dev eth0 parent 1:1 fq_codel && tc qdisc del dev eth0 root',
  'traffic control with a filter': 'tc qdisc add dev eth0 clsact && tc filter add dev eth0 ingress protocol ip u32 match ip dport 9 0xffff action drop && tc qdisc del dev eth0 clsact',
  nftables: "nft 'add table inet t; add chain inet t c { type filter hook forward priority 0; }; add rule inet t c ct state established counter accept; add set inet t s { type ipv4_addr; flags interval; }'",
  NAT: "nft 'add table ip n; add chain ip n p { type nat hook postrouting priority 100; }; add rule ip n p oifname \"eth0\" masquerade; add chain ip n d { type nat hook prerouting priority -100; }; add rule ip n d tcp dport 8080 dnat to 10.8.0.1:80'",
  iptables: 'iptables -A INPUT -p tcp --dport 9 -m conntrack --ctstate NEW -m limit --limit 1/s -j REJECT && ip6tables -A INPUT -p icmpv6 -j ACCEPT && iptables -F && ip6tables -F',
  'a bridge that filters': "nft 'add table bridge b; add chain bridge b c { type filter hook forward priority 0; }'",
  'policy routing': 'ip rule add from 10.8.0.3 table 20 && ip -6 rule add from fd00::3 table 20',
  'several paths': 'ip route add 10.98.0.0/16 nexthop via 10.8.0.1 nexthop via 10.8.0.2',
  multicast: 'ip maddr add 33:33:00:00:00:09 dev d1 && test -e /proc/net/ip_mr_vif && test -e /proc/net/ip6_mr_vif',
  BBR: 'sysctl -qw net.ipv4.tcp_congestion_control=bbr',
  capture: 'timeout 30 tcpdump -c 1 -ni lo icmp >/dev/null & while kill -0 $!; do ping -c 1 127.0.0.1 >/dev/null; sleep 0.2; done; wait $!',
};

const driversOf = process.env.DRIVERS?.split(' ') ?? ['xen', 'container'];

test('wires in a dom0', { timeout: 900000 }, async t => {
  const machine = await XenMachine.start();
  t.after(() => machine.stop());
  for (const driver of driversOf)
    await t.test(driver, async t => {
      const stack = await XenStack.create({ driver, machine });
      t.after(() => stack.stop());
      const lab = (await stack.ok(['up', await stack.file('office.xml', topology), '--wait'])).trim();
      const sh = (node, script) => stack.labctl(['exec', lab, node, '--', 'sh', '-c', script]);
      /** Figures of ping's last lines. */
      const ping = async (script, ok = true) => {
        const r = await sh('h1', `ping ${script}`);
        assert.equal(r.status === 0, ok, `ping ${script}: ${r.stdout}${r.stderr}`);
        return { received: Number(r.stdout.match(/(\d+) received/)[1]), avg: Number(r.stdout.match(/= [\d.]+\/([\d.]+)\//)?.[1]) };
      };

      await t.test('the kernel carries the packets', async () => {
        const host = JSON.parse(await stack.ok(['status', '--host', '--json']));
        assert.equal(host.datapath, 'kernel');
        assert.equal(host.netem, true);
      });
      await t.test('one VLAN is one network over both switches, without a storm', async () => {
        await until('the tree settled', 60000, async () => (await sh('h1', 'ping -c 1 -W 1 10.8.0.2')).status === 0);
        assert.equal((await ping('-c 5 -i 0.2 10.8.0.2')).received, 5);
      });
      await t.test('another VLAN is another network', () => ping('-c 3 -i 0.2 -W 1 10.8.0.3', false));
      await t.test('a cut trunk is replaced by the other', async () => {
        await stack.ok(['link', lab, 'trunk', 'down']);
        await until('the spare trunk in use', 60000, async () => (await sh('h1', 'ping -c 1 -W 1 10.8.0.2')).status === 0);
        await stack.ok(['link', lab, 'trunk', 'up']);
        await until('the tree settled', 60000, async () => (await sh('h1', 'ping -c 5 -i 0.2 -W 1 10.8.0.2')).status === 0);
      });
      await t.test('delay, by direction, changed while it runs', async () => {
        const before = (await ping('-c 5 -i 0.2 10.8.0.2')).avg;
        await stack.ok(['link', lab, 'l1', 'from=a', 'delay=200ms']);
        const one = (await ping('-c 5 -i 0.2 10.8.0.2')).avg;
        assert.ok(one >= 200 && one < 400 + before, `one way: ${one} ms`);
        await stack.ok(['link', lab, 'l1', 'from=b', 'delay=200ms']);
        const both = (await ping('-c 5 -i 0.2 10.8.0.2')).avg;
        assert.ok(both >= 400, `both ways: ${both} ms`);
        await stack.ok(['link', lab, 'l1', 'clear']);
        const after = (await ping('-c 5 -i 0.2 10.8.0.2')).avg;
        assert.ok(after < 200, `cleared: ${after} ms`);
      });
      await t.test('loss, and all of it back', async () => {
        await stack.ok(['link', lab, 'l2', 'from=b', 'loss=100%']);
        await ping('-c 3 -i 0.2 -W 1 10.8.0.2', false);
        await stack.ok(['link', lab, 'l2', 'clear']);
        assert.equal((await ping('-c 5 -i 0.2 10.8.0.2')).received, 5);
      });
      await t.test('a capture on a link has the ping, and only what the filter lets through', async () => {
        await stack.machine.ok(`labctl capture -w /tmp/cap ${lab} l1 icmp </dev/null >/dev/null 2>&1 & echo $! >/tmp/cap.pid`);
        const seen = await until('the ping in the capture', 30000, async () => {
          await ping('-c 1 10.8.0.2');
          const r = await stack.machine.sh('tcpdump -nr /tmp/cap 2>/dev/null');
          return /10\.8\.0\.1 > 10\.8\.0\.2: ICMP echo request/.test(r.stdout) && r.stdout;
        });
        await stack.machine.ok('kill -INT $(cat /tmp/cap.pid); rm /tmp/cap /tmp/cap.pid');
        for (const line of seen.trim().split('\n')) assert.match(line, /ICMP/);
      });
      if (driver === 'xen') // a container has the host's kernel
        await t.test('what a student may try in a node', async () => {
          const script = Object.entries(features).map(([name, command]) =>
            `(${command}) >/tmp/out 2>&1 || { echo '${name}:'; cat /tmp/out; }`).join('\n');
          assert.equal((await sh('h3', script)).stdout, '');
        });
      await t.test('a rate', async () => {
        await stack.ok(['link', lab, 'l1', 'from=a', 'rate=100kbit']);
        const slow = (await ping('-c 3 -s 1400 -i 0.5 10.8.0.2')).avg;
        assert.ok(slow >= 100, `1442 bytes at 100 kbit/s took ${slow} ms`); // 115 ms on the wire
        await stack.ok(['link', lab, 'l1', 'clear']);
      });
    });
});
