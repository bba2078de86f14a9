// The network as a drawing.  Nodes are buttons when 'onOpen' is given: they open a console.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { DrawnNode, Drawing, NodeState } from '../api/types';
import { NODE_WORD } from '../model/lab';
import { KindGlyph, StateGlyph } from './glyphs';
import { LINE_H, type Label } from './labels';
import { type Card, type Layout, layout, type Line } from './layout';
import { wireText } from './wires';

interface Props {
    drawing: Omit<Drawing, 'nodes'> & { nodes: (DrawnNode & { state?: NodeState })[] };
    addresses: boolean;
    opened?: string[]; // nodes with an open console
    onOpen?: (node: string) => void;
}

const SMALLEST = 0.78;

interface Room {
    width: number;
    height: number | null; // null: as high as it likes
}

/** The room there is.  The height counts only where the style sheet gives the box one (--fill). */
function useRoom(): [preact.RefObject<HTMLDivElement>, Room] {
    const ref = useRef<HTMLDivElement>(null);
    const [room, setRoom] = useState<Room>({ width: 0, height: null });
    useEffect(() => {
        const el = ref.current;
        if (el === null) return;
        const measure = () => {
            const fills = getComputedStyle(el).getPropertyValue('--fill').trim() === '1';
            const next = { width: Math.floor(el.clientWidth), height: fills ? Math.floor(el.clientHeight) : null };
            setRoom((r) => (r.width === next.width && r.height === next.height ? r : next));
        };
        const seen = new ResizeObserver(measure);
        seen.observe(el);
        measure();
        return () => seen.disconnect();
    }, []);
    return [ref, room];
}

function WireLabel({ label }: { label: Label }) {
    return (
        <text class="wire-label" x={label.x} y={label.y - label.h / 2}>
            {label.lines.map((t, i) => (
                <tspan key={i} x={label.x} y={label.y - label.h / 2 + LINE_H * (i + 0.8)}>
                    {t}
                </tspan>
            ))}
        </text>
    );
}

const HIDDEN = ', hidden from students';

function WireLine({ line }: { line: Line }) {
    const { wire, a, b } = line;
    const mid = { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
    const cls = `wire${wire.down ? ' down' : ''}${wire.impaired ? ' impaired' : ''}${wire.hidden ? ' hidden' : ''}`;
    const said = `${wireText(wire)}${wire.down ? ', down' : ''}${wire.impaired ? ', impaired' : ''}${wire.hidden ? HIDDEN : ''}`;
    return (
        <g class={cls} role="img" aria-label={`Link ${said}`}>
            <title>{wire.link === null ? said : `${wire.link}: ${said}`}</title>
            <line x1={a.x} y1={a.y} x2={b.x} y2={b.y} />
            {wire.down && <path class="wire-cut" d={`M${mid.x - 5} ${mid.y - 5}l10 10m0-10l-10 10`} />}
        </g>
    );
}

function CardBody({ card, state }: { card: Card; state: NodeState | null }) {
    const left = -card.w / 2;
    const pill = card.kind === 'network';
    return (
        <>
            <rect class="card-ring" x={left - 4} y={-card.h / 2 - 4} width={card.w + 8} height={card.h + 8} rx={12} />
            <rect class="card-box" x={left} y={-card.h / 2} width={card.w} height={card.h} rx={pill ? card.h / 2 : 9} />
            <g transform={`translate(${left + (pill ? 20 : 22)} 0)`}>
                <KindGlyph kind={card.kind} />
            </g>
            <text class="card-name" x={left + (pill ? 36 : 41)} y={pill ? 4.5 : -2.5}>
                {card.shown}
            </text>
            {!pill && state !== null && (
                <g transform={`translate(${left + 45} 12)`}>
                    <StateGlyph state={state} />
                    <text class="card-state" x="8" y="4">
                        {state === 'suspended' ? 'asleep' : NODE_WORD[state] /* as much as a card has room for */}
                    </text>
                </g>
            )}
            {!pill && state === null && (
                <text class="card-state" x={left + 41} y="14">
                    {card.kind}
                </text>
            )}
        </>
    );
}

export function Topology({ drawing, addresses, opened = [], onOpen }: Props) {
    const [ref, { width, height }] = useRoom();
    // A large drawing is made a little smaller before it scrolls.
    const [plan, zoom] = useMemo((): [Layout | null, number] => {
        if (width === 0) return [null, 1];
        const full = layout(drawing, width, addresses, height);
        if (full.width <= width && full.height <= (height ?? full.height)) return [full, 1];
        const room = height === null ? null : height / SMALLEST;
        return [layout(drawing, width / SMALLEST, addresses, room), SMALLEST];
    }, [drawing, width, height, addresses]);
    const [shownW, shownH] = plan === null ? [0, 0] : [Math.floor(plan.width * zoom), Math.floor(plan.height * zoom)];
    const overflows = shownW > width || shownH > (height ?? shownH);
    const states = new Map(drawing.nodes.map((n) => [n.name, n.state]));
    const key = (e: KeyboardEvent, name: string) => {
        if (e.key !== 'Enter' && e.key !== ' ') return;
        e.preventDefault();
        onOpen?.(name);
    };

    const card = (c: Card) => {
        const state = states.get(c.name) ?? null;
        const at = `translate(${c.x} ${c.y})`;
        const title = c.shown === c.name ? null : <title>{c.name}</title>;
        const hidden = c.hidden ? ' hidden' : '';
        const what = `${c.name}, ${c.kind}${c.hidden ? HIDDEN : ''}`;
        const body = <CardBody card={c} state={state} />;
        const isNode = c.kind === 'host' || c.kind === 'router';
        if (!isNode || onOpen === undefined)
            return (
                <g key={c.name} class={`card ${c.kind}${hidden}`} transform={at} role="img" aria-label={what}>
                    {title}
                    {body}
                </g>
            );
        const open = opened.includes(c.name);
        return (
            <g
                key={c.name}
                class={`card node ${c.kind} ${state ?? ''}${open ? ' opened' : ''}${hidden}`}
                transform={at}
                role="button"
                tabindex={0}
                aria-label={`${what}, ${state === null ? '' : NODE_WORD[state]}${open ? ', console open' : ''}`}
                onClick={() => onOpen(c.name)}
                onKeyDown={(e) => key(e, c.name)}
            >
                <g aria-hidden="true">
                    {title}
                    {body}
                </g>
            </g>
        );
    };

    return (
        <div
            class="topology"
            ref={ref}
            {...(overflows ? { tabIndex: 0, role: 'region', 'aria-label': 'Network drawing, scrolls' } : {})}
        >
            {plan !== null && (
                <svg
                    role="group"
                    aria-label="Network"
                    width={shownW}
                    height={shownH}
                    viewBox={`0 0 ${plan.width} ${plan.height}`}
                >
                    <g>
                        {plan.lines.map((l) => (
                            <WireLine key={l.wire.id} line={l} />
                        ))}
                    </g>
                    <g aria-hidden="true">
                        {plan.lines.flatMap((l) => l.labels.map((t, i) => <WireLabel key={`${l.wire.id}${i}`} label={t} />))}
                    </g>
                    <g>{plan.cards.map(card)}</g>
                </svg>
            )}
        </div>
    );
}
