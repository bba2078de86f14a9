// The report of one attempt, check by check.
import type { Attempt, Check, CheckStatus } from '../api/types';
import { capital, duration, moment, percent, plural } from '../model/format';
import { isBusy } from '../model/lab';
import { atLeast, session } from '../model/session';
import { Icon } from '../ui/Icon';
import { Meter } from '../ui/Meter';
import { useStore } from '../ui/useStore';

const WORD: Record<CheckStatus, string> = {
    pass: 'Passed',
    fail: 'Failed',
    blocked: 'Blocked',
    error: 'Not judged',
};

const SEEN: Record<string, string> = {
    wire: 'seen on the wire',
    reference: 'seen by a reference host',
    guest: 'said by the node itself',
};

/** Where an instructor finds the packets of a check; null for others, and if none can be there. */
function usePackets(attempt: Attempt, check: Check): string | null {
    const who = useStore(session);
    if (who.phase !== 'in' || !atLeast(who.user, 'instructor') || attempt.evidence !== true) return null;
    if (check.status === 'blocked' || check.status === 'error') return null;
    return `/api/v1/attempts/${attempt.id}/checks/${check.id}/packets`;
}

function CheckItem({ attempt, check }: { attempt: Attempt; check: Check }) {
    const packets = usePackets(attempt, check);
    const { observed, expected } = check.full ?? check;
    const hints = check.hint === null || check.hint === '' ? [] : check.hint.split('\n');
    return (
        <li class={`check ${check.status}`} data-check={check.id} data-status={check.status}>
            <div class="check-head">
                <span class="check-status">
                    <Icon name={check.status} />
                    {WORD[check.status]}
                </span>
                <h4>{check.title}</h4>
                <span class="points">
                    {check.score} / {check.max_score}
                </span>
            </div>
            {check.status === 'blocked' && check.answer !== null && (
                <p class="soft">This cannot be judged before the check it depends on has passed.</p>
            )}
            {check.others !== undefined && (
                <p>With the values of {check.others.join(', ')} this answer would be right.</p>
            )}
            {check.kept !== undefined && <p class="soft">Judged again, this stayed as it was. {check.kept}</p>}
            {check.status === 'error' && check.kept === undefined && (
                <p class="soft">The platform could not judge this; it is not your mistake.</p>
            )}
            {(observed || (check.status !== 'pass' && expected)) && (
                <dl>
                    {typeof check.answer === 'string' && (
                        <>
                            <dt>Answer</dt>
                            <dd>{check.answer}</dd>
                        </>
                    )}
                    {observed && (
                        <>
                            <dt>Observed</dt>
                            <dd>{observed}</dd>
                        </>
                    )}
                    {expected && check.status !== 'pass' && (
                        <>
                            <dt>Expected</dt>
                            <dd>{expected}</dd>
                        </>
                    )}
                </dl>
            )}
            {SEEN[check.evidence] !== undefined && check.status !== 'blocked' && (
                <p class="evidence">
                    {capital(SEEN[check.evidence] ?? '')}
                    {check.time_to_pass_ms !== null && check.status === 'pass'
                        ? `, after ${duration(check.time_to_pass_ms)}`
                        : ''}
                    {packets !== null && (
                        <>
                            {' · '}
                            <a href={packets} download>
                                Packets<span class="vh"> of “{check.title}”</span>
                            </a>
                        </>
                    )}
                </p>
            )}
            {hints.length > 0 && check.status !== 'pass' && (
                <details>
                    <summary>{plural(hints.length, 'hint').replace(/^1 hint$/, 'Hint')}</summary>
                    {hints.length === 1 ? (
                        <p>{hints[0]}</p>
                    ) : (
                        <ol>
                            {hints.map((h) => (
                                <li key={h}>{h}</li>
                            ))}
                        </ol>
                    )}
                </details>
            )}
            {check.status === 'fail' && typeof check.hint_after === 'number' && (
                <p class="soft">
                    {hints.length > 0 ? 'Another hint' : 'A hint'} after {plural(check.hint_after, 'more failed attempt')}.
                </p>
            )}
        </li>
    );
}

function Progress({ attempt }: { attempt: Attempt }) {
    const p = attempt.progress;
    const known = attempt.state === 'running' && p !== null && p.total > 0;
    const waiting = attempt.state === 'queued' && p !== null && p.ahead > 0;
    return (
        <div class="checking">
            <label for="checking">
                {waiting
                    ? `Waiting: ${plural(p.ahead, 'other attempt is', 'other attempts are')} checked first`
                    : known
                      ? `Checking your work: ${p.done} of ${p.total}`
                      : 'Checking your work…'}
            </label>
            <progress id="checking" {...(known ? { value: p.done, max: p.total } : {})} />
        </div>
    );
}

export function ReportView({ attempt }: { attempt: Attempt }) {
    if (isBusy(attempt)) return <Progress attempt={attempt} />;
    if (attempt.state === 'error')
        return (
            <div class="failure">
                <h3>The check could not be made</h3>
                <p>{attempt.error ?? 'The server gave no reason.'}</p>
            </div>
        );
    const report = attempt.report;
    if (report === null) return <p class="soft">Loading the report…</p>;
    const passed = report.checks.filter((c) => c.status === 'pass').length;
    const full = report.score === report.max_score;
    return (
        <div class="report" data-score={report.score} data-max-score={report.max_score}>
            <div class="score">
                <p class="score-number">
                    <span class="vh">Score </span>
                    {report.score} <span class="of">/ {report.max_score}</span>
                </p>
                <p class="score-words">
                    <strong>{full ? 'Solved' : `${percent(report.score, report.max_score)} %`}</strong>
                    {`, ${passed} of ${plural(report.checks.length, 'check')} passed`}
                    <br />
                    <span class="soft">
                        Attempt {attempt.number}, {moment(attempt.finished_ms ?? attempt.started_ms, Date.now())}
                    </span>
                </p>
            </div>
            <Meter value={report.score} max={report.max_score} tone={full ? 'good' : 'accent'} />
            <h3 class="vh">Checks</h3>
            <ol class="check-list">
                {report.checks.map((c) => (
                    <CheckItem key={c.id} attempt={attempt} check={c} />
                ))}
            </ol>
        </div>
    );
}
