// What one tab holds beside the snapshot: answers, marks, and the sound that only one of them makes.
import { expect, test, vi } from 'vitest';
import { versionKey } from '../model/acknowledgements';
import { Asked } from './asked.svelte';
import { Marked } from './marked.svelte';
import { RING_MOST_MS, ringAlone } from './ring_alone';

test('“we have read version 3” is not said of version 4, nor of another operation’s version 3, nor of another text', () => {
  const read = new Marked();
  const three = { version: 3, contentSha256: 'aa' };
  read.set(versionKey('op', three), true);
  expect(read.has(versionKey('op', { ...three }))).toBe(true);
  expect(read.has(versionKey('op', { version: 4, contentSha256: 'bb' }))).toBe(false);
  expect(read.has(versionKey('op', { version: 3, contentSha256: 'bb' }))).toBe(false);
  expect(read.has(versionKey('other', three))).toBe(false);
  expect(read.has(versionKey('op', undefined))).toBe(false);
  read.set(undefined, false);
  expect(read.has(versionKey('op', three))).toBe(false);
});

const later = <T>() => {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => ((resolve = yes), (reject = no)));
  return { promise, resolve, reject };
};

test('an answer is not shown for another operation, and keeps the moment it is about', async () => {
  const asked = new Asked<string>();
  await asked.ask('op', 5, () => Promise.resolve('five'));
  expect(asked.of('op')).toMatchObject({ value: 'five', at: 5 });
  expect(asked.of('other')).toBeUndefined();
});

test('a late answer does not overwrite a newer one', async () => {
  const asked = new Asked<string>();
  const [first, second] = [later<string>(), later<string>()];
  const both = [asked.ask('op', 1, () => first.promise), asked.ask('op', 2, () => second.promise)];
  second.resolve('new');
  await both[1];
  expect(asked.isBusy('op')).toBe(false);
  first.resolve('old');
  await both[0];
  expect(asked.of('op')).toMatchObject({ value: 'new', at: 2 });
});

test('a failure is told beside the answer before it, and a late one is not', async () => {
  const asked = new Asked<string>();
  await asked.ask('op', 1, () => Promise.resolve('one'));
  await asked.ask('op', 2, () => Promise.reject(new Error('no broker')));
  expect([asked.error('op'), asked.error('other'), asked.of('op')?.at]).toEqual(['no broker', '', 1]);
  const slow = later<string>();
  const late = asked.ask('op', 3, () => slow.promise);
  await asked.ask('op', 4, () => Promise.resolve('four'));
  slow.reject(new Error('too late'));
  await late;
  expect([asked.error('op'), asked.of('op')?.value]).toEqual(['', 'four']);
});

// Of Web Locks, what is used: one holder of a name, and null to whoever asks meanwhile.
function fakeLocks() {
  const held = new Set<string>();
  const request = async (name: string, _options: unknown, act: (lock: object | null) => Promise<void>) => {
    if (held.has(name)) return act(null);
    held.add(name);
    try {
      await act({ name });
    } finally {
      held.delete(name);
    }
  };
  return { request } as unknown as LockManager;
}

test('of eight tabs that hear of a conflict one rings, and one rings again for the next', async () => {
  const locks = fakeLocks();
  const ring = vi.fn(() => new Promise<void>((resolve) => setTimeout(resolve, 1)));
  const all = () => Promise.all(Array.from({ length: 8 }, () => ringAlone(locks, ring)));
  await all();
  expect(ring).toHaveBeenCalledTimes(1);
  await all();
  expect(ring).toHaveBeenCalledTimes(2);
});

test('a sound that never ends does not silence the next one', async () => {
  vi.useFakeTimers();
  const locks = fakeLocks();
  const ring = vi.fn(() => new Promise<void>(() => undefined));
  const first = ringAlone(locks, ring);
  await vi.advanceTimersByTimeAsync(RING_MOST_MS);
  await first;
  void ringAlone(locks, ring);
  expect(ring).toHaveBeenCalledTimes(2);
  vi.useRealTimers();
});
