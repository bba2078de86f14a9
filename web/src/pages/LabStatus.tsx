// How the lab comes up, node by node, and what went wrong.
import type { LabNode, LabState, Status } from '../api/types';
import { capital, duration } from '../model/format';
import { canResume, isAsleep, NODE_WORD, nodeCount, tally } from '../model/lab';
import { Icon } from '../ui/Icon';

/** Unfolded at first; somebody who has read it gets the room back by folding it. */
function Failure({ node }: { node: LabNode }) {
    return (
        <details class="failure" open>
            <summary>
                <h3>{node.name} failed</h3>
            </summary>
            <p>{node.error ?? 'No reason was given.'}</p>
            {node.output !== null && node.output !== '' && (
                <>
                    <p class="soft">What its startup printed:</p>
                    <pre tabIndex={0}>{node.output}</pre>
                </>
            )}
        </details>
    );
}

/** Switched off or crashed: both ways on, and what each of them costs. */
function Stopped({ nodes, onStart, onReset }: { nodes: LabNode[]; onStart: (node?: string) => void; onReset: (node: string) => void }) {
    return (
        <div class="halted">
            {nodes.map((n) => (
                <div key={n.name} class="halted-node">
                    <div>
                        <h3>{n.name} stopped</h3>
                        <p>{capital(n.error ?? '')}</p>
                        {n.output !== null && n.output !== '' && <pre tabIndex={0}>{n.output}</pre>}
                    </div>
                    <div class="halted-actions">
                        <button
                            type="button"
                            class="button small"
                            aria-label={`Start ${n.name} again`}
                            onClick={() => onStart(n.name)}
                        >
                            <Icon name="play" /> Start again
                        </button>
                        <button
                            type="button"
                            class="button small quiet"
                            aria-label={`Reset ${n.name}`}
                            onClick={() => onReset(n.name)}
                        >
                            <Icon name="reset" /> Reset
                        </button>
                    </div>
                </div>
            ))}
            <div class="halted-foot">
                <p class="soft">Starting again keeps what you did in the node; a reset throws it away.</p>
                {nodes.length > 1 && (
                    <button type="button" class="button small" onClick={() => onStart()}>
                        <Icon name="play" /> Start all again
                    </button>
                )}
            </div>
        </div>
    );
}

function Asleep({ onResume }: { onResume: () => void }) {
    return (
        <div class="asleep">
            <Icon name="sleep" width="28" height="28" />
            <div>
                <h3>This lab is suspended</h3>
                <p>Its nodes sleep where they were. Files, programs and consoles are kept, and go on when you resume it.</p>
            </div>
            <button type="button" class="button primary" data-sleep onClick={onResume}>
                <Icon name="play" /> Resume lab
            </button>
        </div>
    );
}

/** Above the reason that the lab gives for its state. */
function errorTitle(state: LabState): string {
    if (state === 'running') return 'The lab goes on running';
    return state === 'suspended' ? 'The lab is still suspended' : 'The lab failed';
}

interface Props {
    status: Status;
    live: boolean;
    onResume: () => void;
    onStart: (node?: string) => void;
    onReset: (node: string) => void;
}

export function LabStatus({ status, live, onResume, onStart, onReset }: Props) {
    const t = tally(status);
    const took = status.ready_ms === null ? null : status.ready_ms - status.started_ms;
    const settled = t.ready === t.total && status.state === 'running';
    return (
        <section class="lab-status" aria-labelledby="nodes-title">
            <h2 id="nodes-title" class="vh" tabIndex={-1}>
                Nodes
            </h2>
            <p class="lab-count">
                <strong>{nodeCount(status)}</strong>
                {settled && took !== null && took >= 0 ? <span class="soft">, up in {duration(took)}</span> : null}
                {!live && <span class="offline"> Live updates interrupted, trying again…</span>}
            </p>
            {!settled && status.state !== 'suspended' && (
                <ul class="node-states">
                    {status.nodes.map((n) => (
                        <li key={n.name} class={n.state}>
                            <span class={`dot ${n.state}`} aria-hidden="true" />
                            {n.name} <span class="soft">{NODE_WORD[n.state]}</span>
                        </li>
                    ))}
                </ul>
            )}
            {status.error !== null && t.failed.length === 0 && (
                <div class="failure">
                    <h3>{errorTitle(status.state)}</h3>
                    <p>{capital(status.error)}</p>
                </div>
            )}
            {canResume(status) && <Asleep onResume={onResume} />}
            {t.stopped.length > 0 && !isAsleep(status.state) && (
                <Stopped nodes={t.stopped} onStart={onStart} onReset={onReset} />
            )}
            {t.failed.map((n) => (
                <Failure key={n.name} node={n} />
            ))}
        </section>
    );
}
