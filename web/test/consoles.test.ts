import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closeConsole, NONE, openConsole, parseConsoles } from '../src/model/consoles';

const three = ['a', 'b', 'c'].reduce(openConsole, NONE);

test('opening puts in front', () => assert.deepEqual(three, { open: ['a', 'b', 'c'], active: 'c', tiled: false }));
test('opening twice keeps the place', () =>
    assert.deepEqual(openConsole(three, 'a'), { open: ['a', 'b', 'c'], active: 'a', tiled: false }));
test('closing the front shows the next', () =>
    assert.deepEqual(closeConsole(openConsole(three, 'b'), 'b'), { open: ['a', 'c'], active: 'c', tiled: false }));
test('closing the last in the row shows the one before', () => assert.equal(closeConsole(three, 'c').active, 'b'));
test('closing another leaves the front', () => assert.equal(closeConsole(three, 'a').active, 'c'));
test('closing the only one', () => assert.equal(closeConsole(openConsole(NONE, 'a'), 'a').active, null));
test('closing what is not open', () => assert.equal(closeConsole(three, 'x'), three));
for (const [name, stored, want] of [
    ['nothing', null, NONE],
    ['text', 'x', NONE],
    ['nodes that are gone', { open: ['x', 'a'], active: 'x', tiled: true }, { open: ['a'], active: 'a', tiled: true }],
    ['the same twice', { open: ['a', 'a'], active: 'a' }, { open: ['a'], active: 'a', tiled: false }],
    ['numbers', { open: [1, null], active: 1 }, NONE],
] as const)
    test(`stored: ${name}`, () => assert.deepEqual(parseConsoles(stored, ['a', 'b']), want));
