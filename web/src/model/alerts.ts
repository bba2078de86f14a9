// The messages of the alert region, newest last.
import { Problem } from '../api/http';
import { createStore } from './store';

export interface Alert {
    id: number;
    kind: 'error' | 'info';
    text: string;
}

export const alerts = createStore<Alert[]>([]);
const MOST = 4;
let last = 0;

export function alertText(e: unknown, doing: string): string {
    const why = e instanceof Problem ? e.detail || e.title : e instanceof Error ? e.message : String(e);
    return doing === '' ? why : `${doing}: ${why}`;
}

export function addAlert(text: string, kind: Alert['kind'] = 'error'): void {
    last += 1;
    const a = { id: last, kind, text };
    alerts.update((list) => [...list.filter((x) => x.text !== text), a].slice(-MOST));
}

/** Shows why 'doing' failed.  A lost session is not shown: the page goes to the sign-in form. */
export function addProblem(e: unknown, doing: string): void {
    if (e instanceof Problem && e.status === 401) return;
    addAlert(alertText(e, doing));
}

export const dropAlert = (id: number) => alerts.update((list) => list.filter((a) => a.id !== id));
export const clearAlerts = () => alerts.set([]);
