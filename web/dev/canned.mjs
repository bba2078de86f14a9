// The pretended labd's exercises, topologies and reports.

const host = (name, x, y, network, addresses = []) => ({
    name,
    kind: 'host',
    x,
    y,
    interfaces: [{ name: 'eth0', mac: '02:70:6c:00:00:01', link: null, network, addresses }],
});
const router = (name, x, y, ports) => ({
    name,
    kind: 'router',
    x,
    y,
    interfaces: ports.map((p, i) => ({
        name: `eth${i}`,
        mac: `02:70:6c:00:01:0${i}`,
        link: p.link ?? null,
        network: p.network ?? null,
        addresses: p.addresses ?? [],
    })),
});

const twoLans = {
    nodes: [
        host('h1', 120, 120, 'lan1', ['10.0.1.10/24']),
        host('h2', 880, 120, 'lan2', ['10.0.2.10/24']),
        router('r1', 500, 300, [{ network: 'lan1' }, { network: 'lan2' }]),
    ],
    elements: [
        { name: 'lan1', kind: 'network', x: 300, y: 200 },
        { name: 'lan2', kind: 'network', x: 700, y: 200 },
    ],
    links: [],
};

const wire = (name, a, b) => {
    const [an, ai] = a.split(':');
    const [bn, bi] = b.split(':');
    const none = { delay_us: 0, loss_ppm: 0 };
    return {
        name,
        a: { node: an, interface: ai ?? null },
        b: { node: bn, interface: bi ?? null },
        state: 'up',
        impairment: { a: { ...none }, b: { ...none } },
    };
};
const linked = (name, kind, x, y, ports, preset = {}) => ({
    name,
    kind,
    x,
    y,
    interfaces: ports.map((link, i) => ({
        name: `eth${i}`,
        mac: `02:70:6c:aa:00:0${i}`,
        link,
        network: null,
        addresses: preset[`eth${i}`] ?? [],
    })),
});

const vlan = {
    nodes: [
        linked('desk1', 'host', 80, 480, ['l1']),
        linked('desk2', 'host', 360, 480, ['l2']),
        linked('printer', 'host', 640, 480, ['l3'], { eth0: ['192.168.20.9/24', '2001:db8:20::9/64'] }),
        linked('server', 'host', 920, 480, ['l4']),
        linked('gw', 'router', 500, 60, ['up']),
    ],
    elements: [{ name: 'sw1', kind: 'switch', x: 500, y: 260 }],
    links: [
        wire('l1', 'desk1:eth0', 'sw1:p1'),
        wire('l2', 'desk2:eth0', 'sw1:p2'),
        wire('l3', 'printer:eth0', 'sw1:p3'),
        wire('l4', 'server:eth0', 'sw1:p4'),
        wire('up', 'gw:eth0', 'sw1:trunk'),
    ],
};

// Cities of the Abilene backbone, by longitude and latitude.
const city = {
    seattle: [60, 60],
    sunnyvale: [40, 300],
    losangeles: [120, 420],
    denver: [340, 270],
    kansascity: [530, 290],
    houston: [540, 510],
    indianapolis: [680, 240],
    chicago: [660, 120],
    atlanta: [760, 430],
    washington: [880, 270],
    newyork: [940, 140],
};
const trunks = [
    ['seattle', 'sunnyvale'],
    ['seattle', 'denver'],
    ['sunnyvale', 'losangeles'],
    ['sunnyvale', 'denver'],
    ['losangeles', 'houston'],
    ['denver', 'kansascity'],
    ['kansascity', 'houston'],
    ['kansascity', 'indianapolis'],
    ['houston', 'atlanta'],
    ['indianapolis', 'chicago'],
    ['indianapolis', 'atlanta'],
    ['chicago', 'newyork'],
    ['atlanta', 'washington'],
    ['washington', 'newyork'],
];
function abilene() {
    const ports = Object.fromEntries(Object.keys(city).map((n) => [n, []]));
    const links = [];
    const add = (a, b) => {
        const name = `${a.slice(0, 3)}-${b.slice(0, 3)}`;
        links.push(wire(name, `${a}:eth${ports[a].push(name) - 1}`, `${b}:eth${ports[b].push(name) - 1}`));
    };
    for (const [a, b] of trunks) add(a, b);
    const hosts = { 'host-sea': ['seattle', 200, 10], 'host-nyc': ['newyork', 990, 20], 'host-atl': ['atlanta', 900, 560] };
    for (const [h, [r]] of Object.entries(hosts)) {
        ports[h] = [];
        add(h, r);
    }
    const place = (n) => city[n] ?? hosts[n].slice(1);
    links[4].state = 'down';
    links[7].impairment.a.delay_us = 20000;
    return {
        nodes: Object.keys(ports).map((n) => linked(n, city[n] ? 'router' : 'host', ...place(n), ports[n])),
        elements: [],
        links,
    };
}

