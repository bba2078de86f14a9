// One console: a terminal and its connection.  It belongs to no component: it keeps receiving while its tab
// is behind another one or the person is on another page, and shows where its element is put.
import { FitAddon } from '@xterm/addon-fit';
import { Terminal } from '@xterm/xterm';
import { consolePath } from '../api/client';
import type { NodeState } from '../api/types';
import { prefs } from '../model/prefs';
import { createStore } from '../model/store';
import { dark } from '../model/theme';
import { ConsoleLink, type Phase } from './link';
import { FONT, themeOf } from './look';
import type { Step } from './position';
import { connectionFor } from './presence';
import { swallowQueries } from './queries';

const SCROLLBACK = 5000;
const FIT_MS = 60; // a drag of a separator resizes the node's terminal once, not at each pixel
const QUIET_MS = 150; // so long without output after connecting: the past has been replayed

export interface SessionState {
    phase: Phase;
    retryMs: number;
    why: string; // what ended the connection, in the server's words
}

// CAN ends an escape sequence that the lost bytes may have cut in two.
const dim = (text: string) => `\x18\r\n\x1b[0;2m[... ${text} ...]\x1b[0m\r\n`;

export class ConsoleSession {
    readonly element = document.createElement('div');
    readonly state = createStore<SessionState>({ phase: 'closed', retryMs: 0, why: '' });
    private readonly term: Terminal;
    private readonly fit = new FitAddon();
    private readonly link: ConsoleLink;
    private readonly encoder = new TextEncoder();
    private readonly undo: (() => void)[] = [];
    private fitTimer: ReturnType<typeof setTimeout> | undefined;
    private quietTimer: ReturnType<typeof setTimeout> | undefined;
    private replaying = true;
    private opened = false;
    private nodeNow: NodeState | null = null;
    private leave: (back: boolean) => void = () => {};

    constructor(
        readonly lab: string,
        readonly node: string,
    ) {
        const p = prefs.get();
        this.element.className = 'terminal-host';
        this.term = new Terminal({
            fontFamily: FONT,
            fontSize: p.fontSize,
            lineHeight: 1.15,
            scrollback: SCROLLBACK,
            screenReaderMode: p.screenReader,
            theme: themeOf(dark.get()),
            minimumContrastRatio: 4.5,
            cursorBlink: !matchMedia('(prefers-reduced-motion: reduce)').matches,
            macOptionIsMeta: true,
        });
        this.term.loadAddon(this.fit);
        swallowQueries(this.term, () => this.replaying);
        this.link = new ConsoleLink(consolePath(lab, node), {
            output: (data, drawn) => {
                this.stillReplaying();
                this.term.write(data, drawn);
            },
            step: (step) => this.onStep(step),
            phase: (phase, retryMs, why) => this.onPhase(phase, retryMs, why),
        });
        this.term.onData((s) => this.link.input(this.encoder.encode(s)));
        this.term.onBinary((s) => this.link.input(Uint8Array.from(s, (c) => c.charCodeAt(0) & 0xff)));
        this.term.attachCustomKeyEventHandler((e) => this.onKey(e));
        this.undo.push(
            prefs.subscribe(() => {
                this.term.options.fontSize = prefs.get().fontSize;
                this.term.options.screenReaderMode = prefs.get().screenReader;
                this.refit();
            }),
            dark.subscribe(() => {
                this.term.options.theme = themeOf(dark.get());
            }),
        );
    }

    /** Shows the terminal inside 'parent'.  'leave' moves the focus out of it, forward or back. */
    mount(parent: HTMLElement, describedBy: string, leave: (back: boolean) => void): () => void {
        this.leave = leave;
        parent.appendChild(this.element);
        if (!this.opened) {
            this.opened = true;
            this.term.open(this.element);
            this.term.textarea?.setAttribute('aria-label', `Console of ${this.node}`);
        }
        this.term.textarea?.setAttribute('aria-describedby', describedBy);
        const seen = new ResizeObserver(() => this.refit());
        seen.observe(parent);
        this.fitNow();
        if (this.state.get().phase === 'closed') this.link.open();
        return () => {
            seen.disconnect();
            if (this.element.parentElement === parent) this.element.remove();
        };
    }

    focus(): void {
        this.term.focus();
    }

    /** The node's state changed, as the lab's events say. */
    nodeState(s: NodeState): void {
        const was = this.nodeNow;
        this.nodeNow = s;
        const todo = connectionFor(was, s, this.state.get().phase);
        if (todo === 'hold') this.link.hold();
        if (todo === 'open') this.link.open();
    }

    /** Tries again now instead of when the wait is over. */
    reconnect(): void {
        if (this.state.get().phase !== 'held') this.link.open();
    }

    dispose(): void {
        clearTimeout(this.fitTimer);
        clearTimeout(this.quietTimer);
        for (const f of this.undo) f();
        this.link.close();
        this.term.dispose();
        this.element.remove();
    }

    private onPhase(phase: Phase, retryMs: number, why: string): void {
        if (phase === 'waiting' && this.nodeNow !== null && connectionFor(this.nodeNow, this.nodeNow, phase) === 'hold')
            this.link.hold();
        else this.state.set({ phase, retryMs, why });
    }

    private onStep(step: Step): void {
        if (step === 'gap') this.term.write(dim('output lost'));
        if (step === 'restart') this.term.write(dim('new terminal'));
        if (step !== 'next') this.replaying = true;
        this.stillReplaying();
    }

    private stillReplaying(): void {
        if (!this.replaying) return;
        clearTimeout(this.quietTimer);
        // What is queued is drawn before this callback, so the last question of the past is swallowed too.
        this.quietTimer = setTimeout(() => this.term.write('', () => (this.replaying = false)), QUIET_MS);
    }

    private onKey(e: KeyboardEvent): boolean {
        if (e.type !== 'keydown') return true;
        if (e.key === 'F6' && !e.ctrlKey && !e.altKey && !e.metaKey) {
            e.preventDefault();
            this.leave(e.shiftKey);
            return false;
        }
        if (!e.ctrlKey || !e.shiftKey || e.altKey || e.metaKey) return true;
        if (e.code === 'KeyC') {
            e.preventDefault(); // the browser would open its inspector
            if (this.term.hasSelection()) this.copy(this.term.getSelection());
            return false;
        }
        // The browser's own paste goes to xterm.js as a paste event and needs no permission.
        return e.code !== 'KeyV';
    }

    private copy(text: string): void {
        // xterm.js answers the copy command with its selection; the clipboard object exists on https only.
        if (window.isSecureContext) navigator.clipboard.writeText(text).catch(() => document.execCommand('copy'));
        else document.execCommand('copy');
    }

    private refit(): void {
        clearTimeout(this.fitTimer);
        this.fitTimer = setTimeout(() => this.fitNow(), FIT_MS);
    }

    private fitNow(): void {
        const { clientWidth, clientHeight } = this.element;
        if (clientWidth < 20 || clientHeight < 20) return; // not shown, or folded away
        this.fit.fit();
        this.link.resize(this.term.rows, this.term.cols);
    }
}
