// Questions that are answered in words: what was typed and is not saved yet outlives its form, which goes with its tab.
import type { Question, Status } from '../api/types';
import { plural } from './format';
import { createStore } from './store';

/** By draftKey(). */
export const drafts = createStore<Record<string, string>>({});

export const draftKey = (lab: string, check: string) => `${lab}/${check}`;

export function setDraft(lab: string, check: string, text: string): void {
    drafts.update((all) => ({ ...all, [draftKey(lab, check)]: text }));
}

export function dropDraft(lab: string, check: string): void {
    drafts.update(({ [draftKey(lab, check)]: _, ...rest }) => rest);
}

/** As labd keeps it. */
const folded = (text: string) => text.trim().replace(/\s+/g, ' ');

/** What is to be saved for 'q', or null if nothing has changed. */
export function unsaved(all: Record<string, string>, lab: string, q: Question): string | null {
    const text = all[draftKey(lab, q.check)];
    return text === undefined || folded(text) === (q.answer ?? '') ? null : text;
}

export function allUnsaved(all: Record<string, string>, s: Status): { question: Question; text: string }[] {
    return s.questions.flatMap((question) => {
        const text = unsaved(all, s.id, question);
        return text === null ? [] : [{ question, text }];
    });
}

/** "" if one may try for ever. */
export function triesWords(q: Question): string {
    if (q.tries === null) return '';
    return q.left === 0 ? 'No tries are left.' : `${q.left ?? 0} of ${plural(q.tries, 'try', 'tries')} left.`;
}
