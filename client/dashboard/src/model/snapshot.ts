// What the dashboard knows: the link, who is signed in, and of each operation what was read last. Plain values without
// methods, so that they pass between the worker, its tabs and the store as they are.
import type { ConflictView } from '../gen/muster/v1/deconfliction_pb';
import type { Reconciliation } from '../gen/muster/v1/claims_pb';
import type { OperationView } from '../gen/muster/v1/operation_pb';
import type { Acknowledgement, PlanView } from '../gen/muster/v1/plan_pb';
import type { ReadinessBoard } from '../gen/muster/v1/readiness_pb';
import type { Release } from '../gen/muster/v1/release_pb';
import type { Notice } from '../gen/muster/v1/submission_pb';
import type { SuspectedDuplicate, TallyTotals } from '../gen/muster/v1/tally_pb';
import type { GetVictimServicesResponse } from '../gen/muster/v1/victims_pb';
import type { LedgerView } from './ledger';
import type { PresenceList } from './presence';

// What is read by a call of its own, for one operation.
export interface PartValues {
  readiness: ReadinessBoard;
  // Asked for every ten seconds: no notice tells of it.
  presence: PresenceList;
  acknowledgements: Acknowledgement[];
  totals: TallyTotals;
  totalsBySource: TallyTotals;
  plan: PlanView;
  // Read once, then kept up by the feed.
  ledger: LedgerView;
  claims: Reconciliation[];
  duplicates: SuspectedDuplicate[];
  releases: Release[];
  victims: GetVictimServicesResponse;
}
export type PartName = keyof PartValues;

// A read that goes on failing; it is tried again and again.
export interface Failing {
  // The first time in a row; milliseconds of the local clock.
  since: number;
  // For a person.
  why: string;
}

export interface Part<T> {
  value?: T;
  // Why there is no value, in a few words: "not for your role", "none yet".
  absent?: string;
  // When the answer came; milliseconds of the local clock.
  readAt?: number;
  // Set when the answer was a daemon's copy: when that was true.
  asOf?: number;
  // Deliveries about the operation have come since the copy was made.
  superseded?: boolean;
  // Set while it cannot be read, or read again: what else is here is older than it should be, or there is nothing yet.
  failing?: Failing;
}
export type Parts = { [K in PartName]?: Part<PartValues[K]> };

// The last report of an agency that this viewer's feed or reads told of.
export interface Heard {
  at: number;
  what: string;
}

export interface OperationBoard {
  view: OperationView;
  parts: Parts;
  heard: Record<string, Heard>;
  // The versions of the plan that came by, for comparing: the newest last.
  plans: PlanView[];
  escalations: FeedItem[];
}

export interface FeedItem {
  // Counts deliveries since the worker began; a key for lists.
  number: number;
  // Its place in the feed, and the place before it, as text: what joins the feed's past to what comes now.
  cursor: string;
  previous: string;
  at: number;
  operationId: string;
  notice: Notice;
}

export type LinkState = 'starting' | 'connected' | 'reconnecting' | 'signed-out' | 'off-line';

export interface Link {
  state: LinkState;
  // Since when; milliseconds of the local clock.
  since: number;
  // The latest moment of which everything is known to have been delivered. A delivery alone moves it no further: more may be
  // on its way.
  verifiedAt?: number;
  // A daemon answers from what it holds, which was true at this moment; the broker's clock. Unset: a broker answers.
  copyAsOf?: number;
  // What went wrong last, for a person.
  trouble?: string;
  // When the next attempt is made.
  nextAttemptAt?: number;
}

export interface SessionState {
  person: string;
  operator: boolean;
  byCertificate: boolean;
  signedInAt?: number;
  endsAt?: number;
}

export interface Me {
  agencyId: string;
  agencyName: string;
  post: string;
  state: string;
}

export interface Snapshot {
  link: Link;
  session?: SessionState;
  // Undefined until the gateway has been asked.
  sessionKnown: boolean;
  certificateLoginUrl?: string;
  me?: Me;
  // The operations the agency takes part in, in the order in which they are shown.
  order: string[];
  // Set while that list cannot be read.
  listFailing?: Failing | undefined;
  // Why there is none.
  whyEmpty: string;
  operations: Record<string, OperationBoard>;
  // Of every operation and of none: two activities without an operation conflict, too.
  conflicts?: Part<ConflictView[]>;
  // The oldest first, no more than RECENT_MAX.
  recent: FeedItem[];
  deliveries: number;
  // How often the feed's chain of cursors was broken and everything was read again.
  gaps: number;
  // Broker's clock minus this computer's.
  clockOffsetMs: number;
  // Set when this is the copy kept in the browser: when it was saved.
  savedAt?: number;
  // Why nobody is signed in any more. 'signed-out-here': the gateway could not be told.
  left?: 'signed-out' | 'signed-out-here' | 'session-ended';
}

// What is kept does not grow with the night: the timeline reads what is older from the broker.
export const RECENT_MAX = 300;
export const ESCALATIONS_MAX = 50;
export const PLANS_MAX = 12;

export interface OperationPatch {
  view?: OperationView;
  parts?: Parts;
  heard?: Record<string, Heard>;
  plans?: PlanView[];
  escalations?: FeedItem[];
}

// What changed. A tab that holds the snapshot before it and applies it holds the one after it.
export interface Patch extends Partial<Omit<Snapshot, 'operations' | 'session' | 'savedAt'>> {
  // null: nobody is signed in.
  session?: SessionState | null;
  operations?: Record<string, OperationPatch>;
  // New items, the oldest first. With `recent`: they follow it.
  appended?: FeedItem[];
  // Null: this is no saved copy any more.
  savedAt?: number | null;
}

export function emptySnapshot(now: number): Snapshot {
  return {
    link: { state: 'starting', since: now },
    sessionKnown: false,
    order: [],
    whyEmpty: 'reading the operations …',
    operations: {},
    recent: [],
    deliveries: 0,
    gaps: 0,
    clockOffsetMs: 0,
  };
}

function withOperation(before: OperationBoard | undefined, patch: OperationPatch): OperationBoard | undefined {
  const view = patch.view ?? before?.view;
  if (view === undefined) return undefined;
  return {
    view,
    parts: patch.parts ? { ...before?.parts, ...patch.parts } : (before?.parts ?? {}),
    heard: patch.heard ? { ...before?.heard, ...patch.heard } : (before?.heard ?? {}),
    plans: patch.plans ?? before?.plans ?? [],
    escalations: patch.escalations ?? before?.escalations ?? [],
  };
}

// Makes a new snapshot; what the patch does not name is the very same object as before.
export function applyPatch(before: Snapshot, patch: Patch): Snapshot {
  const { operations, appended, session, savedAt, ...plain } = patch;
  const after: Snapshot = { ...before, ...plain };
  if (session !== undefined) {
    if (session === null) delete after.session;
    else after.session = session;
  }
  if (savedAt !== undefined) {
    if (savedAt === null) delete after.savedAt;
    else after.savedAt = savedAt;
  }
  if (operations !== undefined) {
    after.operations = { ...before.operations };
    for (const [id, one] of Object.entries(operations)) {
      const board = withOperation(before.operations[id], one);
      if (board !== undefined) after.operations[id] = board;
    }
  }
  if (plain.order !== undefined) {
    const kept = new Set(plain.order);
    after.operations = Object.fromEntries(Object.entries(after.operations).filter(([id]) => kept.has(id)));
  }
  if (appended !== undefined && appended.length > 0) after.recent = [...after.recent, ...appended].slice(-RECENT_MAX);
  return after;
}
