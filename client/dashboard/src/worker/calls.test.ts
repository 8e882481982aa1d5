import { Code, ConnectError } from '@connectrpc/connect';
import { expect, test } from 'vitest';
import { noticeUnanswered } from './calls';

// What is told of a call that ends in `error`.
async function told(error?: unknown): Promise<number> {
  let count = 0;
  const call = noticeUnanswered(() => void ++count)(() => (error === undefined ? Promise.resolve({} as never) : Promise.reject(error)));
  await call({} as never).catch((thrown: unknown) => expect(thrown).toBe(error));
  return count;
}

test('a call that nobody answered is told of, in the words of every browser; an error is an answer, and our own patience says nothing', async () => {
  for (const words of ['Failed to fetch', 'NetworkError when attempting to fetch resource.', 'Load failed']) {
    expect(await told(new TypeError(words))).toBe(1);
  }
  expect(await told(new ConnectError('no broker can be reached', Code.Unavailable))).toBe(0);
  expect(await told(new ConnectError('the operation timed out', Code.DeadlineExceeded))).toBe(0);
  expect(await told()).toBe(0);
});
