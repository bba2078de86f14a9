// Shipped exercises on real PV domains: the reference solution scores everything, a wrong one, another each day, what its
// author promised, the same as on containers.
import test from 'node:test';
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { XenStack, until } from './machine.mjs';
import { top } from '../e2e/stack.mjs';

export const folder = path.join(top, 'exercises');
export const day = Math.floor(Date.now() / 86400000);

function chosen(name) {
  const wrong = readdirSync(path.join(folder, name, 'wrong')).sort().map(w => `wrong/${w}`);
  return process.env.SOLUTIONS === 'all' ? [] : ['solution', wrong[day % wrong.length]];
}

/** A test of them one after another; $SOLUTIONS=all tries all solutions. */
export function tryExercises(title, names) {
  test(title, { timeout: 1800000 }, async t => {
    const stack = await XenStack.create();
    let stopped = false;
    t.after(async () => { if (!stopped) await stack.stop(); });
    for (const n of names)
      await t.test(`${n}: every promised score holds ${chosen(n).join(', ')}`, async () => {
        const began = Date.now();
        const r = await stack.labctl(['exercise', 'test', `/usr/share/labd/exercises/${n}`, ...chosen(n), '--driver', 'xen'], { timeout: 1200000 });
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
}
