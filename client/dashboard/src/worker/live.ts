// What keeps the boards up to date: every delivery of the feed, and the question, every few seconds, whether there is more.
import type { Delivery, Notice } from '../gen/muster/v1/submission_pb';
import { heardIn } from '../model/heard';
import { ESCALATIONS_MAX, RECENT_MAX, type FeedItem, type Link, type OperationPatch } from '../model/snapshot';
import type { Boards } from './boards';
import { isForGood, isUnauthenticated, type AnswerAge, type Clients } from './calls';
import { feedItem } from './past';
import { Feed, sameBytes } from './feed';
import { Horizon } from './horizon';
import type { Tabs } from './tabs';
import { askBroker, renewedOffset } from './who';

// A past that takes longer is not worth waiting for: the timeline reads it when somebody wants it.
const PAST_MS = 5000;

export interface LiveEvents {
  // Something is missing, or who is signed in must be asked anew.
  beginAgain(): void;
  sessionEnded(): void;
}

export class Live {
  readonly feed: Feed;
  #numbers = 0;
  #probing = false;
  #lagging = 0;
  #horizon = new Horizon();
  // Where the feed stood when the reads began: the place of a feed on which nothing has been delivered.
  #start: Uint8Array = new Uint8Array();
  // While what is delivered is the past: where that ends.
  #through: Uint8Array | undefined;
  #pastTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly clients: Clients,
    private readonly tabs: Tabs,
    private readonly boards: () => Boards,
    private readonly events: LiveEvents,
    private readonly now: () => number,
  ) {
    this.feed = new Feed((afterCursor, signal) => clients.stream.subscribe({ afterCursor }, { signal }), {
      deliveries: (deliveries) => this.#take(deliveries),
      caughtUp: () => this.#connected(),
      down: (trouble, nextAttemptAt) => this.#down(trouble, nextAttemptAt),
      lost: (why) => this.#lost(why),
      signedOut: () => events.sessionEnded(),
    });
  }

  get #place(): Uint8Array {
    return this.feed.cursor.length === 0 ? this.#start : this.feed.cursor;
  }

  get #link(): Link {
    return this.tabs.snapshot.link;
  }

  // ---- Deliveries ----

  // Follows the feed. What was delivered up to `cursor` is in what the reads answer: it is gone through for the latest, for
  // when each agency reported last, and for operations that are on no list.
  begin(cursor: Uint8Array): void {
    this.tabs.change({ recent: [] });
    this.#horizon.clear();
    this.#start = cursor;
    this.#through = cursor.length === 0 ? undefined : cursor;
    clearTimeout(this.#pastTimer);
    this.feed.restart(new Uint8Array());
    if (this.#through !== undefined) this.#pastTimer = setTimeout(() => this.#leavePast(), PAST_MS);
  }

  stop(): void {
    clearTimeout(this.#pastTimer);
    this.#through = undefined;
    this.feed.stop();
  }

  // An answer must know of at least this. A daemon that is cut off holds copies, and cannot say how far they reach: it would
  // refuse.
  get cursor(): Uint8Array {
    if (this.#link.copyAsOf !== undefined) return new Uint8Array();
    return this.#through ?? this.feed.cursor;
  }

  // What the last answer said of itself: the moment of which it is a copy. True when that is news.
  noteCopy({ asOf }: AnswerAge): boolean {
    const { copyAsOf: before, ...link } = this.#link;
    if (asOf !== before) this.tabs.change({ link: asOf === undefined ? link : { ...link, copyAsOf: asOf } });
    return (before === undefined) !== (asOf === undefined);
  }

  // The past is trimmed or broken, or takes too long: from where the reads stand.
  #leavePast(): boolean {
    if (this.#through === undefined) return false;
    const cursor = this.#through;
    this.#through = undefined;
    this.tabs.change({ recent: [] });
    this.feed.restart(cursor);
    return true;
  }

  #take(deliveries: Delivery[]): void {
    const through = this.#through;
    if (through === undefined) return this.#takeNew(deliveries);
    const last = deliveries.findIndex((one) => sameBytes(one.cursor, through));
    this.#takePast(last < 0 ? deliveries : deliveries.slice(0, last + 1));
    if (last < 0) return;
    this.#through = undefined;
    clearTimeout(this.#pastTimer);
    if (last + 1 < deliveries.length) this.#takeNew(deliveries.slice(last + 1));
  }

  #takePast(deliveries: Delivery[]): void {
    const appended: FeedItem[] = [];
    const operations: Record<string, OperationPatch> = {};
    for (const delivery of deliveries) {
      const item = feedItem(delivery, ++this.#numbers);
      if (item === undefined || delivery.notice === undefined) continue;
      appended.push(item);
      if (this.tabs.snapshot.order.length === 0) this.#learn(delivery.notice);
      const board = this.tabs.snapshot.operations[item.operationId];
      if (board === undefined) continue;
      const patch = (operations[item.operationId] ??= {});
      patch.heard = { ...patch.heard, ...heardIn(delivery.notice) };
      if (delivery.notice.content.case !== 'escalation') continue;
      patch.escalations = [...(patch.escalations ?? board.escalations), item].slice(-ESCALATIONS_MAX);
    }
    this.tabs.change({ appended: appended.slice(-RECENT_MAX), operations });
  }

  #learn(notice: Notice): void {
    if (!this.boards().learn(notice)) return;
    void this.boards().readOperations().then(() => this.boards().everythingAgain(), () => undefined);
  }

  #takeNew(deliveries: Delivery[]): void {
    const appended: FeedItem[] = [];
    const operations: Record<string, OperationPatch> = {};
    let verifiedAt = this.#link.verifiedAt;
    this.#lagging = 0;
    for (const delivery of deliveries) {
      verifiedAt = this.#horizon.pass(delivery.cursor) ?? verifiedAt;
      const item = feedItem(delivery, ++this.#numbers);
      if (item === undefined || delivery.notice === undefined) continue;
      appended.push(item);
      this.#learn(delivery.notice);
      const patch = (operations[item.operationId] ??= {});
      this.boards().touch(delivery.notice, patch);
      this.#takeContent(delivery, item, patch);
    }
    this.tabs.change({ appended, operations, deliveries: this.tabs.snapshot.deliveries + appended.length });
    if (verifiedAt !== undefined && verifiedAt !== this.#link.verifiedAt) this.#verified(verifiedAt);
  }

  #takeContent({ notice }: Delivery, item: FeedItem, patch: OperationPatch): void {
    const board = this.tabs.snapshot.operations[item.operationId];
    if (board === undefined || notice === undefined) return;
    patch.heard = { ...patch.heard, ...heardIn(notice) };
    this.boards().ledgers.take(notice);
    if (notice.content.case === 'plan') patch.plans = this.boards().withPlan(item.operationId, notice.content.value);
    if (notice.content.case === 'escalation') {
      patch.escalations = [...(patch.escalations ?? board.escalations), item].slice(-ESCALATIONS_MAX);
    }
  }

  // ---- The state of the line ----

  #verified(verifiedAt: number): void {
    this.tabs.change({ link: { ...this.#link, verifiedAt } });
  }

  #connected(): void {
    this.#lagging = 0;
    this.#horizon.clear();
    if (this.#through !== undefined) {
      // All there is has come, and that place was not among it: whatever is new was taken for the past.
      this.#through = undefined;
      clearTimeout(this.#pastTimer);
      this.boards().again(() => true);
    }
    if (this.#link.state === 'connected') return this.#verified(this.now());
    const { copyAsOf } = this.#link;
    const copy = copyAsOf === undefined ? {} : { copyAsOf };
    this.tabs.change({ link: { state: 'connected', since: this.now(), verifiedAt: this.now(), ...copy }, savedAt: null }, true);
    // What failed for want of a line need not wait out its patience.
    this.boards().retryNow();
    // Our own feed is one that is counted: the answer from before it was open would call us silent.
    setTimeout(() => this.askWhoIsThere(), 1000);
  }

  #down(trouble: string, nextAttemptAt: number): void {
    const before = this.#link;
    const since = before.state === 'reconnecting' ? before.since : this.now();
    this.tabs.change({ link: { ...before, state: 'reconnecting', since, trouble, nextAttemptAt } }, true);
  }

  #lost(why: 'trimmed' | 'gap'): void {
    if (this.#leavePast()) return;
    const trouble = `the feed ${why === 'gap' ? 'has a gap' : 'was trimmed'}; reading everything again`;
    this.tabs.change({ gaps: this.tabs.snapshot.gaps + 1, link: { ...this.#link, state: 'reconnecting', since: this.now(), trouble } });
    this.events.beginAgain();
  }

  // No delivery tells who is connected: it is asked for now and then, and after a break.
  askWhoIsThere(): void {
    if (this.#link.state !== 'connected') return;
    this.boards().again((name, part) => name === 'presence' && !isForGood(part.absent));
  }

  // Asks whether there is more than has been delivered. A feed may be silent for hours because nothing happens: only the
  // answer tells that from a feed that is dead.
  async probe(): Promise<void> {
    if (this.#probing || this.tabs.snapshot.session === undefined || this.#link.state !== 'connected') return;
    this.#probing = true;
    const askedAt = this.now();
    this.#horizon.ask(this.#place);
    try {
      // A daemon knows its cursor without a broker, and says so of no cursor; only a read that it forwards tells.
      const [feed, { me, age, clock }] = await Promise.all([this.clients.feed.getFeedCursor({}), askBroker(this.clients, this.now)]);
      if (this.#link.state !== 'connected') return;
      const clockOffsetMs = renewedOffset(this.tabs.snapshot.clockOffsetMs, clock);
      if (clockOffsetMs !== this.tabs.snapshot.clockOffsetMs) this.tabs.change({ clockOffsetMs });
      const turned = this.noteCopy(age);
      const isCopy = age.asOf !== undefined;
      // The broker's own cursor, as it may be further than a daemon knows.
      const there = isCopy || me.cursor.length === 0 ? feed.cursor : me.cursor;
      const level = this.#horizon.answered(there, isCopy ? undefined : askedAt);
      this.#lagging = level ? 0 : this.#lagging + 1;
      if (level && !isCopy) this.#verified(askedAt);
      // Twice behind without a delivery in between: the stream is dead, whatever it looks like.
      if (this.#lagging >= 2) {
        this.#lagging = 0;
        this.#down('the feed fell silent', this.now());
        this.feed.reconnect();
      }
      // Once when the broker is lost, for what the daemon holds, and once when it is back, for what is true.
      if (turned) {
        this.boards().retryNow();
        this.boards().again((name) => name !== 'presence');
      }
      if (!isCopy) this.boards().again((_name, part) => part.asOf !== undefined);
    } catch (error) {
      if (isUnauthenticated(error)) this.events.sessionEnded();
    } finally {
      this.#horizon.giveUp();
      this.#probing = false;
    }
  }
}
