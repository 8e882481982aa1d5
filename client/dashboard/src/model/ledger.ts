// The ledger's confirmed arrests and persons, small enough to hold every entry of an operation: figures over time, and the
// corrections. Kept up by the feed, so that a change does not mean reading thousands of entries again.
import type { TallyCorrection } from '../gen/muster/v1/submission_pb';
import { TallyCategory, TallyStatus, type TallyEntryRecord, type TallyReversal } from '../gen/muster/v1/tally_pb';
import { seriesOf, thinned, type LedgerEntry, type SeriesPoint } from './series';
import { toMs } from './times';

export interface CorrectionLine {
  at: number;
  entryId: string;
  agencyId: string;
  author: string;
  reason: string;
  siteId: string;
  category: TallyCategory;
  before: number;
  // What stands in its place, added up where that is of the same category; the words say the rest.
  after: { category: TallyCategory; count: number; entryId: string }[];
}

export interface LedgerView {
  entries: number;
  series: SeriesPoint[];
  corrections: CorrectionLine[];
  // There are older corrections than those: only the latest are held.
  correctionsLeftOut: boolean;
  // More entries came than are held: the series begins too low.
  overflowed: boolean;
}

export const LEDGER_ENTRIES_MAX = 60_000;
const POINTS_MAX = 400;
export const CORRECTIONS_MAX = 500;

const isArrest = (c: TallyCategory) => c >= TallyCategory.ARREST_TRAFFICKER && c <= TallyCategory.ARREST_UNCATEGORISED;
const isPerson = (c: TallyCategory) =>
  c >= TallyCategory.PERSON_RECOVERED_ADULT && c <= TallyCategory.PERSON_RECOVERED_AGE_UNKNOWN;

// What is held of an entry: enough for the series and for saying what a correction changed. Tens of thousands of whole records
// would be most of the memory of this app.
interface Held extends LedgerEntry {
  category: TallyCategory;
  count: number;
  siteId: string;
  agencyId: string;
}

function heldOf(record: TallyEntryRecord, shared: (text: string) => string): Held | undefined {
  const entry = record.entry;
  const at = toMs(record.reportedAt);
  if (entry === undefined || at === undefined) return undefined;
  const { category, count } = entry;
  const counts = entry.status === TallyStatus.CONFIRMED;
  const reversedAt = toMs(record.reversal?.reversedAt);
  return {
    at,
    category,
    count,
    siteId: shared(entry.siteId),
    agencyId: shared(entry.primaryAgencyId),
    replaces: record.replacesEntryId !== '',
    ...(counts && isArrest(category) ? { arrests: count } : {}),
    ...(counts && isPerson(category) ? { persons: count } : {}),
    ...(reversedAt === undefined ? {} : { reversedAt }),
  };
}

const byAge = (a: CorrectionLine, b: CorrectionLine) => a.at - b.at || (a.entryId < b.entryId ? -1 : Number(a.entryId !== b.entryId));

export class Ledger {
  #entries = new Map<string, Held>();
  #corrections = new Map<string, CorrectionLine>();
  #overflowed = false;
  #correctionsLeftOut = false;
  // Sites and agencies are few: each name is held once.
  #texts = new Map<string, string>();
  #shared = (text: string): string => {
    const known = this.#texts.get(text);
    if (known === undefined) this.#texts.set(text, text);
    return known ?? text;
  };

  add(record: TallyEntryRecord): void {
    const id = record.entry?.entryId;
    const held = heldOf(record, this.#shared);
    if (id === undefined || held === undefined) return;
    const before = this.#entries.get(id);
    if (before === undefined && this.#entries.size >= LEDGER_ENTRIES_MAX) {
      this.#overflowed = true;
      return;
    }
    // A correction may come before the entry it reverses; the same entry may come twice (rule T15).
    if (before?.reversedAt !== undefined) held.reversedAt = before.reversedAt;
    this.#entries.set(id, held);
    if (record.reversal !== undefined) this.#reversed(id, held, record.reversal);
    if (record.replacesEntryId !== '') this.#replaced(record, held);
  }

  correct(correction: TallyCorrection): void {
    const held = this.#entries.get(correction.entryId);
    const at = toMs(correction.reversal?.reversedAt);
    if (held !== undefined && correction.reversal !== undefined && at !== undefined) {
      this.#entries.set(correction.entryId, { ...held, reversedAt: at });
      this.#reversed(correction.entryId, held, correction.reversal);
    }
    for (const one of correction.replacements) this.add(one);
  }

  #reversed(entryId: string, { agencyId, siteId, category, count }: Held, reversal: TallyReversal): void {
    this.#put(entryId, {
      at: toMs(reversal.reversedAt) ?? 0,
      entryId,
      agencyId,
      author: reversal.author?.agencyId ?? '',
      reason: reversal.reason,
      siteId,
      category,
      before: count,
      after: this.#corrections.get(entryId)?.after ?? [],
    });
  }

  #replaced(record: TallyEntryRecord, { at, agencyId, siteId, category, count }: Held): void {
    const replaced = record.replacesEntryId;
    const entryId = record.entry?.entryId ?? '';
    const known = this.#corrections.get(replaced);
    const after = (known?.after ?? []).filter((one) => one.entryId !== entryId);
    after.push({ category, count, entryId });
    const author = record.reportedBy?.agencyId ?? '';
    const unknown = { at: this.#entries.get(replaced)?.reversedAt ?? at, entryId: replaced, agencyId, author, reason: '', siteId, category, before: 0 };
    this.#put(replaced, { ...(known ?? unknown), after });
  }

  #put(entryId: string, line: CorrectionLine): void {
    this.#corrections.set(entryId, line);
    if (this.#corrections.size <= CORRECTIONS_MAX) return;
    // The oldest goes, whatever the order in which they came (rule T15).
    let oldest = line;
    for (const one of this.#corrections.values()) if (byAge(one, oldest) < 0) oldest = one;
    this.#corrections.delete(oldest.entryId);
    this.#correctionsLeftOut = true;
  }

  view(): LedgerView {
    return {
      entries: this.#entries.size,
      series: thinned(seriesOf([...this.#entries.values()]), POINTS_MAX),
      corrections: [...this.#corrections.values()].sort((a, b) => byAge(b, a)),
      correctionsLeftOut: this.#correctionsLeftOut,
      overflowed: this.#overflowed,
    };
  }
}

export function ledgerOf(records: Iterable<TallyEntryRecord>): Ledger {
  const ledger = new Ledger();
  for (const record of records) ledger.add(record);
  return ledger;
}
