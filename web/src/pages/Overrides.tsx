// Scores that an instructor set by hand: what was set and why, and the form for it.
import { useState } from 'preact/hooks';
import { putScore } from '../api/client';
import type { Grade, Override } from '../api/types';
import { addProblem, clearAlerts } from '../model/alerts';
import { moment } from '../model/format';

export function Overrides({ list, max }: { list: Override[]; max: number }) {
    return (
        <section aria-labelledby="overrides-title">
            <h2 id="overrides-title">Set by hand</h2>
            <ol class="overrides">
                {list.map((o) => (
                    <li key={`${o.made_ms} ${o.by}`}>
                        <strong>{o.score === null ? 'Taken back' : `${o.score} / ${max}`}</strong>
                        <span class="soft">
                            {' '}
                            by {o.by_name || o.by}, {moment(o.made_ms, Date.now())}
                        </span>
                        <p>{o.reason}</p>
                    </li>
                ))}
            </ol>
        </section>
    );
}

export function OverrideForm({ grade, onGrade }: { grade: Grade; onGrade: (g: Grade) => void }) {
    const [score, setScore] = useState('');
    const [reason, setReason] = useState('');
    const [busy, setBusy] = useState(false);
    const send = async (value: number | null) => {
        clearAlerts();
        setBusy(true);
        try {
            onGrade(await putScore(grade.exercise, grade.login, value, reason));
            setScore('');
            setReason('');
        } catch (e) {
            addProblem(e, 'The score could not be set');
        }
        setBusy(false);
    };
    return (
        <form
            class="override-form"
            aria-label="Set the score by hand"
            onSubmit={(e) => {
                e.preventDefault();
                void send(Number(score));
            }}
        >
            <label>
                Score
                <input
                    type="number"
                    required
                    min={0}
                    max={grade.max_score}
                    step={1}
                    value={score}
                    onInput={(e) => setScore(e.currentTarget.value)}
                />
            </label>
            <label class="reason">
                Reason, which the student can read
                <input
                    type="text"
                    required
                    minLength={3}
                    maxLength={120}
                    value={reason}
                    onInput={(e) => setReason(e.currentTarget.value)}
                />
            </label>
            <button type="submit" class="button primary" disabled={busy}>
                Set score
            </button>
            {grade.overridden && (
                <button
                    type="button"
                    class="button quiet"
                    disabled={busy || reason.trim().length < 3}
                    onClick={() => void send(null)}
                >
                    Take back
                </button>
            )}
        </form>
    );
}
