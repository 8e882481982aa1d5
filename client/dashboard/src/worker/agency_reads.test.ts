// What is read for the whole agency, and what comes while a read is on its way.
import { create } from '@bufbuild/protobuf';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FakeBroker } from '../fixture/fake_broker';
import { noStore } from '../fixture/no_store';
import { AlertSchema, ConflictState } from '../gen/muster/v1/activity_pb';
import { ConflictViewSchema } from '../gen/muster/v1/deconfliction_pb';
import { TallyCategory, TallyEntryRecordSchema, TallyStatus, type TallyEntryRecord } from '../gen/muster/v1/tally_pb';
import { ledgerOf } from '../model/ledger';
import { applyPatch, type Snapshot } from '../model/snapshot';
import { toTimestamp } from '../model/times';
import { makeClients } from './calls';
import { Hub } from './hub';
import { Ledgers } from './ledgers';
import type { Interest, ToTab } from './protocol';

let broker: FakeBroker;
let seen: Snapshot;

async function open(interest: Interest): Promise<void> {
  const transport = broker.transport();
  const hub = new Hub(makeClients(transport, transport), noStore);
  const post = (message: ToTab) => {
    if (message.type === 'snapshot') seen = message.snapshot;
    else if (message.type === 'patch') seen = applyPatch(seen, message.patch);
  };
  hub.receive({ post }, { type: 'hello', tab: 't', interest });
  hub.start();
  await pass(500);
}
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const alert = (operationId: string) => create(AlertSchema, { conflictId: 'c-1', operationId, state: ConflictState.OPEN, otherAgencyId: 'tn-tbi' });
const entry = (entryId: string, count: number): TallyEntryRecord =>
  create(TallyEntryRecordSchema, {
    entry: { entryId, category: TallyCategory.ARREST_BUYER, count, status: TallyStatus.CONFIRMED },
    operationId: 'op',
    reportedAt: toTimestamp(Date.now()),
  });

beforeEach(() => {
  vi.useFakeTimers({ now: 1_630_000_000_000 });
  broker = new FakeBroker();
});
afterEach(() => void vi.useRealTimers());

test.each(['', 'another'])('an alert about operation “%s” is read, though the tab shows another', async (operationId) => {
  broker.conflicts = [];
  await open({ view: 'overview', operation: 'op' });
  expect(seen.conflicts).toMatchObject({ value: [] });
  broker.conflicts = [create(ConflictViewSchema, { view: { case: 'alert', value: alert(operationId) } })];
  broker.deliver({ case: 'alert', value: alert(operationId) });
  broker.feed.at(-1)!.notice!.operationId = operationId;
  await pass(2000);
  expect(seen.conflicts?.value).toHaveLength(1);
});

test('an agency without any operation reads its conflicts, and a role that has none is told so', async () => {
  broker.listsOperations = false;
  broker.conflicts = [create(ConflictViewSchema, { view: { case: 'alert', value: alert('') } })];
  await open({ view: 'overview', operation: '' });
  expect(seen.order).toEqual([]);
  expect(seen.conflicts?.value).toHaveLength(1);
  broker.conflicts = undefined;
  await open({ view: 'overview', operation: '' });
  expect(seen.conflicts?.absent).toBe('not for your role');
});

test('an entry that comes while the ledger is being read is in it, once', async () => {
  let answer!: (entries: TallyEntryRecord[]) => void;
  broker.entries = () => new Promise((resolve) => (answer = resolve));
  await open({ view: 'tallies', operation: 'op' });
  expect(broker.reads['entries']).toBe(1);
  const [early, both, late] = [entry('a', 1), entry('b', 2), entry('c', 4)];
  broker.deliver({ case: 'tallyEntry', value: both });
  broker.deliver({ case: 'tallyEntry', value: late });
  await pass(600);
  answer([early, both]);
  await pass(600);
  expect(seen.operations['op']?.parts.ledger?.value).toMatchObject({ entries: 3 });
  expect(seen.operations['op']?.parts.ledger?.value?.series.at(-1)?.arrests).toBe(7);
});

test('what changed in a ledger that nobody looked at is shown to whoever looks next', () => {
  const ledgers = new Ledgers();
  ledgers.set('op', ledgerOf([]));
  const notice = { operationId: 'op', content: { case: 'tallyEntry', value: entry('a', 1) } } as never;
  ledgers.take(notice);
  expect(ledgers.changedViews(() => false)).toEqual([]);
  expect(ledgers.changedViews(() => true)).toMatchObject([['op', { entries: 1 }]]);
  expect(ledgers.changedViews(() => true)).toEqual([]);
});
