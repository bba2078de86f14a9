// Moves cards apart until none touch and the wires between them can be seen, keeping each as near to its
// place as that allows.  Pure and deterministic.
import { type Box, inside, overlap } from './geometry';

const ROUNDS = 120;
const NUDGE = 0.5; // each of two takes half of what is missing

export interface Size {
    width: number;
    height: number;
}

/** How much of the wire between two cards is to be seen. */
export function visible(a: Box, b: Box): number {
    return Math.hypot(b.x - a.x, b.y - a.y) - inside(a, b, a) - inside(a, b, b);
}

function into(c: Box, size: Size, edge: number): void {
    const x = Math.min(Math.max(c.x, c.w / 2 + edge), size.width - c.w / 2 - edge);
    const y = Math.min(Math.max(c.y, c.h / 2 + edge), size.height - c.h / 2 - edge);
    c.x = x;
    c.y = y;
}

/** Pushes 'a' and 'b' apart across the side where they overlap least. */
function separate(a: Box, b: Box, gap: number): void {
    const dx = (a.w + b.w) / 2 + gap - Math.abs(b.x - a.x);
    const dy = (a.h + b.h) / 2 + gap - Math.abs(b.y - a.y);
    if (dx < dy) {
        const d = dx * NUDGE * (b.x < a.x ? -1 : 1);
        a.x -= d;
        b.x += d;
    } else {
        const d = dy * NUDGE * (b.y < a.y ? -1 : 1);
        a.y -= d;
        b.y += d;
    }
}

function lengthen(a: Box, b: Box, missing: number): void {
    const len = Math.hypot(b.x - a.x, b.y - a.y) || 1;
    const d = (missing * NUDGE) / len;
    const [mx, my] = [(b.x - a.x) * d, (b.y - a.y) * d];
    a.x -= mx;
    a.y -= my;
    b.x += mx;
    b.y += my;
}

/** Moves 'cards' inside 'size'; 'wires' are pairs of indices.  False when some still touch, or hide a wire,
 * because there is too little room. */
export function relax(
    cards: Box[],
    wires: [number, number][],
    size: Size,
    want: { gap: number; wire: number; edge: number },
): boolean {
    const far = (b: Box) => ({ ...b, w: b.w + 2 * want.gap, h: b.h + 2 * want.gap });
    for (const c of cards) into(c, size, want.edge);
    for (let round = 0; round < ROUNDS; round++) {
        let moved = false;
        for (const [i, a] of cards.entries())
            for (const b of cards.slice(i + 1))
                if (overlap(a, far(b)) > 0.5) {
                    separate(a, b, want.gap);
                    moved = true;
                }
        for (const [i, j] of wires) {
            const [a, b] = [cards[i], cards[j]];
            if (a === undefined || b === undefined || a === b) continue;
            const missing = want.wire - visible(a, b);
            if (missing > 0.5) {
                lengthen(a, b, missing);
                moved = true;
            }
        }
        if (!moved) return true;
        for (const c of cards) into(c, size, want.edge);
    }
    const touch = cards.some((a, i) => cards.slice(i + 1).some((b) => overlap(a, far(b)) > 1));
    const hidden = wires.some(([i, j]) => {
        const [a, b] = [cards[i], cards[j]];
        return a !== undefined && b !== undefined && a !== b && visible(a, b) < want.wire * 0.6;
    });
    return !touch && !hidden;
}
