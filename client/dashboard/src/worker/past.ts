// The feed from its beginning, read beside the one stream while somebody opens the timeline.
import { Code, ConnectError } from '@connectrpc/connect';
import type { PlanView } from '../gen/muster/v1/plan_pb';
import type { Delivery } from '../gen/muster/v1/submission_pb';
import type { FeedItem } from '../model/snapshot';
import { toMs } from '../model/times';
import type { Clients } from './calls';
import type { History } from './protocol';
import { slim } from './slim';

export const HISTORY_MAX = 20_000;

const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

export function feedItem(delivery: Delivery, number: number): FeedItem | undefined {
  const notice = delivery.notice;
  const at = toMs(notice?.at);
  if (notice === undefined || at === undefined) return undefined;
  const { cursor, previousCursor } = delivery;
  return { number, at, cursor: hex(cursor), previous: hex(previousCursor), operationId: notice.operationId, notice: slim(notice) };
}

// The feed from its beginning until it has caught up: a short-lived reading beside the one stream. False: the beginning is
// kept no more.
async function readPast(clients: Clients, take: (delivery: Delivery) => void): Promise<boolean> {
  const abort = new AbortController();
  try {
    for await (const response of clients.stream.subscribe({ afterCursor: new Uint8Array() }, { signal: abort.signal })) {
      response.deliveries.forEach(take);
      if (response.caughtUp) break;
    }
    return true;
  } catch (error) {
    if (ConnectError.from(error).code !== Code.OutOfRange) throw error;
    return false;
  } finally {
    abort.abort();
  }
}

export async function history(clients: Clients, operationId: string): Promise<History> {
  let items: FeedItem[] = [];
  let dropped = 0;
  let number = 0;
  let last = '';
  const whole = await readPast(clients, (delivery) => {
    last = hex(delivery.cursor);
    const item = feedItem(delivery, --number);
    if (item === undefined || item.operationId !== operationId) return;
    items.push(item);
    if (items.length <= HISTORY_MAX * 1.1) return;
    dropped += items.length - HISTORY_MAX;
    items = items.slice(-HISTORY_MAX);
  });
  if (!whole) return { items: [], last: '', incomplete: 'The broker keeps the beginning of this feed no more.' };
  const held = HISTORY_MAX.toLocaleString('en-US');
  const incomplete = dropped === 0 ? '' : `Only the last ${held} deliveries are held here. Older ones: muster operation report.`;
  return { items, last, incomplete };
}

// A version of the plan as it was told to this agency when it came (rule P7): shown under today's rights it could be more.
export async function planVersion(clients: Clients, operationId: string, version: number): Promise<PlanView> {
  let found: PlanView | undefined;
  await readPast(clients, ({ notice }) => {
    if (notice?.operationId !== operationId || notice.content.case !== 'plan') return;
    if (notice.content.value.version === version) found = notice.content.value;
  });
  if (found === undefined) throw new ConnectError('it is not among what your office was told and the broker still keeps', Code.NotFound);
  return found;
}
