// The real stack inside the nested Xen machine, with the same face as Stack of tests/e2e: the machine of the tests
// that need more than dom0's own programs.  Commands go through `xenhost run`.
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { top, until, sleep } from '../e2e/stack.mjs';

const xenhost = path.join(top, 'images/xenhost/xenhost');

function call(args, { input, timeout = 300000 } = {}) {
  return new Promise(resolve => {
    const p = execFile(xenhost, args, { timeout, maxBuffer: 64 << 20, cwd: top }, (error, stdout, stderr) =>
      resolve({ status: error ? (error.code ?? 255) : 0, stdout, stderr }));
    p.stdin.on('error', () => {});
    if (input !== undefined) p.stdin.write(input);
    p.stdin.end();
  });
}

const quote = word => `'${word.replaceAll("'", `'\\''`)}'`;

export class XenMachine {
  /** Boots one, or uses the one in $XENHOST_DIR and leaves it running. */
  static async start({ memory = 4096 } = {}) {
    const m = new XenMachine();
    m.memory = memory;
    m.given = process.env.XENHOST_DIR !== undefined;
    m.dir = m.given ? process.env.XENHOST_DIR : mkdtempSync('/tmp/xh.');
    if (m.given) return m;
    // QEMU is nobody's child, and whoever ends this test ends it at once: somebody else has to see to it.
    spawn('sh', ['-c', 'while kill -0 "$1" && test -e "$3"; do sleep 1; done; ! test -e "$3" || "$2" stop "$3" --now; rm -rf "$3"',
      'sh', String(process.pid), xenhost, m.dir], { detached: true, stdio: 'ignore' }).unref();
    await m.#boot();
    return m;
  }

  async #boot() {
    const r = await call(['start', this.dir, '--memory', String(this.memory)], { timeout: 600000 });
    if (r.status !== 0) {
      rmSync(this.dir, { recursive: true, force: true });
      throw new Error(`the nested machine does not start: ${r.stderr}`);
    }
  }

  /** As if the power had failed: no daemon and no guest gets to know of it; the disk with /var/lib/labd stays. */
  async powerCycle() {
    if (this.given) throw new Error('this machine belongs to somebody else: unset XENHOST_DIR');
    const r = await call(['stop', this.dir, '--now', '--keep']);
    if (r.status !== 0) throw new Error(`the nested machine does not stop: ${r.stderr}`);
    await this.#boot();
  }

  /** In dom0, by its shell; never throws for a status other than 0. */
  sh(script, options) {
    return call(['run', this.dir, '--', 'sh', '-c', script], options);
  }

  async ok(script, options) {
    const r = await this.sh(script, options);
    if (r.status !== 0) throw new Error(`'${script}' ended with ${r.status}: ${r.stderr}${r.stdout}`);
    return r.stdout;
  }

  /** What a lab could leave in dom0, a line each. */
  async traces() {
    const text = await this.ok(`
      xl list | awk 'NR > 1 && $1 != "Domain-0" { print "domain " $1 " " $NF }'
      ls /sys/class/net | grep -E '^(pl|vif)' | sed 's/^/device /'
      for f in /sys/block/loop*/loop/backing_file; do test -e "$f" && sed 's/^/loop /' "$f"; done
      ovs-vsctl list-br | grep '^pl' | sed 's/^/bridge /'
      ovs-vsctl --columns=name find Port | grep -o 'pl[a-z0-9]*[.][0-9]*' | sed 's/^/port /'
      for d in vif vbd; do xenstore-list /local/domain/0/backend/$d 2>/dev/null | sed "s/^/xenstore backend\\/$d\\//"; done
      xenstore-list /local/domain | grep -vx 0 | sed 's/^/xenstore domain /'
      ls /run/labd/labs 2>/dev/null | sed 's/^/run /'
      ls /var/lib/labd/host/labs 2>/dev/null | sed 's/^/state /'
      true`);
    return text.split('\n').filter(Boolean);
  }

  async stop() {
    if (this.given) return;
    await call(['stop', this.dir], { timeout: 120000 });
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** labhost and labd in dom0, restartable one by one. */
export class XenStack {
  /** In `machine`, which stays the caller's, or in one of its own. */
  static async create({ driver = 'xen', memory = 4096, machine } = {}) {
    const s = new XenStack();
    s.driver = driver;
    s.owner = machine === undefined;
    s.machine = machine ?? await XenMachine.start({ memory });
    try {
      await s.startBoth();
    } catch (e) {
      const log = (await s.machine.sh('tail -5 /var/lib/labd/log')).stdout;
      if (s.owner) await s.machine.stop();
      throw new Error(`${e.message}\n${log}`);
    }
    return s;
  }

  /** The pid stands in a file, so that exactly this process can be killed. */
  async #daemon(name, command) {
    await this.machine.ok(`setsid sh -c 'echo $$ >/run/${name}.pid; exec ${command}' </dev/null >/dev/null 2>>/var/lib/labd/log &`);
  }

  /** After a boot. */
  async startBoth() {
    await this.machine.ok(`id labd >/dev/null 2>&1 || useradd --system --no-create-home --shell /usr/sbin/nologin labd
      mkdir -p /run/labd /var/lib/labd/site /var/lib/labd/host; chmod 711 /run/labd /var/lib/labd; chown labd /var/lib/labd/site`);
    await this.startHost();
    await this.startSite();
  }

  async startHost() {
    await this.machine.ok('rm -f /run/labd/host.sock'); // of one that was killed
    await this.#daemon('host', `labhost --state /var/lib/labd/host --run /run/labd --driver ${this.driver} --user labd`);
    await until('labhost answering', 60000, async () =>
      (await this.machine.sh('test -S /run/labd/host.sock')).status === 0);
  }

  async startSite() {
    await this.#daemon('site', 'labd --listen 0.0.0.0:8080 --state /var/lib/labd/site --run /run/labd --exercises /usr/share/labd/exercises --web /usr/share/labd/web --host-socket /run/labd/host.sock --user labd');
    await until('labd answering', 60000, async () => (await this.labctl(['status', '--host'])).status === 0);
  }

  async kill(which, signal = 'KILL') {
    await this.machine.ok(`p=$(cat /run/${which}.pid); kill -${signal.replace('SIG', '')} $p; while kill -0 $p 2>/dev/null; do sleep 0.05; done`);
  }

  labctl(args, { input, timeout = 300000 } = {}) {
    return this.machine.sh(`labctl ${args.map(quote).join(' ')}`, { input, timeout });
  }

  async ok(args, options) {
    const r = await this.labctl(args, options);
    if (r.status !== 0) throw new Error(`labctl ${args.join(' ')} ended with ${r.status}: ${r.stderr || r.stdout}`);
    return r.stdout;
  }

  async status(lab) {
    return JSON.parse(await this.ok(['status', lab, '--json']));
  }

  /** Waits until the lab's state (or a node's, NODE) is `want`. */
  async reaches(lab, want, { node, ms = 120000 } = {}) {
    return until(`${node ?? `lab ${lab}`} ${want}`, ms, async () => {
      const st = await this.status(lab);
      const is = node === undefined ? st.state : st.nodes.find(n => n.name === node).state;
      if (is !== want) throw new Error(`it is ${is}: ${st.error ?? ''} ${JSON.stringify(st.nodes.map(n => [n.name, n.state, n.error]))}`);
      return st;
    });
  }

  async labs() {
    const j = JSON.parse(await this.ok(['list', '--json']));
    return Array.isArray(j) ? j : j.labs;
  }

  /** A topology's file in dom0. */
  async file(name, text) {
    await this.machine.ok(`cat >/tmp/${name}`, { input: text });
    return `/tmp/${name}`;
  }

  async gone() {
    await this.ok(['down', '--all']);
    await until('all labs gone', 120000, async () => (await this.labs()).length === 0);
  }

  async stop() {
    try {
      await this.gone();
      await this.kill('site', 'TERM');
      await this.kill('host', 'TERM');
    } finally {
      if (this.owner) await this.machine.stop();
    }
  }
}

export { until, sleep };
