// One read for each part of an operation.
import { Code, ConnectError } from '@connectrpc/connect';
import type { ConflictView } from '../gen/muster/v1/deconfliction_pb';
import { CountingDefinition, type TallyEntryRecord } from '../gen/muster/v1/tally_pb';
import { ledgerOf, type Ledger } from '../model/ledger';
import { toMs } from '../model/times';
import type { Part, PartName, Parts, PartValues } from '../model/snapshot';
import { ageListener, allPages, finalAbsence, type AnswerAge, type Clients } from './calls';

type Values = Omit<PartValues, 'ledger'> & { ledger: Ledger };
type Read<K extends PartName> = (clients: Clients, operationId: string, atLeastCursor: Uint8Array, age: AnswerAge) => Promise<Values[K] | undefined>;

const withCursor = (operationId: string, atLeastCursor: Uint8Array) => ({ operationId, read: { atLeastCursor } });

const READS: { [K in PartName]: Read<K> } = {
  readiness: async (clients, id, cursor, age) =>
    (await clients.readiness.getReadinessBoard(withCursor(id, cursor), ageListener(age))).board,
  presence: async (clients, id, cursor, age) => {
    let countedSince: number | undefined;
    const presence = await allPages(
      (page) => clients.operation.listPresence({ ...withCursor(id, cursor), page }, ageListener(age)),
      (response) => {
        countedSince = toMs(response.countedSince);
        return response.presence;
      },
    );
    return { presence, ...(countedSince === undefined ? {} : { countedSince }) };
  },
  acknowledgements: (clients, id, cursor, age) =>
    allPages(
      (page) => clients.plan.listAcknowledgements({ ...withCursor(id, cursor), page }, ageListener(age)),
      (response) => response.acknowledgements,
    ),
  totals: async (clients, id, cursor, age) =>
    (await clients.tally.getTotals({ ...withCursor(id, cursor), definition: CountingDefinition.LEAD }, ageListener(age))).totals,
  totalsBySource: async (clients, id, cursor, age) =>
    (await clients.tally.getTotals({ ...withCursor(id, cursor), definition: CountingDefinition.SOURCE }, ageListener(age))).totals,
  plan: async (clients, id, cursor, age) => (await clients.plan.getPlan(withCursor(id, cursor), ageListener(age))).plan,
  ledger: async (clients, id, cursor, age) => {
    const records = await allPages(
      (page) => clients.tally.listTallyEntries({ ...withCursor(id, cursor), page }, ageListener(age)),
      (response): TallyEntryRecord[] => response.entries,
    );
    return ledgerOf(records);
  },
  claims: async (clients, id, cursor, age) =>
    (await clients.claims.reconcile(withCursor(id, cursor), ageListener(age))).reconciliations,
  duplicates: async (clients, id, cursor, age) =>
    (await clients.tally.listSuspectedDuplicates(withCursor(id, cursor), ageListener(age))).duplicates,
  releases: (clients, id, cursor, age) =>
    allPages(
      (page) => clients.release.listReleases({ ...withCursor(id, cursor), page }, ageListener(age)),
      (response) => response.releases,
    ),
  victims: (clients, id, cursor, age) => clients.victims.getVictimServices(withCursor(id, cursor), ageListener(age)),
};

const NO_BROKER = 'no broker can be asked just now';
function nobodyToAsk(error: unknown): string | undefined {
  return [Code.Unavailable, Code.DeadlineExceeded].includes(ConnectError.from(error).code) ? NO_BROKER : undefined;
}

export interface ReadPart {
  parts: Parts;
  // Of the part `ledger`: to be kept up with the feed.
  ledger?: Ledger;
}

// Asks, and says how true the answer is. Throws when there is no answer just now; that there is nothing for us is an answer.
async function partOf<T>(
  ask: (age: AnswerAge) => Promise<T | undefined>,
  now: () => number,
  nobody: (error: unknown) => string | undefined = () => undefined,
): Promise<Part<T>> {
  const age: AnswerAge = {};
  const part: Part<T> = {};
  try {
    const value = await ask(age);
    if (value === undefined) part.absent = 'none yet';
    else part.value = value;
  } catch (error) {
    const why = finalAbsence(error) ?? nobody(error);
    if (why === undefined) throw error;
    part.absent = why;
  }
  part.readAt = now();
  return Object.assign(part, age);
}

// Those of every operation and of none.
export function readConflicts(clients: Clients, atLeastCursor: Uint8Array, now: () => number): Promise<Part<ConflictView[]>> {
  const ask = (age: AnswerAge) =>
    allPages(
      (page) => clients.deconfliction.listConflicts({ read: { atLeastCursor }, page }, ageListener(age)),
      (response) => response.conflicts,
    );
  return partOf(ask, now);
}

export async function readPart(
  clients: Clients,
  operationId: string,
  name: PartName,
  atLeastCursor: Uint8Array,
  now: () => number,
): Promise<ReadPart> {
  const ask = (age: AnswerAge) => READS[name](clients, operationId, atLeastCursor, age) as Promise<unknown>;
  const part = await partOf(ask, now, name === 'presence' ? nobodyToAsk : undefined);
  // An old answer to who is there now would be worse than none.
  if (name === 'presence' && part.asOf !== undefined) return { parts: { presence: { absent: NO_BROKER, readAt: part.readAt! } } };
  if (name !== 'ledger' || part.value === undefined) return { parts: { [name]: part } as Parts };
  const ledger = part.value as Ledger;
  return { parts: { ledger: { ...part, value: ledger.view() } }, ledger };
}
