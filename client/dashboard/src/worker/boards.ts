// What is known of each operation: which of it somebody looks at, and reading that when it is missing or was touched.
import { create } from '@bufbuild/protobuf';
import { OperationPhase, OperationViewSchema, type OperationView } from '../gen/muster/v1/operation_pb';
import type { PlanView } from '../gen/muster/v1/plan_pb';
import type { Notice } from '../gen/muster/v1/submission_pb';
import { isAgencyWide, partsFor, touchedBy, type AgencyWide, type Touched } from '../model/parts';
import { PLANS_MAX, type OperationPatch, type Part, type PartName } from '../model/snapshot';
import { toMs } from '../model/times';
import { allPages, type Clients } from './calls';
import { Ledgers } from './ledgers';
import type { Interest } from './protocol';
import { Reader, type ReadFailed } from './reader';
import { readConflicts, readPart } from './reads';
import type { Tabs } from './tabs';

const isOver = (phase: OperationPhase) => phase === OperationPhase.CLOSED || phase === OperationPhase.ABORTED;

// What is still going on first, then the latest.
function inOrder(views: ReadonlyMap<string, OperationView>): string[] {
  const created = (id: string) => toMs(views.get(id)?.createdAt) ?? 0;
  const over = (id: string) => Number(isOver(views.get(id)?.phase ?? OperationPhase.UNSPECIFIED));
  return [...views.keys()].sort((a, b) => over(a) - over(b) || created(b) - created(a) || (a < b ? -1 : 1));
}

// A victim-services partner reads no operation (rule V2): it learns of one by what its feed says of victim services.
const TELLS_OF_UNLISTED = ['readinessNotice', 'capacity', 'services', 'referral'];

export class Boards {
  readonly ledgers = new Ledgers();
  #reader: Reader;
  #unlisted = new Map<string, OperationView>();
  // Answers that were asked for before the last `clear` are dropped.
  #generation = 0;

  constructor(
    private readonly clients: Clients,
    private readonly tabs: Tabs,
    private readonly cursor: () => Uint8Array,
    failed: ReadFailed,
    private readonly now: () => number,
  ) {
    this.#reader = new Reader((id, part) => this.#read(id, part), failed, now);
  }

  clear(): void {
    ++this.#generation;
    this.#reader.clear();
    this.ledgers.clear();
    this.#unlisted.clear();
  }

  // ---- Who looks at what ----

