// Compiles the unit tests and runs them with Node's own runner.  esbuild does it, because Node 18 does not
// read TypeScript.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

const web = fileURLToPath(new URL('..', import.meta.url));
const out = mkdtempSync(join(tmpdir(), 'paralab-web-test-'));
let status = 1;
try {
    const names = readdirSync(join(web, 'test')).filter((f) => f.endsWith('.test.ts'));
    buildSync({
        absWorkingDir: web,
        entryPoints: names.map((n) => join('test', n)),
        outdir: out,
        outExtension: { '.js': '.mjs' },
        bundle: true,
        platform: 'node',
        format: 'esm',
        target: 'node18',
        sourcemap: 'inline',
        define: { WEB_ROOT: JSON.stringify(web) },
        logLevel: 'warning',
    });
    const files = names.map((n) => join(out, n.replace(/\.ts$/, '.mjs')));
    status = spawnSync(process.execPath, ['--enable-source-maps', '--test', ...files], { stdio: 'inherit' }).status ?? 1;
} finally {
    rmSync(out, { recursive: true, force: true });
}
process.exit(status);
