// Checks that look at routing protocols from outside, each with a network that is as it should be and with networks that
// only look like it: real FRR in real containers, the grader's part real too.
import test from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Stack, snapshot, leftBehind, until } from './stack.mjs';

const timers = ' ip ospf hello-interval 1\n ip ospf dead-interval 4\n';
const ospf = (router, { extra = '', area = 0, networks = ['10.0.0.0/8'] } = {}) => `vtysh <<'END'
configure terminal
interface eth0
${timers}exit
interface eth1
${timers} ip ospf network point-to-point
exit
interface eth2
${timers} ip ospf network point-to-point
 ip ospf cost 100
exit
router ospf
 ospf router-id ${router}
 ${networks.map(n => `network ${n} area ${area}`).join('\n ')}
 ${extra}
end
END
`;

const statics = (...routes) => routes.map(r => `ip route add ${r}\n`).join('');

const topology = `<topology name="two-ways" version="1">
  <router name="w">
    <interface name="eth0" network="lan-w"><address>10.1.0.1/24</address></interface>
    <interface name="eth1"><address>10.9.1.1/30</address></interface>
    <interface name="eth2"><address>10.9.2.1/30</address></interface>
    <frr daemons="ospfd"/>
  </router>
  <router name="e">
    <interface name="eth0" network="lan-e"><address>10.2.0.1/24</address></interface>
    <interface name="eth1"><address>10.9.1.2/30</address></interface>
    <interface name="eth2"><address>10.9.2.2/30</address></interface>
    <frr daemons="ospfd"/>
  </router>
  <network name="lan-w"/>
  <network name="lan-e"/>
  <link name="short" a="w:eth1" b="e:eth1"/>
  <link name="long" a="w:eth2" b="e:eth2"/>
</topology>
`;

const references = `
    <reference name="west" at="lan-w" address="10.1.0.250/24" gateway="10.1.0.1"/>
    <reference name="east" at="lan-e" address="10.2.0.250/24" gateway="10.2.0.1"/>`;

/** Writes an exercise: `solutions` maps a folder to {score, files: {node: script}}; the first is the reference solution. */
function exercise(parent, id, checks, solutions) {
  const dir = path.join(parent, id);
  mkdirSync(dir);
  writeFileSync(path.join(dir, 'topology.xml'), topology);
  writeFileSync(path.join(dir, 'instructions.md'), '# Two ways\n');
  for (const [name, { files }] of Object.entries(solutions)) {
    mkdirSync(path.join(dir, name), { recursive: true });
    for (const [node, script] of Object.entries(files)) writeFileSync(path.join(dir, name, `${node}.sh`), script);
  }
  const wrongs = Object.entries(solutions).filter(([name]) => name !== 'solution')
    .map(([name, s]) => `<wrong dir="${name}" score="${s.score}">${s.why}</wrong>`).join('\n  ');
  writeFileSync(path.join(dir, 'exercise.xml'), `<exercise id="${id}" title="Two ways" level="advanced" minutes="5" version="1">
  <summary>Two routers, two links.</summary>
  <topology file="topology.xml"/>
  <instructions file="instructions.md"/>
  <solution dir="solution"/>
  ${wrongs}
  <grading deadline="40s">${references}${checks}
  </grading>
</exercise>
`);
  return dir;
}

test('routing seen from outside', { timeout: 900000 }, async t => {
  const machine = snapshot();
  const stack = await Stack.create();
  let stopped = false;
  t.after(() => stopped || stack.stop());

  const scores = async dir => {
    const r = await stack.labctl(['exercise', 'test', dir, '--json'], { timeout: 600000 });
    assert.equal(r.status, 0, `${r.stdout}${r.stderr}`);
    return Object.fromEntries(JSON.parse(r.stdout).runs.map(x => [x.name, x.score]));
  };

  await t.test('convergence: at once, late, and never', async () => {
    const dir = exercise(stack.dir, 'convergence', `
    <check id="direct" kind="path" title="The short way is used" points="40" from="west" to="east" via="short" avoids="long"/>
    <check id="quick" kind="convergence" title="The other way is found quickly" points="60" requires="direct" from="west" to="east"
           cut="short" bands="2s:100 12s:50"/>`, {
      solution: { files: { w: ospf('1.1.1.1'), e: ospf('2.2.2.2') } },
      'wrong/slow': { score: 70, why: 'Routes are computed four seconds after the news.', files: {
        w: ospf('1.1.1.1', { extra: 'timers throttle spf 4000 4000 4000' }), e: ospf('2.2.2.2', { extra: 'timers throttle spf 4000 4000 4000' }) } },
      'wrong/static': { score: 40, why: 'Static routes over the short way only.', files: {
        w: statics('10.2.0.0/24 via 10.9.1.2'), e: statics('10.1.0.0/24 via 10.9.1.1') } },
    });
    assert.deepEqual(await scores(dir), { solution: 100, 'wrong/slow': 70, 'wrong/static': 40 });
  });

  await t.test('ospf: learned, and all that only looks like it', async () => {
    const dir = exercise(stack.dir, 'ospf', `
    <check id="reach" kind="reachability" title="West reaches east" points="20" from="west" to="east"/>
    <check id="learned" kind="ospf" title="What is announced in the west is known in the east" points="80" peer="west" hello="1s"
           dead="4s" from="east" heard-by="east" hears="10.2.0.0/24 10.9.2.0/30"/>`, {
      solution: { files: { w: ospf('1.1.1.1'), e: ospf('2.2.2.2') } },
      'wrong/area': { score: 20, why: 'The whole network is area 1.', files: {
        w: ospf('1.1.1.1', { area: 1 }), e: ospf('2.2.2.2', { area: 1 }) } },
      'wrong/static': { score: 20, why: 'No OSPF at all: whatever is not known goes to the test router.', files: {
        w: statics('10.2.0.0/24 via 10.9.1.2', 'default via 10.1.0.250'), e: statics('default via 10.9.1.1') } },
      // Our neighbour is told what it wants to hear, and its packets arrive: only the news goes no further.
      'wrong/fake': { score: 20, why: 'OSPF towards the test routers only, with the other prefixes made up.', files: {
        w: `${statics('10.2.0.0/24 via 10.9.1.2')}` +
          ospf('1.1.1.1', { networks: ['10.1.0.0/24'], extra: 'redistribute kernel\n redistribute connected' }),
        e: statics('default via 10.9.1.1') + ospf('2.2.2.2', { networks: ['10.2.0.0/24'], extra: 'redistribute kernel' }) } },
      'wrong/forgotten': { score: 60, why: 'The long way is not announced.', files: {
        w: ospf('1.1.1.1', { networks: ['10.1.0.0/24', '10.9.1.0/30'] }), e: ospf('2.2.2.2', { networks: ['10.2.0.0/24', '10.9.1.0/30'] }) } },
    });
    assert.deepEqual(await scores(dir), { solution: 100, 'wrong/area': 20, 'wrong/static': 20, 'wrong/fake': 20, 'wrong/forgotten': 60 });
  });

  await t.test('nothing is left', async () => {
    stopped = true;
    await stack.stop();
    await until('nothing left on the machine', 10000, async () => {
      assert.deepEqual(leftBehind(machine, stack.dir), []);
      return true;
    });
  });
});
