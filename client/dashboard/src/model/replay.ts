// The operation as its feed had told of it by a moment.
import { ConflictState } from '../gen/muster/v1/activity_pb';
import { OperationPhase } from '../gen/muster/v1/operation_pb';
import { AcknowledgementStatus, type Acknowledgement } from '../gen/muster/v1/plan_pb';
import type { GoOrder, HHour, SiteReadiness } from '../gen/muster/v1/readiness_pb';
import { Ledger } from './ledger';
import type { FeedItem } from './snapshot';

export interface Replayed {
  phase: OperationPhase;
  hHour?: HHour;
  go?: GoOrder;
  sites: Map<string, SiteReadiness>;
  acknowledgements: Map<string, Acknowledgement>;
  planVersion: number;
  openConflicts: number;
  // From entries in the feed; undefined when it told of none.
  arrests?: number;
  persons?: number;
  items: number;
}

const OVER = [ConflictState.RESOLVED, ConflictState.EXPIRED, ConflictState.CANCELLED];

function isOver(state: ConflictState): boolean {
  return OVER.includes(state);
}

// `history` is in the order of the feed.
export function replayTo(history: readonly FeedItem[], moment: number): Replayed {
  const replayed: Replayed = {
    phase: OperationPhase.PLANNING,
    sites: new Map(),
    acknowledgements: new Map(),
    planVersion: 0,
    openConflicts: 0,
    items: 0,
  };
  const conflicts = new Map<string, boolean>();
  const ledger = new Ledger();
  for (const item of history) {
    if (item.at > moment) break;
    ++replayed.items;
    const content = item.notice.content;
    switch (content.case) {
      case 'operation':
        replayed.phase = content.value.phase;
        break;
      case 'plan':
        replayed.planVersion = content.value.version;
        break;
      case 'acknowledgement':
        replayed.acknowledgements.set(content.value.agencyId, content.value);
        break;
      case 'readiness': {
        const board = content.value;
        // A new epoch voids every READY, GO and HOLD (rule G3).
        if (board.hHour && board.hHour.epoch !== replayed.hHour?.epoch) {
          replayed.sites.clear();
          delete replayed.go;
        }
        if (board.phase !== OperationPhase.UNSPECIFIED) replayed.phase = board.phase;
        if (board.hHour) replayed.hHour = board.hHour;
        if (board.go) replayed.go = board.go;
        for (const site of board.sites) replayed.sites.set(site.siteId, site);
        break;
      }
      case 'conflict':
      case 'alert':
        conflicts.set(content.value.conflictId, !isOver(content.value.state));
        break;
      case 'tallyEntry':
        ledger.add(content.value);
        break;
      case 'tallyCorrection':
        ledger.correct(content.value);
        break;
      default:
        break;
    }
  }
  replayed.openConflicts = [...conflicts.values()].filter(Boolean).length;
  const last = ledger.view().series.filter((point) => point.at <= moment).at(-1);
  if (last?.arrests !== undefined) replayed.arrests = last.arrests;
  if (last?.persons !== undefined) replayed.persons = last.persons;
  return replayed;
}

export function acknowledgedCount(replayed: Replayed): number {
  return [...replayed.acknowledgements.values()].filter((one) => one.status === AcknowledgementStatus.ACKNOWLEDGED).length;
}
