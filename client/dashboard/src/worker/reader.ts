// Decides when to read what: what a notice touched, what somebody looks at, and no part more often than it may be.
import type { Touched } from '../model/parts';

// A part is read at most once in this time, however many notices touch it.
const LEAST_MS: Partial<Record<Touched, number>> = { claims: 5000, duplicates: 5000, releases: 2000, presence: 2000 };
const USUAL_LEAST_MS = 1000;
// After a read failed, doubling: the feed or the probe will say what is wrong, and when it is mended.
const RETRY_MS = 2000;
const RETRY_MOST_MS = 30_000;
const AT_ONCE_MAX = 3;

export type ReadOne = (operationId: string, part: Touched) => Promise<void>;
// `since`: when the first of the failures in a row was, in milliseconds of the local clock.
export type ReadFailed = (error: unknown, operationId: string, part: Touched, since: number) => void;

interface Failures {
  count: number;
  // By a clock that nobody sets.
  began: number;
}

interface Wanted {
  operationId: string;
  part: Touched;
  notBefore: number;
}

export class Reader {
  #wanted = new Map<string, Wanted>();
  #running = new Set<string>();
  #lastStart = new Map<string, number>();
  #failures = new Map<string, Failures>();
  // What was begun before the last `clear` is of no interest any more.
  #generation = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly readOne: ReadOne,
    private readonly failed: ReadFailed,
    private readonly now: () => number = Date.now,
  ) {}

  // `operationId` is empty for the list of operations.
  want(operationId: string, part: Touched, delayMs = 0): void {
    const key = `${operationId} ${part}`;
    const last = this.#lastStart.get(key);
    const least = LEAST_MS[part] ?? USUAL_LEAST_MS;
    const earliest = Math.max(this.now() + delayMs, last === undefined ? 0 : last + least);
    if (!this.#wanted.has(key)) this.#wanted.set(key, { operationId, part, notBefore: earliest });
    this.#schedule();
  }

  clear(): void {
    ++this.#generation;
    this.#wanted.clear();
    this.#lastStart.clear();
    this.#failures.clear();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  retryNow(): void {
    for (const one of this.#failures.values()) one.count = 0;
    for (const one of this.#wanted.values()) one.notBefore = Math.min(one.notBefore, this.now());
    this.#schedule();
  }

  get idle(): boolean {
    return this.#wanted.size === 0 && this.#running.size === 0;
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    let next = Number.POSITIVE_INFINITY;
    for (const [key, one] of this.#wanted) if (!this.#running.has(key)) next = Math.min(next, one.notBefore);
    if (next === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.#start(), Math.max(0, next - this.now()));
  }

  #start(): void {
    const now = this.now();
    const generation = this.#generation;
    for (const [key, one] of this.#wanted) {
      if (this.#running.size >= AT_ONCE_MAX) return;
      if (one.notBefore > now || this.#running.has(key)) continue;
      this.#wanted.delete(key);
      this.#running.add(key);
      this.#lastStart.set(key, now);
      void this.readOne(one.operationId, one.part)
        .then(() => void (generation === this.#generation && this.#failures.delete(key)))
        .catch((error: unknown) => generation === this.#generation && this.#failedAgain(key, one, error))
        .finally(() => {
          this.#running.delete(key);
          this.#schedule();
        });
    }
    this.#schedule();
  }

  #failedAgain(key: string, { operationId, part }: Wanted, error: unknown): void {
    const failures = this.#failures.get(key) ?? { count: 0, began: performance.now() };
    this.#failures.set(key, failures);
    this.want(operationId, part, Math.min(RETRY_MOST_MS, RETRY_MS * 2 ** failures.count++));
    this.failed(error, operationId, part, this.now() - Math.round(performance.now() - failures.began));
  }
}
