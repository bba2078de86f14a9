// The shipped exercises, tested like code: the reference solution scores everything, each wrong solution
// what its author promised, on real guests and wires.  Of three exercises all solutions are tried, of the others the
// reference solution and a third of the wrong ones, others each day; $SOLUTIONS=all tries all.
import test from 'node:test';
import assert from 'node:assert/strict';
import { readdirSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Stack, snapshot, leftBehind, top, until } from './stack.mjs';

const folder = path.join(top, 'exercises');
const names = readdirSync(folder).filter(d => existsSync(path.join(folder, d, 'exercise.xml')));

const ALL = ['abilene', 'static-routing', 'vlan-office'];
const PARTS = 3;
function chosen(name) {
  if (ALL.includes(name) || process.env.SOLUTIONS === 'all') return [];
  const wrong = readdirSync(path.join(folder, name, 'wrong')).sort().map(w => `wrong/${w}`);
  return ['solution', ...wrong.filter((_, i) => i % PARTS === Math.floor(Date.now() / 86400000) % PARTS)];
}

test('exercises', { timeout: 2700000 }, async t => {
  const before = snapshot();
  const stack = await Stack.create();
  let stopped = false;
  t.after(async () => { if (!stopped) await stack.stop(); });

  await t.test('the issue asks for three, each with three wrong solutions or more', () => {
    assert.ok(names.length >= 3, names.join(' '));
    for (const n of names) {
      const wrong = readFileSync(path.join(folder, n, 'exercise.xml'), 'utf8').match(/<wrong /g) ?? [];
      assert.ok(wrong.length >= 3, `${n} has ${wrong.length}`);
    }
  });

  // Side by side: most of the time is spent waiting for the protocols' own timers.
  const runs = names.map(n => stack.labctl(['exercise', 'test', path.join(folder, n), ...chosen(n), '--json'], { timeout: 2400000 }));
  for (const [i, n] of names.entries()) {
    const r = await runs[i];
    await t.test(`${n} is readable as a report`, () => {
      const rows = JSON.parse(r.stdout);
      assert.ok((rows.solutions ?? rows.runs ?? rows).length >= 3, r.stdout);
    });
    await t.test(`${n}: every promised score holds`, () => assert.equal(r.status, 0, `${r.stdout}${r.stderr}`));
  }

  await t.test('what labctl exercise new makes passes labctl exercise test as it is', async () => {
    const dir = path.join(stack.dir, 'my-first');
    await stack.ok(['exercise', 'new', dir]);
    const r = await stack.labctl(['exercise', 'test', dir, '--json']);
    assert.equal(r.status, 0, `${r.stdout}${r.stderr}`);
    assert.deepEqual(JSON.parse(r.stdout).runs.map(x => [x.name, x.score]), [['solution', 10], ['wrong/one-for-both', 5], ['wrong/prefix', 5]]);
  });

  await t.test('a solution alone, by its name; a name that is none is refused with those that are', async () => {
    const dir = path.join(folder, 'static-routing');
    const one = await stack.labctl(['exercise', 'test', dir, 'wrong/no-gateway', '--json']);
    assert.equal(one.status, 0, one.stderr);
    assert.deepEqual(JSON.parse(one.stdout).runs.map(r => [r.name, r.score]), [['wrong/no-gateway', 85]]);
    const two = await stack.labctl(['exercise', 'test', dir, 'solution', '--runs', '2', '--json']);
    assert.deepEqual(JSON.parse(two.stdout).runs.map(r => [r.run, r.score]), [[1, 100], [2, 100]]);
    assert.deepEqual([JSON.parse(two.stdout).graded, JSON.parse(two.stdout).differ], [2, 0]);
    const none = await stack.labctl(['exercise', 'test', dir, 'wrong/no-gatway']);
    assert.equal(none.status, 1, none.stderr);
    assert.match(none.stderr, /it has solution, wrong\/no-forwarding, wrong\/no-gateway, wrong\/loopback, wrong\/wrong-mask, wrong\/copied\n$/);
  });

  await t.test('nothing is left', async () => {
    stopped = true;
    await stack.stop();
    await until('nothing left on the machine', 10000, async () => {
      assert.deepEqual(leftBehind(before, stack.dir), []);
      return true;
    });
  });
});
