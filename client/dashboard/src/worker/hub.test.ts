import { create } from '@bufbuild/protobuf';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ReadinessBoardSchema } from '../gen/muster/v1/readiness_pb';
import { FakeBroker, bytes } from '../fixture/fake_broker';
import { freshness } from '../model/freshness';
import { RECENT_MAX, applyPatch, type Snapshot } from '../model/snapshot';
import { toTimestamp } from '../model/times';
import { makeClients } from './calls';
import { Hub } from './hub';
import type { AskName, History, ToTab } from './protocol';
import type { Store } from './store';

class FakeStore implements Store {
  kept: Snapshot | undefined;
  wipes = 0;
  async save(snapshot: Snapshot) {
    this.kept = snapshot;
  }
  async load(now: number) {
    return this.kept && { ...this.kept, savedAt: now };
  }
  async wipe() {
    ++this.wipes;
    this.kept = undefined;
  }
}

class FakeTab {
  snapshot!: Snapshot;
  answers: ToTab[] = [];
  messages = 0;
  readonly port = {
    post: (message: ToTab) => {
      ++this.messages;
      if (message.type === 'snapshot') this.snapshot = message.snapshot;
      else if (message.type === 'patch') this.snapshot = applyPatch(this.snapshot, message.patch);
      else this.answers.push(message);
    },
  };
}

const TALLY = () => ({ case: 'tallyEntry' as const, value: { $typeName: 'muster.v1.TallyEntryRecord' as const, operationId: 'op', replacesEntryId: '' } });

let broker: FakeBroker;
let store: FakeStore;
let hub: Hub;
let tab: FakeTab;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_630_000_000_000 });
  broker = new FakeBroker();
  store = new FakeStore();
  tab = new FakeTab();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

