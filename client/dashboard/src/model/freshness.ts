// How old what is on the screen is, and how loudly to say so.
import { HOME_ZONE, age, clock, day, zoneLetters } from './times';
import type { Failing, OperationBoard, Part, PartName, Snapshot } from './snapshot';

export type Level = 'live' | 'waiting' | 'reconnecting' | 'paused' | 'stale' | 'cut-off' | 'saved' | 'signed-out';

// The worker asks every 5 seconds whether there is more. Three answers missing is no hiccup any more.
export const STALE_AFTER_MS = 15_000;
export const CUT_OFF_AFTER_MS = 60_000;

export interface Freshness {
  level: Level;
  // The moment for which the screen is true; undefined before the first answer.
  asOf?: number;
  // "as of 14:03:22 CT, 2 s ago"
  text: string;
  // One word for a badge: "LIVE".
  word: string;
  // Why the banner is shown; empty without one.
  banner: string;
}

// "CT": the letters without daylight or standard, as people say them.
function spoken(ms: number): string {
  const letters = zoneLetters(ms, HOME_ZONE.iana);
  return /^[A-Z][SD]T$/.test(letters) ? `${letters[0]}T` : letters;
}

export function asOfText(asOf: number, now: number): string {
  const old = now - asOf > 12 * 3600_000 ? `${day(asOf)} ` : '';
  return `as of ${old}${clock(asOf)} ${spoken(asOf)}, ${age(now - asOf)} ago`;
}

// The oldest copy among the parts of a board; undefined when every part came from a broker.
export function oldestCopy(board: OperationBoard | undefined): number | undefined {
  let oldest: number | undefined;
  for (const part of Object.values(board?.parts ?? {})) {
    if (part?.asOf !== undefined && (oldest === undefined || part.asOf < oldest)) oldest = part.asOf;
  }
  return oldest;
}

const PART_WORDS: Record<PartName | 'conflicts' | 'operations', string> = {
  operations: 'the list of operations',
  conflicts: 'the conflicts',
  readiness: 'readiness',
  presence: 'who is connected',
  acknowledgements: 'the acknowledgements',
  totals: 'the totals',
  totalsBySource: 'the totals as each source counts',
  plan: 'the plan',
  ledger: 'the ledger',
  claims: 'the claims',
  duplicates: 'the suspected duplicates',
  releases: 'the releases',
  victims: 'victim services',
};

// What is looked at and has not been read for longer than a hiccup.
interface Overdue extends Failing {
  what: string[];
  // Of what is shown of it and has failed while the line was up; what failed for want of a line is as old as the line is dead.
  readAt?: number;
}

function overdueOf(snapshot: Snapshot, board: OperationBoard | undefined, looksAt: readonly PartName[] | undefined, now: number): Overdue | undefined {
  const parts: [keyof typeof PART_WORDS, Part<unknown> | undefined][] = [
    ['operations', snapshot.listFailing && { failing: snapshot.listFailing }],
    ['conflicts', snapshot.conflicts],
    ...(Object.entries(board?.parts ?? {}) as [PartName, Part<unknown>][]).filter(([name]) => looksAt?.includes(name) ?? true),
  ];
  let overdue: Overdue | undefined;
  for (const [name, part] of parts) {
    if (part?.failing === undefined || now - part.failing.since < STALE_AFTER_MS) continue;
    const first = overdue === undefined || part.failing.since < overdue.since ? part.failing : overdue;
    const own = part.failing.since < (snapshot.link.verifiedAt ?? 0) ? part.readAt : undefined;
    const readAt = Math.min(overdue?.readAt ?? Number.POSITIVE_INFINITY, own ?? Number.POSITIVE_INFINITY);
    overdue = { since: first.since, why: first.why, what: [...(overdue?.what ?? []), PART_WORDS[name]], ...(Number.isFinite(readAt) ? { readAt } : {}) };
  }
  return overdue;
}

// "could not be read since 14:03:22, trying again (no answer in time)"
export const failingText = ({ since, why }: Failing) => `could not be read since ${clock(since)}, trying again (${troubleText(why)})`;

