// One for a browser, however many tabs: holds the feed stream, does all reads, and tells every tab what changed.
//
// Life: ask who is signed in -> read where the feed stands, then the current state -> follow the feed from there. After a
// break the feed resumes from its last delivery; only when something is missing is everything read again.
import { OperationPhase } from '../gen/muster/v1/operation_pb';
import type { Delivery } from '../gen/muster/v1/submission_pb';
import type { Session } from '../gen/muster/gateway/v1/session_pb';
import { heardIn } from '../model/heard';
import type { Ledger } from '../model/ledger';
import { partsFor, touchedBy, type Touched } from '../model/parts';
import { ESCALATIONS_MAX, PLANS_MAX, emptySnapshot, type FeedItem, type OperationPatch, type PartName, type Patch, type SessionState } from '../model/snapshot';
import { toMs } from '../model/times';
import { Backoff } from './backoff';
import { ageListener, allPages, isUnauthenticated, refusalOf, type AnswerAge, type Clients } from './calls';
import { feedItem, makeCommands } from './commands';
import { Feed, sameBytes } from './feed';
import type { AskName, Asks, Interest, ToHub } from './protocol';
import { Reader } from './reader';
import { readPart } from './reads';
import type { Store } from './store';
import { Tabs, type Port } from './tabs';

const PROBE_MS = 5000;
const SAVE_MS = 5000;
const LEDGER_VIEW_MS = 2000;

const isOver = (phase: OperationPhase) => phase === OperationPhase.CLOSED || phase === OperationPhase.ABORTED;

function sessionState(session: Session): SessionState {
  const signedInAt = toMs(session.signedInAt);
  const endsAt = toMs(session.endsAt);
  return {
    person: session.person,
    operator: session.role === 2,
    byCertificate: session.byCertificate,
    ...(signedInAt === undefined ? {} : { signedInAt }),
    ...(endsAt === undefined ? {} : { endsAt }),
  };
}

export class Hub {
  #tabs: Tabs;
  #feed: Feed;
  #reader: Reader;
  #commands: ReturnType<typeof makeCommands>;
  #ledgers = new Map<string, Ledger>();
  #ledgersChanged = new Set<string>();
  #backoff = new Backoff();
  #startTimer: ReturnType<typeof setTimeout> | undefined;
  #probing = false;
  #lagging = 0;
  #unsaved = false;
  #numbers = 0;
  // Answers that belong to an earlier session are dropped.
  #generation = 0;

