import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gradePath, parseRoute, safeNext } from '../src/model/route';

for (const [path, want] of [
    ['/', { page: 'exercises' }],
    ['/exercises', { page: 'exercises' }],
    ['/exercises/static-routing', { page: 'exercise', id: 'static-routing' }],
    ['/labs/kabcde', { page: 'lab', id: 'kabcde' }],
    ['/labs/kabcde/', { page: 'lab', id: 'kabcde' }],
    ['/labs/..%2Fx', { page: 'unknown' }],
    ['/labs', { page: 'unknown' }],
    ['/overview', { page: 'overview' }],
    ['/nothing/here', { page: 'unknown' }],
] as const)
    test(`route ${path}`, () => assert.deepEqual(parseRoute(path, ''), want));
test('sign-in keeps where to go', () =>
    assert.deepEqual(parseRoute('/signin', '?next=%2Flabs%2Fkabcde'), { page: 'signin', next: '/labs/kabcde' }));
for (const [next, want] of [
    [null, '/'],
    ['/overview', '/overview'],
    ['//evil.example', '/'],
    ['/\\evil.example', '/'],
    ['https://evil.example', '/'],
    ['/signin?next=/', '/'],
] as const)
    test(`next ${next}`, () => assert.equal(safeNext(next), want));

for (const [path, login] of [
    ['/exercises/tiny/students/ada', 'ada'],
    ['/exercises/tiny/students/ada%40example.org', 'ada@example.org'],
    ['/exercises/tiny/students/50%', '50%'],
] as const)
    test(`route ${path}`, () => assert.deepEqual(parseRoute(path, ''), { page: 'grade', id: 'tiny', login }));
for (const path of ['/exercises/tiny/students', '/exercises/T/students/ada', '/exercises/tiny/pupils/ada'])
    test(`no route ${path}`, () => assert.deepEqual(parseRoute(path, ''), { page: 'unknown' }));
test('the path of a grade is read back', () =>
    assert.deepEqual(parseRoute(gradePath('tiny', 'a/b ?'), ''), { page: 'grade', id: 'tiny', login: 'a/b ?' }));
