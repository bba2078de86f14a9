// How the lab comes up, node by node, and what went wrong.
import type { LabNode, Status } from '../api/types';
import { duration, plural } from '../model/format';
import { NODE_WORD, tally } from '../model/lab';

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

export function LabStatus({ status, live }: { status: Status; live: boolean }) {
    const t = tally(status);
    const took = status.ready_ms === null ? null : status.ready_ms - status.started_ms;
    const settled = t.ready === t.total && status.state === 'running';
    return (
        <section class="lab-status" aria-labelledby="nodes-title">
            <h2 id="nodes-title" class="vh">
                Nodes
            </h2>
            <p class="lab-count">
                <strong>
                    {t.ready} of {plural(t.total, 'node')} running
                </strong>
                {settled && took !== null && took >= 0 ? <span class="soft">, up in {duration(took)}</span> : null}
                {!live && <span class="offline"> Live updates interrupted, trying again…</span>}
            </p>
            {!settled && (
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
                    <h3>The lab failed</h3>
                    <p>{status.error}</p>
                </div>
            )}
            {t.failed.map((n) => (
                <Failure key={n.name} node={n} />
            ))}
        </section>
    );
}
