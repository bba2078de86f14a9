// Numbers and words as people read them.

export function duration(ms: number): string {
    if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
    const s = ms / 1000;
    if (s < 10) return `${s.toFixed(1)} s`;
    if (s < 60) return `${Math.round(s)} s`;
    const m = Math.floor(s / 60);
    if (m < 60) return `${m} min`;
    const h = Math.floor(m / 60);
    return h < 48 ? `${h} h ${m % 60} min` : `${Math.floor(h / 24)} days`;
}

export function ago(then: number, now: number): string {
    const s = (now - then) / 1000;
    if (s < 10) return 'just now';
    if (s < 60) return `${Math.floor(s)} s ago`;
    if (s < 3600) return `${Math.floor(s / 60)} min ago`;
    if (s < 48 * 3600) return `${Math.floor(s / 3600)} h ago`;
    return `${Math.floor(s / 86400)} days ago`;
}

export function plural(n: number, one: string, many = `${one}s`): string {
    return `${n} ${n === 1 ? one : many}`;
}

export function capital(s: string): string {
    return s.charAt(0).toUpperCase() + s.slice(1);
}

export function clock(ms: number): string {
    return new Date(ms).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
}

/** The time of day, with the date unless it is today. */
export function moment(ms: number, now: number): string {
    const date = (t: number) => new Date(t).toLocaleDateString([], { year: 'numeric', month: 'short', day: 'numeric' });
    return date(ms) === date(now) ? clock(ms) : `${date(ms)}, ${clock(ms)}`;
}

/** 'score' of 'max' in whole percent, 0 when there is nothing to score. */
export function percent(score: number, max: number): number {
    return max > 0 ? Math.round((Math.min(max, Math.max(0, score)) / max) * 100) : 0;
}
