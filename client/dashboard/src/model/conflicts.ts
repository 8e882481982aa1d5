// A conflict, whether its reader is told as a watch desk or as a party, in one form for the screen.
import { ConflictKind, ConflictResolution, ConflictState, type ConflictStep, type DistanceBand, type TargetKind } from '../gen/muster/v1/activity_pb';
import type { OperationMode, TimeWindow } from '../gen/muster/v1/basics_pb';
import type { ConflictView } from '../gen/muster/v1/deconfliction_pb';
import { toMs } from './times';

export interface Contact {
  agencyId: string;
  name: string;
  phone: string;
  // A watch desk reads whether this party has been told (rule C7).
  told?: boolean;
}

export interface ConflictItem {
  conflictId: string;
  kinds: ConflictKind[];
  state: ConflictState;
  open: boolean;
  owned: boolean;
  // Known to a watch desk only; a party is told that somebody does.
  owner: string;
  escalated: boolean;
  respondBy?: number;
  overlap?: TimeWindow;
  distance: DistanceBand;
  targetKinds: TargetKind[];
  contacts: Contact[];
  resolution: ConflictResolution;
  steps: ConflictStep[];
  mode: OperationMode;
  // The reader is a party, not a desk.
  asParty: boolean;
  who: string;
}

const OVER = [ConflictState.RESOLVED, ConflictState.EXPIRED, ConflictState.CANCELLED];

export function itemOf(view: ConflictView): ConflictItem | undefined {
  const of = view.view;
  if (of.case === undefined) return undefined;
  const one = of.value;
  const base = {
    conflictId: one.conflictId,
    kinds: one.kinds,
    state: one.state,
    open: !OVER.includes(one.state),
    escalated: one.state === ConflictState.ESCALATED || (of.case === 'conflict' && of.value.escalatedAt !== undefined),
    ...(one.respondBy === undefined ? {} : { respondBy: toMs(one.respondBy)! }),
    ...(one.overlap === undefined ? {} : { overlap: one.overlap }),
    distance: one.distance,
    targetKinds: one.matchedTargetKinds,
    resolution: one.resolution,
    steps: one.steps,
    mode: one.mode,
  };
  if (of.case === 'conflict') {
    return {
      ...base,
      owned: of.value.ownerAgencyId !== '',
      owner: of.value.ownerAgencyId,
      contacts: of.value.parties.map((p) => ({ agencyId: p.agencyId, name: p.contactName, phone: p.contactPhone24h, told: p.told })),
      asParty: false,
      who: of.value.parties.map((p) => p.agencyId).join(' and '),
    };
  }
  // A party is not told who owns it, only that somebody does.
  const owned = one.state !== ConflictState.OPEN && one.state !== ConflictState.ESCALATED;
  return {
    ...base,
    owned,
    owner: owned ? 'a watch desk' : '',
    contacts: [{ agencyId: of.value.otherAgencyId, name: of.value.otherContactName, phone: of.value.otherContactPhone24h }],
    asParty: true,
    who: `with ${of.value.otherAgencyId}`,
  };
}

// Open before over; what nobody has taken on first, then by the time to respond.
export function byUrgency(a: ConflictItem, b: ConflictItem): number {
  const rank = (one: ConflictItem) => (one.open ? (one.owned ? 1 : 0) : 2);
  return (
    rank(a) - rank(b) ||
    (a.respondBy ?? Number.POSITIVE_INFINITY) - (b.respondBy ?? Number.POSITIVE_INFINITY) ||
    (a.conflictId < b.conflictId ? -1 : 1)
  );
}

export function itemsOf(views: readonly ConflictView[] | undefined): ConflictItem[] {
  return (views ?? [])
    .map(itemOf)
    .filter((item) => item !== undefined)
    .sort(byUrgency);
}

export const unowned = (items: readonly ConflictItem[]) => items.filter((item) => item.open && !item.owned);

export const RESOLUTIONS = [
  { value: ConflictResolution.PROCEED, word: 'PROCEED', means: 'both go ahead as planned' },
  { value: ConflictResolution.JOINT, word: 'JOINT', means: 'they act together' },
  { value: ConflictResolution.DELAY, word: 'DELAY', means: 'one waits for the other' },
  { value: ConflictResolution.CANCEL, word: 'CANCEL', means: 'one does not go ahead' },
  { value: ConflictResolution.FALSE_MATCH, word: 'FALSE MATCH', means: 'they have nothing to do with each other' },
] as const;
