// What people do with their hands: the keyboard alone, pausing, filtering, the theme, the wall; and a plan that is acknowledged.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { Seat, figure, headline, launch, settled, textOf } from './support/browser.mjs';
import { allWell, check } from './support/checks.mjs';
import { eventually } from './support/processes.mjs';
import { OPERATION, World } from './support/world.mjs';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

let world;
let started = false;
let browser;
let lead;

before(async () => {
  world = await World.afterReplay('hands');
  browser = await launch(world);
  lead = await world.office('mo-ago');
  started = true;
});
after(async () => world?.close(started && allWell));

const arrestMore = () =>
  world.muster('nd-bci', ['tally', 'record', OPERATION, '--site', 'nd-statewide', '--category', 'arrest-other', '--count', '1', '--source', 'EXERCISE']);
const shows = (page, number) => headline(page, 'Arrests').filter({ hasText: new RegExp(`^${number}(?!\\d)`) }).waitFor();

// The element with the focus: what it is called, and whether one can see that it has the focus.
const focused = (page) =>
  page.evaluate(() => {
    const one = document.activeElement;
    if (!one || one === document.body) return undefined;
    const style = getComputedStyle(one);
    const box = one.getBoundingClientRect();
    const x = Math.min(box.x + box.width / 2, innerWidth - 1);
    const y = Math.min(Math.max(box.y + Math.min(box.height / 2, 12), 0), innerHeight - 1);
    const covered = document.elementFromPoint(x, y);
    return {
      name: (one.getAttribute('aria-label') ?? one.labels?.[0]?.innerText ?? one.innerText ?? '').trim().split('\n')[0].slice(0, 60),
      tag: one.tagName.toLowerCase(),
      outlined: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
      onScreen: box.width > 0 && box.bottom > 0 && box.top < innerHeight,
      uncovered: covered === null || one.contains(covered) || covered.contains(one),
    };
  });

// Presses Tab until the element called `name` has the focus.
async function tabTo(page, name, presses = 80) {
  for (let i = 0; i < presses; ++i) {
    await page.keyboard.press('Tab');
    const one = await focused(page);
    if (one && name.test(one.name)) return one;
  }
  throw new Error(`Tab does not reach ${name}`);
}

check('by keyboard alone: every stop is visible, and the views and actions are reached', async () => {
  const seat = await Seat.at(browser, lead);
  const page = await seat.open('view=tallies');
  await shows(page, 102);
  await page.keyboard.press('Tab');
  assert.equal((await focused(page)).name, 'Skip to the view');
  const stops = [];
  for (let i = 0; i < 40; ++i) {
    const one = await focused(page);
    if (!one) break;
    stops.push(one);
    assert.ok(one.outlined, `no outline shows the focus on ${one.tag} "${one.name}"`);
    assert.ok(one.onScreen, `${one.tag} "${one.name}" has the focus off the screen`);
    assert.ok(one.uncovered, `${one.tag} "${one.name}" has the focus under something else (WCAG 2.4.11)`);
    await page.keyboard.press('Tab');
  }
  for (const name of [/^Overview/, /^Tallies/, /^Conflicts/, /^Plan/, /^Timeline/, /^Pause/, /^Settings/, /^Filter/, /^102/]) {
    assert.ok(stops.some((one) => name.test(one.name)), `${name} is among ${stops.map((one) => one.name).join(' | ')}`);
  }
  await seat.context.close();
});

check('by keyboard alone: skip link, dialog and back, another view', async () => {
  const seat = await Seat.at(browser, lead);
  const page = await seat.open('view=tallies');
  await shows(page, 102);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main', 'the skip link leads to the view');
  await tabTo(page, /^102/);
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.getByText(/102 from \d+ counted entries/).waitFor();
  for (let i = 0; i < 12; ++i) {
    const inside = await page.evaluate(() => document.activeElement === document.body || document.querySelector('dialog').contains(document.activeElement));
    assert.ok(inside, 'the focus left the dialog');
    await page.keyboard.press('Tab');
  }
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  assert.match((await focused(page)).name, /^102/, 'the focus returns to where it was');
  await page.keyboard.press('Home');
  await page.evaluate(() => document.activeElement.blur());
  await tabTo(page, /^Timeline/);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Timeline' }).first().waitFor();
  assert.match(page.url(), /view=timeline/);
  assert.match(await page.title(), /United Front/);
  await seat.context.close();
});

check('a new version of the plan comes by itself and is acknowledged with the keyboard', async () => {
  const office = await world.office('ky-bgpd');
  const seat = await Seat.at(browser, office);
  const page = await seat.open('view=plan');
  await page.getByRole('heading', { name: 'Plan, version 2' }).waitFor();
  const amendment = join(world.folder, 'amendment.toml');
  writeFileSync(amendment, `operation_id = "${OPERATION}"\nbase_version = 2\n[[amendments]]\nchange = "material"\n[amendments.section]\n` +
    'section_id = "safety"\nkind = "safety"\ntitle = "Safety"\nbody = "EXERCISE. Vests on, lights off."\naudience.roles = ["participant", "prosecutor"]\n');
  await world.muster('mo-ago', ['plan', 'amend', OPERATION, '--file', amendment]);
  await page.getByRole('heading', { name: 'Plan, version 3' }).waitFor();
  await page.getByText('Vests on, lights off.').waitFor();
  await page.locator('h1').first().click();
  await tabTo(page, /We have read version 3/);
  await page.keyboard.press('Space');
  await tabTo(page, /^Acknowledge version 3/);
  await page.keyboard.press('Enter');
  await page.getByText('Version 3 is acknowledged').waitFor();
  const list = JSON.stringify(await world.musterJson('mo-ago', ['plan', 'acknowledgements', OPERATION]));
  assert.match(list, /"agency_id":"ky-bgpd"[^}]*"ACKNOWLEDGEMENT_STATUS_ACKNOWLEDGED"|ky-bgpd[^}]*ACKNOWLEDGED/);
  // What changed is shown against what was there before.
  await page.getByRole('button', { name: /compare versions/ }).click();
  assert.match(await page.locator('.line.added').first().innerText(), /lights off/);
  assert.deepEqual(seat.problems, []);
  await seat.context.close();
});

