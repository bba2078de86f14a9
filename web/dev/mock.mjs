// A pretended labd for work on the page; see README.md.  Not part of the product.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';
import { exercises, report } from './canned.mjs';

const DIST = join(fileURLToPath(new URL('.', import.meta.url)), '..', 'dist');
const PORT = Number(process.env.PORT ?? 8099);
const SLOW = Number(process.env.SLOW ?? 700); // ms between two nodes
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.txt': 'text/plain' };
const USERS = {
    student: { login: 'student', name: 'Ada Lovelace', role: 'student', institution: 'demo' },
    instructor: { login: 'instructor', name: 'Radia Perlman', role: 'instructor', institution: 'demo' },
};

const sessions = new Map(); // cookie -> { user, csrf }
const labs = new Map(); // id -> { status, attempts, streams, consoles }
const best = new Map();
const copy = (v) => JSON.parse(JSON.stringify(v));

function emit(lab, event, data) {
    for (const res of lab.streams) res.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}
const show = (lab) => emit(lab, 'lab', lab.status);

function boot(lab, node, ms, fail) {
    const step = (state, at) =>
        setTimeout(() => {
            node.state = state;
            if (state === 'failed') {
                node.error = 'startup command 2 of 3 ended with status 1';
                node.output = '+ ip link set eth0 up\n+ ip address add 10.0.2.300/24 dev eth0\nError: any valid prefix is expected rather than "10.0.2.300/24".\n';
            }
            const all = lab.status.nodes;
            if (all.every((n) => ['running', 'failed', 'stopped'].includes(n.state))) {
                lab.status.state = all.some((n) => n.state === 'failed') ? 'failed' : 'running';
                lab.status.ready_ms ??= Date.now();
            }
            show(lab);
        }, at);
    step('creating', ms);
    step('booting', ms + SLOW * 0.6);
    step(fail ? 'failed' : 'running', ms + SLOW * 1.2);
}

function start(user, ex, id) {
    const status = {
        id,
        name: ex.id,
        owner: { login: user.login, name: user.name },
        exercise: ex.id,
        title: ex.title,
        state: 'starting',
        driver: 'fake',
        can_suspend: !process.env.RIGID,
        error: null,
        started_ms: Date.now(),
        ready_ms: null,
        ...copy(ex.topology),
        attempt: null,
        questions: [],
    };
    for (const n of status.nodes) Object.assign(n, { state: 'waiting', error: null, output: null });
    const lab = { status, attempts: [], streams: new Set(), consoles: new Map() };
    labs.set(id, lab);
    status.nodes.forEach((n, i) => boot(lab, n, i * SLOW, process.env.FAIL === n.name));
    return lab;
}

// As a lab does with its nodes: they fall asleep and wake up together.
function change(lab, now, then, node) {
    Object.assign(lab.status, { state: now, error: null });
    for (const c of lab.consoles.values()) for (const s of c.viewers) if (now === 'suspending') s.close(4409, refusal(lab));
    show(lab);
    setTimeout(() => {
        const fails = now === 'suspending' && process.env.STUBBORN;
        lab.status.state = fails ? 'running' : then;
        if (fails) lab.status.error = 'the lab could not be suspended: no space left on the disk';
        else for (const n of lab.status.nodes) if (n.state !== 'stopped') n.state = node;
        show(lab);
    }, SLOW);
}
const refusal = (lab) => (lab.status.state.startsWith('suspend') ? `lab ${lab.status.id} is suspended; resume it first` : null);

function halt(lab, name, error) {
    const node = lab.status.nodes.find((n) => n.name === name);
    Object.assign(node, { state: 'stopped', error });
    for (const s of lab.consoles.get(name).viewers) s.close();
    show(lab);
}

function attempt(lab) {
    const number = lab.attempts.length + 1;
    const a = {
        id: `${lab.status.id}-${number}`,
        lab: lab.status.id,
        exercise: lab.status.exercise,
        state: 'running',
        number,
        started_ms: Date.now(),
        finished_ms: null,
        score: null,
        counts: null,
        max_score: 100,
        error: null,
        progress: { done: 0, total: 5, ahead: 0 },
        report: null,
    };
    lab.attempts.unshift(a);
    lab.status.attempt = a;
    const timer = setInterval(() => {
        a.progress.done += 1;
        if (a.progress.done === a.progress.total) {
            clearInterval(timer);
            a.report = report(number);
            Object.assign(a, { state: 'done', finished_ms: Date.now(), score: a.report.score, counts: a.report.score });
            best.set(lab.status.exercise, Math.max(best.get(lab.status.exercise) ?? 0, a.score));
        }
        emit(lab, 'attempt', a);
        show(lab);
    }, SLOW / 2);
    return a;
}

