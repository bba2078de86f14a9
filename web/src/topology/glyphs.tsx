// Small drawings: what a thing is, and how it does.  Drawn around 0,0; colours come from the style sheet.
import type { Card } from './layout';
import type { NodeState } from '../api/types';

export function KindGlyph({ kind }: { kind: Card['kind'] }) {
    switch (kind) {
        case 'host':
            return (
                <g class="glyph">
                    <rect x="-9" y="-8" width="18" height="12" rx="2" />
                    <path d="M0 4v4M-5 8H5" />
                </g>
            );
        case 'router':
            return (
                <g class="glyph">
                    <circle r="9.5" />
                    <path d="M-5.5 0H-1.5M5.5 0H1.5M0-5.5V-1.5M0 5.5V1.5" />
                    <path d="M-3.2-1.8-1.4 0-3.2 1.8M3.2-1.8 1.4 0 3.2 1.8M-1.8-4 0-5.8 1.8-4M-1.8 4 0 5.8 1.8 4" />
                </g>
            );
        case 'switch':
            return (
                <g class="glyph">
                    <rect x="-10" y="-7" width="20" height="14" rx="2" />
                    <path d="M-6-2H5M2.5-4.5 5-2 2.5.5M6 3H-5M-2.5.5-5 3-2.5 5.5" />
                </g>
            );
        case 'hub':
            return (
                <g class="glyph">
                    <rect x="-10" y="-7" width="20" height="14" rx="2" />
                    <circle r="1.8" />
                    <path d="M-6-3.5-2-1M6-3.5 2-1M-6 3.5-2 1M6 3.5 2 1" />
                </g>
            );
        case 'network':
            return (
                <g class="glyph">
                    <path d="M-9 0H9M-6 0V-5M0 0V5M6 0V-5" />
                </g>
            );
        case 'internet':
            return (
                <g class="glyph">
                    <path d="M-6 6A4 4 0 0 1-6.7-1.3 4.7 4.7 0 0 1 1.3-4.7 4 4 0 0 1 7.3-.7 3.3 3.3 0 0 1 6.7 6Z" />
                </g>
            );
    }
}

/** A state as a shape of its own, so that colour is never the only sign. */
export function StateGlyph({ state }: { state: NodeState }) {
    switch (state) {
        case 'waiting':
            return <circle class="state-glyph hollow" r="3.4" />;
        case 'creating':
            return <path class="state-glyph" d="M0-3.6A3.6 3.6 0 0 1 0 3.6Z M0-3.6A3.6 3.6 0 0 0 0 3.6" />;
        case 'booting':
            return <path class="state-glyph solid" d="M-3.2-3.8 3.8 0-3.2 3.8Z" />;
        case 'running':
            return <circle class="state-glyph solid" r="4" />;
        case 'failed':
            return <path class="state-glyph" d="M-3.2-3.2 3.2 3.2M3.2-3.2-3.2 3.2" />;
        case 'suspended':
            return <path class="state-glyph" d="M-2-3.4V3.4M2-3.4V3.4" />;
        case 'stopped':
            return <rect class="state-glyph solid" x="-3.2" y="-3.2" width="6.4" height="6.4" />;
    }
}
