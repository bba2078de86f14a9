// SIGKILL of labhost or labd at random moments, also in the middle of a start or a stop: afterwards every
// lab is complete or gone, its nodes and consoles answer, and nothing is orphaned.
import test from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { Stack, sleep, until } from './stack.mjs';

const ROUNDS = 20;
const seed = Number(process.env.CRASH_SEED ?? Date.now() % 1000000);

/** Park and Miller's minimal standard generator, so that a failure can be repeated with its seed. */
function random(state) {
  let s = state % 2147483647 || 1;
  return n => { s = (s * 48271) % 2147483647; return s % n; };
}

const topology = `<topology name="crash" version="1">
  <network name="lan1"/>
  <host name="h1"><interface name="eth0" network="lan1"><address>10.9.1.1/24</address></interface></host>
  <host name="h2"><interface name="eth0" network="lan1"><address>10.9.1.2/24</address></interface></host>
  <router name="r1">
    <interface name="eth0" network="lan1"><address>10.9.1.254/24</address></interface>
    <interface name="eth1"><address>10.9.2.254/24</address></interface>
  </router>
  <host name="h3"><interface name="eth0"><address>10.9.2.1/24</address></interface><route to="default" via="10.9.2.254"/></host>
  <link name="l1" a="r1:eth1" b="h3:eth0"/>
</topology>`;

async function labs(stack) {
  const j = JSON.parse(await stack.ok(['list', '--json']));
  return Array.isArray(j) ? j : j.labs;
}

async function complete(stack, id) {
  // A lab that ran when labhost died is shown as running until the new one has told that it takes it over: then it
  // is starting for a moment, whatever was there before.
  const st = await until(`lab ${id} running`, 60000, async () => {
    const now = JSON.parse(await stack.ok(['status', id, '--json']));
    return now.state === 'running' && now;
  });
  for (const n of st.nodes) {
    assert.equal(n.state, 'running', n.name);
    assert.equal(await stack.ok(['exec', id, n.name, '--', 'hostname']), `${n.name}\n`);
  }
  // The wires carry traffic.  A ping may meet a wire that is a moment old; the kernel asks ARP again after 1 s.
  await stack.ok(['exec', id, 'h1', '--', 'ping', '-c', '3', '-i', '0.3', '-W', '2', '10.9.1.2']);
  await stack.ok(['exec', id, 'h3', '--', 'ping', '-c', '3', '-i', '0.3', '-W', '2', '10.9.2.254']);
}

test(`labs survive ${ROUNDS} kills (CRASH_SEED=${seed})`, async t => {
  const pick = random(seed);
  const stack = await Stack.create();
  t.after(async () => { if (stack.host.exitCode === null && stack.host.signalCode === null) await stack.kill('host'); });
  const file = path.join(stack.dir, 'crash.xml');
  writeFileSync(file, topology);
  for (let round = 0; round < ROUNDS; round++) {
    const stopping = pick(3) === 0;
    const victim = pick(4) === 0 ? 'site' : 'host';
    const delay = pick(stopping ? 400 : 1200);
    await t.test(`round ${round}: ${victim} killed ${delay} ms into a ${stopping ? 'stop' : 'start'}`, async () => {
      let id;
      if (stopping) {
        id = (await stack.ok(['up', file, '--wait'])).trim();
        await complete(stack, id);
      }
      const action = stopping ? stack.labctl(['down', id]) : stack.labctl(['up', file]);
      await sleep(delay);
      await stack.kill(victim);
      if (victim === 'host') await stack.startHost(); else await stack.startSite();
      await until('labd and labhost talking again', 10000, async () => (await stack.labctl(['status', '--host'])).status === 0);
      await action; // whatever it says: a daemon was killed under it
      const left = await until('every lab complete or gone', 60000, async () => {
        const all = await labs(stack);
        return all.every(l => l.state === 'running') && { all };
      });
      for (const l of left.all) await complete(stack, l.id);
      await stack.ok(['down', '--all']);
      await until('all labs gone', 60000, async () => (await labs(stack)).length === 0);
    });
  }
  await stack.stop();
  await until('nothing left on the machine', 10000, async () => {
    assert.deepEqual(stack.left(), []);
    return true;
  });
});
