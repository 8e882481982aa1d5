// Whether the hub is alive: a worker that crashed or hangs tells nobody.

export const BEAT_MS = 5000;
const UNANSWERED_MAX = 3;

// Counts questions, not seconds: a tab that slept has asked nothing meanwhile.
export class Heartbeat {
  #unanswered = 0;

  constructor(
    private readonly ask: () => void,
    private readonly dead: () => void,
  ) {}

  start(): void {
    setInterval(() => this.#beat(), BEAT_MS);
  }

  // Anything that the hub says is a sign of life.
  heard(): void {
    this.#unanswered = 0;
  }

  #beat(): void {
    if (this.#unanswered >= UNANSWERED_MAX) {
      this.#unanswered = 0;
      return this.dead();
    }
    ++this.#unanswered;
    this.ask();
  }
}
