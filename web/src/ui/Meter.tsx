// A bar that shows a part of a whole; the numbers stand beside it in words.
export function Meter({ value, max, tone = 'accent' }: { value: number; max: number; tone?: 'accent' | 'good' }) {
    const width = max > 0 ? Math.min(100, Math.max(0, (value / max) * 100)) : 0;
    return (
        <div class={`meter ${tone}`} aria-hidden="true">
            <div style={{ width: `${width}%` }} />
        </div>
    );
}
