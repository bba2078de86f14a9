// Asks for something now and then again and again while the page is looked at.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { addProblem } from '../model/alerts';

/** The newest answer (null before the first), and a function that asks at once.  'doing' names the failure. */
export function usePoll<T>(ask: () => Promise<T>, everyMs: number, doing: string): [T | null, () => void] {
    const [value, setValue] = useState<T | null>(null);
    const asking = useRef(false);
    const failed = useRef(false);
    const now = useCallback(() => {
        if (asking.current) return;
        asking.current = true;
        ask().then(
            (v) => {
                asking.current = failed.current = false;
                setValue(v);
            },
            (e: unknown) => {
                asking.current = false;
                if (!failed.current) addProblem(e, doing); // once, not at every try
                failed.current = true;
            },
        );
    }, [ask, doing]);
    useEffect(() => {
        now();
        const look = () => {
            if (!document.hidden) now();
        };
        const timer = setInterval(look, everyMs);
        document.addEventListener('visibilitychange', look);
        return () => {
            clearInterval(timer);
            document.removeEventListener('visibilitychange', look);
        };
    }, [now, everyMs]);
    return [value, now];
}
