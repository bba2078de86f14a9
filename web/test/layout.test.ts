import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Drawing } from '../src/api/types';
import { edge, inside, overlap } from '../src/topology/geometry';
import { layout } from '../src/topology/layout';
import { wiresOf, wireText } from '../src/topology/wires';
import { exercises } from '../dev/canned.mjs';

const drawing = (id: string): Drawing => {
    const e = (exercises as { id: string; topology: Drawing }[]).find((x) => x.id === id);
    assert.ok(e);
    return e.topology;
};
const drawings: [string, Drawing][] = ['static-routing', 'vlan-office', 'abilene'].map((id) => [id, drawing(id)]);

test('overlap of boxes that touch is none', () =>
    assert.equal(overlap({ x: 0, y: 0, w: 2, h: 2 }, { x: 2, y: 0, w: 2, h: 2 }), 0));
test('overlap area', () => assert.equal(overlap({ x: 0, y: 0, w: 2, h: 2 }, { x: 1, y: 1, w: 2, h: 2 }), 1));
test('a line leaves a box at its side', () =>
    assert.deepEqual(edge({ x: 0, y: 0, w: 10, h: 4 }, { x: 50, y: 0 }), { x: 5, y: 0 }));
test('a line to the centre itself', () =>
    assert.deepEqual(edge({ x: 3, y: 4, w: 10, h: 4 }, { x: 3, y: 4 }), { x: 3, y: 4 }));
test('length of a line inside a box', () =>
    assert.equal(inside({ x: -8, y: 0 }, { x: 8, y: 0 }, { x: 0, y: 0, w: 8, h: 2 }), 8));
test('a line that passes a box by', () =>
    assert.equal(inside({ x: -10, y: 5 }, { x: 10, y: 5 }, { x: 0, y: 0, w: 6, h: 2 }), 0));

test('an interface on a network is a wire', () => {
    const w = wiresOf(drawing('static-routing'));
    assert.deepEqual(w.map(wireText), ['h1 eth0 to lan1', 'h2 eth0 to lan2', 'r1 eth0 to lan1', 'r1 eth1 to lan2']);
    assert.ok(w.every((x) => x.link === null && !x.down));
});
test('a link is not drawn again for its interfaces', () => assert.equal(wiresOf(drawing('vlan-office')).length, 5));
test('addresses stand at their end', () =>
    assert.deepEqual(wiresOf(drawing('vlan-office'))[2]?.ends[0].addresses, ['192.168.20.9/24', '2001:db8:20::9/64']));
test('a link that is down, and one that is impaired', () => {
    const w = wiresOf(drawing('abilene'));
    assert.deepEqual([w.filter((x) => x.down).length, w.filter((x) => x.impaired).length], [1, 1]);
});

for (const [name, d] of drawings)
    for (const width of [290, 700, 1100])
        for (const addresses of [false, true]) {
            const l = layout(d, width, addresses);
            const title = `${name} at ${width}${addresses ? ' with addresses' : ''}`;
            test(`${title}: no two cards touch`, () => {
                for (const [i, a] of l.cards.entries())
                    for (const b of l.cards.slice(i + 1)) assert.equal(overlap(a, b), 0, `${a.name} and ${b.name}`);
            });
            test(`${title}: every card is inside`, () => {
                for (const c of l.cards) {
                    assert.ok(c.x - c.w / 2 >= 0 && c.x + c.w / 2 <= l.width, `${c.name} sideways`);
                    assert.ok(c.y - c.h / 2 >= 0 && c.y + c.h / 2 <= l.height, `${c.name} up and down`);
                }
            });
            test(`${title}: no label under a card, none over another`, () => {
                const labels = l.lines.flatMap((x) => x.labels);
                for (const [i, a] of labels.entries()) {
                    for (const c of l.cards) assert.ok(overlap(a, c) < 0.1 * a.w * a.h, `${a.lines.join()} under ${c.name}`);
                    for (const b of labels.slice(i + 1))
                        assert.ok(overlap(a, b) < 0.1 * a.w * a.h, `${a.lines.join()} over ${b.lines.join()}`);
                }
            });
        }
test('every named end has a label', () => {
    const l = layout(drawing('abilene'), 1000, false);
    assert.equal(l.lines.flatMap((x) => x.labels).length, 2 * l.lines.length);
});
test('the same drawing gives the same layout', () =>
    assert.deepEqual(layout(drawing('abilene'), 640, true), layout(drawing('abilene'), 640, true)));
test('a drawing without anything', () =>
    assert.deepEqual(layout({ nodes: [], elements: [], links: [] }, 300, false).cards, []));
test('two nodes at one place do not loop or vanish', () => {
    const n = (name: string) => ({ name, kind: 'host' as const, x: 5, y: 5, interfaces: [] });
    assert.equal(layout({ nodes: [n('a'), n('b')], elements: [], links: [] }, 300, false).cards.length, 2);
});
test('a link to something that is not there is left out', () => {
    const d = drawing('vlan-office');
    const odd = { name: 'x', a: { node: 'gw', interface: 'eth9' }, b: { node: 'nobody', interface: null } };
    assert.equal(layout({ ...d, links: [odd] }, 300, false).lines.length, 0);
});
test('what is hidden from students is marked', () => {
    const n = (name: string, hidden?: true) => ({ name, kind: 'host' as const, x: 5, y: 5, hidden, interfaces: [] });
    const on = (network: string) => ({ name: 'eth0', link: null, network });
    const l = layout(
        {
            nodes: [{ ...n('h1'), interfaces: [on('dark')] }, { ...n('spy', true), interfaces: [on('lan')] }, n('h2')],
            elements: [
                { name: 'dark', kind: 'network', x: 1, y: 1, hidden: true },
                { name: 'lan', kind: 'network', x: 9, y: 9 },
            ],
            links: [],
        },
        600,
        false,
    );
    assert.deepEqual(
        l.cards.map((c) => c.shown),
        ['h1', 'spy (hidden)', 'h2', 'dark (hidden)', 'lan'],
    );
    assert.deepEqual(
        l.lines.map((x) => x.wire.hidden),
        [true, true],
    );
});
test('parallel links run side by side', () => {
    const n = (name: string, x: number) => ({ name, kind: 'router' as const, x, y: 0, interfaces: [] });
    const k = (name: string) => ({ name, a: { node: 'a', interface: null }, b: { node: 'b', interface: null } });
    const l = layout({ nodes: [n('a', 0), n('b', 900)], elements: [], links: [k('l1'), k('l2')] }, 600, false);
    assert.notEqual(l.lines[0]?.a.y, l.lines[1]?.a.y);
});
