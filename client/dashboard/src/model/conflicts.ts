// A conflict, whether its reader is told as a watch desk or as a party, in one form for the screen.
import { ConflictKind, ConflictResolution, ConflictState, type ConflictStep, type DistanceBand, type TargetKind } from '../gen/muster/v1/activity_pb';
import type { OperationMode, TimeWindow } from '../gen/muster/v1/basics_pb';
import type { ConflictView } from '../gen/muster/v1/deconfliction_pb';
import { isOn, letsAgency, type Filter } from './filter';
import { toMs } from './times';

export interface Contact {
  agencyId: string;
  name: string;
  phone: string;
  // A watch desk reads whether this party has been told (rule C7).
  told?: boolean;
}

export interface ConflictItem {
  // One conflict comes twice where both activities are the reader's own.
  key: string;
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
  // Those of its activities that the reader may know; none: of no operation of the reader's.
  operationIds: string[];
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
      key: one.conflictId,
      operationIds: [...new Set(of.value.parties.map((p) => p.operationId))].filter((id) => id !== ''),
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
    key: `${one.conflictId} ${of.value.activityId}`,
    operationIds: of.value.operationId === '' ? [] : [of.value.operationId],
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
    (a.key < b.key ? -1 : 1)
  );
}

export function itemsOf(views: readonly ConflictView[] | undefined): ConflictItem[] {
  return (views ?? [])
    .map(itemOf)
    .filter((item) => item !== undefined)
    .sort(byUrgency);
}

// Those of the operation that is shown first: nobody looks for what belongs to another, or to none.
export function shownFirst(items: readonly ConflictItem[], operationId: string): ConflictItem[] {
  const outside = (item: ConflictItem) => Number(!item.operationIds.includes(operationId));
  return [...items].sort((a, b) => outside(a) - outside(b) || byUrgency(a, b));
}

// Where a conflict is that does not belong to the operation that is shown; empty for one that does. `nameOf`: what people call
// an operation.
export function outsideText(item: ConflictItem, operationId: string, nameOf: (id: string) => string): string {
  if (operationId !== '' && item.operationIds.includes(operationId)) return '';
  return whereText(item, nameOf);
}

export function whereText({ operationIds }: ConflictItem, nameOf: (id: string) => string): string {
  return operationIds.length === 0 ? 'of no operation of yours' : `of ${operationIds.map(nameOf).join(' and ')}`;
}

// What lies outside the operation that is shown has no states there: those of its agencies are not known.
export function letsConflict(filter: Filter, item: ConflictItem, states: ReadonlyMap<string, ReadonlySet<string>>): boolean {
  if (!isOn(filter)) return true;
  return item.contacts.some(({ agencyId }) => letsAgency(states.has(agencyId) ? filter : { ...filter, states: [] }, agencyId, states));
}

export const unowned = (items: readonly ConflictItem[]) => items.filter((item) => item.open && !item.owned);

export const RESOLUTIONS = [
  { value: ConflictResolution.PROCEED, word: 'PROCEED', means: 'both go ahead as planned' },
  { value: ConflictResolution.JOINT, word: 'JOINT', means: 'they act together' },
  { value: ConflictResolution.DELAY, word: 'DELAY', means: 'one waits for the other' },
  { value: ConflictResolution.CANCEL, word: 'CANCEL', means: 'one does not go ahead' },
  { value: ConflictResolution.FALSE_MATCH, word: 'FALSE MATCH', means: 'they have nothing to do with each other' },
] as const;
