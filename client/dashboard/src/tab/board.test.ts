import { create } from '@bufbuild/protobuf';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { snapshotOf } from '../fixture/scenes';
import { GoState, ReadinessBoardSchema } from '../gen/muster/v1/readiness_pb';
import type { HubLink } from './hub_link';
import { Board } from './board.svelte';

const ID = 'united-front-2021';

beforeEach(() => {
  vi.useFakeTimers({ now: 1_630_040_000_000 });
  const kept = new Map<string, string>();
  vi.stubGlobal('localStorage', { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => kept.set(key, value) });
  vi.stubGlobal('location', { search: '' });
  vi.stubGlobal('document', { hidden: false, addEventListener: () => undefined });
  vi.stubGlobal('addEventListener', () => undefined);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test('an ABORT that comes while the page is paused is on the page, and the figures stand still until it is resumed', () => {
  const link: HubLink = { onMessage: () => undefined, setInterest: () => undefined, ask: () => Promise.reject(new Error('no')) };
  const board = new Board(link);
  const before = snapshotOf('live', Date.now());
  link.onMessage({ type: 'snapshot', snapshot: before });
  board.pause();
  const aborted = create(ReadinessBoardSchema, { go: { state: GoState.ABORTED, epoch: 1 } });
  const parts = { readiness: { value: aborted }, totals: { absent: 'none yet' } };
  link.onMessage({ type: 'patch', patch: { operations: { [ID]: { parts } }, conflicts: { value: [] }, deliveries: before.deliveries + 2 } });
  const shown = () => board.snapshot.operations[ID]!.parts;
  expect(shown().readiness?.value?.go?.state).toBe(GoState.ABORTED);
  expect(board.snapshot.conflicts?.value).toEqual([]);
  expect(shown().totals).toBe(before.operations[ID]!.parts.totals);
  expect(board.waitingChanges).toBe(2);
  board.resume();
  expect(shown().totals?.absent).toBe('none yet');
});
