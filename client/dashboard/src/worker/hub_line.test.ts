// How true what is shown is, and that the page says so.
import { create } from '@bufbuild/protobuf';
import { describe, expect, test, vi } from 'vitest';
import { ReadinessBoardSchema } from '../gen/muster/v1/readiness_pb';
import { bytes } from '../fixture/fake_broker';
import { TALLY, begin, broker, hub, inItsOwnTime, pass, tab } from '../fixture/hub_harness';
import { freshness } from '../model/freshness';

inItsOwnTime();

describe('the line', () => {
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

  test('a feed that moves but is behind is as old as what has come of it', async () => {
    await begin();
    broker.deliversTo = 0;
    // Two reports a second, of which one comes through: after two minutes, a minute behind.
    for (let second = 0; second < 120; ++second) {
      for (let i = 0; i < 2; ++i) broker.deliver(TALLY());
      ++broker.deliversTo;
      broker.wake();
      await pass(1000);
    }
    const age = Date.now() - tab.snapshot.link.verifiedAt!;
    expect(age).toBeGreaterThanOrEqual(59_000);
    expect(age).toBeLessThan(67_000);
    expect(tab.fresh.level).toBe('cut-off');
    expect(broker.subscribed).toHaveLength(1);
  });

  test('a feed that is always a moment behind the answer is live', async () => {
    await begin();
    broker.deliversTo = 0;
    for (let i = 0; i < 20 * 60; ++i) {
      broker.deliver(TALLY());
      broker.deliversTo = broker.feed.length - 5;
      broker.wake();
      await pass(50);
    }
    expect(tab.fresh.level).toBe('live');
    expect(Date.now() - tab.snapshot.link.verifiedAt!).toBeLessThan(6000);
    expect(broker.subscribed).toHaveLength(1);
  });

  test('a stream that brings nothing though there is more is opened anew', async () => {
    await begin();
    broker.deliversTo = 0;
    broker.deliver(TALLY());
    await pass(4000);
    broker.deliversTo = 1;
    await pass(8000);
    expect(broker.subscribed).toHaveLength(2);
    expect(tab.snapshot.deliveries).toBe(1);
  });

  test('a part that cannot be read again says since when and why, and the page is stale with its age', async () => {
    await begin();
    const readAt = tab.snapshot.operations['op']!.parts.totals!.readAt!;
    broker.broken.add('totals');
    await pass(5000);
    broker.deliver(TALLY());
    await pass(3000);
    const totals = () => tab.snapshot.operations['op']?.parts.totals;
    const since = totals()!.failing!.since;
    expect(since).toBeGreaterThan(readAt);
    expect(totals()).toMatchObject({ value: { operationId: 'op' }, readAt, failing: { why: 'a disk is full' } });
    expect(tab.fresh.level).toBe('live');
    await pass(5 * 60_000);
    expect(totals()).toMatchObject({ readAt, failing: { since } });
    expect(tab.fresh).toMatchObject({ level: 'stale', asOf: readAt });
    expect(tab.fresh.banner).toContain('the totals could not be read since');
    // What nobody looks at here does not make it stale.
    expect(freshness(tab.snapshot, tab.snapshot.operations['op'], { looksAt: ['readiness'] }, Date.now()).level).toBe('live');
    broker.broken.clear();
    await pass(31_000);
    expect(totals()?.failing).toBeUndefined();
    expect(tab.fresh.level).toBe('live');
  });

  test('a part that was never read does not say for ever that it is being read', async () => {
    broker.broken.add('totals');
    await begin();
    await pass(20_000);
    expect(tab.snapshot.operations['op']?.parts.totals).toEqual({ failing: { since: expect.any(Number), why: 'a disk is full' } });
    expect(tab.fresh.level).toBe('stale');
  });

  test('a list of operations that cannot be read again makes the page stale', async () => {
    await begin();
    broker.broken.add('operations');
    broker.deliver({ case: 'readiness', value: create(ReadinessBoardSchema) });
    await pass(20_000);
    expect(tab.fresh.banner).toContain('the list of operations could not be read since');
    broker.broken.clear();
    await pass(31_000);
    expect(tab.fresh.level).toBe('live');
  });

  test('what waits for its next attempt makes it when a tab gets an answer: the stream, a read, the beginning', async () => {
    const tryNow = () => hub.receive(tab.port, { type: 'tryNow' });
    await begin();
    broker.down = true;
    broker.wake();
    await pass(60_000);
    broker.down = false;
    tryNow();
    await pass(500);
    expect(tab.snapshot.link.state).toBe('connected');
    expect(broker.streams).toBe(1);

    broker.broken.add('totals');
    broker.deliver(TALLY());
    await pass(60_000);
    expect(tab.snapshot.operations['op']?.parts.totals?.failing).toBeDefined();
    broker.broken.clear();
    tryNow();
    await pass(1000);
    expect(tab.snapshot.operations['op']?.parts.totals?.failing).toBeUndefined();

    broker.down = true;
    await begin();
    await pass(60_000);
    expect(tab.snapshot.link.state).toBe('off-line');
    broker.down = false;
    tryNow();
    await pass(500);
    expect(tab.snapshot.link.state).toBe('connected');
  });

  test('a stream that is open is left alone by a tab that gets an answer', async () => {
    await begin();
    hub.receive(tab.port, { type: 'tryNow' });
    await pass(500);
    expect(broker.subscribed).toHaveLength(1);
  });

  test('what could not be read for want of a line is read as soon as there is one', async () => {
    await begin();
    broker.broken.add('totals');
    broker.deliver(TALLY());
    // Its next turn is half a minute away.
    await pass(65_000);
    broker.down = true;
    broker.wake();
    await pass(500);
    broker.broken.clear();
    broker.down = false;
    while (tab.snapshot.link.state !== 'connected') await pass(100);
    await pass(1500);
    expect(tab.fresh.level).toBe('live');
  });

  test('a clock that somebody sets is noticed with the next question', async () => {
    const began = Date.now() - performance.now();
    broker.clock = () => began + performance.now() + 250;
    await begin();
    expect(tab.snapshot.clockOffsetMs).toBe(250);
    vi.setSystemTime(Date.now() + 3600_000);
    await pass(6000);
    expect(tab.snapshot.clockOffsetMs).toBe(250 - 3600_000);
    expect(tab.fresh.level).toBe('live');
  });
});
