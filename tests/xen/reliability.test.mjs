// Whatever happens to domains, daemons or the machine: the truth is shown, nothing is orphaned, other labs go on.
import test from 'node:test';
import assert from 'node:assert/strict';
import { XenStack, until, sleep } from './machine.mjs';

const seed = Number(process.env.CRASH_SEED ?? Date.now() % 1000000);
const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 1);

/** Park and Miller's minimal standard generator, so that a failure can be repeated with its seed. */
function random(state) {
  let s = state % 2147483647 || 1;
  return n => { s = (s * 48271) % 2147483647; return s % n; };
}

const topology = `<topology name="pair" version="1">
  <host name="h1"><interface name="eth0"><address>10.9.1.1/24</address></interface></host>
  <host name="h2"><interface name="eth0"><address>10.9.1.2/24</address></interface></host>
  <link name="l1" a="h1:eth0" b="h2:eth0"/>
</topology>`;
const large = `<topology name="large" version="1"><host name="h1" memory="60000"/></topology>`;

test('labs on Xen through all that can happen', { timeout: 1200000 }, async t => {
  const stack = await XenStack.create();
  const file = await stack.file('pair.xml', topology);
  const other = (await stack.ok(['up', file, '--wait', '--name', 'other'])).trim();
  let id = (await stack.ok(['up', file, '--wait'])).trim();
  let stopped = false;
  t.after(async () => { if (!stopped) await stack.stop(); });

  const sh = (lab, node, script) => stack.labctl(['exec', lab, node, '--', 'sh', '-c', script]);
  const alive = async lab => {
    await stack.reaches(lab, 'running');
    const r = await sh(lab, 'h1', 'ping -c 3 -i 0.3 -W 2 10.9.1.2');
    assert.equal(r.status, 0, r.stdout + r.stderr);
  };
  const otherGoesOn = async () => {
    assert.equal((await sh(other, 'h1', 'cat /run/mark')).stdout, 'here\n');
    await alive(other);
  };
  await sh(other, 'h1', 'echo here >/run/mark');

  await t.test('xl list shows two labs', async () => {
    const list = await stack.machine.ok('xl list');
    console.log(list);
    for (const lab of [id, other]) for (const n of ['h1', 'h2']) assert.match(list, new RegExp(`^${lab}-${n} `, 'm'));
    await alive(id);
  });

  await t.test('xl destroy behind our back: shown as stopped, started again with its work', async () => {
    await sh(id, 'h1', 'echo mine >~/work; sync');
    await stack.machine.ok(`xl destroy ${id}-h1`);
    const st = await stack.reaches(id, 'stopped', { node: 'h1' });
    assert.match(st.nodes.find(n => n.name === 'h1').error, /stopped/);
    await stack.ok(['start', id, 'h1']);
    await stack.reaches(id, 'running', { node: 'h1' });
    await alive(id);
    assert.equal((await sh(id, 'h1', 'cat ~/work')).stdout, 'mine\n');
    await otherGoesOn();
  });

  await t.test('xl shutdown behind our back: shown as switched off', async () => {
    await stack.machine.ok(`xl shutdown ${id}-h2`);
    const st = await stack.reaches(id, 'stopped', { node: 'h2' });
    assert.match(st.nodes.find(n => n.name === 'h2').error, /switched off/);
    await until('its memory is free', 30000, async () => !(await stack.machine.ok('xl list')).includes(`${id}-h2`));
    await stack.ok(['start', id]);
    await stack.reaches(id, 'running', { node: 'h2' });
    await alive(id);
  });

  await t.test('a panic is shown as a crash', async () => {
    await sh(id, 'h2', '(sleep 0.3; echo c >/proc/sysrq-trigger) >/dev/null 2>&1 &');
    const st = await stack.reaches(id, 'stopped', { node: 'h2' });
    assert.match(st.nodes.find(n => n.name === 'h2').error, /crash/);
    await stack.ok(['start', id]);
    await stack.reaches(id, 'running', { node: 'h2' });
    await alive(id);
    await otherGoesOn();
  });

  await t.test('a reboot from inside boots the node again, with its work', async () => {
    await sh(id, 'h1', 'echo before >/run/memory; echo kept >~/work; sync; (sleep 0.3; reboot) >/dev/null 2>&1 &');
    await until('a new boot', 90000, async () => {
      const r = await sh(id, 'h1', 'cat /run/memory 2>/dev/null; cat ~/work');
      return r.status === 0 && r.stdout === 'kept\n';
    });
    await alive(id);
  });

  await t.test('more memory than there is, is refused with both figures', async () => {
    const r = await stack.labctl(['up', await stack.file('large.xml', large)]);
    assert.equal(r.status, 5, r.stderr);
    assert.match(r.stderr, /needs about \d+ MB of memory, and \d+ MB are free/);
  });

  await t.test('suspended and resumed, also over the death of both daemons', async () => {
    await sh(id, 'h1', 'echo in memory >/run/note');
    await stack.ok(['suspend', id, '--wait']);
    await stack.reaches(id, 'suspended');
    assert.doesNotMatch(await stack.machine.ok('xl list'), new RegExp(id));
    const r = await sh(id, 'h1', 'true');
    assert.notEqual(r.status, 0);
    assert.match(r.stderr, /suspended/);
    await stack.kill('host');
    await stack.kill('site');
    await stack.startHost();
    await stack.startSite();
    await stack.reaches(id, 'suspended');
    await stack.ok(['resume', id, '--wait']);
    await alive(id);
    assert.equal((await sh(id, 'h1', 'cat /run/note')).stdout, 'in memory\n');
    await otherGoesOn();
  });

  await t.test('xenstored that answers late delays and breaks nothing', async () => {
    await stack.machine.ok('p=$(pidof xenstored); (for i in 1 2 3 4 5 6; do kill -STOP $p; sleep 0.7; kill -CONT $p; sleep 0.3; done) >/dev/null 2>&1 &');
    await stack.ok(['reset', id, 'h2']);
    await sleep(1000);
    await stack.reaches(id, 'running');
    await alive(id);
  });

  const pick = random(seed);
  for (let round = 0; round < ROUNDS; round++) {
    const action = ['up', 'down', 'suspend', 'resume'][pick(4)];
    const victim = pick(4) === 0 ? 'site' : 'host';
    const delay = pick(6000);
    await t.test(`CRASH_SEED=${seed} round ${round}: ${victim} killed ${delay} ms into ${action}`, async () => {
      if (action === 'up') await stack.ok(['down', id]);
      if (action === 'up') await until('the lab gone', 120000, async () => (await stack.labs()).every(l => l.id !== id));
      if (action === 'resume') await stack.ok(['suspend', id, '--wait']);
      const doing = stack.labctl(action === 'up' ? ['up', file] : [action, id]);
      await sleep(delay);
      await stack.kill(victim);
      if (victim === 'host') await stack.startHost(); else await stack.startSite();
      await doing; // whatever it says
      const left = await until('every lab complete, asleep or gone', 180000, async () => {
        const all = await stack.labs();
        if (!all.every(l => l.state === 'running' || l.state === 'suspended')) throw new Error(JSON.stringify(all));
        return { all };
      });
      const mine = left.all.filter(l => l.id !== other);
      assert.ok(mine.length <= 1, JSON.stringify(mine));
      for (const l of mine) if (l.state === 'suspended') await stack.ok(['resume', l.id, '--wait']);
      for (const l of mine) await alive(l.id);
      id = mine.length > 0 ? mine[0].id : (await stack.ok(['up', file, '--wait'])).trim();
      await otherGoesOn();
    });
  }

  await t.test('the power fails and comes back: labs start again with their disks', async () => {
    await sh(id, 'h1', 'echo survives >~/work; sync');
    await stack.machine.powerCycle();
    await stack.startBoth();
    await alive(id);
    assert.equal((await sh(id, 'h1', 'cat ~/work')).stdout, 'survives\n');
    await alive(other);
  });

  await t.test('nothing is left', async () => {
    await stack.gone();
    await until('no trace', 60000, async () => { assert.deepEqual(await stack.machine.traces(), []); return true; });
  });
  stopped = true;
  await stack.stop();
});
