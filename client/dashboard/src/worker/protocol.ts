// What tabs and the hub say to each other. Everything passes by structured clone.
import type { ObjectClass } from '../gen/muster/v1/access_pb';
import type { ConflictResolution, ConflictState } from '../gen/muster/v1/activity_pb';
import type { Outcome } from '../gen/muster/v1/outcome_pb';
import type { PlanView } from '../gen/muster/v1/plan_pb';
import type { PreviewReleaseResponse, ReleaseCellName } from '../gen/muster/v1/release_pb';
import type { CountingDefinition, ExplainTallyResponse, FigureKind, TallyTotals } from '../gen/muster/v1/tally_pb';
import type { ViewName } from '../model/parts';
import type { FeedItem, Patch, Snapshot } from '../model/snapshot';

// What a tab looks at: the hub reads no more than somebody needs.
export interface Interest {
  view: ViewName;
  // Empty: the first operation.
  operation: string;
}

type Named<T> = Omit<T, '$typeName' | '$unknown'>;

export interface Asks {
  signIn: { args: { person: string; password: string }; answer: null };
  enroll: { args: { code: string; password: string }; answer: null };
  signOut: { args: Record<string, never>; answer: null };
  acknowledgePlan: {
    args: { operationId: string; version: number; contentSha256: string; rejectionReason: string };
    answer: Outcome | undefined;
  };
  advanceConflict: { args: { conflictId: string; state: ConflictState; text: string }; answer: Outcome | undefined };
  resolveConflict: { args: { conflictId: string; resolution: ConflictResolution; text: string }; answer: Outcome | undefined };
  explainTally: {
    args: { operationId: string; figure: FigureKind; definition: CountingDefinition; asOf?: number };
    answer: ExplainTallyResponse;
  };
  totalsAsOf: { args: { operationId: string; asOf: number }; answer: TallyTotals };
  previewRelease: {
    args: { operationId: string; cells: Named<ReleaseCellName>[]; withheld: Named<ReleaseCellName>[] };
    answer: PreviewReleaseResponse;
  };
  // A version of the plan that did not come by on the feed.
  planVersion: { args: { operationId: string; version: number }; answer: PlanView };
  disclosures: { args: { operationId: string }; answer: DisclosureSummary };
  // The feed from the beginning: for the timeline only, as it may be long.
  history: { args: { operationId: string }; answer: History };
}
export type AskName = keyof Asks;

export interface History {
  items: FeedItem[];
  // The place of the last delivery that was read, whichever operation it was about: what comes after it is not here.
  last: string;
  // The beginning is missing: the broker keeps it no more, or it was too much.
  incomplete: string;
}

// How often something was told to whom (rule V4).
export interface DisclosureLine {
  from: string;
  to: string;
  objectClass: ObjectClass;
  count: number;
}
export interface DisclosureSummary {
  lines: DisclosureLine[];
  // Why there are none to read.
  absent: string;
}

// Why something was not done.
export interface Refusal {
  // The gRPC code's name: "unauthenticated".
  code: string;
  message: string;
  // google.rpc.ErrorInfo.reason: "STALE_PLAN_VERSION".
  reason: string;
  retryAfterMs?: number;
}

export type ToHub =
  | { type: 'hello'; tab: string; interest: Interest }
  | { type: 'interest'; interest: Interest }
  | { type: 'ask'; id: number; call: AskName; args: unknown }
  // Whether the hub is alive: it answers at once.
  | { type: 'ping' }
  // The gateway answers the tab: what the hub waits for is worth an attempt now.
  | { type: 'tryNow' }
  // The hub is of no use, for good: tabs keep one of their own instead.
  | { type: 'retire' }
  | { type: 'bye' };

export type ToTab =
  | { type: 'snapshot'; snapshot: Snapshot }
  | { type: 'patch'; patch: Patch }
  | { type: 'answer'; id: number; value: unknown }
  | { type: 'refusal'; id: number; refusal: Refusal }
  | { type: 'pong' }
  // No gateway answered a call that began at `begunAt`.
  | { type: 'unanswered'; begunAt: number }
  // The answer to whatever comes once a tab has said 'retire'.
  | { type: 'retired' };

// Between the elected tab and its worker, where a browser has no shared workers: whose message it is.
export interface ToElected {
  from: string;
  message: ToHub;
}
export interface FromElected {
  tab: string;
  message: ToTab;
}
