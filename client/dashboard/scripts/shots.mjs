// Builds the fixture page, takes pictures of every view in both themes and widths, and has axe-core look at each.
// Usage: node scripts/shots.mjs [folder] [pattern that a picture's name must match]
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { app, serveFixture } from './fixture_server.mjs';

const out = process.argv[2] ?? join(app, 'dist-fixture', 'shots');
const only = process.argv[3] ?? '';
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
mkdirSync(out, { recursive: true });
const { base, stop } = await serveFixture();

const VIEWS = ['overview', 'tallies', 'conflicts', 'plan', 'victims', 'timeline'];
const SCENES = [
  ...VIEWS.map((view) => ({ name: view, query: `view=${view}${view === 'victims' ? '&scene=viewer' : ''}` })),
  { name: 'tallies-explained', query: 'view=tallies', act: (page) => page.getByRole('button', { name: /Arrests: show/ }).first().click() },
  { name: 'tallies-release', query: 'view=tallies', act: (page) => page.getByRole('button', { name: /Preview a release/ }).click() },
  { name: 'plan-diff', query: 'view=plan', act: (page) => page.getByRole('button', { name: /compare versions/ }).click() },
  { name: 'conflicts-resolve', query: 'view=conflicts', act: (page) => page.getByRole('button', { name: 'Resolve …' }).first().click() },
  { name: 'timeline-report', query: 'view=timeline', act: (page) => page.getByRole('button', { name: 'After-action report' }).click() },
  { name: 'overview-stale', query: 'scene=stale' },
  { name: 'overview-saved', query: 'scene=saved' },
  { name: 'overview-hold', query: 'scene=hold' },
  { name: 'overview-wall', query: 'wall=1' },
  { name: 'tallies-wall', query: 'view=tallies&wall=1' },
  { name: 'overview-filtered', query: 'states=KY,TN' },
  { name: 'plan-participant', query: 'view=plan&scene=participant' },
  { name: 'victims-partner', query: 'scene=partner' },
  { name: 'signin', query: 'scene=signin' },
  { name: 'signin-ended', query: 'scene=signin-ended' },
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
      if (!new RegExp(only).test(name)) continue;
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
// Printed, and where the system chooses the colours: to look at only.
for (const [name, query, act, media] of [
  ['print-overview', 'theme=night', undefined, { media: 'print' }],
  ['print-report', 'theme=night&view=timeline', (page) => page.getByRole('button', { name: 'After-action report' }).click(), { media: 'print' }],
  ['contrast-overview', '', undefined, { forcedColors: 'active' }],
  ['contrast-tallies', 'view=tallies', undefined, { forcedColors: 'active' }],
]) {
  if (!new RegExp(only).test(name)) continue;
  const page = await browser.newPage({ viewport: { width: media.media ? 780 : 1440, height: 900 } });
  await page.goto(`${base}?operation=united-front-2021&${query}`);
  await page.waitForSelector('main section');
  await act?.(page);
  await page.emulateMedia(media);
  await page.waitForTimeout(400);
  await page.screenshot({ path: join(out, `${name}.png`), fullPage: true });
  await page.close();
}
// Reflow: 200 % of 1440, and 400 % of 1280 (WCAG 1.4.10).
for (const width of [720, 320]) {
  const page = await browser.newPage({ viewport: { width, height: 700 } });
  for (const scene of SCENES) {
    if (!new RegExp(only).test(`reflow-${scene.name}`)) continue;
    await page.goto(`${base}?operation=united-front-2021&${scene.query}`);
    await page.waitForSelector('main :is(section, form)');
    if (scene.act) await scene.act(page);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (overflow > 0) console.log(`WIDE ${scene.name} at ${width}: ${overflow} px beyond the screen`), ++found;
    const small = await page.evaluate(() =>
      [...document.querySelectorAll('a[href], button, summary, input, select')]
        .filter((one) => one.checkVisibility() && !one.closest('.hidden-visually') && !one.matches('.skip'))
        .map((one) => (one.matches('input[type=checkbox], input[type=radio]') ? (one.closest('label') ?? one) : one))
        // A link within a sentence need not be large (WCAG 2.5.8, inline).
        .filter((one) => !(one.matches('a') && getComputedStyle(one).display === 'inline'))
        .filter((one) => one.getBoundingClientRect().height < 23.5 || one.getBoundingClientRect().width < 23.5)
        .map((one) => `${one.tagName} "${one.textContent.trim().slice(0, 30)}" ${Math.round(one.getBoundingClientRect().width)}x${Math.round(one.getBoundingClientRect().height)}`),
    );
    for (const one of new Set(small)) console.log(`SMALL ${scene.name} at ${width}: ${one}`), ++found;
  }
  await page.close();
}
await browser.close();
stop();
console.log(found === 0 ? 'axe and the console found nothing' : `${found} findings`);
process.exitCode = found === 0 ? 0 : 1;
