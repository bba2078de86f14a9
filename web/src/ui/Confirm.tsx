// "Really?" in a native dialog, as a promise.
import { useEffect, useRef } from 'preact/hooks';
import { createStore } from '../model/store';
import { useStore } from './useStore';

export interface Question {
    title: string;
    text: string;
    action: string;
    danger?: boolean;
}

const asked = createStore<(Question & { answer: (yes: boolean) => void }) | null>(null);

export function confirm(q: Question): Promise<boolean> {
    return new Promise((answer) => {
        asked.get()?.answer(false);
        asked.set({ ...q, answer });
    });
}

export function ConfirmHost() {
    const q = useStore(asked);
    const ref = useRef<HTMLDialogElement>(null);
    useEffect(() => {
        if (q !== null && ref.current?.open === false) ref.current.showModal();
    }, [q]);
    if (q === null) return null;
    const done = (yes: boolean) => {
        ref.current?.close(); // the browser gives the focus back to where it was
        asked.set(null);
        q.answer(yes);
    };
    return (
        <dialog
            ref={ref}
            class="dialog"
            aria-labelledby="confirm-title"
            aria-describedby="confirm-text"
            onCancel={(e) => {
                e.preventDefault();
                done(false);
            }}
        >
            <h2 id="confirm-title">{q.title}</h2>
            <p id="confirm-text">{q.text}</p>
            <div class="row end">
                <button type="button" class="button" onClick={() => done(false)}>
                    Cancel
                </button>
                <button type="button" class={`button ${q.danger ? 'danger' : 'primary'}`} onClick={() => done(true)}>
                    {q.action}
                </button>
            </div>
        </dialog>
    );
}
