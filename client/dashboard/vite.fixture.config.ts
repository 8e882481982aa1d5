// The same views fed from a made-up snapshot, for looking at them without a server. Never part of the shipped files.
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [svelte()],
  worker: { format: 'es' },
  build: { target: 'es2022', outDir: 'dist-fixture', assetsInlineLimit: 0, rollupOptions: { input: 'fixture.html' } },
});
