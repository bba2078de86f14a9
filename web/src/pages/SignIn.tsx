// The sign-in form.
import { useEffect, useRef, useState } from 'preact/hooks';
import { Problem } from '../api/http';
import { addAlert, alertText, clearAlerts } from '../model/alerts';
import { navigate } from '../model/route';
import { signIn } from '../model/session';
import { plural } from '../model/format';

export function SignIn({ next }: { next: string }) {
    const [busy, setBusy] = useState(false);
    const login = useRef<HTMLInputElement>(null);
    const password = useRef<HTMLInputElement>(null);
    useEffect(() => login.current?.focus(), []);

    const submit = async (e: Event) => {
        e.preventDefault();
        if (busy) return;
        setBusy(true);
        clearAlerts();
        try {
            await signIn(login.current?.value.trim() ?? '', password.current?.value ?? '');
            navigate(next, 'replace');
        } catch (err) {
            setBusy(false);
            if (err instanceof Problem && err.status === 401) {
                addAlert('This login and password do not belong together.');
                password.current?.select();
            } else if (err instanceof Problem && err.status === 429) {
                const wait = err.retryAfter === null ? 'a little' : plural(err.retryAfter, 'second');
                addAlert(`Too many tries. Wait ${wait}, then try again.`);
            } else {
                addAlert(alertText(err, 'You could not be signed in'));
            }
        }
    };

    return (
        <form class="sign-in" onSubmit={submit}>
            <h1 tabIndex={-1}>Sign in</h1>
            <p class="soft">Network labs with real machines, in your browser.</p>
            <label for="login">Login</label>
            <input
                id="login"
                name="login"
                ref={login}
                autocomplete="username"
                autocapitalize="none"
                spellcheck={false}
                required
            />
            <label for="password">Password</label>
            <input id="password" name="password" ref={password} type="password" autocomplete="current-password" required />
            <button type="submit" class="button primary wide" disabled={busy}>
                {busy ? 'Signing in…' : 'Sign in'}
            </button>
        </form>
    );
}