  #operationOf(interest: Interest): string | undefined {
    const { order } = this.tabs.snapshot;
    return order.includes(interest.operation) ? interest.operation : order[0];
  }

  #partsOf(id: string, interest: Interest): readonly PartName[] {
    return this.#unlisted.has(id) ? ['victims'] : partsFor(interest.view);
  }

  // Wants the parts that a view shows and that nobody has read yet.
  wantFor(interest: Interest): void {
    const id = this.#operationOf(interest);
    if (id === undefined || this.tabs.snapshot.savedAt !== undefined) return;
    const parts = this.tabs.snapshot.operations[id]?.parts ?? {};
    for (const part of this.#partsOf(id, interest)) {
      const missing = parts[part] === undefined || (part === 'ledger' && !this.ledgers.has(id) && parts.ledger?.absent === undefined);
      if (missing) this.#reader.want(id, part);
    }
  }

  isLookedAt(id: string, part: PartName): boolean {
    return this.tabs.interests.some((one) => this.#operationOf(one) === id && this.#partsOf(id, one).includes(part));
  }

  // A delivery touched these parts. What nobody looks at is forgotten instead of read again, so that it is read afresh later.
  touch(notice: Notice, patch: OperationPatch): void {
    const id = notice.operationId;
    for (const part of touchedBy(notice)) {
      // Conflicts ring whoever looks at what, and those of no operation belong to no board.
      if (isAgencyWide(part)) this.#reader.want('', part);
      else if (this.isLookedAt(id, part)) this.#reader.want(id, part);
      else if (this.tabs.snapshot.operations[id]?.parts[part] !== undefined) patch.parts = { ...patch.parts, [part]: undefined };
    }
  }

  // Whether the delivery told of an operation that is on no list.
  learn(notice: Notice): boolean {
    const id = notice.operationId;
    if (id === '' || this.#unlisted.has(id) || !TELLS_OF_UNLISTED.includes(notice.content.case ?? '')) return false;
    if (this.tabs.snapshot.order.includes(id)) return false;
    this.#unlisted.set(id, create(OperationViewSchema, { operation: { operationId: id, codeName: id, mode: notice.mode } }));
    return true;
  }

  // ---- Reading again what is there already ----

  // The parts that somebody looks at and the conflicts, of those that `choose` lets through.
  again(choose: (name: PartName | 'conflicts', part: Part<unknown>) => boolean): void {
    const { conflicts } = this.tabs.snapshot;
    if (conflicts !== undefined && choose('conflicts', conflicts)) this.#reader.want('', 'conflicts');
    for (const [id, board] of Object.entries(this.tabs.snapshot.operations)) {
      for (const [name, part] of Object.entries(board.parts) as [PartName, Part<unknown> | undefined][]) {
        if (part !== undefined && choose(name, part) && this.isLookedAt(id, name)) this.#reader.want(id, name);
      }
    }
  }

  // Something may have been missed: what nobody looks at is forgotten, what somebody does is read again.
  everythingAgain(): void {
    const operations: Record<string, OperationPatch> = {};
    for (const [id, board] of Object.entries(this.tabs.snapshot.operations)) {
      const forgotten = (Object.keys(board.parts) as PartName[]).filter((name) => !this.isLookedAt(id, name));
      operations[id] = { parts: Object.fromEntries(forgotten.map((name) => [name, undefined])) };
    }
    this.again(() => true);
    this.#reader.want('', 'conflicts');
    this.tabs.change({ operations });
    for (const interest of this.tabs.interests) this.wantFor(interest);
  }

  // What failed is not left to its patience any more.
  retryNow(): void {
    this.#reader.retryNow();
  }

  showLedgers(): void {
    for (const [id, value] of this.ledgers.changedViews((one) => this.isLookedAt(one, 'ledger'))) {
      this.tabs.change({ operations: { [id]: { parts: { ledger: { value, readAt: this.now() } } } } });
    }
  }

  // ---- Reading ----

  async readOperations(): Promise<void> {
    const generation = this.#generation;
    const views = await allPages(
      (page) => this.clients.operation.listOperations({ page, read: { atLeastCursor: this.cursor() } }),
      (response) => response.operations,
    );
    if (generation !== this.#generation) return;
    const named = new Map([...this.#unlisted, ...views.map((view) => [view.operation?.operationId ?? '', view] as const)]);
    for (const view of views) this.#unlisted.delete(view.operation?.operationId ?? '');
    const operations: Record<string, OperationPatch> = {};
    for (const [id, view] of named) operations[id] = { view };
    const whyEmpty = 'There is no operation that your agency may read.';
    this.tabs.change({ order: inOrder(named), operations, whyEmpty, savedAt: null, listFailing: undefined }, true);
  }

  withPlan(id: string, plan: PlanView): PlanView[] {
    const known = this.tabs.snapshot.operations[id]?.plans ?? [];
    return [...known.filter((one) => one.version !== plan.version), plan].sort((a, b) => a.version - b.version).slice(-PLANS_MAX);
  }

  async #readAgencyWide(part: AgencyWide): Promise<void> {
    if (part === 'conflicts') {
      const generation = this.#generation;
      const conflicts = await readConflicts(this.clients, this.cursor(), this.now);
      if (generation === this.#generation) this.tabs.change({ conflicts });
      return;
    }
    const known = this.tabs.snapshot.order.join();
    await this.readOperations();
    if (this.tabs.snapshot.order.join() !== known) for (const one of this.tabs.interests) this.wantFor(one);
  }

  async #read(id: string, part: Touched): Promise<void> {
    if (isAgencyWide(part)) return this.#readAgencyWide(part);
    const generation = this.#generation;
    if (part === 'ledger') this.ledgers.reading(id);
    const { parts, ledger } = await readPart(this.clients, id, part, this.cursor(), this.now).catch((error: unknown) => {
      if (part === 'ledger') this.ledgers.notRead(id);
      throw error;
    });
    if (generation !== this.#generation) return;
    if (ledger !== undefined) parts.ledger!.value = this.ledgers.set(id, ledger);
    else if (part === 'ledger') this.ledgers.notRead(id);
    const plan = part === 'plan' ? parts.plan?.value : undefined;
    this.tabs.change({ operations: { [id]: { parts, ...(plan === undefined ? {} : { plans: this.withPlan(id, plan) }) } } });
  }
}
