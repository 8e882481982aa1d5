// Without shared workers (some mobile browsers): the tab that holds a lock keeps the hub's worker for all, over a broadcast
// channel. When it closes, the browser gives the lock to the next one, which begins anew.
//
// Two leaders cannot be: the lock is exclusive and is never stolen. No leader lasts only from a tab's end to the next one's
// worker; what was asked for meanwhile is refused, since nobody can say what became of it.
import type { FromElected, ToElected, ToHub, ToTab } from './protocol';

type OnChannel = ({ to: 'hub' } & ToElected) | ({ to: 'tab' } & FromElected) | { to: 'everybody'; message: 'elected' };

export interface HubChannel {
  send(message: ToHub): void;
  // The hub does not answer: the tab that keeps it makes another.
  revive(): void;
}

type ElectedWorker = Pick<Worker, 'postMessage' | 'onmessage' | 'terminate'>;

// What is used of the browser; replaced in tests.
export interface Surroundings {
  channel: Pick<BroadcastChannel, 'postMessage' | 'onmessage'>;
  // Undefined where browsers have no locks: every tab then keeps a hub for itself.
  locks: Pick<LockManager, 'request'> | undefined;
  makeWorker(): ElectedWorker;
}

export const inBrowser = (): Surroundings => ({
  channel: new BroadcastChannel('muster-hub'),
  locks: navigator.locks,
  makeWorker: () => new Worker(new URL('./hub_worker.ts', import.meta.url), { type: 'module' }),
});

// `elected` is called whenever there is a new hub, which knows nobody: it must be greeted.
export function electedHub(tab: string, receive: (message: ToTab) => void, elected: () => void, { channel, locks, makeWorker }: Surroundings): HubChannel {
  let worker: ElectedWorker | undefined;
  const post = (message: OnChannel) => channel.postMessage(message);

  function lead(): void {
    worker = makeWorker();
    worker.onmessage = (event: MessageEvent<FromElected>) => {
      if (event.data.tab === tab) receive(event.data.message);
      else post({ to: 'tab', ...event.data });
    };
    if (locks !== undefined) post({ to: 'everybody', message: 'elected' });
    elected();
  }

  channel.onmessage = (event: MessageEvent<OnChannel>) => {
    const data = event.data;
    if (data.to === 'tab' && data.tab === tab) receive(data.message);
    else if (data.to === 'hub') worker?.postMessage({ from: data.from, message: data.message } satisfies ToElected);
    else if (data.to === 'everybody') elected();
  };
  if (locks === undefined) {
    lead();
  } else {
    // Held until this tab is closed.
    void locks.request('muster-hub', () => {
      lead();
      return new Promise(() => undefined);
    });
  }
  return {
    send: (message) => (worker ? worker.postMessage({ from: tab, message } satisfies ToElected) : post({ to: 'hub', from: tab, message })),
    revive() {
      if (worker === undefined) return;
      worker.terminate();
      lead();
    },
  };
}
