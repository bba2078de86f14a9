// The rules of an exercise, in words.
import type { Deadline, Rules } from '../api/types';
import { plural } from './format';

/** Rounded up, so that who waits that long is not refused. */
function span(ms: number): string {
    const s = Math.ceil(ms / 1000);
    return s <= 120 ? `${s} s` : `${Math.ceil(s / 60)} min`;
}

/** Why work cannot be checked at 'now', or null; 'next' is when the next attempt may begin. */
export function rulesRefusal(r: Rules, next: number, now: number): string | null {
    if (r.left === 0) return 'No attempts are left.';
    return next > now ? `Next check in ${span(next - now)}.` : null;
}

/** What one has to know before checking; empty if everything is allowed. */
export function rulesWords(r: Rules): string {
    const words: string[] = [];
    if (r.max !== null) words.push(`${r.left ?? 0} of ${plural(r.max, 'attempt')} left`);
    if (r.cooldown_ms > 0) words.push(`${span(r.cooldown_ms)} between two`);
    if (words.length > 0 || r.policy === 'last') words.push(`the ${r.policy} one counts`);
    const text = words.join(', ');
    return text === 'the last one counts' ? 'The last attempt counts' : text;
}

/** What being late costs. */
export function lateWords(d: Deadline): string {
    if (d.late_percent === 0) return 'late work counts in full';
    return d.late_percent === 100 ? 'late work does not count' : `${d.late_percent} % off for each day late`;
}
