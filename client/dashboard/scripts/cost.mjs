// What a page costs while agencies report: the share of a core of everything that its process does (page, worker and the
// broker in memory that feeds it), and its memory. Usage: node scripts/cost.mjs [reports a second] [seconds] [view]
import { chromium } from 'playwright-core';
import { serveFixture } from './fixture_server.mjs';

const [rate = '20', seconds = '60', view = 'overview'] = process.argv.slice(2);
const { base, stop } = await serveFixture();
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--js-flags=--expose-gc'] });
const system = await browser.newBrowserCDPSession();
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
page.on('pageerror', (error) => console.log(`ERROR ${error.message}`));
await page.goto(`${base}?rate=${rate}&view=${view}`);
await page.waitForSelector('main section');
const session = await page.context().newCDPSession(page);
await session.send('Performance.enable');

async function now() {
  const { processInfo } = await system.send('SystemInfo.getProcessInfo');
  const cpu = (type) => processInfo.filter((one) => one.type.toLowerCase() === type).reduce((sum, one) => sum + one.cpuTime, 0);
  const { metrics } = await session.send('Performance.getMetrics');
  const of = (name) => metrics.find((one) => one.name === name)?.value ?? 0;
  return { at: performance.now() / 1000, renderer: cpu('renderer'), gpu: cpu('gpu'), tasks: of('TaskDuration'), script: of('ScriptDuration'), layouts: of('LayoutCount') };
}
async function heap() {
  await page.evaluate(() => globalThis.gc?.());
  const { metrics } = await session.send('Performance.getMetrics');
  return (metrics.find((one) => one.name === 'JSHeapUsedSize')?.value ?? 0) / 1e6;
}
await page.waitForTimeout(5000);
const heapBefore = await heap();
const before = await now();
await page.waitForTimeout(Number(seconds) * 1000);
const after = await now();
const share = (name) => ((100 * (after[name] - before[name])) / (after.at - before.at)).toFixed(1);
console.log(`${rate} reports/s, view ${view}, ${seconds} s: renderer process ${share('renderer')} % of a core (page's tasks ${share('tasks')} %, of them script ${share('script')} %), drawing process ${share('gpu')} %`);
console.log(`layouts a second ${((after.layouts - before.layouts) / (after.at - before.at)).toFixed(1)}; page heap ${heapBefore.toFixed(1)} MB -> ${(await heap()).toFixed(1)} MB`);
await browser.close();
stop();
