// For instructors: who has which lab running, how far, which score.
import { useState } from 'preact/hooks';
import { getOverview } from '../api/client';
import type { OverviewRow } from '../api/types';
import { ago } from '../model/format';
import { gradePath } from '../model/route';
import { isAsleep } from '../model/lab';
import { LabBadge } from '../ui/Badge';
import { Link } from '../ui/Link';
import { Meter } from '../ui/Meter';
import { usePoll } from '../ui/usePoll';

const LOOK_MS = 5000;

function matches(r: OverviewRow, words: string): boolean {
    const text = `${r.login} ${r.name ?? ''} ${r.exercise} ${r.title ?? ''} ${r.state ?? ''}`.toLowerCase();
    return words
        .toLowerCase()
        .split(/\s+/)
        .every((w) => text.includes(w));
}

function Row({ r }: { r: OverviewRow }) {
    return (
        <tr>
            <th scope="row">
                {r.name || r.login} <span class="soft">{r.login}</span>
            </th>
            <td data-label="Exercise">
                <Link href={gradePath(r.exercise, r.login)} aria-label={`Attempts of ${r.name || r.login} at ${r.title || r.exercise}`}>
                    {r.title || r.exercise}
                </Link>
            </td>
            <td data-label="Lab">
                {r.lab !== null && r.state !== null ? (
                    <span class="cell-lab">
                        <LabBadge state={r.state} />
                        <Link href={`/labs/${r.lab}`} aria-label={`Open ${r.lab}, lab of ${r.name || r.login}`}>
                            Open {r.lab}
                        </Link>
                    </span>
                ) : (
                    <span class="soft">none</span>
                )}
            </td>
            <td data-label="Nodes" class="number">
                {r.lab === null || r.state === null || isAsleep(r.state) ? '–' : `${r.nodes_ready} / ${r.nodes}`}
            </td>
            <td data-label="Score">
                <span class="cell-score">
                    {r.score === null ? '–' : `${r.score} / ${r.max_score}`}
                    {r.score !== null && (
                        <Meter
                            value={r.score}
                            max={r.max_score}
                            tone={r.score === r.max_score ? 'good' : 'accent'}
                        />
                    )}
                </span>
            </td>
            <td data-label="Attempts" class="number">
                <span>
                    {r.attempts}
                    {r.best_score !== r.last_score && (
                        <span class="soft">
                            , best {r.best_score}, last {r.last_score}
                        </span>
                    )}
                </span>
            </td>
            <td data-label="Last seen">{r.last_ms === null ? '–' : ago(r.last_ms, Date.now())}</td>
        </tr>
    );
}

export function Overview() {
    const [rows] = usePoll(getOverview, LOOK_MS, 'The overview could not be loaded');
    const [words, setWords] = useState('');
    const shown = (rows ?? []).filter((r) => matches(r, words));
    const running = (rows ?? []).filter((r) => r.lab !== null).length;
    return (
        <div class="page">
            <div class="page-head">
                <div>
                    <h1 tabIndex={-1}>Overview</h1>
                    {rows !== null && (
                        <p class="soft">
                            {running} of {rows.length} with a lab just now
                        </p>
                    )}
                </div>
                <label class="filter">
                    Filter
                    <input
                        type="search"
                        value={words}
                        placeholder="Name, exercise or state"
                        onInput={(e) => setWords(e.currentTarget.value)}
                    />
                </label>
            </div>
            {rows === null ? (
                <p class="soft">Loading…</p>
            ) : shown.length === 0 ? (
                <p class="soft">{rows.length === 0 ? 'Nobody has started a lab yet.' : 'Nothing matches the filter.'}</p>
            ) : (
                <table class="overview">
                    <caption class="vh">Students, their labs and scores</caption>
                    <thead>
                        <tr>
                            <th scope="col">Student</th>
                            <th scope="col">Exercise</th>
                            <th scope="col">Lab</th>
                            <th scope="col">Nodes</th>
                            <th scope="col">Score</th>
                            <th scope="col">Attempts</th>
                            <th scope="col">Last seen</th>
                        </tr>
                    </thead>
                    <tbody>
                        {shown.map((r) => (
                            <Row key={`${r.login} ${r.exercise} ${r.lab ?? ''}`} r={r} />
                        ))}
                    </tbody>
                </table>
            )}
        </div>
    );
}
