import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { ConflictState } from '../gen/muster/v1/activity_pb';
import { OperationMode } from '../gen/muster/v1/basics_pb';
import { ConflictViewSchema } from '../gen/muster/v1/deconfliction_pb';
import { OperationViewSchema } from '../gen/muster/v1/operation_pb';
import { itemsOf, letsConflict, outsideText, shownFirst } from './conflicts';
import { News } from './news';
import { emptySnapshot, type Snapshot } from './snapshot';

const alert = (conflictId: string, operationId: string, state = ConflictState.OPEN, activityId = 'mine') =>
  create(ConflictViewSchema, {
    view: { case: 'alert', value: { conflictId, operationId, activityId, state, otherAgencyId: 'tn-tbi', mode: OperationMode.EXERCISE } },
  });
const board = (id: string) => ({
  view: create(OperationViewSchema, { operation: { operationId: id, codeName: id.toUpperCase() } }),
  parts: {},
  heard: {},
  plans: [],
  escalations: [],
});
const snapshot = (conflicts: Snapshot['conflicts'], operations = ['op']): Snapshot => ({
  ...emptySnapshot(0),
  link: { state: 'connected', since: 0 },
  order: operations,
  operations: Object.fromEntries(operations.map((id) => [id, board(id)])),
  ...(conflicts === undefined ? {} : { conflicts }),
});

test('a conflict of no operation rings, and one of an operation that no tab shows', () => {
  const news = new News();
  expect(news.in(snapshot({ value: [] }))).toEqual([]);
  const [one] = news.in(snapshot({ value: [alert('c-1', '')] }));
  expect(one).toBe('New conflict of no operation of yours, EXERCISE: with tn-tbi. Nobody has taken it on.');
  const two = news.in(snapshot({ value: [alert('c-1', ''), alert('c-2', 'second')] }, ['op', 'second']));
  expect(two).toEqual(['New conflict of SECOND, EXERCISE: with tn-tbi. Nobody has taken it on.']);
});

test('what was there when the page opened is not news, whichever operation is opened later', () => {
  const news = new News();
  const all = { value: [alert('c-1', 'op'), alert('c-2', 'second')] };
  expect(news.in(snapshot(undefined))).toEqual([]);
  expect(news.in(snapshot({ failing: { since: 0, why: 'no answer' } }))).toEqual([]);
  expect(news.in(snapshot(all))).toEqual([]);
  expect(news.in(snapshot({ ...all }, ['op', 'second']))).toEqual([]);
});

test('the past that the feed tells before it has caught up is not news', () => {
  const news = new News();
  const starting = { ...snapshot({ value: [] }), link: { state: 'starting' as const, since: 0 } };
  expect(news.in(starting)).toEqual([]);
  expect(news.in(snapshot({ value: [alert('c-1', '')] }))).toEqual([]);
});

test('one that was taken on is not new when its time runs out, but says that it has', () => {
  const news = new News();
  news.in(snapshot({ value: [alert('c-1', '', ConflictState.OWNED)] }));
  const after = news.in(snapshot({ value: [alert('c-1', '', ConflictState.ESCALATED)] }));
  expect(after).toEqual(['Conflict of no operation of yours, EXERCISE, escalated: with tn-tbi. Nobody has answered in time.']);
});

test('the shown operation’s conflicts come first, the others say where they are', () => {
  const items = shownFirst(itemsOf([alert('c-1', ''), alert('c-2', 'second'), alert('c-3', 'op')]), 'op');
  const nameOf = (id: string) => id.toUpperCase();
  expect(items.map((item) => [item.conflictId, outsideText(item, 'op', nameOf)])).toEqual([
    ['c-3', ''],
    ['c-1', 'of no operation of yours'],
    ['c-2', 'of SECOND'],
  ]);
  expect(outsideText(items[1]!, '', nameOf)).toBe('of no operation of yours');
});

test('two own activities in one conflict are two cards', () => {
  const keys = itemsOf([alert('c-1', '', ConflictState.OPEN, 'a'), alert('c-1', '', ConflictState.OPEN, 'b')]).map((one) => one.key);
  expect(new Set(keys).size).toBe(2);
});

test('a filter by state does not hide a conflict whose parties’ states nobody knows', () => {
  const [item] = itemsOf([alert('c-1', '')]);
  expect(letsConflict({ states: ['KY'], agencies: [] }, item!, new Map())).toBe(true);
  expect(letsConflict({ states: ['KY'], agencies: [] }, item!, new Map([['tn-tbi', new Set(['TN'])]]))).toBe(false);
  expect(letsConflict({ states: [], agencies: ['ky-ago'] }, item!, new Map())).toBe(false);
});
