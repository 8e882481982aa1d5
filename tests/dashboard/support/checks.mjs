// node:test, and whether all has gone well so far: what decides if logs and pictures are kept.
import { test } from 'node:test';

export let allWell = true;

export const check = (name, act) =>
  test(name, async () => {
    const before = allWell;
    allWell = false;
    await act();
    allWell = before;
  });
