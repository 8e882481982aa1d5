import { create } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { PlanViewSchema } from '../gen/muster/v1/plan_pb';
import { bytes } from '../fixture/fake_broker';
import { FakeTab, TALLY, ask, begin, broker, hub, inItsOwnTime, pass, tab } from '../fixture/hub_harness';
import { RECENT_MAX } from '../model/snapshot';
import type { History } from './protocol';

inItsOwnTime();

describe('the hub', () => {
  test('reads where the feed stands, then the state, and is connected', async () => {
    await begin();
    expect(tab.snapshot.link.state).toBe('connected');
    expect(tab.snapshot.order).toEqual(['op']);
    expect(tab.snapshot.operations['op']?.parts.totals?.value?.operationId).toBe('op');
    expect(tab.snapshot.conflicts?.absent).toBe('not for your role');
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

  test('an earlier version of the plan is what the feed told of it, and nothing else', async () => {
    for (const version of [1, 2]) broker.deliver({ case: 'plan', value: create(PlanViewSchema, { operationId: 'op', version }) });
    await begin();
    expect(await ask('planVersion', { operationId: 'op', version: 1 })).toMatchObject({ version: 1 });
    expect(await ask('planVersion', { operationId: 'op', version: 9 })).toContain('not among what your office was told');
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
