// The one feed stream: resumed from the last cursor after every break, and checked link by link. Knows nothing of what the
// deliveries say.
import { Code, ConnectError } from '@connectrpc/connect';
import type { Delivery, SubscribeResponse } from '../gen/muster/v1/submission_pb';
import { Backoff } from './backoff';

export interface FeedEvents {
  deliveries(deliveries: Delivery[]): void;
  // Everything up to now has been delivered.
  caughtUp(): void;
  // The stream broke; the next attempt is made at `nextAttemptAt`.
  down(trouble: string, nextAttemptAt: number): void;
  // Something is missing: everything must be read again, and `restart` called with the cursor of that reading.
  lost(why: 'trimmed' | 'gap'): void;
  signedOut(): void;
}

export type OpenStream = (afterCursor: Uint8Array, signal: AbortSignal) => AsyncIterable<SubscribeResponse>;

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

export class Feed {
  #cursor: Uint8Array = new Uint8Array();
  #abort: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #backoff: Backoff;

  constructor(
    private readonly open: OpenStream,
    private readonly events: FeedEvents,
    private readonly now: () => number = Date.now,
    backoff = new Backoff(),
  ) {
    this.#backoff = backoff;
  }

  get cursor(): Uint8Array {
    return this.#cursor;
  }

  restart(afterCursor: Uint8Array): void {
    this.stop();
    this.#cursor = afterCursor;
    void this.#run();
  }

  stop(): void {
    this.#abort?.abort();
    this.#abort = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  // Ends a stream that has gone silent though there is more, and resumes at once.
  reconnect(): void {
    this.stop();
    void this.#run();
  }

  // What waits for its next attempt makes it at once.
  tryNow(): void {
    if (this.#timer !== undefined) this.reconnect();
  }

  async #run(): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    let trouble = 'the stream ended';
    try {
      for await (const response of this.open(this.#cursor, abort.signal)) {
        if (abort.signal.aborted) return;
        if (!this.#chained(response.deliveries)) {
          this.stop();
          this.events.lost('gap');
          return;
        }
        const last = response.deliveries.at(-1);
        if (last !== undefined) {
          this.#cursor = last.cursor;
          this.events.deliveries(response.deliveries);
        }
        if (response.caughtUp) {
          this.#backoff.reset();
          this.events.caughtUp();
        }
      }
    } catch (error) {
      if (abort.signal.aborted) return;
      const known = ConnectError.from(error);
      if (known.code === Code.Unauthenticated) return this.events.signedOut();
      if (known.code === Code.OutOfRange || known.code === Code.DataLoss) return this.events.lost('trimmed');
      trouble = known.rawMessage || 'the connection broke';
    }
    if (abort.signal.aborted) return;
    const wait = this.#backoff.next();
    this.events.down(trouble, this.now() + wait);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#run();
    }, wait);
  }

  // Whether each delivery follows the one before it.
  #chained(deliveries: readonly Delivery[]): boolean {
    let previous = this.#cursor;
    for (const delivery of deliveries) {
      if (previous.length > 0 && !sameBytes(delivery.previousCursor, previous)) return false;
      previous = delivery.cursor;
    }
    return true;
  }
}
