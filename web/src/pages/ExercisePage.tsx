// One exercise before it is started: task, network, what is checked.
import { useEffect, useState } from 'preact/hooks';
import { getExercise, listLabs } from '../api/client';
import { Problem } from '../api/http';
import type { Exercise, User } from '../api/types';
import { addProblem } from '../model/alerts';
import { moment, plural } from '../model/format';
import { gradePath } from '../model/route';
import { lateWords, rulesWords } from '../model/rules';
import { atLeast } from '../model/session';
import { Topology } from '../topology/Topology';
import { Link } from '../ui/Link';
import { Best, Facts } from './ExerciseFacts';
import { Instructions } from './Instructions';
import { DeadlineForm } from './DeadlineForm';
import { NotFound } from './NotFound';
import { StartButton } from './StartButton';

export function ExercisePage({ id, user }: { id: string; user: User }) {
    const [e, setE] = useState<Exercise | null>(null);
    const [lab, setLab] = useState<string | null>(null);
    const [missing, setMissing] = useState(false);
    useEffect(() => {
        Promise.all([getExercise(id), listLabs()]).then(
            ([exercise, labs]) => {
                document.title = `${exercise.title} - Paralab`;
                setLab(labs.find((l) => l.exercise === id && l.state !== 'stopped')?.id ?? null);
                setE(exercise);
            },
            (err: unknown) => {
                if (err instanceof Problem && err.status === 404) setMissing(true);
                else addProblem(err, 'The exercise could not be loaded');
            },
        );
    }, [id]);

    if (missing) return <NotFound what="exercise" />;
    if (e === null)
        return (
            <div class="page">
                <p class="soft">Loading…</p>
            </div>
        );
    return (
        <div class="page exercise-page">
            <p class="crumb">
                <Link href="/">Exercises</Link>
            </p>
            <div class="exercise-head">
                <div>
                    <h1 tabIndex={-1}>{e.title}</h1>
                    <p class="summary">{e.summary}</p>
                    <Facts of={e} />
                </div>
                <div class="exercise-go">
                    <StartButton exercise={e.id} title={e.title} lab={lab} />
                    <Best of={e} />
                    {e.attempts > 0 && <p class="soft">{
                        <Link href={gradePath(e.id, user.login)}>{plural(e.attempts, 'attempt')} so far</Link>
                    }</p>}
                    {e.deadline !== null && (
                        <p>
                            Due {moment(e.deadline.due_ms, Date.now())}
                            <span class="soft">, {lateWords(e.deadline)}</span>
                        </p>
                    )}
                    {rulesWords(e.rules) !== '' && <p class="soft">{rulesWords(e.rules)}</p>}
                </div>
            </div>
            {atLeast(user, 'instructor') && (
                <DeadlineForm exercise={e.id} deadline={e.deadline} onDeadline={(d) => setE({ ...e, deadline: d })} />
            )}
            <section aria-labelledby="network-title">
                <h2 id="network-title">Network</h2>
                <div class="framed">
                    <Topology drawing={e.topology} addresses={true} />
                </div>
            </section>
            <div class="exercise-text">
                <Instructions html={e.instructions_html} />
                <section class="checks" aria-labelledby="checks-title">
                    <h2 id="checks-title">What is checked</h2>
                    <ul>
                        {e.checks.map((c) => (
                            <li key={c.id}>
                                <span>{c.title}</span>
                                <span class="points">{plural(c.points, 'point')}</span>
                            </li>
                        ))}
                    </ul>
                </section>
            </div>
            {e.source !== null && e.source !== '' && <p class="soft">Source: {e.source}</p>}
        </div>
    );
}
