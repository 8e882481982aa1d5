// A tab's side of the hub.
import { electedHub, inBrowser } from '../worker/elected';
import { LineCheck, pageGetsOn } from './line_check';
import type { AskName, Asks, Interest, Refusal, ToHub, ToTab } from '../worker/protocol';

export class Refused extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal.message);
  }
}

export interface HubLink {
  onMessage: (message: ToTab) => void;
  setInterest(interest: Interest): void;
  ask<K extends AskName>(call: K, args: Asks[K]['args']): Promise<Asks[K]['answer']>;
}

const HUB_GONE: Refusal = {
  code: 'aborted',
  message: 'The tab that kept the connection was closed meanwhile. Look whether it was done, then try again.',
  reason: '',
};

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Refused): void;
}

export function connectHub(first: Interest): HubLink {
  const tab = crypto.randomUUID();
  const waiting = new Map<number, Waiting>();
  let asked = 0;
  let interest = first;
  let send: (message: ToHub) => void;

  const link: HubLink = {
    onMessage: () => undefined,
    setInterest(next) {
      if (next.view === interest.view && next.operation === interest.operation) return;
      interest = next;
      send({ type: 'interest', interest });
    },
    ask<K extends AskName>(call: K, args: Asks[K]['args']) {
      return new Promise<Asks[K]['answer']>((resolve, reject) => {
        const id = ++asked;
        waiting.set(id, { resolve: (value) => resolve(value as Asks[K]['answer']), reject });
        send({ type: 'ask', id, call, args });
      });
    },
  };
  let check: LineCheck | undefined;
  const receive = (message: ToTab) => {
    if (message.type === 'answer') waiting.get(message.id)?.resolve(message.value);
    else if (message.type === 'refusal') waiting.get(message.id)?.reject(new Refused(message.refusal));
    else {
      const told = message.type === 'snapshot' ? message.snapshot.link : message.patch.link;
      if (told !== undefined) void check?.note(told);
      return link.onMessage(message);
    }
    waiting.delete(message.id);
  };
  const hello = () => send({ type: 'hello', tab, interest });

  // The lock tells the hub when this tab is gone; greet only once it is held.
  const held = new Promise<void>((resolve) => {
    if (!navigator.locks) return resolve();
    void navigator.locks.request(`muster-tab-${tab}`, () => {
      resolve();
      return new Promise(() => undefined);
    });
  });
  const useElected = () => {
    const elected = () => {
      // What the last hub was asked died with it.
      for (const one of waiting.values()) one.reject(new Refused(HUB_GONE));
      waiting.clear();
      void held.then(hello);
    };
    const channel = electedHub(tab, receive, elected, inBrowser());
    send = (message) => channel.send(message);
    // There may be a hub already.
    void held.then(hello);
  };
  if (typeof SharedWorker === 'function') {
    const worker = new SharedWorker(new URL('../worker/hub_worker.ts', import.meta.url), { type: 'module', name: 'muster' });
    worker.port.onmessage = (event: MessageEvent<ToTab>) => receive(event.data);
    send = (message) => worker.port.postMessage(message);
    check = new LineCheck(pageGetsOn, () => {
      send({ type: 'bye' });
      worker.port.close();
      useElected();
    });
    void held.then(hello);
  } else {
    useElected();
  }
  addEventListener('pagehide', () => send({ type: 'bye' }));
  // Back from the browser's back-forward cache.
  addEventListener('pageshow', (event) => {
    if (event.persisted) hello();
  });
  return link;
}
