// What one tab shows: the hub's snapshot, or the one at which its viewer paused, and what the address says.
import { filterText, isOn, type Filter } from '../model/filter';
import { freshness, type Freshness } from '../model/freshness';
import { VIEWS, partsFor, type ViewName } from '../model/parts';
import { whilePaused } from '../model/paused';
import { parseUrl, formatUrl, type UrlState } from '../model/url_state';
import { day } from '../model/times';
import { applyPatch, emptySnapshot, type OperationBoard, type Snapshot } from '../model/snapshot';
import { readsVictimServices } from '../model/victims';
import type { ToTab } from '../worker/protocol';
import { Alarm } from './alarm.svelte';
import type { HubLink } from './hub_link';

export class Board {
  // What came last; not drawn while the tab is hidden or paused.
  #latest: Snapshot = emptySnapshot(Date.now());
  snapshot = $state.raw<Snapshot>(this.#latest);
  url = $state.raw<UrlState>(parseUrl(''));
  // This computer's clock, each second.
  now = $state(Date.now());
  pausedAt = $state<number>();
  #waiting = $state(0);
  // By a clock that nobody sets: when what is shown was last verified, and for how long it has not been.
  #verified = performance.now();
  #silentMs = $state(0);
  readonly alarm = new Alarm();
  readonly link: HubLink;

  constructor(link: HubLink) {
    this.link = link;
    link.onMessage = (message) => this.#receive(message);
    this.url = parseUrl(location.search);
    addEventListener('popstate', () => this.#setUrl(parseUrl(location.search)));
    document.addEventListener('visibilitychange', () => this.#draw());
    this.#tick();
  }

  // ---- What is shown ----

  // Derived, not computed: a push changes the snapshot twice a second, and only what is different now may be drawn again.
  readonly operationId: string = $derived(
    this.snapshot.order.includes(this.url.operation) ? this.url.operation : (this.snapshot.order[0] ?? ''),
  );
  readonly operation: OperationBoard | undefined = $derived(this.snapshot.operations[this.operationId]);
  readonly isSavedCopy: boolean = $derived(this.snapshot.savedAt !== undefined);

  // A victim-services partner reads nothing of the operation itself (rule V2).
  readonly isUnlisted: boolean = $derived(this.operation?.view.leadAgencyId === '');
  readonly views: readonly ViewName[] = $derived.by(() => {
    if (this.isUnlisted) return ['victims'];
    const sees = readsVictimServices(this.operation?.view, this.snapshot.me?.agencyId);
    return VIEWS.filter((view) => view !== 'victims' || sees);
  });
  readonly view: ViewName = $derived(this.isUnlisted ? 'victims' : this.url.view);

  // The broker's clock: what deadlines are measured by.
  get brokerNow(): number {
    return this.now + this.snapshot.clockOffsetMs;
  }

  readonly freshness: Freshness = $derived.by(() =>
    freshness(this.snapshot, this.operation, { pausedAt: this.pausedAt, looksAt: partsFor(this.view), silentMs: this.#silentMs }, this.now),
  );

  // "Thu 26 Aug", in the home zone: a time of today is written without its date.
  readonly today: string = $derived(day(this.brokerNow));

  get filter(): Filter {
    return this.url;
  }

  readonly filterNote: string = $derived(isOn(this.url) ? `filtered: ${filterText(this.url)}` : '');

  // Whether the person may act, and there is somebody to act with.
  get mayAct(): boolean {
    return this.snapshot.session?.operator === true && !this.isSavedCopy;
  }

  // Why the buttons that act cannot be pressed; empty when they can.
  get whyNot(): string {
    if (this.isSavedCopy) return 'This is a saved copy: nothing can be sent.';
    if (this.snapshot.session?.operator !== true) return 'You are signed in as a viewer. An operator of your office can do this.';
    return '';
  }

  get waitingChanges(): number {
    return this.#waiting;
  }

  // ---- The address ----

  href(change: Partial<UrlState>): string {
    return formatUrl({ ...this.url, ...change });
  }

  go(change: Partial<UrlState>, replace = false): void {
    const next = { ...this.url, ...change };
    if (replace) history.replaceState(null, '', formatUrl(next));
    else history.pushState(null, '', formatUrl(next));
    this.#setUrl(next);
  }

  #setUrl(next: UrlState): void {
    this.url = next;
    this.link.setInterest({ view: next.view, operation: next.operation });
  }

  // ---- What comes ----

  pause(): void {
    this.pausedAt = this.freshness.asOf ?? this.now;
    this.#waiting = 0;
  }

  resume(): void {
    this.pausedAt = undefined;
    this.#draw();
  }

  #receive(message: ToTab): void {
    const { verifiedAt } = this.#latest.link;
    if (message.type === 'snapshot') this.#latest = message.snapshot;
    else if (message.type === 'patch') {
      const before = this.#latest.deliveries;
      this.#latest = applyPatch(this.#latest, message.patch);
      if (this.pausedAt !== undefined) this.#waiting += Math.max(0, this.#latest.deliveries - before);
    }
    if (this.#latest.link.verifiedAt !== verifiedAt) {
      this.#verified = performance.now();
      this.#silentMs = 0;
    }
    // A new conflict rings even in a tab that is hidden or paused.
    this.alarm.look(this.#latest);
    // Nobody stays paused who is somebody else now.
    if (this.#latest.session === undefined) this.pausedAt = undefined;
    this.#draw();
  }

  #draw(): void {
    if (document.hidden) return;
    if (this.pausedAt === undefined) this.snapshot = this.#latest;
    else this.snapshot = whilePaused(this.snapshot, this.#latest);
  }

  #tick(): void {
    this.now = Date.now();
    this.#silentMs = performance.now() - this.#verified;
    setTimeout(() => this.#tick(), 1000 - (this.now % 1000) + 5);
  }
}
