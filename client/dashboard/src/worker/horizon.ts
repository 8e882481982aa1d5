// How far the feed has come, beside where it stood each time that was asked: for which moment everything has been delivered.
import { sameBytes } from './feed';

// Five minutes of questions. Whoever is further behind is told so by the oldest of them.
const WAITING_MAX = 60;

export class Horizon {
  // Where the feed stood and when that was asked, of what has not been delivered yet; the oldest first.
  #waiting: { cursor: Uint8Array; askedAt: number }[] = [];
  // The places passed since the question that is under way.
  #passed: Uint8Array[] = [];
  #asking = false;

  // `place`: the last delivery.
  ask(place: Uint8Array): void {
    this.#asking = true;
    this.#passed = [place];
  }

  // Whether everything that there was at `askedAt` has been delivered. If not, `pass` will tell when it has: a feed under way
  // is always a little behind the answer, and one that is minutes behind must not pass for one that is not.
  // `askedAt` undefined: the answer vouches for no moment.
  answered(cursor: Uint8Array, askedAt: number | undefined): boolean {
    const isLevel = this.#passed.some((one) => sameBytes(one, cursor));
    this.giveUp();
    if (isLevel) this.#waiting = [];
    else if (askedAt !== undefined && this.#waiting.length < WAITING_MAX) this.#waiting.push({ cursor, askedAt });
    return isLevel;
  }

  giveUp(): void {
    this.#asking = false;
    this.#passed = [];
  }

  // The next delivery. The latest moment of which everything has now been delivered, if that is news.
  pass(cursor: Uint8Array): number | undefined {
    if (this.#asking) this.#passed.push(cursor);
    const reached = this.#waiting.findIndex((one) => sameBytes(one.cursor, cursor));
    return reached < 0 ? undefined : this.#waiting.splice(0, reached + 1).at(-1)?.askedAt;
  }

  clear(): void {
    this.#waiting = [];
  }
}
