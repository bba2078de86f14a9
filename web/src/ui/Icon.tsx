// The few signs of the interface, drawn with the colour of the text.  Always beside words, hence hidden
// from screen readers.
import type { JSX } from 'preact';

const SHAPES = {
    pass: 'M5 12.5 10 17.5 19.5 7',
    fail: 'M6.5 6.5 17.5 17.5M17.5 6.5 6.5 17.5',
    blocked: 'M5 12H19',
    error: 'M12 5.5V14M12 18V18.4',
    close: 'M7 7 17 17M17 7 7 17',
    tiles: 'M5 5H10.5V19H5ZM13.5 5H19V10.5H13.5ZM13.5 13.5H19V19H13.5Z',
    tabs: 'M4 8H20V19H4ZM4 8V5H11V8',
    theme: 'M12 4A8 8 0 1 0 12 20ZM12 4A8 8 0 0 1 12 20',
    stop: 'M7 7H17V17H7Z',
    reset: 'M6 12A6.3 6.3 0 1 0 8.4 7M8.6 3.6V7.4H4.8',
    sleep: 'M19.5 14.2A7.7 7.7 0 1 1 9.8 4.5 6.2 6.2 0 0 0 19.5 14.2Z',
    play: 'M8 5.5 18.5 12 8 18.5Z',
    clock: 'M12 4.5A7.5 7.5 0 1 0 12 19.5 7.5 7.5 0 1 0 12 4.5ZM12 8V12.2L14.8 14',
    nodes: 'M6 4.5H11V9.5H6ZM13 14.5H18V19.5H13ZM8.5 9.5V17H13',
} as const;

export type IconName = keyof typeof SHAPES;

export function Icon({ name, ...rest }: { name: IconName } & JSX.SVGAttributes<SVGSVGElement>) {
    return (
        <svg class="icon" viewBox="0 0 24 24" width="18" height="18" aria-hidden="true" {...rest}>
            <path d={SHAPES[name]} />
        </svg>
    );
}
