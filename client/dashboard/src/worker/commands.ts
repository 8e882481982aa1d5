// What tabs ask for beside looking: signing in and out, acting for the office, and reads that only one of them needs.
import { Code, ConnectError } from '@connectrpc/connect';
import type { Disclosure } from '../gen/muster/v1/access_pb';
import type { Outcome } from '../gen/muster/v1/outcome_pb';
import { toTimestamp } from '../model/times';
import { uuid7 } from '../model/uuid7';
import { allPages, finalAbsence, type Clients } from './calls';
import { history, planVersion } from './past';
import type { AskName, Asks, DisclosureLine, DisclosureSummary } from './protocol';

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

async function disclosures(clients: Clients, operationId: string): Promise<DisclosureSummary> {
  let all: Disclosure[];
  try {
    all = await allPages((page) => clients.access.listDisclosures({ operationId, page }), (response) => response.disclosures);
  } catch (error) {
    const absent = finalAbsence(error);
    if (absent === undefined) throw error;
    return { lines: [], absent };
  }
  const lines = new Map<string, DisclosureLine>();
  for (const one of all) {
    for (const to of one.toAgencyIds) {
      const key = `${one.fromAgencyId} ${to} ${one.objectClass}`;
      const line = lines.get(key) ?? { from: one.fromAgencyId, to, objectClass: one.objectClass, count: 0 };
      lines.set(key, { ...line, count: line.count + 1 });
    }
  }
  return { lines: [...lines.values()], absent: '' };
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
    planVersion: ({ operationId, version }) => planVersion(clients, operationId, version),
    disclosures: ({ operationId }) => disclosures(clients, operationId),
    history: ({ operationId }) => history(clients, operationId),
  };
}
