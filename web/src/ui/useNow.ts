// The time, while somebody waits for a moment.
import { useEffect, useState } from 'preact/hooks';

/** Date.now(), anew every second until 'until' has come. */
export function useNow(until: number): number {
    const [now, setNow] = useState(Date.now());
    useEffect(() => {
        setNow(Date.now());
        if (until <= Date.now()) return;
        const timer = setInterval(() => {
            setNow(Date.now());
            if (Date.now() >= until) clearInterval(timer);
        }, 1000);
        return () => clearInterval(timer);
    }, [until]);
    return now;
}
