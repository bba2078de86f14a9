// Names of interfaces (and their addresses) at the ends of wires.  Each label tries a few places along its
// wire and takes the one that covers least: a card, another label, another wire, the border.
import { type Box, edge, inside, outside, overlap, type Point } from './geometry';
import type { Card, Line } from './layout';
import type { WireEnd } from './wires';

export interface Label extends Box {
    lines: string[];
}

export const LINE_H = 13;
const CHAR = 6.4; // width of a character of a label
const AWAY = [4, 12, 24, 40, 60]; // from the card's edge, along the wire
const ON_BOX = 6; // what each square pixel of a card or label underneath costs
const ON_WIRE = 14; // what each pixel of a wire underneath costs

function linesOf(end: WireEnd, addresses: boolean): string[] {
    const out = end.port === null ? [] : [end.port];
    return addresses ? [...out, ...end.addresses] : out;
}

function candidates(from: Box, a: Point, b: Point, w: number, h: number): Box[] {
    const start = edge({ ...from, x: a.x, y: a.y }, b);
    const len = Math.hypot(b.x - a.x, b.y - a.y) || 1;
    const ux = (b.x - a.x) / len;
    const uy = (b.y - a.y) / len;
    const out: Box[] = [];
    for (const away of AWAY)
        for (const side of [1, -1]) {
            // Far enough from the wire to stand beside it: half the box, seen across the wire.
            const across = (Math.abs(uy) * w + Math.abs(ux) * h) / 2 + 2;
            const along = away + (Math.abs(ux) * w + Math.abs(uy) * h) / 2;
            out.push({
                x: start.x + ux * along - uy * across * side,
                y: start.y + uy * along + ux * across * side,
                w,
                h,
            });
        }
    return out;
}

/** Fills the labels of 'lines'. */
export function labelsOf(
    lines: Line[],
    cards: Card[],
    size: { width: number; height: number },
    addresses: boolean,
): void {
    const at = new Map(cards.map((c) => [c.name, c]));
    const placed: Box[] = [];
    const ends = lines.flatMap((line) => [
        { line, end: line.wire.ends[0], a: line.a, b: line.b },
        { line, end: line.wire.ends[1], a: line.b, b: line.a },
    ]);
    const wanted = ends.map((e) => ({ ...e, text: linesOf(e.end, addresses) }));
    wanted.sort((x, y) => y.text.length - x.text.length); // the large ones choose first
    for (const { line, end, a, b, text } of wanted) {
        const from = at.get(end.at);
        if (from === undefined || text.length === 0) continue;
        const w = Math.max(...text.map((t) => t.length)) * CHAR + 8;
        const h = text.length * LINE_H;
        let best: Box | null = null;
        let least = Infinity;
        for (const [n, c] of candidates(from, a, b, w, h).entries()) {
            let cost = n; // the nearest of equals
            for (const card of cards) cost += overlap(c, card) * ON_BOX;
            for (const p of placed) cost += overlap(c, p) * ON_BOX;
            for (const l of lines) cost += inside(l.a, l.b, c) * ON_WIRE;
            cost += outside(c, size.width, size.height) * ON_BOX;
            if (cost < least) {
                least = cost;
                best = c;
            }
        }
        if (best === null) continue;
        placed.push(best);
        line.labels.push({ ...best, lines: text });
    }
}
