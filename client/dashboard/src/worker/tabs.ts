// The tabs of one hub: what each looks at, and what each is told.
import { mergePatches } from '../model/merge';
import { applyPatch, emptySnapshot, type Patch, type Snapshot } from '../model/snapshot';
import type { Interest, ToTab } from './protocol';

export interface Port {
  post(message: ToTab): void;
}

// Changes are collected for this long: a tab draws no more often, however much the feed brings.
export const FLUSH_MS = 500;

export class Tabs {
  #ports = new Map<Port, Interest>();
  #snapshot: Snapshot;
  #pending: Patch | undefined;
  #revision = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(now: number) {
    this.#snapshot = emptySnapshot(now);
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  // Counts the changes, so that nobody saves the same twice.
  get revision(): number {
    return this.#revision;
  }

  get interests(): Interest[] {
    return [...this.#ports.values()];
  }

  add(port: Port, interest: Interest): void {
    this.#flush();
    this.#ports.set(port, interest);
    port.post({ type: 'snapshot', snapshot: this.#snapshot });
  }

  setInterest(port: Port, interest: Interest): void {
    if (this.#ports.has(port)) this.#ports.set(port, interest);
  }

  remove(port: Port): void {
    this.#ports.delete(port);
  }

  change(patch: Patch, atOnce = false): void {
    ++this.#revision;
    this.#snapshot = applyPatch(this.#snapshot, patch);
    this.#pending = mergePatches(this.#pending, patch);
    if (atOnce) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS);
  }

  // Another person, or none: nothing of what was known stays.
  replace(snapshot: Snapshot): void {
    ++this.#revision;
    this.#snapshot = snapshot;
    this.#pending = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.tell({ type: 'snapshot', snapshot });
  }

  tell(message: ToTab): void {
    for (const port of this.#ports.keys()) port.post(message);
  }

  // Nobody is told anything any more.
  retire(): void {
    clearTimeout(this.#timer);
    this.#pending = undefined;
    this.tell({ type: 'retired' });
    this.#ports.clear();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const patch = this.#pending;
    this.#pending = undefined;
    if (patch !== undefined) this.tell({ type: 'patch', patch });
  }
}
