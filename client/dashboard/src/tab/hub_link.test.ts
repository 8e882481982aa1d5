// A tab whose hub dies, hangs or is of no use goes on with another.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { emptySnapshot } from '../model/snapshot';
import type { ToElected, ToHub, ToTab } from '../worker/protocol';
import { connectHub, Refused } from './hub_link';

// A worker that tabs share: one for a name, until it crashes.
class Shared {
  static running: Shared | undefined;
  static made = 0;
  heard: ToHub[] = [];
  hangs = false;
  receive(message: ToHub, post: (message: ToTab) => void): void {
    this.heard.push(message);
    if (this.hangs) return;
    if (message.type === 'ping') post({ type: 'pong' });
    if (message.type === 'hello') post({ type: 'snapshot', snapshot: emptySnapshot(0) });
  }
}
class FakeSharedWorker {
  readonly #hub: Shared;
  readonly port = {
    onmessage: null as ((event: { data: ToTab }) => void) | null,
    close: () => undefined,
    postMessage: (message: ToHub) => {
      if (Shared.running === this.#hub) this.#hub.receive(message, (data) => this.port.onmessage?.({ data }));
    },
  };
  constructor() {
    if (Shared.running === undefined) ++Shared.made;
    this.#hub = Shared.running ??= new Shared();
  }
}
const own: ToHub[] = [];
class FakeWorker {
  onmessage: ((event: unknown) => void) | null = null;
  postMessage({ message }: ToElected): void {
    own.push(message);
  }
  terminate(): void {}
}

beforeEach(() => {
  vi.useFakeTimers();
  Shared.running = undefined;
  Shared.made = 0;
  own.length = 0;
  vi.stubGlobal('SharedWorker', FakeSharedWorker);
  vi.stubGlobal('Worker', FakeWorker);
  vi.stubGlobal('BroadcastChannel', class { postMessage(): void {} });
  vi.stubGlobal('navigator', {});
  vi.stubGlobal('addEventListener', () => undefined);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function open() {
  const link = connectHub({ view: 'overview', operation: '' });
  const told: ToTab[] = [];
  link.onMessage = (message) => void told.push(message);
  return { link, told };
}
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const kinds = (messages: ToHub[]) => messages.map((one) => one.type).filter((one) => one !== 'ping');

test('a hub that answers is kept', async () => {
  const { told } = open();
  await pass(10 * 60_000);
  expect(Shared.made).toBe(1);
  expect(kinds(Shared.running!.heard)).toEqual(['hello']);
  expect(told).toHaveLength(1);
});

test('a hub that crashed is made anew for all tabs, and the page says so meanwhile', async () => {
  const { link, told } = open();
  open();
  await pass(7000);
  Shared.running = undefined;
  const asked = link.ask('history', { operationId: 'op' }).catch((error: unknown) => error);
  await pass(25_000);
  expect(Shared.made).toBe(2);
  expect(kinds(Shared.running!.heard)).toEqual(['hello', 'hello']);
  expect(await asked).toBeInstanceOf(Refused);
  expect(told.map((one) => one.type)).toEqual(['snapshot', 'patch', 'snapshot']);
  expect(told[1]).toMatchObject({ patch: { link: { state: 'reconnecting', trouble: expect.stringContaining('does not answer') } } });
  expect(own).toEqual([]);
});

test('a hub that hangs is left for one of the page, and is told to do nothing more should it wake', async () => {
  open();
  await pass(7000);
  Shared.running!.hangs = true;
  await pass(60_000);
  expect(Shared.made).toBe(1);
  expect(kinds(Shared.running!.heard).at(-1)).toBe('retire');
  expect(own.map((one) => one.type)).toContain('hello');
});

test('a shared hub that the gateway does not answer, though it answers the page, tries at once and is then left', async () => {
  vi.stubGlobal('fetch', () => Promise.resolve({ ok: true, status: 200 }));
  const { link } = open();
  await pass(1000);
  let tell: (message: ToTab) => void = () => undefined;
  const { receive } = Shared.running!;
  Shared.running!.receive = function (message, post) {
    tell = post;
    receive.call(this, message, post);
  };
  link.setInterest({ view: 'tallies', operation: '' });
  tell({ type: 'unanswered', begunAt: Date.now() });
  await pass(10);
  expect(kinds(Shared.running!.heard).at(-1)).toBe('tryNow');
  expect(own).toEqual([]);
  tell({ type: 'unanswered', begunAt: Date.now() });
  await pass(10);
  expect(kinds(Shared.running!.heard).at(-1)).toBe('retire');
  expect(own.map((one) => one.type)).toContain('hello');
});

test('a hub that another tab has retired is left at once', async () => {
  const { link } = open();
  await pass(1000);
  const asked = link.ask('history', { operationId: 'op' }).catch((error: unknown) => error);
  Shared.running!.receive = (_message, post) => post({ type: 'retired' });
  link.setInterest({ view: 'tallies', operation: '' });
  await pass(0);
  expect(await asked).toBeInstanceOf(Refused);
  expect(own.filter((one) => one.type === 'hello')).not.toEqual([]);
});
