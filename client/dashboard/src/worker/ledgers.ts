// The ledgers that are kept up by the feed: one for each operation whose entries somebody has looked at.
import type { Notice } from '../gen/muster/v1/submission_pb';
import type { Ledger, LedgerView } from '../model/ledger';

export class Ledgers {
  #ledgers = new Map<string, Ledger>();
  #changed = new Set<string>();

  has(operationId: string): boolean {
    return this.#ledgers.has(operationId);
  }

  set(operationId: string, ledger: Ledger): void {
    this.#ledgers.set(operationId, ledger);
  }

  clear(): void {
    this.#ledgers.clear();
    this.#changed.clear();
  }

  take(notice: Notice): void {
    const ledger = this.#ledgers.get(notice.operationId);
    if (ledger === undefined) return;
    if (notice.content.case === 'tallyEntry') ledger.add(notice.content.value);
    else if (notice.content.case === 'tallyCorrection') ledger.correct(notice.content.value);
    else return;
    this.#changed.add(notice.operationId);
  }

  // The views of those that have changed since the last call, of the operations that `isWanted`.
  changedViews(isWanted: (operationId: string) => boolean): [string, LedgerView][] {
    const views: [string, LedgerView][] = [];
    for (const id of this.#changed) {
      const ledger = this.#ledgers.get(id);
      if (ledger !== undefined && isWanted(id)) views.push([id, ledger.view()]);
    }
    this.#changed.clear();
    return views;
  }
}
