// Labs of others: imported, started on real containers, and they work.  One lab of each format, and three backbones of
// the Internet Topology Zoo as OSPF networks.
import test from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { Stack, top, until, sleep } from './stack.mjs';

const golden = (...parts) => path.join(top, 'tests/golden', ...parts);

/** Imports and starts in one go, as `labctl import ... | labctl up -` does. */
async function start(stack, format, file, ...options) {
  const r = await stack.labctl(['import', format, file, ...options]);
  assert.equal(r.status, 0, r.stderr);
  for (const line of r.stderr.split('\n').filter(Boolean)) assert.match(line, /^\S[^\n]*:\d+: warning: /);
  const id = (await stack.ok(['up', '--wait', '--name', `from-${format}`, '-'], { input: r.stdout, timeout: 300000 })).trim();
  const run = (node, ...argv) => stack.labctl(['exec', id, node, '--', ...argv]);
  return {
    id,
    run,
    sh: async (node, script) => (await run(node, 'sh', '-c', script)).stdout,
    pings: (from, to, ms = 90000) => until(`${from} reaching ${to}`, ms, async () => {
      if ((await run(from, 'ping', '-c', '1', '-W', '1', to)).status === 0) return true;
      await sleep(500);
      return false;
    }),
    down: () => stack.ok(['down', id]),
  };
}

test('labs of others start and work', { timeout: 1800000 }, async t => {
  const stack = await Stack.create();
  t.after(() => stack.stop());
  const netem = JSON.parse(await stack.ok(['status', '--host', '--json'])).netem;
  const rates = netem ? [] : ['--no-rates'];

  await t.test('kathara: startup scripts, Quagga by FRR, ifconfig by ip', async () => {
    const lab = await start(stack, 'kathara', golden('import/kathara'));
    await lab.pings('pc1', '10.2.0.80'); // by OSPF of r1 and r2
    await lab.pings('pc2', '10.1.0.11');
    await lab.pings('r1', '2001:db8::2');
    assert.equal(await lab.sh('pc1', 'cat /srv/order'), 'shared\nown\n');
    assert.equal(await lab.sh('pc1', 'ls /srv'), 'after-a-failure\nexec-ran\norder\n');
    assert.equal(await lab.sh('pc2', 'cat /srv/bash-ran; sysctl -n net.ipv6.conf.all.disable_ipv6'), 'two\n1\n');
    assert.equal(await lab.sh('web', 'cat /shared/hello'), 'a text for all\n');
    assert.match(await lab.sh('pc1', 'cat /sys/class/net/eth0/address'), /^02:00:00:00:00:11\n$/);
    assert.match(await lab.sh('r2', 'vtysh -c "show ip ospf neighbor"'), /Full/);
    assert.match(await lab.sh('web', 'curl -s http://127.0.0.1/'), /nginx/);
    await lab.down();
  });

  await t.test('containerlab: commands, FRR in both ways, a bridge, addresses of links', async () => {
    const lab = await start(stack, 'containerlab', golden('import/containerlab/lab.clab.yml'));
    await lab.pings('c1', '10.2.0.80');
    await lab.pings('web', '10.1.0.11');
    assert.equal(await lab.sh('c1', 'cat /srv/env /srv/first; ls /srv'), 'networks advanced\none\nenv\nfirst\n');
    assert.equal(await lab.sh('web', 'ls /srv; cat /srv/www/index.html'), 'after\nwww\n<h1>It works</h1>\n');
    assert.match(await lab.sh('web', 'cat /sys/class/net/eth1/address'), /^02:00:00:00:00:80\n$/);
    assert.match(await lab.sh('r1', 'ip link show eth2'), /mtu 1400/);
    assert.match(await lab.sh('r2', 'vtysh -c "show ip ospf neighbor"'), /Full/);
    await lab.down();
  });

  await t.test('vnx: Quagga at boot, VLANs, a sequence on demand', async () => {
    const lab = await start(stack, 'vnx', golden('import/vnx/scenario.xml'));
    await lab.pings('h1', '10.2.0.80');
    await lab.pings('web', '10.255.0.1'); // r1's address on lo, which its startup added
    assert.equal(await lab.sh('web', 'cat /srv/mark; test -e /srv/www/index.html && echo early'), 'ran\n');
    assert.equal((await lab.run('web', 'vnx-all-www')).status, 0);
    assert.equal(await lab.sh('web', 'cat /srv/mark /srv/www/index.html'), 'ran\nran\n<h1>It works</h1>\n');
    assert.match(await lab.sh('h1', 'curl -s http://10.2.0.80/'), /nginx/);
    await lab.down();
  });

  for (const name of ['Abilene', 'Nsfnet', 'Geant2012'])
    await t.test(`${name} starts as an OSPF network and every router knows every other`, async () => {
      const lab = await start(stack, 'graphml', golden(`topology/zoo/${name}.graphml`), '--ospf', ...rates);
      const { nodes } = JSON.parse(await stack.ok(['status', lab.id, '--json']));
      const loopbacks = nodes.map((_, i) => `10.255.${(i + 1) >> 8}.${(i + 1) & 255}`);
      assert.ok(nodes.length > 10);
      for (const n of nodes)
        await until(`${n.name} knowing all ${nodes.length} routers`, 240000, async () => {
          const routes = await lab.sh(n.name, 'ip -4 route show proto ospf; ip -4 address show dev lo');
          if (loopbacks.every(l => routes.includes(`${l} `) || routes.includes(`${l}/32`))) return true;
          await sleep(1000);
          return false;
        });
      const [first, last] = [nodes[0].name, nodes[nodes.length - 1].name];
      await lab.pings(first, loopbacks[nodes.length - 1]);
      await lab.pings(last, loopbacks[0]);
      await lab.down();
    });

  await t.test('hosts beside the routers reach each other across the backbone', async () => {
    const lab = await start(stack, 'graphml', golden('topology/zoo/Nsfnet.graphml'), '--ospf', '--hosts', ...rates, ...(netem ? ['--delay'] : []));
    const { nodes } = JSON.parse(await stack.ok(['status', lab.id, '--json']));
    const hosts = nodes.filter(n => n.kind === 'host').map(n => n.name);
    assert.equal(hosts.length, nodes.length / 2);
    await lab.pings(hosts[0], `10.128.${hosts.length - 1}.10`, 240000);
    await lab.down();
  });

  await t.test('nothing is started of what could not be imported', async () => {
    const bad = await stack.labctl(['import', 'vnx', golden('import/containerlab/lab.clab.yml')]);
    assert.equal(bad.status, 1);
    assert.equal(bad.stdout, '');
    const up = await stack.labctl(['up', '-'], { input: bad.stdout });
    assert.equal(up.status, 1);
    assert.match(up.stderr, /standard input is empty, so nothing was started/);
    const wrong = await stack.labctl(['up', '-'], { input: '<topology name="x" version="1">\n<host name="H"/>\n</topology>' });
    assert.equal(wrong.status, 1);
    assert.match(wrong.stderr, /^standard input:2: error: /);
    assert.deepEqual(JSON.parse(await stack.ok(['list', '--json'])).labs, []);
  });
});
