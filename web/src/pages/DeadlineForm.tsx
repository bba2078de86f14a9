// For instructors: when an exercise is due, and what being late costs.
import { useState } from 'preact/hooks';
import { deleteDeadline, putDeadline } from '../api/client';
import type { Deadline } from '../api/types';
import { addProblem, clearAlerts } from '../model/alerts';

/** As <input type="datetime-local"> wants it: local time without a zone. */
function local(ms: number): string {
    const shifted = ms - new Date(ms).getTimezoneOffset() * 60_000;
    return new Date(shifted).toISOString().slice(0, 16);
}

interface Props {
    exercise: string;
    deadline: Deadline | null;
    onDeadline: (d: Deadline | null) => void;
}

export function DeadlineForm({ exercise, deadline, onDeadline }: Props) {
    const [due, setDue] = useState(deadline !== null ? local(deadline.due_ms) : '');
    const [percent, setPercent] = useState(String(deadline?.late_percent ?? 10));
    const [busy, setBusy] = useState(false);
    const send = async (f: () => Promise<Deadline | null>) => {
        clearAlerts();
        setBusy(true);
        try {
            onDeadline(await f());
        } catch (e) {
            addProblem(e, 'The deadline could not be changed');
        }
        setBusy(false);
    };
    return (
        <form
            class="override-form"
            aria-label="Deadline"
            onSubmit={(e) => {
                e.preventDefault();
                const wish = { due_ms: new Date(due).getTime(), late_percent: Number(percent) };
                void send(() => putDeadline(exercise, wish));
            }}
        >
            <label>
                Due
                <input type="datetime-local" required value={due} onInput={(e) => setDue(e.currentTarget.value)} />
            </label>
            <label>
                Percent off for each day late
                <input
                    type="number"
                    required
                    min={0}
                    max={100}
                    step={1}
                    value={percent}
                    onInput={(e) => setPercent(e.currentTarget.value)}
                />
            </label>
            <button type="submit" class="button quiet" disabled={busy}>
                Set deadline
            </button>
            {deadline !== null && (
                <button
                    type="button"
                    class="button quiet"
                    disabled={busy}
                    onClick={() => void send(() => deleteDeadline(exercise).then(() => null))}
                >
                    Remove
                </button>
            )}
        </form>
    );
}
