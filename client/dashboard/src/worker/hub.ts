// One for a browser, however many tabs: holds the feed stream, does all reads, and tells every tab what changed.
//
// Life: ask who is signed in -> read where the feed stands, then the current state -> follow the feed from there. After a
// break the feed resumes from its last delivery; only when something is missing is everything read again.
//
// Reading order: boards.ts (what is read and when), live.ts (what the feed changes), tabs.ts (who is told).
import type { GetSessionResponse } from '../gen/muster/gateway/v1/session_pb';
import { emptySnapshot, type SessionState, type Snapshot } from '../model/snapshot';
import { Backoff } from './backoff';
import { Boards } from './boards';
import { isUnauthenticated, refusalOf, type Clients } from './calls';
import { makeCommands } from './commands';
import { failingPatch } from './failing';
import { Live } from './live';
import type { AskName, Asks, ToHub } from './protocol';
import type { ReadFailed } from './reader';
import type { Store } from './store';
import { Tabs, type Port } from './tabs';
import { askBroker, meOf, sessionState } from './who';

const PROBE_MS = 5000;
const PRESENCE_MS = 10_000;
const SAVE_MS = 5000;
const LEDGER_VIEW_MS = 2000;

const beganAt = (session: SessionState | undefined) => session?.signedInAt ?? 0;

export class Hub {
  #tabs: Tabs;
  #boards: Boards;
  #live: Live;
  #commands: ReturnType<typeof makeCommands>;
  #backoff = new Backoff();
  // What waits for its turn: to begin, or to ask who is signed in.
  #turn: { act: () => void; timer: ReturnType<typeof setTimeout> } | undefined;
  // Of which generation it is being asked who is signed in.
  #asking: number | undefined;
  #savedRevision = 0;
  // Not from the moment at which somebody signs out until somebody is signed in again.
  #mayKeep = false;
  // What belongs to an earlier session is dropped.
  #generation = 0;
  #timers: ReturnType<typeof setInterval>[] = [];
  // For good: the tabs have another hub.
  #retired = false;

