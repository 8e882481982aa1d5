// A certificate warning that a person has accepted holds for the page and for workers of its own, but not for one that tabs
// share: that worker loses the gateway at its next connection, for good, while the page reaches it.
import { gotNoAnswer } from '../model/freshness';
import type { Link } from '../model/snapshot';

// Twice in a row the shared worker got no answer and the page got one: the second time cannot be a gateway that has just come back.
export class LineCheck {
  #pageGotOn = false;
  #attempt: number | undefined;
  #over = false;

  // `getsOn`: whether the page itself gets an answer. `otherwise` is called once, when the shared worker is of no use.
  constructor(
    private readonly getsOn: () => Promise<boolean>,
    private readonly otherwise: () => void,
  ) {}

  // What the shared worker says of its line.
  async note(link: Link): Promise<void> {
    if (this.#over || link.nextAttemptAt === this.#attempt) return;
    this.#attempt = link.nextAttemptAt;
    if (link.state === 'connected' || !gotNoAnswer(link.trouble)) {
      this.#pageGotOn = false;
      return;
    }
    const again = this.#pageGotOn;
    this.#pageGotOn = await this.getsOn();
    if (!again || !this.#pageGotOn || this.#over) return;
    this.#over = true;
    this.otherwise();
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
    });
    return ok || status === 401;
  } catch {
    return false;
  }
}
