// The shipped exercises on real PV domains: the reference solution scores everything, each wrong solution what its
// author promised, the same as on containers.
import test from 'node:test';
import assert from 'node:assert/strict';
import { readdirSync, existsSync } from 'node:fs';
import path from 'node:path';
import { XenStack, until } from './machine.mjs';
import { top } from '../e2e/stack.mjs';

const folder = path.join(top, 'exercises');
const names = readdirSync(folder).filter(d => existsSync(path.join(folder, d, 'exercise.xml')));

test('exercises on Xen', { timeout: 1500000 }, async t => {
  const stack = await XenStack.create();
  let stopped = false;
  t.after(async () => { if (!stopped) await stack.stop(); });
  for (const n of names)
    await t.test(`${n}: every promised score holds`, async () => {
      const began = Date.now();
      const r = await stack.labctl(['exercise', 'test', `/usr/share/labd/exercises/${n}`, '--driver', 'xen'], { timeout: 900000 });
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