const WORDS: Record<Level, string> = {
  live: 'LIVE',
  waiting: 'CONNECTING',
  reconnecting: 'RECONNECTING',
  paused: 'PAUSED',
  stale: 'STALE',
  'cut-off': 'CUT OFF',
  saved: 'SAVED COPY',
  'signed-out': 'SIGNED OUT',
};

// What went wrong, for somebody who looks after an operation and not after computers.
// How fetch says that there was no answer at all, in Chromium, Firefox and Safari.
export const gotNoAnswer = (trouble = '') => /failed to fetch|networkerror|load failed/i.test(trouble);

export function troubleText(trouble: string): string {
  if (gotNoAnswer(trouble)) return 'the gateway cannot be reached';
  if (/failed to connect|connection refused|socket closed|ipv[46]:|unix:/i.test(trouble)) return 'the broker cannot be reached';
  return trouble;
}

function bannerText(level: Level, snapshot: Snapshot, asOf: number | undefined, overdue: Overdue | undefined, silent: number, now: number): string {
  const known = asOf === undefined ? '' : ` What you see was true ${asOfText(asOf, now).slice('as of '.length)}.`;
  const why = snapshot.link.trouble ? ` (${troubleText(snapshot.link.trouble)})` : '';
  switch (level) {
    case 'stale':
      if (overdue !== undefined && silent < STALE_AFTER_MS) return `STALE: ${overdue.what.join(', ')} ${failingText(overdue)}.${known}`;
      return `STALE: nothing has been heard for ${age(silent)}.${known} Trying again${why}.`;
    case 'cut-off':
      return snapshot.link.state === 'connected'
        ? `CUT OFF: this office's agent cannot reach a broker and answers from what it holds.${known}`
        : `CUT OFF since ${clock(snapshot.link.since)}.${known} Use the telephone; trying again${why}.`;
    case 'saved':
      return `SAVED COPY: the server does not answer${why}.${known}`;
    default:
      return '';
  }
}

export interface Looking {
  pausedAt?: number | undefined;
  // The parts of the board that are shown; without it all.
  looksAt?: readonly PartName[];
  // For how long nothing has been verified by a clock that nobody sets: the other one may have been set back.
  silentMs?: number;
}

// `now` and the snapshot's local times are milliseconds of this computer's clock, except a copy's, which are the broker's.
export function freshness(snapshot: Snapshot, board: OperationBoard | undefined, looking: Looking | undefined, now: number): Freshness {
  const { pausedAt, looksAt, silentMs = 0 } = looking ?? {};
  const copies = [oldestCopy(board), snapshot.conflicts?.asOf, snapshot.link.copyAsOf].filter((one) => one !== undefined);
  const copy = copies.length === 0 ? undefined : Math.min(...copies);
  const verified = snapshot.savedAt ?? snapshot.link.verifiedAt;
  const silent = Math.max(silentMs, now - (snapshot.link.verifiedAt ?? snapshot.link.since));
  // What stands still because somebody paused it is not too late; orders and conflicts never stand still.
  const overdue =
    pausedAt === undefined
      ? overdueOf(snapshot, board, looksAt, now)
      : overdueOf({ ...snapshot, listFailing: undefined }, board, ['readiness'], now);
  let level: Level = 'live';
  if (snapshot.savedAt !== undefined) level = 'saved';
  else if (snapshot.link.state === 'signed-out') level = 'signed-out';
  else if (copy !== undefined || silent >= CUT_OFF_AFTER_MS) level = 'cut-off';
  else if (silent >= STALE_AFTER_MS || overdue !== undefined) level = 'stale';
  else if (pausedAt !== undefined) level = 'paused';
  // The line is down, but not for long enough to mistrust what is shown.
  else if (snapshot.link.state === 'reconnecting' || snapshot.link.state === 'off-line') level = 'reconnecting';
  else if (snapshot.link.verifiedAt === undefined) level = 'waiting';
  const moments = [copy, verified, overdue?.readAt].filter((one) => one !== undefined);
  const asOf = pausedAt ?? (moments.length === 0 ? undefined : Math.min(...moments));
  return {
    level,
    ...(asOf === undefined ? {} : { asOf }),
    text: asOf === undefined ? 'nothing read yet' : asOfText(asOf, now),
    word: WORDS[level],
    banner: bannerText(level, snapshot, asOf, overdue, silent, now),
  };
}
