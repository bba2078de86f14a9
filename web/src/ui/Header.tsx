// The bar on top of every page: where one is, who one is, how it looks.
import type { User } from '../api/types';
import { addProblem } from '../model/alerts';
import { capital } from '../model/format';
import { prefs, setPref, type Theme } from '../model/prefs';
import { route } from '../model/route';
import { atLeast, signOut } from '../model/session';
import { Icon } from './Icon';
import { Link } from './Link';
import mark from './mark.svg';
import { useStore } from './useStore';

const NEXT: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' };

function ThemeButton() {
    const { theme } = useStore(prefs);
    return (
        <button
            type="button"
            class="button quiet"
            aria-label={`${capital(theme)} theme, change`}
            title="Theme: system, light, dark"
            onClick={() => setPref('theme', NEXT[theme])}
        >
            <Icon name="theme" />
            {capital(theme)}
        </button>
    );
}

export function Header({ user }: { user: User | null }) {
    const { page } = useStore(route);
    const leave = () => signOut().catch((e: unknown) => addProblem(e, 'You could not be signed out'));
    return (
        <header class="top">
            <Link href="/" class="brand">
                <img src={mark} alt="" width="26" height="26" />
                Paralab
            </Link>
            {user !== null && (
                <nav aria-label="Main">
                    <Link href="/" aria-current={page === 'exercises' ? 'page' : undefined}>
                        Exercises
                    </Link>
                    {atLeast(user, 'instructor') && (
                        <Link href="/overview" aria-current={page === 'overview' ? 'page' : undefined}>
                            Overview
                        </Link>
                    )}
                </nav>
            )}
            <div class="who">
                {user !== null && (
                    <span class="user">
                        <span class="user-name">{user.name || user.login}</span>
                        <span class="user-role">{user.role}</span>
                    </span>
                )}
                <ThemeButton />
                {user !== null && (
                    <button type="button" class="button quiet" onClick={leave}>
                        Sign out
                    </button>
                )}
            </div>
        </header>
    );
}
