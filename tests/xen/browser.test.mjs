// `make demo DRIVER=xen` as a person uses it: Chromium on this machine, labd and the domains in the nested one.
import test from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, existsSync } from 'node:fs';
import path from 'node:path';
import { top, startDemo, until } from '../e2e/stack.mjs';
import { fill, lansShown } from '../e2e/values.mjs';
import { openBrowser, openPage, signIn, screen, openConsole, typeScript, check } from '../e2e/page.mjs';

const shots = process.env.SHOTS; // a folder for screenshots, to look at
const exercise = path.join(top, 'exercises/static-routing');
const nodes = ['h1', 'r1', 'h2'];
const running = (page, n) => page.getByRole('button', { name: new RegExp(`^${n}, (host|router), running`) }).waitFor({ timeout: 180000 });

test('the demo on Xen, from sign-in to score', { timeout: 1200000 }, async t => {
  const demo = await startDemo({ driver: 'xen' });
  const browser = await openBrowser();
  let stopped = false;
  t.after(async () => {
    await browser.close();
    if (!stopped) await demo.stop();
  });
  const page = await openPage(browser);

  await t.test('an exercise starts', async () => {
    await signIn(page, demo.url, demo.student);
    await page.getByRole('button', { name: /^Start Two LANs/ }).click();
    await page.waitForURL(/\/labs\/[a-z0-9]{6}$/);
    for (const n of nodes) await running(page, n);
  });

  await t.test('the solution, typed into Xen consoles, gets 100 %', async () => {
    const values = await lansShown(page);
    for (const n of nodes) {
      const file = path.join(exercise, 'solution', `${n}.sh`);
      if (existsSync(file)) await typeScript(page, n, fill(readFileSync(file, 'utf8'), values));
    }
    const r = await check(page);
    assert.deepEqual([r.score, r.max], [100, 100], JSON.stringify(r.checks));
    if (shots) await page.screenshot({ path: `${shots}/xen-solved.png` });
  });

  await t.test('the kernel is the node\'s own', async () => {
    await openConsole(page, 'h1');
    await page.locator('[data-console="h1"] .xterm-helper-textarea').focus();
    await page.keyboard.type('cat /sys/hypervisor/type; uname -r; echo left >/run/note');
    await page.keyboard.press('Enter');
    await until('the answer', 20000, async () => /xen\n/.test(await screen(page, 'h1')));
  });

  await t.test('suspended and resumed, the work is there and counts', async () => {
    await page.getByRole('button', { name: /^Suspend/ }).first().click();
    const confirm = page.getByRole('dialog').getByRole('button', { name: /^Suspend/ });
    await confirm.click({ timeout: 3000 }).catch(() => {}); // if it asks
    await page.getByRole('button', { name: /^Resume/ }).first().waitFor({ timeout: 180000 });
    if (shots) await page.screenshot({ path: `${shots}/xen-suspended.png` });
    await page.getByRole('button', { name: /^Resume/ }).first().click();
    for (const n of nodes) await running(page, n);
    await openConsole(page, 'h1');
    await page.locator('[data-console="h1"] .xterm-helper-textarea').focus();
    await page.keyboard.press('Enter');
    await page.keyboard.type("cat /run/note; echo still''-here");
    await page.keyboard.press('Enter');
    await until('the note', 30000, async () => /left\n[^]*still-here/.test(await screen(page, 'h1')));
    const r = await check(page);
    assert.deepEqual([r.score, r.max], [100, 100], JSON.stringify(r.checks));
  });

  await t.test('the page had nothing to complain about', () => assert.deepEqual(page.complaints, []));

  await t.test('Ctrl-C removes everything', async () => {
    await browser.close();
    stopped = true;
    const { left, out } = await demo.stop();
    assert.deepEqual(left, [], out);
    await until('nothing left on the machine', 10000, async () => { assert.deepEqual(demo.left(), []); return true; });
  });
});
