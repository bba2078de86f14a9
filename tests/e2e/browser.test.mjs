// The main job as a person does it: `make demo`, a browser, real containers, real Open vSwitch.
import test from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, existsSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import path from 'node:path';
import { top, build, startDemo, until } from './stack.mjs';
import { fill, lansShown } from './values.mjs';
import { openBrowser, openPage, signIn, screen, openConsole, typeScript, check, audit } from './page.mjs';

const run = promisify(execFile);
const shots = process.env.SHOTS; // a folder for screenshots, to look at

const exercise = path.join(top, 'exercises/static-routing');
const nodes = ['h1', 'r1', 'h2'];
let values; // of the student's lab
const script = (dir, node) => {
  const file = path.join(exercise, dir, `${node}.sh`);
  return existsSync(file) ? fill(readFileSync(file, 'utf8'), values) : '';
};
const promised = dir => {
  const xml = readFileSync(path.join(exercise, 'exercise.xml'), 'utf8');
  return Number(xml.match(new RegExp(`<wrong[^>]*dir="${dir}"[^>]*score="(\\d+)"`))[1]);
};

test('the demo, from sign-in to score', { timeout: 1200000 }, async t => {
  const demo = await startDemo();
  const browser = await openBrowser();
  const labctl = async (...args) => (await run(path.join(build, 'labctl'), args, { env: { ...process.env, LABCTL_SOCKET: demo.socket } })).stdout;
  let stopped = false;
  t.after(async () => {
    await browser.close();
    if (!stopped) await demo.stop();
  });

  let page = await openPage(browser);
  let lab;

  await t.test('a wrong password is refused with a sentence', async () => {
    const p = await openPage(browser);
    await p.goto(demo.url);
    await p.getByLabel('Login').fill('student');
    await p.getByLabel('Password').fill('wrong');
    await p.getByRole('button', { name: 'Sign in' }).click();
    await p.getByRole('alert').getByText('do not belong together').waitFor();
    await p.context().close();
  });

  await t.test('the student starts an exercise and sees the nodes come up', async () => {
    await signIn(page, demo.url, demo.student);
    await audit(page, 'exercise list');
    if (shots) await page.screenshot({ path: `${shots}/exercises.png` });
    await page.getByRole('button', { name: /^Start Two LANs/ }).click();
    await page.waitForURL(/\/labs\/[a-z0-9]{6}$/);
    lab = page.url().split('/').pop();
    for (const n of nodes) await page.getByRole('button', { name: new RegExp(`^${n}, (host|router), running`) }).waitFor({ timeout: 60000 });
    values = await lansShown(page);
    await audit(page, 'lab page');
  });

  await t.test('nothing done scores less than all', async () => {
    const r = await check(page);
    assert.equal(r.max, 100);
    assert.ok(r.score < 50, `an untouched lab got ${r.score}`);
  });

  await t.test('a wrong solution, typed into the consoles, gets the promised score', async () => {
    for (const n of nodes) if (script('wrong/no-forwarding', n)) await typeScript(page, n, script('wrong/no-forwarding', n));
    const r = await check(page);
    assert.equal(r.score, promised('wrong/no-forwarding'), JSON.stringify(r.checks));
    if (shots) await page.screenshot({ path: `${shots}/wrong.png` });
  });

  await t.test('reset, then the solution, typed into the consoles, gets 100 %', async () => {
    await page.getByRole('button', { name: 'Reset lab' }).first().click();
    await page.getByRole('dialog').getByRole('button', { name: 'Reset lab' }).click();
    await page.getByRole('button', { name: /^h1, host, (waiting|creating|booting|starting)/ }).waitFor({ timeout: 20000 }).catch(() => {});
    for (const n of nodes) await page.getByRole('button', { name: new RegExp(`^${n}, (host|router), running`) }).waitFor({ timeout: 60000 });
    for (const n of nodes) {
      // The reset ended the old session: Enter opens one in the new node.
      await page.getByRole('button', { name: new RegExp(`^${n}, (host|router)`) }).click();
      await page.locator(`[data-console="${n}"] .xterm-helper-textarea`).focus();
      await page.keyboard.press('Enter');
      await typeScript(page, n, script('solution', n));
    }
    const r = await check(page);
    assert.deepEqual([r.score, r.max], [100, 100], JSON.stringify(r.checks));
    if (shots) await page.screenshot({ path: `${shots}/solved.png` });
    await audit(page, 'report');
  });

  await t.test('after closing the browser the lab and the scrollback are still there', async () => {
    await openConsole(page, 'h1');
    await page.locator('[data-console="h1"] .xterm-helper-textarea').focus();
    await page.keyboard.type("echo still''-here");
    await page.keyboard.press('Enter');
    await until('the echo', 5000, async () => (await screen(page, 'h1')).includes('still-here'));
    await page.context().close();
    page = await openPage(browser);
    await signIn(page, demo.url, demo.student);
    await page.getByRole('link', { name: /^Continue Two LANs/ }).click();
    await page.getByRole('button', { name: /^h1, host, running/ }).click();
    await until('the scrollback', 10000, async () => (await screen(page, 'h1')).includes('still-here'));
    await page.getByText('100 / 100').first().waitFor();
  });

  await t.test('by keyboard alone: skip link, node, terminal, and out of it again', async () => {
    await page.reload();
    const node = page.getByRole('button', { name: /^h2, host, running/ });
    await node.waitFor();
    for (let i = 0; i < 60 && !(await node.evaluate(e => e === document.activeElement)); i++) await page.keyboard.press('Tab');
    assert.ok(await node.evaluate(e => e === document.activeElement), 'Tab never reached the node');
    await page.keyboard.press('Enter');
    const terminal = page.getByRole('textbox', { name: 'Console of h2' });
    await until('the focus in the terminal', 5000, () => terminal.evaluate(e => e === document.activeElement));
    await until('the prompt', 10000, async () => (await screen(page, 'h2')).includes('root@h2'));
    await page.keyboard.type("echo by''-keyboard");
    await page.keyboard.press('Enter');
    await until('the echo', 5000, async () => (await screen(page, 'h2')).includes('by-keyboard'));
    await page.keyboard.press('F6');
    assert.ok(!(await terminal.evaluate(e => e === document.activeElement)), 'F6 did not leave the terminal');
  });

  for (const [name, options] of [
    ['320 px, light', { viewport: { width: 320, height: 640 }, colorScheme: 'light' }],
    ['320 px, dark', { viewport: { width: 320, height: 640 }, colorScheme: 'dark' }],
    ['tablet, dark', { viewport: { width: 820, height: 1180 }, colorScheme: 'dark' }],
    ['projector, dark', { viewport: { width: 2560, height: 1440 }, colorScheme: 'dark' }],
  ])
    await t.test(`pages fit and pass axe: ${name}`, async () => {
      const p = await openPage(browser, options);
      await signIn(p, demo.url, demo.student);
      await audit(p, `exercise list, ${name}`);
      await p.goto(`${demo.url}/labs/${lab}`);
      await p.getByRole('button', { name: /Check my work/ }).waitFor();
      await audit(p, `lab, ${name}`);
      if (shots) await p.screenshot({ path: `${shots}/lab-${name.replaceAll(/[^a-z0-9]+/g, '-')}.png`, fullPage: true });
      assert.deepEqual(p.complaints, []);
      await p.context().close();
    });

  await t.test('the instructor sees who has which lab running and which score', async () => {
    const p = await openPage(browser);
    await signIn(p, demo.url, demo.instructor);
    await p.goto(`${demo.url}/overview`);
    const row = p.getByRole('row').filter({ hasText: 'Sam Student' }).filter({ hasText: /Two LANs/ });
    await row.waitFor();
    assert.match(await row.innerText(), /running/i);
    assert.match(await row.innerText(), /100/);
    await audit(p, 'overview');
    if (shots) await p.screenshot({ path: `${shots}/overview.png` });
    await p.context().close();
  });

  await t.test('the page had nothing to complain about', () => assert.deepEqual(page.complaints, []));

  await t.test('labctl on the machine sees the same lab', async () => {
    const st = JSON.parse(await labctl('status', lab, '--json'));
    assert.equal(st.state, 'running');
    assert.deepEqual(st.nodes.map(n => n.name).sort(), [...nodes].sort());
  });

  await t.test('Ctrl-C removes everything', async () => {
    await browser.close();
    stopped = true;
    const { left, out } = await demo.stop();
    assert.deepEqual(left, [], out);
    await until('nothing left on the machine', 10000, async () => { assert.deepEqual(demo.left(), []); return true; });
  });
});
