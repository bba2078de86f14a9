// Work that was not saved is not done: what a cold reboot leaves of it, on real guests, and that the lab is whole
// afterwards, whoever dies meanwhile.
import test from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Stack, until } from './stack.mjs';

const addresses = ['ip address add 10.0.1.1/24 dev eth0', 'ip address add 10.0.2.1/24 dev eth1'];
const all = addresses.join('\n');
const atBoot = commands => `printf '%s\\n' '#!/bin/sh' ${commands.map(c => `'${c}'`).join(' ')} >/etc/rc.local\nchmod +x /etc/rc.local\n`;
const files = {
  'topology.xml': `<topology name="kept" version="1">
  <router name="r1"><interface name="eth0" network="lan1"/><interface name="eth1" network="lan2"/></router>
  <host name="h2"><interface name="eth0" network="lan2"><address>10.0.2.10/24</address></interface>
    <route to="default" via="10.0.2.1"/></host>
  <network name="lan1"/><network name="lan2"/>
</topology>`,
  'exercise.xml': `<exercise id="kept" title="Kept" level="beginner" minutes="5" version="1">
  <summary>Give r1 its addresses, for good.</summary>
  <topology file="topology.xml"/>
  <instructions file="instructions.md"/>
  <solution dir="solution"/>
  <wrong dir="wrong/unsaved" score="20">Only the kernel knows the addresses.</wrong>
  <wrong dir="wrong/halts" score="20">What runs at boot ends the node.</wrong>
  <wrong dir="wrong/half" score="30">One of the two addresses is saved.</wrong>
  <grading deadline="4s" hold="1" interval="300ms">
    <reference name="left" at="lan1" address="10.0.1.250/24" gateway="10.0.1.1"/>
    <check id="kept" kind="persistence" title="It still works after a reboot" points="20" of="far near" nodes="r1"/>
    <check id="near" kind="reachability" title="r1 answers" points="10" from="left" to="10.0.1.1" seen-at="r1:eth0" hops="0"/>
    <check id="far" kind="reachability" title="h2 is reached" points="10" from="left" to="10.0.2.10" seen-at="h2:eth0"/>
  </grading>
</exercise>`,
  'instructions.md': 'When your work is checked, r1 is switched off and on again.\n',
  'solution/r1.sh': `${atBoot(addresses)}/etc/rc.local\n`,
  'wrong/unsaved/r1.sh': `${all}\n`,
  'wrong/half/r1.sh': `${atBoot(addresses.slice(0, 1))}${all}\n`,
  'wrong/halts/r1.sh': `${atBoot([...addresses, 'kill -TERM 1', 'sleep 5'])}${all}\n`,
};

test('persistence', { timeout: 300000 }, async t => {
  const stack = await Stack.create();
  t.after(() => stack.stop());
  const folder = path.join(stack.dir, 'exercises');
  const dir = path.join(folder, 'kept');
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
    writeFileSync(path.join(dir, name), text);
  }
  chmodSync(folder, 0o755);
  await stack.kill('site', 'SIGTERM');
  await stack.startSite(folder);

  const state = async id => JSON.parse(await stack.ok(['status', id, '--json'])).state;
  const running = id => until('the lab running', 60000, async () => await state(id) === 'running');
  const grade = async id => JSON.parse((await stack.labctl(['grade', id, '--json'])).stdout);
  const run = (id, node, ...command) => stack.ok(['exec', '-n', id, node, '--', ...command]);
  const check = (report, id) => report.checks.find(c => c.id === id);
  const reboots = () => readFileSync(stack.log, 'utf8').split('lab.reboot').length;

  await t.test('what was saved counts, what was not does not, in one lab and the next', async () => {
    const r = await stack.labctl(['exercise', 'test', dir, '--one-lab', '--json'], { timeout: 200000 });
    assert.equal(r.status, 0, r.stderr + r.stdout);
    const halted = JSON.parse(r.stdout).runs.find(x => x.name === 'wrong/halts');
    assert.match(check(halted.report, 'kept').observed, /^Node r1 did not come back after the reboot: /);
  });

  await t.test('what was only in memory is gone, files are not, and the score says what is missing', async () => {
    const id = (await stack.ok(['up', 'kept', '--wait'])).trim();
    await run(id, 'h2', 'sh', '-c', 'echo mine >/run/note');
    await run(id, 'r1', 'sh', '-c', `${all}; echo mine >/srv/note; echo mine >/run/note`);
    const report = await grade(id);
    assert.deepEqual(report.checks.map(c => c.status), ['fail', 'pass', 'pass']);
    assert.equal(report.score, 20);
    assert.match(check(report, 'kept').observed, /^0 of 2 as before the reboot\. "r1 answers": /);
    assert.equal(check(report, 'kept').evidence, 'wire');
    assert.equal(await state(id), 'running');
    assert.equal(await run(id, 'r1', 'cat', '/srv/note'), 'mine\n');
    assert.equal(await run(id, 'h2', 'cat', '/run/note'), 'mine\n'); // only r1 was named
    assert.notEqual((await stack.labctl(['exec', '-n', id, 'r1', '--', 'cat', '/run/note'])).status, 0);
    const before = reboots();
    assert.equal(check(await grade(id), 'kept').status, 'blocked'); // nothing works now: nothing is rebooted
    assert.equal(reboots(), before);
    await stack.ok(['down', id]);
  });

  for (const victim of ['site', 'host'])
    await t.test(`the lab runs again when ${victim} dies while nodes are rebooted`, async () => {
      const id = (await stack.ok(['up', 'kept', '--wait'])).trim();
      await stack.ok(['exec', id, 'r1', '--', 'sh', '-es'], { input: files['solution/r1.sh'] });
      const before = reboots();
      const grading = stack.labctl(['grade', id, '--json']);
      await until('the reboot', 60000, () => reboots() > before);
      await stack.kill(victim);
      await (victim === 'host' ? stack.startHost() : stack.startSite(folder));
      await grading;
      await running(id);
      assert.equal((await grade(id)).score, 40);
      await stack.ok(['down', id]);
    });
});
