// Says to the server how far the output is on the screen, in batches: every 16 KiB, or 50 ms after the
// first byte not yet told.  Without this the server stops reading the node's output (flow control).

export const ACK_BYTES = 16 * 1024;
export const ACK_MS = 50;

export interface Timers {
    set(f: () => void, ms: number): unknown;
    clear(handle: unknown): void;
}

const realTimers: Timers = {
    set: (f, ms) => setTimeout(f, ms),
    clear: (h) => clearTimeout(h as ReturnType<typeof setTimeout>),
};

export class AckBatch {
    private told = 0;
    private reached = 0;
    private timer: unknown = null;

    constructor(
        private readonly send: (offset: number) => void,
        private readonly timers: Timers = realTimers,
    ) {}

    /** A (new) connection starts at 'offset': nothing before it is of interest. */
    reset(offset: number): void {
        this.stop();
        this.told = offset;
        this.reached = offset;
    }

    /** Everything before 'offset' has been drawn. */
    consumed(offset: number): void {
        if (offset <= this.reached) return;
        this.reached = offset;
        if (this.reached - this.told >= ACK_BYTES) this.flush();
        else if (this.timer === null) this.timer = this.timers.set(() => this.flush(), ACK_MS);
    }

    flush(): void {
        this.stop();
        if (this.reached > this.told) {
            this.told = this.reached;
            this.send(this.told);
        }
    }

    stop(): void {
        if (this.timer !== null) this.timers.clear(this.timer);
        this.timer = null;
    }
}
