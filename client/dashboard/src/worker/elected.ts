// Without shared workers (some mobile browsers): the tab that holds a lock keeps the hub's worker for all, over a broadcast
// channel. When it closes, the next one gets the lock and begins anew.
import type { FromElected, ToElected, ToHub, ToTab } from './protocol';

type OnChannel = ({ to: 'hub' } & ToElected) | ({ to: 'tab' } & FromElected) | { to: 'everybody'; message: 'elected' };

export interface HubChannel {
  send(message: ToHub): void;
}

// `elected` is called whenever there is a new hub, which must be greeted.
export function electedHub(tab: string, receive: (message: ToTab) => void, elected: () => void): HubChannel {
  const channel = new BroadcastChannel('muster-hub');
  let worker: Worker | undefined;
  const post = (message: OnChannel) => channel.postMessage(message);
  channel.onmessage = (event: MessageEvent<OnChannel>) => {
    const data = event.data;
    if (data.to === 'tab' && data.tab === tab) receive(data.message);
    else if (data.to === 'hub') worker?.postMessage({ from: data.from, message: data.message } satisfies ToElected);
    else if (data.to === 'everybody') elected();
  };
  void navigator.locks.request('muster-hub', async () => {
    worker = new Worker(new URL('./hub_worker.ts', import.meta.url), { type: 'module' });
    worker.onmessage = (event: MessageEvent<FromElected>) => {
      if (event.data.tab === tab) receive(event.data.message);
      else post({ to: 'tab', ...event.data });
    };
    post({ to: 'everybody', message: 'elected' });
    elected();
    // Held until this tab is closed.
    await new Promise(() => undefined);
  });
  return {
    send: (message) => (worker ? worker.postMessage({ from: tab, message } satisfies ToElected) : post({ to: 'hub', from: tab, message })),
  };
}
