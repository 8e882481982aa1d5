// What the panels say and hand over, rendered as they are.
import { render } from 'svelte/server';
import type { Component } from 'svelte';
import { beforeEach, expect, test, vi } from 'vitest';
import { create } from '@bufbuild/protobuf';
import { snapshotOf } from '../fixture/scenes';
import { conflicts } from '../fixture/united_front';
import { OperationMode } from '../gen/muster/v1/basics_pb';
import { ConflictState } from '../gen/muster/v1/activity_pb';
import { ConflictViewSchema } from '../gen/muster/v1/deconfliction_pb';
import { GoState, ReadinessBoardSchema } from '../gen/muster/v1/readiness_pb';
import { filterText, isOn } from '../model/filter';
import { freshness } from '../model/freshness';
import { whilePaused } from '../model/paused';
import { applyPatch, type Snapshot } from '../model/snapshot';
import { parseUrl } from '../model/url_state';
import { BOARD } from '../tab/context';
import Conflicts from '../views/conflicts/Conflicts.svelte';
import AcknowledgementsPanel from '../views/overview/AcknowledgementsPanel.svelte';
import PresencePanel from '../views/overview/PresencePanel.svelte';
import ReadinessPanel from '../views/overview/ReadinessPanel.svelte';
import SignIn from '../views/signin/SignIn.svelte';
import CorrectionsPanel from '../views/tallies/CorrectionsPanel.svelte';
import StatesPanel from '../views/tallies/StatesPanel.svelte';
import Banners from './Banners.svelte';
import ModeBanner from './ModeBanner.svelte';

interface Exported {
  what: string;
  rows: () => unknown[][];
  json: () => unknown;
  filter?: string;
}
const exported: Exported[] = [];
vi.mock('./ExportButtons.svelte', () => ({ default: (_renderer: unknown, props: Exported) => void exported.push(props) }));

const ID = 'united-front-2021';
const NOW = 1_630_040_000_000;
const live = snapshotOf('live', NOW);

function boardOf(snapshot: Snapshot, search = '', pausedAt?: number) {
  const url = parseUrl(search);
  const operation = snapshot.operations[ID];
  return {
    snapshot,
    url,
    filter: url,
    filterNote: isOn(url) ? `filtered: ${filterText(url)}` : '',
    operationId: operation ? ID : '',
    operation,
    pausedAt,
    waitingChanges: 3,
    now: NOW,
    brokerNow: NOW,
    today: '',
    mayAct: true,
    whyNot: '',
    alarm: { soundOn: false, soundBlocked: false, message: '' },
    freshness: freshness(snapshot, operation, { pausedAt }, NOW),
    href: () => '/',
  };
}
const html = (of: unknown, board: unknown, props: Record<string, unknown> = {}) =>
  render(of as Component<Record<string, unknown>>, { props, context: new Map([[BOARD, board]]) }).body;
const text = (of: unknown, board: unknown, props = {}) => html(of, board, props).replace(/<!--.*?-->/gs, '').replace(/<[^>]*>/g, ' ').replace(/&nbsp;/g, ' ').replace(/\s+/g, ' ');

beforeEach(() => void (exported.length = 0));

test.each([
  ['readiness', ReadinessPanel, (board: ReturnType<typeof boardOf>) => ({ operation: board.operation })],
  ['acknowledgements', AcknowledgementsPanel, (board: ReturnType<typeof boardOf>) => ({ operation: board.operation })],
  ['presence', PresencePanel, (board: ReturnType<typeof boardOf>) => ({ operation: board.operation })],
  ['states', StatesPanel, (board: ReturnType<typeof boardOf>) => ({ part: board.operation!.parts.totals, explain: () => undefined })],
  ['conflicts', Conflicts, () => ({})],
])('both files of %s hold the rows that are shown, and name the filter that was applied', (what, panel, props) => {
  const all = boardOf(live);
  html(panel, all, props(all));
  const filtered = boardOf(live, '?states=KY');
  html(panel, filtered, props(filtered));
  const [whole, few] = exported as [Exported, Exported];
  expect(few.what).toBe(what);
  expect(few.filter).toBe('filtered: states KY');
  expect(whole.filter).toBe('');
  expect(few.rows().length).toBeGreaterThan(0);
  expect(few.rows().length).toBeLessThan(whole.rows().length);
  expect(few.json()).toHaveLength(few.rows().length);
  expect(whole.json()).toHaveLength(whole.rows().length);
});

