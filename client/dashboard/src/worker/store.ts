// The last snapshot, kept in the browser so that it can be read while the gateway cannot be reached. Wiped at sign-out,
// and of no use once the session that read it is over.
import type { Snapshot } from '../model/snapshot';

const NAME = 'muster';
const KEY = 'last';
const LEFT_KEY = 'left';
// Where the browser keeps nothing: as long as the worker lives.
let leftHere: number | undefined;

interface Saved {
  savedAt: number;
  validUntil: number;
  snapshot: Snapshot;
}

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore('snapshots');
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('no store'));
  });
}

async function within<T>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const db = await open();
  try {
    return await new Promise<T>((resolve, reject) => {
      const request = act(db.transaction('snapshots', mode).objectStore('snapshots'));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error ?? new Error('the store refused'));
    });
  } finally {
    db.close();
  }
}

export interface Store {
  save(snapshot: Snapshot, now: number): Promise<void>;
  load(now: number): Promise<Snapshot | undefined>;
  wipe(): Promise<void>;
  // The session that a person has left here and of which no gateway has been told, by when it began: kept until `settle`.
  leave(signedInAt: number): Promise<void>;
  left(): Promise<number | undefined>;
  settle(): Promise<void>;
}

// A browser that keeps nothing (private windows, full disks) costs the saved copy and nothing else.
export const browserStore: Store = {
  async save(snapshot, now) {
    const validUntil = snapshot.session?.endsAt ?? now + 12 * 3600_000;
    const saved: Saved = { savedAt: now, validUntil, snapshot };
    await within('readwrite', (store) => store.put(saved, KEY)).catch(() => undefined);
  },
  async load(now) {
    const saved = await within<Saved | undefined>('readonly', (store) => store.get(KEY)).catch(() => undefined);
    if (saved === undefined) return undefined;
    if (now >= saved.validUntil) {
      await this.wipe();
      return undefined;
    }
    return { ...saved.snapshot, savedAt: saved.snapshot.link.verifiedAt ?? saved.savedAt };
  },
  async wipe() {
    await within('readwrite', (store) => store.delete(KEY)).catch(() => undefined);
  },
  async leave(signedInAt) {
    leftHere = signedInAt;
    await within('readwrite', (store) => store.put(signedInAt, LEFT_KEY)).catch(() => undefined);
  },
  async left() {
    return leftHere ?? (await within<number | undefined>('readonly', (store) => store.get(LEFT_KEY)).catch(() => undefined));
  },
  async settle() {
    leftHere = undefined;
    await within('readwrite', (store) => store.delete(LEFT_KEY)).catch(() => undefined);
  },
};
