// Frames of the console stream (labd/doc/protocol.md): one WebSocket message is one frame, a type byte and
// its payload.  The length prefix of the socket protocol falls away, because a message has a length.

const OUTPUT = 0x6f; // 'o': u64 BE offset of the first byte, then bytes
const INPUT = 0x69; // 'i': bytes typed
const RESIZE = 0x72; // 'r': u16 BE rows, u16 BE columns
const ACK = 0x61; // 'a': u64 BE offset up to which the output is consumed

export interface Output {
    offset: number;
    data: Uint8Array;
}

/** The output in a message, or null when it is another kind of frame or too short to be one. */
export function decodeOutput(message: ArrayBuffer): Output | null {
    if (message.byteLength < 9) return null;
    const view = new DataView(message);
    if (view.getUint8(0) !== OUTPUT) return null;
    // An offset counts the bytes of one terminal: it stays far below 2^53.
    return { offset: Number(view.getBigUint64(1)), data: new Uint8Array(message, 9) };
}

export function encodeInput(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(1 + bytes.length);
    out[0] = INPUT;
    out.set(bytes, 1);
    return out;
}

export function encodeResize(rows: number, cols: number): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(5);
    const view = new DataView(out.buffer);
    view.setUint8(0, RESIZE);
    view.setUint16(1, rows);
    view.setUint16(3, cols);
    return out;
}

export function encodeAck(offset: number): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(9);
    const view = new DataView(out.buffer);
    view.setUint8(0, ACK);
    view.setBigUint64(1, BigInt(offset));
    return out;
}

/** The offset in the first message of the server, {"offset":N}; null when it is something else. */
export function decodeHello(message: string): number | null {
    try {
        const j: unknown = JSON.parse(message);
        const n = j !== null && typeof j === 'object' ? (j as Record<string, unknown>)['offset'] : null;
        return typeof n === 'number' && Number.isSafeInteger(n) && n >= 0 ? n : null;
    } catch {
        return null;
    }
}