async function begin(): Promise<void> {
  const transport = broker.transport();
  hub = new Hub(makeClients(transport, transport), store);
  hub.receive(tab.port, { type: 'hello', tab: 't1', interest: { view: 'overview', operation: '' } });
  hub.start();
  await vi.advanceTimersByTimeAsync(500);
}
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe('the hub', () => {
  test('reads where the feed stands, then the state, and is connected', async () => {
    await begin();
    expect(tab.snapshot.link.state).toBe('connected');
    expect(tab.snapshot.order).toEqual(['op']);
    expect(tab.snapshot.operations['op']?.parts.totals?.value?.operationId).toBe('op');
    expect(tab.snapshot.operations['op']?.parts.conflicts?.absent).toBe('not for your role');
  });

  test('eight tabs are one stream and no further reads', async () => {
    await begin();
    const before = { ...broker.reads };
    const others = Array.from({ length: 7 }, () => new FakeTab());
    others.forEach((other, i) => hub.receive(other.port, { type: 'hello', tab: `t${i + 2}`, interest: { view: 'overview', operation: '' } }));
    await pass(1000);
    expect(broker.streams).toBe(1);
    expect(broker.reads).toEqual(before);
    expect(others.every((other) => other.snapshot.order[0] === 'op')).toBe(true);
  });

  test('twenty updates a second are at most one read of a part a second', async () => {
    await begin();
    const before = broker.reads['totals'] ?? 0;
    for (let i = 0; i < 100; ++i) {
      broker.deliver(TALLY());
      await pass(50);
    }
    const reads = (broker.reads['totals'] ?? 0) - before;
    expect(reads).toBeGreaterThanOrEqual(4);
    expect(reads).toBeLessThanOrEqual(6);
    expect(broker.reads['acknowledgements']).toBe(1);
    expect(tab.snapshot.deliveries).toBe(100);
  });

  test('after a break it says so and resumes from the last delivery', async () => {
    await begin();
    broker.deliver(TALLY());
    await pass(300);
    broker.down = true;
    broker.wake();
    await pass(300);
    expect(tab.snapshot.link.state).toBe('reconnecting');
    expect(tab.snapshot.link.trouble).toContain('the broker');
    broker.deliver(TALLY());
    broker.down = false;
    await pass(20_000);
    expect(tab.snapshot.link.state).toBe('connected');
    expect(broker.subscribed.at(-1)?.afterCursor).toEqual(bytes(1));
    expect(tab.snapshot.deliveries).toBe(2);
    expect(tab.snapshot.gaps).toBe(0);
  });

  test('a gap in the chain of cursors means everything is read again', async () => {
    broker.deliver(TALLY());
    await begin();
    const before = broker.reads['totals'] ?? 0;
    broker.gapAt = 2;
    broker.deliver(TALLY());
    await pass(3000);
    expect(tab.snapshot.gaps).toBe(1);
    expect(tab.snapshot.link.state).toBe('connected');
    expect(broker.reads['totals'] ?? 0).toBeGreaterThan(before);
  });

  test('what was the latest before is there, is not counted as new, and touches nothing', async () => {
    for (let i = 0; i < 5; ++i) broker.deliver(TALLY());
    await begin();
    await pass(2000);
    expect(tab.snapshot.recent).toHaveLength(5);
    expect(tab.snapshot.deliveries).toBe(0);
    expect(broker.reads['totals']).toBe(1);
    expect(broker.subscribed).toHaveLength(1);
    broker.deliver(TALLY());
    await pass(2000);
    expect(tab.snapshot.recent.map((one) => one.cursor).at(-1)).toBe('000006');
    expect(tab.snapshot.deliveries).toBe(1);
    expect(broker.reads['totals']).toBe(2);
  });

  test('a broken past is left out', async () => {
    for (let i = 0; i < 5; ++i) broker.deliver(TALLY());
    broker.gapAt = 3;
    await begin();
    await pass(2000);
    expect(tab.snapshot).toMatchObject({ link: { state: 'connected' }, gaps: 0, recent: [] });
    expect(broker.subscribed.at(-1)?.afterCursor).toEqual(bytes(5));
  });

  test('a silent feed is asked whether it is complete, and stays verified', async () => {
    await begin();
    await pass(60_000);
    expect(Date.now() - tab.snapshot.link.verifiedAt!).toBeLessThan(6000);
    expect(broker.subscribed).toHaveLength(1);
  });

  test('a copy carries its moment and is read again until it is none', async () => {
    broker.asOf = '2021-08-26T17:00:00Z';
    await begin();
    expect(tab.snapshot.operations['op']?.parts.readiness?.asOf).toBe(Date.parse('2021-08-26T17:00:00Z'));
    broker.asOf = undefined;
    await pass(7000);
    expect(tab.snapshot.operations['op']?.parts.readiness?.asOf).toBeUndefined();
  });

  test('an agent that loses its broker is noticed though it goes on knowing its feed', async () => {
    await begin();
    broker.asOf = '2021-08-26T17:00:00Z';
    await pass(7000);
    expect(tab.snapshot.operations['op']?.parts.readiness?.asOf).toBe(Date.parse('2021-08-26T17:00:00Z'));
    expect(freshness(tab.snapshot, tab.snapshot.operations['op'], undefined, Date.now())).toMatchObject({ level: 'cut-off' });
  });

  test('a page opened behind an agent without its broker shows the copies, and is patient', async () => {
    broker.deliver(TALLY());
    broker.asOf = '2021-08-26T17:00:00Z';
    await begin();
    const board = () => tab.snapshot.operations['op'];
    expect(board()?.parts.readiness).toMatchObject({ value: { operationId: 'op' }, asOf: Date.parse('2021-08-26T17:00:00Z') });
    expect(freshness(tab.snapshot, board(), undefined, Date.now())).toMatchObject({ level: 'cut-off' });
    const asked = broker.reads['readiness']!;
    await pass(60_000);
    expect(broker.reads['readiness']! - asked).toBeLessThanOrEqual(2);
    broker.asOf = undefined;
    await pass(8000);
    expect(board()?.parts.readiness?.asOf).toBeUndefined();
    expect(freshness(tab.snapshot, board(), undefined, Date.now())).toMatchObject({ level: 'live' });
  });

  test('what cannot be read is asked for ever less often, and at once when the broker is back', async () => {
    await begin();
    broker.asOf = '2021-08-26T17:00:00Z';
    broker.deliver({ case: 'readiness', value: create(ReadinessBoardSchema) });
    await pass(60_000);
    expect(broker.reads['readiness refused'] ?? 0).toBeLessThanOrEqual(3);
    broker.asOf = undefined;
    await pass(7000);
    expect(tab.snapshot.operations['op']?.parts.readiness?.asOf).toBeUndefined();
  });

  test('a session that ended signs out and wipes what was kept', async () => {
    await begin();
    await pass(6000);
    expect(store.kept).toBeDefined();
    broker.signedIn = false;
    await pass(6000);
    expect(tab.snapshot.link.state).toBe('signed-out');
    expect(tab.snapshot.operations).toEqual({});
    expect(store.kept).toBeUndefined();
  });

  test('off line from the start it shows the saved copy, and goes live when the gateway is back', async () => {
    await begin();
    await pass(6000);
    const saved = store.kept;
    broker.down = true;
    tab = new FakeTab();
    await begin();
    expect(saved).toBeDefined();
    expect(tab.snapshot.savedAt).toBeDefined();
    expect(tab.snapshot.order).toEqual(['op']);
    broker.down = false;
    await pass(20_000);
    expect(tab.snapshot.savedAt).toBeUndefined();
    expect(tab.snapshot.link.state).toBe('connected');
  });

  test('a wrong password is refused in words and changes nothing', async () => {
    broker.signedIn = false;
    await begin();
    hub.receive(tab.port, { type: 'ask', id: 7, call: 'signIn', args: { person: 'watch', password: 'wrong' } });
    await pass(300);
    expect(tab.answers).toEqual([{ type: 'refusal', id: 7, refusal: { code: 'unauthenticated', message: 'wrong', reason: '' } }]);
    hub.receive(tab.port, { type: 'ask', id: 8, call: 'signIn', args: { person: 'watch', password: 'right' } });
    await pass(1000);
    expect(tab.snapshot.link.state).toBe('connected');
  });

  test('who is connected is asked every ten seconds, and at once after a break', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    await begin();
    const presence = () => tab.snapshot.operations['op']?.parts.presence;
    expect(presence()?.value?.presence.map((one) => [one.agencyId, one.openFeeds])).toEqual([['mo-ago', 1]]);
    await pass(2000);
    const before = broker.reads['presence'] ?? 0;
    await pass(60_000);
    expect((broker.reads['presence'] ?? 0) - before).toBe(6);
    broker.down = true;
    broker.wake();
    await pass(3000);
    broker.presence = [{ agencyId: 'mo-ago', openFeeds: 0 }];
    broker.down = false;
    const asked = broker.reads['presence'] ?? 0;
    while (tab.snapshot.link.state !== 'connected') await pass(100);
    // The next time it would be asked anyway is later than this.
    await pass(2000);
    expect(broker.reads['presence']).toBe(asked + 1);
    expect(presence()?.value?.presence[0]?.openFeeds).toBe(0);
  });

  test('a copy does not say who is there now, and an older server never does', async () => {
    broker.asOf = '2021-08-26T17:00:00Z';
    await begin();
    const presence = () => tab.snapshot.operations['op']?.parts.presence;
    expect(presence()).toMatchObject({ absent: 'no broker can be asked just now' });
    expect(presence()?.asOf).toBeUndefined();
    broker.asOf = undefined;
    broker.presence = undefined;
    await pass(12_000);
    expect(presence()?.absent).toBe('not offered by this server');
    const asked = broker.reads['presence'];
    await pass(60_000);
    expect(broker.reads['presence']).toBe(asked);
  });

  test('a partner that reads no operation sees the victim services of which its feed told', async () => {
    broker.listsOperations = false;
    broker.deliver({ case: 'readinessNotice', value: { $typeName: 'muster.v1.ReadinessNotice', personsMin: 1, personsMax: 9, genders: [], languages: [], minorsExpected: false, states: ['MO'] } });
    await begin();
    await pass(1500);
    expect(tab.snapshot.order).toEqual(['op']);
    expect(tab.snapshot.operations['op']?.view.leadAgencyId).toBe('');
    expect(tab.snapshot.operations['op']?.parts.victims?.value?.referralsRequested).toBe(2);
    expect(broker.reads['totals']).toBeUndefined();
  });

  async function ask(call: AskName, args: unknown): Promise<unknown> {
    hub.receive(tab.port, { type: 'ask', id: 99, call, args });
    await pass(200);
    const answer = tab.answers.at(-1);
    return answer?.type === 'answer' ? answer.value : answer?.type === 'refusal' ? answer.refusal.message : undefined;
  }

  test('an earlier version of the plan is fetched, and a later one is not taken for it', async () => {
    await begin();
    expect(await ask('planVersion', { operationId: 'op', version: 2 })).toMatchObject({ version: 2 });
    expect(await ask('planVersion', { operationId: 'op', version: 9 })).toBe('none');
  });

  test('disclosures are added up, and the past says how far it reaches', async () => {
    await begin();
    broker.deliver(TALLY());
    await pass(600);
    expect(await ask('disclosures', { operationId: 'op' })).toEqual({ lines: [{ from: 'mo-ago', to: 'ky-ago', objectClass: 2, count: 2 }], absent: '' });
    const past = (await ask('history', { operationId: 'op' })) as History;
    expect(past.last).toBe(tab.snapshot.recent.at(-1)?.cursor);
    expect(past.items.map((one) => one.cursor)).toEqual(['000001']);
  });

  test('signing out without a gateway wipes what was kept, shows nothing more, and says so', async () => {
    await begin();
    await pass(6000);
    expect(store.kept).toBeDefined();
    broker.down = true;
    broker.wake();
    await ask('signOut', {});
    expect(store.kept).toBeUndefined();
    expect(tab.snapshot).toMatchObject({ link: { state: 'signed-out' }, left: 'signed-out-here', operations: {} });
    await pass(20_000);
    expect(store.kept).toBeUndefined();
  });

  test('a session that is over wipes what was kept though no gateway says so', async () => {
    broker.session = { endsAt: toTimestamp(Date.now() + 60_000) };
    await begin();
    await pass(6000);
    expect(store.kept).toBeDefined();
    broker.down = true;
    broker.wake();
    await pass(60_000);
    expect(store.kept).toBeUndefined();
    expect(tab.snapshot.operations).toEqual({});
  });

  test('a tab is told at most twice a second, however much comes, and keeps no more than the last deliveries', async () => {
    await begin();
    const before = tab.messages;
    for (let i = 0; i < 250; ++i) {
      for (let j = 0; j < 24; ++j) broker.deliver(TALLY());
      await pass(20);
    }
    expect(tab.messages - before).toBeLessThanOrEqual(11);
    expect(tab.snapshot.deliveries).toBe(6000);
    expect(tab.snapshot.recent).toHaveLength(RECENT_MAX);
  });
});
