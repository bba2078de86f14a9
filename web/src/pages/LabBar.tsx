// The top of the lab page: which lab, how it is, what one can do with it.
import type { Status } from '../api/types';
import { canResume, isAsleep } from '../model/lab';
import { LabBadge } from '../ui/Badge';
import { Icon } from '../ui/Icon';

interface Props {
    status: Status;
    mine: boolean;
    checking: boolean;
    refusal: string | null; // why work cannot be checked now
    note: string | null; // the part of it that is written out
    sleepRefusal: string | null; // why the lab cannot be suspended now
    onCheck: () => void;
    onReset: () => void;
    onSuspend: () => void;
    onStop: () => void;
}

export function LabBar({ status, mine, checking, refusal, note, sleepRefusal, onCheck, onReset, onSuspend, onStop }: Props) {
    const stopping = status.state === 'stopping';
    return (
        <div class="lab-bar">
            <div class="lab-name">
                <h1 tabIndex={-1}>{status.title || status.name}</h1>
                <LabBadge state={status.state} />
                {!mine && <span class="owner">Lab of {status.owner.name || status.owner.login}</span>}
            </div>
            <div class="lab-actions">
                <button type="button" class="button quiet" disabled={stopping || isAsleep(status.state)} onClick={onReset}>
                    <Icon name="reset" /> Reset lab
                </button>
                {status.can_suspend && !canResume(status) && (
                    <button
                        type="button"
                        class="button quiet"
                        data-sleep
                        aria-disabled={sleepRefusal !== null}
                        title={sleepRefusal ?? 'The nodes sleep until you resume the lab; nothing is lost'}
                        onClick={() => {
                            if (sleepRefusal === null) onSuspend();
                        }}
                    >
                        <Icon name="sleep" /> {status.state === 'suspending' ? 'Suspending…' : 'Suspend lab'}
                    </button>
                )}
                <button type="button" class="button quiet" disabled={stopping} onClick={onStop}>
                    <Icon name="stop" /> {stopping ? 'Stopping…' : 'Stop lab'}
                </button>
                {note !== null && (
                    <span class="check-note" id="check-note">
                        {note}
                    </span>
                )}
                {status.exercise !== null && (
                    <button
                        type="button"
                        class="button primary"
                        aria-describedby={note !== null ? 'check-note' : undefined}
                        aria-disabled={refusal !== null}
                        title={refusal ?? undefined}
                        onClick={() => {
                            if (refusal === null) onCheck();
                        }}
                    >
                        <Icon name="pass" /> {checking ? 'Checking…' : 'Check my work'}
                    </button>
                )}
            </div>
        </div>
    );
}
