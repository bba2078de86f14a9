import { Link } from '../ui/Link';

export function NotFound({ what }: { what: 'page' | 'exercise' | 'lab' }) {
    return (
        <div class="page">
            <h1 tabIndex={-1}>There is no such {what}</h1>
            <p>
                {what === 'lab' ? 'It was stopped, or it belongs to somebody else. ' : ''}
                <Link href="/">Go to the exercises</Link>
            </p>
        </div>
    );
}
