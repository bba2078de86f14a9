// Pictures of every page at several widths, dark and light, and what axe finds on them.  Needs `npm run mock`.
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const OUT = process.argv[2];
if (OUT === undefined) throw new Error('usage: npm run shots -- FOLDER [light|dark] [WIDTH...]');
const THEMES = ['light', 'dark'].filter((t) => !['light', 'dark'].includes(process.argv[3]) || process.argv[3] === t);
const WIDTHS = process.argv.slice(4).length > 0 ? process.argv.slice(4).map(Number) : [320, 768, 1440];
const BASE = process.env.BASE ?? 'http://127.0.0.1:8099';
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

await mkdir(OUT, { recursive: true });
const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
for (const width of WIDTHS)
    for (const theme of THEMES) {
        const context = await browser.newContext({ viewport: { width, height: width < 500 ? 720 : 900 }, colorScheme: theme, reducedMotion: 'reduce' });
        const page = await context.newPage();
        page.on('console', (m) => ['error', 'warning'].includes(m.type()) && !/40[14]/.test(m.text()) && console.log(`${width} ${theme} ${m.type()}: ${m.text()}`));
        page.on('pageerror', (e) => console.log(`${width} ${theme} page error: ${e.stack}`));
        const shot = async (name) => {
            await page.waitForTimeout(250);
            await page.screenshot({ path: `${OUT}/${width}-${theme}-${name}.png`, fullPage: width < 1000 });
            const { violations } = await page.evaluate(`${axe}; axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], rules: { 'label-content-name-mismatch': { enabled: false } } })`);
            for (const v of violations) console.log(`${width} ${theme} ${name}: axe ${v.id}: ${v.nodes.map((n) => n.target.join(' ')).slice(0, 3).join(' | ')} ${v.nodes[0].failureSummary.split('\n')[1]}`);
            const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
            if (wide > 0) console.log(`${width} ${theme} ${name}: ${wide} px too wide`);
        };
        await page.goto(`${BASE}/labs/abcdef`);
        await page.getByRole('heading', { name: 'Sign in' }).waitFor();
        await shot('1-signin');
        await page.getByLabel('Login').fill('instructor');
        await page.getByLabel('Password').fill('wrong');
        await page.getByRole('button', { name: 'Sign in' }).click();
        await page.getByRole('alert').getByText('do not belong').waitFor();
        await page.getByLabel('Password').fill('instructor');
        await page.getByRole('button', { name: 'Sign in' }).click();
        await page.getByText('There is no such lab').waitFor();
        await page.goto(`${BASE}/`);
        await page.getByRole('heading', { name: 'Exercises' }).waitFor();
        await page.getByRole('heading', { name: 'Static routing' }).waitFor();
        await shot('2-exercises');
        await page.getByRole('link', { name: 'An office with two VLANs' }).click();
        await page.getByRole('heading', { name: 'What is checked' }).waitFor();
        await shot('3-exercise');
        await page.getByRole('link', { name: 'Exercises' }).first().click();
        const go = page.getByRole('button', { name: 'Start Static routing' });
        await go.click();
        await page.getByText('creating').first().waitFor();
        await page.waitForTimeout(100);
        await shot('4-starting');
        await page.getByText('3 of 3 nodes running').waitFor();
        await page.getByRole('button', { name: /^h1, host/ }).press('Enter');
        await page.getByRole('textbox', { name: 'Console of h1' }).waitFor();
        await page.waitForTimeout(500);
        await page.keyboard.type('ip address show\rcolours\r');
        await shot('5-console');
        await page.getByRole('button', { name: /^r1, router/ }).click();
        await page.getByRole('button', { name: 'Tiles' }).click();
        await page.getByLabel('Addresses').check();
        await page.getByRole('button', { name: 'Check my work' }).click();
        await shot('6-checking');
        await page.getByText('Attempt 1,').waitFor();
        await page.getByText('Hint').first().click();
        await shot('7-report');
        await page.getByRole('button', { name: 'Stop lab' }).click();
        await shot('8-dialog');
        await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
        await page.getByRole('textbox', { name: 'Console of h1' }).focus();
        await page.keyboard.type('poweroff\r');
        await page.getByRole('heading', { name: 'h1 stopped' }).waitFor();
        await page.getByRole('textbox', { name: 'Console of r1' }).focus();
        await page.keyboard.type('crash\r');
        await page.getByRole('heading', { name: 'r1 stopped' }).waitFor();
        await shot('b-stopped');
        await page.getByRole('button', { name: 'Start h1 again' }).first().press('Enter');
        await page.getByText('2 of 3 nodes running').waitFor();
        if (!(await page.getByRole('button', { name: 'Start r1 again' }).first().evaluate((e) => e === document.activeElement)))
            console.log(`${width} ${theme}: the focus did not go to the next stopped node`);
        await page.getByRole('button', { name: 'Start r1 again' }).first().click();
        await page.getByText('3 of 3 nodes running').waitFor();
        await page.getByRole('button', { name: 'Suspend lab' }).press('Enter');
        await shot('c-suspend-dialog');
        await page.keyboard.press('Tab');
        await page.keyboard.press('Enter');
        await page.getByText('Suspending…').waitFor();
        await shot('d-suspending');
        await page.getByRole('heading', { name: 'This lab is suspended' }).waitFor();
        await page.waitForTimeout(100);
        await shot('e-suspended');
        if (!(await page.getByRole('button', { name: 'Resume lab' }).evaluate((e) => e === document.activeElement)))
            console.log(`${width} ${theme}: the focus did not go from Suspend to Resume`);
        await page.goto(`${BASE}/`);
        await page.getByText('Suspended').waitFor();
        await shot('f-list-suspended');
        await page.goto(`${BASE}/overview`);
        await page.getByText('Suspended').waitFor();
        await shot('g-overview-suspended');
        await page.goBack();
        await page.getByRole('link', { name: 'Continue Static routing' }).click();
        await page.getByRole('button', { name: 'Resume lab' }).press('Enter');
        await page.getByText('3 of 3 nodes running').waitFor();
        if (!(await page.getByRole('button', { name: 'Suspend lab' }).evaluate((e) => e === document.activeElement)))
            console.log(`${width} ${theme}: the focus did not go from Resume to Suspend`);
        await shot('h-resumed');
        await page.goto(`${BASE}/`);
        await page.getByRole('button', { name: 'Start Abilene' }).or(page.getByRole('link', { name: 'Continue Abilene' })).click();
        await page.getByText('14 of 14 nodes running').waitFor({ timeout: 60000 });
        await shot('9-abilene');
        await page.getByText('Interfaces and links as tables').click();
        await shot('9-tables');
        await page.goto(`${BASE}/overview`);
        await page.getByRole('table').waitFor();
        await shot('a-overview');
        for (const lab of await page.evaluate(async () => (await (await fetch('/api/v1/labs')).json()).labs.map((l) => l.id))) {
            await page.goto(`${BASE}/labs/${lab}`);
            await page.getByRole('button', { name: 'Stop lab' }).click();
            await page.getByRole('dialog').getByRole('button', { name: 'Stop lab' }).click();
            await page.getByText('There is no such lab').waitFor();
        }
        await page.getByRole('button', { name: 'Sign out' }).click();
        await page.getByRole('heading', { name: 'Sign in' }).waitFor();
        await context.close();
    }
await browser.close();
