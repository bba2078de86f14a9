import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Rules } from '../src/api/types';
import { lateWords, rulesRefusal, rulesWords } from '../src/model/rules';

const free: Rules = { policy: 'best', max: null, left: null, cooldown_ms: 0, wait_ms: 0 };

for (const [name, rules, words] of [
    ['nothing to know', free, ''],
    ['the last counts', { ...free, policy: 'last' }, 'The last attempt counts'],
    ['few attempts', { ...free, max: 5, left: 2 }, '2 of 5 attempts left, the best one counts'],
    ['one attempt', { ...free, max: 1, left: 0, policy: 'last' }, '0 of 1 attempt left, the last one counts'],
    ['a cooldown', { ...free, cooldown_ms: 600_000 }, '10 min between two, the best one counts'],
] as const)
    test(`rules: ${name}`, () => assert.equal(rulesWords(rules), words));

for (const [name, rules, next, refusal] of [
    ['free', free, 0, null],
    ['just now', free, 5000, null],
    ['in a moment', free, 5001, 'Next check in 1 s.'],
    ['in two minutes', free, 125_000, 'Next check in 120 s.'],
    ['later', free, 125_001, 'Next check in 3 min.'],
    ['used up', { ...free, max: 2, left: 0 }, 0, 'No attempts are left.'],
] as const)
    test(`refusal: ${name}`, () => assert.equal(rulesRefusal(rules, next, 5000), refusal));

for (const [late_percent, words] of [
    [0, 'late work counts in full'],
    [15, '15 % off for each day late'],
    [100, 'late work does not count'],
] as const)
    test(`late: ${late_percent} percent`, () => assert.equal(lateWords({ due_ms: 0, late_percent }), words));
