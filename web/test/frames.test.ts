import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeHello, decodeOutput, encodeAck, encodeInput, encodeResize } from '../src/console/frames';

const bytes = (...b: number[]) => new Uint8Array(b).buffer;
const hex = (b: Uint8Array) => Buffer.from(b).toString('hex');

test('output: offset and bytes', () => {
    const o = decodeOutput(bytes(0x6f, 0, 0, 0, 1, 0, 0, 0, 2, 0x68, 0xff));
    assert.equal(o?.offset, 2 ** 32 + 2);
    assert.equal(hex(o?.data ?? new Uint8Array()), '68ff');
});
test('output: no bytes at all', () => {
    assert.equal(decodeOutput(bytes(0x6f, 0, 0, 0, 0, 0, 0, 0, 9))?.data.length, 0);
});
test('output: too short to hold an offset', () => assert.equal(decodeOutput(bytes(0x6f, 0, 0, 0)), null));
test('output: an empty message', () => assert.equal(decodeOutput(bytes()), null));
test('output: another kind of frame', () =>
    assert.equal(decodeOutput(bytes(0x78, 0, 0, 0, 0, 0, 0, 0, 0, 0)), null));
test('input is binary-safe', () => assert.equal(hex(encodeInput(new Uint8Array([0, 0xff, 0x1b]))), '6900ff1b'));
test('input of UTF-8', () => assert.equal(hex(encodeInput(new TextEncoder().encode('é'))), '69c3a9'));
test('resize: rows before columns', () => assert.equal(hex(encodeResize(24, 300)), '720018012c'));
test('ack: 64 bits', () => assert.equal(hex(encodeAck(2 ** 33 + 5)), '610000000200000005'));
for (const [name, text, want] of [
    ['a number', '{"offset":17}', 17],
    ['more members', '{"offset":0,"x":1}', 0],
    ['not JSON', 'offset', null],
    ['null', 'null', null],
    ['negative', '{"offset":-1}', null],
    ['a string', '{"offset":"1"}', null],
    ['a fraction', '{"offset":1.5}', null],
] as const)
    test(`hello: ${name}`, () => assert.equal(decodeHello(text), want));
