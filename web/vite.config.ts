import { readFileSync } from 'node:fs';
import { defineConfig, type Plugin } from 'vite';

// The notices of what is bundled, beside the bundle: their licenses ask for it.
function notices(names: string[]): Plugin {
    return {
        name: 'notices',
        generateBundle() {
            const text = names.map((n) => `${n}\n\n${readFileSync(`node_modules/${n}/LICENSE`, 'utf8')}`);
            this.emitFile({ type: 'asset', fileName: 'assets/licenses.txt', source: text.join('\n\n') });
        },
    };
}

// labd serves dist/: index.html for every page address, the rest from /assets/.  Nothing is inlined as a
// data: URL and no inline script is emitted, so that the page runs under a strict content security policy.
export default defineConfig({
    base: '/',
    plugins: [notices(['preact', '@xterm/xterm', '@xterm/addon-fit'])],
    build: {
        target: 'es2022',
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        chunkSizeWarningLimit: 700,
    },
    esbuild: { jsx: 'automatic', jsxImportSource: 'preact', legalComments: 'none' },
});
