// The fallback without shared workers: one leader at a time, and a new one when its tab is closed.
import { beforeEach, describe, expect, test } from 'vitest';
import { electedHub, type HubChannel, type Surroundings } from './elected';
import type { FromElected, ToElected, ToTab } from './protocol';

// A browser with tabs: exclusive locks in the order of asking, and a channel that reaches every tab but the sender.
class Browser {
  workers: FakeWorker[] = [];
  #tabs = new Set<Tab>();
  #queue: { tab: Tab; grant: () => unknown }[] = [];
  #holder: Tab | undefined;

  open(name: string, withLocks = true): Tab {
    const tab = new Tab(name);
    this.#tabs.add(tab);
    const channel = {
      onmessage: null as ((event: MessageEvent) => void) | null,
      postMessage: (data: unknown) => {
        for (const other of this.#tabs) if (other !== tab) other.channel?.onmessage?.({ data } as MessageEvent);
      },
    };
    tab.channel = channel;
    const locks = {
      request: (_name: string, grant: () => unknown) => {
        this.#queue.push({ tab, grant });
        this.#next();
        return new Promise(() => undefined);
      },
    };
    const surroundings = {
      channel,
      locks: withLocks ? locks : undefined,
      makeWorker: () => {
        const worker = new FakeWorker(tab);
        this.workers.push(worker);
        return worker;
      },
    } as unknown as Surroundings;
    const hello = () => tab.hub?.send({ type: 'hello', tab: name, interest: { view: 'overview', operation: '' } });
    tab.hub = electedHub(name, (message) => tab.received.push(message), () => (++tab.elections, hello()), surroundings);
    hello();
    return tab;
  }

  close(tab: Tab): void {
    this.#tabs.delete(tab);
    this.#queue = this.#queue.filter((one) => one.tab !== tab);
    this.workers = this.workers.filter((one) => one.tab !== tab);
    if (this.#holder === tab) this.#holder = undefined;
    this.#next();
  }

  #next(): void {
    if (this.#holder !== undefined) return;
    const first = this.#queue.shift();
    if (first === undefined) return;
    this.#holder = first.tab;
    first.grant();
  }
}

class Tab {
  received: ToTab[] = [];
  elections = 0;
  hub: HubChannel | undefined;
  channel: { onmessage: ((event: MessageEvent) => void) | null } | undefined;
  constructor(readonly name: string) {}
}

// A hub that answers every message with an answer that names it.
class FakeWorker {
  greeted: string[] = [];
  ended = false;
  onmessage: ((event: MessageEvent<FromElected>) => void) | null = null;
  constructor(readonly tab: Tab) {}
  terminate(): void {
    this.ended = true;
  }
  postMessage({ from, message }: ToElected): void {
    if (message.type === 'hello') this.greeted.push(from);
    if (message.type === 'ask') this.onmessage?.({ data: { tab: from, message: { type: 'answer', id: message.id, value: this.tab.name } } } as MessageEvent);
  }
}

let browser: Browser;
beforeEach(() => {
  browser = new Browser();
});
const ask = (tab: Tab, id: number) => tab.hub?.send({ type: 'ask', id, call: 'history', args: {} });

describe('the elected hub', () => {
  test('the first tab leads, and the hub of the others is its own', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => browser.open(name)) as [Tab, Tab, Tab];
    expect(browser.workers.map((one) => one.tab)).toEqual([a]);
    expect(new Set(browser.workers[0]!.greeted)).toEqual(new Set(['a', 'b', 'c']));
    ask(c, 1);
    expect(c.received).toEqual([{ type: 'answer', id: 1, value: 'a' }]);
    expect(b.received).toEqual([]);
  });

  test('when the leader is closed exactly one other leads, and greets anew', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => browser.open(name)) as [Tab, Tab, Tab];
    browser.close(a);
    expect(browser.workers.map((one) => one.tab)).toEqual([b]);
    expect(new Set(browser.workers[0]!.greeted)).toEqual(new Set(['b', 'c']));
    expect(c.elections).toBe(1);
    ask(c, 2);
    expect(c.received).toEqual([{ type: 'answer', id: 2, value: 'b' }]);
  });

  test('when another is closed the leader stays', () => {
    const [a, b] = ['a', 'b'].map((name) => browser.open(name)) as [Tab, Tab];
    browser.close(b);
    const c = browser.open('c');
    expect(browser.workers.map((one) => one.tab)).toEqual([a]);
    ask(c, 3);
    expect(c.received).toEqual([{ type: 'answer', id: 3, value: 'a' }]);
  });

  test('a hub that does not answer is made anew by the tab that keeps it, and by no other', () => {
    const [a, b] = ['a', 'b'].map((name) => browser.open(name)) as [Tab, Tab];
    const dead = browser.workers[0]!;
    b.hub?.revive();
    expect(browser.workers).toEqual([dead]);
    a.hub?.revive();
    expect(dead.ended).toBe(true);
    expect(browser.workers).toHaveLength(2);
    expect(new Set(browser.workers[1]!.greeted)).toEqual(new Set(['a', 'b']));
    ask(b, 5);
    expect(b.received).toEqual([{ type: 'answer', id: 5, value: 'a' }]);
  });

  test('where browsers have no locks every tab has a hub of its own, and tells the others of none', () => {
    const [a, b] = ['a', 'b'].map((name) => browser.open(name, false)) as [Tab, Tab];
    expect(browser.workers.map((one) => one.tab)).toEqual([a, b]);
    ask(a, 4);
    expect(a.received).toEqual([{ type: 'answer', id: 4, value: 'a' }]);
    expect(a.elections).toBe(1);
  });
});
