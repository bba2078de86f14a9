// The frame around every page: header, alerts, and the page that the address names.
import type { ComponentType } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { User } from '../api/types';
import { addProblem, clearAlerts } from '../model/alerts';
import { navigate, type Route, route } from '../model/route';
import { atLeast, resume, session } from '../model/session';
import { Alerts } from '../ui/Alerts';
import { ConfirmHost } from '../ui/Confirm';
import { Header } from '../ui/Header';
import { useStore } from '../ui/useStore';
import { ExercisePage } from './ExercisePage';
import { Exercises } from './Exercises';
import { GradePage } from './GradePage';
import { NotFound } from './NotFound';
import { Overview } from './Overview';
import { SignIn } from './SignIn';

type LabPage = ComponentType<{ id: string; user: User }>;

/** The lab page comes with the terminal emulator, which the other pages can do without. */
function LazyLab({ id, user }: { id: string; user: User }) {
    const [Page, setPage] = useState<LabPage | null>(null);
    useEffect(() => {
        import('./Lab').then(
            (m) => setPage(() => m.Lab),
            () => addProblem(new Error('reload the page'), 'The lab page could not be loaded'),
        );
    }, []);
    return Page === null ? <p class="page soft">Loading…</p> : <Page key={id} id={id} user={user} />;
}

function Page({ at, user }: { at: Route; user: User }) {
    switch (at.page) {
        case 'exercises':
            return <Exercises />;
        case 'exercise':
            return <ExercisePage key={at.id} id={at.id} user={user} />;
        case 'grade':
            return <GradePage key={`${at.id} ${at.login}`} id={at.id} login={at.login} user={user} />;
        case 'lab':
            return <LazyLab id={at.id} user={user} />;
        case 'overview':
            return atLeast(user, 'instructor') ? <Overview /> : <NotFound what="page" />;
        case 'signin':
            return null;
        case 'unknown':
            return <NotFound what="page" />;
    }
}

const TITLE: Partial<Record<Route['page'], string>> = {
    exercises: 'Exercises',
    overview: 'Overview',
    signin: 'Sign in',
    unknown: 'No such page',
};

export function App() {
    const at = useStore(route);
    const who = useStore(session);
    const main = useRef<HTMLElement>(null);
    const [unreachable, setUnreachable] = useState(false);
    const user = who.phase === 'in' ? who.user : null;

    const begin = () => {
        setUnreachable(false);
        resume().catch(() => setUnreachable(true));
    };
    useEffect(begin, []);

    // Who is not signed in goes to the form and comes back; who is has nothing to do there.
    useEffect(() => {
        if (who.phase === 'out' && at.page !== 'signin') {
            const from = location.pathname + location.search;
            navigate(from === '/' ? '/signin' : `/signin?next=${encodeURIComponent(from)}`, 'replace');
        }
        if (who.phase === 'in' && at.page === 'signin') navigate(at.next, 'replace');
    }, [who.phase, at]);

    // A new page starts at its heading, for eyes and for screen readers.
    const first = useRef(true);
    useEffect(() => {
        document.title = `${TITLE[at.page] ?? 'Lab'} - Paralab`;
        if (first.current) {
            first.current = false;
            return;
        }
        clearAlerts();
        scrollTo(0, 0);
        if (at.page !== 'signin') main.current?.focus({ preventScroll: true });
    }, [at]);

    return (
        <>
            <a class="skip" href="#main">
                Skip to the content
            </a>
            <Header user={user} />
            <Alerts />
            <main id="main" ref={main} tabIndex={-1}>
                {who.phase === 'unknown' ? (
                    unreachable ? (
                        <div class="page">
                            <h1>The server cannot be reached</h1>
                            <p>
                                <button type="button" class="button primary" onClick={begin}>
                                    Try again
                                </button>
                            </p>
                        </div>
                    ) : (
                        <p class="page soft">Loading…</p>
                    )
                ) : user === null ? (
                    <SignIn next={at.page === 'signin' ? at.next : '/'} />
                ) : (
                    <Page at={at} user={user} />
                )}
            </main>
            <ConfirmHost />
        </>
    );
}
