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

const hub: Hub = new Hub(clientsAt(self.location.origin, (begunAt) => hub.unanswered(begunAt)), browserStore);
hub.start();

// `gone` is called when the tab is.
function take(port: Port, message: ToHub, gone: () => void = () => undefined): void {
  hub.receive(port, message);
  if (message.type === 'bye') gone();
  // A tab that crashes says no farewell: it loses its lock, which it held before it said hello.
  if (message.type === 'hello') {
    void navigator.locks?.request(`muster-tab-${message.tab}`, () => {
      hub.receive(port, { type: 'bye' });
      gone();
    });
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
    take(port, message, () => ports.delete(from));
  };
}
