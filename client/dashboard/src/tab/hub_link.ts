// A tab's side of the hub.
import type { Link } from '../model/snapshot';
import { electedHub, inBrowser } from '../worker/elected';
import { Heartbeat } from './heartbeat';
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
  message: 'What kept the connection was closed or failed meanwhile. Look whether it was done, then try again.',
  reason: '',
};

const HUB_DEAD = 'what keeps the connection in this browser does not answer; starting another';

const nowhere = () => {};

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
  // What the hub there was is asked no more.
  const giveUpWaiting = () => {
    for (const one of waiting.values()) one.reject(new Refused(HUB_GONE));
    waiting.clear();
  };
  let check: LineCheck | undefined;
  let leaveShared = nowhere;
  let closePort = nowhere;
  let revive = nowhere;
  // One that crashed is made anew under its name, for all tabs; one that hangs would be found again under it.
  let madeAnew = false;
  let told: Link | undefined;
  const receive = (message: ToTab) => {
    heartbeat.heard();
    switch (message.type) {
      case 'answer':
        waiting.get(message.id)?.resolve(message.value);
        return void waiting.delete(message.id);
      case 'refusal':
        waiting.get(message.id)?.reject(new Refused(message.refusal));
        return void waiting.delete(message.id);
      case 'pong':
        madeAnew = false;
        return;
      case 'unanswered':
        return void check?.note(message.begunAt);
      case 'retired':
        return leaveShared();
      default:
        told = (message.type === 'snapshot' ? message.snapshot.link : message.patch.link) ?? told;
        return link.onMessage(message);
    }
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
      giveUpWaiting();
      void held.then(hello);
    };
    const channel = electedHub(tab, receive, elected, inBrowser());
    send = (message) => channel.send(message);
    revive = () => channel.revive();
    // There may be a hub already.
    void held.then(hello);
  };
  const useShared = () => {
    const worker = new SharedWorker(new URL('../worker/hub_worker.ts', import.meta.url), { type: 'module', name: 'muster' });
    worker.port.onmessage = (event: MessageEvent<ToTab>) => receive(event.data);
    send = (message) => worker.port.postMessage(message);
    closePort = () => {
      worker.port.onmessage = null;
      worker.port.close();
      giveUpWaiting();
    };
    leaveShared = () => {
      leaveShared = nowhere;
      check = undefined;
      // It lives as long as this page, whoever uses it: it must know that nobody does.
      send({ type: 'retire' });
      closePort();
      useElected();
    };
    // By the time it has found out, there may be another one.
    const leaveThis = leaveShared;
    const leave = () => {
      if (leaveThis === leaveShared) leaveShared();
    };
    check = new LineCheck({ pageGetsOn, tryNow: () => send({ type: 'tryNow' }), leave });
    void held.then(hello);
  };
  const hubDied = () => {
    const { state: _state, since: _since, ...rest } = told ?? { state: 'starting', since: 0 };
    link.onMessage({ type: 'patch', patch: { link: { ...rest, state: 'reconnecting', since: Date.now(), trouble: HUB_DEAD } } });
    if (leaveShared === nowhere) return revive();
    if (madeAnew) return leaveShared();
    madeAnew = true;
    send({ type: 'bye' });
    closePort();
    useShared();
  };
  const heartbeat = new Heartbeat(() => send({ type: 'ping' }), hubDied);
  if (typeof SharedWorker === 'function') useShared();
  else useElected();
  heartbeat.start();
  addEventListener('pagehide', () => send({ type: 'bye' }));
  // Back from the browser's back-forward cache.
  addEventListener('pageshow', (event) => {
    if (event.persisted) hello();
  });
  return link;
}
