// What the browser tests do on the pages: by role and name, as a person or a screen reader finds things.
import { createRequire } from 'node:module';
import path from 'node:path';
import { top, until } from './stack.mjs';

const require = createRequire(path.join(top, 'web/package.json'));
const { chromium } = require('playwright-core');
export const axeSource = require('axe-core').source;

export async function openBrowser() {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
      '--disable-sync'],
  });
}

/** A page of its own session that fails the test for anything the browser complains about. */
export async function openPage(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  page.complaints = [];
  page.on('pageerror', e => page.complaints.push(`error: ${e.message}`));
  page.on('console', m => { if (m.type() === 'error') page.complaints.push(`console: ${m.text()}`); });
  return page;
}

export async function signIn(page, url, { login, password }) {
  await page.goto(url);
  await page.getByLabel('Login').fill(login);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { level: 1, name: /Exercises|Overview/ }).waitFor();
  // Before signing in, the page asks who one is and is told 401: that is not a complaint.
  page.complaints = page.complaints.filter(c => !/401/.test(c));
}

/** The text that a node's terminal shows. */
export async function screen(page, node) {
  return page.locator(`[data-console="${node}"] .xterm-rows`).evaluate(e => [...e.children].map(r => r.textContent.trimEnd()).join('\n'));
}

export async function openConsole(page, node) {
  await page.getByRole('button', { name: new RegExp(`^${node}, (host|router)`) }).click();
  await until(`the prompt of ${node}`, 20000, async () => (await screen(page, node)).includes(`root@${node}`));
}

/** Types a script into a node's console, line by line, as a student would, and waits until it has run. */
export async function typeScript(page, node, script) {
  await openConsole(page, node);
  await page.locator(`[data-console="${node}"] .xterm-helper-textarea`).focus();
  for (const line of script.split('\n')) {
    if (line.trim() === '' || line.startsWith('#!')) continue;
    await page.keyboard.type(line);
    await page.keyboard.press('Enter');
  }
  const mark = `done-${Math.random().toString(36).slice(2, 8)}`;
  await page.keyboard.type(`echo ${mark.slice(0, 5)}''${mark.slice(5)}`); // so that the echo of what is typed does not match
  await page.keyboard.press('Enter');
  await until(`the script of ${node} to end`, 60000, async () => (await screen(page, node)).includes(mark));
}

/** Presses "Check my work" and gives the report's score and the status of each check. */
export async function check(page) {
  const before = await page.locator('.report').count() ? await page.locator('.score-words').innerText() : '';
  await page.getByRole('button', { name: /Check my work/ }).click();
  await until('the report', 180000, async () => {
    const failure = page.locator('.failure');
    if (await failure.count()) throw new Error(await failure.innerText());
    return await page.locator('.report').count() && (await page.locator('.score-words').innerText()) !== before;
  });
  return page.locator('.report').evaluate(r => ({
    score: Number(r.dataset.score),
    max: Number(r.dataset.maxScore),
    checks: Object.fromEntries([...r.querySelectorAll('[data-check]')].map(c => [c.dataset.check, c.dataset.status])),
  }));
}

/** No accessibility violation that axe knows, nothing wider than the window. */
export async function audit(page, what) {
  await page.evaluate(axeSource);
  // What a guest prints into its terminal, and in which colours, is the guest's.
  const found = await page.evaluate(() => window.axe.run({ exclude: [['.xterm-rows']] }, {
    resultTypes: ['violations'],
    // It wants all text of a node, name and state, in one run; the label has both, with the kind between.
    rules: { 'label-content-name-mismatch': { enabled: false } },
  }));
  const bad = found.violations.map(v => `${v.id}: ${v.nodes.map(n => n.target.join(' ')).join(', ')}`);
  if (bad.length) throw new Error(`${what}: ${bad.join('; ')}`);
  const [inner, scroll] = await page.evaluate(() => [window.innerWidth, document.documentElement.scrollWidth]);
  if (scroll > inner) throw new Error(`${what}: the page is ${scroll} px wide in a window of ${inner}`);
}
