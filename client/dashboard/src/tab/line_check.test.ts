import { expect, test } from 'vitest';
import type { Link } from '../model/snapshot';
import { LineCheck } from './line_check';

const failed = (nextAttemptAt: number): Link => ({ state: 'reconnecting', since: 0, trouble: 'Failed to fetch', nextAttemptAt });
const CONNECTED: Link = { state: 'connected', since: 0 };

function checkWith(reached: boolean[]) {
  const seen = { over: 0, asked: 0 };
  const check = new LineCheck(
    () => Promise.resolve(reached[seen.asked++] ?? false),
    () => void ++seen.over,
  );
  return { check, seen };
}

test('twice no answer for the shared worker and one for the page: the page does without it', async () => {
  const { check, seen } = checkWith([true, true, true]);
  await check.note(failed(1));
  expect(seen.over).toBe(0);
  await check.note(failed(2));
  expect(seen.over).toBe(1);
  await check.note(failed(3));
  expect(seen.over).toBe(1);
});

test('a gateway that is away is away for the page, too', async () => {
  const { check, seen } = checkWith([false, false, true, false, true]);
  for (let attempt = 1; attempt <= 5; ++attempt) await check.note(failed(attempt));
  expect(seen).toEqual({ over: 0, asked: 5 });
});

test('one that has just come back is reached by the shared worker next', async () => {
  const { check, seen } = checkWith([true, true]);
  await check.note(failed(1));
  await check.note(CONNECTED);
  await check.note(failed(2));
  expect(seen.over).toBe(0);
});

test('an answer that is an error is an answer: nothing is asked', async () => {
  const { check, seen } = checkWith([true, true]);
  await check.note({ ...failed(1), trouble: 'no broker can be reached' });
  await check.note({ ...failed(2), trouble: 'no broker can be reached' });
  expect(seen).toEqual({ over: 0, asked: 0 });
});

test('the same attempt told twice counts once', async () => {
  const { check, seen } = checkWith([true, true]);
  await check.note(failed(1));
  await check.note(failed(1));
  expect(seen).toEqual({ over: 0, asked: 1 });
});
