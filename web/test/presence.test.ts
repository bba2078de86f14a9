import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectionFor } from '../src/console/presence';

for (const [name, was, now, phase, want] of [
    ['a node that waits', null, 'waiting', 'closed', 'hold'],
    ['a node that sleeps', null, 'suspended', 'closed', 'hold'],
    ['a node that falls asleep keeps its open connection to the end', 'running', 'suspended', 'open', null],
    ['a connection that a sleeping node ended', 'suspended', 'suspended', 'waiting', 'hold'],
    ['a node that woke up', 'suspended', 'running', 'held', 'open'],
    ['a node that boots', 'creating', 'booting', 'held', 'open'],
    ['a running node whose connection was lost', 'running', 'running', 'waiting', null],
    ['a stopped node is tried', null, 'stopped', 'held', 'open'],
    ['a stopped node that comes from sleep is tried', 'suspended', 'stopped', 'held', 'open'],
    ['a stopped node is tried once', 'stopped', 'stopped', 'waiting', 'hold'],
    ['a stopped node is left alone then', 'stopped', 'stopped', 'held', null],
    ['a stopped node with its last words', 'running', 'stopped', 'open', null],
    ['a node that was started again', 'stopped', 'creating', 'held', 'hold'],
    ['a new page with a running node', null, 'running', 'closed', null],
] as const)
    test(`connection: ${name}`, () => assert.equal(connectionFor(was, now, phase), want));
