// Where in the output of a node this viewer is.  Offsets go on where they were or jump forward (bytes were
// lost); one that goes back means another terminal, because the node was reset.

export type Step = 'first' | 'next' | 'gap' | 'restart';

export class Position {
    /** The offset after the last byte received; -1 before the first. */
    at = -1;

    /** The stream says that its next byte is 'offset'. */
    arrive(offset: number): Step {
        const was = this.at;
        this.at = offset;
        if (was < 0) return 'first';
        if (offset === was) return 'next';
        return offset > was ? 'gap' : 'restart';
    }

    advance(bytes: number): void {
        this.at += bytes;
    }
}
