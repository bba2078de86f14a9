// Checks by programs of the author's: an honest and a wrong network on real guests, and programs that mean harm.
import test from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { Stack, cache, until } from './stack.mjs';

const topology = `<topology name="mail" version="1">
  <parameter name="lan" type="prefix" pool="10.64.0.0/10" length="24"/>
  <host name="mx"><interface name="eth0" network="lan1"><address>\${lan.10/}</address></interface></host>
  <host name="other"><interface name="eth0" network="lan1"><address>\${lan.11/}</address></interface></host>
  <network name="lan1"/>
</topology>`;
const serve = port => `setsid sh -c 'while :; do echo "220 here" | nc -l -w 3 -q 1 ${port}; done' </dev/null >/dev/null 2>&1 &\n`;
const greets = `#!/bin/sh
ping -c 1 -W 2 \${lan.10} >/dev/null || { echo '{"passed": false, "observed": "No answer to a ping."}'; exit; }
for try in 1 2 3 4; do # nobody listens between one connection and the next
  case $(nc -w 2 \${lan.10} 25 </dev/null) in 220*) echo '{"passed": true, "observed": "It greets <b>everybody</b>."}'; exit ;; esac
  sleep 0.5
done
echo '{"passed": 0.5, "observed": "It answers to pings, but does not greet."}'
`;

/** What each does, and what is said of it. */
const hostile = {
  bomb: ['bomb() { bomb | bomb & }; bomb; while :; do :; done', /was stopped|ended with status/],
  endless: ['exec cat /dev/zero', /printed more than 64 KiB|was stopped/],
  memory: ['exec tail /dev/zero', /ended with status|was stopped/],
  sleeper: ['trap "" TERM; setsid sleep 1000 & sleep 1000', /was stopped/],
  words: ['echo passed', /did not print one JSON object/],
  crash: ['echo \'{"passed": true}\'; kill -SEGV $$', /ended with status 139/],
  escape: ['echo \'{"passed": true, "observed": "\\u001b[2J"}\'', /control characters/],
};

/** Says in "observed" what it could do and should not.  %DIR%: a folder of the machine that everybody may write to. */
const nosy = `#!/bin/bash
got=
try() { if "\${@:2}" >/dev/null 2>&1; then got="$got $1"; fi; }
try control true
try shadow cat /etc/shadow
try machine test -e %DIR%
try leave touch %DIR%/x
try write touch /x
try write-usr touch /usr/bin/x
try proc test -e /proc/%PID%
try others test "$(ls -d /proc/[0-9]*/ | wc -l)" -gt 9
try root test "$(id -u)" = 0
try rights grep -q 'Cap...:.*[1-9a-f]' /proc/self/status
try regain grep -q 'NoNewPrivs:.*0' /proc/self/status
try unfiltered grep -q 'Seccomp:.*0' /proc/self/status
try network bash -c 'echo > /dev/tcp/127.0.0.1/%PORT%'
try address ip addr add 10.9.9.9/24 dev eth0
try namespace unshare -U true
try kernel sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'
try mounted mount -t tmpfs tmpfs /tmp
try device mknod /tmp/kmsg c 1 11
if [ "$got" = " control" ]; then echo '{"passed": true}'; else echo "{\\"passed\\": false, \\"observed\\": \\"It could:$got\\"}"; fi
`;

/** The processes of the lab's programs. */
function running(lab) {
  return readdirSync('/proc').filter(pid => {
    try { return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(`/${lab}/.script-`); } catch { return false; }
  });
}

function exercise(folder, id, checks, programs, grading = '') {
  const dir = path.join(folder, id);
  for (const d of ['checks', 'solution', 'wrong/silent', 'wrong/gone']) mkdirSync(path.join(dir, d), { recursive: true });
  const write = (file, text) => writeFileSync(path.join(dir, file), text);
  for (const [name, text] of Object.entries(programs)) write(`checks/${name}.sh`, text);
  write('topology.xml', topology);
  write('instructions.md', 'Serve mail.\n');
  write('solution/mx.sh', serve(25));
  write('wrong/silent/mx.sh', serve(26));
  write('wrong/gone/mx.sh', 'ip link set eth0 down\n');
  write('exercise.xml', `<exercise id="${id}" title="Mail">
  <summary>Serve mail.</summary><topology file="topology.xml"/><instructions file="instructions.md"/>
  <solution dir="solution"/>
  <wrong dir="wrong/silent" score="10">Listens at another port.</wrong><wrong dir="wrong/gone" score="0">Is not there.</wrong>
  <grading hold="2" deadline="2s" ${grading}><reference name="west" at="lan1" address="\${lan.250/}"/>${checks}</grading></exercise>`);
  return dir;
}
const check = (name, points, more = '') => `<check id="${name}" kind="script" title="${name}" points="${points}" from="west" run="checks/${name}.sh" ${more}/>`;

