// Checks that look at routing protocols from outside, each with a network that is as it should be and with networks that
// only look like it: real FRR in real containers, the grader's part real too.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Stack, until } from './stack.mjs';

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

const bgp = (as, neighbours, lines, { filter = '', extra = '' } = {}) => `${extra}vtysh <<'END'
configure terminal
${filter}router bgp ${as}
 no bgp ebgp-requires-policy
${neighbours.map(([a, n]) => ` neighbor ${a} remote-as ${n}\n neighbor ${a} timers connect 2\n`).join('')} address-family ipv4 unicast
${lines.map(l => `  ${l}\n`).join('')}end
END
`;

const statics = (...routes) => routes.map(r => `ip route add ${r}\n`).join('');

const topology = `<topology name="two-ways" version="1">
  <router name="w">
    <interface name="eth0" network="lan-w"><address>10.1.0.1/24</address></interface>
    <interface name="eth1"><address>10.9.1.1/30</address></interface>
    <interface name="eth2"><address>10.9.2.1/30</address></interface>
    <frr daemons="ospfd bgpd"/>
  </router>
  <router name="e">
    <interface name="eth0" network="lan-e"><address>10.2.0.1/24</address></interface>
    <interface name="eth1"><address>10.9.1.2/30</address></interface>
    <interface name="eth2"><address>10.9.2.2/30</address></interface>
    <frr daemons="ospfd bgpd"/>
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

/** Both families, and nobody at all in most of the prefixes. */
const double = `
    <reference name="west" at="lan-w" address="10.1.0.250/24" gateway="10.1.0.1" address6="2001:db8:1::fa/64" gateway6="2001:db8:1::1"/>`;
const addresses6 = {
  w: 'sysctl -w net.ipv6.conf.all.forwarding=1\nip addr add 2001:db8:1::1/64 dev eth0 nodad\nip addr add 2001:db8:9::1/64 dev eth1 nodad\n',
  e: 'ip addr add 2001:db8:9::2/64 dev eth1 nodad\n',
};

/** Writes an exercise: `solutions` maps a folder to {score, files: {node: script}}; the first is the reference solution. */
function exercise(parent, id, checks, solutions, { refs = references, deadline = '40s' } = {}) {
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
  <grading deadline="${deadline}">${refs}${checks}
  </grading>
</exercise>
`);
  return dir;
}

/** The OSPF daemons of the grader's below process `host`, each with the worker, the child of `host`, that it belongs to. */
function routers(host) {
  const lines = execFileSync('ps', ['-eo', 'pid=,ppid=,args=']).toString().trim().split('\n');
  const all = new Map(lines.map(l => l.trim().match(/^(\d+) +(\d+) (.*)$/)).map(m => [Number(m[1]), { pid: Number(m[1]), parent: Number(m[2]), args: m[3] }]));
  const worker = p => !p || p.parent === host ? p : worker(all.get(p.parent));
  return [...all.values()].filter(p => p.args.startsWith('/usr/lib/frr/ospfd -f') && worker(p)).map(p => ({ pid: p.pid, worker: worker(p).pid }));
}

