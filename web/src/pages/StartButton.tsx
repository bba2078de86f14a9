// Start, or continue: the one next step of an exercise.
import { useState } from 'preact/hooks';
import { Icon } from '../ui/Icon';
import { Link } from '../ui/Link';
import { startAndGo } from './start';

export function StartButton({ exercise, title, lab }: { exercise: string; title: string; lab: string | null }) {
    const [busy, setBusy] = useState(false);
    if (lab !== null)
        return (
            <Link href={`/labs/${lab}`} class="button primary" aria-label={`Continue ${title}`}>
                Continue
            </Link>
        );
    const start = async () => {
        setBusy(true);
        await startAndGo(exercise);
        setBusy(false);
    };
    return (
        <button type="button" class="button primary" aria-label={`Start ${title}`} disabled={busy} onClick={start}>
            <Icon name="play" /> {busy ? 'Starting…' : 'Start'}
        </button>
    );
}
