// Where everything of a drawing goes, in CSS pixels.  The server gives every node a place in 0..1000 x
// 0..600; here the used part is spread over the room there is, so that cards keep a readable size and do not
// touch, however narrow the page; a drawing that cannot be made so small stays wider and scrolls.
// Pure: the same drawing and width always give the same layout.
import type { Drawing, ElementKind, NodeKind } from '../api/types';
import type { Box, Point } from './geometry';
import { labelsOf, type Label } from './labels';
import { relax, type Size } from './relax';
import { wiresOf, type Wire } from './wires';

export interface Card extends Box {
    name: string;
    shown: string; // the name, shortened when it is very long
    kind: NodeKind | ElementKind;
    hidden: boolean; // from students
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
const CARD_MIN = 108;
const PILL_H = 30;
const CHAR = 8.8; // width of a character of a card's name
const SHOWN = 16;
const EDGE = 10; // free room at the border
const GAP = 14; // between any two cards
const WIRE = 52; // so much of every wire is to be seen, for the labels of its ends
const WIRE_ADDRESS = 72;
const MIN_H = 190;
const ASPECT = 0.32; // of a drawing whose height is free
const FLATTEST = 1.8; // x is not stretched more than this against y
const DENSE = 0.36; // cards with their gaps may cover so much of the area
const TALLEST = 1.6; // against the width; then it gets wider
const GROW = 1.08;
const TRIES = 40;
const LANE = 22; // distance between parallel wires, at most
const LANES = 40; // from the first of them to the last

const isPill = (kind: Card['kind']) => kind === 'network';

function shorten(name: string): string {
    return name.length > SHOWN ? `${name.slice(0, SHOWN - 1)}…` : name;
}

/** Spreads the places 'at' (in the server's units) over 'size'. */
function spread(cards: Card[], at: Point[], size: Size): void {
    const xs = at.map((p) => p.x);
    const ys = at.map((p) => p.y);
    const [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const halfW = Math.max(...cards.map((c) => c.w)) / 2 + EDGE;
    const halfH = Math.max(...cards.map((c) => c.h)) / 2 + EDGE;
    const sy = y1 > y0 ? Math.max(1, size.height - 2 * halfH) / (y1 - y0) : 1;
    const widest = Math.max(1, size.width - 2 * halfW) / (x1 > x0 ? x1 - x0 : 1);
    const sx = y1 > y0 ? Math.min(widest, Math.max(sy * FLATTEST, 0.8)) : widest;
    for (const [i, c] of cards.entries()) {
        c.x = size.width / 2 + ((at[i]?.x ?? 0) - (x0 + x1) / 2) * sx;
        c.y = size.height / 2 + ((at[i]?.y ?? 0) - (y0 + y1) / 2) * sy;
    }
}

/** Places the cards, in the least room from 'size' up that holds them. */
function place(cards: Card[], wires: Wire[], least: Size, wire: number): Size {
    const at = cards.map((c) => ({ x: c.x, y: c.y }));
    const index = new Map(cards.map((c, i) => [c.name, i]));
    const pairs = wires.map(({ ends: [a, b] }): [number, number] => [index.get(a.at) ?? -1, index.get(b.at) ?? -1]);
    const area = cards.reduce((sum, c) => sum + (c.w + 2 * GAP) * (c.h + 2 * GAP), 0) / DENSE;
    const size = { width: Math.max(least.width, Math.sqrt(area / TALLEST)), height: least.height };
    size.height = Math.max(size.height, area / size.width);
    for (let n = 0; n < TRIES; n++) {
        spread(cards, at, size);
        if (relax(cards, pairs, size, { gap: GAP, wire, edge: EDGE })) break;
        if (size.height < size.width * TALLEST) size.height *= GROW;
        else size.width *= GROW;
    }
    for (const c of cards) {
        c.x = Math.round(c.x);
        c.y = Math.round(c.y);
    }
    return { width: Math.round(size.width), height: Math.round(size.height) };
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
        const apart = Math.min(LANE, LANES / Math.max(1, lane.length - 1));
        const shift = (lane.indexOf(wire) - (lane.length - 1) / 2) * apart;
        const sign = a.name < b.name ? 1 : -1; // the same side, whichever end comes first
        const len = Math.hypot(b.x - a.x, b.y - a.y) || 1;
        const nx = (-(b.y - a.y) / len) * shift * sign;
        const ny = ((b.x - a.x) / len) * shift * sign;
        out.push({ wire, a: { x: a.x + nx, y: a.y + ny }, b: { x: b.x + nx, y: b.y + ny }, labels: [] });
    }
    return out;
}

/** 'room' is the height there is, if it is known; the drawing may become higher, and wider than 'width'. */
export function layout(d: Drawing, width: number, addresses: boolean, room: number | null = null): Layout {
    const height = Math.max(MIN_H, room ?? width * ASPECT);
    const cards: Card[] = [...d.nodes, ...d.elements].map((n) => {
        const shown = shorten(n.name) + (n.hidden ? ' (hidden)' : '');
        return {
            name: n.name,
            shown,
            kind: n.kind,
            hidden: n.hidden === true,
            x: n.x,
            y: n.y,
            w: Math.max(CARD_MIN, Math.ceil(shown.length * CHAR) + (isPill(n.kind) ? 40 : 54)),
            h: isPill(n.kind) ? PILL_H : CARD_H,
        };
    });
    if (cards.length === 0) return { width, height, cards, lines: [] };
    const wires = wiresOf(d);
    const size = place(cards, wires, { width, height }, addresses ? WIRE_ADDRESS : WIRE);
    const drawn = lines(cards, wires);
    labelsOf(drawn, cards, size, addresses);
    return { ...size, cards, lines: drawn };
}
