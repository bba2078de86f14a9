// The catalogue of cheats, exercises/CHEATS.md: each trick that a student with root may try is done on real guests and
// wires, and gets no more points than what the network still does is worth.
//
// TRICK="NAME ..." tries these alone.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Stack, top, until } from './stack.mjs';
import * as edge from './cheats/edge.mjs';
import * as lans from './cheats/lans.mjs';
import * as ways from './cheats/ways.mjs';

const labs = { edge, lans, ways };
// How many labs of each there are.  All are graded side by side: most of the time is spent waiting for what does not come.
const WIDTH = { edge: 1, lans: 2, ways: 1 };

function write(parent, id, { topology, grading }) {
  const dir = path.join(parent, id);
  mkdirSync(dir);
  writeFileSync(path.join(dir, 'topology.xml'), topology);
  writeFileSync(path.join(dir, 'instructions.md'), '# Cheats\n');
  writeFileSync(path.join(dir, 'exercise.xml'), `<exercise id="${id}" title="Cheats" version="1">
<summary>A network for cheats.</summary>
<topology file="topology.xml"/>
<instructions file="instructions.md"/>
${grading}
</exercise>
`);
  return dir;
}

/** The report, and the points of each check that has some.  An error of the platform's is not counted, as for students. */
async function gradeOnce(stack, id) {
  for (let tries = 3; ; tries--) {
    const r = await stack.labctl(['grade', id, '--json'], { timeout: 900000 });
    const report = JSON.parse(r.stdout || 'null');
    if (report?.checks) return { report, points: Object.fromEntries(report.checks.filter(c => c.score > 0).map(c => [c.id, c.score])) };
    assert.ok(/could not be graded/.test(r.stderr) && tries > 1, `grading ended with ${r.status}: ${r.stderr}${r.stdout}`);
  }
}

/** Grades until the points are those of `earns`; not again once a check has more.  The labs' deadlines are short, so that
 * tricks fail soon, and what does work may need more than one of them on a busy machine. */
async function grade(stack, id, earns) {
  for (let tries = 5; ; tries--) {
    const got = await gradeOnce(stack, id);
    const more = Object.entries(got.points).some(([check, n]) => n > (earns[check] ?? 0));
    if (more || isDeepStrictEqual(got.points, earns) || tries === 1) return got;
  }
}

/** Does one trick, sees that it does what it is meant to, grades, and gives the nodes back as they were. */
async function commit(stack, id, trick, agent) {
  const sh = (node, script) => stack.ok(['exec', id, node, '--', 'sh', '-s'], { input: `set -e\n${script}\n` });
  try {
    for (const [node, script] of Object.entries(trick.nodes)) {
      if (trick.agent) await stack.ok(['exec', id, node, '--', 'sh', '-c', 'cat >/usr/local/bin/agent && chmod 755 /usr/local/bin/agent'], { input: agent });
      await sh(node, script);
    }
    await until('the trick working', 60000, async () => { await sh(...trick.fools); return true; });
    return await grade(stack, id, trick.earns);
  } finally {
    await stack.ok(['reset', '--wait', id]); // all of it: who talked to them remembers their MAC addresses
  }
}

/** The catalogue: for each number where it is tried. */
function catalogue() {
  const rows = readFileSync(path.join(top, 'exercises/CHEATS.md'), 'utf8').split('\n').map(l => l.match(/^\| (\d+) \|.*\| ([^|]+) \|$/)).filter(Boolean);
  return rows.map(([, number, where]) => ({ number: Number(number), where: where.split(', ') }));
}

/** Says why the catalogue may not say that a trick is tried there, or nothing. */
function untried(where) {
  const [place, what] = where.split(': ');
  if (labs[place]) return labs[place].tricks[what] ? '' : `${place}.mjs has no trick '${what}'`;
  if (place === 'routing') { // as an exercise that the test writes, promising less than everything
    const [id, dir] = what.split(' ');
    const exercises = readFileSync(path.join(top, 'tests/e2e/routing.test.mjs'), 'utf8').split('run(exercise(stack.dir, ');
    return exercises.some(e => e.startsWith(`'${id}'`) && e.includes(`'${dir}': { score:`)) ? '' : `routing.test.mjs does not try ${what}`;
  }
  // exercises.test.mjs runs what is in a folder with an exercise.xml, and holds the score against the promise.
  const folder = path.join(top, place);
  if (!existsSync(path.join(folder, 'wrong', what))) return `${place} has no folder wrong/${what}`;
  const promise = readFileSync(path.join(folder, 'exercise.xml'), 'utf8').match(new RegExp(`<wrong dir="wrong/${what}" score="(\\d+)"`));
  return promise && Number(promise[1]) < 100 ? '' : `${place} does not promise a score below 100 for wrong/${what}`;
}

test('the catalogue of cheats and what is tried are the same', () => {
  const rows = catalogue();
  assert.deepEqual(rows.map(r => r.number), rows.map((_, i) => i + 1));
  assert.ok(rows.length >= 25, `${rows.length} tricks`);
  const named = rows.flatMap(r => r.where);
  assert.deepEqual(named.map(untried).filter(Boolean), []);
  const tried = Object.entries(labs).flatMap(([lab, { tricks }]) => Object.keys(tricks).map(t => `${lab}: ${t}`));
  assert.deepEqual(tried.filter(t => named.filter(n => n === t).length !== 1), [], 'each is in the catalogue once');
});

const text = report => report.checks.map(c => `${c.status} ${c.id} ${c.score}: ${c.observed}`).join('\n');

test('cheats', { timeout: 1800000 }, async t => {
  const stack = await Stack.create();
  let stopped = false;
  t.after(async () => { if (!stopped) await stack.stop(); });

  const program = path.join(stack.dir, 'agent');
  execFileSync('cc', ['-static', '-O1', '-D_GNU_SOURCE', '-o', program, path.join(top, 'tests/e2e/cheats/agent.c')]);
  const agent = readFileSync(program);

  const runs = Object.entries(labs).map(async ([name, lab]) => {
    const todo = Object.keys(lab.tricks).filter(what => !process.env.TRICK || process.env.TRICK.split(' ').includes(what));
    const done = new Map();
    const dir = write(stack.dir, name, lab);
    const all = Object.fromEntries([...lab.grading.matchAll(/<check id="([^"]+)"[^>]* points="(\d+)"/g)].map(m => [m[1], Number(m[2])]));
    const settle = (what, promise) => promise.then(v => done.set(what, v), e => done.set(what, e));
    const worker = async n => {
      const id = (await stack.ok(['up', '--wait', dir])).trim();
      await settle(`honest, lab ${n}`, grade(stack, id, all));
      for (let what = todo.shift(); what; what = todo.shift()) await settle(what, commit(stack, id, lab.tricks[what], agent));
      await settle(`honest again, lab ${n}`, grade(stack, id, all));
      await stack.ok(['down', id]);
    };
    await Promise.all(Array.from({ length: Math.min(WIDTH[name], todo.length) }, (_, n) => worker(n + 1)));
    return { name, lab, all, done };
  });
  for (const { name, lab, all, done } of await Promise.all(runs))
    for (const [what, got] of done)
      await t.test(`${name}: ${what}`, () => {
        if (got instanceof Error) throw got;
        const { report, points } = got;
        assert.ok(report.checks.every(c => c.status !== 'error'), text(report));
        assert.doesNotMatch(JSON.stringify(report), /\\u00[01]/, 'a control character of somebody else\'s');
        assert.deepEqual(points, lab.tricks[what]?.earns ?? all, text(report));
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
