// The hub in a worker: one that all tabs share, or where browsers have no such thing, one that the elected tab keeps.
import { clientsAt } from './calls';
import { Hub } from './hub';
import type { FromElected, ToElected, ToHub, ToTab } from './protocol';
import { browserStore } from './store';
import type { Port } from './tabs';

const scope = self as unknown as {
  onconnect: ((event: MessageEvent) => void) | null;
  onmessage: ((event: MessageEvent<ToElected>) => void) | null;
  postMessage?: (message: FromElected) => void;
};

const hub = new Hub(clientsAt(self.location.origin), browserStore);
hub.start();

function take(port: Port, message: ToHub): void {
  hub.receive(port, message);
  // A tab that crashes says no farewell: it loses its lock.
  if (message.type === 'hello') {
    void navigator.locks?.request(`muster-tab-${message.tab}`, () => hub.receive(port, { type: 'bye' }));
  }
}

if (scope.postMessage === undefined) {
  scope.onconnect = (event) => {
    const channel = event.ports[0]!;
    const port: Port = { post: (message) => channel.postMessage(message) };
    channel.onmessage = (received: MessageEvent<ToHub>) => take(port, received.data);
  };
} else {
  const ports = new Map<string, Port>();
  scope.onmessage = (event) => {
    const { from, message } = event.data;
    let port = ports.get(from);
    if (port === undefined) {
      port = { post: (answer: ToTab) => scope.postMessage!({ tab: from, message: answer }) };
      ports.set(from, port);
    }
    take(port, message);
  };
}
