// Where everything of a drawing goes, in CSS pixels.  The server gives every node a place in 0..1000 x
// 0..600; here the used part is spread over the room there is, so that cards keep a readable size and do not
// touch, however narrow the page; a drawing that cannot be made so small stays wider and scrolls.
// Pure: the same drawing and width always give the same layout.
import type { Drawing, ElementKind, NodeKind } from '../api/types';
import type { Box, Point } from './geometry';
import { labelsOf, type Label } from './labels';
import { wiresOf, type Wire } from './wires';

export interface Card extends Box {
    name: string;
    shown: string; // the name, shortened when it is very long
    kind: NodeKind | ElementKind;
}

export interface Line {
    wire: Wire;
    a: Point;
    b: Point;
    labels: Label[];
}

export interface Layout {
    width: number;
    height: number;
    cards: Card[];
    lines: Line[];
}

const CARD_H = 46;
const CARD_MIN = 92;
const PILL_H = 30;
const CHAR = 7.6; // width of a character of a card's name
const SHOWN = 16;
const EDGE = 10; // free room at the border
const GAP_LINKED = { x: 66, y: 54 }; // between cards with a wire, so that both ends' labels fit
const GAP_ADDRESS = { x: 128, y: 66 };
const GAP_OTHER = { x: 14, y: 14 };
const MIN_H = 150;
const MAX_W = 2200;
const LANE = 16; // distance between parallel wires

const isPill = (kind: Card['kind']) => kind === 'network';

function shorten(name: string): string {
    return name.length > SHOWN ? `${name.slice(0, SHOWN - 1)}…` : name;
}

/** Scales of x and y with which no two cards touch, starting from those that fill 'width'. */
function scales(cards: Card[], linked: Set<string>, sx: number, sy: number, gap: { x: number; y: number }): Point {
    for (const [i, a] of cards.entries())
        for (const b of cards.slice(i + 1)) {
            const g = linked.has(`${a.name} ${b.name}`) ? gap : GAP_OTHER;
            const dx = Math.abs(a.x - b.x);
            const dy = Math.abs(a.y - b.y);
            const growX = dx === 0 ? Infinity : ((a.w + b.w) / 2 + g.x) / (dx * sx);
            const growY = dy === 0 ? Infinity : ((a.h + b.h) / 2 + g.y) / (dy * sy);
            const grow = Math.min(growX, growY);
            if (grow <= 1 || grow === Infinity) continue;
            if (growX <= growY) sx *= growX;
            else sy *= growY;
        }
    return { x: sx, y: sy };
}

function place(cards: Card[], wires: Wire[], width: number, addresses: boolean): { width: number; height: number } {
    const xs = cards.map((c) => c.x);
    const ys = cards.map((c) => c.y);
    const [x0, y0] = [Math.min(...xs), Math.min(...ys)];
    const spanX = Math.max(...xs) - x0;
    const spanY = Math.max(...ys) - y0;
    const halfW = Math.max(...cards.map((c) => c.w)) / 2 + EDGE;
    const halfH = Math.max(...cards.map((c) => c.h)) / 2 + EDGE;
    const linked = new Set(
        wires.flatMap(({ ends: [a, b] }) => [`${a.at} ${b.at}`, `${b.at} ${a.at}`]),
    );
    const sx0 = spanX === 0 ? 1 : Math.max(1, Math.min(width, MAX_W) - 2 * halfW) / spanX;
    const sy0 = Math.min(sx0 * 0.9, 0.55);
    const s = scales(cards, linked, sx0, sy0, addresses ? GAP_ADDRESS : GAP_LINKED);
    const w = Math.max(width, spanX * s.x + 2 * halfW);
    const h = Math.max(MIN_H, spanY * s.y + 2 * halfH);
    const offX = (w - spanX * s.x) / 2;
    const offY = (h - spanY * s.y) / 2;
    for (const c of cards) {
        c.x = Math.round(offX + (c.x - x0) * s.x);
        c.y = Math.round(offY + (c.y - y0) * s.y);
    }
    return { width: Math.round(w), height: Math.round(h) };
}

/** Straight lines between cards; wires between the same two cards run side by side. */
function lines(cards: Card[], wires: Wire[]): Line[] {
    const at = new Map(cards.map((c) => [c.name, c]));
    const lanes = new Map<string, Wire[]>();
    const pair = (w: Wire) => [w.ends[0].at, w.ends[1].at].sort().join(' ');
    for (const w of wires) lanes.set(pair(w), [...(lanes.get(pair(w)) ?? []), w]);
    const out: Line[] = [];
    for (const wire of wires) {
        const a = at.get(wire.ends[0].at);
        const b = at.get(wire.ends[1].at);
        if (a === undefined || b === undefined || a === b) continue;
        const lane = lanes.get(pair(wire)) ?? [wire];
        const shift = (lane.indexOf(wire) - (lane.length - 1) / 2) * LANE;
        const sign = a.name < b.name ? 1 : -1; // the same side, whichever end comes first
        const len = Math.hypot(b.x - a.x, b.y - a.y) || 1;
        const nx = (-(b.y - a.y) / len) * shift * sign;
        const ny = ((b.x - a.x) / len) * shift * sign;
        out.push({ wire, a: { x: a.x + nx, y: a.y + ny }, b: { x: b.x + nx, y: b.y + ny }, labels: [] });
    }
    return out;
}

export function layout(d: Drawing, width: number, addresses: boolean): Layout {
    const cards: Card[] = [...d.nodes, ...d.elements].map((n) => {
        const shown = shorten(n.name);
        return {
            name: n.name,
            shown,
            kind: n.kind,
            x: n.x,
            y: n.y,
            w: Math.max(CARD_MIN, Math.ceil(shown.length * CHAR) + (isPill(n.kind) ? 40 : 54)),
            h: isPill(n.kind) ? PILL_H : CARD_H,
        };
    });
    if (cards.length === 0) return { width, height: MIN_H, cards, lines: [] };
    const wires = wiresOf(d);
    const size = place(cards, wires, width, addresses);
    const drawn = lines(cards, wires);
    labelsOf(drawn, cards, size, addresses);
    return { ...size, cards, lines: drawn };
}
