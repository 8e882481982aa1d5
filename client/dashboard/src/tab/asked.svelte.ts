// What one panel asked of the broker and what came back. The latest question counts: an answer that comes after it, or that
// belongs to what is shown no more, is not shown.
import { errorText } from './send.svelte';

interface Answer<T> {
  key: string;
  value: T;
  // What the asker knew of the question: the moment it was about, or at which it was put.
  at: number;
}

export class Asked<T> {
  #answer = $state.raw<Answer<T>>();
  #failure = $state.raw<{ key: string; text: string }>();
  #busyFor = $state<string>();
  #asked = 0;

  // `key`: what the answer is about, such as an operation.
  async ask(key: string, at: number, send: () => Promise<T>): Promise<void> {
    const number = ++this.#asked;
    this.#busyFor = key;
    this.#failure = undefined;
    try {
      const value = await send();
      if (number === this.#asked) this.#answer = { key, value, at };
    } catch (error) {
      if (number === this.#asked) this.#failure = { key, text: errorText(error) };
    } finally {
      if (number === this.#asked) this.#busyFor = undefined;
    }
  }

  // The last answer about `key`. It stays while a newer one is asked for, or failed: see `error`.
  of(key: string): { value: T; at: number } | undefined {
    return this.#answer?.key === key ? this.#answer : undefined;
  }

  // Why the last question about `key` got no answer; empty: it did, or is under way.
  error(key: string): string {
    return this.#failure?.key === key ? this.#failure.text : '';
  }

  isBusy(key: string): boolean {
    return this.#busyFor === key;
  }
}
