import { expect, test } from 'vitest';
import { freshness } from './freshness';
import { emptySnapshot, type OperationBoard, type Parts, type Snapshot } from './snapshot';

const NOW = 1_630_000_000_000;
const connected = (verifiedAt: number): Snapshot => ({ ...emptySnapshot(0), link: { state: 'connected', since: 0, verifiedAt } });
const withParts = (parts: Parts) => ({ parts }) as OperationBoard;
const failing = { since: NOW - 60_000, why: 'failed to connect to all addresses' };

test('a clock that is set back does not make a dead line live', () => {
  const snapshot = connected(NOW + 3600_000);
  expect(freshness(snapshot, undefined, { silentMs: 20_000 }, NOW).level).toBe('stale');
  expect(freshness(snapshot, undefined, { silentMs: 70_000 }, NOW).level).toBe('cut-off');
});

test('a hiccup of one read is none of the page', () => {
  const board = withParts({ totals: { failing: { ...failing, since: NOW - 14_000 }, readAt: NOW - 90_000 } });
  expect(freshness(connected(NOW), board, undefined, NOW)).toMatchObject({ level: 'live', asOf: NOW });
});

test('the page is as old as the oldest of what it shows and cannot read again, and names all of it', () => {
  const board = withParts({
    totals: { failing, readAt: NOW - 90_000 },
    readiness: { failing: { ...failing, since: NOW - 20_000 }, readAt: NOW - 300_000 },
    plan: {},
  });
  const fresh = freshness(connected(NOW), board, undefined, NOW);
  expect(fresh).toMatchObject({ level: 'stale', asOf: NOW - 300_000 });
  expect(fresh.banner).toMatch(/^STALE: the totals, readiness could not be read since .*, trying again \(the broker cannot be reached\)\. What you see was true .*, 5 min/);
});

test('conflicts that cannot be read make every view stale', () => {
  const snapshot = { ...connected(NOW), conflicts: { failing, readAt: NOW - 70_000 } };
  expect(freshness(snapshot, undefined, { looksAt: ['plan'] }, NOW)).toMatchObject({ level: 'stale', asOf: NOW - 70_000 });
});

test('what a paused page keeps as it was is not too late; its orders are', () => {
  const paused = { pausedAt: NOW - 30_000 };
  expect(freshness(connected(NOW), withParts({ totals: { failing } }), paused, NOW).level).toBe('paused');
  expect(freshness(connected(NOW), withParts({ readiness: { failing } }), paused, NOW)).toMatchObject({ level: 'stale', asOf: NOW - 30_000 });
});

test('that the line is silent is said before what cannot be read for want of it', () => {
  const board = withParts({ totals: { failing: { ...failing, since: NOW - 29_000 }, readAt: NOW - 3600_000 } });
  const fresh = freshness(connected(NOW - 30_000), board, undefined, NOW);
  expect(fresh).toMatchObject({ level: 'stale', asOf: NOW - 30_000 });
  expect(fresh.banner).toContain('nothing has been heard for 30 s');
});

test('what could not be read before the line fell silent does not grow younger by that', () => {
  const fresh = freshness(connected(NOW - 30_000), withParts({ totals: { failing, readAt: NOW - 90_000 } }), undefined, NOW);
  expect(fresh).toMatchObject({ level: 'stale', asOf: NOW - 90_000 });
});
