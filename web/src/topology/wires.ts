// The lines to draw: every link, and every interface that sits on a network without a link of its own.
import type { Drawing } from '../api/types';

export interface WireEnd {
    at: string; // node or element
    port: string | null; // interface or port name
    addresses: string[];
}

export interface Wire {
    id: string;
    link: string | null; // null: an interface directly on a network
    down: boolean;
    impaired: boolean;
    hidden: boolean; // from students
    ends: [WireEnd, WireEnd];
}

function anySet(v: unknown): boolean {
    return v !== null && typeof v === 'object' && Object.values(v).some((x) => typeof x === 'number' && x > 0);
}

export function wiresOf(d: Drawing): Wire[] {
    const addresses = new Map<string, string[]>();
    for (const n of d.nodes) for (const i of n.interfaces) addresses.set(`${n.name}:${i.name}`, i.addresses ?? []);
    const end = (at: string, port: string | null): WireEnd => ({
        at,
        port,
        addresses: addresses.get(`${at}:${port ?? ''}`) ?? [],
    });

    const wires: Wire[] = d.links.map((l) => ({
        id: l.name,
        link: l.name,
        down: l.state === 'down',
        impaired: anySet(l.impairment?.a) || anySet(l.impairment?.b),
        hidden: l.hidden === true,
        ends: [end(l.a.node, l.a.interface), end(l.b.node, l.b.interface)],
    }));
    const dark = new Set(d.elements.filter((e) => e.hidden).map((e) => e.name));
    const linked = new Set(wires.flatMap((w) => w.ends.map((e) => `${e.at}:${e.port ?? ''}`)));
    for (const n of d.nodes)
        for (const i of n.interfaces)
            if (i.network !== null && i.link === null && !linked.has(`${n.name}:${i.name}`))
                wires.push({
                    id: `${n.name}:${i.name}`,
                    link: null,
                    down: false,
                    impaired: false,
                    hidden: n.hidden === true || dark.has(i.network),
                    ends: [end(n.name, i.name), end(i.network, null)],
                });
    return wires;
}

/** A wire in words, for those who do not see the drawing. */
export function wireText(w: Wire): string {
    const [a, b] = w.ends.map((e) => (e.port === null ? e.at : `${e.at} ${e.port}`));
    return `${a} to ${b}`;
}
