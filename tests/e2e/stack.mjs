// The real stack for end-to-end tests: labhost and labd as processes in folders of their own, or the
// whole of `make demo`.  Nothing here is a stand-in.
import { spawn, execFile } from 'node:child_process';
import { mkdtempSync, rmSync, readFileSync, readdirSync, existsSync, chmodSync, chownSync, mkdirSync, openSync, closeSync } from 'node:fs';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const run = promisify(execFile);
export const top = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const build = path.resolve(top, process.env.BUILD ?? 'build');
export const cache = process.env.LABD_CACHE ?? '/var/cache/labd';

export const sleep = ms => new Promise(r => setTimeout(r, ms));

export async function freePort() {
  const s = createServer();
  await new Promise(r => s.listen(0, '127.0.0.1', r));
  const { port } = s.address();
  await new Promise(r => s.close(r));
  return port;
}

/** Waits until `probe()` gives something true; fails with `what` after `ms`. */
export async function until(what, ms, probe) {
  const end = Date.now() + ms;
  let last;
  for (;;) {
    try {
      const got = await probe();
      if (got) return got;
      last = undefined;
    } catch (e) {
      if (e.fatal) throw e; // waiting longer will not help
      last = e;
    }
    if (Date.now() > end) throw new Error(`${what} did not happen within ${ms} ms${last ? `: ${last.message}` : ''}`);
    await sleep(50);
  }
}

const fatal = text => Object.assign(new Error(text), { fatal: true });

async function uidOf(user) {
  try {
    return Number((await run('id', ['-u', user])).stdout);
  } catch {
    await run('useradd', ['--system', '--no-create-home', '--home-dir', '/nonexistent', '--shell', '/usr/sbin/nologin', user]);
    return Number((await run('id', ['-u', user])).stdout);
  }
}

/** labhost and labd in a folder of their own, restartable one by one. */
export class Stack {
  /** `images`, `hostState` and `siteState`: folders of the caller, instead of the cache and of our own; `netns`, a name of
   * `ip netns`: where labhost runs; `hostOptions`: more of labhost's. */
  static async create({ driver = 'container', env = {}, images = path.join(cache, 'images'), hostState, siteState, netns, hostOptions = [] } = {}) {
    const s = new Stack();
    s.driver = driver;
    s.env = env;
    s.netns = netns;
    s.hostOptions = hostOptions;
    s.images = images;
    s.dir = mkdtempSync('/tmp/pl.');
    s.runDir = path.join(s.dir, 'run');
    s.port = await freePort();
    s.url = `http://127.0.0.1:${s.port}`;
    s.uid = await uidOf('labd');
    for (const d of ['run', 'site', 'host']) mkdirSync(path.join(s.dir, d), { recursive: true });
    chmodSync(s.dir, 0o711);
    s.hostState = hostState ?? path.join(s.dir, 'host');
    s.siteState = siteState ?? path.join(s.dir, 'site');
    chownSync(s.siteState, s.uid, 0);
    s.log = path.join(s.dir, 'log');
    try {
      await s.startHost();
      await s.startSite();
    } catch (e) {
      for (const p of [s.site, s.host]) p?.kill('SIGTERM');
      await Promise.all([s.site?.done, s.host?.done]);
      rmSync(s.dir, { recursive: true, force: true });
      throw e;
    }
    return s;
  }

