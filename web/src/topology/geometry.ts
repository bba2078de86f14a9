// Boxes and lines, nothing of networks.

export interface Point {
    x: number;
    y: number;
}

/** A rectangle by its centre. */
export interface Box extends Point {
    w: number;
    h: number;
}

/** The area that two boxes share. */
export function overlap(a: Box, b: Box): number {
    const w = Math.min(a.x + a.w / 2, b.x + b.w / 2) - Math.max(a.x - a.w / 2, b.x - b.w / 2);
    const h = Math.min(a.y + a.h / 2, b.y + b.h / 2) - Math.max(a.y - a.h / 2, b.y - b.h / 2);
    return w > 0 && h > 0 ? w * h : 0;
}

/** How far 'b' sticks out of the rectangle 0,0 - width,height, as an area. */
export function outside(b: Box, width: number, height: number): number {
    return b.w * b.h - overlap(b, { x: width / 2, y: height / 2, w: width, h: height });
}

/** The point where the line from the centre of 'box' towards 'to' leaves the box. */
export function edge(box: Box, to: Point): Point {
    const dx = to.x - box.x;
    const dy = to.y - box.y;
    if (dx === 0 && dy === 0) return { x: box.x, y: box.y };
    const t = Math.min(
        dx === 0 ? Infinity : box.w / 2 / Math.abs(dx),
        dy === 0 ? Infinity : box.h / 2 / Math.abs(dy),
        1,
    );
    return { x: box.x + dx * t, y: box.y + dy * t };
}

/** Length of the part of the segment a-b that runs inside 'box' (Liang-Barsky clipping). */
export function inside(a: Point, b: Point, box: Box): number {
    let t0 = 0;
    let t1 = 1;
    const dx = b.x - a.x;
    const dy = b.y - a.y;
    const sides: [number, number][] = [
        [-dx, a.x - (box.x - box.w / 2)],
        [dx, box.x + box.w / 2 - a.x],
        [-dy, a.y - (box.y - box.h / 2)],
        [dy, box.y + box.h / 2 - a.y],
    ];
    for (const [p, q] of sides) {
        if (p === 0) {
            if (q < 0) return 0;
        } else if (p < 0) t0 = Math.max(t0, q / p);
        else t1 = Math.min(t1, q / p);
    }
    return t1 > t0 ? (t1 - t0) * Math.hypot(dx, dy) : 0;
}
