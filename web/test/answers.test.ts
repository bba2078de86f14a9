import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Question, Status } from '../src/api/types';
import { allUnsaved, drafts, dropDraft, setDraft, triesWords, unsaved } from '../src/model/answers';

const question: Question = { check: 'net', title: 'Which?', form: 'text', answer: null, tries: null, left: null };

for (const [name, answer, draft, want] of [
    ['nothing typed', 'a', undefined, null],
    ['the first', null, 'a', 'a'],
    ['another', 'a', 'b', 'b'],
    ['the same again', 'a b', '  a   b ', null],
    ['only blanks', null, '  ', null],
    ['taken back', 'a', '', ''],
] as const)
    test(`unsaved: ${name}`, () => {
        const all: Record<string, string> = draft === undefined ? {} : { 'lab/net': draft };
        assert.equal(unsaved(all, 'lab', { ...question, answer }), want);
    });

for (const [name, tries, left, words] of [
    ['any number', null, null, ''],
    ['some', 3, 2, '2 of 3 tries left.'],
    ['one', 1, 1, '1 of 1 try left.'],
    ['none', 3, 0, 'No tries are left.'],
] as const)
    test(`tries: ${name}`, () => assert.equal(triesWords({ ...question, tries, left }), words));

test('drafts are of one lab, and go when they are saved', () => {
    setDraft('one', 'net', 'a');
    setDraft('two', 'net', 'b');
    const lab = { id: 'two', questions: [question, { ...question, check: 'other' }] } as Status;
    assert.deepEqual(allUnsaved(drafts.get(), lab), [{ question, text: 'b' }]);
    dropDraft('two', 'net');
    assert.deepEqual(allUnsaved(drafts.get(), lab), []);
    assert.deepEqual(drafts.get(), { 'one/net': 'a' });
});
