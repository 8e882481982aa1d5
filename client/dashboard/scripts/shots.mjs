// Builds the fixture page, takes pictures of every view in both themes and widths, and has axe-core look at each.
// Usage: node scripts/shots.mjs [folder] [word that a picture's name must contain]
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const app = join(dirname(fileURLToPath(import.meta.url)), '..');
const out = process.argv[2] ?? join(app, 'dist-fixture', 'shots');
const only = process.argv[3] ?? '';
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
mkdirSync(out, { recursive: true });
if (process.env.SHOTS_NO_BUILD === undefined) {
  execFileSync(join(app, 'node_modules', '.bin', 'vite'), ['build', '--config', 'vite.fixture.config.ts', '--logLevel', 'warn'], { cwd: app, stdio: 'inherit' });
}

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.webmanifest': 'application/manifest+json' };
// The policy of the gateway: what it forbids must not be needed here either.
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; worker-src 'self'; " +
  "manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
const server = createServer((request, response) => {
  const path = normalize(new URL(request.url, 'http://x').pathname);
  const file = join(app, 'dist-fixture', path === '/' ? 'fixture.html' : path);
  if (!existsSync(file)) return response.writeHead(404).end();
  response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream', 'content-security-policy': POLICY });
  response.end(readFileSync(file));
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const base = `http://127.0.0.1:${server.address().port}/`;

const VIEWS = ['overview', 'tallies', 'conflicts', 'plan', 'timeline'];
const SCENES = [
  ...VIEWS.map((view) => ({ name: view, query: `view=${view}` })),
  { name: 'tallies-explained', query: 'view=tallies', act: (page) => page.getByRole('button', { name: /Arrests: show/ }).first().click() },
  { name: 'tallies-release', query: 'view=tallies', act: (page) => page.getByRole('button', { name: /Preview a release/ }).click() },
  { name: 'plan-diff', query: 'view=plan', act: (page) => page.getByLabel('Compare with').selectOption('1') },
  { name: 'conflicts-resolve', query: 'view=conflicts', act: (page) => page.getByRole('button', { name: 'Resolve …' }).first().click() },
  { name: 'timeline-report', query: 'view=timeline', act: (page) => page.getByRole('button', { name: 'After-action report' }).click() },
  { name: 'overview-stale', query: 'scene=stale' },
  { name: 'overview-saved', query: 'scene=saved' },
  { name: 'overview-hold', query: 'scene=hold' },
  { name: 'overview-wall', query: 'wall=1' },
  { name: 'overview-filtered', query: 'states=KY,TN' },
  { name: 'plan-participant', query: 'view=plan&scene=participant' },
  { name: 'signin', query: 'scene=signin' },
];

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
let found = 0;
for (const width of [1440, 390]) {
  for (const theme of ['day', 'night']) {
    const context = await browser.newContext({ viewport: { width, height: width === 390 ? 844 : 900 }, timezoneId: 'America/Chicago', bypassCSP: false });
    const page = await context.newPage();
    await page.clock.install({ time: new Date('2021-08-27T05:10:00Z') });
    page.on('console', (message) => {
      if (message.type() === 'error') console.log(`CONSOLE ${message.text()}`), ++found;
    });
    page.on('pageerror', (error) => (console.log(`ERROR ${error.message}`), ++found));
    for (const scene of SCENES) {
      const name = `${scene.name}-${width}-${theme}`;
      if (!name.includes(only)) continue;
      await page.goto(`${base}?fixture=united-front&theme=${theme}&operation=united-front-2021&${scene.query}`);
      await page.waitForSelector('main :is(section, form)');
      await page.waitForTimeout(400);
      if (scene.act) {
        await scene.act(page);
        await page.waitForTimeout(250);
      }
      await page.screenshot({ path: join(out, `${name}.png`), fullPage: true });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (overflow > 0) console.log(`WIDE ${name}: ${overflow} px beyond the screen`), ++found;
      // Runs in a world of its own, so that the page's policy stays as it is.
      await page.evaluate(`(() => { ${axe} })()`);
      const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
      for (const one of violations) {
        ++found;
        console.log(`AXE ${name}: ${one.id} (${one.impact}) ${one.help}`);
        for (const node of one.nodes.slice(0, 3)) console.log(`    ${node.target.join(' ')}  ${node.failureSummary?.split('\n')[1]?.trim() ?? ''}`);
      }
    }
    await context.close();
  }
}
await browser.close();
server.close();
console.log(found === 0 ? 'axe and the console found nothing' : `${found} findings`);
process.exitCode = found === 0 ? 0 : 1;
