// exercises/GUIDE.md, followed word by word on the real stack: every fenced block is a file to write, a change to
// make, or commands to type whose answers have to be those on the page.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Stack, build, top } from './stack.mjs';

/** The fenced blocks with their headings, in order; `file` is what the sentence before a block names last. */
function steps(text) {
  const found = [];
  let heading = '', said = '', block = null;
  for (const [i, line] of text.split('\n').entries()) {
    const fence = line.match(/^```(\w*)$/);
    if (block && fence) {
      found.push(block);
      block = null;
      said = '';
    } else if (block) {
      block.lines.push(line);
    } else if (fence) {
      block = { heading, kind: fence[1], line: i + 1, file: said.match(/`([\w./-]+)`:\s*$/)?.[1], lines: [] };
    } else if (line.startsWith('#')) {
      heading = line.replace(/^#+ /, '');
      said = '';
    } else {
      said = line === '' ? said : `${said} ${line}`;
    }
  }
  assert.equal(block, null, 'the last block is closed');
  return found;
}

/** [{command, answer: [line...]}] of a console block. */
function commands(block) {
  const list = [];
  for (const line of block.lines) {
    if (line.startsWith('$ ')) list.push({ command: line.slice(2), answer: [] });
    else list.at(-1).answer.push(line);
  }
  return list;
}

/** Whether the lines came as the page has them: "..." is any number of lines, seconds may differ, and with them the
 * width of a column. */
function matches(answer, printed) {
  const pattern = answer.map(line => (line === '...' ? '(?:.*\n)*?'
    : `${line.trim().split(/\s+/).map(w => (/^\d+\.\d$/.test(w) ? '\\d+\\.\\d' : w.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&'))).join(' +')} *\n`));
  return new RegExp(`^${pattern.join('')}$`).test(printed.replace(/^[ \t]+/gm, ''));
}

test('what counts as the answer on the page', () => {
  const page = ['...', 'SOLUTION  SCORE  SECONDS  RESULT', 'solution  10     2.0      ok'];
  assert.ok(matches(page, 'solution ...\nSOLUTION  SCORE  SECONDS  RESULT\nsolution  10     12.3     ok\n'));
  assert.ok(!matches(page, 'SOLUTION  SCORE  SECONDS  RESULT\nsolution  9      12.3     ok\n'));
  assert.ok(!matches(page, 'SOLUTION  SCORE  SECONDS  RESULT\nsolution  10     12.3     ok\nmore\n'));
  assert.ok(!matches(['1'], ''));
});

test('the guide for authors', { timeout: 1800000 }, async t => {
  const guide = steps(readFileSync(path.join(top, 'exercises/GUIDE.md'), 'utf8'));
  const folder = mkdtempSync('/tmp/pg.');
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const stack = await Stack.create();
  t.after(() => stack.stop());
  const env = { ...process.env, PATH: `${build}:${process.env.PATH}`, LABCTL_SOCKET: path.join(stack.runDir, 'labd.sock') };
  let status = 0;

  const type = command => new Promise(resolve => {
    execFile('/bin/bash', ['-c', `exec 2>&1; (exit ${status}); ${command}`], { cwd: folder, env, timeout: 600000 },
      (error, stdout) => { status = error ? (error.code ?? 255) : 0; resolve(stdout); });
  });
  const change = b => {
    const file = path.join(folder, b.file), text = readFileSync(file, 'utf8');
    const without = sign => b.lines.filter(l => l[0] !== sign).map(l => `${l.slice(1)}\n`).join('');
    const old = without('+');
    assert.equal(text.split(old).length, 2, `line ${b.line}: what is to be changed is in ${b.file} once`);
    writeFileSync(file, text.replace(old, () => without('-')));
  };

  for (const [i, b] of guide.entries()) {
    await t.test(`${b.heading}, line ${b.line}: ${b.kind} ${b.file ?? ''}`, async () => {
      if (b.kind !== 'console') assert.ok(b.file, 'the sentence before the block ends with the name of the file');
      if (b.kind === 'diff') return change(b);
      if (b.kind !== 'console') {
        mkdirSync(path.dirname(path.join(folder, b.file)), { recursive: true });
        return writeFileSync(path.join(folder, b.file), `${b.lines.join('\n')}\n`);
      }
      const list = commands(b);
      if (i === 0) assert.match(list[0].command, /^labctl exercise new /);
      for (const [k, { command, answer }] of list.entries()) {
        const printed = await type(command);
        assert.ok(matches(answer, printed), `$ ${command}\n${printed}`);
        // A reader takes it that a command works unless the page looks at its status.
        if (list[k + 1]?.command !== 'echo $?') assert.equal(status, 0, `$ ${command}\n${printed}`);
      }
    });
  }

  await t.test('it has all that an author does', () => {
    const all = guide.filter(b => b.kind === 'console').flatMap(commands);
    assert.deepEqual(['xml', 'markdown', 'sh', 'diff', 'console'].filter(k => !guide.some(b => b.kind === k)), []);
    assert.ok(all.some(c => c.answer.some(l => l.includes('DIFFERS'))), 'a cheat is caught');
    assert.ok(all.filter(c => c.command.startsWith('labctl exercise test ')).length >= 3);
  });
});
