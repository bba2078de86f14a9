// A value that can be watched: all state that outlives a component lives in one of these.

export interface Store<T> {
    get(): T;
    set(next: T): void;
    update(f: (old: T) => T): void;
    subscribe(f: () => void): () => void;
}

export function createStore<T>(first: T): Store<T> {
    let value = first;
    const watchers = new Set<() => void>();
    const set = (next: T) => {
        if (Object.is(next, value)) return;
        value = next;
        for (const f of [...watchers]) f();
    };
    return {
        get: () => value,
        set,
        update: (f) => set(f(value)),
        subscribe: (f) => {
            watchers.add(f);
            return () => void watchers.delete(f);
        },
    };
}
