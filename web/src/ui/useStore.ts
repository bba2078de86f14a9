// Watches a store from a component.
import { useEffect, useReducer } from 'preact/hooks';
import type { Store } from '../model/store';

export function useStore<T>(store: Store<T>): T {
    const [, again] = useReducer<number, void>((n) => n + 1, 0);
    const value = store.get();
    useEffect(() => {
        const stop = store.subscribe(() => again());
        if (!Object.is(store.get(), value)) again(); // changed between drawing and watching
        return stop;
    }, [store]);
    return value;
}
