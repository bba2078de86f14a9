// The theme in force: the one chosen here, else the system's.  Stamped on <html> for the style sheets.
import { prefs } from './prefs';
import { createStore } from './store';

const system = matchMedia('(prefers-color-scheme: dark)');

const decide = (): boolean => {
    const t = prefs.get().theme;
    return t === 'system' ? system.matches : t === 'dark';
};

export const dark = createStore<boolean>(decide());

export function followTheme(): void {
    const apply = () => {
        dark.set(decide());
        document.documentElement.dataset['theme'] = dark.get() ? 'dark' : 'light';
    };
    prefs.subscribe(apply);
    system.addEventListener('change', apply);
    apply();
}
