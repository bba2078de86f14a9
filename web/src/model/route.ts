// Page addresses.  Plain paths: labd answers all of them with index.html.
import { createStore } from './store';

export type Route =
    | { page: 'exercises' }
    | { page: 'exercise'; id: string }
    | { page: 'grade'; id: string; login: string }
    | { page: 'lab'; id: string }
    | { page: 'overview' }
    | { page: 'signin'; next: string }
    | { page: 'unknown' };

const NAME = /^[a-z][a-z0-9-]{0,30}$/;

/** Only an address of our own may be gone to after signing in. */
export function safeNext(next: string | null): string {
    return next !== null && /^\/(?![/\\])/.test(next) && !next.startsWith('/signin') ? next : '/';
}

/** '%' that is no escape is left as it is: then there is no such student. */
function decoded(s: string): string {
    try {
        return decodeURIComponent(s);
    } catch {
        return s;
    }
}

export function parseRoute(path: string, search: string): Route {
    const part = path.split('/').filter((s) => s !== '');
    const [first, id] = part;
    if (part.length === 0) return { page: 'exercises' };
    if (part.length === 1 && first === 'exercises') return { page: 'exercises' };
    if (part.length === 1 && first === 'overview') return { page: 'overview' };
    if (part.length === 1 && first === 'signin')
        return { page: 'signin', next: safeNext(new URLSearchParams(search).get('next')) };
    if (part.length === 2 && id !== undefined && NAME.test(id)) {
        if (first === 'exercises') return { page: 'exercise', id };
        if (first === 'labs') return { page: 'lab', id };
    }
    const [, , students, login] = part;
    if (part.length === 4 && first === 'exercises' && NAME.test(id ?? '') && students === 'students')
        return { page: 'grade', id: id ?? '', login: decoded(login ?? '') };
    return { page: 'unknown' };
}

export const gradePath = (exercise: string, login: string) =>
    `/exercises/${exercise}/students/${encodeURIComponent(login)}`;

const here = (): Route =>
    typeof location === 'undefined' ? { page: 'exercises' } : parseRoute(location.pathname, location.search);

export const route = createStore<Route>(here());

export function navigate(path: string, how: 'push' | 'replace' = 'push'): void {
    if (how === 'push') history.pushState(null, '', path);
    else history.replaceState(null, '', path);
    route.set(here());
}

export function followHistory(): void {
    // A jump to a part of the page (#consoles) comes here too, and is no new page.
    addEventListener('popstate', () => {
        const next = here();
        if (JSON.stringify(next) !== JSON.stringify(route.get())) route.set(next);
    });
}