check('pausing holds the figures, says so, and resuming catches up', async () => {
  const seat = await Seat.at(browser, lead);
  const page = await seat.open('view=tallies');
  await shows(page, 102);
  await page.getByRole('button', { name: 'Pause' }).click();
  await arrestMore();
  await page.locator('.banner').filter({ hasText: /PAUSED\. [1-9]\d* newer/ }).waitFor();
  await shows(page, 102);
  await page.getByRole('button', { name: 'Resume' }).first().click();
  await shows(page, 103);
  assert.equal(await page.locator('.banner').filter({ hasText: 'PAUSED' }).count(), 0);
  await seat.context.close();
});

check('filters live in the address and survive a reload', async () => {
  const seat = await Seat.at(browser, lead);
  const page = await seat.open('view=tallies');
  await shows(page, 103);
  const states = () => page.locator('table').first().locator('tbody th').allInnerTexts();
  assert.ok((await states()).length >= 12);
  await page.locator('summary', { hasText: 'Filter' }).click();
  await page.getByRole('checkbox', { name: 'KY', exact: true }).check();
  await page.getByRole('checkbox', { name: 'SD', exact: true }).check();
  assert.match(page.url(), /states=KY(,|%2C)SD/);
  await eventually('the table is filtered', async () => (await states()).length === 2);
  await page.reload();
  await shows(page, 103);
  assert.deepEqual((await states()).map((one) => one.slice(0, 2)).sort(), ['KY', 'SD']);
  await page.getByText(/filtered: /).first().waitFor();
  await page.getByRole('button', { name: 'Show all' }).last().click();
  await eventually('all are shown again', async () => (await states()).length >= 12);
  await seat.context.close();
});

check('night theme and wall display', async () => {
  const seat = await Seat.at(browser, lead);
  const page = await seat.open('view=overview');
  await settled(page);
  await page.locator('summary', { hasText: 'Settings' }).click();
  await page.getByRole('radio', { name: 'Night' }).check();
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g).slice(0, 3).reduce((sum, one) => sum + Number(one), 0));
  await eventually('the page is dark', async () => (await ground()) < 150);
  await page.reload();
  await settled(page);
  assert.ok((await ground()) < 150, 'after a reload the page is still dark');
  await page.locator('summary', { hasText: 'Settings' }).click();
  await page.getByRole('button', { name: 'Wall display' }).click();
  assert.match(page.url(), /wall=1/);
  assert.equal(await page.getByRole('button', { name: 'Pause' }).count(), 0, 'the wall has no buttons');
  assert.match(await textOf(page), /as of \d\d:\d\d:\d\d/, 'the wall says its age');
  await page.keyboard.press('Escape');
  await eventually('the wall is left', async () => !/wall=1/.test(page.url()));
  assert.deepEqual(seat.problems, []);
  await seat.context.close();
});

check('the timeline is wound back to a moment, and what is exported is what is there', async () => {
  const seat = await Seat.at(browser, lead);
  const page = await seat.open('view=tallies');
  await shows(page, 103);
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: /^JSON/ }).first().click()]);
  const stream = await download.createReadStream();
  let text = '';
  for await (const chunk of stream) text += chunk;
  assert.match(JSON.stringify(JSON.parse(text)), /KY/);
  await page.goto(`${seat.url}?view=timeline&at=2001-01-01T00:00:00.000Z`);
  await settled(page);
  // As far back as there is anything: the operation had just been made.
  const replay = figure(page, 'Replay');
  const says = (term, value) => replay.locator(`dt:text-is("${term}") + dd`).filter({ hasText: value }).waitFor();
  await replay.getByText('wound back').waitFor();
  await says('Phase', 'PLANNING');
  await says('Plan', 'none yet');
  await says('GO', 'NOT GIVEN');
  await says('Arrests', /^NOT REPORTED/);
  await says('Persons', /^NOT REPORTED/);
  await seat.context.close();
});

check('a page that is paused shows an ABORT at once', async () => {
  const seat = await Seat.at(browser, lead);
  const page = await seat.open('view=tallies');
  await shows(page, 103);
  assert.equal(await page.locator('.banner.abort').count(), 0);
  await page.getByRole('button', { name: 'Pause' }).click();
  await arrestMore();
  await world.muster('mo-ago', ['abort', 'call', OPERATION, '--reason', 'EXERCISE. The plan has leaked']);
  await page.locator('.banner.abort').filter({ hasText: 'ABORTED' }).waitFor();
  await page.locator('.banner').filter({ hasText: 'PAUSED' }).waitFor();
  await shows(page, 103);
  await seat.context.close();
});
