// The WebSocket of one console: opens, comes back after a cut at the offset it had reached, tells how far
// the output is consumed.  Knows nothing of the terminal that shows it.
import { backoffMs } from '../api/backoff';
import { AckBatch } from './ack';
import { decodeHello, decodeOutput, encodeAck, encodeInput, encodeResize } from './frames';
import { Position, type Step } from './position';

export type Phase = 'connecting' | 'open' | 'waiting' | 'held' | 'closed';
// connecting: the handshake is on its way; waiting: for the next try; held: the node is not up yet.

const INPUT_CHUNK = 16 * 1024; // a large paste goes out in frames of this size

export interface LinkEvents {
    /** 'drawn' is to be called when the bytes are on the screen. */
    output(data: Uint8Array, drawn: () => void): void;
    /** How the stream goes on: 'gap' and 'restart' are worth a line in the terminal. */
    step(step: Step): void;
    /** 'why' is what the server said at the end of the connection that is 'waiting' to come back. */
    phase(phase: Phase, retryMs: number, why: string): void;
}

export class ConsoleLink {
    private socket: WebSocket | null = null;
    private timer: ReturnType<typeof setTimeout> | undefined;
    private tries = 0;
    private ready = false; // the hello has come
    private now: Phase = 'closed';
    private readonly position = new Position();
    private readonly acks = new AckBatch((offset) => this.send(encodeAck(offset)));
    private rows = 24;
    private cols = 80;

    constructor(
        private readonly path: string,
        private readonly to: LinkEvents,
    ) {}

    get phase(): Phase {
        return this.now;
    }

    /** Connects at once, unless it is connected or about to be. */
    open(): void {
        if (this.now === 'open' || this.now === 'connecting') return;
        this.connect();
    }

    /** Waits until open() is called, because there is nothing to connect to yet. */
    hold(): void {
        if (this.now === 'open') return;
        this.drop();
        this.become('held');
    }

    close(): void {
        this.drop();
        this.become('closed');
    }

    input(bytes: Uint8Array): void {
        for (let at = 0; at < bytes.length; at += INPUT_CHUNK)
            this.send(encodeInput(bytes.subarray(at, at + INPUT_CHUNK)));
    }

    resize(rows: number, cols: number): void {
        if (rows === this.rows && cols === this.cols) return;
        this.rows = rows;
        this.cols = cols;
        this.send(encodeResize(rows, cols));
    }

    private become(phase: Phase, retryMs = 0, why = ''): void {
        this.now = phase;
        this.to.phase(phase, retryMs, why);
    }

    private send(frame: Uint8Array<ArrayBuffer>): void {
        if (this.ready && this.socket?.readyState === WebSocket.OPEN) this.socket.send(frame);
    }

    private drop(): void {
        clearTimeout(this.timer);
        this.acks.stop();
        this.ready = false;
        const s = this.socket;
        this.socket = null;
        if (s !== null) {
            s.onopen = s.onmessage = s.onerror = s.onclose = null;
            s.close();
        }
    }

    private url(): string {
        const base = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${this.path}`;
        return `${base}?offset=${this.position.at}&rows=${this.rows}&cols=${this.cols}`;
    }

    private connect(): void {
        this.drop();
        this.become('connecting');
        const asked = { rows: this.rows, cols: this.cols };
        const s = new WebSocket(this.url());
        this.socket = s;
        s.binaryType = 'arraybuffer';
        s.onmessage = (e: MessageEvent<string | ArrayBuffer>) => {
            if (typeof e.data !== 'string') this.take(e.data);
            else if (!this.ready) this.hello(e.data, asked);
        };
        s.onclose = (e) => this.retry(e.reason);
    }

    private hello(message: string, asked: { rows: number; cols: number }): void {
        const offset = decodeHello(message);
        if (offset === null) {
            this.retry('the server speaks another protocol');
            return;
        }
        this.tries = 0;
        this.ready = true;
        this.acks.reset(offset);
        this.to.step(this.position.arrive(offset));
        this.become('open');
        if (asked.rows !== this.rows || asked.cols !== this.cols) this.send(encodeResize(this.rows, this.cols));
    }

    private take(message: ArrayBuffer): void {
        const out = decodeOutput(message);
        if (out === null || !this.ready) return;
        const step = this.position.arrive(out.offset);
        if (step !== 'next') {
            this.acks.reset(out.offset);
            this.to.step(step);
        }
        this.position.advance(out.data.length);
        const end = this.position.at;
        const socket = this.socket;
        this.to.output(out.data, () => {
            if (this.socket === socket) this.acks.consumed(end);
        });
    }

    private retry(why: string): void {
        this.drop();
        this.tries += 1;
        const ms = backoffMs(this.tries);
        this.timer = setTimeout(() => this.connect(), ms);
        this.become('waiting', ms, why);
    }
}