test('routing seen from outside', { timeout: 900000 }, async t => {
  const stack = await Stack.create();
  let stopped = false;
  t.after(() => stopped || stack.stop());

  const run = (dir, ...more) => stack.labctl(['exercise', 'test', dir, '-j', '2', '--json', ...more], { timeout: 600000 });
  const scores = r => {
    assert.equal(r.status, 0, `${r.stdout}${r.stderr}`);
    return Object.fromEntries(JSON.parse(r.stdout).runs.map(x => [x.name, x.score]));
  };

  // Side by side: most of the time is spent waiting for the protocols' own timers.
  const convergenceRuns = run(exercise(stack.dir, 'convergence', `
  <check id="direct" kind="path" title="The short way is used" points="40" from="west" to="east" via="short" avoids="long"/>
  <check id="quick" kind="convergence" title="The other way is found quickly" points="60" requires="direct" from="west" to="east"
         cut="short" bands="2s:100 12s:50"/>`, {
    solution: { files: { w: ospf('1.1.1.1'), e: ospf('2.2.2.2') } },
    'wrong/slow': { score: 70, why: 'Routes are computed four seconds after the news.', files: {
      w: ospf('1.1.1.1', { extra: 'timers throttle spf 4000 4000 4000' }), e: ospf('2.2.2.2', { extra: 'timers throttle spf 4000 4000 4000' }) } },
    'wrong/static': { score: 40, why: 'Static routes over the short way only.', files: {
      w: statics('10.2.0.0/24 via 10.9.1.2'), e: statics('10.1.0.0/24 via 10.9.1.1') } },
  }));
  const ospfRuns = run(exercise(stack.dir, 'ospf', `
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
  }));
  const inside = 'ip prefix-list outside deny 10.9.9.0/24\nip prefix-list outside permit any\n';
  const customer = bgp(65002, [['10.9.1.1', 65001]], ['network 10.2.0.0/24', 'network 10.9.9.0/24'],
    { extra: statics('blackhole 10.9.9.0/24') });
  const bgpRuns = run(exercise(stack.dir, 'bgp', `
  <check id="reach" kind="reachability" title="West reaches east" points="20" from="west" to="east"/>
  <check id="transit" kind="bgp" title="The west is told of the east, and of nothing inside" points="80" peer="west" as="64999"
         router="10.1.0.1" router-as="65001" from="east" hears="10.2.0.0/24" path="65001 65002" not-hears="10.9.9.0/24"/>`, {
    solution: { files: { e: customer, w: bgp(65001, [['10.1.0.250', 64999], ['10.9.1.2', 65002]],
      ['network 10.1.0.0/24', 'neighbor 10.1.0.250 prefix-list outside out'], { filter: inside }) } },
    'wrong/leak': { score: 20, why: 'What is inside is told outside.', files: { e: customer,
      w: bgp(65001, [['10.1.0.250', 64999], ['10.9.1.2', 65002]], ['network 10.1.0.0/24']) } },
    'wrong/fake': { score: 20, why: 'The prefix is made up by a router that has no session with the east.', files: {
      e: statics('default via 10.9.1.1'),
      w: bgp(65001, [['10.1.0.250', 64999]], ['network 10.1.0.0/24', 'network 10.2.0.0/24'], { extra: statics('10.2.0.0/24 via 10.9.1.2') }) } },
    'wrong/static': { score: 20, why: 'No BGP at all.', files: {
      w: statics('10.2.0.0/24 via 10.9.1.2', 'default via 10.1.0.250'), e: statics('default via 10.9.1.1') } },
  }));
  const routes = (...w) => ({ w: addresses6.w + statics(...w), e: addresses6.e });
  const east = '10.2.0.0/24 via 10.9.1.2', three = '10.3.0.0/16 via 10.9.1.2', six = '2001:db8:2::/48 via 2001:db8:9::2';
  const copies = 'nft add table ip cheat\nnft add chain ip cheat own "{ type filter hook prerouting priority raw; }"\n' +
    'nft add rule ip cheat own iifname eth0 ip daddr { 10.2.0.0/24, 10.3.0.0/16 } dup to 10.9.1.2 device eth1\n';
  const routeDir = exercise(stack.dir, 'route', `
  <check id="routes" kind="route" title="The east is behind eth1" points="90" from="west" out="w:eth1" hops="1"
         prefixes="10.2.0.0/24 10.3.0.0/16 2001:db8:2::/48" absent="10.0.0.0/8 2001:db8::/32"/>`, {
    solution: { files: routes(east, three, six) },
    'wrong/default': { score: 0, why: 'Default routes instead of those that were asked for.',
      files: routes('default via 10.9.1.2', 'default via 2001:db8:9::2') },
    'wrong/default-4': { score: 30, why: 'A default route in one of the families.', files: routes('default via 10.9.1.2', six) },
    'wrong/local': { score: 0, why: 'The router has all the addresses itself, and answers.',
      files: routes('local 10.2.0.0/24 dev lo', 'local 10.3.0.0/16 dev lo', 'local 2001:db8:2::/48 dev lo') },
    'wrong/blackhole': { score: 60, why: 'A route that leads nowhere.', files: routes(east, 'blackhole 10.3.0.0/16', six) },
    'wrong/half': { score: 60, why: 'A route to one half.', files: routes(east, '10.3.0.0/17 via 10.9.1.2', six) },
    'wrong/other-way': { score: 60, why: 'The other link.', files: routes(east, '10.3.0.0/16 via 10.9.2.2', six) },
    'wrong/copies': { score: 30, why: 'The other link, and copies at the one that is watched.', files: {
      w: addresses6.w + copies + statics('10.2.0.0/24 via 10.9.2.2', '10.3.0.0/16 via 10.9.2.2', six), e: addresses6.e } },
  }, { refs: double, deadline: '10s' });
  // Four labs at a time would be felt where the length of an interruption is measured.
  const routeRuns = convergenceRuns.then(() => run(routeDir, '-j', '4'));

  await t.test('convergence: at once, late, and never', async () => {
    assert.deepEqual(scores(await convergenceRuns), { solution: 100, 'wrong/slow': 70, 'wrong/static': 40 });
  });

  await t.test('ospf: learned, and all that only looks like it', async () => {
    assert.deepEqual(scores(await ospfRuns), { solution: 100, 'wrong/area': 20, 'wrong/static': 20, 'wrong/fake': 20, 'wrong/forgotten': 60 });
  });

  await t.test('bgp: passed on, made up, leaked', async () => {
    assert.deepEqual(scores(await bgpRuns), { solution: 100, 'wrong/leak': 20, 'wrong/fake': 20, 'wrong/static': 20 });
  });

  await t.test('route: where packets into a prefix leave, with nobody there to answer', async () => {
    assert.deepEqual(scores(await routeRuns), {
      solution: 90, 'wrong/default': 0, 'wrong/default-4': 30, 'wrong/local': 0, 'wrong/blackhole': 60, 'wrong/half': 60,
      'wrong/other-way': 60, 'wrong/copies': 30,
    });
  });

  await t.test('the grader takes its routes and its routers away again, also when its worker is killed', async () => {
    const taught = path.join(stack.dir, 'taught');
    mkdirSync(taught);
    cpSync(path.join(stack.dir, 'ospf'), path.join(taught, 'ospf'), { recursive: true });
    await stack.kill('site', 'SIGTERM');
    await stack.startSite(taught);
    const id = (await stack.ok(['up', '--wait', 'ospf'])).trim();
    for (const n of ['w', 'e'])
      await stack.ok(['exec', id, n, '--', 'sh', '-s'], { input: readFileSync(path.join(taught, `ospf/solution/${n}.sh`)) });
    const show = what => stack.ok(['exec', id, 'w', '--', 'vtysh', '-c', `show ip ${what}`]);
    const trace = () => until('no neighbour and no route of the grader\'s', 15000, async () =>
      !(await show('ospf neighbor')).includes('10.1.0.250') && !(await show('route')).includes('198.1'));

    assert.equal(JSON.parse(await stack.ok(['grade', id, '--json'], { timeout: 300000 })).score, 100);
    await trace();

    const grading = stack.labctl(['grade', id, '--json'], { timeout: 300000 });
    const ours = await until('routers of the grader\'s', 120000, () => {
      const found = routers(stack.host.pid);
      return found.length >= 2 && found;
    });
    process.kill(ours[0].worker, 'SIGKILL');
    await until('its routers gone', 5000, () => ours.every(p => !existsSync(`/proc/${p.pid}`)));
    assert.equal(JSON.parse((await grading).stdout).score, 100, 'the round is done again');
    await trace();
    await stack.ok(['down', id]);
  });

  await t.test('nothing is left', async () => {
    stopped = true;
    await stack.stop();
    await until('nothing left on the machine', 10000, async () => {
      assert.deepEqual(stack.left(), []);
      return true;
    });
  });
});
