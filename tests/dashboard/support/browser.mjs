// Chromium, people in front of it, and what is asked of every page.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromiumPath, require, results } from './places.mjs';
import { Tap } from './tap.mjs';

const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const AXE_RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

export const DESK = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

// Trusts this world's gateways and nobody else, so that service workers are allowed as with a real certificate.
export const launch = (world, ...args) => launchWarning(world, `--ignore-certificate-errors-spki-list=${world.tls.spki}`, ...args);

// Warns of certificates that nobody vouches for, as browsers do.
export async function launchWarning(world, ...args) {
  const browser = await chromium.launch({ executablePath: chromiumPath(), args: ['--no-sandbox', ...args] });
  world.atClose(async (well) => {
    const pages = browser.contexts().flatMap((one) => one.pages());
    for (const [i, page] of well ? [] : pages.entries()) {
      console.log(`left open: ${page.url()} says: ${(await textOf(page).catch(String)).replace(/\s+/g, ' ').slice(0, 1500)}`);
      await page.screenshot({ path: join(results, `left-${world.name}-${i}.png`), fullPage: true }).catch(() => undefined);
    }
    await browser.close();
  });
  return browser;
}

// A browser of its own with a person in front of it. `person` null: nobody has signed in.
export class Seat {
  problems = [];

  static async at(browser, gateway, { person = 'officer', tapped = false, ...options } = {}) {
    const seat = new Seat();
    seat.gateway = gateway;
    seat.tap = tapped ? await Tap.inFrontOf(gateway.port, gateway.world.tls) : undefined;
    if (seat.tap) gateway.world.atClose(() => seat.tap.close());
    seat.url = seat.tap?.url ?? gateway.url;
    seat.context = await browser.newContext({ viewport: DESK, timezoneId: 'America/Chicago', locale: 'en-US', ...options });
    seat.context.setDefaultTimeout(20_000);
    if (person) await seat.takeCookie(await gateway.signIn(person));
    return seat;
  }

  async takeCookie(cookie) {
    const [name, value] = cookie.split(/=(.*)/s);
    await this.context.addCookies([{ name, value, url: this.url, secure: true, httpOnly: true, sameSite: 'Strict' }]);
  }

  // A tab. `query` as in the address: "view=tallies".
  async open(query = '') {
    const page = await this.context.newPage();
    page.on('pageerror', (error) => this.problems.push(error.message));
    page.on('console', (message) => {
      // That the network is down is said by the browser itself; the tests that cut it know.
      if (message.type() === 'error' && !/Failed to load resource|ERR_/.test(message.text())) this.problems.push(message.text());
    });
    await page.goto(this.url + (query && `?${query}`));
    return page;
  }
}

// Everything that the page says, to whomever.
export const textOf = (page) => page.locator('body').innerText();

// All that the browser keeps of the app, as text; byte strings are there as characters.
export const keptIn = (page) =>
  page.evaluate(async () => {
    const plain = (one) => (typeof one === 'bigint' ? String(one) : one instanceof Uint8Array ? new TextDecoder('latin1').decode(one) : one);
    const text = (value) => JSON.stringify(value, (_, one) => plain(one));
    const asked = (request) =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const kept = [text({ ...localStorage }), text({ ...sessionStorage })];
    for (const { name } of await indexedDB.databases()) {
      const db = await asked(indexedDB.open(name));
      for (const store of db.objectStoreNames) kept.push(...(await asked(db.transaction(store).objectStore(store).getAll())).map(text));
      db.close();
    }
    return kept.join('\n');
  });

// What axe-core finds, one line each. Runs in the browser's own world, so the page's policy stays as it is.
export async function axeFindings(page) {
  await page.evaluate(`(() => { ${axe} })()`);
  const { violations } = await page.evaluate((rules) => window.axe.run(document, { runOnly: rules, resultTypes: ['violations'] }), AXE_RULES);
  const line = (one, node) => `${one.id} (${one.impact}): ${node.target.join(' ')}: ${node.failureSummary?.split('\n')[1]?.trim() ?? one.help}`;
  return violations.flatMap((one) => one.nodes.map((node) => line(one, node)));
}

export const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

// A headline figure of the tallies by its title: "Arrests".
export const figure = (page, title) => page.locator('section.panel').filter({ has: page.getByRole('heading', { name: title, exact: true }) }).first();
export const headline = (page, title) => figure(page, title).locator('.big').first();

// Everything that the view shows has been read.
export async function settled(page) {
  await page.locator('main :is(section, form, dialog)').first().waitFor();
  await page.waitForFunction(() => !/\bReading …|nothing read yet/.test(document.body.innerText));
}

// Fonts, a chart's first drawing and a dialog's opening take a frame or two more.
export const drawn = (page) => page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
