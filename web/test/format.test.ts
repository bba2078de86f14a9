import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffMs } from '../src/api/backoff';
import { addAlert, alerts, alertText, clearAlerts, dropAlert } from '../src/model/alerts';
import { Problem } from '../src/api/http';
import { ago, duration, percent, plural } from '../src/model/format';
import { DEFAULTS, parsePrefs } from '../src/model/prefs';

for (const [ms, want] of [
    [-5, '0 ms'],
    [42.4, '42 ms'],
    [1234, '1.2 s'],
    [59_400, '59 s'],
    [61_000, '1 min'],
    [3 * 3_600_000 + 60_000, '3 h 1 min'],
    [72 * 3_600_000, '3 days'],
] as const)
    test(`duration ${ms}`, () => assert.equal(duration(ms), want));
test('ago: just now, also when clocks differ', () => assert.equal(ago(1000, 0), 'just now'));
test('ago', () => assert.equal(ago(0, 120_000), '2 min ago'));
test('plural', () => assert.deepEqual([plural(1, 'node'), plural(0, 'node')], ['1 node', '0 nodes']));
for (const [score, max, want] of [
    [1, 3, 33],
    [0, 0, 0],
    [120, 100, 100],
    [-1, 10, 0],
] as const)
    test(`percent ${score} of ${max}`, () => assert.equal(percent(score, max), want));
test('backoff doubles up to ten seconds', () =>
    assert.deepEqual(
        [1, 2, 3, 4, 5, 6, 50].map((n) => backoffMs(n, 0.5)),
        [500, 1000, 2000, 4000, 8000, 10_000, 10_000],
    ));
test('backoff spreads by a quarter', () => assert.deepEqual([backoffMs(2, 0), backoffMs(2, 1)], [875, 1125]));
test('preferences of nothing', () => assert.deepEqual(parsePrefs(null), DEFAULTS));
test('preferences out of range', () =>
    assert.deepEqual(parsePrefs({ theme: 'pink', textShare: 900, fontSize: 'x', screenReader: 1 }), {
        ...DEFAULTS,
        textShare: 75,
    }));
test('a problem is shown by its detail', () =>
    assert.equal(alertText(new Problem(503, 'No capacity', 'no memory'), 'Not started'), 'Not started: no memory'));
test('a problem without detail is shown by its title', () =>
    assert.equal(alertText(new Problem(500, 'Internal error', ''), ''), 'Internal error'));
test('the same message is not there twice', () => {
    clearAlerts();
    addAlert('a');
    addAlert('b');
    addAlert('a');
    assert.deepEqual(
        alerts.get().map((a) => a.text),
        ['b', 'a'],
    );
    dropAlert(alerts.get()[0]?.id ?? 0);
    assert.equal(alerts.get().length, 1);
});
