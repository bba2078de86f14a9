import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ACK_BYTES, ACK_MS, AckBatch, type Timers } from '../src/console/ack';

/** Timers that go off when the test says so. */
function clock(): Timers & { fire(): void; pending: Map<number, number> } {
    const jobs = new Map<number, () => void>();
    const pending = new Map<number, number>();
    let last = 0;
    return {
        pending,
        set(f, ms) {
            last += 1;
            jobs.set(last, f);
            pending.set(last, ms);
            return last;
        },
        clear(h) {
            jobs.delete(h as number);
            pending.delete(h as number);
        },
        fire() {
            for (const [h, f] of [...jobs]) {
                jobs.delete(h);
                pending.delete(h);
                f();
            }
        },
    };
}
function batch() {
    const sent: number[] = [];
    const timers = clock();
    const acks = new AckBatch((o) => sent.push(o), timers);
    acks.reset(1000);
    return { acks, sent, timers };
}

test('a few bytes wait for the timer, and go once', () => {
    const { acks, sent, timers } = batch();
    acks.consumed(1001);
    acks.consumed(1500);
    assert.deepEqual(sent, []);
    assert.deepEqual([...timers.pending.values()], [ACK_MS]);
    timers.fire();
    assert.deepEqual(sent, [1500]);
    timers.fire();
    assert.deepEqual(sent, [1500]);
});
test('16 KiB go at once and take the timer with them', () => {
    const { acks, sent, timers } = batch();
    acks.consumed(1001);
    acks.consumed(1000 + ACK_BYTES);
    assert.deepEqual(sent, [1000 + ACK_BYTES]);
    assert.equal(timers.pending.size, 0);
});
test('one byte less than 16 KiB waits', () => {
    const { acks, sent } = batch();
    acks.consumed(1000 + ACK_BYTES - 1);
    assert.deepEqual(sent, []);
});
test('an older offset says nothing', () => {
    const { acks, sent, timers } = batch();
    acks.consumed(1000);
    acks.consumed(10);
    assert.equal(timers.pending.size, 0);
    acks.flush();
    assert.deepEqual(sent, []);
});
test('after a reset, what came before is not told', () => {
    const { acks, sent, timers } = batch();
    acks.consumed(1200);
    acks.reset(50);
    timers.fire();
    assert.deepEqual(sent, []);
    acks.consumed(60);
    acks.flush();
    assert.deepEqual(sent, [60]);
});
