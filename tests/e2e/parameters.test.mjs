// An exercise whose values differ from student to student, on real guests: each one's lab, instructions and grading
// go together, and the reference solution solves whatever variant there is.
import test from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { Stack, top, until } from './stack.mjs';
import { Client } from './client.mjs';

const folder = path.join(top, 'tests/site/exercises');
const dir = path.join(folder, 'variants');

test('parameters', { timeout: 600000 }, async t => {
  const stack = await Stack.create();
  t.after(() => stack.stop());
  await stack.kill('site', 'SIGTERM');
  await stack.addUser('ada', 'student', 'correct horse');
  await stack.addUser('bob', 'student', 'correct horse');
  await stack.startSite(folder);

  const start = async login => {
    const client = await new Client(stack).signIn(login, 'correct horse');
    const made = await client.request('POST', '/api/v1/labs', { exercise: 'variants' });
    assert.equal(made.status, 202, made.text);
    const { json } = await client.request('GET', '/api/v1/exercises/variants');
    const addresses = made.json.nodes.map(n => n.interfaces[0].addresses?.[0]);
    const port = json.checks[2].title.match(/port (\d+)$/)[1];
    return { client, id: made.json.id, text: json.instructions_html, addresses, port };
  };
  const solve = async (lab, from) => {
    await stack.ok(['exec', '-n', lab.id, 'r1', '--', 'sh', '-c',
      `ip addr add ${from.addresses[0].replace('.10/', '.1/')} dev eth0; ip addr add ${from.addresses[1].replace('.10/', '.1/')} dev eth1; sysctl -q net.ipv4.ip_forward=1`]);
    await stack.ok(['exec', '-n', lab.id, 'h2', '--', 'sh', '-c', `setsid nc -lk ${from.port} </dev/null >/dev/null 2>&1 &`]);
  };
  const grade = async lab => JSON.parse((await stack.labctl(['grade', lab.id, '--json'])).stdout);

  await t.test('two students have different networks, and what they read is about theirs', async () => {
    const [ada, bob] = [await start('ada'), await start('bob')];
    for (const s of [ada, bob]) {
      await until('the lab running', 60000, async () => JSON.parse(await stack.ok(['status', s.id, '--json'])).state === 'running');
      const seen = await stack.ok(['exec', '-n', s.id, 'h1', '--', 'ip', '-o', '-4', 'addr', 'show', 'eth0']);
      assert.ok(seen.includes(` ${s.addresses[0]} `), `${seen} has no ${s.addresses[0]}`);
      assert.ok(s.text.includes(s.addresses[0].replace('.10/', '.1/')), s.text);
    }
    assert.notEqual(ada.addresses[0], bob.addresses[0]);
    assert.notEqual(ada.addresses[1], bob.addresses[1]);
    await solve(ada, ada);
    await solve(bob, ada); // what bob has copied does not work
    const first = await grade(ada);
    const copied = await grade(bob);
    assert.deepEqual([first.score, copied.score], [100, 0]);
    assert.match(first.seed_id, /^[0-9a-f]{16}$/);
    assert.notEqual(first.seed_id, copied.seed_id);
    await stack.kill('site');
    await stack.startSite(folder);
    const again = await grade(ada); // by a labd that has just started
    assert.deepEqual([again.score, again.seed_id], [100, first.seed_id]);
  });

  await t.test('the solutions score what is promised, each run with another seed', async () => {
    const r = await stack.labctl(['exercise', 'test', dir, '--runs', '2', '--seed', '41', '--json'], { timeout: 300000 });
    assert.equal(r.status, 0, `${r.stdout}${r.stderr}`);
    assert.deepEqual(JSON.parse(r.stdout).runs.map(x => [x.name, x.seed, x.score]),
      [['solution', 41, 100], ['wrong/of-another', 41, 0], ['solution', 42, 100], ['wrong/of-another', 42, 0]]);
  });
});
