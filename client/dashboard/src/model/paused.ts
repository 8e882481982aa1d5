// What a paused page shows: figures and lists stand still, what somebody must act upon at once does not.
import type { OperationBoard, Snapshot } from './snapshot';

// The orders: GO, HOLD, ABORT, the hour and the phase, and what nobody has answered in time.
function withOrders(shown: OperationBoard, latest: OperationBoard): OperationBoard {
  const { phase } = latest.view;
  const view = shown.view.phase === phase ? shown.view : { ...shown.view, phase };
  const { escalations } = latest;
  const [then, now] = [shown.parts.readiness, latest.parts.readiness];
  if (now?.value === undefined) return { ...shown, view, escalations };
  const value = then?.value === undefined ? now.value : { ...then.value, ...pickOrders(now.value) };
  return { ...shown, view, escalations, parts: { ...shown.parts, readiness: { ...(then?.value ? then : now), value, failing: now.failing } } };
}
type Readiness = NonNullable<NonNullable<OperationBoard['parts']['readiness']>['value']>;
// Also when there is none any more.
const pickOrders = ({ go, hHour, phase }: Readiness) => ({ go, hHour, phase }) as Pick<Readiness, 'go' | 'hHour' | 'phase'>;

export function whilePaused(shown: Snapshot, latest: Snapshot): Snapshot {
  const operations = Object.fromEntries(
    Object.entries(shown.operations).map(([id, board]) => {
      const now = latest.operations[id];
      return [id, now === undefined ? board : withOrders(board, now)];
    }),
  );
  // The link is never paused either: that it is cut off must be seen.
  const { link, clockOffsetMs } = latest;
  return { ...shown, operations, link, clockOffsetMs, ...(latest.conflicts === undefined ? {} : { conflicts: latest.conflicts }) };
}
