import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Attempt, LabState, NodeState, Report, Status } from '../src/api/types';
import {
    announcement,
    applyStatus,
    canResume,
    checkRefusal,
    consoleNodes,
    EMPTY,
    nodeCount,
    suspendRefusal,
    tally,
    upsertAttempt,
} from '../src/model/lab';

const status = (state: LabState, nodes: Record<string, NodeState>, more: Partial<Status> = {}): Status => ({
    id: 'kabcde',
    name: 'two-lans',
    owner: { login: 'ada', name: 'Ada' },
    exercise: 'static-routing',
    title: 'Static routing',
    state,
    driver: 'fake',
    can_suspend: true,
    error: null,
    started_ms: 0,
    ready_ms: null,
    nodes: Object.entries(nodes).map(([name, s]) => ({
        name,
        kind: 'host',
        state: s,
        error: null,
        output: null,
        x: 0,
        y: 0,
        interfaces: [],
    })),
    elements: [],
    links: [],
    attempt: null,
    questions: [],
    ...more,
});
const report: Report = { score: 60, max_score: 100, checks: [] };
const attempt = (number: number, more: Partial<Attempt> = {}): Attempt => ({
    id: number,
    lab: 'kabcde',
    exercise: 'static-routing',
    state: 'done',
    number,
    started_ms: 0,
    finished_ms: 1,
    score: 60,
    counts: 60,
    max_score: 100,
    error: null,
    progress: null,
    report: null,
    ...more,
});

test('tally counts running and names failed nodes', () => {
    const t = tally(status('failed', { a: 'running', b: 'failed', c: 'booting' }));
    assert.equal(t.ready, 1);
    assert.equal(t.total, 3);
    assert.deepEqual(
        t.failed.map((n) => n.name),
        ['b'],
    );
});
test('attempts are newest first', () =>
    assert.deepEqual(
        [attempt(1), attempt(3), attempt(2)].reduce(upsertAttempt, [] as Attempt[]).map((a) => a.number),
        [3, 2, 1],
    ));
test('an event without the report does not lose it', () =>
    assert.equal(upsertAttempt([attempt(1, { report })], attempt(1))[0]?.report, report));
test('an attempt that finished has its own report, not an older state', () =>
    assert.equal(upsertAttempt([attempt(1, { state: 'running' })], attempt(1, { report }))[0]?.report, report));
test('a status brings its latest attempt', () =>
    assert.equal(applyStatus(EMPTY, status('running', {}, { attempt: attempt(4) })).attempts[0]?.number, 4));
test('a stopped lab is gone', () => assert.equal(applyStatus(EMPTY, status('stopped', {})).gone, true));
test('a lab that is gone does not come back with a late answer', () =>
    assert.equal(applyStatus({ ...EMPTY, gone: true }, status('stopping', {})).gone, true));
for (const [name, s, a, refused] of [
    ['a running lab', status('running', {}), undefined, false],
    ['a failed lab, whose other nodes run', status('failed', {}), undefined, false],
    ['a lab that starts', status('starting', {}), undefined, true],
    ['a lab that stops', status('stopping', {}), undefined, true],
    ['a lab that falls asleep', status('suspending', {}), undefined, true],
    ['a lab that sleeps', status('suspended', {}), undefined, true],
    ['work that is being checked', status('running', {}), attempt(1, { state: 'queued' }), true],
    ['work that was checked', status('running', {}), attempt(1), false],
    ['a lab without an exercise', status('running', {}, { exercise: null }), undefined, true],
] as const)
    test(`check: ${name}`, () => assert.equal(checkRefusal(s, a) !== null, refused));
for (const [name, s, a, refused] of [
    ['a running lab', status('running', {}), undefined, false],
    ['a failed lab, whose other nodes run', status('failed', {}), undefined, false],
    ['a lab that starts', status('starting', {}), undefined, true],
    ['a lab that stops', status('stopping', {}), undefined, true],
    ['a lab that falls asleep', status('suspending', {}), undefined, true],
    ['work that is being checked', status('running', {}), attempt(1, { state: 'running' }), true],
] as const)
    test(`suspend: ${name}`, () => assert.equal(suspendRefusal(s, a) !== null, refused));
test('the nodes of a sleeping lab are counted as such', () =>
    assert.equal(nodeCount(status('suspended', { a: 'suspended', b: 'suspended' })), '2 nodes suspended'));
test('the nodes of a lab that falls asleep are counted as they are', () =>
    assert.equal(nodeCount(status('suspending', { a: 'running' })), '1 of 1 node running'));
for (const [name, s, can] of [
    ['a lab that sleeps', status('suspended', { a: 'suspended' }), true],
    ['a lab that falls asleep', status('suspending', { a: 'running' }), false],
    ['a lab that could not wake up', status('failed', { a: 'running', b: 'suspended' }), true],
    ['a failed lab that is awake', status('failed', { a: 'running', b: 'failed' }), false],
    ['a lab that wakes up', status('starting', { a: 'suspended' }), false],
] as const)
    test(`resume: ${name}`, () => assert.equal(canResume(s), can));
test('consoles sleep from the moment the lab falls asleep', () =>
    assert.deepEqual(
        consoleNodes(status('suspending', { a: 'running', b: 'stopped' })).map((n) => n.state),
        ['suspended', 'suspended'],
    ));
test('consoles of a running lab are as their nodes', () => {
    const s = status('running', { a: 'running', b: 'stopped' });
    assert.equal(consoleNodes(s), s.nodes);
});
const off = (state: LabState, error: string | null = 'the node was switched off') => {
    const s = status(state, { a: 'stopped', b: 'running' });
    return { ...s, nodes: s.nodes.map((n) => (n.name === 'a' ? { ...n, error } : n)) };
};
for (const [name, s, names] of [
    ['a node that was switched off', off('running'), ['a']],
    ['while another starts', off('starting'), ['a']],
    ['without a reason', off('running', null), ['a']],
    ['in a lab that is being removed', off('stopping'), []],
    ['in a lab that was lost', off('failed', null), []],
] as const)
    test(`can be started again: ${name}`, () =>
        assert.deepEqual(
            tally(s).stopped.map((n) => n.name),
            names,
        ));
test('the first status is not announced', () => assert.equal(announcement(null, status('starting', { a: 'running' })), ''));
test('a node that came up is announced with the count', () =>
    assert.equal(
        announcement(status('starting', { a: 'booting', b: 'waiting' }), status('starting', { a: 'running', b: 'waiting' })),
        'a is running. 1 of 2 nodes ready',
    ));
test('a failure and the end of the start are announced', () =>
    assert.equal(
        announcement(status('starting', { a: 'booting' }), status('failed', { a: 'failed' })),
        'a failed. Lab failed',
    ));
test('a node that was switched off is announced', () =>
    assert.equal(announcement(status('running', { a: 'running', b: 'running' }), off('running')), 'a stopped'));
test('falling asleep is announced once, not node by node', () =>
    assert.equal(
        announcement(status('suspending', { a: 'running' }), status('suspended', { a: 'suspended' })),
        'Lab suspended',
    ));
test('the end of a lab is not announced node by node', () =>
    assert.equal(announcement(status('running', { a: 'running' }), status('stopping', { a: 'stopped' })), 'Lab stopping'));
test('booting is not announced', () =>
    assert.equal(announcement(status('starting', { a: 'creating' }), status('starting', { a: 'booting' })), ''));
