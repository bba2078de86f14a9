// A student's grade at an exercise: what counts, and every attempt with its report.
import { useEffect, useState } from 'preact/hooks';
import { getGrade } from '../api/client';
import { Problem } from '../api/http';
import type { Attempt, Grade } from '../api/types';
import { addProblem } from '../model/alerts';
import { plural } from '../model/format';
import { Link } from '../ui/Link';
import { Meter } from '../ui/Meter';
import { NotFound } from './NotFound';
import { ResultPane } from './ResultPane';

export function GradePage({ id, login }: { id: string; login: string }) {
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
                            Score that counts{' '}
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
            {g.history.length > 0 && <ResultPane rules={g.rules} attempts={g.history} onAttempt={take} />}
        </div>
    );
}
