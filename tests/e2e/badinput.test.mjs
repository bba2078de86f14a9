// What bad input and a bad machine get: one sentence that names the cause, and no half lab.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, realpathSync, rmSync, symlinkSync, truncateSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { Stack, build, cache, more, until } from './stack.mjs';
import { Client } from './client.mjs';

const run = promisify(execFile);

const topology = (name, more = '') => `<topology name="${name}" version="1">
  <host name="h1"><interface name="eth0"><address>10.8.0.1/24</address></interface>${more}</host>
  <host name="h2"><interface name="eth0"><address>10.8.0.2/24</address></interface></host>
  <link name="cable" a="h1:eth0" b="h2:eth0"/>
</topology>\n`;

const labs = async stack => JSON.parse(await stack.ok(['list', '--json'])).labs;

function write(stack, name, text) {
  const file = path.join(stack.dir, name);
  writeFileSync(file, text);
  return file;
}

/** Nothing of a lab is there that was not there `before`. */
async function nothingSince(stack, before) {
  await until('nothing left', 15000, async () => {
    assert.deepEqual(more(before, await stack.traces()), []);
    return true;
  });
}

/** One line on stderr, beginning "labctl: ", with `cause` in it. */
function sentence(r, cause) {
  assert.match(r.stderr, /^labctl: [^\n]+\n$/, `not one sentence: ${r.stderr}`);
  assert.match(r.stderr, cause);
}

/** `up --wait` fails with one sentence and leaves nothing that runs; what is recorded goes with `down`. */
async function refusedWhole(stack, file, cause, before) {
  const r = await stack.labctl(['up', '--wait', file]);
  assert.notEqual(r.status, 0, `it came up as ${r.stdout}`);
  sentence(r, cause);
  const id = r.stdout.trim();
  if (id) {
    const st = JSON.parse(await stack.ok(['status', id, '--json']));
    assert.equal(st.state, 'failed');
    assert.match(st.error, cause);
    for (const n of st.nodes) assert.notEqual(n.state, 'running', n.name);
    await stack.ok(['down', id]);
  }
  assert.deepEqual(await labs(stack), []);
  await nothingSince(stack, before);
  return r;
}

async function works(stack, file) {
  const id = (await stack.ok(['up', '--wait', file])).trim();
  await stack.ok(['exec', id, 'h1', '--', 'ping', '-c', '3', '-i', '0.3', '-W', '2', '10.8.0.2']);
  await stack.ok(['down', id]);
}

/** labctl with at most `mb` of address space, so that what needs more fails. */
const frugal = (mb, args, timeout = 20000) => new Promise(resolve => {
  execFile('prlimit', [`--as=${mb << 20}`, '--', path.join(build, 'labctl'), ...args], { timeout, maxBuffer: 16 << 20 },
    (error, stdout, stderr) => resolve({ status: error ? (error.code ?? error.signal) : 0, stdout, stderr }));
});

const peakMb = pid => Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmHWM:\s+(\d+)/)[1]) / 1024;

