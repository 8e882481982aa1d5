// A certificate warning that a person has accepted holds for the page and for workers of its own, but not for one that tabs
// share: that worker keeps what connections it has, for a while, and can make no other, while the page can.

// A gateway that was away and is back is reached by calls that begin from then on. That it was found to be back holds for so
// long: after two moments without a network within it, a page does without a shared worker that was as good as itself.
const HOLDS_MS = 60_000;
const NO_ANSWER_WITHIN_MS = 10_000;

export interface Line {
  // Whether the page itself gets an answer.
  pageGetsOn(): Promise<boolean>;
  // The page does: what the shared worker waits for is worth an attempt now.
  tryNow(): void;
  // The page does, and a call that the shared worker began later got no answer: the worker is of no use. Called once.
  leave(): void;
}

export class LineCheck {
  // Since when the page is known to get on.
  #pageGotOnAt = Number.NEGATIVE_INFINITY;
  #latestBegun = Number.NEGATIVE_INFINITY;
  #asking = false;
  #over = false;

  constructor(
    private readonly line: Line,
    private readonly now: () => number = Date.now,
  ) {}

  // A call of the shared worker that began at `begunAt` got no answer at all.
  async note(begunAt: number): Promise<void> {
    this.#latestBegun = Math.max(this.#latestBegun, begunAt);
    if (this.#over || this.#asking) return;
    this.#asking = true;
    const getsOn = await this.line.pageGetsOn();
    this.#asking = false;
    if (!getsOn) {
      this.#pageGotOnAt = Number.NEGATIVE_INFINITY;
      return;
    }
    const now = this.now();
    // Somebody may have set the clock back.
    if (now < this.#pageGotOnAt || now - this.#pageGotOnAt >= HOLDS_MS) {
      this.#pageGotOnAt = now;
      this.#latestBegun = Number.NEGATIVE_INFINITY;
      return this.line.tryNow();
    }
    if (this.#latestBegun < this.#pageGotOnAt) return;
    this.#over = true;
    this.line.leave();
  }
}

// Whether a new hub of this page would get on: a broker answers, or that nobody is signed in. Without a broker it could show
// less than the one that there is.
export async function pageGetsOn(): Promise<boolean> {
  try {
    const { ok, status } = await fetch('/muster.v1.AgencyService/WhoAmI', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
      signal: AbortSignal.timeout(NO_ANSWER_WITHIN_MS),
    });
    return ok || status === 401;
  } catch {
    return false;
  }
}
