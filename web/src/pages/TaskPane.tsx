// Task and result, as two tabs of one pane.
import type { ComponentChildren } from 'preact';
import type { Attempt, Exercise } from '../api/types';
import { panelId, Tabs, tabId } from '../ui/Tabs';
import { Instructions } from './Instructions';
import { ResultPane } from './ResultPane';

interface Props {
    exercise: Exercise | null;
    hasExercise: boolean;
    attempts: Attempt[];
    side: 'task' | 'result';
    onSide: (side: 'task' | 'result') => void;
    onAttempt: (a: Attempt) => void;
    questions: ComponentChildren; // below the instructions
}

export function TaskPane({ exercise, hasExercise, attempts, side, onSide, onAttempt, questions }: Props) {
    const newest = attempts[0];
    const score = newest?.state === 'done' && newest.score !== null ? `${newest.score} / ${newest.max_score}` : null;
    return (
        <section class="task" aria-labelledby="task-title" id="task">
            <h2 id="task-title" class="vh">
                Task and result
            </h2>
            <div class="panel-bar">
                <Tabs
                    name="Task and result"
                    prefix="side"
                    active={side}
                    tabs={[
                        { id: 'task', label: 'Task' },
                        {
                            id: 'result',
                            label: (
                                <>
                                    Result{score !== null && <span class="tab-score">{score}</span>}
                                </>
                            ),
                        },
                    ]}
                    onSelect={(id) => onSide(id === 'result' ? 'result' : 'task')}
                />
            </div>
            <div
                class="task-body"
                role="tabpanel"
                id={panelId('side', side)}
                aria-labelledby={tabId('side', side)}
                tabIndex={0}
            >
                {side === 'result' ? (
                    <ResultPane rules={exercise?.rules ?? null} attempts={attempts} onAttempt={onAttempt} />
                ) : (
                    <>
                        {exercise !== null ? (
                            <Instructions html={exercise.instructions_html} />
                        ) : (
                            <p class="soft">
                                {hasExercise
                                    ? 'Loading…'
                                    : 'This lab was started from a topology: it has no instructions.'}
                            </p>
                        )}
                        {questions}
                    </>
                )}
            </div>
            <p class="vh" role="status">
                {newest?.state === 'done' && newest.score !== null
                    ? `Attempt ${newest.number} checked: score ${newest.score} of ${newest.max_score}`
                    : ''}
            </p>
        </section>
    );
}
