// Questions that are answered in words, on real guests: what one student finds is no answer of another's, nothing tells
// what is expected, and the exercise's own solutions answer, too.
import test from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { Stack, top, until } from './stack.mjs';
import { Client } from './client.mjs';

const folder = path.join(top, 'tests/site/exercises');

test('answers', { timeout: 300000 }, async t => {
  const stack = await Stack.create();
  t.after(() => stack.stop());
  await stack.kill('site', 'SIGTERM');
  await stack.addUser('ada', 'student', 'correct horse');
  await stack.startSite(folder);
  const grade = async id => JSON.parse((await stack.labctl(['grade', id, '--json'])).stdout);
  const look = async id => {
    await until('the lab running', 60000, async () => JSON.parse(await stack.ok(['status', id, '--json'])).state === 'running');
    const net = await stack.ok(['exec', '-n', id, 'h1', '--', 'ip', '-o', '-4', 'route']);
    return [net.split(' ')[0], (await stack.ok(['exec', '-n', id, 'h1', '--', 'cat', '/etc/port'])).trim()];
  };

  await t.test('who looks finds the answers', async () => {
    const id = (await stack.ok(['up', 'look-around', '--wait'])).trim();
    const ada = await new Client(stack).signIn('ada', 'correct horse');
    const { json: hers } = await ada.request('POST', '/api/v1/labs', { exercise: 'look-around' });
    const [net, port] = await look(id);
    const [foreign] = await look(hers.id);
    assert.notEqual(net, foreign);
    await stack.ok(['answer', id, 'net', ` ${net} `]);
    await stack.ok(['answer', id, 'port', `00${port}`]);
    assert.match(await stack.ok(['status', id]), new RegExp(`net +Which prefix has the network of h1\\? +2 +${net}`));
    const report = await grade(id);
    assert.deepEqual(report.checks.map(c => c.status), ['pass', 'pass', 'pass'], JSON.stringify(report));
    const copied = await ada.request('PUT', `/api/v1/labs/${hers.id}/answers/net`, { answer: net });
    assert.equal(copied.status, 200, copied.text);
    const failed = await grade(hers.id);
    assert.deepEqual(failed.checks.map(c => [c.status, c.score]), [['pass', 20], ['fail', 0], ['blocked', 0]]);
    assert.equal(failed.checks[1].answer, net);
    const { text } = await ada.request('GET', `/api/v1/labs/${hers.id}/attempts`);
    assert.ok(!text.includes(foreign), text);
  });

  await t.test('the solutions answer, one after another in one lab', async () => {
    const r = await stack.labctl(['exercise', 'test', path.join(folder, 'look-around'), '--one-lab', '--json']);
    assert.equal(r.status, 0, `${r.stdout}${r.stderr}`);
    assert.deepEqual(JSON.parse(r.stdout).runs.map(x => [x.name, x.score]), [['solution', 100], ['wrong/guess', 50]]);
  });
});
