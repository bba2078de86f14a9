// localStorage that never throws: it may be full, forbidden, or hold what an older version wrote.

export function load(key: string): unknown {
    try {
        const s = localStorage.getItem(key);
        return s === null ? null : JSON.parse(s);
    } catch {
        return null;
    }
}

export function save(key: string, value: unknown): void {
    try {
        localStorage.setItem(key, JSON.stringify(value));
    } catch {
        // The preference lasts until the page is closed.
    }
}

export function forget(key: string): void {
    try {
        localStorage.removeItem(key);
    } catch {
        // Nothing was stored then.
    }
}
