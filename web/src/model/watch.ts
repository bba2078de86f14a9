// One lab being looked at: its documents, kept current from the event stream.
import { getAttempt, getLab, listAttempts } from '../api/client';
import { watchLab } from '../api/events';
import { Problem } from '../api/http';
import type { Attempt, Status } from '../api/types';
import { addProblem } from './alerts';
import { applyStatus, EMPTY, isBusy, type LabView, upsertAttempt } from './lab';
import { createStore, type Store } from './store';

const LOOK_MS = 3000; // how often to ask when the stream is down

export interface LabWatch {
    view: Store<LabView>;
    /** Sends a request about the lab and takes the status that is its answer. */
    ask(request: () => Promise<Status>): Promise<void>;
    attempt(a: Attempt): void;
    end(): void;
}

export function openWatch(id: string): LabWatch {
    const view = createStore<LabView>(EMPTY);
    let timer: ReturnType<typeof setInterval> | undefined;
    let ended = false;
    let events = 0;

    const status = (s: Status) => {
        view.update((v) => applyStatus(v, s));
        if (s.attempt !== null) complete(s.attempt);
    };
    // An answer and an event come on two connections, and either may overtake the other.  While the stream is
    // open the newest state comes on it in any case, so where both came, the answer is not needed.
    const ask = async (request: () => Promise<Status>) => {
        const before = events;
        const s = await request();
        if (!ended && (events === before || !view.get().live)) status(s);
    };
    const attempt = (a: Attempt) => {
        view.update((v) => ({ ...v, attempts: upsertAttempt(v.attempts, a) }));
        complete(a);
    };
    const asked = new Set<string | number>();
    // An event may come without its report; then it is fetched, once.
    const complete = (a: Attempt) => {
        const held = view.get().attempts.find((x) => x.id === a.id);
        if (a.state !== 'done' || held?.report != null || asked.has(a.id)) return;
        asked.add(a.id);
        getAttempt(a.id).then(attempt, (e: unknown) => addProblem(e, 'The report could not be loaded'));
    };
    const gone = () => {
        view.update((v) => ({ ...v, gone: true }));
        end();
    };
    const look = async () => {
        try {
            await ask(() => getLab(id));
        } catch (e) {
            if (ended) return;
            if (e instanceof Problem && e.status === 404) {
                gone();
            } else if (view.get().status === null) {
                addProblem(e, 'The lab could not be loaded');
            }
        }
    };
    const live = (open: boolean) => {
        view.update((v) => ({ ...v, live: open }));
        clearInterval(timer);
        if (!open && !ended) {
            void look();
            timer = setInterval(() => void look(), LOOK_MS);
        }
    };
    const lab = (s: Status) => {
        events += 1;
        status(s);
    };
    const stop = watchLab(id, { lab, attempt, gone, live });
    const end = () => {
        ended = true;
        clearInterval(timer);
        stop();
    };

    void look();
    listAttempts(id).then(
        (list) => {
            view.update((v) => ({ ...v, attempts: list.reduce(upsertAttempt, v.attempts) }));
            const newest = view.get().attempts[0];
            if (newest !== undefined && !isBusy(newest)) complete(newest);
        },
        () => {}, // the lab itself is asked for too, and says why
    );
    return { view, ask, attempt, end };
}
