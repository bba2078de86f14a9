// Imports go downward only.  This table is the structure of the front end: a folder may import from those
// before it, and from itself; console and topology do not know each other.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { test } from 'node:test';

declare const WEB_ROOT: string;
const MAY: Record<string, string[]> = {
    api: [],
    model: ['api'],
    ui: ['api', 'model'],
    topology: ['api', 'model', 'ui'],
    console: ['api', 'model', 'ui'],
    pages: ['api', 'model', 'ui', 'topology', 'console'],
};

for (const [layer, may] of Object.entries(MAY))
    test(`${layer} imports only ${may.join(', ') || 'itself'}`, () => {
        const dir = join(WEB_ROOT, 'src', layer);
        const files = readdirSync(dir).filter((f) => /\.tsx?$/.test(f));
        assert.ok(files.length > 0);
        for (const f of files)
            for (const m of readFileSync(join(dir, f), 'utf8').matchAll(/(?:from|import\()\s*'(\.[^']*)'/g)) {
                const to = normalize(join(layer, m[1] ?? '')).split('/')[0] ?? '';
                assert.ok(to === layer || may.includes(to), `${layer}/${f} imports ${m[1]}`);
            }
    });