test('bad input', { timeout: 300000 }, async t => {
  const stack = await Stack.create();
  t.after(() => stack.stop());
  await stack.addUser('alice', 'student', 'correct horse battery');
  await stack.addUser('mallory', 'student', 'correct horse battery');
  await stack.addUser('iris', 'instructor', 'correct horse battery');
  const alice = await new Client(stack).signIn('alice', 'correct horse battery');
  const mallory = await new Client(stack).signIn('mallory', 'correct horse battery');
  const iris = await new Client(stack).signIn('iris', 'correct horse battery');
  const before = await stack.traces();
  const good = write(stack, 'good.xml', topology('good'));

  await t.test('every problem of a topology is named with file and line, and up starts nothing', async () => {
    const file = write(stack, 'wrong.xml', `<topology name="wrong" version="1">
  <host name="h1">
    <interface name="eth0"><address>10.0.0.300/24</address></interface>
    <frobnicate/>
  </host>
  <host name="h1"/>
  <host name="h3" memory="many"/>
  <link name="l1" a="h1:eth9" b="nobody:eth0"/>
</topology>\n`);
    const r = await stack.labctl(['validate', file]);
    assert.equal(r.status, 1);
    const lines = r.stdout.trim().split('\n');
    for (const l of lines) assert.match(l, new RegExp(`^${file}:[0-9]+: (error|warning): .`));
    for (const at of [3, 4, 6, 7, 8]) assert.ok(lines.some(l => l.startsWith(`${file}:${at}: error: `)), `line ${at} is wrong, too:\n${r.stdout}`);
    const up = await stack.labctl(['up', file]);
    assert.equal(up.status, 1);
    assert.equal(up.stdout, '');
    assert.ok(up.stderr.startsWith(r.stdout), 'up names them all, too');
    assert.match(up.stderr, /labctl: .*wrong\.xml has [0-9]+ errors, so nothing was started\n$/);
    const http = await iris.request('POST', '/api/v1/labs', { topology: readFileSync(file, 'utf8') });
    assert.equal(http.status, 400);
    assert.equal(http.type, 'application/problem+json');
    assert.deepEqual(await labs(stack), []);
    await nothingSince(stack, before);
  });

  const names = ['', 'H1', '1h', '-x', 'h_1', 'h.1', 'h 1', 'h1;id', '$(id)', '../h1', 'h1/..', 'hé', 'h\u0001', `h${'x'.repeat(31)}`];

  for (const name of names)
    await t.test(`the name ${JSON.stringify(name)} is refused for lab, node and link`, async () => {
      const xml = name.replaceAll('\u0001', '&#1;');
      for (const text of [topology(xml), topology('x').replaceAll('h1', xml), topology('x').replaceAll('cable', xml)]) {
        const r = await stack.labctl(['validate', write(stack, 'name.xml', text)]);
        assert.equal(r.status, 1);
        assert.match(r.stdout, /name\.xml:[0-9]+: error: /);
        assert.equal((await iris.request('POST', '/api/v1/labs', { topology: text })).status, 400);
      }
      assert.equal((await iris.request('POST', '/api/v1/labs', { topology: topology('x'), name })).status, 400);
      assert.equal((await iris.request('POST', '/api/v1/labs', { topology: topology('x'), driver: name })).status, 400);
      assert.ok([400, 404].includes((await alice.request('POST', '/api/v1/labs', { exercise: name })).status));
      const r = await stack.labctl(['up', good, '--name', name]);
      assert.notEqual(r.status, 0);
      assert.deepEqual(await labs(stack), []);
    });

  await t.test('names in paths and in requests about a lab are refused', async () => {
    const id = (await stack.ok(['up', '--wait', good])).trim();
    for (const name of names) {
      const p = encodeURIComponent(name);
      for (const part of [p, p.replaceAll('.', '%2e')]) {
        for (const [method, url, body] of [
          ['GET', `/api/v1/labs/${part}`], ['DELETE', `/api/v1/labs/${part}`, {}], ['POST', `/api/v1/labs/${part}/reset`, {}],
          ['PATCH', `/api/v1/labs/${id}/links/${part}`, { state: 'down' }], ['GET', `/api/v1/exercises/${part}`],
        ]) {
          if (name === '' && /(labs|exercises)\/$/.test(url)) continue; // may mean the collection
          const r = await iris.request(method, url, body);
          assert.ok([400, 404, 405].includes(r.status), `${method} ${url}: ${r.status}`);
        }
        for (const kind of ['console', 'exec'])
          assert.ok([400, 404].includes(await iris.handshake(`/api/v1/labs/${id}/nodes/${part}/${kind}`)), `${kind} of ${part}`);
      }
      assert.ok([400, 404].includes((await iris.request('POST', `/api/v1/labs/${id}/reset`, { node: name })).status), `reset ${name}`);
      for (const args of [['exec', id, name, '--', 'id'], ['reset', id, name], ['link', id, name, 'down'], ['capture', id, `${name}:eth0`, '-w', '/dev/null']]) {
        const r = await stack.labctl(args, { timeout: 10000 });
        assert.ok([1, 2].includes(r.status), `labctl ${args.join(' ')}: ${r.status} ${r.stderr}`);
      }
    }
    const st = JSON.parse(await stack.ok(['status', id, '--json']));
    assert.equal(st.state, 'running');
    assert.equal(st.links[0].state, 'up');
    await stack.ok(['down', id]);
  });

  const lol = Array.from({ length: 10 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join('');
  const hostile = {
    'an entity of its own': `<!DOCTYPE topology [<!ENTITY x "h1">]>${topology('x', '&x;')}`,
    'an external entity': `<!DOCTYPE topology [<!ENTITY x SYSTEM "file:///etc/passwd">]>${topology('x', '<note>&x;</note>')}`,
    'an external DTD': `<!DOCTYPE topology SYSTEM "http://127.0.0.1:1/x.dtd">${topology('x')}`,
    'a parameter entity': `<!DOCTYPE topology [<!ENTITY % p SYSTEM "file:///dev/zero"> %p;]>${topology('x')}`,
    'a billion laughs': `<!DOCTYPE topology [<!ENTITY l0 "ha">${lol}]>${topology('x', '<note>&l10;</note>')}`,
    '100000 levels': `${'<a>'.repeat(100000)}${'</a>'.repeat(100000)}`,
    '500000 levels of hosts': '<host>'.repeat(500000),
    'a million attributes': `<topology ${Array.from({ length: 300000 }, (_, i) => `a${i}="x"`).join(' ')}/>`,
    'a million problems': `<topology name="x" version="1">${'<b/>'.repeat(900000)}</topology>`,
    'no XML at all': '\0\x01\x02\xff'.repeat(1000),
    nothing: '',
  };
  for (const [what, text] of Object.entries(hostile))
    await t.test(`XML with ${what} is refused quickly in bounded memory`, async () => {
      const file = write(stack, 'hostile.xml', text);
      const start = Date.now();
      const r = await frugal(192, ['validate', file]);
      assert.equal(r.status, 1, r.stderr);
      assert.match(r.stdout, /^[^\n]*hostile\.xml:[0-9]+: error: ./);
      assert.ok(r.stdout.length < 1 << 20, 'the answer itself has a bound');
      assert.ok(!r.stdout.includes('root:'), 'it read a file');
      const http = await iris.request('POST', '/api/v1/labs', { topology: text });
      assert.equal(http.status, 400, http.text.slice(0, 300));
      assert.ok(http.text.length < 65536);
      assert.ok(Date.now() - start < 10000, `took ${Date.now() - start} ms`);
    });

  await t.test('100 MB of nesting is refused, as a file and over HTTP', async () => {
    const file = path.join(stack.dir, 'huge.xml');
    const fd = openSync(file, 'w');
    const chunk = '<host>'.repeat(175000);
    for (let i = 0; i < 100; i++) writeSync(fd, chunk);
    closeSync(fd);
    let start = Date.now();
    for (const command of ['validate', 'up']) {
      const r = await frugal(192, [command, file]);
      assert.equal(r.status, 1, r.stderr);
      assert.match(r.stdout + r.stderr, /MiB|bytes|large|long/);
    }
    truncateSync(file, 55 << 20); // as large as labctl reads, and no larger in memory than it has to be
    const deep = await frugal(192, ['validate', file]);
    assert.equal(deep.status, 1, deep.stderr);
    assert.match(deep.stdout, /error: elements are nested more than 16 deep/);
    assert.ok(Date.now() - start < 5000, `labctl took ${Date.now() - start} ms`);
    unlinkSync(file);
    start = Date.now();
    const status = await iris.request('POST', '/api/v1/labs', (async function* body() {
      yield '{"topology":"';
      for (let i = 0; i < 100; i++) yield chunk;
      yield '"}';
    })()).then(r => r.status, e => e.code);
    assert.ok([413, 'EPIPE', 'ECONNRESET'].includes(status), `${status}`);
    assert.ok(Date.now() - start < 10000, `labd took ${Date.now() - start} ms`);
    assert.ok(peakMb(stack.site.pid) < 128, `labd took ${peakMb(stack.site.pid)} MB`);
    assert.equal((await iris.request('GET', '/healthz')).status, 200);
  });

  await t.test('a node whose startup fails is named with its output; the others run; down works', async () => {
    const file = write(stack, 'startup.xml', topology('startup', '<startup>echo "this is \x1b[31mwrong"\nls /nowhere\nexit 3</startup>'.replace('\x1b', '')));
    const r = await stack.labctl(['up', '--wait', file]);
    assert.equal(r.status, 1);
    const id = r.stdout.trim();
    assert.match(r.stderr, /^labctl: node h1 of lab [a-z0-9]{6} failed: /m);
    assert.match(r.stderr, /this is .*wrong/);
    assert.match(r.stderr, /nowhere/);
    const st = JSON.parse(await stack.ok(['status', id, '--json']));
    assert.equal(st.state, 'failed');
    const node = name => st.nodes.find(n => n.name === name);
    assert.equal(node('h1').state, 'failed');
    assert.match(node('h1').output, /nowhere/);
    assert.equal(node('h2').state, 'running');
    assert.equal(await stack.ok(['exec', id, 'h2', '--', 'hostname']), 'h2\n');
    await stack.ok(['down', id]);
    await nothingSince(stack, before);
  });

  await t.test('more memory than there is is refused up front, with both numbers and status 5', async () => {
    const free = Number(readFileSync('/proc/meminfo', 'utf8').match(/MemAvailable:\s+(\d+)/)[1]) / 1024;
    const n = Math.ceil((free * 4) / 65536) + 1; // labhost counts a quarter of what the nodes may take
    const hosts = Array.from({ length: n }, (_, i) => `<host name="h${i}" memory="65536"/>`).join('');
    const r = await stack.labctl(['up', write(stack, 'memory.xml', `<topology name="memory" version="1">${hosts}</topology>`)]);
    assert.equal(r.status, 5);
    sentence(r, new RegExp(`needs about ${(n * 65536) / 4} MB of memory, and [0-9]+ MB are free`));
    assert.deepEqual(await labs(stack), []);
    await nothingSince(stack, before);
  });

  await t.test("another user's lab is not there for a student, on every route", async () => {
    const started = await alice.request('POST', '/api/v1/labs', { exercise: 'static-routing' });
    assert.equal(started.status, 202, started.text);
    const id = started.json.id;
    await until('the lab running', 60000, async () => (await alice.request('GET', `/api/v1/labs/${id}`)).json.state === 'running');
    const lab = `/api/v1/labs/${id}`;
    const none = '/api/v1/labs/zzzzzz';
    for (const [method, route, body] of [
      ['GET', ''], ['DELETE', '', {}], ['POST', '/reset', {}], ['POST', '/reset', { node: 'h1' }], ['GET', '/events'],
      ['POST', '/attempts', {}], ['GET', '/attempts'],
    ]) {
      const r = await mallory.request(method, lab + route, body);
      assert.equal(r.status, 404, `${method} ${route}`);
      const other = await mallory.request(method, none + route, body);
      assert.deepEqual([other.status, r.text.replaceAll(id, 'zzzzzz')], [404, other.text], `${method} ${route} must look as if there were no such lab`);
    }
    for (const route of ['/nodes/h1/console', '/nodes/h1/exec', '/capture?port=h1:eth0']) {
      assert.equal(await mallory.handshake(lab + route), 404, route);
      assert.equal(await alice.handshake(lab + route), 101, route);
    }
    assert.deepEqual((await mallory.request('GET', '/api/v1/labs')).json.labs, []);
    assert.equal((await mallory.request('GET', '/api/v1/labs?all=1')).status, 403);
    assert.equal((await mallory.request('PATCH', `${lab}/links/lan1`, { state: 'down' })).status, 403);

    const attempt = await alice.request('POST', `${lab}/attempts`, {});
    assert.equal(attempt.status, 202, attempt.text);
    assert.equal((await mallory.request('GET', `/api/v1/attempts/${attempt.json.id}`)).status, 404);
    assert.equal((await alice.request('GET', `/api/v1/attempts/${attempt.json.id}`)).status, 200);

    const st = (await alice.request('GET', lab)).json;
    assert.equal(st.state, 'running', 'mallory has changed nothing');
    assert.equal((await alice.request('DELETE', lab, {})).status, 202);
    await until('the lab gone', 30000, async () => (await alice.request('GET', lab)).status === 404);
    await nothingSince(stack, before);
  });

  await t.test('the good topology still works, and nothing stays on the machine', async () => {
    await works(stack, good);
    await nothingSince(stack, before);
  });
});

test('a missing image', { timeout: 120000 }, async t => {
  const images = mkdtempSync('/tmp/pi.');
  t.after(() => rmSync(images, { recursive: true, force: true }));

  await t.test('labhost refuses to start without any, with the folder and what to do', async () => {
    await assert.rejects(Stack.create({ images }), new RegExp(`there is no guest image at ${images}/base/root; build it with`));
  });

  const base = path.join(images, 'base');
  symlinkSync(realpathSync(path.join(cache, 'images/base')), base);
  const stack = await Stack.create({ images });
  t.after(() => stack.stop());
  const before = await stack.traces();

  await t.test('up names the image that went away, and leaves no half lab', async () => {
    const was = realpathSync(base);
    unlinkSync(base);
    await refusedWhole(stack, write(stack, 'a.xml', topology('a')), /image base is not in /, before);
    symlinkSync(was, base);
    await works(stack, write(stack, 'a.xml', topology('a')));
  });

  await t.test('an image of a name that nobody has is refused likewise', async () => {
    await refusedWhole(stack, write(stack, 'b.xml', topology('b').replace('name="h2"', 'name="h2" image="nosuch"')), /image nosuch is not in /, before);
  });
});

test('a dead Open vSwitch', { timeout: 120000 }, async t => {
  const stack = await Stack.create();
  t.after(() => stack.stop());
  const file = write(stack, 'a.xml', topology('a'));

  for (const victims of [['ovs-vswitchd'], ['ovsdb-server'], ['ovs-vswitchd', 'ovsdb-server']])
    await t.test(`${victims.join(' and ')} killed: up says so, and a restart of labhost brings it back`, async () => {
      const id = (await stack.ok(['up', '--wait', file])).trim();
      await stack.ok(['exec', id, 'h1', '--', 'touch', '/srv/mine']);
      const before = await stack.traces();
      const others = new Set((await labs(stack)).map(l => l.id));
      for (const v of victims) process.kill(Number(readFileSync(path.join(stack.runDir, `ovs/${v}.pid`), 'utf8')), 'SIGKILL');
      const r = await stack.labctl(['up', '--wait', file]);
      assert.notEqual(r.status, 0);
      sentence(r, /Open vSwitch.*(restart labhost)/);
      await until('no other lab', 10000, async () => (await labs(stack)).every(l => others.has(l.id)));
      assert.deepEqual(more(before, await stack.traces({ ovs: false })), []);
      // The labs that there are live on: their wires come back with labhost.  With both daemons their namespace went and
      // the nodes have to boot again; what was written on their disks stays.
      await stack.kill('host', 'SIGTERM');
      await stack.startHost();
      await until('the lab wired again', 30000, async () =>
        (await stack.labctl(['exec', id, 'h1', '--', 'ping', '-c', '1', '-W', '1', '10.8.0.2'])).status === 0);
      await stack.ok(['exec', id, 'h1', '--', 'test', '-e', '/srv/mine']);
      await works(stack, file);
      await stack.ok(['down', id]);
    });
});

/** A stack with some of its folders on 2 MiB of their own. */
async function onSmallDisk(t, folders) {
  const disk = mkdtempSync('/tmp/pf.');
  const options = folders(disk);
  let stack;
  await run('mount', ['-t', 'tmpfs', '-o', 'size=2m,mode=0755', 'tmpfs', disk]);
  t.after(async () => {
    await stack?.stop();
    await run('umount', [disk]);
    rmSync(disk, { recursive: true });
  });
  for (const dir of Object.values(options)) mkdirSync(dir);
  stack = await Stack.create(options);
  return { stack, disk };
}

test('a full disk', { timeout: 240000 }, async t => {
  const { stack, disk } = await onSmallDisk(t, dir => ({ hostState: path.join(dir, 'host') }));
  const file = write(stack, 'a.xml', topology('a', `<file path="/srv/big">${'0123456789abcdef\n'.repeat(4000)}</file>`));
  await works(stack, file);
  const before = await stack.traces();

  /** Takes all of the disk but `kb`. */
  function fill(kb) {
    const ballast = path.join(disk, 'ballast');
    const fd = openSync(ballast, 'w');
    const page = Buffer.alloc(4096, 1);
    let n = 0;
    try { for (;; n++) writeSync(fd, page); } catch (e) { assert.equal(e.code, 'ENOSPC'); }
    closeSync(fd);
    const keep = openSync(ballast, 'r+');
    closeSync(keep);
    return run('truncate', ['-s', String(Math.max(0, n * 4096 - kb * 1024)), ballast]);
  }

  for (const kb of [0, 8, 40, 80, 100, 120])
    await t.test(`with ${kb} KiB free there is one sentence and no half lab`, async () => {
      await fill(kb);
      await refusedWhole(stack, file, /[Nn]o space left on device/, before);
    });

  await t.test('a running lab on a disk that has filled up', async t => {
    await rm(path.join(disk, 'ballast'));
    const id = (await stack.ok(['up', '--wait', file])).trim();
    const state = async () => JSON.parse(await stack.ok(['status', id, '--json']));
    await fill(0);
    await t.test('goes on; what cannot be recorded is refused and not done by half', async () => {
      const r = await stack.labctl(['link', id, 'cable', 'down']);
      assert.notEqual(r.status, 0);
      sentence(r, /[Nn]o space left on device/);
      await until('the lab running', 10000, async () => (await state()).state === 'running');
      assert.equal((await state()).links[0].state, 'up');
      await until('the wire as it was', 5000, async () => (await stack.labctl(['exec', id, 'h1', '--', 'ping', '-c', '1', '-W', '1', '10.8.0.2'])).status === 0);
    });
    await t.test('a reset takes no more than it gives back', async () => {
      await stack.ok(['reset', '--wait', id, 'h1']);
      for (const n of ['h1', 'h2']) assert.equal(await stack.ok(['exec', id, n, '--', 'hostname']), `${n}\n`);
    });
    await t.test('a restarted labhost keeps the lab, and down removes it, all without space', async () => {
      await stack.kill('host');
      await stack.startHost();
      await until('labd and labhost talking again', 10000, async () => (await stack.labctl(['status', '--host'])).status === 0);
      await until('the lab seen running', 10000, async () => (await stack.labctl(['exec', id, 'h1', '--', 'true'])).status === 0);
      assert.equal((await state()).state, 'running');
      assert.equal(await stack.ok(['exec', id, 'h2', '--', 'hostname']), 'h2\n');
      await stack.ok(['down', id]);
      await nothingSince(stack, before);
    });
  });

  await t.test('with room again the same lab comes up', async () => {
    unlinkSync(path.join(disk, 'ballast'));
    await works(stack, file);
    await nothingSince(stack, before);
  });
});

test('a full disk under labd', { timeout: 120000 }, async t => {
  const { stack, disk } = await onSmallDisk(t, dir => ({ siteState: path.join(dir, 'site') }));
  const file = write(stack, 'a.xml', topology('a'));
  const before = await stack.traces();

  await t.test('up says so in one sentence, and no lab is left', async () => {
    const fd = openSync(path.join(disk, 'ballast'), 'w');
    try { for (;;) writeSync(fd, Buffer.alloc(4096)); } catch (e) { assert.equal(e.code, 'ENOSPC'); }
    closeSync(fd);
    await refusedWhole(stack, file, /full|no space/i, before);
  });

  await t.test('with room again it works, without a restart', async () => {
    unlinkSync(path.join(disk, 'ballast'));
    await works(stack, file);
  });
});
