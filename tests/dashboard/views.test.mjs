// Every view with the replay's real data, by day and by night, on a desk's screen and on a telephone's: axe-core finds nothing,
// nothing is wider than the screen, and a picture is taken for people to look at.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { DESK, PHONE, Seat, axeFindings, drawn, launch, overflow, settled } from './support/browser.mjs';
import { allWell, check } from './support/checks.mjs';
import { results, shots } from './support/places.mjs';
import { SCENES, THEMES, VIEWS, show } from './support/scenes.mjs';
import { World } from './support/world.mjs';

const only = process.env.MUSTER_SCENES ?? '';
let world;
let started = false;
let browser;

before(async () => {
  mkdirSync(shots, { recursive: true });
  world = await World.afterReplay('views');
  browser = await launch(world);
  await world.office('mo-ago');
  await world.office('wi-doj');
  await world.office('mo-survivor-services');
  started = true;
});
const seats = new Map();
async function seatAt(office) {
  if (!seats.has(office)) seats.set(office, await Seat.at(browser, world.gateways.get(office)));
  return seats.get(office);
}
after(async () => world?.close(started && allWell));


// Each scene is opened once, and looked at in every width and theme.
const LOOKS = [['1440', DESK], ['390', PHONE]].flatMap(([width, viewport]) => THEMES.map((theme) => ({ width, viewport, theme })));

// axe-core looks at every view in each; at what opens in a view, once by day and once by night.
const axeLooksAt = (name, { width, theme }) => VIEWS.includes(name) || (width === '1440') === (theme === 'day');

async function lookAt(page, name, found) {
  for (const look of LOOKS) {
    const { width, viewport, theme } = look;
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme: theme === 'night' ? 'dark' : 'light' });
    await page.evaluate(() => scrollTo(0, 0));
    await drawn(page);
    const full = `${name}-${width}-${theme}`;
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), theme, 'the page follows what the computer prefers');
    await page.screenshot({ path: join(shots, `${full}.png`), fullPage: true });
    const beyond = await overflow(page);
    if (beyond > 0) found.push(`${full} is ${beyond} pixels wider than the screen`);
    if (axeLooksAt(name, look)) found.push(...(await axeFindings(page)).map((one) => `${full}: ${one}`));
  }
}

for (const scene of SCENES.filter((one) => one.name.includes(only))) {
  check(`${scene.name}: axe-core finds nothing, nothing is wider than the screen`, async () => {
    const seat = await seatAt(scene.office ?? 'mo-ago');
    const page = await seat.open(scene.query);
    const found = [];
    await show(page, scene);
    await lookAt(page, scene.name, found);
    await page.close();
    assert.deepEqual([...found, ...seat.problems], []);
  });
}

check('the sign-in page too', async () => {
  const seat = await Seat.at(browser, world.gateways.get('mo-ago'), { person: null });
  const page = await seat.open();
  await page.getByRole('textbox', { name: 'Name' }).waitFor();
  const found = [];
  await lookAt(page, 'sign-in', found);
  assert.deepEqual([...found, ...seat.problems], []);
  await seat.context.close();
});

check('at 200 % zoom no view scrolls sideways, nor its dialogs', async () => {
  const seat = await Seat.at(browser, world.gateways.get('mo-ago'), { viewport: { width: 720, height: 450 }, deviceScaleFactor: 2 });
  for (const scene of SCENES.filter((one) => [...VIEWS, 'tallies-entries', 'plan-differences'].includes(one.name) && one.name.includes(only))) {
    const page = await seat.open(scene.query);
    await show(page, scene);
    assert.ok((await overflow(page)) <= 0, `${scene.name} scrolls sideways by ${await overflow(page)} pixels`);
    await page.close();
  }
  await seat.context.close();
});

check('every view can be printed', async () => {
  const seat = await Seat.at(browser, world.gateways.get('mo-ago'));
  for (const scene of [...SCENES.filter((one) => one.name === 'timeline-report' || (!one.office && !one.act && !one.name.includes('-')))]) {
    const page = await seat.open(`${scene.query}&theme=night`);
    await show(page, scene);
    await page.emulateMedia({ media: 'print' });
    await settled(page);
    const paper = await page.evaluate(() => {
      const colour = (element) => getComputedStyle(element).backgroundColor;
      const hidden = (selector) => [...document.querySelectorAll(selector)].every((one) => one.getClientRects().length === 0);
      return { background: colour(document.body), controls: hidden('.not-in-print, nav.shell-nav'), unreal: /EXERCISE/.test(document.body.innerText) };
    });
    assert.match(paper.background, /rgba\(0, 0, 0, 0\)|rgb\(255, 255, 255\)/, `${scene.name} prints a dark page`);
    assert.ok(paper.controls, `${scene.name} prints its buttons`);
    assert.ok(paper.unreal, `${scene.name} does not say EXERCISE on paper`);
    assert.match(await page.locator('body').innerText(), /as of \d\d:\d\d:\d\d/, `${scene.name} does not say its age on paper`);
    const pdf = await page.pdf({ path: join(results, `print-${scene.name}.pdf`), format: 'Letter' });
    assert.ok(pdf.length > 5000, `${scene.name} prints an empty page`);
    await page.close();
  }
  assert.deepEqual(seat.problems, []);
  await seat.context.close();
});
