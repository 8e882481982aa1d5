// Who may look: passwords, codes, cards, and each way in which they fail. And that nothing stays behind when a person leaves.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { Seat, keptIn, launch, settled, textOf } from './support/browser.mjs';
import { allWell, check } from './support/checks.mjs';
import { PASSWORD } from './support/gateway.mjs';
import { eventually } from './support/processes.mjs';
import { OPERATION, World } from './support/world.mjs';

let world;
let started = false;
let browser;
let office;

before(async () => {
  world = await World.afterReplay('sign-in');
  browser = await launch(world);
  office = await world.office('wi-doj', { cards: true });
  await office.enrol('reader', 'viewer');
  await office.inviteWithCard('chief', 'operator', world.cards.good);
  started = true;
});
after(async () => world?.close(started && allWell));


async function atDoor(options) {
  const seat = await Seat.at(browser, office, { person: null, ...options });
  // For a card, Playwright puts a proxy of its own between browser and gateway, whose certificate only pages accept: as where a
  // warning was accepted (link.test.mjs), the page has to find out.
  if (options?.clientCertificates) seat.context.setDefaultTimeout(60_000);
  return { seat, page: await seat.open() };
}
async function byPassword(page, name, password) {
  await page.getByRole('textbox', { name: 'Name' }).fill(name);
  await page.getByRole('textbox', { name: 'Password' }).fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}
async function byCode(page, code, password = PASSWORD) {
  await page.getByRole('textbox').first().waitFor();
  const other = page.getByRole('button', { name: 'I have a code' });
  if (await other.isVisible()) await other.click();
  await page.getByRole('textbox', { name: 'Enrolment code' }).fill(code);
  await page.getByRole('textbox', { name: 'New password', exact: true }).fill(password);
  await page.getByRole('textbox', { name: 'New password again' }).fill(password);
  await page.getByRole('button', { name: 'Enrol and sign in' }).click();
}
const says = (page, pattern) => page.getByRole('alert').filter({ hasText: pattern }).first().waitFor();
const isIn = (page) => page.getByRole('link', { name: 'Overview' }).waitFor();

check('name and password', async () => {
  const { seat, page } = await atDoor();
  await byPassword(page, 'officer', 'not the password');
  await says(page, /Name or password are wrong/);
  await byPassword(page, 'nobody-of-that-name', PASSWORD);
  await says(page, /Name or password are wrong/);
  await byPassword(page, 'officer', PASSWORD);
  await isIn(page);
  assert.equal((await seat.context.cookies())[0].name, '__Host-muster');
  const [cookie] = await seat.context.cookies();
  assert.deepEqual([cookie.httpOnly, cookie.secure, cookie.sameSite], [true, true, 'Strict']);
  assert.equal(await page.evaluate(() => document.cookie), '', 'no script can read the cookie');
  await seat.context.close();
});

check('five failures lock a name, and the right password does not help then', async () => {
  await office.enrol('clumsy', 'viewer');
  const { seat, page } = await atDoor();
  for (let i = 0; i < 5; ++i) {
    await byPassword(page, 'clumsy', `wrong ${i}`);
    await says(page, /Name or password are wrong/);
    await page.getByRole('button', { name: 'Sign in', exact: true }).and(page.locator(':enabled')).waitFor();
  }
  await byPassword(page, 'clumsy', PASSWORD);
  await says(page, /Too many attempts|locked/i);
  await says(page, /1[0-5] min/);
  await seat.context.close();
  // Others are not locked with it.
  await office.signIn('officer');
});

check('an enrolment code: wrong, good, used, expired', async () => {
  const code = await office.invite('newcomer', 'viewer');
  const { seat, page } = await atDoor();
  await byCode(page, 'AAAA-BBBB-CCCC-DDDD');
  await says(page, /wrong, used or expired/);
  await byCode(page, code, 'short');
  await says(page, /12/);
  await byCode(page, code);
  await isIn(page);
  await seat.context.close();
  const second = await atDoor();
  await byCode(second.page, code);
  await says(second.page, /wrong, used or expired/);
  const late = await office.invite('latecomer', 'viewer');
  office.expireInvitations();
  await byCode(second.page, late);
  await says(second.page, /wrong, used or expired/);
  await second.seat.context.close();
  const { stdout } = await office.people();
  assert.doesNotMatch(stdout, /latecomer/);
});

check('a viewer reads and cannot act, neither on the page nor past it', async () => {
  const seat = await Seat.at(browser, office, { person: 'reader' });
  const page = await seat.open('view=conflicts');
  await settled(page);
  const resolve = page.getByRole('button', { name: /^Resolve/ }).first();
  await resolve.waitFor();
  assert.equal(await resolve.isDisabled(), true);
  assert.match(await textOf(page), /signed in as a viewer/);
  const cookie = await office.signIn('reader');
  const { status, json } = await office.call('muster.v1.DeconflictionService/AdvanceConflict',
    { submission_id: '0197f3e0-0000-7000-8000-000000000001', advance: {} }, cookie);
  assert.deepEqual([status, json.code], [403, 'permission_denied']);
  await seat.context.close();
});