test('a panel that applies no filter names none in its files', () => {
  const board = boardOf(live, '?states=KY');
  html(CorrectionsPanel, board, { part: board.operation!.parts.ledger });
  expect(exported[0]?.filter ?? '').toBe('');
});

test('corrections that are left out are spoken of', () => {
  const board = boardOf(live);
  const ledger = board.operation!.parts.ledger!;
  expect(text(CorrectionsPanel, board, { part: ledger })).not.toContain('older');
  expect(text(CorrectionsPanel, board, { part: { ...ledger, value: { ...ledger.value!, correctionsLeftOut: true } } })).toContain('there are older ones');
});

test('a paused page shows ABORTED as it is now, and not as the last known', () => {
  const aborted = create(ReadinessBoardSchema, { go: { state: GoState.ABORTED, epoch: 1, reason: 'EXERCISE. A bystander' } });
  const latest = applyPatch(live, { operations: { [ID]: { parts: { readiness: { value: aborted } } } } });
  const seen = text(Banners, boardOf(whilePaused(live, latest), '', NOW - 60_000));
  expect(seen).toMatch(/PAUSED\. 3 newer deliveries/);
  expect(seen).toContain('ABORTED');
  expect(seen).not.toContain('LAST KNOWN');
});

test('an order whose read has been failing for long is the last known, paused or not', () => {
  const before = live.operations[ID]!.parts.readiness!;
  const latest = applyPatch(live, { operations: { [ID]: { parts: { readiness: { ...before, failing: { since: NOW - 60_000, why: 'x' } } } } } });
  expect(text(Banners, boardOf(whilePaused(live, latest), '', NOW - 90_000))).toContain('LAST KNOWN:');
});

test.each([
  [OperationMode.EXERCISE, 'EXERCISE nothing here is real'],
  [OperationMode.TEST, 'TEST nothing here is real'],
  [OperationMode.UNSPECIFIED, 'MODE UNKNOWN take it for real'],
  [9 as OperationMode, 'MODE UNKNOWN take it for real'],
])('mode %i is said on every page', (mode, says) => {
  const board = live.operations[ID]!;
  const view = { ...board.view, operation: { ...board.view.operation!, mode } };
  const snapshot = applyPatch(live, { operations: { [ID]: { view } } });
  expect(text(ModeBanner, boardOf(snapshot))).toContain(says);
});

test('the real thing, and no operation at all, have no banner', () => {
  const board = live.operations[ID]!;
  const view = { ...board.view, operation: { ...board.view.operation!, mode: OperationMode.ACTUAL } };
  expect(text(ModeBanner, boardOf(applyPatch(live, { operations: { [ID]: { view } } }))).trim()).toBe('');
  expect(text(ModeBanner, boardOf({ ...live, operations: {} })).trim()).toBe('');
});

test('a conflict outside the operation is shown and says so, even where there is no operation', () => {
  const outside = create(ConflictViewSchema, {
    view: { case: 'alert', value: { conflictId: 'c-out', state: ConflictState.OPEN, otherAgencyId: 'tn-tbi', mode: OperationMode.ACTUAL } },
  });
  const snapshot = { ...live, conflicts: { value: [outside, ...conflicts(NOW)] } };
  const seen = text(Conflicts, boardOf(snapshot));
  expect(seen).toContain('of no operation of yours, ACTUAL');
  expect(seen.indexOf('c-7f3a2c1e90')).toBeLessThan(seen.indexOf('c-out'));
  expect(text(Conflicts, boardOf({ ...snapshot, operations: {}, order: [] }))).toContain('c-out');
});

test('the sign-in page asks for a code by the words that everything else prints', () => {
  const board = boardOf(snapshotOf('signin', NOW));
  expect(text(SignIn, board)).toContain('I have a code');
  expect(text(SignIn, { ...board, snapshot: { ...board.snapshot, left: 'session-ended' } })).toContain('Your session has ended');
});
