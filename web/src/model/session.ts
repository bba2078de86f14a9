// Who is signed in.
import { deleteSession, getSession, postSession } from '../api/client';
import { Problem, setCsrf, whenSignedOut } from '../api/http';
import type { Role, SessionDoc, User } from '../api/types';
import { createStore } from './store';

export type Session = { phase: 'unknown' } | { phase: 'out' } | { phase: 'in'; user: User };

export const session = createStore<Session>({ phase: 'unknown' });

const RANK: Record<Role, number> = { student: 0, instructor: 1, admin: 2 };

export function atLeast(user: User, role: Role): boolean {
    return (RANK[user.role] ?? 0) >= RANK[role];
}

function enter(doc: SessionDoc): void {
    setCsrf(doc.csrf);
    session.set({ phase: 'in', user: doc.user });
}

/** Finds out whether the cookie still stands for somebody.  Throws only when there is no answer. */
export async function resume(): Promise<void> {
    whenSignedOut(() => session.set({ phase: 'out' }));
    try {
        enter(await getSession());
    } catch (e) {
        if (e instanceof Problem && e.status === 401) session.set({ phase: 'out' });
        else throw e;
    }
}

export async function signIn(login: string, password: string): Promise<void> {
    enter(await postSession(login, password));
}

export async function signOut(): Promise<void> {
    try {
        await deleteSession();
    } catch (e) {
        if (!(e instanceof Problem && e.status === 401)) throw e;
    }
    setCsrf('');
    session.set({ phase: 'out' });
}
