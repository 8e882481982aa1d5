// The ledger's confirmed arrests and persons, small enough to hold every entry of an operation: figures over time, and the
// corrections. Kept up by the feed, so that a change does not mean reading thousands of entries again.
import type { TallyCorrection } from '../gen/muster/v1/submission_pb';
import { TallyCategory, TallyStatus, type TallyEntryRecord } from '../gen/muster/v1/tally_pb';
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
  // More entries came than are held: the series begins too low.
  overflowed: boolean;
}

export const LEDGER_ENTRIES_MAX = 60_000;
const POINTS_MAX = 400;
const CORRECTIONS_MAX = 500;

const isArrest = (c: TallyCategory) => c >= TallyCategory.ARREST_TRAFFICKER && c <= TallyCategory.ARREST_UNCATEGORISED;
const isPerson = (c: TallyCategory) =>
  c >= TallyCategory.PERSON_RECOVERED_ADULT && c <= TallyCategory.PERSON_RECOVERED_AGE_UNKNOWN;

function compact(record: TallyEntryRecord): LedgerEntry | undefined {
  const at = toMs(record.reportedAt);
  const entry = record.entry;
  if (entry === undefined || at === undefined || entry.status !== TallyStatus.CONFIRMED) return undefined;
  const arrests = isArrest(entry.category) ? entry.count : 0;
  const persons = isPerson(entry.category) ? entry.count : 0;
  const reversedAt = toMs(record.reversal?.reversedAt);
  return { at, arrests, persons, replaces: record.replacesEntryId !== '', ...(reversedAt === undefined ? {} : { reversedAt }) };
}

export class Ledger {
  #entries = new Map<string, LedgerEntry>();
  // What a correction needs to know of what it corrects.
  #records = new Map<string, TallyEntryRecord>();
  #corrections = new Map<string, CorrectionLine>();
  #overflowed = false;

  add(record: TallyEntryRecord): void {
    const id = record.entry?.entryId;
    const small = compact(record);
    if (id === undefined || record.entry === undefined) return;
    if (this.#entries.size >= LEDGER_ENTRIES_MAX && !this.#entries.has(id)) {
      this.#overflowed = true;
      return;
    }
    const reversedBefore = this.#entries.get(id)?.reversedAt;
    // A correction may come before the entry it reverses; the same entry may come twice (rule T15).
    if (small !== undefined) {
      this.#entries.set(id, reversedBefore === undefined ? small : { ...small, reversedAt: reversedBefore });
    }
    if (record.reversal !== undefined || record.replacesEntryId !== '') this.#noteCorrection(record);
    else this.#records.set(id, record);
  }

  correct(correction: TallyCorrection): void {
    const old = this.#records.get(correction.entryId);
    const at = toMs(correction.reversal?.reversedAt);
    if (old !== undefined && correction.reversal !== undefined) this.add({ ...old, reversal: correction.reversal });
    else if (at !== undefined) {
      const known = this.#entries.get(correction.entryId);
      if (known !== undefined) this.#entries.set(correction.entryId, { ...known, reversedAt: at });
    }
    for (const one of correction.replacements) this.add(one);
  }

  #noteCorrection(record: TallyEntryRecord): void {
    const entry = record.entry!;
    if (record.reversal !== undefined) {
      const line: CorrectionLine = {
        at: toMs(record.reversal.reversedAt) ?? 0,
        entryId: entry.entryId,
        agencyId: entry.primaryAgencyId,
        author: record.reversal.author?.agencyId ?? '',
        reason: record.reversal.reason,
        siteId: entry.siteId,
        category: entry.category,
        before: entry.count,
        after: this.#corrections.get(entry.entryId)?.after ?? [],
      };
      this.#put(entry.entryId, line);
    }
    if (record.replacesEntryId !== '') {
      const known = this.#corrections.get(record.replacesEntryId);
      const after = (known?.after ?? []).filter((one) => one.entryId !== entry.entryId);
      after.push({ category: entry.category, count: entry.count, entryId: entry.entryId });
      this.#put(record.replacesEntryId, {
        ...(known ?? {
          at: toMs(record.reportedAt) ?? 0,
          entryId: record.replacesEntryId,
          agencyId: entry.primaryAgencyId,
          author: record.reportedBy?.agencyId ?? '',
          reason: '',
          siteId: entry.siteId,
          category: entry.category,
          before: 0,
        }),
        after,
      });
    }
  }

  #put(entryId: string, line: CorrectionLine): void {
    if (this.#corrections.size >= CORRECTIONS_MAX && !this.#corrections.has(entryId)) return;
    this.#corrections.set(entryId, line);
  }

  view(): LedgerView {
    return {
      entries: this.#entries.size,
      series: thinned(seriesOf([...this.#entries.values()]), POINTS_MAX),
      corrections: [...this.#corrections.values()].sort((a, b) => b.at - a.at),
      overflowed: this.#overflowed,
    };
  }
}

export function ledgerOf(records: Iterable<TallyEntryRecord>): Ledger {
  const ledger = new Ledger();
  for (const record of records) ledger.add(record);
  return ledger;
}
