// labd over TCP, as a program of somebody else's talks to it: requests and WebSockets with a token.
import { request } from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { top, until } from './stack.mjs';

const WebSocket = createRequire(path.join(top, 'web/package.json'))('ws');

export class Client {
  constructor(stack) {
    this.port = stack.port;
  }

  /** Sends `path` as it is: fetch() would tidy up "..", "//" and the like.  `body`: an object, a string, or chunks. */
  request(method, path, body) {
    const text = typeof body === 'string' || body?.[Symbol.asyncIterator] ? body : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const length = typeof text === 'string' && { 'Content-Length': Buffer.byteLength(text) };
      const headers = { ...length, ...(this.token && { Authorization: `Bearer ${this.token}` }), ...(body !== undefined && { 'Content-Type': 'application/json' }) };
      const q = request({ host: '127.0.0.1', port: this.port, method, path, headers }, r => {
        let got = '';
        r.setEncoding('utf8');
        r.on('data', d => { got += d; });
        r.on('end', () => resolve({ status: r.statusCode, type: r.headers['content-type'], text: got, json: parse(got) }));
      });
      q.on('error', reject);
      if (typeof text !== 'object') return q.end(text);
      (async () => {
        for await (const chunk of text) {
          if (q.destroyed || q.res) break; // answered already: nobody reads the rest
          if (!q.write(chunk)) await Promise.race(['drain', 'response', 'close'].map(e => new Promise(r => q.once(e, r))));
        }
        q.end();
      })();
    });
  }

  async signIn(login, password) {
    const r = await this.request('POST', '/api/v1/session', { login, password });
    if (r.status !== 200) throw new Error(`signing in as ${login} ended with ${r.status}: ${r.text}`);
    this.token = r.json.token;
    return this;
  }

  socket(path) {
    return new WebSocket(`ws://127.0.0.1:${this.port}${path}`, { headers: { Authorization: `Bearer ${this.token}` } });
  }

  /** How labd answers a handshake: 101, or the status of its refusal. */
  handshake(path) {
    return new Promise((resolve, reject) => {
      const ws = this.socket(path);
      ws.on('open', () => { ws.close(); resolve(101); });
      ws.on('unexpected-response', (q, r) => { q.destroy(); resolve(r.statusCode); });
      ws.on('error', reject);
    });
  }
}

function parse(text) {
  try { return JSON.parse(text); } catch { return undefined; }
}

/** The terminal of a node, as the web page has it; it comes back after the connection was lost. */
export class Console {
  constructor(client, lab, node) {
    this.client = client;
    this.path = `/api/v1/labs/${lab}/nodes/${node}/console`;
    this.offset = -1;
    this.text = '';
  }

  async open() {
    this.ws = this.client.socket(`${this.path}?offset=${this.offset}&rows=24&cols=80`);
    this.ws.on('message', (data, binary) => {
      if (!binary || data[0] !== 0x6f) return;
      const at = Number(data.readBigUInt64BE(1));
      const fresh = data.subarray(9);
      if (this.offset >= 0 && at !== this.offset) this.text += `[bytes ${this.offset} to ${at} lost]`;
      this.text += fresh.toString('utf8');
      this.offset = at + fresh.length;
      const ack = Buffer.alloc(9);
      ack[0] = 0x61;
      ack.writeBigUInt64BE(BigInt(this.offset), 1);
      this.ws.send(ack);
    });
    await new Promise((resolve, reject) => {
      this.ws.on('message', (data, binary) => { if (!binary) resolve(); }); // {"offset":...}: labhost has answered
      this.ws.on('error', reject);
      this.ws.on('close', (code, why) => reject(new Error(`the console was closed: ${code} ${why}`)));
    });
    return this;
  }

  type(text) {
    this.ws.send(Buffer.from(`i${text}`));
  }

  /** Types `line` and waits for `answer` behind what it has echoed. */
  async ask(line, answer) {
    const from = this.text.length;
    this.type(`${line}\n`);
    await until(`"${answer}" on the console, which shows ${JSON.stringify(this.text.slice(-300))}`, 10000, () => this.text.slice(from).includes(answer));
  }

  close() {
    this.ws.terminate();
  }
}
