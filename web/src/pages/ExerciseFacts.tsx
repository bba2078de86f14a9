// What one wants to know before starting: level, time, size.
import type { ExerciseCard } from '../api/types';
import { capital, plural } from '../model/format';
import { Icon } from '../ui/Icon';
import { Meter } from '../ui/Meter';

export function Facts({ of: e }: { of: ExerciseCard }) {
    return (
        <ul class="facts" aria-label="About this exercise">
            {e.level !== null && <li class="level">{capital(e.level)}</li>}
            <li>
                <Icon name="clock" /> {e.minutes} min
            </li>
            <li>
                <Icon name="nodes" /> {plural(e.nodes, 'node')}
            </li>
        </ul>
    );
}

export function Best({ of: e }: { of: ExerciseCard }) {
    return (
        <div class="best">
            <p>
                {e.score === null ? (
                    <span class="soft">Not checked yet</span>
                ) : (
                    <>
                        {e.overridden ? 'Score set by hand' : e.rules.policy === 'last' ? 'Last score' : 'Best score'}{' '}
                        <strong>
                            {e.score} / {e.max_score}
                        </strong>
                    </>
                )}
            </p>
            <Meter
                value={e.score ?? 0}
                max={e.max_score}
                tone={e.score === e.max_score ? 'good' : 'accent'}
            />
        </div>
    );
}
