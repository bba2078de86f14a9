// How long grading takes, and how often a grade differs from what the exercise's author promised.  Root.
//   RUNS       times that each solution is tried (3)
//   CLASS      small labs that are solved, and then graded at once (30)
//   EXERCISES  folders in exercises/, comma between (all)
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Stack, top } from '../e2e/stack.mjs';
import { fill, valuesOf } from '../e2e/values.mjs';

const folder = path.join(top, 'exercises');
const number = (name, otherwise) => {
  const n = Number(process.env[name] ?? otherwise);
  if (!Number.isInteger(n) || n < 0 || n > 1000) throw new Error(`${name} must be a whole number up to 1000`);
  return n;
};
const RUNS = number('RUNS', 3);
const CLASS = number('CLASS', 30);
const names = process.env.EXERCISES?.split(',') ?? readdirSync(folder).filter(d => existsSync(path.join(folder, d, 'exercise.xml')));

const took = report => (report.finished - report.started) / 1000;
const mean = list => list.reduce((a, b) => a + b, 0) / list.length;

/** One exercise: its solutions, RUNS times. */
async function exercise(stack, name) {
  const r = await stack.labctl(['exercise', 'test', path.join(folder, name), '--runs', String(RUNS), '--json'], { timeout: 86400000 });
  const all = JSON.parse(r.stdout);
  const right = all.runs.filter(x => x.report && x.promised === all.max_score).map(x => took(x.report));
  const wrong = all.runs.filter(x => x.report && x.promised < all.max_score).map(x => took(x.report));
  const s = list => (list.length > 0 ? mean(list).toFixed(1) : '-').padStart(8);
  console.log(`${name.padEnd(24)} ${s(right)} ${s(wrong)} ${String(all.graded).padStart(7)} ${String(all.differ).padStart(7)}`);
  return all;
}

/** A class: the labs, each with values of its own, are started and solved one after another, then graded at once. */
async function atOnce(stack, name) {
  const dir = path.join(folder, name, 'solution');
  const labs = [];
  for (let i = 0; i < CLASS; i++) {
    const values = await valuesOf(stack, path.join(folder, name), i);
    const id = (await stack.ok(['up', '--wait', '--seed', String(i), path.join(folder, name)])).trim();
    for (const script of readdirSync(dir))
      await stack.ok(['exec', id, script.replace(/\.sh$/, ''), '--', 'sh', '-s'], { input: fill(readFileSync(path.join(dir, script), 'utf8'), values) });
    labs.push(id);
  }
  const since = Date.now();
  const grades = await Promise.all(labs.map(id => stack.labctl(['grade', id, '--json'], { timeout: 3600000 })));
  const wall = (Date.now() - since) / 1000;
  const reports = grades.filter(g => g.stdout !== '').map(g => JSON.parse(g.stdout));
  const full = reports.filter(x => x.score === x.max_score).length;
  console.log(`\n${CLASS} labs of ${name} graded at once: ${wall.toFixed(1)} s; one takes ${mean(reports.map(took)).toFixed(1)} s; ${full} of ${CLASS} have every point`);
}

const stack = await Stack.create();
try {
  console.log(`${'exercise'.padEnd(24)} right, s wrong, s  grades differ`);
  let graded = 0;
  let differ = 0;
  for (const name of RUNS > 0 ? names : []) {
    const all = await exercise(stack, name);
    graded += all.graded;
    differ += all.differ;
  }
  if (graded > 0) console.log(`\n${differ} of ${graded} grades differ from the promise: ${(100 * differ / graded).toFixed(2)} %`);
  if (CLASS > 0) await atOnce(stack, 'static-routing');
} finally {
  await stack.stop();
}
