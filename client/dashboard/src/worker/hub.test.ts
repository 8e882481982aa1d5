import { create } from '@bufbuild/protobuf';
import { Code, ConnectError, createRouterTransport } from '@connectrpc/connect';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { PersonRole, SessionService } from '../gen/muster/gateway/v1/session_pb';
import { AgencyService } from '../gen/muster/v1/agency_pb';
import { DeconflictionService } from '../gen/muster/v1/deconfliction_pb';
import { OperationPhase, OperationService } from '../gen/muster/v1/operation_pb';
import { PlanService } from '../gen/muster/v1/plan_pb';
import { ReadinessService } from '../gen/muster/v1/readiness_pb';
import { DeliverySchema, FeedService, type Delivery, type SubscribeRequest } from '../gen/muster/v1/submission_pb';
import { TallyService } from '../gen/muster/v1/tally_pb';
import { applyPatch, type Snapshot } from '../model/snapshot';
import { toTimestamp } from '../model/times';
import { makeClients } from './calls';
import { Hub } from './hub';
import type { ToTab } from './protocol';
import type { Store } from './store';

const bytes = (n: number) => new Uint8Array([n]);
const OPERATION = { operationId: 'op', codeName: 'Test', mode: 2 };

// A broker in memory: its feed is a list, and everything it was asked is counted.
class FakeBroker {
  signedIn = true;
  feed: Delivery[] = [];
  reads: Record<string, number> = {};
  subscribed: SubscribeRequest[] = [];
  streams = 0;
  down = false;
  // Added to a cursor's predecessor to break the chain.
  gapAt = 0;
  asOf: string | undefined;
  #wake: (() => void)[] = [];

  deliver(content: Delivery['notice'] extends infer N | undefined ? (N extends { content: infer C } ? C : never) : never): void {
    const n = this.feed.length + 1;
    const delivery = create(DeliverySchema, { cursor: bytes(n), previousCursor: bytes(n - 1), notice: { at: toTimestamp(Date.now()), operationId: 'op' } });
    delivery.notice!.content = content;
    this.feed.push(delivery);
    this.wake();
  }
  wake(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
  #count(name: string): void {
    if (this.down) throw new ConnectError('the broker cannot be reached', Code.Unavailable);
    if (!this.signedIn) throw new ConnectError('sign in', Code.Unauthenticated);
    this.reads[name] = (this.reads[name] ?? 0) + 1;
  }

  async *subscribe(request: SubscribeRequest, signal: AbortSignal) {
    this.#count('subscribe');
    this.subscribed.push(request);
    ++this.streams;
    try {
      let next = request.afterCursor[0] ?? 0;
      let first = true;
      signal.addEventListener('abort', () => this.wake());
      while (!signal.aborted) {
        if (this.down) throw new ConnectError('the broker is gone', Code.Unavailable);
        const deliveries = this.feed.slice(next).map((one) => (this.gapAt === one.cursor[0] ? { ...one, previousCursor: bytes(200) } : one));
        next = this.feed.length;
        if (deliveries.length > 0 || first) yield { deliveries, caughtUp: true };
        first = false;
        await new Promise<void>((resolve) => this.#wake.push(resolve));
      }
    } finally {
      --this.streams;
    }
  }

  transport() {
    return createRouterTransport(({ service }) => {
      service(SessionService, {
        getSession: () => {
          if (this.down) throw new ConnectError('no gateway', Code.Unavailable);
          return this.signedIn ? { session: { person: 'watch', role: PersonRole.OPERATOR } } : {};
        },
        signIn: (request) => {
          if (request.password !== 'right') throw new ConnectError('wrong', Code.Unauthenticated);
          this.signedIn = true;
          return {};
        },
        signOut: () => ((this.signedIn = false), {}),
      });
      service(AgencyService, { whoAmI: () => (this.#count('whoAmI'), { principal: { agencyId: 'mo-ago', post: 'x' } }) });
      service(OperationService, { listOperations: () => (this.#count('operations'), { operations: [{ operation: OPERATION, phase: OperationPhase.EXECUTING }] }) });
      service(ReadinessService, {
        getReadinessBoard: (_request, context) => {
          this.#count('readiness');
          if (this.asOf) context.responseHeader.set('muster-as-of', this.asOf);
          return { board: { operationId: 'op' } };
        },
      });
      service(PlanService, { listAcknowledgements: () => (this.#count('acknowledgements'), {}), getPlan: () => { throw new ConnectError('none', Code.NotFound); } });
      service(DeconflictionService, { listConflicts: () => { throw new ConnectError('no', Code.PermissionDenied); } });
      service(TallyService, { getTotals: () => (this.#count('totals'), { totals: { operationId: 'op' } }) });
      service(FeedService, {
        getFeedCursor: () => (this.#count('cursor'), { cursor: bytes(this.feed.length) }),
        subscribe: (request, context) => this.subscribe(request, context.signal),
      });
    });
  }
}

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
  readonly port = {
    post: (message: ToTab) => {
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
    await begin();
    const before = broker.reads['totals'] ?? 0;
    broker.gapAt = 1;
    broker.deliver(TALLY());
    await pass(3000);
    expect(tab.snapshot.gaps).toBe(1);
    expect(tab.snapshot.link.state).toBe('connected');
    expect(broker.reads['totals'] ?? 0).toBeGreaterThan(before);
  });

  test('a silent feed is asked whether it is complete, and stays verified', async () => {
    await begin();
    await pass(60_000);
    expect(Date.now() - tab.snapshot.link.verifiedAt!).toBeLessThan(6000);
  });

  test('a copy carries its moment and is read again until it is none', async () => {
    broker.asOf = '2021-08-26T17:00:00Z';
    await begin();
    expect(tab.snapshot.operations['op']?.parts.readiness?.asOf).toBe(Date.parse('2021-08-26T17:00:00Z'));
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
});
