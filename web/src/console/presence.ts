// Whether there is anything behind a console, and what that means for its connection.
import type { NodeState } from '../api/types';
import type { Phase } from './link';

/** Nothing to connect to: the node is not there yet, or sleeps. */
const absent = (s: NodeState): boolean => s === 'waiting' || s === 'creating' || s === 'suspended';

/** What the connection, which is in 'phase', should do when the node comes from state 'was' (null: unknown) to
 * 'now'.  A stopped node is tried once, because its last words may be held; if it has none, that is no lost
 * connection to be tried again and again. */
export function connectionFor(was: NodeState | null, now: NodeState, phase: Phase): 'open' | 'hold' | null {
    if (absent(now)) return phase === 'open' ? null : 'hold'; // an open one ends by itself
    if (now === 'stopped' && phase === 'waiting') return 'hold';
    if (now === 'stopped' && was === 'stopped') return null;
    return phase === 'held' ? 'open' : null;
}
