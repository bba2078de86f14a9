// When a terminal is filled again with what a node printed earlier, programs' questions to the terminal
// ("what are you?", "where is the cursor?") are in it too.  Answering them again would type nonsense into
// the shell, so while 'replaying()' they are swallowed.
import type { Terminal } from '@xterm/xterm';

const CSI_QUERIES = [
    { final: 'c' },
    { prefix: '>', final: 'c' },
    { prefix: '=', final: 'c' },
    { final: 'n' },
    { prefix: '?', final: 'n' },
    { intermediates: '$', final: 'p' },
    { prefix: '?', intermediates: '$', final: 'p' },
    { prefix: '>', final: 'q' },
];
const OSC_COLOURS = [4, 10, 11, 12];

export function swallowQueries(term: Terminal, replaying: () => boolean): void {
    for (const id of CSI_QUERIES) term.parser.registerCsiHandler(id, () => replaying());
    term.parser.registerDcsHandler({ intermediates: '$', final: 'q' }, () => replaying());
    for (const n of OSC_COLOURS) term.parser.registerOscHandler(n, (data) => replaying() && data.includes('?'));
}
