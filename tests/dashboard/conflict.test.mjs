// Two offices' activities come too close. Both offices' pages ring, each learns what rule C7 allows and nothing more, and a third
// office learns nothing at all: not on the page, not in an answer, not in what the browser keeps.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { Seat, keptIn, launch, settled, textOf } from './support/browser.mjs';
import { allWell, check } from './support/checks.mjs';
import { eventually } from './support/processes.mjs';
import { OPERATION, World } from './support/world.mjs';

// Distinctive, so that a trace of it is found wherever it is.
const PARTIES = {
  'ky-bgpd': {
    at: [36.98712341, -86.45671239], site: 'ky-bowling-green', contact: 'Desk Kilo-Seven', phone: '+12705550171', phoneText: '+1 270 555 0171',
    target: '+1 (270) 555-0188', plate: 'QZX7421', reference: 'EX-KY-CASE-77120', kind: 'search-warrant',
  },
  'tn-tbi': {
    at: [36.98752341, -86.45671239], site: 'tn-statewide', contact: 'Desk Tango-Nine', phone: '+16155550172', phoneText: '+1 615 555 0172',
    target: '+1 (615) 555-0199', plate: 'WVK9035', reference: 'EX-TN-CASE-88231', kind: 'undercover-meet',
  },
};
const OTHER = { 'ky-bgpd': 'tn-tbi', 'tn-tbi': 'ky-bgpd' };

const double = (number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(number);
  return bytes.toString('latin1');
};
// What nobody but the owner may ever read.
const secretsOf = ({ at, target, plate, reference }) => {
  const digits = target.replace(/\D/g, '');
  return [target, `+${digits}`, digits.slice(1), plate, reference, String(at[0]), double(at[0])];
};
const found = (text, words) => words.filter((one) => text.includes(one));

let world;
let started = false;
const seats = {};
const pages = {};
let conflictId;

before(async () => {
  world = await World.afterReplay('conflict');
  const browser = await launch(world, '--autoplay-policy=no-user-gesture-required');
  for (const [agency, options] of [['ky-bgpd', {}], ['tn-tbi', { behindAgent: true }], ['nd-bci', {}], ['mo-watch', {}]]) {
    const seat = (seats[agency] = await Seat.at(browser, await world.office(agency, options), { tapped: true }));
    await seat.context.addInitScript(() => {
      window.tones = 0;
      const start = OscillatorNode.prototype.start;
      OscillatorNode.prototype.start = function (...args) {
        ++window.tones;
        return start.apply(this, args);
      };
      localStorage.setItem('muster-sound', '1');
    });
    const page = (pages[agency] = await seat.open('view=overview'));
    await settled(page);
    // Browsers let a page sound only after somebody has touched it.
    await page.locator('h1').first().click();
  }
  started = true;
});
after(async () => world?.close(started && allWell));

async function enter(agency) {
  const { at, site, contact, phone, target, plate, reference, kind } = PARTIES[agency];
  const start = new Date(Date.now() + 3 * 3600_000).toISOString();
  return world.musterJson(agency, ['activity', 'enter', '--kind', kind, '--start', start, '--for', '2h', '--at', at.join(','), '--verified',
    '--contact', contact, '--phone', phone, '--operation', OPERATION, '--site', site, '--target', `phone=${target}`,
    '--target', `plate=${plate}@${site.slice(0, 2).toUpperCase()}`, '--suspicion-reference', reference], { codes: [0, 10] });
}

async function resolve(card, text) {
  await card.getByRole('button', { name: /^Resolve …/ }).click();
  await card.getByRole('radio').first().check();
  await card.getByRole('textbox').fill(text);
  await card.getByRole('button', { name: 'Resolve', exact: true }).click();
}

check('both offices are rung, in text and in sound', async () => {
  await enter('ky-bgpd');
  assert.equal(await pages['ky-bgpd'].evaluate(() => window.tones), 0, 'nothing rings before there is a conflict');
  await enter('tn-tbi');
  for (const agency of Object.keys(PARTIES)) {
    const page = pages[agency];
    await page.getByRole('alert').filter({ hasText: 'New conflict' }).first().waitFor({ state: 'attached' });
    await page.locator('.banner').filter({ hasText: OTHER[agency] }).waitFor();
    await eventually(`the page of ${agency} sounds`, () => page.evaluate(() => window.tones > 0));
    assert.equal(await page.locator('[aria-live="assertive"]').filter({ hasText: OTHER[agency] }).count(), 1, 'the assertive live region says it');
  }
  const list = await world.musterJson('ky-bgpd', ['conflict', 'list', '--open']);
  conflictId = JSON.stringify(list).match(/"conflict_id":"([^"]+)"/)[1];
});

