// The shipped exercises on real PV domains: the reference solution scores everything, wrong solutions what their
// author promised, the same as on containers.  Of the course a quarter is tried: three exercises always, one of the others each day, and of
// the wrong solutions one, in the lab of the reference solution, for starting one takes most of the time; $EXERCISES names other exercises, $SOLUTIONS=all tries all solutions.
import test from 'node:test';
import assert from 'node:assert/strict';
import { readdirSync, existsSync } from 'node:fs';
import path from 'node:path';
import { XenStack, until } from './machine.mjs';
import { top } from '../e2e/stack.mjs';

const folder = path.join(top, 'exercises');
const ALWAYS = ['abilene', 'static-routing', 'vlan-office'];
const day = Math.floor(Date.now() / 86400000);
const others = readdirSync(folder).filter(d => existsSync(path.join(folder, d, 'exercise.xml')) && !ALWAYS.includes(d)).sort();
const names = process.env.EXERCISES?.split(' ') ?? [...ALWAYS, others[day % others.length]];

const all = process.env.SOLUTIONS === 'all';

function chosen(name) {
  const wrong = readdirSync(path.join(folder, name, 'wrong')).sort().map(w => `wrong/${w}`);
  return all ? [] : ['solution', wrong[day % wrong.length]];
}

test('exercises on Xen', { timeout: 2700000 }, async t => {
  const stack = await XenStack.create();
  let stopped = false;
  t.after(async () => { if (!stopped) await stack.stop(); });
  for (const n of names)
    await t.test(`${n}: every promised score holds ${chosen(n).join(', ')}`, async () => {
      const began = Date.now();
      const r = await stack.labctl(['exercise', 'test', `/usr/share/labd/exercises/${n}`, ...chosen(n), '--driver', 'xen', '--one-lab'], { timeout: 1500000 });
      console.log(`${r.stdout}(${Math.round((Date.now() - began) / 1000)} s)`);
      assert.equal(r.status, 0, `${r.stdout}${r.stderr}`);
    });
  await t.test('nothing is left', async () => {
    await stack.gone();
    await until('no trace', 60000, async () => { assert.deepEqual(await stack.machine.traces(), []); return true; });
  });
  stopped = true;
  await stack.stop();
});
