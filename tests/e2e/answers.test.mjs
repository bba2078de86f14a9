// Questions that are answered in words, on real guests: what one student finds is no answer of another's, nothing tells
// what is expected, and the exercise's own solutions answer, too.
import test from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { Stack, top, until } from './stack.mjs';
import { Client } from './client.mjs';
import { openBrowser, openPage, signIn, audit } from './page.mjs';

const shots = process.env.SHOTS; // a folder for screenshots, to look at
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

  await t.test('in the browser, by keyboard, also on a narrow and dark screen', async () => {
    const browser = await openBrowser();
    t.after(() => browser.close());
    const page = await openPage(browser, { viewport: { width: 320, height: 640 }, colorScheme: 'dark' });
    await signIn(page, stack.url, { login: 'ada', password: 'correct horse' });
    const id = JSON.parse(await stack.ok(['list', '--json'])).labs.find(l => l.owner.login === 'ada').id;
    await page.goto(`${stack.url}/labs/${id}`);
    const net = page.getByRole('textbox', { name: 'Which prefix has the network of h1?' });
    const port = page.getByRole('textbox', { name: 'Which port is in /etc/port?' });
    const state = field => page.locator('form', { has: field }).getByRole('status');
    await state(net).getByText('Saved. 1 of 2 tries left.').waitFor();
    await net.fill('the first');
    await state(net).getByText('Not saved yet. 1 of 2 tries left.').waitFor();
    await net.press('Enter');
    await state(net).getByText('the answer must be an address or a prefix').waitFor();
    assert.equal(await net.getAttribute('aria-invalid'), 'true');
    await audit(page, 'a question that was not answered');
    const [prefix, number] = await look(id);
    await net.fill(prefix);
    await net.press('Tab');
    await page.keyboard.press('Enter');
    await state(net).getByText('Saved. 1 of 2 tries left.').waitFor();
    await port.fill(number); // checking saves what is typed
    await page.getByRole('button', { name: /Check my work/ }).click();
    await page.locator('[data-check="port"][data-status="pass"]').waitFor({ timeout: 60000 });
    await page.locator('[data-check="net"][data-status="pass"]').waitFor();
    await page.getByRole('tab', { name: 'Task' }).click();
    await state(port).getByText('Saved.').waitFor();
    await audit(page, 'answered questions');
    if (shots) await page.screenshot({ path: `${shots}/questions-320-dark.png`, fullPage: true });
    assert.deepEqual(page.complaints.filter(c => !/400/.test(c)), []); // the refusal above
    await page.context().close();
  });

  await t.test('the solutions answer, one after another in one lab', async () => {
    const r = await stack.labctl(['exercise', 'test', path.join(folder, 'look-around'), '--one-lab', '--json']);
    assert.equal(r.status, 0, `${r.stdout}${r.stderr}`);
    assert.deepEqual(JSON.parse(r.stdout).runs.map(x => [x.name, x.score]), [['solution', 100], ['wrong/guess', 50]]);
  });
});
