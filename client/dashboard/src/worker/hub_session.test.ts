// Who is signed in, and what is kept for whom.
import { describe, expect, test } from 'vitest';
import { FakeTab, TALLY, ask, begin, broker, greet, hub, inItsOwnTime, pass, store, tab } from '../fixture/hub_harness';
import { toTimestamp } from '../model/times';

inItsOwnTime();

// Nobody is signed in; then so many tabs come with a card's session, in one instant.
async function comeBackSignedIn(tabs: number, down = false): Promise<FakeTab[]> {
  broker.signedIn = false;
  await begin();
  expect(tab.snapshot.link.state).toBe('signed-out');
  broker.signedIn = true;
  broker.down = down;
  const others = Array.from({ length: tabs }, () => new FakeTab());
  others.forEach((one, i) => greet(one, `t${i + 2}`));
  return others;
}

describe('the session', () => {
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

  test('who signs out without a gateway is not brought back by anything, and the gateway is told when it is there', async () => {
    const tryNow = () => hub.receive(tab.port, { type: 'tryNow' });
    for (const what of ['a tab that gets on', 'a tab that is opened', 'another hub', 'nothing']) {
      broker.signedIn = true;
      broker.session = { signedInAt: toTimestamp(Date.now()) };
      await begin();
      await pass(6000);
      expect(store.kept).toBeDefined();
      broker.down = true;
      broker.wake();
      await ask('signOut', {});
      expect(tab.snapshot.left).toBe('signed-out-here');
      await pass(600_000);
      if (what === 'another hub') hub.receive(tab.port, { type: 'retire' });
      broker.down = false;
      if (what === 'a tab that gets on') tryNow();
      if (what === 'a tab that is opened') greet(new FakeTab(), 't2');
      if (what === 'another hub') await begin();
      await pass(20_000);
      expect([what, broker.signedIn, tab.snapshot.link.state]).toEqual([what, false, 'signed-out']);
      expect(tab.snapshot.left).not.toBe('signed-out-here');
      expect(store.kept).toBeUndefined();
    }
  });

  test('who signs in meanwhile is not signed out by what an earlier person left', async () => {
    broker.session = { signedInAt: toTimestamp(Date.now()) };
    await begin();
    broker.down = true;
    broker.wake();
    await ask('signOut', {});
    broker.down = false;
    await ask('signIn', { person: 'watch', password: 'right' });
    await pass(20_000);
    expect(tab.snapshot.link.state).toBe('connected');
    expect(broker.signedIn).toBe(true);
  });

  test('nothing that a tab asks for brings back who is about to be signed out', async () => {
    await begin();
    await pass(6000);
    hub.receive(tab.port, { type: 'retire' });
    broker.down = true;
    await begin();
    await pass(10_000);
    expect(tab.snapshot.link.state).toBe('off-line');
    broker.signOutTakesMs = 9000;
    broker.down = false;
    hub.receive(tab.port, { type: 'ask', id: 1, call: 'signOut', args: {} });
    await pass(100);
    hub.receive(tab.port, { type: 'tryNow' });
    await pass(7000);
    expect(store.kept).toBeUndefined();
    expect(broker.streams).toBe(0);
    await pass(5000);
    expect(tab.snapshot).toMatchObject({ link: { state: 'signed-out' }, left: 'signed-out' });
  });

  test('after a session\'s end without a gateway, a tab that comes does not keep the hub from beginning again', async () => {
    broker.session = { endsAt: toTimestamp(Date.now() + 20_000) };
    await begin();
    broker.down = true;
    broker.sessionTakesMs = 9000;
    broker.wake();
    while (tab.snapshot.link.state !== 'signed-out') await pass(100);
    await pass(50);
    greet(new FakeTab(), 't2');
    await pass(11_000);
    expect(tab.snapshot.link.state).toBe('off-line');
    broker.sessionTakesMs = 0;
    broker.down = false;
    broker.signedIn = false;
    await pass(30_000);
    expect(tab.snapshot.link.state).toBe('signed-out');
  });

  test('eight tabs that come at once wait no longer for an answer than one', async () => {
    await comeBackSignedIn(8, true);
    await pass(100);
    broker.down = false;
    await pass(1000);
    expect(tab.snapshot.link.state).toBe('connected');
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

  test('what another hub wiped is not written back by one whose line is down', async () => {
    await begin();
    await pass(6000);
    expect(store.kept).toBeDefined();
    hub.receive(tab.port, { type: 'bye' });
    broker.down = true;
    broker.wake();
    await store.wipe();
    await pass(60_000);
    expect(store.kept).toBeUndefined();
  });

  test('a hub that is of no use tells every tab, and does nothing any more', async () => {
    await begin();
    const other = new FakeTab();
    greet(other, 't2');
    await pass(6000);
    broker.down = true;
    broker.wake();
    await pass(1000);
    hub.receive(tab.port, { type: 'retire' });
    expect(other.answers).toEqual([{ type: 'retired' }]);
    await store.wipe();
    broker.down = false;
    const reads = { ...broker.reads };
    broker.deliver(TALLY());
    await pass(60_000);
    expect(broker.streams).toBe(0);
    expect(broker.reads).toEqual(reads);
    expect(store.kept).toBeUndefined();
    const later = new FakeTab();
    greet(later, 't3');
    expect(later.answers).toEqual([{ type: 'retired' }]);
  });

  test('signed out, a tab that comes back with a session brings it to all', async () => {
    const [other] = await comeBackSignedIn(1);
    await pass(1000);
    expect(other!.snapshot.link.state).toBe('connected');
    expect(tab.snapshot.link.state).toBe('connected');
  });

  test('signed out, a tab that comes back with a session brings it to all, though no gateway answers at first', async () => {
    const [other] = await comeBackSignedIn(1, true);
    await pass(5000);
    expect(other!.snapshot.link.state).toBe('signed-out');
    broker.down = false;
    await pass(10_000);
    for (const one of [tab, other!]) expect(one.snapshot.link.state).toBe('connected');
  });

  test('signed out, another tab changes nothing when nobody is signed in, or no gateway can be asked', async () => {
    await begin();
    await ask('signOut', {});
    for (const down of [false, true]) {
      broker.down = down;
      const other = new FakeTab();
      greet(other, `down ${down}`);
      await pass(1000);
      expect(other.snapshot).toMatchObject({ link: { state: 'signed-out' }, left: 'signed-out' });
    }
  });
});