const card = (e) => {
    const lab = [...labs.values()].find((l) => l.status.exercise === e.id);
    const score = best.get(e.id) ?? null;
    const rules = { policy: 'best', max: 10, left: 10 - (lab?.attempts.length ?? 0), cooldown_ms: 60000, wait_ms: Math.max(0, (lab?.attempts[0]?.finished_ms ?? 0) + 60000 - Date.now()) };
    return { ...e, score, best_score: score, last_score: score, overridden: false, rules, deadline: { due_ms: Date.now() + 8e7, late_percent: 10 }, lab: lab?.status.id ?? null, attempts: lab?.attempts.length ?? 0 };
};

function overview() {
    const rows = [...labs.values()].map(({ status: s, attempts }) => ({
        login: s.owner.login, name: s.owner.name, exercise: s.exercise, title: s.title, lab: s.id, state: s.state,
        nodes_ready: s.nodes.filter((n) => n.state === 'running').length, nodes: s.nodes.length,
        score: best.get(s.exercise) ?? null, best_score: best.get(s.exercise) ?? null, last_score: best.get(s.exercise) ?? null, overridden: false, max_score: 100, attempts: attempts.length, last_ms: Date.now() - 42000,
    }));
    const more = ['Grace Hopper', 'Barbara Liskov', 'Leslie Lamport', 'Vint Cerf'].map((name, i) => ({
        login: name.split(' ')[1].toLowerCase(), name, exercise: exercises[i % 3].id, title: exercises[i % 3].title, lab: null, state: null,
        nodes_ready: 0, nodes: 3, score: [100, 60, null, 20][i], best_score: [100, 60, null, 20][i], last_score: [100, 40, null, 20][i], overridden: false, max_score: 100, attempts: [4, 2, 0, 1][i], last_ms: Date.now() - (i + 1) * 7e6,
    }));
    return [...rows, ...more];
}

async function body(req) {
    let s = '';
    for await (const c of req) s += c;
    return s === '' ? {} : JSON.parse(s);
}
const cookieOf = (req) => /(?:^|; )session=([0-9a-f]+)/.exec(req.headers.cookie ?? '')?.[1];

