// Many tabs, one stream; and a line that breaks: the page says so, keeps what it had, and recovers without being loaded again.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { Seat, headline, keptIn, launch, launchWarning } from './support/browser.mjs';
import { allWell, check } from './support/checks.mjs';
import { results } from './support/places.mjs';
import { eventually } from './support/processes.mjs';
import { SUBSCRIBE } from './support/tap.mjs';
import { OPERATION, World } from './support/world.mjs';

const TABS = 8;
let world;
let started = false;
let browser;
let lead;
let first;

before(async () => {
  world = await World.afterReplay('link');
  browser = await launch(world);
  lead = await world.office('mo-ago');
  started = true;
});
after(async () => world?.close(started && allWell));


let arrests = 102;
async function arrestMore() {
  await world.muster('nd-bci', ['tally', 'record', OPERATION, '--site', 'nd-statewide', '--category', 'arrest-other', '--count', '1', '--source', 'EXERCISE']);
  return ++arrests;
}
const shows = (page, number) => headline(page, 'Arrests').filter({ hasText: new RegExp(`^${number}(?!\\d)`) }).waitFor();
const badge = (page, word) => page.locator('.freshness').filter({ hasText: word });
const markLoaded = (page) => page.evaluate(() => (window.loadedOnce = true));
const neverLoadedAgain = async (page) => assert.equal(await page.evaluate(() => window.loadedOnce), true, 'the page was loaded again');

async function eightTabs(seat) {
  const tabs = [];
  for (let i = 0; i < TABS; ++i) tabs.push(await seat.open('view=tallies'));
  for (const tab of tabs) await shows(tab, arrests);
  assert.equal(seat.tap.openAt(SUBSCRIBE), 1, 'streams at the gateway');
  let number = await arrestMore();
  for (const tab of tabs) await shows(tab, number);
  assert.equal(seat.tap.openAt(SUBSCRIBE), 1);
  await tabs[0].close();
  await eventually('one stream is left or taken up again', () => seat.tap.openAt(SUBSCRIBE) === 1);
  number = await arrestMore();
  for (const tab of tabs.slice(1)) {
    await shows(tab, number);
    await badge(tab, 'LIVE').waitFor();
  }
  assert.equal(seat.tap.openAt(SUBSCRIBE), 1);
  assert.deepEqual(seat.problems, []);
}

check('the first view comes with data; how soon is written down', async () => {
  const figures = [];
  for (const visit of ['first', 'second']) {
    const seat = visit === 'first' ? (first ??= await Seat.at(browser, lead)) : first;
    const page = await seat.context.newPage();
    const began = performance.now();
    await page.goto(seat.url);
    await page.getByText('14 of 15 required sites ready').first().waitFor();
    const whole = Math.round(performance.now() - began);
    const paint = await page.evaluate(() => Math.round(performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0));
    figures.push({ visit, overview_with_data_ms: whole, first_contentful_paint_ms: paint });
    await page.close();
  }
  await first.context.close();
  console.log(JSON.stringify(figures));
  writeFileSync(join(results, 'first-view.json'), JSON.stringify(figures, null, 1));
});

check('eight tabs show the same over one stream, and the first may be closed', async () => {
  const seat = await Seat.at(browser, lead, { tapped: true });
  await eightTabs(seat);
  assert.equal(seat.tap.peak.get(SUBSCRIBE), 1, 'never more than one stream');
  await seat.context.close();
  await eventually('the stream ends with the last tab', () => seat.tap.openAt(SUBSCRIBE) === 0);
});

check('the same in a browser without shared workers', async () => {
  const seat = await Seat.at(browser, lead, { tapped: true });
  await seat.context.addInitScript(() => delete window.SharedWorker);
  await eightTabs(seat);
  await seat.context.close();
});