  constructor(
    private readonly clients: Clients,
    private readonly store: Store,
    private readonly now: () => number = Date.now,
  ) {
    this.#tabs = new Tabs(now());
    this.#commands = makeCommands(clients, now);
    const events = { beginAgain: () => void this.#begin(), sessionEnded: () => void this.#signedOut('session-ended') };
    this.#live = new Live(clients, this.#tabs, () => this.#boards, events, now);
    const failed: ReadFailed = (error, id, part, since) => {
      if (isUnauthenticated(error)) return events.sessionEnded();
      this.#tabs.change(failingPatch(this.#tabs.snapshot, error, id, part, since));
    };
    this.#boards = new Boards(clients, this.#tabs, () => this.#live.cursor, failed, now);
  }

  start(): void {
    void this.#begin();
    this.#timers = [
      setInterval(() => void this.#live.probe(), PROBE_MS),
      setInterval(() => this.#live.askWhoIsThere(), PRESENCE_MS),
      setInterval(() => this.#endInTime() || this.#save(), SAVE_MS),
      setInterval(() => this.#boards.showLedgers(), LEDGER_VIEW_MS),
    ];
  }

  receive(port: Port, message: ToHub): void {
    if (this.#retired) return port.post({ type: 'retired' });
    switch (message.type) {
      case 'hello':
        this.#tabs.add(port, message.interest);
        this.#boards.wantFor(message.interest);
        if (this.#tabs.snapshot.link.state === 'signed-out') void this.#askAgain();
        break;
      case 'ping':
        port.post({ type: 'pong' });
        break;
      case 'tryNow':
        this.#tryNow();
        break;
      case 'retire':
        this.#retire();
        break;
      case 'interest':
        this.#tabs.setInterest(port, message.interest);
        this.#boards.wantFor(message.interest);
        break;
      case 'ask':
        this.#answer(message.call, message.args).then(
          (value) => port.post({ type: 'answer', id: message.id, value }),
          (error: unknown) => {
            if (isUnauthenticated(error) && message.call !== 'signIn' && message.call !== 'enroll') void this.#signedOut('session-ended');
            port.post({ type: 'refusal', id: message.id, refusal: refusalOf(error) });
          },
        );
        break;
      case 'bye':
        this.#tabs.remove(port);
        break;
    }
  }

  // A call that began at `begunAt` got no answer at all.
  unanswered(begunAt: number): void {
    this.#tabs.tell({ type: 'unanswered', begunAt });
  }

  // ---- Beginning ----

  async #begin(): Promise<void> {
    this.#takeTurn();
    if (this.#retired) return;
    const generation = ++this.#generation;
    try {
      const { session, certificateLoginUrl, ended } = await this.#whoIsSignedIn();
      if (generation !== this.#generation) return;
      this.#tabs.change({ certificateLoginUrl });
      if (session === undefined) {
        this.#backoff.reset();
        return await this.#signedOut(ended ? 'session-ended' : undefined);
      }
      this.#mayKeep = true;
      this.#tabs.change({ session: sessionState(session), sessionKnown: true }, true);
      await this.#readEverything(generation);
      this.#backoff.reset();
    } catch (error) {
      if (generation !== this.#generation) return;
      if (isUnauthenticated(error)) return this.#signedOut('session-ended');
      await this.#offLine(refusalOf(error).message, generation);
    }
  }

  // A session that was left here while no gateway could be told is ended first: nobody comes back by it.
  async #whoIsSignedIn(): Promise<GetSessionResponse> {
    const answer = await this.clients.session.getSession({});
    const left = await this.store.left();
    if (left === undefined) return answer;
    if (answer.session !== undefined && beganAt(sessionState(answer.session)) === left) {
      await this.#endSession();
      delete answer.session;
    }
    await this.store.settle();
    return answer;
  }

  // Another tab may have come back with a card's session. The answer that nobody is signed in changes nothing; without an
  // answer it is asked again.
  async #askAgain(): Promise<void> {
    const generation = this.#generation;
    if (this.#retired || this.#asking === generation) return;
    this.#asking = generation;
    try {
      const { session } = await this.#whoIsSignedIn();
      if (generation !== this.#generation) return;
      this.#backoff.reset();
      if (session !== undefined) void this.#begin();
      else if (this.#tabs.snapshot.left === 'signed-out-here') this.#tabs.change({ left: 'signed-out' });
    } catch {
      // While the hub begins, that decides what comes next.
      const isOut = this.#tabs.snapshot.link.state === 'signed-out';
      if (generation === this.#generation && isOut) this.#later(() => void this.#askAgain(), this.#backoff.next());
    } finally {
      if (this.#asking === generation) this.#asking = undefined;
    }
  }

  async #readEverything(generation: number): Promise<void> {
    const [{ me, age, clock }, feed] = await Promise.all([askBroker(this.clients, this.now), this.clients.feed.getFeedCursor({})]);
    if (generation !== this.#generation) return;
    this.#live.noteCopy(age);
    this.#tabs.change({ me: meOf(me), clockOffsetMs: clock?.offsetMs ?? 0 });
    this.#boards.clear();
    await this.#boards.readOperations();
    if (generation !== this.#generation) return;
    this.#live.begin(feed.cursor);
    this.#boards.everythingAgain();
  }

  #later(act: () => void, wait: number): void {
    this.#takeTurn();
    this.#turn = { act, timer: setTimeout(() => this.#takeTurn()?.(), wait) };
  }

  // What waited waits no more; the caller may do it.
  #takeTurn(): (() => void) | undefined {
    const turn = this.#turn;
    this.#turn = undefined;
    clearTimeout(turn?.timer);
    return turn?.act;
  }

  // Whatever waits for its next turn has it now.
  #tryNow(): void {
    this.#takeTurn()?.();
    this.#live.feed.tryNow();
    this.#boards.retryNow();
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
    this.#tabs.change({ link: { ...before, state: 'off-line', since, trouble, nextAttemptAt: this.now() + wait } }, true);
    this.#later(() => void this.#begin(), wait);
  }

  // ---- Ending ----

  #stop(): void {
    ++this.#generation;
    this.#takeTurn();
    this.#live.stop();
    this.#boards.clear();
  }

  // This hub reaches nobody, and a tab that does has a hub of its own (LineCheck): so will the other tabs, and those that are
  // opened later. What this one still knows must not be kept beside what that one keeps.
  #retire(): void {
    this.#retired = true;
    this.#mayKeep = false;
    this.#stop();
    for (const timer of this.#timers) clearInterval(timer);
    this.#tabs.retire();
  }

  // Nothing of what was known stays, here or in any tab.
  async #signedOut(left: Snapshot['left']): Promise<void> {
    this.#mayKeep = false;
    this.#stop();
    const { certificateLoginUrl } = this.#tabs.snapshot;
    this.#tabs.replace({
      ...emptySnapshot(this.now()),
      sessionKnown: true,
      link: { state: 'signed-out', since: this.now() },
      ...(certificateLoginUrl === undefined ? {} : { certificateLoginUrl }),
      ...(left === undefined ? {} : { left }),
    });
    await this.store.wipe();
  }

  // A session has its end though no gateway can be reached to say so: what it read must not be looked at for longer.
  #endInTime(): boolean {
    const endsAt = this.#tabs.snapshot.session?.endsAt;
    if (endsAt === undefined || this.now() < endsAt) return false;
    void this.#signedOut('session-ended').then(() => this.#begin());
    return true;
  }

  // Only what a session vouches for that is alive now: with the line down, another hub may have signed out meanwhile.
  #save(): void {
    const { session, link, savedAt, order } = this.#tabs.snapshot;
    if (!this.#mayKeep || session === undefined || savedAt !== undefined || link.state !== 'connected') return;
    if (this.#tabs.revision === this.#savedRevision || link.verifiedAt === undefined || order.length === 0) return;
    this.#savedRevision = this.#tabs.revision;
    void this.store.save(this.#tabs.snapshot, this.now());
  }

  // ---- What tabs ask for ----

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
        return this.#signOut();
      default:
        return (this.#commands[call] as (args: unknown) => Promise<unknown>)(args);
    }
  }

  // What is kept here goes first: it must not outlive a gateway that cannot be reached. Such a gateway is told as soon as
  // one answers.
  async #signOut(): Promise<null> {
    this.#mayKeep = false;
    this.#stop();
    await this.store.wipe();
    await this.store.leave(beganAt(this.#tabs.snapshot.session));
    try {
      await this.#endSession();
      await this.store.settle();
      await this.#signedOut('signed-out');
    } catch {
      await this.#signedOut('signed-out-here');
      this.#later(() => void this.#askAgain(), this.#backoff.next());
    }
    return null;
  }

  async #endSession(): Promise<void> {
    await this.clients.session.signOut({}).catch((error: unknown) => {
      if (!isUnauthenticated(error)) throw error;
    });
  }
}
