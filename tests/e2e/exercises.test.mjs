// The shipped exercises, tested like code: the reference solution scores everything, each wrong solution
// what its author promised, on real guests and wires.  Of three exercises all solutions are tried, of the others the
// reference solution and a third of the wrong ones, others each day; $SOLUTIONS=all tries all.
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Stack, build, top, until } from './stack.mjs';

const folder = path.join(top, 'exercises');
const names = readdirSync(folder).filter(d => existsSync(path.join(folder, d, 'exercise.xml')));

const ALL = ['abilene', 'static-routing', 'vlan-office'];
const PARTS = 3;
const WIDTH = 4, EACH = 3; // exercises at a time, solutions of each
function chosen(name) {
  if (ALL.includes(name) || process.env.SOLUTIONS === 'all') return [];
  const wrong = readdirSync(path.join(folder, name, 'wrong')).sort().map(w => `wrong/${w}`);
  return ['solution', ...wrong.filter((_, i) => i % PARTS === Math.floor(Date.now() / 86400000) % PARTS)];
}

test('exercises', { timeout: 2700000 }, async t => {
  const stack = await Stack.create();
  let stopped = false;
  t.after(async () => { if (!stopped) await stack.stop(); });

  // Some side by side: most of the time is spent waiting for the protocols' own timers.  What takes longest goes first.
  const results = {}, left = [...ALL, ...names.filter(n => !ALL.includes(n))];
  await Promise.all(Array.from({ length: WIDTH }, async () => {
    for (let n; (n = left.shift()) !== undefined;)
      results[n] = await stack.labctl(['exercise', 'test', path.join(folder, n), ...chosen(n), '-j', String(EACH), '--json'], { timeout: 2400000 });
  }));
  for (const n of names) {
    const r = results[n];
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

  await t.test('all solutions in one lab have the same scores', async () => {
    const r = await stack.labctl(['exercise', 'test', path.join(stack.dir, 'my-first'), '--one-lab', '--json']);
    assert.equal(r.status, 0, `${r.stdout}${r.stderr}`);
    assert.deepEqual(JSON.parse(r.stdout).runs.map(x => [x.name, x.score]), [['solution', 10], ['wrong/one-for-both', 5], ['wrong/prefix', 5]]);
    // Whose scripts all differ: then the whole lab is reset at once.
    const other = await stack.labctl(['exercise', 'test', path.join(folder, 'static-routing'), 'solution', 'wrong/copied', '--one-lab', '--json']);
    assert.equal(other.status, 0, `${other.stdout}${other.stderr}`);
    assert.equal(JSON.parse(other.stdout).graded, 2);
  });

  await t.test('mutants: each fault costs points; where a tester is near, a prefix that is too long does not', async () => {
    const dir = path.join(stack.dir, 'my-first'), file = path.join(dir, 'exercise.xml');
    const all = await stack.labctl(['exercise', 'test', dir, 'solution', '--mutants', '-j', '3', '--json'], { timeout: 600000 });
    assert.equal(all.status, 0, `${all.stdout}${all.stderr}`);
    const { runs, mutants } = JSON.parse(all.stdout);
    assert.deepEqual(runs.map(r => r.name), ['solution', ...['h1', 'h2'].flatMap(h => ['drop', 'address', 'prefix'].map(f => `${h}.sh:2 ${f}`))]);
    assert.deepEqual(mutants, { tried: 6, all: 6, excused: 2 });
    writeFileSync(file, readFileSync(file, 'utf8').replace('10.0.0.250/24', '10.0.0.50/24'));
    const one = await stack.labctl(['exercise', 'test', dir, 'h1.sh:2 prefix', '--json']);
    assert.equal(one.status, 1, one.stderr);
    assert.deepEqual(JSON.parse(one.stdout).runs.map(r => [r.name, r.score, r.ok, r.mutant]),
      [['h1.sh:2 prefix', 10, false, '-ip address add 10.0.0.1/24 dev eth0\n+ip address add 10.0.0.1/25 dev eth0\n']]);
  });

  await t.test('labs that are graded keep nobody from starting one', async () => {
    const dir = path.join(stack.dir, 'my-first'), file = path.join(dir, 'exercise.xml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('deadline="6s"', 'deadline="120s"'));
    const ids = await Promise.all(Array.from({ length: 6 }, async () => (await stack.ok(['up', '--wait', dir])).trim()));
    let ended = 0;
    const grades = ids.map(id => stack.labctl(['grade', id]).then(r => { ended++; return r; }));
    await until('all being graded', 20000, async () => (await Promise.all(ids.map(id => stack.ok(['status', id, '--json']))))
      .every(s => JSON.parse(s).attempt?.state === 'running'));
    await stack.ok(['up', '--wait', dir]);
    assert.equal(ended, 0, 'nothing holds in labs that nobody has touched, so the probes go on until the deadline');
    await stack.ok(['down', '--all']);
    await Promise.all(grades);
  });

  await t.test('interrupted, it removes all the labs that it has at the time', async () => {
    const mine = async () => JSON.parse(await stack.ok(['list', '--json'])).labs;
    const p = spawn(path.join(build, 'labctl'), ['exercise', 'test', path.join(folder, 'static-routing'), '-j', '3'],
      { stdio: 'ignore', env: { ...process.env, LABCTL_SOCKET: path.join(stack.runDir, 'labd.sock') } });
    const ended = new Promise(r => p.on('exit', r));
    await until('three labs at a time', 60000, async () => (await mine()).length === 3);
    p.kill('SIGINT');
    assert.equal(await ended, 1);
    assert.deepEqual(await mine(), []);
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
      assert.deepEqual(stack.left(), []);
      return true;
    });
  });
});
