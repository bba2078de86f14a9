// The questions of a lab: a field for each, below the instructions.  What is saved is judged with the next check.
import { useState } from 'preact/hooks';
import type { Question } from '../api/types';
import { draftKey, drafts, setDraft, triesWords, unsaved } from '../model/answers';
import { useStore } from '../ui/useStore';

interface Props {
    lab: string;
    questions: Question[];
    mine: boolean; // else they are only looked at
    onAnswer: (check: string, text: string) => Promise<string>; // why not, or ""
}

const LONGEST = 200; // bytes; labd counts them

function stateWords(q: Question, mine: boolean, dirty: boolean, busy: boolean): string {
    if (busy) return 'Saving…';
    if (dirty) return 'Not saved yet.';
    if (q.answer !== null) return mine ? 'Saved.' : '';
    return mine ? '' : 'No answer yet.';
}

function Item({ lab, question: q, mine, onAnswer }: { question: Question } & Omit<Props, 'questions'>) {
    const all = useStore(drafts);
    const [why, setWhy] = useState('');
    const [busy, setBusy] = useState(false);
    const id = `answer-${q.check}`;
    const change = unsaved(all, lab, q);
    const open = mine && q.left !== 0;
    const words = [why || stateWords(q, mine, change !== null, busy), triesWords(q)].filter((w) => w !== '').join(' ');
    const save = async () => {
        if (busy || change === null) return;
        setBusy(true);
        setWhy(await onAnswer(q.check, change));
        setBusy(false);
    };
    return (
        <li>
            <form
                data-question={q.check}
                onSubmit={(e) => {
                    e.preventDefault();
                    void save();
                }}
            >
                <label for={id}>{q.title}</label>
                <div class="question-field">
                    <input
                        id={id}
                        type="text"
                        maxLength={LONGEST}
                        autocomplete="off"
                        autocapitalize="off"
                        spellcheck={false}
                        readOnly={!open}
                        value={all[draftKey(lab, q.check)] ?? q.answer ?? ''}
                        aria-invalid={why !== ''}
                        aria-describedby={`${id}-state`}
                        onInput={(e) => {
                            setWhy('');
                            setDraft(lab, q.check, e.currentTarget.value);
                        }}
                    />
                    {open && (
                        <button type="submit" class="button quiet" aria-disabled={busy || change === null}>
                            Save<span class="vh"> the answer to “{q.title}”</span>
                        </button>
                    )}
                </div>
                <p id={`${id}-state`} class={why !== '' ? 'refused' : 'soft'} role="status">
                    {words}
                </p>
            </form>
        </li>
    );
}

export function Questions({ questions, ...rest }: Props) {
    if (questions.length === 0) return null;
    return (
        <section class="questions" aria-labelledby="questions-title">
            <h3 id="questions-title">Questions</h3>
            <ol>
                {questions.map((q) => (
                    <Item key={q.check} question={q} {...rest} />
                ))}
            </ol>
        </section>
    );
}
