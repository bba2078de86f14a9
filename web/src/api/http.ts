// One request to labd: JSON in and out, the CSRF header on everything that changes something, and every
// failure as a Problem that a page can show as it is.

export class Problem extends Error {
    constructor(
        readonly status: number, // 0: no answer at all
        readonly title: string,
        readonly detail: string,
        readonly body: Record<string, unknown> = {},
        readonly retryAfter: number | null = null,
    ) {
        super(detail || title);
        this.name = 'Problem';
    }
}

let csrf = '';
let onSignedOut: () => void = () => {};

export function setCsrf(token: string): void {
    csrf = token;
}

/** 'f' is called when a request other than the session's own is answered 401. */
export function whenSignedOut(f: () => void): void {
    onSignedOut = f;
}

function text(v: unknown): string {
    return typeof v === 'string' ? v : '';
}

async function problemOf(r: Response): Promise<Problem> {
    let body: Record<string, unknown> = {};
    try {
        const j: unknown = await r.json();
        if (j !== null && typeof j === 'object') body = j as Record<string, unknown>;
    } catch {
        // A proxy's page, or nothing: the status has to do.
    }
    const after = Number(r.headers.get('Retry-After') ?? NaN);
    return new Problem(
        r.status,
        text(body['title']) || r.statusText || `Error ${r.status}`,
        text(body['detail']),
        body,
        Number.isFinite(after) ? after : null,
    );
}

/** Sends 'body' as JSON and gives the answer's JSON (undefined for 204).  Throws a Problem. */
export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const headers: Record<string, string> = { Accept: 'application/json' };
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    if (method !== 'GET') headers['X-CSRF-Token'] = csrf;
    let r: Response;
    try {
        r = await fetch(path, {
            method,
            headers,
            credentials: 'same-origin',
            cache: 'no-store',
            body: body === undefined ? null : JSON.stringify(body),
        });
    } catch {
        throw new Problem(0, 'No answer', 'The server cannot be reached. Is it running, and are you online?');
    }
    if (!r.ok) {
        const p = await problemOf(r);
        if (p.status === 401 && !path.endsWith('/session')) onSignedOut();
        throw p;
    }
    if (r.status === 204) return undefined as T;
    try {
        return (await r.json()) as T;
    } catch {
        throw new Problem(r.status, 'Unreadable answer', `The server's answer to ${method} ${path} is not JSON.`);
    }
}
