// The replay of Operation United Front as the offices see it: every page is open before there is anything to see, and none is
// ever loaded again.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { Seat, figure, headline, launch, textOf } from './support/browser.mjs';
import { allWell, check } from './support/checks.mjs';
import { results } from './support/places.mjs';
import { eventually } from './support/processes.mjs';
import { World } from './support/world.mjs';

let world;
let started = false;
let lead;
let page;
let verdict;

before(async () => {
  world = await World.beforeReplay('united-front');
  const browser = await launch(world);
  lead = await Seat.at(browser, await world.office('mo-ago'));
  page = await lead.open('view=tallies');
  await page.getByText(/there is no operation/i).waitFor();
  // Every text that the two headlines ever showed.
  await page.evaluate(() => {
    window.loadedOnce = true;
    window.seen = { Arrests: [], 'Persons recovered': [] };
    const look = () => {
      for (const panel of document.querySelectorAll('section.panel')) {
        const texts = window.seen[panel.querySelector('h2')?.textContent];
        const text = panel.querySelector('.big')?.innerText.split('\n')[0].trim();
        if (texts && text && texts.at(-1) !== text) texts.push(text);
      }
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  verdict = await world.play(0.2);
  // It stops its broker at its end. The page must find the next one by itself.
  await world.startBroker();
  started = true;
});
after(async () => world?.close(started && allWell));

check('the totals reach 102 and 47 on the screen, live', async () => {
  assert.equal(verdict.ok, true);
  await headline(page, 'Arrests').filter({ hasText: /^102/ }).waitFor();
  await headline(page, 'Persons recovered').filter({ hasText: /^47/ }).waitFor();
  await headline(page, 'of them adults').filter({ hasText: /^45/ }).waitFor();
  await headline(page, 'of them minors').filter({ hasText: /^2(?!\d)/ }).waitFor();
  const { seen, loadedOnce } = await page.evaluate(() => ({ seen: window.seen, loadedOnce: window.loadedOnce }));
  assert.equal(loadedOnce, true, 'the page was loaded again');
  writeFileSync(join(results, 'united-front-seen.json'), JSON.stringify(seen, null, 1));
  assert.equal(seen.Arrests[0], 'NOT REPORTED', `before the first report: ${seen.Arrests}`);
  assert.ok(seen.Arrests.length >= 3, `the figures grew before the viewer's eyes: ${seen.Arrests}`);
  assert.equal(seen.Arrests.at(-1), '102');
  assert.equal(seen['Persons recovered'].at(-1), '47');
});

check('who has reported stands beside the figures, and nobody is counted as zero', async () => {
  const persons = await figure(page, 'Persons recovered').innerText();
  assert.match(persons, /7 of 12 states reporting/);
  assert.match(persons, /NOT REPORTED by IA, NE, SD, TN, WI/);
  assert.match(await figure(page, 'Arrests').innerText(), /12 of 12 states reporting/);
  assert.match(await figure(page, 'Arrests').innerText(), /93 in the window, 9 outside/);
  const iowa = page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: /^IA\b/ }) }).first();
  assert.match(await iowa.innerText(), /NOT REPORTED/);
});

check("by the sources' own definitions there are 45 persons", async () => {
  await page.getByRole('button', { name: 'As each source counts' }).click();
  await headline(page, 'Persons recovered').filter({ hasText: /^45/ }).waitFor();
  await page.getByRole('button', { name: 'As the lead counts' }).click();
  await headline(page, 'Persons recovered').filter({ hasText: /^47/ }).waitFor();
});

check('a figure opens to the entries behind it, which add up to it', async () => {
  await headline(page, 'Arrests').getByRole('button').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(/102 from \d+ counted entries/).waitFor();
  const counted = await dialog.locator('tbody tr').evaluateAll((rows) =>
    rows.filter((row) => row.cells[1].innerText.includes('✓')).map((row) => Number(row.cells[2].innerText)));
  assert.equal(counted.reduce((sum, one) => sum + one, 0), 102);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
});

check('corrections stand there as corrections', async () => {
  const rows = figure(page, 'Corrections').getByRole('row');
  const texas = rows.filter({ hasText: 'tx-statewide' });
  await texas.waitFor();
  assert.equal(await texas.locator('.struck').count(), 1, 'what was said first is struck out');
  await rows.filter({ hasText: 'sd-sturgis' }).waitFor();
});

check('a correction made now appears as one, and moves the figure', async () => {
  const list = await world.musterJson('nd-bci', ['tally', 'list', 'united-front-2021']);
  const records = list.records ?? list.entries;
  const { entry } = records.find((one) => one.entry.primary_agency_id === 'nd-bci' && /arrest/i.test(one.entry.category) && Number(one.entry.count) > 0);
  const less = Number(entry.count) - 1;
  const correct = (id, count, reason) => world.musterJson('nd-bci', ['tally', 'correct', 'united-front-2021', id, '--count', String(count), '--reason', reason]);
  await correct(entry.entry_id, less, 'EXERCISE. One was booked twice.');
  await headline(page, 'Arrests').filter({ hasText: /^101/ }).waitFor();
  const row = figure(page, 'Corrections').getByRole('row').filter({ hasText: 'One was booked twice' });
  await row.waitFor();
  assert.match(await row.locator('.struck').innerText(), new RegExp(`^${entry.count} `));
  assert.match(await row.innerText(), new RegExp(`\\b${less} `));
  assert.match(await row.innerText(), /nd-bci/);
});

check('the plan, the order and the exercise are on the page', async () => {
  await page.getByRole('link', { name: /^Plan/ }).click();
  await page.getByRole('heading', { name: 'Plan, version 2' }).waitFor();
  await page.getByRole('link', { name: /^Overview/ }).click();
  const text = await eventually('GO is shown', async () => {
    const now = await textOf(page);
    return /\bGO\b/.test(now) && now;
  });
  assert.match(text, /EXERCISE/);
  assert.match(await page.title(), /^EXERCISE/);
});

check('claims are reconciled in words, and the 59 stay unreconciled', async () => {
  await page.getByRole('link', { name: /^Tallies/ }).click();
  await eventually('the claims are read', async () => /\b59\b[\s\S]{0,200}unreconciled/i.test(await textOf(page)));
});

check('an office sees its own part: South Dakota no assignment of Kansas City', async () => {
  const seat = await Seat.at(page.context().browser(), await world.office('sd-dci', { behindAgent: true }), { tapped: true });
  const tab = await seat.open('view=plan');
  await tab.getByRole('heading', { name: 'Assignment: Sturgis' }).waitFor();
  assert.doesNotMatch(await textOf(tab), /Assignment: Kansas City/);
  assert.doesNotMatch(seat.tap.text(), /Kansas City: staging/);
  assert.match(seat.tap.text(), /Sturgis: staging/, 'the tap sees what is answered');
  assert.deepEqual(seat.problems, []);
});

check('no error was written to the console', () => {
  assert.deepEqual(lead.problems, []);
});
