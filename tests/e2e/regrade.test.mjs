// A check that was wrong, mended after two students were graded by it: on real guests, with what the real probes saw.
import test from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { chmodSync, cpSync, readFileSync, writeFileSync } from 'node:fs';
import { Stack, top, until } from './stack.mjs';
import { Client } from './client.mjs';
import { fill } from './values.mjs';

test('regrade', { timeout: 600000 }, async t => {
  const stack = await Stack.create();
  t.after(() => stack.stop());
  const folder = path.join(stack.dir, 'exercises');
  const file = path.join(folder, 'static-routing/exercise.xml');
  cpSync(path.join(top, 'exercises/static-routing'), path.join(folder, 'static-routing'), { recursive: true });
  const right = readFileSync(file, 'utf8');
  const hops = /(<check [^>]*\bhops=")(\d+)"/s;
  assert.match(right, hops);
  writeFileSync(file, right.replace(hops, (it, head, n) => `${head}${Number(n) + 1}"`));
  chmodSync(folder, 0o755);
  await stack.kill('site', 'SIGTERM');
  for (const who of ['ada', 'bob']) await stack.addUser(who, 'student', 'correct horse');
  await stack.addUser('ivy', 'instructor', 'correct horse');
  await stack.startSite(folder);

  const solution = path.join(top, 'exercises/static-routing/solution');
  const api = '/api/v1/exercises/static-routing';
  const students = {};
  const all = 100;
  const grade = id => stack.labctl(['grade', id, '--json']).then(r => JSON.parse(r.stdout));
  const seen = async who => (await students[who].client.request('GET', `${api}/students/${who}`)).json;

  for (const who of ['ada', 'bob']) {
    const client = await new Client(stack).signIn(who, 'correct horse');
    const made = await client.request('POST', '/api/v1/labs', { exercise: 'static-routing' });
    assert.equal(made.status, 202, made.text);
    students[who] = { client, id: made.json.id };
    await until('the lab running', 60000, async () => JSON.parse(await stack.ok(['status', made.json.id, '--json'])).state === 'running');
  }
  const nodes = JSON.parse(await stack.ok(['status', students.ada.id, '--json'])).nodes.map(n => n.name);
  const shown = (await students.ada.client.request('GET', api)).json.instructions_html; // with her own addresses
  const [lan1, lan2] = [...new Set([...shown.matchAll(/(\d+\.\d+\.\d+)\.10\/24/g)].map(m => `${m[1]}.0/24`))];
  for (const n of nodes) {
    let script;
    try { script = readFileSync(path.join(solution, `${n}.sh`), 'utf8'); } catch { continue; }
    await stack.ok(['exec', students.ada.id, n, '--', 'sh', '-es'], { input: fill(script, { lan1, lan2 }) });
  }

  await t.test('who has solved it does not have all points, for the check is wrong', async () => {
    const [a, b] = [await grade(students.ada.id), await grade(students.bob.id)];
    assert.equal(a.max_score, all);
    assert.ok(a.score < all && a.score > b.score, `${a.score} ${b.score}`);
    students.ada.before = a.score;
    students.bob.before = b.score;
  });

  await t.test('the packets of a check can be seen', async () => {
    const attempt = (await seen('ada')).history[0].id;
    const check = right.match(/<check id="([^"]+)"/)[1];
    const list = await stack.ok(['evidence', String(attempt), check]);
    assert.match(list, /^round 1$/m);
    assert.match(list, /^ *[\d.]+ +@\S+ +out +request +10\./m); // left our host ..
    assert.match(list, /^ *[\d.]+ +h1:eth0 +in +request +10\./m); // .. arrived, and was answered
    assert.match(list, /^ *[\d.]+ +h1:eth0 +out +reply +10\./m);
    const pcap = path.join(stack.dir, 'check.pcapng');
    await stack.ok(['evidence', String(attempt), check, '-w', pcap]);
    const { stdout } = await promisify(execFile)('tcpdump', ['-nn', '-r', pcap]);
    assert.match(stdout, /ICMP echo request/);
    assert.match(stdout, /ICMP echo reply/);
    const r = await students.ada.client.request('GET', `/api/v1/attempts/${attempt}/checks/${check}/packets`);
    assert.equal(r.status, 403, r.text);
  });

  await t.test('judged again by the mended one, also after the labs and labd have gone', async () => {
    const ivy = await new Client(stack).signIn('ivy', 'correct horse');
    const set = await ivy.request('PUT', `${api}/students/bob/score`, { score: 1, reason: 'He was ill.' });
    assert.equal(set.status, 200, set.text);
    await stack.ok(['down', '--all']);
    await stack.kill('site');
    await stack.startSite(folder);
    writeFileSync(file, right);
    const r = await stack.labctl(['regrade', 'static-routing']);
    assert.equal(r.status, 0, `${r.stdout}${r.stderr}`);
    assert.match(r.stdout, new RegExp(`^ada +1 +${students.ada.before}/${all} +${all}/${all}$`, 'm'));
    assert.match(r.stdout, /^2 attempts: \d changed, 0 with checks that kept their verdict, 0 not judged again$/m);
    const [a, b] = [await seen('ada'), await seen('bob')];
    assert.equal(a.score, all);
    assert.deepEqual(a.history[0].former.map(f => f.score), [students.ada.before]);
    assert.equal(b.score, 1);
    assert.ok(b.overridden);
    assert.equal(b.history[0].score, students.bob.before);
  });

  await t.test('other probes are refused for that check, and it says so', async () => {
    writeFileSync(file, right.replace(/(<reference [^>]*\baddress="\$\{lan1\.)(\d+)\//s, (it, head, n) => `${head}${Number(n) - 1}/`));
    const r = await stack.labctl(['regrade', 'static-routing']);
    assert.equal(r.status, 1, `${r.stdout}${r.stderr}`);
    assert.match(r.stdout, /^ada, attempt 1: \S+ keeps its verdict: It asks for other probes now/m);
    assert.equal((await seen('ada')).score, all);
  });
});
