// The contract tests of driver xen in dom0: programs in C, each of whose tests is one here.  $CONTRACT names other programs
// below build/tests/contract, test_net_link for example.
import test from 'node:test';
import assert from 'node:assert/strict';
import { XenMachine } from './machine.mjs';

const programs = process.env.CONTRACT?.split(' ') ?? ['test_guest', 'test_guest_xen'];

test('contract of driver xen', { timeout: 1500000 }, async t => {
  const machine = await XenMachine.start();
  t.after(() => machine.stop());
  for (const program of programs)
    await t.test(program, async t => {
      const r = await machine.sh(`cd /paralab && timeout 700 build/tests/contract/${program} 2>&1`, { timeout: 800000 });
      const tests = [...r.stdout.matchAll(/^\[ +(OK|FAILED) +\] (?!\d+ test)(.+)$/gm)];
      const seen = new Set();
      for (const [, verdict, name] of tests.filter(([, , n]) => !seen.has(n) && seen.add(n)))
        await t.test(name, () => assert.equal(verdict, 'OK', r.stdout));
      await t.test('it ran to its end', () => {
        assert.equal(r.status, 0, r.stdout + r.stderr);
        assert.ok(tests.length > 0, r.stdout);
      });
    });
});
