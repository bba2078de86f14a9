// Two panes and a separator that a pointer or the arrow keys move.  On a narrow page the style sheet stacks
// the panes and the separator is not there.
import type { ComponentChildren, JSX } from 'preact';
import { useRef } from 'preact/hooks';

interface Props {
    name: string; // what moving the separator does, for screen readers
    along: 'row' | 'column';
    share: number; // percent that the first pane takes
    min: number;
    max: number;
    onShare: (share: number) => void;
    first: ComponentChildren;
    second: ComponentChildren;
}

const STEP = 2;

export function Split({ name, along, share, min, max, onShare, first, second }: Props) {
    const root = useRef<HTMLDivElement>(null);
    const set = (v: number) => onShare(Math.round(Math.min(max, Math.max(min, v)) * 10) / 10);
    const drag = (e: JSX.TargetedPointerEvent<HTMLDivElement>) => {
        if (!e.currentTarget.hasPointerCapture(e.pointerId)) return;
        const r = root.current?.getBoundingClientRect();
        if (r === undefined || r.width === 0 || r.height === 0) return;
        set(along === 'row' ? ((e.clientX - r.left) / r.width) * 100 : ((e.clientY - r.top) / r.height) * 100);
    };
    const key = (e: JSX.TargetedKeyboardEvent<HTMLDivElement>) => {
        const [less, more] = along === 'row' ? ['ArrowLeft', 'ArrowRight'] : ['ArrowUp', 'ArrowDown'];
        if (e.key === less) set(share - STEP);
        else if (e.key === more) set(share + STEP);
        else if (e.key === 'Home') set(min);
        else if (e.key === 'End') set(max);
        else return;
        e.preventDefault();
    };
    return (
        <div class={`split split-${along}`} ref={root} style={{ '--share': `${share}%` }}>
            <div class="pane">{first}</div>
            <div
                class="separator"
                role="separator"
                tabIndex={0}
                aria-label={name}
                aria-orientation={along === 'row' ? 'vertical' : 'horizontal'}
                aria-valuenow={Math.round(share)}
                aria-valuemin={min}
                aria-valuemax={max}
                onKeyDown={key}
                onPointerDown={(e) => {
                    e.preventDefault();
                    e.currentTarget.setPointerCapture(e.pointerId);
                }}
                onPointerMove={drag}
            />
            <div class="pane">{second}</div>
        </div>
    );
}
