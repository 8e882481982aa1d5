// Every tab hears of a new conflict at once; one of them rings, for all of them say it in words.
const LOCK = 'muster-ring';
// A sound that never ends, as its computer went to sleep, must not keep the next one from being heard.
export const RING_MOST_MS = 4000;

// Calls `ring` unless another tab is ringing. A browser without locks rings in every tab rather than in none.
export async function ringAlone(locks: Pick<LockManager, 'request'> | undefined, ring: () => Promise<void>): Promise<void> {
  if (!locks) return ring();
  await locks.request(LOCK, { ifAvailable: true }, async (lock) => {
    if (lock === null) return;
    await Promise.race([ring(), new Promise((resolve) => setTimeout(resolve, RING_MOST_MS))]);
  });
}
