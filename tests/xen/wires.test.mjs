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
      await t.test('a rate', async () => {
        await stack.ok(['link', lab, 'l1', 'from=a', 'rate=100kbit']);
        const slow = (await ping('-c 3 -s 1400 -i 0.5 10.8.0.2')).avg;
        assert.ok(slow >= 100, `1442 bytes at 100 kbit/s took ${slow} ms`); // 115 ms on the wire
        await stack.ok(['link', lab, 'l1', 'clear']);
      });
    });
});
