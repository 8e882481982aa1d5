// Who is connected and how long the others have been silent, those first who are missed most.
import { OperationPhase, Role, type OperationView, type Presence } from '../gen/muster/v1/operation_pb';
import type { ReadinessBoard } from '../gen/muster/v1/readiness_pb';
import type { TallyTotals } from '../gen/muster/v1/tally_pb';
import { isReady, type Tone } from './readiness';
import { age, toMs } from './times';

export interface PresenceList {
  presence: Presence[];
  // When the broker that answered began to count, by its clock.
  countedSince?: number;
}

// 'silent': not connected now. 'unheard': not since the broker began to count. 'unknown': nobody can say.
export type PresenceState = 'connected' | 'silent' | 'unheard' | 'unknown';

export interface PresenceRow {
  agencyId: string;
  role: Role;
  state: PresenceState;
  // Since when, by the broker's clock.
  since?: number;
  lastCallAt?: number;
  // Why its silence matters now; empty: it does not hold anything up.
  missedFor: string;
}

interface Sources {
  view: OperationView;
  list?: PresenceList | undefined;
  readiness?: ReadinessBoard | undefined;
  totals?: TallyTotals | undefined;
}

// Until GO the operation waits for sites; from then on for reports.
function whyMissed(agencyId: string, siteIds: readonly string[], { view, readiness, totals }: Sources): string {
  const sites = (readiness?.sites ?? []).filter((site) => siteIds.includes(site.siteId));
  const required = sites.filter((site) => !site.optionalForGo && site.waiver === undefined && !isReady(site.status));
  const reporting = view.phase === OperationPhase.EXECUTING || view.phase === OperationPhase.REPORTING;
  const before = view.phase === OperationPhase.PLANNING || view.phase === OperationPhase.ARMED;
  if ((before || view.phase === OperationPhase.EXECUTING) && required.length > 0) {
    return `required for GO: ${required.map((site) => site.siteId).join(', ')}`;
  }
  if (reporting && agencyId !== '') {
    const stateOf = new Map(view.sites.map((site) => [site.siteId, site.state]));
    const silent = new Set(totals?.arrestsCoverage?.statesNotReported ?? []);
    const owed = [...new Set(siteIds.map((id) => stateOf.get(id) ?? ''))].filter((state) => silent.has(state));
    if (owed.length > 0) return `no figure from ${owed.join(', ')} yet`;
  }
  return '';
}

function stateOf(one: Presence | undefined, list: PresenceList | undefined): Pick<PresenceRow, 'state' | 'since' | 'lastCallAt'> {
  if (one === undefined) return { state: 'unknown' };
  const last = toMs(one.lastHeardAt);
  const heard = last === undefined ? {} : { lastCallAt: last };
  const connected = toMs(one.connectedSince);
  if (one.openFeeds > 0) return { state: 'connected', ...(connected === undefined ? {} : { since: connected }), ...heard };
  if (last !== undefined) return { state: 'silent', since: last, ...heard };
  return { state: 'unheard', ...(list?.countedSince === undefined ? {} : { since: list.countedSince }) };
}

const RANK: Record<PresenceState, number> = { unheard: 0, silent: 0, unknown: 1, connected: 2 };

export function presenceRows(sources: Sources): PresenceRow[] {
  const known = new Map((sources.list?.presence ?? []).map((one) => [one.agencyId, one]));
  const rows = sources.view.participants.map((one) => ({
    agencyId: one.agencyId,
    role: one.role,
    missedFor: whyMissed(one.agencyId, one.siteIds, sources),
    ...stateOf(known.get(one.agencyId), sources.list),
  }));
  const rank = (row: PresenceRow) => 2 * RANK[row.state] + (row.missedFor === '' ? 1 : 0);
  return rows.sort((a, b) => rank(a) - rank(b) || (a.since ?? 0) - (b.since ?? 0) || (a.agencyId < b.agencyId ? -1 : 1));
}

export interface PresenceLook {
  tone: Tone;
  shape: string;
  word: string;
  // "for 12 min"
  length: string;
}

export function presenceLook(row: PresenceRow, brokerNow: number): PresenceLook {
  const length = row.since === undefined ? '' : age(brokerNow - row.since);
  const tone = row.missedFor === '' ? 'plain' : 'warn';
  switch (row.state) {
    case 'connected':
      return { tone: 'good', shape: '●', word: 'CONNECTED', length };
    case 'silent':
      return { tone, shape: '○', word: 'SILENT', length };
    case 'unheard':
      return { tone, shape: '○', word: 'NOT HEARD', length: length === '' ? '' : `at least ${length}` };
    case 'unknown':
      return { tone: 'plain', shape: '?', word: 'NOT KNOWN', length: '' };
  }
}