  #spawn(program, args, netns) {
    const fd = openSync(this.log, 'a');
    const command = [path.join(build, program), ...args];
    if (netns !== undefined) command.unshift('nsenter', `--net=/run/netns/${netns}`, '--');
    const p = spawn(command[0], command.slice(1), { stdio: ['ignore', 'ignore', fd], detached: true, env: { ...process.env, ...this.env } });
    closeSync(fd);
    p.done = new Promise(r => p.on('exit', (code, signal) => r({ code, signal })));
    return p;
  }

  async startHost() {
    this.host = this.#spawn('labhost', ['--state', this.hostState, '--run', this.runDir, '--images', this.images,
      '--driver', this.driver, '--user', 'labd', '--private-ovs', ...this.hostOptions], this.netns);
    await this.#ready('labhost', this.host, async () => existsSync(path.join(this.runDir, 'host.sock')));
  }

  async startSite(exercises = path.join(top, 'exercises')) {
    this.site = this.#spawn('labd', ['--listen', `127.0.0.1:${this.port}`, '--state', this.siteState, '--run', this.runDir,
      '--exercises', exercises, '--web', path.join(top, 'web/dist'), '--host-socket', path.join(this.runDir, 'host.sock'), '--user', 'labd']);
    await this.#ready('labd', this.site, async () => (await this.labctl(['list'])).status === 0);
  }

  async #ready(name, proc, probe) {
    let ended = false;
    proc.done.then(() => { ended = true; });
    await until(`${name} answering`, 30000, async () => {
      if (ended) throw fatal(`${name} ended: ${this.logTail()}`);
      return probe();
    });
  }

  logTail(n = 8) {
    return existsSync(this.log) ? readFileSync(this.log, 'utf8').trim().split('\n').slice(-n).join('\n') : '';
  }

  /** Runs labctl; never throws for a status other than 0. */
  labctl(args, { input, timeout = 120000, env = {} } = {}) {
    return new Promise(resolve => {
      const p = execFile(path.join(build, 'labctl'), args, {
        timeout, maxBuffer: 64 << 20, env: { ...process.env, LABCTL_SOCKET: path.join(this.runDir, 'labd.sock'), ...env },
      }, (error, stdout, stderr) => resolve({ status: error ? (error.code ?? 255) : 0, stdout, stderr }));
      p.stdin.on('error', () => {});
      if (input !== undefined) p.stdin.write(input);
      p.stdin.end();
    });
  }

  async ok(args, options) {
    const r = await this.labctl(args, options);
    if (r.status !== 0) throw new Error(`labctl ${args.join(' ')} ended with ${r.status}: ${r.stderr || r.stdout}\n${this.logTail()}`);
    return r.stdout;
  }

  async addUser(login, role, password) {
    const p = spawn(path.join(build, 'labd'), ['--state', this.siteState, '--user', 'labd', '--add-user', login, '--role', role,
      '--name', login, '--password-stdin'], { stdio: ['pipe', 'inherit', 'inherit'] });
    p.stdin.end(`${password}\n`);
    const code = await new Promise(r => p.on('exit', r));
    if (code !== 0) throw new Error(`adding user ${login} ended with ${code}`);
  }

  async kill(which, signal = 'SIGKILL') {
    const p = this[which];
    p.kill(signal);
    await p.done;
  }

  /** Ids of all the labs that there have been. */
  #labs() {
    return existsSync(this.log) ? labsIn(readFileSync(this.log, 'utf8')) : this.labs ?? [];
  }

  /** What of labs is on this machine, by kinds: what anybody sees, and what only labhost's namespaces and folders and, if
   * it runs, Open vSwitch show. */
  async traces({ ovs = true } = {}) {
    const all = tracesOf(this.dir, this.#labs());
    const list = dir => (existsSync(dir) ? readdirSync(dir, { recursive: true }).sort() : []);
    all.mounts.push(...readFileSync(`/proc/${this.host.pid}/mountinfo`, 'utf8').split('\n').filter(l => l.includes(this.dir)).map(l => l.split(' ').slice(3).join(' ')));
    all.files = [...list(path.join(this.runDir, 'labs')), ...list(path.join(this.runDir, 'crun')), ...list(path.join(this.hostState, 'labs'))];
    if (ovs) {
      const pid = readFileSync(path.join(this.runDir, 'ovs/ovs-vswitchd.pid'), 'utf8').trim();
      const links = await run('nsenter', ['-t', pid, '-n', 'ip', '-o', 'link']);
      all.inside = links.stdout.trim().split('\n').map(l => l.split(': ')[1].split('@')[0]);
      all.bridges = (await run('ovs-vsctl', [`--db=unix:${this.runDir}/ovs/db.sock`, 'list-br'])).stdout.trim().split('\n').filter(Boolean);
    }
    return all;
  }

  /** What is still there after stop(), a line each. */
  left() {
    return leftBehind(this.dir, this.#labs());
  }

  /** Orderly end: labs, daemons, folders. */
  async stop() {
    try {
      if (this.site.exitCode === null && this.site.signalCode === null) {
        await this.ok(['down', '--all']);
        await until('all labs gone', 60000, async () => JSON.parse(await this.ok(['list', '--json'])).length === 0 ||
          JSON.parse(await this.ok(['list', '--json'])).labs?.length === 0);
        await this.kill('site', 'SIGTERM');
      }
      await this.kill('host', 'SIGTERM');
    } finally {
      this.labs = this.#labs();
      if (process.env.KEEP_STACK) console.error(`kept ${this.dir}`);
      else rmSync(this.dir, { recursive: true, force: true });
    }
  }
}

/** `make demo` itself, as a person starts it. */
export async function startDemo({ port, driver = 'container' } = {}) {
  port ??= await freePort();
  const dir = mkdtempSync('/tmp/pd.');
  chmodSync(dir, 0o711); // labd is not root and has to get through
  const env = { ...process.env, RUN: `${dir}/run`, STATE: `${dir}/state`, DEMO_KEEP_LOG: `${dir}/log` };
  const p = spawn('make', ['-s', 'demo', `LISTEN=127.0.0.1:${port}`, `DRIVER=${driver}`], { cwd: top, env, detached: true });
  p.done = new Promise(r => p.on('exit', (code, signal) => r({ code, signal })));
  let out = '', labs = [];
  p.stdout.on('data', d => { out += d; });
  p.stderr.on('data', d => { out += d; });
  let ended = false;
  p.done.then(() => { ended = true; });
  await until('the demo running', 900000, async () => {
    if (ended) throw fatal(`make demo ended:\n${out}`);
    return /Ctrl-C stops/.test(out);
  });
  const password = who => out.match(new RegExp(`^ +${who} +(\\S+)$`, 'm'))[1];
  return {
    url: out.match(/http:\/\/\S+?(?=\/?\s)/)[0],
    student: { login: 'student', password: password('student') },
    instructor: { login: 'instructor', password: password('instructor') },
    dir,
    socket: `${dir}/run/labd.sock`,
    output: () => out,
    /** Ctrl-C, as the terminal sends it: to the whole foreground group. */
    async stop() {
      process.kill(-p.pid, 'SIGINT');
      await p.done;
      const left = ['run', 'state'].filter(d => existsSync(path.join(dir, d)));
      labs = driver === 'xen' ? [] : labsIn(readFileSync(path.join(dir, 'log'), 'utf8')); // those of Xen went with their machine
      rmSync(dir, { recursive: true, force: true });
      return { out, left };
    },
    /** What is still there after stop(), a line each. */
    left: () => leftBehind(dir, labs),
  };
}

/** Processes that belong to the stack in `dir`: by their arguments, or by what they have mounted. */
function processesOf(dir) {
  const found = [];
  for (const pid of readdirSync('/proc').filter(d => /^\d+$/.test(d) && Number(d) !== process.pid)) {
    try {
      const cmd = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      if (cmd === '') continue; // a kernel thread, or ended
      if (cmd.includes(dir) || readFileSync(`/proc/${pid}/mountinfo`, 'utf8').includes(dir)) found.push(`${pid} ${cmd}`);
    } catch { /* it has just ended */ }
  }
  return found;
}

/** Folders of our cgroup tree in which nothing runs: somebody forgot them. */
function emptyCgroups() {
  const found = [];
  const walk = dir => {
    let inside = [];
    try {
      inside = readdirSync(dir, { withFileTypes: true }).filter(d => d.isDirectory());
      if (inside.length === 0 && readFileSync(path.join(dir, 'cgroup.procs'), 'utf8') === '') found.push(dir);
    } catch { /* it has just gone */ }
    for (const d of inside) walk(path.join(dir, d.name));
  };
  for (const root of ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'])
    if (existsSync(path.join(root, 'paralab'))) walk(path.join(root, 'paralab'));
  return found.filter(d => !d.endsWith('/paralab'));
}

/** Ids of the labs that a log of the daemons speaks of. */
const labsIn = log => [...new Set([...log.matchAll(/ lab="([a-z0-9]+)"/g)].map(m => m[1]))];

/** What of the stack in `dir` and of its labs is on this machine, by kinds, apart from processes.  All that we make has the
 * one or the other in its name; others may work here at the same time. */
function tracesOf(dir, labs) {
  const mine = name => name.includes(dir) || labs.some(l => name.includes(l));
  return {
    links: readdirSync('/sys/class/net').filter(mine),
    mounts: readFileSync('/proc/self/mountinfo', 'utf8').split('\n').map(l => l.split(' ').slice(3).join(' ')).filter(mine),
    cgroups: emptyCgroups().filter(mine),
    netns: existsSync('/run/netns') ? readdirSync('/run/netns').filter(mine) : [],
  };
}

const lines = kinds => Object.entries(kinds).flatMap(([kind, items]) => items.map(i => `${kind}: ${i}`));

function leftBehind(dir, labs) {
  return lines({ processes: processesOf(dir), ...tracesOf(dir, labs) });
}

/** What Stack.traces() sees `now` and did not see `before`, a line each. */
export function more(before, now) {
  const left = lines(now);
  for (const item of lines(before)) {
    const at = left.indexOf(item);
    if (at >= 0) left.splice(at, 1);
  }
  return left;
}
