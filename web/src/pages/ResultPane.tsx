// The result of checking: the newest attempt, and every earlier one to choose.
import { useEffect, useState } from 'preact/hooks';
import { getAttempt } from '../api/client';
import type { Attempt, Rules } from '../api/types';
import { addProblem } from '../model/alerts';
import { moment } from '../model/format';
import { rulesWords } from '../model/rules';
import { ReportView } from './ReportView';

function outcome(a: Attempt): string {
    if (a.state === 'done')
        return `${a.score ?? 0} / ${a.max_score}${isLate(a) ? `, late: ${a.counts}` : ''}`;
    if (a.state === 'queued') return 'waiting';
    return a.state === 'error' ? 'could not be made' : 'being checked';
}

const isLate = (a: Attempt) => a.counts !== null && a.counts !== a.score;

interface Props {
    rules: Rules | null;
    attempts: Attempt[]; // newest first
    onAttempt: (a: Attempt) => void; // a report was loaded
}

export function ResultPane({ rules, attempts, onAttempt }: Props) {
    const newest = attempts[0];
    const [chosen, setChosen] = useState<Attempt['id'] | null>(null);
    useEffect(() => setChosen(null), [newest?.id]); // a new attempt comes to the front
    const shown = attempts.find((a) => a.id === chosen) ?? newest;
    const missing = shown?.state === 'done' && shown.report === null ? shown.id : null;
    useEffect(() => {
        if (missing === null) return;
        getAttempt(missing).then(onAttempt, (e: unknown) => addProblem(e, 'The report could not be loaded'));
    }, [missing]);

    const words = rules !== null ? rulesWords(rules) : '';
    if (shown === undefined)
        return (
            <div class="empty">
                {words !== '' && <p>{words}.</p>}
                <p>Nothing has been checked yet. Press “Check my work” whenever you like: it changes nothing in your lab.</p>
            </div>
        );
    return (
        <section class="result" aria-label="Result">
            <ReportView attempt={shown} />
            {(shown.former ?? []).map((o) => (
                <p class="rules" key={o.until_ms}>
                    Judged again {moment(o.until_ms, Date.now())} for {o.by_name || o.by}: before, it was {o.score} /{' '}
                    {o.max_score}.
                </p>
            ))}
            {isLate(shown) && <p class="rules">This attempt was late: it counts {shown.counts} points.</p>}
            {words !== '' && <p class="rules soft">{words}.</p>}
            {attempts.length > 1 && (
                <div class="history">
                    <h3>Attempts</h3>
                    <ol>
                        {attempts.map((a) => (
                            <li key={a.id}>
                                <button
                                    type="button"
                                    aria-current={a.id === shown.id ? 'true' : undefined}
                                    onClick={() => setChosen(a.id)}
                                >
                                    <span>Attempt {a.number}</span>
                                    <span class="soft">{moment(a.started_ms, Date.now())}</span>
                                    <span class="points">{outcome(a)}</span>
                                </button>
                            </li>
                        ))}
                    </ol>
                </div>
            )}
        </section>
    );
}
