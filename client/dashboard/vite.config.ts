import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

// Writes sw.js, which keeps the app's own files so that the saved copy can be read off line. It must know every file's
// name, which only the finished bundle does.
export function appShell(): Plugin {
  return {
    name: 'app-shell',
    apply: 'build',
    generateBundle(_options, bundle) {
      const files = Object.keys(bundle).filter((name) => !name.endsWith('.html')).map((name) => `/${name}`);
      const version = createHash('sha256').update(files.sort().join('\n')).digest('hex').slice(0, 16);
      const source = readFileSync(new URL('./src/service_worker.js', import.meta.url), 'utf8')
        .replace('__FILES__', JSON.stringify(['/', '/icon.svg', '/manifest.webmanifest', ...files]))
        .replace('__VERSION__', JSON.stringify(version));
      this.emitFile({ type: 'asset', fileName: 'sw.js', source });
    },
  };
}

export default defineConfig({
  plugins: [svelte(), appShell()],
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    outDir: 'dist',
    // A data: URL or an inlined script would need a hole in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node', setupFiles: ['src/fixture/node_globals.ts'] },
});