  constructor(
    private readonly clients: Clients,
    private readonly store: Store,
    private readonly now: () => number = Date.now,
  ) {
    this.#tabs = new Tabs(now());
    this.#commands = makeCommands(clients, now);
    this.#reader = new Reader((id, part) => this.#read(id, part), (error) => this.#readFailed(error), now);
    this.#feed = new Feed((afterCursor, signal) => clients.stream.subscribe({ afterCursor }, { signal }), {
      deliveries: (deliveries) => this.#take(deliveries),
      caughtUp: () => this.#connected(),
      down: (trouble, nextAttemptAt) => this.#down(trouble, nextAttemptAt),
      lost: (why) => this.#lost(why),
      signedOut: () => void this.#signedOut(),
    });
  }

  start(): void {
    void this.#begin();
    setInterval(() => void this.#probe(), PROBE_MS);
    setInterval(() => this.#save(), SAVE_MS);
    setInterval(() => this.#showLedgers(), LEDGER_VIEW_MS);
  }

  receive(port: Port, message: ToHub): void {
    switch (message.type) {
      case 'hello':
        this.#tabs.add(port, message.interest);
        this.#wantFor(message.interest);
        break;
      case 'interest':
        this.#tabs.setInterest(port, message.interest);
        this.#wantFor(message.interest);
        break;
      case 'ask':
        this.#answer(message.call, message.args).then(
          (value) => port.post({ type: 'answer', id: message.id, value }),
          (error: unknown) => {
            if (isUnauthenticated(error) && message.call !== 'signIn' && message.call !== 'enroll') void this.#signedOut();
            port.post({ type: 'refusal', id: message.id, refusal: refusalOf(error) });
          },
        );
        break;
      case 'bye':
        this.#tabs.remove(port);
        break;
    }
  }

  #change(patch: Patch, atOnce = false): void {
    this.#unsaved = true;
    this.#tabs.change(patch, atOnce);
  }

  // ---- Signing in and out ----

  async #begin(): Promise<void> {
    clearTimeout(this.#startTimer);
    const generation = ++this.#generation;
    try {
      const { session, certificateLoginUrl } = await this.clients.session.getSession({});
      if (generation !== this.#generation) return;
      if (session === undefined) {
        await this.store.wipe();
        this.#tabs.replace({
          ...emptySnapshot(this.now()),
          sessionKnown: true,
          link: { state: 'signed-out', since: this.now() },
          ...(certificateLoginUrl === '' ? {} : { certificateLoginUrl }),
        });
        return;
      }
      this.#change({ session: sessionState(session), sessionKnown: true, certificateLoginUrl }, true);
      await this.#readEverything(generation);
      this.#backoff.reset();
    } catch (error) {
      if (generation !== this.#generation) return;
      if (isUnauthenticated(error)) return this.#signedOut();
      await this.#offLine(refusalOf(error).message, generation);
    }
  }

  // The gateway cannot be reached at all: show what was kept, and keep trying.
  async #offLine(trouble: string, generation: number): Promise<void> {
    const wait = this.#backoff.next();
    if (this.#tabs.snapshot.order.length === 0) {
      const saved = await this.store.load(this.now());
      if (generation !== this.#generation) return;
      if (saved !== undefined) this.#tabs.replace(saved);
    }
    const before = this.#tabs.snapshot.link;
    const since = before.state === 'off-line' || before.state === 'reconnecting' ? before.since : this.now();
    this.#change({ link: { ...before, state: 'off-line', since, trouble, nextAttemptAt: this.now() + wait } }, true);
    this.#startTimer = setTimeout(() => void this.#begin(), wait);
  }

  async #readEverything(generation: number): Promise<void> {
    const sentAt = this.now();
    const [me, feed] = await Promise.all([this.clients.agency.whoAmI({}), this.clients.feed.getFeedCursor({})]);
    const answeredAt = this.now();
    if (generation !== this.#generation) return;
    const brokerTime = toMs(me.brokerTime);
    this.#change({
      me: {
        agencyId: me.principal?.agencyId ?? '',
        agencyName: me.agency?.agency?.name ?? '',
        post: me.principal?.post ?? '',
        state: me.agency?.agency?.state ?? '',
      },
      clockOffsetMs: brokerTime === undefined ? 0 : Math.round(brokerTime - (sentAt + answeredAt) / 2),
    });
    this.#feed.restart(feed.cursor);
    this.#reader.clear();
    this.#ledgers.clear();
    await this.#readOperations();
    if (generation === this.#generation) this.#readEveryPartAgain();
  }

  // Something may have been missed: what nobody looks at is forgotten, what somebody does is read again.
  #readEveryPartAgain(): void {
    const operations: Record<string, OperationPatch> = {};
    for (const [id, board] of Object.entries(this.#tabs.snapshot.operations)) {
      const names = Object.keys(board.parts) as PartName[];
      const forgotten = names.filter((name) => !this.#isLookedAt(id, name));
      operations[id] = { parts: Object.fromEntries(forgotten.map((name) => [name, undefined])) };
      for (const name of names) if (this.#isLookedAt(id, name)) this.#reader.want(id, name);
    }
    this.#change({ operations });
    for (const interest of this.#tabs.interests) this.#wantFor(interest);
  }

  async #signedOut(): Promise<void> {
    this.#stop();
    await this.store.wipe();
    const { certificateLoginUrl } = this.#tabs.snapshot;
    this.#tabs.replace({
      ...emptySnapshot(this.now()),
      sessionKnown: true,
      link: { state: 'signed-out', since: this.now() },
      ...(certificateLoginUrl === undefined ? {} : { certificateLoginUrl }),
    });
  }

  #stop(): void {
    ++this.#generation;
    clearTimeout(this.#startTimer);
    this.#feed.stop();
    this.#reader.clear();
    this.#ledgers.clear();
    this.#unsaved = false;
  }

  async #answer(call: AskName, args: unknown): Promise<unknown> {
    switch (call) {
      case 'signIn':
        await this.clients.session.signIn(args as Asks['signIn']['args']);
        void this.#begin();
        return null;
      case 'enroll':
        await this.clients.session.enroll(args as Asks['enroll']['args']);
        void this.#begin();
        return null;
      case 'signOut':
        // What is kept here goes first: it must not outlive a gateway that cannot be reached.
        await this.store.wipe();
        await this.clients.session.signOut({});
        await this.#signedOut();
        return null;
      default:
        return (this.#commands[call] as (args: unknown) => Promise<unknown>)(args);
    }
  }

  // ---- Reading ----

  #operationOf(interest: Interest): string | undefined {
    const { order } = this.#tabs.snapshot;
    return order.includes(interest.operation) ? interest.operation : order[0];
  }

  // Wants the parts that a view shows and that nobody has read yet.
  #wantFor(interest: Interest): void {
    const id = this.#operationOf(interest);
    if (id === undefined || this.#tabs.snapshot.savedAt !== undefined) return;
    const parts = this.#tabs.snapshot.operations[id]?.parts ?? {};
    for (const part of partsFor(interest.view)) {
      const missing = parts[part] === undefined || (part === 'ledger' && !this.#ledgers.has(id) && parts.ledger?.absent === undefined);
      if (missing) this.#reader.want(id, part);
    }
  }

  // Whether somebody looks at it; what nobody does is forgotten instead of read again, so that it is read afresh later.
  #isLookedAt(id: string, part: PartName): boolean {
    return this.#tabs.interests.some((one) => this.#operationOf(one) === id && partsFor(one.view).includes(part));
  }

  async #readOperations(): Promise<void> {
    const views = await allPages(
      (page) => this.clients.operation.listOperations({ page, read: { atLeastCursor: this.#feed.cursor } }),
      (response) => response.operations,
    );
    const named = new Map(views.map((view) => [view.operation?.operationId ?? '', view]));
    // What is still going on first, then the latest.
    const order = [...named.keys()].sort((a, b) => {
      const [x, y] = [named.get(a)!, named.get(b)!];
      return Number(isOver(x.phase)) - Number(isOver(y.phase)) || (toMs(y.createdAt) ?? 0) - (toMs(x.createdAt) ?? 0) || (a < b ? -1 : 1);
    });
    const operations: Record<string, OperationPatch> = {};
    for (const [id, view] of named) operations[id] = { view };
    this.#change({ order, operations, whyEmpty: 'there is no operation in which your agency takes part', savedAt: null }, true);
  }

  async #read(id: string, part: Touched): Promise<void> {
    const generation = this.#generation;
    if (part === 'operations') {
      const known = this.#tabs.snapshot.order.join();
      await this.#readOperations();
      if (this.#tabs.snapshot.order.join() !== known) for (const one of this.#tabs.interests) this.#wantFor(one);
      return;
    }
    const { parts, ledger } = await readPart(this.clients, id, part, this.#feed.cursor, this.now);
    if (generation !== this.#generation) return;
    if (ledger !== undefined) this.#ledgers.set(id, ledger);
    const plan = part === 'plan' ? parts.plan?.value : undefined;
    this.#change({ operations: { [id]: { parts, ...(plan === undefined ? {} : { plans: this.#withPlan(id, plan) }) } } });
  }

  #withPlan(id: string, plan: NonNullable<OperationPatch['plans']>[number]) {
    const known = this.#tabs.snapshot.operations[id]?.plans ?? [];
    return [...known.filter((one) => one.version !== plan.version), plan].sort((a, b) => a.version - b.version).slice(-PLANS_MAX);
  }

  #readFailed(error: unknown): void {
    if (isUnauthenticated(error)) void this.#signedOut();
  }

  // ---- The feed ----

  #take(deliveries: Delivery[]): void {
    const appended: FeedItem[] = [];
    const operations: Record<string, OperationPatch> = {};
    for (const delivery of deliveries) {
      const item = feedItem(delivery, ++this.#numbers);
      if (item === undefined || delivery.notice === undefined) continue;
      appended.push(item);
      const id = item.operationId;
      for (const part of touchedBy(delivery.notice)) {
        if (part === 'operations') this.#reader.want('', part);
        else if (this.#isLookedAt(id, part)) this.#reader.want(id, part);
        else if (this.#tabs.snapshot.operations[id]?.parts[part] !== undefined) {
          operations[id] = { ...operations[id], parts: { ...operations[id]?.parts, [part]: undefined } };
        }
      }
      if (this.#tabs.snapshot.operations[id] === undefined) continue;
      const heard = heardIn(delivery.notice);
      operations[id] = { ...operations[id], heard: { ...operations[id]?.heard, ...heard } };
      const content = delivery.notice.content;
      if (content.case === 'tallyEntry') this.#ledgers.get(id)?.add(content.value);
      if (content.case === 'tallyCorrection') this.#ledgers.get(id)?.correct(content.value);
      if (content.case === 'tallyEntry' || content.case === 'tallyCorrection') this.#ledgersChanged.add(id);
      if (content.case === 'plan') operations[id].plans = this.#withPlan(id, content.value);
      if (content.case === 'escalation') {
        const known = operations[id].escalations ?? this.#tabs.snapshot.operations[id]?.escalations ?? [];
        operations[id].escalations = [...known, item].slice(-ESCALATIONS_MAX);
      }
    }
    const link = { ...this.#tabs.snapshot.link, verifiedAt: this.now() };
    this.#change({ appended, operations, link, deliveries: this.#tabs.snapshot.deliveries + appended.length });
  }

  #showLedgers(): void {
    for (const id of this.#ledgersChanged) {
      const ledger = this.#ledgers.get(id);
      if (ledger === undefined || !this.#isLookedAt(id, 'ledger')) continue;
      this.#change({ operations: { [id]: { parts: { ledger: { value: ledger.view(), readAt: this.now() } } } } });
    }
    this.#ledgersChanged.clear();
  }

  #connected(): void {
    this.#lagging = 0;
    this.#change({ link: { state: 'connected', since: this.now(), verifiedAt: this.now() }, savedAt: null }, true);
  }

  #down(trouble: string, nextAttemptAt: number): void {
    const before = this.#tabs.snapshot.link;
    const since = before.state === 'reconnecting' ? before.since : this.now();
    this.#change({ link: { ...before, state: 'reconnecting', since, trouble, nextAttemptAt } }, true);
  }

  #lost(why: 'trimmed' | 'gap'): void {
    this.#change({
      gaps: this.#tabs.snapshot.gaps + 1,
      link: {
        ...this.#tabs.snapshot.link,
        state: 'reconnecting',
        since: this.now(),
        trouble: why === 'gap' ? 'the feed has a gap; reading everything again' : 'the feed was trimmed; reading everything again',
      },
    });
    void this.#begin();
  }

  // Asks whether there is more than has been delivered. A feed may be silent for hours because nothing happens: only the
  // answer tells that from a feed that is dead.
  async #probe(): Promise<void> {
    const { link, session } = this.#tabs.snapshot;
    if (this.#probing || session === undefined || link.state !== 'connected') return;
    this.#probing = true;
    const asked = this.now();
    try {
      const age: AnswerAge = {};
      const before = this.#feed.cursor;
      const { cursor } = await this.clients.feed.getFeedCursor({}, ageListener(age));
      if (this.#tabs.snapshot.link.state !== 'connected') return;
      const level = sameBytes(cursor, before) || !sameBytes(before, this.#feed.cursor);
      this.#lagging = level ? 0 : this.#lagging + 1;
      if (level) this.#change({ link: { ...this.#tabs.snapshot.link, verifiedAt: asked } });
      // Twice behind without a delivery in between: the stream is dead, whatever it looks like.
      if (this.#lagging >= 2) {
        this.#lagging = 0;
        this.#down('the feed fell silent', this.now());
        this.#feed.reconnect();
      }
      this.#readCopiesAgain(age.asOf !== undefined);
    } catch (error) {
      if (isUnauthenticated(error)) await this.#signedOut();
    } finally {
      this.#probing = false;
    }
  }

  // A daemon's copies are read again until a broker answers.
  #readCopiesAgain(all: boolean): void {
    for (const [id, board] of Object.entries(this.#tabs.snapshot.operations)) {
      for (const [name, part] of Object.entries(board.parts)) {
        if ((all || part?.asOf !== undefined) && this.#isLookedAt(id, name as PartName)) this.#reader.want(id, name as PartName);
      }
    }
  }

  #save(): void {
    const { session, link, savedAt, order } = this.#tabs.snapshot;
    if (!this.#unsaved || session === undefined || savedAt !== undefined || link.verifiedAt === undefined || order.length === 0) return;
    this.#unsaved = false;
    void this.store.save(this.#tabs.snapshot, this.now());
  }
}
