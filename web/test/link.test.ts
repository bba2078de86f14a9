// The link against a WebSocket of ours: what it asks for, what it says, what it passes on.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { ConsoleLink, type Phase } from '../src/console/link';

class Socket {
    static readonly OPEN = 1;
    static all: Socket[] = [];
    readyState = 1;
    binaryType = '';
    sent: Uint8Array[] = [];
    onmessage: ((e: { data: string | ArrayBuffer }) => void) | null = null;
    onclose: ((e: { reason: string }) => void) | null = null;
    onopen: unknown = null;
    onerror: unknown = null;
    constructor(readonly url: string) {
        Socket.all.push(this);
    }
    send(f: Uint8Array) {
        this.sent.push(f);
    }
    close() {
        this.readyState = 3;
    }
    output(offset: number, text: string) {
        const data = Buffer.alloc(9 + text.length);
        data[0] = 0x6f;
        data.writeBigUInt64BE(BigInt(offset), 1);
        data.write(text, 9);
        this.onmessage?.({ data: data.buffer.slice(data.byteOffset, data.byteOffset + data.length) as ArrayBuffer });
    }
}
Object.assign(globalThis, { WebSocket: Socket, location: { protocol: 'https:', host: 'lab.example' } });

function link() {
    const seen = { text: '', steps: [] as string[], phases: [] as Phase[], drawn: [] as (() => void)[], why: '' };
    const l = new ConsoleLink('/console', {
        output: (data, drawn) => {
            seen.text += Buffer.from(data).toString();
            seen.drawn.push(drawn);
        },
        step: (s) => seen.steps.push(s),
        phase: (p, _ms, why) => {
            seen.phases.push(p);
            seen.why = why;
        },
    });
    return { l, seen };
}
const last = () => Socket.all[Socket.all.length - 1] as Socket;
const hex = (s: Socket) => s.sent.map((f) => Buffer.from(f).toString('hex'));

beforeEach(() => {
    Socket.all = [];
});

test('a new link asks for everything, with its size', () => {
    const { l } = link();
    l.resize(30, 100);
    l.open();
    assert.equal(last().url, 'wss://lab.example/console?offset=-1&rows=30&cols=100');
    l.close();
});
test('nothing is sent before the hello', () => {
    const { l } = link();
    l.open();
    l.input(new Uint8Array([65]));
    assert.deepEqual(hex(last()), []);
    l.close();
});
test('a size that changed during the handshake is told after it', () => {
    const { l } = link();
    l.open();
    l.resize(10, 40);
    last().onmessage?.({ data: '{"offset":0}' });
    assert.deepEqual(hex(last()), ['72000a0028']);
    l.close();
});
test('a large paste goes in several frames', () => {
    const { l } = link();
    l.open();
    last().onmessage?.({ data: '{"offset":0}' });
    l.input(new Uint8Array(20_000));
    assert.deepEqual(
        last().sent.map((f) => f.length),
        [16_385, 3617],
    );
    l.close();
});
test('after a cut it goes on where it was', () => {
    const { l, seen } = link();
    l.open();
    last().onmessage?.({ data: '{"offset":100}' });
    last().output(100, 'hello');
    last().onclose?.({ reason: 'the lab host closed the stream' });
    assert.equal(seen.phases[seen.phases.length - 1], 'waiting');
    assert.equal(seen.why, 'the lab host closed the stream');
    l.open(); // "try now"
    assert.match(last().url, /offset=105&/);
    last().onmessage?.({ data: '{"offset":105}' });
    last().output(105, ' world');
    assert.equal(seen.text, 'hello world');
    assert.deepEqual(seen.steps, ['first', 'next']);
    l.close();
});
test('lost output is said once, and what follows is shown', () => {
    const { l, seen } = link();
    l.open();
    last().onmessage?.({ data: '{"offset":0}' });
    last().output(0, 'a');
    last().output(50, 'b');
    last().output(51, 'c');
    assert.deepEqual(seen.steps, ['first', 'gap']);
    assert.equal(seen.text, 'abc');
    l.close();
});
test('only what is drawn is acknowledged', async () => {
    const { l, seen } = link();
    l.open();
    last().onmessage?.({ data: '{"offset":0}' });
    last().output(0, 'x'.repeat(20_000));
    assert.deepEqual(hex(last()), []);
    seen.drawn[0]?.();
    assert.deepEqual(hex(last()), ['610000000000004e20']);
    l.close();
});
test('what an old connection brought is not acknowledged on the new one', () => {
    const { l, seen } = link();
    l.open();
    last().onmessage?.({ data: '{"offset":0}' });
    last().output(0, 'x'.repeat(20_000));
    last().onclose?.({ reason: 'the lab host closed the stream' });
    l.open();
    last().onmessage?.({ data: '{"offset":20000}' });
    seen.drawn[0]?.();
    assert.deepEqual(hex(last()), []);
    l.close();
});
test('held until the node is up', () => {
    const { l, seen } = link();
    l.hold();
    assert.equal(Socket.all.length, 0);
    l.open();
    assert.equal(Socket.all.length, 1);
    assert.deepEqual(seen.phases, ['held', 'connecting']);
    l.close();
});
test('held after a cut, it asks for nothing more, and goes on where it was', () => {
    const { l, seen } = link();
    l.open();
    last().onmessage?.({ data: '{"offset":0}' });
    last().output(0, 'hello');
    last().onclose?.({ reason: 'lab kabcde is suspended; resume it first' });
    l.hold();
    assert.equal(seen.phases[seen.phases.length - 1], 'held');
    assert.equal(Socket.all.length, 1);
    l.open();
    assert.match(last().url, /offset=5&/);
    assert.equal(seen.text, 'hello');
    l.close();
});
test('a hello that is none is a failed try', () => {
    const { l, seen } = link();
    l.open();
    last().onmessage?.({ data: 'welcome' });
    assert.deepEqual(seen.phases, ['connecting', 'waiting']);
    l.close();
});
