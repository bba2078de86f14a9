// The life of a lab on real containers and real wires: resets, deaths, consoles over restarts, links that are
// cut, captures; and nothing is left when it is over.
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Stack, build, more, sleep, until } from './stack.mjs';
import { Client, Console } from './client.mjs';

const topology = `<topology name="life" version="1">
  <host name="h1"><interface name="eth0"><address>10.7.1.1/24</address></interface><route to="default" via="10.7.1.254"/></host>
  <router name="r1">
    <interface name="eth0"><address>10.7.1.254/24</address></interface>
    <interface name="eth1" network="lan"><address>10.7.2.254/24</address></interface>
  </router>
  <network name="lan"/>
  <host name="h2"><interface name="eth0" network="lan"><address>10.7.2.1/24</address></interface><route to="default" via="10.7.2.254"/></host>
  <link name="cable" a="h1:eth0" b="r1:eth0"/>
</topology>\n`;

test('the life of a lab', { timeout: 300000 }, async t => {
  const stack = await Stack.create();
  let stopped = false;
  t.after(() => stopped || stack.stop());
  await stack.addUser('iris', 'instructor', 'correct horse battery');
  const iris = await new Client(stack).signIn('iris', 'correct horse battery');
  const before = await stack.traces();
  const file = path.join(stack.dir, 'life.xml');
  writeFileSync(file, topology);

  const id = (await stack.ok(['up', '--wait', file])).trim();
  const exec = (node, ...argv) => stack.ok(['exec', id, node, '--', ...argv]);
  const sh = (node, script) => exec(node, 'sh', '-c', script);
  const status = async () => JSON.parse(await stack.ok(['status', id, '--json']));
  const node = async name => (await status()).nodes.find(n => n.name === name);
  const ping = async (from, to) => (await stack.labctl(['exec', id, from, '--', 'ping', '-c', '1', '-W', '1', to])).status === 0;
  const pings = (from, to) => until(`${from} reaching ${to}`, 15000, () => ping(from, to));
  const pidOf = name => JSON.parse(readFileSync(path.join(stack.runDir, `crun/${id}-${name}/status`), 'utf8')).pid;

  await t.test('packets cross the router', () => pings('h1', '10.7.2.1'));

  await t.test('reset of a node discards its work, and only its', async () => {
    await sh('h1', 'echo mine > /srv/mine; echo changed > /etc/hostname');
    await sh('h2', 'echo mine > /srv/mine');
    const other = pidOf('h2');
    const old = pidOf('h1');
    await stack.ok(['reset', '--wait', id, 'h1']);
    assert.notEqual(pidOf('h1'), old);
    assert.equal(await sh('h1', 'test -e /srv/mine && echo still || echo lost; cat /etc/hostname'), 'lost\nh1\n');
    assert.equal(pidOf('h2'), other, 'h2 was restarted');
    assert.equal(await sh('h2', 'cat /srv/mine'), 'mine\n');
    await pings('h1', '10.7.2.1');
  });

  for (const name of ['h2', 'r1'])
    await t.test(`${name} killed behind our back is shown as stopped within a second; reset brings it back`, async () => {
      process.kill(pidOf(name), 'SIGKILL');
      await until(`${name} stopped`, 1000, async () => (await node(name)).state === 'stopped');
      assert.match((await node(name)).error, /stopped; start it again, or reset it/);
      const r = await stack.labctl(['exec', id, name, '--', 'true']);
      assert.equal(r.status, 1);
      assert.match(r.stderr, /^labctl: [^\n]+\n$/);
      assert.equal(await exec('h1', 'hostname'), 'h1\n');
      await stack.ok(['reset', '--wait', id, name]);
      assert.equal((await node(name)).state, 'running');
      await pings('h1', '10.7.2.1');
    });

  await t.test('consoles live through SIGKILL of labhost and of labd: the same shell, no byte lost', async () => {
    const consoles = await Promise.all(['h1', 'r1', 'h2'].map(n => new Console(iris, id, n).open()));
    for (const [i, c] of consoles.entries()) await c.ask(`precious=only-here-${i}; echo set-$?`, 'set-0');
    for (const victim of ['host', 'site', 'host']) {
      // Printed while nobody can look: it has to be there afterwards.
      for (const c of consoles) c.type(`sleep 1; echo mean''while-${victim}\n`);
      await sleep(300);
      await stack.kill(victim);
      await sleep(1000);
      if (victim === 'host') await stack.startHost(); else await stack.startSite();
      for (const [i, c] of consoles.entries()) {
        c.close();
        await until('the console open again', 15000, () => c.open());
        await until(`what came meanwhile on the console, which shows ${JSON.stringify(c.text)}`, 10000, () => c.text.includes(`meanwhile-${victim}`));
        await c.ask('echo "<$precious>"', `<only-here-${i}>`);
        assert.ok(!c.text.includes(' lost]'), c.text);
      }
    }
    for (const c of consoles) c.close();
    await until('the lab running', 15000, async () => (await status()).state === 'running');
    await pings('h1', '10.7.2.1');
  });

  await t.test('two viewers see the same console; both may type', async () => {
    const [a, b] = [await new Console(iris, id, 'h1').open(), await new Console(iris, id, 'h1').open()];
    await a.ask("echo from''-a", 'from-a');
    await until('a on b', 5000, () => b.text.includes('from-a'));
    await b.ask("echo from''-b", 'from-b');
    await until('b on a', 5000, () => a.text.includes('from-b'));
    a.close();
    b.close();
  });

  await t.test('a link taken down has no carrier at both ends, and up brings traffic back', async () => {
    assert.ok(!(await exec('h1', 'ip', 'link', 'show', 'eth0')).includes('NO-CARRIER'));
    await stack.ok(['link', id, 'cable', 'down']);
    assert.equal((await status()).links.find(l => l.name === 'cable').state, 'down');
    for (const [n, i] of [['h1', 'eth0'], ['r1', 'eth0']])
      await until(`NO-CARRIER in ${n}`, 3000, async () => (await exec(n, 'ip', 'link', 'show', i)).includes('NO-CARRIER'));
    assert.ok(!(await exec('r1', 'ip', 'link', 'show', 'eth1')).includes('NO-CARRIER'), 'the other wire is untouched');
    assert.equal(await ping('h1', '10.7.1.254'), false);
    assert.equal(await ping('h2', '10.7.2.254'), true);
    await stack.ok(['link', id, 'cable', 'up']);
    for (const n of ['h1', 'r1'])
      await until(`carrier in ${n}`, 3000, async () => !(await exec(n, 'ip', 'link', 'show', 'eth0')).includes('NO-CARRIER'));
    await pings('h1', '10.7.2.1');
  });

  await t.test('a link that is down stays down over a restart of labhost', async () => {
    await stack.ok(['link', id, 'cable', 'down']);
    await stack.kill('host');
    await stack.startHost();
    await until('labd and labhost talking again', 10000, async () => (await stack.labctl(['status', '--host'])).status === 0);
    await until('the lab running', 15000, async () => (await status()).state === 'running');
    assert.equal((await status()).links.find(l => l.name === 'cable').state, 'down');
    assert.equal(await ping('h1', '10.7.1.254'), false);
    await stack.ok(['link', id, 'cable', 'up']);
    await pings('h1', '10.7.2.1');
  });

  await t.test('an impairment is carried out, or refused with the reason where the kernel has no netem', async () => {
    const host = JSON.parse(await stack.ok(['status', '--host', '--json']));
    const r = await stack.labctl(['link', id, 'cable', 'delay=200ms']);
    const wish = path.join(stack.dir, 'impaired.xml');
    writeFileSync(wish, topology.replace('b="r1:eth0"/>', 'b="r1:eth0"><impair from="a" delay="200ms"/></link>'));
    assert.equal((await stack.labctl(['validate', wish])).status, 0);
    if (host.netem) {
      assert.equal(r.status, 0, r.stderr);
      const rtt = Number((await exec('h1', 'ping', '-c', '2', '-W', '3', '10.7.1.254')).match(/= [0-9.]+\/([0-9.]+)/)[1]);
      assert.ok(rtt > 190, `round trip ${rtt} ms`);
      await stack.ok(['link', id, 'cable', 'delay=0ms']);
      await stack.ok(['down', (await stack.ok(['up', '--wait', wish])).trim()]);
    } else {
      assert.equal(r.status, 1);
      assert.match(r.stderr, /^labctl: [^\n]*cable[^\n]*no netem[^\n]*\n$/);
      const up = await stack.labctl(['up', '--wait', wish]);
      assert.equal(up.status, 1);
      assert.equal(up.stdout, '');
      assert.match(up.stderr, /^labctl: [^\n]*cable[^\n]*no netem[^\n]*\n$/);
      assert.equal(JSON.parse(await stack.ok(['list', '--json'])).labs.length, 1, 'a half lab is there');
    }
    await pings('h1', '10.7.2.1');
  });

  for (const [port, from, to] of [['cable', 'h1', '10.7.2.1'], ['cable:b', 'h1', '10.7.2.1'], ['h2:eth0', 'h1', '10.7.2.1']])
    await t.test(`a capture on ${port} delivers the packets of a ping, and only what the filter lets through`, async () => {
      const out = path.join(stack.dir, 'out.pcapng');
      const p = spawn(path.join(build, 'labctl'), ['capture', id, port, '-w', out, 'icmp'], {
        env: { ...process.env, LABCTL_SOCKET: path.join(stack.runDir, 'labd.sock') }, stdio: ['ignore', 'ignore', 'pipe'] });
      let said = '';
      p.stderr.on('data', d => { said += d; });
      const ended = new Promise(r => p.on('exit', r));
      const secret = Buffer.from('706172616c61622d70696e67', 'hex'); // 16 bytes of pattern are ping's limit
      try {
        await until(`the ping in the capture; labctl says: ${said}`, 15000, async () => {
          await stack.labctl(['exec', id, from, '--', 'ping', '-c', '1', '-W', '1', '-p', secret.toString('hex'), to]);
          await sleep(200);
          return readFileSync(out).includes(secret);
        });
      } finally {
        p.kill('SIGINT');
      }
      assert.equal(await ended, 0, said);
      const packets = enhancedPackets(readFileSync(out));
      assert.ok(packets.length >= 2, 'request and reply');
      for (const f of packets) assert.deepEqual([f.readUInt16BE(12), f[23]], [0x0800, 1], `not ICMP: ${f.toString('hex')}`);
      const types = packets.filter(f => f.includes(secret)).map(f => f[34]);
      assert.ok(types.includes(8) && types.includes(0), `request and reply: ${types}`);
    });

  await t.test('reset of the whole lab gives every node back fresh', async () => {
    for (const n of ['h1', 'r1', 'h2']) await sh(n, 'echo mine > /srv/mine');
    await stack.ok(['reset', '--wait', id]);
    for (const n of ['h1', 'r1', 'h2']) assert.equal(await sh(n, 'test -e /srv/mine && echo still || echo lost'), 'lost\n', n);
    await pings('h1', '10.7.2.1');
  });

  await t.test('after down there is nothing of the lab on the machine', async () => {
    await stack.ok(['down', id]);
    assert.deepEqual(JSON.parse(await stack.ok(['list', '--json'])).labs, []);
    assert.notEqual((await stack.labctl(['status', id])).status, 0);
    await until('nothing left', 10000, async () => {
      assert.deepEqual(more(before, await stack.traces()), []);
      return true;
    });
  });

  await t.test('after the daemons have ended there is nothing of them either', async () => {
    stopped = true;
    await stack.stop();
    await until('nothing left', 10000, () => {
      assert.deepEqual(stack.left(), []);
      return true;
    });
  });
});

/** The frames of a pcapng file (little-endian, as labctl writes it). */
function enhancedPackets(b) {
  const frames = [];
  for (let at = 0; at + 12 <= b.length; at += b.readUInt32LE(at + 4)) {
    if (b.readUInt32LE(at) === 6) frames.push(b.subarray(at + 28, at + 28 + b.readUInt32LE(at + 20)));
  }
  return frames;
}
