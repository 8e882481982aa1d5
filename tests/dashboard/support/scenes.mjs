// What there is to look at: every view, and what opens in it, as somebody of an office sees it after the replay.
import { drawn, settled } from './browser.mjs';

const button = (name) => (page) => page.getByRole('button', { name }).first().click();

export const VIEWS = ['overview', 'tallies', 'conflicts', 'plan', 'victims', 'timeline'];
export const THEMES = ['day', 'night'];

// `office`: whose gateway, the lead's when none is named. `act` opens what the scene is about.
export const SCENES = [
  ...VIEWS.map((view) => ({ name: view, query: `view=${view}` })),
  { name: 'overview-filtered', query: 'view=overview&states=KY,TN' },
  { name: 'overview-wall', query: 'view=overview&wall=1' },
  { name: 'tallies-wall', query: 'view=tallies&wall=1' },
  { name: 'settings', query: 'view=overview', act: (page) => page.locator('summary', { hasText: 'Settings' }).click() },
  { name: 'tallies-entries', query: 'view=tallies', act: (page) => page.locator('.figure-button').first().click() },
  { name: 'tallies-release', query: 'view=tallies', act: button(/Preview a release/) },
  { name: 'plan-differences', query: 'view=plan', act: comparePlans },
  { name: 'timeline-report', query: 'view=timeline', act: button('After-action report') },
  { name: 'party-conflicts', office: 'wi-doj', query: 'view=conflicts' },
  { name: 'party-resolve', office: 'wi-doj', query: 'view=conflicts', act: button(/^Resolve/) },
  { name: 'party-plan', office: 'wi-doj', query: 'view=plan' },
  { name: 'partner-victims', office: 'mo-survivor-services', query: 'view=overview' },
];

async function comparePlans(page) {
  await page.getByRole('button', { name: /compare versions/ }).click();
  await page.locator('.diff').first().waitFor();
}

export async function show(page, scene) {
  await settled(page);
  if (scene.act) {
    await scene.act(page);
    await settled(page);
  }
  await drawn(page);
}
