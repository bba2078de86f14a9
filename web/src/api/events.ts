// A lab's server-sent events, kept alive.  EventSource comes back by itself after a cut, but gives up for
// good when the server answers anything but 200 (a restart behind a proxy, for one); then we open it anew.
// While the page is hidden the stream is closed: a browser allows six connections per host over all its
// tabs, and six forgotten tabs must not stop the seventh.
import { backoffMs } from './backoff';
import { eventsPath } from './client';
import type { Attempt, Status } from './types';

export interface LabEvents {
    lab(s: Status): void;
    attempt(a: Attempt): void;
    /** The lab is removed; nothing more will come. */
    gone(): void;
    /** The stream is open (true) or lost and being tried again (false). */
    live(open: boolean): void;
}

/** Watches lab 'id' until the returned function is called. */
export function watchLab(id: string, to: LabEvents): () => void {
    let source: EventSource | null = null;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let tries = 0;
    let ended = false;

    const close = () => {
        clearTimeout(timer);
        source?.close();
        source = null;
    };
    const open = () => {
        close();
        const s = new EventSource(eventsPath(id));
        source = s;
        s.onopen = () => {
            tries = 0;
            to.live(true);
        };
        s.onerror = () => {
            to.live(false);
            if (ended || s.readyState !== EventSource.CLOSED) return;
            tries += 1;
            clearTimeout(timer);
            timer = setTimeout(open, backoffMs(tries));
        };
        s.addEventListener('lab', (e) => to.lab(JSON.parse((e as MessageEvent<string>).data) as Status));
        s.addEventListener('gone', () => to.gone());
        s.addEventListener('attempt', (e) => to.attempt(JSON.parse((e as MessageEvent<string>).data) as Attempt));
    };
    const visibility = () => {
        if (document.hidden) close();
        else if (source === null) open();
    };
    document.addEventListener('visibilitychange', visibility);
    if (!document.hidden) open();
    return () => {
        ended = true;
        document.removeEventListener('visibilitychange', visibility);
        close();
    };
}
