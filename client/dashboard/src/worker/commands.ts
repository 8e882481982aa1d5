// What tabs ask for beside looking: signing in and out, acting for the office, and reads that only one of them needs.
import { Code, ConnectError } from '@connectrpc/connect';
import type { PlanView } from '../gen/muster/v1/plan_pb';
import type { Outcome } from '../gen/muster/v1/outcome_pb';
import type { Delivery } from '../gen/muster/v1/submission_pb';
import { PLANS_MAX, type FeedItem } from '../model/snapshot';
import { toMs, toTimestamp } from '../model/times';
import { uuid7 } from '../model/uuid7';
import type { Clients } from './calls';
import type { AskName, Asks, History } from './protocol';
import { slim } from './slim';

// A submission whose fate is unknown is sent again under the same id: it is decided once, however often it arrives.
const ATTEMPTS_MAX = 4;
const RETRY_MS = 700;
const UNKNOWN_FATE = [Code.Unavailable, Code.DeadlineExceeded, Code.Unknown];

async function submit(
  send: (submissionId: string) => Promise<{ outcome?: Outcome }>,
  now: () => number,
): Promise<Outcome | undefined> {
  const submissionId = uuid7(now());
  for (let attempt = 1; ; ++attempt) {
    try {
      return (await send(submissionId)).outcome;
    } catch (error) {
      if (attempt === ATTEMPTS_MAX || !UNKNOWN_FATE.includes(ConnectError.from(error).code)) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS * attempt));
    }
  }
}

export const HISTORY_MAX = 20_000;

export function feedItem(delivery: Delivery, number: number): FeedItem | undefined {
  const notice = delivery.notice;
  const at = toMs(notice?.at);
  if (notice === undefined || at === undefined) return undefined;
  return { number, at, operationId: notice.operationId, notice: slim(notice) };
}

// The feed from its beginning until it has caught up: a short-lived reading beside the one stream.
async function history(clients: Clients, operationId: string): Promise<History> {
  const items: FeedItem[] = [];
  const plans = new Map<number, PlanView>();
  let dropped = 0;
  let number = 0;
  const abort = new AbortController();
  try {
    for await (const response of clients.stream.subscribe({ afterCursor: new Uint8Array() }, { signal: abort.signal })) {
      for (const delivery of response.deliveries) {
        const item = feedItem(delivery, --number);
        if (item === undefined || item.operationId !== operationId) continue;
        items.push(item);
        const content = delivery.notice?.content;
        if (content?.case === 'plan') plans.set(content.value.version, content.value);
        if (items.length > HISTORY_MAX * 1.1) dropped += items.splice(0, items.length - HISTORY_MAX).length;
      }
      if (response.caughtUp) break;
    }
  } catch (error) {
    if (ConnectError.from(error).code !== Code.OutOfRange) throw error;
    return { items, plans: [...plans.values()], incomplete: 'The broker keeps the beginning of this feed no more.' };
  } finally {
    abort.abort();
  }
  const incomplete = dropped === 0 ? '' : `Only the last ${HISTORY_MAX.toLocaleString('en-US')} deliveries are held here.`;
  return { items, plans: [...plans.values()].slice(-PLANS_MAX), incomplete };
}

type Commands = { [K in Exclude<AskName, 'signIn' | 'enroll' | 'signOut'>]: (args: Asks[K]['args']) => Promise<Asks[K]['answer']> };

export function makeCommands(clients: Clients, now: () => number): Commands {
  return {
    acknowledgePlan: ({ operationId, version, contentSha256, rejectionReason }) =>
      submit(
        (submissionId) =>
          clients.plan.acknowledgePlan({ submissionId, acknowledgement: { operationId, version, contentSha256, rejectionReason } }),
        now,
      ),
    advanceConflict: (step) => submit((submissionId) => clients.deconfliction.advanceConflict({ submissionId, step }), now),
    resolveConflict: (resolution) =>
      submit((submissionId) => clients.deconfliction.resolveConflict({ submissionId, resolution }), now),
    explainTally: ({ asOf, ...request }) =>
      clients.tally.explainTally({ ...request, ...(asOf === undefined ? {} : { asOf: toTimestamp(asOf) }) }),
    totalsAsOf: async ({ operationId, asOf }) => {
      const response = await clients.tally.getTotals({ operationId, definition: 1, asOf: toTimestamp(asOf) });
      if (response.totals === undefined) throw new ConnectError('the answer holds no totals', Code.Internal);
      return response.totals;
    },
    previewRelease: (request) => clients.release.previewRelease(request),
    history: ({ operationId }) => history(clients, operationId),
  };
}
