// What a lab's documents mean: pure functions from old state and event to new state and words.
import type { Attempt, LabNode, LabState, NodeState, Status } from '../api/types';
import { plural } from './format';

export interface LabView {
    status: Status | null;
    attempts: Attempt[]; // newest first
    gone: boolean; // it does not exist (any more)
    live: boolean; // the event stream is open
}

export const EMPTY: LabView = { status: null, attempts: [], gone: false, live: true };

/** Puts 'a' in its place; a report that is already here is not lost to an event without one. */
export function upsertAttempt(list: Attempt[], a: Attempt): Attempt[] {
    const old = list.find((x) => x.id === a.id);
    const merged = old !== undefined && a.report === null && a.state === old.state ? { ...a, report: old.report } : a;
    return [...list.filter((x) => x.id !== a.id), merged].sort((x, y) => y.number - x.number);
}

export function applyStatus(v: LabView, s: Status): LabView {
    return {
        ...v,
        status: s,
        gone: v.gone || s.state === 'stopped', // an answer may come after the event that overtook it
        attempts: s.attempt === null ? v.attempts : upsertAttempt(v.attempts, s.attempt),
    };
}

export const isAsleep = (state: LabState): boolean => state === 'suspending' || state === 'suspended';

/** It sleeps, or tried to wake up and could not. */
export const canResume = (s: Status): boolean =>
    s.state === 'suspended' || (s.state === 'failed' && s.nodes.some((n) => n.state === 'suspended'));

export interface Tally {
    ready: number;
    total: number;
    failed: LabNode[];
    stopped: LabNode[]; // switched off from inside, or crashed: to be started again
}

export function tally(s: Status): Tally {
    return {
        ready: s.nodes.filter((n) => n.state === 'running').length,
        total: s.nodes.length,
        failed: s.nodes.filter((n) => n.state === 'failed'),
        // Nothing of a lab that is being removed, or was lost, can be started again.
        stopped: s.nodes.filter(
            (n) => n.state === 'stopped' && (s.state === 'running' || (n.error !== null && s.state !== 'stopping')),
        ),
    };
}

/** How many nodes there are, and how they do, in words. */
export function nodeCount(s: Status): string {
    const t = tally(s);
    if (s.state === 'suspended') return `${plural(t.total, 'node')} suspended`;
    return `${t.ready} of ${plural(t.total, 'node')} running`;
}

/** The nodes as their consoles see them: nothing can be typed into a lab from the moment it falls asleep. */
export function consoleNodes(s: Status): LabNode[] {
    return isAsleep(s.state) ? s.nodes.map((n) => ({ ...n, state: 'suspended' })) : s.nodes;
}

export const isBusy = (a: Attempt | undefined): boolean => a?.state === 'queued' || a?.state === 'running';

/** Why work cannot be checked just now, or null when it can. */
export function checkRefusal(s: Status, newest: Attempt | undefined): string | null {
    if (s.exercise === null) return 'This lab belongs to no exercise, so there is nothing to check.';
    if (isBusy(newest)) return 'Your work is being checked.';
    if (s.state === 'starting') return 'The lab is still starting.';
    if (s.state === 'stopping') return 'The lab is stopping.';
    if (isAsleep(s.state)) return 'The lab is suspended.';
    return null;
}

/** Why the lab cannot be suspended just now, or null when it can. */
export function suspendRefusal(s: Status, newest: Attempt | undefined): string | null {
    if (isAsleep(s.state)) return 'The lab is being suspended.';
    if (isBusy(newest)) return 'Your work is being checked.';
    if (s.state === 'starting') return 'The lab is still starting.';
    if (s.state === 'stopping') return 'The lab is stopping.';
    return null;
}

export const LAB_WORD: Record<LabState, string> = {
    starting: 'starting',
    running: 'running',
    suspending: 'suspending',
    suspended: 'suspended',
    failed: 'failed',
    stopping: 'stopping',
    stopped: 'stopped',
};

export const NODE_WORD: Record<NodeState, string> = {
    waiting: 'waiting',
    creating: 'creating',
    booting: 'booting',
    running: 'running',
    failed: 'failed',
    stopped: 'stopped',
    suspended: 'suspended',
};

/** What a screen reader should say about the step from 'old' to 'now'; '' when nothing worth it. */
export function announcement(old: Status | null, now: Status): string {
    const t = tally(now);
    const before = new Map(old?.nodes.map((n) => [n.name, n.state]) ?? []);
    const said: string[] = [];
    for (const n of now.nodes) {
        if (old === null || before.get(n.name) === n.state) continue;
        if (n.state === 'running') said.push(`${n.name} is running`);
        if (n.state === 'failed') said.push(`${n.name} failed`);
        if (n.state === 'stopped' && n.error !== null) said.push(`${n.name} stopped`);
    }
    if (said.length > 0 && now.state === 'starting') said.push(`${t.ready} of ${plural(t.total, 'node')} ready`);
    if (old !== null && old.state !== now.state) said.push(`Lab ${LAB_WORD[now.state]}`);
    return said.join('. ');
}
