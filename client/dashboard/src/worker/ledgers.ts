// The ledgers that are kept up by the feed: one for each operation whose entries somebody has looked at.
import type { Notice } from '../gen/muster/v1/submission_pb';
import type { Ledger, LedgerView } from '../model/ledger';

function apply(notice: Notice, ledger: Ledger): boolean {
  if (notice.content.case === 'tallyEntry') ledger.add(notice.content.value);
  else if (notice.content.case === 'tallyCorrection') ledger.correct(notice.content.value);
  else return false;
  return true;
}

export class Ledgers {
  #ledgers = new Map<string, Ledger>();
  #changed = new Set<string>();
  // Of the operations whose ledger is being read: what came meanwhile, which the answer need not hold.
  #meanwhile = new Map<string, Notice[]>();

  has(operationId: string): boolean {
    return this.#ledgers.has(operationId);
  }

  // A read is sent: what comes from now on belongs to its answer too.
  reading(operationId: string): void {
    this.#meanwhile.set(operationId, []);
  }

  // The answer, and what came while it was on its way: the same entry twice is one (rule T15).
  set(operationId: string, ledger: Ledger): LedgerView {
    for (const notice of this.#meanwhile.get(operationId) ?? []) apply(notice, ledger);
    this.#meanwhile.delete(operationId);
    this.#changed.delete(operationId);
    this.#ledgers.set(operationId, ledger);
    return ledger.view();
  }

  // There was no ledger in the answer, or no answer: the next read will hold what came until then.
  notRead(operationId: string): void {
    this.#meanwhile.delete(operationId);
  }

  clear(): void {
    this.#ledgers.clear();
    this.#changed.clear();
    this.#meanwhile.clear();
  }

  take(notice: Notice): void {
    const id = notice.operationId;
    if (['tallyEntry', 'tallyCorrection'].includes(notice.content.case ?? '')) this.#meanwhile.get(id)?.push(notice);
    const ledger = this.#ledgers.get(id);
    if (ledger !== undefined && apply(notice, ledger)) this.#changed.add(id);
  }

  // The views of those that have changed and have not been given out since, of the operations that `isWanted`.
  changedViews(isWanted: (operationId: string) => boolean): [string, LedgerView][] {
    const views: [string, LedgerView][] = [];
    for (const id of this.#changed) {
      const ledger = this.#ledgers.get(id);
      if (ledger === undefined || !isWanted(id)) continue;
      views.push([id, ledger.view()]);
      this.#changed.delete(id);
    }
    return views;
  }
}