const text = `<h1>Static routing</h1>
<p>Two offices, <strong>lan1</strong> and <strong>lan2</strong>, are joined by the router <code>r1</code>. Its interfaces are up, but nobody has given it addresses, and the hosts know no way out of their own network.</p>
<h2>Your task</h2>
<ol><li>Give <code>r1</code> the addresses <code>10.0.1.1/24</code> on <code>eth0</code> and <code>10.0.2.1/24</code> on <code>eth1</code>.</li>
<li>Give <code>h1</code> and <code>h2</code> a default route through it.</li><li>See that <code>h1</code> reaches <code>h2</code>.</li></ol>
<h2>Good to know</h2>
<pre><code>ip address add 10.0.1.1/24 dev eth0
ip route add default via 10.0.1.1
ping -c 3 10.0.2.10</code></pre>
<blockquote><p>A router forwards packets between networks; a host does not.</p></blockquote>
<table><thead><tr><th>Network</th><th>Prefix</th></tr></thead><tbody><tr><td>lan1</td><td>10.0.1.0/24</td></tr><tr><td>lan2</td><td>10.0.2.0/24</td></tr></tbody></table>`;

const checks = [
    { id: 'r1-lan1', title: 'r1 answers on lan1', points: 20 },
    { id: 'r1-lan2', title: 'r1 answers on lan2', points: 20 },
    { id: 'h1-to-lan2', title: 'From lan1 to h2 through r1', points: 30 },
    { id: 'h2-to-lan1', title: 'From lan2 to h1 through r1', points: 20 },
    { id: 'closed', title: 'Nothing else is let through', points: 10 },
];
const exercise = (id, title, summary, level, minutes, topology) => ({
    id,
    title,
    summary,
    level,
    minutes,
    nodes: topology.nodes.length,
    max_score: 100,
    source: id === 'abilene' ? 'The Internet Topology Zoo, Abilene' : null,
    instructions_html: text.replace('Static routing', title),
    checks,
    topology,
});

export const exercises = [
    exercise(
        'static-routing',
        'Static routing',
        'Join two networks with a router: addresses, routes, and a look at the packets on the way.',
        'beginner',
        30,
        twoLans,
    ),
    exercise(
        'vlan-office',
        'An office with two VLANs',
        'One switch, two departments that must not hear each other, and a trunk to the gateway.',
        'intermediate',
        45,
        vlan,
    ),
    exercise(
        'abilene',
        'Abilene: OSPF on a real backbone',
        'Eleven routers from Seattle to New York. Configure OSPF, cut a fibre, and watch the traffic find another way.',
        'advanced',
        90,
        abilene(),
    ),
];

/** The report of the n-th attempt: better each time. */
export function report(n) {
    const row = (i, status, more = {}) => ({
        id: checks[i].id,
        kind: 'reachability',
        title: checks[i].title,
        status,
        score: status === 'pass' ? checks[i].points : 0,
        max_score: checks[i].points,
        evidence: 'wire',
        observed: null,
        expected: null,
        hint: null,
        time_to_pass_ms: status === 'pass' ? 420 : null,
        samples: 3,
        ...more,
    });
    const good = n > 1;
    const list = [
        row(0, 'pass', { observed: 'the probe 7f3a was answered by 10.0.1.1 in 0.4 ms' }),
        row(1, good ? 'pass' : 'fail', {
            observed: good ? 'the probe was answered by 10.0.2.1' : 'no answer to ARP for 10.0.2.1 on lan2 in 5 s',
            expected: 'an answer from 10.0.2.1',
            hint: 'Look at ip address show dev eth1 on r1.\nCompare its prefix length with the table.',
            hint_after: 2,
            evidence: 'reference',
        }),
        row(2, good ? 'pass' : 'blocked', { expected: 'the probe arrives at h2:eth0 with a TTL one less' }),
        row(3, n > 2 ? 'pass' : good ? 'fail' : 'blocked', {
            observed: good ? 'the probe left lan2 but never came to h1:eth0' : null,
            expected: 'the probe arrives at h1:eth0',
            hint: 'Which default route does h2 have?',
        }),
        row(4, n > 2 ? 'pass' : 'error', { observed: n > 2 ? null : 'the capture on lan2 could not be opened' }),
    ];
    return { schema: 1, score: list.reduce((s, c) => s + c.score, 0), max_score: 100, checks: list };
}
