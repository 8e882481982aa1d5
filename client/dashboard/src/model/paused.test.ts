import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { snapshotOf } from '../fixture/scenes';
import { GoState, ReadinessBoardSchema } from '../gen/muster/v1/readiness_pb';
import { OperationPhase } from '../gen/muster/v1/operation_pb';
import { whilePaused } from './paused';
import { applyPatch } from './snapshot';
import { toTimestamp } from './times';

const ID = 'united-front-2021';
const shown = snapshotOf('live', 1_630_000_000_000);
const board = shown.operations[ID]!;
const aborted = create(ReadinessBoardSchema, { go: { state: GoState.ABORTED, epoch: 1 }, hHour: { at: toTimestamp(1), epoch: 2 }, sites: [] });

test('a paused page shows ABORT, the phase, the hour and new conflicts as they are now, and its figures as they were', () => {
  const latest = applyPatch(shown, {
    operations: {
      [ID]: {
        view: { ...board.view, phase: OperationPhase.ABORTED },
        parts: { readiness: { value: aborted, readAt: 9 }, totals: { absent: 'none yet' } },
        escalations: [],
      },
    },
    conflicts: { value: [] },
    recent: [],
  });
  const paused = whilePaused(shown, latest);
  const now = paused.operations[ID]!;
  expect(now.parts.readiness?.value?.go?.state).toBe(GoState.ABORTED);
  expect(now.parts.readiness?.value?.hHour?.epoch).toBe(2);
  expect(now.view.phase).toBe(OperationPhase.ABORTED);
  expect(now.escalations).toEqual([]);
  expect(paused.conflicts?.value).toEqual([]);
  expect(now.parts.readiness?.value?.sites).toBe(board.parts.readiness?.value?.sites);
  expect(now.parts.readiness?.readAt).toBe(board.parts.readiness?.readAt);
  expect(now.parts.totals).toBe(board.parts.totals);
  expect(paused.recent).toBe(shown.recent);
});

test('an order that was taken back while the page was paused is not shown any more', () => {
  const none = create(ReadinessBoardSchema, { sites: [] });
  const latest = applyPatch(shown, { operations: { [ID]: { parts: { readiness: { value: none } } } } });
  expect(whilePaused(shown, latest).operations[ID]?.parts.readiness?.value?.go).toBeUndefined();
});

test('what is read no more is not taken for an order that ended', () => {
  const latest = applyPatch(shown, { operations: { [ID]: { parts: { readiness: undefined! } } } });
  expect(whilePaused(shown, latest).operations[ID]?.parts.readiness?.value?.go?.state).toBe(GoState.GIVEN);
});