async function api(req, res, url) {
    const send = (status, doc, headers = {}) => {
        res.writeHead(status, { 'Content-Type': 'application/json', ...headers });
        res.end(doc === undefined ? undefined : JSON.stringify(doc));
    };
    const problem = (status, title, detail, more = {}) =>
        send(status, { type: 'about:blank', title, status, detail, ...more }, { 'Content-Type': 'application/problem+json' });
    const path = url.pathname.slice('/api/v1/'.length).split('/').map(decodeURIComponent);
    const route = `${req.method} ${path.map((p, i) => (i % 2 ? '*' : p)).join('/')}`;
    const cookie = cookieOf(req);
    const who = sessions.get(cookie);

    if (route === 'POST session') {
        const { login, password } = await body(req);
        const user = USERS[login];
        if (user === undefined || password !== login) return problem(401, 'Not signed in', 'wrong login or password');
        const id = randomBytes(16).toString('hex');
        const csrf = randomBytes(16).toString('hex');
        sessions.set(id, { user, csrf });
        return send(200, { user, csrf, token: id }, { 'Set-Cookie': `session=${id}; HttpOnly; SameSite=Strict; Path=/` });
    }
    if (who === undefined) return problem(401, 'Not signed in', 'sign in first');
    if (req.method !== 'GET' && req.headers['x-csrf-token'] !== who.csrf) return problem(403, 'Forbidden', 'CSRF token missing');
    if (route === 'GET session') return send(200, { user: who.user, csrf: who.csrf, token: null });
    if (route === 'DELETE session') return sessions.delete(cookie), send(204);
    if (route === 'GET exercises') return send(200, { exercises: exercises.map(card) });
    if (route === 'GET exercises/*') {
        const e = exercises.find((x) => x.id === path[1]);
        return e ? send(200, card(e)) : problem(404, 'Not found', 'no such exercise');
    }
    if (route === 'GET exercises/*/students/*') {
        const e = exercises.find((x) => x.id === path[1]);
        if (e === undefined || path[3] !== who.user.login) return problem(404, 'Not found', 'no such student');
        const c = card(e);
        const history = [...labs.values()].filter((l) => l.status.exercise === e.id).flatMap((l) => l.attempts);
        return send(200, { ...c, login: who.user.login, name: who.user.name, exercise: e.id, max_score: 100, history, overrides: [] });
    }
    if (route === 'GET overview') return send(200, { rows: overview() });
    if (route === 'GET labs') return send(200, { labs: [...labs.values()].filter((l) => l.status.owner.login === who.user.login).map((l) => l.status) });
    if (route === 'POST labs') {
        const { exercise } = await body(req);
        const e = exercises.find((x) => x.id === exercise);
        if (e === undefined) return problem(404, 'Not found', `no exercise "${exercise}"`);
        const old = card(e).lab;
        if (old !== null) return problem(409, 'Conflict', 'this lab runs already', { lab: old });
        if (process.env.FULL) return problem(503, 'No capacity', 'this machine has 41 MB of memory free, the lab needs 192 MB');
        return send(202, start(who.user, e, `k${randomBytes(5).toString('hex').slice(0, 5)}`).status);
    }
    if (route === 'GET attempts/*') {
        const a = [...labs.values()].flatMap((l) => l.attempts).find((x) => x.id === path[1]);
        return a ? send(200, a) : problem(404, 'Not found', 'no such attempt');
    }
    const lab = path[0] === 'labs' ? labs.get(path[1]) : undefined;
    if (lab === undefined) return problem(404, 'Not found', 'no such lab');
    switch (route) {
        case 'GET labs/*':
            return send(200, lab.status);
        case 'DELETE labs/*':
            lab.status.state = 'stopping';
            show(lab);
            setTimeout(() => {
                labs.delete(path[1]);
                for (const r of lab.streams) r.end();
                for (const c of lab.consoles.values()) for (const s of c.viewers) s.close();
            }, SLOW);
            return send(202, lab.status);
        case 'POST labs/*/suspend':
            if (!refusal(lab)) change(lab, 'suspending', 'suspended', 'suspended');
            return send(202, lab.status);
        case 'POST labs/*/resume':
            if (process.env.TIGHT) return problem(507, 'No capacity', 'this machine has 41 MB of memory free, the lab needs 192 MB');
            if (refusal(lab)) change(lab, 'starting', 'running', 'running');
            return send(202, lab.status);
        case 'POST labs/*/start':
        case 'POST labs/*/nodes/*/start': {
            if (refusal(lab)) return problem(409, 'Conflict', refusal(lab));
            lab.status.state = 'starting';
            for (const n of lab.status.nodes.filter((x) => x.state === 'stopped' && (path[3] ?? x.name) === x.name)) {
                n.error = null;
                boot(lab, n, 0, false);
            }
            show(lab);
            return send(202, lab.status);
        }
        case 'POST labs/*/reset': {
            if (refusal(lab)) return problem(409, 'Conflict', refusal(lab));
            const { node } = await body(req);
            const nodes = lab.status.nodes.filter((n) => node === undefined || n.name === node);
            lab.status.state = 'starting';
            nodes.forEach((n, i) => {
                Object.assign(n, { state: 'waiting', error: null, output: null });
                for (const s of lab.consoles.get(n.name)?.viewers ?? []) s.close();
                lab.consoles.delete(n.name);
                boot(lab, n, (i + 1) * SLOW, false);
            });
            show(lab);
            return send(202, lab.status);
        }
        case 'PATCH labs/*/links/*': {
            const link = lab.status.links.find((l) => l.name === path[3]);
            link.state = (await body(req)).state;
            show(lab);
            return send(200, lab.status);
        }
        case 'POST labs/*/attempts':
            return send(202, attempt(lab));
        case 'GET labs/*/attempts':
            return send(200, { attempts: lab.attempts });
        case 'GET labs/*/events':
            res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
            res.write(`event: lab\ndata: ${JSON.stringify(lab.status)}\n\n`);
            lab.streams.add(res);
            return req.on('close', () => lab.streams.delete(res));
        default:
            return problem(404, 'Not found', route);
    }
}

