// Which consoles of a lab are open, in which order, which one is in front, tabs or tiles.  Pure, but for
// the two functions at the end that remember it over a reload.
import { forget, load, save } from './storage';

export interface Consoles {
    open: string[]; // node names
    active: string | null;
    tiled: boolean;
}

export const NONE: Consoles = { open: [], active: null, tiled: false };

export function openConsole(c: Consoles, node: string): Consoles {
    return { ...c, open: c.open.includes(node) ? c.open : [...c.open, node], active: node };
}

export function closeConsole(c: Consoles, node: string): Consoles {
    const at = c.open.indexOf(node);
    if (at < 0) return c;
    const open = c.open.filter((n) => n !== node);
    const active = c.active === node ? (open[Math.min(at, open.length - 1)] ?? null) : c.active;
    return { ...c, open, active };
}

/** Moves the front by 'by' tabs, around the end. */
export function stepConsole(c: Consoles, by: number): Consoles {
    if (c.open.length === 0) return c;
    const at = c.active === null ? 0 : c.open.indexOf(c.active);
    const next = (at + by + c.open.length * Math.abs(by)) % c.open.length;
    return { ...c, active: c.open[next] ?? null };
}

/** Makes sense of what was stored, keeping only nodes that the lab has. */
export function parseConsoles(v: unknown, nodes: string[]): Consoles {
    if (v === null || typeof v !== 'object') return NONE;
    const o = v as Record<string, unknown>;
    const had = Array.isArray(o['open']) ? o['open'] : [];
    const open = nodes.length === 0 ? [] : [...new Set(had.filter((n): n is string => nodes.includes(n as string)))];
    const active = open.find((n) => n === o['active']) ?? open[0] ?? null;
    return { open, active, tiled: o['tiled'] === true };
}

const key = (lab: string) => `paralab.consoles.${lab}`;
export const loadConsoles = (lab: string, nodes: string[]) => parseConsoles(load(key(lab)), nodes);
export const saveConsoles = (lab: string, c: Consoles) => save(key(lab), c);
export const forgetConsoles = (lab: string) => forget(key(lab));
