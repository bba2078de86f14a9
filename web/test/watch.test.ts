// The watch against a server of ours: an answer and the event stream overtake each other.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { Status } from '../src/api/types';
import { openWatch } from '../src/model/watch';

class Source {
    static readonly CLOSED = 2;
    static last: Source;
    readyState = 1;
    onopen: (() => void) | null = null;
    onerror: (() => void) | null = null;
    private readonly on = new Map<string, (e: { data: string }) => void>();
    constructor() {
        Source.last = this;
    }
    addEventListener(name: string, f: (e: { data: string }) => void) {
        this.on.set(name, f);
    }
    close() {
        this.readyState = 2;
    }
    say(state: string) {
        this.on.get('lab')?.({ data: JSON.stringify(status(state)) });
    }
}
const status = (state: string) => ({ id: 'kabcde', state, attempt: null, nodes: [] }) as unknown as Status;
const nothing = { ok: true, status: 200, json: async () => ({ attempts: [] }) };
let first: (state: string) => void; // answers the question with which every watch begins
const settle = () => new Promise((r) => setImmediate(r));

Object.assign(globalThis, {
    EventSource: Source,
    document: { hidden: false, addEventListener: () => {}, removeEventListener: () => {} },
    fetch: (path: string) =>
        path.endsWith('/attempts')
            ? Promise.resolve(nothing)
            : new Promise((r) => {
                  first = (state) => r({ ok: true, status: 200, json: async () => status(state) });
              }),
});

let watch: ReturnType<typeof openWatch>;
const state = () => watch.view.get().status?.state;
/** A request that is answered when its function is called. */
function asked(): (state: string) => Promise<void> {
    let answer: (s: Status) => void = () => {};
    const done = watch.ask(
        () =>
            new Promise((r) => {
                answer = r;
            }),
    );
    return async (s) => {
        answer(status(s));
        await done;
    };
}

beforeEach(async () => {
    watch = openWatch('kabcde');
    Source.last.onopen?.();
    await settle();
});
const check = (name: string, f: () => Promise<void>) =>
    test(name, async () => {
        await f();
        watch.end();
    });

check('the answer is taken', async () => {
    await asked()('starting');
    assert.equal(state(), 'starting');
});
check('the answer is taken when the events were before the question', async () => {
    Source.last.say('suspended');
    await asked()('starting');
    assert.equal(state(), 'starting');
});
check('an answer that an event has overtaken does not bring the old state back', async () => {
    const answer = asked();
    Source.last.say('running');
    await answer('starting');
    assert.equal(state(), 'running');
});
check('the same for the question at the beginning', async () => {
    Source.last.say('running');
    first('starting');
    await settle();
    assert.equal(state(), 'running');
});
check('without the stream every answer counts', async () => {
    const answer = asked();
    Source.last.say('suspended');
    Source.last.onerror?.();
    await answer('starting');
    assert.equal(state(), 'starting');
});
