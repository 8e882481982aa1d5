// How long to wait before trying again: doubling, with jitter, so that sixty browsers do not come back in the same instant.
export class Backoff {
  #attempt = 0;

  constructor(
    readonly firstMs = 500,
    readonly mostMs = 15_000,
    private readonly random: () => number = Math.random,
  ) {}

  next(): number {
    const ceiling = Math.min(this.mostMs, this.firstMs * 2 ** this.#attempt);
    this.#attempt = Math.min(this.#attempt + 1, 16);
    return ceiling / 2 + (ceiling / 2) * this.random();
  }

  reset(): void {
    this.#attempt = 0;
  }
}