check('a broker that is killed makes the page say so, and its successor makes it live again', async () => {
  const seat = await Seat.at(browser, lead);
  const page = await seat.open('view=tallies');
  await shows(page, arrests);
  // A browser whose clock can be put forward.
  const later = await Seat.at(browser, lead);
  await later.context.clock.install();
  const ahead = await later.open('view=tallies');
  await shows(ahead, arrests);
  const daemons = await Seat.at(browser, await world.office('sd-dci', { behindAgent: true }));
  const behind = await daemons.open('view=tallies');
  await headline(behind, 'Arrests').filter({ hasText: /^9(?!\d)/ }).waitFor();
  for (const tab of [page, ahead, behind]) {
    await badge(tab, 'LIVE').waitFor();
    await markLoaded(tab);
  }

  await world.broker.kill();
  await badge(behind, 'CUT OFF').waitFor();
  await behind.locator('.banner').filter({ hasText: "CUT OFF: this office's agent cannot reach a broker" }).waitFor();
  // 15 seconds without an answer.
  await badge(page, 'STALE').waitFor({ timeout: 40_000 });
  const banner = page.locator('.banner').filter({ hasText: 'STALE: nothing has been heard for' });
  assert.match(await banner.innerText(), /What you see was true \d\d:\d\d:\d\d CT/);
  await page.locator('[role="status"]').filter({ hasText: 'The page is stale.' }).waitFor({ state: 'attached' });
  await later.context.clock.fastForward(60_000);
  await ahead.locator('.banner').filter({ hasText: 'CUT OFF since' }).waitFor();
  // What was known is still there.
  for (const tab of [page, ahead]) await shows(tab, arrests);
  await headline(behind, 'Arrests').filter({ hasText: /^9(?!\d)/ }).waitFor();

  await world.startBroker();
  for (const tab of [page, behind]) {
    await badge(tab, 'LIVE').waitFor({ timeout: 40_000 });
    assert.equal(await tab.locator('.banner.trouble').count(), 0);
  }
  await shows(page, await arrestMore());
  for (const tab of [page, ahead, behind]) await neverLoadedAgain(tab);
  assert.deepEqual([...seat.problems, ...later.problems, ...daemons.problems], []);
  for (const one of [seat, later, daemons]) await one.context.close();
});

async function acceptWarning(seat) {
  // A stream waits up to 15 s for its next attempt.
  seat.context.setDefaultTimeout(60_000);
  const page = await seat.context.newPage();
  await assert.rejects(page.goto(`${seat.url}?view=tallies`), /ERR_CERT_AUTHORITY_INVALID/);
  await page.getByText('Your connection is not private').waitFor();
  await page.keyboard.type('thisisunsafe');
  return page;
}

check('where a warning of the certificate was accepted, the page recovers as well', async () => {
  if (!world.broker.running) await world.startBroker();
  const seat = await Seat.at(await launchWarning(world), lead);
  const page = await acceptWarning(seat);
  await shows(page, arrests);
  await badge(page, 'LIVE').waitFor();
  await markLoaded(page);
  await world.broker.kill();
  await badge(page, 'STALE').waitFor();
  await shows(page, arrests);
  await world.startBroker();
  await shows(page, await arrestMore());
  await badge(page, 'LIVE').waitFor();
  await neverLoadedAgain(page);
  await seat.context.close();
});

// The shared worker's stream is up on a connection that the page made; each of its reads would need a new one.
check('where a warning was accepted and the stream alone gets on, the figures are read all the same', async () => {
  if (!world.broker.running) await world.startBroker();
  const seat = await Seat.at(await launchWarning(world), lead, { tapped: true });
  seat.tap.closesAfter = (path) => path.startsWith('/muster.v1.') && !/FeedService|WhoAmI/.test(path);
  const page = await acceptWarning(seat);
  await shows(page, arrests);
  await badge(page, 'LIVE').waitFor();
  await shows(page, await arrestMore());
  assert.equal(page.workers().length, 1, 'the page has a worker of its own');
  await seat.context.close();
});

check('without its gateway the page can be loaded, says that it is a saved copy, and cannot act', async () => {
  if (!world.broker.running) await world.startBroker();
  const seat = await Seat.at(browser, lead);
  const page = await seat.open('view=tallies');
  await shows(page, arrests);
  await page.evaluate(async () => (await navigator.serviceWorker.ready).active.scriptURL);
  await eventually('a copy is kept', async () => (await keptIn(page)).includes(OPERATION));
  await lead.program.kill();
  await page.reload();
  await badge(page, 'SAVED COPY').waitFor();
  await page.locator('.banner').filter({ hasText: /SAVED COPY: .*What you see was true/ }).waitFor();
  await shows(page, arrests);
  assert.equal(await page.getByRole('button', { name: /Preview a release/ }).isEnabled(), false);

  // A gateway that starts anew knows no session: what was kept goes, without anybody doing anything.
  await lead.start();
  await page.getByRole('textbox', { name: 'Name' }).waitFor({ timeout: 40_000 });
  await eventually('the copy is wiped', async () => !(await keptIn(page)).includes(OPERATION));
  await seat.context.close();
});
