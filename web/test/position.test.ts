import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Position } from '../src/console/position';

function at(offset: number): Position {
    const p = new Position();
    p.arrive(offset);
    return p;
}
test('a new viewer asks for the oldest byte', () => assert.equal(new Position().at, -1));
test('the first offset is where the scrollback begins', () => assert.equal(new Position().arrive(4096), 'first'));
test('the next byte follows', () => {
    const p = at(100);
    p.advance(5);
    assert.equal(p.arrive(105), 'next');
});
test('bytes were lost', () => {
    const p = at(100);
    assert.equal(p.arrive(160), 'gap');
    assert.equal(p.at, 160);
});
test('another terminal starts again', () => {
    const p = at(100);
    assert.equal(p.arrive(0), 'restart');
    assert.equal(p.at, 0);
});