async function page(res, url) {
    const nonce = randomBytes(16).toString('base64');
    const csp = `default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`;
    const asset = url.pathname.startsWith('/assets/');
    const file = join(DIST, asset ? normalize(url.pathname) : 'index.html');
    try {
        let data = await readFile(file);
        if (!asset) data = data.toString().replaceAll('__CSP_NONCE__', nonce);
        res.writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream', 'Content-Security-Policy': csp });
        res.end(data);
    } catch {
        res.writeHead(404).end();
    }
}

const server = createServer((req, res) => {
    const url = new URL(req.url, 'http://localhost');
    (url.pathname.startsWith('/api/') ? api(req, res, url) : page(res, url)).catch((e) => {
        console.error(e);
        res.destroy();
    });
});

// Consoles: a line editor that echoes, with everything printed kept, so that resuming by offset works.
const wss = new WebSocketServer({ server });
wss.on('connection', (ws, req) => {
    const url = new URL(req.url, 'http://localhost');
    const [, , , , id, , name] = url.pathname.split('/');
    const lab = labs.get(id);
    if (!sessions.has(cookieOf(req)) || lab === undefined) return ws.close();
    if (refusal(lab)) return ws.close(4409, refusal(lab));
    if (lab.status.nodes.find((n) => n.name === name)?.state === 'stopped') return ws.close(4409, `node ${name} does not run`);
    let con = lab.consoles.get(name);
    if (con === undefined) {
        const hello = `Welcome to \x1b[1m${name}\x1b[0m (Paralab)\r\n\x1b[32mroot@${name}\x1b[0m:\x1b[34m~\x1b[0m# `;
        con = { out: Buffer.from(hello), line: '', viewers: new Set() };
        lab.consoles.set(name, con);
    }
    const frame = (offset) => {
        const head = Buffer.alloc(9);
        head[0] = 0x6f;
        head.writeBigUInt64BE(BigInt(offset), 1);
        return Buffer.concat([head, con.out.subarray(offset)]);
    };
    const print = (s) => {
        const at = con.out.length;
        con.out = Buffer.concat([con.out, Buffer.from(s)]);
        for (const v of con.viewers) v.send(frame(at));
    };
    const asked = Number(url.searchParams.get('offset'));
    const from = asked < 0 || asked > con.out.length ? 0 : asked;
    ws.send(JSON.stringify({ offset: from }));
    if (from < con.out.length) ws.send(frame(from));
    con.viewers.add(ws);
    ws.on('close', () => con.viewers.delete(ws));
    ws.on('message', (m) => {
        if (m[0] === 0x61 && process.env.VERBOSE) console.log('ack', name, m.readBigUInt64BE(1));
        if (m[0] === 0x72 && process.env.VERBOSE) console.log('resize', name, m.readUInt16BE(1), m.readUInt16BE(3));
        if (m[0] !== 0x69) return;
        for (const ch of m.subarray(1).toString()) {
            if (ch === '\r') {
                const said = con.line;
                con.line = '';
                const answer =
                    said === 'flood'
                        ? 'The quick brown fox jumps over the lazy dog 0123456789\r\n'.repeat(2000)
                        : said === 'colours'
                          ? '\x1b[38;2;255;120;0mtrue colour\x1b[0m \x1b[31mred\x1b[0m \x1b[38;5;201m201\x1b[0m\r\n'
                          : said === 'query'
                            ? '\x1b[c'
                            : said === 'drop'
                              ? ''
                              : `${said}\r\n`;
                print(`\r\n${answer}\x1b[32mroot@${name}\x1b[0m:\x1b[34m~\x1b[0m# `);
                if (said === 'poweroff') halt(lab, name, 'the node was switched off; reset or restart it to start it again');
                if (said === 'crash') halt(lab, name, 'the node crashed: Kernel panic - not syncing: sysrq triggered crash; reset or restart it to start it again');
                if (said === 'drop') for (const v of con.viewers) v.terminate();
            } else if (ch === '\x7f') {
                if (con.line !== '') {
                    con.line = con.line.slice(0, -1);
                    print('\b \b');
                }
            } else {
                con.line += ch;
                print(ch === '\x1b' ? '^[' : ch);
            }
        }
    });
});

server.listen(PORT, '127.0.0.1', () => console.log(`http://127.0.0.1:${PORT}/`));
