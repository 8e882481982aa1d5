// Victim services in words: counts and tickets only (rules V1, V2).
import { Role, type OperationView } from '../gen/muster/v1/operation_pb';
import { ReferralState, type Capacity, type LanguageCount, type ReadinessNotice, type Referral } from '../gen/muster/v1/victims_pb';
import type { Date as CalendarDate } from '../gen/muster/v1/basics_pb';
import type { Tone } from './readiness';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

// "26 Aug 2021": a calendar day belongs to no zone.
export function calendarDay(date: CalendarDate | undefined): string {
  return date === undefined ? 'not stated' : `${date.day} ${MONTHS[date.month - 1] ?? '?'} ${date.year}`;
}

const languageNames = new Intl.DisplayNames(['en-US'], { type: 'language' });
export function languageWord(code: string): string {
  if (code === '') return 'not stated';
  try {
    return languageNames.of(code) ?? code;
  } catch {
    return code;
  }
}

export function languagesText(all: readonly LanguageCount[]): string {
  return all.map((one) => `${one.count} ${languageWord(one.language)}`).join(', ');
}

// "10 to 20", "12".
export function personsText(notice: ReadinessNotice): string {
  return notice.personsMin === notice.personsMax ? String(notice.personsMax) : `${notice.personsMin} to ${notice.personsMax}`;
}

export function bedsOf(capacities: readonly { capacity?: Capacity }[]): number {
  return capacities.reduce((sum, one) => sum + (one.capacity?.beds ?? 0), 0);
}

export const REFERRAL_LOOKS: Record<ReferralState, [Tone, string, string]> = {
  [ReferralState.UNSPECIFIED]: ['plain', '?', 'UNKNOWN'],
  [ReferralState.REQUESTED]: ['warn', '…', 'WAITING'],
  [ReferralState.ACCEPTED]: ['good', '✓', 'ACCEPTED'],
  [ReferralState.DECLINED]: ['alarm', '✕', 'DECLINED'],
  [ReferralState.COMPLETED]: ['plain', '■', 'COMPLETED'],
};

const ORDER = [ReferralState.REQUESTED, ReferralState.DECLINED, ReferralState.ACCEPTED, ReferralState.COMPLETED];

// What waits for an answer first.
export function referralsByUrgency(all: readonly Referral[]): Referral[] {
  const rank = (one: Referral) => ORDER.indexOf(one.state);
  const at = (one: Referral) => Number(one.requestedAt?.seconds ?? 0n);
  return [...all].sort((a, b) => rank(a) - rank(b) || at(a) - at(b) || (a.ticket < b.ticket ? -1 : 1));
}

// "7f3a 2c1e …": eight digits are enough to tell tickets apart when they are read aloud; the files hold all.
export const ticketText = (ticket: string) => `${ticket.slice(0, 4)} ${ticket.slice(4, 8)} …`;

const READERS = [Role.LEAD, Role.PARTICIPANT, Role.PROSECUTOR, Role.VICTIM_SERVICES, Role.AUDITOR];

// Whether the view is worth offering: the others are refused by the broker.
export function readsVictimServices(view: OperationView | undefined, agencyId: string | undefined): boolean {
  const own = view?.participants.find((one) => one.agencyId === agencyId)?.role;
  // A partner is told of no operation, so that it finds itself on none (rule V2).
  return own === undefined || READERS.includes(own);
}
