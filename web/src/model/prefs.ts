// What one person likes on this machine: theme, sizes of panes, how terminals look.
import { load, save } from './storage';
import { createStore } from './store';

export type Theme = 'system' | 'light' | 'dark';

export interface Prefs {
    theme: Theme;
    textShare: number; // percent of the width that the instructions take
    networkShare: number; // percent of the height that the drawing takes
    fontSize: number; // px, of terminals
    screenReader: boolean; // xterm's screen reader mode
    addresses: boolean; // addresses in the drawing
}

const KEY = 'paralab.prefs';
export const FONT_MIN = 9;
export const FONT_MAX = 32;

export const DEFAULTS: Prefs = {
    theme: 'system',
    textShare: 36,
    networkShare: 46,
    fontSize: 14,
    screenReader: false,
    addresses: false,
};

const clamp = (v: unknown, lo: number, hi: number, otherwise: number) =>
    typeof v === 'number' && Number.isFinite(v) ? Math.min(hi, Math.max(lo, v)) : otherwise;

/** Makes valid preferences of whatever was stored. */
export function parsePrefs(v: unknown): Prefs {
    const o = (v !== null && typeof v === 'object' ? v : {}) as Record<string, unknown>;
    const theme = o['theme'];
    return {
        theme: theme === 'light' || theme === 'dark' ? theme : 'system',
        textShare: clamp(o['textShare'], 15, 75, DEFAULTS.textShare),
        networkShare: clamp(o['networkShare'], 15, 80, DEFAULTS.networkShare),
        fontSize: clamp(o['fontSize'], FONT_MIN, FONT_MAX, DEFAULTS.fontSize),
        screenReader: o['screenReader'] === true,
        addresses: o['addresses'] === true,
    };
}

export const prefs = createStore<Prefs>(parsePrefs(typeof localStorage === 'undefined' ? null : load(KEY)));

export function setPref<K extends keyof Prefs>(key: K, value: Prefs[K]): void {
    prefs.update((p) => parsePrefs({ ...p, [key]: value }));
    save(KEY, prefs.get());
}
