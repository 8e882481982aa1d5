// How old what is on the screen is, and how loudly to say so.
import { HOME_ZONE, age, clock, day, zoneLetters } from './times';
import type { OperationBoard, Snapshot } from './snapshot';

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

function bannerText(level: Level, snapshot: Snapshot, asOf: number | undefined, now: number): string {
  const known = asOf === undefined ? '' : ` What you see was true ${asOfText(asOf, now).slice('as of '.length)}.`;
  const why = snapshot.link.trouble ? ` (${troubleText(snapshot.link.trouble)})` : '';
  switch (level) {
    case 'stale':
      return `STALE: nothing has been heard for ${age(now - (asOf ?? snapshot.link.since))}.${known} Trying again${why}.`;
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

// `now` and the snapshot's local times are milliseconds of this computer's clock, except a copy's, which are the broker's.
export function freshness(snapshot: Snapshot, board: OperationBoard | undefined, pausedAt: number | undefined, now: number): Freshness {
  const copies = [oldestCopy(board), snapshot.link.copyAsOf].filter((one) => one !== undefined);
  const copy = copies.length === 0 ? undefined : Math.min(...copies);
  const verified = snapshot.savedAt ?? snapshot.link.verifiedAt;
  const asOf = pausedAt ?? (copy === undefined ? verified : Math.min(copy, verified ?? copy));
  const silent = now - (snapshot.link.verifiedAt ?? snapshot.link.since);
  let level: Level = 'live';
  if (snapshot.savedAt !== undefined) level = 'saved';
  else if (snapshot.link.state === 'signed-out') level = 'signed-out';
  else if (copy !== undefined || silent >= CUT_OFF_AFTER_MS) level = 'cut-off';
  else if (silent >= STALE_AFTER_MS) level = 'stale';
  else if (pausedAt !== undefined) level = 'paused';
  // The line is down, but not for long enough to mistrust what is shown.
  else if (snapshot.link.state === 'reconnecting' || snapshot.link.state === 'off-line') level = 'reconnecting';
  else if (snapshot.link.verifiedAt === undefined) level = 'waiting';
  return {
    level,
    ...(asOf === undefined ? {} : { asOf }),
    text: asOf === undefined ? 'nothing read yet' : asOfText(asOf, now),
    word: WORDS[level],
    banner: bannerText(level, snapshot, asOf, now),
  };
}