check('each office reads whom to call, by when, how near, and nothing of the other side', async () => {
  for (const agency of Object.keys(PARTIES)) {
    const other = PARTIES[OTHER[agency]];
    const page = pages[agency];
    await page.getByRole('button', { name: 'Show conflicts' }).click();
    const card = page.getByRole('article').filter({ hasText: conflictId });
    await card.waitFor();
    const text = await card.innerText();
    for (const told of [OTHER[agency], other.contact, other.phoneText, /within \d|OVERDUE/, /both at work/, /too close in space and time/i]) {
      assert.ok(told instanceof RegExp ? told.test(text) : text.includes(told), `${agency} is told ${told}:\n${text}`);
    }
    await eventually('the copy is saved', async () => (await keptIn(page)).includes(conflictId));
    const { tap } = seats[agency];
    assert.ok(tap.text().includes(other.contact), 'the tap sees what is answered');
    assert.deepEqual(found(tap.text(), secretsOf(other)), [], `${agency} was sent what it must not know`);
    assert.deepEqual(found(await page.content(), secretsOf(other)), []);
    assert.deepEqual(found(await keptIn(page), secretsOf(other)), []);
  }
});

check('the third office learns nothing, anywhere', async () => {
  const page = pages['nd-bci'];
  const { tap } = seats['nd-bci'];
  const words = [conflictId, ...Object.values(PARTIES).flatMap((one) => [...secretsOf(one), one.contact, one.phone, one.phoneText])];
  await page.getByRole('link', { name: /^Conflicts/ }).click();
  await page.getByText('No conflict is open').waitFor();
  for (const view of ['Timeline', 'Plan', 'Tallies', 'Overview']) {
    await page.getByRole('link', { name: view }).click();
    await settled(page);
    assert.deepEqual(found(await page.content(), words), [], `on ${view}`);
    assert.doesNotMatch(await textOf(page), /New conflict/);
  }
  // Not silence because of a broken line: what it may know still comes.
  await world.muster('nd-bci', ['tally', 'record', OPERATION, '--site', 'nd-statewide', '--category', 'citation', '--count', '3', '--source', 'EXERCISE beacon']);
  await eventually('its own report comes', () => tap.text().includes('EXERCISE beacon'));
  assert.deepEqual(found(tap.text(), words), [], 'in some answer');
  assert.deepEqual(found(await keptIn(page), words), [], 'in what the browser keeps');
  assert.equal(await page.evaluate(() => window.tones), 0);
});

check('a party may not end it where a watch desk keeps the watch, and is told so', async () => {
  const card = pages['ky-bgpd'].getByRole('article').filter({ hasText: conflictId });
  await resolve(card, 'EXERCISE. Settled between us.');
  await card.getByRole('alert').filter({ hasText: /a watch desk .*resolves the conflict/ }).waitFor();
});

check('the watch desk was rung too, takes it on and resolves it, and both offices read the outcome', async () => {
  const desk = pages['mo-watch'];
  assert.ok(await desk.evaluate(() => window.tones > 0));
  await desk.getByRole('button', { name: 'Show conflicts' }).click();
  const card = desk.getByRole('article').filter({ hasText: conflictId });
  await card.getByRole('button', { name: 'Take it on' }).click();
  await card.filter({ hasText: 'Owner' }).filter({ hasText: 'mo-watch' }).waitFor();
  await resolve(card, 'EXERCISE. Kentucky starts two hours later.');
  await card.filter({ hasText: 'RESOLVED' }).waitFor();
  for (const agency of Object.keys(PARTIES)) {
    const theirs = pages[agency].getByRole('article').filter({ hasText: conflictId }).filter({ hasText: 'RESOLVED' });
    await theirs.waitFor();
    assert.match(await theirs.textContent(), /Kentucky starts two hours later/);
    assert.doesNotMatch(await theirs.innerText(), /UNOWNED/);
  }
});

check('a conflict outside every operation rings as well, and the page says that it is of none', async () => {
  const rungBefore = {};
  for (const agency of Object.keys(PARTIES)) rungBefore[agency] = await pages[agency].evaluate(() => window.tones);
  const start = new Date(Date.now() + 30 * 3600_000).toISOString();
  for (const [agency, { at, contact, phone, kind }] of Object.entries(PARTIES)) {
    await world.muster(agency, ['activity', 'enter', '--kind', kind, '--start', start, '--for', '1h', '--at', at.map((one) => one + 1).join(','),
      '--verified', '--contact', contact, '--phone', phone, '--mode', 'exercise'], { codes: [0, 10] });
  }
  const open = JSON.stringify(await world.musterJson('ky-bgpd', ['conflict', 'list', '--open']));
  const [, id] = open.match(/"conflict_id":"([^"]+)"/);
  assert.notEqual(id, conflictId);
  for (const agency of Object.keys(PARTIES)) {
    const page = pages[agency];
    await eventually(`the page of ${agency} sounds`, () => page.evaluate((before) => window.tones > before, rungBefore[agency]));
    await page.locator('.banner').filter({ hasText: OTHER[agency] }).waitFor();
    const card = page.getByRole('article').filter({ hasText: id });
    await card.filter({ hasText: /of no operation/i }).waitFor();
    assert.ok((await card.innerText()).includes(PARTIES[OTHER[agency]].contact));
  }
  assert.equal(await pages['nd-bci'].evaluate(() => window.tones), 0);
  assert.ok(!seats['nd-bci'].tap.text().includes(id), 'a third office was told');
});

check('no error was written to the console', () => {
  assert.deepEqual(Object.values(seats).flatMap((one) => one.problems), []);
});
