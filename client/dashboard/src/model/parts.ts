// Which reads a notice makes necessary: the same table as the terminal board's, and the parts that only this app reads.
import type { Notice } from '../gen/muster/v1/submission_pb';
import type { PartName } from './snapshot';

// What is read once for all operations: the list of them, and the conflicts, of which some belong to none.
export type AgencyWide = 'operations' | 'conflicts';
export type Touched = PartName | AgencyWide;
export const isAgencyWide = (part: Touched): part is AgencyWide => part === 'operations' || part === 'conflicts';

// The ledger is kept up by the notices themselves.
const TALLY: readonly Touched[] = ['totals', 'totalsBySource', 'claims', 'duplicates'];

export function touchedBy(notice: Pick<Notice, 'content'>): readonly Touched[] {
  switch (notice.content.case) {
    case 'operation':
      return ['operations', 'readiness'];
    case 'participant':
      return ['operations', 'acknowledgements', 'readiness', 'presence'];
    case 'plan':
      return ['acknowledgements', 'readiness', 'plan'];
    case 'acknowledgement':
      return ['acknowledgements'];
    case 'readiness':
      return ['readiness', 'operations'];
    case 'tallyEntry':
    case 'tallyCorrection':
    case 'duplicate':
      return TALLY;
    case 'claim':
      return ['claims'];
    case 'activity':
    case 'alert':
    case 'conflict':
      return ['conflicts'];
    case 'escalation':
      return ['conflicts', 'readiness'];
    case 'release':
      return ['releases'];
    case 'readinessNotice':
    case 'capacity':
    case 'services':
    case 'referral':
      return ['victims'];
    default:
      return [];
  }
}

export const VIEWS = ['overview', 'tallies', 'conflicts', 'plan', 'victims', 'timeline'] as const;
export type ViewName = (typeof VIEWS)[number];

// What every view shows, whoever looks at it.
export const BASE_PARTS: readonly PartName[] = ['readiness', 'acknowledgements', 'totals'];

const MORE_PARTS: Record<ViewName, readonly PartName[]> = {
  // The last report of each agency comes from the feed.
  overview: ['presence'],
  tallies: ['totalsBySource', 'ledger', 'claims', 'duplicates', 'releases'],
  conflicts: [],
  plan: ['plan'],
  victims: ['victims'],
  timeline: ['plan', 'ledger', 'claims', 'duplicates', 'releases'],
};

// The parts that somebody looking at `view` needs.
export function partsFor(view: ViewName): readonly PartName[] {
  return [...BASE_PARTS, ...MORE_PARTS[view]];
}
