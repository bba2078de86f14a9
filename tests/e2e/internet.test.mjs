// A lab's way to the outside: refused until operator and institution allow it, then real.  One network namespace stands
// for the machine that labhost is on, another for the world; no packet leaves them.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import path from 'node:path';
import { Stack, top, until } from './stack.mjs';

const run = promisify(execFile);
const machine = `plm${process.pid}`, world = `plw${process.pid}`;
const inside = (ns, script) => run('ip', ['netns', 'exec', ns, 'sh', '-c', script]);

const topology = `<topology name="uplink" version="1">
  <internet name="out"><address>100.64.0.1/24</address><address>2001:db8:100::1/64</address></internet>
  <router name="r1">
    <interface name="eth0"><address>100.64.0.2/24</address><address>2001:db8:100::2/64</address></interface>
    <route to="default" via="auto"/>
    <route to="::/0" via="auto"/>
  </router>
  <link name="uplink" a="r1:eth0" b="out"/>
</topology>`;

async function makeWorld() {
  await run('ip', ['netns', 'add', machine]);
  await run('ip', ['netns', 'add', world]);
  await run('ip', ['-n', machine, 'link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', world]);
  await inside(machine, `ip link set lo up; ip address add 203.0.113.1/24 dev up0; ip address add 2001:db8:aa::1/64 dev up0 nodad
    ip link set up0 up; ip route add 192.168.0.0/16 via 203.0.113.2
    sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1`);
  await inside(world, `ip link set lo up; ip address add 203.0.113.2/24 dev eth0; ip address add 2001:db8:aa::2/64 dev eth0 nodad
    ip link set eth0 up; ip address add 192.168.77.7/32 dev lo`);
}

test('the way to the outside', { timeout: 300000 }, async t => {
  await makeWorld();
  const web = spawn('ip', ['netns', 'exec', world, process.execPath, '-e',
    "require('http').createServer((_, r) => r.end('hello')).listen(80, '203.0.113.2')"], { stdio: 'ignore' });
  let stack;
  t.after(async () => {
    try {
      await stack?.stop();
    } finally {
      web.kill();
      for (const ns of [machine, world]) await run('ip', ['netns', 'delete', ns]);
    }
  });
  stack = await Stack.create({ netns: machine, hostOptions: ['--internet'] });
  const institution = yes => run(path.join(top, process.env.BUILD ?? 'build', 'labd'),
    ['--state', stack.siteState, '--user', 'labd', '--institution', 'default', '--internet', yes]);
  const up = () => stack.labctl(['up', '-', '--wait'], { input: topology });
  const reaches = async (lab, ...command) => (await stack.labctl(['exec', lab, 'r1', '--', ...command])).status === 0;

  await t.test('an institution that was not allowed it is refused, with the line and whom to ask', async () => {
    const r = await up();
    assert.equal(r.status, 4);
    assert.match(r.stderr, /:2: labs of institution default may not connect to the internet: ask the administrator/);
    assert.equal(r.stdout, '');
  });

  let lab;
  await t.test('a lab reaches the world, by IPv4 and IPv6, and fetches a page', async () => {
    await institution('yes');
    const r = await up();
    assert.equal(r.status, 0, r.stderr);
    lab = r.stdout.trim();
    assert.ok(await reaches(lab, 'ping', '-c', '1', '-W', '5', '203.0.113.2'));
    assert.ok(await reaches(lab, 'ping', '-c', '1', '-W', '5', '2001:db8:aa::2'));
    await until('the page', 20000, () => reaches(lab, 'curl', '-fsm', '5', '-o', '/dev/null', 'http://203.0.113.2/'));
  });

  await t.test('it reaches neither the machine nor private addresses behind it', async () => {
    for (const to of ['203.0.113.1', '192.168.77.7'])
      assert.ok(!await reaches(lab, 'ping', '-c', '2', '-i', '0.3', '-W', '1', to), to);
    assert.ok(await reaches(lab, 'ping', '-c', '1', '-W', '5', '203.0.113.2'));
  });

  await t.test('it still does after labhost was killed and started again', async () => {
    await stack.kill('host');
    await stack.startHost();
    await until('an answer', 20000, () => reaches(lab, 'ping', '-c', '1', '-W', '1', '203.0.113.2'));
  });

  await t.test('started again without --internet, labhost cuts the lab off and says so', async () => {
    await stack.kill('host');
    stack.hostOptions = [];
    await stack.startHost();
    const st = await until('the lab failed', 20000, async () => {
      const s = JSON.parse(await stack.ok(['status', lab, '--json']));
      return s.state === 'failed' && s;
    });
    assert.match(st.error, /internet/);
    await inside(machine, '! ip -o link | grep -q " pi"; ! nft list tables | grep -q paralab');
    const r = await up();
    assert.equal(r.status, 4);
    assert.match(r.stderr, /internet/);
  });

  await t.test('nothing of it stays', async () => {
    await stack.ok(['down', '--all']);
    await until('all labs gone', 20000, async () => JSON.parse(await stack.ok(['list', '--json'])).labs.length === 0);
    const names = (await run('ip', ['netns', 'list'])).stdout;
    assert.ok(!names.includes(lab), names);
  });
});
