import { expect, test } from 'vitest';
import { LineCheck } from './line_check';

// At `now`, which a test moves on; `reached` is what the page finds, one after the other.
function checkWith(reached: boolean[]) {
  const seen = { now: 1000, asked: 0, tried: 0, left: 0 };
  const line = {
    pageGetsOn: () => Promise.resolve(reached[seen.asked++] ?? false),
    tryNow: () => void ++seen.tried,
    leave: () => void ++seen.left,
  };
  const check = new LineCheck(line, () => seen.now);
  const failed = (begunAt: number) => check.note(begunAt);
  return { failed, seen };
}

test('a call that the shared worker begins after the page got on, and that gets no answer: the page does without it', async () => {
  const { failed, seen } = checkWith([true, true, true]);
  await failed(900);
  expect(seen).toMatchObject({ tried: 1, left: 0 });
  seen.now = 2000;
  await failed(1500);
  expect(seen).toMatchObject({ tried: 1, left: 1 });
  await failed(1600);
  expect(seen).toMatchObject({ asked: 2, left: 1 });
});

test('a gateway that is away is away for the page, too', async () => {
  const { failed, seen } = checkWith([false, false, true, false, true]);
  for (let attempt = 1; attempt <= 5; ++attempt) {
    await failed(seen.now);
    seen.now += 1000;
  }
  expect(seen).toMatchObject({ asked: 5, tried: 2, left: 0 });
});

test('calls that a gateway left without an answer before it was back say nothing', async () => {
  const { failed, seen } = checkWith([true, true, true]);
  for (const begunAt of [900, 950, 980]) await failed(begunAt);
  expect(seen).toMatchObject({ tried: 1, left: 0 });
});

test('that the page got on long ago says nothing of a gateway that has just come back', async () => {
  const { failed, seen } = checkWith([true, true, true]);
  await failed(900);
  seen.now = 3600_000;
  await failed(3599_000);
  expect(seen).toMatchObject({ tried: 2, left: 0 });
  seen.now += 10;
  await failed(3600_001);
  expect(seen.left).toBe(1);
});

test('a clock that is set back makes it deaf for no longer than another attempt', async () => {
  const { failed, seen } = checkWith([true, true, true]);
  seen.now = 7200_000;
  await failed(7199_000);
  seen.now = 3600_000;
  await failed(3599_000);
  expect(seen).toMatchObject({ tried: 2, left: 0 });
  seen.now += 1000;
  await failed(3600_500);
  expect(seen.left).toBe(1);
});

test('while the page asks, a later call that gets no answer is not forgotten', async () => {
  const { failed, seen } = checkWith([true, true]);
  await failed(900);
  seen.now = 2000;
  await Promise.all([failed(950), failed(1900)]);
  expect(seen).toMatchObject({ asked: 2, left: 1 });
});
