// All open consoles of a lab, in tabs or as tiles.
import { useRef } from 'preact/hooks';
import type { LabNode } from '../api/types';
import { closeConsole, type Consoles, openConsole } from '../model/consoles';
import { NODE_WORD } from '../model/lab';
import { FONT_MAX, FONT_MIN, prefs, setPref } from '../model/prefs';
import { Icon } from '../ui/Icon';
import { panelId, Tabs, tabId } from '../ui/Tabs';
import { useStore } from '../ui/useStore';
import { ConsolePane } from './ConsolePane';
import { dropConsole } from './registry';

interface Props {
    lab: string;
    nodes: LabNode[];
    consoles: Consoles;
    onConsoles: (c: Consoles) => void;
    focus: string | null; // the node whose terminal is to take the focus
    onFocus: (node: string | null) => void;
    onStart: (node: string) => void;
    onReset: (node: string) => void;
}

const HINT = 'console-keys';
const PREFIX = 'console';

export function ConsolePanel({ lab, nodes, consoles, onConsoles, focus, onFocus, onStart, onReset }: Props) {
    const { fontSize, screenReader } = useStore(prefs);
    const root = useRef<HTMLElement>(null);
    const open = consoles.open.flatMap((name) => nodes.filter((n) => n.name === name));
    const front = open.find((n) => n.name === consoles.active) ?? open[0];
    const shown = consoles.tiled ? open : front === undefined ? [] : [front];

    const close = (node: string) => {
        dropConsole(lab, node);
        const next = closeConsole(consoles, node);
        onConsoles(next);
        // The button that was pressed is gone: the focus goes to the next tab, or to the heading.
        requestAnimationFrame(() =>
            root.current
                ?.querySelector<HTMLElement>(next.active === null ? 'h2' : `#${tabId(PREFIX, next.active)}, h2`)
                ?.focus(),
        );
    };
    // F6 goes on to the toolbar of the panel, Shift+F6 back to the tab, or to the tile's own buttons.
    const leave = (node: string, back: boolean) => {
        const to = back
            ? (root.current?.querySelector<HTMLElement>(`#${tabId(PREFIX, node)}`) ??
              root.current?.querySelector<HTMLElement>(`[data-console="${node}"] button`))
            : root.current?.querySelector<HTMLElement>('.console-tools button');
        to?.focus();
    };
    const pane = (n: LabNode) => (
        <ConsolePane
            key={n.name}
            lab={lab}
            node={n}
            hintId={HINT}
            heading={consoles.tiled}
            takeFocus={focus === n.name}
            onFocused={() => onFocus(null)}
            leave={(back) => leave(n.name, back)}
            onStart={() => onStart(n.name)}
            onReset={() => onReset(n.name)}
            onClose={() => close(n.name)}
        />
    );

    return (
        <section class="consoles" aria-labelledby="consoles-title" id="consoles" ref={root}>
            <div class="panel-bar">
                <h2 id="consoles-title" tabIndex={-1} class={open.length > 0 && !consoles.tiled ? 'vh' : ''}>
                    Consoles
                </h2>
                {open.length > 0 && !consoles.tiled && (
                    <Tabs
                        name="Consoles"
                        prefix={PREFIX}
                        active={front?.name ?? null}
                        tabs={open.map((n) => ({
                            id: n.name,
                            label: (
                                <>
                                    <span class={`dot ${n.state}`} aria-hidden="true" />
                                    {n.name}
                                    {n.state !== 'running' && <span class="vh"> ({NODE_WORD[n.state]})</span>}
                                </>
                            ),
                        }))}
                        onSelect={(node) => onConsoles({ ...consoles, active: node })}
                        onDelete={close}
                    />
                )}
                <span class="spring" />
                <div class="console-tools" role="group" aria-label="How consoles look">
                    <button
                        type="button"
                        class="button small quiet"
                        aria-pressed={consoles.tiled}
                        onClick={() => onConsoles({ ...consoles, tiled: !consoles.tiled })}
                    >
                        <Icon name="tiles" /> Tiles
                    </button>
                    <button
                        type="button"
                        class="button small quiet"
                        aria-label="A− smaller terminal text"
                        disabled={fontSize <= FONT_MIN}
                        onClick={() => setPref('fontSize', fontSize - 1)}
                    >
                        A−
                    </button>
                    <button
                        type="button"
                        class="button small quiet"
                        aria-label="A+ larger terminal text"
                        disabled={fontSize >= FONT_MAX}
                        onClick={() => setPref('fontSize', fontSize + 1)}
                    >
                        A+
                    </button>
                    <button
                        type="button"
                        class="button small quiet"
                        aria-pressed={screenReader}
                        onClick={() => setPref('screenReader', !screenReader)}
                    >
                        Screen reader
                    </button>
                </div>
            </div>
            {open.length === 0 ? (
                <div class="empty">
                    <p>Choose a node in the network to open its console.</p>
                    <button
                        type="button"
                        class="button"
                        onClick={() => {
                            onConsoles({
                                ...nodes.reduce((c, n) => openConsole(c, n.name), consoles),
                                active: nodes[0]?.name ?? null,
                            });
                            if (nodes[0] !== undefined) onFocus(nodes[0].name);
                        }}
                    >
                        Open all consoles
                    </button>
                </div>
            ) : (
                <div class={consoles.tiled ? 'tiles' : 'single'}>
                    {shown.map((n) =>
                        consoles.tiled ? (
                            <section
                                key={n.name}
                                class="tile"
                                data-console={n.name}
                                aria-labelledby={`console-name-${n.name}`}
                            >
                                {pane(n)}
                            </section>
                        ) : (
                            <div
                                key={n.name}
                                class="tile"
                                role="tabpanel"
                                id={panelId(PREFIX, n.name)}
                                aria-labelledby={tabId(PREFIX, n.name)}
                                data-console={n.name}
                            >
                                {pane(n)}
                            </div>
                        ),
                    )}
                </div>
            )}
            {open.length > 0 && (
                <p class="hint" id={HINT}>
                    <kbd>F6</kbd> leaves the terminal, <kbd>Shift</kbd>+<kbd>F6</kbd> backwards. <kbd>Ctrl</kbd>+
                    <kbd>Shift</kbd>+<kbd>C</kbd> / <kbd>V</kbd> copy and paste.
                </p>
            )}
        </section>
    );
}
