// 60 agencies post 20 updates a second through the broker while an office has a page open. Says what the page costs: the share of
// a core of its renderer and of its worker, and the memory that JavaScript holds, over time. By hand:
//
//   node tests/dashboard/load.mjs --minutes 30 [--view tallies] [--rate 20]
//
// Writes load.json into the results folder. Exit code 1 when the page takes too much of a core, or ever more memory.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Seat, headline, launch } from './support/browser.mjs';
import { Crowd } from './support/crowd.mjs';
import { results } from './support/places.mjs';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '3' },
    rate: { type: 'string', default: '20' },
    view: { type: 'string', default: 'tallies' },
    agencies: { type: 'string', default: '60' },
  },
});
const minutes = Number(values.minutes);
const SAMPLE_MS = 10_000;
const SHARE_MAX = 0.2;  // Of a core, on average.
const HEAP_GROWTH_MAX = 1.5;  // From the sample at one minute to the last.

const crowd = await Crowd.gather(Number(values.agencies));
let well = false;
try {
  const browser = await launch(crowd);
  const seat = await Seat.at(browser, await crowd.office('mo-ago'));
  const page = await seat.open(`view=${values.view}`);
  await page.locator('.freshness').filter({ hasText: 'LIVE' }).waitFor();
  const cdp = await browser.newBrowserCDPSession();

  // Seconds of processor time of each process of the browser so far, by its id.
  const times = async () => new Map((await cdp.send('SystemInfo.getProcessInfo')).processInfo.map((one) => [one.id, one]));
  // What JavaScript holds in the page.
  const pageCdp = await page.context().newCDPSession(page);
  await pageCdp.send('Performance.enable');
  await pageCdp.send('HeapProfiler.enable');
  const heapOfPage = async () => {
    await pageCdp.send('HeapProfiler.collectGarbage');
    return (await pageCdp.send('Performance.getMetrics')).metrics.find((one) => one.name === 'JSHeapUsedSize').value / 1e6;
  };

  // What a process holds for itself, from Linux: the worker's memory is in there too.
  const privateMb = (pid) => {
    try {
      const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
      return [...text.matchAll(/^Private_\w+: +(\d+) kB$/gm)].reduce((sum, [, kb]) => sum + Number(kb), 0) / 1000;
    } catch {
      return 0;
    }
  };

  crowd.post(Number(values.rate));
  const samples = [];
  let before = await times();
  let at = Date.now();
  const end = at + minutes * 60_000;
  while (Date.now() < end) {
    await pause(SAMPLE_MS);
    const now = await times();
    const seconds = (Date.now() - at) / 1000;
    const share = (type) =>
      [...now.values()].filter((one) => one.type === type).reduce((sum, one) => sum + (one.cpuTime - (before.get(one.id)?.cpuTime ?? 0)) / seconds, 0);
    const sample = {
      second: Math.round((Date.now() - crowd.since) / 1000),
      posted: crowd.posted,
      failed: crowd.failed,
      renderer_share: Number(share('renderer').toFixed(3)),
      browser_share: Number(share('browser').toFixed(3)),
      renderer_memory_mb: Math.round([...now.values()].filter((one) => one.type === 'renderer').reduce((sum, one) => sum + privateMb(one.id), 0)),
      page_heap_mb: Number((await heapOfPage()).toFixed(1)),
      shown: Number((await page.locator('.big').first().innerText()).replace(/\D/g, '')),
    };
    samples.push(sample);
    console.log(JSON.stringify(sample));
    before = await times();
    at = Date.now();
  }
  await crowd.stop();
  await page.goto(`${seat.url}?view=tallies`);
  await headline(page, 'Arrests').filter({ hasText: new RegExp(`^${crowd.arrests.toLocaleString('en-US')}(?!\\d)`) }).waitFor({ timeout: 30_000 });
  const mean = (name, list) => list.reduce((sum, one) => sum + one[name], 0) / list.length;
  // By then everything has been read and drawn once. A shorter run has nothing to compare.
  const settledHeap = samples.slice(0, -1).find((one) => one.second >= 60)?.page_heap_mb;
  const third = Math.max(1, Math.floor(samples.length / 3));
  const summary = {
    minutes, view: values.view, posted: crowd.posted, failed: crowd.failed,
    renderer_share: Number(mean('renderer_share', samples).toFixed(3)),
    renderer_memory_first_third_mb: Math.round(mean('renderer_memory_mb', samples.slice(0, third))),
    renderer_memory_last_third_mb: Math.round(mean('renderer_memory_mb', samples.slice(-third))),
    heap_first_third_mb: Number(mean('page_heap_mb', samples.slice(0, third)).toFixed(1)),
    heap_last_third_mb: Number(mean('page_heap_mb', samples.slice(-third)).toFixed(1)),
    heap_at_one_minute_mb: settledHeap,
    heap_at_end_mb: samples.at(-1).page_heap_mb,
    console_problems: seat.problems,
  };
  writeFileSync(join(results, 'load.json'), JSON.stringify({ summary, samples }, null, 1));
  console.log(JSON.stringify(summary, null, 1));
  const faults = [];
  if (summary.renderer_share >= SHARE_MAX) faults.push(`${summary.renderer_share} of a core is ${SHARE_MAX} or more`);
  if (settledHeap === undefined) faults.push('too short to say whether the heap grows: run it for longer');
  else if (summary.heap_at_end_mb >= HEAP_GROWTH_MAX * settledHeap) faults.push(`the heap grew from ${settledHeap} to ${summary.heap_at_end_mb} MB`);
  if (seat.problems.length > 0) faults.push(...seat.problems);
  if (crowd.failed > 0) faults.push(`${crowd.failed} reports failed`);
  for (const fault of faults) console.error(`NOT AS IT SHOULD BE: ${fault}`);
  well = faults.length === 0;
} finally {
  await crowd.close(well);
}
process.exit(well ? 0 : 1);
