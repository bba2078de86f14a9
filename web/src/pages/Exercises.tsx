// All exercises, and which of them one is in the middle of.
import { listExercises, listLabs } from '../api/client';
import type { ExerciseCard, Status } from '../api/types';
import { isAsleep, nodeCount } from '../model/lab';
import { LabBadge } from '../ui/Badge';
import { Link } from '../ui/Link';
import { usePoll } from '../ui/usePoll';
import { Best, Facts } from './ExerciseFacts';
import { StartButton } from './StartButton';

const LOOK_MS = 5000;

async function ask(): Promise<{ exercises: ExerciseCard[]; labs: Status[] }> {
    const [exercises, labs] = await Promise.all([listExercises(), listLabs()]);
    return { exercises, labs };
}

function Card({ e, lab }: { e: ExerciseCard; lab: Status | undefined }) {
    return (
        <li class="exercise-card" aria-labelledby={`exercise-${e.id}`}>
            <h2 id={`exercise-${e.id}`}>
                <Link href={`/exercises/${e.id}`}>{e.title}</Link>
            </h2>
            <p class="summary">{e.summary}</p>
            <Facts of={e} />
            <Best of={e} />
            <div class="row">
                <span>
                    {lab !== undefined && (
                        <>
                            <LabBadge state={lab.state} />{' '}
                            {!isAsleep(lab.state) && <span class="soft">{nodeCount(lab)}</span>}
                        </>
                    )}
                </span>
                <StartButton exercise={e.id} title={e.title} lab={lab?.id ?? null} />
            </div>
        </li>
    );
}

export function Exercises() {
    const [all] = usePoll(ask, LOOK_MS, 'The exercises could not be loaded');
    return (
        <div class="page">
            <h1 tabIndex={-1}>Exercises</h1>
            {all === null ? (
                <p class="soft">Loading…</p>
            ) : all.exercises.length === 0 ? (
                <p class="soft">There are no exercises on this server yet.</p>
            ) : (
                <ul class="exercise-list">
                    {all.exercises.map((e) => (
                        <Card key={e.id} e={e} lab={all.labs.find((l) => l.exercise === e.id && l.state !== 'stopped')} />
                    ))}
                </ul>
            )}
        </div>
    );
}
