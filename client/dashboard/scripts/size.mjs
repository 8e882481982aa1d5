// What a browser fetches, gzipped: the first view, each later part, and whether the first stays below 200 kB.
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const dist = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist');
const MOST = 200_000;
const size = (name) => gzipSync(readFileSync(join(dist, name)), { level: 9 }).length;
const assets = readdirSync(join(dist, 'assets')).map((name) => `assets/${name}`);
const html = readFileSync(join(dist, 'index.html'), 'utf8');
// The page's own files, what they import statically, and the worker.
const first = new Set(assets.filter((name) => html.includes(name) || /hub_worker/.test(name)));
for (const name of first) {
  for (const found of readFileSync(join(dist, name), 'utf8').matchAll(/(?:from|import)\s*"\.\/([^"]+)"/g)) first.add(`assets/${found[1]}`);
}
let sum = size('index.html');
for (const name of assets) {
  const bytes = size(name);
  if (first.has(name)) sum += bytes;
  console.log(`${first.has(name) ? 'first' : 'later'} ${String(bytes).padStart(7)} ${name}`);
}
console.log(`first view: ${sum} bytes gzipped of at most ${MOST}`);
process.exitCode = sum > MOST ? 1 : 0;
