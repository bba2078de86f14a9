// A suspended lab through all of the stack but the guests: both daemons, labctl, the page in a browser.  On the
// fake driver, whose nodes sleep wherever the tests run; tests/xen does the same with real machines.
import test from 'node:test';
import assert from 'node:assert/strict';
import { Stack, until, sleep } from './stack.mjs';
import { openBrowser, openPage, signIn, screen, audit } from './page.mjs';

const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 12);

test('suspended labs', { timeout: 300000 }, async t => {
  const stack = await Stack.create({ driver: 'fake' });
  const browser = await openBrowser();
  t.after(async () => { await browser.close(); await stack.stop(); });
  const status = async id => JSON.parse(await stack.ok(['status', id, '--json']));
  const reaches = (id, state) => until(`lab ${id} being ${state}`, 20000, async () => (await status(id)).state === state);

  await t.test('suspend, refuse everything, resume', async () => {
    const id = (await stack.ok(['up', 'static-routing', '--wait'])).trim();
    await stack.ok(['suspend', id, '--wait']);
    const st = await status(id);
    assert.equal(st.state, 'suspended');
    assert.deepEqual(st.nodes.map(n => n.state), ['suspended', 'suspended', 'suspended']);
    for (const words of [['exec', '-n', id, 'h1', '--', 'true'], ['reset', id], ['start', id], ['start', id, 'h1'], ['grade', id]]) {
      const r = await stack.labctl(words);
      assert.deepEqual([r.status, r.stderr], [1, `labctl: lab ${id} is suspended; resume it first\n`], words[0]);
    }
    await stack.ok(['resume', id, '--wait']);
    await stack.ok(['exec', '-n', id, 'h1', '--', 'true']);
    await stack.ok(['down', id]);
  });

  await t.test('who has asked for it sees that it is on its way', async () => {
    const id = (await stack.ok(['up', 'static-routing', '--wait'])).trim();
    await stack.ok(['suspend', id]);
    assert.match((await status(id)).state, /^suspend(ing|ed)$/);
    await reaches(id, 'suspended');
    await stack.ok(['resume', id]);
    assert.match((await status(id)).state, /^(starting|running)$/);
    await reaches(id, 'running');
    await stack.ok(['down', id]);
  });

  await t.test('it sleeps on over the death of both daemons, and can be removed', async () => {
    const id = (await stack.ok(['up', 'static-routing', '--wait'])).trim();
    await stack.ok(['suspend', id, '--wait']);
    await stack.kill('host');
    await stack.kill('site');
    await stack.startSite(); // labd alone: it knows from its database
    assert.equal((await status(id)).state, 'suspended');
    await stack.startHost();
    await sleep(500);
    await reaches(id, 'suspended');
    await stack.ok(['down', id]);
  });

  await t.test('what is asked for while labhost is away happens when it is back', async () => {
    const id = (await stack.ok(['up', 'static-routing', '--wait'])).trim();
    await stack.kill('host');
    await stack.ok(['suspend', id]);
    assert.equal((await status(id)).state, 'suspending');
    await stack.startHost();
    await reaches(id, 'suspended');
    await stack.kill('host');
    await stack.ok(['resume', id]);
    await stack.startHost();
    await reaches(id, 'running');
    await stack.ok(['down', id]);
  });

  for (let round = 0; round < ROUNDS; round++) {
    const victim = round % 2 ? 'host' : 'site';
    const delay = round * 7 % 60;
    await t.test(`${victim} killed ${delay} ms into suspending: asleep or awake, never in between`, async () => {
      const id = (await stack.ok(['up', 'static-routing', '--wait'])).trim();
      const doing = stack.labctl(['suspend', id, '--wait']);
      await sleep(delay);
      await stack.kill(victim);
      await (victim === 'host' ? stack.startHost() : stack.startSite());
      await doing; // whatever it says
      await until('the lab to settle', 20000, async () => ['running', 'suspended'].includes((await status(id)).state));
      await stack.ok(['resume', id, '--wait']);
      await stack.ok(['exec', '-n', id, 'h1', '--', 'true']);
      await stack.ok(['down', id]);
    });
  }

  await stack.addUser('sue', 'student', 'a good password');
  for (const [name, options] of [
    ['wide, light', { colorScheme: 'light' }],
    ['320 px, dark', { colorScheme: 'dark', viewport: { width: 320, height: 640 } }],
  ])
    await t.test(`on the page, by keyboard: ${name}`, async () => {
      const page = await openPage(browser, options);
      const focused = button => button.evaluate(e => e === document.activeElement);
      await signIn(page, stack.url, { login: 'sue', password: 'a good password' });
      await page.getByRole('button', { name: /^Start Two LANs/ }).click();
      await page.getByText('3 of 3 nodes running').waitFor();
      await page.getByRole('button', { name: /^h1, host/ }).press('Enter');
      await page.locator('.console-phase', { hasText: 'Connected' }).waitFor();
      await page.getByRole('textbox', { name: 'Console of h1' }).focus();
      await page.keyboard.type('before\n');
      await until('the echo', 10000, async () => /before/.test(await screen(page, 'h1')));

      await page.getByRole('button', { name: 'Suspend lab' }).press('Enter');
      await page.getByRole('dialog').getByRole('button', { name: 'Suspend lab' }).press('Enter');
      const resume = page.getByRole('button', { name: 'Resume lab' });
      await resume.waitFor();
      await until('the focus on Resume', 5000, () => focused(resume));
      await page.locator('.console-phase', { hasText: 'The lab is suspended' }).waitFor();
      assert.match(await screen(page, 'h1'), /before/, 'the console keeps what it shows');
      await page.getByText('3 nodes suspended').waitFor();
      await audit(page, `suspended, ${name}`);

      await page.getByRole('link', { name: 'Exercises' }).first().click();
      await page.getByText('Suspended', { exact: true }).waitFor();
      await page.getByRole('link', { name: /^Continue Two LANs/ }).click();
      await page.reload(); // a day later
      await resume.press('Enter');
      await page.getByText('3 of 3 nodes running').waitFor();
      await until('the focus on Suspend', 5000, () => focused(page.getByRole('button', { name: 'Suspend lab' })));
      await page.locator('.console-phase', { hasText: 'Connected' }).waitFor();
      await page.getByRole('textbox', { name: 'Console of h1' }).focus(); // a terminal out of view draws nothing
      await until('the text of before', 10000, async () => /before/.test(await screen(page, 'h1')));
      assert.deepEqual(page.complaints, []);
      const id = page.url().split('/').pop();
      await page.context().close();
      await stack.ok(['down', id]);
    });
});