test('script', { timeout: 600000 }, async t => {
  const images = mkdtempSync('/tmp/pi.');
  const base = path.join(images, 'base');
  const real = name => realpathSync(path.join(cache, 'images/base', name));
  mkdirSync(base);
  for (const name of ['root', 'root.squashfs']) symlinkSync(real(name), path.join(base, name));
  const stack = await Stack.create({ images });
  t.after(() => stack.stop().finally(() => rmSync(images, { recursive: true })));
  const folder = path.join(stack.dir, 'exercises');
  mkdirSync(folder);

  await t.test('an honest network passes, a wrong one fails', async () => {
    const dir = exercise(folder, 'mail', check('greets', 20), { greets });
    const r = await stack.labctl(['exercise', 'test', dir, '--json'], { timeout: 300000 });
    assert.equal(r.status, 0, `${r.stdout}${r.stderr}${stack.logTail()}`);
    const runs = JSON.parse(r.stdout).runs;
    assert.deepEqual(runs.map(x => [x.name, x.score]), [['solution', 20], ['wrong/silent', 10], ['wrong/gone', 0]]);
  });

  await t.test('programs that mean harm do none, and are an error', async () => {
    const here = path.join(stack.dir, 'all');
    mkdirSync(here);
    chmodSync(here, 0o777);
    const look = nosy.replaceAll('%PORT%', stack.port).replaceAll('%PID%', process.pid).replaceAll('%DIR%', here);
    const programs = { look, ...Object.fromEntries(Object.entries(hostile).map(([k, [text]]) => [k, `#!/bin/sh\n${text}\n`])) };
    const dir = exercise(folder, 'harm', Object.keys(programs).map(n => check(n, 20, 'timeout="2s"')).join(''), programs);
    const lab = (await stack.ok(['up', dir, '--wait'])).trim();
    const r = await stack.labctl(['grade', lab], { timeout: 300000 });
    assert.equal(r.status, 1, `${r.stdout}${r.stderr}`);
    assert.match(r.stderr, /could not be made reliably: check 'bomb': The author's program (was stopped|ended)/);
    const said = readFileSync(stack.log, 'utf8').split('\n').filter(l => l.includes('script.failed'));
    for (const [i, name] of Object.keys(programs).entries()) {
      const own = said.filter(l => l.includes(`script=c${i} `) || l.includes(`script="c${i}"`));
      if (name === 'look') assert.deepEqual(own, []);
      else assert.ok(own.length >= 5 && own.every(l => hostile[name][1].test(l)), `${name}: ${own[0]}`);
    }
    assert.deepEqual(running(lab), []);
    assert.deepEqual(readdirSync(path.join(stack.runDir, 'labs', lab)).filter(n => n.startsWith('.script')), []);
    assert.deepEqual(readdirSync(here), []);
    await stack.ok(['exec', lab, 'mx', '--', 'true']);

    const cut = stack.labctl(['grade', lab]); // and nothing is left of them when labhost is killed
    await until('programs running', 30000, () => running(lab).length > 8);
    await stack.kill('host');
    await until('programs gone', 30000, () => running(lab).length === 0);
    await stack.startHost();
    assert.notEqual((await cut).status, 0);
    await until('the lab running again', 60000, async () => JSON.parse(await stack.ok(['status', lab, '--json'])).state === 'running');
    await stack.ok(['down', lab]);
  });

  await t.test('it is outside all that it should be outside of', async () => {
    const look = readFileSync(path.join(folder, 'harm/checks/look.sh'), 'utf8');
    const dir = exercise(folder, 'look', check('look', 20), { look });
    const lab = (await stack.ok(['up', dir, '--wait'])).trim();
    const r = JSON.parse((await stack.labctl(['grade', lab, '--json'])).stdout);
    assert.equal(r.checks[0].observed, "The exercise's own program found 100 % as it should be.");
    assert.equal(r.score, 20);
    rmSync(path.join(base, 'root')); // as where guests are no containers
    const packed = JSON.parse((await stack.labctl(['grade', lab, '--json'])).stdout);
    assert.equal(packed.score, 20);
    rmSync(path.join(base, 'root.squashfs'));
    const none = await stack.labctl(['grade', lab]);
    assert.match(none.stderr, /checks of the kind script need the guest image/);
  });
});