check('a session that is ended elsewhere ends on the page, with the copy', async () => {
  await office.enrol('leaver', 'viewer');
  const seat = await Seat.at(browser, office, { person: 'leaver' });
  const page = await seat.open('view=overview');
  await settled(page);
  await eventually('a copy is kept', async () => (await keptIn(page)).includes(OPERATION));
  await office.remove('leaver');
  await page.getByRole('textbox', { name: 'Name' }).waitFor();
  assert.doesNotMatch(await textOf(page), /United Front/);
  assert.ok(!/united-front/i.test(await keptIn(page)), 'what was seen is still in the browser');
  await seat.context.close();
});

check('signing out wipes the copy, in every tab', async () => {
  const seat = await Seat.at(browser, office);
  const pages = [await seat.open('view=overview'), await seat.open('view=plan')];
  for (const page of pages) await settled(page);
  await eventually('a copy is kept', async () => (await keptIn(pages[0])).includes(OPERATION));
  await pages[0].locator('summary', { hasText: 'Settings' }).click();
  await pages[0].getByRole('button', { name: /^Sign out/ }).click();
  for (const page of pages) {
    await page.getByRole('textbox', { name: 'Name' }).waitFor();
    assert.ok(!/united-front/i.test(await keptIn(page)), 'what was seen is still in the browser');
    assert.doesNotMatch(await textOf(page), /United Front/);
  }
  assert.deepEqual(await seat.context.cookies(), []);
  // Nor does the way back show it.
  await pages[0].reload();
  await pages[0].getByRole('textbox', { name: 'Name' }).waitFor();
  await seat.context.close();
});

// What a card's holder reads. `card` undefined: the browser has none.
const CARDS = [
  [undefined, /No certificate[\s\S]*Put your card in/],
  ['foreign', /Certificate not accepted/],
  ['expired', /Certificate expired[\s\S]*Renew your card/],
  ['unknown', /Not invited[\s\S]*Ask the operator/],
];
for (const [card, pattern] of CARDS) {
  check(`a card that does not open: ${card ?? 'none'}`, async () => {
    const clientCertificates = card && [{ origin: `https://127.0.0.1:${office.loginPort}`, ...world.cards[card] }];
    const { seat, page } = await atDoor({ ignoreHTTPSErrors: true, serviceWorkers: 'block', ...(clientCertificates ? { clientCertificates } : {}) });
    await page.getByRole('link', { name: 'Sign in with a certificate' }).click();
    await page.getByText(pattern.source.split('[')[0]).first().waitFor();
    assert.match(await textOf(page), pattern);
    assert.deepEqual(await seat.context.cookies(), []);
    await page.getByRole('link', { name: 'To the dashboard' }).click();
    await page.getByRole('textbox', { name: 'Name' }).waitFor();
    await seat.context.close();
  });
}

check('a card that opens', async () => {
  const { seat, page } = await atDoor({
    ignoreHTTPSErrors: true,
    serviceWorkers: 'block',
    clientCertificates: [{ origin: `https://127.0.0.1:${office.loginPort}`, ...world.cards.good }],
  });
  await page.getByRole('link', { name: 'Sign in with a certificate' }).click();
  await isIn(page);
  await page.locator('summary', { hasText: 'Settings' }).click();
  await page.getByText(/Signed in as chief, operator/).waitFor();
  await seat.context.close();
});

check('a card that opens brings in every tab that is open', async () => {
  const { seat, page } = await atDoor({
    ignoreHTTPSErrors: true,
    serviceWorkers: 'block',
    clientCertificates: [{ origin: `https://127.0.0.1:${office.loginPort}`, ...world.cards.good }],
  });
  const other = await seat.open('view=plan');
  for (const one of [page, other]) await one.getByRole('textbox', { name: 'Name' }).waitFor();
  await page.getByRole('link', { name: 'Sign in with a certificate' }).click();
  for (const one of [page, other]) await isIn(one);
  await other.getByRole('heading', { name: /^Plan, version/ }).waitFor();
  await seat.context.close();
});

check('nothing comes from elsewhere, and the policy is strict', async () => {
  const seat = await Seat.at(browser, office);
  const asked = [];
  seat.context.on('request', (request) => asked.push(new URL(request.url()).origin));
  const page = await seat.context.newPage();
  const answer = await page.goto(seat.url);
  await settled(page);
  assert.deepEqual([...new Set(asked)], [new URL(seat.url).origin]);
  assert.match(answer.headers()['content-security-policy'], /^default-src 'none'; script-src 'self'/);
  await seat.context.close();
});
