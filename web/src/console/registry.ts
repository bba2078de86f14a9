// All consoles of this page, by lab and node.
import type { LabNode } from '../api/types';
import { session } from '../model/session';
import { ConsoleSession } from './session';

const all = new Map<string, ConsoleSession>();
const key = (lab: string, node: string) => `${lab}/${node}`;

export function consoleOf(lab: string, node: string): ConsoleSession {
    const k = key(lab, node);
    let c = all.get(k);
    if (c === undefined) {
        c = new ConsoleSession(lab, node);
        all.set(k, c);
    }
    return c;
}

export function dropConsole(lab: string, node: string): void {
    all.get(key(lab, node))?.dispose();
    all.delete(key(lab, node));
}

export function dropLab(lab: string): void {
    for (const c of [...all.values()]) if (c.lab === lab) dropConsole(lab, c.node);
}

export function tellStates(lab: string, nodes: LabNode[]): void {
    for (const n of nodes) all.get(key(lab, n.name))?.nodeState(n.state);
}

// The terminals hold what somebody typed: they go when that person leaves.
session.subscribe(() => {
    if (session.get().phase === 'out') for (const c of [...all.values()]) dropConsole(c.lab, c.node);
});
