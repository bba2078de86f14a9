// How long to wait before the n-th try in a row: doubling from half a second to ten, with a spread of a
// quarter so that a class of browsers does not come back in one instant after a restart of the server.

const FIRST_MS = 500;
const LAST_MS = 10_000;

/** 'tries' counts failures so far (1 = after the first).  'random' is in [0, 1). */
export function backoffMs(tries: number, random: number = Math.random()): number {
    const base = Math.min(LAST_MS, FIRST_MS * 2 ** Math.max(0, Math.min(tries, 20) - 1));
    return Math.round(base * (0.875 + random * 0.25));
}
