// A student's grade at an exercise: what counts, and every attempt with its report.
import { useEffect, useState } from 'preact/hooks';
import { getGrade } from '../api/client';
import { Problem } from '../api/http';
import type { Attempt, Grade, User } from '../api/types';
import { addProblem } from '../model/alerts';
import { plural } from '../model/format';
import { atLeast } from '../model/session';
import { Link } from '../ui/Link';
import { Meter } from '../ui/Meter';
import { NotFound } from './NotFound';
import { OverrideForm, Overrides } from './Overrides';
import { ResultPane } from './ResultPane';

export function GradePage({ id, login, user }: { id: string; login: string; user: User }) {
    const [g, setG] = useState<Grade | null>(null);
    const [missing, setMissing] = useState(false);
    useEffect(() => {
        getGrade(id, login).then(
            (grade) => {
                document.title = `${grade.name || grade.login}: ${grade.title} - Paralab`;
                setG(grade);
            },
            (e: unknown) => {
                if (e instanceof Problem && e.status === 404) setMissing(true);
                else addProblem(e, 'The attempts could not be loaded');
            },
        );
    }, [id, login]);

    if (missing) return <NotFound what="page" />;
    if (g === null)
        return (
            <div class="page">
                <p class="soft">Loading…</p>
            </div>
        );
    const take = (a: Attempt) =>
        setG((now) => now && { ...now, history: now.history.map((old) => (old.id === a.id ? a : old)) });
    return (
        <div class="page grade-page">
            <p class="crumb">
                <Link href={`/exercises/${g.exercise}`}>{g.title}</Link>
            </p>
            <h1 tabIndex={-1}>Attempts of {g.name || g.login}</h1>
            <div class="best">
                <p>
                    {g.score === null ? (
                        <span class="soft">No score yet</span>
                    ) : (
                        <>
                            {g.overridden ? 'Score set by hand' : 'Score that counts'}{' '}
                            <strong>
                                {g.score} / {g.max_score}
                            </strong>
                        </>
                    )}
                </p>
                <Meter value={g.score ?? 0} max={g.max_score} tone={g.score === g.max_score ? 'good' : 'accent'} />
            </div>
            <p class="soft">
                {plural(g.attempts, 'attempt')}
                {g.best_score !== null && `, best ${g.best_score}, last ${g.last_score}`}
            </p>
            {g.overrides.length > 0 && <Overrides list={g.overrides} max={g.max_score} />}
            {atLeast(user, 'instructor') && <OverrideForm grade={g} onGrade={setG} />}
            {g.history.length > 0 && (
                <>
                    <h2 class="vh">Reports</h2>
                    <ResultPane rules={g.rules} attempts={g.history} onAttempt={take} />
                </>
            )}
        </div>
    );
}
