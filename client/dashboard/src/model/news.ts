// What rings: a conflict that nobody has taken on, and an escalation, that were not there when this page became live.
import { itemsOf, unowned, whereText, type ConflictItem } from './conflicts';
import { noticeText } from './notice_text';
import type { Snapshot } from './snapshot';
import { unrealWord } from './words';

// By a name that is the same in every snapshot.
function ringingIn(snapshot: Snapshot, items: readonly ConflictItem[]): Map<string, string> {
  const ringing = new Map<string, string>();
  const nameOf = (id: string) => snapshot.operations[id]?.view.operation?.codeName ?? id;
  const where = (one: ConflictItem) => [whereText(one, nameOf), unrealWord(one.mode)].filter(Boolean).join(', ');
  for (const one of unowned(items)) {
    ringing.set(`conflict ${one.conflictId}`, `New conflict ${where(one)}: ${one.who}. Nobody has taken it on.`);
  }
  for (const [id, board] of Object.entries(snapshot.operations)) {
    for (const one of board.escalations) {
      ringing.set(`escalation ${one.cursor}`, `${nameOf(id)}: ${noticeText(one.notice)}`);
    }
  }
  // Escalations are kept with their operations: of a conflict without one, only its state tells.
  for (const one of items.filter((item) => item.open && item.escalated && !item.operationIds.some((id) => id in snapshot.operations))) {
    ringing.set(`escalated ${one.conflictId}`, `Conflict ${where(one)}, escalated: ${one.who}. Nobody has answered in time.`);
  }
  return ringing;
}

export class News {
  #known: Set<string> | undefined;
  #looked: Pick<Snapshot, 'operations' | 'conflicts'> | undefined;

  forget(): void {
    this.#known = undefined;
    this.#looked = undefined;
  }

  // What has come since the last call. What is there when the page opens is shown, but is not news.
  in(snapshot: Snapshot): string[] {
    const { operations, conflicts } = snapshot;
    // Until the feed has caught up, what it tells is the past.
    if (this.#known === undefined && snapshot.link.state !== 'connected') return [];
    const isRead = conflicts?.value !== undefined || conflicts?.absent !== undefined;
    if (!isRead || (operations === this.#looked?.operations && conflicts === this.#looked.conflicts)) return [];
    this.#looked = { operations, conflicts };
    const items = itemsOf(conflicts.value);
    const ringing = ringingIn(snapshot, items);
    const known = this.#known;
    // One that somebody had taken on already is not new when that changes.
    this.#known = new Set([...(known ?? []), ...ringing.keys(), ...items.map((one) => `conflict ${one.conflictId}`)]);
    return known === undefined ? [] : [...ringing].filter(([key]) => !known.has(key)).map(([, text]) => text);
  }
}
